//! Who calls, and what is kept of the ERP: found by one look into an index.

use mind::domain::{
    auth::store as auth,
    erp_cache::{
        model::Kind,
        store::{self as copies, NewCopy},
    },
};
use serde_json::json;
use uuid::Uuid;

use super::{Probe, TIMES};

/// Finding a credential comes before the tenant is known, so it is `mind_system` that looks.
pub async fn credentials(probe: &mut Probe) {
    let now = probe.node.now();
    let mut tx = probe.tx().await;
    let (token, link): (Uuid, Vec<u8>) =
        sqlx::query_as("select (select id from access_token offset 500 limit 1), (select token_hash from sign_in_link offset 500 limit 1)")
            .fetch_one(tx.connection())
            .await
            .unwrap();
    let session: Vec<u8> =
        sqlx::query_scalar("select token_hash from session offset 500 limit 1").fetch_one(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();

    probe.listen().await;
    let mut tx = probe.system().await;
    for _ in 0..TIMES {
        let found = auth::find_token(&mut tx, token, now).await.unwrap().unwrap();
        auth::touch_token(&mut tx, &found.identity, now).await.unwrap();
        let found = auth::find_session(&mut tx, &session, now).await.unwrap().unwrap();
        auth::touch_session(&mut tx, &found.identity, now).await.unwrap();
        auth::count_attempt(&mut tx, b"somebody", now, chrono::Duration::minutes(15)).await.unwrap();
    }
    assert!(auth::take_link(&mut tx, &link, now).await.unwrap().is_some());
    assert!(auth::delete_session(&mut tx, &session).await.unwrap());
    tx.commit().await.unwrap();
    probe.judge("credentials", 20).await;
}

/// A contract with its customer, and what is declared out of date with them.
pub async fn copies(probe: &mut Probe) {
    let now = probe.node.now();
    probe.listen().await;
    let (mut tx, mut read) = (probe.tx().await, probe.read().await);
    let body = json!({"id": 1_001_000, "customerId": "C-200500"});
    for _ in 0..TIMES {
        assert!(copies::find(&mut tx, "plan", Kind::Contract, "1001000").await.unwrap().0.is_some());
        assert!(copies::find(&mut read, "plan", Kind::Customer, "C-200500").await.unwrap().0.is_some());
        copies::find_epoch(&mut tx).await.unwrap();
        let copy = NewCopy { connection: "plan", kind: Kind::Contract, id: "1001000", body: &body, asked_at: now, current: true };
        copies::upsert(&mut tx, &copy).await.unwrap();
        copies::invalidate(&mut tx, Some("1001000"), None, now).await.unwrap();
        copies::invalidate(&mut tx, None, Some("C-200600"), now).await.unwrap();
    }
    copies::delete(&mut tx, "plan", Kind::Contract, "1001000", now).await.unwrap();
    tx.commit().await.unwrap();
    drop(read);
    probe.judge("copies of what the ERP answered", 100).await;
}
