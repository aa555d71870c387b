//! What a poll does to what is held, requirement by requirement (P4–P66): the program, a scripted publisher, and a clock
//! that `--at` sets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use blackbox::{Answer, Origin, Place, rss};
use serde_json::{Value, json};

const DATE: &str = "Fri, 22 Nov 2024 18:11:00 +0700";
const PATH: &str = "/x.xml";

/// A publisher with one feed, and a place that polls it.
struct One {
    origin: Origin,
    place: Place,
}

impl One {
    fn new() -> Self {
        Self::with("")
    }

    /// With further lines of configuration for the source.
    fn with(more: &str) -> Self {
        let origin = Origin::start();
        let place = Place::new(&source("x", &origin.url(PATH), more));
        Self { origin, place }
    }

    fn answers(&self, answer: Answer) {
        self.origin.on(PATH, move |_| answer.clone());
    }

    /// Polls whatever is planned; returns the last line.
    fn poll(&self, at: &str) -> Value {
        let output = self.place.run(&["poll", "--json", "--at", at]);
        let text = blackbox::text(&output.stdout);
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    }

    /// Polls if it is due; tells whether the publisher was asked.
    fn is_due(&self, at: &str) -> bool {
        let before = self.requests();
        self.place.run(&["poll", "--due", "--at", at]);
        self.requests() > before
    }

    fn requests(&self) -> usize {
        self.origin.seen(PATH).len()
    }

    /// The value of a header of the last request.
    fn sent(&self, name: &str) -> Option<String> {
        self.origin.seen(PATH).last().unwrap().headers.get(name).cloned()
    }

    fn status(&self) -> Value {
        status(&self.place)[0].clone()
    }

    /// Asserts when it is due next: not a minute before, and with the largest jitter after.
    fn assert_next(&self, from: &str, hours: i64, reason: &str) {
        let status = self.status();
        let next: jiff::Timestamp = status["next_poll"].as_str().unwrap().parse().unwrap();
        let from: jiff::Timestamp = from.parse().unwrap();
        let wait = next.duration_since(from).as_secs();
        let (least, most) = (hours * 3_600, hours * 3_600 + (hours * 360).min(1_800));
        assert!((least..=most).contains(&wait), "{wait} s: {status}");
        let why = status["next_reason"].as_str().unwrap();
        assert!(why.contains(reason), "{why}");
    }
}

fn source(id: &str, url: &str, more: &str) -> String {
    format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\n{more}\n")
}

fn status(place: &Place) -> Value {
    let status: Value = serde_json::from_str(&place.must(&["status", "--json"])).unwrap();
    status["sources"].clone()
}

fn at(day: u32, time: &str) -> String {
    format!("2026-03-{day:02}T{time}:00Z")
}

/// A document of these articles, newest first.
fn feed(numbers: &[u32]) -> String {
    let rows: Vec<[String; 4]> = numbers
        .iter()
        .map(|n| {
            let link = format!("https://bao.example/{n}");
            [format!("g{n}"), format!("Bài số {n}"), link, format!("Chữ của bài {n}.")]
        })
        .collect();
    let mut items: Vec<(&str, &str, &str, &str, &str)> = Vec::new();
    for [guid, title, link, text] in &rows {
        items.push((guid, title, link, DATE, text));
    }
    rss("Báo", "https://bao.example/", &items)
}

fn tagged(body: &str, etag: &str) -> Answer {
    Answer::ok(body).header("ETag", etag)
}

// Validators

#[test]
fn p4_a_feed_with_no_date_of_change_is_never_asked_for_changes_since_one() {
    let one = One::new();
    let dated = "Sun, 01 Mar 2026 12:00:00 GMT";
    one.answers(Answer::ok(feed(&[1])).header("Date", dated).header("Expires", dated));
    for day in 1..4 {
        one.poll(&at(day, "12:00"));
        assert_eq!(one.sent("if-modified-since"), None, "day {day}");
        assert_eq!(one.sent("if-none-match"), None, "day {day}");
    }
}

#[test]
fn p6_the_same_body_replaces_both_validators() {
    let one = One::new();
    one.answers(tagged(&feed(&[1]), "\"1\"").header("Last-Modified", "monday"));
    one.poll(&at(1, "12:00"));
    one.answers(tagged(&feed(&[1]), "\"2\"").header("Last-Modified", "tuesday"));
    one.poll(&at(2, "12:00"));
    one.poll(&at(3, "12:00"));
    assert_eq!(one.sent("if-none-match").as_deref(), Some("\"2\""));
    assert_eq!(one.sent("if-modified-since").as_deref(), Some("tuesday"));
}

