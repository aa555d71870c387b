//! Which namespace a prefix stands for, at each place of a document.

use std::borrow::Cow;

use super::flaws::{Flaw, Flaws};
use super::grammar::Dialect;
use super::names::{self, Family, Ns, lower};
use super::repair::ATTRIBUTES_MAX;
use super::token;

/// Namespace declarations in force at once.
const BINDINGS_MAX: usize = 128;

/// The declarations in force.
pub(super) struct Scope<'a> {
    dialect: Dialect,
    /// The root's default namespace: the document's own, whatever it is. `None`: the root has a
    /// prefix.
    default_uri: Option<&'a str>,
    bindings: Vec<(&'a str, Ns)>,
}

impl<'a> Scope<'a> {
    /// Starts with the root's tag.
    pub(super) fn new(
        dialect: Dialect,
        name: &str,
        attributes: &'a str,
        flaws: &mut Flaws,
    ) -> Self {
        let mut uri = "";
        token::attributes(attributes, ATTRIBUTES_MAX, |name, value| {
            if name == "xmlns" {
                uri = value.trim();
            }
        });
        let is_old = |(family, is_exact): (Family, bool)| {
            let is_misplaced = family == Family::Atom && dialect != Dialect::Atom;
            !is_exact || family == Family::OldAtom || is_misplaced
        };
        if names::family(uri).is_none_or(is_old) {
            flaws.add(Flaw::WrongNamespace);
        }
        let default_uri = (!name.contains(':')).then_some(uri);
        Self { dialect, default_uri, bindings: Vec::new() }
    }

    /// Returns how many declarations are in force, to come back to.
    pub(super) fn depth(&self) -> usize {
        self.bindings.len()
    }

    /// Forgets the declarations of elements that were closed.
    pub(super) fn leave(&mut self, depth: usize) {
        self.bindings.truncate(depth);
    }

    /// Takes the declarations of a tag.
    pub(super) fn enter(&mut self, attributes: &'a str, flaws: &mut Flaws) {
        if !attributes.contains("xmlns") {
            return;
        }
        let mut found = Vec::new();
        token::attributes(attributes, ATTRIBUTES_MAX, |name, value| {
            match name.strip_prefix("xmlns") {
                Some("") => found.push(("", value)),
                Some(rest) => found.extend(rest.strip_prefix(':').map(|prefix| (prefix, value))),
                None => {}
            }
        });
        for (prefix, uri) in found {
            if self.bindings.len() < BINDINGS_MAX {
                let ns = self.classify(prefix, uri.trim());
                self.bindings.push((prefix, ns));
            } else {
                flaws.add(Flaw::TooManyAttributes);
            }
        }
    }

    /// Tells what a namespace is in this kind of document.
    fn classify(&self, prefix: &str, uri: &str) -> Ns {
        let is_own = prefix.is_empty() && self.default_uri == Some(uri);
        match names::family(uri).map(|(family, _)| family) {
            _ if is_own => Ns::Core,
            Some(Family::Rss) if self.dialect != Dialect::Atom => Ns::Core,
            Some(Family::Atom | Family::OldAtom) if self.dialect == Dialect::Atom => Ns::Core,
            Some(Family::Atom | Family::OldAtom) => Ns::Atom,
            Some(Family::Module(ns)) => ns,
            Some(Family::Rss) | None => Ns::Other,
        }
    }

    /// Returns what a prefix stands for; an undeclared one stands for what it usually does.
    pub(super) fn namespace(&self, prefix: &str, flaws: &mut Flaws) -> Ns {
        if let Some((_, ns)) = self.bindings.iter().rev().find(|(known, _)| *known == prefix) {
            return *ns;
        }
        match prefix {
            "" => Ns::Core,
            "xml" => Ns::Xml,
            _ => {
                flaws.add(Flaw::UndeclaredPrefix);
                match names::by_prefix(prefix) {
                    Some(Ns::Atom) if self.dialect == Dialect::Atom => Ns::Core,
                    Some(ns) => ns,
                    None => Ns::Other,
                }
            }
        }
    }

    /// Returns namespace and local name of an element, core names in lower case.
    pub(super) fn element(&self, written: &'a str, flaws: &mut Flaws) -> (Ns, Cow<'a, str>) {
        let (prefix, local) = written.split_once(':').unwrap_or(("", written));
        let ns = self.namespace(prefix, flaws);
        (ns, if ns == Ns::Core { lower(local) } else { Cow::Borrowed(local) })
    }
}
