//! What becomes of stories: opened, joined, changed, merged.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;

use super::apply::Item;
use super::later;
use super::report::{Event, Report};
use super::work::Work;
use crate::dedup::{self, Change, Closest, Incumbent, Known};
use crate::model::entry::{
    CLOSEST_NUMBERS_MAX, Entry, EntryNo, Held, Slug, Story, StoryNo, compared_date,
};
use crate::model::features::Marks;
use crate::model::ids;
use crate::model::source::SourceId;
use crate::model::verdict::{Joined, Verdict};
use crate::store::StoreError;

/// Copies of one story that are found by what they say. A wire story is in a hundred papers: were all
/// of them in the lists of its keys, the lists would be too long to be of use, and the next copy
/// would find none of them.
const COPIES_FOUND_BY: usize = 40;

/// How long after its first publication a story's copy is exchanged freely.
const FREE: SignedDuration = SignedDuration::from_mins(30);

/// Why an entry is where it is.
pub(super) struct Why {
    /// By what it joined its story.
    pub(super) joined: Joined,
    /// It holds pieces of several stories.
    pub(super) is_roundup: bool,
    /// The best candidate that was turned down.
    pub(super) closest: Option<Closest>,
}

impl Work<'_> {
    /// Opens a story.
    pub(super) fn open(
        &mut self,
        item: &Item<'_>,
        why: Why,
        report: &mut Report,
    ) -> Result<EntryNo, StoreError> {
        let no = self.numbers.next_story();
        let held = self.hold(item, no, why);
        let entry = held.no;
        let key = held.key;
        let mut public_id = ids::public_id(&held.entry, &key, &held.source, self.authority);
        if self.is_taken(&public_id)? {
            public_id = ids::minted(&key, &held.source, self.authority);
        }
        // A publisher may use one guid for several entries: each story still has an id of its own.
        if self.is_taken(&public_id)? {
            public_id = self.spare_id_of(&key, &item.source.id, no);
        }
        let mut story = Story::opened(no, public_id, held.member());
        self.number(&mut story)?;
        self.note(&story);
        self.batch.entries.insert(entry, held);
        self.batch.stories.insert(no, story);
        report.has_changed = true;
        Ok(entry)
    }

    fn is_taken(&self, public_id: &str) -> Result<bool, StoreError> {
        let slug = Slug::of(public_id);
        let pending = self.batch.stories.values().any(|story| story.public_id == public_id);
        Ok(pending || self.store.locate(&slug)?.is_some())
    }

    /// Adds a copy to a story.
    pub(super) fn join(
        &mut self,
        item: &Item<'_>,
        story: StoryNo,
        why: Why,
        report: &mut Report,
    ) -> Result<EntryNo, StoreError> {
        let mut held = self.hold(item, story, why);
        let entry = held.no;
        if let Some(story) = self.story(story)? {
            let mut story = Story::clone(&story);
            if story.members.len() >= COPIES_FOUND_BY {
                held.marks.keys.clear();
            }
            story.members.push(held.member());
            self.batch.entries.insert(entry, held);
            self.number(&mut story)?;
            self.choose(&mut story)?;
            self.touch(&story, Some(&item.source.id))?;
            self.batch.stories.insert(story.no, story);
        }
        report.has_changed = true;
        Ok(entry)
    }

    fn hold(&mut self, item: &Item<'_>, story: StoryNo, why: Why) -> Held {
        let Why { joined, is_roundup, closest } = why;
        let entry = item.entry.clone();
        let stated = entry.updated.or(entry.published);
        let mut marks = item.prepared.marks.clone();
        marks.is_roundup = is_roundup;
        let no = self.numbers.next_entry();
        if !item.prepared.is_light {
            self.facts.keep(&Arc::new(dedup::Facts {
                no,
                source: item.source.id.clone(),
                outlet: item.outlet.to_owned(),
                story,
                published: compared_date(item.filed.or(item.entry.published), self.at),
                features: Arc::new(item.prepared.features.clone()),
                fingerprint: item.prepared.fingerprint,
                is_roundup,
            }));
        }
        Held {
            no,
            source: item.source.id.clone(),
            story,
            key: item.identity.own,
            updated: stated.or(item.filed).map_or(self.at, |stated| stated.min(self.at)),
            entry,
            first_seen: self.at,
            filed: item.filed,
            first_listed: item.fetch_no,
            fingerprint: item.prepared.fingerprint,
            marks,
            credit: item.prepared.credit.clone(),
            outlet: item.outlet.to_owned(),
            joined,
            closest: closest.map(few_numbers),
        }
    }

    /// Takes over what a known entry says now; dates and guid stay as first held (P90, R16).
    pub(super) fn refresh(
        &mut self,
        item: &Item<'_>,
        no: EntryNo,
        change: Change,
        report: &mut Report,
    ) -> Result<Verdict, StoreError> {
        let Some(held) = self.held(no)? else { return Ok(Verdict::Unchanged) };
        // Its text went with `retention`: what the feed still lists does not bring it back.
        if self.story(held.story)?.is_some_and(|story| story.is_expired) {
            return Ok(Verdict::Unchanged);
        }
        if change == Change::Unchanged && !has_moved(&held.entry, item.entry) {
            return Ok(Verdict::Unchanged);
        }
        let mut held = Held::clone(&held);
        // What is read must have changed: another address of the same article is no news.
        if change == Change::Updated || files(&held.entry) != files(item.entry) {
            let stated = item.entry.updated.filter(|at| *at > held.updated && *at <= self.at);
            held.updated = stated.unwrap_or(self.at).max(held.updated);
        }
        let mut entry = item.entry.clone();
        entry.guid = held.entry.guid.take();
        entry.guid_kind = held.entry.guid_kind;
        entry.published = held.entry.published;
        held.entry = entry;
        let is_found_by_others = held.marks.keys.is_empty() && self.is_crowded(held.story)?;
        held.marks = held.marks.renewed(item.prepared.marks.clone());
        if is_found_by_others {
            held.marks.keys.clear();
        }
        held.fingerprint = item.prepared.fingerprint;
        held.credit.clone_from(&item.prepared.credit);
        self.facts.forget(no);
        if let Some(story) = self.story(held.story)? {
            self.touch(&story, Some(&item.source.id))?;
        }
        self.batch.entries.insert(no, held);
        report.has_changed = true;
        Ok(Verdict::Updated)
    }

    /// Tells whether a story has enough copies to be found by.
    fn is_crowded(&self, story: StoryNo) -> Result<bool, StoreError> {
        Ok(self.story(story)?.is_some_and(|story| story.members.len() > COPIES_FOUND_BY))
    }

    /// Returns what a copy is found by when it stands alone.
    pub(super) fn marks_alone(&self, held: &Held) -> Marks {
        if held.marks.version == 0 || !held.marks.keys.is_empty() {
            return held.marks.clone();
        }
        let context = dedup::Context { names: &self.names, outlet: &held.outlet };
        let marks = dedup::marks(&dedup::features(&held.entry, context));
        Marks { is_roundup: held.marks.is_roundup, ..marks }
    }

    /// Sees that a story which copies have left is found by those that are left.
    pub(super) fn find_by_the_rest(&mut self, story: &Story) -> Result<(), StoreError> {
        for member in story.members.iter().take(COPIES_FOUND_BY) {
            if let Some(held) = self.held(member.entry)?
                && held.marks.keys.is_empty()
            {
                let marks = self.marks_alone(&held);
                let held = Held { marks, ..Held::clone(&held) };
                self.batch.entries.insert(held.no, held);
            }
        }
        Ok(())
    }

    /// Joins stories that were found to be one: the one that was opened first lives on.
    pub(super) fn merge(
        &mut self,
        entry: EntryNo,
        merges: Vec<(StoryNo, Joined)>,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        for (other, joined) in merges {
            let Some(own) = self.held(entry)?.map(|held| held.story) else { continue };
            if own == other {
                continue;
            }
            let (Some(one), Some(two)) = (self.story(own)?, self.story(other)?) else { continue };
            let (old, into) = self.unite(&one, &two, &joined)?;
            report.tell(Event::Merged { old, into });
            report.has_changed = true;
        }
        Ok(())
    }

    /// Makes one story of two; returns the public id that lives no more, and the one that does. A takedown of either
    /// is one of both: they are the same article.
    pub(super) fn unite(
        &mut self,
        one: &Story,
        two: &Story,
        joined: &Joined,
    ) -> Result<(String, String), StoreError> {
        let (into, from) = if one.no < two.no { (one, two) } else { (two, one) };
        let (mut into, mut from) = (into.clone(), from.clone());
        for member in &from.members {
            if let Some(held) = self.held(member.entry)? {
                let mut held = Held::clone(&held);
                held.story = into.no;
                if matches!(held.joined.rule.as_str(), "opened" | "split") {
                    held.joined = joined.clone();
                }
                self.facts.forget(held.no);
                self.batch.entries.insert(held.no, held);
            }
        }
        self.note(&from);
        into.members.append(&mut from.members);
        self.number(&mut into)?;
        into.is_withdrawn |= from.is_withdrawn;
        from.merged_into = Some(into.no);
        self.choose(&mut into)?;
        self.touch(&into, None)?;
        let ids = (from.public_id.clone(), into.public_id.clone());
        self.batch.stories.insert(from.no, from);
        self.batch.stories.insert(into.no, into);
        Ok(ids)
    }

    /// Chooses the copy that is shown.
    pub(super) fn choose(&mut self, story: &mut Story) -> Result<(), StoreError> {
        let mut copies = Vec::with_capacity(story.members.len());
        for member in &story.members {
            let (held, facts) = (self.held(member.entry)?, self.facts(member.entry));
            if let (Some(held), Some(facts)) = (held, facts) {
                copies.push((held, facts, self.names_of(&member.source)?));
            }
        }
        let opened = copies.iter().map(|(held, ..)| held.first_seen).min().unwrap_or(self.at);
        let incumbent =
            Incumbent { no: story.representative, opened, was_late: story.was_changed_late };
        let copies: Vec<dedup::Copy<'_>> =
            copies.iter().map(|(held, facts, names)| copy(held, facts, names)).collect();
        let chosen = dedup::representative(&copies, Some(incumbent), self.at);
        let chosen = chosen.unwrap_or(story.representative);
        let is_late = self.at.duration_since(opened) > FREE;
        story.was_changed_late |= is_late && chosen != story.representative;
        if let (Some(before), Some(now)) = (self.held(story.representative)?, self.held(chosen)?)
            && before.no != now.no
        {
            let reads_alike = before.fingerprint == now.fingerprint;
            let since = if reads_alike { before.updated } else { self.at };
            story.exchanged = story.exchanged.max(Some(since));
        }
        story.representative = chosen;
        Ok(())
    }

    /// Returns priority of a source, and the names that others credit it by: its title, else what
    /// its feed calls itself, and its aliases. One that is no longer configured has neither.
    fn names_of(&self, id: &SourceId) -> Result<(i64, Vec<String>), StoreError> {
        let Some(source) = self.settings.catalog.source(id) else {
            return Ok((i64::MIN, Vec::new()));
        };
        let title = match &source.title {
            Some(title) => Some(title.clone()),
            None => crate::poll::state_of(self.store, id)?.meta.title.clone(),
        };
        let names = title.into_iter().chain(source.aliases.iter().cloned()).collect();
        Ok((source.priority, names))
    }

    /// Notes that the feeds of the other sources of a story change with it.
    pub(super) fn touch(
        &mut self,
        story: &Story,
        except: Option<&SourceId>,
    ) -> Result<(), StoreError> {
        self.note(story);
        let sources: BTreeSet<SourceId> =
            story.members.iter().map(|member| member.source.clone()).collect();
        for id in sources.into_iter().filter(|id| Some(id) != except) {
            let mut state = self.state(&id)?;
            if state.changed != Some(self.at) {
                state.changed = Some(later(state.changed, self.at));
                self.batch.states.insert(id, state);
            }
        }
        Ok(())
    }
}

