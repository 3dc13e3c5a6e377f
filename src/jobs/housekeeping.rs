//! Removing what has ended: sessions, links, counters, old tokens, old ERP copies, answers kept for a retry, reports that are
//! done.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    App,
    domain::{
        auth, erp_cache, idempotency, settings,
        tenant::{self, TenantId},
        webhook,
    },
    error::Result,
};

const BEAT: Duration = Duration::from_secs(10);
const BEATS_BETWEEN_RUNS: u32 = 30;

/// Every five minutes, and once at the start. Several workers may do it at once: deleting twice deletes once.
pub async fn run(app: App, stop: CancellationToken) {
    let mut beats = 0;
    loop {
        if beats == 0
            && let Err(error) = clean(&app).await
        {
            tracing::warn!(%error, "housekeeping failed; trying again in five minutes");
        }
        beats = (beats + 1) % BEATS_BETWEEN_RUNS;
        let (size, idle) = app.db().connections();
        metrics::gauge!("mind_db_connections", "state" => "open").set(f64::from(size));
        metrics::gauge!("mind_db_connections", "state" => "idle").set(f64::from(u32::try_from(idle).unwrap_or(u32::MAX)));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(BEAT) => {}
        }
    }
}

async fn clean(app: &App) -> Result<()> {
    let now = app.now();
    let mut tx = app.db().system_tx().await?;
    let credentials = auth::store::delete_expired(&mut tx, now).await?;
    let tenants = tenant::store::list(&mut tx).await?;
    tx.commit().await?;
    let (mut copies, mut answers, mut reports) = (0, 0, 0);
    for tenant in tenants {
        // A copy too old to stand in is personal data without a purpose.
        match clean_copies(app, TenantId(tenant.id)).await {
            Ok(count) => copies += count,
            Err(error) => tracing::warn!(tenant = tenant.slug, %error, "old ERP copies not removed"),
        }
        match idempotency::jobs::delete_old(app, TenantId(tenant.id)).await {
            Ok(count) => answers += count,
            Err(error) => tracing::warn!(tenant = tenant.slug, %error, "answers kept for a retry not removed"),
        }
        match webhook::jobs::delete_old(app, TenantId(tenant.id)).await {
            Ok(count) => reports += count,
            Err(error) => tracing::warn!(tenant = tenant.slug, %error, "reports that are done not removed"),
        }
    }
    tracing::debug!(credentials, copies, answers, reports, "housekeeping done");
    Ok(())
}

async fn clean_copies(app: &App, tenant: TenantId) -> Result<u64> {
    let settings = settings::service::of(app, tenant).await?;
    let oldest = settings.span("erpStaleSeconds").max(settings.span("erpCacheSeconds"));
    let mut tx = app.db().tenant_tx(tenant).await?;
    let count = erp_cache::store::delete_older_than(&mut tx, app.now() - oldest).await?;
    tx.commit().await?;
    Ok(count)
}
