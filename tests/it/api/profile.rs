//! Profiles: the caller's own, and the list with its filters.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

const OWN: &str = "/api/mind/profile";
const LIST: &str = "/api/mind/profiles";

async fn ids(client: &Client, query: &str) -> Vec<i64> {
    let answer = client.get(&format!("{LIST}{query}")).await.ok();
    assert_eq!(answer.body["success"], true);
    answer.body["profiles"].as_array().unwrap().iter().map(|profile| profile["id"].as_i64().unwrap()).collect()
}

async fn set(app: &TestApp, sql: &'static str, id: i64) {
    let mut tx = app.tx(&app.demo).await;
    let done = sqlx::query(sql).bind(id).execute(tx.connection()).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_caller_sees_who_they_are_and_what_they_may_do() {
    let app = TestApp::start().await;
    let answer = app.agent().await.get(OWN).await.ok();
    let expected = json!({
        "id": app.demo.agent.0,
        "firstName": "Agent",
        "lastName": "",
        "email": "agent@demo.example",
        "phone": null,
        // Wall clock of Berlin.
        "lastSeen": "2026-01-13 18:28:51",
        "type": "enneo",
        "isSsoOnly": 0,
        "lang": "de",
        "nameAlias": null,
        "externalId": null,
        "settings": {},
        "permissions": ["readTicket", "readContract", "readProfile", "readSettings", "updateTicket", "updateIntent", "executeIntent"],
        "openTickets": [],
        "sideConversations": [],
        "unreadNotifications": 0,
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn an_administrator_may_do_everything() {
    let app = TestApp::start().await;
    let answer = app.admin().await.get(OWN).await.ok();
    assert_eq!((&answer.body["id"], &answer.body["email"]), (&json!(app.demo.admin), &json!("admin@demo.example")));
    let all: Vec<&str> = mind::domain::role::Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    assert_eq!(answer.body["permissions"], json!(all));
}

#[tokio::test]
async fn everybody_may_see_themselves() {
    let app = TestApp::start().await;
    let answer = app.nobody().await.get(OWN).await.ok();
    assert_eq!((&answer.body["id"], &answer.body["permissions"]), (&json!(app.demo.nobody), &json!([])));
    app.anonymous().get(OWN).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_list_needs_the_permission() {
    let app = TestApp::start().await;
    let answer = app.nobody().await.get(LIST).await.problem(403, "permissionMissing");
    assert_eq!(answer.body["error"], "Unauthorized");
    app.anonymous().get(LIST).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_list_shows_the_people_of_the_tenant() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let all = [app.demo.admin.0, app.demo.agent.0, app.demo.nobody.0];
    assert_eq!(ids(&agent, "").await, all);
    let answer = agent.get(LIST).await.ok();
    let expected = json!({
        "id": app.demo.admin.0,
        "firstName": "Admin",
        "lastName": "",
        "email": "admin@demo.example",
        "phone": null,
        "lastSeen": null,
        "type": "enneo",
        "isSsoOnly": 0,
        "lang": "de",
        "nameAlias": null,
        "externalId": null,
        "settings": {},
    });
    assert_eq!(answer.body["profiles"][0], expected);
    let others = [app.other.admin.0, app.other.agent.0, app.other.nobody.0];
    assert_eq!(ids(&app.other_tenant().await, "").await, others);
}

#[tokio::test]
async fn kinds_are_told_apart() {
    let app = TestApp::start().await;
    set(&app, "update profile set kind = 'serviceWorker' where id = $1", app.demo.nobody.0).await;
    let agent = app.agent().await;
    let people = [app.demo.admin.0, app.demo.agent.0];
    let all = [app.demo.admin.0, app.demo.agent.0, app.demo.nobody.0];
    for query in ["", "?show=users", "?show=enneo"] {
        assert_eq!(ids(&agent, query).await, people, "{query}");
    }
    assert_eq!(ids(&agent, "?show=all").await, all);
    assert_eq!(ids(&agent, "?show=serviceWorkers").await, [app.demo.nobody.0]);
    let worker = agent.get(&format!("{LIST}?show=serviceWorkers")).await.ok();
    assert_eq!(worker.body["profiles"][0]["type"], "serviceWorker");
}

#[tokio::test]
async fn a_search_looks_at_names_and_address_in_any_case() {
    let app = TestApp::start().await;
    set(&app, "update profile set first_name = 'Jörg', last_name = 'Müller_100%' where id = $1", app.demo.nobody.0).await;
    let agent = app.agent().await;
    let nobody = [app.demo.nobody.0];
    assert_eq!(ids(&agent, "?q=AGENT@demo").await, [app.demo.agent.0]);
    assert_eq!(ids(&agent, "?q=j%C3%B6rg%20m").await, nobody);
    assert_eq!(ids(&agent, "?q=M%C3%9CLLER").await, nobody);
    // Wildcards of SQL are letters like others.
    assert_eq!(ids(&agent, "?q=_100%25").await, nobody);
    assert_eq!(ids(&agent, "?q=%25").await, nobody);
    assert!(ids(&agent, "?q=a_ent").await.is_empty());
    assert_eq!(ids(&agent, "?q=").await.len(), 3);
    assert!(ids(&agent, "?q=admin@other").await.is_empty());
}

#[tokio::test]
async fn the_short_format_is_names_and_address() {
    let app = TestApp::start().await;
    let answer = app.agent().await.get(&format!("{LIST}?format=short&q=admin")).await.ok();
    let expected = json!([{"id": app.demo.admin.0, "firstName": "Admin", "lastName": "", "email": "admin@demo.example"}]);
    assert_eq!(answer.body["profiles"], expected);
    let full = app.agent().await.get(&format!("{LIST}?format=full&q=admin")).await.ok();
    assert_eq!(full.body["profiles"][0]["type"], "enneo");
}

#[tokio::test]
async fn pages_follow_each_other() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    assert_eq!(ids(&agent, "?limit=2").await, [app.demo.admin.0, app.demo.agent.0]);
    assert_eq!(ids(&agent, "?limit=2&offset=2").await, [app.demo.nobody.0]);
    assert!(ids(&agent, "?offset=3").await.is_empty());
    assert_eq!(ids(&agent, "?limit=1000").await.len(), 3);
}

#[tokio::test]
async fn teams_tags_and_channels_narrow_the_list() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    let of_admin = r#"update profile set settings = '{"actualTeamIds": [3, 4], "actualSkills": {"tagIds": [7], "channels": ["email"]}}' where id = $1"#;
    let of_agent = r#"update profile set settings = '{"actualTeamIds": [5], "actualSkills": {"tagIds": [7, 8], "channels": ["phone"]}}' where id = $1"#;
    set(&app, of_admin, app.demo.admin.0).await;
    set(&app, of_agent, app.demo.agent.0).await;
    let [admin, clerk, nobody] = [app.demo.admin.0, app.demo.agent.0, app.demo.nobody.0];
    for (query, expected) in [
        ("?teamIds=3", vec![admin]),
        ("?teamIds=4&teamIds=5", vec![admin, clerk]),
        ("?teamIds=unassigned", vec![nobody]),
        ("?teamIds=3&teamIds=unassigned", vec![admin, nobody]),
        ("?teamIds=9", vec![]),
        ("?tagIds=7", vec![admin, clerk]),
        ("?tagIds=8", vec![clerk]),
        ("?channels=email", vec![admin]),
        ("?channels=email&channels=phone", vec![admin, clerk]),
        ("?tagIds=7&channels=phone", vec![clerk]),
        ("?tagIds=8&teamIds=3", vec![]),
    ] {
        assert_eq!(ids(&agent, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_wrong_filter_is_named() {
    let app = TestApp::start().await;
    let agent = app.agent().await;
    for (query, path) in [
        ("show=everybody", "show"),
        ("format=long", "format"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=1.5", "limit"),
        ("offset=-1", "offset"),
        ("teamIds=none", "teamIds"),
        ("teamIds=0", "teamIds"),
        ("tagIds=x", "tagIds"),
        ("teamId=3", "teamId"),
    ] {
        let answer = agent.get(&format!("{LIST}?{query}")).await.problem(400, "invalidInput");
        assert_eq!(answer.path().split(['[', '.']).next(), Some(path), "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn no_profile_shows_its_password() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for path in [OWN.to_owned(), format!("{LIST}?show=all")] {
        let answer = admin.get(&path).await.ok();
        let keys = |value: &Value| value.as_object().unwrap().keys().any(|key| key.to_lowercase().contains("password"));
        let profiles = answer.body["profiles"].as_array().cloned().unwrap_or_else(|| vec![answer.body.clone()]);
        assert!(!answer.text.contains("$argon2") && !profiles.iter().any(keys), "{}", answer.text);
    }
}
