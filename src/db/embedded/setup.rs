//! Roles, the database and the durability check: repeated at every start, so that nothing of it can stay half-done.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

use super::{EmbeddedError, create, owner::Owner, place::Folder};

/// The roles that mind switches into; also for databases that mind does not run itself.
const ROLES: &str = include_str!("../../../docs/roles.sql");
/// What makes a committed transaction survive a power cut.
pub(super) const DURABILITY: [&str; 3] = ["fsync", "synchronous_commit", "full_page_writes"];
/// The login role, its database, and the name its connections show.
const LOGIN: &str = "mind";

/// How the two login roles get in.
#[derive(Debug, Clone)]
pub(super) struct Access {
    socket_folder: std::path::PathBuf,
    superuser: SecretString,
    login: SecretString,
}

impl Access {
    /// With the superuser's password only; [`prepare`] adds the other one.
    pub(super) fn of_superuser(folder: &Folder, socket_folder: &Path) -> Result<Self, EmbeddedError> {
        Ok(Self {
            socket_folder: socket_folder.to_owned(),
            superuser: read_secret(&folder.superuser_password())?,
            login: SecretString::default(),
        })
    }

    /// As `postgres`. Statements are not logged, some hold passwords; nor is that a role is there already.
    pub(super) fn superuser(&self, database: &str) -> PgConnectOptions {
        self.options("postgres", &self.superuser, database).options([("client_min_messages", "warning")]).disable_statement_logging()
    }

    /// As `mind`.
    pub(super) fn login(&self) -> PgConnectOptions {
        self.options(LOGIN, &self.login, LOGIN)
    }

    fn options(&self, user: &str, password: &SecretString, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_folder)
            .host("localhost")
            .port(5432)
            .ssl_mode(PgSslMode::Disable)
            .username(user)
            .password(password.expose_secret())
            .database(database)
            .application_name(LOGIN)
    }
}

/// Makes sure of roles and database; returns the version of the server.
pub(super) async fn prepare(
    connection: &mut PgConnection,
    access: &mut Access,
    folder: &Folder,
    owner: &Owner,
    durable: bool,
) -> Result<String, EmbeddedError> {
    let version: String = sqlx::query_scalar("show server_version")
        .fetch_one(&mut *connection)
        .await
        .map_err(EmbeddedError::database("asking for the server's version"))?;
    if durable {
        assert_durable(connection).await?;
    }
    access.login = login_role(connection, folder, owner).await?;
    let found: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(LOGIN)
        .fetch_one(&mut *connection)
        .await
        .map_err(EmbeddedError::database("looking for the database"))?;
    if !found {
        run(connection, "create database mind owner mind", "creating the database").await?;
    }
    run(connection, ROLES.replace(":owner", LOGIN), "creating the roles").await?;
    Ok(version)
}

async fn assert_durable(connection: &mut PgConnection) -> Result<(), EmbeddedError> {
    for setting in DURABILITY {
        let value: String = sqlx::query_scalar("select current_setting($1)")
            .bind(setting)
            .fetch_one(&mut *connection)
            .await
            .map_err(EmbeddedError::database("asking whether data is durable"))?;
        if value != "on" {
            return Err(EmbeddedError::NotDurable { setting: setting.to_owned(), value });
        }
    }
    Ok(())
}

/// Creates the login role, or takes away what it must not have. Its password is set before the file gets its name, so
/// an interruption leaves no file and the next start sets another password.
async fn login_role(connection: &mut PgConnection, folder: &Folder, owner: &Owner) -> Result<SecretString, EmbeddedError> {
    let harmless: Option<bool> = sqlx::query_scalar(
        "select rolcanlogin and not (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication)
         from pg_roles where rolname = $1",
    )
    .bind(LOGIN)
    .fetch_optional(&mut *connection)
    .await
    .map_err(EmbeddedError::database("looking for the login role"))?;
    let path = folder.login_password();
    if harmless == Some(true) && path.exists() {
        return read_secret(&path);
    }
    let password = create::random_password();
    let unfinished = path.with_extension("new");
    create::write_secret(&unfinished, &password, owner)?;
    let verb = if harmless.is_some() { "alter" } else { "create" };
    // A failing statement would be written to the server's log with the password in it.
    let sql = format!(
        "set log_min_error_statement = panic;
         {verb} role mind login nosuperuser nocreaterole nocreatedb nobypassrls noreplication password '{password}';
         reset log_min_error_statement;"
    );
    run(connection, sql, "creating the login role").await?;
    std::fs::rename(&unfinished, &path).map_err(EmbeddedError::file("naming", &path))?;
    create::sync(&folder.path)?;
    Ok(password.into())
}

async fn run(connection: &mut PgConnection, sql: impl Into<String>, action: &'static str) -> Result<(), EmbeddedError> {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(connection).await.map(drop).map_err(EmbeddedError::database(action))
}

fn read_secret(path: &Path) -> Result<SecretString, EmbeddedError> {
    std::fs::read_to_string(path).map(SecretString::from).map_err(EmbeddedError::file("reading", path))
}

/// Ends the connection in order; an error here would hide the one that matters.
pub(super) async fn close(connection: PgConnection) {
    let _ = connection.close().await;
}
