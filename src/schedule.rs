//! Decides when a source is polled next, and says why in words.
//!
//! A poll is never sooner than any lower bound: the operator's interval, what the publisher's headers ask (P15–P26),
//! what the feed asks (`ttl`, `sy:updatePeriod`: P28–P33), the back-off after failures (P39, P61–P63). The largest bound
//! wins and gives the reason (P34); jitter is only ever added (P35); the time is then moved past `skipHours` and
//! `skipDays` (P29). Nothing here waits or keeps order: `fetch` spaces the requests to one host, `poll` keeps the queue.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::outcome::{FailureKind, Freshness, NextPoll, PollResult, RETRY_AFTER_MAX};
use crate::model::policy::PollPolicy;
use crate::model::source::{PublisherWish, Source, SourceState};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The time of a poll that will not come: the publisher has said 410 twice. The operator may still ask for one.
pub const NEVER: Timestamp = Timestamp::constant(253_370_764_800, 0);

/// The longest wait that `max-age`, `Expires`, `ttl` or `sy:updatePeriod` may impose (P22).
pub const FRESHNESS_MAX: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Back-off after failures grows to this (P39).
const BACK_OFF_MAX: Duration = DAY;

/// A source that has failed for so long is polled weekly (P39).
const BROKEN_AFTER: Duration = Duration::from_secs(14 * 24 * 3_600);

/// After a 401 or 403 (P63).
const FORBIDDEN_MIN: Duration = Duration::from_secs(4 * 3_600);

/// After a 429 or 503 without `Retry-After` (P26).
const BUSY_MIN: Duration = HOUR;

/// A feed that offers no validators is polled no more often (P27).
const UNCONDITIONAL_MIN: Duration = DAY;

/// A second 410 counts when it comes so long after the first (P61: "a day later", less the reach of a clock's error).
const GONE_CONFIRMED_AFTER: Duration = Duration::from_secs(20 * 3_600);

/// Jitter is a tenth of the wait, but never more than this.
const JITTER_MAX: Duration = Duration::from_secs(30 * 60);

/// So many first polls are due at once; the others follow one by one (P36).
const FIRST_AT_ONCE: usize = 16;

/// Between first polls: 1,000 sources take a minute.
const FIRST_GAP: Duration = Duration::from_millis(60);

/// However many sources there are, their first polls are spread over no more than this.
const FIRST_SPREAD_MAX: Duration = Duration::from_secs(600);

/// How reasons begin that are our own.
const OWN_REASONS: [&str; 3] = ["interval", "adaptive", "no validators"];

/// The rate of new entries is counted over this.
const RATE_OVER: Duration = Duration::from_secs(14 * 24 * 3_600);

/// So long without a new entry is no silence yet.
const SILENT_MIN: Duration = WEEK;

/// What watching a source has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observed {
    /// Entries a day over the last weeks; `None` until the source has been watched long enough to tell.
    pub entries_per_day: Option<f64>,
    /// The last document came with an `ETag` or `Last-Modified`.
    pub has_validators: bool,
    /// The last document shared no entry with the one before: some may have been missed.
    pub rolled_over: bool,
}

/// Returns when to poll a source again after a poll that ended in `result` at `now`.
///
/// `state` is the memory as it was *before* that poll (its failures do not count the present one), except that `wish` is
/// that of the document just read. `freshness` is that of the answer, if there was one. The same `seed` gives the same
/// jitter; callers take one from the source's id, so that sources spread.
#[expect(clippy::too_many_arguments, reason = "each is one input of a pure decision")]
pub fn next_poll(
    now: Timestamp,
    policy: &PollPolicy,
    source: &Source,
    state: &SourceState,
    result: &PollResult,
    freshness: &Freshness,
    observed: &Observed,
    seed: u64,
) -> NextPoll {
    let plan = match result {
        PollResult::Success => regular(policy, source, freshness, observed),
        PollResult::Failed(kind) => back_off(now, base(policy, source), state, *kind, freshness),
        PollResult::Gone if is_gone_for_good(now, state) => {
            return NextPoll { at: NEVER, reason: "gone: 410 again after a day".to_owned() };
        }
        PollResult::Postponed(next) => return next.clone(),
        PollResult::Gone => Plan::new(DAY, "410: asking once more after a day"),
    };
    let plan = asked_by_headers(now, asked_by_feed(plan, &state.wish), freshness);
    let share = permille(seed);
    let at = later(now, plan.wait.saturating_add(jitter(plan.wait, share)));
    match past_skipped(at, &state.wish, share) {
        Some(at) => {
            NextPoll { at, reason: format!("{}, moved past skipHours or skipDays", plan.reason) }
        }
        None => NextPoll { at, reason: plan.reason },
    }
}

