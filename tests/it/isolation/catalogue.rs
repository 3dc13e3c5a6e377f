//! The schema as Postgres describes it: every table is bound to a tenant, and nothing walks around that.

use std::collections::{BTreeMap, BTreeSet};

use pretty_assertions::assert_eq;
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use crate::support::{TestDatabase, guarded};

/// Tables without a tenant. sqlx's own, the tenants themselves, counters that start before the tenant is known, and what
/// is true of the whole database.
const WITHOUT_TENANT: [&str; 4] = ["_sqlx_migrations", "tenant", "sign_in_attempt", "installation"];

/// Unique across tenants on purpose: these are what finds the tenant.
const UNIQUE_EVERYWHERE: [&str; 4] = ["session_token_unique", "access_token_id_unique", "sign_in_link_token_unique", "tenant_host_unique"];

/// What `SystemTx` may do. Everything else is closed to it.
const SYSTEM: [(&str, &str); 10] = [
    ("access_token", "DELETE INSERT SELECT UPDATE"),
    ("installation", "INSERT SELECT UPDATE"),
    ("job", "DELETE SELECT UPDATE"),
    ("profile", "INSERT SELECT UPDATE"),
    ("role", "INSERT SELECT"),
    ("session", "DELETE INSERT SELECT UPDATE"),
    ("sign_in_attempt", "DELETE INSERT SELECT UPDATE"),
    ("sign_in_link", "DELETE INSERT SELECT"),
    ("tenant", "INSERT SELECT"),
    ("tenant_host", "INSERT SELECT"),
];

/// What `TenantTx` may do where it is not everything.
const APP: [(&str, &str); 4] = [("event", "INSERT SELECT"), ("tenant", "SELECT"), ("sign_in_attempt", ""), ("installation", "")];

/// Functions that run with their owner's rights, which is mind_search's: they answer ids of the current tenant alone.
const DEFINER: [&str; 2] = ["search_ticket", "search_ticket_count"];

/// What these functions read without a policy's condition, because it would switch off the text index. The owner, who is a
/// member of mind_search, is shut out.
const SEARCHED: [&str; 3] = ["ticket", "ticket_content", "ticket_tag"];

const BY_TENANT: &str = "(tenant_id = ( SELECT current_tenant() AS current_tenant))";

#[derive(FromRow)]
struct Table {
    name: String,
    enabled: bool,
    forced: bool,
    owned: bool,
    tenant_type: Option<String>,
    tenant_not_null: Option<bool>,
    tenant_default: Option<String>,
    primary_key: Vec<String>,
}

const TABLES: &str = "
    select c.relname::text as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
           c.relowner = (select oid from pg_roles where rolname = current_user) as owned,
           format_type(a.atttypid, a.atttypmod) as tenant_type, a.attnotnull as tenant_not_null,
           pg_get_expr(d.adbin, d.adrelid) as tenant_default,
           coalesce((select array_agg(k.attname::text order by n.ordinality)
                     from pg_index i, unnest(i.indkey::int2[]) with ordinality n(attnum, ordinality), pg_attribute k
                     where i.indrelid = c.oid and i.indisprimary and k.attrelid = c.oid and k.attnum = n.attnum), '{}') as primary_key
    from pg_class c
    left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    order by 1";

async fn tables(connection: &mut PgConnection) -> Vec<Table> {
    sqlx::query_as(TABLES).fetch_all(connection).await.unwrap()
}

/// Every way in which the schema departs from the rules.
async fn violations(connection: &mut PgConnection) -> Vec<String> {
    let mut found = Vec::new();
    for table in tables(connection).await {
        found.extend(table_violations(&table));
    }
    found.extend(policy_violations(connection).await);
    found.extend(privilege_violations(connection).await);
    for query in [FOREIGN_KEYS, UNINDEXED, SHARED_UNIQUE, LEAKY_INDEXES, VIEWS, FUNCTIONS, COLUMN_PRIVILEGES, ROLES] {
        let allowed: Vec<&str> = UNIQUE_EVERYWHERE.into_iter().chain(DEFINER).collect();
        let lines: Vec<String> = sqlx::query_scalar(query).bind(&allowed).fetch_all(&mut *connection).await.unwrap();
        found.extend(lines);
    }
    found
}

