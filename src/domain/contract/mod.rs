//! Supply contracts, as the ERP knows them.

pub mod model;
pub mod routes;
pub mod service;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(routes::search_contracts)).routes(routes!(routes::get_contract))
}
