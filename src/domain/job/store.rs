//! Statements about jobs. Tenants ask for work in their own transactions; claiming and settling it is the system's.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::model::{Claimed, Dead, JobId, NewJob, Stock};
use crate::{
    db::{InTenant, SystemTx, TenantTx},
    domain::tenant::TenantId,
    error::Result,
};

/// Asks for work. What waits already waits on, at the earlier of the two times; what is being worked on is run once more
/// afterwards; what failed keeps its pause; what was given up begins anew.
///
/// It changes the row in any case: a worker that settles it waits for this transaction, and cannot overlook it.
pub async fn upsert(tx: &mut TenantTx, jobs: &[NewJob], now: DateTime<Utc>) -> Result<()> {
    // In one order, so that two transactions never wait for each other; and one statement meets a row once.
    let mut jobs: Vec<&NewJob> = jobs.iter().collect();
    jobs.sort_by(|one, other| (one.task, &one.key, one.run_at).cmp(&(other.task, &other.key, other.run_at)));
    jobs.dedup_by(|later, first| (later.task, &later.key) == (first.task, &first.key));
    let tasks: Vec<&str> = jobs.iter().map(|job| job.task).collect();
    let keys: Vec<&str> = jobs.iter().map(|job| job.key.as_str()).collect();
    let payloads: Vec<String> = jobs.iter().map(|job| job.payload.to_string()).collect();
    let times: Vec<DateTime<Utc>> = jobs.iter().map(|job| job.run_at).collect();
    sqlx::query!(
        "insert into job (task, key, payload, run_at, created_at)
         select n.task, n.key, n.payload::json, n.run_at, $5
         from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) as n (task, key, payload, run_at)
         on conflict (tenant_id, task, key) do update
         set payload = excluded.payload,
             rerun_at = case when job.claim is not null then least(job.rerun_at, excluded.run_at) end,
             run_at = case when job.dead_at is not null then excluded.run_at
                           when job.claim is not null or job.attempts > 0 then job.run_at
                           else least(job.run_at, excluded.run_at) end,
             attempts = case when job.dead_at is null then job.attempts else 0 end,
             dead_at = null",
        &tasks as &[&str],
        &keys as &[&str],
        &payloads,
        &times,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// What a worker can take.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Tasks it knows. A newer version may have written others.
    pub tasks: &'a [&'a str],
    /// Tenants that have their share already.
    pub without: &'a [i64],
    /// Jobs at most.
    pub most: i64,
    /// The present.
    pub now: DateTime<Utc>,
    /// Until when it holds unless renewed.
    pub until: DateTime<Utc>,
}

/// Takes jobs that are due, longest due first; also those whose worker did not renew its claim.
pub async fn claim(tx: &mut SystemTx, claim: &Claim<'_>) -> Result<Vec<Claimed>> {
    let rows = sqlx::query!(
        r#"with due as (
               select tenant_id, id from job
               where run_at <= $1 and dead_at is null and task = any($2) and tenant_id <> all($3)
               order by run_at limit $4
               for update skip locked
           )
           update job j set claim = gen_random_uuid(), run_at = $5, rerun_at = null, attempts = j.attempts + 1
           from due where j.tenant_id = due.tenant_id and j.id = due.id
           returning j.tenant_id, j.id, j.task, j.payload as "payload: Value", j.attempts, j.claim as "claim!""#,
        claim.now,
        claim.tasks as &[&str],
        claim.without,
        claim.most,
        claim.until
    )
    .fetch_all(tx.connection())
    .await?;
    let claimed = rows.into_iter().map(|row| Claimed {
        tenant: TenantId(row.tenant_id),
        id: JobId(row.id),
        task: row.task,
        payload: row.payload,
        attempts: u32::try_from(row.attempts).unwrap_or(1),
        claim: row.claim,
    });
    Ok(claimed.collect())
}

/// Lets claims hold longer.
pub async fn renew(tx: &mut SystemTx, claims: &[Uuid], until: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update job set run_at = $2 where claim = any($1)", claims, until).execute(tx.connection()).await?;
    Ok(())
}

