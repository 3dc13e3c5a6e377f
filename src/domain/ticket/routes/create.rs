//! `POST /ticket`.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::version_header;
use crate::{
    App,
    domain::{
        idempotency::{Answer, Claim, Finished},
        role::Permission,
        ticket::{
            model::{NewTicket, Process, wire::Ticket},
            service::{self, Arrival},
        },
    },
    error::{Error, Result},
    http::{
        Caller, Query,
        idempotency::{IdempotencyHeader, Keyed},
    },
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
    params(CreateTicket, IdempotencyHeader),
    request_body = NewTicket,
    responses((status = 200, description = "The ticket; the header ETag has its version", body = Ticket)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateTicket")), ("x-body-optional" = json!(true))))]
pub async fn create_ticket(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<CreateTicket>,
    Keyed(once, new): Keyed<NewTicket>,
) -> Result<Response> {
    caller.may(Permission::UpdateTicket)?;
    once.run(&app, &caller, async |claim| {
        let arrival = Arrival::prepare(&app, caller.tenant, new, query.process).await?;
        store(&app, &caller, &arrival, claim).await
    })
    .await
}

async fn store(app: &App, caller: &Caller, arrival: &Arrival, claim: Claim) -> Result<Finished> {
    let mut tx = app.tenant_tx(caller).await?;
    let arrived = arrival.store(&mut tx, caller.profile, app.now()).await?;
    let id = arrived.id;
    let ticket = service::show(app, &mut tx, id, false).await?.ok_or_else(|| Error::not_found("Ticket", id))?;
    let mut answer = Answer::json(&ticket)?.about(format!("ticket/{id}"));
    for (name, value) in &version_header(&ticket.fields) {
        answer = answer.header(name.as_str(), value.to_str().unwrap_or_default());
    }
    let finished = claim.finish(&mut tx, answer).await?;
    arrival.keep_files(&arrived);
    tx.commit().await?;
    Ok(finished)
}
