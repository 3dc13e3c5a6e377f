//! Tags: what is stored comes back, what is wrong is named, and who may not write does not.

mod change;
mod delete;
mod settings;
mod tree;

use mind::domain::{
    tag::{seed, service::Author},
    ticket::{
        self,
        model::{Priority, work::TagEffect},
    },
};
use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp, TestTenant};

const TAG: &str = "/api/mind/tag";

fn at(id: i64) -> String {
    format!("{TAG}/{id}")
}

async fn patch(client: &Client, id: i64, body: &Value) -> Answer {
    client.send(Method::PATCH, &at(id), Some(("application/json", body.to_string()))).await
}

/// Adds a skill and answers its id.
async fn add(client: &Client, name: &str, parent: Option<i64>) -> i64 {
    add_with(client, json!({"name": name, "parent": parent, "reference": "ticket", "type": "skill"})).await
}

async fn add_with(client: &Client, body: Value) -> i64 {
    let answer = client.post(TAG, &body).await.ok();
    assert_eq!(answer.body["success"], true);
    answer.body["id"].as_i64().unwrap()
}

/// Full names, in the order of the list.
async fn listed(client: &Client, query: &str) -> Vec<String> {
    let answer = client.get(&format!("{TAG}{query}")).await.ok();
    assert_eq!(answer.body["success"], true);
    answer.body["tags"].as_array().unwrap().iter().map(|tag| tag["fullName"].as_str().unwrap().to_owned()).collect()
}

/// Events about tags, oldest first.
async fn log(app: &TestApp, tenant: &TestTenant) -> Vec<(String, Value)> {
    app.events(tenant).await.into_iter().filter(|(kind, _)| kind.starts_with("tag")).collect()
}

#[tokio::test]
async fn a_new_tenant_has_the_default_skill() {
    let app = TestApp::start().await;
    for client in [app.admin().await, app.other_tenant().await] {
        let tag = client.get(&at(1)).await.ok();
        let expected = json!({
            "id": 1, "fullName": "Allgemein", "name": "Allgemein", "parent": null, "reference": "ticket", "type": "skill",
            "visibility": "public", "color": "grey", "properties": ["defaultSkill"], "complexity": null, "sla": null,
            "priority": "do-not-change", "channels": [], "subchannels": [], "detectionDetails": {}, "assignment": [], "testCase": {},
            "modifiedBy": null, "modifiedAt": null, "version": 1,
        });
        assert_eq!(tag.body, expected);
        assert_eq!(tag.header("etag"), "\"1-1\"");
    }
}

#[tokio::test]
async fn a_tag_comes_back_as_it_was_made() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let parent = add(&admin, "Second Level", None).await;
    let body = json!({
        "name": "Complaint", "parent": parent, "reference": "ticket", "type": "skill", "visibility": "visible", "color": "red",
        "properties": {}, "complexity": "moderate", "sla": 8.0, "priority": "high", "channels": ["email", "chat", "email"],
        "subchannels": [2, 4], "detectionDetails": {"type": "aiDetection", "nested": {"a": [1, 1e308, "ü"]}},
        "assignment": ["assignBySubchannel"], "testCase": {"x": null},
        "id": 7, "fullName": "ignored", "modifiedBy": "ignored", "modifiedAt": 5, "children": [{}], "version": 99,
    });
    let id = add_with(&admin, body).await;
    assert!(id > parent && parent >= 100, "{parent} {id}");
    let expected = json!({
        "id": id, "fullName": "Second Level: Complaint", "name": "Complaint", "parent": parent, "reference": "ticket", "type": "skill",
        "visibility": "public", "color": "red", "properties": [], "complexity": "moderate", "sla": 8, "priority": "high",
        "channels": ["email", "chat"], "subchannels": [2, 4],
        "detectionDetails": {"type": "aiDetection", "nested": {"a": [1, 1e308, "ü"]}},
        "assignment": ["assignBySubchannel"], "testCase": {"x": null},
        "modifiedBy": "Admin", "modifiedAt": "2026-01-13 18:28:51", "version": 1,
    });
    let mut answer = admin.get(&at(id)).await.ok();
    // The clock's own instant is the business of its test.
    assert!(answer.body["modifiedAt"].is_string());
    answer.body["modifiedAt"] = json!("2026-01-13 18:28:51");
    assert_eq!(answer.body, expected);
    // What reading gives, writing takes; and nothing changed.
    let back = patch(&admin, id, &answer.body).await.ok();
    assert_eq!((back.body.clone(), back.header("etag")), (json!({"success": true}), format!("\"{id}-1\"").as_str()));
    let events = log(&app, &app.demo).await;
    let created = &events[1];
    assert_eq!((created.0.as_str(), &created.1["tagId"], &created.1["name"]), ("tagCreated", &json!(id), &json!("Complaint")));
    assert_eq!(events.len(), 2);
}

