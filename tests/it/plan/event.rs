//! The log: of one ticket, of one contract, all of it, and as a feed.

use mind::domain::event::store::{Position, list_past};
use serde_json::{Value, json};

use super::{Probe, TIMES, search::filter};

impl Probe {
    async fn events(&mut self, what: &str, most: u32, query: &str, filters: Value) {
        self.listen().await;
        for _ in 0..TIMES {
            let path = format!("/api/mind/event/search?limit=50{query}");
            let answer = self.client.post(&path, &json!({"filters": filters})).await.ok();
            assert_ne!(answer.body["events"].as_array().map(Vec::len), Some(0), "{what}: no events prove nothing");
        }
        self.judge(what, most).await;
    }
}

/// A page comes with the count of all, up to 10,000.
pub async fn events(probe: &mut Probe) {
    let mut tx = probe.tx().await;
    let (ticket, contract): (i64, String) =
        sqlx::query_as("select id, contract_id from ticket where contract_id is not null order by id offset 5000 limit 1")
            .fetch_one(tx.connection())
            .await
            .unwrap();
    let middle: Position = {
        let (xid, id) = sqlx::query_as::<_, (i64, i64)>("select xid::text::bigint, id from event order by xid, id offset 50000 limit 1")
            .fetch_one(tx.connection())
            .await
            .unwrap();
        Position { xid, id }
    };
    tx.commit().await.unwrap();
    probe.events("events of a ticket", 100, "", json!([filter("e.ticketId", "=", ticket)])).await;
    probe.events("events of a ticket, by id", 100, "&orderByField=e.id", json!([filter("e.ticketId", "=", ticket)])).await;
    probe.events("events of a contract", 100, "", json!([filter("e.contractId", "=", contract)])).await;
    // Counting reads the table until it has 10,000, and as many again of other types and tenants as lie in between.
    probe.events("all events", 12_000, "", json!([])).await;
    probe.events("all events by id", 12_000, "&orderByField=e.id&orderByDirection=asc", json!([])).await;
    probe.events("events of a type", 45_000, "", json!([filter("e.type", "=", "ticketUpdated")])).await;
    let day = json!([{"key": "e.createdAt", "comparator": "between", "from": "2025-11-01", "to": "2025-11-01"}]);
    probe.events("events of a day", 1_000, "", day).await;

    probe.listen().await;
    for past in [Position::default(), middle] {
        let mut tx = probe.tx().await;
        for _ in 0..TIMES {
            assert_eq!(list_past(&mut tx, past, 500).await.unwrap().len(), 500);
        }
        tx.commit().await.unwrap();
    }
    probe.judge("the feed", 600).await;
}
