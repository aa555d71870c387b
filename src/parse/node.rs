//! A repaired element: what the sidecar reads and what feed-rs is handed.

use super::names::Ns;

/// An attribute, its value unescaped.
#[derive(Clone, Debug, Default)]
pub(super) struct Attribute {
    /// `Core` when it has no prefix.
    pub(super) ns: Ns,
    /// Local name, as written.
    pub(super) name: String,
    pub(super) value: String,
}

/// A child.
#[derive(Clone, Debug)]
pub(super) enum Child {
    Text(String),
    Element(Node),
}

/// An element.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) ns: Ns,
    /// Local name; in lower case when `ns` is `Core`.
    pub(super) name: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) children: Vec<Child>,
}

impl Node {
    /// Tells whether it is this element; names compare without case.
    pub(super) fn is(&self, ns: Ns, name: &str) -> bool {
        self.ns == ns && self.name.eq_ignore_ascii_case(name)
    }

    /// Returns an attribute without prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attribute_in(Ns::Core, name)
    }

    /// Returns an attribute.
    pub(super) fn attribute_in(&self, ns: Ns, name: &str) -> Option<&str> {
        let is_it = |a: &&Attribute| a.ns == ns && a.name.eq_ignore_ascii_case(name);
        self.attributes.iter().find(is_it).map(|a| a.value.as_str())
    }

    /// Returns the child elements in document order.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Child::Element(node) => Some(node),
            Child::Text(_) => None,
        })
    }

    /// Returns the first child element of that name.
    pub(super) fn element(&self, ns: Ns, name: &str) -> Option<&Self> {
        self.elements().find(|node| node.is(ns, name))
    }

    /// Tells whether markup lies inside.
    pub(super) fn has_elements(&self) -> bool {
        self.elements().next().is_some()
    }

    /// Returns the text inside, of all depths, trimmed; `None` when blank.
    pub(super) fn text(&self) -> Option<String> {
        let mut out = String::new();
        self.collect_text(&mut out);
        let trimmed = out.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    fn collect_text(&self, out: &mut String) {
        for child in &self.children {
            match child {
                Child::Text(text) => out.push_str(text),
                Child::Element(node) => node.collect_text(out),
            }
        }
    }
}
