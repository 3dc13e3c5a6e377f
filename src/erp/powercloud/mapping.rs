//! From a row of Powercloud to a contract of the API (`contract/erp-protocols.md`, section 4). Pure.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{
    super::{
        Amount, Contract, ErpError, ErpId,
        custom::field,
        energy::{Energy, vat},
        model::{ErpUrl, TabPreview},
    },
    address, preview,
    price::{current_slice, gross},
    row::{Row, Warnings},
    secret,
    settings::PowercloudSettings,
    status::{self, Facts},
    wire::bad,
};

/// Name of the pictures for links and tabs.
const LOGO: &str = "powercloud";

/// A contract from its row, which becomes `rawData` without what is secret in it. A row about another contract than
/// `asked` is unusable.
pub fn contract(asked: &ErpId, row: Map<String, Value>, settings: &PowercloudSettings, today: NaiveDate) -> Result<Contract, ErpError> {
    let function = settings.functions.get("contractById");
    let raw = secret::strip(Value::Object(row), &settings.secrets());
    let Value::Object(fields) = &raw else { return Err(bad(function, "the row is no object")) };
    let warnings = Warnings::default();
    let c = Row::new(fields, &warnings);
    let id = c.id("id").ok_or_else(|| bad(function, "`id` is missing"))?;
    if id != *asked {
        return Err(bad(function, "`id` is not the id asked for"));
    }
    // Where an instance puts the customer's record beside the contract, it helps out.
    let customer = c.row("customer");
    let or_customer = |keys: &[&str]| c.first_text(keys).or_else(|| customer.and_then(|row| row.first_text(keys)));
    let customer_id = c.id("customerId");
    let (start, end) = (c.day("startDate"), c.day("endDate").or_else(|| c.day("netDeliveryEndDate")));
    // What held on the last day of supply, or will hold on the first: whichever day of supply is nearest to today.
    let day_of_supply = end.map_or(today, |end| today.min(end)).max(start.unwrap_or(NaiveDate::MIN));
    let slices = c.rows("tariffs");
    let tariff = current_slice(&slices, day_of_supply).or_else(|| c.row("tariff")).unwrap_or(c);

    let status_code = c.int("statusCode");
    let title = status_code.map(|code| settings.status_codes.get(&code.to_string()).to_owned()).filter(|title| !title.is_empty());
    let word = c.text("status");
    let facts = Facts { word: word.as_deref(), title: title.as_deref(), is_revoked: c.day("revokedAt").is_some(), end, today };
    let status = status::normalise(facts);

    let commodity = c.text("energy");
    let energy = commodity.as_deref().and_then(known_energy);
    let vat = c
        .amount(settings.fields.get("vatRate"))
        .or_else(|| energy.and_then(Energy::of_word).map(|energy| vat::rate(energy, day_of_supply)));
    let price = |amount: Option<Decimal>| {
        let amount = amount?;
        match (settings.prices_are_net, vat) {
            (false, _) => Some(amount),
            (true, Some(vat)) => Some(gross(amount, vat)),
            (true, None) => {
                warnings.add("prices are net and the VAT of this commodity is not known; they are left out");
                None
            }
        }
    };
    let metering = tariff.amount("meterCharge").filter(|_| settings.add_meter_charge).unwrap_or_default();
    let base_price = price(tariff.amount("basePrice").map(|base| base + metering));
    let working_price = price(tariff.amount("workingPrice"));

    let delivery_address = address::line(c, "", true);
    let billing_address = address::line(c, "billing_", false)
        .filter(|billing| delivery_address.as_deref().is_none_or(|delivery| !address::is_same(billing, delivery)));
    let company = or_customer(&["company"]);
    let business = c.flag("business").unwrap_or(company.is_some());
    let lastname = or_customer(&["surname", "lastname"]);
    if lastname.is_none() && !business {
        warnings.add("surname is missing");
    }
    let product = tariff.text("productId");
    let product_id = tariff.int_if_one("productId");
    let product_code = tariff.text(settings.fields.get("productCode")).or_else(|| c.text(settings.fields.get("productCode")));

    let mut contract = Contract {
        order_id: c.int("orderId"),
        tenant: c.text("brandId"),
        signup_date: ["signatureDate", "orderedAt", "createdAt"].iter().find_map(|key| c.day(key)).map(midnight),
        status: status.map(str::to_owned),
        status_code,
        status_code_title: title.or(word),
        energy: energy.map(str::to_owned),
        energy_type_id: match energy {
            Some("electricity") => Some(1),
            Some(_) => Some(2),
            None => c.int("energyTypeId"),
        },
        energy_sub_type_id: c.int("energySubTypeId"),
        email: or_customer(&["email", "billing_email", "emailPrivate", "emailBusiness"]).map(|email| plain_email(&email)),
        firstname: or_customer(&["firstname", "firstName"]),
        lastname,
        iban: c.text(settings.fields.get("iban")).map(|iban| iban.split_whitespace().collect::<String>().to_uppercase()),
        monthly_deposit: c.amount(settings.fields.get("monthlyDeposit")).map(Amount),
        start_date: start.map(midnight),
        end_date: end.map(midnight),
        consumption: c.amount("usage").map(Amount),
        counter_number: c.text("counterNumber"),
        // An instance whose product ids are texts has codes.
        product_code: product_code.or(product.filter(|_| product_id.is_none())),
        product_id,
        product_name: tariff.text("product"),
        campaign_id: c.int_if_one("campaignId").or_else(|| tariff.int_if_one("campaignId")),
        sales_channel_id: c.int_if_one(settings.fields.get("salesChannelId")).or_else(|| c.int_if_one("vpCode")),
        unpaid_debt: c.amount(settings.fields.get("unpaidDebt")).map(|debt| Amount(debt.max(Decimal::ZERO))),
        vat_rate: vat.map(Amount),
        base_price: base_price.map(Amount),
        working_price: working_price.map(Amount),
        business,
        phone: phone(c).or_else(|| customer.and_then(phone)),
        grid_operator_name: c.text(settings.fields.get("gridOperatorName")),
        grid_operator_code: c.text("netCodeNumber").map(|code| field::numeric_code(Value::String(code))),
        registers: registers(c, settings.fields.get("registers")),
        erp_urls: Vec::new(),
        raw_data: None,
        agent_preview: Vec::new(),
        tab_preview: tab_preview(status, energy.or(commodity.as_deref())),
        extra: Map::new(),
        delivery_address,
        billing_address,
        customer_id,
        id,
    };
    let urls = settings.contract_url(&contract.id, contract.customer_id.as_ref());
    contract.erp_urls = urls.into_iter().map(|url| ErpUrl { url, logo: Some(LOGO.to_owned()) }).collect();
    contract.agent_preview = preview::lines(&contract, c, commodity.as_deref());
    contract.extra.insert("company".to_owned(), json!(company));
    contract.extra.insert("zip".to_owned(), json!(c.zip("zip")));
    contract.extra.insert("marketLocation".to_owned(), json!(c.text("marketLocation")));
    if let Some(location) = c.text("meterLocation") {
        contract.extra.insert("meterLocation".to_owned(), json!(location));
    }
    if let (None, Some(word)) = (energy, commodity) {
        contract.extra.insert("energyRaw".to_owned(), json!(word));
    }
    let warnings = warnings.into_vec();
    if !warnings.is_empty() {
        contract.extra.insert("warnings".to_owned(), json!(warnings));
    }
    contract.raw_data = Some(raw);
    Ok(contract)
}

