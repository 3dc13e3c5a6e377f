//! Taking reports in, and setting going again what was given up.

use serde::Deserialize as _;

use super::{
    jobs::Refresh,
    model::{DeadLetter, Entity, Report, System},
    store,
};
use crate::{
    App,
    domain::{
        event::{self, NewEvent},
        job::{self, JobId},
        settings,
        tenant::TenantId,
    },
    erp::ErpId,
    error::{Error, Result},
    http::Caller,
    jobs::{self, Job},
};

fn entity(contract: Option<String>, customer: Option<String>) -> Option<Entity> {
    let id = |text: &str| ErpId::parse(text).ok();
    match (contract, customer) {
        (Some(contract), _) => id(&contract).map(Entity::Contract),
        (None, Some(customer)) => id(&customer).map(Entity::Customer),
        (None, None) => None,
    }
}

/// Keeps a report and sees to it that what it is about is fetched once the window is over. Both are durable when it returns.
pub async fn receive(app: &App, tenant: TenantId, system: System, body: &[u8]) -> Result<()> {
    let settings = settings::service::of(app, tenant).await?;
    let now = app.now();
    let report = Report::read(system, body, &settings.webhook_id_keys(), now);
    let mut tx = app.db().tenant_tx(tenant).await?;
    let result = if report.ids.contracts.is_empty() && report.ids.customers.is_empty() {
        store::insert_ignored(&mut tx, &report).await?;
        "no_id"
    } else {
        let new = store::insert(&mut tx, &report).await?;
        let jobs: Vec<Refresh> = new.into_iter().filter_map(|(contract, customer)| entity(contract, customer)).map(Refresh).collect();
        jobs::enqueue(&mut tx, &jobs, now + settings.span("webhookGroupingWindowSeconds"), now).await?;
        if jobs.is_empty() { "duplicate" } else { "accepted" }
    };
    tx.commit().await?;
    metrics::counter!("mind_webhook_reports_total", "system" => system.as_str(), "result" => result).increment(1);
    Ok(())
}

/// What could not be fetched, the latest first.
pub async fn dead_letters(app: &App, tenant: TenantId, limit: u32, offset: u32) -> Result<Vec<DeadLetter>> {
    let mut read = app.db().tenant_read(tenant).await?;
    let all = job::store::list_dead(&mut read, Refresh::TASK, limit, offset).await?;
    let entities = all.iter().map(|dead| Refresh::deserialize(&dead.payload).map(|Refresh(entity)| entity));
    let entities: Vec<Entity> = entities.collect::<Result<_, _>>().map_err(Error::internal)?;
    let waiting = store::count_undone(&mut read, &entities).await?;
    let letters = all.into_iter().zip(entities).zip(waiting).map(|((dead, entity), (reports, first))| {
        let (contract_id, customer_id) = match entity {
            Entity::Contract(id) => (Some(id), None),
            Entity::Customer(id) => (None, Some(id)),
        };
        DeadLetter {
            id: dead.id.0,
            contract_id,
            customer_id,
            attempts: dead.attempts,
            error: dead.last_error,
            failed_at: dead.dead_at.timestamp(),
            reports,
            first_received_at: first.map(|at| at.timestamp()),
        }
    });
    Ok(letters.collect())
}

/// Lets a job that was given up begin anew, at once.
pub async fn replay(app: &App, caller: &Caller, id: JobId) -> Result<()> {
    let now = app.now();
    let mut tx = app.tenant_tx(caller).await?;
    let payload = job::store::revive(&mut tx, Refresh::TASK, id, now).await?;
    let payload = payload.ok_or_else(|| Error::not_found("Dead letter", id.0))?;
    let event = NewEvent::by(caller.profile, "webhookReplayed", payload);
    event::store::append(&mut tx, &event, now).await?;
    tx.commit().await
}
