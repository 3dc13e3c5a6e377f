//! Creating and changing tickets: decisions of the model, tags, attachments and the log, in one transaction.

pub mod relation;
pub mod search;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::{
    TicketId,
    model::{
        NewTicket, Process, TicketPatch, Work,
        input::TicketItem,
        wire::{FailedTicket, Ticket, TicketFields},
        work::{TagEffect, changes},
    },
    store::{self, Locked, NewRow},
};
use crate::{
    App,
    db::{InTenant, TenantTx},
    domain::{
        attachment::{self, service::Prepared, store::StoredAttachment},
        event::{self, NewEvent},
        profile::ProfileId,
        tenant::TenantId,
    },
    error::{Error, FieldError, Result},
    http::precondition::IfMatch,
    mail::{self, Body},
};

/// Bytes of a body that is read apart: a shorter one takes less than handing it over would.
const LARGE_BODY: usize = 32_768;
/// Large bodies that are read at a time: the worst take a core for some seconds and 400 MB.
static READERS: Semaphore = Semaphore::const_new(2);

async fn read_body(html: String) -> Result<Body> {
    if html.len() < LARGE_BODY {
        return Ok(mail::read_body(&html));
    }
    let turn = READERS.acquire().await.map_err(Error::internal)?;
    let read = move || {
        // Held by the work, not by the request: a client that hangs up must not make room for the next body.
        let _turn = turn;
        mail::read_body(&html)
    };
    tokio::task::spawn_blocking(read).await.map_err(Error::internal)
}

/// A message about to become a ticket, with everything done that needs no transaction.
#[derive(Debug)]
pub struct Arrival {
    new: NewTicket,
    /// What the request says; a known ticket keeps its own otherwise.
    named_process: Option<Process>,
    body: Body,
    files: Vec<Prepared>,
}

/// What became of a message.
#[derive(Debug)]
pub struct Arrived {
    /// Its ticket.
    pub id: TicketId,
    /// Files that the ticket did not have yet.
    added: Vec<StoredAttachment>,
}

impl Arrival {
    /// Reads the body and stores the files.
    pub async fn prepare(app: &App, tenant: TenantId, new: NewTicket, process: Option<Process>) -> Result<Self> {
        let mut new = new.check()?;
        if let Some(template) = new.template_id {
            return Err(missing("templateId", template, "template"));
        }
        let named_process = process.or(new.process);
        let html = new.body.take().unwrap_or_default();
        let body = read_body(html).await?;
        // Last: what fails before leaves no object behind.
        let files = attachment::service::prepare(app, tenant, new.attachments.take().unwrap_or_default()).await?;
        Ok(Self { new, named_process, body, files })
    }

    /// Keeps its files. To be called before the commit, whose outcome is not always known; until then they go with `self`.
    pub fn keep_files(&self, arrived: &Arrived) {
        attachment::service::keep(&self.files, &arrived.added);
    }

    /// Stores it: as a new ticket, or as an update of the one whose `externalTicketId` it names.
    pub async fn store(&self, tx: &mut TenantTx, by: ProfileId, now: DateTime<Utc>) -> Result<Arrived> {
        let mut work = Work::of(&self.new, now);
        let effects = effects(tx, &work.tag_ids).await?;
        if let Some(at) = self.new.tags.iter().flatten().position(|tag| !effects.iter().any(|effect| effect.id == *tag)) {
            let tag = self.new.tags.iter().flatten().nth(at).copied().unwrap_or_default();
            return Err(missing(&format!("tags[{at}]"), tag, "tag"));
        }
        if self.new.priority.is_none() {
            work.follow_tags(&BTreeSet::new(), &effects);
        }
        let created_at = self.new.created_at.map_or(now, |date| date.0);
        let process = self.named_process.unwrap_or_default();
        let row = NewRow { work: &work, new: &self.new, body: &self.body, created_at, process: process.as_str() };
        if let Some(id) = store::insert(tx, &row).await? {
            let data = json!({"channel": work.channel, "direction": work.direction, "subject": work.subject, "status": work.status,
                "priority": work.priority, "tagIds": work.tag_ids, "externalTicketId": self.new.external_ticket_id, "process": process,
                "attachments": self.files.len()});
            let event = NewEvent::by(by, "ticketCreated", data).about_ticket(id.0, work.contract_id.as_deref());
            event::store::append(tx, &event, now).await?;
            let added = attachment::store::insert(tx, id, &self.files, now).await?;
            return Ok(Arrived { id, added });
        }
        let external = self.new.external_ticket_id.as_deref().unwrap_or_default();
        let known = store::find_by_external_id(tx, external).await?;
        let known = known.ok_or_else(|| Error::conflict("The ticket with this externalTicketId is being written by another request"))?;
        self.update(tx, known, &effects, by, now).await
    }

