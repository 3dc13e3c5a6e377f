//! The command line: one file per subcommand. Exit codes: 0 done, 1 failed, 2 wrong usage or environment.

mod bench;
mod erp_sandbox;
mod migrate;
mod openapi;
mod secret;
mod seed;
mod tenant;
mod token;

use std::{future::Future, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    App,
    config::{self, Config},
    server::{self, Database, Role},
};

/// REST backend for AI customer service in the energy market.
#[derive(Debug, Parser)]
#[command(name = "mind", version, about, after_help = config::help_text(), arg_required_else_help = false)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the API and does background work (the default).
    Serve {
        /// Which part of the work this process takes.
        #[arg(long, value_enum, default_value = "all")]
        role: Role,
    },
    /// Brings the database's schema up to date.
    Migrate,
    /// Prints the OpenAPI description as JSON; needs no database.
    Openapi(openapi::Arguments),
    /// Creates and lists tenants.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Makes, lists and revokes bearer tokens.
    #[command(subcommand)]
    Token(token::Command),
    /// Works on secrets at rest.
    #[command(subcommand)]
    Secret(secret::Command),
    /// Adds made-up tickets to a tenant, for trying things out and for measuring.
    Seed(seed::Arguments),
    /// Measures this machine: a database of its own, a server, and clients.
    Bench(bench::Arguments),
    /// Runs the stand-alone ERP sandbox.
    ErpSandbox(erp_sandbox::Arguments),
}

/// Parses the command line and runs it.
pub fn run() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve { role: Role::All });
    match command {
        Command::Openapi(arguments) => return openapi::run(&arguments),
        Command::ErpSandbox(arguments) => return block_on(erp_sandbox::run(arguments)),
        Command::Bench(arguments) => return block_on(bench::run(arguments)),
        _ => {}
    }
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => {
            eprintln!("mind: {error}");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = server::start_logging(&config, !matches!(command, Command::Serve { .. })) {
        eprintln!("mind: {error}");
        return ExitCode::from(2);
    }
    for name in config::unknown_variables() {
        tracing::warn!("{name} is not a setting of this version and is ignored; mind --help lists them");
    }
    // Somebody else's provider is as good as ours.
    rustls::crypto::ring::default_provider().install_default().ok();
    match command {
        Command::Serve { role } => block_on(server::serve(config, role)),
        Command::Migrate => block_on(migrate::run(config)),
        Command::Tenant(command) => block_on(tenant::run(config, command)),
        Command::Token(command) => block_on(token::run(config, command)),
        Command::Secret(command) => block_on(secret::run(config, command)),
        Command::Seed(arguments) => block_on(seed::run(config, arguments)),
        Command::Openapi(_) | Command::ErpSandbox(_) | Command::Bench(_) => ExitCode::SUCCESS,
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("mind: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mind: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one command against the database: the operator's, or the embedded one, beside a running server or alone.
async fn with_app<T, F: Future<Output = anyhow::Result<T>>>(config: Config, work: impl FnOnce(App) -> F) -> anyhow::Result<T> {
    let database = Database::open_existing(&config).await?;
    let result = async {
        if config.is_production() {
            database.db().check_migrated().await?;
        } else {
            database.db().migrate().await?;
        }
        let keys = server::keys(&config)?;
        let app = server::assemble(config, &database, keys)?;
        server::check_key(&app).await?;
        work(app).await
    }
    .await;
    database.close().await;
    result
}
