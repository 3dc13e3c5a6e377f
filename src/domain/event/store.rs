//! Statements about events.

use chrono::{DateTime, Utc};

use super::NewEvent;
use crate::{db::TenantTx, error::Result};

/// Appends an event to the log of the transaction's tenant.
pub async fn append(tx: &mut TenantTx, event: &NewEvent, now: DateTime<Utc>) -> Result<()> {
    append_all(tx, std::slice::from_ref(event), now).await
}

/// Appends events in their order, in one statement.
pub async fn append_all(tx: &mut TenantTx, events: &[NewEvent], now: DateTime<Utc>) -> Result<()> {
    let kinds: Vec<&str> = events.iter().map(|event| event.kind).collect();
    let data: Vec<String> = events.iter().map(|event| event.data.to_string()).collect();
    let by: Vec<Option<i64>> = events.iter().map(|event| event.created_by.map(|id| id.0)).collect();
    let tickets: Vec<Option<i64>> = events.iter().map(|event| event.ticket).collect();
    let contracts: Vec<Option<&str>> = events.iter().map(|event| event.contract.as_deref()).collect();
    sqlx::query!(
        "insert into event (type, data, created_by, ticket_id, contract_id, created_at)
         select e.type, e.data::json, e.created_by, e.ticket_id, e.contract_id, $6
         from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) as e (type, data, created_by, ticket_id, contract_id)",
        &kinds as &[&str],
        &data,
        &by as &[Option<i64>],
        &tickets as &[Option<i64>],
        &contracts as &[Option<&str>],
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
