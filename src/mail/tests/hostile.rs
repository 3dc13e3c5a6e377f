//! Mails that nobody writes but who wants to keep a processor busy.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use super::super::read_body;

/// A core was kept busy for minutes by one mail of 1 MB, or the process ended. A quarter of that shows it as well: what
/// takes time in the square reads a line or a tag a billion times.
const SIZE: usize = 250_000;
/// The slowest takes a tenth of it.
const LONGEST: Duration = Duration::from_secs(10);

/// A mail's beginning, a piece that is repeated to [`SIZE`], and its end.
type Mail = (&'static str, &'static str, &'static str);

const MARKUP: [Mail; 30] = [
    ("", "<div>", ""),
    ("", "<b><i><p>x", ""),
    ("", "<p>x", ""),
    ("", "<blockquote>x<br>", ""),
    ("", "<table><tr><td><p>x", ""),
    ("", "<table>x</table>", ""),
    ("", "<div><table><tr><td></div>x", ""),
    ("", "<h1><h2>x", ""),
    ("", "<ul><li>x", ""),
    ("<ul>", "<li>x", ""),
    ("<dl>", "<dt>x<dd>", ""),
    ("<table>", "<tr>x<tbody>", ""),
    ("<table>", "<tr><td>x<td>", ""),
    ("<table>", "<colgroup>x", ""),
    ("", "<table><tr><td colspan=99999999>x</table>", ""),
    ("<b><i><u><s><em>", "<b><i><u><s><em><p>x</p>", ""),
    ("", "<div style='display:none'>x</div>", ""),
    ("", "<div class=gmail_attr>x</div>y", ""),
    ("", "<div class=gmail_signature>x</div>y", ""),
    ("<p>x", "<!--", ""),
    ("<p>x", "<!", ""),
    ("<p>x", "<style>", ""),
    ("<p>x", "<script><style><title><iframe>", ""),
    ("<p>x<style>", "</", ""),
    ("<p>x</p>", "<a ", ""),
    ("<p>x</p>", "</x>", ""),
    ("<p>x</p><a ", "x=\"><b \"", "y='"),
    ("<p>x</p>", "<b x='\"", ""),
    ("<p x=\">", "<b x='y'>z", ""),
    ("<p>", "<", "x"),
];

const ATTRIBUTES: [Mail; 16] = [
    ("<p ", "a ", ">x"),
    ("<p x", "=", ">x"),
    ("<p ", " ", ">x"),
    ("<p class='", "a ", "'>x"),
    ("<p title='", "&amp;", "'>x"),
    ("<p style='", "color:red;", "'>x"),
    ("<p style='color:", "{[(", "'>x"),
    ("<p style='color:", "\"a", "'>x"),
    ("", "<a href=https://x.example>x", ""),
    ("<a href='https://x.example/?", "&a=1&copy=2", "'>x"),
    ("<a href='https://x.example/", "a/../", "'>x"),
    ("<a href='https://", "@", "'>x"),
    ("<a href='https://xn--", "a", "'>x"),
    ("<a href='https://", "xn--a.", "'>x"),
    ("<img src='data:image/png;base64,", "AAAA", "'>x"),
    ("", "<br dir lang face alt title>", ""),
];

const LETTERS: [Mail; 9] = [
    ("<p>x", "&auml;&#228;&uuml", ""),
    ("<p>x", "&a;&#99999999;&#xG;&abcd;", ""),
    ("<p>x", "&a", ""),
    ("<p>x", "\u{a0}\u{a7}", ""),
    ("<p>x", "\"", ""),
    ("<pre>", "x\n", ""),
    ("x", "\r", "x"),
    ("x\n", " \u{a0}\n", "x"),
    ("", "*", "x"),
];

const LINES: [Mail; 29] = [
    // A closing line is not yet a message, so the heads below it end nothing.
    ("LG\n", "von:\nan:\ncc:\nx\n", ""),
    ("<pre>LG\n", "von:\nan:\ncc:\nx\n", "</pre>"),
    ("LG\n", "> x\nLG\nvon:\nan:\ncc:\nx\n", ""),
    ("-- \n", "von:\nan:\ncc:\nx\n", ""),
    ("LG\n", "Begin forwarded message:\n", ""),
    ("LG\n", "--forwarded message\nx\n", ""),
    ("LG\n", "on 10:00 wrote:\n", ""),
    ("LG\n", "on 10:00 wrote:\n> x\n", ""),
    ("LG\n", "on 10:00\n", ""),
    ("", "Am 1.1.2026 10:00 schrieb\n", ""),
    ("", "Von: a\n", ""),
    ("", "an:\n", ""),
    ("", "an:\n\n", ""),
    ("", "an:\n@\n", ""),
    ("", "-----\n", ""),
    ("", "-----\nan:\ncc:\n", ""),
    ("x\n", "--\n", ""),
    ("--\n", "x\n", ""),
    ("x\n", "> x\n", ""),
    ("x\n", "> x\ny\n", ""),
    ("", "Mit freundlichen Grüßen\nMax\n", ""),
    ("", "LG\n", ""),
    ("LG\nMax\n", "Tel. 1\n", ""),
    ("-- \n", "Kundennummer 5\n", ""),
    ("", "Von meinem iPhone gesendet\n", ""),
    ("", "This e-mail and any attachments\n", ""),
    ("", "Von: ", ""),
    ("", "Von: a Gesendet: b Betreff: c\n", ""),
    ("", "x\n", ""),
];

#[test]
fn a_hostile_mail_is_read_in_time_and_on_a_small_stack() {
    let many_attributes = format!("<p {}>x", (0..SIZE / 6).map(|n| format!("a{n}")).collect::<Vec<_>>().join(" "));
    let repeated = |(head, piece, tail): Mail| format!("{head}{}{tail}", piece.repeat(SIZE / piece.len()));
    let mails: Vec<String> =
        MARKUP.into_iter().chain(ATTRIBUTES).chain(LETTERS).chain(LINES).map(repeated).chain([many_attributes]).collect();
    let (done, read) = mpsc::channel();
    let sent = mails.clone();
    // A thread with the stack that tokio gives its own.
    let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || {
        for mail in sent {
            let start = Instant::now();
            let body = read_body(&mail);
            let sizes = [body.html, body.plain, body.clean].map(|form| form.map_or(0, |form| form.len()));
            if done.send((start.elapsed(), sizes)).is_err() {
                return;
            }
        }
    });
    let worker = worker.unwrap();
    for mail in &mails {
        let name: String = mail.chars().take(60).collect();
        // Not waiting for the end: that could be tomorrow.
        let (took, sizes) = read.recv_timeout(2 * LONGEST).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(took < LONGEST, "{name}: {took:?}");
        assert!(sizes.iter().all(|size| *size < 24 * mail.len()), "{name}: {sizes:?}");
    }
    worker.join().unwrap();
}

