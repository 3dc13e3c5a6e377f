//! What a search asks for: filters, order, and where a page begins (`contract/ticket.md`).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};

use crate::{
    error::{Error, Result},
    http::{
        choice,
        filter::{Condition, Field, Filter, Kind, Scalar, Test, conditions},
        query::{Limit, Offset},
    },
};

/// Above that, `total` says no more than that there are more.
pub const COUNTED: i64 = 10_000;

const STATUS: Kind = Kind::Choice(&[
    ("open", "open"),
    ("pending", "pending"),
    ("closed", "closed"),
    ("waiting", "pending"),
    ("waitingOnCustomer", "pending"),
    ("waitingOnThirdParty", "pending"),
    ("resolved", "closed"),
]);
const CHANNEL: Kind = Kind::Choice(&[
    ("email", "email"),
    ("portal", "portal"),
    ("phone", "phone"),
    ("letter", "letter"),
    ("system", "system"),
    ("chat", "chat"),
    ("walkIn", "walkIn"),
]);
const DIRECTION: Kind = Kind::Choice(&[("in", "in"), ("out", "out"), ("internal", "internal")]);
const PRIORITY: Kind = Kind::Choice(&[("low", "low"), ("medium", "medium"), ("high", "high"), ("urgent", "urgent")]);
/// The last five are what published clients send.
const AI_SUPPORT_LEVEL: Kind = Kind::Choice(&[
    ("unprocessed", "unprocessed"),
    ("human", "human"),
    ("bot", "bot"),
    ("automated", "automated"),
    ("noDetection", "human"),
    ("customerDetected", "human"),
    ("agentAssist", "human"),
    ("full", "automated"),
]);
const SPAM_STATUS: Kind = Kind::Choice(&[
    ("auto_spam", "auto_spam"),
    ("auto_programmatic", "auto_programmatic"),
    ("manual_spam", "manual_spam"),
    ("auto_clean", "auto_clean"),
    ("manual_clean", "manual_clean"),
]);

/// What can be filtered by.
pub const FIELDS: &[Field] = &[
    Field::new(&["t.id", "id"], "id", Kind::Id),
    Field::new(&["t.status", "status"], "status", STATUS),
    Field::new(&["t.channel", "channel"], "channel", CHANNEL).everything("all"),
    Field::new(&["t.direction", "direction"], "direction", DIRECTION),
    Field::new(&["t.priority", "priority"], "priority", PRIORITY),
    Field::new(&["t.createdAt", "createdAt"], "created_at", Kind::Date),
    Field::new(&["t.modifiedAt", "modifiedAt"], "modified_at", Kind::Date).nullable(),
    Field::new(&["t.lastMessageAt", "lastMessageAt"], "last_message_at", Kind::Date),
    Field::new(&["t.lastCustomerMessageAt", "lastCustomerMessageAt"], "last_customer_message_at", Kind::Date).nullable(),
    Field::new(&["t.dueBy", "dueBy"], "due_by", Kind::Date).nullable(),
    Field::new(&["t.firstResponseDueBy", "firstResponseDueBy"], "first_response_due_by", Kind::Date).nullable(),
    Field::new(&["t.closedAt", "closedAt"], "closed_at", Kind::Date).nullable(),
    Field::new(&["t.agentId", "agentId"], "agent_id", Kind::Id).nullable(),
    Field::new(&["t.responderId", "responderId"], "responder_id", Kind::Id).nullable(),
    Field::new(&["t.contractId", "contractId"], "contract_id", Kind::ErpId).nullable(),
    Field::new(&["t.customerId", "customerId"], "customer_id", Kind::ErpId).nullable(),
    Field::new(&["t.aiSupportLevel", "aiSupportLevel"], "ai_support_level", AI_SUPPORT_LEVEL),
    Field::new(&["t.sentiment", "sentiment"], "sentiment", Kind::Text).nullable(),
    Field::new(&["t.language", "language"], "language", Kind::Text).nullable(),
    Field::new(&["t.languageCode", "languageCode"], "language_code", Kind::Text).nullable(),
    Field::new(&["t.from", "from"], "from_norm", Kind::Email).nullable(),
    Field::new(&["t.subject", "subject"], "subject", Kind::Text).nullable(),
    Field::new(&["t.externalTicketId", "externalTicketId"], "external_ticket_id", Kind::Text).nullable(),
    Field::new(&["t.spamStatus", "spamStatus"], "spam_status", SPAM_STATUS).nullable(),
    Field::new(&["tt.tagId", "tagId"], TAG, Kind::Id).nullable(),
    Field::new(&["i.aiAgentId", "aiAgentId"], AI_AGENT, Kind::Id).nullable(),
];

