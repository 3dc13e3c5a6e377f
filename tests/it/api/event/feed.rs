//! The order in which a feed will read: by commit, so that nothing appears behind a reader's back.

use std::time::Duration;

use mind::domain::event::{
    NewEvent,
    store::{Position, append, list_past},
};
use pretty_assertions::assert_eq;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use crate::support::{TestApp, guarded};

/// Reads page by page until a page is empty. Answers the ids, and the place where it stopped.
async fn read(app: &TestApp, mut past: Position) -> (Vec<i64>, Position) {
    let mut ids = Vec::new();
    loop {
        let mut tx = app.tx(&app.demo).await;
        let page = list_past(&mut tx, past, 2).await.unwrap();
        let Some(last) = page.last() else { return (ids, past) };
        past = *last;
        ids.extend(page.iter().map(|position| position.id));
    }
}

/// Reads until an event has come. The server is shared with other tests, whose transactions hold a feed up too.
async fn read_until(app: &TestApp, mut past: Position, wanted: i64) -> (Vec<i64>, Position) {
    let mut all = Vec::new();
    loop {
        let (ids, position) = read(app, past).await;
        (past, all) = (position, [all, ids].concat());
        if all.contains(&wanted) {
            return (all, past);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn add(app: &TestApp, tx: &mut mind::db::TenantTx, kind: &'static str) -> i64 {
    append(tx, &NewEvent::new(kind, Value::Null, None), app.now()).await.unwrap();
    sqlx::query_scalar("select max(id) from event where type = $1").bind(kind).fetch_one(tx.connection()).await.unwrap()
}

async fn newest_visible(app: &TestApp) -> i64 {
    let mut tx = app.tx(&app.demo).await;
    sqlx::query_scalar("select max(id) from event").fetch_one(tx.connection()).await.unwrap()
}

/// A reader that remembered the largest id would never see the event of a transaction that took longer than the next.
#[tokio::test]
async fn an_event_that_commits_late_is_not_missed() {
    guarded(async {
        let app = TestApp::start().await;
        let mut first = app.tx(&app.demo).await;
        let start = add(&app, &mut first, "first").await;
        first.commit().await.unwrap();
        let (_, past) = read_until(&app, Position::default(), start).await;

        let mut slow = app.tx(&app.demo).await;
        let early = add(&app, &mut slow, "slow").await;
        let mut quick = app.tx(&app.demo).await;
        let late = add(&app, &mut quick, "quick").await;
        quick.commit().await.unwrap();

        // By id, the quick one is the newest, and the slow one is behind it: this is the harm.
        assert!(early < late);
        assert_eq!(newest_visible(&app).await, late);
        // By commit, both wait for the slow one, however often one looks.
        let (ids, past) = read(&app, past).await;
        assert_eq!(ids, Vec::<i64>::new());

        slow.commit().await.unwrap();
        let (ids, past) = read_until(&app, past, late).await;
        assert_eq!(ids, [early, late]);

        // What was rolled back leaves a gap and holds nothing up.
        let mut undone = app.tx(&app.demo).await;
        add(&app, &mut undone, "undone").await;
        drop(undone);
        let mut last = app.tx(&app.demo).await;
        let next = add(&app, &mut last, "next").await;
        last.commit().await.unwrap();
        assert_eq!(read_until(&app, past, next).await.0, [next]);
    })
    .await;
}

/// Many writers whose transactions overlap, and a reader among them: everything once, in one order.
#[tokio::test]
async fn a_reader_among_writers_sees_everything_once() {
    guarded(async {
        let app = std::sync::Arc::new(TestApp::start().await);
        let (_, past) = read(&app, Position::default()).await;
        let writers: Vec<_> = (0..4)
            .map(|writer: u64| {
                let app = std::sync::Arc::clone(&app);
                tokio::spawn(async move {
                    for round in 0..10 {
                        let mut tx = app.tx(&app.demo).await;
                        append(&mut tx, &NewEvent::new("written", Value::Null, None), app.now()).await.unwrap();
                        // Commits come in another order than ids.
                        tokio::time::sleep(Duration::from_millis((writer * 7 + round * 3) % 5)).await;
                        append(&mut tx, &NewEvent::new("written", Value::Null, None), app.now()).await.unwrap();
                        tx.commit().await.unwrap();
                    }
                })
            })
            .collect();
        let (mut seen, mut place) = (Vec::new(), past);
        while writers.iter().any(|writer| !writer.is_finished()) {
            let (ids, position) = read(&app, place).await;
            (seen, place) = ([seen, ids].concat(), position);
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let mut tx = app.tx(&app.demo).await;
        let written: Vec<i64> =
            sqlx::query_scalar("select id from event where type = 'written' order by xid, id").fetch_all(tx.connection()).await.unwrap();
        drop(tx);
        let last = *written.last().unwrap();
        if !seen.contains(&last) {
            seen.extend(read_until(&app, place, last).await.0);
        }
        seen.retain(|id| written.contains(id));
        assert_eq!(seen, written);
    })
    .await;
}

/// The order has an index that a policy does not switch off.
#[tokio::test]
async fn reading_on_uses_its_index() {
    guarded(async {
        let app = TestApp::start().await;
        let mut tx = app.tx(&app.demo).await;
        sqlx::query("insert into event (type, created_at) select 'filler', $1 from generate_series(1, 20000)")
            .bind(app.now())
            .execute(tx.connection())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mut owner: PgConnection = app.database.connect().await;
        sqlx::query("analyze event").execute(&mut owner).await.unwrap();
        owner.close().await.unwrap();
        let mut tx = app.tx(&app.demo).await;
        let plan: Vec<String> = sqlx::query_scalar(
            "explain select xid, id from event
             where (xid, id) > ($1::bigint::text::xid8, $2) and xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid, id limit 100",
        )
        .bind(0_i64)
        .bind(0_i64)
        .fetch_all(tx.connection())
        .await
        .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("event_feed_idx") && !plan.contains("Seq Scan") && !plan.contains("Sort"), "{plan}");
    })
    .await;
}
