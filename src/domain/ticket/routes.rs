//! `/ticket/*`, and what other nouns say about tickets.

pub mod change;
pub mod create;
pub mod search;
pub mod show;

use axum::http::{HeaderMap, header};

use super::model::wire::TicketFields;
use crate::http::precondition::etag;

/// The version a ticket is answered in.
fn version_header(ticket: &TicketFields) -> HeaderMap {
    HeaderMap::from_iter([(header::ETAG, etag(ticket.id, ticket.version))])
}
