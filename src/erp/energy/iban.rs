//! Bank accounts. The rules of each country are the library's; this adds what people do when they type.

use std::fmt;

use iban::{Iban as Checked, IbanLike as _, ParseIbanError};

/// An account whose form and check digits fit its country. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Iban(Checked);

/// Why a text is no IBAN.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidIban {
    /// Length, characters or check digits are wrong.
    #[error("it is not an IBAN: its form or its check digits are wrong")]
    Malformed,
    /// The check digits fit, but not the country's form.
    #[error("the account has not the form of its country")]
    Country,
    /// A country without IBANs.
    #[error("its first two letters are no country with IBANs")]
    UnknownCountry,
}

impl Iban {
    /// Reads an account. Case and spaces do not matter.
    pub fn parse(text: &str) -> Result<Self, InvalidIban> {
        let bare: String = text.split_whitespace().collect::<String>().to_uppercase();
        bare.parse().map(Self).map_err(|error| match error {
            ParseIbanError::InvalidBaseIban { .. } => InvalidIban::Malformed,
            ParseIbanError::InvalidBban(_) => InvalidIban::Country,
            ParseIbanError::UnknownCountry(_) => InvalidIban::UnknownCountry,
        })
    }

    /// Without spaces, in capitals.
    pub fn as_str(&self) -> &str {
        self.0.electronic_str()
    }

    /// Two letters of the country.
    pub fn country(&self) -> &str {
        self.0.country_code()
    }

    /// Code of the bank, where the country has one.
    pub fn bank_code(&self) -> Option<&str> {
        self.0.bank_identifier()
    }

    /// For logs and screens: country and last four characters.
    pub fn masked(&self) -> String {
        let text = self.as_str();
        format!("{}…{}", self.country(), &text[text.len().saturating_sub(4)..])
    }
}

impl fmt::Debug for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iban({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_accounts_pass() {
        for text in ["DE89370400440532013000", "de89 3704 0044 0532 0130 00", " DE893704 00440532013000\t", "De89 370400440532 013000"] {
            let iban = Iban::parse(text).unwrap();
            assert_eq!((iban.as_str(), iban.country(), iban.bank_code()), ("DE89370400440532013000", "DE", Some("37040044")), "{text}");
        }
        assert_eq!(Iban::parse("AT611904300234573201").unwrap().country(), "AT");
    }

    #[test]
    fn faults_are_told_apart() {
        for (text, fault) in [
            ("", InvalidIban::Malformed),
            ("DE89370400440532013001", InvalidIban::Malformed),
            ("DE8937040044053201300", InvalidIban::Malformed),
            ("Konto 532013000", InvalidIban::Malformed),
        ] {
            assert_eq!(Iban::parse(text), Err(fault), "{text}");
        }
    }

    /// Modulo 97 notices every wrong digit and every swap of neighbours.
    #[test]
    fn every_wrong_digit_and_every_swap_is_refused() {
        let right = "DE89370400440532013000";
        for at in 2..right.len() {
            for digit in ('0'..='9').filter(|digit| !right[at..].starts_with(*digit)) {
                let mut wrong = right.to_owned();
                wrong.replace_range(at..=at, &digit.to_string());
                assert!(Iban::parse(&wrong).is_err(), "{wrong}");
            }
            let mut bytes = right.as_bytes().to_vec();
            if at + 1 < bytes.len() {
                bytes.swap(at, at + 1);
            }
            let swapped = String::from_utf8(bytes).unwrap();
            assert!(swapped == right || Iban::parse(&swapped).is_err(), "{swapped}");
        }
    }

    #[test]
    fn debug_hides_the_account() {
        assert_eq!(format!("{:?}", Iban::parse("DE89370400440532013000").unwrap()), "Iban(DE…3000)");
    }
}
