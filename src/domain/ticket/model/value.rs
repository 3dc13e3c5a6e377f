//! The closed lists of a ticket's fields, in the spelling of the wire and of the database.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type, schema::OneOfBuilder},
};

use crate::http::choice;

choice! {
    [Default, Hash]
    /// Where the work on a ticket stands. Older clients send `resolved` for closed, `waiting`, `waitingOnCustomer` and
    /// `waitingOnThirdParty` for pending.
    Status as "Status" {
        /// Somebody has to act.
        #[default]
        Open = "open",
        /// Waits for somebody outside.
        Pending = "pending" or "waiting" or "waitingOnCustomer" or "waitingOnThirdParty",
        /// Done.
        Closed = "closed" or "resolved",
    }
}

choice! {
    [Default, Hash, PartialOrd, Ord]
    /// How urgent it is.
    Priority as "Priority" {
        /// When there is time.
        #[default]
        Low = "low",
        /// In its turn.
        Medium = "medium",
        /// Before others.
        High = "high",
        /// At once.
        Urgent = "urgent",
    }
}

choice! {
    [Hash]
    /// How the message came or went.
    Channel as "Channel" {
        /// Mail.
        Email = "email",
        /// The customers' own site.
        Portal = "portal",
        /// A call.
        Phone = "phone",
        /// Paper.
        Letter = "letter",
        /// A program of the utility.
        System = "system",
        /// A conversation in writing.
        Chat = "chat",
        /// Somebody at the counter.
        WalkIn = "walkIn",
    }
}

choice! {
    [Default, Hash]
    /// Who wrote the opening message to whom.
    Direction as "Direction" {
        /// The customer wrote.
        #[default]
        In = "in",
        /// The utility wrote.
        Out = "out",
        /// Colleagues among themselves.
        Internal = "internal",
    }
}

choice! {
    [Hash]
    /// Whether it is spam, and who said so. Null = not classified.
    SpamStatus as "SpamStatus" {
        /// Spam by its content.
        AutoSpam = "auto_spam",
        /// Written by a program, such as an answer out of office.
        AutoProgrammatic = "auto_programmatic",
        /// Spam; a person said so.
        ManualSpam = "manual_spam",
        /// No spam by its content.
        AutoClean = "auto_clean",
        /// No spam; a person said so.
        ManualClean = "manual_clean",
    }
}

choice! {
    [Default, Hash]
    /// How far AI took part.
    AiSupportLevel as "AiSupportLevel" {
        /// Not yet.
        #[default]
        Unprocessed = "unprocessed",
        /// A person does it.
        Human = "human",
        /// A bot talks.
        Bot = "bot",
        /// Done without a person.
        Automated = "automated",
    }
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
