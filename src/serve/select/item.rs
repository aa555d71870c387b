//! One published item: a story shown by one of its copies, or a source's own entry.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use crate::model::entry::{EntryNo, Held, Member, Origin, Slug, Story, StoryNo};
use crate::model::ids::{feed_id, minted, public_id};
use crate::model::scrub::{is_private, scrub_url};
use crate::model::selection::Position;
use crate::model::source::{ContentShare, FeedMeta, Source, SourceId};
use crate::render::html::excerpt;
use crate::render::{CopyCredit, Item, SourceCredit};
use crate::store::StoreError;

use super::{View, credit};

/// Entries by number.
type Shelf = HashMap<EntryNo, Arc<Held>>;

impl View<'_> {
    /// Tells whether a story is in any output: published, with a copy of a configured source.
    pub(super) fn is_shown(&self, story: &Story) -> bool {
        !story.is_gone()
            && story.merged_into.is_none()
            && story.members.iter().any(|member| self.sources.contains_key(&member.source))
    }

    /// Returns the items of stories, in the order of their places.
    pub(super) fn story_items(&self, places: &[Position]) -> Result<Vec<Item>, StoreError> {
        let numbers: Vec<StoryNo> = places.iter().map(|place| StoryNo(place.no)).collect();
        let stories: Vec<Arc<Story>> =
            self.store.stories(&numbers)?.into_iter().flatten().collect();
        let shown: Vec<&Arc<Story>> = stories.iter().filter(|story| self.is_shown(story)).collect();
        // The one that opened a story and the one that was chosen date it, also when their sources have left.
        let dating = |story: &Story| {
            let opener = story.members.first().map(|member| member.entry);
            [Some(story.representative), opener].into_iter().flatten()
        };
        let wanted: BTreeSet<EntryNo> = shown
            .iter()
            .flat_map(|story| self.members(story).map(|m| m.entry).chain(dating(story)))
            .collect();
        let wanted: Vec<EntryNo> = wanted.into_iter().collect();
        let shelf = self.shelf(&wanted)?;
        Ok(shown.iter().filter_map(|story| self.story_item(story, &shelf)).collect())
    }

    /// Returns a source's own entries as items, in the order of their places.
    pub(super) fn entry_items(&self, places: &[Position]) -> Result<Vec<Item>, StoreError> {
        let numbers: Vec<EntryNo> = places.iter().map(|place| EntryNo(place.no)).collect();
        let held: Vec<Arc<Held>> = self.store.entries(&numbers)?.into_iter().flatten().collect();
        let stories: Vec<StoryNo> = held.iter().map(|held| held.story).collect();
        let stories = self.store.stories(&stories)?;
        let mut taken = HashSet::new();
        let pairs = held.iter().zip(stories);
        let item = |(held, story): (&Arc<Held>, Option<Arc<Story>>)| {
            let story = story?;
            self.entry_item(held, &story, &mut taken)
        };
        Ok(pairs.filter_map(item).collect())
    }

    fn shelf(&self, numbers: &[EntryNo]) -> Result<Shelf, StoreError> {
        let held = self.store.entries(numbers)?.into_iter().flatten();
        Ok(held.map(|held| (held.no, held)).collect())
    }

    /// The copies of configured sources, in order of arrival.
    fn members<'s>(&'s self, story: &'s Story) -> impl Iterator<Item = &'s Member> {
        story.members.iter().filter(|member| self.sources.contains_key(&member.source))
    }

    /// The representative, else, when its source has left, the copy of the highest priority, the
    /// earliest among equals.
    fn shown_copy<'s>(&self, story: &Story, copies: &[&'s Arc<Held>]) -> Option<&'s Arc<Held>> {
        let chosen = copies.iter().find(|held| held.no == story.representative).copied();
        chosen.or_else(|| {
            let priority =
                |held: &Held| self.sources.get(&held.source).map_or(i64::MIN, |s| s.priority);
            copies.iter().rev().max_by_key(|held| priority(held)).copied()
        })
    }

    fn story_item(&self, story: &Story, shelf: &Shelf) -> Option<Item> {
        let copies: Vec<&Arc<Held>> =
            self.members(story).filter_map(|member| shelf.get(&member.entry)).collect();
        let shown = self.shown_copy(story, &copies)?;
        let others: Vec<&Arc<Held>> =
            copies.iter().filter(|held| held.no != shown.no).copied().collect();
        let sources: Vec<&SourceId> = copies.iter().map(|held| &held.source).collect();
        let mut item = self.item(shown, &sources);
        item.id.clone_from(&story.public_id);
        item.page_url = self.entry_url(&story.public_id);
        item.date = story.date;
        item.published = published(story, shown, shelf);
        let chosen = shelf.get(&story.representative).map(|held| held.updated);
        item.updated = item.updated.max(chosen.max(story.exchanged).unwrap_or(item.updated));
        item.via = self.via(shown, &others);
        item.copies = others.iter().map(|held| self.copy_credit(held)).collect();
        for held in &copies {
            self.veil(&held.source).item(&mut item);
        }
        Some(item)
    }

    /// An entry of `/source/{id}` has its own id; that of the copy that opened a story is the
    /// story's.
    fn entry_item(&self, held: &Held, story: &Story, taken: &mut HashSet<String>) -> Option<Item> {
        if story.is_gone() {
            return None;
        }
        let authority = &self.stats.id_authority;
        let is_opener = story.members.first().is_some_and(|first| first.entry == held.no);
        let mut id = if is_opener {
            story.public_id.clone()
        } else {
            public_id(&held.entry, &held.key, &held.source, authority)
        };
        if !taken.insert(id.clone()) {
            id = minted(&held.key, &held.source, authority);
            taken.insert(id.clone());
        }
        let mut item = self.item(held, &[&held.source]);
        item.id = id;
        item.page_url = self.entry_url(&story.public_id);
        item.date = held.date();
        self.veil(&held.source).item(&mut item);
        Some(item)
    }

    /// Returns the URL of a story's page.
    pub(super) fn entry_url(&self, public_id: &str) -> String {
        format!("{}/entry/{}", self.site.base_url, Slug::of(public_id))
    }

    /// What an item says by the entry that shows it; `sources` are those of all its copies.
    fn item(&self, held: &Held, sources: &[&SourceId]) -> Item {
        let entry = &held.entry;
        let meta = self.states.get(&held.source).map(|state| &state.meta);
        let share = self.sources.get(&held.source).map_or(ContentShare::Full, |s| s.content);
        let (summary, content) = share_of(held, share);
        let has_text = share != ContentShare::Title;
        let feeds = || meta.map(|meta| meta.authors.clone()).unwrap_or_default();
        Item {
            link: entry.orig_link.clone().or_else(|| entry.link.clone()),
            title: entry.title.clone(),
            summary,
            content,
            authors: if entry.authors.is_empty() { feeds() } else { entry.authors.clone() },
            contributors: entry.contributors.clone(),
            published: entry.published,
            updated: held.updated,
            language: entry.language.clone().or_else(|| meta?.language.clone()),
            title_language: entry.title_language.clone(),
            summary_language: entry.summary_language.clone(),
            categories: entry.categories.clone(),
            sections: self.sections(sources),
            links: entry.links.clone(),
            enclosures: entry.enclosures.clone(),
            extensions: if has_text { entry.extensions.clone() } else { Vec::new() },
            rights: entry.rights.clone(),
            source: self.source_credit(held),
            credit: held.credit.clone(),
            ..Item::default()
        }
    }

    /// The union of the categories of these sources, in the order of the configuration.
    fn sections(&self, sources: &[&SourceId]) -> Vec<(String, String)> {
        let named: HashSet<&str> = sources
            .iter()
            .filter_map(|id| self.sources.get(*id))
            .flat_map(|source| source.categories.iter().map(|slug| slug.as_str()))
            .collect();
        let categories = self.catalog.categories.iter();
        let own = categories.filter(|category| named.contains(category.slug.as_str()));
        own.map(|category| (category.slug.to_string(), category.title.clone())).collect()
    }

    /// `atom:source`: the entry's own when it names a feed (R11), else that of the source it came
    /// from (R10, R12), with what the entry says of it.
    fn source_credit(&self, held: &Held) -> SourceCredit {
        match &held.entry.origin {
            None => self.own_credit(held),
            Some(origin) if is_named(origin) => origin_credit(origin, held),
            Some(origin) => overlaid(self.own_credit(held), origin),
        }
    }

    fn own_credit(&self, held: &Held) -> SourceCredit {
        let nothing = FeedMeta::default();
        let meta = self.states.get(&held.source).map_or(&nothing, |state| &state.meta);
        let source = self.sources.get(&held.source);
        let feed_url = source.filter(|s| !is_secret(s)).map(|source| source.url.to_string());
        let slug = held.source.as_str();
        let stand_in = || feed_id(&self.stats.id_authority, &format!("source/{slug}"));
        let id = meta.id.as_deref().map(shown_url).or_else(|| feed_url.clone());
        SourceCredit {
            slug: slug.to_owned(),
            id: id.filter(|id| !id.is_empty()).unwrap_or_else(stand_in),
            title: self.source_title(&held.source),
            feed_url,
            site: meta.site.as_deref().map(shown_url),
            // As copied: the feed's own date moves at each poll, and with it every ETag would.
            updated: held.updated,
            icon: meta.icon.as_deref().map(shown_url),
            logo: meta.logo.as_deref().map(shown_url),
            rights: meta.rights.clone(),
            language: meta.language.clone(),
            authors: meta.authors.clone(),
            subtitle: meta.subtitle.clone(),
            contributors: fallback(&held.entry.contributors, &meta.contributors),
            categories: fallback(&held.entry.categories, &meta.categories),
        }
    }

    fn copy_credit(&self, held: &Held) -> CopyCredit {
        let mut copy = CopyCredit {
            source: held.source.to_string(),
            source_title: self.source_title(&held.source),
            title: held.entry.title.clone(),
            url: held.entry.orig_link.clone().or_else(|| held.entry.link.clone()),
            published: held.date(),
        };
        self.veil(&held.source).copy(&mut copy);
        copy
    }

    /// The copy of the outlet that the shown copy credits.
    fn via(&self, shown: &Held, others: &[&Arc<Held>]) -> Option<String> {
        let line = shown.credit.as_deref()?;
        let credited = others.iter().find(|held| {
            let names = self.names(&held.source);
            credit::names_outlet(line, &names) || credit::names_outlet(line, &[&held.outlet])
        })?;
        credited.entry.orig_link.clone().or_else(|| credited.entry.link.clone())
    }

    /// The names an outlet is credited by: titles, aliases, the hosts of its page and feed.
    fn names(&self, id: &SourceId) -> Vec<String> {
        let source = self.sources.get(id);
        let meta = self.states.get(id).map(|state| &state.meta);
        let site = meta.and_then(|meta| meta.site.as_deref()).and_then(|s| Url::parse(s).ok());
        let hosts = [site.as_ref(), source.map(|source| &source.url)];
        let hosts = hosts.into_iter().flatten().filter_map(Url::host_str);
        let titles = [source.and_then(|s| s.title.clone()), meta.and_then(|m| m.title.clone())];
        let aliases = source.map(|source| source.aliases.clone()).unwrap_or_default();
        let hosts = hosts.map(|host| host.trim_start_matches("www.").to_owned());
        titles.into_iter().flatten().chain(aliases).chain(hosts).collect()
    }
}

