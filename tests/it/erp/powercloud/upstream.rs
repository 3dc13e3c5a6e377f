//! What the sandbox does not do: answers that are odd, hostile or trouble, and credentials that must show nowhere.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use mind::erp::{
    Erp, ErpError,
    powercloud::settings::Table,
    registry::{ErpSettings, Registry},
};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber as _;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, method, query_param},
};

use super::{HASH, connection, functions, id, registry, settings};

const PASSWORD: &str = "s3cr3t-of-the-tenant";

/// An upstream that says what it is told to.
struct Upstream {
    server: MockServer,
    registry: Registry,
}

impl Upstream {
    async fn answering(template: ResponseTemplate) -> Self {
        let server = MockServer::start().await;
        let upstream = Self { registry: registry(*server.address()), server };
        upstream.answer(template).await;
        upstream
    }

    async fn answer(&self, template: ResponseTemplate) {
        self.server.reset().await;
        Mock::given(any()).respond_with(template).mount(&self.server).await;
    }

    fn settings(&self) -> ErpSettings {
        settings(connection(*self.server.address(), HASH, "ada", PASSWORD))
    }

    fn erp(&self) -> Arc<dyn Erp> {
        self.registry.connect(1, &self.settings()).unwrap()
    }

    async fn calls(&self) -> usize {
        self.server.received_requests().await.unwrap().len()
    }
}

