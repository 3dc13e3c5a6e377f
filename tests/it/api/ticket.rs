//! Tickets: what a message becomes, who may change it, and how it is found.

mod bulk;
mod change;
mod choice;
mod concurrency;
mod create;
mod cursor;
mod erp;
mod filter;
mod input;
mod known;
mod search;
mod show;
mod text;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp, TestTenant};

const TICKET: &str = "/api/mind/ticket";
const SEARCH: &str = "/api/mind/ticket/search";

fn at(id: i64) -> String {
    format!("{TICKET}/{id}")
}

/// Creates a ticket and answers its id.
async fn add(client: &Client, body: Value) -> i64 {
    id_of(&client.post(TICKET, &body).await.ok().body)
}

fn id_of(ticket: &Value) -> i64 {
    ticket["id"].as_i64().unwrap()
}

async fn patch(client: &Client, id: i64, body: &Value) -> Answer {
    client.send(Method::PATCH, &at(id), Some(("application/json", body.to_string()))).await
}

async fn patch_all(client: &Client, items: &Value) -> Answer {
    client.send(Method::PATCH, TICKET, Some(("application/json", items.to_string()))).await
}

/// Adds a tag for tickets that makes their priority what it says.
async fn add_tag(admin: &Client, name: &str, priority: &str) -> i64 {
    let body = json!({"name": name, "reference": "ticket", "type": "skill", "priority": priority});
    id_of(&admin.post("/api/mind/tag", &body).await.ok().body)
}

fn filter(key: &str, comparator: &str, value: impl Into<Value>) -> Value {
    json!({"key": key, "comparator": comparator, "value": value.into()})
}

/// A whole number as some clients write it: JSON does not tell 5 from 5.0.
fn float(number: i64) -> Value {
    serde_json::from_str(&format!("{number}.0")).unwrap()
}

/// Ids on a page, in its order.
fn ids(page: &Value) -> Vec<i64> {
    page["tickets"].as_array().unwrap().iter().map(id_of).collect()
}

/// Ids of all tickets that fit, least first.
async fn found(client: &Client, filters: Value) -> Vec<i64> {
    let body = json!({"filters": filters, "orderByField": "t.id", "orderByDirection": "asc", "limit": 1000});
    ids(&client.post(SEARCH, &body).await.ok().body)
}

/// Events about a ticket, oldest first.
async fn story(app: &TestApp, tenant: &TestTenant, id: i64) -> Vec<(String, Value)> {
    let mut tx = app.tx(tenant).await;
    let rows: Vec<(String, Value)> =
        sqlx::query_as("select type, data from event where ticket_id = $1 order by id").bind(id).fetch_all(tx.connection()).await.unwrap();
    rows
}

/// What the last event about a ticket says that changed.
async fn last_changes(app: &TestApp, id: i64) -> Value {
    let (kind, data) = story(app, &app.demo, id).await.pop().unwrap();
    assert_eq!(kind, "ticketUpdated");
    data["changes"].clone()
}

/// How many tickets a tenant has.
async fn count(app: &TestApp, tenant: &TestTenant) -> i64 {
    let mut tx = app.tx(tenant).await;
    sqlx::query_scalar("select count(*) from ticket").fetch_one(tx.connection()).await.unwrap()
}

/// Adds many tickets at once, each with the subject `Serie`, and answers their ids.
async fn add_many(app: &TestApp, many: i32) -> Vec<i64> {
    let mut tx = app.tx(&app.demo).await;
    let sql = "with new as (
            insert into ticket (status, priority, channel, direction, subject, created_at, last_message_at)
            select 'open', 'low', 'email', 'in', 'Serie', $2, $2 from generate_series(1, $1) returning id)
        insert into ticket_content (ticket_id, terms) select id, ticket_terms('Serie', null, null) from new returning ticket_id";
    let mut ids: Vec<i64> = sqlx::query_scalar(sql).bind(many).bind(app.now()).fetch_all(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    ids.sort_unstable();
    ids
}
