//! A ticket as the API shows it.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{AiSupportLevel, Channel, Direction, Priority, SpamStatus, Status, TicketId};
use crate::{
    domain::{attachment::Attachment, customer::model::CustomerAnswer},
    erp::model::CompactTag,
    http::date::{Rfc3339, WireDateTime},
};

/// Whom a reply goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReplyRecipients {
    /// Recipients.
    #[schema(example = json!(["customer@example.com"]))]
    pub to: Vec<String>,
    /// Copies.
    pub cc: Vec<String>,
    /// Hidden copies.
    pub bcc: Vec<String>,
}

/// Somebody who works on a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentRef {
    /// Profile.
    pub id: i64,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// When the profile last used the system.
    pub last_seen: Option<WireDateTime>,
    /// `enneo` or `serviceWorker`.
    #[serde(rename = "type")]
    pub kind: String,
    /// 1 = signs in through single sign-on only.
    pub is_sso_only: i32,
    /// Language of the interface.
    pub lang: String,
    /// Name shown to customers.
    pub name_alias: Option<String>,
    /// Id in another system.
    pub external_id: Option<String>,
}

/// What every form of a ticket has.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketFields {
    /// Its id.
    pub id: TicketId,
    /// Counts the changes; also in the header `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// Direction of the opening message.
    pub direction: Direction,
    /// Address or number of the sender; null for channel `system`.
    #[schema(example = "tom@gmail.com")]
    pub from: Option<String>,
    /// Name of the sender, where one was supplied.
    #[schema(example = "Tom Mustermann")]
    pub from_name: Option<String>,
    /// Addresses, or a number or chat group, by channel.
    #[schema(example = json!(["service@energy.com"]))]
    pub to: Vec<String>,
    /// Copies of the opening message. Deprecated: replyRecipients.cc.
    pub cc_emails: Vec<String>,
    /// Hidden copies of the opening message. Deprecated: replyRecipients.bcc.
    pub bcc_emails: Vec<String>,
    /// Deprecated: replyRecipients.cc.
    pub reply_cc_emails: Vec<String>,
    /// Whom a reply goes to; null for system tickets.
    pub reply_recipients: Option<ReplyRecipients>,
    /// Mailbox, bot or number.
    pub subchannel_id: Option<i64>,
    /// Id in the system that sent it, unique in the tenant.
    #[schema(example = "EXT-12345")]
    pub external_ticket_id: Option<String>,
    /// Mood of the customer, by AI.
    pub sentiment: Option<String>,
    /// Language in English.
    pub language: Option<String>,
    /// Language as ISO 639-1.
    pub language_code: Option<String>,
    /// When an agent acts by itself.
    pub auto_execute_at: Option<Rfc3339>,
    /// How far AI took part.
    pub ai_support_level: AiSupportLevel,
    /// Null = not classified.
    pub spam_status: Option<SpamStatus>,
    /// Whether the customer is still there, in a chat or call.
    pub is_customer_active: bool,
    /// Always `internal`.
    #[schema(example = "internal")]
    pub interface: &'static str,
    /// How urgent it is.
    pub priority: Priority,
    /// How it came.
    pub channel: Channel,
    /// Id in the channel.
    pub channel_id: Option<String>,
    /// Where the work stands.
    pub status: Status,
    /// Summary by AI.
    pub summary: Option<String>,
    /// Subject line.
    #[schema(example = "I want to relocate")]
    pub subject: Option<String>,
    /// Whether it was handed to somebody above.
    pub is_escalated: bool,
    /// When the message came.
    pub created_at: WireDateTime,
    /// Null until the first change.
    pub modified_at: Option<WireDateTime>,
    /// Until when somebody should have answered.
    pub first_response_due_by: Option<WireDateTime>,
    /// Until when it should be done.
    pub due_by: Option<WireDateTime>,
    /// When it was closed; null while it is not.
    pub closed_at: Option<WireDateTime>,
    /// When the last message came or went.
    pub last_message_at: Option<WireDateTime>,
    /// When the customer last wrote.
    pub last_customer_message_at: Option<WireDateTime>,
    /// Contract in the ERP.
    #[schema(example = "715559")]
    pub contract_id: Option<String>,
    /// Customer in the ERP.
    #[schema(example = "C-987")]
    pub customer_id: Option<String>,
    /// 0 none, 10 to 19 recognised, 20 data matches, 30 confirmed by a person.
    pub customer_legitimation: i16,
    /// Profile it is assigned to.
    pub agent_id: Option<i64>,
    /// Profile that answered last.
    pub responder_id: Option<i64>,
    /// Who works on it: whom it is assigned to.
    pub worked_on_by: Vec<AgentRef>,
    /// Tags.
    #[schema(example = json!([54]))]
    pub tag_ids: Vec<i64>,
    /// Tags with name and color.
    pub tags: Vec<CompactTag>,
    /// Free data of tools and hooks.
    #[schema(value_type = Object)]
    pub additional_data: Map<String, Value>,
}

