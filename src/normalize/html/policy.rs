//! Which elements and attributes are republished (standards R118–R121), in one table.
//!
//! What is not in the table loses its tags and keeps its content, but for `FATE`, whose content
//! goes too.

use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

/// How an element nests, after the tree construction rules of the HTML Standard (§13.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Has no content and no end tag.
    Void,
    /// `hr`: void, and ends a paragraph.
    Rule,
    /// `a`, `b` … : its end tag closes whatever stands open within.
    Formatting,
    /// Any other inline element: its end tag is ignored across blocks.
    Inline,
    /// `rt`, `rp`.
    Ruby,
    /// Ends a paragraph.
    Block,
    /// `ul`, `ol`: a block, and the border for `li`.
    List,
    /// `p`.
    Paragraph,
    /// `h1` to `h6`.
    Heading,
    /// `li`.
    Item,
    /// `dt`, `dd`.
    Term,
    /// `table`.
    Table,
    /// `caption`.
    Caption,
    /// `colgroup`.
    Columns,
    /// `col`.
    Column,
    /// `thead`, `tbody`, `tfoot`.
    Rows,
    /// `tr`.
    Row,
    /// `td`, `th`.
    Cell,
}

/// An element of the allow-list.
#[derive(Debug)]
pub(super) struct Rule {
    /// In lower case.
    pub(super) name: &'static str,
    /// How it nests.
    pub(super) group: Group,
    /// Its own attributes, besides `GENERIC`.
    pub(super) attributes: &'static [&'static str],
}

/// Attributes that every element may have.
pub(super) const GENERIC: &[&str] = &["dir", "lang", "title"];

/// Schemes that a URL may have (R120).
pub(super) const SCHEMES: &[&str] = &["http", "https", "magnet", "mailto", "tel"];

const fn rule(name: &'static str, group: Group, attributes: &'static [&'static str]) -> Rule {
    Rule { name, group, attributes }
}

/// Sorted by name.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    rule("a", Group::Formatting, &["href", "hreflang"]),
    rule("abbr", Group::Inline, &[]),
    rule("acronym", Group::Inline, &[]),
    rule("address", Group::Block, &[]),
    rule("article", Group::Block, &[]),
    rule("aside", Group::Block, &[]),
    rule("audio", Group::Inline, &["controls", "loop", "muted", "preload", "src"]),
    rule("b", Group::Formatting, &[]),
    rule("bdi", Group::Inline, &[]),
    rule("bdo", Group::Inline, &[]),
    rule("big", Group::Formatting, &[]),
    rule("blockquote", Group::Block, &["cite"]),
    rule("br", Group::Void, &[]),
    rule("caption", Group::Caption, &[]),
    rule("center", Group::Block, &[]),
    rule("cite", Group::Inline, &[]),
    rule("code", Group::Formatting, &[]),
    rule("col", Group::Column, &["span"]),
    rule("colgroup", Group::Columns, &["span"]),
    rule("data", Group::Inline, &["value"]),
    rule("dd", Group::Term, &[]),
    rule("del", Group::Inline, &["cite", "datetime"]),
    rule("details", Group::Block, &["open"]),
    rule("dfn", Group::Inline, &[]),
    rule("div", Group::Block, &[]),
    rule("dl", Group::Block, &[]),
    rule("dt", Group::Term, &[]),
    rule("em", Group::Formatting, &[]),
    rule("figcaption", Group::Block, &[]),
    rule("figure", Group::Block, &[]),
    rule("footer", Group::Block, &[]),
    rule("h1", Group::Heading, &[]),
    rule("h2", Group::Heading, &[]),
    rule("h3", Group::Heading, &[]),
    rule("h4", Group::Heading, &[]),
    rule("h5", Group::Heading, &[]),
    rule("h6", Group::Heading, &[]),
    rule("header", Group::Block, &[]),
    rule("hgroup", Group::Block, &[]),
    rule("hr", Group::Rule, &[]),
    rule("i", Group::Formatting, &[]),
    rule("img", Group::Void, &["alt", "height", "longdesc", "sizes", "src", "srcset", "width"]),
    rule("ins", Group::Inline, &["cite", "datetime"]),
    rule("kbd", Group::Inline, &[]),
    rule("li", Group::Item, &["value"]),
    rule("main", Group::Block, &[]),
    rule("mark", Group::Inline, &[]),
    rule("nav", Group::Block, &[]),
    rule("ol", Group::List, &["reversed", "start", "type"]),
    rule("p", Group::Paragraph, &[]),
    rule("picture", Group::Inline, &[]),
    rule("pre", Group::Block, &[]),
    rule("q", Group::Inline, &["cite"]),
    rule("rp", Group::Ruby, &[]),
    rule("rt", Group::Ruby, &[]),
    rule("ruby", Group::Inline, &[]),
    rule("s", Group::Formatting, &[]),
    rule("samp", Group::Inline, &[]),
    rule("section", Group::Block, &[]),
    rule("small", Group::Formatting, &[]),
    rule("source", Group::Void, &["height", "media", "sizes", "src", "srcset", "type", "width"]),
    rule("span", Group::Inline, &[]),
    rule("strike", Group::Formatting, &[]),
    rule("strong", Group::Formatting, &[]),
    rule("sub", Group::Inline, &[]),
    rule("summary", Group::Block, &[]),
    rule("sup", Group::Inline, &[]),
    rule("table", Group::Table, &[]),
    rule("tbody", Group::Rows, &[]),
    rule("td", Group::Cell, &["align", "colspan", "rowspan", "valign"]),
    rule("tfoot", Group::Rows, &[]),
    rule("th", Group::Cell, &["abbr", "align", "colspan", "rowspan", "scope", "valign"]),
    rule("thead", Group::Rows, &[]),
    rule("time", Group::Inline, &["datetime"]),
    rule("tr", Group::Row, &[]),
    rule("track", Group::Void, &["default", "kind", "label", "src", "srclang"]),
    rule("tt", Group::Formatting, &[]),
    rule("u", Group::Formatting, &[]),
    rule("ul", Group::List, &[]),
    rule("var", Group::Inline, &[]),
    rule("video", Group::Inline, &[
        "controls", "height", "loop", "muted", "playsinline", "poster", "preload", "src", "width",
    ]),
    rule("wbr", Group::Void, &[]),
];

