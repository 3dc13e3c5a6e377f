//! What reading shows besides the ticket itself: counts, a contract's history, and the ticket's story.

use chrono::Duration;
use mind::domain::role::Permission;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{TICKET, add, add_tag, at, filter, patch, patch_all};
use crate::support::TestApp;

const STATS: &str = "/api/mind/ticket/stats";
const HISTORY: &str = "/api/mind/contract/746839/history";

#[tokio::test]
async fn what_is_not_closed_is_counted() {
    let app = TestApp::start().await;
    let (admin, agent) = (app.admin().await, app.agent().await);
    let empty = json!({"success": true, "total": 0, "intents": [], "groups": [], "tags": []});
    assert_eq!(agent.get(STATS).await.ok().body, empty);
    let (moving, gone) = (add_tag(&admin, "Umzug", "low").await, add_tag(&admin, "Weg", "low").await);
    for (tags, status) in [
        (json!([1, moving]), "open"),
        (json!([moving, gone]), "pending"),
        (json!([gone]), "open"),
        (json!([]), "open"),
        (json!([1, moving]), "closed"),
    ] {
        add(&agent, json!({"tags": tags, "status": status})).await;
    }
    admin.delete(&format!("/api/mind/tag/{gone}")).await.ok();
    add(&app.other_tenant().await, json!({"tags": [1]})).await;
    let tags = json!([{"id": moving, "name": "Umzug", "count": 2}, {"id": 1, "name": "Allgemein", "count": 1}]);
    assert_eq!(agent.get(STATS).await.ok().body, json!({"success": true, "total": 4, "intents": [], "groups": [], "tags": tags}));
}

#[tokio::test]
async fn a_contracts_history_is_its_tickets_and_its_supply() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let contract = agent.get("/api/mind/contract/746839").await.ok().body;
    let open = add(&agent, json!({"contractId": 746_839, "subject": "neu", "channel": "phone", "createdAt": "2026-01-10 09:00:00"})).await;
    let closed =
        add(&agent, json!({"contractId": "746839", "subject": "alt", "status": "closed", "createdAt": "1999-01-10 09:00:00"})).await;
    add(&agent, json!({"contractId": "746840"})).await;
    add(&app.other_tenant().await, json!({"contractId": "746839"})).await;
    let answer = agent.get(HISTORY).await.ok();
    let ticket = |id: i64, channel: &str, status: &str, subject: &str, at: i64| json!({"id": id, "type": "ticket", "channel": channel, "subChannel": null, "status": status, "subject": subject, "url": null, "createdAt": at});
    let delivery = |subject: &str, at: &Value| {
        json!({"id": null, "type": "delivery", "channel": null, "subChannel": null, "status": contract["status"], "subject": subject,
            "url": contract["erpUrls"][0]["url"], "createdAt": at})
    };
    let mut expected = vec![ticket(open, "phone", "open", "neu", 1_768_032_000), ticket(closed, "email", "closed", "alt", 915_955_200)];
    for (subject, date) in [("deliveryStart", &contract["startDate"]), ("deliveryEnd", &contract["endDate"])] {
        expected.extend((!date.is_null()).then(|| delivery(subject, date)));
    }
    assert!(expected.len() > 2, "the demo contract should have begun");
    expected.sort_by_key(|item| std::cmp::Reverse(item["createdAt"].as_i64()));
    let total = expected.len();
    assert_eq!(answer.body, json!({"success": true, "total": total, "totalOpenedTickets": 1, "history": expected}));
    assert_eq!(answer.header("x-erp-source"), "");
    for (offset, limit) in [(0, 1), (1, 1), (1, 2), (2, 5), (9, 1)] {
        let page = agent.get(&format!("{HISTORY}?offset={offset}&limit={limit}")).await.ok().body;
        let part: Vec<_> = expected.iter().skip(offset).take(limit).cloned().collect();
        assert_eq!((&page["history"], &page["total"]), (&json!(part), &json!(total)), "{offset} {limit}");
    }
    for (query, path) in [("limit=0", "limit"), ("limit=1001", "limit"), ("offset=-1", "offset"), ("page=1", "page")] {
        assert_eq!(agent.get(&format!("{HISTORY}?{query}")).await.problem(400, "invalidInput").path(), path);
    }
}

