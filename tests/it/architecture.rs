//! The house rules that a compiler does not check. A violation is one line: the file, and the rule.

mod rules;
mod source;

use std::path::{Path, PathBuf};

use self::source::Source;

/// Everything at the top of the repository but hidden files, licence and community files. Cargo looks for `build.rs`
/// beside its manifest; `target` is what it writes.
const TOP: [&str; 14] = [
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
    "README.md",
    "docker-compose.yml",
    "Dockerfile",
    "migrations",
    "openapi",
    "docs",
    "benches",
    "src",
    "tests",
    "target",
    "proptest-regressions",
];
const COMMUNITY: [&str; 7] = ["LICENSE", "LICENSE-APACHE", "LICENSE-MIT", "NOTICE", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md"];

/// Longest file.
const LINES: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder, relative to the repository, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

fn sources(folder: &str) -> Vec<Source> {
    let rust = files(folder).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| Source::parse(path.to_str().unwrap(), &std::fs::read_to_string(root().join(&path)).unwrap())).collect()
}

fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn nothing_unexpected_stands_at_the_top() {
    let mut violations = Vec::new();
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with('.') && !TOP.contains(&name.as_str()) && !COMMUNITY.contains(&name.as_str()) {
            violations.push(format!("{name}: is not in the tree of the architecture; a hidden file, or a folder that exists, may hold it"));
        }
    }
    assert_none(&violations);
}

