//! Statements about reports.

use chrono::{DateTime, Utc};

use super::model::{Entity, Report, SAME_FOR, Taken};
use crate::{
    db::{InTenant, TenantTx},
    error::Result,
};

/// Keeps a report, one row for each thing it is about. Answers those that are new: a body that waits already in the same
/// words adds nothing.
pub async fn insert(tx: &mut TenantTx, report: &Report) -> Result<Vec<(Option<String>, Option<String>)>> {
    let pairs = report.pairs();
    let contracts: Vec<Option<&str>> = pairs.iter().map(|(contract, _)| *contract).collect();
    let customers: Vec<Option<&str>> = pairs.iter().map(|(_, customer)| *customer).collect();
    let rows = sqlx::query!(
        r#"insert into webhook_event (system, digest, contract_id, customer_id, received_at, state)
           select $1, $2, n.contract_id, n.customer_id, $5, 'pending'
           from unnest($3::text[], $4::text[]) as n (contract_id, customer_id)
           where not exists (
               select from webhook_event e
               where e.digest = $2 and e.state = 'pending' and e.received_at > $6
                 and e.contract_id is not distinct from n.contract_id and e.customer_id is not distinct from n.customer_id)
           returning contract_id, customer_id"#,
        report.system.as_str(),
        report.digest,
        &contracts as &[Option<&str>],
        &customers as &[Option<&str>],
        report.received_at,
        report.received_at - SAME_FOR
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.contract_id, row.customer_id)).collect())
}

/// Keeps a report that names nothing, once a day in the same words.
pub async fn insert_ignored(tx: &mut TenantTx, report: &Report) -> Result<()> {
    sqlx::query!(
        "insert into webhook_event (system, digest, received_at, state, done_at)
         select $1, $2, $3, 'ignored', $3
         where not exists (select from webhook_event e where e.digest = $2 and e.state = 'ignored' and e.received_at > $4)",
        report.system.as_str(),
        report.digest,
        report.received_at,
        report.received_at - SAME_FOR
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Takes every report about a thing that is not done, also those that a run before took and never finished.
pub async fn take(tx: &mut TenantTx, entity: &Entity) -> Result<Vec<Taken>> {
    let rows = match entity {
        Entity::Contract(id) => {
            sqlx::query_as!(
                Taken,
                "update webhook_event set state = 'taken' where contract_id = $1 and done_at is null returning id, system",
                id.as_str()
            )
            .fetch_all(tx.connection())
            .await?
        }
        Entity::Customer(id) => {
            sqlx::query_as!(
                Taken,
                "update webhook_event set state = 'taken'
                 where customer_id = $1 and contract_id is null and done_at is null returning id, system",
                id.as_str()
            )
            .fetch_all(tx.connection())
            .await?
        }
    };
    Ok(rows)
}

/// They are done.
pub async fn finish(tx: &mut TenantTx, ids: &[i64], now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update webhook_event set state = 'done', done_at = $2 where id = any($1)", ids, now).execute(tx.connection()).await?;
    Ok(())
}

/// They wait again.
pub async fn release(tx: &mut TenantTx, ids: &[i64]) -> Result<()> {
    sqlx::query!("update webhook_event set state = 'pending' where id = any($1) and done_at is null", ids).execute(tx.connection()).await?;
    Ok(())
}

/// How many reports wait for each thing, and since when, in the order of the things.
pub async fn count_undone(tx: &mut impl InTenant, entities: &[Entity]) -> Result<Vec<(i64, Option<DateTime<Utc>>)>> {
    let ids = entities.iter().map(|entity| match entity {
        Entity::Contract(id) => (Some(id.as_str()), None),
        Entity::Customer(id) => (None, Some(id.as_str())),
    });
    let (contracts, customers): (Vec<Option<&str>>, Vec<Option<&str>>) = ids.unzip();
    let rows = sqlx::query!(
        r#"select count(undone.received_at) as "count!", min(undone.received_at) as first
           from unnest($1::text[], $2::text[]) with ordinality as n (contract_id, customer_id, place)
           left join lateral (
               select received_at from webhook_event where contract_id = n.contract_id and done_at is null
               union all
               select received_at from webhook_event where customer_id = n.customer_id and contract_id is null and done_at is null
           ) undone on true
           group by n.place order by n.place"#,
        &contracts as &[Option<&str>],
        &customers as &[Option<&str>]
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.count, row.first)).collect())
}

/// Forgets what was done before a time. Answers how many went.
pub async fn delete_done_before(tx: &mut TenantTx, before: DateTime<Utc>) -> Result<u64> {
    Ok(sqlx::query!("delete from webhook_event where done_at < $1", before).execute(tx.connection()).await?.rows_affected())
}
