//! Endpoints of sign-in and tokens.

pub mod session;
pub mod token;
