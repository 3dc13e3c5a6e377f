//! `/customer/*`.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    model::{CustomerAnswer, CustomerHit, StaleMark},
    service,
};
use crate::{
    App,
    domain::{
        erp_cache::{
            Freshness,
            model::{Provenance, Source},
            service::{Lookup, invalidate},
        },
        role::Permission,
    },
    erp::{Customer, ErpId},
    error::{Error, Result},
    http::{
        Caller, Form, Path, Query, Success, Text,
        query::{Flag, Limit, Offset},
    },
};

/// How a look-up may be answered.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LookupQuery {
    /// Whether rawData holds the ERP's own answer.
    #[serde(default)]
    #[param(inline, example = "false")]
    pub include_raw_data: Flag,
    /// Ask the ERP first, whatever is stored.
    #[serde(default)]
    #[param(inline, example = "false")]
    pub refresh: Flag,
    /// Never ask the ERP, even with refresh; what is not stored is 404 `notCached`.
    #[serde(default)]
    #[param(inline, example = "false")]
    pub erp_cache_only: Flag,
}

impl LookupQuery {
    /// What it asks for. Together, the promise not to ask the ERP is the stronger one.
    pub fn freshness(self) -> Freshness {
        match (self.refresh.0, self.erp_cache_only.0) {
            (_, true) => Freshness::CacheOnly,
            (true, false) => Freshness::Refresh,
            (false, false) => Freshness::Cached,
        }
    }
}

/// Reads an id from the path.
pub fn erp_id(name: &str, text: &str) -> Result<ErpId> {
    ErpId::parse(text).map_err(|error| Error::field(name, error.to_string()))
}

/// `X-Erp-Source` and `Age`: where an answer came from, and how old it is in seconds.
pub fn provenance_headers(app: &App, provenance: Provenance) -> HeaderMap {
    let age = (app.now() - provenance.fetched_at).num_seconds().max(0);
    let mut headers = HeaderMap::new();
    headers.insert("x-erp-source", HeaderValue::from_static(provenance.source.as_str()));
    headers.insert(header::AGE, HeaderValue::from(age));
    if provenance.source == Source::Stale {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers
}

fn answer(app: &App, mut customer: Customer, provenance: Provenance, include_raw_data: bool) -> (HeaderMap, axum::Json<CustomerAnswer>) {
    if !include_raw_data {
        for contract in &mut customer.contracts {
            contract.raw_data = None;
        }
    }
    (provenance_headers(app, provenance), axum::Json(CustomerAnswer { customer, stale: StaleMark::of(provenance) }))
}

/// The customer of a contract.
#[utoipa::path(get, path = "/api/mind/customer/byContractId/{contractId}", tag = "customer", operation_id = "get_customer_by_contract_id",
    params(("contractId" = String, Path, description = "Contract number", min_length = 1, max_length = 50, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$", example = "746839"), LookupQuery),
    responses((status = 200, description = "The customer with all contracts; the header X-Erp-Source says erp, cache or stale", body = CustomerAnswer)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readContract")), ("x-erp" = json!(true))))]
pub async fn get_customer_by_contract_id(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<LookupQuery>,
) -> Result<(HeaderMap, axum::Json<CustomerAnswer>)> {
    caller.may(Permission::ReadContract)?;
    let id = erp_id("contractId", &id)?;
    let lookup = Lookup::open(&app, caller.tenant, query.freshness()).await?;
    let (customer, provenance) = service::by_contract(&lookup, &id).await?;
    Ok(answer(&app, customer, provenance, query.include_raw_data.0))
}

/// A customer.
#[utoipa::path(get, path = "/api/mind/customer/byCustomerId/{customerId}", tag = "customer", operation_id = "get_customer_by_customer_id",
    params(("customerId" = String, Path, description = "Customer number", min_length = 1, max_length = 50, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$", example = "83771"), LookupQuery),
    responses((status = 200, description = "The customer with all contracts; the header X-Erp-Source says erp, cache or stale", body = CustomerAnswer)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readContract")), ("x-erp" = json!(true))))]
pub async fn get_customer_by_customer_id(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<LookupQuery>,
) -> Result<(HeaderMap, axum::Json<CustomerAnswer>)> {
    caller.may(Permission::ReadContract)?;
    let id = erp_id("customerId", &id)?;
    let lookup = Lookup::open(&app, caller.tenant, query.freshness()).await?;
    let (customer, provenance) = service::by_customer(&lookup, &id).await?;
    Ok(answer(&app, customer, provenance, query.include_raw_data.0))
}

/// Query of `GET /customer/search`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchCustomers {
    /// Words of a name, address, e-mail address or number.
    #[param(inline, example = "Mustermann")]
    q: Text<1, 200>,
    /// Rows at most; an ERP gives ten at a time.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// Rows to skip.
    #[serde(default)]
    #[param(inline)]
    offset: Offset,
}

/// Customers by free text.
#[utoipa::path(get, path = "/api/mind/customer/search", tag = "customer", operation_id = "search_customers",
    params(SearchCustomers),
    responses((status = 200, description = "At most ten customers, the best first", body = [CustomerHit])),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readContract")), ("x-erp" = json!(true))))]
pub async fn search_customers(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<SearchCustomers>,
) -> Result<(HeaderMap, axum::Json<Vec<CustomerHit>>)> {
    caller.may(Permission::ReadContract)?;
    let lookup = Lookup::open(&app, caller.tenant, Freshness::Cached).await?;
    let customers = service::search(&lookup, query.q.trim(), query.limit.0, query.offset.0).await?;
    let headers =
        customers.iter().map(|(_, from)| *from).reduce(Provenance::and).map(|from| provenance_headers(&app, from)).unwrap_or_default();
    Ok((headers, axum::Json(customers.into_iter().map(CustomerHit::from).collect())))
}

/// Body of `POST /customer/invalidateCache`; without any id every copy of the tenant is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"contractId": "746839"}))]
pub struct InvalidateCache {
    /// A contract whose copy is out of date; its customer's copy goes with it.
    #[serde(default, deserialize_with = "given_id")]
    contract_id: Option<ErpId>,
    /// A customer whose copy is out of date; the copies of its contracts go with it.
    #[serde(default, deserialize_with = "given_id")]
    customer_id: Option<ErpId>,
}

/// An empty field of a form is an empty id, which is a fault, rather than none.
fn given_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ErpId>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => ErpId::deserialize(value).map(Some).map_err(de::Error::custom),
    }
}

/// Declares stored copies out of date.
///
/// The next look-up asks the ERP. While the ERP has trouble the old copy still stands in, marked as stale.
#[utoipa::path(post, path = "/api/mind/customer/invalidateCache", tag = "customer", operation_id = "invalidate_cache",
    request_body(content((InvalidateCache = "application/json"), (InvalidateCache = "application/x-www-form-urlencoded"))),
    responses((status = 200, description = "The copies are out of date on every node within a second", body = Success)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readContract")), ("x-body-optional" = json!(true))))]
pub async fn invalidate_cache(State(app): State<App>, caller: Caller, Form(body): Form<InvalidateCache>) -> Result<axum::Json<Success>> {
    caller.may(Permission::ReadContract)?;
    invalidate(&app, &caller, body.contract_id.as_ref(), body.customer_id.as_ref()).await?;
    Ok(axum::Json(Success { success: true }))
}
