//! No statement of a hot path reads a large table from end to end, or more of it than its answer needs.
//!
//! One database with 100,000 tickets of one tenant and 1,000 of another. The program's own functions and requests run on
//! it, as `mind_app` in a transaction or a read of the tenant; `capture` hears by which plans, `rule` judges them. Nothing
//! here looks at time: rows and pages are the same on a slow machine.
//!
//! Each statement runs six times on one connection, because Postgres may go over to a plan for any parameters at the sixth.

mod capture;
mod change;
mod credential;
mod event;
mod order;
mod rule;
mod search;
mod stock;

use std::time::Duration;

use mind::{
    App,
    db::{SystemTx, TenantRead, TenantTx},
};
use sqlx::AssertSqlSafe;
use tokio_util::sync::DropGuard;

use self::capture::Capture;
use crate::support::{Client, Setup, TestApp};

/// As often as Postgres wants to see a prepared statement before it considers a plan for any parameters, and once more.
const TIMES: usize = 6;
/// Connections that write.
const WRITERS: usize = 2;

/// A node whose every plan is heard.
struct Probe {
    test: TestApp,
    node: App,
    client: Client,
    capture: Capture,
    complaints: Vec<String>,
    judged: usize,
    _stop: DropGuard,
}

impl Probe {
    async fn begin() -> Option<Self> {
        let variables = vec![("MIND_DB_POOL_SIZE", WRITERS.to_string()), ("MIND_DB_READ_POOL_SIZE", "1".to_owned())];
        let test = TestApp::with(Setup { variables }).await;
        let mut superuser = test.database.connect_as_superuser().await?;
        stock::fill(&test, &mut superuser).await;
        capture::tell_plans(&mut superuser).await;
        let capture = Capture::begin();
        // Of connections that are opened from now on.
        let (node, address, stop) = test.second_node().await;
        let client = test.admin().await.at(address);
        Some(Self { test, node, client, capture, complaints: Vec::new(), judged: 0, _stop: stop })
    }

    async fn tx(&self) -> TenantTx {
        self.node.db().tenant_tx(self.test.demo.tenant.id).await.unwrap()
    }

    async fn read(&self) -> TenantRead {
        self.node.db().tenant_read(self.test.demo.tenant.id).await.unwrap()
    }

    async fn system(&self) -> SystemTx {
        self.node.db().system_tx().await.unwrap()
    }

    /// Waits until every connection is back, and with it what it had to say.
    async fn settle(&self) {
        let mut all = Vec::new();
        for _ in 0..WRITERS {
            let mut tx = self.tx().await;
            sqlx::raw_sql("select").execute(tx.connection()).await.unwrap();
            all.push(tx);
        }
        sqlx::raw_sql("select").execute(self.read().await.connection()).await.unwrap();
        for tx in all {
            tx.commit().await.unwrap();
        }
    }

    /// Forgets what was heard: what comes now is of interest.
    async fn listen(&self) {
        self.settle().await;
        self.capture.take();
    }

    /// Judges what was heard since [`Self::listen`], and answers what is wrong, each once.
    async fn faults(&mut self, most: f64) -> Vec<String> {
        self.settle().await;
        let plans: Vec<_> = self.capture.take().into_iter().filter(|plan| plan.statement != "select").collect();
        self.judged += plans.len();
        let mut faults = Vec::new();
        for plan in &plans {
            for fault in plan.faults(most) {
                let statement: String = plan.statement.chars().take(150).collect();
                let fault = format!("{fault}\n      in {statement}");
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
        if !plans.iter().any(rule::Plan::is_of_large) {
            faults.push("no plan was heard that reads anything".to_owned());
        }
        faults
    }

    /// Judges what was heard since [`Self::listen`]: a statement may look at so many rows of large tables.
    async fn judge(&mut self, what: &str, most: u32) {
        for fault in self.faults(f64::from(most)).await {
            self.complaints.push(format!("{what}: {fault}"));
        }
    }
}

#[tokio::test]
async fn hot_paths_at_100_000_tickets() {
    let test = async {
        let Some(mut probe) = Probe::begin().await else { return };
        a_bad_plan_is_noticed(&mut probe).await;
        search::pages(&mut probe).await;
        search::counts(&mut probe).await;
        search::words(&mut probe).await;
        order::orders(&mut probe).await;
        event::events(&mut probe).await;
        credential::credentials(&mut probe).await;
        credential::copies(&mut probe).await;
        change::reads(&mut probe).await;
        change::writes(&mut probe).await;
        assert!(probe.judged > 1_000, "only {} plans were heard", probe.judged);
        assert!(probe.complaints.is_empty(), "\n{}", probe.complaints.join("\n"));
    };
    tokio::time::timeout(Duration::from_mins(4), Box::pin(test)).await.expect("four minutes");
}

/// What the rules are for, planted: each of them has to find it.
async fn a_bad_plan_is_noticed(probe: &mut Probe) {
    for (statement, expected) in [
        // As if there were no index for it.
        (
            "set local enable_indexscan = off; set local enable_bitmapscan = off; select from ticket where id = 1500",
            "reads the whole table: Seq Scan on ticket",
        ),
        // No index has it, so all of the tenant's rows are looked at, by whichever way.
        ("select count(*) from ticket where sentiment = 'negative'", "looks at "),
        // Not leakproof, so row level security keeps it away from the index of words.
        ("select count(*) from ticket_content where terms @@ 'wallbox'", "looks at "),
        ("select id from ticket where sentiment = 'none' order by created_at desc limit 5", "looks at "),
        // The index holds all it needs, but in another order.
        (
            "set local enable_seqscan = off; set local enable_bitmapscan = off; select from ticket where priority = 'none'",
            "pages for 0 rows",
        ),
        // In a function nobody sees the statement.
        ("select search_ticket_count('-nothere', '[]', 1000000)", "looks at "),
    ] {
        probe.listen().await;
        let mut tx = probe.tx().await;
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(tx.connection()).await.unwrap();
        tx.commit().await.unwrap();
        let faults = probe.faults(100.0).await;
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{statement}: {faults:#?}");
    }
}
