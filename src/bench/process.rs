//! What processes use, as the kernel counts it.

use std::fs;

/// Processor time in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Of the server.
    pub(super) server: f64,
    /// Of the Postgres server and all its processes.
    pub(super) postgres: f64,
    /// Of this process, which plays the clients.
    pub(super) client: f64,
}

impl Usage {
    /// Since the processes began.
    pub(super) fn now(server: u32, postgres: u32) -> Self {
        let postgres = own(postgres) + ended_children(postgres) + children(postgres).into_iter().map(own).sum::<f64>();
        Self { server: own(server), postgres, client: own(std::process::id()) }
    }

    /// Since an earlier look.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self { server: self.server - earlier.server, postgres: self.postgres - earlier.postgres, client: self.client - earlier.client }
    }
}

/// The most resident memory that a process ever had, in KiB; 0 when there is no such process.
pub(super) fn peak_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

/// Memory of the machine in KiB.
pub(super) fn machine_kib() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

/// Name of the processor.
pub(super) fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}

/// Fields of `/proc/<pid>/stat` after the program's name, which may hold blanks and brackets.
fn fields(pid: u32) -> Vec<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().map(|field| field.parse().unwrap_or_default()).collect()
}

/// Fields 14 and 15 of the manual, user and system time.
fn own(pid: u32) -> f64 {
    milliseconds(&fields(pid), 11)
}

/// Fields 16 and 17: children that ended and were waited for.
fn ended_children(pid: u32) -> f64 {
    milliseconds(&fields(pid), 13)
}

fn milliseconds(fields: &[u64], at: usize) -> f64 {
    let ticks: u64 = fields.iter().skip(at).take(2).sum();
    // The kernel reports hundredths of a second on every platform that Linux runs on today.
    #[expect(clippy::cast_precision_loss, reason = "far from 2^52 hundredths of a second")]
    let ticks = ticks as f64;
    ticks * 10.0
}

fn children(parent: u32) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| fields(*pid).get(1).copied() == Some(u64::from(parent))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_time_and_memory() {
        let begun = std::time::Instant::now();
        let mut turns = 0_u64;
        while begun.elapsed().as_millis() < 60 {
            turns = std::hint::black_box(turns + 1);
        }
        assert!(own(std::process::id()) >= 10.0);
        assert!(peak_kib(std::process::id()) > 1000 && machine_kib() > 100_000);
        assert!(fields(0).is_empty());
    }
}
