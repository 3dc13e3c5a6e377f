//! The log of what happened: appended in the transaction that made it happen, never edited.

pub mod model;
pub mod routes;
pub mod store;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub use model::NewEvent;

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(routes::search_events)).routes(routes!(routes::get_event))
}
