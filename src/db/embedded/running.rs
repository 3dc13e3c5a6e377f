//! Joins the server of a cluster when it runs, starts it when it does not, and heals what lies between.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, PgConnection};
use tokio::process::Child;

use super::{
    EmbeddedError, Options, binaries,
    lock::Lock,
    place::{Base, Folder},
    process::{self, Log, POLL, PidFile},
    progress, setup,
    setup::Access,
};

/// Backends that outlived a killed server end within moments; until then a new one is refused.
const ORPHANS: Duration = Duration::from_secs(15);
/// A server that runs but has no socket: it is just starting, or somebody removed the socket.
const SOCKETLESS: Duration = Duration::from_secs(10);

/// A server that accepts connections.
#[derive(Debug)]
pub(super) struct Running {
    /// How to get in.
    pub(super) access: Access,
    /// Its version.
    pub(super) version: String,
    /// Whether this call started it.
    pub(super) started_here: bool,
    end_expected: Arc<AtomicBool>,
}

/// What the pid file and the process table say together.
enum Found {
    Nothing,
    Server {
        pid: i32,
        socket_folder: Option<PathBuf>,
    },
    /// In another container: its socket answers, its process cannot be seen.
    Invisible {
        pid: i32,
        socket_folder: PathBuf,
    },
}

impl Running {
    /// Called under `start.lock`.
    pub(super) async fn join_or_start(base: &Base, folder: &Folder, options: &Options) -> Result<Self, EmbeddedError> {
        let name = "joined the running server";
        match find(base, folder).await? {
            Found::Nothing => start(base, folder, options).await,
            Found::Invisible { pid, socket_folder } => {
                let joining = join(base, folder, pid, Some(socket_folder), options.durable);
                progress::step(name, joining).await
            }
            Found::Server { pid, socket_folder } => {
                let joining = join(base, folder, pid, socket_folder, options.durable);
                match progress::step(name, joining).await {
                    Ok(running) => Ok(running),
                    Err(error) => {
                        make_way(base, folder, pid, error).await?;
                        start(base, folder, options).await
                    }
                }
            }
        }
    }

    /// From now on the end of the server is no accident.
    pub(super) fn expect_end(&self) {
        self.end_expected.store(true, Ordering::Relaxed);
    }
}

/// Ends a server that could not be joined, if that helps and harms nobody; else it stays an error.
async fn make_way(base: &Base, folder: &Folder, pid: i32, error: EmbeddedError) -> Result<(), EmbeddedError> {
    if !process::serves(pid, &folder.data()) {
        // It was about to end when it was found.
        return Ok(());
    }
    let curable = matches!(error, EmbeddedError::Unreachable { .. } | EmbeddedError::NotDurable { .. });
    let alone = Lock::exclusive_if_free(&base.in_use_lock(), &base.owner).await?;
    if !curable || alone.is_none() {
        return Err(error);
    }
    tracing::warn!(%error, "postgres: restarting the server, nobody uses it");
    process::stop(folder, pid).await
}

/// Finds the server of this cluster and clears a pid file that would keep a new one from starting.
async fn find(base: &Base, folder: &Folder) -> Result<Found, EmbeddedError> {
    let data = folder.data();
    let Some(file) = PidFile::read(&data)? else {
        return Ok(Found::Nothing);
    };
    let socket_folder = file.socket_folder.clone();
    if process::serves(file.pid, &data) {
        return Ok(Found::Server { pid: file.pid, socket_folder });
    }
    if file.data == data {
        if let Some(socket_folder) = socket_folder
            && process::answers(&socket_folder).await
        {
            return Ok(Found::Invisible { pid: file.pid, socket_folder });
        }
    } else if file.pid > 0 {
        // A copy of a data folder brings the pid file of the original, which is fine. A folder that was moved, or
        // mounted twice, while its server runs is not: two servers would write into it.
        let beside = folder.path.join("socket");
        let in_use = Lock::exclusive_if_free(&base.in_use_lock(), &base.owner).await?.is_none();
        if in_use || process::answers(&beside).await {
            return Err(EmbeddedError::Moved { location: folder.path.clone(), runs_for: file.data, pid: file.pid });
        }
    }
    file.remove_if_misleading(&data)?;
    Ok(Found::Nothing)
}

async fn join(base: &Base, folder: &Folder, pid: i32, mut socket_folder: Option<PathBuf>, durable: bool) -> Result<Running, EmbeddedError> {
    let data = folder.data();
    let begun = Instant::now();
    let (access, connection) = loop {
        if let Some(socket) = &socket_folder {
            let access = Access::of_superuser(folder, socket)?;
            match try_connect(&access).await? {
                Attempt::Connected(connection) => break (access, connection),
                // Replaying the log takes its time, and giving up would only mean to start over.
                Attempt::NotYet => {}
                Attempt::NobodyListens if begun.elapsed() < SOCKETLESS && process::serves(pid, &data) => {}
                Attempt::NobodyListens => return Err(unreachable(folder, pid)),
            }
        } else if begun.elapsed() > SOCKETLESS || !process::serves(pid, &data) {
            return Err(unreachable(folder, pid));
        }
        tokio::time::sleep(POLL).await;
        // A server that was starting when its mind was killed names its socket a moment later.
        socket_folder = PidFile::read(&data)?.and_then(|file| file.socket_folder);
    };
    finish(base, folder, access, connection, durable, None).await
}

