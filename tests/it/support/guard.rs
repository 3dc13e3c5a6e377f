//! A limit on the time of a test: one that hangs should fail and say which it is.

use std::{future::Future, time::Duration};

/// Fails a test that takes longer than a minute.
#[track_caller]
pub fn guarded<T>(test: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    let test = Box::pin(test);
    async move { tokio::time::timeout(Duration::from_mins(1), test).await.unwrap_or_else(|_| panic!("{place}: took longer than a minute")) }
}
