//! Where quoted mail begins and ends in a text.
//!
//! Quotes with a `>` before each line end where the marks end: what follows is an answer and stays. Quotes without marks
//! go to the end of the message. Where a head of a quote has nothing of the sender's above it, the message is a
//! forwarded one or a letter with a head of its own, and stays whole.

use super::signature::{self, Said};

/// Lines between dashes that say: here begins another mail.
const SEPARATORS: [&str; 13] = [
    "ursprüngliche nachricht",
    "ursprungliche nachricht",
    "urspruengliche nachricht",
    "ursprüngliche mail",
    "ursprüngliche e-mail",
    "originalnachricht",
    "original-nachricht",
    "original message",
    "original email",
    "weitergeleitete nachricht",
    "weitergeleitete e-mail",
    "forwarded message",
    "reply message",
];
/// The same without dashes, as Apple writes it.
const APPLE: [&str; 3] = ["anfang der weitergeleiteten nachricht:", "anfang der weitergeleiteten e-mail:", "begin forwarded message:"];

const SENDER: [&str; 2] = ["von", "from"];
const DATE: [&str; 5] = ["gesendet", "datum", "sent", "date", "gesendet am"];
const OTHER: [&str; 9] = ["an", "to", "cc", "kopie", "bcc", "betreff", "subject", "antwort an", "reply-to"];

/// Longest line, and most lines, that can introduce a quote.
const HEAD_CHARS: usize = 400;
const HEAD_LINES: usize = 4;

/// Most lines that are searched; a text of more is kept as it is.
const LINES: usize = 100_000;

/// A text without quotes, signatures and footers. May be blank.
pub(super) fn clean(text: &str) -> String {
    if text.split('\n').nth(LINES).is_some() {
        return super::lines(text);
    }
    let text = Text::new(text);
    let lines = &text.lines;
    let mut parts: Vec<Vec<&str>> = Vec::new();
    let mut part: Vec<&str> = Vec::new();
    // Whether the parts before this one, and this one, say something.
    let mut said = false;
    let mut says = Said::default();
    let mut at = 0;
    while at < lines.len() {
        if is_quoted(lines[at]) {
            parts.push(std::mem::take(&mut part));
            said |= std::mem::take(&mut says).something();
            at += 1;
            continue;
        }
        let mut taken = 1;
        if let Some(head) = text.head_of_quote(at) {
            taken = head.lines;
            let marked = lines[at + taken..].iter().find(|line| !line.trim().is_empty()).is_some_and(|line| is_quoted(line));
            if marked {
                at += taken;
                continue;
            }
            if head.certain && (said || says.something()) {
                break;
            }
        }
        for line in &lines[at..at + taken] {
            part.push(line);
            says.read(line);
        }
        at += taken;
    }
    parts.push(part);
    let mut out = String::new();
    for part in parts {
        let kept = signature::strip(&part).join("\n");
        let kept = kept.trim_matches('\n');
        if !kept.trim().is_empty() {
            if !out.is_empty() {
                out.push_str("\n\n");
            }
            out.push_str(kept);
        }
    }
    super::lines(&out)
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// What introduces a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    lines: usize,
    /// Whether it says so even where no `>` follows.
    certain: bool,
}

/// Lower case, without the marks of bold type, with single spaces. Empty for a line that is too long to be looked at.
fn plain_line(line: &str) -> String {
    if line.len() > HEAD_CHARS {
        return String::new();
    }
    line.replace('*', "").to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a line is in a block of headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Header {
    Sender,
    Date,
    Other,
    /// Has an address: recipients may go on in the next line.
    Address,
    Blank,
    None,
}

impl Header {
    fn of(line: &str) -> Self {
        let text = plain_line(line);
        let key = text.split_once(':').map_or("", |(key, _)| key.trim());
        if SENDER.contains(&key) {
            Self::Sender
        } else if DATE.contains(&key) {
            Self::Date
        } else if OTHER.contains(&key) {
            Self::Other
        } else if text.contains('@') {
            Self::Address
        } else if line.trim().is_empty() {
            Self::Blank
        } else {
            Self::None
        }
    }
}

/// A text in lines. Blocks of headers are looked for at each line, so what each can be in them is read once.
struct Text<'a> {
    lines: Vec<&'a str>,
    headers: Vec<Header>,
}

