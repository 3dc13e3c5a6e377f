//! What changes of a ticket, and how: pure decisions.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound as _, Utc};
use chrono_tz::Europe::Berlin;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Channel, Direction, NewTicket, Priority, SpamStatus, Status, TicketPatch};
use crate::http::date::AnyDate;

/// The part of a ticket that people and messages change. Read from and written to the database as one JSON object, whose
/// keys are the names on the wire; [`changes`] compares two of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names and units are those of wire.rs")]
pub struct Work {
    pub status: Status,
    pub priority: Priority,
    pub channel: Channel,
    pub direction: Direction,
    pub subject: Option<String>,
    pub from: Option<String>,
    pub from_name: Option<String>,
    pub to: Vec<String>,
    pub cc_emails: Vec<String>,
    pub bcc_emails: Vec<String>,
    pub subchannel_id: Option<i64>,
    pub channel_id: Option<String>,
    pub contract_id: Option<String>,
    pub customer_id: Option<String>,
    pub agent_id: Option<i64>,
    pub spam_status: Option<SpamStatus>,
    pub is_escalated: bool,
    pub due_by: Option<DateTime<Utc>>,
    pub first_response_due_by: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub additional_data: Map<String, Value>,
    pub tag_ids: BTreeSet<i64>,
}

/// A tag with what it does to a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagEffect {
    /// Tag.
    pub id: i64,
    /// What the ticket's priority becomes; none = the tag leaves it alone.
    pub priority: Option<Priority>,
}

impl Work {
    /// A ticket as it arrives.
    pub fn of(new: &NewTicket, now: DateTime<Utc>) -> Self {
        let status = new.status.unwrap_or_default();
        Self {
            status,
            priority: new.priority.unwrap_or_default(),
            channel: new.channel.unwrap_or(Channel::Email),
            direction: new.direction.unwrap_or_default(),
            subject: new.subject.clone(),
            from: new.from.clone(),
            from_name: new.from_name.clone(),
            to: new.to.clone().unwrap_or_default(),
            cc_emails: new.cc.clone().unwrap_or_default(),
            bcc_emails: new.bcc.clone().unwrap_or_default(),
            subchannel_id: new.subchannel_id,
            channel_id: new.channel_id.clone(),
            contract_id: new.contract_id.as_ref().map(ToString::to_string),
            customer_id: new.customer_id.as_ref().map(ToString::to_string),
            agent_id: None,
            spam_status: None,
            is_escalated: false,
            due_by: new.due_by.map(|due| deadline(None, due)),
            first_response_due_by: new.first_response_due_by.map(|due| deadline(None, due)),
            closed_at: (status == Status::Closed).then_some(now),
            additional_data: new.additional_data.clone().unwrap_or_default(),
            tag_ids: new.tags.iter().flatten().copied().collect(),
        }
    }

    /// Takes over what a message with a known `externalTicketId` says; what it does not say stays.
    pub fn update(&mut self, new: &NewTicket, now: DateTime<Utc>) {
        fn set<T: Clone>(field: &mut T, given: Option<&T>) {
            if let Some(given) = given {
                field.clone_from(given);
            }
        }
        fn set_some<T: Clone>(field: &mut Option<T>, given: Option<T>) {
            if given.is_some() {
                *field = given;
            }
        }
        set(&mut self.priority, new.priority.as_ref());
        set(&mut self.channel, new.channel.as_ref());
        set(&mut self.direction, new.direction.as_ref());
        set_some(&mut self.subject, new.subject.clone());
        set_some(&mut self.from, new.from.clone());
        set_some(&mut self.from_name, new.from_name.clone());
        set(&mut self.to, new.to.as_ref());
        set(&mut self.cc_emails, new.cc.as_ref());
        set(&mut self.bcc_emails, new.bcc.as_ref());
        set_some(&mut self.subchannel_id, new.subchannel_id);
        set_some(&mut self.channel_id, new.channel_id.clone());
        set_some(&mut self.contract_id, new.contract_id.as_ref().map(ToString::to_string));
        set_some(&mut self.customer_id, new.customer_id.as_ref().map(ToString::to_string));
        self.due_by = new.due_by.map_or(self.due_by, |due| Some(deadline(self.due_by, due)));
        self.first_response_due_by =
            new.first_response_due_by.map_or(self.first_response_due_by, |due| Some(deadline(self.first_response_due_by, due)));
        set(&mut self.additional_data, new.additional_data.as_ref());
        // Added: the sender's system does not know those that people have set since.
        self.tag_ids.extend(new.tags.iter().flatten());
        if let Some(status) = new.status {
            self.move_to(status, now);
        }
    }

