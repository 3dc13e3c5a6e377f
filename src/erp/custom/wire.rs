//! The protocol of the custom API: how a call is configured, and what the four answers look like.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};
use url::Url;
use utoipa::ToSchema;

use super::{
    super::{
        Amount, ErpId,
        model::{CompactTag, PreviewLine, TabPreview},
    },
    field,
    template::{self, Part},
};

/// Time-out of a call that does not set one, in milliseconds.
pub const DEFAULT_TIMEOUT_MS: u32 = 10_000;
const TIMEOUT_MS: std::ops::RangeInclusive<u32> = 1_000..=60_000;

/// A call to an HTTP API, as it stands in the settings.
///
/// `Debug` shows neither header values nor the URL's path and query.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Executor {
    /// What kind of call it is.
    #[serde(rename = "type")]
    pub kind: ExecutorKind,
    /// Full address, http or https, in the public Internet or on the operator's allow-list.
    #[schema(examples("https://erp.example.com/api/contract"))]
    pub url: String,
    /// With POST and PUT the input is the JSON body, with GET the query.
    #[serde(default)]
    pub method: ExecutorMethod,
    /// Further headers. `{{secret.KEY}}` in a value stands for the secret of that name in `executorSecrets`.
    #[serde(default)]
    #[schema(examples(json!({"Authorization": "Bearer {{secret.erpToken}}"})))]
    pub headers: BTreeMap<String, String>,
    /// Milliseconds that a read may take, further tries included.
    #[serde(default = "default_timeout_ms", deserialize_with = "timeout_ms")]
    #[schema(minimum = 1_000, maximum = 60_000, default = 10_000)]
    pub timeout_ms: u32,
}

/// Kinds of configured calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ExecutorKind {
    /// A request to a URL.
    ApiCall,
}

/// HTTP methods of configured calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExecutorMethod {
    /// Input as JSON body.
    #[default]
    Post,
    /// Input as JSON body.
    Put,
    /// Input in the query.
    Get,
}

impl ExecutorMethod {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Get => "GET",
        }
    }
}

/// Headers that describe the message or the connection; the client writes them.
const CLIENTS_HEADERS: [&str; 7] = ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"];

impl Executor {
    /// What is wrong with it, as the JSON path below the executor and a message that is safe to show. Looks at the
    /// form only: whether the address may be called is for `Outbound::check`.
    pub fn check(&self) -> Result<(), (String, String)> {
        let url = |fault: &str| Err(("url".to_owned(), fault.to_owned()));
        if self.url.contains("{{") {
            return url("placeholders are for header values only");
        }
        match Url::parse(&self.url) {
            Err(_) => return url("must be a complete URL"),
            Ok(parsed) if !matches!(parsed.scheme(), "http" | "https") => return url("must begin with https:// or http://"),
            Ok(parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
                return url("must not contain a user or a password; use a header");
            }
            Ok(_) => {}
        }
        for (name, value) in &self.headers {
            let header = |fault: String| Err((format!("headers.{name}"), fault));
            match HeaderName::try_from(name) {
                Err(_) => return header("is not the name of a header".to_owned()),
                Ok(known) if CLIENTS_HEADERS.contains(&known.as_str()) => return header("is set by the client itself".to_owned()),
                Ok(_) => {}
            }
            if HeaderValue::try_from(value).is_err() {
                return header("has a character that no header can have".to_owned());
            }
            if let Err(fault) = template::parts(value) {
                return header(fault.to_string());
            }
        }
        Ok(())
    }

    /// Names of the secrets that the headers use, each once.
    pub fn secret_names(&self) -> BTreeSet<String> {
        let parts = self.headers.values().flat_map(|value| template::parts(value).unwrap_or_default());
        parts
            .filter_map(|part| match part {
                Part::Secret(name) => Some(name.to_owned()),
                Part::Text(_) => None,
            })
            .collect()
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(&self.url).ok();
        f.debug_struct("Executor")
            .field("method", &self.method)
            .field("host", &url.as_ref().and_then(Url::host_str))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("timeout_ms", &self.timeout_ms)
            .finish_non_exhaustive()
    }
}

