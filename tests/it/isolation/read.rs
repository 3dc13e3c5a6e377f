//! Connections that keep their role and tenant between two uses: nobody may meet another one's.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use futures::TryStreamExt as _;
use mind::{
    App,
    config::Config,
    db::{Db, InTenant, TenantRead},
    domain::{profile, tenant::TenantId},
    error::{Code, Error},
};
use pretty_assertions::assert_eq;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use sqlx::{
    AssertSqlSafe, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixListener, UnixStream},
    task::JoinSet,
};

use super::{count, tenant_tables};
use crate::support::{Setup, TestApp, guarded};

/// The app with so many connections for reading.
async fn with_connections(connections: u32) -> TestApp {
    let variables = vec![
        ("MIND_DB_READ_POOL_SIZE", connections.to_string()),
        ("MIND_DB_ACQUIRE_TIMEOUT_SECONDS", "30".to_owned()),
        ("MIND_DB_STATEMENT_TIMEOUT_SECONDS", "5".to_owned()),
    ];
    TestApp::with(Setup { variables }).await
}

async fn read(app: &App, tenant: TenantId) -> TenantRead {
    app.db().tenant_read(tenant).await.unwrap()
}

/// What a statement runs under: role, tenant, whether it may write, backend.
async fn state(connection: &mut PgConnection) -> (String, String, String, i32) {
    sqlx::query_as(
        "select current_user::text, coalesce(current_setting('app.tenant_id', true), ''), current_setting('transaction_read_only'),
                pg_backend_pid()",
    )
    .fetch_one(connection)
    .await
    .unwrap()
}

fn bound(tenant: TenantId) -> (String, String, String) {
    ("mind_app".to_owned(), tenant.0.to_string(), "on".to_owned())
}

/// Fails unless a statement runs as the role, in the tenant and without the right to write; answers the backend.
async fn assert_bound(read: &mut TenantRead) -> i32 {
    let wanted = bound(read.tenant());
    let (role, tenant, read_only, backend) = state(read.connection()).await;
    assert_eq!((role, tenant, read_only), wanted);
    backend
}

fn sqlstate(error: &sqlx::Error) -> String {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_else(|| panic!("{error}")).into_owned()
}

/// Backends of the app that are there for reading.
async fn backends(app: &TestApp) -> i64 {
    let mut connection = app.database.connect().await;
    let mine = "datname = current_database() and application_name = 'mind read'";
    count(&mut connection, "pg_stat_activity", mine).await
}

async fn end_backends(app: &TestApp) {
    let mut connection = app.database.connect().await;
    // Waits until they are gone: their sockets are closed then.
    sqlx::query(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and application_name = 'mind read'",
    )
    .execute(&mut connection)
    .await
    .unwrap();
}

/// An answer that belongs to its question: a number of the caller's, and the tenants whose rows were seen.
async fn ask(read: &mut TenantRead, number: i64) -> Result<(i64, String, Vec<i64>), sqlx::Error> {
    let rest = "coalesce(current_setting('app.tenant_id', true), ''), array(select distinct tenant_id from profile)";
    if number % 5 == 0 {
        // A text the connection has not seen: it is prepared first.
        return sqlx::query_as(AssertSqlSafe(format!("select {number}::bigint, {rest}"))).fetch_one(read.connection()).await;
    }
    sqlx::query_as(AssertSqlSafe(format!("select $1::bigint, {rest}"))).bind(number).fetch_one(read.connection()).await
}

async fn ask_alone(app: &App, tenant: TenantId, number: i64) -> Result<(i64, String, Vec<i64>), sqlx::Error> {
    ask(&mut read(app, tenant).await, number).await
}

fn answer(tenant: TenantId, number: i64) -> (i64, String, Vec<i64>) {
    (number, tenant.0.to_string(), vec![tenant.0])
}

