//! `mind openapi`.

use std::{fs, io::Write as _, path::PathBuf, process::ExitCode};

use clap::Args;

use crate::router;

/// Arguments of `mind openapi`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Compares with a file instead of printing; exit code 1 when it differs.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

/// Prints or compares the description.
pub fn run(arguments: &Arguments) -> ExitCode {
    let text = router::spec_text();
    let Some(path) = &arguments.check else {
        // A reader that has seen enough is no failure.
        std::io::stdout().write_all(text.as_bytes()).ok();
        return ExitCode::SUCCESS;
    };
    match fs::read_to_string(path) {
        Ok(found) if found == text => ExitCode::SUCCESS,
        Ok(_) => {
            eprintln!("mind: {} is out of date; write it with: mind openapi > {0}", path.display());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("mind: {} cannot be read: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}
