//! Tags: labels of tickets, contracts and customers, in a tree. The skills among them are what routing goes by.

pub mod model;
pub mod routes;
pub mod seed;
pub mod service;
pub mod store;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub use model::TagId;

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(routes::list_tags, routes::create_tag)).routes(routes!(routes::get_tag_tree)).routes(routes!(
        routes::get_tag,
        routes::update_tag,
        routes::delete_tag
    ))
}
