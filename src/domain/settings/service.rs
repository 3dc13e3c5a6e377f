//! Reading settings in force, and changing them all or nothing.

mod lynqtech;
mod powercloud;
pub mod webhook;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::{
    model::{CATALOGUE, Definition, Kind, MASK, TagKeys, definition},
    store::{self, StoredSetting},
};
use crate::{
    App,
    db::{InTenant, TenantTx},
    domain::{
        event::{self, NewEvent},
        profile::ProfileId,
        role::{Permission, Permissions},
        tag::{
            self,
            service::{Author, Refusal, TagChange},
        },
        tenant::TenantId,
    },
    erp::{
        custom::wire::Executor,
        registry::{ErpSettings, ErpSystem},
    },
    error::{Code, Error, FieldError, Result},
    http::IfMatch,
    secret::Place,
};

/// The settings of one tenant, defaults filled in, secrets decrypted.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, Value>,
    secrets: BTreeMap<&'static str, SecretString>,
    /// Secrets that are set but cannot be opened with the keys of this process.
    unreadable: BTreeSet<&'static str>,
}

impl Settings {
    /// The value in force; null for a secret.
    pub fn value(&self, definition: &Definition) -> Value {
        self.values.get(definition.name).cloned().unwrap_or_else(|| definition.default_value())
    }

    /// The value as the API shows it: secrets masked unless `reveal`. Calls may hold a key somebody wrote into a header or
    /// a URL, so only who may change them sees them.
    pub fn shown(&self, definition: &Definition, caller: &Permissions, reveal: bool) -> Value {
        let may_change =
            caller.has(Permission::UpdateClientSettings) && definition.permission.is_none_or(|permission| caller.has(permission));
        if matches!(definition.kind, Kind::Executor) && !may_change {
            return if self.value(definition).is_null() { Value::Null } else { json!(MASK) };
        }
        if !definition.is_secret() {
            return self.value(definition);
        }
        match self.secrets.get(definition.name) {
            None => Value::Null,
            Some(secret) if reveal && !definition.never_shown => {
                serde_json::from_str(secret.expose_secret()).unwrap_or_else(|_| json!(MASK))
            }
            Some(_) => json!(MASK),
        }
    }

    /// The value as an event records it: secrets masked, and of a call no more than that it changed.
    fn recorded(&self, definition: &Definition) -> Value {
        self.shown(definition, &Permissions::default(), false)
    }

    fn secret_text(&self, definition: &Definition) -> Option<String> {
        self.secrets.get(definition.name).map(|secret| secret.expose_secret().to_owned())
    }

    fn named(&self, name: &str) -> Value {
        definition(name).map_or(Value::Null, |definition| self.value(definition))
    }

    /// A text; none = not set.
    fn text(&self, name: &str) -> Option<String> {
        self.named(name).as_str().map(str::to_owned)
    }

    /// A secret text; none = not set.
    fn secret(&self, name: &str) -> Option<SecretString> {
        let text: String = serde_json::from_str(self.secrets.get(name)?.expose_secret()).ok()?;
        Some(SecretString::from(text))
    }

    /// A whole number; the catalogue guarantees type and bounds.
    pub fn int(&self, name: &str) -> i64 {
        self.named(name).as_i64().unwrap_or_default()
    }

    /// A number of hours as a span.
    pub fn hours(&self, name: &str) -> chrono::Duration {
        chrono::Duration::hours(self.int(name))
    }

    /// A number of days as a span.
    pub fn days(&self, name: &str) -> chrono::Duration {
        chrono::Duration::days(self.int(name))
    }

    /// A number of seconds as a span.
    pub fn span(&self, name: &str) -> chrono::Duration {
        chrono::Duration::seconds(self.int(name))
    }

