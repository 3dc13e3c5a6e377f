//! Statements about stored copies.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::model::{Copy, Kind};
use crate::{
    db::{InTenant, TenantTx},
    error::Result,
};

/// The copy of one thing as this connection answered it, and how often the tenant's copies have been declared out of date.
pub async fn find(tx: &mut impl InTenant, connection: &str, kind: Kind, id: &str) -> Result<(Option<Copy>, i64)> {
    let row = sqlx::query!(
        r#"select c.body as "body?: Value", c.fetched_at as "fetched_at?", c.invalidated_at, e.epoch as "epoch?"
           from (values (1)) one
           left join erp_cache c on c.connection = $1 and c.kind = $2 and c.external_id = $3
           left join erp_cache_epoch e on true"#,
        connection,
        kind.as_str(),
        id
    )
    .fetch_one(tx.connection())
    .await?;
    let copy = match (row.body, row.fetched_at) {
        (Some(body), Some(fetched_at)) => Some(Copy { body, fetched_at, invalidated_at: row.invalidated_at }),
        _ => None,
    };
    Ok((copy, row.epoch.unwrap_or_default()))
}

/// How often the tenant's copies have been declared out of date.
pub async fn find_epoch(tx: &mut TenantTx) -> Result<i64> {
    Ok(sqlx::query_scalar!("select epoch from erp_cache_epoch").fetch_optional(tx.connection()).await?.unwrap_or_default())
}

/// An answer about to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewCopy<'a> {
    /// Fingerprint of the connection.
    pub connection: &'a str,
    /// What it is.
    pub kind: Kind,
    /// The number it was asked for.
    pub id: &'a str,
    /// The normalised thing.
    pub body: &'a Value,
    /// When the ERP was asked.
    pub asked_at: DateTime<Utc>,
    /// Whether it still counts as current.
    pub current: bool,
}

/// Keeps an answer, unless a later one is there already.
pub async fn upsert(tx: &mut TenantTx, copy: &NewCopy<'_>) -> Result<()> {
    let text = |key: &str| match &copy.body[key] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    sqlx::query!(
        "insert into erp_cache (connection, kind, external_id, own_id, customer_id, body, fetched_at, invalidated_at)
         values ($1, $2, $3, $4, $5, $6::text::json, $7, $8)
         on conflict (tenant_id, connection, kind, external_id) do update
         set own_id = excluded.own_id, customer_id = excluded.customer_id, body = excluded.body,
             fetched_at = excluded.fetched_at, invalidated_at = excluded.invalidated_at
         where erp_cache.fetched_at <= excluded.fetched_at",
        copy.connection,
        copy.kind.as_str(),
        copy.id,
        text("id").unwrap_or_else(|| copy.id.to_owned()),
        text("customerId"),
        // As text: sqlx sends JSON as jsonb, which would spell 1e308 out in digits that cannot be read back.
        copy.body.to_string(),
        copy.asked_at,
        (!copy.current).then_some(copy.asked_at)
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Forgets what the ERP no longer has, unless it gave it later than this answer was asked for.
pub async fn delete(tx: &mut TenantTx, connection: &str, kind: Kind, id: &str, asked_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "delete from erp_cache where connection = $1 and kind = $2 and external_id = $3 and fetched_at <= $4",
        connection,
        kind.as_str(),
        id,
        asked_at
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Until the end of the transaction no copy of the tenant is declared out of date.
pub async fn lock_against_invalidation(tx: &mut TenantTx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock_shared(hashtextextended('erp_cache', current_tenant()))").fetch_one(tx.connection()).await?;
    Ok(())
}

/// Declares copies out of date, of every connection: a contract with its customer, a customer with its contracts, under
/// whichever number they are stored; all of the tenant when neither is named.
pub async fn invalidate(tx: &mut TenantTx, contract: Option<&str>, customer: Option<&str>, now: DateTime<Utc>) -> Result<u64> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('erp_cache', current_tenant()))").fetch_one(tx.connection()).await?;
    sqlx::query!("insert into erp_cache_epoch (epoch) values (1) on conflict (tenant_id) do update set epoch = erp_cache_epoch.epoch + 1")
        .execute(tx.connection())
        .await?;
    if contract.is_none() && customer.is_none() {
        let done =
            sqlx::query!("update erp_cache set invalidated_at = $1 where invalidated_at is null", now).execute(tx.connection()).await?;
        return Ok(done.rows_affected());
    }
    mark(tx, contract, customer, now).await
}

/// Marks copies as out of date and leaves it at that: an answer that is on its way may still count as current. For who
/// brings a newer one in the same transaction.
pub async fn mark(tx: &mut TenantTx, contract: Option<&str>, customer: Option<&str>, now: DateTime<Utc>) -> Result<u64> {
    // Each arm has an index of its own; one condition with `or` would read every row of the tenant.
    let done = sqlx::query!(
        "with named as (
             select $2::text as number where $2::text is not null
             union select customer_id from erp_cache where kind = 'contract' and external_id = $1 and customer_id is not null
         ), numbers as (
             select number from named
             union select c.own_id from named n join erp_cache c on c.kind = 'customer' and c.external_id = n.number
             union select c.external_id from named n join erp_cache c on c.kind = 'customer' and c.own_id = n.number
         ), hits as (
             select connection, kind, external_id from erp_cache where kind = 'contract' and external_id = $1
             union select c.connection, c.kind, c.external_id from numbers n join erp_cache c on c.kind = 'customer' and c.external_id = n.number
             union select c.connection, c.kind, c.external_id from numbers n join erp_cache c on c.kind = 'customer' and c.own_id = n.number
             union select c.connection, c.kind, c.external_id from numbers n join erp_cache c on c.customer_id = n.number where $2::text is not null
             union select k.connection, k.kind, k.external_id
                   from numbers n join erp_cache c on c.kind = 'customer' and c.external_id = n.number
                   cross join lateral json_array_elements_text(
                       case when json_typeof(c.body -> 'contractIds') = 'array' then c.body -> 'contractIds' else '[]' end) listed (id)
                   join erp_cache k on k.kind = 'contract' and k.external_id = listed.id
                   where $2::text is not null
         )
         update erp_cache e set invalidated_at = $3
         from hits h
         where e.connection = h.connection and e.kind = h.kind and e.external_id = h.external_id and e.invalidated_at is null",
        contract,
        customer,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected())
}

/// Removes copies too old to be served. Answers how many went.
pub async fn delete_older_than(tx: &mut TenantTx, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("delete from erp_cache where fetched_at < $1", before).execute(tx.connection()).await?;
    Ok(done.rows_affected())
}
