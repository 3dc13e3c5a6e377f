//! The adapter for Powercloud, against our sandbox and, for what the sandbox does not do, a fake upstream. None of this
//! proves that a live system agrees.

use std::{
    collections::BTreeMap,
    io::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use mind::{
    erp::{
        Contract, Erp, ErpError, ErpId,
        breaker::BreakerPolicy,
        guard::GuardPolicy,
        powercloud::settings::{FUNCTIONS, Key, PowercloudSettings, Table},
        registry::{ErpSettings, ErpSystem, Registry},
    },
    outbound::{AllowList, Outbound},
    sandbox::{self, model::Status, powercloud as fake, world::World as Facts},
};
use pretty_assertions::assert_eq;
use serde_json::{Map, Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::instrument::WithSubscriber as _;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, method, query_param},
};

use crate::support::Client;

const HASH: &str = "0123456789abcdef0123456789abcdef";
const PASSWORD: &str = "s3cr3t-of-the-tenant";

fn id(text: &str) -> ErpId {
    ErpId::parse(text).unwrap()
}

fn registry(address: SocketAddr) -> Registry {
    let list = AllowList::default();
    list.add(&address.ip().to_string(), address.port()).unwrap();
    let outbound = Outbound::new(list, Duration::from_secs(2)).unwrap();
    let policy = GuardPolicy {
        breaker: BreakerPolicy { failures: 50, first_pause: Duration::from_millis(500), longest_pause: Duration::from_secs(1) },
        shortest_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(5),
        ..GuardPolicy::default()
    };
    Registry::with_policy(Arc::new(outbound), policy)
}

fn connection(address: SocketAddr, hash: &str, user: &str, password: &str) -> PowercloudSettings {
    let key = Key::parse(&format!("{hash}:{user}:{password}")).unwrap();
    PowercloudSettings { timeout: Duration::from_secs(2), ..PowercloudSettings::new(format!("http://{address}"), key) }
}

fn functions(own: &[(&str, &str)]) -> Table {
    Table::new(FUNCTIONS, own.iter().map(|(name, function)| ((*name).to_owned(), (*function).to_owned())).collect())
}

fn settings(powercloud: PowercloudSettings) -> ErpSettings {
    let today = "2026-01-13".parse().unwrap();
    ErpSettings { system: ErpSystem::Powercloud, powercloud: Some(powercloud), today, ..ErpSettings::default() }
}

/// The sandbox on a free port, and connections to it.
struct Sandbox {
    address: SocketAddr,
    registry: Registry,
    _stop: DropGuard,
}

impl Sandbox {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(sandbox::serve(listener, sandbox::Options::default(), stop.clone()));
        Self { address, registry: registry(address), _stop: stop.drop_guard() }
    }

    fn connection(&self) -> PowercloudSettings {
        PowercloudSettings {
            url_template: Some("https://erp.example.com/contract/{contractId}".to_owned()),
            ..connection(self.address, fake::HASH, fake::USER, fake::PASSWORD)
        }
    }

    fn connect(&self, powercloud: PowercloudSettings) -> Arc<dyn Erp> {
        self.registry.connect(1, &settings(powercloud)).unwrap()
    }

    fn erp(&self) -> Arc<dyn Erp> {
        self.connect(self.connection())
    }

    /// Every function that the sandbox has.
    fn erp_with_all(&self) -> Arc<dyn Erp> {
        let functions = functions(&[
            ("contractsByCustomer", "getContractsByCustomer"),
            ("searchByFields", "searchContracts"),
            ("searchByText", "searchCustomers"),
        ]);
        self.connect(PowercloudSettings { functions, ..self.connection() })
    }

    /// The same customers over the custom protocol.
    fn custom(&self) -> Arc<dyn Erp> {
        let call = |operation: &str| {
            let url = format!("http://{}/custom/{operation}", self.address);
            serde_json::from_value(json!({"type": "apiCall", "url": url})).unwrap()
        };
        let settings = ErpSettings {
            system: ErpSystem::Custom,
            contract_by_id: Some(call("contractById")),
            customer_by_id: Some(call("customerById")),
            search_by_fields: Some(call("searchByFields")),
            search_by_text: Some(call("searchByText")),
            ..ErpSettings::default()
        };
        self.registry.connect(2, &settings).unwrap()
    }

    async fn calls(&self, operation: &str) -> u64 {
        Client::new(self.address).get("/_sandbox/calls").await.body["byOperation"][operation].as_u64().unwrap()
    }

    async fn faults(&self, faults: Value) {
        assert_eq!(Client::new(self.address).post("/_sandbox/faults", &faults).await.status, 200);
    }
}

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

