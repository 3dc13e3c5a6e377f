//! Whether a monthly deposit (Abschlag) fits consumption and prices.

use rust_decimal::{Decimal, RoundingStrategy};

/// Share of the expected deposit by which the real one may differ.
const TOLERANCE: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// What decides a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supply {
    /// kWh a year.
    pub consumption: Decimal,
    /// ct/kWh with tax.
    pub working_price: Decimal,
    /// EUR a year with tax.
    pub base_price: Decimal,
}

/// How a deposit relates to what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plausibility {
    /// Within half and one and a half times the expected.
    Plausible,
    /// Less than half; a large bill will follow.
    TooLow,
    /// More than one and a half times.
    TooHigh,
    /// Nothing to compare with: no consumption and no price, or a negative figure.
    Unknown,
}

impl Supply {
    /// EUR a year.
    pub fn yearly_cost(&self) -> Decimal {
        self.consumption * self.working_price / Decimal::ONE_HUNDRED + self.base_price
    }

    /// EUR a month with this many deposits a year (11 or 12; 0 counts as 12), rounded to cents.
    pub fn expected(&self, deposits_a_year: u32) -> Decimal {
        let share = self.yearly_cost() / Decimal::from(if deposits_a_year == 0 { 12 } else { deposits_a_year });
        share.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
    }

    /// Judges a deposit in EUR a month. Suppliers collect eleven or twelve a year, so both are taken as right.
    pub fn judge(&self, deposit: Decimal) -> Plausibility {
        let figures = [self.consumption, self.working_price, self.base_price, deposit];
        if figures.iter().any(Decimal::is_sign_negative) || self.yearly_cost().is_zero() {
            return Plausibility::Unknown;
        }
        if deposit < self.expected(12) * (Decimal::ONE - TOLERANCE) {
            Plausibility::TooLow
        } else if deposit > self.expected(11) * (Decimal::ONE + TOLERANCE) {
            Plausibility::TooHigh
        } else {
            Plausibility::Plausible
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supply() -> Supply {
        // 2900 kWh at 28.5 ct and 149.88 EUR a year: 976.38 EUR.
        Supply { consumption: 2900.into(), working_price: Decimal::new(285, 1), base_price: Decimal::new(14_988, 2) }
    }

    #[test]
    fn the_expected_deposit_is_a_part_of_the_year() {
        assert_eq!(supply().yearly_cost(), Decimal::new(97_638, 2));
        assert_eq!(supply().expected(12), Decimal::new(8_137, 2)); // 81.365
        assert_eq!(supply().expected(11), Decimal::new(8_876, 2));
        assert_eq!(supply().expected(0), supply().expected(12));
    }

    #[test]
    fn half_as_much_and_half_more_are_the_limits() {
        for (cents, judgement) in [
            (0, Plausibility::TooLow),
            (4_067, Plausibility::TooLow),
            (4_069, Plausibility::Plausible),
            (8_300, Plausibility::Plausible),
            (13_314, Plausibility::Plausible),
            (13_315, Plausibility::TooHigh),
        ] {
            assert_eq!(supply().judge(Decimal::new(cents, 2)), judgement, "{cents}");
        }
    }

    #[test]
    fn nothing_is_judged_without_figures() {
        let nothing = Supply { consumption: Decimal::ZERO, working_price: Decimal::ONE, base_price: Decimal::ZERO };
        assert_eq!(nothing.judge(Decimal::ONE), Plausibility::Unknown);
        assert_eq!(supply().judge(Decimal::NEGATIVE_ONE), Plausibility::Unknown);
        let fed_in = Supply { consumption: Decimal::NEGATIVE_ONE, ..supply() };
        assert_eq!(fed_in.judge(Decimal::ONE), Plausibility::Unknown);
    }
}
