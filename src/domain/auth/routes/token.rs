//! Bearer tokens: making, listing and revoking them.

use axum::extract::State;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::{
    model::{CredentialKind, ListedToken, TokenAnswer},
    service::{self, TokenOrder},
    store,
};
use crate::{
    App,
    domain::{profile::ProfileId, role::Permission},
    error::{Error, Result},
    http::{
        Caller, Path, Query, Success,
        query::{Limit, Offset},
    },
};

/// A fresh token for the caller.
///
/// Only for callers with a session cookie: a token that could renew itself would never end.
#[utoipa::path(get, path = "/api/mind/profile/showAccessToken", tag = "profile", operation_id = "show_access_token",
    responses((status = 200, description = "A new token; it is not shown again", body = TokenAnswer)),
    security(("cookieAuth" = [])))]
pub async fn show_access_token(State(app): State<App>, caller: Caller) -> Result<axum::Json<TokenAnswer>> {
    if caller.identity.kind != CredentialKind::Session {
        return Err(Error::new(crate::error::Code::PermissionMissing, "Unauthorized")
            .details("Only a session may ask for its own token. Sign in, or let an administrator use POST /api/mind/jwt/{id}."));
    }
    let order = TokenOrder {
        tenant: &caller.identity.tenant,
        profile: caller.profile,
        name: "showAccessToken",
        by: Some(caller.profile),
        days: None,
        until: None,
    };
    answer(&app, &order).await
}

async fn answer(app: &App, order: &TokenOrder<'_>) -> Result<axum::Json<TokenAnswer>> {
    let issued = service::issue_token(app, order).await?;
    Ok(axum::Json(TokenAnswer { success: true, token: issued.token.expose_secret().to_owned() }))
}

/// A token for another user or a service worker.
///
/// Not for somebody who may do more than the caller.
#[utoipa::path(post, path = "/api/mind/jwt/{id}", tag = "profile", operation_id = "create_jwt",
    params(("id" = i64, Path, description = "Profile the token acts for", minimum = 1, example = 1)),
    responses((status = 200, description = "A new token; it is not shown again", body = TokenAnswer)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateUserProfile"))))]
pub async fn create_jwt(State(app): State<App>, caller: Caller, Path(id): Path<i64>) -> Result<axum::Json<TokenAnswer>> {
    caller.may(Permission::UpdateUserProfile)?;
    let mut read = app.tenant_read(&caller).await?;
    let theirs = store::find_permissions(&mut read, ProfileId(id)).await?.ok_or_else(|| Error::not_found("Profile", id))?;
    drop(read);
    // Otherwise the permission to manage profiles would be every permission.
    if let Some(missing) = theirs.beyond(&caller.permissions) {
        return Err(Error::missing(missing));
    }
    // A token that makes tokens must not outlive itself through them.
    let until = (caller.identity.kind != CredentialKind::Session).then_some(caller.identity.expires_at);
    let order =
        TokenOrder { tenant: &caller.identity.tenant, profile: ProfileId(id), name: "jwt", by: Some(caller.profile), days: None, until };
    answer(&app, &order).await
}

/// Query of `GET /api/auth/v1/tokens`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListTokens {
    /// Rows at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// Rows to skip.
    #[serde(default)]
    #[param(inline)]
    offset: Offset,
}

/// `GET /api/auth/v1/tokens`.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenList {
    /// Always true.
    success: bool,
    /// Newest first.
    tokens: Vec<ListedToken>,
}

/// Tokens that were issued, without the tokens themselves.
///
/// The caller's own; with the permission updateUserProfile those of the whole tenant.
#[utoipa::path(get, path = "/api/auth/v1/tokens", tag = "auth", operation_id = "list_tokens",
    params(ListTokens),
    responses((status = 200, description = "A page of tokens, newest first", body = TokenList)),
    security(("bearerAuth" = []), ("cookieAuth" = [])))]
pub async fn list_tokens(State(app): State<App>, caller: Caller, Query(query): Query<ListTokens>) -> Result<axum::Json<TokenList>> {
    let of = if caller.permissions.has(Permission::UpdateUserProfile) { None } else { Some(caller.profile) };
    let tokens = store::list_tokens(&mut app.tenant_read(&caller).await?, of, query.limit.0, query.offset.0).await?;
    Ok(axum::Json(TokenList { success: true, tokens }))
}

/// Revokes a token.
///
/// The caller's own; with the permission updateUserProfile any of the tenant. A token does not revoke itself: whoever
/// stole it could lock its owner out.
#[utoipa::path(delete, path = "/api/auth/v1/tokens/{id}", tag = "auth", operation_id = "revoke_token",
    params(("id" = Uuid, Path, description = "Id of the token (jti)")),
    responses((status = 200, description = "The token is no longer accepted", body = Success)),
    security(("bearerAuth" = []), ("cookieAuth" = [])))]
pub async fn revoke_token(State(app): State<App>, caller: Caller, Path(id): Path<Uuid>) -> Result<axum::Json<Success>> {
    let owner = store::find_token_owner(&mut app.tenant_read(&caller).await?, id).await?;
    let visible = owner.is_some_and(|owner| owner == caller.profile || caller.permissions.has(Permission::UpdateUserProfile));
    if !visible {
        return Err(Error::not_found("Token", id));
    }
    if caller.identity.credential == id {
        return Err(Error::conflict("A token does not revoke itself").details("Sign in, or use another token."));
    }
    service::revoke_token(&app, caller.tenant, id, Some(caller.profile)).await?;
    Ok(axum::Json(Success { success: true }))
}
