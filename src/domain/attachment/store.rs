//! Statements about attachments.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{AttachmentId, service::Prepared};
use crate::{
    db::{InTenant, TenantTx},
    domain::ticket::TicketId,
    error::Result,
};

/// A row.
#[derive(Clone, Debug)]
pub struct StoredAttachment {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its type.
    pub content_type: String,
    /// Bytes.
    pub size: i64,
    /// Width in pixels.
    pub width: Option<i32>,
    /// Height in pixels.
    pub height: Option<i32>,
    /// Whether the text shows it in place.
    pub inline: bool,
    /// Where the object store has it; none for what could not be fetched.
    pub storage_key: Option<String>,
    /// SHA-256 of its bytes.
    pub digest: Option<Vec<u8>>,
    /// Where it was fetched from.
    pub original_url: Option<String>,
    /// What a reader found in it.
    pub extracted_data: Option<Value>,
    /// How reading it went.
    pub extraction_status: Option<String>,
    /// Details of reading it.
    pub extraction_data: Option<Value>,
}

/// Adds files to a ticket and answers those that were added: what the ticket has already is left out.
pub async fn insert(tx: &mut TenantTx, ticket: TicketId, files: &[Prepared], now: DateTime<Utc>) -> Result<Vec<StoredAttachment>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    fn column<T>(files: &[Prepared], of: impl Fn(&Prepared) -> T) -> Vec<T> {
        files.iter().map(of).collect()
    }
    Ok(sqlx::query_as!(
        StoredAttachment,
        r#"insert into attachment (ticket_id, name, content_type, size, width, height, inline, storage_key, digest, original_url,
                                   extraction_status, created_at)
           select $1, f.name, f.content_type, f.size, f.width, f.height, f.inline, f.storage_key, f.digest, f.original_url,
                  f.extraction_status, $2
           from unnest($3::text[], $4::text[], $5::bigint[], $6::integer[], $7::integer[], $8::boolean[], $9::text[], $10::bytea[],
                       $11::text[], $12::text[]) with ordinality
                as f (name, content_type, size, width, height, inline, storage_key, digest, original_url, extraction_status, place)
           where not exists (select 1 from attachment a
                             where a.ticket_id = $1 and (a.digest = f.digest or f.digest is null and a.original_url = f.original_url))
           order by f.place
           returning id, name, content_type, size, width, height, inline, storage_key, digest, original_url,
                     extracted_data as "extracted_data: Value", extraction_status, extraction_data as "extraction_data: Value""#,
        ticket.0,
        now,
        &column(files, |file| file.name.clone()),
        &column(files, |file| file.content_type.clone()),
        &column(files, |file| file.size),
        &column(files, |file| file.width) as &[Option<i32>],
        &column(files, |file| file.height) as &[Option<i32>],
        &column(files, |file| file.inline),
        &column(files, |file| file.object.as_ref().map(|object| object.key().to_owned())) as &[Option<String>],
        &column(files, |file| file.digest.clone()) as &[Option<Vec<u8>>],
        &column(files, |file| file.original_url.clone()) as &[Option<String>],
        &column(files, |file| file.extraction_status.map(str::to_owned)) as &[Option<String>],
    )
    .fetch_all(tx.connection())
    .await?)
}

/// The files of a ticket, oldest first.
pub async fn list(tx: &mut impl InTenant, ticket: TicketId) -> Result<Vec<StoredAttachment>> {
    Ok(sqlx::query_as!(
        StoredAttachment,
        r#"select id, name, content_type, size, width, height, inline, storage_key, digest, original_url,
                  extracted_data as "extracted_data: Value", extraction_status, extraction_data as "extraction_data: Value"
           from attachment where ticket_id = $1 order by id"#,
        ticket.0
    )
    .fetch_all(tx.connection())
    .await?)
}

/// One file.
pub async fn find(tx: &mut impl InTenant, id: AttachmentId) -> Result<Option<StoredAttachment>> {
    Ok(sqlx::query_as!(
        StoredAttachment,
        r#"select id, name, content_type, size, width, height, inline, storage_key, digest, original_url,
                  extracted_data as "extracted_data: Value", extraction_status, extraction_data as "extraction_data: Value"
           from attachment where id = $1"#,
        id.0
    )
    .fetch_optional(tx.connection())
    .await?)
}
