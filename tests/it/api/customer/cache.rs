//! Stored copies: how old one may be, when the ERP is asked all the same, and what makes one out of date.

use chrono::Duration;
use pretty_assertions::assert_eq;
use serde_json::json;

use super::{BY_CONTRACT, INVALIDATE, get_elsewhere, source};
use crate::support::{TestApp, within_a_second};

const SETTINGS: &str = "/api/mind/settings";

/// Calls of the ERP by contract and by customer.
async fn calls(app: &TestApp) -> (u64, u64) {
    (app.sandbox_calls(Some("contractById")).await, app.sandbox_calls(Some("customerById")).await)
}

#[tokio::test]
async fn the_second_look_up_is_answered_from_the_cache() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    assert_eq!(source(&agent.get(BY_CONTRACT).await.ok()), ("erp", "0"));
    assert_eq!(calls(&app).await, (1, 1));
    assert_eq!(source(&agent.get(BY_CONTRACT).await.ok()), ("cache", "0"));
    app.clock.advance(Duration::seconds(100));
    assert_eq!(source(&get_elsewhere(&app, &agent, BY_CONTRACT).await.ok()), ("cache", "100"));
    assert_eq!(calls(&app).await, (1, 1));
}

#[tokio::test]
async fn a_copy_is_current_for_as_long_as_the_tenant_says() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    app.admin().await.put(&format!("{SETTINGS}/erpCacheSeconds"), &json!(60)).await.ok();
    agent.get(BY_CONTRACT).await.ok();
    app.clock.advance(Duration::seconds(59));
    assert_eq!(source(&get_elsewhere(&app, &agent, BY_CONTRACT).await.ok()), ("cache", "59"));
    app.clock.advance(Duration::seconds(1));
    assert_eq!(source(&get_elsewhere(&app, &agent, BY_CONTRACT).await.ok()), ("erp", "0"));
    assert_eq!(calls(&app).await, (2, 2));
}

#[tokio::test]
async fn the_oldest_part_says_how_old_an_answer_is() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get("/api/mind/contract/746839").await.ok();
    app.clock.advance(Duration::seconds(30));
    // The contract is a copy, the customer comes from the ERP: all in all a copy.
    assert_eq!(source(&get_elsewhere(&app, &agent, BY_CONTRACT).await.ok()), ("cache", "30"));
    assert_eq!(calls(&app).await, (1, 1));
}

#[tokio::test]
async fn a_refresh_asks_the_erp_whatever_is_stored() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for round in 1..=3 {
        assert_eq!(source(&agent.get(&format!("{BY_CONTRACT}?refresh=true")).await.ok()), ("erp", "0"));
        assert_eq!(calls(&app).await, (round, round));
    }
    // What a refresh brought is what others get.
    app.clock.advance(Duration::seconds(10));
    agent.get(&format!("{BY_CONTRACT}?refresh=true")).await.ok();
    assert_eq!(source(&get_elsewhere(&app, &agent, BY_CONTRACT).await.ok()), ("cache", "0"));
}

#[tokio::test]
async fn cache_only_never_asks_the_erp() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let cache_only = format!("{BY_CONTRACT}?erpCacheOnly=true");
    agent.get(&cache_only).await.problem(404, "notCached");
    agent.get("/api/mind/contract/746839").await.ok();
    // The contract alone is not a customer.
    agent.get(&cache_only).await.problem(404, "notCached");
    assert_eq!(calls(&app).await, (1, 0));
    agent.get(BY_CONTRACT).await.ok();
    let before = calls(&app).await;
    assert_eq!(source(&agent.get(&cache_only).await.ok()), ("cache", "0"));
    assert_eq!(calls(&app).await, before);
}

#[tokio::test]
async fn not_asking_the_erp_is_the_stronger_wish() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let both = format!("{BY_CONTRACT}?erpCacheOnly=true&refresh=true");
    agent.get(&both).await.problem(404, "notCached");
    assert_eq!(calls(&app).await, (0, 0));
    agent.get(BY_CONTRACT).await.ok();
    assert_eq!(source(&agent.get(&both).await.ok()), ("cache", "0"));
    assert_eq!(calls(&app).await, (1, 1));
}