#[test]
fn every_file_is_of_a_readable_length() {
    let mut violations = Vec::new();
    for folder in ["src", "tests"] {
        for source in sources(folder) {
            if source.lines > LINES {
                violations.push(format!("{}: {} lines, more than {LINES}", source.path, source.lines));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn every_module_says_what_it_is() {
    let all: Vec<Source> = sources("src").into_iter().chain(sources("tests")).collect();
    assert!(all.len() > 100, "only {} files", all.len());
    let mut violations: Vec<String> =
        all.iter().filter(|source| !source.documented).map(|source| format!("{}: does not begin with //!", source.path)).collect();
    violations.extend(all.iter().flat_map(rules::names));
    assert_none(&violations);
}

#[test]
fn every_domain_has_the_same_files() {
    let mut violations = Vec::new();
    for path in files("src/domain") {
        violations.extend(rules::role_of_file(path.to_str().unwrap()));
    }
    assert_none(&violations);
}

#[test]
fn every_layer_uses_only_what_it_may() {
    let violations: Vec<String> = sources("src").iter().flat_map(rules::layer).collect();
    assert_none(&violations);
}

#[test]
fn only_stores_hold_sql_and_each_writes_its_own_tables() {
    let violations: Vec<String> = sources("src").iter().flat_map(rules::sql).collect();
    assert_none(&violations);
}

#[test]
fn every_statement_runs_in_a_transaction_that_knows_its_tenant() {
    let violations: Vec<String> = sources("src").iter().flat_map(rules::store_functions).collect();
    assert_none(&violations);
}

#[test]
fn every_handler_checks_its_permission_first() {
    let mut handlers = 0;
    let mut violations = Vec::new();
    for source in sources("src") {
        violations.extend(rules::handlers(&source, &mut handlers));
    }
    assert!(handlers >= 20, "only {handlers} handlers");
    assert_none(&violations);
}

/// Each table belongs to the domain whose name it begins with, or to the one that is listed.
#[test]
fn every_table_belongs_to_a_domain() {
    let mut tables = Vec::new();
    for path in files("migrations") {
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        tables.extend(text.split("create table ").skip(1).map(|rest| rest.split([' ', '(']).next().unwrap().to_owned()));
    }
    assert!(tables.len() >= 10, "{tables:?}");
    let ownerless: Vec<String> = tables
        .into_iter()
        .filter(|table| rules::owner_of(table).is_none_or(|domain| !root().join("src/domain").join(domain).is_dir()))
        .collect();
    assert_none(&ownerless);
}

/// The checks above find what they are for.
#[test]
fn a_planted_violation_is_found() {
    type Rule = fn(&Source) -> Vec<String>;
    let handlers: Rule = |source| rules::handlers(source, &mut 0);
    let plants: &[(&str, &str, Rule, &str)] = &[
        ("src/domain/ticket/model.rs", "use axum::Json;", rules::layer, "model.rs must not use axum"),
        ("src/domain/ticket/model.rs", "fn f() { sqlx::query!(\"x\"); }", rules::layer, "model.rs must not use sqlx"),
        ("src/domain/ticket/model.rs", "use crate::{domain::role::store::ADMIN, App};", rules::layer, "must not use a store"),
        ("src/domain/ticket/model/state.rs", "use super::super::store;", rules::layer, "must not use a store"),
        ("src/domain/ticket/store.rs", "use axum::http::StatusCode as S;", rules::layer, "store.rs must not use axum"),
        ("src/domain/ticket/store.rs", "fn f() -> reqwest::Client { loop {} }", rules::layer, "store.rs must not use reqwest"),
        ("src/domain/ticket/service.rs", "mod inner { use {axum::Router}; }", rules::layer, "service.rs must not use axum"),
        ("src/domain/ticket/jobs.rs", "use axum as web;", rules::layer, "jobs.rs must not use axum"),
        ("src/domain/ticket/routes.rs", "fn f() { anyhow::ensure!(sqlx::query(\"x\")); }", rules::layer, "routes.rs must not use sqlx"),
        ("src/domain/ticket/routes/get.rs", "use sqlx::PgConnection;", rules::layer, "routes.rs must not use sqlx"),
        ("src/erp/custom/client.rs", "use axum::Json;", rules::layer, "erp/ must not use axum"),
        ("src/erp/custom/client.rs", "use crate::db::TenantTx;", rules::layer, "erp/ must not use the database"),
        ("src/outbound/client.rs", "use sqlx::Row;", rules::layer, "outbound/ must not use sqlx"),
        ("src/cortex/mod.rs", "use sqlx::Row;", rules::layer, "cortex/ must not use sqlx"),
        ("src/sandbox/world.rs", "use crate::erp::Contract;", rules::layer, "sandbox/ may use nothing of erp/ but wire types"),
        ("src/jobs/relay.rs", "use sqlx::PgPool;", rules::layer, "PgPool belongs to src/db"),
        ("src/app.rs", "struct S { pool: sqlx::Pool<sqlx::Postgres> }", rules::layer, "PgPool belongs to src/db"),
        ("src/db/pool.rs", "pub struct Db { pub pool: PgPool }", rules::layer, "the pool must stay private"),
        ("src/db/pool.rs", "impl Db { pub(crate) fn pool(&self) -> &PgPool { &self.pool } }", rules::layer, "the pool must stay private"),
        ("src/server.rs", "fn f(c: &Cluster) { c.superuser_options(\"mind\"); }", rules::layer, "the superuser belongs to src/db/embedded"),
        ("src/domain/ticket/service.rs", "const Q: &str = \" select 1 from t\";", rules::sql, "SQL belongs to a store.rs"),
        ("src/app.rs", "fn f() { run!(\"delete from t\"); }", rules::sql, "SQL belongs to a store.rs"),
        (
            "src/domain/role/store.rs",
            "fn f() { sqlx::query!(\"insert into profile (id) values (1)\"); }",
            rules::sql,
            "writes to profile, which belongs to profile",
        ),
        (
            "src/domain/role/store.rs",
            "fn f() { sqlx::query!(\"with a as (delete from only session s) select 1\"); }",
            rules::sql,
            "writes to session",
        ),
        ("src/domain/auth/store.rs", "fn f() { sqlx::query!(\"update profile set role_id = 1\"); }", rules::sql, "writes to profile"),
        ("src/domain/role/store.rs", "fn f() { sqlx::query!(\"update event e set type = 'x'\"); }", rules::sql, "writes to event"),
        ("src/domain/role/store.rs", "fn f() { sqlx::query!(\"select now()\"); }", rules::sql, "domain time is a parameter"),
        ("src/domain/role/store.rs", "fn f() { sqlx::query!(\"SELECT 1\"); }", rules::sql, "lower case"),
        (
            "src/domain/role/store.rs",
            "pub async fn f(c: &mut PgConnection) {}",
            rules::store_functions,
            "takes none of TenantTx, SystemTx, TenantRead and InTenant first",
        ),
        ("src/domain/role/store.rs", "pub async fn f(tx: &mut impl Any) {}", rules::store_functions, "takes none of"),
        ("src/domain/role/model.rs", "use crate::db::InTenant;", rules::layer, "model.rs must not use a transaction"),
        ("src/domain/role/store.rs", "fn f() { sqlx::query!(\"reset role\"); }", rules::sql, "belong to src/db"),
        ("src/domain/role/store.rs", "fn f() { sqlx::query!(\"set  Role none\"); }", rules::sql, "belong to src/db"),
        ("src/jobs/relay.rs", "const Q: &str = \"select set_config('role', 'x', false)\";", rules::sql, "belong to src/db"),
        (
            "src/domain/role/routes.rs",
            "#[utoipa::path(get, extensions((\"x-permission\" = json!(\"readTicket\"))))] async fn f(caller: Caller) { caller.may(Permission::UpdateTicket)?; }",
            handlers,
            "f does not begin with caller.may(Permission::ReadTicket)?",
        ),
        (
            "src/domain/role/routes.rs",
            "#[utoipa::path(get, extensions((\"x-permission\" = json!(\"readTicket\"))))] async fn f(caller: Caller) { let x = 1; caller.may(Permission::ReadTicket)?; }",
            handlers,
            "f does not begin with",
        ),
        ("src/http/utils.rs", "", rules::names, "utils says nothing"),
        ("src/http/mod.rs", "mod helpers { }", rules::names, "helpers says nothing"),
    ];
    for (path, text, rule, wanted) in plants {
        let found = rule(&Source::parse(path, text));
        assert!(found.iter().any(|line| line.contains(wanted) && line.starts_with(path)), "{path}: {text}\n{found:?}");
    }
    for path in ["src/domain/ticket/types.rs", "src/domain/ticket/jobs/read.rs", "src/domain/ticket.rs", "src/domain/ticket/routes/a/b.rs"]
    {
        assert!(rules::role_of_file(path).is_some(), "{path}");
    }
}

/// And nothing else.
#[test]
fn what_is_allowed_is_not_found() {
    for (path, text) in [
        (
            "src/domain/ticket/model.rs",
            "/// axum and sqlx::query\n#[derive(sqlx::Type)] #[sqlx(transparent)] pub struct TicketId(pub i64);",
        ),
        (
            "src/domain/auth/store.rs",
            "pub async fn f(tx: &mut SystemTx) { sqlx::query!(\"update profile set last_seen_at = $1 where id = 1\"); }",
        ),
        (
            "src/domain/role/store.rs",
            "pub async fn f(tx: &mut TenantTx) { sqlx::query!(\"insert into role (id) values (1) on conflict (id) do update set name = 'x'\"); }",
        ),
        (
            "src/domain/role/store.rs",
            "pub async fn f(tx: &mut TenantTx) { sqlx::query!(\"select r.id from role r join profile p on p.id = r.id for update of r\"); }",
        ),
        ("src/domain/role/service.rs", "const HELP: &str = \"update your settings\"; const T: &str = \"Select one\";"),
        ("src/domain/role/routes.rs", "#[utoipa::path(get)] async fn f(caller: Caller) { caller.may(Permission::ReadTicket)?; }"),
        ("src/domain/role/store.rs", "pub async fn f(tx: &mut impl InTenant) {}"),
        ("src/domain/role/store.rs", "pub async fn f(tx: &mut TenantRead) { query.push(\" set name = \"); }"),
        ("src/domain/role/service.rs", "const HELP: &str = \"Reset the password\";"),
        ("src/db/pool.rs", "pub struct Db { pool: PgPool }"),
    ] {
        let source = Source::parse(path, text);
        let found = [
            rules::layer(&source),
            rules::sql(&source),
            rules::store_functions(&source),
            rules::handlers(&source, &mut 0),
            rules::names(&source),
        ]
        .concat();
        assert!(found.is_empty(), "{text}\n{found:?}");
    }
}
