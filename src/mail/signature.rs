//! Signatures, and the footers of mail programs and lawyers.
//!
//! Rules are tables. A closing line (`Mit freundlichen Grüßen`) and the name below it stay; what follows goes if it
//! looks like a business card. Numbers of customers, contracts and meters stay wherever they stand: people put them
//! into their signature, and they are what a ticket is about.

/// What stands alone above a signature (RFC 3676); many programs lose the space.
pub(super) const MARK: &str = "-- ";

/// Longest signature below [`MARK`]; a longer text after two dashes is a text.
const SIGNATURE_LINES: usize = 25;

/// Beginnings of a closing line.
const CLOSINGS: [&str; 38] = [
    "mit freundlichen grüßen",
    "mit freundlichen grüssen",
    "mit freundlichen gruessen",
    "mit freundlichem gruß",
    "mit freundlichem gruss",
    "mit freundlichsten grüßen",
    "mit besten grüßen",
    "mit besten grüssen",
    "mit bestem gruß",
    "mit vielen grüßen",
    "mit lieben grüßen",
    "mit herzlichen grüßen",
    "freundliche grüße",
    "freundliche grüsse",
    "freundlichen gruß",
    "viele grüße",
    "viele grüsse",
    "vielen dank und",
    "beste grüße",
    "beste grüsse",
    "besten gruß",
    "liebe grüße",
    "lieben gruß",
    "herzliche grüße",
    "herzlichst",
    "schöne grüße",
    "schönen gruß",
    "sonnige grüße",
    "hochachtungsvoll",
    "es grüßt",
    "best regards",
    "kind regards",
    "warm regards",
    "best wishes",
    "yours sincerely",
    "yours faithfully",
    "sincerely",
    "many thanks and",
];
/// The same as single words, which must be all there is but a name.
const SHORT_CLOSINGS: [&str; 12] = ["mfg", "lg", "vg", "gruß", "gruss", "grüße", "grüsse", "gruesse", "regards", "cheers", "rgds", "bg"];

/// Parts of a line that make it one of a business card.
const CARD: [&str; 28] = [
    "@",
    "www.",
    "http://",
    "https://",
    "tel.",
    "tel:",
    "telefon",
    "fax",
    "mobil",
    "handy",
    "phone",
    "cell",
    "gmbh",
    "hrb ",
    "amtsgericht",
    "geschäftsführ",
    "ust-id",
    "ustid",
    "steuernummer",
    "straße",
    "strasse",
    "str. ",
    " platz ",
    " weg ",
    "allee",
    "handelsregister",
    "e.v.",
    "vorstand",
];

/// Parts of a line that stays although it stands in a signature.
const FACTS: [&str; 22] = [
    "kundennummer",
    "kunden-nr",
    "kundennr",
    "kunden nr",
    "kd-nr",
    "kd.-nr",
    "kdnr",
    "vertragsnummer",
    "vertrags-nr",
    "vertragsnr",
    "vertragskonto",
    "zählernummer",
    "zähler-nr",
    "zählernr",
    "zählerstand",
    "rechnungsnummer",
    "rechnungs-nr",
    "marktlokation",
    "malo",
    "customer n",
    "contract n",
    "meter n",
];

