//! What a setting is: its type, its check, and the form in which the API shows it (`contract/settings.md`).

pub mod catalogue;
mod lynqtech;
mod powercloud;
pub mod schema;
pub mod tag_key;

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    domain::{role::Permission, webhook::model::System},
    erp::custom::wire::Executor,
    error::FieldError,
    http::{input::wrong_field, whole},
};

pub use catalogue::CATALOGUE;
pub use tag_key::TagKeys;

/// What stands in place of a secret. Sent back, it means "unchanged".
pub const MASK: &str = "********";

/// A text in the two languages of the interface.
#[derive(Clone, Copy, Debug)]
pub struct Bilingual {
    /// German.
    pub de: &'static str,
    /// English.
    pub en: &'static str,
}

impl Bilingual {
    /// The text in a language; English for any but `de`.
    pub fn in_language(self, language: &str) -> &'static str {
        if language == "de" { self.de } else { self.en }
    }
}

/// Which values a setting takes. Null always means "back to the default".
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// One of a closed list.
    Choice(&'static [(&'static str, Bilingual)]),
    /// A whole number within bounds, both included.
    Int(i64, i64),
    /// Yes or no.
    Bool,
    /// A host name or address, without scheme and path.
    Host,
    /// A text that fits a pattern; the second text says what fits.
    Text(&'static str, &'static str),
    /// The same, encrypted at rest.
    SecretForm(&'static str, &'static str),
    /// An object of texts.
    Texts(&'static TextMap),
    /// At most twenty texts that fit a pattern.
    List(&'static str),
    /// A text that is encrypted at rest.
    SecretText,
    /// Named texts that are encrypted at rest, written by merging: null deletes one.
    SecretMap,
    /// A call of a custom ERP.
    Executor,
    /// Origins of pages that may use the visitor's cookie.
    Origins,
    /// Any JSON up to 64 KiB.
    Json,
    /// Networks in the notation of CIDR. Whether each is one is asked when it is saved, and answered with 409.
    Networks,
    /// Where the ids of reports stand.
    IdKeys,
    /// Where a system reports to: computed, read only.
    WebhookUrl(System),
}

/// Which names and texts an object of texts may have.
#[derive(Debug)]
pub struct TextMap {
    /// Pattern of the names.
    pub name: &'static str,
    /// Pattern of the texts.
    pub text: &'static str,
    /// Entries at most.
    pub most: usize,
}

/// Entries of a [`Kind::List`] at most.
pub const MOST_TEXTS: usize = 20;

/// One entry of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// Name on the wire.
    pub name: &'static str,
    /// Category, the unit of `GET /settings/category/{category}`.
    pub category: &'static str,
    /// Group inside the category.
    pub group: &'static str,
    /// Values it takes.
    pub kind: Kind,
    /// Value unless set, as JSON text.
    pub default: &'static str,
    /// Name for people.
    pub label: Bilingual,
    /// What it does, with units.
    pub description: Bilingual,
    /// Parts of the system that read it.
    pub used_by: &'static [&'static str],
    /// Needed to change it, beside `updateClientSettings`.
    pub permission: Option<Permission>,
    /// Not even `showSecrets` returns it.
    pub never_shown: bool,
}

