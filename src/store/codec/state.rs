//! The state of a source as bytes, in two records: what every poll changes (`State`), and what only
//! a changed document changes (`Document`), so that a 304 writes some hundred bytes and not the
//! list of all it knows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pack::With;
use super::parts::{
    CategoryWire, Instant, PersonWire, fixed, instant, models, owned, timestamp, wires,
};
use super::{Key, Packer, StoreError, corrupt, decode, decode_first, encode, seal, unseal};
use crate::model::entry::EntryNo;
use crate::model::source::{
    DayMonth, Departed, FeedMeta, ItemHash, Listed, Outage, PollCost, PublisherWish, SourceId,
    SourceState, Validators,
};

#[derive(Serialize, Deserialize)]
struct StateWire<'a> {
    url: &'a str,
    #[serde(borrow)]
    validators: Option<ValidatorsWire<'a>>,
    last_attempt: Option<Instant>,
    last_success: Option<Instant>,
    failures: u32,
    failing_since: Option<Instant>,
    next_poll: Option<Instant>,
    next_reason: &'a str,
    http_status: Option<u16>,
    last_error: Option<&'a str>,
    is_gone: bool,
    redirect_pending: Option<&'a str>,
    redirect_since: Option<Instant>,
    adopted_url: Option<&'a str>,
    paused_until: Option<Instant>,
    cost: (u64, u64, u64),
    fetch_no: u32,
    changed: Option<Instant>,
    #[serde(borrow)]
    outages: Vec<(Instant, Option<Instant>, &'a str)>,
}

#[derive(Serialize, Deserialize)]
struct ValidatorsWire<'a> {
    etag: Option<&'a str>,
    last_modified: Option<&'a str>,
    url: &'a str,
}

#[derive(Serialize, Deserialize)]
struct DocumentWire<'a> {
    #[serde(borrow)]
    meta: MetaWire<'a>,
    ttl: Option<Duration>,
    update_period: Option<Duration>,
    skip_hours: Vec<u8>,
    skip_days: Vec<u8>,
    is_complete: bool,
    listed: Vec<ListedWire>,
    departed: Vec<(u64, u32)>,
    #[serde(borrow)]
    flaws: Vec<(&'a str, u32)>,
    is_day_first: Option<bool>,
}

#[derive(Serialize, Deserialize)]
struct MetaWire<'a> {
    id: Option<&'a str>,
    title: Option<&'a str>,
    subtitle: Option<&'a str>,
    site: Option<&'a str>,
    self_url: Option<&'a str>,
    #[serde(borrow)]
    hubs: Vec<&'a str>,
    language: Option<&'a str>,
    #[serde(borrow)]
    authors: Vec<PersonWire<'a>>,
    rights: Option<&'a str>,
    icon: Option<&'a str>,
    logo: Option<&'a str>,
    updated: Option<Instant>,
    #[serde(borrow)]
    contributors: Vec<PersonWire<'a>>,
    #[serde(borrow)]
    categories: Vec<CategoryWire<'a>>,
}

#[derive(Serialize, Deserialize)]
struct ListedWire {
    #[serde(with = "fixed")]
    item: u64,
    entry: Option<u64>,
}

/// Returns the record of what every poll changes.
pub(crate) fn encode_state(id: &SourceId, state: &SourceState) -> Result<Vec<u8>, StoreError> {
    let key = Key::State(id);
    let wire = StateWire::from(state);
    Ok(seal(key, &encode(key, &wire)?))
}

/// Returns the record of what the document said.
pub(crate) fn encode_document(
    id: &SourceId,
    state: &SourceState,
    packer: &Packer,
) -> Result<Vec<u8>, StoreError> {
    let raw = raw_document(id, state)?;
    let mut payload = Vec::with_capacity(raw.len() + 1);
    packer.pack(&raw, With::Nothing, &mut payload);
    Ok(seal(Key::Document(id), &payload))
}

/// Returns the payload of what the document said, unpacked; refuses one that is too large.
pub(crate) fn raw_document(id: &SourceId, state: &SourceState) -> Result<Vec<u8>, StoreError> {
    let key = Key::Document(id);
    let mut raw = encode(key, &DocumentWire::from(state))?;
    if let Some(zone_s) = state.zone_s {
        raw.extend(encode(key, &zone_s)?);
    }
    Ok(raw)
}

