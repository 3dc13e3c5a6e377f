//! Whether the server lives, whether it is ready for requests, and which version it is. None needs a credential.

pub mod routes;

use axum::{Router, routing::get};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// The same at the root, where load balancers look. Not part of the spec.
pub fn at_root() -> Router<App> {
    Router::new()
        .route("/health", get(routes::get_health))
        .route("/health/ready", get(routes::get_readiness))
        .route("/version", get(routes::get_version))
}

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(routes::get_health)).routes(routes!(routes::get_readiness)).routes(routes!(routes::get_version))
}
