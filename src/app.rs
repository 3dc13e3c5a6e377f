//! What every handler and job can reach.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use moka::future::Cache;

use crate::{
    config::Config,
    db::{Db, TenantTx},
    domain::{
        auth::{model::Identity, service::Shown},
        erp_cache::service::{Flight, Found},
        settings::Settings,
        tenant::{Tenant, TenantId},
    },
    erp::registry::Registry,
    error::{Error, Result},
    http::Caller,
    jobs::Heartbeat,
    outbound::Outbound,
    secret::KeyRing,
};

/// How long a node may go on with what it knows about credentials, tenants and settings. What changes elsewhere holds
/// here within a second (`contract/auth.md`).
const FRESH_FOR: Duration = Duration::from_millis(900);

/// Where domain time comes from.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// What the process is made of. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    config: Config,
    db: Db,
    keys: KeyRing,
    clock: Arc<dyn Clock>,
    outbound: Arc<Outbound>,
    erp: Registry,
    heartbeat: Heartbeat,
    identities: Cache<Shown, Option<Identity>>,
    tenants: Cache<String, Option<Tenant>>,
    settings: Cache<TenantId, Arc<Settings>>,
    flights: Cache<Flight, Arc<Found>>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("config", &self.0.config).finish_non_exhaustive()
    }
}

fn short_cache<K: std::hash::Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>(entries: u64) -> Cache<K, V> {
    Cache::builder().max_capacity(entries).time_to_live(FRESH_FOR).build()
}

impl App {
    /// Puts the parts together. Does not connect.
    pub fn new(config: Config, db: Db, keys: KeyRing, clock: Arc<dyn Clock>, outbound: Arc<Outbound>) -> Self {
        Self(Arc::new(Inner {
            erp: Registry::new(Arc::clone(&outbound)),
            config,
            db,
            keys,
            clock,
            outbound,
            heartbeat: Heartbeat::default(),
            identities: short_cache(100_000),
            tenants: short_cache(10_000),
            settings: short_cache(10_000),
            flights: short_cache(10_000),
        }))
    }

    /// The environment.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// Keys for secrets and tokens.
    pub fn keys(&self) -> &KeyRing {
        &self.0.keys
    }

    /// The present instant of the domain.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// The one way out to other systems.
    pub fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    /// Adapters to ERP systems.
    pub fn erp(&self) -> &Registry {
        &self.0.erp
    }

    /// Sign of life of the background worker.
    pub fn heartbeat(&self) -> &Heartbeat {
        &self.0.heartbeat
    }

    /// A transaction in the caller's tenant.
    pub async fn tenant_tx(&self, caller: &Caller) -> Result<TenantTx> {
        self.0.db.tenant_tx(caller.tenant).await
    }

    /// Credentials seen within the last second.
    pub(crate) fn identities(&self) -> &Cache<Shown, Option<Identity>> {
        &self.0.identities
    }

    /// Hosts seen within the last second.
    pub(crate) fn tenants(&self) -> &Cache<String, Option<Tenant>> {
        &self.0.tenants
    }

    /// Settings read within the last second.
    pub(crate) fn settings_cache(&self) -> &Cache<TenantId, Arc<Settings>> {
        &self.0.settings
    }

    /// Look-ups that run now or ended within the last second.
    pub(crate) fn flights(&self) -> &Cache<Flight, Arc<Found>> {
        &self.0.flights
    }
}

/// One failure for everybody who waited for the same work. Its cause was logged where it happened.
pub(crate) fn shared_failure(error: Arc<Error>) -> Error {
    match Arc::try_unwrap(error) {
        Ok(error) => error,
        Err(shared) => match &*shared {
            Error::Problem { code, error, details, errors, retry_after } => Error::Problem {
                code: *code,
                error: error.clone(),
                details: details.clone(),
                errors: errors.clone(),
                retry_after: *retry_after,
            },
            Error::Internal(cause) => Error::internal(anyhow::anyhow!("{cause:#}")),
        },
    }
}
