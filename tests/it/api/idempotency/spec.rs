//! The operations of the spec that take an `Idempotency-Key` do what it says.

use pretty_assertions::assert_eq;

use super::*;
use crate::openapi::walk::{Operation, operations, spec};

/// Creating calls that take no key. A bearer token is kept by nobody but its owner, and one that got lost on the way is
/// revoked like any other.
const WITHOUT: [&str; 1] = ["create_jwt"];

fn takes_key(spec: &Value, operation: &Operation) -> bool {
    operation.parameters(spec).iter().any(|parameter| (parameter.name.as_str(), parameter.place.as_str()) == ("Idempotency-Key", "header"))
}

#[test]
fn every_creating_call_takes_a_key() {
    let spec = spec();
    let creating = |operation: &Operation| operation.id.starts_with("create_") && !WITHOUT.contains(&operation.id.as_str());
    let missing: Vec<String> =
        operations(&spec).iter().filter(|operation| creating(operation) && !takes_key(&spec, operation)).map(Operation::name).collect();
    assert_eq!(missing, Vec::<String>::new(), "add params(IdempotencyHeader) and Keyed to these, see src/http/idempotency.rs");
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
