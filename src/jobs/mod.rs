//! Background work of the role `worker`: durable jobs and housekeeping.
//!
//! A domain asks for a [`Job`] with [`enqueue`] in the transaction that is the reason for it: both are committed or
//! neither is. Workers of all nodes look for due jobs several times a second and claim them row by row, so that each is run
//! by one worker at a time. A job runs at least once; whoever writes one lets the second run find nothing to do.

mod heartbeat;
mod housekeeping;
mod task;
mod worker;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::{App, db::TenantTx, domain::job, error::Result};

pub use heartbeat::Heartbeat;
pub use task::{Failure, Job, TASKS};
pub use worker::{LEASE, work};

/// Runs until told to stop, and ends when running jobs have.
pub async fn run(app: App, stop: CancellationToken) {
    app.heartbeat().expect();
    tokio::join!(housekeeping::run(app.clone(), stop.clone()), work(app, stop));
}

/// Asks for jobs, each not before `run_at`. One that waits already is not doubled, and keeps the earlier time; one that is
/// running is run once more.
pub async fn enqueue<J: Job>(tx: &mut TenantTx, jobs: &[J], run_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    let new: Vec<_> = jobs.iter().map(|job| task::order(job, run_at)).collect::<Result<_>>()?;
    job::store::upsert(tx, &new, now).await
}
