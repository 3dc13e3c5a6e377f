//! A durable database of the bench's own in a temporary folder, with one tenant full of tickets.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Instant};

use anyhow::{Context as _, Result};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::ConnectOptions as _;
use tempfile::TempDir;

use crate::{
    App,
    app::SystemClock,
    config::Config,
    db::{
        Db,
        embedded::{Cluster, Options},
    },
    domain::{
        auth::service::{TokenOrder, issue_token},
        profile,
        tenant::{self, Tenant, service::NewTenant},
        ticket::{
            seed::{self, Plan},
            store::load,
        },
    },
    outbound::Outbound,
    secret::{KeyRing, random_token},
};

const SLUG: &str = "bench";

/// The database and what reaches it.
pub(super) struct Scratch {
    folder: TempDir,
    cluster: Cluster,
    app: App,
    tenant: Tenant,
    key: SecretString,
    url: SecretString,
    tickets: u64,
    seed_seconds: f64,
}

impl Scratch {
    /// Makes and fills it.
    pub(super) async fn create(tickets: u64, says: &impl Fn(&str)) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("mind-bench-").tempdir().context("making a temporary folder")?;
        // The user that Postgres runs as enters it too.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let options = Options { data_dir: folder.path().join("database"), pg_bin: None, durable: true };
        let cluster = Cluster::start(&options).await?;
        // However this process ends, its database does not stay.
        cluster.stop_when_unused()?;
        match Self::fill(&cluster, tickets, says).await {
            Ok((app, tenant, key, seed_seconds)) => {
                let url = SecretString::from(cluster.connect_options().to_url_lossy().to_string());
                Ok(Self { folder, cluster, app, tenant, key, url, tickets, seed_seconds })
            }
            Err(error) => {
                cluster.stop().await?;
                Err(error)
            }
        }
    }

    async fn fill(cluster: &Cluster, tickets: u64, says: &impl Fn(&str)) -> Result<(App, Tenant, SecretString, f64)> {
        let key = SecretString::from(KeyRing::generate());
        let config = Config::from_map([("MIND_SECRET_KEY".to_owned(), key.expose_secret().to_owned())].into())?;
        let db = Db::from_options(cluster.connect_options(), &config);
        db.migrate().await?;
        let outbound = Outbound::new(config.outbound_allow.clone(), config.outbound_connect_timeout)?;
        let keys = config.secret_key.clone().context("a key was set")?;
        let app = App::new(config, db, keys, Arc::new(SystemClock), Arc::new(outbound));
        crate::server::check_key(&app).await?;
        let new = NewTenant {
            slug: SLUG.parse().map_err(anyhow::Error::msg)?,
            name: "Bench".to_owned(),
            hosts: Vec::new(),
            admin_email: "admin@bench.invalid".to_owned(),
            admin_password: SecretString::from(random_token()),
        };
        tenant::service::create(&app, new).await?;
        let tenant = tenant::service::by_slug(&app, SLUG).await?.context("the tenant was just created")?;
        says(&format!("{tickets} tickets: loading"));
        let begun = Instant::now();
        seed::run(&app, tenant.id, Plan { tickets, seed: 1 }, |_| {}).await?;
        let seconds = begun.elapsed().as_secs_f64();
        app.db().tidy(&seed::TABLES).await?;
        Ok((app, tenant, key, seconds))
    }

    /// What the statements run on.
    pub(super) fn app(&self) -> &App {
        &self.app
    }

    /// The one tenant.
    pub(super) fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Where everything is.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// As the server wants it.
    pub(super) fn url(&self) -> &SecretString {
        &self.url
    }

    /// As the server wants it.
    pub(super) fn key(&self) -> &SecretString {
        &self.key
    }

    /// How many were loaded.
    pub(super) fn tickets(&self) -> u64 {
        self.tickets
    }

    /// How long that took.
    pub(super) fn seed_seconds(&self) -> f64 {
        self.seed_seconds
    }

    /// How many tickets the search by status and priority finds.
    pub(super) async fn open_and_urgent(&self) -> Result<i64> {
        let mut tx = self.app.db().tenant_tx(self.tenant.id).await?;
        let found = load::count(&mut tx, "open", "urgent").await?;
        tx.commit().await?;
        Ok(found)
    }

    /// The version of Postgres.
    pub(super) fn server_version(&self) -> &str {
        self.cluster.server_version()
    }

    /// The first process of Postgres.
    pub(super) fn postgres_pid(&self) -> u32 {
        let text = std::fs::read_to_string(self.cluster.location().join("data/postmaster.pid")).unwrap_or_default();
        text.lines().next().and_then(|line| line.parse().ok()).unwrap_or_default()
    }

    /// A token of the tenant's administrator.
    pub(super) async fn token(&self) -> Result<SecretString> {
        let mut tx = self.app.db().tenant_tx(self.tenant.id).await?;
        let profile = profile::store::first_administrator(&mut tx).await?.context("the tenant has an administrator")?;
        tx.commit().await?;
        let order = TokenOrder { tenant: &self.tenant, profile, name: "mind bench", by: None, days: None, until: None };
        Ok(issue_token(&self.app, &order).await?.token)
    }

    /// Ends the database and removes the folder.
    pub(super) async fn remove(self) -> Result<()> {
        self.app.db().close().await;
        let location = self.cluster.location().to_owned();
        self.cluster.stop().await?;
        // Below a private home folder the cluster lies elsewhere.
        if !location.starts_with(self.folder.path()) {
            std::fs::remove_dir_all(&location).with_context(|| format!("removing {}", location.display()))?;
        }
        self.folder.close().context("removing the temporary folder")
    }
}
