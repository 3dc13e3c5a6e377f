//! One log line per step with its duration, and a sign of life when a step takes long.

use std::time::{Duration, Instant};

/// After this time an operator wants to know that something still happens.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

/// Runs one step; says every few seconds that it still runs and, when it went well, how long it took.
pub(super) async fn step<T, E>(name: &str, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let begun = Instant::now();
    let result = with_signs_of_life(name, work).await;
    if result.is_ok() {
        tracing::info!(elapsed_ms = milliseconds(begun), "postgres: {name}");
    }
    result
}

/// Like [`step`] for what is not worth a line when it is quick.
pub(super) async fn with_signs_of_life<T>(name: &str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let mut work = std::pin::pin!(work);
    loop {
        if let Ok(result) = tokio::time::timeout(SIGN_OF_LIFE, &mut work).await {
            return result;
        }
        tracing::info!(elapsed_ms = milliseconds(begun), "postgres: {name} is still under way");
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
