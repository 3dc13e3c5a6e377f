//! How it is written: greeting, sentences, closing, signature and quoted mail, as HTML, as plain text and cleaned.

use std::fmt::Write as _;

use rand::{RngExt as _, seq::IndexedRandom as _};

use super::{Draw, phrases, phrases_english, topic::Topic, writer::Writer};

/// A tone somebody writes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Formal,
    Friendly,
    Brusque,
    Verbose,
    Mobile,
    Business,
}

/// A message in the three forms that a ticket keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// First line.
    pub(super) subject: String,
    /// HTML.
    pub(super) html: String,
    /// Text.
    pub(super) plain: String,
    /// Text without quoted mail, signature and footer.
    pub(super) clean: String,
}

#[derive(Default)]
struct Parts {
    /// Paragraphs of lines.
    text: Vec<Vec<String>>,
    signature: Vec<String>,
    quote: Vec<String>,
}

/// A message from a customer.
pub(super) fn from_customer(topic: &Topic, writer: &Writer, channel: &str, english: bool, dice: &mut Draw) -> Message {
    let voice = Voice::draw(writer, dice);
    let chatter: &[&str] = if english { &phrases_english::CHATTER } else { &phrases::CHATTER };
    let mut parts = Parts::default();
    let one = |list: &[&'static str], dice: &mut Draw| list.choose(dice).copied().unwrap_or_default();
    let greeting = voice.greeting(english, dice);
    let opening = writer.fill(one(topic.openings, dice));
    let opening = if greeting.is_empty() { capitalised(&opening) } else { opening };
    if !greeting.is_empty() {
        parts.text.push(vec![greeting.to_owned()]);
    }
    if channel == "phone" {
        parts.text.insert(0, vec![writer.fill("Telefonnotiz: Anruf von {name}, Rückruf unter {phone}.")]);
    }
    let mut sentences = vec![opening];
    sentences.extend(topic.details.sample(dice, voice.details(channel)).map(|phrase| writer.fill(phrase)));
    parts.text.push(vec![sentences.join(" ")]);
    let said: Vec<String> = if topic.is_spam() || channel == "chat" {
        Vec::new()
    } else {
        let number = dice.random_range(voice.chatter() / 3..=voice.chatter());
        chatter.sample(dice, number).map(|phrase| writer.fill(phrase)).collect()
    };
    for pair in said.chunks(2) {
        parts.text.push(vec![pair.join(" ")]);
    }
    parts.text.push(vec![writer.fill(one(topic.asks, dice))]);
    voice.close(&mut parts, writer, channel, english, dice);
    if channel == "email" && dice.random_bool(0.22) {
        quote(&mut parts, writer, english);
    }
    let subject = writer.fill(one(topic.subjects, dice));
    parts.render(subject, voice == Voice::Mobile)
}

/// A message from the supplier's people.
pub(super) fn from_us(writer: &Writer, dice: &mut Draw) -> Message {
    let (subject, sentence) = phrases::FROM_US.choose(dice).copied().unwrap_or_default();
    let mut parts = Parts::default();
    parts.text.push(vec![format!("Guten Tag {},", writer.name)]);
    parts.text.push(vec![writer.fill(sentence)]);
    parts.text.push(vec!["Bitte antworten Sie einfach auf diese Nachricht, wir kümmern uns gern.".to_owned()]);
    parts.text.push(vec!["Mit freundlichen Grüßen".to_owned()]);
    parts.signature = ["Ihr Kundenservice", "Stadtwerke Musterland GmbH", "Energieallee 1, 10115 Berlin", "Amtsgericht Berlin, HRB 123456"]
        .map(str::to_owned)
        .into();
    parts.render(writer.fill(subject), false)
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

impl Voice {
    fn draw(writer: &Writer, dice: &mut Draw) -> Self {
        if writer.company.is_some() {
            return Self::Business;
        }
        match dice.random_range(0..100) {
            0..34 => Self::Formal,
            34..60 => Self::Friendly,
            60..70 => Self::Brusque,
            70..84 => Self::Verbose,
            _ => Self::Mobile,
        }
    }

    fn greeting(self, english: bool, dice: &mut Draw) -> &'static str {
        let list: &[&'static str] = match (self, english) {
            (Self::Brusque, _) => &[""],
            (Self::Mobile, true) => &["hi,"],
            (_, true) => &["Dear Sir or Madam,", "Hello,", "Dear team,"],
            (Self::Formal | Self::Business, _) => &["Sehr geehrte Damen und Herren,", "Guten Tag,"],
            (Self::Verbose, _) => &["Sehr geehrte Damen und Herren,", "Sehr geehrte Damen und Herren des Kundenservice,"],
            (Self::Friendly, _) => &["Hallo,", "Liebes Service-Team,", "Hallo zusammen,", "Guten Tag liebes Team,"],
            (Self::Mobile, _) => &["hallo,", "hi,", "guten tag,"],
        };
        list.choose(dice).copied().unwrap_or_default()
    }

    fn details(self, channel: &str) -> usize {
        match (self, channel) {
            (_, "chat") => 1,
            (Self::Brusque | Self::Mobile, _) => 2,
            (Self::Verbose, _) => 5,
            _ => 3,
        }
    }

    fn chatter(self) -> usize {
        match self {
            Self::Brusque => 2,
            Self::Mobile => 4,
            Self::Formal | Self::Friendly | Self::Business => 11,
            Self::Verbose => 16,
        }
    }

    fn close(self, parts: &mut Parts, writer: &Writer, channel: &str, english: bool, dice: &mut Draw) {
        if matches!(channel, "chat" | "phone") {
            return;
        }
        let closing = match (self, english) {
            (Self::Brusque, _) => "",
            (Self::Mobile, true) => "thanks",
            (_, true) => "Kind regards",
            (Self::Mobile, _) => "lg",
            (Self::Friendly, _) => ["Viele Grüße", "Liebe Grüße", "Beste Grüße"].choose(dice).copied().unwrap_or_default(),
            (Self::Verbose, _) => "Hochachtungsvoll",
            _ => "Mit freundlichen Grüßen",
        };
        if !closing.is_empty() {
            parts.text.push(vec![closing.to_owned()]);
        }
        parts.signature.push(writer.name.clone());
        let (street, city) = &writer.address;
        match self {
            Self::Mobile => parts.signature.push(if english { "Sent from my iPhone" } else { "Von meinem iPhone gesendet" }.to_owned()),
            Self::Business => {
                parts.signature.extend(writer.company.clone());
                parts.signature.push(format!("{street}, {city}"));
                parts.signature.push(format!("Tel. {}", writer.phone));
                parts.signature.push(
                    "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, löschen Sie sie bitte."
                        .to_owned(),
                );
            }
            Self::Formal | Self::Verbose => {
                parts.signature.push(street.clone());
                parts.signature.push(city.clone());
            }
            Self::Friendly | Self::Brusque => {}
        }
    }
}

fn quote(parts: &mut Parts, writer: &Writer, english: bool) {
    parts.quote = if english {
        vec![
            writer.fill("On {date} Stadtwerke Musterland <service@stadtwerke.example> wrote:"),
            format!("Guten Tag {},", writer.name),
            writer.fill("bitte teilen Sie uns zu Ihrem Vertrag {contract} noch die fehlenden Angaben mit."),
        ]
    } else {
        vec![
            writer.fill("Am {date} um 10:14 schrieb Stadtwerke Musterland <service@stadtwerke.example>:"),
            format!("Guten Tag {},", writer.name),
            writer.fill("vielen Dank für Ihre Nachricht zu Ihrem Vertrag {contract}. Wir benötigen noch eine Angabe von Ihnen."),
            "Mit freundlichen Grüßen, Ihr Kundenservice".to_owned(),
        ]
    };
}

impl Parts {
    fn render(self, subject: String, lower: bool) -> Message {
        let mut plain = self.text.iter().map(|lines| lines.join("\n")).collect::<Vec<_>>().join("\n\n");
        let mut clean = plain.clone();
        let mut html = String::with_capacity(plain.len() * 2);
        for lines in &self.text {
            paragraph(&mut html, "p", lines);
        }
        if !self.signature.is_empty() {
            plain.push_str("\n\n");
            plain.push_str(&self.signature.join("\n"));
            // A name says who writes and stays; what stands below it does not.
            clean.push_str("\n\n");
            clean.push_str(&self.signature[0]);
            paragraph(&mut html, "p", &self.signature);
        }
        if !self.quote.is_empty() {
            plain.push_str("\n\n");
            plain.push_str(&self.quote.iter().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n"));
            paragraph(&mut html, "blockquote", &self.quote);
        }
        if lower {
            let soft = |text: &str| text.to_lowercase().replace('ß', "ss");
            return Message { subject: soft(&subject), html: soft(&html), plain: soft(&plain), clean: soft(&clean) };
        }
        Message { subject, html, plain, clean }
    }
}

/// As the cleaning of incoming HTML leaves it.
fn paragraph(html: &mut String, element: &str, lines: &[String]) {
    // Writing to a String cannot fail.
    let _ = write!(html, "<{element}>");
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            html.push_str("<br>");
        }
        for letter in line.chars() {
            match letter {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                other => html.push(other),
            }
        }
    }
    let _ = write!(html, "</{element}>");
}
