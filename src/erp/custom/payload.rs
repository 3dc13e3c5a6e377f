//! Reading whole answers. An error names the JSON path that is wrong, never a value: answers hold personal data.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::ErpError;

/// Whether the upstream says in JSON that there is no such thing.
pub(super) fn is_nothing(answer: &Value) -> bool {
    answer.is_null() || answer.as_object().is_some_and(Map::is_empty)
}

/// Reads an answer that must be an object. Without the check a list would pass as the fields in their order.
pub(super) fn read_object<T: DeserializeOwned>(call: &str, answer: &Value) -> Result<T, ErpError> {
    if answer.is_object() { read(call, answer) } else { Err(bad(call, ".", "must be an object")) }
}

/// The error for a part of an answer, by its JSON path.
pub(super) fn bad(call: &str, path: &str, fault: &str) -> ErpError {
    ErpError::BadPayload { reason: format!("{call}: `{path}` {fault}") }
}

/// Reads a whole answer. The library's message may quote the value, so only its path is used, and the name of a
/// missing field, which is ours.
pub(super) fn read<T: DeserializeOwned>(call: &str, answer: &Value) -> Result<T, ErpError> {
    serde_path_to_error::deserialize(answer).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string();
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
        match (path.as_str(), missing) {
            (".", Some((field, _))) => bad(call, field, "is missing"),
            (parent, Some((field, _))) if !parent.ends_with(field) => bad(call, &format!("{parent}.{field}"), "is missing"),
            (path, Some(_)) => bad(call, path, "is missing"),
            (path, None) => bad(call, path, "has a wrong type or value"),
        }
    })
}
