//! Sessions: who is signed in, for how long, and how it ends.

use chrono::{DateTime, Duration, Utc};
use pretty_assertions::assert_eq;
use serde_json::json;

use super::LOGIN;
use crate::support::{Answer, Client, PASSWORD, TestApp, within_a_second};

const SESSION: &str = "/api/auth/v1/session";
const ADMIN: &str = "admin@demo.example";

fn is_refused(answer: &Answer) -> bool {
    answer.status == 401
}

async fn last_use(app: &TestApp) -> DateTime<Utc> {
    let mut tx = app.tx(&app.demo).await;
    sqlx::query_scalar("select last_used_at from session").fetch_one(tx.connection()).await.unwrap()
}

#[tokio::test]
async fn a_cookie_and_a_token_name_the_same_person_in_different_ways() {
    let app = TestApp::start().await;
    let login = app.sign_in(ADMIN).await.ok();
    let by_cookie = app.anonymous().cookie_of(&login).get(SESSION).await.ok();
    assert_eq!(by_cookie.body, login.body);
    let by_token = app.admin().await.get(SESSION).await.ok();
    let mut expected = login.body.clone();
    expected["kind"] = json!("userToken");
    expected["expiresAt"] = json!("2026-04-13T17:28:51Z");
    assert_eq!(by_token.body, expected);
}

