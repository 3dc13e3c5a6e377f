//! Transactions whose role and tenant are set before anyone can use them.

use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};

use crate::{
    domain::tenant::TenantId,
    error::{Error, Result},
};

/// A transaction as `mind_app`, bound to one tenant by row level security. Rolls back unless committed.
#[derive(Debug)]
pub struct TenantTx {
    inner: Transaction<'static, Postgres>,
    tenant: TenantId,
}

impl TenantTx {
    pub(super) async fn begin(pool: &PgPool, tenant: TenantId) -> Result<Self> {
        // One round trip. The id is an i64, so the text cannot carry anything else.
        let statement = format!("begin; select set_config('role', 'mind_app', true), set_config('app.tenant_id', '{}', true)", tenant.0);
        let inner = pool.begin_with(AssertSqlSafe(statement)).await.map_err(Error::from)?;
        Ok(Self { inner, tenant })
    }

    /// The tenant this transaction is bound to.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The connection, for the statements of a store.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// Makes the writes visible.
    pub async fn commit(self) -> Result<()> {
        self.inner.commit().await.map_err(Error::from)
    }
}

/// A transaction as `mind_system`, which sees all tenants on a listed set of tables.
#[derive(Debug)]
pub struct SystemTx {
    inner: Transaction<'static, Postgres>,
}

impl SystemTx {
    pub(super) async fn begin(pool: &PgPool) -> Result<Self> {
        let inner = pool.begin_with("begin; select set_config('role', 'mind_system', true)").await.map_err(Error::from)?;
        Ok(Self { inner })
    }

    /// The connection, for the statements of a store.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// Narrows the rest of this transaction to one tenant, for creating it with its first rows in one go.
    pub async fn into_tenant(mut self, tenant: TenantId) -> Result<TenantTx> {
        sqlx::query("select set_config('role', 'mind_app', true), set_config('app.tenant_id', $1, true)")
            .bind(tenant.0.to_string())
            .execute(&mut *self.inner)
            .await?;
        Ok(TenantTx { inner: self.inner, tenant })
    }

    /// Makes the writes visible.
    pub async fn commit(self) -> Result<()> {
        self.inner.commit().await.map_err(Error::from)
    }
}
