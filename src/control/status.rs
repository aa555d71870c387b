//! How one source is doing, as `/status.json` says it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::scrub::scrub_url;
use crate::model::source::{Source, SourceState};
use crate::schedule;

/// Entries of a source: all, and those of the last seven days.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryCounts {
    pub(super) all: usize,
    pub(super) week: usize,
}

/// Says in a word how a source is doing.
pub(super) fn word(state: &SourceState) -> &'static str {
    if state.is_gone {
        "gone"
    } else if state.failures > 0 {
        "failing"
    } else if state.last_success.is_some() {
        "ok"
    } else {
        "new"
    }
}

/// Returns the object of one source. `newest` are the dates of its newest entries, newest first.
pub(super) fn of_source(
    now: Timestamp,
    source: &Source,
    state: &SourceState,
    counts: EntryCounts,
    newest: &[Timestamp],
) -> Value {
    let instant = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let scrubbed = |url: &Option<String>| url.as_deref().map(scrub_url);
    json!({
        "id": source.id.as_str(),
        "url": scrub_url(source.url.as_str()),
        "state": word(state),
        "last_success": instant(state.last_success),
        "next_poll": instant(state.next_poll),
        "next_reason": state.next_reason,
        "http_status": state.http_status,
        "entries": counts.all,
        "entries_7d": counts.week,
        "redirect_pending": scrubbed(&state.redirect_pending),
        "last_error": state.last_error,
        "last_attempt": instant(state.last_attempt),
        "failures": state.failures,
        "failing_since": instant(state.failing_since),
        "flags": flags(now, state, newest),
        "adopted_url": scrubbed(&state.adopted_url),
        "domain_pause": instant(state.paused_until.filter(|until| *until > now)),
        "not_modified_share": share(state.cost.not_modified, state.cost.answers),
        "bytes": state.cost.wire_bytes,
        "flaws": state.flaws.iter().map(|(name, count)| json!({ name: count })).collect::<Vec<_>>(),
    })
}

/// Returns what an operator ought to look at, in words.
fn flags(now: Timestamp, state: &SourceState, newest: &[Timestamp]) -> Vec<&'static str> {
    let is_silent = word(state) == "ok" && schedule::is_silent(now, newest);
    let raised = [
        ("silent", is_silent),
        ("broken", schedule::is_broken(now, state)),
        ("moving", state.redirect_pending.is_some()),
        ("moved", state.adopted_url.is_some()),
        ("complete", state.wish.is_complete),
    ];
    raised.into_iter().filter(|(_, is_raised)| *is_raised).map(|(flag, _)| flag).collect()
}

/// Returns the share of 304s among answers in thousandths, as a fraction; `None` before the first answer.
fn share(part: u64, whole: u64) -> Option<f64> {
    let permille = part.saturating_mul(1_000).checked_div(whole)?;
    u32::try_from(permille).ok().map(|permille| f64::from(permille) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source::PollCost;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_second(1_772_000_000 + days * 86_400).unwrap()
    }

    #[test]
    fn a_source_is_told_whole_and_without_secrets() {
        let source = Source::plain("a", "https://me:pw@a.example/f?token=t0p".parse().unwrap());
        let state = SourceState {
            last_success: Some(at(0)),
            adopted_url: Some("https://b.example/f?token=t0p".to_owned()),
            paused_until: Some(at(2)),
            cost: PollCost { answers: 8, not_modified: 7, wire_bytes: 4_096 },
            ..SourceState::default()
        };
        let counts = EntryCounts { all: 3, week: 1 };
        let newest = [at(-30), at(-31), at(-32)];
        let value = of_source(at(1), &source, &state, counts, &newest);
        assert_eq!(value["state"], "ok");
        assert_eq!(value["flags"], json!(["silent", "moved"]));
        assert_eq!(value["not_modified_share"], 0.875);
        assert_eq!(value["bytes"], 4_096);
        assert_eq!(value["domain_pause"], at(2).to_string());
        assert!(!value.to_string().contains("t0p") && !value.to_string().contains("pw@"));
        let later = of_source(at(3), &source, &state, counts, &[]);
        assert_eq!(later["domain_pause"], Value::Null);
        let new = of_source(at(3), &source, &SourceState::default(), counts, &[]);
        assert_eq!((&new["state"], &new["not_modified_share"]), (&json!("new"), &Value::Null));
    }
}
