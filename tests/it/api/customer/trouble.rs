//! An ERP in trouble, told apart from a customer that is not there.

use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{BY_CONTRACT, break_erp};
use crate::support::TestApp;

const UNKNOWN: &str = "/api/mind/customer/byContractId/999999";

/// Call A with other parts than the usual.
fn contract_call(app: &TestApp, parts: &Value) -> Value {
    let mut call = json!({
        "type": "apiCall",
        "url": format!("http://{}/custom/contractById", app.sandbox),
        "headers": {"x-api-key": "{{secret.SANDBOX_KEY}}"},
    });
    call.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
    json!({"searchContractByIdExecutor": call})
}

#[tokio::test]
async fn an_unknown_contract_is_not_found() {
    let app = TestApp::start().await;
    let answer = app.agent().await.get(UNKNOWN).await.problem(404, "notFound");
    assert_eq!(answer.body["error"], "Contract 999999 was not found");
    let answer = app.agent().await.get("/api/mind/customer/byCustomerId/999999").await.problem(404, "notFound");
    assert_eq!(answer.body["error"], "Customer 999999 was not found");
}

/// An agent who reads "not found" tells the customer that there is no contract.
#[tokio::test]
async fn trouble_of_the_erp_is_never_not_found() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for (faults, code) in [
        (json!({"status": 500}), "erpUnavailable"),
        (json!({"nonsense": true}), "erpUnavailable"),
        (json!({"status": 429}), "erpUnavailable"),
        (json!({"status": 401}), "erpRejected"),
        (json!({"status": 403}), "erpRejected"),
        (json!({"status": 400}), "erpRejected"),
        (json!({"status": 422}), "erpRejected"),
    ] {
        app.sandbox_faults(faults.clone()).await;
        let answer = agent.get(BY_CONTRACT).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (502, code), "{faults}: {}", answer.text);
        // What the ERP wrote on its error page is nobody's business.
        assert!(!answer.text.contains("sandbox") && !answer.text.contains("html"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_customer_that_cannot_be_fetched_is_trouble_too() {
    let app = TestApp::start().await;
    app.sandbox_faults(json!({"status": 500, "operations": ["customerById"]})).await;
    app.agent().await.get(BY_CONTRACT).await.problem(502, "erpUnavailable");
}

#[tokio::test]
async fn a_wrong_key_says_where_to_correct_it() {
    let app = TestApp::start().await;
    app.admin().await.put("/api/mind/settings/executorSecrets", &json!({"SANDBOX_KEY": "wrong-key"})).await.ok();
    let answer = app.agent().await.get(BY_CONTRACT).await.problem(502, "erpRejected");
    assert!(answer.body["details"].as_str().unwrap().contains("settings"), "{}", answer.text);
    assert!(!answer.text.contains("wrong-key"));
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    let app = TestApp::start().await;
    // Bound and dropped: nobody listens there, and the operator allows it.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    app.app.config().outbound_allow.add("127.0.0.1", free.port()).unwrap();
    let body = contract_call(&app, &json!({"url": format!("http://{free}/contract")}));
    app.admin().await.post("/api/mind/settings", &body).await.ok();
    let answer = app.agent().await.get(BY_CONTRACT).await.problem(502, "erpUnavailable");
    assert!(!answer.text.contains(&free.port().to_string()), "{}", answer.text);
}

#[tokio::test]
async fn a_slow_erp_is_given_up_in_time() {
    let app = TestApp::start().await;
    let body = contract_call(&app, &json!({"timeoutMs": 1000}));
    app.admin().await.post("/api/mind/settings", &body).await.ok();
    app.sandbox_faults(json!({"delayMs": 20_000})).await;
    let began = Instant::now();
    app.agent().await.get(BY_CONTRACT).await.problem(502, "erpUnavailable");
    // One try and, within as long again, a second one.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn after_five_failures_in_a_row_calls_are_paused() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    break_erp(&app).await;
    for _ in 0..5 {
        agent.get(BY_CONTRACT).await.problem(502, "erpUnavailable");
    }
    let before = app.sandbox_calls(None).await;
    assert_eq!(before, 5);
    let answer = agent.get(BY_CONTRACT).await.problem(503, "erpCircuitOpen");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
    agent.get("/api/mind/customer/search?q=Mustermann").await.problem(503, "erpCircuitOpen");
    assert_eq!(app.sandbox_calls(None).await, before);
    // Another tenant's look-ups go on.
    app.other_tenant().await.get(BY_CONTRACT).await.problem(404, "notFound");
}

#[tokio::test]
async fn a_corrected_connection_is_tried_at_once() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    break_erp(&app).await;
    for _ in 0..5 {
        agent.get(BY_CONTRACT).await.problem(502, "erpUnavailable");
    }
    agent.get(BY_CONTRACT).await.problem(503, "erpCircuitOpen");
    app.sandbox_faults(json!({})).await;
    let body = contract_call(&app, &json!({"url": format!("http://{}/custom/contractById?v=2", app.sandbox)}));
    app.admin().await.post("/api/mind/settings", &body).await.ok();
    agent.get(BY_CONTRACT).await.ok();
}

#[tokio::test]
async fn an_answer_we_do_not_like_does_not_pause_calls() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for _ in 0..7 {
        agent.get(UNKNOWN).await.problem(404, "notFound");
    }
    app.sandbox_faults(json!({"status": 400})).await;
    for _ in 0..7 {
        agent.get(BY_CONTRACT).await.problem(502, "erpRejected");
    }
}
