//! LynqTech for the same customers: a token endpoint and the paths of the adapter's template, none of them public.
//!
//! As a live system would, it answers 404 for a missing thing, an empty list for a search without hits, and 401 for a
//! token that it does not know (any more).
#![expect(clippy::disallowed_types, reason = "refusals are in the words of LynqTech, not in those of our API")]

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{Refusal, Sandbox, control::Operation, lynqtech_wire as wire, reply, search::Field, world::World};

/// The one client, and the one user of Basic.
pub const CLIENT: &str = "sandbox";
/// Secret of a sandbox without a key; with one, the key is the secret.
pub const SECRET: &str = "sandbox";

/// How long a token is good: short, so that refreshing it happens while one watches.
const LIFETIME: Duration = Duration::from_mins(5);

/// Rows of a page when the caller names no limit.
const DEFAULT_LIMIT: usize = 50;

/// Parameters of the search for customers, and what each is compared with.
const FIELDS: [(&str, Field); 6] = [
    ("email", Field::Email),
    ("lastName", Field::Lastname),
    ("firstName", Field::Firstname),
    ("company", Field::Company),
    ("zip", Field::PostalCode),
    ("meterNumber", Field::MeterNumber),
];

type Parameters = HashMap<String, String>;

/// Tokens given out and still good.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    good_until: Mutex<HashMap<String, Instant>>,
    issued: AtomicU64,
    refused: AtomicU64,
}

impl Tokens {
    fn issue(&self) -> String {
        let number = self.issued.fetch_add(1, Ordering::Relaxed) + 1;
        let token = format!("sandbox-token-{number}-{:016x}", rand::random::<u64>());
        self.good_until.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), Instant::now() + LIFETIME);
        token
    }

    fn knows(&self, token: &str) -> bool {
        let tokens = self.good_until.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(token).is_some_and(|until| *until > Instant::now())
    }

    fn forget(&self) {
        self.good_until.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The API, the token endpoint, and two controls.
pub(super) fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/oauth2/token", post(token))
        .route("/api/contracts/{id}", get(contract_by_id))
        .route("/api/customers/{id}", get(customer_by_id))
        .route("/api/customers/{id}/contracts", get(contracts_by_customer))
        .route("/api/customers", get(customers))
        .route("/_sandbox/lynqtech", get(show))
        .route("/_sandbox/lynqtech/forgetTokens", post(forget))
}

async fn show(State(sandbox): State<Arc<Sandbox>>) -> Response {
    let tokens = &sandbox.lynqtech;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    reply(StatusCode::OK, &json!({ "tokensIssued": count(&tokens.issued), "refused": count(&tokens.refused) }))
}

/// Every token is unknown from now on: the next call with one is answered with 401.
async fn forget(State(sandbox): State<Arc<Sandbox>>) -> Response {
    sandbox.lynqtech.forget();
    reply(StatusCode::OK, &json!({ "success": true }))
}

/// RFC 6749, 4.4: client credentials.
async fn token(State(sandbox): State<Arc<Sandbox>>, headers: HeaderMap, body: Bytes) -> Response {
    let refuse = |error: &str| reply(StatusCode::BAD_REQUEST, &json!({ "error": error }));
    let form: Parameters = url::form_urlencoded::parse(&body).into_owned().collect();
    let is_form = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if !is_form || form.get("grant_type").map(String::as_str) != Some("client_credentials") {
        return refuse("unsupported_grant_type");
    }
    if !basic(&headers).is_some_and(|pair| is_client(&sandbox, &pair)) {
        return refuse("invalid_client");
    }
    let token = sandbox.lynqtech.issue();
    reply(StatusCode::OK, &json!({ "access_token": token, "expires_in": LIFETIME.as_secs(), "token_type": "Bearer" }))
}

fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}

fn basic(headers: &HeaderMap) -> Option<Vec<u8>> {
    authorization(headers, "Basic ").and_then(|text| STANDARD.decode(text).ok())
}

