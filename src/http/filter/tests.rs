//! Every comparator with every kind, and every fault with its path.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::*;
use crate::http::input::parse_json;

const FIELDS: &[Field] = &[
    Field::new(&["t.id", "id"], "id", Kind::Id),
    Field::new(
        &["t.status", "status"],
        "status",
        Kind::Choice(&[("open", "open"), ("pending", "pending"), ("closed", "closed"), ("resolved", "closed")]),
    ),
    Field::new(&["t.channel", "channel"], "channel", Kind::Choice(&[("email", "email"), ("phone", "phone")])).everything("all"),
    Field::new(&["t.subject"], "subject", Kind::Text).nullable(),
    Field::new(&["t.from"], "from_norm", Kind::Email).nullable(),
    Field::new(&["t.contractId"], "contract_id", Kind::ErpId).nullable(),
    Field::new(&["t.agentId"], "agent_id", Kind::Id).nullable(),
    Field::new(&["t.createdAt"], "created_at", Kind::Date),
    Field::new(&["t.closedAt"], "closed_at", Kind::Date).nullable(),
];

#[derive(Debug, Deserialize)]
struct Body {
    filters: Vec<Filter>,
}

fn read(filters: &Value) -> Result<(Vec<Condition>, Option<String>), Error> {
    let body: Body = parse_json(json!({"filters": filters}).to_string().as_bytes())?;
    conditions(&body.filters, FIELDS)
}

fn paths(filters: &Value) -> Vec<String> {
    match read(filters) {
        Err(Error::Problem { errors, .. }) => errors.into_iter().map(|error| error.path).collect(),
        other => panic!("{filters}: {other:?}"),
    }
}

/// `column test values [or null]`, joined by `and`.
fn meaning(filter: &Value) -> String {
    let (conditions, q) = read(&json!([filter])).unwrap_or_else(|error| panic!("{filter}: {error}"));
    assert_eq!(q, None);
    let one = |condition: &Condition| {
        let json = serde_json::to_value(condition).unwrap();
        let null = if condition.or_null { " or null" } else { "" };
        format!("{} {} {}{null}", condition.column, json["test"].as_str().unwrap(), json["values"])
    };
    conditions.iter().map(one).collect::<Vec<_>>().join(" and ")
}

