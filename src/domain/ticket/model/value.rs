//! The closed lists of a ticket's fields, in the spelling of the wire and of the database.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type, schema::OneOfBuilder},
};

/// Where the work on a ticket stands. Older clients send `resolved` for closed, `waiting`, `waitingOnCustomer` and
/// `waitingOnThirdParty` for pending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
pub enum Status {
    /// Somebody has to act.
    #[default]
    Open,
    /// Waits for somebody outside.
    #[serde(alias = "waiting", alias = "waitingOnCustomer", alias = "waitingOnThirdParty")]
    Pending,
    /// Done.
    #[serde(alias = "resolved")]
    Closed,
}

/// How urgent it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Priority {
    #[default]
    Low,
    Medium,
    High,
    Urgent,
}

/// How the message came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Channel {
    Email,
    Portal,
    Phone,
    Letter,
    System,
    Chat,
    WalkIn,
}

/// Who wrote the opening message to whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
pub enum Direction {
    /// The customer wrote.
    #[default]
    In,
    /// The utility wrote.
    Out,
    /// Colleagues among themselves.
    Internal,
}

/// Whether it is spam, and who said so. Null = not classified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum SpamStatus {
    AutoSpam,
    AutoProgrammatic,
    ManualSpam,
    AutoClean,
    ManualClean,
}

/// How far AI took part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum AiSupportLevel {
    #[default]
    Unprocessed,
    Human,
    Bot,
    Automated,
}

/// How the sender of a message wants it processed: `realtime`, `batch`, or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Process {
    /// By a background process of its own, at once.
    Realtime,
    /// With the next batch.
    #[default]
    Batch,
    /// Not at all.
    False,
}

impl Process {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Realtime => "realtime",
            Self::Batch => "batch",
            Self::False => "false",
        }
    }
}

impl<'de> Deserialize<'de> for Process {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Process;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one of realtime, batch, false")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Process, E> {
                Ok(if value { Process::Batch } else { Process::False })
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Process, E> {
                match text {
                    "realtime" => Ok(Process::Realtime),
                    "batch" | "true" => Ok(Process::Batch),
                    "false" => Ok(Process::False),
                    other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl PartialSchema for Process {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .description(Some("How to process the message; true stands for batch"))
            .item(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["realtime", "batch", "false", "true"])))
            .item(ObjectBuilder::new().schema_type(Type::Boolean))
            .into()
    }
}

impl ToSchema for Process {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_names_are_understood() {
        for (text, status) in [
            ("open", Status::Open),
            ("resolved", Status::Closed),
            ("waiting", Status::Pending),
            ("waitingOnCustomer", Status::Pending),
            ("waitingOnThirdParty", Status::Pending),
        ] {
            assert_eq!(serde_json::from_value::<Status>(text.into()).unwrap(), status);
        }
    }

    #[test]
    fn process_is_a_text_or_a_boolean() {
        let read = |value: serde_json::Value| serde_json::from_value::<Process>(value).ok();
        assert_eq!(read(false.into()), Some(Process::False));
        assert_eq!(read("false".into()), Some(Process::False));
        assert_eq!(read("realtime".into()), Some(Process::Realtime));
        assert_eq!(read("later".into()), None);
    }
}
