//! Every operation of the spec, called by a stranger with the owner's ids.

use std::collections::BTreeSet;

use mind::domain::auth::service::{TokenOrder, issue_token};
use pretty_assertions::assert_eq;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::{fill, tenant_tables};
use crate::{
    api::webhook,
    openapi::walk::{Operation, Request, operations, spec},
    support::guarded,
    support::{Client, TestApp},
};

/// What a request names with one of its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// A profile of the tenant. For strangers there is no such thing.
    Profile,
    /// An event of the tenant. For strangers there is no such thing.
    Event,
    /// A bearer token of the tenant. For strangers there is no such thing.
    Token,
    /// A ticket of the tenant. For strangers there is no such thing.
    Ticket,
    /// A tag of the tenant. For strangers there is no such thing.
    Tag,
    /// A tag of the tenant that the request takes away.
    LastTag,
    /// A job of the tenant that was given up. For strangers there is no such thing.
    DeadLetter,
    /// Something the ERP of the tenant has, with its number there. For tenants with another ERP there is no such thing.
    Upstream(&'static str),
    /// A filter of a list: a stranger's list does not get longer by it.
    Filter(&'static str),
    /// Something whose copies are dropped, the caller's own only.
    OwnCopies(&'static str),
    /// A word that means the same in every tenant.
    Word,
}

/// Every field that names something. An operation with a field that is not here fails the sweep.
const KNOWN: &[(&str, &str, Names)] = &[
    ("revoke_token", "id", Names::Token),
    ("create_jwt", "id", Names::Profile),
    ("get_contract", "contractId", Names::Upstream("746839")),
    ("get_customer_by_contract_id", "contractId", Names::Upstream("746839")),
    ("get_customer_by_customer_id", "customerId", Names::Upstream("83771")),
    ("search_contracts", "contractId", Names::Filter("746839")),
    ("search_contracts", "customerId", Names::Filter("83771")),
    ("test_erp", "contractId", Names::Word),
    ("list_profiles", "teamIds", Names::Filter("1")),
    ("list_profiles", "tagIds", Names::Filter("1")),
    ("invalidate_cache", "contractId", Names::OwnCopies("746839")),
    ("invalidate_cache", "customerId", Names::OwnCopies("83771")),
    ("get_event", "id", Names::Event),
    ("get_ticket", "ticketId", Names::Ticket),
    ("update_ticket", "ticketId", Names::Ticket),
    ("update_ticket", "contractId", Names::Word),
    ("update_ticket", "customerId", Names::Word),
    ("update_ticket", "agentId", Names::Word),
    ("update_ticket", "tagIds", Names::Word),
    ("update_ticket", "addTagIds", Names::Word),
    ("update_ticket", "removeTagIds", Names::Word),
    ("create_ticket", "subchannelId", Names::Word),
    ("create_ticket", "channelId", Names::Word),
    ("create_ticket", "contractId", Names::Word),
    ("create_ticket", "customerId", Names::Word),
    ("create_ticket", "externalTicketId", Names::Word),
    ("create_ticket", "templateId", Names::Word),
    ("get_customer_by_ticket_id", "ticketId", Names::Ticket),
    ("get_contract_history", "contractId", Names::Filter("746839")),
    ("update_setting", "name", Names::Word),
    ("update_setting", "setting", Names::Word),
    ("get_settings_category", "category", Names::Word),
    ("get_tag", "id", Names::Tag),
    ("update_tag", "id", Names::Tag),
    ("delete_tag", "id", Names::LastTag),
    ("validate_value", "type", Names::Word),
    ("update_settings", "lynqTechClientId", Names::Word),
    ("replay_dead_letter", "id", Names::DeadLetter),
];

fn known(operation: &Operation, field: &str) -> Option<Names> {
    KNOWN.iter().find(|(id, name, _)| *id == operation.id && *name == field).map(|(_, _, names)| *names)
}

/// Whether a field of a query or body is an id by its name. Each segment of a path is one.
fn is_id(name: &str) -> bool {
    ["id", "ids", "uuid", "slug", "key"].contains(&name) || ["Id", "Ids", "_id", "_ids"].iter().any(|end| name.ends_with(end))
}

/// Fields of an operation that name something: where they stand, and their names.
fn ids(spec: &Value, operation: &Operation) -> Vec<(&'static str, String)> {
    let parameters = operation.parameters(spec).into_iter().filter_map(|parameter| match parameter.place.as_str() {
        "path" => Some(("path", parameter.name)),
        "query" if is_id(&parameter.name) => Some(("query", parameter.name)),
        _ => None,
    });
    parameters.chain(operation.body_fields(spec).into_iter().filter(|name| is_id(name)).map(|name| ("body", name))).collect()
}

/// Ids that the sweep knows nothing about. Whoever adds an operation says here what its ids name.
fn unknown(spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for operation in operations(spec).into_iter().filter(Operation::is_secured) {
        for (place, name) in ids(spec, &operation) {
            if known(&operation, &name).is_none() {
                found.push(format!("{}: add to KNOWN in tests/it/isolation/sweep.rs what `{name}` of its {place} names", operation.name()));
            }
        }
    }
    found
}

/// A tenant with rows, a stranger, and what the stranger has found out.
struct Sweep<'a> {
    app: &'a TestApp,
    owner: [Client; 2],
    stranger: [Client; 2],
    token: String,
    profile: String,
    event: String,
    tags: [String; 2],
    ticket: String,
    dead_letter: String,
}

impl<'a> Sweep<'a> {
    /// Signs everybody in while the database is still in order.
    async fn prepare(app: &'a TestApp) -> Self {
        let owner = [app.admin().await, fill(app, &app.demo).await];
        let stranger = [app.other_tenant().await, fill(app, &app.other).await];
        // Fills the caches, which a stranger's look-up must not find.
        owner[0].get("/api/mind/customer/byContractId/746839").await.ok();
        let order = TokenOrder {
            tenant: &app.demo.tenant,
            profile: app.demo.agent,
            name: "wanted by strangers",
            by: None,
            days: None,
            until: None,
        };
        let token = issue_token(&app.app, &order).await.unwrap().id.to_string();
        let mut tx = app.tx(&app.demo).await;
        let event: i64 = sqlx::query_scalar("select min(id) from event").fetch_one(tx.connection()).await.unwrap();
        let mut tags = [const { String::new() }; 2];
        for tag in &mut tags {
            let body = json!({"name": "wanted@demo.example", "reference": "ticket", "type": "skill"});
            *tag = owner[0].post("/api/mind/tag", &body).await.ok().body["id"].to_string();
        }
        let ticket: i64 = sqlx::query_scalar("select min(id) from ticket").fetch_one(tx.connection()).await.unwrap();
        let dead_letter = webhook::add_dead_letter(app, &app.demo).await.to_string();
        // Each credential is noted as used now, not in the middle of the sweep.
        for client in owner.iter().chain(&stranger) {
            client.get("/api/auth/v1/session").await.ok();
        }
        let (profile, event, ticket) = (app.demo.agent.0.to_string(), event.to_string(), ticket.to_string());
        Self { app, owner, stranger, token, profile, event, tags, ticket, dead_letter }
    }

    /// The requests of an operation, and whether a stranger must find nothing behind them. One with its examples, and
    /// one for each filter.
    fn requests(&self, spec: &Value, operation: &Operation) -> Vec<(Request, bool)> {
        let mut request = operation.request(spec);
        let mut hidden = false;
        let mut filters = Vec::new();
        for (place, name) in ids(spec, operation) {
            let (names, value) = match known(operation, &name) {
                Some(Names::Profile) => (Names::Profile, self.profile.as_str()),
                Some(Names::Token) => (Names::Token, self.token.as_str()),
                Some(Names::Event) => (Names::Event, self.event.as_str()),
                Some(Names::Ticket) => (Names::Ticket, self.ticket.as_str()),
                Some(Names::DeadLetter) => (Names::DeadLetter, self.dead_letter.as_str()),
                Some(names @ Names::Tag) => (names, self.tags[0].as_str()),
                Some(names @ Names::LastTag) => (names, self.tags[1].as_str()),
                Some(names @ (Names::Upstream(value) | Names::Filter(value) | Names::OwnCopies(value))) => (names, value),
                Some(Names::Word) | None => continue,
            };
            hidden |= !matches!(names, Names::Filter(_) | Names::OwnCopies(_) | Names::Word);
            match (place, names) {
                ("query", Names::Filter(_)) => filters.push((name, value)),
                ("path", _) => request = request.segment(&name, value),
                ("query", _) => request = request.parameter(&name, value),
                _ => request = request.field(&name, json!(value)),
            }
        }
        let filtered: Vec<_> = filters.iter().map(|(name, value)| (request.clone().parameter(name, value), hidden)).collect();
        std::iter::once((request, hidden)).chain(filtered).collect()
    }

    /// The owner's rows, all of them, as one text.
    async fn rows(&self) -> String {
        let mut tx = self.app.tx(&self.app.demo).await;
        let mut text = String::new();
        for table in tenant_tables(tx.connection()).await {
            let sql = format!("select to_jsonb(t)::text from {table} t where tenant_id = $1 order by 1");
            let rows: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe(sql)).bind(self.app.demo.tenant.id.0).fetch_all(tx.connection()).await.unwrap();
            text.extend([table, rows.join("\n")].map(|part| part + "\n"));
        }
        text
    }

    /// Texts that nobody but the owner has: addresses, ids that cannot be guessed, URLs of its systems.
    fn marks(&self, rows: &str) -> BTreeSet<String> {
        let text = rows.replace('\\', "");
        let words = text.split(['"', ' ', '\n', ',']);
        let all: BTreeSet<String> = words
            .filter(|word| {
                word.contains("@demo.example") || word.contains(&self.app.sandbox.to_string()) || uuid::Uuid::parse_str(word).is_ok()
            })
            .map(str::to_owned)
            .collect();
        assert!(all.len() >= 5, "the owner's rows hold too little to recognise: {all:?}");
        all
    }

    /// Calls everything. Answers what a stranger could see or change.
    async fn run(&self) -> Result<(), Vec<String>> {
        let spec = spec();
        let mut found = unknown(&spec);
        let mut hidden_requests = 0;
        for operation in operations(&spec).into_iter().filter(Operation::is_secured) {
            // Ending the session would end the sweep; it names nothing.
            if operation.id == "delete_session" {
                continue;
            }
            let caller = usize::from(operation.wants_cookie());
            for (request, hidden) in self.requests(&spec, &operation) {
                hidden_requests += usize::from(hidden);
                let name = format!("{} at {}", operation.name(), request.target());
                // Before and after the owner: then neither a missing row nor a warm cache is the reason.
                found.extend(self.try_as_stranger(&request, caller, hidden).await.into_iter().map(|what| format!("{name}: {what}")));
                let own = request.send(&self.owner[caller]).await;
                if !own.status.is_success() {
                    found.push(format!("{name}: answers {} to its owner: {}", own.status, own.text));
                }
                found.extend(
                    self.try_as_stranger(&request, caller, hidden).await.into_iter().map(|what| format!("{name}, after its owner: {what}")),
                );
            }
        }
        assert!(hidden_requests >= 5, "only {hidden_requests} requests name something of the owner");
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    async fn try_as_stranger(&self, request: &Request, caller: usize, hidden: bool) -> Vec<String> {
        let before = self.rows().await;
        let answer = request.send(&self.stranger[caller]).await;
        let mut found = Vec::new();
        if hidden && (answer.status, answer.code()) != (StatusCode::NOT_FOUND, "notFound") {
            found.push(format!("answers {} to a stranger instead of 404: {}", answer.status, answer.text));
        }
        if !hidden && !answer.status.is_success() {
            found.push(format!("answers {} to a stranger's own request: {}", answer.status, answer.text));
        }
        let sent = request.target();
        for mark in self.marks(&before) {
            // A 404 repeats the id that it was asked for.
            if answer.text.contains(&mark) && !sent.contains(&mark) {
                found.push(format!("shows `{mark}` to a stranger"));
            }
        }
        if self.rows().await != before {
            found.push("changed the owner's rows for a stranger".to_owned());
        }
        found
    }
}

#[test]
fn the_sweep_knows_what_every_id_names() {
    let spec = spec();
    assert_eq!(unknown(&spec), Vec::<String>::new());
    let ids: BTreeSet<String> = operations(&spec).into_iter().map(|operation| operation.id).collect();
    for (operation, ..) in KNOWN {
        assert!(ids.contains(*operation), "{operation} is in KNOWN and not in the spec");
    }
}

/// Whoever adds an operation cannot forget the sweep.
#[test]
fn the_sweep_notices_an_operation_that_nobody_told_it_about() {
    let mut spec = spec();
    let schema = json!({"type": "integer"});
    spec["paths"]["/api/mind/parcel/{parcelId}"]["get"] = json!({
        "operationId": "get_parcel", "security": [{"bearerAuth": []}],
        "parameters": [{"name": "parcelId", "in": "path", "required": true, "schema": schema}, {"name": "contractId", "in": "query", "schema": schema}],
    });
    spec["paths"]["/api/mind/parcel"]["post"] = json!({
        "operationId": "create_parcel", "security": [{"bearerAuth": []}],
        "requestBody": {"content": {"application/json": {"schema": {"allOf": [{"properties": {"subject": {}, "tagIds": schema}}]}}}},
    });
    let found = unknown(&spec);
    assert_eq!(found.len(), 3, "{found:?}");
    for (line, wanted) in found.iter().zip(["`parcelId` of its path", "`contractId` of its query", "`tagIds` of its body"]) {
        assert!(line.contains(wanted), "{line}");
    }
}

#[tokio::test]
async fn a_stranger_finds_and_changes_nothing_with_any_operation() {
    guarded(async {
        let app = TestApp::start().await;
        let sweep = Sweep::prepare(&app).await;
        if let Err(found) = sweep.run().await {
            panic!("\n{}", found.join("\n"));
        }
    })
    .await;
}

/// Without a table's policy the sweep must fail, or it would prove nothing.
#[tokio::test]
async fn a_dropped_policy_makes_the_sweep_fail() {
    guarded(async {
        for (table, noticed) in [
            ("access_token", "revoke_token"),
            ("profile", "list_profiles"),
            ("setting", "update_settings"),
            ("event", "get_event"),
            ("tag", "get_tag"),
            ("ticket", "update_tickets"),
        ] {
            let app = TestApp::start().await;
            let sweep = Sweep::prepare(&app).await;
            let mut owner = app.database.connect().await;
            let sql =
                format!("drop policy by_tenant on {table}; alter table {table} no force row level security, disable row level security");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut owner).await.unwrap();
            let found = sweep.run().await.expect_err("the sweep did not notice");
            assert!(found.iter().any(|line| line.contains(noticed)), "{table}: {found:?}");
        }
    })
    .await;
}
