//! Waiting for what other nodes learn within a second.

use std::time::{Duration, Instant};

use super::Answer;

/// A second is promised; the rest is for a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Asks again until the answer fits, for a second and a half at most. Answers the last one, to be asserted on.
pub async fn within_a_second(ask: impl AsyncFn() -> Answer, fits: impl Fn(&Answer) -> bool) -> Answer {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = ask().await;
        if fits(&answer) || Instant::now() >= end {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