#[test]
fn lists_of_values() {
    for (filter, expected) in [
        (json!({"key": "t.id", "comparator": "=", "value": 5}), "id any [5]"),
        (json!({"key": "id", "comparator": "equal", "value": "-5"}), "id any [-5]"),
        (json!({"key": "id", "comparator": "=", "value": 5.0}), "id any [5]"),
        (json!({"key": "id", "comparator": "=", "value": -99_999_999_999_999.0}), "id any [-99999999999999]"),
        (json!({"key": "t.id", "comparator": "in", "values": [5, "6", 5]}), "id any [5,6]"),
        (json!({"key": "t.id", "comparator": "=", "values": [5, 6]}), "id any [5,6]"),
        (json!({"key": "t.id", "comparator": "in", "value": 5}), "id any [5]"),
        (json!({"key": "t.id", "comparator": "!=", "values": [5, 6]}), "id none [5,6]"),
        (json!({"key": "t.agentId", "comparator": "=", "value": null}), "agent_id any [] or null"),
        (json!({"key": "t.agentId", "comparator": "in", "values": [null, 3]}), "agent_id any [3] or null"),
        (json!({"key": "t.agentId", "comparator": "!=", "value": null}), "agent_id none [] or null"),
        (json!({"key": "t.agentId", "comparator": "!=", "values": [null, 3]}), "agent_id none [3] or null"),
        (json!({"key": "status", "comparator": "=", "value": "open"}), r#"status any ["open"]"#),
        (json!({"key": "status", "comparator": "in", "values": ["closed", "resolved"]}), r#"status any ["closed"]"#),
        (json!({"key": "status", "comparator": "!=", "value": "resolved"}), r#"status any ["open","pending"]"#),
        (json!({"key": "t.channel", "comparator": "=", "value": "all"}), ""),
        (json!({"key": "t.channel", "comparator": "in", "values": ["email", "all"]}), ""),
        (json!({"key": "t.subject", "comparator": "=", "value": " Zähler "}), r#"subject any [" Zähler "]"#),
        (json!({"key": "t.from", "comparator": "=", "value": " Tom@Gmail.COM "}), r#"from_norm any ["tom@gmail.com"]"#),
        (json!({"key": "t.contractId", "comparator": "=", "value": 715_559}), r#"contract_id any ["715559"]"#),
        (json!({"key": "t.contractId", "comparator": "in", "values": ["VN-1", null]}), r#"contract_id any ["VN-1"] or null"#),
        (json!({"key": "t.closedAt", "comparator": "=", "value": null}), "closed_at any [] or null"),
        (json!({"key": "t.closedAt", "comparator": "!=", "values": [null]}), "closed_at none [] or null"),
        // Objects of typed clients name what they do not set.
        (json!({"key": "id", "comparator": "=", "value": 1, "values": null, "from": null, "to": null}), "id any [1]"),
    ] {
        assert_eq!(meaning(&filter), expected, "{filter}");
    }
}

#[test]
fn order_and_ranges() {
    for (filter, expected) in [
        (json!({"key": "t.id", "comparator": "<", "value": 5}), "id lt [5]"),
        (json!({"key": "t.id", "comparator": "<=", "value": "5"}), "id le [5]"),
        (json!({"key": "t.id", "comparator": ">", "values": [5]}), "id gt [5]"),
        (json!({"key": "t.id", "comparator": ">=", "value": 5}), "id ge [5]"),
        (json!({"key": "t.id", "comparator": "between", "from": 5, "to": "9"}), "id ge [5] and id le [9]"),
        (json!({"key": "t.id", "comparator": "between", "values": [5, 9]}), "id ge [5] and id le [9]"),
    ] {
        assert_eq!(meaning(&filter), expected, "{filter}");
    }
    let day = ("2026-01-12T23:00:00.000000Z", "2026-01-13T23:00:00.000000Z");
    let second = ("2026-01-13T17:28:51.000000Z", "2026-01-13T17:28:52.000000Z");
    for (value, (from, until)) in [
        (json!("2026-01-13"), day),
        (json!("2026-01-13 18:28:51"), second),
        (json!("2026-01-13T17:28:51Z"), second),
        (json!(1_768_325_331), second),
    ] {
        for (comparator, expected) in [
            ("=", format!(r#"created_at ge ["{from}"] and created_at lt ["{until}"]"#)),
            ("<", format!(r#"created_at lt ["{from}"]"#)),
            ("<=", format!(r#"created_at lt ["{until}"]"#)),
            (">", format!(r#"created_at ge ["{until}"]"#)),
            (">=", format!(r#"created_at ge ["{from}"]"#)),
        ] {
            assert_eq!(meaning(&json!({"key": "t.createdAt", "comparator": comparator, "value": value})), expected, "{comparator} {value}");
        }
        let range = json!({"key": "t.createdAt", "comparator": "between", "from": 0, "to": value});
        assert_eq!(meaning(&range), format!(r#"created_at ge ["1970-01-01T00:00:00.000000Z"] and created_at lt ["{until}"]"#));
    }
    let (conditions, _) = read(&json!([{"key": "t.createdAt", "comparator": ">=", "value": 0}])).unwrap();
    assert_eq!(conditions[0].values, vec![Scalar::Date(DateTime::<Utc>::UNIX_EPOCH)]);
}

#[test]
fn only_percent_is_a_wildcard() {
    for (given, pattern) in
        [("%Zähler%", "%Zähler%"), ("a_b", r"a\_b"), (r"50\%", r"50\%"), (r"a\\", r"a\\"), (r"\_", r"\_"), (r"\x", r"\x")]
    {
        for (key, column) in [("t.subject", "subject"), ("t.from", "from_norm"), ("t.contractId", "contract_id")] {
            let filter = json!({"key": key, "comparator": "like", "value": given});
            assert_eq!(meaning(&filter), format!("{column} like {}", json!([pattern])), "{filter}");
        }
    }
}

#[test]
fn full_text_goes_apart() {
    for comparator in ["=", "equal", "like"] {
        let filters =
            json!([{"key": "q", "comparator": comparator, "value": "Zähler kaputt"}, {"key": "id", "comparator": "=", "value": 1}]);
        let (conditions, q) = read(&filters).unwrap();
        assert_eq!((conditions.len(), q.as_deref()), (1, Some("Zähler kaputt")));
    }
    for (filter, path) in [
        (json!({"key": "q", "comparator": "!=", "value": "x"}), "filters[0].comparator"),
        (json!({"key": "q", "comparator": "=", "value": "  "}), "filters[0].value"),
        (json!({"key": "q", "comparator": "=", "value": ""}), "filters[0].value"),
        (json!({"key": "q", "comparator": "=", "value": "x".repeat(201)}), "filters[0].value"),
        (json!({"key": "q", "comparator": "=", "value": 5}), "filters[0].value"),
        (json!({"key": "q", "comparator": "=", "value": null}), "filters[0].value"),
        (json!({"key": "q", "comparator": "=", "values": ["a", "b"]}), "filters[0].values"),
        (json!({"key": "q", "comparator": "="}), "filters[0].value"),
    ] {
        assert_eq!(paths(&json!([filter])), [path], "{filter}");
    }
    let twice = json!({"key": "q", "comparator": "=", "value": "x"});
    assert_eq!(paths(&json!([twice, twice])), ["filters[1].key"]);
}

#[test]
fn a_comparator_that_does_not_fit_is_refused() {
    let fitting = |kind: &str| match kind {
        "t.id" => vec!["=", "equal", "!=", ">", "<", ">=", "<=", "in", "between"],
        "t.createdAt" => vec!["=", "equal", ">", "<", ">=", "<=", "between"],
        "t.status" => vec!["=", "equal", "!=", "in"],
        _ => vec!["=", "equal", "!=", "in", "like"],
    };
    for (key, value) in [
        ("t.id", json!(1)),
        ("t.createdAt", json!("2026-01-13")),
        ("t.status", json!("open")),
        ("t.subject", json!("x")),
        ("t.from", json!("x")),
        ("t.contractId", json!("x")),
    ] {
        for comparator in ["=", "equal", "!=", ">", "<", ">=", "<=", "in", "between", "like"] {
            let filter = if comparator == "between" {
                json!({"key": key, "comparator": comparator, "from": value, "to": value})
            } else {
                json!({"key": key, "comparator": comparator, "value": value})
            };
            if fitting(key).contains(&comparator) {
                assert!(read(&json!([filter])).is_ok(), "{filter}");
            } else {
                // A date can be unequal to null only.
                let path = if (key, comparator) == ("t.createdAt", "!=") { "filters[0].value" } else { "filters[0].comparator" };
                assert_eq!(paths(&json!([filter])), [path], "{filter}");
            }
        }
    }
}

#[test]
fn faults_carry_their_path() {
    for (filter, path) in [
        (json!({"key": "t.nothing", "comparator": "=", "value": 1}), "filters[0].key"),
        (json!({"key": "", "comparator": "=", "value": 1}), "filters[0].key"),
        (json!({"comparator": "=", "value": 1}), "filters[0].key"),
        (json!({"key": 5, "comparator": "=", "value": 1}), "filters[0].key"),
        (json!({"key": "id", "value": 1}), "filters[0].comparator"),
        (json!({"key": "id", "comparator": "==", "value": 1}), "filters[0].comparator"),
        (json!({"key": "id", "comparator": "=", "value": 1, "valeu": 1}), "filters[0].valeu"),
        (json!({"key": "id", "comparator": "="}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": "abc"}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": ""}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": "+5"}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": "1e3"}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": 1.5}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": 1e300}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": i64::MAX}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": "100000000000000"}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": 100_000_000_000_000_i64}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": true}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": null}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": [1]}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": {}}), "filters[0].value"),
        (json!({"key": "id", "comparator": "=", "value": 1, "values": [1]}), "filters[0].values"),
        (json!({"key": "id", "comparator": "=", "value": 1, "from": 1}), "filters[0].from"),
        (json!({"key": "id", "comparator": "=", "value": 1, "to": 1}), "filters[0].to"),
        (json!({"key": "id", "comparator": "in", "values": []}), "filters[0].values"),
        (json!({"key": "id", "comparator": "in", "values": 5}), "filters[0].values"),
        (json!({"key": "id", "comparator": "in", "values": [1, "x"]}), "filters[0].values[1]"),
        (json!({"key": "id", "comparator": "in", "values": [1, null]}), "filters[0].values[1]"),
        (json!({"key": "id", "comparator": "in", "values": [[1]]}), "filters[0].values[0]"),
        (json!({"key": "id", "comparator": "in", "values": vec![1; 1001]}), "filters[0].values"),
        (json!({"key": "id", "comparator": "<", "values": [1, 2]}), "filters[0].values"),
        (json!({"key": "t.agentId", "comparator": "<", "value": null}), "filters[0].value"),
        (json!({"key": "id", "comparator": "between", "from": 1}), "filters[0].to"),
        (json!({"key": "id", "comparator": "between", "to": 1}), "filters[0].from"),
        (json!({"key": "id", "comparator": "between"}), "filters[0].from"),
        (json!({"key": "id", "comparator": "between", "value": 1}), "filters[0].value"),
        (json!({"key": "id", "comparator": "between", "from": "x", "to": 1}), "filters[0].from"),
        (json!({"key": "id", "comparator": "between", "from": 1, "to": "x"}), "filters[0].to"),
        (json!({"key": "id", "comparator": "between", "values": [1]}), "filters[0].values"),
        (json!({"key": "id", "comparator": "between", "values": [1, 2, 3]}), "filters[0].values"),
        (json!({"key": "id", "comparator": "between", "values": [1, null]}), "filters[0].values[1]"),
        (json!({"key": "id", "comparator": "between", "values": [1, 2], "from": 1}), "filters[0].values"),
        (json!({"key": "status", "comparator": "=", "value": "opened"}), "filters[0].value"),
        (json!({"key": "status", "comparator": "=", "value": "Open"}), "filters[0].value"),
        (json!({"key": "status", "comparator": "=", "value": "all"}), "filters[0].value"),
        (json!({"key": "channel", "comparator": "!=", "value": "all"}), "filters[0].value"),
        (json!({"key": "channel", "comparator": "in", "values": ["all", "fax"]}), "filters[0].values[1]"),
        (json!({"key": "t.subject", "comparator": "=", "value": 5}), "filters[0].value"),
        (json!({"key": "t.subject", "comparator": "=", "value": "x".repeat(1001)}), "filters[0].value"),
        (json!({"key": "t.subject", "comparator": "like", "value": null}), "filters[0].value"),
        (json!({"key": "t.subject", "comparator": "like", "value": "abc\\"}), "filters[0].value"),
        (json!({"key": "t.subject", "comparator": "like", "value": "abc\\\\\\"}), "filters[0].value"),
        (json!({"key": "t.subject", "comparator": "like", "values": ["a", "b"]}), "filters[0].values"),
        (json!({"key": "t.contractId", "comparator": "=", "value": "x".repeat(51)}), "filters[0].value"),
        (json!({"key": "t.contractId", "comparator": "=", "value": " "}), "filters[0].value"),
        (json!({"key": "t.contractId", "comparator": "=", "value": true}), "filters[0].value"),
        (json!({"key": "t.createdAt", "comparator": "=", "value": "yesterday"}), "filters[0].value"),
        (json!({"key": "t.createdAt", "comparator": "<", "value": null}), "filters[0].value"),
        (json!({"key": "t.createdAt", "comparator": "=", "values": ["2026-01-13", "2026-01-14"]}), "filters[0].values"),
        (json!({"key": "t.closedAt", "comparator": "!=", "value": "2026-01-13"}), "filters[0].value"),
    ] {
        assert_eq!(paths(&json!([filter])), [path], "{filter}");
    }
    let fine = json!({"key": "id", "comparator": "=", "value": 1});
    assert_eq!(paths(&json!(vec![fine.clone(); 51])), ["filters"]);
    assert!(read(&json!(vec![fine.clone(); 50])).is_ok());
    let wrong = json!({"key": "id", "comparator": "=", "value": "x"});
    assert_eq!(paths(&json!([wrong, fine, {"key": "nothing", "comparator": "=", "value": 1}])), ["filters[0].value", "filters[2].key"]);
}

#[test]
fn messages_list_what_would_be_right() {
    let says = |filter: Value| read(&json!([filter])).unwrap_err().to_string();
    assert!(says(json!({"key": "x", "comparator": "=", "value": 1})).contains("t.id, t.status, t.channel"));
    assert!(says(json!({"key": "channel", "comparator": "=", "value": "fax"})).contains("all, email, phone"));
    assert!(says(json!({"key": "status", "comparator": "like", "value": "x"})).contains("= != in"));
}

/// What the spec shows is what is read: as many forms as the kinds have, each closed.
#[test]
fn the_schema_is_closed() {
    let schema = serde_json::to_value(schema(FIELDS)).unwrap();
    let forms = schema["anyOf"].as_array().unwrap();
    assert!(forms.iter().all(|form| form["additionalProperties"] == json!(false) && form["required"].as_array().unwrap().len() >= 3));
    let keys: Vec<&str> =
        forms.iter().flat_map(|form| form["properties"]["key"]["enum"].as_array().unwrap()).filter_map(Value::as_str).collect();
    assert!(FIELDS.iter().flat_map(|field| field.keys).chain(&["q"]).all(|key| keys.contains(key)));
}
