//! Creating calls that are sent again with their `Idempotency-Key`.
//!
//! The call is one of the tests' own, on a router of its own, so that it can wait and fail where a test wants it to.

mod kept;
mod race;
mod spec;

use std::{net::SocketAddr, sync::Arc};

use axum::{Extension, Router, extract::State, response::Response, routing::post};
use mind::{
    App,
    domain::{idempotency::Answer, role::Permission},
    error::{Error, Result},
    http::{Caller, idempotency::Keyed, limits},
};
use pretty_assertions::assert_eq;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};
use tower_cookies::CookieManagerLayer;
use tower_http::catch_panic::CatchPanicLayer;

use crate::support::{Answer as Received, Client, TestApp, TestTenant, guarded, within_a_second};

/// The call.
const NOTES: &str = "/api/test/note";
/// The same work under another path.
const OTHER_NOTES: &str = "/api/test/otherNote";
/// A key.
const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

/// What the call takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNote {
    text: String,
    #[serde(default)]
    then: Then,
}

/// What the call does before it is done.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Then {
    #[default]
    Finish,
    /// Says that it is there, and waits to be let through.
    Wait,
    Refuse,
    Panic,
    /// Fails after it finished and before it commits.
    FailLate,
}

/// Where calls wait.
#[derive(Default)]
struct Gate {
    reached: Notify,
    open: Notify,
}

/// Writes a row; a role, because every row of the schema belongs to something.
async fn create_note(
    State(app): State<App>,
    Extension(gate): Extension<Arc<Gate>>,
    caller: Caller,
    Keyed(once, body): Keyed<NewNote>,
) -> Result<Response> {
    caller.may(Permission::ReadProfile)?;
    once.run(&app, &caller, async |claim| {
        match body.then {
            Then::Wait => {
                gate.reached.notify_one();
                gate.open.notified().await;
            }
            Then::Refuse => return Err(Error::conflict("Not now")),
            Then::Panic => panic!("a panic that this test wants"),
            Then::Finish | Then::FailLate => {}
        }
        let mut tx = app.tenant_tx(&caller).await?;
        let id: i64 = sqlx::query_scalar(
            "insert into role (name, description, base_role_id, permissions, created_at) values ($1, $2, 2, '{}', $3) returning id",
        )
        .bind(format!("note {}", uuid::Uuid::new_v4()))
        .bind(&body.text)
        .bind(app.now())
        .fetch_one(tx.connection())
        .await?;
        let answer = Answer::json(&json!({"id": id, "text": body.text}))?;
        let answer = answer.header("etag", format!("\"{id}-1\"")).about(format!("note/{id}"));
        let done = claim.finish(&mut tx, answer).await?;
        if matches!(body.then, Then::FailLate) {
            return Err(Error::conflict("Not any more"));
        }
        tx.commit().await?;
        Ok(done)
    })
    .await
}

/// A server with the call, on one node.
struct Node {
    address: SocketAddr,
    gate: Arc<Gate>,
}

impl Node {
    async fn start(app: &App) -> Self {
        let gate = Arc::new(Gate::default());
        let router = Router::new()
            .route(NOTES, post(create_note))
            .route(OTHER_NOTES, post(create_note))
            .layer(Extension(Arc::clone(&gate)))
            .layer(CookieManagerLayer::new())
            .layer(CatchPanicLayer::custom(limits::after_panic))
            .with_state(app.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { address, gate }
    }

    /// The administrator of `demo`, with the usual key.
    async fn admin(&self, app: &TestApp) -> Client {
        app.admin().await.at(self.address).header("idempotency-key", KEY)
    }

    /// Lets a call that waits through.
    fn open(&self) {
        self.gate.open.notify_one();
    }
}

fn note(text: &str) -> Value {
    json!({"text": text})
}

fn waiting(text: &str) -> Value {
    json!({"text": text, "then": "wait"})
}

/// Rows that the call wrote in a tenant.
async fn notes(app: &TestApp, tenant: &TestTenant) -> i64 {
    count(app, tenant, "select count(*) from role where name like 'note %'").await
}

/// Keys that the tenant's rows hold.
async fn keys(app: &TestApp, tenant: &TestTenant) -> i64 {
    count(app, tenant, "select count(*) from idempotency").await
}

async fn count(app: &TestApp, tenant: &TestTenant, sql: &'static str) -> i64 {
    let mut tx = app.tx(tenant).await;
    sqlx::query_scalar(sql).fetch_one(tx.connection()).await.unwrap()
}

fn is_replayed(answer: &Received) -> bool {
    answer.header("idempotency-replayed") == "true"
}

/// Refused because of the key, and not because of what the call does.
#[track_caller]
fn refused(answer: Received) -> Received {
    let answer = answer.problem(409, "conflict");
    assert_eq!(answer.path(), "Idempotency-Key");
    answer
}

/// Refused because the first one is still being carried out.
#[track_caller]
fn still_running(answer: Received) {
    assert_eq!(refused(answer).header("retry-after"), "1");
}

/// Network trouble after the write must not make a second ticket.
#[tokio::test]
async fn what_is_sent_again_is_answered_again_and_done_once() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = node.admin(&app).await;
        let first = admin.post(NOTES, &note("Zähler & \"Umlaute\"")).await.ok();
        let second = admin.post(NOTES, &note("Zähler & \"Umlaute\"")).await.ok();
        assert!(!is_replayed(&first) && is_replayed(&second));
        assert_eq!((first.status, &first.text), (second.status, &second.text));
        assert_eq!(first.header("etag"), format!("\"{}-1\"", first.body["id"]));
        for name in ["etag", "content-type", "content-length"] {
            assert_eq!(first.header(name), second.header(name), "{name}");
        }
        assert_eq!(notes(&app, &app.demo).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_built_anew_is_the_same() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = node.admin(&app).await;
        for (text, replayed) in [(r#"{"text":"a","then":"finish"}"#, false), (" {\n\"then\": \"finish\", \"text\" :\"a\"}", true)] {
            let answer = admin.send(reqwest::Method::POST, NOTES, Some(("application/json", text.to_owned()))).await.ok();
            assert_eq!(is_replayed(&answer), replayed, "{text}");
        }
        assert_eq!(notes(&app, &app.demo).await, 1);
    })
    .await;
}

