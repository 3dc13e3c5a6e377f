//! Tokens of token endpoints, kept until shortly before they expire, one request for all who wait.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::super::ErpError;

/// How long before its end a token is given up, so that it does not expire on the way.
const MARGIN: Duration = Duration::minutes(1);

/// Lifetime of a token whose endpoint names none (RFC 6749 recommends that it does).
const UNNAMED_LIFETIME: i64 = 300;

/// Longest lifetime that is believed.
const LONGEST_LIFETIME: i64 = 86_400;

/// Tenants whose token is kept; beyond that somebody's is asked for again.
const MAX_TOKENS: usize = 10_000;

/// A token in force.
#[derive(Clone)]
pub struct Token {
    /// What stands after `Bearer`.
    pub bearer: SecretString,
    good_until: DateTime<Utc>,
    number: u64,
}

impl Token {
    /// Tells this token from those before and after it.
    pub const fn number(&self) -> u64 {
        self.number
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("number", &self.number).field("good_until", &self.good_until).finish_non_exhaustive()
    }
}

/// What a token endpoint answered.
#[derive(Deserialize)]
struct Grant {
    access_token: String,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<Value>,
}

/// A fresh token and its lifetime.
pub struct Granted {
    bearer: SecretString,
    lifetime: Duration,
}

impl Granted {
    /// Reads the answer of a token endpoint. Errors never show it.
    pub fn read(answer: Value) -> Result<Self, ErpError> {
        let bad = |what: &str| ErpError::BadPayload { reason: format!("the token endpoint's answer {what}") };
        let grant: Grant = serde_json::from_value(answer).map_err(|_| bad("has no `access_token`"))?;
        if grant.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(bad("has another `token_type` than Bearer"));
        }
        if grant.access_token.is_empty() || !grant.access_token.chars().all(|c| c.is_ascii_graphic()) {
            return Err(bad("has an `access_token` that no header can carry"));
        }
        let seconds = match &grant.expires_in {
            None | Some(Value::Null) => UNNAMED_LIFETIME,
            Some(value) => {
                value.as_i64().or_else(|| value.as_str()?.parse().ok()).ok_or_else(|| bad("has no whole number in `expires_in`"))?
            }
        };
        let lifetime = Duration::seconds(seconds.clamp(0, LONGEST_LIFETIME));
        Ok(Self { bearer: grant.access_token.into(), lifetime })
    }

    /// How long the token is used: until a minute before its end, or for half of a life shorter than two minutes.
    fn good_for(&self) -> Duration {
        self.lifetime - MARGIN.min(self.lifetime / 2)
    }
}

type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// The tokens of all tenants, for the life of the process.
#[derive(Debug, Default)]
pub struct Tokens {
    slots: Mutex<HashMap<i64, (String, Slot)>>,
    last_number: AtomicU64,
}

impl Tokens {
    /// The token of a tenant's connection: the one in force, or a new one from `fetch`, which runs once however many ask.
    /// `refused` is the number of a token that the API did not take; then a newer one is meant.
    ///
    /// Another `connection` means other settings: its token is another one.
    pub async fn get<E, F>(
        &self,
        tenant_id: i64,
        connection: &str,
        now: DateTime<Utc>,
        refused: Option<u64>,
        fetch: impl FnOnce() -> F + Send,
    ) -> Result<Token, E>
    where
        F: Future<Output = Result<Granted, E>> + Send,
    {
        let slot = self.slot(tenant_id, connection);
        let mut held = slot.lock().await;
        if let Some(token) = held.as_ref()
            && token.good_until > now
            && refused.is_none_or(|refused| token.number > refused)
        {
            return Ok(token.clone());
        }
        // Whoever is cancelled here gives the turn to the next one.
        let granted = fetch().await?;
        let number = self.last_number.fetch_add(1, Ordering::Relaxed) + 1;
        let token = Token { good_until: now + granted.good_for(), bearer: granted.bearer, number };
        *held = Some(token.clone());
        Ok(token)
    }

