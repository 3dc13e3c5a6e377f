//! Changing settings: all or nothing, checked one by one and together, with an event for each.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{SETTINGS, call, names, value};
use crate::support::{Answer, TestApp, TestTenant, within_a_second};

async fn changes(app: &TestApp, tenant: &TestTenant) -> Vec<Value> {
    let events = app.events(tenant).await;
    events.into_iter().filter(|(kind, _)| kind == "settingsUpdated").map(|(_, data)| data).collect()
}

/// Paths of all wrong fields, sorted.
fn paths(answer: &Answer) -> Vec<&str> {
    let mut paths: Vec<&str> = answer.body["errors"].as_array().unwrap().iter().map(|error| error["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    paths
}

fn put(name: &str) -> String {
    format!("{SETTINGS}/{name}")
}

#[tokio::test]
async fn one_setting_is_put_and_reset() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let answer = admin.put(&put("erpCacheSeconds"), &json!(60)).await.ok();
    assert_eq!(answer.body, json!({"success": true}));
    assert_eq!(value(&admin, "erpCacheSeconds").await, 60);
    admin.put(&put("erpCacheSeconds"), &Value::Null).await.ok();
    assert_eq!(value(&admin, "erpCacheSeconds").await, 300);
    admin.put(&put("nonsense"), &json!(1)).await.problem(404, "notFound");
}

#[tokio::test]
async fn a_wrong_value_is_named() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let url = "https://erp.example/a";
    for (name, wrong, path) in [
        ("erpCacheSeconds", json!("300"), "erpCacheSeconds"),
        ("erpCacheSeconds", json!(1.5), "erpCacheSeconds"),
        ("erpCacheSeconds", json!(-1), "erpCacheSeconds"),
        ("erpCacheSeconds", json!(86_401), "erpCacheSeconds"),
        ("erpSystem", json!("sap"), "erpSystem"),
        ("erpSystem", json!(["custom"]), "erpSystem"),
        ("sessionIdleHours", json!(0), "sessionIdleHours"),
        ("allowedOrigins", json!("https://a.example"), "allowedOrigins"),
        ("allowedOrigins", json!(["https://a.example/page"]), "allowedOrigins"),
        ("allowedOrigins", json!(["*"]), "allowedOrigins"),
        ("powercloudHost", json!("https://app.powercloud.de/rest"), "powercloudHost"),
        ("powercloudApiKey", json!(""), "powercloudApiKey"),
        ("executorSecrets", json!({"a b": "x"}), "executorSecrets.a b"),
        ("executorSecrets", json!({"KEY": 5}), "executorSecrets.KEY"),
        ("executorSecrets", json!("KEY"), "executorSecrets"),
        ("searchContractByIdExecutor", json!({"type": "apiCall"}), "searchContractByIdExecutor.url"),
        ("searchContractByIdExecutor", json!({"type": "apiCall", "url": "ftp://erp.example"}), "searchContractByIdExecutor.url"),
        ("searchContractByIdExecutor", json!({"type": "code", "url": url}), "searchContractByIdExecutor.type"),
        ("searchContractByIdExecutor", json!({"type": "apiCall", "url": url, "timeoutMs": 5}), "searchContractByIdExecutor.timeoutMs"),
        ("searchContractByIdExecutor", json!({"type": "apiCall", "url": url, "bdoy": "x"}), "searchContractByIdExecutor.bdoy"),
    ] {
        let answer = admin.put(&put(name), &wrong).await;
        assert_eq!((answer.status.as_u16(), answer.code(), answer.path()), (400, "invalidInput", path), "{name} {wrong}: {}", answer.text);
    }
    assert!(changes(&app, &app.other).await.is_empty());
}

