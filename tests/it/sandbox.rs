//! The stand-alone ERP sandbox over a real socket, and the facts its world promises.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use mind::sandbox::{
    Options,
    model::{Energy, Status},
    serve,
    world::World,
};
use pretty_assertions::assert_eq;
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A sandbox on a free port of this machine; it stops when dropped.
struct Running {
    base: String,
    client: reqwest::Client,
    _stop: DropGuard,
}

impl Running {
    async fn start(options: Options) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, options, stop.clone()));
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { base, client, _stop: stop.drop_guard() }
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        read(self.client.post(format!("{}{path}", self.base)).json(body).send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        read(self.client.get(format!("{}{path}", self.base)).send().await.unwrap()).await
    }

    /// A call that must succeed.
    async fn ask(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = self.post(&format!("/custom/{operation}"), &body).await;
        assert_eq!(status, 200, "{operation} {body}: {answer}");
        answer
    }
}

async fn read(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn open() -> Running {
    Running::start(Options::default()).await
}

#[tokio::test]
async fn the_demo_contract_is_the_documented_one() {
    let sandbox = open().await;
    let expected: Value = serde_json::from_str(
        r#"{
        "id": 746839, "customerId": 123, "orderId": 123, "tenant": null, "signupDate": 1661126400, "status": "active",
        "statusCode": 5000, "statusCodeTitle": "active", "energy": "electricity", "energyTypeId": 1, "energySubTypeId": 1,
        "business": false, "firstname": "John", "lastname": "Doe", "email": "johndoe@example.com", "phone": 491721041689,
        "deliveryAddress": "Hugo-Junkers-Str. 5, 82031 Grünwald", "billingAddress": "Rechnungssstraße 24, 10587 Berlin",
        "iban": "DE89370400440532013000", "monthlyDeposit": 53, "startDate": 1661990400, "endDate": null, "consumption": 3477,
        "counterNumber": "1ESY1160669167", "productId": 1, "productName": "Flex 24", "productCode": "flx_24", "campaignId": 1,
        "salesChannelId": 1, "unpaidDebt": 109.21, "vatRate": 0.09, "basePrice": 0.09, "workingPrice": 0.09,
        "gridOperatorName": "E.ON Bayern AG", "gridOperatorCode": 1000000000000, "registers": [{}],
        "erpUrls": [{ "url": "https://erp-system.com/contract/123", "icon": "powercloud" }],
        "agentPreview": [{ "label": "Tarif", "value": "Flex 24", "tooltip": "AP: 28.5 ct/kWh\nGP: 149.88 €/Jahr",
            "url": "https://erp.example.com/contract/123" }],
        "tabPreview": { "color": "green", "icon": "electricity" }
    }"#,
    )
    .unwrap();
    assert_eq!(sandbox.ask("contractById", json!({ "contractId": 746_839 })).await, expected);
    assert_eq!(sandbox.ask("contractById", json!({ "contractId": "746839" })).await, expected);
}

