//! Every environment variable the server reads: name, default, meaning, and its typed value.
//!
//! [`VARIABLES`] is the one list. The README table, `mind --help`, the Dockerfile and docker-compose.yml are compared
//! with it by a test.

use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    domain::tenant::{Slug, model::normal_host},
    outbound::AllowList,
    secret::KeyRing,
    storage,
};

/// A variable of the environment.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is not set, as text for people.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn variable(name: &'static str, default: &'static str, meaning: &'static str) -> Variable {
    Variable { name, default, meaning }
}

/// Every variable, in the order the documentation shows them.
pub const VARIABLES: &[Variable] = &[
    variable(
        "MIND_ENV",
        "development",
        "development | production. Production never starts a database or the sandbox and never migrates by itself",
    ),
    variable(
        "DATABASE_URL",
        "embedded Postgres in the data folder",
        "Postgres 15 or newer; the role must own the database. Required in production",
    ),
    variable(
        "MIND_SECRET_KEY",
        "random, kept in the data folder",
        "32 bytes in base64; several separated by commas: the first encrypts, all decrypt. Required in production",
    ),
    variable("MIND_LISTEN", "127.0.0.1:8080", "Address of the API"),
    variable("MIND_ADMIN_LISTEN", "127.0.0.1:9464", "Address of /metrics and /health for operators; `off` = none"),
    variable("MIND_DATA_DIR", ".mind", "Folder of the embedded database, the generated key and the file `env`"),
    variable(
        "MIND_STORAGE_URL",
        "folder storage in the data folder",
        "Where attachments lie: file:///folder, or s3://bucket/prefix in a program with the feature s3",
    ),
    variable("MIND_PG_BIN", "searched", "Folder with the binaries of PostgreSQL 15 or newer for the embedded database"),
    variable("MIND_PUBLIC_URL", "http://<MIND_LISTEN>", "URL under which browsers and ERPs reach the server; https makes cookies Secure"),
    variable("MIND_BASE_DOMAIN", "none", "Tenants answer at <slug>.<this domain>"),
    variable("MIND_DEFAULT_TENANT", "demo in development, none in production", "Tenant of requests that name none by host or credential"),
    variable("MIND_TRUSTED_PROXIES", "none", "Comma separated networks (CIDR) whose X-Forwarded-For and X-Forwarded-Host are believed"),
    variable(
        "MIND_OUTBOUND_ALLOW",
        "none (development: the sandbox)",
        "Comma separated host:port that may be called although their address is private",
    ),
    variable(
        "MIND_ATTACHMENT_ALLOW",
        "none",
        "Comma separated host:port that attachments may be fetched from although their address is private",
    ),
    variable("MIND_SANDBOX_LISTEN", "127.0.0.1:8090", "Address of the ERP sandbox in development; busy = a free port; `off` = none"),
    variable("MIND_DB_POOL_SIZE", "20", "Connections to Postgres at most (2 to 500)"),
    variable(
        "MIND_DB_READ_POOL_SIZE",
        "20",
        "Further connections, for reads alone (0 to 500); 0 = none, as behind a pooler that works by transaction",
    ),
    variable("MIND_DB_ACQUIRE_TIMEOUT_SECONDS", "5", "Wait for a free connection before a request answers 503"),
    variable("MIND_DB_STATEMENT_TIMEOUT_SECONDS", "10", "Longest single statement of a request"),
    variable("MIND_DB_IDLE_TRANSACTION_TIMEOUT_SECONDS", "15", "Postgres ends a transaction that is idle for longer"),
    variable("MIND_REQUEST_TIMEOUT_SECONDS", "30", "Longest request; then 503"),
    variable("MIND_BODY_LIMIT_BYTES", "1048576", "Largest request body; larger = 413"),
    variable("MIND_OUTBOUND_CONNECT_TIMEOUT_SECONDS", "3", "Longest wait for a connection to an ERP"),
    variable("MIND_SIGN_IN_ATTEMPTS_PER_ACCOUNT", "10", "Attempts per account in 15 minutes before 429"),
    variable("MIND_SIGN_IN_ATTEMPTS_PER_ADDRESS", "100", "Attempts per client address in 15 minutes before 429"),
    variable("MIND_DRAIN_TIMEOUT_SECONDS", "20", "Time running requests get at a stop"),
    variable("MIND_LOG", "info", "Filter of the log, as in `info,mind=debug`"),
    variable("MIND_LOG_FORMAT", "text", "text | json"),
];

