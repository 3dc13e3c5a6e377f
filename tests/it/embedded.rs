//! The embedded server: whatever kills mind, the server or both, the next start finds the data and a healthy server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod place;

use std::{
    fs::Permissions,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    process::Command,
    time::{Duration, Instant},
};

use mind::db::embedded::{Cluster, EmbeddedError, Options};
use nix::unistd::Uid;
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};

use self::place::{FOLDER, HOW, Place, is_gone, kill_now, pid, pid_file, servers_below, wait_until_gone};

/// Also the other process of the tests below, when they run it with a folder.
#[tokio::test]
async fn holding_process() {
    let Some(data_dir) = std::env::var_os(FOLDER) else {
        let place = Place::open();
        let holder = place.process_as("durable");
        assert_eq!(servers_below(&place.data_dir).len(), 1);
        holder.stop();
        assert_eq!(servers_below(&place.data_dir).len(), 0);
        return;
    };
    let options = Options { data_dir: data_dir.into(), pg_bin: None, durable: std::env::var(HOW).is_ok_and(|how| how == "durable") };
    let cluster = Cluster::start(&options).await.unwrap();
    println!("\nholding");
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await.unwrap().unwrap();
    cluster.stop().await.unwrap();
}

async fn connect(options: PgConnectOptions) -> PgConnection {
    options.connect().await.unwrap()
}

async fn write_rows(cluster: &Cluster) {
    let mut connection = connect(cluster.connect_options()).await;
    sqlx::raw_sql("create table kept (id int); insert into kept select generate_series(1, 100)").execute(&mut connection).await.unwrap();
}

async fn count_rows(cluster: &Cluster) -> i64 {
    let mut connection = connect(cluster.connect_options()).await;
    sqlx::query_scalar("select count(*) from kept").fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn a_first_start_makes_a_durable_database_and_the_last_stop_ends_it() {
    let place = Place::open();
    let begun = Instant::now();
    let first = place.start_as(true).await;
    let first_ms = begun.elapsed().as_millis();
    assert!(first.started_here());
    assert!(first.location().starts_with(place.data_dir.join("pg")));
    write_rows(&first).await;
    let mut connection = connect(first.connect_options()).await;
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value: String = sqlx::query_scalar("select current_setting($1)").bind(setting).fetch_one(&mut connection).await.unwrap();
        assert_eq!(value, "on", "{setting}");
    }
    let tcp: String = sqlx::query_scalar("show listen_addresses").fetch_one(&mut connection).await.unwrap();
    assert_eq!(tcp, "", "no port is open");
    drop(connection);
    let server = pid(&first);
    let begun = Instant::now();
    first.stop().await.unwrap();
    let stop_ms = begun.elapsed().as_millis();
    assert!(is_gone(server));

    let begun = Instant::now();
    let second = place.start_as(true).await;
    let second_ms = begun.elapsed().as_millis();
    println!("first start {first_ms} ms, stop {stop_ms} ms, second start {second_ms} ms");
    assert!(second.started_here());
    assert!(second.server_version().starts_with(|c: char| c.is_ascii_digit()));
    assert_eq!(count_rows(&second).await, 100);
    second.stop().await.unwrap();
}

