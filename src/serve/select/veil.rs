//! Keeps the secrets of a source, those of its addresses and of its `secret_file`, out of what is
//! published of it.
//!
//! Publishers write the address they were asked by into their feeds: as self link, in the links of
//! entries, in texts. Wherever a secret value stands, it is scrubbed.

use crate::model::entry::{Category, Element, Person};
use crate::model::scrub::{SCRUBBED, secrets, spellings};
use crate::model::source::{Source, SourceState};
use crate::render::{CopyCredit, Item, SourceCredit};

/// The secret values of one source, the longest first.
#[derive(Debug, Default)]
pub(super) struct Veil(Vec<String>);

impl Veil {
    /// Collects the secrets of all addresses that a source is known by, and those `hidden` elsewhere.
    pub(super) fn of(
        source: Option<&Source>,
        state: Option<&SourceState>,
        hidden: &[String],
    ) -> Self {
        let own = source.map(|source| source.url.as_str());
        let met = state.map(|state| {
            let addresses = [&state.redirect_pending, &state.adopted_url, &state.meta.self_url];
            let addresses = addresses.into_iter().flatten();
            let requested = state.validators.iter().map(|validators| &validators.url);
            addresses.chain(requested).chain(&state.meta.hubs).chain([&state.url])
        });
        let met = met.into_iter().flatten().map(String::as_str);
        let mut values: Vec<String> = own.into_iter().chain(met).flat_map(secrets).collect();
        values.extend(hidden.iter().flat_map(|secret| spellings(secret)));
        values.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        values.dedup();
        Self(values)
    }

    /// Scrubs a text.
    pub(super) fn text(&self, text: &mut String) {
        for value in &self.0 {
            if text.contains(value.as_str()) {
                *text = text.replace(value.as_str(), SCRUBBED);
            }
        }
    }

    /// Scrubs everything an item says.
    pub(super) fn item(&self, item: &mut Item) {
        if self.0.is_empty() {
            return;
        }
        self.text(&mut item.id);
        self.text(&mut item.title);
        let Item { link, summary, content, rights, credit, via, .. } = &mut *item;
        for text in [link, summary, content, rights, credit, via].into_iter().flatten() {
            self.text(text);
        }
        self.people(&mut item.authors);
        self.people(&mut item.contributors);
        self.categories(&mut item.categories);
        for link in &mut item.links {
            self.text(&mut link.href);
            link.title.iter_mut().for_each(|title| self.text(title));
        }
        for file in &mut item.enclosures {
            self.text(&mut file.url);
            file.title.iter_mut().for_each(|title| self.text(title));
        }
        item.extensions.iter_mut().for_each(|element| self.element(element));
        self.source(&mut item.source);
    }

    /// Scrubs the credit of a copy.
    pub(super) fn copy(&self, copy: &mut CopyCredit) {
        self.text(&mut copy.title);
        copy.url.iter_mut().for_each(|url| self.text(url));
    }

    fn source(&self, source: &mut SourceCredit) {
        self.text(&mut source.id);
        self.text(&mut source.title);
        let SourceCredit { feed_url, site, icon, logo, rights, subtitle, .. } = &mut *source;
        for text in [feed_url, site, icon, logo, rights, subtitle].into_iter().flatten() {
            self.text(text);
        }
        self.people(&mut source.authors);
        self.people(&mut source.contributors);
        self.categories(&mut source.categories);
    }

    fn people(&self, people: &mut [Person]) {
        for person in people {
            self.text(&mut person.name);
            let Person { email, uri, .. } = person;
            [email, uri].into_iter().flatten().for_each(|text| self.text(text));
        }
    }

    fn categories(&self, categories: &mut [Category]) {
        for category in categories {
            self.text(&mut category.term);
            let Category { scheme, label, .. } = category;
            [scheme, label].into_iter().flatten().for_each(|text| self.text(text));
        }
    }

    fn element(&self, element: &mut Element) {
        self.text(&mut element.text);
        element.attributes.iter_mut().for_each(|(_, value)| self.text(value));
        element.children.iter_mut().for_each(|child| self.element(child));
    }
}
