//! Whether the server lives, whether it is ready for requests, and which version it is. None needs a credential.

pub mod routes;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(routes::get_health)).routes(routes!(routes::get_readiness)).routes(routes!(routes::get_version))
}
