//! Every order that a search can ask for, in both directions: its first page, one in the middle, and where keys are null.

use mind::domain::ticket::{
    model::search::{AI_AGENT, FIELDS, Search, Start, TAG},
    store::search as store,
};
use serde_json::json;

use super::{
    Probe,
    search::{PAGE, filter, search},
    stock::TICKETS,
};

/// Orders that an index brings. The others sort what the filters leave.
const INDEXED: [&str; 6] = ["id", "created_at", "modified_at", "last_message_at", "due_by", "priority"];

/// Pages of all tickets in every order that has an index, and of the open ones in the others: those sort what the filters
/// leave, without a filter everything.
pub async fn orders(probe: &mut Probe) {
    for field in FIELDS.iter().filter(|field| ![TAG, AI_AGENT].contains(&field.column)) {
        let indexed = INDEXED.contains(&field.column);
        for direction in ["desc", "asc"] {
            let mut search = search(json!({"orderByField": field.keys[0], "orderByDirection": direction}));
            if !indexed {
                search.conditions = self::search(json!({"filters": [filter("t.status", "=", "open")]})).conditions;
            }
            for (place, start) in places(probe, &search).await {
                let what = format!("order by {} {direction}, {place}", field.column);
                search.start = start;
                match place {
                    _ if indexed => probe.page(&what, PAGE, &search).await,
                    "in the middle" => {}
                    // With a plan for any parameters, whatever has an id below: all of them.
                    "among the nulls" => probe.page_in_tx(&what, 250_000, &search).await,
                    // What is not closed, by an index of it and then in the table.
                    _ => probe.page_in_tx(&what, 40_000, &search).await,
                }
            }
        }
    }
}

/// Where pages begin: first, in the middle of the keys, and in the middle of those without one, as cursors name them.
async fn places(probe: &Probe, search: &Search) -> Vec<(&'static str, Start)> {
    let mut places = vec![("first", Start::First)];
    let mut tx = probe.tx().await;
    let mut search = search.clone();
    let values = if search.order.nullable { Start::Values } else { Start::First };
    search.offset = if search.conditions.is_empty() { TICKETS / 3 } else { 50 };
    if let Some((ticket, key)) = store::page(&mut tx, &search, &values, 1).await.unwrap().pop() {
        places.push(("in the middle", Start::After(key, ticket.id.0)));
    }
    if search.order.nullable {
        search.offset = 3;
        if let Some((ticket, key)) = store::page(&mut tx, &search, &Start::Nulls, 1).await.unwrap().pop() {
            assert_eq!(key, None);
            places.push(("among the nulls", Start::After(None, ticket.id.0)));
        }
    }
    tx.commit().await.unwrap();
    places
}
