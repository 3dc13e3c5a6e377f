//! What a tenant can configure: a typed catalogue in code, values in the database, effective on every node within a
//! second.

pub mod model;
pub mod routes;
pub mod service;
pub mod store;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub use service::Settings;

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(routes::list_settings, routes::update_settings))
        .routes(routes!(routes::get_compact_settings))
        .routes(routes!(routes::get_settings_category))
        .routes(routes!(routes::search_settings))
        .routes(routes!(routes::update_setting))
}
