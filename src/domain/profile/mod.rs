//! People and service workers of a tenant.

pub mod model;
pub mod routes;
pub mod store;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub use model::ProfileId;

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(routes::get_profile)).routes(routes!(routes::list_profiles))
}
