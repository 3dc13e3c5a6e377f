//! Statements about tags. A deleted tag stays as a row, for the log and for what points to it, and is seen by nobody.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{
    TagId,
    model::{Tag, TagFields},
};
use crate::{
    db::{InTenant, TenantTx},
    domain::profile::ProfileId,
    error::Result,
    http::date::WireDateTime,
};

struct Row {
    id: i64,
    version: i64,
    name: String,
    parent_id: Option<i64>,
    reference: String,
    kind: String,
    visibility: String,
    color: String,
    properties: Vec<String>,
    complexity: Option<String>,
    sla: Option<i32>,
    priority: String,
    channels: Vec<String>,
    subchannels: Vec<i64>,
    detection_details: Value,
    assignment: Vec<String>,
    test_case: Value,
    modified_by: Option<String>,
    modified_at: Option<DateTime<Utc>>,
}

/// A word of the database. One that only a newer version knows counts as the usual one.
fn word<T: FromStr + Default>(text: &str) -> T {
    text.parse().unwrap_or_default()
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}

impl Row {
    fn into_tag(self) -> Tag {
        Tag {
            id: self.id,
            full_name: None,
            fields: TagFields {
                name: self.name,
                parent: self.parent_id,
                reference: word(&self.reference),
                kind: word(&self.kind),
                visibility: word(&self.visibility),
                color: word(&self.color),
                properties: self.properties,
                complexity: self.complexity,
                sla: self.sla,
                priority: word(&self.priority),
                channels: self.channels,
                subchannels: self.subchannels,
                detection_details: object(self.detection_details),
                assignment: self.assignment,
                test_case: object(self.test_case),
            },
            modified_by: self.modified_by,
            modified_at: self.modified_at.map(WireDateTime),
            version: self.version,
        }
    }
}

/// These tags, or all of them; in no order, and without their full names.
pub async fn list(tx: &mut impl InTenant, ids: Option<&[i64]>) -> Result<Vec<Tag>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select t.id, t.version, t.name, t.parent_id, t.reference, t.type as kind,
                  t.visibility, t.color, t.properties, t.complexity, t.sla,
                  t.priority, t.channels, t.subchannels, t.detection_details, t.assignment, t.test_case,
                  trim(p.first_name || ' ' || p.last_name) as modified_by, t.modified_at
           from tag t left join profile p on p.id = t.modified_by
           where t.deleted_at is null and ($1::bigint[] is null or t.id = any($1))"#,
        ids as Option<&[i64]>
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(Row::into_tag).collect())
}

/// One tag, without its full name.
pub async fn find(tx: &mut TenantTx, id: TagId) -> Result<Option<Tag>> {
    Ok(list(tx, Some(&[id.0])).await?.pop())
}

/// Names from the root down to a tag.
pub async fn list_path(tx: &mut TenantTx, id: TagId) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"with recursive upwards as (
               select name, parent_id, 1 as level from tag where id = $1
               union all
               select t.name, t.parent_id, u.level + 1 from upwards u join tag t on t.id = u.parent_id where u.level < 100)
           select name as "name!" from upwards order by level desc"#,
        id.0
    )
    .fetch_all(tx.connection())
    .await?)
}

/// Id, id of the tag above, and name of every tag.
pub async fn list_places(tx: &mut TenantTx) -> Result<Vec<(i64, Option<i64>, String)>> {
    let rows = sqlx::query!("select id, parent_id, name from tag where deleted_at is null").fetch_all(tx.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.parent_id, row.name)).collect())
}

/// Whether the tenant has, or had, a tag beside the default skill.
pub async fn has_further(tx: &mut TenantTx) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select exists (select from tag where id <> 1) as "has!""#).fetch_one(tx.connection()).await?)
}

/// Makes concurrent changes of one tenant's tags queue up: two moves, each right by itself, could make a circle together.
/// After the lock of the settings, never before it.
pub async fn lock(tx: &mut TenantTx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('tag', current_tenant()))").fetch_one(tx.connection()).await?;
    Ok(())
}

/// Adds a tag. Who adds it is also who changed it last.
pub async fn insert(tx: &mut TenantTx, tag: &TagFields, by: Option<ProfileId>, now: DateTime<Utc>) -> Result<TagId> {
    Ok(TagId(
        sqlx::query_scalar!(
            "insert into tag (name, parent_id, reference, type, visibility, color, properties, complexity, sla, priority, channels,
                              subchannels, detection_details, assignment, test_case, created_at, modified_by, modified_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::text::json, $14, $15::text::json, $16, $17, $18)
             returning id",
            tag.name,
            tag.parent,
            tag.reference.as_str(),
            tag.kind.as_str(),
            tag.visibility.as_str(),
            tag.color.as_str(),
            &tag.properties,
            tag.complexity,
            tag.sla,
            tag.priority.as_str(),
            &tag.channels,
            &tag.subchannels,
            Value::Object(tag.detection_details.clone()).to_string(),
            &tag.assignment,
            Value::Object(tag.test_case.clone()).to_string(),
            now,
            by.map(|id| id.0),
            by.map(|_| now)
        )
        .fetch_one(tx.connection())
        .await?,
    ))
}

/// Gives a new tenant its default skill, which has the id 1 everywhere.
pub async fn insert_default(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into tag (id, name, reference, type, visibility, color, properties, priority, channels, subchannels, detection_details,
                          assignment, test_case, created_at)
         values (1, 'Allgemein', 'ticket', 'skill', 'public', 'grey', '{defaultSkill}', 'do-not-change', '{}', '{}', '{}', '{}', '{}', $1)",
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Writes what people decided, and answers the new version.
pub async fn update(tx: &mut TenantTx, id: TagId, tag: &TagFields, by: Option<ProfileId>, now: DateTime<Utc>) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        "update tag set name = $2, parent_id = $3, reference = $4, type = $5, visibility = $6, color = $7, properties = $8, complexity = $9,
                        sla = $10, priority = $11, channels = $12, subchannels = $13, detection_details = $14::text::json,
                        assignment = $15, test_case = $16::text::json, modified_by = $17, modified_at = $18, version = version + 1
         where id = $1 and deleted_at is null returning version",
        id.0,
        tag.name,
        tag.parent,
        tag.reference.as_str(),
        tag.kind.as_str(),
        tag.visibility.as_str(),
        tag.color.as_str(),
        &tag.properties,
        tag.complexity,
        tag.sla,
        tag.priority.as_str(),
        &tag.channels,
        &tag.subchannels,
        Value::Object(tag.detection_details.clone()).to_string(),
        &tag.assignment,
        Value::Object(tag.test_case.clone()).to_string(),
        by.map(|id| id.0),
        now
    )
    .fetch_one(tx.connection())
    .await?)
}

/// Takes a tag away. Tickets keep their link to it, and nobody sees it.
pub async fn delete(tx: &mut TenantTx, id: TagId, by: Option<ProfileId>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update tag set deleted_at = $2, modified_at = $2, modified_by = $3, version = version + 1 where id = $1 and deleted_at is null",
        id.0,
        now,
        by.map(|id| id.0)
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
