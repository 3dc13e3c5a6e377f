//! How a tenant's LynqTech is reached: host, one of four ways to authenticate, and the profile.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{super::ErpError, profile::Profile};

/// Header of the API key unless told otherwise; usual with the gateway that LynqTech stands behind.
pub const DEFAULT_API_KEY_HEADER: &str = "x-api-key";

/// Milliseconds of a read, further tries and the token included.
pub const DEFAULT_TIMEOUT_MS: u32 = 10_000;

/// Ways to authenticate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthKind {
    /// Client credentials against a token endpoint.
    OAuth2,
    /// User and password.
    Basic,
    /// A token made elsewhere.
    Bearer,
    /// A key in a header.
    #[default]
    ApiKey,
}

/// A text that names no [`AuthKind`].
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be one of oauth2, basic, bearer, apiKey")]
pub struct UnknownAuthKind;

impl AuthKind {
    /// Its name in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OAuth2 => "oauth2",
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::ApiKey => "apiKey",
        }
    }
}

impl FromStr for AuthKind {
    type Err = UnknownAuthKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::OAuth2, Self::Basic, Self::Bearer, Self::ApiKey].into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownAuthKind)
    }
}

/// The settings as they stand, complete or not. `Debug` shows no credential.
#[derive(Clone)]
pub struct LynqTechSettings {
    /// Host of the API, with a port if needed; https. [`Profile::base_url`] takes its place.
    pub host: Option<String>,
    /// How to authenticate.
    pub auth: AuthKind,
    /// Token endpoint.
    pub token_url: Option<String>,
    /// Client at the token endpoint.
    pub client_id: Option<String>,
    /// Its secret.
    pub client_secret: Option<SecretString>,
    /// What the token is for; most endpoints know it from the client.
    pub scope: Option<String>,
    /// User for Basic.
    pub user: Option<String>,
    /// Password for Basic.
    pub password: Option<SecretString>,
    /// API key, or the bearer token that was made elsewhere.
    pub api_key: Option<SecretString>,
    /// Header of the API key.
    pub api_key_header: String,
    /// Changes to the template; null for none.
    pub profile: Value,
    /// Milliseconds of a read.
    pub timeout_ms: u32,
}

impl Default for LynqTechSettings {
    fn default() -> Self {
        Self {
            host: None,
            auth: AuthKind::default(),
            token_url: None,
            client_id: None,
            client_secret: None,
            scope: None,
            user: None,
            password: None,
            api_key: None,
            api_key_header: DEFAULT_API_KEY_HEADER.to_owned(),
            profile: Value::Null,
            timeout_ms: DEFAULT_TIMEOUT_MS,
        }
    }
}

/// What goes with every request.
#[derive(Clone)]
pub enum Credential {
    /// A header that does not change.
    Fixed {
        /// Its name.
        header: String,
        /// Its value.
        value: SecretString,
    },
    /// A token of a token endpoint.
    Client {
        /// Where to ask.
        token_url: String,
        /// `Basic` and the client's id and secret.
        authorization: SecretString,
        /// What the token is for.
        scope: Option<String>,
    },
}

impl LynqTechSettings {
    /// What is missing or cannot be, as setting and sentence. Empty = the connection can be used.
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let mut need = |name: &str, is_there: bool| {
            if !is_there {
                let way = self.auth.as_str();
                let when = if name == "lynqTechHost" { "erpSystem is lynqTech".to_owned() } else { format!("lynqTechAuth is {way}") };
                faults.push((name.to_owned(), format!("must be set while {when}")));
            }
        };
        match self.auth {
            AuthKind::OAuth2 => {
                need("lynqTechTokenUrl", self.token_url.is_some());
                need("lynqTechClientId", self.client_id.is_some());
                need("lynqTechClientSecret", self.client_secret.is_some());
            }
            AuthKind::Basic => {
                need("lynqTechUser", self.user.is_some());
                need("lynqTechPassword", self.password.is_some());
            }
            AuthKind::Bearer | AuthKind::ApiKey => need("lynqTechApiKey", self.api_key.is_some()),
        }
        match Profile::with(&self.profile) {
            Ok(profile) => need("lynqTechHost", self.host.is_some() || profile.base_url.is_some()),
            Err(fault) => {
                let at = if fault.path.is_empty() { "lynqTechProfile".to_owned() } else { format!("lynqTechProfile.{}", fault.path) };
                faults.push((at, fault.message));
            }
        }
        // Basic has no way to write a user with a colon (RFC 7617).
        if self.auth == AuthKind::Basic && self.user.as_deref().is_some_and(|user| user.contains(':')) {
            faults.push(("lynqTechUser".to_owned(), "must not contain a colon".to_owned()));
        }
        faults
    }

    /// Scheme, host and port.
    pub fn base(&self, profile: &Profile) -> Result<Url, ErpError> {
        if let Some(base) = &profile.base_url {
            return Ok(base.clone());
        }
        let wrong = || ErpError::Misconfigured { reason: "lynqTechHost: must be a host such as api.example.com".to_owned() };
        Url::parse(&format!("https://{}", self.host.as_deref().ok_or_else(wrong)?)).map_err(|_| wrong())
    }

    /// The credential; an error names the setting that is missing.
    pub fn credential(&self) -> Result<Credential, ErpError> {
        let missing = |name: &str| ErpError::Misconfigured { reason: format!("{name}: is not set") };
        let fixed = |header: &str, value: String| Credential::Fixed { header: header.to_owned(), value: value.into() };
        let key = || self.api_key.as_ref().map(ExposeSecret::expose_secret).ok_or_else(|| missing("lynqTechApiKey"));
        Ok(match self.auth {
            AuthKind::ApiKey => fixed(&self.api_key_header, key()?.to_owned()),
            AuthKind::Bearer => fixed("Authorization", format!("Bearer {}", key()?)),
            AuthKind::Basic => {
                let user = self.user.as_deref().ok_or_else(|| missing("lynqTechUser"))?;
                let password = self.password.as_ref().ok_or_else(|| missing("lynqTechPassword"))?;
                fixed("Authorization", basic(user, password))
            }
            AuthKind::OAuth2 => {
                let client = self.client_id.as_deref().ok_or_else(|| missing("lynqTechClientId"))?;
                let secret = self.client_secret.as_ref().ok_or_else(|| missing("lynqTechClientSecret"))?;
                Credential::Client {
                    token_url: self.token_url.clone().ok_or_else(|| missing("lynqTechTokenUrl"))?,
                    authorization: basic(client, secret).into(),
                    scope: self.scope.clone(),
                }
            }
        })
    }

    /// What decides whose data is seen and how it is read, secrets included. Credentials of a way that is not in use do
    /// not count.
    pub fn parts(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let secret = |secret: &Option<SecretString>| secret.as_ref().map(|secret| secret.expose_secret().to_owned()).unwrap_or_default();
        let mut parts = vec![text(&self.host), self.auth.as_str().to_owned(), self.profile.to_string()];
        parts.extend(match self.auth {
            AuthKind::OAuth2 => vec![text(&self.token_url), text(&self.client_id), secret(&self.client_secret), text(&self.scope)],
            AuthKind::Basic => vec![text(&self.user), secret(&self.password)],
            AuthKind::Bearer => vec![secret(&self.api_key)],
            AuthKind::ApiKey => vec![self.api_key_header.clone(), secret(&self.api_key)],
        });
        parts
    }
}

