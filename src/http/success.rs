//! The answer of calls that have nothing to tell.

use serde::Serialize;
use utoipa::ToSchema;

/// An answer that says nothing but that it is done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Success {
    /// Always true.
    pub success: bool,
}
