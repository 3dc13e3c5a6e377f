//! `PATCH /ticket` and `PATCH /ticket/{ticketId}`.

use axum::{extract::State, http::HeaderMap};
use serde::Deserialize;
use utoipa::IntoParams;

use super::version_header;
use crate::{
    App,
    domain::{
        role::Permission,
        ticket::{
            TicketId,
            model::{
                TicketPatch,
                input::TicketItem,
                wire::{ChangedTicket, ChangedTickets},
            },
            service,
        },
    },
    error::{Error, Result},
    http::{AnyJson, Caller, Path, Query, precondition::IfMatch, query::Flag},
};

/// Query of the changing calls.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeQuery {
    /// Whether the change counts as work on the ticket; it does unless told.
    #[param(inline, example = "true")]
    include_in_worklog: Option<Flag>,
}

impl ChangeQuery {
    fn in_worklog(self) -> bool {
        self.include_in_worklog.is_none_or(|flag| flag.0)
    }
}

/// Changes a ticket.
///
/// With `If-Match`, only the version that the caller has seen: another one is 412.
#[utoipa::path(patch, path = "/api/mind/ticket/{ticketId}", tag = "ticket", operation_id = "update_ticket",
    params(("ticketId" = i64, Path, description = "Ticket", example = 1), ChangeQuery, IfMatch),
    request_body = TicketPatch,
    responses((status = 200, description = "The ticket after the change; the header ETag has its version", body = ChangedTicket)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateTicket"))))]
pub async fn update_ticket(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(query): Query<ChangeQuery>,
    seen: IfMatch,
    AnyJson(body): AnyJson,
) -> Result<(HeaderMap, axum::Json<ChangedTicket>)> {
    caller.may(Permission::UpdateTicket)?;
    let patch = TicketPatch::read(body, "").map_err(Error::invalid)?;
    let id = TicketId(id);
    let mut tx = app.tenant_tx(&caller).await?;
    service::change(&mut tx, id, &patch, &seen, caller.profile, query.in_worklog(), app.now()).await?;
    let ticket = service::show(&app, &mut tx, id, false).await?.ok_or_else(|| Error::not_found("Ticket", id))?;
    tx.commit().await?;
    Ok((version_header(&ticket.fields), axum::Json(ChangedTicket { success: true, ticket })))
}

/// Changes up to 1,000 tickets.
///
/// An item that names an unknown ticket, tag or profile is listed in `failed`; all others are changed, together.
#[utoipa::path(patch, path = "/api/mind/ticket", tag = "ticket", operation_id = "update_tickets",
    params(ChangeQuery),
    request_body(content = Vec<TicketItem>, description = "At most 1,000", example = json!([{"id": 1, "status": "closed"}])),
    responses((status = 200, description = "What was changed and what was not", body = ChangedTickets)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateTicket"))))]
pub async fn update_tickets(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ChangeQuery>,
    AnyJson(body): AnyJson,
) -> Result<axum::Json<ChangedTickets>> {
    caller.may(Permission::UpdateTicket)?;
    let items = TicketItem::read_all(body)?;
    let mut tx = app.tenant_tx(&caller).await?;
    let (done, failed) = service::change_all(&mut tx, &items, caller.profile, query.in_worklog(), app.now()).await?;
    let tickets = service::list(&mut tx, &done).await?.into_iter().map(Into::into).collect();
    tx.commit().await?;
    Ok(axum::Json(ChangedTickets { success: true, tickets, failed }))
}
