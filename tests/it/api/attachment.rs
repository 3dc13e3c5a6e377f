//! Files of tickets: stored, shown by link, and by nothing else.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use chrono::Duration;
use mind::{
    domain::{
        attachment::{
            Attachment, NewAttachment,
            service::{Prepared, keep, prepare, shown},
            store,
        },
        ticket::TicketId,
    },
    error::Error,
};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::support::{Answer, TestApp, TestTenant, guarded};

/// A picture of 2 by 3 pixels, as far as its head tells.
const GIF: &[u8] = b"GIF89a\x02\x00\x03\x00\x00\x00\x00;";

fn files(list: &Value) -> Vec<NewAttachment> {
    serde_json::from_value(list.clone()).unwrap()
}

fn file(name: &str, bytes: &[u8]) -> Value {
    json!({"name": name, "base64": STANDARD.encode(bytes)})
}

/// A ticket without anything.
pub async fn ticket(app: &TestApp, tenant: &TestTenant) -> TicketId {
    let mut tx = app.tx(tenant).await;
    let id = sqlx::query_scalar(
        "insert into ticket (status, priority, channel, direction, created_at, last_message_at)
         values ('open', 'low', 'email', 'in', $1, $1) returning id",
    )
    .bind(app.now())
    .fetch_one(tx.connection())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    TicketId(id)
}

/// Adds files to a ticket as the creation of a ticket does.
pub async fn add(app: &TestApp, tenant: &TestTenant, ticket: TicketId, list: &Value) -> Vec<Attachment> {
    let prepared = prepare(&app.app, tenant.tenant.id, files(list)).await.unwrap();
    let mut tx = app.tx(tenant).await;
    let added = store::insert(&mut tx, ticket, &prepared, app.now()).await.unwrap();
    keep(&prepared, &added);
    tx.commit().await.unwrap();
    shown(&app.app, tenant.tenant.id, added)
}

async fn list(app: &TestApp, tenant: &TestTenant, ticket: TicketId) -> Vec<Attachment> {
    let mut tx = app.tx(tenant).await;
    shown(&app.app, tenant.tenant.id, store::list(&mut tx, ticket).await.unwrap())
}

/// Path and query of a link: tests listen elsewhere than `MIND_PUBLIC_URL` says.
fn target(link: &str) -> String {
    let url = url::Url::parse(link).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap())
}

async fn open(app: &TestApp, link: &str) -> Answer {
    app.anonymous().get(&target(link)).await
}

/// Objects below the folder of the store.
fn objects(app: &TestApp) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(app.files.path())
}

/// What nothing refers to is removed in the background.
async fn eventually_objects(app: &TestApp, wanted: usize) {
    for _ in 0..200 {
        if objects(app) == wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(objects(app), wanted);
}

#[tokio::test]
async fn a_file_is_stored_and_opened_by_its_link() {
    guarded(async {
        let app = TestApp::start().await;
        let id = ticket(&app, &app.demo).await;
        let added =
            add(&app, &app.demo, id, &json!([file("Zähler 1.GIF", GIF), {"name": "a.txt", "base64": "V29ydA==", "inline": true}])).await;
        assert_eq!(list(&app, &app.demo, id).await, added);
        let shown = serde_json::to_value(&added[0]).unwrap();
        assert!(
            shown["id"].is_string() && shown["url"].as_str().unwrap().starts_with("http://127.0.0.1:8080/api/mind/storage/attachment/")
        );
        assert_eq!(
            (
                &shown["name"],
                &shown["size"],
                &shown["width"],
                &shown["height"],
                &shown["fileEnding"],
                &shown["contentType"],
                &shown["inline"]
            ),
            (&json!("Zähler 1.GIF"), &json!(14), &json!(2), &json!(3), &json!("gif"), &json!("image/gif"), &json!(false))
        );
        assert!(added[1].inline && added[1].width.is_none() && added[1].content_type == "text/plain");
        assert_eq!(objects(&app), 2);

        let answer = open(&app, &added[1].url).await.ok();
        assert_eq!(answer.text, "Wort");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        let answer = open(&app, &added[0].url).await.ok();
        assert_eq!(answer.header("content-type"), "image/gif");
        assert_eq!(answer.header("content-length"), "14");
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"Z_hler 1.GIF\"; filename*=UTF-8''Z%C3%A4hler%201.GIF");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(answer.header("cache-control"), "private");
        assert_eq!(answer.header("etag").len(), 66);
    })
    .await;
}

