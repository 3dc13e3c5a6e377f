//! Pages of other sites must not write with a visitor's cookie.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::LOGIN;
use crate::support::{Client, PASSWORD, TestApp};

const CONTRACT: &str = "/api/mind/contract/746839";
const INVALIDATE: &str = "/api/mind/customer/invalidateCache";
const LISTED: &str = "https://crm.example";

fn with(client: &Client, headers: [(&str, Option<&str>); 2]) -> Client {
    headers.into_iter().fold(client.clone(), |client, (name, value)| match value {
        Some(value) => client.header(name, value),
        None => client,
    })
}

async fn start() -> TestApp {
    let app = TestApp::start().await;
    app.admin().await.put("/api/mind/settings/allowedOrigins", &json!([LISTED])).await.ok();
    app
}

#[tokio::test]
async fn a_cookie_writes_only_for_the_own_site_and_listed_ones() {
    let app = start().await;
    let browser = app.browser("admin@demo.example").await;
    let own = format!("http://{}", app.address);
    let lookalike = format!("http://{}.evil.example", app.address.ip());
    let other_port = format!("http://{}:1", app.address.ip());
    let (own, evil) = (Some(own.as_str()), Some("https://evil.example"));
    for (origin, site, allowed) in [
        (None, None, true),
        (own, None, true),
        (own, Some("same-origin"), true),
        (Some(LISTED), None, true),
        (Some(LISTED), Some("cross-site"), true),
        (None, Some("same-origin"), true),
        (None, Some("none"), true),
        (evil, None, false),
        (evil, Some("cross-site"), false),
        (evil, Some("same-origin"), false),
        (None, Some("cross-site"), false),
        (None, Some("same-site"), false),
        (Some("null"), None, false),
        (Some(&lookalike), None, false),
        (Some(&other_port), None, false),
        (Some("https://crm.example.evil.example"), None, false),
        (Some("http://crm.example"), None, false),
    ] {
        let client = with(&browser, [("origin", origin), ("sec-fetch-site", site)]);
        let written = client.post(INVALIDATE, &json!({"contractId": "1"})).await;
        let put = client.put("/api/mind/settings/erpStaleSeconds", &json!(60)).await;
        let refreshed = client.get(&format!("{CONTRACT}?refresh=true")).await;
        let read = client.get(CONTRACT).await;
        let statuses = [&written, &put, &refreshed, &read].map(|answer| answer.status.as_u16());
        let expected = if allowed { [200; 4] } else { [403, 403, 403, 200] };
        assert_eq!(statuses, expected, "Origin {origin:?}, Sec-Fetch-Site {site:?}");
        if !allowed {
            written.problem(403, "crossSite");
        }
    }
}

#[tokio::test]
async fn a_refused_write_changes_nothing() {
    let app = start().await;
    let browser = app.browser("admin@demo.example").await;
    let foreign = browser.clone().header("origin", "https://evil.example");
    foreign.put("/api/mind/settings/erpCacheSeconds", &json!(1)).await.problem(403, "crossSite");
    foreign.delete("/api/auth/v1/session").await.problem(403, "crossSite");
    let settings = browser.get("/api/mind/settings/compact").await.ok();
    assert_eq!(settings.body["erpCacheSeconds"], 300);
}

/// Each call makes a token: a foreign page must not fill the list with them.
#[tokio::test]
async fn a_foreign_page_cannot_have_tokens_made() {
    let app = start().await;
    let browser = app.browser("admin@demo.example").await;
    let show = "/api/mind/profile/showAccessToken";
    browser.clone().header("sec-fetch-site", "cross-site").get(show).await.problem(403, "crossSite");
    browser.header("sec-fetch-site", "same-origin").get(show).await.ok();
}

#[tokio::test]
async fn every_spelling_of_refresh_counts_as_a_write() {
    let app = start().await;
    let foreign = app.browser("admin@demo.example").await.header("origin", "https://evil.example");
    for query in ["refresh=1", "refresh=yes", "refresh=on", "%72efresh=true", "includeRawData=false&refresh=true"] {
        foreign.get(&format!("{CONTRACT}?{query}")).await.problem(403, "crossSite");
    }
    for query in ["refresh=false", "refresh=0", "refresh=no", "refresh=off"] {
        foreign.get(&format!("{CONTRACT}?{query}")).await.ok();
    }
    assert_eq!(app.sandbox_calls(Some("contractById")).await, 1);
}

/// The page holds the token itself, so there is nobody to protect.
#[tokio::test]
async fn a_bearer_token_is_never_refused_for_its_origin() {
    let app = start().await;
    let foreign = with(&app.admin().await, [("origin", Some("https://evil.example")), ("sec-fetch-site", Some("cross-site"))]);
    foreign.post(INVALIDATE, &json!({"contractId": "1"})).await.ok();
    foreign.get(&format!("{CONTRACT}?refresh=true")).await.ok();
}

/// A page that signs a visitor in as somebody else would see what the visitor then types.
#[tokio::test]
async fn a_foreign_page_cannot_sign_a_visitor_in() {
    let app = start().await;
    let body = json!({"email": "admin@demo.example", "password": PASSWORD});
    let own = format!("http://{}", app.address);
    for (headers, status) in [
        ([("origin", Some("https://evil.example")), ("sec-fetch-site", None)], 403),
        ([("origin", None), ("sec-fetch-site", Some("cross-site"))], 403),
        ([("origin", Some("null")), ("sec-fetch-site", None)], 403),
        ([("origin", Some(own.as_str())), ("sec-fetch-site", Some("same-origin"))], 200),
        ([("origin", Some(LISTED)), ("sec-fetch-site", Some("cross-site"))], 200),
        ([("origin", None), ("sec-fetch-site", None)], 200),
    ] {
        let answer = with(&app.anonymous(), headers).post(LOGIN, &body).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert_eq!(answer.header("set-cookie").is_empty(), status == 403, "{headers:?}");
    }
}

#[tokio::test]
async fn the_list_of_one_tenant_does_not_hold_for_another() {
    let app = start().await;
    let body = json!({"email": "admin@other.example", "password": PASSWORD, "tenant": "other"});
    app.anonymous().header("origin", LISTED).post(LOGIN, &body).await.problem(403, "crossSite");
    let browser = app.anonymous().cookie_of(&app.anonymous().post(LOGIN, &body).await.ok());
    browser.header("origin", LISTED).post(INVALIDATE, &json!({"contractId": "1"})).await.problem(403, "crossSite");
}
