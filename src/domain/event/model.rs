//! An event as it is appended.

use serde_json::Value;

use crate::domain::profile::ProfileId;

/// Something that happened. Types are lower camel case (`contract/event.md`).
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// What happened, such as `settingsUpdated`.
    pub kind: &'static str,
    /// Old and new values. Never a secret.
    pub data: Value,
    /// Who did it; none for the system.
    pub created_by: Option<ProfileId>,
}

impl NewEvent {
    /// Something a person or service worker did.
    pub fn by(profile: ProfileId, kind: &'static str, data: Value) -> Self {
        Self { kind, data, created_by: Some(profile) }
    }
}
