//! Statements about tickets.

pub mod load;
mod row;
pub mod search;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, FromRow, types::Json};

use self::row::{COLUMNS, Row};
use super::model::{
    Channel, Direction, NewTicket, Priority, Status, TicketId, Work,
    wire::{Count, HistoryItem, TicketFields},
    work::TagEffect,
};
use crate::{
    db::{InTenant, TenantTx},
    domain::profile::{ProfileId, model::normal_email},
    error::Result,
    mail::Body,
};

/// Characters of a message that full text search sees: a tsvector holds a megabyte at most.
const SEARCHED_CHARS: usize = 100_000;

/// The text of a ticket.
#[derive(Debug, Default, FromRow)]
pub struct Content {
    /// HTML.
    pub body: Option<String>,
    /// Text.
    pub body_plain: Option<String>,
    /// Text without quotes, signature and footer.
    pub body_clean: Option<String>,
    /// What the sender's system sent along, only when asked for.
    pub raw_data: Option<Json<Value>>,
    /// Whether it has files.
    pub has_attachments: bool,
}

#[derive(FromRow)]
struct FullRow {
    #[sqlx(flatten)]
    row: Row,
    #[sqlx(flatten)]
    content: Content,
}

/// A ticket with its text.
pub async fn find(tx: &mut impl InTenant, id: TicketId, with_raw_data: bool) -> Result<Option<(TicketFields, Content)>> {
    let statement = format!(
        "select {COLUMNS}, c.body, c.body_plain, c.body_clean, case when $2 then c.raw_data end as raw_data,
         exists (select 1 from attachment a where a.ticket_id = t.id) as has_attachments
         from ticket t join ticket_content c on c.ticket_id = t.id where t.id = $1"
    );
    let row: Option<FullRow> =
        sqlx::query_as(AssertSqlSafe(statement)).bind(id).bind(with_raw_data).fetch_optional(tx.connection()).await?;
    Ok(row.map(|full| (full.row.into(), full.content)))
}

/// Tickets without their text, by id.
pub async fn list(tx: &mut impl InTenant, ids: &[i64]) -> Result<Vec<TicketFields>> {
    let statement = format!("select {COLUMNS} from ticket t where t.id = any($1) order by t.id");
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement)).bind(ids).fetch_all(tx.connection()).await?;
    Ok(rows.into_iter().map(TicketFields::from).collect())
}

/// Says how a ticket is to be processed.
pub async fn update_process(tx: &mut TenantTx, id: TicketId, process: &str) -> Result<()> {
    sqlx::query!("update ticket set process = $2 where id = $1 and process <> $2", id.0, process).execute(tx.connection()).await?;
    Ok(())
}

/// What a new ticket consists of besides [`Work`].
#[derive(Debug)]
pub struct NewRow<'a> {
    /// What people change later.
    pub work: &'a Work,
    /// The request.
    pub new: &'a NewTicket,
    /// The message in its three forms.
    pub body: &'a Body,
    /// When the message came.
    pub created_at: DateTime<Utc>,
    /// How to process it: `realtime`, `batch`, `false`.
    pub process: &'static str,
}

fn addresses(work: &Work) -> String {
    let senders = work.from.iter().chain(&work.from_name);
    senders.chain(&work.to).chain(&work.cc_emails).map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn searched(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.char_indices().nth(SEARCHED_CHARS).map_or(text.as_str(), |(end, _)| &text[..end]))
}

