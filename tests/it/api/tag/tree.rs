//! The list and the tree: order, filters, and that both hold the same tags.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{TAG, add, add_with, listed};
use crate::support::{Client, TestApp};

/// Names of a tree, a level in brackets.
fn drawn(nodes: &Value) -> String {
    let nodes = nodes.as_array().unwrap().iter().map(|node| {
        assert_eq!(node["fullName"], Value::Null);
        let below = drawn(&node["children"]);
        let name = node["name"].as_str().unwrap();
        if below.is_empty() { name.to_owned() } else { format!("{name}({below})") }
    });
    nodes.collect::<Vec<_>>().join(" ")
}

async fn tree(client: &Client, query: &str) -> String {
    drawn(&client.get(&format!("{TAG}/tree{query}")).await.ok().body)
}

/// A tree with every difficulty: names that sort by their umlauts, a branch that is off, types that mix.
async fn plant(client: &Client) {
    let second = add(client, "Second Level", None).await;
    add(client, "umzug", Some(second)).await;
    add(client, "Änderung", Some(second)).await;
    let off = json!({"name": "Aus", "parent": second, "reference": "ticket", "type": "skill", "visibility": "disabled"});
    let off = add_with(client, off).await;
    add(client, "Beschwerde", Some(off)).await;
    let product = add_with(client, json!({"name": "Produkt", "reference": "contract", "type": "product"})).await;
    add_with(client, json!({"name": "Gas", "parent": product, "reference": "contract", "type": "product"})).await;
    add(client, "Wechsel", Some(product)).await;
}

#[tokio::test]
async fn tags_stand_after_the_one_above_and_beside_each_other_by_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    plant(&admin).await;
    let all = [
        "Allgemein",
        "Produkt",
        "Produkt: Gas",
        "Produkt: Wechsel",
        "Second Level",
        "Second Level: Änderung",
        "Second Level: Aus",
        "Second Level: Aus: Beschwerde",
        "Second Level: umzug",
    ];
    assert_eq!(listed(&admin, "?includeDisabled=true").await, all);
    assert_eq!(tree(&admin, "?includeDisabled=1").await, "Allgemein Produkt(Gas Wechsel) Second Level(Änderung Aus(Beschwerde) umzug)");
}

/// Who switches off a branch or asks for a type must still see what matches below.
#[tokio::test]
async fn what_is_left_out_does_not_take_others_along() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    plant(&admin).await;
    assert_eq!(tree(&admin, "").await, "Allgemein Produkt(Gas Wechsel) Second Level(Änderung Beschwerde umzug)");
    assert_eq!(tree(&admin, "?type=skill").await, "Allgemein Second Level(Änderung Beschwerde umzug) Wechsel");
    assert_eq!(tree(&admin, "?type=brand").await, "");
    for query in ["", "?type=skill", "?type=product&includeDisabled=yes"] {
        let shown = tree(&admin, query).await;
        let names = listed(&admin, query).await;
        assert_eq!(shown.split(['(', ')']).filter(|part| !part.trim().is_empty()).count() > 0, !names.is_empty());
        for name in names {
            assert!(shown.contains(name.rsplit(": ").next().unwrap()), "{query}: {name} is not in {shown}");
        }
    }
}

#[tokio::test]
async fn a_list_is_filtered_and_shortened() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    plant(&admin).await;
    assert_eq!(listed(&admin, "?q=%20%C3%84NDER").await, ["Second Level: Änderung"]);
    assert_eq!(listed(&admin, "?q=level:%20u").await, ["Second Level: umzug"]);
    assert_eq!(listed(&admin, "?type=product").await, ["Produkt", "Produkt: Gas"]);
    assert_eq!(listed(&admin, "?q=nirgends").await, Vec::<String>::new());
    let compact = admin.get(&format!("{TAG}?format=compact&q=Allgemein")).await.ok();
    assert_eq!(compact.body, json!({"success": true, "tags": [{"id": 1, "color": "grey", "name": "Allgemein"}]}));
    for (query, path) in
        [("type=skills", "type"), ("includeDisabled=2", "includeDisabled"), ("format=short", "format"), ("limit=1", "limit")]
    {
        assert_eq!(admin.get(&format!("{TAG}?{query}")).await.problem(400, "invalidInput").path(), path);
    }
}
