//! The plans that Postgres used: of every statement, whoever sent it, also of those inside functions.
//!
//! `auto_explain` sends each plan as a notice to the connection that asked, and sqlx hands notices to `tracing`. So it is
//! the program's own statements that are judged, with their parameters, as its connections have prepared them.

use std::{
    fmt::{self, Write as _},
    sync::{Arc, Mutex},
};

use sqlx::PgConnection;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
};

use super::rule::Plan;

const TARGET: &str = "sqlx::postgres::notice";

/// Has every later connection to this database tell its plans. Only a superuser may.
pub async fn tell_plans(superuser: &mut PgConnection) {
    let settings = [
        ("session_preload_libraries", "auto_explain"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_buffers", "on"),
        ("auto_explain.log_timing", "off"),
        ("auto_explain.log_nested_statements", "on"),
        ("auto_explain.log_format", "json"),
        ("auto_explain.log_level", "notice"),
        ("client_min_messages", "notice"),
    ];
    let mut statement = String::from("do $$ begin ");
    for (name, value) in settings {
        write!(statement, "execute format('alter database %I set {name} = %L', current_database(), '{value}'); ").unwrap();
    }
    statement.push_str("end $$");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(superuser).await.unwrap();
}

/// Listens to the connections of this thread, which is where a test of one thread does everything.
pub struct Capture {
    notices: Arc<Mutex<Vec<String>>>,
    _listening: DefaultGuard,
}

impl Capture {
    /// Begins to listen.
    pub fn begin() -> Self {
        let notices = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::registry().with(Listener(Arc::clone(&notices)));
        Self { notices, _listening: tracing::subscriber::set_default(subscriber) }
    }

    /// The plans heard since the last time.
    pub fn take(&self) -> Vec<Plan> {
        let notices = std::mem::take(&mut *self.notices.lock().unwrap());
        notices.iter().filter_map(|notice| Plan::read(notice)).collect()
    }
}

struct Listener(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Listener {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == TARGET
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut Message(&self.0));
    }
}

struct Message<'a>(&'a Mutex<Vec<String>>);

impl Visit for Message<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.0.lock().unwrap().push(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