/// The column that stands for the tags of a ticket, which are rows of their own.
pub const TAG: &str = "tag";
/// The column that stands for the agents of a ticket's intents. There are no intents yet, so no ticket has one.
pub const AI_AGENT: &str = "ai_agent";

/// How the key of an order is compared with the last one seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// `bigint`.
    Id,
    /// `timestamptz`.
    Date,
    /// `text`.
    Text,
    /// `integer`: the rank of a priority.
    Rank,
}

/// An order of tickets. Null sorts below every value; the id breaks every tie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Column.
    pub column: &'static str,
    /// Type of its values.
    pub key: KeyType,
    /// Whether there are tickets without a value.
    pub nullable: bool,
    /// Greatest first.
    pub descending: bool,
}

impl Order {
    fn by(name: &str, descending: bool) -> Option<Self> {
        let field = FIELDS.iter().find(|field| field.keys.contains(&name) && ![TAG, AI_AGENT].contains(&field.column))?;
        let key = match field.kind {
            Kind::Id => KeyType::Id,
            Kind::Date => KeyType::Date,
            _ if field.column == "priority" => KeyType::Rank,
            _ => KeyType::Text,
        };
        Some(Self { column: field.column, key, nullable: field.nullable, descending })
    }
}

choice! {
    [Default]
    /// Direction of an order.
    OrderDirection as "OrderDirection" {
        /// Least first.
        Asc = "asc",
        /// Greatest first.
        #[default]
        Desc = "desc",
    }
}

choice! {
    /// Which tickets are meant at all.
    TicketScope as "TicketScope" {
        /// What people work on: without spam.
        Skills = "skills",
    }
}

/// Body of `POST /ticket/search`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"limit": 50, "orderByField": "t.createdAt", "orderByDirection": "desc",
    "filters": [{"key": "t.status", "comparator": "in", "values": ["open", "pending"]}, {"key": "q", "comparator": "=", "value": "Zählerstand"}]}))]
pub struct SearchTickets {
    /// Rows at most.
    #[serde(default)]
    #[schema(inline)]
    limit: Limit,
    /// Rows to skip. Pages far down are faster with `cursor`.
    #[serde(default)]
    #[schema(inline)]
    offset: Offset,
    /// A key of a filter that is a field of a ticket; `t.createdAt` unless told.
    #[serde(default)]
    #[schema(schema_with = order_schema)]
    order_by_field: Option<String>,
    /// `desc` unless told.
    #[serde(default)]
    order_by_direction: OrderDirection,
    /// All of them must hold.
    #[serde(default)]
    #[schema(schema_with = filters_schema)]
    filters: Vec<Filter>,
    /// Which tickets are meant at all.
    #[serde(default)]
    ticket_scope: Option<TicketScope>,
    /// `nextCursor` of the page before; filters and order must be the same.
    #[serde(default)]
    cursor: Option<String>,
    /// Count all, as long as that takes no more than two seconds.
    #[serde(default)]
    exact_total: bool,
}

/// At most one filter is about words; utoipa's types cannot say it.
pub fn words_once() -> Value {
    json!([{"contains": {"type": "object", "required": ["key"], "properties": {"key": {"enum": ["q"]}}}, "minContains": 0, "maxContains": 1}])
}

fn order_schema() -> RefOr<Schema> {
    let keys = FIELDS.iter().filter(|field| ![TAG, AI_AGENT].contains(&field.column)).flat_map(|field| field.keys.iter().copied());
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::SchemaType::from_iter([utoipa::openapi::Type::String, utoipa::openapi::Type::Null]))
        .enum_values(Some(keys.map(Some).chain([None])))
        .into()
}

