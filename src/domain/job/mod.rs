//! Work that outlives a request, as rows: written in the transaction that causes it. `crate::jobs` runs it.

pub mod model;
pub mod store;

pub use model::{Claimed, JobId};
