//! What is wrong with a new ticket is named, and nothing is stored.

use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::json;

use super::{TICKET, add, count};
use crate::support::TestApp;

#[tokio::test]
async fn a_wrong_field_is_named() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let long = |characters: usize| "ä".repeat(characters);
    for (body, path) in [
        (json!({"from": 5}), "from"),
        (json!({"from": long(321)}), "from"),
        (json!({"from": format!("{} <a@x.de>", long(321))}), "from"),
        (json!({"fromName": []}), "fromName"),
        (json!({"fromName": long(321)}), "fromName"),
        (json!({"subchannelId": "5"}), "subchannelId"),
        (json!({"subchannelId": 5.5}), "subchannelId"),
        (json!({"to": "a@x.de"}), "to"),
        (json!({"to": ["a@x.de", 5]}), "to[1]"),
        (json!({"to": ["a@x.de", long(321)]}), "to[1]"),
        (json!({"to": vec!["a@x.de"; 201]}), "to"),
        (json!({"cc": {}}), "cc"),
        (json!({"cc": [long(321)]}), "cc[0]"),
        (json!({"ccEmails": [null]}), "ccEmails[0]"),
        (json!({"bcc": [true]}), "bcc[0]"),
        (json!({"bcc": vec!["a@x.de"; 201]}), "bcc"),
        (json!({"priority": "highest"}), "priority"),
        (json!({"priority": 1}), "priority"),
        (json!({"channel": "fax"}), "channel"),
        (json!({"channel": "all"}), "channel"),
        (json!({"channelId": 5}), "channelId"),
        (json!({"channelId": long(321)}), "channelId"),
        (json!({"status": "gone"}), "status"),
        (json!({"status": "Open"}), "status"),
        (json!({"direction": "up"}), "direction"),
        (json!({"subject": long(999)}), "subject"),
        (json!({"subject": {}}), "subject"),
        (json!({"body": 5}), "body"),
        (json!({"createdAt": "yesterday"}), "createdAt"),
        (json!({"createdAt": "2026-02-30"}), "createdAt"),
        (json!({"firstResponseDueBy": true}), "firstResponseDueBy"),
        (json!({"dueBy": -1}), "dueBy"),
        (json!({"tags": 5}), "tags"),
        (json!({"tags": [1, "x"]}), "tags[1]"),
        (json!({"tags": [1, 1.5]}), "tags[1]"),
        (json!({"tags": [0]}), "tags[0]"),
        (json!({"tags": [1, 9_007_199_254_740_992_i64]}), "tags[1]"),
        (json!({"tags": vec![1; 201]}), "tags"),
        (json!({"tagIds": [null]}), "tagIds[0]"),
        (json!({"contractId": ""}), "contractId"),
        (json!({"contractId": long(51)}), "contractId"),
        (json!({"contractId": 1.5}), "contractId"),
        (json!({"customerId": {}}), "customerId"),
        (json!({"customerId": "a\tb"}), "customerId"),
        (json!({"externalTicketId": 5}), "externalTicketId"),
        (json!({"externalTicketId": long(321)}), "externalTicketId"),
        (json!({"additionalData": []}), "additionalData"),
        (json!({"templateId": "x"}), "templateId"),
        (json!({"templateData": 5}), "templateData"),
        (json!({"process": "later"}), "process"),
        (json!({"process": 1}), "process"),
        (json!({"statsu": "open"}), "statsu"),
        // What Postgres cannot hold is no internal error.
        (json!({"subject": "a\u{0}b"}), "subject"),
        (json!({"additionalData": {"a": ["\u{0}"]}}), "additionalData.a[0]"),
        (json!({"rawData": {"\u{0}": 1}}), "rawData.\\u0000"),
        (json!([]), ""),
    ] {
        let answer = agent.post(TICKET, &body).await;
        assert_eq!((answer.status.as_u16(), answer.code(), answer.path()), (400, "invalidInput", path), "{body}: {}", answer.text);
    }
    for (query, path) in [("process=later", "process"), ("proces=batch", "proces"), ("process=batch&process=batch", "process")] {
        let answer = agent.post(&format!("{TICKET}?{query}"), &json!({})).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), path, "{query}");
    }
    assert_eq!(count(&app, &app.demo).await, 0);
}

/// The harm: the request may be large for the sake of its files, and 40 MB of markup are gigabytes as a tree.
#[tokio::test]
async fn a_body_is_smaller_than_a_request_may_be() {
    let app = TestApp::start().await;
    let answer = app.agent().await.post(TICKET, &json!({"body": "<b>x</b>".repeat(1_310_721)})).await.problem(400, "invalidInput");
    assert_eq!(answer.path(), "body");
    assert_eq!(count(&app, &app.demo).await, 0);
}

#[tokio::test]
async fn everything_that_is_too_long_is_named_at_once() {
    let app = TestApp::start().await;
    let body = json!({"subject": "x".repeat(999), "cc": ["x".repeat(321)], "tags": vec![1; 201]});
    let answer = app.agent().await.post(TICKET, &body).await.problem(400, "invalidInput");
    let paths: Vec<_> = answer.body["errors"].as_array().unwrap().iter().map(|error| error["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["subject", "cc[0]", "tags"]);
}

#[tokio::test]
async fn what_just_fits_is_taken() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let body = json!({
        "from": "ä".repeat(320), "fromName": "ä".repeat(320), "channelId": "ä".repeat(320), "externalTicketId": "ä".repeat(320),
        "subject": "ä".repeat(998), "to": vec!["ä".repeat(320); 200], "tags": vec![1; 200], "contractId": "ä".repeat(50),
        "subchannelId": 5.0,
    });
    let ticket = agent.post(TICKET, &body).await.ok().body;
    assert_eq!((&ticket["subject"], &ticket["tagIds"], &ticket["subchannelId"]), (&body["subject"], &json!([1]), &json!(5)));
    // A body may be long: a tsvector may not, and counts its positions up to 16383.
    let words: Vec<String> = (0..200_000).map(|word| format!("Wort{word}")).collect();
    let words = words.join(" ");
    let id = add(&agent, json!({"body": words})).await;
    let read = agent.get(&super::at(id)).await.ok().body;
    assert_eq!(read["bodyPlain"].as_str().unwrap().len(), words.len());
}

#[tokio::test]
async fn a_body_that_is_no_json_is_told_so() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    agent.send(Method::POST, TICKET, Some(("application/json", "{\"subject\":".to_owned()))).await.problem(400, "malformedJson");
    agent.send(Method::POST, TICKET, Some(("text/plain", "x".to_owned()))).await.problem(415, "unsupportedMediaType");
    assert_eq!(agent.get(&format!("{TICKET}/abc")).await.problem(400, "invalidInput").path(), "ticketId");
    for id in ["0", "-1", "9223372036854775807"] {
        agent.get(&format!("{TICKET}/{id}")).await.problem(404, "notFound");
    }
}
