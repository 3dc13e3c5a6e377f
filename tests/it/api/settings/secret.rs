//! Secrets in settings: encrypted at rest, merged by name, never overwritten by their own mask.

use mind::domain::role::Permission;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{MASK, SETTINGS, value};
use crate::support::{Client, TestApp, TestTenant};

const SECRETS: &str = "/api/mind/settings/executorSecrets";

/// The secrets in the form calls use them, read as the ERP registry reads them.
async fn secrets(app: &TestApp, tenant: &TestTenant) -> Vec<(String, String)> {
    use secrecy::ExposeSecret as _;
    let settings = mind::domain::settings::service::of(&app.app, tenant.tenant.id).await.unwrap();
    settings.erp().secrets.iter().map(|(name, secret)| (name.clone(), secret.expose_secret().to_owned())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, secret)| ((*name).to_owned(), (*secret).to_owned())).collect()
}

async fn put(client: &Client, body: Value) {
    client.put(SECRETS, &body).await.ok();
}

#[tokio::test]
async fn secrets_are_merged_by_name() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    put(&admin, json!({"ONE": "1", "TWO": "2"})).await;
    put(&admin, json!({"TWO": "zwei", "THREE": "3"})).await;
    assert_eq!(secrets(&app, &app.other).await, pairs(&[("ONE", "1"), ("THREE", "3"), ("TWO", "zwei")]));
    put(&admin, json!({"ONE": null, "FOUR": null})).await;
    assert_eq!(secrets(&app, &app.other).await, pairs(&[("THREE", "3"), ("TWO", "zwei")]));
    put(&admin, json!({})).await;
    assert_eq!(secrets(&app, &app.other).await.len(), 2);
    put(&admin, json!({"TWO": null, "THREE": null})).await;
    assert_eq!(value(&admin, "executorSecrets").await, Value::Null);
}

#[tokio::test]
async fn null_takes_all_secrets_away() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    put(&admin, json!({"ONE": "1"})).await;
    assert_eq!(value(&admin, "executorSecrets").await, MASK);
    put(&admin, Value::Null).await;
    assert_eq!(value(&admin, "executorSecrets").await, Value::Null);
    assert!(secrets(&app, &app.other).await.is_empty());
}

/// A page that is saved as it was loaded must not turn the key into eight stars.
#[tokio::test]
async fn a_mask_sent_back_means_unchanged() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    put(&admin, json!({"ONE": "1", "TWO": "2"})).await;
    put(&admin, json!(MASK)).await;
    put(&admin, json!({"ONE": MASK, "TWO": "zwei"})).await;
    assert_eq!(secrets(&app, &app.other).await, pairs(&[("ONE", "1"), ("TWO", "zwei")]));
    admin.put(&format!("{SETTINGS}/powercloudApiKey"), &json!("hash:user:hunter2")).await.ok();
    admin.put(&format!("{SETTINGS}/powercloudApiKey"), &json!(MASK)).await.ok();
    let shown = admin.get(&format!("{SETTINGS}?filterByName=powercloudApiKey&showSecrets=true")).await.ok();
    assert_eq!(shown.body[0]["value"], "hash:user:hunter2");
}

/// Sent for a name that holds nothing, a mask would become the secret itself.
#[tokio::test]
async fn a_mask_for_a_name_that_is_not_there_stores_nothing() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    put(&admin, json!({"ONE": "1", "NEW": MASK})).await;
    assert_eq!(secrets(&app, &app.other).await, pairs(&[("ONE", "1")]));
    admin.put(&format!("{SETTINGS}/powercloudApiKey"), &json!(MASK)).await.ok();
    assert_eq!(value(&admin, "powercloudApiKey").await, Value::Null);
}

#[tokio::test]
async fn a_secret_that_stays_the_same_is_no_event() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    put(&admin, json!({"ONE": "1"})).await;
    let before = app.events(&app.other).await.len();
    put(&admin, json!({"ONE": "1"})).await;
    put(&admin, json!({"ONE": MASK})).await;
    put(&admin, json!({"GONE": null})).await;
    put(&admin, json!({})).await;
    let after = app.events(&app.other).await;
    assert_eq!(after.len(), before, "{after:?}");
}

