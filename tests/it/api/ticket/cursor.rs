//! Pages by cursor: together they are the whole list, whatever others write meanwhile.

use std::collections::BTreeMap;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{SEARCH, TICKET, add, filter, filter::EVERYWHERE, filter::Shelf, ids, patch, patch_all};
use crate::support::{Client, TestApp};

const FIELDS: [&str; 24] = [
    "t.id",
    "t.status",
    "t.channel",
    "t.direction",
    "t.priority",
    "t.createdAt",
    "t.modifiedAt",
    "t.lastMessageAt",
    "t.lastCustomerMessageAt",
    "t.dueBy",
    "t.firstResponseDueBy",
    "t.closedAt",
    "t.agentId",
    "t.responderId",
    "t.contractId",
    "t.customerId",
    "t.aiSupportLevel",
    "t.sentiment",
    "t.language",
    "t.languageCode",
    "t.from",
    "t.subject",
    "t.externalTicketId",
    "t.spamStatus",
];

/// All pages of a search, one after the other. What happens between two pages is up to `meanwhile`.
async fn pages(client: &Client, search: &Value, mut meanwhile: impl AsyncFnMut(usize)) -> Vec<i64> {
    let mut body = search.clone();
    let mut seen = Vec::new();
    for number in 0.. {
        let page = client.post(SEARCH, &body).await.ok().body;
        let rows = ids(&page);
        assert!(rows.len() <= usize::try_from(body["limit"].as_u64().unwrap()).unwrap());
        seen.extend(rows);
        body["cursor"] = page["nextCursor"].clone();
        if body["cursor"].is_null() {
            break;
        }
        assert!(number < 200, "no end: {search}");
        meanwhile(number).await;
    }
    seen
}

async fn quietly(client: &Client, search: &Value) -> Vec<i64> {
    pages(client, search, async |_| {}).await
}

/// Equal keys and missing ones are where pages lose rows or show them twice.
#[tokio::test]
async fn every_order_has_every_row_once() {
    let shelf = Shelf::fill().await;
    for field in FIELDS {
        for filters in [json!([]), json!([filter("q", "=", EVERYWHERE)])] {
            let mut whole = Vec::new();
            for direction in ["asc", "desc"] {
                let search = json!({"orderByField": field, "orderByDirection": direction, "filters": filters, "limit": 100});
                let at_once = ids(&shelf.agent.post(SEARCH, &search).await.ok().body);
                let mut sorted = at_once.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, shelf.ids, "{search}");
                for limit in 1..=5 {
                    let mut search = search.clone();
                    search["limit"] = limit.into();
                    assert_eq!(quietly(&shelf.agent, &search).await, at_once, "{search}");
                }
                whole.push(at_once);
            }
            whole[1].reverse();
            assert_eq!(whole[0], whole[1], "one direction is the other backwards: {field} {filters}");
        }
    }
}

#[tokio::test]
async fn what_has_no_value_is_least_and_priorities_have_their_rank() {
    let shelf = Shelf::fill().await;
    for (field, ascending) in [
        ("t.dueBy", [1, 2, 3, 4, 0]),
        ("t.closedAt", [0, 1, 3, 4, 2]),
        ("t.modifiedAt", [0, 3, 4, 1, 2]),
        ("t.priority", [0, 4, 3, 1, 2]),
        ("priority", [0, 4, 3, 1, 2]),
        ("t.createdAt", [0, 1, 2, 3, 4]),
        ("t.agentId", [0, 2, 3, 4, 1]),
        ("t.lastCustomerMessageAt", [2, 3, 0, 1, 4]),
        ("t.customerId", [1, 3, 4, 0, 2]),
        ("t.from", [3, 1, 0, 4, 2]),
    ] {
        for filters in [json!([]), json!([filter("q", "=", EVERYWHERE)])] {
            for (direction, expected) in [("asc", ascending.to_vec()), ("desc", ascending.into_iter().rev().collect())] {
                let search = json!({"orderByField": field, "orderByDirection": direction, "filters": filters});
                let found = ids(&shelf.agent.post(SEARCH, &search).await.ok().body);
                let places: Vec<usize> = found.iter().map(|id| shelf.ids.iter().position(|own| own == id).unwrap()).collect();
                assert_eq!(places, expected, "{search}");
            }
        }
    }
}