#[tokio::test]
async fn several_settings_change_together_or_not_at_all() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let answer = admin.post(SETTINGS, &json!({"erpCacheSeconds": 60, "erpStaleSeconds": 120})).await.ok();
    assert_eq!(answer.body, json!({"success": true}));
    let body = json!({"erpCacheSeconds": 61, "erpStaleSeconds": "a week", "sessionIdleHours": 0});
    let refused = admin.post(SETTINGS, &body).await.problem(400, "invalidInput");
    // Every fault at once: a form that shows one after the other is a nuisance.
    assert_eq!(paths(&refused), ["erpStaleSeconds", "sessionIdleHours"]);
    assert_eq!(value(&admin, "erpCacheSeconds").await, 60);
    assert_eq!(value(&admin, "erpStaleSeconds").await, 120);
    assert_eq!(changes(&app, &app.other).await.len(), 2);
}

#[tokio::test]
async fn an_unknown_name_is_refused_and_nothing_written() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let answer = admin.post(SETTINGS, &json!({"erpCacheSeconds": 61, "erpCacheSecond": 62})).await.problem(400, "invalidInput");
    assert_eq!(paths(&answer), ["erpCacheSecond"]);
    assert_eq!(value(&admin, "erpCacheSeconds").await, 300);
}

#[tokio::test]
async fn each_change_is_an_event_with_old_and_new_value() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    admin.post(SETTINGS, &json!({"erpCacheSeconds": 60, "powercloudApiKey": "hash:user:hunter2"})).await.ok();
    admin.put(&put("powercloudApiKey"), &json!("hash:user:hunter3")).await.ok();
    admin.put(&put("erpCacheSeconds"), &Value::Null).await.ok();
    let expected = [
        json!({"name": "erpCacheSeconds", "old": 300, "new": 60}),
        json!({"name": "powercloudApiKey", "old": null, "new": "********"}),
        json!({"name": "powercloudApiKey", "old": "********", "new": "********"}),
        json!({"name": "erpCacheSeconds", "old": 60, "new": 300}),
    ];
    assert_eq!(changes(&app, &app.other).await, expected);
    let mut tx = app.tx(&app.other).await;
    let by: Vec<Option<i64>> = sqlx::query_scalar("select distinct created_by from event where type = 'settingsUpdated'")
        .fetch_all(tx.connection())
        .await
        .unwrap();
    assert_eq!(by, [Some(app.other.admin.0)]);
}

/// Clients send whole pages back; a log full of changes that are none hides the real one.
#[tokio::test]
async fn a_value_that_stays_the_same_is_no_event() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    admin.put(&put("erpCacheSeconds"), &json!(60)).await.ok();
    let before = changes(&app, &app.other).await.len();
    admin.put(&put("erpCacheSeconds"), &json!(60)).await.ok();
    admin.put(&put("sessionIdleHours"), &json!(8)).await.ok();
    admin.put(&put("erpStaleSeconds"), &Value::Null).await.ok();
    admin.post(SETTINGS, &json!({})).await.ok();
    let whole = admin.get(&format!("{SETTINGS}/compact")).await.ok().body;
    admin.post(SETTINGS, &whole).await.ok();
    assert_eq!(changes(&app, &app.other).await.len(), before);
}

#[tokio::test]
async fn a_custom_erp_needs_its_calls() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let answer = admin.put(&put("erpSystem"), &json!("custom")).await.problem(409, "conflict");
    assert!(paths(&answer).contains(&"searchContractByIdExecutor") && paths(&answer).contains(&"searchCustomerByIdExecutor"));
    assert_eq!(value(&admin, "erpSystem").await, "store");
    assert!(changes(&app, &app.other).await.is_empty());
    // Taking a call away from a connection in use is the same.
    let demo = app.admin().await;
    let answer = demo.put(&put("searchContractByIdExecutor"), &Value::Null).await.problem(409, "conflict");
    assert_eq!(paths(&answer), ["searchContractByIdExecutor"]);
    demo.get("/api/mind/contract/746839").await.ok();
}

