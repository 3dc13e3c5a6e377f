//! `POST /validation/{type}`.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

async fn verdict(client: &Client, subject: &str, value: &str) -> Value {
    client.post(&format!("/api/mind/validation/{subject}"), &json!({"value": value})).await.ok().body
}

#[tokio::test]
async fn a_valid_value_comes_back_in_its_one_form() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let expected = json!({
        "success": true, "valid": true, "message": null, "normalized": "DE89370400440532013000",
        "details": {"country": "DE", "bankCode": "37040044"}, "warnings": [], "errors": [],
    });
    assert_eq!(verdict(&agent, "iban", "de89 3704 0044 0532 0130 00").await, expected);
    for (subject, value, normalized, pointer, detail) in [
        ("malo", " 41373559241 ", "41373559241", "/details/issuer", json!("BDEW")),
        ("melo", "DE0012340106700000000000000A12345", "DE0012340106700000000000000A12345", "/details/zip", json!("01067")),
        ("nelo", "E1A2B3C4D56", "E1A2B3C4D56", "/details", json!({})),
        ("meterNumber", "1 ESY 1160669167", "1ESY1160669167", "/details/manufacturer", json!("ESY")),
        ("bdew", "9903323000007", "9903323000007", "/details/checkDigitFits", json!(true)),
        ("obis", "1-1:1.8.0", "1-1:1.8.0", "/details/meaning", json!("importTotal")),
        ("zip", "D-01067", "01067", "/details/country", json!("DE")),
        ("phone", "0172 1041689", "+491721041689", "/details/countryCode", json!(49)),
        ("email", "Tom@Mustermann.DE", "Tom@mustermann.de", "/details/domain", json!("mustermann.de")),
    ] {
        let body = verdict(&agent, subject, value).await;
        assert_eq!((&body["valid"], &body["normalized"]), (&json!(true), &json!(normalized)), "{subject}: {body}");
        assert_eq!(body.pointer(pointer), Some(&detail), "{subject}: {body}");
    }
}

#[tokio::test]
async fn a_wrong_value_is_an_answer_and_no_error() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let expected = json!({
        "success": true, "valid": false, "message": "the check digit does not fit: 1 would", "normalized": null,
        "details": {}, "warnings": [], "errors": [{"path": "value", "message": "the check digit does not fit: 1 would"}],
    });
    assert_eq!(verdict(&agent, "malo", "41373559242").await, expected);
    for subject in ["iban", "malo", "melo", "nelo", "meterNumber", "bdew", "obis", "zip", "phone", "email"] {
        for value in ["", "   ", "§", "🔌"] {
            let body = verdict(&agent, subject, value).await;
            assert_eq!((&body["valid"], &body["errors"][0]["path"]), (&json!(false), &json!("value")), "{subject} {value:?}: {body}");
        }
    }
    // A code whose check digit was learnt from examples is warned of, not refused.
    let doubtful = verdict(&agent, "bdew", "9903323000008").await;
    assert_eq!((&doubtful["valid"], doubtful["warnings"].as_array().unwrap().len()), (&json!(true), 1));
}

#[tokio::test]
async fn a_request_that_asks_nothing_is_refused() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for (path, body, at) in [
        ("iban", json!({}), "value"),
        ("iban", json!({"value": null}), "value"),
        ("iban", json!({"value": 5}), "value"),
        ("iban", json!({"value": "x".repeat(501)}), "value"),
        ("iban", json!({"value": "x", "country": "DE"}), "country"),
        ("bic", json!({"value": "x"}), "type"),
        ("IBAN", json!({"value": "x"}), "type"),
    ] {
        let answer = agent.post(&format!("/api/mind/validation/{path}"), &body).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), at, "{}", answer.text);
    }
    app.nobody().await.post("/api/mind/validation/iban", &json!({"value": "x"})).await.problem(403, "permissionMissing");
    app.anonymous().post("/api/mind/validation/iban", &json!({"value": "x"})).await.problem(401, "unauthenticated");
}
