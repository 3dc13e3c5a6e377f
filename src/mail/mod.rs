//! What a mail says: its HTML made safe, its text, and its text without quotes, signature and footers.
//!
//! Everything here is a function of the message. It takes time and memory in proportion to its size, whatever it holds.

mod html;
mod quote;
mod signature;
mod tag;
mod tame;
mod text;

pub use html::is_html;

/// What a message says, in three forms; computed once when it comes in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// HTML that a browser may show: an allow-list of elements and attributes, nothing that runs.
    pub html: Option<String>,
    /// Its text.
    pub plain: Option<String>,
    /// Its text without quoted mail, signature and footers. Never blank where `plain` is not.
    pub clean: Option<String>,
}

/// Reads a message that is HTML or plain text; [`is_html`] tells which.
pub fn read_body(body: &str) -> Body {
    if body.trim().is_empty() {
        return Body::default();
    }
    if is_html(body) { read_html(body) } else { read_plain(body) }
}

fn read_html(body: &str) -> Body {
    let shown = html::sanitise(&tame::tame(body, tame::Keep::Everything).html);
    let plain = lines(&text::of_html(&shown));
    let answer = tame::tame(body, tame::Keep::Answer);
    let clean = if answer.marked { quote::clean(&text::of_html(&html::sanitise(&answer.html))) } else { quote::clean(&plain) };
    let clean = if says_something(&clean) { clean } else { plain.clone() };
    Body { html: filled(shown), plain: filled(plain), clean: filled(clean) }
}

fn read_plain(body: &str) -> Body {
    let plain = lines(body);
    let clean = quote::clean(&plain);
    let clean = if says_something(&clean) { clean } else { plain.clone() };
    Body { html: filled(html::from_text(&plain)), plain: filled(plain), clean: filled(clean) }
}

fn filled(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

fn says_something(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// One form for all line ends, no control characters, no spaces at the ends, no more than one empty line in a row.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.split('\n') {
        let kept: String = line.chars().filter(|&c| c == '\t' || !(c.is_control() || INVISIBLE.contains(&c))).collect();
        // `-- ` marks a signature: its space says so.
        let kept = if kept == signature::MARK { kept.as_str() } else { kept.trim_end() };
        if kept.is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        out.push_str(kept);
        empty = 0;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Characters without width that newsletters pad their previews with.
const INVISIBLE: [char; 5] = ['\u{200b}', '\u{200c}', '\u{2060}', '\u{feff}', '\u{34f}'];

#[cfg(test)]
mod tests;