#[tokio::test]
async fn secrets_are_encrypted_at_rest() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    put(&admin, json!({"ONE": "hunter2-hunter2"})).await;
    let mut tx = app.tx(&app.other).await;
    let (plain, envelope): (Option<Value>, Option<Vec<u8>>) =
        sqlx::query_as("select value, secret from setting where name = 'executorSecrets'").fetch_one(tx.connection()).await.unwrap();
    let envelope = envelope.unwrap();
    assert_eq!((plain, envelope[0]), (None, 1));
    assert!(!contains(&envelope, b"hunter2") && !contains(&envelope, b"ONE"));
    // The same secret in another tenant is another envelope: equal rows would show who shares a key.
    app.admin().await.put(SECRETS, &json!({"ONE": "hunter2-hunter2"})).await.ok();
    put(&admin, json!({"ONE": "other"})).await;
    put(&admin, json!({"ONE": "hunter2-hunter2"})).await;
    let again: Vec<u8> =
        sqlx::query_scalar("select secret from setting where name = 'executorSecrets'").fetch_one(tx.connection()).await.unwrap();
    assert_ne!(envelope, again);
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// With the envelope alone one tenant's administrator could otherwise put another's key to use.
#[tokio::test]
async fn an_envelope_copied_into_another_tenant_does_not_open() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    put(&admin, json!({"ONE": "1"})).await;
    let mut tx = app.tx(&app.demo).await;
    let stolen: Vec<u8> =
        sqlx::query_scalar("select secret from setting where name = 'executorSecrets'").fetch_one(tx.connection()).await.unwrap();
    drop(tx);
    let mut tx = app.tx(&app.other).await;
    let copy = "update setting set secret = $1 where name = 'executorSecrets'";
    sqlx::query(copy).bind(stolen).execute(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    let (_node, elsewhere, _stop) = app.second_node().await;
    // It counts as not set, and takes neither sign-in nor the other settings with it.
    let compact = admin.at(elsewhere).get(&format!("{SETTINGS}/compact")).await.ok();
    assert_eq!((&compact.body["executorSecrets"], &compact.body["erpCacheSeconds"]), (&Value::Null, &json!(300)));
}

#[tokio::test]
async fn secrets_of_calls_need_a_permission_of_their_own() {
    let app = TestApp::start().await;
    let clerk = app.with_permissions(&[Permission::ReadSettings, Permission::UpdateClientSettings]).await;
    let answer = clerk.put(SECRETS, &json!({"ONE": "1"})).await.problem(403, "permissionMissing");
    assert!(answer.body["details"].as_str().unwrap().contains("updateAiAgent"));
    clerk.post(SETTINGS, &json!({"erpCacheSeconds": 5, "executorSecrets": {"ONE": "1"}})).await.problem(403, "permissionMissing");
    assert_eq!(value(&clerk, "erpCacheSeconds").await, 300);
    clerk.post(SETTINGS, &json!({"erpCacheSeconds": 5})).await.ok();
}

/// People write keys straight into headers and URLs, whatever the documentation says.
#[tokio::test]
async fn calls_are_shown_only_to_those_who_may_change_them() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let name = "searchContractByIdExecutor";
    let call = json!({"type": "apiCall", "url": format!("http://{}/custom/contractById?key=hunter2", app.sandbox), "headers": {"x-api-key": "hunter3"}});
    admin.put(&format!("{SETTINGS}/{name}"), &call).await.ok();
    assert_eq!(value(&admin, name).await["headers"]["x-api-key"], "hunter3");
    let reader = app.agent().await;
    assert_eq!(value(&reader, name).await, MASK);
    let list = reader.get(SETTINGS).await.ok();
    let events = format!("{:?}", app.events(&app.demo).await);
    for text in [list.text, events] {
        assert!(!text.contains("hunter"), "{text}");
    }
    assert_eq!(value(&app.other_tenant().await, name).await, Value::Null);
}

#[tokio::test]
async fn a_fault_does_not_repeat_the_secret() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    for body in [
        json!({"executorSecrets": {"ONE": ["hunter2"]}}),
        json!({"powercloudApiKey": {"key": "hunter2"}}),
        json!({"executorSecrets": "hunter2"}),
    ] {
        let answer = admin.post(SETTINGS, &body).await.problem(400, "invalidInput");
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
}
