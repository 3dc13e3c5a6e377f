//! Events: found by filters, told in two languages, and read in the order of their commits.

mod feed;

use mind::domain::{
    event::{self, NewEvent},
    profile::ProfileId,
    role::Permission,
};
use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp, TestTenant};

const SEARCH: &str = "/api/mind/event/search";

/// Appends an event and answers its id.
async fn append(app: &TestApp, tenant: &TestTenant, event: NewEvent) -> i64 {
    let mut tx = app.tx(tenant).await;
    event::store::append(&mut tx, &event, app.now()).await.unwrap();
    let id = sqlx::query_scalar("select max(id) from event").fetch_one(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn by(profile: ProfileId, kind: &'static str, data: Value) -> NewEvent {
    NewEvent::by(profile, kind, data)
}

async fn search(client: &Client, query: &str, filters: Value) -> Answer {
    client.post(&format!("{SEARCH}{query}"), &json!({"filters": filters})).await
}

fn ids(answer: &Answer) -> Vec<i64> {
    answer.body["events"].as_array().unwrap().iter().map(|event| event["id"].as_i64().unwrap()).collect()
}

async fn found(client: &Client, filters: Value) -> Vec<i64> {
    ids(&search(client, "?orderByField=e.id&orderByDirection=asc", filters).await.ok())
}

fn filter(key: &str, comparator: &str, value: impl Into<Value>) -> Value {
    json!({"key": key, "comparator": comparator, "value": value.into()})
}

#[tokio::test]
async fn a_closed_ticket_in_both_languages() {
    let app = TestApp::start().await;
    let data = json!({"changes": {"status": {"old": "open", "new": "closed"}, "agentId": {"old": null, "new": app.demo.agent}}});
    let id = append(&app, &app.demo, by(app.demo.agent, "ticketUpdated", data.clone()).about_ticket(376_189, Some("715559"))).await;
    let agent = app.agent().await;
    let expected = |activity: &str, details: Value| {
        json!({
            "id": id, "type": "ticketUpdated", "subType": null, "status": "closed", "data": data,
            "user": {
                "id": app.demo.agent, "email": "agent@demo.example", "gender": null, "firstName": "Agent", "lastName": "",
                "companyIds": [], "image": null, "type": "user",
            },
            "createdAt": "2026-01-13 18:28:51", "activity": activity, "ticketId": 376_189, "contractId": "715559",
            "details": details, "tabs": [], "showToUser": true, "eventTraces": [],
        })
    };
    let line = |label: &str, value: &str| json!({"label": label, "value": value, "tooltip": null, "url": null, "type": "string"});
    let english = expected("closed the ticket", json!([line("Status", "Open → Closed"), line("Agent", "Agent")]));
    let german = expected("hat das Ticket geschlossen", json!([line("Status", "Offen → Geschlossen"), line("Bearbeiter", "Agent")]));
    for (language, expected) in [("en", english), ("de", german)] {
        let client = agent.clone().header("accept-language", language);
        assert_eq!(client.get(&format!("/api/mind/event/{id}")).await.ok().body, expected);
        let answer = search(&client, "", json!([filter("e.ticketId", "=", 376_189)])).await.ok();
        let page = json!({"events": [expected], "pagination": {"total": 1, "totalIsCapped": false, "offset": 0, "limit": 20}});
        assert_eq!(answer.body, page);
    }
    let raw = json!({
        "id": id, "type": "ticketUpdated", "subType": null, "status": "closed", "duration": null, "ticketId": 376_189,
        "contractId": "715559", "data": data, "outcome": null, "traces": [], "createdBy": app.demo.agent, "createdAt": "2026-01-13 18:28:51",
    });
    assert_eq!(agent.get(&format!("/api/mind/event/{id}?format=raw&includeTraces=no")).await.ok().body, raw);
    assert_eq!(search(&agent, "?format=raw", json!([filter("ticketId", "=", "376189")])).await.ok().body["events"], json!([raw]));
}

#[tokio::test]
async fn what_the_system_did_has_no_user() {
    let app = TestApp::start().await;
    let id = append(&app, &app.demo, NewEvent::new("meterReadingImported", Value::Null, None)).await;
    let event = app.agent().await.header("accept-language", "en").get(&format!("/api/mind/event/{id}")).await.ok().body;
    assert_eq!(
        (&event["user"], &event["activity"], &event["showToUser"], &event["details"]),
        (&Value::Null, &json!("triggered: meter reading imported"), &json!(false), &json!([]))
    );
}

/// Everything that this version appends has a sentence of its own.
#[tokio::test]
async fn every_event_that_happens_is_described() {
    let app = TestApp::start().await;
    let admin = app.admin().await.header("accept-language", "en");
    app.sign_in("admin@demo.example").await.ok();
    admin.put("/api/mind/settings/erpCacheSeconds", &json!(60)).await.ok();
    admin.get("/api/mind/customer/byContractId/746839").await.ok();
    admin.post("/api/mind/customer/invalidateCache", &json!({"contractId": "746839"})).await.ok();
    let token = app.issue(&app.demo, app.demo.agent).await;
    admin.delete(&format!("/api/auth/v1/tokens/{}", token.id)).await.ok();
    let answer = search(&admin, "?limit=100", json!([])).await.ok();
    let said = |kind: &str| {
        let events = answer.body["events"].as_array().unwrap();
        events.iter().find(|event| event["type"] == kind).unwrap_or_else(|| panic!("no {kind}")).clone()
    };
    for (kind, activity) in [
        ("tenantCreated", "created the tenant"),
        ("userSignedIn", "signed in"),
        ("settingsUpdated", "changed a setting"),
        ("erpCacheInvalidated", "declared copies of the ERP out of date"),
        ("accessTokenCreated", "created an access token"),
        ("accessTokenRevoked", "revoked an access token"),
    ] {
        assert_eq!(said(kind)["activity"], activity);
    }
    assert!(answer.body["events"].as_array().unwrap().iter().all(|event| !event["activity"].as_str().unwrap().contains("triggered")));
    assert_eq!(said("settingsUpdated")["details"][0]["label"], "Freshness (seconds)");
    assert_eq!(said("settingsUpdated")["details"][0]["value"], "300 → 60");
}

#[tokio::test]
async fn every_key_filters() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let (max, tom) = (app.demo.admin, app.demo.agent);
    let closed =
        append(&app, &app.demo, by(max, "ticketUpdated", json!({"changes": {"status": "closed"}})).about_ticket(7, Some("VN-1"))).await;
    app.clock.advance(chrono::Duration::days(1));
    let created = append(&app, &app.demo, by(tom, "ticketCreated", json!({"subject": "Zähler kaputt"})).about_ticket(8, None)).await;
    let system =
        append(&app, &app.demo, NewEvent::new("ticketUpdated", json!({"changes": {"priority": "high"}}), None).about_ticket(8, None)).await;
    let about_tickets = || filter("e.ticketId", "!=", Value::Null);
    let all = vec![closed, created, system];
    for (filters, expected) in [
        (json!([about_tickets()]), all.clone()),
        (json!([filter("e.id", "=", created)]), vec![created]),
        (json!([{"key": "id", "comparator": "in", "values": [closed, system.to_string()]}]), vec![closed, system]),
        (json!([about_tickets(), filter("e.type", "=", "ticketUpdated")]), vec![closed, system]),
        (json!([about_tickets(), filter("type", "like", "%created")]), vec![created]),
        (json!([filter("e.contractId", "=", "VN-1")]), vec![closed]),
        (json!([{"key": "e.ticketId", "comparator": "between", "from": 8, "to": 9}]), vec![created, system]),
        (json!([about_tickets(), filter("e.createdBy", "=", tom.0)]), vec![created]),
        (json!([about_tickets(), filter("e.createdBy", "=", Value::Null)]), vec![system]),
        // Who is not set is nobody in particular either.
        (json!([about_tickets(), filter("e.createdBy", "!=", tom.0)]), vec![closed, system]),
        (json!([about_tickets(), filter("e.createdAt", "<=", "2026-01-13")]), vec![closed]),
        (json!([about_tickets(), filter("e.createdAt", ">", "2026-01-13")]), vec![created, system]),
        (json!([about_tickets(), filter("e.createdAt", "=", "2026-01-14 18:28:51")]), vec![created, system]),
        (json!([about_tickets(), {"key": "e.createdAt", "comparator": "between", "from": "2026-01-13", "to": "2026-01-14"}]), all.clone()),
        (json!([about_tickets(), filter("e.status", "=", "closed")]), all.clone()),
        (json!([about_tickets(), filter("e.status", "=", "open")]), vec![]),
        (json!([about_tickets(), filter("e.type", "=", "ticketUpdated"), filter("e.subType", "=", Value::Null)]), vec![closed, system]),
        (json!([about_tickets(), filter("q", "equal", "zähler KAPUTT")]), vec![created]),
        (json!([about_tickets(), filter("q", "=", "ticketUpdated -high")]), vec![closed]),
        (json!([about_tickets(), filter("q", "like", "priority")]), vec![system]),
        (json!([about_tickets(), filter("q", "=", "!!!")]), vec![]),
    ] {
        assert_eq!(found(&agent, filters.clone()).await, expected, "{filters}");
    }
}

#[tokio::test]
async fn pages_are_ordered_and_counted() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let mut all = Vec::new();
    for ticket in [3, 1, 2] {
        all.push(append(&app, &app.demo, by(app.demo.agent, "ticketCreated", json!({})).about_ticket(ticket, None)).await);
    }
    let [three, one, two] = all[..] else { unreachable!() };
    let nothing = append(&app, &app.demo, by(app.demo.agent, "ticketCreated", json!({}))).await;
    let created = json!([filter("e.type", "=", "ticketCreated")]);
    for (query, expected) in [
        // All at the same time: the id decides.
        ("", vec![nothing, two, one, three]),
        ("?orderByDirection=asc", vec![three, one, two, nothing]),
        ("?orderByField=e.ticketId", vec![three, two, one, nothing]),
        ("?orderByField=e.ticketId&orderByDirection=asc", vec![nothing, one, two, three]),
        ("?orderByField=ticketId&limit=2&offset=1", vec![two, one]),
        ("?offset=9", vec![]),
    ] {
        let answer = search(&agent, query, created.clone()).await.ok();
        assert_eq!(ids(&answer), expected, "{query}");
        assert_eq!(answer.body["pagination"]["total"], 4);
    }
    for field in ["e.id", "e.type", "e.subType", "e.contractId", "e.ticketId", "e.status", "e.createdAt", "e.createdBy"] {
        for direction in ["asc", "desc"] {
            let answer = search(&agent, &format!("?orderByField={field}&orderByDirection={direction}"), created.clone()).await.ok();
            assert_eq!(ids(&answer).len(), 4, "{field} {direction}");
        }
    }
}

