//! `_tag[<id>].<field>`: the keys under which `POST /settings` changes tags (`contract/settings.md`).

use serde_json::{Map, Value};

use crate::{
    domain::tag::{TagId, model::TagPatch},
    error::FieldError,
};

/// Fields of a tag that can be changed.
pub const FIELDS: [&str; 15] = [
    "name",
    "parent",
    "reference",
    "type",
    "visibility",
    "color",
    "properties",
    "complexity",
    "sla",
    "priority",
    "channels",
    "subchannels",
    "detectionDetails",
    "assignment",
    "testCase",
];

/// Digits of an id at most.
const DIGITS: usize = 18;

/// Pattern of the keys of a field.
pub fn pattern(field: &str) -> String {
    // As long as DIGITS says.
    format!(r"^_tag\[[1-9][0-9]{{0,17}}\]\.{field}$")
}

/// What a body says about one tag.
#[derive(Clone, Debug)]
pub struct TagKeys {
    /// The tag.
    pub id: TagId,
    /// The keys, as they were sent.
    pub keys: Vec<String>,
    /// What they add up to.
    pub patch: TagPatch,
}

/// Id and field of a key.
fn split(key: &str) -> Option<(i64, &str)> {
    let (id, field) = key.strip_prefix("_tag[")?.split_once("].")?;
    let fits = !field.is_empty() && !id.starts_with('0') && id.len() <= DIGITS && id.bytes().all(|byte| byte.is_ascii_digit());
    Some((id.parse().ok().filter(|_| fits)?, field))
}

impl TagKeys {
    /// Takes the keys of tags out of a body, and checks names and values.
    pub fn take_from(body: &mut Map<String, Value>) -> (Vec<Self>, Vec<FieldError>) {
        let mut errors = Vec::new();
        let mut by_tag: Vec<(i64, Vec<String>, Map<String, Value>)> = Vec::new();
        let (of_tags, rest): (Map<_, _>, Map<_, _>) = std::mem::take(body).into_iter().partition(|(key, _)| key.starts_with("_tag"));
        *body = rest;
        for (key, value) in of_tags {
            let Some((id, field)) = split(&key) else {
                errors.push(FieldError::new(key, "must be _tag[<id>].<field>, such as _tag[123].name"));
                continue;
            };
            let field = field.to_owned();
            let at = by_tag.iter().position(|(known, ..)| *known == id).unwrap_or_else(|| {
                by_tag.push((id, Vec::new(), Map::new()));
                by_tag.len() - 1
            });
            by_tag[at].1.push(key);
            by_tag[at].2.insert(field, value);
        }
        let mut tags = Vec::new();
        for (id, keys, fields) in by_tag {
            // One by one, so that every wrong one is named.
            let wrong = fields.iter().filter_map(|(name, value)| {
                let alone = Map::from_iter([(name.clone(), value.clone())]);
                TagPatch::read(alone, &format!("_tag[{id}]")).err()
            });
            errors.extend(wrong.flatten());
            if let Ok(patch) = TagPatch::read(fields, "") {
                tags.push(Self { id: TagId(id), keys, patch });
            }
        }
        (tags, errors)
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_taken_out_and_gathered_by_tag() {
        let mut body = json!({"_tag[5].name": "A", "erpCacheSeconds": 5, "_tag[6].sla": null, "_tag[5].color": "red"});
        let body = body.as_object_mut().unwrap();
        let (tags, errors) = TagKeys::take_from(body);
        assert_eq!(errors, []);
        let keys: Vec<_> = tags.iter().map(|tag| (tag.id.0, tag.keys.join(" "))).collect();
        assert_eq!(keys, [(5, "_tag[5].name _tag[5].color".to_owned()), (6, "_tag[6].sla".to_owned())]);
        assert_eq!(body.keys().collect::<Vec<_>>(), ["erpCacheSeconds"]);
    }

    #[test]
    fn every_wrong_key_or_value_is_named() {
        let mut body = json!({"_tag[5].nmae": "A", "_tag[5].sla": 0, "_tag[5].color": "red", "_tag[x].name": "A", "_tag[05].name": "A",
            "_tag[5]name": "A", "_tags": 1, "_tag[1234567890123456789].name": "A"});
        let (_, errors) = TagKeys::take_from(body.as_object_mut().unwrap());
        let mut paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
        paths.sort_unstable();
        let expected =
            ["_tag[05].name", "_tag[1234567890123456789].name", "_tag[5].nmae", "_tag[5].sla", "_tag[5]name", "_tag[x].name", "_tags"];
        assert_eq!(paths, expected);
    }

    /// The spec and the check read a key the same way.
    #[test]
    fn the_pattern_is_what_is_read() {
        let pattern = Regex::new(&pattern("name")).unwrap();
        for (key, fits) in [
            ("_tag[1].name", true),
            ("_tag[123456789012345678].name", true),
            ("_tag[1234567890123456789].name", false),
            ("_tag[0].name", false),
            ("_tag[+1].name", false),
            ("_tag[1]_name", false),
        ] {
            assert_eq!((pattern.is_match(key), split(key).is_some()), (fits, fits), "{key}");
        }
    }
}
