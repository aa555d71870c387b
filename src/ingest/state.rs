//! Our memory of a source after a poll.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::entry::EntryNo;
use crate::model::feed::Feed;
use crate::model::outcome::{NextPoll, PollResult};
use crate::model::source::{
    DEPARTED_MAX, Departed, FeedMeta, Listed, Source, SourceState, Validators,
};
use crate::poll::Finding;
use crate::redirect::{self, Move};

/// Returns the memory to start a poll's bookkeeping from: a new URL forgets what belonged to the old (P12).
pub(super) fn for_source(old: SourceState, source: &Source) -> SourceState {
    let mut state = old;
    if state.url != source.url.as_str() {
        source.url.as_str().clone_into(&mut state.url);
        state.validators = None;
        state.redirect_pending = None;
        state.redirect_since = None;
        state.adopted_url = None;
        state.paused_until = None;
        state.failures = 0;
        state.failing_since = None;
        state.is_gone = false;
    }
    state
}

/// Returns of a memory what the next poll is planned by.
pub(super) fn planned_by(state: &SourceState) -> SourceState {
    SourceState {
        failures: state.failures,
        failing_since: state.failing_since,
        is_gone: state.is_gone,
        ..SourceState::default()
    }
}

/// Notes how the poll ended, without the next poll and without what a document listed; tells of a move to another URL.
pub(super) fn note_result(state: &mut SourceState, finding: &Finding) -> Option<Move> {
    let Finding { at, ended, result, answer, error, .. } = finding;
    if let PollResult::Postponed(_) = result {
        return None;
    }
    state.last_attempt = Some(*ended);
    state.http_status = (answer.status != 0).then_some(answer.status);
    state.last_error.clone_from(error);
    state.cost.wire_bytes = state.cost.wire_bytes.saturating_add(answer.wire_bytes);
    match result {
        PollResult::Success => {
            state.last_success = Some(*at);
            state.failures = 0;
            state.failing_since = None;
            state.is_gone = false;
            let is_new = finding.document.is_some();
            state.cost.answers = state.cost.answers.saturating_add(1);
            state.cost.not_modified = state.cost.not_modified.saturating_add(u64::from(!is_new));
            note_validators(state, is_new, finding.validators.clone());
            return redirect::note(*at, state, &finding.source, &finding.start, &answer.hops);
        }
        PollResult::Gone => {
            fail(state, *at);
            state.is_gone = true;
        }
        PollResult::Failed(_) => fail(state, *at),
        PollResult::Postponed(_) => {}
    }
    None
}

fn fail(state: &mut SourceState, at: Timestamp) {
    state.failures = state.failures.saturating_add(1);
    state.failing_since.get_or_insert(at);
}

/// A new document replaces the validators, even by none (P6, P7); a 304 carries its own (P9).
fn note_validators(state: &mut SourceState, is_new: bool, validators: Option<Validators>) {
    if is_new || validators.is_some() {
        state.validators = validators;
    }
}

/// How much of a feed a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All that the feed lists.
    Whole,
    /// What is new since the document before (226, RFC 3229 §10.4.1): what it leaves out is still listed (P50).
    Delta,
}

/// Items that a feed is taken to list when it comes in deltas: the newest so many.
const DELTA_LISTED_MAX: usize = 1_000;

impl Extent {
    /// Tells it by the status of the answer.
    pub(super) fn of(status: u16) -> Self {
        if status == 226 { Self::Delta } else { Self::Whole }
    }

    /// Returns the entries that are listed although the document does not say so.
    pub(super) fn kept(self, state: &SourceState) -> Vec<EntryNo> {
        match self {
            Self::Whole => Vec::new(),
            Self::Delta => state.listed.iter().filter_map(|listed| listed.entry).collect(),
        }
    }

    /// Returns what the feed lists as a whole once `listed` has been read.
    pub(super) fn listing(self, state: &SourceState, mut listed: Vec<Listed>) -> Vec<Listed> {
        if self == Self::Delta {
            let said: BTreeSet<Option<EntryNo>> = listed.iter().map(|it| it.entry).collect();
            let left_out = state.listed.iter().filter(|it| !said.contains(&it.entry)).copied();
            listed.extend(left_out);
            listed.truncate(DELTA_LISTED_MAX);
        }
        listed
    }
}

/// Notes what a document listed; entries that left it are remembered as departed.
pub(super) fn note_listed(state: &mut SourceState, listed: Vec<Listed>) {
    let last_listed = state.fetch_no;
    state.fetch_no = state.fetch_no.saturating_add(1);
    let mut remaining: Vec<_> = listed.iter().filter_map(|listed| listed.entry).collect();
    remaining.sort_unstable();
    let left = state.listed.iter().filter_map(|listed| listed.entry);
    let left: Vec<_> = left.filter(|entry| remaining.binary_search(entry).is_err()).collect();
    state.departed.retain(|departed| remaining.binary_search(&departed.entry).is_err());
    state.departed.extend(left.into_iter().map(|entry| Departed { entry, last_listed }));
    let surplus = state.departed.len().saturating_sub(DEPARTED_MAX);
    state.departed.drain(..surplus);
    state.listed = listed;
}

