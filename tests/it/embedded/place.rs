//! A data folder whose servers end with the test, and other processes that use it.

use std::{
    fs::Permissions,
    io::{BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use mind::db::embedded::{Cluster, Options};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

/// Tells the process below which folder to use.
pub(super) const FOLDER: &str = "MIND_TEST_EMBEDDED_FOLDER";
/// "durable" when it must not lose rows that are not synced yet.
pub(super) const HOW: &str = "MIND_TEST_EMBEDDED_HOW";

/// A data folder whose servers end with it.
pub(super) struct Place {
    pub(super) data_dir: PathBuf,
    /// What the fallback made outside of the temporary folder.
    apart: std::cell::RefCell<Option<PathBuf>>,
    _temp: TempDir,
}

impl Place {
    /// In a folder that the server's user can enter.
    pub(super) fn open() -> Self {
        Self::below("data", 0o755)
    }

    pub(super) fn below(name: &str, mode: u32) -> Self {
        let temp = tempfile::Builder::new().prefix("mind-it-").tempdir().unwrap();
        std::fs::set_permissions(temp.path(), Permissions::from_mode(mode)).unwrap();
        let root = temp.path().canonicalize().unwrap();
        Self { data_dir: root.join(name), apart: None.into(), _temp: temp }
    }

    pub(super) fn options(&self, durable: bool) -> Options {
        Options { data_dir: self.data_dir.clone(), pg_bin: None, durable }
    }

    pub(super) async fn start(&self) -> Cluster {
        self.start_as(false).await
    }

    pub(super) async fn start_as(&self, durable: bool) -> Cluster {
        let cluster = Cluster::start(&self.options(durable)).await.unwrap();
        if !cluster.location().starts_with(&self.data_dir) {
            *self.apart.borrow_mut() = cluster.location().ancestors().nth(2).map(Path::to_owned);
        }
        cluster
    }

    /// Another process of mind with this folder, which has started its server.
    pub(super) fn process(&self) -> Holder {
        self.process_as("careless")
    }

    pub(super) fn process_as(&self, how: &str) -> Holder {
        let mut holder = self.spawn_process(how);
        holder.wait_until_holding();
        holder
    }

    pub(super) fn spawn_process(&self, how: &str) -> Holder {
        // The path of this module without the name of the crate and its own.
        let module = module_path!().split_once("::").unwrap().1.rsplit_once("::").unwrap().0;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{module}::holding_process"), "--nocapture"])
            .env(FOLDER, &self.data_dir)
            .env(HOW, how)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Holder { child, output }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut roots = vec![self.data_dir.clone()];
        roots.extend(self.apart.take());
        for root in &roots {
            for pid in servers_below(root) {
                let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
                wait_until_gone(pid);
            }
        }
        if let Some(apart) = roots.get(1) {
            let _ = std::fs::remove_dir_all(apart);
        }
    }
}

/// Ends with its test.
pub(super) struct Holder {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Holder {
    pub(super) fn wait_until_holding(&mut self) {
        let mut line = String::new();
        while !line.contains("holding") {
            line.clear();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the process ended early");
        }
    }

    /// As a power cut would: the process does nothing more.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it stop its cluster.
    pub(super) fn stop(mut self) {
        self.child.stdin.take().unwrap().write_all(b"stop\n").unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn servers_below(root: &Path) -> Vec<i32> {
    let root = root.to_str().unwrap();
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let mut arguments = line.split('\0');
            let is_server = arguments.next()?.ends_with("/postgres");
            let below = arguments.any(|a| a.starts_with(root) && a.ends_with("/data"));
            (is_server && below).then_some(pid)
        })
        .collect()
}

pub(super) fn pid_file(cluster: &Cluster) -> PathBuf {
    cluster.location().join("data/postmaster.pid")
}

pub(super) fn pid(cluster: &Cluster) -> i32 {
    let text = std::fs::read_to_string(pid_file(cluster)).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

pub(super) fn is_gone(pid: i32) -> bool {
    // A process that was killed but not waited for has an empty line.
    std::fs::read(format!("/proc/{pid}/cmdline")).map_or(true, |line| line.is_empty())
}

pub(super) fn wait_until_gone(pid: i32) {
    let begun = Instant::now();
    while !is_gone(pid) {
        assert!(begun.elapsed() < Duration::from_secs(20), "process {pid} stays");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(super) fn kill_now(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    wait_until_gone(pid);
}