/// Tells whether the document's record has to be written again.
pub(crate) fn is_same_document(one: &SourceState, other: &SourceState) -> bool {
    one.meta == other.meta
        && one.wish == other.wish
        && one.listed == other.listed
        && one.departed == other.departed
        && one.flaws == other.flaws
        && one.date_order == other.date_order
        && one.zone_s == other.zone_s
}

/// Reads the record of what every poll changes; the rest of the state is empty.
pub(crate) fn decode_state(id: &SourceId, record: &[u8]) -> Result<SourceState, StoreError> {
    let key = Key::State(id);
    let wire: StateWire<'_> = decode(key, unseal(key, record)?)?;
    Ok(wire.into_state())
}

fn cost((answers, not_modified, wire_bytes): (u64, u64, u64)) -> PollCost {
    PollCost { answers, not_modified, wire_bytes }
}

/// Fills in what the document said from its record.
pub(crate) fn decode_document(
    id: &SourceId,
    record: &[u8],
    packer: &Packer,
    state: &mut SourceState,
) -> Result<(), StoreError> {
    let key = Key::Document(id);
    let raw = packer.unpack(unseal(key, record)?).map_err(|what| corrupt(key, what))?;
    let (wire, rest): (DocumentWire<'_>, _) = decode_first(key, &raw)?;
    wire.fill(state);
    // Only where one was learnt does a zone follow.
    state.zone_s = if rest.is_empty() { None } else { Some(decode(key, rest)?) };
    Ok(())
}

impl<'a> From<&'a SourceState> for StateWire<'a> {
    fn from(state: &'a SourceState) -> Self {
        Self {
            url: &state.url,
            validators: state.validators.as_ref().map(ValidatorsWire::from),
            last_attempt: instant(state.last_attempt),
            last_success: instant(state.last_success),
            failures: state.failures,
            failing_since: instant(state.failing_since),
            next_poll: instant(state.next_poll),
            next_reason: &state.next_reason,
            http_status: state.http_status,
            last_error: state.last_error.as_deref(),
            is_gone: state.is_gone,
            redirect_pending: state.redirect_pending.as_deref(),
            redirect_since: instant(state.redirect_since),
            adopted_url: state.adopted_url.as_deref(),
            paused_until: instant(state.paused_until),
            cost: (state.cost.answers, state.cost.not_modified, state.cost.wire_bytes),
            fetch_no: state.fetch_no,
            changed: instant(state.changed),
            outages: state
                .outages
                .iter()
                .map(|outage| (Instant(outage.from), instant(outage.until), outage.error.as_str()))
                .collect(),
        }
    }
}

impl StateWire<'_> {
    fn into_state(self) -> SourceState {
        SourceState {
            url: self.url.to_owned(),
            validators: self.validators.map(Validators::from),
            last_attempt: timestamp(self.last_attempt),
            last_success: timestamp(self.last_success),
            failures: self.failures,
            failing_since: timestamp(self.failing_since),
            next_poll: timestamp(self.next_poll),
            next_reason: self.next_reason.to_owned(),
            http_status: self.http_status,
            last_error: owned(self.last_error),
            is_gone: self.is_gone,
            redirect_pending: owned(self.redirect_pending),
            redirect_since: timestamp(self.redirect_since),
            adopted_url: owned(self.adopted_url),
            paused_until: timestamp(self.paused_until),
            cost: cost(self.cost),
            fetch_no: self.fetch_no,
            changed: timestamp(self.changed),
            outages: self
                .outages
                .into_iter()
                .map(|(from, until, error)| Outage {
                    from: from.0,
                    until: timestamp(until),
                    error: error.to_owned(),
                })
                .collect(),
            ..SourceState::default()
        }
    }
}

impl<'a> From<&'a SourceState> for DocumentWire<'a> {
    fn from(state: &'a SourceState) -> Self {
        let PublisherWish { ttl, update_period, skip_hours, skip_days, is_complete } = &state.wish;
        Self {
            meta: MetaWire::from(&state.meta),
            ttl: *ttl,
            update_period: *update_period,
            skip_hours: skip_hours.clone(),
            skip_days: skip_days.clone(),
            is_complete: *is_complete,
            listed: state.listed.iter().map(ListedWire::from).collect(),
            departed: state.departed.iter().map(|gone| (gone.entry.0, gone.last_listed)).collect(),
            flaws: state.flaws.iter().map(|(name, count)| (name.as_str(), *count)).collect(),
            is_day_first: state.date_order.map(|order| order == DayMonth::DayFirst),
        }
    }
}

