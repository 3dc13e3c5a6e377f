//! Dates on input: every form of the contract, and what a coarse one covers.

use std::{fmt, sync::LazyLock};

use chrono::{DateTime, Days, Duration, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Europe::Berlin;
use regex::Regex;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, OneOfBuilder, RefOr, Schema, SchemaFormat, Type},
};

use crate::http::whole;

/// 9999-12-31 23:59:59 in Berlin, the last second whose year has four digits everywhere. Later ones, which only an
/// offset or a fraction can spell, count as this one; Postgres could hold them, clients could not read them.
const LAST: i64 = 253_402_297_199;

/// What a text may look like: a real day of the years 1970 to 9999, perhaps with a time, a fraction and an offset; or
/// unix seconds, where nine digits at least keep `20260113` from being read as a moment of 1970. Not `\d`, which for some
/// readers of the spec is a digit of any script.
const PATTERN: &str = concat!(
    r"^(?:[1-9][0-9]{8,10}|",
    r"(?:(?:19[7-9][0-9]|[2-9][0-9]{3})-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|",
    r"(?:(?:19(?:7[26]|8[048]|9[26])|[2-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[3579][26])00)-02-29))",
    r"(?:[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?)$"
);

const SAYS: &str =
    "must be a date of the years 1970 to 9999: 2026-01-13, 2026-01-13 18:28:51 (Europe/Berlin), 2026-01-13T17:28:51Z or unix seconds";

/// The time that a date covers: a date without time its day, one to the second its second.
///
/// Clients filter with what they were shown, and that was cut to seconds; the row's own microseconds must not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
}

impl Span {
    /// Reads unix seconds or a text, or says what would be right.
    pub fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Self::of_text(text),
            Value::Number(_) => whole::read(value).and_then(Self::of_unix).ok_or_else(|| format!("must be unix seconds from 0 to {LAST}")),
            _ => Err(SAYS.to_owned()),
        }
    }

    fn of_unix(seconds: i64) -> Option<Self> {
        let from = DateTime::from_timestamp(seconds, 0).filter(|_| (0..=LAST).contains(&seconds))?;
        Some(Self { from, until: from + Duration::seconds(1) })
    }

    fn of_text(text: &str) -> Result<Self, String> {
        // A pattern that does not compile would fail every test of this file.
        static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(PATTERN).ok());
        let fits = FORM.as_ref().is_some_and(|form| form.is_match(text));
        fits.then(|| Self::of_fitting(text)).flatten().ok_or_else(|| SAYS.to_owned())
    }

    fn of_fitting(text: &str) -> Option<Self> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::of_unix(text.parse().ok()?);
        }
        let (date, rest) = text.split_at_checked(10)?;
        let date: NaiveDate = date.parse().ok()?;
        if rest.is_empty() {
            let next = date.checked_add_days(Days::new(1))?;
            return Self::of_berlin(date.and_time(NaiveTime::MIN), next.and_time(NaiveTime::MIN));
        }
        let (time, zone) = match rest[1..].find(['Z', 'z', '+', '-']) {
            Some(at) => rest[1..].split_at(at),
            None => (&rest[1..], ""),
        };
        let precision = match time.split_once('.') {
            None => Duration::seconds(1),
            Some((_, digits)) => Duration::microseconds(10_i64.pow(6_u32.saturating_sub(u32::try_from(digits.len()).ok()?))),
        };
        let local = date.and_time(time.parse().ok()?);
        if zone.is_empty() {
            return Self::of_berlin(local, local + precision);
        }
        let offset = if zone.eq_ignore_ascii_case("z") { Duration::zero() } else { offset(zone)? };
        let from = local.and_utc() - offset;
        Some(Self { from, until: from + precision }.within_bounds())
    }

    /// Where the clock goes back an hour is there twice, and the span covers both.
    fn of_berlin(from: NaiveDateTime, until: NaiveDateTime) -> Option<Self> {
        let last = in_berlin(until - Duration::microseconds(1))?.1 + Duration::microseconds(1);
        Some(Self { from: in_berlin(from)?.0, until: last }.within_bounds())
    }

    fn within_bounds(self) -> Self {
        let Some(last) = DateTime::from_timestamp(LAST, 0) else { return self };
        let from = self.from.min(last);
        Self { from, until: self.until.min(last + Duration::seconds(1)) }
    }
}

/// The earlier and the later moment at which clocks in Berlin show a time. One that they skip is read as if they did not.
fn in_berlin(local: NaiveDateTime) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    match Berlin.from_local_datetime(&local) {
        MappedLocalTime::Single(one) => Some((one.to_utc(), one.to_utc())),
        MappedLocalTime::Ambiguous(early, late) => Some((early.to_utc(), late.to_utc())),
        MappedLocalTime::None => {
            let before = Berlin.from_local_datetime(&(local - Duration::hours(1))).latest()? + Duration::hours(1);
            Some((before.to_utc(), before.to_utc()))
        }
    }
}

fn offset(zone: &str) -> Option<Duration> {
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let size = Duration::hours(hours.parse().ok()?) + Duration::minutes(minutes.parse().ok()?);
    Some(if zone.starts_with('-') { -size } else { size })
}

/// A date in any form of the contract; one without time is its first moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnyDate(pub DateTime<Utc>);

