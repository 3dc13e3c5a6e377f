//! How a Powercloud is reached, and everything about it that is not public and therefore configuration.

use std::{collections::BTreeMap, fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::super::ErpId;

/// Context of the path and of the user's name that public clients use.
pub const DEFAULT_CONTEXT: &str = "client";

/// Functions by what they are asked. An empty name is a call that Powercloud does not have. `getContractById` is
/// confirmed, `getCustomerById` follows its pattern, the others have no public name.
pub const FUNCTIONS: &[(&str, &str)] = &[
    ("contractById", "getContractById"),
    ("customerById", "getCustomerById"),
    ("contractsByCustomer", ""),
    ("searchByFields", ""),
    ("searchByText", ""),
];

/// Names of the parameters in the query. `id`, `limit` and `offset` are confirmed; those of the searches are the
/// columns' names, and an empty one is not sent.
pub const PARAMETERS: &[(&str, &str)] = &[
    ("id", "id"),
    ("limit", "limit"),
    ("offset", "offset"),
    ("q", "search"),
    ("contractId", "id"),
    ("customerId", "customerId"),
    ("firstname", "firstname"),
    ("lastname", "surname"),
    ("fullname", ""),
    ("birthday", "dateOfBirth"),
    ("company", "company"),
    ("email", "email"),
    ("phone", "phone"),
    ("meterNumber", "counterNumber"),
    ("address", ""),
    ("postalCode", "zip"),
    ("city", "city"),
];

/// Where in a contract's answer those facts stand whose key is not public; the defaults are guesses.
pub const FIELDS: &[(&str, &str)] = &[
    ("iban", "iban"),
    ("monthlyDeposit", "deposit.amount"),
    ("unpaidDebt", "account.totalDebitDue"),
    ("vatRate", "vatRate"),
    ("gridOperatorName", "netOperatorName"),
    ("salesChannelId", "salesChannelId"),
    ("productCode", "productCode"),
    ("registers", "counters"),
];

/// Titles of numeric states. No other number is public.
pub const STATUS_CODES: &[(&str, &str)] = &[("5000", "active")];

/// Parts of the message of an answer with `success: false` that mean "there is no such thing".
pub const NOT_FOUND: &[&str] = &["not found", "nicht gefunden", "no contract", "no customer"];

/// Names with defaults, of which a tenant may override any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    defaults: &'static [(&'static str, &'static str)],
    own: BTreeMap<String, String>,
}

impl Table {
    /// The defaults with some replaced or added.
    pub const fn new(defaults: &'static [(&'static str, &'static str)], own: BTreeMap<String, String>) -> Self {
        Self { defaults, own }
    }

    /// The value of a name; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        let own = self.own.get(name).map(String::as_str);
        own.or_else(|| self.defaults.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)).unwrap_or_default()
    }
}

/// The three parts of the one-key set-up, `hash:user:password`. Only the password may contain a colon.
#[derive(Clone, Debug)]
pub struct Key {
    /// Names the client in the path.
    pub hash: SecretString,
    /// User of the REST interface.
    pub user: String,
    /// Its password.
    pub password: SecretString,
}

impl Key {
    /// Reads a key; none unless it has three parts that are not empty.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, ':').filter(|part| !part.is_empty());
        let (hash, user, password) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { hash: hash.into(), user: user.to_owned(), password: password.into() })
    }
}

/// One tenant's Powercloud. `Debug` shows neither hash nor user nor password.
#[derive(Clone)]
pub struct PowercloudSettings {
    /// Scheme and host, with a port if needed; without a scheme https is meant.
    pub host: String,
    /// Stands in the path and before `#` in the user's name.
    pub context: String,
    /// Names the client in the path; as secret as the password.
    pub hash: SecretString,
    /// User of the REST interface, with or without `context#`.
    pub user: String,
    /// Its password.
    pub password: SecretString,
    /// [`FUNCTIONS`].
    pub functions: Table,
    /// [`PARAMETERS`].
    pub parameters: Table,
    /// [`FIELDS`].
    pub fields: Table,
    /// [`STATUS_CODES`].
    pub status_codes: Table,
    /// [`NOT_FOUND`], in lower case.
    pub not_found: Vec<String>,
    /// Whether prices are without VAT.
    pub prices_are_net: bool,
    /// Whether the price of metering is part of the base price.
    pub add_meter_charge: bool,
    /// Page of a contract in the ERP, with `{contractId}` and `{customerId}`.
    pub url_template: Option<String>,
    /// Limit of a read, further tries included.
    pub timeout: Duration,
}

impl PowercloudSettings {
    /// A connection with every assumption of this program.
    pub fn new(host: impl Into<String>, key: Key) -> Self {
        let table = |defaults| Table::new(defaults, BTreeMap::new());
        Self {
            host: host.into(),
            context: DEFAULT_CONTEXT.to_owned(),
            hash: key.hash,
            user: key.user,
            password: key.password,
            functions: table(FUNCTIONS),
            parameters: table(PARAMETERS),
            fields: table(FIELDS),
            status_codes: table(STATUS_CODES),
            not_found: NOT_FOUND.iter().map(|text| (*text).to_owned()).collect(),
            prices_are_net: false,
            add_meter_charge: false,
            url_template: None,
            timeout: Duration::from_secs(10),
        }
    }

