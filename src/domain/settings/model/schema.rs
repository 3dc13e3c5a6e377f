//! JSON schema of the catalogue, as exact as the checks: a client that keeps to it is not refused with 400.

use serde_json::{Map, Value, json};

use super::{CATALOGUE, Definition, Kind};

const TEXT: &str = r"^[^\x00-\x1f\x7f]*$";
const HOST: &str = r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?(\.[a-z]([a-z0-9-]{0,30}[a-z0-9])?){0,5}(:[1-9][0-9]{0,3})?$";
const ORIGIN: &str = r"^https?://[a-z]([a-z0-9]{0,30})?(\.[a-z]([a-z0-9]{0,30})?){0,5}(:[1-7][0-9]{3})?$";
const URL: &str = r"^https?://[a-z]([a-z0-9]{0,30})?(\.[a-z]([a-z0-9]{0,30})?){0,5}(:[1-7][0-9]{3})?(/[A-Za-z0-9_.-]{0,30}){0,9}$";

/// Schema of the body of `POST /settings`.
pub fn update() -> Value {
    let properties: Map<String, Value> = CATALOGUE.iter().map(|definition| (definition.name.to_owned(), of(definition))).collect();
    json!({
        "type": "object",
        "description": "Names and values; null = back to the default.",
        "properties": properties,
        "additionalProperties": false,
        "examples": [{"erpCacheSeconds": 300, "sessionIdleHours": 8}],
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
        Kind::Host => json!({"type": ["string", "null"], "pattern": HOST, "maxLength": 253}),
        Kind::SecretText => json!({"type": ["string", "null"], "minLength": 1, "maxLength": 1000, "pattern": TEXT, "writeOnly": true}),
        Kind::SecretMap => json!({
            "type": ["object", "null"], "writeOnly": true,
            "propertyNames": {"pattern": "^[A-Za-z0-9_]{1,50}$"},
            "additionalProperties": {"type": ["string", "null"], "minLength": 1, "maxLength": 1000, "pattern": TEXT},
        }),
        Kind::Executor => executor(),
        Kind::Origins => json!({"type": ["array", "null"], "maxItems": 50, "items": {"type": "string", "pattern": ORIGIN}}),
        Kind::Json => json!({}),
    };
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
            "url": {"type": "string", "pattern": URL, "maxLength": 500},
            "method": {"type": "string", "enum": ["POST", "PUT", "GET"], "default": "POST"},
            "headers": {
                "type": "object",
                "propertyNames": {"pattern": "^[Xx]-[A-Za-z0-9-]{1,50}$|^[Aa]uthorization$"},
                "additionalProperties": {"type": "string", "pattern": "^([A-Za-z0-9 ._~+/=-]|\\{\\{secret\\.[A-Za-z0-9_]{1,50}\\}\\}){0,20}$"},
            },
            "timeoutMs": {"type": "integer", "minimum": 1000, "maximum": 60000, "default": 10000},
        },
    })
}
