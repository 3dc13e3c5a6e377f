//! `/erp/*`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{model::ErpTest, service};
use crate::{
    App,
    domain::role::Permission,
    erp::ErpId,
    error::Result,
    http::{Caller, Json},
};

/// Body of `POST /erp/test`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"contractId": "746839"}))]
pub struct TestErp {
    /// A contract that the ERP has.
    contract_id: ErpId,
}

/// Tries the connection to the ERP with the settings in force.
///
/// Shows what is sent, what comes back and what becomes of it. Trouble with the ERP is part of the answer, with status 200
/// and `success` false. Data of the contract is shown to those who also have the permission readContract.
#[utoipa::path(post, path = "/api/mind/erp/test", tag = "erp", operation_id = "test_erp",
    request_body = TestErp,
    responses((status = 200, description = "How far the look-up came", body = ErpTest)),
    security(("bearerAuth" = []), ("cookieAuth" = [])),
    extensions(("x-permission" = json!("updateClientSettings"))))]
pub async fn test_erp(State(app): State<App>, caller: Caller, Json(body): Json<TestErp>) -> Result<axum::Json<ErpTest>> {
    caller.may(Permission::UpdateClientSettings)?;
    let mut test = service::test(&app, caller.tenant, &body.contract_id).await?;
    if caller.may(Permission::ReadContract).is_err() {
        test.hide_data();
    }
    Ok(axum::Json(test))
}