#[test]
fn p7_a_200_without_validators_clears_those_held() {
    let one = One::new();
    one.answers(tagged(&feed(&[1]), "\"1\""));
    one.poll(&at(1, "12:00"));
    one.answers(Answer::ok(feed(&[2, 1])));
    one.poll(&at(2, "12:00"));
    assert_eq!(one.sent("if-none-match").as_deref(), Some("\"1\""));
    one.poll(&at(3, "12:00"));
    assert_eq!(one.sent("if-none-match"), None);
}

#[test]
fn p8_validators_of_a_body_that_could_not_be_read_are_not_kept() {
    let one = One::new();
    one.answers(tagged(&feed(&[1]), "\"1\""));
    one.poll(&at(1, "12:00"));
    one.answers(tagged("no feed at all", "\"2\""));
    assert_eq!(one.poll(&at(2, "12:00"))["failed"], 1);
    one.answers(tagged(&feed(&[2, 1]), "\"2\""));
    assert_eq!(one.poll(&at(3, "12:00"))["new"], 1, "its entries are not hidden by a 304");
    assert_eq!(one.sent("if-none-match").as_deref(), Some("\"1\""));
}

#[test]
fn p9_a_304_replaces_the_validators_it_carries_and_keeps_the_others() {
    let one = One::new();
    one.answers(tagged(&feed(&[1]), "\"1\"").header("Last-Modified", "monday"));
    one.poll(&at(1, "12:00"));
    one.answers(Answer::status(304).header("ETag", "\"2\""));
    one.poll(&at(2, "12:00"));
    one.poll(&at(3, "12:00"));
    assert_eq!(one.sent("if-none-match").as_deref(), Some("\"2\""));
    assert_eq!(one.sent("if-modified-since").as_deref(), Some("monday"));
}

#[test]
fn p10_a_304_is_a_success_and_touches_no_entry() {
    let one = One::new();
    one.answers(tagged(&feed(&[2, 1]), "\"1\""));
    one.poll(&at(1, "12:00"));
    one.answers(Answer::status(500));
    one.poll(&at(2, "12:00"));
    assert_eq!((&one.status()["state"], &one.status()["failures"]), (&"failing".into(), &1.into()));
    one.answers(Answer::status(304));
    let last = one.poll(&at(3, "12:00"));
    assert_eq!(
        (&last["not_modified"], &last["updated"], &last["new"]),
        (&1.into(), &0.into(), &0.into())
    );
    let status = one.status();
    assert_eq!((&status["state"], &status["failures"]), (&"ok".into(), &0.into()), "{status}");
    assert_eq!((&status["entries"], &status["last_error"]), (&2.into(), &Value::Null));
    assert_eq!(status["last_success"], "2026-03-03T12:00:00Z");
}

#[test]
fn p11_a_304_that_nobody_asked_for_is_a_failure() {
    let one = One::new();
    one.answers(Answer::status(304));
    assert_eq!(one.poll(&at(1, "12:00"))["failed"], 1);
    let status = one.status();
    assert_eq!((&status["state"], &status["last_success"]), (&"failing".into(), &Value::Null));
}

#[test]
fn p12_another_url_is_asked_without_the_validators_of_the_old() {
    let one = One::new();
    one.answers(tagged(&feed(&[1]), "\"1\""));
    one.poll(&at(1, "12:00"));
    one.origin.feed("/y.xml", "\"1\"", DATE, &feed(&[1]));
    one.place.configure(&source("x", &one.origin.url("/y.xml"), ""));
    one.poll(&at(2, "12:00"));
    let seen = one.origin.seen("/y.xml");
    assert_eq!((seen.len(), seen[0].headers.get("if-none-match")), (1, None));
    assert_eq!(one.status()["entries"], 1, "what was held stays");
}

#[test]
fn p13_a_restart_polls_nothing_early_and_keeps_the_validators() {
    let one = One::with("interval = \"2h\"");
    one.answers(tagged(&feed(&[1]), "\"1\""));
    one.poll(&at(1, "12:00"));
    // Each command is a process of its own.
    for time in ["12:01", "13:00", "13:59"] {
        assert!(!one.is_due(&at(1, time)), "{time}");
    }
    assert!(one.is_due(&at(1, "14:13")));
    assert_eq!(one.sent("if-none-match").as_deref(), Some("\"1\""));
}

