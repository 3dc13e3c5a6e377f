//! `ETag` and `If-Match` of rows that people edit: whoever says which version they saw does not overwrite another one.

use std::{convert::Infallible, fmt::Display};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use crate::error::{Code, Error, Result};

/// The tag of one version of a row.
pub fn etag(id: impl Display, version: i64) -> HeaderValue {
    // Ids and versions are numbers; a text that fits no header would match nothing.
    HeaderValue::from_str(&format!("\"{id}-{version}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Which versions the caller accepts. Reading it never fails: a header that cannot be read matches nothing, because
/// whoever sends one does not want to write blindly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(Wanted);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Wanted {
    /// No header.
    #[default]
    Anything,
    /// `*`: any version of a row that exists.
    Existing,
    /// One of these.
    OneOf(Vec<String>),
}

impl IfMatch {
    fn of(headers: &HeaderMap) -> Self {
        let mut tags = Vec::new();
        let mut seen = false;
        for value in headers.get_all(header::IF_MATCH) {
            seen = true;
            for item in value.to_str().unwrap_or_default().split(',') {
                let item = item.trim();
                if item == "*" {
                    return Self(Wanted::Existing);
                }
                // Proxies weaken tags when they compress; shells lose the quotes.
                let item = item.strip_prefix("W/").unwrap_or(item);
                let bare = item.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(item);
                if !bare.is_empty() {
                    tags.push(bare.to_owned());
                }
            }
        }
        Self(if seen { Wanted::OneOf(tags) } else { Wanted::Anything })
    }

    /// Fails with 412 unless the row, locked and as it stands now, is one the caller accepts.
    pub fn check(&self, id: impl Display, version: i64) -> Result<()> {
        let fits = match &self.0 {
            Wanted::Anything | Wanted::Existing => true,
            Wanted::OneOf(tags) => {
                let current = format!("{id}-{version}");
                tags.contains(&current)
            }
        };
        if fits {
            return Ok(());
        }
        Err(Error::new(Code::PreconditionFailed, "Somebody else changed this meanwhile; nothing was changed")
            .details(format!("Its ETag is \"{id}-{version}\" now. Read it again, and decide anew.")))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            ParameterBuilder::new()
                .name(header::IF_MATCH.as_str())
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some("Only this version, as `ETag` showed it; also weak, several, or `*`. Another one is 412."))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .example(Some("\"1-1\"".into()))
                .build(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        IfMatch::of(&headers).check(7, 3).is_ok()
    }

    #[test]
    fn the_version_in_force_passes_however_it_is_written() {
        for good in
            [&[][..], &["*"], &["\"7-3\""], &["W/\"7-3\""], &["7-3"], &["\"7-2\", \"7-3\""], &["\"7-2\"", "W/\"7-3\""], &[" \"7-3\" ,"]]
        {
            assert!(accepts(good), "{good:?}");
        }
    }

    #[test]
    fn anything_else_is_stale() {
        for bad in ["\"7-2\"", "W/\"7-4\"", "\"8-3\"", "", ",", "\"*\"", "\"7-3", "7-3\"", "ä", "w/\"7-3\""] {
            assert!(!accepts(&[bad]), "{bad:?}");
        }
        let error = IfMatch(Wanted::OneOf(vec!["7-2".into()])).check(7, 3).unwrap_err();
        assert_eq!(error.code(), Code::PreconditionFailed);
    }

    #[test]
    fn a_tag_is_quoted() {
        assert_eq!(etag(7, 3), "\"7-3\"");
    }
}
