//! What requests say about a ticket.

#![expect(clippy::option_option, reason = "absent leaves alone, null takes away")]

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};
use utoipa::{
    ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, Type, schema::OneOfBuilder},
};

use super::{Channel, Direction, Priority, Process, SpamStatus, Status};
use crate::{
    domain::attachment::NewAttachment,
    erp::ErpId,
    error::{Error, FieldError, Result},
    http::{
        Whole,
        date::AnyDate,
        input::{beyond, given, join, parse_value},
        whole,
    },
};

/// Tickets that one call changes at most.
pub const MOST_AT_ONCE: usize = 1_000;
/// Addresses of a message at most, in each of to, cc and bcc.
const MOST_ADDRESSES: usize = 200;
/// Characters of an address or a name.
const ADDRESS_CHARS: usize = 320;
/// Characters of a subject line: what mail allows in a line.
const SUBJECT_CHARS: usize = 998;
/// Bytes of free data.
const ADDITIONAL_BYTES: usize = 64 * 1024;
/// Bytes of what the sender's system sends along.
const RAW_BYTES: usize = 4 * 1024 * 1024;
/// Characters of a message, with pictures that stand in it as `data:`.
const BODY_CHARS: usize = 10 * 1024 * 1024;
/// Tags of a ticket at most.
const MOST_TAGS: usize = 200;

/// Id of a row of ours.
type Id = Whole<1, { whole::MOST }>;

/// Body of `POST /ticket`. Nothing is required: a letter may have nothing but attachments, a call nothing but a number.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"from": "tom@mustermann.de", "fromName": "Tom Mustermann", "to": ["service@energy.com"], "channel": "email",
    "subject": "Zählerstand", "body": "<p>Zählerstand 12345, Vertrag 746839</p>", "contractId": "746839"}))]
pub struct NewTicket {
    /// Address or number of the sender. `Name <address>` is taken apart.
    #[serde(default)]
    #[schema(max_length = 320, example = "tom@mustermann.de")]
    pub from: Option<String>,
    /// Name of the sender.
    #[serde(default)]
    #[schema(max_length = 320)]
    pub from_name: Option<String>,
    /// Mailbox, bot or number.
    #[serde(default, deserialize_with = "whole_or_null")]
    pub subchannel_id: Option<i64>,
    /// Recipients.
    #[serde(default)]
    #[schema(max_items = 200, schema_with = addresses)]
    pub to: Option<Vec<String>>,
    /// Copies.
    #[serde(default, alias = "ccEmails")]
    #[schema(schema_with = addresses)]
    pub cc: Option<Vec<String>>,
    /// Hidden copies.
    #[serde(default, alias = "bccEmails")]
    #[schema(schema_with = addresses)]
    pub bcc: Option<Vec<String>>,
    /// `low` unless told.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// `email` unless told.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// Id in the channel.
    #[serde(default)]
    #[schema(max_length = 320)]
    pub channel_id: Option<String>,
    /// `open` unless told.
    #[serde(default)]
    pub status: Option<Status>,
    /// `in` unless told.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Subject line.
    #[serde(default)]
    #[schema(max_length = 998, example = "Zählerstand")]
    pub subject: Option<String>,
    /// The message, as HTML or text.
    #[serde(default)]
    #[schema(max_length = 10_485_760, example = "<p>Zählerstand 12345, Vertrag 746839</p>")]
    pub body: Option<String>,
    /// When the message came; now unless told.
    #[serde(default)]
    pub created_at: Option<AnyDate>,
    /// Until when somebody should have answered.
    #[serde(default)]
    pub first_response_due_by: Option<AnyDate>,
    /// Until when it should be done.
    #[serde(default)]
    pub due_by: Option<AnyDate>,
    /// Files, each by url or base64. A url that gives nothing within ten seconds is kept as an attachment without content.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub attachments: Option<Vec<NewAttachment>>,
    /// Tags.
    #[serde(default, alias = "tagIds", deserialize_with = "ids")]
    #[schema(value_type = Option<Vec<Id>>, inline, max_items = 200)]
    pub tags: Option<Vec<i64>>,
    /// Contract in the ERP; null = to be recognised.
    #[serde(default)]
    pub contract_id: Option<ErpId>,
    /// Customer in the ERP.
    #[serde(default)]
    pub customer_id: Option<ErpId>,
    /// Id in the sender's system. A known one updates its ticket.
    #[serde(default)]
    #[schema(max_length = 320)]
    pub external_ticket_id: Option<String>,
    /// Anything the sender's system wants to keep with it.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub raw_data: Option<Value>,
    /// Free data of tools and hooks.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub additional_data: Option<Map<String, Value>>,
    /// Template of the body. There are none yet, so any is a conflict.
    #[serde(default, deserialize_with = "whole_or_null")]
    pub template_id: Option<i64>,
    /// Values for the template.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub template_data: Option<Map<String, Value>>,
    /// How to process it; the parameter of the query wins.
    #[serde(default)]
    pub process: Option<Process>,
}

