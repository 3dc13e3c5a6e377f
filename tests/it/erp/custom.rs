//! The adapter for custom APIs, against a fake upstream on loopback.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use mind::{
    erp::{
        Erp, ErpError, ErpId,
        breaker::BreakerPolicy,
        custom::wire::Executor,
        guard::GuardPolicy,
        registry::{ErpSettings, ErpSystem, Registry},
    },
    outbound::{AllowList, Outbound},
};
use pretty_assertions::assert_eq;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, body_json, header, method, path, query_param},
};

const SECRET: &str = "s3cr3t-of-the-tenant";

/// An upstream and a registry that may call it, with pauses short enough for a test.
struct World {
    upstream: MockServer,
    registry: Registry,
}

impl World {
    async fn new() -> Self {
        let upstream = MockServer::start().await;
        let list = AllowList::default();
        list.add(&upstream.address().ip().to_string(), upstream.address().port()).unwrap();
        let outbound = Outbound::new(list, Duration::from_secs(2)).unwrap();
        let policy = GuardPolicy {
            breaker: BreakerPolicy { failures: 5, first_pause: Duration::from_millis(500), longest_pause: Duration::from_secs(1) },
            shortest_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(5),
            ..GuardPolicy::default()
        };
        Self { upstream, registry: Registry::with_policy(Arc::new(outbound), policy) }
    }

    async fn answering(template: ResponseTemplate) -> Self {
        let world = Self::new().await;
        world.answer(template).await;
        world
    }

    async fn answer(&self, template: ResponseTemplate) {
        self.upstream.reset().await;
        Mock::given(any()).respond_with(template).mount(&self.upstream).await;
    }

    fn executor(&self, path: &str, more: &Value) -> Executor {
        let mut executor = json!({
            "type": "apiCall",
            "url": format!("{}{path}", self.upstream.uri()),
            "headers": {"X-Api-Key": "{{secret.erpKey}}"},
            "timeoutMs": 1000,
        });
        executor.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(executor).unwrap()
    }

    fn settings(&self) -> ErpSettings {
        ErpSettings {
            system: ErpSystem::Custom,
            contract_by_id: Some(self.executor("/contract", &json!({}))),
            customer_by_id: Some(self.executor("/customer", &json!({}))),
            search_by_fields: Some(self.executor("/fields", &json!({}))),
            search_by_text: Some(self.executor("/text", &json!({}))),
            secrets: BTreeMap::from([("erpKey".to_owned(), SecretString::from(SECRET))]),
            ..ErpSettings::default()
        }
    }

    fn erp(&self) -> Arc<dyn Erp> {
        self.registry.connect(1, &self.settings()).unwrap()
    }

    async fn calls(&self) -> usize {
        self.upstream.received_requests().await.unwrap().len()
    }
}

fn id(text: &str) -> ErpId {
    ErpId::parse(text).unwrap()
}

fn example() -> Value {
    serde_json::from_str(include_str!("../examples/customer-746839.json")).unwrap()
}

/// The example contract the way the ERP guide spells it.
fn upstream_contract() -> Value {
    let mut contract = example()["contracts"][0].clone();
    contract.as_object_mut().unwrap().remove("rawData");
    contract["phone"] = json!("+491721041689");
    contract["erpUrls"] = json!([{"url": "https://erp-system.com/contract/123", "icon": "powercloud"}]);
    contract["iban"] = json!("de89 3704 0044 0532 0130 00");
    contract["unpaidDebt"] = json!("109.21");
    contract["signupDate"] = json!("2022-08-22");
    contract["startDate"] = json!("2022-09-01T00:00:00+02:00");
    contract["gridOperatorCode"] = json!("1000000000000");
    contract
}

#[tokio::test]
async fn the_example_contract_arrives_in_the_form_of_the_api() {
    let world = World::answering(ResponseTemplate::new(200).set_body_json(upstream_contract())).await;
    let mut contract = world.erp().contract_by_id(&id("746839")).await.unwrap().unwrap();
    assert_eq!(contract.raw_data.take(), Some(upstream_contract()));
    assert_eq!(serde_json::to_value(contract).unwrap(), example()["contracts"][0]);
}

#[tokio::test]
async fn the_example_customer_arrives_in_the_form_of_the_api() {
    let mut answer = example();
    answer["contractIds"] = json!([746_839]);
    answer["phone"] = json!("+49123456789");
    answer["deliveryAddress"] = answer["address"].take();
    let world = World::answering(ResponseTemplate::new(200).set_body_json(answer)).await;
    let customer = world.erp().customer_by_id(&id("83771")).await.unwrap().unwrap();
    assert_eq!(customer.contract_ids, [ErpId::from(746_839)]);
    let mut expected = example();
    expected["contracts"] = json!([]);
    // The example's number belongs to nobody, so it stays text.
    expected["phone"] = json!("+49123456789");
    expected["contractIds"] = json!([746_839]);
    assert_eq!(serde_json::to_value(customer).unwrap(), expected);
}

