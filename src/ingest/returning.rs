//! What a document as a whole tells of its items: which are held entries under new ids, and what
//! the undated are filed under. Gathers what `dedup::reissued` and `filing` decide by.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::apply::{Item, listed_entry, own_claim_of};
use super::filing::{self, Dated, Fetch};
use super::work::Work;
use super::zone;
use crate::dedup::{self, Change, Decision, Identity, Prepared, Ruling, Trace};
use crate::model::entry::{Entry, EntryNo};
use crate::model::feed::FeedItem;
use crate::model::source::{Source, SourceState};
use crate::model::verdict::{Claim, Joined};
use crate::store::StoreError;

/// A held entry under a new id.
#[derive(Clone, Copy)]
pub(super) struct Reissue {
    entry: EntryNo,
    /// The last document did the same: the source makes its ids anew at each fetch.
    is_habit: bool,
}

/// What a document as a whole tells of its items.
pub(super) struct Frame {
    reissued: BTreeMap<usize, EntryNo>,
    is_habit: bool,
    filed: Vec<Option<Timestamp>>,
}

impl Frame {
    /// Returns the held entry that an item is under a new id.
    pub(super) fn reissue(&self, index: usize) -> Option<Reissue> {
        let entry = *self.reissued.get(&index)?;
        Some(Reissue { entry, is_habit: self.is_habit })
    }

    /// Returns what an item is filed under where its own date does not serve.
    pub(super) fn filed(&self, index: usize) -> Option<Timestamp> {
        self.filed.get(index).copied().flatten()
    }

    /// Counts the returned entries among the flaws.
    pub(super) fn note(&self, flaws: &mut Vec<(String, u32)>) {
        if !self.reissued.is_empty() {
            let count = u32::try_from(self.reissued.len()).unwrap_or(u32::MAX);
            flaws.push((REISSUED.to_owned(), count));
        }
    }
}

/// The flaw of a document that lists held entries under new ids.
const REISSUED: &str = "entries returned under new ids";
/// The rule such an entry is known by.
const RULE: &str = "reissued";
/// So many unknown items at once are worth looking through all that has left the document.
const MANY: usize = 3;

