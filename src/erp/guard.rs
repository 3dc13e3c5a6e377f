//! Limits around every call to an ERP: calls at a time, pauses after failures, bounded retries, one deadline over all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use backon::Retryable;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::{
    ErpError,
    breaker::{Breaker, BreakerPolicy},
    registry::ErpSystem,
};

/// Connections whose state is kept; beyond that the one unused for longest is forgotten.
const MAX_STATES: usize = 10_000;

/// How a guard behaves. The default is what production uses.
#[derive(Clone, Copy, Debug)]
pub struct GuardPolicy {
    /// When calls are paused.
    pub breaker: BreakerPolicy,
    /// Further tries after the first.
    pub retries: usize,
    /// Shortest pause before a further try.
    pub shortest_pause: Duration,
    /// Longest pause before a further try, unless the system asks for a longer one.
    pub longest_pause: Duration,
}

impl Default for GuardPolicy {
    fn default() -> Self {
        Self {
            breaker: BreakerPolicy::default(),
            retries: 2,
            shortest_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(1),
        }
    }
}

/// Whether another try can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// No: the same request gets the same answer.
    Never,
    /// After a random pause.
    Soon,
    /// Not before the time that the system asked for.
    After(Duration),
}

/// One failed try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What the caller gets if this try stays the last.
    pub error: ErpError,
    /// Whether to try again.
    pub retry: Retry,
}

impl From<ErpError> for Failure {
    fn from(error: ErpError) -> Self {
        let retry = match &error {
            ErpError::Timeout { .. } | ErpError::Unavailable { .. } => Retry::Soon,
            ErpError::RateLimited { retry_after: Some(pause) } => Retry::After(*pause),
            _ => Retry::Never,
        };
        Self { error, retry }
    }
}

/// The states of all connections, kept for the life of the process: a breaker that forgets with each request protects
/// nobody.
#[derive(Debug, Default)]
pub struct Guards {
    policy: GuardPolicy,
    states: Mutex<States>,
}

#[derive(Debug, Default)]
struct States {
    by_connection: HashMap<(i64, ErpSystem), Entry>,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    fingerprint: String,
    state: Arc<State>,
    used: u64,
}

#[derive(Debug)]
struct State {
    permits: Semaphore,
    breaker: Breaker,
}

impl Guards {
    /// An empty registry with another policy than production's.
    pub fn with_policy(policy: GuardPolicy) -> Self {
        Self { policy, states: Mutex::default() }
    }

    /// The guard of a tenant's connection. Another `fingerprint` means other settings: the state starts afresh, so
    /// that a corrected address is tried at once. At most `max_concurrent` calls run at a time (at least one).
    pub fn guard(&self, tenant_id: i64, system: ErpSystem, fingerprint: &str, max_concurrent: usize) -> Guard {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.clock += 1;
        let now = states.clock;
        let key = (tenant_id, system);
        if let Some(entry) = states.by_connection.get_mut(&key)
            && entry.fingerprint == fingerprint
        {
            entry.used = now;
            return Guard { policy: self.policy, state: entry.state.clone() };
        }
        if states.by_connection.len() >= MAX_STATES && !states.by_connection.contains_key(&key) {
            let oldest = states.by_connection.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                states.by_connection.remove(&oldest);
            }
        }
        let state = Arc::new(State {
            permits: Semaphore::new(max_concurrent.clamp(1, Semaphore::MAX_PERMITS)),
            breaker: Breaker::new(self.policy.breaker, tenant_id, system),
        });
        let entry = Entry { fingerprint: fingerprint.to_owned(), state: state.clone(), used: now };
        states.by_connection.insert(key, entry);
        Guard { policy: self.policy, state }
    }
}

/// What stands between an adapter and one tenant's ERP. Clones share their state.
#[derive(Clone, Debug)]
pub struct Guard {
    policy: GuardPolicy,
    state: Arc<State>,
}

