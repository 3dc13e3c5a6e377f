//! Who reports, about what, and what is kept of it.

pub mod extract;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

pub use extract::{IdKeys, Ids};

use crate::erp::ErpId;

/// A system that reports changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Powercloud.
    Powercloud,
    /// LynqTech.
    LynqTech,
}

impl System {
    /// The name in the database and in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Powercloud => "powercloud",
            Self::LynqTech => "lynqTech",
        }
    }

    /// The setting that says how its reports are authenticated.
    pub const fn auth_setting(self) -> &'static str {
        match self {
            Self::Powercloud => "powercloudWebhookAuth",
            Self::LynqTech => "lynqtechWebhookAuth",
        }
    }

    /// Where it reports to.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Powercloud => "api/mind/webhook/powercloud",
            Self::LynqTech => "api/mind/webhook/lynqtech",
        }
    }
}

/// What is to be fetched again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "camelCase")]
pub enum Entity {
    /// A contract.
    Contract(ErpId),
    /// A customer.
    Customer(ErpId),
}

impl Entity {
    /// Names it within the tenant.
    pub fn key(&self) -> String {
        match self {
            Self::Contract(id) => format!("contract:{id}"),
            Self::Customer(id) => format!("customer:{id}"),
        }
    }
}

/// How long the same body counts as the same report, as long as nothing was fetched for it yet.
pub const SAME_FOR: Duration = Duration::hours(24);
/// How long reports are kept that are done.
pub const KEPT: Duration = Duration::days(7);

/// A report about to be kept.
#[derive(Debug)]
pub struct Report {
    /// Who reports.
    pub system: System,
    /// Hash of system and body.
    pub digest: Vec<u8>,
    /// About what.
    pub ids: Ids,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

impl Report {
    /// Reads a body.
    pub fn read(system: System, body: &[u8], keys: &IdKeys, received_at: DateTime<Utc>) -> Self {
        let digest = Sha256::new().chain_update(system.as_str()).chain_update([0]).chain_update(body).finalize().to_vec();
        Self { system, digest, ids: Ids::of(body, keys), received_at }
    }

    /// Pairs of contract and customer, one for each thing to be fetched. A customer beside contracts says whose they are;
    /// several are things of their own.
    pub fn pairs(&self) -> Vec<(Option<&str>, Option<&str>)> {
        let Ids { contracts, customers } = &self.ids;
        let of = match (contracts.is_empty(), customers.as_slice()) {
            (false, [one]) => Some(one.as_str()),
            _ => None,
        };
        let by_contract = contracts.iter().map(|contract| (Some(contract.as_str()), of));
        let by_customer = customers.iter().filter(|_| of.is_none()).map(|customer| (None, Some(customer.as_str())));
        by_contract.chain(by_customer).collect()
    }
}

/// A report that a run has taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Its id.
    pub id: i64,
    /// Who reported.
    pub system: String,
}

/// Something that could not be fetched for about a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// Its id.
    #[schema(example = 17)]
    pub id: i64,
    /// The contract to be fetched; null for a customer.
    #[schema(value_type = Option<String>, example = "746839")]
    pub contract_id: Option<ErpId>,
    /// The customer to be fetched; null for a contract.
    #[schema(value_type = Option<String>)]
    pub customer_id: Option<ErpId>,
    /// Tries.
    #[schema(example = 33)]
    pub attempts: i32,
    /// What the last one failed with.
    #[schema(example = "the ERP did not answer within 10000 ms")]
    pub error: Option<String>,
    /// When it was given up, in unix seconds.
    #[schema(example = 1_768_325_331)]
    pub failed_at: i64,
    /// Reports that wait for it.
    #[schema(example = 5)]
    pub reports: i64,
    /// When the first of them came, in unix seconds; null when none waits any more.
    #[schema(example = 1_768_240_000)]
    pub first_received_at: Option<i64>,
}
