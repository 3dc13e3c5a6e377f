//! Many reports, one fetch.

use mind::domain::role::Permission;
use pretty_assertions::assert_eq;
use serde_json::json;

use super::{JobRow, Worker, contract_calls, in_state, jobs_of, open, report, report_text, reports, seconds, set, until};
use crate::support::{TestApp, guarded};

fn waiting(key: &str, due: i64) -> JobRow {
    JobRow { key: key.to_owned(), due, again: None, attempts: 0, claimed: false, dead: false }
}

#[tokio::test]
async fn five_reports_of_a_contract_are_one_call_and_an_event_of_its_open_tickets() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        let admin = app.admin().await;
        let mut tickets = Vec::new();
        for status in ["open", "pending", "closed"] {
            let new = json!({"subject": status, "status": status, "contractId": "746839"});
            tickets.push(admin.post("/api/mind/ticket", &new).await.ok().body["id"].as_i64().unwrap());
        }
        let worker = Worker::start(&app.app);
        for status in ["created", "confirmed", "delivered", "billed", "paid"] {
            report(&app, &json!({"contractId": 746_839, "status": status})).await.ok();
            app.clock.advance(seconds(1));
        }
        // The window is the first one's.
        assert_eq!(jobs_of(&app, &app.demo).await, [waiting("contract:746839", 5)]);
        assert_eq!((in_state(&app, "pending").await, contract_calls(&app).await), (5, 0));
        app.clock.advance(seconds(5));
        until("the fetch", async || in_state(&app, "done").await == 5).await;
        until("the end of the job", async || jobs_of(&app, &app.demo).await.is_empty()).await;
        assert_eq!(contract_calls(&app).await, 1);
        // Fresh: a reader does not ask the ERP again.
        let read = admin.get("/api/mind/contract/746839").await.ok();
        assert_eq!((read.header("x-erp-source"), contract_calls(&app).await), ("cache", 1));
        let mut tx = app.tx(&app.demo).await;
        let sql = "select ticket_id, contract_id, data::text from event where type = 'contractRefreshed' order by ticket_id";
        let events: Vec<(i64, String, String)> = sqlx::query_as(sql).fetch_all(tx.connection()).await.unwrap();
        let says = r#"{"contractId":"746839","system":"powercloud","reports":5,"found":true}"#;
        let expected = tickets[..2].iter().map(|id| (*id, "746839".to_owned(), says.to_owned())).collect::<Vec<_>>();
        assert_eq!(events, expected);
        drop(worker);
    })
    .await;
}

#[tokio::test]
async fn each_contract_and_customer_is_fetched_once() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        report(&app, &json!({"contracts": [{"contractId": "746839"}, {"contractId": "A-2"}]})).await.ok();
        report_text(&app, "application/x-www-form-urlencoded", "contract[id]=746839").await.ok();
        report_text(&app, "text/xml", "<event><customerId>83771</customerId></event>").await.ok();
        let expected = [waiting("contract:746839", 10), waiting("contract:A-2", 10), waiting("customer:83771", 10)];
        assert_eq!(jobs_of(&app, &app.demo).await, expected);
        app.clock.advance(seconds(10));
        let _worker = Worker::start(&app.app);
        until("the fetches", async || in_state(&app, "done").await == 4).await;
        assert_eq!((contract_calls(&app).await, app.sandbox_calls(Some("customerById")).await), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn a_report_sent_twice_is_one() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        let body = json!({"contractId": "746839", "event": "x"});
        for _ in 0..3 {
            report(&app, &body).await.ok();
        }
        assert_eq!(reports(&app, &app.demo).await.len(), 1);
        app.clock.advance(seconds(10));
        let _worker = Worker::start(&app.app);
        until("the fetch", async || in_state(&app, "done").await == 1).await;
        // Powercloud may say the same words about another change.
        report(&app, &body).await.ok();
        app.clock.advance(seconds(10));
        until("the second fetch", async || in_state(&app, "done").await == 2).await;
        assert_eq!(contract_calls(&app).await, 2);
    })
    .await;
}

