//! A message becomes a ticket: what is stored comes back, with the keys and types of the contract.

use mind::domain::role::Permission;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{TICKET, add, add_tag, at, count, float, id_of, patch, story};
use crate::support::{TestApp, guarded};

#[tokio::test]
async fn a_ticket_comes_back_as_it_was_sent() {
    let app = TestApp::start().await;
    let (admin, agent) = (app.admin().await, app.agent().await);
    let tag = add_tag(&admin, "Umzug", "do-not-change").await;
    let sent = json!({
        "from": "tom@mustermann.de", "fromName": "Tom Mustermann", "subchannelId": 123, "to": ["service@energy.com"],
        "cc": ["secondlevel@enneo.ai"], "bcc": ["archive@enneo.ai"], "priority": "high", "channel": "email",
        "channelId": "32291c7e-1cce", "status": "pending", "direction": "in", "subject": "Umzug nach München",
        "body": "<p>Ich ziehe um.</p>", "createdAt": "2026-01-10 09:00:00", "firstResponseDueBy": "2026-01-11 09:00:00",
        "dueBy": 1_768_291_200, "tags": [tag], "contractId": "746839", "customerId": 123, "externalTicketId": "EXT-12345",
        "rawData": {"a": [1, null]}, "additionalData": {"markedAsSafe": true}, "process": "realtime",
    });
    let created = agent.post(TICKET, &sent).await.ok();
    let id = id_of(&created.body);
    let mut expected = json!({
        "id": id, "version": 1, "direction": "in", "from": "tom@mustermann.de", "fromName": "Tom Mustermann",
        "to": ["service@energy.com"], "ccEmails": ["secondlevel@enneo.ai"], "bccEmails": ["archive@enneo.ai"],
        "replyCcEmails": ["secondlevel@enneo.ai"],
        "replyRecipients": {"to": ["tom@mustermann.de"], "cc": ["secondlevel@enneo.ai"], "bcc": ["archive@enneo.ai"]},
        "subchannelId": 123, "externalTicketId": "EXT-12345", "sentiment": null, "language": null, "languageCode": null,
        "autoExecuteAt": null, "aiSupportLevel": "unprocessed", "spamStatus": null, "isCustomerActive": true, "interface": "internal",
        "priority": "high", "channel": "email", "channelId": "32291c7e-1cce", "status": "pending", "summary": null,
        "subject": "Umzug nach München", "isEscalated": false,
    });
    let more = json!({
        "createdAt": "2026-01-10 09:00:00", "modifiedAt": null,
        "firstResponseDueBy": "2026-01-11 09:00:00", "dueBy": "2026-01-13 09:00:00", "closedAt": null,
        "lastMessageAt": "2026-01-10 09:00:00", "lastCustomerMessageAt": "2026-01-10 09:00:00", "contractId": "746839",
        "customerId": "123", "customerLegitimation": 0, "agentId": null, "responderId": null, "workedOnBy": [], "tagIds": [tag],
        "tags": [{"id": tag, "name": "Umzug", "color": "grey"}], "additionalData": {"markedAsSafe": true},
        "body": "<p>Ich ziehe um.</p>", "bodyPlain": "Ich ziehe um.", "bodyClean": "Ich ziehe um.", "attachments": [], "template": null,
        "workitem": null, "customer": null, "intents": [], "rawData": null,
    });
    expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(created.body, expected);
    assert_eq!(created.header("etag"), format!("\"{id}-1\""));
    let mut read = agent.get(&at(id)).await.ok();
    assert_eq!(read.body["customer"]["id"], 83_771, "{}", read.text);
    read.body["customer"] = Value::Null;
    assert_eq!(read.body, expected);
    assert_eq!(agent.get(&format!("{}?includeRawData=true", at(id))).await.ok().body["rawData"], json!({"a": [1, null]}));
    let data = json!({"channel": "email", "direction": "in", "subject": "Umzug nach München", "status": "pending", "priority": "high",
        "tagIds": [tag], "externalTicketId": "EXT-12345", "process": "realtime", "attachments": 0});
    assert_eq!(story(&app, &app.demo, id).await, [("ticketCreated".to_owned(), data)]);
}

