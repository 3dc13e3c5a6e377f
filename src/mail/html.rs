//! HTML that may be shown.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::{Builder, UrlRelative};

/// Elements that may stay. All others go, their text stays.
pub(super) const TAGS: [&str; 52] = [
    "a",
    "abbr",
    "address",
    "b",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
];

/// `ul` stands apart for the length of the list above.
pub(super) const LISTS: [&str; 2] = ["ol", "ul"];

/// Attributes that may stay on any element, besides those of links and images.
pub(super) const ATTRIBUTES: [&str; 17] = [
    "align",
    "alt",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "colspan",
    "dir",
    "face",
    "height",
    "lang",
    "rowspan",
    "style",
    "title",
    "valign",
    "width",
];

/// Properties of inline styles that may stay. None of them takes a URL or moves something over the page around it.
const STYLES: [&str; 30] = [
    "background-color",
    "border",
    "border-bottom",
    "border-collapse",
    "border-color",
    "border-left",
    "border-right",
    "border-style",
    "border-top",
    "border-width",
    "color",
    "direction",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "line-height",
    "list-style-type",
    "margin-bottom",
    "margin-left",
    "margin-top",
    "padding",
    "padding-left",
    "padding-top",
    "text-align",
    "text-decoration",
    "vertical-align",
    "white-space",
    "width",
];

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.into_iter().chain(LISTS).collect())
        .generic_attributes(ATTRIBUTES.into_iter().collect())
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"])), ("img", HashSet::from(["src", REMOTE]))]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid", "data"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"))
        .filter_style_properties(STYLES.into_iter().collect())
        .attribute_filter(allowed_value);
    builder
});

/// Where the address of a picture stands that would have to be fetched. Fetching it tells its sender when the message was
/// read and from where, so that is for the reader to decide.
pub(super) const REMOTE: &str = "data-src";

/// Whether a picture came with the message. `svg` is none: it is markup.
pub(super) fn is_enclosed(src: &str) -> bool {
    let Some(data) = after(src, "data:image/") else { return after(src, "cid:").is_some() };
    ["png", "jpeg", "jpg", "gif", "webp"].iter().any(|kind| after(data, kind).is_some_and(|rest| rest.starts_with([';', ','])))
}

fn after<'v>(value: &'v str, start: &str) -> Option<&'v str> {
    let (found, rest) = value.trim_ascii_start().split_at_checked(start.len())?;
    found.eq_ignore_ascii_case(start).then_some(rest)
}

/// What the list of schemes cannot say: which element may have which, and what no style may hold.
fn allowed_value<'v>(element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let begins = |schemes: &[&str]| schemes.iter().any(|scheme| after(value, scheme).is_some());
    let holds = |parts: &[&str]| {
        let lower = value.to_ascii_lowercase();
        parts.iter().any(|part| lower.contains(part))
    };
    let fits = match (element, attribute) {
        ("a", "href") => begins(&["http:", "https:", "mailto:", "tel:"]),
        ("img", "src") => is_enclosed(value),
        ("img", REMOTE) => begins(&["http://", "https://"]),
        (_, "style") => !holds(&["url", "expression", "\\", "@", "/*"]),
        _ => true,
    };
    fits.then_some(Cow::Borrowed(value))
}

/// Whether a message is HTML: it holds a tag that mails are made of.
pub fn is_html(body: &str) -> bool {
    const MARKS: [&str; 6] = ["html", "head", "body", "style", "meta", "!doctype"];
    body.match_indices('<').any(|(at, _)| {
        let rest = body[at + 1..].trim_start_matches('/');
        let length = rest.bytes().take(12).take_while(|b| b.is_ascii_alphanumeric() || *b == b'!').count();
        let name = rest[..length].to_ascii_lowercase();
        let known = TAGS.contains(&name.as_str()) || LISTS.contains(&name.as_str()) || MARKS.contains(&name.as_str());
        // `a <b and c` is no tag: a name is followed by the end or by an attribute.
        known && ends_like_a_tag(&rest[length..], name == "!doctype")
    })
}

fn ends_like_a_tag(rest: &str, doctype: bool) -> bool {
    let after = rest.trim_start();
    if after.starts_with('>') || after.starts_with("/>") {
        return true;
    }
    let spaced = after.len() < rest.len();
    let word = after.bytes().take(64).take_while(|b| b.is_ascii_alphanumeric() || b"-:_".contains(b)).count();
    spaced && word > 0 && (doctype || after[word..].trim_start().starts_with('='))
}

/// Safe HTML. The input has gone through [`super::tame`], which bounds what the parser has to do.
pub(super) fn sanitise(html: &str) -> String {
    SANITISER.clean(html).to_string().trim().to_owned()
}

/// HTML of plain text: paragraphs and line breaks.
pub(super) fn from_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for paragraph in text.split("\n\n") {
        out.push_str("<p>");
        for (index, line) in paragraph.split('\n').enumerate() {
            if index > 0 {
                out.push_str("<br>");
            }
            escape(line, &mut out);
        }
        out.push_str("</p>");
    }
    out
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}
