//! The adapter for Powercloud.
//!
//! What public clients show is fixed: the form of URL and credentials, the envelope, `getContractById`. What is inferred
//! or unknown is configuration ([`settings`]): names of functions and parameters, places of some fields, titles of states,
//! texts that mean "not found". An unknown contract is 200 with `success: false`; anything else that is no usable answer
//! is an error, so that trouble never looks like an unknown customer.

mod address;
pub mod client;
mod customer;
mod mapping;
mod preview;
mod price;
mod row;
mod search;
pub mod secret;
pub mod settings;
mod status;
mod wire;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{Capabilities, Contract, Customer, Erp, ErpError, ErpId, FieldMatch, Probe, SentRequest, guard::Guard};
use crate::outbound::{Outbound, OutboundResponse};
use client::{Call, Client};
use settings::PowercloudSettings;

/// Most customers that a search by text yields, whatever the upstream sends.
const MAX_HITS: u32 = 10;

/// Rows that a list is asked for at a time, as public clients do.
const PAGE: usize = 100;

/// Pages of a list that are read; a customer with more contracts is a mistake.
const MAX_PAGES: usize = 10;

/// Longest answer that is no JSON and still shown by a test of the connection.
const SHOWN_CHARS: usize = 1_000;

/// A tenant's Powercloud.
pub struct PowercloudErp {
    client: Client,
    today: NaiveDate,
}

impl PowercloudErp {
    /// Sends nothing. `today` is the present day in Germany: states and prices depend on it.
    pub const fn new(outbound: Arc<Outbound>, guard: Guard, settings: PowercloudSettings, today: NaiveDate) -> Self {
        Self { client: Client::new(settings, outbound, guard), today }
    }

    fn settings(&self) -> &PowercloudSettings {
        self.client.settings()
    }

    /// Whether the tenant's settings name a function for a call.
    fn has(&self, operation: &str) -> bool {
        !self.settings().functions.get(operation).is_empty()
    }

    /// A call; `query` has our names for the parameters.
    fn call(&self, operation: &'static str, query: &[(&str, String)]) -> Result<Call, ErpError> {
        let function = self.settings().functions.get(operation);
        if function.is_empty() {
            return Err(ErpError::Unsupported { operation });
        }
        let named = query.iter().map(|(name, value)| (self.settings().parameters.get(name).to_owned(), value.clone()));
        Ok(Call { function: function.to_owned(), query: named.filter(|(name, _)| !name.is_empty()).collect() })
    }

    fn contract_call(&self, id: &ErpId) -> Result<Call, ErpError> {
        self.call("contractById", &[("id", id.to_string())])
    }

    fn contract(&self, id: &ErpId, function: &str, data: Value) -> Result<Contract, ErpError> {
        mapping::contract(id, wire::one(function, data)?, self.settings(), self.today)
    }

    /// Every contract that Powercloud lists for a customer.
    async fn contracts_of(&self, id: &ErpId) -> Result<Vec<ErpId>, ErpError> {
        let mut found: Vec<ErpId> = Vec::new();
        for page in 0..MAX_PAGES {
            let query = [("customerId", id.to_string()), ("limit", PAGE.to_string()), ("offset", (page * PAGE).to_string())];
            let call = self.call("contractsByCustomer", &query)?;
            let rows = self.client.read(&call, |data| wire::rows(&call.function, data)).await?.unwrap_or_default();
            let before = found.len();
            for id in customer::contract_ids(&rows) {
                if !found.contains(&id) {
                    found.push(id);
                }
            }
            // A function that knows no offset sends the same page again.
            if rows.len() < PAGE || found.len() == before {
                break;
            }
        }
        Ok(found)
    }

    /// The contract with this number, if it is one and fits the other attributes.
    async fn search_by_number(&self, id: &ErpId, fields: &Map<String, Value>) -> Result<Option<FieldMatch>, ErpError> {
        let Some(contract) = self.contract_by_id(id).await? else { return Ok(None) };
        let Some(customer_id) = contract.customer_id.clone() else { return Ok(None) };
        let mut fits = search::fits(fields, &contract, None);
        if !fits && self.has("customerById") {
            // The partner of the contract may be somebody else than the customer.
            let customer = self.customer_record(&customer_id).await?;
            fits = customer.is_some_and(|customer| search::fits(fields, &contract, Some(&customer)));
        }
        Ok(fits.then_some(FieldMatch {
            contract_id: contract.id,
            customer_id,
            customer_legitimation: None,
            customer_legitimation_message: None,
        }))
    }