#[tokio::test]
async fn each_call_sends_its_input_and_the_secret() {
    let world = World::new().await;
    for (at, input, answer) in [
        ("/contract", json!({"contractId": "VN-1"}), json!({})),
        ("/customer", json!({"customerId": 7}), json!({})),
        ("/fields", json!({"lastname": "Smith", "ticketId": null}), json!({"contractId": "VN-1", "customerId": 7})),
        ("/text", json!({"q": "Smith", "limit": 10, "offset": 5}), json!([{"id": 7}, {"id": "7"}, {"id": 8}])),
    ] {
        Mock::given(method("POST"))
            .and(path(at))
            .and(header("x-api-key", SECRET))
            .and(header("content-type", "application/json"))
            .and(body_json(input))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .expect(1)
            .mount(&world.upstream)
            .await;
    }
    let erp = world.erp();
    assert_eq!(erp.contract_by_id(&id("VN-1")).await, Ok(None));
    assert_eq!(erp.customer_by_id(&ErpId::from(7)).await, Ok(None));
    let fields = Map::from_iter([("lastname".to_owned(), json!("Smith"))]);
    let found = erp.search_by_fields(&fields).await.unwrap().unwrap();
    assert_eq!((found.contract_id, found.customer_id), (id("VN-1"), ErpId::from(7)));
    assert_eq!(erp.search_by_text("Smith", 100, 5).await, Ok(vec![ErpId::from(7), ErpId::from(8)]));
}

#[tokio::test]
async fn a_get_call_asks_in_the_query() {
    let world = World::new().await;
    Mock::given(method("GET"))
        .and(query_param("contractId", "VN 1/ä"))
        .respond_with(ResponseTemplate::new(404))
        .expect(1)
        .mount(&world.upstream)
        .await;
    let contract_by_id = Some(world.executor("/c", &json!({"method": "GET"})));
    let erp = world.registry.connect(1, &ErpSettings { contract_by_id, ..world.settings() }).unwrap();
    assert_eq!(erp.contract_by_id(&id("VN 1/ä")).await, Ok(None));
}

#[tokio::test]
async fn nothing_is_not_an_error() {
    let json = |text: &str| ResponseTemplate::new(200).set_body_raw(text, "application/json");
    let world = World::new().await;
    for nothing in [ResponseTemplate::new(404), ResponseTemplate::new(204), json("{}"), json("null")] {
        world.answer(nothing).await;
        assert_eq!(world.erp().contract_by_id(&id("1")).await, Ok(None));
        assert_eq!(world.erp().customer_by_id(&id("1")).await, Ok(None));
        assert_eq!(world.erp().search_by_fields(&Map::new()).await, Ok(None));
        assert_eq!(world.erp().search_by_text("x", 10, 0).await, Ok(vec![]));
    }
}

#[tokio::test]
async fn nonsense_is_an_error_with_a_path_and_without_data() {
    let world = World::answering(ResponseTemplate::new(200).set_body_string("<html>geheim</html>")).await;
    let error = world.erp().contract_by_id(&id("1")).await.unwrap_err();
    assert_eq!(error, ErpError::BadPayload { reason: "the answer of contractById is not JSON".to_owned() });
    assert_eq!(world.calls().await, 1);

    let mut wrong = upstream_contract();
    wrong["agentPreview"][0]["label"] = json!({"geheim": 1});
    world.answer(ResponseTemplate::new(200).set_body_json(wrong)).await;
    let error = world.erp().contract_by_id(&id("746839")).await.unwrap_err();
    let reason = "contractById: `agentPreview[0].label` has a wrong type or value".to_owned();
    assert_eq!(error, ErpError::BadPayload { reason });

    world.answer(ResponseTemplate::new(200).set_body_json(upstream_contract())).await;
    let error = world.erp().contract_by_id(&id("746840")).await.unwrap_err();
    assert!(matches!(error, ErpError::BadPayload { .. }));
}

#[tokio::test]
async fn an_unavailable_upstream_is_tried_three_times() {
    let world = World::answering(ResponseTemplate::new(503)).await;
    let error = world.erp().contract_by_id(&id("1")).await.unwrap_err();
    assert_eq!(error, ErpError::Unavailable { reason: "it answered with status 503".to_owned() });
    assert_eq!(world.calls().await, 3);
}

