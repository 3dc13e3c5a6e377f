//! A search: what is wrong with it is named, its totals, its bounds, and who may search.

use mind::domain::role::Permission;
use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use super::{SEARCH, add, add_many, filter, filter::EVERYWHERE, filter::Shelf, found, ids};
use crate::support::TestApp;

#[tokio::test]
async fn a_wrong_filter_is_named() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let key = |key: &str, comparator: &str, parts: Value| {
        let mut filter = json!({"key": key, "comparator": comparator});
        filter.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
        filter
    };
    let one = |value: Value| json!({"value": value});
    for (wrong, path) in [
        (key("t.gone", "=", one(json!(1))), "key"),
        (key("T.ID", "=", one(json!(1))), "key"),
        (key("t.id; drop table ticket", "=", one(json!(1))), "key"),
        (key("t.id", "==", one(json!(1))), "comparator"),
        (key("t.id", "like", one(json!("1%"))), "comparator"),
        (key("t.status", ">", one(json!("open"))), "comparator"),
        (key("t.status", "like", one(json!("o%"))), "comparator"),
        (key("t.subject", "between", json!({"from": "a", "to": "b"})), "comparator"),
        (key("t.createdAt", "in", json!({"values": ["2026-01-01"]})), "comparator"),
        (key("q", ">", one(json!("x"))), "comparator"),
        (key("t.id", "=", one(json!("abc"))), "value"),
        (key("t.id", "=", one(json!(1.5))), "value"),
        (key("t.id", "=", one(json!(true))), "value"),
        (key("t.id", "=", one(json!(null))), "value"),
        (key("t.id", "=", one(json!([1]))), "value"),
        (key("t.id", "=", json!({})), "value"),
        (key("t.id", "in", json!({"values": [1, "x"]})), "values[1]"),
        (key("t.id", "in", json!({"values": []})), "values"),
        (key("t.id", "in", json!({"values": vec![1; 1001]})), "values"),
        (key("t.id", "in", json!({"values": 5})), "values"),
        (key("t.id", ">", json!({"values": [1, 2]})), "values"),
        (key("t.id", "=", json!({"value": 1, "values": [1]})), "values"),
        (key("t.id", "between", json!({"from": 1})), "to"),
        (key("t.id", "between", json!({"to": 1})), "from"),
        (key("t.id", "between", json!({"from": 1, "to": "x"})), "to"),
        (key("t.id", "between", json!({"values": [1]})), "values"),
        (key("t.id", "=", json!({"value": 1, "from": 1})), "from"),
        (key("t.id", "=", json!({"value": 1, "vlaue": 1})), "vlaue"),
        (key("t.status", "=", one(json!("gone"))), "value"),
        (key("t.status", "in", json!({"values": ["open", "gone"]})), "values[1]"),
        (key("t.status", "!=", one(json!(null))), "value"),
        (key("t.channel", "!=", one(json!("all"))), "value"),
        (key("t.createdAt", "=", one(json!("yesterday"))), "value"),
        (key("t.createdAt", "=", one(json!(null))), "value"),
        (key("t.createdAt", "between", json!({"from": "2026-01-01", "to": "2026-02-30"})), "to"),
        (key("t.dueBy", "!=", one(json!("2026-01-01"))), "value"),
        (key("t.subject", "=", one(json!(5))), "value"),
        (key("t.subject", "=", one(json!("x".repeat(1001)))), "value"),
        (key("t.subject", "like", one(json!("x\\"))), "value"),
        (key("t.subject", "like", one(json!(null))), "value"),
        (key("t.subject", "=", one(json!("a\u{0}"))), "value"),
        (key("t.contractId", "=", one(json!("x".repeat(51)))), "value"),
        (key("tt.tagId", "=", one(json!("x"))), "value"),
        (key("q", "=", one(json!("   "))), "value"),
        (key("q", "=", one(json!("x".repeat(201)))), "value"),
        (key("q", "=", one(json!(5))), "value"),
    ] {
        let filters = json!({"filters": [filter("t.status", "=", "open"), wrong]});
        let answer = agent.post(SEARCH, &filters).await;
        let expected = (400, "invalidInput", format!("filters[1].{path}"));
        assert_eq!((answer.status.as_u16(), answer.code(), answer.path().to_owned()), expected, "{wrong}: {}", answer.text);
    }
    let many = vec![filter("t.status", "=", "open"); 51];
    assert_eq!(agent.post(SEARCH, &json!({"filters": many})).await.problem(400, "invalidInput").path(), "filters");
    agent.post(SEARCH, &json!({"filters": many[..50]})).await.ok();
    let twice = [filter("q", "=", "a"), filter("q", "=", "b")];
    assert_eq!(agent.post(SEARCH, &json!({"filters": twice})).await.problem(400, "invalidInput").path(), "filters[1].key");
    agent.post(SEARCH, &json!({"filters": [{"key": "t.id", "comparator": "in", "values": vec![1; 1000]}]})).await.ok();
}

