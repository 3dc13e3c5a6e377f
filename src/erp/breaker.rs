//! The circuit breaker: after failures in a row calls stop for a while, so that a system in trouble can recover.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use failsafe::{FailurePolicy, Instrument, StateMachine, failure_policy::ConsecutiveFailures};

use super::{ErpError, registry::ErpSystem};

/// When a breaker opens and for how long.
#[derive(Clone, Copy, Debug)]
pub struct BreakerPolicy {
    /// Failures in a row that open it.
    pub failures: u32,
    /// Length of the first pause; each pause without a success in between is twice as long.
    pub first_pause: Duration,
    /// Longest pause.
    pub longest_pause: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { failures: 5, first_pause: Duration::from_secs(10), longest_pause: Duration::from_mins(1) }
    }
}

/// Breaker of one tenant's connection. The state machine is `failsafe`'s; this adds when the next call is allowed.
#[derive(Debug)]
pub struct Breaker {
    machine: StateMachine<Noting, Watch>,
    pause: SharedPause,
}

impl Breaker {
    /// A closed breaker. Tenant and system are for the log only.
    pub fn new(policy: BreakerPolicy, tenant_id: i64, system: ErpSystem) -> Self {
        let pause = SharedPause::default();
        let growing = Growing { next: policy.first_pause, longest: policy.longest_pause };
        let noting = Noting { inner: failsafe::failure_policy::consecutive_failures(policy.failures, growing), pause: pause.clone() };
        let machine = StateMachine::new(noting, Watch { pause: pause.clone(), tenant_id, system });
        Self { machine, pause }
    }

    /// Whether a call may go out now; the error says when to come back.
    pub fn permit(&self) -> Result<(), ErpError> {
        if self.machine.is_call_permitted() {
            return Ok(());
        }
        let until = self.pause.lock().until;
        let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        Err(ErpError::CircuitOpen { retry_after: left })
    }

    /// The system answered, if only to say no.
    pub fn success(&self) {
        self.machine.on_success();
    }

    /// The system is in trouble.
    pub fn failure(&self) {
        self.machine.on_error();
    }
}

#[derive(Debug, Default)]
struct Pause {
    length: Duration,
    until: Option<Instant>,
}

#[derive(Clone, Debug, Default)]
struct SharedPause(Arc<Mutex<Pause>>);

impl SharedPause {
    fn lock(&self) -> MutexGuard<'_, Pause> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pauses that double up to a limit.
#[derive(Clone, Debug)]
struct Growing {
    next: Duration,
    longest: Duration,
}

impl Iterator for Growing {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.next.min(self.longest);
        self.next = pause.saturating_mul(2);
        Some(pause)
    }
}

/// Writes down the length of each pause, which the state machine keeps to itself.
#[derive(Debug)]
struct Noting {
    inner: ConsecutiveFailures<Growing>,
    pause: SharedPause,
}

impl FailurePolicy for Noting {
    fn record_success(&mut self) {
        self.inner.record_success();
    }

    fn mark_dead_on_failure(&mut self) -> Option<Duration> {
        let length = self.inner.mark_dead_on_failure()?;
        self.pause.lock().length = length;
        Some(length)
    }

    fn revived(&mut self) {
        self.inner.revived();
    }
}

#[derive(Debug)]
struct Watch {
    pause: SharedPause,
    tenant_id: i64,
    system: ErpSystem,
}

impl Instrument for Watch {
    fn on_call_rejected(&self) {}

    fn on_half_open(&self) {}

    fn on_open(&self) {
        let mut pause = self.pause.lock();
        pause.until = Some(Instant::now() + pause.length);
        tracing::warn!(
            tenant_id = self.tenant_id,
            system = self.system.as_str(),
            seconds = pause.length.as_secs(),
            "calls to the ERP are paused after repeated failures"
        );
    }

    fn on_closed(&self) {
        if self.pause.lock().until.take().is_some() {
            tracing::info!(tenant_id = self.tenant_id, system = self.system.as_str(), "the ERP answers again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit() {
        let growing = Growing { next: Duration::from_secs(10), longest: Duration::from_mins(1) };
        let seconds: Vec<_> = growing.take(5).map(|pause| pause.as_secs()).collect();
        assert_eq!(seconds, [10, 20, 40, 60, 60]);
    }

    #[test]
    fn opens_after_failures_in_a_row_and_says_for_how_long() {
        let breaker = Breaker::new(BreakerPolicy::default(), 1, ErpSystem::Custom);
        for _ in 0..4 {
            breaker.failure();
        }
        breaker.success();
        for _ in 0..4 {
            breaker.failure();
        }
        assert_eq!(breaker.permit(), Ok(()));
        breaker.failure();
        let Err(ErpError::CircuitOpen { retry_after }) = breaker.permit() else { panic!("still closed") };
        assert!(retry_after > Duration::from_secs(9) && retry_after <= Duration::from_secs(10));
    }
}
