//! Customers through the adapter: what an answer looks like, and which requests are refused.

mod cache;
mod concurrency;
mod search;
mod stale;
mod trouble;

use mind::sandbox::world::World;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Setup, TestApp};

const BY_CONTRACT: &str = "/api/mind/customer/byContractId/746839";
const INVALIDATE: &str = "/api/mind/customer/invalidateCache";

/// The documented answer for the demo contract.
fn example() -> Value {
    serde_json::from_str(include_str!("../examples/customer-746839.json")).unwrap()
}

/// Where an answer came from, and its age in seconds.
fn source(answer: &Answer) -> (&str, &str) {
    (answer.header("x-erp-source"), answer.header("age"))
}

/// Makes every call of the ERP fail.
async fn break_erp(app: &TestApp) {
    app.sandbox_faults(json!({"status": 500})).await;
}

/// The same call at a node that has not asked for anything yet, so that only Postgres remembers.
async fn get_elsewhere(app: &TestApp, client: &Client, path: &str) -> Answer {
    let (_node, address, _stop) = app.second_node().await;
    client.clone().at(address).get(path).await
}

/// Key by key, value by value, in this order: front ends and macros were written against this text.
#[tokio::test]
async fn the_demo_customer_is_exactly_the_documented_one() {
    let app = TestApp::start().await;
    let answer = app.agent().await.get(BY_CONTRACT).await.ok();
    assert_eq!(answer.text, example().to_string());
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn the_stored_copy_answers_the_same_text() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get(BY_CONTRACT).await.ok();
    let copy = get_elsewhere(&app, &agent, BY_CONTRACT).await.ok();
    assert_eq!((copy.header("x-erp-source"), copy.text.as_str()), ("cache", example().to_string().as_str()));
}

#[tokio::test]
async fn both_numbers_of_the_demo_customer_find_it() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for id in ["123", "83771"] {
        let answer = agent.get(&format!("/api/mind/customer/byCustomerId/{id}")).await.ok();
        assert_eq!(answer.text, example().to_string(), "{id}");
    }
}

#[tokio::test]
async fn every_contract_of_a_customer_is_there_in_the_erps_order() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let world = World::build();
    let customer = world.customers().iter().max_by_key(|customer| customer.contract_ids.len()).unwrap();
    let expected: Vec<String> = customer.contract_ids.iter().map(ToString::to_string).collect();
    assert!(expected.len() > 1);
    let by_customer = agent.get(&format!("/api/mind/customer/byCustomerId/{}", customer.id)).await.ok();
    let ids: Vec<String> = by_customer.body["contracts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|contract| contract["id"].as_str().map_or_else(|| contract["id"].to_string(), str::to_owned))
        .collect();
    assert_eq!(ids, expected);
    let by_contract = agent.get(&format!("/api/mind/customer/byContractId/{}", expected[1])).await.ok();
    assert_eq!(by_contract.text, by_customer.text);
}

#[tokio::test]
async fn raw_data_comes_only_when_asked_for() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for flag in ["true", "1", "yes", "on"] {
        let answer = agent.get(&format!("{BY_CONTRACT}?includeRawData={flag}")).await.ok();
        let raw = &answer.body["contracts"][0]["rawData"];
        // The ERP's own spelling, which the answer itself translates.
        assert_eq!((&raw["erpUrls"][0]["icon"], &raw["id"]), (&json!("powercloud"), &json!(746_839)), "{flag}");
    }
    for query in
        ["", "?includeRawData=false", "?includeRawData=0", "?includeRawData=no", "?includeRawData=off", "?includeRawData=&refresh="]
    {
        assert_eq!(agent.get(&format!("{BY_CONTRACT}{query}")).await.ok().text, example().to_string(), "{query}");
    }
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for (query, path) in [
        ("includeRawData=maybe", "includeRawData"),
        ("includeRawData=TRUE", "includeRawData"),
        ("refresh=2", "refresh"),
        ("erpCacheOnly=x", "erpCacheOnly"),
        ("includeRawdata=true", "includeRawdata"),
        ("refresh=true&refresh=false", "refresh"),
    ] {
        let answer = agent.get(&format!("{BY_CONTRACT}?{query}")).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), path, "{query}");
    }
    assert_eq!(app.sandbox_calls(None).await, 0);
}

#[tokio::test]
async fn an_id_has_one_to_fifty_characters() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for (route, name) in [("byContractId", "contractId"), ("byCustomerId", "customerId")] {
        for bad in ["x".repeat(51), "%20".to_owned(), "a%00b".to_owned(), "a%0Ab".to_owned(), "%FF".to_owned()] {
            let answer = agent.get(&format!("/api/mind/customer/{route}/{bad}")).await.problem(400, "invalidInput");
            assert_eq!(answer.path(), name, "{bad}");
        }
        for fine in ["x".repeat(50), "%C3%BC".repeat(50), "VN-00001".to_owned(), "a%2Fb".to_owned(), "%27%20or%201=1--".to_owned()] {
            agent.get(&format!("/api/mind/customer/{route}/{fine}")).await.problem(404, "notFound");
        }
    }
}

#[tokio::test]
async fn who_may_not_read_contracts_reads_no_customer() {
    let app = TestApp::start().await;
    let nobody = app.nobody().await;
    for path in [BY_CONTRACT, "/api/mind/customer/byCustomerId/123", "/api/mind/customer/search?q=Mustermann"] {
        nobody.get(path).await.problem(403, "permissionMissing");
        app.anonymous().get(path).await.problem(401, "unauthenticated");
    }
    nobody.post(INVALIDATE, &json!({"contractId": "746839"})).await.problem(403, "permissionMissing");
    assert_eq!(app.sandbox_calls(None).await, 0);
}

#[tokio::test]
async fn a_tenant_without_an_erp_has_no_customers() {
    let app = TestApp::start().await;
    let other = app.other_tenant().await;
    app.agent().await.get(BY_CONTRACT).await.ok();
    // Also not the copy that the demo tenant's look-up has just stored.
    for query in ["", "?refresh=true"] {
        other.get(&format!("{BY_CONTRACT}{query}")).await.problem(404, "notFound");
    }
    other.get(&format!("{BY_CONTRACT}?erpCacheOnly=true")).await.problem(404, "notCached");
    other.get("/api/mind/customer/byCustomerId/123").await.problem(404, "notFound");
    assert_eq!(other.get("/api/mind/customer/search?q=Mustermann").await.ok().body, json!([]));
}

#[tokio::test]
async fn the_erp_is_not_asked_inside_a_transaction() {
    // Two connections: a look-up that held one while the ERP thinks would starve the others.
    let app = TestApp::with(Setup {
        variables: vec![
            ("MIND_DB_POOL_SIZE", "2".into()),
            ("MIND_DB_READ_POOL_SIZE", "1".into()),
            ("MIND_DB_ACQUIRE_TIMEOUT_SECONDS", "1".into()),
        ],
    })
    .await;
    let agent = app.agent().await;
    app.sandbox_faults(json!({"delayMs": 700})).await;
    let paths: Vec<String> =
        World::build().contracts().iter().take(4).map(|contract| format!("/api/mind/contract/{}", contract.id)).collect();
    let answers = futures::future::join_all(paths.iter().map(|path| agent.get(path))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [200; 4]);
}
