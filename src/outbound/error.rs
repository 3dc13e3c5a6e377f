//! What can go wrong with an outgoing request, in words that are safe to show and to log.

use std::{error::Error, io, time::Duration};

use super::resolver::NotPublic;

/// Why an outgoing request has no answer. Closed, and free of anything from the request: no URL, header or body.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum OutboundError {
    /// The URL cannot be called at all.
    #[error("the URL cannot be used: {reason}")]
    InvalidUrl {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The target is not in the public Internet and not on the allow-list.
    #[error("the target is refused: {reason}")]
    Refused {
        /// Which check failed.
        reason: &'static str,
    },
    /// No complete answer in time, the body included.
    #[error("no complete answer within {} ms", .after.as_millis())]
    Timeout {
        /// The limit that passed.
        after: Duration,
    },
    /// The host name has no address.
    #[error("the host name cannot be resolved")]
    Resolve,
    /// No connection, or none within the connect time-out.
    #[error("no connection to the host")]
    Connect,
    /// The connection is there but its certificate or handshake is not acceptable.
    #[error("the secure connection failed: certificate or TLS handshake not accepted")]
    Tls,
    /// The answer's body is larger than the caller accepts.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes, after decompression.
        limit: usize,
    },
    /// A redirect that must not be followed.
    #[error("the redirect is refused: {reason}")]
    Redirect {
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// The connection broke before the answer was complete, or the answer is not valid HTTP.
    #[error("the connection broke before the answer was complete")]
    Interrupted,
    /// The client itself could not be set up.
    #[error("the HTTP client cannot be set up: {reason}")]
    Setup {
        /// The TLS library's words; contains nothing of a request.
        reason: String,
    },
}

impl OutboundError {
    /// Sorts an error of the HTTP library. Its text is dropped because it contains the URL.
    pub(super) fn from_reqwest(error: &reqwest::Error) -> Self {
        if caused_by::<NotPublic>(error) {
            Self::Refused { reason: NotPublic::REASON }
        } else if error.is_dns() {
            Self::Resolve
        } else if caused_by::<rustls::Error>(error) {
            Self::Tls
        } else if error.is_connect() {
            Self::Connect
        } else if error.is_builder() {
            Self::InvalidUrl { reason: "it is not a complete HTTP address" }
        } else {
            Self::Interrupted
        }
    }

    /// Value of the label `outcome` in the metrics.
    pub(super) const fn outcome(&self) -> &'static str {
        match self {
            Self::InvalidUrl { .. } => "invalid_url",
            Self::Refused { .. } => "refused",
            Self::Timeout { .. } => "timeout",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::TooLarge { .. } => "too_large",
            Self::Redirect { .. } => "redirect",
            Self::Interrupted => "interrupted",
            Self::Setup { .. } => "setup",
        }
    }
}

/// Whether an error of type `E` lies in the chain. An `io::Error` hides the error it wraps from `source()`.
fn caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref)
            && caused_by::<E>(inner)
        {
            return true;
        }
        next = error.source();
    }
    false
}
