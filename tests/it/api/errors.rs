//! Each bad thing has its own clear answer, and no answer says more than it should.

mod browser;
mod fault;

use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Setup, TestApp};

const LOGIN: &str = "/api/auth/v1/login";
const SETTINGS: &str = "/api/mind/settings";
const JSON: &str = "application/json";

async fn post(client: &Client, path: &str, content_type: &str, body: &str) -> Answer {
    client.send(Method::POST, path, Some((content_type, body.to_owned()))).await
}

#[tokio::test]
async fn every_problem_has_the_same_five_keys() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    app.sandbox_faults(json!({"status": 500})).await;
    let answers = [
        post(&app.anonymous(), LOGIN, JSON, "{").await.problem(400, "malformedJson"),
        agent.get("/api/mind/profiles?limit=x").await.problem(400, "invalidInput"),
        app.anonymous().get("/api/mind/profile").await.problem(401, "unauthenticated"),
        app.nobody().await.get("/api/mind/profiles").await.problem(403, "permissionMissing"),
        agent.get("/api/mind/settings/category/nowhere").await.problem(404, "notFound"),
        agent.get("/nowhere").await.problem(404, "routeNotFound"),
        agent.delete("/api/mind/profile").await.problem(405, "methodNotAllowed"),
        app.admin().await.put(&format!("{SETTINGS}/erpSystem"), &json!("powercloud")).await.problem(409, "conflict"),
        post(&agent, "/api/mind/customer/invalidateCache", "text/plain", "x").await.problem(415, "unsupportedMediaType"),
        agent.get("/api/mind/contract/1").await.problem(502, "erpUnavailable"),
    ];
    for answer in answers {
        let keys: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["error", "details", "txId", "code", "errors"], "{}", answer.text);
        assert_eq!(answer.body["txId"], answer.header("x-tx-id"));
        assert_eq!(answer.header("content-type"), JSON);
        assert!(answer.body["error"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(answer.body["details"].is_null() || answer.body["details"].is_string());
        assert_eq!(answer.code() == "invalidInput" || answer.code() == "conflict", answer.body["errors"] != json!([]), "{}", answer.text);
    }
}

#[tokio::test]
async fn each_answer_has_an_id_of_its_own_that_no_client_chooses() {
    let app = TestApp::start().await;
    let client = app.anonymous().header("x-tx-id", "chosen").header("x-request-id", "chosen");
    let (one, other) = (client.get("/api/mind/version").await.ok(), client.get("/nowhere").await);
    for answer in [&one, &other] {
        let id = answer.header("x-tx-id");
        assert!(id.len() == 10 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }
    assert_ne!(one.header("x-tx-id"), other.header("x-tx-id"));
}

#[tokio::test]
async fn malformed_json_says_where() {
    let app = TestApp::start().await;
    for (body, place) in [
        ("{", "Line 1, column 1."),
        ("{\n  \"email\": \"a\",\n}", "Line 3, column 1."),
        ("", "Line 1, column 0."),
        ("email=a&password=b", "Line 1, column 1."),
        ("{\"email\": \"a\", \"password\": \"b\"} x", "Line 1, column 33."),
    ] {
        let answer = post(&app.anonymous(), LOGIN, JSON, body).await.problem(400, "malformedJson");
        assert_eq!(answer.body["details"], place, "{body}");
    }
    let cut = app.anonymous().send(Method::POST, LOGIN, Some((JSON, "\u{feff}{}".to_owned()))).await;
    assert_eq!(cut.status, 400);
}

#[tokio::test]
async fn a_wrong_body_names_the_json_path() {
    let app = TestApp::start().await;
    for (body, path) in [
        (json!({"email": 5, "password": "x"}), "email"),
        (json!({"email": "a@b.example", "password": null}), "password"),
        (json!({"email": "a@b.example"}), "password"),
        (json!({"email": "a@b.example", "password": "x", "tennant": "demo"}), "tennant"),
        (json!({"email": "a\u{0}b", "password": "x"}), "email"),
        (json!({"email": "a".repeat(321), "password": "x"}), "email"),
        (json!({"email": "a@b.example", "password": "x", "tenant": ["demo"]}), "tenant"),
        (json!({"email": "a@b.example", "password": "x".repeat(1001)}), "password"),
    ] {
        let answer = app.anonymous().post(LOGIN, &body).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), path, "{body}");
    }
    for body in ["[]", "5", "null", "\"text\"", r#"["a@b.example","x"]"#] {
        post(&app.anonymous(), LOGIN, JSON, body).await.problem(400, "invalidInput");
    }
}

#[tokio::test]
async fn a_key_given_twice_is_refused() {
    let app = TestApp::start().await;
    let body = r#"{"email":"a@b.example","password":"x","password":"y"}"#;
    assert_eq!(post(&app.anonymous(), LOGIN, JSON, body).await.problem(400, "invalidInput").path(), "password");
}

#[tokio::test]
async fn deeply_nested_json_is_refused_and_does_not_end_the_server() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let deep = format!("{{\"allowedOrigins\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    post(&admin, SETTINGS, JSON, &deep).await.problem(400, "malformedJson");
    admin.get(SETTINGS).await.ok();
}

