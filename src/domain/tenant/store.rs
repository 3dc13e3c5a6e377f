//! Statements about tenants. Across tenants by nature, so on [`SystemTx`].

use chrono::{DateTime, Utc};

use super::{Slug, Tenant, TenantId};
use crate::{db::SystemTx, error::Result};

/// A tenant by its short name.
pub async fn find_by_slug(tx: &mut SystemTx, slug: &str) -> Result<Option<Tenant>> {
    Ok(sqlx::query_as!(Tenant, r#"select id as "id: TenantId", slug, name from tenant where slug = $1"#, slug)
        .fetch_optional(tx.connection())
        .await?)
}

/// A tenant by a host name of its own.
pub async fn find_by_host(tx: &mut SystemTx, host: &str) -> Result<Option<Tenant>> {
    Ok(sqlx::query_as!(
        Tenant,
        r#"select t.id as "id: TenantId", t.slug, t.name
           from tenant_host h join tenant t on t.id = h.tenant_id
           where h.host = $1"#,
        host
    )
    .fetch_optional(tx.connection())
    .await?)
}

/// A tenant with its hosts, for the operator's list.
#[derive(Clone, Debug)]
pub struct ListedTenant {
    /// Id of the tenant.
    pub id: i64,
    /// Short name.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Own host names, sorted.
    pub hosts: Vec<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

/// Every tenant, by slug.
pub async fn list(tx: &mut SystemTx) -> Result<Vec<ListedTenant>> {
    Ok(sqlx::query_as!(
        ListedTenant,
        r#"select t.id, t.slug, t.name, t.created_at,
                  coalesce(array_agg(h.host order by h.host) filter (where h.host is not null), '{}') as "hosts!"
           from tenant t left join tenant_host h on h.tenant_id = t.id
           group by t.id order by t.slug"#
    )
    .fetch_all(tx.connection())
    .await?)
}

/// Adds a tenant; a taken slug is a conflict.
pub async fn insert(tx: &mut SystemTx, slug: &Slug, name: &str, now: DateTime<Utc>) -> Result<TenantId> {
    Ok(TenantId(
        sqlx::query_scalar!("insert into tenant (slug, name, created_at) values ($1, $2, $3) returning id", slug.as_str(), name, now)
            .fetch_one(tx.connection())
            .await?,
    ))
}

/// Gives a tenant a host name; one that another tenant has is a conflict.
pub async fn insert_host(tx: &mut SystemTx, tenant: TenantId, host: &str) -> Result<()> {
    sqlx::query!("insert into tenant_host (tenant_id, host) values ($1, $2)", tenant.0, host).execute(tx.connection()).await?;
    Ok(())
}

/// The known text that was sealed under the key of this database, if there is one yet.
pub async fn find_key_check(tx: &mut SystemTx) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar!("select key_check from installation").fetch_optional(tx.connection()).await?)
}

/// Stores the known text on a database that has none yet.
pub async fn insert_key_check(tx: &mut SystemTx, sealed: &[u8]) -> Result<()> {
    sqlx::query!("insert into installation (key_check) values ($1) on conflict (only_row) do nothing", sealed)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Stores the known text sealed under another key.
pub async fn update_key_check(tx: &mut SystemTx, sealed: &[u8]) -> Result<()> {
    sqlx::query!("update installation set key_check = $1", sealed).execute(tx.connection()).await?;
    Ok(())
}
