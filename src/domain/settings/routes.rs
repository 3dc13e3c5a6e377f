//! `/settings*` (`contract/settings.md`).

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::{
    model::{CATALOGUE, Definition, Kind, Setting, catalogue::GROUPS, definition},
    service::{self, Change, Settings},
};
use crate::{
    App,
    domain::role::Permission,
    error::{Error, Result},
    http::{AnyJson, Caller, Json, Path, Query, Success, Text, query::Flag},
};

/// Query of `GET /settings`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListSettings {
    /// Part of the name, any case.
    #[param(inline, example = "erp")]
    filter_by_name: Option<Text<0, 100>>,
    /// Exactly this category.
    #[param(inline, example = "erp")]
    filter_by_category: Option<Text<0, 100>>,
    /// Read by exactly this part of the system.
    #[param(inline, example = "mind")]
    filter_by_used_by: Option<Text<0, 100>>,
    /// Secrets in clear, with the permission updateClientSettings.
    #[serde(default)]
    #[param(inline, example = "false")]
    show_secrets: Flag,
}

/// A value as this caller sees it.
fn value(app: &App, settings: &Settings, caller: &Caller, definition: &Definition, reveal: Reveal) -> Value {
    match definition.kind {
        Kind::WebhookUrl(system) => settings.webhook_url(app, &caller.identity.tenant, system, reveal != Reveal::Nothing),
        _ => settings.shown(definition, &caller.permissions, reveal == Reveal::Secrets),
    }
}

/// What is shown in clear.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reveal {
    Nothing,
    /// The URLs to paste into an ERP.
    Urls,
    /// Secrets, and the URLs.
    Secrets,
}

fn shown(app: &App, settings: &Settings, caller: &Caller, reveal: Reveal, wanted: impl Fn(&Definition) -> bool) -> Vec<Setting> {
    CATALOGUE
        .iter()
        .enumerate()
        .filter(|(_, definition)| wanted(definition))
        .map(|(order, definition)| Setting::show(order, definition, value(app, settings, caller, definition, reveal), caller.language))
        .collect()
}

/// Settings with their values in force.
#[utoipa::path(get, path = "/api/mind/settings", tag = "settings", operation_id = "list_settings",
    params(ListSettings),
    responses((status = 200, description = "Settings in the order of the catalogue; secrets masked", body = [Setting])),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readSettings"))))]
pub async fn list_settings(State(app): State<App>, caller: Caller, Query(query): Query<ListSettings>) -> Result<axum::Json<Vec<Setting>>> {
    caller.may(Permission::ReadSettings)?;
    if query.show_secrets.0 {
        caller.may(Permission::UpdateClientSettings)?;
        service::webhook::ensure_secret(&app, &caller).await?;
    }
    let settings = service::of(&app, caller.tenant).await?;
    let part = query.filter_by_name.unwrap_or_default().to_lowercase();
    let reveal = if query.show_secrets.0 { Reveal::Secrets } else { Reveal::Nothing };
    Ok(axum::Json(shown(&app, &settings, &caller, reveal, |definition| {
        definition.name.to_lowercase().contains(&part)
            && query.filter_by_category.as_deref().is_none_or(|category| definition.category == category)
            && query.filter_by_used_by.as_deref().is_none_or(|part| definition.used_by.contains(&part))
    })))
}

/// Body of `POST /settings`: names and values, and `_tag[<id>].<field>` for tags.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct SettingsUpdate(Map<String, Value>);

impl PartialSchema for SettingsUpdate {
    fn schema() -> RefOr<Schema> {
        // Replaced by the catalogue's own schema (router::spec): utoipa's types cannot say all of it.
        RefOr::T(Schema::default())
    }
}

impl ToSchema for SettingsUpdate {}

