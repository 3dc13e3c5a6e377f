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
            routes::{LookupQuery, erp_id, provenance_headers},
        },
        erp_cache::{Freshness, model::Provenance, service::Lookup},
        role::Permission,
    },
    error::{Error, Result},
    http::{Caller, Path, Query, Text, query::Flag},
};

/// A contract.
#[utoipa::path(get, path = "/api/mind/contract/{contractId}", tag = "contract", operation_id = "get_contract",
    params(("contractId" = String, Path, description = "Contract number", min_length = 1, max_length = 50, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$", example = "746839"), LookupQuery),
    responses((status = 200, description = "The contract; the header X-Erp-Source says erp, cache or stale", body = ContractAnswer)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readContract")), ("x-erp" = json!(true))))]
pub async fn get_contract(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<LookupQuery>,
) -> Result<(HeaderMap, axum::Json<ContractAnswer>)> {
    caller.may(Permission::ReadContract)?;
    let id = erp_id("contractId", &id)?;
    let lookup = Lookup::open(&app, caller.tenant, query.freshness()).await?;
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
    /// Free text; finds the contracts of up to ten customers. With attributes, both must fit.
    #[serde(skip_serializing)]
    #[param(inline, example = "Mustermann")]
    q: Option<Text<0, 200>>,
    /// Whether rawData holds the ERP's own answer.
    #[serde(default, skip_serializing)]
    #[param(inline, example = "false")]
    include_raw_data: Flag,
    /// Contract number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    contract_id: Option<Text<0, 50>>,
    /// Customer number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    customer_id: Option<Text<0, 50>>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    firstname: Option<Text<0, 100>>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    lastname: Option<Text<0, 100>>,
    /// First and last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    fullname: Option<Text<0, 200>>,
    /// Day of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    birthday: Option<Text<0, 10>>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    company: Option<Text<0, 200>>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    email: Option<Text<0, 320>>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    phone: Option<Text<0, 50>>,
    /// Number of the meter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    meter_number: Option<Text<0, 50>>,
    /// Street, house number, postal code and city.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    address: Option<Text<0, 300>>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    postal_code: Option<Text<0, 20>>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    city: Option<Text<0, 100>>,
}

impl SearchContracts {
    /// The attributes given, as call C wants them.
    fn attributes(&self) -> Result<Map<String, Value>> {
        match serde_json::to_value(self).map_err(Error::internal)? {
            Value::Object(fields) => {
                Ok(fields.into_iter().filter(|(_, value)| value.as_str().is_some_and(|text| !text.trim().is_empty())).collect())
            }
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
pub async fn search_contracts(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<SearchContracts>,
) -> Result<(HeaderMap, axum::Json<Vec<ContractHit>>)> {
    caller.may(Permission::ReadContract)?;
    let attributes = query.attributes()?;
    let lookup = Lookup::open(&app, caller.tenant, Freshness::Cached).await?;
    let q = query.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    let found = match (q, attributes.is_empty()) {
        // Every parameter is optional; who asks for nothing finds nothing.
        (None, true) => Vec::new(),
        (Some(q), true) => service::search_by_text(&lookup, q).await?,
        (None, false) => service::search_by_fields(&lookup, &attributes).await?,
        (Some(q), false) => {
            let by_text = service::search_by_text(&lookup, q).await?;
            let mut found = service::search_by_fields(&lookup, &attributes).await?;
            found.retain(|(hit, _)| by_text.iter().any(|(other, _)| other.id == hit.id));
            found
        }
    };
    let headers =
        found.iter().map(|(_, from)| *from).reduce(Provenance::and).map(|from| provenance_headers(&app, from)).unwrap_or_default();
    let mut hits: Vec<ContractHit> = found.into_iter().map(|(hit, _)| hit).collect();
    if !query.include_raw_data.0 {
        for hit in &mut hits {
            hit.contract.raw_data = None;
        }
    }
    Ok((headers, axum::Json(hits)))
}
