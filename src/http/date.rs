//! Dates as the contract spells them (`contract/index.md`): three forms live side by side, each a type of its own.
//! Every form is accepted on input: [`AnyDate`], [`Span`].

mod reading;

pub use reading::{AnyDate, Span};

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

/// `2026-01-13 18:28:51`, wall clock of Europe/Berlin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireDateTime(pub DateTime<Utc>);

impl Serialize for WireDateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.with_timezone(&Berlin).format("%Y-%m-%d %H:%M:%S"))
    }
}

impl PartialSchema for WireDateTime {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$"))
            .description(Some("Wall clock of Europe/Berlin"))
            .examples(["2026-01-13 18:28:51"])
            .into()
    }
}

impl ToSchema for WireDateTime {}

/// `2026-01-13T17:28:51Z`, UTC, whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Rfc3339(pub DateTime<Utc>);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl PartialSchema for Rfc3339 {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-01-13T17:28:51Z"])
            .into()
    }
}

impl ToSchema for Rfc3339 {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_and_winter_are_berlin_time() {
        for (instant, wall) in [("2026-07-01T22:30:00Z", "2026-07-02 00:30:00"), ("2026-01-01T22:30:00Z", "2026-01-01 23:30:00")] {
            let date: DateTime<Utc> = instant.parse().unwrap();
            assert_eq!(serde_json::to_value(WireDateTime(date)).unwrap(), wall);
        }
    }
}
