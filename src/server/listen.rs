//! Listeners, and what the admin one serves.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Result, anyhow};
use axum::{Router, middleware, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{App, config::Listen, domain::health, http::transaction};

/// Binds an address; a taken one is one line that names the setting.
pub async fn exactly(setting: &str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| anyhow!("cannot listen on {address}: {}; set {setting} to another address", reason(&error)))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "the port is taken".to_owned(),
        std::io::ErrorKind::PermissionDenied => "not permitted".to_owned(),
        std::io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        _ => error.to_string(),
    }
}

/// Binds an address; a default that is taken moves to a free port, so that two development servers can run.
pub async fn or_free(setting: &str, listen: Listen, strict: bool) -> Result<Option<(TcpListener, SocketAddr)>> {
    let Some(address) = listen.address else { return Ok(None) };
    let listener = match exactly(setting, address).await {
        Ok(listener) => listener,
        Err(error) if listen.explicit || strict => return Err(error),
        Err(_) => {
            let listener = exactly(setting, SocketAddr::new(address.ip(), 0)).await?;
            tracing::info!(taken = %address, instead = %listener.local_addr()?, "{setting}: default port taken, using a free one");
            listener
        }
    };
    let address = listener.local_addr()?;
    Ok(Some((listener, address)))
}

/// Starts to collect metrics. Once per process.
pub fn metrics() -> Result<PrometheusHandle> {
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Suffix("_seconds".to_owned()),
            &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0],
        )?
        .install_recorder()?)
}

/// Histograms keep every sample until they are drained; a scrape does it, and where nobody scrapes, this does.
pub async fn keep_metrics_small(metrics: PrometheusHandle, stop: CancellationToken) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => metrics.run_upkeep(),
        }
    }
}

/// For operators: `/metrics` in Prometheus' text form, and the health routes.
pub fn admin_router(app: App, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/metrics", get(move || std::future::ready(metrics.render())))
        .merge(health::at_root())
        .layer(middleware::from_fn(transaction::name_request))
        .with_state(app)
}
