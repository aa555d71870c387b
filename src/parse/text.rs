//! Text constructs: what a title, summary or content says, and in which form.
//!
//! RSS text is unescaped once and its form left open (R27), except where markup lies in it
//! unescaped: that is written back as HTML. Atom's `type` is followed (RFC 4287 §3.1.1, §4.1.3), in
//! all the spellings of Atom 0.3 and of guesswork. XHTML is written as HTML with every text and
//! attribute escaped, because feed-rs escapes no attributes, and the enclosing `div` is no content
//! (R25).

use super::context::Context;
use super::entity::escape_into;
use super::flaws::{Flaw, Flaws};
use super::names::Ns;
use super::node::{Child, Node};
use crate::model::raw::{RawText, TextKind};

/// Elements that HTML never closes.
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];
/// Attributes that hold one URL.
const URL_ATTRIBUTES: &[&str] =
    &["href", "src", "cite", "poster", "longdesc", "background", "data", "action"];

/// Reads an RSS text; `kind` is that of text without unescaped markup.
pub(super) fn rss(
    node: &Node,
    outer: &Context,
    kind: TextKind,
    flaws: &mut Flaws,
) -> Option<RawText> {
    let context = outer.enter(node);
    if !node.has_elements() {
        return text_of(&node.text()?, kind, &context);
    }
    flaws.add(Flaw::InlineMarkup);
    // `<body xmlns="…xhtml">` and `<description><div xmlns="…xhtml">` hold what they hold.
    text_of(&inner_html(node, &context), TextKind::Html, &context)
}

/// Reads a Media RSS text, whose `type` is `plain` or `html` (Media RSS 1.5.1).
pub(super) fn media(node: &Node, outer: &Context, flaws: &mut Flaws) -> Option<RawText> {
    let kind = match node.attribute("type").map(str::trim) {
        Some(kind) if kind.eq_ignore_ascii_case("html") => TextKind::Html,
        _ => TextKind::Unknown,
    };
    rss(node, outer, kind, flaws)
}

/// Reads an Atom text construct or content; `None` when it is blank or binary.
pub(super) fn atom(node: &Node, outer: &Context, flaws: &mut Flaws) -> Option<RawText> {
    let context = outer.enter(node);
    match form(node, flaws) {
        Form::Plain if node.has_elements() => {
            flaws.add(Flaw::InlineMarkup);
            markup(node, &context)
        }
        Form::Plain => text_of(&node.text()?, TextKind::Plain, &context),
        Form::Html if node.has_elements() => {
            flaws.add(Flaw::InlineMarkup);
            // Escaped HTML in one `div` of XHTML, as TypePad wrote it: the `div` is a wrapper only.
            match wrapper(node).filter(|div| !div.has_elements()) {
                Some(div) => text_of(&div.text()?, TextKind::Html, &context.enter(div)),
                None => markup(node, &context),
            }
        }
        Form::Html => text_of(&node.text()?, TextKind::Html, &context),
        Form::Xhtml => markup(node, &context),
        Form::Xml => text_of(&inner_html(node, &context), TextKind::Html, &context),
        Form::Base64(kind) => text_of(&base64(&node.text()?)?, kind, &context),
        Form::Binary => {
            flaws.add(Flaw::BinaryContent);
            None
        }
    }
}

/// Tells whether Atom content is of a type that is no text.
pub(super) fn is_binary(node: &Node) -> bool {
    matches!(form(node, &mut Flaws::default()), Form::Binary | Form::Base64(_))
}

enum Form {
    Plain,
    Html,
    Xhtml,
    /// Markup as it stands: a `div` around it is a part of it.
    Xml,
    Base64(TextKind),
    Binary,
}

fn form(node: &Node, flaws: &mut Flaws) -> Form {
    let declared = node.attribute("type").unwrap_or_default().trim().to_ascii_lowercase();
    let kind = declared.split(';').next().unwrap_or_default().trim();
    if !matches!(kind, "text" | "html" | "xhtml") && node.attribute("type").is_some() {
        flaws.add(Flaw::BadTextType);
    }
    let mode = node.attribute("mode").unwrap_or_default().trim().to_ascii_lowercase();
    let is_html = matches!(kind, "html" | "text/html" | "application/xhtml+xml" | "xhtml");
    match (mode.as_str(), kind) {
        ("base64", _) if is_html => Form::Base64(TextKind::Html),
        ("base64", _) if kind.is_empty() || kind.starts_with("text") => {
            Form::Base64(TextKind::Plain)
        }
        ("base64", _) => Form::Binary,
        // Atom 0.3 `escaped`: the type says what comes out.
        ("escaped", _) if is_html => Form::Html,
        (_, "xhtml") if node.has_elements() => Form::Xhtml,
        // Atom 0.3, which knows no wrapper.
        ("xml", _) if is_html => Form::Xml,
        (_, "application/xhtml+xml") if node.has_elements() => Form::Xml,
        (_, "xhtml" | "application/xhtml+xml" | "html" | "text/html") => Form::Html,
        (_, "" | "text" | "plain") => Form::Plain,
        (_, kind) if kind.starts_with("text/") => Form::Plain,
        (_, kind) if kind.ends_with("/xml") || kind.ends_with("+xml") => Form::Xhtml,
        (_, kind) if kind.contains('/') => Form::Binary,
        // No type at all, such as `type="zz"`: what it looks like is left to R27.
        _ => Form::Html,
    }
}