/// Polls work so many times, then drops it wherever it is.
async fn given_up_after<T>(polls: u32, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(|context| {
        left -= 1;
        match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn a_fresh_connection_sees_nothing() {
    guarded(async {
        let app = TestApp::start().await;
        let options = app.database.login().options([("role", "mind_app"), ("default_transaction_read_only", "on")]);
        let mut fresh = sqlx::ConnectOptions::connect(&options).await.unwrap();
        for table in tenant_tables(&mut fresh).await {
            assert_eq!(count(&mut fresh, &table, "true").await, 0, "{table}");
        }
        assert_eq!(count(&mut fresh, "tenant", "true").await, 0);
        // What a connection begins with is also what a reset leads back to.
        sqlx::raw_sql("reset role; reset all").execute(&mut fresh).await.unwrap();
        let (role, tenant, read_only, _) = state(&mut fresh).await;
        assert_eq!((role.as_str(), tenant.as_str(), read_only.as_str()), ("mind_app", "", "on"));
    })
    .await;
}

/// Each table of the schema, through both kinds of reading.
#[tokio::test]
async fn writing_is_refused() {
    guarded(async {
        for connections in [2, 0] {
            let app = with_connections(connections).await;
            let mut read = read(&app.app, app.demo.tenant.id).await;
            assert_bound(&mut read).await;
            let tables = tenant_tables(read.connection()).await;
            drop(read);
            for table in tables {
                for sql in [
                    format!("insert into {table} default values"),
                    format!("update {table} set tenant_id = tenant_id"),
                    format!("delete from {table}"),
                    format!("select from {table} for update"),
                ] {
                    let mut read = app.app.db().tenant_read(app.demo.tenant.id).await.unwrap();
                    let error = sqlx::query(AssertSqlSafe(sql.clone())).execute(read.connection()).await.unwrap_err();
                    assert_eq!(sqlstate(&error), "25006", "{sql}");
                    // A store that writes through it is a mistake of ours, not of the request.
                    assert_eq!(Error::from(error).code(), Code::Internal, "{sql}");
                }
            }
            assert!(backends(&app).await <= i64::from(connections));
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_statement_changes_is_gone_with_its_failure_and_for_the_next_tenant() {
    guarded(async {
        let app = with_connections(1).await;
        let (demo, other) = (app.demo.tenant.id, app.other.tenant.id);
        let all = "set_config('role', 'none', false), set_config('app.tenant_id', '', false), set_config('default_transaction_read_only', 'off', false)";
        let mut one = read(&app.app, demo).await;
        let backend = assert_bound(&mut one).await;
        let failing = format!("select {all}, 1 / (select 0)");
        sqlx::query(AssertSqlSafe(failing)).execute(one.connection()).await.unwrap_err();
        assert_eq!(assert_bound(&mut one).await, backend);
        drop(one);
        for change in [all.to_owned(), format!("set_config('app.tenant_id', '{}', false)", demo.0), all.replace("'none'", "'mind_system'")] {
            let mut one = read(&app.app, demo).await;
            sqlx::query(AssertSqlSafe(format!("select {change}"))).execute(one.connection()).await.unwrap();
            drop(one);
            assert_eq!(assert_bound(&mut read(&app.app, other).await).await, backend, "{change}: another connection proves nothing");
        }
        // A transaction that somebody began and left open is not given to anybody.
        let mut one = read(&app.app, other).await;
        sqlx::raw_sql("begin; set local role mind_system").execute(one.connection()).await.unwrap();
        drop(one);
        assert_bound(&mut read(&app.app, demo).await).await;
    })
    .await;
}

/// Thousands of reads over one connection and over three; each sees its own tenant's rows and its own answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn interleaved_reads_of_two_tenants_see_only_their_own() {
    guarded(async {
        for connections in [1, 3] {
            let app = with_connections(connections).await;
            let mut running = JoinSet::new();
            for task in 0..16 {
                let (tenant, admin) = if task % 2 == 0 { (&app.demo, app.other.admin) } else { (&app.other, app.demo.admin) };
                let (tenant, own, foreign, app) = (tenant.tenant.id, tenant.admin, admin, app.app.clone());
                running.spawn(async move {
                    for turn in 0..125 {
                        let number = task * 1000 + turn;
                        let mut read = read(&app, tenant).await;
                        assert_eq!(ask(&mut read, number).await.unwrap(), answer(tenant, number));
                        // The hot path itself: a prepared statement whose plan was made for another tenant.
                        assert!(profile::store::find(&mut read, own).await.unwrap().is_some());
                        assert!(profile::store::find(&mut read, foreign).await.unwrap().is_none());
                    }
                    125
                });
            }
            let ended: i64 = running.join_all().await.into_iter().sum();
            assert_eq!(ended, 2000);
            assert!(backends(&app).await <= i64::from(connections));
        }
    })
    .await;
}

/// A client that goes away drops its request wherever it stands: while it waits for a connection, while the tenant is
/// set, while a statement is prepared, runs, or is half read.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_given_up_anywhere_leaves_nothing_for_the_next_one() {
    guarded(async {
        for connections in [1, 2] {
            let app = with_connections(connections).await;
            let (demo, other) = (app.demo.tenant.id, app.other.tenant.id);
            let mut running = JoinSet::new();
            for task in 0..4_i64 {
                let app = app.app.clone();
                running.spawn(async move {
                    let mut random = StdRng::seed_from_u64(task.unsigned_abs());
                    let (mut given_up, mut failed) = (0, 0);
                    for turn in 0..250 {
                        let number = task * 10_000 + turn * 10;
                        let (tenant, next) = if random.random_bool(0.5) { (demo, other) } else { (other, demo) };
                        let polls = random.random_range(1..5);
                        let done = match random.random_range(0..4) {
                            0 => given_up_after(polls, broken(&app, tenant)).await.is_some(),
                            1 => given_up_after(polls, half_read(&app, tenant)).await.is_some(),
                            kind => given_up_after(polls, ask_alone(&app, tenant, number + kind)).await.is_some(),
                        };
                        given_up += i32::from(!done);
                        for tenant in [next, tenant] {
                            match ask_alone(&app, tenant, number + 5).await {
                                Ok(found) => assert_eq!(found, answer(tenant, number + 5)),
                                Err(error) => {
                                    failed += 1;
                                    eprintln!("{error}");
                                }
                            }
                        }
                    }
                    (given_up, failed)
                });
            }
            let (given_up, failed) =
                running.join_all().await.into_iter().fold((0, 0), |all, one: (i32, i32)| (all.0 + one.0, all.1 + one.1));
            assert!((200..1000).contains(&given_up), "{given_up} of 1000 were given up");
            assert_eq!(failed, 0, "somebody else's failure was met");
            assert!(backends(&app).await <= i64::from(connections));
        }
    })
    .await;
}

/// The same at the one moment that matters most: the tenant is about to be set. Its statement is prepared anew each time,
/// because others have pushed it out of the connection's memory.
#[tokio::test]
async fn a_tenant_whose_setting_was_given_up_is_set_anew() {
    guarded(async {
        let app = with_connections(1).await;
        let (mut tenant, mut next) = (app.demo.tenant.id, app.other.tenant.id);
        let mut given_up = 0;
        // As often as it takes on a machine where others run.
        for round in 0..400 {
            if round >= 40 && given_up > 0 {
                break;
            }
            let mut one = read(&app.app, tenant).await;
            for number in 0..120 {
                sqlx::query(AssertSqlSafe(format!("select {number}, {round}"))).execute(one.connection()).await.unwrap();
            }
            drop(one);
            given_up += i32::from(given_up_after(1 + round % 2, read(&app.app, next)).await.is_none());
            assert_eq!(ask_alone(&app.app, next, 1).await.unwrap(), answer(next, 1));
            (tenant, next) = (next, tenant);
        }
        assert!(given_up > 0, "the server was always faster");
    })
    .await;
}

async fn broken(app: &App, tenant: TenantId) {
    sqlx::query("select 1 / (select 0)").execute(read(app, tenant).await.connection()).await.unwrap_err();
}

/// Stops in the middle of an answer that does not fit into any buffer.
async fn half_read(app: &App, tenant: TenantId) {
    let mut read = read(app, tenant).await;
    let mut rows = sqlx::query("select n, repeat('x', 1000) from generate_series(1, 3000) n").fetch(read.connection());
    for _ in 0..3 {
        assert!(rows.try_next().await.unwrap().is_some());
    }
}

/// The harm: requests given up while Postgres is slow, each of which leaves a statement running and opens a connection.
#[tokio::test]
async fn a_statement_that_runs_on_keeps_its_place() {
    guarded(async {
        let app = with_connections(2).await;
        let tenant = app.demo.tenant.id;
        for _ in 0..6 {
            let mut one = read(&app.app, tenant).await;
            let sleep = sqlx::query("select pg_sleep(0.2)").execute(one.connection());
            tokio::time::timeout(Duration::from_millis(5), sleep).await.unwrap_err();
            drop(one);
            assert!(backends(&app).await <= 2);
        }
        let mut one = read(&app.app, tenant).await;
        assert_eq!(ask(&mut one, 1).await.unwrap(), answer(tenant, 1));
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_our_time_out() {
    guarded(async {
        let variables = vec![("MIND_DB_READ_POOL_SIZE", "1".to_owned()), ("MIND_DB_STATEMENT_TIMEOUT_SECONDS", "1".to_owned())];
        let app = TestApp::with(Setup { variables }).await;
        let tenant = app.demo.tenant.id;
        let mut one = read(&app.app, tenant).await;
        let error = sqlx::query("select pg_sleep(20)").execute(one.connection()).await.unwrap_err();
        assert_eq!(Error::from(error).code(), Code::Timeout);
        drop(one);
        // Nor does the time-out of a statement that was given up hit the next one.
        let mut one = read(&app.app, tenant).await;
        let sleep = sqlx::query("select pg_sleep(20)").execute(one.connection());
        tokio::time::timeout(Duration::from_millis(5), sleep).await.unwrap_err();
        drop(one);
        assert_eq!(ask_alone(&app.app, app.other.tenant.id, 1).await.unwrap(), answer(app.other.tenant.id, 1));
    })
    .await;
}

#[tokio::test]
async fn a_dead_connection_is_replaced() {
    guarded(async {
        let app = with_connections(1).await;
        let (demo, other) = (app.demo.tenant.id, app.other.tenant.id);
        ask_alone(&app.app, demo, 1).await.unwrap();
        end_backends(&app).await;
        // Another tenant has to be set, which notices it.
        assert_eq!(ask_alone(&app.app, other, 2).await.unwrap(), answer(other, 2));
        end_backends(&app).await;
        // The same tenant within a second meets it, once, and as what it is.
        let error = ask_alone(&app.app, other, 3).await.unwrap_err();
        assert_eq!(Error::from(error).code(), Code::DatabaseUnavailable);
        assert_eq!(ask_alone(&app.app, other, 4).await.unwrap(), answer(other, 4));
        end_backends(&app).await;
        // Later it is asked before it is used. The second is of the machine's clock.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(ask_alone(&app.app, other, 5).await.unwrap(), answer(other, 5));
    })
    .await;
}

#[tokio::test]
async fn who_gets_no_connection_in_time_is_told_so() {
    guarded(async {
        let variables = vec![("MIND_DB_READ_POOL_SIZE", "1".to_owned()), ("MIND_DB_ACQUIRE_TIMEOUT_SECONDS", "1".to_owned())];
        let app = TestApp::with(Setup { variables }).await;
        let (db, tenant) = (app.app.db(), app.demo.tenant.id);
        let one = db.tenant_read(tenant).await.unwrap();
        assert_eq!(db.tenant_read(tenant).await.unwrap_err().code(), Code::DatabaseUnavailable);
        // Who waits gets the connection as soon as it is back.
        let waiting = db.tenant_read(tenant);
        let (second, ()) = tokio::join!(waiting, async { drop(one) });
        drop(second.unwrap());
        db.close().await;
        assert_eq!(db.tenant_read(tenant).await.unwrap_err().code(), Code::DatabaseUnavailable);
        assert_eq!(backends(&app).await, 0);
    })
    .await;
}

/// Passes connections on, without the options that a client asks for: what a pooler does that shares its connections.
/// Answers the folder of its socket, whose name holds the server's port.
fn forgetful_pooler(server: PgConnectOptions) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let name = format!(".s.PGSQL.{}", server.get_port());
    let listener = UnixListener::bind(folder.path().join(&name)).unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            match server.get_socket() {
                Some(folder) => drop(tokio::spawn(pass_on(client, UnixStream::connect(folder.join(&name)).await.unwrap()))),
                None => {
                    drop(tokio::spawn(pass_on(client, TcpStream::connect((server.get_host(), server.get_port())).await.unwrap())));
                }
            }
        }
    });
    folder
}

async fn pass_on(mut client: UnixStream, mut server: impl AsyncRead + AsyncWrite + Unpin) {
    let length = client.read_u32().await.unwrap() as usize;
    let mut start = vec![0; length - 4];
    client.read_exact(&mut start).await.unwrap();
    let (version, rest) = start.split_at(4);
    let mut fields = rest.split(|byte| *byte == 0).take_while(|field| !field.is_empty());
    let mut kept = version.to_vec();
    while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
        if name != b"options" {
            kept.extend([name, b"\0", value, b"\0"].concat());
        }
    }
    kept.push(0);
    server.write_u32(u32::try_from(kept.len() + 4).unwrap()).await.unwrap();
    server.write_all(&kept).await.unwrap();
    tokio::io::copy_bidirectional(&mut client, &mut server).await.ok();
}

/// The harm: an operator puts a pooler in between, and a tenant reads with the connection of another one.
#[tokio::test]
async fn a_pooler_is_refused() {
    guarded(async {
        let app = TestApp::start().await;
        let tenant = app.demo.tenant.id;
        let pooler = forgetful_pooler(app.database.login());
        let through = app.database.login().socket(pooler.path()).ssl_mode(PgSslMode::Disable);
        let db = Db::from_options(through.clone(), app.app.config());
        let error = db.check_reads().await.unwrap_err().to_string();
        assert!(error.contains("MIND_DB_READ_POOL_SIZE=0"), "{error}");
        assert_eq!(db.tenant_read(tenant).await.unwrap_err().code(), Code::Internal);
        let config = Config::from_map([("MIND_DB_READ_POOL_SIZE".to_owned(), "0".to_owned())].into()).unwrap();
        let db = Db::from_options(through, &config);
        db.check_reads().await.unwrap();
        assert_bound(&mut db.tenant_read(tenant).await.unwrap()).await;
    })
    .await;
}

/// Behind a pooler that works by transaction nothing may stay on a connection.
#[tokio::test]
async fn without_connections_for_reading_a_transaction_does_it() {
    guarded(async {
        let app = with_connections(0).await;
        let mut one = read(&app.app, app.demo.tenant.id).await;
        assert_bound(&mut one).await;
        assert_eq!(InTenant::tenant(&one), app.demo.tenant.id);
        sqlx::raw_sql("rollback").execute(one.connection()).await.unwrap();
        let (role, tenant, _, _) = state(one.connection()).await;
        assert_eq!((role, tenant.as_str()), (app.database.login().get_username().to_owned(), ""));
        drop(one);
        let admin = app.admin().await;
        for path in ["/api/mind/profile", "/api/mind/profiles", "/api/mind/settings", "/api/mind/contract/746839", "/api/auth/v1/tokens"] {
            admin.get(path).await.ok();
        }
        assert_eq!(backends(&app).await, 0);
    })
    .await;
}