/// Beginnings of lines after which a program or a machine is named.
const SENT_WITH: [&str; 16] = [
    "gesendet von",
    "gesendet mit",
    "gesendet über",
    "gesendet aus",
    "gesendet vom",
    "von meinem",
    "von meiner",
    "vom iphone",
    "von samsung",
    "diese nachricht wurde von meinem",
    "diese e-mail wurde von meinem",
    "sent from",
    "sent with",
    "sent using",
    "sent via",
    "sent by",
];
const MACHINES: [&str; 37] = [
    "iphone",
    "ipad",
    "apple",
    "samsung",
    "galaxy",
    "huawei",
    "xiaomi",
    "redmi",
    "oneplus",
    "pixel",
    "fairphone",
    "motorola",
    "nokia",
    "sony",
    "oppo",
    "honor",
    "htc",
    "lg-",
    "lumia",
    "android",
    "smartphone",
    "handy",
    "mobile",
    "mobil",
    "tablet",
    "blackberry",
    "windows",
    "outlook",
    "mail app",
    "gmx",
    "web.de",
    "yahoo",
    "freenet",
    "t-online",
    "telekom",
    "protonmail",
    "proton mail",
];
/// Beginnings of footers that need no second sign.
const FOOTERS: [&str; 16] = [
    "get outlook for",
    "holen sie sich outlook",
    "laden sie outlook für",
    "outlook für ios herunterladen",
    "outlook für android herunterladen",
    "outlook für ios beziehen",
    "outlook für android beziehen",
    "diese e-mail wurde von avast",
    "diese e-mail wurde auf viren geprüft",
    "diese email wurde von avast",
    "this email has been checked for viruses",
    "virenfrei. www.avast",
    "virenfrei.www.avast",
    "virus-free. www.avast",
    "virus-free.www.avast",
    "yahoo mail: suchen, organisieren",
];
/// Beginnings of paragraphs of lawyers and of friends of trees.
const DISCLAIMERS: [&str; 26] = [
    "diese e-mail enthält vertrauliche",
    "diese email enthält vertrauliche",
    "diese mail enthält vertrauliche",
    "diese nachricht enthält vertrauliche",
    "diese nachricht kann vertrauliche",
    "diese e-mail kann vertrauliche",
    "diese e-mail ist vertraulich",
    "diese e-mail und alle anlagen",
    "diese e-mail und etwaige anhänge",
    "der inhalt dieser e-mail ist vertraulich",
    "der inhalt dieser e-mail ist ausschließlich",
    "wenn sie nicht der richtige adressat",
    "sollten sie nicht der richtige adressat",
    "sollten sie nicht der vorgesehene",
    "vertraulichkeitshinweis",
    "bitte denken sie an die umwelt",
    "bitte denken sie an unsere umwelt",
    "denken sie an die umwelt",
    "bitte prüfen sie der umwelt zuliebe",
    "this e-mail and any attachments",
    "this email and any attachments",
    "this e-mail may contain confidential",
    "this message is intended only",
    "if you are not the intended recipient",
    "confidentiality notice",
    "please consider the environment",
];

/// Longest line that one of the tables above can mean as a whole.
const LINE: usize = 300;

fn lower(line: &str) -> String {
    if line.len() > LINE { String::new() } else { line.trim().trim_start_matches(['*', '_']).to_lowercase() }
}

fn begins_with(line: &str, table: &[&str]) -> bool {
    table.iter().any(|words| line.starts_with(words))
}

fn holds(line: &str, table: &[&str]) -> bool {
    table.iter().any(|part| line.contains(part))
}

fn is_footer(line: &str) -> bool {
    let line = lower(line);
    let words = line.split_whitespace().count();
    let sent = words <= 14 && begins_with(&line, &SENT_WITH) && holds(&line, &MACHINES);
    // `Von meinem iPhone gesendet` is a footer; `Von meinem Handy aus kann ich nichts sehen` is a complaint.
    let own = line.starts_with("von ") || line.starts_with("vom ");
    let ends_so = line.trim_end_matches('.').ends_with("gesendet") || line.trim_end_matches('.').ends_with("geschickt");
    sent && (!own || ends_so) && !line.ends_with('?') || begins_with(&line, &FOOTERS) && words <= 25 || line == "www.avast.com"
}

/// Whether the line begins a paragraph that says nothing to the receiver. Lines of those paragraphs are long.
fn is_disclaimer(line: &str) -> bool {
    let start: String = line.trim().trim_start_matches(['*', '_']).chars().take(60).collect();
    begins_with(&start.to_lowercase(), &DISCLAIMERS)
}

fn is_closing(line: &str) -> bool {
    let line = lower(line);
    let words = line.split_whitespace().count();
    let word = line.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    begins_with(&line, &CLOSINGS) && words <= 9 || SHORT_CLOSINGS.contains(&word) && words <= 4 && !line.ends_with('?')
}

fn is_mark(line: &str) -> bool {
    line == MARK || line == MARK.trim_end()
}

/// A name, and not a sentence or a card.
fn is_name(line: &str) -> bool {
    let line = lower(line);
    let words = line.split_whitespace().count();
    (1..=6).contains(&words) && !line.contains(|c: char| c.is_ascii_digit() || ":@".contains(c)) && !line.ends_with(['?', '!'])
}

fn is_card(line: &str) -> bool {
    let line = lower(line) + " ";
    let digits = line.chars().filter(char::is_ascii_digit).count();
    let post_code = line.split_whitespace().next().is_some_and(|word| word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit()));
    holds(&line, &CARD) || post_code || digits >= 6 && line.starts_with(['+', '0', '('])
}

fn is_fact(line: &str) -> bool {
    holds(&lower(line), &FACTS)
}

/// Something to read: a postscript, or a sentence.
fn is_prose(line: &str) -> bool {
    let text = lower(line);
    let words = line.split_whitespace().count();
    let postscript = ["ps", "p.s", "nachtrag", "anlage", "anhang"]
        .iter()
        .any(|start| text.strip_prefix(start).is_some_and(|rest| rest.starts_with([':', '.', ' ', 'n'])));
    postscript || words >= 5 && line.trim_end().ends_with(['.', '?', '!', ':']) || words >= 12
}