#[tokio::test]
async fn a_wrong_path_segment_is_named() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (method, path, name) in [
        (Method::POST, "/api/mind/jwt/abc", "id"),
        (Method::POST, "/api/mind/jwt/1.5", "id"),
        (Method::POST, "/api/mind/jwt/99999999999999999999", "id"),
        (Method::DELETE, "/api/auth/v1/tokens/abc", "id"),
        (Method::GET, "/api/mind/contract/%FF", "contractId"),
        (Method::GET, "/api/mind/customer/byCustomerId/%20", "customerId"),
    ] {
        let answer = admin.send(method, path, None).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), name, "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_unknown_route_is_told_apart_from_a_missing_thing() {
    let app = TestApp::start().await;
    for path in
        ["/nowhere", "/api/mind/nowhere", "/api/mind/contract", "/api/mind/contract/1/2", "/api/mind/internal/query", "/API/mind/profile"]
    {
        app.anonymous().get(path).await.problem(404, "routeNotFound");
    }
    app.admin().await.post("/api/mind/internal/query", &json!({})).await.problem(404, "routeNotFound");
}

#[tokio::test]
async fn a_wrong_method_lists_the_right_ones() {
    let app = TestApp::start().await;
    for (method, path, allowed) in [
        (Method::DELETE, "/api/mind/profile", &["GET", "HEAD"][..]),
        (Method::PATCH, SETTINGS, &["GET", "HEAD", "POST"]),
        (Method::GET, LOGIN, &["POST"]),
        (Method::POST, "/api/auth/v1/session", &["DELETE", "GET", "HEAD"]),
        (Method::PUT, "/api/mind/jwt/1", &["POST"]),
    ] {
        let answer = app.anonymous().send(method, path, None).await.problem(405, "methodNotAllowed");
        let mut listed: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
        listed.sort_unstable();
        assert_eq!(listed, allowed, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let app = TestApp::with(Setup { variables: vec![("MIND_BODY_LIMIT_BYTES", "2048".into())] }).await;
    let admin = app.admin().await;
    let body = |length: usize| json!({"email": "a".repeat(length), "password": "x"});
    app.anonymous().post(LOGIN, &body(3000)).await.problem(413, "payloadTooLarge");
    app.anonymous().post(LOGIN, &body(500)).await.problem(400, "invalidInput");
    admin.put(&format!("{SETTINGS}/powercloudApiKey"), &json!("x".repeat(3000))).await.problem(413, "payloadTooLarge");
    let form = format!("contractId={}", "x".repeat(3000));
    post(&admin, "/api/mind/customer/invalidateCache", "application/x-www-form-urlencoded", &form).await.problem(413, "payloadTooLarge");
}

#[tokio::test]
async fn the_usual_limit_of_a_body_is_a_mebibyte() {
    let app = TestApp::start().await;
    let body = |length: usize| format!("{{\"email\":\"{}\"}}", "a".repeat(length - 12));
    post(&app.anonymous(), LOGIN, JSON, &body(1_048_577)).await.problem(413, "payloadTooLarge");
    post(&app.anonymous(), LOGIN, JSON, &body(1_048_576)).await.problem(400, "invalidInput");
}

#[tokio::test]
async fn a_wrong_content_type_says_which_is_right() {
    let app = TestApp::start().await;
    let body = r#"{"email":"a@b.example","password":"x"}"#;
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data; boundary=x", "nonsense"]
    {
        let answer = post(&app.anonymous(), LOGIN, content_type, body).await.problem(415, "unsupportedMediaType");
        assert!(answer.body["details"].as_str().unwrap().contains(JSON), "{}", answer.text);
    }
    for content_type in ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"] {
        post(&app.anonymous(), LOGIN, content_type, body).await.problem(401, "invalidCredentials");
    }
}

#[tokio::test]
async fn a_post_without_a_body_counts_as_an_empty_object() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.send(Method::POST, SETTINGS, None).await.ok();
    admin.send(Method::POST, "/api/mind/customer/invalidateCache", None).await.ok();
    admin.send(Method::POST, &format!("/api/mind/jwt/{}", app.demo.agent.0), None).await.ok();
    let missing = app.anonymous().send(Method::POST, LOGIN, None).await.problem(400, "invalidInput");
    assert_eq!(missing.path(), "email");
}

/// Otherwise an answer for strangers would say which paths, ids and fields there are.
#[tokio::test]
async fn who_is_not_signed_in_learns_nothing_about_the_request() {
    let app = TestApp::start().await;
    let stranger = app.anonymous();
    stranger.get("/api/mind/contract/746839?nonsense=1").await.problem(401, "unauthenticated");
    stranger.put(&format!("{SETTINGS}/nonsense"), &json!(1)).await.problem(401, "unauthenticated");
    post(&stranger, SETTINGS, "text/plain", "{").await.problem(401, "unauthenticated");
    let texts = [stranger.get("/api/mind/contract/746839").await, stranger.get("/api/mind/contract/1").await].map(|answer| {
        let mut body = answer.body;
        body["txId"] = Value::Null;
        body
    });
    assert_eq!(texts[0], texts[1]);
}