#[tokio::test]
async fn a_history_without_the_erp_is_the_tickets() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({"contractId": "746839"})).await;
    let unknown = add(&agent, json!({"contractId": "999999"})).await;
    let ids = |answer: crate::support::Answer| -> Vec<Value> {
        answer.ok().body["history"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
    };
    // Who may not read contracts sees the tickets; a contract that the ERP does not know may have some.
    let reader = app.with_permissions(&[Permission::ReadTicket]).await;
    assert_eq!(ids(reader.get(HISTORY).await), [json!(id)]);
    assert_eq!(app.sandbox_calls(None).await, 0);
    assert_eq!(ids(agent.get("/api/mind/contract/999999/history").await), [json!(unknown)]);
    agent.get("/api/mind/contract/888888/history").await.problem(404, "notFound");
    app.sandbox_faults(json!({"status": 500})).await;
    let answer = agent.get(HISTORY).await.ok();
    assert_eq!(answer.header("x-erp-source"), "unavailable");
    assert_eq!(ids(answer), [json!(id)]);
    app.nobody().await.get(HISTORY).await.problem(403, "permissionMissing");
}

#[tokio::test]
async fn the_log_tells_a_tickets_story() {
    let app = TestApp::start().await;
    let (admin, agent) = (app.admin().await, app.agent().await.header("accept-language", "en"));
    let tag = add_tag(&admin, "Umzug", "urgent").await;
    let id = add(&agent, json!({"subject": "x", "contractId": "746839"})).await;
    let other = add(&agent, json!({})).await;
    app.clock.advance(Duration::minutes(1));
    patch(&agent, id, &json!({"workedOnBy": app.demo.agent, "addTagIds": [tag]})).await.ok();
    app.clock.advance(Duration::minutes(1));
    patch_all(&admin, &json!([{"id": id, "status": "closed"}, {"id": other, "status": "closed"}])).await.ok();
    let search = "/api/mind/event/search?orderByField=e.id&orderByDirection=asc";
    let page = agent.post(search, &json!({"filters": [filter("e.ticketId", "=", id)]})).await.ok().body;
    let events = page["events"].as_array().unwrap();
    let told: Vec<_> = events.iter().map(|event| (event["type"].as_str().unwrap(), event["createdAt"].as_str().unwrap())).collect();
    let expected =
        [("ticketCreated", "2026-01-13 18:28:51"), ("ticketUpdated", "2026-01-13 18:29:51"), ("ticketUpdated", "2026-01-13 18:30:51")];
    assert_eq!(told, expected);
    let by: Vec<_> = events.iter().map(|event| event["user"]["id"].as_i64().unwrap()).collect();
    assert_eq!(by, [app.demo.agent.0, app.demo.agent.0, app.demo.admin.0]);
    let changes = json!({"agentId": {"old": null, "new": app.demo.agent}, "tagIds": {"old": [], "new": [tag]}, "priority": {"old": "low", "new": "urgent"}});
    assert_eq!(events[1]["data"], json!({"changes": changes}));
    assert_eq!((&events[2]["activity"], &events[2]["contractId"]), (&json!("closed the ticket"), &json!("746839")));
    let details = events[1]["details"].as_array().unwrap();
    for (label, value) in [("Agent", "Agent"), ("Priority", "Low → Urgent")] {
        assert!(details.iter().any(|line| line["label"] == label && line["value"] == value), "{details:?}");
    }
    assert!(details.iter().any(|line| line["value"].as_str().unwrap().contains("Umzug")), "{details:?}");
    let of_contract = agent.post(search, &json!({"filters": [filter("e.contractId", "=", "746839")]})).await.ok().body;
    assert_eq!(of_contract["pagination"]["total"], 3);
    let strangers = app.other_tenant().await.post(search, &json!({"filters": [filter("e.ticketId", "=", id)]})).await.ok().body;
    assert_eq!(strangers["events"], json!([]));
}

#[tokio::test]
async fn what_reading_cannot_do_yet_is_told() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({})).await;
    agent.get(&format!("{}?refresh=true", at(id))).await.problem(501, "notConfigured");
    agent.get(&format!("{}?refresh=no", at(id))).await.ok();
    for (query, path) in [("refresh=2", "refresh"), ("erpCacheOnly=x", "erpCacheOnly"), ("format=full", "format")] {
        assert_eq!(agent.get(&format!("{}?{query}", at(id))).await.problem(400, "invalidInput").path(), path, "{query}");
    }
    agent.get(&at(99_999)).await.problem(404, "notFound");
    app.anonymous().get(&at(id)).await.problem(401, "unauthenticated");
    assert_eq!(agent.get(&format!("{TICKET}/1.5")).await.problem(400, "invalidInput").path(), "ticketId");
}
