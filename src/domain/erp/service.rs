//! Trying a connection. Neither reads nor fills the cache.

use super::model::ErpTest;
use crate::{
    App,
    domain::{settings, tenant::TenantId},
    erp::ErpId,
    error::Result,
};

/// Asks for a contract, then for its customer. What goes wrong with the ERP is part of the answer.
pub async fn test(app: &App, tenant: TenantId, id: &ErpId) -> Result<ErpTest> {
    let mut connection = settings::service::of(app, tenant).await?.erp();
    // Two look-ups, one after the other, and time to answer.
    connection.end_within(app.config().request_timeout / 3);
    connection.now = app.now();
    let mut test = ErpTest::of(connection.system);
    let erp = match app.erp().connect(tenant.0, &connection) {
        Ok(erp) => erp,
        Err(error) => {
            test.error = Some(error.into());
            return Ok(test);
        }
    };
    test.capabilities = Some(erp.capabilities().into());
    let probe = erp.probe(id).await;
    test.request = probe.request.map(Into::into);
    test.raw = probe.raw;
    let contract = match probe.result {
        Ok(Some(mut contract)) => {
            contract.raw_data = None;
            contract
        }
        Ok(None) => {
            test.success = true;
            test.warnings.push(format!("the ERP has no contract {id}"));
            return Ok(test);
        }
        Err(error) => {
            test.error = Some(error.into());
            return Ok(test);
        }
    };
    test.warn_of(&contract.extra, "contract");
    match &contract.customer_id {
        None => test.warnings.push("the contract names no customer".to_owned()),
        Some(customer_id) => match erp.customer_by_id(customer_id).await {
            Ok(Some(customer)) => {
                test.warn_of(&customer.additional_data, "customer");
                test.customer = Some(customer);
            }
            Ok(None) => test.warnings.push(format!("the ERP has no customer {customer_id}, which the contract names")),
            Err(error) => test.error = Some(error.into()),
        },
    }
    test.contract = Some(contract);
    test.success = test.error.is_none();
    Ok(test)
}
