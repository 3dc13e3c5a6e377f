//! From a tenant's settings to the adapter that serves it.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{
    Erp, ErpError,
    custom::{CustomErp, wire::Executor},
    guard::{Guard, GuardPolicy, Guards},
    lynqtech::{LynqTechErp, Surroundings, settings::LynqTechSettings, token::Tokens},
    powercloud::{PowercloudErp, settings::PowercloudSettings},
    store::StoreErp,
};
use crate::outbound::Outbound;

/// Calls that run at a time for one tenant unless its settings say otherwise.
pub const DEFAULT_MAX_CONCURRENT: usize = 4;

/// The kinds of systems a tenant can be connected to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ErpSystem {
    /// Our own storage, filled by import.
    #[default]
    Store,
    /// Four calls to an HTTP API of the tenant.
    Custom,
    /// Powercloud.
    Powercloud,
    /// LynqTech.
    LynqTech,
}

/// A text that names no [`ErpSystem`].
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be one of store, custom, powercloud, lynqTech")]
pub struct UnknownErpSystem;

impl ErpSystem {
    /// The name in settings and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Custom => "custom",
            Self::Powercloud => "powercloud",
            Self::LynqTech => "lynqTech",
        }
    }
}

impl fmt::Display for ErpSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErpSystem {
    type Err = UnknownErpSystem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Store, Self::Custom, Self::Powercloud, Self::LynqTech]
            .into_iter()
            .find(|system| system.as_str() == text)
            .ok_or(UnknownErpSystem)
    }
}

/// How a tenant is connected. Comes from its settings; secrets are decrypted but stay out of `Debug`.
#[derive(Clone, Debug)]
pub struct ErpSettings {
    /// Which adapter serves the tenant.
    pub system: ErpSystem,
    /// Call A of the custom API; none = not supported.
    pub contract_by_id: Option<Executor>,
    /// Call B; none = not supported.
    pub customer_by_id: Option<Executor>,
    /// Call C; none = not supported.
    pub search_by_fields: Option<Executor>,
    /// Call D; none = not supported.
    pub search_by_text: Option<Executor>,
    /// `executorSecrets`: what `{{secret.KEY}}` in header values stands for, by key.
    pub secrets: BTreeMap<String, SecretString>,
    /// Calls that may run at a time; 0 counts as 1.
    pub max_concurrent: usize,
    /// The tenant's Powercloud; none = host or credentials are missing.
    pub powercloud: Option<PowercloudSettings>,
    /// The LynqTech of the tenant, used while [`Self::system`] says so.
    pub lynqtech: LynqTechSettings,
    /// The present, on which states, prices and the life of a token depend.
    pub now: DateTime<Utc>,
}

impl Default for ErpSettings {
    /// A tenant that has not connected anything: our own storage.
    fn default() -> Self {
        Self {
            system: ErpSystem::default(),
            contract_by_id: None,
            customer_by_id: None,
            search_by_fields: None,
            search_by_text: None,
            secrets: BTreeMap::new(),
            max_concurrent: DEFAULT_MAX_CONCURRENT,
            powercloud: None,
            lynqtech: LynqTechSettings::default(),
            now: DateTime::UNIX_EPOCH,
        }
    }
}

