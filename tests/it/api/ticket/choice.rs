//! Words of closed lists are texts. A derived enum would also take `{"open":null}`, which no client means and the spec
//! does not allow.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{SEARCH, TICKET, add, count, filter, patch, patch_all};
use crate::support::{Answer, TestApp};

#[track_caller]
fn refused(answer: Answer, path: &str) {
    let answer = answer.problem(400, "invalidInput");
    assert_eq!(answer.path(), path, "{}", answer.text);
}

fn wrapped(word: &str) -> [Value; 3] {
    [json!({word: null}), json!([word]), json!({word: {}})]
}

#[tokio::test]
async fn a_word_of_a_new_ticket_is_a_text() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for (field, word) in [("status", "open"), ("priority", "high"), ("channel", "walkIn"), ("direction", "out"), ("process", "batch")] {
        for value in wrapped(word) {
            refused(agent.post(TICKET, &json!({field: value})).await, field);
        }
    }
    assert_eq!(count(&app, &app.demo).await, 0);
}

#[tokio::test]
async fn a_word_of_a_change_is_a_text() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({})).await;
    for (field, word) in [("status", "closed"), ("priority", "high"), ("spamStatus", "manual_spam")] {
        for value in wrapped(word) {
            refused(patch(&agent, id, &json!({field: value})).await, field);
            refused(patch_all(&agent, &json!([{"id": id, field: value}])).await, &format!("[0].{field}"));
        }
    }
}

#[tokio::test]
async fn a_word_of_a_search_is_a_text() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for value in wrapped("open") {
        refused(agent.post(SEARCH, &json!({"filters": [filter("t.status", "=", value.clone())]})).await, "filters[0].value");
        let many = json!({"filters": [{"key": "t.status", "comparator": "in", "values": ["open", value]}]});
        refused(agent.post(SEARCH, &many).await, "filters[0].values[1]");
    }
    for (field, word) in [("orderByDirection", "asc"), ("ticketScope", "skills"), ("orderByField", "t.id")] {
        for value in wrapped(word) {
            refused(agent.post(SEARCH, &json!({field: value})).await, field);
        }
    }
    for search in [SEARCH, "/api/mind/event/search"] {
        for value in wrapped("=") {
            let body = json!({"filters": [{"key": "id", "comparator": value, "value": 1}]});
            refused(agent.post(search, &body).await, "filters[0].comparator");
        }
    }
}

/// The message is the help of whoever wrote the client.
#[tokio::test]
async fn a_wrong_word_is_refused_with_the_list() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for (field, words) in [
        ("status", "open, pending, closed"),
        ("priority", "low, medium, high, urgent"),
        ("channel", "email, portal, phone, letter, system, chat, walkIn"),
        ("direction", "in, out, internal"),
    ] {
        for wrong in [json!("x"), json!(5), json!({})] {
            let answer = agent.post(TICKET, &json!({field: wrong})).await.problem(400, "invalidInput");
            assert!(answer.body["errors"][0]["message"].as_str().unwrap().contains(words), "{}", answer.text);
        }
    }
}