#[tokio::test]
async fn counting_ends_somewhere() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let mut tx = app.tx(&app.demo).await;
    sqlx::query("insert into event (type, created_at) select 'filler', $1 from generate_series(1, 10000)")
        .bind(app.now())
        .execute(tx.connection())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let total = async || search(&agent, "?limit=1", json!([filter("e.type", "=", "filler")])).await.ok().body["pagination"].clone();
    assert_eq!(total().await, json!({"total": 10_000, "totalIsCapped": false, "offset": 0, "limit": 1}));
    append(&app, &app.demo, NewEvent::new("filler", Value::Null, None)).await;
    assert_eq!(total().await, json!({"total": 10_000, "totalIsCapped": true, "offset": 0, "limit": 1}));
}

#[tokio::test]
async fn a_body_may_be_a_form_or_nothing() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let id = append(&app, &app.demo, by(app.demo.agent, "ticketCreated", json!({})).about_ticket(5, None)).await;
    let form = async |body: &str| agent.send(Method::POST, SEARCH, Some(("application/x-www-form-urlencoded", body.to_owned()))).await;
    let filters = json!([filter("e.ticketId", "=", 5)]).to_string();
    let encoded: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("filters", &filters).finish();
    assert_eq!(ids(&form(&encoded).await.ok()), [id]);
    let everything = ids(&agent.send(Method::POST, SEARCH, None).await.ok());
    assert!(everything.len() > 1);
    for answer in [
        form("").await,
        form("filters=%5B%5D").await,
        agent.post(SEARCH, &json!({})).await,
        agent.post(SEARCH, &json!({"filters": []})).await,
    ] {
        assert_eq!(ids(&answer.ok()), everything);
    }
    for (body, path) in [
        ("filters=x", "filters"),
        ("filters=", "filters"),
        ("filters=5", "filters"),
        ("filters=%5B%5D%2C%22x%22%3A1", "filters"),
        ("filter=%5B%5D", "filter"),
        ("filters=%5B%7B%22key%22%3A%22e.id%22%2C%22comparator%22%3A%22~%22%7D%5D", "filters[0].comparator"),
    ] {
        let answer = form(body).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), path, "{body}");
    }
}

