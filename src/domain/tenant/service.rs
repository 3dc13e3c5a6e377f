//! Which tenant a host means, and how a tenant comes into being.

use secrecy::{ExposeSecret as _, SecretString};

use super::{Slug, Tenant, TenantId, model::normal_host, store};
use crate::{
    App,
    domain::{
        auth::service::hash_password,
        event,
        profile::{self, model::NewProfile},
        role, tag,
    },
    error::{Error, Result},
    secret::Place,
};

/// The tenant whose own host this is, or the one of `<slug>.<MIND_BASE_DOMAIN>`; none for a bare or unknown host.
pub async fn by_host(app: &App, host: &str) -> Result<Option<Tenant>> {
    let Some(host) = normal_host(host) else { return Ok(None) };
    app.tenants().get_or_load(host.clone(), find_by_host(app, &host)).await
}

async fn find_by_host(app: &App, host: &str) -> Result<Option<Tenant>> {
    let mut tx = app.db().system_tx().await?;
    if let Some(tenant) = store::find_by_host(&mut tx, host).await? {
        return Ok(Some(tenant));
    }
    let slug = app.config().base_domain.as_deref().and_then(|base| host.strip_suffix(base)?.strip_suffix('.'));
    match slug {
        Some(slug) => store::find_by_slug(&mut tx, slug).await,
        None => Ok(None),
    }
}

/// The tenant of a host, or the one that requests without any sign of a tenant mean.
pub async fn by_host_or_default(app: &App, host: &str) -> Result<Option<Tenant>> {
    if let Some(tenant) = by_host(app, host).await? {
        return Ok(Some(tenant));
    }
    let Some(slug) = app.config().default_tenant.as_deref() else { return Ok(None) };
    // No host name begins with a slash.
    app.tenants().get_or_load(format!("/{slug}"), by_slug(app, slug)).await
}

/// The tenant of a short name.
pub async fn by_slug(app: &App, slug: &str) -> Result<Option<Tenant>> {
    let mut tx = app.db().system_tx().await?;
    store::find_by_slug(&mut tx, slug).await
}

const KEY_CHECK: Place<'_> = Place { tenant: 0, table: "installation", name: "key_check" };

/// Whether the ring can open what this database holds. The first start on a database decides which key that is.
pub async fn key_fits(app: &App) -> Result<bool> {
    let mut tx = app.db().system_tx().await?;
    // Of two nodes that start first, one writes; both compare with what stands there then.
    store::insert_key_check(&mut tx, &app.keys().seal(KEY_CHECK, b"mind")).await?;
    tx.commit().await?;
    let mut tx = app.db().system_tx().await?;
    let sealed = store::find_key_check(&mut tx).await?;
    tx.commit().await?;
    Ok(sealed.is_some_and(|sealed| app.keys().open(KEY_CHECK, &sealed).is_ok()))
}

/// Puts the known text under the active key, after a rotation.
pub async fn renew_key_check(app: &App) -> Result<()> {
    let mut tx = app.db().system_tx().await?;
    store::update_key_check(&mut tx, &app.keys().seal(KEY_CHECK, b"mind")).await?;
    tx.commit().await
}

/// What a new tenant is made of.
#[derive(Debug)]
pub struct NewTenant {
    /// Short name.
    pub slug: Slug,
    /// Name for people.
    pub name: String,
    /// Own host names; may be empty.
    pub hosts: Vec<String>,
    /// E-mail address of the first administrator.
    pub admin_email: String,
    /// Their password, to be handed over once.
    pub admin_password: SecretString,
}

/// Creates a tenant with its two built-in roles, its default skill and its first administrator, all or nothing. It starts with
/// `erpSystem=store` and no data.
pub async fn create(app: &App, new: NewTenant) -> Result<TenantId> {
    let now = app.now();
    let mut hosts = Vec::new();
    for host in &new.hosts {
        hosts.push(normal_host(host).ok_or_else(|| Error::field("host", format!("`{host}` is not a host name")))?);
    }
    let password_hash = hash_password(new.admin_password.expose_secret().to_owned()).await?;
    let mut tx = app.db().system_tx().await?;
    let tenant = store::insert(&mut tx, &new.slug, &new.name, now).await?;
    for host in &hosts {
        store::insert_host(&mut tx, tenant, host).await?;
    }
    let mut tx = tx.into_tenant(tenant).await?;
    role::store::insert_built_in(&mut tx, now).await?;
    tag::store::insert_default(&mut tx, now).await?;
    let admin = profile::store::insert(&mut tx, &NewProfile::administrator(&new.admin_email, password_hash)?, now).await?;
    event::store::append(&mut tx, &event::NewEvent::by(admin, "tenantCreated", serde_json::json!({"slug": new.slug.as_str()})), now)
        .await?;
    tx.commit().await?;
    app.tenants().invalidate();
    tracing::info!(tenant = new.slug.as_str(), "tenant created");
    Ok(tenant)
}
