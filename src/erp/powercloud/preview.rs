//! The lines that an agent sees beside a ticket.

use rust_decimal::Decimal;

use super::{
    super::{Contract, model::PreviewLine},
    row::Row,
};

/// Tariff, deposit, consumption, meter and state, as far as they are known; the commodity where it is a rare one.
pub fn lines(contract: &Contract, c: Row<'_>, commodity: Option<&str>) -> Vec<PreviewLine> {
    let line = |label: &str, value: Option<String>, tooltip: Option<String>| {
        value.map(|value| PreviewLine { label: label.to_owned(), value, tooltip, url: None, kind: Some("string".to_owned()) })
    };
    let amount = |amount: Option<super::super::Amount>, unit: &str| amount.map(|amount| format!("{} {unit}", amount.0.normalize()));
    let commodity = commodity.filter(|_| contract.energy.is_none()).map(str::to_owned);
    let lines = [
        line("Sparte", commodity, None),
        line("Tarif", contract.product_name.clone(), prices(contract)),
        line("Abschlag", amount(contract.monthly_deposit, "€"), None),
        line("Verbrauch", amount(contract.consumption, "kWh"), other_figures(c)),
        line("Zähler", contract.counter_number.clone(), None),
        line("Status", contract.status_code_title.clone(), None),
    ];
    lines.into_iter().flatten().collect()
}

fn prices(contract: &Contract) -> Option<String> {
    let working = contract.working_price.map(|price| format!("AP: {} ct/kWh", price.0.normalize()));
    let base = contract.base_price.map(|price| format!("GP: {} €/Jahr", price.0.normalize()));
    let lines: Vec<String> = [working, base].into_iter().flatten().collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// What others say about a year's consumption.
fn other_figures(c: Row<'_>) -> Option<String> {
    let figures = [("usageNet", "Netzbetreiber"), ("usagePrevious", "Vorjahr"), ("usageCustomer", "Angabe des Kunden")];
    let known = figures.into_iter().filter_map(|(key, label)| {
        let amount = c.amount(key).filter(|amount| *amount > Decimal::ZERO)?;
        Some(format!("{label}: {amount} kWh"))
    });
    let lines: Vec<String> = known.collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
