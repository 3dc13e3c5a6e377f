//! The envelope of an answer: whether it says yes, and where the data is.

use serde_json::{Map, Value};

use super::super::ErpError;

/// Levels of `data` below the first that are opened.
const LEVELS: usize = 2;

/// A message with one of these words beside the text that means "not found" speaks of the call itself, not of the thing
/// asked for: "function not found" must never look like an unknown customer.
const FAULTS: [&str; 12] =
    ["function", "funktion", "method", "route", "hash", "client", "mandant", "context", "kontext", "permission", "berechtigung", "user"];

/// What an answer carries; none = it says that there is no such thing. `not_found` are parts of messages in lower case.
pub fn unwrap(function: &str, body: Value, not_found: &[String]) -> Result<Option<Value>, ErpError> {
    let Value::Object(mut body) = body else { return Err(bad(function, "the answer is no object")) };
    match body.get("success") {
        Some(success) if says_yes(success) => {}
        // A client that works with live systems never looks at it.
        None if body.contains_key("data") => {}
        None => return Err(bad(function, "the answer has neither `success` nor `data`")),
        Some(_) if says_not_found(&body, not_found) => return Ok(None),
        Some(_) => {
            return Err(bad(function, "the answer says that it failed, and not with a message that means \"not found\""));
        }
    }
    let mut data = body.remove("data").unwrap_or(Value::Null);
    for _ in 0..LEVELS {
        match data {
            Value::Object(mut outer) if is_wrapper(&outer) => data = outer.remove("data").unwrap_or(Value::Null),
            other => {
                data = other;
                break;
            }
        }
    }
    Ok((!is_nothing(&data)).then_some(data))
}

/// The one row of an answer about one thing.
pub fn one(function: &str, data: Value) -> Result<Map<String, Value>, ErpError> {
    let mut rows = rows(function, data)?;
    match (rows.pop(), rows.is_empty()) {
        (Some(row), true) => Ok(row),
        _ => Err(bad(function, "the answer has several rows where one is asked for")),
    }
}

/// Rows of a list. PHP writes a list whose numbers have gaps as an object.
pub fn rows(function: &str, data: Value) -> Result<Vec<Map<String, Value>>, ErpError> {
    let items: Vec<Value> = match data {
        Value::Null => Vec::new(),
        Value::Array(items) => items,
        Value::Object(map) if is_numbered(&map) => map.into_iter().map(|(_, item)| item).collect(),
        Value::Object(map) => vec![Value::Object(map)],
        _ => return Err(bad(function, "`data` is neither an object nor a list")),
    };
    let rows = items.into_iter().map(|item| match item {
        Value::Object(row) => Ok(row),
        _ => Err(bad(function, "a row is no object")),
    });
    rows.collect()
}

/// The error for an unusable answer. Our own words only: a message of the upstream may hold personal data.
pub fn bad(function: &str, fault: &str) -> ErpError {
    ErpError::BadPayload { reason: format!("{function}: {fault}") }
}

/// Whether an object is a list with gaps.
pub fn is_numbered(map: &Map<String, Value>) -> bool {
    !map.is_empty() && map.iter().all(|(key, value)| key.bytes().all(|b| b.is_ascii_digit()) && value.is_object())
}

fn says_yes(success: &Value) -> bool {
    match success {
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() == Some(1.0),
        Value::String(text) => text == "1" || text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// Whether the only thing of interest is `data`. A record has an id beside whatever it calls data.
fn is_wrapper(outer: &Map<String, Value>) -> bool {
    outer.get("data").is_some_and(|inner| inner.is_object() || inner.is_array() || inner.is_null())
        && !outer.contains_key("id")
        && !outer.contains_key("customerId")
}

fn is_nothing(data: &Value) -> bool {
    match data {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn says_not_found(body: &Map<String, Value>, not_found: &[String]) -> bool {
    let mut message = String::new();
    for key in ["message", "error", "errors", "code", "errorCode"] {
        if let Some(value) = body.get(key) {
            collect(value, &mut message);
        }
    }
    let message = message.to_lowercase();
    let fits = |text: &String| {
        let rest = message.replace(text.as_str(), "");
        rest != message && !FAULTS.iter().any(|word| rest.contains(word))
    };
    not_found.iter().any(fits)
}

/// All texts and numbers below a value.
fn collect(value: &Value, into: &mut String) {
    match value {
        Value::String(text) => {
            into.push_str(text);
            into.push('\n');
        }
        Value::Number(number) => {
            into.push_str(&number.to_string());
            into.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(map) => map.values().for_each(|item| collect(item, into)),
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::settings::NOT_FOUND, *};

    fn open(body: Value) -> Result<Option<Value>, ErpError> {
        let texts: Vec<String> = NOT_FOUND.iter().map(|text| (*text).to_owned()).collect();
        unwrap("getContractById", body, &texts)
    }

    #[test]
    fn data_is_found_at_every_depth() {
        let contract = json!({"id": 7, "data": {"note": 1}});
        for body in [
            json!({"success": true, "data": contract}),
            json!({"success": 1, "data": {"data": contract}}),
            json!({"success": "1", "data": {"success": true, "data": {"data": contract}}}),
            json!({"success": "true", "data": {"message": null, "data": contract}}),
            json!({"data": {"data": contract}}),
        ] {
            assert_eq!(open(body.clone()), Ok(Some(contract.clone())), "{body}");
        }
        let list = json!({"success": "TRUE", "data": {"data": [contract]}});
        assert_eq!(one("f", open(list).unwrap().unwrap()), Ok(contract.as_object().unwrap().clone()));
    }

    #[test]
    fn nothing_is_not_found() {
        for body in [
            json!({"success": true, "data": null}),
            json!({"success": true, "data": []}),
            json!({"success": true, "data": {"data": {}}}),
            json!({"success": true}),
            json!({"success": false, "message": "Contract NOT FOUND"}),
            json!({"success": "0", "error": "Vertrag nicht gefunden"}),
            json!({"success": 0, "errors": [{"text": "there is no contract 7"}]}),
        ] {
            assert_eq!(open(body.clone()), Ok(None), "{body}");
        }
    }

    #[test]
    fn trouble_never_looks_like_not_found() {
        for body in [
            json!({"success": false, "message": "database is away"}),
            json!({"success": false, "message": "Function getContractByld not found"}),
            json!({"success": false, "message": "client not found for hash"}),
            json!({"success": false}),
            json!({"success": null, "data": {"id": 7}}),
            json!({"success": "false", "data": {"id": 7}}),
            json!({"success": 2, "data": {"id": 7}}),
            json!({"message": "not found"}),
            json!([]),
            json!("not found"),
            Value::Null,
        ] {
            let error = open(body.clone()).unwrap_err();
            assert!(matches!(error, ErpError::BadPayload { .. }), "{body}");
            assert!(!error.to_string().contains("database"), "{error}");
        }
    }

    #[test]
    fn lists_come_in_three_forms() {
        let row = |id: i64| json!({"id": id}).as_object().unwrap().clone();
        assert_eq!(rows("f", json!([{"id": 1}, {"id": 2}])), Ok(vec![row(1), row(2)]));
        assert_eq!(rows("f", json!({"0": {"id": 1}, "5": {"id": 2}})), Ok(vec![row(1), row(2)]));
        assert_eq!(rows("f", json!({"id": 1})), Ok(vec![row(1)]));
        assert!(rows("f", json!([1])).is_err() && rows("f", json!("x")).is_err());
        assert!(one("f", json!([{"id": 1}, {"id": 2}])).is_err());
    }
}
