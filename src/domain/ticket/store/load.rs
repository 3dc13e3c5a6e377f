//! Many tickets at once, as `mind seed` loads them.

use chrono::{DateTime, Utc};

use crate::{db::TenantTx, error::Result};

/// A ticket with its text and tags, complete and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the column of its name")]
pub struct LoadedTicket {
    pub version: i64,
    pub status: &'static str,
    pub priority: &'static str,
    pub channel: &'static str,
    pub direction: &'static str,
    pub subject: String,
    pub from: String,
    pub from_name: Option<String>,
    pub to: String,
    pub cc: Option<String>,
    pub channel_id: Option<String>,
    pub contract_id: Option<String>,
    pub customer_id: Option<String>,
    pub legitimation: i16,
    pub agent: Option<i64>,
    pub ai_support_level: &'static str,
    pub spam_status: Option<&'static str>,
    pub is_escalated: bool,
    pub sentiment: Option<&'static str>,
    pub language: Option<&'static str>,
    pub language_code: Option<&'static str>,
    pub created_at: DateTime<Utc>,
    pub modified_at: Option<DateTime<Utc>>,
    pub first_response_due_by: Option<DateTime<Utc>>,
    pub due_by: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub last_message_at: DateTime<Utc>,
    pub last_customer_message_at: Option<DateTime<Utc>>,
    pub tags: Vec<i64>,
    pub body: String,
    pub body_plain: String,
    pub body_clean: String,
}

/// Names and ids of the tags that tickets can have; of several of one name the oldest.
pub async fn list_tags(tx: &mut TenantTx) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select name, min(id) as "id!" from tag where reference = 'ticket' and visibility <> 'disabled' and deleted_at is null group by name"#
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.id)).collect())
}

/// Adds tickets; their ids ascend in the order given.
pub async fn insert(tx: &mut TenantTx, tickets: &[LoadedTicket]) -> Result<Vec<i64>> {
    let ids = insert_tickets(tx, tickets).await?;
    let bodies: Vec<&str> = tickets.iter().map(|ticket| ticket.body.as_str()).collect();
    let plain: Vec<&str> = tickets.iter().map(|ticket| ticket.body_plain.as_str()).collect();
    let clean: Vec<&str> = tickets.iter().map(|ticket| ticket.body_clean.as_str()).collect();
    let subjects: Vec<&str> = tickets.iter().map(|ticket| ticket.subject.as_str()).collect();
    let addresses: Vec<String> = tickets.iter().map(addresses).collect();
    sqlx::query!(
        "insert into ticket_content (ticket_id, body, body_plain, body_clean, terms)
         select n.ticket_id, n.body, n.body_plain, n.body_clean, ticket_terms(n.subject, n.body_plain, n.addresses)
         from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
             as n (ticket_id, body, body_plain, body_clean, subject, addresses)",
        &ids,
        &bodies as &[&str],
        &plain as &[&str],
        &clean as &[&str],
        &subjects as &[&str],
        &addresses
    )
    .execute(tx.connection())
    .await?;
    let (tagged, tags): (Vec<i64>, Vec<i64>) =
        ids.iter().zip(tickets).flat_map(|(id, ticket)| ticket.tags.iter().map(|tag| (*id, *tag))).unzip();
    if !tags.is_empty() {
        sqlx::query!("insert into ticket_tag (ticket_id, tag_id) select * from unnest($1::bigint[], $2::bigint[])", &tagged, &tags)
            .execute(tx.connection())
            .await?;
    }
    Ok(ids)
}

fn addresses(ticket: &LoadedTicket) -> String {
    let all = [Some(&ticket.from), ticket.from_name.as_ref(), Some(&ticket.to), ticket.cc.as_ref()];
    all.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
}

