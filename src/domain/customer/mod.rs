//! Customers of the utility, as its ERP knows them.

pub mod model;
pub mod routes;
pub mod service;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(routes::get_customer_by_contract_id))
        .routes(routes!(routes::get_customer_by_customer_id))
        .routes(routes!(routes::search_customers))
        .routes(routes!(routes::invalidate_cache))
}
