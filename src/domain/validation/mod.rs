//! Checks single values that people type: numbers of the energy market, accounts, postal codes, phone numbers, addresses.

pub mod model;
pub mod routes;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(routes::validate_value))
}
