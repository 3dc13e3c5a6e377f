//! Guessing passwords: limits per account and per address, counted for all nodes.

use chrono::Duration;
use futures::future::join_all;
use pretty_assertions::assert_eq;
use serde_json::json;

use super::{LOGIN, login};
use crate::support::{Client, PASSWORD, Setup, TestApp};

const ADMIN: &str = "admin@demo.example";

async fn wrong(client: &Client, email: &str) -> u16 {
    client.post(LOGIN, &json!({"email": email, "password": "wrong"})).await.status.as_u16()
}

async fn with_address_limit(limit: u32, proxies: &str) -> TestApp {
    let variables = vec![("MIND_SIGN_IN_ATTEMPTS_PER_ADDRESS", limit.to_string()), ("MIND_TRUSTED_PROXIES", proxies.to_owned())];
    TestApp::with(Setup { variables }).await
}

/// A try for an account of its own, through a proxy that writes `forwarded`.
async fn through_proxy(app: &TestApp, account: usize, forwarded: &str) -> u16 {
    wrong(&app.anonymous().header("x-forwarded-for", forwarded), &format!("stranger{account}@demo.example")).await
}

#[tokio::test]
async fn the_eleventh_try_for_an_account_has_to_wait() {
    let app = TestApp::start().await;
    for _ in 0..10 {
        assert_eq!(wrong(&app.anonymous(), ADMIN).await, 401);
    }
    app.clock.advance(Duration::minutes(5));
    let answer = login(&app, ADMIN, "wrong").await.problem(429, "tooManyRequests");
    assert_eq!(answer.header("retry-after"), "600");
    // The right password must not tell itself apart while guessing is stopped.
    let right = app.sign_in(ADMIN).await.problem(429, "tooManyRequests");
    assert_eq!(right.header("set-cookie"), "");
    // Another account is not concerned.
    app.sign_in("agent@demo.example").await.ok();
}

#[tokio::test]
async fn after_the_wait_the_right_password_fits_again() {
    let app = TestApp::start().await;
    for _ in 0..12 {
        wrong(&app.anonymous(), ADMIN).await;
    }
    app.clock.advance(Duration::minutes(15) - Duration::seconds(1));
    app.sign_in(ADMIN).await.problem(429, "tooManyRequests");
    app.clock.advance(Duration::seconds(1));
    app.sign_in(ADMIN).await.ok();
}

#[tokio::test]
async fn a_success_clears_the_count_of_the_account() {
    let app = TestApp::start().await;
    for _ in 0..9 {
        assert_eq!(wrong(&app.anonymous(), ADMIN).await, 401);
    }
    app.sign_in(ADMIN).await.ok();
    for _ in 0..10 {
        assert_eq!(wrong(&app.anonymous(), ADMIN).await, 401);
    }
    assert_eq!(wrong(&app.anonymous(), ADMIN).await, 429);
}

/// A limit only for accounts that exist would say which ones do.
#[tokio::test]
async fn an_unknown_account_is_limited_like_a_known_one() {
    let app = TestApp::start().await;
    for _ in 0..10 {
        assert_eq!(wrong(&app.anonymous(), "stranger@demo.example").await, 401);
    }
    assert_eq!(wrong(&app.anonymous(), "Stranger@Demo.example").await, 429);
}

#[tokio::test]
async fn tries_on_all_nodes_count_together() {
    let app = TestApp::start().await;
    let (_node, elsewhere, _stop) = app.second_node().await;
    let there = app.anonymous().at(elsewhere);
    for _ in 0..5 {
        assert_eq!((wrong(&app.anonymous(), ADMIN).await, wrong(&there, ADMIN).await), (401, 401));
    }
    assert_eq!((wrong(&there, ADMIN).await, wrong(&app.anonymous(), ADMIN).await), (429, 429));
}

