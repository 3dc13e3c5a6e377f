//! HTML of strangers in a form that parsers take in their stride.
//!
//! The rules for broken HTML let a page of 1 MB nest 200,000 elements or give one element 200,000 attributes, and tree
//! builders take time in the square of either. This pass reads tags the way browsers mostly do, in one go, and writes
//! well-nested HTML of bounded depth with the elements and attributes that may stay. It is no sanitiser: what it writes
//! is sanitised after it.

use super::{
    html::{ATTRIBUTES, LISTS, REMOTE, TAGS, is_enclosed},
    tag::{Tag, end_of_raw, push_escaped, read_tag},
};

/// Deepest nesting that is kept; the text of what lies deeper stays.
const DEPTH: usize = 100;
/// Deepest quote within quotes: each level writes its mark before every line of the text.
const QUOTES: usize = 10;

/// Most elements that are kept; the text of what follows stays. Each costs the tree some 200 bytes, and markup three.
const ELEMENTS: usize = 100_000;

/// Longest text in one piece. The sanitiser's writer looks ahead to the end of a piece at each `&`.
const PIECE: usize = 4 * 1024;
/// Longest attribute. Pictures may be longer without a `&` and letters outside of ASCII, for the same reason.
const ATTRIBUTE: usize = 8 * 1024;

/// What of a message to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// All that is shown.
    Everything,
    /// What the sender wrote now: without what mail programs mark as quoted. In the place of each quote stands a line
    /// `>`, and before each signature a line `--`, as in plain text.
    Answer,
}

/// Tame HTML.
#[derive(Debug)]
pub(super) struct Tame {
    pub(super) html: String,
    /// Whether a mail program had marked a quote or a signature.
    pub(super) marked: bool,
}

/// Elements whose content is no text of the message.
const SILENT: [&str; 6] = ["script", "style", "title", "iframe", "noembed", "noframes"];
const VOID: [&str; 4] = ["br", "col", "hr", "img"];
const TABLE_PARTS: [&str; 8] = ["caption", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"];
const SECTIONS: [&str; 3] = ["tbody", "tfoot", "thead"];
const CELLS: [&str; 3] = ["caption", "td", "th"];
/// Elements that an open paragraph ends before.
const BLOCKS: [&str; 18] =
    ["address", "blockquote", "center", "div", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul", "dt"];

/// Classes and ids (as parts, lower case) that mail programs put on what they quote.
const QUOTE_MARKS: [&str; 5] = ["gmail_quote", "gmail_attr", "yahoo_quoted", "protonmail_quote", "moz-cite-prefix"];
/// The same of signatures.
const SIGNATURE_MARKS: [&str; 5] = ["gmail_signature", "moz-signature", "ms-outlook-mobile-signature", "protonmail_signature", "signature"];
/// Outlook's head of a quoted mail: the quote itself follows it, unmarked, to the end.
const LAST_MARKS: [&str; 2] = ["divrplyfwdmsg", "x_divrplyfwdmsg"];

/// Reads `html` once.
pub(super) fn tame(html: &str, keep: Keep) -> Tame {
    let mut tamer = Tamer::new(keep, true, html.len());
    tamer.read(html);
    if keep == Keep::Everything && tamer.said == 0 && tamer.hid {
        // A message that hides all it says would be none.
        tamer = Tamer::new(keep, false, html.len());
        tamer.read(html);
    }
    Tame { html: tamer.out, marked: tamer.marked }
}

/// What is being left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Silence {
    None,
    /// An element: the stack had this length below it.
    Above(usize),
    /// Everything behind the last mark.
    ToTheEnd,
}

/// An element whose end is to come.
struct Open {
    name: String,
    written: bool,
}

struct Tamer {
    keep: Keep,
    hiding: bool,
    out: String,
    stack: Vec<Open>,
    /// Start tags beyond [`DEPTH`] whose end tags are to come.
    beyond: usize,
    silence: Silence,
    marked: bool,
    hid: bool,
    /// Elements that were written.
    elements: usize,
    /// Bytes of text since the last tag.
    piece: usize,
    /// Bytes of text and pictures that were written.
    said: usize,
}

impl Tag<'_> {
    fn is_marked(&self, marks: &[&str]) -> bool {
        let words = [self.attribute("class"), self.attribute("id")];
        words.iter().flat_map(|text| text.split_ascii_whitespace()).any(|word| marks.contains(&word.to_ascii_lowercase().as_str()))
    }

    fn is_hidden(&self) -> bool {
        let style = self.attribute("style");
        style.len() < 2000 && style.to_ascii_lowercase().replace([' ', '\t', '\n'], "").contains("display:none")
    }

    /// Quotes as Apple Mail, Thunderbird, Gmail, GMX, WEB.DE and Proton mark them.
    fn is_quote(&self) -> bool {
        match self.name.as_str() {
            // Around its quote Gmail also puts answers between the lines.
            "div" => self.is_marked(&QUOTE_MARKS[1..]) || self.attribute("name").eq_ignore_ascii_case("quote"),
            "blockquote" => self.attribute("type").eq_ignore_ascii_case("cite") || self.is_marked(&QUOTE_MARKS),
            _ => false,
        }
    }
}

