//! `/health`, `/health/ready`, `/version`.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    App,
    db::Ready,
    error::{Code, Error, FieldError, Result},
};

/// `GET /health`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always true: who answers, lives.
    success: bool,
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// What was looked at; `/health/ready` looks closer.
    checks: BTreeMap<&'static str, &'static str>,
}

/// Whether the process lives.
///
/// Answers 200 as long as the process handles requests; the checks say what it knows of the database right now.
#[utoipa::path(get, path = "/api/mind/health", tag = "health", operation_id = "get_health",
    responses((status = 200, description = "The process lives", body = Health)), security(()))]
pub async fn get_health(State(app): State<App>) -> axum::Json<Health> {
    let checks = [("db", database(&app).await)].into();
    axum::Json(Health { success: true, status: "ok", checks })
}

async fn database(app: &App) -> &'static str {
    match app.db().ready().await {
        Ready::Yes => "ok",
        Ready::MigrationsMissing => "migrations missing",
        Ready::Unreachable => "unreachable",
    }
}

/// `GET /health/ready`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Always true.
    success: bool,
    /// `ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// Database and migrations are `ok`; the worker is `ok`, or `elsewhere` when this process runs none.
    #[schema(example = json!({"database": "ok", "migrations": "ok", "worker": "ok"}))]
    checks: BTreeMap<&'static str, &'static str>,
}

/// Whether the server should get requests: database reachable, schema up to date, worker alive.
///
/// 503 `notReady` names what is not in `errors`.
#[utoipa::path(get, path = "/api/mind/health/ready", tag = "health", operation_id = "get_readiness",
    responses((status = 200, description = "Ready", body = Readiness)), security(()))]
pub async fn get_readiness(State(app): State<App>) -> Result<axum::Json<Readiness>> {
    let (database, migrations) = match app.db().ready().await {
        Ready::Yes => ("ok", "ok"),
        Ready::MigrationsMissing => ("ok", "missing"),
        Ready::Unreachable => ("unreachable", "unknown"),
    };
    let worker = app.heartbeat().state();
    let checks: BTreeMap<_, _> = [("database", database), ("migrations", migrations), ("worker", worker)].into();
    let wrong: Vec<FieldError> = checks
        .iter()
        .filter(|(_, state)| !matches!(**state, "ok" | "elsewhere"))
        .map(|(check, state)| FieldError::new(*check, *state))
        .collect();
    if wrong.is_empty() {
        return Ok(axum::Json(Readiness { success: true, status: "ready", checks }));
    }
    Err(Error::Problem { code: Code::NotReady, error: "The server is not ready".into(), details: None, errors: wrong, retry_after: None })
}

/// `GET /version`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Always true.
    success: bool,
    /// Version of the program.
    #[schema(example = "0.1.0")]
    #[serde(rename = "version")]
    number: &'static str,
    /// Commit it was built from; `unknown` outside of a checkout.
    commit: &'static str,
    /// Day and time of the build, ISO 8601 in UTC.
    build_date: &'static str,
}

/// Which version answers.
#[utoipa::path(get, path = "/api/mind/version", tag = "version", operation_id = "get_version",
    responses((status = 200, description = "The version", body = Version)), security(()))]
pub async fn get_version() -> axum::Json<Version> {
    axum::Json(Version {
        success: true,
        number: env!("CARGO_PKG_VERSION"),
        commit: env!("MIND_COMMIT"),
        build_date: env!("MIND_BUILD_DATE"),
    })
}