    /// Whether a page of this origin may use the visitor's cookie.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.named("allowedOrigins").as_array().is_some_and(|list| list.iter().any(|item| item.as_str() == Some(origin)))
    }

    /// The connection to the ERP.
    pub fn erp(&self) -> ErpSettings {
        let call = |name: &str| serde_json::from_value::<Option<Executor>>(self.named(name)).ok().flatten();
        ErpSettings {
            system: self.named("erpSystem").as_str().and_then(|text| text.parse().ok()).unwrap_or(ErpSystem::Store),
            contract_by_id: call("searchContractByIdExecutor"),
            customer_by_id: call("searchCustomerByIdExecutor"),
            search_by_fields: call("searchContractByFieldsExecutor"),
            search_by_text: call("searchCustomerByTextExecutor"),
            secrets: self.secret_map("executorSecrets"),
            max_concurrent: usize::try_from(self.int("erpMaxConcurrentRequests")).unwrap_or(1),
            powercloud: self.powercloud(),
            lynqtech: self.lynqtech(),
            ..ErpSettings::default()
        }
    }

    fn secret_map(&self, name: &str) -> BTreeMap<String, SecretString> {
        let parsed: Option<BTreeMap<String, String>> =
            self.secrets.get(name).and_then(|secret| serde_json::from_str(secret.expose_secret()).ok());
        parsed.unwrap_or_default().into_iter().map(|(key, value)| (key, SecretString::from(value))).collect()
    }

    /// The joint state that single values cannot show: what an ERP connection needs is there.
    fn conflicts(&self) -> Vec<FieldError> {
        let erp = self.erp();
        let mut conflicts = self.webhook_conflicts();
        match erp.system {
            ErpSystem::Store => {}
            ErpSystem::Custom => {
                for (name, call) in [
                    ("searchContractByIdExecutor", &erp.contract_by_id),
                    ("searchCustomerByIdExecutor", &erp.customer_by_id),
                    ("searchContractByFieldsExecutor", &erp.search_by_fields),
                    ("searchCustomerByTextExecutor", &erp.search_by_text),
                ] {
                    if call.is_none() {
                        conflicts.push(FieldError::new(name, "must be set while erpSystem is custom"));
                    }
                }
            }
            ErpSystem::Powercloud => conflicts.extend(self.powercloud_conflicts()),
            ErpSystem::LynqTech => conflicts.extend(lynqtech::conflicts(&erp.lynqtech)),
        }
        for definition in CATALOGUE.iter().filter(|definition| matches!(definition.kind, Kind::Executor)) {
            let call = serde_json::from_value::<Option<Executor>>(self.value(definition)).ok().flatten();
            for name in call.iter().flat_map(Executor::secret_names) {
                if !erp.secrets.contains_key(&name) {
                    let at = format!("{}.headers", definition.name);
                    conflicts.push(FieldError::new(at, format!("uses {{{{secret.{name}}}}}, which executorSecrets does not have")));
                }
            }
        }
        conflicts
    }
}

/// The settings of a tenant, at most a second old.
pub async fn of(app: &App, tenant: TenantId) -> Result<Arc<Settings>> {
    let load = async {
        let mut read = app.db().tenant_read(tenant).await?;
        Ok(Arc::new(load(app, &mut read).await?))
    };
    app.settings_cache().get_or_load(tenant, load).await
}

async fn load(app: &App, tx: &mut impl InTenant) -> Result<Settings> {
    let mut settings = Settings::default();
    for row in store::list(tx).await? {
        // A name this version does not know belongs to a newer one; leave it alone.
        let Some(definition) = definition(&row.name) else { continue };
        if let Some(value) = row.value {
            settings.values.insert(definition.name, value);
        } else if let Some(envelope) = row.secret {
            let plain = app.keys().open(place(tx.tenant(), definition.name), &envelope);
            // One secret that cannot be read must not take sign-in and the other settings with it.
            match plain.map(String::from_utf8) {
                Ok(Ok(text)) => drop(settings.secrets.insert(definition.name, SecretString::from(text))),
                Ok(Err(_)) => drop(settings.unreadable.insert(definition.name)),
                Err(error) => {
                    tracing::error!(%error, name = definition.name, "a secret cannot be read; it counts as not set");
                    settings.unreadable.insert(definition.name);
                }
            }
        }
    }
    Ok(settings)
}

fn place(tenant: TenantId, name: &str) -> Place<'_> {
    Place { tenant: tenant.0, table: "setting", name }
}

/// A change that passed the checks of its own setting. Null = back to the default.
#[derive(Clone, Debug)]
pub struct Change {
    definition: &'static Definition,
    value: Value,
}

impl Change {
    /// Checks names and values of settings.
    pub fn parse(body: Map<String, Value>) -> Result<Vec<Self>> {
        let (changes, errors) = Self::read(body);
        if errors.is_empty() { Ok(changes) } else { Err(Error::invalid(errors)) }
    }