impl Guard {
    /// Runs a call that only reads, and again when that can help. Nothing lasts longer than `deadline`, waiting for a
    /// permit and pauses included.
    ///
    /// Errors are the last try's, or [`ErpError::CircuitOpen`] without a try, or [`ErpError::Timeout`].
    pub async fn read<T, E, F, Fut>(&self, deadline: Duration, attempt: F) -> Result<T, ErpError>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        E: Into<Failure>,
    {
        let state = &*self.state;
        state.breaker.permit()?;
        let Ok(permit) = timeout_at(Instant::now() + deadline, state.permits.acquire()).await else {
            return Err(ErpError::Timeout { after: deadline });
        };
        // The breaker may have opened while this call waited for its turn.
        state.breaker.permit()?;
        // Waiting for a turn is not the system's slowness.
        let expiry = Instant::now() + deadline;
        let tries = || state.try_once(expiry, deadline, &attempt);
        let result = tries
            .retry(self.pauses())
            .when(|failure: &Failure| failure.retry != Retry::Never)
            .adjust(|failure, pause| state.next_pause(failure, pause?, expiry))
            .await;
        drop(permit);
        result.map_err(|failure| failure.error)
    }

    /// Random pauses over the whole range, so that callers who failed together do not come back together.
    fn pauses(&self) -> impl Iterator<Item = Duration> + Send + Sync + Unpin + use<> {
        let GuardPolicy { retries, shortest_pause, longest_pause, .. } = self.policy;
        std::iter::repeat_with(move || rand::random_range(shortest_pause..=longest_pause)).take(retries)
    }
}

impl State {
    async fn try_once<T, E, F, Fut>(&self, expiry: Instant, deadline: Duration, attempt: &F) -> Result<T, Failure>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Into<Failure>,
    {
        let began = Instant::now();
        match timeout_at(expiry, attempt()).await {
            Ok(Ok(value)) => {
                self.breaker.success();
                Ok(value)
            }
            Ok(Err(failure)) => {
                let failure = failure.into();
                self.note(&failure.error);
                Err(failure)
            }
            Err(_) => {
                // A try that began late, because others held the permits, says nothing about the system.
                if began.elapsed() >= deadline / 2 {
                    self.breaker.failure();
                }
                Err(Failure { error: ErpError::Timeout { after: deadline }, retry: Retry::Never })
            }
        }
    }

    /// Only trouble of the system counts against it. An answer we do not like shows that it works; a call that was
    /// never sent shows nothing.
    fn note(&self, error: &ErpError) {
        match error {
            ErpError::Unavailable { .. } | ErpError::Timeout { .. } | ErpError::RateLimited { .. } => {
                self.breaker.failure();
            }
            ErpError::Unauthorized | ErpError::Rejected { .. } | ErpError::BadPayload { .. } => self.breaker.success(),
            ErpError::CircuitOpen { .. } | ErpError::Unsupported { .. } | ErpError::Misconfigured { .. } => {}
        }
    }

