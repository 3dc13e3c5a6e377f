//! What requests say about a tag.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type},
};

use super::{Color, Complexity, Kind, Priority, Property, Reference, TagFields, Visibility};
use crate::{
    error::{Error, FieldError, Result},
    http::{
        Text, Whole,
        input::{beyond, given, join, parse_value},
        whole,
    },
};

/// What reading gives and writing ignores: clients send whole tags back.
pub const READ_ONLY: [&str; 6] = ["id", "fullName", "modifiedBy", "modifiedAt", "children", "version"];
/// What a new tag needs.
const REQUIRED: [&str; 3] = ["name", "reference", "type"];
/// Items of each list at most.
const MOST_ITEMS: usize = 100;
/// Bytes of each free object at most.
const MOST_BYTES: usize = 65_536;

/// Id of a row of ours.
type Id = Whole<1, { whole::MOST }>;
/// Business hours; 100,000 are fifty years of work.
type Hours = Whole<1, 100_000>;

/// Body of `PATCH /tag/{id}`: fields that are not there stay. A whole tag may be sent back: `id`, `fullName`, `modifiedBy`,
/// `modifiedAt`, `children` and `version` are ignored.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"color": "red"}))]
#[expect(clippy::option_option, reason = "a field that is not there, null and a value are three things")]
pub struct TagPatch {
    /// Name.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = name_schema, required = false)]
    name: Option<Text<1, 200>>,
    /// The tag above; null = a root. One that is not there, or below this one, is 409.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Id>, required = false, inline)]
    parent: Option<Option<Id>>,
    /// What it labels.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Reference, required = false)]
    reference: Option<Reference>,
    /// What kind of label it is.
    #[serde(default, rename = "type", deserialize_with = "given")]
    #[schema(value_type = Kind, required = false)]
    kind: Option<Kind>,
    /// Who may see it, and whether it is in use. `enabled` and `visible` mean `public`.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = visibility_schema, required = false)]
    visibility: Option<Visibility>,
    /// Colour on the screen.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Color, required = false)]
    color: Option<Color>,
    /// `defaultSkill`: what a ticket gets when no other skill was found. `{}` means `[]`.
    #[serde(default, deserialize_with = "properties")]
    #[schema(schema_with = properties_schema, required = false)]
    properties: Option<Vec<Property>>,
    /// How hard the work behind it is; null = not said.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Complexity>, required = false)]
    complexity: Option<Option<Complexity>>,
    /// Business hours until a ticket with it should be done; null = no deadline.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Hours>, required = false, inline)]
    sla: Option<Option<Hours>>,
    /// What a ticket's priority becomes.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Priority, required = false)]
    priority: Option<Priority>,
    /// Channels it is for.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<Text<1, 50>>, required = false, inline, max_items = 100)]
    channels: Option<Vec<Text<1, 50>>>,
    /// Subchannels it is for.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<Id>, required = false, inline, max_items = 100)]
    subchannels: Option<Vec<Id>>,
    /// How it is recognised; 64 KiB at most.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Object, required = false)]
    detection_details: Option<Map<String, Value>>,
    /// How it gets to a ticket.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<Text<1, 100>>, required = false, inline, max_items = 100)]
    assignment: Option<Vec<Text<1, 100>>>,
    /// What its recognition is tried with; 64 KiB at most.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Object, required = false)]
    test_case: Option<Map<String, Value>>,
}

fn name_schema() -> RefOr<Schema> {
    // A description beside an inlined schema would make it an object as well.
    Text::<1, 200>::schema()
}

fn visibility_schema() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(Visibility::UNDERSTOOD.iter().copied()))
        .description(Some("Who may see it, and whether it is in use. `enabled` and `visible` mean `public`."))
        .into()
}

fn properties_schema() -> RefOr<Schema> {
    OneOfBuilder::new()
        .description(Some("`defaultSkill`: what a ticket gets when no other skill was found. `{}` means `[]`."))
        .item(ArrayBuilder::new().items(Ref::from_schema_name(Property::name())).max_items(Some(MOST_ITEMS)))
        .item(ObjectBuilder::new().schema_type(Type::Object).max_properties(Some(0)))
        .into()
}

/// A list; also `{}`, as an older reference shows it.
fn properties<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Property>>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Object(fields) if fields.is_empty() => Ok(Some(Vec::new())),
        value => serde_json::from_value(value).map(Some).map_err(serde::de::Error::custom),
    }
}

fn read<T: DeserializeOwned>(mut body: Map<String, Value>, at: &str) -> Result<T, FieldError> {
    body.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
    parse_value(Value::Object(body), at)
}

impl TagPatch {
    /// Reads a change. `at` is where it stands in the body, for the paths of what is wrong with it.
    pub fn read(body: Map<String, Value>, at: &str) -> Result<Self, Vec<FieldError>> {
        let patch: Self = read(body, at).map_err(|error| vec![error])?;
        let mut errors = Vec::new();
        for (name, length) in [
            ("properties", patch.properties.as_ref().map(Vec::len)),
            ("channels", patch.channels.as_ref().map(Vec::len)),
            ("subchannels", patch.subchannels.as_ref().map(Vec::len)),
            ("assignment", patch.assignment.as_ref().map(Vec::len)),
        ] {
            if length.is_some_and(|length| length > MOST_ITEMS) {
                errors.push(FieldError::new(join(at, name), format!("must have {MOST_ITEMS} items at most")));
            }
        }
        for (name, object) in [("detectionDetails", &patch.detection_details), ("testCase", &patch.test_case)] {
            let says = object.as_ref().and_then(|object| beyond(object, MOST_BYTES));
            errors.extend(says.map(|says| FieldError::new(join(at, name), says)));
        }
        if errors.is_empty() { Ok(patch) } else { Err(errors) }
    }