fn json_answer(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

#[tokio::test]
async fn two_hundred_does_not_mean_yes() {
    let upstream = Upstream::answering(json_answer(&json!({"success": false, "message": "Vertrag NICHT gefunden"}))).await;
    assert_eq!(upstream.erp().contract_by_id(&id("7")).await, Ok(None));
    upstream.answer(json_answer(&json!({"success": "true", "data": {"data": []}}))).await;
    assert_eq!(upstream.erp().contract_by_id(&id("7")).await, Ok(None));
    for (body, fault) in [
        (
            json!({"success": false, "message": "geheim: database is away"}),
            "the answer says that it failed, and not with a message that means \"not found\"",
        ),
        (
            json!({"success": false, "error": "Function geheim not found"}),
            "the answer says that it failed, and not with a message that means \"not found\"",
        ),
        (json!(["geheim"]), "the answer is no object"),
        (json!({"message": "geheim"}), "the answer has neither `success` nor `data`"),
        (json!({"success": true, "data": {"data": {"id": 8, "surname": "geheim"}}}), "`id` is not the id asked for"),
        (json!({"success": true, "data": [{"id": 7}, {"id": 8}]}), "the answer has several rows where one is asked for"),
        (json!({"success": true, "data": "geheim"}), "`data` is neither an object nor a list"),
    ] {
        upstream.answer(json_answer(&body)).await;
        let reason = format!("getContractById: {fault}");
        assert_eq!(upstream.erp().contract_by_id(&id("7")).await, Err(ErpError::BadPayload { reason }), "{body}");
        // The same request gets the same answer.
        assert_eq!(upstream.calls().await, 1);
    }
    upstream.answer(ResponseTemplate::new(200).set_body_raw("<html>geheim</html>", "text/html")).await;
    let error = upstream.erp().contract_by_id(&id("7")).await.unwrap_err();
    assert_eq!(error, ErpError::BadPayload { reason: "the answer of getContractById is not JSON".to_owned() });
}

#[tokio::test]
async fn texts_that_mean_not_found_are_the_tenants() {
    let upstream = Upstream::answering(json_answer(&json!({"success": false, "errors": {"id": ["Keine Daten zur Client-Nummer"]}}))).await;
    assert!(upstream.erp().contract_by_id(&id("7")).await.is_err());
    let mut settings = upstream.settings();
    settings.powercloud.as_mut().unwrap().not_found = vec!["keine daten zur client-nummer".to_owned()];
    assert_eq!(upstream.registry.connect(1, &settings).unwrap().contract_by_id(&id("7")).await, Ok(None));
}

#[tokio::test]
async fn statuses_mean_what_they_do_elsewhere() {
    let upstream = Upstream::answering(ResponseTemplate::new(401)).await;
    for (status, expected) in [
        (401, ErpError::Unauthorized),
        (403, ErpError::Unauthorized),
        (404, ErpError::Rejected { status: 404 }),
        (500, ErpError::Unavailable { reason: "it answered with status 500".to_owned() }),
    ] {
        upstream.answer(ResponseTemplate::new(status).set_body_string("geheim")).await;
        assert_eq!(upstream.erp().contract_by_id(&id("7")).await, Err(expected));
        assert_eq!(upstream.calls().await, 1);
    }
    upstream.answer(ResponseTemplate::new(429).insert_header("retry-after", "120")).await;
    let limited = ErpError::RateLimited { retry_after: Some(Duration::from_mins(2)) };
    assert_eq!(upstream.erp().contract_by_id(&id("7")).await, Err(limited));
    // A short disturbance is not noticed.
    upstream.server.reset().await;
    let mock = |template| Mock::given(method("GET")).respond_with(template);
    mock(ResponseTemplate::new(503)).up_to_n_times(2).mount(&upstream.server).await;
    mock(json_answer(&json!({"success": 1, "data": {"data": {"id": "7", "business": "1", "company": "ACME"}}})))
        .mount(&upstream.server)
        .await;
    assert_eq!(upstream.erp().contract_by_id(&id("7")).await.unwrap().unwrap().extra["company"], "ACME");
    assert_eq!(upstream.calls().await, 3);
}

#[tokio::test]
async fn lists_are_read_page_by_page_and_end() {
    let upstream = Upstream::answering(ResponseTemplate::new(404)).await;
    upstream.server.reset().await;
    let rows = |from: usize, to: usize| json!({"success": true, "data": (from..to).map(|id| json!({"id": id})).collect::<Vec<_>>()});
    let customer = json!({"success": true, "data": {"customerId": 9, "surname": "Beispiel"}});
    Mock::given(query_param("id", "9")).respond_with(json_answer(&customer)).mount(&upstream.server).await;
    for (offset, answer) in [("0", rows(0, 100)), ("100", rows(100, 150))] {
        Mock::given(query_param("offset", offset))
            .and(query_param("limit", "100"))
            .and(query_param("customerId", "9"))
            .respond_with(json_answer(&answer))
            .expect(1)
            .mount(&upstream.server)
            .await;
    }
    let mut settings = upstream.settings();
    settings.powercloud.as_mut().unwrap().functions = functions(&[("contractsByCustomer", "listContracts")]);
    let customer = upstream.registry.connect(1, &settings).unwrap().customer_by_id(&id("9")).await.unwrap().unwrap();
    assert_eq!((customer.contract_ids.len(), customer.additional_data.get("contractsIncomplete")), (150, None));
    // An upstream that knows no offset sends the same page for ever.
    upstream.server.reset().await;
    Mock::given(query_param("customerId", "9")).respond_with(json_answer(&rows(0, 100))).expect(2).mount(&upstream.server).await;
    Mock::given(query_param("id", "9"))
        .respond_with(json_answer(&json!({"success": 1, "data": [{"id": 9, "surname": "B"}]})))
        .mount(&upstream.server)
        .await;
    let customer = upstream.registry.connect(1, &settings).unwrap().customer_by_id(&id("9")).await.unwrap().unwrap();
    assert_eq!(customer.contract_ids.len(), 100);
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn credentials_show_nowhere() {
    // An upstream that repeats what it was sent must not get it into anything either.
    let echo =
        json!({"success": true, "data": {"id": 7, "surname": "B", "link": format!("https://x/rest:client/{HASH}/f"), "p": PASSWORD}});
    let upstream = Upstream::answering(json_answer(&echo)).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let settings = upstream.settings();
    let mut shown = async {
        let erp = upstream.registry.connect(1, &settings).unwrap();
        let contract = erp.contract_by_id(&id("7")).await.unwrap().unwrap();
        let mut shown = format!("{settings:?} {:?} {contract:?} {:?}", upstream.registry, erp.probe(&id("7")).await);
        for answer in [
            json_answer(&json!({"success": false, "message": format!("hash {HASH} is unknown")})),
            ResponseTemplate::new(500).set_body_string(HASH),
            ResponseTemplate::new(200).set_body_string(format!("<a href='/rest:client/{HASH}/f'>")),
            ResponseTemplate::new(302).insert_header("location", format!("ftp://x/rest:client/{HASH}/f")),
        ] {
            upstream.answer(answer).await;
            let error = erp.contract_by_id(&id("7")).await.unwrap_err();
            shown.push_str(&[error.to_string(), format!("{error:?} {:?}", erp.probe(&id("7")).await)].join(" "));
        }
        shown
    }
    .with_subscriber(subscriber)
    .await;
    assert!(shown.contains("/rest:client/***/getContractById?id=7"), "{shown}");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "nothing was logged: {log}");
    shown += &log;
    shown += &settings.fingerprint();
    for secret in [HASH, PASSWORD, "client#ada"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn http_is_refused_where_the_operator_did_not_list_the_host() {
    let upstream = Upstream::answering(ResponseTemplate::new(500)).await;
    for host in ["http://127.0.0.1:1", "http://gamma.example.com", "169.254.169.254", "localhost:1"] {
        let mut settings = upstream.settings();
        host.clone_into(&mut settings.powercloud.as_mut().unwrap().host);
        let error = upstream.registry.connect(1, &settings).unwrap().contract_by_id(&id("7")).await.unwrap_err();
        let ErpError::Misconfigured { reason } = &error else { panic!("{host}: {error}") };
        assert!(reason.starts_with("powercloudHost: "), "{reason}");
    }
    assert_eq!(upstream.calls().await, 0);
}

#[tokio::test]
async fn what_is_inferred_can_be_put_elsewhere() {
    let row = json!({"id": 7, "surname": "B", "abschlag": {"betrag": "84.5000"}, "bank": {"iban": "de89 3704 0044 0532 0130 00"},
        "statusCode": "7000", "energy": "gas", "tariff": {"product": "Gas", "workingPrice": "10.0000", "code": "g_1"}});
    let upstream = Upstream::answering(json_answer(&json!({"success": 1, "data": row}))).await;
    let table =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>();
    let mut settings = upstream.settings();
    let powercloud = settings.powercloud.as_mut().unwrap();
    powercloud.fields = Table::new(&[], table(&[("monthlyDeposit", "abschlag.betrag"), ("iban", "bank.iban"), ("productCode", "code")]));
    powercloud.status_codes = Table::new(&[], table(&[("7000", "blocked")]));
    powercloud.prices_are_net = true;
    let contract = upstream.registry.connect(1, &settings).unwrap().contract_by_id(&id("7")).await.unwrap().unwrap();
    assert_eq!(serde_json::to_value(contract.monthly_deposit).unwrap(), json!(84.5));
    assert_eq!((contract.iban.as_deref(), contract.product_code.as_deref()), (Some("DE89370400440532013000"), Some("g_1")));
    assert_eq!(
        (contract.status_code, contract.status_code_title.as_deref(), contract.status.as_deref()),
        (Some(7000), Some("blocked"), Some("blocked"))
    );
    assert_eq!(serde_json::to_value(contract.working_price).unwrap(), json!(11.9));
}
