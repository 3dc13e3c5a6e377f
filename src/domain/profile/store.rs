//! Statements about profiles.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{
    ProfileId,
    model::{Format, NewProfile, Profile, ProfileRest, Show, normal_email},
};
use crate::{
    db::{InTenant, TenantTx},
    error::Result,
    http::date::WireDateTime,
};

/// Adds a profile; a taken e-mail address is a conflict.
pub async fn insert(tx: &mut TenantTx, new: &NewProfile, now: DateTime<Utc>) -> Result<ProfileId> {
    Ok(ProfileId(
        sqlx::query_scalar!(
            "insert into profile (kind, first_name, last_name, email, email_norm, password_hash, role_id, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
            new.kind,
            new.first_name,
            new.last_name,
            new.email,
            normal_email(&new.email),
            new.password_hash,
            new.role_id,
            now
        )
        .fetch_one(tx.connection())
        .await?,
    ))
}

/// Which profiles to list.
#[derive(Clone, Debug)]
pub struct Search {
    /// Part of a name or e-mail address.
    pub q: Option<String>,
    /// Kinds.
    pub show: Show,
    /// Members of one of these teams.
    pub team_ids: Vec<i64>,
    /// Only profiles without a team.
    pub unassigned: bool,
    /// Skilled in one of these tags.
    pub tag_ids: Vec<i64>,
    /// Skilled in one of these channels.
    pub channels: Vec<String>,
    /// How much to say.
    pub format: Format,
    /// Rows at most.
    pub limit: u32,
    /// Rows to skip.
    pub offset: u32,
}

struct Row {
    id: i64,
    kind: String,
    first_name: String,
    last_name: String,
    email: String,
    phone: Option<String>,
    is_sso_only: bool,
    lang: String,
    name_alias: Option<String>,
    external_id: Option<String>,
    settings: Value,
    last_seen_at: Option<DateTime<Utc>>,
}

impl Row {
    fn into_profile(self, format: Format) -> Profile {
        Profile {
            id: self.id,
            first_name: self.first_name,
            last_name: self.last_name,
            email: self.email,
            rest: (format == Format::Full).then(|| ProfileRest {
                phone: self.phone,
                last_seen: self.last_seen_at.map(WireDateTime),
                kind: self.kind,
                is_sso_only: self.is_sso_only.into(),
                lang: self.lang,
                name_alias: self.name_alias,
                external_id: self.external_id,
                settings: match self.settings {
                    Value::Object(fields) => fields,
                    _ => Map::new(),
                },
            }),
        }
    }
}

/// One profile of the tenant, in full.
pub async fn find(tx: &mut impl InTenant, id: ProfileId) -> Result<Option<Profile>> {
    let row = sqlx::query_as!(
        Row,
        "select id, kind, first_name, last_name, email, phone, is_sso_only, lang, name_alias, external_id, settings, last_seen_at
         from profile where id = $1",
        id.0
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.map(|row| row.into_profile(Format::Full)))
}

/// A page of profiles, by id.
pub async fn list(tx: &mut impl InTenant, search: &Search) -> Result<Vec<Profile>> {
    let kinds: &[&str] = match search.show {
        Show::Users | Show::Enneo => &["enneo"],
        Show::ServiceWorkers => &["serviceWorker"],
        Show::All => &["enneo", "serviceWorker"],
    };
    let kinds: Vec<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
    let tags: Vec<String> = search.tag_ids.iter().map(ToString::to_string).collect();
    let teams: Vec<String> = search.team_ids.iter().map(ToString::to_string).collect();
    let rows = sqlx::query_as!(
        Row,
        "select id, kind, first_name, last_name, email, phone, is_sso_only, lang, name_alias, external_id, settings, last_seen_at
         from profile
         where kind = any($1)
           and ($2::text is null or position(lower($2) in lower(first_name || ' ' || last_name || ' ' || email)) > 0)
           and ((cardinality($3::text[]) = 0 and not $4)
                or exists (select from jsonb_array_elements_text(coalesce(settings #> '{actualTeamIds}', '[]')) t where t = any($3))
                or ($4 and coalesce(settings #> '{actualTeamIds}', '[]') = '[]'))
           and (cardinality($5::text[]) = 0 or exists (
                 select from jsonb_array_elements_text(coalesce(settings #> '{actualSkills,tagIds}', '[]')) t where t = any($5)))
           and (cardinality($6::text[]) = 0 or exists (
                 select from jsonb_array_elements_text(coalesce(settings #> '{actualSkills,channels}', '[]')) c where c = any($6)))
         order by id limit $7 offset $8",
        &kinds,
        search.q,
        &teams,
        search.unassigned,
        &tags,
        &search.channels,
        i64::from(search.limit),
        i64::from(search.offset)
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| row.into_profile(search.format)).collect())
}

/// The first administrator: the smallest id with the built-in role, not a service worker.
pub async fn first_administrator(tx: &mut impl InTenant) -> Result<Option<ProfileId>> {
    let id = sqlx::query_scalar!("select id from profile where role_id = 1 and kind = 'enneo' order by id limit 1")
        .fetch_optional(tx.connection())
        .await?;
    Ok(id.map(ProfileId))
}

/// A profile by its e-mail address.
pub async fn find_id_by_email(tx: &mut impl InTenant, email: &str) -> Result<Option<ProfileId>> {
    let id =
        sqlx::query_scalar!("select id from profile where email_norm = $1", normal_email(email)).fetch_optional(tx.connection()).await?;
    Ok(id.map(ProfileId))
}

/// Kind of a profile: `enneo` or `serviceWorker`.
pub async fn find_kind(tx: &mut impl InTenant, id: ProfileId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!("select kind from profile where id = $1", id.0).fetch_optional(tx.connection()).await?)
}

/// Sets a password. Whoever is signed in stays so.
pub async fn set_password(tx: &mut TenantTx, id: ProfileId, password_hash: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update profile set password_hash = $2, modified_at = $3, version = version + 1 where id = $1", id.0, password_hash, now)
        .execute(tx.connection())
        .await?;
    Ok(())
}
