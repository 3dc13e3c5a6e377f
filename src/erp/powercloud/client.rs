//! One call of a function: from settings to a request, from an answer to data or a failure.

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{
    Method,
    header::{ACCEPT, AUTHORIZATION, HeaderValue},
};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::{
    super::{
        ErpError, answer,
        guard::{Failure, Guard, Retry},
    },
    settings::PowercloudSettings,
    wire,
};
use crate::outbound::{Outbound, OutboundRequest, OutboundResponse};

/// Stands in place of the hash wherever a URL is shown.
const REDACTED: &str = "***";

/// Setting that an address comes from.
const HOST: &str = "powercloudHost";

/// A function with its parameters.
#[derive(Clone, Debug)]
pub struct Call {
    /// Name of the function.
    pub function: String,
    /// Parameters of the query, in order.
    pub query: Vec<(String, String)>,
}

/// A tenant's Powercloud, behind the tenant's guard. `Debug` shows no credential.
pub struct Client {
    settings: PowercloudSettings,
    outbound: Arc<Outbound>,
    guard: Guard,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Client {
    /// Sends nothing.
    pub const fn new(settings: PowercloudSettings, outbound: Arc<Outbound>, guard: Guard) -> Self {
        Self { settings, outbound, guard }
    }

    /// How it is reached and read.
    pub const fn settings(&self) -> &PowercloudSettings {
        &self.settings
    }

    /// Reads: tried again where that can help. `None` = Powercloud answered that there is no such thing.
    pub async fn read<T: Send>(
        &self,
        call: &Call,
        use_data: impl Fn(Value) -> Result<T, ErpError> + Send + Sync,
    ) -> Result<Option<T>, ErpError> {
        self.read_noting(call, |_| {}, use_data).await
    }

    /// The same; `note` sees every answer before it is judged.
    pub async fn read_noting<T: Send>(
        &self,
        call: &Call,
        note: impl Fn(&OutboundResponse) + Send + Sync,
        use_data: impl Fn(Value) -> Result<T, ErpError> + Send + Sync,
    ) -> Result<Option<T>, ErpError> {
        let request = self.request(call)?;
        let attempt = async || {
            let response = self.outbound.send(request.clone()).await;
            let response = response.map_err(|error| answer::not_answered(&error, &call.function, HOST))?;
            note(&response);
            let is_final = |error| Failure { error, retry: Retry::Never };
            let data = self.data(call, &response)?;
            data.map(&use_data).transpose().map_err(is_final)
        };
        self.guard.read(self.settings.timeout, attempt).await
    }

    /// 404 is a wrong path or hash: an unknown id is 200 with `success: false`.
    fn data(&self, call: &Call, response: &OutboundResponse) -> Result<Option<Value>, Failure> {
        if !response.status.is_success() {
            return Err(answer::failure(response.status, &response.headers));
        }
        let body = answer::json(&call.function, &response.body)?;
        let data = wire::unwrap(&call.function, body, &self.settings.not_found);
        data.map_err(|error| Failure { error, retry: Retry::Never })
    }

    fn request(&self, call: &Call) -> Result<OutboundRequest, ErpError> {
        let misconfigured = |reason: &str| ErpError::Misconfigured { reason: format!("{HOST}: {reason}") };
        let url = self.url(call, self.settings.hash.expose_secret()).ok_or_else(|| misconfigured("is no host"))?;
        if url.scheme() != "https" && !self.outbound.is_listed(&url) {
            return Err(misconfigured("http is for hosts on the operator's allow-list only"));
        }
        let mut request = OutboundRequest::new(Method::GET, url, self.settings.timeout);
        // Never in the URL: there the `#` of the user would begin the fragment.
        let pair = format!("{}:{}", self.settings.basic_user(), self.settings.password.expose_secret());
        let mut authorization = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))
            .map_err(|_| misconfigured("the credentials cannot be written as a header"))?;
        authorization.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, authorization);
        request.headers.insert(ACCEPT, HeaderValue::from_static("text/json, application/json"));
        Ok(request)
    }

    /// The address of a call, as it may be shown.
    pub fn shown(&self, call: &Call) -> Option<String> {
        self.url(call, REDACTED).map(String::from)
    }

    /// `{scheme}://{host}/rest:{context}/{hash}/{function}?{query}`. Joining `rest:client` would make it the scheme.
    fn url(&self, call: &Call, hash: &str) -> Option<Url> {
        let mut url = self.settings.origin().ok()?;
        let context = format!("rest:{}", self.settings.context);
        url.path_segments_mut().ok()?.clear().extend([context.as_str(), hash, &call.function]);
        url.set_query(None);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::{
            super::{guard::Guards, registry::ErpSystem},
            settings::Key,
        },
        *,
    };
    use crate::outbound::AllowList;

    const HASH: &str = "0123456789abcdef0123456789abcdef";

    fn client(host: &str, allowed: &str) -> Client {
        let outbound = Outbound::new(allowed.parse::<AllowList>().unwrap(), Duration::from_secs(1)).unwrap();
        let guard = Guards::default().guard(1, ErpSystem::Powercloud, "a", 1);
        let key = Key::parse(&format!("{HASH}:ada:s3cr3t:x")).unwrap();
        Client::new(PowercloudSettings::new(host, key), Arc::new(outbound), guard)
    }

    fn call() -> Call {
        Call { function: "getContractById".to_owned(), query: vec![("id".to_owned(), "7 & 8".to_owned())] }
    }

    #[test]
    fn the_url_is_that_of_the_protocol() {
        for host in ["app.example.com:8443", "https://app.example.com:8443", "https://app.example.com:8443/ignored?x=1"] {
            let request = client(host, "").request(&call()).unwrap();
            let expected = format!("https://app.example.com:8443/rest:client/{HASH}/getContractById?id=7+%26+8");
            assert_eq!(request.url.as_str(), expected);
            let header = request.headers["authorization"].to_str().unwrap().strip_prefix("Basic ").unwrap();
            assert_eq!(STANDARD.decode(header).unwrap(), b"client#ada:s3cr3t:x");
            assert!(request.headers["authorization"].is_sensitive());
        }
    }

    #[test]
    fn http_is_for_listed_hosts() {
        assert!(client("http://erp.internal:8080", "erp.internal:8080").request(&call()).is_ok());
        for (host, allowed) in [("http://erp.internal:8081", "erp.internal:8080"), ("http://gamma.example.com", "")] {
            assert!(matches!(client(host, allowed).request(&call()), Err(ErpError::Misconfigured { .. })), "{host}");
        }
    }

    #[test]
    fn nothing_that_is_shown_holds_a_credential() {
        let client = client("app.example.com", "");
        let request = client.request(&call()).unwrap();
        let shown = format!("{client:?} {request:?} {:?} {:?}", call(), client.shown(&call()));
        assert!(shown.contains("/rest:client/***/getContractById?id=7+%26+8"), "{shown}");
        for secret in [HASH, "s3cr3t", "ada"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}