#[tokio::test]
async fn without_a_credential_nobody_is_signed_in() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get(SESSION).await.problem(401, "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let stranger = app.anonymous().header("cookie", "connect.sid=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    stranger.get(SESSION).await.problem(401, "unauthenticated");
    app.anonymous().header("cookie", "connect.sid=").get(SESSION).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn signing_out_ends_the_session_here_at_once_and_elsewhere_within_a_second() {
    let app = TestApp::start().await;
    let (_node, elsewhere, _stop) = app.second_node().await;
    let here = app.browser(ADMIN).await;
    let there = here.clone().at(elsewhere);
    here.get(SESSION).await.ok();
    there.get(SESSION).await.ok();
    let answer = here.delete(SESSION).await.ok();
    assert_eq!(answer.body, json!({"success": true}));
    here.get(SESSION).await.problem(401, "unauthenticated");
    within_a_second(async || there.get(SESSION).await, is_refused).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn signing_out_clears_the_cookie_in_the_browser() {
    let app = TestApp::start().await;
    let answer = app.browser(ADMIN).await.delete(SESSION).await.ok();
    let cookie = answer.header("set-cookie");
    let parts: Vec<&str> = cookie.split("; ").collect();
    // A browser only drops a cookie of the same name and path.
    assert!(parts.contains(&"connect.sid=") && parts.contains(&"Path=/") && parts.contains(&"Max-Age=0"), "{cookie}");
}

#[tokio::test]
async fn signing_out_leaves_other_sessions_alone() {
    let app = TestApp::start().await;
    let (desk, phone) = (app.browser(ADMIN).await, app.browser(ADMIN).await);
    phone.delete(SESSION).await.ok();
    desk.get(SESSION).await.ok();
}

#[tokio::test]
async fn a_token_outlives_a_sign_out() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.delete(SESSION).await.ok();
    admin.get(SESSION).await.ok();
}

/// Otherwise whoever planted a cookie in the browser, or took one from it, would go on beside the person.
#[tokio::test]
async fn signing_in_ends_the_session_the_browser_had_before() {
    let app = TestApp::start().await;
    let (_node, elsewhere, _stop) = app.second_node().await;
    let old = app.browser(ADMIN).await;
    let there = old.clone().at(elsewhere);
    there.get(SESSION).await.ok();
    let login = old.post(LOGIN, &json!({"email": "agent@demo.example", "password": PASSWORD})).await.ok();
    old.get(SESSION).await.problem(401, "unauthenticated");
    within_a_second(async || there.get(SESSION).await, is_refused).await.problem(401, "unauthenticated");
    let new = app.anonymous().cookie_of(&login).get(SESSION).await.ok();
    assert_eq!(new.body["userId"], json!(app.demo.agent));
}

/// On a bare host one browser can change tenants; its old cookie is overwritten and nobody could end that session any more.
#[tokio::test]
async fn signing_in_to_another_tenant_ends_the_session_of_the_first() {
    let app = TestApp::start().await;
    let old = app.browser(ADMIN).await;
    let body = json!({"email": "admin@other.example", "password": PASSWORD, "tenant": "other"});
    old.post(LOGIN, &body).await.ok();
    old.get(SESSION).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_failed_sign_in_leaves_the_session_alone() {
    let app = TestApp::start().await;
    let browser = app.browser(ADMIN).await;
    browser.post(LOGIN, &json!({"email": ADMIN, "password": "wrong"})).await.problem(401, "invalidCredentials");
    browser.get(SESSION).await.ok();
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_after_eight_hours() {
    let app = TestApp::start().await;
    let (used, unused) = (app.browser(ADMIN).await, app.browser(ADMIN).await);
    app.clock.advance(Duration::hours(8) - Duration::seconds(1));
    used.get(SESSION).await.ok();
    app.clock.advance(Duration::seconds(1));
    unused.get(SESSION).await.problem(401, "unauthenticated");
}

/// A page that polls must not be signed out between two requests.
#[tokio::test]
async fn a_session_used_just_before_its_end_goes_on() {
    let app = TestApp::start().await;
    let browser = app.browser(ADMIN).await;
    app.clock.advance(Duration::hours(8) - Duration::seconds(1));
    let kept_alive = browser.get(SESSION).await.ok();
    assert_eq!(kept_alive.body["expiresAt"], "2026-01-14T09:28:50Z");
    app.clock.advance(Duration::seconds(2));
    browser.get(SESSION).await.ok();
}

#[tokio::test]
async fn a_session_in_use_ends_after_a_day_all_the_same() {
    let app = TestApp::start().await;
    let (_second, second, _stop_second) = app.second_node().await;
    let (_third, third, _stop_third) = app.second_node().await;
    let (_fourth, fourth, _stop_fourth) = app.second_node().await;
    let browser = app.browser(ADMIN).await;
    // Nodes that have not seen the session yet, so that no memory of the last second has a say.
    for node in [second, third, fourth] {
        app.clock.advance(Duration::hours(7));
        browser.clone().at(node).get(SESSION).await.ok();
    }
    app.clock.advance(Duration::hours(3) - Duration::seconds(1));
    let last = browser.get(SESSION).await.ok();
    assert_eq!(last.body["expiresAt"], "2026-01-14T17:28:51Z");
    app.clock.advance(Duration::seconds(1));
    browser.get(SESSION).await.problem(401, "unauthenticated");
}

/// Writing at every request would cost the hot path a write.
#[tokio::test]
async fn a_use_is_written_down_once_a_minute() {
    let app = TestApp::start().await;
    let began = app.now();
    let browser = app.browser(ADMIN).await;
    let (_second, second, _stop_second) = app.second_node().await;
    app.clock.advance(Duration::seconds(59));
    browser.get(SESSION).await.ok();
    assert_eq!(last_use(&app).await, began);
    app.clock.advance(Duration::seconds(1));
    browser.at(second).get(SESSION).await.ok();
    assert_eq!(last_use(&app).await, began + Duration::seconds(60));
}

#[tokio::test]
async fn a_tenant_chooses_how_long_its_sessions_last() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.post("/api/mind/settings", &json!({"sessionIdleHours": 2, "sessionAbsoluteHours": 1})).await.ok();
    let browser = app.browser(ADMIN).await;
    assert_eq!(browser.get(SESSION).await.ok().body["expiresAt"], "2026-01-13T18:28:51Z");
    app.clock.advance(Duration::hours(1));
    browser.get(SESSION).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_lost_permission_is_lost_within_a_second() {
    let app = TestApp::start().await;
    let agent: Client = app.agent().await;
    agent.get("/api/mind/profiles").await.ok();
    let mut tx = app.tx(&app.demo).await;
    sqlx::query("update role set permissions = '{}' where id = 2").execute(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    let answer = within_a_second(async || agent.get("/api/mind/profiles").await, |answer| answer.status == 403).await;
    answer.problem(403, "permissionMissing");
}
