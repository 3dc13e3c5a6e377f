//! The id that ties an answer, its header and every log line of one request together.

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use tracing::Instrument as _;

use crate::error::Code;

/// Header that carries the id of every answer.
pub const TX_ID_HEADER: HeaderName = HeaderName::from_static("x-tx-id");

tokio::task_local! {
    static TX_ID: String;
}

/// The id of the request this code runs for; empty outside of one.
pub fn current_id() -> String {
    TX_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Gives the request an id and a span, and logs its end in one line. A client's own id is not believed: ids are what
/// an operator searches the log for.
pub async fn name_request(request: Request, next: Next) -> Response {
    let id = hex::encode(rand::random::<[u8; 5]>());
    // A closed set: methods are free text, and each would be a new series.
    let method = known(request.method());
    // The template, not the path: paths hold contract numbers, and the query may hold names and tokens.
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    // At the level of errors, so that the id stands in every line, whatever MIND_LOG says.
    let span = tracing::error_span!("request", txId = %id, method, route, tenant = tracing::field::Empty);
    let work = async {
        let started = std::time::Instant::now();
        let mut response = next.run(request).await;
        if let Ok(value) = HeaderValue::from_str(&current_id()) {
            response.headers_mut().insert(TX_ID_HEADER, value);
        }
        let status = response.status().as_u16();
        let elapsed = started.elapsed();
        let code = response.extensions().get::<Code>().copied();
        metrics::counter!("mind_http_requests_total", "method" => method, "route" => route.clone(), "status" => status.to_string())
            .increment(1);
        metrics::histogram!("mind_http_request_duration_seconds", "route" => route.clone()).record(elapsed.as_secs_f64());
        let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let code = code.map(Code::as_str);
        if status >= 500 {
            tracing::warn!(status, ms, code, "answered");
        } else {
            tracing::debug!(status, ms, code, "answered");
        }
        response
    };
    TX_ID.scope(id, work.instrument(span)).await
}

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