impl DocumentWire<'_> {
    fn fill(self, state: &mut SourceState) {
        state.meta = FeedMeta::from(self.meta);
        state.wish = PublisherWish {
            ttl: self.ttl,
            update_period: self.update_period,
            skip_hours: self.skip_hours,
            skip_days: self.skip_days,
            is_complete: self.is_complete,
        };
        state.listed = models(self.listed);
        state.departed = self
            .departed
            .into_iter()
            .map(|(entry, last_listed)| Departed { entry: EntryNo(entry), last_listed })
            .collect();
        state.flaws =
            self.flaws.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        let order = |is_day| if is_day { DayMonth::DayFirst } else { DayMonth::MonthFirst };
        state.date_order = self.is_day_first.map(order);
    }
}

/// The state of a source as a value of JSON.
#[derive(Serialize, Deserialize)]
struct StateLine<'a> {
    id: &'a str,
    #[serde(borrow)]
    poll: StateWire<'a>,
    #[serde(borrow)]
    document: DocumentWire<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone_s: Option<i32>,
}

/// Returns what a backup says of a source.
pub(crate) fn state_to_json(id: &SourceId, state: &SourceState) -> serde_json::Result<String> {
    serde_json::to_string(&StateLine {
        id: id.as_str(),
        poll: state.into(),
        document: state.into(),
        zone_s: state.zone_s,
    })
}

/// Reads what a backup says of a source.
pub(crate) fn state_from_json(
    value: &serde_json::Value,
) -> serde_json::Result<(SourceId, SourceState)> {
    let line = StateLine::deserialize(value)?;
    let mut state = line.poll.into_state();
    line.document.fill(&mut state);
    state.zone_s = line.zone_s;
    Ok((SourceId::new(line.id), state))
}

impl<'a> From<&'a Validators> for ValidatorsWire<'a> {
    fn from(Validators { etag, last_modified, url }: &'a Validators) -> Self {
        Self { etag: etag.as_deref(), last_modified: last_modified.as_deref(), url }
    }
}

impl From<ValidatorsWire<'_>> for Validators {
    fn from(ValidatorsWire { etag, last_modified, url }: ValidatorsWire<'_>) -> Self {
        Self { etag: owned(etag), last_modified: owned(last_modified), url: url.to_owned() }
    }
}

impl<'a> From<&'a FeedMeta> for MetaWire<'a> {
    fn from(meta: &'a FeedMeta) -> Self {
        Self {
            id: meta.id.as_deref(),
            title: meta.title.as_deref(),
            subtitle: meta.subtitle.as_deref(),
            site: meta.site.as_deref(),
            self_url: meta.self_url.as_deref(),
            hubs: meta.hubs.iter().map(String::as_str).collect(),
            language: meta.language.as_deref(),
            authors: wires(&meta.authors),
            rights: meta.rights.as_deref(),
            icon: meta.icon.as_deref(),
            logo: meta.logo.as_deref(),
            updated: instant(meta.updated),
            contributors: wires(&meta.contributors),
            categories: wires(&meta.categories),
        }
    }
}

impl From<MetaWire<'_>> for FeedMeta {
    fn from(wire: MetaWire<'_>) -> Self {
        Self {
            id: owned(wire.id),
            title: owned(wire.title),
            subtitle: owned(wire.subtitle),
            site: owned(wire.site),
            self_url: owned(wire.self_url),
            hubs: wire.hubs.into_iter().map(str::to_owned).collect(),
            language: owned(wire.language),
            authors: models(wire.authors),
            rights: owned(wire.rights),
            icon: owned(wire.icon),
            logo: owned(wire.logo),
            updated: timestamp(wire.updated),
            contributors: models(wire.contributors),
            categories: models(wire.categories),
        }
    }
}

impl From<&Listed> for ListedWire {
    fn from(Listed { item, entry }: &Listed) -> Self {
        Self { item: item.0, entry: entry.map(|EntryNo(no)| no) }
    }
}

impl From<ListedWire> for Listed {
    fn from(ListedWire { item, entry }: ListedWire) -> Self {
        Self { item: ItemHash(item), entry: entry.map(EntryNo) }
    }
}
