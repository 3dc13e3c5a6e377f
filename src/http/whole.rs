//! Whole numbers of bodies, within bounds.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

/// Ids end where a JSON number of every client is still exact.
pub const MOST: i64 = 9_007_199_254_740_991;

/// The whole number that a JSON value is, however it is written: JSON does not tell `5` from `5.0`.
pub fn read(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().and_then(from_float))
}

/// The whole number that a float is, where floats are exact.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "in range and without a fraction")]
pub fn from_float(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= MOST as f64).then_some(number as i64)
}

/// A whole number from `LEAST` to `MOST`, however it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Whole<const LEAST: i64, const MOST: i64>(pub i64);

impl<'de, const LEAST: i64, const MOST: i64> Deserialize<'de> for Whole<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const LEAST: i64, const MOST: i64>;
        impl<const LEAST: i64, const MOST: i64> de::Visitor<'_> for Visitor<LEAST, MOST> {
            type Value = Whole<LEAST, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from {LEAST} to {MOST}")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                if (LEAST..=MOST).contains(&number) {
                    return Ok(Whole(number));
                }
                Err(E::custom(format!("must be a whole number from {LEAST} to {MOST}")))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
                self.visit_i64(from_float(number).unwrap_or(i64::MIN))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl<const LEAST: i64, const MOST: i64> PartialSchema for Whole<LEAST, MOST> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(LEAST))
            .maximum(Some(MOST))
            .into()
    }
}

impl<const LEAST: i64, const MOST: i64> ToSchema for Whole<LEAST, MOST> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_float_counts_and_bounds_hold() {
        let read = |text: &str| serde_json::from_str::<Whole<1, 100>>(text).ok().map(|number| number.0);
        for (text, number) in [("5", Some(5)), ("5.0", Some(5)), ("1e2", Some(100)), ("100", Some(100))] {
            assert_eq!(read(text), number, "{text}");
        }
        for bad in ["0", "-1", "101", "5.5", "1e300", "\"5\"", "null", "true", "99999999999999999999"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