/// Changes settings, all or nothing.
///
/// `_tag[<id>].<field>` changes a tag in the same go. Each change is an event and holds on every node within a second. 409:
/// the settings would not fit together, or there is no such tag.
#[utoipa::path(post, path = "/api/mind/settings", tag = "settings", operation_id = "update_settings",
    request_body = SettingsUpdate,
    responses((status = 200, description = "All changes hold", body = Success)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateClientSettings")), ("x-body-optional" = json!(true))))]
pub async fn update_settings(State(app): State<App>, caller: Caller, Json(body): Json<SettingsUpdate>) -> Result<axum::Json<Success>> {
    caller.may(Permission::UpdateClientSettings)?;
    apply(&app, &caller, body.0).await
}

async fn apply(app: &App, caller: &Caller, body: Map<String, Value>) -> Result<axum::Json<Success>> {
    let (changes, tags) = Change::parse_all(body)?;
    for permission in changes.iter().filter_map(|change| change.definition().permission) {
        caller.may(permission)?;
    }
    service::update_all(app, caller.tenant, Some(caller.profile), changes, tags).await?;
    Ok(axum::Json(Success { success: true }))
}

/// Any JSON; its schema comes from `model::schema`, where it can refer to itself.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its name in the spec is used")]
pub struct JsonValue(Value);

/// Changes one setting.
#[utoipa::path(put, path = "/api/mind/settings/{setting}", tag = "settings", operation_id = "update_setting",
    params(("setting" = String, Path, description = "Name of the setting", min_length = 1, max_length = 100, pattern = r"^[A-Za-z0-9]+$", example = "udfStorage")),
    request_body(content = JsonValue, description = "The value itself; null = back to the default", example = json!({"counter": 1})),
    responses((status = 200, description = "The change holds", body = Success)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateClientSettings"))))]
pub async fn update_setting(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    AnyJson(value): AnyJson,
) -> Result<axum::Json<Success>> {
    caller.may(Permission::UpdateClientSettings)?;
    if definition(&name).is_none() {
        return Err(Error::not_found("Setting", name));
    }
    apply(&app, &caller, Map::from_iter([(name, value)])).await
}

/// Names and values in force, secrets masked.
#[utoipa::path(get, path = "/api/mind/settings/compact", tag = "settings", operation_id = "get_compact_settings",
    responses((status = 200, description = "Names and values; secrets masked", body = BTreeMap<String, Value>, example = json!({"erpSystem": "custom", "erpCacheSeconds": 300}))),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readSettings"))))]
pub async fn get_compact_settings(State(app): State<App>, caller: Caller) -> Result<axum::Json<BTreeMap<&'static str, Value>>> {
    caller.may(Permission::ReadSettings)?;
    let settings = service::of(&app, caller.tenant).await?;
    Ok(axum::Json(
        CATALOGUE.iter().map(|definition| (definition.name, value(&app, &settings, &caller, definition, Reveal::Nothing))).collect(),
    ))
}

/// `GET /settings/category/{category}`.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingsCategory {
    /// Always true.
    success: bool,
    /// The category.
    #[schema(example = "erp")]
    category: String,
    /// Its groups, in the order a page shows them.
    groups: Vec<SettingsGroup>,
}

/// A group of settings that a page shows together.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingsGroup {
    /// Name.
    #[schema(example = "connection")]
    name: &'static str,
    /// Name for people, in the caller's language.
    label: &'static str,
    /// Its settings.
    settings: Vec<Setting>,
}

/// Settings of a category, grouped.
#[utoipa::path(get, path = "/api/mind/settings/category/{category}", tag = "settings", operation_id = "get_settings_category",
    params(("category" = String, Path, description = "Name of the category", max_length = 100, pattern = r"^[A-Za-z0-9]+$", example = "erp")),
    responses((status = 200, description = "Groups of the category; secrets masked", body = SettingsCategory)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readSettings"))))]
pub async fn get_settings_category(
    State(app): State<App>,
    caller: Caller,
    Path(category): Path<String>,
) -> Result<axum::Json<SettingsCategory>> {
    caller.may(Permission::ReadSettings)?;
    // Who may set the secret may as well see it where it is to be copied from.
    let mut reveal = Reveal::Nothing;
    if category == "erp" && caller.permissions.has(Permission::UpdateClientSettings) {
        service::webhook::ensure_secret(&app, &caller).await?;
        reveal = Reveal::Urls;
    }
    let settings = service::of(&app, caller.tenant).await?;
    let all = shown(&app, &settings, &caller, reveal, |definition| definition.category == category);
    if all.is_empty() {
        return Err(Error::not_found("Category", category));
    }
    let groups = GROUPS
        .iter()
        .map(|(name, label)| SettingsGroup {
            name,
            label: label.in_language(caller.language),
            settings: all.iter().filter(|setting| setting.group == *name).cloned().collect(),
        })
        .filter(|group| !group.settings.is_empty())
        .collect();
    Ok(axum::Json(SettingsCategory { success: true, category, groups }))
}

/// Query of `GET /settings/search`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchSettings {
    /// Part of a name, label or description, in German or English, any case.
    #[param(inline, example = "cache")]
    q: Text<1, 100>,
}

/// Settings whose name, label or description holds a text.
#[utoipa::path(get, path = "/api/mind/settings/search", tag = "settings", operation_id = "search_settings",
    params(SearchSettings),
    responses((status = 200, description = "Settings found, in the order of the catalogue; secrets masked", body = [Setting])),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readSettings"))))]
pub async fn search_settings(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<SearchSettings>,
) -> Result<axum::Json<Vec<Setting>>> {
    caller.may(Permission::ReadSettings)?;
    let settings = service::of(&app, caller.tenant).await?;
    let q = query.q.trim().to_lowercase();
    Ok(axum::Json(shown(&app, &settings, &caller, Reveal::Nothing, |definition| {
        let texts = [definition.name, definition.label.de, definition.label.en, definition.description.de, definition.description.en];
        texts.iter().any(|text| text.to_lowercase().contains(&q))
    })))
}
