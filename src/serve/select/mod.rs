//! What stands in a document: chosen from the store by the configuration, complete, so that writers
//! look nothing up.
//!
//! Pure in effect: the same store and configuration give the same document (R63); no clock is read.
//! The catalog decides membership: an entry of a source that is not configured is in no output, and
//! a story opened by such a source is shown by another of its copies. Standards: RFC 4287 (feed and
//! entry parts), RFC 5005 (paging and archives), rules R4–R24 and R62–R74.

mod calendar;
mod credit;
mod item;
mod lists;
mod number;
mod page;
mod status;
mod veil;
mod window;

pub use lists::Secrets;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::model::ids::feed_id;
use crate::model::policy::{Catalog, ENTRIES_PER_FEED_MAX, SitePolicy};
use crate::model::selection::{Position, Selection, Series, Unit};
use crate::model::source::{CategorySlug, Source, SourceId, SourceState};
use crate::model::verdict::EntryKey;
use crate::render::{Document, Item};
use crate::store::{Stats, Store, StoreError};

use super::body::Keep;
use super::revision::Needs;
use super::route::{Part, Scope};
use veil::Veil;

/// What a client may keep, in minutes: `max-age` and RSS `ttl` (R45, R91).
pub const TTL_MIN: u32 = 5;
/// The same of what only a correction changes.
const TTL_LONG_MIN: u32 = 60;

/// What was asked for, or why it is not here.
#[derive(Clone, Debug)]
pub enum Found<T> {
    /// It is here.
    Here(T),
    /// It has another name: the new slug.
    Renamed(String),
    /// It was here: removed or withdrawn.
    Gone,
    /// Nobody remembers such a thing.
    Unknown,
}

/// A document and when it last changed.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The document.
    pub document: Document,
    /// `Last-Modified`: the latest commit that changed one of its sources, else the store's creation
    /// (R85).
    pub changed: Timestamp,
    /// How long it may be kept.
    pub keep: Keep,
    /// What it is made of.
    pub needs: Needs,
}

/// The store seen through a configuration, for one rendering.
pub struct View<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) site: &'a SitePolicy,
    pub(super) catalog: &'a Catalog,
    pub(super) stats: Stats,
    sources: HashMap<&'a SourceId, &'a Arc<Source>>,
    states: HashMap<SourceId, Arc<SourceState>>,
    veils: RefCell<HashMap<SourceId, Rc<Veil>>>,
    hidden: Option<&'a Hidden>,
}

/// What the operator keeps for sources besides the configuration: the values of their
/// `secret_file`.
pub type Hidden = HashMap<SourceId, Vec<String>>;

/// The sources of a scope, and what of them is listed.
struct Membership {
    unit: Unit,
    sources: Vec<SourceId>,
}

