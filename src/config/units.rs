//! Durations and sizes with units: `"15m"`, `"1h 30m"`, `"10 MiB"`. Pure.

use std::time::Duration;

use super::problem::{Fault, fault};

/// The longest duration accepted: 100 years, so that adding one to an instant stays in range.
const DURATION_S_MAX: u64 = 36_500 * 86_400;

/// Units of time in milliseconds, longest first, with their spellings.
const TIME_UNITS: &[(u64, &[&str])] = &[
    (604_800_000, &["w", "week", "weeks"]),
    (86_400_000, &["d", "day", "days"]),
    (3_600_000, &["h", "hr", "hour", "hours"]),
    (60_000, &["m", "min", "mins", "minute", "minutes"]),
    (1_000, &["s", "sec", "secs", "second", "seconds"]),
    (1, &["ms"]),
];

/// Units of size in bytes.
const SIZE_UNITS: &[(u64, &str)] = &[
    (1, "B"),
    (1_000, "kB"),
    (1_000, "KB"),
    (1 << 10, "KiB"),
    (1_000_000, "MB"),
    (1 << 20, "MiB"),
    (1_000_000_000, "GB"),
    (1 << 30, "GiB"),
    (1_000_000_000_000, "TB"),
    (1 << 40, "TiB"),
];

/// Reads whole numbers, each with a unit, the units falling: `2d`, `1h30m`, `1 h 30 m`, `0s`.
pub(super) fn duration(text: &str) -> Result<Duration, Fault> {
    let bad = || {
        fault(
            format!("{text:?} is no duration"),
            "write whole numbers with units w, d, h, m, s or ms, such as \"15m\" or \"1h 30m\"",
        )
    };
    let too_long = || fault(format!("{text:?} is too long"), "write at most \"36500d\"");
    let mut rest = text.trim();
    let mut sum_ms = 0_u64;
    let mut unit_before_ms = u64::MAX;
    while !rest.is_empty() {
        let (number, unit, tail) = number_and_unit(rest).ok_or_else(bad)?;
        let named = TIME_UNITS.iter().find(|(_, names)| names.contains(&unit));
        let (unit_ms, _) = named.ok_or_else(bad)?;
        if *unit_ms >= unit_before_ms {
            return Err(bad());
        }
        unit_before_ms = *unit_ms;
        let part_ms = number.checked_mul(*unit_ms).ok_or_else(too_long)?;
        sum_ms = sum_ms.checked_add(part_ms).ok_or_else(too_long)?;
        rest = tail;
    }
    if unit_before_ms == u64::MAX {
        return Err(bad());
    }
    let sum = Duration::from_millis(sum_ms);
    if sum.as_secs() > DURATION_S_MAX { Err(too_long()) } else { Ok(sum) }
}

/// Reads one whole number with a unit: `10 MiB`, `512KiB`, `1 GB`, `0 B`.
pub(super) fn size_bytes(text: &str) -> Result<u64, Fault> {
    let bad = || {
        fault(
            format!("{text:?} is no size"),
            "write a whole number with a unit B, KiB, MiB, GiB (or kB, MB, GB), such as \"10 MiB\"",
        )
    };
    let (number, unit, rest) = number_and_unit(text.trim()).ok_or_else(bad)?;
    let named = SIZE_UNITS.iter().find(|(_, name)| *name == unit);
    let (unit_bytes, _) = named.filter(|_| rest.is_empty()).ok_or_else(bad)?;
    let bytes = number.checked_mul(*unit_bytes).filter(|bytes| i64::try_from(*bytes).is_ok());
    bytes.ok_or_else(|| fault(format!("{text:?} is too large"), "write at most \"1000 TiB\""))
}

/// Splits off the first number and unit; the third part is what follows.
fn number_and_unit(text: &str) -> Option<(u64, &str, &str)> {
    let (number, rest) = split_where(text, |c| !c.is_ascii_digit());
    let (unit, rest) = split_where(rest.trim_start(), |c| !c.is_ascii_alphabetic());
    Some((number.parse().ok()?, unit, rest.trim_start()))
}

fn split_where(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// Returns a duration as it would be written in the configuration.
pub(super) fn spelled(duration: Duration) -> String {
    let mut rest_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for (unit_ms, names) in TIME_UNITS {
        let count = rest_ms / unit_ms;
        rest_ms %= unit_ms;
        if count > 0 {
            parts.push(format!("{count}{}", names.first().copied().unwrap_or_default()));
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [
            ("15m", Some(900_000)),
            ("1h 30m", Some(5_400_000)),
            ("1h30m", Some(5_400_000)),
            ("1 h 30 m", Some(5_400_000)),
            (" 30s ", Some(30_000)),
            ("0s", Some(0)),
            ("400d", Some(34_560_000_000)),
            ("2w", Some(1_209_600_000)),
            ("96h", Some(345_600_000)),
            ("250ms", Some(250)),
            ("2 minutes", Some(120_000)),
            ("36500d", Some(3_153_600_000_000)),
            ("36501d", None),
            ("", None),
            ("15", None),
            ("m", None),
            ("-5m", None),
            ("1.5h", None),
            ("15 parsecs", None),
            ("30m 1h", None),
            ("1h 1h", None),
            ("1h and more", None),
            ("15M", None),
            ("99999999999999999999d", None),
            ("9999999999999999999w", None),
        ];
        for (text, expected_ms) in cases {
            let expected = expected_ms.map(Duration::from_millis);
            assert_eq!(duration(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn sizes() {
        let cases = [
            ("10 MiB", Some(10_485_760)),
            ("10MiB", Some(10_485_760)),
            ("1 GiB", Some(1_073_741_824)),
            ("1 GB", Some(1_000_000_000)),
            ("3 kB", Some(3_000)),
            ("0 B", Some(0)),
            ("10", None),
            ("10 mib", None),
            ("1.5 GiB", None),
            ("1 GiB 5 MiB", None),
            ("", None),
            ("99999999 TiB", None),
        ];
        for (text, expected) in cases {
            assert_eq!(size_bytes(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn spelled_durations_read_back() {
        for text in ["0s", "15m", "1h 30m", "1d", "1w 1d", "250ms"] {
            assert_eq!(spelled(duration(text).unwrap()), text);
        }
    }
}