const fn default_timeout_ms() -> u32 {
    DEFAULT_TIMEOUT_MS
}

fn timeout_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    // JSON does not tell 5000 from 5000.0.
    let number = f64::deserialize(deserializer)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared right after")]
    let millis = number as u32;
    if f64::from(millis).to_bits() == number.to_bits() && TIMEOUT_MS.contains(&millis) {
        Ok(millis)
    } else {
        Err(de::Error::custom("must be a whole number between 1000 and 60000 milliseconds"))
    }
}

/// Answer A. `customerId` must be there but may be null; what is not listed here is kept in `extra`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContractAnswer {
    pub(super) id: ErpId,
    // Naming a deserializer makes the key mandatory although its value may be null.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) customer_id: Option<ErpId>,
    pub(super) business: bool,
    pub(super) order_id: Option<i64>,
    pub(super) tenant: Option<String>,
    #[serde(default, deserialize_with = "field::day")]
    pub(super) signup_date: Option<i64>,
    pub(super) status: Option<String>,
    pub(super) status_code: Option<i64>,
    pub(super) status_code_title: Option<String>,
    pub(super) energy: Option<String>,
    pub(super) energy_type_id: Option<i64>,
    pub(super) energy_sub_type_id: Option<i64>,
    pub(super) email: Option<String>,
    pub(super) firstname: Option<String>,
    pub(super) lastname: Option<String>,
    pub(super) delivery_address: Option<String>,
    pub(super) iban: Option<String>,
    pub(super) monthly_deposit: Option<Amount>,
    #[serde(default, deserialize_with = "field::day")]
    pub(super) start_date: Option<i64>,
    #[serde(default, deserialize_with = "field::day")]
    pub(super) end_date: Option<i64>,
    pub(super) consumption: Option<Amount>,
    #[serde(default, deserialize_with = "field::text")]
    pub(super) counter_number: Option<String>,
    pub(super) product_id: Option<i64>,
    pub(super) product_name: Option<String>,
    #[serde(default, deserialize_with = "field::text")]
    pub(super) product_code: Option<String>,
    pub(super) campaign_id: Option<i64>,
    pub(super) sales_channel_id: Option<i64>,
    pub(super) unpaid_debt: Option<Amount>,
    pub(super) vat_rate: Option<Amount>,
    pub(super) base_price: Option<Amount>,
    pub(super) working_price: Option<Amount>,
    pub(super) billing_address: Option<String>,
    #[serde(default, deserialize_with = "field::scalar")]
    pub(super) phone: Option<Value>,
    pub(super) grid_operator_name: Option<String>,
    #[serde(default, deserialize_with = "field::scalar")]
    pub(super) grid_operator_code: Option<Value>,
    #[serde(default, deserialize_with = "field::list")]
    pub(super) registers: Vec<Map<String, Value>>,
    #[serde(default, deserialize_with = "field::list")]
    pub(super) erp_urls: Vec<ErpUrlAnswer>,
    #[serde(default, deserialize_with = "field::list")]
    pub(super) agent_preview: Vec<PreviewLine>,
    pub(super) tab_preview: Option<TabPreview>,
    #[serde(flatten)]
    pub(super) extra: Map<String, Value>,
}

/// A link in answer A, in the ERP guide's spelling (`icon`) or the API's (`logo`).
#[derive(Deserialize)]
pub struct ErpUrlAnswer {
    pub(super) url: String,
    pub(super) logo: Option<String>,
    pub(super) icon: Option<String>,
}

