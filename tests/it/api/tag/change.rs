//! Changing a tag: what differs is written and logged, a stale version is refused, and the tree stays one.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{TAG, add, at, listed, log, patch};
use crate::support::{TestApp, guarded};

#[tokio::test]
async fn what_differs_is_written_and_logged() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = add(&admin, "Rechnung", None).await;
    let answer = patch(&admin, id, &json!({"name": "Rechnungen", "sla": 8, "color": "grey"})).await.ok();
    assert_eq!((answer.body.clone(), answer.header("etag")), (json!({"success": true}), format!("\"{id}-2\"").as_str()));
    let answer = patch(&admin, id, &json!({"sla": null})).await.ok();
    assert_eq!(answer.header("etag"), format!("\"{id}-3\""));
    // The same again is no change.
    let answer = patch(&admin, id, &json!({"sla": null})).await.ok();
    assert_eq!(answer.header("etag"), format!("\"{id}-3\""));
    let tag = admin.get(&at(id)).await.ok();
    assert_eq!((&tag.body["name"], &tag.body["sla"], &tag.body["version"]), (&json!("Rechnungen"), &Value::Null, &json!(3)));
    let events: Vec<Value> =
        log(&app, &app.demo).await.into_iter().filter(|(kind, _)| kind == "tagUpdated").map(|(_, data)| data).collect();
    let expected = [
        json!({"tagId": id, "name": "Rechnungen", "changes": {"name": {"old": "Rechnung", "new": "Rechnungen"}, "sla": {"old": null, "new": 8}}}),
        json!({"tagId": id, "name": "Rechnungen", "changes": {"sla": {"old": 8, "new": null}}}),
    ];
    assert_eq!(events, expected);
    let mut tx = app.tx(&app.demo).await;
    let by: Vec<Option<i64>> =
        sqlx::query_scalar("select distinct created_by from event where type like 'tag%'").fetch_all(tx.connection()).await.unwrap();
    assert_eq!(by, [Some(app.demo.admin.0)]);
}

#[tokio::test]
async fn a_wrong_field_changes_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (body, path) in [
        (json!({"color": "red", "name": null}), "name"),
        (json!({"color": "red", "channels": ["email", 5]}), "channels[1]"),
        (json!({"color": "red", "properties": ["other"]}), "properties"),
        (json!({"color": "red", "deletedAt": null}), "deletedAt"),
    ] {
        assert_eq!(patch(&admin, 1, &body).await.problem(400, "invalidInput").path(), path);
    }
    let tag = admin.get(&at(1)).await.ok();
    assert_eq!((&tag.body["color"], &tag.body["version"]), (&json!("grey"), &json!(1)));
}

#[tokio::test]
async fn a_stale_version_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = add(&admin, "Rechnung", None).await;
    let seen = admin.get(&at(id)).await.ok().header("etag").to_owned();
    patch(&admin, id, &json!({"color": "red"})).await.ok();
    for stale in [seen.clone(), format!("W/{seen}"), format!("\"1-1\", {seen}"), "nonsense".into()] {
        let late = admin.clone().header("if-match", &stale);
        let answer = patch(&late, id, &json!({"color": "blue"})).await.problem(412, "preconditionFailed");
        assert!(answer.body["details"].as_str().unwrap().contains(&format!("\"{id}-2\"")), "{}", answer.text);
        late.delete(&at(id)).await.problem(412, "preconditionFailed");
    }
    assert_eq!(admin.get(&at(id)).await.ok().body["color"], "red");
    for (color, fresh) in [("blue", format!("W/\"{id}-2\"")), ("green", "*".into()), ("teal", format!("\"1-1\", \"{id}-4\""))] {
        patch(&admin.clone().header("if-match", &fresh), id, &json!({"color": color})).await.ok();
    }
    patch(&admin.clone().header("if-match", "*"), 99, &json!({"color": "red"})).await.problem(404, "notFound");
}

