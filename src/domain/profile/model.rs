//! Profiles as they are created and as the API shows them (`contract/profile-team-role.md`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    error::{Error, Result},
    http::date::WireDateTime,
};

/// Id of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[sqlx(transparent)]
pub struct ProfileId(pub i64);

/// A profile about to be stored.
#[derive(Clone, Debug)]
pub struct NewProfile {
    /// `enneo` for people, `serviceWorker` for programs.
    pub kind: &'static str,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address as typed.
    pub email: String,
    /// Argon2id hash; none = cannot sign in with a password.
    pub password_hash: Option<String>,
    /// Role in the tenant.
    pub role_id: i64,
}

impl NewProfile {
    /// The first administrator of a tenant.
    pub fn administrator(email: &str, password_hash: String) -> Result<Self> {
        Self::person("Admin", email, password_hash, crate::domain::role::model::ADMIN)
    }

    /// Somebody who signs in with a password.
    pub fn person(first_name: &str, email: &str, password_hash: String, role_id: i64) -> Result<Self> {
        let email = email.trim();
        if !email_address::EmailAddress::is_valid(email) {
            return Err(Error::field("email", "must be an e-mail address"));
        }
        Ok(Self {
            kind: "enneo",
            first_name: first_name.to_owned(),
            last_name: String::new(),
            email: email.to_owned(),
            password_hash: Some(password_hash),
            role_id,
        })
    }
}

/// The form in which addresses are compared: people do not type capitals twice the same way.
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Which profiles a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Show {
    /// People.
    #[default]
    Users,
    /// People and service workers.
    All,
    /// People with an account of this system; the same as `users` here.
    Enneo,
    /// Service workers.
    ServiceWorkers,
}

/// How much a list says of each profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    /// Everything.
    #[default]
    Full,
    /// Id, names and e-mail address.
    Short,
}

/// A profile as the API shows it. Fields after `email` are absent in the short format.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Its id.
    #[schema(example = 1)]
    pub id: i64,
    /// First name.
    #[schema(example = "Max")]
    pub first_name: String,
    /// Last name.
    #[schema(example = "Mustermann")]
    pub last_name: String,
    /// E-mail address, unique in the tenant.
    #[schema(example = "demo@enneo.dev")]
    pub email: String,
    /// The rest.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ProfileRest)]
    pub rest: Option<ProfileRest>,
}

/// What the full format adds.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProfileRest {
    /// Telephone number as typed.
    #[schema(required = false)]
    pub phone: Option<String>,
    /// When the profile last used the system, to the minute.
    #[schema(required = false, example = "2022-08-12 12:21:21")]
    pub last_seen: Option<WireDateTime>,
    /// `enneo` for people, `serviceWorker` for programs.
    #[serde(rename = "type")]
    #[schema(required = false, example = "enneo")]
    pub kind: String,
    /// 1 = signs in through single sign-on only.
    #[schema(required = false, minimum = 0, maximum = 1)]
    pub is_sso_only: i32,
    /// Language of the interface.
    #[schema(required = false, example = "de")]
    pub lang: String,
    /// Name shown to customers.
    #[schema(required = false)]
    pub name_alias: Option<String>,
    /// Id in another system.
    #[schema(required = false)]
    pub external_id: Option<String>,
    /// Settings of the profile.
    #[schema(value_type = Object, required = false)]
    pub settings: Map<String, Value>,
}

/// `GET /profiles`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileList {
    /// Always true.
    pub success: bool,
    /// The page, by id.
    pub profiles: Vec<Profile>,
}

/// A ticket on somebody's desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenTicket {
    /// Ticket.
    pub id: i64,
    /// Its channel.
    pub channel: String,
    /// Whether it wants attention; false until there are live channels.
    pub blinking: bool,
    /// Subject line.
    pub subject: Option<String>,
}

/// `GET /profile`: the caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnProfile {
    /// The profile.
    #[serde(flatten)]
    #[schema(inline)]
    pub profile: Profile,
    /// What the caller may do with the credential shown.
    #[schema(example = json!(["updateTicket", "updateIntent", "executeIntent"]))]
    pub permissions: Vec<&'static str>,
    /// Tickets that are assigned to the caller and not closed, the newest 100.
    pub open_tickets: Vec<OpenTicket>,
    /// Conversations beside tickets.
    #[schema(value_type = Vec<Object>)]
    pub side_conversations: Vec<Value>,
    /// Notifications not yet read.
    pub unread_notifications: i64,
}