impl<'de> Deserialize<'de> for AnyDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = AnyDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date or unix seconds")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<AnyDate, E> {
                read(&number.into())
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<AnyDate, E> {
                read(&number.into())
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<AnyDate, E> {
                read(&number.into())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AnyDate, E> {
                read(&text.into())
            }
        }
        fn read<E: de::Error>(value: &Value) -> Result<AnyDate, E> {
            Span::read(value).map(|span| AnyDate(span.from)).map_err(E::custom)
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl PartialSchema for AnyDate {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .description(Some(
                "A date in any form: `2026-01-13`, `2026-01-13 18:28:51`, `2026-01-13T17:28:51Z`, unix seconds. Without an offset it is \
                 the wall clock of Europe/Berlin.",
            ))
            .item(ObjectBuilder::new().schema_type(Type::String).pattern(Some(PATTERN)))
            .item(
                ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                    .minimum(Some(0_u32))
                    .maximum(Some(LAST)),
            )
            .examples([serde_json::json!("2026-01-13 18:28:51"), serde_json::json!(1_609_502_400)])
            .into()
    }
}

impl ToSchema for AnyDate {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(value: &Value) -> Result<(String, String), String> {
        let show = |date: DateTime<Utc>| date.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string();
        Span::read(value).map(|span| (show(span.from), show(span.until)))
    }

    #[test]
    fn every_form_is_the_same_moment() {
        for value in [
            json!("2026-01-13 18:28:51"),
            json!("2026-01-13T18:28:51"),
            json!("2026-01-13T17:28:51Z"),
            json!("2026-01-13t17:28:51z"),
            json!("2026-01-13T19:28:51+02:00"),
            json!("2026-01-13 12:58:51-04:30"),
            json!(1_768_325_331),
            json!(1_768_325_331.0),
            json!("1768325331"),
        ] {
            let expected = ("2026-01-13T17:28:51Z".to_owned(), "2026-01-13T17:28:52Z".to_owned());
            assert_eq!(shown(&value), Ok(expected), "{value}");
            assert_eq!(serde_json::from_value::<AnyDate>(value).unwrap().0.timestamp(), 1_768_325_331);
        }
    }

    #[test]
    fn covers_as_much_as_it_says() {
        for (text, from, until) in [
            ("2026-01-13", "2026-01-12T23:00:00Z", "2026-01-13T23:00:00Z"),
            // Days on which the clock changes have 23 and 25 hours.
            ("2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            // An hour that is skipped, and one that is there twice.
            ("2026-03-29 02:30:00", "2026-03-29T01:30:00Z", "2026-03-29T01:30:01Z"),
            ("2026-03-29 01:59:59", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
            ("2026-10-25 02:30:00", "2026-10-25T00:30:00Z", "2026-10-25T01:30:01Z"),
            ("2026-01-13T17:28:51.5Z", "2026-01-13T17:28:51.500Z", "2026-01-13T17:28:51.600Z"),
            ("2026-01-13T17:28:51.250Z", "2026-01-13T17:28:51.250Z", "2026-01-13T17:28:51.251Z"),
            ("2026-01-13T17:28:51.123456789Z", "2026-01-13T17:28:51.123456789Z", "2026-01-13T17:28:51.123457789Z"),
            ("1970-01-01", "1969-12-31T23:00:00Z", "1970-01-01T23:00:00Z"),
            ("2000-02-29", "2000-02-28T23:00:00Z", "2000-02-29T23:00:00Z"),
            ("9999-12-31", "9999-12-30T23:00:00Z", "9999-12-31T23:00:00Z"),
            ("9999-12-31 23:59:59", "9999-12-31T22:59:59Z", "9999-12-31T23:00:00Z"),
            ("9999-12-31T23:59:59-23:59", "9999-12-31T22:59:59Z", "9999-12-31T23:00:00Z"),
        ] {
            assert_eq!(shown(&text.into()), Ok((from.to_owned(), until.to_owned())), "{text}");
        }
        assert_eq!(shown(&json!(LAST)).unwrap().0, "9999-12-31T22:59:59Z");
        assert_eq!(shown(&json!(0)).unwrap().0, "1970-01-01T00:00:00Z");
    }

    #[test]
    fn refuses_the_rest() {
        for value in [
            json!(""),
            json!("today"),
            json!("2026-1-13"),
            json!("2026-02-29"),
            json!("1900-02-29"),
            json!("2100-02-29"),
            json!("2026-04-31"),
            json!("2026-13-01"),
            json!("1969-12-31"),
            json!("10000-01-01"),
            json!("2026-01-13 24:00:00"),
            json!("2026-01-13 23:59:60"),
            json!("2026-01-13 18:28"),
            json!("2026-01-13Z"),
            json!("2026-01-13 18:28:51\n"),
            json!("2026-01-13 18:28:51 "),
            json!("2026-01-13 18:28:51.1234567890"),
            json!("2026-01-13T18:28:51+24:00"),
            json!("٢٠٢٦-01-13"),
            json!("20260113"),
            json!("0123456789"),
            json!("-1768325331"),
            json!("999999999999"),
            json!(-1),
            json!(LAST + 1),
            json!(1.5),
            json!(1e300),
            json!(u64::MAX),
            json!(true),
            json!(null),
            json!(["2026-01-13"]),
        ] {
            assert!(Span::read(&value).is_err(), "{value}");
            assert!(serde_json::from_value::<AnyDate>(value.clone()).is_err(), "{value}");
        }
    }

    /// Whatever the spec's pattern lets pass, the calendar knows.
    #[test]
    fn the_pattern_knows_the_calendar() {
        let form = Regex::new(PATTERN).unwrap();
        for year in (1969..=2101).chain([2196, 2200, 2400, 3600, 9600, 9996, 9999]) {
            for month in 1..=12 {
                for day in 1..=32 {
                    let text = format!("{year}-{month:02}-{day:02}");
                    let known = year >= 1970 && NaiveDate::from_ymd_opt(year, month, day).is_some();
                    assert_eq!(form.is_match(&text), known, "{text}");
                    assert_eq!(Span::read(&text.as_str().into()).is_ok(), known, "{text}");
                }
            }
        }
    }
}
