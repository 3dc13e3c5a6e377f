//! `mind bench`.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::bench::{self, Operation, Order};

/// Arguments of `mind bench`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Sizes of the database, separated by commas; each is a run of its own.
    #[arg(long, value_delimiter = ',', default_value = "10000", value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    tickets: Vec<u64>,
    /// How long each line of the table is measured.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Measures only these, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Operation>,
    /// Writes the figures to this file: JSON when its name ends so, else Markdown. May be given twice.
    #[arg(long, value_name = "FILE")]
    out: Vec<PathBuf>,
}

/// Measures, prints, and fails when a call failed.
pub async fn run(arguments: Arguments) -> Result<()> {
    if cfg!(debug_assertions) {
        eprintln!("mind: this is a debug build; build with --release for figures that mean something");
    }
    let operations = if arguments.only.is_empty() { Operation::ALL.to_vec() } else { arguments.only };
    let order = Order { tickets: arguments.tickets, each: Duration::from_secs(arguments.seconds), operations };
    let says = |text: &str| eprintln!("{text}");
    let report = tokio::select! {
        report = bench::run(&order, &says) => report?,
        _ = tokio::signal::ctrl_c() => bail!("stopped; nothing was written"),
    };
    let text = report.markdown();
    for path in &arguments.out {
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        let content = if is_json { report.json()? } else { text.clone() };
        fs::write(path, content).with_context(|| format!("writing {}", path.display()))?;
    }
    println!("{text}");
    match report.errors() {
        0 => Ok(()),
        errors => bail!("{errors} calls failed; the figures do not count"),
    }
}
