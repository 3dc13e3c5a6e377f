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
    /// The ticket it is about.
    pub ticket: Option<i64>,
    /// The contract it is about.
    pub contract: Option<String>,
}

impl NewEvent {
    /// Something that happened; by nobody in particular unless told.
    pub fn new(kind: &'static str, data: Value, created_by: Option<ProfileId>) -> Self {
        Self { kind, data, created_by, ticket: None, contract: None }
    }

    /// Something a person or service worker did.
    pub fn by(profile: ProfileId, kind: &'static str, data: Value) -> Self {
        Self::new(kind, data, Some(profile))
    }

    /// Names the ticket it is about, and the ticket's contract.
    #[must_use]
    pub fn about_ticket(mut self, ticket: i64, contract: Option<&str>) -> Self {
        self.ticket = Some(ticket);
        self.contract = contract.map(str::to_owned);
        self
    }
}
