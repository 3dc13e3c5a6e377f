//! One folder per noun of the API. Inside, the file name is the role of the code (see the crate's documentation).

pub mod attachment;
pub mod auth;
pub mod contract;
pub mod customer;
pub mod docs;
pub mod erp;
pub mod erp_cache;
pub mod event;
pub mod health;
pub mod idempotency;
pub mod job;
pub mod profile;
pub mod role;
pub mod settings;
pub mod tag;
pub mod tenant;
pub mod ticket;
pub mod validation;
pub mod webhook;
