//! The text of HTML.
//!
//! A library was tried first (html2text 0.17). It parses the HTML a second time, and with it every bound that keeps hostile
//! mails cheap would be needed twice. This reads the sanitiser's output, which is well-nested, once and without recursion.

use super::tag::{Tag, read_tag};

/// Elements that stand apart by an empty line.
const PARAGRAPHS: [&str; 13] = ["blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"];
/// Elements that begin a line.
const LINES: [&str; 13] = ["address", "caption", "center", "dd", "div", "dt", "hr", "li", "tbody", "tfoot", "thead", "tr", "br"];

/// The text of sanitised HTML: paragraphs apart, `> ` before quotes, marks before list items, tabs between cells.
pub(super) fn of_html(html: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = html;
    let mut quotes_pair = true;
    while let Some(at) = rest.find('<') {
        writer.text(&rest[..at]);
        let after = &rest[at + 1..];
        let Some((tag, behind)) = read_tag(after, &mut quotes_pair) else { break };
        if after.starts_with('/') {
            writer.end(&tag);
        } else {
            writer.start(&tag);
        }
        rest = behind;
    }
    writer.text(rest);
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Line ends to write before the next word: 1 begins a line, 2 a paragraph.
    ends: usize,
    /// A space to write before the next word of the same line.
    space: bool,
    /// A tab instead.
    tab: bool,
    quotes: usize,
    /// Open lists; the number of the next item of an ordered one.
    lists: Vec<Option<u32>>,
    /// What to write before the next word of a list item.
    mark: Option<String>,
    pre: usize,
}

impl Writer {
    fn start(&mut self, tag: &Tag<'_>) {
        self.apart(&tag.name);
        match tag.name.as_str() {
            "br" => self.ends = (self.ends + 1).min(2),
            "blockquote" => self.quotes += 1,
            "pre" => self.pre += 1,
            "ul" => self.lists.push(None),
            "ol" => self.lists.push(Some(1)),
            "li" => {
                let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(5));
                self.mark = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{indent}{}. ", *number - 1)
                    }
                    _ => format!("{indent}- "),
                });
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: &Tag<'_>) {
        match tag.name.as_str() {
            "blockquote" => self.quotes = self.quotes.saturating_sub(1),
            "pre" => self.pre = self.pre.saturating_sub(1),
            "ul" | "ol" => {
                self.lists.pop();
            }
            "td" | "th" => self.tab = true,
            "li" => self.mark = None,
            _ => {}
        }
        self.apart(&tag.name);
    }

    fn apart(&mut self, name: &str) {
        let in_list = !self.lists.is_empty() && (name == "ul" || name == "ol");
        let ends = match name {
            // Its own line end is counted apart.
            "br" => 0,
            name if PARAGRAPHS.contains(&name) && !in_list => 2,
            name if LINES.contains(&name) || in_list => 1,
            _ => return,
        };
        self.ends = self.ends.max(ends);
    }

    fn text(&mut self, text: &str) {
        let text = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        if self.pre > 0 {
            for (index, line) in text.split('\n').enumerate() {
                self.ends = if index > 0 { (self.ends + 1).min(2) } else { self.ends };
                if !line.trim().is_empty() {
                    self.before_word();
                    self.out.push_str(line);
                }
            }
            return;
        }
        self.space |= text.starts_with(char::is_whitespace);
        for word in text.split_whitespace() {
            self.before_word();
            self.out.push_str(word);
            self.space = true;
        }
        self.space &= text.ends_with(char::is_whitespace) || text.is_empty();
    }

    fn before_word(&mut self) {
        let fresh = self.out.is_empty();
        if self.ends > 0 || fresh {
            if !fresh {
                self.out.push_str(&"\n\n"[..self.ends]);
            }
            self.out.push_str(&"> ".repeat(self.quotes));
        }
        if let Some(mark) = self.mark.take() {
            if self.ends == 0 && !fresh {
                self.out.push('\n');
            }
            self.out.push_str(&mark);
        } else if self.ends == 0 && !fresh && self.tab {
            self.out.push('\t');
        } else if self.ends == 0 && !fresh && self.space {
            self.out.push(' ');
        }
        (self.ends, self.space, self.tab) = (0, false, false);
    }
}
