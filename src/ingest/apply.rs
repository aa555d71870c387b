//! One document, item by item: has each decided, and writes the decision into the batch.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::later;
use super::report::{Event, Line, PlacedBy, Report};
use super::returning::Reissue;
use super::state::Extent;
use super::story::Why;
use super::work::Work;
use super::{admission, outage, repeat, state, zone};
use crate::dedup::{self, Change, Decision, Features, Identity, Incoming, Prepared, Ruling};
use crate::model::entry::{Entry, EntryNo, compared_date};
use crate::model::feed::{Feed, FeedItem};
use crate::model::outcome::{Detail, NextPoll, PollResult};
use crate::model::scrub::scrub_url;
use crate::model::source::{FeedMeta, ItemHash, Listed, Source, SourceState};
use crate::model::verdict::{Claim, Verdict, WithheldBy};
use crate::poll::{Finding, Read};
use crate::redirect::Move;
use crate::schedule::{self, Observed};
use crate::store::StoreError;

/// The hash of an item that must be read at every poll.
const READ_AGAIN: ItemHash = ItemHash(0);

/// What was made of one item.
pub(super) struct Made {
    pub(super) listed: Listed,
    pub(super) verdict: Verdict,
    pub(super) entry: Option<EntryNo>,
    pub(super) rule: Option<String>,
}

impl Made {
    /// Tells whether the source had not listed it before.
    fn is_arrival(&self) -> bool {
        matches!(self.verdict, Verdict::New | Verdict::Duplicate(_))
    }

    /// The item repeats an entry that another item of the document stands for.
    fn repeat_of(no: EntryNo, hash: ItemHash) -> Self {
        Self {
            listed: Listed { item: hash, entry: Some(no) },
            verdict: Verdict::Unchanged,
            entry: Some(no),
            rule: None,
        }
    }
}

/// An item with all that is known of it.
pub(super) struct Item<'a> {
    pub(super) source: &'a Arc<Source>,
    /// Number of the document.
    pub(super) fetch_no: u32,
    pub(super) hash: ItemHash,
    pub(super) entry: &'a Entry,
    pub(super) prepared: &'a Prepared,
    pub(super) identity: &'a Identity,
    /// The registrable domain of the source's site.
    pub(super) outlet: &'a str,
    /// What it is filed under where its own date does not serve.
    pub(super) filed: Option<Timestamp>,
    /// The held entry it was found to be, under a new id.
    reissue: Option<Reissue>,
}

