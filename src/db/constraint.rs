//! From a database's complaint to the API's problem. Constraint names are chosen in the migrations and mapped here; a
//! driver's text never leaves the process.

use crate::error::{Code, Error, FieldError};

/// Constraints a request can violate, with the field it is about and what to say.
const CONSTRAINTS: &[(&str, &str, &str)] = &[
    ("tenant_slug_unique", "slug", "is taken by another tenant"),
    ("tenant_slug_form", "slug", "must be lower-case letters, digits and inner hyphens, 63 at most"),
    ("tenant_host_unique", "host", "is taken by another tenant"),
    ("tenant_host_form", "host", "must be a host name without port or path"),
    ("profile_email_unique", "email", "is used by another profile"),
    ("role_name_unique", "name", "is used by another role"),
];

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::Tls(_) => {
                tracing::warn!(error = %error, "database not available");
                unavailable()
            }
            sqlx::Error::Database(inner) => {
                if let Some((_, field, says)) = inner.constraint().and_then(|name| CONSTRAINTS.iter().find(|(known, ..)| *known == name)) {
                    return Self::Problem {
                        code: Code::Conflict,
                        error: format!("{field} {says}").into(),
                        details: None,
                        errors: vec![FieldError::new(*field, *says)],
                        retry_after: None,
                    };
                }
                match inner.code().as_deref() {
                    // query_canceled, lock_not_available: our own time-outs.
                    Some("57014" | "55P03") => {
                        tracing::warn!(error = %inner, "statement gave up");
                        Self::new(Code::Timeout, "The database took longer than the server allows")
                    }
                    // admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections, connection_exception.
                    Some("57P01" | "57P02" | "57P03" | "53300" | "08000" | "08003" | "08006") => {
                        tracing::warn!(error = %inner, "database not available");
                        unavailable()
                    }
                    _ => Self::internal(error),
                }
            }
            _ => Self::internal(error),
        }
    }
}

fn unavailable() -> Error {
    Error::new(Code::DatabaseUnavailable, "The database cannot be reached right now").retry_after(std::time::Duration::from_secs(2))
}