    /// A customer as its record has it.
    async fn customer_record(&self, id: &ErpId) -> Result<Option<Customer>, ErpError> {
        let call = self.call("customerById", &[("id", id.to_string())])?;
        let found = self.client.read(&call, |data| customer::customer(wire::rows(&call.function, data)?, self.settings())).await?;
        Ok(found.flatten())
    }
}

impl fmt::Debug for PowercloudErp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PowercloudErp").field("capabilities", &self.capabilities()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Erp for PowercloudErp {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            contract_by_id: self.has("contractById"),
            customer_by_id: self.has("customerById"),
            search_by_fields: self.has("searchByFields"),
            search_by_text: self.has("searchByText"),
        }
    }

    async fn contract_by_id(&self, id: &ErpId) -> Result<Option<Contract>, ErpError> {
        let call = self.contract_call(id)?;
        self.client.read(&call, |data| self.contract(id, &call.function, data)).await
    }

    async fn customer_by_id(&self, id: &ErpId) -> Result<Option<Customer>, ErpError> {
        let Some(mut customer) = self.customer_record(id).await? else { return Ok(None) };
        if self.has("contractsByCustomer") {
            for id in self.contracts_of(&customer.id).await? {
                if !customer.contract_ids.contains(&id) {
                    customer.contract_ids.push(id);
                }
            }
        } else if customer.contract_ids.is_empty() {
            customer::mark_incomplete(&mut customer);
        }
        Ok(Some(customer))
    }

    /// A contract number is looked up, which needs no search.
    async fn search_by_fields(&self, fields: &Map<String, Value>) -> Result<Option<FieldMatch>, ErpError> {
        const OPERATION: &str = "searchByFields";
        if let Some(id) = search::number(fields.get("contractId"))
            && self.has("contractById")
        {
            return self.search_by_number(&id, fields).await;
        }
        let call = self.call(OPERATION, &search::query(fields))?;
        if call.query.is_empty() {
            return Err(ErpError::Unsupported { operation: OPERATION });
        }
        let rows = self.client.read(&call, |data| wire::rows(&call.function, data)).await?.unwrap_or_default();
        Ok(search::only_match(&rows))
    }

    /// A number is tried as that of a contract, then of a customer, before the search that may not exist.
    async fn search_by_text(&self, q: &str, limit: u32, offset: u32) -> Result<Vec<ErpId>, ErpError> {
        if let Some(id) = search::number(Some(&Value::String(q.to_owned())))
            && offset == 0
        {
            if self.has("contractById")
                && let Some(customer_id) = self.contract_by_id(&id).await?.and_then(|contract| contract.customer_id)
            {
                return Ok(vec![customer_id]);
            }
            if self.has("customerById")
                && let Some(customer) = self.customer_record(&id).await?
            {
                return Ok(vec![customer.id]);
            }
        }
        let limit = limit.min(MAX_HITS);
        let query = [("q", q.to_owned()), ("limit", limit.to_string()), ("offset", offset.to_string())];
        let call = self.call("searchByText", &query)?;
        let rows = self.client.read(&call, |data| wire::rows(&call.function, data)).await?.unwrap_or_default();
        let mut ids = customer::customer_ids(&rows);
        ids.truncate(usize::try_from(limit).unwrap_or_default());
        Ok(ids)
    }

    async fn probe(&self, id: &ErpId) -> Probe {
        let call = match self.contract_call(id) {
            Ok(call) => call,
            Err(error) => return Probe { request: None, raw: None, result: Err(error) },
        };
        let raw = Mutex::new(None);
        let note = |response: &OutboundResponse| *raw.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.shown(response));
        let result = self.client.read_noting(&call, note, |data| self.contract(id, &call.function, data)).await;
        let request = self.client.shown(&call).map(|url| SentRequest { method: "GET".to_owned(), url });
        Probe { request, raw: raw.into_inner().unwrap_or_else(PoisonError::into_inner), result }
    }
}

impl PowercloudErp {
    /// An answer without what is secret, also one that is no JSON.
    fn shown(&self, response: &OutboundResponse) -> Value {
        let secrets = self.settings().secrets();
        if let Ok(body) = serde_json::from_slice(&response.body) {
            return secret::strip(body, &secrets);
        }
        let text = String::from_utf8_lossy(&response.body).into_owned();
        Value::String(secret::redact(text, &secrets).chars().take(SHOWN_CHARS).collect())
    }
}
