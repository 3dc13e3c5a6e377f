//! Customers by free text.

use mind::sandbox::world::World;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::break_erp;
use crate::support::TestApp;

const SEARCH: &str = "/api/mind/customer/search";

fn ids(body: &Value) -> Vec<Value> {
    body.as_array().unwrap().iter().map(|hit| hit["id"].clone()).collect()
}

/// A word that more than ten customers have.
fn frequent_lastname() -> String {
    let world = World::build();
    let mut names: Vec<&String> = world.customers().iter().filter_map(|customer| customer.lastname.as_ref()).collect();
    names.sort_unstable();
    let frequent = names.chunk_by(|a, b| a == b).max_by_key(|group| group.len()).unwrap();
    assert!(frequent.len() > 10, "{frequent:?}");
    frequent[0].clone()
}

#[tokio::test]
async fn a_hit_says_who_it_is_and_which_contracts_there_are() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let expected = json!([{
        "id": 83771,
        "firstname": "Tom",
        "lastname": "Mustermann",
        "company": null,
        "address": "Hugo-Junkers-Str. 5",
        "phone": 49_123_456_789_i64,
        "email": "tom@mustermann.de",
        "contractIds": [746_839],
    }]);
    for q in ["Mustermann", "tom%20mustermann", "%20Mustermann%20", "83771", "746839", "tom@mustermann.de", "1ESY1160669167"] {
        assert_eq!(agent.get(&format!("{SEARCH}?q={q}")).await.ok().body, expected, "{q}");
    }
    assert_eq!(agent.get(&format!("{SEARCH}?q=xyzzy")).await.ok().body, json!([]));
}

#[tokio::test]
async fn at_most_ten_hits_come_at_a_time() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let q = reqwest::Url::parse_with_params("http://x/", [("q", frequent_lastname())]).unwrap().query().unwrap().to_owned();
    let first = ids(&agent.get(&format!("{SEARCH}?{q}")).await.ok().body);
    assert_eq!(first.len(), 10);
    assert_eq!(ids(&agent.get(&format!("{SEARCH}?{q}&limit=1000")).await.ok().body), first);
    assert_eq!(ids(&agent.get(&format!("{SEARCH}?{q}&limit=3")).await.ok().body), first[..3]);
    assert_eq!(ids(&agent.get(&format!("{SEARCH}?{q}&limit=3&offset=2")).await.ok().body), first[2..5]);
    let next = ids(&agent.get(&format!("{SEARCH}?{q}&offset=10")).await.ok().body);
    assert!(!next.is_empty() && next.iter().all(|id| !first.contains(id)));
}

#[tokio::test]
async fn customers_found_are_looked_up_once() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.get(&format!("{SEARCH}?q=Mustermann")).await.ok();
    agent.get("/api/mind/customer/byCustomerId/83771").await.ok();
    agent.get(&format!("{SEARCH}?q=Mustermann")).await.ok();
    assert_eq!(app.sandbox_calls(Some("customerById")).await, 1);
    assert_eq!(app.sandbox_calls(Some("searchByText")).await, 2);
}

#[tokio::test]
async fn a_wrong_search_is_named() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let long = format!("q={}", "x".repeat(201));
    for (query, path) in [
        ("", "q"),
        ("q=", "q"),
        ("q=%20", "q"),
        (long.as_str(), "q"),
        ("q=a&q=b", "q"),
        ("q=a&limit=0", "limit"),
        ("q=a&limit=1001", "limit"),
        ("q=a&limit=ten", "limit"),
        ("q=a&offset=-1", "offset"),
        ("q=a&size=5", "size"),
    ] {
        let answer = agent.get(&format!("{SEARCH}?{query}")).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), path, "{query}");
    }
    assert_eq!(app.sandbox_calls(None).await, 0);
}

/// An empty list would say that there is no such customer.
#[tokio::test]
async fn an_erp_in_trouble_is_not_an_empty_list() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    break_erp(&app).await;
    agent.get(&format!("{SEARCH}?q=Mustermann")).await.problem(502, "erpUnavailable");
    app.sandbox_faults(json!({"status": 500, "operations": ["customerById"]})).await;
    agent.get(&format!("{SEARCH}?q=Mustermann")).await.problem(502, "erpUnavailable");
}