/// Thirty tickets, ten to a moment.
async fn thirty(agent: &Client) -> Vec<i64> {
    let mut all = Vec::new();
    for number in 0..30 {
        let day = 1 + number / 10;
        all.push(
            add(agent, json!({"createdAt": format!("2026-01-0{day} 10:00:00"), "subject": "alt", "body": EVERYWHERE, "tags": [1]})).await,
        );
    }
    all
}

fn times(seen: &[i64]) -> BTreeMap<i64, usize> {
    let mut times = BTreeMap::new();
    for id in seen {
        *times.entry(*id).or_default() += 1;
    }
    times
}

/// Whoever works through a list while mail comes in must meet every ticket, and none twice.
#[tokio::test]
async fn others_who_write_move_no_row() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let old = thirty(&agent).await;
    for filters in [json!([]), json!([filter("q", "=", EVERYWHERE)])] {
        for direction in ["asc", "desc"] {
            let search = json!({"orderByField": "t.createdAt", "orderByDirection": direction, "filters": filters, "limit": 4});
            let meanwhile = async |number: usize| {
                // New ones at both ends and in the middle, changes of the rows just shown and of those to come.
                for created in ["2025-12-01 10:00:00", "2026-01-02 10:00:00", "2026-01-13 10:00:00"] {
                    add(&agent, json!({"createdAt": created, "body": EVERYWHERE})).await;
                }
                let items: Vec<Value> = old.iter().skip(number).step_by(3).map(|id| json!({"id": id, "status": "closed"})).collect();
                patch_all(&agent, &json!(items)).await.ok();
                patch(&agent, old[number % old.len()], &json!({"status": "open", "priority": "urgent", "removeTagIds": [1]})).await.ok();
            };
            let seen = times(&pages(&agent, &search, meanwhile).await);
            for id in &old {
                assert_eq!(seen.get(id), Some(&1), "{id} {search}");
            }
            assert!(seen.values().all(|times| *times == 1), "{seen:?}");
        }
    }
}

/// Rows whose place changes may be missed or come again; all others not, also those without a value.
#[tokio::test]
async fn a_row_that_moves_moves_no_other() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for direction in ["asc", "desc"] {
        let old = thirty(&agent).await;
        for id in &old[..10] {
            patch(&agent, *id, &json!({"dueBy": "2026-02-01"})).await.ok();
        }
        let own = json!({"key": "t.id", "comparator": "in", "values": old});
        let search = json!({"orderByField": "t.dueBy", "orderByDirection": direction, "filters": [own], "limit": 3});
        let moved = &old[15..20];
        let meanwhile = async |number: usize| {
            let id = moved[number % moved.len()];
            let due = if number.is_multiple_of(2) { json!("2026-03-01") } else { Value::Null };
            patch(&agent, id, &json!({"dueBy": due})).await.ok();
        };
        let seen = times(&pages(&agent, &search, meanwhile).await);
        for id in old.iter().filter(|id| !moved.contains(id)) {
            assert_eq!(seen.get(id), Some(&1), "{id} {direction}");
        }
    }
}

/// Closing what one has read is how a list is worked off: the filter then loses rows that offset would skip.
#[tokio::test]
async fn a_list_that_shrinks_loses_nothing() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let old = thirty(&agent).await;
    let search = json!({"filters": [filter("t.status", "=", "open")], "limit": 7, "orderByField": "t.createdAt"});
    let mut body = search.clone();
    let mut seen = Vec::new();
    loop {
        let page = agent.post(SEARCH, &body).await.ok().body;
        let items: Vec<Value> = ids(&page).iter().map(|id| json!({"id": id, "status": "closed"})).collect();
        patch_all(&agent, &json!(items)).await.ok();
        seen.extend(ids(&page));
        assert_eq!(page["total"], 30, "what the first page counted");
        body["cursor"] = page["nextCursor"].clone();
        if body["cursor"].is_null() {
            break;
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, old);
    assert_eq!(agent.post(SEARCH, &search).await.ok().body["total"], 0);
}