#[tokio::test]
async fn without_the_header_every_call_is_carried_out_and_nothing_is_kept() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = app.admin().await.at(node.address);
        for _ in 0..2 {
            assert!(!is_replayed(&admin.post(NOTES, &note("a")).await.ok()));
        }
        assert_eq!((notes(&app, &app.demo).await, keys(&app, &app.demo).await), (2, 0));
    })
    .await;
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = node.admin(&app).await;
        admin.post(NOTES, &note("a")).await.ok();
        for answer in [admin.post(NOTES, &note("b")).await, admin.post(&format!("{NOTES}?process=batch"), &note("a")).await] {
            // Asking again would not help.
            assert_eq!(refused(answer).header("retry-after"), "");
        }
        assert!(is_replayed(&admin.post(NOTES, &note("a")).await.ok()));
        assert_eq!(notes(&app, &app.demo).await, 1);
    })
    .await;
}

/// Keys are chosen by callers; two may choose the same one.
#[tokio::test]
async fn a_key_holds_for_one_caller_and_one_path() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let with_key = |client: Client| client.at(node.address).header("idempotency-key", KEY);
        let admin = with_key(app.admin().await);
        let mut ids = vec![admin.post(NOTES, &note("a")).await.ok().text];
        for (path, client) in
            [(OTHER_NOTES, admin.clone()), (NOTES, with_key(app.agent().await)), (NOTES, with_key(app.other_tenant().await))]
        {
            let answer = client.post(path, &note("a")).await.ok();
            assert!(!is_replayed(&answer));
            ids.push(answer.text);
        }
        assert_eq!((notes(&app, &app.demo).await, notes(&app, &app.other).await), (3, 1));
        // The next program run has another token; it is still the same caller.
        let later = with_key(app.admin().await).post(NOTES, &note("a")).await.ok();
        assert_eq!((is_replayed(&later), &later.text), (true, &ids[0]));
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_none_is_named() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = app.admin().await.at(node.address);
        for bad in ["", "   ", "a\tb", "schlüssel", &"k".repeat(256)] {
            let answer = admin.clone().header("idempotency-key", bad).post(NOTES, &note("a")).await.problem(400, "invalidInput");
            assert_eq!(answer.path(), "Idempotency-Key", "{bad:?}");
        }
        let twice = node.admin(&app).await.header("idempotency-key", KEY).post(NOTES, &note("a")).await.problem(400, "invalidInput");
        assert_eq!(twice.path(), "Idempotency-Key");
        assert_eq!(notes(&app, &app.demo).await, 0);
        admin.header("idempotency-key", &"k".repeat(255)).post(NOTES, &note("a")).await.ok();
    })
    .await;
}

/// Whoever corrects a request may send it under the same key.
#[tokio::test]
async fn what_fails_leaves_the_key_free() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = node.admin(&app).await;
        admin.post(NOTES, &json!({"txt": "a"})).await.problem(400, "invalidInput");
        for then in ["refuse", "failLate"] {
            let answer = admin.post(NOTES, &json!({"text": "a", "then": then})).await.problem(409, "conflict");
            assert_eq!(answer.path(), "", "{then}");
            assert_eq!((notes(&app, &app.demo).await, keys(&app, &app.demo).await), (0, 0), "{then}");
        }
        let done = admin.post(NOTES, &note("b")).await.ok();
        assert!(!is_replayed(&done));
    })
    .await;
}

/// Nobody may be locked out of a key for half a minute because a handler panicked. The clock stands still: no lease ends.
#[tokio::test]
async fn a_panic_leaves_the_key_free() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = node.admin(&app).await;
        admin.post(NOTES, &json!({"text": "a", "then": "panic"})).await.problem(500, "internal");
        let done = within_a_second(async || admin.post(NOTES, &note("a")).await, |answer| answer.status == 200).await.ok();
        assert!(!is_replayed(&done));
        assert_eq!(notes(&app, &app.demo).await, 1);
    })
    .await;
}
