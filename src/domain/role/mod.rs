//! Roles and the permissions they are made of. Denied unless granted.

pub mod model;
pub mod store;

pub use model::{Permission, Permissions};
