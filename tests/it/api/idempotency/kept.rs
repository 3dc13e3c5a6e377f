//! What is kept of an answer: how long, how it lies in the database, and how it is erased.

use chrono::Duration;
use mind::{
    domain::idempotency::store::erase,
    jobs,
    secret::{KeyRing, Place},
};
use pretty_assertions::assert_eq;
use sqlx::AssertSqlSafe;
use tokio_util::sync::CancellationToken;

use super::*;

async fn change(app: &TestApp, sql: &str) {
    let mut tx = app.tx(&app.demo).await;
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = node.admin(&app).await;
        admin.post(NOTES, &note("a")).await.ok();
        app.clock.advance(Duration::hours(24) - Duration::seconds(1));
        assert!(is_replayed(&admin.post(NOTES, &note("a")).await.ok()));
        app.clock.advance(Duration::seconds(1));
        // Whether housekeeping came by already or not.
        assert!(!is_replayed(&admin.post(NOTES, &note("b")).await.ok()));
        assert!(is_replayed(&admin.post(NOTES, &note("b")).await.ok()));
        assert_eq!((notes(&app, &app.demo).await, keys(&app, &app.demo).await), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn housekeeping_removes_what_is_older_in_every_tenant() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let clients = [node.admin(&app).await, app.other_tenant().await.at(node.address).header("idempotency-key", KEY)];
        for client in &clients {
            client.post(NOTES, &note("a")).await.ok();
        }
        app.clock.advance(Duration::hours(1));
        clients[0].post(OTHER_NOTES, &note("a")).await.ok();
        let stop = CancellationToken::new();
        stop.cancel();
        for (hours, left) in [(0, (2, 1)), (23, (1, 0)), (1, (0, 0))] {
            app.clock.advance(Duration::hours(hours));
            // One round: it is told to stop before it begins.
            jobs::run(app.app.clone(), stop.clone()).await;
            assert_eq!((keys(&app, &app.demo).await, keys(&app, &app.other).await), left, "{hours} hours later");
        }
    })
    .await;
}

/// Backups and whoever reads the table must not learn what was answered, nor what was asked.
#[tokio::test]
async fn the_row_holds_neither_request_nor_answer_nor_key() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let secret = "DE89370400440532013000";
        let admin = app.admin().await.at(node.address).header("idempotency-key", "key of tom@mustermann.de");
        admin.post(NOTES, &note(secret)).await.ok();
        let mut tx = app.tx(&app.demo).await;
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("select to_jsonb(i)::text, answer from idempotency i").fetch_all(tx.connection()).await.unwrap();
        let [(row, answer)] = rows.as_slice() else { panic!("{rows:?}") };
        let bytes = String::from_utf8_lossy(answer);
        for text in [secret, "mustermann", "etag", "text"] {
            assert!(!row.contains(text) && !row.contains(&hex::encode(text)) && !bytes.contains(text), "{text} stands in {row}");
        }
    })
    .await;
}

/// A replay that cannot be had must neither be an error of the server, nor a second ticket.
#[tokio::test]
async fn an_answer_that_cannot_be_read_is_no_reason_to_do_it_again() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = node.admin(&app).await;
        admin.post(NOTES, &note("a")).await.ok();
        let place = Place { tenant: app.demo.tenant.id.0, table: "idempotency", name: "x" };
        let lost: KeyRing = KeyRing::generate().parse().unwrap();
        for (what, envelope) in [
            ("a key that is no longer there", lost.seal(place, b"{}")),
            ("the row of another request", app.app.keys().seal(place, b"{}")),
            ("not even an envelope", b"x".to_vec()),
        ] {
            change(&app, &format!(r"update idempotency set answer = '\x{}'", hex::encode(envelope))).await;
            let answer = refused(admin.post(NOTES, &note("a")).await);
            assert!(answer.text.contains("was carried out") && answer.header("retry-after").is_empty(), "{what}: {}", answer.text);
        }
        assert_eq!(notes(&app, &app.demo).await, 1);
    })
    .await;
}

/// Erasing somebody's ticket erases what was answered about it, and a late retry must not bring it back.
#[tokio::test]
async fn what_is_erased_stays_erased() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let admin = node.admin(&app).await;
        let erased = admin.post(NOTES, &note("a")).await.ok();
        admin.post(OTHER_NOTES, &note("a")).await.ok();
        let about = format!("note/{}", erased.body["id"]);
        for (tenant, count) in [(&app.other, 0), (&app.demo, 1), (&app.demo, 0)] {
            let mut tx = app.tx(tenant).await;
            assert_eq!(erase(&mut tx, &about).await.unwrap(), count);
            tx.commit().await.unwrap();
        }
        let left = "select count(*) from idempotency where answer = '' and fingerprint = '' and about is null";
        assert_eq!(count(&app, &app.demo, left).await, 1);
        for body in [note("a"), note("b")] {
            let answer = refused(admin.post(NOTES, &body).await);
            assert!(answer.text.contains("was erased"), "{}", answer.text);
        }
        assert!(is_replayed(&admin.post(OTHER_NOTES, &note("a")).await.ok()));
        assert_eq!(notes(&app, &app.demo).await, 2);
    })
    .await;
}

/// Nobody has to erase what somebody was answered who is no longer there.
#[tokio::test]
async fn a_profile_takes_its_answers_along() {
    guarded(async {
        let app = TestApp::start().await;
        let node = Node::start(&app.app).await;
        let agent = app.agent().await.at(node.address).header("idempotency-key", KEY);
        agent.post(NOTES, &note("a")).await.ok();
        node.admin(&app).await.post(NOTES, &note("a")).await.ok();
        change(&app, &format!("delete from profile where id = {}", app.demo.agent.0)).await;
        assert_eq!(keys(&app, &app.demo).await, 1);
    })
    .await;
}
