//! Events as they are appended, as they are kept, and as the API shows them (`contract/event.md`).

mod format;
mod phrases;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{domain::profile::ProfileId, http::date::WireDateTime};

/// Something that happened. Types are lower camel case (`contract/event.md`).
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// What happened, such as `settingsUpdated`.
    pub kind: &'static str,
    /// Old and new values. Never a secret.
    pub data: Value,
    /// Who did it; none for the system.
    pub created_by: Option<ProfileId>,
    /// The ticket it is about.
    pub ticket: Option<i64>,
    /// The contract it is about.
    pub contract: Option<String>,
}

impl NewEvent {
    /// Something that happened; by nobody in particular unless told.
    pub fn new(kind: &'static str, data: Value, created_by: Option<ProfileId>) -> Self {
        Self { kind, data, created_by, ticket: None, contract: None }
    }

    /// Something a person or service worker did.
    pub fn by(profile: ProfileId, kind: &'static str, data: Value) -> Self {
        Self::new(kind, data, Some(profile))
    }

    /// Names the ticket it is about, and the ticket's contract.
    #[must_use]
    pub fn about_ticket(mut self, ticket: i64, contract: Option<&str>) -> Self {
        self.ticket = Some(ticket);
        self.contract = contract.map(str::to_owned);
        self
    }
}

/// An event as it is kept, with who did it.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its id.
    pub id: i64,
    /// What happened.
    pub kind: String,
    /// What exactly.
    pub sub_type: Option<String>,
    /// `open` or `closed`.
    pub status: String,
    /// Old and new values.
    pub data: Option<Value>,
    /// The ticket it is about.
    pub ticket_id: Option<i64>,
    /// The contract it is about.
    pub contract_id: Option<String>,
    /// Who did it; none for the system.
    pub user: Option<User>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventUser)]
pub struct User {
    /// Id of the profile.
    #[schema(example = 1)]
    pub id: i64,
    /// E-mail address.
    #[schema(example = "demo@enneo.dev")]
    pub email: String,
    /// Always null; nobody is asked for it.
    pub gender: Option<String>,
    /// First name.
    #[schema(example = "Max")]
    pub first_name: String,
    /// Last name.
    #[schema(example = "Mustermann")]
    pub last_name: String,
    /// Always empty.
    pub company_ids: Vec<i64>,
    /// Always null; there are no pictures.
    pub image: Option<String>,
    /// Always `user`.
    #[serde(rename = "type")]
    #[schema(example = "user")]
    pub kind: &'static str,
}

impl User {
    /// A profile.
    pub fn new(id: i64, email: String, first_name: String, last_name: String) -> Self {
        Self { id, email, gender: None, first_name, last_name, company_ids: Vec::new(), image: None, kind: "user" }
    }
}

/// Names of what events mention by id.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Profiles.
    pub profiles: BTreeMap<i64, String>,
    /// Tags.
    pub tags: BTreeMap<i64, String>,
}

/// Ids whose names the details of events show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentioned {
    /// Profiles.
    pub profiles: BTreeSet<i64>,
    /// Tags.
    pub tags: BTreeSet<i64>,
}

/// An event for people.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub struct FormattedEvent {
    /// Its id.
    #[schema(example = 3665)]
    pub id: i64,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "ticketUpdated")]
    pub kind: String,
    /// What exactly.
    pub sub_type: Option<String>,
    /// `open` while something is still being done.
    #[schema(example = "closed")]
    pub status: String,
    /// Old and new values.
    pub data: Option<Value>,
    /// Who did it; null for the system.
    pub user: Option<User>,
    /// When.
    pub created_at: WireDateTime,
    /// What happened, in the caller's language; goes on after the user's name.
    #[schema(example = "closed the ticket")]
    pub activity: String,
    /// The ticket it is about.
    #[schema(example = 376_189)]
    pub ticket_id: Option<i64>,
    /// The contract it is about.
    #[schema(example = "715559")]
    pub contract_id: Option<String>,
    /// What changed, in the caller's language.
    pub details: Vec<Detail>,
    /// Further views of the event; none yet.
    #[schema(value_type = Vec<Object>)]
    pub tabs: Vec<Value>,
    /// Whether it is of interest to people who work on tickets.
    pub show_to_user: bool,
    /// Technical steps; none yet.
    #[schema(value_type = Vec<Object>)]
    pub event_traces: Vec<Value>,
}

