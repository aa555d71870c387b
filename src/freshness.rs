//! Reads what a publisher's headers ask of a poller: how long an answer stays fresh, and how long to wait.
//!
//! These are wishes, returned as they stand: `schedule` takes them as lower bounds and caps them. Nothing here shortens
//! a wait (P20): `no-cache`, `no-store` and `max-age=0` come out as no wish at all. Standards: RFC 9111 §4.2
//! (freshness), §5.2 and §5.3 (`Cache-Control`, `Expires`), RFC 9110 §10.2.3 (`Retry-After`).

use std::time::Duration;

use jiff::Timestamp;

use crate::model::outcome::Freshness;

/// The longest delta-seconds: a larger one means this (RFC 9111 §1.2.2, P18).
const DELTA_SECONDS_MAX: u64 = 1 << 31;

/// Returns what an answer received at `received` asks for.
///
/// `headers` are names in lower case with their values, in the order received. A field that says nothing usable counts
/// as absent, save an `Expires` that is no date, which means "already expired" (P17).
pub fn freshness(received: Timestamp, headers: &[(&str, &str)]) -> Freshness {
    let answered = first(headers, "date").and_then(http_date).unwrap_or(received);
    let fresh_for = lifetime(answered, headers).saturating_sub(age(headers));
    let wait =
        values(headers, "retry-after").filter_map(|value| retry_after(answered, value)).max();
    Freshness {
        fresh_until: (!fresh_for.is_zero()).then(|| after(received, fresh_for)),
        retry_at: wait.map(|wait| after(received, wait)),
    }
}

/// Returns how long the server asks us to wait, from a `Retry-After` value.
///
/// RFC 9110 §10.2.3 allows whole seconds or an HTTP-date (three forms, §5.6.7). A date is measured from `answered`, the
/// answer's own `Date`, because server clocks are wrong together; one already past is a zero wait. `None` means the
/// value is neither, and the caller falls back to its own back-off: a malformed header is the publisher's mistake,
/// never a reason to skip a poll.
///
/// The wait is as asked, up to what a delta-seconds can say; `schedule::next_poll` clamps it.
pub fn retry_after(answered: Timestamp, value: &str) -> Option<Duration> {
    let value = value.trim();
    if let Some(wait) = delta_seconds(value) {
        return Some(wait);
    }
    let at = http_date(value)?;
    Some(Duration::try_from(at.duration_since(answered)).unwrap_or(Duration::ZERO))
}

/// Returns the freshness lifetime (RFC 9111 §4.2.1). `max-age` wins over `Expires`, even when it is unreadable (P16, P19).
fn lifetime(answered: Timestamp, headers: &[(&str, &str)]) -> Duration {
    let ages: Vec<&str> = values(headers, "cache-control").flat_map(max_ages).collect();
    match ages.as_slice() {
        [] => expires(answered, headers),
        [age] => delta_seconds(age).unwrap_or(Duration::ZERO),
        [_, _, ..] => Duration::ZERO,
    }
}

/// Returns how far `Expires` lies after the answer's `Date`; zero when it is absent, repeated, past or no date.
fn expires(answered: Timestamp, headers: &[(&str, &str)]) -> Duration {
    let mut fields = values(headers, "expires");
    let (Some(value), None) = (fields.next(), fields.next()) else { return Duration::ZERO };
    let Some(at) = http_date(value) else { return Duration::ZERO };
    Duration::try_from(at.duration_since(answered)).unwrap_or(Duration::ZERO)
}

/// Returns `Age`: of several values the first counts, an unreadable one is ignored (RFC 9111 §5.1).
fn age(headers: &[(&str, &str)]) -> Duration {
    let first = first(headers, "age").and_then(|value| value.split(',').next());
    first.and_then(|value| delta_seconds(value.trim())).unwrap_or(Duration::ZERO)
}

/// Returns the arguments of the `max-age` directives of one field value, unquoted. A bare `max-age` has an empty one.
fn max_ages(value: &str) -> Vec<&str> {
    directives(value)
        .filter_map(|directive| {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            name.trim().eq_ignore_ascii_case("max-age").then(|| unquoted(argument.trim()))
        })
        .collect()
}

