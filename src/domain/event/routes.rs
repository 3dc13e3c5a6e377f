//! `/event/*` (`contract/event.md`).

use std::time::Duration;

use axum::extract::State;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Value, json};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::AdditionalProperties},
};

use super::{
    model::{FormattedEvent, Mentioned, Names, Order, RawEvent, StoredEvent},
    store::{self, Search},
};
use crate::{
    App,
    db::InTenant,
    domain::role::Permission,
    error::{Error, Result},
    http::{
        Caller, Form, Path, Query,
        filter::{Field, Filter, Kind, conditions, filters_schema},
        input::parse_json,
        query::{Direction, Flag, Limit, Offset},
    },
};

/// How long a statement that looks for words may take.
const WORDS_LIMIT: Duration = Duration::from_secs(2);
/// Events are counted up to here.
const COUNTED: i64 = 10_000;

const FIELDS: &[Field] = &[
    Field::new(&["e.id", "id"], "id", Kind::Id),
    Field::new(&["e.type", "type"], "type", Kind::Text),
    SUB_TYPE,
    Field::new(&["e.contractId", "contractId"], "contract_id", Kind::ErpId).nullable(),
    Field::new(&["e.ticketId", "ticketId"], "ticket_id", Kind::Id).nullable(),
    Field::new(&["e.status", "status"], "status", Kind::Choice(&[("open", "open"), ("closed", "closed")])),
    Field::new(&["e.createdAt", "createdAt"], "created_at", Kind::Date),
    Field::new(&["e.createdBy", "createdBy"], "created_by", Kind::Id).nullable(),
];
const SUB_TYPE: Field = Field::new(&["e.subType", "subType"], "sub_type", Kind::Text).nullable();
const TYPE: &str = "type";

/// How much an event says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventFormat)]
pub enum Format {
    /// For people, in the caller's language.
    #[default]
    Formatted,
    /// For programs, as it is kept.
    Raw,
}

fn yes() -> Flag {
    Flag(true)
}

/// Query of `POST /event/search`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchEvents {
    /// Rows to skip.
    #[serde(default)]
    #[param(inline)]
    offset: Offset,
    /// Rows at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit<20, 100>,
    /// What to order by; the id breaks ties. What is not set sorts below everything.
    #[serde(default)]
    #[param(inline, example = "e.createdAt")]
    order_by_field: Order,
    /// Which end comes first.
    #[serde(default)]
    #[param(inline, example = "desc")]
    order_by_direction: Direction,
    /// Whether the technical steps come along; there are none yet.
    #[serde(default = "yes", rename = "includeTraces")]
    #[param(inline, example = "true")]
    _include_traces: Flag,
    /// How much an event says.
    #[serde(default)]
    #[param(inline, example = "formatted")]
    format: Format,
}

/// Body of `POST /event/search`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSearch {
    #[serde(default)]
    filters: Vec<Filter>,
}

impl PartialSchema for EventSearch {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("filters", filters_schema(FIELDS))
            .description(Some(
                "Which events to find; without filters, all of them. A filter on e.subType needs one on e.type beside it, and one on q any other.",
            ))
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
            .examples([json!({"filters": [{"key": "e.type", "comparator": "=", "value": "settingsUpdated"}]})])
            .into()
    }
}

impl ToSchema for EventSearch {}

/// The same, or the older form of it: one field that holds the list as JSON text. The spec does not show that one,
/// because it could not say which texts are such a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSearchBody {
    #[serde(default = "no_filters")]
    filters: Value,
}

fn no_filters() -> Value {
    Value::Array(Vec::new())
}

impl EventSearchBody {
    /// In JSON the list stands there itself. Its text is read again, so that a fault carries its path.
    fn read(self) -> Result<EventSearch> {
        let list = match self.filters {
            Value::String(text) if serde_json::from_str::<IgnoredAny>(&text).is_ok() => text,
            Value::String(_) => return Err(Error::field("filters", "must be a list of filters as JSON")),
            list => list.to_string(),
        };
        parse_json(format!("{{\"filters\":{list}}}").as_bytes())
    }
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events.
    events: Vec<Event>,
    /// Where the page stands.
    pagination: Pagination,
}

/// Where a page stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventPagination)]
pub struct Pagination {
    /// Events found; counted up to 10,000.
    #[schema(example = 1)]
    total: i64,
    /// Whether there are more than were counted.
    total_is_capped: bool,
    /// Rows skipped.
    offset: u32,
    /// Rows at most.
    #[schema(example = 20)]
    limit: u32,
}

/// An event in the format that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AnyEvent)]
pub enum Event {
    /// For people.
    Formatted(Box<FormattedEvent>),
    /// For programs.
    Raw(Box<RawEvent>),
}

impl Event {
    fn show(event: StoredEvent, format: Format, names: &Names, language: &str) -> Self {
        match format {
            Format::Formatted => Self::Formatted(Box::new(event.format(names, language))),
            Format::Raw => Self::Raw(Box::new(event.into())),
        }
    }
}

/// What is about no ticket and no contract is about how the tenant is set up.
fn sees_all(caller: &Caller) -> bool {
    caller.permissions.has(Permission::ReadSettings)
}

