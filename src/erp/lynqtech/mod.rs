//! The adapter for LynqTech: what is public of it is code (OAuth2 client credentials, bearer, JSON, 404 and empty lists
//! for "none"), what is not is the profile of the tenant ([`profile`]), whose default is a template to be confirmed.

pub mod client;
pub mod mapping;
pub mod preview;
pub mod profile;
pub mod settings;
pub mod template;
pub mod token;
pub mod value;

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Berlin;
use serde_json::{Map, Value};

use super::{
    Capabilities, Contract, Customer, Erp, ErpError, ErpId, FieldMatch,
    energy::meter_number::{Likeness, MeterNumber},
    guard::Guard,
};
use crate::outbound::Outbound;
use client::Client;
use profile::Profile;
use settings::LynqTechSettings;
use template::Template;
use token::Tokens;

/// Most customers that a search yields.
const MAX_HITS: u32 = 10;
/// Contracts of one page.
const PAGE: usize = 50;
/// Pages of one customer; the API shows no more than a thousand contracts.
const MAX_PAGES: usize = 20;

/// What the process has beside the tenant's settings.
#[derive(Clone)]
pub struct Surroundings {
    /// The way out.
    pub outbound: Arc<Outbound>,
    /// Limits of the connection.
    pub guard: Guard,
    /// Tokens of all tenants.
    pub tokens: Arc<Tokens>,
    /// Whose connection it is.
    pub tenant_id: i64,
    /// Tells this connection from the tenant's former ones.
    pub connection: String,
    /// The present, for token lifetimes and states that depend on the day.
    pub now: DateTime<Utc>,
}

/// A tenant's LynqTech.
pub struct LynqTechErp {
    client: Client,
    profile: Arc<Profile>,
    today: NaiveDate,
}

impl fmt::Debug for LynqTechErp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LynqTechErp").field("capabilities", &self.capabilities()).finish_non_exhaustive()
    }
}

impl LynqTechErp {
    /// Prepares the connection; [`ErpError::Misconfigured`] names the first setting that is missing or wrong.
    pub fn new(surroundings: Surroundings, settings: &LynqTechSettings) -> Result<Self, ErpError> {
        if let Some((setting, fault)) = settings.faults().into_iter().next() {
            return Err(ErpError::Misconfigured { reason: format!("{setting}: {fault}") });
        }
        let profile = Profile::with(&settings.profile)
            .map_err(|fault| ErpError::Misconfigured { reason: format!("lynqTechProfile.{}: {}", fault.path, fault.message) })?;
        let Surroundings { outbound, guard, tokens, tenant_id, connection, now } = surroundings;
        let client = Client {
            outbound,
            guard,
            tokens,
            tenant_id,
            connection,
            now,
            base: settings.base(&profile)?,
            credential: settings.credential()?,
            timeout_ms: settings.timeout_ms,
        };
        Ok(Self { client, profile, today: now.with_timezone(&Berlin).date_naive() })
    }

    async fn ask(&self, operation: &'static str, template: Option<&Template>, values: &[(&str, &str)]) -> Result<Value, ErpError> {
        let template = template.ok_or(ErpError::Unsupported { operation })?;
        let values = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.client.get(operation, template, &values).await
    }

