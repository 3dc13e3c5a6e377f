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
    ContractsByCustomer,
}

impl Operation {
    const ALL: [Self; 5] = [Self::ContractById, Self::CustomerById, Self::SearchByFields, Self::SearchByText, Self::ContractsByCustomer];
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
    calls: [AtomicU64; Operation::ALL.len()],
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
    let by_operation: Vec<_> = Operation::ALL.into_iter().map(|operation| (operation, count(operation))).collect();
    let total: u64 = by_operation.iter().map(|(_, count)| count).sum();
    let by_operation: serde_json::Map<_, _> =
        by_operation.into_iter().filter_map(|(operation, count)| Some((json!(operation).as_str()?.to_owned(), json!(count)))).collect();
    reply(StatusCode::OK, &json!({ "total": total, "byOperation": by_operation }))
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
