//! The closed list of permissions, and what the two built-in roles hold.

use std::{collections::BTreeSet, str::FromStr};

use serde::Serialize;
use utoipa::ToSchema;

/// Id of the built-in role that may do everything.
pub const ADMIN: i64 = 1;
/// Id of the built-in role of people who work on tickets.
pub const AGENT: i64 = 2;

/// What somebody may do. Names from `contract/profile-team-role.md` and `auth.md`; the four that begin with `read` are
/// ours, because the contract names none for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it; labels for people come with the role endpoints")]
pub enum Permission {
    ReadTicket,
    ReadContract,
    ReadProfile,
    ReadSettings,
    CreateAiAgent,
    UpdateAiAgent,
    UpdateClientSettings,
    UpdateTicket,
    UpdateIntent,
    ExecuteIntent,
    UpdateUserProfile,
    UpdateUserProfileSkills,
    ManageTemplates,
    QualityManageScorecards,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 14] = [
        Self::ReadTicket,
        Self::ReadContract,
        Self::ReadProfile,
        Self::ReadSettings,
        Self::CreateAiAgent,
        Self::UpdateAiAgent,
        Self::UpdateClientSettings,
        Self::UpdateTicket,
        Self::UpdateIntent,
        Self::ExecuteIntent,
        Self::UpdateUserProfile,
        Self::UpdateUserProfileSkills,
        Self::ManageTemplates,
        Self::QualityManageScorecards,
    ];

    /// What the built-in role Agent may do: read, and work on tickets.
    pub const AGENT: [Self; 7] = [
        Self::ReadTicket,
        Self::ReadContract,
        Self::ReadProfile,
        Self::ReadSettings,
        Self::UpdateTicket,
        Self::UpdateIntent,
        Self::ExecuteIntent,
    ];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadTicket => "readTicket",
            Self::ReadContract => "readContract",
            Self::ReadProfile => "readProfile",
            Self::ReadSettings => "readSettings",
            Self::CreateAiAgent => "createAiAgent",
            Self::UpdateAiAgent => "updateAiAgent",
            Self::UpdateClientSettings => "updateClientSettings",
            Self::UpdateTicket => "updateTicket",
            Self::UpdateIntent => "updateIntent",
            Self::ExecuteIntent => "executeIntent",
            Self::UpdateUserProfile => "updateUserProfile",
            Self::UpdateUserProfileSkills => "updateUserProfileSkills",
            Self::ManageTemplates => "manageTemplates",
            Self::QualityManageScorecards => "qualityManageScorecards",
        }
    }
}

impl FromStr for Permission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == text).ok_or_else(|| format!("`{text}` is no permission"))
    }
}

/// A set of permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions(BTreeSet<Permission>);

impl Permissions {
    /// From stored names. A name this version does not know grants nothing.
    pub fn from_names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(names.into_iter().filter_map(|name| name.as_ref().parse().ok()).collect())
    }

    /// What a role grants. The built-in Admin may do everything, also what came after it was stored.
    pub fn of_role<S: AsRef<str>>(role_id: i64, names: impl IntoIterator<Item = S>) -> Self {
        if role_id == ADMIN { Self(Permission::ALL.into_iter().collect()) } else { Self::from_names(names) }
    }

    /// Whether it holds one.
    pub fn has(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    /// What both hold: a token with scopes never does more than its owner.
    #[must_use]
    pub fn narrowed_to(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    /// A permission of these that the other does not have.
    pub fn beyond(&self, other: &Self) -> Option<Permission> {
        self.0.difference(&other.0).next().copied()
    }

    /// Names, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|permission| permission.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_is_what_serde_writes() {
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse(), Ok(permission));
            assert_eq!(serde_json::to_value(permission).unwrap(), permission.as_str());
        }
    }

    #[test]
    fn an_unknown_name_grants_nothing() {
        assert_eq!(Permissions::from_names(["everything"]), Permissions::default());
    }
}