fn unreachable(folder: &Folder, pid: i32) -> EmbeddedError {
    EmbeddedError::Unreachable { location: folder.path.clone(), pid }
}

async fn start(base: &Base, folder: &Folder, options: &Options) -> Result<Running, EmbeddedError> {
    let owner = &base.owner;
    let found = binaries::find(options.pg_bin.as_deref(), base, Some(folder)).await?;
    if !owner.can_enter(&folder.path).await {
        return Err(EmbeddedError::CannotEnter { path: folder.path.clone(), uid: owner.server_uid() });
    }
    let socket_folder = folder.socket_folder(owner).await?;
    let access = Access::of_superuser(folder, &socket_folder)?;
    let starting = Box::pin(async {
        let begun = Instant::now();
        loop {
            let (child, log) = process::spawn(folder, &found, owner, &socket_folder, options.durable)?;
            match wait_until_ready(child, &log, &access).await? {
                Waited::Ready(child, connection) => return Ok((child, connection)),
                Waited::Ended(how) => {
                    let text = log.text();
                    let passing = text.contains("pre-existing shared memory block") || text.contains("lock file \"");
                    if !passing || begun.elapsed() > ORPHANS {
                        return Err(log.failed(how));
                    }
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
            }
        }
    });
    let started = Box::pin(async {
        let (child, connection) = progress::step("started", starting).await?;
        tracing::info!(folder = %folder.path.display(), "postgres: the data is here");
        finish(base, folder, access.clone(), connection, options.durable, Some(child)).await
    })
    .await;
    if started.is_err()
        && let Ok(Some(file)) = PidFile::read(&folder.data())
        && process::serves(file.pid, &folder.data())
    {
        // Nobody would know of it; the error that matters is the first one.
        let _ = process::stop(folder, file.pid).await;
    }
    started
}

/// What became of a server that was started.
enum Waited {
    Ready(Child, PgConnection),
    Ended(String),
}

async fn wait_until_ready(mut child: Child, log: &Log, access: &Access) -> Result<Waited, EmbeddedError> {
    loop {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => return Ok(Waited::Ended(format!("it ended with {status}"))),
            Err(error) => return Ok(Waited::Ended(format!("its state is unknown: {error}"))),
        }
        match try_connect(access).await {
            Ok(Attempt::Connected(connection)) => return Ok(Waited::Ready(child, connection)),
            // While it replays its log it says so, and when it cannot listen it ends.
            Ok(Attempt::NotYet | Attempt::NobodyListens) => {}
            Err(error) => return Err(log.failed(error.to_string())),
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn finish(
    base: &Base,
    folder: &Folder,
    mut access: Access,
    mut connection: PgConnection,
    durable: bool,
    child: Option<Child>,
) -> Result<Running, EmbeddedError> {
    let started_here = child.is_some();
    let end_expected = Arc::new(AtomicBool::new(false));
    if let Some(child) = child {
        watch(child, folder.log(), Arc::clone(&end_expected));
    }
    let preparing = setup::prepare(&mut connection, &mut access, folder, &base.owner, durable);
    let version = progress::with_signs_of_life("preparing the database", preparing).await?;
    setup::close(connection).await;
    Ok(Running { access, version, started_here, end_expected })
}

/// Waits for the process, so that it leaves the process table, and reports an end that nobody asked for.
fn watch(mut child: Child, log: PathBuf, end_expected: Arc<AtomicBool>) {
    tokio::spawn(async move {
        let status = child.wait().await;
        if !end_expected.load(Ordering::Relaxed) {
            tracing::error!(?status, log = %log.display(), "postgres: the server ended by itself");
        }
    });
}

enum Attempt {
    Connected(PgConnection),
    /// It says that it is starting or stopping.
    NotYet,
    NobodyListens,
}

async fn try_connect(access: &Access) -> Result<Attempt, EmbeddedError> {
    match access.superuser("postgres").connect().await {
        Ok(connection) => Ok(Attempt::Connected(connection)),
        Err(sqlx::Error::Io(error)) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            Ok(Attempt::NobodyListens)
        }
        // It closed the connection in the middle of the greeting.
        Err(sqlx::Error::Io(error))
            if matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::WouldBlock
            ) =>
        {
            Ok(Attempt::NotYet)
        }
        Err(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("57P03" | "57P01")) => Ok(Attempt::NotYet),
        Err(error) => Err(EmbeddedError::database("signing in to PostgreSQL as its superuser")(error)),
    }
}
