//! The row that every form of a ticket is made of.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::{FromRow, types::Json};

use crate::{
    domain::ticket::model::{
        AiSupportLevel, Channel, Direction, Priority, SpamStatus, Status, TicketId,
        wire::{AgentRef, ReplyRecipients, TicketFields},
    },
    erp::model::CompactTag,
    http::date::{Rfc3339, WireDateTime},
};

/// A row as [`COLUMNS`] selects it.
#[derive(FromRow)]
pub(super) struct Row {
    id: TicketId,
    version: i64,
    status: Status,
    priority: Priority,
    channel: Channel,
    direction: Direction,
    subject: Option<String>,
    from_address: Option<String>,
    from_name: Option<String>,
    to_addresses: Vec<String>,
    cc_addresses: Vec<String>,
    bcc_addresses: Vec<String>,
    subchannel_id: Option<i64>,
    channel_id: Option<String>,
    external_ticket_id: Option<String>,
    contract_id: Option<String>,
    customer_id: Option<String>,
    customer_legitimation: i16,
    agent_id: Option<i64>,
    responder_id: Option<i64>,
    ai_support_level: AiSupportLevel,
    spam_status: Option<SpamStatus>,
    is_customer_active: bool,
    is_escalated: bool,
    sentiment: Option<String>,
    language: Option<String>,
    language_code: Option<String>,
    summary: Option<String>,
    additional_data: Json<Map<String, Value>>,
    auto_execute_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    modified_at: Option<DateTime<Utc>>,
    first_response_due_by: Option<DateTime<Utc>>,
    due_by: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    last_message_at: DateTime<Utc>,
    last_customer_message_at: Option<DateTime<Utc>>,
    tags: Option<Json<Vec<CompactTag>>>,
    agent: Option<Json<StoredAgent>>,
}

/// A profile as the row's JSON holds it.
#[derive(serde::Deserialize)]
struct StoredAgent {
    id: i64,
    first_name: String,
    last_name: String,
    email: String,
    phone: Option<String>,
    last_seen_at: Option<DateTime<Utc>>,
    kind: String,
    is_sso_only: bool,
    lang: String,
    name_alias: Option<String>,
    external_id: Option<String>,
}

/// What every form of a ticket is made of; `t` is the ticket.
pub(super) const COLUMNS: &str = "t.id, t.version, t.status, t.priority, t.channel, t.direction, t.subject, t.from_address, t.from_name,
    t.to_addresses, t.cc_addresses, t.bcc_addresses, t.subchannel_id, t.channel_id, t.external_ticket_id, t.contract_id, t.customer_id,
    t.customer_legitimation, t.agent_id, t.responder_id, t.ai_support_level, t.spam_status, t.is_customer_active, t.is_escalated,
    t.sentiment, t.language, t.language_code, t.summary, t.additional_data, t.auto_execute_at, t.created_at, t.modified_at,
    t.first_response_due_by, t.due_by, t.closed_at, t.last_message_at, t.last_customer_message_at,
    (select json_agg(json_build_object('id', g.id, 'name', g.name, 'color', g.color) order by g.id)
     from ticket_tag l join tag g on g.id = l.tag_id where l.ticket_id = t.id and g.deleted_at is null) as tags,
    case when t.agent_id is not null then (select json_build_object('id', p.id, 'first_name', p.first_name, 'last_name', p.last_name,
        'email', p.email, 'phone', p.phone, 'last_seen_at', p.last_seen_at, 'kind', p.kind, 'is_sso_only', p.is_sso_only, 'lang', p.lang,
        'name_alias', p.name_alias, 'external_id', p.external_id) from profile p where p.id = t.agent_id) end as agent";

impl From<Row> for TicketFields {
    fn from(row: Row) -> Self {
        let reply_recipients = reply_recipients(&row);
        let by_mail = row.channel == Channel::Email;
        let tags = row.tags.map(|tags| tags.0).unwrap_or_default();
        Self {
            id: row.id,
            version: row.version,
            direction: row.direction,
            reply_cc_emails: reply_recipients.as_ref().map(|to| to.cc.clone()).unwrap_or_default(),
            reply_recipients,
            from: row.from_address.filter(|_| row.channel != Channel::System),
            from_name: row.from_name,
            to: row.to_addresses,
            cc_emails: if by_mail { row.cc_addresses } else { Vec::new() },
            bcc_emails: if by_mail { row.bcc_addresses } else { Vec::new() },
            subchannel_id: row.subchannel_id,
            external_ticket_id: row.external_ticket_id,
            sentiment: row.sentiment,
            language: row.language,
            language_code: row.language_code,
            auto_execute_at: row.auto_execute_at.map(Rfc3339),
            ai_support_level: row.ai_support_level,
            spam_status: row.spam_status,
            is_customer_active: row.is_customer_active,
            interface: "internal",
            priority: row.priority,
            channel: row.channel,
            channel_id: row.channel_id,
            status: row.status,
            summary: row.summary,
            subject: row.subject,
            is_escalated: row.is_escalated,
            created_at: WireDateTime(row.created_at),
            modified_at: row.modified_at.map(WireDateTime),
            first_response_due_by: row.first_response_due_by.map(WireDateTime),
            due_by: row.due_by.map(WireDateTime),
            closed_at: row.closed_at.map(WireDateTime),
            last_message_at: Some(WireDateTime(row.last_message_at)),
            last_customer_message_at: row.last_customer_message_at.map(WireDateTime),
            contract_id: row.contract_id,
            customer_id: row.customer_id,
            customer_legitimation: row.customer_legitimation,
            agent_id: row.agent_id,
            responder_id: row.responder_id,
            worked_on_by: row.agent.map(|agent| AgentRef::from(agent.0)).into_iter().collect(),
            tag_ids: tags.iter().map(|tag| tag.id).collect(),
            tags,
            additional_data: row.additional_data.0,
        }
    }
}

impl From<StoredAgent> for AgentRef {
    fn from(agent: StoredAgent) -> Self {
        Self {
            id: agent.id,
            first_name: agent.first_name,
            last_name: agent.last_name,
            email: agent.email,
            phone: agent.phone,
            last_seen: agent.last_seen_at.map(WireDateTime),
            kind: agent.kind,
            is_sso_only: i32::from(agent.is_sso_only),
            lang: agent.lang,
            name_alias: agent.name_alias,
            external_id: agent.external_id,
        }
    }
}

/// A reply goes to who wrote, or to whom we wrote. Copies stay copies only in mail.
fn reply_recipients(row: &Row) -> Option<ReplyRecipients> {
    if row.channel == Channel::System {
        return None;
    }
    let to = if row.direction == Direction::In { row.from_address.iter().cloned().collect() } else { row.to_addresses.clone() };
    let (cc, bcc) = if row.channel == Channel::Email { (row.cc_addresses.clone(), row.bcc_addresses.clone()) } else { Default::default() };
    Some(ReplyRecipients { to, cc, bcc })
}
