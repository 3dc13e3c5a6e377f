//! Statements about events.

use chrono::{DateTime, Utc};

use super::NewEvent;
use crate::{db::TenantTx, error::Result};

/// Appends an event to the log of the transaction's tenant.
pub async fn append(tx: &mut TenantTx, event: &NewEvent, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into event (type, data, created_by, created_at) values ($1, $2::text::json, $3, $4)",
        event.kind,
        event.data.to_string(),
        event.created_by.map(|id| id.0),
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
