//! What the spec says about the filters of a search: exactly what is accepted, made from the same list.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Array, ArrayBuilder, ObjectBuilder, Ref, RefOr, Schema, Type,
        schema::{AdditionalProperties, AnyOfBuilder},
    },
};

use super::{
    Comparator, Field, Kind, MOST_CHARACTERS, MOST_FILTERS, MOST_Q, MOST_VALUES,
    value::{MOST_DIGITS, MOST_ID},
};
use crate::{erp::ErpId, http::date::AnyDate};

/// The list of filters of a search over these fields.
pub fn filters(fields: &[Field]) -> Array {
    ArrayBuilder::new()
        .items(RefOr::T(of(fields)))
        .max_items(Some(MOST_FILTERS))
        .description(Some("Conditions that must all hold; `q` searches the full text, once"))
        .build()
}

/// One filter of a search over these fields.
pub fn of(fields: &[Field]) -> Schema {
    let mut forms = AnyOfBuilder::new().description(Some(
        "A condition. A date covers what it says: `<=` and `to` with a day include all of that day. `like` takes % for anything and \\ \
         before a character that is meant literally. null asks for what is not set.",
    ));
    let mut described: Vec<(Kind, bool, Option<&str>)> = Vec::new();
    for field in fields {
        let sort = (field.kind, field.nullable, field.everything);
        if described.contains(&sort) {
            continue;
        }
        described.push(sort);
        let same = fields.iter().filter(|other| (other.kind, other.nullable, other.everything) == sort);
        let keys: Vec<&str> = same.flat_map(|field| field.keys.iter().copied()).collect();
        for form in forms_of(field, &keys) {
            forms = forms.item(form);
        }
    }
    let q = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MOST_Q))
        .pattern(Some(r"^[^\x00]*[^\x00-\x20][^\x00]*$"));
    for form in one_or_list(&["q"], &["=", "equal", "like"], &q.into(), 1) {
        forms = forms.item(form);
    }
    forms.into()
}

fn forms_of(field: &Field, keys: &[&str]) -> Vec<ObjectBuilder> {
    let named = |wanted: fn(Comparator) -> bool| -> Vec<&str> {
        let names = field.kind.comparators().filter(|&comparator| wanted(comparator));
        names.flat_map(|comparator| [comparator.as_str()].into_iter().chain((comparator == Comparator::Equal).then_some("equal"))).collect()
    };
    let or_null = |schema: RefOr<Schema>| -> RefOr<Schema> {
        let null = ObjectBuilder::new().schema_type(Type::Null);
        if field.nullable { AnyOfBuilder::new().item(schema).item(null).into() } else { schema }
    };
    let null = ObjectBuilder::new().schema_type(Type::Null).into();
    let mut forms = Vec::new();
    if field.kind == Kind::Date {
        forms.extend(one_or_list(keys, &["=", "equal"], &or_null(scalar(field, false)), 1));
        if field.nullable {
            forms.extend(one_or_list(keys, &["!="], &null, 1));
        }
    } else if field.everything.is_some() {
        forms.extend(one_or_list(keys, &["=", "equal", "in"], &or_null(scalar(field, true)), MOST_VALUES));
        forms.extend(one_or_list(keys, &["!="], &or_null(scalar(field, false)), MOST_VALUES));
    } else {
        forms.extend(one_or_list(keys, &named(Comparator::takes_list), &or_null(scalar(field, false)), MOST_VALUES));
    }
    if field.kind.takes(Comparator::Like) {
        let pattern =
            ObjectBuilder::new().schema_type(Type::String).max_length(Some(MOST_CHARACTERS)).pattern(Some(r"^(?:[^\x00\\]|\\[^\x00])*$"));
        forms.extend(one_or_list(keys, &["like"], &pattern.into(), 1));
    }
    if field.kind.takes(Comparator::Between) {
        let value = scalar(field, false);
        forms.extend(one_or_list(keys, &named(Comparator::orders), &value, 1));
        forms.push(form(keys, &["between"]).property("from", value.clone()).required("from").property("to", value.clone()).required("to"));
        forms.push(form(keys, &["between"]).property("values", values(&value, 2, 2)).required("values"));
    }
    forms
}

fn one_or_list(keys: &[&str], comparators: &[&str], value: &RefOr<Schema>, most: usize) -> Vec<ObjectBuilder> {
    vec![
        form(keys, comparators).property("value", value.clone()).required("value"),
        form(keys, comparators).property("values", values(value, 1, most)).required("values"),
    ]
}

fn form(keys: &[&str], comparators: &[&str]) -> ObjectBuilder {
    let word = |words: &[&str]| ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied()));
    ObjectBuilder::new()
        .property("key", word(keys))
        .required("key")
        .property("comparator", word(comparators))
        .required("comparator")
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}

fn values(item: &RefOr<Schema>, least: usize, most: usize) -> Array {
    ArrayBuilder::new().items(item.clone()).min_items(Some(least)).max_items(Some(most)).build()
}

fn scalar(field: &Field, everything: bool) -> RefOr<Schema> {
    match field.kind {
        Kind::Text | Kind::Email => {
            ObjectBuilder::new().schema_type(Type::String).max_length(Some(MOST_CHARACTERS)).pattern(Some(r"^[^\x00]*$")).into()
        }
        Kind::ErpId => Ref::from_schema_name(ErpId::name()).into(),
        Kind::Id => Ref::from_schema_name(FilterId::name()).into(),
        Kind::Date => Ref::from_schema_name(AnyDate::name()).into(),
        Kind::Choice(choices) => {
            let words = field.everything.filter(|_| everything).into_iter().chain(choices.iter().map(|(accepted, _)| *accepted));
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.collect::<Vec<_>>())).into()
        }
    }
}

/// A whole number as a filter takes it; the spec names it once ([`crate::http::openapi`]).
#[derive(Clone, Copy, Debug)]
pub struct FilterId;

impl PartialSchema for FilterId {
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(-MOST_ID)).maximum(Some(MOST_ID)))
            .item(ObjectBuilder::new().schema_type(Type::String).pattern(Some(format!(r"^-?[0-9]{{1,{MOST_DIGITS}}}$"))))
            .into()
    }
}

impl ToSchema for FilterId {}
