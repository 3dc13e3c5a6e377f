//! The settings are the same everywhere: in the program, in the files around it, and in the documentation.

use std::collections::{BTreeMap, BTreeSet};

use mind::config::{Config, VARIABLES};
use pretty_assertions::assert_eq;
use serde_json::Value;

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Names in a text that look like settings of ours.
fn mentioned(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("MIND_") && word.len() > "MIND_".len() || *word == "DATABASE_URL").collect()
}

fn known() -> BTreeSet<&'static str> {
    VARIABLES.iter().map(|variable| variable.name).collect()
}

/// A typing error in one of these would be a setting that silently does nothing.
#[test]
fn every_setting_in_the_files_exists() {
    let mut seen = 0;
    for path in ["Dockerfile", "docker-compose.yml", "README.md", "src/domain/docs/start.html", "docs/roles.sql"] {
        let text = read(path);
        for name in mentioned(&text) {
            assert!(known().contains(name), "{path} names {name}, which is not in VARIABLES");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} names");
}

#[test]
fn every_setting_is_read_and_nothing_else_is() {
    let text = read("src/config.rs");
    let (_, rest) = text.split_once("/// Where the process runs.").unwrap();
    let code = rest.split("#[cfg(test)]").next().unwrap();
    let read_names: BTreeSet<&str> = mentioned(code);
    assert_eq!(read_names, known(), "what src/config.rs reads is not what it lists");
    assert_eq!(known().len(), VARIABLES.len(), "a name is listed twice");
    for variable in VARIABLES {
        assert!(!variable.default.is_empty() && variable.meaning.len() > 8, "{} is not explained", variable.name);
        assert!(
            !variable.meaning.ends_with('.') && !variable.meaning.contains('|') || variable.meaning.contains(" | "),
            "{}",
            variable.name
        );
    }
}

/// The text after each `ENV NAME=` of the Dockerfile.
fn image() -> BTreeMap<String, String> {
    let text = read("Dockerfile").replace("\\\n", " ");
    let lines = text.lines().filter_map(|line| line.strip_prefix("ENV "));
    lines
        .flat_map(str::split_whitespace)
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn compose() -> Value {
    yaml_serde::from_str(&read("docker-compose.yml")).unwrap()
}

/// A service with what it takes from an anchor.
fn service(name: &str) -> Value {
    let compose = compose();
    let mut service = compose["services"][name].clone();
    if let Some(base) = service["<<"].as_object().cloned() {
        for (key, value) in base {
            service.as_object_mut().unwrap().entry(key).or_insert(value);
        }
    }
    service
}

fn environment(service: &Value) -> BTreeMap<String, String> {
    let fields = service["environment"].as_object().expect("environment as a mapping");
    fields.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap_or_else(|| panic!("{name} is not a text")).to_owned())).collect()
}

/// What Compose makes of a text: `$$`, `${NAME:-default}` and `${NAME:?message}`. A missing one is its message.
fn interpolate(text: &str, given: &BTreeMap<&str, &str>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let inside = after.strip_prefix('{').unwrap_or_else(|| panic!("{text}: a bare $"));
        // The closing brace is the first that is not part of an escaped text.
        let (inside, after) = inside.split_once('}').unwrap();
        let (name, otherwise) = inside.split_once(':').unwrap_or((inside, "-"));
        match (given.get(name).filter(|value| !value.is_empty()), otherwise.split_at(1)) {
            (Some(value), _) => out.push_str(value),
            (None, ("-", default)) => out.push_str(default),
            (None, ("?", message)) => return Err(format!("{name}: {}", message.replace("$$", "$"))),
            (None, other) => panic!("{text}: {other:?}"),
        }
        rest = after;
    }
    Ok(out + rest)
}

