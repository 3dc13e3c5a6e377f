//! Sentences and details about events, in the reader's language.

use chrono_tz::Europe::Berlin;
use serde_json::{Map, Value};

use super::{
    Detail, Mentioned, Names,
    phrases::{
        ADDED, ASSIGNED, CHANGED, DATES, LABELS, NO, NOTHING, PHRASES, PROFILES, REPLACED, STATUS_BECAME, TAGS, TECHNICAL, UNASSIGNED,
        UNKNOWN, VALUES, YES,
    },
};
use crate::{domain::settings, http::date::Span};

/// Characters of a value in the details; the data has all of it.
const LONGEST: usize = 200;

/// Whether people who work on tickets want to see it.
pub fn shown(kind: &str, about_ticket: bool) -> bool {
    PHRASES.iter().find(|phrase| phrase.kind == kind).map_or(about_ticket, |phrase| phrase.shown)
}

/// What happened; goes on after the name of who did it.
pub fn activity(kind: &str, data: Option<&Value>, language: &str) -> String {
    if kind == "ticketUpdated"
        && let Some(changes) = changes(data)
        && let Some(sentence) = change_of_ticket(changes, language)
    {
        return sentence.to_owned();
    }
    match PHRASES.iter().find(|phrase| phrase.kind == kind) {
        Some(phrase) => phrase.says.in_language(language).to_owned(),
        None => format!("{}{}", UNKNOWN.in_language(language), words(kind)),
    }
}

/// The change that matters most to a reader, or the only one.
fn change_of_ticket(changes: &Map<String, Value>, language: &str) -> Option<&'static str> {
    if let Some((_, status)) = changes.get("status").map(old_and_new)
        && let Some((_, says)) = STATUS_BECAME.iter().find(|(word, _)| status == *word)
    {
        return Some(says.in_language(language));
    }
    let mut fields = changes.iter();
    let ((field, change), None) = (fields.next()?, fields.next()) else { return None };
    if matches!(field.as_str(), "agentId" | "workedOnBy") {
        let (_, new) = old_and_new(change);
        return Some(if new.is_null() { UNASSIGNED } else { ASSIGNED }.in_language(language));
    }
    CHANGED.iter().find(|(known, _)| known == field).map(|(_, says)| says.in_language(language))
}

fn changes(data: Option<&Value>) -> Option<&Map<String, Value>> {
    data?.get("changes")?.as_object()
}

/// Old and new value of a change; the contract's own hooks know the new one only.
fn old_and_new(change: &Value) -> (Option<&Value>, &Value) {
    match change.as_object() {
        Some(both) if both.contains_key("new") => (both.get("old").filter(|old| !old.is_null()), &both["new"]),
        _ => (None, change),
    }
}

/// `ticketForwarded` as `ticket forwarded`.
fn words(kind: &str) -> String {
    let mut words = String::with_capacity(kind.len() + 4);
    for (index, letter) in kind.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// What changed, or what the event knows.
pub fn details(kind: &str, data: Option<&Value>, names: &Names, language: &str) -> Vec<Detail> {
    let Some(Value::Object(data)) = data else { return Vec::new() };
    if kind == "settingsUpdated"
        && let Some(name) = data.get("name").and_then(Value::as_str)
    {
        let label = settings::model::definition(name).map_or(name, |definition| definition.label.in_language(language));
        return vec![detail(label, changed(name, &Value::Object(data.clone()), names, language))];
    }
    let mut details = Vec::new();
    for (field, value) in data {
        match value {
            Value::Null => {}
            _ if TECHNICAL.contains(&field.as_str()) => {}
            Value::Object(changes) if field == "changes" => {
                details
                    .extend(changes.iter().map(|(field, change)| detail(label(field, language), changed(field, change, names, language))));
            }
            value => details.push(detail(label(field, language), shown_value(field, value, names, language))),
        }
    }
    details
}

fn detail(label: &str, value: String) -> Detail {
    Detail { label: label.to_owned(), value, tooltip: None, url: None, kind: "string" }
}

fn label<'a>(field: &'a str, language: &str) -> &'a str {
    LABELS.iter().find(|(known, _)| *known == field).map_or(field, |(_, label)| label.in_language(language))
}

fn changed(field: &str, change: &Value, names: &Names, language: &str) -> String {
    if change.get("changed") == Some(&Value::Bool(true)) {
        return REPLACED.in_language(language).to_owned();
    }
    if let Some(added) = change.get("added").and_then(Value::as_i64) {
        return format!("{}{added}", ADDED.in_language(language));
    }
    let (old, new) = old_and_new(change);
    let new = shown_value(field, new, names, language);
    match old {
        Some(old) => format!("{} → {new}", shown_value(field, old, names, language)),
        None => new,
    }
}

