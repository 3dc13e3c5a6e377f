//! Many reports about many contracts, with two workers.
//!
//! `MIND_WEBHOOK_BURST=10000,500 cargo test --test it -- burst --nocapture` is the full size.

use std::time::Instant;

use futures::{StreamExt as _, stream};
use pretty_assertions::assert_eq;
use serde_json::json;

use super::{POWERCLOUD, SECRET, Worker, contract_calls, jobs_of, open, seconds, until};
use crate::support::TestApp;

/// Reports and contracts.
fn size() -> (u64, u64) {
    let wanted = std::env::var("MIND_WEBHOOK_BURST").ok();
    let (reports, contracts) = wanted.as_deref().unwrap_or("1000,50").split_once(',').expect("MIND_WEBHOOK_BURST is like 10000,500");
    (reports.parse().unwrap(), contracts.parse().unwrap())
}

async fn send_all(app: &TestApp, reports: u64, contracts: u64) {
    let client = app.anonymous().header("x-webhook-secret", SECRET);
    let all = stream::iter(0..reports).map(|number| {
        let client = client.clone();
        async move {
            client.post(POWERCLOUD, &json!({"contractId": format!("B-{}", number % contracts), "number": number})).await.ok();
        }
    });
    all.buffer_unordered(16).collect::<Vec<()>>().await;
}

/// How many reports are not done, and how many are.
async fn undone_and_done(app: &TestApp) -> (i64, i64) {
    let mut tx = app.tx(&app.demo).await;
    let sql = "select count(*) filter (where done_at is null), count(*) filter (where done_at is not null) from webhook_event";
    sqlx::query_as(sql).fetch_one(tx.connection()).await.unwrap()
}

// With one thread, 4096 rounds of a password's hash are as many waits behind all other work: connections come too late.
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_one_call_a_contract_and_nothing_is_lost() {
    let app = TestApp::start().await;
    open(&app).await;
    let (reports, contracts) = size();
    let (other, ..) = app.second_node().await;
    let _workers = [Worker::start(&app.app), Worker::start(&other)];
    let began = Instant::now();
    send_all(&app, reports, contracts).await;
    let sent = began.elapsed();
    assert_eq!(contract_calls(&app).await, 0);
    app.clock.advance(seconds(10));
    let began = Instant::now();
    until("the end", async || undone_and_done(&app).await.0 == 0).await;
    println!("{reports} reports sent in {sent:?}, {contracts} contracts fetched in {:?}", began.elapsed());
    let all = i64::try_from(reports).unwrap();
    assert_eq!((undone_and_done(&app).await, contract_calls(&app).await), ((0, all), contracts));
}

/// One of two workers dies in the middle; at full size the ERP is down for a while too. More calls, but nothing is lost.
// With one thread, 4096 rounds of a password's hash are as many waits behind all other work: connections come too late.
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_survives_a_dead_worker_and_a_dead_erp() {
    let app = TestApp::start().await;
    open(&app).await;
    let (reports, contracts) = size();
    let (other, ..) = app.second_node().await;
    send_all(&app, reports, contracts).await;
    app.sandbox_faults(json!({"delayMs": 100})).await;
    app.clock.advance(seconds(10));
    let began = Instant::now();
    let (dying, _living) = (Worker::start(&app.app), Worker::start(&other));
    until("the middle", async || contract_calls(&app).await >= contracts / 4).await;
    dying.kill().await;
    let full_size = contracts > 100;
    if full_size {
        app.sandbox_faults(json!({"status": 503})).await;
        let failed = async || jobs_of(&app, &app.demo).await.iter().filter(|job| job.attempts > 0 && !job.claimed).count();
        until("failures", async || failed().await > 10).await;
        app.sandbox_faults(json!({})).await;
    }
    // Past claims of the dead and pauses after failures. Calls to the ERP themselves pause by the machine's clock.
    until("the end", async || {
        app.clock.advance(seconds(5));
        undone_and_done(&app).await.0 == 0
    })
    .await;
    let calls = contract_calls(&app).await;
    assert_eq!(undone_and_done(&app).await.1, i64::try_from(reports).unwrap());
    println!("{contracts} contracts fetched in {:?} with {calls} calls, the end of a worker included", began.elapsed());
    let in_flight = 16;
    assert!(calls >= contracts && (full_size || calls <= contracts + in_flight), "{calls} calls");
}