#[tokio::test]
async fn wrong_requests_name_what_is_wrong() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let sub_type = || filter("e.subType", "=", "x");
    for (query, filters, path) in [
        ("?limit=101", json!([]), "limit"),
        ("?limit=0", json!([]), "limit"),
        ("?offset=-1", json!([]), "offset"),
        ("?orderByField=e.data", json!([]), "orderByField"),
        ("?orderByDirection=down", json!([]), "orderByDirection"),
        ("?format=xml", json!([]), "format"),
        ("?includeTraces=maybe", json!([]), "includeTraces"),
        ("?page=2", json!([]), "page"),
        ("", json!([filter("t.status", "=", "open")]), "filters[0].key"),
        ("", json!([filter("e.type", "=", "x"), filter("e.status", "=", "melted")]), "filters[1].value"),
        ("", json!([filter("e.id", "like", "1%")]), "filters[0].comparator"),
        ("", json!([sub_type()]), "filters[0].key"),
        ("", json!([filter("e.ticketId", "=", 1), sub_type()]), "filters[1].key"),
        ("", json!([filter("q", "=", "x")]), "filters[0].key"),
        ("", json!({"key": "e.id"}), "filters"),
    ] {
        let answer = search(&agent, query, filters.clone()).await.problem(400, "invalidInput");
        assert_eq!(answer.path(), path, "{query} {filters}");
    }
    assert_eq!(agent.post(SEARCH, &json!({"filters": null})).await.problem(400, "invalidInput").path(), "filters");
    assert_eq!(agent.post(SEARCH, &json!({"filtres": []})).await.problem(400, "invalidInput").path(), "filtres");
    agent.send(Method::POST, SEARCH, Some(("application/json", "{".to_owned()))).await.problem(400, "malformedJson");
    agent.send(Method::POST, SEARCH, Some(("text/plain", "x".to_owned()))).await.problem(415, "unsupportedMediaType");
    assert_eq!(agent.get("/api/mind/event/abc").await.problem(400, "invalidInput").path(), "id");
    assert_eq!(agent.get("/api/mind/event/1?format=xml").await.problem(400, "invalidInput").path(), "format");
    agent.get("/api/mind/event/999999999").await.problem(404, "notFound");
}

