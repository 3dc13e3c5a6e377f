//! A stored copy that stands in while the ERP has trouble, and says so.

use chrono::Duration;
use pretty_assertions::assert_eq;
use serde_json::json;

use super::{BY_CONTRACT, INVALIDATE, break_erp, example, get_elsewhere, source};
use crate::support::{Answer, Client, Setup, TestApp};

/// Unix seconds of the moment at which the tests' clock stands at first.
const START: i64 = 1_768_325_331;

#[track_caller]
fn assert_stands_in(answer: &Answer, age: &str) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(source(answer), ("stale", age));
    let mut expected = example();
    expected["isStale"] = json!(true);
    expected["fetchedAt"] = json!(START);
    assert_eq!(answer.body, expected);
    // A proxy that keeps it would go on with it when the ERP is back.
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn app_with_old_copy() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get(BY_CONTRACT).await.ok();
    app.clock.advance(Duration::seconds(300));
    (app, agent)
}

#[tokio::test]
async fn a_copy_stands_in_for_an_erp_that_fails() {
    let (app, agent) = app_with_old_copy().await;
    for faults in
        [json!({"status": 500}), json!({"nonsense": true}), json!({"status": 429}), json!({"status": 401}), json!({"status": 422})]
    {
        app.sandbox_faults(faults.clone()).await;
        assert_stands_in(&get_elsewhere(&app, &agent, BY_CONTRACT).await, "300");
    }
    app.sandbox_faults(json!({})).await;
    assert_eq!(source(&get_elsewhere(&app, &agent, BY_CONTRACT).await.ok()), ("erp", "0"));
}

#[tokio::test]
async fn a_copy_stands_in_for_a_failed_refresh() {
    let (app, agent) = app_with_old_copy().await;
    break_erp(&app).await;
    assert_stands_in(&agent.get(&format!("{BY_CONTRACT}?refresh=true")).await, "300");
}

#[tokio::test]
async fn a_current_copy_is_not_marked_though_the_erp_is_down() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get(BY_CONTRACT).await.ok();
    break_erp(&app).await;
    let answer = get_elsewhere(&app, &agent, BY_CONTRACT).await.ok();
    assert_eq!((source(&answer), answer.text.as_str()), (("cache", "0"), example().to_string().as_str()));
}

#[tokio::test]
async fn one_part_that_stands_in_marks_the_whole() {
    let (app, agent) = app_with_old_copy().await;
    app.sandbox_faults(json!({"status": 500, "operations": ["customerById"]})).await;
    assert_stands_in(&get_elsewhere(&app, &agent, BY_CONTRACT).await, "300");
}

#[tokio::test]
async fn an_invalidated_copy_still_stands_in() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get(BY_CONTRACT).await.ok();
    agent.post(INVALIDATE, &json!({"contractId": "746839"})).await.ok();
    break_erp(&app).await;
    assert_stands_in(&agent.get(BY_CONTRACT).await, "0");
}

#[tokio::test]
async fn a_copy_that_is_too_old_does_not_stand_in() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    app.admin().await.put("/api/mind/settings/erpStaleSeconds", &json!(3600)).await.ok();
    agent.get(BY_CONTRACT).await.ok();
    break_erp(&app).await;
    app.clock.advance(Duration::seconds(3599));
    assert_stands_in(&get_elsewhere(&app, &agent, BY_CONTRACT).await, "3599");
    app.clock.advance(Duration::seconds(1));
    get_elsewhere(&app, &agent, BY_CONTRACT).await.problem(502, "erpUnavailable");
    get_elsewhere(&app, &agent, &format!("{BY_CONTRACT}?erpCacheOnly=true")).await.problem(404, "notCached");
}

/// A stand-in that comes after the request was given up helps nobody.
#[tokio::test]
async fn a_copy_stands_in_for_a_hanging_erp_before_the_request_is_given_up() {
    let app = TestApp::with(Setup { variables: vec![("MIND_REQUEST_TIMEOUT_SECONDS", "1".into())] }).await;
    let agent = app.agent().await;
    agent.get(BY_CONTRACT).await.ok();
    app.clock.advance(Duration::seconds(300));
    app.sandbox_faults(json!({"delayMs": 5000})).await;
    assert_stands_in(&get_elsewhere(&app, &agent, BY_CONTRACT).await, "300");
    agent.get("/api/mind/contract/1").await.problem(502, "erpUnavailable");
}

#[tokio::test]
async fn a_search_that_shows_a_stand_in_says_so() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let path = "/api/mind/contract/search?meterNumber=1ESY1160669167";
    agent.get(path).await.ok();
    app.clock.advance(Duration::seconds(300));
    app.sandbox_faults(json!({"status": 500, "operations": ["contractById", "customerById"]})).await;
    let contracts = get_elsewhere(&app, &agent, path).await.ok();
    assert_eq!(source(&contracts), ("stale", "300"));
    assert_eq!((&contracts.body[0]["isStale"], &contracts.body[0]["fetchedAt"]), (&json!(true), &json!(START)));
}

#[tokio::test]
async fn half_a_customer_is_not_served_as_a_whole_one() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get("/api/mind/customer/search?q=Mustermann").await.ok();
    // The customer is stored, its contract is not, and the ERP cannot give it.
    break_erp(&app).await;
    agent.get("/api/mind/customer/byCustomerId/83771").await.problem(502, "erpUnavailable");
}

#[tokio::test]
async fn a_paused_erp_is_stood_in_for_too() {
    let (app, agent) = app_with_old_copy().await;
    break_erp(&app).await;
    for id in 1..=5 {
        agent.get(&format!("/api/mind/contract/{id}")).await.problem(502, "erpUnavailable");
    }
    agent.get("/api/mind/contract/6").await.problem(503, "erpCircuitOpen");
    let before = app.sandbox_calls(None).await;
    assert_stands_in(&agent.get(&format!("{BY_CONTRACT}?refresh=true")).await, "300");
    assert_eq!(app.sandbox_calls(None).await, before);
}
