//! `mind migrate`.

use anyhow::Result;

use crate::{config::Config, server::Database};

/// Brings the schema up to date.
pub async fn run(config: Config) -> Result<()> {
    let database = Database::open(&config).await?;
    let result = database.db().migrate().await;
    database.close().await;
    result?;
    println!("the schema is up to date");
    Ok(())
}
