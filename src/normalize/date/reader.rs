//! Walks over the pieces of a date once and says what each of them is.

use super::half::Half;
use super::lexer::{Kind, Token};
use super::time::Time;
use super::words::{self, Unit, Word};
use super::zone::Zone;

/// The parts of a date, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Numbers that are parts of the day, in their order.
    pub(super) numbers: Vec<Number>,
    /// A month by its name, and how many numbers stand before it.
    pub(super) month: Option<(u8, usize)>,
    /// A time of day.
    pub(super) time: Option<Time>,
    /// A week of a year and a day of it (ISO 8601).
    pub(super) week: Option<(u32, u32)>,
    /// AM or PM.
    pub(super) half: Option<Half>,
    /// A zone.
    pub(super) zone: Option<Zone>,
    /// Korean was seen: without a zone it means +09:00.
    pub(super) is_korean: bool,
}

/// A number of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// Its value.
    pub(super) value: u32,
    /// How many digits.
    pub(super) digits: usize,
    /// The sign right behind it.
    pub(super) sign: Option<char>,
    /// What it counts, when a word says so.
    pub(super) unit: Option<Unit>,
}

/// Returns the parts of a date; `None`: a piece is not understood (D26), or stands twice.
pub(super) fn read(tokens: &[Token], language: Option<&str>) -> Option<Found> {
    let mut reader = Reader {
        tokens,
        at: 0,
        language,
        found: Found::default(),
        weekday: None,
        is_timed: false,
        has_offset: false,
    };
    while reader.at < tokens.len() {
        reader.step()?;
    }
    Some(reader.found)
}

pub(super) struct Reader<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
    pub(super) language: Option<&'a str>,
    pub(super) found: Found,
    /// The month a first word would be if it were no day of the week (D18).
    pub(super) weekday: Option<u8>,
    /// A word announced a time, so that `15.04` is one.
    pub(super) is_timed: bool,
    /// A distance from UTC was read.
    pub(super) has_offset: bool,
}

