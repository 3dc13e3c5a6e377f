//! `Json`, `Form`, `Path` and `Query` whose refusals name the field.
//!
//! The contract answers every fault of the request with 400 and `errors:[{path,message}]` (`contract/index.md`);
//! axum's own extractors would answer 422 and plain text, so clippy bans them.

use std::fmt::Display;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, MatchedPath, Request, path::ErrorKind, rejection::PathRejection},
    http::{HeaderMap, header, request::Parts},
};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::error::{Code, Error, FieldError};

/// A JSON object as the body. An empty body without content type counts as `{}` (`contract/index.md`).
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// A body that may be any JSON value.
#[derive(Clone, Debug)]
pub struct AnyJson(pub Value);

/// A body that is a form or, equally, JSON.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

/// Segments of the path.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

/// The query string. Unknown parameters are refused by `deny_unknown_fields` on `T`: a filter with a typing error must
/// not silently match everything.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyKind {
    Json,
    Form,
    Missing,
    Other,
}

fn body_kind(headers: &HeaderMap) -> BodyKind {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return BodyKind::Missing };
    let Some(mime) = value.to_str().ok().and_then(|text| text.parse::<mime::Mime>().ok()) else { return BodyKind::Other };
    if mime.type_() == mime::APPLICATION && (mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON)) {
        BodyKind::Json
    } else if mime.essence_str() == mime::APPLICATION_WWW_FORM_URLENCODED.essence_str() {
        BodyKind::Form
    } else {
        BodyKind::Other
    }
}

fn unsupported(wanted: &'static str) -> Error {
    Error::new(Code::UnsupportedMediaType, "The content type of the body is not supported").details(wanted)
}

async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Error> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
            Error::new(Code::PayloadTooLarge, "The body is larger than the server accepts")
        } else {
            Error::new(Code::MalformedJson, "The body could not be read to its end")
        }
    })
}

/// The bytes of a body that is to be read as an object.
pub(super) async fn object_bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Error> {
    let kind = body_kind(request.headers());
    if matches!(kind, BodyKind::Form | BodyKind::Other) {
        return Err(unsupported("Send application/json."));
    }
    let bytes = body(request, state).await?;
    if kind == BodyKind::Missing && !bytes.is_empty() {
        return Err(unsupported("Send the header Content-Type: application/json."));
    }
    Ok(if kind == BodyKind::Missing { Bytes::from_static(b"{}") } else { bytes })
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        parse_object(&object_bytes(request, state).await?).map(Json)
    }
}

impl<S: Send + Sync> FromRequest<S> for AnyJson {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        match body_kind(request.headers()) {
            BodyKind::Json => parse_json(&body(request, state).await?).map(AnyJson),
            BodyKind::Missing if body(request, state).await?.is_empty() => {
                Err(Error::new(Code::MalformedJson, "A body is required").details("Send application/json."))
            }
            _ => Err(unsupported("Send application/json.")),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let kind = body_kind(request.headers());
        if kind == BodyKind::Other {
            return Err(unsupported("Send application/x-www-form-urlencoded or application/json."));
        }
        let bytes = body(request, state).await?;
        match kind {
            BodyKind::Json => parse_object(&bytes).map(Form),
            BodyKind::Missing if !bytes.is_empty() => Err(unsupported("Send the header Content-Type.")),
            _ => {
                let text = std::str::from_utf8(&bytes).map_err(|_| Error::field("", "the form must be UTF-8"))?;
                parse_urlencoded(text).map(Form)
            }
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let text = parts.uri.query().unwrap_or_default();
        // Clients send what was not filled in: nothing is no value.
        let filled: Vec<&str> = text.split('&').filter(|pair| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty())).collect();
        parse_urlencoded(&filled.join("&")).map(Query)
    }
}

#[expect(clippy::disallowed_types, reason = "the one place that wraps axum's own")]
impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let route = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
        let only = route.split('{').nth(1).and_then(|rest| rest.split('}').next()).unwrap_or("path").to_owned();
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(failed)) => Err(match failed.into_kind() {
                ErrorKind::ParseErrorAtKey { key, expected_type, .. } => Error::field(key, format!("must be {}", plain(expected_type))),
                ErrorKind::ParseError { expected_type, .. } => Error::field(only, format!("must be {}", plain(expected_type))),
                ErrorKind::DeserializeError { key, message, .. } => Error::field(key, message),
                ErrorKind::InvalidUtf8InPathParam { key } => Error::field(key, "must be UTF-8"),
                ErrorKind::Message(message) => Error::field(only, message),
                other => Error::field("path", other.to_string()),
            }),
            Err(_) => Err(Error::internal(anyhow::anyhow!("a handler asks for path segments that its route does not have"))),
        }
    }
}

/// A Rust type in words of the API.
fn plain(expected_type: &str) -> &str {
    match expected_type {
        "i64" | "u64" | "i32" | "u32" => "a whole number",
        other => other,
    }
}

/// Reads an object. Serde would also take a list of its fields in order, which nobody means.
pub(super) fn parse_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        parse_json::<serde::de::IgnoredAny>(bytes)?;
        return Err(Error::field("", "must be an object, not a list"));
    }
    parse_json(bytes)
}

/// Reads JSON so that a refusal carries the path of the first wrong value.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    refuse_nul(bytes)?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() { wrong_value(&path, &inner) } else { malformed(&inner) }
    })?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// Reads a value that was taken out of a body; `at` is where it stood.
pub fn parse_value<T: DeserializeOwned>(value: Value, at: &str) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let FieldError { path, message } = wrong_field(&path, &error.into_inner());
        FieldError::new(join(at, &path), message)
    })
}

