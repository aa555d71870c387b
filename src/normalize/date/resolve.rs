//! Makes an instant of the parts of a date.

use jiff::civil::{Date, DateTime, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::half::Half;
use super::reader::{Found, Number};
use super::time::Time;
use super::words::Unit;
use super::zone::{self, Zone};
use super::{DateSettings, DayMonth, Flaw, Parsed};

/// Years outside are absurd: placeholders (D24, D34), or another calendar (D20: Persian 1403, Thai
/// 2567).
const YEARS: std::ops::RangeInclusive<i16> = 1700..=2299;

/// Two-digit years from here on are of the last century (D3).
const CENTURY_SPLIT: u32 = 70;

/// Zones shift the placeholder 1970-01-01T00:00 by so many seconds at most (D24).
const EPOCH_SHIFT_S: i64 = 14 * 3_600;

/// Returns the instant of digits alone: seconds, milliseconds, or a compact date is left to others
/// (D23).
pub(super) fn unix(digits: &str) -> Option<Timestamp> {
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        9 | 10 => Timestamp::from_second(number).ok(),
        13 => Timestamp::from_second(number / 1_000).ok(),
        _ => None,
    }
}

/// Returns the instant unless it is a placeholder for none (D24).
pub(super) fn real(instant: Timestamp) -> Option<Timestamp> {
    (instant.as_second().abs() > EPOCH_SHIFT_S).then_some(instant)
}

/// Returns the instant that the parts name.
pub(super) fn instant(found: &Found, settings: &DateSettings<'_>) -> Option<Parsed> {
    let date = date(found, settings.order())?;
    let is_placeholder = date == Date::constant(1900, 1, 1) || !YEARS.contains(&date.year());
    if is_placeholder {
        return None;
    }
    let local = local(date, found.time, found.half)?;
    let named = zone_of(found, local, settings.zone)?;
    let (zone, flaw) = match &named {
        Named::Zone(zone) => (zone, None),
        Named::Nothing => (settings.zone, None),
        Named::Nonsense(flaw) => (settings.zone, Some(*flaw)),
    };
    let instant = zone.to_ambiguous_timestamp(local).compatible().ok()?;
    let is_named = matches!(named, Named::Zone(_));
    let offset_s = is_named.then(|| zone.to_offset(instant).seconds());
    real(instant).map(|instant| Parsed { instant, flaw, offset_s })
}

/// What a date names for a zone.
enum Named {
    Zone(TimeZone),
    Nothing,
    Nonsense(Flaw),
}

fn zone_of(found: &Found, local: DateTime, own: &TimeZone) -> Option<Named> {
    Some(match &found.zone {
        Some(Zone::Offset(offset)) if zone::is_real(*offset) => Named::Zone(zone::fixed(*offset)?),
        Some(Zone::Offset(_)) => Named::Nonsense(Flaw::OffsetOutOfRange),
        Some(Zone::Ambiguous(offsets)) => Named::Zone(zone::choose(offsets, local, own)?),
        Some(Zone::Region(name)) => match TimeZone::get(name) {
            Ok(zone) => Named::Zone(zone),
            Err(_) => Named::Nonsense(Flaw::UnknownZone),
        },
        Some(Zone::Unknown) => Named::Nonsense(Flaw::UnknownZone),
        None if found.is_korean => Named::Zone(zone::fixed(9 * 3_600)?),
        None => Named::Nothing,
    })
}

/// Puts day and time together; 24:00 is the end of the day, second 60 is :59 (D22).
fn local(date: Date, time: Option<Time>, half: Option<Half>) -> Option<DateTime> {
    let Some(time) = time else {
        // "AM" without a time is no date.
        return half.is_none().then(|| date.at(0, 0, 0, 0));
    };
    let hour = half.map_or(time.hour, |half| half.apply(time.hour));
    let is_end = time.hour == 24 && time.minute == 0 && time.second == 0;
    if (time.hour > 23 && !is_end) || time.minute > 59 || time.second > 60 {
        return None;
    }
    let date = if is_end { date.checked_add(1.day()).ok()? } else { date };
    let hour = if is_end { 0 } else { i8::try_from(hour).ok()? };
    let second = i8::try_from(time.second.min(59)).ok()?;
    Some(date.at(hour, i8::try_from(time.minute).ok()?, second, 0))
}

/// Returns the day.
fn date(found: &Found, order: DayMonth) -> Option<Date> {
    let numbers = found.numbers.as_slice();
    if let Some((week, day)) = found.week {
        return in_week(numbers, week, day);
    }
    if let Some((month, before)) = found.month {
        return with_month(numbers, u32::from(month), before);
    }
    if numbers.iter().any(|it| it.unit.is_some()) {
        return with_units(numbers);
    }
    match numbers {
        [only] => compact(*only, found.time.is_some()),
        [year, month] if year.digits == 4 && month.digits == 3 => ordinal(year.value, month.value),
        [year, month] if year.digits == 4 && month.digits <= 2 => civil(year.value, month.value, 1),
        [month, year] if year.digits == 4 && month.digits <= 2 => civil(year.value, month.value, 1),
        [first, second, third] => three(*first, *second, *third, order),
        _ => None,
    }
}

