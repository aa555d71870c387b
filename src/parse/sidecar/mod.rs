//! Reads items and the feed's own words from repaired elements: everything feed-rs drops, and the
//! rest as well, so that one set of rules decides.
//!
//! `entry` and `channel` are for RSS, RDF and Atom alike: publishers mix their elements, and each
//! means the same wherever it stands. Standards: RSS 2.0, RSS 1.0, RFC 4287, Media RSS 1.5.1,
//! D27 (dates), R23 (base), R29 (language), R75–R80 (files, extensions, block), P29–P33 (wishes).

mod channel;
mod elements;
mod item;
mod people;
mod wish;

pub(super) use channel::channel;
#[cfg(test)]
pub(super) use elements::EXTENSIONS_MAX;
pub(super) use item::entry;

use std::borrow::Cow;

use super::context::Context;
use super::names::Ns;
use super::node::Node;
use crate::model::raw::RawLink;

/// Relations of IANA's registry may be written as URIs (RFC 4287 §4.2.7.2).
const IANA_RELATIONS: &str = "http://www.iana.org/assignments/relation/";

/// Candidates kept of one kind.
const TEXTS_MAX: usize = 20;

/// Reads `atom:link`, or an RSS `link` written like one.
fn atom_link(node: &Node, outer: &Context) -> Option<RawLink> {
    let context = outer.enter(node);
    let text = |name: &str| {
        node.attribute(name).map(str::trim).filter(|value| !value.is_empty()).map(ToOwned::to_owned)
    };
    let href = node.attribute("href").map(Cow::Borrowed).or_else(|| node.text())?;
    let rel = text("rel").unwrap_or_else(|| "alternate".to_owned());
    Some(RawLink {
        rel: rel.strip_prefix(IANA_RELATIONS).unwrap_or(&rel).to_ascii_lowercase(),
        href: context.resolve(&href)?,
        mime: text("type"),
        title: text("title"),
        hreflang: text("hreflang"),
        length: text("length"),
    })
}

/// Reads RSS `link`: text, or `href` as in Atom, or `rdf:resource`.
fn rss_link(node: &Node, outer: &Context) -> Option<RawLink> {
    if node.attribute("href").is_some() {
        return atom_link(node, outer);
    }
    let context = outer.enter(node);
    let resource = || node.attribute_in(Ns::Rdf, "resource").map(Cow::Borrowed);
    let href = context.resolve(&node.text().or_else(resource)?)?;
    Some(RawLink { rel: "alternate".to_owned(), href, ..RawLink::default() })
}

/// Reads `href` of an item or a channel, as the Channel Definition Format has it.
fn link_of_attribute(node: &Node, outer: &Context) -> Option<RawLink> {
    let href = outer.enter(node).resolve(node.attribute("href")?)?;
    Some(RawLink { rel: "alternate".to_owned(), href, ..RawLink::default() })
}

/// Reads the text of an element as a URL.
fn url_text(node: &Node, outer: &Context) -> Option<String> {
    outer.enter(node).resolve(&node.text()?)
}

/// Returns the texts of the children of these names, name by name, in document order within each.
fn texts(node: &Node, names: &[(Ns, &str)]) -> Vec<String> {
    let mut out = Vec::new();
    for (ns, name) in names {
        for text in node.elements().filter(|e| e.is(*ns, name)).filter_map(Node::text) {
            if out.len() < TEXTS_MAX && !out.iter().any(|known| *known == text) {
                out.push(text.into_owned());
            }
        }
    }
    out
}