impl Tamer {
    fn new(keep: Keep, hiding: bool, size: usize) -> Self {
        Self {
            keep,
            hiding,
            out: String::with_capacity(size),
            stack: Vec::new(),
            beyond: 0,
            silence: Silence::None,
            marked: false,
            hid: false,
            elements: 0,
            piece: 0,
            said: 0,
        }
    }

    fn read(&mut self, html: &str) {
        let mut rest = html;
        // What was searched for in vain once is not there later either; searching again would take time in the square.
        let mut no_comment_end = false;
        let mut quotes_pair = true;
        let mut unclosed: Vec<&'static str> = Vec::new();
        while let Some(at) = rest.find('<') {
            self.text(&rest[..at]);
            rest = &rest[at..];
            let after = &rest[1..];
            if let Some(comment) = after.strip_prefix("!--") {
                let end = if no_comment_end { None } else { comment.find("-->") };
                no_comment_end = end.is_none();
                rest = end.map_or(comment, |end| &comment[end + 3..]);
            } else if after.starts_with(['!', '?']) {
                match after.find('>') {
                    Some(end) => rest = &after[end + 1..],
                    None => break,
                }
            } else if after.strip_prefix('/').unwrap_or(after).starts_with(|c: char| c.is_ascii_alphabetic()) {
                let Some((tag, behind)) = read_tag(after, &mut quotes_pair) else { break };
                rest = behind;
                if after.starts_with('/') {
                    self.end(&tag.name);
                } else if let Some(silent) = SILENT.into_iter().find(|name| *name == tag.name) {
                    if !unclosed.contains(&silent) {
                        match end_of_raw(rest, silent) {
                            Some(behind) => rest = behind,
                            None => unclosed.push(silent),
                        }
                    }
                } else {
                    self.start(&tag);
                }
            } else {
                self.text("<");
                rest = after;
            }
        }
        self.text(rest);
        self.pop_to(0);
    }

