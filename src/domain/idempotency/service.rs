//! Claiming a request, finishing it inside the transaction of its work, and giving it back.

use std::time::Duration;

use uuid::Uuid;

use super::{
    model::{Answer, Attempt, KEPT, Verdict},
    store::{self, Claimant},
};
use crate::{
    App,
    db::TenantTx,
    domain::tenant::TenantId,
    error::{Error, Result},
    http::Caller,
    secret::Place,
};

/// The header, and the path of faults about it.
pub const HEADER: &str = "Idempotency-Key";

/// A lease holds for the longest request and this much more. Were it too short, two would do the same work, and the
/// first one's would roll back.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// When to ask again for a request that is being worked on: almost all take far less.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The right to do the work of a request, and to keep its answer.
#[derive(Debug)]
pub struct Claim(Option<Held>);

#[derive(Clone, Debug)]
struct Held {
    app: App,
    tenant: TenantId,
    claimant: Claimant,
}

/// What came of a claim.
#[derive(Debug)]
pub enum Claimed {
    /// The work is to be done.
    New(Claim),
    /// It was done; this was the answer.
    Replay(Answer),
}

/// An answer that is kept where it has to be. Only [`Claim::finish`] makes one, so that nobody can forget it.
#[derive(Debug)]
pub struct Finished(Answer);

impl Finished {
    /// The answer.
    pub fn into_answer(self) -> Answer {
        self.0
    }
}

/// Claims a request for its caller, or finds out what became of it.
pub async fn claim(app: &App, caller: &Caller, attempt: Attempt) -> Result<Claimed> {
    let (tenant, claimant) = (caller.tenant, Claimant { profile: caller.profile, attempt, id: Uuid::new_v4() });
    let now = app.now();
    let lease_until = now + app.config().request_timeout + LEASE_MARGIN;
    let new = || Claimed::New(Claim(Some(Held { app: app.clone(), tenant, claimant })));
    let mut tx = app.db().tenant_tx(tenant).await?;
    // A second round only where the holder gives back or finishes between two statements.
    for _ in 0..3 {
        if store::insert(&mut tx, &claimant, lease_until, now).await? {
            tx.commit().await?;
            return Ok(new());
        }
        let Some(stored) = store::find(&mut tx, &claimant).await? else { continue };
        match stored.judge(&attempt, now) {
            Verdict::Replay(envelope) => return open(app, tenant, &claimant, envelope).map(Claimed::Replay),
            Verdict::Erased => return Err(gone("The answer was erased.")),
            Verdict::OtherRequest => return Err(refused("was used for another request; send each request with a key of its own")),
            Verdict::Running => break,
            Verdict::Free => {
                if store::take_over(&mut tx, &claimant, lease_until, now, now - KEPT).await? {
                    tx.commit().await?;
                    return Ok(new());
                }
            }
        }
    }
    Err(running())
}

impl Claim {
    /// The claim of a request without a key: nothing is kept, and nothing is asked of the database.
    pub fn without_key() -> Self {
        Self(None)
    }

    /// Keeps the answer, in the transaction of the work. An error means that somebody took over: do not commit.
    pub async fn finish(self, tx: &mut TenantTx, answer: Answer) -> Result<Finished> {
        if let Some(held) = self.0 {
            let plain = serde_json::to_vec(&answer).map_err(Error::internal)?;
            let name = name(&held.claimant);
            let envelope = held.app.keys().seal(place(held.tenant, &name), &plain);
            if !store::finish(tx, &held.claimant, &envelope, answer.about.as_deref()).await? {
                return Err(running());
            }
        }
        Ok(Finished(answer))
    }

    /// What gives the claim back unless it was finished: also when a panic, a time-out or a client that hangs up ends the
    /// work.
    pub fn guard(&self) -> Guard {
        Guard(self.0.clone())
    }
}

/// Gives a claim back when dropped.
#[derive(Debug)]
pub struct Guard(Option<Held>);

impl Guard {
    /// The work is finished and committed; there is nothing to give back.
    pub fn disarm(mut self) {
        self.0 = None;
    }

    /// Gives the claim back now, so that the caller finds it free as soon as the refusal arrives.
    pub async fn release(mut self) {
        if let Some(held) = self.0.take() {
            release(held).await;
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let (Some(held), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(release(held));
        }
    }
}

/// Safe at any time: a row that holds an answer stays, and the row's lock waits for a commit that is under way.
async fn release(held: Held) {
    let work = async {
        let mut tx = held.app.db().tenant_tx(held.tenant).await?;
        store::release(&mut tx, &held.claimant).await?;
        tx.commit().await
    };
    if let Err(error) = work.await {
        tracing::warn!(%error, "a claim on an idempotency key was not given back; its lease runs out by itself");
    }
}

fn open(app: &App, tenant: TenantId, claimant: &Claimant, envelope: &[u8]) -> Result<Answer> {
    let plain = app.keys().open(place(tenant, &name(claimant)), envelope).map_err(|error| {
        tracing::warn!(%error, "a kept answer cannot be read");
        gone("The server's keys have changed since.")
    })?;
    serde_json::from_slice(&plain).map_err(Error::internal)
}

/// The row, as the envelope is bound to it.
fn name(claimant: &Claimant) -> String {
    format!("{}/{}", claimant.profile.0, hex::encode(claimant.attempt.scope()))
}

fn place(tenant: TenantId, name: &str) -> Place<'_> {
    Place { tenant: tenant.0, table: "idempotency", name }
}

fn refused(message: &'static str) -> Error {
    Error::conflict_of(HEADER, message)
}

fn running() -> Error {
    refused("the same request is being carried out").details("Ask again for its answer.").retry_after(ASK_AGAIN)
}

fn gone(why: &'static str) -> Error {
    refused("the request was carried out, but its answer cannot be given again")
        .details(format!("{why} Look at what it created instead of sending it with another key."))
}
