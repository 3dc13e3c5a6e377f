//! Statements about requests that may be sent again.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{Attempt, Stored};
use crate::{db::TenantTx, domain::profile::ProfileId, error::Result};

/// A claim on a request: whose it is, which request, and the claim's own id.
#[derive(Clone, Copy, Debug)]
pub struct Claimant {
    /// Who sent it.
    pub profile: ProfileId,
    /// What was sent.
    pub attempt: Attempt,
    /// Tells this claim from one that took over.
    pub id: Uuid,
}

/// Claims a request whose key was not seen before. Answers whether it was so.
pub async fn insert(tx: &mut TenantTx, claimant: &Claimant, lease_until: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "insert into idempotency (profile_id, scope, fingerprint, claim, lease_until, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, profile_id, scope) do nothing",
        claimant.profile.0,
        claimant.attempt.scope(),
        claimant.attempt.fingerprint(),
        claimant.id,
        lease_until,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What is known of a key.
pub async fn find(tx: &mut TenantTx, claimant: &Claimant) -> Result<Option<Stored>> {
    Ok(sqlx::query_as!(
        Stored,
        "select fingerprint, lease_until, created_at, answer from idempotency where profile_id = $1 and scope = $2",
        claimant.profile.0,
        claimant.attempt.scope()
    )
    .fetch_optional(tx.connection())
    .await?)
}

/// Claims a request that nobody holds any more: its lease ran out, or it is from before `kept_since`. Of several who try
/// at once one succeeds. Waits for a holder that is just finishing, and then answers no.
pub async fn take_over(
    tx: &mut TenantTx,
    claimant: &Claimant,
    lease_until: DateTime<Utc>,
    now: DateTime<Utc>,
    kept_since: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update idempotency set fingerprint = $3, claim = $4, lease_until = $5, created_at = $6, answer = null, about = null
         where profile_id = $1 and scope = $2 and ((answer is null and lease_until <= $6) or created_at <= $7)",
        claimant.profile.0,
        claimant.attempt.scope(),
        claimant.attempt.fingerprint(),
        claimant.id,
        lease_until,
        now,
        kept_since
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the answer. False: somebody took over, and this work must not take effect.
pub async fn finish(tx: &mut TenantTx, claimant: &Claimant, answer: &[u8], about: Option<&str>) -> Result<bool> {
    let done = sqlx::query!(
        "update idempotency set answer = $4, about = $5 where profile_id = $1 and scope = $2 and claim = $3 and answer is null",
        claimant.profile.0,
        claimant.attempt.scope(),
        claimant.id,
        answer,
        about
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a claim back that led to nothing. One that was finished or taken over stays as it is.
pub async fn release(tx: &mut TenantTx, claimant: &Claimant) -> Result<()> {
    sqlx::query!(
        "delete from idempotency where profile_id = $1 and scope = $2 and claim = $3 and answer is null",
        claimant.profile.0,
        claimant.attempt.scope(),
        claimant.id
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Erases what was answered about somebody or something, and the fingerprints of what was asked. The rows stay for their
/// day: a retry must not bring back what was erased. Answers how many there were.
pub async fn erase(tx: &mut TenantTx, about: &str) -> Result<u64> {
    let done = sqlx::query!("update idempotency set answer = '', fingerprint = '', about = null where about = $1", about)
        .execute(tx.connection())
        .await?;
    Ok(done.rows_affected())
}

/// Removes what was claimed at that time or before.
pub async fn delete_until(tx: &mut TenantTx, then: DateTime<Utc>) -> Result<u64> {
    Ok(sqlx::query!("delete from idempotency where created_at <= $1", then).execute(tx.connection()).await?.rows_affected())
}