fn filters_schema() -> RefOr<Schema> {
    crate::http::filter::filters_schema(FIELDS).into()
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the first row.
    First,
    /// After a row, by the text of its key and its id.
    After(Option<String>, i64),
    /// At the first row whose key has a value.
    Values,
    /// At the first row whose key has none.
    Nulls,
}

impl Start {
    /// The rows that come after all rows that this start leads to, where keys with and without value are read one after the
    /// other: an index serves each of them, but not both at once.
    pub fn next(&self, order: Order) -> Option<Self> {
        match (self, order.descending) {
            (Self::After(Some(_), _), true) if order.nullable => Some(Self::Nulls),
            (Self::After(None, _), false) => Some(Self::Values),
            _ => None,
        }
    }

    /// What it asks of the key, for the statements that know conditions.
    pub fn condition(&self, order: Order) -> Option<Condition> {
        let column = order.column;
        match self {
            Self::Values => Some(Condition { column, test: Test::None, values: Vec::new(), or_null: true }),
            Self::Nulls => Some(Condition { column, test: Test::Any, values: Vec::new(), or_null: true }),
            Self::First | Self::After(..) => None,
        }
    }
}

/// A search, read and checked.
#[derive(Clone, Debug)]
pub struct Search {
    /// All of them must hold.
    pub conditions: Vec<Condition>,
    /// Words.
    pub q: Option<String>,
    /// Order.
    pub order: Order,
    /// Where the page begins.
    pub start: Start,
    /// Rows at most.
    pub limit: i64,
    /// Rows to skip.
    pub offset: i64,
    /// Whether to count all.
    pub exact_total: bool,
    /// What the first page counted, and whether there were more.
    pub counted: Option<(i64, bool)>,
}

/// What a client sends back to go on. It says nothing that the client does not know already, and row level security holds
/// whatever it says, so it is not signed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    /// Text of the last row's key.
    k: Option<String>,
    /// Its id.
    i: i64,
    /// What the first page counted.
    t: i64,
    /// Whether there were more.
    c: bool,
    /// Which search it belongs to.
    s: String,
}

impl SearchTickets {
    /// Reads it. `scope` is the parameter of the query, which is accepted as well.
    pub fn read(self, scope: Option<TicketScope>) -> Result<Search> {
        let (mut conditions, q) = conditions(&self.filters, FIELDS)?;
        if scope.or(self.ticket_scope) == Some(TicketScope::Skills) {
            let values = ["auto_clean", "manual_clean"].map(|clean| Scalar::Text(clean.to_owned())).to_vec();
            conditions.push(Condition { column: "spam_status", test: Test::Any, values, or_null: true });
        }
        let name = self.order_by_field.as_deref().unwrap_or("t.createdAt");
        let descending = self.order_by_direction == OrderDirection::Desc;
        let order = Order::by(name, descending).ok_or_else(|| {
            let known = FIELDS.iter().filter(|field| ![TAG, AI_AGENT].contains(&field.column)).map(|field| field.keys[0]);
            Error::field("orderByField", format!("must be one of {}", known.collect::<Vec<_>>().join(", ")))
        })?;
        let mut search = Search {
            conditions,
            q,
            order,
            start: Start::First,
            limit: i64::from(self.limit.0),
            offset: i64::from(self.offset.0),
            exact_total: self.exact_total,
            counted: None,
        };
        if let Some(text) = self.cursor {
            search.go_on(&text)?;
        }
        Ok(search)
    }
}

impl Search {
    fn go_on(&mut self, text: &str) -> Result<()> {
        let unreadable = || Error::conflict_of("cursor", "is not one that this search gave").details("Begin again without cursor.");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| unreadable())?;
        let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
        if cursor.s != self.digest() || !self.order.takes(cursor.k.as_deref()) {
            return Err(unreadable());
        }
        if self.offset > 0 {
            return Err(Error::conflict_of("offset", "does not go together with cursor").details("The cursor says where to go on."));
        }
        self.start = Start::After(cursor.k, cursor.i);
        self.counted = Some((cursor.t, cursor.c));
        Ok(())
    }

    /// What to send back for the page after a row.
    pub fn cursor_after(&self, key: Option<String>, id: i64, total: i64, capped: bool) -> String {
        let cursor = Cursor { k: key, i: id, t: total, c: capped, s: self.digest() };
        // A struct of texts and numbers always serialises.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }

    /// Names filters and order, so that a cursor goes on with the search that gave it.
    fn digest(&self) -> String {
        let asked = serde_json::to_string(&(&self.conditions, &self.q, self.order.column, self.order.descending)).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(&Sha256::digest(asked)[..9])
    }
}

