//! Stub.
use super::model::*;
use crate::{
    App,
    db::TenantTx,
    domain::{tenant::TenantId, ticket::TicketId},
    error::Result,
};
/// s
#[derive(Debug)]
pub struct Prepared;
/// s
pub async fn prepare(_: &App, _: TenantId, _: Vec<NewAttachment>) -> Result<Vec<Prepared>> {
    Ok(vec![])
}
/// s
pub async fn discard(_: &App, _: &[Prepared]) {}
/// s
pub async fn list(_: &App, _: &mut TenantTx, _: TicketId) -> Result<Vec<Attachment>> {
    Ok(vec![])
}