/// Where the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Starts everything it needs by itself.
    Development,
    /// Uses only what the operator provides.
    Production,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One line for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A listen address, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Null = this listener is off.
    pub address: Option<SocketAddr>,
    /// Whether the operator set it; a busy default may move to a free port, a busy setting is an error.
    pub explicit: bool,
}

/// Why the environment cannot be used; one line that names the variable.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name}: {reason}")]
pub struct ConfigError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong and what would be right. Never the value of a secret.
    pub reason: String,
}

/// The typed environment.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is one entry of VARIABLES, which says what it means")]
pub struct Config {
    pub environment: Environment,
    pub database_url: Option<SecretString>,
    pub secret_key: Option<KeyRing>,
    pub listen: SocketAddr,
    pub admin_listen: Listen,
    pub data_dir: PathBuf,
    pub storage: storage::Place,
    pub pg_bin: Option<PathBuf>,
    pub public_url: Url,
    pub base_domain: Option<String>,
    pub default_tenant: Option<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub outbound_allow: AllowList,
    pub attachment_allow: AllowList,
    pub sandbox_listen: Listen,
    pub db_pool_size: u32,
    pub db_read_pool_size: u32,
    pub db_acquire_timeout: Duration,
    pub db_statement_timeout: Duration,
    pub db_idle_transaction_timeout: Duration,
    pub request_timeout: Duration,
    pub body_limit: usize,
    pub outbound_connect_timeout: Duration,
    pub sign_in_attempts_per_account: u32,
    pub sign_in_attempts_per_address: u32,
    pub drain_timeout: Duration,
    pub log: String,
    pub log_format: LogFormat,
}

struct Reader(BTreeMap<String, String>);

impl Reader {
    fn text(&self, name: &'static str) -> Option<&str> {
        debug_assert!(VARIABLES.iter().any(|v| v.name == name), "{name} is not in VARIABLES");
        self.0.get(name).map(|v| v.trim()).filter(|v| !v.is_empty())
    }

    fn parsed<T: FromStr>(&self, name: &'static str, default: T, wanted: &str) -> Result<T, ConfigError> {
        self.text(name)
            .map_or(Ok(default), |text| text.parse().map_err(|_| ConfigError { name, reason: format!("`{text}` is not {wanted}") }))
    }

    fn seconds(&self, name: &'static str, default: u64) -> Result<Duration, ConfigError> {
        let seconds: u64 = self.parsed(name, default, "a whole number of seconds")?;
        if (1..=3600).contains(&seconds) {
            Ok(Duration::from_secs(seconds))
        } else {
            Err(ConfigError { name, reason: format!("`{seconds}` is not between 1 and 3600 seconds") })
        }
    }

    fn number(&self, name: &'static str, default: u32, least: u32, most: u32) -> Result<u32, ConfigError> {
        let number: u32 = self.parsed(name, default, "a whole number")?;
        if (least..=most).contains(&number) {
            Ok(number)
        } else {
            Err(ConfigError { name, reason: format!("`{number}` is not between {least} and {most}") })
        }
    }

    fn allow_list(&self, name: &'static str) -> Result<AllowList, ConfigError> {
        let list = self.text(name).unwrap_or_default().parse();
        list.map_err(|error: crate::outbound::AllowListError| ConfigError { name, reason: error.to_string() })
    }

    fn listen(&self, name: &'static str, default: &str) -> Result<Listen, ConfigError> {
        let text = self.text(name);
        let address = match text.unwrap_or(default) {
            "off" => None,
            text => Some(
                text.parse()
                    .map_err(|_| ConfigError { name, reason: format!("`{text}` is not an address such as {default} (or `off`)") })?,
            ),
        };
        Ok(Listen { address, explicit: text.is_some() })
    }
}

