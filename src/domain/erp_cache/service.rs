//! One look-up: memory, Postgres, ERP, stand-in, in this order. No transaction is open while the ERP is asked.

pub mod refetch;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{
    model::{Copy, Freshness, Kind, Provenance, Source},
    store::{self, NewCopy},
};
use crate::{
    App,
    db::TenantTx,
    domain::{
        event::{self, NewEvent},
        settings,
        tenant::TenantId,
    },
    erp::{Contract, Customer, Erp, ErpError, ErpId, FieldMatch},
    error::{Code, Error, Result},
    http::Caller,
};

/// Names a look-up within the process: who asks for the same at the same time shares one call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flight {
    tenant: TenantId,
    connection: String,
    kind: Kind,
    id: String,
    refresh: bool,
}

/// What a look-up found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The normalised thing; none = the ERP has no such thing.
    pub body: Option<Value>,
    /// Where it came from.
    pub provenance: Provenance,
}

impl Found {
    /// The same for somebody who came while it was in memory: the ERP was not asked for them.
    fn remembered(&self) -> Self {
        let source = self.provenance.source.max(Source::Cache);
        Self { body: self.body.clone(), provenance: Provenance { source, ..self.provenance } }
    }
}

/// The tenant's ERP with its cache.
pub struct Lookup {
    app: App,
    tenant: TenantId,
    connection: String,
    erp: Arc<dyn Erp>,
    fresh_for: Duration,
    stale_for: Duration,
    freshness: Freshness,
    /// Until then the ERP may answer; what is left of the request's time is for the stand-in.
    deadline: Instant,
    /// Whether a part of this request has waited for the ERP in vain; the others then do not wait again.
    hangs: AtomicBool,
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookup").field("tenant", &self.tenant).field("freshness", &self.freshness).finish_non_exhaustive()
    }
}

impl Lookup {
    /// Opens the tenant's connection as its settings stand.
    pub async fn open(app: &App, tenant: TenantId, freshness: Freshness) -> Result<Self> {
        let settings = settings::service::of(app, tenant).await?;
        // What is left of the request's time is for the stand-in and the answer.
        let budget = app.config().request_timeout / 3 * 2;
        let mut erp_settings = settings.erp();
        erp_settings.now = app.now();
        erp_settings.end_within(budget);
        Ok(Self {
            app: app.clone(),
            tenant,
            connection: erp_settings.fingerprint(),
            erp: app.erp().connect(tenant.0, &erp_settings)?,
            fresh_for: settings.span("erpCacheSeconds"),
            stale_for: settings.span("erpStaleSeconds"),
            freshness,
            deadline: Instant::now() + budget,
            hangs: AtomicBool::new(false),
        })
    }

    /// A contract by its id.
    pub async fn contract(&self, id: &ErpId) -> Result<Option<(Contract, Provenance)>> {
        self.find(Kind::Contract, id).await
    }

    /// A customer by its id, without its contracts.
    pub async fn customer(&self, id: &ErpId) -> Result<Option<(Customer, Provenance)>> {
        self.find(Kind::Customer, id).await
    }

    /// At most one contract that fits the attributes. Never cached: the question is too seldom the same.
    pub async fn search_by_fields(&self, fields: &Map<String, Value>) -> Result<Option<FieldMatch>> {
        Ok(self.within_deadline(self.erp.search_by_fields(fields)).await?)
    }

    /// Ids of at most ten customers. Never cached.
    pub async fn search_by_text(&self, q: &str, limit: u32, offset: u32) -> Result<Vec<ErpId>> {
        Ok(self.within_deadline(self.erp.search_by_text(q, limit, offset)).await?)
    }

    async fn find<T: serde::de::DeserializeOwned>(&self, kind: Kind, id: &ErpId) -> Result<Option<(T, Provenance)>> {
        let flight = Flight {
            tenant: self.tenant,
            connection: self.connection.clone(),
            kind,
            id: id.as_str().to_owned(),
            refresh: self.freshness == Freshness::Refresh,
        };
        let found = if self.freshness == Freshness::CacheOnly {
            Arc::new(self.stored_only(kind, id).await?)
        } else if self.hangs.load(Ordering::Relaxed) {
            Arc::new(self.stand_in(kind, id).await?)
        } else {
            if self.freshness == Freshness::Refresh {
                // An answer of this second is not what the caller asked for; one that is on its way is.
                self.app.flights().forget(flight.clone()).await;
            }
            let (found, own, generation) = self.app.flights().get_or_load_own(flight.clone(), self.fly(kind, id)).await?;
            if self.freshness == Freshness::Refresh {
                self.app.flights().insert(generation, Flight { refresh: false, ..flight }, Arc::clone(&found)).await;
            }
            if own || self.freshness == Freshness::Refresh { found } else { Arc::new(found.remembered()) }
        };
        let Some(body) = found.body.clone() else { return Ok(None) };
        let thing = T::deserialize(body).map_err(Error::internal)?;
        Ok(Some((thing, found.provenance)))
    }

    async fn stored_only(&self, kind: Kind, id: &ErpId) -> Result<Found> {
        match self.servable(kind, id).await? {
            Some(found) => Ok(found),
            None => Err(Error::new(Code::NotCached, format!("There is no stored copy of {} {id}", kind.as_str()))
                .details("Ask again without erpCacheOnly.")),
        }
    }

    /// For the other parts of a request that has waited in vain once.
    async fn stand_in(&self, kind: Kind, id: &ErpId) -> Result<Found> {
        match self.servable(kind, id).await? {
            Some(found) => Ok(found),
            None => Err(ErpError::Unavailable { reason: "it did not answer another part of this request".to_owned() }.into()),
        }
    }