impl Work<'_> {
    /// Looks at a document as a whole.
    pub(super) fn frame(
        &mut self,
        state: &SourceState,
        items: &[FeedItem],
        prepared: &[Option<Prepared>],
        identities: &[Option<Identity>],
    ) -> Result<Frame, StoreError> {
        let reissued = self.reissued(state, items, prepared, identities)?;
        let is_habit = state.flaws.iter().any(|(name, _)| name == REISSUED);
        let filed = self.filed(state, items, identities)?;
        Ok(Frame { reissued, is_habit, filed })
    }

    /// Notes a probable error of the source's time zone and returns by how many hours (D30); too
    /// few arrivals leave what was noted before.
    pub(super) fn note_shift(
        &self,
        source: &Source,
        state: &SourceState,
        arrivals: &[Timestamp],
        flaws: &mut Vec<(String, u32)>,
    ) -> Result<Option<i64>, StoreError> {
        let since = self.state(&source.id)?.last_success.filter(|_| state.fetch_no > 0);
        let Some(since) = since else { return Ok(None) };
        if arrivals.len() < zone::ITEMS_MIN {
            flaws.extend(state.flaws.iter().filter(|(name, _)| zone::is_shift(name)).cloned());
            return Ok(None);
        }
        let hours = zone::shift(since, self.at, arrivals);
        let count = u32::try_from(arrivals.len()).unwrap_or(u32::MAX);
        flaws.extend(hours.map(|hours| (zone::flaw(hours), count)));
        Ok(hours)
    }

    /// Finds the items that are held entries under new ids (P89); they count as listed from here on.
    fn reissued(
        &mut self,
        state: &SourceState,
        items: &[FeedItem],
        prepared: &[Option<Prepared>],
        identities: &[Option<Identity>],
    ) -> Result<BTreeMap<usize, EntryNo>, StoreError> {
        let mut unknown = Vec::new();
        for (index, ((item, prepared), identity)) in
            items.iter().zip(prepared).zip(identities).enumerate()
        {
            let (Some(entry), Some(prepared), Some(identity)) = (&item.entry, prepared, identity)
            else {
                continue;
            };
            if own_claim_of(self, identity)?.is_none() {
                unknown.push((index, Trace::of(entry, prepared.fingerprint)));
            }
        }
        let gone = if unknown.is_empty() { Vec::new() } else { self.gone(state, unknown.len())? };
        let pairs = dedup::reissued(&unknown, &gone, state.listed.len());
        self.listed.extend(pairs.iter().map(|(_, no)| *no));
        Ok(pairs.into_iter().collect())
    }

    /// Returns the held entries that the document in hand lists no longer.
    fn gone(
        &self,
        state: &SourceState,
        unknown: usize,
    ) -> Result<Vec<(EntryNo, Trace)>, StoreError> {
        let listed = state.listed.iter().filter_map(|listed| listed.entry);
        let mut numbers: Vec<EntryNo> = listed.filter(|no| !self.listed.contains(no)).collect();
        if unknown >= MANY && numbers.len() * 2 >= state.listed.len() {
            let departed = state.departed.iter().rev().map(|departed| departed.entry);
            numbers.extend(departed.filter(|no| !self.listed.contains(no)));
        }
        numbers.sort_unstable();
        numbers.dedup();
        let mut gone = Vec::with_capacity(numbers.len());
        for no in numbers {
            if let Some(held) = self.held(no)? {
                gone.push((no, Trace::of(&held.entry, held.fingerprint)));
            }
        }
        Ok(gone)
    }

    /// Rules that an item is a held entry. Where the source makes its ids anew at each fetch they
    /// are not kept: they would pile up and never be asked for again.
    pub(super) fn returned(
        &self,
        item: &Item<'_>,
        Reissue { entry, is_habit }: Reissue,
    ) -> Result<Decision, StoreError> {
        let held = self.held(entry)?;
        let is_same = held.is_some_and(|held| held.fingerprint == item.prepared.fingerprint);
        let change = if is_same { Change::Unchanged } else { Change::Updated };
        let joined = Joined { rule: RULE.to_owned(), with: Some(entry), numbers: Vec::new() };
        let own = (!is_habit).then_some(item.identity.own);
        Ok(Decision {
            ruling: Ruling::Returned { entry, change, joined },
            keys: own.into_iter().chain(item.identity.urls.iter().copied()).collect(),
            merges: Vec::new(),
            is_roundup: false,
            is_reused: false,
            closest: None,
        })
    }

    /// Returns what each item is filed under where its own date does not serve.
    fn filed(
        &self,
        state: &SourceState,
        items: &[FeedItem],
        identities: &[Option<Identity>],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let is_undated = |entry: &Entry| entry.published.is_none() && entry.updated.is_none();
        let asks_neighbours = items.iter().filter_map(|item| item.entry.as_ref()).any(is_undated);
        let mut dates = Vec::with_capacity(items.len());
        for (item, identity) in items.iter().zip(identities) {
            let held = if asks_neighbours { self.held_date(state, item, identity)? } else { None };
            dates.push(held.map_or_else(|| dated(item.entry.as_ref()), Dated::At));
        }
        let fetch = if state.fetch_no == 0 { Fetch::First } else { Fetch::Later };
        Ok(filing::filed(self.at, fetch, &dates))
    }

    fn held_date(
        &self,
        state: &SourceState,
        item: &FeedItem,
        identity: &Option<Identity>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let no = match identity {
            Some(identity) => match own_claim_of(self, identity)? {
                Some(Claim::Entry(no)) => Some(no),
                Some(Claim::Barred | Claim::Withheld(_)) | None => None,
            },
            None => item.hash.and_then(|hash| listed_entry(state, hash)),
        };
        let Some(no) = no else { return Ok(None) };
        Ok(self.held(no)?.map(|held| held.date()))
    }
}

fn dated(entry: Option<&Entry>) -> Dated {
    let Some(entry) = entry else { return Dated::Undated };
    match (entry.published, entry.updated) {
        (Some(at), _) => Dated::At(at),
        (None, Some(at)) => Dated::Changed(at),
        (None, None) => Dated::Undated,
    }
}
