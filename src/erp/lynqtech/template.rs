//! Paths with placeholders: `/api/customers/{customerId}/contracts?limit={limit}`.

use std::collections::BTreeMap;

use url::Url;

/// A path with its query. Values go in encoded, so that no value adds a segment or a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Vec<Part>>,
    query: Vec<(String, Vec<Part>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
}

impl Template {
    /// Reads a template; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let Some(path) = path.strip_prefix('/') else { return Err("must begin with /".to_owned()) };
        if text.contains('#') || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("must not contain white space or #".to_owned());
        }
        let segments: Vec<_> = path.split('/').map(parts).collect::<Result<_, _>>()?;
        if path.split('/').any(|segment| segment == "." || segment == "..") {
            return Err("must not contain the segments . and ..".to_owned());
        }
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((name.to_owned(), parts(value)?))
        });
        Ok(Self { segments, query: query.collect::<Result<_, String>>()? })
    }

    /// Names of the placeholders.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().chain(self.query.iter().map(|(_, parts)| parts)).flatten().filter_map(|part| match part {
            Part::Name(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Whether a placeholder of the query has a value: a search that asks nothing would find everything.
    pub fn asks(&self, values: &BTreeMap<&str, String>) -> bool {
        self.query.iter().flat_map(|(_, parts)| parts).any(|part| match part {
            Part::Name(name) => values.contains_key(name.as_str()),
            Part::Text(_) => false,
        })
    }

    /// The address below `base`. A parameter whose placeholder has no value is left out. None when a segment's has none,
    /// or when it is one that no path can carry.
    pub fn fill(&self, base: &Url, values: &BTreeMap<&str, String>) -> Option<Url> {
        let mut url = base.clone();
        let segments: Vec<String> = self.segments.iter().map(|parts| filled(parts, values)).collect::<Option<_>>()?;
        if segments.iter().any(|segment| segment == "." || segment == "..") {
            return None;
        }
        url.path_segments_mut().ok()?.clear().extend(&segments);
        let pairs: Vec<_> = self.query.iter().filter_map(|(name, parts)| Some((name, filled(parts, values)?))).collect();
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        Some(url)
    }
}

fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("has a { without }")?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err("has a placeholder that is no name".to_owned());
        }
        parts.extend([Part::Text(before.to_owned()), Part::Name(name.to_owned())]);
        rest = after;
    }
    if rest.contains('}') {
        return Err("has a } without {".to_owned());
    }
    parts.push(Part::Text(rest.to_owned()));
    Ok(parts)
}

fn filled(parts: &[Part], values: &BTreeMap<&str, String>) -> Option<String> {
    parts.iter().try_fold(String::new(), |text, part| match part {
        Part::Text(more) => Some(text + more),
        Part::Name(name) => values.get(name.as_str()).map(|value| text + value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(template: &str, values: &[(&'static str, &str)]) -> Option<String> {
        let values = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Template::parse(template).unwrap().fill(&Url::parse("https://a.example").unwrap(), &values).map(String::from)
    }

    #[test]
    fn values_are_encoded() {
        let filled = url("/api/c/{id}?q={q}&limit=10", &[("id", "VN/1?ä"), ("q", "Müller & Co")]);
        assert_eq!(filled.as_deref(), Some("https://a.example/api/c/VN%2F1%3F%C3%A4?q=M%C3%BCller+%26+Co&limit=10"));
        // What looks like a way up is none.
        assert_eq!(url("/api/c/{id}", &[("id", "..")]), None);
        assert_eq!(url("/api/c/{id}", &[("id", "../x")]).as_deref(), Some("https://a.example/api/c/..%2Fx"));
    }

    #[test]
    fn parameters_without_a_value_are_left_out() {
        assert_eq!(url("/api?email={email}&name={name}&v=1", &[("name", "x")]).as_deref(), Some("https://a.example/api?name=x&v=1"));
        assert_eq!(url("/api/{id}", &[]), None);
        let template = Template::parse("/api?email={email}&limit=10").unwrap();
        assert!(!template.asks(&BTreeMap::from([("name", String::new())])));
        assert!(template.asks(&BTreeMap::from([("email", String::new())])));
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in ["", "api", "/a b", "/a#b", "/a/{", "/a/{}", "/a/{x y}", "/a}", "/a/../b", "/a?x={"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
