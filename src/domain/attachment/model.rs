//! Stub.
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
/// s
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Attachment {
    /// s
    pub id: String,
}
/// s
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewAttachment {
    /// s
    pub name: String,
}
