//! What goes wrong: workers that die, an ERP that is down, and what is given up.

use mind::domain::role::Permission;
use pretty_assertions::assert_eq;
use serde_json::json;

use super::{Worker, contract_calls, in_state, jobs_of, open, report, seconds, until};
use crate::support::{TestApp, guarded};

/// Between the answer to the report and the fetch the process dies: the report is in the database.
#[tokio::test]
async fn a_report_survives_a_restart() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        let worker = Worker::start(&app.app);
        report(&app, &json!({"contractId": "746839"})).await.ok();
        worker.kill().await;
        app.clock.advance(seconds(10));
        let (restarted, ..) = app.second_node().await;
        let _worker = Worker::start(&restarted);
        until("the fetch", async || in_state(&app, "done").await == 1).await;
        assert_eq!(contract_calls(&app).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_died_is_repeated_once_its_claim_has_run_out() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        app.sandbox_faults(json!({"delayMs": 20_000})).await;
        report(&app, &json!({"contractId": "746839"})).await.ok();
        app.clock.advance(seconds(10));
        let worker = Worker::start(&app.app);
        until("the call", async || contract_calls(&app).await == 1).await;
        worker.kill().await;
        app.sandbox_faults(json!({})).await;
        let (restarted, ..) = app.second_node().await;
        let _worker = Worker::start(&restarted);
        // Nobody else takes it as long as its worker may still be alive.
        app.clock.advance(seconds(59));
        let job = &jobs_of(&app, &app.demo).await[0];
        assert_eq!((job.claimed, job.due, job.attempts), (true, 1, 1));
        assert_eq!((in_state(&app, "taken").await, contract_calls(&app).await), (1, 1));
        app.clock.advance(seconds(1));
        until("the second run", async || in_state(&app, "done").await == 1).await;
        assert_eq!(contract_calls(&app).await, 2);
    })
    .await;
}

/// A worker that is told to stop lets what runs end.
#[tokio::test]
async fn a_stopping_worker_finishes_its_jobs_and_takes_no_more() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        app.sandbox_faults(json!({"delayMs": 500})).await;
        report(&app, &json!({"contractId": "746839"})).await.ok();
        app.clock.advance(seconds(10));
        let Worker { _stop: stop, handle } = Worker::start(&app.app);
        until("the call", async || contract_calls(&app).await == 1).await;
        drop(stop);
        handle.await.unwrap();
        assert_eq!((in_state(&app, "done").await, jobs_of(&app, &app.demo).await.len()), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn an_erp_that_is_down_is_asked_again_until_it_answers() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        let admin = app.admin().await;
        admin.get("/api/mind/contract/746839").await.ok();
        app.sandbox_faults(json!({"status": 500})).await;
        report(&app, &json!({"contractId": "746839"})).await.ok();
        app.clock.advance(seconds(10));
        let _worker = Worker::start(&app.app);
        let failed = async |attempts: i32| {
            let jobs = jobs_of(&app, &app.demo).await;
            jobs.iter().any(|job| job.attempts == attempts && !job.claimed)
        };
        until("the first failure", async || failed(1).await).await;
        let first = jobs_of(&app, &app.demo).await[0].due;
        assert!((3..=7).contains(&first), "{first}");
        // The copy is known to be out of date.
        let read = admin.get("/api/mind/contract/746839").await.ok();
        assert_eq!(read.header("x-erp-source"), "stale");
        // A further report waits for the same try.
        report(&app, &json!({"contractId": "746839", "more": true})).await.ok();
        assert_eq!(jobs_of(&app, &app.demo).await[0].due, first);
        app.clock.advance(seconds(first + 1));
        until("the second failure", async || failed(2).await).await;
        let second = jobs_of(&app, &app.demo).await[0].due;
        assert!((6..=14).contains(&second), "{second}");
        assert_eq!(in_state(&app, "pending").await, 2);
        app.sandbox_faults(json!({})).await;
        app.clock.advance(seconds(second + 1));
        until("the fetch", async || in_state(&app, "done").await == 2).await;
        let read = admin.get("/api/mind/contract/746839").await.ok();
        assert_eq!(read.header("x-erp-source"), "cache");
    })
    .await;
}

#[tokio::test]
async fn what_was_given_up_is_listed_and_can_be_replayed() {
    guarded(async {
        const LIST: &str = "/api/mind/webhook/deadLetter";
        let app = TestApp::start().await;
        open(&app).await;
        let admin = app.admin().await;
        app.sandbox_faults(json!({"status": 500})).await;
        report(&app, &json!({"contractId": "746839"})).await.ok();
        report(&app, &json!({"contractId": "746839", "more": 1})).await.ok();
        let first = app.now().timestamp();
        assert_eq!(admin.get(LIST).await.ok().body, json!({"deadLetters": []}));
        // Thirty-two failures later.
        let mut tx = app.tx(&app.demo).await;
        sqlx::query("update job set attempts = 32").execute(tx.connection()).await.unwrap();
        tx.commit().await.unwrap();
        app.clock.advance(seconds(10));
        let _worker = Worker::start(&app.app);
        until("the end of patience", async || jobs_of(&app, &app.demo).await[0].dead).await;
        let listed = admin.get(LIST).await.ok();
        let letter = &listed.body["deadLetters"][0];
        let id = letter["id"].as_i64().unwrap();
        let error = "the ERP is not available: it answered with status 500. Nothing is lost; try again when the ERP answers.";
        let expected = json!({"id": id, "contractId": "746839", "customerId": null, "attempts": 33, "error": error,
            "failedAt": first + 10, "reports": 2, "firstReceivedAt": first});
        assert_eq!(letter, &expected);
        // Others see and change nothing.
        let replay = format!("{LIST}/{id}/replay");
        let agent = app.with_permissions(&[Permission::ReadSettings]).await;
        agent.get(LIST).await.problem(403, "permissionMissing");
        agent.post(&replay, &json!({})).await.problem(403, "permissionMissing");
        let other = app.other_tenant().await;
        assert_eq!(other.get(LIST).await.ok().body, json!({"deadLetters": []}));
        other.post(&replay, &json!({})).await.problem(404, "notFound");
        app.sandbox_faults(json!({})).await;
        admin.post(&replay, &json!({})).await.ok();
        until("the fetch", async || in_state(&app, "done").await == 2).await;
        assert_eq!(admin.get(LIST).await.ok().body, json!({"deadLetters": []}));
        admin.post(&replay, &json!({})).await.problem(404, "notFound");
        assert_eq!(app.events(&app.demo).await.iter().filter(|(kind, _)| kind == "webhookReplayed").count(), 1);
    })
    .await;
}

/// A new report is a sign of life.
#[tokio::test]
async fn a_new_report_revives_what_was_given_up() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        report(&app, &json!({"contractId": "746839"})).await.ok();
        let mut tx = app.tx(&app.demo).await;
        let sql = "update job set attempts = 33, dead_at = run_at, last_error = 'x'";
        sqlx::query(sql).execute(tx.connection()).await.unwrap();
        tx.commit().await.unwrap();
        report(&app, &json!({"contractId": "746839", "more": 1})).await.ok();
        let job = &jobs_of(&app, &app.demo).await[0];
        assert_eq!((job.dead, job.attempts, job.due), (false, 0, 10));
        app.clock.advance(seconds(10));
        let _worker = Worker::start(&app.app);
        until("the fetch", async || in_state(&app, "done").await == 2).await;
        assert_eq!(contract_calls(&app).await, 1);
    })
    .await;
}