/// Writes the markup inside `node`; one `div` round everything is passed through for its base and
/// language only.
fn markup(node: &Node, context: &Context) -> Option<RawText> {
    match wrapper(node) {
        Some(div) => {
            let inner = context.enter(div);
            text_of(&inner_html(div, &inner), TextKind::Html, &inner)
        }
        None => text_of(&inner_html(node, context), TextKind::Html, context),
    }
}

/// Returns the `div` that everything in `node` lies in.
fn wrapper<'n, 't>(node: &'n Node<'t>) -> Option<&'n Node<'t>> {
    let is_blank = |child: &&Child| !matches!(child, Child::Text(text) if text.trim().is_empty());
    let mut children = node.children.iter().filter(is_blank);
    match (children.next(), children.next()) {
        (Some(Child::Element(div)), None)
            if matches!(div.ns, Ns::Xhtml | Ns::Core) && div.name.eq_ignore_ascii_case("div") =>
        {
            Some(div)
        }
        _ => None,
    }
}

fn text_of(value: &str, kind: TextKind, context: &Context) -> Option<RawText> {
    let value = value.trim();
    (!value.is_empty()).then(|| RawText {
        value: value.to_owned(),
        kind,
        base: context.base(),
        language: context.language(),
    })
}

/// Writes what lies inside `node` as HTML.
fn inner_html(node: &Node, context: &Context) -> String {
    let mut out = String::new();
    write_children(node, context, context, &mut out);
    out
}

fn write_children(node: &Node, root: &Context, context: &Context, out: &mut String) {
    for child in &node.children {
        match child {
            Child::Text(text) => escape_into(text, out),
            Child::Element(element) => write_element(element, root, context, out),
        }
    }
}

/// Writes an element; tags of other vocabularies go, their text stays.
fn write_element(node: &Node, root: &Context, outer: &Context, out: &mut String) {
    let context = outer.enter(node);
    let is_html = matches!(node.ns, Ns::Xhtml | Ns::Core | Ns::Svg | Ns::MathMl);
    if !is_html || !is_plain_name(&node.name) {
        return write_children(node, root, &context, out);
    }
    out.push('<');
    out.push_str(&node.name);
    for attribute in &node.attributes {
        let is_kept = attribute.ns == Ns::Core && is_plain_name(attribute.name);
        if !is_kept {
            continue;
        }
        out.push(' ');
        out.push_str(attribute.name);
        out.push_str("=\"");
        let is_url = URL_ATTRIBUTES.contains(&attribute.name);
        match is_url.then(|| context.resolve(&attribute.value)).flatten() {
            Some(url) if !context.has_base_of(root) => escape_into(&url, out),
            _ => escape_into(&attribute.value, out),
        }
        out.push('"');
    }
    if let Some(language) = node.attribute_in(Ns::Xml, "lang")
        && node.attribute("lang").is_none()
    {
        out.push_str(" lang=\"");
        escape_into(language, out);
        out.push('"');
    }
    out.push('>');
    let name = node.name.to_ascii_lowercase();
    if VOID.contains(&name.as_str()) && node.ns != Ns::Svg {
        // Some hold text because their end tag was forgotten: it follows them.
        return write_children(node, root, &context, out);
    }
    write_children(node, root, &context, out);
    out.push_str("</");
    out.push_str(&node.name);
    out.push('>');
}

fn is_plain_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_part)
}

/// Decodes base64 that holds UTF-8 text (Atom 0.3 `mode="base64"`, RFC 4648 §4, blanks ignored).
fn base64(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut count = 0_u32;
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xFF).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_text_is_decoded() {
        assert_eq!(base64("VGnhur9u\n Zw==").as_deref(), Some("Tiếng"));
        assert_eq!(base64("*"), None);
    }
}