impl Definition {
    /// Whether its value is encrypted at rest and masked.
    pub const fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::SecretText | Kind::SecretForm(..) | Kind::SecretMap)
    }

    /// The default as JSON.
    pub fn default_value(&self) -> Value {
        serde_json::from_str(self.default).unwrap_or(Value::Null)
    }

    /// Name of its type on the wire.
    pub const fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Choice(_) => "enum",
            Kind::Int(..) => "int",
            Kind::Bool => "bool",
            Kind::Host | Kind::Text(..) | Kind::WebhookUrl(_) => "string",
            Kind::SecretText | Kind::SecretForm(..) | Kind::SecretMap => "secret",
            Kind::Executor | Kind::Origins | Kind::Json | Kind::Texts(_) | Kind::List(_) | Kind::Networks | Kind::IdKeys => "json",
        }
    }

    /// Whether a value other than null may be stored.
    pub fn check(&self, value: &Value) -> Result<(), FieldError> {
        let refuse = |message: String| Err(FieldError::new(self.name, message));
        match self.kind {
            Kind::Choice(options) => match value.as_str() {
                Some(text) if options.iter().any(|(name, _)| *name == text) => Ok(()),
                _ => refuse(format!("must be one of {}", options.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "))),
            },
            Kind::Int(least, most) => match whole::read(value) {
                Some(number) if (least..=most).contains(&number) => Ok(()),
                _ => refuse(format!("must be a whole number from {least} to {most}")),
            },
            Kind::Host => match value.as_str() {
                Some(text) if fits(schema::HOST, text) => Ok(()),
                _ => refuse("must be a host such as app.example.com, with :port if needed".into()),
            },
            Kind::Bool if value.is_boolean() => Ok(()),
            Kind::Bool => refuse("must be true or false".into()),
            Kind::Text(pattern, words) | Kind::SecretForm(pattern, words) => match value.as_str() {
                Some(text) if fits(pattern, text) => Ok(()),
                _ => refuse(words.into()),
            },
            Kind::Texts(map) => self.check_texts(map, value),
            Kind::List(pattern) => match value.as_array() {
                Some(items)
                    if items.len() <= MOST_TEXTS && items.iter().all(|item| item.as_str().is_some_and(|text| fits(pattern, text))) =>
                {
                    Ok(())
                }
                _ => refuse(format!("must be a list of at most {MOST_TEXTS} texts of 1 to 200 characters")),
            },
            Kind::SecretText => match value.as_str() {
                Some(text) if (1..=1000).contains(&text.chars().count()) && fits(schema::TEXT, text) => Ok(()),
                _ => refuse("must be a text of 1 to 1000 characters without line breaks".into()),
            },
            Kind::SecretMap => self.check_secret_map(value),
            Kind::Executor => self.check_executor(value),
            Kind::Json if value.to_string().len() <= 65_536 => Ok(()),
            Kind::Json => refuse("must be at most 65536 bytes of JSON".into()),
            Kind::Origins if is_list(value, schema::ORIGIN) => Ok(()),
            Kind::Origins => refuse("must be a list of at most 50 origins such as https://app.example.com".into()),
            Kind::Networks if is_list(value, schema::NETWORK) => Ok(()),
            Kind::Networks => refuse("must be a list of at most 50 networks such as 203.0.113.0/24".into()),
            Kind::IdKeys => match value.as_object() {
                Some(lists)
                    if lists
                        .iter()
                        .all(|(name, list)| ["contract", "customer"].contains(&name.as_str()) && is_list(list, schema::ID_KEY)) =>
                {
                    Ok(())
                }
                _ => refuse("must be an object with lists of at most 50 keys such as contract.id in contract and customer".into()),
            },
            // Accepted with whole objects and ignored.
            Kind::WebhookUrl(_) => Ok(()),
        }
    }

    /// The form alone. Whether the call can be made is asked when it is saved, and answered with 409.
    fn check_executor(&self, value: &Value) -> Result<(), FieldError> {
        if !value.is_object() {
            return Err(FieldError::new(self.name, "must be an object such as {\"type\":\"apiCall\",\"url\":\"https://…\"}"));
        }
        let executor: Executor = serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            let field = wrong_field(&path, &error.into_inner());
            let at = if field.path.is_empty() { self.name.to_owned() } else { format!("{}.{}", self.name, field.path) };
            FieldError::new(at, field.message)
        })?;
        if !fits(schema::URL, &executor.url) {
            return Err(FieldError::new(format!("{}.url", self.name), "must be a URL such as https://erp.example.com/contract"));
        }
        for (name, value) in &executor.headers {
            if !fits(schema::HEADER_NAME, name) || !fits(schema::HEADER_VALUE, value) || value.chars().count() > 2000 {
                let at = format!("{}.headers.{name}", self.name);
                return Err(FieldError::new(at, "must be a header; braces are for {{secret.NAME}} alone"));
            }
        }
        Ok(())
    }

    fn check_texts(&self, map: &'static TextMap, value: &Value) -> Result<(), FieldError> {
        let Some(entries) = value.as_object().filter(|entries| entries.len() <= map.most) else {
            return Err(FieldError::new(self.name, format!("must be an object of at most {} texts", map.most)));
        };
        for (name, text) in entries {
            let at = format!("{}.{name}", self.name);
            if !fits(map.name, name) {
                return Err(FieldError::new(at, format!("is not a name of the form {}", map.name)));
            }
            if !text.as_str().is_some_and(|text| fits(map.text, text)) {
                return Err(FieldError::new(at, format!("must be a text of the form {}", map.text)));
            }
        }
        Ok(())
    }

    fn check_secret_map(&self, value: &Value) -> Result<(), FieldError> {
        let Some(entries) = value.as_object() else {
            return Err(FieldError::new(self.name, "must be an object of names and texts"));
        };
        for (key, secret) in entries {
            let at = format!("{}.{key}", self.name);
            if !is_secret_name(key) {
                return Err(FieldError::new(at, "a name has 1 to 50 letters, digits or underscores"));
            }
            let fits = secret.is_null() || secret.as_str().is_some_and(|text| (1..=1000).contains(&text.chars().count()));
            if !fits {
                return Err(FieldError::new(at, "must be a text of 1 to 1000 characters, or null to delete it"));
            }
        }
        Ok(())
    }
}

