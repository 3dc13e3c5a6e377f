//! Finding contracts.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value};

use super::model::{ContractHit, similarity};
use crate::{
    domain::{
        customer::{self, model::StaleMark, service::PARALLEL},
        erp_cache::{model::Provenance, service::Lookup},
    },
    erp::{Contract, Customer},
    error::{Code, Result},
};

/// A hit, and where it came from.
pub type Hit = (ContractHit, Provenance);

/// The one contract that fits the attributes, if any.
pub async fn search_by_fields(lookup: &Lookup, fields: &Map<String, Value>) -> Result<Vec<Hit>> {
    let Some(hit) = lookup.search_by_fields(fields).await? else { return Ok(Vec::new()) };
    let Some((contract, provenance)) = lookup.contract(&hit.contract_id).await? else { return Ok(Vec::new()) };
    let customer = match lookup.customer(&hit.customer_id).await {
        Ok(customer) => customer,
        // Only for the score: the hit stands without it.
        Err(error) if matches!(error.code(), Code::ErpUnavailable | Code::ErpRejected | Code::ErpCircuitOpen) => None,
        Err(error) => return Err(error),
    };
    let provenance = customer.as_ref().map_or(provenance, |(_, from)| provenance.and(*from));
    Ok(vec![scored(fields, contract, customer.as_ref().map(|(customer, _)| customer), provenance)])
}

/// Contracts of the customers that a free text finds.
pub async fn search_by_text(lookup: &Lookup, q: &str) -> Result<Vec<Hit>> {
    let customers = customer::service::search(lookup, q, 10, 0).await?;
    let ids = customers.into_iter().flat_map(|(customer, _)| customer.contract_ids);
    let found: Vec<_> = stream::iter(ids).map(|id| async move { lookup.contract(&id).await }).buffered(PARALLEL).try_collect().await?;
    Ok(found.into_iter().flatten().map(|(contract, from)| scored(&Map::new(), contract, None, from)).collect())
}

fn scored(fields: &Map<String, Value>, contract: Contract, customer: Option<&Customer>, provenance: Provenance) -> Hit {
    let similarity = similarity(fields, &contract, customer);
    (ContractHit { id: contract.id.clone(), similarity, contract, stale: StaleMark::of(provenance) }, provenance)
}