#[tokio::test]
async fn a_secret_that_a_call_uses_has_to_be_there() {
    let app = TestApp::start().await;
    let demo = app.admin().await;
    let answer = demo.put(&put("executorSecrets"), &json!({"SANDBOX_KEY": null})).await.problem(409, "conflict");
    assert!(paths(&answer).contains(&"searchContractByIdExecutor.headers"), "{}", answer.text);
    demo.get("/api/mind/contract/746839").await.ok();
    let url = format!("http://{}/custom/contractById", app.sandbox);
    let unknown = json!({"type": "apiCall", "url": url, "headers": {"x-api-key": "{{secret.OTHER}}"}});
    let answer = demo.put(&put("searchContractByIdExecutor"), &unknown).await.problem(409, "conflict");
    assert_eq!(paths(&answer), ["searchContractByIdExecutor.headers"]);
    // Both at once fit together.
    demo.post(SETTINGS, &json!({"searchContractByIdExecutor": unknown, "executorSecrets": {"OTHER": "x"}})).await.ok();
}

#[tokio::test]
async fn a_system_that_is_not_set_up_cannot_be_chosen() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    for system in ["custom", "powercloud", "lynqTech"] {
        admin.put(&put("erpSystem"), &json!(system)).await.problem(409, "conflict");
        assert_eq!(value(&admin, "erpSystem").await, "store");
    }
}

/// An administrator of one tenant must not make the server call the operator's own machines.
#[tokio::test]
async fn a_call_to_a_private_address_is_refused() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let beside_the_sandbox = format!("http://127.0.0.1:{}/", app.sandbox.port() ^ 1);
    for url in [
        beside_the_sandbox.as_str(),
        "http://localhost:5432/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706433/",
        "http://0/",
    ] {
        for name in ["searchContractByIdExecutor", "searchCustomerByTextExecutor"] {
            let answer = admin.put(&put(name), &call(url)).await.problem(409, "conflict");
            assert_eq!(paths(&answer), [format!("{name}.url")], "{url}");
        }
    }
    assert_eq!(value(&admin, "searchContractByIdExecutor").await, Value::Null);
    // The operator allowed this one.
    admin.put(&put("searchContractByIdExecutor"), &call(&format!("http://{}/", app.sandbox))).await.ok();
}

#[tokio::test]
async fn a_change_holds_on_every_node_within_a_second() {
    let app = TestApp::start().await;
    let (_node, elsewhere, _stop) = app.second_node().await;
    let here = app.admin().await;
    let there = here.clone().at(elsewhere);
    let compact = format!("{SETTINGS}/compact");
    assert_eq!(value(&there, "erpCacheSeconds").await, 300);
    here.put(&put("erpCacheSeconds"), &json!(60)).await.ok();
    assert_eq!(value(&here, "erpCacheSeconds").await, 60);
    let answer = within_a_second(async || there.get(&compact).await, |answer| answer.body["erpCacheSeconds"] == 60).await;
    assert_eq!(answer.body["erpCacheSeconds"], 60);
}

/// Each fits alone; together they would leave a call without the secret it uses.
#[tokio::test]
async fn changes_at_the_same_time_are_checked_together() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let url = format!("http://{}/custom/contractById", app.sandbox);
    let use_it = json!({"searchContractByIdExecutor": {"type": "apiCall", "url": url, "headers": {"x-api-key": "{{secret.ONE}}"}}});
    let remove_it = json!({"executorSecrets": {"ONE": null}});
    for round in 0..5 {
        admin.post(SETTINGS, &json!({"searchContractByIdExecutor": null, "executorSecrets": {"ONE": "1"}})).await.ok();
        let (used, removed) = tokio::join!(admin.post(SETTINGS, &use_it), admin.post(SETTINGS, &remove_it));
        let mut statuses = [used.status.as_u16(), removed.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "round {round}");
    }
}

#[tokio::test]
async fn what_a_list_shows_can_be_sent_back() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for name in names(&admin, SETTINGS).await {
        let shown = value(&admin, &name).await;
        let answer = admin.put(&put(&name), &shown).await;
        assert_eq!(answer.status, 200, "{name} = {shown}: {}", answer.text);
    }
    // Masks sent back included, the connection still works.
    admin.get("/api/mind/contract/746839").await.ok();
}
