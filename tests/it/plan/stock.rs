//! Tickets by the hundred thousand, made by Postgres itself: as many of each kind as `mind seed` would make, with less text.

use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{TestApp, TestTenant};

/// Tickets of the tenant that is measured.
pub const TICKETS: i64 = 100_000;
/// Tickets of the other one.
const OTHERS: i64 = 1_000;

/// Word of about a third of all tickets.
pub const COMMON: &str = "Zählerstand";
/// Word of one ticket in a hundred.
pub const MEDIUM: &str = "Schlichtungsstelle";
/// Word of five tickets, whatever their number.
pub const RARE: &str = "Wallbox";

/// Tables to look after once they are full.
const TABLES: [&str; 12] = [
    "ticket",
    "ticket_content",
    "ticket_tag",
    "event",
    "attachment",
    "erp_cache",
    "idempotency",
    "access_token",
    "session",
    "sign_in_link",
    "profile",
    "tag",
];

/// Fills both tenants.
pub async fn fill(app: &TestApp, superuser: &mut PgConnection) {
    // Foreign keys hold by the way the rows are made; asking about each of them takes longer than making them.
    sqlx::raw_sql("set session_replication_role = replica; set maintenance_work_mem = '256MB'; select setseed(0.5)")
        .execute(&mut *superuser)
        .await
        .unwrap();
    for (tenant, tickets) in [(&app.other, OTHERS), (&app.demo, TICKETS)] {
        fill_tenant(superuser, tenant, tickets, app).await;
    }
    app.app.db().tidy(&TABLES).await.unwrap();
}

async fn fill_tenant(superuser: &mut PgConnection, tenant: &TestTenant, tickets: i64, app: &TestApp) {
    run(superuser, &format!("select set_config('app.tenant_id', '{}', false)", tenant.tenant.id.0)).await;
    run(superuser, &format!("select set_config('plan.now', '{}', false)", app.now())).await;
    run(superuser, PEOPLE).await;
    // A text index that is there already is written entry by entry.
    let index: String =
        sqlx::query_scalar("select pg_get_indexdef('ticket_content_terms_idx'::regclass)").fetch_one(&mut *superuser).await.unwrap();
    run(superuser, "drop index ticket_content_terms_idx").await;
    for statement in [TICKET, CONTENT, TAGS, EVENT] {
        run(superuser, &statement.replace(":tickets", &tickets.to_string())).await;
    }
    run(superuser, &index).await;
    for statement in [ATTACHMENT, ERP_CACHE, REQUEST, CREDENTIAL] {
        run(superuser, &statement.replace(":tickets", &tickets.to_string())).await;
    }
}

async fn run(superuser: &mut PgConnection, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(superuser).await.unwrap();
}

/// Twelve people who work on tickets, and tags of very different frequency.
const PEOPLE: &str = "
insert into profile (first_name, last_name, email, email_norm, role_id, created_at)
select 'Agent', n, 'agent' || n || '@plan.invalid', 'agent' || n || '@plan.invalid', 2, current_setting('plan.now')::timestamptz
from generate_series(1, 12) n;
insert into tag (id, name, reference, type, visibility, color, properties, priority, channels, subchannels, detection_details, assignment,
                 test_case, created_at)
select 200 + n, 'Tag ' || n, 'ticket', 'skill', 'public', 'grey', '{}', 'do-not-change', '{}', '{}', '{}', '{}', '{}',
       current_setting('plan.now')::timestamptz
from generate_series(1, 13) n";

/// One every five minutes, the last one now. Open ones are the newest for the most part, about 12,000, of which 1,200 are
/// urgent, whatever the number of all.
const TICKET: &str = "
with people as (select array_agg(id) as ids from profile where tenant_id = current_tenant() and first_name = 'Agent' and last_name <> ''),
drawn as materialized (
    select n, current_setting('plan.now')::timestamptz - (:tickets - n) * interval '5 minutes' as at,
           random() as state, 0.6 * exp((n - :tickets) / 20000.0) as open, random() as who, random() as urgency, random() as kind,
           floor(random() * 40000)::int as contract, floor(random() * 30000)::int as sender, random() as known, random() as mood,
           random() as answered
    from generate_series(1, :tickets) n),
told as (
    select *, case when state < open then 'open' when state < open * 1.5 then 'pending' else 'closed' end as status,
           at + answered * interval '3 days' as touched
    from drawn)
insert into ticket (status, priority, channel, direction, subject, from_address, from_norm, from_name, to_addresses, external_ticket_id,
    contract_id, customer_id, agent_id, responder_id, ai_support_level, spam_status, sentiment, language, language_code, created_at,
    modified_at, first_response_due_by, due_by, closed_at, last_message_at, last_customer_message_at)
select status,
    case when status = 'open' and urgency < 0.1 then 'urgent' when urgency < 0.03 then 'urgent' when urgency < 0.3 then 'low'
         when urgency < 0.8 then 'medium' else 'high' end,
    case when kind < 0.8 then 'email' when kind < 0.9 then 'portal' when kind < 0.95 then 'phone' else 'letter' end,
    case when kind < 0.05 then 'out' else 'in' end,
    'Anliegen ' || contract || ' von ' || sender,
    'Kunde' || sender || '@example.com', 'kunde' || sender || '@example.com', 'Kunde ' || sender, array['service@stadtwerke.example'],
    case when known < 0.1 then 'ext-' || n end,
    case when known < 0.8 then (1000000 + contract)::text end,
    case when known < 0.8 then 'C-' || (200000 + contract / 2) end,
    case when who < case status when 'open' then 0.35 else 0.8 end then ids[1 + floor(who * 10)::int] end,
    case when status = 'closed' and who < 0.5 then ids[1 + floor(who * 10)::int] end,
    case when mood < 0.6 then 'human' when mood < 0.8 then 'automated' else 'unprocessed' end,
    case when mood < 0.85 then 'auto_clean' when mood > 0.95 then 'auto_spam' end,
    case when mood < 0.1 then 'negative' when mood < 0.95 then 'neutral' end,
    case when kind < 0.96 then 'German' when kind < 0.99 then 'English' end, case when kind < 0.96 then 'de' when kind < 0.99 then 'en' end,
    at, case when status <> 'open' then touched end,
    case when mood < 0.95 then at + interval '1 day' end,
    case when mood < 0.95 then at + case when kind < 0.5 then interval '3 days' else interval '5 days' end end,
    case when status = 'closed' then touched end,
    case when status = 'open' then at else touched end,
    case when kind >= 0.05 then at end
