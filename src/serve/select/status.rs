//! `/status` and `/status.atom`: which sources broke or came back. Of the store alone, like every output.

use jiff::Timestamp;

use crate::model::entry::Slug;
use crate::model::ids::{feed_id, minted};
use crate::model::source::{Outage, Source, SourceState};
use crate::model::verdict::EntryKey;
use crate::render::html::status::{Condition, Row, titles};
use crate::render::html::{Way, excerpt};
use crate::render::{Document, Item, SourceCredit};

use super::{Part, Scope, TTL_MIN, View};

/// Events in the feed.
const EVENTS_MAX: usize = 100;
const PATH: &str = "/status";

impl View<'_> {
    /// Returns how each published source is doing, in the order of the configuration.
    pub fn status_rows(&self) -> Vec<Row> {
        let row = |(source, state): (&Source, Option<&SourceState>)| Row {
            way: Way {
                label: self.source_title(&source.id),
                path: Scope::Source(source.id.to_string()).page_path(Part::Newest),
            },
            condition: state.map_or(Condition::New, condition),
        };
        self.shown_sources().map(row).collect()
    }

    /// Returns the feed of what broke or came back, newest first.
    pub fn status_document(&self) -> Document {
        let mut items: Vec<Item> = self
            .shown_sources()
            .filter_map(|(source, state)| Some((source, state?)))
            .flat_map(|(source, state)| {
                state.outages.iter().flat_map(|outage| self.events(source, outage))
            })
            .collect();
        items.sort_by(|a, b| b.date.cmp(&a.date).then_with(|| a.id.cmp(&b.id)));
        items.truncate(EVENTS_MAX);
        let base = &self.site.base_url;
        let heading = titles(&self.site.language).heading;
        Document {
            id: feed_id(&self.stats.id_authority, "status"),
            title: format!("{heading} – {}", self.site.title),
            updated: items.iter().map(|item| item.updated).max().unwrap_or(self.stats.created),
            language: self.site.language.clone(),
            page_url: format!("{base}{PATH}"),
            atom_url: format!("{base}{PATH}.atom"),
            site_title: self.site.title.clone(),
            base_url: base.clone(),
            ttl_min: TTL_MIN,
            items,
            ..Document::default()
        }
    }

    /// Returns when the status last changed: the newest event, or poll that the page tells of.
    pub fn status_changed(&self) -> Timestamp {
        let told = self.shown_sources().filter_map(|(_, state)| {
            let state = state?;
            let events = state.outages.iter().flat_map(|outage| [Some(outage.from), outage.until]);
            events.flatten().chain(state.failing_since).max()
        });
        told.max().unwrap_or(self.stats.created)
    }

    /// The sources that the public may know of: those with a page. No address of any is told.
    fn shown_sources(&self) -> impl Iterator<Item = (&Source, Option<&SourceState>)> {
        let shown = self.catalog.sources.iter().filter(|source| source.publish);
        shown.map(|source| (source.as_ref(), self.states.get(&source.id).map(AsRef::as_ref)))
    }

    fn events(&self, source: &Source, outage: &Outage) -> Vec<Item> {
        let words = titles(&self.site.language);
        let title = self.source_title(&source.id);
        let event = |what: &str, phrase: &str, at: Timestamp, text: Option<String>| {
            let claim = EntryKey::own(&source.id, &format!("status {what} {}", outage.from));
            let id = minted(&claim, &source.id, &self.stats.id_authority);
            Item {
                page_url: format!("{}{PATH}#{}", self.site.base_url, Slug::of(&id)),
                title: format!("{title}: {phrase}"),
                summary: text.map(|text| excerpt::escape(&text)),
                published: Some(at),
                updated: at,
                date: at,
                source: SourceCredit {
                    slug: source.id.to_string(),
                    id: id.clone(),
                    title: title.clone(),
                    updated: at,
                    ..SourceCredit::default()
                },
                id,
                ..Item::default()
            }
        };
        let mut error = outage.error.clone();
        self.veil(&source.id).text(&mut error);
        let broke = event("broke", words.broke, outage.from, Some(error));
        let back = outage.until.map(|at| event("recovered", words.recovered, at, None));
        std::iter::once(broke).chain(back).collect()
    }
}

fn condition(state: &SourceState) -> Condition {
    let since = state.failing_since;
    if state.is_gone {
        Condition::Gone(since)
    } else if state.failures > 0 {
        Condition::Failing(since)
    } else if state.last_success.is_none() {
        Condition::New
    } else {
        Condition::Ok(state.outages.last().and_then(|outage| outage.until))
    }
}