#[tokio::test]
async fn a_message_that_says_nothing_is_an_open_mail_of_now() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for body in
        [json!({}), json!({"from": null, "to": null, "priority": null, "channel": null, "subject": null, "body": null, "tags": null})]
    {
        let ticket = agent.post(TICKET, &body).await.ok().body;
        for (key, value) in [
            ("status", json!("open")),
            ("priority", json!("low")),
            ("channel", json!("email")),
            ("direction", json!("in")),
            ("from", Value::Null),
            ("to", json!([])),
            ("tagIds", json!([])),
            ("tags", json!([])),
            ("additionalData", json!({})),
            ("replyRecipients", json!({"to": [], "cc": [], "bcc": []})),
            ("createdAt", json!("2026-01-13 18:28:51")),
            ("lastMessageAt", json!("2026-01-13 18:28:51")),
            ("body", Value::Null),
            ("bodyPlain", Value::Null),
            ("bodyClean", Value::Null),
            ("dueBy", Value::Null),
        ] {
            assert_eq!(ticket[key], value, "{key}");
        }
    }
    assert_eq!(app.agent().await.send(reqwest::Method::POST, TICKET, None).await.ok().body["status"], "open");
}

#[tokio::test]
async fn a_sender_with_a_name_is_taken_apart() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for (from, name, address, shown) in [
        ("Tom Mustermann <tom@mustermann.de>", None, Some("tom@mustermann.de"), Some("Tom Mustermann")),
        ("\"Mustermann, Tom\" <Tom@Mustermann.de>", None, Some("Tom@Mustermann.de"), Some("Mustermann, Tom")),
        ("Tom <tom@mustermann.de>", Some("Herr Mustermann"), Some("tom@mustermann.de"), Some("Herr Mustermann")),
        ("<tom@mustermann.de>", None, Some("tom@mustermann.de"), None),
        ("+49 172 1041689", None, Some("+49 172 1041689"), None),
        ("   ", None, None, None),
    ] {
        let ticket = agent.post(TICKET, &json!({"from": from, "fromName": name})).await.ok().body;
        assert_eq!((ticket["from"].as_str(), ticket["fromName"].as_str()), (address, shown), "{from}");
    }
}

#[tokio::test]
async fn a_reply_goes_to_whom_the_message_was_from_or_to() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let message = json!({"from": "a@x.de", "to": ["b@x.de"], "cc": ["c@x.de"], "bcc": ["d@x.de"]});
    for (channel, direction, expected) in [
        ("email", "in", json!({"to": ["a@x.de"], "cc": ["c@x.de"], "bcc": ["d@x.de"]})),
        ("email", "out", json!({"to": ["b@x.de"], "cc": ["c@x.de"], "bcc": ["d@x.de"]})),
        ("chat", "in", json!({"to": ["a@x.de"], "cc": [], "bcc": []})),
        ("system", "in", Value::Null),
    ] {
        let mut body = message.clone();
        body["channel"] = channel.into();
        body["direction"] = direction.into();
        let ticket = agent.post(TICKET, &body).await.ok().body;
        assert_eq!(ticket["replyRecipients"], expected, "{channel} {direction}");
        // Only customers write in.
        assert_eq!(ticket["lastCustomerMessageAt"].is_null(), direction == "out", "{direction}");
    }
}

#[tokio::test]
async fn every_form_of_a_date_is_the_same_moment() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for date in [
        json!("2026-01-10 09:00:00"),
        json!("2026-01-10T09:00:00"),
        json!("2026-01-10T08:00:00Z"),
        json!("2026-01-10T10:00:00+02:00"),
        json!(1_768_032_000),
        json!(1_768_032_000.0),
        json!("1768032000"),
    ] {
        let ticket = agent.post(TICKET, &json!({"createdAt": date, "dueBy": date, "firstResponseDueBy": date})).await.ok().body;
        for key in ["createdAt", "dueBy", "firstResponseDueBy", "lastMessageAt"] {
            assert_eq!(ticket[key], "2026-01-10 09:00:00", "{key} {date}");
        }
    }
    let day = agent.post(TICKET, &json!({"createdAt": "2026-07-10"})).await.ok().body;
    assert_eq!(day["createdAt"], "2026-07-10 00:00:00");
}

