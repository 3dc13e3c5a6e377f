//! `mind secret rotate`.

use anyhow::Result;
use clap::Subcommand;

use super::with_app;
use crate::{
    App,
    config::Config,
    domain::{
        settings,
        tenant::{TenantId, service, store},
    },
};

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Re-encrypts every stored secret under the first key of `MIND_SECRET_KEY`. Safe to run again and beside a server.
    Rotate,
}

/// Runs a subcommand.
pub async fn run(config: Config, command: Command) -> Result<()> {
    match command {
        Command::Rotate => with_app(config, rotate).await,
    }
}

async fn rotate(app: App) -> Result<()> {
    let mut tx = app.db().system_tx().await?;
    let tenants = store::list(&mut tx).await?;
    tx.commit().await?;
    let mut rotated = 0;
    for tenant in tenants {
        rotated += settings::service::rotate_secrets(&app, TenantId(tenant.id)).await?;
    }
    service::renew_key_check(&app).await?;
    println!("{rotated} secrets re-encrypted");
    Ok(())
}
