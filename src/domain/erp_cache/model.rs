//! How old an answer may be, where it came from, and when it may still be served.

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

/// What is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A contract.
    Contract,
    /// A customer.
    Customer,
}

impl Kind {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contract => "contract",
            Self::Customer => "customer",
        }
    }
}

/// Which answers a caller accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Freshness {
    /// A copy that is current enough, else the ERP.
    #[default]
    Cached,
    /// The ERP first, whatever is stored (`refresh=true`).
    Refresh,
    /// Never the ERP (`erpCacheOnly=true`).
    CacheOnly,
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The ERP, just now.
    Erp,
    /// A copy that counts as current.
    Cache,
    /// A copy that stands in because the ERP has trouble.
    Stale,
}

impl Source {
    /// The value of the header `X-Erp-Source`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erp => "erp",
            Self::Cache => "cache",
            Self::Stale => "stale",
        }
    }
}

/// A stored copy.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// What the adapter made of the ERP's answer.
    pub body: Value,
    /// When the ERP gave it.
    pub fetched_at: DateTime<Utc>,
    /// When it was declared out of date.
    pub invalidated_at: Option<DateTime<Utc>>,
}

impl Copy {
    /// Whether it may be served without asking the ERP.
    pub fn is_current(&self, now: DateTime<Utc>, fresh_for: Duration) -> bool {
        self.invalidated_at.is_none() && now - self.fetched_at < fresh_for
    }

    /// Whether it may stand in while the ERP has trouble.
    pub fn may_stand_in(&self, now: DateTime<Utc>, stale_for: Duration) -> bool {
        now - self.fetched_at < stale_for
    }
}

/// Where the parts of an answer came from, all in all: the least fresh one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The least fresh source.
    pub source: Source,
    /// When the oldest part was fetched.
    pub fetched_at: DateTime<Utc>,
}

impl Provenance {
    /// Joins two parts of one answer.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { source: self.source.max(other.source), fetched_at: self.fetched_at.min(other.fetched_at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalidated_copy_is_not_current_but_may_stand_in() {
        let fetched_at = DateTime::UNIX_EPOCH;
        let copy = |invalidated_at| Copy { body: Value::Null, fetched_at, invalidated_at };
        let soon = fetched_at + Duration::seconds(10);
        assert!(copy(None).is_current(soon, Duration::seconds(60)));
        assert!(!copy(None).is_current(soon, Duration::seconds(10)));
        assert!(!copy(Some(soon)).is_current(soon, Duration::seconds(60)));
        assert!(copy(Some(soon)).may_stand_in(soon, Duration::seconds(60)));
        assert!(!copy(None).may_stand_in(soon, Duration::seconds(5)));
    }

    #[test]
    fn the_least_fresh_part_counts() {
        let old = Provenance { source: Source::Stale, fetched_at: DateTime::UNIX_EPOCH };
        let new = Provenance { source: Source::Erp, fetched_at: DateTime::UNIX_EPOCH + Duration::seconds(5) };
        assert_eq!(old.and(new), old);
        assert_eq!(new.and(old), old);
    }
}
