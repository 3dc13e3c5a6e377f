//! One ticket of many: a pure function of the seed and its running number.

use chrono::{DateTime, Duration, Utc};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use uuid::Uuid;

use super::{
    Draw, Plan,
    calendar::Calendar,
    message::{self, Message},
    topic::Topic,
    writer::{People, Writer},
};
use crate::domain::ticket::store::load::LoadedTicket;

/// Tickets with `status=open` and `priority=urgent`, whatever the number of all.
const OPEN_AND_URGENT: f64 = 1_200.0;
/// Other open tickets of a large load: what a hundred people have before them.
const OTHER_OPEN: f64 = 10_800.0;
/// Pending tickets of a large load.
const PENDING: f64 = 6_000.0;
/// Mailbox that customers write to.
const SERVICE: &str = "service@stadtwerke.example";

/// What all tickets of a load are drawn from.
pub(super) struct Source {
    plan: Plan,
    people: People,
    calendar: Calendar,
    now: DateTime<Utc>,
    odds: Odds,
    /// Who works on tickets.
    pub(super) agents: Vec<i64>,
    /// Ids of [`Topic::tags`].
    pub(super) tags: Vec<i64>,
}

/// Chances that the newest ticket is still open, and how they fade with age.
#[derive(Debug)]
struct Odds {
    open: f64,
    urgent: f64,
    pending: f64,
    half_life: f64,
}

impl Odds {
    fn of(tickets: f64) -> Self {
        let (urgent, other, pending) = (OPEN_AND_URGENT.min(tickets / 8.0), OTHER_OPEN.min(tickets / 8.0), PENDING.min(tickets / 16.0));
        let open = urgent + other;
        // Open tickets are the newest ones for the most part: of the newest, six of ten.
        let half_life = open / 0.6;
        let reach = half_life * (1.0 - (-tickets / half_life).exp());
        Self { open: open / reach, urgent: urgent / open, pending: pending / reach, half_life }
    }
}

