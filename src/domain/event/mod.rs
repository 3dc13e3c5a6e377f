//! The log of what happened: appended in the transaction that made it happen, never edited.

pub mod model;
pub mod store;

pub use model::NewEvent;