#[tokio::test]
async fn a_wrong_search_is_named() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for (body, path) in [
        (json!({"limit": 0}), "limit"),
        (json!({"limit": 1001}), "limit"),
        (json!({"limit": 1.5}), "limit"),
        (json!({"limit": null}), "limit"),
        (json!({"offset": -1}), "offset"),
        (json!({"offset": 2_147_483_648_i64}), "offset"),
        (json!({"orderByField": "t.gone"}), "orderByField"),
        (json!({"orderByField": "tt.tagId"}), "orderByField"),
        (json!({"orderByField": "i.aiAgentId"}), "orderByField"),
        (json!({"orderByField": "q"}), "orderByField"),
        (json!({"orderByField": "from_norm"}), "orderByField"),
        (json!({"orderByField": 5}), "orderByField"),
        (json!({"orderByDirection": "up"}), "orderByDirection"),
        (json!({"orderByDirection": "ASC"}), "orderByDirection"),
        (json!({"ticketScope": "all"}), "ticketScope"),
        (json!({"cursor": 5}), "cursor"),
        (json!({"exactTotal": "yes"}), "exactTotal"),
        (json!({"filters": {}}), "filters"),
        (json!({"filters": [5]}), "filters[0]"),
        (json!({"filters": [{"comparator": "=", "value": 1}]}), "filters[0].key"),
        (json!({"filters": [{"key": "t.id", "value": 1}]}), "filters[0].comparator"),
        (json!({"filter": []}), "filter"),
        (json!([]), ""),
    ] {
        let answer = agent.post(SEARCH, &body).await;
        assert_eq!((answer.status.as_u16(), answer.code(), answer.path()), (400, "invalidInput", path), "{body}: {}", answer.text);
    }
    assert_eq!(agent.post(&format!("{SEARCH}?ticketScope=all"), &json!({})).await.problem(400, "invalidInput").path(), "ticketScope");
    assert_eq!(agent.post(&format!("{SEARCH}?limit=5"), &json!({})).await.problem(400, "invalidInput").path(), "limit");
    for body in [json!({"limit": 1.0}), json!({"limit": "1000"}), json!({"offset": 2_147_483_647}), json!({"cursor": null})] {
        agent.post(SEARCH, &body).await.ok();
    }
}

#[tokio::test]
async fn a_search_for_nothing_in_particular_finds_the_newest() {
    let shelf = Shelf::fill().await;
    let empty = shelf.agent.send(Method::POST, SEARCH, None).await.ok().body;
    let newest_first: Vec<i64> = [4, 3, 2, 1, 0].map(|place| shelf.ids[place]).into();
    assert_eq!(ids(&empty), newest_first);
    assert_eq!(shelf.agent.post(SEARCH, &json!({})).await.ok().body, empty);
    let mut page = empty.clone();
    page["tickets"] = json!(null);
    let rest = json!({"tickets": null, "total": 5, "totalIsCapped": false, "nextCursor": null, "offset": 0, "limit": 100, "success": true});
    assert_eq!(page, rest);
    // As reading it, without what only reading shows.
    let mut ticket = shelf.agent.get(&super::at(shelf.ids[1])).await.ok().body;
    let fields = ticket.as_object_mut().unwrap();
    for key in ["body", "bodyPlain", "bodyClean", "attachments", "template", "workitem", "intents", "rawData"] {
        fields.remove(key).unwrap();
    }
    fields.insert("customer".into(), json!({"tagIds": [], "tags": []}));
    assert_eq!(empty["tickets"][3], ticket);
    assert_eq!(ticket["workedOnBy"][0]["id"], shelf.app.demo.agent.0);
}

#[tokio::test]
async fn rows_can_be_skipped() {
    let shelf = Shelf::fill().await;
    for (offset, limit, places, more) in [
        (0, 2, vec![0, 1], true),
        (2, 2, vec![2, 3], true),
        (4, 2, vec![4], false),
        (3, 2, vec![3, 4], false),
        (5, 2, vec![], false),
        (9, 2, vec![], false),
    ] {
        for filters in [json!([]), json!([filter("q", "=", EVERYWHERE)])] {
            let body = json!({"filters": filters, "offset": offset, "limit": limit, "orderByField": "t.id", "orderByDirection": "asc"});
            let page = shelf.agent.post(SEARCH, &body).await.ok().body;
            assert_eq!(ids(&page), places.iter().map(|&place: &usize| shelf.ids[place]).collect::<Vec<_>>(), "{body}");
            assert_eq!((&page["total"], &page["offset"], &page["limit"]), (&json!(5), &json!(offset), &json!(limit)), "{body}");
            assert_eq!(page["nextCursor"].is_string(), more, "{body}");
        }
    }
    // Going on from a page that began further down.
    let body = json!({"offset": 1, "limit": 2, "orderByField": "t.id", "orderByDirection": "asc"});
    let cursor = shelf.agent.post(SEARCH, &body).await.ok().body["nextCursor"].clone();
    let body = json!({"cursor": cursor, "limit": 2, "orderByField": "t.id", "orderByDirection": "asc"});
    let page = shelf.agent.post(SEARCH, &body).await.ok().body;
    assert_eq!((ids(&page), &page["total"]), (shelf.ids[3..].to_vec(), &json!(5)));
}