#[test]
fn p13_what_a_killed_daemon_had_answered_is_not_asked_again() {
    let origin = Origin::start();
    let mut sources = String::new();
    for number in 0..40 {
        origin.feed(&format!("/{number}"), "\"1\"", DATE, &feed(&[number]));
        sources += &source(&format!("s{number}"), &origin.url(&format!("/{number}")), "");
    }
    let place = Place::new(&sources);
    let daemon = place.daemon();
    let all = || -> usize { (0..40).map(|number| origin.seen(&format!("/{number}")).len()).sum() };
    // The second round is 304s only.
    for _ in 0..2 {
        assert_eq!(blackbox::unix_ask(&place.socket(), "POST", "/poll").0, 200);
    }
    daemon.kill();
    let asked = all();
    assert!(asked >= 80);
    place.must(&["poll", "--due"]);
    assert_eq!(all(), asked, "everything answered was durable, its next poll included");
}

#[test]
fn p14_a_200_with_the_same_etag_and_body_touches_no_entry() {
    let one = One::new();
    one.answers(tagged(&feed(&[2, 1]), "\"1\""));
    one.poll(&at(1, "12:00"));
    let before = one.place.must(&["explain", "https://bao.example/1"]);
    let last = one.poll(&at(2, "12:00"));
    let counts = json!({
        "polled": 1, "not_modified": 0, "failed": 0, "new": 0, "updated": 0, "duplicate": 0,
    });
    assert_eq!(last, counts);
    assert_eq!(one.place.must(&["explain", "https://bao.example/1"]), before);
}

// When

#[test]
fn p15_p21_max_age_holds_whatever_answer_carries_it() {
    let cases = [
        ("200", tagged(&feed(&[1]), "\"1\"")),
        ("304", Answer::status(304)),
        ("404", Answer::status(404)),
        ("429", Answer::status(429)),
    ];
    for (name, answer) in cases {
        let one = One::with("interval = \"30m\"");
        one.answers(tagged(&feed(&[1]), "\"1\""));
        one.poll(&at(1, "12:00"));
        one.answers(answer.header("Cache-Control", "max-age=172800").header("Age", "3600"));
        one.poll(&at(2, "12:00"));
        assert!(!one.is_due(&at(4, "10:59")), "{name}");
        assert!(one.is_due(&at(4, "11:31")), "{name}");
    }
}

#[test]
fn p24_a_retry_after_date_counts_from_the_publishers_clock() {
    let one = One::with("interval = \"30m\"");
    let day = |time: &str| format!("Tue, 24 Feb 2026 {time} GMT");
    let wait = ("Date", day("08:00:00"), "Retry-After", day("14:00:00"));
    one.answers(Answer::status(503).header(wait.0, &wait.1).header(wait.2, &wait.3));
    one.poll(&at(1, "12:00"));
    assert!(!one.is_due(&at(1, "17:59")), "its clock is five days behind ours");
    assert!(one.is_due(&at(1, "18:31")));
}

#[test]
fn p25_retry_after_of_a_redirect_holds() {
    let one = One::with("interval = \"30m\"");
    one.answers(Answer::status(302).header("Location", "/y.xml").header("Retry-After", "21600"));
    one.origin.feed("/y.xml", "\"1\"", DATE, &feed(&[1]));
    one.poll(&at(1, "12:00"));
    one.assert_next(&at(1, "12:00"), 6, "Retry-After");
}

#[test]
fn p26_a_bare_429_and_a_bare_503_are_not_tried_again_at_once() {
    for status in [429, 503] {
        let one = One::with("interval = \"10m\"");
        one.answers(Answer::status(status));
        one.poll(&at(1, "12:00"));
        one.assert_next(&at(1, "12:00"), 1, "publisher busy");
        one.poll(&at(1, "14:00"));
        one.assert_next(&at(1, "14:00"), 2, "publisher busy");
        assert_eq!(one.requests(), 2, "once each time");
    }
}

#[test]
fn p27_a_feed_without_validators_is_polled_daily_and_others_hourly_at_most() {
    let busy: Vec<u32> = (1..40).collect();
    let one = One::new();
    one.answers(Answer::ok(feed(&busy)));
    one.poll(&at(1, "12:00"));
    one.assert_next(&at(1, "12:00"), 24, "no validators: daily");
    one.answers(tagged(&feed(&busy), "\"1\""));
    one.poll(&at(2, "13:00"));
    assert!(!one.is_due(&at(2, "13:59")));
}

