//! Customers, and the ids in lists. Pure.

use serde_json::{Map, Value, json};

use super::{
    super::{Customer, ErpError, ErpId},
    address, mapping,
    row::{Row, Warnings},
    secret,
    settings::PowercloudSettings,
    wire::bad,
};

/// Keys of the record that are passed on, with the names they get.
const PASSED_ON: [(&str, &str); 8] = [
    ("salutation", "salutation"),
    ("title", "title"),
    ("dateOfBirth", "birthday"),
    ("externalId", "externalId"),
    ("insolvencyStatus", "insolvencyStatus"),
    ("mandateId", "mandateId"),
    ("mandateSignatureOn", "mandateSignatureOn"),
    ("debitMandate", "debitMandate"),
];

/// A customer from the versions of its record: the newest that is in force. Its id may differ from the one asked for,
/// because an instance may know a customer by several.
pub fn customer(rows: Vec<Map<String, Value>>, settings: &PowercloudSettings) -> Result<Option<Customer>, ErpError> {
    let function = settings.functions.get("customerById");
    let Some(row) = in_force(rows) else { return Ok(None) };
    let record = secret::strip(Value::Object(row), &settings.secrets());
    let Value::Object(fields) = &record else { return Err(bad(function, "the row is no object")) };
    let warnings = Warnings::default();
    let k = Row::new(fields, &warnings);
    let id = k.id("customerId").or_else(|| k.id("id")).ok_or_else(|| bad(function, "`customerId` and `id` are missing"))?;
    let company = k.text("company");
    let business = k.flag("business").unwrap_or(company.is_some());
    let lastname = k.first_text(&["surname", "lastname"]);
    if lastname.is_none() && !business {
        warnings.add("surname is missing");
    }
    let mut additional_data = Map::new();
    for (key, name) in PASSED_ON {
        if let Some(value) = k.value(key).filter(|value| !value.as_str().is_some_and(|text| text.starts_with("0000-00-00"))) {
            additional_data.insert(name.to_owned(), value.clone());
        }
    }
    let mut contract_ids: Vec<ErpId> = Vec::new();
    for id in k.rows("contracts").iter().filter_map(|row| row.id("id")).chain(plain_ids(k)) {
        if !contract_ids.contains(&id) {
            contract_ids.push(id);
        }
    }
    let customer = Customer {
        id,
        email_matches: None,
        business,
        company: company.filter(|_| business),
        firstname: k.first_text(&["firstname", "firstName"]),
        lastname,
        address: address::line(k, "", true),
        phone: mapping::phone(k),
        email: k.first_text(&["emailPrivate", "emailBusiness", "email"]).map(|email| mapping::plain_email(&email)),
        tags: Vec::new(),
        contracts: Vec::new(),
        additional_data,
        contract_ids,
    };
    Ok(Some(noting(customer, warnings)))
}

fn noting(mut customer: Customer, warnings: Warnings) -> Customer {
    let warnings = warnings.into_vec();
    if !warnings.is_empty() {
        customer.additional_data.insert("warnings".to_owned(), json!(warnings));
    }
    customer
}

/// Says that the contracts of a customer are not all there are, because this connection cannot list them.
pub fn mark_incomplete(customer: &mut Customer) {
    customer.additional_data.insert("contractsIncomplete".to_owned(), Value::Bool(true));
}

/// Ids in a list of contracts, each once.
pub fn contract_ids(rows: &[Map<String, Value>]) -> Vec<ErpId> {
    distinct(rows, &["id", "contractId"])
}

/// Ids in a list of customers or contracts, each once. A version of a record has an `id` of its own.
pub fn customer_ids(rows: &[Map<String, Value>]) -> Vec<ErpId> {
    distinct(rows, &["customerId", "id"])
}

fn distinct(rows: &[Map<String, Value>], keys: &[&str]) -> Vec<ErpId> {
    let warnings = Warnings::default();
    let mut ids: Vec<ErpId> = Vec::new();
    for row in rows {
        let row = Row::new(row, &warnings);
        if let Some(id) = keys.iter().find_map(|key| row.id(key))
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
    ids
}

/// Ids in a list of nothing but ids.
fn plain_ids(k: Row<'_>) -> impl Iterator<Item = ErpId> {
    let items = k.value("contractIds").and_then(Value::as_array).cloned().unwrap_or_default();
    items.into_iter().filter_map(|item| {
        let item = Map::from_iter([("id".to_owned(), item)]);
        Row::new(&item, &Warnings::default()).id("id")
    })
}

fn in_force(rows: Vec<Map<String, Value>>) -> Option<Map<String, Value>> {
    let warnings = Warnings::default();
    let rank = |fields: &Map<String, Value>| {
        let row = Row::new(fields, &warnings);
        (row.flag("deprecated") != Some(true), row.int("version").unwrap_or_default())
    };
    rows.into_iter().max_by_key(|row| rank(row))
}

#[cfg(test)]
mod tests {
    use super::{super::settings::Key, *};

    fn map(rows: &Value) -> Customer {
        let settings = PowercloudSettings::new("app.example.com", Key::parse("h4sh:ada:password").unwrap());
        let rows = rows.as_array().unwrap().iter().map(|row| row.as_object().unwrap().clone()).collect();
        customer(rows, &settings).unwrap().unwrap()
    }

    #[test]
    fn the_version_in_force_counts() {
        let customer = map(&json!([
            {"customerId": 7, "version": 1, "deprecated": "1", "surname": "Old"},
            {"customerId": 7, "version": 3, "deprecated": 0, "surname": "Beispiel", "firstname": "Erika", "business": 0,
             "street": "Lindenallee", "houseNumber": "12a", "zip": 1067, "city": "Dresden", "emailPrivate": "", "emailBusiness": "e@EXAMPLE.com",
             "phoneMobile": "1041689", "phoneMobileAreaCode": "0172", "dateOfBirth": "1980-01-31", "mandateSignatureOn": "0000-00-00"},
            {"customerId": 7, "version": 2, "deprecated": 0, "surname": "Older"},
        ]));
        assert_eq!(customer.lastname.as_deref(), Some("Beispiel"));
        assert_eq!(customer.address.as_deref(), Some("Lindenallee 12a, 01067 Dresden"));
        assert_eq!(customer.email.as_deref(), Some("e@example.com"));
        assert_eq!(customer.phone, Some(json!(491_721_041_689_i64)));
        assert_eq!(Value::Object(customer.additional_data), json!({"birthday": "1980-01-31"}));
    }

    #[test]
    fn contracts_in_the_record_are_taken() {
        let customer = map(&json!([{"id": "K7", "surname": "B", "contracts": [{"id": 1}, {"id": "2"}], "contractIds": [2, "VN-3"]}]));
        assert_eq!(customer.contract_ids, [ErpId::from(1), ErpId::from(2), ErpId::parse("VN-3").unwrap()]);
    }

    #[test]
    fn lists_name_each_once() {
        let rows: Vec<_> = [json!({"id": 1, "customerId": 9}), json!({"id": 2, "customerId": "9"}), json!({"id": 3})]
            .iter()
            .map(|row| row.as_object().unwrap().clone())
            .collect();
        assert_eq!(customer_ids(&rows), [ErpId::from(9), ErpId::from(3)]);
        assert_eq!(contract_ids(&rows), [ErpId::from(1), ErpId::from(2), ErpId::from(3)]);
    }
}