#[tokio::test]
async fn a_short_disturbance_is_not_noticed() {
    let world = World::new().await;
    let mock = |template| Mock::given(method("POST")).respond_with(template);
    mock(ResponseTemplate::new(502)).up_to_n_times(2).mount(&world.upstream).await;
    mock(ResponseTemplate::new(200).set_body_json(upstream_contract())).mount(&world.upstream).await;
    assert!(world.erp().contract_by_id(&id("746839")).await.unwrap().is_some());
    assert_eq!(world.calls().await, 3);
}

#[tokio::test]
async fn refusals_are_told_apart_and_not_repeated() {
    let world = World::new().await;
    for (status, expected) in [
        (401, ErpError::Unauthorized),
        (403, ErpError::Unauthorized),
        (400, ErpError::Rejected { status: 400 }),
        (500, ErpError::Unavailable { reason: "it answered with status 500".to_owned() }),
    ] {
        world.answer(ResponseTemplate::new(status)).await;
        assert_eq!(world.erp().contract_by_id(&id("1")).await, Err(expected));
        assert_eq!(world.calls().await, 1);
    }
    world.answer(ResponseTemplate::new(429).insert_header("retry-after", "120")).await;
    let limited = ErpError::RateLimited { retry_after: Some(Duration::from_mins(2)) };
    assert_eq!(world.erp().contract_by_id(&id("1")).await, Err(limited));
    world.answer(ResponseTemplate::new(302).insert_header("location", "/login")).await;
    // What a maintenance page does: trouble of the system, so that a stored copy may stand in.
    assert!(matches!(world.erp().contract_by_id(&id("1")).await, Err(ErpError::Unavailable { .. })));
}

#[tokio::test]
async fn a_slow_upstream_ends_in_a_time_out() {
    let world = World::answering(ResponseTemplate::new(200).set_delay(Duration::from_secs(30))).await;
    let began = Instant::now();
    let error = world.erp().contract_by_id(&id("1")).await.unwrap_err();
    assert!(matches!(error, ErpError::Timeout { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn after_repeated_failures_calls_are_paused_and_resume() {
    let world = World::answering(ResponseTemplate::new(503)).await;
    for _ in 0..2 {
        assert!(matches!(world.erp().contract_by_id(&id("1")).await, Err(ErpError::Unavailable { .. })));
    }
    assert_eq!(world.calls().await, 5);
    // The state belongs to the connection, not to the adapter of one request.
    let Err(ErpError::CircuitOpen { retry_after }) = world.erp().contract_by_id(&id("1")).await else { panic!("calls go on") };
    assert!(retry_after <= Duration::from_millis(500));
    assert_eq!(world.calls().await, 5);
    let other = world.registry.connect(2, &world.settings()).unwrap();
    assert!(matches!(other.contract_by_id(&id("1")).await, Err(ErpError::Unavailable { .. })));

    world.answer(ResponseTemplate::new(404)).await;
    tokio::time::sleep(retry_after + Duration::from_millis(10)).await;
    assert_eq!(world.erp().contract_by_id(&id("1")).await, Ok(None));
}

#[tokio::test]
async fn faults_in_the_settings_name_the_setting() {
    let world = World::answering(ResponseTemplate::new(404)).await;
    let settings = ErpSettings {
        secrets: BTreeMap::new(),
        search_by_text: None,
        customer_by_id: Some(
            serde_json::from_value(json!({"type": "apiCall", "url": "http://169.254.169.254/latest?key=hidden"})).unwrap(),
        ),
        ..world.settings()
    };
    let erp = world.registry.connect(1, &settings).unwrap();
    let reason = "contractById.headers.X-Api-Key: {{secret.erpKey}} has no value in executorSecrets".to_owned();
    assert_eq!(erp.contract_by_id(&id("1")).await, Err(ErpError::Misconfigured { reason }));
    assert_eq!(erp.search_by_text("x", 1, 0).await, Err(ErpError::Unsupported { operation: "searchByText" }));
    assert!(!erp.capabilities().search_by_text && erp.capabilities().contract_by_id);
    let refused = erp.customer_by_id(&id("1")).await.unwrap_err();
    assert!(matches!(refused, ErpError::Misconfigured { .. }));
    assert!(refused.to_string().contains("customerById.url") && !refused.to_string().contains("hidden"));
    assert_eq!(world.calls().await, 0);
}

#[tokio::test]
async fn secrets_show_nowhere() {
    // An upstream that repeats what it was sent must not get it into an error either.
    let world = World::answering(ResponseTemplate::new(200).set_body_json(json!({"id": SECRET}))).await;
    let settings = world.settings();
    let erp = world.registry.connect(1, &settings).unwrap();
    let error = erp.contract_by_id(&id("1")).await.unwrap_err();
    let shown = format!("{settings:?} {:?} {error} {error:?}", world.registry);
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(!settings.fingerprint().contains(SECRET));
}