/// Splits a list at the commas that stand outside of quoted strings (RFC 9110 §5.6.1, §5.6.4).
fn directives(value: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    value
        .split(move |letter| {
            let was_escaped = std::mem::replace(&mut is_escaped, false);
            match letter {
                '"' if !was_escaped => is_quoted = !is_quoted,
                '\\' if is_quoted && !was_escaped => is_escaped = true,
                _ => {}
            }
            letter == ',' && !is_quoted
        })
        .map(str::trim)
}

/// RFC 9111 §5.2: a recipient ought to accept the quoted form of an argument too.
fn unquoted(argument: &str) -> &str {
    argument.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(argument)
}

/// Reads `1*DIGIT`, clamped. A sign, a fraction or nothing is no delta-seconds.
fn delta_seconds(value: &str) -> Option<Duration> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = value.parse().unwrap_or(DELTA_SECONDS_MAX);
    Some(Duration::from_secs(seconds.min(DELTA_SECONDS_MAX)))
}

fn http_date(value: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(value.trim()).ok()?).ok()
}

fn after(start: Timestamp, wait: Duration) -> Timestamp {
    start.saturating_add(wait).unwrap_or(start)
}

fn first<'a>(headers: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
}

fn values<'a>(headers: &[(&str, &'a str)], name: &str) -> impl Iterator<Item = &'a str> {
    headers.iter().filter(move |(found, _)| *found == name).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED: &str = "2026-03-01T12:00:00Z";
    const DATE: (&str, &str) = ("date", "Sun, 01 Mar 2026 12:00:00 GMT");

    fn seconds_until(at: Option<Timestamp>) -> Option<i64> {
        let received: Timestamp = RECEIVED.parse().unwrap();
        at.map(|at| at.duration_since(received).as_secs())
    }

    #[test]
    fn p23_retry_after_reads_both_forms_of_rfc_9110() {
        let answered = RECEIVED.parse().unwrap();
        let cases = [
            ("seconds", "120", Some(120)),
            ("blanks around", " 120 ", Some(120)),
            ("zero", "0", Some(0)),
            ("IMF-fixdate ahead", "Sun, 01 Mar 2026 12:05:00 GMT", Some(300)),
            ("IMF-fixdate past", "Sun, 01 Mar 2026 11:00:00 GMT", Some(0)),
            ("obsolete RFC 850", "Sunday, 01-Mar-26 12:05:00 GMT", Some(300)),
            ("asctime", "Sun Mar  1 12:05:00 2026", Some(300)),
            ("too large is clamped (P18)", "999999999999999999999999999999", Some(1 << 31)),
            ("negative is no wish", "-5", None),
            ("a sign is no digit", "+5", None),
            ("a fraction is no wish", "1.5", None),
            ("words", "soon", None),
            ("nothing", "", None),
        ];
        for (name, value, seconds) in cases {
            assert_eq!(retry_after(answered, value), seconds.map(Duration::from_secs), "{name}");
        }
    }

    #[test]
    fn p24_a_retry_after_date_is_measured_from_the_answers_own_date() {
        // The server's clock is a day behind ours.
        let headers = [
            ("date", "Sat, 28 Feb 2026 12:00:00 GMT"),
            ("retry-after", "Sat, 28 Feb 2026 13:00:00 GMT"),
        ];
        let found = freshness(RECEIVED.parse().unwrap(), &headers);
        assert_eq!(seconds_until(found.retry_at), Some(3_600));
    }

    #[test]
    fn of_two_retry_after_values_the_longer_wait_holds() {
        let headers = [("retry-after", "60"), ("retry-after", "120")];
        let found = freshness(RECEIVED.parse().unwrap(), &headers);
        assert_eq!(seconds_until(found.retry_at), Some(120));
    }

    /// Name, headers, and for how many seconds the answer is fresh.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<i64>);

    const IN_AN_HOUR: (&str, &str) = ("expires", "Sun, 01 Mar 2026 13:00:00 GMT");

    fn check(cases: &[Case<'_>]) {
        for (name, headers, seconds) in cases {
            let found = freshness(RECEIVED.parse().unwrap(), headers);
            assert_eq!(seconds_until(found.fresh_until), *seconds, "{name}");
        }
    }

    #[test]
    fn p15_an_answer_is_fresh_for_max_age_less_the_age() {
        check(&[
            ("no header, no wish", &[], None),
            ("max-age", &[("cache-control", "max-age=600")], Some(600)),
            ("minus Age", &[("cache-control", "max-age=600"), ("age", "200")], Some(400)),
            ("Age past max-age", &[("cache-control", "max-age=600"), ("age", "700")], None),
            ("first Age counts", &[("cache-control", "max-age=600"), ("age", "100, 5")], Some(500)),
            ("bad Age is ignored", &[("cache-control", "max-age=600"), ("age", "-1")], Some(600)),
            ("names in any case", &[("cache-control", "Public, Max-Age=600")], Some(600)),
            ("quoted argument", &[("cache-control", "max-age=\"600\"")], Some(600)),
            (
                "comma in a quoted string",
                &[("cache-control", "private=\"a, max-age=9\", max-age=600")],
                Some(600),
            ),
            (
                "escaped quote in a quoted string",
                &[("cache-control", r#"x="a\", max-age=9", max-age=600"#)],
                Some(600),
            ),
            ("s-maxage is for shared caches", &[("cache-control", "s-maxage=600")], None),
        ]);
    }

    #[test]
    fn p16_max_age_wins_over_expires() {
        check(&[
            ("a shorter one", &[("cache-control", "max-age=60"), DATE, IN_AN_HOUR], Some(60)),
            ("a longer one", &[("cache-control", "max-age=9000"), DATE, IN_AN_HOUR], Some(9_000)),
            ("zero", &[("cache-control", "max-age=0"), DATE, IN_AN_HOUR], None),
        ]);
    }

    #[test]
    fn p17_an_invalid_expires_means_already_expired() {
        check(&[
            ("0", &[("expires", "0")], None),
            ("-1", &[("expires", "-1")], None),
            ("words", &[("expires", "never")], None),
            ("past", &[DATE, ("expires", "Thu, 01 Jan 1970 00:00:00 GMT")], None),
            ("twice", &[DATE, IN_AN_HOUR, IN_AN_HOUR], None),
        ]);
    }

    #[test]
    fn p18_seconds_too_large_are_clamped() {
        let most = Some(1 << 31);
        check(&[
            ("past 64 bits", &[("cache-control", "max-age=99999999999999999999999")], most),
            ("past 32 bits", &[("cache-control", "max-age=4294967296")], most),
            ("just within", &[("cache-control", "max-age=2147483648")], most),
        ]);
    }

    #[test]
    fn p19_a_repeated_or_malformed_max_age_is_absent() {
        check(&[
            ("malformed", &[("cache-control", "max-age=1h")], None),
            ("negative", &[("cache-control", "max-age=-600")], None),
            ("bare", &[("cache-control", "max-age")], None),
            ("repeated", &[("cache-control", "max-age=60, max-age=600")], None),
            (
                "repeated over two fields",
                &[("cache-control", "max-age=60"), ("cache-control", "max-age=600")],
                None,
            ),
            (
                "the default applies, not Expires",
                &[("cache-control", "max-age=x"), DATE, IN_AN_HOUR],
                None,
            ),
        ]);
    }

    #[test]
    fn p20_no_cache_no_store_and_max_age_0_are_no_wish() {
        check(&[
            ("all three", &[("cache-control", "no-cache, no-store, max-age=0")], None),
            ("beside a max-age", &[("cache-control", "no-cache, max-age=600")], Some(600)),
            ("Pragma", &[("pragma", "no-cache")], None),
        ]);
    }

    #[test]
    fn expires_counts_from_the_answers_date_when_there_is_no_max_age() {
        check(&[
            ("Expires from Date", &[DATE, IN_AN_HOUR], Some(3_600)),
            (
                "Expires and Date of a slow clock",
                &[
                    ("date", "Sat, 28 Feb 2026 12:00:00 GMT"),
                    ("expires", "Sat, 28 Feb 2026 12:10:00 GMT"),
                ],
                Some(600),
            ),
            ("Expires without Date", &[IN_AN_HOUR], Some(3_600)),
            ("Expires minus Age", &[DATE, IN_AN_HOUR, ("age", "600")], Some(3_000)),
        ]);
    }

    #[test]
    fn the_end_of_time_does_not_overflow() {
        let late = Timestamp::MAX;
        let found = freshness(late, &[("cache-control", "max-age=600"), ("retry-after", "600")]);
        assert_eq!(found.fresh_until, Some(late));
        assert_eq!(found.retry_at, Some(late));
    }
}
