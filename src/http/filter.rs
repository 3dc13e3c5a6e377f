//! The filters of searches (`contract/index.md`): an allow-list of keys, each with a kind, read into typed conditions.
//!
//! Nothing here knows SQL; a store makes statements of what [`conditions`] answers ([`crate::db::condition`]).

mod schema;
mod value;

#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

pub use crate::db::condition::{Condition, Scalar, Test};
use crate::{
    error::{Error, FieldError, Result},
    http::{choice, input::given},
};
pub use schema::{FilterId, filters as filters_schema, of as schema};

/// Filters of one search at most.
pub const MOST_FILTERS: usize = 50;
/// Values of one filter at most.
pub const MOST_VALUES: usize = 1000;
/// Characters of a text that is compared.
const MOST_CHARACTERS: usize = 1000;
/// Characters of a full text search.
const MOST_Q: usize = 200;

/// One filter as it is sent. All filters of a search must hold.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// What to compare.
    #[schema(example = "status")]
    pub key: String,
    /// How.
    pub comparator: Comparator,
    /// With what, where it is one value; null = not set.
    #[serde(default, deserialize_with = "given")]
    pub value: Option<Value>,
    /// With what, where it is several.
    #[serde(default)]
    pub values: Option<Vec<Value>>,
    /// Lower bound of `between`.
    #[serde(default)]
    pub from: Option<Value>,
    /// Upper bound of `between`, part of the range; a day counts to its end.
    #[serde(default)]
    pub to: Option<Value>,
}

choice! {
    /// How a filter compares.
    Comparator as "Comparator" {
        /// Equal to the value, or to one of the values.
        Equal = "=" or "equal",
        /// Equal to none of the values. What is not set is equal to none, unless null is among them.
        NotEqual = "!=",
        /// Above.
        Above = ">",
        /// Below.
        Below = "<",
        /// Above or equal.
        AtLeast = ">=",
        /// Below or equal; a day counts to its end.
        AtMost = "<=",
        /// One of the values.
        In = "in",
        /// From one value to another, both included.
        Between = "between",
        /// A text in any case, in which `%` stands for anything and `\` takes the next character literally.
        Like = "like",
    }
}

impl Comparator {
    const ALL: [Self; 9] =
        [Self::Equal, Self::NotEqual, Self::Above, Self::Below, Self::AtLeast, Self::AtMost, Self::In, Self::Between, Self::Like];

    /// Compares with a list, in which null may stand.
    const fn takes_list(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual | Self::In)
    }

    const fn orders(self) -> bool {
        matches!(self, Self::Above | Self::Below | Self::AtLeast | Self::AtMost)
    }
}

/// What the values of a key are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// An e-mail address or what stands for one, compared in lower case.
    Email,
    /// A contract or customer id of the ERP; a number counts as its text.
    ErpId,
    /// A whole number; as a text, too.
    Id,
    /// A date in any form. It covers what it says: a day all of it, a second all of it.
    Date,
    /// A closed list: as it is sent, and as it is stored.
    Choice(&'static [(&'static str, &'static str)]),
}

impl Kind {
    /// Whether the comparator makes sense.
    const fn takes(self, comparator: Comparator) -> bool {
        match comparator {
            Comparator::Equal | Comparator::NotEqual => true,
            // Two days would be two ranges.
            Comparator::In => !matches!(self, Self::Date),
            Comparator::Between => matches!(self, Self::Id | Self::Date),
            Comparator::Like => matches!(self, Self::Text | Self::Email | Self::ErpId),
            _ => comparator.orders() && matches!(self, Self::Id | Self::Date),
        }
    }

    fn comparators(self) -> impl Iterator<Item = Comparator> {
        Comparator::ALL.into_iter().filter(move |&comparator| self.takes(comparator))
    }
}

/// A key that a search can filter by.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its names: `t.status`, and `status`.
    pub keys: &'static [&'static str],
    /// What a store calls it.
    pub column: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Whether it can be without a value, and null be asked for.
    pub nullable: bool,
    /// A word that stands for every value, so that the filter is none.
    pub everything: Option<&'static str>,
}

impl Field {
    /// A key that always has a value.
    pub const fn new(keys: &'static [&'static str], column: &'static str, kind: Kind) -> Self {
        Self { keys, column, kind, nullable: false, everything: None }
    }

    /// A key that can be without a value.
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Names the word that stands for every value.
    #[must_use]
    pub const fn everything(mut self, word: &'static str) -> Self {
        self.everything = Some(word);
        self
    }
}

