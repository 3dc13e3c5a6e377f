//! Tickets as they are stored, changed and shown (`contract/ticket.md`).

pub mod input;
pub mod search;
pub mod value;
pub mod wire;
pub mod work;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use input::{NewTicket, TicketPatch};
pub use value::{AiSupportLevel, Channel, Direction, Priority, Process, SpamStatus, Status};
pub use work::Work;

/// Id of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[sqlx(transparent)]
#[schema(example = 376_189)]
pub struct TicketId(pub i64);

impl std::fmt::Display for TicketId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
