//! How single fields of an answer are read. Messages never reach anybody: see `mapping`, which reports paths only.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use chrono_tz::Europe::Berlin;
use phonenumber::{Mode, country};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// Longest text that is tried as a phone number.
const MAX_PHONE_CHARS: usize = 40;

/// A list for which null is the same as empty.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Text, a number or null, unchanged.
pub fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value @ (Value::Number(_) | Value::String(_)) => Ok(Some(value)),
        _ => Err(D::Error::custom("expected a text or a number")),
    }
}

/// Text, also where the upstream writes digits as a number.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(scalar(deserializer)?.map(|value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    }))
}

/// A calendar day: unix seconds, `YYYY-MM-DD`, RFC 3339 or a date and time without zone. Becomes unix seconds of
/// 00:00 UTC of that day in Germany, the only form the API knows.
pub fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let day = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        Value::Number(seconds) => seconds
            .as_i64()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .map(|instant| instant.with_timezone(&Berlin).date_naive()),
        Value::String(text) => read_day(text.trim()),
        _ => None,
    };
    let midnight = day.and_then(|day| day.and_hms_opt(0, 0, 0));
    midnight.map(|time| Some(time.and_utc().timestamp())).ok_or_else(|| D::Error::custom("expected a date"))
}

/// The calendar day in Germany that a text names: `YYYY-MM-DD`, RFC 3339, or a date and time without zone.
pub fn read_day(text: &str) -> Option<NaiveDate> {
    text.parse().ok().or_else(|| {
        let with_zone = DateTime::parse_from_rfc3339(text).map(|instant| instant.with_timezone(&Berlin).date_naive());
        // Without a zone it is German time, so its date already is the day.
        let naive = |format| NaiveDateTime::parse_from_str(text, format).map(|time| time.date());
        with_zone.or_else(|_| naive("%Y-%m-%dT%H:%M:%S%.f")).or_else(|_| naive("%Y-%m-%d %H:%M:%S%.f")).ok()
    })
}

/// A phone number as the API shows it: the digits of E.164 as a number where the text is a valid number (without
/// country code: a German one), else unchanged.
pub fn phone(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    // Anything but digits and separators could be two numbers or a remark, and half of it would be lost.
    let plain = text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_whitespace() || "+()/-.".contains(c));
    if !plain || text.len() > MAX_PHONE_CHARS {
        return value;
    }
    let digits = phonenumber::parse(Some(country::DE), text.trim())
        .ok()
        .filter(phonenumber::is_valid)
        .and_then(|number| number.format().mode(Mode::E164).to_string().trim_start_matches('+').parse::<i64>().ok());
    digits.map_or(value, Value::from)
}

/// A code of digits as the API shows it: as a number, unless a leading zero would be lost.
pub fn numeric_code(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    let text = text.trim();
    let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    digits.then(|| text.parse::<i64>().ok()).flatten().map_or_else(|| value.clone(), Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_day_has_one_form() {
        let august = json!(1_661_126_400);
        for value in [
            august.clone(),
            json!(1_661_119_200), // midnight in Berlin, the evening before in UTC
            json!("2022-08-22"),
            json!("2022-08-22T00:00:00+02:00"),
            json!("2022-08-21T22:00:00Z"),
            json!("2022-08-22T23:59:59"),
            json!("2022-08-22 00:00:00"),
        ] {
            assert_eq!(day(value.clone()).unwrap().map(Value::from), Some(august.clone()), "{value}");
        }
        // In winter the offset is one hour.
        assert_eq!(day(json!("2023-12-31T23:00:00Z")).unwrap(), Some(1_704_067_200));
        assert_eq!(day(Value::Null).unwrap(), None);
        for value in [json!("22.08.2022"), json!(""), json!(true), json!(1.5), json!(i64::MAX), json!("2022-02-30")] {
            assert!(day(value.clone()).is_err(), "{value}");
        }
    }

    #[test]
    fn valid_phone_numbers_become_digits() {
        for text in ["+491721041689", "0172 1041689", "0172/104-1689", "00491721041689", "+49 (172) 1041689"] {
            assert_eq!(phone(json!(text)), json!(491_721_041_689_i64), "{text}");
        }
        assert_eq!(phone(json!("+43 1 58858-0")), json!(431_588_580));
        for value in [json!("keine"), json!("089 1234 / privat 0172 1041689"), json!(""), json!("1"), json!(49123)] {
            assert_eq!(phone(value.clone()), value);
        }
    }

    #[test]
    fn codes_keep_their_zeros() {
        assert_eq!(numeric_code(json!("9903323000007")), json!(9_903_323_000_007_i64));
        for value in [json!("0123"), json!("A1"), json!(""), json!(12)] {
            assert_eq!(numeric_code(value.clone()), value);
        }
    }
}
