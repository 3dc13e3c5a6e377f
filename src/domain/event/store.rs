//! Statements about events.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};

use super::{
    NewEvent,
    model::{Mentioned, Names, Order, StoredEvent, User},
};
use crate::{
    db::{
        InTenant, TenantTx,
        condition::{self, Condition},
    },
    error::Result,
    http::query::Direction,
};

/// Appends an event to the log of the transaction's tenant.
pub async fn append(tx: &mut TenantTx, event: &NewEvent, now: DateTime<Utc>) -> Result<()> {
    append_all(tx, std::slice::from_ref(event), now).await
}

/// Appends events in their order, in one statement.
pub async fn append_all(tx: &mut TenantTx, events: &[NewEvent], now: DateTime<Utc>) -> Result<()> {
    let kinds: Vec<&str> = events.iter().map(|event| event.kind).collect();
    let data: Vec<String> = events.iter().map(|event| event.data.to_string()).collect();
    let by: Vec<Option<i64>> = events.iter().map(|event| event.created_by.map(|id| id.0)).collect();
    let tickets: Vec<Option<i64>> = events.iter().map(|event| event.ticket).collect();
    let contracts: Vec<Option<&str>> = events.iter().map(|event| event.contract.as_deref()).collect();
    sqlx::query!(
        "insert into event (type, data, created_by, ticket_id, contract_id, created_at)
         select e.type, e.data::json, e.created_by, e.ticket_id, e.contract_id, $6
         from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) as e (type, data, created_by, ticket_id, contract_id)",
        &kinds as &[&str],
        &data,
        &by as &[Option<i64>],
        &tickets as &[Option<i64>],
        &contracts as &[Option<&str>],
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Which events to list, and how.
#[derive(Clone, Debug)]
pub struct Search {
    /// What must hold.
    pub conditions: Vec<Condition>,
    /// Words of the type or the data.
    pub q: Option<String>,
    /// What to order by; the id breaks ties.
    pub order: Order,
    /// Which end comes first.
    pub direction: Direction,
    /// Rows to skip.
    pub offset: u32,
    /// Rows at most.
    pub limit: u32,
    /// Leaves out what is about no ticket and no contract: settings, people, tokens.
    pub customers_only: bool,
}

impl Search {
    fn push_where(&self, query: &mut QueryBuilder<Postgres>) {
        let mut link = " where ";
        for condition in &self.conditions {
            query.push(link);
            condition::push(query, "e", condition);
            link = " and ";
        }
        if self.customers_only {
            query.push(link).push("(e.ticket_id is not null or e.contract_id is not null)");
            link = " and ";
        }
        if let Some(q) = &self.q {
            // Another filter narrows it down first; there is no index of words.
            query.push(format!("{link}to_tsvector('simple', e.type) || coalesce(json_to_tsvector('simple', e.data, '[\"all\"]'), '') @@ websearch_to_tsquery('simple', "));
            query.push_bind(q.clone()).push(")");
        }
    }
}

#[derive(FromRow)]
struct Row {
    id: i64,
    kind: String,
    sub_type: Option<String>,
    status: String,
    data: Option<Value>,
    ticket_id: Option<i64>,
    contract_id: Option<String>,
    created_by: Option<i64>,
    created_at: DateTime<Utc>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
}

impl From<Row> for StoredEvent {
    fn from(row: Row) -> Self {
        let user = row
            .created_by
            .map(|id| User::new(id, row.email.unwrap_or_default(), row.first_name.unwrap_or_default(), row.last_name.unwrap_or_default()));
        Self {
            id: row.id,
            kind: row.kind,
            sub_type: row.sub_type,
            status: row.status,
            data: row.data,
            ticket_id: row.ticket_id,
            contract_id: row.contract_id,
            user,
            created_at: row.created_at,
        }
    }
}

/// A page of events.
pub async fn search(tx: &mut impl InTenant, search: &Search) -> Result<Vec<StoredEvent>> {
    let mut query = QueryBuilder::new(
        "select e.id, e.type as kind, e.sub_type, e.status, e.data, e.ticket_id, e.contract_id, e.created_by, e.created_at,
                p.email, p.first_name, p.last_name
         from event e left join profile p on p.tenant_id = e.tenant_id and p.id = e.created_by",
    );
    search.push_where(&mut query);
    let (column, nullable) = search.order.column();
    // Nothing sorts below everything. Said only where there can be nothing: an index would not fit it.
    let direction = match (search.direction, nullable) {
        (Direction::Asc, false) => "asc",
        (Direction::Asc, true) => "asc nulls first",
        (Direction::Desc, false) => "desc",
        (Direction::Desc, true) => "desc nulls last",
    };
    let id = if search.direction == Direction::Asc { "asc" } else { "desc" };
    query.push(format!(" order by e.{column} {direction}, e.id {id} limit ")).push_bind(i64::from(search.limit));
    query.push(" offset ").push_bind(i64::from(search.offset));
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx.connection()).await?;
    Ok(rows.into_iter().map(StoredEvent::from).collect())
}

