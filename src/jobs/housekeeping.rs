//! Removing what has ended: sessions, links, counters, old tokens, old ERP copies.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    App,
    domain::{auth, erp_cache},
    error::Result,
};

const BEAT: Duration = Duration::from_secs(10);
const BEATS_BETWEEN_RUNS: u32 = 30;
/// The longest time a tenant may let a copy stand in (`erpStaleSeconds`).
const OLDEST_COPY: chrono::Duration = chrono::Duration::days(365);

/// Every five minutes, and once at the start. Several workers may do it at once: deleting twice deletes once.
pub async fn run(app: App, stop: CancellationToken) {
    let mut beats = 0;
    loop {
        app.heartbeat().beat();
        if beats == 0
            && let Err(error) = clean(&app).await
        {
            tracing::warn!(?error, "housekeeping failed; trying again in five minutes");
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
    let copies = erp_cache::store::delete_older_than(&mut tx, now - OLDEST_COPY).await?;
    tx.commit().await?;
    tracing::debug!(credentials, copies, "housekeeping done");
    Ok(())
}
