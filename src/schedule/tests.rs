//! What is planned after each kind of poll, by the numbers of the requirements.

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

/// Name, what was polled, and the next poll: the wait without its jitter, and the reason.
type Planned<'a> = (&'a str, Case, i64, &'a str);

fn check(cases: &[Planned<'_>]) {
    for (name, case, wait_s, reason) in cases {
        assert_eq!(case.wait_s(), *wait_s, "{name}");
        assert_eq!(case.plan().reason, *reason, "{name}");
    }
}

fn own(interval: Duration, case: Case) -> Case {
    Case { source: Source { interval: Some(interval), ..source() }, ..case }
}

fn wishing(wish: PublisherWish) -> Case {
    Case { state: SourceState { wish, ..SourceState::default() }, ..case() }
}

fn ttl(hours: u32) -> Case {
    wishing(PublisherWish { ttl: Some(HOUR * hours), ..PublisherWish::default() })
}

fn sy(days: u32) -> Case {
    wishing(PublisherWish { update_period: Some(DAY * days), ..PublisherWish::default() })
}

fn failed(failures: u32, days: u64, kind: FailureKind) -> Case {
    Case { state: failing(failures, days), result: PollResult::Failed(kind), ..case() }
}

fn posting(rate: f64) -> Observed {
    Observed { entries_per_day: Some(rate), has_validators: true, rolled_over: false }
}

#[test]
fn the_interval_follows_the_rate_of_new_entries_within_its_bounds() {
    let posts = |rate| Case { observed: posting(rate), ..case() };
    let rolled_over = Observed { rolled_over: true, ..posting(0.1) };
    #[rustfmt::skip]
    check(&[
        ("nothing known", case(), 2 * H, "interval"),
        ("12 entries a day", posts(12.0), H, "adaptive: 12 entries a day"),
        ("2 entries a day", posts(2.0), 6 * H, "adaptive: 2 entries a day"),
        ("0.8 entries a day", posts(0.8), 15 * H, "adaptive: 0.8 entries a day"),
        ("never below the minimum", posts(500.0), H, "adaptive: 500 entries a day"),
        ("never above the maximum", posts(0.01), 24 * H, "adaptive: 0.0 entries a day"),
        ("a silent source", posts(0.0), 24 * H, "adaptive: 0 entries a day"),
        ("a rate that is no number", posts(f64::NAN), 2 * H, "interval"),
        ("rolled over", Case { observed: rolled_over, ..case() }, H, "adaptive: entries may have been missed"),
        ("own interval, below the minimum", own(HOUR / 6, posts(0.1)), 600, "interval of the source"),
    ]);
}

#[test]
fn p15_max_age_is_a_lower_bound_whatever_the_interval() {
    check(&[
        ("longer", Case { fresh_s: 3 * 3_600, ..case() }, 3 * H, "max-age of the publisher"),
        ("shorter", Case { fresh_s: 60, ..case() }, 2 * H, "interval"),
        (
            "than the source's own interval",
            own(HOUR / 6, Case { fresh_s: 7_200, ..case() }),
            2 * H,
            "max-age of the publisher",
        ),
    ]);
}

#[test]
fn p21_freshness_of_an_error_answer_counts() {
    use FailureKind::{Busy, NotFound, Status};
    let fresh = |kind| Case { fresh_s: 2 * 86_400, ..failed(0, 0, kind) };
    check(&[
        ("429", fresh(Busy), 48 * H, "max-age of the publisher"),
        ("404", fresh(NotFound), 48 * H, "max-age of the publisher"),
        ("500", fresh(Status), 48 * H, "max-age of the publisher"),
    ]);
}

#[test]
fn p22_what_headers_and_documents_ask_for_is_capped() {
    let endless = 1 << 31;
    check(&[
        ("max-age", Case { fresh_s: endless, ..case() }, 30 * 24 * H, "max-age of the publisher"),
        (
            "Retry-After",
            Case { retry_s: endless, ..case() },
            7 * 24 * H,
            "Retry-After of the publisher",
        ),
        ("ttl", ttl(24 * 365), 30 * 24 * H, "ttl of the feed"),
        ("sy", sy(365), 30 * 24 * H, "sy:updatePeriod of the feed"),
    ]);
}

#[test]
fn p25_retry_after_is_honoured_on_any_answer() {
    use FailureKind::Busy;
    let reason = "Retry-After of the publisher";
    let busy = |retry_s, interval| own(interval, Case { retry_s, ..failed(0, 0, Busy) });
    check(&[
        ("a success behind a 3xx", Case { retry_s: 3 * 3_600, ..case() }, 3 * H, reason),
        ("429 or 503", busy(7_800, HOUR / 60), 7_800, reason),
        ("one that asks for less", busy(3, HOUR / 30), 120, "1st failure in a row: publisher busy"),
    ]);
}

#[test]
fn p26_a_bare_429_waits_an_hour_and_twice_as_long_each_time() {
    use FailureKind::Busy;
    let after = |failures| own(HOUR / 60, failed(failures, 0, Busy));
    check(&[
        ("first", after(0), H, "1st failure in a row: publisher busy"),
        ("second", after(1), 2 * H, "2nd failure in a row: publisher busy"),
        ("third", after(2), 4 * H, "3rd failure in a row: publisher busy"),
        (
            "interval over an hour",
            own(3 * HOUR, after(0)),
            3 * H,
            "1st failure in a row: publisher busy",
        ),
    ]);
}

#[test]
fn p27_a_feed_without_validators_is_polled_daily_unless_somebody_says_otherwise() {
    let bare = Case { observed: Observed::default(), ..case() };
    check(&[
        ("nobody", bare.clone(), 24 * H, "no validators: daily"),
        ("its max-age", Case { fresh_s: 60, ..bare.clone() }, 2 * H, "interval"),
        ("the operator", own(HOUR, bare), H, "interval of the source"),
    ]);
}

#[test]
fn p28_ttl_raises_the_interval_and_never_lowers_it() {
    check(&[
        ("raises", ttl(5), 5 * H, "ttl of the feed"),
        ("not lower", ttl(1), 2 * H, "interval"),
    ]);
}

#[test]
fn p31_sy_raises_the_interval_and_never_lowers_it() {
    let hourly = PublisherWish { update_period: Some(HOUR / 2), ..PublisherWish::default() };
    check(&[
        ("weekly", sy(7), 7 * 24 * H, "sy:updatePeriod of the feed"),
        ("twice an hour", wishing(hourly), 2 * H, "interval"),
    ]);
}

#[test]
fn p33_a_complete_feed_is_polled_weekly() {
    let wish = PublisherWish { is_complete: true, ..PublisherWish::default() };
    check(&[("complete", wishing(wish), 7 * 24 * H, "the feed says it is complete: weekly")]);
}

#[test]
fn p34_the_largest_of_all_bounds_holds_and_is_the_reason() {
    let hours = |hours: u32| Some(HOUR * hours);
    let wish = |ttl, update_period| PublisherWish { ttl, update_period, ..Default::default() };
    let all = |fresh_s, retry_s, ttl, sy| Case { fresh_s, retry_s, ..wishing(wish(ttl, sy)) };
    #[rustfmt::skip]
    check(&[
        ("interval", all(3_600, 3_600, hours(1), hours(1)), 2 * H, "interval"),
        ("max-age", all(7 * 3_600, 3_600, hours(4), hours(5)), 7 * H, "max-age of the publisher"),
        ("ttl", all(3 * 3_600, 3_600, hours(8), hours(5)), 8 * H, "ttl of the feed"),
        ("sy", all(3 * 3_600, 3_600, hours(8), hours(9)), 9 * H, "sy:updatePeriod of the feed"),
        ("Retry-After", all(3 * 3_600, 36_000, hours(8), hours(9)), 10 * H, "Retry-After of the publisher"),
    ]);
}

#[test]
fn p39_failures_back_off_to_a_day_and_after_a_fortnight_to_a_week() {
    use FailureKind::{Body, Network, NotAFeed, Refused, Status};
    #[rustfmt::skip]
    check(&[
        ("first", failed(0, 0, Network), 2 * H, "1st failure in a row: network"),
        ("second", failed(1, 0, Status), 4 * H, "2nd failure in a row: status"),
        ("third", failed(2, 0, Network), 8 * H, "3rd failure in a row: network"),
        ("to a day", failed(4, 1, Body), 24 * H, "5th failure in a row: body"),
        ("however many", failed(u32::MAX, 1, NotAFeed), 24 * H, "4294967296th failure in a row: not a feed"),
        ("13 days", failed(20, 13, Network), 24 * H, "21st failure in a row: network"),
        ("broken", failed(20, 14, Network), 7 * 24 * H, "failing for more than 14 days: network"),
        ("an address refused", failed(10, 0, Refused), 24 * H, "11th failure in a row: address refused"),
        ("own interval over a day", own(3 * DAY, failed(3, 9, Network)), 72 * H, "4th failure in a row: network"),
    ]);
}

#[test]
fn p40_a_success_after_failures_is_planned_like_any_other() {
    check(&[("after failures", Case { state: failing(9, 20), ..case() }, 2 * H, "interval")]);
}

#[test]
fn p62_a_404_backs_off_like_any_failure() {
    use FailureKind::NotFound;
    #[rustfmt::skip]
    check(&[
        ("first", failed(0, 0, NotFound), 2 * H, "1st failure in a row: not found"),
        ("second", failed(1, 0, NotFound), 4 * H, "2nd failure in a row: not found"),
        ("after a fortnight", failed(9, 14, NotFound), 7 * 24 * H, "failing for more than 14 days: not found"),
    ]);
}

#[test]
fn p63_401_and_403_wait_four_hours_at_least() {
    use FailureKind::Forbidden;
    check(&[
        ("first", failed(0, 0, Forbidden), 4 * H, "1st failure in a row: forbidden"),
        ("again", failed(1, 0, Forbidden), 8 * H, "2nd failure in a row: forbidden"),
        (
            "whatever the own interval",
            own(HOUR / 6, failed(0, 0, Forbidden)),
            4 * H,
            "1st failure in a row: forbidden",
        ),
    ]);
}

#[test]
fn p61_a_410_is_asked_once_more_after_a_day_and_then_never() {
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
fn p35_jitter_is_added_and_is_at_most_a_tenth() {
    let waits: Vec<i64> = (0..1_000)
        .map(|seed| Case { seed, ..case() }.plan().at.duration_since(now()).as_secs())
        .collect();
    let (low, high) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!(*low >= 2 * H, "P35: never subtracted, {low}");
    assert!(*high <= 2 * H + H / 5, "{high}");
    assert!(high - low > H / 6, "neighbouring seeds must spread: {low} to {high}");
}

#[test]
fn p35_the_jitter_of_a_long_wait_is_bounded() {
    for seed in 0..200 {
        let at = Case { seed, retry_s: 1 << 31, ..case() }.plan().at;
        assert!(at.duration_since(now()).as_secs() <= 7 * 24 * H + H / 2);
    }
}

/// Name, hours, days, and the hour the poll is moved to.
type SkipCase<'a> = (&'a str, &'a [u8], &'a [u8], Option<&'a str>);

#[test]
fn p29_p30_a_poll_is_moved_past_skipped_hours_and_days_unless_all_are() {
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
    assert!(!own(Case { fresh_s: 1 << 20, ..case() }) && !own(Case { retry_s: 1 << 20, ..case() }));
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
fn p36_first_polls_begin_at_once_and_are_spread() {
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
