//! `/health`, `/health/ready`, `/version`.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, db::Ready, error::Problem};

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
    /// Whether every check is ok.
    success: bool,
    /// `ready` or `notReady`.
    #[schema(example = "ready")]
    status: &'static str,
    /// Database, migrations, worker: `ok` or what is wrong.
    #[schema(example = json!({"database": "ok", "migrations": "ok", "worker": "ok"}))]
    checks: BTreeMap<&'static str, &'static str>,
}

/// Whether the server should get requests: database reachable, schema up to date, worker alive.
#[utoipa::path(get, path = "/api/mind/health/ready", tag = "health", operation_id = "get_readiness",
    responses((status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not ready; the checks say why", content(
            (Readiness = "application/json"), (Problem = "application/problem+json")))),
    security(()))]
pub async fn get_readiness(State(app): State<App>) -> Response {
    let (database, migrations) = match app.db().ready().await {
        Ready::Yes => ("ok", "ok"),
        Ready::MigrationsMissing => ("ok", "missing"),
        Ready::Unreachable => ("unreachable", "unknown"),
    };
    let worker = app.heartbeat().state();
    let checks: BTreeMap<_, _> = [("database", database), ("migrations", migrations), ("worker", worker)].into();
    let ready = database == "ok" && migrations == "ok" && worker != "stalled";
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = Readiness { success: ready, status: if ready { "ready" } else { "notReady" }, checks };
    (status, axum::Json(body)).into_response()
}

/// `GET /version`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Always true.
    success: bool,
    /// Version of the program.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Commit it was built from; `unknown` outside of a checkout.
    commit: &'static str,
    /// Day and time of the build, ISO 8601 in UTC.
    build_date: &'static str,
}

/// Which version answers.
#[utoipa::path(get, path = "/api/mind/version", tag = "version", operation_id = "get_version",
    responses((status = 200, description = "The version", body = Version)), security(()))]
pub async fn get_version() -> axum::Json<Version> {
    axum::Json(Version { success: true, version: env!("CARGO_PKG_VERSION"), commit: env!("MIND_COMMIT"), build_date: env!("MIND_BUILD_DATE") })
}