#[tokio::test]
async fn totals_are_exact_up_to_ten_thousand() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    add_many(&app, 10_000).await;
    let total = async |body: Value| {
        let page = agent.post(SEARCH, &body).await.ok().body;
        (page["total"].as_i64().unwrap(), page["totalIsCapped"].as_bool().unwrap())
    };
    let word = || json!([filter("q", "=", "Serie")]);
    for filters in [json!([]), word(), json!([filter("t.status", "=", "open")])] {
        assert_eq!(total(json!({"filters": filters, "limit": 1})).await, (10_000, false), "{filters}");
    }
    assert_eq!(total(json!({"offset": 9_999})).await, (10_000, false));
    add_many(&app, 5).await;
    for filters in [json!([]), word()] {
        assert_eq!(total(json!({"filters": filters, "limit": 1})).await, (10_000, true), "{filters}");
        assert_eq!(total(json!({"filters": filters, "limit": 1, "exactTotal": true})).await, (10_005, false), "{filters}");
        assert_eq!(total(json!({"filters": filters, "limit": 1, "offset": 20_000})).await, (10_000, true), "{filters}");
    }
    // Words that so many have are searched in another way, and find the same.
    for (field, direction) in [("t.createdAt", "desc"), ("t.id", "asc"), ("t.dueBy", "asc"), ("t.priority", "desc")] {
        let mut answers = Vec::new();
        for filters in [json!([filter("t.status", "=", "open")]), json!([filter("t.status", "=", "open"), filter("q", "=", "Serie")])] {
            let mut body = json!({"filters": filters, "orderByField": field, "orderByDirection": direction, "limit": 300});
            let first = agent.post(SEARCH, &body).await.ok().body;
            body["cursor"] = first["nextCursor"].clone();
            let second = agent.post(SEARCH, &body).await.ok().body;
            answers.push([ids(&first), ids(&second)].concat());
        }
        assert_eq!(answers[0].len(), 600, "{field}");
        assert_eq!(answers[0], answers[1], "{field}");
    }
    // The pages after the first tell its total, whatever it was.
    let first = agent.post(SEARCH, &json!({"limit": 1})).await.ok().body;
    assert_eq!(total(json!({"limit": 1, "cursor": first["nextCursor"]})).await, (10_000, true));
    let first = agent.post(SEARCH, &json!({"limit": 1, "exactTotal": true})).await.ok().body;
    assert_eq!(total(json!({"limit": 1, "cursor": first["nextCursor"], "exactTotal": true})).await, (10_005, false));
}

#[tokio::test]
async fn the_scope_of_skills_leaves_spam_out() {
    let shelf = Shelf::fill().await;
    let clean: Vec<i64> = [0, 1, 3].map(|place| shelf.ids[place]).into();
    let word = json!([filter("q", "=", EVERYWHERE)]);
    for (query, body) in [
        ("", json!({"ticketScope": "skills"})),
        ("?ticketScope=skills", json!({})),
        ("?ticketScope=skills", json!({"ticketScope": null, "filters": word})),
        ("", json!({"ticketScope": "skills", "filters": word})),
    ] {
        let mut found = ids(&shelf.agent.post(&format!("{SEARCH}{query}"), &body).await.ok().body);
        found.sort_unstable();
        assert_eq!(found, clean, "{query} {body}");
    }
}

#[tokio::test]
async fn who_may_not_read_tickets_finds_none() {
    let app = TestApp::start().await;
    let id = add(&app.agent().await, json!({"subject": "x"})).await;
    let writer = app.with_permissions(&[Permission::UpdateTicket]).await;
    for client in [app.nobody().await, writer] {
        client.post(SEARCH, &json!({})).await.problem(403, "permissionMissing");
        client.get(&super::at(id)).await.problem(403, "permissionMissing");
        client.get("/api/mind/ticket/stats").await.problem(403, "permissionMissing");
    }
    app.anonymous().post(SEARCH, &json!({})).await.problem(401, "unauthenticated");
    assert_eq!(found(&app.with_permissions(&[Permission::ReadTicket]).await, json!([])).await, [id]);
    assert_eq!(found(&app.other_tenant().await, json!([])).await, Vec::<i64>::new());
    assert_eq!(found(&app.other_tenant().await, json!([filter("t.id", "=", id)])).await, Vec::<i64>::new());
}
