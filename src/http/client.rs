//! Who is at the other end of the connection, and under which host they reached us. `X-Forwarded-*` counts only from the
//! operator's own proxies.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{Uri, header, request::Parts},
};
use ipnet::IpNet;

/// The other end of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Address of the client, behind trusted proxies.
    pub address: IpAddr,
    /// Host and port as the client wrote them; empty when it sent none.
    pub host: String,
}

impl Client {
    /// Reads connection and headers.
    pub fn of(parts: &Parts, trusted: &[IpNet]) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        let own_host = || text(parts, header::HOST.as_str()).or_else(|| authority(&parts.uri)).unwrap_or_default();
        if !is_trusted(peer, trusted) {
            return Self { address: peer, host: own_host() };
        }
        let hops: Vec<IpAddr> = parts
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|hop| hop.trim().parse().ok())
            .collect();
        // From the right: what stands left of the first stranger was written by that stranger.
        let address = hops.iter().rev().copied().find(|hop| !is_trusted(*hop, trusted)).unwrap_or(peer);
        Self { address, host: text(parts, "x-forwarded-host").unwrap_or_else(own_host) }
    }
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|net| net.contains(&address))
}

fn text(parts: &Parts, name: &str) -> Option<String> {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn authority(uri: &Uri) -> Option<String> {
    uri.authority().map(|authority| authority.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn client(peer: &str, headers: &[(&str, &str)], trusted: &[&str]) -> Client {
        let mut request = Request::builder().uri("/").header("host", "mind.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        Client::of(&parts, &trusted.iter().map(|net| net.parse().unwrap()).collect::<Vec<_>>())
    }

    const FORWARDED: [(&str, &str); 2] = [("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.2"), ("x-forwarded-host", "other.example")];

    #[test]
    fn a_stranger_cannot_name_another_address_or_host() {
        let found = client("203.0.113.1", &FORWARDED, &["10.0.0.0/8"]);
        assert_eq!(found, Client { address: "203.0.113.1".parse().unwrap(), host: "mind.example".into() });
    }

    #[test]
    fn behind_own_proxies_the_last_stranger_is_the_client() {
        let found = client("10.0.0.1", &FORWARDED, &["10.0.0.0/8"]);
        assert_eq!(found, Client { address: "203.0.113.9".parse().unwrap(), host: "other.example".into() });
    }
}
