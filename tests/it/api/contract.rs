//! Contracts: one by its number, and those that a search finds.

use chrono::Duration;
use mind::sandbox::world::World;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

const CONTRACT: &str = "/api/mind/contract/746839";
const SEARCH: &str = "/api/mind/contract/search";

/// The documented contract, as it stands inside the documented customer.
fn example() -> Value {
    let customer: Value = serde_json::from_str(include_str!("../examples/customer-746839.json")).unwrap();
    customer["contracts"][0].clone()
}

/// A search whose values need no care for their spelling.
async fn search(client: &Client, parameters: &[(&str, &str)]) -> Value {
    let url = reqwest::Url::parse_with_params("http://x/", parameters).unwrap();
    client.get(&format!("{SEARCH}?{}", url.query().unwrap())).await.ok().body
}

#[tokio::test]
async fn the_demo_contract_is_exactly_the_documented_one() {
    let app = TestApp::start().await;
    let answer = app.agent().await.get(CONTRACT).await.ok();
    assert_eq!(answer.text, example().to_string());
    assert_eq!((answer.header("x-erp-source"), answer.header("age")), ("erp", "0"));
}

#[tokio::test]
async fn keys_that_only_the_erp_knows_are_passed_through() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let world = World::build();
    let business = world.contracts().iter().find(|contract| contract.business).unwrap();
    let path = format!("/api/mind/contract/{}", business.id);
    let answer = agent.get(&path).await.ok();
    assert_eq!((&answer.body["company"], &answer.body["business"]), (&json!(business.company), &json!(true)));
    assert!(answer.body["zip"].is_string() && answer.body["marketLocation"].is_string(), "{}", answer.text);
    let (_node, elsewhere, _stop) = app.second_node().await;
    let copy = agent.at(elsewhere).get(&path).await.ok();
    assert_eq!(copy.header("x-erp-source"), "cache");
    assert_eq!(copy.body, answer.body);
}

#[tokio::test]
async fn raw_data_comes_only_when_asked_for() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let raw = agent.get(&format!("{CONTRACT}?includeRawData=true")).await.ok().body["rawData"].clone();
    assert_eq!(raw["erpUrls"], json!([{"url": "https://erp-system.com/contract/123", "icon": "powercloud"}]));
    // From the copy as well, and not for those who did not ask.
    let (_node, elsewhere, _stop) = app.second_node().await;
    let there = agent.at(elsewhere);
    assert_eq!(there.get(&format!("{CONTRACT}?includeRawData=1")).await.ok().body["rawData"], raw);
    assert_eq!(there.get(CONTRACT).await.ok().text, example().to_string());
}

#[tokio::test]
async fn a_contract_that_is_not_there_is_not_found() {
    let app = TestApp::start().await;
    let answer = app.agent().await.get("/api/mind/contract/121").await.problem(404, "notFound");
    assert_eq!(answer.body["error"], "Contract 121 was not found");
    let answer = app.agent().await.get(&format!("/api/mind/contract/{}", "9".repeat(51))).await.problem(400, "invalidInput");
    assert_eq!(answer.path(), "contractId");
    app.other_tenant().await.get(CONTRACT).await.problem(404, "notFound");
}

#[tokio::test]
async fn a_copy_stands_in_marked_while_the_erp_is_down() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let fetched_at = app.now().timestamp();
    agent.get(CONTRACT).await.ok();
    app.clock.advance(Duration::hours(1));
    app.sandbox_faults(json!({"status": 500})).await;
    let answer = agent.get(&format!("{CONTRACT}?refresh=true")).await.ok();
    let mut expected = example();
    expected["isStale"] = json!(true);
    expected["fetchedAt"] = json!(fetched_at);
    assert_eq!(answer.body, expected);
    assert_eq!((answer.header("x-erp-source"), answer.header("age")), ("stale", "3600"));
    app.clock.advance(Duration::days(7));
    agent.get(&format!("{CONTRACT}?refresh=true")).await.problem(502, "erpUnavailable");
}

#[tokio::test]
async fn refresh_asks_first_and_cache_only_never() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get(&format!("{CONTRACT}?erpCacheOnly=true")).await.problem(404, "notCached");
    agent.get(CONTRACT).await.ok();
    agent.get(&format!("{CONTRACT}?erpCacheOnly=true")).await.ok();
    assert_eq!(app.sandbox_calls(None).await, 1);
    agent.get(&format!("{CONTRACT}?refresh=true")).await.ok();
    assert_eq!(app.sandbox_calls(None).await, 2);
}

#[tokio::test]
async fn attributes_find_the_one_contract_that_fits_them_all() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let expected = json!([{"id": 746_839, "similarity": 100, "contract": example()}]);
    for parameters in [
        &[("meterNumber", "1ESY1160669167")][..],
        &[("contractId", "746839")],
        &[("firstname", "John"), ("lastname", "DOE")],
        &[("fullname", "John Doe")],
        &[("email", "johndoe@example.com"), ("postalCode", "82031")],
        &[("address", "Hugo-Junkers-Str. 5, 82031 Grünwald"), ("city", "Grünwald")],
        &[("phone", "+49 172 1041689"), ("customerId", "123")],
    ] {
        assert_eq!(search(&agent, parameters).await, expected, "{parameters:?}");
    }
    assert_eq!(search(&agent, &[("meterNumber", "1ESY1160669167"), ("lastname", "Smith")]).await, json!([]));
    assert_eq!(search(&agent, &[("email", "stranger@example.com")]).await, json!([]));
}

