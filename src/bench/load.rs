//! Clients that send the next request when the last one is answered.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use hdrhistogram::Histogram;
use rand::{SeedableRng as _, rngs::StdRng};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::task::JoinSet;

use super::{
    client::Client,
    operation::{Operation, Stock},
    scratch::Scratch,
    server::Server,
};
use crate::{
    db::{Db, FixedTenant},
    domain::tenant::TenantId,
};

/// Before each measurement, unmeasured.
const WARM_UP: Duration = Duration::from_secs(1);

/// How an operation is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The API.
    Http,
    /// Its statements in a transaction that sets role and tenant.
    TenantTx,
    /// Its statements one by one, on connections with role and tenant since their start.
    Bare,
}

impl Way {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Http, Self::TenantTx, Self::Bare];
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP",
            Self::TenantTx => "TenantTx",
            Self::Bare => "bare",
        })
    }
}

/// What came of a measurement.
#[derive(Debug)]
pub(super) struct Measured {
    /// Microseconds of each success.
    pub(super) times: Histogram<u64>,
    /// Calls that failed.
    pub(super) errors: u64,
    /// What the first of them said.
    pub(super) first_error: Option<String>,
    /// How long it went on.
    pub(super) seconds: f64,
}

impl Measured {
    fn empty() -> Result<Self> {
        Ok(Self { times: Histogram::new_with_bounds(1, 60_000_000, 3)?, errors: 0, first_error: None, seconds: 0.0 })
    }

    fn note(&mut self, took: Duration, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1)),
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }

    fn add(&mut self, other: Self) -> Result<()> {
        self.times.add(&other.times)?;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
        Ok(())
    }
}

/// One client.
enum Caller {
    Http(Client),
    TenantTx(Db, TenantId),
    Bare(FixedTenant),
}

impl Caller {
    async fn call(&mut self, operation: Operation, stock: &Stock, dice: &mut StdRng) -> Result<()> {
        match self {
            Self::Http(client) => operation.over_http(client, stock, dice).await,
            Self::TenantTx(db, tenant) => {
                let mut tx = db.tenant_tx(*tenant).await?;
                operation.in_tx(&mut tx, stock, dice).await?;
                Ok(tx.commit().await?)
            }
            Self::Bare(fixed) => {
                let mut statements = fixed.statements().await?;
                operation.in_tx(&mut statements, stock, dice).await
            }
        }
    }
}

/// The clients' side.
pub(super) struct Load {
    stock: Arc<Stock>,
    db: Db,
    fixed: FixedTenant,
    tenant: TenantId,
    address: std::net::SocketAddr,
    token: SecretString,
}

impl Load {
    /// Prepares what clients ask for.
    pub(super) async fn new(scratch: &Scratch, server: &Server) -> Result<Self> {
        let tenant = scratch.tenant().id;
        let db = scratch.app().db().clone();
        Ok(Self {
            stock: Arc::new(Stock::new(scratch).await?),
            fixed: db.fixed_to(tenant),
            db,
            tenant,
            address: server.address(),
            token: scratch.token().await?,
        })
    }

    /// Closes what it opened.
    pub(super) async fn close(self) {
        self.fixed.close().await;
    }

    async fn caller(&self, way: Way) -> Result<Caller> {
        Ok(match way {
            Way::Http => Caller::Http(Client::connect(self.address, self.token.expose_secret()).await?),
            Way::TenantTx => Caller::TenantTx(self.db.clone(), self.tenant),
            Way::Bare => Caller::Bare(self.fixed.clone()),
        })
    }

    /// Measures one operation at one number of connections.
    pub(super) async fn run(&self, operation: Operation, way: Way, connections: usize, time: Duration) -> Result<Measured> {
        self.turn(operation, way, connections, WARM_UP).await?;
        self.turn(operation, way, connections, time).await
    }

    async fn turn(&self, operation: Operation, way: Way, connections: usize, time: Duration) -> Result<Measured> {
        let mut clients = JoinSet::new();
        let begun = Instant::now();
        for _ in 0..connections {
            let mut caller = self.caller(way).await?;
            let stock = Arc::clone(&self.stock);
            clients.spawn(async move {
                let mut dice = StdRng::seed_from_u64(rand::random());
                let mut measured = Measured::empty()?;
                while begun.elapsed() < time {
                    let sent = Instant::now();
                    let outcome = caller.call(operation, &stock, &mut dice).await;
                    let failed = outcome.is_err();
                    measured.note(sent.elapsed(), outcome);
                    if failed {
                        // A server that refuses at once would be hammered, and the count of errors meaningless.
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
                anyhow::Ok(measured)
            });
        }
        let mut all = Measured::empty()?;
        while let Some(measured) = clients.join_next().await {
            all.add(measured??)?;
        }
        all.seconds = begun.elapsed().as_secs_f64();
        Ok(all)
    }
}
