//! What browsers are told: headers that protect, and which other sites may read.

use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Client, TestApp};

const LISTED: &str = "https://crm.example";
const CONTRACT: &str = "/api/mind/contract/746839";

async fn preflight(client: &Client, origin: &str) -> Answer {
    let client = client
        .clone()
        .header("origin", origin)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "authorization, content-type");
    client.send(Method::OPTIONS, "/api/mind/settings/erpCacheSeconds", None).await
}

fn words(answer: &Answer, name: &str) -> Vec<String> {
    let mut words: Vec<String> = answer.header(name).split(',').map(|word| word.trim().to_lowercase()).collect();
    words.sort_unstable();
    words
}

#[tokio::test]
async fn every_answer_protects_the_browser() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for answer in [
        agent.get(CONTRACT).await.ok(),
        agent.get("/nowhere").await.problem(404, "routeNotFound"),
        app.anonymous().get("/api/mind/profile").await.problem(401, "unauthenticated"),
        app.anonymous().get("/").await.ok(),
    ] {
        for (name, value) in [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "same-origin")] {
            assert_eq!(answer.header(name), value);
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("script-src 'self' 'unsafe-inline'"), "{policy}");
    }
    // Answers hold personal data: no cache on the way may keep them.
    assert_eq!(agent.get(CONTRACT).await.ok().header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_page_with_a_token_may_come_from_anywhere() {
    let app = TestApp::start().await;
    let page = app.agent().await.header("origin", "https://anywhere.example");
    let answer = page.get(CONTRACT).await.ok();
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    // With `*` and this one browsers would refuse; without it they send no cookie.
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    let exposed = words(&answer, "access-control-expose-headers");
    for name in ["x-tx-id", "x-erp-source", "age", "retry-after", "idempotency-replayed"] {
        assert!(exposed.contains(&name.to_owned()), "{exposed:?}");
    }
    // A problem has to be readable too.
    assert_eq!(page.get("/nowhere").await.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_credential() {
    let app = TestApp::start().await;
    let answer = preflight(&app.anonymous(), "https://anywhere.example").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert_eq!(words(&answer, "access-control-allow-methods"), ["delete", "get", "patch", "post", "put"]);
    let headers = words(&answer, "access-control-allow-headers");
    assert!(["authorization", "content-type"].iter().all(|name| headers.contains(&(*name).to_owned())), "{headers:?}");
    assert!(!answer.header("access-control-max-age").is_empty());
}

#[tokio::test]
async fn a_listed_page_may_use_the_visitors_cookie() {
    let app = TestApp::start().await;
    app.other_tenant().await.put("/api/mind/settings/allowedOrigins", &json!([LISTED])).await.ok();
    let host = app.anonymous().header("host", "other.example");
    let login = host.post("/api/auth/v1/login", &json!({"email": "admin@other.example", "password": crate::support::PASSWORD})).await.ok();
    let browser = host.clone().cookie_of(&login);
    for answer in [browser.header("origin", LISTED).get("/api/mind/profile").await.ok(), preflight(&host, LISTED).await] {
        assert_eq!(answer.header("access-control-allow-origin"), LISTED);
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert!(words(&answer, "vary").contains(&"origin".to_owned()));
    }
    // Credentials are for listed pages only.
    let stranger = preflight(&host, "https://anywhere.example").await;
    assert_eq!((stranger.header("access-control-allow-origin"), stranger.header("access-control-allow-credentials")), ("*", ""));
}

/// The default tenant's host is the bare one; its list must hold there as the cross-site rule lets it.
#[tokio::test]
async fn a_page_listed_by_the_default_tenant_may_use_the_cookie_on_the_bare_host() {
    let app = TestApp::start().await;
    app.admin().await.put("/api/mind/settings/allowedOrigins", &json!([LISTED])).await.ok();
    let browser = app.browser("admin@demo.example").await;
    for answer in [browser.header("origin", LISTED).get("/api/mind/profile").await.ok(), preflight(&app.anonymous(), LISTED).await] {
        assert_eq!(answer.header("access-control-allow-origin"), LISTED);
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
    }
}

#[tokio::test]
async fn without_an_origin_nothing_is_said_about_origins() {
    let app = TestApp::start().await;
    let answer = app.agent().await.get("/api/mind/profile").await.ok();
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let plain = admin.clone().header("accept-encoding", "identity").get("/api/mind/settings").await.ok();
    assert_eq!(plain.header("content-encoding"), "");
    let packed = admin.header("accept-encoding", "gzip").get("/api/mind/settings").await.ok();
    assert_eq!(packed.header("content-encoding"), "gzip");
}
