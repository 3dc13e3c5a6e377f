//! The one error type, and the closed catalogue of problems the API answers with.
//!
//! Variants are chosen by meaning, not by the place that failed. The body is
//! `{"error","details","txId","code","errors"}` (`contract/index.md`); each code belongs to one status. Internal text
//! is logged once, here, and never sent.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{domain::role::Permission, erp::ErpError, http::transaction};

/// Shorthand of every fallible function above the database.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The closed list of problem codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Code {
    /// 400: the body is not JSON.
    MalformedJson,
    /// 400: a field, parameter or path segment is wrong; `errors` names each.
    InvalidInput,
    /// 400: neither host nor credential nor body says which tenant is meant.
    TenantRequired,
    /// 401: no credential, or one that is unknown, expired, revoked or of another tenant.
    Unauthenticated,
    /// 401: e-mail address or password is wrong.
    InvalidCredentials,
    /// 403: the caller lacks a permission.
    PermissionMissing,
    /// 403: a page of another site used the visitor's cookie.
    CrossSite,
    /// 404: no such thing in this tenant.
    NotFound,
    /// 404: no such path.
    RouteNotFound,
    /// 404: nothing stored, and the caller forbade to ask the ERP.
    NotCached,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 409: the request is fine, the present state forbids it.
    Conflict,
    /// 412: `If-Match` names another version than the one in force.
    PreconditionFailed,
    /// 413: the body is larger than the limit.
    PayloadTooLarge,
    /// 415: the body's content type is not the one expected.
    UnsupportedMediaType,
    /// 429: too many attempts.
    TooManyRequests,
    /// 500: our fault.
    Internal,
    /// 501: the tenant has not configured what this call needs.
    NotConfigured,
    /// 501: the tenant's ERP connection has no such call.
    ErpUnsupported,
    /// 502: the ERP refused the request or our credentials.
    ErpRejected,
    /// 502: the ERP is down, slow or talks nonsense.
    ErpUnavailable,
    /// 503: calls to the ERP are paused after repeated failures.
    ErpCircuitOpen,
    /// 503: the request took longer than the server allows.
    Timeout,
    /// 503: the database cannot be reached or is too busy.
    DatabaseUnavailable,
    /// 503: the server is starting or stopping.
    NotReady,
}

impl Code {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedJson => "malformedJson",
            Self::InvalidInput => "invalidInput",
            Self::TenantRequired => "tenantRequired",
            Self::Unauthenticated => "unauthenticated",
            Self::InvalidCredentials => "invalidCredentials",
            Self::PermissionMissing => "permissionMissing",
            Self::CrossSite => "crossSite",
            Self::NotFound => "notFound",
            Self::RouteNotFound => "routeNotFound",
            Self::NotCached => "notCached",
            Self::MethodNotAllowed => "methodNotAllowed",
            Self::Conflict => "conflict",
            Self::PreconditionFailed => "preconditionFailed",
            Self::PayloadTooLarge => "payloadTooLarge",
            Self::UnsupportedMediaType => "unsupportedMediaType",
            Self::TooManyRequests => "tooManyRequests",
            Self::Internal => "internal",
            Self::NotConfigured => "notConfigured",
            Self::ErpUnsupported => "erpUnsupported",
            Self::ErpRejected => "erpRejected",
            Self::ErpUnavailable => "erpUnavailable",
            Self::ErpCircuitOpen => "erpCircuitOpen",
            Self::Timeout => "timeout",
            Self::DatabaseUnavailable => "databaseUnavailable",
            Self::NotReady => "notReady",
        }
    }

    /// The status that belongs to the code.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::MalformedJson | Self::InvalidInput | Self::TenantRequired => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::InvalidCredentials => StatusCode::UNAUTHORIZED,
            Self::PermissionMissing | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotFound | Self::RouteNotFound | Self::NotCached => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotConfigured | Self::ErpUnsupported => StatusCode::NOT_IMPLEMENTED,
            Self::ErpRejected | Self::ErpUnavailable => StatusCode::BAD_GATEWAY,
            Self::ErpCircuitOpen | Self::Timeout | Self::DatabaseUnavailable | Self::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where: a JSON path in the body (`contracts[0].id`), or the name of a parameter.
    #[schema(example = "limit")]
    pub path: String,
    /// What is wrong and what would be right.
    #[schema(example = "must be between 1 and 1000")]
    pub message: String,
}

impl FieldError {
    /// A field error.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Error)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What went wrong, in one sentence.
    #[schema(example = "Contract 121 was not found")]
    pub error: String,
    /// What to do about it, or what exactly was wrong; null when the first sentence says it all.
    pub details: Option<String>,
    /// Names the request in the server's log; also in the header `X-Tx-Id`.
    #[schema(example = "c916167c94")]
    pub tx_id: String,
    /// The problem, for programs.
    pub code: Code,
    /// Each wrong field of the request; empty for other problems.
    pub errors: Vec<FieldError>,
}

/// Everything a handler can fail with.
#[derive(Debug)]
pub enum Error {
    /// A problem of the catalogue.
    Problem {
        /// Which one.
        code: Code,
        /// What went wrong.
        error: Cow<'static, str>,
        /// What to do about it.
        details: Option<Cow<'static, str>>,
        /// Wrong fields.
        errors: Vec<FieldError>,
        /// Seconds until a retry makes sense.
        retry_after: Option<Duration>,
    },
    /// Ours: logged with its cause, answered with nothing but the txId.
    Internal(anyhow::Error),
}

