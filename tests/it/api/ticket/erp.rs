//! The customer of a ticket, and an ERP in trouble that keeps nobody from reading tickets.

use std::time::{Duration, Instant};

use mind::domain::role::Permission;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{add, at, patch};
use crate::support::TestApp;

fn of(id: i64) -> String {
    format!("/api/mind/customer/byTicketId/{id}")
}

#[tokio::test]
async fn a_ticket_shows_its_customer() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let by_contract = add(&agent, json!({"contractId": "746839", "from": "TOM@mustermann.de"})).await;
    let by_customer = add(&agent, json!({"customerId": "83771", "from": "stranger@x.de"})).await;
    for (id, matches, source) in [(by_contract, true, "erp"), (by_contract, true, "cache"), (by_customer, false, "cache")] {
        let answer = agent.get(&at(id)).await.ok();
        assert_eq!(answer.header("x-erp-source"), source, "{id}");
        let customer = &answer.body["customer"];
        assert_eq!((&customer["id"], &customer["emailMatches"]), (&json!(83_771), &json!(matches)), "{customer}");
        assert_eq!(customer["contracts"][0]["id"], 746_839);
        assert_eq!(customer["contracts"][0]["rawData"], Value::Null);
    }
    let neither = agent.get(&at(add(&agent, json!({})).await)).await.ok();
    assert_eq!((&neither.body["customer"], neither.header("x-erp-source")), (&Value::Null, ""));
    // A number that somebody mistyped is no reason not to read.
    let wrong = agent.get(&at(add(&agent, json!({"contractId": "999999"})).await)).await.ok();
    assert_eq!((&wrong.body["customer"], wrong.header("x-erp-source")), (&Value::Null, ""));
    // What the sender's system sent is the ticket's, and nothing of the ERP's.
    let raw = agent.get(&format!("{}?includeRawData=true", at(by_contract))).await.ok();
    assert_eq!((&raw.body["rawData"], &raw.body["customer"]["contracts"][0]["rawData"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_customer_is_found_by_a_ticket() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let example = agent.get("/api/mind/customer/byContractId/746839").await.ok().body;
    for (ticket, matches) in [
        (json!({"contractId": "746839", "from": "Tom <Tom@Mustermann.de>"}), json!(true)),
        (json!({"customerId": 83_771, "from": " tom@mustermann.de "}), json!(true)),
        (json!({"contractId": "746839", "from": "stranger@x.de"}), json!(false)),
        (json!({"contractId": "746839", "from": "+49 172 1041689", "channel": "phone"}), json!(false)),
        (json!({"contractId": "746839"}), Value::Null),
    ] {
        let id = add(&agent, ticket.clone()).await;
        let mut expected = example.clone();
        expected["emailMatches"] = matches;
        assert_eq!(agent.get(&of(id)).await.ok().body, expected, "{ticket}");
    }
    let id = add(&agent, json!({})).await;
    let answer = agent.get(&of(id)).await.problem(404, "notFound");
    assert!(answer.body["details"].as_str().unwrap().contains("contractId"), "{}", answer.text);
    patch(&agent, id, &json!({"contractId": "746839"})).await.ok();
    let raw = agent.get(&format!("{}?includeRawData=true", of(id))).await.ok();
    assert_eq!(raw.body["contracts"][0]["rawData"]["counterNumber"], "1ESY1160669167");
    agent.get(&of(99_999)).await.problem(404, "notFound");
    app.other_tenant().await.get(&of(id)).await.problem(404, "notFound");
    app.with_permissions(&[Permission::ReadTicket]).await.get(&of(id)).await.problem(403, "permissionMissing");
    assert_eq!(agent.get(&format!("{}?format=x", of(id))).await.problem(400, "invalidInput").path(), "format");
}

#[tokio::test]
async fn who_may_not_read_contracts_reads_the_ticket_without_its_customer() {
    let app = TestApp::start().await;
    let id = add(&app.agent().await, json!({"contractId": "746839"})).await;
    let reader = app.with_permissions(&[Permission::ReadTicket]).await;
    let answer = reader.get(&at(id)).await.ok();
    assert_eq!((&answer.body["customer"], &answer.body["contractId"]), (&Value::Null, &json!("746839")));
    assert_eq!(app.sandbox_calls(None).await, 0);
}

/// The morning on which the ERP is down is the one on which most people write.
#[tokio::test]
async fn an_erp_in_trouble_keeps_nobody_from_reading() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({"contractId": "746839", "subject": "x"})).await;
    for faults in [json!({"status": 500}), json!({"nonsense": true}), json!({"status": 401}), json!({"status": 429})] {
        app.sandbox_faults(faults.clone()).await;
        // More often than the look-up tries before it pauses.
        for _ in 0..3 {
            let answer = agent.get(&at(id)).await.ok();
            assert_eq!((&answer.body["customer"], &answer.body["subject"]), (&Value::Null, &json!("x")), "{faults}");
            assert_eq!((answer.header("x-erp-source"), answer.header("etag")), ("unavailable", format!("\"{id}-1\"").as_str()), "{faults}");
        }
    }
    // Who asks for the customer is told.
    let answer = agent.get(&of(id)).await;
    assert!([502, 503].contains(&answer.status.as_u16()), "{}", answer.text);
    // And everything else goes on.
    patch(&agent, id, &json!({"status": "closed"})).await.ok();
    add(&agent, json!({"contractId": "746839"})).await;
}

#[tokio::test]
async fn a_copy_is_shown_while_the_erp_is_down() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({"contractId": "746839"})).await;
    let fresh = agent.get(&at(id)).await.ok();
    app.clock.advance(chrono::Duration::hours(1));
    app.sandbox_faults(json!({"status": 500})).await;
    // Elsewhere, where only Postgres remembers.
    let (_node, elsewhere, _stop) = app.second_node().await;
    let stale = agent.at(elsewhere).get(&at(id)).await.ok();
    assert_eq!((stale.header("x-erp-source"), &stale.body["customer"]["isStale"]), ("stale", &json!(true)));
    assert_eq!(stale.body["customer"]["contracts"], fresh.body["customer"]["contracts"]);
}

#[tokio::test]
async fn a_slow_erp_makes_nobody_wait_long() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({"contractId": "746839"})).await;
    app.sandbox_faults(json!({"delayMs": 20_000})).await;
    let began = Instant::now();
    let answer = agent.get(&at(id)).await.ok();
    assert_eq!((&answer.body["customer"], answer.header("x-erp-source")), (&Value::Null, "unavailable"));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn who_wants_no_question_asked_gets_what_is_stored() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({"contractId": "746839"})).await;
    let path = format!("{}?erpCacheOnly=true", at(id));
    let nothing = agent.get(&path).await.ok();
    assert_eq!((&nothing.body["customer"], app.sandbox_calls(None).await), (&Value::Null, 0));
    agent.get(&format!("{}?erpCacheOnly=true", of(id))).await.problem(404, "notCached");
    agent.get(&at(id)).await.ok();
    let calls = app.sandbox_calls(None).await;
    let stored = agent.get(&path).await.ok();
    assert_eq!((&stored.body["customer"]["id"], stored.header("x-erp-source")), (&json!(83_771), "cache"));
    assert_eq!(app.sandbox_calls(None).await, calls);
}
