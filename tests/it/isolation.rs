//! No tenant sees, changes or even notices another one's rows.
//!
//! `catalogue` reads the schema, `transaction` tries the ways around row level security, `read` those that
//! connections which keep their tenant open, `sweep` calls every operation of the spec as a stranger, and proves that it
//! would notice a missing policy.

mod catalogue;
mod read;
mod sweep;
mod transaction;

use chrono::Duration;
use mind::domain::auth::service::make_link;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::{
    openapi::sign_in,
    support::{Client, TestApp, TestTenant},
};

/// Tables that have a `tenant_id`, by name.
async fn tenant_tables(connection: &mut PgConnection) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'tenant_id' and not a.attisdropped
         order by 1",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    assert!(tables.len() >= 9, "{tables:?}");
    tables
}

async fn count(connection: &mut PgConnection, table: &str, condition: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table} where {condition}"))).fetch_one(connection).await.unwrap()
}

/// Gives a tenant at least one row in every table, and answers its session. A new table needs a line here.
async fn fill(app: &TestApp, tenant: &TestTenant) -> Client {
    let slug = &tenant.tenant.slug;
    let session = sign_in(app, slug, &format!("admin@{slug}.example")).await;
    session.put("/api/mind/settings/erpCacheSeconds", &json!(301)).await.ok();
    make_link(&app.app, tenant.tenant.id, tenant.agent).await.unwrap();
    app.call_as(tenant, tenant.agent).await;
    let mut tx = app.tx(tenant).await;
    sqlx::query("insert into tenant_host (host) values ($1)")
        .bind(format!("{slug}.filled.example"))
        .execute(tx.connection())
        .await
        .unwrap();
    sqlx::query(
        "insert into erp_cache (connection, kind, external_id, own_id, body, fetched_at) values ('filled', 'contract', '1', '1', $1, $2)",
    )
    .bind(json!({"owner": format!("erp@{slug}.example")}))
    .bind(app.now() - Duration::hours(1))
    .execute(tx.connection())
    .await
    .unwrap();
    sqlx::query("insert into erp_cache_epoch (epoch) values (1) on conflict do nothing").execute(tx.connection()).await.unwrap();
    sqlx::query(
        "insert into idempotency (profile_id, scope, fingerprint, claim, lease_until, created_at, about) values ($1, '', '', $2, $3, $3, $4)",
    )
    .bind(tenant.agent.0)
    .bind(Uuid::new_v4())
    .bind(app.now())
    .bind(format!("mail/idempotency@{slug}.example"))
    .execute(tx.connection())
    .await
    .unwrap();
    sqlx::query(
        "with new as (
             insert into ticket (status, priority, channel, direction, from_address, contract_id, created_at, last_message_at)
             values ('open', 'low', 'email', 'in', $1, '746839', $2, $2) returning id),
         content as (insert into ticket_content (ticket_id, body, terms) select id, $1, ticket_terms($1, $1, $1) from new)
         insert into ticket_tag (ticket_id, tag_id) select new.id, (select min(id) from tag) from new",
    )
    .bind(format!("ticket@{slug}.example"))
    .bind(app.now())
    .execute(tx.connection())
    .await
    .unwrap();
    sqlx::query(
        "insert into attachment (ticket_id, name, content_type, size, original_url, created_at)
         select min(id), $1, 'text/plain', 0, 'https://files.example/a', $2 from ticket",
    )
    .bind(format!("attachment@{slug}.example"))
    .bind(app.now())
    .execute(tx.connection())
    .await
    .unwrap();
    sqlx::query("insert into webhook_event (system, digest, customer_id, received_at, state) values ('powercloud', '', $1, $2, 'pending')")
        .bind(format!("webhook@{slug}.example"))
        .bind(app.now())
        .execute(tx.connection())
        .await
        .unwrap();
    sqlx::query("insert into job (task, key, payload, run_at, created_at) values ('webhookRefresh', $1, '{}', $2, $2)")
        .bind(format!("job@{slug}.example"))
        .bind(app.now() + Duration::hours(1))
        .execute(tx.connection())
        .await
        .unwrap();
    for table in tenant_tables(tx.connection()).await {
        assert!(count(tx.connection(), &table, "true").await > 0, "{table} is empty in {slug}: fill() should put a row there");
    }
    tx.commit().await.unwrap();
    session
}
