//! When each source is due, in memory: the schedule between two looks at the store.
//!
//! While the daemon runs, the times here count: they follow a clock that is set (P41), and they give way to the store
//! where somebody else has planned since (an operator's poll, a pause of the domain). Sources that share a request (P38)
//! are due together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::policy::Catalog;
use crate::model::source::{Source, SourceId, SourceState};
use crate::poll::{self, ShareKey, seed};
use crate::schedule;
use crate::store::{Store, StoreError};

/// The schedule of every source of the configuration.
pub(super) struct Plan {
    catalog: Arc<Catalog>,
    places: BTreeMap<SourceId, Place>,
    /// Sources by the time they are due; those in hand are not here.
    queue: BTreeSet<(Timestamp, SourceId)>,
    groups: BTreeMap<ShareKey, BTreeSet<SourceId>>,
}

struct Place {
    source: Arc<Source>,
    key: ShareKey,
    /// When it is due; `None`: as soon as possible.
    at: Timestamp,
    is_in_hand: bool,
    last_attempt: Option<Timestamp>,
    /// The next poll that the store named when this was planned.
    stored: Option<Timestamp>,
    /// Planned under the clock of this run, so that it moves with it.
    is_of_this_run: bool,
}

impl Plan {
    /// Plans the first polls after a start: stored times hold, what is new or overdue is spread (P13, P36).
    pub(super) fn new(
        catalog: Arc<Catalog>,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let empty = Self {
            catalog: Arc::default(),
            places: BTreeMap::new(),
            queue: BTreeSet::new(),
            groups: BTreeMap::new(),
        };
        let mut plan = empty;
        plan.follow(catalog, store, now)?;
        Ok(plan)
    }

    /// Follows a configuration that was put in force: sources that it still has keep their times.
    pub(super) fn follow(
        &mut self,
        catalog: Arc<Catalog>,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if Arc::ptr_eq(&self.catalog, &catalog) {
            return Ok(());
        }
        let kept: BTreeSet<&SourceId> = catalog.sources.iter().map(|it| &it.id).collect();
        let gone: Vec<SourceId> =
            self.places.keys().filter(|id| !kept.contains(id)).cloned().collect();
        gone.iter().for_each(|id| self.remove(id));
        let total = catalog.sources.len();
        for (index, source) in catalog.sources.iter().enumerate() {
            let state = store.state(&source.id)?.unwrap_or_default();
            let old = self.places.get(&source.id);
            let is_same = old.is_some_and(|old| old.source.url == source.url);
            let is_in_hand = old.is_some_and(|old| old.is_in_hand);
            let (at, is_of_this_run) = match old.filter(|_| is_same) {
                Some(old) => {
                    let sooner = sooner(&old.source, source, &state, now);
                    (sooner.map_or(old.at, |at| at.min(old.at)), old.is_of_this_run)
                }
                None => first(now, source, &state, index, total),
            };
            let place = Place {
                source: Arc::clone(source),
                key: ShareKey::of(source, &state),
                at,
                is_in_hand,
                last_attempt: state.last_attempt,
                stored: state.next_poll,
                is_of_this_run,
            };
            self.remove(&source.id);
            self.put(place);
        }
        self.catalog = catalog;
        Ok(())
    }

