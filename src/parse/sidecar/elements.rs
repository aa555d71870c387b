//! Extension elements kept for republishing, bounded (standards R78, R79).

use super::super::flaws::{Flaw, Flaws};
use super::super::names::{self, Ns};
use super::super::node::{Child, Node};
use crate::model::entry::Element;

/// Deepest extension element kept.
pub(in super::super) const EXTENSION_DEPTH_MAX: usize = 8;
/// Extension elements kept of one item.
pub(in super::super) const EXTENSIONS_MAX: usize = 500;

/// Dublin Core elements that became fields of the entry.
const DC_FIELDS: &[&str] = &[
    "title",
    "description",
    "creator",
    "author",
    "contributor",
    "subject",
    "date",
    "language",
    "rights",
];

/// Returns the extension elements among the children of an item.
pub(super) fn extensions(node: &Node, flaws: &mut Flaws) -> Vec<Element> {
    let mut left = EXTENSIONS_MAX;
    let mut out = Vec::new();
    for element in node.elements().filter(|element| is_kept(element)) {
        out.extend(copy(element, EXTENSION_DEPTH_MAX, &mut left));
    }
    if left == 0 {
        flaws.add(Flaw::TooManyElements);
    }
    out
}

fn is_kept(node: &Node) -> bool {
    match node.ns {
        Ns::Media | Ns::Itunes | Ns::Podcast | Ns::Threading | Ns::Slash => true,
        Ns::Cc | Ns::CreativeCommons | Ns::Wfw | Ns::Geo | Ns::GeoRss => true,
        Ns::Dc => !DC_FIELDS.iter().any(|field| node.name.eq_ignore_ascii_case(field)),
        Ns::Core | Ns::Atom | Ns::Xhtml | Ns::Xml | Ns::Rdf | Ns::DcTerms | Ns::Content => false,
        Ns::Syndication | Ns::Feedburner | Ns::History | Ns::Svg | Ns::MathMl | Ns::Other => false,
    }
}

fn copy(node: &Node, depth: usize, left: &mut usize) -> Option<Element> {
    let prefix = names::prefix(node.ns)?;
    if depth == 0 || *left == 0 {
        return None;
    }
    *left -= 1;
    let mut element = Element {
        prefix: prefix.to_owned(),
        name: node.name.clone().into_owned(),
        ..Element::default()
    };
    for attribute in &node.attributes {
        let prefix = (attribute.ns != Ns::Core).then(|| names::prefix(attribute.ns)).flatten();
        match (attribute.ns, prefix) {
            (Ns::Core, _) => {
                element.attributes.push((attribute.name.to_owned(), attribute.value.to_string()));
            }
            (_, Some(prefix)) => {
                let name = format!("{prefix}:{}", attribute.name);
                element.attributes.push((name, attribute.value.to_string()));
            }
            (_, None) => {}
        }
    }
    for child in &node.children {
        match child {
            Child::Text(text) => element.text.push_str(text),
            Child::Element(child) => element.children.extend(copy(child, depth - 1, left)),
        }
    }
    element.text = element.text.trim().to_owned();
    Some(element)
}