/// A line about an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventDetail)]
pub struct Detail {
    /// What.
    #[schema(example = "Status")]
    pub label: String,
    /// Its value, or the old and the new one.
    #[schema(example = "Open → Closed")]
    pub value: String,
    /// More about it.
    pub tooltip: Option<String>,
    /// Where it leads.
    pub url: Option<String>,
    /// Always `string`.
    #[serde(rename = "type")]
    #[schema(example = "string")]
    pub kind: &'static str,
}

/// An event for programs: as it is kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RawEvent {
    /// Its id.
    #[schema(example = 3665)]
    pub id: i64,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "ticketUpdated")]
    pub kind: String,
    /// What exactly.
    pub sub_type: Option<String>,
    /// `open` while something is still being done.
    #[schema(example = "closed")]
    pub status: String,
    /// Milliseconds it took; not measured yet.
    pub duration: Option<i64>,
    /// The ticket it is about.
    pub ticket_id: Option<i64>,
    /// The contract it is about.
    pub contract_id: Option<String>,
    /// Old and new values.
    pub data: Option<Value>,
    /// What came of it; nothing yet.
    #[schema(value_type = Option<Object>)]
    pub outcome: Option<Value>,
    /// Technical steps; none yet.
    #[schema(value_type = Vec<Object>)]
    pub traces: Vec<Value>,
    /// Id of the profile that did it; null for the system.
    pub created_by: Option<i64>,
    /// When.
    pub created_at: WireDateTime,
}

impl From<StoredEvent> for RawEvent {
    fn from(event: StoredEvent) -> Self {
        Self {
            id: event.id,
            kind: event.kind,
            sub_type: event.sub_type,
            status: event.status,
            duration: None,
            ticket_id: event.ticket_id,
            contract_id: event.contract_id,
            data: event.data,
            outcome: None,
            traces: Vec::new(),
            created_by: event.user.map(|user| user.id),
            created_at: WireDateTime(event.created_at),
        }
    }
}

impl StoredEvent {
    /// Ids whose names its details show.
    pub fn mentions(&self, mentioned: &mut Mentioned) {
        format::mentions(self.data.as_ref(), mentioned);
    }

    /// The event for people, in their language.
    pub fn format(self, names: &Names, language: &str) -> FormattedEvent {
        FormattedEvent {
            activity: format::activity(&self.kind, self.data.as_ref(), language),
            details: format::details(&self.kind, self.data.as_ref(), names, language),
            show_to_user: format::shown(&self.kind, self.ticket_id.is_some()),
            id: self.id,
            kind: self.kind,
            sub_type: self.sub_type,
            status: self.status,
            data: self.data,
            user: self.user,
            created_at: WireDateTime(self.created_at),
            ticket_id: self.ticket_id,
            contract_id: self.contract_id,
            tabs: Vec::new(),
            event_traces: Vec::new(),
        }
    }
}

/// What a list of events is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = EventOrder)]
pub enum Order {
    /// Id.
    #[serde(rename = "e.id", alias = "id")]
    Id,
    /// Type.
    #[serde(rename = "e.type", alias = "type")]
    Type,
    /// Subtype.
    #[serde(rename = "e.subType", alias = "subType")]
    SubType,
    /// Contract, by its number as a text.
    #[serde(rename = "e.contractId", alias = "contractId")]
    ContractId,
    /// Ticket.
    #[serde(rename = "e.ticketId", alias = "ticketId")]
    TicketId,
    /// Status.
    #[serde(rename = "e.status", alias = "status")]
    Status,
    /// When it happened.
    #[default]
    #[serde(rename = "e.createdAt", alias = "createdAt")]
    CreatedAt,
    /// Who did it.
    #[serde(rename = "e.createdBy", alias = "createdBy")]
    CreatedBy,
}

impl Order {
    /// What a store calls it, and whether an event can be without it.
    pub const fn column(self) -> (&'static str, bool) {
        match self {
            Self::Id => ("id", false),
            Self::Type => ("type", false),
            Self::SubType => ("sub_type", true),
            Self::ContractId => ("contract_id", true),
            Self::TicketId => ("ticket_id", true),
            Self::Status => ("status", false),
            Self::CreatedAt => ("created_at", false),
            Self::CreatedBy => ("created_by", true),
        }
    }
}
