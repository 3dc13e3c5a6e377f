//! mind with an embedded, durable Postgres, and its violent end.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::cli::program::{Folder, Running, free_address, until};

/// A running mind in a folder of its own.
pub struct Victim {
    folder: Folder,
    address: SocketAddr,
    running: Option<Running>,
}

impl Victim {
    /// Starts it for the first time; also answers a token of the demo tenant's administrator.
    pub async fn first_start() -> (Self, String) {
        let folder = Folder::new();
        let address = free_address();
        let mut victim = Self { folder, address: address.parse().unwrap(), running: None };
        let mut running = victim.program();
        running.output_until("curl -s").await;
        victim.running = Some(running);
        let known = std::fs::read_to_string(victim.folder.file(".mind/env")).unwrap();
        let token = known.lines().find_map(|line| line.split_once("ENNEO_TOKEN=")).unwrap().1;
        let token = token.trim_matches(['\'', '"']).to_owned();
        (victim, token)
    }

    /// Where it listens, after every start.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn program(&self) -> Running {
        let address = self.address.to_string();
        let settings = [
            ("MIND_LISTEN", address.as_str()),
            ("MIND_ADMIN_LISTEN", "off"),
            ("MIND_SANDBOX_LISTEN", "off"),
            // Nobody reads the log while it runs, and a full pipe would stop the server.
            ("MIND_LOG", "off"),
            // The lease of a killed request lasts as long, and a bit longer.
            ("MIND_REQUEST_TIMEOUT_SECONDS", "2"),
        ];
        settings.into_iter().fold(self.folder.mind(&[]), |program, (name, value)| program.set(name, value)).start()
    }

    /// Kills mind, the first process of Postgres and all its children, in an order and at distances that chance decides.
    pub async fn kill(&mut self) {
        let running = self.running.take().unwrap();
        let servers = self.folder.servers();
        assert_eq!(servers.len(), 1, "one Postgres was running");
        let mut pids: Vec<i32> =
            servers.iter().flat_map(|server| children(*server)).chain(servers.clone()).chain([running.pid()]).collect();
        for at in (1..pids.len()).rev() {
            pids.swap(at, rand::random_range(0..=at));
        }
        for pid in &pids {
            if rand::random_ratio(1, 3) {
                tokio::time::sleep(Duration::from_millis(rand::random_range(0..8))).await;
            }
            kill(Pid::from_raw(*pid), Signal::SIGKILL).ok();
        }
        // Those that the first process started meanwhile.
        for pid in servers.iter().flat_map(|server| children(*server)) {
            kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
        }
        running.kill().await;
        until(|| self.folder.servers().is_empty()).await;
    }

    /// Starts it on what is left; answers how long it took until `ready`.
    pub async fn start_again(&mut self) -> Duration {
        let begun = Instant::now();
        self.running = Some(self.program());
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap();
        let url = format!("http://{}/api/mind/health/ready", self.address);
        loop {
            if http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "not ready after 30 s");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it in order.
    pub async fn stop(mut self) {
        let (status, _) = self.running.take().unwrap().interrupt().await;
        assert!(status.success(), "{status}");
        assert!(self.folder.servers().is_empty());
    }
}

/// Processes that a process has started and that still run.
fn children(parent: i32) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // State and parent come after the name, which may hold anything.
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        after.split_whitespace().nth(1).and_then(|text| text.parse().ok()) == Some(parent)
    })
    .collect()
}