/// Stores a ticket with its text and tags. None: its `externalTicketId` is taken.
pub async fn insert(tx: &mut TenantTx, row: &NewRow<'_>) -> Result<Option<TicketId>> {
    let NewRow { work, new, body, created_at, process } = row;
    let customer_wrote = (work.direction == Direction::In).then_some(*created_at);
    let tags: Vec<i64> = work.tag_ids.iter().copied().collect();
    let id = sqlx::query_scalar!(
        r#"with new as (
               insert into ticket (status, priority, channel, direction, subject, from_address, from_norm, from_name, to_addresses,
                   cc_addresses, bcc_addresses, subchannel_id, channel_id, external_ticket_id, contract_id, customer_id, process,
                   additional_data, created_at, first_response_due_by, due_by, closed_at, last_message_at, last_customer_message_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18::text::json, $19, $20, $21, $22,
                   $19, $23)
               on conflict on constraint ticket_external_unique do nothing
               returning id),
           content as (
               insert into ticket_content (ticket_id, body, body_plain, body_clean, raw_data, terms)
               select id, $24, $25, $26, $27::text::json, ticket_terms($5, $28, $29) from new),
           tags as (
               insert into ticket_tag (ticket_id, tag_id) select new.id, tag.id from new, unnest($30::bigint[]) as tag (id))
           select id from new"#,
        work.status as Status,
        work.priority as Priority,
        work.channel as Channel,
        work.direction as Direction,
        work.subject,
        work.from,
        work.from.as_deref().map(normal_email),
        work.from_name,
        &work.to,
        &work.cc_emails,
        &work.bcc_emails,
        work.subchannel_id,
        work.channel_id,
        new.external_ticket_id,
        work.contract_id,
        work.customer_id,
        process,
        Value::Object(work.additional_data.clone()).to_string(),
        created_at,
        work.first_response_due_by,
        work.due_by,
        work.closed_at,
        customer_wrote,
        body.html,
        body.plain,
        body.clean,
        new.raw_data.as_ref().map(Value::to_string),
        searched(body.plain.as_ref()),
        addresses(work),
        &tags
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(id.map(TicketId))
}

/// The ticket with an `externalTicketId`.
pub async fn find_by_external_id(tx: &mut TenantTx, external_id: &str) -> Result<Option<TicketId>> {
    let id =
        sqlx::query_scalar!("select id from ticket where external_ticket_id = $1", external_id).fetch_optional(tx.connection()).await?;
    Ok(id.map(TicketId))
}

/// A ticket locked for a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Locked {
    /// Its id.
    pub id: TicketId,
    /// Its version now.
    pub version: i64,
    /// What can be changed.
    pub work: Work,
}

/// Locks tickets against each other's changes, by ascending id, so that two calls cannot wait for each other. Ids that are
/// unknown are missing from the answer.
pub async fn lock(tx: &mut TenantTx, ids: &[i64]) -> Result<Vec<Locked>> {
    // The keys are those of Work. Tags are read by a statement of their own: after waiting for a lock this one would see
    // them as they were before.
    let rows = sqlx::query!(
        r#"select t.id, t.version, json_build_object('status', t.status, 'priority', t.priority, 'channel', t.channel,
               'direction', t.direction, 'subject', t.subject, 'from', t.from_address, 'fromName', t.from_name, 'to', t.to_addresses,
               'ccEmails', t.cc_addresses, 'bccEmails', t.bcc_addresses, 'subchannelId', t.subchannel_id, 'channelId', t.channel_id,
               'contractId', t.contract_id, 'customerId', t.customer_id, 'agentId', t.agent_id, 'spamStatus', t.spam_status,
               'isEscalated', t.is_escalated, 'dueBy', t.due_by, 'firstResponseDueBy', t.first_response_due_by,
               'closedAt', t.closed_at, 'additionalData', t.additional_data, 'tagIds', array[]::bigint[]) as "work!: Json<Work>"
           from ticket t where t.id = any($1) order by t.id for update"#,
        ids
    )
    .fetch_all(tx.connection())
    .await?;
    let mut locked: Vec<Locked> =
        rows.into_iter().map(|row| Locked { id: TicketId(row.id), version: row.version, work: row.work.0 }).collect();
    let links = sqlx::query!(
        "select l.ticket_id, l.tag_id from ticket_tag l join tag g on g.id = l.tag_id where l.ticket_id = any($1) and g.deleted_at is null",
        ids
    )
    .fetch_all(tx.connection())
    .await?;
    for link in links {
        if let Ok(at) = locked.binary_search_by_key(&link.ticket_id, |ticket| ticket.id.0) {
            locked[at].work.tag_ids.insert(link.tag_id);
        }
    }
    Ok(locked)
}

