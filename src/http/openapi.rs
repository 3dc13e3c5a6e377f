//! The spec as a whole: what single handlers do not say because it holds for all of them.

use axum::http::header;
use serde_json::Value;
use utoipa::{
    Modify, OpenApi, ToSchema as _,
    openapi::{
        ContentBuilder, Ref, RefOr, Required, ResponseBuilder,
        path::{Operation, Parameter},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{date::AnyDate, filter::FilterId};
use crate::{
    erp::ErpId,
    error::{Code, FieldError, Problem},
};

/// Title, security schemes, shared schemas.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "enneo.MIND API", version = "1",
        description = "REST backend for AI customer service in the energy market. Every answer carries X-Tx-Id; every problem has the shape of the schema Error."),
    servers((url = "/")),
    components(schemas(Problem, Code, FieldError, AnyDate, ErpId, FilterId)),
    tags(
        (name = "auth", description = "Sign-in, sessions, tokens"),
        (name = "ticket", description = "Messages of customers, and the work on them"),
        (name = "customer", description = "Customers as the ERP knows them"),
        (name = "contract", description = "Contracts as the ERP knows them"),
        (name = "erp", description = "The connection to the ERP"),
        (name = "event", description = "What happened, when, and who did it"),
        (name = "profile", description = "People and service workers"),
        (name = "tag", description = "Labels of tickets, contracts and customers, in a tree"),
        (name = "storage", description = "Files that came with messages"),
        (name = "settings", description = "What a tenant can configure"),
        (name = "validation", description = "Checks of values that people type"),
        (name = "webhook", description = "What ERPs report"),
        (name = "health", description = "For operators"),
        (name = "version", description = "For operators"),
        (name = "docs", description = "This description"),
    ),
    modifiers(&Everywhere),
)]
pub struct ApiDoc;

struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        components.add_security_scheme(
            "bearerAuth",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build()),
        );
        components.add_security_scheme("cookieAuth", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("connect.sid"))));
    }
}

/// Adds to every operation what it shares with all others, so that each lists every status it can answer.
pub fn complete(api: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut api.paths.paths {
        let has_segment = path.contains('{');
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten() {
            add_problems(operation, has_segment);
            if has_extension(operation, "x-body-optional")
                && let Some(RefOr::T(body)) = &mut operation.request_body
            {
                body.required = Some(Required::False);
            }
        }
    }
}

fn has_extension(operation: &Operation, name: &str) -> bool {
    operation.extensions.as_ref().and_then(|all| all.get(name)).is_some()
}

fn add_problems(operation: &mut Operation, has_segment: bool) {
    let secured = operation.security.as_ref().is_some_and(|all| all.iter().any(|one| !is_empty(one)));
    let has_body = operation.request_body.is_some();
    let has_input = has_body || has_segment || operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
    let has_session = secured || operation.operation_id.as_deref() == Some("login");
    let erp = has_extension(operation, "x-erp");
    let is_precondition = |one: &RefOr<Parameter>| matches!(one, RefOr::T(one) if one.name == header::IF_MATCH.as_str());
    let has_precondition = operation.parameters.as_ref().is_some_and(|all| all.iter().any(is_precondition));
    let rows: [(&str, &str, bool); 13] = [
        ("400", "Something in the request is wrong; `errors` names each field", has_input),
        ("401", "No valid credential", has_session),
        ("403", "The permission is missing, or a page of another site used the visitor's cookie", has_session),
        ("404", "No such thing in this tenant", has_segment),
        ("409", "The present state forbids it", has_input),
        ("412", "`If-Match` names another version than the one in force", has_precondition),
        ("413", "The body is too large", has_body),
        ("415", "The content type of the body is not supported", has_body),
        ("429", "Too many attempts; wait as long as Retry-After says", operation.operation_id.as_deref() == Some("login")),
        ("500", "The server's fault; give the txId to the operator", true),
        ("501", "The tenant's ERP connection does not support this, or is not configured", erp),
        ("502", "The ERP refused the request, is down or sends nonsense", erp),
        ("503", "Database not reachable, request too long, or calls to the ERP paused", true),
    ];
    for (status, description, applies) in rows {
        if applies && !operation.responses.responses.contains_key(status) {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
            let response = ResponseBuilder::new().description(description).content("application/json", content).build();
            operation.responses.responses.insert(status.to_owned(), RefOr::T(response));
        }
    }
}

fn is_empty(requirement: &utoipa::openapi::SecurityRequirement) -> bool {
    serde_json::to_value(requirement).is_ok_and(|value| value.as_object().is_none_or(serde_json::Map::is_empty))
}

/// utoipa puts the description of an inlined field beside its schema as `{"type": "object"}`, which no value but an object
/// could fit. It belongs into the schema.
pub fn fold_descriptions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some([Value::Object(schema), Value::Object(note)]) = fields.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
                && note.len() == 2
                && note.get("type").is_some_and(|kind| kind == "object")
                && let Some(description) = note.get("description")
            {
                let mut folded = schema.clone();
                folded.insert("description".to_owned(), description.clone());
                *fields = folded;
            }
            fields.values_mut().for_each(fold_descriptions);
        }
        Value::Array(items) => items.iter_mut().for_each(fold_descriptions),
        _ => {}
    }
}

/// Says of every optional parameter of a query that it may be empty, which is as good as left out.
pub fn allow_empty(spec: &mut Value) {
    let operations = spec["paths"].as_object_mut().into_iter().flatten().filter_map(|(_, item)| item.as_object_mut()).flatten();
    for parameter in operations.filter_map(|(_, operation)| operation.get_mut("parameters")?.as_array_mut()).flatten() {
        // Not of lists: their empty item would be one.
        if parameter["in"] == "query" && parameter["required"] != true && parameter["schema"]["type"] != "array" {
            parameter["allowEmptyValue"] = true.into();
        }
    }
}

/// utoipa keeps extensions in a hash map: without an order of ours the text would change from run to run.
pub fn order_extensions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let mut extensions: Vec<_> = fields.keys().filter(|key| key.starts_with("x-")).cloned().collect();
            extensions.sort();
            for key in extensions {
                if let Some(extension) = fields.shift_remove(&key) {
                    fields.insert(key, extension);
                }
            }
            fields.values_mut().for_each(order_extensions);
        }
        Value::Array(items) => items.iter_mut().for_each(order_extensions),
        _ => {}
    }
}
