//! Deleting a tag: it is gone everywhere, what stood below it is not, and the log knows.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{TAG, add, at, listed, log, patch};
use crate::support::TestApp;

#[tokio::test]
async fn a_deleted_tag_is_gone_and_what_was_below_moves_up() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let a = add(&admin, "A", None).await;
    let b = add(&admin, "B", Some(a)).await;
    let (c, d) = (add(&admin, "C", Some(b)).await, add(&admin, "D", Some(b)).await);
    assert_eq!(admin.delete(&at(b)).await.ok().body, json!({"success": true}));
    admin.get(&at(b)).await.problem(404, "notFound");
    patch(&admin, b, &json!({"name": "x"})).await.problem(404, "notFound");
    admin.delete(&at(b)).await.problem(404, "notFound");
    let below = json!({"name": "x", "parent": b, "reference": "ticket", "type": "skill"});
    assert_eq!(admin.post(TAG, &below).await.problem(409, "conflict").path(), "parent");
    assert_eq!(listed(&admin, "?includeDisabled=true").await, ["A", "A: C", "A: D", "Allgemein"]);
    for child in [c, d] {
        let tag = admin.get(&at(child)).await.ok();
        assert_eq!((&tag.body["parent"], &tag.body["version"]), (&json!(a), &json!(2)));
    }
    // A root that goes leaves roots.
    admin.delete(&at(a)).await.ok();
    assert_eq!(listed(&admin, "").await, ["Allgemein", "C", "D"]);
}

#[tokio::test]
async fn deleting_is_logged_with_what_moved() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let a = add(&admin, "A", None).await;
    let b = add(&admin, "B", Some(a)).await;
    admin.delete(&at(a)).await.ok();
    let events = log(&app, &app.demo).await;
    let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["tagCreated", "tagCreated", "tagUpdated", "tagDeleted"]);
    assert_eq!(events[2].1, json!({"tagId": b, "name": "B", "changes": {"parent": {"old": a, "new": Value::Null}}}));
    assert_eq!(events[3].1, json!({"tagId": a, "name": "A"}));
    // The row stays, for the log and for what points to it.
    let mut tx = app.tx(&app.demo).await;
    let deleted: bool =
        sqlx::query_scalar("select deleted_at is not null from tag where id = $1").bind(a).fetch_one(tx.connection()).await.unwrap();
    assert!(deleted);
}
