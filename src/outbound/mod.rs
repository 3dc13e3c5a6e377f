//! The one way out of the process: ERP, language models and webhooks are called through [`Outbound`].
//!
//! Addresses come from tenants' settings, so every target is checked: scheme, literal address, each address its name
//! resolves to at the moment of connecting, and again on every redirect. What is not in the public Internet is refused
//! unless the operator listed host and port in `MIND_OUTBOUND_ALLOW`. Time, redirects and the size of the answer have
//! limits, and nothing of a request ever shows in an error or in `Debug`.

pub mod address;
pub mod allow;
pub mod client;
pub mod error;
pub mod message;
mod redirect;
mod resolver;

pub use allow::{AllowList, AllowListError};
pub use client::Outbound;
pub use error::OutboundError;
pub use message::{DEFAULT_MAX_BODY, OutboundRequest, OutboundResponse};
