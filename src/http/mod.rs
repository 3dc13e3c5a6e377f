//! What handlers share: who calls, typed input with precise errors, and the middleware around them.

pub mod caller;
mod choice;
pub mod client;
pub mod cors;
pub mod date;
pub mod filter;
pub mod idempotency;
pub mod input;
pub mod limits;
pub mod openapi;
pub mod precondition;
pub mod query;
pub mod success;
pub mod text;
pub mod transaction;
pub mod whole;

pub use caller::Caller;
pub(crate) use choice::choice;
pub use input::{AnyJson, Form, Json, Path, Query};
pub use precondition::IfMatch;
pub use success::Success;
pub use text::Text;
pub use whole::Whole;