/// Tells whether a source's address is kept to ourselves.
pub(super) fn is_secret(source: &Source) -> bool {
    source.secret_file.is_some() || is_private(&source.url)
}

/// An address without secrets; one without any stays byte for byte.
pub(super) fn shown_url(text: &str) -> String {
    if Url::parse(text).is_ok_and(|url| is_private(&url)) {
        scrub_url(text)
    } else {
        text.to_owned()
    }
}

/// Tells whether an origin says which feed it is.
/// When a story was published: what the entry that opened it said, whichever copy is shown (R16).
fn published(story: &Story, shown: &Held, shelf: &Shelf) -> Option<Timestamp> {
    let opener = story.members.first().and_then(|first| shelf.get(&first.entry));
    match opener.filter(|opener| opener.date() == story.date) {
        Some(opener) => opener.entry.published,
        // It is forgotten; its date is not.
        None => shown.entry.published.map(|_| story.date),
    }
}

fn is_named(origin: &Origin) -> bool {
    origin.id.is_some() || origin.feed_url.is_some() || origin.site.is_some()
}

/// Puts what an entry says of its feed over what the feed says of itself.
fn overlaid(own: SourceCredit, origin: &Origin) -> SourceCredit {
    fn first<T: Clone>(said: &[T], own: Vec<T>) -> Vec<T> {
        if said.is_empty() { own } else { said.to_vec() }
    }
    SourceCredit {
        title: origin.title.clone().unwrap_or(own.title),
        updated: origin.updated.unwrap_or(own.updated),
        rights: origin.rights.clone().or(own.rights),
        authors: first(&origin.authors, own.authors),
        subtitle: origin.subtitle.clone().or(own.subtitle),
        contributors: first(&origin.contributors, own.contributors),
        categories: first(&origin.categories, own.categories),
        ..own
    }
}

