//! What can go wrong around the embedded server; every text is one line that says what to do.

use std::{io, path::PathBuf};

/// A failure of the embedded server.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No usable PostgreSQL on this machine.
    #[error(
        "no PostgreSQL 15 or newer was found on this machine{note}; three ways out: install the distribution's \
         `postgresql` package, or set DATABASE_URL to a server of your own, or set MIND_PG_BIN to the folder \
         that holds `postgres` and `initdb`"
    )]
    NoBinaries {
        /// Why a download did not help; empty or beginning with a space.
        note: String,
    },
    /// The folder named by the operator does not serve.
    #[error("MIND_PG_BIN={} cannot be used: {reason}; it must be the folder that holds `postgres` and `initdb`", path.display())]
    BadBinaries {
        /// The folder that was named.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The binaries that made the cluster were removed.
    #[error(
        "the database in {} was made by PostgreSQL {major}, whose programs are not on this machine any more: \
         install the package of PostgreSQL {major}, or set MIND_PG_BIN to the folder that holds its programs",
        location.display()
    )]
    BinariesGone {
        /// The cluster.
        location: PathBuf,
        /// Its major version.
        major: u32,
    },
    /// Root has nobody to run the server as.
    #[error(
        "PostgreSQL refuses to run as root and this machine has neither a user `postgres` nor `nobody`: \
         create one of them or start mind as an ordinary user"
    )]
    NoUser,
    /// The server's user has no way into its folder.
    #[error("user id {uid}, which runs PostgreSQL, cannot enter {}: give it the right to (chmod o+x on the folders above)", path.display())]
    CannotEnter {
        /// The folder.
        path: PathBuf,
        /// The server's user.
        uid: u32,
    },
    /// Another user's cluster.
    #[error("{} belongs to user id {uid}: start mind as that user or as root, or choose another data folder", path.display())]
    ForeignOwner {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// A lock stayed taken.
    #[error(
        "another mind process has held {} for {seconds} s while it starts or stops PostgreSQL: wait for it or end it, then try again",
        path.display()
    )]
    LockTimeout {
        /// The lock file.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// A file operation failed.
    #[error("{action} {} failed: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program could not be run.
    #[error("running {} as user id {uid} failed: {source}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// As whom.
        uid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// initdb failed.
    #[error("creating the database folder failed; initdb says: {output}")]
    Initdb {
        /// The end of its output.
        output: String,
    },
    /// The server did not come up.
    #[error("PostgreSQL did not start ({reason}); the end of {}: {log}", log_file.display())]
    Start {
        /// What was seen.
        reason: String,
        /// The server's log.
        log_file: PathBuf,
        /// Its last lines.
        log: String,
    },
    /// It runs but nobody can reach it.
    #[error(
        "PostgreSQL of {} runs (process {pid}) but does not answer, and other mind processes still use it: end them and start again",
        location.display()
    )]
    Unreachable {
        /// The cluster.
        location: PathBuf,
        /// The server's process.
        pid: i32,
    },
    /// The folder was copied or moved under a running server.
    #[error(
        "{} was moved or is mounted twice: its server still runs for {}; end that server (process {pid}) first",
        location.display(), runs_for.display()
    )]
    Moved {
        /// The cluster as it is named here.
        location: PathBuf,
        /// The folder the server was started for.
        runs_for: PathBuf,
        /// The server's process.
        pid: i32,
    },
    /// It ignored the signals.
    #[error("PostgreSQL (process {pid}) did not end: look at its log in {}", location.display())]
    Stop {
        /// The cluster.
        location: PathBuf,
        /// The server's process.
        pid: i32,
    },
    /// No folder for the socket.
    #[error("no folder for PostgreSQL's socket: {} {reason}; remove it or set TMPDIR to a short path", path.display())]
    SocketFolder {
        /// The folder that was wanted.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Data would not survive a power cut.
    #[error("PostgreSQL runs with {setting} = {value}, so a power cut would lose data: remove that setting from its configuration")]
    NotDurable {
        /// The setting.
        setting: String,
        /// Its value.
        value: String,
    },
    /// The server answered with an error.
    #[error("{action} failed: {source}")]
    Database {
        /// What was tried.
        action: &'static str,
        /// The server's answer.
        source: sqlx::Error,
    },
}

impl EmbeddedError {
    /// Wraps an input/output error; made for `map_err`.
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// Wraps an error of the server; made for `map_err`.
    pub(super) fn database(action: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { action, source }
    }
}
