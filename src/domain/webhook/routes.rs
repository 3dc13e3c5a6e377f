//! `/webhook/*`.

use axum::{
    body::Bytes,
    extract::{FromRequest as _, Request, State},
    http::{StatusCode, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    model::{DeadLetter, System},
    service,
};
use crate::{
    App,
    domain::{
        job::JobId,
        role::Permission,
        settings::{self, service::webhook::WebhookAuth},
        tenant::{self, Tenant},
    },
    error::{Code, Error, Result},
    http::{
        Caller, Path, Query, Success,
        client::Client,
        query::{Limit, Offset},
    },
};

/// Query of a receiver. Whatever else a system appends is ignored.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WebhookQuery {
    /// Short name of the tenant, unless the host says it.
    #[param(inline, example = "demo")]
    tenant: Option<String>,
    /// The secret, for systems that can send neither `X-Webhook-Secret` nor a Basic password.
    #[param(inline, example = "example-secret")]
    secret: Option<String>,
}

impl WebhookQuery {
    fn of(parts: &Parts) -> Self {
        let mut query = Self::default();
        for (key, value) in url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            match key.as_ref() {
                "tenant" => query.tenant = Some(value.into_owned()),
                "secret" => query.secret = Some(value.into_owned()),
                _ => {}
            }
        }
        query
    }
}

/// A report: JSON, a form, XML or any other text.
#[derive(Debug, ToSchema)]
#[schema(value_type = serde_json::Value)]
pub struct WebhookReport(#[expect(dead_code, reason = "stands for the body in the spec")] Value);

fn refused() -> Error {
    Error::new(Code::Unauthenticated, "The webhook is not authorised")
        .details("Use the URL that GET /api/mind/settings/category/erp shows, or send its secret as X-Webhook-Secret.")
}

async fn tenant_of(app: &App, client: &Client, named: Option<&str>) -> Result<Tenant> {
    let by_host = tenant::service::by_host(app, &client.host).await?;
    let tenant = match (by_host, named) {
        (Some(tenant), Some(slug)) if tenant.slug != slug => None,
        (Some(tenant), _) => Some(tenant),
        // No slug has such characters, and Postgres would refuse the worst of them.
        (None, Some(slug)) if slug.parse::<tenant::Slug>().is_err() => None,
        // As `by_host_or_default` keeps it: no host name begins with a slash.
        (None, Some(slug)) => app.tenants().get_or_load(format!("/{slug}"), tenant::service::by_slug(app, slug)).await?,
        (None, None) => match tenant::service::by_host_or_default(app, &client.host).await? {
            Some(tenant) => Some(tenant),
            None => {
                return Err(Error::new(Code::TenantRequired, "It is not clear which tenant is meant")
                    .details("Use the tenant's own host, or name it in the parameter tenant."));
            }
        },
    };
    // As a wrong secret: who guesses learns nothing about tenants.
    tenant.ok_or_else(refused)
}

/// Secrets that a request shows.
fn shown(parts: &Parts, query: &WebhookQuery) -> Vec<String> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let basic = header(header::AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        let plain = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(token.trim()).ok())??;
        Some(String::from_utf8(plain).ok()?.split_once(':')?.1.to_owned())
    });
    query.secret.clone().into_iter().chain(header("x-webhook-secret").map(str::to_owned)).chain(basic).collect()
}

async fn receive(app: &App, system: System, request: Request) -> Result<axum::Json<Success>> {
    let (parts, body) = request.into_parts();
    let client = Client::of(&parts, &app.config().trusted_proxies);
    let query = WebhookQuery::of(&parts);
    let tenant = tenant_of(app, &client, query.tenant.as_deref()).await?;
    tracing::Span::current().record("tenant", tenant.slug.as_str());
    let settings = settings::service::of(app, tenant.id).await?;
    let passes = match settings.webhook_auth(system) {
        WebhookAuth::Secret => shown(&parts, &query).iter().any(|secret| settings.is_webhook_secret(secret)),
        WebhookAuth::Addresses => settings.webhook_networks().iter().any(|net| net.contains(&client.address)),
        WebhookAuth::None => true,
    };
    if !passes {
        metrics::counter!("mind_webhook_reports_total", "system" => system.as_str(), "result" => "refused").increment(1);
        return Err(refused());
    }
    // Read only now: a stranger's megabyte is not.
    let body = Bytes::from_request(Request::from_parts(parts, body), &()).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Error::new(Code::PayloadTooLarge, "The body is larger than 1 MiB")
        } else {
            Error::new(Code::MalformedJson, "The body could not be read to its end")
        }
    })?;
    service::receive(app, tenant.id, system, &body).await?;
    Ok(axum::Json(Success { success: true }))
}