/// Returns when to poll a source that is due at a start, be it new or overdue: `index` of `total`, from 0.
///
/// The first few are due at once, the rest one after another, so that a start is no burst (P13, P36).
pub fn first_poll(
    now: Timestamp,
    source: &Source,
    index: usize,
    total: usize,
    seed: u64,
) -> NextPoll {
    let place = u32::try_from(index.saturating_sub(FIRST_AT_ONCE - 1)).unwrap_or(u32::MAX);
    let gap = start_gap(total);
    let wait = match place {
        0 => Duration::ZERO,
        _ => gap.saturating_mul(place - 1).saturating_add(gap * permille(seed) / 1_000),
    };
    let reason = match wait.is_zero() {
        true => format!("first poll of {}", source.id),
        false => format!("first poll of {}, spread after the start", source.id),
    };
    NextPoll { at: later(now, wait), reason }
}

/// Returns the rate of new entries from the `dates` of the newest, which come newest first; `None` without any.
///
/// It is counted over two weeks, or over what is known of: since the oldest of the dates, if all of them lie within.
/// A day is the least, for a document of undated entries says nothing yet.
pub fn entries_per_day(now: Timestamp, dates: &[Timestamp]) -> Option<f64> {
    let oldest = until(*dates.last()?, Some(now));
    let within = dates.iter().filter(|date| until(**date, Some(now)) <= RATE_OVER).count();
    let span = oldest.clamp(DAY, RATE_OVER);
    let count = u32::try_from(within).unwrap_or(u32::MAX);
    Some(f64::from(count) * DAY.as_secs_f64() / span.as_secs_f64())
}

/// Tells whether the reason for a poll's time is our own choice, not something that a publisher asked for.
pub fn is_own_reason(reason: &str) -> bool {
    OWN_REASONS.iter().any(|own| reason.starts_with(own))
}

/// Tells whether a source has failed for so long that it is polled weekly (P39).
pub fn is_broken(now: Timestamp, state: &SourceState) -> bool {
    since(state.failing_since, now) >= BROKEN_AFTER
}

/// Tells whether a source that answers has been without a new entry for unusually long: longer than a week, than five
/// times its usual gap, and than any gap among its newest entries, whose `dates` come newest first.
pub fn is_silent(now: Timestamp, dates: &[Timestamp]) -> bool {
    let (Some(newest), Some(oldest)) = (dates.first(), dates.last()) else { return false };
    let gaps = u32::try_from(dates.len() - 1).unwrap_or(u32::MAX);
    if gaps == 0 {
        return false;
    }
    let usual = until(*oldest, Some(*newest)) / gaps;
    let longest = dates.windows(2).filter_map(|pair| match pair {
        [later, earlier] => Some(until(*earlier, Some(*later))),
        _ => None,
    });
    let silence = until(*newest, Some(now));
    silence > SILENT_MIN.max(usual.saturating_mul(5)).max(longest.max().unwrap_or_default())
}

/// Returns the pause between two starts of polls, so that many that are due are no burst (P36): the ceiling that a start,
/// a clock that was set and a network that came back have in common.
pub fn start_gap(sources: usize) -> Duration {
    FIRST_GAP.min(FIRST_SPREAD_MAX / u32::try_from(sources.max(1)).unwrap_or(u32::MAX))
}

