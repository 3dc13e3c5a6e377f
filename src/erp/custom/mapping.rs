//! From the answers of the custom API to the API's own form. Pure.

use serde_json::Value;

use super::{
    super::{
        Contract, Customer, ErpError, ErpId, FieldMatch,
        model::{ErpUrl, TabPreview},
    },
    field,
    payload::{bad, is_nothing, read, read_object},
    wire::{ContractAnswer, CustomerAnswer, ErpUrlAnswer, FieldMatchAnswer, TextMatchAnswer},
};

/// Highest legitimation level an ERP can claim.
const MAX_LEGITIMATION: u8 = 30;

/// Keys of answer B that have a source of their own and must not come back as additional data.
const OWN_KEYS: [&str; 3] = ["contracts", "emailMatches", "rawData"];

/// Answer A as a contract; none for `{}` and `null`. An answer about another contract than `asked` is unusable.
pub fn contract(asked: &ErpId, raw: Value) -> Result<Option<Contract>, ErpError> {
    const CALL: &str = "contractById";
    if is_nothing(&raw) {
        return Ok(None);
    }
    let answer: ContractAnswer = read_object(CALL, &raw)?;
    if answer.id != *asked {
        return Err(bad(CALL, "id", "is not the id asked for"));
    }
    let mut extra = answer.extra;
    let has_company = match extra.get("company") {
        None | Some(Value::Null) => false,
        Some(Value::String(_)) => true,
        Some(_) => return Err(bad(CALL, "company", "has a wrong type or value")),
    };
    check_names(CALL, answer.business, answer.lastname.is_some(), has_company)?;
    extra.remove("rawData");
    let word = answer.energy;
    let energy = word.as_deref().and_then(known_energy);
    if let (None, Some(word)) = (energy, &word) {
        extra.insert("energyRaw".to_owned(), Value::String(word.clone()));
    }
    let tab_preview = answer.tab_preview.or_else(|| tab_preview(answer.status.as_deref(), energy.or(word.as_deref())));
    Ok(Some(Contract {
        id: answer.id,
        order_id: answer.order_id,
        tenant: answer.tenant,
        customer_id: answer.customer_id,
        signup_date: answer.signup_date,
        status: answer.status,
        status_code: answer.status_code,
        status_code_title: answer.status_code_title,
        energy: energy.map(str::to_owned),
        energy_type_id: answer.energy_type_id,
        energy_sub_type_id: answer.energy_sub_type_id,
        email: answer.email,
        firstname: answer.firstname,
        lastname: answer.lastname,
        delivery_address: answer.delivery_address,
        iban: answer.iban.map(|iban| iban.split_whitespace().collect::<String>().to_uppercase()),
        monthly_deposit: answer.monthly_deposit,
        start_date: answer.start_date,
        end_date: answer.end_date,
        consumption: answer.consumption,
        counter_number: answer.counter_number,
        product_id: answer.product_id,
        product_name: answer.product_name,
        product_code: answer.product_code,
        campaign_id: answer.campaign_id,
        sales_channel_id: answer.sales_channel_id,
        unpaid_debt: answer.unpaid_debt,
        vat_rate: answer.vat_rate,
        base_price: answer.base_price,
        working_price: answer.working_price,
        billing_address: answer.billing_address,
        business: answer.business,
        phone: answer.phone.map(field::phone),
        grid_operator_name: answer.grid_operator_name,
        grid_operator_code: answer.grid_operator_code.map(field::numeric_code),
        registers: answer.registers.into_iter().map(Value::Object).collect(),
        erp_urls: answer.erp_urls.into_iter().map(erp_url).collect(),
        agent_preview: answer.agent_preview,
        tab_preview,
        extra,
        raw_data: Some(raw),
    }))
}

