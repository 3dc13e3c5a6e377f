//! Reads of one statement, without the round trips of a transaction.
//!
//! Connections that are `mind_app` and read-only from the first byte on, and keep the tenant they were last used for: a
//! read of the same tenant costs its statement and nothing else. Nobody gets one whose tenant is not the one asked for.
//! They have to be connections of Postgres itself: a pooler that hands its own ones out by transaction would mix tenants,
//! and is refused.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use backon::{ExponentialBuilder, Retryable as _};
use futures::FutureExt as _;
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::transaction::TenantTx;
use crate::{config::Config, domain::tenant::TenantId};

/// One that slept may have lost its server; a ping before every use would double the round trips.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// What sqlx's pool does: unused ones go, and none lives for ever, because Postgres' own caches only grow.
const IDLE_AT_MOST: Duration = Duration::from_mins(10);
const OLD: Duration = Duration::from_mins(30);

/// Reads in one tenant, bound to it by row level security. Each statement is a transaction of its own and sees what was
/// committed before it; what must be seen together is one statement, or a [`TenantTx`]. Writing fails.
#[derive(Debug)]
pub struct TenantRead {
    source: Source,
    tenant: TenantId,
}

#[derive(Debug)]
enum Source {
    Kept(Lease),
    Transaction(TenantTx),
}

impl TenantRead {
    pub(super) fn kept(lease: Lease, tenant: TenantId) -> Self {
        Self { source: Source::Kept(lease), tenant }
    }

    /// Where there are no connections for reading.
    pub(super) fn transaction(tx: TenantTx) -> Self {
        Self { tenant: tx.tenant(), source: Source::Transaction(tx) }
    }

    /// The tenant whose rows are seen.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The connection, for the statements of a store.
    pub fn connection(&mut self) -> &mut PgConnection {
        match &mut self.source {
            Source::Kept(lease) => &mut lease.kept.as_mut().expect("taken by drop alone").connection,
            Source::Transaction(tx) => tx.connection(),
        }
    }
}

/// The connections for reading. Cheap to clone; connects lazily.
#[derive(Clone, Debug)]
pub(super) struct Reads(Arc<Shared>);

struct Shared {
    options: PgConnectOptions,
    size: u32,
    /// One for each connection that is in use, being opened, or finishing a statement that its caller gave up.
    permits: Arc<Semaphore>,
    /// Those in nobody's use; the one that was returned first stands first.
    idle: Mutex<Vec<Kept>>,
    acquire_timeout: Duration,
    statement_timeout: Duration,
}

/// A connection, and the tenant it is known to be set to.
struct Kept {
    connection: PgConnection,
    tenant: Option<TenantId>,
    opened: Instant,
    returned: Instant,
}

/// The right to use a connection. Dropping it returns the connection, if it is fit for the next one.
pub(super) struct Lease {
    kept: Option<Kept>,
    permit: Option<OwnedSemaphorePermit>,
    shared: Arc<Shared>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reads").field("size", &self.size).finish_non_exhaustive()
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

impl Reads {
    /// Over the options that all connections share. None when the operator wants none.
    pub fn new(options: &PgConnectOptions, config: &Config) -> Option<Self> {
        let size = config.db_read_pool_size;
        (size > 0).then(|| {
            Self(Arc::new(Shared {
                options: options
                    .clone()
                    .application_name("mind read")
                    .options([("role", "mind_app"), ("default_transaction_read_only", "on")]),
                size,
                permits: Arc::new(Semaphore::new(size as usize)),
                idle: Mutex::default(),
                acquire_timeout: config.db_acquire_timeout,
                statement_timeout: config.db_statement_timeout,
            }))
        })
    }

