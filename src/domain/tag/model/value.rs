//! The closed lists of a tag's fields, in the spelling of the wire and of the database.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// A closed list of words. Derived enums would also take `{"word":null}`, and would not say `must be one of`.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($(#[$says:meta])* $variant:ident = $word:literal $(or $alias:literal)*,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name {
            $($(#[$says])* $variant,)+
        }

        impl $name {
            /// The words, in the order in which people read them.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// What is understood beside the words: they and what older clients send.
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

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(f, "one of {}", $name::WORDS.join(", "))
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Self::WORDS.iter().copied())).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                // Tickets have a priority too.
                concat!("Tag", stringify!($name)).into()
            }
        }
    };
}

choice! {
    /// What a tag labels.
    Reference {
        /// Tickets.
        #[default]
        Ticket = "ticket",
        /// Contracts.
        Contract = "contract",
        /// Customers.
        Customer = "customer",
    }
}

choice! {
    /// What kind of label a tag is.
    Kind {
        /// What somebody must know to work on it.
        #[default]
        Skill = "skill",
        /// A product of the utility.
        Product = "product",
        /// A brand of the utility.
        Brand = "brand",
        /// A trait of a customer.
        CustomerProperty = "customerProperty",
        /// A trait of a contract.
        ContractProperty = "contractProperty",
        /// Anything else.
        Other = "other",
    }
}

choice! {
    /// Who may see a tag, and whether it is in use.
    Visibility {
        /// Everybody.
        #[default]
        Public = "public" or "enabled" or "visible",
        /// Only who works here.
        Private = "private",
        /// Nobody; it is switched off.
        Disabled = "disabled",
    }
}

choice! {
    /// Colour of a tag on the screen.
    Color {
        /// Grey.
        #[default]
        Grey = "grey",
        /// Green.
        Green = "green",
        /// Red.
        Red = "red",
        /// Blue.
        Blue = "blue",
        /// Yellow.
        Yellow = "yellow",
        /// Purple.
        Purple = "purple",
        /// Orange.
        Orange = "orange",
        /// Teal.
        Teal = "teal",
    }
}

choice! {
    /// What the priority of a ticket with this tag becomes.
    Priority {
        /// What it was.
        #[default]
        DoNotChange = "do-not-change",
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Urgent.
        Urgent = "urgent",
    }
}

choice! {
    /// How hard the work behind a tag is.
    Complexity {
        /// Anybody can.
        Simple = "simple",
        /// Who has some experience.
        #[default]
        Moderate = "moderate",
        /// Who knows it well.
        Complex = "complex",
    }
}

choice! {
    /// What else holds for a tag.
    Property {
        /// A ticket for which no skill was found gets it.
        #[default]
        DefaultSkill = "defaultSkill",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn older_words_are_understood_and_newer_ones_shown() {
        for (text, shown) in
            [("public", "public"), ("enabled", "public"), ("visible", "public"), ("private", "private"), ("disabled", "disabled")]
        {
            assert_eq!(serde_json::from_value::<Visibility>(json!(text)).unwrap().as_str(), shown);
        }
    }

    #[test]
    fn another_word_is_refused_with_the_list() {
        for bad in [json!("tickets"), json!("Ticket"), json!(5), json!({"ticket": null}), json!(null), json!(["ticket"])] {
            let error = serde_json::from_value::<Reference>(bad.clone()).unwrap_err().to_string();
            assert!(error.contains("one of ticket, contract, customer"), "{bad}: {error}");
        }
    }
}
