//! The custom ERP's four calls: contract by id, customer by id, search by attributes, search by free text.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use super::{Refusal, Sandbox, control::Operation, object, reply, search::Field, wire, world::World};

/// Attribute names of the search, and what each is compared with. The first eleven are the protocol's defaults, the
/// rest are names that a tenant may configure; any other name is ignored, as an ERP ignores what it does not keep.
const FIELDS: [(&str, Field); 17] = [
    ("contractId", Field::ContractId),
    ("customerId", Field::CustomerId),
    ("firstname", Field::Firstname),
    ("lastname", Field::Lastname),
    ("phone", Field::Phone),
    ("company", Field::Company),
    ("email", Field::Email),
    ("meterNumber", Field::MeterNumber),
    ("address", Field::Address),
    ("postalCode", Field::PostalCode),
    ("city", Field::City),
    ("zip", Field::PostalCode),
    ("fullname", Field::Fullname),
    ("birthday", Field::Birthday),
    ("iban", Field::Iban),
    ("counterNumber", Field::MeterNumber),
    ("marketLocation", Field::MarketLocation),
];

/// Customers of one page of the free-text search when the caller names no limit.
const DEFAULT_LIMIT: usize = 10;

type Input = Map<String, Value>;
type Answer = fn(&World, &Input) -> Result<Response, Refusal>;

/// `POST /custom/<operation>`.
pub(super) fn routes() -> Router<Arc<Sandbox>> {
    let call = |operation: Operation, answer: Answer| {
        post(move |State(sandbox): State<Arc<Sandbox>>, headers: HeaderMap, body: Bytes| async move {
            run(&sandbox, operation, answer, &headers, &body).await
        })
    };
    Router::new()
        .route("/custom/contractById", call(Operation::ContractById, contract_by_id))
        .route("/custom/customerById", call(Operation::CustomerById, customer_by_id))
        .route("/custom/searchByFields", call(Operation::SearchByFields, search_by_fields))
        .route("/custom/searchByText", call(Operation::SearchByText, search_by_text))
}

/// Faults come before the key, as a real outage does.
async fn run(sandbox: &Sandbox, operation: Operation, answer: Answer, headers: &HeaderMap, body: &Bytes) -> Response {
    if let Some(fault) = sandbox.switchboard.enter(operation).await {
        return fault;
    }
    check_key(sandbox, headers).and_then(|()| answer(&sandbox.world, &object(body)?)).unwrap_or_else(IntoResponse::into_response)
}

fn check_key(sandbox: &Sandbox, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(key) = &sandbox.api_key else { return Ok(()) };
    let sent = headers.get("x-api-key").map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
    if bool::from(sent.ct_eq(key.expose_secret().as_bytes())) {
        Ok(())
    } else {
        Err(Refusal(StatusCode::UNAUTHORIZED, "header x-api-key is missing or wrong".to_owned()))
    }
}

fn contract_by_id(world: &World, input: &Input) -> Result<Response, Refusal> {
    let id = id(input, "contractId")?;
    Ok(match world.contract(&id) {
        Some(contract) => reply(StatusCode::OK, &wire::contract(contract)),
        None => reply(StatusCode::OK, &json!({})),
    })
}

fn customer_by_id(world: &World, input: &Input) -> Result<Response, Refusal> {
    let id = id(input, "customerId")?;
    match world.customer(&id) {
        Some(customer) => Ok(reply(StatusCode::OK, &wire::customer(customer))),
        None => Err(Refusal(StatusCode::NOT_FOUND, "no customer has this customerId".to_owned())),
    }
}

/// The customer is named by its own id, also where the contract uses the alias.
fn search_by_fields(world: &World, input: &Input) -> Result<Response, Refusal> {
    let mut wanted = Vec::new();
    for (name, field) in FIELDS {
        match input.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.trim().is_empty() => {}
            Some(Value::String(text)) => wanted.push((field, text.trim().to_owned())),
            Some(Value::Number(number)) => wanted.push((field, number.to_string())),
            Some(_) => return Err(Refusal::bad_request(format!("{name} must be a text or a number"))),
        }
    }
    Ok(match world.only_contract(&wanted) {
        Some((contract, customer)) => {
            reply(StatusCode::OK, &json!({ "contractId": wire::id(&contract.id), "customerId": wire::id(&customer.id) }))
        }
        None => reply(StatusCode::OK, &json!({})),
    })
}

fn search_by_text(world: &World, input: &Input) -> Result<Response, Refusal> {
    let Some(Value::String(text)) = input.get("q") else {
        return Err(Refusal::bad_request("q must be a text"));
    };
    let limit = count(input, "limit")?.unwrap_or(DEFAULT_LIMIT);
    let offset = count(input, "offset")?.unwrap_or(0);
    let hits: Vec<Value> =
        world.customers_with_words(text).skip(offset).take(limit).map(|customer| json!({ "id": wire::id(&customer.id) })).collect();
    Ok(reply(StatusCode::OK, &hits))
}

/// Ids come as number or text; either finds the same record.
fn id(input: &Input, name: &str) -> Result<String, Refusal> {
    match input.get(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.clone()),
        Some(Value::Number(number)) if !number.is_f64() => Ok(number.to_string()),
        _ => Err(Refusal::bad_request(format!("{name} must be an integer or a text that is not empty"))),
    }
}

fn count(input: &Input, name: &str) -> Result<Option<usize>, Refusal> {
    match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().and_then(|number| usize::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(Refusal::bad_request(format!("{name} must be a whole number from 0"))),
        },
    }
}
