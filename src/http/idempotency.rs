//! Handlers of creating calls that a client may send again, with the header `Idempotency-Key`.
//!
//! ```text
//! #[utoipa::path(post, …, params(IdempotencyHeader), …)]
//! pub async fn create_tag(State(app): State<App>, caller: Caller, Keyed(once, body): Keyed<NewTag>) -> Result<Response> {
//!     caller.may(Permission::UpdateTag)?;
//!     once.run(&app, &caller, async |claim| {
//!         let mut tx = app.tenant_tx(&caller).await?;
//!         let created = service::create(&mut tx, body).await?;
//!         let done = claim.finish(&mut tx, Answer::json(&created)?.about(format!("tag/{}", created.id))).await?;
//!         tx.commit().await?;
//!         Ok(done)
//!     })
//!     .await
//! }
//! ```
//!
//! A call without a body takes [`Once`] alone. Without the header nothing is asked of the database.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::{Caller, input};
use crate::{
    App,
    domain::idempotency::{
        Answer, Attempt, Claim, Claimed, Finished,
        service::{self, HEADER},
    },
    error::{Error, Result},
};

/// Marks an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The header in the spec.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description in the spec is used")]
pub struct IdempotencyHeader {
    /// A name of the caller's choice for this request, best a random UUID. Sent again within 24 hours, the request is
    /// answered as before, with `Idempotency-Replayed: true`, and not carried out again. 409: the key belongs to another
    /// request, or, with `Retry-After`, the first one is still being carried out.
    #[param(
        rename = "Idempotency-Key",
        inline,
        pattern = r"^[!-~]([ -~]{0,253}[!-~])?$",
        min_length = 1,
        max_length = 255,
        example = "8e03978e-40d5-43dd-bc93-6894a57f9324"
    )]
    key: Option<String>,
}

/// What a request asks for, if it has a key. The extractor of calls without a body.
#[derive(Clone, Copy, Debug)]
pub struct Once(Option<Attempt>);

/// A JSON object as the body, and what it asks for, if the request has a key.
#[derive(Clone, Copy, Debug)]
pub struct Keyed<T>(pub Once, pub T);

impl<S: Send + Sync> FromRequestParts<S> for Once {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Ok(Self(key(&parts.headers)?.map(|key| attempt(&parts.method, &parts.uri, key, b""))))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Keyed<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let asked = key(request.headers())?.map(|key| (key.to_owned(), request.method().clone(), request.uri().clone()));
        let bytes = input::object_bytes(request, state).await?;
        let value = input::parse_object(&bytes)?;
        Ok(Self(Once(asked.map(|(key, method, uri)| attempt(&method, &uri, &key, &bytes))), value))
    }
}

fn attempt(method: &Method, uri: &Uri, key: &str, body: &[u8]) -> Attempt {
    Attempt::new(method.as_str(), uri.path(), key, uri.query().unwrap_or_default(), body)
}

fn key(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut all = headers.get_all(HEADER).iter();
    let (Some(value), None) = (all.next(), all.next()) else {
        return if headers.contains_key(HEADER) { Err(Error::field(HEADER, "is given more than once")) } else { Ok(None) };
    };
    let key = value.as_bytes().trim_ascii();
    match std::str::from_utf8(key) {
        Ok(text) if (1..=255).contains(&key.len()) && key.iter().all(|byte| (b' '..=b'~').contains(byte)) => Ok(Some(text)),
        _ => Err(Error::field(HEADER, "must have 1 to 255 printable ASCII characters")),
    }
}

impl Once {
    /// Does the work, unless it was done before: then the answer is given again. Work that fails leaves the key free.
    pub async fn run<Work>(self, app: &App, caller: &Caller, work: Work) -> Result<Response>
    where
        Work: AsyncFnOnce(Claim) -> Result<Finished>,
    {
        let claim = match self.0 {
            None => Claim::without_key(),
            Some(attempt) => match service::claim(app, caller, attempt).await? {
                Claimed::New(claim) => claim,
                Claimed::Replay(answer) => {
                    let mut response = respond(answer)?;
                    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
                    return Ok(response);
                }
            },
        };
        let guard = claim.guard();
        match work(claim).await {
            Ok(finished) => {
                guard.disarm();
                respond(finished.into_answer())
            }
            Err(error) => {
                guard.release().await;
                Err(error)
            }
        }
    }
}

fn respond(answer: Answer) -> Result<Response> {
    let status = StatusCode::from_u16(answer.status).map_err(Error::internal)?;
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], answer.body).into_response();
    for (name, value) in answer.headers {
        let name: HeaderName = name.parse().map_err(Error::internal)?;
        response.headers_mut().insert(name, value.parse().map_err(Error::internal)?);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use utoipa::IntoParams as _;

    use super::*;

    fn read(values: &[&[u8]]) -> Result<Option<String>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        key(&headers).map(|key| key.map(str::to_owned))
    }

    #[test]
    fn what_is_checked_is_what_the_spec_says() {
        let spec = serde_json::to_value(IdempotencyHeader::into_params(|| None)).unwrap();
        let spec = &spec[0];
        assert_eq!((&spec["name"], &spec["in"], &spec["required"]), (&HEADER.into(), &"header".into(), &false.into()), "{spec}");
        let schema = &spec["schema"];
        assert_eq!((&schema["minLength"], &schema["maxLength"]), (&1.into(), &255.into()), "{spec}");
        let pattern = regex::Regex::new(schema["pattern"].as_str().unwrap()).unwrap();
        let (longest, longer) = ("k".repeat(255), "k".repeat(256));
        for good in ["k", "!", "\"8e03978e-40d5\"", "order 7 of client 12", "~", &longest] {
            assert!(pattern.is_match(good), "{good}");
            assert_eq!(read(&[good.as_bytes()]).unwrap().as_deref(), Some(good));
        }
        for bad in ["", "a\tb", "\u{e4}", "a\u{7f}", &longer] {
            assert!(!pattern.is_match(bad), "{bad:?}");
            if let Ok(value) = HeaderValue::from_bytes(bad.as_bytes()) {
                assert!(read(&[value.as_bytes()]).is_err(), "{bad:?}");
            }
        }
        assert!(read(&[b"a", b"a"]).is_err());
        assert!(read(&[b"a\xe4"]).is_err());
        assert_eq!(read(&[]).unwrap(), None);
    }
}