    /// Puts what is there into a tag's fields.
    pub fn apply(&self, fields: &mut TagFields) {
        fn set<T: Clone, U>(field: &mut U, given: Option<&T>, into: impl Fn(T) -> U) {
            if let Some(value) = given {
                *field = into(value.clone());
            }
        }
        set(&mut fields.name, self.name.as_ref(), |name| name.to_string());
        set(&mut fields.parent, self.parent.as_ref(), |parent| parent.map(|id| id.0));
        set(&mut fields.reference, self.reference.as_ref(), |word| word);
        set(&mut fields.kind, self.kind.as_ref(), |word| word);
        set(&mut fields.visibility, self.visibility.as_ref(), |word| word);
        set(&mut fields.color, self.color.as_ref(), |word| word);
        set(&mut fields.properties, self.properties.as_ref(), |list| distinct(list.iter().map(|word| word.as_str().to_owned())));
        set(&mut fields.complexity, self.complexity.as_ref(), |word| word.map(|word| word.as_str().to_owned()));
        set(&mut fields.sla, self.sla.as_ref(), |hours| hours.and_then(|hours| i32::try_from(hours.0).ok()));
        set(&mut fields.priority, self.priority.as_ref(), |word| word);
        set(&mut fields.channels, self.channels.as_ref(), |list| distinct(list.iter().map(|text| text.to_string())));
        set(&mut fields.subchannels, self.subchannels.as_ref(), |list| distinct(list.iter().map(|id| id.0)));
        set(&mut fields.detection_details, self.detection_details.as_ref(), |object| object);
        set(&mut fields.assignment, self.assignment.as_ref(), |list| distinct(list.iter().map(|text| text.to_string())));
        set(&mut fields.test_case, self.test_case.as_ref(), |object| object);
    }
}

/// Each item once, where it stood first.
fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(Vec::new(), |mut all, item| {
        if !all.contains(&item) {
            all.push(item);
        }
        all
    })
}

/// Body of `POST /tag`: a whole tag. What is not there gets its default.
#[derive(Clone, Debug)]
pub struct NewTag(pub TagFields);

impl NewTag {
    /// Reads a body; every field that is missing is named at once.
    pub fn read(body: Map<String, Value>) -> Result<Self> {
        let missing: Vec<FieldError> =
            REQUIRED.into_iter().filter(|name| !body.contains_key(*name)).map(|name| FieldError::new(name, "is required")).collect();
        let patch = TagPatch::read(body, "");
        if !missing.is_empty() {
            return Err(Error::invalid(missing.into_iter().chain(patch.err().unwrap_or_default()).collect()));
        }
        let mut fields = TagFields::default();
        patch.map_err(Error::invalid)?.apply(&mut fields);
        Ok(Self(fields))
    }
}

impl PartialSchema for NewTag {
    fn schema() -> RefOr<Schema> {
        let mut schema = TagPatch::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required = REQUIRED.map(str::to_owned).into();
            object.description = Some("A tag. What is not there gets its default; what only reading gives is ignored.".to_owned());
            object.example =
                Some(serde_json::json!({"name": "Complaint", "reference": "ticket", "type": "skill", "sla": 8, "priority": "high"}));
        }
        schema
    }
}

impl ToSchema for NewTag {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        TagPatch::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn what_is_wrong_is_named_where_it_stands() {
        for (value, path) in [
            (json!({"nmae": "x"}), "nmae"),
            (json!({"name": ""}), "name"),
            (json!({"name": null}), "name"),
            (json!({"color": "pink"}), "color"),
            (json!({"sla": 0}), "sla"),
            (json!({"sla": 1.5}), "sla"),
            (json!({"parent": "6"}), "parent"),
            (json!({"complexity": "hard"}), "complexity"),
            (json!({"channels": ["email", ""]}), "channels[1]"),
            (json!({"subchannels": [0]}), "subchannels[0]"),
            (json!({"properties": ["x"]}), "properties"),
            (json!({"properties": {"a": 1}}), "properties"),
            (json!({"testCase": []}), "testCase"),
            (json!({"detectionDetails": {"a": "x".repeat(70_000)}}), "detectionDetails"),
            (json!({"assignment": vec!["x"; 101]}), "assignment"),
        ] {
            let errors = TagPatch::read(body(&value), "").unwrap_err();
            assert_eq!(errors[0].path, path, "{value}");
            let errors = TagPatch::read(body(&value), "_tag[5]").unwrap_err();
            assert_eq!(errors[0].path, format!("_tag[5].{path}"), "{value}");
        }
    }

    #[test]
    fn a_whole_tag_may_be_sent_back() {
        let sent = json!({"id": 5, "fullName": "A: B", "children": [], "version": 3, "modifiedBy": "x", "modifiedAt": "y", "name": "B",
            "properties": {}, "sla": 8.0, "parent": null, "channels": ["chat", "chat"]});
        let mut fields = TagFields { parent: Some(4), properties: vec!["defaultSkill".into()], ..TagFields::default() };
        TagPatch::read(body(&sent), "").unwrap().apply(&mut fields);
        assert_eq!((fields.parent, fields.sla, fields.properties.len()), (None, Some(8), 0));
        assert_eq!(fields.channels, ["chat"]);
    }

    #[test]
    fn a_new_tag_needs_name_reference_and_type() {
        let Err(Error::Problem { errors, .. }) = NewTag::read(body(&json!({"name": "x", "color": "pink"}))) else { panic!("accepted") };
        let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(paths, ["reference", "type", "color"]);
    }
}
