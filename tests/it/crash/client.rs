//! A client that remembers what it was told, and what it was not told.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Somebody with a token.
#[derive(Clone)]
pub struct Caller {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Caller {
    /// Calls an address.
    pub fn new(address: SocketAddr, token: &str) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
        Self { http, base: format!("http://{address}"), token: token.to_owned() }
    }

    /// Status and body; none when the connection broke before the answer was whole.
    async fn send(&self, method: Method, path: &str, body: &Value, key: Option<Uuid>) -> Option<(u16, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if *body != Value::Null {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key.to_string());
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&text).ok()?))
    }

    /// POST.
    pub async fn post(&self, path: &str, body: &Value, key: Option<Uuid>) -> Option<(u16, Value)> {
        self.send(Method::POST, path, body, key).await
    }

    async fn patch(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        self.send(Method::PATCH, path, body, None).await
    }

    async fn get(&self, path: &str) -> Option<(u16, Value)> {
        self.send(Method::GET, path, &Value::Null, None).await
    }
}

/// A ticket that was acknowledged, and what is known of it.
struct Known {
    id: i64,
    subject: String,
    /// As the last answer said.
    version: i64,
    /// As the last answer said.
    due_by: Value,
    /// Changes that were sent since and not answered: they may have been made or not.
    open: Vec<String>,
}

/// A creation without an answer yet.
struct Pending {
    key: Uuid,
    body: Value,
}

/// Creates and changes tickets of its own, so that it knows what each of them must look like.
pub struct Writer {
    number: usize,
    caller: Caller,
    acknowledged: Arc<AtomicUsize>,
    sent: usize,
    changed: usize,
    uncertain: usize,
    known: Vec<Known>,
    pending: Vec<Pending>,
}

impl Writer {
    /// One that has done nothing yet. Adds its acknowledgements to those of all.
    pub fn new(number: usize, caller: Caller, acknowledged: Arc<AtomicUsize>) -> Self {
        Self { number, caller, acknowledged, sent: 0, changed: 0, uncertain: 0, known: Vec::new(), pending: Vec::new() }
    }

    /// Tickets acknowledged.
    pub fn created(&self) -> usize {
        self.known.len()
    }

    /// Changes acknowledged.
    pub fn changed(&self) -> usize {
        self.changed
    }

    /// Calls that got no answer.
    pub fn uncertain(&self) -> usize {
        self.uncertain
    }

    /// One call: a new ticket, one that got no answer before, or a change.
    pub async fn step(&mut self) {
        let retry = !self.pending.is_empty() && rand::random_ratio(1, 4);
        if retry {
            let pending = self.pending.remove(0);
            self.create(pending).await;
        } else if self.known.is_empty() || rand::random_ratio(1, 2) {
            self.sent += 1;
            let body = json!({"subject": format!("crash {}-{}", self.number, self.sent), "body": "<p>Der Zähler steht still.</p>",
                "from": "kunde@example.com", "channel": "email"});
            self.create(Pending { key: Uuid::new_v4(), body }).await;
        } else {
            let at = rand::random_range(0..self.known.len());
            self.change(at).await;
        }
    }

    async fn create(&mut self, pending: Pending) {
        match self.caller.post("/api/mind/ticket", &pending.body, Some(pending.key)).await {
            Some((200, ticket)) => {
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
                self.known.push(Known {
                    id: ticket["id"].as_i64().unwrap(),
                    subject: pending.body["subject"].as_str().unwrap().to_owned(),
                    version: ticket["version"].as_i64().unwrap(),
                    due_by: ticket["dueBy"].clone(),
                    open: Vec::new(),
                });
            }
            answer => {
                // 409: the lease of the request that was killed has not run out yet.
                self.no_success(answer, &[409]).await;
                self.pending.push(pending);
            }
        }
    }

    async fn change(&mut self, at: usize) {
        let due_by =
            format!("2027-01-{:02} {:02}:{:02}:00", rand::random_range(1..29), rand::random_range(0..24), rand::random_range(0..60));
        let path = format!("/api/mind/ticket/{}", self.known[at].id);
        match self.caller.patch(&path, &json!({"dueBy": due_by})).await {
            Some((200, answer)) => {
                let ticket = &answer["ticket"];
                assert_eq!(ticket["dueBy"], due_by, "{ticket}");
                self.check_version(at, ticket);
                let known = &mut self.known[at];
                (known.version, known.due_by) = (ticket["version"].as_i64().unwrap(), due_by.into());
                known.open.clear();
                self.changed += 1;
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            answer => {
                self.no_success(answer, &[]).await;
                self.known[at].open.push(due_by);
            }
        }
    }

    /// The server is dying, or its database is: that is told by a broken connection or a 5xx, never by another refusal.
    async fn no_success(&mut self, answer: Option<(u16, Value)>, also: &[u16]) {
        match answer {
            Some((status, _)) if also.contains(&status) => {}
            Some((status, body)) => {
                assert!(status >= 500, "{status} {body}");
                self.uncertain += 1;
            }
            None => self.uncertain += 1,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// Acknowledged changes are in it; unanswered ones may be.
    fn check_version(&self, at: usize, ticket: &Value) {
        let known = &self.known[at];
        let version = ticket["version"].as_i64().unwrap();
        let most = known.version + i64::try_from(known.open.len()).unwrap() + 1;
        assert!((known.version..=most).contains(&version), "version {version} after {} was acknowledged: {ticket}", known.version);
    }

    fn assert_as_known(&self, at: usize, ticket: &Value) {
        self.check_version(at, ticket);
        let known = &self.known[at];
        assert_eq!(ticket["subject"], known.subject.as_str(), "{ticket}");
        if ticket["version"] == known.version {
            assert_eq!(ticket["dueBy"], known.due_by, "version {} had another content: {ticket}", known.version);
        } else {
            assert!(known.open.iter().any(|value| ticket["dueBy"] == value.as_str()), "nobody asked for this: {ticket}");
        }
    }

    /// A few of its tickets, right after a restart.
    pub async fn assert_nothing_went_back(&self) {
        let last = self.known.len().saturating_sub(5)..self.known.len();
        for at in last.chain((0..self.known.len()).take(5)) {
            let (status, ticket) = self.caller.get(&format!("/api/mind/ticket/{}", self.known[at].id)).await.unwrap();
            assert_eq!(status, 200, "an acknowledged ticket is gone: {ticket}");
            self.assert_as_known(at, &ticket);
        }
    }

    /// Sends everything again that got no answer, until it gets one, and once more: the second answer is the first.
    pub async fn finish(&mut self) {
        while let Some(pending) = self.pending.pop() {
            let again = Pending { key: pending.key, body: pending.body.clone() };
            let before = self.known.len();
            self.create(pending).await;
            if self.known.len() > before {
                let first = self.known[before].id;
                let (status, ticket) = self.caller.post("/api/mind/ticket", &again.body, Some(again.key)).await.unwrap();
                assert_eq!((status, ticket["id"].as_i64()), (200, Some(first)), "{ticket}");
            }
        }
    }

    /// Takes its tickets out of what was found.
    pub fn assert_all_there(&self, found: &mut Vec<Value>) {
        for (at, known) in self.known.iter().enumerate() {
            let place = found.iter().position(|ticket| ticket["id"] == known.id);
            let ticket = found.swap_remove(place.unwrap_or_else(|| panic!("the acknowledged ticket {} is gone", known.id)));
            self.assert_as_known(at, &ticket);
        }
    }
}
