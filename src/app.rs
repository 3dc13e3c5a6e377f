//! What every handler and job can reach.

mod short_cache;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use short_cache::ShortCache;

use crate::{
    config::Config,
    db::{Db, TenantRead, TenantTx},
    domain::{
        auth::{model::Identity, service::Shown},
        erp_cache::service::{Flight, Found},
        settings::Settings,
        tenant::{Tenant, TenantId},
    },
    erp::registry::Registry,
    error::Result,
    http::Caller,
    jobs::Heartbeat,
    outbound::Outbound,
    secret::KeyRing,
    storage::Storage,
};

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
    storage: Storage,
    erp: Registry,
    heartbeat: Heartbeat,
    identities: ShortCache<Shown, Option<Identity>>,
    tenants: ShortCache<String, Option<Tenant>>,
    settings: ShortCache<TenantId, Arc<Settings>>,
    flights: ShortCache<Flight, Arc<Found>>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("config", &self.0.config).finish_non_exhaustive()
    }
}

impl App {
    /// Puts the parts together. Does not connect.
    pub fn new(config: Config, db: Db, keys: KeyRing, clock: Arc<dyn Clock>, outbound: Arc<Outbound>) -> Self {
        Self(Arc::new(Inner {
            storage: Storage::from_config(&config),
            erp: Registry::new(Arc::clone(&outbound)),
            config,
            db,
            keys,
            clock,
            outbound,
            heartbeat: Heartbeat::default(),
            identities: ShortCache::new(100_000),
            tenants: ShortCache::new(10_000),
            settings: ShortCache::new(10_000),
            flights: ShortCache::new(10_000),
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

    /// Where the bytes of files lie.
    pub fn storage(&self) -> &Storage {
        &self.0.storage
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

    /// For reads of one statement in the caller's tenant.
    pub async fn tenant_read(&self, caller: &Caller) -> Result<TenantRead> {
        self.0.db.tenant_read(caller.tenant).await
    }

    /// Credentials seen within the last second.
    pub(crate) fn identities(&self) -> &ShortCache<Shown, Option<Identity>> {
        &self.0.identities
    }

    /// Hosts seen within the last second.
    pub(crate) fn tenants(&self) -> &ShortCache<String, Option<Tenant>> {
        &self.0.tenants
    }

    /// Settings read within the last second.
    pub(crate) fn settings_cache(&self) -> &ShortCache<TenantId, Arc<Settings>> {
        &self.0.settings
    }

    /// Look-ups that run now or ended within the last second.
    pub(crate) fn flights(&self) -> &ShortCache<Flight, Arc<Found>> {
        &self.0.flights
    }
}
