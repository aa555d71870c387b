//! A repaired element: what the sidecar reads and what feed-rs is handed.
//!
//! Names, values and texts are those of the document itself wherever nothing in them was mended.

use std::borrow::Cow;

use super::names::Ns;

/// An attribute, its value unescaped.
#[derive(Clone, Debug, Default)]
pub(super) struct Attribute<'t> {
    /// `Core` when it has no prefix.
    pub(super) ns: Ns,
    /// Local name, as written.
    pub(super) name: &'t str,
    pub(super) value: Cow<'t, str>,
}

/// A child.
#[derive(Clone, Debug)]
pub(super) enum Child<'t> {
    Text(Cow<'t, str>),
    Element(Node<'t>),
}

/// An element.
#[derive(Clone, Debug, Default)]
pub(super) struct Node<'t> {
    pub(super) ns: Ns,
    /// Local name; in lower case when `ns` is `Core`.
    pub(super) name: Cow<'t, str>,
    pub(super) attributes: Vec<Attribute<'t>>,
    pub(super) children: Vec<Child<'t>>,
}

impl<'t> Node<'t> {
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
        let is_it = |a: &&Attribute<'_>| a.ns == ns && a.name.eq_ignore_ascii_case(name);
        self.attributes.iter().find(is_it).map(|a| &*a.value)
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
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        let text = match self.children.as_slice() {
            [Child::Text(text)] => Cow::Borrowed(text.trim()),
            children => {
                let mut out = String::new();
                children.iter().for_each(|child| child.collect_text(&mut out));
                Cow::Owned(out.trim().to_owned())
            }
        };
        (!text.is_empty()).then_some(text)
    }

    /// Returns the same as a string of its own.
    pub(super) fn string(&self) -> Option<String> {
        self.text().map(Cow::into_owned)
    }
}

impl Child<'_> {
    fn collect_text(&self, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Element(node) => node.children.iter().for_each(|child| child.collect_text(out)),
        }
    }
}