/// A tree takes fifty times of what its markup takes.
#[test]
fn a_message_has_no_more_elements_than_a_tree_should_hold() {
    for (head, piece, words) in [
        ("<p>", "Wort<br>", 110_000),
        ("", "<p>Wort", 110_000),
        ("<table>", "<tr><td>Wort</td></tr>", 60_000),
        ("<table><tr>", "Wort</td>", 110_000),
        ("", "<table>Wort</table>", 40_000),
        ("<div style='display:none'>nicht <div>nicht</div></div>", "<b>Wort </b>", 110_000),
    ] {
        let body = read_body(&format!("{head}{}", piece.repeat(words)));
        let (html, plain) = (body.html.unwrap(), body.plain.unwrap());
        let elements = html.matches('<').count() - html.matches("</").count();
        // The parser puts a `tbody` into each table.
        assert!((100_000..134_000).contains(&elements), "{piece}: {elements}");
        assert_eq!(plain.split_whitespace().filter(|word| *word == "Wort").count(), words, "{piece}");
        assert!(!plain.contains("nicht"), "{piece}");
    }
    // The mark of a quote is the last element; the quote still ends.
    let answer = read_body(&format!("{}<blockquote type=cite>nicht</blockquote>Antwort", "<br>".repeat(99_999)));
    assert_eq!(answer.clean.unwrap(), "Antwort");
}

/// Lists of lines take sixteen times of what short lines take.
#[test]
fn a_text_of_too_many_lines_is_not_searched() {
    let mail = |lines: usize| format!("{}> b\n-- \nMax", "a\n".repeat(lines));
    let body = read_body(&mail(99_997));
    assert_eq!(body.clean.unwrap(), "a\n".repeat(99_997).trim_end());
    let body = read_body(&mail(99_998));
    assert_eq!(body.clean, body.plain);
}