#[tokio::test]
async fn nothing_in_a_message_runs_in_a_browser() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let body = "<p onclick=\"steal()\">Guten Tag</p><script>alert(1)</script><a href=\"javascript:alert(2)\">hier</a>\
        <img src=x onerror=alert(3)><iframe src=\"https://x.example\"></iframe>";
    let ticket = agent.post(TICKET, &json!({"body": body})).await.ok().body;
    let stored = agent.get(&at(id_of(&ticket))).await.ok().body;
    for ticket in [ticket, stored] {
        let html = ticket["body"].as_str().unwrap();
        assert!(html.contains("Guten Tag") && html.contains("hier"), "{html}");
        for bad in ["script", "onclick", "onerror", "alert", "iframe"] {
            assert!(!html.contains(bad), "{bad}: {html}");
        }
        let plain = ticket["bodyPlain"].as_str().unwrap();
        assert!(
            plain.contains("Guten Tag") && plain.contains("hier") && !plain.contains(['<', '>']) && !plain.contains("alert"),
            "{plain}"
        );
    }
}

#[tokio::test]
async fn the_clean_text_is_what_the_sender_wrote_now() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let body = "Mein Zählerstand ist 12345.\n\nAm 01.01.2026 um 10:00 schrieb Stadtwerke <service@energy.com>:\n> Bitte nennen Sie uns Ihren Stand.";
    let ticket = agent.post(TICKET, &json!({"body": body})).await.ok().body;
    let (plain, clean) = (ticket["bodyPlain"].as_str().unwrap(), ticket["bodyClean"].as_str().unwrap());
    assert!(plain.contains("Bitte nennen"), "{plain}");
    assert_eq!(clean, "Mein Zählerstand ist 12345.");
    // A text becomes HTML that shows it, and no markup of its own.
    let text = agent.post(TICKET, &json!({"body": "1 < 2 & 3 > 2\nzweite Zeile"})).await.ok().body;
    assert!(text["body"].as_str().unwrap().contains("1 &lt; 2 &amp; 3 &gt; 2"), "{}", text["body"]);
    assert_eq!(text["bodyPlain"], "1 < 2 & 3 > 2\nzweite Zeile");
}

#[tokio::test]
async fn the_most_urgent_tag_says_the_priority() {
    let app = TestApp::start().await;
    let (admin, agent) = (app.admin().await, app.agent().await);
    let (none, high, urgent) =
        (add_tag(&admin, "A", "do-not-change").await, add_tag(&admin, "B", "high").await, add_tag(&admin, "C", "urgent").await);
    for (body, priority) in [
        (json!({"tags": [none]}), "low"),
        (json!({"tags": [high, none]}), "high"),
        (json!({"tagIds": [urgent, high]}), "urgent"),
        // Who says a priority means it.
        (json!({"tags": [urgent], "priority": "medium"}), "medium"),
        // The same tag twice is one; JSON does not tell 5 from 5.0.
        (json!({"tags": [high, float(high)]}), "high"),
    ] {
        let ticket = agent.post(TICKET, &body).await.ok().body;
        assert_eq!(ticket["priority"], priority, "{body}");
        let shown: Vec<_> = ticket["tags"].as_array().unwrap().iter().map(|tag| tag["id"].clone()).collect();
        assert_eq!(ticket["tagIds"], json!(shown));
    }
}

