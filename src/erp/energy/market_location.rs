//! Market locations (MaLo-ID): where energy is consumed or fed in, for billing.

use std::fmt;

use super::{bare, check_digit};

/// Length of an id.
const DIGITS: usize = 11;

/// Who gave out an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// DVGW, for gas: the first digit is 1 to 3.
    Dvgw,
    /// BDEW, for electricity: the first digit is 4 to 9.
    Bdew,
}

impl Issuer {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dvgw => "DVGW",
            Self::Bdew => "BDEW",
        }
    }
}

/// An id that passed every check.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MarketLocation(String);

/// Why a text is no market location.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidMarketLocation {
    /// Another number of characters.
    #[error("a market location has 11 digits")]
    Length,
    /// Something that is no digit.
    #[error("a market location has digits only")]
    NotDigits,
    /// No issuer has 0.
    #[error("a market location does not begin with 0")]
    LeadingZero,
    /// A digit is wrong.
    #[error("the check digit does not fit: {expected} would")]
    CheckDigit {
        /// The check digit of the first ten digits.
        expected: u32,
    },
}

impl MarketLocation {
    /// Reads an id. Spaces, dashes, dots and slashes between the digits do not matter.
    pub fn parse(text: &str) -> Result<Self, InvalidMarketLocation> {
        let id = bare(text);
        if !id.chars().all(|c| c.is_ascii_digit()) {
            return Err(InvalidMarketLocation::NotDigits);
        }
        if id.len() != DIGITS {
            return Err(InvalidMarketLocation::Length);
        }
        if id.starts_with('0') {
            return Err(InvalidMarketLocation::LeadingZero);
        }
        match check_digit::market(&id[..DIGITS - 1]) {
            _ if check_digit::ends_with(&id, check_digit::market) => Ok(Self(id)),
            Some(expected) => Err(InvalidMarketLocation::CheckDigit { expected }),
            None => Err(InvalidMarketLocation::NotDigits),
        }
    }

    /// The eleven digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Who gave it out.
    pub fn issuer(&self) -> Issuer {
        if self.0.starts_with(['1', '2', '3']) { Issuer::Dvgw } else { Issuer::Bdew }
    }
}

impl fmt::Display for MarketLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: [&str; 6] = ["41373559241", "52671494807", "32631452574", "98711822110", "48662918097", "51238696781"];

    #[test]
    fn published_ids_pass() {
        for id in PUBLISHED {
            assert_eq!(MarketLocation::parse(id).unwrap().as_str(), id);
        }
        assert_eq!(MarketLocation::parse(" 413 7355-924.1 ").unwrap().as_str(), "41373559241");
        assert_eq!(MarketLocation::parse("41373559241").unwrap().issuer(), Issuer::Bdew);
        assert_eq!(MarketLocation::parse("32631452574").unwrap().issuer(), Issuer::Dvgw);
    }

    #[test]
    fn faults_are_told_apart() {
        use InvalidMarketLocation as Fault;
        for (text, fault) in [
            ("", Fault::Length),
            ("4137355924", Fault::Length),
            ("413735592410", Fault::Length),
            ("4137355924A", Fault::NotDigits),
            // Digits of other scripts are none.
            ("٤1373559241", Fault::NotDigits),
            ("01373559245", Fault::LeadingZero),
            ("41373559242", Fault::CheckDigit { expected: 1 }),
        ] {
            assert_eq!(MarketLocation::parse(text), Err(fault), "{text}");
        }
    }

    /// One wrong digit anywhere. The norm's algorithm is blind to five more or less at an even position, and to nothing
    /// else; the test holds both, so that nobody believes in more than there is.
    #[test]
    fn every_wrong_digit_is_refused_but_five_off_at_even_positions() {
        let (mut refused, mut passed) = (0, 0);
        for id in PUBLISHED {
            for at in 0..id.len() {
                let right = i32::from(id.as_bytes()[at] - b'0');
                for wrong in (0..10).filter(|digit| *digit != right) {
                    let mut changed = id.to_owned();
                    changed.replace_range(at..=at, &wrong.to_string());
                    let blind = at % 2 == 1 && (wrong - right).abs() == 5;
                    assert_eq!(MarketLocation::parse(&changed).is_ok(), blind, "{id} -> {changed}");
                    if blind { passed += 1 } else { refused += 1 }
                }
            }
        }
        assert_eq!((refused, passed), (6 * 11 * 9 - 6 * 5, 6 * 5));
    }

    #[test]
    fn every_swap_of_different_neighbours_is_refused() {
        let mut swaps = 0;
        for id in PUBLISHED {
            for at in 0..id.len() - 1 {
                let mut bytes = id.as_bytes().to_vec();
                bytes.swap(at, at + 1);
                let swapped = String::from_utf8(bytes).unwrap();
                if swapped != id {
                    swaps += 1;
                    assert!(MarketLocation::parse(&swapped).is_err(), "{id} -> {swapped}");
                }
            }
        }
        assert!(swaps > 40, "{swaps}");
    }
}