    fn text(&mut self, text: &str) {
        if self.is_silent() {
            return;
        }
        self.said += text.trim().len();
        if text.trim().is_empty() && self.in_table() {
            return;
        }
        self.enter_cell();
        let mut rest = text;
        while !rest.is_empty() {
            if self.piece >= PIECE {
                self.out.push_str("<span></span>");
                self.piece = 0;
            }
            let (now, later) = rest.split_at(piece_end(rest, PIECE - self.piece));
            push_escaped(now, false, &mut self.out);
            // Where a text is cut, its piece is full: a few bytes more could end within the reference that follows.
            self.piece = if later.is_empty() { self.piece + now.len() } else { PIECE };
            rest = later;
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        let name = tag.name.as_str();
        if !TAGS.contains(&name) && !LISTS.contains(&name) {
            return;
        }
        if self.is_full() {
            self.gap(name);
            return;
        }
        self.close_implied(name);
        let is_void = VOID.contains(&name);
        if !is_void && self.stack.len() >= DEPTH {
            self.beyond += 1;
            self.gap(name);
            return;
        }
        if !is_void && !self.is_silent() && self.leaves_out(tag) {
            self.silence = Silence::Above(self.stack.len());
        }
        let too_many_quotes = name == "blockquote" && self.stack.iter().filter(|open| open.name == "blockquote").count() >= QUOTES;
        let written = !too_many_quotes && !self.is_silent() && self.makes_room(name);
        if written {
            self.open(tag);
        }
        if !is_void {
            // On the stack even if it is not written: its end tag has to find it.
            self.stack.push(Open { name: tag.name.clone(), written });
        }
    }

    fn leaves_out(&mut self, tag: &Tag<'_>) -> bool {
        if self.hiding && tag.is_hidden() {
            self.hid = true;
            return true;
        }
        if self.keep == Keep::Everything {
            return false;
        }
        if tag.is_marked(&SIGNATURE_MARKS) {
            self.mark("<p>--</p>");
        }
        if tag.is_marked(&LAST_MARKS) {
            self.mark("");
            self.silence = Silence::ToTheEnd;
        }
        let quote = tag.is_quote();
        if quote {
            self.mark("<p>&gt;</p>");
        }
        quote
    }

    fn mark(&mut self, text: &str) {
        if !self.is_silent() {
            self.marked = true;
            self.enter_cell();
            self.elements += 1;
            self.out.push_str(text);
        }
    }

    /// Whether no more elements are written. What is left out still has to find its end.
    fn is_full(&self) -> bool {
        self.elements >= ELEMENTS && !self.is_silent()
    }

    fn is_silent(&self) -> bool {
        self.silence != Silence::None
    }

    /// Ends what HTML lets people leave open.
    fn close_implied(&mut self, name: &str) {
        if BLOCKS.contains(&name) || name == "li" || name == "dd" {
            self.end_open(&["p"], &["table", "td", "th", "caption"]);
        }
        match name {
            "li" => self.end_open(&["li"], &["ol", "ul", "table", "td", "th"]),
            "dt" | "dd" => self.end_open(&["dt", "dd"], &["dl", "table", "td", "th"]),
            "td" | "th" => self.end_open(&["td", "th"], &["tr", "table"]),
            "tr" => self.end_open(&["tr", "caption", "colgroup"], &["table"]),
            "a" => self.end_open(&["a"], &["table", "td", "th", "caption"]),
            name if SECTIONS.contains(&name) => {
                self.end_open(&["tr"], &["table"]);
                self.end_open(&["tbody", "thead", "tfoot", "caption", "colgroup"], &["table"]);
            }
            _ => {}
        }
    }

    /// Ends the innermost of `names` that is open inside of the innermost of `within`, with all inside it.
    fn end_open(&mut self, names: &[&str], within: &[&str]) {
        let found = self.stack.iter().rposition(|open| names.contains(&open.name.as_str()) || within.contains(&open.name.as_str()));
        if let Some(at) = found.filter(|&at| names.contains(&self.stack[at].name.as_str())) {
            self.pop_to(at);
        }
    }

    fn end(&mut self, name: &str) {
        if !TAGS.contains(&name) && !LISTS.contains(&name) || VOID.contains(&name) {
            return;
        }
        if self.is_full() {
            // What is open stays open: a table whose cells end wants new ones.
            self.gap(name);
            return;
        }
        if self.beyond > 0 {
            self.beyond -= 1;
            self.gap(name);
            return;
        }
        // An end tag does not reach out of its cell, nor one of a table's part out of its table.
        let wall: &[&str] = match name {
            "table" => &[],
            name if TABLE_PARTS.contains(&name) => &["table"],
            _ => &CELLS,
        };
        let found = self.stack.iter().rposition(|open| open.name == name || wall.contains(&open.name.as_str()));
        if let Some(at) = found.filter(|&at| self.stack[at].name == name) {
            self.pop_to(at);
        }
    }

    /// The element that is written to now.
    fn innermost(&self) -> &str {
        self.stack.iter().rev().find(|open| open.written).map_or("", |open| &open.name)
    }

    /// Whether a table is open, and none of its cells.
    fn in_table(&self) -> bool {
        let innermost = self.innermost();
        innermost == "table" || SECTIONS.contains(&innermost) || ["tr", "colgroup"].contains(&innermost)
    }

    /// Opens a cell where a table wants one. Browsers would move what stands between cells before the table, which
    /// takes time in the square.
    fn enter_cell(&mut self) {
        if self.innermost() == "colgroup" {
            self.end_open(&["colgroup"], &[]);
        }
        if self.in_table() {
            if self.innermost() != "tr" {
                self.write_start("tr");
            }
            self.write_start("td");
        }
    }

    fn write_start(&mut self, name: &str) {
        self.open(&Tag { name: name.to_owned(), attributes: Vec::new() });
        self.stack.push(Open { name: name.to_owned(), written: true });
    }

    /// Opens what has to stand around an element. False: it has no place here.
    fn makes_room(&mut self, name: &str) -> bool {
        let around = self.innermost();
        match name {
            "td" | "th" if around == "table" || SECTIONS.contains(&around) => self.write_start("tr"),
            "td" | "th" => return around == "tr",
            "tr" => return around == "table" || SECTIONS.contains(&around),
            "col" => return around == "colgroup" || around == "table",
            name if TABLE_PARTS.contains(&name) => return around == "table",
            _ => self.enter_cell(),
        }
        true
    }

    /// Ends elements until `length` are left.
    fn pop_to(&mut self, length: usize) {
        while self.stack.len() > length {
            let Some(open) = self.stack.pop() else { return };
            if open.written {
                self.piece = 0;
                self.out.push_str("</");
                self.out.push_str(&open.name);
                self.out.push('>');
            }
            if self.silence == Silence::Above(self.stack.len()) {
                self.silence = Silence::None;
            }
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        self.piece = 0;
        self.elements += 1;
        self.out.push('<');
        self.out.push_str(&tag.name);
        for (name, value) in &tag.attributes {
            let own = matches!((tag.name.as_str(), name.as_str()), ("a", "href") | ("img", "src"));
            let remote = tag.name == "img" && name == "src" && !is_enclosed(value);
            let name = if remote { REMOTE } else { name.as_str() };
            let number = matches!(name, "colspan" | "rowspan");
            let costly = value.len() > ATTRIBUTE && (name != "src" || value.contains('&') || !value.is_ascii());
            if !own && !ATTRIBUTES.contains(&name) || number && value.len() > 2 || costly {
                continue;
            }
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            push_escaped(value, true, &mut self.out);
            self.out.push('"');
        }
        self.out.push('>');
        self.said += usize::from(tag.name == "img");
    }

    /// Keeps words of different blocks apart where the blocks are too deep or too many to keep.
    fn gap(&mut self, name: &str) {
        let parts = BLOCKS.contains(&name) || TABLE_PARTS.contains(&name) || ["br", "dd", "li"].contains(&name);
        if parts && self.is_full() {
            self.text("\n");
        } else if parts && !self.is_silent() {
            self.enter_cell();
            self.elements += 1;
            self.out.push_str("<br>");
        }
    }
}

/// Where to cut a text: at `most` bytes or a little before or behind, outside of a letter and of a reference.
fn piece_end(text: &str, most: usize) -> usize {
    let end = text.ceil_char_boundary(most.min(text.len()));
    let start = text.floor_char_boundary(end.saturating_sub(40));
    match text[start..end].rfind('&') {
        Some(at) if end < text.len() && start + at > 0 => start + at,
        _ => end,
    }
}
