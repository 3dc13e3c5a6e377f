//! The server under load: this program as a process of its own, as in production.

use std::{
    net::{SocketAddr, TcpListener},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use hyper::Method;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use secrecy::ExposeSecret as _;
use tokio::process::{Child, Command};

use super::{client::Client, process, scratch::Scratch};

/// A running server.
pub(super) struct Server {
    child: Child,
    pid: u32,
    address: SocketAddr,
}

impl Server {
    /// Starts it on a free port and waits until it is ready.
    pub(super) async fn start(scratch: &Scratch) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(std::env::current_exe().context("finding this program")?);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MIND_") {
                command.env_remove(name);
            }
        }
        let child = command
            // Without a worker: its looking for jobs would count as the cost of requests.
            .args(["serve", "--role", "api"])
            .current_dir(scratch.folder())
            .env("MIND_ENV", "production")
            .env("DATABASE_URL", scratch.url().expose_secret())
            .env("MIND_SECRET_KEY", scratch.key().expose_secret())
            .env("MIND_LISTEN", address.to_string())
            .env("MIND_ADMIN_LISTEN", "off")
            .env("MIND_DATA_DIR", scratch.folder().join("server"))
            .env("MIND_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting the server")?;
        let pid = child.id().context("the server ended at once")?;
        let mut server = Self { child, pid, address };
        server.wait_until_ready().await?;
        Ok(server)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        for _ in 0..300 {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended before it was ready: {status}");
            }
            if let Ok(mut client) = Client::connect(self.address, "").await
                && let Ok((status, _)) = client.send(Method::GET, "/api/mind/health/ready", None).await
                && status.is_success()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the server was not ready within 30 s")
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// The most memory it has had.
    pub(super) fn peak_kib(&self) -> u64 {
        process::peak_kib(self.pid)
    }

    /// Asks it to stop, and waits.
    pub(super) async fn stop(mut self) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.pid)?), Signal::SIGTERM).context("stopping the server")?;
        let status = self.child.wait().await?;
        if !status.success() {
            bail!("the server did not stop in order: {status}");
        }
        Ok(())
    }
}
