//! The server's process: what its pid file says, whether it lives, how it is started and ended.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::Child;

use super::{
    EmbeddedError,
    binaries::Binaries,
    owner::Owner,
    place::{Folder, SOCKET_NAME},
    progress,
};

/// How often a process or socket is looked at.
pub(super) const POLL: Duration = Duration::from_millis(5);
/// A fast shutdown writes all changed pages to the disk first.
const POLITE: Duration = Duration::from_mins(1);
/// After that the server is told to stop at once; the next start replays its log.
const AT_ONCE: Duration = Duration::from_secs(10);
/// The log starts anew at this size.
const LONGEST_LOG: u64 = 10 * 1024 * 1024;
/// What an error shows of the log.
const LOG_LINES: usize = 8;

/// What the server writes into `postmaster.pid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidFile {
    /// Its process; 0 when the file is damaged.
    pub(super) pid: i32,
    /// The folder it was started for.
    pub(super) data: PathBuf,
    /// Where its socket is, once it has one.
    pub(super) socket_folder: Option<PathBuf>,
}

impl PidFile {
    /// Reads the file of a cluster, if there is one.
    pub(super) fn read(data: &Path) -> Result<Option<Self>, EmbeddedError> {
        let path = Self::path(data);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(Self::parse(&String::from_utf8_lossy(&bytes)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EmbeddedError::file("reading", path)(error)),
        }
    }

    /// Lines: process, data folder, start time, port, socket folder, address, shared memory, state.
    fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let pid = lines.next().and_then(|line| line.trim().parse::<i32>().ok());
        let data = PathBuf::from(lines.next().unwrap_or_default());
        let socket_folder = lines.nth(2).filter(|line| !line.is_empty()).map(PathBuf::from);
        Self {
            // A server in single-user mode writes its process negated.
            pid: pid.map_or(0, i32::wrapping_abs),
            data,
            socket_folder,
        }
    }

    fn path(data: &Path) -> PathBuf {
        data.join("postmaster.pid")
    }

    /// Removes a file whose process is a stranger that got the same number: the server would refuse to start because
    /// that number is alive. One whose process is dead stays, since the server uses it to find orphaned backends.
    pub(super) fn remove_if_misleading(&self, data: &Path) -> Result<(), EmbeddedError> {
        if self.pid > 0 && kill(Pid::from_raw(self.pid), None) == Err(nix::errno::Errno::ESRCH) {
            return Ok(());
        }
        tracing::warn!(pid = self.pid, "postgres: removed the pid file of a server that is gone");
        let path = Self::path(data);
        std::fs::remove_file(&path).map_err(EmbeddedError::file("removing", path))
    }
}

/// Whether this process is the server of this data folder; a number alone proves nothing, numbers are used again.
pub(super) fn serves(pid: i32, data: &Path) -> bool {
    if pid <= 0 {
        return false;
    }
    let data = data.as_os_str().as_bytes();
    if Path::new("/proc/self/cmdline").exists() {
        // Readable by everybody, unlike the process's folder, which root in a container may not see. Empty for one
        // that has ended but was not waited for. Backends rewrite theirs, so this is the postmaster.
        return std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
            let mut arguments = line.split(|byte| *byte == 0);
            let program = arguments.next().unwrap_or_default();
            (program.ends_with(b"postgres") || program.ends_with(b"postmaster")) && arguments.any(|argument| argument == data)
        });
    }
    std::process::Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output()
        .is_ok_and(|output| output.stdout.windows(data.len()).any(|part| part == data))
}

/// Whether somebody listens on the socket in this folder.
pub(super) async fn answers(socket_folder: &Path) -> bool {
    match tokio::net::UnixStream::connect(socket_folder.join(SOCKET_NAME)).await {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::InvalidInput),
    }
}

/// Starts the server and does not wait. The socket folder must be free of a living server.
pub(super) fn spawn(
    folder: &Folder,
    binaries: &Binaries,
    owner: &Owner,
    socket_folder: &Path,
    durable: bool,
) -> Result<(Child, Log), EmbeddedError> {
    for name in [SOCKET_NAME.to_owned(), format!("{SOCKET_NAME}.lock")] {
        let path = socket_folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(EmbeddedError::file("removing", path)(error));
            }
            _ => {}
        }
    }
    let (log, output) = Log::open(folder, owner)?;
    let errors = output.try_clone().map_err(EmbeddedError::file("opening", folder.log()))?;
    let program = binaries.folder.join("postgres");
    let mut command = owner.command(&program);
    command
        .arg("-D")
        .arg(folder.data())
        .args(settings(socket_folder, durable).iter().flat_map(|setting| ["-c", setting]))
        .stdout(Stdio::from(output))
        .stderr(Stdio::from(errors));
    let child = command.spawn().map_err(|source| EmbeddedError::Program { program, uid: owner.server_uid(), source })?;
    Ok((child, log))
}