impl Source {
    /// Tickets that end now.
    pub(super) fn new(plan: Plan, now: DateTime<Utc>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "numbers of tickets are small")]
        let odds = Odds::of(plan.tickets as f64);
        Self { people: People::new(), calendar: Calendar::until(now), now, odds, plan, agents: Vec::new(), tags: Vec::new() }
    }

    /// The ticket with this running number, the oldest first.
    pub(super) fn ticket(&self, index: u64) -> LoadedTicket {
        // Neighbours must not begin alike: the generator's seed is stirred by an odd factor.
        let mut dice = StdRng::seed_from_u64(self.plan.seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let dice = &mut dice;
        #[expect(clippy::cast_precision_loss, reason = "numbers of tickets are small")]
        let (position, all) = (index as f64, self.plan.tickets as f64);
        let created_at = self.calendar.at((position + dice.random::<f64>()) / all);
        let english = dice.random_bool(0.04);
        let writer = self.people.draw(created_at, english, dice);
        let topic = Topic::draw(english, dice);
        let direction = match dice.random_range(0..100) {
            0..93 => "in",
            93..98 => "out",
            _ => "internal",
        };
        let channel = if topic.is_spam() || direction != "in" { "email" } else { channel(dice) };
        let message = if direction == "in" {
            message::from_customer(topic, &writer, channel, english, dice)
        } else {
            message::from_us(&writer, dice)
        };
        let mut ticket = outline(direction, channel, writer, message, dice);
        ticket.created_at = created_at;
        self.set_state(&mut ticket, topic, all - 1.0 - position, dice);
        self.set_people(&mut ticket, topic, dice);
        ticket.language = Some(if english { "English" } else { "German" });
        ticket.language_code = Some(if english { "en" } else { "de" });
        ticket
    }

    fn set_state(&self, ticket: &mut LoadedTicket, topic: &Topic, age: f64, dice: &mut Draw) {
        let faded = (-age / self.odds.half_life).exp();
        let roll = dice.random::<f64>();
        let answered = ticket.created_at + minutes(dice.random_range(20..4_000));
        ticket.first_response_due_by = Some(ticket.created_at + Duration::hours(24));
        ticket.due_by = Some(ticket.created_at + Duration::hours(if topic.tag == "Technische Störung" { 24 } else { 72 }));
        ticket.last_message_at = ticket.created_at;
        if roll < self.odds.open * faded {
            ticket.status = "open";
            let urgent = dice.random_bool(self.odds.urgent);
            ticket.priority = if urgent { "urgent" } else { priority(dice, 100) };
            ticket.ai_support_level = if dice.random_bool(0.6) { "unprocessed" } else { "human" };
            return;
        }
        ticket.priority = priority(dice, 103);
        ticket.ai_support_level = ["human", "human", "human", "human", "automated", "automated", "bot"][dice.random_range(0..7)];
        ticket.version = dice.random_range(2..6);
        let touched = answered.min(self.now);
        ticket.modified_at = Some(touched);
        ticket.last_message_at = touched;
        if roll < (self.odds.open + self.odds.pending) * faded {
            ticket.status = "pending";
        } else {
            ticket.status = "closed";
            ticket.closed_at = Some((touched + minutes(dice.random_range(0..2_000))).min(self.now));
            ticket.modified_at = ticket.closed_at;
        }
    }

    fn set_people(&self, ticket: &mut LoadedTicket, topic: &Topic, dice: &mut Draw) {
        if ticket.direction == "in" {
            ticket.last_customer_message_at = Some(ticket.created_at);
        }
        ticket.spam_status = if topic.is_spam() {
            Some(if dice.random_bool(0.8) { "auto_spam" } else { "manual_spam" })
        } else {
            dice.random_bool(0.9).then_some("auto_clean")
        };
        if topic.is_spam() {
            (ticket.contract_id, ticket.customer_id, ticket.legitimation) = (None, None, 0);
        }
        let assigned = if ticket.status == "open" { 0.35 } else { 0.8 };
        if !self.agents.is_empty() && dice.random_bool(assigned) {
            ticket.agent = Some(self.agents[dice.random_range(0..self.agents.len())]);
        }
        ticket.sentiment = Some(match topic.tag {
            "Beschwerde" => "negative",
            "Rechnung" | "Kündigung" | "Widerruf" if dice.random_bool(0.4) => "disappointed",
            _ if dice.random_bool(0.15) => "positive",
            _ => "neutral",
        });
        ticket.is_escalated = topic.tag == "Beschwerde" && dice.random_bool(0.1);
        if !self.tags.is_empty() {
            ticket.tags.extend(self.tags.get(topic.tag_index()));
            let second = self.tags[dice.random_range(0..self.tags.len())];
            if dice.random_bool(0.15) && !ticket.tags.contains(&second) {
                ticket.tags.push(second);
            }
        }
    }
}

fn minutes(number: i64) -> Duration {
    Duration::minutes(number)
}

fn channel(dice: &mut Draw) -> &'static str {
    match dice.random_range(0..100) {
        0..79 => "email",
        79..88 => "portal",
        88..93 => "phone",
        93..97 => "letter",
        _ => "chat",
    }
}

/// What is not urgent, out of a hundred; the rest above is.
fn priority(dice: &mut Draw, sides: u32) -> &'static str {
    match dice.random_range(0..sides) {
        0..25 => "low",
        25..80 => "medium",
        80..100 => "high",
        _ => "urgent",
    }
}

