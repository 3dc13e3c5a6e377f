//! Reading settings: filters, languages, categories, and that secrets stay masked.

mod change;
mod lynqtech;
mod secret;

use mind::domain::role::Permission;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

const SETTINGS: &str = "/api/mind/settings";
const MASK: &str = "********";

/// Names in an answer that is a list of settings.
async fn names(client: &Client, path: &str) -> Vec<String> {
    let answer = client.get(path).await.ok();
    answer.body.as_array().unwrap().iter().map(|setting| setting["name"].as_str().unwrap().to_owned()).collect()
}

/// The value in force, as the compact list shows it.
async fn value(client: &Client, name: &str) -> Value {
    client.get(&format!("{SETTINGS}/compact")).await.ok().body[name].clone()
}

/// A call of a custom ERP at an address that is never asked.
fn call(url: &str) -> Value {
    json!({"type": "apiCall", "url": url})
}

#[tokio::test]
async fn a_setting_is_described_for_programs_and_people() {
    let app = TestApp::start().await;
    let agent = app.agent().await.header("accept-language", "en");
    let answer = agent.get(&format!("{SETTINGS}?filterByName=erpCacheSeconds")).await.ok();
    let setting = &answer.body[0];
    let order = setting["order"].as_u64().unwrap();
    let expected = json!([{
        "name": "erpCacheSeconds",
        "value": 300,
        "category": "erp",
        "usedBy": ["mind"],
        "type": "int",
        "label": "Freshness (seconds)",
        "description": "How long an answer of the ERP counts as current. 0 = one second.",
        "default": 300,
        "options": null,
        "isSecret": false,
        "group": "cache",
        "order": order,
    }]);
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn filters_find_by_part_of_the_name_by_category_and_by_reader() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let all = names(&agent, SETTINGS).await;
    assert_eq!(names(&agent, &format!("{SETTINGS}?filterByName=SESSION")).await, ["sessionIdleHours", "sessionAbsoluteHours"]);
    let erp = names(&agent, &format!("{SETTINGS}?filterByCategory=erp")).await;
    assert!(erp.contains(&"erpSystem".to_owned()) && !erp.contains(&"sessionIdleHours".to_owned()), "{erp:?}");
    let both = names(&agent, &format!("{SETTINGS}?filterByCategory=erp&filterByName=session")).await;
    assert!(both.is_empty(), "{both:?}");
    assert_eq!(names(&agent, &format!("{SETTINGS}?filterByUsedBy=mind")).await.len(), all.len());
    assert!(names(&agent, &format!("{SETTINGS}?filterByUsedBy=nobody")).await.is_empty());
    // A typing error must not list everything.
    let typo = agent.get(&format!("{SETTINGS}?filterByNam=x")).await.problem(400, "invalidInput");
    assert_eq!(typo.path(), "filterByNam");
}

#[tokio::test]
async fn texts_come_in_the_callers_language() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let label = async |language: Option<&str>| {
        let client = match language {
            Some(language) => agent.clone().header("accept-language", language),
            None => agent.clone(),
        };
        client.get(&format!("{SETTINGS}?filterByName=erpSystem")).await.ok().body[0].clone()
    };
    for (language, expected, option) in [
        (Some("de"), "ERP-System", "Eigener Datenbestand"),
        (Some("de-AT,en;q=0.5"), "ERP-System", "Eigener Datenbestand"),
        (Some("en-GB,de;q=0.9"), "ERP system", "Own store"),
        // New profiles speak German; a language there is no text for changes nothing.
        (Some("fr"), "ERP-System", "Eigener Datenbestand"),
        (None, "ERP-System", "Eigener Datenbestand"),
    ] {
        let setting = label(language).await;
        assert_eq!((&setting["label"], &setting["options"][0]["label"]), (&json!(expected), &json!(option)), "{language:?}");
        assert_eq!(setting["options"][0]["value"], "store");
    }
}

#[tokio::test]
async fn secrets_are_masked_unless_asked_for_with_the_permission() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.put(&format!("{SETTINGS}/powercloudApiKey"), &json!("hash:user:hunter2")).await.ok();
    let path = format!("{SETTINGS}?filterByName=ApiKey");
    let shown = async |client: &Client, path: &str| {
        let answer = client.get(path).await.ok();
        answer.body.as_array().unwrap().iter().map(|setting| setting["value"].clone()).collect::<Vec<_>>()
    };
    // The other key was never set: a mask there would claim that it is.
    assert_eq!(shown(&admin, &path).await, [json!(MASK), Value::Null]);
    assert_eq!(shown(&admin, &format!("{path}&showSecrets=true")).await, [json!("hash:user:hunter2"), Value::Null]);
    let reader = app.with_permissions(&[Permission::ReadSettings]).await;
    assert_eq!(shown(&reader, &path).await, [json!(MASK), Value::Null]);
    let refused = reader.get(&format!("{path}&showSecrets=true")).await.problem(403, "permissionMissing");
    assert!(!refused.text.contains("hunter2"));
}