/// Answer B as a customer without contracts but with their ids; none for `{}` and `null`. Its id may differ from the
/// one asked for, because an ERP may know a customer by several.
pub fn customer(raw: Value) -> Result<Option<Customer>, ErpError> {
    const CALL: &str = "customerById";
    if is_nothing(&raw) {
        return Ok(None);
    }
    let answer: CustomerAnswer = read_object(CALL, &raw)?;
    drop(raw);
    check_names(CALL, answer.business, answer.lastname.is_some(), answer.company.is_some())?;
    if answer.contract_ids.is_empty() {
        return Err(bad(CALL, "contractIds", "must name at least one contract"));
    }
    let mut additional_data = answer.extra;
    for key in OWN_KEYS {
        additional_data.remove(key);
    }
    let address = if answer.address.is_some() {
        // The address shown is another one, so this is still news.
        if let Some(delivery) = answer.delivery_address {
            additional_data.insert("deliveryAddress".to_owned(), Value::String(delivery));
        }
        answer.address
    } else {
        answer.delivery_address
    };
    additional_data.extend(answer.additional_data.unwrap_or_default());
    Ok(Some(Customer {
        id: answer.id,
        email_matches: None,
        business: answer.business,
        company: answer.company,
        firstname: answer.firstname,
        lastname: answer.lastname,
        address,
        phone: answer.phone.map(field::phone),
        email: answer.email,
        tags: answer.tags,
        contracts: Vec::new(),
        additional_data,
        contract_ids: distinct(answer.contract_ids.into_iter()).collect(),
    }))
}

/// Answer C; none for `{}`, `null` and an object of nothing but nulls.
pub fn field_match(raw: Value) -> Result<Option<FieldMatch>, ErpError> {
    const CALL: &str = "searchByFields";
    if is_nothing(&raw) || raw.as_object().is_some_and(|map| map.values().all(Value::is_null)) {
        return Ok(None);
    }
    let answer: FieldMatchAnswer = read_object(CALL, &raw)?;
    drop(raw);
    if answer.customer_legitimation.is_some_and(|level| level > MAX_LEGITIMATION) {
        return Err(bad(CALL, "customerLegitimation", "must be between 0 and 30"));
    }
    Ok(Some(FieldMatch {
        contract_id: answer.contract_id,
        customer_id: answer.customer_id,
        customer_legitimation: answer.customer_legitimation,
        customer_legitimation_message: answer.customer_legitimation_message,
    }))
}

/// Answer D: the first `most` different customers in the order of the upstream; `{}` and `null` are no hits.
pub fn customer_ids(raw: Value, most: usize) -> Result<Vec<ErpId>, ErpError> {
    if is_nothing(&raw) {
        return Ok(Vec::new());
    }
    let hits: Vec<TextMatchAnswer> = read("searchByText", &raw)?;
    drop(raw);
    Ok(distinct(hits.into_iter().map(|hit| hit.id)).take(most).collect())
}

/// A private person has a last name, a business a company.
fn check_names(call: &str, business: bool, has_lastname: bool, has_company: bool) -> Result<(), ErpError> {
    if !business && !has_lastname {
        return Err(bad(call, "lastname", "may be missing or null for a business only"));
    }
    if business && !has_company {
        return Err(bad(call, "company", "may be missing or null for a private person only"));
    }
    Ok(())
}

fn known_energy(word: &str) -> Option<&'static str> {
    ["electricity", "gas"].into_iter().find(|known| word.trim().eq_ignore_ascii_case(known))
}

/// The tab of a contract whose ERP names none: colour by state, icon by commodity.
fn tab_preview(status: Option<&str>, commodity: Option<&str>) -> Option<TabPreview> {
    let color = match status? {
        "active" => "green",
        "pending" => "yellow",
        "terminating" => "orange",
        "ended" => "grey",
        "blocked" => "red",
        _ => return None,
    };
    Some(TabPreview { color: color.to_owned(), icon: commodity?.to_owned() })
}

fn erp_url(answer: ErpUrlAnswer) -> ErpUrl {
    ErpUrl { url: answer.url, logo: answer.logo.or(answer.icon) }
}

