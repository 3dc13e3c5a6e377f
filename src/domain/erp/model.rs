//! What a test of the connection shows.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    erp::{self, Contract, Customer, registry::ErpSystem},
    error::{Code, Error},
};

/// One look-up of a contract and its customer, step by step.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErpTest {
    /// Whether the ERP gave usable answers. That it has no such contract is one.
    pub success: bool,
    /// The system in the settings.
    pub system: ErpSystem,
    /// What the connection can be asked; null when the settings do not add up.
    pub capabilities: Option<ErpCapabilities>,
    /// What was sent to find the contract; null for systems that do not show it.
    pub request: Option<ErpRequest>,
    /// What came back, without credentials; a text when it is no JSON.
    #[schema(value_type = Option<Value>)]
    pub raw: Option<Value>,
    /// What became of it.
    pub contract: Option<Contract>,
    /// The contract's customer, without contracts.
    pub customer: Option<Customer>,
    /// What is odd, missing or not shown.
    pub warnings: Vec<String>,
    /// Why there is no usable answer.
    pub error: Option<ErpTestError>,
}

/// What a connection can be asked.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "four calls, each there or not")]
pub struct ErpCapabilities {
    /// A contract by its id.
    contract_by_id: bool,
    /// A customer by its id.
    customer_by_id: bool,
    /// One contract by attributes.
    search_by_fields: bool,
    /// Customers by free text.
    search_by_text: bool,
}

impl From<erp::Capabilities> for ErpCapabilities {
    fn from(capabilities: erp::Capabilities) -> Self {
        Self {
            contract_by_id: capabilities.contract_by_id,
            customer_by_id: capabilities.customer_by_id,
            search_by_fields: capabilities.search_by_fields,
            search_by_text: capabilities.search_by_text,
        }
    }
}

/// A request as it may be shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErpRequest {
    /// HTTP method.
    #[schema(example = "GET")]
    pub method: String,
    /// Address; what is secret in it is `***`.
    #[schema(example = "https://app.example.com/rest:client/***/getContractById?id=746839")]
    pub url: String,
}

impl From<erp::SentRequest> for ErpRequest {
    fn from(request: erp::SentRequest) -> Self {
        Self { method: request.method, url: request.url }
    }
}

/// Why a look-up failed, as another request would be told.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErpTestError {
    /// The problem, for programs.
    pub code: Code,
    /// The problem, for people.
    #[schema(example = "the ERP refused the credentials")]
    pub message: String,
}

impl From<erp::ErpError> for ErpTestError {
    fn from(error: erp::ErpError) -> Self {
        let message = error.to_string();
        Self { code: Error::from(error).code(), message }
    }
}

impl ErpTest {
    /// A test that has not got anywhere yet.
    pub const fn of(system: ErpSystem) -> Self {
        Self {
            success: false,
            system,
            capabilities: None,
            request: None,
            raw: None,
            contract: None,
            customer: None,
            warnings: Vec::new(),
            error: None,
        }
    }

    /// Adds the warnings that an adapter put beside the data.
    pub fn warn_of(&mut self, extra: &Map<String, Value>, whose: &str) {
        let noted = extra.get("warnings").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        self.warnings.extend(noted.map(|text| format!("{whose}: {text}")));
    }

    /// Takes out what somebody may not see who may change settings and not read contracts.
    pub fn hide_data(&mut self) {
        let hidden = self.raw.take().is_some() | self.contract.take().is_some() | self.customer.take().is_some();
        if hidden {
            self.warnings.push("raw, contract and customer are for those with the permission readContract".to_owned());
        }
    }
}
