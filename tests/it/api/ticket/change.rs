//! Changing a ticket: what differs is written and logged, a stale version is refused.

use chrono::Duration;
use mind::domain::role::Permission;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{add, add_tag, at, float, last_changes, patch, story};
use crate::support::{TestApp, guarded};

#[tokio::test]
async fn every_field_that_people_change_is_written_and_logged() {
    let app = TestApp::start().await;
    let (admin, agent) = (app.admin().await, app.agent().await);
    let (high, plain) = (add_tag(&admin, "A", "high").await, add_tag(&admin, "B", "do-not-change").await);
    let id = add(&agent, json!({"subject": "x"})).await;
    let mut version = 1;
    let moment = json!("2026-01-20T08:00:00Z");
    for (body, shown, changes) in [
        (json!({"contractId": 715_559}), json!({"contractId": "715559"}), json!({"contractId": {"old": null, "new": "715559"}})),
        (json!({"contractId": null}), json!({"contractId": null}), json!({"contractId": {"old": "715559", "new": null}})),
        (json!({"customerId": "C-987"}), json!({"customerId": "C-987"}), json!({"customerId": {"old": null, "new": "C-987"}})),
        (json!({"customerId": null}), json!({"customerId": null}), json!({"customerId": {"old": "C-987", "new": null}})),
        (json!({"status": "waitingOnCustomer"}), json!({"status": "pending"}), json!({"status": {"old": "open", "new": "pending"}})),
        (json!({"priority": "urgent"}), json!({"priority": "urgent"}), json!({"priority": {"old": "low", "new": "urgent"}})),
        (json!({"dueBy": 1_768_896_000}), json!({"dueBy": "2026-01-20 09:00:00"}), json!({"dueBy": {"old": null, "new": moment}})),
        (json!({"dueBy": null}), json!({"dueBy": null}), json!({"dueBy": {"old": moment, "new": null}})),
        (
            json!({"firstResponseDueBy": "2026-01-20 09:00:00"}),
            json!({"firstResponseDueBy": "2026-01-20 09:00:00"}),
            json!({"firstResponseDueBy": {"old": null, "new": moment}}),
        ),
        (
            json!({"firstResponseDueBy": null}),
            json!({"firstResponseDueBy": null}),
            json!({"firstResponseDueBy": {"old": moment, "new": null}}),
        ),
        (
            json!({"spamStatus": "manual_spam"}),
            json!({"spamStatus": "manual_spam"}),
            json!({"spamStatus": {"old": null, "new": "manual_spam"}}),
        ),
        (json!({"spamStatus": null}), json!({"spamStatus": null}), json!({"spamStatus": {"old": "manual_spam", "new": null}})),
        (json!({"isEscalated": true}), json!({"isEscalated": true}), json!({"isEscalated": {"old": false, "new": true}})),
        (
            json!({"additionalData": {"markedAsSafe": true}}),
            json!({"additionalData": {"markedAsSafe": true}}),
            json!({"additionalData": {"old": {}, "new": {"markedAsSafe": true}}}),
        ),
        (json!({"tagIds": [1, plain]}), json!({"tagIds": [1, plain]}), json!({"tagIds": {"old": [], "new": [1, plain]}})),
        (
            json!({"addTagIds": [high], "removeTagIds": [1, 99_999], "priority": "low"}),
            json!({"tagIds": [high, plain], "priority": "low"}),
            json!({"tagIds": {"old": [1, plain], "new": [high, plain]}, "priority": {"old": "urgent", "new": "low"}}),
        ),
        (json!({"tagIds": []}), json!({"tagIds": [], "tags": []}), json!({"tagIds": {"old": [high, plain], "new": []}})),
        (
            json!({"addTagIds": [float(high)]}),
            json!({"tagIds": [high], "priority": "high"}),
            json!({"tagIds": {"old": [], "new": [high]}, "priority": {"old": "low", "new": "high"}}),
        ),
    ] {
        let answer = patch(&agent, id, &body).await.ok();
        version += 1;
        assert_eq!(answer.body["success"], true);
        let ticket = &answer.body["ticket"];
        assert_eq!((&ticket["version"], answer.header("etag")), (&json!(version), format!("\"{id}-{version}\"").as_str()), "{body}");
        for (key, value) in shown.as_object().unwrap() {
            assert_eq!(&ticket[key], value, "{body}");
        }
        assert_eq!(last_changes(&app, id).await, changes, "{body}");
        assert_eq!(agent.get(&at(id)).await.ok().body["version"], version);
    }
    let mut tx = app.tx(&app.demo).await;
    let by: Vec<Option<i64>> =
        sqlx::query_scalar("select distinct created_by from event where type like 'ticket%'").fetch_all(tx.connection()).await.unwrap();
    assert_eq!(by, [Some(app.demo.agent.0)]);
}

