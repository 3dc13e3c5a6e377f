//! Ways around row level security, tried one by one on a database where both tenants have rows in every table.

use std::time::Duration;

use mind::{
    App,
    db::{SystemTx, TenantTx},
    domain::tenant::TenantId,
};
use pretty_assertions::assert_eq;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::task::JoinSet;

use super::{count, fill, tenant_tables};
use crate::{
    support::guarded,
    support::{Setup, TestApp},
};

async fn filled() -> TestApp {
    let app = TestApp::start().await;
    fill(&app, &app.demo).await;
    fill(&app, &app.other).await;
    app
}

/// SQLSTATE of a statement that must fail, in a savepoint so that the transaction goes on.
async fn refusal(connection: &mut PgConnection, sql: &str) -> String {
    let mut savepoint = connection.begin().await.unwrap();
    let result = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut *savepoint).await;
    savepoint.rollback().await.unwrap();
    match result {
        Ok(done) => format!("{} rows", done.rows_affected()),
        Err(error) => {
            error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_else(|| panic!("{error}")).into_owned()
        }
    }
}

/// `insufficient_privilege`: a policy or a missing grant.
const REFUSED: &str = "42501";

#[tokio::test]
async fn without_a_tenant_nothing_is_seen_and_nothing_can_be_written() {
    guarded(async {
        let app = filled().await;
        let mut connection = app.database.connect().await;
        let mut tx = connection.begin().await.unwrap();
        let tables = tenant_tables(&mut tx).await;
        sqlx::raw_sql("set local role mind_app").execute(&mut *tx).await.unwrap();
        for table in tables {
            assert_eq!(count(&mut tx, &table, "true").await, 0, "{table}");
            assert_eq!(refusal(&mut tx, &format!("insert into {table} default values")).await, REFUSED, "{table}");
            let named = format!("insert into {table} (tenant_id) values ({})", app.demo.tenant.id.0);
            assert_eq!(refusal(&mut tx, &named).await, REFUSED, "{table}");
        }
        assert_eq!(count(&mut tx, "tenant", "true").await, 0);
        assert_eq!(refusal(&mut tx, "select from sign_in_attempt").await, REFUSED);
        assert_eq!(refusal(&mut tx, "insert into tenant (slug, name, created_at) values ('x', 'x', now())").await, REFUSED);
        // What a connection pooler or a client may leave behind: an empty setting is no tenant either.
        sqlx::raw_sql("set local app.tenant_id = ''").execute(&mut *tx).await.unwrap();
        assert_eq!(count(&mut tx, "profile", "true").await, 0);
    })
    .await;
}