/// Lines of a sender's own part, without signature and footers.
pub(super) fn strip<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut kept = without_footers(lines);
    if let Some(at) = kept.iter().position(|line| is_mark(line))
        && kept[at..].iter().filter(|line| !line.trim().is_empty()).count() <= SIGNATURE_LINES
    {
        let facts: Vec<&str> = kept[at..].iter().copied().filter(|line| is_fact(line)).collect();
        kept.truncate(at);
        kept.extend(facts);
    }
    without_card(kept)
}

fn without_footers<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut footers = Footers::default();
    lines.iter().copied().filter(|line| footers.leave(line)).collect()
}

/// Tells footers from text, line by line.
#[derive(Default)]
struct Footers {
    in_disclaimer: bool,
}

impl Footers {
    /// Whether the next line is none.
    fn leave(&mut self, line: &str) -> bool {
        if line.trim().is_empty() {
            self.in_disclaimer = false;
        } else if is_disclaimer(line) {
            self.in_disclaimer = true;
        }
        !self.in_disclaimer && !is_footer(line)
    }
}

/// Takes the business card away from below the last closing line and its name.
fn without_card(lines: Vec<&str>) -> Vec<&str> {
    let Some(closing) = lines.iter().rposition(|line| is_closing(line)) else { return lines };
    let filled = |from: usize| lines[from..].iter().position(|line| !line.trim().is_empty()).map(|found| from + found);
    let Some(name) = filled(closing + 1) else { return lines };
    let card = if is_name(lines[name]) && !is_card(lines[name]) { name + 1 } else { name };
    let end = lines[card..].iter().position(|line| is_prose(line) && !is_card(line)).map_or(lines.len(), |found| card + found);
    if !lines[card..end].iter().any(|line| is_card(line)) {
        return lines;
    }
    let facts = lines[card..end].iter().filter(|line| is_fact(line));
    lines[..card].iter().chain(facts).chain(&lines[end..]).copied().collect()
}

/// Whether a part says more than a closing line and a name, asked while it is read line by line. It says what [`strip`]
/// would leave before a closing line; to strip all that was read at each question takes time in the square.
#[derive(Default)]
pub(super) struct Said {
    footers: Footers,
    /// Settled by the first line that is text or a closing line.
    above_mark: Option<bool>,
    below_mark: Option<BelowMark>,
}

/// What stands below [`MARK`]: a signature, of which facts stay, or with more lines a text.
#[derive(Default)]
struct BelowMark {
    lines: usize,
    by_fact: Option<bool>,
    by_text: Option<bool>,
}

impl Said {
    /// Reads the next line.
    pub(super) fn read(&mut self, line: &str) {
        if self.above_mark.is_some() || !self.footers.leave(line) {
            return;
        }
        if self.below_mark.is_none() && is_mark(line) {
            self.below_mark = Some(BelowMark::default());
        }
        let speaks = line.chars().any(char::is_alphanumeric);
        let says = || speaks.then(|| !is_closing(line));
        if let Some(below) = &mut self.below_mark {
            below.lines += usize::from(!line.trim().is_empty());
            below.by_text = below.by_text.or_else(says);
            if below.by_fact.is_none() && is_fact(line) {
                below.by_fact = says();
            }
        } else {
            self.above_mark = says();
        }
    }

    /// Whether the lines so far say something.
    pub(super) fn something(&self) -> bool {
        let below = self.below_mark.as_ref().and_then(|below| if below.lines <= SIGNATURE_LINES { below.by_fact } else { below.by_text });
        self.above_mark.or(below).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::{Said, is_closing, strip};

    /// What [`Said`] has to say, from the start at each question.
    fn says_something(part: &[&str]) -> bool {
        strip(part).iter().take_while(|line| !is_closing(line)).any(|line| line.chars().any(char::is_alphanumeric))
    }

    #[test]
    fn what_was_said_is_the_same_line_by_line_as_at_once() {
        let long = ["a"; 24];
        let steps: [&[&str]; 11] = [
            &["Hallo"],
            &[""],
            &["LG"],
            &["--"],
            &["..."],
            &["Kundennummer 5"],
            &["lg kundennummer 5"],
            &["Tel. 030 123456"],
            &["Von meinem iPhone gesendet"],
            &["Bitte denken Sie an die Umwelt"],
            &long,
        ];
        for number in 0..steps.len().pow(4) {
            let mut said = Said::default();
            let mut part = Vec::new();
            for place in 0..4 {
                for line in steps[number / steps.len().pow(place) % steps.len()] {
                    said.read(line);
                    part.push(*line);
                }
                assert_eq!(said.something(), says_something(&part), "{part:?}");
            }
        }
    }
}