#[tokio::test]
async fn several_contracts_that_fit_are_none() {
    let app = TestApp::start().await;
    let world = World::build();
    let mut cities: Vec<String> = world.contracts().iter().filter_map(|contract| Some(contract.delivery.place.clone()?.1)).collect();
    cities.sort_unstable();
    let shared = cities.chunk_by(|a, b| a == b).max_by_key(|group| group.len()).unwrap();
    assert!(shared.len() > 1);
    assert_eq!(search(&app.agent().await, &[("city", &shared[0])]).await, json!([]));
}

#[tokio::test]
async fn similarity_says_how_well_the_contract_fits() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let similarity = async |parameters: &[(&str, &str)]| search(&agent, parameters).await[0]["similarity"].as_u64().unwrap();
    // Spelled otherwise, the ERP finds it all the same.
    let address = ("address", "Hugo Junkers Strasse 5, 82031 Gruenwald");
    let alone = similarity(&[address]).await;
    assert!((60..100).contains(&alone), "{alone}");
    let with_number = similarity(&[address, ("contractId", "746839")]).await;
    assert!(alone < with_number && with_number < 100, "{alone}, {with_number}");
    // What the customer has counts as well as what the contract has.
    assert_eq!(similarity(&[("email", "tom@mustermann.de"), ("customerId", "83771")]).await, 100);
    // Nothing to compare with: the ERP vouches for it.
    assert_eq!(similarity(&[("phone", "+49 172 1041689")]).await, 100);
}

#[tokio::test]
async fn a_free_text_finds_the_contracts_of_the_customers_it_finds() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let expected = json!([{"id": 746_839, "similarity": 100, "contract": example()}]);
    assert_eq!(search(&agent, &[("q", "Mustermann")]).await, expected);
    let world = World::build();
    let customer = world.customers().iter().max_by_key(|customer| customer.contract_ids.len()).unwrap();
    let hits = search(&agent, &[("q", &customer.id.to_string())]).await;
    let found: Vec<String> =
        hits.as_array().unwrap().iter().map(|hit| hit["id"].as_str().map_or_else(|| hit["id"].to_string(), str::to_owned)).collect();
    assert_eq!(found, customer.contract_ids.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(search(&agent, &[("q", "xyzzy")]).await, json!([]));
}

#[tokio::test]
async fn a_free_text_beside_attributes_narrows_what_they_find() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let found = search(&agent, &[("q", "Mustermann"), ("lastname", "Doe")]).await;
    assert_eq!(found, json!([{"id": 746_839, "similarity": 100, "contract": example()}]));
    assert_eq!(search(&agent, &[("q", "xyzzy"), ("lastname", "Doe")]).await, json!([]));
    assert_eq!(search(&agent, &[("q", "Mustermann"), ("lastname", "xyzzy")]).await, json!([]));
}

#[tokio::test]
async fn a_search_shows_raw_data_only_when_asked_for() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for search_for in [("meterNumber", "1ESY1160669167"), ("q", "Mustermann")] {
        let plain = search(&agent, &[search_for]).await;
        assert_eq!(plain[0]["contract"]["rawData"], Value::Null);
        let raw = search(&agent, &[search_for, ("includeRawData", "yes")]).await;
        assert_eq!(raw[0]["contract"]["rawData"]["counterNumber"], "1ESY1160669167");
    }
}

#[tokio::test]
async fn who_searches_for_nothing_finds_nothing() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    // A form sends the fields that nobody filled in, too.
    for query in ["", "?q=", "?q=%20", "?lastname=&firstname=%20", "?includeRawData=true"] {
        assert_eq!(agent.get(&format!("{SEARCH}{query}")).await.ok().body, json!([]), "{query}");
    }
    assert_eq!(app.sandbox_calls(None).await, 0);
}

#[tokio::test]
async fn a_wrong_search_is_named() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let long = format!("lastname={}", "x".repeat(101));
    for (query, path) in [
        ("lastnam=Doe", "lastnam"),
        ("meternumber=1", "meternumber"),
        ("lastname=a&lastname=b", "lastname"),
        (long.as_str(), "lastname"),
        ("q=a&includeRawData=maybe", "includeRawData"),
    ] {
        let answer = agent.get(&format!("{SEARCH}?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.path()), (400, path), "{query}");
    }
    assert_eq!(app.sandbox_calls(None).await, 0);
}

#[tokio::test]
async fn trouble_of_the_erp_is_not_an_empty_list() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    app.sandbox_faults(json!({"status": 500})).await;
    agent.get(&format!("{SEARCH}?lastname=Doe")).await.problem(502, "erpUnavailable");
    agent.get(&format!("{SEARCH}?q=Doe")).await.problem(502, "erpUnavailable");
    app.sandbox_faults(json!({"status": 401, "operations": ["contractById"]})).await;
    agent.get(&format!("{SEARCH}?meterNumber=1ESY1160669167")).await.problem(502, "erpRejected");
}

#[tokio::test]
async fn reading_contracts_needs_the_permission() {
    let app = TestApp::start().await;
    for path in [CONTRACT.to_owned(), format!("{SEARCH}?lastname=Doe")] {
        app.nobody().await.get(&path).await.problem(403, "permissionMissing");
        app.anonymous().get(&path).await.problem(401, "unauthenticated");
    }
    assert_eq!(app.sandbox_calls(None).await, 0);
}

#[tokio::test]
async fn a_tenant_without_an_erp_has_no_contracts() {
    let app = TestApp::start().await;
    let other = app.other_tenant().await;
    assert_eq!(search(&other, &[("meterNumber", "1ESY1160669167")]).await, json!([]));
    assert_eq!(search(&other, &[("q", "Mustermann")]).await, json!([]));
    assert_eq!(app.sandbox_calls(None).await, 0);
}
