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

/// Half of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// AM.
    Morning,
    /// PM.
    Afternoon,
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
            let (part, digits) = self.number(1).filter(|(part, _)| *part < 60)?;
            if digits > 2 {
                return None;
            }
            // Seconds of an offset ("+07:00:00") are read and forgotten.
            minutes = minutes.or(Some(part));
            self.at += 2;
        }
        let offset = zone::offset(value, digits, minutes)?;
        match self.found.zone {
            // "GMT+7" is seven hours ahead (D6); an offset wins over a name (D10).
            None | Some(Zone::Offset(0)) => self.found.zone = Some(Zone::Offset(sign * offset)),
            Some(_) => return None,
        }
        Some(())
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
        self.at += 3;
        let mut second = 0;
        let separator = if self.is_sign(0, ':') { ':' } else { '.' };
        let is_dotted = self.is_timed && separator == '.' && !self.is_spaced(0);
        if (self.is_sign(0, ':') || is_dotted)
            && let Some((value, second_digits)) = self.number(1)
            && second_digits <= 2
        {
            second = value;
            self.at += 2;
        }
        let has_fraction = (self.is_sign(0, '.') || self.is_sign(0, ',') || self.is_sign(0, ':'))
            && !self.is_spaced(0)
            && !self.is_spaced(1)
            && self.number(1).is_some();
        if has_fraction {
            self.at += 2;
        }
        if digits > 2 || minute_digits > 2 {
            return None;
        }
        self.set_time(Time { hour, minute, second })
    }

    /// `h` and `g` are hours only right behind a number, as in `15h30`.
    pub(super) fn means_unit(&self, word: &str, unit: Unit) -> bool {
        match unit {
            Unit::Hour if matches!(word, "h" | "g") => !self.is_spaced(0),
            Unit::Year | Unit::Month | Unit::Day | Unit::Hour | Unit::Minute | Unit::Second => true,
        }
    }

    pub(super) fn is_half_next(&self) -> bool {
        match self.kind(0) {
            Some(Kind::Word(word)) => {
                matches!(words::look_up(word, self.language), Some(Word::Morning | Word::Afternoon))
                    && word.is_ascii()
            }
            _ => false,
        }
    }

    pub(super) fn read_unit(&mut self, value: u32, digits: usize, unit: Unit) -> Option<()> {
        match unit {
            Unit::Hour => {
                self.set_time(Time { hour: value, ..Time::default() })?;
                // "15h30", "15 giờ 30": bare minutes.
                if let Some((minute, 1 | 2)) = self.number(0)
                    && !matches!(self.kind(1), Some(Kind::Sign('/' | '.' | '-' | ':')))
                    && !self.is_spaced(0)
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
