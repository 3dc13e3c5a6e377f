//! The settings of Powercloud as one connection.

use std::{collections::BTreeMap, time::Duration};

use secrecy::ExposeSecret as _;

use super::{Change, Settings};
use crate::{
    App,
    erp::powercloud::settings::{self as powercloud, Key, PowercloudSettings, Table},
    error::FieldError,
};

const HOST: &str = "powercloudHost";
const KEY: &str = "powercloudApiKey";

impl Settings {
    /// The connection; none while host or credentials are missing.
    pub(super) fn powercloud(&self) -> Option<PowercloudSettings> {
        let host = self.text(HOST)?;
        let key = self.powercloud_key()?;
        let not_found = serde_json::from_value::<Vec<String>>(self.named("powercloudNotFoundTexts")).unwrap_or_default();
        Some(PowercloudSettings {
            context: self.text("powercloudContext").unwrap_or_else(|| powercloud::DEFAULT_CONTEXT.to_owned()),
            functions: self.table("powercloudFunctions", powercloud::FUNCTIONS),
            parameters: self.table("powercloudParameters", powercloud::PARAMETERS),
            fields: self.table("powercloudFields", powercloud::FIELDS),
            status_codes: self.table("powercloudStatusCodes", powercloud::STATUS_CODES),
            not_found: not_found.into_iter().map(|text| text.to_lowercase()).collect(),
            prices_are_net: self.named("powercloudPricesAreNet") == true,
            add_meter_charge: self.named("powercloudAddMeterCharge") == true,
            url_template: self.text("erpUrlTemplate"),
            timeout: Duration::from_millis(u64::try_from(self.int("powercloudTimeoutMs")).unwrap_or_default()),
            ..PowercloudSettings::new(host, key)
        })
    }

    /// Separate settings go before the parts of the one key.
    fn powercloud_key(&self) -> Option<Key> {
        let key = self.secret(KEY).and_then(|key| Key::parse(key.expose_secret()));
        let key = key.as_ref();
        Some(Key {
            hash: self.secret("powercloudHash").or_else(|| key.map(|key| key.hash.clone()))?,
            user: self.text("powercloudUser").or_else(|| key.map(|key| key.user.clone()))?,
            password: self.secret("powercloudPassword").or_else(|| key.map(|key| key.password.clone()))?,
        })
    }

    /// What is missing for a connection.
    pub(super) fn powercloud_conflicts(&self) -> Vec<FieldError> {
        let says = |name: &str, missing: bool, message: &str| missing.then(|| FieldError::new(name, message));
        let host = says(HOST, self.text(HOST).is_none(), "must be set while erpSystem is powercloud");
        let credentials = "must be set while erpSystem is powercloud, or powercloudHash, powercloudUser and powercloudPassword";
        host.into_iter().chain(says(KEY, self.powercloud_key().is_none(), credentials)).collect()
    }

    fn table(&self, name: &str, defaults: &'static [(&'static str, &'static str)]) -> Table {
        Table::new(defaults, serde_json::from_value::<BTreeMap<String, String>>(self.named(name)).unwrap_or_default())
    }
}

/// Whether a changed host may be called; asked again at each call.
pub(super) async fn refuse_host(app: &App, settings: &Settings, changes: &[Change]) -> Option<FieldError> {
    let change = changes.iter().find(|change| change.definition.name == HOST && settings.value(change.definition) != change.value)?;
    let url = powercloud::origin(change.value.as_str()?);
    let fault = match url {
        Err(_) => "is no host".to_owned(),
        Ok(url) if url.scheme() != "https" && !app.outbound().is_listed(&url) => {
            "http is for hosts on the operator's allow-list (MIND_OUTBOUND_ALLOW) only".to_owned()
        }
        Ok(url) => app.outbound().check(&url).await.err()?.to_string(),
    };
    Some(FieldError::new(HOST, fault))
}