const GIVEN: [(&str, &str); 2] =
    [("MIND_SECRET_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), ("POSTGRES_PASSWORD", "0123456789abcdef")];

#[test]
fn the_image_and_the_compose_file_are_a_valid_production_environment() {
    assert!(image().keys().all(|name| known().contains(name.as_str())), "{:?}", image());
    for name in ["mind", "migrate"] {
        let own = environment(&service(name));
        for variable in own.keys() {
            assert!(known().contains(variable.as_str()), "docker-compose.yml gives {name} the setting {variable}, which does not exist");
        }
        let mut variables = image();
        variables.extend(own.into_iter().map(|(name, value)| (name, interpolate(&value, &GIVEN.into()).unwrap())));
        let config = Config::from_map(variables).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(config.is_production());
        assert!(!config.listen.ip().is_loopback(), "nobody outside of the container would reach it");
        assert!(config.database_url().unwrap().starts_with("postgres://mind:0123456789abcdef@postgres:5432/"));
    }
}

/// The role that the compose file makes is the ordinary one the server insists on.
#[test]
fn the_compose_file_starts_the_parts_in_order() {
    let migrate = service("migrate");
    assert_eq!(migrate["command"], serde_json::json!(["migrate"]));
    assert_eq!(service("mind")["command"], serde_json::json!(["serve"]));
    assert_eq!(service("mind")["depends_on"]["migrate"]["condition"], "service_completed_successfully");
    assert_eq!(migrate["depends_on"]["postgres"]["condition"], "service_healthy");
    let script = compose()["configs"]["create-database"]["content"].as_str().unwrap().to_owned();
    assert!(script.contains("nosuperuser") && script.contains("nocreaterole") && script.contains("roles.sql"), "{script}");
}

#[test]
fn compose_without_a_key_stops_with_the_line_that_makes_one() {
    let own = environment(&service("mind"));
    for (name, variable) in [("MIND_SECRET_KEY", "MIND_SECRET_KEY"), ("POSTGRES_PASSWORD", "DATABASE_URL")] {
        let without = GIVEN.into_iter().filter(|(given, _)| *given != name).collect();
        let message = interpolate(&own[variable], &without).unwrap_err();
        assert!(message.contains(&format!("export {name}=$(openssl rand ")), "{message}");
    }
    assert!(own["MIND_SECRET_KEY"].contains("openssl rand -base64 32"));
}

/// One row of the README for each: the same name, default and meaning.
#[test]
fn the_readme_explains_every_setting() {
    let readme = read("README.md");
    let plain = |text: &str| text.replace(['`', '\\'], "").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rows: BTreeMap<String, (String, String)> = BTreeMap::new();
    for line in readme.lines().filter(|line| line.starts_with('|')) {
        // A pipe inside a cell is escaped.
        let line = line.replace("\\|", "\u{1}");
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| plain(&cell.replace('\u{1}', "|"))).collect();
        if let [name, default, meaning] = cells.as_slice()
            && known().contains(name.as_str())
        {
            assert!(rows.insert(name.clone(), (default.clone(), meaning.clone())).is_none(), "{name} has two rows");
        }
    }
    let mut violations = Vec::new();
    for variable in VARIABLES {
        let wanted = (plain(variable.default), plain(variable.meaning));
        match rows.get(variable.name) {
            Some(found) if *found == wanted => {}
            found => violations.push(format!(
                "| `{}` | {} | {} | (found: {found:?})",
                variable.name,
                variable.default,
                variable.meaning.replace('|', "\\|")
            )),
        }
    }
    assert!(violations.is_empty(), "rows of README.md that are missing or differ:\n{}", violations.join("\n"));
}

/// Checked queries read `.sqlx`; a set DATABASE_URL must not make the build connect to it.
#[test]
fn a_build_needs_no_database() {
    let cargo = read(".cargo/config.toml");
    assert!(cargo.lines().any(|line| line.trim() == "SQLX_OFFLINE = \"true\"") && cargo.contains("[env]"), "{cargo}");
    let count = std::fs::read_dir(format!("{}/.sqlx", env!("CARGO_MANIFEST_DIR"))).unwrap().count();
    assert!(count >= 30, "{count} files in .sqlx");
}