#[tokio::test]
async fn closing_says_when_and_opening_forgets_it() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({})).await;
    let mut told = Vec::new();
    for status in ["closed", "resolved", "open", "pending", "closed"] {
        app.clock.advance(Duration::minutes(1));
        let ticket = patch(&agent, id, &json!({"status": status})).await.ok().body["ticket"].clone();
        told.push((ticket["status"].as_str().unwrap().to_owned(), ticket["closedAt"].clone(), ticket["version"].as_i64().unwrap()));
    }
    let closed = |at: &str, version: i64| ("closed".to_owned(), json!(at), version);
    let expected = [
        closed("2026-01-13 18:29:51", 2),
        // Closed already: nothing changes.
        closed("2026-01-13 18:29:51", 2),
        ("open".to_owned(), Value::Null, 3),
        ("pending".to_owned(), Value::Null, 4),
        closed("2026-01-13 18:33:51", 5),
    ];
    assert_eq!(told, expected);
    let changes = json!({"status": {"old": "pending", "new": "closed"}, "closedAt": {"old": null, "new": "2026-01-13T17:33:51Z"}});
    assert_eq!(last_changes(&app, id).await, changes);
}

#[tokio::test]
async fn a_ticket_is_assigned_under_two_names() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({})).await;
    let (one, two) = (app.demo.agent.0, app.demo.admin.0);
    for (body, assigned) in [
        (json!({"workedOnBy": one}), Some(one)),
        (json!({"workedOnBy": []}), Some(one)),
        (json!({"agentId": two}), Some(two)),
        (json!({"workedOnBy": [{"id": one}]}), Some(two)),
        (json!({"workedOnBy": null}), None),
        (json!({"agentId": float(one)}), Some(one)),
        (json!({"agentId": null}), None),
    ] {
        let ticket = patch(&agent, id, &body).await.ok().body["ticket"].clone();
        assert_eq!(ticket["agentId"], json!(assigned), "{body}");
        let workers: Vec<_> = ticket["workedOnBy"].as_array().unwrap().iter().map(|worker| worker["id"].as_i64().unwrap()).collect();
        assert_eq!(workers, assigned.into_iter().collect::<Vec<_>>(), "{body}");
    }
    let worker = patch(&agent, id, &json!({"workedOnBy": one})).await.ok().body["ticket"]["workedOnBy"][0].clone();
    for (key, value) in
        [("firstName", json!("Agent")), ("email", json!("agent@demo.example")), ("type", json!("enneo")), ("isSsoOnly", json!(0))]
    {
        assert_eq!(worker[key], value);
    }
    for key in ["lastName", "phone", "lastSeen", "lang", "nameAlias", "externalId"] {
        assert!(worker.get(key).is_some(), "{key}");
    }
    for (body, path) in [(json!({"workedOnBy": 99_999}), "workedOnBy"), (json!({"agentId": app.other.agent.0}), "agentId")] {
        assert_eq!(patch(&agent, id, &body).await.problem(409, "conflict").path(), path, "{body}");
    }
    assert_eq!(agent.get(&at(id)).await.ok().body["agentId"], one);
}

#[tokio::test]
async fn a_whole_ticket_sent_back_changes_nothing() {
    let app = TestApp::start().await;
    let (admin, agent) = (app.admin().await, app.agent().await);
    let tag = add_tag(&admin, "A", "urgent").await;
    let body = json!({"from": "Tom <tom@mustermann.de>", "to": ["a@x.de"], "subject": "x", "body": "<p>x</p>", "tags": [tag], "priority": "low",
        "contractId": "746839", "externalTicketId": "E", "dueBy": "2026-01-20T08:00:00.5Z", "firstResponseDueBy": 1_768_896_000,
        "additionalData": {"b": 1, "a": 2}, "status": "closed"});
    let id = add(&agent, body).await;
    patch(&agent, id, &json!({"workedOnBy": app.demo.agent})).await.ok();
    let before = agent.get(&format!("{}?includeRawData=true", at(id))).await.ok();
    app.clock.advance(Duration::hours(1));
    let after = patch(&agent, id, &before.body).await.ok();
    assert_eq!((&after.body["ticket"]["version"], after.header("etag")), (&json!(2), before.header("etag")));
    // And as the changing call itself answers it.
    patch(&agent, id, &after.body["ticket"]).await.ok();
    assert_eq!(story(&app, &app.demo, id).await.len(), 2);
    assert_eq!(agent.get(&at(id)).await.ok().body["modifiedAt"], "2026-01-13 18:28:51");
}

