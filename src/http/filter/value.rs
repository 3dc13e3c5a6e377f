//! Values of filters by the kind of their key.

use serde::Deserialize;
use serde_json::Value;

use super::{Comparator, Condition, Field, Given, Kind, MOST_CHARACTERS, Scalar, Test};
use crate::{
    domain::profile::model::normal_email,
    erp::ErpId,
    error::FieldError,
    http::{date::Span, whole},
};

/// Digits of a number. With one more, serde_json would not read `….0` as the whole number that it is.
pub(super) const MOST_DIGITS: usize = 14;
/// Largest number.
pub(super) const MOST_ID: i64 = 99_999_999_999_999;

/// `=`, `!=` and `in`.
pub(super) fn list(field: &Field, comparator: Comparator, given: Given<'_>, path: &str) -> Result<Vec<Condition>, FieldError> {
    let test = if comparator == Comparator::NotEqual { Test::None } else { Test::Any };
    let (mut values, mut or_null, mut everything) = (Vec::new(), false, false);
    if field.kind == Kind::Date && given.len() > 1 {
        return Err(FieldError::new(format!("{path}.values"), "must hold one date"));
    }
    for (at, value) in given {
        if value.is_null() {
            if !field.nullable {
                return Err(FieldError::new(at, "is never null"));
            }
            or_null = true;
        } else if test == Test::Any && field.everything.is_some_and(|word| value == word) {
            everything = true;
        } else if field.kind == Kind::Date {
            if test == Test::None {
                return Err(FieldError::new(at, "must be null for !=; take < or > for a date"));
            }
            // What it covers is a range.
            let mut range = ordered(field, Comparator::AtLeast, value, &at)?;
            range.extend(ordered(field, Comparator::AtMost, value, &at)?);
            return Ok(range);
        } else {
            let value = scalar(field, value, &at)?;
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    if everything {
        return Ok(Vec::new());
    }
    if let (Test::None, false, Kind::Choice(known)) = (test, field.nullable, field.kind) {
        // None of some is one of the others: an index leads to those, and past nothing.
        let mut others = Vec::new();
        for (_, stored) in known {
            let other = Scalar::Text((*stored).to_owned());
            if !values.contains(&other) && !others.contains(&other) {
                others.push(other);
            }
        }
        return Ok(vec![Condition { column: field.column, test: Test::Any, values: others, or_null }]);
    }
    Ok(vec![Condition { column: field.column, test, values, or_null }])
}

/// `<`, `<=`, `>` and `>=`.
pub(super) fn ordered(field: &Field, comparator: Comparator, value: &Value, path: &str) -> Result<Vec<Condition>, FieldError> {
    let (test, value) = if field.kind == Kind::Date {
        let span = Span::read(value).map_err(|says| FieldError::new(path, says))?;
        let (test, date) = match comparator {
            Comparator::Below => (Test::Lt, span.from),
            Comparator::AtMost => (Test::Lt, span.until),
            Comparator::Above => (Test::Ge, span.until),
            _ => (Test::Ge, span.from),
        };
        (test, Scalar::Date(date))
    } else {
        let test = match comparator {
            Comparator::Below => Test::Lt,
            Comparator::AtMost => Test::Le,
            Comparator::Above => Test::Gt,
            _ => Test::Ge,
        };
        (test, scalar(field, value, path)?)
    };
    Ok(vec![Condition { column: field.column, test, values: vec![value], or_null: false }])
}

/// `like`, as a pattern of `ilike`: there `_` would be a wildcard too.
pub(super) fn pattern(field: &Field, value: &Value, path: &str) -> Result<Vec<Condition>, FieldError> {
    let text = text(value, path)?;
    let mut pattern = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let next = characters.next().ok_or_else(|| FieldError::new(path, "must not end with a lone \\"))?;
                pattern.extend(['\\', next]);
            }
            '_' => pattern.push_str("\\_"),
            other => pattern.push(other),
        }
    }
    Ok(vec![Condition { column: field.column, test: Test::Like, values: vec![Scalar::Text(pattern)], or_null: false }])
}

fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str, FieldError> {
    value
        .as_str()
        .filter(|text| text.chars().count() <= MOST_CHARACTERS)
        .ok_or_else(|| FieldError::new(path, format!("must be a text of at most {MOST_CHARACTERS} characters")))
}

fn scalar(field: &Field, value: &Value, path: &str) -> Result<Scalar, FieldError> {
    let wrong = |says: String| FieldError::new(path, says);
    match field.kind {
        Kind::Text => text(value, path).map(|text| Scalar::Text(text.to_owned())),
        Kind::Email => text(value, path).map(|text| Scalar::Text(normal_email(text))),
        Kind::ErpId => ErpId::deserialize(value).map(|id| Scalar::Text(id.as_str().to_owned())).map_err(|error| wrong(error.to_string())),
        Kind::Id => {
            id(value).map(Scalar::Id).ok_or_else(|| wrong(format!("must be a whole number from -{MOST_ID} to {MOST_ID}, or one as a text")))
        }
        Kind::Date => Span::read(value).map(|span| Scalar::Date(span.from)).map_err(wrong),
        Kind::Choice(choices) => {
            choices.iter().find(|(accepted, _)| value == accepted).map(|(_, stored)| Scalar::Text((*stored).to_owned())).ok_or_else(|| {
                let words: Vec<&str> = field.everything.into_iter().chain(choices.iter().map(|(accepted, _)| *accepted)).collect();
                wrong(format!("must be one of {}", words.join(", ")))
            })
        }
    }
}

fn id(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let fits = (1..=MOST_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            fits.then(|| text.parse().ok()).flatten()
        }
        other => whole::read(other).filter(|number| (-MOST_ID..=MOST_ID).contains(number)),
    }
}