/// Locks a job that is still ours. None: somebody else took it over. Some: when it was asked for again, if it was.
async fn lock(tx: &mut SystemTx, job: &Claimed) -> Result<Option<Option<DateTime<Utc>>>> {
    Ok(sqlx::query_scalar!(
        "select rerun_at from job where tenant_id = $1 and id = $2 and claim = $3 for update",
        job.tenant.0,
        job.id.0,
        job.claim
    )
    .fetch_optional(tx.connection())
    .await?)
}

/// Done: the job goes, unless it was asked for again meanwhile. Answers whether it was still ours.
pub async fn finish(tx: &mut SystemTx, job: &Claimed) -> Result<bool> {
    let Some(again) = lock(tx, job).await? else { return Ok(false) };
    match again {
        None => {
            sqlx::query!("delete from job where tenant_id = $1 and id = $2", job.tenant.0, job.id.0).execute(tx.connection()).await?;
        }
        Some(at) => {
            sqlx::query!(
                "update job set claim = null, run_at = $3, rerun_at = null, attempts = 0, last_error = null where tenant_id = $1 and id = $2",
                job.tenant.0,
                job.id.0,
                at
            )
            .execute(tx.connection())
            .await?;
        }
    }
    Ok(true)
}

/// Failed: another run at a time. Answers whether it was still ours.
pub async fn retry(tx: &mut SystemTx, job: &Claimed, at: DateTime<Utc>, error: &str) -> Result<bool> {
    let done = sqlx::query!(
        "update job set claim = null, run_at = $4, rerun_at = null, last_error = $5 where tenant_id = $1 and id = $2 and claim = $3",
        job.tenant.0,
        job.id.0,
        job.claim,
        at,
        error
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Given up; what was asked for meanwhile begins anew. Answers whether it was still ours.
pub async fn bury(tx: &mut SystemTx, job: &Claimed, now: DateTime<Utc>, error: &str) -> Result<bool> {
    let done = sqlx::query!(
        "update job
         set claim = null, rerun_at = null, last_error = $5, run_at = coalesce(rerun_at, $4),
             dead_at = case when rerun_at is null then $4::timestamptz end, attempts = case when rerun_at is null then attempts else 0 end
         where tenant_id = $1 and id = $2 and claim = $3",
        job.tenant.0,
        job.id.0,
        job.claim,
        now,
        error
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How much there is to do.
pub async fn stock(tx: &mut SystemTx, now: DateTime<Utc>) -> Result<Stock> {
    Ok(sqlx::query_as!(
        Stock,
        r#"select count(*) filter (where dead_at is null and claim is null and run_at > $1) as "waiting!",
                  count(*) filter (where dead_at is null and run_at <= $1) as "ready!",
                  count(*) filter (where claim is not null and run_at > $1) as "running!",
                  count(*) filter (where dead_at is not null) as "dead!",
                  min(run_at) filter (where dead_at is null and run_at <= $1) as oldest_ready
           from job"#,
        now
    )
    .fetch_one(tx.connection())
    .await?)
}

/// Jobs of a task that were given up, the latest first.
pub async fn list_dead(tx: &mut impl InTenant, task: &str, limit: u32, offset: u32) -> Result<Vec<Dead>> {
    Ok(sqlx::query_as!(
        Dead,
        r#"select id as "id: JobId", payload as "payload: Value", attempts, last_error, dead_at as "dead_at!"
           from job where task = $1 and dead_at is not null
           order by dead_at desc, id desc limit $2 offset $3"#,
        task,
        i64::from(limit),
        i64::from(offset)
    )
    .fetch_all(tx.connection())
    .await?)
}

/// Lets a job that was given up begin anew. Answers what it is about; none: there is no such job.
pub async fn revive(tx: &mut TenantTx, task: &str, id: JobId, now: DateTime<Utc>) -> Result<Option<Value>> {
    Ok(sqlx::query_scalar!(
        r#"update job set dead_at = null, attempts = 0, run_at = $3 where task = $1 and id = $2 and dead_at is not null
           returning payload as "payload: Value""#,
        task,
        id.0,
        now
    )
    .fetch_optional(tx.connection())
    .await?)
}
