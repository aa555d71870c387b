//! What pages hold beside a feed: neighbours in time, more of the same category, counts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::model::entry::{Slug, Story, StoryNo};
use crate::model::selection::{Position, Selection, Unit};
use crate::model::source::{CategorySlug, SourceId};
use crate::render::html::{self, Directory, Row, Shelf, Subject, Way};
use crate::render::{Document, Item};
use crate::store::StoreError;

use super::{Found, Membership, Needs, Part, Scope, View, day_stamp};

/// Headlines on a shelf of an entry's page.
const SHELF: usize = 6;
/// Merged stories that are followed to the one that is shown.
const MERGES_MAX: usize = 16;

/// A story's page, owned.
#[derive(Clone, Debug)]
pub struct StoryPage {
    /// The story.
    pub item: Item,
    /// More of its categories.
    pub more: Vec<Shelf>,
    /// Its day.
    pub day: Shelf,
    /// The feed named on the page: of its first category, else of the site. Without items.
    pub feed: Document,
    /// `Last-Modified`.
    pub changed: Timestamp,
    /// What the page is made of: its shelves too.
    pub needs: Needs,
}

impl View<'_> {
    /// Returns the page of the story with this slug.
    pub fn story(&self, slug: &Slug) -> Result<Found<StoryPage>, StoreError> {
        let Some(no) = self.store.locate(slug)? else { return Ok(Found::Unknown) };
        let Some(story) = self.one_story(no)? else { return Ok(Found::Unknown) };
        if story.is_gone() {
            return Ok(Found::Gone);
        }
        if story.merged_into.is_some() {
            return self.merged(&story);
        }
        let places = [Position { date: story.date, no: story.no.0 }];
        let Some(item) = self.story_items(&places)?.pop() else { return Ok(Found::Gone) };
        self.story_page(item).map(Found::Here)
    }

    /// The story that a merged one became a part of.
    fn merged(&self, story: &Story) -> Result<Found<StoryPage>, StoreError> {
        let mut next = story.merged_into;
        for _ in 0..MERGES_MAX {
            let Some(no) = next else { break };
            let Some(into) = self.one_story(no)? else { break };
            if into.merged_into.is_none() {
                return Ok(Found::Renamed(Slug::of(&into.public_id).to_string()));
            }
            next = into.merged_into;
        }
        Ok(Found::Gone)
    }

    fn one_story(&self, no: StoryNo) -> Result<Option<std::sync::Arc<Story>>, StoreError> {
        Ok(self.store.stories(&[no])?.into_iter().flatten().next())
    }

    fn story_page(&self, item: Item) -> Result<StoryPage, StoreError> {
        let mut more = Vec::new();
        for (slug, title) in &item.sections {
            let scope = Scope::Category(slug.clone());
            let way = Way { label: title.clone(), path: scope.page_path(Part::Newest) };
            more.push(self.shelf_of(&scope, way, &item)?);
        }
        more.retain(|shelf| !shelf.items.is_empty());
        let day = self.day_of(item.date);
        let scope = Scope::Day(day);
        let way = Way { label: day_stamp(day), path: scope.page_path(Part::Newest) };
        let day = self.shelf_of(&scope, way, &item)?;
        let first = item.sections.first().map(|(slug, _)| Scope::Category(slug.clone()));
        let feed = self.bare_document(&first.unwrap_or(Scope::All));
        let mut sources: Vec<SourceId> = Vec::new();
        for (slug, _) in &item.sections {
            sources.extend(self.catalog.members(&CategorySlug::new(slug)));
        }
        let copies = item.copies.iter().map(|copy| copy.source.as_str());
        sources.extend(copies.chain([item.source.slug.as_str()]).map(SourceId::new));
        sources.sort();
        sources.dedup();
        let changed = self.changed(&sources);
        let needs = Needs { sources, day: Some(self.day_of(item.date)), ..Needs::NOTHING };
        Ok(StoryPage { item, more, day, feed, changed, needs })
    }

    fn shelf_of(&self, scope: &Scope, way: Way, but: &Item) -> Result<Shelf, StoreError> {
        let Found::Here(Membership { unit, sources }) = self.membership(scope) else {
            return Ok(Shelf { way, items: Vec::new() });
        };
        let bounds = match scope {
            Scope::Day(day) | Scope::CategoryDay(_, day) => self.day_bounds(*day),
            Scope::All | Scope::Category(_) | Scope::Source(_) => None,
        };
        let places = self.store.select(&Selection {
            unit,
            sources,
            from: bounds.map(|(from, _)| from),
            until: bounds.map(|(_, until)| until),
            after: None,
            limit: SHELF + 1,
        })?;
        let items = self.story_items(&places)?;
        let others = items.iter().filter(|item| item.page_url != but.page_url).take(SHELF);
        let items = others.map(|item| Way {
            label: html::headline_of(item, &self.site.language),
            path: item.page_url.strip_prefix(&self.site.base_url).unwrap_or("/").to_owned(),
        });
        Ok(Shelf { items: items.collect(), way })
    }

    /// Returns a document without items: titles and addresses of a feed.
    pub fn bare_document(&self, scope: &Scope) -> Document {
        self.assemble(scope, Part::Newest, &super::Places::default(), Vec::new())
    }

    /// Returns the ways to the days before and after that have news (of the category).
    pub fn neighbours(&self, scope: &Scope) -> Result<(Option<Way>, Option<Way>), StoreError> {
        let (Scope::Day(day) | Scope::CategoryDay(_, day)) = scope else { return Ok((None, None)) };
        let Found::Here(membership) = self.membership(scope) else { return Ok((None, None)) };
        let Some((from, until)) = self.day_bounds(*day) else { return Ok((None, None)) };
        let at = |day: Date| match scope {
            Scope::CategoryDay(slug, _) => Scope::CategoryDay(slug.clone(), day),
            Scope::All | Scope::Category(_) | Scope::Day(_) | Scope::Source(_) => Scope::Day(day),
        };
        let way = |day: Date| Way { label: day_stamp(day), path: at(day).page_path(Part::Newest) };
        let older = self.store.select(&Selection {
            unit: Unit::Stories,
            sources: membership.sources.clone(),
            from: None,
            until: Some(from),
            after: None,
            limit: 1,
        })?;
        let newer = self.first_day_since(&membership.sources, until)?.map(way);
        Ok((newer, older.first().map(|place| way(self.day_of(place.date)))))
    }

    /// Returns the publisher's own page, for a source.
    pub fn website(&self, scope: &Scope) -> Option<String> {
        let Scope::Source(id) = scope else { return None };
        let site = self.states.get(&SourceId::new(id))?.meta.site.as_deref()?;
        let is_web = site.starts_with("http://") || site.starts_with("https://");
        let mut site = is_web.then(|| crate::model::scrub::scrub_url(site))?;
        self.veil(&SourceId::new(id)).text(&mut site);
        Some(site)
    }

    /// Returns the days that have stories, newest first, with counts.
    pub fn dates(&self) -> Result<Directory, StoreError> {
        let mut days: BTreeMap<Date, u64> = BTreeMap::new();
        let everything = Membership { unit: Unit::Stories, sources: self.catalog.all() };
        self.walk(Unit::Stories, &everything, |place| {
            *days.entry(self.day_of(place.date)).or_default() += 1;
        })?;
        let row = |(day, count): (Date, u64)| Row {
            way: Way { label: day_stamp(day), path: Scope::Day(day).page_path(Part::Newest) },
            count,
        };
        let rows = days.into_iter().rev().map(row).collect();
        Ok(Directory { subject: Subject::Dates, rows })
    }

    /// Returns the categories, in the order of the configuration, with counts of stories.
    pub fn categories(&self) -> Result<Directory, StoreError> {
        let mut rows = Vec::new();
        for category in &self.catalog.categories {
            let sources = self.catalog.members(&category.slug);
            let scope = Scope::Category(category.slug.to_string());
            rows.push(Row {
                count: self.count(&Membership { unit: Unit::Stories, sources })?,
                way: Way { label: category.title.clone(), path: scope.page_path(Part::Newest) },
            });
        }
        Ok(Directory { subject: Subject::Categories, rows })
    }

    /// Returns the published sources, in the order of the configuration, with counts of entries.
    pub fn source_rows(&self) -> Result<Directory, StoreError> {
        let mut rows = Vec::new();
        for source in self.catalog.sources.iter().filter(|source| source.publish) {
            let scope = Scope::Source(source.id.to_string());
            let sources = vec![source.id.clone()];
            rows.push(Row {
                count: self.count(&Membership { unit: Unit::Entries, sources })?,
                way: Way {
                    label: self.source_title(&source.id),
                    path: scope.page_path(Part::Newest),
                },
            });
        }
        Ok(Directory { subject: Subject::Sources, rows })
    }

    fn count(&self, membership: &Membership) -> Result<u64, StoreError> {
        let mut count = 0;
        self.walk(membership.unit, membership, |_| count += 1)?;
        Ok(count)
    }
}
