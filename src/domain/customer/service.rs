//! Putting a customer together from several look-ups.

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::model;
use crate::{
    domain::erp_cache::{model::Provenance, service::Lookup},
    erp::{Contract, Customer, ErpError, ErpId},
    error::{Code, Error, Result},
};

/// Look-ups of one request that run at a time. The ERP's own limit is the tenant's setting.
pub const PARALLEL: usize = 8;

/// A customer with more contracts is a mistake of the ERP, and would be as many calls.
const MOST_CONTRACTS: usize = 1000;

/// The customer of a contract, with all contracts.
pub async fn by_contract(lookup: &Lookup, id: &ErpId) -> Result<(Customer, Provenance)> {
    let (contract, from) = lookup.contract(id).await?.ok_or_else(|| Error::not_found("Contract", id))?;
    let customer_id = contract
        .customer_id
        .clone()
        .ok_or_else(|| Error::not_found("Customer of contract", id).details("The ERP knows the contract, but no customer of it."))?;
    let (customer, provenance) = match lookup.customer(&customer_id).await {
        // An ERP whose customers cannot be read still says in the contract who the partner is.
        Err(error) if error.code() == Code::ErpUnsupported => (model::of_contract(customer_id, &contract), from),
        found => found?.ok_or_else(|| {
            Error::not_found("Customer", &customer_id).details(format!("The ERP names it as the customer of contract {id}."))
        })?,
    };
    with_contracts(lookup, customer, provenance.and(from), Some(contract)).await
}

/// A customer with all contracts.
pub async fn by_customer(lookup: &Lookup, id: &ErpId) -> Result<(Customer, Provenance)> {
    let (customer, provenance) = lookup.customer(id).await?.ok_or_else(|| Error::not_found("Customer", id))?;
    with_contracts(lookup, customer, provenance, None).await
}

/// Fills in the contracts, in the ERP's order; where the ERP cannot list them, the one that is `known`. One that the ERP lists and does not know is left out; one that it cannot
/// give right now fails the whole, because half a customer looks like a whole one.
async fn with_contracts(
    lookup: &Lookup,
    mut customer: Customer,
    mut provenance: Provenance,
    known: Option<Contract>,
) -> Result<(Customer, Provenance)> {
    let mut ids = std::mem::take(&mut customer.contract_ids);
    if ids.is_empty() {
        ids.extend(known.as_ref().map(|contract| contract.id.clone()));
    }
    if ids.len() > MOST_CONTRACTS {
        return Err(ErpError::BadPayload { reason: format!("it lists more than {MOST_CONTRACTS} contracts of one customer") }.into());
    }
    let known = known.as_ref();
    let found: Vec<_> = stream::iter(ids)
        .map(|id| async move {
            match known {
                Some(contract) if contract.id == id => Ok(Some((contract.clone(), None))),
                _ => Ok::<_, Error>(lookup.contract(&id).await?.map(|(contract, from)| (contract, Some(from)))),
            }
        })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    for (contract, from) in found.into_iter().flatten() {
        provenance = from.map_or(provenance, |from| provenance.and(from));
        customer.contracts.push(contract);
    }
    Ok((customer, provenance))
}

/// Customers by free text, each looked up, without contracts.
pub async fn search(lookup: &Lookup, q: &str, limit: u32, offset: u32) -> Result<Vec<(Customer, Provenance)>> {
    let ids = lookup.search_by_text(q, limit, offset).await?;
    let found: Vec<_> = stream::iter(ids).map(|id| async move { lookup.customer(&id).await }).buffered(PARALLEL).try_collect().await?;
    Ok(found.into_iter().flatten().take(limit as usize).collect())
}
