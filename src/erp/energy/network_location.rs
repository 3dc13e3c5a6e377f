//! Network locations (NeLo-ID): `E`, nine letters or digits, one check digit.

use std::fmt;

use super::bare;

const LENGTH: usize = 11;

/// An id of the right form. How its check digit is computed is in no source we have, so it is not compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NetworkLocation(String);

/// Why a text is no network location.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidNetworkLocation {
    /// Another number of characters.
    #[error("a network location has 11 characters")]
    Length,
    /// Another first letter.
    #[error("a network location begins with E")]
    Prefix,
    /// The rest are letters and digits.
    #[error("a network location has letters from A to Z and digits only")]
    Characters,
    /// The last one is a digit.
    #[error("a network location ends with a digit")]
    CheckDigit,
}

impl NetworkLocation {
    /// Reads an id. Case does not matter, nor spaces, dashes, dots and slashes.
    pub fn parse(text: &str) -> Result<Self, InvalidNetworkLocation> {
        let id = bare(text);
        if !id.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(InvalidNetworkLocation::Characters);
        }
        if id.len() != LENGTH {
            return Err(InvalidNetworkLocation::Length);
        }
        if !id.starts_with('E') {
            return Err(InvalidNetworkLocation::Prefix);
        }
        if !id.ends_with(|c: char| c.is_ascii_digit()) {
            return Err(InvalidNetworkLocation::CheckDigit);
        }
        Ok(Self(id))
    }

    /// The eleven characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NetworkLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_checked() {
        use InvalidNetworkLocation as Fault;
        assert_eq!(NetworkLocation::parse("e1a 2b3c4d5-6").unwrap().as_str(), "E1A2B3C4D56");
        for (text, fault) in [
            ("E1A2B3C4D5", Fault::Length),
            ("D1A2B3C4D56", Fault::Prefix),
            ("E1A2B3C4D5E", Fault::CheckDigit),
            ("E1A2B3C4ß56", Fault::Length),
            ("E1A2B3C4_56", Fault::Characters),
        ] {
            assert_eq!(NetworkLocation::parse(text), Err(fault), "{text}");
        }
    }
}
