//! Background work of the role `worker`.
//!
//! Today that is housekeeping alone. Durable work (an outbox written in the tenant's transaction, a relay, typed jobs)
//! comes with the first feature that has any.

mod heartbeat;
mod housekeeping;

use tokio_util::sync::CancellationToken;

use crate::App;

pub use heartbeat::Heartbeat;

/// Runs until told to stop.
pub async fn run(app: App, stop: CancellationToken) {
    app.heartbeat().expect();
    housekeeping::run(app, stop).await;
}
