//! Ids out of a body whose form nobody has documented: JSON, a form, or something like XML.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::erp::ErpId;

/// Ids of one body at most; the rest is not looked at.
const MOST_IDS: usize = 1000;
/// Open elements at most.
const MOST_LEVELS: usize = 64;
/// Keys that name what an `entityId` beside them belongs to.
const ENTITY_NAMES: [&str; 5] = ["entity", "entityName", "entityType", "objectType", "type"];

/// Where ids stand: the end of a path, its steps joined by dots, in any case (the setting `webhookIdKeys`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdKeys {
    /// Of contracts.
    pub contract: Vec<String>,
    /// Of customers.
    pub customer: Vec<String>,
}

/// Ids found, each once, in the order of the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Contracts.
    pub contracts: Vec<String>,
    /// Customers.
    pub customers: Vec<String>,
}

impl Ids {
    /// Whatever ids a body names.
    pub fn of(body: &[u8], keys: &IdKeys) -> Self {
        let text = String::from_utf8_lossy(body);
        let mut search = Search { keys, ids: Self::default() };
        search.any(text.trim_start_matches('\u{feff}').trim());
        search.ids
    }
}

struct Search<'k> {
    keys: &'k IdKeys,
    ids: Ids,
}

fn fits(path: &[&str], key: &str) -> bool {
    let mut steps = path.iter().rev();
    key.rsplit('.').all(|wanted| steps.next().is_some_and(|step| step.eq_ignore_ascii_case(wanted)))
}

fn add(list: &mut Vec<String>, full: bool, value: &str) {
    let value = value.trim();
    // Systems write 0 where there is nothing.
    if full || value == "0" || value.eq_ignore_ascii_case("null") || ErpId::parse(value).is_err() || list.iter().any(|known| known == value)
    {
        return;
    }
    list.push(value.to_owned());
}

impl Search<'_> {
    fn full(&self) -> bool {
        self.ids.contracts.len() + self.ids.customers.len() >= MOST_IDS
    }

    fn contract(&mut self, value: &str) {
        let full = self.full();
        add(&mut self.ids.contracts, full, value);
    }

    fn customer(&mut self, value: &str) {
        let full = self.full();
        add(&mut self.ids.customers, full, value);
    }

    fn any(&mut self, text: &str) {
        match serde_json::from_str::<Value>(text) {
            Ok(value) => self.json(&value, &mut Vec::new()),
            Err(_) if text.starts_with('<') => self.xml(text),
            Err(_) => self.form(text),
        }
    }

    fn scalar(&mut self, path: &[&str], value: &str) {
        let keys = self.keys;
        if keys.contract.iter().any(|key| fits(path, key)) {
            self.contract(value);
        } else if keys.customer.iter().any(|key| fits(path, key)) {
            self.customer(value);
        }
    }

    fn json<'v>(&mut self, value: &'v Value, path: &mut Vec<&'v str>) {
        match value {
            Value::String(text) => self.scalar(path, text),
            Value::Number(number) => self.scalar(path, &number_text(number)),
            Value::Array(items) => items.iter().for_each(|item| self.json(item, path)),
            Value::Object(fields) => {
                for (key, field) in fields {
                    path.push(key);
                    self.json(field, path);
                    path.pop();
                }
                let field = |name: &str| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
                let id = match field("entityId").or_else(|| field("entity_id")) {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Number(number)) => number_text(number),
                    _ => return,
                };
                let names = ENTITY_NAMES.iter().filter_map(|name| field(name)?.as_str());
                self.entity(&id, &names.collect::<Vec<_>>());
            }
            Value::Bool(_) | Value::Null => {}
        }
    }

    /// An id with a name beside it that says what it is of.
    fn entity(&mut self, id: &str, names: &[&str]) {
        let says = |words: [&str; 2]| names.iter().any(|name| words.iter().any(|word| name.to_ascii_lowercase().contains(word)));
        if says(["contract", "vertrag"]) {
            self.contract(id);
        } else if says(["customer", "kunde"]) {
            self.customer(id);
        }
    }

    /// `contractId=1&customer[id]=2`; a value may be JSON.
    fn form(&mut self, text: &str) {
        let pairs: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).collect();
        for (key, value) in &pairs {
            if value.starts_with(['{', '['])
                && let Ok(value) = serde_json::from_str::<Value>(value)
            {
                self.json(&value, &mut Vec::new());
                continue;
            }
            let path: Vec<&str> = key.split(['.', '[', ']']).filter(|step| !step.is_empty() && step.parse::<u32>().is_err()).collect();
            self.scalar(&path, value);
        }
        let field = |name: &str| pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref());
        if let Some(id) = field("entityId") {
            let names: Vec<&str> = ENTITY_NAMES.iter().filter_map(|name| field(name)).collect();
            self.entity(id, &names);
        }
    }

    /// Elements with text and attributes. Whatever is not well formed is stepped over.
    fn xml(&mut self, text: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut rest = text;
        let mut last_opened = false;
        while let Some((before, after)) = rest.split_once('<') {
            let content = before.trim();
            if last_opened && !content.is_empty() {
                self.scalar(&open, content);
            }
            if let Some(comment) = after.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
            } else if let Some(data) = after.strip_prefix("![CDATA[") {
                let (inside, after) = data.split_once("]]>").unwrap_or((data, ""));
                self.scalar(&open, inside.trim());
                rest = after;
                last_opened = false;
            } else {
                let (tag, after) = after.split_once('>').unwrap_or((after, ""));
                rest = after;
                last_opened = false;
                if tag.starts_with('/') {
                    open.pop();
                } else if !tag.starts_with(['?', '!']) {
                    let name = local(tag.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default());
                    if open.len() >= MOST_LEVELS {
                        return;
                    }
                    open.push(name);
                    self.attributes(tag, &mut open);
                    if tag.ends_with('/') {
                        open.pop();
                    } else {
                        last_opened = true;
                    }
                }
            }
        }
    }

    fn attributes<'t>(&mut self, tag: &'t str, open: &mut Vec<&'t str>) {
        let mut rest = tag;
        while let Some((before, after)) = rest.split_once('=') {
            let after = after.trim_start();
            let Some(quote) = after.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { return };
            let Some((value, next)) = after[1..].split_once(quote) else { return };
            if let Some(name) = before.split_whitespace().next_back() {
                open.push(local(name));
                self.scalar(open, value);
                open.pop();
            }
            rest = next;
        }
    }
}

