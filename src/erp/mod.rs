//! The port to the systems that know contracts and customers, and its adapters.
//!
//! Nothing in here knows HTTP routes or SQL. An adapter turns one upstream protocol into [`Contract`] and
//! [`Customer`]; caching, staleness and the answer to the API's caller live in `domain::erp_cache`.

pub mod amount;
pub mod answer;
pub mod breaker;
pub mod custom;
pub mod energy;
pub mod guard;
pub mod id;
pub mod lynqtech;
pub mod model;
pub mod powercloud;
pub mod registry;
pub mod store;

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};

pub use amount::Amount;
pub use id::ErpId;
pub use model::{Contract, Customer};

/// What an adapter can be asked, as configured for this tenant. A call that is not supported answers
/// [`ErpError::Unsupported`], never a panic and never "not found".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four calls, each configured or not, in any combination")]
pub struct Capabilities {
    /// A contract by its id.
    pub contract_by_id: bool,
    /// A customer by its id.
    pub customer_by_id: bool,
    /// One contract by attributes such as meter number or name.
    pub search_by_fields: bool,
    /// Customers by free text.
    pub search_by_text: bool,
}

/// The one hit of a search by attributes (`contract/webhook-erp.md`, call C).
#[derive(Clone, Debug, PartialEq)]
pub struct FieldMatch {
    /// The contract found.
    pub contract_id: ErpId,
    /// The customer of that contract.
    pub customer_id: ErpId,
    /// Legitimation level the ERP itself claims (0 to 30), if it does.
    pub customer_legitimation: Option<u8>,
    /// Why the ERP claims it.
    pub customer_legitimation_message: Option<String>,
}

/// Everything that can go wrong with an upstream system. Closed on purpose: the API's answer is chosen by variant.
///
/// "Not found" is not an error: look-ups answer `Ok(None)`.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ErpError {
    /// The system refused our credentials (401, 403).
    #[error("the ERP refused the credentials")]
    Unauthorized,
    /// Another 4xx: the request as configured is wrong.
    #[error("the ERP rejected the request with status {status}")]
    Rejected {
        /// HTTP status of the upstream answer.
        status: u16,
    },
    /// 429, with the upstream's wish if it sent one.
    #[error("the ERP limits the rate of requests")]
    RateLimited {
        /// How long the upstream asks us to wait.
        retry_after: Option<Duration>,
    },
    /// No complete answer in time.
    #[error("the ERP did not answer within {} ms", .after.as_millis())]
    Timeout {
        /// The limit that passed.
        after: Duration,
    },
    /// Not reachable, or 5xx.
    #[error("the ERP is not available: {reason}")]
    Unavailable {
        /// Our own words, never the upstream's body or a URL with credentials.
        reason: String,
    },
    /// An answer that is not JSON or lacks what is mandatory.
    #[error("the ERP sent an answer that cannot be used: {reason}")]
    BadPayload {
        /// Which part is wrong, by JSON path.
        reason: String,
    },
    /// The circuit breaker of this tenant and system is open.
    #[error("calls to the ERP are paused after repeated failures")]
    CircuitOpen {
        /// When the next try is allowed.
        retry_after: Duration,
    },
    /// The adapter, as configured, has no such call.
    #[error("this ERP connection does not support {operation}")]
    Unsupported {
        /// `contractById`, `customerById`, `searchByFields` or `searchByText`.
        operation: &'static str,
    },
    /// The tenant's settings do not add up (missing URL, unknown secret, address that the guard refuses).
    #[error("the ERP connection is not configured correctly: {reason}")]
    Misconfigured {
        /// What to change, naming the setting; no secret values.
        reason: String,
    },
}

impl ErpError {
    /// Whether a stored copy may stand in, marked as stale: the system has trouble rather than the settings.
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Timeout { .. }
                | Self::Unavailable { .. }
                | Self::BadPayload { .. }
                | Self::CircuitOpen { .. }
                | Self::Unauthorized
                | Self::Rejected { .. }
        )
    }
}

/// A request as it may be shown: no credential in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRequest {
    /// HTTP method.
    pub method: String,
    /// Address, with credentials redacted.
    pub url: String,
}

/// What a test of a connection shows: one look-up of a contract, step by step.
#[derive(Debug)]
pub struct Probe {
    /// What was sent, where the adapter can show it.
    pub request: Option<SentRequest>,
    /// What came back, credentials taken out; also where it cannot be used.
    pub raw: Option<Value>,
    /// What became of it.
    pub result: Result<Option<Contract>, ErpError>,
}

/// A system that knows contracts and customers.
///
/// `Ok(None)` and an empty list mean the system answered and has no such thing. Everything else is an [`ErpError`].
#[async_trait]
pub trait Erp: Send + Sync {
    /// What this connection can be asked.
    fn capabilities(&self) -> Capabilities;

    /// One contract, with `raw_data` set to the upstream answer.
    async fn contract_by_id(&self, id: &ErpId) -> Result<Option<Contract>, ErpError>;

    /// One customer with the ids of its contracts; [`Customer::contracts`] is left empty.
    async fn customer_by_id(&self, id: &ErpId) -> Result<Option<Customer>, ErpError>;

    /// At most one contract that fits the attributes (keys as in `contract/webhook-erp.md`, call C).
    async fn search_by_fields(&self, fields: &Map<String, Value>) -> Result<Option<FieldMatch>, ErpError>;

    /// Ids of at most ten customers.
    async fn search_by_text(&self, q: &str, limit: u32, offset: u32) -> Result<Vec<ErpId>, ErpError>;

    /// Looks a contract up and shows how. Asked by administrators who set the connection up.
    async fn probe(&self, id: &ErpId) -> Probe {
        let result = self.contract_by_id(id).await;
        let raw = result.as_ref().ok().and_then(|found| found.as_ref()).and_then(|contract| contract.raw_data.clone());
        Probe { request: None, raw, result }
    }
}
