//! `/api/mind/docs*`, `/`.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use utoipa_swagger_ui::{Config, serve};

use crate::{
    App,
    error::{Code, Error, Result},
    http::Path,
};

/// The spec in both forms, made once at the start.
#[derive(Debug)]
pub struct Spec {
    /// As YAML.
    pub yaml: String,
    /// As JSON.
    pub json: String,
}

/// The OpenAPI description as YAML; as JSON at `/api/mind/docs/open-api.json`.
#[utoipa::path(get, path = "/api/mind/docs/open-api", tag = "docs", operation_id = "get_openapi_yaml",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/yaml")), security(()))]
pub async fn get_openapi_yaml(Extension(spec): Extension<Arc<Spec>>) -> Response {
    ([(header::CONTENT_TYPE, "application/yaml")], spec.yaml.clone()).into_response()
}

/// The same as JSON. Not an operation of its own: a description that lists itself is one more thing to fuzz.
async fn openapi_json(Extension(spec): Extension<Arc<Spec>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], spec.json.clone()).into_response()
}

/// Pages for people. Not part of the spec.
pub fn pages() -> Router<App> {
    let config =
        Arc::new(Config::from("/api/mind/docs/open-api.json").try_it_out_enabled(true).persist_authorization(false).with_credentials(true));
    Router::new()
        .route("/", get(start_page))
        .route("/start.js", get(start_script))
        .route("/api/mind/docs/open-api.json", get(openapi_json))
        .route("/sign-in", get(crate::domain::auth::routes::session::sign_in_by_link))
        .route("/api/mind/docs", get(|| async { Redirect::permanent("/api/mind/docs/") }))
        .route("/api/mind/docs/", get(explorer_index))
        .route("/api/mind/docs/{*file}", get(explorer_file))
        .layer(Extension(config))
}

async fn explorer_index(config: Extension<Arc<Config<'static>>>) -> Result<Response> {
    file("index.html", &config.0)
}

async fn explorer_file(config: Extension<Arc<Config<'static>>>, Path(name): Path<String>) -> Result<Response> {
    file(&name, &config.0)
}

/// A file of the explorer, out of the binary.
fn file(name: &str, config: &Arc<Config<'static>>) -> Result<Response> {
    match serve(name, Arc::clone(config)).map_err(|error| Error::internal(anyhow::anyhow!("{error}")))? {
        Some(file) => Ok(([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response()),
        None => Err(Error::new(Code::RouteNotFound, "There is no such page")),
    }
}

async fn start_page(State(app): State<App>) -> Html<String> {
    let base = app.config().public_url.as_str().trim_end_matches('/');
    let contract = if app.config().is_production() { "CONTRACT_ID" } else { "746839" };
    Html(
        include_str!("start.html")
            .replace("{{base}}", base)
            .replace("{{contract}}", contract)
            .replace("{{version}}", env!("CARGO_PKG_VERSION")),
    )
}

async fn start_script() -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("start.js")).into_response()
}