impl ErpSettings {
    /// Shortens time-outs, so that a call ends, and is counted as failed, before the caller stops waiting.
    pub fn end_within(&mut self, limit: Duration) {
        let most = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX).saturating_sub(500).max(1);
        let calls = [&mut self.contract_by_id, &mut self.customer_by_id, &mut self.search_by_fields, &mut self.search_by_text];
        for call in calls.into_iter().flatten() {
            call.timeout_ms = call.timeout_ms.min(most);
        }
        if let Some(powercloud) = &mut self.powercloud {
            powercloud.timeout = powercloud.timeout.min(Duration::from_millis(most.into()));
        }
        self.lynqtech.timeout_ms = self.lynqtech.timeout_ms.min(most);
    }

    /// Hex SHA-256 over what decides whose data is seen, secrets included: answers of a connection are kept under it, so
    /// that a changed connection never sees the other's. Time-outs and limits are no part of it.
    pub fn fingerprint(&self) -> String {
        let mut print = Fingerprint(Sha256::new());
        print.text(self.system.as_str());
        for call in [&self.contract_by_id, &self.customer_by_id, &self.search_by_fields, &self.search_by_text] {
            let Some(call) = call else {
                print.text("");
                continue;
            };
            print.text(call.method.as_str());
            print.text(&call.url);
            print.map(call.headers.iter().map(|(name, value)| (name, value.as_str())));
        }
        if self.system == ErpSystem::LynqTech {
            self.lynqtech.parts().iter().for_each(|part| print.text(part));
        }
        print.map(self.secrets.iter().map(|(key, secret)| (key, secret.expose_secret())));
        if self.system == ErpSystem::Powercloud {
            self.powercloud.iter().flat_map(PowercloudSettings::parts).for_each(|part| print.text(&part));
        }
        hex::encode(print.0.finalize())
    }
}

/// Each part goes in with its length, so that no two settings run together into the same bytes.
struct Fingerprint(Sha256);

impl Fingerprint {
    fn text(&mut self, text: &str) {
        self.0.update(text.len().to_be_bytes());
        self.0.update(text);
    }

    fn map<'a>(&mut self, entries: impl ExactSizeIterator<Item = (&'a String, &'a str)>) {
        self.text(&entries.len().to_string());
        for (key, value) in entries {
            self.text(key);
            self.text(value);
        }
    }
}

/// Makes adapters. One per process: it owns the states (permits, breakers) that outlive a request.
#[derive(Debug)]
pub struct Registry {
    outbound: Arc<Outbound>,
    guards: Guards,
    tokens: Arc<Tokens>,
}

impl Registry {
    /// A registry whose adapters call through `outbound`.
    pub fn new(outbound: Arc<Outbound>) -> Self {
        Self::with_policy(outbound, GuardPolicy::default())
    }

    /// The same with other pauses and retries than production's.
    pub fn with_policy(outbound: Arc<Outbound>, policy: GuardPolicy) -> Self {
        Self { outbound, guards: Guards::with_policy(policy), tokens: Arc::default() }
    }

    /// The adapter for a tenant. Cheap, sends nothing; call it per request with the current settings.
    ///
    /// [`ErpError::Misconfigured`] when this version has no adapter for the system. Faults in the settings of one
    /// call show when that call is made, so that they do not stop the others.
    pub fn connect(&self, tenant_id: i64, settings: &ErpSettings) -> Result<Arc<dyn Erp>, ErpError> {
        match settings.system {
            ErpSystem::Store => Ok(Arc::new(StoreErp)),
            ErpSystem::Custom => Ok(Arc::new(CustomErp::new(self.outbound.clone(), self.guard(tenant_id, settings), settings))),
            ErpSystem::Powercloud => {
                let powercloud = settings.powercloud.clone().ok_or_else(|| ErpError::Misconfigured {
                    reason: "powercloudHost and powercloudApiKey (hash:user:password) must be set".to_owned(),
                })?;
                let guard = self.guard(tenant_id, settings);
                Ok(Arc::new(PowercloudErp::new(self.outbound.clone(), guard, powercloud, settings.now.with_timezone(&Berlin).date_naive())))
            }
            ErpSystem::LynqTech => {
                let surroundings = Surroundings {
                    outbound: self.outbound.clone(),
                    guard: self.guard(tenant_id, settings),
                    tokens: self.tokens.clone(),
                    tenant_id,
                    connection: settings.fingerprint(),
                    now: settings.now,
                };
                Ok(Arc::new(LynqTechErp::new(surroundings, &settings.lynqtech)?))
            }
        }
    }

