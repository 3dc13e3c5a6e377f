//! The request and the answer of the outgoing client.

use std::{fmt, time::Duration};

use reqwest::{Method, StatusCode, header::HeaderMap};
use tokio_util::bytes::Bytes;
use url::Url;

use super::AllowList;

/// Largest answer that a caller accepts unless it says otherwise: 4 MiB after decompression.
pub const DEFAULT_MAX_BODY: usize = 4 * 1024 * 1024;

/// A request to another system.
///
/// `Debug` shows the target's host, the names of the headers and the size of the body, nothing else.
#[derive(Clone)]
pub struct OutboundRequest {
    /// HTTP method.
    pub method: Method,
    /// Full address, http or https, without user and password.
    pub url: Url,
    /// Headers to send. Those marked sensitive are not sent on to another origin by a redirect. `Host`,
    /// `Content-Length` and other framing headers are set by the client and ignored here.
    pub headers: HeaderMap,
    /// Body, already encoded; none sends no body.
    pub body: Option<Bytes>,
    /// Limit for everything: name resolution, connection, redirects and the answer's body.
    pub timeout: Duration,
    /// Largest accepted answer in bytes, after decompression.
    pub max_body: usize,
    /// Private addresses that it may reach, in place of those that the operator listed for what administrators set.
    pub allow: Option<AllowList>,
}

impl OutboundRequest {
    /// A request without headers and body that accepts answers up to [`DEFAULT_MAX_BODY`].
    pub fn new(method: Method, url: Url, timeout: Duration) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None, timeout, max_body: DEFAULT_MAX_BODY, allow: None }
    }
}

impl fmt::Debug for OutboundRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundRequest")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A complete answer, whatever its status.
///
/// `Debug` shows status, names of headers and size.
#[derive(Clone)]
pub struct OutboundResponse {
    /// HTTP status of the last hop.
    pub status: StatusCode,
    /// Headers of the last hop.
    pub headers: HeaderMap,
    /// The whole body, decompressed.
    pub body: Bytes,
}

impl fmt::Debug for OutboundResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundResponse")
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
