//! The operations of the spec that take an `Idempotency-Key` do what it says.

use mind::http::idempotency::IdempotencyHeader;
use pretty_assertions::assert_eq;
use utoipa::IntoParams as _;

use super::*;
use crate::openapi::walk::{Operation, operations, spec};

/// Creating calls that take no key. A bearer token is kept by nobody but its owner, and one that got lost on the way is
/// revoked like any other.
const WITHOUT: [&str; 1] = ["create_jwt"];

fn takes_key(spec: &Value, operation: &Operation) -> bool {
    operation.parameters(spec).iter().any(|parameter| (parameter.name.as_str(), parameter.place.as_str()) == ("Idempotency-Key", "header"))
}

/// Creating calls that would make two of one when they are sent again.
fn missing(spec: &Value) -> Vec<String> {
    let creating = |operation: &Operation| operation.id.starts_with("create_") && !WITHOUT.contains(&operation.id.as_str());
    let all = operations(spec).into_iter().filter(|operation| creating(operation) && !takes_key(spec, operation));
    all.map(|operation| operation.id).collect()
}

#[test]
fn every_creating_call_takes_a_key() {
    assert_eq!(missing(&spec()), Vec::<String>::new(), "add params(IdempotencyHeader) and Keyed to these, see src/http/idempotency.rs");
}

#[test]
fn a_creating_call_without_a_key_is_noticed() {
    let mut spec = spec();
    let header = serde_json::to_value(IdempotencyHeader::into_params(|| None)).unwrap();
    for (name, parameters) in [("forgotten", json!([])), ("right", header)] {
        spec["paths"][format!("/api/test/{name}")]["post"] = json!({"operationId": format!("create_{name}"), "parameters": parameters});
    }
    assert_eq!(missing(&spec), ["create_forgotten"]);
}

#[tokio::test]
async fn every_call_that_takes_a_key_is_carried_out_once() {
    guarded(async {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let spec = spec();
        for operation in operations(&spec).into_iter().filter(|operation| takes_key(&spec, operation)) {
            let client = admin.clone().header("idempotency-key", &operation.id);
            let first = operation.request(&spec).send(&client).await.ok();
            let second = operation.request(&spec).send(&client).await.ok();
            assert!(!is_replayed(&first) && is_replayed(&second), "{}", operation.name());
            assert_eq!((first.status, &first.text), (second.status, &second.text), "{}", operation.name());
            assert_eq!(first.header("etag"), second.header("etag"), "{}", operation.name());
        }
    })
    .await;
}