#[tokio::test]
async fn what_is_wrong_with_a_new_tag_is_named() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let empty = admin.post(TAG, &json!({})).await.problem(400, "invalidInput");
    let paths: Vec<_> = empty.body["errors"].as_array().unwrap().iter().map(|error| error["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["name", "reference", "type"]);
    for (field, wrong, says) in [
        ("reference", json!("tickets"), "ticket, contract, customer"),
        ("type", json!("skills"), "skill, product, brand, customerProperty, contractProperty, other"),
        ("visibility", json!("hidden"), "public, private, disabled"),
        ("color", json!(null), "grey, green"),
        ("priority", json!(""), "do-not-change, low"),
        ("complexity", json!("hard"), "simple, moderate, complex"),
        ("name", json!("   "), "empty"),
        ("name", json!("x".repeat(201)), "200"),
        ("sla", json!(0), "1 to"),
        ("sla", json!("8"), "whole number"),
        ("parent", json!(0), "1 to"),
        ("nmae", json!("x"), "not known here"),
    ] {
        let mut body = json!({"name": "x", "reference": "ticket", "type": "skill"});
        body[field] = wrong.clone();
        let answer = admin.post(TAG, &body).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), field, "{}", answer.text);
        assert!(answer.body["errors"][0]["message"].as_str().unwrap().contains(says), "{field} {wrong}: {}", answer.text);
    }
    for parent in [2, 9_007_199_254_740_991_i64] {
        let body = json!({"name": "x", "parent": parent, "reference": "ticket", "type": "skill"});
        assert_eq!(admin.post(TAG, &body).await.problem(409, "conflict").path(), "parent");
    }
    assert_eq!(log(&app, &app.demo).await, []);
}

#[tokio::test]
async fn an_agent_reads_and_does_not_write() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for path in [TAG.to_owned(), at(1), format!("{TAG}/tree")] {
        agent.get(&path).await.ok();
        app.nobody().await.get(&path).await.problem(403, "permissionMissing");
        app.anonymous().get(&path).await.problem(401, "unauthenticated");
    }
    agent.post(TAG, &json!({})).await.problem(403, "permissionMissing");
    patch(&agent, 1, &json!({"name": "x"})).await.problem(403, "permissionMissing");
    agent.delete(&at(1)).await.problem(403, "permissionMissing");
    agent.get(&at(1)).await.ok();
}

#[tokio::test]
async fn an_id_that_is_none_is_told_apart_from_one_that_is_unknown() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    assert_eq!(admin.get(&format!("{TAG}/x")).await.problem(400, "invalidInput").path(), "id");
    for id in [0, -1, 2, i64::MAX] {
        admin.get(&at(id)).await.problem(404, "notFound");
        patch(&admin, id, &json!({})).await.problem(404, "notFound");
        admin.delete(&at(id)).await.problem(404, "notFound");
    }
}

/// A tag of another tenant is not there: not to read, not to change, not as a parent, and not in a ticket.
#[tokio::test]
async fn a_stranger_finds_nothing() {
    let app = TestApp::start().await;
    let (admin, stranger) = (app.admin().await, app.other_tenant().await);
    let id = add(&admin, "Ours", None).await;
    stranger.get(&at(id)).await.problem(404, "notFound");
    patch(&stranger, id, &json!({"name": "Theirs"})).await.problem(404, "notFound");
    stranger.delete(&at(id)).await.problem(404, "notFound");
    let body = json!({"name": "x", "parent": id, "reference": "ticket", "type": "skill"});
    stranger.post(TAG, &body).await.problem(409, "conflict");
    patch(&stranger, 1, &json!({"parent": id})).await.problem(409, "conflict");
    assert_eq!(listed(&stranger, "").await, ["Allgemein"]);
    let mut tx = app.tx(&app.other).await;
    assert_eq!(ticket::store::list_tag_effects(&mut tx, &[id]).await.unwrap(), []);
    assert_eq!(admin.get(&at(id)).await.ok().body["name"], "Ours");
}

/// What a ticket can have: not what is deleted, and not what labels something else.
#[tokio::test]
async fn tags_of_tickets_are_found_by_id() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let urgent =
        add_with(&admin, json!({"name": "Sofort", "reference": "ticket", "type": "other", "priority": "urgent", "color": "red"})).await;
    let gone = add(&admin, "Weg", None).await;
    admin.delete(&at(gone)).await.ok();
    let off = add_with(&admin, json!({"name": "Aus", "reference": "ticket", "type": "skill", "visibility": "disabled"})).await;
    let vip = add_with(&admin, json!({"name": "VIP", "reference": "customer", "type": "customerProperty"})).await;
    let mut tx = app.tx(&app.demo).await;
    let found = ticket::store::list_tag_effects(&mut tx, &[off, gone, vip, urgent, urgent, 5]).await.unwrap();
    assert_eq!(found, [TagEffect { id: urgent, priority: Some(Priority::Urgent) }, TagEffect { id: off, priority: None }]);
}

/// The demo starts again and again: nothing twice, and nothing comes back that somebody deleted.
#[tokio::test]
async fn the_tags_of_the_demo_are_added_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let provide = async || {
        let mut tx = app.tx(&app.demo).await;
        seed::provide(&mut tx, Author { by: None, now: app.now() }).await.unwrap();
        tx.commit().await.unwrap();
    };
    tokio::join!(provide(), provide());
    let all = listed(&admin, "").await;
    let expected = [
        "Abschlag",
        "Allgemein",
        "Kündigung",
        "Produkt",
        "Produkt: Gas",
        "Produkt: Strom",
        "Rechnung",
        "Second Level",
        "Second Level: Beschwerde",
        "Umzug",
        "VIP",
        "Zählerstand",
    ];
    assert_eq!(all, expected);
    let tags = admin.get(TAG).await.ok();
    for tag in tags.body["tags"].as_array().unwrap() {
        if tag["id"] != 1 {
            admin.delete(&at(tag["id"].as_i64().unwrap())).await.ok();
        }
    }
    provide().await;
    assert_eq!(listed(&admin, "").await, ["Allgemein"]);
}
