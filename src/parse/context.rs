//! Base and language in force at an element (XML Base, `xml:lang`).

use std::borrow::Cow;

use url::Url;

use super::flaws::{Flaw, Flaws};
use super::names::Ns;
use super::node::Node;
use crate::model::text::trimmed_url;

/// Longest `xml:base` that is followed.
const BASE_BYTES_MAX: usize = 4_096;

/// What an element inherits.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    base: Option<Url>,
    /// Whether `base` is something else than the document's own URL.
    is_base_given: bool,
    language: Option<String>,
}

impl Context {
    /// Starts from the document's URL and its `Content-Location` (RFC 3986 §5.1.2, standards R23).
    pub(super) fn of_document(url: &str, content_location: Option<&str>) -> Self {
        let document = Url::parse(url).ok();
        let location = content_location.map(str::trim).filter(|l| !l.is_empty());
        let located =
            location.and_then(|l| join(document.as_ref(), l)).filter(|u| !u.cannot_be_a_base());
        let is_base_given = located.is_some() && located != document;
        Self { base: located.or(document), is_base_given, language: None }
    }

    /// Returns what is in force inside `node`.
    pub(super) fn enter(&self, node: &Node) -> Cow<'_, Self> {
        let base = node.attribute_in(Ns::Xml, "base").map(str::trim);
        let base = base.filter(|base| !base.is_empty() && base.len() <= BASE_BYTES_MAX);
        let base = base.and_then(|base| join(self.base.as_ref(), base));
        let base = base.filter(|base| !base.cannot_be_a_base());
        let language = node.attribute_in(Ns::Xml, "lang").map(str::trim);
        if base.is_none() && language.is_none() {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self {
            is_base_given: self.is_base_given || base.is_some(),
            base: base.or_else(|| self.base.clone()),
            language: language.map(ToOwned::to_owned).or_else(|| self.language.clone()),
        })
    }

    /// Counts an `xml:base` that means nothing.
    pub(super) fn check(&self, node: &Node, flaws: &mut Flaws) {
        let base = node.attribute_in(Ns::Xml, "base");
        if base.is_some_and(|base| join(self.base.as_ref(), base.trim()).is_none()) {
            flaws.add(Flaw::BadBase);
        }
    }

    /// Makes a reference absolute where the base allows it; blanks and line breaks inside URLs go
    /// (standards P83).
    pub(super) fn resolve(&self, reference: &str) -> Option<String> {
        let trimmed = trimmed_url(reference);
        if trimmed.is_empty() {
            return None;
        }
        // An absolute reference stays as its publisher spelt it; normalising is not done here.
        if is_absolute(trimmed) {
            return Some(trimmed.replace(['\n', '\r', '\t'], ""));
        }
        Some(join(self.base.as_ref(), trimmed).map_or_else(|| trimmed.to_owned(), Into::into))
    }

    /// Returns the base, when something nearer than the document's URL gives one.
    pub(super) fn base(&self) -> Option<String> {
        self.base.as_ref().filter(|_| self.is_base_given).map(|base| base.as_str().to_owned())
    }

    /// Returns `xml:lang`; `Some("")` when it was unset.
    pub(super) fn language(&self) -> Option<String> {
        self.language.clone()
    }

    /// Tells whether references resolve alike in both.
    pub(super) fn has_base_of(&self, other: &Self) -> bool {
        self.base == other.base
    }

    /// Writes what an item inherits, so that a change of it changes the item's hash.
    pub(super) fn mark(&self) -> String {
        let base = self.base.as_ref().map_or("", Url::as_str);
        format!("{base}\n{}", self.language.as_deref().unwrap_or("\n"))
    }
}

fn join(base: Option<&Url>, reference: &str) -> Option<Url> {
    base.map_or_else(|| Url::parse(reference), |base| base.join(reference)).ok()
}

fn is_absolute(reference: &str) -> bool {
    Url::parse(reference).is_ok()
}
