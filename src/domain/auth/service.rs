//! Finding out who calls, signing in and out, making and revoking tokens.

use std::{net::IpAddr, sync::LazyLock, time::Duration};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    model::{Claims, CredentialKind, Identity},
    store::{self, NewSession, NewToken},
};
use crate::{
    App,
    db::SystemTx,
    domain::{
        event::{self, NewEvent},
        profile::{self, ProfileId, model::normal_email},
        role::Permissions,
        settings,
        tenant::{Tenant, TenantId},
    },
    error::{Code, Error, Result},
    secret::{Purpose, random_token, token_hash},
};

/// Window in which sign-in attempts are counted.
const WINDOW: chrono::Duration = chrono::Duration::minutes(15);
/// How long a link that signs in once is good for.
const LINK_LIFETIME: chrono::Duration = chrono::Duration::hours(1);
/// Uses are noted at most this often.
const TOUCH_EVERY: chrono::Duration = chrono::Duration::minutes(1);
/// Password hashes that are computed at a time: each takes 19 MiB and a core for some ten milliseconds.
static HASHES: Semaphore = Semaphore::const_new(2);
/// Checked when there is no such profile, so that its absence takes as long as a wrong password.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| argon2id("nobody has this password").ok());

/// A credential as it came with the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Hash of a session cookie.
    Cookie([u8; 32]),
    /// Id of a token whose signature fits.
    Token(Uuid),
}

/// Who shows this credential; none when it is unknown, revoked or past its end. At most a second old.
pub async fn identify(app: &App, shown: &Shown) -> Result<Option<Identity>> {
    let found = app.identities().get_or_load(shown.clone(), find(app, shown)).await?;
    Ok(found.filter(|identity| identity.expires_at > app.now()))
}

async fn find(app: &App, shown: &Shown) -> Result<Option<Identity>> {
    let now = app.now();
    let mut tx = app.db().system_tx().await?;
    let identity = match shown {
        Shown::Cookie(hash) => {
            let Some(row) = store::find_session(&mut tx, hash, now).await? else { return Ok(None) };
            if now - row.last_used_at >= TOUCH_EVERY {
                store::touch_session(&mut tx, &row.identity, now).await?;
                return finish(tx, Identity { expires_at: row.ends_at.min(now + row.idle), ..row.identity }).await;
            }
            row.identity
        }
        Shown::Token(jti) => {
            let Some(row) = store::find_token(&mut tx, *jti, now).await? else { return Ok(None) };
            if row.last_used_at.is_none_or(|last| now - last >= TOUCH_EVERY) {
                store::touch_token(&mut tx, &row.identity, now).await?;
            }
            row.identity
        }
    };
    finish(tx, identity).await
}

async fn finish(tx: SystemTx, identity: Identity) -> Result<Option<Identity>> {
    tx.commit().await?;
    Ok(Some(identity))
}

/// A session that has just started.
#[derive(Debug)]
pub struct SignedIn {
    /// Whose it is.
    pub identity: Identity,
    /// Value of the cookie.
    pub cookie: String,
}

/// Checks a password and starts a session. Unknown tenant, unknown address and wrong password answer the same, after the
/// same work.
pub async fn sign_in(app: &App, tenant: Option<Tenant>, email: &str, password: &SecretString, address: IpAddr) -> Result<SignedIn> {
    let email = normal_email(email);
    let account = account_key(app, tenant.as_ref(), &email);
    let address = address_key(app, address);
    count_attempt(app, &account, &address).await?;
    let profile = match &tenant {
        Some(tenant) => {
            let mut read = app.db().tenant_read(tenant.id).await?;
            store::find_sign_in_profile(&mut read, &email).await?
        }
        None => None,
    };
    let hash = profile.as_ref().map(|profile| profile.password_hash.clone());
    let fits = verify_password(password.clone(), hash).await?;
    let (Some(tenant), Some(profile), true) = (tenant, profile, fits) else {
        return Err(Error::new(Code::InvalidCredentials, "E-mail address or password is wrong"));
    };
    let mut tx = app.db().system_tx().await?;
    // A call centre behind one address signs in at the start of a shift. The order of locks is that of counting.
    store::uncount_attempt(&mut tx, &address).await?;
    store::clear_attempts(&mut tx, &account).await?;
    tx.commit().await?;
    start_session(app, tenant, profile.id, profile.lang, profile.permissions).await
}

