//! The profile: which paths are asked, and where in an answer each fact stands.
//!
//! LynqTech's commercial API is not public, so nothing about it is code. The default is a template to be confirmed with
//! LynqTech; a tenant overrides any part of it, merged as RFC 7396 says: what is not named stays, null removes.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;
use url::Url;

use super::template::Template;

/// The template, as JSON.
const DEFAULT: &str = include_str!("profile.json");

/// States of the API's contract.
const STATES: [&str; 8] = ["pending", "active", "terminating", "ended", "revoked", "rejected", "blocked", "unknown"];

/// What is wrong with a profile: the JSON path inside it and a sentence that shows no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path, empty for the whole.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl Fault {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// A profile ready for use.
#[derive(Debug)]
pub struct Profile {
    /// Paths to ask; none = not supported.
    pub contract_by_id: Option<Template>,
    /// One customer.
    pub customer_by_id: Option<Template>,
    /// Contracts of a customer, page by page.
    pub contracts_by_customer: Option<Template>,
    /// Customers by attributes.
    pub search_by_fields: Option<Template>,
    /// Customers by text.
    pub search_by_text: Option<Template>,
    /// Where the facts of a contract stand.
    pub contract: BTreeMap<String, Rule>,
    /// Where the facts of a customer stand.
    pub customer: BTreeMap<String, Rule>,
    /// Where the list stands in an answer that is not the list itself.
    pub items: Rule,
    /// States of the API by LynqTech's words in capitals.
    pub states: BTreeMap<String, String>,
    /// `electricity` and `gas` by LynqTech's words in capitals.
    pub energies: BTreeMap<String, String>,
    /// What is taken off the front of ids.
    pub id_prefixes: Vec<String>,
    /// Scheme, host and port in place of the setting `lynqTechHost`.
    pub base_url: Option<Url>,
    /// Page of a contract in LynqTech, https, with `{contractId}` and `{customerId}`.
    pub erp_url: Option<String>,
}

/// Where one fact stands.
#[derive(Debug)]
pub struct Rule {
    paths: Vec<JsonPath>,
    /// What a number is divided by: 100 makes EUR of cents.
    pub divide_by: Option<Decimal>,
}

impl Rule {
    /// The first value that is there and not null or blank.
    pub fn first<'a>(&self, body: &'a Value) -> Option<&'a Value> {
        self.paths.iter().find_map(|path| path.query(body).into_iter().find(|value| !is_blank(value)))
    }

    /// Every value of the first path that finds any.
    pub fn all<'a>(&self, body: &'a Value) -> Vec<&'a Value> {
        self.paths.iter().map(|path| path.query(body).all()).find(|found| !found.is_empty()).unwrap_or_default()
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

impl Profile {
    /// The template.
    pub fn standard() -> Result<Arc<Self>, Fault> {
        static STANDARD: LazyLock<Result<Arc<Profile>, Fault>> = LazyLock::new(|| Profile::compile(template()).map(Arc::new));
        STANDARD.clone()
    }

    /// The template with a tenant's changes; null changes nothing.
    pub fn with(changes: &Value) -> Result<Arc<Self>, Fault> {
        if changes.is_null() {
            return Self::standard();
        }
        if !changes.is_object() {
            return Err(Fault::new("", "must be an object"));
        }
        let mut merged = template();
        merge(&mut merged, changes);
        Self::compile(merged).map(Arc::new)
    }

    fn compile(source: Value) -> Result<Self, Fault> {
        let source: Source = serde_path_to_error::deserialize(source).map_err(|error| {
            let path = error.path().to_string();
            // The library's message could quote what was entered.
            Fault::new(if path == "." { String::new() } else { path }, "has a wrong type, or a name that is not known")
        })?;
        let Requests { contract_by_id, customer_by_id, contracts_by_customer, search_by_fields, search_by_text } = source.requests;
        let request = |name: &str, text: Option<String>, known: Option<&[&str]>| {
            let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
            let at = format!("requests.{name}");
            let template = Template::parse(&text).map_err(|message| Fault::new(&at, message))?;
            match known.and_then(|known| template.names().find(|name| !known.contains(name))) {
                Some(unknown) => Err(Fault::new(at, format!("{{{unknown}}} is not known here"))),
                None => Ok(Some(template)),
            }
        };
        for (word, state) in &source.states {
            if !STATES.contains(&state.as_str()) {
                return Err(Fault::new(format!("states.{word}"), format!("must be one of {}", STATES.join(", "))));
            }
        }
        let base_url = source.base_url.as_deref().map(base_url).transpose()?;
        if source.erp_url.as_deref().is_some_and(|url| !url.starts_with("https://")) {
            return Err(Fault::new("erpUrl", "must begin with https://"));
        }
        let capitals = |words: BTreeMap<String, String>| words.into_iter().map(|(word, ours)| (word.to_uppercase(), ours)).collect();
        Ok(Self {
            contract_by_id: request("contractById", contract_by_id, Some(&["contractId"]))?,
            customer_by_id: request("customerById", customer_by_id, Some(&["customerId"]))?,
            contracts_by_customer: request("contractsByCustomer", contracts_by_customer, Some(&["customerId", "limit", "offset"]))?,
            search_by_fields: request("searchByFields", search_by_fields, None)?,
            search_by_text: request("searchByText", search_by_text, Some(&["q", "limit", "offset"]))?,
            contract: rules("contract", source.contract)?,
            customer: rules("customer", source.customer)?,
            items: rule("items", source.items)?,
            states: capitals(source.states),
            energies: capitals(source.energies),
            id_prefixes: source.id_prefixes,
            base_url,
            erp_url: source.erp_url,
        })
    }
}

