//! `GET /profile`, `GET /profiles`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use super::{
    model::{Format, OpenTicket, OwnProfile, ProfileList, Show},
    store::{self, Search},
};
use crate::{
    App,
    domain::{role::Permission, ticket},
    error::{Error, Result},
    http::{
        Caller, Query, Text,
        query::{Limit, Offset},
    },
};

/// Profile of the caller.
#[utoipa::path(get, path = "/api/mind/profile", tag = "profile", operation_id = "get_profile",
    responses((status = 200, description = "The caller, with what they may do", body = OwnProfile)),
    security(("bearerAuth" = []), ("cookieAuth" = [])))]
pub async fn get_profile(State(app): State<App>, caller: Caller) -> Result<axum::Json<OwnProfile>> {
    let mut read = app.tenant_read(&caller).await?;
    let profile = store::find(&mut read, caller.profile).await?.ok_or_else(Error::unauthenticated)?;
    let tickets = if caller.may(Permission::ReadTicket).is_ok() {
        ticket::store::list_open_of(&mut read, caller.profile, 100).await?
    } else {
        Vec::new()
    };
    drop(read);
    let open = |(id, channel, subject)| OpenTicket { id, channel, blinking: false, subject };
    Ok(axum::Json(OwnProfile {
        profile,
        permissions: caller.permissions.names(),
        open_tickets: tickets.into_iter().map(open).collect(),
        // Side conversations and notifications do not exist in this version, so nobody has any.
        side_conversations: Vec::new(),
        unread_notifications: 0,
    }))
}

/// A team id, or `unassigned`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum TeamFilter {
    /// Members of the team.
    Id(i64),
    /// Members of no team.
    Unassigned,
}

impl PartialSchema for TeamFilter {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^([1-9][0-9]{0,17}|unassigned)$")).examples(["unassigned"]).into()
    }
}

impl ToSchema for TeamFilter {}

impl TryFrom<String> for TeamFilter {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        match text.as_str() {
            "unassigned" => Ok(Self::Unassigned),
            id => id.parse().ok().filter(|id| *id > 0).map(Self::Id).ok_or("must be a team id or unassigned"),
        }
    }
}

/// Query of `GET /profiles`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListProfiles {
    /// Part of a name or e-mail address.
    #[param(inline, example = "admin")]
    q: Option<Text<0, 200>>,
    /// Which kinds of profiles.
    #[serde(default)]
    #[param(inline)]
    show: Show,
    /// How much to say of each.
    #[serde(default)]
    #[param(inline)]
    format: Format,
    /// Rows at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// Rows to skip.
    #[serde(default)]
    #[param(inline)]
    offset: Offset,
    /// Members of one of these teams; repeat the parameter.
    #[serde(default)]
    #[param(inline)]
    team_ids: Vec<TeamFilter>,
    /// Skilled in one of these tags; repeat the parameter.
    #[serde(default)]
    tag_ids: Vec<i64>,
    /// Skilled in one of these channels; repeat the parameter.
    #[serde(default)]
    #[param(inline)]
    channels: Vec<Text<1, 50>>,
}

/// Profiles of the tenant.
#[utoipa::path(get, path = "/api/mind/profiles", tag = "profile", operation_id = "list_profiles",
    params(ListProfiles),
    responses((status = 200, description = "A page of profiles, by id", body = ProfileList)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("readProfile"))))]
pub async fn list_profiles(State(app): State<App>, caller: Caller, Query(query): Query<ListProfiles>) -> Result<axum::Json<ProfileList>> {
    caller.may(Permission::ReadProfile)?;
    let search = Search {
        q: query.q.map(|q| q.trim().to_owned()),
        show: query.show,
        unassigned: query.team_ids.contains(&TeamFilter::Unassigned),
        team_ids: query.team_ids.iter().filter_map(|team| if let TeamFilter::Id(id) = team { Some(*id) } else { None }).collect(),
        tag_ids: query.tag_ids,
        channels: query.channels.iter().map(|channel| channel.to_string()).collect(),
        format: query.format,
        limit: query.limit.0,
        offset: query.offset.0,
    };
    let profiles = store::list(&mut app.tenant_read(&caller).await?, &search).await?;
    Ok(axum::Json(ProfileList { success: true, profiles }))
}
