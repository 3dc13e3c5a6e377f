//! Tags as they are stored and shown (`contract/tag.md`).

pub mod forest;
pub mod input;
pub mod value;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, Schema, schema::AnyOfBuilder},
};

pub use forest::Forest;
pub use input::{NewTag, TagPatch};
pub use value::{Color, Complexity, Kind, Priority, Property, Reference, Visibility};

use crate::{erp::model::CompactTag, http::date::WireDateTime};

/// Id of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[sqlx(transparent)]
pub struct TagId(pub i64);

impl std::fmt::Display for TagId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What people decide about a tag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TagFields {
    /// Name.
    #[schema(example = "Complaint")]
    pub name: String,
    /// The tag above; null = a root.
    #[schema(example = 6)]
    pub parent: Option<i64>,
    /// What it labels.
    pub reference: Reference,
    /// What kind of label it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Who may see it, and whether it is in use.
    pub visibility: Visibility,
    /// Colour on the screen.
    pub color: Color,
    /// `defaultSkill`: what a ticket gets when no other skill was found.
    #[schema(value_type = Vec<Property>)]
    pub properties: Vec<String>,
    /// How hard the work behind it is.
    #[schema(example = "moderate")]
    pub complexity: Option<String>,
    /// Business hours until a ticket with it should be done; null = no deadline.
    #[schema(example = 8)]
    pub sla: Option<i32>,
    /// What a ticket's priority becomes.
    pub priority: Priority,
    /// Channels it is for.
    #[schema(example = json!(["email", "chat"]))]
    pub channels: Vec<String>,
    /// Subchannels it is for.
    #[schema(example = json!([2, 4]))]
    pub subchannels: Vec<i64>,
    /// How it is recognised.
    #[schema(value_type = Object)]
    pub detection_details: Map<String, Value>,
    /// How it gets to a ticket.
    #[schema(example = json!(["assignBySubchannel", "assignByCustomLogic"]))]
    pub assignment: Vec<String>,
    /// What its recognition is tried with.
    #[schema(value_type = Object)]
    pub test_case: Map<String, Value>,
}

impl TagFields {
    /// `{field: {"old", "new"}}` for every field that differs; none when all are the same.
    pub fn changes(&self, next: &Self) -> Option<Value> {
        // Serialising to a Value fails only for maps whose keys are no texts.
        let (old, new) = (json!(self), json!(next));
        let (Value::Object(old), Value::Object(new)) = (old, new) else { return None };
        let differing = old.into_iter().zip(new).filter(|((_, old), (_, new))| old != new);
        let changes: Map<String, Value> = differing.map(|((name, old), (_, new))| (name, json!({"old": old, "new": new}))).collect();
        (!changes.is_empty()).then_some(Value::Object(changes))
    }
}

/// A tag as the API shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Its id.
    #[schema(example = 123)]
    pub id: i64,
    /// Its name after the names above it; null in a tree, where they stand above it.
    #[schema(example = "Second Level: Complaint")]
    pub full_name: Option<String>,
    /// What people decided.
    #[serde(flatten)]
    #[schema(inline)]
    pub fields: TagFields,
    /// Name of the profile that changed it last; null when nobody did.
    #[schema(example = "John Doe")]
    pub modified_by: Option<String>,
    /// When that was.
    pub modified_at: Option<WireDateTime>,
    /// Counts the changes; also in the header `ETag`.
    #[schema(example = 1)]
    pub version: i64,
}

impl Tag {
    fn compact(&self) -> CompactTag {
        CompactTag { id: self.id, color: self.fields.color.as_str().to_owned(), name: self.fields.name.clone() }
    }
}

/// A tag with the tags below it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TagNode {
    /// The tag.
    #[serde(flatten)]
    pub tag: Tag,
    /// The tags below it, by name.
    #[schema(no_recursion)]
    pub children: Vec<TagNode>,
}

/// How much a list says of each tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    /// Everything.
    #[default]
    Full,
    /// Id, colour and name.
    Compact,
}

/// A tag in a list.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum ListedTag {
    /// Everything.
    Full(Box<Tag>),
    /// Id, colour and name.
    Compact(CompactTag),
}

impl ListedTag {
    /// Shows a tag in a format.
    pub fn show(tag: Tag, format: Format) -> Self {
        match format {
            Format::Full => Self::Full(Box::new(tag)),
            Format::Compact => Self::Compact(tag.compact()),
        }
    }
}

impl PartialSchema for ListedTag {
    fn schema() -> RefOr<Schema> {
        // Not oneOf: a full tag has everything that a compact one has.
        AnyOfBuilder::new().item(Ref::from_schema_name(Tag::name())).item(Ref::from_schema_name(CompactTag::name())).into()
    }
}

impl ToSchema for ListedTag {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Tag::name().into(), Tag::schema()));
        Tag::schemas(schemas);
        schemas.push((CompactTag::name().into(), CompactTag::schema()));
        CompactTag::schemas(schemas);
    }
}

/// Which tags a list or tree shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of the name or of the names above, any case.
    pub q: String,
    /// Of this type only.
    pub kind: Option<Kind>,
    /// Also those that are switched off.
    pub include_disabled: bool,
}

impl Filter {
    /// Whether a tag with its full name is wanted.
    pub fn wants(&self, tag: &Tag) -> bool {
        let full = tag.full_name.as_deref().unwrap_or(&tag.fields.name);
        (self.include_disabled || tag.fields.visibility != Visibility::Disabled)
            && self.kind.is_none_or(|kind| tag.fields.kind == kind)
            && full.to_lowercase().contains(&self.q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_a_change() {
        let old = TagFields { name: "Rechnung".into(), sla: Some(8), ..TagFields::default() };
        let new = TagFields { sla: None, kind: Kind::Brand, ..old.clone() };
        let expected = json!({"sla": {"old": 8, "new": null}, "type": {"old": "skill", "new": "brand"}});
        assert_eq!(old.changes(&new), Some(expected));
        assert_eq!(old.changes(&old), None);
    }
}
