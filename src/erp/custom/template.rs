//! Header values with placeholders: `Bearer {{secret.erpToken}}`.

use std::{collections::BTreeMap, fmt};

use secrecy::{ExposeSecret, SecretString};

/// What is wrong with a template. Shows placeholders, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateFault {
    /// `{{` without `}}`.
    NotClosed,
    /// A placeholder that is not of the form `{{secret.KEY}}`.
    NoSecret(String),
    /// A secret that `executorSecrets` does not have.
    Unknown(String),
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotClosed => f.write_str("a placeholder is not closed"),
            Self::NoSecret(name) => write!(f, "{{{{{name}}}}} is not of the form {{{{secret.KEY}}}}"),
            Self::Unknown(name) => write!(f, "{{{{secret.{name}}}}} has no value in executorSecrets"),
        }
    }
}

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Sent as it stands.
    Text(&'a str),
    /// Name of the secret that stands here.
    Secret(&'a str),
}

/// The pieces of a template in order.
pub fn parts(template: &str) -> Result<Vec<Part<'_>>, TemplateFault> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (placeholder, after) = after.split_once("}}").ok_or(TemplateFault::NotClosed)?;
        let placeholder = placeholder.trim();
        let name = placeholder.strip_prefix("secret.").ok_or_else(|| TemplateFault::NoSecret(placeholder.to_owned()))?;
        parts.extend([Part::Text(before), Part::Secret(name)]);
        rest = after;
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

/// The template with its secrets in place. The result is as secret as they are.
pub fn fill_in(template: &str, secrets: &BTreeMap<String, SecretString>) -> Result<String, TemplateFault> {
    let mut filled = String::with_capacity(template.len());
    for part in parts(template)? {
        filled.push_str(match part {
            Part::Text(text) => text,
            Part::Secret(name) => secrets.get(name).ok_or_else(|| TemplateFault::Unknown(name.to_owned()))?.expose_secret(),
        });
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_secrets_or_are_named() {
        let secrets = BTreeMap::from([("key".to_owned(), SecretString::from("s3cr3t"))]);
        let fill = |template: &str| fill_in(template, &secrets).map_err(|fault| fault.to_string());
        assert_eq!(fill("Token {{secret.key}}:{{ secret.key }}!"), Ok("Token s3cr3t:s3cr3t!".to_owned()));
        assert_eq!(fill("plain } {"), Ok("plain } {".to_owned()));
        assert_eq!(fill("{{secret.other}}"), Err("{{secret.other}} has no value in executorSecrets".to_owned()));
        assert_eq!(fill("{{key}}"), Err("{{key}} is not of the form {{secret.KEY}}".to_owned()));
        assert_eq!(fill("{{secret.key"), Err("a placeholder is not closed".to_owned()));
    }

    #[test]
    fn a_secret_that_looks_like_a_placeholder_is_sent_as_it_is() {
        let secrets = BTreeMap::from([("key".to_owned(), SecretString::from("{{secret.key}}"))]);
        assert_eq!(fill_in("{{secret.key}}", &secrets), Ok("{{secret.key}}".to_owned()));
    }
}
