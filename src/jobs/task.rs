//! What a job is in code, and the list of all.

use std::{pin::Pin, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    App,
    domain::{job::model::NewJob, tenant::TenantId, webhook},
    error::{Error, Result},
};

/// Work that outlives a request. Its fields are ids: what they name is read when it runs.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name in the database; never changed once released.
    const TASK: &'static str;
    /// A run that takes longer has failed.
    const LIMIT: Duration = Duration::from_mins(2);

    /// What it is about. Of one tenant, task and key there is one job at a time.
    fn key(&self) -> String;

    /// Does it, perhaps for the second time. No transaction may be open while another system is asked.
    fn run(&self, app: &App, tenant: TenantId) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Why a run failed.
#[derive(Debug)]
pub enum Failure {
    /// Another run may succeed. It waits as long as the error asks for, and longer each time.
    Later(Error),
    /// No run can succeed before somebody changes something.
    Never(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Later(error)
    }
}

impl Failure {
    /// What went wrong.
    pub fn error(&self) -> &Error {
        match self {
            Self::Later(error) | Self::Never(error) => error,
        }
    }

    /// How long to wait at least, if it says so.
    pub fn wish(&self) -> Option<Duration> {
        match self.error() {
            Error::Problem { retry_after, .. } => *retry_after,
            Error::Internal(_) => None,
        }
    }

    /// What people may read; the cause of our own faults stands in the log.
    pub fn says(&self) -> String {
        match self.error() {
            Error::Internal(_) => "the server failed; see its log".to_owned(),
            problem @ Error::Problem { .. } => problem.to_string(),
        }
    }
}

/// A job as it is written down.
pub(super) fn order<J: Job>(job: &J, run_at: DateTime<Utc>) -> Result<NewJob> {
    let payload = serde_json::to_value(job).map_err(Error::internal)?;
    Ok(NewJob { task: J::TASK, key: job.key(), payload, run_at })
}

type Run = for<'a> fn(&'a App, TenantId, Value) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// How a worker runs the jobs of one name.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// The name in the database.
    pub name: &'static str,
    pub(super) limit: Duration,
    pub(super) run: Run,
}

impl Task {
    const fn of<J: Job>() -> Self {
        Self { name: J::TASK, limit: J::LIMIT, run: start::<J> }
    }
}

fn start<J: Job>(app: &App, tenant: TenantId, payload: Value) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + '_>> {
    Box::pin(async move {
        // Another version wrote it; this one may understand it after the next update.
        let job = J::deserialize(payload).map_err(Error::internal)?;
        job.run(app, tenant).await
    })
}

/// Every task there is.
pub const TASKS: &[Task] = &[Task::of::<webhook::jobs::Refresh>()];
