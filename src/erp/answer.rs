//! What an HTTP answer means, or its absence, whatever the ERP's protocol: how bad it is and whether to try again.

use std::time::Duration;

use chrono::DateTime;
use reqwest::{
    StatusCode,
    header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER},
};
use serde_json::Value;

use super::{
    ErpError,
    guard::{Failure, Retry},
};
use crate::outbound::OutboundError;

/// Longest wish to wait that is taken at its word; beyond it a caller only needs to know "much later".
const LONGEST_WISH: Duration = Duration::from_hours(24);

/// What a status means that carries no data.
pub fn failure(status: StatusCode, headers: &HeaderMap) -> Failure {
    let unavailable = || ErpError::Unavailable { reason: format!("it answered with status {}", status.as_u16()) };
    let is_final = |error| Failure { error, retry: Retry::Never };
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => is_final(ErpError::Unauthorized),
        StatusCode::TOO_MANY_REQUESTS => ErpError::RateLimited { retry_after: wish(headers) }.into(),
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            let retry = wish(headers).map_or(Retry::Soon, Retry::After);
            Failure { error: unavailable(), retry }
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => is_final(unavailable()),
        status if status.is_client_error() => is_final(ErpError::Rejected { status: status.as_u16() }),
        // 5xx, and a 3xx or 1xx where data should be.
        _ => is_final(unavailable()),
    }
}

/// Reads a body as JSON. `call` names it in the error.
pub fn json(call: &str, body: &[u8]) -> Result<Value, Failure> {
    // A byte order mark is not JSON, but common.
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    serde_json::from_slice(body)
        .map_err(|_| Failure { error: ErpError::BadPayload { reason: format!("the answer of {call} is not JSON") }, retry: Retry::Never })
}

/// What it means that no answer came. `address` names the setting that says where to ask.
pub fn not_answered(error: &OutboundError, call: &str, address: &str) -> Failure {
    match error {
        OutboundError::Timeout { after } => ErpError::Timeout { after: *after }.into(),
        OutboundError::Resolve | OutboundError::Connect | OutboundError::Interrupted => {
            ErpError::Unavailable { reason: error.to_string() }.into()
        }
        // A certificate does not get better within seconds.
        // Neither does a page that a request is sent to for maintenance.
        OutboundError::Tls | OutboundError::Setup { .. } | OutboundError::Redirect { .. } => {
            Failure { error: ErpError::Unavailable { reason: error.to_string() }, retry: Retry::Never }
        }
        OutboundError::TooLarge { .. } => ErpError::BadPayload { reason: format!("{call}: {error}") }.into(),
        OutboundError::InvalidUrl { .. } | OutboundError::Refused { .. } => {
            ErpError::Misconfigured { reason: format!("{address}: {error}") }.into()
        }
    }
}

/// `Retry-After` in seconds, or as a date counted from the answer's own `Date`, so that no two clocks are compared.
fn wish(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::trim);
    let wish = text(RETRY_AFTER)?;
    let pause = if let Ok(seconds) = wish.parse() {
        Duration::from_secs(seconds)
    } else {
        let until = DateTime::parse_from_rfc2822(wish).ok()?;
        let now = DateTime::parse_from_rfc2822(text(DATE)?).ok()?;
        (until - now).to_std().unwrap_or_default()
    };
    Some(pause.min(LONGEST_WISH))
}