async fn start_session(app: &App, tenant: Tenant, profile: ProfileId, lang: String, permissions: Permissions) -> Result<SignedIn> {
    let now = app.now();
    let settings = settings::service::of(app, tenant.id).await?;
    let (id, cookie) = (Uuid::now_v7(), random_token());
    let session = NewSession {
        id,
        token_hash: &token_hash(&cookie),
        profile,
        idle: settings.hours("sessionIdleHours"),
        expires_at: now + settings.hours("sessionAbsoluteHours"),
    };
    let mut tx = app.db().tenant_tx(tenant.id).await?;
    store::insert_session(&mut tx, &session, now).await?;
    event::store::append(&mut tx, &NewEvent::by(profile, "userSignedIn", json!({"session": id})), now).await?;
    tx.commit().await?;
    let identity = Identity {
        tenant,
        profile,
        lang,
        permissions,
        kind: CredentialKind::Session,
        credential: id,
        expires_at: session.expires_at.min(now + session.idle),
    };
    Ok(SignedIn { identity, cookie })
}

/// Ends whatever session a cookie names, in whichever tenant: a browser has one. On this node at once, on the others
/// within a second.
pub async fn end_session(app: &App, cookie: &str) -> Result<()> {
    let mut tx = app.db().system_tx().await?;
    let ended = store::delete_session(&mut tx, &token_hash(cookie)).await?;
    tx.commit().await?;
    if ended {
        app.identities().invalidate();
    }
    Ok(())
}

fn account_key(app: &App, tenant: Option<&Tenant>, email: &str) -> [u8; 32] {
    let tenant = tenant.map_or(0, |tenant| tenant.id.0);
    app.keys().keyed_hash(Purpose::Attempts, format!("account/{tenant}/{email}").as_bytes())
}

fn address_key(app: &App, address: IpAddr) -> [u8; 32] {
    // A household or host has a /64; counting single IPv6 addresses would count nothing.
    let address = match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => hex::encode(&v6.octets()[..8]),
    };
    app.keys().keyed_hash(Purpose::Attempts, format!("address/{address}").as_bytes())
}

/// Counts before checking, so that parallel guesses cannot slip through between count and check.
async fn count_attempt(app: &App, account: &[u8], address: &[u8]) -> Result<()> {
    let now = app.now();
    let mut tx = app.db().system_tx().await?;
    let by_address = store::count_attempt(&mut tx, address, now, WINDOW).await?;
    let by_account = store::count_attempt(&mut tx, account, now, WINDOW).await?;
    tx.commit().await?;
    for ((count, ends), most) in
        [(by_address, app.config().sign_in_attempts_per_address), (by_account, app.config().sign_in_attempts_per_account)]
    {
        if i64::from(count) > i64::from(most) {
            let wait = (ends - now).to_std().unwrap_or(Duration::from_secs(1));
            return Err(Error::new(Code::TooManyRequests, "Too many sign-in attempts")
                .details("Wait as long as Retry-After says.")
                .retry_after(wait));
        }
    }
    Ok(())
}

fn argon2id(password: &str) -> Result<String> {
    // The default parameters are OWASP's: 19 MiB, 2 passes, 1 lane.
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| Error::internal(anyhow::anyhow!("{error}")))?;
    Ok(hash.to_string())
}

/// Hashes a password with Argon2id, off the async threads.
pub async fn hash_password(password: String) -> Result<String> {
    let turn = HASHES.acquire().await.map_err(Error::internal)?;
    let hash = move || {
        let _turn = turn;
        argon2id(&password)
    };
    tokio::task::spawn_blocking(hash).await.map_err(Error::internal)?
}

async fn verify_password(password: SecretString, hash: Option<String>) -> Result<bool> {
    let turn = HASHES.acquire().await.map_err(Error::internal)?;
    let check = move || {
        // Held by the work, not by the request: a client that hangs up must not make room for the next check.
        let _turn = turn;
        let known = hash.is_some();
        let Some(hash) = hash.or_else(|| NOBODY.clone()) else { return false };
        let Ok(parsed) = PasswordHash::new(&hash) else { return false };
        Argon2::default().verify_password(password.expose_secret().as_bytes(), &parsed).is_ok() && known
    };
    tokio::task::spawn_blocking(check).await.map_err(Error::internal)
}