fn origin_credit(origin: &Origin, held: &Held) -> SourceCredit {
    let site = origin.site.as_deref();
    let named = origin.id.as_deref().or(origin.feed_url.as_deref()).or(site).unwrap_or_default();
    let title = origin.title.clone().filter(|title| !title.is_empty());
    SourceCredit {
        slug: held.source.to_string(),
        id: named.to_owned(),
        title: title.unwrap_or_else(|| named.to_owned()),
        feed_url: origin.feed_url.as_deref().map(shown_url),
        site: origin.site.clone(),
        updated: origin.updated.unwrap_or(held.updated),
        icon: None,
        logo: None,
        rights: origin.rights.clone(),
        language: None,
        authors: origin.authors.clone(),
        subtitle: origin.subtitle.clone(),
        contributors: origin.contributors.clone(),
        categories: origin.categories.clone(),
    }
}

/// What of the feed speaks for an entry that has none of its own (R10).
fn fallback<T: Clone>(own: &[T], feeds: &[T]) -> Vec<T> {
    if own.is_empty() { feeds.to_vec() } else { Vec::new() }
}

/// Characters of a beginning that stands in for a summary.
const SUMMARY_CHARS_MAX: usize = 400;

/// Returns summary and content as far as the operator republishes them.
fn share_of(held: &Held, share: ContentShare) -> (Option<String>, Option<String>) {
    let entry = &held.entry;
    match share {
        ContentShare::Full => (entry.summary.clone(), entry.content.clone()),
        ContentShare::Title => (None, None),
        ContentShare::Summary => {
            let beginning = || {
                let text = excerpt::excerpt(entry.content.as_deref()?, SUMMARY_CHARS_MAX);
                (!text.is_empty()).then(|| format!("<p>{}</p>", excerpt::escape(&text)))
            };
            (entry.summary.clone().or_else(beginning), None)
        }
    }
}
