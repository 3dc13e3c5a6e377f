//! Bearer tokens: which are believed, who may make and revoke them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use mind::{
    domain::{
        auth::{model::Claims, service::IssuedToken},
        profile::ProfileId,
        role::Permission,
    },
    secret::KeyRing,
};
use pretty_assertions::assert_eq;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Client, TestApp, within_a_second};

const SESSION: &str = "/api/auth/v1/session";
const TOKENS: &str = "/api/auth/v1/tokens";
const SHOW: &str = "/api/mind/profile/showAccessToken";

async fn issue(app: &TestApp, profile: ProfileId) -> IssuedToken {
    app.issue(&app.demo, profile).await
}

fn with(app: &TestApp, token: &IssuedToken) -> Client {
    app.anonymous().bearer(token.token.expose_secret())
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == 401
}

fn revoke(id: Uuid) -> String {
    format!("{TOKENS}/{id}")
}

async fn make_service_worker(app: &TestApp, profile: ProfileId) {
    let mut tx = app.tx(&app.demo).await;
    let sql = "update profile set kind = 'serviceWorker' where id = $1";
    sqlx::query(sql).bind(profile.0).execute(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn ids(client: &Client) -> Vec<String> {
    let tokens = client.get(TOKENS).await.ok().body["tokens"].as_array().unwrap().clone();
    tokens.iter().map(|token| token["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_was_not_issued_here_is_not_believed() {
    let app = TestApp::start().await;
    let issued = issue(&app, app.demo.admin).await;
    let token = issued.token.expose_secret();
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let kid = app.app.keys().signing_key().0;
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = encode(&json!({"alg": "none", "typ": "JWT", "kid": kid}));
    let other_kid = encode(&json!({"alg": "HS256", "typ": "JWT", "kid": "0011223344556677"}));
    let no_kid = encode(&json!({"alg": "HS256", "typ": "JWT"}));
    let (iat, exp) = (app.now().timestamp(), issued.expires_at.timestamp());
    let claims = Claims { user_id: app.demo.admin.0, tenant: "demo".to_owned(), jti: issued.id, iat, exp };
    let longer = serde_json::to_value(Claims { exp: exp + 1, ..claims.clone() }).unwrap();
    let foreign: KeyRing = KeyRing::generate().parse().unwrap();
    let mut forged = URL_SAFE_NO_PAD.decode(signature).unwrap();
    forged[0] ^= 1;
    let forged = URL_SAFE_NO_PAD.encode(forged);
    for (what, bad) in [
        ("forged signature", format!("{header}.{payload}.{forged}")),
        ("changed payload", format!("{header}.{}.{signature}", encode(&longer))),
        ("no signature", format!("{none}.{payload}.")),
        ("no algorithm", format!("{none}.{payload}.{signature}")),
        ("unknown key id", format!("{other_kid}.{payload}.{signature}")),
        ("no key id", format!("{no_kid}.{payload}.{signature}")),
        ("another installation's key", claims.sign(&foreign).unwrap()),
        ("never issued", Claims { jti: Uuid::from_u128(7), ..claims.clone() }.sign(app.app.keys()).unwrap()),
        ("no token at all", "abc".to_owned()),
        ("empty", String::new()),
    ] {
        let answer = app.anonymous().bearer(&bad).get(SESSION).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (401, "unauthenticated"), "{what}");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{what}");
    }
    app.anonymous().bearer(token).get(SESSION).await.ok();
}

#[tokio::test]
async fn a_bad_authorization_header_is_not_healed_by_a_cookie() {
    let app = TestApp::start().await;
    let browser = app.browser("admin@demo.example").await;
    for value in ["Basic YWRtaW46YWRtaW4=", "Bearer", "Bearer x.y.z", "x.y.z"] {
        browser.clone().header("authorization", value).get(SESSION).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn the_scheme_is_read_in_any_case() {
    let app = TestApp::start().await;
    let issued = issue(&app, app.demo.admin).await;
    let value = format!("bearer {}", issued.token.expose_secret());
    app.anonymous().header("authorization", &value).get(SESSION).await.ok();
}

#[tokio::test]
async fn a_token_ends_after_ninety_days() {
    let app = TestApp::start().await;
    let issued = issue(&app, app.demo.agent).await;
    assert_eq!(issued.expires_at, app.now() + Duration::days(90));
    let client = with(&app, &issued);
    app.clock.advance(Duration::days(90) - Duration::seconds(1));
    client.get(SESSION).await.ok();
    app.clock.advance(Duration::seconds(1));
    client.get(SESSION).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_claims_are_what_published_clients_read() {
    let app = TestApp::start().await;
    let issued = issue(&app, app.demo.agent).await;
    let payload = issued.token.expose_secret().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let iat = app.now().timestamp();
    let expected = json!({"userId": app.demo.agent.0, "tenant": "demo", "jti": issued.id, "iat": iat, "exp": iat + 90 * 86_400});
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn a_revoked_token_is_dead_on_every_node_within_a_second() {
    let app = TestApp::start().await;
    let (_node, elsewhere, _stop) = app.second_node().await;
    let issued = issue(&app, app.demo.agent).await;
    let here = with(&app, &issued);
    let there = here.clone().at(elsewhere);
    here.get(SESSION).await.ok();
    there.get(SESSION).await.ok();
    let answer = app.admin().await.delete(&revoke(issued.id)).await.ok();
    assert_eq!(answer.body, json!({"success": true}));
    here.get(SESSION).await.problem(401, "unauthenticated");
    within_a_second(async || there.get(SESSION).await, is_refused).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn revoking_twice_is_one_event() {
    let app = TestApp::start().await;
    let issued = issue(&app, app.demo.agent).await;
    let admin = app.admin().await;
    admin.delete(&revoke(issued.id)).await.ok();
    admin.delete(&revoke(issued.id)).await.ok();
    let events = app.events(&app.demo).await;
    let revoked: Vec<&Value> = events.iter().filter(|(kind, _)| kind == "accessTokenRevoked").map(|(_, data)| data).collect();
    assert_eq!(revoked, [&json!({"id": issued.id})]);
}

/// Whoever stole a token could otherwise lock its owner out.
#[tokio::test]
async fn a_token_does_not_revoke_itself() {
    let app = TestApp::start().await;
    let issued = issue(&app, app.demo.admin).await;
    let client = with(&app, &issued);
    client.delete(&revoke(issued.id)).await.problem(409, "conflict");
    client.get(SESSION).await.ok();
}

#[tokio::test]
async fn everybody_sees_and_revokes_their_own_tokens_only() {
    let app = TestApp::start().await;
    let of_admin = issue(&app, app.demo.admin).await;
    let (desk, phone) = (issue(&app, app.demo.agent).await, issue(&app, app.demo.agent).await);
    let agent = with(&app, &desk);
    let mut own = ids(&agent).await;
    own.sort_unstable();
    let mut expected = [desk.id.to_string(), phone.id.to_string()];
    expected.sort_unstable();
    assert_eq!(own, expected);
    // 404, so that ids of others cannot be probed.
    agent.delete(&revoke(of_admin.id)).await.problem(404, "notFound");
    with(&app, &of_admin).get(SESSION).await.ok();
    agent.delete(&revoke(phone.id)).await.ok();
    with(&app, &phone).get(SESSION).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn who_may_update_profiles_sees_and_revokes_all_tokens_of_the_tenant() {
    let app = TestApp::start().await;
    let of_agent = issue(&app, app.demo.agent).await;
    let foreign = app.other_tenant().await;
    let manager = app.with_permissions(&[Permission::UpdateUserProfile]).await;
    let seen = ids(&manager).await;
    assert!(seen.contains(&of_agent.id.to_string()));
    let of_other = ids(&foreign).await;
    assert_eq!(of_other.len(), 1);
    assert!(!seen.contains(&of_other[0]));
    manager.delete(&format!("{TOKENS}/{}", of_other[0])).await.problem(404, "notFound");
    foreign.get(SESSION).await.ok();
    manager.delete(&revoke(of_agent.id)).await.ok();
}

#[tokio::test]
async fn the_list_says_everything_but_the_token() {
    let app = TestApp::start().await;
    let issued = issue(&app, app.demo.agent).await;
    let answer = with(&app, &issued).get(TOKENS).await.ok();
    let expected = json!({"success": true, "tokens": [{
        "id": issued.id,
        "kind": "userToken",
        "name": "test",
        "userId": app.demo.agent.0,
        "scopes": null,
        "createdAt": "2026-01-13T17:28:51Z",
        "lastUsedAt": "2026-01-13T17:28:51Z",
        "expiresAt": "2026-04-13T17:28:51Z",
        "revokedAt": null,
    }]});
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn the_list_comes_in_pages_newest_first() {
    let app = TestApp::start().await;
    let mut issued = Vec::new();
    for _ in 0..3 {
        issued.insert(0, issue(&app, app.demo.agent).await);
        app.clock.advance(Duration::seconds(1));
    }
    let agent = with(&app, &issued[0]);
    let all = ids(&agent).await;
    assert_eq!(all, issued.iter().map(|token| token.id.to_string()).collect::<Vec<_>>());
    let page = agent.get(&format!("{TOKENS}?limit=1&offset=1")).await.ok();
    assert_eq!(page.body["tokens"].as_array().unwrap().len(), 1);
    assert_eq!(page.body["tokens"][0]["id"], json!(issued[1].id));
    assert_eq!(agent.get(&format!("{TOKENS}?limit=0")).await.problem(400, "invalidInput").path(), "limit");
}

#[tokio::test]
async fn an_id_that_is_none_is_named() {
    let app = TestApp::start().await;
    let answer = app.admin().await.delete(&format!("{TOKENS}/abc")).await.problem(400, "invalidInput");
    assert_eq!(answer.path(), "id");
    app.admin().await.delete(&revoke(Uuid::from_u128(7))).await.problem(404, "notFound");
}

/// A token that could renew itself would never end.
#[tokio::test]
async fn only_a_session_gets_a_token_of_its_own() {
    let app = TestApp::start().await;
    app.admin().await.get(SHOW).await.problem(403, "permissionMissing");
    let shown = app.browser("agent@demo.example").await.get(SHOW).await.ok();
    assert_eq!(shown.body.as_object().unwrap().keys().collect::<Vec<_>>(), ["success", "token"]);
    let client = app.anonymous().bearer(shown.body["token"].as_str().unwrap());
    let session = client.get(SESSION).await.ok();
    assert_eq!((&session.body["kind"], &session.body["userId"]), (&json!("userToken"), &json!(app.demo.agent)));
    client.get(SHOW).await.problem(403, "permissionMissing");
}

#[tokio::test]
async fn making_a_token_for_somebody_else_needs_the_permission_and_leaves_an_event() {
    let app = TestApp::start().await;
    let path = format!("/api/mind/jwt/{}", app.demo.nobody.0);
    let answer = app.agent().await.post(&path, &json!({})).await.problem(403, "permissionMissing");
    assert!(answer.body["details"].as_str().unwrap().contains("updateUserProfile"));
    let manager = app.with_permissions(&[Permission::UpdateUserProfile]).await;
    let made = manager.post(&path, &json!({})).await.ok();
    let session = app.anonymous().bearer(made.body["token"].as_str().unwrap()).get(SESSION).await.ok();
    assert_eq!(session.body["userId"], json!(app.demo.nobody));
    let mut tx = app.tx(&app.demo).await;
    let (data, by): (Value, Option<i64>) =
        sqlx::query_as("select data, created_by from event where type = 'accessTokenCreated' order by id desc limit 1")
            .fetch_one(tx.connection())
            .await
            .unwrap();
    let maker = manager.get(SESSION).await.ok();
    assert_eq!(by, maker.body["userId"].as_i64());
    assert_eq!(data["userId"], json!(app.demo.nobody));
    let keys: Vec<&String> = data.as_object().unwrap().keys().collect();
    assert!(!keys.iter().any(|key| key.to_lowercase().contains("token")), "{keys:?}");
}

/// Otherwise the permission to manage profiles would be every permission.
#[tokio::test]
async fn nobody_makes_a_token_that_may_do_more_than_they_may() {
    let app = TestApp::start().await;
    let manager = app.with_permissions(&[Permission::UpdateUserProfile]).await;
    for profile in [app.demo.agent, app.demo.admin] {
        manager.post(&format!("/api/mind/jwt/{}", profile.0), &json!({})).await.problem(403, "permissionMissing");
    }
    // A narrowed token of an administrator is no administrator.
    let narrowed = issue(&app, app.demo.admin).await;
    let mut tx = app.tx(&app.demo).await;
    let scopes = "update access_token set scopes = '{updateUserProfile}' where id = $1";
    sqlx::query(scopes).bind(narrowed.id).execute(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    let answer = with(&app, &narrowed).post(&format!("/api/mind/jwt/{}", app.demo.admin.0), &json!({})).await;
    answer.problem(403, "permissionMissing");
}

/// Whoever stole a token could otherwise keep it alive for ever.
#[tokio::test]
async fn a_token_does_not_outlive_itself_through_another() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_node, elsewhere, _stop) = app.second_node().await;
    app.clock.advance(Duration::days(60));
    let made = admin.at(elsewhere).post(&format!("/api/mind/jwt/{}", app.demo.agent.0), &json!({})).await.ok();
    let session = app.anonymous().bearer(made.body["token"].as_str().unwrap()).get(SESSION).await.ok();
    assert_eq!(session.body["expiresAt"], "2026-04-13T17:28:51Z");
}

#[tokio::test]
async fn nobody_makes_tokens_for_profiles_that_are_not_there() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.post(&format!("/api/mind/jwt/{}", app.other.agent.0), &json!({})).await.problem(404, "notFound");
    admin.post("/api/mind/jwt/999999", &json!({})).await.problem(404, "notFound");
    assert_eq!(admin.post("/api/mind/jwt/abc", &json!({})).await.problem(400, "invalidInput").path(), "id");
}

#[tokio::test]
async fn a_service_worker_gets_a_token_for_a_year() {
    let app = TestApp::start().await;
    make_service_worker(&app, app.demo.agent).await;
    let browser = app.browser("admin@demo.example").await;
    let made = browser.post(&format!("/api/mind/jwt/{}", app.demo.agent.0), &json!({})).await.ok();
    let session = app.anonymous().bearer(made.body["token"].as_str().unwrap()).get(SESSION).await.ok();
    assert_eq!((&session.body["kind"], &session.body["expiresAt"]), (&json!("serviceWorker"), &json!("2027-01-13T17:28:51Z")));
}

#[tokio::test]
async fn a_tenant_chooses_how_long_tokens_last() {
    let app = TestApp::start().await;
    app.admin().await.put("/api/mind/settings/accessTokenDays", &json!(7)).await.ok();
    let shown = app.browser("agent@demo.example").await.get(SHOW).await.ok();
    let session = app.anonymous().bearer(shown.body["token"].as_str().unwrap()).get(SESSION).await.ok();
    assert_eq!(session.body["expiresAt"], "2026-01-20T17:28:51Z");
}

#[tokio::test]
async fn scopes_narrow_a_token_and_never_widen_it() {
    let app = TestApp::start().await;
    let (of_admin, of_agent) = (issue(&app, app.demo.admin).await, issue(&app, app.demo.agent).await);
    let mut tx = app.tx(&app.demo).await;
    let scopes = "update access_token set scopes = '{readSettings,updateClientSettings}'";
    sqlx::query(scopes).execute(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    let permissions = async |token| with(&app, token).get(SESSION).await.ok().body["permissions"].clone();
    assert_eq!(permissions(&of_admin).await, json!(["readSettings", "updateClientSettings"]));
    assert_eq!(permissions(&of_agent).await, json!(["readSettings"]));
    with(&app, &of_admin).get("/api/mind/profiles").await.problem(403, "permissionMissing");
}

#[tokio::test]
async fn a_use_of_a_token_is_written_down_once_a_minute() {
    let app = TestApp::start().await;
    let began = app.now();
    let client = with(&app, &issue(&app, app.demo.agent).await);
    let (_second, second, _stop_second) = app.second_node().await;
    let (_third, third, _stop_third) = app.second_node().await;
    let last_use = async || -> Option<DateTime<Utc>> {
        let mut tx = app.tx(&app.demo).await;
        sqlx::query_scalar("select last_used_at from access_token").fetch_one(tx.connection()).await.unwrap()
    };
    assert_eq!(last_use().await, None);
    client.get(SESSION).await.ok();
    assert_eq!(last_use().await, Some(began));
    app.clock.advance(Duration::seconds(59));
    client.clone().at(second).get(SESSION).await.ok();
    assert_eq!(last_use().await, Some(began));
    app.clock.advance(Duration::seconds(1));
    client.at(third).get(SESSION).await.ok();
    assert_eq!(last_use().await, Some(began + Duration::seconds(60)));
}
