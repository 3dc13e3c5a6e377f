//! Connecting a Powercloud by the settings, trying the connection, and what the look-ups answer then.

use mind::{domain::role::Permission, sandbox::powercloud as fake};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

const SETTINGS: &str = "/api/mind/settings";
const TEST: &str = "/api/mind/erp/test";
/// The sandbox's key is its password.
const PASSWORD: &str = "sandbox-key-of-the-tests";

fn key() -> String {
    format!("{}:{}:{PASSWORD}", fake::HASH, fake::USER)
}

/// Connects a tenant to the sandbox with the one key.
async fn connect(app: &TestApp, admin: &Client) {
    let body = json!({"erpSystem": "powercloud", "powercloudHost": format!("http://{}", app.sandbox), "powercloudApiKey": key()});
    admin.post(SETTINGS, &body).await.ok();
}

async fn test(client: &Client, id: &str) -> Value {
    client.post(TEST, &json!({"contractId": id})).await.ok().body
}

fn paths(answer: &Answer) -> Vec<&str> {
    let mut paths: Vec<&str> = answer.body["errors"].as_array().unwrap().iter().map(|error| error["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    paths
}

#[tokio::test]
async fn one_key_and_a_host_connect_a_tenant() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    connect(&app, &admin).await;
    let contract = admin.get("/api/mind/contract/746839").await.ok();
    assert_eq!((&contract.body["lastname"], contract.header("x-erp-source")), (&json!("Doe"), "erp"));
    assert_eq!(contract.body["rawData"], Value::Null);
    let raw = admin.get("/api/mind/contract/746839?includeRawData=true").await.ok();
    assert_eq!((&raw.body["rawData"]["zip"], raw.body["rawData"].get("authHash")), (&json!(82031), None));
    admin.get("/api/mind/contract/1").await.problem(404, "notFound");
    // Without a function that lists contracts there is at least the one that was asked for.
    let customer = admin.get("/api/mind/customer/byContractId/746839").await.ok().body;
    assert_eq!((&customer["lastname"], &customer["contracts"][0]["id"]), (&json!("Mustermann"), &json!(746_839)));
    assert_eq!(customer["additionalData"]["contractsIncomplete"], true);
    let alone = admin.get("/api/mind/customer/byCustomerId/83771").await.ok().body;
    assert_eq!((&alone["contracts"], &alone["additionalData"]["contractsIncomplete"]), (&json!([]), &json!(true)));
    admin.get("/api/mind/customer/search?q=Mustermann").await.problem(501, "erpUnsupported");
    assert_eq!(admin.get("/api/mind/customer/search?q=746839").await.ok().body[0]["id"], 83771);
    let hits = admin.get("/api/mind/contract/search?contractId=746839&lastname=Doe").await.ok().body;
    assert_eq!((&hits[0]["id"], &hits[0]["similarity"]), (&json!(746_839), &json!(100)));
}

/// The name of that function is a guess; without it a ticket still shows whom it is about.
#[tokio::test]
async fn a_contract_says_who_its_partner_is_where_customers_cannot_be_read() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    connect(&app, &admin).await;
    admin.put(&format!("{SETTINGS}/powercloudFunctions"), &json!({"customerById": ""})).await.ok();
    let customer = admin.get("/api/mind/customer/byContractId/746839").await.ok();
    assert_eq!(customer.header("x-erp-source"), "erp");
    let customer = customer.body;
    assert_eq!((&customer["id"], &customer["lastname"], &customer["contracts"][0]["id"]), (&json!(123), &json!("Doe"), &json!(746_839)));
    assert_eq!(customer["additionalData"], json!({"contractsIncomplete": true, "fromContract": true}));
    admin.get("/api/mind/customer/byCustomerId/123").await.problem(501, "erpUnsupported");
}

