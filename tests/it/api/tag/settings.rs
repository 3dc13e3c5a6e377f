//! `POST /settings` with `_tag[<id>].<field>`: settings and tags together, or neither.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{add, at, log};
use crate::support::{Answer, Client, TestApp};

const SETTINGS: &str = "/api/mind/settings";

async fn cache_seconds(client: &Client) -> Value {
    client.get(&format!("{SETTINGS}/compact")).await.ok().body["erpCacheSeconds"].clone()
}

fn paths(answer: &Answer) -> Vec<&str> {
    let mut paths: Vec<&str> = answer.body["errors"].as_array().unwrap().iter().map(|error| error["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    paths
}

#[tokio::test]
async fn settings_and_tags_change_together() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let id = add(&admin, "Rechnung", None).await;
    let body = json!({"erpCacheSeconds": 60, format!("_tag[{id}].name"): "Rechnungen", format!("_tag[{id}].visibility"): "enabled",
        format!("_tag[{id}].sla"): 16, "_tag[1].color": "red", "_tag[1].id": 1, "_tag[1].version": 7});
    assert_eq!(admin.post(SETTINGS, &body).await.ok().body, json!({"success": true}));
    let tag = admin.get(&at(id)).await.ok();
    assert_eq!((&tag.body["name"], &tag.body["sla"], &tag.body["version"]), (&json!("Rechnungen"), &json!(16), &json!(2)));
    assert_eq!(admin.get(&at(1)).await.ok().body["color"], "red");
    assert_eq!(cache_seconds(&admin).await, 60);
    let kinds: Vec<String> = log(&app, &app.other).await.into_iter().map(|(kind, _)| kind).collect();
    // One event for a tag, however many of its fields changed.
    assert_eq!(kinds, ["tagCreated", "tagUpdated", "tagUpdated"]);
}

#[tokio::test]
async fn one_fault_keeps_everything_as_it_was() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let id = add(&admin, "Rechnung", None).await;
    let name = format!("_tag[{id}].name");
    for (more, status, expected) in [
        (json!({"_tag[99].name": "x", "_tag[99].sla": 5}), 409, vec!["_tag[99].name", "_tag[99].sla"]),
        (json!({"_tag[1].parent": 99}), 409, vec!["_tag[1].parent"]),
        (json!({"_tag[1].parent": 1}), 409, vec!["_tag[1].parent"]),
        (json!({"erpSystem": "powercloud", "_tag[99].name": "x"}), 409, vec!["_tag[99].name", "powercloudApiKey", "powercloudHost"]),
        (json!({"_tag[1].nmae": "x"}), 400, vec!["_tag[1].nmae"]),
        (json!({"_tag[1].color": "pink", "_tag[1].name": null, "nonsense": 1}), 400, vec!["_tag[1].color", "_tag[1].name", "nonsense"]),
        (json!({"_tag[1]": "x"}), 400, vec!["_tag[1]"]),
        (json!({"_tag[].name": "x", "_tag[-1].name": "x", "_tag[1].": "x"}), 400, vec!["_tag[-1].name", "_tag[1].", "_tag[].name"]),
    ] {
        let mut body = json!({"erpCacheSeconds": 61, &name: "Rechnungen"});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let answer = admin.post(SETTINGS, &body).await;
        assert_eq!((answer.status.as_u16(), paths(&answer)), (status, expected), "{}", answer.text);
        assert_eq!(admin.get(&at(id)).await.ok().body["name"], "Rechnung");
        assert_eq!(cache_seconds(&admin).await, 300);
    }
    assert_eq!(log(&app, &app.other).await.len(), 1);
}

/// What counts is the tree after all changes: one by one, the first move would be a circle.
#[tokio::test]
async fn two_tags_may_change_places() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let a = add(&admin, "A", None).await;
    let b = add(&admin, "B", Some(a)).await;
    admin.post(SETTINGS, &json!({format!("_tag[{a}].parent"): b, format!("_tag[{b}].parent"): null})).await.ok();
    assert_eq!(admin.get(&at(a)).await.ok().body["fullName"], "B: A");
    let circle = admin.post(SETTINGS, &json!({format!("_tag[{a}].parent"): b, format!("_tag[{b}].parent"): a})).await;
    assert_eq!(circle.problem(409, "conflict").path(), format!("_tag[{b}].parent"));
}

#[tokio::test]
async fn a_tag_of_another_tenant_is_unknown() {
    let app = TestApp::start().await;
    let (admin, stranger) = (app.admin().await, app.other_tenant().await);
    let id = add(&admin, "Ours", None).await;
    let key = format!("_tag[{id}].name");
    let answer = stranger.post(SETTINGS, &json!({&key: "Theirs"})).await.problem(409, "conflict");
    assert_eq!(answer.path(), key);
    assert_eq!(admin.get(&at(id)).await.ok().body["name"], "Ours");
    app.agent().await.post(SETTINGS, &json!({&key: "x"})).await.problem(403, "permissionMissing");
}