/// A contract signed this minute must not stay unknown because somebody asked too early.
#[tokio::test]
async fn what_the_erp_does_not_know_is_not_remembered_as_absent() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let unknown = "/api/mind/customer/byContractId/999999";
    agent.get(unknown).await.problem(404, "notFound");
    get_elsewhere(&app, &agent, unknown).await.problem(404, "notFound");
    assert_eq!(calls(&app).await, (2, 0));
}

#[tokio::test]
async fn what_the_erp_has_deleted_is_gone_here_too() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get(BY_CONTRACT).await.ok();
    app.sandbox_faults(json!({"status": 404})).await;
    agent.get(&format!("{BY_CONTRACT}?refresh=true")).await.problem(404, "notFound");
    app.sandbox_faults(json!({"status": 500})).await;
    // No stand-in for something that is known to be gone.
    get_elsewhere(&app, &agent, BY_CONTRACT).await.problem(502, "erpUnavailable");
}

#[tokio::test]
async fn an_invalidated_copy_is_fetched_again() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let json = ("application/json", json!({"contractId": 746_839}).to_string());
    let text = ("application/json", json!({"contractId": "746839"}).to_string());
    let form = ("application/x-www-form-urlencoded", "contractId=746839".to_owned());
    let both = ("application/x-www-form-urlencoded", "contractId=746839&customerId=123".to_owned());
    agent.get(BY_CONTRACT).await.ok();
    for (round, body) in (2..).zip([json, text, form, both]) {
        let answer = agent.send(reqwest::Method::POST, INVALIDATE, Some((body.0, body.1))).await.ok();
        assert_eq!(answer.body, json!({"success": true}));
        // At once, on the node that was told.
        assert_eq!(source(&agent.get(BY_CONTRACT).await.ok()), ("erp", "0"), "round {round}");
        assert_eq!(calls(&app).await, (round, round));
    }
}

#[tokio::test]
async fn an_invalidation_holds_on_other_nodes_within_a_second() {
    let app = TestApp::start().await;
    let (_node, elsewhere, _stop) = app.second_node().await;
    let here = app.agent().await;
    let there = here.clone().at(elsewhere);
    there.get(BY_CONTRACT).await.ok();
    here.post(INVALIDATE, &json!({"contractId": "746839"})).await.ok();
    app.clock.advance(Duration::seconds(1));
    let answer = within_a_second(async || there.get(BY_CONTRACT).await, |answer| source(answer) == ("erp", "0")).await;
    assert_eq!(source(&answer), ("erp", "0"));
    assert_eq!(calls(&app).await, (2, 2));
}

#[tokio::test]
async fn invalidating_a_customer_takes_its_contracts_along() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get("/api/mind/customer/byCustomerId/83771").await.ok();
    agent.post(INVALIDATE, &json!({"customerId": "83771"})).await.ok();
    agent.get("/api/mind/contract/746839").await.ok();
    assert_eq!(calls(&app).await, (2, 1));
}

/// The ERP calls the customer 83771 and its contract says 123; whoever reports a change uses either.
#[tokio::test]
async fn either_number_of_a_customer_invalidates_it() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get(BY_CONTRACT).await.ok();
    agent.post(INVALIDATE, &json!({"customerId": "83771"})).await.ok();
    get_elsewhere(&app, &agent, BY_CONTRACT).await.ok();
    assert_eq!(calls(&app).await, (2, 2));
}

#[tokio::test]
async fn without_an_id_every_copy_is_out_of_date() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get(BY_CONTRACT).await.ok();
    agent.post(INVALIDATE, &json!({})).await.ok();
    agent.get(BY_CONTRACT).await.ok();
    assert_eq!(calls(&app).await, (2, 2));
}

