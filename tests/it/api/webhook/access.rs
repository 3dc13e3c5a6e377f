//! Who may report, what a body may be, and the URL to paste.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mind::domain::role::Permission;
use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use super::{POWERCLOUD, SECRET, in_state, open, report_text, reports, set};
use crate::support::{Answer, Client, TestApp, guarded};

async fn send(client: &Client, path: &str) -> Answer {
    client.post(path, &json!({"contractId": "746839"})).await
}

fn basic(password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("powercloud:{password}")))
}

#[tokio::test]
async fn a_secret_is_taken_from_query_header_or_password() {
    guarded(async {
        let app = TestApp::start().await;
        let anonymous = app.anonymous();
        // Nobody has set one: nothing fits.
        send(&anonymous, &format!("{POWERCLOUD}?secret=")).await.problem(401, "unauthenticated");
        open(&app).await;
        let encoded = "first+secret+%26%20more";
        send(&anonymous, &format!("{POWERCLOUD}?tenant=demo&secret={encoded}")).await.ok();
        send(&anonymous, &format!("/webhook/powercloud?secret={encoded}&extra=1")).await.ok();
        send(&anonymous, &format!("/webhook/lynqtech?secret={encoded}")).await.ok();
        send(&anonymous.clone().header("x-webhook-secret", SECRET), POWERCLOUD).await.ok();
        send(&anonymous.clone().header("authorization", &basic(SECRET)), POWERCLOUD).await.ok();
        for client in [
            anonymous.clone(),
            anonymous.clone().header("x-webhook-secret", "wrong"),
            anonymous.clone().header("authorization", &basic("wrong")),
            anonymous.clone().header("authorization", &format!("Bearer {SECRET}")),
            anonymous.clone().header("authorization", "Basic ???"),
        ] {
            send(&client, POWERCLOUD).await.problem(401, "unauthenticated");
        }
        // The right secret for another tenant, and tenants that do not exist.
        let right = anonymous.clone().header("x-webhook-secret", SECRET);
        for tenant in ["other", "nobody", "", "%00", "De mo"] {
            send(&right, &format!("{POWERCLOUD}?tenant={tenant}")).await.problem(401, "unauthenticated");
        }
        send(&right.clone().header("host", "other.example"), &format!("{POWERCLOUD}?tenant=demo")).await.problem(401, "unauthenticated");
        assert_eq!(reports(&app, &app.other).await, []);
        right.get(POWERCLOUD).await.problem(405, "methodNotAllowed");
    })
    .await;
}

#[tokio::test]
async fn two_secrets_live_during_a_rotation() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        let [first, second] = [SECRET, "second"].map(|secret| app.anonymous().header("x-webhook-secret", secret));
        set(&app, json!({"webhookSecret": "second", "webhookSecretPrevious": SECRET})).await;
        send(&first, POWERCLOUD).await.ok();
        send(&second, POWERCLOUD).await.ok();
        set(&app, json!({"webhookSecretPrevious": null})).await;
        send(&first, POWERCLOUD).await.problem(401, "unauthenticated");
        send(&second, POWERCLOUD).await.ok();
    })
    .await;
}

