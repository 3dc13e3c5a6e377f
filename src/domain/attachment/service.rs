//! Files on their way in and out.
//!
//! Bytes are stored before the transaction that writes their rows: an object without a row costs space, a row without
//! an object would be a broken promise. An object that no row came to refer to is removed when its [`Prepared`] is
//! dropped; those of a process that died in between stay and are never shown.

use std::{collections::HashSet, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use tokio_util::bytes::Bytes;
use url::Url;

use super::{
    Attachment, AttachmentId, NewAttachment,
    model::{self, Checked, DOWNLOAD_FAILED, MOST_BYTES, Source},
    store::{self, StoredAttachment},
};
use crate::{
    App,
    domain::tenant::TenantId,
    error::{Error, Result},
    outbound::OutboundRequest,
    secret::Purpose,
    storage::{FreshObject, Object},
};

/// For all files of one message together.
const FETCH_LIMIT: Duration = Duration::from_secs(10);
/// At once; each may be as large as a file may be.
const FETCHES_AT_ONCE: usize = 3;
/// How long a link is good, at least; at most an hour longer.
const LINK_SECONDS: i64 = 24 * 3600;

/// A file that lies in the object store, or whose URL gave nothing.
#[derive(Debug)]
pub struct Prepared {
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
    /// Its bytes in the object store.
    pub object: Option<FreshObject>,
    /// SHA-256 of its bytes.
    pub digest: Option<Vec<u8>>,
    /// Where it came from.
    pub original_url: Option<String>,
    /// Says that it could not be fetched.
    pub extraction_status: Option<&'static str>,
}

/// Checks, decodes, fetches and stores the files of a message. Runs before the transaction that inserts them.
///
/// Wrong input is 400 and nothing is stored. A URL that gives nothing is no fault: the message must not be lost with it.
pub async fn prepare(app: &App, tenant: TenantId, files: Vec<NewAttachment>) -> Result<Vec<Prepared>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let files = model::check(files)?;
    let deadline = Instant::now() + FETCH_LIMIT;
    let all: Vec<Result<Prepared>> =
        stream::iter(files).map(|file| prepare_one(app, tenant, file, deadline)).buffered(FETCHES_AT_ONCE).collect().await;
    let mut prepared = all.into_iter().collect::<Result<Vec<_>>>()?;
    // The same file twice in one message is one file.
    let mut seen = HashSet::new();
    prepared.retain(|file| seen.insert((file.digest.clone(), file.digest.is_none().then(|| file.original_url.clone()))));
    Ok(prepared)
}

async fn prepare_one(app: &App, tenant: TenantId, file: Checked, deadline: Instant) -> Result<Prepared> {
    let Checked { name, content_type, inline, source } = file;
    let (bytes, content_type, original_url) = match source {
        Source::Bytes(bytes) => (Some(Bytes::from(bytes)), content_type, None),
        Source::Url(url) => match fetch(app, &url, deadline).await {
            Some((bytes, announced)) => (Some(bytes), content_type.or(announced), Some(url)),
            None => (None, content_type, Some(url)),
        },
    };
    let Some(bytes) = bytes else {
        let content_type = content_type.unwrap_or_else(|| model::guess_type(&name, &[]));
        return Ok(Prepared {
            name,
            content_type,
            size: 0,
            width: None,
            height: None,
            inline,
            object: None,
            digest: None,
            original_url,
            extraction_status: Some(DOWNLOAD_FAILED),
        });
    };
    let (digest, pixels, guessed) = if bytes.len() < 64 * 1024 {
        look_at(&name, &bytes)
    } else {
        let (name, bytes) = (name.clone(), bytes.clone());
        tokio::task::spawn_blocking(move || look_at(&name, &bytes)).await.map_err(Error::internal)?
    };
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let object = app.storage().put_fresh(tenant, "attachment", bytes).await.map_err(Error::internal)?;
    Ok(Prepared {
        name,
        content_type: content_type.unwrap_or(guessed),
        size,
        width: pixels.map(|(width, _)| width),
        height: pixels.map(|(_, height)| height),
        inline,
        object: Some(object),
        digest: Some(digest),
        original_url,
        extraction_status: None,
    })
}

fn look_at(name: &str, bytes: &[u8]) -> (Vec<u8>, Option<(i32, i32)>, String) {
    let pixels = imagesize::blob_size(bytes).ok();
    let pixels = pixels.and_then(|size| Some((i32::try_from(size.width).ok()?, i32::try_from(size.height).ok()?)));
    (Sha256::digest(bytes).to_vec(), pixels, model::guess_type(name, bytes))
}

