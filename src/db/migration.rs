//! Bringing the schema up to date, and telling whether it is.

use sqlx::{
    Connection as _, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::PgDatabaseError,
};

static MIGRATOR: Migrator = sqlx::migrate!();

/// Why the schema cannot be used. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The schema is older than this program.
    #[error("the database is at migration {found} and this version needs {wanted}; run `mind migrate`")]
    Behind {
        /// Newest migration of the database, 0 = none.
        found: i64,
        /// Newest migration of this program.
        wanted: i64,
    },
    /// The schema is newer than this program.
    #[error("the database is at migration {found}, this older version knows only {wanted}; start the newer version")]
    Ahead {
        /// Newest migration of the database.
        found: i64,
        /// Newest migration of this program.
        wanted: i64,
    },
    /// The server is too old for row level security as it is used here.
    #[error("PostgreSQL {found} is too old; 15 or newer is needed")]
    ServerTooOld {
        /// What the server says it is.
        found: String,
    },
    /// A role that row level security must bind would walk past it.
    #[error(
        "the database role of DATABASE_URL is a superuser or bypasses row level security; use an ordinary role that owns the database (docs/operate.md)"
    )]
    TooPowerful,
    /// A migration failed and was rolled back.
    #[error("a migration failed and was rolled back: {0}")]
    Failed(String),
    /// No connection.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
}

fn wanted() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// Runs what is missing, under sqlx's advisory lock, so that several nodes may try at once.
pub async fn run(pool: &PgPool) -> Result<(), MigrationError> {
    check_server(pool).await?;
    let found = newest(pool).await?;
    if found > wanted() {
        return Err(MigrationError::Ahead { found, wanted: wanted() });
    }
    // A connection of its own: building an index, or waiting for another node that does, outlasts a request's limits.
    let options = (*pool.connect_options()).clone().options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    let mut connection = PgConnection::connect_with(&options).await.map_err(|error| unreachable(&error))?;
    MIGRATOR.run(&mut connection).await.map_err(|error| MigrationError::Failed(with_hint(&error)))
}

/// Whether this server and its schema can be used as they are.
pub async fn check_all(pool: &PgPool) -> Result<(), MigrationError> {
    check_server(pool).await?;
    check(pool).await
}

/// Compares the schema's version with the program's.
pub async fn check(pool: &PgPool) -> Result<(), MigrationError> {
    let (found, wanted) = (newest(pool).await?, wanted());
    match found.cmp(&wanted) {
        std::cmp::Ordering::Less => Err(MigrationError::Behind { found, wanted }),
        std::cmp::Ordering::Greater => Err(MigrationError::Ahead { found, wanted }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

/// A migration's own message says what to do in its hint.
fn with_hint(error: &MigrateError) -> String {
    let database = match error {
        MigrateError::Execute(sqlx::Error::Database(inner)) | MigrateError::ExecuteMigration(sqlx::Error::Database(inner), _) => {
            inner.try_downcast_ref::<PgDatabaseError>()
        }
        _ => None,
    };
    match database.and_then(|database| database.hint().map(|hint| (database.message(), hint))) {
        Some((message, hint)) => format!("{message}. {hint}"),
        None => error.to_string(),
    }
}

async fn newest(pool: &PgPool) -> Result<i64, MigrationError> {
    // Not a checked query: the table is sqlx's own and does not exist before the first migration.
    let exists: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
        .fetch_one(pool)
        .await
        .map_err(|error| unreachable(&error))?;
    if !exists {
        return Ok(0);
    }
    sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations where success")
        .fetch_one(pool)
        .await
        .map_err(|error| unreachable(&error))
}

async fn check_server(pool: &PgPool) -> Result<(), MigrationError> {
    let (number, name, too_powerful): (i32, String, bool) = sqlx::query_as(
        "select current_setting('server_version_num')::int, current_setting('server_version'),
                (select rolsuper or rolbypassrls from pg_roles where rolname = current_user)",
    )
    .fetch_one(pool)
    .await
    .map_err(|error| unreachable(&error))?;
    if number < 150_000 {
        return Err(MigrationError::ServerTooOld { found: name });
    }
    if too_powerful {
        return Err(MigrationError::TooPowerful);
    }
    Ok(())
}

fn unreachable(error: &sqlx::Error) -> MigrationError {
    MigrationError::Unreachable(error.to_string())
}
