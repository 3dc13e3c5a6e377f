//! Faults that are not the caller's: what is hidden, and when to come back.

use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::support::{Setup, TestApp};

/// Runs a statement as the owner of the schema, in another session than the app's.
async fn as_owner(app: &TestApp, sql: &'static str) {
    let mut connection = app.database.connect().await;
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn our_own_fault_hides_its_cause() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get("/api/mind/profile").await.ok();
    as_owner(&app, "alter table setting rename to setting_moved_away").await;
    let (_node, elsewhere, _stop) = app.second_node().await;
    for path in ["/api/mind/settings", "/api/mind/contract/746839"] {
        let answer = agent.clone().at(elsewhere).get(path).await.problem(500, "internal");
        assert_eq!(answer.body["error"], "The server failed to handle the request");
        for word in ["setting", "relation", "sql", "postgres", "42P01", "does not exist"] {
            assert!(!answer.text.to_lowercase().contains(word), "{word} in {}", answer.text);
        }
        // The one thing an operator needs.
        assert!(answer.body["details"].as_str().unwrap().contains(answer.header("x-tx-id")));
    }
    as_owner(&app, "alter table setting_moved_away rename to setting").await;
    agent.at(elsewhere).get("/api/mind/settings").await.ok();
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_no_fault_of_the_server() {
    let app = TestApp::with(Setup { variables: vec![("MIND_DB_ACQUIRE_TIMEOUT_SECONDS", "1".into())] }).await;
    let agent = app.agent().await;
    agent.get("/api/mind/profile").await.ok();
    let Some(mut superuser) = app.database.connect_as_superuser().await else { return };
    let name: String = sqlx::query_scalar("select current_database()").fetch_one(&mut superuser).await.unwrap();
    let limit = async |superuser: &mut sqlx::PgConnection, most: i32| {
        sqlx::raw_sql(AssertSqlSafe(format!("alter database {name} connection limit {most}"))).execute(superuser).await.unwrap();
    };
    limit(&mut superuser, 0).await;
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query(end).execute(&mut superuser).await.unwrap();
    let (_node, elsewhere, _stop) = app.second_node().await;
    let answer = agent.clone().at(elsewhere).get("/api/mind/profile").await.problem(503, "databaseUnavailable");
    assert_eq!(answer.header("retry-after"), "2");
    let login = json!({"email": "admin@demo.example", "password": "x"});
    app.anonymous().at(elsewhere).post("/api/auth/v1/login", &login).await.problem(503, "databaseUnavailable");
    // Not a health problem of the process itself: it answers as soon as the database is back.
    limit(&mut superuser, -1).await;
    agent.at(elsewhere).get("/api/mind/profile").await.ok();
}

#[tokio::test]
async fn a_lost_connection_to_the_database_is_replaced() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get("/api/mind/profile").await.ok();
    let Some(mut superuser) = app.database.connect_as_superuser().await else { return };
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query(end).execute(&mut superuser).await.unwrap();
    // The first caller may meet a dead connection; nobody after them may, and nobody sees a 500.
    let mut statuses = Vec::new();
    for _ in 0..9 {
        statuses.push(agent.get("/api/mind/profile").await.status.as_u16());
    }
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
    assert_eq!(statuses.last(), Some(&200), "{statuses:?}");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let app = TestApp::with(Setup { variables: vec![("MIND_REQUEST_TIMEOUT_SECONDS", "1".into())] }).await;
    let agent = app.agent().await;
    let mut blocker = app.database.connect().await;
    sqlx::raw_sql("begin; lock table profile in access exclusive mode").execute(&mut blocker).await.unwrap();
    let began = Instant::now();
    let answer = agent.get("/api/mind/profile").await.problem(503, "timeout");
    let took = began.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_millis(2500)).contains(&took), "{took:?}");
    assert!(answer.body["details"].as_str().unwrap().contains("1 second"), "{}", answer.text);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    // The next one does not meet what the given-up one left behind.
    sqlx::raw_sql("rollback").execute(&mut blocker).await.unwrap();
    agent.get("/api/mind/profile").await.ok();
}
