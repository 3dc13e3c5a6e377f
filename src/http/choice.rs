//! Closed lists of words in bodies.

/// A closed list of words. Derived enums would also take `{"word":null}`, and would not say `must be one of`.
///
/// Further derives stand in front; every list can also be bound to and read from a column of type text:
///
/// ```text
/// choice! {
///     [Default, Hash]
///     /// What the spec says about it.
///     Status as "Status" {
///         /// Done.
///         #[default]
///         Closed = "closed" or "resolved",
///     }
/// }
/// ```
macro_rules! choice {
    ($([$($derive:path),+])? $(#[doc = $about:literal])+ $name:ident as $schema:literal {
        $($(#[$says:meta])* $variant:ident = $word:literal $(or $alias:literal)*,)+
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, $($($derive),+)?)]
        #[sqlx(type_name = "text")]
        pub enum $name {
            $($(#[$says])* #[sqlx(rename = $word)] $variant,)+
        }

        impl $name {
            /// The words, in the order in which people read them.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// What is understood: the words, and what older clients send.
            pub const UNDERSTOOD: &'static [&'static str] = &[$($word, $($alias,)*)+];

            /// The word on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word $(| $alias)* => Ok(Self::$variant),)+
                    _ => Err(format!("must be one of {}", Self::WORDS.join(", "))),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(f, "one of {}", $name::WORDS.join(", "))
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .enum_values(Some(Self::WORDS.iter().copied()))
                    .description(Some(concat!($($about, "\n"),+).trim().replace("\n ", "\n")))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }
        }
    };
}

pub(crate) use choice;

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::PartialSchema as _;

    choice! {
        [PartialOrd]
        /// What a test
        /// chooses.
        Choice as "Choice" {
            /// One.
            One = "one",
            /// Two.
            Two = "two" or "zwei" or "deux",
        }
    }

    #[test]
    fn older_words_are_understood_and_newer_ones_shown() {
        for (text, shown) in [("one", "one"), ("two", "two"), ("zwei", "two"), ("deux", "two")] {
            let choice: Choice = serde_json::from_value(json!(text)).unwrap();
            assert_eq!((choice.as_str(), serde_json::to_value(choice).unwrap()), (shown, json!(shown)));
        }
        assert_eq!(Choice::UNDERSTOOD, ["one", "two", "zwei", "deux"]);
        assert!(Choice::One < Choice::Two);
        let schema = serde_json::to_value(Choice::schema()).unwrap();
        assert_eq!(schema, json!({"type": "string", "enum": ["one", "two"], "description": "What a test\nchooses."}));
    }

    #[test]
    fn another_word_is_refused_with_the_list() {
        for bad in [json!("three"), json!("One"), json!(5), json!({"one": null}), json!({}), json!(null), json!(["one"])] {
            let error = serde_json::from_value::<Choice>(bad.clone()).unwrap_err().to_string();
            assert!(error.contains("one of one, two"), "{bad}: {error}");
        }
    }
}
