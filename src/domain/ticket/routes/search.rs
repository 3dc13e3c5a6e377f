//! `POST /ticket/search`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    App,
    domain::{
        role::Permission,
        ticket::{
            model::{
                search::{SearchTickets, TicketScope},
                wire::TicketPage,
            },
            service,
        },
    },
    error::Result,
    http::{Caller, Json, Query},
};

/// Query of `POST /ticket/search`.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchScope {
    /// Which tickets are meant at all; wins over the field of the body.
    #[param(inline, example = "skills")]
    ticket_scope: Option<TicketScope>,
}

/// Finds tickets.
///
/// Going on with `nextCursor` shows every ticket once that was there at the first page and whose place did not change,
/// whatever others write meanwhile.
#[utoipa::path(post, path = "/api/mind/ticket/search", tag = "ticket", operation_id = "search_tickets",
    params(SearchScope),
    request_body = SearchTickets,
    responses((status = 200, description = "A page", body = TicketPage)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readTicket")), ("x-body-optional" = json!(true))))]
pub async fn search_tickets(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<SearchScope>,
    Json(body): Json<SearchTickets>,
) -> Result<axum::Json<TicketPage>> {
    caller.may(Permission::ReadTicket)?;
    let search = body.read(query.ticket_scope)?;
    Ok(axum::Json(service::search::page(&app, &caller, &search).await?))
}