/// A wait with the reason for its length.
struct Plan {
    wait: Duration,
    reason: String,
}

impl Plan {
    fn new(wait: Duration, reason: &str) -> Self {
        Self { wait, reason: reason.to_owned() }
    }

    /// Raises the wait to a lower bound; the reason follows the larger one.
    fn at_least(self, wait: Duration, reason: &str) -> Self {
        if wait > self.wait { Self::new(wait, reason) } else { self }
    }
}

/// The interval that failures and new sources start from. Only a source's own may go below the minimum.
fn base(policy: &PollPolicy, source: &Source) -> Duration {
    source.interval.unwrap_or_else(|| policy.interval.max(policy.interval_min))
}

/// The wait after a success, before what the publisher asks.
fn regular(
    policy: &PollPolicy,
    source: &Source,
    freshness: &Freshness,
    observed: &Observed,
) -> Plan {
    if let Some(interval) = source.interval {
        return Plan::new(interval, "interval of the source");
    }
    let plan = adaptive(policy, source, observed);
    if observed.has_validators || freshness.fresh_until.is_some() {
        return plan;
    }
    plan.at_least(UNCONDITIONAL_MIN, "no validators: daily")
}

/// Half the usual time between two entries, within the bounds of `[poll]`.
fn adaptive(policy: &PollPolicy, source: &Source, observed: &Observed) -> Plan {
    if observed.rolled_over {
        return Plan::new(policy.interval_min, "adaptive: entries may have been missed");
    }
    let Some(rate) = observed.entries_per_day.filter(|rate| rate.is_finite()) else {
        return Plan::new(base(policy, source), "interval");
    };
    let wait = Duration::try_from_secs_f64(DAY.as_secs_f64() / (2.0 * rate.max(0.0)));
    let wait = wait.unwrap_or(policy.interval_max);
    let places = if rate < 10.0 && rate.fract() != 0.0 { 1 } else { 0 };
    Plan {
        wait: wait.min(policy.interval_max).max(policy.interval_min),
        reason: format!("adaptive: {rate:.places$} entries a day"),
    }
}

/// The wait after a failure: the interval, doubled for each failure before, to a day; weekly once the source is broken.
fn back_off(
    now: Timestamp,
    base: Duration,
    state: &SourceState,
    kind: FailureKind,
    freshness: &Freshness,
) -> Plan {
    let floor = match kind {
        FailureKind::Busy if freshness.retry_at.is_none() => base.max(BUSY_MIN),
        FailureKind::Forbidden => base.max(FORBIDDEN_MIN),
        FailureKind::Busy
        | FailureKind::Network
        | FailureKind::Refused
        | FailureKind::NotFound
        | FailureKind::Status
        | FailureKind::Body
        | FailureKind::NotAFeed => base,
    };
    let doubled = floor.saturating_mul(2_u32.saturating_pow(state.failures));
    let count = ordinal(u64::from(state.failures) + 1);
    let plan = Plan {
        wait: doubled.min(BACK_OFF_MAX.max(floor)),
        reason: format!("{count} failure in a row: {}", name(kind)),
    };
    if since(state.failing_since, now) < BROKEN_AFTER {
        return plan;
    }
    plan.at_least(WEEK, &format!("failing for more than 14 days: {}", name(kind)))
}

fn name(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Network => "network",
        FailureKind::Refused => "address refused",
        FailureKind::Forbidden => "forbidden",
        FailureKind::NotFound => "not found",
        FailureKind::Busy => "publisher busy",
        FailureKind::Status => "status",
        FailureKind::Body => "body",
        FailureKind::NotAFeed => "not a feed",
    }
}

fn ordinal(number: u64) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// A 410 counts for good when it is not the first and the row of failures is about a day old.
fn is_gone_for_good(now: Timestamp, state: &SourceState) -> bool {
    state.is_gone && since(state.failing_since, now) >= GONE_CONFIRMED_AFTER
}