#[tokio::test]
async fn both_numbers_of_the_demo_customer_lead_to_the_same_record() {
    let sandbox = open().await;
    let expected = json!({
        "id": 83771, "business": false, "lastname": "Mustermann", "company": null, "contractIds": [746_839], "firstname": "Tom",
        "email": "tom@mustermann.de", "deliveryAddress": "Hugo-Junkers-Str. 5", "phone": 49_123_456_789_i64,
        "tags": [{ "id": 2, "color": "green", "name": "VIP" }],
    });
    for id in [json!(83771), json!(123), json!("83771"), json!("123")] {
        assert_eq!(sandbox.ask("customerById", json!({ "customerId": id })).await, expected);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_answered_as_the_protocol_says() {
    let sandbox = open().await;
    assert_eq!(sandbox.post("/custom/contractById", &json!({ "contractId": "VN-99999" })).await, (200, json!({})));
    assert_eq!(sandbox.post("/custom/customerById", &json!({ "customerId": 1 })).await.0, 404);
    assert_eq!(sandbox.post("/custom/everything", &json!({})).await.0, 404);
    assert_eq!(sandbox.get("/custom/contractById").await.0, 405);
    let (status, answer) = sandbox.get("/").await;
    assert_eq!((status, &answer["demo"]["contractId"]), (200, &json!(746_839)));
}

#[tokio::test]
async fn faulty_requests_are_told_what_is_wrong() {
    let sandbox = open().await;
    for (path, body, named) in [
        ("/custom/contractById", json!({}), "contractId"),
        ("/custom/contractById", json!({ "contractId": 1.5 }), "contractId"),
        ("/custom/customerById", json!({ "customerId": " " }), "customerId"),
        ("/custom/searchByFields", json!({ "email": ["a"] }), "email"),
        ("/custom/searchByText", json!({ "limit": 3 }), "q"),
        ("/custom/searchByText", json!({ "q": "a", "limit": -1 }), "limit"),
        ("/custom/searchByText", json!([]), "object"),
    ] {
        let (status, answer) = sandbox.post(path, &body).await;
        assert_eq!(status, 400, "{path} {body}");
        assert!(answer["error"].as_str().unwrap().contains(named), "{path} {body}: {answer}");
    }
}

#[tokio::test]
async fn a_configured_key_is_required() {
    let sandbox = Running::start(Options { api_key: Some(SecretString::from("s3cret")) }).await;
    let ask = |key: Option<&'static str>| {
        let request = sandbox.client.post(format!("{}/custom/contractById", sandbox.base)).json(&json!({ "contractId": 746_839 }));
        let request = if let Some(key) = key { request.header("x-api-key", key) } else { request };
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(ask(None).await, 401);
    assert_eq!(ask(Some("s3cre")).await, 401);
    assert_eq!(ask(Some("s3cret")).await, 200);
}

#[tokio::test]
async fn searches_by_attributes_find_one_contract_or_none() {
    let sandbox = open().await;
    let demo = json!({ "contractId": 746_839, "customerId": 83771 });
    for fields in [
        json!({ "meterNumber": "1esy 1160-669167", "ticketId": 5 }),
        json!({ "email": "TOM@Mustermann.de" }),
        json!({ "contractId": "746839", "firstname": "", "company": null }),
        json!({ "phone": "0172 1041689" }),
        json!({ "lastname": "mustermann", "city": "gruenwald" }),
        json!({ "fullname": "Doe, John" }),
        json!({ "customerId": 123, "postalCode": "82031" }),
        json!({ "address": "hugo-junkers-straße 5, 82031 Grünwald" }),
        json!({ "address": "Hugo Junkers Str 5", "somethingElse": "x" }),
    ] {
        assert_eq!(sandbox.ask("searchByFields", fields.clone()).await, demo, "{fields}");
    }
    for fields in [
        json!({}),
        json!({ "ticketId": 5 }),
        json!({ "email": "tom@mustermann.de", "lastname": "Falsch" }),
        json!({ "lastname": "Müller" }),
    ] {
        assert_eq!(sandbox.ask("searchByFields", fields.clone()).await, json!({}), "{fields}");
    }
}

#[tokio::test]
async fn a_customer_with_several_contracts_is_no_single_hit() {
    let sandbox = open().await;
    let world = World::build();
    let customer = world.customers().iter().find(|customer| customer.contract_ids.len() == 2).unwrap();
    assert_eq!(sandbox.ask("searchByFields", json!({ "customerId": customer.id.to_string() })).await, json!({}));
}

#[tokio::test]
async fn every_word_of_a_text_search_must_occur() {
    let sandbox = open().await;
    let ids = async |body: Value| sandbox.ask("searchByText", body).await.as_array().unwrap().clone();
    for q in ["Tom Mustermann", "hugo junkers straße", "1ESY1160669167", "746839", "johndoe@example.com", "GRUENWALD doe"] {
        assert!(ids(json!({ "q": q, "limit": 100 })).await.contains(&json!({ "id": 83771 })), "{q}");
    }
    assert!(ids(json!({ "q": "Mustermann Gibtsnicht" })).await.is_empty());
    assert!(ids(json!({ "q": " , " })).await.is_empty());

    let all = ids(json!({ "q": "Müller", "limit": 1000 })).await;
    assert!(all.len() > 10, "Müller is a frequent name, found {}", all.len());
    assert_eq!(ids(json!({ "q": "mueller" })).await, all[..10]);
    assert_eq!(ids(json!({ "q": "Müller", "limit": 4, "offset": 3 })).await, all[3..7]);
}

#[tokio::test]
async fn calls_are_counted_and_reset() {
    let sandbox = open().await;
    sandbox.ask("contractById", json!({ "contractId": 746_839 })).await;
    sandbox.ask("contractById", json!({ "contractId": 1 })).await;
    sandbox.ask("searchByText", json!({ "q": "Doe" })).await;
    sandbox.post("/_sandbox/faults", &json!({ "status": 503, "operations": ["customerById"] })).await;
    assert_eq!(sandbox.post("/custom/customerById", &json!({ "customerId": 123 })).await.0, 503);
    let counted = json!({ "total": 4, "byOperation": { "contractById": 2, "customerById": 1, "searchByFields": 0, "searchByText": 1,
        "contractsByCustomer": 0 } });
    assert_eq!(sandbox.get("/_sandbox/calls").await, (200, counted));

    assert_eq!(sandbox.post("/_sandbox/reset", &json!({})).await, (200, json!({ "success": true })));
    assert_eq!(sandbox.get("/_sandbox/calls").await.1["total"], 0);
    assert_eq!(sandbox.post("/custom/customerById", &json!({ "customerId": 123 })).await.0, 200);
}

#[tokio::test]
async fn faults_hit_the_operations_named() {
    let sandbox = open().await;
    let faults = json!({ "delayMs": 150, "status": 502, "nonsense": false, "operations": ["searchByText"] });
    assert_eq!(sandbox.post("/_sandbox/faults", &faults).await, (200, json!({ "success": true })));
    assert_eq!(sandbox.get("/_sandbox/faults").await, (200, faults));
    let began = Instant::now();
    let (status, page) = sandbox.post("/custom/searchByText", &json!({ "q": "Doe" })).await;
    assert!(began.elapsed() >= Duration::from_millis(150));
    assert!(status == 502 && page.as_str().unwrap().starts_with("<!doctype html>"), "{page}");
    assert_eq!(sandbox.post("/custom/contractById", &json!({ "contractId": 746_839 })).await.0, 200);

    sandbox.post("/_sandbox/faults", &json!({ "nonsense": true })).await;
    for operation in ["contractById", "customerById", "searchByFields", "searchByText"] {
        let (status, text) = sandbox.post(&format!("/custom/{operation}"), &json!({})).await;
        assert!(status == 200 && text.is_string(), "{operation}: {status} {text}");
    }
    sandbox.post("/_sandbox/faults", &json!({})).await;
    sandbox.ask("contractById", json!({ "contractId": 746_839 })).await;
}

#[tokio::test]
async fn faults_that_cannot_be_are_refused_and_change_nothing() {
    let sandbox = open().await;
    for (faults, named) in [
        (json!({ "operations": ["contractById", "deleteAll"] }), "deleteAll"),
        (json!({ "delay": 5 }), "delay"),
        (json!({ "status": 600 }), "status"),
        (json!({ "status": 99 }), "status"),
        (json!({ "delayMs": "long" }), "delayMs"),
    ] {
        let (status, answer) = sandbox.post("/_sandbox/faults", &faults).await;
        assert_eq!(status, 400, "{faults}");
        assert!(answer["error"].as_str().unwrap().contains(named), "{faults}: {answer}");
    }
    assert_eq!(sandbox.get("/_sandbox/faults").await.1, json!({ "delayMs": 0, "status": null, "nonsense": false, "operations": [] }));
}

/// The delay of a fault must not keep the process from ending.
#[tokio::test]
async fn a_delayed_answer_does_not_hold_the_end() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, Options::default(), stop.clone()));
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let faults = json!({ "delayMs": 600_000 });
    client.post(format!("{base}/_sandbox/faults")).json(&faults).send().await.unwrap();
    let waiting = tokio::spawn(client.post(format!("{base}/custom/contractById")).json(&json!({ "contractId": 1 })).send());
    while client.get(format!("{base}/_sandbox/calls")).send().await.unwrap().json::<Value>().await.unwrap()["total"] == 0 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), server).await.unwrap().unwrap().unwrap();
    waiting.abort();
}

