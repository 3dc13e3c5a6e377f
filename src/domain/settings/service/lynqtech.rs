//! The settings of LynqTech as one connection.

use serde_json::Value;
use url::Url;

use super::{Change, Settings};
use crate::{App, erp::lynqtech::settings::LynqTechSettings, error::FieldError};

const HOST: &str = "lynqTechHost";
const TOKEN_URL: &str = "lynqTechTokenUrl";
const PROFILE: &str = "lynqTechProfile";

impl Settings {
    /// The connection, complete or not.
    pub(super) fn lynqtech(&self) -> LynqTechSettings {
        let standard = LynqTechSettings::default();
        LynqTechSettings {
            host: self.text(HOST),
            auth: self.text("lynqTechAuth").and_then(|kind| kind.parse().ok()).unwrap_or_default(),
            token_url: self.text(TOKEN_URL),
            client_id: self.text("lynqTechClientId"),
            client_secret: self.secret("lynqTechClientSecret"),
            scope: self.text("lynqTechScope"),
            user: self.text("lynqTechUser"),
            password: self.secret("lynqTechPassword"),
            api_key: self.secret("lynqTechApiKey"),
            api_key_header: self.text("lynqTechKeyHeader").unwrap_or(standard.api_key_header),
            profile: self.named(PROFILE),
            timeout_ms: standard.timeout_ms,
        }
    }
}

/// What is missing for a connection, or cannot be.
pub(super) fn conflicts(settings: &LynqTechSettings) -> impl Iterator<Item = FieldError> {
    settings.faults().into_iter().map(|(path, message)| FieldError::new(path, message))
}

/// Where a changed setting would send credentials, with the path to name.
fn target(change: &Change) -> Option<(String, Url)> {
    let name = change.definition.name;
    let (at, text) = match (name, &change.value) {
        (HOST, Value::String(host)) => (name.to_owned(), format!("https://{host}")),
        (TOKEN_URL, Value::String(url)) => (name.to_owned(), url.clone()),
        (PROFILE, profile) => (format!("{name}.baseUrl"), profile.get("baseUrl")?.as_str()?.to_owned()),
        _ => return None,
    };
    text.parse().ok().map(|url| (at, url))
}

/// Changed targets that may not be called; asked again at each call.
pub(super) async fn refuse_targets(app: &App, settings: &Settings, changes: &[Change]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let new = changes.iter().filter(|change| settings.value(change.definition) != change.value);
    for (path, url) in new.filter_map(target) {
        if url.scheme() != "https" && !app.outbound().is_listed(&url) {
            let says = "http is for hosts on the operator's allow-list (MIND_OUTBOUND_ALLOW) only";
            errors.push(FieldError::new(path, says));
        } else if let Err(error) = app.outbound().check(&url).await {
            errors.push(FieldError::new(path, error.to_string()));
        }
    }
    errors
}