impl Error {
    /// A problem with a sentence.
    pub fn new(code: Code, error: impl Into<Cow<'static, str>>) -> Self {
        Self::Problem { code, error: error.into(), details: None, errors: Vec::new(), retry_after: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn details(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        if let Self::Problem { details, .. } = &mut self {
            *details = Some(text.into());
        }
        self
    }

    /// Adds when a retry makes sense.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        if let Self::Problem { retry_after, .. } = &mut self {
            *retry_after = Some(after);
        }
        self
    }

    /// Wrong fields of the request.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let error = match errors.as_slice() {
            [one] if one.path.is_empty() => format!("The body {}", one.message).into(),
            [one] => format!("{}: {}", one.path, one.message).into(),
            several => format!("{} fields of the request are wrong", several.len()).into(),
        };
        Self::Problem { code: Code::InvalidInput, error, details: None, errors, retry_after: None }
    }

    /// One wrong field of the request.
    pub fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(path, message)])
    }

    /// `Contract 121 was not found`.
    pub fn not_found(noun: &str, id: impl std::fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("{noun} {id} was not found"))
    }

    /// No usable credential. One text for every reason, so that probing learns nothing.
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "Not signed in").details("Send a valid bearer token or sign in at POST /api/auth/v1/login.")
    }

    /// The documented 403 (`contract/index.md`).
    pub fn missing(permission: Permission) -> Self {
        Self::new(Code::PermissionMissing, "Unauthorized").details(format!("The permission {} is needed.", permission.as_str()))
    }

    /// The present state forbids it.
    pub fn conflict(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Conflict, error)
    }

    /// A field of the request is well formed, and the present state forbids it.
    pub fn conflict_of(path: impl Into<String>, message: impl Into<String>) -> Self {
        let field = FieldError::new(path, message);
        let error = format!("{}: {}", field.path, field.message).into();
        Self::Problem { code: Code::Conflict, error, details: None, errors: vec![field], retry_after: None }
    }

    /// Our fault, with the cause for the log.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::Internal(cause.into())
    }

    /// The code that will be answered.
    pub fn code(&self) -> Code {
        match self {
            Self::Problem { code, .. } => *code,
            Self::Internal(_) => Code::Internal,
        }
    }

    fn into_problem(self) -> (Problem, Option<Duration>) {
        let tx_id = transaction::current_id();
        match self {
            Self::Problem { code, error, details, errors, retry_after } => {
                let details = details.map(Cow::into_owned);
                (Problem { error: error.into_owned(), details, tx_id, code, errors }, retry_after)
            }
            Self::Internal(cause) => {
                tracing::error!(error = format!("{cause:#}"), "request failed by our fault");
                let error = "The server failed to handle the request".to_owned();
                let details = Some(format!("Give the txId {tx_id} to your operator."));
                (Problem { error, details, tx_id, code: Code::Internal, errors: Vec::new() }, None)
            }
        }
    }
}

/// One line for the operator: log or command line. The API's caller never sees it.
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Problem { error, details, errors, .. } => {
                let fields = errors.iter().map(|field| format!("{}: {}", field.path, field.message)).collect::<Vec<_>>().join("; ");
                let parts = [error.as_ref(), details.as_deref().unwrap_or_default(), &fields];
                f.write_str(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". "))
            }
            Self::Internal(cause) => write!(f, "{cause:#}"),
        }
    }
}

impl std::error::Error for Error {}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (problem, retry_after) = self.into_problem();
        let code = problem.code;
        let mut response = (code.status(), axum::Json(problem)).into_response();
        if let Some(after) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if code.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(code);
        response
    }
}

impl From<ErpError> for Error {
    fn from(error: ErpError) -> Self {
        let text = error.to_string();
        match error {
            ErpError::Unauthorized => Self::new(Code::ErpRejected, text).details("Check the secrets in the settings of the category erp."),
            ErpError::Rejected { .. } => {
                Self::new(Code::ErpRejected, text).details("Check URL, method and headers of the call in the settings of the category erp.")
            }
            ErpError::RateLimited { retry_after } => {
                Self::new(Code::ErpUnavailable, text).retry_after(retry_after.unwrap_or(Duration::from_secs(5)))
            }
            ErpError::Timeout { .. } | ErpError::Unavailable { .. } | ErpError::BadPayload { .. } => {
                Self::new(Code::ErpUnavailable, text).details("Nothing is lost; try again when the ERP answers.")
            }
            ErpError::CircuitOpen { retry_after } => Self::new(Code::ErpCircuitOpen, text).retry_after(retry_after),
            ErpError::Unsupported { .. } => {
                Self::new(Code::ErpUnsupported, text).details("Configure the call in the settings of the category erp.")
            }
            ErpError::Misconfigured { .. } => Self::new(Code::NotConfigured, text).details("See the settings of the category erp."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internal_cause_is_not_sent() {
        let (problem, _) = Error::internal(anyhow::anyhow!("password=hunter2 at 10.0.0.1")).into_problem();
        let body = serde_json::to_string(&problem).unwrap();
        assert!(!body.contains("hunter2") && !body.contains("10.0.0.1"), "{body}");
    }

    #[test]
    fn erp_trouble_is_never_not_found() {
        for error in [
            ErpError::Unauthorized,
            ErpError::Rejected { status: 404 },
            ErpError::RateLimited { retry_after: None },
            ErpError::Timeout { after: Duration::from_secs(1) },
            ErpError::Unavailable { reason: "x".into() },
            ErpError::BadPayload { reason: "x".into() },
            ErpError::CircuitOpen { retry_after: Duration::from_secs(1) },
        ] {
            let status = Error::from(error).code().status();
            assert!(status == StatusCode::BAD_GATEWAY || status == StatusCode::SERVICE_UNAVAILABLE);
        }
    }
}
