//! What a file is, what a request says of one, and the names and types that are let through.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    error::{Error, FieldError, Result},
    http::input::given,
};

/// Files of one message.
pub const MOST_FILES: usize = 50;
/// Bytes of one file.
pub const MOST_BYTES: usize = 25 * 1024 * 1024;
/// What base64 makes of [`MOST_BYTES`].
const MOST_BASE64: usize = MOST_BYTES.div_ceil(3) * 4;
/// Status of a file whose URL gave nothing.
pub const DOWNLOAD_FAILED: &str = "downloadFailed";

/// Id of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub struct AttachmentId(pub i64);

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// Its id; a text on the wire.
    #[schema(example = "103013960646")]
    pub id: String,
    /// Where its bytes are, for a day. What could not be fetched has its original URL here.
    pub url: String,
    /// Its name.
    #[schema(example = "zaehler.jpg")]
    pub name: String,
    /// Bytes; 0 for what could not be fetched.
    #[schema(example = 2_292_952)]
    pub size: i64,
    /// Width in pixels, for pictures.
    pub width: Option<i32>,
    /// Height in pixels, for pictures.
    pub height: Option<i32>,
    /// Whether the text shows it in place.
    pub inline: bool,
    /// What follows the last dot of the name, lower case; empty when there is none.
    #[schema(example = "jpg")]
    pub file_ending: String,
    /// Type by its sender, else by its content or name.
    #[schema(example = "image/jpeg")]
    pub content_type: String,
    /// Where it was fetched from.
    pub original_url: Option<String>,
    /// What a reader found in it.
    #[schema(value_type = Option<Value>)]
    pub extracted_data: Option<Value>,
    /// How reading it went; `downloadFailed` when there is nothing to read.
    pub extraction_status: Option<String>,
    /// Details of reading it.
    #[schema(value_type = Option<Object>)]
    pub extraction_data: Option<Value>,
}

/// A file in a request: by `url` or as `base64`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAttachment {
    /// Its name; else the last part of the URL.
    #[serde(default, deserialize_with = "given")]
    pub name: Option<String>,
    /// Where to fetch it.
    #[serde(default, deserialize_with = "given")]
    pub url: Option<String>,
    /// Its bytes.
    #[serde(default, deserialize_with = "given")]
    pub base64: Option<String>,
    /// Its type; else found by its content and name.
    #[serde(default, deserialize_with = "given")]
    pub content_type: Option<String>,
    /// Whether the text shows it in place.
    #[serde(default)]
    pub inline: bool,
}

/// Like RFC 6838, a little wider; parameters are dropped.
const CONTENT_TYPE: &str = r"^[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}( *;[^\x00-\x1f\x7f]*)?$";
const URL: &str = r"^[Hh][Tt][Tt][Pp][Ss]?://";
const BASE64: &str = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}={0,2}|[A-Za-z0-9+/]{3}=?)?$";

// By hand: derive cannot say "one of the two".
impl utoipa::PartialSchema for NewAttachment {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let text = |description: &str, least: usize, most: usize, pattern: Option<&str>| {
            utoipa::openapi::ObjectBuilder::new()
                .schema_type(utoipa::openapi::Type::String)
                .description(Some(description))
                .min_length((least > 0).then_some(least))
                .max_length(Some(most))
                .pattern(pattern)
        };
        let of = |required: &str, inner: utoipa::openapi::ObjectBuilder, description: &str| {
            utoipa::openapi::ObjectBuilder::new()
                .description(Some(description))
                .property("name", text("Its name; else the last part of the URL", 1, 255, None))
                .property(required, inner)
                .required(required)
                .property("contentType", text("Its type; else found by its content and name", 3, 255, Some(CONTENT_TYPE)))
                .property(
                    "inline",
                    utoipa::openapi::ObjectBuilder::new()
                        .schema_type(utoipa::openapi::Type::Boolean)
                        .description(Some("Whether the text shows it in place")),
                )
                .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)))
        };
        utoipa::openapi::OneOfBuilder::new()
            .description(Some("A file, by its address or with its content"))
            .item(of("url", text("Where to fetch it: http or https", 8, 2000, Some(URL)), "A file by its address"))
            .item(of("base64", text("Its bytes", 0, MOST_BASE64, Some(BASE64)), "A file with its content"))
            .examples([json!({"name": "zaehler.txt", "base64": "WsOkaGxlcnN0YW5kIDEyMzQ1"})])
            .into()
    }
}

impl ToSchema for NewAttachment {
    fn name() -> std::borrow::Cow<'static, str> {
        "NewAttachment".into()
    }
}

/// Where the bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// To be fetched.
    Url(String),
    /// In the request.
    Bytes(Vec<u8>),
}

/// A file whose request has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// A name without folders and tricks.
    pub name: String,
    /// The type it was given.
    pub content_type: Option<String>,
    /// Whether the text shows it in place.
    pub inline: bool,
    /// Its bytes, or where they are.
    pub source: Source,
}

