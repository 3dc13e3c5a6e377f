//! `mind seed`.

use anyhow::{Context as _, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::with_app;
use crate::{
    App,
    config::Config,
    domain::{
        tenant,
        ticket::seed::{self, Plan},
    },
};

/// Arguments of `mind seed`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Short name of the tenant that gets the tickets.
    #[arg(long)]
    tenant: String,
    /// How many.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    tickets: u64,
    /// The same number makes the same tickets.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Adds tickets to a tenant.
pub async fn run(config: Config, arguments: Arguments) -> Result<()> {
    with_app(config, |app| fill(app, arguments)).await
}

async fn fill(app: App, arguments: Arguments) -> Result<()> {
    let tenant = tenant::service::by_slug(&app, &arguments.tenant)
        .await?
        .with_context(|| format!("there is no tenant {}; mind tenant list shows them", arguments.tenant))?;
    let plan = Plan { tickets: arguments.tickets, seed: arguments.seed };
    let bar = progress(plan.tickets)?;
    seed::run(&app, tenant.id, plan, |tickets| bar.inc(tickets)).await?;
    bar.finish_and_clear();
    let seconds = bar.elapsed().as_secs_f64();
    app.db().tidy(&seed::TABLES).await?;
    println!("{} tickets added to {} in {seconds:.1} s", plan.tickets, tenant.slug);
    Ok(())
}

/// A bar on standard error; none where that is no terminal.
pub fn progress(tickets: u64) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} tickets, {per_sec}, {eta} left")?;
    Ok(ProgressBar::new(tickets).with_style(style))
}