async fn insert_tickets(tx: &mut TenantTx, tickets: &[LoadedTicket]) -> Result<Vec<i64>> {
    fn column<'a, T>(tickets: &'a [LoadedTicket], field: impl Fn(&'a LoadedTicket) -> T) -> Vec<T> {
        tickets.iter().map(field).collect()
    }
    let norms = column(tickets, |t| t.from.trim().to_lowercase());
    let mut ids = sqlx::query_scalar!(
        "insert into ticket (
             version, status, priority, channel, direction, subject, from_address, from_norm, from_name, to_addresses, cc_addresses,
             channel_id, contract_id, customer_id, customer_legitimation, agent_id, ai_support_level, spam_status, is_escalated,
             sentiment, language, language_code, created_at, modified_at, first_response_due_by, due_by, closed_at, last_message_at,
             last_customer_message_at)
         select
             n.version, n.status, n.priority, n.channel, n.direction, n.subject, n.from_address, n.from_norm, n.from_name,
             array[n.to_address], case when n.cc_address is null then '{}' else array[n.cc_address] end,
             n.channel_id, n.contract_id, n.customer_id, n.customer_legitimation, n.agent_id, n.ai_support_level, n.spam_status,
             n.is_escalated, n.sentiment, n.language, n.language_code, n.created_at, n.modified_at, n.first_response_due_by, n.due_by,
             n.closed_at, n.last_message_at, n.last_customer_message_at
         from unnest(
             $1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
             $11::text[], $12::text[], $13::text[], $14::text[], $15::smallint[], $16::bigint[], $17::text[], $18::text[],
             $19::boolean[], $20::text[], $21::text[], $22::text[], $23::timestamptz[], $24::timestamptz[], $25::timestamptz[],
             $26::timestamptz[], $27::timestamptz[], $28::timestamptz[], $29::timestamptz[]
         ) with ordinality as n (
             version, status, priority, channel, direction, subject, from_address, from_norm, from_name, to_address, cc_address,
             channel_id, contract_id, customer_id, customer_legitimation, agent_id, ai_support_level, spam_status, is_escalated,
             sentiment, language, language_code, created_at, modified_at, first_response_due_by, due_by, closed_at, last_message_at,
             last_customer_message_at, place)
         order by n.place
         returning id",
        &column(tickets, |t| t.version),
        &column(tickets, |t| t.status) as &[&str],
        &column(tickets, |t| t.priority) as &[&str],
        &column(tickets, |t| t.channel) as &[&str],
        &column(tickets, |t| t.direction) as &[&str],
        &column(tickets, |t| t.subject.as_str()) as &[&str],
        &column(tickets, |t| t.from.as_str()) as &[&str],
        &norms,
        &column(tickets, |t| t.from_name.as_deref()) as &[Option<&str>],
        &column(tickets, |t| t.to.as_str()) as &[&str],
        &column(tickets, |t| t.cc.as_deref()) as &[Option<&str>],
        &column(tickets, |t| t.channel_id.as_deref()) as &[Option<&str>],
        &column(tickets, |t| t.contract_id.as_deref()) as &[Option<&str>],
        &column(tickets, |t| t.customer_id.as_deref()) as &[Option<&str>],
        &column(tickets, |t| t.legitimation),
        &column(tickets, |t| t.agent) as &[Option<i64>],
        &column(tickets, |t| t.ai_support_level) as &[&str],
        &column(tickets, |t| t.spam_status) as &[Option<&str>],
        &column(tickets, |t| t.is_escalated),
        &column(tickets, |t| t.sentiment) as &[Option<&str>],
        &column(tickets, |t| t.language) as &[Option<&str>],
        &column(tickets, |t| t.language_code) as &[Option<&str>],
        &column(tickets, |t| t.created_at),
        &column(tickets, |t| t.modified_at) as &[Option<DateTime<Utc>>],
        &column(tickets, |t| t.first_response_due_by) as &[Option<DateTime<Utc>>],
        &column(tickets, |t| t.due_by) as &[Option<DateTime<Utc>>],
        &column(tickets, |t| t.closed_at) as &[Option<DateTime<Utc>>],
        &column(tickets, |t| t.last_message_at),
        &column(tickets, |t| t.last_customer_message_at) as &[Option<DateTime<Utc>>]
    )
    .fetch_all(tx.connection())
    .await?;
    // Ids are given in the order of the rows inserted; in which order they are answered is not promised.
    ids.sort_unstable();
    Ok(ids)
}

/// How many tickets have this status and this priority.
pub async fn count(tx: &mut TenantTx, status: &str, priority: &str) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"select count(*) as "count!" from ticket where status = $1 and priority = $2"#, status, priority)
        .fetch_one(tx.connection())
        .await?)
}
