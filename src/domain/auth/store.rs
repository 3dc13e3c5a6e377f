//! Statements about sessions, tokens, sign-in links and sign-in attempts. Finding a credential comes before the tenant is
//! known, so those run on [`SystemTx`].

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{CredentialKind, Identity, ListedToken};
use crate::{
    db::{InTenant, SystemTx, TenantTx},
    domain::{
        profile::ProfileId,
        role::Permissions,
        tenant::{Tenant, TenantId},
    },
    error::Result,
    http::date::Rfc3339,
};

/// A session and its owner.
#[derive(Debug)]
pub struct SessionRow {
    /// Who it belongs to.
    pub identity: Identity,
    /// Last use, to the minute.
    pub last_used_at: DateTime<Utc>,
    /// How long it may be unused.
    pub idle: chrono::Duration,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
}

/// A session that has neither ended nor been idle for too long.
pub async fn find_session(tx: &mut SystemTx, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<SessionRow>> {
    let row = sqlx::query!(
        "select s.tenant_id, t.slug, t.name as tenant_name, s.id, s.profile_id, s.last_used_at, s.idle_seconds, s.expires_at,
                p.lang, p.role_id, r.permissions
         from session s
         join tenant t on t.id = s.tenant_id
         join profile p on p.tenant_id = s.tenant_id and p.id = s.profile_id
         join role r on r.tenant_id = p.tenant_id and r.id = p.role_id
         where s.token_hash = $1 and s.expires_at > $2 and s.last_used_at + make_interval(secs => s.idle_seconds) > $2",
        token_hash,
        now
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.map(|row| SessionRow {
        last_used_at: row.last_used_at,
        idle: chrono::Duration::seconds(row.idle_seconds),
        ends_at: row.expires_at,
        identity: Identity {
            tenant: Tenant { id: TenantId(row.tenant_id), slug: row.slug, name: row.tenant_name },
            profile: ProfileId(row.profile_id),
            lang: row.lang,
            permissions: Permissions::of_role(row.role_id, &row.permissions),
            kind: CredentialKind::Session,
            credential: row.id,
            expires_at: row.expires_at.min(row.last_used_at + chrono::Duration::seconds(row.idle_seconds)),
        },
    }))
}

/// Notes that a session is in use.
pub async fn touch_session(tx: &mut SystemTx, identity: &Identity, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "with used as (update session set last_used_at = $3 where tenant_id = $1 and id = $2 returning profile_id)
         update profile set last_seen_at = $3 where tenant_id = $1 and id = (select profile_id from used)",
        identity.tenant.id.0,
        identity.credential,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Starts a session.
pub async fn insert_session(tx: &mut TenantTx, session: &NewSession<'_>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into session (id, token_hash, profile_id, created_at, last_used_at, idle_seconds, expires_at)
         values ($1, $2, $3, $4, $4, $5, $6)",
        session.id,
        session.token_hash,
        session.profile.0,
        now,
        session.idle.num_seconds(),
        session.expires_at
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A session about to start.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: Uuid,
    /// Hash of the cookie.
    pub token_hash: &'a [u8],
    /// Whose it is.
    pub profile: ProfileId,
    /// How long it may be unused.
    pub idle: chrono::Duration,
    /// When it ends in any case.
    pub expires_at: DateTime<Utc>,
}

/// Ends a session by its cookie, whatever its tenant. Answers whether there was one.
pub async fn delete_session(tx: &mut SystemTx, token_hash: &[u8]) -> Result<bool> {
    let done = sqlx::query!("delete from session where token_hash = $1", token_hash).execute(tx.connection()).await?;
    Ok(done.rows_affected() > 0)
}

/// A token's row and its owner.
#[derive(Debug)]
pub struct TokenRow {
    /// Who it acts for.
    pub identity: Identity,
    /// Last use, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A token that is neither revoked nor past its end.
pub async fn find_token(tx: &mut SystemTx, jti: Uuid, now: DateTime<Utc>) -> Result<Option<TokenRow>> {
    let row = sqlx::query!(
        "select a.tenant_id, t.slug, t.name as tenant_name, a.id, a.kind, a.profile_id, a.scopes, a.last_used_at, a.expires_at,
                p.lang, p.role_id, r.permissions
         from access_token a
         join tenant t on t.id = a.tenant_id
         join profile p on p.tenant_id = a.tenant_id and p.id = a.profile_id
         join role r on r.tenant_id = p.tenant_id and r.id = p.role_id
         where a.id = $1 and a.revoked_at is null and a.expires_at > $2",
        jti,
        now
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.map(|row| {
        let granted = Permissions::of_role(row.role_id, &row.permissions);
        TokenRow {
            last_used_at: row.last_used_at,
            identity: Identity {
                tenant: Tenant { id: TenantId(row.tenant_id), slug: row.slug, name: row.tenant_name },
                profile: ProfileId(row.profile_id),
                lang: row.lang,
                permissions: match row.scopes {
                    Some(scopes) => granted.narrowed_to(&Permissions::from_names(&scopes)),
                    None => granted,
                },
                kind: CredentialKind::of_token(&row.kind),
                credential: row.id,
                expires_at: row.expires_at,
            },
        }
    }))
}

/// Notes that a token is in use.
pub async fn touch_token(tx: &mut SystemTx, identity: &Identity, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "with used as (update access_token set last_used_at = $3 where tenant_id = $1 and id = $2 returning profile_id)
         update profile set last_seen_at = $3 where tenant_id = $1 and id = (select profile_id from used)",
        identity.tenant.id.0,
        identity.credential,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A token about to be made.
#[derive(Debug)]
pub struct NewToken<'a> {
    /// Its id, the `jti`.
    pub id: Uuid,
    /// Whom it acts for.
    pub profile: ProfileId,
    /// Kind of the profile.
    pub kind: CredentialKind,
    /// What it is for.
    pub name: &'a str,
    /// Who made it; none for the operator's command line.
    pub created_by: Option<ProfileId>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Stores the row of a new token.
pub async fn insert_token(tx: &mut TenantTx, token: &NewToken<'_>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into access_token (id, kind, name, profile_id, created_by, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)",
        token.id,
        token.kind.as_str(),
        token.name,
        token.profile.0,
        token.created_by.map(|id| id.0),
        now,
        token.expires_at
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Tokens of one profile, or of all, newest first.
pub async fn list_tokens(tx: &mut impl InTenant, of: Option<ProfileId>, limit: u32, offset: u32) -> Result<Vec<ListedToken>> {
    Ok(sqlx::query_as!(
        ListedToken,
        r#"select id, kind, name, profile_id as user_id, scopes, created_at as "created_at: Rfc3339",
                  last_used_at as "last_used_at: Rfc3339", expires_at as "expires_at: Rfc3339", revoked_at as "revoked_at: Rfc3339"
           from access_token where $1::bigint is null or profile_id = $1
           order by created_at desc, id desc limit $2 offset $3"#,
        of.map(|id| id.0),
        i64::from(limit),
        i64::from(offset)
    )
    .fetch_all(tx.connection())
    .await?)
}

/// Whom a token acts for.
pub async fn find_token_owner(tx: &mut impl InTenant, id: Uuid) -> Result<Option<ProfileId>> {
    let owner = sqlx::query_scalar!("select profile_id from access_token where id = $1", id).fetch_optional(tx.connection()).await?;
    Ok(owner.map(ProfileId))
}

/// Revokes a token. Answers whether it was still valid until now.
pub async fn revoke_token(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!("update access_token set revoked_at = $2 where id = $1 and revoked_at is null", id, now)
        .execute(tx.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Counts an attempt in the running window and answers the count and the window's end.
pub async fn count_attempt(tx: &mut SystemTx, key: &[u8], now: DateTime<Utc>, window: chrono::Duration) -> Result<(i32, DateTime<Utc>)> {
    let row = sqlx::query!(
        "insert into sign_in_attempt as a (key, window_ends_at, attempts) values ($1, $3, 1)
         on conflict (key) do update
         set attempts = case when a.window_ends_at <= $2 then 1 else a.attempts + 1 end,
             window_ends_at = case when a.window_ends_at <= $2 then $3 else a.window_ends_at end
         returning attempts, window_ends_at",
        key,
        now,
        now + window
    )
    .fetch_one(tx.connection())
    .await?;
    Ok((row.attempts, row.window_ends_at))
}

/// Takes one attempt back.
pub async fn uncount_attempt(tx: &mut SystemTx, key: &[u8]) -> Result<()> {
    sqlx::query!("update sign_in_attempt set attempts = greatest(attempts - 1, 0) where key = $1", key).execute(tx.connection()).await?;
    Ok(())
}

/// Forgets the attempts of an account that has signed in.
pub async fn clear_attempts(tx: &mut SystemTx, key: &[u8]) -> Result<()> {
    sqlx::query!("delete from sign_in_attempt where key = $1", key).execute(tx.connection()).await?;
    Ok(())
}

/// Somebody who may be signing in.
#[derive(Debug)]
pub struct SignInProfile {
    /// Whose account.
    pub id: ProfileId,
    /// Argon2id hash.
    pub password_hash: String,
    /// Language of the profile.
    pub lang: String,
    /// Permissions of the role.
    pub permissions: Permissions,
}

/// A person who can sign in with a password.
pub async fn find_sign_in_profile(tx: &mut impl InTenant, email_norm: &str) -> Result<Option<SignInProfile>> {
    let row = sqlx::query!(
        r#"select p.id, p.password_hash as "password_hash!", p.lang, p.role_id, r.permissions
           from profile p join role r on r.id = p.role_id and r.tenant_id = p.tenant_id
           where p.email_norm = $1 and p.kind = 'enneo' and not p.is_sso_only and p.password_hash is not null"#,
        email_norm
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.map(|row| SignInProfile {
        id: ProfileId(row.id),
        password_hash: row.password_hash,
        lang: row.lang,
        permissions: Permissions::of_role(row.role_id, &row.permissions),
    }))
}

/// What a profile may do.
pub async fn find_permissions(tx: &mut impl InTenant, profile: ProfileId) -> Result<Option<Permissions>> {
    let row = sqlx::query!(
        "select p.role_id, r.permissions from profile p join role r on r.tenant_id = p.tenant_id and r.id = p.role_id where p.id = $1",
        profile.0
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.map(|row| Permissions::of_role(row.role_id, &row.permissions)))
}

/// Stores a link that signs in once.
pub async fn insert_link(tx: &mut TenantTx, token_hash: &[u8], profile: ProfileId, expires_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("insert into sign_in_link (token_hash, profile_id, expires_at) values ($1, $2, $3)", token_hash, profile.0, expires_at)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Uses a link up. None when it is unknown, used or too old.
pub async fn take_link(tx: &mut SystemTx, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<(TenantId, ProfileId)>> {
    let row =
        sqlx::query!("delete from sign_in_link where token_hash = $1 and expires_at > $2 returning tenant_id, profile_id", token_hash, now)
            .fetch_optional(tx.connection())
            .await?;
    Ok(row.map(|row| (TenantId(row.tenant_id), ProfileId(row.profile_id))))
}

/// Removes what has ended; tokens stay listed for 90 days. Answers how many rows went.
pub async fn delete_expired(tx: &mut SystemTx, now: DateTime<Utc>) -> Result<u64> {
    let gone = sqlx::query!(
        "with s as (delete from session where expires_at < $1 or last_used_at + make_interval(secs => idle_seconds) < $1 returning 1),
              l as (delete from sign_in_link where expires_at < $1 returning 1),
              a as (delete from sign_in_attempt where window_ends_at < $1 returning 1),
              t as (delete from access_token where expires_at < $1 - interval '90 days' returning 1)
         select (select count(*) from s) + (select count(*) from l) + (select count(*) from a) + (select count(*) from t) as \"gone!\"",
        now
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(gone.gone.unsigned_abs())
}

/// Tenant, language and permissions of a profile.
pub async fn find_owner(tx: &mut SystemTx, tenant: TenantId, profile: ProfileId) -> Result<Option<(Tenant, String, Permissions)>> {
    let row = sqlx::query!(
        "select t.id, t.slug, t.name, p.lang, p.role_id, r.permissions
         from profile p
         join tenant t on t.id = p.tenant_id
         join role r on r.tenant_id = p.tenant_id and r.id = p.role_id
         where p.tenant_id = $1 and p.id = $2",
        tenant.0,
        profile.0
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.map(|row| {
        let tenant = Tenant { id: TenantId(row.id), slug: row.slug, name: row.name };
        (tenant, row.lang, Permissions::of_role(row.role_id, &row.permissions))
    }))
}
