//! Paths that are no ERP's: counting calls, and making the sandbox misbehave as real systems do.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Refusal, Sandbox, reply};

/// An operation of the ERP protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Operation {
    ContractById,
    CustomerById,
    SearchByFields,
    SearchByText,
}

/// What goes wrong from now on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Faults {
    /// Wait this long before anything else.
    delay_ms: u64,
    /// Answer with this status and a page of HTML; wins over `nonsense`.
    status: Option<u16>,
    /// Answer 200 with something that is not JSON.
    nonsense: bool,
    /// Operations concerned; empty = all.
    operations: Vec<Operation>,
}

/// Counters and faults of a running sandbox.
#[derive(Debug, Default)]
pub(super) struct Switchboard {
    calls: [AtomicU64; 4],
    faults: Mutex<Faults>,
}

impl Switchboard {
    /// Counts a call and plays the fault in force; `Some` is the answer to give instead of the real one.
    pub(super) async fn enter(&self, operation: Operation) -> Option<Response> {
        self.calls[operation as usize].fetch_add(1, Ordering::Relaxed);
        let faults = self.faults();
        if !faults.operations.is_empty() && !faults.operations.contains(&operation) {
            return None;
        }
        if faults.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(faults.delay_ms)).await;
        }
        if let Some(status) = faults.status.and_then(|status| StatusCode::from_u16(status).ok()) {
            let page = format!("<!doctype html><title>{status}</title><h1>{status}</h1><p>A fault of the sandbox.</p>\n");
            return Some((status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response());
        }
        faults.nonsense.then(|| (StatusCode::OK, "Wartungsarbeiten {\"id\": bis 6 Uhr").into_response())
    }

    fn faults(&self) -> Faults {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_faults(&self, faults: Faults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    fn count(&self, operation: Operation) -> u64 {
        self.calls[operation as usize].load(Ordering::Relaxed)
    }
}

/// `/_sandbox/…`.
pub(super) fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/_sandbox/calls", get(show_calls))
        .route("/_sandbox/reset", post(reset))
        .route("/_sandbox/faults", get(show_faults).post(set_faults))
}

async fn show_calls(State(sandbox): State<Arc<Sandbox>>) -> Response {
    let count = |operation| sandbox.switchboard.count(operation);
    let [contract, customer, fields, text] =
        [Operation::ContractById, Operation::CustomerById, Operation::SearchByFields, Operation::SearchByText].map(count);
    reply(
        StatusCode::OK,
        &json!({
            "total": contract + customer + fields + text,
            "byOperation": { "contractById": contract, "customerById": customer, "searchByFields": fields, "searchByText": text },
        }),
    )
}

async fn reset(State(sandbox): State<Arc<Sandbox>>) -> Response {
    for counter in &sandbox.switchboard.calls {
        counter.store(0, Ordering::Relaxed);
    }
    sandbox.switchboard.set_faults(Faults::default());
    reply(StatusCode::OK, &json!({ "success": true }))
}

async fn show_faults(State(sandbox): State<Arc<Sandbox>>) -> Response {
    reply(StatusCode::OK, &sandbox.switchboard.faults())
}

async fn set_faults(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Result<Response, Refusal> {
    let mut reader = serde_json::Deserializer::from_slice(&body);
    let faults: Faults = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Refusal::bad_request(format!("{}: {}", error.path(), error.inner())))?;
    reader.end().map_err(|error| Refusal::bad_request(format!("the body is not JSON: {error}")))?;
    if let Some(status) = faults.status
        && !(100..=599).contains(&status)
    {
        return Err(Refusal::bad_request(format!("status: must lie in 100..=599, not be {status}")));
    }
    sandbox.switchboard.set_faults(faults);
    Ok(reply(StatusCode::OK, &json!({ "success": true })))
}
