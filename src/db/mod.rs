//! The only holder of the connection pool. The rest of the crate gets a [`TenantTx`] or, where no tenant is known yet,
//! a [`SystemTx`]; neither can be had without its role and tenant being set.

pub mod condition;
pub mod constraint;
pub mod embedded;
mod fixed;
mod migration;
mod pool;
mod transaction;
mod upkeep;

pub use fixed::FixedTenant;
pub use migration::MigrationError;
pub use pool::{Db, Ready};
pub use transaction::{SystemTx, TenantTx};