/// Returns the rule of an element by its name in lower case; `None`: its tags are dropped.
pub(super) fn rule_of(name: &str) -> Option<&'static Rule> {
    // Browsers read "image" as "img" (§13.2.6.4.7).
    let name = if name == "image" { "img" } else { name };
    let at = RULES.binary_search_by(|rule| rule.name.cmp(name)).ok()?;
    RULES.get(at)
}

/// What becomes of an element's content when the element is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The content stands as if the tags were not there.
    Unwrapped,
    /// Raw text up to the end tag: goes.
    Raw,
    /// Markup up to the matching end tag: goes.
    Nested,
    /// SVG and MathML: go whole (R121).
    Foreign,
}

/// Returns what becomes of the content of an element.
pub(super) fn fate(name: &str) -> Fate {
    match name {
        "script" | "style" | "noembed" | "noframes" | "textarea" | "title" | "xmp" => Fate::Raw,
        "applet" | "template" | "select" | "datalist" | "canvas" | "dialog" => Fate::Nested,
        "svg" | "math" => Fate::Foreign,
        _ => Fate::Unwrapped,
    }
}

/// The second wall: parses the rewritten markup as browsers do and lets the same table through.
pub(super) static WALL: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(RULES.iter().map(|rule| rule.name).collect())
        .tag_attributes(
            RULES
                .iter()
                .filter(|rule| !rule.attributes.is_empty())
                .map(|rule| (rule.name, rule.attributes.iter().copied().collect()))
                .collect(),
        )
        .generic_attributes(GENERIC.iter().copied().collect())
        .url_schemes(SCHEMES.iter().copied().collect())
        .url_relative(UrlRelative::Deny)
        .clean_content_tags(["script", "style", "svg", "math", "template"].into())
        .link_rel(None)
        .strip_comments(true);
    builder
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_rule_is_found() {
        assert!(RULES.is_sorted_by_key(|rule| rule.name));
        for rule in RULES {
            assert_eq!(rule_of(rule.name).map(|it| it.name), Some(rule.name));
            assert!(rule.attributes.is_sorted(), "{}", rule.name);
        }
    }

    #[test]
    fn nothing_that_runs_or_collides_is_allowed() {
        for name in ["script", "style", "iframe", "object", "embed", "form", "svg", "base", "meta"]
        {
            assert!(rule_of(name).is_none(), "{name}");
        }
        for name in RULES.iter().flat_map(|rule| rule.attributes).chain(GENERIC) {
            let is_safe = !name.starts_with("on")
                && !["style", "id", "name", "class", "srcdoc", "formaction", "ping"].contains(name);
            assert!(is_safe, "{name}");
        }
    }
}