    /// Scheme and host as a URL.
    pub fn origin(&self) -> Result<Url, url::ParseError> {
        origin(&self.host)
    }

    /// The user of Basic auth: `context#user`.
    pub fn basic_user(&self) -> String {
        let own = self.user.strip_prefix(&self.context).and_then(|rest| rest.strip_prefix('#'));
        format!("{}#{}", self.context, own.unwrap_or(&self.user))
    }

    /// What decides whose data is seen and how it is read, secrets included.
    pub fn parts(&self) -> Vec<String> {
        let mut parts = vec![
            self.host.clone(),
            self.context.clone(),
            self.hash.expose_secret().to_owned(),
            self.user.clone(),
            self.password.expose_secret().to_owned(),
            self.prices_are_net.to_string(),
            self.add_meter_charge.to_string(),
            self.url_template.clone().unwrap_or_default(),
            self.not_found.len().to_string(),
        ];
        parts.extend(self.not_found.iter().cloned());
        for table in [&self.functions, &self.parameters, &self.fields, &self.status_codes] {
            parts.push(table.own.len().to_string());
            parts.extend(table.own.iter().flat_map(|(name, value)| [name.clone(), value.clone()]));
        }
        parts
    }

    /// Texts that must not leave this process in what is shown of an answer.
    pub fn secrets(&self) -> [&str; 2] {
        [self.hash.expose_secret(), self.password.expose_secret()]
    }

    /// Page of a contract in the ERP; none without a template, or when it names a customer and there is none.
    pub fn contract_url(&self, contract: &ErpId, customer: Option<&ErpId>) -> Option<String> {
        let template = self.url_template.as_deref()?;
        let encode = |id: &ErpId| url::form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect::<String>().replace('+', "%20");
        let mut url = template.replace("{contractId}", &encode(contract));
        if url.contains("{customerId}") {
            url = url.replace("{customerId}", &encode(customer?));
        }
        Url::parse(&url).ok().filter(|parsed| parsed.scheme() == "https").map(|_| url)
    }
}

impl fmt::Debug for PowercloudSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PowercloudSettings")
            .field("host", &self.host)
            .field("context", &self.context)
            .field("functions", &self.functions)
            .finish_non_exhaustive()
    }
}

/// A host as it stands in the settings, as a URL: https unless it says otherwise.
pub fn origin(host: &str) -> Result<Url, url::ParseError> {
    if host.contains("://") { Url::parse(host) } else { Url::parse(&format!("https://{host}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> PowercloudSettings {
        PowercloudSettings::new("app.example.com", Key::parse("h4sh:ada:pass:word").unwrap())
    }

    #[test]
    fn a_key_has_three_parts() {
        let key = Key::parse(" h4sh:ada:pass:word ").unwrap();
        assert_eq!((key.hash.expose_secret(), key.user.as_str(), key.password.expose_secret()), ("h4sh", "ada", "pass:word"));
        for wrong in ["", "h4sh", "h4sh:ada", "h4sh:ada:", ":ada:password", "h4sh::password"] {
            assert!(Key::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_context_stands_once_before_the_user() {
        let mut settings = settings();
        assert_eq!(settings.basic_user(), "client#ada");
        settings.user = "client#ada".to_owned();
        assert_eq!(settings.basic_user(), "client#ada");
        settings.context = "customer".to_owned();
        assert_eq!(settings.basic_user(), "customer#client#ada");
    }

    #[test]
    fn debug_shows_no_credential() {
        let shown = format!("{:?}", settings());
        assert!(!["h4sh", "ada", "word"].iter().any(|secret| shown.contains(secret)), "{shown}");
    }

    #[test]
    fn a_page_is_https_and_complete() {
        let mut settings = settings();
        let (contract, customer) = (ErpId::from(7), ErpId::parse("K 1/ä").unwrap());
        assert_eq!(settings.contract_url(&contract, None), None);
        settings.url_template = Some("https://a.example/c/{contractId}?k={customerId}".to_owned());
        assert_eq!(settings.contract_url(&contract, Some(&customer)).unwrap(), "https://a.example/c/7?k=K%201%2F%C3%A4");
        assert_eq!(settings.contract_url(&contract, None), None);
        settings.url_template = Some("http://a.example/{contractId}".to_owned());
        assert_eq!(settings.contract_url(&contract, None), None);
    }

    #[test]
    fn own_names_go_before_defaults() {
        let own = BTreeMap::from([("searchByText".to_owned(), "find".to_owned()), ("customerById".to_owned(), String::new())]);
        let table = Table::new(FUNCTIONS, own);
        assert_eq!((table.get("searchByText"), table.get("customerById"), table.get("contractById")), ("find", "", "getContractById"));
        assert_eq!(table.get("unknown"), "");
    }
}
