//! Transactions whose role and tenant are set before anyone can use them.

use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction, pool::PoolConnection};

use super::read::TenantRead;
use crate::{
    domain::tenant::TenantId,
    error::{Error, Result},
};

/// How long role and tenant hold.
#[derive(Debug)]
enum Scope {
    /// Until the transaction ends.
    Transaction(Transaction<'static, Postgres>),
    /// As long as the connection lives, see [`super::FixedTenant`]. Statements are committed one by one.
    Connection(PoolConnection<Postgres>),
}

/// What is bound to one tenant by row level security: the parameter of a store function that only reads, in one
/// statement. Only the two types of this module's parent that set the tenant themselves are.
pub trait InTenant: sealed::Sealed + Send {
    /// The connection, for the statements of a store.
    fn connection(&mut self) -> &mut PgConnection;

    /// The tenant whose rows are seen.
    fn tenant(&self) -> TenantId;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::TenantTx {}
    impl Sealed for super::TenantRead {}
}

impl InTenant for TenantTx {
    fn connection(&mut self) -> &mut PgConnection {
        Self::connection(self)
    }

    fn tenant(&self) -> TenantId {
        Self::tenant(self)
    }
}

impl InTenant for TenantRead {
    fn connection(&mut self) -> &mut PgConnection {
        Self::connection(self)
    }

    fn tenant(&self) -> TenantId {
        Self::tenant(self)
    }
}

/// A transaction as `mind_app`, bound to one tenant by row level security. Rolls back unless committed.
#[derive(Debug)]
pub struct TenantTx {
    inner: Scope,
    tenant: TenantId,
}

impl TenantTx {
    pub(super) async fn begin(pool: &PgPool, tenant: TenantId) -> Result<Self> {
        Self::begin_with(pool, "begin", tenant).await
    }

    pub(super) async fn begin_read_only(pool: &PgPool, tenant: TenantId) -> Result<Self> {
        Self::begin_with(pool, "begin read only", tenant).await
    }

    async fn begin_with(pool: &PgPool, begin: &str, tenant: TenantId) -> Result<Self> {
        // One round trip. The id is an i64, so the text cannot carry anything else.
        let statement = format!("{begin}; select set_config('role', 'mind_app', true), set_config('app.tenant_id', '{}', true)", tenant.0);
        let inner = pool.begin_with(AssertSqlSafe(statement)).await.map_err(Error::from)?;
        Ok(Self { inner: Scope::Transaction(inner), tenant })
    }

    /// On a connection that has had its role and tenant from its start.
    pub(super) fn one_by_one(connection: PoolConnection<Postgres>, tenant: TenantId) -> Self {
        Self { inner: Scope::Connection(connection), tenant }
    }

    /// Lets each further statement of this transaction take no longer than that.
    pub async fn limit_statements(&mut self, most: std::time::Duration) -> Result<()> {
        sqlx::query("select set_config('statement_timeout', $1, true)")
            .bind(most.as_millis().to_string())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// The tenant this transaction is bound to.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The connection, for the statements of a store.
    pub fn connection(&mut self) -> &mut PgConnection {
        match &mut self.inner {
            Scope::Transaction(transaction) => transaction,
            Scope::Connection(connection) => connection,
        }
    }

    /// Makes the writes visible.
    pub async fn commit(self) -> Result<()> {
        match self.inner {
            Scope::Transaction(transaction) => transaction.commit().await.map_err(Error::from),
            Scope::Connection(_) => Ok(()),
        }
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
        Ok(TenantTx { inner: Scope::Transaction(self.inner), tenant })
    }

    /// Makes the writes visible.
    pub async fn commit(self) -> Result<()> {
        self.inner.commit().await.map_err(Error::from)
    }
}