/// Whether it is a list of up to 50 texts of a pattern.
fn is_list(value: &Value, pattern: &'static str) -> bool {
    value
        .as_array()
        .is_some_and(|items| items.len() <= 50 && items.iter().all(|item| item.as_str().is_some_and(|text| fits(pattern, text))))
}

/// Whether a text fits a pattern of the schema, compiled once.
fn fits(pattern: &'static str, text: &str) -> bool {
    static COMPILED: LazyLock<BTreeMap<&'static str, Regex>> = LazyLock::new(|| {
        let own = CATALOGUE.iter().flat_map(|definition| match definition.kind {
            Kind::Text(pattern, _) | Kind::SecretForm(pattern, _) | Kind::List(pattern) => vec![pattern],
            Kind::Texts(map) => vec![map.name, map.text],
            _ => Vec::new(),
        });
        [
            schema::HOST,
            schema::ORIGIN,
            schema::TEXT,
            schema::URL,
            schema::HEADER_NAME,
            schema::HEADER_VALUE,
            schema::NETWORK,
            schema::ID_KEY,
        ]
        .into_iter()
        .chain(own)
        .filter_map(|pattern| Some((pattern, Regex::new(pattern).ok()?)))
        .collect()
    });
    COMPILED.get(pattern).is_some_and(|regex| regex.is_match(text))
}

/// Whether a text can be the KEY of `{{secret.KEY}}`.
pub fn is_secret_name(text: &str) -> bool {
    (1..=50).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A setting as the API shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Name.
    #[schema(example = "erpCacheSeconds")]
    pub name: &'static str,
    /// Value in force; `********` for a secret that is set, null for one that is not.
    #[schema(value_type = serde_json::Value)]
    pub value: Value,
    /// Category.
    #[schema(example = "erp")]
    pub category: &'static str,
    /// Parts of the system that read it.
    pub used_by: &'static [&'static str],
    /// `bool`, `int`, `float`, `string`, `enum`, `json` or `secret`.
    #[serde(rename = "type")]
    #[schema(example = "int")]
    pub kind: &'static str,
    /// Name for people, in the caller's language.
    pub label: &'static str,
    /// What it does, with units, in the caller's language.
    pub description: &'static str,
    /// Value unless set.
    #[schema(value_type = serde_json::Value)]
    pub default: Value,
    /// Values of an enum; null for other types.
    pub options: Option<Vec<SettingOption>>,
    /// Whether the value is encrypted at rest and masked.
    pub is_secret: bool,
    /// Group inside the category.
    pub group: &'static str,
    /// Place in the catalogue.
    pub order: usize,
}

/// A value of an enum.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SettingOption {
    /// The value.
    pub value: &'static str,
    /// Its name for people.
    pub label: &'static str,
}

/// Finds an entry of the catalogue.
pub fn definition(name: &str) -> Option<&'static Definition> {
    CATALOGUE.iter().find(|definition| definition.name == name)
}