fn outline(direction: &'static str, channel: &'static str, writer: Writer, message: Message, dice: &mut Draw) -> LoadedTicket {
    let known = dice.random_bool(0.8);
    let their_address = if channel == "phone" { writer.phone } else { writer.email };
    let ours = if channel == "phone" { "+498999998100".to_owned() } else { SERVICE.to_owned() };
    let (from, to) = if direction == "in" { (their_address, ours) } else { (ours, their_address) };
    let colleague = channel == "email" && dice.random_bool(0.05);
    LoadedTicket {
        version: 1,
        status: "open",
        priority: "low",
        channel,
        direction,
        subject: message.subject,
        from_name: if direction == "in" { Some(writer.company.unwrap_or(writer.name)) } else { Some("Kundenservice".to_owned()) },
        from,
        to,
        cc: colleague.then(|| "hausverwaltung@example.com".to_owned()),
        channel_id: matches!(channel, "email" | "chat").then(|| Uuid::from_u128(dice.random()).to_string()),
        contract_id: known.then_some(writer.contract),
        customer_id: known.then_some(writer.customer),
        legitimation: if known { [0, 10, 11, 20, 20, 30][dice.random_range(0..6)] } else { 0 },
        agent: None,
        ai_support_level: "unprocessed",
        spam_status: None,
        is_escalated: false,
        sentiment: None,
        language: None,
        language_code: None,
        created_at: DateTime::UNIX_EPOCH,
        modified_at: None,
        first_response_due_by: None,
        due_by: None,
        closed_at: None,
        last_message_at: DateTime::UNIX_EPOCH,
        last_customer_message_at: None,
        tags: Vec::new(),
        body: message.html,
        body_plain: message.plain,
        body_clean: message.clean,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::mail;

    fn source(tickets: u64) -> Source {
        let now = "2026-01-13T17:28:51Z".parse().unwrap_or_default();
        let mut source = Source::new(Plan { tickets, seed: 1 }, now);
        source.agents = (1..=12).collect();
        source.tags = (101..=112).collect();
        source
    }

    #[test]
    fn the_same_number_is_the_same_ticket() {
        assert_eq!(source(1000).ticket(7), source(1000).ticket(7));
        assert_ne!(source(1000).ticket(7).body, source(1000).ticket(8).body);
    }

    /// A first page must cost the same whatever the number of tickets: what it is drawn from has the same size.
    #[test]
    fn open_and_urgent_are_about_as_many_in_a_small_load_as_in_a_large_one() {
        for tickets in [10_000, 60_000] {
            let source = source(tickets);
            let found = (0..tickets).map(|index| source.ticket(index));
            let found = found.filter(|ticket| ticket.status == "open" && ticket.priority == "urgent").count();
            assert!((1_050..=1_350).contains(&found), "{found} of {tickets}");
        }
    }

    #[test]
    fn a_load_looks_like_a_utilitys_mail() {
        let source = source(8_000);
        let tickets: Vec<LoadedTicket> = (0..8_000).map(|index| source.ticket(index)).collect();
        let share = |count: usize| count * 100 / tickets.len();
        let mut channels: HashMap<&str, usize> = HashMap::new();
        for ticket in &tickets {
            *channels.entry(ticket.channel).or_default() += 1;
        }
        assert!((75..=86).contains(&share(channels["email"])), "{channels:?}");
        assert_eq!(channels.len(), 5, "{channels:?}");
        let mut lengths: Vec<usize> = tickets.iter().map(|ticket| ticket.body.len()).collect();
        lengths.sort_unstable();
        assert!((850..=1150).contains(&lengths[4_000]), "median {}", lengths[4_000]);
        assert!(tickets.iter().all(|ticket| !ticket.body.contains(['{', '\0']) && !ticket.subject.contains('{')));
        assert!(tickets.windows(2).all(|pair| pair[0].created_at <= pair[1].created_at));
        assert!(tickets.iter().all(|ticket| ticket.created_at <= source.now && ticket.closed_at.is_none_or(|at| at <= source.now)));
        let by_night = tickets.iter().filter(|ticket| ticket.created_at.format("%H").to_string().as_str() < "04").count();
        assert!(share(by_night) < 4, "{by_night} at night");
        let distinct: std::collections::HashSet<&str> = tickets.iter().map(|ticket| ticket.body.as_str()).collect();
        for ticket in tickets.iter().step_by(20) {
            let read = mail::read_body(&ticket.body);
            assert_eq!(read.html.as_ref(), Some(&ticket.body));
            assert_eq!(read.plain.as_ref(), Some(&ticket.body_plain));
            assert_eq!(read.clean.as_ref(), Some(&ticket.body_clean));
        }
        assert!(distinct.len() > 7_900, "{} bodies", distinct.len());
    }
}
