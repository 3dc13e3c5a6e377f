//! The spec: it is the one in the repository, it is complete, and the server does what it says.

pub mod walk;

use std::collections::{BTreeMap, BTreeSet};

use mind::domain::{
    auth::service::{TokenOrder, issue_token},
    profile::{ProfileId, model::NewProfile, store},
    role::Permission,
};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use self::walk::{Operation, Request, operations, resolve, spec};
use crate::{
    api::{attachment, webhook},
    support::guarded,
    support::{Answer, Client, PASSWORD, TestApp},
};

/// Operations that every signed-in caller may use, each about nothing but the caller. All others need a permission.
const SELF_SERVICE: [&str; 6] = ["get_session", "delete_session", "list_tokens", "revoke_token", "show_access_token", "get_profile"];

/// Operations without a credential: sign-in itself, what is public anyway, what a signed link opens, and what has a secret
/// of its own.
const PUBLIC: [&str; 8] = [
    "login",
    "get_openapi_yaml",
    "get_health",
    "get_readiness",
    "get_version",
    "show_attachment",
    "receive_powercloud_webhook",
    "receive_lynqtech_webhook",
];

fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn the_file_in_the_repository_is_the_spec_of_this_program() {
    let text = serde_json::to_string_pretty(&spec()).unwrap() + "\n";
    let found = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json")).unwrap_or_default();
    if found != text {
        let line = found.lines().zip(text.lines()).position(|(one, other)| one != other).unwrap_or_default() + 1;
        panic!("openapi/openapi.json is out of date from line {line} on; write it with: cargo run -- openapi > openapi/openapi.json");
    }
}

/// A description that comes out in another order each time would make every comparison a matter of luck.
#[test]
fn the_spec_is_written_the_same_way_each_time() {
    let first = mind::router::spec_text();
    for _ in 0..20 {
        let again = mind::router::spec_text();
        let differs = first.lines().zip(again.lines()).find(|(one, other)| one != other);
        assert_eq!(differs, None);
    }
}

#[test]
fn every_operation_is_described() {
    let spec = spec();
    let mut violations = Vec::new();
    let mut ids = BTreeSet::new();
    let tags: BTreeSet<&str> = spec["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    for operation in operations(&spec) {
        let mut say = |what: &str| violations.push(format!("{}: {what}", operation.name()));
        let id = &operation.id;
        if id.is_empty()
            || !id.starts_with(|c: char| c.is_ascii_lowercase())
            || !id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            say("the operationId is not snake_case");
        }
        if !ids.insert(id.clone()) {
            say("the operationId is used twice");
        }
        if operation.says["summary"].as_str().unwrap_or_default().trim().is_empty() {
            say("there is no summary");
        }
        let own: Vec<&str> = operation.says["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if own.is_empty() || own.iter().any(|tag| !tags.contains(tag)) {
            say("there is no tag, or one that the spec does not describe");
        }
        match (operation.is_secured(), PUBLIC.contains(&id.as_str())) {
            (false, false) => say("it takes no credential and is not in the list of public operations"),
            (true, true) => say("it is in the list of public operations and takes a credential"),
            _ => {}
        }
        match (operation.permission(), SELF_SERVICE.contains(&id.as_str())) {
            (None, false) if operation.is_secured() => {
                say("there is neither an x-permission nor an entry in the list of self-service operations");
            }
            (Some(_), true) => say("it is in the list of self-service operations and has an x-permission"),
            (Some(name), false) if name.parse::<Permission>().is_err() => say("the x-permission is none of the permissions"),
            (Some(_), false) if !operation.is_secured() => say("it has an x-permission and takes no credential"),
            _ => {}
        }
        violations.extend(answers(&spec, &operation));
    }
    for id in SELF_SERVICE.into_iter().chain(PUBLIC) {
        if !ids.contains(id) {
            violations.push(format!("{id}: this operation is in a list of this test and not in the spec"));
        }
    }
    assert_none(&violations);
}

