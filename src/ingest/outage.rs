//! When a source broke and when it came back, for `/status` and `/status.atom`.

use jiff::Timestamp;

use crate::model::source::{OUTAGES_MAX, Outage, SourceState};

/// Failures in a row that make an outage: a single one is a hiccup.
const FAILURES_MIN: u32 = 2;

/// Notes in a state, after a poll, that an outage began or ended; tells whether one did.
pub(super) fn note(state: &mut SourceState, at: Timestamp) -> bool {
    let is_broken = state.is_gone || state.failures >= FAILURES_MIN;
    let is_well = !state.is_gone && state.failures == 0;
    match state.outages.last_mut().filter(|outage| outage.until.is_none()) {
        Some(outage) if is_well => {
            outage.until = Some(at);
            true
        }
        None if is_broken => {
            let error = state.last_error.clone().unwrap_or_default();
            let from = state.failing_since.unwrap_or(at);
            state.outages.push(Outage { from, until: None, error });
            let surplus = state.outages.len().saturating_sub(OUTAGES_MAX);
            state.outages.drain(..surplus);
            true
        }
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_outage_begins_at_the_second_failure_and_ends_with_a_success() {
        let mut state = SourceState::default();
        assert!(!note(&mut state, at(0)), "well from the start is no news");
        (state.failures, state.failing_since) = (1, Some(at(10)));
        assert!(!note(&mut state, at(10)), "a hiccup");
        (state.failures, state.last_error) = (2, Some("answered 500".to_owned()));
        assert!(note(&mut state, at(20)));
        let open = Outage { from: at(10), until: None, error: "answered 500".to_owned() };
        assert_eq!(state.outages, std::slice::from_ref(&open), "it began with the first failure");
        state.failures = 3;
        assert!(!note(&mut state, at(30)), "one outage, however long");
        (state.failures, state.failing_since) = (0, None);
        assert!(note(&mut state, at(40)));
        assert_eq!(state.outages, [Outage { until: Some(at(40)), ..open }]);
        assert!(!note(&mut state, at(50)));
    }

    #[test]
    fn a_feed_that_is_gone_is_out_at_once_and_only_so_many_are_remembered() {
        let mut state = SourceState { is_gone: true, failures: 1, ..SourceState::default() };
        assert!(note(&mut state, at(1)));
        for n in 0..40 {
            (state.is_gone, state.failures) = (n % 2 == 1, u32::from(n % 2 == 1));
            assert!(note(&mut state, at(10 + n)), "{n}");
        }
        assert_eq!(state.outages.len(), OUTAGES_MAX);
    }
}