fn table_violations(table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |holds: bool, what: &str| {
        if !holds {
            found.push(format!("{}: {what}", table.name));
        }
    };
    say(table.owned, "is not owned by the login role");
    if table.name == "_sqlx_migrations" {
        return found;
    }
    say(table.enabled, "row level security is not enabled");
    say(table.forced, "row level security is not forced, so the owner sees everything");
    if WITHOUT_TENANT.contains(&table.name.as_str()) {
        return found;
    }
    say(table.tenant_type.as_deref() == Some("bigint"), "has no tenant_id bigint");
    say(table.tenant_not_null == Some(true), "tenant_id may be null");
    say(table.tenant_default.as_deref() == Some("current_tenant()"), "tenant_id does not default to current_tenant()");
    say(table.primary_key.first().is_some_and(|column| column == "tenant_id"), "the primary key does not start with tenant_id");
    found
}

async fn policy_violations(connection: &mut PgConnection) -> Vec<String> {
    type Policy = (String, String, String, String, String, Option<String>, Option<String>);
    let policies: Vec<Policy> = sqlx::query_as(
        "select tablename::text, policyname::text, array_to_string(roles, ','), cmd, permissive, qual, with_check from pg_policies
         where schemaname = 'public' order by 1, 2",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut found = Vec::new();
    let mut bound = BTreeSet::new();
    let mut opened = BTreeSet::new();
    let mut shut_out = BTreeSet::new();
    let owner: String = sqlx::query_scalar("select current_user::text").fetch_one(&mut *connection).await.unwrap();
    for (table, policy, roles, command, permissive, using, check) in &policies {
        let (using, check) = (using.as_deref().unwrap_or_default(), check.as_deref().unwrap_or_default());
        let fits = match (policy.as_str(), table.as_str()) {
            ("by_tenant", "tenant") => using == BY_TENANT.replace("tenant_id", "id") && command == "SELECT" && roles == "mind_app",
            ("by_tenant", _) => using == BY_TENANT && check == BY_TENANT && command == "ALL" && roles == "mind_app",
            ("by_system", _) => roles == "mind_system" && SYSTEM.iter().any(|(listed, _)| listed == table),
            ("by_search", table) => using == "true" && command == "SELECT" && roles == "mind_search" && SEARCHED.contains(&table),
            ("not_to_owner", table) => {
                using == "false"
                    && *roles == owner
                    && permissive == "RESTRICTIVE"
                    && SEARCHED.contains(&table)
                    && shut_out.insert(table.to_owned())
            }
            _ => false,
        };
        if !fits || (permissive != "PERMISSIVE" && policy != "not_to_owner") {
            found.push(format!("{table}: the policy {policy} for {roles} ({command}) is none of those this test knows: {using} / {check}"));
        }
        match policy.as_str() {
            "by_tenant" => drop(bound.insert(table.clone())),
            "by_system" => drop(opened.insert(table.clone())),
            _ => {}
        }
    }
    for table in SEARCHED {
        if !shut_out.contains(table) {
            found.push(format!("{table}: its owner can read it as a member of mind_search"));
        }
    }
    for table in tables(connection).await {
        if !WITHOUT_TENANT.contains(&table.name.as_str()) && !bound.contains(&table.name) {
            found.push(format!("{}: has no policy by_tenant", table.name));
        }
    }
    for (table, _) in SYSTEM {
        if !opened.contains(table) {
            found.push(format!("{table}: is listed as open to mind_system and has no policy by_system"));
        }
    }
    found
}

async fn privilege_violations(connection: &mut PgConnection) -> Vec<String> {
    let granted: Vec<(String, String, String)> = sqlx::query_as(
        "select c.relname::text, coalesce(r.rolname::text, 'public'), string_agg(g.privilege_type, ' ' order by g.privilege_type)
         from pg_class c cross join aclexplode(c.relacl) g left join pg_roles r on r.oid = g.grantee
         where c.relnamespace = 'public'::regnamespace and g.grantee <> c.relowner
         group by 1, 2",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let granted: BTreeMap<(String, String), String> =
        granted.into_iter().map(|(table, role, privileges)| ((table, role), privileges)).collect();
    let mut found = Vec::new();
    for table in tables(connection).await.into_iter().map(|table| table.name) {
        let of = |role: &str| granted.get(&(table.clone(), role.to_owned())).map_or("", String::as_str);
        let listed = |list: &[(&str, &'static str)]| list.iter().find(|(name, _)| *name == table).map(|(_, privileges)| *privileges);
        let usual = if table == "_sqlx_migrations" { "" } else { "DELETE INSERT SELECT UPDATE" };
        for (role, wanted) in [("mind_app", listed(&APP).unwrap_or(usual)), ("mind_system", listed(&SYSTEM).unwrap_or_default())] {
            if of(role) != wanted {
                found.push(format!("{table}: {role} has the privileges `{}` instead of `{wanted}`", of(role)));
            }
        }
    }
    for (table, role) in granted.keys() {
        let searches = role == "mind_search" && SEARCHED.contains(&table.as_str()) && granted[&(table.clone(), role.clone())] == "SELECT";
        if !["mind_app", "mind_system"].contains(&role.as_str()) && !searches {
            found.push(format!("{table}: {role} has privileges"));
        }
    }
    found
}

/// Between tenant tables the tenant is part of the key; to `tenant` it is the key. `set null` leaves it alone.
const FOREIGN_KEYS: &str = "
    with keys as (
        select f.conname, f.conrelid::regclass::text as child, f.confrelid::regclass::text as parent, f.confdeltype,
               (select array_agg(a.attname::text || '>' || b.attname::text order by n.i)
                from generate_subscripts(f.conkey, 1) n(i)
                join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[n.i]
                join pg_attribute b on b.attrelid = f.confrelid and b.attnum = f.confkey[n.i]) as pairs,
               (select array_agg(a.attname::text) from pg_attribute a where a.attrelid = f.conrelid and a.attnum = any(f.confdelsetcols)) as emptied
        from pg_constraint f where f.contype = 'f' and f.connamespace = 'public'::regnamespace and $1::text[] is not null)
    select format('%s: the foreign key %s to %s does not carry the tenant: %s', child, conname, parent, array_to_string(pairs, ', '))
    from keys where case when parent = 'tenant' then pairs <> '{tenant_id>id}' else not 'tenant_id>tenant_id' = any(pairs) end
    union all
    select format('%s: the foreign key %s empties the tenant_id or does not say which column it empties', child, conname)
    from keys where confdeltype in ('n', 'd') and (emptied is null or 'tenant_id' = any(emptied))
    union all
    select format('%s: has no foreign key to tenant', a.attrelid::regclass)
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where a.attname = 'tenant_id' and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and not exists (select from keys where child = a.attrelid::regclass::text and parent = 'tenant')";

/// A foreign key without an index makes every delete of a parent read the whole child.
const UNINDEXED: &str = "
    select format('%s: no index begins with the columns of the foreign key %s', f.conrelid::regclass, f.conname)
    from pg_constraint f
    where f.contype = 'f' and f.connamespace = 'public'::regnamespace and $1::text[] is not null
      and not exists (
        select from pg_index i
        where i.indrelid = f.conrelid and i.indpred is null and i.indisvalid and i.indnkeyatts >= cardinality(f.conkey)
          and (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey)";

/// A value that is unique across tenants tells one tenant what another has.
const SHARED_UNIQUE: &str = "
    select format('%s: %s is unique across tenants and not on the list', i.indrelid::regclass, c.relname)
    from pg_index i join pg_class c on c.oid = i.indexrelid
    join pg_attribute t on t.attrelid = i.indrelid and t.attname = 'tenant_id'
    where i.indisunique and c.relnamespace = 'public'::regnamespace
      and not t.attnum = any((i.indkey::int2[])[0:i.indnkeyatts - 1]) and not c.relname = any($1)";

/// A policy keeps an index from being used where the comparison is not leakproof, so such an index is a mistake.
const LEAKY_INDEXES: &str = "
    select format('%s: the index %s has a column of the type %s, whose comparison is not leakproof', i.indrelid::regclass, c.relname, o.opcintype::regtype)
    from pg_index i join pg_class c on c.oid = i.indexrelid
    cross join unnest(i.indclass::oid[]) k(opclass)
    join pg_opclass o on o.oid = k.opclass
    join pg_am m on m.oid = o.opcmethod and m.amname = 'btree'
    join pg_amop e on e.amopfamily = o.opcfamily and e.amopstrategy = 3 and e.amoplefttype = o.opcintype and e.amoprighttype = o.opcintype
    join pg_operator p on p.oid = e.amopopr join pg_proc f on f.oid = p.oprcode
    where c.relnamespace = 'public'::regnamespace and not f.proleakproof and $1::text[] is not null";

/// A view reads with its owner's rights unless told otherwise; a materialised one has no row level security at all.
const VIEWS: &str = "
    select format('%s: a view must be security_invoker, and not materialised', c.relname)
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and $1::text[] is not null
      and (c.relkind = 'm' or c.relkind = 'v' and not coalesce('security_invoker=true' = any(c.reloptions) or 'security_invoker=on' = any(c.reloptions), false))";

const FUNCTIONS: &str = "
    select format('%s: is security definer and not on the list', p.proname)
    from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef and not p.proname = any($1)";

const COLUMN_PRIVILEGES: &str = "
    select format('%s.%s: has privileges of its own', a.attrelid::regclass, a.attname)
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and a.attacl is not null and $1::text[] is not null";

/// The login role, and the three it switches into: none of them may walk past row level security, and the three
/// neither log in, own anything, nor belong to one another.
const ROLES: &str = "
    select format('%s: is superuser, bypasses row level security or creates roles', rolname)
    from pg_roles
    where rolname in (current_user, 'mind_app', 'mind_system', 'mind_search') and (rolsuper or rolbypassrls or rolcreaterole) and $1::text[] is not null
    union all
    select format('%s: may log in', rolname) from pg_roles where rolname in ('mind_app', 'mind_system', 'mind_search') and rolcanlogin
    union all
    select format('%s: is missing', wanted) from unnest(array['mind_app', 'mind_system', 'mind_search']) wanted
    where not exists (select from pg_roles where rolname = wanted)
    union all
    select format('%s: belongs to %s', member::regrole, roleid::regrole) from pg_auth_members
    where member::regrole::text in ('mind_app', 'mind_system', 'mind_search')
    union all
    select format('%s: is owned by %s', relname, relowner::regrole) from pg_class
    where relowner::regrole::text in ('mind_app', 'mind_system', 'mind_search')";

#[tokio::test]
async fn the_schema_binds_every_table_to_its_tenant() {
    guarded(async {
        let database = TestDatabase::create().await;
        let mut connection = database.connect().await;
        let all = tables(&mut connection).await;
        assert!(all.len() >= 12, "only {} tables", all.len());
        for name in WITHOUT_TENANT {
            assert!(all.iter().any(|table| table.name == name), "{name} is on the list of this test and not in the schema");
        }
        let found = violations(&mut connection).await;
        assert!(found.is_empty(), "\n{}", found.join("\n"));
    })
    .await;
}

/// What this test is for: each of these was a leak in somebody's schema.
#[tokio::test]
async fn the_catalogue_test_notices_every_kind_of_mistake() {
    guarded(async {
        let database = TestDatabase::create().await;
        let mut connection = database.connect().await;
        for (mistake, noticed) in [
            ("create table leak (id bigint primary key)", "leak: row level security is not enabled"),
            ("create table leak (id bigint primary key)", "leak: has no tenant_id bigint"),
            ("create table leak (tenant_id bigint not null, id bigint, primary key (tenant_id, id)); call isolate_by_tenant('leak')", "leak: tenant_id does not default"),
            ("create table leak (tenant_id bigint default current_tenant(), id bigint primary key); call isolate_by_tenant('leak')", "leak: tenant_id may be null"),
            ("create table leak (tenant_id bigint default current_tenant(), id bigint primary key); call isolate_by_tenant('leak')", "leak: the primary key"),
            ("create table leak (tenant_id bigint not null, id bigint, primary key (tenant_id, id)); call isolate_by_tenant('leak')", "leak: has no foreign key to tenant"),
            ("alter table setting disable row level security", "setting: row level security is not enabled"),
            ("alter table setting no force row level security", "setting: row level security is not forced"),
            ("drop policy by_tenant on setting", "setting: has no policy by_tenant"),
            ("alter policy by_tenant on setting using (true)", "setting: the policy by_tenant"),
            ("alter policy by_tenant on setting with check (true)", "setting: the policy by_tenant"),
            ("alter policy by_tenant on setting to public", "setting: the policy by_tenant"),
            ("create policy extra on setting using (true)", "setting: the policy extra"),
            ("create policy by_search on setting to mind_search using (true)", "setting: the policy by_search"),
            ("call open_to_system('setting', 'select')", "setting: the policy by_system"),
            ("call open_to_system('setting', 'select')", "setting: mind_system has the privileges `SELECT`"),
            ("drop policy by_system on session", "session: is listed as open"),
            ("grant delete on event to mind_app", "event: mind_app has the privileges `DELETE INSERT SELECT`"),
            ("grant truncate on setting to mind_app", "setting: mind_app has the privileges"),
            ("grant select on setting to public", "setting: public has privileges"),
            ("grant select on profile to mind_search", "profile: mind_search has privileges"),
            ("grant select (name) on setting to public", "setting.name: has privileges"),
            ("alter table profile add unique (id); alter table setting add p bigint references profile (id)", "does not carry the tenant"),
            ("alter table profile add unique (id)", "profile_id_key is unique across tenants"),
            ("create unique index leak on profile (external_id)", "leak is unique across tenants"),
            ("create unique index leak on profile (external_id) include (tenant_id)", "leak is unique across tenants"),
            ("drop index profile_role_idx", "profile: no index begins with the columns of the foreign key profile_role_fkey"),
            (
                "alter table event drop constraint event_created_by_fkey, add constraint bad foreign key (tenant_id, created_by) references profile on delete set null",
                "event: the foreign key bad empties the tenant_id",
            ),
            ("create index leak on profile (tenant_id, lower(email), (raw_data -> 'x'))", "profile: the index leak has a column of the type jsonb"),
            ("create type mood as enum ('good'); alter table profile add mood mood; create index leak on profile (tenant_id, mood)", "whose comparison is not leakproof"),
            ("drop policy not_to_owner on ticket", "ticket: its owner can read it as a member of mind_search"),
            ("grant insert on ticket to mind_search", "ticket: mind_search has privileges"),
            ("create policy by_search on profile for select to mind_search using (true)", "profile: the policy by_search"),
            ("create view leak as select * from profile", "leak: a view must be security_invoker"),
            ("create materialized view leak as select * from profile", "leak: a view must be security_invoker"),
            ("create function leak() returns bigint language sql security definer as 'select 1::bigint'", "leak: is security definer"),
        ] {
            let sql = format!("begin; {mistake};");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap_or_else(|error| panic!("{mistake}: {error}"));
            let found = violations(&mut connection).await;
            assert!(found.iter().any(|line| line.contains(noticed)), "{mistake}: not noticed, only {found:?}");
            sqlx::raw_sql("rollback").execute(&mut connection).await.unwrap();
        }
        assert_eq!(violations(&mut connection).await, Vec::<String>::new());
    })
    .await;
}
