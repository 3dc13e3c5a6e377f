//! One Postgres for the run, a database for each test.
//!
//! The server lives in `target/` and is shared by all test processes; it stops by itself a few seconds after the last of
//! them. `TEST_DATABASE_URL` names another server instead: its role needs CREATEDB and the roles of docs/roles.sql, and
//! must not be a superuser. Either way the app logs in as an ordinary role that owns its database.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::atomic::{AtomicU32, Ordering},
};

use mind::{
    config::Config,
    db::{
        Db,
        embedded::{Cluster, Options},
    },
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, migrate::Migrator, postgres::PgConnectOptions};
use tokio::sync::OnceCell;

/// Serialises the making of the template and the reaping, over all test processes.
const LOCK: i64 = 0x6d69_6e64;

struct Server {
    /// May create databases.
    admin: PgConnectOptions,
    /// What the app logs in with, but for the database.
    login: PgConnectOptions,
    /// Role that owns the databases.
    owner: String,
    /// Keeps the server in use.
    cluster: Option<Cluster>,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database with the schema in place and nothing in it.
pub struct TestDatabase {
    name: String,
    server: &'static Server,
}

impl TestDatabase {
    /// Makes a database of the test's own.
    pub async fn create() -> Self {
        let server = server().await;
        let template = template(server).await;
        let database = Self::named(server);
        create(server, &database.name, Some(&template)).await;
        database
    }

    /// Makes a database without any schema.
    pub async fn empty() -> Self {
        let server = server().await;
        let database = Self::named(server);
        create(server, &database.name, None).await;
        database
    }

    fn named(server: &'static Server) -> Self {
        let name = format!("t_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { name, server }
    }

    /// How the app logs in.
    pub fn login(&self) -> PgConnectOptions {
        self.server.login.clone().database(&self.name)
    }

    /// A connection as the role the app logs in with: the owner, bound by row level security all the same.
    pub async fn connect(&self) -> PgConnection {
        self.login().connect().await.unwrap()
    }

    /// A connection that sees everything; only where a test must look behind row level security. With
    /// `TEST_DATABASE_URL` there is none.
    pub async fn connect_as_superuser(&self) -> Option<PgConnection> {
        self.server.cluster.as_ref()?;
        Some(self.server.admin.clone().database(&self.name).connect().await.unwrap())
    }
}

async fn server() -> &'static Server {
    SERVER.get_or_init(start).await
}

async fn start() -> Server {
    if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
        let options = PgConnectOptions::from_str(&url).expect("TEST_DATABASE_URL");
        let owner = options.get_username().to_owned();
        let server = Server { admin: options.clone(), login: options, owner, cluster: None };
        reap(&server).await;
        return server;
    }
    let options = Options { data_dir: folder(), pg_bin: None, durable: false };
    let cluster = Cluster::start(&options).await.expect("the Postgres of the tests");
    cluster.stop_when_unused().unwrap();
    let server = Server {
        admin: cluster.superuser_options("postgres"),
        login: cluster.connect_options(),
        owner: "mind".to_owned(),
        cluster: Some(cluster),
    };
    reap(&server).await;
    server
}

/// `target/test-postgres`, wherever the target folder is: the test binary stands in `target/<profile>/deps`.
fn folder() -> PathBuf {
    let binary = std::env::current_exe().unwrap();
    let target =
        binary.ancestors().find(|path| path.file_name().is_some_and(|name| name == "deps")).and_then(Path::parent).and_then(Path::parent);
    target.expect("the test binary stands in target/<profile>/deps").join("test-postgres")
}

async fn admin(server: &Server) -> PgConnection {
    server.admin.connect().await.expect("the Postgres of the tests")
}

async fn create(server: &Server, name: &str, template: Option<&str>) {
    let mut connection = admin(server).await;
    let template = template.map_or_else(String::new, |template| format!("template {template}"));
    let sql = format!("create database {name} owner {} {template}", server.owner);
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

/// A migrated database to copy. Its name holds a hash of the migrations, so that a changed one makes a new template.
async fn template(server: &Server) -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE.get_or_init(|| make_template(server)).await.clone()
}

async fn make_template(server: &Server) -> String {
    // Of the compiled migrations, not of the files: another test binary may know other ones.
    static MIGRATOR: Migrator = sqlx::migrate!();
    let mut hasher = DefaultHasher::new();
    for migration in MIGRATOR.iter() {
        (migration.version, &migration.checksum).hash(&mut hasher);
    }
    let name = format!("template_{:016x}", hasher.finish());
    let mut connection = admin(server).await;
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await.unwrap();
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    if !exists {
        let draft = format!("draft_{}", std::process::id());
        create(server, &draft, None).await;
        let db = Db::from_options(server.login.clone().database(&draft), &Config::from_map([].into()).unwrap());
        db.migrate().await.unwrap();
        db.close().await;
        // Renamed when whole: a run that dies in between leaves no half template.
        let sql = format!("alter database {draft} rename to {name}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    name
}

/// Drops databases of test processes that have ended.
async fn reap(server: &Server) {
    let mut connection = admin(server).await;
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await.unwrap();
    let names: Vec<String> =
        sqlx::query_scalar(r"select datname from pg_database where datname ~ '^(t|draft)_\d+'").fetch_all(&mut connection).await.unwrap();
    for name in names {
        let pid = name.split('_').nth(1).unwrap_or_default();
        if !Path::new("/proc").join(pid).exists() {
            let sql = format!("drop database if exists {name} with (force)");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.ok();
        }
    }
    connection.close().await.unwrap();
}
