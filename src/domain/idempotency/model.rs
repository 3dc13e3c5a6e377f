//! What makes two requests the same, what is kept of the first, and what the second is told.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// How long an answer is kept, counted from its request. A key that is sent later begins anew.
pub const KEPT: Duration = Duration::hours(24);

/// A request whose caller may send it again: where its key holds, and what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    scope: [u8; 32],
    fingerprint: [u8; 32],
}

impl Attempt {
    /// From the parts of a request. The order of a JSON object's keys and the white space between them do not count: a
    /// client that builds its body anew for the retry may write them differently.
    pub fn new(method: &str, path: &str, key: &str, query: &str, body: &[u8]) -> Self {
        let canonical = serde_json::from_slice::<Value>(body).map(|mut value| {
            value.sort_all_objects();
            value.to_string().into_bytes()
        });
        Self {
            scope: hash(&[method.as_bytes(), path.as_bytes(), key.as_bytes()]),
            fingerprint: hash(&[query.as_bytes(), canonical.as_deref().unwrap_or(body)]),
        }
    }

    /// Where the key holds, beside tenant and caller: method, path and the key itself.
    pub fn scope(&self) -> &[u8; 32] {
        &self.scope
    }

    /// What is asked for: query and body.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        // Lengths first: without them ("ab","c") and ("a","bc") would be the same.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// What is known of a key that was seen before.
#[derive(Clone, Debug)]
pub struct Stored {
    /// What was asked for.
    pub fingerprint: Vec<u8>,
    /// Until then nobody else takes the work over.
    pub lease_until: DateTime<Utc>,
    /// When it was claimed.
    pub created_at: DateTime<Utc>,
    /// Envelope of the answer; none while the work goes on, empty once it was erased.
    pub answer: Option<Vec<u8>>,
}

/// What a request with a known key is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// Answer with what is in this envelope.
    Replay(&'a [u8]),
    /// The work is done, and its answer was erased.
    Erased,
    /// The key belongs to another request.
    OtherRequest,
    /// The same request is being worked on.
    Running,
    /// Nobody holds the key any more; begin anew.
    Free,
}

impl Stored {
    /// Decides on a request that shows the same key in the same place.
    pub fn judge(&self, attempt: &Attempt, now: DateTime<Utc>) -> Verdict<'_> {
        let same = self.fingerprint == attempt.fingerprint;
        match &self.answer {
            _ if self.created_at <= now - KEPT => Verdict::Free,
            // Its work died and took no effect, so another request may have the key.
            None if self.lease_until <= now => Verdict::Free,
            Some(envelope) if envelope.is_empty() => Verdict::Erased,
            _ if !same => Verdict::OtherRequest,
            Some(envelope) => Verdict::Replay(envelope),
            None => Verdict::Running,
        }
    }
}

/// A success as it goes out, and goes out again. Problems are never kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Status; creating calls answer 200 too (`contract/index.md`).
    pub status: u16,
    /// Headers of its own, such as the `ETag`.
    pub headers: Vec<(String, String)>,
    /// JSON, as text, so that the bytes are the same each time.
    pub body: String,
    /// Whom or what it is about.
    #[serde(skip)]
    pub about: Option<String>,
}

impl Answer {
    /// A success with a JSON body.
    pub fn json(body: &impl Serialize) -> Result<Self> {
        Ok(Self { status: 200, headers: Vec::new(), body: serde_json::to_string(body).map_err(Error::internal)?, about: None })
    }

    /// Adds a header. Not for cookies: they would sign in whoever sends the request again.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Says whom or what it is about, as in `ticket/376189`, so that it can be erased with it.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.about = Some(subject.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(body: &str) -> Attempt {
        Attempt::new("POST", "/api/mind/ticket", "k", "process=batch", body.as_bytes())
    }

    #[test]
    fn the_same_request_is_the_same_however_it_is_written() {
        let one = attempt(r#"{"subject":"Meter","to":{"a":1,"b":[{"x":1,"y":2}]}}"#);
        assert_eq!(one, attempt(" {\"to\": {\"b\": [{\"y\":2, \"x\":1}], \"a\":1},\n\"subject\":\"Meter\"} "));
        for other in [r#"{"subject":"Meter","to":{"a":1,"b":[{"x":1,"y":3}]}}"#, r#"{"subject":"Meter"}"#, "{", ""] {
            assert_ne!(one.fingerprint, attempt(other).fingerprint, "{other}");
        }
        assert_eq!(attempt("{ ").scope, one.scope);
    }

    #[test]
    fn scope_and_fingerprint_mix_nothing_up() {
        let scope = |method, path, key| Attempt::new(method, path, key, "", b"").scope;
        let all = [scope("POST", "/a", "b"), scope("PUT", "/a", "b"), scope("POST", "/ab", ""), scope("POST", "/a", "bc")];
        for (index, one) in all.iter().enumerate() {
            assert!(all[index + 1..].iter().all(|other| other != one), "{index}");
        }
        let fingerprint = |query, body: &str| Attempt::new("POST", "/a", "b", query, body.as_bytes()).fingerprint;
        assert_ne!(fingerprint("x", ""), fingerprint("", "x"));
        assert_ne!(fingerprint("process=batch", "{}"), fingerprint("process=false", "{}"));
    }

    #[test]
    fn verdicts() {
        let now: DateTime<Utc> = "2026-01-13T17:28:51Z".parse().unwrap();
        let (same, other) = (attempt("{}"), attempt("[]"));
        let running = Stored { fingerprint: same.fingerprint.to_vec(), lease_until: now + KEPT / 2, created_at: now, answer: None };
        assert_eq!(running.judge(&same, now), Verdict::Running);
        assert_eq!(running.judge(&other, now), Verdict::OtherRequest);
        assert_eq!(running.judge(&other, running.lease_until), Verdict::Free);
        let done = Stored { answer: Some(b"x".to_vec()), ..running.clone() };
        assert_eq!(done.judge(&same, now), Verdict::Replay(b"x"));
        assert_eq!(done.judge(&same, now + KEPT - Duration::seconds(1)), Verdict::Replay(b"x"));
        assert_eq!(done.judge(&other, now), Verdict::OtherRequest);
        assert_eq!(done.judge(&same, now + KEPT), Verdict::Free);
        let erased = Stored { fingerprint: Vec::new(), answer: Some(Vec::new()), ..running };
        assert_eq!(erased.judge(&same, now), Verdict::Erased);
    }
}