/// A report of Powercloud.
///
/// Only ids of contracts and customers are read from the body, wherever the setting `webhookIdKeys` says they stand; what
/// they name is fetched again, once for all reports of `webhookGroupingWindowSeconds`. Answered when the report is stored.
/// A body without any id is fine too. Also at `/webhook/powercloud`.
#[utoipa::path(post, path = "/api/mind/webhook/powercloud", tag = "webhook", operation_id = "receive_powercloud_webhook",
    params(WebhookQuery),
    request_body(content((WebhookReport = "application/json", example = json!({"contractId": 746_839, "event": "statusChanged"})), (String = "application/x-www-form-urlencoded"), (String = "application/xml"), (String = "text/plain")), description = "Any text of up to 1 MiB"),
    responses((status = 200, description = "Stored", body = Success), (status = 401, description = "Wrong or missing secret, address that is not on the list, or no such tenant", body = crate::error::Problem)),
    security(()))]
pub async fn receive_powercloud_webhook(State(app): State<App>, request: Request) -> Result<axum::Json<Success>> {
    receive(&app, System::Powercloud, request).await
}

/// A report of LynqTech.
///
/// As for Powercloud. Also at `/webhook/lynqtech`.
#[utoipa::path(post, path = "/api/mind/webhook/lynqtech", tag = "webhook", operation_id = "receive_lynqtech_webhook",
    params(WebhookQuery),
    request_body(content((WebhookReport = "application/json", example = json!({"contractNumber": "746839"})), (String = "application/x-www-form-urlencoded"), (String = "application/xml"), (String = "text/plain")), description = "Any text of up to 1 MiB"),
    responses((status = 200, description = "Stored", body = Success), (status = 401, description = "Wrong or missing secret, address that is not on the list, or no such tenant", body = crate::error::Problem)),
    security(()))]
pub async fn receive_lynqtech_webhook(State(app): State<App>, request: Request) -> Result<axum::Json<Success>> {
    receive(&app, System::LynqTech, request).await
}

/// Query of `GET /webhook/deadLetter`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDeadLetters {
    /// Rows at most.
    #[serde(default)]
    #[param(inline, example = 100)]
    limit: Limit,
    /// Rows to skip.
    #[serde(default)]
    #[param(inline, example = 0)]
    offset: Offset,
}

/// What could not be fetched for about a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetters {
    /// The latest first.
    dead_letters: Vec<DeadLetter>,
}

/// Contracts and customers that were reported, and could not be fetched for about a day.
#[utoipa::path(get, path = "/api/mind/webhook/deadLetter", tag = "webhook", operation_id = "list_dead_letters",
    params(ListDeadLetters),
    responses((status = 200, description = "The latest first", body = DeadLetters)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateClientSettings"))))]
pub async fn list_dead_letters(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListDeadLetters>,
) -> Result<axum::Json<DeadLetters>> {
    caller.may(Permission::UpdateClientSettings)?;
    let dead_letters = service::dead_letters(&app, caller.tenant, query.limit.0, query.offset.0).await?;
    Ok(axum::Json(DeadLetters { dead_letters }))
}

/// Tries again, at once and with as many attempts as at first.
#[utoipa::path(post, path = "/api/mind/webhook/deadLetter/{id}/replay", tag = "webhook", operation_id = "replay_dead_letter",
    params(("id" = i64, Path, description = "The dead letter", example = 17)),
    responses((status = 200, description = "It is tried again", body = Success)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateClientSettings"))))]
pub async fn replay_dead_letter(State(app): State<App>, caller: Caller, Path(id): Path<i64>) -> Result<axum::Json<Success>> {
    caller.may(Permission::UpdateClientSettings)?;
    service::replay(&app, &caller, JobId(id)).await?;
    Ok(axum::Json(Success { success: true }))
}