/// What is missing among the documented answers.
fn answers(spec: &Value, operation: &Operation) -> Vec<String> {
    let mut missing = Vec::new();
    let documented = operation.says["responses"].as_object().unwrap();
    let contents = |answer: &Value| resolve(spec, answer)["content"].as_object().cloned().unwrap_or_default();
    let good: Vec<_> = documented.iter().filter(|(status, _)| status.starts_with('2')).collect();
    if good.is_empty()
        || good.iter().any(|(_, answer)| contents(answer).is_empty() || contents(answer).values().any(|media| !media["schema"].is_object()))
    {
        missing.push("there is no 2xx answer with a schema".to_owned());
    }
    let mut wanted = vec!["500", "503"];
    if operation.is_secured() {
        wanted.extend(["401", "403"]);
    }
    if operation.path.contains('{') {
        wanted.extend(["400", "404"]);
    }
    if !operation.says["parameters"].as_array().is_none_or(Vec::is_empty) {
        wanted.push("400");
    }
    if operation.says["requestBody"].is_object() {
        wanted.extend(["400", "413", "415"]);
    }
    if operation.says["x-erp"] == json!(true) {
        wanted.extend(["501", "502"]);
    }
    for status in wanted {
        let Some(answer) = documented.get(status) else {
            missing.push(format!("the answer {status} is not documented"));
            continue;
        };
        let describes_problem = contents(answer).values().any(|media| {
            let fields: BTreeSet<String> = walk::properties(spec, &media["schema"]).into_iter().map(|(name, _)| name).collect();
            ["error", "details", "txId", "code", "errors"].iter().all(|field| fields.contains(*field))
        });
        if !describes_problem {
            missing.push(format!("the answer {status} has not the shape of a problem"));
        }
    }
    missing.into_iter().map(|what| format!("{}: {what}", operation.name())).collect()
}

#[test]
fn every_reference_of_the_spec_leads_somewhere() {
    fn visit(spec: &Value, value: &Value, found: &mut usize) {
        match value {
            Value::Object(fields) => {
                if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
                    *found += 1;
                    assert!(target.starts_with("#/") && spec.pointer(&target[1..]).is_some(), "{target} leads nowhere");
                }
                fields.values().for_each(|field| visit(spec, field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| visit(spec, item, found)),
            _ => {}
        }
    }
    let spec = spec();
    let mut found = 0;
    visit(&spec, &spec, &mut found);
    assert!(found > 20, "only {found} references");
}

#[test]
fn the_problem_codes_of_the_spec_are_closed_and_documented() {
    let spec = spec();
    let codes = spec.pointer("/components/schemas/Code/enum").and_then(Value::as_array).expect("an enum of codes");
    let names: BTreeSet<&str> = codes.iter().map(|code| code.as_str().unwrap()).collect();
    for known in ["unauthenticated", "permissionMissing", "notFound", "invalidInput", "crossSite", "tenantRequired", "notConfigured"] {
        assert!(names.contains(known), "{known} is not among {names:?}");
    }
}

/// Everything a walk needs: the examples of the spec, and the few requests whose examples cannot know this database.
struct Walk<'a> {
    app: &'a TestApp,
    spec: Value,
    /// Statuses that the spec does not announce.
    surprises: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self { app, spec: spec(), surprises: Vec::new() }
    }

    fn secured(&self) -> Vec<Operation> {
        operations(&self.spec).into_iter().filter(Operation::is_secured).collect()
    }

    /// The request of an operation's examples.
    async fn request(&self, operation: &Operation) -> Request {
        let request = operation.request(&self.spec);
        match operation.id.as_str() {
            "login" => request.body(json!({"email": "agent@demo.example", "password": PASSWORD, "tenant": "demo"})),
            // Nobody makes a token for somebody who may do more.
            "create_jwt" => request.segment("id", &self.app.demo.nobody.0.to_string()),
            "get_ticket" | "update_ticket" | "get_customer_by_ticket_id" => {
                let new = json!({"subject": "walk", "contractId": "746839"});
                let ticket = self.app.admin().await.post("/api/mind/ticket", &new).await.ok();
                request.segment("ticketId", &ticket.body["id"].to_string())
            }
            "get_tag" | "update_tag" => {
                let new = json!({"name": "walk", "reference": "ticket", "type": "other"});
                let tag = self.app.admin().await.post("/api/mind/tag", &new).await.ok();
                request.segment("id", &tag.body["id"].to_string())
            }
            // Its link is its credential.
            "show_attachment" => {
                let ticket = attachment::ticket(self.app, &self.app.demo).await;
                let added = attachment::add(self.app, &self.app.demo, ticket, &json!([{"name": "a.txt", "base64": "QQ=="}])).await;
                let link = url::Url::parse(&added[0].url).unwrap();
                link.query_pairs()
                    .fold(request.segment("attachmentId", &added[0].id), |request, (name, value)| request.parameter(&name, &value))
            }
            // One about a ticket: others need a second permission.
            "get_event" => {
                self.app.admin().await.post("/api/mind/ticket", &json!({})).await.ok();
                let mut tx = self.app.tx(&self.app.demo).await;
                let last = "select max(id) from event where ticket_id is not null";
                let id: i64 = sqlx::query_scalar(last).fetch_one(tx.connection()).await.unwrap();
                request.segment("id", &id.to_string())
            }
            "receive_powercloud_webhook" | "receive_lynqtech_webhook" => {
                let secret = "secret of the walk";
                self.app.admin().await.put("/api/mind/settings/webhookSecret", &json!(secret)).await.ok();
                request.parameter("secret", secret)
            }
            "replay_dead_letter" => request.segment("id", &webhook::add_dead_letter(self.app, &self.app.demo).await.to_string()),
            "revoke_token" => {
                let order = TokenOrder {
                    tenant: &self.app.demo.tenant,
                    profile: self.app.demo.agent,
                    name: "to be revoked",
                    by: None,
                    days: None,
                    until: None,
                };
                request.segment("id", &issue_token(&self.app.app, &order).await.unwrap().id.to_string())
            }
            "delete_tag" => {
                let body = json!({"name": "to be deleted", "reference": "ticket", "type": "skill"});
                let added = self.app.admin().await.post("/api/mind/tag", &body).await.ok();
                request.segment("id", &added.body["id"].to_string())
            }
            _ => request,
        }
    }

    async fn send(&mut self, operation: &Operation, client: &Client) -> Answer {
        let request = self.request(operation).await;
        let answer = request.send(client).await;
        let status = answer.status.as_str();
        let announced = operation.says["responses"].get(status);
        if announced.is_none() {
            self.surprises.push(format!("{}: answers {status}, which the spec does not announce: {}", operation.name(), answer.text));
        }
        let content_type = answer.header("content-type").split(';').next().unwrap_or_default();
        if announced.is_some_and(|announced| resolve(&self.spec, announced)["content"].get(content_type).is_none()) {
            self.surprises.push(format!("{}: answers {status} as `{content_type}`, which the spec does not announce", operation.name()));
        }
        answer
    }
}