/// Writes changed tickets, each one version on.
pub async fn update(tx: &mut TenantTx, changed: &[(TicketId, &Work)], now: DateTime<Utc>) -> Result<()> {
    let rows: Vec<Value> =
        changed.iter().map(|(id, work)| json!({"id": id, "from_norm": work.from.as_deref().map(normal_email), "w": work})).collect();
    sqlx::query!(
        r#"update ticket t set version = t.version + 1, modified_at = $2, from_norm = n.from_norm, status = w.status, priority = w.priority,
               channel = w.channel, direction = w.direction, subject = w.subject, from_address = w."from", from_name = w."fromName",
               to_addresses = w."to", cc_addresses = w."ccEmails", bcc_addresses = w."bccEmails", subchannel_id = w."subchannelId",
               channel_id = w."channelId", contract_id = w."contractId", customer_id = w."customerId", agent_id = w."agentId",
               spam_status = w."spamStatus", is_escalated = w."isEscalated", due_by = w."dueBy",
               first_response_due_by = w."firstResponseDueBy", closed_at = w."closedAt", additional_data = w."additionalData"
           from json_to_recordset($1::text::json) as n (id bigint, from_norm text, w json),
               json_to_record(n.w) as w (status text, priority text, channel text, direction text, subject text, "from" text,
                   "fromName" text, "to" text[], "ccEmails" text[], "bccEmails" text[], "subchannelId" bigint, "channelId" text,
                   "contractId" text, "customerId" text, "agentId" bigint, "spamStatus" text, "isEscalated" boolean,
                   "dueBy" timestamptz, "firstResponseDueBy" timestamptz, "closedAt" timestamptz, "additionalData" json)
           where t.id = n.id"#,
        Value::Array(rows).to_string(),
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Makes the tags of tickets those of the lists: pairs of ticket and tag to add, and to take away.
pub async fn relink(tx: &mut TenantTx, added: &[(TicketId, i64)], removed: &[(TicketId, i64)]) -> Result<()> {
    let split = |pairs: &[(TicketId, i64)]| -> (Vec<i64>, Vec<i64>) { pairs.iter().map(|(ticket, tag)| (ticket.0, *tag)).unzip() };
    if !removed.is_empty() {
        let (tickets, tags) = split(removed);
        sqlx::query!(
            "delete from ticket_tag l using unnest($1::bigint[], $2::bigint[]) as gone (ticket_id, tag_id)
             where l.ticket_id = gone.ticket_id and l.tag_id = gone.tag_id",
            &tickets,
            &tags
        )
        .execute(tx.connection())
        .await?;
    }
    if !added.is_empty() {
        let (tickets, tags) = split(added);
        sqlx::query!(
            "insert into ticket_tag (ticket_id, tag_id) select * from unnest($1::bigint[], $2::bigint[]) on conflict do nothing",
            &tickets,
            &tags
        )
        .execute(tx.connection())
        .await?;
    }
    Ok(())
}

/// Replaces the text of a ticket, and what it is found by.
pub async fn update_content(tx: &mut TenantTx, id: TicketId, work: &Work, body: Option<&Body>, raw_data: Option<&Value>) -> Result<()> {
    let empty = Body::default();
    let given = body.unwrap_or(&empty);
    sqlx::query!(
        "update ticket_content set body = case when $2 then $3 else body end, body_plain = case when $2 then $4 else body_plain end,
             body_clean = case when $2 then $5 else body_clean end, raw_data = coalesce($6::text::json, raw_data),
             terms = ticket_terms($7, left(case when $2 then $4 else body_plain end, $9), $8)
         where ticket_id = $1",
        id.0,
        body.is_some(),
        given.html,
        given.plain,
        given.clean,
        raw_data.map(Value::to_string),
        work.subject,
        addresses(work),
        i32::try_from(SEARCHED_CHARS).unwrap_or(i32::MAX)
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Those of the tags that a ticket may have, with what they do to its priority: tags that exist, for tickets. One that is
/// switched off is among them, because tickets keep it and clients send them back. They stay until the transaction ends.
pub async fn list_tag_effects(tx: &mut TenantTx, ids: &[i64]) -> Result<Vec<TagEffect>> {
    let rows = sqlx::query!(
        r#"select id, nullif(priority, 'do-not-change') as "priority: Priority" from tag
           where id = any($1) and reference = 'ticket' and deleted_at is null order by id for share"#,
        ids
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| TagEffect { id: row.id, priority: row.priority }).collect())
}

/// Takes a tag from all tickets.
pub async fn delete_links(tx: &mut TenantTx, tag: i64) -> Result<()> {
    sqlx::query!("delete from ticket_tag where tag_id = $1", tag).execute(tx.connection()).await?;
    Ok(())
}

/// Which of these profiles exist.
pub async fn existing_profiles(tx: &mut TenantTx, ids: &[i64]) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!("select id from profile where id = any($1)", ids).fetch_all(tx.connection()).await?)
}

/// Tickets that are not closed: all, and by tag. `offset 0`, because joined freely the tags of all tickets would be read.
pub async fn stats(tx: &mut impl InTenant) -> Result<(i64, Vec<Count>)> {
    let total = sqlx::query_scalar!(r#"select count(*) as "count!" from ticket where status in ('open', 'pending')"#)
        .fetch_one(tx.connection())
        .await?;
    let tags = sqlx::query_as!(
        Count,
        r#"select g.id, g.name, l.count as "count!" from (select l.tag_id, count(*) from ticket t cross join lateral
               (select l.tag_id from ticket_tag l where l.ticket_id = t.id offset 0) l where t.status in ('open', 'pending') group by 1) l
           join tag g on g.id = l.tag_id where g.deleted_at is null order by 3 desc, g.id"#
    )
    .fetch_all(tx.connection())
    .await?;
    Ok((total, tags))
}

/// Tickets of a contract, newest first, with how many there are and how many are not closed.
pub async fn history(tx: &mut impl InTenant, contract_id: &str, skip: i64, most: i64) -> Result<(i64, i64, Vec<HistoryItem>)> {
    let counted = sqlx::query!(
        r#"select count(*) as "total!", count(*) filter (where status <> 'closed') as "open!" from ticket where contract_id = $1"#,
        contract_id
    )
    .fetch_one(tx.connection())
    .await?;
    let rows = sqlx::query!(
        "select id, channel, status, subject, created_at from ticket where contract_id = $1 order by created_at desc, id desc
         offset $2 limit $3",
        contract_id,
        skip,
        most
    )
    .fetch_all(tx.connection())
    .await?;
    let items = rows.into_iter().map(|row| HistoryItem {
        id: Some(row.id),
        kind: "ticket",
        channel: Some(row.channel),
        sub_channel: None,
        status: Some(row.status),
        subject: row.subject,
        url: None,
        created_at: row.created_at.timestamp(),
    });
    Ok((counted.total, counted.open, items.collect()))
}

/// Tickets assigned to somebody that are not closed, newest first.
pub async fn list_open_of(tx: &mut impl InTenant, agent: ProfileId, most: i64) -> Result<Vec<(i64, String, Option<String>)>> {
    let rows = sqlx::query!(
        "select id, channel, subject from ticket where agent_id = $1 and status <> 'closed' order by created_at desc, id desc limit $2",
        agent.0,
        most
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.channel, row.subject)).collect())
}

/// Ids of a contract's tickets that are not closed; at most a thousand, the newest.
pub async fn list_unclosed_of_contract(tx: &mut impl InTenant, contract_id: &str) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(
        "select id from ticket where contract_id = $1 and status <> 'closed' order by created_at desc, id desc limit 1000",
        contract_id
    )
    .fetch_all(tx.connection())
    .await?)
}
