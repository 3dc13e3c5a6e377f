//! `/tag*` (`contract/tag.md`).

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    TagId,
    model::{Filter, Format, Kind, ListedTag, NewTag, Tag, TagNode, TagPatch},
    service::{self, Author, TagChange},
};
use crate::{
    App,
    domain::{idempotency::Answer, role::Permission},
    error::{Error, Result},
    http::{
        Caller, IfMatch, Json, Path, Query, Success, Text,
        idempotency::{IdempotencyHeader, Keyed},
        precondition::etag,
        query::Flag,
    },
};

/// `ETag` of a tag, ready for an answer.
type Tagged<T> = ([(HeaderName, HeaderValue); 1], axum::Json<T>);

fn tagged<T>(id: i64, version: i64, body: T) -> Tagged<T> {
    ([(header::ETAG, etag(id, version))], axum::Json(body))
}

fn author(app: &App, caller: &Caller) -> Author {
    Author { by: Some(caller.profile), now: app.now() }
}

/// Query of `GET /tag`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListTags {
    /// Part of the full name, any case.
    #[param(inline, example = "allg")]
    q: Option<Text<0, 200>>,
    /// Tags of this type only.
    #[serde(rename = "type")]
    #[param(inline, example = "skill")]
    kind: Option<Kind>,
    /// Also tags that are switched off.
    #[serde(default)]
    #[param(inline, example = "false")]
    include_disabled: Flag,
    /// How much to say of each.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// `GET /tag`.
#[derive(Debug, Serialize, ToSchema)]
pub struct TagList {
    /// Always true.
    success: bool,
    /// Tags, each after the one above it, beside each other by name.
    tags: Vec<ListedTag>,
}

/// Tags in a list.
#[utoipa::path(get, path = "/api/mind/tag", tag = "tag", operation_id = "list_tags",
    params(ListTags),
    responses((status = 200, description = "Tags in the order of the whole tree", body = TagList)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readTicket"))))]
pub async fn list_tags(State(app): State<App>, caller: Caller, Query(query): Query<ListTags>) -> Result<axum::Json<TagList>> {
    caller.may(Permission::ReadTicket)?;
    let q = query.q.map(|q| q.trim().to_lowercase()).unwrap_or_default();
    let filter = Filter { q, kind: query.kind, include_disabled: query.include_disabled.0 };
    let tags = service::list(&mut app.tenant_read(&caller).await?, &filter, query.format).await?;
    Ok(axum::Json(TagList { success: true, tags }))
}

/// Query of `GET /tag/tree`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TagTree {
    /// Tags of this type only.
    #[serde(rename = "type")]
    #[param(inline, example = "skill")]
    kind: Option<Kind>,
    /// Also tags that are switched off.
    #[serde(default)]
    #[param(inline, example = "false")]
    include_disabled: Flag,
}

/// Tags as a tree.
///
/// It holds what the list with the same filter holds: a tag whose parent is left out stands under the next one above.
#[utoipa::path(get, path = "/api/mind/tag/tree", tag = "tag", operation_id = "get_tag_tree",
    params(TagTree),
    responses((status = 200, description = "The roots, by name, with what is below them", body = [TagNode])),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readTicket"))))]
pub async fn get_tag_tree(State(app): State<App>, caller: Caller, Query(query): Query<TagTree>) -> Result<axum::Json<Vec<TagNode>>> {
    caller.may(Permission::ReadTicket)?;
    let filter = Filter { q: String::new(), kind: query.kind, include_disabled: query.include_disabled.0 };
    Ok(axum::Json(service::tree(&mut app.tenant_read(&caller).await?, &filter).await?))
}

/// `POST /tag`.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedTag {
    /// Always true.
    success: bool,
    /// Id of the new tag.
    #[schema(example = 12_345)]
    id: i64,
}

/// Adds a tag.
///
/// 409: the parent is not there, or stands too deep.
#[utoipa::path(post, path = "/api/mind/tag", tag = "tag", operation_id = "create_tag",
    params(IdempotencyHeader),
    request_body = NewTag,
    responses((status = 200, description = "The tag is there", body = CreatedTag)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateClientSettings"))))]
pub async fn create_tag(State(app): State<App>, caller: Caller, Keyed(once, body): Keyed<Map<String, Value>>) -> Result<Response> {
    caller.may(Permission::UpdateClientSettings)?;
    let tag = NewTag::read(body)?;
    once.run(&app, &caller, async |claim| {
        let mut tx = app.tenant_tx(&caller).await?;
        let id = service::create(&mut tx, &tag, author(&app, &caller)).await?;
        let answer = Answer::json(&CreatedTag { success: true, id: id.0 })?.about(format!("tag/{}", id.0));
        let finished = claim.finish(&mut tx, answer).await?;
        tx.commit().await?;
        Ok(finished)
    })
    .await
}

/// A tag.
#[utoipa::path(get, path = "/api/mind/tag/{id}", tag = "tag", operation_id = "get_tag",
    params(("id" = i64, Path, description = "Id of the tag", example = 1)),
    responses((status = 200, description = "The tag", body = Tag, headers(("ETag" = String, description = "`\"<id>-<version>\"`")))),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readTicket"))))]
pub async fn get_tag(State(app): State<App>, caller: Caller, Path(id): Path<i64>) -> Result<Tagged<Tag>> {
    caller.may(Permission::ReadTicket)?;
    let mut tx = app.tenant_tx(&caller).await?;
    let tag = service::find(&mut tx, TagId(id)).await?;
    tx.commit().await?;
    Ok(tagged(tag.id, tag.version, tag))
}

/// Changes a tag.
///
/// 409: the parent is not there, stands below this tag, or too deep.
#[utoipa::path(patch, path = "/api/mind/tag/{id}", tag = "tag", operation_id = "update_tag",
    params(("id" = i64, Path, description = "Id of the tag", example = 1), IfMatch),
    request_body = TagPatch,
    responses((status = 200, description = "The change holds", body = Success, headers(("ETag" = String, description = "`\"<id>-<version>\"`")))),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateClientSettings")), ("x-body-optional" = json!(true))))]
pub async fn update_tag(
    State(app): State<App>,
    caller: Caller,
    if_match: IfMatch,
    Path(id): Path<i64>,
    Json(body): Json<Map<String, Value>>,
) -> Result<Tagged<Success>> {
    caller.may(Permission::UpdateClientSettings)?;
    let patch = TagPatch::read(body, "").map_err(Error::invalid)?;
    let mut tx = app.tenant_tx(&caller).await?;
    let version = service::update(&mut tx, TagChange { id: TagId(id), patch, if_match }, author(&app, &caller)).await?;
    tx.commit().await?;
    Ok(tagged(id, version, Success { success: true }))
}

/// Takes a tag away.
///
/// The tags below it move up to the one above it. Tickets lose it.
#[utoipa::path(delete, path = "/api/mind/tag/{id}", tag = "tag", operation_id = "delete_tag",
    params(("id" = i64, Path, description = "Id of the tag", example = 1), IfMatch),
    responses((status = 200, description = "The tag is gone", body = Success)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateClientSettings"))))]
pub async fn delete_tag(State(app): State<App>, caller: Caller, if_match: IfMatch, Path(id): Path<i64>) -> Result<axum::Json<Success>> {
    caller.may(Permission::UpdateClientSettings)?;
    let mut tx = app.tenant_tx(&caller).await?;
    service::delete(&mut tx, TagId(id), &if_match, author(&app, &caller)).await?;
    tx.commit().await?;
    Ok(axum::Json(Success { success: true }))
}