/// What the two protocols say differently of the same contract, and rightly: who builds the preview, the words of the ERP
/// behind the normalised state, what a register is called, and the upstream's own answer.
fn comparable(contract: Contract) -> Value {
    let mut value = serde_json::to_value(contract).unwrap();
    let fields = value.as_object_mut().unwrap();
    for key in ["agentPreview", "rawData"] {
        fields.remove(key).unwrap();
    }
    if fields["status"] != "active" {
        fields.remove("statusCodeTitle");
    }
    for register in fields["registers"].as_array_mut().unwrap() {
        let register = register.as_object_mut().unwrap();
        for key in ["registerId", "direction"] {
            register.remove(key);
        }
        if let Some(reading) = register.get_mut("lastReading").and_then(Value::as_object_mut) {
            for key in ["qualifier", "origin"] {
                reading.remove(key);
            }
        }
    }
    value
}

#[tokio::test]
async fn both_protocols_give_the_same_contracts() {
    let sandbox = Sandbox::start().await;
    let (powercloud, custom) = (sandbox.erp(), sandbox.custom());
    let facts = Facts::build();
    let mut states = Vec::new();
    // The first is the demo, whose documented record has none of the further keys and no VAT of this world.
    for known in facts.contracts().iter().skip(1).step_by(5) {
        let asked = id(&known.id.to_string());
        let native = powercloud.contract_by_id(&asked).await.unwrap().unwrap();
        let own = custom.contract_by_id(&asked).await.unwrap().unwrap();
        assert_eq!(native.extra.get("warnings"), None, "{asked}");
        assert_eq!(comparable(native), comparable(own), "{asked}");
        if !states.contains(&known.status) {
            states.push(known.status);
        }
    }
    assert!(states.contains(&Status::Terminating) && states.contains(&Status::Ended) && states.contains(&Status::Pending), "{states:?}");
}

#[tokio::test]
async fn the_demo_contract_differs_where_its_documented_record_is_no_real_one() {
    let sandbox = Sandbox::start().await;
    let native = comparable(sandbox.erp().contract_by_id(&id("746839")).await.unwrap().unwrap());
    let own = comparable(sandbox.custom().contract_by_id(&id("746839")).await.unwrap().unwrap());
    let differing: Vec<&String> = native.as_object().unwrap().keys().filter(|key| native[*key] != own[*key]).collect();
    assert_eq!(differing, ["vatRate", "registers", "erpUrls", "zip"]);
    assert_eq!((&native["vatRate"], &native["zip"]), (&json!(0.19), &json!("82031")));
}

#[tokio::test]
async fn a_customer_is_the_version_in_force() {
    let sandbox = Sandbox::start().await;
    let erp = sandbox.erp_with_all();
    let customer = erp.customer_by_id(&id("123")).await.unwrap().unwrap();
    assert_eq!((customer.id, customer.lastname.as_deref()), (ErpId::from(83771), Some("Mustermann")));
    assert_eq!((customer.contract_ids, customer.address.as_deref()), (vec![ErpId::from(746_839)], Some("Hugo-Junkers-Str. 5")));
    assert_eq!(customer.additional_data, Map::from_iter([("insolvencyStatus".to_owned(), json!("solvent"))]));
    for known in Facts::build().customers().iter().step_by(23) {
        let customer = erp.customer_by_id(&id(&known.id.to_string())).await.unwrap().unwrap();
        let own = sandbox.custom().customer_by_id(&id(&known.id.to_string())).await.unwrap().unwrap();
        assert_eq!((&customer.contract_ids, &customer.company, &customer.email), (&own.contract_ids, &own.company, &own.email));
        assert_eq!((&customer.address, &customer.phone, &customer.firstname), (&own.address, &own.phone, &own.firstname));
    }
}

