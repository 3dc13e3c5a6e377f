//! The API's description, an explorer for it, and the start page.

pub mod routes;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Routes of this domain that are part of the spec.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(routes::get_openapi_yaml))
}
