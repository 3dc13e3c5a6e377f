//! What clients do, over HTTP and as statements.

use std::fmt;

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use hyper::Method;
use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

use super::{client::Client, scratch::Scratch};
use crate::{
    App,
    db::TenantTx,
    domain::{
        event::{self, NewEvent},
        profile::{self, ProfileId},
        ticket::{
            TicketId,
            model::{
                NewTicket, Process, TicketPatch, Work,
                search::{COUNTED, Search, SearchTickets, Start},
            },
            seed::{self, Plan},
            service,
            store::{self, NewRow},
        },
    },
    error::Error,
    http::precondition::IfMatch,
    mail::{self, Body},
    sandbox::names::{LASTNAMES, PLACES},
};

/// Rows of a page.
const PAGE: i64 = 50;

/// Something that clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Operation {
    /// One ticket, any.
    Get,
    /// The newest fifty that are open and urgent.
    Search,
    /// The newest fifty that name a person and a city.
    Text,
    /// A mail of about a kilobyte becomes a ticket.
    Create,
    /// Another deadline and priority for any ticket.
    Patch,
}

impl Operation {
    /// Every one, those that only read first.
    pub const ALL: [Self; 5] = [Self::Get, Self::Search, Self::Text, Self::Create, Self::Patch];

    /// Through the API.
    pub(super) async fn over_http(self, client: &mut Client, stock: &Stock, dice: &mut StdRng) -> Result<()> {
        let (method, path, body) = match self {
            Self::Get => (Method::GET, format!("/api/mind/ticket/{}", stock.any_id(dice)), None),
            Self::Search => (Method::POST, "/api/mind/ticket/search".to_owned(), Some(stock.search.to_string())),
            Self::Text => (Method::POST, "/api/mind/ticket/search".to_owned(), Some(text_search(dice).to_string())),
            Self::Create => (Method::POST, "/api/mind/ticket".to_owned(), stock.mails.choose(dice).map(|mail| mail.json.clone())),
            Self::Patch => (Method::PATCH, format!("/api/mind/ticket/{}", stock.any_id(dice)), Some(stock.patch(dice).to_string())),
        };
        let (status, answer) = client.send(method.clone(), &path, body).await?;
        let excerpt = || String::from_utf8_lossy(&answer[..answer.len().min(300)]).into_owned();
        ensure!(status.is_success(), "{method} {path}: {status} {}", excerpt());
        Ok(())
    }

    /// What the API does in the database, without the API.
    pub(super) async fn in_tx(self, tx: &mut TenantTx, stock: &Stock, dice: &mut StdRng) -> Result<()> {
        match self {
            Self::Get => stock.show(tx, TicketId(stock.any_id(dice))).await,
            Self::Search => page(tx, &read_search(stock.search.clone())?).await,
            Self::Text => page(tx, &read_search(text_search(dice))?).await,
            Self::Create => stock.create(tx, dice).await,
            Self::Patch => {
                let id = TicketId(stock.any_id(dice));
                let patch = TicketPatch::read(stock.patch(dice), "").map_err(Error::invalid)?;
                service::change(tx, id, &patch, &IfMatch::default(), stock.admin, true, stock.app.now()).await?;
                stock.show(tx, id).await
            }
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "get",
            Self::Search => "search",
            Self::Text => "full text",
            Self::Create => "create",
            Self::Patch => "patch",
        })
    }
}

/// What clients draw from.
pub(super) struct Stock {
    app: App,
    admin: ProfileId,
    tickets: i64,
    search: Value,
    mails: Vec<Mail>,
}

/// A mail as it is sent, and as the handler would have read it.
struct Mail {
    json: String,
    new: NewTicket,
    work: Work,
    body: Body,
    created_at: DateTime<Utc>,
}

