//! The adapter for Powercloud against our sandbox, which proves nothing about a live system.

mod upstream;

use std::{net::SocketAddr, sync::Arc, time::Duration};

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

use crate::support::Client;

const HASH: &str = "0123456789abcdef0123456789abcdef";

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
    let now = "2026-01-13T12:00:00Z".parse().unwrap();
    ErpSettings { system: ErpSystem::Powercloud, powercloud: Some(powercloud), now, ..ErpSettings::default() }
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
    // The demo's number belongs to nobody, so it stays the text that each protocol writes.
    for known in Facts::build().customers().iter().skip(1).step_by(23) {
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