    /// The stored copy, current or as a stand-in.
    async fn servable(&self, kind: Kind, id: &ErpId) -> Result<Option<Found>> {
        let now = self.app.now();
        let (copy, _) = self.stored(kind, id).await?;
        let copy = copy.filter(|copy| copy.is_current(now, self.fresh_for) || copy.may_stand_in(now, self.stale_for));
        Ok(copy.map(|copy| self.serve(copy, now)))
    }

    fn serve(&self, copy: Copy, now: DateTime<Utc>) -> Found {
        let source = if copy.is_current(now, self.fresh_for) { Source::Cache } else { Source::Stale };
        Found { body: Some(copy.body), provenance: Provenance { source, fetched_at: copy.fetched_at } }
    }

    async fn fly(&self, kind: Kind, id: &ErpId) -> Result<Arc<Found>> {
        let (copy, epoch) = self.stored(kind, id).await?;
        let now = self.app.now();
        if self.freshness == Freshness::Cached
            && let Some(copy) = copy.as_ref().filter(|copy| copy.is_current(now, self.fresh_for))
        {
            return Ok(Arc::new(self.serve(copy.clone(), now)));
        }
        match self.within_deadline(self.ask(kind, id)).await {
            Ok(body) => {
                // What was not stored need not be forgotten.
                if body.is_some() || copy.is_some() {
                    self.keep(kind, id, body.as_ref(), now, epoch).await?;
                }
                let provenance = Provenance { source: Source::Erp, fetched_at: now };
                Ok(Arc::new(Found { body, provenance }))
            }
            Err(error) => {
                metrics::counter!("mind_erp_failures_total", "kind" => kind.as_str()).increment(1);
                tracing::warn!(%error, kind = kind.as_str(), "ERP look-up failed");
                match copy.filter(|copy| error.is_temporary() && copy.may_stand_in(now, self.stale_for)) {
                    Some(copy) => {
                        let provenance = Provenance { source: Source::Stale, fetched_at: copy.fetched_at };
                        Ok(Arc::new(Found { body: Some(copy.body), provenance }))
                    }
                    None => Err(error.into()),
                }
            }
        }
    }

    async fn within_deadline<T>(&self, work: impl Future<Output = Result<T, ErpError>>) -> Result<T, ErpError> {
        let after = self.deadline.saturating_duration_since(Instant::now());
        let result = tokio::time::timeout_at(self.deadline, work).await.unwrap_or(Err(ErpError::Timeout { after }));
        if matches!(result, Err(ErpError::Timeout { .. })) {
            self.hangs.store(true, Ordering::Relaxed);
        }
        result
    }

    async fn ask(&self, kind: Kind, id: &ErpId) -> Result<Option<Value>, ErpError> {
        let value = match kind {
            Kind::Contract => self.erp.contract_by_id(id).await?.map(serde_json::to_value),
            Kind::Customer => self.erp.customer_by_id(id).await?.map(serde_json::to_value),
        };
        let value = value.transpose().map_err(|error| ErpError::BadPayload { reason: error.to_string() })?;
        Ok(value.map(without_nul))
    }

    async fn stored(&self, kind: Kind, id: &ErpId) -> Result<(Option<Copy>, i64)> {
        let mut read = self.app.db().tenant_read(self.tenant).await?;
        let (copy, epoch) = store::find(&mut read, &self.connection, kind, id.as_str()).await?;
        drop(read);
        // Another version of this program may have written it.
        let readable = |copy: &Copy| match kind {
            Kind::Contract => Contract::deserialize(&copy.body).is_ok(),
            Kind::Customer => Customer::deserialize(&copy.body).is_ok(),
        };
        Ok((copy.filter(readable), epoch))
    }

    /// Keeps an answer. One that was asked for before an invalidation does not count as current.
    async fn keep(&self, kind: Kind, id: &ErpId, body: Option<&Value>, asked_at: DateTime<Utc>, epoch: i64) -> Result<()> {
        let mut tx = self.app.db().tenant_tx(self.tenant).await?;
        self.keep_in(&mut tx, kind, id, body, asked_at, epoch).await?;
        tx.commit().await
    }

    async fn keep_in(
        &self,
        tx: &mut TenantTx,
        kind: Kind,
        id: &ErpId,
        body: Option<&Value>,
        asked_at: DateTime<Utc>,
        epoch: i64,
    ) -> Result<()> {
        let connection = self.connection.as_str();
        match body {
            Some(body) => {
                store::lock_against_invalidation(tx).await?;
                let current = store::find_epoch(tx).await? == epoch;
                store::upsert(tx, &NewCopy { connection, kind, id: id.as_str(), body, asked_at, current }).await
            }
            None => store::delete(tx, connection, kind, id.as_str(), asked_at).await,
        }
    }
}

/// Postgres cannot take U+0000 out of stored JSON, and no ERP means it.
fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(text.replace('\0', "")),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, field)| (key.replace('\0', ""), without_nul(field))).collect(),
        other => other,
    }
}

/// Declares copies out of date on every node: at once in Postgres, within a second in the memory of others.
pub async fn invalidate(app: &App, caller: &Caller, contract: Option<&ErpId>, customer: Option<&ErpId>) -> Result<()> {
    let now = app.now();
    let mut tx = app.tenant_tx(caller).await?;
    let copies = store::invalidate(&mut tx, contract.map(ErpId::as_str), customer.map(ErpId::as_str), now).await?;
    if copies > 0 {
        let data = json!({"contractId": contract, "customerId": customer, "copies": copies});
        event::store::append(&mut tx, &NewEvent::by(caller.profile, "erpCacheInvalidated", data), now).await?;
    }
    tx.commit().await?;
    app.flights().invalidate();
    Ok(())
}