#[tokio::test]
async fn every_record_reads_over_the_wire_as_the_protocol_demands() {
    let sandbox = open().await;
    for customer in World::build().customers().iter().step_by(7) {
        let read = sandbox.ask("customerById", json!({ "customerId": customer.id.to_string() })).await;
        let business = read["business"].as_bool().unwrap();
        assert_eq!(read["company"].is_null(), !business, "{read}");
        assert!(business || read["lastname"].is_string(), "{read}");
        for id in read["contractIds"].as_array().unwrap() {
            let contract = sandbox.ask("contractById", json!({ "contractId": id })).await;
            assert_eq!(&contract["id"], id);
            assert_eq!(contract["business"], business);
            assert!(customer.alias.is_some() || contract["customerId"] == read["id"], "{contract}");
            assert_eq!(contract["startDate"].as_i64().unwrap() % 86_400, 0);
        }
    }
}

#[test]
fn the_world_holds_together() {
    let world = World::build();
    assert_eq!(world.customers().len(), 301);
    assert!((390..=430).contains(&world.contracts().len()), "{} contracts", world.contracts().len());
    let mut ids = HashSet::new();
    for customer in world.customers() {
        for id in std::iter::once(&customer.id).chain(&customer.alias) {
            assert!(ids.insert(id.to_string()), "customer id {id} twice");
        }
        assert!(!customer.contract_ids.is_empty());
        for id in &customer.contract_ids {
            let contract = world.contract(&id.to_string()).unwrap();
            assert_eq!(world.customer(&contract.customer_id.to_string()).unwrap().id, customer.id);
        }
    }
    for contract in world.contracts() {
        assert!(ids.insert(contract.id.to_string()), "id {} twice", contract.id);
        let customer = world.customer(&contract.customer_id.to_string()).unwrap();
        assert!(customer.contract_ids.contains(&contract.id));
    }
    assert_eq!(format!("{:?}", world.contracts()), format!("{:?}", World::build().contracts()), "the same at every start");
}

