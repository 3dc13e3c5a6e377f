//! The figures, as a table for people and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    load::{Measured, Way},
    operation::Operation,
    process::{self, Usage},
};

/// Where it was measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Machine {
    processor: String,
    cores: usize,
    memory_mib: u64,
    /// Version of Postgres.
    pub(super) postgres: String,
    mind: &'static str,
    optimised: bool,
}

impl Machine {
    /// This one.
    pub(super) fn of_this_process() -> Self {
        Self {
            processor: process::processor(),
            cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            memory_mib: process::machine_kib() / 1024,
            postgres: String::new(),
            mind: env!("CARGO_PKG_VERSION"),
            optimised: !cfg!(debug_assertions),
        }
    }
}

/// One measurement.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    operation: String,
    connections: usize,
    way: String,
    per_second: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    requests: u64,
    errors: u64,
    first_error: Option<String>,
    server_cpu_ms: f64,
    postgres_cpu_ms: f64,
    client_cpu_ms: f64,
}

impl Line {
    /// Figures of a measurement; processor time is per request.
    #[expect(clippy::cast_precision_loss, reason = "counts and microseconds of one run")]
    pub(super) fn new(operation: Operation, way: Way, connections: usize, measured: &Measured, used: &Usage) -> Self {
        let requests = measured.times.len();
        let share = |milliseconds: f64| milliseconds / (requests.max(1) as f64);
        let quantile = |at: f64| measured.times.value_at_quantile(at) as f64 / 1000.0;
        Self {
            operation: operation.to_string(),
            connections,
            way: way.to_string(),
            per_second: requests as f64 / measured.seconds,
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            requests,
            errors: measured.errors,
            first_error: measured.first_error.clone(),
            server_cpu_ms: share(used.server),
            postgres_cpu_ms: share(used.postgres),
            client_cpu_ms: share(used.client),
        }
    }
}

/// All measurements at one size of the database.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Scale {
    /// Tickets loaded.
    pub(super) tickets: u64,
    /// How long that took.
    pub(super) seed_seconds: f64,
    /// Tickets that the search by status and priority finds.
    pub(super) open_and_urgent: i64,
    /// The most memory the server had until it was ready.
    pub(super) peak_before_kib: u64,
    /// The most memory the server ever had.
    pub(super) peak_after_kib: u64,
    /// Measurements in their order.
    pub(super) lines: Vec<Line>,
}

impl Scale {
    fn line(&self, operation: &str, connections: usize, way: Way) -> Option<&Line> {
        self.lines.iter().find(|line| line.operation == operation && line.connections == connections && line.way == way.to_string())
    }

    /// Rate of a line as a share of the rate of another way.
    fn ratio(&self, line: &Line, way: Way) -> Option<f64> {
        let other = self.line(&line.operation, line.connections, way)?;
        (line.way != other.way && other.per_second > 0.0).then(|| line.per_second / other.per_second)
    }
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub(super) machine: Machine,
    pub(super) seconds: u64,
    pub(super) scales: Vec<Scale>,
}

impl Report {
    /// Calls that failed.
    pub fn errors(&self) -> u64 {
        self.scales.iter().flat_map(|scale| &scale.lines).map(|line| line.errors).sum()
    }

    /// As JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// As Markdown, which is readable in a terminal too.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let machine = &self.machine;
        let build = if machine.optimised { "release" } else { "DEBUG: the figures of the server mean nothing" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}, {} cores for server, Postgres and clients together, {} MiB; Postgres {}, durable; mind {} ({build}); {} s a line.\n",
            machine.processor, machine.cores, machine.memory_mib, machine.postgres, machine.mind, self.seconds
        );
        for scale in &self.scales {
            section(&mut text, scale);
        }
        if let [first, .., last] = self.scales.as_slice() {
            growth(&mut text, first, last);
        }
        text
    }
}

fn section(text: &mut String, scale: &Scale) {
    let _ = writeln!(
        text,
        "### {} tickets\n\nLoaded in {:.0} s; {} are open and urgent; server {:.0} MiB before, {:.0} MiB after.\n",
        scale.tickets,
        scale.seed_seconds,
        scale.open_and_urgent,
        mebibytes(scale.peak_before_kib),
        mebibytes(scale.peak_after_kib)
    );
    text.push_str("| operation | conn. | way | per s | of TenantTx | of bare | p50 ms | p95 ms | p99 ms | errors | CPU ms: server | Postgres | client |\n");
    text.push_str("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for line in &scale.lines {
        let percent = |ratio: Option<f64>| ratio.map_or_else(String::new, |ratio| format!("{:.0} %", ratio * 100.0));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.0} | {} | {} | {:.2} | {:.2} | {:.2} | {} | {:.3} | {:.3} | {:.3} |",
            line.operation,
            line.connections,
            line.way,
            line.per_second,
            percent(scale.ratio(line, Way::TenantTx)),
            percent(scale.ratio(line, Way::Bare)),
            line.p50_ms,
            line.p95_ms,
            line.p99_ms,
            line.errors,
            line.server_cpu_ms,
            line.postgres_cpu_ms,
            line.client_cpu_ms
        );
    }
    text.push('\n');
    for line in scale.lines.iter().filter(|line| line.errors > 0) {
        let first = line.first_error.as_deref().unwrap_or_default();
        let _ = writeln!(text, "- {} errors at {}, {} connections, {}: `{first}`", line.errors, line.operation, line.connections, line.way);
    }
}

fn growth(text: &mut String, first: &Scale, last: &Scale) {
    let _ = writeln!(
        text,
        "### From {} to {} tickets\n\n| operation | conn. | p50 times | rate times |\n|---|--:|--:|--:|",
        first.tickets, last.tickets
    );
    for line in last.lines.iter().filter(|line| line.way == Way::Http.to_string()) {
        let Some(before) = first.line(&line.operation, line.connections, Way::Http) else { continue };
        let (slower, rate) = (line.p50_ms / before.p50_ms, line.per_second / before.per_second);
        let _ = writeln!(text, "| {} | {} | {slower:.2} | {rate:.2} |", line.operation, line.connections);
    }
    text.push('\n');
}

#[expect(clippy::cast_precision_loss, reason = "memory of one process")]
fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
