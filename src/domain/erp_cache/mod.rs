//! Look-ups in the tenant's ERP with a cache in front: memory for a second, Postgres for minutes, and a stale copy, marked
//! as such, while the ERP has trouble.

pub mod model;
pub mod service;
pub mod store;

pub use model::{Freshness, Source};