/// What a new token is for.
#[derive(Debug)]
pub struct TokenOrder<'a> {
    /// Tenant of the profile.
    pub tenant: &'a Tenant,
    /// Whom it acts for.
    pub profile: ProfileId,
    /// What it is for, for the list.
    pub name: &'a str,
    /// Who makes it; none for the operator's command line.
    pub by: Option<ProfileId>,
    /// Lifetime; none = the tenant's setting.
    pub days: Option<i64>,
    /// It ends then at the latest.
    pub until: Option<DateTime<Utc>>,
}

/// A token that was just made.
#[derive(Debug)]
pub struct IssuedToken {
    /// The bearer token. Not stored anywhere.
    pub token: SecretString,
    /// Id of its row.
    pub id: Uuid,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Makes a bearer token, with an event that says who made it for whom.
pub async fn issue_token(app: &App, order: &TokenOrder<'_>) -> Result<IssuedToken> {
    let now = app.now();
    let settings = settings::service::of(app, order.tenant.id).await?;
    let mut tx = app.db().tenant_tx(order.tenant.id).await?;
    let profile_kind =
        profile::store::find_kind(&mut tx, order.profile).await?.ok_or_else(|| Error::not_found("Profile", order.profile.0))?;
    let kind = CredentialKind::of_token(&profile_kind);
    let lifetime = match (order.days, kind) {
        (Some(days), _) => chrono::Duration::days(days),
        (None, CredentialKind::ServiceWorker) => settings.days("serviceWorkerTokenDays"),
        (None, _) => settings.days("accessTokenDays"),
    };
    let (id, expires_at) = (Uuid::new_v4(), order.until.map_or(now + lifetime, |until| until.min(now + lifetime)));
    let row = NewToken { id, profile: order.profile, kind, name: order.name, created_by: order.by, expires_at };
    store::insert_token(&mut tx, &row, now).await?;
    let data = json!({"id": id, "userId": order.profile, "name": order.name, "expiresAt": expires_at});
    event::store::append(&mut tx, &NewEvent::new("accessTokenCreated", data, order.by), now).await?;
    let claims =
        Claims { user_id: order.profile.0, tenant: order.tenant.slug.clone(), jti: id, iat: now.timestamp(), exp: expires_at.timestamp() };
    let token = claims.sign(app.keys()).map_err(Error::internal)?;
    tx.commit().await?;
    Ok(IssuedToken { token: SecretString::from(token), id, expires_at })
}

/// Revokes a token: on this node at once, on the others within a second.
pub async fn revoke_token(app: &App, tenant: TenantId, id: Uuid, by: Option<ProfileId>) -> Result<()> {
    let now = app.now();
    let mut tx = app.db().tenant_tx(tenant).await?;
    if store::revoke_token(&mut tx, id, now).await? {
        event::store::append(&mut tx, &NewEvent::new("accessTokenRevoked", json!({"id": id}), by), now).await?;
    }
    tx.commit().await?;
    app.identities().invalidate();
    Ok(())
}

/// Makes a link that signs a profile in once, within an hour.
pub async fn make_link(app: &App, tenant: TenantId, profile: ProfileId) -> Result<SecretString> {
    let token = random_token();
    let mut tx = app.db().tenant_tx(tenant).await?;
    store::insert_link(&mut tx, &token_hash(&token), profile, app.now() + LINK_LIFETIME).await?;
    tx.commit().await?;
    Ok(SecretString::from(token))
}

/// Uses a link up and starts a session.
pub async fn sign_in_by_link(app: &App, token: &str) -> Result<SignedIn> {
    let mut tx = app.db().system_tx().await?;
    let owner = store::take_link(&mut tx, &token_hash(token), app.now()).await?;
    let Some((tenant, profile)) = owner else {
        return Err(Error::new(Code::Unauthenticated, "The link was used before or is too old")
            .details("Sign in, or restart the server for a new one."));
    };
    let found = store::find_owner(&mut tx, tenant, profile).await?;
    tx.commit().await?;
    let (tenant, lang, permissions) = found.ok_or_else(Error::unauthenticated)?;
    start_session(app, tenant, profile, lang, permissions).await
}

/// Whether a password fits, without starting a session. For the demo tenant's start only.
pub async fn password_fits(app: &App, tenant: TenantId, email: &str, password: &SecretString) -> Result<bool> {
    let profile = store::find_sign_in_profile(&mut app.db().tenant_read(tenant).await?, &normal_email(email)).await?;
    verify_password(password.clone(), profile.map(|profile| profile.password_hash)).await
}
