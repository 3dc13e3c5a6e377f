//! What a job is, and when a failed one is tried again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::tenant::TenantId;

/// Runs until a job is given up: with the pauses between them, about a day.
pub const MOST_ATTEMPTS: u32 = 33;
/// Pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// Longest pause of our own.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// A system that asks for more is asked again anyway.
const LONGEST_WISH: Duration = Duration::from_hours(6);

/// Id of a job in its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub struct JobId(pub i64);

/// A job that is asked for.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// What to do.
    pub task: &'static str,
    /// About what.
    pub key: String,
    /// Ids that say it again for programs.
    pub payload: Value,
    /// Not before.
    pub run_at: DateTime<Utc>,
}

/// A job in the hands of a worker.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub id: JobId,
    /// What to do.
    pub task: String,
    /// About what.
    pub payload: Value,
    /// The how manieth run this is.
    pub attempts: u32,
    /// Proves that it is still ours.
    pub claim: Uuid,
}

/// A job that was given up.
#[derive(Clone, Debug)]
pub struct Dead {
    /// Which.
    pub id: JobId,
    /// About what.
    pub payload: Value,
    /// Runs it took.
    pub attempts: i32,
    /// What the last run failed with.
    pub last_error: Option<String>,
    /// When.
    pub dead_at: DateTime<Utc>,
}

/// How much there is to do, across tenants.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stock {
    /// Not due yet.
    pub waiting: i64,
    /// Due, and nobody works on it.
    pub ready: i64,
    /// Somebody works on it.
    pub running: i64,
    /// Given up.
    pub dead: i64,
    /// Since when the oldest of those that are due has been.
    pub oldest_ready: Option<DateTime<Utc>>,
}

/// The pause after a failed run. `chance` from 0 to 1 spreads those who failed together by a quarter either way; a wish of
/// the other side is honoured when it is longer.
pub fn pause(attempts: u32, wish: Option<Duration>, chance: f64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    let own = doubled.min(LONGEST_PAUSE).mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0);
    own.max(wish.unwrap_or_default().min(LONGEST_WISH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end_after_about_a_day() {
        assert_eq!(pause(1, None, 0.5), Duration::from_secs(5));
        assert_eq!(pause(2, None, 0.5), Duration::from_secs(10));
        assert_eq!(pause(32, None, 0.5), Duration::from_hours(1));
        assert_eq!((pause(4, None, 0.0), pause(4, None, 1.0)), (Duration::from_secs(30), Duration::from_secs(50)));
        let all: Duration = (1..MOST_ATTEMPTS).map(|attempts| pause(attempts, None, 0.5)).sum();
        assert!((Duration::from_hours(22)..Duration::from_hours(26)).contains(&all), "{all:?}");
    }

    #[test]
    fn a_wish_counts_when_it_is_longer_and_has_an_end() {
        let wish = |wish| pause(3, Some(wish), 0.5);
        assert_eq!(wish(Duration::from_secs(1)), Duration::from_secs(20));
        assert_eq!(wish(Duration::from_mins(5)), Duration::from_mins(5));
        assert_eq!(wish(Duration::MAX), Duration::from_hours(6));
    }
}
