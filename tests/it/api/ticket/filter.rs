//! Every filter finds its rows, and the same ones with words beside it.
//!
//! Without words a search is a statement of the program, with words one of the database's functions (migration 0010). Both
//! read the same conditions, so both must find the same.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{SEARCH, add, add_tag, filter, float, ids};
use crate::support::{Client, TestApp};

/// A word that every ticket of [`Shelf`] has.
pub const EVERYWHERE: &str = "allesdabei";

/// Five tickets that differ in everything.
pub struct Shelf {
    pub app: TestApp,
    pub agent: Client,
    pub ids: Vec<i64>,
    pub tag: i64,
}

impl Shelf {
    pub async fn fill() -> Self {
        let app = TestApp::start().await;
        let (admin, agent) = (app.admin().await, app.agent().await);
        let tag = add_tag(&admin, "Umzug", "do-not-change").await;
        let mut all = Vec::new();
        for mut ticket in [
            json!({"status": "open", "channel": "email", "direction": "in", "priority": "low", "createdAt": "2026-01-01 10:00:00",
                "from": "Anna@X.de", "subject": "Zählerstand 100%", "contractId": "C1", "customerId": "K1", "externalTicketId": "E-1",
                "tags": [1], "dueBy": "2026-02-01 12:00:00"}),
            json!({"status": "pending", "channel": "phone", "direction": "in", "priority": "high", "createdAt": "2026-01-02 10:00:00",
                "from": "+49 170 1", "subject": "Umzug_nach", "contractId": 746_839, "tags": [tag],
                "firstResponseDueBy": "2026-01-05 10:00:00"}),
            json!({"status": "closed", "channel": "chat", "direction": "out", "priority": "urgent", "createdAt": "2026-01-02 10:00:00",
                "from": "b@y.de", "subject": "Rechnung\\alt", "customerId": "K2", "tags": [1, tag], "externalTicketId": "e-2"}),
            json!({"status": "open", "channel": "letter", "direction": "internal", "priority": "medium",
                "createdAt": "2026-01-03 00:00:00"}),
            json!({"status": "open", "channel": "walkIn", "direction": "in", "priority": "low", "createdAt": "2026-01-03T22:59:59.5Z",
                "from": "anna@z.de", "subject": "Umzug nach"}),
        ] {
            ticket["body"] = EVERYWHERE.into();
            all.push(add(&agent, ticket).await);
        }
        let mut tx = app.tx(&app.demo).await;
        // What people cannot set: it comes from agents, conversations and the AI.
        for (at, sql) in [
            (
                0,
                "sentiment = 'positive', language = 'German', language_code = 'de', ai_support_level = 'human', spam_status = 'auto_clean'",
            ),
            (1, "agent_id = $2, modified_at = '2026-01-04 10:00:00+01'"),
            (
                2,
                "responder_id = $2, modified_at = '2026-01-05 10:00:00+01', ai_support_level = 'bot', spam_status = 'manual_spam', sentiment = 'negative'",
            ),
            (4, "ai_support_level = 'automated', spam_status = 'auto_programmatic', language = 'English', language_code = 'en'"),
        ] {
            let sql = format!("update ticket set {sql} where id = $1 and $2::bigint is not null");
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(all[at]).bind(app.demo.agent.0).execute(tx.connection()).await.unwrap();
        }
        tx.commit().await.unwrap();
        // Another tenant's ticket, that fits a lot.
        add(&app.other_tenant().await, json!({"body": EVERYWHERE, "subject": "Umzug nach", "from": "anna@z.de"})).await;
        Self { app, agent, ids: all, tag }
    }

    /// Places of what both forms of a search find.
    async fn found(&self, filters: &[Value]) -> Vec<usize> {
        let mut answers = Vec::new();
        for words in [None, Some(filter("q", "=", EVERYWHERE))] {
            let filters: Vec<&Value> = filters.iter().chain(&words).collect();
            let body = json!({"filters": filters, "orderByField": "t.id", "orderByDirection": "asc"});
            let page = self.agent.post(SEARCH, &body).await.ok().body;
            let places: Vec<usize> = ids(&page).iter().map(|id| self.ids.iter().position(|own| own == id).unwrap()).collect();
            assert_eq!(page["total"], places.len(), "{body}");
            // A page that is full has to count.
            let first = self.agent.post(SEARCH, &json!({"filters": filters, "limit": 1})).await.ok().body;
            assert_eq!(first["total"], places.len(), "{body}");
            answers.push(places);
        }
        assert_eq!(answers[0], answers[1], "with words another answer than without: {filters:?}");
        answers.remove(0)
    }
}