/// Notes what the feed says of itself; tells whether what is republished of it changed.
pub(super) fn note_feed(state: &mut SourceState, feed: Feed) -> bool {
    let has_changed = is_published_otherwise(&state.meta, &feed.meta);
    state.meta = feed.meta;
    state.wish = feed.wish;
    state.flaws = feed.flaws;
    state.date_order = feed.date_order.or(state.date_order);
    state.zone_s = feed.zone_s;
    has_changed
}

/// Tells whether what is republished of a feed itself is another. Its own `updated` and its hubs
/// are not: a feed that only moves its `lastBuildDate` changes no document of ours.
fn is_published_otherwise(held: &FeedMeta, read: &FeedMeta) -> bool {
    let published = |meta: &FeedMeta| FeedMeta {
        updated: None,
        hubs: Vec::new(),
        self_url: None,
        ..meta.clone()
    };
    held != read && published(held) != published(read)
}

/// Notes the next poll.
pub(super) fn note_next(state: &mut SourceState, next: &NextPoll) {
    state.next_poll = Some(next.at);
    state.next_reason.clone_from(&next.reason);
}

/// Returns the next poll as planned, but not before what else holds: a pause of the domain, and for a poll that did not
/// take place the time planned before.
pub(super) fn not_before(state: &SourceState, result: &PollResult, next: NextPoll) -> NextPoll {
    let is_postponed = matches!(result, PollResult::Postponed(_));
    let planned = state.next_poll.filter(|planned| is_postponed && *planned > next.at);
    if let Some(at) = planned {
        return NextPoll { at, reason: state.next_reason.clone() };
    }
    match state.paused_until.filter(|until| *until > next.at) {
        Some(at) => NextPoll { at, reason: "the publisher has asked everyone to wait".to_owned() },
        None => next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source::ItemHash;

    fn listed(numbers: &[u64]) -> Vec<Listed> {
        let one = |no: &u64| Listed { item: ItemHash(*no), entry: Some(EntryNo(*no)) };
        numbers.iter().map(one).collect()
    }

    #[test]
    fn entries_that_leave_the_document_depart_and_may_come_back() {
        let mut state = SourceState::default();
        note_listed(&mut state, listed(&[1, 2]));
        assert!(state.departed.is_empty(), "nothing was listed before");
        note_listed(&mut state, listed(&[2, 3]));
        assert_eq!(state.departed, [Departed { entry: EntryNo(1), last_listed: 1 }]);
        note_listed(&mut state, listed(&[1, 3]));
        assert_eq!(state.departed, [Departed { entry: EntryNo(2), last_listed: 2 }]);
        assert_eq!(state.fetch_no, 3);
    }

    #[test]
    fn p50_what_a_delta_leaves_out_is_still_listed() {
        let state = SourceState { listed: listed(&[3, 2, 1]), ..SourceState::default() };
        let again = Listed { item: ItemHash(22), entry: Some(EntryNo(2)) };
        let delta = vec![listed(&[4])[0], again];
        let numbers = |extent: Extent| -> Vec<u64> {
            extent.listing(&state, delta.clone()).iter().map(|it| it.item.0).collect()
        };
        assert_eq!(numbers(Extent::of(226)), [4, 22, 3, 1]);
        assert_eq!(numbers(Extent::of(200)), [4, 22]);
        assert_eq!(Extent::Delta.kept(&state), [3, 2, 1].map(EntryNo));
        assert!(Extent::Whole.kept(&state).is_empty());
        let endless: Vec<u64> = (0..2_000).collect();
        assert_eq!(Extent::Delta.listing(&state, listed(&endless)).len(), DELTA_LISTED_MAX);
    }

    #[test]
    fn a_feed_that_only_moves_its_own_dates_changes_nothing_published() {
        let held = FeedMeta { title: Some("Báo".to_owned()), ..FeedMeta::default() };
        let later = Some("2026-01-01T00:00:00Z".parse().unwrap());
        let moved =
            FeedMeta { updated: later, hubs: vec!["https://h/".to_owned()], ..held.clone() };
        assert!(!is_published_otherwise(&held, &moved));
        let renamed = FeedMeta { title: Some("Báo mới".to_owned()), ..held.clone() };
        assert!(is_published_otherwise(&held, &renamed));
    }

    #[test]
    fn p7_a_document_without_validators_clears_them() {
        let mut state =
            SourceState { validators: Some(Validators::default()), ..SourceState::default() };
        note_validators(&mut state, true, None);
        assert_eq!(state.validators, None);
    }
}