/// What a document asks for, and how it is polled then.
fn wished(elements: &str) -> One {
    let one = One::new();
    let namespaces = "xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\" \
         xmlns:fh=\"http://purl.org/syndication/history/1.0\" \
         xmlns:podcast=\"https://podcastindex.org/namespace/1.0\"";
    let body = feed(&[1])
        .replace("<rss ", &format!("<rss {namespaces} "))
        .replace("<item>", &format!("{elements}<item>"));
    one.answers(tagged(&body, "\"1\""));
    one.poll(&at(2, "12:00"));
    one
}

#[test]
fn p28_a_ttl_that_is_no_positive_whole_number_is_ignored() {
    wished("<ttl>2880</ttl>").assert_next(&at(2, "12:00"), 48, "ttl of the feed");
    for ttl in ["-2880", "2880.5", "two days", "", "0"] {
        let one = wished(&format!("<ttl>{ttl}</ttl>"));
        one.assert_next(&at(2, "12:00"), 1, "interval");
    }
}

#[test]
fn p29_no_poll_starts_in_a_skipped_hour_or_on_a_skipped_day() {
    // The regular poll would come on Monday between 13:00 and 13:06, 20 h in Hà Nội.
    let one = wished("<skipHours><hour>13</hour><hour>14</hour></skipHours>");
    assert!(!one.is_due(&at(2, "14:59")));
    assert!(one.is_due(&at(2, "15:06")));
    let one = wished("<skipDays><day>Monday</day><day>Tuesday</day></skipDays>");
    assert!(!one.is_due(&at(3, "23:59")));
    assert!(one.is_due(&at(4, "00:06")));
}

#[test]
fn p30_all_hours_or_all_days_are_none() {
    let hours: String = (0..24).map(|hour| format!("<hour>{hour}</hour>")).collect();
    let days = ["Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun"]
        .map(|day| format!("<day>{day}day</day>"))
        .concat();
    for skips in [format!("<skipHours>{hours}</skipHours>"), format!("<skipDays>{days}</skipDays>")]
    {
        wished(&skips).assert_next(&at(2, "12:00"), 1, "interval");
    }
}

#[test]
fn p31_the_period_is_divided_by_the_frequency() {
    let cases = [
        ("<sy:updatePeriod>weekly</sy:updatePeriod>", 168),
        ("<sy:updatePeriod>weekly</sy:updatePeriod><sy:updateFrequency>3</sy:updateFrequency>", 56),
        (
            "<sy:updatePeriod>monthly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
            360,
        ),
    ];
    for (elements, hours) in cases {
        wished(elements).assert_next(&at(2, "12:00"), hours, "sy:updatePeriod of the feed");
    }
}

#[test]
fn p32_a_period_that_is_no_word_of_the_module_and_a_frequency_of_zero_are_ignored() {
    let cases = [
        "<sy:updatePeriod>fortnightly</sy:updatePeriod>",
        "<sy:updatePeriod>weekly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
        "<sy:updatePeriod>weekly</sy:updatePeriod><sy:updateFrequency>-1</sy:updateFrequency>",
        // As WordPress writes it.
        "<sy:updatePeriod>\n\thourly\t</sy:updatePeriod><sy:updateFrequency>\n\t1\t</sy:updateFrequency>",
    ];
    for elements in cases {
        wished(elements).assert_next(&at(2, "12:00"), 1, "interval");
    }
}

#[test]
fn p33_a_complete_feed_is_polled_slowly_and_stays() {
    for elements in
        ["<fh:complete/>", "<podcast:updateFrequency complete=\"true\">x</podcast:updateFrequency>"]
    {
        let one = wished(elements);
        one.assert_next(&at(2, "12:00"), 168, "complete");
        assert_eq!(one.status()["state"], "ok");
        assert!(one.is_due(&at(9, "12:31")));
    }
    let one = One::new();
    one.answers(tagged(
        r#"{"version":"https://jsonfeed.org/version/1.1","title":"x","expired":true,"items":[]}"#,
        "\"1\"",
    ));
    one.poll(&at(2, "12:00"));
    one.assert_next(&at(2, "12:00"), 168, "complete");
}

