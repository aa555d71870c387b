//! What an operator orders: stories taken apart, joined, taken down, sources forgotten.
//!
//! Orders are jobs of the one writer, each one batch. What an operator decided is never decided again: entries taken
//! apart are a barred pair, known by their own keys, and come into one story neither as copies nor by a merge. Doing a
//! thing twice is no error, it only says so.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Ingest;
use super::work::Work;
use crate::model::batch::Batch;
use crate::model::change::Change;
use crate::model::entry::{EntryNo, Held, Member, Slug, Story, StoryNo};
use crate::model::ids;
use crate::model::source::SourceId;
use crate::model::verdict::{Claim, EntryKey, Joined};
use crate::store::StoreError;

/// Merges followed from one story to the next.
const MERGES_MAX: usize = 64;

/// One order.
#[derive(Clone, Debug)]
pub enum Order {
    /// Takes a copy out of its story.
    Split(EntryNo),
    /// Makes one story of two.
    Merge(StoryNo, StoryNo),
    /// Takes a story down, or puts it back.
    Withdraw(StoryNo, Takedown),
    /// Drops the entries of a source from some stories, and the source's state with `Last::Yes`.
    Forget(SourceId, Vec<StoryNo>, Last),
}

/// Whether a takedown is made or undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takedown {
    /// It leaves all outputs.
    Made,
    /// It comes back.
    Undone,
}

/// Whether these are the last stories of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// Nothing is held behind them.
    Yes,
    /// There are more.
    No,
}

/// What became of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Whether anything is different from before.
    pub has_changed: bool,
    /// One line for the operator.
    pub message: String,
    /// The public id of the story that it is about.
    pub entry: Option<String>,
    /// Entries dropped.
    pub entries: usize,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// It makes no sense as things stand: what, and what to do instead.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Ingest {
    /// Carries out an order and makes it durable.
    pub(super) fn order(&mut self, order: Order, at: Timestamp) -> Result<Done, OrderError> {
        self.dry = None;
        self.facts.clear();
        let mut numbers = self.numbers;
        let mut work = Work::new(self, Batch::default(), &mut numbers, at);
        let done = match order {
            Order::Split(entry) => work.split(entry),
            Order::Merge(one, two) => work.join_by_hand(one, two),
            Order::Withdraw(story, takedown) => work.withdraw(story, takedown),
            Order::Forget(source, stories, last) => work.forget_source(&source, &stories, last),
        }?;
        work.check()?;
        let batch = work.into_batch();
        self.facts.clear();
        if !batch.is_empty() {
            self.store.commit(batch)?;
            self.numbers = numbers;
            self.store.sync()?;
            (self.on_change)(Change::everywhere());
        }
        Ok(done)
    }
}