/// Two people open the same page and both save: the second must learn of the first.
#[tokio::test]
async fn of_two_that_saw_the_same_version_one_wins() {
    guarded(async {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let id = add(&admin, "Rechnung", None).await;
        let client = admin.clone().header("if-match", &format!("\"{id}-1\""));
        let (red, blue) = tokio::join!(async { patch(&client, id, &json!({"color": "red"})).await }, async {
            patch(&client, id, &json!({"color": "blue"})).await
        });
        let mut statuses = [red.status.as_u16(), blue.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    })
    .await;
}

#[tokio::test]
async fn a_tag_moves_with_what_is_below_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (a, b) = (add(&admin, "A", None).await, add(&admin, "B", None).await);
    let c = add(&admin, "C", Some(b)).await;
    patch(&admin, b, &json!({"parent": a})).await.ok();
    assert_eq!(admin.get(&at(c)).await.ok().body["fullName"], "A: B: C");
    patch(&admin, b, &json!({"parent": null})).await.ok();
    assert_eq!(listed(&admin, "?q=C").await, ["B: C"]);
}

#[tokio::test]
async fn no_tag_stands_below_itself() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let a = add(&admin, "A", None).await;
    let b = add(&admin, "B", Some(a)).await;
    let c = add(&admin, "C", Some(b)).await;
    for (parent, says) in [(a, "itself"), (b, "below"), (c, "below"), (99, "does not exist")] {
        let answer = patch(&admin, a, &json!({"parent": parent, "color": "red"})).await.problem(409, "conflict");
        assert_eq!(answer.path(), "parent");
        assert!(answer.body["errors"][0]["message"].as_str().unwrap().contains(says), "{}", answer.text);
    }
    let tag = admin.get(&at(a)).await.ok();
    assert_eq!((&tag.body["parent"], &tag.body["color"]), (&Value::Null, &json!("grey")));
}

/// Without a limit a tree of thousands of levels would be an answer that no client, and in the end no server, can nest.
#[tokio::test]
async fn a_tree_has_ten_levels_at_most() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut parent = None;
    for level in 1..=10 {
        parent = Some(add(&admin, &format!("L{level}"), parent).await);
    }
    let body = json!({"name": "L11", "parent": parent, "reference": "ticket", "type": "skill"});
    assert_eq!(admin.post(TAG, &body).await.problem(409, "conflict").path(), "parent");
    let a = add(&admin, "A", None).await;
    add(&admin, "B", Some(a)).await;
    patch(&admin, a, &json!({"parent": parent})).await.problem(409, "conflict");
    assert_eq!(patch(&admin, a, &json!({"parent": 1})).await.ok().status, 200);
}

/// Each move is right by itself; together they would be a circle that no list ever ends in.
#[tokio::test]
async fn of_two_moves_that_would_make_a_circle_one_wins() {
    guarded(async {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        for round in 0..10 {
            let a = add(&admin, &format!("A{round}"), None).await;
            let b = add(&admin, &format!("B{round}"), None).await;
            let (a_below, b_below) = (json!({"parent": b}), json!({"parent": a}));
            let (one, other) = tokio::join!(patch(&admin, a, &a_below), patch(&admin, b, &b_below));
            let mut statuses = [one.status.as_u16(), other.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", one.text, other.text);
        }
        assert_eq!(listed(&admin, "").await.len(), 21);
    })
    .await;
}

/// A child that is added while its parent goes must not hang on nothing.
#[tokio::test]
async fn adding_below_a_tag_that_goes_leaves_no_orphan() {
    guarded(async {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        for round in 0..10 {
            let parent = add(&admin, &format!("P{round}"), None).await;
            let body = json!({"name": format!("C{round}"), "parent": parent, "reference": "ticket", "type": "skill"});
            let path = at(parent);
            let (gone, added) = tokio::join!(admin.delete(&path), admin.post(TAG, &body));
            gone.ok();
            if added.status == 200 {
                let child = admin.get(&at(added.body["id"].as_i64().unwrap())).await.ok();
                assert_eq!(child.body["parent"], Value::Null);
            } else {
                added.problem(409, "conflict");
            }
        }
    })
    .await;
}