#[test]
fn p37_gaps_between_requests_are_kept_when_the_present_is_given() {
    let origin = Origin::start();
    let mut sources = "host_gap = \"100ms\"\n".to_owned();
    for number in 0..3 {
        origin.feed(&format!("/{number}"), "\"1\"", DATE, &feed(&[number]));
        sources += &source(&format!("s{number}"), &origin.url(&format!("/{number}")), "");
    }
    let place = Place::new("");
    let config = std::fs::read_to_string(place.config()).unwrap();
    let config = config.replace("host_gap = \"0s\"\n", "");
    std::fs::write(place.config(), config + &sources).unwrap();
    let begun = std::time::Instant::now();
    place.must(&["poll", "--at", &at(1, "12:00")]);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(200));
    assert!((0..3).all(|number| origin.seen(&format!("/{number}")).len() == 1));
}

#[test]
fn p38_one_url_is_asked_for_once_whatever_its_form() {
    let origin = Origin::start();
    origin.feed(PATH, "\"1\"", DATE, &feed(&[1]));
    let url = origin.url(PATH);
    let upper = url.replace("http://", "HTTP://");
    let sources = source("a", &url, "")
        + &source("b", &(url.clone() + "#top"), "")
        + &source("c", &upper, "");
    let place = Place::new(&sources);
    place.must(&["poll", "--at", &at(1, "12:00")]);
    assert_eq!(origin.seen(PATH).len(), 1);
    assert!(status(&place).as_array().unwrap().iter().all(|source| source["entries"] == 1));
}

#[test]
fn p39_a_source_that_fails_backs_off_and_is_shown_as_broken_after_a_fortnight() {
    let one = One::new();
    one.answers(Answer::status(500));
    one.poll(&at(1, "12:00"));
    one.assert_next(&at(1, "12:00"), 1, "1st failure in a row");
    one.poll(&at(1, "14:00"));
    one.assert_next(&at(1, "14:00"), 2, "2nd failure in a row");
    for day in 2..15 {
        one.poll(&at(day, "12:00"));
        one.assert_next(
            &at(day, "12:00"),
            if day == 2 { 4 } else { (8 << (day - 3)).min(24) },
            "in a row",
        );
    }
    one.poll(&at(15, "12:00"));
    one.assert_next(&at(15, "12:00"), 168, "failing for more than 14 days");
    let status = one.status();
    assert_eq!((&status["state"], &status["flags"]), (&"failing".into(), &json!(["broken"])));
    assert!(one.is_due(&at(22, "12:31")), "it is never given up");
}

#[test]
fn p40_a_success_after_failures_brings_one_poll_and_the_usual_interval() {
    let one = One::with("interval = \"1h\"");
    one.answers(Answer::status(500));
    for day in 1..6 {
        one.poll(&at(day, "12:00"));
    }
    one.answers(tagged(&feed(&[1]), "\"1\""));
    let before = one.requests();
    one.poll(&at(6, "12:00"));
    one.assert_next(&at(6, "12:00"), 1, "interval of the source");
    assert!(!one.is_due(&at(6, "12:59")));
    assert_eq!(one.requests(), before + 1);
}

// Partial feeds

#[test]
fn p50_a_226_holds_only_what_is_new_and_takes_nothing_away() {
    let one = One::new();
    one.answers(tagged(&feed(&[3, 2, 1]), "\"1\""));
    one.poll(&at(1, "12:00"));
    let delta = feed(&[4]);
    one.origin.on(PATH, move |seen| {
        let has_asked = seen.headers.get("a-im").is_some_and(|value| value == "feed");
        let status = if has_asked { 226 } else { 500 };
        Answer { status, ..tagged(&delta, "\"2\"") }.header("IM", "feed")
    });
    assert_eq!(one.poll(&at(2, "12:00"))["new"], 1);
    let status = one.status();
    assert_eq!(status["entries"], 4);
    let why = status["next_reason"].as_str().unwrap();
    assert!(!why.contains("missed"), "a delta shares nothing with what was before: {why}");
    one.answers(tagged(&feed(&[4, 3, 2, 1]), "\"3\""));
    let last = one.poll(&at(3, "12:00"));
    assert_eq!(one.sent("if-none-match").as_deref(), Some("\"2\""));
    assert_eq!((&last["new"], &last["updated"]), (&0.into(), &0.into()), "{last}");
    one.place.must(&["explain", "https://bao.example/1"]);
}