/// A statement that forgot its transaction runs as the owner. Forced row level security makes that see nothing, with and
/// without a tenant left over on the connection.
#[tokio::test]
async fn the_owner_sees_nothing() {
    guarded(async {
        let app = filled().await;
        let mut connection = app.database.connect().await;
        let mut tables = tenant_tables(&mut connection).await;
        tables.extend(["tenant", "sign_in_attempt", "installation"].map(str::to_owned));
        let mut visible = Vec::new();
        for table in &tables {
            let rows = count(&mut connection, table, "true").await;
            if rows > 0 {
                visible.push(format!("{table}: {rows} rows"));
            }
        }
        assert!(visible.is_empty(), "the owner sees {visible:?}");
        for table in &tables {
            let written = refusal(&mut connection, &format!("insert into {table} default values")).await;
            assert_eq!(written, REFUSED, "{table}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_tenant_cannot_write_a_row_of_another_one() {
    guarded(async {
        let app = filled().await;
        let (own, foreign) = (app.demo.tenant.id.0, app.other.tenant.id.0);
        let mut tx = app.tx(&app.demo).await;
        let connection = tx.connection();
        for table in tenant_tables(connection).await {
            assert_eq!(count(connection, &table, &format!("tenant_id <> {own}")).await, 0, "{table}");
            assert!(count(connection, &table, &format!("tenant_id = {own}")).await > 0, "{table}");
            let insert = format!("insert into {table} (tenant_id) values ({foreign})");
            assert_eq!(refusal(connection, &insert).await, REFUSED, "{table}");
            let give_away = format!("update {table} set tenant_id = {foreign}");
            assert_eq!(refusal(connection, &give_away).await, REFUSED, "{table}");
            for (verb, rest) in [("update", "set tenant_id = tenant_id "), ("delete from", "")] {
                let sql = format!("{verb} {table} {rest}where tenant_id = {foreign}");
                let wanted = if table == "event" { REFUSED } else { "0 rows" };
                assert_eq!(refusal(connection, &sql).await, wanted, "{sql}");
            }
        }
        // The switches that would open the door belong to the owner, and to nobody else.
        for sql in [
            "alter table profile disable row level security",
            "drop policy by_tenant on profile",
            "create table mine (id bigint)",
            "truncate profile",
            "copy profile to program 'cat'",
            "select * from _sqlx_migrations",
            "create function mine() returns bigint language sql security definer as 'select 1::bigint'",
        ] {
            assert_eq!(refusal(connection, sql).await, REFUSED, "{sql}");
        }
        let tenants = count(connection, "tenant", "true").await;
        assert_eq!(tenants, 1, "a tenant sees the list of tenants");
        drop(tx);
        let mut tx = app.tx(&app.other).await;
        for table in tenant_tables(tx.connection()).await {
            assert!(count(tx.connection(), &table, "true").await > 0, "{table} of the other tenant lost its rows");
        }
    })
    .await;
}

/// A row may only point to rows of its own tenant, whatever the ids are: foreign keys do not ask policies.
#[tokio::test]
async fn a_row_cannot_point_to_a_row_of_another_tenant() {
    guarded(async {
        let app = filled().await;
        let foreign = app.other.admin.0;
        let mut tx = app.tx(&app.demo).await;
        for sql in [
            format!("update setting set modified_by = {foreign}"),
            format!("insert into event (type, created_by, created_at) values ('x', {foreign}, now())"),
            format!("insert into sign_in_link (token_hash, profile_id, expires_at) values ('x', {foreign}, now())"),
        ] {
            assert_eq!(refusal(tx.connection(), &sql).await, "23503", "{sql}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_system_sees_listed_tables_only() {
    guarded(async {
        let app = filled().await;
        let mut tx: SystemTx = app.app.db().system_tx().await.unwrap();
        assert_eq!(count(tx.connection(), "tenant", "true").await, 2);
        for table in ["setting", "event"] {
            assert_eq!(refusal(tx.connection(), &format!("select from {table}")).await, REFUSED, "{table}");
        }
        // Narrowed to a tenant it is a tenant's transaction and nothing more.
        let mut tx = tx.into_tenant(app.demo.tenant.id).await.unwrap();
        assert_eq!(count(tx.connection(), "profile", &format!("tenant_id <> {}", app.demo.tenant.id.0)).await, 0);
        assert_eq!(refusal(tx.connection(), "select from sign_in_attempt").await, REFUSED);
    })
    .await;
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Commit,
    Drop,
    Failure,
    Cancellation,
}

async fn end(mut tx: TenantTx, how: End) {
    match how {
        End::Commit => tx.commit().await.unwrap(),
        End::Drop => drop(tx),
        End::Failure => {
            sqlx::query("select 1 / 0").execute(tx.connection()).await.unwrap_err();
        }
        End::Cancellation => {
            // The client of a request goes away while its statement runs.
            let sleep = sqlx::query("select pg_sleep(0.2)").execute(tx.connection());
            tokio::time::timeout(Duration::from_millis(5), sleep).await.unwrap_err();
        }
    }
}

/// What the session itself holds, below this transaction: its end would show a role or tenant that was set for longer.
async fn left_over(connection: &mut PgConnection) -> (String, String) {
    sqlx::raw_sql("rollback").execute(&mut *connection).await.unwrap();
    sqlx::query_as("select current_user::text, coalesce(current_setting('app.tenant_id', true), '')").fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn role_and_tenant_end_with_their_transaction() {
    guarded(async {
        let app = TestApp::with(Setup { variables: vec![("MIND_DB_POOL_SIZE", "2".to_owned())] }).await;
        let (db, demo, other) = (app.app.db(), app.demo.tenant.id, app.other.tenant.id);
        let owner = { app.database.login().get_username().to_owned() };
        for how in [End::Commit, End::Drop, End::Failure, End::Cancellation].repeat(4) {
            // Both connections of the pool, so that the next users get these and no others.
            let (one, two) = (db.tenant_tx(demo).await.unwrap(), db.tenant_tx(demo).await.unwrap());
            tokio::join!(end(one, how), end(two, how));
            let (mut one, mut two) = (db.system_tx().await.unwrap(), db.tenant_tx(other).await.unwrap());
            let seen: String = sqlx::query_scalar("select coalesce(current_setting('app.tenant_id', true), '')")
                .fetch_one(one.connection())
                .await
                .unwrap();
            assert_eq!(seen, "", "{how:?}: a tenant was left on the connection");
            assert_eq!(sees(&mut two).await, [other.0], "{how:?}");
            for connection in [one.connection(), two.connection()] {
                assert_eq!(left_over(connection).await, (owner.clone(), String::new()), "{how:?}");
            }
        }
    })
    .await;
}

/// Tenants whose profiles a transaction sees.
async fn sees(tx: &mut TenantTx) -> Vec<i64> {
    sqlx::query_scalar("select distinct tenant_id from profile").fetch_all(tx.connection()).await.unwrap()
}

async fn one_of_many(app: App, tenant: TenantId, number: usize) -> Vec<i64> {
    let mut tx = app.db().tenant_tx(tenant).await.unwrap();
    let mut seen = sees(&mut tx).await;
    let name = format!("concurrent {number}");
    sqlx::query("insert into role (name, base_role_id, permissions, created_at) values ($1, 2, '{}', $2)")
        .bind(&name)
        .bind(app.now())
        .execute(tx.connection())
        .await
        .unwrap();
    tokio::task::yield_now().await;
    let written: Vec<i64> = sqlx::query_scalar("select distinct tenant_id from role").fetch_all(tx.connection()).await.unwrap();
    seen.extend(written);
    if number.is_multiple_of(3) {
        drop(tx);
    } else {
        tx.commit().await.unwrap();
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_interleaved_transactions_of_two_tenants_see_only_their_own() {
    guarded(async {
        let app = TestApp::with(Setup {
            variables: vec![("MIND_DB_POOL_SIZE", "4".to_owned()), ("MIND_DB_ACQUIRE_TIMEOUT_SECONDS", "30".to_owned())],
        })
        .await;
        let mut running = JoinSet::new();
        for number in 0..50 {
            let tenant = if number % 2 == 0 { app.demo.tenant.id } else { app.other.tenant.id };
            let app = app.app.clone();
            running.spawn(async move { (tenant.0, one_of_many(app, tenant, number).await) });
        }
        let mut ended = 0;
        while let Some(result) = running.join_next().await {
            let (tenant, seen) = result.unwrap();
            assert!(!seen.is_empty() && seen.iter().all(|&other| other == tenant), "tenant {tenant} saw {seen:?}");
            ended += 1;
        }
        assert_eq!(ended, 50);
        for tenant in [&app.demo, &app.other] {
            let mut tx = app.tx(tenant).await;
            // Of 25 each, those whose number three divides were rolled back.
            let kept = count(tx.connection(), "role", "name like 'concurrent %'").await;
            assert_eq!(kept, if tenant.tenant.slug == "demo" { 16 } else { 17 });
        }
    })
    .await;
}
