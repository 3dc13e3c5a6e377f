//! Many people at the same tickets.

use futures::future::join_all;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{add_many, add_tag, patch, patch_all};
use crate::support::{Client, TestApp, guarded};

const CLIENTS: u64 = 32;
const CALLS: u64 = 8;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn shuffle(&mut self, ids: &[i64]) -> Vec<i64> {
        let mut left = ids.to_vec();
        let mut mixed = Vec::new();
        while !left.is_empty() {
            let at = self.below(left.len());
            mixed.push(left.swap_remove(at));
        }
        mixed
    }

    fn change(&mut self, tags: &[i64]) -> Value {
        let tag = tags[self.below(tags.len())];
        match self.below(5) {
            0 => json!({"status": (["open", "pending", "closed"][self.below(3)])}),
            1 => json!({"priority": (["low", "medium", "high", "urgent"][self.below(4)])}),
            2 => json!({"addTagIds": [tag]}),
            3 => json!({"removeTagIds": [tag]}),
            _ => json!({"tagIds": [tag], "dueBy": 1_768_896_000 + self.below(1000)}),
        }
    }
}

async fn work(client: &Client, seed: u64, ids: &[i64], tags: &[i64]) {
    let mut dice = Dice(seed);
    for _ in 0..CALLS {
        if dice.below(2) == 0 {
            let id = ids[dice.below(ids.len())];
            patch(client, id, &dice.change(tags)).await.ok();
            continue;
        }
        let mut items = Vec::new();
        for id in dice.shuffle(ids) {
            let mut item = dice.change(tags);
            item["id"] = id.into();
            items.push(item);
        }
        let answer = patch_all(client, &json!(items)).await.ok();
        assert_eq!(answer.body["failed"], json!([]));
        assert_eq!(answer.body["tickets"].as_array().unwrap().len(), ids.len());
    }
}

/// Deadlocks of the app's database. What a connection counted is only sure to be there once it is closed.
async fn deadlocks(app: &TestApp) -> i64 {
    let mut connection = app.database.connect().await;
    sqlx::query_scalar("select deadlocks from pg_stat_database where datname = current_database()")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

/// Two lists in opposite order must not wait for each other, and no change may be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_and_single_changes_neither_deadlock_nor_get_lost() {
    guarded(async {
        let app = TestApp::start().await;
        let (admin, agent) = (app.admin().await, app.agent().await);
        let ids = add_many(&app, 50).await;
        let tags = [1, add_tag(&admin, "A", "high").await, add_tag(&admin, "B", "low").await];
        let before = deadlocks(&app).await;
        join_all((0..CLIENTS).map(|seed| work(&agent, seed * 7_919 + 1, &ids, &tags))).await;
        let mut tx = app.tx(&app.demo).await;
        let wrong: Vec<(i64, i64, i64)> = sqlx::query_as(
            "select t.id, t.version, count(e.id) from ticket t left join event e on e.ticket_id = t.id and e.type = 'ticketUpdated'
             group by t.id, t.version having t.version <> 1 + count(e.id)",
        )
        .fetch_all(tx.connection())
        .await
        .unwrap();
        assert_eq!(wrong, []);
        // The story of each ticket is one: what a change found is what the one before it left.
        let broken: Vec<(i64, String)> = sqlx::query_as(
            "select ticket_id, key from (
                 select e.ticket_id, c.key, (c.value -> 'old')::text as old,
                     lag((c.value -> 'new')::text) over (partition by e.ticket_id, c.key order by e.id) as left_behind
                 from event e, json_each(e.data -> 'changes') c where e.type = 'ticketUpdated') steps
             where left_behind is not null and left_behind <> old",
        )
        .fetch_all(tx.connection())
        .await
        .unwrap();
        assert_eq!(broken, []);
        let changed: i64 =
            sqlx::query_scalar("select count(*) from event where type = 'ticketUpdated'").fetch_one(tx.connection()).await.unwrap();
        assert!(changed > 1_000, "the test must change something: {changed}");
        drop(tx);
        app.app.db().close().await;
        assert_eq!(deadlocks(&app).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_ticket_that_is_sent_and_changed_at_once_keeps_both() {
    guarded(async {
        let app = TestApp::start().await;
        let agent = app.agent().await;
        for round in 0..10 {
            let external = format!("EXT-{round}");
            let id = super::add(&agent, json!({"externalTicketId": external, "subject": "alt"})).await;
            let (sent, change) = (json!({"externalTicketId": external, "subject": "neu"}), json!({"priority": "urgent"}));
            let (one, other) = tokio::join!(agent.post(super::TICKET, &sent), patch(&agent, id, &change));
            one.ok();
            other.ok();
            let ticket = agent.get(&super::at(id)).await.ok().body;
            assert_eq!(
                (&ticket["subject"], &ticket["priority"], &ticket["version"]),
                (&json!("neu"), &json!("urgent"), &json!(3)),
                "{round}"
            );
        }
    })
    .await;
}