/// What a URL gives, with the type that its server names.
async fn fetch(app: &App, url: &str, deadline: Instant) -> Option<(Bytes, Option<String>)> {
    let url = Url::parse(url).ok()?;
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return None;
    }
    // Whoever may write a ticket may name any URL, so the private addresses of the tenants' ERPs are not for it.
    let allow = Some(app.config().attachment_allow.clone());
    let request = OutboundRequest { max_body: MOST_BYTES, allow, ..OutboundRequest::new(reqwest::Method::GET, url, left) };
    match app.outbound().send(request).await {
        Ok(answer) if answer.status.is_success() => {
            let announced = answer.headers.get(reqwest::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let announced = announced.map(model::essence).filter(|kind| kind.contains('/') && kind != "application/octet-stream");
            Some((answer.body, announced))
        }
        Ok(answer) => {
            tracing::info!(status = answer.status.as_u16(), "attachment not fetched");
            None
        }
        Err(error) => {
            tracing::info!(%error, "attachment not fetched");
            None
        }
    }
}

/// Says that the transaction that added rows for these files is about to commit. Whether it did is not always known, so
/// their objects stay from here on; those of files that the ticket had already go.
pub fn keep(files: &[Prepared], added: &[StoredAttachment]) {
    for object in files.iter().filter_map(|file| file.object.as_ref()) {
        if added.iter().any(|row| row.storage_key.as_deref() == Some(object.key())) {
            object.keep();
        }
    }
}

/// Files as the API shows them, with fresh links.
pub fn shown(app: &App, tenant: TenantId, rows: Vec<StoredAttachment>) -> Vec<Attachment> {
    rows.into_iter()
        .map(|row| Attachment {
            id: row.id.to_string(),
            url: match (&row.storage_key, &row.original_url) {
                (None, Some(original)) => original.clone(),
                _ => link(app, tenant, AttachmentId(row.id), &row.name),
            },
            file_ending: model::file_ending(&row.name),
            name: row.name,
            size: row.size,
            width: row.width,
            height: row.height,
            inline: row.inline,
            content_type: row.content_type,
            original_url: row.original_url,
            extracted_data: row.extracted_data,
            extraction_status: row.extraction_status,
            extraction_data: row.extraction_data,
        })
        .collect()
}

/// A link to a file, the same within an hour so that caches of clients work.
fn link(app: &App, tenant: TenantId, id: AttachmentId, name: &str) -> String {
    let base = app.config().public_url.as_str().trim_end_matches('/');
    let expires = expiry(app.now());
    let signature = URL_SAFE_NO_PAD.encode(app.keys().keyed_hash(Purpose::Links, &signed(tenant, id, expires)));
    let name = model::percent_encoded(name);
    format!("{base}/api/mind/storage/attachment/{}/{name}?tenant={}&expires={expires}&signature={signature}", id.0, tenant.0)
}

/// A day from now, rounded up to the hour.
fn expiry(now: DateTime<Utc>) -> i64 {
    (now.timestamp() + LINK_SECONDS).div_euclid(3600) * 3600 + 3600
}

fn signed(tenant: TenantId, id: AttachmentId, expires: i64) -> Vec<u8> {
    format!("attachment|{}|{}|{expires}", tenant.0, id.0).into_bytes()
}

/// What a link's signature vouches for.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// Whose file.
    pub tenant: TenantId,
    /// Which file.
    pub id: AttachmentId,
    /// Until when, in seconds.
    pub expires: i64,
    /// The signature.
    pub signature: &'a str,
}

/// Opens a file for whoever has a link to it. None, whatever is wrong with the link.
pub async fn open(app: &App, claim: &Claim<'_>) -> Result<Option<(StoredAttachment, Object)>> {
    let good = URL_SAFE_NO_PAD
        .decode(claim.signature)
        .is_ok_and(|hash| app.keys().is_keyed_hash(Purpose::Links, &signed(claim.tenant, claim.id, claim.expires), &hash));
    if !good || claim.expires <= app.now().timestamp() {
        return Ok(None);
    }
    let mut tx = app.db().tenant_read(claim.tenant).await?;
    let row = store::find(&mut tx, claim.id).await?;
    drop(tx);
    let Some(row) = row else { return Ok(None) };
    let Some(key) = row.storage_key.as_deref() else { return Ok(None) };
    match app.storage().get(key).await.map_err(Error::internal)? {
        Some(object) => Ok(Some((row, object))),
        None => {
            Err(Error::internal(anyhow::anyhow!("the object store does not have {key}; was it restored without the database, or moved?")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_a_day_and_the_same_for_an_hour() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let first = expiry(at("2026-01-13T17:00:00Z"));
        assert_eq!(first, expiry(at("2026-01-13T17:59:59Z")));
        assert_eq!(first, at("2026-01-14T18:00:00Z").timestamp());
        assert_ne!(first, expiry(at("2026-01-13T18:00:00Z")));
    }
}