#[tokio::test]
async fn addresses_or_nothing_may_be_asked_for_instead() {
    guarded(async {
        let app = TestApp::start().await;
        let (admin, anonymous) = (app.admin().await, app.anonymous());
        let refused = admin.post("/api/mind/settings", &json!({"powercloudWebhookAuth": "addresses"})).await.problem(409, "conflict");
        assert_eq!(refused.path(), "powercloudWebhookAuth");
        let refused = admin.post("/api/mind/settings", &json!({"webhookAddresses": ["127.0.0.1", "127.0.0.1/99"]})).await;
        assert_eq!(refused.problem(409, "conflict").path(), "webhookAddresses[1]");
        admin.post("/api/mind/settings", &json!({"webhookAddresses": ["anywhere"]})).await.problem(400, "invalidInput");
        set(&app, json!({"powercloudWebhookAuth": "addresses", "webhookAddresses": ["10.0.0.0/8"]})).await;
        send(&anonymous, POWERCLOUD).await.problem(401, "unauthenticated");
        // Nobody vouches for this header.
        send(&anonymous.clone().header("x-forwarded-for", "10.1.2.3"), POWERCLOUD).await.problem(401, "unauthenticated");
        set(&app, json!({"webhookAddresses": ["10.0.0.0/8", "::ffff:1.2.3.4/128", "127.0.0.0/8"]})).await;
        send(&anonymous, POWERCLOUD).await.ok();
        // Each system for itself.
        send(&anonymous, "/webhook/lynqtech").await.problem(401, "unauthenticated");
        set(&app, json!({"lynqtechWebhookAuth": "none"})).await;
        send(&anonymous, "/webhook/lynqtech").await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_body_may_be_anything_up_to_a_mebibyte() {
    guarded(async {
        let app = TestApp::start().await;
        open(&app).await;
        for (content_type, text) in [
            ("application/json", ""),
            ("application/json", "{"),
            ("application/json", "[[[[null]]]]"),
            ("application/pdf", "%PDF-1.4 \u{0} ü"),
            ("nonsense", "<<<>>>"),
            ("multipart/form-data; boundary=x", "--x\r\n\r\n--x--"),
        ] {
            let answer = report_text(&app, content_type, text).await.ok();
            assert_eq!(answer.body, json!({"success": true}), "{content_type} {text}");
        }
        assert_eq!(in_state(&app, "ignored").await, 6);
        let frame = r#"{"contractId":1,"x":""}"#;
        let body = |length: usize| frame.replace(":\"\"", &format!(":\"{}\"", "a".repeat(length - frame.len())));
        report_text(&app, "application/json", &body(1_048_576)).await.ok();
        report_text(&app, "application/json", &body(1_048_577)).await.problem(413, "payloadTooLarge");
        assert_eq!(in_state(&app, "pending").await, 1);
        // A stranger's is not even read.
        let stranger = app.anonymous();
        let answer = stranger.send(Method::POST, POWERCLOUD, Some(("application/json", body(1_048_577)))).await;
        answer.problem(401, "unauthenticated");
    })
    .await;
}

/// The value of a setting in the category.
fn value<'a>(answer: &'a Answer, name: &str) -> &'a Value {
    let groups = answer.body["groups"].as_array().unwrap();
    let settings = groups.iter().flat_map(|group| group["settings"].as_array().unwrap());
    &settings.into_iter().find(|setting| setting["name"] == name).unwrap()["value"]
}

#[tokio::test]
async fn the_url_to_paste_works_as_it_is_shown() {
    guarded(async {
        const CATEGORY: &str = "/api/mind/settings/category/erp";
        let app = TestApp::start().await;
        let reader = app.with_permissions(&[Permission::ReadSettings]).await;
        assert_eq!(
            value(&reader.get(CATEGORY).await.ok(), "powercloudWebhookUrl"),
            "http://127.0.0.1:8080/api/mind/webhook/powercloud?tenant=demo"
        );
        let admin = app.admin().await;
        let shown = admin.get(CATEGORY).await.ok();
        assert_eq!(value(&shown, "webhookSecret"), "********");
        let url = value(&shown, "powercloudWebhookUrl").as_str().unwrap().to_owned();
        let target = url.strip_prefix("http://127.0.0.1:8080").unwrap();
        assert!(target.starts_with("/api/mind/webhook/powercloud?tenant=demo&secret=") && target.len() > 80, "{url}");
        send(&app.anonymous(), target).await.ok();
        // It stays the same, and only who may change it sees it.
        assert_eq!(value(&admin.get(CATEGORY).await.ok(), "powercloudWebhookUrl"), &json!(url));
        let masked = "http://127.0.0.1:8080/api/mind/webhook/lynqtech?tenant=demo&secret=********";
        assert_eq!(value(&reader.get(CATEGORY).await.ok(), "lynqtechWebhookUrl"), masked);
        assert_eq!(admin.get("/api/mind/settings/compact").await.ok().body["lynqtechWebhookUrl"], masked);
        let all = admin.get("/api/mind/settings?showSecrets=true&filterByName=powercloudWebhookUrl").await.ok();
        assert_eq!(all.body[0]["value"], json!(url));
        // Sent back, it changes nothing.
        set(&app, json!({"powercloudWebhookUrl": masked})).await;
        assert_eq!(value(&admin.get(CATEGORY).await.ok(), "powercloudWebhookUrl"), &json!(url));
        set(&app, json!({"powercloudWebhookAuth": "none"})).await;
        let open = "http://127.0.0.1:8080/api/mind/webhook/powercloud?tenant=demo";
        assert_eq!(value(&admin.get(CATEGORY).await.ok(), "powercloudWebhookUrl"), open);
    })
    .await;
}
