//! Which time slice of a tariff holds, and prices with VAT.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::row::Row;

/// Decimal places of a price with VAT.
const PLACES: u32 = 4;

/// The tariff in force: not revoked, begun and not over, the latest of those. Before the first day of supply it is the
/// next one, after the last the one that was.
pub fn current_slice<'a>(slices: &[Row<'a>], today: NaiveDate) -> Option<Row<'a>> {
    let valid: Vec<_> = slices
        .iter()
        .filter(|slice| slice.flag("isRevoked") != Some(true))
        .map(|slice| (slice.day("activeFrom"), slice.day("activeUntil"), *slice))
        .collect();
    let begun = |from: Option<NaiveDate>| from.is_none_or(|from| from <= today);
    let running = valid.iter().filter(|(from, until, _)| begun(*from) && until.is_none_or(|until| until >= today));
    let next = valid.iter().filter(|(from, ..)| !begun(*from));
    let past = valid.iter().filter(|(from, ..)| begun(*from));
    let found = running.max_by_key(|(from, ..)| *from);
    let found = found.or_else(|| next.min_by_key(|(from, ..)| *from)).or_else(|| past.max_by_key(|(_, until, _)| *until));
    found.map(|(.., slice)| *slice)
}

/// A price with VAT.
pub fn gross(net: Decimal, vat_rate: Decimal) -> Decimal {
    (net * (Decimal::ONE + vat_rate)).round_dp(PLACES).normalize()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::row::Warnings, *};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn chosen(slices: &Value, today: &str) -> Option<i64> {
        let warnings = Warnings::default();
        let slices = slices.as_array().unwrap().iter();
        let rows: Vec<_> = slices.map(|slice| Row::new(slice.as_object().unwrap(), &warnings)).collect();
        current_slice(&rows, day(today)).and_then(|slice| slice.int("productId"))
    }

    #[test]
    fn the_slice_of_the_day_holds() {
        let slices = json!([
            {"productId": 1, "activeFrom": "2023-01-01", "activeUntil": "2023-12-31", "isRevoked": 0},
            {"productId": 2, "activeFrom": "2024-01-01", "activeUntil": "0000-00-00", "isRevoked": "0"},
            {"productId": 3, "activeFrom": "2024-06-01", "activeUntil": null, "isRevoked": "1"},
            {"productId": 4, "activeFrom": "2027-01-01", "activeUntil": null},
        ]);
        for (today, product) in [
            ("2022-12-31", 1),
            ("2023-12-31", 1),
            ("2024-01-01", 2),
            ("2026-01-13", 2),
            // Nobody closed the second one; the one that began last holds.
            ("2027-01-01", 4),
        ] {
            assert_eq!(chosen(&slices, today), Some(product), "{today}");
        }
        let over = json!([{"productId": 1, "activeUntil": "2020-01-01"}, {"productId": 2, "activeUntil": "2021-01-01"}]);
        assert_eq!(chosen(&over, "2026-01-13"), Some(2));
        assert_eq!(chosen(&json!([{"productId": 1, "isRevoked": true}]), "2026-01-13"), None);
    }

    #[test]
    fn gross_is_exact() {
        assert_eq!(gross("23.95".parse().unwrap(), Decimal::new(19, 2)).to_string(), "28.5005");
        assert_eq!(gross(Decimal::from(100), Decimal::new(7, 2)).to_string(), "107");
    }
}
