//! Whatever is killed at whatever moment: what the API has acknowledged is there afterwards, once.
//!
//! Clients create and change tickets while mind and every process of its Postgres are killed with SIGKILL, again and
//! again. `MIND_CRASH_ROUNDS=20 cargo test --test it -- crash` for more rounds than the usual three.

mod client;
mod victim;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::{
    client::{Caller, Writer},
    victim::Victim,
};
use crate::cli::program::until;

/// Clients at work at the same time.
const WRITERS: usize = 6;
/// Acknowledgements of a round before anything is killed: a machine that is slow shall not have an easier test.
const AT_LEAST: usize = 20;
/// How long a restart may take until `ready`.
const READY_WITHIN: Duration = Duration::from_secs(10);

fn rounds() -> usize {
    std::env::var("MIND_CRASH_ROUNDS").ok().map_or(3, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_every_kill_and_is_there_once() {
    let rounds = rounds();
    let limit = Duration::from_secs(60 + 25 * rounds as u64);
    tokio::time::timeout(limit, story(rounds)).await.unwrap_or_else(|_| panic!("took longer than {limit:?}"));
}

async fn story(rounds: usize) {
    let (mut victim, token) = Victim::first_start().await;
    let caller = Caller::new(victim.address(), &token);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let writer = |number| Writer::new(number, caller.clone(), Arc::clone(&acknowledged));
    let mut writers: Vec<Writer> = (0..WRITERS).map(writer).collect();
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let stop = CancellationToken::new();
        let mut work = JoinSet::new();
        for mut writer in writers.drain(..) {
            let stop = stop.clone();
            work.spawn(async move {
                while !stop.is_cancelled() {
                    writer.step().await;
                }
                writer
            });
        }
        until(|| acknowledged.load(Ordering::Relaxed) >= AT_LEAST * (round + 1)).await;
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..1_000))).await;
        victim.kill().await;
        stop.cancel();
        writers = work.join_all().await;
        let took = victim.start_again().await;
        assert!(took < READY_WITHIN, "round {round}: ready only after {took:?}");
        slowest = slowest.max(took);
        for writer in &writers {
            writer.assert_nothing_went_back().await;
        }
    }
    for writer in &mut writers {
        writer.finish().await;
    }
    let created: usize = writers.iter().map(Writer::created).sum();
    let uncertain: usize = writers.iter().map(Writer::uncertain).sum();
    let changed: usize = writers.iter().map(Writer::changed).sum();
    println!("{rounds} rounds: {created} tickets, {changed} changes, {uncertain} calls without an answer; slowest start {slowest:?}");
    assert!(created > rounds && changed > rounds && uncertain > 0, "nothing was going on when everything was killed");
    let mut found = tickets(&caller).await;
    for writer in &writers {
        writer.assert_all_there(&mut found);
    }
    assert_eq!(found, Vec::<Value>::new(), "tickets that nobody asked for, or that are there twice");
    victim.stop().await;
}

/// Every ticket of the writers, as the search shows it.
async fn tickets(caller: &Caller) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let mut search = json!({"limit": 1000, "orderByField": "t.id", "orderByDirection": "asc",
            "filters": [{"key": "t.subject", "comparator": "like", "value": "crash %"}]});
        if cursor != Value::Null {
            search["cursor"] = cursor;
        }
        let (status, page) = caller.post("/api/mind/ticket/search", &search, None).await.unwrap();
        assert_eq!(status, 200, "{page}");
        found.extend(page["tickets"].as_array().unwrap().iter().cloned());
        cursor = page["nextCursor"].clone();
        if cursor == Value::Null {
            return found;
        }
    }
}