impl Reader<'_> {
    pub(super) fn kind(&self, ahead: usize) -> Option<&Kind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    pub(super) fn is_sign(&self, ahead: usize, sign: char) -> bool {
        self.kind(ahead) == Some(&Kind::Sign(sign))
    }

    pub(super) fn number(&self, ahead: usize) -> Option<(u32, usize)> {
        match self.kind(ahead) {
            Some(Kind::Number(value, digits)) => Some((*value, *digits)),
            _ => None,
        }
    }

    pub(super) fn is_spaced(&self, ahead: usize) -> bool {
        self.tokens.get(self.at + ahead).is_none_or(|token| token.is_spaced)
    }

    fn step(&mut self) -> Option<()> {
        match self.kind(0)?.clone() {
            Kind::Number(value, digits) => self.read_number(value, digits),
            Kind::Word(word) => self.read_word(&word),
            Kind::Region(name) => {
                self.at += 1;
                self.set_zone(Zone::Region(name))
            }
            Kind::Sign(sign) => self.read_sign(sign),
        }
    }

    fn read_sign(&mut self, sign: char) -> Option<()> {
        let is_offset = match sign {
            '+' => true,
            '-' => self.is_offset(),
            _ => false,
        };
        if is_offset {
            self.at += 1;
            return self.read_offset(if sign == '+' { 1 } else { -1 });
        }
        let is_between = self.is_between(sign);
        self.at += 1;
        is_between.then_some(())
    }

    /// Tells whether a sign stands where it parts something: `2011-`, `-2011` and `3//6` are
    /// leftovers of a date (D26).
    fn is_between(&self, sign: char) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|it| &it.kind);
        let is_joint = |kind: Option<&Kind>| match kind {
            Some(Kind::Sign(sign)) => matches!(sign, '-' | '/' | '.' | ':'),
            _ => false,
        };
        match sign {
            ',' | '.' | ';' | '\'' => true,
            // "ngày: 3/6/2011"; between numbers it belongs to a time.
            ':' => matches!(before, Some(Kind::Word(_))) && self.kind(1).is_some(),
            '-' | '/' => {
                before.is_some()
                    && self.kind(1).is_some()
                    && (self.is_spaced(0) || !is_joint(before))
                    && (self.is_spaced(1) || !is_joint(self.kind(1)))
            }
            '|' | '•' | '·' | '@' | '~' => before.is_some() && self.kind(1).is_some(),
            _ => false,
        }
    }

    pub(super) fn set_zone(&mut self, zone: Zone) -> Option<()> {
        // "-05:00Z": the offset wins (D10). "+0100 CET" says it twice.
        if self.found.zone.is_none() {
            self.found.zone = Some(zone);
        }
        Some(())
    }

    fn read_number(&mut self, value: u32, digits: usize) -> Option<()> {
        let is_time = self.is_sign(1, ':') && self.number(2).is_some();
        let is_year = digits == 4 && is_time && self.is_sign(3, ':') && self.is_day_before();
        if self.found.time.is_none() && !is_year && (is_time || self.is_dotted_time(value, digits))
        {
            return self.read_time(value, digits);
        }
        self.at += 1;
        if is_year {
            // "03/Jun/2011:11:05:30", of the logs of servers.
            self.at += 1;
            return self.push_number(Number { value, digits, sign: None, unit: None });
        }
        let unit = match self.kind(0) {
            Some(Kind::Word(word)) => match words::look_up(word, self.language) {
                Some(Word::Unit(unit)) if self.means_unit(word, unit) => Some(unit),
                _ => None,
            },
            _ => None,
        };
        if let Some(unit) = unit {
            self.at += 1;
            return self.read_unit(value, digits, unit);
        }
        let stands_alone = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let stands_alone = stands_alone.is_some_and(|token| token.is_spaced);
        let has_half = stands_alone && self.is_half_next();
        if has_half && self.found.time.is_none() && digits <= 2 {
            self.found.time = Some(Time { hour: value, ..Time::default() });
            return Some(());
        }
        if self.is_after_t() || matches!(digits, 4 | 6) && self.is_after_compact() {
            return self.read_compact_time(value, digits);
        }
        let sign = match self.kind(0) {
            Some(Kind::Sign(sign)) if !self.is_spaced(0) => Some(*sign),
            _ => None,
        };
        self.push_number(Number { value, digits, sign, unit: None })
    }

    pub(super) fn is_day_before(&self) -> bool {
        self.found.month.is_some() && self.found.numbers.len() == 1
    }

    /// Tells whether all that was read is a date like `20110603`.
    fn is_after_compact(&self) -> bool {
        matches!(self.found.numbers.as_slice(), [Number { digits: 8, .. }])
            && self.found.time.is_none()
    }

    pub(super) fn push_number(&mut self, number: Number) -> Option<()> {
        self.found.numbers.push(number);
        (self.found.numbers.len() <= 3).then_some(())
    }

    pub(super) fn follows_korean(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        matches!(before.map(|it| &it.kind), Some(Kind::Word(word)) if is_hangul(word))
    }

    /// `mar.` in first place: Tuesday before a comma, or when another month follows (D18).
    pub(super) fn read_first(&mut self, month: u8) -> Option<()> {
        if self.is_before_comma() {
            return Some(());
        }
        self.weekday = Some(month);
        self.set_month(month)
    }

    pub(super) fn set_month(&mut self, month: u8) -> Option<()> {
        let is_weekday = self.weekday.take().is_some() && self.found.month.is_some();
        let is_same = self.found.month.is_some_and(|(known, _)| known == month);
        let is_repeated = is_same && self.tokens.iter().any(|it| it.kind == Kind::Sign('/'));
        if is_repeated {
            // "3 يونيو/حزيران 2011" names it in two ways.
            return Some(());
        }
        if self.found.month.is_some() && !is_weekday {
            return None;
        }
        // Kept until a second month shows that the first was a day of the week.
        self.weekday = (self.found.month.is_none() && self.at == 1).then_some(month);
        self.found.month = Some((month, self.found.numbers.len()));
        Some(())
    }

    pub(super) fn set_half(&mut self, half: Half, word: &str) -> Option<()> {
        self.found.is_korean |= is_hangul(word);
        if self.found.half.is_some() {
            return None;
        }
        self.found.half = Some(half);
        Some(())
    }
}

fn is_hangul(word: &str) -> bool {
    word.starts_with(|c: char| ('\u{ac00}'..='\u{d7a3}').contains(&c))
}
