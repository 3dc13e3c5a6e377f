//! Reading one ticket, its customer, a contract's history, and counts.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::version_header;
use crate::{
    App,
    domain::{
        customer::{
            model::{CustomerAnswer, StaleMark},
            routes::{LookupQuery, erp_id, provenance_headers},
        },
        erp_cache::{Freshness, service::Lookup},
        role::Permission,
        ticket::{
            TicketId,
            model::wire::{History, Ticket, TicketStats},
            service::{self, relation},
            store,
        },
    },
    error::{Code, Error, Result},
    http::{
        Caller, Path, Query,
        query::{Flag, Limit, Offset},
    },
};

/// Query of `GET /ticket/{ticketId}`.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShowTicket {
    /// Run the AI again. There is no AI yet, so true is 501.
    #[serde(default)]
    #[param(inline, example = "false")]
    refresh: Flag,
    /// Never ask the ERP for the customer: what is not stored is null.
    #[serde(default)]
    #[param(inline, example = "false")]
    erp_cache_only: Flag,
    /// Whether rawData holds what the sender's system sent along.
    #[serde(default)]
    #[param(inline, example = "false")]
    include_raw_data: Flag,
}

/// A ticket with everything.
///
/// An ERP in trouble does not keep anybody from reading: `customer` is then null, and the header X-Erp-Source says
/// `unavailable`; else it says where the customer came from.
#[utoipa::path(get, path = "/api/mind/ticket/{ticketId}", tag = "ticket", operation_id = "get_ticket",
    params(("ticketId" = i64, Path, description = "Ticket", example = 1), ShowTicket),
    responses((status = 200, description = "The ticket; the header ETag has its version", body = Ticket),
        (status = 501, description = "refresh=true: there is no AI yet", body = crate::error::Problem)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readTicket"))))]
pub async fn get_ticket(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(query): Query<ShowTicket>,
) -> Result<(HeaderMap, axum::Json<Ticket>)> {
    caller.may(Permission::ReadTicket)?;
    if query.refresh.0 {
        return Err(Error::new(Code::NotConfigured, "There is no AI yet that could run again").details("Leave refresh out."));
    }
    let id = TicketId(id);
    let ticket = service::show(&app, &mut app.tenant_read(&caller).await?, id, query.include_raw_data.0).await?;
    let mut ticket = ticket.ok_or_else(|| Error::not_found("Ticket", id))?;
    let mut headers = version_header(&ticket.fields);
    let freshness = if query.erp_cache_only.0 { Freshness::CacheOnly } else { Freshness::Cached };
    match relation::customer_for_reader(&app, &caller, &ticket.fields, freshness).await {
        Ok(Some((customer, provenance))) => {
            headers.extend(provenance_headers(&app, provenance));
            ticket.customer = Some(CustomerAnswer { customer, stale: StaleMark::of(provenance) });
        }
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(ticket = id.0, %error, "a ticket is shown without its customer");
            headers.insert("x-erp-source", HeaderValue::from_static("unavailable"));
        }
    }
    Ok((headers, axum::Json(ticket)))
}

/// Tickets that are not closed, counted.
#[utoipa::path(get, path = "/api/mind/ticket/stats", tag = "ticket", operation_id = "get_ticket_stats",
    responses((status = 200, description = "All of them, and by tag", body = TicketStats)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readTicket"))))]
pub async fn get_ticket_stats(State(app): State<App>, caller: Caller) -> Result<axum::Json<TicketStats>> {
    caller.may(Permission::ReadTicket)?;
    let (total, tags) = store::stats(&mut app.tenant_read(&caller).await?).await?;
    Ok(axum::Json(TicketStats { success: true, total, intents: Vec::new(), groups: Vec::new(), tags }))
}

/// The customer of a ticket.
#[utoipa::path(get, path = "/api/mind/customer/byTicketId/{ticketId}", tag = "customer", operation_id = "get_customer_by_ticket_id",
    params(("ticketId" = i64, Path, description = "Ticket", example = 1), LookupQuery),
    responses((status = 200, description = "The customer with all contracts; emailMatches says whether the sender is on record", body = CustomerAnswer)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readContract")), ("x-erp" = json!(true))))]
pub async fn get_customer_by_ticket_id(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(query): Query<LookupQuery>,
) -> Result<(HeaderMap, axum::Json<CustomerAnswer>)> {
    caller.may(Permission::ReadContract)?;
    let id = TicketId(id);
    let ticket = store::list(&mut app.tenant_read(&caller).await?, &[id.0]).await?.pop();
    let ticket = ticket.ok_or_else(|| Error::not_found("Ticket", id))?;
    let lookup = Lookup::open(&app, caller.tenant, query.freshness()).await?;
    let found = relation::customer(&lookup, &ticket, query.include_raw_data.0).await?;
    let (customer, provenance) = found.ok_or_else(|| {
        Error::not_found("Customer of ticket", id).details("The ticket has neither contract nor customer; set contractId with PATCH.")
    })?;
    Ok((provenance_headers(&app, provenance), axum::Json(CustomerAnswer { customer, stale: StaleMark::of(provenance) })))
}

/// Query of `GET /contract/{contractId}/history`.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShowHistory {
    /// Rows at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// Rows to skip.
    #[serde(default)]
    #[param(inline)]
    offset: Offset,
}

/// What happened with a contract: its tickets, and begin and end of supply.
///
/// Without the permission readContract, or while the ERP has trouble (header X-Erp-Source: unavailable), only tickets.
#[utoipa::path(get, path = "/api/mind/contract/{contractId}/history", tag = "contract", operation_id = "get_contract_history",
    params(("contractId" = String, Path, description = "Contract number", min_length = 1, max_length = 50, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$", example = "746839"), ShowHistory),
    responses((status = 200, description = "A page, newest first", body = History)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readTicket"))))]
pub async fn get_contract_history(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<ShowHistory>,
) -> Result<(HeaderMap, axum::Json<History>)> {
    caller.may(Permission::ReadTicket)?;
    let id = erp_id("contractId", &id)?;
    let mut headers = HeaderMap::new();
    let deliveries = relation::deliveries(&app, &caller, &id).await;
    let known = deliveries.as_ref().ok().cloned().flatten();
    let mut read = app.tenant_read(&caller).await?;
    let history = relation::history(&mut read, &id, known.unwrap_or_default(), query.limit.0, query.offset.0).await?;
    drop(read);
    match deliveries {
        Ok(None) if history.total == 0 => return Err(Error::not_found("Contract", &id)),
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(%error, "a contract's history is shown without what the ERP knows");
            headers.insert("x-erp-source", HeaderValue::from_static("unavailable"));
        }
    }
    Ok((headers, axum::Json(history)))
}
