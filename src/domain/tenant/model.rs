//! What a tenant is, and the form of its names.

use std::{fmt, str::FromStr};

/// Id of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub struct TenantId(pub i64);

/// A tenant, as far as a request needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its short name in URLs, tokens and commands.
    pub slug: String,
    /// Its name for people.
    pub name: String,
}

/// A short name: what a DNS label can be, so that `<slug>.<base domain>` is a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slug(String);

impl Slug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Slug {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let ends = text.starts_with(inner) && text.ends_with(inner);
        if (1..=63).contains(&text.len()) && ends && text.chars().all(|c| inner(c) || c == '-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` is no slug: lower-case letters, digits and inner hyphens, 63 at most"))
        }
    }
}

/// A host name as it is stored and compared: lower case, without port and final dot. Null where it cannot be one.
pub fn normal_host(text: &str) -> Option<String> {
    let host = url::Host::parse(without_port(text.trim())).ok()?;
    Some(host.to_string().trim_end_matches('.').to_ascii_lowercase()).filter(|host| !host.is_empty())
}

fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        // A colon inside brackets belongs to an IPv6 address.
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_dns_label() {
        for good in ["demo", "a", "stadtwerke-1"] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "Demo", "a.b", "ä", &"a".repeat(64)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn port_case_and_final_dot_do_not_make_another_host() {
        for text in ["Mind.Example.com", "mind.example.com:8443", "mind.example.com."] {
            assert_eq!(normal_host(text).as_deref(), Some("mind.example.com"));
        }
        assert_eq!(normal_host("[::1]:8080").as_deref(), Some("[::1]"));
        assert_eq!(normal_host("a b"), None);
        assert_eq!(normal_host(""), None);
    }
}
