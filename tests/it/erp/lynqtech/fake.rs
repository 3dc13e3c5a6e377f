//! What an upstream can answer that the sandbox does not.

use std::sync::Arc;

use mind::erp::{
    Erp, ErpError, ErpId,
    lynqtech::settings::{AuthKind, LynqTechSettings},
    registry::{ErpSettings, Registry},
};
use pretty_assertions::assert_eq;
use serde_json::{Map, Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, body_string_contains, header, method, path, query_param},
};

use super::{KEY, id, registry, settings, start, with_base};

/// An upstream that answers as a test says.
struct Fake {
    upstream: MockServer,
    registry: Registry,
}

impl Fake {
    async fn new() -> Self {
        let upstream = MockServer::start().await;
        let registry = registry(*upstream.address());
        Self { upstream, registry }
    }

    fn erp(&self, auth: AuthKind, profile: Value) -> Arc<dyn Erp> {
        let mut settings = settings(auth, *self.upstream.address(), KEY);
        settings.lynqtech.profile = with_base(*self.upstream.address(), profile);
        self.registry.connect(1, &settings).unwrap()
    }

    async fn answer(&self, at: &str, template: ResponseTemplate) {
        Mock::given(path(at)).respond_with(template).mount(&self.upstream).await;
    }

    async fn calls(&self, at: &str) -> usize {
        self.upstream.received_requests().await.unwrap().iter().filter(|request| request.url.path() == at).count()
    }
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn token() -> ResponseTemplate {
    ok(&json!({"access_token": "t0ken", "expires_in": 3600, "token_type": "Bearer"}))
}

#[tokio::test]
async fn an_answer_of_another_form_is_an_error_without_data() {
    let fake = Fake::new().await;
    fake.answer("/api/customers", ok(&json!({"message": "geheim"}))).await;
    fake.answer("/api/contracts/1", ok(&json!([1, 2]))).await;
    fake.answer("/api/contracts/2", ok(&json!({"contractNumber": "3", "customer": {"lastName": "geheim"}}))).await;
    let erp = fake.erp(AuthKind::ApiKey, json!({}));
    for found in [
        erp.search_by_text("x", 10, 0).await.map(drop),
        erp.contract_by_id(&id("1")).await.map(drop),
        erp.contract_by_id(&id("2")).await.map(drop),
    ] {
        let error = found.unwrap_err();
        assert!(matches!(error, ErpError::BadPayload { .. }) && !error.to_string().contains("geheim"), "{error}");
    }
}

/// A client that may get tokens and may not read must not make the token endpoint pay for it.
#[tokio::test]
async fn a_second_refusal_is_final() {
    let fake = Fake::new().await;
    Mock::given(method("POST"))
        .and(path("/oauth2/token"))
        .and(header("authorization", "Basic c2FuZGJveDpzM2NyM3Qtb2YtdGhlLXRlbmFudA=="))
        .and(body_string_contains("grant_type=client_credentials"))
        .respond_with(token())
        .mount(&fake.upstream)
        .await;
    fake.answer("/api/contracts/1", ResponseTemplate::new(401)).await;
    assert_eq!(fake.erp(AuthKind::OAuth2, json!({})).contract_by_id(&id("1")).await, Err(ErpError::Unauthorized));
    assert_eq!((fake.calls("/api/contracts/1").await, fake.calls("/oauth2/token").await), (2, 2));
    // Without tokens there is nothing to replace.
    assert_eq!(fake.erp(AuthKind::Basic, json!({})).contract_by_id(&id("1")).await, Err(ErpError::Unauthorized));
    assert_eq!(fake.calls("/api/contracts/1").await, 3);
}

#[tokio::test]
async fn trouble_of_the_token_endpoint_is_told_apart() {
    for (template, expected) in [
        (ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_client"})), ErpError::Unauthorized),
        (ResponseTemplate::new(401), ErpError::Unauthorized),
        (ResponseTemplate::new(500), ErpError::Unavailable { reason: "it answered with status 500".to_owned() }),
        (ResponseTemplate::new(404), ErpError::Misconfigured { reason: "lynqTechTokenUrl: there is no token endpoint".to_owned() }),
        (ok(&json!({})), ErpError::BadPayload { reason: "the token endpoint's answer has no `access_token`".to_owned() }),
    ] {
        let fake = Fake::new().await;
        fake.answer("/oauth2/token", template).await;
        assert_eq!(fake.erp(AuthKind::OAuth2, json!({})).contract_by_id(&id("1")).await, Err(expected));
        assert_eq!(fake.calls("/api/contracts/1").await, 0);
    }
}

/// The example of the contract file, and the same contract after its end.
#[tokio::test]
async fn the_described_body_is_understood() {
    let mut body = json!({
        "contractNumber": "400001234", "status": "AKTIV",
        "customer": {"externalId": "100200300", "firstName": "Erika", "lastName": "Beispiel", "company": null,
            "email": "erika@example.invalid", "phone": "+491725550100"},
        "masterBillingAccount": {"number": "M-4711",
            "address": {"street": "Postweg", "houseNumber": "3", "zip": "30159", "city": "Hannover"}},
        "deliveryPoint": {"address": {"street": "Lindenallee", "houseNumber": "12a", "zip": "30159", "city": "Hannover"},
            "marketLocationId": "41373559241", "gridOperator": {"code": "9903323000007", "name": "Netz Muster"},
            "meter": {"number": "1ESY1160669167", "registers": [{"obis": "1-1:1.8.0", "unit": "kWh", "digits": 6, "decimals": 1}]}},
        "commodity": "ELECTRICITY", "startDate": "2024-04-01", "endDate": null,
        "products": [
            {"kind": "base", "code": "FLEX24", "name": "Flex 24", "grossAmount": 14988, "unit": "ct/a"},
            {"kind": "consumption", "grossAmount": 28.5, "unit": "ct/kWh", "annualConsumption": 2900},
            {"kind": "payment", "grossAmount": 8300, "unit": "ct/month", "nextRenewalDate": "2025-02-01"}],
        "bank": {"iban": "DE89370400440532013000", "sepaMandateId": "M-0001"},
        "balance": {"dueGross": 4210, "currency": "EUR"},
    });
    let fake = Fake::new().await;
    fake.answer("/api/contracts/400001234", ok(&body)).await;
    let profile = json!({"erpUrl": "https://erp.example.com/{customerId}/{contractId}"});
    let erp = fake.erp(AuthKind::ApiKey, profile);
    let mut found = erp.contract_by_id(&id("400001234")).await.unwrap().unwrap();
    assert_eq!(found.raw_data.take(), Some(body.clone()));
    let found = serde_json::to_value(found).unwrap();
    for (name, value) in [
        ("id", json!(400_001_234)),
        ("customerId", json!(100_200_300)),
        ("status", json!("active")),
        ("statusCode", Value::Null),
        ("statusCodeTitle", json!("AKTIV")),
        ("energy", json!("electricity")),
        ("energyTypeId", json!(1)),
        ("deliveryAddress", json!("Lindenallee 12a, 30159 Hannover")),
        ("billingAddress", json!("Postweg 3, 30159 Hannover")),
        ("monthlyDeposit", json!(83)),
        ("unpaidDebt", json!(42.1)),
        ("basePrice", json!(149.88)),
        ("workingPrice", json!(28.5)),
        ("consumption", json!(2900)),
        ("vatRate", json!(0.19)),
        ("startDate", json!(1_711_929_600)),
        ("phone", json!(491_725_550_100_i64)),
        ("gridOperatorCode", json!(9_903_323_000_007_i64)),
        ("productCode", json!("FLEX24")),
        ("business", json!(false)),
        ("marketLocation", json!("41373559241")),
        ("registers", json!([{"obis": "1-1:1.8.0", "unit": "kWh", "digits": 6, "decimals": 1}])),
        ("tabPreview", json!({"color": "green", "icon": "electricity"})),
        ("erpUrls", json!([{"url": "https://erp.example.com/100200300/400001234", "logo": "lynqtech"}])),
    ] {
        assert_eq!(found[name], value, "{name}");
    }

    body["status"] = json!("GEKUENDIGT");
    body["commodity"] = json!("GAS");
    body["balance"]["dueGross"] = json!(-500);
    for (end, status, vat) in [("2026-01-13", "terminating", 0.19), ("2026-01-12", "ended", 0.19), ("2024-03-30T23:00:00Z", "ended", 0.07)]
    {
        body["endDate"] = json!(end);
        fake.upstream.reset().await;
        fake.answer("/api/contracts/400001234", ok(&body)).await;
        let found = serde_json::to_value(erp.contract_by_id(&id("400001234")).await.unwrap()).unwrap();
        assert_eq!((&found["status"], &found["vatRate"], &found["unpaidDebt"]), (&json!(status), &json!(vat), &json!(0)), "{end}");
    }
}

/// A LynqTech with other paths and names needs no release.
#[tokio::test]
async fn a_profile_follows_another_instance() {
    let fake = Fake::new().await;
    let body = json!({"data": {"nr": "Vertrag-7", "kunde": "Kunde-8", "name": "Beispiel", "gp": 12.5, "zustand": "ruhend", "x": {"y": 1}}});
    fake.answer("/v2/vertrag", ok(&body)).await;
    fake.answer("/v2/kunden", ok(&json!({"treffer": [{"nr": "Kunde-8"}, {"nr": "Kunde-9"}, {"nr": "Kunde-8"}]}))).await;
    let profile = json!({
        "requests": {"contractById": "/v2/vertrag?nr={contractId}", "searchByText": "/v2/kunden?suche={q}", "searchByFields": null},
        "contract": {"id": "$.data.nr", "customerId": "$.data.kunde", "lastname": "$.data.name", "status": "$.data.zustand",
            "basePrice": "$.data.gp", "score": "$.data.x"},
        "customer": {"id": "$.nr"},
        "items": "$.treffer",
        "states": {"ruhend": "blocked"},
    });
    let erp = fake.erp(AuthKind::Bearer, profile);
    let found = erp.contract_by_id(&id("7")).await.unwrap().unwrap();
    assert_eq!((found.id, found.customer_id, found.status.as_deref()), (ErpId::from(7), Some(ErpId::from(8)), Some("blocked")));
    assert_eq!((serde_json::to_value(found.base_price).unwrap(), &found.extra["score"]), (json!(12.5), &json!({"y": 1})));
    assert_eq!(erp.search_by_text("Beispiel", 10, 0).await, Ok(vec![ErpId::from(8), ErpId::from(9)]));
    assert!(!erp.capabilities().search_by_fields && erp.capabilities().contract_by_id);
    assert_eq!(erp.search_by_fields(&Map::new()).await, Err(ErpError::Unsupported { operation: "searchByFields" }));
    let sent = fake.upstream.received_requests().await.unwrap();
    assert_eq!(sent[0].url.query(), Some("nr=7"));
    assert_eq!(sent[0].headers["authorization"], format!("Bearer {KEY}"));
}

#[tokio::test]
async fn a_customer_of_many_contracts_is_read_page_by_page() {
    let fake = Fake::new().await;
    fake.answer("/api/customers/1", ok(&json!({"externalId": "1", "lastName": "Beispiel"}))).await;
    for (offset, count) in [(0, 50), (50, 50), (100, 20)] {
        let rows: Vec<_> = (offset..offset + count).map(|n| json!({"contractNumber": format!("VN-{n}")})).collect();
        Mock::given(path("/api/customers/1/contracts"))
            .and(query_param("limit", "50"))
            .and(query_param("offset", offset.to_string()))
            .respond_with(ok(&json!(rows)))
            .expect(1)
            .mount(&fake.upstream)
            .await;
    }
    let customer = fake.erp(AuthKind::ApiKey, json!({})).customer_by_id(&id("1")).await.unwrap().unwrap();
    assert_eq!(customer.contract_ids.len(), 120);
    assert_eq!(customer.contract_ids[119], id("VN-119"));
}

#[tokio::test]
async fn settings_that_do_not_add_up_name_the_setting() {
    let fake = Fake::new().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(404)).expect(0).mount(&fake.upstream).await;
    let whole = settings(AuthKind::ApiKey, *fake.upstream.address(), KEY);
    let connect = |lynqtech| fake.registry.connect(1, &ErpSettings { lynqtech, ..whole.clone() }).err();
    for (lynqtech, setting) in [
        (LynqTechSettings { api_key: None, ..whole.lynqtech.clone() }, "lynqTechApiKey:"),
        (LynqTechSettings { profile: Value::Null, ..whole.lynqtech.clone() }, "lynqTechHost:"),
        (LynqTechSettings { auth: AuthKind::OAuth2, token_url: None, ..whole.lynqtech.clone() }, "lynqTechTokenUrl:"),
        (LynqTechSettings { profile: json!({"items": "treffer"}), ..whole.lynqtech.clone() }, "lynqTechProfile.items:"),
    ] {
        let Some(ErpError::Misconfigured { reason }) = connect(lynqtech) else { panic!("{setting} is not missed") };
        assert!(reason.starts_with(setting), "{reason}");
    }
    // An address inside the operator's network that nobody listed.
    let mut hidden = whole.clone();
    hidden.lynqtech.profile = json!({"baseUrl": "http://169.254.169.254"});
    let erp = fake.registry.connect(1, &hidden).unwrap();
    assert!(matches!(erp.contract_by_id(&id("1")).await, Err(ErpError::Misconfigured { .. })));
}

#[tokio::test]
async fn another_connection_has_another_fingerprint() {
    let base = settings(AuthKind::ApiKey, "127.0.0.1:9".parse().unwrap(), KEY);
    let with = |change: fn(&mut LynqTechSettings)| {
        let mut changed = base.clone();
        change(&mut changed.lynqtech);
        changed.fingerprint()
    };
    let prints = [
        base.fingerprint(),
        with(|settings| settings.host = Some("api.example.com".to_owned())),
        with(|settings| settings.auth = AuthKind::Bearer),
        with(|settings| settings.api_key = Some("other".into())),
        with(|settings| settings.api_key_header = "x-key".to_owned()),
        with(|settings| settings.profile["contract"] = json!({"email": "$.mail"})),
    ];
    assert_eq!(std::collections::HashSet::from(prints.clone()).len(), prints.len());
    assert_eq!(with(|settings| settings.timeout_ms = 1_000), prints[0]);
    let later = ErpSettings { now: start() + chrono::Duration::days(1), ..base.clone() };
    assert_eq!(later.fingerprint(), prints[0]);
    assert!(!format!("{base:?}").contains(KEY));
}
