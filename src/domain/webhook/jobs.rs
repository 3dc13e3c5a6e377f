//! Fetching again what was reported, and forgetting old reports.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    model::{Entity, KEPT, Taken},
    store,
};
use crate::{
    App,
    db::TenantTx,
    domain::{
        erp_cache::{
            self, Freshness,
            model::Kind,
            service::{Lookup, refetch::Fetched},
        },
        event::{self, NewEvent},
        tenant::TenantId,
        ticket,
    },
    erp::ErpId,
    error::{Code, Result},
    jobs::{Failure, Job},
};

/// Fetches a contract or a customer from the ERP again, for all reports about it that wait.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Refresh(pub Entity);

impl Job for Refresh {
    const TASK: &'static str = "webhookRefresh";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(&self, app: &App, tenant: TenantId) -> Result<(), Failure> {
        let mut tx = app.db().tenant_tx(tenant).await?;
        let taken = store::take(&mut tx, &self.0).await?;
        tx.commit().await?;
        // A run before this one did them all.
        if taken.is_empty() {
            return Ok(());
        }
        match self.fetch(app, tenant).await {
            Ok((lookup, fetched)) => Ok(self.keep(app, &lookup, &fetched, &taken, tenant).await?),
            Err(error) => {
                self.give_back(app, tenant, &taken).await?;
                Err(if error.code() == Code::ErpUnsupported { Failure::Never(error) } else { Failure::Later(error) })
            }
        }
    }
}

impl Refresh {
    fn named(&self) -> (Kind, &ErpId) {
        match &self.0 {
            Entity::Contract(id) => (Kind::Contract, id),
            Entity::Customer(id) => (Kind::Customer, id),
        }
    }

    async fn fetch(&self, app: &App, tenant: TenantId) -> Result<(Lookup, Fetched)> {
        let (kind, id) = self.named();
        let lookup = Lookup::open(app, tenant, Freshness::Refresh).await?;
        let fetched = lookup.fetch(kind, id).await?;
        Ok((lookup, fetched))
    }

    /// Copy, reports and events of tickets in one transaction: either all of it happened or the job runs again.
    async fn keep(&self, app: &App, lookup: &Lookup, fetched: &Fetched, taken: &[Taken], tenant: TenantId) -> Result<()> {
        let now = app.now();
        let ids: Vec<i64> = taken.iter().map(|report| report.id).collect();
        let mut tx = app.db().tenant_tx(tenant).await?;
        self.mark(&mut tx, now).await?;
        lookup.keep_fetched(&mut tx, fetched).await?;
        store::finish(&mut tx, &ids, now).await?;
        if let Entity::Contract(contract) = &self.0 {
            let tickets = ticket::store::list_unclosed_of_contract(&mut tx, contract.as_str()).await?;
            let system = taken.last().map(|report| report.system.as_str());
            let data = json!({"contractId": contract, "system": system, "reports": ids.len(), "found": fetched.found()});
            let events: Vec<NewEvent> = tickets
                .into_iter()
                .map(|ticket| NewEvent::new("contractRefreshed", data.clone(), None).about_ticket(ticket, Some(contract.as_str())))
                .collect();
            if !events.is_empty() {
                event::store::append_all(&mut tx, &events, now).await?;
            }
        }
        tx.commit().await?;
        app.flights().invalidate();
        Ok(())
    }

    /// The copy is known to be out of date: who reads it meanwhile asks the ERP, or sees that it is stale.
    async fn give_back(&self, app: &App, tenant: TenantId, taken: &[Taken]) -> Result<()> {
        let ids: Vec<i64> = taken.iter().map(|report| report.id).collect();
        let mut tx = app.db().tenant_tx(tenant).await?;
        self.mark(&mut tx, app.now()).await?;
        store::release(&mut tx, &ids).await?;
        tx.commit().await?;
        app.flights().invalidate();
        Ok(())
    }

    async fn mark(&self, tx: &mut TenantTx, now: chrono::DateTime<chrono::Utc>) -> Result<()> {
        let (contract, customer) = match &self.0 {
            Entity::Contract(id) => (Some(id.as_str()), None),
            Entity::Customer(id) => (None, Some(id.as_str())),
        };
        erp_cache::store::mark(tx, contract, customer, now).await?;
        Ok(())
    }
}

/// Removes a tenant's reports that were done long ago, and answers how many there were.
pub async fn delete_old(app: &App, tenant: TenantId) -> Result<u64> {
    let mut tx = app.db().tenant_tx(tenant).await?;
    let count = store::delete_done_before(&mut tx, app.now() - KEPT).await?;
    tx.commit().await?;
    Ok(count)
}
