//! Reports of ERPs that something changed. Only ids are read from them; what they are about is fetched again, once for many
//! reports, so that a forged one can at most cause a fetch.

pub mod jobs;
pub mod model;
pub mod routes;
pub mod service;
pub mod store;

use axum::{Router, extract::DefaultBodyLimit, routing::post};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Largest report.
const MOST_BYTES: usize = 1_048_576;

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    let receiving = OpenApiRouter::new()
        .routes(routes!(routes::receive_powercloud_webhook))
        .routes(routes!(routes::receive_lynqtech_webhook))
        .layer(DefaultBodyLimit::max(MOST_BYTES));
    receiving.routes(routes!(routes::list_dead_letters)).routes(routes!(routes::replay_dead_letter))
}

/// The same receivers at the root, where some systems look for them.
pub fn at_root() -> Router<App> {
    Router::new()
        .route("/webhook/powercloud", post(routes::receive_powercloud_webhook))
        .route("/webhook/lynqtech", post(routes::receive_lynqtech_webhook))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
}