/// The best phone number of a row: the free text, else one of the three with their area codes.
pub fn phone(row: Row<'_>) -> Option<Value> {
    let split = |kind: &str| {
        let unified = row.text(&format!("phone{kind}Unified"));
        unified.or_else(|| {
            let number = row.text(&format!("phone{kind}"))?;
            Some(row.text(&format!("phone{kind}AreaCode")).map_or(number.clone(), |area| format!("{area} {number}")))
        })
    };
    let found = row.first_text(&["phone", "billing_phone"]).or_else(|| ["Mobile", "Home", "Business"].into_iter().find_map(split));
    found.map(|text| field::phone(Value::String(text)))
}

/// An address for mail: without spaces around, the domain in lower case.
pub fn plain_email(email: &str) -> String {
    match email.trim().rsplit_once('@') {
        Some((mailbox, domain)) => format!("{mailbox}@{}", domain.to_lowercase()),
        None => email.trim().to_owned(),
    }
}

/// 00:00 UTC of a day.
fn midnight(day: NaiveDate) -> i64 {
    day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp()
}

fn known_energy(word: &str) -> Option<&'static str> {
    ["electricity", "gas"].into_iter().find(|known| word.eq_ignore_ascii_case(known))
}

fn tab_preview(status: Option<&str>, commodity: Option<&str>) -> Option<TabPreview> {
    let color = status::color(status?)?;
    Some(TabPreview { color: color.to_owned(), icon: commodity?.to_owned() })
}

/// Registers of the meter: those that the answer lists, else the one that the contract itself names.
fn registers(c: Row<'_>, path: &str) -> Vec<Value> {
    let listed: Vec<Value> = c.rows(path).into_iter().filter_map(register).collect();
    if listed.is_empty() { register(c).into_iter().collect() } else { listed }
}

