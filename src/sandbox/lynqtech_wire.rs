//! The world's records as LynqTech writes them: cents, BO4E words, ids with a type in front, midnights of Berlin in UTC.
//!
//! Both spellings that occur in the wild are used, by turns: records with an odd number of characters in their id look
//! like our template, the others like BO4E.

use chrono::{NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Europe::Berlin;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Value, json};

use super::{
    model::{Address, Contract, Customer, Energy, Status},
    wire::number,
};

/// One of the fictional customers.
pub(super) fn customer(customer: &Customer) -> Value {
    json!({
        "externalId": customer.id.to_string(),
        "business": customer.business,
        "company": customer.company,
        "firstName": customer.firstname,
        "lastName": customer.lastname,
        "email": customer.email,
        "phone": customer.phone,
        "address": address(&customer.address),
    })
}

/// One of their contracts.
pub(super) fn contract(contract: &Contract) -> Value {
    let id = contract.id.to_string();
    let in_bo4e = id.len().is_multiple_of(2);
    let state = match contract.status {
        Status::Pending => "ANGENOMMEN",
        Status::Active => "AKTIV",
        Status::Terminating => "GEKUENDIGT",
        Status::Ended => "BEENDET",
    };
    let commodity = match (contract.energy, in_bo4e) {
        (Energy::Electricity, false) => "ELECTRICITY",
        (Energy::Electricity, true) => "STROM",
        (Energy::Gas, _) => "GAS",
    };
    let location = contract.market_location.as_deref();
    let mut body = json!({
        "id": "3f0c7b0e-5a0e-4a52-9d0a-0d7f5b5c1111",
        "orderId": contract.order_id,
        "createdAt": midnight(contract.signup),
        "customer": {
            "externalId": contract.customer_id.to_string(),
            "business": contract.business,
            "company": contract.company,
            "email": contract.email,
            "phone": contract.phone,
        },
        "masterBillingAccount": {
            "number": "M-4711",
            "address": address(contract.billing.as_ref().unwrap_or(&contract.delivery)),
        },
        "deliveryPoint": {
            "address": address(&contract.delivery),
            "marketLocationId": location.map(|id| if in_bo4e { format!("Marktlokation-{id}") } else { id.to_owned() }),
            "gridOperator": { "code": contract.grid_operator_code.to_string(), "name": contract.grid_operator_name },
            "meter": meter(contract, in_bo4e),
        },
        "products": [
            { "kind": "base", "code": contract.product_code, "name": contract.product_name,
              "grossAmount": cents(contract.base_price), "unit": "ct/a" },
            { "kind": "consumption", "grossAmount": number(contract.working_price), "unit": "ct/kWh",
              "annualConsumption": contract.consumption },
            { "kind": "payment", "grossAmount": cents(contract.monthly_deposit), "unit": "ct/month", "nextRenewalDate": "2026-02-01" },
        ],
        "bank": { "iban": contract.iban, "sepaMandateId": "M-0001" },
        "balance": { "dueGross": cents(contract.unpaid_debt), "currency": "EUR" },
    });
    let (first, last) = if in_bo4e { ("name2", "name1") } else { ("firstName", "lastName") };
    body["customer"][first] = json!(contract.firstname);
    body["customer"][last] = json!(contract.lastname);
    if in_bo4e {
        // Public clients have met both spellings of the state.
        let spelling = if contract.order_id % 2 == 0 { "vertragstatus" } else { "vertragsstatus" };
        body["boModel"] = json!({
            "boTyp": "VERTRAG", "versionStruktur": "1", "vertragsnummer": format!("Vertrag-{id}"), "sparte": commodity,
            "vertragsbeginn": midnight(contract.start), "vertragsende": contract.end.map(midnight),
        });
        body["boModel"][spelling] = json!(state);
    } else {
        body["contractNumber"] = json!(id);
        body["commodity"] = json!(commodity);
        body["status"] = json!(state);
        body["startDate"] = json!(contract.start);
        body["endDate"] = json!(contract.end);
    }
    // The documented example has a rate that no law knows; whoever computes it would be right and differ.
    if contract.documented_keys_only {
        body["taxRate"] = json!(number(contract.vat_rate));
    }
    body
}

fn meter(contract: &Contract, in_bo4e: bool) -> Value {
    let Some(register) = &contract.register else {
        return json!({ "number": contract.meter_number, "registers": [] });
    };
    let reading = json!({ "value": number(register.reading), "date": register.read_on });
    if in_bo4e {
        let registers = json!([{ "obisKennzahl": register.obis, "einheit": register.unit, "lastReading": reading }]);
        json!({ "boModel": { "zaehlernummer": format!("Zaehler-{}", contract.meter_number), "zaehlwerke": registers } })
    } else {
        json!({ "number": contract.meter_number, "registers": [{ "obis": register.obis, "unit": register.unit, "lastReading": reading }] })
    }
}

fn address(address: &Address) -> Value {
    let (street, number) = match address.street.rsplit_once(' ') {
        Some((street, number)) if number.starts_with(|c: char| c.is_ascii_digit()) => (street, Some(number)),
        _ => (address.street.as_str(), None),
    };
    let (zip, city) = address.place.clone().unzip();
    json!({ "street": street, "houseNumber": number, "zip": zip, "city": city })
}

/// Whole cents.
fn cents(amount: Decimal) -> Option<i64> {
    (amount * Decimal::ONE_HUNDRED).to_i64()
}

/// The instant at which a day begins in Germany, written in UTC: the evening before.
fn midnight(day: NaiveDate) -> String {
    let begins = Berlin.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest();
    begins.map(|begins| begins.with_timezone(&Utc).to_rfc3339()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_in_the_evening_before() {
        let at = |text: &str| midnight(text.parse().unwrap());
        assert_eq!(at("2024-04-01"), "2024-03-31T22:00:00+00:00");
        assert_eq!(at("2024-03-31"), "2024-03-30T23:00:00+00:00");
        assert_eq!(at("2024-10-28"), "2024-10-27T23:00:00+00:00");
    }
}
