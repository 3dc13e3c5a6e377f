//! The adapter for tenants who bring their own HTTP API: four calls with JSON in and out.
//!
//! Which calls exist, where and with which headers, is configuration ([`wire::Executor`]); the form of the answers is
//! fixed (`contract/webhook-erp.md`). "Not found" is 404, `{}`, `null` or an empty 204; everything else that is not a
//! usable answer is an error, so that trouble never looks like an unknown customer.

pub mod client;
pub mod field;
pub mod mapping;
mod payload;
pub mod template;
pub mod wire;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{
    Capabilities, Contract, Customer, Erp, ErpError, ErpId, FieldMatch,
    guard::{Failure, Guard, Retry},
    registry::ErpSettings,
};
use crate::outbound::Outbound;
use client::Call;
use wire::Executor;

/// Most customers that a search by text yields, whatever the upstream sends.
const MAX_HITS: u32 = 10;

/// A configured call, or why it cannot be made, or none.
type Slot = Option<Result<Call, ErpError>>;

/// A tenant's own API, behind the tenant's guard.
pub struct CustomErp {
    outbound: Arc<Outbound>,
    guard: Guard,
    contract_by_id: Slot,
    customer_by_id: Slot,
    search_by_fields: Slot,
    search_by_text: Slot,
}

impl CustomErp {
    /// Prepares the calls. A fault in one call's settings is reported when that call is made.
    pub fn new(outbound: Arc<Outbound>, guard: Guard, settings: &ErpSettings) -> Self {
        let slot = |operation, executor: &Option<Executor>| {
            executor.as_ref().map(|executor| Call::prepare(operation, executor, &settings.secrets))
        };
        Self {
            outbound,
            guard,
            contract_by_id: slot("contractById", &settings.contract_by_id),
            customer_by_id: slot("customerById", &settings.customer_by_id),
            search_by_fields: slot("searchByFields", &settings.search_by_fields),
            search_by_text: slot("searchByText", &settings.search_by_text),
        }
    }

    /// Makes one call within the limits of the guard; `use_answer` turns JSON into what was asked for.
    async fn ask<T: Send>(
        &self,
        operation: &'static str,
        slot: &Slot,
        input: Map<String, Value>,
        use_answer: impl Fn(Value) -> Result<T, ErpError> + Send + Sync,
    ) -> Result<T, ErpError> {
        let call = slot.as_ref().ok_or(ErpError::Unsupported { operation })?.as_ref().map_err(Clone::clone)?;
        let request = call.request(&input)?;
        let attempt = async || {
            let answer = call.try_once(&self.outbound, request.clone()).await?;
            use_answer(answer).map_err(|error| Failure { error, retry: Retry::Never })
        };
        self.guard.read(call.deadline(), attempt).await
    }
}

impl fmt::Debug for CustomErp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomErp").field("capabilities", &self.capabilities()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Erp for CustomErp {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            contract_by_id: self.contract_by_id.is_some(),
            customer_by_id: self.customer_by_id.is_some(),
            search_by_fields: self.search_by_fields.is_some(),
            search_by_text: self.search_by_text.is_some(),
        }
    }

    async fn contract_by_id(&self, id: &ErpId) -> Result<Option<Contract>, ErpError> {
        let input = object(json!({ "contractId": id }));
        self.ask("contractById", &self.contract_by_id, input, |answer| mapping::contract(id, answer)).await
    }

    async fn customer_by_id(&self, id: &ErpId) -> Result<Option<Customer>, ErpError> {
        let input = object(json!({ "customerId": id }));
        self.ask("customerById", &self.customer_by_id, input, mapping::customer).await
    }

    async fn search_by_fields(&self, fields: &Map<String, Value>) -> Result<Option<FieldMatch>, ErpError> {
        let mut input = fields.clone();
        input.entry("ticketId").or_insert(Value::Null);
        self.ask("searchByFields", &self.search_by_fields, input, mapping::field_match).await
    }

    async fn search_by_text(&self, q: &str, limit: u32, offset: u32) -> Result<Vec<ErpId>, ErpError> {
        let limit = limit.min(MAX_HITS);
        let input = object(json!({ "q": q, "limit": limit, "offset": offset }));
        let most = usize::try_from(limit).unwrap_or_default();
        self.ask("searchByText", &self.search_by_text, input, |answer| mapping::customer_ids(answer, most)).await
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