#[tokio::test]
async fn only_own_events_and_only_with_the_permission() {
    let app = TestApp::start().await;
    let id = append(&app, &app.demo, by(app.demo.agent, "ticketCreated", json!({"userId": app.demo.agent})).about_ticket(5, None)).await;
    let stranger = app.other_tenant().await;
    stranger.get(&format!("/api/mind/event/{id}")).await.problem(404, "notFound");
    assert_eq!(found(&stranger, json!([filter("e.ticketId", "=", 5)])).await, Vec::<i64>::new());
    // An id in the data of an own event names nobody of another tenant.
    let own = append(&app, &app.other, by(app.other.admin, "ticketCreated", json!({"userId": app.demo.agent}))).await;
    let event = stranger.get(&format!("/api/mind/event/{own}")).await.ok().body;
    assert_eq!(event["details"][0]["value"], json!(app.demo.agent.0.to_string()));
    let nobody = app.nobody().await;
    nobody.get(&format!("/api/mind/event/{id}")).await.problem(403, "permissionMissing");
    search(&nobody, "", json!([])).await.problem(403, "permissionMissing");
    app.anonymous().get(&format!("/api/mind/event/{id}")).await.problem(401, "unauthenticated");
}

/// The harm: whoever may read tickets reads how the tenant is set up.
#[tokio::test]
async fn the_log_of_the_settings_is_for_who_may_read_settings() {
    let app = TestApp::start().await;
    let setting = append(&app, &app.demo, by(app.demo.admin, "tagDeleted", json!({}))).await;
    let ticket = append(&app, &app.demo, by(app.demo.admin, "ticketUpdated", json!({})).about_ticket(1, None)).await;
    let any = json!([{"key": "e.type", "comparator": "in", "values": ["tagDeleted", "ticketUpdated"]}]);
    let reader = app.with_permissions(&[Permission::ReadTicket]).await;
    let answer = search(&reader, "", any.clone()).await.ok();
    assert_eq!((ids(&answer), answer.body["pagination"]["total"].as_i64()), (vec![ticket], Some(1)));
    reader.get(&format!("/api/mind/event/{setting}")).await.problem(404, "notFound");
    reader.get(&format!("/api/mind/event/{ticket}")).await.ok();
    let both = app.with_permissions(&[Permission::ReadTicket, Permission::ReadSettings]).await;
    assert_eq!(found(&both, any).await, [setting, ticket]);
    both.get(&format!("/api/mind/event/{setting}")).await.ok();
}
