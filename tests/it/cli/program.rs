//! The real binary, in a folder and with an environment of its own.

use std::{
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// A working folder. Whatever still runs below it ends with it.
pub struct Folder(TempDir);

impl Folder {
    /// One that the user of the embedded Postgres can enter, as a home folder usually is.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("mind-cli-").tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Postgres servers whose data is in it.
    pub fn servers(&self) -> Vec<i32> {
        let root = self.path().canonicalize().unwrap().to_str().unwrap().to_owned();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let servers = processes.filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let line = String::from_utf8_lossy(&std::fs::read(entry.path().join("cmdline")).ok()?).into_owned();
            let mut arguments = line.split('\0');
            let is_server = arguments.next()?.ends_with("/postgres");
            (is_server && arguments.any(|argument| argument.starts_with(&root))).then_some(pid)
        });
        servers.collect()
    }

    /// The binary with these arguments, in this folder, with no environment but the one that a shell needs.
    pub fn mind(&self, arguments: &[&str]) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mind"));
        command.args(arguments).current_dir(self.path()).env_clear().kill_on_drop(true).stdin(Stdio::null());
        for name in ["PATH", "HOME", "LANG", "TMPDIR"] {
            if let Ok(value) = std::env::var(name) {
                command.env(name, value);
            }
        }
        Program(command)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for pid in self.servers() {
            kill(Pid::from_raw(pid), Signal::SIGQUIT).ok();
        }
    }
}

/// A call about to be made.
pub struct Program(Command);

/// What a call that ended left.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Outcome {
    /// Fails unless the program says that it worked.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Fails unless the program ended with this code and said why in one line on standard error, and nothing else.
    #[track_caller]
    pub fn one_line(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!((self.err.trim_end().lines().count(), self.out.as_str()), (1, ""), "{self:?}");
        let line = self.err.trim_end();
        assert!(line.starts_with("mind: ") && line.len() < 400, "{line}");
        line
    }
}

impl Program {
    /// Sets a variable of the environment.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs to the end.
    pub async fn run(mut self) -> Outcome {
        let output = self.0.output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Outcome { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Starts something that goes on until it is stopped, in a process group of its own, as a shell would.
    pub fn start(mut self) -> Running {
        let mut child = self.0.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Running { pid: Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()), child, lines }
    }
}

/// A program that goes on.
pub struct Running {
    pid: Pid,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Standard output up to and with the line that holds a text. Fails, with the log, when the program ends first.
    pub async fn output_until(&mut self, wanted: &str) -> String {
        let mut seen = String::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            seen.push_str(&line);
            seen.push('\n');
            if line.contains(wanted) {
                return seen;
            }
        }
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
        panic!("ended before it said `{wanted}`: {seen}\n{log}");
    }

    /// Ctrl-C in a terminal: the signal goes to the whole group. Answers how it ended, and the log.
    pub async fn interrupt(mut self) -> (ExitStatus, String) {
        killpg(self.pid, Signal::SIGINT).unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
        (self.child.wait().await.unwrap(), log)
    }

    /// Its process.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// As the kernel does when memory runs out.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// An address of this machine that nobody listens on at the moment.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Waits for something that happens in another process.
pub async fn until(mut happened: impl FnMut() -> bool) {
    while !happened() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
