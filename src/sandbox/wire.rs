//! The world's records as JSON of the custom ERP protocol.
//!
//! Both spellings that integrators use occur on purpose: a record whose id is a number carries its phone as a number,
//! one whose id is a text carries it as `+49…`.

use chrono::{NaiveDate, NaiveTime};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::Serialize;
use serde_json::{Value, json};

use super::model::{Contract, Customer, Energy, Id, Register, Status};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomerAnswer<'a> {
    id: Value,
    business: bool,
    lastname: Option<&'a str>,
    company: Option<&'a str>,
    contract_ids: Vec<Value>,
    firstname: Option<&'a str>,
    email: Option<&'a str>,
    delivery_address: String,
    phone: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Value>,
    #[serde(flatten)]
    further: Option<FurtherOfCustomer<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FurtherOfCustomer<'a> {
    salutation: Option<&'a str>,
    birthday: Option<NaiveDate>,
    billing_address: Option<String>,
}

/// Call B.
pub(super) fn customer(customer: &Customer) -> CustomerAnswer<'_> {
    CustomerAnswer {
        id: id(&customer.id),
        business: customer.business,
        lastname: customer.lastname.as_deref(),
        company: customer.company.as_deref(),
        contract_ids: customer.contract_ids.iter().map(id).collect(),
        firstname: customer.firstname.as_deref(),
        email: customer.email.as_deref(),
        delivery_address: customer.address.to_string(),
        phone: phone(&customer.id, customer.phone.as_deref()),
        tags: customer.tags.iter().map(|tag| json!({ "id": tag.id, "color": tag.color, "name": tag.name })).collect(),
        further: (!customer.documented_keys_only).then(|| FurtherOfCustomer {
            salutation: customer.salutation,
            birthday: customer.birthday,
            billing_address: customer.billing_address.as_ref().map(ToString::to_string),
        }),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContractAnswer<'a> {
    id: Value,
    customer_id: Value,
    order_id: i64,
    tenant: Option<&'a str>,
    signup_date: i64,
    status: &'static str,
    status_code: Option<i64>,
    status_code_title: &'static str,
    energy: &'static str,
    energy_type_id: i64,
    energy_sub_type_id: i64,
    business: bool,
    firstname: Option<&'a str>,
    lastname: Option<&'a str>,
    email: Option<&'a str>,
    phone: Option<Value>,
    delivery_address: String,
    billing_address: Option<String>,
    iban: Option<&'a str>,
    monthly_deposit: Value,
    start_date: i64,
    end_date: Option<i64>,
    consumption: i64,
    counter_number: &'a str,
    product_id: i64,
    product_name: &'a str,
    product_code: &'a str,
    campaign_id: i64,
    sales_channel_id: i64,
    unpaid_debt: Value,
    vat_rate: Value,
    base_price: Value,
    working_price: Value,
    grid_operator_name: &'a str,
    grid_operator_code: i64,
    registers: [Value; 1],
    erp_urls: [Value; 1],
    agent_preview: Vec<Value>,
    tab_preview: Value,
    #[serde(flatten)]
    further: Option<FurtherOfContract<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FurtherOfContract<'a> {
    company: Option<&'a str>,
    zip: Option<&'a str>,
    market_location: Option<&'a str>,
}

/// Call A.
pub(super) fn contract(contract: &Contract) -> ContractAnswer<'_> {
    let (energy, energy_type_id) = match contract.energy {
        Energy::Electricity => ("electricity", 1),
        Energy::Gas => ("gas", 2),
    };
    let (status, color) = match contract.status {
        Status::Pending => ("pending", "yellow"),
        Status::Active => ("active", "green"),
        Status::Terminating => ("terminating", "orange"),
        Status::Ended => ("ended", "grey"),
    };
    ContractAnswer {
        id: id(&contract.id),
        customer_id: id(&contract.customer_id),
        order_id: contract.order_id,
        tenant: None,
        signup_date: unix_seconds(contract.signup),
        status,
        // 5000 is the one code whose meaning is documented; an invented one would teach readers something wrong.
        status_code: (contract.status == Status::Active).then_some(5000),
        status_code_title: status,
        energy,
        energy_type_id,
        energy_sub_type_id: 1,
        business: contract.business,
        firstname: contract.firstname.as_deref(),
        lastname: contract.lastname.as_deref(),
        email: contract.email.as_deref(),
        phone: phone(&contract.id, contract.phone.as_deref()),
        delivery_address: contract.delivery.to_string(),
        billing_address: contract.billing.as_ref().map(ToString::to_string),
        iban: contract.iban.as_deref(),
        monthly_deposit: number(contract.monthly_deposit),
        start_date: unix_seconds(contract.start),
        end_date: contract.end.map(unix_seconds),
        consumption: contract.consumption,
        counter_number: &contract.meter_number,
        product_id: contract.product_id,
        product_name: contract.product_name,
        product_code: contract.product_code,
        campaign_id: contract.campaign_id,
        sales_channel_id: contract.sales_channel_id,
        unpaid_debt: number(contract.unpaid_debt),
        vat_rate: number(contract.vat_rate),
        base_price: number(contract.base_price),
        working_price: number(contract.working_price),
        grid_operator_name: &contract.grid_operator_name,
        grid_operator_code: contract.grid_operator_code,
        registers: [contract.register.as_ref().map_or_else(|| json!({}), register)],
        erp_urls: [json!({ "url": contract.erp_url, "icon": "powercloud" })],
        agent_preview: preview(contract),
        tab_preview: json!({ "color": color, "icon": energy }),
        further: (!contract.documented_keys_only).then(|| FurtherOfContract {
            company: contract.company.as_deref(),
            zip: contract.delivery.place.as_ref().map(|(zip, _)| zip.as_str()),
            market_location: contract.market_location.as_deref(),
        }),
    }
}

/// An id as JSON, in the form the ERP keeps it.
pub(super) fn id(id: &Id) -> Value {
    match id {
        Id::Number(number) => json!(number),
        Id::Text(text) => json!(text),
    }
}

fn phone(owner: &Id, phone: Option<&str>) -> Option<Value> {
    let phone = phone?;
    match (owner, phone.trim_start_matches('+').parse::<i64>()) {
        (Id::Number(_), Ok(number)) => Some(json!(number)),
        _ => Some(json!(phone)),
    }
}

fn preview(contract: &Contract) -> Vec<Value> {
    let line = |(label, value, tooltip): &(&'static str, String, Option<String>)| {
        let mut line = json!({ "label": label, "value": value, "tooltip": tooltip, "url": contract.preview_url });
        if !contract.documented_keys_only {
            line["type"] = json!("string");
        }
        line
    };
    contract.preview.iter().map(line).collect()
}

fn register(register: &Register) -> Value {
    json!({
        "obis": register.obis,
        "unit": register.unit,
        "lastReading": { "value": number(register.reading), "date": register.read_on },
    })
}

/// Whole amounts without a fraction.
pub(super) fn number(amount: Decimal) -> Value {
    match amount.to_i64() {
        Some(whole) if amount.fract().is_zero() => json!(whole),
        _ => json!(amount.to_f64()),
    }
}

/// Days travel as the second their midnight has in UTC.
fn unix_seconds(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp()
}
