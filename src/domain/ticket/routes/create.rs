//! `POST /ticket`.

use axum::{extract::State, http::HeaderMap};
use serde::Deserialize;
use utoipa::IntoParams;

use super::version_header;
use crate::{
    App,
    domain::{
        attachment,
        role::Permission,
        ticket::{
            model::{NewTicket, Process, wire::Ticket},
            service::{self, Arrival},
        },
    },
    error::{Error, Result},
    http::{Caller, Json, Query},
};

/// Query of `POST /ticket`.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CreateTicket {
    /// How to process it; wins over the field of the body.
    #[param(inline, example = "false")]
    process: Option<Process>,
}

/// Turns a message into a ticket.
///
/// A known `externalTicketId` updates its ticket instead. The answer comes after the ticket is stored, whatever `process`
/// says; the customer is not looked up, which `GET /ticket/{ticketId}` does.
#[utoipa::path(post, path = "/api/mind/ticket", tag = "ticket", operation_id = "create_ticket",
    params(CreateTicket),
    request_body = NewTicket,
    responses((status = 200, description = "The ticket; the header ETag has its version", body = Ticket)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateTicket")), ("x-body-optional" = json!(true))))]
pub async fn create_ticket(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<CreateTicket>,
    Json(new): Json<NewTicket>,
) -> Result<(HeaderMap, axum::Json<Ticket>)> {
    caller.may(Permission::UpdateTicket)?;
    let arrival = Arrival::prepare(&app, &caller, new, query.process).await?;
    match store(&app, &caller, &arrival).await {
        Ok(ticket) => Ok((version_header(&ticket.fields), axum::Json(ticket))),
        Err(error) => {
            attachment::service::discard(&app, arrival.files()).await;
            Err(error)
        }
    }
}

async fn store(app: &App, caller: &Caller, arrival: &Arrival) -> Result<Ticket> {
    let mut tx = app.tenant_tx(caller).await?;
    let id = arrival.store(&mut tx, caller.profile, app.now()).await?;
    let ticket = service::show(app, &mut tx, id, false).await?.ok_or_else(|| Error::not_found("Ticket", id))?;
    tx.commit().await?;
    Ok(ticket)
}