impl Order {
    /// Whether a key from outside can be compared without an error of the database.
    fn takes(self, key: Option<&str>) -> bool {
        match (key, self.key) {
            (None, _) => self.nullable,
            (Some(text), KeyType::Id) => text.parse::<i64>().is_ok(),
            (Some(text), KeyType::Rank) => text.parse::<i32>().is_ok(),
            // As Postgres prints it in UTC.
            (Some(text), KeyType::Date) => {
                text.as_bytes().first().is_some_and(u8::is_ascii_digit)
                    && text.strip_suffix("+00").is_some_and(|text| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").is_ok())
            }
            (Some(text), KeyType::Text) => !text.contains('\0'),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Code;

    fn search(value: serde_json::Value) -> Result<Search> {
        serde_json::from_value::<SearchTickets>(value).unwrap().read(None)
    }

    #[test]
    fn a_cursor_belongs_to_its_search() {
        let first = search(json!({"filters": [{"key": "t.status", "comparator": "=", "value": "open"}]})).unwrap();
        let cursor = first.cursor_after(Some("2026-01-01 10:00:00.123456+00".to_owned()), 7, 60, false);
        let next = search(json!({"filters": [{"key": "status", "comparator": "in", "values": ["open"]}], "cursor": cursor})).unwrap();
        assert_eq!(next.start, Start::After(Some("2026-01-01 10:00:00.123456+00".to_owned()), 7));
        assert_eq!(next.counted, Some((60, false)));
        for other in [
            json!({"cursor": cursor}),
            json!({"filters": [{"key": "t.status", "comparator": "=", "value": "open"}], "orderByDirection": "asc", "cursor": cursor}),
            json!({"filters": [{"key": "t.status", "comparator": "=", "value": "open"}], "offset": 5, "cursor": cursor}),
            json!({"cursor": "x"}),
        ] {
            assert_eq!(search(other.clone()).unwrap_err().code(), Code::Conflict, "{other}");
        }
    }

    #[test]
    fn a_key_that_the_database_could_not_read_is_refused() {
        let by = |name| Order::by(name, true).unwrap();
        assert!(by("t.createdAt").takes(Some("2026-01-01 10:00:00+00")));
        for bad in ["-0005-01-01 00:00:00+00", "+12026-01-01 00:00:00+00", "2026-01-01 10:00:00+23:59", "2026-01-01 10:00:00"] {
            assert!(!by("t.createdAt").takes(Some(bad)), "{bad}");
        }
        assert!(!by("t.createdAt").takes(Some("yesterday")) && !by("t.createdAt").takes(None));
        assert!(by("t.modifiedAt").takes(None) && by("t.priority").takes(Some("3")) && !by("t.id").takes(Some("x")));
    }

    #[test]
    fn every_field_but_tags_and_agents_orders() {
        assert_eq!(Order::by("tt.tagId", true), None);
        assert_eq!(Order::by("t.priority", true).map(|order| order.key), Some(KeyType::Rank));
        assert_eq!(Order::by("subject", false).map(|order| order.key), Some(KeyType::Text));
    }

    #[test]
    fn keys_without_value_come_last_downwards_and_first_upwards() {
        let (down, up) = (Order::by("t.dueBy", true).unwrap(), Order::by("t.dueBy", false).unwrap());
        assert_eq!(Start::After(Some("x".to_owned()), 1).next(down), Some(Start::Nulls));
        assert_eq!(Start::After(None, 1).next(down), None);
        assert_eq!(Start::After(None, 1).next(up), Some(Start::Values));
        assert_eq!(Start::After(Some("x".to_owned()), 1).next(up), None);
        assert_eq!(Start::First.next(down), None, "one statement gives both in order");
    }
}
