//! Connections that belong to one tenant from their first moment: the yardstick that `mind bench` puts beside a
//! [`TenantTx`]. Row level security holds as everywhere; there is no transaction and nothing is set per use.

use sqlx::{PgPool, postgres::PgPoolOptions};

use super::transaction::TenantTx;
use crate::{
    domain::tenant::TenantId,
    error::{Error, Result},
};

/// A pool whose every connection is `mind_app` of one tenant by its start-up options, which a `reset` goes back to.
#[derive(Clone, Debug)]
pub struct FixedTenant {
    pool: PgPool,
    tenant: TenantId,
}

impl FixedTenant {
    pub(super) fn new(pool: &PgPool, tenant: TenantId) -> Self {
        let options = (*pool.connect_options()).clone().options([("role", "mind_app".to_owned()), ("app.tenant_id", tenant.0.to_string())]);
        let most = pool.options().get_max_connections();
        Self { pool: PgPoolOptions::new().max_connections(most).test_before_acquire(false).connect_lazy_with(options), tenant }
    }

    /// For statements each of which is a transaction of its own.
    pub async fn statements(&self) -> Result<TenantTx> {
        let connection = self.pool.acquire().await.map_err(Error::from)?;
        Ok(TenantTx::one_by_one(connection, self.tenant))
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