fn distinct(ids: impl Iterator<Item = ErpId>) -> impl Iterator<Item = ErpId> {
    let mut seen = std::collections::HashSet::new();
    ids.filter(move |id| seen.insert(id.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn smallest() -> Value {
        json!({"id": "VN-1", "customerId": "C-1", "business": false, "lastname": "Smith"})
    }

    fn with(key: &str, value: Value) -> Value {
        let mut answer = smallest();
        answer[key] = value;
        answer
    }

    fn without(key: &str) -> Value {
        let mut answer = smallest();
        answer.as_object_mut().unwrap().remove(key);
        answer
    }

    fn map(answer: Value) -> Contract {
        contract(&ErpId::parse("VN-1").unwrap(), answer).unwrap().unwrap()
    }

    fn fault(answer: Value) -> String {
        contract(&ErpId::parse("VN-1").unwrap(), answer).unwrap_err().to_string()
    }

    #[test]
    fn nothing_is_not_found() {
        let id = ErpId::from(1);
        for nothing in [json!({}), Value::Null] {
            assert_eq!(contract(&id, nothing.clone()), Ok(None));
            assert_eq!(customer(nothing.clone()), Ok(None));
            assert_eq!(field_match(nothing.clone()), Ok(None));
            assert_eq!(customer_ids(nothing, 10), Ok(vec![]));
        }
    }

    #[test]
    fn mandatory_fields_are_named() {
        for key in ["id", "customerId", "business"] {
            assert!(fault(without(key)).ends_with(&format!("contractById: `{key}` is missing")), "{key}");
        }
        assert!(fault(without("lastname")).contains("`lastname`"));
        assert!(fault(with("lastname", Value::Null)).contains("`lastname`"));
        assert!(fault(with("business", json!(true))).contains("`company`"));
        assert!(fault(with("company", json!(5))).contains("`company`"));
        assert!(fault(with("id", json!("VN-2"))).contains("`id` is not the id asked for"));
        assert_eq!(map(with("customerId", Value::Null)).customer_id, None);
        let company = json!({"id": "VN-1", "customerId": 1, "business": true, "company": "ACME", "lastname": null});
        assert_eq!(map(company).extra["company"], "ACME");
    }

    #[test]
    fn an_error_has_the_path_and_not_the_value() {
        for (answer, path) in [
            (with("statusCode", json!("geheim")), "statusCode"),
            (with("startDate", json!("geheim")), "startDate"),
            (with("unpaidDebt", json!("geheim")), "unpaidDebt"),
            (with("phone", json!(["geheim"])), "phone"),
            (with("registers", json!(["geheim"])), "registers[0]"),
            (with("erpUrls", json!([{"url": "a"}, {"icon": "geheim"}])), "erpUrls[1].url"),
            (with("agentPreview", json!([{"label": "geheim", "value": 1}])), "agentPreview[0].value"),
            (with("customerId", json!({"geheim": 1})), "customerId"),
            (json!("geheim"), "."),
            (json!(["geheim"]), "."),
        ] {
            let fault = fault(answer);
            assert!(fault.contains(&format!("`{path}`")) && !fault.contains("geheim"), "{fault}");
        }
    }

    #[test]
    fn values_are_brought_into_one_form() {
        let found = map(with("iban", json!("de89 3704 0044 0532 0130 00")));
        assert_eq!(found.iban.as_deref(), Some("DE89370400440532013000"));
        assert_eq!(map(with("gridOperatorCode", json!("9903323000007"))).grid_operator_code, Some(json!(9_903_323_000_007_i64)));
        assert_eq!(map(with("erpUrls", json!([{"url": "u", "icon": "i"}]))).erp_urls[0].logo.as_deref(), Some("i"));
        assert_eq!(map(with("agentPreview", Value::Null)).agent_preview, []);
        assert_eq!(map(with("counterNumber", json!(4711))).counter_number.as_deref(), Some("4711"));
    }

    #[test]
    fn other_commodities_keep_their_word() {
        let water = map(with("energy", json!("water")));
        assert_eq!((water.energy, water.extra.get("energyRaw")), (None, Some(&json!("water"))));
        let gas = map(with("energy", json!("Gas")));
        assert_eq!((gas.energy.as_deref(), gas.extra.get("energyRaw")), (Some("gas"), None));
    }

    #[test]
    fn a_missing_tab_is_made_from_state_and_commodity() {
        for (status, color) in [
            ("active", Some("green")),
            ("pending", Some("yellow")),
            ("terminating", Some("orange")),
            ("ended", Some("grey")),
            ("blocked", Some("red")),
            ("lost", None),
        ] {
            let mut answer = with("status", json!(status));
            answer["energy"] = json!("gas");
            let tab = map(answer).tab_preview;
            assert_eq!(tab.as_ref().map(|tab| tab.color.as_str()), color);
            assert!(tab.is_none_or(|tab| tab.icon == "gas"));
        }
    }

    #[test]
    fn unknown_keys_and_the_answer_itself_are_kept() {
        let mut answer = with("zip", json!("12157"));
        answer["rawData"] = json!("ignored");
        let found = map(answer.clone());
        assert_eq!(found.extra, *json!({"zip": "12157"}).as_object().unwrap());
        assert_eq!(found.raw_data, Some(answer));
    }

    #[test]
    fn a_customer_has_contracts() {
        let answer = json!({"id": 83771, "business": false, "lastname": "Mustermann", "contractIds": [1, "1", "VN-2"],
            "deliveryAddress": "Weg 1", "phone": "0172 1041689", "salutation": "Mrs.", "contracts": [],
            "tags": [{"id": 2, "color": "green", "name": "VIP"}], "additionalData": {"score": 3}});
        let found = customer(answer.clone()).unwrap().unwrap();
        assert_eq!(found.contract_ids, [ErpId::from(1), ErpId::parse("VN-2").unwrap()]);
        assert_eq!(found.address.as_deref(), Some("Weg 1"));
        assert_eq!(found.phone, Some(json!(491_721_041_689_i64)));
        assert_eq!(found.additional_data, *json!({"salutation": "Mrs.", "score": 3}).as_object().unwrap());
        for (key, value) in [
            ("contractIds", json!([])),
            ("contractIds", Value::Null),
            ("business", json!("no")),
            ("lastname", Value::Null),
            ("tags", json!([{"id": 2}])),
            ("additionalData", json!([])),
        ] {
            let mut answer = answer.clone();
            answer[key] = value;
            let error = customer(answer).unwrap_err();
            assert!(matches!(error, ErpError::BadPayload { .. }), "{key}");
            assert!(error.to_string().contains(key), "{error}");
        }
    }

    #[test]
    fn a_match_is_whole_or_none() {
        let found = field_match(json!({"contractId": "100001", "customerId": 200_001, "customerLegitimation": 10}));
        let found = found.unwrap().unwrap();
        assert_eq!((found.customer_id, found.customer_legitimation), (ErpId::from(200_001), Some(10)));
        assert_eq!(field_match(json!({"contractId": null, "customerId": null})), Ok(None));
        for (answer, path) in [
            (json!({"contractId": "1", "customerId": null}), "customerId"),
            (json!({"contractId": null, "customerId": "1"}), "contractId"),
            (json!({"contractId": "1"}), "customerId"),
            (json!({"contractId": "1", "customerId": "1", "customerLegitimation": 31}), "customerLegitimation"),
            (json!(["1", "1", null, null]), "must be an object"),
            (json!({"error": "geheim"}), "contractId"),
        ] {
            let error = field_match(answer).unwrap_err().to_string();
            assert!(error.contains(path) && !error.contains("geheim"), "{error}");
        }
    }

    #[test]
    fn at_most_ten_different_customers_in_order() {
        let hits: Value = (0..30).map(|n| json!({"id": n / 2})).collect();
        assert_eq!(customer_ids(hits, 10).unwrap(), (0..10).map(ErpId::from).collect::<Vec<_>>());
        let error = customer_ids(json!([{"id": 1}, {"name": "geheim"}]), 10).unwrap_err().to_string();
        assert!(error.contains("`[1].id`") && !error.contains("geheim"), "{error}");
    }
}
