//! **mind**: a multi-tenant REST backend for AI customer service in the energy market, HTTP-compatible with Enneo's
//! "mind" API.
//!
//! Two words locate any line: which *domain* (the URL noun, below [`domain`]) and which *role* (`mod`, `model`,
//! `routes`, `store`, `service`, `jobs`, `seed`). A request enters by [`router`], is given a caller and typed input by
//! [`http`], decides in a `model`, reads through a [`db::TenantRead`], writes through a [`db::TenantTx`], and leaves as an answer or an [`error::Error`].
//! Upstream systems are behind [`erp`]; whatever leaves the process goes through [`outbound`].

pub mod app;
pub mod bench;
pub mod cli;
pub mod config;
pub mod db;
pub mod domain;
pub mod erp;
pub mod error;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod outbound;
pub mod router;
pub mod sandbox;
pub mod secret;
pub mod server;
pub mod storage;

pub use app::App;
pub use error::{Error, Result};