/// What a list says of a ticket's customer.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerTags {
    /// Tags of the customer.
    pub tag_ids: Vec<i64>,
    /// The same with name and color.
    pub tags: Vec<CompactTag>,
}

/// A ticket in a list: without body, attachments, template and workitem.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CompactTicket {
    /// The ticket.
    #[serde(flatten)]
    #[schema(inline)]
    pub fields: TicketFields,
    /// The customer's tags.
    pub customer: CustomerTags,
}

impl From<TicketFields> for CompactTicket {
    fn from(fields: TicketFields) -> Self {
        Self { fields, customer: CustomerTags::default() }
    }
}

/// A ticket with everything.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// What every form has.
    #[serde(flatten)]
    #[schema(inline)]
    pub fields: TicketFields,
    /// The message as HTML, cleaned.
    pub body: Option<String>,
    /// The message as text.
    pub body_plain: Option<String>,
    /// The text without quoted mail, signature and footer.
    pub body_clean: Option<String>,
    /// Files, oldest first.
    pub attachments: Vec<Attachment>,
    /// Wrapper of answers; null while there are no templates.
    pub template: Option<String>,
    /// Null while there are no work items.
    #[schema(value_type = Option<Object>)]
    pub workitem: Option<Value>,
    /// The customer in the ERP; null without contract and customer, while the ERP cannot be asked, and for callers who may
    /// not read contracts.
    pub customer: Option<CustomerAnswer>,
    /// What the customer wants; empty while there are no agents.
    #[schema(value_type = Vec<Object>)]
    pub intents: Vec<Value>,
    /// What the sender's system sent along, only when asked for.
    #[schema(value_type = Option<Value>)]
    pub raw_data: Option<Value>,
}

/// `PATCH /ticket/{ticketId}`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedTicket {
    /// Always true.
    pub success: bool,
    /// The ticket after the change.
    pub ticket: Ticket,
}

/// A ticket that could not be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FailedTicket {
    /// Its id as sent.
    pub id: i64,
    /// Why.
    pub error: String,
}

/// `PATCH /ticket`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedTickets {
    /// Always true: what could not be changed is in `failed`.
    pub success: bool,
    /// The tickets after the change, in the order sent.
    pub tickets: Vec<CompactTicket>,
    /// Those that were left as they are.
    pub failed: Vec<FailedTicket>,
}

/// `POST /ticket/search`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketPage {
    /// The page.
    pub tickets: Vec<CompactTicket>,
    /// How many there are: exact up to 10,000. On pages after a cursor, the first page's count.
    pub total: i64,
    /// Whether there are more than `total`.
    pub total_is_capped: bool,
    /// Send it back as `cursor` for the next page; null after the last.
    pub next_cursor: Option<String>,
    /// As asked for.
    pub offset: i64,
    /// As asked for.
    pub limit: i64,
    /// Always true.
    pub success: bool,
}

/// A line of the statistics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Count {
    /// What is counted.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Tickets that are not closed.
    pub count: i64,
}

/// `GET /ticket/stats`: tickets that are not closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TicketStats {
    /// Always true.
    pub success: bool,
    /// All of them.
    pub total: i64,
    /// By intent; empty while there are no agents.
    pub intents: Vec<Count>,
    /// By group; empty while there are no teams.
    pub groups: Vec<Count>,
    /// By tag, the most frequent first. A ticket counts under each of its tags.
    pub tags: Vec<Count>,
}

/// What happened with a contract or ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryItem {
    /// Ticket; null for what is no ticket.
    pub id: Option<i64>,
    /// `ticket`, or `delivery` for begin and end of supply.
    #[serde(rename = "type")]
    #[schema(example = "ticket")]
    pub kind: &'static str,
    /// Channel of a ticket.
    pub channel: Option<String>,
    /// Always null until subchannels exist.
    pub sub_channel: Option<String>,
    /// Status of the ticket, or of the contract.
    pub status: Option<String>,
    /// Subject line; `deliveryStart` and `deliveryEnd` for supply.
    pub subject: Option<String>,
    /// Link into another system.
    pub url: Option<String>,
    /// Unix seconds.
    #[schema(example = 1_673_039_966)]
    pub created_at: i64,
}

/// `GET /contract/{contractId}/history`, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Always true.
    pub success: bool,
    /// How many there are.
    pub total: i64,
    /// Tickets that are not closed.
    pub total_opened_tickets: i64,
    /// The page.
    pub history: Vec<HistoryItem>,
}
