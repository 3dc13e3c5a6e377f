//! Stub.
use crate::{db::TenantTx, domain::ticket::TicketId, error::Result};
use chrono::{DateTime, Utc};
/// s
pub async fn insert(_: &mut TenantTx, _: TicketId, _: &[super::service::Prepared], _: DateTime<Utc>) -> Result<usize> {
    Ok(0)
}
