//! The load bench: a scratch database on this machine, a server as it runs in production, and clients that want answers.
//!
//! Every operation is measured three ways at the same number of connections: over HTTP, as the same statements in a
//! `TenantTx` straight through a pool, and as bare statements on connections that have had their role and tenant since
//! they were opened. The ratios say what HTTP costs and what the transaction costs.

mod client;
mod load;
mod operation;
mod process;
mod report;
mod scratch;
mod server;

use std::time::Duration;

use anyhow::Result;

pub use operation::Operation;
pub use report::Report;

use self::{
    load::{Load, Way},
    process::Usage,
    report::{Line, Machine, Scale},
    scratch::Scratch,
    server::Server,
};

/// Numbers of clients.
const CONNECTIONS: [usize; 2] = [1, 32];

/// What to measure, and how.
#[derive(Clone, Debug)]
pub struct Order {
    /// Sizes of the database, one run each.
    pub tickets: Vec<u64>,
    /// How long each line is measured.
    pub each: Duration,
    /// What to measure.
    pub operations: Vec<Operation>,
}

/// Runs every size, one after the other. `says` hears what goes on.
pub async fn run(order: &Order, says: &impl Fn(&str)) -> Result<Report> {
    let mut report = Report { machine: Machine::of_this_process(), seconds: order.each.as_secs(), scales: Vec::new() };
    for tickets in &order.tickets {
        let scratch = Scratch::create(*tickets, says).await?;
        let result = measure(&scratch, order, says).await;
        let version = scratch.server_version().to_owned();
        scratch.remove().await?;
        report.machine.postgres = version;
        report.scales.push(result?);
    }
    Ok(report)
}

async fn measure(scratch: &Scratch, order: &Order, says: &impl Fn(&str)) -> Result<Scale> {
    let server = Server::start(scratch).await?;
    let result = measure_on(scratch, &server, order, says).await;
    server.stop().await?;
    result
}

async fn measure_on(scratch: &Scratch, server: &Server, order: &Order, says: &impl Fn(&str)) -> Result<Scale> {
    let load = Load::new(scratch, server).await?;
    let mut scale = Scale {
        tickets: scratch.tickets(),
        seed_seconds: scratch.seed_seconds(),
        open_and_urgent: scratch.open_and_urgent().await?,
        peak_before_kib: server.peak_kib(),
        peak_after_kib: 0,
        lines: Vec::new(),
    };
    // What reads comes first: changes would move what is found.
    for operation in Operation::ALL.into_iter().filter(|operation| order.operations.contains(operation)) {
        for connections in CONNECTIONS {
            for way in Way::ALL {
                says(&format!("{} tickets: {operation}, {connections} connections, {way}", scale.tickets));
                let before = Usage::now(server.pid(), scratch.postgres_pid());
                let measured = load.run(operation, way, connections, order.each).await?;
                let used = Usage::now(server.pid(), scratch.postgres_pid()).since(&before);
                scale.lines.push(Line::new(operation, way, connections, &measured, &used));
            }
        }
    }
    scale.peak_after_kib = server.peak_kib();
    load.close().await;
    Ok(scale)
}
