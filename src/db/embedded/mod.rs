//! A PostgreSQL of our own, for a start without any set-up.
//!
//! mind finds the server programs of the machine (or fetches them), creates a cluster in the data folder and runs it as
//! a process of its own, reachable through a unix socket in a private folder only. Processes that use the same data
//! folder share one server: the first starts it, the last one to leave stops it. If mind is killed, its server lives
//! on and the next start adopts it; if the server is killed too, the next start heals what is left.
//!
//! Everything that changes the state of the cluster happens under one lock file ([`lock`]).

mod binaries;
mod create;
#[cfg(feature = "download")]
mod download;
mod error;
mod lock;
mod owner;
mod place;
mod process;
mod progress;
mod running;
mod setup;
mod watchdog;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::postgres::PgConnectOptions;

pub use error::EmbeddedError;

use self::{
    lock::Lock,
    owner::Owner,
    place::{Base, Folder},
    process::PidFile,
    running::Running,
};

/// Others may be fetching the server programs or replaying a long log.
const LOCK_LIMIT: Duration = Duration::from_mins(10);

/// Where the server lives and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; made if it is missing.
    pub data_dir: PathBuf,
    /// The folder with `postgres` and `initdb`, if the operator named one.
    pub pg_bin: Option<PathBuf>,
    /// False only in tests: a power cut may then lose data.
    pub durable: bool,
}

/// A running server that this process uses.
#[derive(Debug)]
pub struct Cluster {
    base: Base,
    folder: Folder,
    running: Running,
    in_use: Lock,
}

impl Cluster {
    /// Creates, adopts or starts the server of the data folder and waits until it accepts connections.
    pub async fn start(options: &Options) -> Result<Self, EmbeddedError> {
        let mut base = Base::choose(&options.data_dir).await?;
        let _start = Lock::exclusive(&base.start_lock(), &base.owner, LOCK_LIMIT).await?;
        base.remove_unfinished().await;
        let folder = if let Some(folder) = base.cluster()? {
            // Somebody else may have created it while we waited.
            base.owner = Owner::of_existing(&base.path, &folder.data())?;
            folder
        } else {
            let found = binaries::find(options.pg_bin.as_deref(), &base, None).await?;
            create::cluster(&base, &found, options.durable).await?
        };
        let running = Box::pin(Running::join_or_start(&base, &folder, options)).await?;
        let in_use = Lock::shared(&base.in_use_lock(), &base.owner, LOCK_LIMIT).await?;
        Ok(Self { base, folder, running, in_use })
    }

    /// The login role `mind` in the database `mind`.
    pub fn connect_options(&self) -> PgConnectOptions {
        self.running.access.login()
    }

    /// The superuser; only for this module and for tests.
    pub fn superuser_options(&self, database: &str) -> PgConnectOptions {
        self.running.access.superuser(database)
    }

    /// The folder of the cluster: `pg/<major>` in the data folder, or in `/var/lib/mind/<hash>` when the server's user
    /// cannot enter the data folder.
    pub fn location(&self) -> &Path {
        &self.folder.path
    }

    /// The version of the server, such as `15.19 (Debian 15.19-0+deb12u1)`.
    pub fn server_version(&self) -> &str {
        &self.running.version
    }

    /// False when the server was running already.
    pub fn started_here(&self) -> bool {
        self.running.started_here
    }

    /// Stops using the server, and stops it unless other processes use it.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        let Self { base, folder, running, in_use } = self;
        running.expect_end();
        let _start = Lock::exclusive(&base.start_lock(), &base.owner, LOCK_LIMIT).await?;
        drop(in_use);
        let Some(_alone) = Lock::exclusive_if_free(&base.in_use_lock(), &base.owner).await? else {
            tracing::info!("postgres: left running, other processes use it");
            return Ok(());
        };
        let data = folder.data();
        match PidFile::read(&data)? {
            Some(file) if process::serves(file.pid, &data) => {
                process::stop(&folder, file.pid).await?;
                if let Some(socket_folder) = file.socket_folder {
                    // A short folder among the temporary files is not needed any more; one with content stays.
                    let _ = std::fs::remove_dir(socket_folder);
                }
            }
            _ => tracing::warn!("postgres: it was gone before it was stopped"),
        }
        Ok(())
    }

    /// For tests, whose processes end without stopping: a detached process stops the server when nobody has used it
    /// for about five seconds. Does nothing on a machine without `flock`.
    pub fn stop_when_unused(&self) -> Result<(), EmbeddedError> {
        watchdog::start(&self.base, &self.folder.data())
    }
}
