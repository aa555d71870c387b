//! The attributes of an allowed element: kept by the table, URLs made absolute, the rest dropped.

use std::borrow::Cow;

use ::url::Url;

use super::policy::{GENERIC, Rule, SCHEMES};
use super::token::Attributes;
use crate::normalize::{text, url};

/// The longest value of an attribute; longer ones are dropped, or cut when they are text.
const VALUE_BYTES_MAX: usize = 16 * 1024;

/// Attributes that hold the picture of one that loads late, best first.
const LATE: &[&str] = &["data-src", "data-original", "data-lazy-src"];

/// Returns the attributes as they are written, each with a leading space.
///
/// `None`: the element is of no use (a picture without a source, a counter of one pixel) and goes.
pub(super) fn rewrite(rule: &'static Rule, raw: &str, base: Option<&Url>) -> Option<String> {
    let mut kept: Vec<(&'static str, String)> = Vec::new();
    let mut late = None;
    let mut is_hidden = false;
    for (name, value) in Attributes::new(raw) {
        let listed = rule.attributes.iter().chain(GENERIC).find(|it| **it == name);
        if let Some(name) = listed {
            let is_first = kept.iter().all(|(other, _)| other != name);
            if is_first && let Some(value) = value_of(rule, name, &value, base) {
                kept.push((name, value));
            }
        } else if rule.name == "img" && late.is_none() && LATE.contains(&&*name) {
            late = absolute(&value, base);
        } else if rule.name == "img" && name == "style" {
            is_hidden |= hides(&value);
        }
    }
    match rule.name {
        "img" if is_hidden || !settle_picture(&mut kept, late) => return None,
        "audio" | "video" => {
            kept.retain(|(name, _)| *name != "controls");
            kept.push(("controls", String::new()));
        }
        _ => {}
    }
    let mut written = String::new();
    for (name, value) in &kept {
        written.push(' ');
        written.push_str(name);
        written.push_str("=\"");
        text::push_quoted(&mut written, value);
        written.push('"');
    }
    Some(written)
}

fn value_of(rule: &Rule, name: &str, value: &str, base: Option<&Url>) -> Option<String> {
    if value.len() > VALUE_BYTES_MAX {
        return None;
    }
    match (rule.name, name) {
        // An empty reference is the base itself (RFC 3986 §5.2.2, R23).
        ("a", "href") if value.trim().is_empty() => {
            let (page, _) = base?.as_str().split_once('#').unwrap_or((base?.as_str(), ""));
            absolute(page, base)
        }
        (_, "href" | "src" | "poster" | "cite" | "longdesc") => absolute(value, base),
        (_, "srcset") => candidates(value, base),
        (_, "dir") => Some(value.trim().to_ascii_lowercase())
            .filter(|value| matches!(value.as_str(), "ltr" | "rtl" | "auto")),
        // Kept for measuring only: "100%", "640px" and "640" all occur.
        _ => Some(clean(value)),
    }
}

fn clean(value: &str) -> String {
    let unified: Cow<'_, str> = if value.contains('\r') {
        Cow::Owned(value.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(value)
    };
    text::composed(&unified).into_owned()
}

/// Returns the absolute URL if its scheme is allowed (R120).
fn absolute(value: &str, base: Option<&Url>) -> Option<String> {
    let absolute = url::resolve(value, base)?;
    let (scheme, _) = absolute.split_once(':')?;
    SCHEMES.iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed)).then_some(absolute)
}

/// Rewrites a `srcset` (HTML Standard §4.8.4.2.1): candidates with an allowed URL stay.
fn candidates(value: &str, base: Option<&Url>) -> Option<String> {
    let mut kept = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (written, tail) = rest.split_at(end);
        let url = written.trim_end_matches(',');
        let descriptor = if url.len() < written.len() {
            rest = tail;
            ""
        } else {
            let end = tail.find(',').unwrap_or(tail.len());
            let (descriptor, tail) = tail.split_at(end);
            rest = tail;
            descriptor.trim()
        };
        let is_descriptor =
            descriptor.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        if let Some(url) =
            absolute(url, base).filter(|url| is_descriptor && url.starts_with("http"))
        {
            let space = if descriptor.is_empty() { "" } else { " " };
            kept.push(format!("{url}{space}{descriptor}"));
        }
    }
    if kept.is_empty() { None } else { Some(kept.join(", ")) }
}

/// Puts in the late picture where there is none; false: nothing to show, or only a counter (R125).
fn settle_picture(kept: &mut Vec<(&'static str, String)>, late: Option<String>) -> bool {
    let is_dot = |name: &str| {
        kept.iter().any(|(other, value)| {
            let digits = value.trim().trim_end_matches("px");
            *other == name && matches!(digits, "0" | "1")
        })
    };
    if is_dot("width") && is_dot("height") {
        return false;
    }
    if !kept.iter().any(|(name, _)| *name == "src") {
        late.into_iter().for_each(|url| kept.push(("src", url)));
    }
    kept.iter().any(|(name, _)| matches!(*name, "src" | "srcset"))
}

/// Tells whether a style shows nothing: it hides the picture, or makes it a dot (R125).
fn hides(style: &str) -> bool {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    let style = style.to_ascii_lowercase();
    let is_dot = |name: &str| {
        style.split(';').filter_map(|it| it.split_once(':')).any(|(property, value)| {
            let value = value.trim_end_matches("!important").trim_end_matches("px");
            property == name && matches!(value, "0" | "1")
        })
    };
    style.contains("display:none") || is_dot("width") && is_dot("height")
}