impl Setting {
    /// Shows a value in a language.
    pub fn show(order: usize, definition: &Definition, value: Value, language: &str) -> Self {
        Self {
            name: definition.name,
            value,
            category: definition.category,
            used_by: definition.used_by,
            kind: definition.type_name(),
            label: definition.label.in_language(language),
            description: definition.description.in_language(language),
            default: definition.default_value(),
            options: match definition.kind {
                Kind::Choice(options) => {
                    Some(options.iter().map(|(value, label)| SettingOption { value, label: label.in_language(language) }).collect())
                }
                _ => None,
            },
            is_secret: definition.is_secret(),
            group: definition.group,
            order,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_catalogue_is_sound() {
        let mut names = std::collections::BTreeSet::new();
        for definition in CATALOGUE {
            assert!(names.insert(definition.name), "{} twice", definition.name);
            let default: Value = serde_json::from_str(definition.default).expect(definition.name);
            if !default.is_null() {
                definition.check(&default).unwrap();
            }
            assert!(catalogue::GROUPS.iter().any(|(name, _)| *name == definition.group), "{}", definition.group);
        }
    }

    #[test]
    fn what_an_executor_may_be_passes() {
        let executor =
            json!({"type": "apiCall", "url": "http://127.0.0.1:8090/custom/contractById", "headers": {"x-api-key": "{{secret.KEY}}"}});
        definition("searchContractByIdExecutor").unwrap().check(&executor).unwrap();
        for (pointer, bad) in
            [("/url", json!("ftp://a.example")), ("/headers", json!({"a b": "c"})), ("/headers", json!({"a": "{{secret}}"}))]
        {
            let mut changed = executor.clone();
            *changed.pointer_mut(pointer).unwrap() = bad;
            assert!(definition("searchContractByIdExecutor").unwrap().check(&changed).is_err(), "{pointer}");
        }
    }

    #[test]
    fn checks_refuse_with_the_name() {
        for (name, value) in [
            ("erpSystem", json!("sap")),
            ("erpCacheSeconds", json!("300")),
            ("erpCacheSeconds", json!(-1)),
            ("allowedOrigins", json!(["https://a.example/path"])),
            ("allowedOrigins", json!("https://a.example")),
            ("powercloudHost", json!("https://app.powercloud.de/x")),
            ("powercloudHost", json!("ftp://app.powercloud.de")),
            ("powercloudApiKey", json!("hash:user")),
            ("powercloudHash", json!("../x")),
            ("powercloudFunctions", json!({"contract": "getContractById"})),
            ("powercloudFunctions", json!({"contractById": "a/b"})),
            ("powercloudFunctions", json!(["getContractById"])),
            ("powercloudStatusCodes", json!({"5000": ""})),
            ("powercloudPricesAreNet", json!("yes")),
            ("powercloudNotFoundTexts", json!([""])),
            ("erpUrlTemplate", json!("http://erp.example.com/{contractId}")),
            ("erpUrlTemplate", json!("https://erp.example.com/{id}")),
            ("executorSecrets", json!({"a b": "x"})),
            ("powercloudApiKey", json!("a\r\nX-Evil: 1")),
        ] {
            let error = definition(name).unwrap().check(&value).unwrap_err();
            assert!(error.path.starts_with(name), "{}", error.path);
        }
        for (name, value) in [
            ("powercloudHost", json!("https://app.powercloud.de")),
            ("powercloudHost", json!("http://127.0.0.1:8090")),
            ("powercloudApiKey", json!("0123456789abcdef:user:pass:word")),
            ("powercloudUser", json!("client#rest")),
            ("powercloudFunctions", json!({"customerById": "", "searchByText": "findCustomers"})),
            ("powercloudStatusCodes", json!({"5000": "aktiv", "7000": "beendet"})),
            ("powercloudFields", json!({"monthlyDeposit": "deposit.value"})),
            ("powercloudNotFoundTexts", json!(["Keine Daten"])),
            ("erpUrlTemplate", json!("https://erp.example.com:8443/c/{contractId}?k={customerId}#top")),
        ] {
            definition(name).unwrap().check(&value).unwrap();
        }
        assert!(definition("allowedOrigins").unwrap().check(&json!(["https://app.example.com", "http://localhost:3000"])).is_ok());
    }
}
