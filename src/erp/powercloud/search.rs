//! Searches: which parameters are sent, which rows count, and whether a contract fits what was asked for. Pure.

use serde_json::{Map, Value};

use super::{
    super::{Contract, Customer, ErpId, FieldMatch},
    address,
    row::{Row, Warnings},
};

/// Longest number that is tried as an id; ids are 64 bits wide.
const MAX_DIGITS: usize = 20;

/// Attributes with the names that settings give parameters for.
const ATTRIBUTES: [&str; 13] = [
    "contractId",
    "customerId",
    "firstname",
    "lastname",
    "fullname",
    "birthday",
    "company",
    "email",
    "phone",
    "meterNumber",
    "address",
    "postalCode",
    "city",
];

/// The id that a value of nothing but digits is.
pub fn number(value: Option<&Value>) -> Option<ErpId> {
    let text = text(value?)?;
    let digits = (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| ErpId::parse(&text).ok()).flatten()
}

/// Attributes to send, with our names.
pub fn query(fields: &Map<String, Value>) -> Vec<(&'static str, String)> {
    ATTRIBUTES.into_iter().filter_map(|name| Some((name, text(fields.get(name)?)?))).collect()
}

/// The one contract of a list; none when there are several, or when it has no customer.
pub fn only_match(rows: &[Map<String, Value>]) -> Option<FieldMatch> {
    let [row] = rows else { return None };
    let warnings = Warnings::default();
    let row = Row::new(row, &warnings);
    Some(FieldMatch {
        contract_id: row.id("id").or_else(|| row.id("contractId"))?,
        customer_id: row.id("customerId")?,
        customer_legitimation: None,
        customer_legitimation_message: None,
    })
}

/// Whether no attribute contradicts the contract and its customer. What neither of them knows cannot contradict.
pub fn fits(fields: &Map<String, Value>, contract: &Contract, customer: Option<&Customer>) -> bool {
    fields.iter().all(|(name, wanted)| {
        let Some(wanted) = text(wanted) else { return true };
        let known = known(name, contract, customer);
        known.is_empty() || known.iter().any(|known| is_same(name, known, &wanted))
    })
}

fn known(name: &str, contract: &Contract, customer: Option<&Customer>) -> Vec<String> {
    let extra = |key: &str| contract.extra.get(key).and_then(text);
    let own = match name {
        "contractId" => Some(contract.id.to_string()),
        "customerId" => contract.customer_id.as_ref().map(ToString::to_string),
        "firstname" => contract.firstname.clone(),
        "lastname" => contract.lastname.clone(),
        "fullname" => full_name(contract.firstname.as_deref(), contract.lastname.as_deref()),
        "company" => extra("company"),
        "email" => contract.email.clone(),
        "meterNumber" => contract.counter_number.clone(),
        "postalCode" => extra("zip"),
        _ => None,
    };
    let theirs = customer.and_then(|customer| match name {
        "customerId" => Some(customer.id.to_string()),
        "firstname" => customer.firstname.clone(),
        "lastname" => customer.lastname.clone(),
        "fullname" => full_name(customer.firstname.as_deref(), customer.lastname.as_deref()),
        "company" => customer.company.clone(),
        "email" => customer.email.clone(),
        _ => None,
    });
    own.into_iter().chain(theirs).collect()
}

fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    Some(format!("{} {}", first?, last?))
}

/// Meter numbers are compared without spaces, dashes and leading zeros, everything else without case and signs.
fn is_same(name: &str, one: &str, other: &str) -> bool {
    if name == "meterNumber" {
        let plain = |text: &str| {
            let text: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
            text.trim_start_matches('0').to_ascii_uppercase()
        };
        return plain(one) == plain(other);
    }
    address::is_same(one, other)
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn only_digits_are_a_number() {
        assert_eq!(number(Some(&json!(" 746839 "))), Some(ErpId::from(746_839)));
        assert_eq!(number(Some(&json!(746_839))), Some(ErpId::from(746_839)));
        for other in [json!("VN-1"), json!("7 8"), json!(""), json!(null), json!("9".repeat(21)), json!(-5)] {
            assert_eq!(number(Some(&other)), None, "{other}");
        }
    }

    #[test]
    fn several_rows_are_no_match() {
        let row = |id: i64| object(&json!({"id": id, "customerId": "9"}));
        assert_eq!(only_match(&[row(1)]).unwrap().customer_id, ErpId::from(9));
        assert_eq!(only_match(&[row(1), row(2)]), None);
        assert_eq!(only_match(&[object(&json!({"id": 1}))]), None);
    }

    #[test]
    fn a_contradiction_does_not_fit() {
        let contract: Contract =
            serde_json::from_value(json!({"id": 1, "customerId": 9, "lastname": "Doe", "counterNumber": "0001-ESY 7", "zip": "01067"}))
                .unwrap();
        let fits = |fields: Value| fits(&object(&fields), &contract, None);
        assert!(fits(json!({"contractId": "1", "lastname": "DOE", "meterNumber": "1esy7", "birthday": "1980-01-01", "ticketId": null})));
        for wrong in
            [json!({"lastname": "Smith"}), json!({"meterNumber": "2esy7"}), json!({"customerId": "8"}), json!({"postalCode": "1067"})]
        {
            assert!(!fits(wrong.clone()), "{wrong}");
        }
    }

    #[test]
    fn what_is_asked_for_is_sent() {
        let query = query(&object(&json!({"lastname": "Doe", "city": " ", "ticketId": 5, "postalCode": 1067})));
        assert_eq!(query, [("lastname", "Doe".to_owned()), ("postalCode", "1067".to_owned())]);
    }
}
