//! Tags as browsers read them, from text that may be anything.

use markup5ever::data::NAMED_ENTITIES;

/// Attributes of one tag that are looked at.
const ATTRIBUTES_AT_MOST: usize = 64;

/// A tag as it was read.
pub(super) struct Tag<'a> {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, &'a str)>,
}

impl Tag<'_> {
    /// The value of an attribute as it was written; empty when it is missing.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Writes text or the value of an attribute, with what would be markup escaped.
pub(super) fn push_escaped(text: &str, attribute: bool, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>', '"', '&', '\0']) {
        out.push_str(&rest[..at]);
        let mark = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match mark {
            b'<' => out.push_str("&lt;"),
            b'>' => out.push_str("&gt;"),
            b'"' => out.push_str("&quot;"),
            b'&' => match reference(rest, attribute) {
                Some(name) => {
                    out.extend(["&", name, ";"]);
                    rest = rest[name.len()..].strip_prefix(';').unwrap_or(&rest[name.len()..]);
                }
                None => out.push_str("&amp;"),
            },
            _ => out.push('\u{fffd}'),
        }
    }
    out.push_str(rest);
}

/// The name or number of a character reference such as `&auml;`, which the parser after this one reads. It takes time in
/// the square where references are none, so those do not reach it.
fn reference(text: &str, attribute: bool) -> Option<&str> {
    let digits = |from: usize, fits: fn(&u8) -> bool| from + text.bytes().skip(from).take(8).take_while(fits).count();
    let (least, length) = match text.as_bytes() {
        [b'#', b'x' | b'X', ..] => (3, digits(2, u8::is_ascii_hexdigit)),
        [b'#', ..] => (2, digits(1, u8::is_ascii_digit)),
        _ => (2, length_of_name(text)),
    };
    let ends = text[length..].starts_with(';');
    // `?a=1&copy=2` of a link is no copyright sign.
    if length < least || attribute && !ends {
        return None;
    }
    let name = &text[..length];
    let stands_for = |name: &str| NAMED_ENTITIES.get(name).is_some_and(|(first, _)| *first != 0);
    let known = name.starts_with('#') || if ends { stands_for(&format!("{name};")) } else { stands_for(name) };
    known.then_some(name)
}

fn length_of_name(text: &str) -> usize {
    text.bytes().take(32).take_while(u8::is_ascii_alphanumeric).count()
}

/// Reads a tag from behind its `<`, and what follows it. None: it has no end, so it is text.
///
/// A quotation mark without its partner would swallow the rest. From there on, tags end at their first `>`.
pub(super) fn read_tag<'a>(text: &'a str, quotes_pair: &mut bool) -> Option<(Tag<'a>, &'a str)> {
    let text = text.strip_prefix('/').unwrap_or(text);
    let length = text.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>')?;
    // No name of ours is longer; a long one need not be copied.
    let name = text.get(..length.min(16)).unwrap_or_default().to_ascii_lowercase();
    let mut attributes = Vec::new();
    let mut rest = &text[length..];
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(behind) = rest.strip_prefix('>') {
            return Some((Tag { name, attributes }, behind));
        }
        let Some((attribute, value, behind)) = read_attribute(rest).filter(|_| *quotes_pair) else {
            *quotes_pair = false;
            let end = text.find('>')?;
            return Some((Tag { name, attributes: Vec::new() }, &text[end + 1..]));
        };
        if attributes.len() < ATTRIBUTES_AT_MOST && attribute.len() <= 16 {
            let attribute = attribute.to_ascii_lowercase();
            if !attributes.iter().any(|(known, _)| *known == attribute) {
                attributes.push((attribute, value));
            }
        }
        rest = behind;
    }
}

/// Name, value, and the rest.
fn read_attribute(text: &str) -> Option<(&str, &str, &str)> {
    // A name may begin with `=`.
    let first = text.chars().next()?.len_utf8();
    let length = first + text[first..].find(|c: char| c.is_ascii_whitespace() || "/>=".contains(c))?;
    let (name, rest) = text.split_at(length);
    let Some(value) = rest.trim_start().strip_prefix('=') else { return Some((name, "", rest)) };
    let value = value.trim_start();
    for mark in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(mark) {
            let (value, rest) = inner.split_once(mark)?;
            return Some((name, value, rest));
        }
    }
    let length = value.find(|c: char| c.is_ascii_whitespace() || c == '>')?;
    let (value, rest) = value.split_at(length);
    Some((name, value, rest))
}

/// What follows `</name>`.
pub(super) fn end_of_raw<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        rest = &rest[rest.find("</")? + 2..];
        if rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return rest.find('>').map(|end| &rest[end + 1..]);
        }
    }
}
