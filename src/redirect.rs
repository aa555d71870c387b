//! Decides at which URL a source is polled, and when a permanent redirect has earned that.
//!
//! A 301 may come from a captive portal, a parked domain or a broken host. So a permanent redirect is adopted only when it
//! has led to a feed on two polls at least a day apart (P57); what is adopted is the end of the leading run of permanent
//! hops (P55, P56), never a step down from https to http (P59). The configured URL stays the source's name and the way
//! back: it is asked again whenever the adopted one fails, and what it then says counts anew. A configured URL that
//! changes forgets all this, which is `ingest`'s to do. Standards: RFC 9110 §15.4.

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::model::outcome::Hop;
use crate::model::source::{Source, SourceState};

/// A permanent redirect must have led to a feed for so long.
const AGREED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What changed about where a source is polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// From now on here: the permanent redirect has held.
    Adopted(String),
    /// At the configured URL again; this one is given up.
    Dropped(String),
}

/// Returns where the next poll of a source begins.
///
/// That is the adopted URL, if there is one. Each failure changes over to the other URL, so that neither a dead new home
/// nor a dead old one is the end of a source.
pub fn start(source: &Source, state: &SourceState) -> Url {
    let adopted = state.adopted_url.as_deref().filter(|_| state.url == source.url.as_str());
    let adopted = adopted.filter(|_| state.failures.is_multiple_of(2));
    adopted.and_then(|url| Url::parse(url).ok()).unwrap_or_else(|| source.url.clone())
}

/// Notes where a poll that began at `start` and got a feed was led.
pub fn note(
    now: Timestamp,
    state: &mut SourceState,
    source: &Source,
    start: &Url,
    hops: &[Hop],
) -> Option<Move> {
    let target = permanent_target(start, hops);
    let is_adopted = |url: &str| state.adopted_url.as_deref() == Some(url);
    let began_adopted = is_adopted(start.as_str());
    let mut moved = None;
    if !began_adopted && !target.as_ref().is_some_and(|target| is_adopted(target.as_str())) {
        moved = state.adopted_url.take().map(Move::Dropped);
    }
    let wanted = target.filter(|url| Some(url.as_str()) != state.adopted_url.as_deref());
    let Some(wanted) = wanted.filter(|url| *url != bare(start)) else {
        (state.redirect_pending, state.redirect_since) = (None, None);
        return moved;
    };
    let is_known = state.redirect_pending.as_deref() == Some(wanted.as_str());
    let since = state.redirect_since.filter(|_| is_known).unwrap_or(now);
    if now.duration_since(since) < AGREED_FOR {
        (state.redirect_pending, state.redirect_since) = (Some(wanted.into()), Some(since));
        return moved;
    }
    (state.redirect_pending, state.redirect_since) = (None, None);
    if wanted == bare(&source.url) {
        return state.adopted_url.take().map(Move::Dropped);
    }
    state.adopted_url = Some(wanted.as_str().to_owned());
    Some(Move::Adopted(wanted.into()))
}

/// Returns where the leading run of permanent redirects ends, before any step down to http (P56, P59).
fn permanent_target(start: &Url, hops: &[Hop]) -> Option<Url> {
    let mut end = None;
    let mut is_secure = start.scheme() == "https";
    for hop in hops.iter().take_while(|hop| matches!(hop.status, 301 | 308)) {
        let url = Url::parse(&hop.location).ok()?;
        if is_secure && url.scheme() != "https" {
            break;
        }
        is_secure = url.scheme() == "https";
        end = Some(bare(&url));
    }
    end
}

