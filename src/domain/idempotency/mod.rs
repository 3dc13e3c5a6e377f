//! `Idempotency-Key`: a creating request that is sent again is answered again and not carried out again.
//!
//! 1. [`service::claim`] writes a row with a lease in a transaction of its own, before the work.
//! 2. The work calls [`Claim::finish`] inside its writing transaction: write and answer become visible together, or
//!    neither does. A process that is killed in between leaves either a stored answer, or a lease that runs out.
//! 3. What fails gives the claim back, so that the corrected request may use the same key.
//!
//! The lease decides only how soon a retry may go on. That the work takes effect once is the claim's: whoever was
//! overtaken cannot finish, whatever the clocks say.
//!
//! Handlers use [`crate::http::idempotency`].

pub mod jobs;
pub mod model;
pub mod service;
pub mod store;

pub use model::{Answer, Attempt};
pub use service::{Claim, Claimed, Finished};
