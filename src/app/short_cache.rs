//! A cache for what may be a second old, with an invalidation that also holds for work under way.

use std::{
    future::Future,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::future::Cache;

use crate::error::{Error, Result};

/// How long a node may go on with what it knows. What changes elsewhere holds here within a second (`contract/auth.md`).
const FRESH_FOR: Duration = Duration::from_millis(900);

/// Entries live under the generation in which they were asked for. An invalidation begins a new generation: a load that
/// began before it ends in the old one, where nobody looks any more.
pub struct ShortCache<K, V> {
    entries: Cache<(u64, K), V>,
    generation: AtomicU64,
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static> ShortCache<K, V> {
    /// Holds so many entries at most.
    pub fn new(entries: u64) -> Self {
        Self { entries: Cache::builder().max_capacity(entries).time_to_live(FRESH_FOR).build(), generation: AtomicU64::new(0) }
    }

    /// The entry, or what the load makes. Who asks for the same meanwhile waits for the same load; a failure is not kept.
    pub async fn get_or_load(&self, key: K, load: impl Future<Output = Result<V>>) -> Result<V> {
        let key = (self.generation.load(Ordering::Acquire), key);
        self.entries.try_get_with(key, load).await.map_err(shared)
    }

    /// The same, whether this call's own load made it, and the generation it belongs to.
    pub async fn get_or_load_own(&self, key: K, load: impl Future<Output = Result<V>>) -> Result<(V, bool, u64)> {
        let generation = self.generation.load(Ordering::Acquire);
        let entry = self.entries.entry((generation, key)).or_try_insert_with(load).await.map_err(shared)?;
        let own = entry.is_fresh();
        Ok((entry.into_value(), own, generation))
    }

    /// Puts an entry that was loaded in a generation; nobody sees it once another has begun.
    pub async fn insert(&self, generation: u64, key: K, value: V) {
        self.entries.insert((generation, key), value).await;
    }

    /// Drops one entry; a load of it that is under way may still be shared.
    pub async fn forget(&self, key: K) {
        self.entries.invalidate(&(self.generation.load(Ordering::Acquire), key)).await;
    }

    /// From now on nothing that was asked for before is served. Call it after the commit.
    pub fn invalidate(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}

/// One failure for everybody who waited for the same load. Its cause is logged by each who answers with it.
fn shared(error: Arc<Error>) -> Error {
    match Arc::try_unwrap(error) {
        Ok(error) => error,
        Err(shared) => match &*shared {
            Error::Problem { code, error, details, errors, retry_after } => Error::Problem {
                code: *code,
                error: error.clone(),
                details: details.clone(),
                errors: errors.clone(),
                retry_after: *retry_after,
            },
            Error::Internal(cause) => Error::internal(anyhow::anyhow!("{cause:#}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The harm: a setting that was just changed shows its old value on the node that changed it.
    #[tokio::test]
    async fn a_load_from_before_an_invalidation_is_not_served_after_it() {
        let cache = Arc::new(ShortCache::<u8, &str>::new(10));
        let (begun, wait_begun) = tokio::sync::oneshot::channel();
        let (go_on, wait_go_on) = tokio::sync::oneshot::channel();
        let slow = tokio::spawn({
            let cache = Arc::clone(&cache);
            async move {
                cache
                    .get_or_load(1, async {
                        begun.send(()).unwrap();
                        wait_go_on.await.unwrap();
                        Ok("old")
                    })
                    .await
            }
        });
        wait_begun.await.unwrap();
        cache.invalidate();
        go_on.send(()).unwrap();
        assert_eq!(slow.await.unwrap().unwrap(), "old");
        assert_eq!(cache.get_or_load(1, async { Ok("new") }).await.unwrap(), "new");
    }
}
