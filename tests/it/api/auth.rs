//! Signing in: what a success answers, and that a refusal tells nothing.

mod cross_site;
mod limits;
mod session;
mod tenant;
mod token;

use std::time::{Duration, Instant};

use mind::config::Config;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Setup, TestApp};

const LOGIN: &str = "/api/auth/v1/login";

async fn login(app: &TestApp, email: &str, password: &str) -> Answer {
    app.anonymous().post(LOGIN, &json!({"email": email, "password": password})).await
}

/// The body as text, without what names the single request.
fn without_tx_id(answer: &Answer) -> String {
    let tx_id = answer.body["txId"].as_str().unwrap();
    assert_eq!(tx_id.len(), 10, "{}", answer.text);
    answer.text.replace(tx_id, "…")
}

/// Header names and values that a client could tell two answers apart by.
fn headers(answer: &Answer) -> Vec<(String, String)> {
    let mut all: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["x-tx-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn signing_in_says_who_is_signed_in() {
    let app = TestApp::start().await;
    let answer = login(&app, "agent@demo.example", PASSWORD).await.ok();
    let expected = json!({
        "success": true,
        "userId": app.demo.agent.0,
        "tenant": "demo",
        // Idle for 8 hours ends a session; no use at all is the earliest end it can have.
        "expiresAt": "2026-01-14T01:28:51Z",
        "permissions": ["readTicket", "readContract", "readProfile", "readSettings", "updateTicket", "updateIntent", "executeIntent"],
        "kind": "session",
    });
    assert_eq!(answer.body, expected);
    assert!(answer.body["userId"].is_i64());
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let app = TestApp::start().await;
    let answer = app.sign_in("admin@demo.example").await.ok();
    let cookie = answer.header("set-cookie");
    let mut parts = cookie.split("; ");
    let value = parts.next().unwrap().strip_prefix("connect.sid=").unwrap();
    // 256 bits in base64url.
    assert_eq!(value.len(), 43, "{cookie}");
    let mut attributes: Vec<&str> = parts.collect();
    attributes.sort_unstable();
    // Secure would make browsers drop the cookie over plain http.
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax"]);
}

#[tokio::test]
async fn the_cookie_is_secure_where_browsers_come_over_https() {
    let app = TestApp::with(Setup { variables: vec![("MIND_PUBLIC_URL", "https://mind.example".into())] }).await;
    let answer = app.sign_in("admin@demo.example").await.ok();
    assert!(answer.header("set-cookie").split("; ").any(|part| part == "Secure"), "{}", answer.header("set-cookie"));
}

#[tokio::test]
async fn each_sign_in_gets_a_cookie_of_its_own() {
    let app = TestApp::start().await;
    let one = app.sign_in("admin@demo.example").await.ok();
    let other = app.sign_in("admin@demo.example").await.ok();
    assert_ne!(one.header("set-cookie"), other.header("set-cookie"));
}

#[tokio::test]
async fn capitals_and_spaces_in_an_address_do_not_matter() {
    let app = TestApp::start().await;
    let answer = app.sign_in("  Admin@Demo.EXAMPLE ").await.ok();
    assert_eq!(answer.body["userId"], json!(app.demo.admin));
}

#[tokio::test]
async fn every_refused_sign_in_looks_the_same() {
    let app = TestApp::start().await;
    let mut tx = app.tx(&app.demo).await;
    sqlx::query("update profile set kind = 'serviceWorker' where email_norm = 'nobody@roles.example'")
        .execute(tx.connection())
        .await
        .unwrap();
    sqlx::query("update profile set is_sso_only = true where email_norm = 'agent@demo.example'").execute(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    let wrong = login(&app, "admin@demo.example", "wrong").await.problem(401, "invalidCredentials");
    let unknown_tenant = json!({"email": "admin@demo.example", "password": PASSWORD, "tenant": "nowhere"});
    for (what, answer) in [
        ("unknown address", login(&app, "stranger@demo.example", PASSWORD).await),
        ("not even an address", login(&app, "stranger", PASSWORD).await),
        ("empty password", login(&app, "admin@demo.example", "").await),
        ("service worker", login(&app, "nobody@roles.example", PASSWORD).await),
        ("single sign-on only", login(&app, "agent@demo.example", PASSWORD).await),
        ("somebody of another tenant", login(&app, "admin@other.example", PASSWORD).await),
        ("unknown tenant", app.anonymous().post(LOGIN, &unknown_tenant).await),
    ] {
        assert_eq!(answer.status, 401, "{what}");
        assert_eq!(without_tx_id(&answer), without_tx_id(&wrong), "{what}");
        assert_eq!(headers(&answer), headers(&wrong), "{what}");
        assert_eq!(answer.header("set-cookie"), "", "{what}");
    }
}

/// Whoever can time answers would otherwise learn which addresses have an account.
#[tokio::test]
async fn an_unknown_address_takes_as_long_as_a_wrong_password() {
    let high = "100000".to_owned();
    let variables = vec![("MIND_SIGN_IN_ATTEMPTS_PER_ACCOUNT", high.clone()), ("MIND_SIGN_IN_ATTEMPTS_PER_ADDRESS", high)];
    let app = TestApp::with(Setup { variables }).await;
    let known = ["admin@demo.example", "agent@demo.example", "nobody@roles.example"];
    // The first check of a process makes the hash that absent profiles are checked against.
    let expected = without_tx_id(&login(&app, "stranger@demo.example", "wrong").await.problem(401, "invalidCredentials"));
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..200 {
        let addresses = [format!("stranger{round}@demo.example"), known[round % known.len()].to_owned()];
        // Alternating who goes first cancels a drift of the machine's speed.
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for which in order {
            let began = Instant::now();
            let answer = login(&app, &addresses[which], "wrong").await;
            times[which].push(began.elapsed());
            assert_eq!((answer.status.as_u16(), without_tx_id(&answer)), (401, expected.clone()));
        }
    }
    let [unknown, wrong] = times.map(median);
    assert!(unknown.abs_diff(wrong) <= Duration::from_millis(5), "unknown {unknown:?}, wrong {wrong:?}");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_sign_in_is_an_event() {
    let app = TestApp::start().await;
    login(&app, "admin@demo.example", "wrong").await.problem(401, "invalidCredentials");
    app.sign_in("admin@demo.example").await.ok();
    let signed_in = app.events(&app.demo).await.into_iter().filter(|(kind, _)| kind == "userSignedIn").count();
    assert_eq!(signed_in, 1);
}

/// Once in an answer or an event, a secret is in logs, exports and support tickets.
#[tokio::test]
async fn no_answer_and_no_event_holds_a_credential() {
    let app = TestApp::start().await;
    let sign_in = app.sign_in("admin@demo.example").await.ok();
    let cookie = sign_in.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned();
    let browser = app.anonymous().cookie_of(&sign_in);
    let shown = browser.get("/api/mind/profile/showAccessToken").await.ok();
    let made = browser.post(&format!("/api/mind/jwt/{}", app.demo.agent.0), &json!({})).await.ok();
    let tokens = [&shown, &made].map(|answer| answer.body["token"].as_str().unwrap().to_owned());
    let mut texts = vec![sign_in.text.clone(), login(&app, "admin@demo.example", "wrong hunter2").await.text];
    for path in [
        "/api/auth/v1/session",
        "/api/auth/v1/tokens",
        "/api/mind/profile",
        "/api/mind/profiles?show=all",
        "/api/mind/settings?showSecrets=true",
        "/api/mind/settings/compact",
    ] {
        texts.push(browser.get(path).await.ok().text);
    }
    texts.push(browser.delete("/api/auth/v1/session").await.ok().text);
    let events = app.events(&app.demo).await;
    assert!(events.len() >= 4, "{events:?}");
    texts.extend(events.iter().map(|(_, data)| data.to_string()));
    let signatures = tokens.iter().map(|token| token.rsplit('.').next().unwrap());
    for secret in [cookie.as_str(), PASSWORD, "hunter2", "$argon2", "sandbox-key-of-the-tests"].into_iter().chain(signatures) {
        for text in &texts {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

/// A dump of the database must not be enough to act as somebody.
#[tokio::test]
async fn cookies_and_tokens_are_not_stored() {
    let app = TestApp::start().await;
    let sign_in = app.sign_in("admin@demo.example").await.ok();
    let cookie = sign_in.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned();
    let shown = app.anonymous().cookie_of(&sign_in).get("/api/mind/profile/showAccessToken").await.ok();
    let token = shown.body["token"].as_str().unwrap();
    let mut tx = app.tx(&app.demo).await;
    let rows: Vec<Value> = sqlx::query_scalar("select to_jsonb(s) from session s union all select to_jsonb(a) from access_token a")
        .fetch_all(tx.connection())
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        let text = row.to_string();
        let signature = token.rsplit('.').next().unwrap();
        let cookie_hex = hex::encode(&cookie);
        assert!(!text.contains(&cookie) && !text.contains(&cookie_hex) && !text.contains(signature), "{text}");
    }
}

/// What an app differs in where the operator provides everything and no tenant is the default.
fn production() -> Vec<(&'static str, String)> {
    let variables = vec![
        ("MIND_ENV", "production".to_owned()),
        // Only parsed: the tests' app has its database already.
        ("DATABASE_URL", "postgres://mind@localhost/mind".to_owned()),
        ("MIND_SECRET_KEY", mind::secret::KeyRing::generate()),
    ];
    let map = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    assert_eq!(Config::from_map(map).unwrap().default_tenant, None);
    variables
}
