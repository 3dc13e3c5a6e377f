//! The worker: claims what is due, runs it, and settles it.
//!
//! A claim is a row's own column and holds for a minute; while the job runs it is renewed. If the process dies, the claim
//! runs out and another worker takes the job. Time is the app's: nodes whose clocks differ by seconds are fine, by a minute
//! they would run a job twice.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::FutureExt as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::task::{Failure, TASKS};
use crate::{
    App,
    domain::{
        job::{
            Claimed,
            model::{MOST_ATTEMPTS, pause},
            store::{self, Claim},
        },
        tenant::TenantId,
    },
    error::{Error, Result},
};

/// How long a claim holds without being renewed.
pub const LEASE: chrono::Duration = chrono::Duration::seconds(60);
const RENEW_EVERY: Duration = Duration::from_secs(15);
/// How often the table is asked while there is nothing to do.
const POLL: Duration = Duration::from_millis(150);
/// After a failing statement: the database needs rest.
const REST: Duration = Duration::from_secs(1);
/// Jobs at a time, of this process.
const MOST_RUNNING: usize = 16;
/// Of these for one tenant, before others are looked for. As many as an ERP is asked at a time unless told otherwise.
const MOST_OF_TENANT: usize = 4;
/// Claimed with one statement; also by how much a tenant can exceed its share.
const MOST_AT_ONCE: usize = 4;

/// Claims of this process, by what they are for.
#[derive(Clone, Debug, Default)]
struct Running(Arc<Mutex<HashMap<Uuid, TenantId>>>);

impl Running {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<Uuid, TenantId>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tenants that have their share.
    fn busy(&self) -> Vec<i64> {
        let mut counts: HashMap<i64, usize> = HashMap::new();
        self.with(|claims| claims.values().for_each(|tenant| *counts.entry(tenant.0).or_default() += 1));
        counts.into_iter().filter(|(_, count)| *count >= MOST_OF_TENANT).map(|(tenant, _)| tenant).collect()
    }
}

/// Works until told to stop, then lets running jobs end. Dropped in the middle, it leaves its claims to run out.
pub async fn work(app: App, stop: CancellationToken) {
    let running = Running::default();
    let over = CancellationToken::new();
    let keep = keep_claims(&app, &running, &over);
    let loops = async {
        let _over = over.clone().drop_guard();
        claim_and_run(&app, &running, &stop).await;
    };
    tokio::join!(keep, loops);
}

async fn claim_and_run(app: &App, running: &Running, stop: &CancellationToken) {
    let mut jobs = JoinSet::new();
    while !stop.is_cancelled() {
        app.heartbeat().beat();
        let free = MOST_RUNNING.saturating_sub(jobs.len()).min(MOST_AT_ONCE);
        let rest = if free == 0 {
            POLL
        } else {
            match claim(app, running, free).await {
                Ok(claimed) => {
                    let full = claimed.len() == free;
                    for job in claimed {
                        running.with(|claims| claims.insert(job.claim, job.tenant));
                        jobs.spawn(run_one(app.clone(), running.clone(), job));
                    }
                    if full { Duration::ZERO } else { POLL }
                }
                Err(error) => {
                    tracing::warn!(%error, "due jobs cannot be claimed; trying again in a second");
                    REST
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(rest) => {}
            // A place is free.
            Some(_) = jobs.join_next(), if free == 0 => {}
        }
        while jobs.try_join_next().is_some() {}
    }
    while jobs.join_next().await.is_some() {}
}

async fn claim(app: &App, running: &Running, most: usize) -> Result<Vec<Claimed>> {
    let tasks: Vec<&str> = TASKS.iter().map(|task| task.name).collect();
    let (without, now) = (running.busy(), app.now());
    let mut tx = app.db().system_tx().await?;
    let most = i64::try_from(most).unwrap_or(1);
    let claimed = store::claim(&mut tx, &Claim { tasks: &tasks, without: &without, most, now, until: now + LEASE }).await?;
    tx.commit().await?;
    Ok(claimed)
}

async fn run_one(app: App, running: Running, job: Claimed) {
    let result = attempt(&app, &job).await;
    if let Err(error) = settle(&app, &job, result).await {
        // Nothing is lost: the claim runs out and the job is run again.
        tracing::warn!(%error, task = job.task, tenant = job.tenant.0, job = job.id.0, "a job that ended could not be settled");
    }
    running.with(|claims| claims.remove(&job.claim));
}

async fn attempt(app: &App, job: &Claimed) -> Result<(), Failure> {
    let Some(task) = TASKS.iter().find(|task| task.name == job.task) else {
        return Err(Error::internal(anyhow::anyhow!("there is no task {}", job.task)).into());
    };
    let run = AssertUnwindSafe((task.run)(app, job.tenant, job.payload.clone())).catch_unwind();
    match tokio::time::timeout(task.limit, run).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Error::internal(anyhow::anyhow!("a job panicked; its message is in the line before")).into()),
        Err(_) => Err(Error::internal(anyhow::anyhow!("a job took longer than {} s", task.limit.as_secs())).into()),
    }
}

