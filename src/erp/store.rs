//! The tenant's own contracts and customers, for tenants without an ERP that can be asked.
//!
//! They come from an import, which is part of a later release. Until then the store holds nothing: every look-up
//! answers that there is no such thing, which is the truth and not an error.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::{Capabilities, Contract, Customer, Erp, ErpError, ErpId, FieldMatch};

/// The adapter for `ErpSystem::Store`.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreErp;

#[async_trait]
impl Erp for StoreErp {
    fn capabilities(&self) -> Capabilities {
        Capabilities { contract_by_id: true, customer_by_id: true, search_by_fields: true, search_by_text: true }
    }

    async fn contract_by_id(&self, _id: &ErpId) -> Result<Option<Contract>, ErpError> {
        Ok(None)
    }

    async fn customer_by_id(&self, _id: &ErpId) -> Result<Option<Customer>, ErpError> {
        Ok(None)
    }

    async fn search_by_fields(&self, _fields: &Map<String, Value>) -> Result<Option<FieldMatch>, ErpError> {
        Ok(None)
    }

    async fn search_by_text(&self, _q: &str, _limit: u32, _offset: u32) -> Result<Vec<ErpId>, ErpError> {
        Ok(Vec::new())
    }
}
