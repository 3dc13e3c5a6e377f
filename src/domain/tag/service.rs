//! Changing tags: one at a time in a tenant, so that the tree stays one, each change with its event.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    TagId,
    model::{Filter, Forest, ListedTag, Tag, TagFields, TagNode, TagPatch, forest, input::NewTag},
    store,
};
use crate::{
    db::{InTenant, TenantTx},
    domain::{
        event::{self, NewEvent},
        profile::ProfileId,
        ticket,
    },
    error::{Error, Result},
    http::IfMatch,
};

/// How long taking a tag from all tickets may take: a million take eight seconds.
const LINKS_LIMIT: Duration = Duration::from_secs(25);

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub struct Author {
    /// The profile; none for the system.
    pub by: Option<ProfileId>,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// A change of one tag.
#[derive(Clone, Debug)]
pub struct TagChange {
    /// The tag.
    pub id: TagId,
    /// What to change.
    pub patch: TagPatch,
    /// Which versions of it the caller accepts.
    pub if_match: IfMatch,
}

/// Why a change cannot be made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such tag.
    Unknown(TagId),
    /// It cannot stand where the change puts it.
    Parent(TagId, String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown(id) => Self::not_found("Tag", id),
            Refusal::Parent(_, message) => Error::conflict_of("parent", message),
        }
    }
}

/// Every tag with its full name, and the tree they stand in.
async fn load(tx: &mut impl InTenant) -> Result<(Forest, Vec<Tag>)> {
    let mut tags = store::list(tx, None).await?;
    let forest = Forest::of(tags.iter().map(|tag| (tag.id, tag.fields.parent, tag.fields.name.clone())));
    for tag in &mut tags {
        tag.full_name = Some(forest.full_name(tag.id));
    }
    Ok((forest, tags))
}

/// Tags in the order of the tree.
pub async fn list(tx: &mut impl InTenant, filter: &Filter, format: super::model::Format) -> Result<Vec<ListedTag>> {
    let (forest, mut tags) = load(tx).await?;
    tags.retain(|tag| filter.wants(tag));
    forest.sort(&mut tags);
    Ok(tags.into_iter().map(|tag| ListedTag::show(tag, format)).collect())
}

/// Tags as a tree.
pub async fn tree(tx: &mut impl InTenant, filter: &Filter) -> Result<Vec<TagNode>> {
    let (forest, mut tags) = load(tx).await?;
    tags.retain(|tag| filter.wants(tag));
    Ok(forest.tree(tags))
}

/// One tag with its full name.
pub async fn find(tx: &mut TenantTx, id: TagId) -> Result<Tag> {
    let mut tag = store::find(tx, id).await?.ok_or_else(|| Error::not_found("Tag", id))?;
    tag.full_name = Some(forest::label(&store::list_path(tx, id).await?));
    Ok(tag)
}

/// Adds a tag.
pub async fn create(tx: &mut TenantTx, NewTag(fields): &NewTag, Author { by, now }: Author) -> Result<TagId> {
    store::lock(tx).await?;
    if fields.parent.is_some() {
        let mut forest = Forest::of(store::list_places(tx).await?);
        // No tag has the id 0.
        forest.put(0, fields.parent);
        if let Some(message) = forest.fault(0) {
            return Err(Error::conflict_of("parent", message));
        }
    }
    let id = store::insert(tx, fields, by, now).await?;
    let data = json!({"tagId": id, "name": fields.name, "tag": fields});
    event::store::append(tx, &NewEvent::new("tagCreated", data, by), now).await?;
    Ok(id)
}

/// Changes one tag, and answers its version.
pub async fn update(tx: &mut TenantTx, change: TagChange, author: Author) -> Result<i64> {
    let id = change.id;
    match update_all(tx, &[change], author).await? {
        Ok(versions) => versions.first().copied().ok_or_else(|| Error::not_found("Tag", id)),
        Err(mut refusals) => Err(refusals.pop().map_or_else(|| Error::not_found("Tag", id), Error::from)),
    }
}

/// Changes tags together, and answers their versions in the order of the changes; or says why nothing was changed. What
/// counts is the tree after all of them: two tags may change places.
pub async fn update_all(tx: &mut TenantTx, changes: &[TagChange], author: Author) -> Result<Result<Vec<i64>, Vec<Refusal>>> {
    store::lock(tx).await?;
    let ids: Vec<i64> = changes.iter().map(|change| change.id.0).collect();
    let tags = store::list(tx, Some(&ids)).await?;
    let mut forest = Forest::of(store::list_places(tx).await?);
    let mut refusals = Vec::new();
    let mut planned = Vec::new();
    for change in changes {
        let Some(tag) = tags.iter().find(|tag| tag.id == change.id.0) else {
            refusals.push(Refusal::Unknown(change.id));
            continue;
        };
        change.if_match.check(change.id, tag.version)?;
        let mut next = tag.fields.clone();
        change.patch.apply(&mut next);
        forest.put(tag.id, next.parent);
        planned.push((tag, next));
    }
    for (tag, next) in &planned {
        if tag.fields.parent != next.parent
            && let Some(message) = forest.fault(tag.id)
        {
            refusals.push(Refusal::Parent(TagId(tag.id), message));
        }
    }
    if !refusals.is_empty() {
        return Ok(Err(refusals));
    }
    let mut versions = Vec::with_capacity(planned.len());
    for (tag, next) in planned {
        versions.push(save(tx, tag, &next, author).await?);
    }
    Ok(Ok(versions))
}

/// Writes what differs, with its event. What stays the same is no change: the log would hide the real ones.
async fn save(tx: &mut TenantTx, tag: &Tag, next: &TagFields, Author { by, now }: Author) -> Result<i64> {
    let Some(changes) = tag.fields.changes(next) else { return Ok(tag.version) };
    let version = store::update(tx, TagId(tag.id), next, by, now).await?;
    let data = json!({"tagId": tag.id, "name": next.name, "changes": changes});
    event::store::append(tx, &NewEvent::new("tagUpdated", data, by), now).await?;
    Ok(version)
}

/// Takes a tag away; those below it move up to the one above it. Nobody loses a branch by cutting a twig.
pub async fn delete(tx: &mut TenantTx, id: TagId, if_match: &IfMatch, author: Author) -> Result<()> {
    store::lock(tx).await?;
    let tag = store::find(tx, id).await?.ok_or_else(|| Error::not_found("Tag", id))?;
    if_match.check(id, tag.version)?;
    let below: Vec<i64> =
        store::list_places(tx).await?.into_iter().filter(|(_, parent, _)| *parent == Some(id.0)).map(|(child, ..)| child).collect();
    for child in store::list(tx, Some(&below)).await? {
        let next = TagFields { parent: tag.fields.parent, ..child.fields.clone() };
        save(tx, &child, &next, author).await?;
    }
    store::delete(tx, id, author.by, author.now).await?;
    // Searches would still find tickets by it.
    tx.limit_statements(LINKS_LIMIT).await?;
    ticket::store::delete_links(tx, id.0).await?;
    let data = json!({"tagId": id, "name": tag.fields.name});
    event::store::append(tx, &NewEvent::new("tagDeleted", data, author.by), author.now).await
}
