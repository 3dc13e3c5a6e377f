//! The database and the keys: the operator's, or our own in the data folder.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::{Context as _, Result};

use crate::{
    config::Config,
    db::{
        Db,
        embedded::{Cluster, Options},
    },
    secret::KeyRing,
};

/// A pool, and the embedded server behind it where there is one.
#[derive(Debug)]
pub struct Database {
    db: Db,
    cluster: Option<Cluster>,
}

impl Database {
    /// Opens the operator's database, or starts our own.
    pub async fn open(config: &Config) -> Result<Self> {
        if let Some(url) = config.database_url() {
            // The parser checked the URL before; its error could quote the password.
            let db = Db::from_url(url, config).map_err(|_| anyhow::anyhow!("DATABASE_URL cannot be used"))?;
            // The pool would only say that its time is over.
            db.try_connect().await.context("DATABASE_URL: the database cannot be reached")?;
            return Ok(Self { db, cluster: None });
        }
        // The embedded server takes 200 connections, for every process that shares it.
        if config.db_pool_size + config.db_read_pool_size > 150 {
            anyhow::bail!(
                "MIND_DB_POOL_SIZE and MIND_DB_READ_POOL_SIZE: the embedded Postgres takes 150 at most; use DATABASE_URL for more"
            );
        }
        let options = Options { data_dir: config.data_dir.clone(), pg_bin: config.pg_bin.clone(), durable: true };
        let cluster = Cluster::start(&options).await?;
        tracing::info!(
            version = cluster.server_version(),
            folder = %cluster.location().display(),
            started = cluster.started_here(),
            "embedded Postgres"
        );
        let db = Db::from_options(cluster.connect_options(), config);
        Ok(Self { db, cluster: Some(cluster) })
    }

    /// Opens a database that is there already: a command in the wrong folder should not make an empty one.
    pub async fn open_existing(config: &Config) -> Result<Self> {
        if config.database_url.is_none() && !config.data_dir.join("secret_key").exists() && config.secret_key.is_none() {
            anyhow::bail!("there is no data folder {}; start `mind` once, or set MIND_DATA_DIR or DATABASE_URL", config.data_dir.display());
        }
        Self::open(config).await
    }

    /// The pool.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Closes connections, then stops the embedded server unless another process uses it.
    pub async fn close(self) {
        self.db.close().await;
        if let Some(cluster) = self.cluster
            && let Err(error) = cluster.stop().await
        {
            tracing::error!(%error, "the embedded Postgres did not stop");
        }
    }
}

/// The operator's keys, or one of our own that is made at the first start.
pub fn keys(config: &Config) -> Result<KeyRing> {
    if let Some(keys) = &config.secret_key {
        return Ok(keys.clone());
    }
    fs::create_dir_all(&config.data_dir).with_context(|| format!("making the folder {}", config.data_dir.display()))?;
    let path = config.data_dir.join("secret_key");
    if !path.exists() {
        write_private(&path, KeyRing::generate().as_bytes())?;
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    text.trim().parse().with_context(|| format!("{} does not hold a key", path.display()))
}

/// Writes a file that only its owner can read: whole or not at all, and never over one that another start just made.
pub(super) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::remove_file(&temporary).ok();
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary).ok();
    match linked {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.with_context(|| format!("writing {}", path.display())),
    }
}
