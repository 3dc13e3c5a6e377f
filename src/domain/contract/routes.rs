//! `/contract/*`.

use axum::{extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::IntoParams;

use super::{
    model::{ContractAnswer, ContractHit},
    service,
};
use crate::{
    App,
    domain::{
        customer::{
            model::StaleMark,
            routes::{LookupQuery, erp_id, provenance_headers, search_text},
        },
        erp_cache::{Freshness, service::Lookup},
        role::Permission,
    },
    error::{Error, Result},
    http::{Caller, Path, Query, query::Flag},
};

/// A contract.
#[utoipa::path(get, path = "/api/mind/contract/{contractId}", tag = "contract", operation_id = "get_contract",
    params(("contractId" = String, Path, description = "Contract number", min_length = 1, max_length = 50, pattern = r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$", example = "746839"), LookupQuery),
    responses((status = 200, description = "The contract; the header X-Erp-Source says erp, cache or stale", body = ContractAnswer)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readContract")), ("x-erp" = json!(true))))]
pub async fn get_contract(State(app): State<App>, caller: Caller, Path(id): Path<String>, Query(query): Query<LookupQuery>) -> Result<(HeaderMap, axum::Json<ContractAnswer>)> {
    caller.may(Permission::ReadContract)?;
    let id = erp_id("contractId", &id)?;
    let lookup = Lookup::open(&app, caller.tenant, query.freshness()?).await?;
    let (mut contract, provenance) = lookup.contract(&id).await?.ok_or_else(|| Error::not_found("Contract", &id))?;
    if !query.include_raw_data.0 {
        contract.raw_data = None;
    }
    Ok((provenance_headers(&app, provenance), axum::Json(ContractAnswer { contract, stale: StaleMark::of(provenance) })))
}

/// Query of `GET /contract/search`: free text, or attributes that one contract must fit together
/// (`contract/webhook-erp.md`, call C).
#[derive(Debug, Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchContracts {
    /// Free text; finds the contracts of up to ten customers. Not together with attributes.
    #[serde(skip_serializing)]
    #[param(min_length = 1, max_length = 200, pattern = r"^[A-Za-z0-9@]", example = "Mustermann")]
    q: Option<String>,
    /// Whether rawData holds the ERP's own answer.
    #[serde(default, skip_serializing)]
    #[param(inline, example = "false")]
    include_raw_data: Flag,
    /// Contract number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 50, pattern = r"^[A-Za-z0-9+]")]
    contract_id: Option<String>,
    /// Customer number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 50, pattern = r"^[A-Za-z0-9+]")]
    customer_id: Option<String>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 100, pattern = r"^[A-Za-z0-9+]")]
    firstname: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 100, pattern = r"^[A-Za-z0-9+]")]
    lastname: Option<String>,
    /// First and last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 200, pattern = r"^[A-Za-z0-9+]")]
    fullname: Option<String>,
    /// Day of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 10, pattern = r"^[A-Za-z0-9+]")]
    birthday: Option<String>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 200, pattern = r"^[A-Za-z0-9+]")]
    company: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 320, pattern = r"^[A-Za-z0-9+]")]
    email: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 50, pattern = r"^[A-Za-z0-9+]")]
    phone: Option<String>,
    /// Number of the meter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 50, pattern = r"^[A-Za-z0-9+]")]
    meter_number: Option<String>,
    /// Street, house number, postal code and city.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 300, pattern = r"^[A-Za-z0-9+]")]
    address: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 20, pattern = r"^[A-Za-z0-9+]")]
    postal_code: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1, max_length = 100, pattern = r"^[A-Za-z0-9+]")]
    city: Option<String>,
}

impl SearchContracts {
    /// The attributes given, as call C wants them.
    fn attributes(&self) -> Result<Map<String, Value>> {
        match serde_json::to_value(self).map_err(Error::internal)? {
            Value::Object(fields) => Ok(fields.into_iter().filter(|(_, value)| value.as_str().is_some_and(|text| !text.trim().is_empty())).collect()),
            _ => Ok(Map::new()),
        }
    }
}

/// Contracts by attributes or by free text.
///
/// Attributes find the one contract that fits all of them, or none.
#[utoipa::path(get, path = "/api/mind/contract/search", tag = "contract", operation_id = "search_contracts",
    params(SearchContracts),
    responses((status = 200, description = "Contracts found, the best first", body = [ContractHit])),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readContract")), ("x-erp" = json!(true))))]
pub async fn search_contracts(State(app): State<App>, caller: Caller, Query(query): Query<SearchContracts>) -> Result<axum::Json<Vec<ContractHit>>> {
    caller.may(Permission::ReadContract)?;
    let attributes = query.attributes()?;
    if attributes.values().filter_map(Value::as_str).any(|text| text.chars().count() > 320) {
        return Err(Error::field("address", "an attribute has at most 320 characters"));
    }
    let lookup = Lookup::open(&app, caller.tenant, Freshness::Cached).await?;
    let mut hits = match (&query.q, attributes.is_empty()) {
        (Some(_), false) => return Err(Error::conflict("q and attributes exclude each other")),
        // Every parameter is optional; who asks for nothing finds nothing.
        (None, true) => Vec::new(),
        (Some(q), true) => service::search_by_text(&lookup, search_text(q)?).await?,
        (None, false) => service::search_by_fields(&lookup, &attributes).await?,
    };
    if !query.include_raw_data.0 {
        for hit in &mut hits {
            hit.contract.raw_data = None;
        }
    }
    Ok(axum::Json(hits))
}
