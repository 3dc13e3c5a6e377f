//! The client: route, send, follow, read within limits.

use std::time::{Duration, Instant};

use reqwest::{
    Client, Response,
    header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE},
};
use tokio_util::bytes::BytesMut;
use url::{Host, Url};

use super::{
    AllowList, OutboundError, OutboundRequest, OutboundResponse, address, redirect,
    resolver::{self, NotPublic, PublicOnly, Unresolved},
};

const RESOLVE_LIMIT: Duration = Duration::from_secs(3);
const POOL_IDLE_LIMIT: Duration = Duration::from_secs(30);
const POOL_IDLE_PER_HOST: usize = 16;

/// Headers that describe the connection. The client writes them; a caller's copy could contradict the message.
const FRAMING: [HeaderName; 7] = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE, TE, TRAILER];

/// The process's one way out.
///
/// Two clients share no connection: one can reach public addresses only, because its resolver knows no others; the
/// other serves exactly the pairs of host and port on the allow-list.
#[derive(Debug)]
pub struct Outbound {
    allow: AllowList,
    public: Client,
    listed: Client,
}

/// Which of the two clients a URL gets.
enum Route {
    /// Public addresses only.
    Public,
    /// On the allow-list, any address.
    Listed,
}

impl Outbound {
    /// Builds the clients. `connect_timeout` covers name resolution, TCP and TLS of one connection.
    ///
    /// Fails with [`OutboundError::Setup`], for instance when the machine has no root certificates.
    pub fn new(allow: AllowList, connect_timeout: Duration) -> Result<Self, OutboundError> {
        // `main` installs the provider; whoever comes second is told that one is there, which is fine.
        rustls::crypto::ring::default_provider().install_default().ok();
        let build = |client: reqwest::ClientBuilder| {
            client
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .connect_timeout(connect_timeout)
                .tcp_nodelay(true)
                .pool_idle_timeout(POOL_IDLE_LIMIT)
                .pool_max_idle_per_host(POOL_IDLE_PER_HOST)
                .user_agent(concat!("mind/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| OutboundError::Setup { reason: error.to_string() })
        };
        Ok(Self { allow, public: build(Client::builder().dns_resolver(PublicOnly))?, listed: build(Client::builder())? })
    }

    /// Tells whether `url` may be called, for the moment a setting is saved. Sends nothing to the target; resolves
    /// its name within 3 s. Passing does not replace the check in [`Self::send`], which looks again.
    pub async fn check(&self, url: &Url) -> Result<(), OutboundError> {
        let (Route::Public, Some(Host::Domain(name))) = (route(url, &self.allow)?, url.host()) else { return Ok(()) };
        match tokio::time::timeout(RESOLVE_LIMIT, resolver::public_addresses(name)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(Unresolved::NotPublic)) => Err(OutboundError::Refused { reason: NotPublic::REASON }),
            Ok(Err(Unresolved::Unknown(_))) => Err(OutboundError::Resolve),
            Err(_) => Err(OutboundError::Timeout { after: RESOLVE_LIMIT }),
        }
    }

    /// Whether the operator listed the URL's host and port.
    pub fn is_listed(&self, url: &Url) -> bool {
        self.allow.contains(url)
    }

    /// Sends one request and reads the whole answer. Every status is an answer; at most 3 redirects are followed.
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let started = Instant::now();
        let after = request.timeout;
        let result = tokio::time::timeout(after, self.follow(request)).await.unwrap_or(Err(OutboundError::Timeout { after }));
        let outcome = match &result {
            Ok(response) => status_class(response.status.as_u16()),
            Err(error) => error.outcome(),
        };
        metrics::counter!("mind_outbound_requests_total", "outcome" => outcome).increment(1);
        metrics::histogram!("mind_outbound_duration_seconds").record(started.elapsed().as_secs_f64());
        result
    }

    async fn follow(&self, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let OutboundRequest { method, mut url, mut headers, body, max_body, allow, timeout: _ } = request;
        let allow = allow.as_ref().unwrap_or(&self.allow);
        for name in FRAMING {
            headers.remove(name);
        }
        for _ in 0..=redirect::MAX_REDIRECTS {
            let client = match route(&url, allow)? {
                Route::Public => &self.public,
                Route::Listed => &self.listed,
            };
            let mut hop = client.request(method.clone(), url.clone()).headers(headers.clone());
            if let Some(body) = &body {
                hop = hop.body(body.clone());
            }
            let response = hop.send().await.map_err(|error| OutboundError::from_reqwest(&error))?;
            let Some(next) = redirect::target(&method, &url, response.status(), response.headers())? else {
                return read(response, max_body).await;
            };
            if next.origin() != url.origin() {
                redirect::drop_credentials(&mut headers);
            }
            url = next;
        }
        Err(OutboundError::Redirect { reason: "there are more than 3 in a row" })
    }
}

/// How `url` may be called. Literal addresses are judged here because they never reach the resolver.
fn route(url: &Url, allow: &AllowList) -> Result<Route, OutboundError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(OutboundError::InvalidUrl { reason: "only http and https are allowed" });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OutboundError::InvalidUrl { reason: "it must not contain a user or a password" });
    }
    if allow.contains(url) {
        return Ok(Route::Listed);
    }
    let public = match url.host() {
        None => return Err(OutboundError::InvalidUrl { reason: "it has no host" }),
        Some(Host::Domain(_)) => true,
        Some(Host::Ipv4(address)) => address::is_public(address.into()),
        Some(Host::Ipv6(address)) => address::is_public(address.into()),
    };
    if public { Ok(Route::Public) } else { Err(OutboundError::Refused { reason: NotPublic::REASON }) }
}

/// Reads the body piece by piece, so that neither a wrong length nor a small archive of a huge text fills the memory.
async fn read(mut response: Response, limit: usize) -> Result<OutboundResponse, OutboundError> {
    let too_large = OutboundError::TooLarge { limit };
    if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(too_large);
    }
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| OutboundError::from_reqwest(&error))? {
        if piece.len() > limit - body.len() {
            return Err(too_large);
        }
        body.extend_from_slice(&piece);
    }
    Ok(OutboundResponse { status: response.status(), headers: std::mem::take(response.headers_mut()), body: body.freeze() })
}

const fn status_class(status: u16) -> &'static str {
    match status {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
