//! Our memory of a source after a poll.

use jiff::Timestamp;

use crate::model::feed::Feed;
use crate::model::outcome::{Answer, Hop, NextPoll, PollResult};
use crate::model::source::{DEPARTED_MAX, Departed, Listed, Source, SourceState, Validators};
use crate::poll::Finding;

/// Returns the memory to start a poll's bookkeeping from: a new URL forgets what belonged to the old (P12).
pub(super) fn for_source(old: &SourceState, source: &Source) -> SourceState {
    let mut state = old.clone();
    if state.url != source.url.as_str() {
        source.url.as_str().clone_into(&mut state.url);
        state.validators = None;
        state.redirect_pending = None;
        state.failures = 0;
        state.failing_since = None;
        state.is_gone = false;
    }
    state
}

/// Notes how the poll ended, without the next poll and without what a document listed.
pub(super) fn note_result(state: &mut SourceState, finding: &Finding) {
    let Finding { at, result, answer, error, .. } = finding;
    state.last_attempt = Some(*at);
    state.http_status = (answer.status != 0).then_some(answer.status);
    state.last_error.clone_from(error);
    match result {
        PollResult::Success => {
            state.last_success = Some(*at);
            state.failures = 0;
            state.failing_since = None;
            state.is_gone = false;
            state.redirect_pending = permanent_target(answer);
            note_validators(state, finding.document.is_some(), finding.validators.clone());
        }
        PollResult::Gone => {
            fail(state, *at);
            state.is_gone = true;
        }
        PollResult::Failed(_) => fail(state, *at),
    }
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

/// Returns where the leading run of permanent redirects ends (P56).
fn permanent_target(answer: &Answer) -> Option<String> {
    let is_permanent = |hop: &&Hop| matches!(hop.status, 301 | 308);
    answer.hops.iter().take_while(is_permanent).last().map(|hop| hop.location.clone())
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

/// Notes what the feed says of itself; tells whether that changed.
pub(super) fn note_feed(state: &mut SourceState, feed: Feed) -> bool {
    let has_changed = state.meta != feed.meta;
    state.meta = feed.meta;
    state.wish = feed.wish;
    state.flaws = feed.flaws;
    state.date_order = feed.date_order.or(state.date_order);
    has_changed
}

/// Notes the next poll.
pub(super) fn note_next(state: &mut SourceState, next: &NextPoll) {
    state.next_poll = Some(next.at);
    state.next_reason.clone_from(&next.reason);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entry::EntryNo;
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
    fn p56_only_the_leading_permanent_hops_count() {
        let hop = |status, to: &str| Hop { status, location: to.to_owned() };
        let cases = [
            ("none", vec![], None),
            ("301", vec![hop(301, "b")], Some("b")),
            ("301 then 308", vec![hop(301, "b"), hop(308, "c")], Some("c")),
            ("301 then 302", vec![hop(301, "b"), hop(302, "c")], Some("b")),
            ("302 then 301", vec![hop(302, "b"), hop(301, "c")], None),
        ];
        for (name, hops, expected) in cases {
            let answer = Answer { hops, ..Answer::default() };
            assert_eq!(permanent_target(&answer).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn p7_a_document_without_validators_clears_them() {
        let mut state =
            SourceState { validators: Some(Validators::default()), ..SourceState::default() };
        note_validators(&mut state, true, None);
        assert_eq!(state.validators, None);
    }
}
