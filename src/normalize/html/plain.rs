//! Reads the text of markup, in one pass.

use super::policy::{Group, rule_of};
use super::token::{Attributes, Place, Token, Tokens, decode_into, has_reference};
use super::visible::Visible;
use crate::normalize::text;

/// Returns the text of `html`: no markup, references decoded, white space folded, NFC. Block
/// elements, cells and line breaks separate words; inline elements do not.
pub fn plain(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return text::fold(html);
    }
    let mut read = String::with_capacity(html.len());
    for token in Visible::new(html) {
        match token {
            Token::Text(raw) => decode_into(raw, Place::Text, &mut read),
            Token::Start(name, _) | Token::End(name) if separates(&name) => read.push(' '),
            Token::Start(..) | Token::End(_) => {}
        }
    }
    text::fold(&read)
}

fn separates(name: &str) -> bool {
    match rule_of(name) {
        Some(rule) if matches!(name, "br" | "audio" | "video") => rule.name == name,
        Some(rule) => {
            !matches!(rule.group, Group::Void | Group::Formatting | Group::Inline | Group::Ruby)
        }
        None => matches!(
            name,
            "body" | "dir" | "fieldset" | "form" | "head" | "html" | "menu" | "option"
        ),
    }
}

/// Tells whether a long text of unknown kind is markup (R27): it holds a tag or a character
/// reference that HTML knows. What else stands in it, `<o:p>` or `<amp-img>`, does not matter.
pub fn has_markup(value: &str) -> bool {
    let is_known_tag = |token| match token {
        Token::Start(name, _) | Token::End(name) => is_known(&name),
        Token::Text(_) => false,
    };
    has_reference(value) || (value.contains('<') && Tokens::new(value).any(is_known_tag))
}

/// Tells whether a title or name of unknown kind is markup (R27).
///
/// These are rarely markup, so more is asked: it is when every tag in it is one that HTML knows,
/// and it shows a tag that can stand by itself (an end tag, a void element, an element with
/// attributes) or a character reference. `AT&T <b>` and `History of the <blink> tag` are text; `a
/// &amp; b` and `<i>x</i>` are markup.
pub fn is_markup(value: &str) -> bool {
    let mut is_shown = has_reference(value);
    if !is_shown && !value.contains('<') {
        return false;
    }
    for token in Tokens::new(value) {
        match token {
            Token::Text(_) => {}
            Token::Start(name, raw) => {
                if !is_known(&name) {
                    return false;
                }
                let is_void = rule_of(&name)
                    .is_some_and(|rule| matches!(rule.group, Group::Void | Group::Rule));
                is_shown |= is_void || Attributes::new(raw).next().is_some() || raw.ends_with('/');
            }
            Token::End(name) => {
                if !is_known(&name) {
                    return false;
                }
                is_shown = true;
            }
        }
    }
    is_shown
}

/// Elements that are never published, and yet are HTML.
fn is_known(name: &str) -> bool {
    rule_of(name).is_some()
        || matches!(
            name,
            "applet"
                | "area"
                | "base"
                | "body"
                | "button"
                | "canvas"
                | "dir"
                | "embed"
                | "fieldset"
                | "font"
                | "form"
                | "frame"
                | "frameset"
                | "head"
                | "html"
                | "iframe"
                | "input"
                | "label"
                | "legend"
                | "link"
                | "map"
                | "math"
                | "menu"
                | "meta"
                | "nobr"
                | "noembed"
                | "noframes"
                | "noscript"
                | "object"
                | "option"
                | "param"
                | "script"
                | "select"
                | "style"
                | "svg"
                | "template"
                | "textarea"
                | "title"
                | "xmp"
        )
}
