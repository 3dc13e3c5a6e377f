//! Many who ask for the same at the same time.

use futures::future::join_all;
use pretty_assertions::assert_eq;
use serde_json::json;

use super::{BY_CONTRACT, INVALIDATE, example};
use crate::support::TestApp;

async fn calls(app: &TestApp) -> (u64, u64) {
    (app.sandbox_calls(Some("contractById")).await, app.sandbox_calls(Some("customerById")).await)
}

/// A morning with a hundred agents must not be a hundred calls to a slow ERP.
#[tokio::test]
async fn a_hundred_look_ups_of_one_contract_are_one_call() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    app.sandbox_faults(json!({"delayMs": 100})).await;
    let answers = join_all((0..100).map(|_| agent.get(BY_CONTRACT))).await;
    let expected = example().to_string();
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text == expected));
    assert_eq!(calls(&app).await, (1, 1));
}

#[tokio::test]
async fn a_hundred_refreshes_at_once_share_calls() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get(BY_CONTRACT).await.ok();
    app.sandbox_faults(json!({"delayMs": 500})).await;
    let path = format!("{BY_CONTRACT}?refresh=true");
    let answers = join_all((0..100).map(|_| agent.get(&path))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let (by_contract, by_customer) = calls(&app).await;
    // The machine may be too busy for all of them to meet in one call, but a call each is no sharing.
    assert!(by_contract <= 6 && by_customer <= 6, "{by_contract} and {by_customer} calls");
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_waited_and_kept_by_nobody() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    app.sandbox_faults(json!({"delayMs": 300, "status": 500})).await;
    let answers = join_all((0..20).map(|_| agent.get(BY_CONTRACT))).await;
    assert!(answers.iter().all(|answer| answer.code() == "erpUnavailable"), "{:?}", answers.last());
    assert!(app.sandbox_calls(Some("contractById")).await < 5);
    app.sandbox_faults(json!({})).await;
    agent.get(BY_CONTRACT).await.ok();
}

/// Whoever gave up first must not take the answer away from the others.
#[tokio::test]
async fn a_caller_who_hangs_up_does_not_harm_the_others() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    app.sandbox_faults(json!({"delayMs": 400})).await;
    let first = tokio::spawn({
        let agent = agent.clone();
        async move { agent.get(BY_CONTRACT).await }
    });
    while app.sandbox_calls(Some("contractById")).await == 0 {
        tokio::task::yield_now().await;
    }
    let second = agent.get(BY_CONTRACT);
    let hang_up = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        first.abort();
    };
    let (answer, ()) = tokio::join!(second, hang_up);
    assert_eq!(answer.ok().text, example().to_string());
}

#[tokio::test]
async fn tenants_do_not_share_look_ups() {
    let app = TestApp::start().await;
    let (demo, other) = (app.agent().await, app.other_tenant().await);
    app.sandbox_faults(json!({"delayMs": 200})).await;
    let (found, absent) = tokio::join!(demo.get(BY_CONTRACT), other.get(BY_CONTRACT));
    found.ok();
    absent.problem(404, "notFound");
    other.post(INVALIDATE, &json!({})).await.ok();
}
