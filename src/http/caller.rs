//! The extractor that knows who calls. A handler that takes a [`Caller`] cannot be reached without a valid credential.

use axum::{
    extract::FromRequestParts,
    http::{Method, header, request::Parts},
};
use tower_cookies::Cookies;

use super::{client::Client, cors::FoundTenant};
use crate::{
    App,
    domain::{
        auth::{
            model::{COOKIE, Claims, CredentialKind, Identity},
            service::{self, Shown},
        },
        profile::ProfileId,
        role::{Permission, Permissions},
        settings,
        tenant::{self, Tenant, TenantId},
    },
    error::{Code, Error, Result},
    secret::token_hash,
};

/// Who calls, and what they may do.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant everything happens in.
    pub tenant: TenantId,
    /// The profile behind the credential.
    pub profile: ProfileId,
    /// What the credential allows.
    pub permissions: Permissions,
    /// Everything about the credential.
    pub identity: Identity,
    /// Language to answer in: `de` or `en`.
    pub language: &'static str,
}

impl Caller {
    /// The first line of every handler.
    pub fn may(&self, permission: Permission) -> Result<()> {
        if self.permissions.has(permission) { Ok(()) } else { Err(Error::missing(permission)) }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let client = Client::of(parts, &app.config().trusted_proxies);
        let shown = shown(parts, app)?;
        let identity = service::identify(app, &shown).await?.ok_or_else(Error::unauthenticated)?;
        let host_tenant = tenant::service::by_host(app, &client.host).await?;
        if host_tenant.is_some_and(|tenant| tenant.id != identity.tenant.id) {
            return Err(Error::unauthenticated());
        }
        if identity.kind == CredentialKind::Session && has_effects(parts) {
            refuse_cross_site(app, parts, &client, Some(&identity.tenant)).await?;
        }
        if let Some(found) = parts.extensions.get::<FoundTenant>() {
            // Two callers of one request are the same.
            found.0.set(identity.tenant.id).ok();
        }
        tracing::Span::current().record("tenant", identity.tenant.slug.as_str());
        Ok(Self {
            tenant: identity.tenant.id,
            profile: identity.profile,
            permissions: identity.permissions.clone(),
            language: language(parts, &identity.lang),
            identity,
        })
    }
}

/// The credential of a request: the bearer token where there is one, else the cookie.
fn shown(parts: &Parts, app: &App) -> Result<Shown> {
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let claims = token.and_then(|token| Claims::verify(token, app.keys())).ok_or_else(Error::unauthenticated)?;
        return Ok(Shown::Token(claims.jti));
    }
    let cookie = parts.extensions.get::<Cookies>().and_then(|cookies| cookies.get(COOKIE)).ok_or_else(Error::unauthenticated)?;
    Ok(Shown::Cookie(token_hash(cookie.value())))
}

/// `de` or `en`: what the browser prefers, else what the profile says.
fn language(parts: &Parts, profile: &str) -> &'static str {
    let wanted = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = wanted.split([',', ';', '-']).next().unwrap_or_default().trim().to_ascii_lowercase();
    match (first.as_str(), profile) {
        ("de", _) => "de",
        (other, "de") if other != "en" => "de",
        _ => "en",
    }
}

/// Whether a request changes something: unsafe methods, and the few GETs with effects (`contract/auth.md`).
fn has_effects(parts: &Parts) -> bool {
    if !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    path.contains("/cron/")
        || path.ends_with("/showAccessToken")
        || path.split('/').any(|segment| segment.starts_with("process"))
        || url::form_urlencoded::parse(query.as_bytes())
            .any(|(key, value)| key.starts_with("process") || (key == "refresh" && !matches!(value.as_ref(), "false" | "0" | "no" | "off")))
}

/// A page of another site must not write with a visitor's cookie. Programs send neither header and pass.
pub async fn refuse_cross_site(app: &App, parts: &Parts, client: &Client, tenant: Option<&Tenant>) -> Result<()> {
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or("invalid"));
    if let Some(origin) = header("origin") {
        if is_own_origin(app, origin, client) {
            return Ok(());
        }
        if let Some(tenant) = tenant
            && settings::service::of(app, tenant.id).await?.allows_origin(origin)
        {
            return Ok(());
        }
        return Err(cross_site());
    }
    match header("sec-fetch-site") {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(cross_site()),
    }
}

fn is_own_origin(app: &App, origin: &str, client: &Client) -> bool {
    let Ok(url) = url::Url::parse(origin) else { return false };
    if url.origin() == app.config().public_url.origin() {
        return true;
    }
    // The page came from the host the request goes to; a port that is the scheme's default may be left out.
    let schemes: &[&str] = if app.config().is_https() { &["https"] } else { &["http", "https"] };
    schemes.iter().any(|&scheme| {
        url.scheme() == scheme && url::Url::parse(&format!("{scheme}://{}", client.host)).is_ok_and(|own| own.origin() == url.origin())
    })
}

fn cross_site() -> Error {
    Error::new(Code::CrossSite, "A page of another site may not write with your cookie")
        .details("Use a bearer token, or add the page's origin to the setting allowedOrigins.")
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn gets_with_effects_are_known() {
        for (method, uri, effects) in [
            ("GET", "/api/mind/contract/1", false),
            ("GET", "/api/mind/contract/1?refresh=false", false),
            ("GET", "/api/mind/contract/1?refresh=1", true),
            ("GET", "/api/mind/ticket/processAutoProcessable", true),
            ("GET", "/api/mind/ticket/1?process=realtime", true),
            ("GET", "/api/mind/cron/hour", true),
            ("GET", "/api/mind/profile/showAccessToken", true),
            ("POST", "/api/mind/ticket", true),
        ] {
            let (parts, ()) = Request::builder().method(method).uri(uri).body(()).unwrap().into_parts();
            assert_eq!(has_effects(&parts), effects, "{method} {uri}");
        }
    }
}
