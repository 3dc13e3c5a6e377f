//! What the owner of the tables does after a bulk load, beside the transactions of requests.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};

use crate::error::{Error, Result};

/// Brings statistics, the visibility of rows and the pending lists of text indexes up to date. Row level security does
/// not hold for it, but it shows nothing either. A role that does not own the tables skips them with a warning.
pub async fn tidy(pool: &PgPool, tables: &[&'static str]) -> Result<()> {
    // A connection of its own: it takes longer than a request may.
    let options = (*pool.connect_options()).clone().options([("statement_timeout", "0")]);
    let mut connection = PgConnection::connect_with(&options).await.map_err(Error::from)?;
    let statement = format!("vacuum (analyze) {}", tables.join(", "));
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.map_err(Error::from)?;
    connection.close().await.map_err(Error::from)
}
