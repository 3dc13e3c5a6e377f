//! Asking LynqTech: an address from the profile, a credential, one new token when the old one is refused.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::{
    super::{
        ErpError,
        custom::{
            client::Call,
            wire::{Executor, ExecutorKind, ExecutorMethod},
        },
        guard::{Failure, Guard, Retry},
    },
    settings::Credential,
    template::Template,
    token::{Granted, Token, Tokens},
};
use crate::outbound::Outbound;

/// Key of the credential among the secrets of a call.
const CREDENTIAL: &str = "credential";

/// One tenant's way to LynqTech.
pub struct Client {
    /// The way out.
    pub outbound: Arc<Outbound>,
    /// Limits of the connection.
    pub guard: Guard,
    /// Tokens of all tenants.
    pub tokens: Arc<Tokens>,
    /// Whose connection it is.
    pub tenant_id: i64,
    /// Tells this connection from the tenant's former ones.
    pub connection: String,
    /// When the connection was opened.
    pub now: DateTime<Utc>,
    /// Scheme, host and port.
    pub base: Url,
    /// What goes with every request.
    pub credential: Credential,
    /// Milliseconds of a read, the token and further tries included.
    pub timeout_ms: u32,
}

impl Client {
    /// GET of a template with its values. "Not found" comes back as `null`, as does an id that no path can carry.
    pub async fn get(&self, operation: &'static str, template: &Template, values: &BTreeMap<&str, String>) -> Result<Value, ErpError> {
        let Some(url) = template.fill(&self.base, values) else { return Ok(Value::Null) };
        let attempt = async || self.try_once(operation, &url).await;
        self.guard.read(Duration::from_millis(self.timeout_ms.into()), attempt).await
    }

    async fn try_once(&self, operation: &'static str, url: &Url) -> Result<Value, Failure> {
        let client = match &self.credential {
            Credential::Fixed { header, value } => return self.send(operation, url, header, value.clone()).await,
            client @ Credential::Client { .. } => client,
        };
        let token = self.token(client, None).await?;
        match self.send_with(operation, url, &token).await {
            // It may have been withdrawn, or the clocks differ. A second refusal is about the client itself.
            Err(Failure { error: ErpError::Unauthorized, .. }) => {
                let token = self.token(client, Some(token.number())).await?;
                self.send_with(operation, url, &token).await
            }
            other => other,
        }
    }

    async fn send_with(&self, operation: &'static str, url: &Url, token: &Token) -> Result<Value, Failure> {
        let value = SecretString::from(format!("Bearer {}", token.bearer.expose_secret()));
        self.send(operation, url, "Authorization", value).await
    }

    async fn send(&self, operation: &'static str, url: &Url, header: &str, value: SecretString) -> Result<Value, Failure> {
        let headers = HashMap::from([(header.to_owned(), format!("{{{{secret.{CREDENTIAL}}}}}"))]);
        let call = self.call(operation, ExecutorMethod::Get, url.as_str(), headers, value)?;
        let request = call.request(&Map::new())?;
        call.try_once(&self.outbound, request).await
    }

    fn call(
        &self,
        operation: &'static str,
        method: ExecutorMethod,
        url: &str,
        headers: HashMap<String, String>,
        value: SecretString,
    ) -> Result<Call, ErpError> {
        let executor = Executor {
            kind: ExecutorKind::ApiCall,
            url: url.to_owned(),
            method,
            headers: headers.into_iter().collect(),
            timeout_ms: self.timeout_ms,
        };
        Call::prepare(operation, &executor, &BTreeMap::from([(CREDENTIAL.to_owned(), value)]))
    }

    async fn token(&self, client: &Credential, refused: Option<u64>) -> Result<Token, Failure> {
        self.tokens.get(self.tenant_id, &self.connection, self.now, refused, || self.fetch(client)).await
    }

    /// One request to the token endpoint (RFC 6749, 4.4).
    async fn fetch(&self, client: &Credential) -> Result<Granted, Failure> {
        const CALL: &str = "lynqTechTokenUrl";
        let Credential::Client { token_url, authorization, scope } = client else {
            return Err(ErpError::Misconfigured { reason: "lynqTechAuth: is not oauth2".to_owned() }.into());
        };
        let call = self.call(CALL, ExecutorMethod::Post, token_url, HashMap::new(), authorization.clone())?;
        let mut request = call.request(&Map::new())?;
        let fields = std::iter::once(("grant_type", "client_credentials")).chain(scope.as_deref().map(|scope| ("scope", scope)));
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        request.body = Some(form.into_bytes().into());
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let mut value = HeaderValue::try_from(authorization.expose_secret())
            .map_err(|_| ErpError::Misconfigured { reason: "lynqTechClientSecret: no header can carry it".to_owned() })?;
        value.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, value);
        let answer = call.try_once(&self.outbound, request).await.map_err(|failure| match failure.error {
            // `invalid_client` and `invalid_scope` come with 400.
            ErpError::Rejected { status: 400 } => Failure { error: ErpError::Unauthorized, retry: Retry::Never },
            _ => failure,
        })?;
        if answer.is_null() {
            return Err(ErpError::Misconfigured { reason: format!("{CALL}: there is no token endpoint") }.into());
        }
        Ok(Granted::read(answer)?)
    }
}
