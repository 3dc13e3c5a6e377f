//! One test binary: everything shares one Postgres, one support module, and one link step.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop there")]

mod api {
    pub mod attachment;
    mod auth;
    mod contract;
    mod customer;
    mod docs;
    mod erp;
    mod errors;
    mod event;
    mod health;
    mod idempotency;
    mod profile;
    mod settings;
    mod tag;
    mod ticket;
    mod validation;
    pub mod webhook;
}
mod architecture;
mod cli;
mod config;
mod crash;
mod embedded;
mod erp {
    mod custom;
    mod lynqtech;
    mod powercloud;
}
mod isolation;
mod migrations;
mod openapi;
mod outbound;
mod plan;
mod sandbox;
mod support;
