//! What the ERP knows about a ticket: its customer, and what happened with its contract.

use std::{cmp::Reverse, time::Duration};

use crate::{
    App,
    db::InTenant,
    domain::{
        customer,
        erp_cache::{Freshness, model::Provenance, service::Lookup},
        profile::model::normal_email,
        role::Permission,
        ticket::{
            model::wire::{History, HistoryItem, TicketFields},
            store,
        },
    },
    erp::{Contract, Customer, ErpId},
    error::{Code, Error, Result},
    http::Caller,
};

/// How long reading a ticket waits for the ERP: people would rather read without the customer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The customer of a ticket, by its contract, else by its customer number. None: it has neither.
pub async fn customer(lookup: &Lookup, ticket: &TicketFields, with_raw_data: bool) -> Result<Option<(Customer, Provenance)>> {
    let read = |id: &str| ErpId::parse(id).map_err(|error| Error::not_found("Contract", id).details(error.to_string()));
    let (mut customer, provenance) = match (&ticket.contract_id, &ticket.customer_id) {
        (Some(contract), _) => customer::service::by_contract(lookup, &read(contract)?).await?,
        (None, Some(customer)) => customer::service::by_customer(lookup, &read(customer)?).await?,
        (None, None) => return Ok(None),
    };
    customer.email_matches = ticket.from.as_deref().map(|from| is_on_record(from, &customer));
    if !with_raw_data {
        for contract in &mut customer.contracts {
            contract.raw_data = None;
        }
    }
    Ok(Some((customer, provenance)))
}

/// Whether the sender is one of the addresses that the ERP has of the customer.
fn is_on_record(from: &str, customer: &Customer) -> bool {
    let sender = normal_email(from);
    let known = customer.email.iter().chain(customer.contracts.iter().filter_map(|contract| contract.email.as_ref()));
    known.into_iter().any(|email| normal_email(email) == sender)
}

/// The same for somebody who reads the ticket: null where they may not see contracts, and where the ERP has no such
/// customer (the number in the ticket may be wrong). An error: the ERP could not be asked.
pub async fn customer_for_reader(
    app: &App,
    caller: &Caller,
    ticket: &TicketFields,
    freshness: Freshness,
) -> Result<Option<(Customer, Provenance)>> {
    if caller.may(Permission::ReadContract).is_err() || (ticket.contract_id.is_none() && ticket.customer_id.is_none()) {
        return Ok(None);
    }
    let found = async {
        let lookup = Lookup::open(app, caller.tenant, freshness).await?;
        customer(&lookup, ticket, false).await
    };
    match patiently(found).await {
        Err(error) if matches!(error.code(), Code::NotFound | Code::NotCached) => Ok(None),
        other => other,
    }
}

async fn patiently<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Error::new(Code::ErpUnavailable, "The ERP did not answer in time");
    tokio::time::timeout(PATIENCE, work).await.map_err(late)?
}

/// Begin and end of supply. None: the ERP has no such contract. Empty: the caller may not read contracts.
pub async fn deliveries(app: &App, caller: &Caller, id: &ErpId) -> Result<Option<Vec<HistoryItem>>> {
    if caller.may(Permission::ReadContract).is_err() {
        return Ok(Some(Vec::new()));
    }
    let found = async {
        let lookup = Lookup::open(app, caller.tenant, Freshness::Cached).await?;
        lookup.contract(id).await
    };
    Ok(patiently(found).await?.map(|(contract, _)| supply(&contract)))
}

fn supply(contract: &Contract) -> Vec<HistoryItem> {
    [(contract.start_date, "deliveryStart"), (contract.end_date, "deliveryEnd")]
        .into_iter()
        .filter_map(|(date, subject)| {
            Some(HistoryItem {
                id: None,
                kind: "delivery",
                channel: None,
                sub_channel: None,
                status: contract.status.clone(),
                subject: Some(subject.to_owned()),
                url: contract.erp_urls.first().map(|link| link.url.clone()),
                created_at: date?,
            })
        })
        .collect()
}

/// A page of a contract's history, newest first.
pub async fn history(tx: &mut impl InTenant, id: &ErpId, deliveries: Vec<HistoryItem>, limit: u32, offset: u32) -> Result<History> {
    // Each delivery that is newer than what is skipped moves the page one ticket up.
    let most = u32::try_from(deliveries.len()).unwrap_or_default();
    let skip = offset.saturating_sub(most);
    let (tickets, open, mut items) = store::history(tx, id.as_str(), i64::from(skip), i64::from(limit) + i64::from(most)).await?;
    let total = tickets + i64::from(most);
    items.extend(deliveries);
    items.sort_by_key(|item| Reverse((item.created_at, item.id)));
    let history = items.into_iter().skip((offset - skip) as usize).take(limit as usize).collect();
    Ok(History { success: true, total, total_opened_tickets: open, history })
}