#[test]
fn p52_neither_icons_nor_pages_are_fetched() {
    let one = One::new();
    let image = format!(
        "<image><url>{}</url><link>{}</link><title>x</title></image><item>",
        one.origin.url("/icon.png"),
        one.origin.url("/site")
    );
    let body = feed(&[1]).replacen("<item>", &image, 1);
    one.answers(tagged(&body.replace("https://bao.example/", &one.origin.url("/site")), "\"1\""));
    one.poll(&at(1, "12:00"));
    one.poll(&at(2, "12:00"));
    assert_eq!(one.requests(), 2);
    for path in ["/icon.png", "/favicon.ico", "/site", "/site1", "/"] {
        assert!(one.origin.seen(path).is_empty(), "{path}");
    }
}

// Redirects, gone, errors

#[test]
fn p55_only_a_permanent_redirect_is_remembered() {
    for (status, is_permanent) in
        [(301, true), (308, true), (302, false), (303, false), (307, false)]
    {
        let one = One::new();
        one.answers(Answer::status(status).header("Location", "/y.xml"));
        one.origin.feed("/y.xml", "\"1\"", DATE, &feed(&[1]));
        for day in 1..4 {
            one.poll(&at(day, "12:00"));
        }
        let expected = if is_permanent { json!(one.origin.url("/y.xml")) } else { Value::Null };
        assert_eq!(one.status()["adopted_url"], expected, "{status}");
        assert_eq!(one.requests(), if is_permanent { 2 } else { 3 }, "{status}");
    }
}

#[test]
fn p56_the_end_of_the_leading_permanent_hops_is_remembered() {
    let one = One::new();
    one.answers(Answer::status(301).header("Location", "/y.xml"));
    one.origin.on("/y.xml", |_| Answer::status(302).header("Location", "/z.xml"));
    one.origin.feed("/z.xml", "\"1\"", DATE, &feed(&[1]));
    for day in 1..4 {
        one.poll(&at(day, "12:00"));
    }
    assert_eq!(one.status()["adopted_url"], json!(one.origin.url("/y.xml")));
}

#[test]
fn p57_a_permanent_redirect_to_what_is_no_feed_is_not_remembered() {
    let one = One::new();
    one.answers(Answer::status(301).header("Location", "/login"));
    one.origin.on("/login", |_| Answer::ok("<!doctype html><title>Sign in</title>"));
    for day in 1..5 {
        one.poll(&at(day, "12:00"));
    }
    let status = one.status();
    assert_eq!((&status["adopted_url"], &status["redirect_pending"]), (&Value::Null, &Value::Null));
    assert_eq!(one.requests(), 4);
}

#[test]
fn p57_another_url_in_the_configuration_drops_what_was_adopted() {
    let one = One::new();
    one.answers(Answer::status(301).header("Location", "/y.xml"));
    one.origin.feed("/y.xml", "\"1\"", DATE, &feed(&[1]));
    one.poll(&at(1, "12:00"));
    assert_eq!(one.status()["redirect_pending"], json!(one.origin.url("/y.xml")), "shown before");
    assert_eq!(one.status()["flags"], json!(["moving"]));
    one.poll(&at(2, "12:00"));
    assert_eq!(one.status()["flags"], json!(["moved"]));
    one.origin.feed("/new.xml", "\"1\"", DATE, &feed(&[1]));
    one.place.configure(&source("x", &one.origin.url("/new.xml"), ""));
    one.poll(&at(3, "12:00"));
    assert_eq!(one.origin.seen("/new.xml").len(), 1);
    assert_eq!(one.status()["adopted_url"], Value::Null);
}

#[test]
fn p58_a_move_onto_another_source_publishes_nothing_twice() {
    let origin = Origin::start();
    origin.on("/old.xml", |_| Answer::status(301).header("Location", "/new.xml"));
    origin.feed("/new.xml", "\"1\"", DATE, &feed(&[2, 1]));
    let sources =
        source("a", &origin.url("/old.xml"), "") + &source("b", &origin.url("/new.xml"), "");
    let place = Place::new(&sources);
    for day in 1..4 {
        place.must(&["poll", "--at", &at(day, "12:00")]);
    }
    assert_eq!(origin.seen("/old.xml").len(), 2, "adopted");
    assert_eq!(origin.seen("/new.xml").len(), 5, "one request for both from then on");
    let all: Value = serde_json::from_str(&place.must(&["status", "--json"])).unwrap();
    assert_eq!((&all["entries"], &all["stories"]), (&4.into(), &2.into()));
}

