//! Ends a server whose users have all gone without stopping it: test processes end that way.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use super::{EmbeddedError, place::Base};

/// A shell, because it has to outlive this process.
const SCRIPT: &str = include_str!("watchdog.sh");

/// Starts the watcher, unless the machine lacks what it needs.
pub(super) fn start(base: &Base, data: &Path) -> Result<(), EmbeddedError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let equipped = std::env::split_paths(&path).any(|folder| folder.join("flock").is_file());
    if !equipped || !Path::new("/proc/self/cmdline").exists() {
        tracing::debug!("postgres: no watcher here, the server stays until it is stopped");
        return Ok(());
    }
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", SCRIPT, "mind-postgres-watchdog"])
        .arg(&base.path)
        .arg(data)
        .env_clear()
        .env("PATH", path)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = shell.spawn().map_err(EmbeddedError::file("starting a watcher for", &base.path))?;
    // Most watchers leave at once because there is one already; waiting for them here keeps the process table clean.
    std::thread::spawn(move || drop(child.wait()));
    Ok(())
}
