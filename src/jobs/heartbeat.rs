//! The worker's sign of life, for the readiness probe.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// A worker that gave no sign for this long is stalled.
const STALLED_AFTER: Duration = Duration::from_mins(1);

/// When the worker of this process was last seen; monotonic, so that a changed clock does not make it look dead.
#[derive(Debug, Default)]
pub struct Heartbeat(Mutex<Option<Instant>>);

impl Heartbeat {
    /// From now on this process has a worker.
    pub fn expect(&self) {
        self.beat();
    }

    /// A sign of life.
    pub fn beat(&self) {
        if let Ok(mut last) = self.0.lock() {
            *last = Some(Instant::now());
        }
    }

    /// `ok`, `stalled`, or `elsewhere` when this process runs no worker.
    pub fn state(&self) -> &'static str {
        match self.0.lock().ok().and_then(|last| *last) {
            None => "elsewhere",
            Some(last) if last.elapsed() < STALLED_AFTER => "ok",
            Some(_) => "stalled",
        }
    }
}
