//! Numbers of meters. New ones follow DIN 43863-5 (now DIN 43849), old ones any rule of their owner, so a number is
//! never refused for its form.

use super::bare;

/// Characters of a number after DIN 43863-5.
const DIN_LENGTH: usize = 14;

/// Characters at the end that must agree for a weak match.
const WEAK_CHARS: usize = 6;

/// A number in its comparable form, with its parts where the norm gives it any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterNumber {
    shown: String,
    key: String,
}

/// The parts of a number after DIN 43863-5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DinParts<'a> {
    /// What is measured.
    pub division: Division,
    /// Three letters of the manufacturer.
    pub manufacturer: &'a str,
    /// Two hexadecimal digits.
    pub block: &'a str,
    /// Eight digits.
    pub production: &'a str,
}

/// First character of a number after DIN 43863-5; the same as the medium of OBIS, with two additions of DIN 43849.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Division {
    /// 1.
    Electricity,
    /// 2.
    DirectCurrent,
    /// 7.
    Gas,
    /// 8.
    ColdWater,
    /// 9.
    HotWater,
    /// 4, 5, 6: heat allocators, cooling, heat.
    Heat,
    /// G: control modules and gateways.
    Control,
}

impl Division {
    fn of(first: char) -> Option<Self> {
        Some(match first {
            '1' => Self::Electricity,
            '2' => Self::DirectCurrent,
            '4'..='6' => Self::Heat,
            '7' => Self::Gas,
            '8' => Self::ColdWater,
            '9' => Self::HotWater,
            'G' => Self::Control,
            _ => return None,
        })
    }

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Electricity => "electricity",
            Self::DirectCurrent => "directCurrent",
            Self::Gas => "gas",
            Self::ColdWater => "coldWater",
            Self::HotWater => "hotWater",
            Self::Heat => "heat",
            Self::Control => "control",
        }
    }
}

/// How far two numbers agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Nothing to go by.
    None,
    /// The last characters agree, six at least: people leave out what is printed small.
    Weak,
    /// The same number.
    Same,
}

impl MeterNumber {
    /// Reads a number; none for a text without any letter or digit.
    pub fn parse(text: &str) -> Option<Self> {
        let shown: String = bare(text).chars().filter(|c| c.is_alphanumeric()).collect();
        if shown.is_empty() {
            return None;
        }
        // Zeros in front are printed by some operators and left out by others.
        let stripped = shown.trim_start_matches('0');
        let key = if stripped.is_empty() { "0" } else { stripped }.to_owned();
        Some(Self { shown, key })
    }

    /// In capitals, without separators; zeros in front are kept.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What is compared: also without zeros in front.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The parts, if the number is built after DIN 43863-5: one division, three letters, two hexadecimal digits, eight
    /// digits.
    pub fn din(&self) -> Option<DinParts<'_>> {
        let number = self.shown.as_str();
        if number.len() != DIN_LENGTH || !number.is_ascii() {
            return None;
        }
        let division = Division::of(number.chars().next()?)?;
        let (manufacturer, block, production) = (&number[1..4], &number[4..6], &number[6..]);
        let fits = manufacturer.chars().all(|c| c.is_ascii_uppercase())
            && block.chars().all(|c| c.is_ascii_hexdigit())
            && production.chars().all(|c| c.is_ascii_digit());
        fits.then_some(DinParts { division, manufacturer, block, production })
    }

    /// How far this number agrees with another.
    pub fn likeness(&self, other: &Self) -> Likeness {
        if self.key == other.key {
            return Likeness::Same;
        }
        let tail = |key: &str| key.chars().rev().take(WEAK_CHARS).collect::<Vec<_>>();
        let (one, other) = (tail(&self.key), tail(&other.key));
        if one.len() == WEAK_CHARS && one == other { Likeness::Weak } else { Likeness::None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> MeterNumber {
        MeterNumber::parse(text).unwrap()
    }

    #[test]
    fn the_example_of_the_norm_is_split() {
        let example = number("1 ESY 11 6066 9167");
        assert_eq!(example.as_str(), "1ESY1160669167");
        let parts = DinParts { division: Division::Electricity, manufacturer: "ESY", block: "11", production: "60669167" };
        assert_eq!(example.din(), Some(parts));
        assert_eq!(number("7GMTA012345678").din().unwrap().division, Division::Gas);
    }

    #[test]
    fn other_numbers_have_no_parts_and_still_pass() {
        for text in ["12345678", "1ESY116066916", "1ESY11606691677", "3ESY1160669167", "1E2Y1160669167", "1ESYXX60669167", "äöü4567890123"]
        {
            assert_eq!(number(text).din(), None, "{text}");
        }
        assert_eq!(MeterNumber::parse(" -./ "), None);
        assert_eq!(number("000").key(), "0");
    }

    #[test]
    fn spelling_makes_no_other_number() {
        for text in ["0012-345.678", "12345678", "12 345 678", "012345678"] {
            assert_eq!(number(text).likeness(&number("12345678")), Likeness::Same, "{text}");
        }
        assert_eq!(number("1esy1160669167").likeness(&number("1ESY 1160669167")), Likeness::Same);
    }

    #[test]
    fn the_end_of_a_number_is_a_weak_match() {
        let whole = number("1ESY1160669167");
        for (text, likeness) in [
            ("60669167", Likeness::Weak),
            ("669167", Likeness::Weak),
            ("69167", Likeness::None),
            ("60669168", Likeness::None),
            ("1EMH9999669167", Likeness::Weak),
        ] {
            assert_eq!(number(text).likeness(&whole), likeness, "{text}");
            assert_eq!(whole.likeness(&number(text)), likeness, "{text}");
        }
        // Zeros in front do not make a short number long enough.
        assert_eq!(number("000001").likeness(&number("99000001")), Likeness::None);
    }
}