/// The places of one part of a scope, newest first, with the links to its other parts.
#[derive(Default)]
struct Places {
    positions: Vec<Position>,
    paging: Vec<(&'static str, Part)>,
    is_archive: bool,
}

impl<'a> View<'a> {
    /// Reads what every document needs: states and facts of the store.
    pub fn open(
        store: &'a dyn Store,
        site: &'a SitePolicy,
        catalog: &'a Catalog,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            store,
            site,
            catalog,
            stats: store.stats()?,
            sources: catalog.sources.iter().map(|source| (&source.id, source)).collect(),
            states: store.states()?.into_iter().collect(),
            veils: RefCell::default(),
            hidden: None,
        })
    }

    /// Keeps these secrets in, too.
    pub fn hiding(self, hidden: &'a Hidden) -> Self {
        Self { hidden: Some(hidden), ..self }
    }

    /// Returns the document of one part of a scope.
    pub fn document(&self, scope: &Scope, part: Part) -> Result<Found<Selected>, StoreError> {
        let membership = match self.membership(scope) {
            Found::Here(membership) => membership,
            Found::Renamed(slug) => return Ok(Found::Renamed(slug)),
            Found::Gone => return Ok(Found::Gone),
            Found::Unknown => return self.unless_remembered(scope),
        };
        let Some(places) = self.places(scope, part, &membership)? else {
            return Ok(Found::Unknown);
        };
        let items = match membership.unit {
            Unit::Stories => self.story_items(&places.positions)?,
            Unit::Entries => self.entry_items(&places.positions)?,
        };
        let changed = self.changed(&membership.sources);
        let keep = if places.is_archive || self.is_over(scope)? { Keep::Long } else { Keep::Short };
        let mut document = self.assemble(scope, part, &places, items);
        document.ttl_min = match keep {
            Keep::Short | Keep::Forever => TTL_MIN,
            Keep::Long => TTL_LONG_MIN,
        };
        let needs = needs(scope, membership.sources);
        Ok(Found::Here(Selected { document, changed, keep, needs }))
    }

    fn membership(&self, scope: &Scope) -> Found<Membership> {
        match scope {
            Scope::All | Scope::Day(_) => {
                Found::Here(Membership { unit: Unit::Stories, sources: self.catalog.all() })
            }
            Scope::Category(slug) | Scope::CategoryDay(slug, _) => self.category_members(slug),
            Scope::Source(id) => self.source_member(id),
        }
    }

    /// What the configuration had once is gone (410); anything else is unknown.
    fn unless_remembered<T>(&self, scope: &Scope) -> Result<Found<T>, StoreError> {
        let name = match scope {
            Scope::Category(slug) | Scope::CategoryDay(slug, _) => {
                // Its stories remember it too, those of a restored store among them.
                let series = Series::Category(CategorySlug::new(slug));
                if self.store.stretch(&series, u64::MAX, 0)?.next > 1 {
                    return Ok(Found::Gone);
                }
                format!("category/{slug}")
            }
            Scope::Source(id) if !self.sources.contains_key(&SourceId::new(id)) => {
                format!("source/{id}")
            }
            Scope::Source(id) => format!("published/{id}"),
            Scope::All | Scope::Day(_) => return Ok(Found::Unknown),
        };
        let found = self.store.find(&[EntryKey::name(&name)])?;
        let is_remembered = found.into_iter().flatten().next().is_some();
        Ok(if is_remembered { Found::Gone } else { Found::Unknown })
    }

    fn category_members(&self, slug: &str) -> Found<Membership> {
        if let Some(category) = self.catalog.category(slug) {
            let sources = self.catalog.members(&category.slug);
            return Found::Here(Membership { unit: Unit::Stories, sources });
        }
        let was_called = |former: &CategorySlug| former.as_str() == slug;
        let renamed = self.catalog.categories.iter().find(|c| c.former.iter().any(was_called));
        renamed.map_or(Found::Unknown, |category| Found::Renamed(category.slug.to_string()))
    }

    /// A source that left the configuration had a page (410); one that is polled but not published had one if
    /// that is remembered.
    fn source_member(&self, id: &str) -> Found<Membership> {
        let id = SourceId::new(id);
        match self.sources.get(&id) {
            Some(source) if source.publish => {
                Found::Here(Membership { unit: Unit::Entries, sources: vec![id] })
            }
            Some(_) => Found::Unknown,
            None if self.states.contains_key(&id) => Found::Gone,
            None => Found::Unknown,
        }
    }

    /// Returns the places of one part; `None` when there is no such part.
    fn places(
        &self,
        scope: &Scope,
        part: Part,
        membership: &Membership,
    ) -> Result<Option<Places>, StoreError> {
        match (scope, part) {
            (Scope::Day(day) | Scope::CategoryDay(_, day), Part::Newest) => {
                self.day_places(*day, 1, membership)
            }
            (Scope::Day(day) | Scope::CategoryDay(_, day), Part::Page(n)) => {
                self.day_places(*day, n, membership)
            }
            (Scope::All | Scope::Category(_) | Scope::Source(_), Part::Newest) => {
                self.newest_places(scope, membership).map(Some)
            }
            (Scope::All | Scope::Category(_) | Scope::Source(_), Part::Archive(n)) => {
                self.archive_places(scope, n, membership)
            }
            (Scope::Day(_) | Scope::CategoryDay(..), Part::Archive(_))
            | (Scope::All | Scope::Category(_) | Scope::Source(_), Part::Page(_)) => Ok(None),
        }
    }

    fn assemble(
        &self,
        scope: &Scope,
        part: Part,
        places: &Places,
        mut items: Vec<Item>,
    ) -> Document {
        // R8, R9: whatever the store says, an id stands for one entry of a document, the older one.
        let mut ids = HashSet::new();
        items.reverse();
        items.retain(|item| ids.insert(item.id.clone()));
        items.reverse();
        let base = &self.site.base_url;
        let feed = format!("{base}{}", scope.part_path(part));
        let path = scope.path();
        let updated = items.iter().map(|item| item.updated).max();
        Document {
            id: feed_id(&self.stats.id_authority, path.trim_start_matches('/')),
            title: self.title(scope),
            subtitle: self.subtitle(scope),
            updated: updated.unwrap_or_else(|| self.start(scope)),
            language: self.site.language.clone(),
            page_url: format!("{base}{}", scope.page_path(part)),
            atom_url: format!("{feed}.atom"),
            rss_url: format!("{feed}.rss"),
            json_url: format!("{feed}.json"),
            paging: places
                .paging
                .iter()
                .map(|(rel, part)| ((*rel).to_owned(), format!("{base}{}", scope.part_path(*part))))
                .collect(),
            is_archive: places.is_archive,
            hub: self.site.hub.as_ref().map(ToString::to_string),
            site_title: self.site.title.clone(),
            base_url: base.clone(),
            ttl_min: TTL_MIN,
            items,
        }
    }

    /// Returns the heading of a scope, without the site's title.
    pub fn heading(&self, scope: &Scope) -> String {
        match scope {
            Scope::All => self.site.title.clone(),
            Scope::Category(slug) => self.category_title(slug),
            Scope::Day(day) => day_stamp(*day),
            Scope::CategoryDay(slug, day) => {
                format!("{} – {}", self.category_title(slug), day_stamp(*day))
            }
            Scope::Source(id) => self.source_title(&SourceId::new(id)),
        }
    }

    fn title(&self, scope: &Scope) -> String {
        match scope {
            Scope::All => self.site.title.clone(),
            Scope::Category(_) | Scope::Day(_) | Scope::CategoryDay(..) | Scope::Source(_) => {
                format!("{} – {}", self.heading(scope), self.site.title)
            }
        }
    }

    /// The day's boundary is one zone's, and the feed says which (R74).
    fn subtitle(&self, scope: &Scope) -> String {
        match scope {
            Scope::Day(day) | Scope::CategoryDay(_, day) => {
                format!("{day} ({})", self.site.timezone.iana_name().unwrap_or("UTC"))
            }
            Scope::Source(id) => {
                let id = SourceId::new(id);
                let state = self.states.get(&id);
                let said = state.and_then(|state| state.meta.subtitle.clone());
                let mut said = said.unwrap_or_default();
                self.veil(&id).text(&mut said);
                said
            }
            Scope::All | Scope::Category(_) => String::new(),
        }
    }

    fn start(&self, scope: &Scope) -> Timestamp {
        let day = match scope {
            Scope::Day(day) | Scope::CategoryDay(_, day) => *day,
            Scope::All | Scope::Category(_) | Scope::Source(_) => return self.stats.created,
        };
        self.day_bounds(day).map_or(self.stats.created, |(from, _)| from)
    }

    /// The latest change of the sources. A commit that changes a story changes all its sources.
    pub(super) fn changed(&self, sources: &[SourceId]) -> Timestamp {
        let states = sources.iter().filter_map(|id| self.states.get(id));
        states.filter_map(|state| state.changed).max().unwrap_or(self.stats.created)
    }

    /// Tells whether a day is over: there is news from a whole day after its end. By the store, not
    /// by the clock, so that the same store gives the same bytes.
    fn is_over(&self, scope: &Scope) -> Result<bool, StoreError> {
        let (Scope::Day(day) | Scope::CategoryDay(_, day)) = scope else { return Ok(false) };
        let Some((_, until)) = self.day_bounds(*day) else { return Ok(true) };
        let newest = self.store.select(&Selection {
            unit: Unit::Stories,
            sources: self.catalog.all(),
            from: None,
            until: None,
            after: None,
            limit: 1,
        })?;
        let a_day = SignedDuration::from_hours(24);
        Ok(newest.first().is_some_and(|place| place.date.duration_since(until) >= a_day))
    }

    /// Returns when the store was made.
    pub fn created(&self) -> Timestamp {
        self.stats.created
    }

    /// Returns when anything that is published last changed.
    pub fn changed_anywhere(&self) -> Timestamp {
        self.changed(&self.catalog.all())
    }

    /// Returns what keeps a source's secrets in.
    fn veil(&self, id: &SourceId) -> Rc<Veil> {
        if let Some(veil) = self.veils.borrow().get(id) {
            return Rc::clone(veil);
        }
        let source = self.sources.get(id).map(|source| source.as_ref());
        let hidden = self.hidden.and_then(|hidden| hidden.get(id)).map(Vec::as_slice);
        let state = self.states.get(id).map(Arc::as_ref);
        let veil = Rc::new(Veil::of(source, state, hidden.unwrap_or_default()));
        self.veils.borrow_mut().insert(id.clone(), Rc::clone(&veil));
        veil
    }

    /// Returns the title of a category: the operator's, else the slug.
    pub fn category_title(&self, slug: &str) -> String {
        self.catalog.category(slug).map_or_else(|| slug.to_owned(), |found| found.title.clone())
    }

    /// Returns the title of a source: the operator's, else the feed's own, else the slug.
    pub fn source_title(&self, id: &SourceId) -> String {
        let operators = self.sources.get(id).and_then(|source| source.title.clone());
        let own = || self.states.get(id).and_then(|state| state.meta.title.clone());
        let named = operators.or_else(own).filter(|title| !title.is_empty());
        let mut title = named.unwrap_or_else(|| id.to_string());
        self.veil(id).text(&mut title);
        title
    }

    /// Returns the instants at which a day begins and ends in the site's zone.
    pub fn day_bounds(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let zone = &self.site.timezone;
        let from = day.to_zoned(zone.clone()).ok()?.timestamp();
        let until = day.tomorrow().ok()?.to_zoned(zone.clone()).ok()?.timestamp();
        Some((from, until))
    }

    /// Returns the day on which an instant falls in the site's zone.
    pub fn day_of(&self, instant: Timestamp) -> Date {
        instant.to_zoned(self.site.timezone.clone()).date()
    }

    /// Returns up to a document's worth of places.
    fn select(&self, membership: &Membership) -> Result<Vec<Position>, StoreError> {
        self.store.select(&Selection {
            unit: membership.unit,
            sources: membership.sources.clone(),
            from: None,
            until: None,
            after: None,
            limit: ENTRIES_PER_FEED_MAX,
        })
    }
}

fn needs(scope: &Scope, sources: Vec<SourceId>) -> Needs {
    match scope {
        Scope::All => Needs::everything(),
        Scope::Category(_) | Scope::Source(_) => Needs { sources, ..Needs::NOTHING },
        Scope::Day(day) | Scope::CategoryDay(_, day) => Needs { day: Some(*day), ..Needs::NOTHING },
    }
}

/// A day as it is written on pages and in titles: `22.11.2024`.
pub fn day_stamp(day: Date) -> String {
    format!("{:02}.{:02}.{:04}", day.day(), day.month(), day.year())
}
