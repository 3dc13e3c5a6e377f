//! Connections: how they are made, kept, and whether the database is fit for use.

use std::{str::FromStr as _, time::Duration};

use sqlx::{
    Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    fixed::FixedTenant,
    migration::{self, MigrationError},
    read::{Reads, TenantRead},
    transaction::{SystemTx, TenantTx},
    upkeep,
};
use crate::{config::Config, domain::tenant::TenantId, error::Result};

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
    reads: Option<Reads>,
}

/// What the readiness probe found out about the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Reachable and migrated.
    Yes,
    /// Reachable, but its schema is older than this program.
    MigrationsMissing,
    /// Not reachable within a second.
    Unreachable,
}

impl Db {
    /// A pool over the operator's `DATABASE_URL`. Connects lazily.
    pub fn from_url(url: &str, config: &Config) -> Result<Self, sqlx::Error> {
        Ok(Self::from_options(PgConnectOptions::from_str(url)?, config))
    }

    /// A pool over given options, as the embedded database hands them out. Connects lazily.
    pub fn from_options(options: PgConnectOptions, config: &Config) -> Self {
        let options = options.application_name("mind").options([
            ("statement_timeout", config.db_statement_timeout.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", config.db_idle_transaction_timeout.as_millis().to_string()),
            ("lock_timeout", config.db_statement_timeout.as_millis().to_string()),
            ("timezone", "UTC".to_owned()),
        ]);
        let reads = Reads::new(&options, config);
        let pool = PgPoolOptions::new()
            .max_connections(config.db_pool_size)
            .acquire_timeout(config.db_acquire_timeout)
            // A ping before every use would double the round trips; one that slept may have lost its server.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for < Duration::from_secs(1) {
                        return Ok(true);
                    }
                    Ok(connection.ping().await.is_ok())
                })
            })
            .connect_lazy_with(options);
        Self { pool, reads }
    }

    /// One connection outside of the pool, for the reason why there is none. The driver's text is for the operator.
    pub async fn try_connect(&self) -> std::result::Result<(), sqlx::Error> {
        let options = self.pool.connect_options();
        let attempt = sqlx::PgConnection::connect_with(&options);
        let connection = tokio::time::timeout(Duration::from_secs(10), attempt).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
        connection.close().await
    }

    /// A transaction that sees and writes rows of one tenant only.
    pub async fn tenant_tx(&self, tenant: TenantId) -> Result<TenantTx> {
        TenantTx::begin(&self.pool, tenant).await
    }

    /// For reads of one statement in one tenant: cheaper than a transaction, and as closed.
    pub async fn tenant_read(&self, tenant: TenantId) -> Result<TenantRead> {
        match &self.reads {
            Some(reads) => Ok(TenantRead::kept(reads.acquire(tenant).await?, tenant)),
            None => Ok(TenantRead::transaction(TenantTx::begin_read_only(&self.pool, tenant).await?)),
        }
    }

    /// A transaction across tenants, on the few tables that are open to it: sign-in, claiming work, creating tenants.
    pub async fn system_tx(&self) -> Result<SystemTx> {
        SystemTx::begin(&self.pool).await
    }

    /// Brings the schema up to this program's version.
    pub async fn migrate(&self) -> Result<(), MigrationError> {
        migration::run(&self.pool).await
    }

    /// Connections of one tenant only, beside the pool.
    pub fn fixed_to(&self, tenant: TenantId) -> FixedTenant {
        FixedTenant::new(&self.pool, tenant)
    }

    /// Looks after tables that a bulk load has changed.
    pub async fn tidy(&self, tables: &[&'static str]) -> Result<()> {
        upkeep::tidy(&self.pool, tables).await
    }

    /// Refuses a schema that is older or newer than this program, a server that is too old, and a role that row level
    /// security would not bind.
    pub async fn check_migrated(&self) -> Result<(), MigrationError> {
        migration::check_all(&self.pool).await
    }

    /// Opens the first connection for reading, so that what is wrong with all of them stops the start.
    pub async fn check_reads(&self) -> Result<(), sqlx::Error> {
        match &self.reads {
            Some(reads) => reads.check().await,
            None => Ok(()),
        }
    }

    /// For the readiness probe. Answers within about a second.
    pub async fn ready(&self) -> Ready {
        match tokio::time::timeout(Duration::from_secs(1), migration::check(&self.pool)).await {
            // A newer schema: another node was updated first. Migrations only add until every node is new.
            Ok(Ok(()) | Err(MigrationError::Ahead { .. })) => Ready::Yes,
            Ok(Err(MigrationError::Behind { .. })) => Ready::MigrationsMissing,
            Ok(Err(_)) | Err(_) => Ready::Unreachable,
        }
    }

    /// Connections open and idle, for metrics.
    pub fn connections(&self) -> (u32, usize) {
        let (open, idle) = self.reads.as_ref().map_or((0, 0), Reads::connections);
        (self.pool.size() + open, self.pool.num_idle() + idle)
    }

    /// Waits until every connection is back, then closes them.
    pub async fn close(&self) {
        if let Some(reads) = &self.reads {
            reads.close().await;
        }
        self.pool.close().await;
    }
}
