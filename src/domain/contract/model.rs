//! Answers about contracts, and how well a contract fits what was searched for.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    domain::customer::model::StaleMark,
    erp::{Contract, ErpId},
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
}

/// Compares what was searched for with what was found, by normalised Damerau-Levenshtein distance.
pub fn similarity(fields: &Map<String, Value>, contract: &Contract) -> u8 {
    let extra = |key: &str| contract.extra.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut scores = Vec::new();
    for (key, wanted) in fields {
        let Some(wanted) = wanted.as_str() else { continue };
        let found = match key.as_str() {
            "contractId" => Some(contract.id.to_string()),
            "firstname" => contract.firstname.clone(),
            "lastname" => contract.lastname.clone(),
            "fullname" => {
                Some([contract.firstname.as_deref(), contract.lastname.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" "))
            }
            "company" => extra("company"),
            "email" => contract.email.clone(),
            "meterNumber" => contract.counter_number.clone(),
            "address" => contract.delivery_address.clone(),
            "postalCode" => extra("zip"),
            _ => None,
        };
        if let Some(found) = found.filter(|text| !text.is_empty()) {
            scores.push(strsim::normalized_damerau_levenshtein(&fold(wanted), &fold(&found)));
        }
    }
    if scores.is_empty() {
        return 100;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a mean of at most twelve scores between 0 and 1"
    )]
    let percent = (scores.iter().sum::<f64>() / scores.len() as f64 * 100.0).round() as u8;
    percent
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
        assert_eq!(similarity(&fields(json!({"lastname": "DOE "})), &contract), 100);
        assert_eq!(similarity(&fields(json!({"birthday": "1980-01-01"})), &contract), 100);
        assert!((1..100).contains(&similarity(&fields(json!({"lastname": "Dow"})), &contract)));
    }
}