/// The harm: what changed while the ERP was asked would be missing in the copy for good.
#[tokio::test]
async fn a_report_during_the_run_leads_to_a_second_run() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        app.sandbox_faults(json!({"delayMs": 1500})).await;
        let body = json!({"contractId": "746839"});
        report(&app, &body).await.ok();
        app.clock.advance(seconds(10));
        let _worker = Worker::start(&app.app);
        until("the call", async || contract_calls(&app).await == 1).await;
        // In the same words: the run has taken the first, so this is no duplicate.
        report(&app, &body).await.ok();
        assert_eq!((in_state(&app, "taken").await, in_state(&app, "pending").await), (1, 1));
        let job = &jobs_of(&app, &app.demo).await[0];
        assert_eq!((job.claimed, job.again), (true, Some(10)));
        app.sandbox_faults(json!({})).await;
        until("the end of the first run", async || in_state(&app, "done").await == 1).await;
        until("the second wait", async || jobs_of(&app, &app.demo).await == [waiting("contract:746839", 10)]).await;
        app.clock.advance(seconds(10));
        until("the second run", async || in_state(&app, "done").await == 2).await;
        assert_eq!(contract_calls(&app).await, 2);
    })
    .await;
}

#[tokio::test]
async fn without_a_window_every_report_may_be_fetched_at_once() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        set(&app, json!({"webhookGroupingWindowSeconds": 0})).await;
        report(&app, &json!({"contractId": "746839"})).await.ok();
        let _worker = Worker::start(&app.app);
        until("the fetch", async || in_state(&app, "done").await == 1).await;
    })
    .await;
}

#[tokio::test]
async fn two_workers_make_one_call() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        let (other, ..) = app.second_node().await;
        let _workers = [Worker::start(&app.app), Worker::start(&other), Worker::start(&app.app)];
        for round in 1..=5_u64 {
            for event in 0..5 {
                report(&app, &json!({"contractId": 746_839, "round": round, "event": event})).await.ok();
            }
            app.clock.advance(seconds(10));
            until("the fetch", async || in_state(&app, "done").await == usize::try_from(round).unwrap() * 5).await;
            assert_eq!(contract_calls(&app).await, round);
        }
    })
    .await;
}

/// A tenant's reports never touch another: its own ERP is asked, its own rows change.
#[tokio::test]
async fn a_report_stays_in_its_tenant() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        app.other_tenant().await.put("/api/mind/settings/webhookSecret", &json!("other")).await.ok();
        report(&app, &json!({"contractId": "746839"})).await.ok();
        let other = app.anonymous().header("x-webhook-secret", "other");
        other.post("/api/mind/webhook/lynqtech?tenant=other", &json!({"contractNumber": "746839"})).await.ok();
        assert_eq!((reports(&app, &app.demo).await.len(), reports(&app, &app.other).await.len()), (1, 1));
        // Only the other one's is due.
        let mut tx = app.tx(&app.demo).await;
        sqlx::query("update job set run_at = run_at + interval '1 hour'").execute(tx.connection()).await.unwrap();
        tx.commit().await.unwrap();
        app.clock.advance(seconds(10));
        let _worker = Worker::start(&app.app);
        until("the other's fetch", async || jobs_of(&app, &app.other).await.is_empty()).await;
        assert_eq!(reports(&app, &app.other).await[0].2, "done");
        assert_eq!((in_state(&app, "pending").await, app.sandbox_calls(None).await), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn keys_of_ids_are_configuration() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        report(&app, &json!({"vertrag": {"nr": 1}})).await.ok();
        set(&app, json!({"webhookIdKeys": {"contract": ["vertrag.nr"]}})).await;
        report(&app, &json!({"vertrag": {"nr": 2}, "contractId": 3})).await.ok();
        let found = reports(&app, &app.demo).await;
        assert_eq!(found[0], (None, None, "ignored".to_owned()));
        assert_eq!(found[1], (Some("2".to_owned()), None, "pending".to_owned()));
        assert_eq!(found.len(), 2);
        let reader = app.with_permissions(&[Permission::ReadSettings]).await;
        assert_eq!(reader.get("/api/mind/settings/compact").await.ok().body["webhookIdKeys"], json!({"contract": ["vertrag.nr"]}));
    })
    .await;
}
