//! The only holder of connections. The rest of the crate gets a [`TenantTx`], a [`TenantRead`] for reads of one
//! statement or, where no tenant is known yet, a [`SystemTx`]; none can be had without its role and tenant being set.

pub mod condition;
pub mod constraint;
pub mod embedded;
mod fixed;
mod migration;
mod pool;
mod read;
mod transaction;
mod upkeep;

pub use fixed::FixedTenant;
pub use migration::MigrationError;
pub use pool::{Db, Ready};
pub use read::TenantRead;
pub use transaction::{InTenant, SystemTx, TenantTx};