    /// A connection that is set to a tenant.
    pub async fn acquire(&self, tenant: TenantId) -> Result<Lease, sqlx::Error> {
        timeout(self.0.acquire_timeout, self.lease(tenant)).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    async fn lease(&self, tenant: TenantId) -> Result<Lease, sqlx::Error> {
        let permit = Arc::clone(&self.0.permits).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let mut lease = Lease { kept: None, permit: Some(permit), shared: Arc::clone(&self.0) };
        while let Some(idle) = self.0.take(tenant) {
            // In the lease before it is touched: who is cancelled here returns it as one that was cancelled later.
            if lease.kept.insert(idle).bind(tenant).await.is_ok() {
                return Ok(lease);
            }
            lease.kept = None;
        }
        lease.kept.insert(self.0.open().await?).bind(tenant).await?;
        Ok(lease)
    }

    /// Opens a connection and keeps it: an error here is one that every read would meet.
    pub async fn check(&self) -> Result<(), sqlx::Error> {
        let kept = timeout(self.0.acquire_timeout, self.0.open()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
        self.0.give_back(kept);
        Ok(())
    }

    /// Connections open and idle.
    pub fn connections(&self) -> (u32, usize) {
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        let used = (self.0.size as usize).saturating_sub(self.0.permits.available_permits());
        (u32::try_from(used + idle).unwrap_or(u32::MAX), idle)
    }

    /// Waits until every connection is back, then closes them.
    pub async fn close(&self) {
        let Ok(all) = self.0.permits.acquire_many(self.0.size).await else { return };
        self.0.permits.close();
        drop(all);
        let idle = std::mem::take(&mut *self.0.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for kept in idle {
            // Nothing depends on a goodbye.
            kept.connection.close().await.ok();
        }
    }
}

impl Shared {
    /// The one last used for this tenant; else the one that was not used for longest, by any.
    fn take(&self, tenant: TenantId) -> Option<Kept> {
        let (taken, _unused) = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let unused = idle.iter().take_while(|kept| kept.returned.elapsed() > IDLE_AT_MOST).count();
            let unused: Vec<Kept> = idle.drain(..unused).collect();
            let at = idle.iter().rposition(|kept| kept.tenant == Some(tenant)).unwrap_or(0);
            ((at < idle.len()).then(|| idle.remove(at)), unused)
        };
        taken
    }

    /// A new connection. A server that starts or has no place right now is waited for.
    async fn open(&self) -> Result<Kept, sqlx::Error> {
        let waiting = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(10))
            .with_max_delay(self.acquire_timeout / 5)
            .without_max_times();
        let mut connection = (|| PgConnection::connect_with(&self.options)).retry(waiting).when(passes).await?;
        refuse_pooler(&mut connection).await?;
        let now = Instant::now();
        Ok(Kept { connection, tenant: None, opened: now, returned: now })
    }

    fn give_back(&self, mut kept: Kept) {
        if kept.opened.elapsed() > OLD || self.permits.is_closed() {
            return;
        }
        kept.returned = Instant::now();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
    }
}

/// A pooler that works by transaction would hand a connection that was set to one tenant to the read of another. It shares
/// its connections among clients, so it cannot open them with the options of one of them.
async fn refuse_pooler(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let own: bool = sqlx::query_scalar(
        "select current_user = 'mind_app' and current_setting('transaction_read_only') = 'on'
                and coalesce(current_setting('app.tenant_id', true), '') = ''",
    )
    .fetch_one(connection)
    .await?;
    if own {
        return Ok(());
    }
    let reason = "a connection did not keep the options it was opened with; there seems to be a pooler between mind and PostgreSQL. \
                  Set MIND_DB_READ_POOL_SIZE=0, or connect directly";
    Err(sqlx::Error::Configuration(reason.into()))
}

fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        // cannot_connect_now, too_many_connections.
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P03" | "53300")),
        _ => false,
    }
}

impl Kept {
    /// Sets the tenant, unless it is the one already.
    async fn bind(&mut self, tenant: TenantId) -> Result<(), sqlx::Error> {
        if self.tenant == Some(tenant) {
            if self.returned.elapsed() > TRUSTED_FOR {
                self.connection.ping().await?;
            }
            return Ok(());
        }
        // Whoever is cancelled or fails below leaves a connection that is known to be nobody's.
        self.tenant = None;
        // The role and the ban on writing hold from connect on; said again, no statement of one tenant can have changed
        // them for another one.
        sqlx::query(
            "select set_config('app.tenant_id', $1, false), set_config('role', 'mind_app', false),
                    set_config('default_transaction_read_only', 'on', false)",
        )
        .bind(tenant.0.to_string())
        .execute(&mut self.connection)
        .await?;
        self.tenant = Some(tenant);
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut kept) = self.kept.take() else { return };
        // At once when nothing is outstanding, without asking the server.
        let settled = kept.connection.flush().now_or_never();
        match settled {
            Some(Ok(())) => self.shared.give_back(kept),
            Some(Err(error)) => tracing::debug!(%error, "a connection for reading is given up"),
            None => {
                let (shared, permit) = (Arc::clone(&self.shared), self.permit.take());
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(finish(shared, kept, permit));
                }
            }
        }
    }
}

/// A statement that was given up goes on in Postgres. Until it ends its place stays taken, so that there are never more
/// of them than connections; its answer is read and thrown away.
async fn finish(shared: Arc<Shared>, mut kept: Kept, permit: Option<OwnedSemaphorePermit>) {
    match timeout(shared.statement_timeout + Duration::from_secs(1), kept.connection.flush()).await {
        Ok(Ok(())) => shared.give_back(kept),
        Ok(Err(error)) => tracing::debug!(%error, "a connection for reading is given up"),
        Err(_) => tracing::warn!("a connection for reading is given up: its statement does not end"),
    }
    drop(permit);
}
