//! Pages and counts of `POST /ticket/search`.

use mind::{
    db::InTenant,
    domain::ticket::{
        model::search::{COUNTED, Search, SearchTickets, Start},
        store::search as store,
    },
};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::{
    Probe, TIMES,
    stock::{COMMON, MEDIUM, RARE, TICKETS},
};

/// What a page of fifty may look at: its tickets with a few tags each, and some that do not fit.
pub const PAGE: u32 = 1_000;

/// A search as a client sends it.
pub fn search(body: Value) -> Search {
    let mut body = body;
    body["limit"] = json!(50);
    serde_json::from_value::<SearchTickets>(body).unwrap().read(None).unwrap()
}

pub fn filter(key: &str, comparator: &str, value: impl Into<Value>) -> Value {
    json!({"key": key, "comparator": comparator, "value": value.into()})
}

fn filtered(filters: Value) -> Search {
    let mut body = json!({});
    body["filters"] = filters;
    search(body)
}

async fn page(tx: &mut impl InTenant, search: &Search) -> usize {
    store::page(tx, search, &search.start, search.limit + 1).await.unwrap().len()
}

impl Probe {
    /// A page in a transaction and in a read.
    pub async fn page(&mut self, what: &str, most: u32, search: &Search) {
        self.listen().await;
        let (mut tx, mut read) = (self.tx().await, self.read().await);
        for _ in 0..TIMES {
            let (one, other) = (page(&mut tx, search).await, page(&mut read, search).await);
            assert!(one > 0 && one == other, "{what}: {one} and {other} rows prove nothing");
        }
        tx.commit().await.unwrap();
        drop(read);
        self.judge(what, most).await;
    }

    /// A page in a transaction.
    pub async fn page_in_tx(&mut self, what: &str, most: u32, search: &Search) {
        self.listen().await;
        let mut tx = self.tx().await;
        for _ in 0..TIMES {
            assert!(page(&mut tx, search).await > 0, "{what}: no rows prove nothing");
        }
        tx.commit().await.unwrap();
        self.judge(what, most).await;
    }

    async fn count(&mut self, what: &str, most: u32, search: &Search) {
        self.listen().await;
        let (mut tx, mut read) = (self.tx().await, self.read().await);
        for _ in 0..TIMES {
            let one = store::count(&mut tx, search, COUNTED + 1).await.unwrap();
            let other = store::count(&mut read, search, COUNTED + 1).await.unwrap();
            assert!(one > 0 && one == other, "{what}: {one} and {other} prove nothing");
        }
        tx.commit().await.unwrap();
        drop(read);
        self.judge(what, most).await;
    }

    /// Values of a ticket that has them all.
    async fn known(&self) -> (String, String, String, String) {
        let mut tx = self.tx().await;
        sqlx::query_as(
            "select contract_id, customer_id, from_norm, external_ticket_id from ticket
             where external_ticket_id is not null and contract_id is not null order by id offset 1000 limit 1",
        )
        .fetch_one(tx.connection())
        .await
        .unwrap()
    }
}

/// An agent of those who work on tickets.
async fn agent(probe: &Probe) -> i64 {
    let mut tx = probe.tx().await;
    sqlx::query_scalar("select id from profile where last_name = '3'").fetch_one(tx.connection()).await.unwrap()
}

/// Filters that narrow it down to few tickets, which may then be counted and ordered at will.
async fn narrow(probe: &Probe) -> Vec<(&'static str, Search)> {
    let (contract, customer, from, external) = probe.known().await;
    vec![
        ("contractId", filtered(json!([filter("t.contractId", "=", contract)]))),
        ("customerId", filtered(json!([filter("t.customerId", "=", customer.clone())]))),
        (
            "customerId, open or pending",
            filtered(
                json!([filter("t.customerId", "=", customer), {"key": "t.status", "comparator": "in", "values": ["open", "pending", "closed"]}]),
            ),
        ),
        ("from", filtered(json!([filter("t.from", "=", from)]))),
        ("externalTicketId", filtered(json!([filter("t.externalTicketId", "=", external)]))),
        ("id", filtered(json!([{"key": "t.id", "comparator": "in", "values": [1500, 1501, 77_000]}]))),
        ("a rare tag", filtered(json!([{"key": "tt.tagId", "comparator": "in", "values": [213]}]))),
        ("a day", filtered(json!([{"key": "t.createdAt", "comparator": "between", "from": "2025-11-01", "to": "2025-11-01"}]))),
    ]
}