    /// Checks names and values, those of tags among them. Every fault of the request is named at once.
    pub fn parse_all(mut body: Map<String, Value>) -> Result<(Vec<Self>, Vec<TagKeys>)> {
        let (tags, mut errors) = TagKeys::take_from(&mut body);
        let (changes, wrong) = Self::read(body);
        errors.extend(wrong);
        if errors.is_empty() { Ok((changes, tags)) } else { Err(Error::invalid(errors)) }
    }

    fn read(body: Map<String, Value>) -> (Vec<Self>, Vec<FieldError>) {
        let mut errors = Vec::new();
        let mut changes = Vec::new();
        for (name, value) in body {
            match definition(&name) {
                None => errors.push(FieldError::new(name, "is not a setting; GET /api/mind/settings lists them")),
                // What is computed comes back with whole lists of settings.
                Some(Definition { kind: Kind::WebhookUrl(_), .. }) => {}
                Some(definition) => {
                    if !value.is_null()
                        && !is_mask(definition, &value)
                        && let Err(error) = definition.check(&value)
                    {
                        errors.push(error);
                    }
                    let value = if let (Kind::Int(..), Some(number)) = (definition.kind, crate::http::whole::read(&value)) {
                        json!(number)
                    } else {
                        value
                    };
                    if !is_mask(definition, &value) {
                        changes.push(Self { definition, value });
                    }
                }
            }
        }
        (changes, errors)
    }

    /// The setting it changes.
    pub fn definition(&self) -> &'static Definition {
        self.definition
    }
}

/// Clients send whole objects back, masks included.
fn is_mask(definition: &Definition, value: &Value) -> bool {
    (definition.is_secret() || matches!(definition.kind, Kind::Executor)) && value.as_str() == Some(MASK)
}

/// Applies changes of settings, all or nothing, with an event for each setting that really changed.
pub async fn update(app: &App, tenant: TenantId, by: Option<ProfileId>, changes: Vec<Change>) -> Result<()> {
    update_all(app, tenant, by, changes, Vec::new()).await
}

/// Applies changes of settings and tags, all or nothing.
pub async fn update_all(app: &App, tenant: TenantId, by: Option<ProfileId>, changes: Vec<Change>, tags: Vec<TagKeys>) -> Result<()> {
    refuse_impossible_calls(app, tenant, &changes).await?;
    let now = app.now();
    let mut tx = app.db().tenant_tx(tenant).await?;
    store::lock(&mut tx).await?;
    let mut settings = load(app, &mut tx).await?;
    for change in changes {
        let definition = change.definition;
        let old = settings.recorded(definition);
        let row = if definition.is_secret() {
            let before = settings.secret_text(definition);
            let unreadable = settings.unreadable.remove(definition.name);
            if unreadable && change.value.is_object() {
                // Merged into nothing, the names that cannot be read would be lost for good.
                let says = "cannot be read with the keys of MIND_SECRET_KEY; set it to null first to begin anew";
                return Err(conflict(vec![FieldError::new(definition.name, says)]));
            }
            let row = set_secret(app, &mut settings, tenant, definition, &change.value);
            if !unreadable && before == settings.secret_text(definition) {
                continue;
            }
            row
        } else {
            if settings.value(definition) == change.value || (change.value.is_null() && !settings.values.contains_key(definition.name)) {
                continue;
            }
            if change.value.is_null() {
                settings.values.remove(definition.name);
            } else {
                settings.values.insert(definition.name, change.value.clone());
            }
            (!change.value.is_null()).then(|| StoredSetting { name: definition.name.to_owned(), value: Some(change.value), secret: None })
        };
        match row {
            Some(row) => store::upsert(&mut tx, &row, by, now).await?,
            None => store::delete(&mut tx, definition.name).await?,
        }
        let data = json!({"name": definition.name, "old": old, "new": settings.recorded(definition)});
        let event = NewEvent::new("settingsUpdated", data, by);
        event::store::append(&mut tx, &event, now).await?;
    }
    let mut conflicts = settings.conflicts();
    conflicts.extend(update_tags(&mut tx, tags, Author { by, now }).await?);
    if !conflicts.is_empty() {
        return Err(conflict(conflicts));
    }
    tx.commit().await?;
    app.settings_cache().invalidate();
    Ok(())
}

