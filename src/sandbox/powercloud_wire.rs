//! The world's records as rows of Powercloud, with everything that is odd about real ones: zero dates, numbers as texts,
//! postal codes that lost their zero, `""` for null, dates without a zone, and columns that nobody outside may see.

use chrono::{Days, NaiveDate};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Value, json};

use super::{
    model::{Address, Contract, Customer, Energy, Register, Status},
    wire,
};

/// What PHP makes of a date that is not set.
const ZERO_DATE: &str = "0000-00-00";

/// Lengths of `+49` and of the area code in the free-text form of a phone number.
const COUNTRY: &str = "+49";
const AREA_DIGITS: usize = 3;

pub(super) use wire::id;

/// A row of the contract table with what hangs on it.
pub(super) fn contract(contract: &Contract) -> Value {
    let (street, house_number) = street(&contract.delivery);
    let (zip, city) = place(&contract.delivery);
    let status = match contract.status {
        Status::Pending => "delivery_net",
        Status::Active => "active",
        Status::Terminating => "cancelled",
        Status::Ended => "terminated",
    };
    let energy = match contract.energy {
        Energy::Electricity => "electricity",
        Energy::Gas => "gas",
    };
    let mut row = json!({
        "id": id(&contract.id),
        "orderId": contract.order_id.to_string(),
        "clientId": 7,
        "brandId": null,
        "type": "energy",
        "customerId": id(&contract.customer_id),
        "customerNumber": "",
        "accountId": 61_002,
        "createdAt": format!("{} 09:12:44", contract.signup),
        "orderedAt": format!("{} 23:03:10", contract.signup),
        "signatureDate": ZERO_DATE,
        "business": i32::from(contract.business),
        "company": or_empty(contract.company.as_deref()),
        "salutation": 1,
        "firstname": or_empty(contract.firstname.as_deref()),
        "surname": or_empty(contract.lastname.as_deref()),
        "street": street,
        "houseNumber": house_number,
        "zip": zip.parse::<i64>().ok(),
        "city": city,
        "email": or_empty(contract.email.as_deref()),
        "phone": contract.phone.as_deref().map(phone).unwrap_or_default(),
    });
    let supply = json!({
        "energy": energy,
        "energySubTypeId": 1,
        "campaignId": contract.campaign_id,
        "salesChannelId": contract.sales_channel_id.to_string(),
        "usage": contract.consumption,
        "usageNet": format!("{}.0000", contract.consumption + 150),
        "usagePrevious": contract.consumption - 20,
        "netCodeNumber": contract.grid_operator_code.to_string(),
        "netCodeNumberProvider": "bdew",
        "netOperatorName": contract.grid_operator_name,
        "marketLocation": or_empty(contract.market_location.as_deref()),
        "meterLocation": "",
        "counterNumber": contract.meter_number,
        "activeCounterId": "31",
        "startDate": contract.start,
        "endDate": contract.end.map_or_else(|| ZERO_DATE.to_owned(), |day| day.to_string()),
        "netDeliveryEndDate": null,
        "revokedAt": "0000-00-00 00:00:00",
        "status": status,
        "statusCode": (contract.status == Status::Active).then_some(5000),
        "modificationDate": "2025-01-03 02:10:00",
    });
    let further = json!({
        "iban": or_empty(contract.iban.as_deref()),
        "deposit": {"amount": decimal(contract.monthly_deposit), "nextUseAt": "2026-02-01"},
        "account": {"totalDebit": "0.0000", "totalDebitDue": decimal(contract.unpaid_debt), "isPaymentBlocked": 0},
        "counters": contract.register.iter().map(register).collect::<Vec<_>>(),
        "tariffs": tariffs(contract),
        "authHash": "7d793037a0760186574b0282f2f435e7",
        "authorizationToken": "never-to-be-shown",
        "passwordResetHash": null,
    });
    for (key, value) in [supply, further].iter().filter_map(Value::as_object).flatten() {
        row[key] = value.clone();
    }
    let billing = contract.billing.as_ref();
    let (street, house_number) = billing.map(self::street).unwrap_or_default();
    let (zip, city) = billing.map(place).unwrap_or_default();
    for (key, value) in [("street", street), ("houseNumber", house_number), ("zip", zip), ("city", city)] {
        row[format!("billing_{key}")] = json!(value);
    }
    row
}