/// Body of `PATCH /ticket/{ticketId}`. A whole ticket may be sent back: what cannot be changed is ignored.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"status": "closed", "addTagIds": []}))]
pub struct TicketPatch {
    /// Contract in the ERP; null = none.
    #[serde(default, deserialize_with = "given")]
    pub contract_id: Option<Option<ErpId>>,
    /// Customer in the ERP; null = none.
    #[serde(default, deserialize_with = "given")]
    pub customer_id: Option<Option<ErpId>>,
    /// Where the work stands.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Status, required = false)]
    pub status: Option<Status>,
    /// Profile to assign it to; null = to nobody. A list, as reading gives it, changes nothing.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = assignee_schema)]
    worked_on_by: Option<Option<Assignee>>,
    /// The same, under the name that reading gives it.
    #[serde(default, deserialize_with = "given_whole")]
    agent_id: Option<Option<i64>>,
    /// How urgent it is.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Priority, required = false)]
    pub priority: Option<Priority>,
    /// Until when it should be done; null = no deadline.
    #[serde(default, deserialize_with = "given")]
    pub due_by: Option<Option<AnyDate>>,
    /// Until when somebody should have answered; null = no deadline.
    #[serde(default, deserialize_with = "given")]
    pub first_response_due_by: Option<Option<AnyDate>>,
    /// Replaces all tags.
    #[serde(default, deserialize_with = "given_ids")]
    #[schema(value_type = Vec<Id>, required = false, inline, max_items = 200)]
    pub tag_ids: Option<Vec<i64>>,
    /// Adds tags.
    #[serde(default, deserialize_with = "given_ids")]
    #[schema(value_type = Vec<Id>, required = false, inline, max_items = 200)]
    pub add_tag_ids: Option<Vec<i64>>,
    /// Takes tags away.
    #[serde(default, deserialize_with = "given_ids")]
    #[schema(value_type = Vec<Id>, required = false, inline, max_items = 200)]
    pub remove_tag_ids: Option<Vec<i64>>,
    /// Whether it is spam; null = not classified.
    #[serde(default, deserialize_with = "given")]
    pub spam_status: Option<Option<SpamStatus>>,
    /// Whether it was handed to somebody above.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    pub is_escalated: Option<bool>,
    /// Replaces the free data; 64 KiB at most.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Object, required = false)]
    pub additional_data: Option<Map<String, Value>>,
}

/// One item of `PATCH /ticket`: the fields of `PATCH /ticket/{ticketId}`, and the ticket's id.
#[derive(Clone, Debug, ToSchema)]
#[schema(example = json!({"id": 376_189, "status": "closed"}))]
pub struct TicketItem {
    /// Ticket.
    pub id: i64,
    /// What to change of it.
    #[schema(inline)]
    #[serde(flatten)]
    pub patch: TicketPatch,
}

impl TicketItem {
    /// Reads the items of a bulk change; every wrong one is named.
    pub fn read_all(body: Value) -> Result<Vec<Self>> {
        let Value::Array(items) = body else { return Err(Error::field("", "must be a list of tickets")) };
        if items.len() > MOST_AT_ONCE {
            return Err(Error::field("", format!("must have {MOST_AT_ONCE} items at most")));
        }
        let mut read = Vec::with_capacity(items.len());
        let mut errors = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let at = format!("[{index}]");
            if !item.is_object() {
                errors.push(FieldError::new(at, "must be an object"));
                continue;
            }
            match item.get("id").map(|id| whole::read(id).filter(|id| *id > 0)) {
                Some(Some(id)) => match TicketPatch::read(item, &at) {
                    Ok(patch) => read.push(Self { id, patch }),
                    Err(wrong) => errors.extend(wrong),
                },
                Some(None) => errors.push(FieldError::new(format!("{at}.id"), "must be the id of a ticket")),
                None => errors.push(FieldError::new(format!("{at}.id"), "is required")),
            }
        }
        if errors.is_empty() { Ok(read) } else { Err(Error::invalid(errors)) }
    }
}

/// A profile, or the list of agents that reading gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Assignee {
    Profile(i64),
    AsRead,
}

impl<'de> Deserialize<'de> for Assignee {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Array(items) if items.iter().all(Value::is_object) => Ok(Self::AsRead),
            value => whole::read(&value).map(Self::Profile).ok_or_else(|| de::Error::custom("must be the id of a profile, or null")),
        }
    }
}