/// Answer B. What is not listed here becomes additional data.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerAnswer {
    pub(super) id: ErpId,
    pub(super) business: bool,
    pub(super) contract_ids: Vec<ErpId>,
    pub(super) company: Option<String>,
    pub(super) firstname: Option<String>,
    pub(super) lastname: Option<String>,
    pub(super) address: Option<String>,
    pub(super) delivery_address: Option<String>,
    #[serde(default, deserialize_with = "field::scalar")]
    pub(super) phone: Option<Value>,
    pub(super) email: Option<String>,
    #[serde(default, deserialize_with = "field::list")]
    pub(super) tags: Vec<CompactTag>,
    pub(super) additional_data: Option<Map<String, Value>>,
    #[serde(flatten)]
    pub(super) extra: Map<String, Value>,
}

/// Answer C. Null stands for a missing id, which only an answer without a hit may have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldMatchAnswer {
    pub(super) contract_id: ErpId,
    pub(super) customer_id: ErpId,
    pub(super) customer_legitimation: Option<u8>,
    pub(super) customer_legitimation_message: Option<String>,
}

/// One hit of answer D.
#[derive(Deserialize)]
pub struct TextMatchAnswer {
    pub(super) id: ErpId,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_executor_has_defaults_and_limits() {
        let executor: Executor = serde_json::from_value(json!({"type": "apiCall", "url": "https://a.example/?key=s3cr3t"})).unwrap();
        assert_eq!((executor.method, executor.timeout_ms), (ExecutorMethod::Post, 10_000));
        assert!(!format!("{executor:?}").contains("s3cr3t"));
        for wrong in [
            json!({"type": "code", "url": "https://a.example/"}),
            json!({"type": "apiCall", "url": "https://a.example/", "timeoutMs": 999}),
            json!({"type": "apiCall", "url": "https://a.example/", "timeoutMs": 60_001}),
            json!({"type": "apiCall", "url": "https://a.example/", "method": "DELETE"}),
            json!({"type": "apiCall", "url": "https://a.example/", "body": "x"}),
            json!({"type": "apiCall"}),
        ] {
            assert!(serde_json::from_value::<Executor>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_check_names_the_path() {
        for (url, header, path) in [
            ("https://a.example/{{secret.key}}", ("X-Key", ""), "url"),
            ("a.example", ("X-Key", ""), "url"),
            ("ftp://a.example/", ("X-Key", ""), "url"),
            ("https://user:s3cr3t@a.example/", ("X-Key", ""), "url"),
            ("https://a.example/", ("X Key", "s3cr3t"), "headers.X Key"),
            ("https://a.example/", ("Content-Length", "7"), "headers.Content-Length"),
            ("https://a.example/", ("X-Key", "s3cr3t\n"), "headers.X-Key"),
            ("https://a.example/", ("X-Key", "{{secret.key"), "headers.X-Key"),
        ] {
            let (name, value) = header;
            let executor: Executor = serde_json::from_value(json!({"type": "apiCall", "url": url, "headers": {name: value}})).unwrap();
            let (at, fault) = executor.check().unwrap_err();
            assert_eq!(at, path, "{url} {name}");
            assert!(!fault.contains("s3cr3t"), "{fault}");
        }
    }

    #[test]
    fn the_secrets_in_use_are_known() {
        let executor: Executor = serde_json::from_value(json!({
            "type": "apiCall", "url": "https://a.example/",
            "headers": {"A": "{{secret.one}}:{{secret.two}}", "B": "{{secret.one}}", "C": "plain"},
        }))
        .unwrap();
        assert_eq!(executor.check(), Ok(()));
        assert_eq!(executor.secret_names().into_iter().collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn debug_hides_literal_credentials() {
        let executor: Executor =
            serde_json::from_value(json!({"type": "apiCall", "url": "https://a.example/", "headers": {"X-Key": "s3cr3t"}})).unwrap();
        let debug = format!("{executor:?}");
        assert!(debug.contains("X-Key") && !debug.contains("s3cr3t"));
    }
}
