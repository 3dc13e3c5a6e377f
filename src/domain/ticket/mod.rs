//! Tickets: a message becomes one, people and agents work on it, everything that changes is in the log.

pub mod model;
pub mod routes;
pub mod seed;
pub mod service;
pub mod store;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use model::TicketId;

use crate::App;

/// Bytes of a ticket with its files: 25 MiB and what base64 and JSON add. A ticket may be sent back as it was read.
const TICKET_LIMIT: usize = 40 * 1024 * 1024;

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    let sized = OpenApiRouter::new()
        .routes(routes!(routes::create::create_ticket, routes::change::update_tickets))
        .routes(routes!(routes::show::get_ticket, routes::change::update_ticket));
    OpenApiRouter::new()
        .merge(sized.layer(DefaultBodyLimit::max(TICKET_LIMIT)))
        .routes(routes!(routes::search::search_tickets))
        .routes(routes!(routes::show::get_ticket_stats))
        .routes(routes!(routes::show::get_customer_by_ticket_id))
        .routes(routes!(routes::show::get_contract_history))
}
