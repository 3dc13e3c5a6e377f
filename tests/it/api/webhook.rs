//! Reports of ERPs: who may send them, what becomes of them, and that nothing is fetched twice or lost.

mod access;
mod burst;
mod failure;
mod grouping;

use std::time::{Duration, Instant};

use mind::{App, jobs};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{Answer, TestApp, TestTenant};

/// Where Powercloud reports to.
const POWERCLOUD: &str = "/api/mind/webhook/powercloud";
/// The secret of `demo` in these tests.
const SECRET: &str = "first secret & more";

/// Runs the jobs of a node until dropped; then its running jobs end.
struct Worker {
    _stop: DropGuard,
    handle: JoinHandle<()>,
}

impl Worker {
    fn start(app: &App) -> Self {
        let stop = CancellationToken::new();
        let handle = tokio::spawn(jobs::work(app.clone(), stop.clone()));
        Self { _stop: stop.drop_guard(), handle }
    }

    /// As kill -9 does: whatever runs stops in the middle, and nothing is settled.
    async fn kill(self) {
        self.handle.abort();
        self.handle.await.unwrap_err();
    }
}

/// Asks until it holds. Nothing takes longer than a few polls of the worker; the patience is for a busy machine.
#[track_caller]
fn until(what: &str, holds: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let end = Instant::now() + Duration::from_mins(2);
        while !holds().await {
            assert!(Instant::now() < end, "{place}: {what} did not come true");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Sets settings as the administrator.
async fn set(app: &TestApp, settings: Value) {
    app.admin().await.post("/api/mind/settings", &settings).await.ok();
}

/// Lets `demo` take reports with [`SECRET`].
async fn open(app: &TestApp) {
    set(app, json!({"webhookSecret": SECRET})).await;
}

/// Reports with the secret.
async fn report(app: &TestApp, body: &Value) -> Answer {
    app.anonymous().header("x-webhook-secret", SECRET).post(POWERCLOUD, body).await
}

/// Reports in any words.
async fn report_text(app: &TestApp, content_type: &str, text: &str) -> Answer {
    let client = app.anonymous().header("x-webhook-secret", SECRET);
    client.send(Method::POST, POWERCLOUD, Some((content_type, text.to_owned()))).await
}

/// Contract, customer and state of every report, oldest first.
async fn reports(app: &TestApp, tenant: &TestTenant) -> Vec<(Option<String>, Option<String>, String)> {
    let mut tx = app.tx(tenant).await;
    let sql = "select contract_id, customer_id, state from webhook_event order by id";
    sqlx::query_as(sql).fetch_all(tx.connection()).await.unwrap()
}

/// How many reports are in a state.
async fn in_state(app: &TestApp, state: &str) -> usize {
    reports(app, &app.demo).await.iter().filter(|(.., found)| found == state).count()
}

/// A job as it stands in the table.
#[derive(Debug, PartialEq, sqlx::FromRow)]
struct JobRow {
    key: String,
    /// Seconds from now.
    due: i64,
    again: Option<i64>,
    attempts: i32,
    claimed: bool,
    dead: bool,
}

async fn jobs_of(app: &TestApp, tenant: &TestTenant) -> Vec<JobRow> {
    let mut tx = app.tx(tenant).await;
    let sql = "select key, extract(epoch from run_at - $1)::bigint as due, extract(epoch from rerun_at - $1)::bigint as again, attempts,
                      claim is not null as claimed, dead_at is not null as dead
               from job order by key";
    sqlx::query_as(sql).bind(app.now()).fetch_all(tx.connection()).await.unwrap()
}

async fn contract_calls(app: &TestApp) -> u64 {
    app.sandbox_calls(Some("contractById")).await
}

fn seconds(count: i64) -> chrono::Duration {
    chrono::Duration::seconds(count)
}

/// Something that was given up, for tests of others.
pub async fn add_dead_letter(app: &TestApp, tenant: &TestTenant) -> i64 {
    let mut tx = app.tx(tenant).await;
    // Another one each time.
    let sql = "insert into job (task, key, payload, run_at, attempts, last_error, dead_at, created_at)
               select 'webhookRefresh', 'contract:' || n, json_build_object('kind', 'contract', 'id', 'D-' || n), $1, 33, 'x', $1, $1
               from (select count(*) as n from job) jobs returning id";
    let id: i64 = sqlx::query_scalar(sql).bind(app.now()).fetch_one(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    id
}