async fn settle(app: &App, job: &Claimed, result: Result<(), Failure>) -> Result<()> {
    let now = app.now();
    let mut tx = app.db().system_tx().await?;
    let (ours, outcome) = match &result {
        Ok(()) => (store::finish(&mut tx, job).await?, "done"),
        Err(Failure::Later(_)) if job.attempts >= MOST_ATTEMPTS => (bury(&mut tx, job, &result, now).await?, "dead"),
        Err(Failure::Never(_)) => (bury(&mut tx, job, &result, now).await?, "dead"),
        Err(failure) => {
            let wait = pause(job.attempts, failure.wish(), rand::random());
            let at = now + chrono::Duration::from_std(wait).unwrap_or(LEASE);
            (store::retry(&mut tx, job, at, &failure.says()).await?, "failed")
        }
    };
    tx.commit().await?;
    metrics::counter!("mind_jobs_total", "task" => job.task.clone(), "outcome" => outcome).increment(1);
    if let Err(failure) = &result {
        let (task, tenant, job_id, attempts) = (&job.task, job.tenant.0, job.id.0, job.attempts);
        let error = failure.error();
        if outcome == "dead" {
            tracing::error!(%error, task, tenant, job = job_id, attempts, "a job was given up");
        } else {
            tracing::warn!(%error, task, tenant, job = job_id, attempts, "a job failed; it will be tried again");
        }
    }
    if !ours {
        tracing::warn!(task = job.task, tenant = job.tenant.0, job = job.id.0, "a job took longer than its claim held");
    }
    Ok(())
}

async fn bury(
    tx: &mut crate::db::SystemTx,
    job: &Claimed,
    result: &Result<(), Failure>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<bool> {
    let says = result.as_ref().err().map(Failure::says).unwrap_or_default();
    store::bury(tx, job, now, &says).await
}

/// Renews claims, and measures what is left to do, until the last job has ended.
async fn keep_claims(app: &App, running: &Running, over: &CancellationToken) {
    loop {
        if let Err(error) = renew_and_measure(app, running).await {
            tracing::warn!(%error, "claims of running jobs could not be renewed");
        }
        tokio::select! {
            () = over.cancelled() => return,
            () = tokio::time::sleep(RENEW_EVERY) => {}
        }
    }
}

async fn renew_and_measure(app: &App, running: &Running) -> Result<()> {
    let claims: Vec<Uuid> = running.with(|claims| claims.keys().copied().collect());
    let now = app.now();
    let mut tx = app.db().system_tx().await?;
    if !claims.is_empty() {
        store::renew(&mut tx, &claims, now + LEASE).await?;
    }
    let stock = store::stock(&mut tx, now).await?;
    tx.commit().await?;
    let age = stock.oldest_ready.map_or(0, |since| (now - since).num_seconds().max(0));
    #[expect(clippy::cast_precision_loss, reason = "a gauge")]
    for (name, value) in [("waiting", stock.waiting), ("ready", stock.ready), ("running", stock.running), ("dead", stock.dead)] {
        metrics::gauge!("mind_jobs", "state" => name).set(value as f64);
    }
    #[expect(clippy::cast_precision_loss, reason = "a gauge")]
    metrics::gauge!("mind_jobs_oldest_ready_seconds").set(age as f64);
    Ok(())
}