from told, people order by n";

/// A dozen words each, the frequent ones very frequent.
const CONTENT: &str = "
insert into ticket_content (ticket_id, body, body_plain, body_clean, raw_data, terms)
select id, '<p>' || body || '</p>', body, body, '{}', ticket_terms(subject, body, from_address)
from (
    select t.id, t.subject, t.from_address,
           case when random() < 0.3 then 'Zählerstand ' else '' end || case when random() < 0.01 then 'Schlichtungsstelle ' else '' end
           || case when row_number() over (order by t.id) % (:tickets / 5) = 7 then 'Wallbox ' else '' end
           || (select string_agg('wort' || floor(1000 * random() ^ 3)::int, ' ') from generate_series(1, 12) g where t.id > 0) as body
    from ticket t where t.tenant_id = current_tenant()) written";

/// One tag each, some two; the thirteenth tag has forty tickets.
const TAGS: &str = "
insert into ticket_tag (ticket_id, tag_id)
select id, 201 + floor(12 * random() ^ 2)::int from ticket where tenant_id = current_tenant();
insert into ticket_tag (ticket_id, tag_id)
select id, 201 + floor(12 * random() ^ 2)::int from ticket where tenant_id = current_tenant() and id % 7 = 0
on conflict do nothing;
insert into ticket_tag (ticket_id, tag_id)
select id, 213 from ticket where tenant_id = current_tenant() and id % (:tickets / 40) = 3";

/// How every ticket began, and what happened to one in three, in transactions of 500 events that are long over.
const EVENT: &str = "
insert into event (type, data, ticket_id, contract_id, created_by, created_at, xid)
select case when again then 'ticketUpdated' else 'ticketCreated' end, json_build_object('status', t.status), t.id, t.contract_id, t.agent_id,
       t.created_at + case when again then interval '1 hour' else interval '0' end,
       (3 + (row_number() over (order by t.id)) / 500)::text::xid8
from ticket t, (values (false), (true)) as e (again)
where t.tenant_id = current_tenant() and (not again or t.id % 3 = 0)";

const ATTACHMENT: &str = "
insert into attachment (ticket_id, name, content_type, size, original_url, digest, created_at)
select id, 'foto.jpg', 'image/jpeg', 1000, 'https://files.example/' || id, decode(md5(id::text), 'hex'), created_at
from ticket where tenant_id = current_tenant() and id % 5 = 0";

/// Customers with two contracts each.
const ERP_CACHE: &str = "
insert into erp_cache (connection, kind, external_id, own_id, customer_id, body, fetched_at)
select 'plan', 'contract', 1000000 + n, 1000000 + n, 'C-' || (200000 + n / 2), '{}', current_setting('plan.now')::timestamptz - n * interval '1 second'
from generate_series(0, :tickets / 4) n;
insert into erp_cache (connection, kind, external_id, own_id, body, fetched_at)
select 'plan', 'customer', 'C-' || (200000 + n), 'C-' || (200000 + n), json_build_object('contractIds', json_build_array((1000000 + 2 * n)::text, (1000001 + 2 * n)::text)),
       current_setting('plan.now')::timestamptz - n * interval '1 second'
from generate_series(0, :tickets / 8) n";

const REQUEST: &str = "
insert into idempotency (profile_id, scope, fingerprint, claim, lease_until, created_at, answer, about)
select (select min(id) from profile where tenant_id = current_tenant()), sha256(n::text::bytea), sha256(n::text::bytea), gen_random_uuid(),
       current_setting('plan.now')::timestamptz, current_setting('plan.now')::timestamptz - n * interval '4 seconds', 'sealed', 'ticket/' || n
from generate_series(1, :tickets / 5) n";

const CREDENTIAL: &str = "
insert into session (id, token_hash, profile_id, created_at, last_used_at, idle_seconds, expires_at)
select gen_random_uuid(), sha256((current_tenant() || 'session' || n)::bytea), (select min(id) from profile where tenant_id = current_tenant()),
       current_setting('plan.now')::timestamptz, current_setting('plan.now')::timestamptz, 3600, current_setting('plan.now')::timestamptz + interval '1 day'
from generate_series(1, :tickets / 10) n;
insert into access_token (id, kind, name, profile_id, created_at, expires_at)
select gen_random_uuid(), 'userToken', 'plan', (select min(id) from profile where tenant_id = current_tenant()),
       current_setting('plan.now')::timestamptz, current_setting('plan.now')::timestamptz + interval '90 days'
from generate_series(1, :tickets / 10) n;
insert into sign_in_link (token_hash, profile_id, expires_at)
select sha256((current_tenant() || 'link' || n)::bytea), (select min(id) from profile where tenant_id = current_tenant()),
       current_setting('plan.now')::timestamptz + interval '1 day'
from generate_series(1, :tickets / 10) n";