#[tokio::test]
async fn separate_settings_do_what_the_key_does_and_go_before_it() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let body = json!({"erpSystem": "powercloud", "powercloudHost": format!("http://{}", app.sandbox), "powercloudHash": fake::HASH,
        "powercloudUser": fake::USER, "powercloudPassword": PASSWORD, "erpUrlTemplate": "https://erp.example.com/{customerId}/{contractId}",
        "powercloudFunctions": {"contractsByCustomer": "getContractsByCustomer", "searchByText": "searchCustomers", "searchByFields": "searchContracts"}});
    admin.post(SETTINGS, &body).await.ok();
    let customer = admin.get("/api/mind/customer/byCustomerId/83771").await.ok().body;
    assert_eq!((&customer["contracts"][0]["id"], &customer["additionalData"]), (&json!(746_839), &json!({"insolvencyStatus": "solvent"})));
    let links = json!([{"url": "https://erp.example.com/123/746839", "logo": "powercloud"}]);
    assert_eq!(customer["contracts"][0]["erpUrls"], links);
    assert_eq!(admin.get("/api/mind/customer/search?q=Mustermann%20Tom").await.ok().body[0]["contractIds"], json!([746_839]));
    assert_eq!(admin.get("/api/mind/contract/search?meterNumber=1ESY1160669167").await.ok().body[0]["id"], 746_839);
    // A key beside them fills in what is missing; a wrong part of it does not matter.
    admin.post(SETTINGS, &json!({"powercloudApiKey": format!("wrong:wrong:{PASSWORD}"), "powercloudPassword": null})).await.ok();
    assert_eq!(test(&admin, "746839").await["success"], true);
    let shown = admin.get(&format!("{SETTINGS}?filterByName=powercloud")).await.ok().text;
    assert!(!shown.contains(fake::HASH) && !shown.contains(PASSWORD), "{shown}");
    let events = format!("{:?}", app.events(&app.other).await);
    assert!(!events.contains(fake::HASH) && !events.contains(PASSWORD), "{events}");
}

#[tokio::test]
async fn what_is_missing_or_cannot_be_called_is_a_conflict() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let system = |body: Value| {
        let mut body = body;
        body["erpSystem"] = json!("powercloud");
        body
    };
    let host = format!("http://{}", app.sandbox);
    for (body, expected) in [
        (json!({}), vec!["powercloudApiKey", "powercloudHost"]),
        (json!({"powercloudHost": host}), vec!["powercloudApiKey"]),
        (json!({"powercloudApiKey": key()}), vec!["powercloudHost"]),
        (json!({"powercloudHost": host, "powercloudHash": fake::HASH, "powercloudUser": "u"}), vec!["powercloudApiKey"]),
    ] {
        let answer = admin.post(SETTINGS, &system(body)).await.problem(409, "conflict");
        assert_eq!(paths(&answer), expected);
    }
    let beside = format!("http://127.0.0.1:{}", app.sandbox.port() ^ 1);
    for host in [beside.as_str(), "http://1.1.1.1", "10.0.0.1", "localhost", "https://169.254.169.254", "127.0.0.1:5432"] {
        let answer = admin.post(SETTINGS, &system(json!({"powercloudHost": host, "powercloudApiKey": key()}))).await;
        assert_eq!(paths(&answer.problem(409, "conflict")), ["powercloudHost"], "{host}");
    }
    connect(&app, &admin).await;
    for name in ["powercloudHost", "powercloudApiKey"] {
        let answer = admin.put(&format!("{SETTINGS}/{name}"), &Value::Null).await.problem(409, "conflict");
        assert_eq!(paths(&answer), [name]);
    }
}

#[tokio::test]
async fn another_connection_does_not_see_the_copies_of_the_first() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.get("/api/mind/contract/746839").await.ok();
    connect(&app, &admin).await;
    let contract = admin.get("/api/mind/contract/746839").await.ok();
    // The custom protocol's record has a VAT of its own.
    assert_eq!((&contract.body["vatRate"], contract.header("x-erp-source")), (&json!(0.19), "erp"));
    admin.put(&format!("{SETTINGS}/powercloudPricesAreNet"), &json!(true)).await.ok();
    let contract = admin.get("/api/mind/contract/746839").await.ok();
    assert_eq!((&contract.body["workingPrice"], contract.header("x-erp-source")), (&json!(0.1071), "erp"));
}