/// Events that fit filters, the newest first unless told otherwise.
///
/// Events that are about no ticket and no contract, such as changes of settings, need the permission readSettings too.
/// The vendor's older form of the body is taken as well: `application/x-www-form-urlencoded` with `filters=<the list as JSON>`.
#[utoipa::path(post, path = "/api/mind/event/search", tag = "event", operation_id = "search_events",
    params(SearchEvents),
    request_body = EventSearch,
    responses((status = 200, description = "A page of the events found", body = EventPage)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readTicket")), ("x-body-optional" = json!(true))))]
pub async fn search_events(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<SearchEvents>,
    Form(body): Form<EventSearchBody>,
) -> Result<axum::Json<EventPage>> {
    caller.may(Permission::ReadTicket)?;
    let filters = body.read()?.filters;
    let (conditions, q) = conditions(&filters, FIELDS)?;
    refuse_alone(&filters)?;
    let (offset, limit) = (query.offset.0, query.limit.0);
    let (order, direction) = (query.order_by_field, query.order_by_direction);
    let search = Search { conditions, q, order, direction, offset, limit, customers_only: !sees_all(&caller) };
    let (events, counted, names) = if search.q.is_some() {
        // Words have no index, so it ends early, in the pool that nobody reads tickets with.
        let mut tx = app.tenant_tx(&caller).await?;
        tx.limit_statements(WORDS_LIMIT).await?;
        let found = page(&mut tx, &search, query.format).await?;
        tx.commit().await?;
        found
    } else {
        page(&mut app.tenant_read(&caller).await?, &search, query.format).await?
    };
    let events = events.into_iter().map(|event| Event::show(event, query.format, &names, caller.language)).collect();
    let pagination = Pagination { total: counted.min(COUNTED), total_is_capped: counted > COUNTED, offset, limit };
    Ok(axum::Json(EventPage { events, pagination }))
}

async fn page(tx: &mut impl InTenant, search: &Search, format: Format) -> Result<(Vec<StoredEvent>, i64, Names)> {
    let events = store::search(tx, search).await?;
    let counted = store::count(tx, search, COUNTED + 1).await?;
    let names = names(tx, &events, format).await?;
    Ok((events, counted, names))
}

/// Keys that would read the whole log when they stand alone.
fn refuse_alone(filters: &[Filter]) -> Result<()> {
    let has_type =
        filters.iter().any(|filter| FIELDS.iter().any(|field| field.column == TYPE && field.keys.contains(&filter.key.as_str())));
    for (index, filter) in filters.iter().enumerate() {
        let at = format!("filters[{index}].key");
        if SUB_TYPE.keys.contains(&filter.key.as_str()) && !has_type {
            return Err(Error::field(at, "needs a filter on e.type beside it"));
        }
        if filter.key == "q" && filters.len() == 1 {
            return Err(Error::field(at, "needs another filter beside it"));
        }
    }
    Ok(())
}

/// The same for the spec; utoipa's types cannot say it.
pub fn not_alone() -> Value {
    let has = |keys: &[&str]| json!({"contains": {"type": "object", "required": ["key"], "properties": {"key": {"enum": keys}}}});
    let types: Vec<&str> = FIELDS.iter().filter(|field| field.column == TYPE).flat_map(|field| field.keys.iter().copied()).collect();
    let mut q_once = has(&["q"]);
    q_once["maxContains"] = json!(1);
    q_once["minItems"] = json!(2);
    json!([{"if": has(SUB_TYPE.keys), "then": has(&types)}, {"if": has(&["q"]), "then": q_once}])
}

/// Only texts for people name what they mention.
async fn names(tx: &mut impl InTenant, events: &[StoredEvent], format: Format) -> Result<Names> {
    let mut mentioned = Mentioned::default();
    if format == Format::Formatted {
        for event in events {
            event.mentions(&mut mentioned);
        }
    }
    store::names(tx, &mentioned).await
}

/// Query of `GET /event/{id}`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadEvent {
    /// Whether the technical steps come along; there are none yet.
    #[serde(default = "yes", rename = "includeTraces")]
    #[param(inline, example = "true")]
    _include_traces: Flag,
    /// How much the event says.
    #[serde(default)]
    #[param(inline, example = "formatted")]
    format: Format,
}

/// An event.
///
/// One that is about no ticket and no contract needs the permission readSettings too.
#[utoipa::path(get, path = "/api/mind/event/{id}", tag = "event", operation_id = "get_event",
    params(("id" = i64, Path, description = "Id of the event", example = 3665), ReadEvent),
    responses((status = 200, description = "The event", body = Event)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readTicket"))))]
pub async fn get_event(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<i64>,
    Query(query): Query<ReadEvent>,
) -> Result<axum::Json<Event>> {
    caller.may(Permission::ReadTicket)?;
    let mut read = app.tenant_read(&caller).await?;
    let event = store::find(&mut read, id).await?;
    let event = event.filter(|event| event.ticket_id.is_some() || event.contract_id.is_some() || sees_all(&caller));
    let event = event.ok_or_else(|| Error::not_found("Event", id))?;
    let names = names(&mut read, std::slice::from_ref(&event), query.format).await?;
    Ok(axum::Json(Event::show(event, query.format, &names, caller.language)))
}