/// "This customer has no contracts" would be a lie.
#[tokio::test]
async fn a_connection_that_cannot_list_contracts_says_so() {
    let sandbox = Sandbox::start().await;
    let customer = sandbox.erp().customer_by_id(&id("83771")).await.unwrap().unwrap();
    assert_eq!((customer.contract_ids, &customer.additional_data["contractsIncomplete"]), (vec![], &json!(true)));
    assert_eq!(sandbox.calls("contractsByCustomer").await, 0);
}

#[tokio::test]
async fn what_is_not_there_is_none_and_no_error() {
    let sandbox = Sandbox::start().await;
    let erp = sandbox.erp_with_all();
    assert_eq!(erp.contract_by_id(&id("1")).await, Ok(None));
    assert_eq!(erp.customer_by_id(&id("1")).await, Ok(None));
    assert_eq!(erp.search_by_text("Gibtsnicht", 10, 0).await, Ok(vec![]));
    assert_eq!((sandbox.calls("contractById").await, sandbox.calls("customerById").await), (1, 1));
}

#[tokio::test]
async fn searches_use_the_functions_that_the_tenant_names() {
    let sandbox = Sandbox::start().await;
    let erp = sandbox.erp_with_all();
    let fields = Map::from_iter([("meterNumber".to_owned(), json!("1ESY1160669167")), ("ticketId".to_owned(), Value::Null)]);
    let found = erp.search_by_fields(&fields).await.unwrap().unwrap();
    assert_eq!((found.contract_id, found.customer_id), (ErpId::from(746_839), ErpId::from(123)));
    // A version of a record has an id of its own, which is not the customer's.
    assert_eq!(erp.search_by_text("Mustermann Tom", 10, 0).await, Ok(vec![ErpId::from(83771)]));
    assert!(erp.capabilities().search_by_text && erp.capabilities().search_by_fields);
    let several = erp.search_by_text("Müller", 100, 0).await.unwrap();
    assert_eq!(several.len(), 10);
    assert_eq!(erp.search_by_text("Müller", 3, 2).await.unwrap(), several[2..5]);
}

#[tokio::test]
async fn a_number_is_looked_up_where_there_is_no_search() {
    let sandbox = Sandbox::start().await;
    let erp = sandbox.erp();
    assert_eq!(erp.search_by_text("746839", 10, 0).await, Ok(vec![ErpId::from(123)]));
    assert_eq!(erp.search_by_text("83771", 10, 0).await, Ok(vec![ErpId::from(83771)]));
    let unsupported = |operation| Err(ErpError::Unsupported { operation });
    assert_eq!(erp.search_by_text("Mustermann", 10, 0).await, unsupported("searchByText"));
    assert_eq!(erp.search_by_text("1", 10, 0).await, unsupported("searchByText"));
    let search = async |fields: Value| erp.search_by_fields(fields.as_object().unwrap()).await.map(|hit| hit.map(|hit| hit.contract_id));
    let demo = Ok(Some(ErpId::from(746_839)));
    assert_eq!(search(json!({"contractId": "746839"})).await, demo);
    assert_eq!(search(json!({"contractId": "746839", "lastname": "doe", "postalCode": "82031", "birthday": "1980-01-01"})).await, demo);
    // The name of the customer rather than of the contract's partner.
    assert_eq!(search(json!({"contractId": "746839", "lastname": "Mustermann"})).await, demo);
    assert_eq!(search(json!({"contractId": "746839", "lastname": "Smith"})).await, Ok(None));
    assert_eq!(search(json!({"contractId": "1"})).await, Ok(None));
    assert_eq!(search(json!({"lastname": "Doe"})).await.unwrap_err(), ErpError::Unsupported { operation: "searchByFields" });
}