#[tokio::test]
async fn a_test_shows_each_step() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    connect(&app, &admin).await;
    let shown = test(&admin, "746839").await;
    assert_eq!((&shown["success"], &shown["system"], &shown["error"]), (&json!(true), &json!("powercloud"), &Value::Null));
    let capabilities = json!({"contractById": true, "customerById": true, "searchByFields": false, "searchByText": false});
    assert_eq!(shown["capabilities"], capabilities);
    let request = json!({"method": "GET", "url": format!("http://{}/rest:client/***/getContractById?id=746839", app.sandbox)});
    assert_eq!(shown["request"], request);
    assert_eq!((&shown["raw"]["success"], &shown["raw"]["data"]["data"]["surname"]), (&json!(true), &json!("Doe")));
    assert_eq!((&shown["contract"]["lastname"], &shown["customer"]["lastname"]), (&json!("Doe"), &json!("Mustermann")));
    let text = shown.to_string();
    for secret in [fake::HASH, PASSWORD, "authHash", "never-to-be-shown"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let none = test(&admin, "1").await;
    assert_eq!((&none["success"], &none["raw"]["success"], &none["contract"]), (&json!(true), &json!(false), &Value::Null));
    assert_eq!(none["warnings"], json!(["the ERP has no contract 1"]));
    // A test neither reads nor fills the cache.
    assert_eq!(app.sandbox_calls(Some("contractById")).await, 2);
    admin.get("/api/mind/contract/746839?erpCacheOnly=true").await.problem(404, "notCached");
}

#[tokio::test]
async fn a_test_says_what_is_wrong() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    connect(&app, &admin).await;
    app.sandbox_faults(json!({"nonsense": true})).await;
    let shown = test(&admin, "746839").await;
    assert_eq!((&shown["success"], &shown["error"]["code"]), (&json!(false), &json!("erpUnavailable")));
    assert!(shown["raw"].as_str().unwrap().starts_with("Wartungsarbeiten"), "{shown}");
    app.sandbox_faults(json!({"status": 500, "operations": ["customerById"]})).await;
    let shown = test(&admin, "746839").await;
    assert_eq!((&shown["success"], &shown["contract"]["id"], &shown["customer"]), (&json!(false), &json!(746_839), &Value::Null));
    app.sandbox_faults(json!({})).await;
    admin.post(SETTINGS, &json!({"powercloudApiKey": format!("{}:{}:wrong", fake::HASH, fake::USER)})).await.ok();
    let shown = test(&admin, "746839").await;
    let error = json!({"code": "erpRejected", "message": "the ERP refused the credentials"});
    assert_eq!((&shown["success"], &shown["error"]), (&json!(false), &error));
    admin.put(&format!("{SETTINGS}/powercloudFunctions"), &json!({"contractById": ""})).await.ok();
    assert_eq!(test(&admin, "746839").await["error"]["code"], "erpUnsupported");
    admin.post(TEST, &json!({})).await.problem(400, "invalidInput");
    admin.post(TEST, &json!({"contractId": "1", "host": "evil.example"})).await.problem(400, "invalidInput");
}

#[tokio::test]
async fn other_systems_can_be_tried_too() {
    let app = TestApp::start().await;
    let shown = test(&app.admin().await, "746839").await;
    assert_eq!((&shown["success"], &shown["system"], &shown["request"]), (&json!(true), &json!("custom"), &Value::Null));
    assert_eq!((&shown["raw"]["id"], &shown["contract"]["id"]), (&json!(746_839), &json!(746_839)));
    let shown = test(&app.other_tenant().await, "746839").await;
    assert_eq!((&shown["success"], &shown["contract"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn data_is_for_those_who_may_read_contracts() {
    let app = TestApp::start().await;
    let client = app.with_permissions(&[Permission::UpdateClientSettings]).await;
    let shown = test(&client, "746839").await;
    assert_eq!(shown["success"], true);
    for part in ["raw", "contract", "customer"] {
        assert_eq!(shown[part], Value::Null, "{part}");
    }
    assert!(shown["warnings"][0].as_str().unwrap().contains("readContract"), "{shown}");
    app.agent().await.post(TEST, &json!({"contractId": "746839"})).await.problem(403, "permissionMissing");
}