#[tokio::test]
async fn what_cannot_be_changed_is_ignored_and_what_is_not_known_refused() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({"subject": "x", "body": "x", "from": "a@x.de"})).await;
    let ignored = json!({"id": 99, "version": 99, "subject": "y", "body": "y", "from": "b@x.de", "channel": "fax", "createdAt": 5, "closedAt": 5,
        "externalTicketId": "E", "direction": {}, "tags": "none", "customer": null, "rawData": 1, "aiSupportLevel": 1, "summary": 1});
    let answer = patch(&agent, id, &ignored).await.ok();
    assert_eq!((&answer.body["ticket"]["subject"], &answer.body["ticket"]["version"]), (&json!("x"), &json!(1)));
    for (body, path) in [
        (json!({"status": "closed", "statsu": "closed"}), "statsu"),
        (json!({"status": "gone"}), "status"),
        (json!({"status": 5}), "status"),
        (json!({"priority": "highest"}), "priority"),
        (json!({"spamStatus": "spam"}), "spamStatus"),
        (json!({"contractId": ""}), "contractId"),
        (json!({"customerId": "x".repeat(51)}), "customerId"),
        (json!({"workedOnBy": "me"}), "workedOnBy"),
        (json!({"workedOnBy": 1.5}), "workedOnBy"),
        (json!({"agentId": []}), "agentId"),
        (json!({"dueBy": "soon"}), "dueBy"),
        (json!({"firstResponseDueBy": -5}), "firstResponseDueBy"),
        (json!({"tagIds": 1}), "tagIds"),
        (json!({"tagIds": [1, "x"]}), "tagIds[1]"),
        (json!({"addTagIds": [null]}), "addTagIds[0]"),
        (json!({"removeTagIds": vec![1; 201]}), "removeTagIds"),
        (json!({"isEscalated": 1}), "isEscalated"),
        (json!({"additionalData": "x"}), "additionalData"),
        (json!([]), ""),
        (json!(null), ""),
    ] {
        let answer = patch(&agent, id, &body).await;
        assert_eq!((answer.status.as_u16(), answer.code(), answer.path()), (400, "invalidInput", path), "{body}: {}", answer.text);
    }
    for (body, path) in
        [(json!({"tagIds": [1, 99_999]}), "tagIds[1]"), (json!({"addTagIds": [99_999], "status": "closed"}), "addTagIds[0]")]
    {
        assert_eq!(patch(&agent, id, &body).await.problem(409, "conflict").path(), path);
    }
    let ticket = agent.get(&at(id)).await.ok().body;
    assert_eq!((&ticket["status"], &ticket["tagIds"], &ticket["version"]), (&json!("open"), &json!([]), &json!(1)));
}

#[tokio::test]
async fn a_stale_version_is_refused() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({})).await;
    let seen = agent.get(&at(id)).await.ok().header("etag").to_owned();
    assert_eq!(seen, format!("\"{id}-1\""));
    patch(&agent, id, &json!({"priority": "high"})).await.ok();
    for stale in [seen.clone(), format!("W/{seen}"), format!("\"0-2\", {seen}"), "nonsense".into(), String::new()] {
        let late = agent.clone().header("if-match", &stale);
        let answer = patch(&late, id, &json!({"priority": "low"})).await.problem(412, "preconditionFailed");
        assert!(answer.body["details"].as_str().unwrap().contains(&format!("\"{id}-2\"")), "{}", answer.text);
    }
    assert_eq!(story(&app, &app.demo, id).await.len(), 2);
    for (version, fresh) in [format!("\"{id}-2\""), format!("W/\"{id}-3\""), "*".into(), format!("\"1-1\", \"{id}-5\"")].iter().enumerate()
    {
        let priority = ["low", "medium"][version % 2];
        let answer = patch(&agent.clone().header("if-match", fresh), id, &json!({"priority": priority})).await.ok();
        assert_eq!(answer.header("etag"), format!("\"{id}-{}\"", version + 3));
    }
    patch(&agent.header("if-match", "*"), 99_999, &json!({})).await.problem(404, "notFound");
}

