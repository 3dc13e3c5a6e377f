//! Meter locations (MeLo-ID): where energy is measured. 33 characters without a check digit.

use std::fmt;

use super::bare;

const LENGTH: usize = 33;

/// An id of the right form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MeterLocation(String);

/// Why a text is no meter location.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidMeterLocation {
    /// Another number of characters.
    #[error("a meter location has 33 characters, not {found}")]
    Length {
        /// How many there are.
        found: usize,
    },
    /// Ids are given out for Germany alone.
    #[error("a meter location begins with DE")]
    Country,
    /// Operator and postal code are digits.
    #[error("characters 3 to 13 of a meter location are digits: grid operator and postal code")]
    NotDigits,
    /// The rest are letters and digits.
    #[error("a meter location has letters from A to Z and digits only")]
    Characters,
}

impl MeterLocation {
    /// Reads an id. Case does not matter, nor spaces, dashes, dots and slashes.
    pub fn parse(text: &str) -> Result<Self, InvalidMeterLocation> {
        let id = bare(text);
        if !id.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(InvalidMeterLocation::Characters);
        }
        if id.len() != LENGTH {
            return Err(InvalidMeterLocation::Length { found: id.len() });
        }
        if !id.starts_with("DE") {
            return Err(InvalidMeterLocation::Country);
        }
        if !id[2..13].chars().all(|c| c.is_ascii_digit()) {
            return Err(InvalidMeterLocation::NotDigits);
        }
        Ok(Self(id))
    }

    /// The 33 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Six digits of the grid operator who gave the id out.
    pub fn grid_operator(&self) -> &str {
        &self.0[2..8]
    }

    /// Postal code of the place at that time.
    pub fn postal_code(&self) -> &str {
        &self.0[8..13]
    }

    /// Twenty characters that the operator chose, often with the number of the meter at that time.
    pub fn point(&self) -> &str {
        &self.0[13..]
    }
}

impl fmt::Display for MeterLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "DE0012340106700000000000000A12345";

    #[test]
    fn the_example_has_its_parts() {
        let id = MeterLocation::parse("de 001234 01067 0000 0000 0000 00A1 2345").unwrap();
        assert_eq!(id.as_str(), EXAMPLE);
        assert_eq!((id.grid_operator(), id.postal_code(), id.point()), ("001234", "01067", "00000000000000A12345"));
    }

    #[test]
    fn faults_are_told_apart() {
        use InvalidMeterLocation as Fault;
        for (text, fault) in [
            (format!("{EXAMPLE}0"), Fault::Length { found: 34 }),
            (EXAMPLE[..32].to_owned(), Fault::Length { found: 32 }),
            (String::new(), Fault::Length { found: 0 }),
            (EXAMPLE.replacen("DE", "AT", 1), Fault::Country),
            (EXAMPLE.replacen("001234", "00123A", 1), Fault::NotDigits),
            (EXAMPLE.replacen("A12345", "Ä12345", 1), Fault::Characters),
            (EXAMPLE.replacen("A12345", "A1234_", 1), Fault::Characters),
        ] {
            assert_eq!(MeterLocation::parse(&text), Err(fault), "{text}");
        }
    }
}