/// Filters that leave thousands.
async fn wide(probe: &Probe) -> Vec<(&'static str, Search)> {
    let agent = agent(probe).await;
    let states = |values: Value| json!({"key": "t.status", "comparator": "in", "values": values});
    vec![
        ("everything", filtered(json!([]))),
        ("open and urgent", filtered(json!([filter("t.status", "=", "open"), filter("t.priority", "=", "urgent")]))),
        ("open or pending", filtered(json!([states(json!(["open", "pending"]))]))),
        ("not closed", filtered(json!([filter("t.status", "!=", "closed")]))),
        ("closed", filtered(json!([filter("t.status", "=", "closed")]))),
        ("an agent's", filtered(json!([filter("t.agentId", "=", agent)]))),
        ("an agent's open ones", filtered(json!([filter("t.agentId", "=", agent), filter("t.status", "=", "open")]))),
        ("nobody's open ones", filtered(json!([filter("t.agentId", "=", Value::Null), filter("t.status", "=", "open")]))),
        ("by mail", filtered(json!([filter("t.channel", "=", "email")]))),
        ("three frequent tags", filtered(json!([{"key": "tt.tagId", "comparator": "in", "values": [201, 202, 203]}]))),
        (
            "a frequent tag, open",
            filtered(json!([{"key": "tt.tagId", "comparator": "in", "values": [201]}, filter("t.status", "=", "open")])),
        ),
        ("a month", filtered(json!([{"key": "t.createdAt", "comparator": "between", "from": "2025-10-01", "to": "2025-10-31"}]))),
        ("skills", search(json!({"ticketScope": "skills"}))),
    ]
}

/// First pages, newest first; pages further down by cursor; and by offset, which costs what it skips.
pub async fn pages(probe: &mut Probe) {
    for (what, search) in narrow(probe).await.into_iter().chain(wide(probe).await) {
        probe.page(&format!("page, {what}"), PAGE, &search).await;
    }
    for (what, mut search) in wide(probe).await {
        search.offset = 200;
        probe.page(&format!("page, {what}, offset 200"), 8 * PAGE, &search).await;
        let mut tx = probe.tx().await;
        let (ticket, key) = store::page(&mut tx, &search, &Start::First, 1).await.unwrap().pop().unwrap();
        tx.commit().await.unwrap();
        search.offset = 0;
        search.start = Start::After(key, ticket.id.0);
        probe.page(&format!("page, {what}, by cursor"), 2 * PAGE, &search).await;
    }
}

/// Counts end at 10,000, so that is what they may read, and what does not fit in between.
pub async fn counts(probe: &mut Probe) {
    for (what, search) in narrow(probe).await {
        probe.count(&format!("count, {what}"), PAGE, &search).await;
    }
    for (what, search) in wide(probe).await {
        // Links of tags are read from one end: up to here that is less work than asking for those of 10,000 tickets.
        let most = if what.contains("tag") { 140_000 } else { 45_000 };
        probe.count(&format!("count, {what}"), most, &search).await;
    }
}

/// Words, alone and with filters: a page and a count of each, which may look at so many rows.
pub async fn words(probe: &mut Probe) {
    let q = |words: &str| filter("q", "=", words);
    let (open, urgent) = (filter("t.status", "=", "open"), filter("t.priority", "=", "urgent"));
    let rare_tag = json!({"key": "tt.tagId", "comparator": "in", "values": [213]});
    let two = format!("{COMMON} wort0");
    let tagged = "exists (select from ticket_tag l where l.ticket_id = t.id and l.tag_id = 213)";
    for (what, words, filters, condition, offset, page, count) in [
        ("a rare word", RARE, vec![], "true", 0, 100, 100),
        ("a rare word, closed", RARE, vec![filter("t.status", "=", "closed")], "t.status = 'closed'", 0, 100, 100),
        // As many as it is found in; an index of words knows no order. Or as many as are open.
        ("a word of one in a hundred", MEDIUM, vec![], "true", 0, 6_000, 6_000),
        ("a word of one in a hundred, open", MEDIUM, vec![open.clone()], "t.status = 'open'", 0, 30_000, 30_000),
        // Whether it is common is told by the index of words alone: 30,000 entries of it, and 5,000 rows.
        ("a common word", COMMON, vec![], "true", 0, 40_000, 60_000),
        ("a common word, open and urgent", COMMON, vec![open, urgent], "t.status = 'open' and t.priority = 'urgent'", 0, 40_000, 60_000),
        ("a common word, a rare tag", COMMON, vec![rare_tag], tagged, 0, 40_000, 1_000),
        ("two common words", two.as_str(), vec![], "true", 0, 40_000, 60_000),
        ("a common word, offset 3000", COMMON, vec![], "true", 3_000, 200_000, 60_000),
    ] {
        let mut search = filtered(Value::from([filters, vec![q(words)]].concat()));
        search.offset = offset;
        probe.page(&format!("page, {what}"), page, &search).await;
        probe.count(&format!("count, {what}"), count, &search).await;
        same_without_index(probe, &search, words, condition).await;
    }
    assert_eq!(TICKETS, 100_000, "the bounds above are of that many");
}

/// The functions of the search take one way or another; all lead to what a plain statement finds.
async fn same_without_index(probe: &Probe, search: &Search, words: &str, condition: &str) {
    let mut tx = probe.tx().await;
    let found = store::page(&mut tx, search, &search.start, 51).await.unwrap();
    let plain = format!(
        "select t.id from ticket t join ticket_content c on c.ticket_id = t.id
         where c.terms @@ ticket_terms_query($1) and {condition} order by t.created_at desc, t.id desc offset $2 limit 51"
    );
    let expected: Vec<i64> =
        sqlx::query_scalar(AssertSqlSafe(plain)).bind(words).bind(search.offset).fetch_all(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(found.iter().map(|(ticket, _)| ticket.id.0).collect::<Vec<_>>(), expected, "{words}, {condition}");
}
