//! Name resolution that knows only public addresses.
//!
//! The check sits inside the connector: the addresses that were checked are the ones that are dialled. A name that
//! answers differently a moment later (DNS rebinding) is therefore checked again, not trusted.

use std::{io, net::SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;

/// A name that resolves, but to no public address.
#[derive(Debug, thiserror::Error)]
#[error("{}", Self::REASON)]
pub(super) struct NotPublic;

impl NotPublic {
    /// The words for a name and for a literal address alike, so that the answer does not map the internal network.
    pub(super) const REASON: &'static str = "its address is not in the public Internet and not on the allow-list";
}

/// Why a name gave no address to dial.
#[derive(Debug)]
pub(super) enum Unresolved {
    /// Every address was filtered out.
    NotPublic,
    /// The name server has none.
    Unknown(io::Error),
}

/// The public addresses of `name`, at least one.
pub(super) async fn public_addresses(name: &str) -> Result<Vec<SocketAddr>, Unresolved> {
    let addresses = tokio::net::lookup_host((name, 0)).await.map_err(Unresolved::Unknown)?;
    let public: Vec<_> = addresses.filter(|address| is_public(address.ip())).collect();
    if public.is_empty() { Err(Unresolved::NotPublic) } else { Ok(public) }
}

/// The resolver of the client that may reach public addresses only.
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            match public_addresses(name.as_str()).await {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(Unresolved::NotPublic) => Err(NotPublic.into()),
                Err(Unresolved::Unknown(error)) => Err(error.into()),
            }
        })
    }
}
