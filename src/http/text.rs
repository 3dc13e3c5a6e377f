//! Texts of a bounded length from queries and bodies.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// A text of `LEAST` to `MOST` characters without control characters; with `LEAST` above 0 it is not blank either.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text<const LEAST: usize, const MOST: usize>(String);

impl<const LEAST: usize, const MOST: usize> Text<LEAST, MOST> {
    /// What [`Self::parse`] lets pass, for the spec.
    const PATTERN: &'static str = if LEAST == 0 { r"^[^\x00-\x1f\x7f]*$" } else { r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$" };

    fn parse(text: &str) -> Result<Self, String> {
        if text.chars().any(|c| c.is_ascii_control()) {
            return Err("must not contain control characters".to_owned());
        }
        let length = text.chars().count();
        if LEAST > 0 && text.chars().all(|c| c == ' ') {
            return Err("must not be empty".to_owned());
        }
        if (LEAST..=MOST).contains(&length) { Ok(Self(text.to_owned())) } else { Err(format!("must have {LEAST} to {MOST} characters")) }
    }
}

impl<const LEAST: usize, const MOST: usize> Deref for Text<LEAST, MOST> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de, const LEAST: usize, const MOST: usize> Deserialize<'de> for Text<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const LEAST: usize, const MOST: usize>;
        impl<const LEAST: usize, const MOST: usize> de::Visitor<'_> for Visitor<LEAST, MOST> {
            type Value = Text<LEAST, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a text of {LEAST} to {MOST} characters")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Text::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl<const LEAST: usize, const MOST: usize> PartialSchema for Text<LEAST, MOST> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length((LEAST > 0).then_some(LEAST))
            .max_length(Some(MOST))
            .pattern(Some(Self::PATTERN))
            .into()
    }
}

impl<const LEAST: usize, const MOST: usize> ToSchema for Text<LEAST, MOST> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_count_characters() {
        type Short = Text<1, 3>;
        assert_eq!(&*Short::parse("äöü").unwrap(), "äöü");
        for bad in ["", "   ", "abcd", "a\u{0}b", "a\nb"] {
            assert!(Short::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Text::<0, 3>::parse("").is_ok());
    }
}
