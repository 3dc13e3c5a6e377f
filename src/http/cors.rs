//! Cross-origin reads for pages on other sites (`contract/auth.md`): with a bearer token from anywhere, because such a page
//! already holds the token; with the cookie only from the tenant's allow-list.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::client::Client;
use crate::{
    App,
    domain::{
        settings,
        tenant::{self, TenantId},
    },
};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type, if-match, idempotency-key, accept-language");
const EXPOSED: HeaderValue = HeaderValue::from_static("x-tx-id, x-erp-source, age, etag, retry-after, idempotency-replayed");

/// Where [`super::Caller`] leaves the tenant it found, for the answer.
#[derive(Clone, Debug, Default)]
pub struct FoundTenant(pub Arc<OnceLock<TenantId>>);

/// Answers preflights and adds what a browser needs to hand the answer over.
pub async fn allow(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else { return next.run(request).await };
    let preflight = request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let (mut parts, body) = request.into_parts();
    let client = Client::of(&parts, &app.config().trusted_proxies);
    if preflight {
        // It carries no credential, so the host has to say the tenant. It gives nothing away: the answer decides.
        let tenant = tenant::service::by_host_or_default(&app, &client.host).await.ok().flatten();
        let listed = is_listed(&app, tenant.map(|tenant| tenant.id), &origin).await;
        let mut response = StatusCode::NO_CONTENT.into_response();
        set(response.headers_mut(), origin, listed, true);
        return response;
    }
    let found = FoundTenant::default();
    parts.extensions.insert(found.clone());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let tenant = match found.0.get() {
        Some(tenant) => Some(*tenant),
        None => tenant::service::by_host_or_default(&app, &client.host).await.ok().flatten().map(|tenant| tenant.id),
    };
    let listed = is_listed(&app, tenant, &origin).await;
    set(response.headers_mut(), origin, listed, false);
    response
}

/// Whether the tenant lists the origin.
async fn is_listed(app: &App, tenant: Option<TenantId>, origin: &HeaderValue) -> bool {
    let (Some(tenant), Ok(origin)) = (tenant, origin.to_str()) else { return false };
    settings::service::of(app, tenant).await.is_ok_and(|settings| settings.allows_origin(origin))
}

fn set(headers: &mut HeaderMap, origin: HeaderValue, listed: bool, preflight: bool) {
    if listed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    } else {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    } else {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