/// Raises the wait to what the document asks for. A complete feed is slowed down, never dropped (P33).
fn asked_by_feed(plan: Plan, wish: &PublisherWish) -> Plan {
    let capped = |wait: Option<Duration>| wait.unwrap_or_default().min(FRESHNESS_MAX);
    let complete = if wish.is_complete { WEEK } else { Duration::ZERO };
    plan.at_least(capped(wish.ttl), "ttl of the feed")
        .at_least(capped(wish.update_period), "sy:updatePeriod of the feed")
        .at_least(complete, "the feed says it is complete: weekly")
}

/// Raises the wait to what the headers ask for, within reason (P22).
fn asked_by_headers(now: Timestamp, plan: Plan, freshness: &Freshness) -> Plan {
    let fresh = until(now, freshness.fresh_until).min(FRESHNESS_MAX);
    let retry = until(now, freshness.retry_at).min(RETRY_AFTER_MAX);
    plan.at_least(fresh, "max-age of the publisher").at_least(retry, "Retry-After of the publisher")
}

/// The time from an instant to `now`; zero when it is unknown or still ahead.
fn since(start: Option<Timestamp>, now: Timestamp) -> Duration {
    until(start.unwrap_or(now), Some(now))
}

fn until(now: Timestamp, at: Option<Timestamp>) -> Duration {
    at.map_or(Duration::ZERO, |at| Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(NEVER).min(NEVER)
}

fn jitter(wait: Duration, permille: u32) -> Duration {
    (wait / 10).min(JITTER_MAX) * permille / 1_000
}

/// Spreads a seed evenly over 0..=1000 (the finalizer of SplitMix64: neighbouring seeds land far apart).
fn permille(seed: u64) -> u32 {
    let seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    u32::try_from((seed ^ (seed >> 31)) % 1_001).unwrap_or(0)
}

/// Returns the next allowed time when `at` falls into a skipped hour or day: early in the first allowed hour after it.
fn past_skipped(at: Timestamp, wish: &PublisherWish, permille: u32) -> Option<Timestamp> {
    const HOURS_MAX: u32 = 8 * 24;
    const HOUR_S: i64 = 3_600;
    let skips = Skips::of(wish);
    if !skips.contains(at) {
        return None;
    }
    let hour = at.as_second() - at.as_second().rem_euclid(HOUR_S);
    (1..=i64::from(HOURS_MAX))
        .filter_map(|ahead| Timestamp::from_second(hour + ahead * HOUR_S).ok())
        .find(|start| !skips.contains(*start))
        .map(|start| later(start, jitter(HOUR, permille)))
}

/// The skipped hours (bit 0: midnight GMT) and days (bit 0: Monday) of a feed. All of them is a mistake: none (P30).
struct Skips {
    hours: u32,
    days: u32,
}

impl Skips {
    fn of(wish: &PublisherWish) -> Self {
        const ALL_HOURS: u32 = (1 << 24) - 1;
        const ALL_DAYS: u32 = (1 << 7) - 1;
        let hour = |bits: u32, hour: &u8| match hour {
            0..=23 => bits | 1 << hour,
            24 => bits | 1, // P29: RSS 0.91 wrote 1 to 24.
            25.. => bits,
        };
        let day = |bits: u32, day: &u8| match day {
            1..=7 => bits | 1 << (day - 1),
            0 | 8.. => bits,
        };
        let (hours, days) =
            (wish.skip_hours.iter().fold(0, hour), wish.skip_days.iter().fold(0, day));
        Self {
            hours: if hours == ALL_HOURS { 0 } else { hours },
            days: if days == ALL_DAYS { 0 } else { days },
        }
    }

    fn contains(&self, at: Timestamp) -> bool {
        let civil = at.to_zoned(TimeZone::UTC);
        let day = civil.weekday().to_monday_zero_offset();
        self.hours & (1 << civil.hour()) != 0 || self.days & (1 << day) != 0
    }
}

#[cfg(test)]
mod tests;