/// Checks and decodes the files of a message. Errors name `attachments[0].base64`.
pub fn check(files: Vec<NewAttachment>) -> Result<Vec<Checked>> {
    if files.len() > MOST_FILES {
        return Err(Error::field("attachments", format!("must have at most {MOST_FILES} items")));
    }
    let mut errors = Vec::new();
    let mut checked = Vec::with_capacity(files.len());
    for (index, file) in files.into_iter().enumerate() {
        match check_one(file) {
            Ok(file) => checked.push(file),
            Err((field, message)) => {
                let dot = if field.is_empty() { "" } else { "." };
                errors.push(FieldError::new(format!("attachments[{index}]{dot}{field}"), message));
            }
        }
    }
    if errors.is_empty() { Ok(checked) } else { Err(Error::invalid(errors)) }
}

fn check_one(file: NewAttachment) -> Result<Checked, (&'static str, String)> {
    let NewAttachment { name, url, base64, content_type, inline } = file;
    if name.as_ref().is_some_and(|name| !(1..=255).contains(&name.chars().count())) {
        return Err(("name", "must have 1 to 255 characters".to_owned()));
    }
    let content_type = match content_type {
        None => None,
        Some(text) if text.chars().count() <= 255 && matches(CONTENT_TYPE, &text) => Some(essence(&text)),
        Some(_) => return Err(("contentType", "must be a type such as image/jpeg".to_owned())),
    };
    let source = match (url, base64) {
        (Some(url), None) => {
            if url.chars().count() > 2000 || url.len() < 8 || !matches(URL, &url) {
                return Err(("url", "must begin with http:// or https:// and have at most 2000 characters".to_owned()));
            }
            Source::Url(url)
        }
        (None, Some(text)) => Source::Bytes(decode(&text).map_err(|message| ("base64", message))?),
        (Some(_), Some(_)) => return Err(("", "must have url or base64, not both".to_owned())),
        (None, None) => return Err(("", "must have url or base64".to_owned())),
    };
    let name = match (name, &source) {
        (Some(name), _) => plain_name(&name),
        (None, Source::Url(url)) => plain_name(&name_of_url(url)),
        (None, Source::Bytes(_)) => plain_name(""),
    };
    Ok(Checked { name, content_type, inline, source })
}

fn matches(pattern: &'static str, text: &str) -> bool {
    // The same text as in the schema, so that both say the same. Files are few.
    regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

/// A content type without parameters, lower case.
pub fn essence(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Standard base64, also without padding, and with the line breaks of mails.
fn decode(text: &str) -> Result<Vec<u8>, String> {
    use base64::{Engine as _, alphabet, engine};
    let lenient = engine::GeneralPurposeConfig::new()
        .with_decode_padding_mode(engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let wrapped = text.bytes().any(|b| b.is_ascii_whitespace());
    let bytes = if wrapped { text.bytes().filter(|b| !b.is_ascii_whitespace()).collect() } else { text.as_bytes().to_vec() };
    if bytes.len() > MOST_BASE64 {
        return Err(format!("must be a file of at most {MOST_BYTES} bytes"));
    }
    engine::GeneralPurpose::new(&alphabet::STANDARD, lenient).decode(bytes).map_err(|_| "must be base64".to_owned())
}

fn name_of_url(url: &str) -> String {
    let parsed = url::Url::parse(url).ok();
    let last = parsed.as_ref().and_then(|url| url.path_segments()?.next_back()).unwrap_or_default();
    // Undoes %20 and the like; a plus stays one.
    let text = last.replace('+', "%2B");
    url::form_urlencoded::parse(format!("n={text}").as_bytes()).next().map(|(_, name)| name.into_owned()).unwrap_or_default()
}

/// A name without folders, control characters and characters that turn the direction of writing.
pub fn plain_name(name: &str) -> String {
    let turns =
        |c: char| ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c) || "\u{200e}\u{200f}".contains(c);
    let kept: String =
        name.chars().filter(|&c| !c.is_control() && !turns(c)).map(|c| if c == '/' || c == '\\' { '_' } else { c }).take(255).collect();
    let kept = kept.trim().trim_start_matches('.').trim_end_matches(['.', ' ']);
    if kept.is_empty() { "attachment".to_owned() } else { kept.to_owned() }
}

/// What follows the last dot, lower case.
pub fn file_ending(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((_, ending)) if (1..=10).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            ending.to_ascii_lowercase()
        }
        _ => String::new(),
    }
}

/// The type of bytes: by their content, else by the name.
pub fn guess_type(name: &str, bytes: &[u8]) -> String {
    let by_name = mime_guess::from_path(name).first_raw();
    // Office files, e-books and apps are zip archives; their name knows more.
    let by_content = infer::get(bytes).map(|kind| kind.mime_type()).filter(|kind| by_name.is_none() || *kind != "application/zip");
    by_content.or(by_name).unwrap_or("application/octet-stream").to_owned()
}