#[tokio::test]
async fn parallel_guesses_do_not_slip_through() {
    let app = TestApp::start().await;
    let client = app.anonymous();
    let statuses = join_all((0..30).map(|_| wrong(&client, ADMIN))).await;
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(401), count(429)), (10, 20), "{statuses:?}");
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts() {
    let app = with_address_limit(5, "").await;
    for account in 0..5 {
        assert_eq!(wrong(&app.anonymous(), &format!("stranger{account}@demo.example")).await, 401);
    }
    let answer = app.sign_in(ADMIN).await.problem(429, "tooManyRequests");
    assert_eq!(answer.header("retry-after"), "900");
    app.clock.advance(Duration::minutes(15));
    app.sign_in(ADMIN).await.ok();
}

#[tokio::test]
async fn many_people_of_one_office_may_sign_in() {
    let app = with_address_limit(3, "").await;
    for _ in 0..5 {
        app.sign_in(ADMIN).await.ok();
    }
}

/// Whoever could name another address at every try would never meet the limit.
#[tokio::test]
async fn a_stranger_cannot_claim_other_addresses() {
    let app = with_address_limit(3, "10.0.0.0/8").await;
    for account in 0..3 {
        assert_eq!(through_proxy(&app, account, &format!("203.0.113.{account}")).await, 401);
    }
    assert_eq!(through_proxy(&app, 3, "203.0.113.3").await, 429);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_counts_for_itself() {
    let app = with_address_limit(3, "127.0.0.1").await;
    for account in 0..3 {
        // What stands left of the last stranger was written by that stranger.
        assert_eq!(through_proxy(&app, account, &format!("6.6.6.{account}, 203.0.113.9")).await, 401);
    }
    assert_eq!(through_proxy(&app, 3, "6.6.6.3, 203.0.113.9").await, 429);
    assert_eq!(through_proxy(&app, 4, "203.0.113.10").await, 401);
}

#[tokio::test]
async fn neighbours_in_one_ipv6_network_count_as_one() {
    let app = with_address_limit(2, "127.0.0.1").await;
    assert_eq!(through_proxy(&app, 0, "2001:db8:1:1::1").await, 401);
    assert_eq!(through_proxy(&app, 1, "2001:db8:1:1:ffff::2").await, 401);
    assert_eq!(through_proxy(&app, 2, "2001:db8:1:1::3").await, 429);
    assert_eq!(through_proxy(&app, 3, "2001:db8:1:2::1").await, 401);
}

#[tokio::test]
async fn a_dual_stack_proxy_does_not_give_a_client_two_counts() {
    let app = with_address_limit(1, "127.0.0.1").await;
    assert_eq!(through_proxy(&app, 0, "203.0.113.9").await, 401);
    assert_eq!(through_proxy(&app, 1, "::ffff:203.0.113.9").await, 429);
    // All of IPv4 would otherwise be one /64.
    assert_eq!(through_proxy(&app, 2, "::ffff:203.0.113.10").await, 401);
}

/// The table is not a list of who tried to sign in from where.
#[tokio::test]
async fn neither_addresses_nor_accounts_are_stored() {
    let app = TestApp::start().await;
    wrong(&app.anonymous(), ADMIN).await;
    let mut tx = app.app.db().system_tx().await.unwrap();
    let keys: Vec<Vec<u8>> = sqlx::query_scalar("select key from sign_in_attempt").fetch_all(tx.connection()).await.unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.len() == 32));
    // A plain hash of something this guessable is as good as the text.
    let guesses = [ADMIN, "127.0.0.1", "address/127.0.0.1"].map(mind::secret::token_hash);
    assert!(keys.iter().all(|key| guesses.iter().all(|guess| key != guess)));
}

#[tokio::test]
async fn a_locked_account_keeps_its_sessions() {
    let app = TestApp::start().await;
    let browser = app.browser(ADMIN).await;
    for _ in 0..11 {
        wrong(&app.anonymous(), ADMIN).await;
    }
    browser.get("/api/auth/v1/session").await.ok();
    assert_eq!(login(&app, ADMIN, PASSWORD).await.status, 429);
}