impl Work<'_> {
    fn split(&mut self, entry: EntryNo) -> Result<Done, OrderError> {
        let (held, story) = self.copy_and_story(entry)?;
        if story.members.len() < 2 {
            let message = format!("`{}` is a story of its own already", story.public_id);
            return Ok(unchanged(&story, message));
        }
        self.touch(&story, None)?;
        let is_named = |member: &Member| member.entry == entry;
        let (mut leave, mut stay): (Vec<Member>, Vec<Member>) =
            story.members.iter().cloned().partition(is_named);
        for other in &stay {
            if let Some(other) = self.held(other.entry)? {
                self.bar(&held.key, &other.key);
            }
        }
        // The copy that opened a story keeps its id: then it is the others that leave.
        let is_opener = story.members.first().is_some_and(is_named);
        if is_opener {
            std::mem::swap(&mut leave, &mut stay);
        }
        let own = self.move_out(&story, leave)?;
        let mut rest = Story { members: stay, ..story.clone() };
        self.choose(&mut rest)?;
        self.find_by_the_rest(&rest)?;
        self.batch.stories.insert(rest.no, rest);
        let (old, slug) = (&story.public_id, Slug::of(&own));
        let message = if is_opener {
            format!("the copy keeps `{old}`: the others are `{own}` now, /entry/{slug}")
        } else {
            format!("took the copy out of `{old}`: it is `{own}` now, /entry/{slug}")
        };
        Ok(Done { has_changed: true, message, entry: Some(own), entries: 0 })
    }

    /// Makes a story of copies that leave another; returns its public id.
    fn move_out(&mut self, from: &Story, leave: Vec<Member>) -> Result<String, OrderError> {
        let mut copies = Vec::with_capacity(leave.len());
        for member in &leave {
            copies.extend(self.held(member.entry)?);
        }
        let gone = || OrderError::Refused("the entry is not held any more".to_owned());
        let opener = copies.first().cloned().ok_or_else(gone)?;
        // The entries keep their numbers in their sources.
        let mut own = Story { members: leave, ..self.alone(&opener, from)? };
        self.number(&mut own)?;
        for held in copies {
            let joined =
                if held.no == opener.no { by_hand("split", None) } else { held.joined.clone() };
            self.facts.forget(held.no);
            let marks = self.marks_alone(&held);
            let held = Held { story: own.no, joined, marks, ..Held::clone(&held) };
            self.batch.entries.insert(held.no, held);
        }
        self.choose(&mut own)?;
        let public_id = own.public_id.clone();
        self.batch.stories.insert(own.no, own);
        Ok(public_id)
    }

    /// Returns the story of a copy that was taken out: the one it had before it was merged away, else one of its own.
    fn alone(&mut self, held: &Held, from: &Story) -> Result<Story, StoreError> {
        let own = ids::public_id(&held.entry, &held.key, &held.source, self.authority);
        let minted = ids::minted(&held.key, &held.source, self.authority);
        let shared = EntryKey::own(&held.source, &format!("{minted} {}", held.no.0));
        let shared = ids::minted(&shared, &held.source, self.authority);
        for id in [own, minted, shared] {
            let found = match self.store.locate(&Slug::of(&id))? {
                Some(no) => self.story(no)?,
                None => return Ok(self.opened(id, held)),
            };
            let Some(former) = found.filter(|story| story.public_id == id) else { continue };
            if former.merged_into == Some(from.no) && former.members.is_empty() {
                return Ok(Story {
                    merged_into: None,
                    members: vec![held.member()],
                    representative: held.no,
                    was_changed_late: false,
                    ..Story::clone(&former)
                });
            }
        }
        let id = self.spare_id_of(&held.key, &held.source, self.numbers.story);
        Ok(self.opened(id, held))
    }

    fn opened(&mut self, public_id: String, held: &Held) -> Story {
        Story::opened(self.numbers.next_story(), public_id, held.member())
    }

    /// Returns an id for an entry whose own ids are others' for good: made of the number of its story.
    pub(super) fn spare_id_of(&self, key: &EntryKey, source: &SourceId, story: StoryNo) -> String {
        let hash: String = key.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let claim = format!("{hash} {}", story.0);
        ids::minted(&EntryKey::own(source, &claim), source, self.authority)
    }

    fn join_by_hand(&mut self, one: StoryNo, two: StoryNo) -> Result<Done, OrderError> {
        let (one, two) = (self.living(one)?, self.living(two)?);
        if one.no == two.no {
            let message = format!("both are in `{}` already", one.public_id);
            return Ok(unchanged(&one, message));
        }
        if let Some(story) = [&one, &two].into_iter().find(|story| story.is_withdrawn) {
            return Err(OrderError::Refused(format!(
                "`{}` is withdrawn: put it back first with `feedmill withdraw --undo`",
                story.public_id
            )));
        }
        self.unbar(&one, &two)?;
        let with = if one.no < two.no { one.representative } else { two.representative };
        let (old, into) = self.unite(&one, &two, &by_hand("merge", Some(with)))?;
        Ok(Done {
            has_changed: true,
            message: format!("merged `{old}` into `{into}`"),
            entry: Some(into),
            entries: 0,
        })
    }

    fn withdraw(&mut self, story: StoryNo, takedown: Takedown) -> Result<Done, OrderError> {
        let story = self.living(story)?;
        let is_withdrawn = takedown == Takedown::Made;
        let id = story.public_id.clone();
        if story.is_withdrawn == is_withdrawn {
            let message = match takedown {
                Takedown::Made => format!("`{id}` is withdrawn already"),
                Takedown::Undone => format!("`{id}` is not withdrawn"),
            };
            return Ok(unchanged(&story, message));
        }
        if takedown == Takedown::Undone && story.members.is_empty() {
            let message = format!("`{id}` has no text any more: its source was forgotten");
            return Err(OrderError::Refused(message));
        }
        self.touch(&story, None)?;
        self.batch.stories.insert(story.no, Story { is_withdrawn, ..story });
        let message = match takedown {
            Takedown::Made => format!("withdrew `{id}`: it is in no output any more"),
            Takedown::Undone => format!("put `{id}` back into all outputs"),
        };
        Ok(Done { has_changed: true, message, entry: Some(id), entries: 0 })
    }

    fn forget_source(
        &mut self,
        source: &SourceId,
        stories: &[StoryNo],
        last: Last,
    ) -> Result<Done, OrderError> {
        if self.settings.catalog.source(source).is_some() {
            return Err(OrderError::Refused(format!(
                "source `{source}` is configured: take it out of the configuration first"
            )));
        }
        let mut dropped = BTreeSet::new();
        for no in stories {
            let Some(story) = self.story(*no)? else { continue };
            let mut story = Story::clone(&story);
            let (gone, kept): (Vec<_>, Vec<_>) =
                story.members.into_iter().partition(|member| member.source == *source);
            story.members = kept;
            dropped.extend(gone.iter().map(|member| member.entry));
            if story.members.is_empty() {
                // The record stays, so that its id is never another's and its page says 410.
                story.is_withdrawn = true;
            } else if dropped.contains(&story.representative) {
                self.touch(&story, None)?;
                self.choose(&mut story)?;
            }
            self.find_by_the_rest(&story)?;
            self.batch.stories.insert(*no, story);
        }
        let entries = dropped.len();
        self.batch.forgotten.entries = dropped;
        if last == Last::Yes {
            self.batch.states.remove(source);
            self.batch.forgotten.states.insert(source.clone());
            let name = EntryKey::name(&format!("source/{source}"));
            self.batch.keys.insert(name, Claim::Barred);
        }
        Ok(Done { has_changed: true, entries, ..Done::default() })
    }

    fn copy_and_story(&self, entry: EntryNo) -> Result<(Held, Story), OrderError> {
        let gone = || OrderError::Refused("the entry is not held any more".to_owned());
        let held = self.held(entry)?.ok_or_else(gone)?;
        let story = self.living(held.story)?;
        Ok((Held::clone(&held), story))
    }

    /// Returns the story that a merged one has become a part of.
    fn living(&self, no: StoryNo) -> Result<Story, OrderError> {
        let mut next = no;
        for _ in 0..MERGES_MAX {
            let Some(story) = self.story(next)? else { break };
            match story.merged_into {
                Some(into) => next = into,
                None => return Ok(Story::clone(&story)),
            }
        }
        Err(OrderError::Refused("the story is not held any more".to_owned()))
    }

    fn bar(&mut self, one: &EntryKey, two: &EntryKey) {
        self.batch.keys.insert(EntryKey::apart_at_all(), Claim::Barred);
        self.batch.keys.insert(EntryKey::apart(one, two), Claim::Barred);
    }

    /// Lets the copies of two stories be in one again.
    fn unbar(&mut self, one: &Story, two: &Story) -> Result<(), StoreError> {
        for left in &one.members {
            for right in &two.members {
                let (left, right) = (self.held(left.entry)?, self.held(right.entry)?);
                if let (Some(left), Some(right)) = (left, right) {
                    let pair = EntryKey::apart(&left.key, &right.key);
                    if self.find(&pair)?.is_some() {
                        self.batch.forgotten.keys.insert(pair);
                    }
                }
            }
        }
        Ok(())
    }
}

fn by_hand(rule: &str, with: Option<EntryNo>) -> Joined {
    Joined { rule: rule.to_owned(), with, numbers: Vec::new() }
}

fn unchanged(story: &Story, message: String) -> Done {
    Done { has_changed: false, message, entry: Some(story.public_id.clone()), entries: 0 }
}
