//! Statements about stored copies.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::model::{Copy, Kind};
use crate::{db::TenantTx, error::Result};

/// The copy of one thing as this connection answered it.
pub async fn find(tx: &mut TenantTx, connection: &str, kind: Kind, id: &str) -> Result<Option<Copy>> {
    Ok(sqlx::query_as!(
        Copy,
        "select body, fetched_at, invalidated_at from erp_cache where connection = $1 and kind = $2 and external_id = $3",
        connection,
        kind.as_str(),
        id
    )
    .fetch_optional(tx.connection())
    .await?)
}

/// Keeps an answer. One that was asked for before the copy was declared out of date does not make it current again.
pub async fn upsert(tx: &mut TenantTx, connection: &str, kind: Kind, id: &str, body: &Value, asked_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into erp_cache (connection, kind, external_id, body, fetched_at) values ($1, $2, $3, $4::text::json, $5)
         on conflict (tenant_id, connection, kind, external_id) do update
         set body = excluded.body, fetched_at = excluded.fetched_at,
             invalidated_at = case when erp_cache.invalidated_at > excluded.fetched_at then erp_cache.invalidated_at end",
        connection,
        kind.as_str(),
        id,
        body.to_string(),
        asked_at
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Forgets what the ERP no longer has.
pub async fn delete(tx: &mut TenantTx, connection: &str, kind: Kind, id: &str) -> Result<()> {
    sqlx::query!("delete from erp_cache where connection = $1 and kind = $2 and external_id = $3", connection, kind.as_str(), id)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Declares copies out of date, of every connection: a contract with its customer, a customer with its contracts; all of
/// the tenant when neither is named.
pub async fn invalidate(tx: &mut TenantTx, contract: Option<&str>, customer: Option<&str>, now: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "update erp_cache set invalidated_at = $3
         where invalidated_at is null and (
               ($1::text is null and $2::text is null)
            or (kind = 'contract' and external_id = $1)
            or (kind = 'customer' and (external_id = $2 or body ->> 'id' = $2))
            or (kind = 'customer' and external_id in (
                  select body ->> 'customerId' from erp_cache where kind = 'contract' and external_id = $1))
            or (kind = 'contract' and external_id in (
                  select json_array_elements_text(body -> 'contractIds') from erp_cache
                  where kind = 'customer' and (external_id = $2 or body ->> 'id' = $2) and json_typeof(body -> 'contractIds') = 'array')))",
        contract,
        customer,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected())
}

/// Removes copies too old to stand in for anything. Answers how many went.
pub async fn delete_older_than(tx: &mut TenantTx, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("delete from erp_cache where fetched_at < $1", before).execute(tx.connection()).await?;
    Ok(done.rows_affected())
}
