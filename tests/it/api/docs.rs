//! The description, the explorer, the start page and the link that signs in: what a new user sees first.

use std::collections::BTreeSet;

use mind::domain::auth::service::make_link;
use pretty_assertions::assert_eq;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::{
    openapi::walk,
    support::guarded,
    support::{Answer, Client, TestApp},
};

/// Values of an attribute in a page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.split(&format!("{name}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// A script in the page itself would not run under the policy that the server sends.
fn assert_fits_its_policy(page: &Answer) {
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src 'self' 'unsafe-inline'"), "{policy}");
    for tag in page.text.split("<script").skip(1) {
        let (head, rest) = tag.split_once('>').unwrap();
        assert!(head.contains("src=") && rest.trim_start().starts_with("</script"), "a script inside the page: {tag}");
    }
    for handler in ["onclick=", "onload=", "onsubmit=", "javascript:"] {
        assert!(!page.text.contains(handler), "{handler}");
    }
    for link in attributes(&page.text, "src").into_iter().chain(attributes(&page.text, "href")) {
        let elsewhere = ["http:", "https:", "//"].iter().any(|start| link.starts_with(start));
        assert!(!elsewhere, "from another server: {link}");
    }
}

#[tokio::test]
async fn both_forms_of_the_description_are_public_and_the_same() {
    guarded(async {
        let app = TestApp::start().await;
        let yaml = app.anonymous().get("/api/mind/docs/open-api").await.ok();
        let json = app.anonymous().get("/api/mind/docs/open-api.json").await.ok();
        assert!(yaml.header("content-type").starts_with("application/yaml"), "{}", yaml.header("content-type"));
        assert!(json.header("content-type").starts_with("application/json"), "{}", json.header("content-type"));
        let parsed: Value = yaml_serde::from_str(&yaml.text).unwrap();
        assert_eq!(parsed, json.body);
        assert_eq!(json.body, walk::spec());
    })
    .await;
}

#[tokio::test]
async fn the_explorer_and_its_files_come_out_of_the_binary() {
    guarded(async {
        let app = TestApp::start().await;
        let visitor = app.anonymous();
        let moved = visitor.get("/api/mind/docs").await;
        assert!(moved.status.is_redirection(), "{}", moved.status);
        assert_eq!(moved.header("location"), "/api/mind/docs/");
        let page = visitor.get("/api/mind/docs/").await.ok();
        assert!(page.header("content-type").starts_with("text/html"));
        assert_fits_its_policy(&page);
        let files: BTreeSet<&str> = attributes(&page.text, "src").into_iter().chain(attributes(&page.text, "href")).collect();
        let mut kinds = BTreeSet::new();
        for file in files {
            let path = format!("/api/mind/docs/{}", file.trim_start_matches("./"));
            let answer = visitor.get(&path).await.ok();
            let kind = match path.rsplit_once('.').unwrap().1 {
                "js" => "javascript",
                "css" => "text/css",
                "png" => "image/png",
                other => panic!("{path}: no content type is known for {other}"),
            };
            assert!(answer.header("content-type").contains(kind), "{path}: {}", answer.header("content-type"));
            assert!(!answer.text.is_empty(), "{path} is empty");
            kinds.insert(kind);
        }
        assert!(kinds.contains("javascript") && kinds.contains("text/css"), "{kinds:?}");
        let start = visitor.get("/api/mind/docs/swagger-initializer.js").await.ok();
        assert!(start.text.contains("/api/mind/docs/open-api.json"), "{}", start.text);
        visitor.get("/api/mind/docs/nothing.js").await.problem(404, "routeNotFound");
    })
    .await;
}

#[tokio::test]
async fn the_start_page_shows_where_to_go() {
    guarded(async {
        let app = TestApp::start().await;
        let page = app.anonymous().get("/").await.ok();
        assert!(page.header("content-type").starts_with("text/html"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_fits_its_policy(&page);
        assert!(!page.text.contains("{{"), "a place holder is left: {}", page.text);
        for wanted in ["/api/mind/docs/", "/api/auth/v1/login", "curl", "746839", env!("CARGO_PKG_VERSION")] {
            assert!(page.text.contains(wanted), "{wanted} is not on the page");
        }
        for script in attributes(&page.text, "src") {
            let script = app.anonymous().get(script).await.ok();
            assert!(script.header("content-type").contains("javascript"));
        }
        assert_eq!(attributes(&page.text, "src"), ["/start.js"]);
        // The icon is part of the page, which its policy allows.
        for link in attributes(&page.text, "href").into_iter().filter(|link| !link.starts_with("data:")) {
            app.anonymous().get(link).await.ok();
        }
    })
    .await;
}

async fn follow(app: &TestApp, link: &str) -> Answer {
    app.anonymous().get(&format!("/sign-in?token={link}")).await
}

async fn session(client: Client) -> Answer {
    client.get("/api/auth/v1/session").await
}

#[tokio::test]
async fn the_sign_in_link_works_once() {
    guarded(async {
        let app = TestApp::start().await;
        let link = make_link(&app.app, app.demo.tenant.id, app.demo.admin).await.unwrap();
        let first = follow(&app, link.expose_secret()).await;
        assert_eq!(first.status, 303, "{}", first.text);
        assert_eq!(first.header("location"), "/api/mind/docs/");
        let cookie = first.header("set-cookie");
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        let signed_in = session(app.anonymous().cookie_of(&first)).await.ok();
        assert_eq!(signed_in.body["userId"], app.demo.admin.0);
        assert_eq!(signed_in.body["kind"], "session");
        let second = follow(&app, link.expose_secret()).await.problem(401, "unauthenticated");
        assert_eq!(second.header("set-cookie"), "");
        // Somebody who uses it late does not end the session.
        session(app.anonymous().cookie_of(&first)).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_link_ends_after_an_hour_and_cannot_be_guessed() {
    guarded(async {
        let app = TestApp::start().await;
        let link = make_link(&app.app, app.demo.tenant.id, app.demo.admin).await.unwrap();
        assert!(link.expose_secret().len() >= 43, "256 bits");
        follow(&app, "guessed").await.problem(401, "unauthenticated");
        app.clock.advance(chrono::Duration::minutes(61));
        follow(&app, link.expose_secret()).await.problem(401, "unauthenticated");
        app.anonymous().get("/sign-in").await.problem(400, "invalidInput");
    })
    .await;
}

/// Two tabs that open the link at once must not both be signed in.
#[tokio::test]
async fn of_two_who_follow_a_link_at_once_one_is_signed_in() {
    guarded(async {
        let app = TestApp::start().await;
        let link = make_link(&app.app, app.demo.tenant.id, app.demo.admin).await.unwrap();
        let (one, other) = tokio::join!(follow(&app, link.expose_secret()), follow(&app, link.expose_secret()));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 401]);
    })
    .await;
}
