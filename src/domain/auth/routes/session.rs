//! `POST /api/auth/v1/login`, `GET` and `DELETE /api/auth/v1/session`.

use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use tower_cookies::{Cookie, Cookies, cookie::SameSite};

use super::super::{
    model::{COOKIE, CredentialKind, LoginRequest, SessionAnswer},
    service::{self, SignedIn},
};
use crate::{
    App,
    domain::tenant::{self, Tenant},
    error::{Code, Error, Result},
    http::{Caller, Json, Query, Success, caller::refuse_cross_site, client::Client},
};

/// The tenant a login is for, where anything says so. The host comes first: on a tenant's own host the body cannot
/// name another one.
async fn login_tenant(app: &App, client: &Client, named: Option<&str>) -> Result<Option<Tenant>> {
    let by_host = tenant::service::by_host(app, &client.host).await?;
    match (by_host, named) {
        // Takes the way of an unknown address: counted, and as slow.
        (Some(tenant), Some(slug)) if tenant.slug != slug => Ok(None),
        (Some(tenant), _) => Ok(Some(tenant)),
        (None, Some(slug)) => tenant::service::by_slug(app, slug).await,
        (None, None) => match app.config().default_tenant.as_deref() {
            Some(slug) => tenant::service::by_slug(app, slug).await,
            None => Err(Error::new(Code::TenantRequired, "It is not clear which tenant is meant")
                .details("Use the tenant's own host, or name it in the field tenant.")),
        },
    }
}

/// Signs in with e-mail address and password.
///
/// Sets the session cookie. Unknown addresses and wrong passwords answer the same.
#[utoipa::path(post, path = "/api/auth/v1/login", tag = "auth", operation_id = "login",
    request_body = LoginRequest,
    responses((status = 200, description = "Signed in; the cookie is set", body = SessionAnswer,
        headers(("set-cookie" = String, description = "connect.sid; HttpOnly; SameSite=Lax")))),
    security(()))]
pub async fn login(
    State(app): State<App>,
    cookies: Cookies,
    parts: LoginParts,
    Json(body): Json<LoginRequest>,
) -> Result<axum::Json<SessionAnswer>> {
    let LoginParts { parts, client } = parts;
    if body.password.expose_secret().chars().count() > 1000 {
        return Err(Error::field("password", "must have at most 1000 characters"));
    }
    let tenant = login_tenant(&app, &client, body.tenant.as_deref()).await?;
    refuse_cross_site(&app, &parts, &client, tenant.as_ref()).await?;
    let signed_in = service::sign_in(&app, tenant, &body.email, &body.password, client.address).await?;
    // The cookie a browser had before must not outlive the sign-in, whoever put it there.
    if let Some(old) = cookies.get(COOKIE) {
        service::end_session(&app, old.value()).await?;
    }
    set_cookie(&app, &cookies, &signed_in);
    Ok(axum::Json(SessionAnswer::of(&signed_in.identity)))
}

/// Head of a login request, taken before its body.
#[derive(Debug)]
pub struct LoginParts {
    parts: Parts,
    client: Client,
}

impl FromRequestParts<App> for LoginParts {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self { client: Client::of(parts, &app.config().trusted_proxies), parts: parts.clone() })
    }
}

fn set_cookie(app: &App, cookies: &Cookies, signed_in: &SignedIn) {
    cookies.add(cookie(app, signed_in.cookie.clone()));
}

fn cookie(app: &App, value: String) -> Cookie<'static> {
    Cookie::build((COOKIE, value)).http_only(true).same_site(SameSite::Lax).path("/").secure(app.config().is_https()).build()
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/auth/v1/session", tag = "auth", operation_id = "get_session",
    responses((status = 200, description = "The caller's session or token", body = SessionAnswer)),
    security(("bearerAuth" = []), ("cookieAuth" = [])))]
pub async fn get_session(caller: Caller) -> axum::Json<SessionAnswer> {
    axum::Json(SessionAnswer::of(&caller.identity))
}

/// Signs out.
///
/// Ends the session of the cookie and clears it. A bearer token has no session: it stays valid until it is revoked.
#[utoipa::path(delete, path = "/api/auth/v1/session", tag = "auth", operation_id = "delete_session",
    responses((status = 200, description = "No session of the caller is left", body = Success)),
    security(("bearerAuth" = []), ("cookieAuth" = [])))]
pub async fn delete_session(State(app): State<App>, cookies: Cookies, caller: Caller) -> Result<axum::Json<Success>> {
    if caller.identity.kind == CredentialKind::Session
        && let Some(shown) = cookies.get(COOKIE)
    {
        service::end_session(&app, shown.value()).await?;
        cookies.remove(cookie(&app, String::new()));
    }
    Ok(axum::Json(Success { success: true }))
}

/// Query of the sign-in link.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkQuery {
    token: String,
}

/// `GET /sign-in?token=…`: the link that the start of a development server prints. Not part of the API's spec.
pub async fn sign_in_by_link(State(app): State<App>, cookies: Cookies, Query(query): Query<LinkQuery>) -> Result<Response> {
    let signed_in = service::sign_in_by_link(&app, &query.token).await?;
    if let Some(old) = cookies.get(COOKIE) {
        service::end_session(&app, old.value()).await?;
    }
    set_cookie(&app, &cookies, &signed_in);
    let mut response = Redirect::to("/api/mind/docs/").into_response();
    *response.status_mut() = StatusCode::SEE_OTHER;
    Ok(response)
}