#[tokio::test]
async fn secrets_of_calls_are_shown_to_nobody() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for path in [
        format!("{SETTINGS}?showSecrets=true"),
        SETTINGS.to_owned(),
        format!("{SETTINGS}/compact"),
        format!("{SETTINGS}/category/erp"),
        format!("{SETTINGS}/search?q=executorSecrets"),
    ] {
        let answer = admin.get(&path).await.ok();
        assert!(!answer.text.contains("sandbox-key-of-the-tests"), "{path}");
        assert!(answer.text.contains(MASK), "{path}");
    }
}

#[tokio::test]
async fn the_compact_list_is_names_and_values() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let answer = agent.get(&format!("{SETTINGS}/compact")).await.ok();
    let compact = answer.body.as_object().unwrap();
    let mut expected = names(&agent, SETTINGS).await;
    let mut keys: Vec<String> = compact.keys().cloned().collect();
    expected.sort_unstable();
    keys.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!((&compact["erpSystem"], &compact["erpCacheSeconds"]), (&json!("custom"), &json!(300)));
    assert_eq!(compact["executorSecrets"], MASK);
}

#[tokio::test]
async fn a_category_comes_in_groups() {
    let app = TestApp::start().await;
    let agent = app.agent().await.header("accept-language", "en");
    let answer = agent.get(&format!("{SETTINGS}/category/security")).await.ok();
    assert_eq!((&answer.body["success"], &answer.body["category"]), (&json!(true), &json!("security")));
    let groups: Vec<(&str, &str, Vec<&str>)> = answer.body["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            let settings = group["settings"].as_array().unwrap();
            let names = settings.iter().map(|setting| setting["name"].as_str().unwrap()).collect();
            (group["name"].as_str().unwrap(), group["label"].as_str().unwrap(), names)
        })
        .collect();
    let expected = [
        ("session", "Sessions", vec!["sessionIdleHours", "sessionAbsoluteHours", "allowedOrigins"]),
        ("token", "Access tokens", vec!["accessTokenDays", "serviceWorkerTokenDays"]),
    ];
    assert_eq!(groups, expected);
    agent.get(&format!("{SETTINGS}/category/nowhere")).await.problem(404, "notFound");
}

#[tokio::test]
async fn a_search_looks_at_names_and_texts_of_both_languages() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for (q, found) in [
        ("sessionIdle", "sessionIdleHours"),
        ("LEERLAUF", "sessionIdleHours"),
        ("idle%20sign-out", "sessionIdleHours"),
        ("counts%20as%20current", "erpCacheSeconds"),
        ("%C3%BCltigkeit%20(Sek", "erpCacheSeconds"),
    ] {
        assert_eq!(names(&agent, &format!("{SETTINGS}/search?q={q}")).await, [found], "{q}");
    }
    assert!(names(&agent, &format!("{SETTINGS}/search?q=xyzzy")).await.is_empty());
    let missing = agent.get(&format!("{SETTINGS}/search")).await.problem(400, "invalidInput");
    assert_eq!(missing.path(), "q");
}

#[tokio::test]
async fn reading_and_writing_need_their_permissions() {
    let app = TestApp::start().await;
    let nobody = app.nobody().await;
    for path in ["", "/compact", "/category/erp", "/search?q=erp"] {
        nobody.get(&format!("{SETTINGS}{path}")).await.problem(403, "permissionMissing");
    }
    let agent = app.agent().await;
    agent.post(SETTINGS, &json!({"erpCacheSeconds": 1})).await.problem(403, "permissionMissing");
    agent.put(&format!("{SETTINGS}/erpCacheSeconds"), &json!(1)).await.problem(403, "permissionMissing");
    // Not even which names exist.
    agent.put(&format!("{SETTINGS}/nonsense"), &json!(1)).await.problem(403, "permissionMissing");
    assert_eq!(value(&agent, "erpCacheSeconds").await, 300);
}

#[tokio::test]
async fn tenants_do_not_see_each_others_settings() {
    let app = TestApp::start().await;
    let (demo, other) = (app.admin().await, app.other_tenant().await);
    assert_eq!(value(&other, "erpSystem").await, "store");
    assert_eq!(value(&other, "executorSecrets").await, Value::Null);
    other.put(&format!("{SETTINGS}/erpCacheSeconds"), &json!(7)).await.ok();
    assert_eq!(value(&demo, "erpCacheSeconds").await, 300);
    demo.put(&format!("{SETTINGS}/erpCacheSeconds"), &json!(8)).await.ok();
    assert_eq!(value(&other, "erpCacheSeconds").await, 7);
}
