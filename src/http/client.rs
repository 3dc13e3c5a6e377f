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
        // On a dual-stack listener an IPv4 client comes as ::ffff:a.b.c.d.
        let peer =
            parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip().to_canonical());
        let own_host = || text(parts, header::HOST.as_str()).or_else(|| authority(&parts.uri)).unwrap_or_default();
        if !is_trusted(peer, trusted) {
            return Self { address: peer, host: own_host() };
        }
        let headers = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = headers.flat_map(|value| value.split(',')).collect();
        let mut address = peer;
        // From the right: what stands left of the first stranger, or of something that is no address, was written by
        // somebody else.
        for hop in hops.iter().rev() {
            let Some(hop) = hop_address(hop.trim()) else { break };
            address = hop;
            if !is_trusted(hop, trusted) {
                break;
            }
        }
        let forwarded = text(parts, "x-forwarded-host").and_then(|list| list.rsplit(',').next().map(|host| host.trim().to_owned()));
        Self { address, host: forwarded.unwrap_or_else(own_host) }
    }
}

/// `1.2.3.4`, `1.2.3.4:5`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:5`.
fn hop_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip())).map(|ip| ip.to_canonical())
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
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
    fn ports_are_no_difference_and_nonsense_ends_the_list() {
        let address = |list: &str| client("10.0.0.1", &[("x-forwarded-for", list)], &["10.0.0.0/8"]).address.to_string();
        assert_eq!(address("6.6.6.6, 203.0.113.9:4711"), "203.0.113.9");
        assert_eq!(address("6.6.6.6, nonsense"), "10.0.0.1");
        assert_eq!(address("6.6.6.6, [2001:db8::1]:5"), "2001:db8::1");
        assert_eq!(client("::ffff:203.0.113.1", &[], &[]).address.to_string(), "203.0.113.1");
    }

    #[test]
    fn behind_own_proxies_the_last_stranger_is_the_client() {
        let found = client("10.0.0.1", &FORWARDED, &["10.0.0.0/8"]);
        assert_eq!(found, Client { address: "203.0.113.9".parse().unwrap(), host: "other.example".into() });
    }
}
