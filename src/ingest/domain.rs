//! What one poll means for other sources: a busy publisher slows its whole domain (P25), and a network of our own that
//! was down excuses those who failed by it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use url::{Host, Url};

use super::state;
use super::work::Work;
use crate::dedup;
use crate::model::outcome::{FailureKind, NextPoll, PollResult, RETRY_AFTER_MAX};
use crate::model::source::{Source, SourceState};
use crate::poll::{Finding, seed};
use crate::redirect;
use crate::store::StoreError;

/// After a bare 429 the other sources of the domain wait for so long.
const BARE_429_WAIT: Duration = Duration::from_secs(3_600);

/// Those who waited are spread over this.
const SPREAD: Duration = Duration::from_secs(60);

/// A source that failed because our own network was down is tried again so soon.
const PARDONED_WAIT: Duration = Duration::from_secs(60);

impl Work<'_> {
    /// Keeps everyone of the domain that answered 429 or 503 away for as long as it asks.
    ///
    /// A `Retry-After` binds every request, an operator's too; a bare 429 only moves the next polls, for it is our guess.
    pub(super) fn slow_domain(&mut self, finding: &Finding) -> Result<(), StoreError> {
        if finding.result != PollResult::Failed(FailureKind::Busy) {
            return Ok(());
        }
        let latest = after(finding.ended, RETRY_AFTER_MAX);
        let asked = finding.answer.freshness.retry_at.map(|at| at.min(latest));
        let guessed = (finding.answer.status == 429).then(|| after(finding.ended, BARE_429_WAIT));
        let Some(until) = asked.or(guessed) else { return Ok(()) };
        let Some(domain) = Url::parse(finding.end()).ok().map(|url| domain_of(&url)) else {
            return Ok(());
        };
        let catalog = Arc::clone(&self.settings.catalog);
        for source in &catalog.sources {
            let state = state::for_source(self.state(&source.id)?, source);
            if domain_of(&redirect::start(source, &state)) == domain {
                self.slow(source, state, until, asked.is_some(), &domain);
            }
        }
        Ok(())
    }

    fn slow(
        &mut self,
        source: &Source,
        mut state: SourceState,
        until: Timestamp,
        is_asked: bool,
        domain: &str,
    ) {
        if is_asked {
            state.paused_until = state.paused_until.max(Some(until));
        }
        if state.next_poll.is_none_or(|next| next < until) {
            let share = u32::try_from(seed(&source.id) % 1_000).unwrap_or(0);
            let at = after(until, SPREAD * share / 1_000);
            let reason = format!("{domain} has asked everyone to wait");
            state::note_next(&mut state, &NextPoll { at, reason });
        }
        self.batch.states.insert(source.id.clone(), state);
    }

    /// Takes back failures that were counted while our own network was down.
    pub(super) fn pardon(&mut self, finding: &Finding) -> Result<(), StoreError> {
        for id in &finding.pardons {
            let mut state = self.state(id)?;
            if state.failures == 0 {
                continue;
            }
            state.failures -= 1;
            if state.failures == 0 {
                state.failing_since = None;
            }
            let at = after(finding.ended, PARDONED_WAIT);
            if state.next_poll.is_some_and(|next| next > at) {
                let reason = "our own network was down: trying again soon".to_owned();
                state::note_next(&mut state, &NextPoll { at, reason });
            }
            self.batch.states.insert(id.clone(), state);
        }
        Ok(())
    }
}

fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.saturating_add(wait).unwrap_or(at)
}

/// Returns whose wish to be left alone counts for a URL: the registrable domain; where there is none that could say that
/// two servers are one publisher's (addresses, single labels), the host with its port.
fn domain_of(url: &Url) -> String {
    match url.host() {
        Some(Host::Domain(name)) if name.contains('.') => dedup::outlet(url.as_str()),
        Some(_) | None => {
            let host = url.host_str().unwrap_or_default();
            format!("{host}:{}", url.port_or_known_default().unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_registrable_or_a_server() {
        let cases = [
            ("https://feeds.a.example/x", "a.example"),
            ("https://a.example:8443/", "a.example"),
            ("http://127.0.0.1:81/", "127.0.0.1:81"),
            ("http://localhost/", "localhost:80"),
        ];
        for (url, expected) in cases {
            assert_eq!(domain_of(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
