//! Forgetting answers whose day is over.

use super::{model::KEPT, store};
use crate::{App, domain::tenant::TenantId, error::Result};

/// Removes a tenant's rows that are no longer kept, and answers how many there were.
pub async fn delete_old(app: &App, tenant: TenantId) -> Result<u64> {
    let mut tx = app.db().tenant_tx(tenant).await?;
    let count = store::delete_until(&mut tx, app.now() - KEPT).await?;
    tx.commit().await?;
    Ok(count)
}
