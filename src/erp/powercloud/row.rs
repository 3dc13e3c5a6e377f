//! Reading one row as the database and PHP write it: zero dates, numbers as texts and texts as numbers, `""` for null.
//!
//! A value that cannot be read is null and a warning that names its key, never its value: one odd column must not hide a
//! whole contract.

use std::cell::RefCell;

use chrono::{DateTime, NaiveDate};
use chrono_tz::Europe::Berlin;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Map, Value};

use super::{super::ErpId, super::custom::field, wire};

/// Digits of a German postal code.
const ZIP_DIGITS: usize = 5;

/// Keys that could not be read, in the order they were met.
#[derive(Debug, Default)]
pub struct Warnings(RefCell<Vec<String>>);

impl Warnings {
    /// Notes one, once.
    pub fn add(&self, warning: impl Into<String>) {
        let warning = warning.into();
        let mut all = self.0.borrow_mut();
        if !all.contains(&warning) {
            all.push(warning);
        }
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<String> {
        self.0.into_inner()
    }
}

/// A row of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    fields: &'a Map<String, Value>,
    warnings: &'a Warnings,
}

impl<'a> Row<'a> {
    /// Reads `fields`, noting what cannot be read.
    pub const fn new(fields: &'a Map<String, Value>, warnings: &'a Warnings) -> Self {
        Self { fields, warnings }
    }

    /// A value by its key, or by a path with dots; none for null and for nothing but white space.
    pub fn value(&self, path: &str) -> Option<&'a Value> {
        if path.is_empty() {
            return None;
        }
        let found = self.fields.get(path).or_else(|| {
            let mut keys = path.split('.');
            let first = self.fields.get(keys.next()?)?;
            keys.try_fold(first, |value, key| value.get(key))
        })?;
        let empty = found.is_null() || found.as_str().is_some_and(|text| text.trim().is_empty());
        (!empty).then_some(found)
    }

    fn read<T>(&self, path: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.value(path)?;
        let read = read(value);
        if read.is_none() {
            self.warnings.add(format!("{path} has an unexpected form and is left out"));
        }
        read
    }

    /// Text, also where a number is written.
    pub fn text(&self, path: &str) -> Option<String> {
        self.read(path, text)
    }

    /// The first of several that is there.
    pub fn first_text(&self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| self.text(path))
    }

    /// `0`, `1`, `"0"`, `"1"`, true or false.
    pub fn flag(&self, path: &str) -> Option<bool> {
        self.read(path, |value| match value {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
            Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "0" | "false" => Some(false),
                "1" | "true" => Some(true),
                _ => None,
            },
            _ => None,
        })
    }

    /// A decimal number, exact, from a number or a text.
    pub fn amount(&self, path: &str) -> Option<Decimal> {
        self.read(path, |value| {
            let text = text(value)?;
            text.parse().or_else(|_| Decimal::from_scientific(&text)).ok().map(|amount: Decimal| amount.normalize())
        })
    }

    /// A whole number.
    pub fn int(&self, path: &str) -> Option<i64> {
        self.read(path, whole)
    }

    /// A whole number; a text that is none is no fault.
    pub fn int_if_one(&self, path: &str) -> Option<i64> {
        whole(self.value(path)?)
    }

    /// An id. Digits are a number whether or not PHP put quotes around them.
    pub fn id(&self, path: &str) -> Option<ErpId> {
        self.read(path, |value| {
            let text = text(value)?;
            let number = text.parse::<i64>().ok().filter(|number| (0..=1 << 53).contains(number) && number.to_string() == text);
            number.map(ErpId::from).or_else(|| ErpId::parse(&text).ok())
        })
    }

    /// A calendar day in Germany; a zero date is none.
    pub fn day(&self, path: &str) -> Option<NaiveDate> {
        if self.value(path)?.as_str().is_some_and(|text| text.trim().starts_with("0000-00-00")) {
            return None;
        }
        self.read(path, |value| match value {
            Value::String(text) => field::read_day(text.trim()),
            Value::Number(seconds) => {
                seconds.as_i64().and_then(|seconds| DateTime::from_timestamp(seconds, 0)).map(|at| at.with_timezone(&Berlin).date_naive())
            }
            _ => None,
        })
    }

    /// A German postal code, which a number has lost the leading zero of.
    pub fn zip(&self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        let short = text.len() < ZIP_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        Some(if short { format!("{text:0>ZIP_DIGITS$}") } else { text })
    }

    /// A row inside this one.
    pub fn row(&self, path: &str) -> Option<Row<'a>> {
        let fields = self.value(path)?.as_object()?;
        Some(Row::new(fields, self.warnings))
    }

    /// Rows inside this one: a list, a list with gaps, or a single one.
    pub fn rows(&self, path: &str) -> Vec<Row<'a>> {
        let items: Vec<&Value> = match self.value(path) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items.iter().collect(),
            Some(Value::Object(map)) if wire::is_numbered(map) => map.values().collect(),
            Some(other) => vec![other],
        };
        let rows: Vec<_> = items.iter().filter_map(|item| item.as_object()).map(|fields| Row::new(fields, self.warnings)).collect();
        if rows.len() < items.len() {
            self.warnings.add(format!("{path} has an unexpected form and is left out"));
        }
        rows
    }
}

