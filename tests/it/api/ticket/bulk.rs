//! Many tickets in one call: each item by itself, all of them in one transaction.

use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use super::{TICKET, add, add_many, add_tag, at, filter, float, found, ids, last_changes, patch_all, story};
use crate::support::TestApp;

#[tokio::test]
async fn a_thousand_at_once_and_not_one_more() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let all = add_many(&app, 1_001).await;
    let items: Vec<Value> = all.iter().map(|id| json!({"id": id, "priority": "high", "addTagIds": [1]})).collect();
    let answer = patch_all(&agent, &json!(items)).await.problem(400, "invalidInput");
    assert_eq!(answer.path(), "");
    assert_eq!(found(&agent, json!([filter("t.priority", "=", "high")])).await, Vec::<i64>::new());
    let answer = patch_all(&agent, &json!(items[..1_000])).await.ok();
    assert_eq!((&answer.body["success"], &answer.body["failed"]), (&json!(true), &json!([])));
    assert_eq!(ids(&answer.body), all[..1_000]);
    let first = &answer.body["tickets"][0];
    assert_eq!((&first["version"], &first["priority"], &first["tagIds"]), (&json!(2), &json!("high"), &json!([1])));
    assert_eq!(found(&agent, json!([filter("tt.tagId", "=", 1)])).await, all[..1_000]);
    let mut tx = app.tx(&app.demo).await;
    let (events, transactions): (i64, i64) = sqlx::query_as("select count(*), count(distinct xid) from event where type = 'ticketUpdated'")
        .fetch_one(tx.connection())
        .await
        .unwrap();
    assert_eq!((events, transactions), (1_000, 1));
}

#[tokio::test]
async fn what_cannot_be_changed_is_listed_and_the_others_are_changed() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let (one, two) = (add(&agent, json!({})).await, add(&agent, json!({})).await);
    let foreign = add(&app.other_tenant().await, json!({})).await;
    let items = json!([
        {"id": two, "status": "closed"},
        {"id": foreign, "status": "closed"},
        {"id": 99_999, "status": "closed"},
        {"id": one, "status": "closed", "tagIds": [1, 99_999]},
        {"id": one, "workedOnBy": app.other.agent},
        {"id": one, "priority": "high"},
    ]);
    let answer = patch_all(&agent, &items).await.ok();
    assert_eq!(ids(&answer.body), [two, one], "in the order sent");
    let failed = answer.body["failed"].as_array().unwrap();
    let listed: Vec<_> = failed.iter().map(|item| item["id"].as_i64().unwrap()).collect();
    assert_eq!(listed, [foreign, 99_999, one, one]);
    for (item, says) in failed.iter().zip([
        format!("Ticket {foreign} was not found"),
        "Ticket 99999 was not found".to_owned(),
        "tagIds[1]: there is no tag 99999".to_owned(),
        format!("workedOnBy: there is no profile {}", app.other.agent.0),
    ]) {
        assert!(item["error"].as_str().unwrap().starts_with(&says), "{item}");
        assert_eq!(item.as_object().unwrap().len(), 2);
    }
    let ticket = agent.get(&at(one)).await.ok().body;
    assert_eq!((&ticket["status"], &ticket["priority"], &ticket["tagIds"]), (&json!("open"), &json!("high"), &json!([])));
    assert_eq!(app.other_tenant().await.get(&at(foreign)).await.ok().body["status"], "open");
}

#[tokio::test]
async fn the_answer_has_what_a_list_has() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({"body": "geheim", "subject": "x"})).await;
    let answer = patch_all(&agent, &json!([{"id": id, "status": "closed"}])).await.ok();
    let ticket = &answer.body["tickets"][0];
    for key in ["body", "bodyPlain", "bodyClean", "attachments", "template", "workitem", "rawData", "intents"] {
        assert_eq!(ticket.get(key), None, "{key}");
    }
    assert_eq!(ticket["customer"], json!({"tagIds": [], "tags": []}));
    // A list that was read may be sent back as it is.
    let back = patch_all(&agent, &answer.body["tickets"]).await.ok();
    assert_eq!((&back.body["failed"], &back.body["tickets"][0]["version"]), (&json!([]), &json!(2)));
}