/// Changes the tags that keys of the settings name. Answers what cannot be done, by key.
async fn update_tags(tx: &mut TenantTx, tags: Vec<TagKeys>, author: Author) -> Result<Vec<FieldError>> {
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = tags.iter().map(|tag| (tag.id, tag.keys.clone())).collect();
    let changes: Vec<_> = tags.into_iter().map(|tag| TagChange { id: tag.id, patch: tag.patch, if_match: IfMatch::default() }).collect();
    let refusals = tag::service::update_all(tx, &changes, author).await?.err().unwrap_or_default();
    let named = refusals.into_iter().flat_map(|refusal| match refusal {
        Refusal::Unknown(id) => {
            let of_it = keys.iter().filter(|(known, _)| *known == id).flat_map(|(_, keys)| keys);
            of_it.map(|key| FieldError::new(key, format!("tag {id} does not exist"))).collect()
        }
        Refusal::Parent(id, message) => vec![FieldError::new(format!("_tag[{id}].parent"), message)],
    });
    Ok(named.collect())
}

fn conflict(errors: Vec<FieldError>) -> Error {
    Error::Problem {
        code: Code::Conflict,
        error: "The settings do not fit together; nothing was changed".into(),
        details: None,
        errors,
        retry_after: None,
    }
}

/// Puts a secret into the snapshot and seals it for its row; none when nothing is left to store.
fn set_secret(
    app: &App,
    settings: &mut Settings,
    tenant: TenantId,
    definition: &'static Definition,
    value: &Value,
) -> Option<StoredSetting> {
    let next = match (definition.kind, value) {
        (_, Value::Null) => None,
        (Kind::SecretMap, Value::Object(entries)) => {
            let mut map: Map<String, Value> = settings
                .secrets
                .get(definition.name)
                .and_then(|secret| serde_json::from_str(secret.expose_secret()).ok())
                .unwrap_or_default();
            for (key, entry) in entries {
                if entry.is_null() {
                    map.remove(key);
                } else if entry.as_str() != Some(MASK) {
                    map.insert(key.clone(), entry.clone());
                }
            }
            (!map.is_empty()).then_some(Value::Object(map))
        }
        (_, other) => Some(other.clone()),
    };
    let Some(next) = next else {
        settings.secrets.remove(definition.name);
        return None;
    };
    let text = next.to_string();
    let envelope = app.keys().seal(place(tenant, definition.name), text.as_bytes());
    settings.secrets.insert(definition.name, SecretString::from(text));
    Some(StoredSetting { name: definition.name.to_owned(), value: None, secret: Some(envelope) })
}

/// A call that would fail every time is refused when it is saved. Whether it would depends on DNS and on the operator's
/// allow-list, so it is a conflict with the present state rather than a malformed request.
async fn refuse_impossible_calls(app: &App, tenant: TenantId, changes: &[Change]) -> Result<()> {
    let mut errors = Vec::new();
    let settings = of(app, tenant).await?;
    let is_new_call =
        |change: &&Change| matches!(change.definition.kind, Kind::Executor) && settings.value(change.definition) != change.value;
    for change in changes.iter().filter(is_new_call) {
        let Ok(Some(call)) = serde_json::from_value::<Option<Executor>>(change.value.clone()) else { continue };
        if let Err((path, message)) = call.check() {
            errors.push(FieldError::new(format!("{}.{path}", change.definition.name), message));
        } else if let Ok(url) = call.url.parse()
            && let Err(error) = app.outbound().check(&url).await
        {
            errors.push(FieldError::new(format!("{}.url", change.definition.name), error.to_string()));
        }
    }
    errors.extend(powercloud::refuse_host(app, &settings, changes).await);
    errors.extend(lynqtech::refuse_targets(app, &settings, changes).await);
    if errors.is_empty() { Ok(()) } else { Err(conflict(errors)) }
}

/// Re-encrypts every secret that is not under the active key. Answers how many were.
pub async fn rotate_secrets(app: &App, tenant: TenantId) -> Result<usize> {
    let now = app.now();
    let mut tx = app.db().tenant_tx(tenant).await?;
    store::lock(&mut tx).await?;
    let mut rotated = 0;
    for row in store::list(&mut tx).await? {
        let Some(envelope) = row.secret.filter(|envelope| !app.keys().is_current(envelope)) else { continue };
        let plain = app.keys().open(place(tenant, &row.name), &envelope).map_err(Error::internal)?;
        let secret = Some(app.keys().seal(place(tenant, &row.name), &plain));
        store::upsert(&mut tx, &StoredSetting { name: row.name, value: None, secret }, None, now).await?;
        rotated += 1;
    }
    tx.commit().await?;
    Ok(rotated)
}
