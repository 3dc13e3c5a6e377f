//! `GET /storage/attachment/{attachmentId}/{name}`.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{AttachmentId, model, service};
use crate::{
    App,
    domain::tenant::TenantId,
    error::{Error, Result},
    http::{Path, Query, Text},
};

/// A file.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct FileContent(#[expect(dead_code, reason = "stands for the bytes in the spec")] Vec<u8>);

/// Query of a link to a file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// Whose file.
    #[param(example = 1)]
    tenant: i64,
    /// Until when the link is good, in seconds.
    #[param(example = 1_768_413_600)]
    expires: i64,
    /// Vouches for the rest.
    #[param(inline, example = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")]
    signature: Text<1, 100>,
}

/// A file that came with a message.
///
/// Nobody needs to sign in: the link is the credential, for about a day. Whatever is wrong with it is 404. The file is
/// always a download; types that could run in a browser are served as bytes.
#[utoipa::path(get, path = "/api/mind/storage/attachment/{attachmentId}/{name}", tag = "storage", operation_id = "show_attachment",
    params(("attachmentId" = i64, Path, description = "The file", example = 1), ("name" = String, Path, description = "Its name, for people; not compared", example = "zaehler.txt"), LinkQuery),
    responses((status = 200, description = "The file", content(
        (FileContent = "application/octet-stream"), (FileContent = "application/pdf"), (FileContent = "image/png"), (FileContent = "image/jpeg"),
        (FileContent = "image/gif"), (FileContent = "image/webp"), (FileContent = "image/tiff"), (FileContent = "text/plain")))),
    security(()))]
pub async fn show_attachment(
    State(app): State<App>,
    Path((id, _name)): Path<(i64, String)>,
    Query(query): Query<LinkQuery>,
) -> Result<(HeaderMap, Body)> {
    let claim =
        service::Claim { tenant: TenantId(query.tenant), id: AttachmentId(id), expires: query.expires, signature: &query.signature };
    let (row, object) = service::open(&app, &claim).await?.ok_or_else(|| Error::not_found("Attachment", id))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(model::served_type(&row.content_type)));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(object.size));
    headers.insert(header::CONTENT_DISPOSITION, value(&model::disposition(&row.name))?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    if let Some(digest) = &row.digest {
        headers.insert(header::ETAG, value(&format!("\"{}\"", hex::encode(digest)))?);
    }
    Ok((headers, Body::from_stream(object.content)))
}

fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(Error::internal)
}