    /// What limits a tenant's calls. A changed limit needs new permits, but not new answers.
    fn guard(&self, tenant_id: i64, settings: &ErpSettings) -> Guard {
        let state = format!("{}/{}", settings.fingerprint(), settings.max_concurrent);
        self.guards.guard(tenant_id, settings.system, &state, settings.max_concurrent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executor(url: &str) -> Executor {
        serde_json::from_value(serde_json::json!({"type": "apiCall", "url": url, "headers": {"X-Key": "a"}})).unwrap()
    }

    #[test]
    fn names_are_the_same_everywhere() {
        for system in [ErpSystem::Store, ErpSystem::Custom, ErpSystem::Powercloud, ErpSystem::LynqTech] {
            assert_eq!(system.as_str().parse(), Ok(system));
            assert_eq!(serde_json::to_value(system).unwrap(), system.as_str());
        }
        assert_eq!("sap".parse::<ErpSystem>(), Err(UnknownErpSystem));
    }

    #[test]
    fn what_decides_whose_data_is_seen_changes_the_fingerprint() {
        let base = ErpSettings {
            system: ErpSystem::Custom,
            contract_by_id: Some(executor("https://erp.example/a")),
            secrets: BTreeMap::from([("key".to_owned(), SecretString::from("one"))]),
            ..ErpSettings::default()
        };
        let other_url = ErpSettings { contract_by_id: Some(executor("https://erp.example/b")), ..base.clone() };
        let other_call = ErpSettings { contract_by_id: None, customer_by_id: base.contract_by_id.clone(), ..base.clone() };
        let other_secret = ErpSettings { secrets: BTreeMap::from([("key".to_owned(), SecretString::from("two"))]), ..base.clone() };
        let other_limit = ErpSettings { max_concurrent: 5, ..base.clone() };
        let mut other_header = base.clone();
        other_header.contract_by_id.as_mut().unwrap().headers.insert("X-Key".to_owned(), "b".to_owned());
        let prints: std::collections::HashSet<_> =
            [&base, &other_url, &other_call, &other_secret, &other_header].map(ErpSettings::fingerprint).into();
        assert_eq!(prints.len(), 5);
        assert_eq!(base.fingerprint(), other_limit.fingerprint());
        assert_eq!(base.fingerprint(), base.clone().fingerprint());
        assert_eq!(base.fingerprint().len(), 64);
    }

    #[test]
    fn a_system_that_is_not_set_up_says_so() {
        let outbound = Outbound::new(crate::outbound::AllowList::default(), std::time::Duration::from_secs(1)).unwrap();
        let registry = Registry::new(Arc::new(outbound));
        for system in [ErpSystem::Powercloud, ErpSystem::LynqTech] {
            let settings = ErpSettings { system, ..ErpSettings::default() };
            assert!(matches!(registry.connect(1, &settings).err(), Some(ErpError::Misconfigured { .. })), "{system}");
        }
    }

    #[test]
    fn another_powercloud_is_another_connection() {
        use super::super::powercloud::settings::Key;
        let with = |key: &str, change: &dyn Fn(&mut PowercloudSettings)| {
            let mut powercloud = PowercloudSettings::new("app.example.com", Key::parse(key).unwrap());
            change(&mut powercloud);
            ErpSettings { system: ErpSystem::Powercloud, powercloud: Some(powercloud), ..ErpSettings::default() }.fingerprint()
        };
        let prints: std::collections::HashSet<_> = [
            with("h:u:p", &|_| ()),
            with("h2:u:p", &|_| ()),
            with("h:u2:p", &|_| ()),
            with("h:u:p2", &|_| ()),
            with("h:u:p", &|settings| "other.example.com".clone_into(&mut settings.host)),
            with("h:u:p", &|settings| settings.prices_are_net = true),
        ]
        .into();
        assert_eq!(prints.len(), 6);
        assert_eq!(with("h:u:p", &|_| ()), with("h:u:p", &|settings| settings.timeout = Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn the_store_holds_nothing() {
        let outbound = Outbound::new(crate::outbound::AllowList::default(), std::time::Duration::from_secs(1)).unwrap();
        let erp = Registry::new(Arc::new(outbound)).connect(1, &ErpSettings::default()).unwrap();
        assert_eq!(erp.contract_by_id(&ErpId::from(1)).await, Ok(None));
        assert_eq!(erp.search_by_text("Smith", 10, 0).await, Ok(Vec::new()));
    }

    use super::super::ErpId;
}
