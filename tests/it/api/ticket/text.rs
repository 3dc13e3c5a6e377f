//! Full text: words in German and English, addresses, beside filters, and only of the own tenant.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{TICKET, add, at, filter, found, patch};
use crate::support::{Client, TestApp};

async fn said(client: &Client, q: &str) -> Vec<i64> {
    found(client, json!([filter("q", "=", q)])).await
}

/// Four messages: two German, an English one, one of an address.
async fn messages(client: &Client) -> [i64; 4] {
    [
        add(client, json!({"subject": "Zählerstand", "body": "<p>Anbei der Stand meines Zählers: 12345.</p>", "from": "Tom Muster <tom.muster@stadt-werke.de>"})).await,
        add(client, json!({"subject": "Umzug", "body": "Wir ziehen in eine andere Wohnung. Bitte kündigen Sie den Vertrag.", "to": ["service@energy.com"]})).await,
        add(client, json!({"subject": "Meter readings", "body": "The invoices were paid twice.", "cc": ["office@example.org"]})).await,
        add(client, json!({"from": "+49 172 1041689", "fromName": "Jörg Weiß", "channel": "phone"})).await,
    ]
}

#[tokio::test]
async fn words_are_found_in_either_language_and_any_form() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let [reading, moving, english, call] = messages(&agent).await;
    for (q, expected) in [
        ("Zählerstand", vec![reading]),
        ("zählerstände", vec![reading]),
        ("ZÄHLERSTÄNDEN", vec![reading]),
        ("12345", vec![reading]),
        ("Wohnungen", vec![moving]),
        ("kündigen Verträge", vec![moving]),
        ("reading", vec![english]),
        ("invoice twice", vec![english]),
        ("meter", vec![english]),
        ("Gas", vec![]),
        // All words, phrases, one or the other, and without.
        ("Zählerstand Umzug", vec![]),
        ("Zählerstand or Umzug", vec![reading, moving]),
        ("\"andere Wohnung\"", vec![moving]),
        ("\"bitte kündigen\"", vec![moving]),
        ("\"kündigen bitte\"", vec![]),
        ("Stand -Zähler", vec![]),
        ("Stand -Wohnung", vec![reading]),
        // Addresses as a whole and in parts, and names.
        ("tom.muster@stadt-werke.de", vec![reading]),
        ("muster", vec![reading]),
        ("TOM", vec![reading]),
        ("stadt-werke.de", vec![reading]),
        ("werke", vec![reading]),
        ("service@energy.com", vec![moving]),
        ("office@example.org", vec![english]),
        ("Weiß", vec![call]),
        ("1041689", vec![call]),
        // Punctuation is nothing to look for, and no error.
        ("!!! & | <-> :* ( '", vec![]),
        ("\"", vec![]),
        ("-", vec![]),
        ("der die das", vec![]),
    ] {
        assert_eq!(said(&agent, q).await, expected, "{q}");
    }
    for comparator in ["=", "equal", "like"] {
        assert_eq!(found(&agent, json!([filter("q", comparator, "Umzüge")])).await, [moving], "{comparator}");
    }
    assert_eq!(found(&agent, json!([{"key": "q", "comparator": "=", "values": ["Umzug"]}])).await, [moving]);
}

/// What is excluded must be excluded in the form in which it stands there, whatever the language.
#[tokio::test]
async fn a_word_that_is_excluded_is_excluded_in_any_form() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let all = [
        add(&agent, json!({"subject": "Strom und Zählerstände"})).await,
        add(&agent, json!({"subject": "Strom und Rechnungen"})).await,
        add(&agent, json!({"subject": "Strom and readings"})).await,
    ];
    for (q, expected) in [
        ("Strom -Zählerstände", vec![all[1], all[2]]),
        ("Strom -Zählerstand", vec![all[1], all[2]]),
        ("Strom -Rechnung", vec![all[0], all[2]]),
        ("Strom -reading", vec![all[0], all[1]]),
        ("Strom -readings -Rechnungen", vec![all[0]]),
        ("Strom -\"und Rechnungen\"", vec![all[0], all[2]]),
        ("Strom", all.to_vec()),
    ] {
        assert_eq!(said(&agent, q).await, expected, "{q}");
    }
}

