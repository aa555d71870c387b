//! The time of day within a date, and the distance from UTC behind it.

use super::lexer::Kind;
use super::reader::{Number, Reader};
use super::words::{self, Unit, Word};
use super::zone::{self, Zone};

/// A time of day as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Time {
    /// 0 to 24.
    pub(super) hour: u32,
    /// 0 to 59.
    pub(super) minute: u32,
    /// 0 to 60.
    pub(super) second: u32,
}

impl Reader<'_> {
    /// Tells whether the `-` here begins an offset rather than parting the date.
    pub(super) fn is_offset(&self) -> bool {
        if self.is_sign(1, '-') && self.number(2).is_some() {
            // "--0700" (goread's list).
            return self.found.time.is_some();
        }
        let has_zone_name = matches!(self.found.zone, Some(Zone::Offset(0)));
        let parts = self.found.numbers.len() + usize::from(self.found.month.is_some());
        let is_part_before = self.at > 0
            && !self.is_spaced(0)
            && parts > 0
            && parts < 3
            && !has_zone_name
            && matches!(
                self.tokens.get(self.at - 1).map(|it| &it.kind),
                Some(Kind::Number(..) | Kind::Word(_))
            )
            && !self.follows_time();
        let is_date_ahead = matches!(self.kind(2), Some(Kind::Sign('/' | '.' | '-')))
            && !self.is_spaced(2)
            && self.number(3).is_some();
        let is_number_ahead = self.number(1).is_some() && !self.is_spaced(1);
        (self.found.time.is_some() || has_zone_name)
            && is_number_ahead
            && !is_part_before
            && !is_date_ahead
    }

    /// Tells whether the number before is the end of a time: `10:14:55-05:00`.
    pub(super) fn follows_time(&self) -> bool {
        self.at >= 2
            && matches!(self.tokens.get(self.at - 2).map(|it| &it.kind), Some(Kind::Sign(':')))
    }

    pub(super) fn read_offset(&mut self, sign: i32) -> Option<()> {
        while self.is_sign(0, '-') {
            self.at += 1;
        }
        let (value, digits) = self.number(0)?;
        self.at += 1;
        let mut minutes = None;
        while self.is_sign(0, ':') {
            let (part, digits) = self.number(1)?;
            if digits > 2 {
                return None;
            }
            // Seconds of an offset ("+07:00:00") are read and forgotten.
            minutes = minutes.or(Some(part));
            self.at += 2;
        }
        let offset = zone::offset(value, digits, minutes)?;
        // "GMT+7" is seven hours ahead (D6); an offset wins over a name (D10), but not over another.
        self.found.zone = Some(Zone::Offset(sign * offset));
        (!std::mem::replace(&mut self.has_offset, true)).then_some(())
    }

    /// Tells whether the number just read stands behind a `T`: `20031231T101455`.
    pub(super) fn is_after_t(&self) -> bool {
        let before = |back: usize| self.at.checked_sub(back).and_then(|at| self.tokens.get(at));
        let is_t =
            before(2).is_some_and(|it| it.kind == Kind::Word("t".to_owned()) && !it.is_spaced);
        is_t && before(3).is_some_and(|it| matches!(it.kind, Kind::Number(..)))
    }

    pub(super) fn read_compact_time(&mut self, value: u32, digits: usize) -> Option<()> {
        let (hour, minute, second) = match digits {
            2 => (value, 0, 0),
            4 => (value / 100, value % 100, 0),
            6 => (value / 10_000, value / 100 % 100, value % 100),
            _ => return None,
        };
        self.set_time(Time { hour, minute, second })
    }

    pub(super) fn set_time(&mut self, time: Time) -> Option<()> {
        if self.found.time.is_some() {
            return None;
        }
        self.found.time = Some(time);
        Some(())
    }

    /// Reads `9:05`, `9:05:07`, `9:05:07.123`; the fraction is dropped.
    pub(super) fn read_time(&mut self, hour: u32, digits: usize) -> Option<()> {
        let (minute, minute_digits) = self.number(2)?;
        let is_dotted = self.is_sign(1, '.');
        self.at += 3;
        let mut second = 0;
        if (self.is_sign(0, ':') || is_dotted && self.is_sign(0, '.') && !self.is_spaced(0))
            && let Some((value, second_digits)) = self.number(1)
            && second_digits <= 2
        {
            second = value;
            self.at += 2;
        }
        // "11:05:30:000" has milliseconds; "11:05:30:40" is no time.
        let has_fraction = match self.kind(0) {
            Some(Kind::Sign('.' | ',')) => self.number(1).is_some(),
            Some(Kind::Sign(':')) => self.number(1).is_some_and(|(_, digits)| digits == 3),
            _ => false,
        } && !self.is_spaced(0)
            && !self.is_spaced(1);
        if has_fraction {
            self.at += 2;
        }
        if digits > 2 || minute_digits > 2 {
            return None;
        }
        self.set_time(Time { hour, minute, second })
    }

    /// Tells whether the number here begins a time with a dot, `18.05`. That is one behind a word
    /// for the hour or a whole date, and before a word for the hour or a bar.
    pub(super) fn is_dotted_time(&self, hour: u32, digits: usize) -> bool {
        let has_shape = self.is_sign(1, '.')
            && !self.is_spaced(1)
            && !self.is_spaced(2)
            && matches!(self.number(2), Some((0..=59, 2)))
            && hour <= 24
            && digits <= 2;
        let is_followed = match self.kind(3) {
            Some(Kind::Word(word)) => {
                matches!(word.as_str(), "uhr" | "uur" | "h" | "hod" | "hrs" | "น")
            }
            Some(Kind::Sign('|')) => true,
            _ => false,
        };
        // "um 03.06.2011" is a day; "klo 15.04.05" has seconds.
        let is_day = self.is_sign(3, '.')
            && !self.is_spaced(3)
            && self.number(4).is_some_and(|(_, digits)| digits != 2);
        has_shape && !is_day && (self.is_timed || self.is_whole() || is_followed)
    }

    /// Tells whether a day was read whole: three parts, or `20110603`.
    pub(super) fn is_whole(&self) -> bool {
        self.found.numbers.len() + usize::from(self.found.month.is_some()) >= 3
            || self.found.numbers.iter().any(|it| it.digits == 8)
    }

    /// Tells whether a time begins here: `6:11`, `6.11`, `6 giờ`, `6h`.
    pub(super) fn is_time_ahead(&self) -> bool {
        let dot = usize::from(self.is_sign(0, '.'));
        let Some((value, digits)) = self.number(dot) else {
            return false;
        };
        let is_clock = self.is_sign(dot + 1, ':') && self.number(dot + 2).is_some();
        let is_hour = match self.kind(dot + 1) {
            Some(Kind::Word(word)) => {
                words::look_up(word, self.language) == Some(Word::Unit(Unit::Hour))
            }
            _ => false,
        };
        is_clock || is_hour || dot == 0 && self.is_dotted_time(value, digits)
    }

    /// `h` and `g` are hours only right behind a number, as in `15h30`, or before two digits.
    pub(super) fn means_unit(&self, word: &str, unit: Unit) -> bool {
        match unit {
            Unit::Hour if matches!(word, "h" | "g") => {
                !self.is_spaced(0) || matches!(self.number(1), Some((0..=59, 2)))
            }
            Unit::Year | Unit::Month | Unit::Day | Unit::Hour | Unit::Minute | Unit::Second => true,
        }
    }

    pub(super) fn is_half_next(&self) -> bool {
        match self.kind(0) {
            Some(Kind::Word(word)) => {
                matches!(words::look_up(word, self.language), Some(Word::Half(_)))
                    && word.is_ascii()
            }
            _ => false,
        }
    }

    /// Tells whether the number here is minutes behind an hour: `15h30`, `15 giờ 30`, but not the day
    /// in `15h 3/6/2011` and `15 giờ 03 tháng 6`.
    fn are_minutes(&self, value: u32, digits: usize) -> bool {
        let is_date = matches!(self.kind(1), Some(Kind::Sign('/' | '.' | '-' | ':')))
            && !self.is_spaced(1)
            && self.number(2).is_some();
        let is_followed = match self.kind(1) {
            None | Some(Kind::Sign(_)) => true,
            Some(Kind::Word(word)) => match words::look_up(word, self.language) {
                Some(Word::Half(_) | Word::Unit(Unit::Minute) | Word::Weekday) => true,
                Some(Word::Filler) => word == "ngay",
                _ => self.is_whole(),
            },
            Some(Kind::Number(..) | Kind::Region(_)) => self.is_whole(),
        };
        !is_date && (!self.is_spaced(0) || digits == 2 && value < 60 && is_followed)
    }

    pub(super) fn read_unit(&mut self, value: u32, digits: usize, unit: Unit) -> Option<()> {
        match unit {
            Unit::Hour => {
                self.set_time(Time { hour: value, ..Time::default() })?;
                if let Some((minute, digits @ (1 | 2))) = self.number(0)
                    && self.are_minutes(minute, digits)
                {
                    self.at += 1;
                    self.found.time.as_mut()?.minute = minute;
                }
                Some(())
            }
            Unit::Minute => {
                self.found.time.as_mut()?.minute = value;
                Some(())
            }
            Unit::Second => {
                self.found.time.as_mut()?.second = value;
                Some(())
            }
            Unit::Year | Unit::Month | Unit::Day => {
                self.found.is_korean |= self.follows_korean();
                self.push_number(Number { value, digits, sign: None, unit: Some(unit) })
            }
        }
    }
}
