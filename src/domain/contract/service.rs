//! Finding contracts.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value};

use super::model::{ContractHit, similarity};
use crate::{
    domain::{
        customer::{self, service::PARALLEL},
        erp_cache::service::Lookup,
    },
    erp::Contract,
    error::Result,
};

/// The one contract that fits the attributes, if any.
pub async fn search_by_fields(lookup: &Lookup, fields: &Map<String, Value>) -> Result<Vec<ContractHit>> {
    let Some(hit) = lookup.search_by_fields(fields).await? else { return Ok(Vec::new()) };
    let found = lookup.contract(&hit.contract_id).await?;
    Ok(found.into_iter().map(|(contract, _)| scored(fields, contract)).collect())
}

/// Contracts of the customers that a free text finds.
pub async fn search_by_text(lookup: &Lookup, q: &str) -> Result<Vec<ContractHit>> {
    let customers = customer::service::search(lookup, q, 10, 0).await?;
    let ids = customers.into_iter().flat_map(|customer| customer.contract_ids);
    let found: Vec<_> = stream::iter(ids).map(|id| async move { lookup.contract(&id).await }).buffered(PARALLEL).try_collect().await?;
    Ok(found.into_iter().flatten().map(|(contract, _)| scored(&Map::new(), contract)).collect())
}

fn scored(fields: &Map<String, Value>, contract: Contract) -> ContractHit {
    ContractHit { id: contract.id.clone(), similarity: similarity(fields, &contract), contract }
}
