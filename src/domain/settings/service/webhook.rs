//! Settings of webhooks: how reports are authenticated, where their ids stand, and the URL to paste into the ERP.

use ipnet::IpNet;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{MASK, Settings, load, of, place, store};
use crate::{
    App,
    db::TenantTx,
    domain::{
        event::{self, NewEvent},
        tenant::Tenant,
        webhook::model::{IdKeys, System},
    },
    error::{FieldError, Result},
    http::Caller,
};

const SECRET: &str = "webhookSecret";
const PREVIOUS: &str = "webhookSecretPrevious";
const ADDRESSES: &str = "webhookAddresses";

/// Which reports are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookAuth {
    /// Those that show one of two secrets.
    Secret,
    /// Those from listed addresses.
    Addresses,
    /// All.
    None,
}

impl Settings {
    /// How a system's reports are authenticated.
    pub fn webhook_auth(&self, system: System) -> WebhookAuth {
        match self.named(system.auth_setting()).as_str() {
            Some("none") => WebhookAuth::None,
            Some("addresses") => WebhookAuth::Addresses,
            _ => WebhookAuth::Secret,
        }
    }

    /// Whether a text is one of the two live secrets. Takes as long for every wrong one.
    pub fn is_webhook_secret(&self, shown: &str) -> bool {
        let shown = Sha256::digest(shown);
        let fits = |name: &str| {
            self.secret(name).is_some_and(|live| Sha256::digest(live.expose_secret()).as_slice().ct_eq(shown.as_slice()).into())
        };
        // Both are compared, whichever fits.
        fits(SECRET) | fits(PREVIOUS)
    }

    /// Addresses that may report.
    pub fn webhook_networks(&self) -> Vec<IpNet> {
        let list = self.named(ADDRESSES);
        list.as_array().into_iter().flatten().filter_map(|item| network(item.as_str()?)).collect()
    }

    /// Where ids stand in a report.
    pub fn webhook_id_keys(&self) -> IdKeys {
        serde_json::from_value(self.named("webhookIdKeys")).unwrap_or_default()
    }

    /// What does not fit together.
    pub(super) fn webhook_conflicts(&self) -> Vec<FieldError> {
        let list = self.named(ADDRESSES);
        let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut conflicts: Vec<FieldError> = items
            .iter()
            .enumerate()
            .filter(|(_, item)| item.as_str().and_then(network).is_none())
            .map(|(index, _)| FieldError::new(format!("{ADDRESSES}[{index}]"), "is no address or network such as 203.0.113.0/24"))
            .collect();
        for system in [System::Powercloud, System::LynqTech] {
            if items.is_empty() && self.webhook_auth(system) == WebhookAuth::Addresses {
                conflicts.push(FieldError::new(system.auth_setting(), format!("needs at least one address in {ADDRESSES}")));
            }
        }
        conflicts
    }

    /// The URL to paste into the ERP. Its secret is masked unless `reveal`.
    pub fn webhook_url(&self, app: &App, tenant: &Tenant, system: System, reveal: bool) -> Value {
        let Ok(mut url) = app.config().public_url.join(system.path()) else { return Value::Null };
        url.query_pairs_mut().append_pair("tenant", &tenant.slug);
        let mut text = String::from(url);
        if self.webhook_auth(system) == WebhookAuth::Secret {
            let Some(secret) = self.secret(SECRET) else { return json!(text) };
            let pair = url::form_urlencoded::Serializer::new(String::new()).append_pair("secret", secret.expose_secret()).finish();
            text = format!("{text}&{}", if reveal { pair } else { format!("secret={MASK}") });
        }
        json!(text)
    }
}

/// `203.0.113.7` or `203.0.113.0/24`.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

/// Makes the tenant's first secret, for the administrator who is about to read it. Without one every report is refused.
pub async fn ensure_secret(app: &App, caller: &Caller) -> Result<()> {
    if of(app, caller.tenant).await?.secrets.contains_key(SECRET) {
        return Ok(());
    }
    let mut tx = app.tenant_tx(caller).await?;
    store::lock(&mut tx).await?;
    // One that cannot be read with the keys of this process may still be in use.
    let settings = load(app, &mut tx).await?;
    if !settings.secrets.contains_key(SECRET) && !settings.unreadable.contains(SECRET) {
        insert_secret(app, &mut tx, caller).await?;
        tx.commit().await?;
    }
    app.settings_cache().invalidate();
    Ok(())
}

async fn insert_secret(app: &App, tx: &mut TenantTx, caller: &Caller) -> Result<()> {
    use base64::Engine as _;
    let secret = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let envelope = app.keys().seal(place(caller.tenant, SECRET), json!(secret).to_string().as_bytes());
    let row = store::StoredSetting { name: SECRET.to_owned(), value: None, secret: Some(envelope) };
    store::upsert(tx, &row, Some(caller.profile), app.now()).await?;
    let data = json!({"name": SECRET, "old": null, "new": MASK});
    event::store::append(tx, &NewEvent::by(caller.profile, "settingsUpdated", data), app.now()).await
}
