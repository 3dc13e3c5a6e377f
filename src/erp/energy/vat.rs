//! Value added tax on energy in Germany, by the day of supply.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Energy;

/// First and last day of the reduced rate on gas.
const REDUCED: ((i32, u32, u32), (i32, u32, u32)) = ((2022, 10, 1), (2024, 3, 31));

/// The rate as a fraction for energy supplied on `day`: 19 %, and 7 % for gas from October 2022 to March 2024.
///
/// The lower general rates of the second half of 2020 are not told apart.
pub fn rate(energy: Energy, day: NaiveDate) -> Decimal {
    let (first, last) = REDUCED;
    let date = |(year, month, day)| NaiveDate::from_ymd_opt(year, month, day);
    let reduced = energy == Energy::Gas && date(first).is_some_and(|first| day >= first) && date(last).is_some_and(|last| day <= last);
    Decimal::new(if reduced { 7 } else { 19 }, 2)
}

/// A net price with the tax of that day on it, unrounded.
pub fn gross(net: Decimal, energy: Energy, day: NaiveDate) -> Decimal {
    net * (Decimal::ONE + rate(energy, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_of_gas_changed_twice() {
        for (day, gas) in [("2022-09-30", 19), ("2022-10-01", 7), ("2023-06-15", 7), ("2024-03-31", 7), ("2024-04-01", 19)] {
            let day = day.parse().unwrap();
            assert_eq!(rate(Energy::Gas, day), Decimal::new(gas, 2), "{day}");
            assert_eq!(rate(Energy::Electricity, day), Decimal::new(19, 2), "{day}");
        }
    }

    #[test]
    fn the_tax_comes_on_top() {
        let day = "2025-01-01".parse().unwrap();
        assert_eq!(gross(Decimal::new(2395, 2), Energy::Electricity, day), Decimal::new(285_005, 4));
    }
}