/// How many events a search finds, counted up to `most`.
pub async fn count(tx: &mut impl InTenant, search: &Search, most: i64) -> Result<i64> {
    let mut query = QueryBuilder::new("select count(*) from (select from event e");
    search.push_where(&mut query);
    query.push(" limit ").push_bind(most).push(") found");
    Ok(query.build_query_scalar().fetch_one(tx.connection()).await?)
}

/// One event.
pub async fn find(tx: &mut impl InTenant, id: i64) -> Result<Option<StoredEvent>> {
    let row = sqlx::query_as!(
        Row,
        r#"select e.id, e.type as kind, e.sub_type, e.status, e.data, e.ticket_id, e.contract_id, e.created_by, e.created_at,
                  p.email as "email?", p.first_name as "first_name?", p.last_name as "last_name?"
           from event e left join profile p on p.tenant_id = e.tenant_id and p.id = e.created_by
           where e.id = $1"#,
        id
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.map(StoredEvent::from))
}

/// Names of what events mention.
pub async fn names(tx: &mut impl InTenant, mentioned: &Mentioned) -> Result<Names> {
    let mut names = Names::default();
    if !mentioned.profiles.is_empty() {
        let ids: Vec<i64> = mentioned.profiles.iter().copied().collect();
        let rows = sqlx::query!("select id, first_name, last_name, email from profile where id = any($1)", &ids)
            .fetch_all(tx.connection())
            .await?;
        names.profiles.extend(rows.into_iter().map(|row| {
            let name = format!("{} {}", row.first_name, row.last_name);
            (row.id, if name.trim().is_empty() { row.email } else { name.trim().to_owned() })
        }));
    }
    if !mentioned.tags.is_empty() {
        let ids: Vec<i64> = mentioned.tags.iter().copied().collect();
        let rows = sqlx::query!("select id, name from tag where id = any($1)", &ids).fetch_all(tx.connection()).await?;
        names.tags.extend(rows.into_iter().map(|row| (row.id, row.name)));
    }
    Ok(names)
}

/// A place in the order of commits: after this event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The transaction that appended it.
    pub xid: i64,
    /// Its id.
    pub id: i64,
}

/// Events past a place, in an order that no later commit gets in front of; for readers that go on where they stopped.
///
/// Ids are given out before commits, so a reader by id would step over an event whose transaction took longer than its
/// neighbour's. A transaction below the oldest one still running is over, and its events are here or will never be. The
/// oldest one may be another tenant's or another database's of the same server: a feed is as late as it is long.
pub async fn list_past(tx: &mut TenantTx, past: Position, most: i64) -> Result<Vec<Position>> {
    let rows = sqlx::query!(
        r#"select xid::text::bigint as "xid!", id from event
           where (xid, id) > ($1::bigint::text::xid8, $2) and xid < pg_snapshot_xmin(pg_current_snapshot())
           order by xid, id limit $3"#,
        past.xid,
        past.id,
        most
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| Position { xid: row.xid, id: row.id }).collect())
}