/// On the command line, so that nothing in the configuration file can override them.
fn settings(socket_folder: &Path, durable: bool) -> Vec<String> {
    let folder = socket_folder.to_string_lossy().replace('"', "\"\"");
    let mut settings = vec![
        "listen_addresses=".to_owned(),
        "port=5432".to_owned(),
        format!("unix_socket_directories=\"{folder}\""),
        "unix_socket_permissions=0700".to_owned(),
        "max_connections=200".to_owned(),
        "shared_buffers=128MB".to_owned(),
        "logging_collector=off".to_owned(),
        "log_destination=stderr".to_owned(),
    ];
    let switch = if durable { "on" } else { "off" };
    for name in super::setup::DURABILITY {
        settings.push(format!("{name}={switch}"));
    }
    settings
}

/// Ends the server: politely, then at once.
pub(super) async fn stop(folder: &Folder, pid: i32) -> Result<(), EmbeddedError> {
    let data = folder.data();
    progress::step("stopped", async {
        for (signal, patience) in [(Signal::SIGINT, POLITE), (Signal::SIGQUIT, AT_ONCE)] {
            if serves(pid, &data) {
                // An error here shows as a server that stays, or it is gone in this very moment.
                let _ = kill(Pid::from_raw(pid), signal);
            }
            let begun = Instant::now();
            while begun.elapsed() < patience {
                if !serves(pid, &data) {
                    return Ok(());
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Err(EmbeddedError::Stop { location: folder.path.clone(), pid })
    })
    .await
}

/// The server's log, from the line where this start began.
#[derive(Debug)]
pub(super) struct Log {
    /// The file.
    pub(super) path: PathBuf,
    begin: u64,
}

impl Log {
    fn open(folder: &Folder, owner: &Owner) -> Result<(Self, File), EmbeddedError> {
        let path = folder.log();
        let open = || -> io::Result<(File, u64)> {
            let file =
                OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits()).open(&path)?;
            owner.give_to_keeper(&path)?;
            let mut length = file.metadata()?.len();
            if length > LONGEST_LOG {
                file.set_len(0)?;
                length = 0;
            }
            Ok((file, length))
        };
        let (file, begin) = open().map_err(EmbeddedError::file("opening", &path))?;
        Ok((Self { path, begin }, file))
    }

    /// What the server wrote since then.
    pub(super) fn text(&self) -> String {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(self.begin))?;
            let mut bytes = Vec::new();
            file.take(64 * 1024).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_or_else(|error| format!("(unreadable: {error})"), |bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The error that shows the end of the log.
    pub(super) fn failed(&self, reason: String) -> EmbeddedError {
        EmbeddedError::Start { reason, log_file: self.path.clone(), log: on_one_line(&self.text()) }
    }
}

/// The last lines, joined: an error is one line.
pub(super) fn on_one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_is_read_at_every_stage_of_its_life() {
        let whole = "42\n/d/pg/15/data\n1700000000\n5432\n/d/pg/15/socket\n\n  123  456\nready   \n";
        let expected = PidFile { pid: 42, data: "/d/pg/15/data".into(), socket_folder: Some("/d/pg/15/socket".into()) };
        assert_eq!(PidFile::parse(whole), expected);
        assert_eq!(PidFile::parse("-42\n/d\n1\n5432\n\n").pid, 42);
        assert_eq!(PidFile::parse("42\n/d\n1\n5432\n\n").socket_folder, None);
        assert_eq!(PidFile::parse("").pid, 0);
    }

    #[test]
    fn a_living_stranger_is_not_our_server() {
        let own = i32::try_from(std::process::id()).unwrap_or_default();
        assert!(!serves(own, Path::new("/nowhere/pg/15/data")));
        assert!(!serves(0, Path::new("/nowhere/pg/15/data")));
    }

    #[test]
    fn a_socket_folder_with_commas_and_quotes_stays_one_folder() {
        let settings = settings(Path::new("/a,b/\"c\""), true);
        assert!(settings.contains(&"unix_socket_directories=\"/a,b/\"\"c\"\"\"".to_owned()));
        assert!(settings.contains(&"fsync=on".to_owned()));
    }
}