/// The template as JSON, for showing it to people who are to change it.
pub fn template() -> Value {
    serde_json::from_str(DEFAULT).unwrap_or_default()
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    // A rule such as `{"path": …, "divideBy": 100}` is one value; merged into a text it replaces it.
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

fn base_url(text: &str) -> Result<Url, Fault> {
    let fault = || Fault::new("baseUrl", "must be scheme, host and port, such as https://api.example.com");
    let url = Url::parse(text).map_err(|_| fault())?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if bare { Ok(url) } else { Err(fault()) }
}

fn rules(section: &str, sources: BTreeMap<String, RuleSource>) -> Result<BTreeMap<String, Rule>, Fault> {
    sources.into_iter().map(|(name, source)| Ok((name.clone(), rule(&format!("{section}.{name}"), source)?))).collect()
}

fn rule(at: &str, source: RuleSource) -> Result<Rule, Fault> {
    let (paths, divide_by) = match source {
        RuleSource::Paths(paths) => (paths, None),
        RuleSource::Divided { path, divide_by } => (path, divide_by),
    };
    if divide_by.is_some_and(|divisor| divisor <= 0.0 || !divisor.is_finite()) {
        return Err(Fault::new(format!("{at}.divideBy"), "must be greater than 0"));
    }
    let paths = match paths {
        Paths::One(path) => vec![path],
        Paths::Several(paths) => paths,
    };
    let paths = paths
        .iter()
        .map(|path| JsonPath::parse(path).map_err(|_| Fault::new(at, "is not a JSONPath such as $.customer.email (RFC 9535)")))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Rule { paths, divide_by: divide_by.and_then(|divisor| divisor.to_string().parse().ok()) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Source {
    requests: Requests,
    contract: BTreeMap<String, RuleSource>,
    customer: BTreeMap<String, RuleSource>,
    items: RuleSource,
    #[serde(default)]
    states: BTreeMap<String, String>,
    #[serde(default)]
    energies: BTreeMap<String, String>,
    #[serde(default)]
    id_prefixes: Vec<String>,
    base_url: Option<String>,
    erp_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Requests {
    contract_by_id: Option<String>,
    customer_by_id: Option<String>,
    contracts_by_customer: Option<String>,
    search_by_fields: Option<String>,
    search_by_text: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RuleSource {
    Paths(Paths),
    #[serde(rename_all = "camelCase")]
    Divided {
        path: Paths,
        divide_by: Option<f64>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Paths {
    One(String),
    Several(Vec<String>),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(changes: &Value) -> (String, String) {
        let fault = Profile::with(changes).unwrap_err();
        (fault.path, fault.message)
    }

    #[test]
    fn the_template_compiles() {
        let profile = Profile::standard().unwrap();
        assert!(profile.contract_by_id.is_some() && profile.search_by_text.is_some());
        assert_eq!(profile.contract["basePrice"].divide_by, Some(Decimal::ONE_HUNDRED));
        assert!(profile.base_url.is_none());
    }

    #[test]
    fn a_change_leaves_the_rest() {
        let changes = json!({
            "requests": {"searchByText": null, "contractById": "/v2/vertrag/{contractId}"},
            "contract": {"email": "$.mail", "basePrice": "$.gp", "score": "$.x"},
            "states": {"ruhend": "blocked"},
            "baseUrl": "http://127.0.0.1:8090",
        });
        let profile = Profile::with(&changes).unwrap();
        assert!(profile.search_by_text.is_none() && profile.customer_by_id.is_some());
        assert_eq!(profile.contract["email"].first(&json!({"mail": "a@b.example"})), Some(&json!("a@b.example")));
        assert_eq!(profile.contract["basePrice"].divide_by, None);
        assert!(profile.contract.contains_key("score") && profile.contract.contains_key("iban"));
        assert_eq!((&*profile.states["RUHEND"], &*profile.states["AKTIV"]), ("blocked", "active"));
        assert_eq!(profile.base_url.as_ref().unwrap().as_str(), "http://127.0.0.1:8090/");
    }

    #[test]
    fn the_first_value_that_says_something_counts() {
        let rule = rule("x", RuleSource::Paths(Paths::Several(vec!["$.a".into(), "$.b[*]".into()]))).unwrap();
        assert_eq!(rule.first(&json!({"a": " ", "b": [null, "", 0, 7]})), Some(&json!(0)));
        assert_eq!(rule.first(&json!({"a": null, "b": []})), None);
        assert_eq!(rule.all(&json!({"b": [1, 2]})), [&json!(1), &json!(2)]);
    }

    #[test]
    fn a_fault_names_its_path() {
        for (changes, path) in [
            (json!([]), ""),
            (json!({"contract": {"email": "customer.email"}}), "contract.email"),
            (json!({"contract": {"email": ["$.a", "$..["]}}), "contract.email"),
            (json!({"contract": {"basePrice": {"path": "$.a", "divideBy": 0}}}), "contract.basePrice.divideBy"),
            (json!({"requests": {"contractById": "api/contracts"}}), "requests.contractById"),
            (json!({"requests": {"contractById": "/api/{customerId}"}}), "requests.contractById"),
            (json!({"states": {"AKTIV": "alive"}}), "states.AKTIV"),
            (json!({"baseUrl": "https://api.example.com/v1"}), "baseUrl"),
            (json!({"baseUrl": "https://user:pw@api.example.com"}), "baseUrl"),
            (json!({"erpUrl": "http://a.example/{contractId}"}), "erpUrl"),
        ] {
            assert_eq!(fault(&changes).0, path, "{changes}");
        }
        assert!(fault(&json!({"request": {}})).1.contains("not known"));
        assert!(fault(&json!({"requests": {"contractsById": "/x"}})).0.starts_with("requests"));
    }
}