    /// The rows of a customer's contracts, over all pages.
    async fn contract_rows(&self, customer: &ErpId) -> Result<Vec<Value>, ErpError> {
        const CALL: &str = "contractsByCustomer";
        let template = self.profile.contracts_by_customer.as_ref();
        let is_paged = template.is_some_and(|template| template.names().any(|name| name == "offset"));
        let mut all = Vec::new();
        for page in 0..MAX_PAGES {
            let (limit, offset) = (PAGE.to_string(), (page * PAGE).to_string());
            let values = [("customerId", customer.as_str()), ("limit", &limit), ("offset", &offset)];
            let rows = mapping::rows(&self.profile, CALL, self.ask(CALL, template, &values).await?)?;
            let is_last = rows.len() < PAGE || !is_paged;
            all.extend(rows);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    async fn customers(
        &self,
        operation: &'static str,
        template: &Template,
        values: &BTreeMap<&str, String>,
    ) -> Result<Vec<ErpId>, ErpError> {
        let rows = mapping::rows(&self.profile, operation, self.client.get(operation, template, values).await?)?;
        let mut ids = Vec::new();
        for row in &rows {
            let id = mapping::customer_id(&self.profile, operation, row)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// The only contract of these customers that fits.
    async fn only_contract(&self, customers: &[ErpId], fields: &Map<String, Value>) -> Result<Option<FieldMatch>, ErpError> {
        let mut found = None;
        for customer in customers {
            for row in self.contract_rows(customer).await? {
                let Some(contract) = mapping::contract(&self.profile, self.today, None, row)? else { continue };
                if !fits(&contract, fields) {
                    continue;
                }
                if found.is_some() {
                    return Ok(None);
                }
                let customer_id = contract.customer_id.clone().unwrap_or_else(|| customer.clone());
                found = Some(field_match(contract.id, customer_id));
            }
        }
        Ok(found)
    }
}

fn field_match(contract_id: ErpId, customer_id: ErpId) -> FieldMatch {
    FieldMatch { contract_id, customer_id, customer_legitimation: None, customer_legitimation_message: None }
}

/// Whether nothing that is asked for speaks against a contract. What the contract does not know does not.
fn fits(contract: &Contract, fields: &Map<String, Value>) -> bool {
    let same = |asked: &str, known: Option<&str>| known.is_none_or(|known| known.trim().to_lowercase() == asked.to_lowercase());
    let extra = |name: &str| contract.extra.get(name).and_then(Value::as_str);
    fields.iter().all(|(name, value)| {
        let Some(asked) = value::text(value) else { return true };
        match name.as_str() {
            "contractId" => contract.id.as_str() == asked,
            "customerId" => contract.customer_id.as_ref().is_none_or(|known| known.as_str() == asked),
            "firstname" => same(&asked, contract.firstname.as_deref()),
            "lastname" => same(&asked, contract.lastname.as_deref()),
            "company" => same(&asked, extra("company")),
            "email" => same(&asked, contract.email.as_deref()),
            "postalCode" | "zip" => same(&asked, extra("zip")),
            "iban" => same(&asked.split_whitespace().collect::<String>(), contract.iban.as_deref()),
            "meterNumber" | "counterNumber" => {
                let number = |text: &str| MeterNumber::parse(text);
                match (number(&asked), contract.counter_number.as_deref().and_then(number)) {
                    (Some(asked), Some(known)) => asked.likeness(&known) == Likeness::Same,
                    _ => true,
                }
            }
            _ => true,
        }
    })
}

#[async_trait]
impl Erp for LynqTechErp {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            contract_by_id: self.profile.contract_by_id.is_some(),
            customer_by_id: self.profile.customer_by_id.is_some(),
            search_by_fields: self.profile.search_by_fields.is_some() && self.profile.contracts_by_customer.is_some(),
            search_by_text: self.profile.search_by_text.is_some(),
        }
    }

    async fn contract_by_id(&self, id: &ErpId) -> Result<Option<Contract>, ErpError> {
        let answer = self.ask("contractById", self.profile.contract_by_id.as_ref(), &[("contractId", id.as_str())]).await?;
        mapping::contract(&self.profile, self.today, Some(id), answer)
    }

    async fn customer_by_id(&self, id: &ErpId) -> Result<Option<Customer>, ErpError> {
        const CALL: &str = "contractsByCustomer";
        let answer = self.ask("customerById", self.profile.customer_by_id.as_ref(), &[("customerId", id.as_str())]).await?;
        let Some(mut customer) = mapping::customer(&self.profile, &answer)? else { return Ok(None) };
        if customer.contract_ids.is_empty() && self.profile.contracts_by_customer.is_some() {
            for row in self.contract_rows(id).await? {
                let contract = mapping::contract_id(&self.profile, CALL, &row)?;
                if !customer.contract_ids.contains(&contract) {
                    customer.contract_ids.push(contract);
                }
            }
        }
        Ok(Some(customer))
    }

    /// LynqTech finds customers, not contracts: their contracts are read, and the only one that fits is the answer.
    async fn search_by_fields(&self, fields: &Map<String, Value>) -> Result<Option<FieldMatch>, ErpError> {
        const CALL: &str = "searchByFields";
        if !self.capabilities().search_by_fields {
            return Err(ErpError::Unsupported { operation: CALL });
        }
        let given = |name: &str| fields.get(name).and_then(value::text);
        let id = |text: String| ErpId::parse(&text).ok();
        if let Some(contract) = given("contractId").and_then(id)
            && self.profile.contract_by_id.is_some()
        {
            let found = self.contract_by_id(&contract).await?.filter(|contract| fits(contract, fields));
            return Ok(found.and_then(|contract| Some(field_match(contract.id, contract.customer_id?))));
        }
        if let Some(customer) = given("customerId").and_then(id) {
            // A customer may have several numbers, of which its contracts name one.
            let left = fields.iter().filter(|(name, _)| *name != "customerId");
            return self.only_contract(&[customer], &left.map(|(name, value)| (name.clone(), value.clone())).collect()).await;
        }
        let Some(template) = &self.profile.search_by_fields else { return Ok(None) };
        let values = fields.iter().filter_map(|(name, value)| Some((name.as_str(), value::text(value)?))).collect();
        if !template.asks(&values) {
            return Ok(None);
        }
        let customers = self.customers(CALL, template, &values).await?;
        // Ten is a full page: there may be more, and then nobody knows which one is meant.
        if customers.len() >= usize::try_from(MAX_HITS).unwrap_or(usize::MAX) {
            return Ok(None);
        }
        // Upstream has compared the customers with these; a contract may name somebody else. Its meter is its own.
        let compared: Vec<&str> = template.names().filter(|name| *name != "meterNumber").collect();
        let left = fields.iter().filter(|(name, _)| !compared.contains(&name.as_str()));
        self.only_contract(&customers, &left.map(|(name, value)| (name.clone(), value.clone())).collect()).await
    }

    async fn search_by_text(&self, q: &str, limit: u32, offset: u32) -> Result<Vec<ErpId>, ErpError> {
        const CALL: &str = "searchByText";
        let template = self.profile.search_by_text.as_ref().ok_or(ErpError::Unsupported { operation: CALL })?;
        let limit = limit.min(MAX_HITS);
        let values = BTreeMap::from([("q", q.to_owned()), ("limit", limit.to_string()), ("offset", offset.to_string())]);
        let mut ids = self.customers(CALL, template, &values).await?;
        ids.truncate(usize::try_from(limit).unwrap_or_default());
        Ok(ids)
    }
}
