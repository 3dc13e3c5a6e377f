//! The lines an agent sees beside a ticket, made of what is known.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// Lines for tariff, deposit, consumption, meter and state; those without a value are left out.
pub fn lines(contract: &Map<String, Value>) -> Value {
    let text = |name: &str| contract.get(name).and_then(Value::as_str);
    let line = |label: &str, value: Option<String>, tooltip: Option<String>| {
        value.map(|value| json!({ "label": label, "value": value, "tooltip": tooltip, "url": null, "type": "string" }))
    };
    let prices =
        [text("workingPrice").map(|price| format!("AP: {price} ct/kWh")), text("basePrice").map(|price| format!("GP: {price} €/Jahr"))];
    let prices = prices.into_iter().flatten().collect::<Vec<_>>().join("\n");
    let lines = [
        line("Tarif", text("productName").map(str::to_owned), (!prices.is_empty()).then_some(prices)),
        line("Abschlag", text("monthlyDeposit").map(|deposit| format!("{deposit} €")), None),
        line("Verbrauch", text("consumption").map(|kwh| format!("{kwh} kWh")), Some("Prognose für ein Jahr".to_owned())),
        line("Zähler", text("counterNumber").map(str::to_owned), None),
        line("Status", text("status").map(|status| in_german(status).to_owned()), None),
    ];
    lines.into_iter().flatten().collect()
}

fn in_german(status: &str) -> &str {
    match status {
        "pending" => "in Vorbereitung",
        "active" => "aktiv",
        "terminating" => "gekündigt",
        "ended" => "beendet",
        "revoked" => "widerrufen",
        "rejected" => "abgelehnt",
        "blocked" => "gesperrt",
        _ => "unbekannt",
    }
}

/// The day whose VAT counts for the prices shown: today, or the last or first day of a supply that has ended or not begun.
pub fn price_day(start: Option<NaiveDate>, end: Option<NaiveDate>, today: NaiveDate) -> NaiveDate {
    match (start, end) {
        (_, Some(end)) if end < today => end,
        (Some(start), _) if start > today => start,
        _ => today,
    }
}

/// Debts are not negative: a credit is no debt.
pub fn debt(due: Decimal) -> Decimal {
    due.max(Decimal::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_has_no_line() {
        let contract = json!({"productName": "Flex 24", "workingPrice": "28.5", "basePrice": "149.88", "status": "active"});
        let lines = lines(contract.as_object().unwrap());
        let shown: Vec<_> =
            lines.as_array().unwrap().iter().map(|line| (line["label"].as_str().unwrap(), line["value"].as_str())).collect();
        assert_eq!(shown, [("Tarif", Some("Flex 24")), ("Status", Some("aktiv"))]);
        assert_eq!(lines[0]["tooltip"], "AP: 28.5 ct/kWh\nGP: 149.88 €/Jahr");
    }

    #[test]
    fn the_tax_of_the_right_day_counts() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let today = day("2026-01-13");
        assert_eq!(price_day(Some(day("2020-01-01")), None, today), today);
        assert_eq!(price_day(Some(day("2020-01-01")), Some(day("2023-05-31")), today), day("2023-05-31"));
        assert_eq!(price_day(Some(day("2028-01-01")), None, today), day("2028-01-01"));
        assert_eq!(debt(Decimal::NEGATIVE_ONE), Decimal::ZERO);
    }
}
