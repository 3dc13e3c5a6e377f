//! The same request at the same time, and processes that die.

use chrono::Duration;
use futures::future::join_all;
use mind::{
    db::TenantTx,
    domain::{
        auth::model::{CredentialKind, Identity},
        idempotency::{Attempt, Claim, Claimed, service::claim},
        role::Permissions,
    },
    http::Caller,
};
use pretty_assertions::assert_eq;

use super::*;

/// The longest request and a margin.
const LEASE: Duration = Duration::seconds(35);

/// What the handler would be given for the request, in a process that will die.
async fn claim_directly(app: &TestApp, body: &Value) -> Claim {
    let attempt = Attempt::new("POST", NOTES, KEY, "", body.to_string().as_bytes());
    match claim(&app.app, &caller(app), attempt).await.unwrap() {
        Claimed::New(claim) => claim,
        Claimed::Replay(_) => panic!("the key was used before"),
    }
}

fn caller(app: &TestApp) -> Caller {
    let identity = Identity {
        tenant: app.demo.tenant.clone(),
        profile: app.demo.admin,
        lang: "en".to_owned(),
        permissions: Permissions::default(),
        kind: CredentialKind::Session,
        credential: uuid::Uuid::nil(),
        expires_at: app.now(),
    };
    Caller { tenant: app.demo.tenant.id, profile: app.demo.admin, permissions: Permissions::default(), language: "en", identity }
}

async fn write(app: &TestApp, claim: Claim) -> TenantTx {
    let mut tx = app.tx(&app.demo).await;
    sqlx::query("insert into role (name, base_role_id, permissions, created_at) values ('note of a dying process', 2, '{}', $1)")
        .bind(app.now())
        .execute(tx.connection())
        .await
        .unwrap();
    claim.finish(&mut tx, Answer::json(&json!({"id": 7})).unwrap()).await.unwrap();
    tx
}

#[tokio::test]
async fn while_the_first_runs_the_second_is_told_to_wait() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = node.admin(&app).await;
        let first = tokio::spawn({
            let admin = admin.clone();
            async move { admin.post(NOTES, &waiting("a")).await }
        });
        node.gate.reached.notified().await;
        still_running(admin.post(NOTES, &waiting("a")).await);
        assert_eq!(refused(admin.post(NOTES, &note("b")).await).header("retry-after"), "");
        node.open();
        let first = first.await.unwrap().ok();
        let second = admin.post(NOTES, &waiting("a")).await.ok();
        assert_eq!((is_replayed(&second), second.text), (true, first.text));
        assert_eq!(notes(&app, &app.demo).await, 1);
    })
    .await;
}

/// A client with an eager retry and a balancer in between must not make two tickets.
#[tokio::test]
async fn of_many_at_once_on_two_nodes_one_is_carried_out() {
    guarded(async {
        let app = TestApp::start().await;
        let (second, _, _stop) = app.second_node().await;
        let nodes = [Node::start(&app.app).await, Node::start(&second).await];
        let (admin, body) = (app.admin().await, note("a"));
        for round in 0..10 {
            let key = format!("round {round}");
            let clients: Vec<Client> =
                (0..8).map(|index| admin.clone().at(nodes[index % 2].address).header("idempotency-key", &key)).collect();
            let answers = join_all(clients.iter().map(|client| client.post(NOTES, &body))).await;
            assert_eq!(notes(&app, &app.demo).await, round + 1);
            let done: Vec<&Received> = answers.iter().filter(|answer| answer.status == 200).collect();
            assert_eq!(done.iter().filter(|answer| !is_replayed(answer)).count(), 1, "{answers:?}");
            assert!(done.iter().all(|answer| answer.text == done[0].text), "{answers:?}");
            answers.into_iter().filter(|answer| answer.status != 200).for_each(still_running);
        }
    })
    .await;
}

/// kill -9 between the commit and the answer.
#[tokio::test]
async fn a_process_that_dies_after_its_commit_has_answered() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let tx = write(&app, claim_directly(&app, &note("a")).await).await;
        tx.commit().await.unwrap();
        let retry = node.admin(&app).await.post(NOTES, &note("a")).await.ok();
        assert_eq!((is_replayed(&retry), retry.text.as_str()), (true, r#"{"id":7}"#));
        assert_eq!(notes(&app, &app.demo).await, 1);
    })
    .await;
}

/// kill -9 before the commit: nothing happened, and the lease says when it may happen.
#[tokio::test]
async fn a_process_that_dies_before_its_commit_leaves_a_lease_that_runs_out() {
    guarded(async {
        let app = TestApp::start().await;
        let (second, _, _stop) = app.second_node().await;
        let nodes = [Node::start(&app.app).await, Node::start(&second).await];
        let (admin, body) = (app.admin().await.header("idempotency-key", KEY), note("a"));
        drop(write(&app, claim_directly(&app, &note("a")).await).await);
        app.clock.advance(LEASE - Duration::milliseconds(1));
        still_running(admin.clone().at(nodes[0].address).post(NOTES, &note("a")).await);
        app.clock.advance(Duration::milliseconds(1));
        let clients: Vec<Client> = (0..8).map(|index| admin.clone().at(nodes[index % 2].address)).collect();
        let answers = join_all(clients.iter().map(|client| client.post(NOTES, &body))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200 && !is_replayed(answer)).count(), 1, "{answers:?}");
        assert_eq!(notes(&app, &app.demo).await, 1);
    })
    .await;
}

/// A request that took nothing away may be corrected, also when its process died.
#[tokio::test]
async fn a_lease_that_ran_out_binds_to_no_body() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        claim_directly(&app, &note("a")).await;
        let admin = node.admin(&app).await;
        refused(admin.post(NOTES, &note("b")).await);
        app.clock.advance(LEASE);
        assert!(!is_replayed(&admin.post(NOTES, &note("b")).await.ok()));
        refused(admin.post(NOTES, &note("a")).await);
    })
    .await;
}

/// A process that only slept, or whose clock is slow, comes back after another one took over: it must not write too.
#[tokio::test]
async fn whoever_was_overtaken_takes_no_effect() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = node.admin(&app).await;
        let slow = tokio::spawn({
            let admin = admin.clone();
            async move { admin.post(NOTES, &waiting("slow")).await }
        });
        node.gate.reached.notified().await;
        app.clock.advance(LEASE);
        let fast = admin.post(NOTES, &note("fast")).await.ok();
        node.open();
        still_running(slow.await.unwrap());
        assert_eq!(notes(&app, &app.demo).await, 1);
        // Giving back what it no longer holds must not free the key of the other.
        let again = admin.post(NOTES, &note("fast")).await.ok();
        assert_eq!((is_replayed(&again), again.text), (true, fast.text));
    })
    .await;
}

/// A client with a short time-out sends again at once. The clock stands still: no lease ends.
#[tokio::test]
async fn a_client_that_hangs_up_leaves_the_key_free() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = node.admin(&app).await;
        let first = tokio::spawn({
            let admin = admin.clone();
            async move { admin.post(NOTES, &waiting("a")).await }
        });
        node.gate.reached.notified().await;
        first.abort();
        let again = within_a_second(async || admin.post(NOTES, &note("a")).await, |answer| answer.status == 200).await.ok();
        assert!(!is_replayed(&again));
        assert_eq!(notes(&app, &app.demo).await, 1);
    })
    .await;
}
