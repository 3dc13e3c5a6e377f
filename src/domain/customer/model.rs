//! Answers about customers (`contract/customer-contract.md`).

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    domain::erp_cache::model::{Provenance, Source},
    erp::{Contract, Customer, ErpId},
};

/// A customer, and a mark where it is a stand-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerAnswer {
    /// The customer.
    #[serde(flatten)]
    #[schema(inline)]
    pub customer: Customer,
    /// Only there when the ERP has trouble and a stored copy stands in.
    #[serde(flatten)]
    #[schema(inline)]
    pub stale: StaleMark,
}

/// Says that an answer is a stored copy which stands in while the ERP has trouble. Absent from all other answers.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaleMark {
    /// True, or absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    pub is_stale: Option<bool>,
    /// Unix seconds at which the oldest part was fetched, or absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false)]
    pub fetched_at: Option<i64>,
}

impl StaleMark {
    /// The mark, where one is due.
    pub fn of(provenance: Provenance) -> Self {
        if provenance.source == Source::Stale {
            Self { is_stale: Some(true), fetched_at: Some(provenance.fetched_at.timestamp()) }
        } else {
            Self::default()
        }
    }
}

/// A customer of whom nothing is known but a contract, and says so.
pub fn of_contract(id: ErpId, contract: &Contract) -> Customer {
    let company = contract.extra.get("company").and_then(Value::as_str).map(str::to_owned);
    let mut additional_data = Map::new();
    for mark in ["contractsIncomplete", "fromContract"] {
        additional_data.insert(mark.to_owned(), Value::Bool(true));
    }
    Customer {
        id,
        email_matches: None,
        business: contract.business,
        company: company.filter(|_| contract.business),
        firstname: contract.firstname.clone(),
        lastname: contract.lastname.clone(),
        address: contract.delivery_address.clone(),
        phone: contract.phone.clone(),
        email: contract.email.clone(),
        tags: Vec::new(),
        contracts: Vec::new(),
        additional_data,
        contract_ids: Vec::new(),
    }
}

/// A hit of `GET /customer/search`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerHit {
    /// Customer number.
    pub id: ErpId,
    /// First name.
    #[schema(example = "Tom")]
    pub firstname: Option<String>,
    /// Last name.
    #[schema(example = "Mustermann")]
    pub lastname: Option<String>,
    /// Company, for a business.
    pub company: Option<String>,
    /// Address as the ERP formats it.
    #[schema(example = "Hugo-Junkers-Str. 5")]
    pub address: Option<String>,
    /// Digits with country code as a number where the ERP's text is a phone number, else its text.
    #[schema(value_type = Option<PhoneNumber>)]
    pub phone: Option<Value>,
    /// E-mail address on record.
    #[schema(example = "tom@mustermann.de")]
    pub email: Option<String>,
    /// Contracts of the customer.
    pub contract_ids: Vec<ErpId>,
    /// Only there when the ERP has trouble and a stored copy stands in.
    #[serde(flatten)]
    #[schema(inline)]
    pub stale: StaleMark,
}

/// A phone number: digits as a number, or a text that is none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum PhoneNumber {
    /// Country code and number, without `+`.
    Digits(i64),
    /// The ERP's text.
    Text(String),
}

impl From<(Customer, Provenance)> for CustomerHit {
    fn from((customer, provenance): (Customer, Provenance)) -> Self {
        Self {
            id: customer.id,
            firstname: customer.firstname,
            lastname: customer.lastname,
            company: customer.company,
            address: customer.address,
            phone: customer.phone,
            email: customer.email,
            contract_ids: customer.contract_ids,
            stale: StaleMark::of(provenance),
        }
    }
}
