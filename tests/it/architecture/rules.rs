//! The rules, one function each. A line names the file and the rule.

use super::source::Source;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 12] =
    ["util", "utils", "helper", "helpers", "manager", "managers", "common", "types", "misc", "shared", "stuff", "lib_utils"];

/// Tables whose name does not begin with their domain's.
const OWNERS: [(&str, &str); 7] = [
    ("session", "auth"),
    ("access_token", "auth"),
    ("sign_in_link", "auth"),
    ("sign_in_attempt", "auth"),
    ("setting", "settings"),
    ("tenant_host", "tenant"),
    ("installation", "tenant"),
];

/// Statements of a store on a table of another domain.
const EXCEPTIONS: [(&str, &str, &str); 1] =
    // Noting the use of a credential and of its owner is one round trip on the hottest path there is.
    [("auth", "profile", "update profile set last_seen_at = ")];

/// What a store function may take first. Each has its role, and its tenant where there is one.
const BOUND: [&str; 4] = ["TenantTx", "SystemTx", "TenantRead", "InTenant"];

/// Statements whose effect stays on the connection, where the next tenant would meet it.
const STAY: [&str; 9] =
    ["set role ", "set session ", "set local ", "set app.", "set default_", "set row_security", "reset ", "discard ", "listen "];

fn names_database(source: &Source) -> bool {
    BOUND.iter().any(|name| source.names(name))
}

/// Where a file stands: its domain, and its role there.
struct Place<'a> {
    domain: Option<&'a str>,
    role: &'a str,
    folder: &'a str,
}

fn place(path: &str) -> Place<'_> {
    let parts: Vec<&str> = path.strip_prefix("src/").unwrap_or(path).split('/').collect();
    match parts.as_slice() {
        ["domain", domain, role, ..] => Place { domain: Some(domain), role: role.trim_end_matches(".rs"), folder: "domain" },
        [folder, _, ..] => Place { domain: None, role: "", folder },
        _ => Place { domain: None, role: "", folder: "" },
    }
}

/// Imports and full paths by layer.
pub fn layer(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |violated: bool, rule: &str| {
        if violated {
            found.push(format!("{}: {rule}", source.path));
        }
    };
    let at = place(&source.path);
    let forbidden: &[&str] = match (at.domain, at.role) {
        (Some(_), "model") => &["axum", "sqlx", "reqwest"],
        (Some(_), "store") => &["axum", "reqwest"],
        (Some(_), "service" | "jobs" | "seed") => &["axum", "sqlx"],
        (Some(_), "routes" | "mod") => &["sqlx", "reqwest"],
        _ => &[],
    };
    for library in forbidden {
        say(source.uses(library), &format!("{}.rs must not use {library}", at.role));
    }
    if at.domain.is_some() && at.role == "model" {
        say(source.names("store"), "model.rs must not use a store");
        say(names_database(source), "model.rs must not use a transaction");
    }
    if ["erp", "outbound", "cortex", "mail"].contains(&at.folder) {
        for library in ["axum", "sqlx"] {
            say(source.uses(library), &format!("{}/ must not use {library}", at.folder));
        }
        let database = source.uses("crate::db") || names_database(source);
        say(database, &format!("{}/ must not use the database", at.folder));
    }
    if at.folder == "sandbox" {
        let foreign =
            source.paths.iter().filter(|path| path.starts_with("crate::erp")).any(|path| !path.split("::").any(|part| part == "wire"));
        say(foreign, "sandbox/ may use nothing of erp/ but wire types");
        say(
            source.uses("sqlx") || source.uses("crate::db") || source.uses("crate::domain"),
            "sandbox/ must not use the database or a domain",
        );
    }
    let fixed = source.names("FixedTenant") || source.members.iter().any(|name| name == "fixed_to");
    say(fixed && !["db", "bench"].contains(&at.folder), "FixedTenant has no transactions and is for bench/ alone");
    if at.folder == "db" {
        let open = source.visible.iter().any(|name| name == "pool") && !source.path.starts_with("src/db/embedded");
        say(open, "the pool must stay private");
    } else {
        let pool = source.names("PgPool") || source.names("PgPoolOptions") || source.uses("sqlx::Pool") || source.uses("sqlx::pool");
        say(pool, "PgPool belongs to src/db");
    }
    if !source.path.starts_with("src/db/embedded") {
        let named = source.members.iter().chain(&source.paths).any(|name| name.split("::").any(|part| part.starts_with("superuser")));
        say(named, "the superuser belongs to src/db/embedded");
    }
    found
}

/// Where SQL may stand, what it may write, and how it looks.
pub fn sql(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let at = place(&source.path);
    let in_store = at.domain.is_some() && at.role == "store";
    for text in &source.texts {
        if at.folder != "db" && stays(text, in_store) {
            found.push(format!("{}: role, tenant and settings of a connection belong to src/db: `{}`", source.path, text.trim()));
        }
        if !is_sql(text) {
            continue;
        }
        let start: String = text.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
        if !in_store && at.folder != "db" {
            found.push(format!("{}: SQL belongs to a store.rs: `{start} …`", source.path));
        }
        let Some(domain) = at.domain.filter(|_| in_store) else { continue };
        if text.starts_with(|c: char| c.is_ascii_uppercase()) {
            found.push(format!("{}: SQL is written in lower case: `{start} …`", source.path));
        }
        if ["now()", "current_timestamp", "clock_timestamp()"].iter().any(|clock| text.to_lowercase().contains(clock)) {
            found.push(format!("{}: domain time is a parameter, not SQL's: `{start} …`", source.path));
        }
        for table in written(text) {
            let excepted = EXCEPTIONS.iter().any(|(who, what, how)| *who == domain && *what == table && text.contains(how));
            let owner = owner_of(&table);
            if owner.as_deref() != Some(domain) && !excepted {
                found.push(format!("{}: writes to {table}, which belongs to {}", source.path, owner.as_deref().unwrap_or("nobody")));
            }
        }
    }
    found
}

