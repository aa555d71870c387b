//! `[store] retention`: texts that are too old go, and what is left tells their entries.
//!
//! A story goes as a whole, when the youngest text among its copies is too old; it is then in no
//! output any more. What stays of each copy, as long as its source lists it and 30 days beyond, is
//! its keys, link and fingerprint: what a feed lists again never comes back as new. After that
//! nothing is left, but for a takedown, which holds for good.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::batch::Batch;
use crate::model::entry::{Entry, EntryNo, Held, Story, StoryNo};
use crate::model::features::Marks;
use crate::store::{Store, StoreError};

/// How long an entry is remembered after its source ceased to list it.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often it is noted that a source still lists an entry without a text.
const NOTED_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// Stories looked at together.
const LOOK: u64 = 500;

/// What is too old.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The present.
    pub now: Timestamp,
    /// Texts older than this go.
    pub age: SignedDuration,
}

/// The stories that something is to be done about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Their texts go, or it is noted that they are still listed.
    pub fade: Vec<StoryNo>,
    /// Nothing stays of them.
    pub forget: Vec<StoryNo>,
}

/// What is to be done about one story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    Fade,
    Forget,
}

/// Returns what is due. Reads the heads of all stories; writes nothing.
pub fn due(store: &dyn Store, terms: &Terms) -> Result<Due, StoreError> {
    let listed = listed(store)?;
    let next = store.stats()?.next_story.0;
    let mut due = Due::default();
    let mut first = 1;
    while first < next {
        let numbers: Vec<StoryNo> = (first..next.min(first + LOOK)).map(StoryNo).collect();
        for story in store.stories(&numbers)?.into_iter().flatten() {
            match step(store, terms, &listed, &story)? {
                Step::Nothing => {}
                Step::Fade => due.fade.push(story.no),
                Step::Forget => due.forget.push(story.no),
            }
        }
        first += LOOK;
    }
    Ok(due)
}

/// Takes the texts of stories that are due, in one batch; decides anew about each, so that what
/// came since is not lost. Returns how many went.
pub fn fade(store: &dyn Store, terms: &Terms, stories: &[StoryNo]) -> Result<usize, StoreError> {
    let listed = listed(store)?;
    let mut batch = Batch::default();
    let mut faded = 0;
    for story in store.stories(stories)?.into_iter().flatten() {
        if step(store, terms, &listed, &story)? != Step::Fade {
            continue;
        }
        let numbers: Vec<EntryNo> = story.members.iter().map(|member| member.entry).collect();
        for held in store.entries(&numbers)?.into_iter().flatten() {
            let is_listed = listed.contains(&held.no);
            if !is_husk(&held) || is_listed {
                batch.entries.insert(held.no, husk(&held, terms.now));
            }
        }
        faded += usize::from(!story.is_expired);
        let mut story = Story::clone(&story);
        story.is_expired = true;
        touch(store, &story, terms.now, &mut batch)?;
        batch.stories.insert(story.no, story);
    }
    store.commit(batch)?;
    store.sync()?;
    Ok(faded)
}

/// Returns which of the stories may still be forgotten.
pub fn still_forgettable(
    store: &dyn Store,
    terms: &Terms,
    stories: &[StoryNo],
) -> Result<Vec<StoryNo>, StoreError> {
    let listed = listed(store)?;
    let mut forgettable = Vec::new();
    for story in store.stories(stories)?.into_iter().flatten() {
        if step(store, terms, &listed, &story)? == Step::Forget {
            forgettable.push(story.no);
        }
    }
    Ok(forgettable)
}

/// Notes that the feeds of a story's sources change when it leaves them.
fn touch(
    store: &dyn Store,
    story: &Story,
    now: Timestamp,
    batch: &mut Batch,
) -> Result<(), StoreError> {
    let missing =
        |member: &&crate::model::entry::Member| !batch.states.contains_key(&member.source);
    if story.members.iter().any(|member| missing(&member)) {
        let states: BTreeMap<_, _> = store.states()?.into_iter().collect();
        for member in &story.members {
            if let Some(state) = states.get(&member.source) {
                let mut state = crate::model::source::SourceState::clone(state);
                state.changed = Some(state.changed.map_or(now, |changed| changed.max(now)));
                batch.states.entry(member.source.clone()).or_insert(state);
            }
        }
    }
    Ok(())
}

/// Returns the entries that some source's document lists.
fn listed(store: &dyn Store) -> Result<HashSet<EntryNo>, StoreError> {
    let states = store.states()?;
    let listed = states.iter().flat_map(|(_, state)| state.listed.iter());
    Ok(listed.filter_map(|listed| listed.entry).collect())
}

fn step(
    store: &dyn Store,
    terms: &Terms,
    listed: &HashSet<EntryNo>,
    story: &Story,
) -> Result<Step, StoreError> {
    let is_old = |at: Timestamp, age: SignedDuration| terms.now.duration_since(at) > age;
    // A story's date is never behind the first sight of its first copy.
    if story.merged_into.is_some() || !(story.is_expired || is_old(story.date, terms.age)) {
        return Ok(Step::Nothing);
    }
    let numbers: Vec<EntryNo> = story.members.iter().map(|member| member.entry).collect();
    let copies: Vec<Arc<Held>> = store.entries(&numbers)?.into_iter().flatten().collect();
    if !story.is_expired {
        let is_due = copies.iter().all(|held| is_old(held.first_seen.max(held.updated), terms.age));
        return Ok(if is_due { Step::Fade } else { Step::Nothing });
    }
    let has_text = copies.iter().any(|held| !is_husk(held));
    let is_listed = |held: &Arc<Held>| listed.contains(&held.no);
    let to_note = copies.iter().any(|held| is_listed(held) && is_old(held.updated, NOTED_EVERY));
    if has_text || to_note {
        return Ok(Step::Fade);
    }
    let is_over = |held: &Arc<Held>| !is_listed(held) && is_old(held.updated, REMEMBERED);
    let is_forgotten = !story.is_withdrawn && copies.iter().all(is_over);
    Ok(if is_forgotten { Step::Forget } else { Step::Nothing })
}

/// Tells whether the text of an entry is gone.
fn is_husk(held: &Held) -> bool {
    held.joined.rule == GONE
}

/// Stands in for the rule by which an entry joined its story when its text is gone.
const GONE: &str = "expired";

/// Returns what stays of an entry. Its `updated` says when it was last known to be listed.
fn husk(held: &Held, now: Timestamp) -> Held {
    let entry = Entry {
        guid: held.entry.guid.clone(),
        guid_kind: held.entry.guid_kind,
        link: held.entry.link.clone(),
        published: held.entry.published,
        ..Entry::default()
    };
    let marks = Marks { version: held.marks.version, ..Marks::default() };
    let joined = crate::model::verdict::Joined { rule: GONE.to_owned(), ..Default::default() };
    Held { entry, marks, joined, credit: None, updated: now, ..held.clone() }
}