#[tokio::test]
async fn a_link_ends_and_cannot_be_made_up() {
    guarded(async {
        let app = TestApp::start().await;
        let id = ticket(&app, &app.demo).await;
        let added = add(&app, &app.demo, id, &json!([file("a.txt", b"a"), file("b.txt", b"b")])).await;
        let good = target(&added[0].url);
        let (own, other) = (&app.demo.tenant.id.0, &app.other.tenant.id.0);
        let swapped = |from: &str, to: &str| {
            assert!(good.contains(from), "{good} {from}");
            good.replace(from, to)
        };
        let expires = good.split("expires=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        let later = (expires.parse::<i64>().unwrap() + 3600).to_string();
        let signature = good.split("signature=").nth(1).unwrap().to_owned();
        let mut turned: String = signature.chars().skip(1).collect();
        turned.insert(0, if signature.starts_with('A') { 'B' } else { 'A' });
        // Another name is the same file: names are for people.
        assert_eq!(app.anonymous().get(&swapped("/a.txt?", "/x?")).await.ok().text, "a");
        for bad in [
            swapped(&format!("/{}/", added[0].id), &format!("/{}/", added[1].id)),
            swapped(&format!("/{}/", added[0].id), "/999999/"),
            swapped(&format!("tenant={own}&"), &format!("tenant={other}&")),
            swapped(&expires, &later),
            swapped(&signature, &turned),
            swapped(&signature, "x"),
            swapped(&signature, &signature[..20]),
        ] {
            app.anonymous().get(&bad).await.problem(404, "notFound");
        }
        // Signing in does not help.
        app.admin().await.get(&swapped(&signature, &turned)).await.problem(404, "notFound");
        app.anonymous().get(good.split('?').next().unwrap()).await.problem(400, "invalidInput");
        app.anonymous().get(&swapped(&expires, "tomorrow")).await.problem(400, "invalidInput");

        app.clock.advance(Duration::hours(24));
        assert_eq!(app.anonymous().get(&good).await.ok().text, "a");
        app.clock.advance(Duration::minutes(61));
        app.anonymous().get(&good).await.problem(404, "notFound");
        let fresh = list(&app, &app.demo, id).await;
        assert_ne!(fresh[0].url, added[0].url);
        assert_eq!(open(&app, &fresh[0].url).await.ok().text, "a");
    })
    .await;
}

/// The harm: a customer's page runs in the browser of an agent, with the agent's cookie.
#[tokio::test]
async fn what_could_run_is_a_download_of_bytes() {
    guarded(async {
        let app = TestApp::start().await;
        let id = ticket(&app, &app.demo).await;
        let page = b"<script>alert(1)</script>";
        let added = add(
            &app,
            &app.demo,
            id,
            &json!([
                file("a.html", page),
                {"name": "b.png", "base64": STANDARD.encode(b"<svg onload=alert(1)>"), "contentType": "image/svg+xml"},
                {"name": "../../c\r\nX: y.xhtml", "base64": STANDARD.encode(b"<x/>"), "contentType": "Application/XHTML+xml; charset=utf-8"},
            ]),
        )
        .await;
        for attachment in &added {
            let answer = open(&app, &attachment.url).await.ok();
            assert_eq!(answer.header("content-type"), "application/octet-stream", "{attachment:?}");
            assert!(answer.header("content-disposition").starts_with("attachment; "));
            assert!(answer.header("x").is_empty());
        }
        assert_eq!(added[0].content_type, "text/html");
        assert_eq!((added[2].name.as_str(), added[2].content_type.as_str()), ("_.._cX: y.xhtml", "application/xhtml+xml"));
    })
    .await;
}

#[tokio::test]
async fn the_same_file_is_kept_once_for_each_ticket() {
    guarded(async {
        let app = TestApp::start().await;
        let (one, two) = (ticket(&app, &app.demo).await, ticket(&app, &app.demo).await);
        let first = add(&app, &app.demo, one, &json!([file("a.txt", b"same"), file("b.txt", b"same"), file("c.txt", b"else")])).await;
        assert_eq!(first.len(), 2);
        assert_eq!(add(&app, &app.demo, one, &json!([file("d.txt", b"same")])).await, []);
        assert_eq!(add(&app, &app.demo, two, &json!([file("a.txt", b"same")])).await.len(), 1);
        eventually_objects(&app, 3).await;
        assert_eq!(open(&app, &first[0].url).await.ok().text, "same");
    })
    .await;
}

#[tokio::test]
async fn files_of_another_tenant_are_not_there() {
    guarded(async {
        let app = TestApp::start().await;
        let id = ticket(&app, &app.demo).await;
        add(&app, &app.demo, id, &json!([file("a.txt", b"a")])).await;
        assert_eq!(list(&app, &app.other, id).await, []);
        let prepared = prepare(&app.app, app.other.tenant.id, files(&json!([file("a.txt", b"a")]))).await.unwrap();
        assert!(prepared[0].object.as_ref().unwrap().key().starts_with(&format!("tenant/{}/attachment/", app.other.tenant.id.0)));
        let mut tx = app.tx(&app.other).await;
        assert!(store::insert(&mut tx, id, &prepared, app.now()).await.is_err(), "a file at a ticket of another tenant");
    })
    .await;
}

#[tokio::test]
async fn wrong_input_stores_nothing() {
    guarded(async {
        let app = TestApp::start().await;
        for (list, wanted) in [
            (json!([file("a", b"a"), {"name": "b", "base64": "%"}]), "attachments[1].base64"),
            (json!([file("a", b"a"), {"name": "b", "url": "gopher://x.example"}]), "attachments[1].url"),
        ] {
            match prepare(&app.app, app.demo.tenant.id, files(&list)).await {
                Err(Error::Problem { errors, .. }) => assert_eq!(errors[0].path, wanted),
                other => panic!("{other:?}"),
            }
        }
        eventually_objects(&app, 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_url_is_fetched_and_a_broken_one_kept() {
    guarded(async {
        let app = TestApp::start().await;
        let server = MockServer::start().await;
        let address = server.address();
        Mock::given(path("/bild.gif")).respond_with(ResponseTemplate::new(200).set_body_raw(GIF, "image/gif; x=y")).mount(&server).await;
        Mock::given(path("/fehlt")).respond_with(ResponseTemplate::new(404)).mount(&server).await;
        Mock::given(path("/innen"))
            .respond_with(ResponseTemplate::new(302).insert_header("location", "http://169.254.169.254/latest"))
            .mount(&server)
            .await;
        let url = |path: &str| format!("http://{address}/{path}");
        // Not on the list for attachments, though on the one for ERPs.
        app.app.config().outbound_allow.add(&address.ip().to_string(), address.port()).unwrap();
        let refused = prepare(&app.app, app.demo.tenant.id, files(&json!([{"url": url("bild.gif")}]))).await.unwrap();
        assert_eq!((refused[0].size, refused[0].extraction_status), (0, Some("downloadFailed")));
        assert!(server.received_requests().await.unwrap().is_empty());

        app.app.config().attachment_allow.add(&address.ip().to_string(), address.port()).unwrap();
        let id = ticket(&app, &app.demo).await;
        let list = json!([{"url": url("bild.gif")}, {"name": "weg.pdf", "url": url("fehlt")}, {"url": url("innen")}, {"url": "http://["}]);
        let added = add(&app, &app.demo, id, &list).await;
        let (good, broken) = added.split_first().unwrap();
        assert_eq!((good.name.as_str(), good.size, good.width, good.content_type.as_str()), ("bild.gif", 14, Some(2), "image/gif"));
        assert_eq!(good.original_url.as_deref(), Some(url("bild.gif").as_str()));
        open(&app, &good.url).await.ok();
        assert_eq!(broken.len(), 3);
        for attachment in broken {
            assert_eq!((attachment.size, attachment.extraction_status.as_deref()), (0, Some("downloadFailed")));
            assert_eq!(Some(&attachment.url), attachment.original_url.as_ref());
        }
        assert_eq!(broken[0].content_type, "application/pdf");
        assert_eq!(add(&app, &app.demo, id, &list).await, [], "the same message again");
        eventually_objects(&app, 1).await;
    })
    .await;
}

/// The harm: the database is restored, the folder is not, and links answer as if there never was a file.
#[tokio::test]
async fn a_lost_object_is_the_servers_fault() {
    guarded(async {
        let app = TestApp::start().await;
        let id = ticket(&app, &app.demo).await;
        let prepared: Vec<Prepared> = prepare(&app.app, app.demo.tenant.id, files(&json!([file("a.txt", b"a")]))).await.unwrap();
        let mut tx = app.tx(&app.demo).await;
        let rows = store::insert(&mut tx, id, &prepared, app.now()).await.unwrap();
        tx.commit().await.unwrap();
        app.app.storage().delete(prepared[0].object.as_ref().unwrap().key()).await.unwrap();
        let shown = shown(&app.app, app.demo.tenant.id, rows);
        open(&app, &shown[0].url).await.problem(500, "internal");
    })
    .await;
}

#[tokio::test]
async fn a_message_brings_its_files() {
    guarded(async {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let body = json!({"externalTicketId": "X-1", "subject": "Zähler",
            "attachments": [file("zaehler.gif", GIF), file("a.txt", b"a")]});
        let answer = admin.post("/api/mind/ticket", &body).await.ok();
        let id = answer.body["id"].as_i64().unwrap();
        let names = |answer: &Answer| -> Vec<String> {
            answer.body["attachments"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&answer), ["zaehler.gif", "a.txt"]);
        let shown = admin.get(&format!("/api/mind/ticket/{id}")).await.ok();
        assert_eq!(shown.body["attachments"], answer.body["attachments"]);
        let link = shown.body["attachments"][1]["url"].as_str().unwrap().to_owned();
        assert_eq!(open(&app, &link).await.ok().text, "a");

        // The same message again, with one more file.
        let mut again = body.clone();
        again["attachments"].as_array_mut().unwrap().push(file("b.txt", b"b"));
        let answer = admin.post("/api/mind/ticket", &again).await.ok();
        assert_eq!((answer.body["id"].as_i64(), answer.body["version"].as_i64()), (Some(id), Some(2)));
        assert_eq!(names(&answer), ["zaehler.gif", "a.txt", "b.txt"]);
        // What the ticket had is stored once.
        eventually_objects(&app, 3).await;
        let events =
            admin.post("/api/mind/event/search", &json!({"filters": [{"key": "e.ticketId", "comparator": "=", "value": id}]})).await.ok();
        let changes = &events.body["events"][0]["data"]["changes"];
        assert_eq!(changes, &json!({"attachments": {"added": 1}}));
        // And once more: nothing is new.
        let answer = admin.post("/api/mind/ticket", &again).await.ok();
        assert_eq!(answer.body["version"].as_i64(), Some(2));
        eventually_objects(&app, 3).await;
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_refused_leaves_no_file() {
    guarded(async {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let with = |files: Value| json!({"attachments": files});
        for (body, path) in [
            (with(json!([file("a", b"a"), {"name": "b", "base64": "Q"}])), "attachments[1].base64"),
            (with(json!([{"name": "b"}])), "attachments[0]"),
            (with(json!([{"base64": "QQ==", "size": 1}])), "attachments[0].size"),
            (with(json!(["a"])), "attachments[0]"),
            (with(json!({"name": "a"})), "attachments"),
            (with(json!(vec![file("a", b"a"); 51])), "attachments"),
        ] {
            let problem = admin.post("/api/mind/ticket", &body).await.problem(400, "invalidInput");
            assert_eq!(problem.path(), path, "{body}");
        }
        let body = json!({"attachments": [file("a.txt", b"a")], "tags": [999_999]});
        admin.post("/api/mind/ticket", &body).await.problem(409, "conflict");
        eventually_objects(&app, 0).await;
    })
    .await;
}