#[tokio::test]
async fn one_tenant_cannot_invalidate_anothers_copies() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get(BY_CONTRACT).await.ok();
    let other = app.other_tenant().await;
    other.post(INVALIDATE, &json!({"contractId": "746839"})).await.ok();
    other.post(INVALIDATE, &json!({})).await.ok();
    assert_eq!(get_elsewhere(&app, &agent, BY_CONTRACT).await.ok().header("x-erp-source"), "cache");
}

#[tokio::test]
async fn an_invalidation_is_an_event_if_there_was_a_copy() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let events = async || {
        let all = app.events(&app.demo).await;
        all.into_iter().filter(|(kind, _)| kind == "erpCacheInvalidated").map(|(_, data)| data).collect::<Vec<_>>()
    };
    agent.post(INVALIDATE, &json!({"contractId": "746839"})).await.ok();
    assert!(events().await.is_empty());
    agent.get(BY_CONTRACT).await.ok();
    agent.post(INVALIDATE, &json!({"contractId": "746839"})).await.ok();
    assert_eq!(events().await, [json!({"contractId": "746839", "customerId": null, "copies": 2})]);
}

#[tokio::test]
async fn a_wrong_invalidation_is_named() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let form = |text: &str| Some(("application/x-www-form-urlencoded", text.to_owned()));
    let long = format!("contractId={}", "x".repeat(51));
    for (body, path) in [(form(&long), "contractId"), (form("contractID=1"), "contractID"), (form("customerId="), "customerId")] {
        let answer = agent.send(reqwest::Method::POST, INVALIDATE, body).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), path);
    }
    let text = Some(("text/plain", "contractId=746839".to_owned()));
    agent.send(reqwest::Method::POST, INVALIDATE, text).await.problem(415, "unsupportedMediaType");
}

/// After a correction an old ERP's data must not come back as current, nor stand in.
#[tokio::test]
async fn another_connection_never_sees_the_copies_of_the_first() {
    let app = TestApp::start().await;
    let (agent, admin) = (app.agent().await, app.admin().await);
    agent.get(BY_CONTRACT).await.ok();
    let url = format!("http://{}/custom/contractById?generation=2", app.sandbox);
    let call = json!({"type": "apiCall", "url": url, "headers": {"x-api-key": "{{secret.SANDBOX_KEY}}"}});
    admin.put(&format!("{SETTINGS}/searchContractByIdExecutor"), &call).await.ok();
    agent.get(&format!("{BY_CONTRACT}?erpCacheOnly=true")).await.problem(404, "notCached");
    app.sandbox_faults(json!({"status": 500})).await;
    agent.get(BY_CONTRACT).await.problem(502, "erpUnavailable");
    app.sandbox_faults(json!({})).await;
    assert_eq!(source(&agent.get(BY_CONTRACT).await.ok()), ("erp", "0"));
}

/// Somebody edits the contract in the ERP while a look-up is on its way: what it brings is from before the edit, and would
/// count as current for as long as the tenant's setting says.
#[tokio::test]
async fn an_invalidation_during_a_look_up_is_not_lost() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let path = "/api/mind/contract/746839";
    agent.get(path).await.ok();
    app.sandbox_faults(json!({"delayMs": 500})).await;
    let refresh = format!("{path}?refresh=true");
    let on_its_way = agent.get(&refresh);
    let meanwhile = async {
        // The look-up is with the ERP once the ERP has counted it.
        while app.sandbox_calls(Some("contractById")).await < 2 {
            tokio::task::yield_now().await;
        }
        app.clock.advance(Duration::seconds(1));
        agent.post(INVALIDATE, &json!({"contractId": "746839"})).await.ok();
        app.sandbox_faults(json!({})).await;
    };
    let (answer, ()) = tokio::join!(on_its_way, meanwhile);
    answer.ok();
    get_elsewhere(&app, &agent, path).await.ok();
    assert_eq!(app.sandbox_calls(Some("contractById")).await, 3);
}