#[tokio::test]
async fn a_cursor_goes_on_with_the_search_that_gave_it() {
    let shelf = Shelf::fill().await;
    let agent = &shelf.agent;
    let search =
        json!({"filters": [filter("t.priority", "!=", "urgent")], "orderByField": "t.createdAt", "orderByDirection": "asc", "limit": 2});
    let first = agent.post(SEARCH, &search).await.ok().body;
    let with = |changes: Value| {
        let mut body = search.clone();
        body["cursor"] = first["nextCursor"].clone();
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    };
    // The same question in other words, and another number of rows, is the same search.
    let filters = json!([{"key": "priority", "comparator": "!=", "values": ["urgent", "urgent"]}]);
    for same in [json!({}), json!({"limit": 5}), json!({"orderByField": "createdAt"}), json!({"filters": filters}), json!({"offset": 0})] {
        let rest = ids(&agent.post(SEARCH, &with(same.clone())).await.ok().body);
        assert_eq!(rest, shelf.ids[3..], "{same}");
    }
    let forged = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    let known = {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(first["nextCursor"].as_str().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let bent = |key: &str, value: Value| {
        let mut cursor = known.clone();
        cursor[key] = value;
        json!({"cursor": forged(&cursor.to_string())})
    };
    for other in [
        json!({"orderByDirection": "desc"}),
        json!({"orderByField": "t.id"}),
        json!({"filters": []}),
        json!({"filters": [filter("t.priority", "!=", "low")]}),
        json!({"filters": [filter("t.priority", "!=", "urgent"), filter("q", "=", EVERYWHERE)]}),
        json!({"ticketScope": "skills"}),
        json!({"offset": 1}),
        json!({"cursor": ""}),
        json!({"cursor": "x"}),
        json!({"cursor": "ä"}),
        json!({"cursor": forged("{}")}),
        json!({"cursor": forged("[]")}),
        bent("k", json!("yesterday")),
        bent("k", json!("2026-13-01 10:00:00+00")),
        bent("k", json!("2026-01-01 10:00:00+00'; drop table ticket; --")),
        bent("k", json!(null)),
        bent("i", json!("1")),
        bent("i", json!(1e300)),
        bent("s", json!("x")),
        bent("x", json!(1)),
    ] {
        agent.post(SEARCH, &with(other.clone())).await.problem(409, "conflict");
    }
    // A cursor says where to go on, and not who may read: another tenant's shows nothing of that tenant.
    assert_eq!(ids(&shelf.app.other_tenant().await.post(SEARCH, &with(json!({}))).await.ok().body).len(), 1);
    shelf.app.nobody().await.post(SEARCH, &with(json!({}))).await.problem(403, "permissionMissing");
    agent.get(&format!("{TICKET}/stats")).await.ok();
}

/// Keys with characters of any kind come back as they are.
#[tokio::test]
async fn a_cursor_holds_any_text() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for subject in ["Ä", "a", "'", "\\", "%", "\u{1f600}", "", " ", "{\"a\":1}", "ß", "A", "ａ"] {
        add(&agent, json!({"subject": subject, "body": EVERYWHERE})).await;
    }
    for filters in [json!([]), json!([filter("q", "=", EVERYWHERE)])] {
        for direction in ["asc", "desc"] {
            let search = json!({"orderByField": "t.subject", "orderByDirection": direction, "filters": filters, "limit": 1});
            assert_eq!(times(&quietly(&agent, &search).await).len(), 12, "{search}");
        }
    }
}