/// A name that one language bends, beside a word that the other does.
#[tokio::test]
async fn words_of_both_languages_and_names_stand_beside_each_other() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = add(&agent, json!({"subject": "Zählerstand", "fromName": "Peter Müller", "body": "Please check the readings"})).await;
    for q in [
        "Müller",
        "Müller Zählerstände",
        "Zählerstände reading",
        "Peter Müller Zählerstand check",
        "\"Peter Müller\" Zählerständen",
        "the Zählerstand der Müller",
    ] {
        assert_eq!(said(&agent, q).await, [id], "{q}");
    }
    assert_eq!(said(&agent, "Müller Rechnung").await, Vec::<i64>::new());
}

#[tokio::test]
async fn words_and_filters_must_all_hold() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let [reading, moving, ..] = messages(&agent).await;
    patch(&agent, reading, &json!({"status": "closed", "addTagIds": [1]})).await.ok();
    let either = filter("q", "=", "Zählerstände or Umzüge");
    for (more, expected) in [
        (json!([]), vec![reading, moving]),
        (json!([filter("t.status", "=", "closed")]), vec![reading]),
        (json!([filter("t.status", "!=", "closed")]), vec![moving]),
        (json!([filter("tt.tagId", "=", 1), filter("t.from", "like", "tom%")]), vec![reading]),
        (json!([filter("t.channel", "=", "phone")]), vec![]),
    ] {
        let filters: Vec<&Value> = std::iter::once(&either).chain(more.as_array().unwrap()).collect();
        assert_eq!(found(&agent, json!(filters)).await, expected, "{more}");
    }
}

#[tokio::test]
async fn what_a_ticket_says_now_is_what_it_is_found_by() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let body = |subject: &str, body: Option<&str>| json!({"externalTicketId": "E", "subject": subject, "body": body, "from": "a@x.de"});
    let id = add(&agent, body("Zählerstand", Some("Bitte prüfen"))).await;
    agent.post(TICKET, &body("Umzug", None)).await.ok();
    assert_eq!((said(&agent, "Zählerstand").await, said(&agent, "Umzüge").await), (vec![], vec![id]));
    assert_eq!(said(&agent, "prüfen").await, [id], "the body that was not said again stays");
    agent.post(TICKET, &body("Umzug", Some("<b>Kündigung</b>"))).await.ok();
    assert_eq!((said(&agent, "prüfen").await, said(&agent, "Kündigungen").await), (vec![], vec![id]));
    agent.post(TICKET, &json!({"externalTicketId": "E", "from": "neu@y.de"})).await.ok();
    assert_eq!((said(&agent, "a@x.de").await, said(&agent, "neu@y.de").await), (vec![], vec![id]));
    assert_eq!(agent.get(&at(id)).await.ok().body["bodyPlain"], "Kündigung");
}

#[tokio::test]
async fn words_find_nothing_of_another_tenant() {
    let app = TestApp::start().await;
    let (agent, other) = (app.agent().await, app.other_tenant().await);
    let ours = add(&agent, json!({"subject": "Zählerstand unser", "from": "tom@x.de", "contractId": "C1"})).await;
    let theirs = add(&other, json!({"subject": "Zählerstand ihrer", "from": "tom@x.de", "contractId": "C1"})).await;
    assert_eq!((said(&agent, "Zählerstand").await, said(&other, "Zählerstand").await), (vec![ours], vec![theirs]));
    assert_eq!((said(&agent, "ihrer").await, said(&other, "unser").await), (vec![], vec![]));
    for more in [
        filter("t.id", "=", theirs),
        filter("t.contractId", "=", "C1"),
        filter("t.from", "like", "%"),
        filter("tt.tagId", "=", Value::Null),
    ] {
        let page = found(&agent, json!([more, filter("q", "=", "tom")])).await;
        assert!(!page.contains(&theirs), "{more}");
    }
    let total = other.post(super::SEARCH, &json!({"filters": [filter("q", "=", "tom")], "limit": 1, "exactTotal": true})).await.ok().body;
    assert_eq!((&total["total"], &total["nextCursor"]), (&json!(1), &Value::Null));
    app.nobody().await.post(super::SEARCH, &json!({"filters": [filter("q", "=", "tom")]})).await.problem(403, "permissionMissing");
}
