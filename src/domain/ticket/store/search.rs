//! Statements of the search. Without words they run under row level security and use its indexes; with words the functions
//! of migrations 0010, 0014 and 0015 find the ids.

use serde_json::json;
use sqlx::{FromRow, Postgres, QueryBuilder};

use super::row::{COLUMNS, Row};
use crate::{
    db::{InTenant, condition},
    domain::ticket::model::{
        search::{AI_AGENT, KeyType, Order, Search, Start, TAG},
        wire::TicketFields,
    },
    error::Result,
    http::filter::{Condition, Scalar, Test},
};

/// A row of a page with the text of its key, for the cursor.
pub type Keyed = (TicketFields, Option<String>);

#[derive(FromRow)]
struct KeyedRow {
    #[sqlx(flatten)]
    row: Row,
    sort_key: Option<String>,
}

/// Rows from a start on, in order.
pub async fn page(tx: &mut impl InTenant, search: &Search, start: &Start, take: i64) -> Result<Vec<Keyed>> {
    let order = search.order;
    let key = key(order);
    let mut query = QueryBuilder::new(format!("select {COLUMNS}, ({key})::text as sort_key from "));
    if let Some(q) = &search.q {
        let conditions: Vec<_> = search.conditions.iter().cloned().chain(start.condition(order)).collect();
        let past = if let Start::After(key, id) = start { Some(json!({"value": key, "id": id})) } else { None };
        query.push("search_ticket(").push_bind(q.clone()).push(", ").push_bind(json!(conditions));
        query.push(", ").push_bind(order.column).push(", ").push_bind(order.descending).push(", ").push_bind(past);
        query.push(", ").push_bind(search.offset).push(", ").push_bind(take);
        query.push(") with ordinality as found (id, place) join ticket t on t.id = found.id order by found.place");
    } else {
        query.push("ticket t where true");
        for condition in search.conditions.iter().chain(&start.condition(order)) {
            query.push(" and ");
            push(&mut query, condition);
        }
        if let Start::After(last, id) = start {
            push_past(&mut query, order, &key, last.as_deref(), *id);
        }
        let (direction, nulls) = if order.descending { ("desc", " nulls last") } else { ("asc", " nulls first") };
        let nulls = if order.nullable { nulls } else { "" };
        query.push(format!(" order by {key} {direction}{nulls}, t.id {direction} offset ")).push_bind(search.offset);
        query.push(" limit ").push_bind(take);
    }
    let rows: Vec<KeyedRow> = query.build_query_as().fetch_all(tx.connection()).await?;
    Ok(rows.into_iter().map(|keyed| (keyed.row.into(), keyed.sort_key)).collect())
}

/// How many tickets fit, counted up to `most`.
pub async fn count(tx: &mut impl InTenant, search: &Search, most: i64) -> Result<i64> {
    let mut query = QueryBuilder::new("select ");
    if let Some(q) = &search.q {
        query.push("search_ticket_count(").push_bind(q.clone()).push(", ").push_bind(json!(search.conditions));
        query.push(", ").push_bind(most).push(")");
    } else {
        query.push("count(*) from (select from ticket t where true");
        for condition in &search.conditions {
            query.push(" and ");
            push(&mut query, condition);
        }
        query.push(" limit ").push_bind(most).push(") found");
    }
    Ok(query.build_query_scalar().fetch_one(tx.connection()).await?)
}

fn key(order: Order) -> String {
    match order.key {
        KeyType::Rank => "t.priority_rank".to_owned(),
        _ => format!("t.{}", order.column),
    }
}

fn push_past(query: &mut QueryBuilder<Postgres>, order: Order, key: &str, last: Option<&str>, id: i64) {
    let side = if order.descending { "<" } else { ">" };
    let Some(last) = last else {
        query.push(format!(" and {key} is null and t.id {side} ")).push_bind(id);
        return;
    };
    let kind = match order.key {
        KeyType::Id => "bigint",
        KeyType::Date => "timestamptz",
        KeyType::Text => "text",
        KeyType::Rank => "integer",
    };
    query.push(format!(" and ({key}, t.id) {side} (")).push_bind(last.to_owned()).push(format!("::text::{kind}, ")).push_bind(id).push(")");
}

fn push(query: &mut QueryBuilder<Postgres>, condition: &Condition) {
    match condition.column {
        TAG => push_tag(query, condition),
        AI_AGENT => drop(query.push(if (condition.test == Test::Any) == condition.or_null { "true" } else { "false" })),
        _ => condition::push(query, "t", condition),
    }
}

fn push_tag(query: &mut QueryBuilder<Postgres>, condition: &Condition) {
    let tags: Vec<i64> = condition.values.iter().filter_map(|value| if let Scalar::Id(id) = value { Some(*id) } else { None }).collect();
    if condition.test == Test::None {
        query.push("not ");
    }
    query.push("(exists (select from ticket_tag l where l.ticket_id = t.id and l.tag_id = any(").push_bind(tags).push("))");
    if condition.or_null {
        query.push(" or not exists (select from ticket_tag l where l.ticket_id = t.id)");
    }
    query.push(")");
}