impl Work<'_> {
    /// Decides about a whole finding.
    pub(super) fn poll(
        &mut self,
        mut finding: Finding,
        detail: Detail,
    ) -> Result<Report, StoreError> {
        let source = Arc::clone(&finding.source);
        let old = self.state(&source.id)?;
        let (was_heard, had_failed) = (old.last_success, old.failures > 0);
        let mut state = state::for_source(old, &source);
        let before = state::planned_by(&state);
        let moved = state::note_result(&mut state, &finding);
        let mut report = Report::of(&finding, detail);
        report.notes.extend(moved.map(|moved| told(&source, &moved)));
        let mut is_rolled_over = false;
        if let Some(read) = finding.document.take() {
            let extent = Extent::of(finding.answer.status);
            is_rolled_over = self.document(&source, &mut state, read, extent, &mut report)?;
            if report.has_changed {
                state.changed = Some(later(state.changed, finding.at));
            }
        }
        let before = SourceState { wish: state.wish.clone(), ..before };
        let newest = crate::poll::newest_dates(self.store, &source.id)?;
        let observed = Observed {
            entries_per_day: schedule::entries_per_day(finding.ended, &newest),
            has_validators: state.validators.is_some(),
            rolled_over: is_rolled_over,
        };
        let next = self.plan(&finding, &before, &observed);
        report.next = state::not_before(&state, &finding.result, next);
        state::note_next(&mut state, &report.next);
        let is_idle = report.counts.new + report.counts.duplicate == 0;
        let is_heard = finding.result == PollResult::Success && is_idle;
        let is_silent = |at| schedule::is_silent(at, &newest);
        if is_heard && is_silent(finding.at) && !was_heard.is_some_and(is_silent) {
            report.notes.push(format!("{} is silent: nothing new for unusually long", source.id));
        }
        // It changes no feed, but the page that tells of it.
        let is_other = had_failed != (state.failures > 0);
        report.has_changed |= outage::note(&mut state, finding.at) || is_other;
        self.batch.states.insert(source.id.clone(), state);
        self.slow_domain(&finding)?;
        self.pardon(&finding)?;
        Ok(report)
    }

    fn plan(&self, finding: &Finding, before: &SourceState, observed: &Observed) -> NextPoll {
        let seed = crate::poll::seed(&finding.source.id);
        schedule::next_poll(
            finding.ended,
            &self.settings.poll,
            &finding.source,
            before,
            &finding.result,
            &finding.answer.freshness,
            observed,
            seed,
        )
    }

    /// Notes what the feed says of itself: every document that names the source may change with it.
    fn note_feed(&mut self, state: &mut SourceState, feed: Feed, report: &mut Report) {
        report.has_new_title |= state.meta.title != feed.meta.title;
        let has_changed = state::note_feed(state, feed);
        report.has_changed |= has_changed;
        self.change.is_everywhere |= has_changed;
    }

    /// Reads, decides and writes down one document; tells whether all that was listed before has left it.
    fn document(
        &mut self,
        source: &Arc<Source>,
        state: &mut SourceState,
        read: Read,
        extent: Extent,
        report: &mut Report,
    ) -> Result<bool, StoreError> {
        let Read { mut feed, prepared } = read;
        let identities = self.identify(source, &feed.items);
        self.note_listed(state, &feed.items, &identities)?;
        self.listed.extend(extent.kept(state));
        let frame = self.frame(state, &feed.items, &prepared, &identities)?;
        let mut arrivals = Vec::new();
        let is_blocked = feed.is_blocked && !source.overrides_block;
        let is_rolled_over = !state.listed.is_empty() && self.listed.is_empty();
        let admitted = admission::at_first(source.on_add, state, &feed.items);
        let fetch_no = state.fetch_no.saturating_add(1);
        let outlet = outlet_of(source, &feed.meta);
        let mut listed = Vec::with_capacity(feed.items.len());
        let mut superseded = Vec::new();
        let mut told = BTreeSet::new();
        let all = feed.items.iter().zip(&prepared).zip(&identities).enumerate();
        for (index, ((item, prepared), identity)) in all.rev() {
            let hash = item.hash.unwrap_or(READ_AGAIN);
            let made = match (&item.entry, prepared, identity) {
                (Some(entry), Some(prepared), Some(identity)) => {
                    let is_kept_back = !admitted.get(index).copied().unwrap_or(true);
                    let held_back = admission::withheld_by(item, is_blocked, is_kept_back);
                    let item = Item {
                        source,
                        fetch_no,
                        hash,
                        entry,
                        prepared,
                        identity,
                        outlet: &outlet,
                        filed: frame.filed(index),
                        reissue: frame.reissue(index),
                    };
                    let made = self.item(&item, held_back, report)?;
                    arrivals.extend(entry.published.filter(|_| made.is_arrival()));
                    self.tell(&made, source, Some(entry), report)?;
                    made
                }
                // Another item of the document is the later version of this one (P86).
                (Some(entry), _, _) => {
                    superseded.push((hash, entry));
                    continue;
                }
                (None, _, _) => {
                    let made = known_by_bytes(state, hash);
                    if made.entry.is_none_or(|entry| !told.contains(&entry)) {
                        self.tell(&made, source, None, report)?;
                    }
                    made
                }
            };
            told.extend(made.entry);
            listed.push(made.listed);
        }
        listed.reverse();
        frame.note(&mut feed.flaws);
        let shift = self.note_shift(source, state, &arrivals, &mut feed.flaws)?;
        feed.zone_s = shift.map_or(feed.zone_s, |hours| zone::moved(&feed, hours));
        listed.extend(repeat::stand_ins(self, &superseded, &told)?);
        state::note_listed(state, extent.listing(state, listed));
        self.note_feed(state, feed, report);
        Ok(is_rolled_over)
    }

    /// Gives every item that was read its keys, and bars the URLs that the document misuses.
    fn identify(&mut self, source: &Source, items: &[FeedItem]) -> Vec<Option<Identity>> {
        let entries: Vec<Option<&Entry>> = items.iter().map(|item| item.entry.as_ref()).collect();
        let document = dedup::identify(&source.id, &entries);
        for key in document.bars {
            self.batch.keys.insert(key, Claim::Barred);
        }
        document.items
    }

    /// Notes which held entries the document lists.
    fn note_listed(
        &mut self,
        state: &SourceState,
        items: &[FeedItem],
        identities: &[Option<Identity>],
    ) -> Result<(), StoreError> {
        for (item, identity) in items.iter().zip(identities) {
            match identity {
                Some(identity) => {
                    if let Some(Claim::Entry(no)) = own_claim_of(self, identity)? {
                        self.listed.insert(no);
                    }
                }
                None => {
                    let known = item.hash.and_then(|hash| listed_entry(state, hash));
                    self.listed.extend(known);
                    self.taken.extend(known);
                }
            }
        }
        Ok(())
    }

    /// Decides about one item that was read.
    fn item(
        &mut self,
        item: &Item<'_>,
        held_back: Option<WithheldBy>,
        report: &mut Report,
    ) -> Result<Made, StoreError> {
        let claim = own_claim_of(self, item.identity)?;
        let by = match claim {
            Some(Claim::Withheld(WithheldBy::OnAdd)) => Some(WithheldBy::OnAdd),
            Some(Claim::Entry(_)) => None,
            Some(Claim::Withheld(WithheldBy::Filter) | Claim::Barred) | None => {
                held_back.filter(|_| item.reissue.is_none())
            }
        };
        if let Some(by) = by {
            return Ok(self.withhold(item, by));
        }
        if let Some(reissue) = item.reissue {
            let decision = self.returned(item, reissue)?;
            return self.apply(item, decision, report);
        }
        if let Some(Claim::Entry(no)) = claim
            && self.taken.contains(&no)
            && self.held(no)?.is_some_and(|held| repeat::repeats(&held.entry, item.entry))
        {
            return Ok(Made::repeat_of(no, item.hash));
        }
        let published = compared_date(item.filed.or(item.entry.published), self.at);
        let features = self.features_of(item, claim)?;
        let incoming = Incoming {
            source: &item.source.id,
            outlet: item.outlet,
            identity: item.identity,
            published,
            features: &features,
            marks: &item.prepared.marks,
            fingerprint: item.prepared.fingerprint,
        };
        let decision = dedup::decide_item(&incoming, self, item.source.dedup, self.settings.window);
        self.check()?;
        if let (Some(by @ WithheldBy::Filter), Ruling::Known { entry, change }) =
            (held_back, &decision.ruling)
            && *change != Change::Unchanged
        {
            self.take_out(*entry, item.source, report)?;
            return Ok(self.withhold(item, by));
        }
        let decision = self.unless_ours(item, decision)?;
        self.apply(item, decision, report)
    }

    /// Returns what an item is compared by; nothing where nothing can be compared with it.
    fn features_of<'i>(
        &self,
        item: &Item<'i>,
        claim: Option<Claim>,
    ) -> Result<Cow<'i, Features>, StoreError> {
        if !item.prepared.is_light {
            return Ok(Cow::Borrowed(&item.prepared.features));
        }
        let mut is_met = claim.is_some();
        for key in &item.identity.urls {
            is_met |= self.find(key)?.is_some();
        }
        if !is_met {
            return Ok(Cow::Owned(Features::default()));
        }
        let context = dedup::Context { names: &self.names, outlet: item.outlet };
        Ok(Cow::Owned(dedup::features(item.entry, context)))
    }

    fn apply(
        &mut self,
        item: &Item<'_>,
        decision: Decision,
        report: &mut Report,
    ) -> Result<Made, StoreError> {
        let Decision { ruling, keys, merges, is_roundup, closest, .. } = decision;
        report.placed_by.extend(PlacedBy::of(&ruling, closest.as_ref()));
        let why = |joined| Why { joined, is_roundup, closest };
        let (entry, verdict, rule) = match ruling {
            Ruling::Known { entry, change } => {
                (entry, self.refresh(item, entry, change, report)?, None)
            }
            Ruling::Returned { entry, change, joined } => {
                let refreshed = self.refresh(item, entry, change, report)?;
                // Its link is new with its id; only another text makes it another version.
                let verdict = match change {
                    Change::Unchanged => Verdict::Unchanged,
                    Change::Updated => refreshed,
                };
                (entry, verdict, Some(joined.rule))
            }
            Ruling::Duplicate { story, joined } => {
                let rule = joined.rule.clone();
                let verdict = Verdict::Duplicate(joined.clone());
                let entry = self.join(item, story, why(joined), report)?;
                (entry, verdict, Some(rule))
            }
            Ruling::New { joined } => {
                let entry = self.open(item, why(joined), report)?;
                (entry, Verdict::New, None)
            }
        };
        for key in keys {
            if self.find(&key)?.is_none_or(|claim| matches!(claim, Claim::Withheld(_))) {
                self.batch.keys.insert(key, Claim::Entry(entry));
            }
        }
        self.listed.insert(entry);
        self.merge(entry, merges, report)?;
        // An item whose guid differs from the held one is read again each time, so that it is shown as written.
        let held_guid = self.held(entry)?.and_then(|held| held.entry.guid.clone());
        let hash = if held_guid == item.entry.guid { item.hash } else { READ_AGAIN };
        let listed = Listed { item: hash, entry: Some(entry) };
        Ok(Made { listed, verdict, entry: Some(entry), rule })
    }

    fn tell(
        &self,
        made: &Made,
        source: &Source,
        read: Option<&Entry>,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        report.counts.add(&made.verdict);
        if report.detail == Detail::Counts {
            return Ok(());
        }
        let held = match made.entry {
            Some(no) => self.held(no)?,
            None => None,
        };
        let story = match &held {
            Some(held) => self.story(held.story)?,
            None => None,
        };
        let written = read.or(held.as_ref().map(|held| &held.entry));
        report.tell(Event::Entry(Line {
            source: source.id.clone(),
            guid: written.and_then(|entry| entry.guid.clone()),
            link: written.and_then(|entry| entry.link.clone()),
            verdict: made.verdict.name(),
            public_id: story.map(|story| story.public_id.clone()),
            rule: made.rule.clone(),
        }));
        Ok(())
    }
}