fn assignee_schema() -> RefOr<Schema> {
    OneOfBuilder::new()
        .description(Some("Profile to assign it to; null = to nobody. A list, as reading gives it, changes nothing."))
        .item(
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::Int64))),
        )
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .item(ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::Object)))
        .examples([Value::Null])
        .into()
}

fn addresses() -> RefOr<Schema> {
    ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(Type::String).max_length(Some(ADDRESS_CHARS)))
        .max_items(Some(MOST_ADDRESSES))
        .into()
}

fn whole_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => whole::read(&value).map(Some).ok_or_else(|| de::Error::custom("must be a whole number or null")),
    }
}

fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<i64>>, D::Error> {
    let list: Option<Vec<Id>> = Option::deserialize(deserializer)?;
    Ok(list.map(|list| list.into_iter().map(|id| id.0).collect()))
}

fn given_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<i64>>, D::Error> {
    let list: Vec<Id> = Vec::deserialize(deserializer)?;
    Ok(Some(list.into_iter().map(|id| id.0).collect()))
}

fn given_whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    whole_or_null(deserializer).map(Some)
}

/// What reading gives and changing ignores.
const READ_ONLY: [&str; 45] = [
    "id",
    "version",
    "direction",
    "from",
    "fromName",
    "to",
    "ccEmails",
    "bccEmails",
    "replyCcEmails",
    "replyRecipients",
    "subchannelId",
    "externalTicketId",
    "sentiment",
    "language",
    "languageCode",
    "autoExecuteAt",
    "aiSupportLevel",
    "isCustomerActive",
    "interface",
    "channel",
    "channelId",
    "summary",
    "subject",
    "bodyPlain",
    "body",
    "bodyClean",
    "createdAt",
    "modifiedAt",
    "closedAt",
    "lastMessageAt",
    "lastCustomerMessageAt",
    "customerLegitimation",
    "responderId",
    "tags",
    "attachments",
    "template",
    "workitem",
    "customer",
    "intents",
    "rawData",
    "success",
    "isStale",
    "fetchedAt",
    "process",
    "ticket",
];

impl NewTicket {
    /// Checks what types cannot say, and brings it into shape.
    pub fn check(mut self) -> Result<Self> {
        let mut errors = Vec::new();
        for (path, text, most) in [
            ("from", &self.from, ADDRESS_CHARS),
            ("fromName", &self.from_name, ADDRESS_CHARS),
            ("subject", &self.subject, SUBJECT_CHARS),
            ("body", &self.body, BODY_CHARS),
            ("channelId", &self.channel_id, ADDRESS_CHARS),
            ("externalTicketId", &self.external_ticket_id, ADDRESS_CHARS),
        ] {
            if text.as_ref().is_some_and(|text| text.chars().count() > most) {
                errors.push(FieldError::new(path, format!("must have {most} characters at most")));
            }
        }
        for (path, list) in [("to", &self.to), ("cc", &self.cc), ("bcc", &self.bcc)] {
            let list = list.as_deref().unwrap_or_default();
            if list.len() > MOST_ADDRESSES {
                errors.push(FieldError::new(path, format!("must have {MOST_ADDRESSES} items at most")));
            }
            let long = list.iter().position(|text| text.chars().count() > ADDRESS_CHARS);
            errors.extend(long.map(|at| FieldError::new(format!("{path}[{at}]"), format!("must have {ADDRESS_CHARS} characters at most"))));
        }
        errors.extend(self.additional_data.as_ref().and_then(|data| free_data(data, "additionalData")));
        let raw_data = self.raw_data.as_ref().and_then(|data| beyond(data, RAW_BYTES));
        errors.extend(raw_data.map(|says| FieldError::new("rawData", says)));
        if self.tags.as_ref().is_some_and(|tags| tags.len() > MOST_TAGS) {
            errors.push(FieldError::new("tags", format!("must have {MOST_TAGS} items at most")));
        }
        if let Some(from) = self.from.take() {
            let (address, name) = take_apart(&from);
            self.from = address;
            self.from_name = self.from_name.or(name);
        }
        // An empty id names nothing.
        self.external_ticket_id = self.external_ticket_id.filter(|id| !id.trim().is_empty());
        if errors.is_empty() { Ok(self) } else { Err(Error::invalid(errors)) }
    }
}

/// Each list of tickets and each event about the change holds it.
fn free_data(data: &Map<String, Value>, at: &str) -> Option<FieldError> {
    beyond(data, ADDITIONAL_BYTES).map(|says| FieldError::new(at, says))
}

