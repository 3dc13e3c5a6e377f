//! A clock that stands still until a test moves it.

use std::sync::Mutex;

use chrono::{DateTime, Duration, Utc};
use mind::app::Clock;

/// Starts at 2026-01-13 17:28:51 UTC, which is 18:28:51 in Berlin.
pub struct TestClock(Mutex<DateTime<Utc>>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Mutex::new("2026-01-13T17:28:51Z".parse().unwrap()))
    }
}

impl TestClock {
    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}