impl<'a> Text<'a> {
    fn new(text: &'a str) -> Self {
        let lines: Vec<&str> = text.split('\n').collect();
        let headers = lines.iter().map(|line| Header::of(line)).collect();
        Self { lines, headers }
    }

    fn head_of_quote(&self, at: usize) -> Option<Head> {
        let first = plain_line(self.lines[at]);
        if first.is_empty() {
            return None;
        }
        let is_rule = |c: char| "-_=".contains(c);
        let core = first.trim_matches(|c: char| is_rule(c) || c == ' ');
        let ruled = first.starts_with("--") || first.starts_with("__") || first.starts_with("==");
        let separates = ruled && SEPARATORS.iter().any(|words| core.starts_with(words)) || APPLE.contains(&first.as_str());
        if separates {
            return Some(Head { lines: 1 + self.header_lines(at + 1).0, certain: true });
        }
        if core.is_empty() && first.len() >= 5 {
            // A rule across the page, then a block of headers.
            let block = self.header_block(at + 1)?;
            return Some(Head { lines: 1 + block, certain: true });
        }
        if let Some(block) = self.header_block(at) {
            return Some(Head { lines: block, certain: true });
        }
        attribution(first, &self.lines[at + 1..])
    }

    /// `Von: … Gesendet: … An: … Betreff: …`, on lines of their own or on one.
    fn header_block(&self, at: usize) -> Option<usize> {
        let (length, sender, date, others) = self.header_lines(at);
        if sender && usize::from(date) + others >= 2 {
            return Some(length);
        }
        let skipped = self.headers[at..].iter().take_while(|header| **header == Header::Blank).count();
        if self.headers.get(at + skipped) != Some(&Header::Sender) {
            return None;
        }
        let first = plain_line(self.lines[at + skipped]);
        let has = |keys: &[&str]| keys.iter().any(|key| first.contains(&format!(" {key}: ")));
        let on_one_line = SENDER.iter().any(|key| first.starts_with(&format!("{key}: "))) && has(&DATE) && has(&["betreff", "subject"]);
        on_one_line.then_some(skipped + 1)
    }

    /// How many lines are headers, whether sender and date are among them, and how many others.
    fn header_lines(&self, at: usize) -> (usize, bool, bool, usize) {
        let (mut length, mut sender, mut date, mut others) = (0, false, false, 0);
        for (index, header) in self.headers[at..].iter().enumerate().take(24) {
            match header {
                Header::Blank => continue,
                Header::Sender => sender = true,
                Header::Date => date = true,
                Header::Other => others += 1,
                Header::Address if length == index && index > 0 => {}
                Header::Address | Header::None => break,
            }
            length = index + 1;
        }
        (length, sender, date, others)
    }
}

/// `Am 12.01.2026 um 10:00 schrieb Max Muster <max@example.de>:`, also broken into several lines.
fn attribution(first: String, following: &[&str]) -> Option<Head> {
    let mut text = first;
    if !(text.starts_with("am ") || text.starts_with("on ") || text.contains("schrieb") || text.contains("wrote")) {
        return None;
    }
    let mut count = 1;
    while !text.ends_with(':') {
        let next = following.get(count - 1).map(|line| plain_line(line)).filter(|next| !next.is_empty() && !next.starts_with('>'))?;
        if count == HEAD_LINES || text.len() + next.len() > HEAD_CHARS {
            return None;
        }
        text.push(' ');
        text.push_str(&next);
        count += 1;
    }
    let german = text.contains(" schrieb ") || text.ends_with("schrieb:") || text.ends_with("geschrieben:");
    let english = text.ends_with("wrote:");
    if !german && !english {
        return None;
    }
    // `Am 3. Mai schrieb mir Ihr Kollege:` is a sentence of a letter; programs give an address or the time of day.
    let begins = text.starts_with("am ") || text.starts_with("on ") || text.contains("schrieb am ");
    let certain = begins && (text.contains('@') || has_time(&text));
    Some(Head { lines: count, certain })
}

fn has_time(text: &str) -> bool {
    text.as_bytes().windows(4).any(|w| w[0].is_ascii_digit() && w[1] == b':' && w[2].is_ascii_digit() && w[3].is_ascii_digit())
}