    async fn update(&self, tx: &mut TenantTx, id: TicketId, effects: &[TagEffect], by: ProfileId, now: DateTime<Utc>) -> Result<Arrived> {
        let locked = store::lock(tx, &[id.0]).await?.pop().ok_or_else(|| Error::not_found("Ticket", id))?;
        let mut work = locked.work.clone();
        work.update(&self.new, now);
        if self.new.priority.is_none() {
            work.follow_tags(&locked.work.tag_ids, effects);
        }
        let mut extra = Map::new();
        let (_, before) = store::find(tx, id, true).await?.ok_or_else(|| Error::not_found("Ticket", id))?;
        let body = Some(&self.body).filter(|body| body.html.is_some() && body.html != before.body);
        let raw_data = self.new.raw_data.as_ref().filter(|raw| before.raw_data.as_ref().is_none_or(|known| known.0 != **raw));
        // The texts would be in the log twice, and stay there when somebody asks to be forgotten.
        for (name, changed) in [("body", body.is_some()), ("rawData", raw_data.is_some())] {
            if changed {
                extra.insert(name.to_owned(), json!({"changed": true}));
            }
        }
        let added = attachment::store::insert(tx, id, &self.files, now).await?;
        if !added.is_empty() {
            extra.insert("attachments".to_owned(), json!({"added": added.len()}));
        }
        let words =
            |work: &Work| (work.subject.clone(), work.from.clone(), work.from_name.clone(), work.to.clone(), work.cc_emails.clone());
        if body.is_some() || raw_data.is_some() || words(&work) != words(&locked.work) {
            store::update_content(tx, id, &work, body, raw_data).await?;
        }
        if let Some(process) = self.named_process {
            store::update_process(tx, id, process.as_str()).await?;
        }
        write(tx, &[Change { locked, work, extra }], by, true, now).await?;
        Ok(Arrived { id, added })
    }
}

/// A ticket before and after.
struct Change {
    locked: Locked,
    work: Work,
    /// Changes that are not part of [`Work`], for the log.
    extra: Map<String, Value>,
}

/// Writes what really differs, with an event for each ticket.
async fn write(tx: &mut TenantTx, all: &[Change], by: ProfileId, in_worklog: bool, now: DateTime<Utc>) -> Result<()> {
    let mut written = Vec::new();
    let mut events = Vec::new();
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for Change { locked: Locked { id, work: old, .. }, work, extra } in all {
        let mut changes = changes(old, work);
        changes.extend(extra.clone());
        if changes.is_empty() {
            continue;
        }
        added.extend(work.tag_ids.difference(&old.tag_ids).map(|tag| (*id, *tag)));
        removed.extend(old.tag_ids.difference(&work.tag_ids).map(|tag| (*id, *tag)));
        written.push((*id, work));
        let mut data = json!({"changes": changes});
        if !in_worklog {
            data["includeInWorklog"] = false.into();
        }
        events.push(NewEvent::by(by, "ticketUpdated", data).about_ticket(id.0, work.contract_id.as_deref()));
    }
    if written.is_empty() {
        return Ok(());
    }
    store::update(tx, &written, now).await?;
    store::relink(tx, &added, &removed).await?;
    event::store::append_all(tx, &events, now).await
}