/// Types that are served as what they are. All others might run in a browser, or in the program that it hands them to.
const SERVED: [&str; 7] = ["application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff", "text/plain"];

/// The type to serve a file as.
pub fn served_type(content_type: &str) -> &'static str {
    match SERVED.into_iter().find(|served| *served == content_type) {
        // The sender's word; without a charset browsers guess.
        Some("text/plain") => "text/plain; charset=utf-8",
        Some(served) => served,
        None => "application/octet-stream",
    }
}

/// `Content-Disposition` of a download (RFC 6266, RFC 8187).
pub fn disposition(name: &str) -> String {
    let ascii: String = name.chars().map(|c| if c.is_ascii_graphic() && !"\"\\%;".contains(c) || c == ' ' { c } else { '_' }).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", percent_encoded(name))
}

/// Everything but letters, digits and `-._~` as `%XX`.
pub fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{b:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(files: &Value) -> Vec<String> {
        let files: Vec<NewAttachment> = serde_json::from_value(files.clone()).unwrap();
        match check(files) {
            Ok(_) => Vec::new(),
            Err(Error::Problem { errors, .. }) => errors.into_iter().map(|error| error.path).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn each_fault_is_named() {
        let good = json!({"name": "a.txt", "base64": "QQ=="});
        for (file, wanted) in [
            (json!({"name": "a", "base64": "Q"}), "attachments[1].base64"),
            (json!({"name": "a", "base64": "QQ=A"}), "attachments[1].base64"),
            (json!({"name": "a", "base64": "ä"}), "attachments[1].base64"),
            (json!({"name": "a", "url": "ftp://x.example/a"}), "attachments[1].url"),
            (json!({"name": "a", "url": "file:///etc/passwd"}), "attachments[1].url"),
            (json!({"name": "a", "url": "https://x.example", "base64": ""}), "attachments[1]"),
            (json!({"name": "a"}), "attachments[1]"),
            (json!({"name": "", "base64": ""}), "attachments[1].name"),
            (json!({"name": "a", "base64": "", "contentType": "jpeg"}), "attachments[1].contentType"),
            (json!({"name": "ä".repeat(256), "base64": ""}), "attachments[1].name"),
        ] {
            assert_eq!(faults(&json!([good, file])), [wanted], "{file}");
        }
        assert_eq!(faults(&json!(vec![good.clone(); 51])), ["attachments"]);
        assert_eq!(faults(&json!(vec![good; 50])), [""; 0]);
        for bad in [json!({"name": null, "base64": ""}), json!({"nam": "x"}), json!({"base64": 1})] {
            assert!(serde_json::from_value::<NewAttachment>(bad).is_err());
        }
    }

    /// What the schema lets pass must not be refused.
    #[test]
    fn base64_is_what_the_pattern_says() {
        for text in ["", "QQ", "QQ=", "QQ==", "QUI", "QUI=", "QUJD", "QUJDRA==", "zz", "///+"] {
            assert!(matches(BASE64, text) && decode(text).is_ok(), "{text}");
        }
        for text in ["Q", "QUJDR", "=", "QQ===", "QUJD=", "Q=", "QQ==QQ==", "-_-_"] {
            assert!(!matches(BASE64, text) && decode(text).is_err(), "{text}");
        }
        assert_eq!(decode("QU\r\nJD\n").unwrap(), b"ABC");
    }

    #[test]
    fn names_have_no_folders_and_no_tricks() {
        for (name, wanted) in [
            ("zähler.jpg", "zähler.jpg"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("C:\\temp\\a.txt", "C:_temp_a.txt"),
            ("a\u{202e}gpj.exe", "agpj.exe"),
            ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
            ("...", "attachment"),
            ("", "attachment"),
            (" .htaccess ", "htaccess"),
        ] {
            assert_eq!(plain_name(name), wanted, "{name}");
        }
        assert_eq!(name_of_url("https://x.example/a/b%20c+d.pdf?x=1#y"), "b c+d.pdf");
        assert_eq!(name_of_url("https://"), "");
        assert_eq!(file_ending("a.tar.GZ"), "gz");
        assert_eq!(file_ending("ohne"), "");
    }

    #[test]
    fn the_content_says_what_a_file_is() {
        assert_eq!(guess_type("rechnung.pdf", b"\x89PNG\r\n\x1a\n0000"), "image/png");
        assert_eq!(guess_type("a.docx", b"PK\x03\x04rest"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
        assert_eq!(guess_type("a.html", b"<html>"), "text/html");
        assert_eq!(guess_type("a", b"abc"), "application/octet-stream");
    }

    #[test]
    fn only_harmless_types_are_served_as_themselves() {
        assert_eq!(served_type("image/png"), "image/png");
        for kind in ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript", "IMAGE/PNG", ""] {
            assert_eq!(served_type(kind), "application/octet-stream");
        }
        assert_eq!(disposition("Zähler \"1\".jpg"), "attachment; filename=\"Z_hler _1_.jpg\"; filename*=UTF-8''Z%C3%A4hler%20%221%22.jpg");
    }
}
