//! From LynqTech's answers to the API's own form, as the profile says. Pure.
//!
//! A contract is first brought into the form of the custom API's answer and then read by that adapter's mapping, so that
//! phone numbers, dates, amounts and missing fields mean the same whatever the ERP.

use chrono::{DateTime, NaiveDate};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{
    super::{
        Contract, Customer, ErpError, ErpId, custom,
        energy::{Energy, vat},
    },
    preview,
    profile::{Profile, Rule},
    value::{self, Form},
};

/// State whose meaning depends on the end date.
const TERMINATING: &str = "terminating";

fn bad(call: &str, path: &str, fault: &str) -> ErpError {
    ErpError::BadPayload { reason: format!("{call}: `{path}` {fault}") }
}

/// Whether the answer says that there is no such thing.
fn is_nothing(raw: &Value) -> bool {
    raw.is_null() || raw.as_object().is_some_and(Map::is_empty)
}

/// A contract; none for `{}` and `null`. With `asked`, an answer about another contract is unusable.
pub fn contract(profile: &Profile, today: NaiveDate, asked: Option<&ErpId>, raw: Value) -> Result<Option<Contract>, ErpError> {
    const CALL: &str = "contractById";
    if is_nothing(&raw) {
        return Ok(None);
    }
    if !raw.is_object() {
        return Err(bad(CALL, ".", "must be an object"));
    }
    let mut answer = facts(profile, &profile.contract, &raw);
    let id = answer.get("id").and_then(erp_id).ok_or_else(|| bad(CALL, "id", "is missing; see lynqTechProfile.contract.id"))?;
    if asked.is_some_and(|asked| *asked != id) {
        return Err(bad(CALL, "id", "is not the id asked for"));
    }
    complete(profile, today, &mut answer, &id);
    let mapped = custom::mapping::contract(&id, Value::Object(answer))?;
    Ok(mapped.map(|contract| Contract { raw_data: Some(raw), ..contract }))
}

/// What the profile's rules find.
fn facts(profile: &Profile, rules: &std::collections::BTreeMap<String, Rule>, raw: &Value) -> Map<String, Value> {
    let mut facts = Map::new();
    for (name, rule) in rules {
        let Some(found) = rule.first(raw).filter(|value| !value::is_zero_date(value)) else { continue };
        if let Some(value) = Form::of(name).read(found, rule, profile) {
            facts.insert(name.clone(), value);
        } else {
            tracing::debug!(field = name, "a value of LynqTech has an unexpected form and is left out");
        }
    }
    facts
}

/// Adds what follows from other facts.
fn complete(profile: &Profile, today: NaiveDate, answer: &mut Map<String, Value>, id: &ErpId) {
    answer.entry("customerId").or_insert(Value::Null);
    names(answer);
    let text = |answer: &Map<String, Value>, name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    let (start, end) = (date(answer, "startDate"), date(answer, "endDate"));
    if let Some(word) = text(answer, "status") {
        let known = profile.states.get(&word.to_uppercase()).map_or("unknown", String::as_str);
        let ended = known == TERMINATING && end.is_some_and(|end| end < today);
        answer.insert("status".to_owned(), json!(if ended { "ended" } else { known }));
        answer.entry("statusCodeTitle").or_insert(json!(word));
    }
    let mut energy = None;
    if let Some(word) = text(answer, "energy") {
        let known = profile.energies.get(&word.to_uppercase()).map(String::as_str);
        energy = known.and_then(Energy::of_word);
        answer.insert("energy".to_owned(), json!(known.map_or_else(|| word.to_lowercase(), str::to_owned)));
    }
    if let Some(energy) = energy {
        answer.entry("energyTypeId").or_insert(json!(if energy == Energy::Electricity { 1 } else { 2 }));
        let day = preview::price_day(start, end, today);
        answer.entry("vatRate").or_insert_with(|| json!(vat::rate(energy, day).to_string()));
    }
    if let Some(due) = decimal(answer, "unpaidDebt") {
        answer.insert("unpaidDebt".to_owned(), json!(preview::debt(due).to_string()));
    }
    let folded = |name: &str| text(answer, name).map(|address| address.to_lowercase().split_whitespace().collect::<String>());
    if folded("billingAddress") == folded("deliveryAddress") {
        answer.remove("billingAddress");
    }
    let lines = preview::lines(answer);
    answer.entry("agentPreview").or_insert(lines);
    if let Some(url) = profile.erp_url.as_deref().and_then(|template| erp_url(template, id, answer.get("customerId"))) {
        answer.entry("erpUrls").or_insert(json!([{ "url": url, "logo": "lynqtech" }]));
    }
}