/// Slices of time: the one in force, one before it and one that was revoked.
fn tariffs(contract: &Contract) -> Value {
    let slice = |product: i64, name: &str, from: NaiveDate, until: Option<NaiveDate>, revoked: &str| {
        json!({
            "productId": product, "product": name, "productCode": contract.product_code, "campaignId": contract.campaign_id,
            "workingPrice": contract.working_price.to_f64(), "basePrice": decimal(contract.base_price), "meterCharge": "0",
            "depositDivisor": 12, "billingPeriod": 12, "activeFrom": from, "activeUntil": until, "isRevoked": revoked,
        })
    };
    let before = contract.start - Days::new(1);
    let mut all = vec![
        slice(contract.product_id + 100, "Vorgänger", contract.signup, Some(before), "0"),
        slice(contract.product_id, contract.product_name, contract.start, contract.end, "0"),
        slice(contract.product_id + 200, "Widerrufen", contract.start, None, "1"),
    ];
    all[0]["workingPrice"] = json!(99.99);
    Value::Array(all)
}

/// A register with its last reading.
fn register(register: &Register) -> Value {
    json!({
        "counterMeterId": "31", "obisCode": register.obis, "unit": register.unit, "value": decimal(register.reading),
        "readAt": format!("{} 00:00:00", register.read_on), "qualifier": "read", "origin": "customer",
    })
}

/// The versions of a customer's record: one that is out of force, and the present one.
pub(super) fn customer(customer: &Customer) -> Value {
    let (street, house_number) = street(&customer.address);
    let (zip, city) = place(&customer.address);
    let (area, number) = customer.phone.as_deref().map(split_phone).unwrap_or_default();
    let now = json!({
        "customerId": id(&customer.id),
        "version": "2",
        "deprecated": "0",
        "business": i32::from(customer.business).to_string(),
        "company": or_empty(customer.company.as_deref()),
        "surname": or_empty(customer.lastname.as_deref()),
        "firstname": or_empty(customer.firstname.as_deref()),
        "street": street,
        "houseNumber": house_number,
        "zip": zip.parse::<i64>().ok(),
        "city": city,
        "dateOfBirth": customer.birthday.map_or_else(|| ZERO_DATE.to_owned(), |day| day.to_string()),
        "phoneMobile": number,
        "phoneMobileAreaCode": area,
        "emailPrivate": or_empty(customer.email.as_deref()),
        "emailBusiness": "",
        "insolvencyStatus": "solvent",
        "passwordResetHash": "never-to-be-shown",
    });
    let mut before = now.clone();
    before["version"] = json!("1");
    before["deprecated"] = json!("1");
    before["surname"] = json!("Ehemals");
    json!([before, now])
}

fn or_empty(text: Option<&str>) -> &str {
    text.unwrap_or_default()
}

/// Four decimal places, as a DECIMAL column has them.
fn decimal(amount: Decimal) -> String {
    format!("{amount:.4}")
}

/// Street and house number apart.
fn street(address: &Address) -> (String, String) {
    match address.street.rsplit_once(' ') {
        Some((street, number)) if number.starts_with(|c: char| c.is_ascii_digit()) => (street.to_owned(), number.to_owned()),
        _ => (address.street.clone(), String::new()),
    }
}

fn place(address: &Address) -> (String, String) {
    address.place.clone().unwrap_or_default()
}

/// Area code and number, as people write them.
fn split_phone(phone: &str) -> (String, String) {
    let national = phone.strip_prefix(COUNTRY).map_or_else(|| phone.to_owned(), |rest| format!("0{rest}"));
    let (area, number) = national.split_at((AREA_DIGITS + 1).min(national.len()));
    (area.to_owned(), number.to_owned())
}

fn phone(phone: &str) -> String {
    let (area, number) = split_phone(phone);
    format!("{area} / {number}")
}
