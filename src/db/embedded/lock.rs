//! Two lock files beside the cluster let processes share one server.
//!
//! `start.lock` is held exclusively while a server is created, started or stopped. `in-use.lock` is held shared by
//! every process that uses the server; whoever can take it exclusively knows that nobody does. The kernel frees both
//! when a process dies, whatever the way.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, Instant},
};

use super::{EmbeddedError, owner::Owner, progress};

/// How often a taken lock is tried again.
const POLL: Duration = Duration::from_millis(20);

/// A held lock; dropping it frees it.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Waits for the lock that nobody else may hold.
    pub(super) async fn exclusive(path: &Path, owner: &Owner, limit: Duration) -> Result<Self, EmbeddedError> {
        wait(path, owner, limit, File::try_lock).await
    }

    /// Waits for the lock that others may share.
    pub(super) async fn shared(path: &Path, owner: &Owner, limit: Duration) -> Result<Self, EmbeddedError> {
        wait(path, owner, limit, File::try_lock_shared).await
    }

    /// Takes the lock if nobody holds it. The watchdog holds it for milliseconds at a time, hence the short patience.
    pub(super) async fn exclusive_if_free(path: &Path, owner: &Owner) -> Result<Option<Self>, EmbeddedError> {
        match Self::exclusive(path, owner, Duration::from_millis(150)).await {
            Ok(lock) => Ok(Some(lock)),
            Err(EmbeddedError::LockTimeout { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Lock {
    /// Closing alone is not enough: a process forked at this moment by another thread holds a copy of the descriptor
    /// until it runs its program, and with it the lock.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// Polls instead of blocking: a blocked call could neither be given up nor report progress.
async fn wait(path: &Path, owner: &Owner, limit: Duration, attempt: fn(&File) -> Result<(), TryLockError>) -> Result<Lock, EmbeddedError> {
    let failed = || EmbeddedError::file("locking", path);
    let file = open(path, owner).map_err(failed())?;
    let begun = Instant::now();
    let polling = async {
        loop {
            match attempt(&file) {
                Ok(()) => return Ok(()),
                Err(TryLockError::Error(error)) => return Err(failed()(error)),
                Err(TryLockError::WouldBlock) if begun.elapsed() >= limit => {
                    return Err(EmbeddedError::LockTimeout { path: path.to_owned(), seconds: limit.as_secs() });
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(POLL).await,
            }
        }
    };
    progress::with_signs_of_life("waiting for another mind process", polling).await?;
    Ok(Lock { file })
}

fn open(path: &Path, owner: &Owner) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
        .open(path)?;
    owner.give_to_keeper(path)?;
    Ok(file)
}
