//! Table of contents: one line per domain, then the middleware in the order a request meets it, from the bottom up.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    middleware,
};
use serde_json::Value;
use tower_cookies::CookieManagerLayer;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, DefaultPredicate, Predicate as _, predicate::NotForContentType},
    set_header::SetResponseHeaderLayer,
};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    App,
    domain::{
        attachment, auth, contract, customer, docs, docs::routes::Spec, erp, event, health, profile, settings, tag, ticket, validation,
        webhook,
    },
    error::{Code, Error},
    http::{cors, limits, openapi, transaction},
};

fn domains() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::ApiDoc::openapi())
        .merge(attachment::routes())
        .merge(auth::routes())
        .merge(contract::routes())
        .merge(customer::routes())
        .merge(docs::routes())
        .merge(erp::routes())
        .merge(event::routes())
        .merge(health::routes())
        .merge(profile::routes())
        .merge(settings::routes())
        .merge(tag::routes())
        .merge(ticket::routes())
        .merge(validation::routes())
        .merge(webhook::routes())
}

/// The OpenAPI description of every route.
pub fn spec() -> Value {
    describe(domains().split_for_parts().1)
}

fn describe(mut api: utoipa::openapi::OpenApi) -> Value {
    openapi::complete(&mut api);
    // Serialising to a Value fails only for maps whose keys are no texts.
    let mut spec = serde_json::to_value(api).unwrap_or_default();
    openapi::order_extensions(&mut spec);
    openapi::fold_descriptions(&mut spec);
    openapi::allow_empty(&mut spec);
    spec["components"]["schemas"]["SettingsUpdate"] = settings::model::schema::update();
    spec["components"]["schemas"]["JsonValue"] = settings::model::schema::json_value();
    spec["components"]["schemas"]["SearchTickets"]["properties"]["filters"]["allOf"] = ticket::model::search::words_once();
    spec["components"]["schemas"]["EventSearch"]["properties"]["filters"]["allOf"] = event::routes::not_alone();
    spec
}

/// The description as text, the form that is committed and compared.
pub fn spec_text() -> String {
    format!("{:#}\n", spec())
}

/// Policy of the pages that the server itself serves; the explorer brings inline styles.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

fn header(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Every route with everything around it.
pub fn build(app: App) -> Result<Router, yaml_serde::Error> {
    let (routes, api) = domains().split_for_parts();
    let spec = describe(api);
    let spec = Spec { yaml: yaml_serde::to_string(&spec)?, json: format!("{spec:#}") };
    let config = app.config();
    let (body_limit, time_limit) = (config.body_limit, config.request_timeout);
    Ok(routes
        .merge(docs::routes::pages())
        .merge(health::at_root())
        .merge(webhook::at_root())
        .fallback(|| async { Error::new(Code::RouteNotFound, "There is no such path").details("GET /api/mind/docs lists what there is.") })
        .method_not_allowed_fallback(|| async {
            Error::new(Code::MethodNotAllowed, "This path does not take this method").details("The header Allow lists those it takes.")
        })
        .layer(Extension(Arc::new(spec)))
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(CookieManagerLayer::new())
        .layer(CatchPanicLayer::custom(limits::after_panic))
        .layer(middleware::from_fn_with_state(time_limit, limits::within_time))
        .layer(middleware::from_fn_with_state(app.clone(), cors::allow))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(NotForContentType::const_new("application/octet-stream"))))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(header::REFERRER_POLICY, "same-origin"))
        .layer(header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(middleware::from_fn(transaction::name_request))
        .with_state(app))
}