#[tokio::test]
async fn a_wrong_path_and_wrong_credentials_are_told_apart_from_not_found() {
    let sandbox = Sandbox::start().await;
    let wrong = |change: &dyn Fn(&mut PowercloudSettings)| {
        let mut connection = sandbox.connection();
        change(&mut connection);
        sandbox.connect(connection)
    };
    let rejected = Err(ErpError::Rejected { status: 404 });
    let erp = wrong(&|settings| settings.functions = functions(&[("contractById", "getContractByld")]));
    assert_eq!(erp.contract_by_id(&id("746839")).await, rejected);
    let erp = wrong(&|settings| settings.hash = HASH.into());
    assert_eq!(erp.contract_by_id(&id("746839")).await, rejected);
    let erp = wrong(&|settings| settings.context = "customer".to_owned());
    assert_eq!(erp.contract_by_id(&id("746839")).await, rejected);
    let erp = wrong(&|settings| settings.password = "wrong".into());
    assert_eq!(erp.contract_by_id(&id("746839")).await, Err(ErpError::Unauthorized));
    let erp = wrong(&|settings| settings.functions = functions(&[("contractById", "")]));
    assert_eq!(erp.contract_by_id(&id("746839")).await, Err(ErpError::Unsupported { operation: "contractById" }));
    assert!(!erp.capabilities().contract_by_id);
}

#[tokio::test]
async fn faults_of_the_sandbox_are_errors() {
    let sandbox = Sandbox::start().await;
    let erp = sandbox.erp();
    sandbox.faults(json!({"nonsense": true})).await;
    let reason = "the answer of getContractById is not JSON".to_owned();
    assert_eq!(erp.contract_by_id(&id("746839")).await, Err(ErpError::BadPayload { reason }));
    sandbox.faults(json!({"status": 503})).await;
    let reason = "it answered with status 503".to_owned();
    assert_eq!(erp.contract_by_id(&id("746839")).await, Err(ErpError::Unavailable { reason }));
    assert_eq!(sandbox.calls("contractById").await, 4);
    sandbox.faults(json!({"delayMs": 60_000})).await;
    let slow = sandbox.connect(PowercloudSettings { timeout: Duration::from_millis(100), ..sandbox.connection() });
    assert!(matches!(slow.contract_by_id(&id("746839")).await, Err(ErpError::Timeout { .. })));
    sandbox.faults(json!({})).await;
    assert!(erp.contract_by_id(&id("746839")).await.unwrap().is_some());
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

#[tokio::test]
async fn columns_that_are_secret_never_come_in() {
    let sandbox = Sandbox::start().await;
    let contract = sandbox.erp().contract_by_id(&id("746839")).await.unwrap().unwrap();
    let shown = serde_json::to_string(&contract).unwrap().to_lowercase();
    assert!(shown.contains("\"tariffs\"") && shown.contains("\"rawdata\""), "{shown}");
    for secret in ["authhash", "authorizationtoken", "passwordresethash", "never-to-be-shown"] {
        assert!(!shown.contains(secret), "{secret}");
    }
    let customer = sandbox.erp().customer_by_id(&id("83771")).await.unwrap().unwrap();
    assert!(!serde_json::to_string(&customer).unwrap().contains("never-to-be-shown"));
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
            shown += &format!(" {error} {error:?} {:?}", erp.probe(&id("7")).await);
        }
        shown
    }
    .with_subscriber(subscriber)
    .await;
    assert!(shown.contains("/rest:client/***/getContractById?id=7"), "{shown}");
    shown += &String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
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
    assert_eq!(serde_json::to_value(&contract.monthly_deposit).unwrap(), json!(84.5));
    assert_eq!((contract.iban.as_deref(), contract.product_code.as_deref()), (Some("DE89370400440532013000"), Some("g_1")));
    assert_eq!(
        (contract.status_code, contract.status_code_title.as_deref(), contract.status.as_deref()),
        (Some(7000), Some("blocked"), Some("blocked"))
    );
    assert_eq!(serde_json::to_value(contract.working_price).unwrap(), json!(11.9));
}