/// `Tom <tom@x.de>` is an address with a name.
fn take_apart(from: &str) -> (Option<String>, Option<String>) {
    let from = from.trim();
    if let Some((name, rest)) = from.split_once('<')
        && let Some(address) = rest.strip_suffix('>')
    {
        let name = name.trim().trim_matches('"').trim();
        return (Some(address.trim().to_owned()).filter(|text| !text.is_empty()), Some(name.to_owned()).filter(|text| !text.is_empty()));
    }
    (Some(from.to_owned()).filter(|text| !text.is_empty()), None)
}

impl TicketPatch {
    /// Reads a change. `at` is where it stands in the body, for the paths of what is wrong with it.
    pub fn read(value: Value, at: &str) -> Result<Self, Vec<FieldError>> {
        let Value::Object(mut fields) = value else { return Err(vec![FieldError::new(at, "must be an object")]) };
        fields.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
        let patch: Self = parse_value(Value::Object(fields), at).map_err(|error| vec![error])?;
        let mut errors = Vec::new();
        for (name, list) in [("tagIds", &patch.tag_ids), ("addTagIds", &patch.add_tag_ids), ("removeTagIds", &patch.remove_tag_ids)] {
            if list.as_ref().is_some_and(|list| list.len() > MOST_TAGS) {
                errors.push(FieldError::new(join(at, name), format!("must have {MOST_TAGS} items at most")));
            }
        }
        errors.extend(patch.additional_data.as_ref().and_then(|data| free_data(data, &join(at, "additionalData"))));
        if errors.is_empty() { Ok(patch) } else { Err(errors) }
    }

    /// Whom it assigns the ticket to; none = no word about it.
    pub fn assignee(&self) -> Option<Option<i64>> {
        match self.worked_on_by {
            Some(None) => Some(None),
            Some(Some(Assignee::Profile(id))) => Some(Some(id)),
            Some(Some(Assignee::AsRead)) | None => self.agent_id,
        }
    }

    /// The name under which it assigns the ticket.
    pub fn assignee_field(&self) -> &'static str {
        if matches!(self.worked_on_by, Some(None | Some(Assignee::Profile(_)))) { "workedOnBy" } else { "agentId" }
    }

    /// Tags that must exist.
    pub fn new_tags(&self) -> impl Iterator<Item = i64> + '_ {
        self.tag_ids.iter().chain(&self.add_tag_ids).flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sender_is_taken_apart() {
        for (from, address, name) in [
            ("tom@x.de", Some("tom@x.de"), None),
            ("Tom Muster <tom@x.de>", Some("tom@x.de"), Some("Tom Muster")),
            ("\"Muster, Tom\" <tom@x.de>", Some("tom@x.de"), Some("Muster, Tom")),
            ("+49 170 1", Some("+49 170 1"), None),
            ("  ", None, None),
        ] {
            assert_eq!(take_apart(from), (address.map(str::to_owned), name.map(str::to_owned)), "{from}");
        }
    }

    #[test]
    fn a_body_is_counted_in_characters() {
        let check = |characters: usize| NewTicket { body: Some("ä".repeat(characters)), ..NewTicket::default() }.check();
        assert!(check(10_485_760).is_ok());
        assert!(check(10_485_761).is_err());
    }

    #[test]
    fn an_unknown_or_wrong_field_is_named_and_a_read_only_one_ignored() {
        for (value, path) in [
            (json!({"statsu": "closed", "body": "x", "id": 1}), Some("[3].statsu")),
            (json!({"status": "gone"}), Some("[3].status")),
            (json!({"tagIds": [1, "x"]}), Some("[3].tagIds[1]")),
            (json!({"body": 5, "id": 1, "tags": [{"id": 1}]}), None),
        ] {
            let path_of = |errors: Vec<FieldError>| errors.into_iter().next().unwrap().path;
            assert_eq!(TicketPatch::read(value.clone(), "[3]").err().map(path_of).as_deref(), path, "{value}");
        }
    }

    #[test]
    fn assigning_has_two_names_and_a_form_that_means_nothing() {
        for (value, assignee) in [
            (json!({"workedOnBy": 7}), Some(Some(7))),
            (json!({"workedOnBy": null}), Some(None)),
            (json!({"workedOnBy": [{"id": 1}]}), None),
            (json!({"workedOnBy": [], "agentId": 5}), Some(Some(5))),
            (json!({"agentId": null}), Some(None)),
            (json!({"workedOnBy": 7, "agentId": 5}), Some(Some(7))),
            (json!({}), None),
        ] {
            let patch = TicketPatch::read(value.clone(), "").unwrap();
            assert_eq!(patch.assignee(), assignee, "{value}");
        }
    }
}