    /// The pause before the next try; none when it would not fit or calls are paused by now.
    fn next_pause(&self, failure: &Failure, pause: Duration, expiry: Instant) -> Option<Duration> {
        let pause = match failure.retry {
            Retry::After(wish) => wish.max(pause),
            Retry::Soon => pause,
            Retry::Never => return None,
        };
        let fits = Instant::now().checked_add(pause).is_some_and(|next| next < expiry);
        (fits && self.breaker.permit().is_ok()).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn quick() -> Guards {
        Guards::with_policy(GuardPolicy {
            breaker: BreakerPolicy { failures: 5, first_pause: Duration::from_millis(300), longest_pause: Duration::from_millis(600) },
            shortest_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(2),
            ..GuardPolicy::default()
        })
    }

    fn unavailable() -> ErpError {
        ErpError::Unavailable { reason: "down".to_owned() }
    }

    async fn count(guard: &Guard, deadline: Duration, error: ErpError) -> (usize, ErpError) {
        let tries = AtomicUsize::new(0);
        let result = guard
            .read(deadline, || {
                tries.fetch_add(1, Ordering::Relaxed);
                let error = error.clone();
                async move { Err::<(), _>(error) }
            })
            .await;
        (tries.into_inner(), result.unwrap_err())
    }

    #[tokio::test]
    async fn temporary_failures_are_tried_three_times() {
        let guard = quick().guard(1, ErpSystem::Custom, "a", 4);
        assert_eq!(count(&guard, LIMIT, unavailable()).await, (3, unavailable()));
    }

    #[tokio::test]
    async fn a_refusal_is_final_and_no_failure() {
        let guard = quick().guard(1, ErpSystem::Custom, "a", 4);
        for _ in 0..10 {
            assert_eq!(count(&guard, LIMIT, ErpError::Unauthorized).await, (1, ErpError::Unauthorized));
        }
    }

    #[tokio::test]
    async fn the_wish_of_the_system_is_honoured_if_it_fits() {
        let guard = quick().guard(1, ErpSystem::Custom, "a", 4);
        let limited = |pause| ErpError::RateLimited { retry_after: Some(pause) };
        let began = Instant::now();
        assert_eq!(count(&guard, LIMIT, limited(Duration::from_millis(30))).await.0, 3);
        assert!(began.elapsed() >= Duration::from_millis(60));
        assert_eq!(count(&guard, LIMIT, limited(Duration::from_mins(1))).await.0, 1);
        assert_eq!(count(&guard, LIMIT, limited(Duration::MAX)).await.0, 1);
    }

    #[tokio::test]
    async fn calls_are_paused_and_resume() {
        let guards = quick();
        let guard = guards.guard(1, ErpSystem::Custom, "a", 4);
        assert_eq!(count(&guard, LIMIT, unavailable()).await.0, 3);
        // The fifth failure opens the breaker: no third try, and the next call is not sent at all.
        assert_eq!(count(&guard, LIMIT, unavailable()).await, (2, unavailable()));
        let guard = guards.guard(1, ErpSystem::Custom, "a", 4);
        let (tries, error) = count(&guard, LIMIT, unavailable()).await;
        assert!(tries == 0 && matches!(error, ErpError::CircuitOpen { .. }), "{error}");
        // Other tenants and corrected settings are not affected.
        assert_eq!(count(&guards.guard(2, ErpSystem::Custom, "a", 4), LIMIT, ErpError::Unauthorized).await.0, 1);
        tokio::time::sleep(Duration::from_millis(310)).await;
        assert_eq!(guard.read(LIMIT, || async { Ok::<_, ErpError>(7) }).await, Ok(7));
        assert_eq!(count(&guard, LIMIT, unavailable()).await.0, 3);
        assert_eq!(count(&guards.guard(1, ErpSystem::Custom, "b", 4), LIMIT, unavailable()).await.0, 3);
    }

    #[tokio::test]
    async fn waiting_for_a_permit_counts() {
        let guard = quick().guard(1, ErpSystem::Custom, "a", 1);
        let short = Duration::from_millis(20);
        let never = || std::future::pending::<Result<(), ErpError>>();
        let (first, second) = tokio::join!(guard.read(short * 2, never), guard.read(short, never));
        assert_eq!(first, Err(ErpError::Timeout { after: short * 2 }));
        assert_eq!(second, Err(ErpError::Timeout { after: short }));
    }

    #[test]
    fn the_number_of_states_is_bounded() {
        let guards = quick();
        for tenant_id in 0..=i64::try_from(MAX_STATES).unwrap() {
            guards.guard(tenant_id, ErpSystem::Custom, "a", 1);
        }
        let states = guards.states.lock().unwrap();
        assert_eq!(states.by_connection.len(), MAX_STATES);
        assert!(!states.by_connection.contains_key(&(0, ErpSystem::Custom)));
    }
}