/// The name without the prefix of its namespace.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// `7` for 7.0 too: JSON does not tell them apart.
fn number_text(number: &serde_json::Number) -> String {
    crate::http::whole::read(&Value::Number(number.clone())).map_or_else(|| number.to_string(), |whole| whole.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> (Vec<String>, Vec<String>) {
        let keys = IdKeys {
            contract: ["contractId", "contract_id", "contract.id"].map(str::to_owned).to_vec(),
            customer: ["customerId", "customer.id"].map(str::to_owned).to_vec(),
        };
        let ids = Ids::of(body.as_bytes(), &keys);
        (ids.contracts, ids.customers)
    }

    #[test]
    fn ids_are_found_in_every_form() {
        for body in [
            r#"{"contractId":1,"customerId":"2"}"#,
            r#"{"data":{"contract":{"id":"1","x":9},"customer":{"id":2.0}}}"#,
            r#"[{"CONTRACT_ID":"1"},{"contractId":1},{"customerId":2}]"#,
            r#"{"events":[{"entityName":"CustomerContract","entityId":1},{"entityType":"customer","entityId":"2"}]}"#,
            "contractId=1&customerId=2",
            "contract[id]=1&customer.id=2",
            "event=x&payload=%7B%22contractId%22%3A1%2C%22customerId%22%3A2%7D",
            r#"<?xml version="1.0"?><event><contractId>1</contractId><customer><id>2</id></customer></event>"#,
            r#"<a:event xmlns:a="u"><!-- <contractId>9</contractId> --><a:contract id="1" /><customerId><![CDATA[2]]></customerId></a:event>"#,
            "\u{feff} {\"contractId\": 1, \"customerId\": 2}",
        ] {
            assert_eq!(found(body), (vec!["1".to_owned()], vec!["2".to_owned()]), "{body}");
        }
    }

    #[test]
    fn what_is_no_id_is_none() {
        let long = format!(r#"{{"contractId":"{}"}}"#, "x".repeat(51));
        let deep = "[".repeat(5000);
        let levels = "<a>".repeat(5000);
        for body in [
            "",
            "null",
            "{",
            "<",
            "<a",
            "<a b=",
            "<é b='ü",
            "=&=",
            r#"{"contractId":null}"#,
            r#"{"contractId":0}"#,
            r#"{"contractId":""}"#,
            r#"{"contractId":"a\u0000b"}"#,
            r#"{"contractId":{"a":1}}"#,
            r#"{"id":1,"entityId":2}"#,
            r#"{"mycontractId":1}"#,
            &long,
            &deep,
            &levels,
        ] {
            assert_eq!(found(body), (vec![], vec![]), "{body}");
        }
        assert_eq!(Ids::of(&[0xff, 0xfe, 0], &IdKeys::default()), Ids::default());
    }

    #[test]
    fn a_body_names_so_many_at_most() {
        let items: Vec<_> = (1..=2000).map(|id| serde_json::json!({"contractId": id})).collect();
        assert_eq!(found(&serde_json::to_string(&items).unwrap()).0.len(), MOST_IDS);
    }
}
