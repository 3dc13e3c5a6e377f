//! Connecting LynqTech by settings: incomplete is a conflict, complete is a working ERP.

use mind::domain::role::Permission;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{SETTINGS, value};
use crate::support::{Answer, SANDBOX_KEY, TestApp};

/// Paths of all wrong fields, sorted.
fn paths(answer: &Answer) -> Vec<&str> {
    let mut paths: Vec<&str> = answer.body["errors"].as_array().unwrap().iter().map(|error| error["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    paths
}

fn connection(app: &TestApp) -> Value {
    json!({
        "erpSystem": "lynqTech",
        "lynqTechAuth": "oauth2",
        "lynqTechTokenUrl": format!("http://{}/oauth2/token", app.sandbox),
        "lynqTechClientId": "sandbox",
        "lynqTechClientSecret": SANDBOX_KEY,
        "lynqTechProfile": {"baseUrl": format!("http://{}", app.sandbox)},
    })
}

#[tokio::test]
async fn a_complete_connection_answers_look_ups() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    admin.post(SETTINGS, &connection(&app)).await.ok();
    let answer = admin.get("/api/mind/contract/746839?includeRawData=true").await.ok();
    assert_eq!((&answer.body["status"], answer.header("x-erp-source")), (&json!("active"), "erp"));
    assert_eq!(answer.body["rawData"]["boModel"]["boTyp"], "VERTRAG");
    let answer = admin.get("/api/mind/customer/byContractId/746839").await.ok();
    assert_eq!((&answer.body["lastname"], answer.body["contracts"].as_array().unwrap().len()), (&json!("Mustermann"), 1));
    admin.get("/api/mind/contract/VN-99999").await.problem(404, "notFound");
    let found = admin.get("/api/mind/contract/search?meterNumber=1ESY1160669167").await.ok();
    assert_eq!(found.body[0]["id"], 746_839);
    // Secrets are masked like all others.
    assert_eq!(value(&admin, "lynqTechClientSecret").await, "********");
}

#[tokio::test]
async fn an_incomplete_connection_is_refused_with_what_is_missing() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    let refused = async |body: Value| {
        let answer = admin.post(SETTINGS, &body).await.problem(409, "conflict");
        assert_eq!(value(&admin, "erpSystem").await, "store");
        paths(&answer).join(" ")
    };
    assert_eq!(refused(json!({"erpSystem": "lynqTech"})).await, "lynqTechApiKey lynqTechHost");
    for (name, missing) in [
        ("lynqTechTokenUrl", "lynqTechTokenUrl"),
        ("lynqTechClientId", "lynqTechClientId"),
        ("lynqTechClientSecret", "lynqTechClientSecret"),
        ("lynqTechProfile", "lynqTechHost"),
    ] {
        let mut body = connection(&app);
        body[name] = Value::Null;
        assert_eq!(refused(body).await, missing);
    }
    let mut body = connection(&app);
    body["lynqTechProfile"]["contract"] = json!({"email": "customer.email"});
    assert_eq!(refused(body).await, "lynqTechProfile.contract.email");
}

/// Whoever sets these decides where the credentials go.
#[tokio::test]
async fn targets_that_may_not_be_called_are_refused() {
    let app = TestApp::start().await;
    let admin = app.other_tenant().await;
    for (body, path) in [
        (json!({"lynqTechTokenUrl": "https://169.254.169.254/oauth2/token"}), "lynqTechTokenUrl"),
        (json!({"lynqTechTokenUrl": "http://93.184.215.14/oauth2/token"}), "lynqTechTokenUrl"),
        (json!({"lynqTechHost": "127.0.0.1:9"}), "lynqTechHost"),
        (json!({"lynqTechProfile": {"baseUrl": "http://10.0.0.1"}}), "lynqTechProfile.baseUrl"),
    ] {
        let answer = admin.post(SETTINGS, &body).await.problem(409, "conflict");
        assert_eq!(paths(&answer), [path], "{body}");
    }
    for (name, wrong) in [
        ("lynqTechAuth", json!("kerberos")),
        ("lynqTechHost", json!("https://api.example.com")),
        ("lynqTechTokenUrl", json!("auth.example.com")),
        ("lynqTechKeyHeader", json!("x api key")),
        ("lynqTechClientId", json!(" ")),
        ("lynqTechUser", json!("")),
        ("lynqTechClientSecret", json!(7)),
    ] {
        let answer = admin.put(&format!("{SETTINGS}/{name}"), &wrong).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), name);
    }
    let agent = app.with_permissions(&[Permission::ReadSettings, Permission::UpdateClientSettings]).await;
    for name in ["lynqTechHost", "lynqTechTokenUrl", "lynqTechProfile"] {
        agent.put(&format!("{SETTINGS}/{name}"), &Value::Null).await.problem(403, "permissionMissing");
    }
}