    fn slot(&self, tenant_id: i64, connection: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, slot)) = slots.get(&tenant_id)
            && known == connection
        {
            return slot.clone();
        }
        if slots.len() >= MAX_TOKENS && !slots.contains_key(&tenant_id) {
            let some = slots.keys().next().copied();
            some.and_then(|tenant_id| slots.remove(&tenant_id));
        }
        let slot = Slot::default();
        slots.insert(tenant_id, (connection.to_owned(), slot.clone()));
        slot
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::*;

    fn granted(seconds: i64) -> Granted {
        Granted::read(json!({"access_token": "t0ken", "expires_in": seconds, "token_type": "Bearer"})).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    struct Endpoint {
        tokens: Tokens,
        asked: AtomicUsize,
    }

    impl Endpoint {
        fn new() -> Self {
            Self { tokens: Tokens::default(), asked: AtomicUsize::new(0) }
        }

        async fn get(&self, connection: &str, now: i64, refused: Option<u64>) -> u64 {
            let fetch = || async {
                self.asked.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok::<_, ErpError>(granted(3600))
            };
            self.tokens.get(1, connection, at(now), refused, fetch).await.unwrap().number()
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn a_token_serves_until_a_minute_before_its_end() {
        let endpoint = Endpoint::new();
        let first = endpoint.get("a", 0, None).await;
        assert_eq!(endpoint.get("a", 3539, None).await, first);
        assert_eq!(endpoint.asked(), 1);
        assert_ne!(endpoint.get("a", 3540, None).await, first);
        assert_eq!(endpoint.asked(), 2);
    }

    #[tokio::test]
    async fn many_who_wait_ask_once() {
        let endpoint = Endpoint::new();
        let all = futures::future::join_all((0..20).map(|_| endpoint.get("a", 0, None))).await;
        assert!(all.iter().all(|number| *number == all[0]));
        assert_eq!(endpoint.asked(), 1);
        // All of them were refused: one new token is enough.
        let again = futures::future::join_all((0..20).map(|_| endpoint.get("a", 0, Some(all[0])))).await;
        assert!(again.iter().all(|number| *number == again[0]) && again[0] != all[0]);
        assert_eq!(endpoint.asked(), 2);
    }

    #[tokio::test]
    async fn other_settings_have_another_token() {
        let endpoint = Endpoint::new();
        let first = endpoint.get("a", 0, None).await;
        assert_ne!(endpoint.get("b", 0, None).await, first);
        assert_eq!(endpoint.asked(), 2);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let endpoint = Endpoint::new();
        let failed = endpoint.tokens.get(1, "a", at(0), None, || async { Err(ErpError::Unauthorized) }).await;
        assert_eq!(failed.unwrap_err(), ErpError::Unauthorized);
        endpoint.get("a", 0, None).await;
        assert_eq!(endpoint.asked(), 1);
    }

    #[test]
    fn an_answer_is_read_or_refused() {
        assert_eq!(granted(3600).good_for(), Duration::seconds(3540));
        assert_eq!(granted(90).good_for(), Duration::seconds(45));
        assert_eq!(granted(-5).good_for(), Duration::zero());
        let short = Granted::read(json!({"access_token": "a.b-c", "expires_in": "120"})).unwrap();
        assert_eq!((short.bearer.expose_secret(), short.good_for()), ("a.b-c", Duration::seconds(60)));
        for answer in [
            json!({}),
            json!(null),
            json!({"access_token": ""}),
            json!({"access_token": "geheim\n"}),
            json!({"access_token": "geheim", "token_type": "mac"}),
            json!({"access_token": "geheim", "expires_in": "soon"}),
        ] {
            let Err(error) = Granted::read(answer.clone()) else { panic!("{answer}") };
            assert!(matches!(error, ErpError::BadPayload { .. }) && !error.to_string().contains("geheim"), "{error}");
        }
    }
}