/// Two people open the same ticket and both save: the second must learn of the first.
#[tokio::test]
async fn of_two_that_saw_the_same_version_one_wins() {
    guarded(async {
        let app = TestApp::start().await;
        let agent = app.agent().await;
        for _ in 0..10 {
            let id = add(&agent, json!({})).await;
            let client = agent.clone().header("if-match", &format!("\"{id}-1\""));
            let (high, urgent) = (json!({"priority": "high"}), json!({"priority": "urgent"}));
            let (one, other) = tokio::join!(patch(&client, id, &high), patch(&client, id, &urgent));
            let mut statuses = [one.status.as_u16(), other.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412], "{} {}", one.text, other.text);
        }
    })
    .await;
}

#[tokio::test]
async fn only_work_that_counts_is_in_the_worklog() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({})).await;
    for (query, priority, mark) in
        [("", "high", None), ("?includeInWorklog=false", "low", Some(false)), ("?includeInWorklog=yes", "high", None)]
    {
        let path = format!("{}{query}", at(id));
        let body = json!({"priority": priority}).to_string();
        agent.send(reqwest::Method::PATCH, &path, Some(("application/json", body))).await.ok();
        let (_, data) = story(&app, &app.demo, id).await.pop().unwrap();
        assert_eq!(data.get("includeInWorklog").and_then(Value::as_bool), mark, "{query}");
    }
    let path = format!("{}?includeInWorklog=maybe", at(id));
    let answer = agent.send(reqwest::Method::PATCH, &path, Some(("application/json", "{}".to_owned()))).await.problem(400, "invalidInput");
    assert_eq!(answer.path(), "includeInWorklog");
}

#[tokio::test]
async fn who_may_not_change_tickets_changes_none() {
    let app = TestApp::start().await;
    let id = add(&app.agent().await, json!({})).await;
    let body = json!({"status": "closed"});
    let reader = app.with_permissions(&[Permission::ReadTicket]).await;
    for client in [app.nobody().await, reader] {
        patch(&client, id, &body).await.problem(403, "permissionMissing");
        patch(&client, 99_999, &body).await.problem(403, "permissionMissing");
        super::patch_all(&client, &json!([{"id": id, "status": "closed"}])).await.problem(403, "permissionMissing");
    }
    patch(&app.anonymous(), id, &body).await.problem(401, "unauthenticated");
    let other = app.other_tenant().await;
    patch(&other, id, &body).await.problem(404, "notFound");
    patch(&other, 99_999, &body).await.problem(404, "notFound");
    assert_eq!(story(&app, &app.demo, id).await.len(), 1);
}

/// The harm: whoever clears the tags with null is told that it worked.
#[tokio::test]
async fn null_is_refused_where_there_is_no_nothing() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({})).await;
    for field in ["tagIds", "addTagIds", "removeTagIds", "status", "priority", "isEscalated", "additionalData"] {
        let answer = patch(&agent, id, &json!({field: null})).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), field);
    }
    assert_eq!(story(&app, &app.demo, id).await.len(), 1);
}

/// The harm: one event that cannot be read takes the page of everybody's events with it.
#[tokio::test]
async fn free_data_has_bounds() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({})).await;
    let deep = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
    patch(&agent, id, &json!({"additionalData": deep(64)})).await.ok();
    agent.post("/api/mind/event/search", &json!({})).await.ok();
    for bad in [json!({"additionalData": deep(65)}), json!({"additionalData": {"a": "x".repeat(65_536)}})] {
        assert_eq!(patch(&agent, id, &bad).await.problem(400, "invalidInput").path(), "additionalData");
        assert_eq!(agent.post("/api/mind/ticket", &bad).await.problem(400, "invalidInput").path(), "additionalData");
    }
    let raw = json!({"rawData": deep(65)});
    assert_eq!(agent.post("/api/mind/ticket", &raw).await.problem(400, "invalidInput").path(), "rawData");
}

/// An hour of October stands twice on the clock.
#[tokio::test]
async fn a_ticket_is_sent_back_as_it_was_read_in_the_night_of_the_clocks() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let due = "2026-10-25T01:30:00Z";
    let id = add(&agent, json!({"dueBy": due})).await;
    let read = agent.get(&at(id)).await.ok().body;
    assert_eq!(read["dueBy"], "2026-10-25 02:30:00");
    let answer = patch(&agent, id, &json!({"dueBy": read["dueBy"]})).await.ok();
    assert_eq!(answer.body["ticket"]["version"], 1);
}