#[test]
fn the_world_has_what_demonstrations_need() {
    let world = World::build();
    let contracts =
        |wanted: fn(&mind::sandbox::model::Contract) -> bool| world.contracts().iter().filter(|contract| wanted(contract)).count();
    assert!(contracts(|contract| contract.energy == Energy::Gas) > 40);
    assert!(contracts(|contract| contract.status == Status::Ended) > 20);
    assert!(contracts(|contract| contract.status == Status::Terminating) > 5);
    assert!(contracts(|contract| contract.status == Status::Pending) > 5);
    assert!(contracts(|contract| contract.unpaid_debt > Decimal::ZERO) > 20);
    assert!(world.customers().iter().filter(|customer| customer.business).count() > 20);
    assert_eq!(world.customers().iter().filter(|customer| customer.email.is_none()).count(), 1);
    assert!(world.customers().iter().any(|customer| customer.business && customer.lastname.is_none()));
}

#[test]
fn numbers_of_the_world_pass_their_checks() {
    let mut meters: HashMap<String, String> = HashMap::new();
    for contract in World::build().contracts() {
        if let Some(iban) = &contract.iban {
            assert!(is_iban(iban), "{iban}");
        }
        if let Some(location) = &contract.market_location {
            assert!(is_market_location(location), "{location}");
            // The same meter may serve two contracts only where one follows the other.
            let place = meters.entry(contract.meter_number.clone()).or_insert_with(|| location.clone());
            assert_eq!(place, location);
        }
        let maker = &contract.meter_number[..4];
        assert_eq!(contract.meter_number.len(), 14);
        assert_eq!(contract.energy == Energy::Gas, maker == "7GMT", "{maker}");
        assert!(["1ESY", "1EMH", "7GMT"].contains(&maker));
        if contract.market_location.is_some() {
            let yearly = Decimal::from(contract.consumption) * contract.working_price / Decimal::ONE_HUNDRED + contract.base_price;
            let fair = yearly / Decimal::from(12);
            assert!((contract.monthly_deposit - fair).abs() < fair / Decimal::TWO, "{} for {fair}", contract.monthly_deposit);
        }
        assert!(contract.signup < contract.start && contract.end.is_none_or(|end| end > contract.start));
    }
}

/// A number outside the ranges reserved for fiction would ring at a stranger's.
#[test]
fn nobody_real_can_be_reached() {
    let reserved = ["+493023125", "+494066969", "+498999998", "+492214710", "+496990009", "+4917139200", "+49176040690"];
    let mut phones = HashSet::new();
    for customer in World::build().customers().iter().filter(|customer| customer.alias.is_none()) {
        if let Some(phone) = &customer.phone {
            assert!(reserved.iter().any(|block| phone.starts_with(block)), "{phone}");
            assert!(phones.insert(phone.clone()), "{phone} twice");
        }
        if let Some(email) = &customer.email {
            let top = email.rsplit_once('@').unwrap().1;
            assert!(
                ["example.com", "example.org", "example.net"].contains(&top)
                    || top.ends_with(".example.com")
                    || top.ends_with(".invalid")
                    || top == "invalid",
                "{email}"
            );
            assert!(email.is_ascii() && email == &email.to_lowercase(), "{email}");
        }
    }
}

/// ISO 13616, digit by digit rather than by the generator's arithmetic.
fn is_iban(iban: &str) -> bool {
    let moved = format!("{}{}", &iban[4..], &iban[..4]);
    let remainder = moved.chars().fold(0, |rest, c| {
        let value = c.to_digit(36).unwrap();
        if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 }
    });
    iban.len() == 22 && remainder == 1
}

fn is_market_location(id: &str) -> bool {
    let digits: Vec<u32> = id.chars().map(|c| c.to_digit(10).unwrap()).collect();
    let odd: u32 = digits[..10].iter().step_by(2).sum();
    let even: u32 = digits[..10].iter().skip(1).step_by(2).sum();
    digits.len() == 11 && digits[0] != 0 && (odd + 2 * even + digits[10]).is_multiple_of(10)
}
