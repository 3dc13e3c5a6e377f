//! `POST /validation/{type}`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::model::{Accepted, Subject, check};
use crate::{
    domain::role::Permission,
    error::{FieldError, Result},
    http::{Caller, Json, Path, Text},
};

/// `POST /validation/{type}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"value": "DE89 3704 0044 0532 0130 00"}))]
pub struct Candidate {
    /// The value as it was typed.
    #[schema(inline)]
    value: Text<0, 500>,
}

/// What is to be said about a value.
#[derive(Debug, Serialize, ToSchema)]
pub struct Verdict {
    /// The check was made; always true.
    success: bool,
    /// Whether the value can be what it is meant to be.
    valid: bool,
    /// Why not, in a sentence; null for a valid value.
    #[schema(examples("the check digit does not fit: 1 would"))]
    message: Option<String>,
    /// The value in the form in which it is stored and compared; null unless valid.
    #[schema(examples("DE89370400440532013000"))]
    normalized: Option<String>,
    /// What the value says about itself, such as the bank code of an account; keys depend on the type.
    #[schema(value_type = Object)]
    details: Map<String, Value>,
    /// What is odd without being wrong.
    warnings: Vec<String>,
    /// What is wrong; empty for a valid value.
    errors: Vec<FieldError>,
}

impl From<std::result::Result<Accepted, String>> for Verdict {
    fn from(checked: std::result::Result<Accepted, String>) -> Self {
        let empty = Self {
            success: true,
            valid: false,
            message: None,
            normalized: None,
            details: Map::new(),
            warnings: Vec::new(),
            errors: Vec::new(),
        };
        match checked {
            Ok(Accepted { normalized, details, warnings }) => {
                Self { valid: true, normalized: Some(normalized), details, warnings, ..empty }
            }
            Err(message) => Self { errors: vec![FieldError::new("value", message.clone())], message: Some(message), ..empty },
        }
    }
}

/// Whether a value can be what it is meant to be.
///
/// A wrong value is answered with 200 and `valid: false`. Only the form is checked: whether the account, the meter or the
/// mailbox exists is not.
#[utoipa::path(post, path = "/api/mind/validation/{type}", tag = "validation", operation_id = "validate_value",
    params(("type" = inline(Subject), Path, description = "What the value is meant to be", example = "iban")),
    request_body = Candidate,
    responses((status = 200, description = "The verdict", body = Verdict)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readTicket"))))]
pub async fn validate_value(caller: Caller, Path(subject): Path<Subject>, Json(candidate): Json<Candidate>) -> Result<axum::Json<Verdict>> {
    caller.may(Permission::ReadTicket)?;
    Ok(axum::Json(check(subject, &candidate.value).into()))
}
