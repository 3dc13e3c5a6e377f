//! A page of a search with its total and the way to the next.

use std::time::Duration;

use crate::{
    App,
    domain::ticket::{
        model::{
            search::{COUNTED, Search, Start},
            wire::TicketPage,
        },
        store::search as store,
    },
    error::{Code, Result},
    http::Caller,
};

/// How long `exactTotal` may count.
const EXACT_TIME: Duration = Duration::from_secs(2);

/// Finds a page.
pub async fn page(app: &App, caller: &Caller, search: &Search) -> Result<TicketPage> {
    let mut read = app.tenant_read(caller).await?;
    // One row more than asked for says whether there is a next page.
    let wanted = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    let mut start = Some(search.start.clone());
    while let Some(from) = start.filter(|_| rows.len() <= wanted) {
        let take = search.limit + 1 - i64::try_from(rows.len()).unwrap_or_default();
        rows.extend(store::page(&mut read, search, &from, take).await?);
        start = from.next(search.order);
    }
    let is_last = rows.len() <= wanted;
    rows.truncate(wanted);
    let found = i64::try_from(rows.len()).unwrap_or_default();
    let (total, total_is_capped) = match search.counted {
        Some(counted) => counted,
        // All of them are on this page, or before it.
        None if is_last && search.start == Start::First && (found > 0 || search.offset == 0) => (search.offset + found, false),
        None => {
            let counted = store::count(&mut read, search, COUNTED + 1).await?;
            (counted.min(COUNTED), counted > COUNTED)
        }
    };
    drop(read);
    let (total, total_is_capped) = if search.exact_total && total_is_capped {
        exact(app, caller, search).await?.map_or((total, true), |exact| (exact, false))
    } else {
        (total, total_is_capped)
    };
    let last = rows.last().filter(|_| !is_last);
    let next_cursor = last.map(|(ticket, key)| search.cursor_after(key.clone(), ticket.id.0, total, total_is_capped));
    let tickets = rows.into_iter().map(|(ticket, _)| ticket.into()).collect();
    Ok(TicketPage { tickets, total, total_is_capped, next_cursor, offset: search.offset, limit: search.limit, success: true })
}

/// Counts all, unless that takes too long.
async fn exact(app: &App, caller: &Caller, search: &Search) -> Result<Option<i64>> {
    let mut tx = app.tenant_tx(caller).await?;
    tx.limit_statements(EXACT_TIME).await?;
    match store::count(&mut tx, search, i64::MAX).await {
        Ok(count) => {
            tx.commit().await?;
            Ok(Some(count))
        }
        Err(error) if error.code() == Code::Timeout => Ok(None),
        Err(error) => Err(error),
    }
}
