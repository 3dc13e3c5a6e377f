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
    let mut added = Vec::with_capacity(files.len());
    for file in files {
        let row = sqlx::query_as!(
            StoredAttachment,
            r#"insert into attachment (ticket_id, name, content_type, size, width, height, inline, storage_key, digest, original_url,
                                       extraction_status, created_at)
               select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
               where not exists (select 1 from attachment
                                 where ticket_id = $1 and (digest = $9 or $9::bytea is null and original_url = $10))
               returning id, name, content_type, size, width, height, inline, storage_key, digest, original_url,
                         extracted_data as "extracted_data: Value", extraction_status, extraction_data as "extraction_data: Value""#,
            ticket.0,
            file.name,
            file.content_type,
            file.size,
            file.width,
            file.height,
            file.inline,
            file.storage_key,
            file.digest.as_deref(),
            file.original_url,
            file.extraction_status,
            now
        )
        .fetch_optional(tx.connection())
        .await?;
        added.extend(row);
    }
    Ok(added)
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