/// Returns a URL as it is requested: without user info, which is the source's own, and without fragment.
fn bare(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    // A URL that cannot hold user info has none to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "https://old.example/feed";
    const NEW: &str = "https://new.example/feed";
    const DAY_H: i64 = 24;

    fn at(hours: i64) -> Timestamp {
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        start + SignedDuration::from_hours(hours)
    }

    fn hop(status: u16, to: &str) -> Hop {
        Hop { status, location: to.to_owned() }
    }

    fn source(url: &str) -> Source {
        Source::plain("a", url.parse().unwrap())
    }

    fn fresh(url: &str) -> SourceState {
        SourceState { url: url.to_owned(), ..SourceState::default() }
    }

    /// Polls once, successfully, wherever the state says.
    fn poll(state: &mut SourceState, source: &Source, hours: i64, hops: &[Hop]) -> Option<Move> {
        let start = start(source, state);
        state.failures = 0;
        note(at(hours), state, source, &start, hops)
    }

    #[test]
    fn p56_p59_only_the_leading_permanent_hops_count_and_no_step_down() {
        let cases = [
            ("none", vec![], None),
            ("301", vec![hop(301, NEW)], Some(NEW)),
            (
                "301 then 308",
                vec![hop(301, NEW), hop(308, "https://c.example/")],
                Some("https://c.example/"),
            ),
            ("301 then 302", vec![hop(301, NEW), hop(302, "https://c.example/")], Some(NEW)),
            ("302 then 301", vec![hop(302, NEW), hop(301, "https://c.example/")], None),
            ("P55 307", vec![hop(307, NEW)], None),
            ("P59 down", vec![hop(301, "http://new.example/feed")], None),
            ("P59 down after a hop", vec![hop(301, NEW), hop(301, "http://c.example/")], Some(NEW)),
            (
                "a fragment is no part of it",
                vec![hop(301, "https://new.example/feed#x")],
                Some(NEW),
            ),
        ];
        for (name, hops, expected) in cases {
            let target = permanent_target(&OLD.parse().unwrap(), &hops);
            assert_eq!(target.as_ref().map(Url::as_str), expected, "{name}");
        }
        let up = permanent_target(&"http://old.example/".parse().unwrap(), &[hop(301, NEW)]);
        assert_eq!(up.unwrap().as_str(), NEW, "a step up is fine");
    }

    #[test]
    fn p57_a_redirect_is_adopted_after_a_day_of_agreement() {
        let source = source(OLD);
        let mut state = fresh(OLD);
        assert_eq!(poll(&mut state, &source, 0, &[hop(301, NEW)]), None);
        assert_eq!(state.redirect_pending.as_deref(), Some(NEW));
        assert_eq!(poll(&mut state, &source, 23, &[hop(308, NEW)]), None, "not yet a day");
        assert_eq!(start(&source, &state).as_str(), OLD);
        let adopted = Some(Move::Adopted(NEW.to_owned()));
        assert_eq!(poll(&mut state, &source, DAY_H, &[hop(301, NEW)]), adopted);
        assert_eq!((state.redirect_pending.as_deref(), state.redirect_since), (None, None));
        assert_eq!(start(&source, &state).as_str(), NEW, "polled first from now on");
        assert_eq!(poll(&mut state, &source, 25, &[]), None);
        assert_eq!(start(&source, &state).as_str(), NEW);
    }

    #[test]
    fn p57_disagreement_begins_anew() {
        let source = source(OLD);
        let mut state = fresh(OLD);
        poll(&mut state, &source, 0, &[hop(301, NEW)]);
        poll(&mut state, &source, 12, &[]);
        assert_eq!(state.redirect_pending, None, "no redirect, nothing pending");
        poll(&mut state, &source, 20, &[hop(301, NEW)]);
        poll(&mut state, &source, 30, &[hop(301, "https://portal.example/")]);
        assert_eq!(poll(&mut state, &source, 50, &[hop(301, NEW)]), None);
        assert_eq!(state.redirect_since, Some(at(50)));
    }

    #[test]
    fn a_broken_new_home_leads_back_to_the_old_one() {
        let source = source(OLD);
        let mut state = SourceState { adopted_url: Some(NEW.to_owned()), ..fresh(OLD) };
        let starts: Vec<String> = (0..4)
            .map(|failures| {
                state.failures = failures;
                start(&source, &state).into()
            })
            .collect();
        assert_eq!(starts, [NEW, OLD, NEW, OLD], "each failure changes over");
        state.failures = 1;
        let dropped = Some(Move::Dropped(NEW.to_owned()));
        assert_eq!(
            poll(&mut state, &source, 9, &[]),
            dropped,
            "the old one serves the feed itself"
        );
        assert_eq!(state.adopted_url, None);
    }

    #[test]
    fn the_old_home_may_confirm_the_new_one() {
        let source = source(OLD);
        let mut state =
            SourceState { adopted_url: Some(NEW.to_owned()), failures: 1, ..fresh(OLD) };
        assert_eq!(poll(&mut state, &source, 9, &[hop(301, NEW)]), None);
        assert_eq!(state.adopted_url.as_deref(), Some(NEW));
        assert_eq!(state.redirect_pending, None);
    }

    #[test]
    fn a_new_home_may_move_on_or_send_back() {
        let source = source(OLD);
        let mut state = SourceState { adopted_url: Some(NEW.to_owned()), ..fresh(OLD) };
        let third = "https://third.example/feed";
        assert_eq!(poll(&mut state, &source, 0, &[hop(301, third)]), None);
        assert_eq!(state.adopted_url.as_deref(), Some(NEW), "not at once");
        let adopted = Some(Move::Adopted(third.to_owned()));
        assert_eq!(poll(&mut state, &source, 24, &[hop(301, third)]), adopted);
        poll(&mut state, &source, 48, &[hop(301, OLD)]);
        let dropped = Some(Move::Dropped(third.to_owned()));
        assert_eq!(poll(&mut state, &source, 72, &[hop(301, OLD)]), dropped);
        assert_eq!(start(&source, &state).as_str(), OLD);
    }

    #[test]
    fn another_configured_url_is_polled_at_once() {
        let state = SourceState { adopted_url: Some(NEW.to_owned()), ..fresh(OLD) };
        let other = source("https://other.example/");
        assert_eq!(start(&other, &state), other.url);
    }

    #[test]
    fn user_info_is_not_taken_for_a_move() {
        let source = source("https://me:secret@old.example/feed");
        let mut state = fresh(source.url.as_str());
        assert_eq!(poll(&mut state, &source, 0, &[hop(301, OLD)]), None);
        assert_eq!(state.redirect_pending, None);
    }
}
