//! Writes a backup while the store is written to.
//!
//! Records are read once, in order, and what commits change meanwhile is noted and read again; the
//! last of it with the writer held, so that the backup is the store as of its end.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::PoisonError;

use jiff::Timestamp;

use super::live::Live;
use super::open::{entry, number};
use super::plan::Plan;
use super::{SledStore, StoreError};
use crate::model::entry::{EntryNo, Held, StoryNo};
use crate::model::source::SourceId;
use crate::model::verdict::{EntryKey, KeyKind};
use crate::store::backup::{Header, Line, Lines};
use crate::store::codec::{Key, decode_claim, decode_story, unseal};
use crate::store::{BackupError, Progress, Totals};

/// Entries between two tellings of progress.
const PROGRESS_EVERY: u64 = 500;
/// Changes that are few enough to be read with the writer held.
const CHANGES_FEW: usize = 2_000;
/// How often changes are caught up with before the writer is held however many there are.
const ROUNDS_MAX: usize = 8;

/// What commits have changed since a backup began.
#[derive(Default)]
pub(super) struct Changes {
    entries: BTreeSet<EntryNo>,
    stories: BTreeSet<StoryNo>,
    claims: BTreeSet<EntryKey>,
    states: BTreeSet<SourceId>,
    /// Something was forgotten: what is written lists it all the same.
    is_spoilt: bool,
}

impl Changes {
    /// Notes what a commit wrote.
    pub(super) fn note(&mut self, plan: &Plan) {
        self.entries.extend(plan.held.iter().map(|(no, ..)| *no));
        self.stories.extend(plan.told.iter().map(|(no, ..)| *no));
        self.claims.extend(&plan.claims);
        self.is_spoilt |= !plan.dropped.is_empty() || !plan.left.is_empty();
        self.states.extend(plan.states.iter().map(|(id, _)| id.clone()));
    }

    /// Fails when the backup has to be begun again.
    fn check(&self) -> Result<(), StoreError> {
        if self.is_spoilt {
            let path = "an order to forget a source".to_owned();
            return Err(StoreError::Busy { path });
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.entries.len() + self.stories.len() + self.claims.len() + self.states.len()
    }
}

/// Ends the noting of changes however the backup ends.
struct Noting<'s>(&'s SledStore);

impl Drop for Noting<'_> {
    fn drop(&mut self) {
        *self.0.changes() = None;
    }
}

impl SledStore {
    pub(super) fn changes(&self) -> std::sync::MutexGuard<'_, Option<Changes>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the backup.
    pub(super) fn dump(
        &self,
        made: Timestamp,
        to: &mut dyn Write,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Totals, BackupError> {
        {
            let mut changes = self.changes();
            if changes.is_some() {
                return Err(StoreError::Busy { path: "another backup".to_owned() }.into());
            }
            *changes = Some(Changes::default());
        }
        let _noting = Noting(self);
        let mut lines = Lines::new(to)?;
        self.dump_all(made, &mut lines, on_progress)?;
        lines.put(&Line::Changes)?;
        for _ in 0..ROUNDS_MAX {
            let changes = self.changes().replace(Changes::default()).unwrap_or_default();
            changes.check()?;
            for line in read(&self.live(), &changes)? {
                lines.put(&line)?;
            }
            if self.changes().as_ref().is_some_and(|changes| changes.len() < CHANGES_FEW) {
                break;
            }
        }
        let (last, totals) = {
            let _writer = self.writer();
            let live = self.live();
            let changes = self.changes().take().unwrap_or_default();
            changes.check()?;
            (read(&live, &changes)?, totals(&live))
        };
        // The writer goes on while this is written: the other end may be slow.
        for line in last {
            lines.put(&line)?;
        }
        lines.put(&Line::End(totals))?;
        lines.finish()?;
        Ok(totals)
    }

    fn dump_all<W: Write>(
        &self,
        made: Timestamp,
        lines: &mut Lines<W>,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<(), BackupError> {
        let live = self.live();
        let Totals { entries: total, stories, .. } = totals(&live);
        lines.put(&Line::Header(Header::new(made, &self.birth, total, stories)))?;
        for row in live.records.scan(Key::Dictionary(0)) {
            let (bytes, first) = row?;
            let id = number(&bytes).and_then(|id| u32::try_from(id).ok()).unwrap_or_default();
            let record = live.records.join(Key::Dictionary(id), &bytes, &first)?;
            let bytes = unseal(Key::Dictionary(id), &record)?.to_vec();
            lines.put(&Line::Dictionary { id, bytes })?;
        }
        let states: Vec<_> = live.memory().states.clone().into_iter().collect();
        for (id, state) in states {
            lines.put(&Line::State(id, Box::new((*state).clone())))?;
        }
        for row in live.records.scan(Key::Story(StoryNo(0))) {
            let no = StoryNo(number(&row?.0).unwrap_or_default());
            // Read again as a whole: a batch may go by between two pieces of it.
            if let Some(record) = live.records.get(Key::Story(no))? {
                let story = decode_story(no, &record, &live.packer)?;
                lines.put(&Line::Story(Box::new(story)))?;
            }
        }
        let mut done = 0;
        for row in live.records.scan(Key::Entry(EntryNo(0))) {
            let no = entry(&row?.0).unwrap_or(EntryNo(0));
            if let Some(record) = live.records.get(Key::Entry(no))? {
                let held = Held::decode(no, &record, &live.packer)?;
                lines.put(&Line::Entry(Box::new(held)))?;
            }
            done += 1;
            if done % PROGRESS_EVERY == 0 {
                on_progress(Progress { done, total });
            }
        }
        dump_claims(&live, lines)
    }
}

fn dump_claims<W: Write>(live: &Live, lines: &mut Lines<W>) -> Result<(), BackupError> {
    for kind in [KeyKind::Own, KeyKind::Url] {
        for row in live.records.scan(Key::Claim(EntryKey { kind, hash: [0; 16] })) {
            let (bytes, first) = row?;
            let hash = bytes.get(1..).and_then(|hash| hash.try_into().ok()).unwrap_or_default();
            let key = EntryKey { kind, hash };
            let record = live.records.join(Key::Claim(key), &bytes, &first)?;
            lines.put(&Line::Claim(key, decode_claim(key, &record)?))?;
        }
    }
    Ok(())
}

/// Reads what was changed.
fn read(live: &Live, changes: &Changes) -> Result<Vec<Line>, StoreError> {
    let mut lines = Vec::with_capacity(changes.len());
    for id in &changes.states {
        let state = live.memory().states.get(id).cloned();
        lines.extend(state.map(|state| Line::State(id.clone(), Box::new((*state).clone()))));
    }
    for no in &changes.stories {
        lines.extend(live.story(*no)?.map(|story| Line::Story(Box::new((*story).clone()))));
    }
    for no in &changes.entries {
        lines.extend(live.entry(*no)?.map(|held| Line::Entry(Box::new((*held).clone()))));
    }
    for key in &changes.claims {
        lines.extend(live.claim(*key)?.map(|claim| Line::Claim(*key, claim)));
    }
    Ok(lines)
}

fn totals(live: &Live) -> Totals {
    let tally = live.memory().tally;
    Totals {
        entries: tally.entries,
        stories: tally.stories,
        next_entry: tally.next_entry,
        next_story: tally.next_story,
    }
}