fn shown_value(field: &str, value: &Value, names: &Names, language: &str) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::Array(items) if items.is_empty() => NOTHING.to_owned(),
        Value::Bool(yes) => if *yes { YES } else { NO }.in_language(language).to_owned(),
        Value::Array(items) if items.iter().all(|item| !item.is_array() && !item.is_object()) => {
            let all: Vec<String> = items.iter().map(|item| shown_value(field, item, names, language)).collect();
            shortened(&all.join(", "))
        }
        value if DATES.contains(&field) => date(value, language).unwrap_or_else(|| plain(value)),
        Value::Number(number) => {
            let known = if PROFILES.contains(&field) {
                Some(&names.profiles)
            } else if TAGS.contains(&field) {
                Some(&names.tags)
            } else {
                None
            };
            let name = number.as_i64().and_then(|id| known?.get(&id));
            name.cloned().unwrap_or_else(|| number.to_string())
        }
        Value::String(text) => VALUES
            .iter()
            .find(|(known, word, _)| *known == field && word == text)
            .map_or_else(|| shortened(text), |(.., words)| words.in_language(language).to_owned()),
        value => plain(value),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| shortened(&value.to_string()), shortened)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// To the minute, as people write it.
fn date(value: &Value, language: &str) -> Option<String> {
    let date = Span::read(value).ok()?.from.with_timezone(&Berlin);
    Some(date.format(if language == "de" { "%d.%m.%Y %H:%M" } else { "%Y-%m-%d %H:%M" }).to_string())
}

/// Ids whose names the details show.
pub fn mentions(data: Option<&Value>, mentioned: &mut Mentioned) {
    let Some(Value::Object(data)) = data else { return };
    for (field, value) in data {
        match value {
            Value::Object(changes) if field == "changes" => {
                for (field, change) in changes {
                    let (old, new) = old_and_new(change);
                    for value in [old, Some(new)].into_iter().flatten() {
                        mention(field, value, mentioned);
                    }
                }
            }
            value => mention(field, value, mentioned),
        }
    }
}

