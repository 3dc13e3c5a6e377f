//! Tickets: what customers ask and what is done about it.

pub mod seed;
pub mod store;
