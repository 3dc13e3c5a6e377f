//! What must not leave an answer of Powercloud: columns that are credentials, and our own credentials repeated.

use serde_json::Value;

/// Columns of the contract table that let somebody in, compared without case and separators.
const COLUMNS: [&str; 3] = ["authhash", "authorizationtoken", "passwordresethash"];

/// Stands in place of a credential.
const REDACTED: &str = "***";

/// Takes the secret columns out, at any depth, and `secrets` out of all texts.
pub fn strip(value: Value, secrets: &[&str]) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(key, _)| !is_secret(key));
            kept.map(|(key, value)| (redact(key, secrets), strip(value, secrets))).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| strip(item, secrets)).collect(),
        Value::String(text) => Value::String(redact(text, secrets)),
        other => other,
    }
}

/// A text without `secrets`.
pub fn redact(text: String, secrets: &[&str]) -> String {
    secrets.iter().filter(|secret| !secret.is_empty()).fold(
        text,
        |text, secret| {
            if text.contains(secret) { text.replace(secret, REDACTED) } else { text }
        },
    )
}

fn is_secret(key: &str) -> bool {
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    COLUMNS.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_go_at_any_depth() {
        let row = json!({
            "id": 7, "authHash": "a", "AUTHORIZATION_TOKEN": "b",
            "customer": [{"passwordresethash": "c", "surname": "Beispiel", "link": "https://x/rest:client/h4sh/f"}],
        });
        let kept = json!({"id": 7, "customer": [{"surname": "Beispiel", "link": "https://x/rest:client/***/f"}]});
        assert_eq!(strip(row, &["h4sh", ""]), kept);
    }
}
