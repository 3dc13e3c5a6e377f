//! `mind tenant create`, `mind tenant list`.

use anyhow::Result;
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};

use super::with_app;
use crate::{
    config::Config,
    domain::tenant::{Slug, service, store},
    secret::random_token,
};

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Creates a tenant with its first administrator and prints their password once.
    Create(Create),
    /// Lists tenants: id, slug, name, hosts.
    List,
}

/// Arguments of `mind tenant create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Short name: lower-case letters, digits, inner hyphens.
    slug: Slug,
    /// Name for people.
    #[arg(long)]
    name: String,
    /// Own host name; may be given several times.
    #[arg(long)]
    host: Vec<String>,
    /// E-mail address of the first administrator.
    #[arg(long)]
    admin_email: String,
}

/// Runs a subcommand.
pub async fn run(config: Config, command: Command) -> Result<()> {
    match command {
        Command::Create(create) => with_app(config, |app| create_tenant(app, create)).await,
        Command::List => with_app(config, list).await,
    }
}

async fn create_tenant(app: crate::App, create: Create) -> Result<()> {
    let password = SecretString::from(random_token());
    let new = service::NewTenant {
        slug: create.slug.clone(),
        name: create.name,
        hosts: create.host,
        admin_email: create.admin_email.clone(),
        admin_password: password.clone(),
    };
    let id = service::create(&app, new).await?;
    println!("tenant {} created with id {}", create.slug, id.0);
    println!("administrator: {}", create.admin_email);
    println!("password (shown once): {}", password.expose_secret());
    Ok(())
}

async fn list(app: crate::App) -> Result<()> {
    let mut tx = app.db().system_tx().await?;
    for tenant in store::list(&mut tx).await? {
        println!("{}\t{}\t{}\t{}\t{}", tenant.id, tenant.slug, tenant.name, tenant.hosts.join(","), tenant.created_at.format("%Y-%m-%d"));
    }
    Ok(tx.commit().await?)
}