/// A business has a company, a private person a last name; what LynqTech leaves open follows from what it sends.
fn names(answer: &mut Map<String, Value>) {
    let has = |answer: &Map<String, Value>, name: &str| answer.contains_key(name);
    let business = answer.get("business").and_then(Value::as_bool).unwrap_or_else(|| has(answer, "company"));
    // A person without a last name but with a company is the company.
    let business = business || (!has(answer, "lastname") && has(answer, "company"));
    answer.insert("business".to_owned(), json!(business));
    if business && !has(answer, "company") {
        let name = ["firstname", "lastname"].iter().filter_map(|part| answer.get(*part)?.as_str()).collect::<Vec<_>>().join(" ");
        answer.insert("company".to_owned(), json!(name));
    }
    if !business {
        // Shown as null, like any other ERP's.
        answer.insert("company".to_owned(), Value::Null);
    }
}

fn decimal(answer: &Map<String, Value>, name: &str) -> Option<Decimal> {
    answer.get(name)?.as_str()?.parse().ok()
}

fn date(answer: &Map<String, Value>, name: &str) -> Option<NaiveDate> {
    DateTime::from_timestamp(answer.get(name)?.as_i64()?, 0).map(|midnight| midnight.date_naive())
}

fn erp_id(value: &Value) -> Option<ErpId> {
    serde_json::from_value(value.clone()).ok()
}

fn erp_url(template: &str, contract: &ErpId, customer: Option<&Value>) -> Option<String> {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let mut url = template.replace("{contractId}", &encode(contract.as_str()));
    if url.contains("{customerId}") {
        url = url.replace("{customerId}", &encode(erp_id(customer?)?.as_str()));
    }
    Some(url)
}

/// A customer without contracts but with their ids, if the answer has any; none for `{}` and `null`.
pub fn customer(profile: &Profile, raw: &Value) -> Result<Option<Customer>, ErpError> {
    const CALL: &str = "customerById";
    const KNOWN: [&str; 10] =
        ["id", "business", "company", "firstname", "lastname", "email", "phone", "address", "deliveryAddress", "contractIds"];
    if is_nothing(raw) {
        return Ok(None);
    }
    if !raw.is_object() {
        return Err(bad(CALL, ".", "must be an object"));
    }
    let mut facts = facts(profile, &profile.customer, raw);
    let id = facts.get("id").and_then(erp_id).ok_or_else(|| bad(CALL, "id", "is missing; see lynqTechProfile.customer.id"))?;
    names(&mut facts);
    let text = |name: &str| facts.get(name).and_then(Value::as_str).map(str::to_owned);
    let contract_ids = profile.customer.get("contractIds").map(|rule| ids(profile, rule, raw)).unwrap_or_default();
    let additional_data = facts.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()));
    Ok(Some(Customer {
        id,
        email_matches: None,
        business: facts.get("business").and_then(Value::as_bool).unwrap_or_default(),
        company: text("company"),
        firstname: text("firstname"),
        lastname: text("lastname"),
        address: text("address").or_else(|| text("deliveryAddress")),
        phone: facts.get("phone").cloned().map(custom::field::phone),
        email: text("email"),
        tags: Vec::new(),
        contracts: Vec::new(),
        additional_data: additional_data.map(|(name, value)| (name.clone(), value.clone())).collect(),
        contract_ids,
    }))
}

/// Different ids in the order of the answer; lists inside are opened.
fn ids(profile: &Profile, rule: &Rule, raw: &Value) -> Vec<ErpId> {
    let found = rule.all(raw).into_iter().flat_map(|value| value.as_array().map_or_else(|| vec![value], |list| list.iter().collect()));
    let mut ids = Vec::new();
    for id in found.filter_map(|value| value::id(value, profile)).filter_map(|value| erp_id(&value)) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// The rows of a list; `null` has none.
pub fn rows(profile: &Profile, call: &str, raw: Value) -> Result<Vec<Value>, ErpError> {
    let list = match raw {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        other => match profile.items.first(&other) {
            Some(Value::Array(list)) => list.clone(),
            // An object with a message must never look like an empty list.
            _ => return Err(bad(call, ".", "must be a list; see lynqTechProfile.items")),
        },
    };
    if list.iter().all(Value::is_object) { Ok(list) } else { Err(bad(call, "[0]", "must be an object")) }
}

/// The id of a row that is a customer.
pub fn customer_id(profile: &Profile, call: &str, row: &Value) -> Result<ErpId, ErpError> {
    let found = profile.customer.get("id").and_then(|rule| rule.first(row)).and_then(|value| value::id(value, profile));
    found.as_ref().and_then(erp_id).ok_or_else(|| bad(call, "[0].id", "is missing; see lynqTechProfile.customer.id"))
}

/// The id of a row that is a contract.
pub fn contract_id(profile: &Profile, call: &str, row: &Value) -> Result<ErpId, ErpError> {
    let found = profile.contract.get("id").and_then(|rule| rule.first(row)).and_then(|value| value::id(value, profile));
    found.as_ref().and_then(erp_id).ok_or_else(|| bad(call, "[0].id", "is missing; see lynqTechProfile.contract.id"))
}