#[test]
fn p61_a_410_is_asked_once_more_and_then_never_and_what_is_held_stays() {
    let one = One::new();
    one.answers(tagged(&feed(&[1]), "\"1\""));
    one.poll(&at(1, "12:00"));
    one.answers(Answer::status(410));
    one.poll(&at(2, "12:00"));
    one.assert_next(&at(2, "12:00"), 24, "410");
    assert!(one.is_due(&at(3, "12:31")));
    let status = one.status();
    assert_eq!((&status["state"], &status["entries"]), (&"gone".into(), &1.into()), "{status}");
    assert!(status["next_reason"].as_str().unwrap().starts_with("gone"), "{status}");
    assert!(!one.is_due("2027-03-03T12:31:00Z"));
    one.answers(tagged(&feed(&[2, 1]), "\"2\""));
    one.poll("2027-03-04T12:00:00Z");
    assert_eq!(one.status()["state"], "ok", "an operator may ask for it again");
}

#[test]
fn p62_p63_refusals_differ_in_how_long_they_keep_us_away() {
    for (status, hours) in [(404, 1), (500, 1), (401, 4), (403, 4)] {
        let one = One::new();
        one.answers(Answer::status(status));
        one.poll(&at(1, "12:00"));
        one.assert_next(&at(1, "12:00"), hours, "1st failure in a row");
        assert_eq!(one.status()["state"], "failing", "{status}");
    }
}

#[test]
fn p64_a_page_instead_of_a_feed_is_an_error_and_takes_nothing_away() {
    let one = One::new();
    one.answers(tagged(&feed(&[1]), "\"1\""));
    one.poll(&at(1, "12:00"));
    let page = "<!doctype html><html><head><title>x</title>\
         <link rel=\"alternate\" type=\"application/rss+xml\" href=\"/f\"></head></html>";
    one.answers(tagged(page, "\"2\"").header("Content-Type", "text/html"));
    assert_eq!(one.poll(&at(2, "12:00"))["failed"], 1);
    let status = one.status();
    assert_eq!((&status["state"], &status["entries"]), (&"failing".into(), &1.into()));
    assert!(status["last_error"].as_str().unwrap().contains("HTML"), "{status}");
    assert_eq!(one.origin.seen("/f").len(), 0, "it may be offered, not followed");
}

#[test]
fn p65_an_empty_body_and_a_feed_without_entries_take_nothing_away() {
    for body in [String::new(), "  \n".to_owned(), feed(&[])] {
        let one = One::new();
        one.answers(tagged(&feed(&[2, 1]), "\"1\""));
        one.poll(&at(1, "12:00"));
        one.answers(tagged(&body, "\"2\""));
        one.poll(&at(2, "12:00"));
        assert_eq!(one.status()["entries"], 2, "{body:?}");
        one.answers(tagged(&feed(&[2, 1]), "\"3\""));
        let last = one.poll(&at(3, "12:00"));
        assert_eq!((&last["new"], &last["updated"]), (&0.into(), &0.into()), "{body:?}: {last}");
    }
}

#[test]
fn p66_what_stands_behind_the_feed_costs_no_entry() {
    let one = One::new();
    let body = feed(&[2, 1]) + "\n<script src=\"/cdn-cgi/x.js\"></script><p>late";
    one.answers(tagged(&body, "\"1\""));
    assert_eq!(one.poll(&at(1, "12:00"))["new"], 2);
}

// Seen by the operator

#[test]
fn status_tells_what_polling_costs_and_why_the_next_poll_is_when() {
    let one = One::new();
    one.answers(tagged(&feed(&[1]), "\"1\""));
    one.poll(&at(1, "12:00"));
    one.answers(Answer::status(304));
    for day in 2..5 {
        one.poll(&at(day, "12:00"));
    }
    let status = one.status();
    let bytes = feed(&[1]).len();
    let expected = [
        ("state", json!("ok")),
        ("last_success", json!("2026-03-04T12:00:00Z")),
        ("http_status", json!(304)),
        ("not_modified_share", json!(0.75)),
        ("bytes", json!(bytes)),
        ("entries", json!(1)),
        ("redirect_pending", Value::Null),
        ("domain_pause", Value::Null),
    ];
    for (key, value) in expected {
        assert_eq!(status[key], value, "{key}: {status}");
    }
    assert!(status["next_reason"].as_str().unwrap().starts_with("adaptive"), "{status}");
}
