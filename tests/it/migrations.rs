//! Bringing a schema up to date, as the ordinary role that owns it.

use mind::{
    config::Config,
    db::{Db, MigrationError, Ready},
};
use pretty_assertions::assert_eq;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, postgres::PgConnectOptions};

use crate::support::{TestDatabase, guarded};

fn config() -> Config {
    Config::from_map([("MIND_DB_POOL_SIZE".to_owned(), "2".to_owned())].into()).unwrap()
}

fn db(database: &TestDatabase) -> Db {
    Db::from_options(database.login(), &config())
}

/// Files of the folder, by name.
fn files() -> Vec<(String, String)> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    let mut files: Vec<_> = folder
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Tables, functions or indexes that a migration makes.
fn made<'a>(text: &'a str, kind: &str) -> Vec<&'a str> {
    text.split(&format!("create {kind} ")).skip(1).map(|rest| rest.split([' ', '(']).next().unwrap()).collect()
}

/// Columns that a migration adds, with their tables.
fn columns(text: &str) -> Vec<(&str, &str)> {
    let added = text.split("alter table ").skip(1).filter_map(|rest| rest.split_once(" add column "));
    added.map(|(table, rest)| (table, rest.split(' ').next().unwrap())).collect()
}

/// Everything in the schema, and when each migration ran.
async fn fingerprint(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "select 'migration ' || version || ' ' || installed_on || ' ' || encode(checksum, 'hex') from _sqlx_migrations
         union all
         select 'column ' || attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull
         from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = 'public'::regnamespace and attnum > 0
           and not attisdropped
         union all
         select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
         where connamespace = 'public'::regnamespace
         union all
         select 'policy ' || tablename || ' ' || policyname || ' ' || coalesce(qual, '') || ' ' || coalesce(with_check, '') from pg_policies
         order by 1",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

#[tokio::test]
async fn an_ordinary_owner_brings_an_empty_database_up_to_date() {
    guarded(async {
        let database = TestDatabase::empty().await;
        let mut connection = database.connect().await;
        let (superuser, bypasses, creates_roles): (bool, bool, bool) =
            sqlx::query_as("select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        assert!(!superuser && !bypasses && !creates_roles, "this test proves nothing with a powerful role");
        let db = db(&database);
        assert_eq!(db.ready().await, Ready::MigrationsMissing);
        let behind = db.check_migrated().await.unwrap_err();
        let wanted = i64::try_from(files().len()).unwrap();
        assert!(matches!(behind, MigrationError::Behind { found: 0, wanted: w } if w == wanted), "{behind}");
        assert!(behind.to_string().contains("mind migrate"), "{behind}");
        db.migrate().await.unwrap();
        db.check_migrated().await.unwrap();
        assert_eq!(db.ready().await, Ready::Yes);
        let applied: i64 =
            sqlx::query_scalar("select count(*) from _sqlx_migrations where success").fetch_one(&mut connection).await.unwrap();
        assert_eq!(applied, wanted);
    })
    .await;
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    guarded(async {
        let database = TestDatabase::create().await;
        let mut connection = database.connect().await;
        let before = fingerprint(&mut connection).await;
        assert!(before.len() > 100, "{before:?}");
        db(&database).migrate().await.unwrap();
        assert_eq!(fingerprint(&mut connection).await, before);
    })
    .await;
}

/// Nodes of a rolling start, and `mind migrate` beside them.
#[tokio::test]
async fn several_may_migrate_at_once() {
    guarded(async {
        for _ in 0..3 {
            let database = TestDatabase::empty().await;
            let (one, two, three) = (db(&database), db(&database), db(&database));
            let (first, second, third) = tokio::join!(one.migrate(), two.migrate(), three.migrate());
            (first.and(second).and(third)).unwrap();
            assert_eq!(one.ready().await, Ready::Yes);
        }
    })
    .await;
}

/// What an interrupted run leaves is finished by the next one.
#[tokio::test]
async fn a_half_migrated_database_is_brought_up_to_date() {
    guarded(async {
        let database = TestDatabase::empty().await;
        let db = db(&database);
        db.migrate().await.unwrap();
        let mut connection = database.connect().await;
        let whole: Vec<String> = fingerprint(&mut connection).await.into_iter().filter(|line| !line.starts_with("migration")).collect();
        let files = files();
        let newest = i64::try_from(files.len()).unwrap();
        let text = &files.last().unwrap().1;
        let mut undone = 0;
        for kind in ["index", "function", "table"] {
            for name in made(text, kind) {
                sqlx::raw_sql(AssertSqlSafe(format!("drop {kind} {name}"))).execute(&mut connection).await.unwrap();
                undone += 1;
            }
        }
        for (table, column) in columns(text) {
            sqlx::raw_sql(AssertSqlSafe(format!("alter table {table} drop column {column}"))).execute(&mut connection).await.unwrap();
            undone += 1;
        }
        assert!(undone > 0, "the newest migration makes nothing that is known here: undo here what it does");
        sqlx::query("delete from _sqlx_migrations where version = $1").bind(newest).execute(&mut connection).await.unwrap();
        assert_eq!(db.ready().await, Ready::MigrationsMissing);
        assert!(matches!(db.check_migrated().await, Err(MigrationError::Behind { .. })));
        db.migrate().await.unwrap();
        let again: Vec<String> = fingerprint(&mut connection).await.into_iter().filter(|line| !line.starts_with("migration")).collect();
        assert_eq!(again, whole);
    })
    .await;
}

/// Tenants of an older version get what a new one starts with, and stay as hidden as before.
#[tokio::test]
async fn a_tenant_that_is_there_already_gets_the_default_skill() {
    guarded(async {
        let database = TestDatabase::empty().await;
        let mut connection = database.connect().await;
        for (name, text) in files() {
            if name.starts_with("0007") {
                let tenants = "begin; set local role mind_system;
                     insert into tenant (slug, name, created_at) values ('a', 'A', 'epoch'), ('b', 'B', 'epoch'); commit";
                sqlx::raw_sql(tenants).execute(&mut connection).await.unwrap();
            }
            sqlx::raw_sql(AssertSqlSafe(format!("begin; {text}; commit"))).execute(&mut connection).await.unwrap();
        }
        for tenant in [1, 2] {
            let sql = format!("begin; set local role mind_app; set local app.tenant_id = '{tenant}'");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            let tags: Vec<(i64, String, Vec<String>)> =
                sqlx::query_as("select id, name, properties from tag").fetch_all(&mut connection).await.unwrap();
            assert_eq!(tags, [(1, "Allgemein".to_owned(), vec!["defaultSkill".to_owned()])]);
            sqlx::raw_sql("rollback").execute(&mut connection).await.unwrap();
        }
        let seen: i64 = sqlx::query_scalar("select count(*) from tenant").fetch_one(&mut connection).await.unwrap();
        assert_eq!(seen, 0, "the owner sees tenants");
    })
    .await;
}

/// A failed one leaves nothing behind, so that the next run can start from where this one did.
#[tokio::test]
async fn a_migration_that_fails_is_rolled_back_and_says_so() {
    guarded(async {
        let database = TestDatabase::empty().await;
        let mut connection = database.connect().await;
        sqlx::raw_sql("create table profile (in_the_way bigint)").execute(&mut connection).await.unwrap();
        let error = db(&database).migrate().await.unwrap_err();
        assert!(matches!(&error, MigrationError::Failed(_)), "{error}");
        assert!(error.to_string().contains("profile"), "{error}");
        let tables: Vec<String> = sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public' order by 1")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert_eq!(tables, ["_sqlx_migrations", "profile", "tenant", "tenant_host"], "the second migration left something");
        sqlx::raw_sql("drop table profile").execute(&mut connection).await.unwrap();
        db(&database).migrate().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_older_program_refuses_a_newer_schema() {
    guarded(async {
        let database = TestDatabase::create().await;
        let mut connection = database.connect().await;
        let wanted = i64::try_from(files().len()).unwrap();
        sqlx::query("insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (9001, 'from the future', true, '', 0)")
            .execute(&mut connection)
            .await
            .unwrap();
        let db = db(&database);
        for result in [db.migrate().await, db.check_migrated().await] {
            let error = result.unwrap_err();
            assert!(matches!(error, MigrationError::Ahead { found: 9001, wanted: w } if w == wanted), "{error}");
            assert!(error.to_string().contains("newer version"), "{error}");
        }
        // One that runs already goes on: another node was updated first, and migrations only add until all are.
        assert_eq!(db.ready().await, Ready::Yes);
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_unreachable() {
    guarded(async {
        let database = TestDatabase::empty().await;
        let db = Db::from_options(database.login().database("there_is_no_such_database"), &config());
        assert_eq!(db.ready().await, Ready::Unreachable);
        let error = db.migrate().await.unwrap_err();
        assert!(matches!(error, MigrationError::Unreachable(_)), "{error}");
    })
    .await;
}

/// A login role with a power that row level security does not bind; it ends with the test.
struct Powerful {
    name: String,
    options: PgConnectOptions,
}

async fn powerful(database: &TestDatabase, admin: &mut PgConnection, power: &str) -> Powerful {
    let name = format!("test_{power}_{}", std::process::id());
    let sql = format!(
        "drop role if exists {name}; create role {name} login {power} password 'for a moment'; grant mind_app, mind_system, mind_search to {name}; \
         grant all on schema public to {name}"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(admin).await.unwrap();
    Powerful { options: database.login().username(&name).password("for a moment"), name }
}

impl Powerful {
    async fn end(self, admin: &mut PgConnection) {
        let sql = format!("drop owned by {0}; drop role {0}", self.name);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(admin).await.unwrap();
    }
}

/// Row level security does not hold for it: one forgotten role, and every tenant's rows are open.
#[tokio::test]
async fn a_role_that_row_level_security_does_not_bind_is_refused() {
    guarded(async {
        let database = TestDatabase::create().await;
        let Some(mut admin) = database.connect_as_superuser().await else { return };
        let mut accepted = Vec::new();
        for power in ["superuser", "bypassrls"] {
            let role = powerful(&database, &mut admin, power).await;
            role.options.connect().await.expect("the role can sign in");
            let db = Db::from_options(role.options.clone(), &config());
            let (migrated, checked) = (db.migrate().await, db.check_migrated().await);
            db.close().await;
            role.end(&mut admin).await;
            for (how, result) in [("mind migrate", migrated), ("the start in production", checked)] {
                if !matches!(result, Err(MigrationError::TooPowerful)) {
                    accepted.push(format!("{how} accepts {power}: {result:?}"));
                }
            }
        }
        assert!(accepted.is_empty(), "{accepted:?}");
    })
    .await;
}

#[test]
fn migrations_are_numbered_without_gaps() {
    let names: Vec<String> = files().into_iter().map(|(name, _)| name).collect();
    assert!(names.len() >= 5, "{names:?}");
    for (index, name) in names.iter().enumerate() {
        let (number, rest) = name.split_at(4);
        assert_eq!(number, format!("{:04}", index + 1), "{name}");
        let noun = rest.strip_prefix('_').and_then(|rest| rest.strip_suffix(".sql")).unwrap_or_else(|| panic!("{name}"));
        assert!(!noun.is_empty() && noun.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
    }
}

/// Comments, and texts in quotes, may have capitals.
fn statements(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    let mut quoted = false;
    lines
        .collect::<Vec<_>>()
        .join("\n")
        .chars()
        .filter(|c| {
            quoted ^= *c == '\'';
            !quoted
        })
        .collect()
}

#[test]
fn migrations_are_written_in_one_way() {
    let mut violations = Vec::new();
    for (name, text) in files() {
        let sql = statements(&text);
        let mut say = |holds: bool, what: &str| {
            if !holds {
                violations.push(format!("{name}: {what}"));
            }
        };
        say(text.starts_with("-- "), "does not begin with a comment that says what it is about");
        say(text.contains("set local lock_timeout"), "does not limit how long it waits for a lock");
        let capital = sql.split(|c: char| !c.is_alphanumeric() && c != '_').find(|word| word.chars().any(|c| c.is_ascii_uppercase()));
        say(capital.is_none(), &format!("is not in lower case: {capital:?}"));
        for bad in ["now()", "current_timestamp", "security definer", "varchar", "serial", " timestamp ", "create extension"] {
            // Text search needs both: an index type of contrib, and functions that the catalogue test lists by name.
            let searches = ["0010_ticket_search.sql", "0014_ticket_search_few.sql"].contains(&name.as_str());
            let excepted = searches && ["security definer", "create extension"].contains(&bad);
            say(excepted || !sql.contains(bad), &format!("{bad} has no place in a migration"));
        }
        for table in sql.split("create table ").skip(1) {
            let table_name = table.split([' ', '(']).next().unwrap();
            let body = table.split("\n);").next().unwrap();
            let bound =
                text.contains(&format!("isolate_by_tenant('{table_name}')")) || text.contains(&format!("open_to_system('{table_name}'"));
            say(bound, &format!("{table_name} has no row level security"));
            for word in ["primary key", "foreign key", "unique", "check ("] {
                let named = body.lines().filter(|line| line.contains(word)).all(|line| line.trim_start().starts_with("constraint "));
                say(named, &format!("{table_name}: a {word} without a name"));
            }
            say(
                !body.contains(" references ") || body.contains("foreign key"),
                &format!("{table_name}: a reference inside a column is not composite"),
            );
        }
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}