fn malformed(error: &serde_json::Error) -> Error {
    Error::new(Code::MalformedJson, "The body is not valid JSON").details(format!("Line {}, column {}.", error.line(), error.column()))
}

/// Postgres text cannot hold U+0000; better a 400 that names the field than a failing statement.
fn refuse_nul(bytes: &[u8]) -> Result<(), Error> {
    fn find(value: &Value, path: &mut Vec<String>) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().enumerate().any(|(index, item)| {
                path.push(format!("[{index}]"));
                find(item, path) || path.pop().is_none()
            }),
            Value::Object(fields) => fields.iter().any(|(key, field)| {
                path.push(format!(".{}", key.replace('\0', "\\u0000")));
                key.contains('\0') || find(field, path) || path.pop().is_none()
            }),
            _ => false,
        }
    }
    if !bytes.windows(6).any(|window| window == b"\\u0000") {
        return Ok(());
    }
    let mut path = Vec::new();
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) if find(&value, &mut path) => {
            Err(Error::field(path.concat().trim_start_matches('.'), "must not contain the character U+0000"))
        }
        _ => Ok(()),
    }
}

fn parse_urlencoded<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    for (key, value) in url::form_urlencoded::parse(text.as_bytes()) {
        if key.contains('\0') || value.contains('\0') {
            return Err(Error::field(key.replace('\0', ""), "must not contain the character U+0000"));
        }
    }
    let deserializer = serde_html_form::Deserializer::new(url::form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        wrong_value(&path, &error.into_inner())
    })
}

fn wrong_value(path: &str, error: &impl Display) -> Error {
    Error::invalid(vec![wrong_field(path, error)])
}

/// Serde's message with the path it belongs to. A missing or unknown field is part of the path, as people expect.
pub fn wrong_field(path: &str, error: &impl Display) -> FieldError {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    let parent = if path == "." { "" } else { path };
    for (prefix, says) in [("missing field `", "is required"), ("duplicate field `", "is given more than once")] {
        if let Some(name) = message.strip_prefix(prefix).and_then(|rest| rest.split('`').next()) {
            return FieldError::new(join(parent, name), says);
        }
    }
    if let Some(rest) = message.strip_prefix("unknown field `")
        && let Some((name, expected)) = rest.split_once('`')
    {
        let expected = expected.trim_start_matches(", ");
        return FieldError::new(join(parent, name), format!("is not known here; {expected}"));
    }
    FieldError::new(parent, message)
}

/// For fields that may be left out: tells one that is not there from null, which is a value or a mistake.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// What is wrong with JSON that is to be kept as it came; none = nothing. Readers of it nest a few levels themselves, and
/// give up at 128.
pub fn beyond(value: &impl Serialize, most_bytes: usize) -> Option<String> {
    const MOST_LEVELS: usize = 64;
    fn levels(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or_default(),
            Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or_default(),
            _ => 0,
        }
    }
    // Whatever came as JSON can be written as JSON.
    let value = serde_json::to_value(value).unwrap_or_default();
    if levels(&value) > MOST_LEVELS {
        return Some(format!("must have {MOST_LEVELS} levels at most"));
    }
    (value.to_string().len() > most_bytes).then(|| format!("must have {most_bytes} bytes of JSON at most"))
}

/// Path of a field in what stands at `parent`.
pub fn join(parent: &str, name: &str) -> String {
    // The path of an unknown key already ends with it.
    if name.is_empty() {
        parent.to_owned()
    } else if parent.is_empty() || parent == name || parent.ends_with(&format!(".{name}")) {
        if parent.is_empty() { name.to_owned() } else { parent.to_owned() }
    } else {
        format!("{parent}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Order {
        kind: Kind,
        items: Vec<Item>,
        limit: Option<u8>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Kind {
        Power,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Item {
        id: u32,
    }

    fn fault<T: std::fmt::Debug>(result: Result<T, Error>) -> (Code, String) {
        match result.unwrap_err() {
            Error::Problem { code, errors, .. } => (code, errors.first().map(|e| e.path.clone()).unwrap_or_default()),
            Error::Internal(_) => panic!("internal"),
        }
    }

    #[test]
    fn names_the_path_of_what_is_wrong() {
        for (json, path) in [
            (r#"{"kind":"power","items":[{"id":1},{"id":"x"}]}"#, "items[1].id"),
            (r#"{"kind":"power","items":[{"id":1,"nam":2}]}"#, "items[0].nam"),
            (r#"{"kind":"power","items":[{}]}"#, "items[0].id"),
            (r#"{"kind":"gas","items":[]}"#, "kind"),
            (r#"{"items":[]}"#, "kind"),
            (r#"{"kind":"power","items":[],"limit":900}"#, "limit"),
            (r#"{"kind":"power","items":[],"x\u0000":1}"#, r"x\u0000"),
        ] {
            assert_eq!(fault(parse_json::<Order>(json.as_bytes())), (Code::InvalidInput, path.to_owned()), "{json}");
        }
    }

    #[test]
    fn text_that_is_no_json_is_told_apart() {
        for json in ["", "{", "{\"kind\":\"power\",\"items\":[]} x", "nul"] {
            assert_eq!(fault(parse_json::<Order>(json.as_bytes())).0, Code::MalformedJson, "{json}");
        }
    }

    #[test]
    fn a_query_names_its_parameter() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read by serde")]
        struct Page {
            limit: Option<u32>,
        }
        for (query, path) in [("limit=x", "limit"), ("limt=1", "limt"), ("limit=1&limit=2", "limit"), ("limit=%00", "limit")] {
            assert_eq!(fault(parse_urlencoded::<Page>(query)), (Code::InvalidInput, path.to_owned()), "{query}");
        }
        assert!(parse_urlencoded::<Page>("limit=5").is_ok());
    }
}
