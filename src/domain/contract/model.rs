//! Answers about contracts, and how well a contract fits what was searched for.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    domain::customer::model::StaleMark,
    erp::{Contract, Customer, ErpId},
};

/// A contract, and a mark where it is a stand-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContractAnswer {
    /// The contract.
    #[serde(flatten)]
    #[schema(inline)]
    pub contract: Contract,
    /// Only there when the ERP has trouble and a stored copy stands in.
    #[serde(flatten)]
    #[schema(inline)]
    pub stale: StaleMark,
}

/// A hit of `GET /contract/search`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContractHit {
    /// Contract number.
    pub id: ErpId,
    /// How well the contract fits, 0 to 100: the mean over the attributes that can be compared, 100 where none can,
    /// because the ERP itself vouches for the hit.
    #[schema(example = 100, minimum = 0, maximum = 100)]
    pub similarity: u8,
    /// The contract.
    pub contract: Contract,
    /// Only there when the ERP has trouble and a stored copy stands in.
    #[serde(flatten)]
    #[schema(inline)]
    pub stale: StaleMark,
}

/// Compares what was searched for with what was found, by normalised Damerau-Levenshtein distance. An attribute may be
/// the contract's or its customer's; the one that fits better counts.
pub fn similarity(fields: &Map<String, Value>, contract: &Contract, customer: Option<&Customer>) -> u8 {
    let mut scores = Vec::new();
    for (key, wanted) in fields {
        let Some(wanted) = wanted.as_str() else { continue };
        let found = [contract_attribute(key, contract), customer.and_then(|customer| customer_attribute(key, customer))];
        let found = found.iter().flatten().filter(|text| !text.is_empty());
        scores.extend(found.map(|found| strsim::normalized_damerau_levenshtein(&fold(wanted), &fold(found))).reduce(f64::max));
    }
    if scores.is_empty() {
        return 100;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a mean of at most thirteen scores between 0 and 1"
    )]
    let percent = (scores.iter().sum::<f64>() / scores.len() as f64 * 100.0).round() as u8;
    percent
}

fn contract_attribute(key: &str, contract: &Contract) -> Option<String> {
    let extra = |key: &str| contract.extra.get(key).and_then(Value::as_str).map(str::to_owned);
    match key {
        "contractId" => Some(contract.id.to_string()),
        "customerId" => contract.customer_id.as_ref().map(ToString::to_string),
        "firstname" => contract.firstname.clone(),
        "lastname" => contract.lastname.clone(),
        "fullname" => Some(full_name(contract.firstname.as_deref(), contract.lastname.as_deref())),
        "company" => extra("company"),
        "email" => contract.email.clone(),
        "meterNumber" => contract.counter_number.clone(),
        "address" => contract.delivery_address.clone(),
        "postalCode" => extra("zip"),
        _ => None,
    }
}

fn customer_attribute(key: &str, customer: &Customer) -> Option<String> {
    match key {
        "customerId" => Some(customer.id.to_string()),
        "firstname" => customer.firstname.clone(),
        "lastname" => customer.lastname.clone(),
        "fullname" => Some(full_name(customer.firstname.as_deref(), customer.lastname.as_deref())),
        "company" => customer.company.clone(),
        "email" => customer.email.clone(),
        "address" => customer.address.clone(),
        _ => None,
    }
}

fn full_name(first: Option<&str>, last: Option<&str>) -> String {
    [first, last].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Case and spacing are no difference.
fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn compares_what_can_be_compared() {
        let contract: Contract = serde_json::from_value(json!({"id": 1, "lastname": "Doe", "counterNumber": "1ESY1160669167"})).unwrap();
        let fields = |value: Value| value.as_object().cloned().unwrap();
        assert_eq!(similarity(&fields(json!({"lastname": "DOE "})), &contract, None), 100);
        assert_eq!(similarity(&fields(json!({"birthday": "1980-01-01"})), &contract, None), 100);
        assert!((1..100).contains(&similarity(&fields(json!({"lastname": "Dow"})), &contract, None)));
    }
}