/// Changes tickets. Whoever names a ticket, tag or profile that is not there gets that item back as failed; all others are
/// changed. Locks are taken by ascending id, whatever the order of the items.
pub async fn change_all(
    tx: &mut TenantTx,
    items: &[TicketItem],
    by: ProfileId,
    in_worklog: bool,
    now: DateTime<Utc>,
) -> Result<(Vec<TicketId>, Vec<FailedTicket>)> {
    let mut ids: Vec<i64> = items.iter().map(|item| item.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = Known::of(tx, items.iter().map(|item| &item.patch)).await?;
    let mut all: BTreeMap<i64, Change> = store::lock(tx, &ids)
        .await?
        .into_iter()
        .map(|locked| (locked.id.0, Change { work: locked.work.clone(), locked, extra: Map::new() }))
        .collect();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for item in items {
        let refused = known.refuse(&item.patch, "").map(|error| format!("{}: {}", error.path, error.message));
        match (all.get_mut(&item.id), refused) {
            (None, _) => failed.push(FailedTicket { id: item.id, error: format!("Ticket {} was not found", item.id) }),
            (Some(_), Some(error)) => failed.push(FailedTicket { id: item.id, error }),
            (Some(change), None) => {
                known.apply(&mut change.work, &item.patch, now);
                if !done.contains(&TicketId(item.id)) {
                    done.push(TicketId(item.id));
                }
            }
        }
    }
    let all: Vec<Change> = all.into_values().collect();
    write(tx, &all, by, in_worklog, now).await?;
    Ok((done, failed))
}

/// Changes one ticket, unless it is another version than the caller has seen.
pub async fn change(
    tx: &mut TenantTx,
    id: TicketId,
    patch: &TicketPatch,
    seen: &IfMatch,
    by: ProfileId,
    in_worklog: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let known = Known::of(tx, [patch]).await?;
    let locked = store::lock(tx, &[id.0]).await?.pop().ok_or_else(|| Error::not_found("Ticket", id))?;
    seen.check(id, locked.version)?;
    if let Some(error) = known.refuse(patch, "") {
        return Err(Error::conflict_of(error.path, error.message));
    }
    let mut work = locked.work.clone();
    known.apply(&mut work, patch, now);
    write(tx, &[Change { locked, work, extra: Map::new() }], by, in_worklog, now).await
}

/// What patches refer to and is really there.
struct Known {
    tags: Vec<TagEffect>,
    profiles: Vec<i64>,
}

impl Known {
    async fn of<'a>(tx: &mut TenantTx, patches: impl IntoIterator<Item = &'a TicketPatch>) -> Result<Self> {
        let (mut tags, mut profiles) = (BTreeSet::new(), BTreeSet::new());
        for patch in patches {
            tags.extend(patch.new_tags());
            profiles.extend(patch.assignee().flatten());
        }
        let profiles: Vec<i64> = profiles.into_iter().collect();
        let profiles = if profiles.is_empty() { profiles } else { store::existing_profiles(tx, &profiles).await? };
        Ok(Self { tags: effects(tx, &tags).await?, profiles })
    }

    fn refuse(&self, patch: &TicketPatch, at: &str) -> Option<FieldError> {
        if let Some(profile) = patch.assignee().flatten().filter(|id| !self.profiles.contains(id)) {
            return Some(FieldError::new(format!("{at}{}", patch.assignee_field()), format!("there is no profile {profile}")));
        }
        let lists = [("tagIds", &patch.tag_ids), ("addTagIds", &patch.add_tag_ids)];
        lists.into_iter().find_map(|(name, list)| {
            let missing = |tag: &i64| !self.tags.iter().any(|known| known.id == *tag);
            let at_index = list.iter().flatten().position(missing)?;
            let tag = list.as_ref()?.get(at_index)?;
            Some(FieldError::new(format!("{at}{name}[{at_index}]"), format!("there is no tag {tag} for tickets")))
        })
    }

    fn apply(&self, work: &mut Work, patch: &TicketPatch, now: DateTime<Utc>) {
        let before = work.tag_ids.clone();
        work.apply(patch, now);
        if patch.priority.is_none() {
            work.follow_tags(&before, &self.tags);
        }
    }
}

async fn effects(tx: &mut TenantTx, tags: &BTreeSet<i64>) -> Result<Vec<TagEffect>> {
    let ids: Vec<i64> = tags.iter().copied().collect();
    if ids.is_empty() { Ok(Vec::new()) } else { store::list_tag_effects(tx, &ids).await }
}

fn missing(path: &str, id: i64, noun: &str) -> Error {
    Error::conflict_of(path, format!("there is no {noun} {id}"))
}

/// A ticket with everything that the database knows.
pub async fn show(app: &App, tx: &mut impl InTenant, id: TicketId, with_raw_data: bool) -> Result<Option<Ticket>> {
    let Some((fields, content)) = store::find(tx, id, with_raw_data).await? else { return Ok(None) };
    // Most have none, and the answer should not cost them a round trip.
    let files = if content.has_attachments { attachment::store::list(tx, id).await? } else { Vec::new() };
    let attachments = attachment::service::shown(app, tx.tenant(), files);
    Ok(Some(Ticket {
        fields,
        body: content.body,
        body_plain: content.body_plain,
        body_clean: content.body_clean,
        attachments,
        template: None,
        workitem: None,
        customer: None,
        intents: Vec::new(),
        raw_data: content.raw_data.map(|raw| raw.0),
    }))
}

/// Tickets without their text, in the order of the ids.
pub async fn list(tx: &mut impl InTenant, ids: &[TicketId]) -> Result<Vec<TicketFields>> {
    let wanted: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut found: BTreeMap<i64, TicketFields> = store::list(tx, &wanted).await?.into_iter().map(|ticket| (ticket.id.0, ticket)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(&id.0)).collect())
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    use super::*;

    /// The harm: who sends many large bodies and hangs up has all of them read at once.
    #[tokio::test]
    async fn a_large_body_keeps_its_turn_until_it_is_read() {
        {
            let mut read = pin!(read_body("<p>Wort".repeat(100_000)));
            assert!(read.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert_eq!(READERS.available_permits(), 1);
        let all = READERS.acquire_many(2).await.unwrap();
        let mut waiting = pin!(read_body("Wort ".repeat(10_000)));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(read_body("Wort".to_owned()).await.unwrap().plain.as_deref(), Some("Wort"));
        drop(all);
        assert_eq!(waiting.await.unwrap().plain.unwrap().len(), 49_999);
    }
}
