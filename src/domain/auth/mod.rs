//! Sign-in, sessions and bearer tokens (`contract/auth.md`).

pub mod model;
pub mod routes;
pub mod service;
pub mod store;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(routes::session::login))
        .routes(routes!(routes::session::get_session, routes::session::delete_session))
        .routes(routes!(routes::token::list_tokens))
        .routes(routes!(routes::token::revoke_token))
        .routes(routes!(routes::token::show_access_token))
        .routes(routes!(routes::token::create_jwt))
}
