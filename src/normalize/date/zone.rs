//! Names of time zones as they stand in feeds (D4–D9).

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// What a date says of its zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// A distance from UTC, in seconds.
    Offset(i32),
    /// A name with several meanings: distances in seconds, the most likely first.
    Ambiguous(&'static [i32]),
    /// A name in the tz database.
    Region(String),
    /// A name that nobody knows.
    Unknown,
}

/// Offsets beyond this are nonsense (D8), in seconds.
const OFFSET_MAX_S: i32 = 14 * 3_600;

const fn hm(hours: i32, minutes: i32) -> i32 {
    hours * 3_600 + minutes * 60
}

/// Letters with one meaning, in hours and minutes from UTC. "EST" is -5 in summer too: letters are
/// taken at their word.
#[rustfmt::skip]
const LETTERS: &[(&str, i32)] = &[
    ("gmt", 0), ("utc", 0), ("ut", 0), ("z", 0),
    ("wet", 0), ("uct", 0), ("zulu", 0), ("est", hm(-5, 0)),
    ("edt", hm(-4, 0)), ("cdt", hm(-5, 0)), ("mst", hm(-7, 0)), ("mdt", hm(-6, 0)),
    ("pst", hm(-8, 0)), ("pdt", hm(-7, 0)), ("akst", hm(-9, 0)), ("akdt", hm(-8, 0)),
    ("hst", hm(-10, 0)), ("adt", hm(-3, 0)), ("nst", hm(-3, -30)), ("ndt", hm(-2, -30)),
    ("brt", hm(-3, 0)), ("brst", hm(-2, 0)), ("art", hm(-3, 0)), ("clt", hm(-4, 0)),
    ("clst", hm(-3, 0)), ("cot", hm(-5, 0)), ("pet", hm(-5, 0)), ("west", hm(1, 0)),
    ("cet", hm(1, 0)), ("met", hm(1, 0)), ("mez", hm(1, 0)), ("wat", hm(1, 0)),
    ("cest", hm(2, 0)), ("mest", hm(2, 0)), ("mesz", hm(2, 0)), ("eet", hm(2, 0)),
    ("cat", hm(2, 0)), ("sast", hm(2, 0)), ("idt", hm(3, 0)), ("eest", hm(3, 0)),
    ("msk", hm(3, 0)), ("мск", hm(3, 0)), ("eat", hm(3, 0)), ("trt", hm(3, 0)), ("msd", hm(4, 0)),
    ("irst", hm(3, 30)), ("pkt", hm(5, 0)), ("npt", hm(5, 45)), ("ict", hm(7, 0)),
    ("wib", hm(7, 0)), ("sgt", hm(8, 0)), ("hkt", hm(8, 0)), ("myt", hm(8, 0)),
    ("pht", hm(8, 0)), ("wita", hm(8, 0)), ("awst", hm(8, 0)), ("jst", hm(9, 0)),
    ("kst", hm(9, 0)), ("wit", hm(9, 0)), ("acst", hm(9, 30)), ("acdt", hm(10, 30)),
    ("aest", hm(10, 0)), ("aedt", hm(11, 0)), ("nzst", hm(12, 0)), ("nzdt", hm(13, 0)),
];

/// Letters with several meanings (D4); the zone of the feed decides, else the first.
const AMBIGUOUS: &[(&str, &[i32])] = &[
    ("ist", &[hm(5, 30), hm(2, 0), hm(1, 0)]),
    ("bst", &[hm(1, 0), hm(6, 0)]),
    ("cst", &[hm(-6, 0), hm(8, 0), hm(-5, 0)]),
    ("ast", &[hm(-4, 0), hm(3, 0)]),
];

/// Letters that leave summer time open: the region decides by the date.
const REGIONS: &[(&str, &str)] = &[
    ("et", "America/New_York"),
    ("ct", "America/Chicago"),
    ("mt", "America/Denver"),
    ("pt", "America/Los_Angeles"),
    ("at", "America/Halifax"),
];

/// Returns what a folded word says of a zone; `None`: it is no zone we know.
pub(super) fn look_up(word: &str) -> Option<Zone> {
    if let Some((_, offset)) = LETTERS.iter().find(|(name, _)| *name == word) {
        return Some(Zone::Offset(*offset));
    }
    if let Some((_, offsets)) = AMBIGUOUS.iter().find(|(name, _)| *name == word) {
        return Some(Zone::Ambiguous(offsets));
    }
    let region = REGIONS.iter().find(|(name, _)| *name == word);
    let region = region.map(|(_, name)| Zone::Region((*name).to_owned()));
    region.or_else(|| (word == "local").then_some(Zone::Unknown))
}

/// Tells whether a folded word names a zone and can mean nothing else in a date: "at" can.
pub(super) fn is_name(word: &str) -> bool {
    matches!(look_up(word), Some(Zone::Offset(_) | Zone::Ambiguous(_)))
        || REGIONS.iter().any(|(name, _)| *name == word && *name != "at")
}

/// Returns the offset in seconds that digits say: `7`, `07`, `700`, `0700`, with what follows a
/// colon.
pub(super) fn offset(value: u32, digits: usize, minutes: Option<u32>) -> Option<i32> {
    let (hours, minutes) = match (digits, minutes) {
        (1 | 2, minutes) => (value, minutes.unwrap_or(0)),
        (3 | 4, None) => (value / 100, value % 100),
        _ => return None,
    };
    let seconds = hours.checked_mul(3_600)?.checked_add(minutes.checked_mul(60)?)?;
    i32::try_from(seconds).ok().filter(|_| minutes < 60 || hours > 14)
}

/// Tells whether an offset can be real.
pub(super) fn is_real(offset: i32) -> bool {
    offset.abs() <= OFFSET_MAX_S
}

/// Returns a fixed zone.
pub(super) fn fixed(seconds: i32) -> Option<TimeZone> {
    Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
}

/// Chooses among the meanings of a name by the feed's own zone at that time.
pub(super) fn choose(offsets: &[i32], local: DateTime, own: &TimeZone) -> Option<TimeZone> {
    let own_offset = own
        .to_ambiguous_timestamp(local)
        .compatible()
        .ok()
        .map(|instant| own.to_offset(instant).seconds());
    let chosen = offsets.iter().find(|offset| Some(**offset) == own_offset).or(offsets.first());
    chosen.copied().and_then(fixed)
}