fn basic(user: &str, password: &SecretString) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose_secret())))
}

impl fmt::Debug for LynqTechSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LynqTechSettings").field("host", &self.host).field("auth", &self.auth).finish_non_exhaustive()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed { header, .. } => f.debug_struct("Fixed").field("header", header).finish_non_exhaustive(),
            Self::Client { .. } => f.debug_struct("Client").finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(settings: &LynqTechSettings) -> Vec<String> {
        settings.faults().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn each_way_needs_its_own() {
        for (auth, needed) in [
            (AuthKind::OAuth2, &["lynqTechTokenUrl", "lynqTechClientId", "lynqTechClientSecret", "lynqTechHost"][..]),
            (AuthKind::Basic, &["lynqTechUser", "lynqTechPassword", "lynqTechHost"]),
            (AuthKind::Bearer, &["lynqTechApiKey", "lynqTechHost"]),
            (AuthKind::ApiKey, &["lynqTechApiKey", "lynqTechHost"]),
        ] {
            let settings = LynqTechSettings { auth, ..LynqTechSettings::default() };
            assert_eq!(names(&settings), needed);
            assert!(settings.credential().is_err());
            assert_eq!(auth.as_str().parse(), Ok(auth));
        }
    }

    #[test]
    fn the_profile_may_name_the_host() {
        let settings = LynqTechSettings {
            api_key: Some("key".into()),
            profile: json!({"baseUrl": "http://127.0.0.1:8090"}),
            ..LynqTechSettings::default()
        };
        assert_eq!(names(&settings), Vec::<String>::new());
        let base = settings.base(&Profile::with(&settings.profile).unwrap()).unwrap();
        assert_eq!(base.as_str(), "http://127.0.0.1:8090/");
        let wrong = LynqTechSettings { profile: json!({"contract": {"id": "number"}}), ..settings };
        assert_eq!(names(&wrong), ["lynqTechProfile.contract.id"]);
    }

    #[test]
    fn only_what_is_in_use_makes_another_connection() {
        let settings = LynqTechSettings { api_key: Some("key".into()), ..LynqTechSettings::default() };
        let unused = LynqTechSettings { password: Some("pw".into()), timeout_ms: 1, ..settings.clone() };
        let other_key = LynqTechSettings { api_key: Some("other".into()), ..settings.clone() };
        let other_way = LynqTechSettings { auth: AuthKind::Bearer, ..settings.clone() };
        assert_eq!(settings.parts(), unused.parts());
        assert!(settings.parts() != other_key.parts() && settings.parts() != other_way.parts());
    }

    #[test]
    fn credentials_show_nowhere() {
        let settings = LynqTechSettings {
            auth: AuthKind::Basic,
            user: Some("ada".to_owned()),
            password: Some("s3cr3t".into()),
            ..LynqTechSettings::default()
        };
        let credential = settings.credential().unwrap();
        let Credential::Fixed { value, .. } = &credential else { panic!("{credential:?}") };
        assert_eq!(value.expose_secret(), "Basic YWRhOnMzY3IzdA==");
        let shown = format!("{settings:?} {credential:?}");
        assert!(!shown.contains("s3cr3t") && !shown.contains("YWRh"), "{shown}");
    }
}
