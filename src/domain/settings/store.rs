//! Statements about settings.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    db::{InTenant, TenantTx},
    domain::profile::ProfileId,
    error::Result,
};

/// A stored value: plain or sealed, never both.
#[derive(Clone, Debug)]
pub struct StoredSetting {
    /// Name.
    pub name: String,
    /// Plain value.
    pub value: Option<Value>,
    /// Envelope of a secret.
    pub secret: Option<Vec<u8>>,
}

/// Everything the tenant has set.
pub async fn list(tx: &mut impl InTenant) -> Result<Vec<StoredSetting>> {
    Ok(sqlx::query_as!(StoredSetting, "select name, value, secret from setting").fetch_all(tx.connection()).await?)
}

/// Makes concurrent changes of one tenant's settings queue up, so that their joint check holds.
pub async fn lock(tx: &mut TenantTx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('setting', current_tenant()))").fetch_one(tx.connection()).await?;
    Ok(())
}

/// Sets a value.
pub async fn upsert(tx: &mut TenantTx, setting: &StoredSetting, by: Option<ProfileId>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into setting (name, value, secret, modified_by, modified_at) values ($1, $2::text::json, $3, $4, $5)
         on conflict (tenant_id, name) do update
         set value = excluded.value, secret = excluded.secret, modified_by = excluded.modified_by, modified_at = excluded.modified_at",
        setting.name,
        // As text: sqlx sends JSON as jsonb, which would spell 1e308 out in digits that cannot be read back.
        setting.value.as_ref().map(Value::to_string),
        setting.secret,
        by.map(|id| id.0),
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Back to the default.
pub async fn delete(tx: &mut TenantTx, name: &str) -> Result<()> {
    sqlx::query!("delete from setting where name = $1", name).execute(tx.connection()).await?;
    Ok(())
}
