//! Looking at tickets one by one, making and changing them.

use mind::domain::{
    attachment::{AttachmentId, store as attachment},
    idempotency::{
        Attempt,
        store::{self as idempotency, Claimant},
    },
    profile::ProfileId,
    ticket::{TicketId, service, store},
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Probe, TIMES};

const TICKET: &str = "/api/mind/ticket";

impl Probe {
    async fn patch(&self, path: &str, body: &Value) {
        self.client.send(Method::PATCH, path, Some(("application/json", body.to_string()))).await.ok();
    }
}

/// A ticket, several, with what belongs to them; a contract's history; how many are open.
pub async fn reads(probe: &mut Probe) {
    let mut tx = probe.tx().await;
    let (id, contract, file): (i64, String, i64) = sqlx::query_as(
        "select t.id, t.contract_id, a.id from ticket t join attachment a on a.ticket_id = t.id
         where t.contract_id is not null order by t.id offset 5000 limit 1",
    )
    .fetch_one(tx.connection())
    .await
    .unwrap();
    tx.commit().await.unwrap();

    probe.listen().await;
    let (mut tx, mut read) = (probe.tx().await, probe.read().await);
    let many: Vec<TicketId> = (0..100).map(|n| TicketId(id + n)).collect();
    for _ in 0..TIMES {
        assert!(service::show(&probe.node, &mut tx, TicketId(id), true).await.unwrap().is_some());
        assert!(service::show(&probe.node, &mut read, TicketId(id), false).await.unwrap().is_some());
        assert_eq!(attachment::list(&mut tx, TicketId(id)).await.unwrap().len(), 1);
        assert_eq!(attachment::list(&mut read, TicketId(id)).await.unwrap().len(), 1);
        assert!(attachment::find(&mut read, AttachmentId(file)).await.unwrap().is_some());
    }
    tx.commit().await.unwrap();
    drop(read);
    probe.judge("a ticket", 20).await;

    probe.listen().await;
    let (mut tx, mut read) = (probe.tx().await, probe.read().await);
    for _ in 0..TIMES {
        assert_eq!(service::list(&mut tx, &many).await.unwrap().len(), 100);
        assert_eq!(service::list(&mut read, &many).await.unwrap().len(), 100);
    }
    tx.commit().await.unwrap();
    drop(read);
    probe.judge("a hundred tickets", 500).await;

    probe.listen().await;
    for _ in 0..TIMES {
        let path = format!("{TICKET}/{id}?erpCacheOnly=true");
        assert_eq!(probe.client.get(&path).await.ok().body["id"], id);
        let path = format!("/api/mind/contract/{contract}/history");
        assert_ne!(probe.client.get(&path).await.ok().body["total"], 0);
    }
    probe.judge("a ticket and a contract's history", 50).await;

    probe.listen().await;
    let mut read = probe.read().await;
    let agent: i64 = sqlx::query_scalar("select id from profile where last_name = '3'").fetch_one(read.connection()).await.unwrap();
    for _ in 0..TIMES {
        assert_eq!(store::list_open_of(&mut read, ProfileId(agent), 50).await.unwrap().len(), 50);
    }
    drop(read);
    probe.judge("somebody's open tickets", 100).await;

    // As much as is open, and its tags; nothing of what is closed.
    probe.listen().await;
    for _ in 0..TIMES {
        assert_ne!(probe.client.get(&format!("{TICKET}/stats")).await.ok().body["total"], 0);
    }
    probe.judge("how many are open", 60_000).await;
}

/// With the log, the tags, the keys of retries, and what foreign keys ask.
pub async fn writes(probe: &mut Probe) {
    probe.listen().await;
    for number in 0..TIMES {
        let body = json!({"from": "kunde@example.com", "subject": "Zählerstand", "body": "<p>12345</p>", "tags": [201, 202],
            "contractId": "1001000", "externalTicketId": format!("new-{number}")});
        let client = probe.client.clone().header("idempotency-key", &format!("key-{number}"));
        let path = format!("{TICKET}?process=false");
        let id = client.post(&path, &body).await.ok().body["id"].clone();
        assert_eq!(client.post(&path, &body).await.ok().body["id"], id, "a retry");
        let mut again = body.clone();
        again["body"] = json!("<p>67890</p>");
        assert_eq!(probe.client.post(&path, &again).await.ok().body["id"], id, "a known externalTicketId");
    }
    probe.judge("creating", 50).await;

    probe.listen().await;
    for number in 0..TIMES {
        let body = json!({"status": if number % 2 == 0 { "closed" } else { "open" }, "addTagIds": [203 + number], "removeTagIds": [201],
            "subject": format!("Anliegen {number}"), "workedOnBy": probe.test.demo.agent.0});
        probe.patch(&format!("{TICKET}/60001"), &body).await;
    }
    probe.judge("changing one", 50).await;

    probe.listen().await;
    for number in 0..TIMES {
        let items: Vec<Value> = (0..100)
            .map(|n| json!({"id": 30_000 + 7 * n, "priority": if number % 2 == 0 { "low" } else { "high" }, "addTagIds": [201 + number]}))
            .collect();
        probe.patch(TICKET, &json!(items)).await;
    }
    // Reading their tags comes to a handful of rows each.
    probe.judge("changing a hundred", 1_500).await;

    let now = probe.node.now();
    probe.listen().await;
    let mut tx = probe.tx().await;
    for number in 0..TIMES {
        let attempt = Attempt::new("POST", TICKET, &format!("claim-{number}"), "", b"");
        let claimant = Claimant { profile: probe.test.demo.agent, attempt, id: Uuid::new_v4() };
        assert!(idempotency::insert(&mut tx, &claimant, now, now).await.unwrap());
        assert!(idempotency::find(&mut tx, &claimant).await.unwrap().is_some());
        assert!(idempotency::take_over(&mut tx, &claimant, now, now, now).await.unwrap());
        assert!(idempotency::finish(&mut tx, &claimant, b"sealed", Some("ticket/new")).await.unwrap());
        idempotency::release(&mut tx, &claimant).await.unwrap();
        assert_eq!(idempotency::erase(&mut tx, "ticket/new").await.unwrap(), 1);
    }
    tx.commit().await.unwrap();
    probe.judge("keys of retries", 20).await;
}
