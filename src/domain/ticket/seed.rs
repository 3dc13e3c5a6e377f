//! Fills a tenant with tickets that look like a German utility's: for trying things out, for measuring, for tests.

mod calendar;
mod message;
mod phrases;
mod phrases_english;
mod ticket;
mod topic;
mod writer;

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};

use self::{ticket::Source, topic::Topic};
use super::store::load::{self, LoadedTicket};
use crate::{
    App,
    db::TenantTx,
    domain::{
        profile::{self, ProfileId, model::NewProfile},
        tag::{self, model::TagFields},
        tenant::TenantId,
    },
    error::Result,
};

type Draw = rand::rngs::StdRng;

/// Tickets of one transaction: enough to make its commit cheap, few enough for a request's limits.
const BATCH: u64 = 500;
/// Agents of a seeded tenant.
const AGENTS: u64 = 12;

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many tickets.
    pub tickets: u64,
    /// The same number makes the same tickets.
    pub seed: u64,
}

/// Tables that a load changes so much that their statistics and indexes want attention afterwards.
pub const TABLES: [&str; 3] = ["ticket", "ticket_content", "ticket_tag"];

/// Loads tickets over two connections; `done` hears how many were committed.
///
/// They come without events: what is imported was not done here by anybody.
pub async fn run(app: &App, tenant: TenantId, plan: Plan, done: impl Fn(u64)) -> Result<()> {
    let mut source = Source::new(plan, app.now());
    let mut tx = app.db().tenant_tx(tenant).await?;
    source.agents = agents(app, &mut tx).await?;
    source.tags = tags(app, &mut tx).await?;
    tx.commit().await?;
    let next = AtomicU64::new(0);
    let worker = async || -> Result<()> {
        loop {
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            if first >= plan.tickets {
                return Ok(());
            }
            let tickets: Vec<LoadedTicket> = (first..plan.tickets.min(first + BATCH)).map(|index| source.ticket(index)).collect();
            let mut tx = app.db().tenant_tx(tenant).await?;
            load::insert(&mut tx, &tickets).await?;
            tx.commit().await?;
            done(tickets.len() as u64);
        }
    };
    tokio::try_join!(worker(), worker())?;
    Ok(())
}

/// The tickets of a plan, one after the other, without a database: nobody works on them and they have no tags.
pub fn samples(plan: Plan, now: DateTime<Utc>) -> impl Iterator<Item = LoadedTicket> {
    let source = Source::new(plan, now);
    (0..plan.tickets).map(move |index| source.ticket(index))
}

/// Tags of the topics; those that the tenant lacks are added.
async fn tags(app: &App, tx: &mut TenantTx) -> Result<Vec<i64>> {
    tag::store::lock(tx).await?;
    let known: HashMap<String, i64> = load::list_tags(tx).await?.into_iter().collect();
    let mut ids = Vec::new();
    for name in Topic::tags() {
        ids.push(match known.get(name) {
            Some(id) => *id,
            None => tag::store::insert(tx, &TagFields { name: name.to_owned(), ..TagFields::default() }, None, app.now()).await?.0,
        });
    }
    Ok(ids)
}

/// People to assign tickets to. They have no password, so nobody can sign in as one of them.
async fn agents(app: &App, tx: &mut TenantTx) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    for number in 1..=AGENTS {
        let email = format!("agent{number}@seed.invalid");
        let id = match profile::store::find_id_by_email(tx, &email).await? {
            Some(id) => id,
            None => profile::store::insert(tx, &agent(number, email), app.now()).await?,
        };
        let ProfileId(id) = id;
        ids.push(id);
    }
    Ok(ids)
}

fn agent(number: u64, email: String) -> NewProfile {
    NewProfile { kind: "enneo", first_name: "Agent".to_owned(), last_name: format!("{number:02}"), email, password_hash: None, role_id: 2 }
}
