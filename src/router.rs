//! Table of contents: one line per domain, then the middleware in the order a request meets it, from the bottom up.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    middleware,
};
use tower_cookies::CookieManagerLayer;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, set_header::SetResponseHeaderLayer};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    App,
    domain::{auth, contract, customer, docs, docs::routes::Spec, health, profile, settings},
    error::{Code, Error},
    http::{cors, limits, openapi, transaction},
};

fn domains() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::ApiDoc::openapi())
        .merge(auth::routes())
        .merge(contract::routes())
        .merge(customer::routes())
        .merge(docs::routes())
        .merge(health::routes())
        .merge(profile::routes())
        .merge(settings::routes())
}

/// The spec of every route.
pub fn spec() -> utoipa::openapi::OpenApi {
    openapi::complete(domains().split_for_parts().1)
}

/// Policy of the pages that the server itself serves; the explorer brings inline styles.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

fn header(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Every route with everything around it.
pub fn build(app: App) -> Result<Router, serde_json::Error> {
    let (routes, api) = domains().split_for_parts();
    let api = openapi::complete(api);
    let spec = Spec { yaml: api.to_yaml().map_err(serde::ser::Error::custom)?, json: api.to_pretty_json()? };
    let config = app.config();
    let (body_limit, time_limit) = (config.body_limit, config.request_timeout);
    Ok(routes
        .merge(docs::routes::pages())
        .fallback(|| async { Error::new(Code::RouteNotFound, "There is no such path").details("GET /api/mind/docs lists what there is.") })
        .method_not_allowed_fallback(|| async { Error::new(Code::MethodNotAllowed, "This path does not take this method").details("The header Allow lists those it takes.") })
        .layer(Extension(Arc::new(spec)))
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(CookieManagerLayer::new())
        .layer(CatchPanicLayer::custom(limits::after_panic))
        .layer(middleware::from_fn_with_state(time_limit, limits::within_time))
        .layer(middleware::from_fn_with_state(app.clone(), cors::allow))
        .layer(CompressionLayer::new())
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(header::REFERRER_POLICY, "same-origin"))
        .layer(header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(middleware::from_fn(transaction::name_request))
        .with_state(app))
}
