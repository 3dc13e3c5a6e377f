//! Files that came with messages. Their bytes lie in the object store, behind links that are signed and end.

pub mod model;
pub mod routes;
pub mod service;
pub mod store;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub use model::{Attachment, AttachmentId, NewAttachment};

/// Routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(routes::show_attachment))
}