/// What filters mean: conditions that all must hold, and the text of the key `q`. Every fault of the request is named at
/// once, with its path below `filters`.
pub fn conditions(filters: &[Filter], fields: &[Field]) -> Result<(Vec<Condition>, Option<String>)> {
    if filters.len() > MOST_FILTERS {
        return Err(Error::field("filters", format!("must not be more than {MOST_FILTERS}")));
    }
    let (mut conditions, mut q, mut errors) = (Vec::new(), None, Vec::new());
    for (index, filter) in filters.iter().enumerate() {
        let path = format!("filters[{index}]");
        let read = if filter.key == "q" {
            full_text(filter, &path, q.is_some()).map(|text| q = Some(text))
        } else {
            condition(filter, &path, fields).map(|more| conditions.extend(more))
        };
        errors.extend(read.err());
    }
    if errors.is_empty() { Ok((conditions, q)) } else { Err(Error::invalid(errors)) }
}

fn full_text(filter: &Filter, path: &str, again: bool) -> Result<String, FieldError> {
    if again {
        return Err(FieldError::new(format!("{path}.key"), "is given more than once"));
    }
    if !matches!(filter.comparator, Comparator::Equal | Comparator::Like) {
        return Err(FieldError::new(format!("{path}.comparator"), "must be = or like for the key q"));
    }
    let (path, given) = one(given_values(filter, path)?, path)?;
    given
        .as_str()
        .filter(|text| text.chars().count() <= MOST_Q && text.chars().any(|c| c > ' '))
        .map(str::to_owned)
        .ok_or_else(|| FieldError::new(path, format!("must be a text of 1 to {MOST_Q} characters, not all of them blank")))
}

fn condition(filter: &Filter, path: &str, fields: &[Field]) -> Result<Vec<Condition>, FieldError> {
    let Some(field) = fields.iter().find(|field| field.keys.contains(&filter.key.as_str())) else {
        let known: Vec<&str> = fields.iter().filter_map(|field| field.keys.first().copied()).chain(["q"]).collect();
        return Err(FieldError::new(format!("{path}.key"), format!("is not known here; one of {}", known.join(", "))));
    };
    let comparator = filter.comparator;
    if !field.kind.takes(comparator) {
        let fitting: Vec<&str> = field.kind.comparators().map(Comparator::as_str).collect();
        return Err(FieldError::new(format!("{path}.comparator"), format!("must be one of {} for this key", fitting.join(" "))));
    }
    let given = given_values(filter, path)?;
    if comparator.takes_list() {
        return value::list(field, comparator, given, path);
    }
    if comparator == Comparator::Between {
        let [(from_path, from), (to_path, to)] = given.as_slice() else {
            return Err(FieldError::new(format!("{path}.values"), "must hold two values"));
        };
        let mut range = value::ordered(field, Comparator::AtLeast, from, from_path)?;
        range.extend(value::ordered(field, Comparator::AtMost, to, to_path)?);
        return Ok(range);
    }
    let (path, given) = one(given, path)?;
    if comparator == Comparator::Like { value::pattern(field, given, &path) } else { value::ordered(field, comparator, given, &path) }
}

/// Values with their paths.
type Given<'a> = Vec<(String, &'a Value)>;

fn given_values<'a>(filter: &'a Filter, path: &str) -> Result<Given<'a>, FieldError> {
    let at = |name: &str| format!("{path}.{name}");
    let between = filter.comparator == Comparator::Between;
    for (name, bound) in [("from", &filter.from), ("to", &filter.to)] {
        if bound.is_some() && !between {
            return Err(FieldError::new(at(name), "goes with the comparator between only"));
        }
    }
    match (&filter.value, &filter.values, &filter.from, &filter.to) {
        (Some(_), Some(_), ..) => Err(FieldError::new(at("values"), "must not be given together with value")),
        (Some(_), ..) if between => Err(FieldError::new(at("value"), "must be left out; between takes from and to, or two values")),
        (Some(Value::Array(_) | Value::Object(_)), ..) => Err(FieldError::new(at("value"), "must be one value; several go into values")),
        (Some(value), ..) => Ok(vec![(at("value"), value)]),
        (None, Some(_), Some(_), _) | (None, Some(_), _, Some(_)) => {
            Err(FieldError::new(at("values"), "must not be given together with from and to"))
        }
        (None, Some(values), None, None) if values.is_empty() => Err(FieldError::new(at("values"), "must not be empty")),
        (None, Some(values), None, None) if values.len() > MOST_VALUES => {
            Err(FieldError::new(at("values"), format!("must not be more than {MOST_VALUES}")))
        }
        (None, Some(values), None, None) => {
            Ok(values.iter().enumerate().map(|(index, value)| (at(&format!("values[{index}]")), value)).collect())
        }
        (None, None, Some(from), Some(to)) => Ok(vec![(at("from"), from), (at("to"), to)]),
        (None, None, Some(_), None) => Err(FieldError::new(at("to"), "is required")),
        (None, None, None, _) => Err(FieldError::new(at(if between { "from" } else { "value" }), "is required")),
    }
}

fn one<'a>(given: Given<'a>, path: &str) -> Result<(String, &'a Value), FieldError> {
    let count = given.len();
    given
        .into_iter()
        .next()
        .filter(|_| count == 1)
        .ok_or_else(|| FieldError::new(format!("{path}.values"), "must hold one value for this comparator"))
}
