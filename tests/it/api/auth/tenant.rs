//! Which tenant is meant: the host first, then the credential, then the default.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::{LOGIN, production};
use crate::support::{Client, PASSWORD, Setup, TestApp};

const SESSION: &str = "/api/auth/v1/session";

/// Own host of the tenant `other`, as a browser might write it.
const OTHER_HOSTS: [&str; 3] = ["other.example", "OTHER.Example", "other.example:8443"];

fn at(app: &TestApp, host: &str) -> Client {
    app.anonymous().header("host", host)
}

#[tokio::test]
async fn a_host_and_a_token_that_disagree_are_refused() {
    let app = TestApp::start().await;
    let (demo, other) = (app.admin().await, app.other_tenant().await);
    for host in OTHER_HOSTS {
        demo.clone().header("host", host).get(SESSION).await.problem(401, "unauthenticated");
        let answer = other.clone().header("host", host).get(SESSION).await.ok();
        assert_eq!(answer.body["tenant"], "other", "{host}");
    }
}

#[tokio::test]
async fn a_host_and_a_cookie_that_disagree_are_refused() {
    let app = TestApp::start().await;
    let browser = app.browser("admin@demo.example").await;
    browser.get(SESSION).await.ok();
    browser.header("host", "other.example").get(SESSION).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn on_a_bare_or_unknown_host_the_credential_says_it() {
    let app = TestApp::start().await;
    let other = app.other_tenant().await;
    assert_eq!(other.get(SESSION).await.ok().body["tenant"], "other");
    assert_eq!(other.header("host", "unknown.example").get(SESSION).await.ok().body["tenant"], "other");
}

#[tokio::test]
async fn a_sign_in_on_a_tenants_host_is_for_that_tenant() {
    let app = TestApp::start().await;
    for host in OTHER_HOSTS {
        let own = at(&app, host).post(LOGIN, &json!({"email": "admin@other.example", "password": PASSWORD})).await.ok();
        assert_eq!(own.body["tenant"], "other", "{host}");
    }
    let named = json!({"email": "admin@other.example", "password": PASSWORD, "tenant": "other"});
    at(&app, "other.example").post(LOGIN, &named).await.ok();
    let foreign = json!({"email": "admin@demo.example", "password": PASSWORD});
    at(&app, "other.example").post(LOGIN, &foreign).await.problem(401, "invalidCredentials");
}

#[tokio::test]
async fn on_a_tenants_host_the_body_cannot_name_another() {
    let app = TestApp::start().await;
    let body = json!({"email": "admin@demo.example", "password": PASSWORD, "tenant": "demo"});
    let answer = at(&app, "other.example").post(LOGIN, &body).await.problem(401, "invalidCredentials");
    assert_eq!(answer.header("set-cookie"), "");
}

#[tokio::test]
async fn a_sign_in_on_a_bare_host_is_for_the_default_tenant_unless_it_names_one() {
    let app = TestApp::start().await;
    assert_eq!(app.sign_in("admin@demo.example").await.ok().body["tenant"], "demo");
    let body = json!({"email": "admin@other.example", "password": PASSWORD, "tenant": "other"});
    assert_eq!(app.anonymous().post(LOGIN, &body).await.ok().body["tenant"], "other");
}

#[tokio::test]
async fn the_operator_chooses_the_default_tenant() {
    let app = TestApp::with(Setup { variables: vec![("MIND_DEFAULT_TENANT", "other".into())] }).await;
    assert_eq!(app.sign_in("admin@other.example").await.ok().body["tenant"], "other");
    app.sign_in("admin@demo.example").await.problem(401, "invalidCredentials");
}

#[tokio::test]
async fn without_a_default_tenant_a_sign_in_has_to_name_one() {
    let app = TestApp::with(Setup { variables: production() }).await;
    let answer = app.sign_in("admin@demo.example").await.problem(400, "tenantRequired");
    assert!(answer.body["details"].as_str().unwrap().contains("tenant"), "{}", answer.text);
    let body = json!({"email": "admin@demo.example", "password": PASSWORD, "tenant": "demo"});
    app.anonymous().post(LOGIN, &body).await.ok();
    at(&app, "other.example").post(LOGIN, &json!({"email": "admin@other.example", "password": PASSWORD})).await.ok();
}

#[tokio::test]
async fn below_the_base_domain_the_first_label_is_the_tenant() {
    let mut variables = production();
    variables.push(("MIND_BASE_DOMAIN", "mind.example".to_owned()));
    let app = TestApp::with(Setup { variables }).await;
    let body = json!({"email": "admin@demo.example", "password": PASSWORD});
    for host in ["demo.mind.example", "DEMO.Mind.Example:443"] {
        assert_eq!(at(&app, host).post(LOGIN, &body).await.ok().body["tenant"], "demo", "{host}");
    }
    for host in ["mind.example", "nowhere.mind.example", "demo.mind.example.evil.example", "demomind.example", "a.demo.mind.example"] {
        at(&app, host).post(LOGIN, &body).await.problem(400, "tenantRequired");
    }
    let other = app.other_tenant().await;
    other.header("host", "demo.mind.example").get(SESSION).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn only_a_trusted_proxy_may_name_the_host() {
    let demo_at_other = |app: TestApp| async move {
        let client = app.admin().await.header("x-forwarded-host", "other.example");
        client.get(SESSION).await.status.as_u16()
    };
    assert_eq!(demo_at_other(TestApp::start().await).await, 200);
    let trusted = TestApp::with(Setup { variables: vec![("MIND_TRUSTED_PROXIES", "127.0.0.0/8".into())] }).await;
    assert_eq!(demo_at_other(trusted).await, 401);
}
