//! `mind seed` and `mind bench`.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{Office, program::Folder};
use crate::support::{Client, guarded};

/// What a search finds at all, and its first row.
async fn find(client: &Client, filters: Value) -> (Value, Value) {
    let page = client.post("/api/mind/ticket/search", &json!({"limit": 1, "filters": filters})).await.ok().body;
    (page["total"].clone(), page["tickets"][0].clone())
}

#[tokio::test]
async fn seeded_tickets_are_like_those_that_came_in() {
    guarded(async {
        let office = Office::open().await;
        office.tenant("sued").await;
        office.tenant("nord").await;
        let seeded = office.mind(&["seed", "--tenant", "sued", "--tickets", "700"]).run().await.ok();
        assert!(seeded.out.starts_with("700 tickets added to sued in "), "{seeded:?}");
        let (_app, client) = office.server().await;
        let token = async |tenant| office.mind(&["token", "create", "--tenant", tenant]).run().await.ok().out;
        let sued = client.clone().bearer(token("sued").await.trim_end());
        let (total, first) = find(&sued, json!([])).await;
        assert_eq!(total, 700);
        let shown = sued.get(&format!("/api/mind/ticket/{}", first["id"])).await.ok().body;
        assert!(shown["body"].as_str().unwrap().starts_with("<p>"), "{shown}");
        assert!(shown["bodyPlain"].is_string() && shown["bodyClean"].is_string() && shown["tagIds"][0].is_i64(), "{shown}");
        // By a word of the text, and by a part of the sender's address.
        let word =
            shown["bodyPlain"].as_str().unwrap().split([' ', '\n']).find(|word| word.chars().all(char::is_alphabetic) && word.len() > 8);
        let sender = shown["from"].as_str().unwrap();
        for q in word.into_iter().chain([sender]) {
            let filters =
                json!([{"key": "q", "comparator": "equal", "value": q}, {"key": "t.id", "comparator": "=", "value": first["id"]}]);
            assert_eq!(find(&sued, filters).await.0, 1, "{q}");
        }
        let urgent =
            json!([{"key": "status", "comparator": "=", "value": "open"}, {"key": "priority", "comparator": "=", "value": "urgent"}]);
        let (urgent, _) = find(&sued, urgent).await;
        assert!((50..130).contains(&urgent.as_i64().unwrap()), "{urgent}");

        // Once more, with what is there: tags and agents are not made twice.
        let tags = sued.get("/api/mind/tag").await.ok().body;
        office.mind(&["seed", "--tenant", "sued", "--tickets", "5"]).run().await.ok();
        assert_eq!(sued.get("/api/mind/tag").await.ok().body, tags);
        assert_eq!(find(&sued, json!([])).await.0, 705);
        let nord = client.bearer(token("nord").await.trim_end());
        assert_eq!(find(&nord, json!([])).await.0, 0, "another tenant has got tickets");
        let unknown = office.mind(&["seed", "--tenant", "west", "--tickets", "5"]).run().await;
        assert!(unknown.one_line(1).contains("there is no tenant west"), "{unknown:?}");
    })
    .await;
}

#[tokio::test]
async fn a_bench_measures_without_errors_and_leaves_nothing_behind() {
    guarded(async {
        let folder = Folder::new();
        let folder_of_temporaries = folder.path().to_str().unwrap().to_owned();
        let arguments = ["bench", "--tickets", "1000", "--seconds", "1", "--only", "get", "--out", "bench.json", "--out", "bench.md"];
        let bench = folder.mind(&arguments).set("TMPDIR", &folder_of_temporaries).run().await.ok();
        assert!(bench.out.contains("| get | 32 | HTTP |"), "{bench:?}");
        assert_eq!(std::fs::read_to_string(folder.file("bench.md")).unwrap(), bench.out.trim_end_matches('\n').to_owned() + "\n\n");
        let figures: Value = serde_json::from_slice(&std::fs::read(folder.file("bench.json")).unwrap()).unwrap();
        let lines = figures["scales"][0]["lines"].as_array().unwrap();
        assert_eq!(lines.len(), 6, "{figures}");
        for line in lines {
            assert_eq!(line["errors"], 0, "{line}");
            assert!(line["perSecond"].as_f64().unwrap() > 1.0 && line["postgresCpuMs"].as_f64().unwrap() > 0.0, "{line}");
            assert_eq!(line["way"] == "HTTP", line["serverCpuMs"].as_f64().unwrap() > 0.01, "{line}");
        }
        assert!(folder.servers().is_empty(), "a Postgres goes on");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    })
    .await;
}
