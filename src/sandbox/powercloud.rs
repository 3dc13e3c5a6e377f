//! Powercloud's REST interface for the same customers: `GET /rest:client/{hash}/{function}`.
//!
//! Names of functions that are not public are the sandbox's own invention; a tenant that wants them says so in its
//! settings. Records are as odd as real ones, see [`powercloud_wire`](super::powercloud_wire).

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{Refusal, Sandbox, control::Operation, powercloud_wire as wire, reply, search::Field, world::World};

/// The one client there is.
pub const HASH: &str = "5a4db0c5a4db0c5a4db0c5a4db0c5a4d";
/// The one user.
pub const USER: &str = "sandbox";
/// Password of a sandbox without a key; with one, the key is the password.
pub const PASSWORD: &str = "sandbox";

/// Rows of a page when the caller names no limit.
const DEFAULT_LIMIT: usize = 100;

/// Parameters of the search for contracts, and what each is compared with.
const FIELDS: [(&str, Field); 11] = [
    ("id", Field::ContractId),
    ("customerId", Field::CustomerId),
    ("firstname", Field::Firstname),
    ("surname", Field::Lastname),
    ("dateOfBirth", Field::Birthday),
    ("company", Field::Company),
    ("email", Field::Email),
    ("phone", Field::Phone),
    ("counterNumber", Field::MeterNumber),
    ("zip", Field::PostalCode),
    ("city", Field::City),
];

type Parameters = HashMap<String, String>;

/// Everything below `/rest:client`.
pub(super) fn routes() -> Router<Arc<Sandbox>> {
    Router::new().route("/rest:client/{hash}/{function}", get(call))
}

/// The path decides before the credentials, and faults before both, as a real outage does.
async fn call(State(sandbox): State<Arc<Sandbox>>, uri: Uri, headers: HeaderMap) -> Response {
    let unknown = || Refusal(StatusCode::NOT_FOUND, "no such path".to_owned()).into_response();
    let Some((HASH, function)) = uri.path().trim_start_matches("/rest:client/").split_once('/') else { return unknown() };
    let (operation, answer): (Operation, fn(&World, &Parameters) -> Response) = match function {
        "getContractById" => (Operation::ContractById, contract_by_id),
        "getCustomerById" => (Operation::CustomerById, customer_by_id),
        "getContractsByCustomer" => (Operation::ContractsByCustomer, contracts_by_customer),
        "searchContracts" => (Operation::SearchByFields, search_contracts),
        "searchCustomers" => (Operation::SearchByText, search_customers),
        _ => return unknown(),
    };
    if let Some(fault) = sandbox.switchboard.enter(operation).await {
        return fault;
    }
    if !knows(&sandbox, &headers) {
        return Refusal(StatusCode::UNAUTHORIZED, "Basic authentication as client#<user> is needed".to_owned()).into_response();
    }
    let query = uri.query().unwrap_or_default();
    answer(&sandbox.world, &url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

fn knows(sandbox: &Sandbox, headers: &HeaderMap) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let Some(pair) = sent.and_then(|text| STANDARD.decode(text).ok()) else { return false };
    let password = sandbox.api_key.as_ref().map_or(PASSWORD, |key| key.expose_secret());
    bool::from(pair.ct_eq(format!("client#{USER}:{password}").as_bytes()))
}

fn found(data: &Value) -> Response {
    reply(StatusCode::OK, &json!({ "success": true, "data": data }))
}

/// How the interface says no: with status 200.
fn none(message: &str) -> Response {
    reply(StatusCode::OK, &json!({ "success": false, "message": message }))
}

fn contract_by_id(world: &World, parameters: &Parameters) -> Response {
    let Some(id) = parameters.get("id") else { return none("parameter id is missing") };
    let Some(contract) = world.contract(id) else { return none("contract not found") };
    found(&json!({ "data": wire::contract(contract) }))
}

fn customer_by_id(world: &World, parameters: &Parameters) -> Response {
    let Some(id) = parameters.get("id") else { return none("parameter id is missing") };
    let Some(customer) = world.customer(id) else { return none("customer not found") };
    found(&wire::customer(customer))
}

fn contracts_by_customer(world: &World, parameters: &Parameters) -> Response {
    let Some(customer) = parameters.get("customerId").and_then(|id| world.customer(id)) else { return none("customer not found") };
    let contracts = customer.contract_ids.iter().filter_map(|id| world.contract(&id.to_string()));
    found(&page(parameters, contracts.map(wire::contract)))
}

fn search_contracts(world: &World, parameters: &Parameters) -> Response {
    let wanted = FIELDS.into_iter().filter_map(|(name, field)| Some((field, parameters.get(name)?.trim().to_owned())));
    let wanted: Vec<_> = wanted.filter(|(_, value)| !value.is_empty()).collect();
    found(&page(parameters, world.only_contract(&wanted).into_iter().map(|(contract, _)| wire::contract(contract))))
}

fn search_customers(world: &World, parameters: &Parameters) -> Response {
    let text = parameters.get("search").map(String::as_str).unwrap_or_default();
    // Each hit is the current version of a record, which has an id of its own.
    let hits = world.customers_with_words(text).enumerate();
    found(&page(parameters, hits.map(|(at, customer)| json!({ "id": 9_000_000 + at, "customerId": wire::id(&customer.id) }))))
}

fn page(parameters: &Parameters, rows: impl Iterator<Item = Value>) -> Value {
    let number = |name: &str| parameters.get(name).and_then(|text| text.parse::<usize>().ok());
    let (limit, offset) = (number("limit").unwrap_or(DEFAULT_LIMIT), number("offset").unwrap_or_default());
    rows.skip(offset).take(limit).collect()
}
