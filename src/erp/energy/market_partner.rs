//! Codes of market partners: thirteen digits of BDEW, DVGW or GS1 (GLN).

use super::{bare, check_digit};

const DIGITS: usize = 13;

/// A code of the right length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MarketPartnerCode(String);

/// Who gave out a code, as its first two digits say. That is common knowledge, not from a norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// 99: BDEW, electricity.
    Bdew,
    /// 98: DVGW, gas.
    Dvgw,
    /// Anything else: GS1, a Global Location Number.
    Gs1,
}

impl Issuer {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bdew => "BDEW",
            Self::Dvgw => "DVGW",
            Self::Gs1 => "GLN",
        }
    }
}

/// Why a text is no code.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidMarketPartnerCode {
    /// Another number of characters.
    #[error("a code of a market partner has 13 digits")]
    Length,
    /// Something that is no digit.
    #[error("a code of a market partner has digits only")]
    NotDigits,
}

impl MarketPartnerCode {
    /// Reads a code. Spaces, dashes, dots and slashes do not matter. A wrong check digit is no fault:
    /// see [`Self::check_digit_fits`].
    pub fn parse(text: &str) -> Result<Self, InvalidMarketPartnerCode> {
        let code = bare(text);
        if !code.chars().all(|c| c.is_ascii_digit()) {
            return Err(InvalidMarketPartnerCode::NotDigits);
        }
        if code.len() == DIGITS { Ok(Self(code)) } else { Err(InvalidMarketPartnerCode::Length) }
    }

    /// The thirteen digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Who gave it out.
    pub fn issuer(&self) -> Issuer {
        match &self.0[..2] {
            "99" => Issuer::Bdew,
            "98" => Issuer::Dvgw,
            _ => Issuer::Gs1,
        }
    }

    /// Whether the last digit is the check digit of its issuer's algorithm. For BDEW and DVGW that algorithm was found
    /// by trying it on real codes, so a misfit is worth a warning and no more.
    pub fn check_digit_fits(&self) -> bool {
        match self.issuer() {
            Issuer::Bdew | Issuer::Dvgw => check_digit::ends_with(&self.0, check_digit::market),
            Issuer::Gs1 => check_digit::ends_with(&self.0, check_digit::gln),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_codes_fit() {
        for code in ["9903913000003", "9900580000002", "9978842000002", "9903323000007", "9907317000007", "9900080000007"] {
            let code = MarketPartnerCode::parse(code).unwrap();
            assert!(code.issuer() == Issuer::Bdew && code.check_digit_fits(), "{code:?}");
            assert!(!check_digit::ends_with(code.as_str(), check_digit::gln), "{code:?}");
        }
        let gln = MarketPartnerCode::parse("4 012345 00000 9").unwrap();
        assert!(gln.issuer() == Issuer::Gs1 && gln.check_digit_fits());
        assert_eq!(MarketPartnerCode::parse("9870012345678").unwrap().issuer(), Issuer::Dvgw);
    }

    #[test]
    fn a_wrong_check_digit_is_no_fault() {
        assert!(!MarketPartnerCode::parse("9903323000008").unwrap().check_digit_fits());
        assert_eq!(MarketPartnerCode::parse("990332300000"), Err(InvalidMarketPartnerCode::Length));
        assert_eq!(MarketPartnerCode::parse("99033230000O7"), Err(InvalidMarketPartnerCode::NotDigits));
    }
}
