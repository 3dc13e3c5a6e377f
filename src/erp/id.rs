//! Ids of foreign systems: text of up to 50 characters that remembers whether it came as a JSON number.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type},
    },
};

/// Longest id that any call accepts (`contract/webhook-erp.md`).
pub const MAX_ID_CHARS: usize = 50;
/// Texts that [`ErpId::parse`] takes, for the spec.
const PATTERN: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";

/// A contract or customer id as the ERP spells it. Two ids are the same when their text is, whatever the form.
#[derive(Clone, Debug, Eq)]
pub struct ErpId {
    text: String,
    came_as_number: bool,
}

/// Why a text is no id.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidId {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// More than [`MAX_ID_CHARS`].
    #[error("must not be longer than 50 characters")]
    TooLong,
    /// Control characters cannot be part of an id.
    #[error("must not contain control characters")]
    Control,
}

impl ErpId {
    /// Reads an id from a path, a query or an upstream text.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if text.chars().all(|c| c == ' ') {
            return Err(InvalidId::Empty);
        }
        if text.chars().count() > MAX_ID_CHARS {
            return Err(InvalidId::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidId::Control);
        }
        Ok(Self { text: text.to_owned(), came_as_number: false })
    }

    /// The id as text, for storage and for requests.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for ErpId {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl std::hash::Hash for ErpId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for ErpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<i64> for ErpId {
    fn from(number: i64) -> Self {
        Self { text: number.to_string(), came_as_number: true }
    }
}

impl Serialize for ErpId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.came_as_number, self.text.parse::<i64>()) {
            (true, Ok(number)) => serializer.serialize_i64(number),
            _ => serializer.serialize_str(&self.text),
        }
    }
}

impl<'de> Deserialize<'de> for ErpId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = ErpId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id: an integer or a text of up to 50 characters")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<ErpId, E> {
                Ok(ErpId::from(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<ErpId, E> {
                i64::try_from(number).map(ErpId::from).map_err(|_| E::custom("the id is too large for an integer; send it as a text"))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<ErpId, E> {
                // JSON does not tell 7 from 7.0.
                #[expect(clippy::cast_possible_truncation, reason = "in range and without a fraction")]
                let whole = (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
                whole.map(ErpId::from).ok_or_else(|| E::invalid_type(de::Unexpected::Float(number), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ErpId, E> {
                ErpId::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl PartialSchema for ErpId {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .description(Some("An id of the ERP: an integer or a text of up to 50 characters, as the ERP sent it."))
            .item(ObjectBuilder::new().schema_type(Type::Integer).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64))))
            .item(ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(MAX_ID_CHARS)).pattern(Some(PATTERN)))
            .examples([serde_json::json!(746_839), serde_json::json!("VN-00001")])
            .into()
    }
}

impl ToSchema for ErpId {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ErpId")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_form_it_came_in() {
        for json in ["746839", "\"746839\"", "\"VN-00001\""] {
            let id: ErpId = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&id).unwrap(), json);
        }
    }

    #[test]
    fn the_form_does_not_make_another_id() {
        assert_eq!(ErpId::from(12), ErpId::parse("12").unwrap());
    }

    #[test]
    fn refuses_what_is_no_id() {
        assert_eq!(ErpId::parse(" "), Err(InvalidId::Empty));
        assert_eq!(ErpId::parse(&"x".repeat(51)), Err(InvalidId::TooLong));
        assert_eq!(ErpId::parse("a\u{0}b"), Err(InvalidId::Control));
        assert!(serde_json::from_str::<ErpId>("1.5").is_err());
    }
}
