//! Numbers by which archive pages are cut: a story gets one in each category that it joins, an entry
//! one in its source, in order of joining, and keeps it (RFC 5005 §4: a full page never changes).
//!
//! Categories are what the configuration says at that moment: what came into one by a changed
//! configuration is numbered before anything polled after it.

use std::collections::{BTreeSet, HashSet};

use super::Ingest;
use super::work::Work;
use crate::model::batch::Batch;
use crate::model::entry::{Story, StoryNo};
use crate::model::policy::{Catalog, CategoryPolicy};
use crate::model::selection::{Position, Selection, Series, Unit};
use crate::model::source::{CategorySlug, SourceId};
use crate::store::{Store, StoreError};

/// Stories numbered in one batch when they came in by configuration.
const BATCH_STORIES: usize = 1_000;

impl Work<'_> {
    /// Gives a story and its copies the numbers that they have not yet.
    pub(super) fn number(&mut self, story: &mut Story) -> Result<(), StoreError> {
        for at in 0..story.members.len() {
            let Some(member) = story.members.get(at).filter(|m| m.number.is_none()) else {
                continue;
            };
            let number = self.next_in(Series::Source(member.source.clone()))?;
            if let Some(member) = story.members.get_mut(at) {
                member.number = Some(number);
            }
        }
        for slug in categories_of(&self.settings.catalog, story) {
            if story.number_in(&slug).is_none() {
                let number = self.next_in(Series::Category(slug.clone()))?;
                story.numbers.push((slug, number));
            }
        }
        Ok(())
    }

    fn next_in(&mut self, series: Series) -> Result<u64, StoreError> {
        let next = match self.given.get(&series) {
            Some(last) => last.saturating_add(1),
            None => self.store.stretch(&series, u64::MAX, 0)?.next,
        };
        self.given.insert(series, next);
        Ok(next)
    }
}

/// The categories of a story's sources, in the order of the configuration.
fn categories_of(catalog: &Catalog, story: &Story) -> Vec<CategorySlug> {
    let sources = story.members.iter().filter_map(|member| catalog.source(&member.source));
    let slugs: HashSet<&CategorySlug> = sources.flat_map(|source| &source.categories).collect();
    let named = catalog.categories.iter().map(|category| &category.slug);
    named.filter(|slug| slugs.contains(slug)).cloned().collect()
}

impl Ingest {
    /// Numbers everything that the configuration has put into a category since it was last in
    /// force: what an old name of the category numbered keeps that number, the rest follows in
    /// order of date. Tells whether there was any.
    pub(super) fn number_moved(&mut self) -> Result<bool, StoreError> {
        let mut any = false;
        let catalog = std::sync::Arc::clone(&self.settings.catalog);
        for source in &catalog.sources {
            let series = Series::Source(source.id.clone());
            let members = [source.id.clone()];
            let missing = missing(&*self.store, &series, Unit::Entries, &members)?;
            let entries: Vec<_> =
                missing.iter().map(|place| crate::model::entry::EntryNo(place.no)).collect();
            let held = self.store.entries(&entries)?;
            let mut seen = BTreeSet::new();
            let stories = held.into_iter().flatten().map(|held| held.story);
            any |= !missing.is_empty();
            self.number_stories(&stories.filter(|no| seen.insert(*no)).collect::<Vec<_>>())?;
        }
        for category in &catalog.categories {
            let members = catalog.members(&category.slug);
            any |= self.adopt(category, &members)?;
            let series = Series::Category(category.slug.clone());
            let missing = missing(&*self.store, &series, Unit::Stories, &members)?;
            let stories: Vec<_> = missing.iter().map(|place| StoryNo(place.no)).collect();
            any |= !stories.is_empty();
            self.number_stories(&stories)?;
        }
        Ok(any)
    }

    fn number_stories(&mut self, numbers: &[StoryNo]) -> Result<(), StoreError> {
        for chunk in numbers.chunks(BATCH_STORIES) {
            let stories = self.store.stories(chunk)?;
            let mut next = self.numbers;
            let mut work =
                Work::new(self, Batch::default(), &mut next, jiff::Timestamp::UNIX_EPOCH);
            for story in stories.into_iter().flatten() {
                let mut story = Story::clone(&story);
                work.number(&mut story)?;
                work.batch.stories.insert(story.no, story);
            }
            let batch = work.into_batch();
            self.store.commit(batch)?;
        }
        Ok(())
    }

    /// Takes the numbers of a renamed category over, when it has none of its own yet.
    fn adopt(&self, category: &CategoryPolicy, members: &[SourceId]) -> Result<bool, StoreError> {
        let own = Series::Category(category.slug.clone());
        if self.store.stretch(&own, u64::MAX, 0)?.next > 1 {
            return Ok(false);
        }
        for former in &category.former {
            let old = self.store.stretch(&Series::Category(former.clone()), 1, usize::MAX)?.places;
            for chunk in old.chunks(BATCH_STORIES) {
                let numbers: Vec<_> = chunk.iter().map(|(_, no)| StoryNo(*no)).collect();
                let mut batch = Batch::default();
                for story in self.store.stories(&numbers)?.into_iter().flatten() {
                    let number = story.number_in(former);
                    let is_member = story.members.iter().any(|m| members.contains(&m.source));
                    if let Some(number) = number.filter(|_| is_member) {
                        let mut story = Story::clone(&story);
                        story.numbers.push((category.slug.clone(), number));
                        batch.stories.insert(story.no, story);
                    }
                }
                self.store.commit(batch)?;
            }
            if !old.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Returns what of the sources has no number in the series, oldest first.
fn missing(
    store: &dyn Store,
    series: &Series,
    unit: Unit,
    members: &[SourceId],
) -> Result<Vec<Position>, StoreError> {
    let numbered = store.stretch(series, 1, usize::MAX)?.places;
    let numbered: HashSet<u64> = numbered.into_iter().map(|(_, no)| no).collect();
    let mut places = store.select(&Selection {
        unit,
        sources: members.to_vec(),
        from: None,
        until: None,
        after: None,
        limit: usize::MAX,
    })?;
    places.retain(|place| !numbered.contains(&place.no));
    places.reverse();
    Ok(places)
}