/// A month by name: the other numbers are day and year.
fn with_month(numbers: &[Number], month: u32, before: usize) -> Option<Date> {
    match numbers {
        [year] if year.digits == 4 => civil(year.value, month, 1),
        [first, second] if is_year(*first) && !is_year(*second) => {
            civil(year_of(*first)?, month, second.value)
        }
        // "07 Sep 02", "Sep 07 02": the year comes last.
        [first, second] if before <= 1 => civil(year_of(*second)?, month, first.value),
        _ => None,
    }
}

/// A day of a week of a year (ISO 8601): 2010-W53 does not exist, as that year had 52 weeks.
fn in_week(numbers: &[Number], week: u32, day: u32) -> Option<Date> {
    let [year] = numbers else {
        return None;
    };
    let year = i16::try_from(year.value).ok().filter(|_| year.digits == 4)?;
    let day = Weekday::from_monday_one_offset(i8::try_from(day).ok()?).ok()?;
    ISOWeekDate::new(year, i8::try_from(week).ok()?, day).ok().map(ISOWeekDate::date)
}

fn is_year(number: Number) -> bool {
    number.digits == 4 || number.unit == Some(Unit::Year)
}

/// Words say what numbers count: `2004년 05월 28일`. Where they leave some out, as in `05 6月 2011`,
/// four digits are the year and the rest is the day.
fn with_units(numbers: &[Number]) -> Option<Date> {
    let of = |unit: Unit| numbers.iter().find(|it| it.unit == Some(unit));
    let bare = |is_long: bool| {
        let mut bare = numbers.iter().filter(|it| it.unit.is_none() && (it.digits == 4) == is_long);
        bare.next().filter(|_| bare.next().is_none())
    };
    let year = of(Unit::Year).or_else(|| bare(true))?;
    let month = of(Unit::Month)?;
    let day = match of(Unit::Day).or_else(|| bare(false)) {
        Some(day) => day.value,
        None if numbers.len() == 2 => 1,
        None => return None,
    };
    let is_whole = numbers.iter().all(|it| it.unit.is_some() || it == year || it.value == day);
    is_whole.then_some(())?;
    civil(year_of(*year)?, month.value, day)
}

/// One number: `2003`, `20031231` (D1, D23).
fn compact(number: Number, has_time: bool) -> Option<Date> {
    let value = number.value;
    match number.digits {
        4 if !has_time => civil(value, 1, 1),
        7 => ordinal(value / 1_000, value % 1_000),
        8 => civil(value / 10_000, value / 100 % 100, value % 100),
        _ => None,
    }
}

fn ordinal(year: u32, day: u32) -> Option<Date> {
    let first = civil(year, 1, 1)?;
    let date = first.checked_add(i64::from(day).checked_sub(1)?.days()).ok()?;
    (day > 0 && date.year() == first.year()).then_some(date)
}

/// Three numbers, in the order that signs and values show, else `order` (D16).
fn three(first: Number, second: Number, third: Number, order: DayMonth) -> Option<Date> {
    if first.digits == 4 {
        return civil(first.value, second.value, third.value);
    }
    if first.digits > 2 || second.digits > 2 {
        return None;
    }
    let year = year_of(third)?;
    let order = match shown(first, second) {
        Some(shown) => shown,
        None if first.sign == Some('.') => DayMonth::DayFirst,
        None => order,
    };
    match order {
        DayMonth::DayFirst => civil(year, second.value, first.value),
        DayMonth::MonthFirst => civil(year, first.value, second.value),
    }
}

fn shown(first: Number, second: Number) -> Option<DayMonth> {
    match (first.value > 12, second.value > 12) {
        (true, false) => Some(DayMonth::DayFirst),
        (false, true) => Some(DayMonth::MonthFirst),
        (true, true) | (false, false) => None,
    }
}

/// Returns the order of day and month that a date shows by itself; dates with dots or names show
/// none.
pub(super) fn shown_order(found: &Found) -> Option<DayMonth> {
    match found.numbers.as_slice() {
        [first, second, _]
            if found.month.is_none()
                && first.digits <= 2
                && first.unit.is_none()
                && matches!(first.sign, Some('/' | '-')) =>
        {
            shown(*first, *second)
        }
        _ => None,
    }
}

/// Returns a year of four digits, or of two (D3).
fn year_of(number: Number) -> Option<u32> {
    match number.digits {
        4 => Some(number.value),
        2 if number.value < CENTURY_SPLIT => Some(number.value + 2_000),
        2 => Some(number.value + 1_900),
        _ => None,
    }
}

fn civil(year: u32, month: u32, day: u32) -> Option<Date> {
    let year = i16::try_from(year).ok()?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}