impl Config {
    /// Reads the process environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_map(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect())
    }

    /// Reads variables from a map; the tests' way in.
    pub fn from_map(variables: BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let read = Reader(variables);
        let environment = match read.text("MIND_ENV").unwrap_or("development") {
            "development" => Environment::Development,
            "production" => Environment::Production,
            other => return Err(ConfigError { name: "MIND_ENV", reason: format!("`{other}` is neither development nor production") }),
        };
        let production = environment == Environment::Production;
        let listen: SocketAddr =
            read.parsed("MIND_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080)), "an address such as 127.0.0.1:8080")?;
        let config = Self {
            environment,
            database_url: database_url(&read)?,
            secret_key: read
                .text("MIND_SECRET_KEY")
                .map(KeyRing::from_str)
                .transpose()
                .map_err(|e| ConfigError { name: "MIND_SECRET_KEY", reason: e.to_string() })?,
            listen,
            admin_listen: read.listen("MIND_ADMIN_LISTEN", "127.0.0.1:9464")?,
            data_dir: data_dir(&read),
            storage: storage_place(&read)?,
            pg_bin: read.text("MIND_PG_BIN").map(PathBuf::from),
            public_url: public_url(&read, listen)?,
            base_domain: base_domain(&read)?,
            default_tenant: default_tenant(&read, production)?,
            trusted_proxies: networks(&read)?,
            outbound_allow: read.allow_list("MIND_OUTBOUND_ALLOW")?,
            attachment_allow: read.allow_list("MIND_ATTACHMENT_ALLOW")?,
            sandbox_listen: read.listen("MIND_SANDBOX_LISTEN", "127.0.0.1:8090")?,
            db_pool_size: read.number("MIND_DB_POOL_SIZE", 20, 2, 500)?,
            db_read_pool_size: read.number("MIND_DB_READ_POOL_SIZE", 20, 0, 500)?,
            db_acquire_timeout: read.seconds("MIND_DB_ACQUIRE_TIMEOUT_SECONDS", 5)?,
            db_statement_timeout: read.seconds("MIND_DB_STATEMENT_TIMEOUT_SECONDS", 10)?,
            db_idle_transaction_timeout: read.seconds("MIND_DB_IDLE_TRANSACTION_TIMEOUT_SECONDS", 15)?,
            request_timeout: read.seconds("MIND_REQUEST_TIMEOUT_SECONDS", 30)?,
            body_limit: read.number("MIND_BODY_LIMIT_BYTES", 1_048_576, 1_024, 1_073_741_824)? as usize,
            outbound_connect_timeout: read.seconds("MIND_OUTBOUND_CONNECT_TIMEOUT_SECONDS", 3)?,
            sign_in_attempts_per_account: read.number("MIND_SIGN_IN_ATTEMPTS_PER_ACCOUNT", 10, 1, 100_000)?,
            sign_in_attempts_per_address: read.number("MIND_SIGN_IN_ATTEMPTS_PER_ADDRESS", 100, 1, 1_000_000)?,
            drain_timeout: read.seconds("MIND_DRAIN_TIMEOUT_SECONDS", 20)?,
            log: read.text("MIND_LOG").unwrap_or("info").to_owned(),
            log_format: match read.text("MIND_LOG_FORMAT").unwrap_or("text") {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                other => return Err(ConfigError { name: "MIND_LOG_FORMAT", reason: format!("`{other}` is neither text nor json") }),
            },
        };
        if production && config.database_url.is_none() {
            return Err(ConfigError {
                name: "DATABASE_URL",
                reason: "is required in production, for example postgres://mind:…@db/mind".into(),
            });
        }
        if production && config.secret_key.is_none() {
            return Err(ConfigError {
                name: "MIND_SECRET_KEY",
                reason: "is required in production; make one with: openssl rand -base64 32".into(),
            });
        }
        Ok(config)
    }

    /// Notes the address really listened on, where port 0 left the choice to the system.
    pub fn listens_on(&mut self, address: SocketAddr) {
        let was_default = self.public_url.as_str() == format!("http://{}/", self.listen);
        self.listen = address;
        if was_default && let Ok(url) = Url::parse(&format!("http://{address}")) {
            self.public_url = url;
        }
    }

    /// Whether the operator provides everything.
    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }

    /// Whether cookies carry `Secure`.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

/// Names in the environment that look like ours and are not: most often a typing error.
pub fn unknown_variables() -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("MIND_") && !VARIABLES.iter().any(|v| v.name == name))
        .collect()
}

/// The variables as the block that `--help` ends with.
pub fn help_text() -> String {
    use fmt::Write as _;
    let mut text = String::from("Environment:\n");
    for v in VARIABLES {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}\n      {} [default: {}]", v.name, v.meaning, v.default);
    }
    text
}

fn database_url(read: &Reader) -> Result<Option<SecretString>, ConfigError> {
    let Some(text) = read.text("DATABASE_URL") else { return Ok(None) };
    // The parser's error may quote the URL, which holds a password.
    let scheme_ok = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if !scheme_ok || sqlx::postgres::PgConnectOptions::from_str(text).is_err() {
        return Err(ConfigError {
            name: "DATABASE_URL",
            reason: "is not a URL of the form postgres://user:password@host:5432/database".into(),
        });
    }
    Ok(Some(SecretString::from(text)))
}

