//! Parameter types that many queries share.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use super::whole;

/// A boolean in a query: `true`, `1`, `yes`, `on` and their opposites (`contract/index.md`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl Flag {
    const WORDS: [(&'static str, bool); 8] =
        [("true", true), ("false", false), ("1", true), ("0", false), ("yes", true), ("no", false), ("on", true), ("off", false)];
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Flag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one of true, 1, yes, on, false, 0, no, off")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Flag, E> {
                Ok(Flag(value))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Flag, E> {
                Flag::WORDS
                    .iter()
                    .find(|(word, _)| *word == text)
                    .map(|(_, value)| Flag(*value))
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl PartialSchema for Flag {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Self::WORDS.map(|(word, _)| word))).into()
    }
}

impl ToSchema for Flag {}

/// Rows of a page: 1 to 1000 and 100 unless told, where a search does not say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit<const USUAL: u32 = 100, const MOST: u32 = 1000>(pub u32);

impl<const USUAL: u32, const MOST: u32> Default for Limit<USUAL, MOST> {
    fn default() -> Self {
        Self(USUAL)
    }
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// Smallest, oldest or nothing first.
    Asc,
    /// Largest or newest first.
    #[default]
    Desc,
}

/// Rows to skip: 0 to 2,147,483,647.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset(pub u32);

/// A number, or the text of one. The message should name the bounds, whatever was sent instead.
fn whole_number<'de, D: Deserializer<'de>>(deserializer: D, least: u32, most: u32) -> Result<u32, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::String(text) => text.parse().ok(),
        value => whole::read(&value),
    };
    let fitting = number.and_then(|number| u32::try_from(number).ok()).filter(|number| (least..=most).contains(number));
    fitting.ok_or_else(|| de::Error::custom(format!("must be a whole number from {least} to {most}")))
}

impl<'de, const USUAL: u32, const MOST: u32> Deserialize<'de> for Limit<USUAL, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole_number(deserializer, 1, MOST).map(Self)
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole_number(deserializer, 0, i32::MAX as u32).map(Self)
    }
}

impl<const USUAL: u32, const MOST: u32> PartialSchema for Limit<USUAL, MOST> {
    fn schema() -> RefOr<Schema> {
        integer(1.0, f64::from(MOST), USUAL)
    }
}

impl PartialSchema for Offset {
    fn schema() -> RefOr<Schema> {
        integer(0.0, f64::from(i32::MAX), 0)
    }
}

impl<const USUAL: u32, const MOST: u32> ToSchema for Limit<USUAL, MOST> {}
impl ToSchema for Offset {}

fn integer(least: f64, most: f64, default: u32) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most)).default(Some(default.into())).into()
}
