//! `mind token create`, `mind token list`, `mind token revoke`.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::with_app;
use crate::{
    App,
    config::Config,
    domain::{
        auth::{
            service::{self, TokenOrder},
            store,
        },
        profile,
        tenant::{self, Tenant},
    },
};

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes a token and prints nothing but it.
    Create(Create),
    /// Lists a tenant's tokens: id, kind, name, profile, end, revoked.
    List {
        /// Short name of the tenant.
        #[arg(long)]
        tenant: String,
    },
    /// Revokes a token by its id.
    Revoke {
        /// Short name of the tenant.
        #[arg(long)]
        tenant: String,
        /// Id of the token.
        id: Uuid,
    },
}

/// Arguments of `mind token create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Short name of the tenant.
    #[arg(long)]
    tenant: String,
    /// Whom the token acts for; the tenant's first administrator unless given.
    #[arg(long)]
    email: Option<String>,
    /// Lifetime in days; the tenant's setting unless given.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=1095))]
    expires_in_days: Option<i64>,
}

/// Runs a subcommand.
pub async fn run(config: Config, command: Command) -> Result<()> {
    match command {
        Command::Create(create) => with_app(config, |app| create_token(app, create)).await,
        Command::List { tenant } => with_app(config, |app| list(app, tenant)).await,
        Command::Revoke { tenant, id } => with_app(config, |app| revoke(app, tenant, id)).await,
    }
}

async fn find_tenant(app: &App, slug: &str) -> Result<Tenant> {
    tenant::service::by_slug(app, slug).await?.with_context(|| format!("there is no tenant {slug}; mind tenant list shows them"))
}

async fn create_token(app: App, create: Create) -> Result<()> {
    let tenant = find_tenant(&app, &create.tenant).await?;
    let mut tx = app.db().tenant_tx(tenant.id).await?;
    let profile = match &create.email {
        Some(email) => profile::store::find_id_by_email(&mut tx, email)
            .await?
            .with_context(|| format!("tenant {} has no profile {email}", tenant.slug))?,
        None => {
            profile::store::first_administrator(&mut tx).await?.context("the tenant has no administrator; name a profile with --email")?
        }
    };
    tx.commit().await?;
    let order = TokenOrder { tenant: &tenant, profile, name: "mind token create", by: None, days: create.expires_in_days, until: None };
    let issued = service::issue_token(&app, &order).await?;
    println!("{}", issued.token.expose_secret());
    Ok(())
}

async fn list(app: App, slug: String) -> Result<()> {
    let tenant = find_tenant(&app, &slug).await?;
    let mut tx = app.db().tenant_tx(tenant.id).await?;
    for token in store::list_tokens(&mut tx, None, 1000, 0).await? {
        let revoked = token.revoked_at.map_or_else(|| "valid".to_owned(), |at| format!("revoked {}", at.0.format("%Y-%m-%d")));
        println!("{}\t{}\t{}\t{}\t{}\t{revoked}", token.id, token.kind, token.name, token.user_id, token.expires_at.0.format("%Y-%m-%d"));
    }
    Ok(tx.commit().await?)
}

async fn revoke(app: App, slug: String, id: Uuid) -> Result<()> {
    let tenant = find_tenant(&app, &slug).await?;
    let mut tx = app.db().tenant_tx(tenant.id).await?;
    store::find_token_owner(&mut tx, id).await?.with_context(|| format!("tenant {slug} has no token {id}"))?;
    tx.commit().await?;
    service::revoke_token(&app, tenant.id, id, None).await?;
    println!("token {id} is revoked");
    Ok(())
}