/// Returns the paper a source belongs to: the registrable domain of its site, else of its feed.
pub(crate) fn outlet_of(source: &Source, meta: &FeedMeta) -> String {
    dedup::outlet(meta.site.as_deref().unwrap_or(source.url.as_str()))
}

/// Returns what the strongest own key that leads somewhere leads to; what was kept back for good is
/// known by its link and title too.
pub(super) fn own_claim_of(
    work: &Work<'_>,
    identity: &Identity,
) -> Result<Option<Claim>, StoreError> {
    for key in identity.own_keys().chain(&identity.page) {
        if let Some(claim) = work.find(key)? {
            return Ok(Some(claim));
        }
    }
    Ok(None)
}

/// Says for the log where a source has moved.
fn told(source: &Source, moved: &Move) -> String {
    let id = &source.id;
    match moved {
        Move::Adopted(url) => {
            let url = scrub_url(url);
            format!("{id} has moved for good: polled at {url}; put that into the configuration")
        }
        Move::Dropped(url) => {
            let url = scrub_url(url);
            format!("{id} is polled at its configured URL again, no longer at {url}")
        }
    }
}

fn known_by_bytes(state: &SourceState, hash: ItemHash) -> Made {
    let entry = listed_entry(state, hash);
    Made { listed: Listed { item: hash, entry }, verdict: Verdict::Unchanged, entry, rule: None }
}

pub(super) fn listed_entry(state: &SourceState, hash: ItemHash) -> Option<EntryNo> {
    state.listed.iter().find(|listed| listed.item == hash).and_then(|listed| listed.entry)
}
