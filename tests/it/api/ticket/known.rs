//! A message that comes again: the same `externalTicketId` updates, the same `Idempotency-Key` answers again.

use futures::future::join_all;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{TICKET, add, add_tag, at, count, id_of, last_changes, story};
use crate::support::{TestApp, guarded};

#[tokio::test]
async fn a_known_id_updates_its_ticket() {
    let app = TestApp::start().await;
    let (admin, agent) = (app.admin().await, app.agent().await);
    let urgent = add_tag(&admin, "Eilig", "urgent").await;
    let first =
        json!({"externalTicketId": "EXT-1", "subject": "Alt", "from": "a@x.de", "fromName": "Anna", "body": "Alter Text", "tags": [1]});
    let id = add(&agent, first.clone()).await;
    let second = json!({"externalTicketId": "EXT-1", "subject": "Neu", "status": "closed", "tags": [1, urgent], "body": "Neuer Text",
        "rawData": {"a": 1}, "channel": "portal", "dueBy": "2026-01-20T08:00:00Z"});
    let answer = agent.post(TICKET, &second).await.ok();
    assert_eq!((id_of(&answer.body), &answer.body["version"], answer.header("etag")), (id, &json!(2), format!("\"{id}-2\"").as_str()));
    for (key, value) in [
        ("subject", json!("Neu")),
        ("status", json!("closed")),
        ("closedAt", json!("2026-01-13 18:28:51")),
        ("modifiedAt", json!("2026-01-13 18:28:51")),
        ("priority", json!("urgent")),
        ("tagIds", json!([1, urgent])),
        ("bodyPlain", json!("Neuer Text")),
        ("channel", json!("portal")),
        ("dueBy", json!("2026-01-20 09:00:00")),
        // What the second message does not say stays.
        ("from", json!("a@x.de")),
        ("fromName", json!("Anna")),
    ] {
        assert_eq!(answer.body[key], value, "{key}");
    }
    let expected = json!({
        "subject": {"old": "Alt", "new": "Neu"}, "status": {"old": "open", "new": "closed"},
        "closedAt": {"old": null, "new": "2026-01-13T17:28:51Z"}, "priority": {"old": "low", "new": "urgent"},
        "tagIds": {"old": [1], "new": [1, urgent]}, "channel": {"old": "email", "new": "portal"},
        "dueBy": {"old": null, "new": "2026-01-20T08:00:00Z"}, "body": {"changed": true}, "rawData": {"changed": true},
    });
    assert_eq!(last_changes(&app, id).await, expected);
    assert_eq!(agent.get(&format!("{}?includeRawData=1", at(id))).await.ok().body["rawData"], json!({"a": 1}));
    assert_eq!(count(&app, &app.demo).await, 1);
}

#[tokio::test]
async fn the_same_again_changes_nothing() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let body = json!({"externalTicketId": "EXT-1", "subject": "Alt", "from": "Anna <a@x.de>", "body": "<p>Hallo & Gruß</p>", "tags": [1],
        "rawData": {"b": 1, "a": [1.5, null]}, "additionalData": {"z": 1, "a": 2}, "dueBy": "2026-01-20T08:00:00.123456789Z",
        "createdAt": "2026-01-10 09:00:00", "contractId": 746_839, "status": "closed"});
    let first = agent.post(TICKET, &body).await.ok();
    app.clock.advance(chrono::Duration::hours(1));
    let second = agent.post(TICKET, &body).await.ok();
    assert_eq!(first.body, second.body);
    assert_eq!(story(&app, &app.demo, id_of(&first.body)).await.len(), 1);
}

#[tokio::test]
async fn an_empty_id_names_nothing_and_tenants_have_their_own() {
    let app = TestApp::start().await;
    let (agent, other) = (app.agent().await, app.other_tenant().await);
    for empty in [json!(""), json!("  "), Value::Null] {
        let body = json!({"externalTicketId": empty});
        assert!(add(&agent, body.clone()).await != add(&agent, body).await, "{empty}");
    }
    let body = |subject: &str| json!({"externalTicketId": "EXT-1", "subject": subject});
    let (ours, theirs) = (add(&agent, body("unser")).await, add(&other, body("ihr")).await);
    assert!(ours != theirs);
    assert_eq!((count(&app, &app.demo).await, count(&app, &app.other).await), (7, 1));
    assert_eq!(agent.get(&at(ours)).await.ok().body["subject"], "unser");
}

#[tokio::test]
async fn a_tag_that_is_not_there_updates_nothing() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({"externalTicketId": "EXT-1", "subject": "Alt"})).await;
    let body = json!({"externalTicketId": "EXT-1", "subject": "Neu", "tags": [1, 99_999]});
    assert_eq!(agent.post(TICKET, &body).await.problem(409, "conflict").path(), "tags[1]");
    let ticket = agent.get(&at(id)).await.ok().body;
    assert_eq!((&ticket["subject"], &ticket["version"]), (&json!("Alt"), &json!(1)));
}

/// A mail server that delivers twice, and a balancer that retries, must not make two tickets.
#[tokio::test]
async fn of_many_at_once_with_one_id_there_is_one_ticket() {
    guarded(async {
        let app = TestApp::start().await;
        let agent = app.agent().await;
        for round in 0..5 {
            let bodies: Vec<Value> = (0..16)
                .map(|index| json!({"externalTicketId": format!("EXT-{round}"), "subject": format!("Nachricht {index}"), "tags": [1]}))
                .collect();
            let answers = join_all(bodies.iter().map(|body| agent.post(TICKET, body))).await;
            let mut ids: Vec<i64> = answers.into_iter().map(|answer| id_of(&answer.ok().body)).collect();
            ids.dedup();
            assert_eq!(ids.len(), 1, "{ids:?}");
            let told = story(&app, &app.demo, ids[0]).await;
            assert_eq!(told.iter().filter(|(kind, _)| kind == "ticketCreated").count(), 1);
            // All subjects differ, so each of the others is a change.
            assert_eq!(told.len(), 16);
            assert_eq!(agent.get(&at(ids[0])).await.ok().body["version"], 16);
        }
        assert_eq!(count(&app, &app.demo).await, 5);
    })
    .await;
}

#[tokio::test]
async fn a_retry_is_answered_again_and_makes_one_ticket() {
    let app = TestApp::start().await;
    let agent = app.agent().await.header("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324");
    let body = json!({"subject": "Zählerstand", "body": "<p>12345 & mehr</p>"});
    let first = agent.post(&format!("{TICKET}?process=batch"), &body).await.ok();
    let second = agent.post(&format!("{TICKET}?process=batch"), &body).await.ok();
    assert_eq!((&first.text, first.header("etag")), (&second.text, second.header("etag")));
    assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), ("", "true"));
    agent.post(&format!("{TICKET}?process=batch"), &json!({"subject": "anders"})).await.problem(409, "conflict");
    assert_eq!(count(&app, &app.demo).await, 1);
    // The change in between is not undone by the retry, and the retry tells what was true then.
    super::patch(&agent, id_of(&first.body), &json!({"status": "closed"})).await.ok();
    assert_eq!(agent.post(&format!("{TICKET}?process=batch"), &body).await.ok().text, first.text);
    assert_eq!(agent.get(&at(id_of(&first.body))).await.ok().body["status"], "closed");
}