fn mention(field: &str, value: &Value, mentioned: &mut Mentioned) {
    let ids = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_i64).collect(),
        value => Vec::from_iter(value.as_i64()),
    };
    if PROFILES.contains(&field) {
        mentioned.profiles.extend(ids);
    } else if TAGS.contains(&field) {
        mentioned.tags.extend(ids);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::domain::{
        tag::model::input::NewTag,
        ticket::model::{NewTicket, Work},
    };

    fn names() -> Names {
        Names {
            profiles: BTreeMap::from([(1, "Max Mustermann".to_owned())]),
            tags: BTreeMap::from([(54, "Umzug".to_owned()), (55, "Abschlag".to_owned())]),
        }
    }

    /// `label: value` lines.
    fn lines(kind: &str, data: &Value, language: &str) -> Vec<String> {
        details(kind, Some(data), &names(), language).into_iter().map(|detail| format!("{}: {}", detail.label, detail.value)).collect()
    }

    /// The harm: agents read `ccEmails: …` and wonder.
    #[test]
    fn every_field_that_an_event_names_has_a_label() {
        let work = serde_json::to_value(Work::of(&NewTicket::default(), DateTime::UNIX_EPOCH)).unwrap();
        let Value::Object(tag) = json!({"name": "a", "reference": "ticket", "type": "skill"}) else { panic!() };
        let tag = serde_json::to_value(&NewTag::read(tag).unwrap().0).unwrap();
        let others = ["process", "attachments", "body", "rawData", "externalTicketId", "tagId", "tag"].map(str::to_owned);
        let named = [work, tag].into_iter().flat_map(|fields| fields.as_object().unwrap().keys().cloned().collect::<Vec<_>>());
        for field in named.chain(others) {
            assert_ne!(label(&field, "de"), field);
        }
    }

    #[test]
    fn what_is_too_long_for_the_log_is_said_to_have_changed() {
        let data = json!({"changes": {"body": {"changed": true}, "attachments": {"added": 2}}, "includeInWorklog": false});
        assert_eq!(lines("ticketUpdated", &data, "de"), ["Nachricht: geändert", "Anhänge: hinzugefügt: 2"]);
        assert_eq!(lines("ticketUpdated", &data, "en"), ["Message: changed", "Attachments: added: 2"]);
    }

    #[test]
    fn a_change_of_a_ticket_says_what_matters() {
        for (changes, de, en) in [
            (json!({"status": {"old": "open", "new": "closed"}}), "hat das Ticket geschlossen", "closed the ticket"),
            (
                json!({"status": {"old": "closed", "new": "open"}, "priority": {"old": "low", "new": "high"}}),
                "hat das Ticket wieder geöffnet",
                "reopened the ticket",
            ),
            (json!({"status": "closed"}), "hat das Ticket geschlossen", "closed the ticket"),
            (json!({"agentId": {"old": null, "new": 1}}), "hat das Ticket zugewiesen", "assigned the ticket"),
            (json!({"agentId": {"old": 1, "new": null}}), "hat die Zuweisung des Tickets aufgehoben", "unassigned the ticket"),
            (json!({"tagIds": {"old": [], "new": [54]}}), "hat die Tags des Tickets geändert", "changed the tags of the ticket"),
            (
                json!({"priority": {"old": "low", "new": "high"}, "dueBy": {"old": null, "new": 0}}),
                "hat das Ticket geändert",
                "updated the ticket",
            ),
            (json!({"summary": {"old": null, "new": "x"}}), "hat das Ticket geändert", "updated the ticket"),
            (json!({"status": {"old": "open", "new": "melted"}}), "hat das Ticket geändert", "updated the ticket"),
            (json!({}), "hat das Ticket geändert", "updated the ticket"),
        ] {
            let data = json!({"changes": changes});
            assert_eq!(activity("ticketUpdated", Some(&data), "de"), de, "{data}");
            assert_eq!(activity("ticketUpdated", Some(&data), "en"), en, "{data}");
        }
        assert_eq!(activity("ticketUpdated", None, "en"), "updated the ticket");
        assert_eq!(activity("ticketUpdated", Some(&json!([1])), "en"), "updated the ticket");
    }

    #[test]
    fn details_are_translated() {
        let data = json!({"changes": {
            "status": {"old": "open", "new": "closed"},
            "agentId": {"old": null, "new": 1},
            "responderId": {"old": 1, "new": 7},
            "tagIds": {"old": [54], "new": [54, 55, 99]},
            "dueBy": {"old": "2026-01-13T17:28:51Z", "new": null},
            "isEscalated": {"old": false, "new": true},
            "ownField": {"old": 1, "new": {"a": 1}},
        }, "ticketId": null});
        assert_eq!(
            lines("ticketUpdated", &data, "de"),
            [
                "Status: Offen → Geschlossen",
                "Bearbeiter: Max Mustermann",
                "Beantwortet von: Max Mustermann → 7",
                "Tags: Umzug → Umzug, Abschlag, 99",
                "Frist: 13.01.2026 18:28 → –",
                "Eskaliert: Nein → Ja",
                "ownField: 1 → {\"a\":1}",
            ]
        );
        assert_eq!(
            lines("ticketUpdated", &data, "en"),
            [
                "Status: Open → Closed",
                "Agent: Max Mustermann",
                "Responder: Max Mustermann → 7",
                "Tags: Umzug → Umzug, Abschlag, 99",
                "Due by: 2026-01-13 18:28 → –",
                "Escalated: No → Yes",
                "ownField: 1 → {\"a\":1}",
            ]
        );
        let mut mentioned = Mentioned::default();
        mentions(Some(&data), &mut mentioned);
        assert_eq!(mentioned, Mentioned { profiles: BTreeSet::from([1, 7]), tags: BTreeSet::from([54, 55, 99]) });
    }

    #[test]
    fn a_setting_goes_by_its_name_for_people() {
        let data = json!({"name": "erpCacheSeconds", "old": 300, "new": 60});
        assert_eq!(lines("settingsUpdated", &data, "en"), ["Freshness (seconds): 300 → 60"]);
        let data = json!({"name": "ofANewerVersion", "old": null, "new": "x".repeat(300)});
        assert_eq!(lines("settingsUpdated", &data, "en"), [format!("ofANewerVersion: {}…", "x".repeat(200))]);
    }

    #[test]
    fn every_type_can_be_read() {
        assert_eq!(activity("accessTokenRevoked", None, "de"), "hat ein Zugriffstoken widerrufen");
        assert_eq!(activity("meterReadingImported", None, "en"), "triggered: meter reading imported");
        assert_eq!(activity("meterReadingImported", None, "de"), "hat ausgelöst: meter reading imported");
        for (index, phrase) in PHRASES.iter().enumerate() {
            assert!(PHRASES[..index].iter().all(|other| other.kind != phrase.kind), "{} is listed twice", phrase.kind);
        }
        assert!(shown("ticketUpdated", true) && shown("somethingNew", true));
        assert!(!shown("userSignedIn", false) && !shown("somethingNew", false));
    }

    #[test]
    fn data_of_any_shape_does_no_harm() {
        for data in [
            json!(null),
            json!(5),
            json!([]),
            json!({"changes": 5}),
            json!({"changes": {"status": {"old": "open"}}}),
            json!({"changes": []}),
        ] {
            activity("ticketUpdated", Some(&data), "de");
            details("ticketUpdated", Some(&data), &names(), "de");
            mentions(Some(&data), &mut Mentioned::default());
        }
    }
}
