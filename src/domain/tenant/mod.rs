//! Tenants: utilities on one installation. Every row belongs to exactly one.

pub mod model;
pub mod service;
pub mod store;

pub use model::{Slug, Tenant, TenantId};
