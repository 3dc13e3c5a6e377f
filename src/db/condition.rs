//! Conditions of a search as SQL: columns from an allow-list, values always bound.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use sqlx::{Postgres, QueryBuilder};

/// One condition on a column, values normalised and typed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// The column, out of the code and never out of a request.
    pub column: &'static str,
    /// How it is compared.
    pub test: Test,
    /// With what. Only `any` and `none` take several, or none at all.
    pub values: Vec<Scalar>,
    /// Whether null counts as one of the values.
    #[serde(rename = "null")]
    pub or_null: bool,
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Test {
    /// Is one of the values.
    Any,
    /// Is none of the values. A column without value is none of them, unless null is.
    None,
    /// Is below.
    Lt,
    /// Is not above.
    Le,
    /// Is above.
    Gt,
    /// Is not below.
    Ge,
    /// Matches a pattern of `ilike`.
    Like,
}

/// A value of a condition. All values of one condition are of one kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A whole number.
    Id(i64),
    /// A moment.
    Date(DateTime<Utc>),
}

/// As JSON, a form that Postgres casts to the column's type.
impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Id(number) => serializer.serialize_i64(*number),
            Self::Date(date) => serializer.serialize_str(&date.to_rfc3339_opts(SecondsFormat::Micros, true)),
        }
    }
}

/// Adds a condition on a column of `alias` to a statement that ends where one may stand.
pub fn push(query: &mut QueryBuilder<Postgres>, alias: &str, condition: &Condition) {
    let column = format!("{alias}.{}", condition.column);
    let (test, values) = (condition.test, condition.values.as_slice());
    match (test, condition.or_null) {
        (Test::Any, false) => push_list(query, &column, "= any", "= ", values),
        (Test::Any, true) => {
            query.push("(");
            push_list(query, &column, "= any", "= ", values);
            query.push(format!(" or {column} is null)"));
        }
        (Test::None, false) => {
            query.push(format!("({column} is null or "));
            push_list(query, &column, "<> all", "<> ", values);
            query.push(")");
        }
        (Test::None, true) => {
            query.push(format!("({column} is not null and "));
            push_list(query, &column, "<> all", "<> ", values);
            query.push(")");
        }
        (Test::Lt, _) => push_one(query, &column, "< ", values),
        (Test::Le, _) => push_one(query, &column, "<= ", values),
        (Test::Gt, _) => push_one(query, &column, "> ", values),
        (Test::Ge, _) => push_one(query, &column, ">= ", values),
        (Test::Like, _) => push_one(query, &column, "ilike ", values),
    }
}

/// One value goes without an array: an index on it then still brings its rows in the order of its next columns.
fn push_list(query: &mut QueryBuilder<Postgres>, column: &str, of_many: &str, of_one: &str, values: &[Scalar]) {
    let Some(first) = values.first() else {
        query.push(if of_one == "= " { "false" } else { "true" });
        return;
    };
    if values.len() == 1 {
        return push_one(query, column, of_one, values);
    }
    query.push(format!("{column} {of_many}("));
    match first {
        Scalar::Text(_) => query.push_bind(of(values, |value| if let Scalar::Text(text) = value { Some(text.clone()) } else { None })),
        Scalar::Id(_) => query.push_bind(of(values, |value| if let Scalar::Id(number) = value { Some(*number) } else { None })),
        Scalar::Date(_) => query.push_bind(of(values, |value| if let Scalar::Date(date) = value { Some(*date) } else { None })),
    };
    query.push(")");
}

fn of<T>(values: &[Scalar], pick: impl Fn(&Scalar) -> Option<T>) -> Vec<T> {
    values.iter().filter_map(pick).collect()
}

fn push_one(query: &mut QueryBuilder<Postgres>, column: &str, operator: &str, values: &[Scalar]) {
    query.push(format!("{column} {operator}"));
    match values.first() {
        Some(Scalar::Text(text)) => query.push_bind(text.clone()),
        Some(Scalar::Id(number)) => query.push_bind(*number),
        Some(Scalar::Date(date)) => query.push_bind(*date),
        // Compared with nothing: true for no row.
        None => query.push("null"),
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn condition(test: Test, values: &[&str], or_null: bool) -> Condition {
        Condition { column: "status", test, values: values.iter().map(|&text| Scalar::Text(text.to_owned())).collect(), or_null }
    }

    #[test]
    fn every_test_as_sql() {
        for (test, values, or_null, expected) in [
            (Test::Any, &["a"][..], false, "t.status = $1"),
            (Test::Any, &["a", "b"], false, "t.status = any($1)"),
            (Test::Any, &["a", "b"], true, "(t.status = any($1) or t.status is null)"),
            (Test::Any, &[], true, "(false or t.status is null)"),
            (Test::None, &["a"], false, "(t.status is null or t.status <> $1)"),
            (Test::None, &["a", "b"], true, "(t.status is not null and t.status <> all($1))"),
            (Test::None, &[], true, "(t.status is not null and true)"),
            (Test::Lt, &["a"], false, "t.status < $1"),
            (Test::Le, &["a"], false, "t.status <= $1"),
            (Test::Gt, &["a"], false, "t.status > $1"),
            (Test::Ge, &["a"], false, "t.status >= $1"),
            (Test::Like, &["a%"], false, "t.status ilike $1"),
        ] {
            let mut query = QueryBuilder::new("");
            push(&mut query, "t", &condition(test, values, or_null));
            assert_eq!(query.sql().as_str(), expected);
        }
    }

    #[test]
    fn the_form_that_the_search_function_reads() {
        let date = DateTime::from_timestamp(1_768_325_331, 0).unwrap();
        let condition = Condition {
            column: "created_at",
            test: Test::Any,
            values: vec![Scalar::Date(date), Scalar::Id(7), Scalar::Text("x".to_owned())],
            or_null: true,
        };
        let expected = json!({"column": "created_at", "test": "any", "values": ["2026-01-13T17:28:51.000000Z", 7, "x"], "null": true});
        assert_eq!(serde_json::to_value(condition).unwrap(), expected);
    }
}