/// A session's cookie of somebody.
pub async fn sign_in(app: &TestApp, tenant: &str, email: &str) -> Client {
    let body = json!({"email": email, "password": PASSWORD, "tenant": tenant});
    let login = app.anonymous().post("/api/auth/v1/login", &body).await.ok();
    app.anonymous().cookie_of(&login)
}

/// Somebody of `demo` who has every permission but one, as a bearer token.
async fn everybody_but(app: &TestApp, missing: Permission) -> Client {
    let names: Vec<&str> =
        Permission::ALL.iter().filter(|&&permission| permission != missing).map(|permission| permission.as_str()).collect();
    let mut tx = app.tx(&app.demo).await;
    let role: i64 =
        sqlx::query_scalar("insert into role (name, base_role_id, permissions, created_at) values ($1, 2, $2, $3) returning id")
            .bind(format!("all but {}", missing.as_str()))
            .bind(names)
            .bind(app.now())
            .fetch_one(tx.connection())
            .await
            .unwrap();
    let email = format!("not-{}@demo.example", missing.as_str().to_lowercase());
    let profile = NewProfile::person("Test", &email, "no password".to_owned(), role).unwrap();
    let profile: ProfileId = store::insert(&mut tx, &profile, app.now()).await.unwrap();
    tx.commit().await.unwrap();
    app.call_as(&app.demo, profile).await
}