/// A login role with more rights could switch row level security off.
#[tokio::test]
async fn the_login_role_has_no_special_rights() {
    let place = Place::open();
    let cluster = place.start().await;
    let mut connection = connect(cluster.connect_options()).await;
    let rights: Vec<bool> = sqlx::query_scalar(
        "select array[rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication]
         from pg_roles where rolname = current_user",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(rights, [false; 5]);
    let who: String = sqlx::query_scalar(
        "select current_user || ' ' || pg_get_userbyid(datdba) || ' ' || pg_encoding_to_char(encoding)
         from pg_database where datname = current_database()",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(who, "mind mind UTF8");
    let member: bool = sqlx::query_scalar(
        "select bool_and(pg_has_role('mind', oid, 'member')) from pg_roles
         where rolname in ('mind_app', 'mind_system', 'mind_search') having count(*) = 3",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(member);
    let intruder = cluster.connect_options().password("guessed").connect().await;
    assert!(intruder.is_err(), "the password counts, also on the socket");
    for name in ["postgres.password", "mind.password"] {
        let mode = cluster.location().join(name).metadata().unwrap().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    drop(connection);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn rows_survive_a_killed_server() {
    let place = Place::open();
    let cluster = place.start_as(true).await;
    write_rows(&cluster).await;
    kill_now(pid(&cluster));
    let again = place.start_as(true).await;
    assert!(again.started_here());
    assert_eq!(count_rows(&again).await, 100);
    drop(cluster);
    again.stop().await.unwrap();
}

#[tokio::test]
async fn the_server_of_a_killed_mind_is_adopted_and_can_be_stopped() {
    let place = Place::open();
    let holder = place.process();
    holder.kill();
    let cluster = place.start().await;
    assert!(!cluster.started_here());
    let server = pid(&cluster);
    cluster.stop().await.unwrap();
    assert!(is_gone(server));
}

#[tokio::test]
async fn rows_survive_when_mind_and_server_are_killed() {
    let place = Place::open();
    let holder = place.process_as("durable");
    let cluster = place.start_as(true).await;
    write_rows(&cluster).await;
    let server = pid(&cluster);
    drop(cluster);
    holder.kill();
    kill_now(server);
    let cluster = place.start().await;
    assert!(cluster.started_here());
    assert_eq!(count_rows(&cluster).await, 100);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_comes_second_joins_and_only_the_last_one_stops() {
    let place = Place::open();
    let first = place.start().await;
    let second = place.start().await;
    assert!(first.started_here());
    assert!(!second.started_here());
    write_rows(&first).await;
    assert_eq!(count_rows(&second).await, 100);
    let server = pid(&first);
    second.stop().await.unwrap();
    assert_eq!(count_rows(&first).await, 100, "the first still has its server");

    let other_process = place.process();
    first.stop().await.unwrap();
    assert!(!is_gone(server), "another process uses it");
    other_process.stop();
    assert!(is_gone(server));
}

#[tokio::test]
async fn racing_first_starts_make_one_server() {
    let place = Place::open();
    let mut other = place.spawn_process("careless");
    let (options, same) = (place.options(false), place.options(false));
    let (one, two) = tokio::join!(Cluster::start(&options), Cluster::start(&same));
    let (one, two) = (one.unwrap(), two.unwrap());
    other.wait_until_holding();
    assert_eq!(servers_below(&place.data_dir).len(), 1);
    write_rows(&one).await;
    assert_eq!(count_rows(&two).await, 100);
    one.stop().await.unwrap();
    two.stop().await.unwrap();
    other.stop();
    assert_eq!(servers_below(&place.data_dir).len(), 0);
}

#[tokio::test]
async fn two_data_folders_have_two_servers() {
    let (place, elsewhere) = (Place::open(), Place::open());
    let (one, two) = (place.start().await, elsewhere.start().await);
    assert_ne!(pid(&one), pid(&two));
    write_rows(&one).await;
    let mut connection = connect(two.connect_options()).await;
    let table: Option<String> = sqlx::query_scalar("select to_regclass('kept')::text").fetch_one(&mut connection).await.unwrap();
    assert_eq!(table, None);
    drop(connection);

    // As if the folder were a copy of a running one: its pid file names the other server.
    let (other, own) = (pid_file(&one), pid_file(&two));
    two.stop().await.unwrap();
    std::fs::copy(other, own).unwrap();
    let two = elsewhere.start().await;
    assert!(two.started_here());
    two.stop().await.unwrap();
    assert_eq!(count_rows(&one).await, 100);
    one.stop().await.unwrap();
}

#[tokio::test]
async fn a_pid_file_that_names_a_stranger_is_no_obstacle() {
    let place = Place::open();
    let cluster = place.start_as(true).await;
    write_rows(&cluster).await;
    let path = pid_file(&cluster);
    let text = std::fs::read_to_string(&path).unwrap();
    let data = path.parent().unwrap().metadata().unwrap();
    let server = pid(&cluster);
    kill_now(server);
    // The worst case: the number was given to another process of the server's user.
    let mut command = Command::new("sleep");
    command.arg("60");
    if Uid::effective().is_root() {
        command.uid(data.uid());
    }
    let mut stranger = command.spawn().unwrap();
    std::fs::write(&path, text.replacen(&server.to_string(), &stranger.id().to_string(), 1)).unwrap();
    let socket_lock = cluster.location().join("socket/.s.PGSQL.5432.lock");
    std::fs::write(&socket_lock, format!("{}\n", stranger.id())).unwrap();

    let again = place.start().await;
    assert!(again.started_here());
    assert_eq!(count_rows(&again).await, 100);
    drop(cluster);
    again.stop().await.unwrap();
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger was left alone");
    stranger.kill().unwrap();
    stranger.wait().unwrap();

    std::fs::write(&path, "").unwrap();
    let again = place.start().await;
    assert_eq!(count_rows(&again).await, 100, "an empty pid file, as after a power cut");
    again.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works() {
    let place = Place::below(&format!("{0}/{0}", "long".repeat(20)), 0o755);
    let cluster = place.start().await;
    write_rows(&cluster).await;
    let other = place.process();
    other.stop();
    let socket = cluster.connect_options().get_socket().unwrap().clone();
    assert!(socket.as_os_str().len() < 90);
    assert_eq!(socket.metadata().unwrap().mode() & 0o777, 0o700);
    cluster.stop().await.unwrap();
    assert!(!socket.exists());
}

#[tokio::test]
async fn an_interrupted_creation_heals() {
    let place = Place::open();
    let leftover = place.data_dir.join("pg/15.new-0badcafe");
    std::fs::create_dir_all(leftover.join("data/base")).unwrap();
    std::fs::set_permissions(&place.data_dir, Permissions::from_mode(0o711)).unwrap();
    std::fs::set_permissions(place.data_dir.join("pg"), Permissions::from_mode(0o711)).unwrap();
    std::fs::write(leftover.join("data/PG_VERSION"), "15\n").unwrap();
    let cluster = place.start().await;
    assert!(!leftover.exists());

    // Killed after initdb, before the roles: neither role nor database nor password.
    let mut superuser = connect(cluster.superuser_options("postgres")).await;
    sqlx::raw_sql("drop database mind").execute(&mut superuser).await.unwrap();
    sqlx::raw_sql("drop role mind_app, mind_system, mind_search, mind").execute(&mut superuser).await.unwrap();
    drop(superuser);
    let password = cluster.location().join("mind.password");
    cluster.stop().await.unwrap();
    std::fs::remove_file(&password).unwrap();
    let cluster = place.start().await;
    write_rows(&cluster).await;
    cluster.stop().await.unwrap();

    // Killed between setting the password and writing it down.
    std::fs::remove_file(&password).unwrap();
    let cluster = place.start().await;
    assert_eq!(count_rows(&cluster).await, 100);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_below_a_private_home_has_its_cluster_elsewhere() {
    let place = Place::below("data", 0o700);
    let cluster = place.start().await;
    let apart = !cluster.location().starts_with(&place.data_dir);
    assert_eq!(apart, Uid::effective().is_root(), "{}", cluster.location().display());
    write_rows(&cluster).await;
    let location = cluster.location().to_owned();
    cluster.stop().await.unwrap();
    let again = place.start().await;
    assert_eq!(again.location(), location);
    assert_eq!(count_rows(&again).await, 100);
    again.stop().await.unwrap();
}

/// A server left by a test must not take real data without syncing it.
#[tokio::test]
async fn a_server_without_sync_is_restarted_or_refused() {
    let place = Place::open();
    let careless = place.start().await;
    let refused = Cluster::start(&place.options(true)).await;
    assert!(matches!(refused, Err(EmbeddedError::NotDurable { .. })));
    drop(careless);
    let careful = place.start_as(true).await;
    assert!(careful.started_here());
    careful.stop().await.unwrap();
}

#[tokio::test]
async fn missing_programs_are_named() {
    let place = Place::open();
    let named = Options { pg_bin: Some("/nowhere".into()), ..place.options(false) };
    let text = Cluster::start(&named).await.unwrap_err().to_string();
    assert!(text.contains("MIND_PG_BIN=/nowhere"), "{text}");

    // A cluster of a version that nobody has.
    let cluster = place.start().await;
    let location = cluster.location().to_owned();
    cluster.stop().await.unwrap();
    std::fs::rename(&location, location.with_file_name("99")).unwrap();
    let text = Cluster::start(&place.options(false)).await.unwrap_err().to_string();
    assert!(text.contains("PostgreSQL 99") && !text.contains('\n'), "{text}");
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_its_log() {
    let place = Place::open();
    let cluster = place.start().await;
    let settings = cluster.location().join("data/postgresql.conf");
    cluster.stop().await.unwrap();
    std::fs::write(settings, "no_such_setting = 1\n").unwrap();
    let text = Cluster::start(&place.options(false)).await.unwrap_err().to_string();
    assert!(text.contains("no_such_setting") && !text.contains('\n'), "{text}");
}

#[tokio::test]
async fn an_unused_server_of_tests_is_ended() {
    let place = Place::open();
    let cluster = place.start().await;
    cluster.stop_when_unused().unwrap();
    cluster.stop_when_unused().unwrap();
    let server = pid(&cluster);
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(!is_gone(server), "it is in use");
    drop(cluster);
    wait_until_gone(server);
}
