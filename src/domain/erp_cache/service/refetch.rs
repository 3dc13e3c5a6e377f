//! Look-ups of jobs: the ERP is asked whatever is stored, nothing stands in, and the answer is kept in the transaction of
//! what else follows from it.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Kind, Lookup};
use crate::{db::TenantTx, erp::ErpId, error::Result};

/// What the ERP answered, about to be kept.
#[derive(Debug)]
pub struct Fetched {
    kind: Kind,
    id: ErpId,
    body: Option<Value>,
    asked_at: DateTime<Utc>,
    epoch: i64,
}

impl Fetched {
    /// Whether the ERP has it.
    pub fn found(&self) -> bool {
        self.body.is_some()
    }
}

impl Lookup {
    /// Asks the ERP. Call it without an open transaction.
    pub async fn fetch(&self, kind: Kind, id: &ErpId) -> Result<Fetched> {
        let (_, epoch) = self.stored(kind, id).await?;
        let asked_at = self.app.now();
        let body = self.within_deadline(self.ask(kind, id)).await?;
        Ok(Fetched { kind, id: id.clone(), body, asked_at, epoch })
    }

    /// Keeps the answer. The memory of this node is to be emptied after the commit.
    pub async fn keep_fetched(&self, tx: &mut TenantTx, fetched: &Fetched) -> Result<()> {
        self.keep_in(tx, fetched.kind, &fetched.id, fetched.body.as_ref(), fetched.asked_at, fetched.epoch).await
    }
}