fn secret(sandbox: &Sandbox) -> &str {
    sandbox.api_key.as_ref().map_or(SECRET, |key| key.expose_secret())
}

fn is_client(sandbox: &Sandbox, pair: &[u8]) -> bool {
    pair.ct_eq(format!("{CLIENT}:{}", secret(sandbox)).as_bytes()).into()
}

/// All four ways are open: a token given out here, the secret as a ready-made token, Basic, and the key in a header.
fn may(sandbox: &Sandbox, headers: &HeaderMap) -> bool {
    if let Some(token) = authorization(headers, "Bearer ") {
        return sandbox.lynqtech.knows(token) || bool::from(token.as_bytes().ct_eq(secret(sandbox).as_bytes()));
    }
    if let Some(pair) = basic(headers) {
        return is_client(sandbox, &pair);
    }
    headers.get("x-api-key").is_some_and(|key| key.as_bytes().ct_eq(secret(sandbox).as_bytes()).into())
}

/// Faults come before the credential, as a real outage does.
async fn run(sandbox: &Sandbox, headers: &HeaderMap, operation: Operation, answer: impl FnOnce(&World) -> Response) -> Response {
    if let Some(fault) = sandbox.switchboard.enter(operation).await {
        return fault;
    }
    if !may(sandbox, headers) {
        sandbox.lynqtech.refused.fetch_add(1, Ordering::Relaxed);
        return Refusal(StatusCode::UNAUTHORIZED, "a token, Basic or x-api-key is needed".to_owned()).into_response();
    }
    answer(&sandbox.world)
}

fn found(thing: Option<Value>) -> Response {
    match thing {
        Some(thing) => reply(StatusCode::OK, &thing),
        None => Refusal(StatusCode::NOT_FOUND, "no such thing".to_owned()).into_response(),
    }
}

async fn contract_by_id(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    run(&sandbox, &headers, Operation::ContractById, |world| found(world.contract(&id).map(wire::contract))).await
}

async fn customer_by_id(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    run(&sandbox, &headers, Operation::CustomerById, |world| found(world.customer(&id).map(wire::customer))).await
}

async fn contracts_by_customer(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    run(&sandbox, &headers, Operation::ContractsByCustomer, |world| {
        let customer = world.customer(&id);
        let own = customer.into_iter().flat_map(|customer| &customer.contract_ids).filter_map(|id| world.contract(&id.to_string()));
        page(&parameters, own.map(wire::contract))
    })
    .await
}

async fn customers(State(sandbox): State<Arc<Sandbox>>, Query(parameters): Query<Parameters>, headers: HeaderMap) -> Response {
    if let Some(text) = parameters.get("q") {
        return run(&sandbox, &headers, Operation::SearchByText, |world| {
            page(&parameters, world.customers_with_words(text).map(wire::customer))
        })
        .await;
    }
    run(&sandbox, &headers, Operation::SearchByFields, |world| {
        let wanted = FIELDS.into_iter().filter_map(|(name, field)| Some((field, parameters.get(name)?.trim().to_owned())));
        let wanted: Vec<_> = wanted.filter(|(_, value)| !value.is_empty()).collect();
        let mut seen = HashSet::new();
        let hits = world.contracts_with(&wanted).map(|(_, customer)| customer).filter(|customer| seen.insert(customer.id.to_string()));
        page(&parameters, hits.map(wire::customer).collect::<Vec<_>>().into_iter())
    })
    .await
}

fn page(parameters: &Parameters, rows: impl Iterator<Item = Value>) -> Response {
    let number = |name: &str| parameters.get(name).and_then(|text| text.parse::<usize>().ok());
    let (limit, offset) = (number("limit").unwrap_or(DEFAULT_LIMIT), number("offset").unwrap_or_default());
    reply(StatusCode::OK, &rows.skip(offset).take(limit).collect::<Vec<_>>())
}
