//! The operations of the spec, and for each the request that its own examples describe.

use reqwest::Method;
use serde_json::{Map, Value};

use crate::support::{Answer, Client};

/// The spec as the server serves it.
pub fn spec() -> Value {
    serde_json::to_value(mind::router::spec()).unwrap()
}

/// One operation of the spec.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its `operationId`.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Its path, with the names of the segments in braces.
    pub path: String,
    /// What the spec says of it.
    pub says: Value,
}

/// A parameter of an operation, with its references resolved.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query`, `header` or `cookie`.
    pub place: String,
    /// Whether a request without it is wrong.
    pub required: bool,
    /// The example that the spec gives.
    pub example: Option<Value>,
}

/// Every operation, in the order of the spec.
pub fn operations(spec: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in spec["paths"].as_object().unwrap() {
        for (method, says) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            if ![Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(&method) {
                continue;
            }
            let id = says["operationId"].as_str().unwrap_or_default().to_owned();
            all.push(Operation { id, method, path: path.clone(), says: says.clone() });
        }
    }
    assert!(all.len() >= 20, "the spec has {} operations", all.len());
    all
}

impl Operation {
    /// For messages: `GET /api/mind/version`.
    pub fn name(&self) -> String {
        format!("{} {} ({})", self.method, self.path, self.id)
    }

    /// Whether it takes callers with a credential only.
    pub fn is_secured(&self) -> bool {
        self.schemes().next().is_some()
    }

    /// Whether a cookie is the only credential it takes.
    pub fn wants_cookie(&self) -> bool {
        self.is_secured() && self.schemes().all(|scheme| scheme == "cookieAuth")
    }

    fn schemes(&self) -> impl Iterator<Item = &str> {
        self.says["security"].as_array().into_iter().flatten().filter_map(Value::as_object).flat_map(Map::keys).map(String::as_str)
    }

    /// The permission that it names.
    pub fn permission(&self) -> Option<&str> {
        self.says["x-permission"].as_str()
    }

    /// Its parameters.
    pub fn parameters(&self, spec: &Value) -> Vec<Parameter> {
        let all = self.says["parameters"].as_array().into_iter().flatten();
        all.map(|parameter| {
            let parameter = resolve(spec, parameter);
            let schema = resolve(spec, &parameter["schema"]);
            Parameter {
                name: parameter["name"].as_str().unwrap().to_owned(),
                place: parameter["in"].as_str().unwrap().to_owned(),
                required: parameter["required"].as_bool().unwrap_or_default(),
                example: example_of(parameter).or_else(|| example_of(schema)),
            }
        })
        .collect()
    }

    /// Names of the fields of its body.
    pub fn body_fields(&self, spec: &Value) -> Vec<String> {
        let Some((_, media)) = self.media() else { return Vec::new() };
        properties(spec, &media["schema"]).into_iter().map(|(name, _)| name).collect()
    }

    /// Content type and description of its body; JSON where there is a choice.
    fn media(&self) -> Option<(&str, &Value)> {
        let content = self.says["requestBody"]["content"].as_object()?;
        content.get_key_value("application/json").or_else(|| content.iter().next()).map(|(name, media)| (name.as_str(), media))
    }

    /// The request that the examples describe: what is required, and nothing else.
    pub fn request(&self, spec: &Value) -> Request {
        let mut request =
            Request { method: self.method.clone(), template: self.path.clone(), path: Vec::new(), query: Vec::new(), body: None };
        for parameter in self.parameters(spec) {
            let value = parameter.example.as_ref().map(text);
            match (parameter.place.as_str(), value) {
                ("path", value) => request.path.push((parameter.name, value.unwrap_or_default())),
                ("query", Some(value)) if parameter.required => request.query.push((parameter.name, value)),
                ("query", None) if parameter.required => panic!("{}: {} has no example", self.name(), parameter.name),
                _ => {}
            }
        }
        if let Some((content_type, media)) = self.media() {
            let value = example_of(media).unwrap_or_else(|| synthesise(spec, &media["schema"]));
            assert!(content_type.contains("json"), "{}: the walk writes JSON, not {content_type}", self.name());
            request.body = Some((content_type.to_owned(), value));
        }
        request
    }
}

/// A request about to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    template: String,
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    body: Option<(String, Value)>,
}

impl Request {
    /// Sets a segment of the path.
    #[must_use]
    pub fn segment(mut self, name: &str, value: &str) -> Self {
        let segment = self.path.iter_mut().find(|(known, _)| known == name);
        value.clone_into(&mut segment.unwrap_or_else(|| panic!("{} has no segment {name}", self.template)).1);
        self
    }

    /// Adds a parameter of the query, or changes it.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.query.retain(|(known, _)| known != name);
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, value: Value) -> Self {
        self.body = Some(("application/json".to_owned(), value));
        self
    }

    /// Sets a field of the body.
    #[must_use]
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.body.as_mut().unwrap().1[name] = value;
        self
    }

    /// Path and query as they are sent.
    pub fn target(&self) -> String {
        let mut target = self.template.clone();
        for (name, value) in &self.path {
            assert!(!value.is_empty(), "{}: {name} has no example", self.template);
            target = target.replace(&format!("{{{name}}}"), value);
        }
        assert!(!target.contains('{'), "{target}: a segment is not described");
        if !self.query.is_empty() {
            target.push('?');
            target.push_str(&url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish());
        }
        target
    }

    /// Sends it.
    pub async fn send(&self, client: &Client) -> Answer {
        let body = self.body.as_ref().map(|(content_type, value)| (content_type.as_str(), value.to_string()));
        client.send(self.method.clone(), &self.target(), body).await
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// An example in any of the places where OpenAPI 3.0 and 3.1 keep it.
fn example_of(value: &Value) -> Option<Value> {
    let several = &value["examples"];
    let named = several.as_object().and_then(|all| all.values().next()).map(|one| &one["value"]);
    let first = named.or_else(|| several.get(0));
    value.get("example").or(first).cloned()
}

/// Follows `$ref` until it ends. Fails where it leads nowhere.
pub fn resolve<'a>(spec: &'a Value, value: &'a Value) -> &'a Value {
    let mut value = value;
    while let Some(target) = value["$ref"].as_str() {
        value = spec.pointer(target.trim_start_matches('#')).unwrap_or_else(|| panic!("{target} leads nowhere"));
    }
    value
}

/// Fields of an object schema, with those of its parts.
pub fn properties(spec: &Value, schema: &Value) -> Vec<(String, Value)> {
    let schema = resolve(spec, schema);
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone()));
    let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| properties(spec, part));
    own.chain(parts).collect()
}

/// A value that fits a schema: its example, or one made of the examples of its fields.
fn synthesise(spec: &Value, schema: &Value) -> Value {
    let schema = resolve(spec, schema);
    if let Some(example) = example_of(schema) {
        return example;
    }
    let fields = properties(spec, schema);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let wanted =
        |name: &str| if required.is_empty() { schema["minProperties"].as_u64().unwrap_or_default() > 0 } else { required.contains(&name) };
    Value::Object(fields.into_iter().filter(|(name, _)| wanted(name)).map(|(name, field)| (name, synthesise(spec, &field))).collect())
}
