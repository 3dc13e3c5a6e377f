//! `mind erp-sandbox`.

use std::net::SocketAddr;

use anyhow::Result;
use clap::Args;
use secrecy::SecretString;

use crate::{sandbox, server};

/// Arguments of `mind erp-sandbox`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Key that calls must show in the header x-api-key; none = open to everybody who reaches the address.
    #[arg(long, value_name = "KEY")]
    api_key: Option<SecretString>,
}

/// Serves until told to stop.
pub async fn run(arguments: Arguments) -> Result<()> {
    server::serve_sandbox(arguments.listen, sandbox::Options { api_key: arguments.api_key }).await
}