/// Trimmed text, or a number as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<i64> {
    let number: Decimal = text(value)?.parse().ok()?;
    number.fract().is_zero().then(|| number.to_i64()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with<T>(row: &Value, read: impl Fn(Row<'_>) -> T) -> (T, Vec<String>) {
        let warnings = Warnings::default();
        let result = read(Row::new(row.as_object().unwrap(), &warnings));
        (result, warnings.into_vec())
    }

    fn fine<T>(row: &Value, read: impl Fn(Row<'_>) -> T) -> T {
        let (result, warnings) = with(row, read);
        assert!(warnings.is_empty(), "{warnings:?}");
        result
    }

    #[test]
    fn days_in_every_form() {
        let day = NaiveDate::from_ymd_opt(2024, 4, 1);
        for value in [json!("2024-04-01"), json!("2024-04-01 00:00:00"), json!("2024-03-31T22:00:00Z"), json!(1_711_922_400)] {
            assert_eq!(fine(&json!({"d": value}), |row| row.day("d")), day);
        }
        for value in [json!("0000-00-00"), json!("0000-00-00 00:00:00"), json!(""), Value::Null] {
            assert_eq!(fine(&json!({"d": value}), |row| row.day("d")), None);
        }
        let (none, warnings) = with(&json!({"d": "01.04.2024"}), |row| row.day("d"));
        assert_eq!((none, warnings), (None, vec!["d has an unexpected form and is left out".to_owned()]));
    }

    #[test]
    fn flags_amounts_and_numbers_in_every_form() {
        for (value, flag) in [(json!(0), false), (json!("1"), true), (json!(true), true), (json!("false"), false), (json!(1.0), true)] {
            assert_eq!(fine(&json!({"b": value}), |row| row.flag("b")), Some(flag));
        }
        assert!(with(&json!({"b": "yes"}), |row| row.flag("b")).1.len() == 1);
        for (value, expected) in [(json!("109.2100"), "109.21"), (json!(23.95), "23.95"), (json!("-4"), "-4"), (json!(1e-7), "0.0000001")] {
            assert_eq!(fine(&json!({"a": value}), |row| row.amount("a")).unwrap().to_string(), expected);
        }
        assert!(with(&json!({"a": "12,50"}), |row| row.amount("a")).1.len() == 1);
        assert_eq!(fine(&json!({"i": "14"}), |row| row.int("i")), Some(14));
        assert_eq!(fine(&json!({"i": "flx_24"}), |row| row.int_if_one("i")), None);
    }

    #[test]
    fn ids_and_postal_codes() {
        for (value, shown) in
            [(json!("900101"), "900101"), (json!(900_101), "900101"), (json!("C17"), "\"C17\""), (json!("007"), "\"007\"")]
        {
            let id = fine(&json!({"id": value}), |row| row.id("id")).unwrap();
            assert_eq!(serde_json::to_string(&id).unwrap(), shown);
        }
        for (value, zip) in [(json!(1067), "01067"), (json!("1067"), "01067"), (json!("82031"), "82031"), (json!("A-1010"), "A-1010")] {
            assert_eq!(fine(&json!({"zip": value}), |row| row.zip("zip")).unwrap(), zip);
        }
    }

    #[test]
    fn paths_and_rows() {
        let row = json!({"deposit": {"amount": "53.0000"}, "a.b": 1, "list": {"0": {"id": 1}, "3": {"id": 2}}, "empty": " "});
        assert_eq!(fine(&row, |row| row.amount("deposit.amount")), Some(Decimal::from(53)));
        assert_eq!(fine(&row, |row| row.int("a.b")), Some(1));
        assert_eq!(fine(&row, |row| row.rows("list").len()), 2);
        assert_eq!(fine(&row, |row| row.text("empty").or_else(|| row.text("deposit.none.deeper"))), None);
    }
}