/// Outside of a store such words may begin a sentence.
fn stays(text: &str, in_store: bool) -> bool {
    let text = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let asks = ["set_config(", "pg_advisory_lock(", "pg_advisory_lock_shared("].iter().any(|function| text.contains(function));
    asks || in_store && STAY.iter().any(|start| format!("{text} ").starts_with(start))
}

/// The domain of a table: the listed one, else the one whose name it begins with.
pub fn owner_of(table: &str) -> Option<String> {
    if let Some((_, owner)) = OWNERS.iter().find(|(listed, _)| *listed == table) {
        return Some((*owner).to_owned());
    }
    let domains = std::fs::read_dir(super::root().join("src/domain")).unwrap();
    let names = domains.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|domain| table == domain || table.starts_with(&format!("{domain}_"))).max_by_key(String::len)
}

/// A sentence may begin with `update`; a statement goes on like one.
fn is_sql(text: &str) -> bool {
    let text = text.trim_start().to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["insert" | "merge", "into", ..] | ["delete", "from", ..] | ["truncate", _, ..] => true,
        ["update", rest @ ..] => rest.iter().take(5).any(|word| *word == "set"),
        ["with", _, "as", next, ..] => next.starts_with('('),
        ["select", next, rest @ ..] => rest.contains(&"from") || next.contains(|c: char| c.is_ascii_digit() || "(*$'".contains(c)),
        _ => false,
    }
}

/// Tables that a statement writes to, anywhere in it.
fn written(sql: &str) -> Vec<String> {
    let lower = sql.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).filter(|word| !word.is_empty()).collect();
    let mut tables = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).map_or("", |index| words[index]);
        let mut after = words[index + 1..].iter().copied().filter(|word| *word != "only");
        let table = match *word {
            "insert" | "merge" if after.next() == Some("into") => after.next(),
            "delete" if after.next() == Some("from") => after.next(),
            "update" if !["do", "for", "key", "on"].contains(&before) => after.next(),
            "truncate" => after.find(|word| *word != "table"),
            _ => None,
        };
        tables.extend(table.map(|name| name.trim_start_matches("public.").to_owned()));
    }
    tables
}

/// Functions of a store that others call take something that has its role and tenant.
pub fn store_functions(source: &Source) -> Vec<String> {
    let at = place(&source.path);
    if at.domain.is_none() || at.role != "store" {
        return Vec::new();
    }
    let outside = source.functions.iter().filter(|function| function.public_async);
    outside
        .filter(|function| !function.first_parameter.as_ref().is_some_and(|(name, kind)| name == "tx" && BOUND.contains(&kind.as_str())))
        .map(|function| format!("{}: {} takes none of TenantTx, SystemTx, TenantRead and InTenant first", source.path, function.name))
        .collect()
}

/// The permission that the spec names is checked by the first statement.
pub fn handlers(source: &Source, count: &mut usize) -> Vec<String> {
    let mut found = Vec::new();
    for function in &source.functions {
        let Some(described) = &function.described else { continue };
        *count += 1;
        let Some(name) = described.split("\"x-permission\"=json!(\"").nth(1).and_then(|rest| rest.split('"').next()) else { continue };
        let mut letters = name.chars();
        let variant: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        let wanted = format!("Permission::{variant}");
        if function.first_check.as_ref() != Some(&wanted) {
            found.push(format!("{}: {} does not begin with caller.may({wanted})?, although the spec says so", source.path, function.name));
        }
    }
    found
}

/// Files and modules are named after what is in them.
pub fn names(source: &Source) -> Vec<String> {
    let file = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    let folders = source.path.split('/');
    let all = folders.chain([file]).chain(source.modules.iter().map(String::as_str));
    all.filter(|name| EMPTY_NAMES.contains(name)).map(|name| format!("{}: the name {name} says nothing", source.path)).collect()
}

/// A file of a domain has one of seven roles; all but jobs may be a folder of files, pages stand beside routes.
pub fn role_of_file(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.strip_prefix("src/domain/")?.split('/').collect();
    let fits = match parts.as_slice() {
        ["mod.rs"] => true,
        [_, file] => {
            let (stem, extension) = file.split_once('.').unwrap_or((file, ""));
            match extension {
                "rs" => ["mod", "model", "routes", "store", "service", "jobs", "seed"].contains(&stem),
                "html" | "js" | "css" => true,
                _ => false,
            }
        }
        [_, "routes" | "model" | "store" | "service" | "seed", file] => file.strip_suffix(".rs").is_some(),
        _ => false,
    };
    (!fits).then(|| format!("{path}: is none of mod, model, routes, store, service, jobs and seed"))
}
