//! Bringing the server up and down: database, keys, demo tenant, listeners, in this order and back.

mod database;
mod demo;
mod listen;
mod logging;

use std::{net::SocketAddr, sync::Arc, time::Instant};

use anyhow::{Context as _, Result};
use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{App, app::SystemClock, config::Config, domain::tenant, jobs, outbound::Outbound, router, sandbox};

pub use database::{Database, keys};
pub use logging::start_logging;

/// Which part of the work this process takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// API and worker.
    All,
    /// API alone.
    Api,
    /// Worker alone, with the admin listener.
    Worker,
}

/// Measures the steps of the start for the log.
struct Steps(Instant);

impl Steps {
    fn done(&mut self, step: &str) {
        tracing::info!(ms = self.0.elapsed().as_millis(), "{step}");
        self.0 = Instant::now();
    }
}

/// Puts the parts of the process together around a database.
pub fn assemble(config: Config, database: &Database, keys: crate::secret::KeyRing) -> Result<App> {
    let outbound = Outbound::new(config.outbound_allow.clone(), config.outbound_connect_timeout)?;
    Ok(App::new(config, database.db().clone(), keys, Arc::new(SystemClock), Arc::new(outbound)))
}

/// Serves until SIGINT or SIGTERM, then drains and stops.
pub async fn serve(mut config: Config, role: Role) -> Result<()> {
    let mut steps = Steps(Instant::now());
    // From the first moment: a stop during the start must not leave a database behind.
    let stop = CancellationToken::new();
    tokio::spawn(cancel_on_signal(stop.clone()));
    // Ports first: a taken port should not cost the start of a database.
    let api = if role == Role::Worker { None } else { Some(listen::exactly("MIND_LISTEN", config.listen).await?) };
    if let Some(listener) = &api {
        config.listens_on(listener.local_addr()?);
    }
    let admin = listen::or_free("MIND_ADMIN_LISTEN", config.admin_listen, config.is_production()).await?;
    let sandbox_listener = if config.is_production() || role == Role::Worker {
        None
    } else {
        listen::or_free("MIND_SANDBOX_LISTEN", config.sandbox_listen, false).await?
    };
    let metrics = listen::metrics()?;
    let database = Database::open(&config).await?;
    steps.done("database ready");
    let listeners = Listeners { api, admin, sandbox: sandbox_listener, metrics };
    let result = serve_on(config, role, &database, listeners, steps, stop).await;
    database.close().await;
    tracing::info!("stopped");
    result
}

struct Listeners {
    api: Option<TcpListener>,
    admin: Option<(TcpListener, SocketAddr)>,
    sandbox: Option<(TcpListener, SocketAddr)>,
    metrics: PrometheusHandle,
}

async fn serve_on(
    config: Config,
    role: Role,
    database: &Database,
    listeners: Listeners,
    mut steps: Steps,
    stop: CancellationToken,
) -> Result<()> {
    let prepare = async {
        if config.is_production() {
            database.db().check_migrated().await?;
        } else {
            database.db().migrate().await?;
            std::fs::create_dir_all(&config.data_dir).with_context(|| format!("making the folder {}", config.data_dir.display()))?;
        }
        database.db().check_reads().await.context("opening a connection for reading")?;
        steps.done("schema up to date");
        let keys = keys(&config)?;
        let app = assemble(config, database, keys)?;
        check_key(&app).await?;
        app.storage().open()?;
        anyhow::Ok(app)
    };
    // Another node may hold the lock of the migrations for long.
    let app = tokio::select! {
        app = prepare => app?,
        () = stop.cancelled() => return Ok(()),
    };
    let tasks = TaskTracker::new();
    let mut banner = None;
    if !app.config().is_production() && role != Role::Worker {
        let sandbox = match listeners.sandbox {
            Some(listener) => Some(demo::start_sandbox(&app, listener, &tasks, &stop)?),
            None => None,
        };
        banner = Some(demo::prepare(&app, sandbox.as_ref()).await.context("preparing the demo tenant")?);
        steps.done("demo tenant ready");
    }
    let upkeep = listeners.metrics.clone();
    tasks.spawn(listen::keep_metrics_small(upkeep, stop.clone()));
    if role != Role::Api {
        tasks.spawn(jobs::run(app.clone(), stop.clone()));
    }
    if let Some((listener, address)) = listeners.admin {
        let router = listen::admin_router(app.clone(), listeners.metrics);
        tasks.spawn(run(listener, router, stop.clone()));
        tracing::info!(%address, "admin listener ready");
    }
    if let Some(listener) = listeners.api {
        let address = listener.local_addr()?;
        tasks.spawn(run(listener, router::build(app.clone())?, stop.clone()));
        tracing::info!(%address, "API ready");
    }
    if let Some(banner) = banner.filter(|_| !stop.is_cancelled()) {
        banner.print();
    }
    stop.cancelled().await;
    tracing::info!("stopping: running requests may end");
    tasks.close();
    if tokio::time::timeout(app.config().drain_timeout, tasks.wait()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    Ok(())
}

/// A wrong key shows at the start, not at the first secret somebody needs.
pub async fn check_key(app: &App) -> Result<()> {
    if tenant::service::key_fits(app).await? {
        return Ok(());
    }
    anyhow::bail!("MIND_SECRET_KEY does not belong to this database; put the key it was made with last in the list")
}

/// Serves a router until told to stop, then lets running requests end.
async fn run(listener: TcpListener, router: Router, stop: CancellationToken) {
    use axum::serve::ListenerExt as _;
    // An answer is written in one piece; waiting for more of it costs 40 ms on kept connections.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY not set");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await {
        tracing::error!(%error, "listener ended");
    }
}

async fn cancel_on_signal(stop: CancellationToken) {
    if let Err(error) = stop_signal().await {
        tracing::error!(%error, "signals cannot be awaited");
    }
    stop.cancel();
    if stop_signal().await.is_ok() {
        // Asked twice: somebody wants it to end now, whatever is left behind.
        std::process::exit(130);
    }
}

/// SIGINT or SIGTERM.
async fn stop_signal() -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result.map_err(Into::into),
        _ = terminate.recv() => Ok(()),
    }
}

/// Runs the sandbox alone.
pub async fn serve_sandbox(address: SocketAddr, options: sandbox::Options) -> Result<()> {
    let listener = listen::exactly("--listen", address).await?;
    let address = listener.local_addr()?;
    println!("ERP sandbox at http://{address}/ (the four calls of the custom API below /custom, controls below /_sandbox)");
    let stop = CancellationToken::new();
    let server = tokio::spawn(sandbox::serve(listener, options, stop.clone()));
    stop_signal().await?;
    stop.cancel();
    server.await??;
    Ok(())
}