fn register(row: Row<'_>) -> Option<Value> {
    let obis = row.text("obisCode")?;
    let mut register = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            register.insert(key.to_owned(), value);
        }
    };
    put("registerId", row.first_text(&["counterMeterId", "activeCounterId"]).map(Value::String));
    let direction = match obis.split([':', '.']).nth(1) {
        Some("1") => Some(json!("consumption")),
        Some("2") => Some(json!("feedIn")),
        _ => None,
    };
    put("obis", Some(Value::String(obis)));
    put("direction", direction);
    put("unit", row.text("unit").map(Value::String));
    let reading = row.amount("value").map(|value| {
        let mut reading = Map::from_iter([("value".to_owned(), json!(Amount(value)))]);
        reading.extend(row.day("readAt").map(|day| ("date".to_owned(), json!(day))));
        for key in ["qualifier", "origin"] {
            reading.extend(row.text(key).map(|text| (key.to_owned(), Value::String(text))));
        }
        Value::Object(reading)
    });
    put("lastReading", reading);
    Some(Value::Object(register))
}

#[cfg(test)]
mod tests {
    use super::{super::settings::Key, *};

    /// The example of the protocol's reference, with what is dirty in real rows.
    fn row() -> Map<String, Value> {
        let row: Value = serde_json::from_str(
            r#"{
            "id": 900101, "orderId": "880044", "clientId": 7, "brandId": null, "type": "energy", "customerId": "700555",
            "customerNumber": "of the former supplier", "createdAt": "2024-02-11 09:12:44", "orderedAt": "2024-02-10 18:03:10",
            "signatureDate": "0000-00-00", "business": "0", "company": "", "firstname": "Erika", "surname": "Beispiel",
            "street": "Lindenallee", "houseNumber": "12a", "zip": 1067, "city": "Dresden", "email": " Erika@EXAMPLE.invalid ",
            "phone": "0172 / 1041689", "billing_street": "LINDENALLEE", "billing_houseNumber": "12 a", "billing_zip": "01067",
            "billing_city": "Dresden", "energy": "electricity", "campaignId": 14, "usage": "2900.0000", "usageNet": 3050,
            "netCodeNumber": "9903323000007", "marketLocation": "41373559241", "counterNumber": "1ESY1160669167",
            "activeCounterId": 31, "obisCode": "1-1:1.8.0", "startDate": "2024-04-01", "endDate": "0000-00-00", "status": "active",
            "statusCode": 5000, "iban": "de89 3704 0044 0532 0130 00", "deposit": {"amount": "83.0000", "nextUseAt": "2026-02-01"},
            "account": {"totalDebitDue": "-4.2000"}, "authHash": "a", "customer": {"passwordResetHash": "b"},
            "tariffs": [
                {"productId": 310, "product": "Old", "workingPrice": 30, "activeFrom": "2024-04-01", "activeUntil": "2025-03-31"},
                {"productId": 311, "product": "Flex 24", "workingPrice": 23.95, "basePrice": "125.9500", "meterCharge": 10,
                 "activeFrom": "2025-04-01", "activeUntil": null, "isRevoked": 0}]}"#,
        )
        .unwrap();
        row.as_object().unwrap().clone()
    }

    fn settings() -> PowercloudSettings {
        PowercloudSettings::new("app.example.com", Key::parse("h4sh:ada:password").unwrap())
    }

    fn map(row: Map<String, Value>, settings: &PowercloudSettings) -> Contract {
        contract(&ErpId::from(900_101), row, settings, "2026-01-13".parse().unwrap()).unwrap()
    }

    fn with(changes: &Value) -> Contract {
        let mut row = row();
        row.extend(changes.as_object().unwrap().clone());
        map(row, &settings())
    }

    #[test]
    fn the_example_becomes_a_contract() {
        let mut contract = map(row(), &settings());
        let raw = contract.raw_data.take().unwrap().to_string();
        assert!(!raw.contains("authHash") && !raw.contains("passwordResetHash") && raw.contains("customerNumber"));
        let expected: Value = serde_json::from_str(
            r#"{
            "id": 900101, "orderId": 880044, "tenant": null, "customerId": 700555, "signupDate": 1707523200, "status": "active",
            "statusCode": 5000, "statusCodeTitle": "active", "energy": "electricity", "energyTypeId": 1, "energySubTypeId": null,
            "email": "Erika@example.invalid", "firstname": "Erika", "lastname": "Beispiel",
            "deliveryAddress": "Lindenallee 12a, 01067 Dresden", "iban": "DE89370400440532013000", "monthlyDeposit": 83,
            "startDate": 1711929600, "endDate": null, "consumption": 2900, "counterNumber": "1ESY1160669167", "productId": 311,
            "productName": "Flex 24", "productCode": null, "campaignId": 14, "salesChannelId": null, "unpaidDebt": 0, "vatRate": 0.19,
            "basePrice": 125.95, "workingPrice": 23.95, "billingAddress": null, "business": false, "phone": 491721041689,
            "gridOperatorName": null, "gridOperatorCode": 9903323000007,
            "registers": [{"registerId": "31", "obis": "1-1:1.8.0", "direction": "consumption"}], "erpUrls": [], "rawData": null,
            "agentPreview": [
                {"label": "Tarif", "value": "Flex 24", "tooltip": "AP: 23.95 ct/kWh\nGP: 125.95 €/Jahr", "url": null, "type": "string"},
                {"label": "Abschlag", "value": "83 €", "tooltip": null, "url": null, "type": "string"},
                {"label": "Verbrauch", "value": "2900 kWh", "tooltip": "Netzbetreiber: 3050 kWh", "url": null, "type": "string"},
                {"label": "Zähler", "value": "1ESY1160669167", "tooltip": null, "url": null, "type": "string"},
                {"label": "Status", "value": "active", "tooltip": null, "url": null, "type": "string"}],
            "tabPreview": {"color": "green", "icon": "electricity"},
            "company": null, "zip": "01067", "marketLocation": "41373559241"}"#,
        )
        .unwrap();
        assert_eq!(serde_json::to_value(contract).unwrap(), expected);
    }

    #[test]
    fn net_prices_become_gross_with_the_metering_if_wanted() {
        let mut settings = settings();
        settings.prices_are_net = true;
        settings.add_meter_charge = true;
        let contract = map(row(), &settings);
        assert_eq!(contract.working_price.unwrap().0.to_string(), "28.5005");
        assert_eq!(contract.base_price.unwrap().0.to_string(), "161.7805");
        // Without VAT a net price would pass for a gross one.
        let mut water = row();
        water.insert("energy".to_owned(), json!("water"));
        let contract = map(water, &settings);
        assert_eq!((contract.working_price, contract.energy), (None, None));
        assert_eq!((&contract.extra["energyRaw"], &contract.agent_preview[0].value), (&json!("water"), &"water".to_owned()));
        assert!(contract.extra["warnings"][0].as_str().unwrap().contains("VAT"));
    }

    #[test]
    fn vat_is_that_of_the_last_day_of_supply() {
        let gas = |end: &str| with(&json!({"energy": "gas", "endDate": end, "status": "done"})).vat_rate.unwrap().0.to_string();
        assert_eq!((gas("2024-04-15"), gas("2024-04-01")), ("0.19".to_owned(), "0.19".to_owned()));
        let reduced = with(&json!({"energy": "gas", "startDate": "2023-01-01", "endDate": "2024-03-31", "status": "done"}));
        assert_eq!(reduced.vat_rate.unwrap().0.to_string(), "0.07");
        assert_eq!(reduced.status.as_deref(), Some("ended"));
    }

    #[test]
    fn another_billing_address_and_a_business() {
        let contract = with(&json!({"billing_street": "Hauptplatz 1", "billing_houseNumber": "", "billing_zip": "1010",
            "billing_city": "Wien", "business": 1, "company": "ACME", "surname": null, "revokedAt": "2024-02-20 10:00:00"}));
        assert_eq!(contract.billing_address.as_deref(), Some("Hauptplatz 1, 1010 Wien"));
        assert_eq!((contract.business, contract.lastname, contract.status.as_deref()), (true, None, Some("revoked")));
        assert_eq!((&contract.extra["company"], contract.extra.get("warnings")), (&json!("ACME"), None));
    }

    #[test]
    fn one_odd_column_does_not_hide_the_contract() {
        let contract = with(&json!({"endDate": "soon: geheim", "usage": {"geheim": 1}, "business": "perhaps"}));
        let expected = ["endDate", "usage", "business"].map(|key| format!("{key} has an unexpected form and is left out"));
        let mut found: Vec<_> = contract.extra["warnings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
        found.sort_unstable();
        let mut expected = expected.each_ref().map(String::as_str);
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!((contract.end_date, contract.consumption, contract.business), (None, None, false));
    }

    #[test]
    fn a_row_about_something_else_is_unusable() {
        let id = ErpId::from(900_102);
        let error = contract(&id, row(), &settings(), "2026-01-13".parse().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "the ERP sent an answer that cannot be used: getContractById: `id` is not the id asked for");
        let mut nameless = row();
        nameless.remove("id");
        assert!(contract(&id, nameless, &settings(), "2026-01-13".parse().unwrap()).is_err());
    }
}