fn several(key: &str, comparator: &str, values: impl Into<Value>) -> Value {
    json!({"key": key, "comparator": comparator, "values": values.into()})
}

fn between(key: &str, from: impl Into<Value>, to: impl Into<Value>) -> Value {
    json!({"key": key, "comparator": "between", "from": from.into(), "to": to.into()})
}

#[tokio::test]
async fn words_of_closed_lists() {
    let shelf = Shelf::fill().await;
    let all = vec![0, 1, 2, 3, 4];
    for (filter, expected) in [
        (filter("t.status", "=", "open"), vec![0, 3, 4]),
        (filter("t.status", "equal", "pending"), vec![1]),
        (several("status", "in", json!(["waiting", "resolved", "closed"])), vec![1, 2]),
        (filter("t.status", "!=", "closed"), vec![0, 1, 3, 4]),
        (several("t.status", "!=", json!(["open", "pending"])), vec![2]),
        (filter("t.channel", "=", "walkIn"), vec![4]),
        (several("channel", "in", json!(["phone", "chat"])), vec![1, 2]),
        (filter("t.channel", "!=", "email"), vec![1, 2, 3, 4]),
        (filter("t.channel", "=", "all"), all.clone()),
        (several("t.channel", "in", json!(["all", "email"])), all.clone()),
        (filter("t.direction", "=", "in"), vec![0, 1, 4]),
        (several("direction", "in", json!(["out", "internal"])), vec![2, 3]),
        (filter("t.priority", "=", "low"), vec![0, 4]),
        (several("priority", "=", json!(["high", "urgent"])), vec![1, 2]),
        (filter("t.priority", "!=", "low"), vec![1, 2, 3]),
        (filter("t.aiSupportLevel", "=", "human"), vec![0]),
        // What published clients send.
        (filter("t.aiSupportLevel", "=", "agentAssist"), vec![0]),
        (several("aiSupportLevel", "in", json!(["full", "bot"])), vec![2, 4]),
        (filter("t.aiSupportLevel", "!=", "unprocessed"), vec![0, 2, 4]),
        (several("t.spamStatus", "in", json!(["auto_spam", "auto_programmatic", "manual_spam"])), vec![2, 4]),
        (several("t.spamStatus", "in", json!([null, "auto_clean", "manual_clean"])), vec![0, 1, 3]),
        (filter("spamStatus", "=", Value::Null), vec![1, 3]),
        (filter("t.spamStatus", "!=", Value::Null), vec![0, 2, 4]),
        (filter("t.spamStatus", "!=", "manual_spam"), vec![0, 1, 3, 4]),
        (several("t.spamStatus", "!=", json!([null, "manual_spam"])), vec![0, 4]),
    ] {
        assert_eq!(shelf.found(std::slice::from_ref(&filter)).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn numbers_and_ids() {
    let shelf = Shelf::fill().await;
    let (ids, tag) = (&shelf.ids, shelf.tag);
    let (agent, all, none) = (shelf.app.demo.agent.0, vec![0, 1, 2, 3, 4], Vec::new());
    for (filter, expected) in [
        (filter("t.id", "=", ids[1]), vec![1]),
        (filter("t.id", "=", ids[1].to_string()), vec![1]),
        (filter("t.id", "=", float(ids[1])), vec![1]),
        (several("id", "in", json!([ids[0], ids[3].to_string(), 99_999_999])), vec![0, 3]),
        (filter("t.id", "!=", ids[1]), vec![0, 2, 3, 4]),
        (filter("t.id", ">", ids[2]), vec![3, 4]),
        (filter("t.id", ">=", ids[2]), vec![2, 3, 4]),
        (filter("t.id", "<", ids[2]), vec![0, 1]),
        (filter("t.id", "<=", ids[2]), vec![0, 1, 2]),
        (between("t.id", ids[1], ids[3]), vec![1, 2, 3]),
        (several("t.id", "between", json!([ids[1], ids[2]])), vec![1, 2]),
        (between("t.id", ids[3], ids[1]), none.clone()),
        (filter("t.agentId", "=", agent), vec![1]),
        (filter("agentId", "=", Value::Null), vec![0, 2, 3, 4]),
        (several("t.agentId", "in", json!([agent, null])), all.clone()),
        (filter("t.agentId", "!=", agent), vec![0, 2, 3, 4]),
        (several("t.agentId", "!=", json!([agent, null])), none.clone()),
        (filter("t.agentId", ">", 0), vec![1]),
        (filter("t.responderId", "=", agent), vec![2]),
        (filter("responderId", "!=", Value::Null), vec![2]),
        (filter("tt.tagId", "=", 1), vec![0, 2]),
        (several("tagId", "in", json!([1, tag])), vec![0, 1, 2]),
        (filter("tt.tagId", "!=", 1), vec![1, 3, 4]),
        (filter("tt.tagId", "=", Value::Null), vec![3, 4]),
        (filter("tt.tagId", "!=", Value::Null), vec![0, 1, 2]),
        (several("tt.tagId", "=", json!([tag, null])), vec![1, 2, 3, 4]),
        (several("tt.tagId", "!=", json!([tag, null])), vec![0]),
        // There are no intents yet.
        (filter("i.aiAgentId", "=", 5), none.clone()),
        (filter("aiAgentId", "=", Value::Null), all.clone()),
        (several("i.aiAgentId", "in", json!([5, null])), all.clone()),
        (filter("i.aiAgentId", "!=", 5), all.clone()),
        (filter("i.aiAgentId", "!=", Value::Null), none),
    ] {
        assert_eq!(shelf.found(std::slice::from_ref(&filter)).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn dates_cover_what_they_say() {
    let shelf = Shelf::fill().await;
    for (filter, expected) in [
        (filter("t.createdAt", "=", "2026-01-02"), vec![1, 2]),
        (filter("createdAt", "=", "2026-01-03 23:59:59"), vec![4]),
        (filter("t.createdAt", "=", 1_767_258_000), vec![0]),
        (filter("t.createdAt", "=", "2026-01-01T09:00:00Z"), vec![0]),
        (filter("t.createdAt", ">", "2026-01-02"), vec![3, 4]),
        (filter("t.createdAt", ">", "2026-01-02 10:00:00"), vec![3, 4]),
        (filter("t.createdAt", ">=", "2026-01-02 10:00:00"), vec![1, 2, 3, 4]),
        (filter("t.createdAt", "<", "2026-01-02"), vec![0]),
        (filter("t.createdAt", "<=", "2026-01-03"), vec![0, 1, 2, 3, 4]),
        (filter("t.createdAt", "<=", "2026-01-03 00:00:00"), vec![0, 1, 2, 3]),
        (between("t.createdAt", "2026-01-02", "2026-01-03"), vec![1, 2, 3, 4]),
        (several("t.createdAt", "between", json!(["2026-01-01", "2026-01-02 09:59:59"])), vec![0]),
        (filter("t.modifiedAt", "=", Value::Null), vec![0, 3, 4]),
        (filter("modifiedAt", "!=", Value::Null), vec![1, 2]),
        (filter("t.modifiedAt", ">", "2026-01-04"), vec![2]),
        (filter("t.modifiedAt", "<=", "2026-01-04"), vec![1]),
        (filter("t.lastMessageAt", ">=", "2026-01-03"), vec![3, 4]),
        (filter("t.lastCustomerMessageAt", "=", Value::Null), vec![2, 3]),
        (filter("lastCustomerMessageAt", "<", "2026-01-03"), vec![0, 1]),
        (filter("t.dueBy", "=", "2026-02-01"), vec![0]),
        (filter("dueBy", "=", Value::Null), vec![1, 2, 3, 4]),
        (filter("t.firstResponseDueBy", "<", "2026-01-06"), vec![1]),
        (filter("t.closedAt", "!=", Value::Null), vec![2]),
        (filter("t.closedAt", "=", "2026-01-13 18:28:51"), vec![2]),
    ] {
        assert_eq!(shelf.found(std::slice::from_ref(&filter)).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn texts_and_patterns() {
    let shelf = Shelf::fill().await;
    for (filter, expected) in [
        (filter("t.contractId", "=", "C1"), vec![0]),
        (filter("t.contractId", "=", "c1"), vec![]),
        (filter("contractId", "=", 746_839), vec![1]),
        (filter("t.contractId", "like", "746%"), vec![1]),
        (filter("t.contractId", "!=", "C1"), vec![1, 2, 3, 4]),
        (several("t.contractId", "in", json!(["C1", null])), vec![0, 2, 3, 4]),
        (filter("t.customerId", "=", Value::Null), vec![1, 3, 4]),
        (filter("customerId", "like", "k%"), vec![0, 2]),
        (filter("t.sentiment", "=", "positive"), vec![0]),
        (filter("t.sentiment", "like", "%TIVE"), vec![0, 2]),
        (filter("t.language", "=", "German"), vec![0]),
        (several("languageCode", "in", json!(["en", "de"])), vec![0, 4]),
        (filter("t.languageCode", "=", Value::Null), vec![1, 2, 3]),
        (filter("t.from", "=", " anna@x.DE "), vec![0]),
        (filter("from", "like", "anna@%"), vec![0, 4]),
        (filter("t.from", "like", "%@Y.de"), vec![2]),
        (filter("t.from", "!=", "b@y.de"), vec![0, 1, 3, 4]),
        (filter("t.from", "=", Value::Null), vec![3]),
        (filter("t.subject", "=", "Umzug_nach"), vec![1]),
        (filter("t.subject", "=", "umzug_nach"), vec![]),
        (filter("t.subject", "like", "umzug%"), vec![1, 4]),
        (filter("t.subject", "like", "%ZÄHLER%"), vec![0]),
        // Not a wildcard here, as it is in SQL.
        (filter("subject", "like", "Umzug_nach"), vec![1]),
        (filter("t.subject", "like", r"%100\%"), vec![0]),
        (filter("t.subject", "like", r"%1\0\0\%"), vec![0]),
        (filter("t.subject", "like", r"%\%%"), vec![0]),
        (filter("t.subject", "like", r"Rechnung\\alt"), vec![2]),
        (filter("t.subject", "like", r"%\\%"), vec![2]),
        (filter("t.subject", "like", "%"), vec![0, 1, 2, 4]),
        (filter("t.subject", "like", ""), vec![]),
        (filter("t.subject", "!=", "Umzug nach"), vec![0, 1, 2, 3]),
        (filter("t.subject", "!=", Value::Null), vec![0, 1, 2, 4]),
        (filter("t.subject", "=", "'; drop table ticket; --"), vec![]),
        (filter("t.subject", "like", "%{}',\"\\$1%"), vec![]),
        (filter("t.externalTicketId", "=", "E-1"), vec![0]),
        (filter("externalTicketId", "like", "e-%"), vec![0, 2]),
        (filter("t.externalTicketId", "=", Value::Null), vec![1, 3, 4]),
    ] {
        assert_eq!(shelf.found(std::slice::from_ref(&filter)).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn several_filters_must_all_hold() {
    let shelf = Shelf::fill().await;
    for (filters, expected) in [
        (vec![], vec![0, 1, 2, 3, 4]),
        (vec![filter("t.status", "=", "open"), filter("t.priority", "=", "low")], vec![0, 4]),
        (vec![filter("t.id", ">", shelf.ids[0]), filter("t.id", "<", shelf.ids[2])], vec![1]),
        (vec![filter("tt.tagId", "=", 1), filter("tt.tagId", "=", shelf.tag)], vec![2]),
        (vec![filter("t.status", "=", "open"), filter("t.status", "=", "closed")], vec![]),
        (vec![filter("t.channel", "=", "all"), filter("t.from", "like", "anna%"), filter("t.createdAt", ">", "2026-01-01")], vec![4]),
    ] {
        assert_eq!(shelf.found(&filters).await, expected, "{filters:?}");
    }
}

/// A tag that is gone is on no ticket.
#[tokio::test]
async fn nothing_is_found_by_a_tag_that_is_gone() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let tag = admin.post("/api/mind/tag", &json!({"name": "Weg", "reference": "ticket", "type": "skill"})).await.ok().body["id"].clone();
    let id = admin.post("/api/mind/ticket", &json!({"subject": "Zähler", "tags": [tag]})).await.ok().body["id"].clone();
    admin.delete(&format!("/api/mind/tag/{tag}")).await.ok();
    for (value, found) in [(tag, json!([])), (Value::Null, json!([id]))] {
        for words in [json!([]), json!([{"key": "q", "comparator": "=", "value": "Zähler"}])] {
            let mut filters = words.as_array().unwrap().clone();
            filters.push(json!({"key": "tt.tagId", "comparator": "=", "value": value}));
            let answer = admin.post("/api/mind/ticket/search", &json!({"filters": filters})).await.ok();
            let ids: Vec<Value> = answer.body["tickets"].as_array().unwrap().iter().map(|ticket| ticket["id"].clone()).collect();
            assert_eq!(json!(ids), found);
        }
    }
}