fn public_url(read: &Reader, listen: SocketAddr) -> Result<Url, ConfigError> {
    let default = format!("http://{listen}");
    let text = read.text("MIND_PUBLIC_URL").unwrap_or(&default);
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        .ok_or_else(|| ConfigError { name: "MIND_PUBLIC_URL", reason: format!("`{text}` is not a URL such as https://mind.example.com") })
}

fn storage_place(read: &Reader) -> Result<storage::Place, ConfigError> {
    match read.text("MIND_STORAGE_URL") {
        None => Ok(storage::Place::Folder(data_dir(read).join("storage"))),
        Some(text) => text.parse().map_err(|reason| ConfigError { name: "MIND_STORAGE_URL", reason: format!("`{text}` {reason}") }),
    }
}

fn data_dir(read: &Reader) -> PathBuf {
    PathBuf::from(read.text("MIND_DATA_DIR").unwrap_or(".mind"))
}

fn base_domain(read: &Reader) -> Result<Option<String>, ConfigError> {
    let Some(text) = read.text("MIND_BASE_DOMAIN") else { return Ok(None) };
    let wrong = || ConfigError { name: "MIND_BASE_DOMAIN", reason: format!("`{text}` is not a domain such as mind.example.com") };
    match normal_host(text.trim_start_matches('.')) {
        Some(host) if !text.contains([':', '/']) => Ok(Some(host)),
        _ => Err(wrong()),
    }
}

fn default_tenant(read: &Reader, production: bool) -> Result<Option<String>, ConfigError> {
    match read.text("MIND_DEFAULT_TENANT") {
        None => Ok((!production).then(|| "demo".to_owned())),
        Some(text) => match text.parse::<Slug>() {
            Ok(slug) => Ok(Some(slug.as_str().to_owned())),
            Err(reason) => Err(ConfigError { name: "MIND_DEFAULT_TENANT", reason }),
        },
    }
}

fn networks(read: &Reader) -> Result<Vec<IpNet>, ConfigError> {
    read.text("MIND_TRUSTED_PROXIES")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| {
            text.parse::<IpNet>()
                .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
                .map_err(|_| ConfigError { name: "MIND_TRUSTED_PROXIES", reason: format!("`{text}` is not a network such as 10.0.0.0/8") })
        })
        .collect()
}

impl Config {
    /// The URL of the database, for the one place that connects.
    pub fn database_url(&self) -> Option<&str> {
        self.database_url.as_ref().map(ExposeSecret::expose_secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_map(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn no_settings_are_enough_for_development() {
        let config = read(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.default_tenant.as_deref(), Some("demo"));
        assert_eq!(config.public_url.as_str(), "http://127.0.0.1:8080/");
        assert!(config.trusted_proxies.is_empty());
    }

    #[test]
    fn production_names_what_it_needs() {
        assert_eq!(read(&[("MIND_ENV", "production")]).unwrap_err().name, "DATABASE_URL");
        let error = read(&[("MIND_ENV", "production"), ("DATABASE_URL", "postgres://a@b/c")]).unwrap_err();
        assert_eq!(error.name, "MIND_SECRET_KEY");
        assert!(error.to_string().contains("openssl rand -base64 32"));
    }

    #[test]
    fn a_malformed_value_names_its_variable() {
        for (name, value) in [
            ("MIND_LISTEN", "8080"),
            ("MIND_ENV", "prod"),
            ("MIND_DB_POOL_SIZE", "many"),
            ("MIND_REQUEST_TIMEOUT_SECONDS", "0"),
            ("MIND_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
            ("MIND_OUTBOUND_ALLOW", "nohost"),
            ("MIND_ATTACHMENT_ALLOW", "nohost"),
            ("MIND_PUBLIC_URL", "mind.example.com"),
            ("MIND_STORAGE_URL", "/var/lib/mind"),
            ("MIND_STORAGE_URL", "http://storage.example/"),
            ("MIND_SECRET_KEY", "short"),
            ("MIND_BASE_DOMAIN", "https://mind.example.com"),
            ("MIND_DEFAULT_TENANT", "Demo!"),
            ("DATABASE_URL", "mysql://x"),
        ] {
            assert_eq!(read(&[(name, value)]).unwrap_err().name, name);
        }
    }

    #[test]
    fn a_database_password_is_not_in_the_error_nor_in_debug() {
        let error = read(&[("DATABASE_URL", "postgres://u:hunter2@h:notaport/d")]).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
        let config = read(&[("DATABASE_URL", "postgres://u:hunter2@h/d")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
