//! JSON schema of the catalogue, as exact as the checks: a client that keeps to it is not refused with 400.

use serde_json::{Map, Value, json};

use super::{CATALOGUE, Definition, Kind, MOST_TEXTS, tag_key};
use crate::domain::tag::model::input::READ_ONLY;

pub(super) const TEXT: &str = r"^[^\x00-\x1f\x7f]*$";
/// A host, with a port if needed.
pub const HOST: &str = r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[1-9][0-9]{0,4})?$";
/// Scheme, host and, if not the default, port.
pub const ORIGIN: &str = r"^https?://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?$";
/// A URL with host, path and query. Whether it can be called is another question, answered with 409.
pub const URL: &str = r"^https?://([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(:[1-9][0-9]{0,4})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,500})?(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,500})?$";
/// Name of a header.
pub const HEADER_NAME: &str = "^[A-Za-z0-9-]{1,64}$";
/// Value of a header: printable ASCII without braces, and placeholders of secrets.
pub const HEADER_VALUE: &str = r"^([ -z|~]|\{\{secret\.[A-Za-z0-9_]{1,50}\}\})*$";
/// An address or a network, as far as its characters go.
pub const NETWORK: &str = "^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$";
/// The end of a path in a report.
pub const ID_KEY: &str = r"^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,5}$";

/// Schema of the body of `POST /settings`.
pub fn update() -> Value {
    let properties: Map<String, Value> = CATALOGUE.iter().map(|definition| (definition.name.to_owned(), of(definition))).collect();
    json!({
        "type": "object",
        "description": "Names and values; null = back to the default. `_tag[<id>].<field>` changes a field of a tag, as `PATCH /tag/{id}` does.",
        "properties": properties,
        "patternProperties": tags(),
        "additionalProperties": false,
        "examples": [{"erpCacheSeconds": 300, "sessionIdleHours": 8}],
    })
}

/// Keys that change a tag. What only reading gives may be sent back, as everywhere.
fn tags() -> Map<String, Value> {
    let fields = tag_key::FIELDS.iter().map(|field| {
        let schema = json!({"$ref": format!("#/components/schemas/TagPatch/properties/{field}")});
        (tag_key::pattern(field), schema)
    });
    let ignored = READ_ONLY.iter().map(|field| (tag_key::pattern(field), json!({"$ref": "#/components/schemas/JsonValue"})));
    fields.chain(ignored).collect()
}

/// Any JSON whose texts Postgres can hold: all but U+0000.
pub fn json_value() -> Value {
    let itself = json!({"$ref": "#/components/schemas/JsonValue"});
    let text = json!({"type": "string", "pattern": r"^[^\x00]*$"});
    json!({
        "description": "Any JSON without the character U+0000.",
        "anyOf": [
            text,
            {"type": ["number", "boolean", "null"]},
            {"type": "array", "items": itself},
            {"type": "object", "propertyNames": text, "additionalProperties": itself},
        ],
    })
}

/// Schema of one value, null included.
fn of(definition: &Definition) -> Value {
    let mut schema = match definition.kind {
        Kind::Choice(options) => {
            let names = options.iter().map(|(name, _)| json!(name)).chain([Value::Null]);
            json!({"type": ["string", "null"], "enum": names.collect::<Vec<_>>()})
        }
        Kind::Int(least, most) => json!({"type": ["integer", "null"], "minimum": least, "maximum": most}),
        Kind::Bool => json!({"type": ["boolean", "null"]}),
        Kind::Text(pattern, _) => json!({"type": ["string", "null"], "pattern": pattern}),
        Kind::SecretForm(pattern, _) => json!({"type": ["string", "null"], "pattern": pattern, "writeOnly": true}),
        Kind::Texts(map) => json!({
            "type": ["object", "null"], "maxProperties": map.most,
            "propertyNames": {"pattern": map.name},
            "additionalProperties": {"type": "string", "pattern": map.text},
        }),
        Kind::List(pattern) => json!({"type": ["array", "null"], "maxItems": MOST_TEXTS, "items": {"type": "string", "pattern": pattern}}),
        Kind::Host => json!({"type": ["string", "null"], "pattern": HOST}),
        Kind::SecretText => json!({"type": ["string", "null"], "minLength": 1, "maxLength": 1000, "pattern": TEXT, "writeOnly": true}),
        Kind::SecretMap => json!({
            "type": ["object", "null"], "writeOnly": true,
            "propertyNames": {"pattern": "^[A-Za-z0-9_]{1,50}$"},
            "additionalProperties": {"type": ["string", "null"], "minLength": 1, "maxLength": 1000, "pattern": TEXT},
        }),
        Kind::Executor => executor(),
        Kind::Origins => json!({"type": ["array", "null"], "maxItems": 50, "items": {"type": "string", "pattern": ORIGIN}}),
        Kind::Json => json!({"$ref": "#/components/schemas/JsonValue"}),
        Kind::Networks => json!({"type": ["array", "null"], "maxItems": 50, "items": {"type": "string", "pattern": NETWORK}}),
        Kind::IdKeys => {
            let list = json!({"type": "array", "maxItems": 50, "items": {"type": "string", "pattern": ID_KEY}});
            json!({"type": ["object", "null"], "additionalProperties": false, "properties": {"contract": list, "customer": list}})
        }
        Kind::WebhookUrl(_) => json!({"$ref": "#/components/schemas/JsonValue", "readOnly": true}),
    };
    // Beside a reference a description stands since OpenAPI 3.1.
    schema["description"] = json!(format!("{}. {}", definition.label.en, definition.description.en));
    schema
}

fn executor() -> Value {
    json!({
        "type": ["object", "null"],
        "required": ["type", "url"],
        "additionalProperties": false,
        "properties": {
            "type": {"type": "string", "enum": ["apiCall"]},
            "url": {"type": "string", "pattern": URL},
            "method": {"type": "string", "enum": ["POST", "PUT", "GET"], "default": "POST"},
            "headers": {
                "type": "object",
                "propertyNames": {"pattern": HEADER_NAME},
                "additionalProperties": {"type": "string", "pattern": HEADER_VALUE, "maxLength": 2000},
            },
            "timeoutMs": {"type": "integer", "minimum": 1000, "maximum": 60000, "default": 10000},
        },
    })
}
