//! One configured call: from settings to a request, from an answer's status to JSON or a failure.

use std::{collections::BTreeMap, fmt, time::Duration};

use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use super::{
    super::{ErpError, answer, guard::Failure},
    template,
    wire::{Executor, ExecutorMethod},
};
use crate::outbound::{Outbound, OutboundRequest, OutboundResponse};

/// A call whose settings add up. `Debug` names the operation and nothing else.
#[derive(Clone)]
pub struct Call {
    operation: &'static str,
    method: ExecutorMethod,
    url: Url,
    headers: HeaderMap,
    timeout: Duration,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("operation", &self.operation).finish_non_exhaustive()
    }
}

impl Call {
    /// Checks the settings and puts the secrets in. Errors are [`ErpError::Misconfigured`] and name the setting.
    pub fn prepare(operation: &'static str, executor: &Executor, secrets: &BTreeMap<String, SecretString>) -> Result<Self, ErpError> {
        let misconfigured =
            |path: &str, fault: &dyn fmt::Display| ErpError::Misconfigured { reason: format!("{operation}.{path}: {fault}") };
        executor.check().map_err(|(path, fault)| misconfigured(&path, &fault))?;
        let url = Url::parse(&executor.url).map_err(|fault| misconfigured("url", &fault))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if executor.method != ExecutorMethod::Get {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in &executor.headers {
            let path = format!("headers.{name}");
            let header = HeaderName::try_from(name).map_err(|fault| misconfigured(&path, &fault))?;
            let value = template::fill_in(value, secrets).map_err(|fault| misconfigured(&path, &fault))?;
            let mut value = HeaderValue::try_from(value).map_err(|fault| misconfigured(&path, &fault))?;
            // Whatever an admin enters may be a credential, with or without a placeholder.
            value.set_sensitive(true);
            headers.insert(header, value);
        }
        let timeout = Duration::from_millis(executor.timeout_ms.into());
        Ok(Self { operation, method: executor.method, url, headers, timeout })
    }

    /// Limit of a whole read, further tries included.
    pub fn deadline(&self) -> Duration {
        self.timeout
    }

    /// The request of every try. GET carries the input in the query: text as it is, null not at all, the rest as JSON.
    pub fn request(&self, input: &Map<String, Value>) -> Result<OutboundRequest, ErpError> {
        let method = match self.method {
            ExecutorMethod::Post => Method::POST,
            ExecutorMethod::Put => Method::PUT,
            ExecutorMethod::Get => Method::GET,
        };
        let mut request = OutboundRequest::new(method, self.url.clone(), self.timeout);
        request.headers.clone_from(&self.headers);
        if self.method == ExecutorMethod::Get {
            let mut query = request.url.query_pairs_mut();
            for (key, value) in input {
                match value {
                    Value::Null => {}
                    Value::String(text) => drop(query.append_pair(key, text)),
                    other => drop(query.append_pair(key, &other.to_string())),
                }
            }
            drop(query);
        } else {
            let body = serde_json::to_vec(input)
                .map_err(|_| ErpError::Misconfigured { reason: format!("{}: the input cannot be written as JSON", self.operation) })?;
            request.body = Some(body.into());
        }
        Ok(request)
    }

    /// Sends the request once. "Not found" comes back as `null`.
    pub async fn try_once(&self, outbound: &Outbound, request: OutboundRequest) -> Result<Value, Failure> {
        let response = outbound.send(request).await.map_err(|error| {
            let address = format!("{}.url", self.operation);
            answer::not_answered(&error, self.operation, &address)
        })?;
        self.read(&response)
    }

    fn read(&self, response: &OutboundResponse) -> Result<Value, Failure> {
        match response.status {
            StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(Value::Null),
            status if status.is_success() => answer::json(self.operation, &response.body),
            status => Err(answer::failure(status, &response.headers)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::super::guard::Retry, *};

    fn prepare(executor: Value) -> Result<Call, ErpError> {
        let executor = serde_json::from_value(executor).unwrap();
        let secrets = BTreeMap::from([("erpKey".to_owned(), SecretString::from("s3cr3t"))]);
        Call::prepare("contractById", &executor, &secrets)
    }

    fn with_header(value: &str) -> Result<Call, ErpError> {
        prepare(serde_json::json!({"type": "apiCall", "url": "https://a.example/", "headers": {"X-Key": value}}))
    }

    fn response(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> OutboundResponse {
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        OutboundResponse { status: StatusCode::from_u16(status).unwrap(), headers, body: body.into() }
    }

    #[test]
    fn secrets_go_into_the_headers_and_nowhere_else() {
        let call = with_header("Token {{secret.erpKey}}").unwrap();
        assert_eq!(call.headers["x-key"], "Token s3cr3t");
        assert!(call.headers["x-key"].is_sensitive());
        let request = call.request(&Map::new()).unwrap();
        assert!(!format!("{call:?} {request:?}").contains("s3cr3t"));
    }

    #[test]
    fn a_fault_names_the_setting() {
        let reason = "contractById.headers.X-Key: {{secret.other}} has no value in executorSecrets".to_owned();
        assert_eq!(with_header("{{secret.other}}").unwrap_err(), ErpError::Misconfigured { reason });
        assert!(matches!(with_header("{{secret.erpKey}}\n"), Err(ErpError::Misconfigured { .. })));
    }

    #[test]
    fn get_puts_the_input_into_the_query() {
        let call = prepare(serde_json::json!({"type": "apiCall", "method": "GET", "url": "https://a.example/x?v=1"}));
        let input = serde_json::json!({"lastname": "Müller & Co", "ticketId": null, "contractId": 7});
        let request = call.unwrap().request(input.as_object().unwrap()).unwrap();
        assert_eq!(request.url.query(), Some("v=1&lastname=M%C3%BCller+%26+Co&contractId=7"));
        assert_eq!(request.body, None);
    }

    #[test]
    fn a_status_decides() {
        let call = with_header("x").unwrap();
        let error = |status| call.read(&response(status, &[], "{}")).unwrap_err();
        assert_eq!(call.read(&response(404, &[], "<html>")), Ok(Value::Null));
        assert_eq!(call.read(&response(204, &[], "")), Ok(Value::Null));
        assert_eq!(error(401).error, ErpError::Unauthorized);
        assert_eq!(error(403).error, ErpError::Unauthorized);
        assert_eq!(error(422).error, ErpError::Rejected { status: 422 });
        assert!(matches!(error(304).error, ErpError::Unavailable { .. }));
        for (status, retry) in [(408, Retry::Never), (425, Retry::Never), (500, Retry::Never), (502, Retry::Soon), (504, Retry::Soon)] {
            assert!(matches!(error(status).error, ErpError::Unavailable { .. }), "{status}");
            assert_eq!(error(status).retry, retry, "{status}");
        }
        assert!(matches!(call.read(&response(200, &[], "")).unwrap_err().error, ErpError::BadPayload { .. }));
        assert!(matches!(call.read(&response(200, &[], "<html>")).unwrap_err().error, ErpError::BadPayload { .. }));
        assert_eq!(call.read(&response(200, &[], "\u{feff}{}")), Ok(serde_json::json!({})));
    }

    #[test]
    fn the_wish_to_wait_is_read_in_both_forms() {
        let call = with_header("x").unwrap();
        let read = |headers: &[_]| call.read(&response(429, headers, "")).unwrap_err().error;
        let limited = |seconds| ErpError::RateLimited { retry_after: Some(Duration::from_secs(seconds)) };
        assert_eq!(read(&[("retry-after", "7")]), limited(7));
        let date = ("date", "Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(read(&[date, ("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT")]), limited(30));
        assert_eq!(read(&[date, ("retry-after", "Wed, 21 Oct 2026 07:27:30 GMT")]), limited(0));
        assert_eq!(read(&[("retry-after", "99999999999")]), limited(86_400));
        assert_eq!(read(&[("retry-after", "soon")]), ErpError::RateLimited { retry_after: None });
        let busy = call.read(&response(503, &[("retry-after", "2")], "")).unwrap_err();
        assert_eq!(busy.retry, Retry::After(Duration::from_secs(2)));
    }

    #[test]
    fn a_read_ends_with_its_time_out() {
        for (millis, seconds) in [(1_000, 1), (10_000, 10), (60_000, 60)] {
            let executor = serde_json::json!({"type": "apiCall", "url": "https://a.example/", "timeoutMs": millis});
            assert_eq!(prepare(executor).unwrap().deadline(), Duration::from_secs(seconds));
        }
    }
}