#[tokio::test]
async fn a_tag_that_no_ticket_can_have_is_a_conflict() {
    let app = TestApp::start().await;
    let (admin, other) = (app.admin().await, app.other_tenant().await);
    let (gone, foreign) = (add_tag(&admin, "Gone", "low").await, add_tag(&other, "Foreign", "low").await);
    admin.delete(&format!("/api/mind/tag/{gone}")).await.ok();
    let body = json!({"name": "VIP", "reference": "customer", "type": "customerProperty"});
    let of_customers = id_of(&admin.post("/api/mind/tag", &body).await.ok().body);
    for tag in [99_999, gone, foreign, of_customers, 9_007_199_254_740_991] {
        let answer = app.agent().await.post(TICKET, &json!({"tags": [1, tag]})).await.problem(409, "conflict");
        assert_eq!(answer.path(), "tags[1]", "{tag}");
    }
    assert_eq!(admin.post(TICKET, &json!({"templateId": 5})).await.problem(409, "conflict").path(), "templateId");
    assert_eq!(count(&app, &app.demo).await, 0);
}

#[tokio::test]
async fn how_to_process_it_is_kept_and_the_query_wins() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for (query, body, kept) in [
        ("", json!({}), "batch"),
        ("", json!({"process": true}), "batch"),
        ("", json!({"process": false}), "false"),
        ("", json!({"process": "false"}), "false"),
        ("", json!({"process": "realtime"}), "realtime"),
        ("?process=realtime", json!({"process": "batch"}), "realtime"),
        ("?process=false", json!({"process": "realtime"}), "false"),
        ("?process=true", json!({}), "batch"),
    ] {
        let id = id_of(&agent.post(&format!("{TICKET}{query}"), &body).await.ok().body);
        let mut tx = app.tx(&app.demo).await;
        let process: String =
            sqlx::query_scalar("select process from ticket where id = $1").bind(id).fetch_one(tx.connection()).await.unwrap();
        assert_eq!(process, kept, "{query} {body}");
    }
}

#[tokio::test]
async fn who_may_not_change_tickets_creates_none() {
    let app = TestApp::start().await;
    let reader = app.with_permissions(&[Permission::ReadTicket]).await;
    for client in [app.nobody().await, reader] {
        client.post(TICKET, &json!({"subject": "x"})).await.problem(403, "permissionMissing");
        // Not even whether it would have been right.
        client.post(&format!("{TICKET}?process=batch"), &json!({"tags": [99_999]})).await.problem(403, "permissionMissing");
    }
    app.anonymous().post(TICKET, &json!({})).await.problem(401, "unauthenticated");
    assert_eq!(count(&app, &app.demo).await, 0);
    app.with_permissions(&[Permission::UpdateTicket]).await.post(TICKET, &json!({})).await.ok();
}

/// Deleting a tag while it is being given must not fail on either side.
#[tokio::test]
async fn a_tag_that_goes_at_the_same_time_is_given_or_refused() {
    guarded(async {
        let app = TestApp::start().await;
        let (admin, agent) = (app.admin().await, app.agent().await);
        for round in 0..10 {
            let tag = add_tag(&admin, &format!("T{round}"), "high").await;
            let path = format!("/api/mind/tag/{tag}");
            let body = json!({"tags": [tag]});
            let (gone, created) = tokio::join!(admin.delete(&path), agent.post(TICKET, &body));
            gone.ok();
            if created.status == 200 {
                let ticket = agent.get(&at(id_of(&created.body))).await.ok().body;
                assert_eq!(ticket["tagIds"], json!([]), "nobody sees a tag that is gone");
            } else {
                assert_eq!(created.problem(409, "conflict").path(), "tags[0]");
            }
        }
    })
    .await;
}

/// A mail loop or an import error must not be able to change another tenant's ticket.
#[tokio::test]
async fn a_ticket_belongs_to_its_tenant() {
    let app = TestApp::start().await;
    let (agent, other) = (app.agent().await, app.other_tenant().await);
    let id = add(&agent, json!({"subject": "unser"})).await;
    other.get(&at(id)).await.problem(404, "notFound");
    patch(&other, id, &json!({"status": "closed"})).await.problem(404, "notFound");
    assert_eq!(agent.get(&at(id)).await.ok().body["status"], "open");
    assert_eq!((count(&app, &app.demo).await, count(&app, &app.other).await), (1, 0));
}
