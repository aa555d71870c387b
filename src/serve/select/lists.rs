//! The two OPML lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::source::Source;
use crate::render::opml::{self, Feed, Folder, Head, Subscription};

use super::item::{is_secret, shown_url};
use super::{Part, Scope, View};

/// Whether sources whose address holds a secret are in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// They are not.
    LeftOut,
    /// They are: the list is for the operator only.
    Kept,
}

impl View<'_> {
    /// Returns what is published here, as OPML.
    pub fn feeds_opml(&self, categories: &str, sources: &str) -> Vec<u8> {
        let feed = |scope: &Scope| Feed {
            title: self.heading(scope),
            atom_url: format!("{}{}.atom", self.site.base_url, scope.path()),
            page_url: format!("{}{}", self.site.base_url, scope.page_path(Part::Newest)),
        };
        let in_category = self.catalog.categories.iter();
        let in_category = in_category.map(|c| feed(&Scope::Category(c.slug.to_string())));
        let of_source = self.catalog.sources.iter().filter(|source| source.publish);
        let of_source = of_source.map(|source| feed(&Scope::Source(source.id.to_string())));
        let folders = [
            Folder { title: categories.to_owned(), feeds: in_category.collect() },
            Folder { title: sources.to_owned(), feeds: of_source.collect() },
        ];
        opml::feeds(&self.head(), &[feed(&Scope::All)], &folders)
    }

    /// Returns what is polled, as OPML; sources whose address holds a secret are left out, or kept.
    pub fn sources_opml(&self, secrets: Secrets) -> Vec<u8> {
        let is_open = |source: &&Arc<Source>| secrets == Secrets::Kept || !is_secret(source);
        let open = self.catalog.sources.iter().filter(is_open);
        let subscriptions: Vec<Subscription> = open
            .map(|source| {
                let meta = self.states.get(&source.id).map(|state| &state.meta);
                Subscription {
                    title: self.source_title(&source.id),
                    feed_url: source.url.to_string(),
                    site: meta.and_then(|meta| meta.site.as_deref()).map(shown_url),
                    language: meta.and_then(|meta| meta.language.clone()),
                    categories: source.categories.iter().map(ToString::to_string).collect(),
                }
            })
            .collect();
        let titles: BTreeMap<String, String> = self
            .catalog
            .categories
            .iter()
            .map(|category| (category.slug.to_string(), category.title.clone()))
            .collect();
        opml::sources(&self.head(), &subscriptions, &titles)
    }

    fn head(&self) -> Head {
        Head { title: self.site.title.clone(), modified: None }
    }
}