#[tokio::test]
async fn items_of_one_ticket_are_carried_out_in_their_order() {
    let app = TestApp::start().await;
    let (admin, agent) = (app.admin().await, app.agent().await);
    let (a, b) = (add_tag(&admin, "A", "low").await, add_tag(&admin, "B", "urgent").await);
    let id = add(&agent, json!({"tags": [1]})).await;
    let other = add(&agent, json!({})).await;
    let items = json!([
        {"id": id, "priority": "high", "tagIds": [a, b]},
        {"id": other, "priority": "high"},
        {"id": id, "priority": "medium", "removeTagIds": [a]},
        {"id": float(id), "addTagIds": [a], "status": "closed"},
        {"id": id, "status": "open"},
    ]);
    let answer = patch_all(&agent, &items).await.ok();
    assert_eq!(ids(&answer.body), [id, other], "each once");
    let ticket = &answer.body["tickets"][0];
    for (key, value) in [
        // The last word on the priority has the tag that came new with the third item.
        ("priority", json!("low")),
        ("tagIds", json!([a, b])),
        ("status", json!("open")),
        ("closedAt", Value::Null),
        ("version", json!(2)),
    ] {
        assert_eq!(ticket[key], value, "{key}");
    }
    let changes = json!({"tagIds": {"old": [1], "new": [a, b]}});
    assert_eq!(last_changes(&app, id).await, changes, "one event, from before to after");
    assert_eq!(story(&app, &app.demo, id).await.len(), 2);
}

#[tokio::test]
async fn what_undoes_itself_is_no_change() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({})).await;
    let items = json!([{"id": id, "status": "closed"}, {"id": id, "status": "open"}, {"id": id}, {"id": id, "addTagIds": [1], "removeTagIds": [1]}]);
    let answer = patch_all(&agent, &items).await.ok();
    assert_eq!((ids(&answer.body), &answer.body["tickets"][0]["version"]), (vec![id], &json!(1)));
    assert_eq!(story(&app, &app.demo, id).await.len(), 1);
    let nothing = patch_all(&agent, &json!([])).await.ok();
    assert_eq!(nothing.body, json!({"success": true, "tickets": [], "failed": []}));
}

#[tokio::test]
async fn tags_are_replaced_added_and_taken_away() {
    let app = TestApp::start().await;
    let (admin, agent) = (app.admin().await, app.agent().await);
    let (a, b) = (add_tag(&admin, "A", "do-not-change").await, add_tag(&admin, "B", "urgent").await);
    let mut all = Vec::new();
    for tags in [json!([1]), json!([1, a]), json!([])] {
        all.push(add(&agent, json!({"tags": tags})).await);
    }
    let items = json!([
        {"id": all[2], "tagIds": [b, b, 1]},
        {"id": all[1], "removeTagIds": [1], "addTagIds": [b]},
        {"id": all[0], "tagIds": [a], "addTagIds": [b], "removeTagIds": [a]},
    ]);
    let answer = patch_all(&agent, &items).await.ok();
    let told: Vec<_> = answer.body["tickets"].as_array().unwrap().iter().map(|ticket| ticket["tagIds"].clone()).collect();
    assert_eq!(told, [json!([1, b]), json!([a, b]), json!([b])]);
    assert!(answer.body["tickets"].as_array().unwrap().iter().all(|ticket| ticket["priority"] == "urgent"));
    assert_eq!(found(&agent, json!([filter("tt.tagId", "=", a)])).await, [all[1]]);
    assert_eq!(found(&agent, json!([filter("tt.tagId", "=", b)])).await, all);
}

#[tokio::test]
async fn wrong_items_are_all_named_and_nothing_is_changed() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({})).await;
    let items = json!([
        {"id": id, "status": "closed"},
        {"id": id, "status": "gone"},
        {"id": id, "statsu": "closed"},
        {"status": "closed"},
        {"id": "x"},
        {"id": 0},
        {"id": 1.5},
        {"id": null},
        5,
        {"id": id, "tagIds": [1, "x"]},
        {"id": id, "addTagIds": vec![1; 201]},
    ]);
    let answer = patch_all(&agent, &items).await.problem(400, "invalidInput");
    let paths: Vec<_> = answer.body["errors"].as_array().unwrap().iter().map(|error| error["path"].as_str().unwrap()).collect();
    let expected = ["[1].status", "[2].statsu", "[3].id", "[4].id", "[5].id", "[6].id", "[7].id", "[8]", "[9].tagIds[1]", "[10].addTagIds"];
    assert_eq!(paths, expected);
    assert_eq!(agent.get(&at(id)).await.ok().body["version"], 1);
    for body in [json!({"id": id, "status": "closed"}), json!({}), json!("x"), json!(null)] {
        assert_eq!(patch_all(&agent, &body).await.problem(400, "invalidInput").path(), "", "{body}");
    }
    agent.send(Method::PATCH, TICKET, None).await.problem(400, "malformedJson");
    let marked = format!("{TICKET}?includeInWorklog=off");
    let body = json!([{"id": id, "status": "closed"}]).to_string();
    agent.send(Method::PATCH, &marked, Some(("application/json", body))).await.ok();
    assert_eq!(story(&app, &app.demo, id).await.pop().unwrap().1["includeInWorklog"], false);
}