#[tokio::test]
async fn without_a_credential_every_secured_operation_is_401() {
    guarded(async {
        let app = TestApp::start().await;
        let mut walk = Walk::new(&app);
        let mut violations = Vec::new();
        for operation in walk.secured() {
            for (how, client) in [
                ("no credential", app.anonymous()),
                ("a forged token", app.anonymous().bearer("eyJhbGciOiJub25lIn0.e30.")),
                ("an unknown cookie", app.anonymous().header("cookie", "connect.sid=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            ] {
                let answer = walk.send(&operation, &client).await;
                if (answer.status.as_u16(), answer.code()) != (401, "unauthenticated") {
                    violations.push(format!("{} with {how}: {} {}", operation.name(), answer.status, answer.text));
                }
            }
        }
        violations.append(&mut walk.surprises);
        assert_none(&violations);
    })
    .await;
}

#[tokio::test]
async fn without_any_permission_only_self_service_is_left() {
    guarded(async {
        let app = TestApp::start().await;
        let nobody = app.nobody().await;
        let cookie = sign_in(&app, "demo", "nobody@roles.example").await;
        let mut walk = Walk::new(&app);
        let mut violations = Vec::new();
        for operation in walk.secured() {
            let Some(permission) = operation.permission().map(str::to_owned) else { continue };
            for client in [&nobody, &cookie] {
                let answer = walk.send(&operation, client).await;
                let names_it = answer.body["details"].as_str().unwrap_or_default().contains(&permission);
                if (answer.status.as_u16(), answer.code(), names_it) != (403, "permissionMissing", true) {
                    violations.push(format!("{}: {} {}", operation.name(), answer.status, answer.text));
                }
            }
        }
        violations.append(&mut walk.surprises);
        assert_none(&violations);
    })
    .await;
}

#[tokio::test]
async fn the_named_permission_is_what_an_operation_needs_and_all_it_needs() {
    guarded(async {
        let app = TestApp::start().await;
        let mut walk = Walk::new(&app);
        let mut by_permission: BTreeMap<Permission, Vec<Operation>> = BTreeMap::new();
        for operation in walk.secured() {
            if let Some(permission) = operation.permission() {
                by_permission.entry(permission.parse().unwrap()).or_default().push(operation);
            }
        }
        assert!(by_permission.len() >= 4, "{:?}", by_permission.keys());
        let mut violations = Vec::new();
        for (permission, operations) in by_permission {
            let with = app.with_permissions(&[permission]).await;
            let without = everybody_but(&app, permission).await;
            for operation in operations {
                let refused = walk.send(&operation, &without).await;
                if (refused.status.as_u16(), refused.code()) != (403, "permissionMissing") {
                    violations.push(format!(
                        "{} with everything but {}: {} {}",
                        operation.name(),
                        permission.as_str(),
                        refused.status,
                        refused.text
                    ));
                }
                let allowed = walk.send(&operation, &with).await;
                if !allowed.status.is_success() {
                    violations.push(format!(
                        "{} with {} alone: {} {}",
                        operation.name(),
                        permission.as_str(),
                        allowed.status,
                        allowed.text
                    ));
                }
            }
        }
        violations.append(&mut walk.surprises);
        assert_none(&violations);
    })
    .await;
}

/// The examples of the documentation work as they are printed.
#[tokio::test]
async fn every_operation_succeeds_with_the_examples_of_the_spec() {
    guarded(async {
        let app = TestApp::start().await;
        let (bearer, cookie) = (app.admin().await, sign_in(&app, "demo", "admin@demo.example").await);
        let mut walk = Walk::new(&app);
        let mut violations = Vec::new();
        let mut all = operations(&walk.spec);
        // The session of the cookie ends with this one.
        all.sort_by_key(|operation| operation.id == "delete_session");
        for operation in all {
            let mut clients = vec![];
            if !operation.wants_cookie() {
                clients.push(&bearer);
            }
            if operation.is_secured() {
                clients.push(&cookie);
            }
            for client in clients {
                let answer = walk.send(&operation, client).await;
                if !answer.status.is_success() {
                    violations.push(format!("{}: {} {}", operation.name(), answer.status, answer.text));
                }
            }
        }
        violations.append(&mut walk.surprises);
        assert_none(&violations);
        // The one that ends a session did.
        cookie.get("/api/auth/v1/session").await.problem(401, "unauthenticated");
    })
    .await;
}

/// A token cannot renew itself, so the operation takes cookies only and says so.
#[tokio::test]
async fn an_operation_for_cookies_refuses_tokens() {
    guarded(async {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let mut walk = Walk::new(&app);
        let mut seen = 0;
        for operation in walk.secured() {
            if operation.wants_cookie() {
                seen += 1;
                assert_eq!(walk.send(&operation, &admin).await.status, 403, "{}", operation.name());
            }
        }
        assert_eq!(seen, 1);
        assert_none(&walk.surprises);
    })
    .await;
}

#[test]
fn the_walk_notices_an_operation_that_is_not_described() {
    let mut spec = spec();
    spec["paths"]["/api/mind/version"]["post"] =
        json!({"operationId": "bad", "responses": {"200": {"description": "x"}}, "security": [{"bearerAuth": []}]});
    let planted = operations(&spec).into_iter().find(|operation| operation.id == "bad").unwrap();
    let missing = answers(&spec, &planted);
    for wanted in ["no 2xx answer with a schema", "401 is not documented", "500 is not documented"] {
        assert!(missing.iter().any(|line| line.contains(wanted)), "{wanted}: {missing:?}");
    }
}
