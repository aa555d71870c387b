//! What a source may change about its request and reading: headers, encoding, filters, `on_add`.
//! Pure. Standards: RFC 9110 §5.5, §5.6.2 (header fields), WHATWG Encoding §4.2 (labels).

use regex::RegexBuilder;

use super::problem::{Fault, fault};
use super::tree::Value;
use super::values;
use crate::model::source::{FilterField, FilterRule, OnAdd};

/// The largest compiled filter, in bytes.
const FILTER_BYTES_MAX: usize = 1 << 20;

/// The longest header value.
const HEADER_CHARS_MAX: usize = 4_096;

/// Headers that feedmill sets itself, with what to do instead.
const OWN_HEADERS: &[(&str, &str)] = &[
    ("host", "it follows from the URL; leave it out"),
    ("content-length", "a request for a feed has no body; leave it out"),
    ("content-type", "a request for a feed has no body; leave it out"),
    ("transfer-encoding", "a request for a feed has no body; leave it out"),
    ("expect", "a request for a feed has no body; leave it out"),
    ("cookie", "feeds are fetched without cookies; put credentials in secret_file"),
    ("authorization", "put \"user:password\" or \"Bearer …\" in secret_file"),
    ("proxy-authorization", "put it in the URL of the proxy"),
    ("user-agent", "write user_agent = \"…\" in [[source]]"),
    ("from", "write a mail address as contact in [poll]"),
    ("accept-encoding", "feedmill asks for what it can decode; leave it out"),
    ("if-none-match", "feedmill keeps validators itself; leave it out"),
    ("if-modified-since", "feedmill keeps validators itself; leave it out"),
    ("if-match", "feedmill keeps validators itself; leave it out"),
    ("if-unmodified-since", "feedmill keeps validators itself; leave it out"),
    ("if-range", "feedmill asks for whole documents; leave it out"),
    ("range", "feedmill asks for whole documents; leave it out"),
    ("connection", "it belongs to the connection; leave it out"),
    ("keep-alive", "it belongs to the connection; leave it out"),
    ("proxy-connection", "it belongs to the connection; leave it out"),
    ("te", "it belongs to the connection; leave it out"),
    ("trailer", "it belongs to the connection; leave it out"),
    ("upgrade", "it belongs to the connection; leave it out"),
];

/// Reads one further request header; the name is returned in lower case.
pub(super) fn header(name: &str, value: &Value) -> Result<(String, String), Fault> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        let remedy = "write letters, digits and hyphens only, such as \"Accept-Language\"";
        return Err(fault("is no header name", remedy));
    }
    let name = name.to_ascii_lowercase();
    if let Some((_, instead)) = OWN_HEADERS.iter().find(|(own, _)| *own == name) {
        return Err(fault("is set by feedmill itself", *instead));
    }
    Ok((name, header_value(value)?))
}

/// Reads the value of a header.
pub(super) fn header_value(value: &Value) -> Result<String, Fault> {
    let text = values::text(value)?.trim();
    let is_plain = text.chars().all(|c| c == '\t' || (' '..='~').contains(&c));
    if is_plain && !text.is_empty() && text.len() <= HEADER_CHARS_MAX {
        return Ok(text.to_owned());
    }
    let remedy = format!("write 1 to {HEADER_CHARS_MAX} printable ASCII characters");
    Err(fault("cannot be the value of a header", remedy))
}

/// Reads a label of the Encoding standard; returns the name of its encoding.
pub(super) fn encoding(value: &Value) -> Result<String, Fault> {
    let label = values::text(value)?.trim();
    let known = encoding_rs::Encoding::for_label(label.as_bytes());
    // "replacement" stands for encodings that must not be decoded at all (Encoding §4.2).
    let usable = known.filter(|encoding| *encoding != encoding_rs::REPLACEMENT);
    usable.map(|encoding| encoding.name().to_owned()).ok_or_else(|| {
        let remedy = "write a label such as \"utf-8\", \"windows-1258\" or \"shift_jis\"";
        fault(format!("{label:?} is no character encoding"), remedy)
    })
}

/// Reads one rule of `include` or `exclude`: a regular expression, a field and a colon before it.
pub(super) fn filter(value: &Value) -> Result<FilterRule, Fault> {
    const FIELDS: &[(&str, FilterField)] = &[
        ("title:", FilterField::Title),
        ("text:", FilterField::Text),
        ("author:", FilterField::Author),
        ("category:", FilterField::Category),
        ("url:", FilterField::Url),
    ];
    let rule = values::text(value)?.trim();
    let named = |(prefix, field): &(&str, FilterField)| Some((*field, rule.strip_prefix(prefix)?));
    let (field, pattern) = FIELDS.iter().find_map(named).unwrap_or((FilterField::Any, rule));
    let pattern = pattern.trim();
    if pattern.is_empty() {
        return Err(fault("is empty and would match everything", "write an expression"));
    }
    let compiled = RegexBuilder::new(pattern).size_limit(FILTER_BYTES_MAX).build();
    compiled.map_err(|error| {
        // The last line of a syntax error is its reason; those before it draw the place.
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default().trim();
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        let remedy = "see https://docs.rs/regex for the syntax; quote it with '…' in TOML";
        fault(format!("{pattern:?} is no regular expression: {reason}"), remedy)
    })?;
    Ok(FilterRule { field, pattern: pattern.to_owned() })
}

/// Reads what the first poll may publish.
pub(super) fn on_add(value: &Value) -> Result<OnAdd, Fault> {
    let text = values::text(value)?.trim();
    let bad = || {
        let remedy = "write \"all\", \"newest:20\" or \"since-now\"";
        fault(format!("{text:?} is not known"), remedy)
    };
    match text {
        "all" => Ok(OnAdd::All),
        "since-now" => Ok(OnAdd::SinceNow),
        _ => {
            let number = text.strip_prefix("newest:").ok_or_else(bad)?.trim();
            number.parse().map(OnAdd::Newest).map_err(|_| bad())
        }
    }
}
