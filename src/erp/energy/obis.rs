//! OBIS numbers: what a register of a meter counts (`1-1:1.8.0`).

use std::{fmt, sync::LazyLock};

use regex::Regex;

/// What is measured (group A).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// 1.
    Electricity,
    /// 4, 5, 6.
    Heat,
    /// 7.
    Gas,
    /// 8.
    ColdWater,
    /// 9.
    HotWater,
    /// 0 and the rest.
    Other,
}

impl Medium {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Electricity => "electricity",
            Self::Heat => "heat",
            Self::Gas => "gas",
            Self::ColdWater => "coldWater",
            Self::HotWater => "hotWater",
            Self::Other => "other",
        }
    }
}

/// What a register means for a supply contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// 1.8.0: taken from the grid, all tariffs.
    ImportTotal,
    /// 1.8.n: taken from the grid in tariff n. Which of them is the high tariff differs between operators.
    ImportTariff(u8),
    /// 2.8.0: fed into the grid, all tariffs.
    ExportTotal,
    /// 2.8.n: fed into the grid in tariff n.
    ExportTariff(u8),
    /// 7-x:3.n.n: volume of gas.
    GasVolume,
    /// Anything else.
    Other,
}

impl Meaning {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ImportTotal => "importTotal",
            Self::ImportTariff(_) => "importTariff",
            Self::ExportTotal => "exportTotal",
            Self::ExportTariff(_) => "exportTariff",
            Self::GasVolume => "gasVolume",
            Self::Other => "other",
        }
    }

    /// Number of the tariff, where the meaning has one.
    pub const fn tariff(self) -> Option<u8> {
        match self {
            Self::ImportTariff(tariff) | Self::ExportTariff(tariff) => Some(tariff),
            _ => None,
        }
    }
}

/// An OBIS number: `A-B:C.D.E*F`. People often give `C.D.E` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Obis {
    place: Option<(u8, u8)>,
    value: [u8; 3],
    history: Option<u8>,
}

/// Why a text is no OBIS number.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidObis {
    /// Another form.
    #[error("an OBIS number has the form 1-1:1.8.0, or 1.8.0 for short")]
    Form,
    /// A group beyond one byte.
    #[error("each group of an OBIS number is a number from 0 to 255")]
    Range,
}

static FORM: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?:([0-9]{1,3})-([0-9]{1,3}):)?([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(?:\*([0-9]{1,3}))?$").ok());

impl Obis {
    /// Reads a number, long or short. Spaces do not matter.
    pub fn parse(text: &str) -> Result<Self, InvalidObis> {
        let text: String = text.split_whitespace().collect();
        let groups = FORM.as_ref().and_then(|form| form.captures(&text)).ok_or(InvalidObis::Form)?;
        let group = |at: usize| groups.get(at).map(|group| group.as_str().parse::<u8>().map_err(|_| InvalidObis::Range)).transpose();
        let value = [group(3)?, group(4)?, group(5)?].map(Option::unwrap_or_default);
        Ok(Self { place: group(1)?.zip(group(2)?), value, history: group(6)? })
    }

    /// Medium; none for the short form, which does not say it.
    pub fn medium(&self) -> Option<Medium> {
        self.place.map(|(medium, _)| match medium {
            1 => Medium::Electricity,
            4..=6 => Medium::Heat,
            7 => Medium::Gas,
            8 => Medium::ColdWater,
            9 => Medium::HotWater,
            _ => Medium::Other,
        })
    }

    /// What the register counts. The short form is read as electricity, the only medium for which people use it.
    pub fn meaning(&self) -> Meaning {
        match (self.medium().unwrap_or(Medium::Electricity), self.value) {
            (Medium::Electricity, [1, 8, 0]) => Meaning::ImportTotal,
            (Medium::Electricity, [1, 8, tariff]) => Meaning::ImportTariff(tariff),
            (Medium::Electricity, [2, 8, 0]) => Meaning::ExportTotal,
            (Medium::Electricity, [2, 8, tariff]) => Meaning::ExportTariff(tariff),
            (Medium::Gas, [3, _, _]) => Meaning::GasVolume,
            _ => Meaning::Other,
        }
    }

    /// Whether the text was the short form.
    pub fn is_short(&self) -> bool {
        self.place.is_none()
    }

    /// Groups C, D and E: `1.8.0`.
    pub fn short(&self) -> String {
        let [measure, kind, tariff] = self.value;
        format!("{measure}.{kind}.{tariff}")
    }
}

impl fmt::Display for Obis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((medium, channel)) = self.place {
            write!(f, "{medium}-{channel}:")?;
        }
        f.write_str(&self.short())?;
        self.history.map_or(Ok(()), |history| write!(f, "*{history}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers_have_their_meaning() {
        for (text, medium, meaning) in [
            ("1-1:1.8.0", Some(Medium::Electricity), Meaning::ImportTotal),
            ("1-0:1.8.1", Some(Medium::Electricity), Meaning::ImportTariff(1)),
            ("1-1:1.8.2*255", Some(Medium::Electricity), Meaning::ImportTariff(2)),
            ("1-1:2.8.0", Some(Medium::Electricity), Meaning::ExportTotal),
            ("1-1:2.8.1", Some(Medium::Electricity), Meaning::ExportTariff(1)),
            ("7-20:3.0.0", Some(Medium::Gas), Meaning::GasVolume),
            ("8-1:1.0.0", Some(Medium::ColdWater), Meaning::Other),
            ("9-1:1.0.0", Some(Medium::HotWater), Meaning::Other),
            ("6-0:1.8.0", Some(Medium::Heat), Meaning::Other),
            ("1.8.0", None, Meaning::ImportTotal),
            ("2.8.2", None, Meaning::ExportTariff(2)),
        ] {
            let obis = Obis::parse(text).unwrap();
            assert_eq!((obis.medium(), obis.meaning(), obis.to_string().as_str()), (medium, meaning, text));
        }
        assert_eq!(Obis::parse(" 1-1 : 1.8.0 ").unwrap().to_string(), "1-1:1.8.0");
        assert_eq!(Obis::parse("1-01:01.08.00").unwrap().to_string(), "1-1:1.8.0");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "1.8", "1-1.8.0", "1:1.8.0", "1-1:1.8.0*", "1-1:1,8,0", "a-1:1.8.0", "1-1:1.8.0 kWh", "1-1:1.8.0000", "١.8.0"] {
            assert_eq!(Obis::parse(text), Err(InvalidObis::Form), "{text}");
        }
        assert_eq!(Obis::parse("1-1:1.8.256"), Err(InvalidObis::Range));
    }
}
