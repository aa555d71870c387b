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
mod tests {
    use super::*;

    /// A Sunday noon.
    const NOW: &str = "2026-03-01T12:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn policy() -> PollPolicy {
        PollPolicy {
            interval: 2 * HOUR,
            interval_min: HOUR,
            interval_max: DAY,
            concurrency: 64,
            per_host: 1,
            host_gap: Duration::from_secs(1),
            domain_gap: Duration::from_secs(1),
            contact: String::new(),
            allow_networks: Vec::new(),
            allow_ports: None,
            ca_file: None,
        }
    }

    fn source() -> Source {
        Source::plain("a", "https://a.example/feed".parse().unwrap())
    }

    /// One poll to plan after; what a case does not name is as for a healthy source that nothing is known of.
    #[derive(Clone)]
    struct Case {
        source: Source,
        state: SourceState,
        result: PollResult,
        fresh_s: u64,
        retry_s: u64,
        observed: Observed,
        seed: u64,
    }

    fn case() -> Case {
        Case {
            source: source(),
            state: SourceState::default(),
            result: PollResult::Success,
            fresh_s: 0,
            retry_s: 0,
            observed: Observed { has_validators: true, ..Observed::default() },
            seed: 0,
        }
    }

    impl Case {
        fn plan(&self) -> NextPoll {
            let at = |seconds: u64| {
                (seconds > 0).then(|| now().saturating_add(Duration::from_secs(seconds)).unwrap())
            };
            let freshness = Freshness { fresh_until: at(self.fresh_s), retry_at: at(self.retry_s) };
            next_poll(
                now(),
                &policy(),
                &self.source,
                &self.state,
                &self.result,
                &freshness,
                &self.observed,
                self.seed,
            )
        }

        /// The wait without its jitter: the largest multiple of a minute that the shortest of many plans allows.
        fn wait_s(&self) -> i64 {
            let waits = (0..400).map(|seed| {
                let at = Self { seed, ..self.clone() }.plan().at;
                at.duration_since(now()).as_secs()
            });
            let shortest = waits.min().unwrap();
            shortest - shortest % 60
        }
    }

    fn failing(failures: u32, for_days: u64) -> SourceState {
        let since = now().checked_sub(DAY * u32::try_from(for_days).unwrap()).unwrap();
        SourceState { failures, failing_since: Some(since), ..SourceState::default() }
    }

    const H: i64 = 3_600;

    #[test]
    fn a_success_waits_for_the_largest_lower_bound() {
        let wish = |wish: PublisherWish| SourceState { wish, ..SourceState::default() };
        let ttl = |hours: u32| PublisherWish { ttl: Some(HOUR * hours), ..Default::default() };
        let sy =
            |days: u32| PublisherWish { update_period: Some(DAY * days), ..Default::default() };
        let rate = |rate: f64| Observed {
            entries_per_day: Some(rate),
            has_validators: true,
            rolled_over: false,
        };
        let own = |interval| Source { interval: Some(interval), ..source() };
        let none = Observed::default();
        #[rustfmt::skip]
        let cases = [
            ("nothing known", case(), 2 * H, "interval"),
            ("12 entries a day", Case { observed: rate(12.0), ..case() }, H, "adaptive: 12 entries a day"),
            ("2 entries a day", Case { observed: rate(2.0), ..case() }, 6 * H, "adaptive: 2 entries a day"),
            ("0.8 entries a day", Case { observed: rate(0.8), ..case() }, 15 * H, "adaptive: 0.8 entries a day"),
            ("never below the minimum", Case { observed: rate(500.0), ..case() }, H, "adaptive: 500 entries a day"),
            ("never above the maximum", Case { observed: rate(0.01), ..case() }, 24 * H, "adaptive: 0.0 entries a day"),
            ("a silent source", Case { observed: rate(0.0), ..case() }, 24 * H, "adaptive: 0 entries a day"),
            ("a rate that is no number", Case { observed: rate(f64::NAN), ..case() }, 2 * H, "interval"),
            ("rolled over", Case { observed: Observed { rolled_over: true, ..rate(0.1) }, ..case() }, H,
                "adaptive: entries may have been missed"),
            ("own interval, below the minimum", Case { source: own(HOUR / 6), observed: rate(0.1), ..case() }, 600,
                "interval of the source"),
            ("P15 max-age", Case { fresh_s: 3 * 3_600, ..case() }, 3 * H, "max-age of the publisher"),
            ("P15 whatever the own interval", Case { source: own(HOUR / 6), fresh_s: 7_200, ..case() }, 2 * H,
                "max-age of the publisher"),
            ("P20 a short max-age", Case { fresh_s: 60, ..case() }, 2 * H, "interval"),
            ("P22 max-age is capped", Case { fresh_s: 1 << 31, ..case() }, 30 * 24 * H, "max-age of the publisher"),
            ("P25 Retry-After on a 3xx", Case { retry_s: 3 * 3_600, ..case() }, 3 * H, "Retry-After of the publisher"),
            ("P22 Retry-After is capped", Case { retry_s: 1 << 31, ..case() }, 7 * 24 * H,
                "Retry-After of the publisher"),
            ("P27 no validators", Case { observed: none, ..case() }, 24 * H, "no validators: daily"),
            ("P27 but a max-age", Case { observed: none, fresh_s: 60, ..case() }, 2 * H, "interval"),
            ("P27 but an own interval", Case { observed: none, source: own(HOUR), ..case() }, H,
                "interval of the source"),
            ("P28 ttl raises", Case { state: wish(ttl(5)), ..case() }, 5 * H, "ttl of the feed"),
            ("P28 ttl never lowers", Case { state: wish(ttl(1)), ..case() }, 2 * H, "interval"),
            ("P31 sy raises", Case { state: wish(sy(7)), ..case() }, 7 * 24 * H, "sy:updatePeriod of the feed"),
            ("P22 sy is capped", Case { state: wish(sy(365)), ..case() }, 30 * 24 * H, "sy:updatePeriod of the feed"),
            ("P33 complete", Case { state: wish(PublisherWish { is_complete: true, ..Default::default() }), ..case() },
                7 * 24 * H, "the feed says it is complete: weekly"),
            ("P40 after failures", Case { state: failing(9, 20), ..case() }, 2 * H, "interval"),
        ];
        for (name, case, wait_s, reason) in cases {
            assert_eq!(case.wait_s(), wait_s, "{name}");
            assert_eq!(case.plan().reason, reason, "{name}");
        }
    }

    #[test]
    fn a_failure_backs_off() {
        use FailureKind::{Body, Busy, Forbidden, Network, NotAFeed, NotFound, Refused, Status};
        let after = |failures, days, kind| Case {
            state: failing(failures, days),
            result: PollResult::Failed(kind),
            ..case()
        };
        let own = |seconds, base: Case| Case {
            source: Source { interval: Some(Duration::from_secs(seconds)), ..source() },
            ..base
        };
        #[rustfmt::skip]
        let cases = [
            ("P39 first", after(0, 0, Network), 2 * H, "1st failure in a row: network"),
            ("P39 second", after(1, 0, Status), 4 * H, "2nd failure in a row: status"),
            ("P39 third", after(2, 0, Network), 8 * H, "3rd failure in a row: network"),
            ("P39 to a day", after(4, 1, Body), 24 * H, "5th failure in a row: body"),
            ("P39 however many", after(u32::MAX, 1, NotAFeed), 24 * H, "4294967296th failure in a row: not a feed"),
            ("P39 13 days", after(20, 13, Network), 24 * H, "21st failure in a row: network"),
            ("P39 broken", after(20, 14, Network), 7 * 24 * H, "failing for more than 14 days: network"),
            ("an address refused", after(10, 0, Refused), 24 * H, "11th failure in a row: address refused"),
            ("P62 404 as any other", after(1, 0, NotFound), 4 * H, "2nd failure in a row: not found"),
            ("P63 403", after(0, 0, Forbidden), 4 * H, "1st failure in a row: forbidden"),
            ("P63 403 again", after(1, 0, Forbidden), 8 * H, "2nd failure in a row: forbidden"),
            ("P26 429 without a word", own(60, after(0, 0, Busy)), H, "1st failure in a row: publisher busy"),
            ("P26 again", own(60, after(1, 0, Busy)), 2 * H, "2nd failure in a row: publisher busy"),
            ("P25 429 with Retry-After", Case { retry_s: 7_800, ..own(60, after(0, 0, Busy)) }, 7_800,
                "Retry-After of the publisher"),
            ("a short Retry-After", Case { retry_s: 3, ..own(120, after(0, 0, Busy)) }, 120,
                "1st failure in a row: publisher busy"),
            ("P21 max-age of a 429", Case { fresh_s: 2 * 86_400, ..after(0, 0, Busy) }, 48 * H,
                "max-age of the publisher"),
            ("own interval over a day", own(3 * 86_400, after(3, 9, Network)), 72 * H,
                "4th failure in a row: network"),
        ];
        for (name, case, wait_s, reason) in cases {
            assert_eq!(case.wait_s(), wait_s, "{name}");
            assert_eq!(case.plan().reason, reason, "{name}");
        }
    }

    #[test]
    fn a_410_is_asked_once_more_after_a_day_and_then_never() {
        let gone = |is_gone, days| Case {
            state: SourceState { is_gone, ..failing(1, days) },
            result: PollResult::Gone,
            ..case()
        };
        let first = Case { result: PollResult::Gone, ..case() };
        assert_eq!(first.wait_s(), 24 * H, "the first");
        assert_eq!(gone(false, 9).wait_s(), 24 * H, "the first, after other failures");
        assert_eq!(gone(true, 0).wait_s(), 24 * H, "the second, but minutes later");
        let last = gone(true, 1).plan();
        assert_eq!(last.at, NEVER);
        assert_eq!(last.reason, "gone: 410 again after a day");
    }

    #[test]
    fn jitter_is_added_and_is_at_most_a_tenth() {
        let waits: Vec<i64> = (0..1_000)
            .map(|seed| Case { seed, ..case() }.plan().at.duration_since(now()).as_secs())
            .collect();
        let (low, high) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
        assert!(*low >= 2 * H, "P35: never subtracted, {low}");
        assert!(*high <= 2 * H + H / 5, "{high}");
        assert!(high - low > H / 6, "neighbouring seeds must spread: {low} to {high}");
    }

    #[test]
    fn the_jitter_of_a_long_wait_is_bounded() {
        for seed in 0..200 {
            let at = Case { seed, retry_s: 1 << 31, ..case() }.plan().at;
            assert!(at.duration_since(now()).as_secs() <= 7 * 24 * H + H / 2);
        }
    }

    /// Name, hours, days, and the hour the poll is moved to.
    type SkipCase<'a> = (&'a str, &'a [u8], &'a [u8], Option<&'a str>);

    #[test]
    fn a_poll_is_moved_past_skipped_hours_and_days() {
        let all_hours: Vec<u8> = (0..24).collect();
        let night: Vec<u8> = (14..24).collect();
        // The regular poll is due at 14:00 to 14:12 on Sunday.
        #[rustfmt::skip]
        let cases: [SkipCase<'_>; 11] = [
            ("nothing skipped", &[], &[], None),
            ("another hour", &[13, 15], &[], None),
            ("another day", &[], &[1], None),
            ("P29 this hour", &[14], &[], Some("2026-03-01T15")),
            ("P29 two hours", &[14, 15], &[], Some("2026-03-01T16")),
            ("P29 until midnight", &night, &[], Some("2026-03-02T00")),
            ("P29 24 is 0", &[14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24], &[], Some("2026-03-02T01")),
            ("P29 this day", &[], &[7], Some("2026-03-02T00")),
            ("P29 two days and an hour", &[0], &[7, 1], Some("2026-03-03T01")),
            ("P30 all hours", &all_hours, &[], None),
            ("P30 all days", &[], &[1, 2, 3, 4, 5, 6, 7], None),
        ];
        for (name, hours, days, hour) in cases {
            for seed in 0..50 {
                let wish = PublisherWish {
                    skip_hours: hours.to_vec(),
                    skip_days: days.to_vec(),
                    ..PublisherWish::default()
                };
                let state = SourceState { wish, ..SourceState::default() };
                let plan = Case { state, seed, ..case() }.plan();
                let expected = hour.unwrap_or("2026-03-01T14");
                assert_eq!(plan.at.to_string().get(..13), Some(expected), "{name}, seed {seed}");
                assert_eq!(plan.reason.contains("skipHours"), hour.is_some(), "{name}");
            }
        }
    }

    #[test]
    fn our_own_reasons_are_told_from_a_publishers() {
        let own = |case: Case| is_own_reason(&case.plan().reason);
        assert!(own(case()) && own(Case { observed: Observed::default(), ..case() }));
        assert!(
            !own(Case { fresh_s: 1 << 20, ..case() }) && !own(Case { retry_s: 1 << 20, ..case() })
        );
        assert!(!own(Case { result: PollResult::Failed(FailureKind::Network), ..case() }));
    }

    #[test]
    fn the_rate_is_counted_over_what_is_known() {
        let hours_ago = |hours: &[u32]| -> Vec<Timestamp> {
            hours.iter().map(|hours| now().checked_sub(HOUR * *hours).unwrap()).collect()
        };
        let hourly: Vec<u32> = (1..=48).collect();
        let old = [24 * 7, 24 * 14, 24 * 40, 24 * 80];
        #[rustfmt::skip]
        let cases: [(&str, &[u32], Option<f64>); 7] = [
            ("nothing held", &[], None),
            ("hourly for two days", &hourly, Some(24.0)),
            ("a first document without dates", &[0; 30], Some(30.0)),
            ("the same, ten days on", &[240; 30], Some(3.0)),
            ("two in two weeks, and older ones", &old, Some(2.0 / 14.0)),
            ("only old ones", &old[2..], Some(0.0)),
            ("one, three days ago", &[72], Some(1.0 / 3.0)),
        ];
        for (name, hours, expected) in cases {
            assert_eq!(entries_per_day(now(), &hours_ago(hours)), expected, "{name}");
        }
    }

    #[test]
    fn a_source_is_silent_when_it_is_unusual_for_it() {
        let daily: Vec<u32> = (0..20).collect();
        let weekly: Vec<u32> = (0..20).map(|n| n * 7).collect();
        let in_bursts: Vec<u32> = (0..20).map(|n| n / 10 * 30).collect();
        #[rustfmt::skip]
        let cases: [(&str, &[u32], u32, bool); 9] = [
            ("nothing held", &[], 400, false),
            ("one entry says nothing of a rhythm", &[0], 400, false),
            ("daily, a week", &daily, 7, false),
            ("daily, more than a week", &daily, 8, true),
            ("weekly, five weeks", &weekly, 35, false),
            ("weekly, more", &weekly, 36, true),
            ("in bursts a month apart", &in_bursts, 29, false),
            ("in bursts, longer than ever", &in_bursts, 31, true),
            ("dated ahead", &[0, 1], 0, false),
        ];
        for (name, days_ago, silent_days, expected) in cases {
            let newest = now().checked_sub(DAY * silent_days).unwrap();
            let date = |days: &u32| newest.checked_sub(DAY * *days).unwrap();
            let dates: Vec<Timestamp> = days_ago.iter().map(date).collect();
            assert_eq!(is_silent(now(), &dates), expected, "{name}");
        }
    }

    #[test]
    fn first_polls_begin_at_once_and_are_spread() {
        let source = source();
        let at = |index, total| {
            let plan = first_poll(now(), &source, index, total, 7);
            plan.at.duration_since(now()).as_millis()
        };
        assert_eq!(at(0, 1_000), 0);
        assert_eq!(at(15, 1_000), 0);
        assert!(at(999, 1_000) <= 60_000, "1,000 sources within a minute");
        assert!(at(999, 1_000) > 50_000, "and no burst");
        assert!(at(99_999, 100_000) <= 600_000, "100,000 within ten minutes");
        let order: Vec<i128> = (16..500).map(|index| at(index, 1_000)).collect();
        assert!(order.windows(2).all(|pair| pair[1] - pair[0] >= 59), "P36: evenly");
    }

    #[test]
    fn a_clock_near_its_end_plans_never() {
        let plan = next_poll(
            Timestamp::MAX,
            &policy(),
            &source(),
            &SourceState::default(),
            &PollResult::Success,
            &Freshness::default(),
            &Observed::default(),
            0,
        );
        assert_eq!(plan.at, NEVER);
    }
}