impl Stock {
    /// Prepares requests for a database.
    pub(super) async fn new(scratch: &Scratch) -> Result<Self> {
        let app = scratch.app().clone();
        let mut tx = app.db().tenant_tx(scratch.tenant().id).await?;
        let admin = profile::store::first_administrator(&mut tx).await?;
        tx.commit().await?;
        let now = app.now();
        // Other mails than those that were loaded.
        let texts = seed::samples(Plan { tickets: 5_000, seed: 2 }, now).filter(|mail| (900..1_200).contains(&mail.body.len()));
        let mails = texts.take(256).map(|mail| {
            let json = json!({"from": mail.from, "fromName": mail.from_name, "to": [mail.to], "channel": "email", "direction": "in",
                "subject": mail.subject, "body": mail.body, "contractId": mail.contract_id});
            Mail::read(json, now)
        });
        let filter = |key: &str, value: &str| json!({"key": key, "comparator": "=", "value": value});
        Ok(Self {
            admin: admin.ok_or_else(|| anyhow::anyhow!("the tenant has no administrator"))?,
            tickets: i64::try_from(scratch.tickets())?,
            search: json!({"limit": PAGE, "orderByField": "t.createdAt", "orderByDirection": "desc",
                "filters": [filter("t.status", "open"), filter("t.priority", "urgent")]}),
            mails: mails.collect::<Result<_>>()?,
            app,
        })
    }

    /// The ids of a fresh database have no gaps.
    fn any_id(&self, dice: &mut StdRng) -> i64 {
        dice.random_range(1..=self.tickets)
    }

    fn patch(&self, dice: &mut StdRng) -> Value {
        let due_by = self.app.now().timestamp() + dice.random_range(0..1_000_000);
        let priority = ["low", "medium", "high"].choose(dice);
        json!({"dueBy": due_by, "priority": priority})
    }

    async fn show(&self, tx: &mut TenantTx, id: TicketId) -> Result<()> {
        ensure!(service::show(&self.app, tx, id, false).await?.is_some(), "ticket {id} is not there");
        Ok(())
    }

    async fn create(&self, tx: &mut TenantTx, dice: &mut StdRng) -> Result<()> {
        let mail = &self.mails[dice.random_range(0..self.mails.len())];
        let row = NewRow {
            work: &mail.work,
            new: &mail.new,
            body: &mail.body,
            created_at: mail.created_at,
            process: Process::default().as_str(),
        };
        let id = store::insert(tx, &row).await?.ok_or_else(|| anyhow::anyhow!("no ticket was made"))?;
        let data = json!({"channel": mail.work.channel, "subject": mail.work.subject});
        let event = NewEvent::by(self.admin, "ticketCreated", data).about_ticket(id.0, mail.work.contract_id.as_deref());
        event::store::append(tx, &event, mail.created_at).await?;
        self.show(tx, id).await
    }
}

impl Mail {
    fn read(json: Value, now: DateTime<Utc>) -> Result<Self> {
        let text = json.to_string();
        let new: NewTicket = serde_json::from_value(json)?;
        let mut new = new.check()?;
        let body = mail::read_body(&new.body.take().unwrap_or_default());
        Ok(Self { json: text, work: Work::of(&new, now), new, body, created_at: now })
    }
}

fn text_search(dice: &mut StdRng) -> Value {
    let name = LASTNAMES.choose(dice).unwrap_or(&"Meyer");
    let city = PLACES.choose(dice).map_or("Berlin", |place| place.city);
    json!({"limit": PAGE, "filters": [{"key": "q", "comparator": "equal", "value": format!("{name} {city}")}]})
}

fn read_search(body: Value) -> Result<Search> {
    let search: SearchTickets = serde_json::from_value(body)?;
    Ok(search.read(None)?)
}

async fn page(tx: &mut TenantTx, search: &Search) -> Result<()> {
    let rows = store::search::page(tx, search, &Start::First, search.limit + 1).await?;
    // As the service: what fits on the page is not counted again.
    if i64::try_from(rows.len())? > search.limit {
        store::search::count(tx, search, COUNTED + 1).await?;
    }
    Ok(())
}