    /// Takes over what somebody changes.
    pub fn apply(&mut self, patch: &TicketPatch, now: DateTime<Utc>) {
        if let Some(contract) = &patch.contract_id {
            self.contract_id = contract.as_ref().map(ToString::to_string);
        }
        if let Some(customer) = &patch.customer_id {
            self.customer_id = customer.as_ref().map(ToString::to_string);
        }
        if let Some(agent) = patch.assignee() {
            self.agent_id = agent;
        }
        if let Some(spam) = patch.spam_status {
            self.spam_status = spam;
        }
        if let Some(due) = patch.due_by {
            self.due_by = due.map(|due| deadline(self.due_by, due));
        }
        if let Some(due) = patch.first_response_due_by {
            self.first_response_due_by = due.map(|due| deadline(self.first_response_due_by, due));
        }
        if let Some(data) = &patch.additional_data {
            self.additional_data.clone_from(data);
        }
        self.is_escalated = patch.is_escalated.unwrap_or(self.is_escalated);
        self.priority = patch.priority.unwrap_or(self.priority);
        if let Some(tags) = &patch.tag_ids {
            self.tag_ids = tags.iter().copied().collect();
        }
        self.tag_ids.extend(patch.add_tag_ids.iter().flatten());
        self.tag_ids.retain(|tag| !patch.remove_tag_ids.iter().flatten().any(|gone| gone == tag));
        if let Some(status) = patch.status {
            self.move_to(status, now);
        }
    }

    /// What tags that came new say about the priority; the most urgent counts. A priority given in the same request wins.
    pub fn follow_tags(&mut self, before: &BTreeSet<i64>, effects: &[TagEffect]) {
        let new = effects.iter().filter(|effect| self.tag_ids.contains(&effect.id) && !before.contains(&effect.id));
        self.priority = new.filter_map(|effect| effect.priority).max().unwrap_or(self.priority);
    }

    fn move_to(&mut self, status: Status, now: DateTime<Utc>) {
        self.closed_at = match (status, self.closed_at) {
            (Status::Closed, Some(at)) => Some(at),
            (Status::Closed, None) => Some(now),
            _ => None,
        };
        self.status = status;
    }
}

/// Deadlines are shown to the second on the clocks of Berlin, which show an hour of October twice. A ticket that is sent
/// back as it was read must not differ.
fn deadline(old: Option<DateTime<Utc>>, date: AnyDate) -> DateTime<Utc> {
    let new = date.0.trunc_subsecs(0);
    let shown = |date: DateTime<Utc>| date.with_timezone(&Berlin).naive_local();
    old.filter(|old| shown(*old) == shown(new)).unwrap_or(new)
}

/// Every field that differs, with its old and new value, under its name on the wire.
pub fn changes(old: &Work, new: &Work) -> Map<String, Value> {
    let fields = |work: &Work| match serde_json::to_value(work) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (old, new) = (fields(old), fields(new));
    let differs = |(name, value): (String, Value)| {
        let before = &old[&name];
        (*before != value).then(|| (name.clone(), json!({"old": before, "new": value})))
    };
    new.into_iter().filter_map(differs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn patch(value: Value) -> TicketPatch {
        TicketPatch::read(value, "").unwrap()
    }

    #[test]
    fn closing_notes_when_and_opening_forgets_it() {
        let mut work = Work::of(&NewTicket::default(), at(0));
        work.apply(&patch(json!({"status": "closed"})), at(5));
        assert_eq!(work.closed_at, Some(at(5)));
        work.apply(&patch(json!({"status": "resolved"})), at(9));
        assert_eq!(work.closed_at, Some(at(5)), "closed stays closed since the first time");
        work.apply(&patch(json!({"status": "waiting"})), at(10));
        assert_eq!((work.status, work.closed_at), (Status::Pending, None));
    }

    #[test]
    fn tags_are_replaced_added_and_taken_away() {
        let mut work = Work::of(&NewTicket { tags: Some(vec![1, 2]), ..NewTicket::default() }, at(0));
        work.apply(&patch(json!({"addTagIds": [3], "removeTagIds": [1]})), at(1));
        assert_eq!(work.tag_ids, BTreeSet::from([2, 3]));
        work.apply(&patch(json!({"tagIds": [7, 7]})), at(1));
        assert_eq!(work.tag_ids, BTreeSet::from([7]));
    }

    #[test]
    fn a_new_tag_moves_the_priority() {
        let mut work = Work::of(&NewTicket { tags: Some(vec![1]), ..NewTicket::default() }, at(0));
        let effects = [(1, Some(Priority::Urgent)), (2, Some(Priority::High)), (3, None)];
        let effects = effects.map(|(id, priority)| TagEffect { id, priority });
        let before = BTreeSet::from([1]);
        work.tag_ids = BTreeSet::from([1, 2, 3]);
        work.follow_tags(&before, &effects);
        assert_eq!(work.priority, Priority::High, "the tag it had already says nothing anew");
    }

    #[test]
    fn a_change_names_old_and_new() {
        let old = Work::of(&NewTicket::default(), at(0));
        let mut new = old.clone();
        new.apply(&patch(json!({"status": "closed", "priority": "low"})), at(5));
        let changes = changes(&old, &new);
        assert_eq!(changes["status"], json!({"old": "open", "new": "closed"}));
        assert!(!changes.contains_key("priority"), "{changes:?}");
    }

    #[test]
    fn a_whole_ticket_sent_back_changes_nothing() {
        let old = Work::of(&NewTicket::default(), at(0));
        let mut new = old.clone();
        new.apply(&patch(json!({"id": 5, "version": 3, "workedOnBy": [], "agentId": null, "tagIds": [], "tags": [], "body": "x"})), at(5));
        assert_eq!(old, new);
    }
}
