//! Statements about roles.

use chrono::{DateTime, Utc};

use super::Permission;
use crate::{db::TenantTx, error::Result};

/// Gives a new tenant its built-in roles.
pub async fn insert_built_in(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<()> {
    let all: Vec<String> = Permission::ALL.iter().map(|p| p.as_str().to_owned()).collect();
    let agent: Vec<String> = Permission::AGENT.iter().map(|p| p.as_str().to_owned()).collect();
    sqlx::query!(
        "insert into role (id, name, description, base_role_id, permissions, created_at)
         values (1, 'Admin', 'May do everything', 1, $1, $3), (2, 'Agent', 'Works on tickets', 2, $2, $3)",
        &all,
        &agent,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