fn copy<'a>(
    held: &'a Held,
    facts: &'a dedup::Facts,
    (priority, names): &'a (i64, Vec<String>),
) -> dedup::Copy<'a> {
    dedup::Copy {
        no: held.no,
        priority: *priority,
        outlet: &held.outlet,
        names,
        credit: held.credit.as_deref(),
        is_full_text: facts.features.is_full_text,
        is_direct: facts.features.is_direct,
        date: held.date(),
        chars: facts.features.chars,
    }
}

/// Leaves the figures that say most of a candidate that was turned down.
fn few_numbers(closest: Closest) -> Joined {
    const TELLING: [&str; CLOSEST_NUMBERS_MAX] =
        ["c", "r", "cl", "tj", "alN", "alM", "hN", "hM", "slots"];
    let mut joined = closest.joined;
    joined.numbers.retain(|(name, _)| TELLING.contains(&name.as_str()));
    joined
}

/// Tells whether link or files changed, which the fingerprint of the text does not see (P91).
fn has_moved(held: &Entry, read: &Entry) -> bool {
    let canonical = |entry: &Entry| {
        let link = entry.orig_link.as_ref().or(entry.link.as_ref());
        link.map(|link| crate::model::text::canonical(link))
    };
    canonical(held) != canonical(read) || files(held) != files(read)
}

fn files(entry: &Entry) -> Vec<String> {
    let urls = entry.enclosures.iter().map(|enclosure| &enclosure.url);
    urls.map(|url| crate::model::text::canonical(url)).collect()
}