    /// Takes the next group that is due in hand.
    pub(super) fn take(
        &mut self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Option<Vec<Arc<Source>>>, StoreError> {
        while let Some((at, id)) = self.queue.first().cloned()
            && at <= now
        {
            let members = self.members(&id);
            for member in &members {
                self.heed(store, member)?;
            }
            let due = self.due(&members);
            if due > now {
                // Another member knows that it is too early, or the store does.
                self.wait(&id, due);
                continue;
            }
            let group = members.iter().filter_map(|member| self.take_in_hand(member)).collect();
            return Ok(Some(group));
        }
        Ok(None)
    }

    /// Notes that a poll of a source has ended, and when it is due according to the store; `otherwise` without one.
    pub(super) fn finish(
        &mut self,
        store: &dyn Store,
        id: &SourceId,
        otherwise: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(mut place) = self.lift(id) else { return Ok(()) };
        let state = store.state(id)?.unwrap_or_default();
        place.is_in_hand = false;
        let is_planned = state.next_poll != place.stored;
        place.at = state.next_poll.filter(|_| is_planned).unwrap_or(otherwise);
        place.key = ShareKey::of(&place.source, &state);
        place.last_attempt = state.last_attempt;
        place.stored = state.next_poll;
        place.is_of_this_run = true;
        self.put(place);
        Ok(())
    }

    /// Moves with a clock that was set by `jump`. Times that the store had from another run were made under the right
    /// clock as far as anyone knows: one that is set forward only reaches them; one set back must not freeze them.
    pub(super) fn shift(&mut self, jump: SignedDuration) {
        let moved: Vec<SourceId> = self
            .places
            .iter()
            .filter(|(_, place)| place.is_of_this_run || jump.is_negative())
            .map(|(id, _)| id.clone())
            .collect();
        for id in moved {
            let Some(mut place) = self.lift(&id) else { continue };
            if place.at < schedule::NEVER {
                place.at = place.at.saturating_add(jump).unwrap_or(place.at);
            }
            place.is_of_this_run = true;
            self.put(place);
        }
    }

    /// Returns when anything is due next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Returns the sources that share the next request of `id` and are not in hand.
    fn members(&self, id: &SourceId) -> Vec<SourceId> {
        let group = self.places.get(id).and_then(|place| self.groups.get(&place.key));
        let is_free = |id: &&SourceId| self.places.get(*id).is_some_and(|it| !it.is_in_hand);
        group.map(|group| group.iter().filter(is_free).cloned().collect()).unwrap_or_default()
    }

    fn due(&self, members: &[SourceId]) -> Timestamp {
        let known = members.iter().filter_map(|id| self.places.get(id));
        let times = known.map(|place| (place.last_attempt, Some(place.at)));
        poll::due(times).unwrap_or(Timestamp::MIN)
    }

    /// Takes over what the store says of a source if somebody else has planned it since.
    fn heed(&mut self, store: &dyn Store, id: &SourceId) -> Result<(), StoreError> {
        let state = store.state(id)?.unwrap_or_default();
        let is_news = self.places.get(id).is_some_and(|place| {
            state.next_poll != place.stored && !place.is_in_hand && state.next_poll.is_some()
        });
        if !is_news {
            return Ok(());
        }
        let Some(mut place) = self.lift(id) else { return Ok(()) };
        place.at = state.next_poll.unwrap_or(place.at);
        place.last_attempt = state.last_attempt;
        place.stored = state.next_poll;
        place.is_of_this_run = true;
        self.put(place);
        Ok(())
    }

    fn wait(&mut self, id: &SourceId, until: Timestamp) {
        let Some(mut place) = self.lift(id) else { return };
        place.at = until;
        self.put(place);
    }

    fn take_in_hand(&mut self, id: &SourceId) -> Option<Arc<Source>> {
        let mut place = self.lift(id)?;
        place.is_in_hand = true;
        let source = Arc::clone(&place.source);
        self.put(place);
        Some(source)
    }

    fn lift(&mut self, id: &SourceId) -> Option<Place> {
        let place = self.places.remove(id)?;
        self.queue.remove(&(place.at, id.clone()));
        if let Some(group) = self.groups.get_mut(&place.key) {
            group.remove(id);
            if group.is_empty() {
                self.groups.remove(&place.key);
            }
        }
        Some(place)
    }

    fn remove(&mut self, id: &SourceId) {
        drop(self.lift(id));
    }

    fn put(&mut self, place: Place) {
        let id = place.source.id.clone();
        self.groups.entry(place.key.clone()).or_default().insert(id.clone());
        if !place.is_in_hand {
            self.queue.insert((place.at, id.clone()));
        }
        self.places.insert(id, place);
    }
}

/// Returns when a source whose own interval became shorter is due by that. One that fails keeps its time, and so does one
/// that the publisher has asked to wait.
fn sooner(old: &Source, new: &Source, state: &SourceState, now: Timestamp) -> Option<Timestamp> {
    let interval = new.interval.filter(|new| old.interval.is_none_or(|old| *new < old))?;
    if state.failures > 0 || !schedule::is_own_reason(&state.next_reason) {
        return None;
    }
    let at = state.last_attempt?.checked_add(SignedDuration::try_from(interval).ok()?).ok()?;
    Some(at.max(now))
}

/// Returns when a source is first due in this run, and whether that was planned under its clock.
fn first(
    now: Timestamp,
    source: &Source,
    state: &SourceState,
    index: usize,
    total: usize,
) -> (Timestamp, bool) {
    let spread = || schedule::first_poll(now, source, index, total, seed(&source.id)).at;
    let is_known = state.url == source.url.as_str();
    let Some(stored) = state.next_poll.filter(|_| is_known) else { return (spread(), true) };
    match state.last_attempt.filter(|last| *last > now && stored < schedule::NEVER) {
        // The clock is behind that of the last run: the wait that was planned then begins anew.
        Some(last) => {
            let wait = Duration::try_from(stored.duration_since(last)).unwrap_or_default();
            (now.saturating_add(wait).unwrap_or(now), true)
        }
        None if stored <= now => (spread(), true),
        None => (stored, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::batch::Batch;
    use crate::store::{Birth, MemoryStore};

    const HOUR: i64 = 3_600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_772_000_000 + seconds).unwrap()
    }

    fn catalog(sources: &[(&str, &str)]) -> Arc<Catalog> {
        let source = |(id, url): &(&str, &str)| Arc::new(Source::plain(id, url.parse().unwrap()));
        Arc::new(Catalog { sources: sources.iter().map(source).collect(), ..Catalog::default() })
    }

    fn store() -> MemoryStore {
        MemoryStore::new(Birth { now: at(0), id_authority: "a.example,2026".to_owned() })
    }

    fn hold(store: &MemoryStore, id: &str, url: &str, last: i64, next: i64) {
        let state = SourceState {
            url: url.to_owned(),
            last_attempt: Some(at(last)),
            next_poll: Some(at(next)),
            ..SourceState::default()
        };
        let states = [(SourceId::new(id), state)].into();
        store.commit(Batch { states, ..Batch::default() }).unwrap();
    }

    fn taken(plan: &mut Plan, store: &MemoryStore, seconds: i64) -> Vec<String> {
        let group = plan.take(store, at(seconds)).unwrap().unwrap_or_default();
        group.iter().map(|source| source.id.to_string()).collect()
    }

    const A: (&str, &str) = ("a", "https://a.example/");
    const B: (&str, &str) = ("b", "https://b.example/");
    const NOBODY: [&str; 0] = [];

    #[test]
    fn p13_a_start_polls_nothing_early() {
        let store = store();
        hold(&store, "a", A.1, -HOUR, HOUR);
        hold(&store, "b", B.1, -9 * HOUR, -HOUR);
        let mut plan = Plan::new(catalog(&[A, B]), &store, at(0)).unwrap();
        assert_eq!(taken(&mut plan, &store, 0), ["b"], "overdue");
        assert_eq!(taken(&mut plan, &store, HOUR - 1), NOBODY);
        assert_eq!(taken(&mut plan, &store, HOUR), ["a"]);
        assert_eq!(taken(&mut plan, &store, 99 * HOUR), NOBODY, "both are in hand");
    }

    #[test]
    fn p41_a_clock_set_while_running_moves_what_was_planned_in_this_run() {
        let store = store();
        hold(&store, "a", A.1, -HOUR, -1);
        hold(&store, "b", B.1, -HOUR, 2 * HOUR);
        for (name, jump_h, a_at_h, b_at_h) in [("forward", 5, 6, 5), ("back", -5, -4, -3)] {
            let mut plan = Plan::new(catalog(&[A, B]), &store, at(0)).unwrap();
            assert_eq!(taken(&mut plan, &store, 0), ["a"]);
            plan.finish(&store, &SourceId::new("a"), at(HOUR)).unwrap();
            plan.shift(SignedDuration::from_hours(jump_h));
            if b_at_h < a_at_h {
                // Stored before this run: reached, not moved.
                assert_eq!(taken(&mut plan, &store, b_at_h * HOUR), ["b"], "{name}");
                assert_eq!(taken(&mut plan, &store, a_at_h * HOUR - 1), NOBODY, "{name}");
                assert_eq!(taken(&mut plan, &store, a_at_h * HOUR), ["a"], "{name}");
            } else {
                assert_eq!(taken(&mut plan, &store, a_at_h * HOUR - 1), NOBODY, "{name}");
                assert_eq!(taken(&mut plan, &store, a_at_h * HOUR), ["a"], "{name}");
                assert_eq!(taken(&mut plan, &store, b_at_h * HOUR), ["b"], "{name}");
            }
        }
    }

    #[test]
    fn p41_a_start_with_a_clock_that_is_behind_neither_hurries_nor_freezes() {
        let store = store();
        hold(&store, "a", A.1, 1_000 * HOUR, 1_002 * HOUR);
        let mut plan = Plan::new(catalog(&[A]), &store, at(0)).unwrap();
        assert_eq!(taken(&mut plan, &store, 2 * HOUR - 1), NOBODY);
        assert_eq!(taken(&mut plan, &store, 2 * HOUR), ["a"]);
    }

    #[test]
    fn p38_sources_with_one_url_are_taken_together_when_the_last_answer_allows() {
        let store = store();
        hold(&store, "a", A.1, -HOUR, HOUR);
        let twin = ("twin", A.1);
        let mut plan = Plan::new(catalog(&[A, twin]), &store, at(0)).unwrap();
        assert_eq!(taken(&mut plan, &store, HOUR - 1), NOBODY, "the new one waits (P15)");
        assert_eq!(taken(&mut plan, &store, HOUR), ["a", "twin"]);
    }

    #[test]
    fn what_others_have_planned_since_counts() {
        let store = store();
        let mut plan = Plan::new(catalog(&[A]), &store, at(0)).unwrap();
        hold(&store, "a", A.1, 0, 2 * HOUR);
        assert_eq!(taken(&mut plan, &store, HOUR), NOBODY, "an operator has polled it");
        assert_eq!(taken(&mut plan, &store, 2 * HOUR), ["a"]);
    }

    #[test]
    fn a_new_configuration_keeps_times_and_drops_what_is_gone() {
        let store = store();
        hold(&store, "a", A.1, -HOUR, HOUR);
        let mut plan = Plan::new(catalog(&[A, B]), &store, at(0)).unwrap();
        let moved = ("a", "https://moved.example/");
        plan.follow(catalog(&[A, ("c", "https://c.example/")]), &store, at(0)).unwrap();
        assert_eq!(taken(&mut plan, &store, 1), ["c"]);
        assert_eq!(taken(&mut plan, &store, 1), NOBODY);
        plan.follow(catalog(&[moved]), &store, at(2)).unwrap();
        assert_eq!(taken(&mut plan, &store, 2), ["a"], "another URL is another feed");
        plan.finish(&store, &SourceId::new("c"), at(3)).unwrap();
        assert_eq!(plan.next(), None, "one that is gone is not planned again");
    }
}
