//! Walks over the pieces of a date once and says what each of them is.

use super::lexer::{Kind, Token};
use super::months;
use super::time::{Half, Time};
use super::words::{self, Unit, Word};
use super::zone::{self, Zone};

/// The parts of a date, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Numbers that are parts of the day, in their order.
    pub(super) numbers: Vec<Number>,
    /// A month by its name, and how many numbers stand before it.
    pub(super) month: Option<(u8, usize)>,
    /// A time of day.
    pub(super) time: Option<Time>,
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
    let mut reader =
        Reader { tokens, at: 0, language, found: Found::default(), weekday: None, is_timed: false };
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
        self.at += 1;
        matches!(sign, ',' | '.' | '-' | '/' | '|' | '•' | '·' | ';' | ':' | '\'' | ')' | '@' | '~')
            .then_some(())
    }

    fn set_zone(&mut self, zone: Zone) -> Option<()> {
        // "-05:00Z": the offset wins (D10). "+0100 CET" says it twice.
        if self.found.zone.is_none() {
            self.found.zone = Some(zone);
        }
        Some(())
    }

    fn read_number(&mut self, value: u32, digits: usize) -> Option<()> {
        let is_dotted = self.is_timed && self.is_sign(1, '.') && !self.is_spaced(1);
        if (self.is_sign(1, ':') || is_dotted)
            && self.number(2).is_some()
            && self.found.time.is_none()
        {
            return self.read_time(value, digits);
        }
        self.at += 1;
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
        if self.is_after_t() {
            return self.read_compact_time(value, digits);
        }
        let sign = match self.kind(0) {
            Some(Kind::Sign(sign)) if !self.is_spaced(0) => Some(*sign),
            _ => None,
        };
        self.push_number(Number { value, digits, sign, unit: None })
    }

    pub(super) fn push_number(&mut self, number: Number) -> Option<()> {
        self.found.numbers.push(number);
        (self.found.numbers.len() <= 3).then_some(())
    }

    pub(super) fn follows_korean(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        matches!(before.map(|it| &it.kind), Some(Kind::Word(word)) if is_hangul(word))
    }

    fn read_word(&mut self, word: &str) -> Option<()> {
        let is_first = self.at == 0;
        self.at += 1;
        // "Th11" is a month, "5th" an ordinal.
        if word == "th" && !self.is_spaced(0) && self.number(0).is_some() {
            return self.read_month_ahead();
        }
        match words::look_up(word, self.language) {
            Some(Word::Month(month)) => self.set_month(month),
            Some(Word::MonthOrWeekday(month)) if is_first => self.read_first(month),
            Some(Word::MonthOrWeekday(month)) => self.set_month(month),
            // "Sa, 3. Okt" is Saturday and "am 3. Okt" is "on the": no time stands before them.
            Some(Word::Morning | Word::Afternoon) if is_first && word.is_ascii() => Some(()),
            Some(Word::Morning) => self.set_half(Half::Morning, word),
            Some(Word::Afternoon) => self.set_half(Half::Afternoon, word),
            Some(Word::Ordinal) => Some(()),
            Some(Word::Weekday | Word::Filler) => self.read_filler(word),
            Some(Word::TimeAhead) => {
                self.is_timed = true;
                Some(())
            }
            Some(Word::MonthAhead) => self.read_month_ahead(),
            Some(Word::WeekdayAhead) => self.read_weekday_ahead(),
            Some(Word::Unit(Unit::Hour | Unit::Minute | Unit::Second))
                if self.found.time.is_some() =>
            {
                Some(())
            }
            Some(Word::Unit(_)) => None,
            None => self.read_unknown(word, is_first),
        }
    }

    /// A filler or a day of the week may also be a zone at the end: `AT` and `PT` behind a time.
    fn read_filler(&mut self, word: &str) -> Option<()> {
        let is_last = self.at == self.tokens.len();
        if is_last
            && self.found.time.is_some()
            && let Some(zone) = zone::look_up(word)
        {
            return self.set_zone(zone);
        }
        Some(())
    }

    fn read_unknown(&mut self, word: &str, is_first: bool) -> Option<()> {
        if let Some(zone) = zone::look_up(word) {
            return self.set_zone(zone);
        }
        if is_first && self.is_before_comma() {
            // A day of the week in a language without a table (D2).
            return Some(());
        }
        let is_zone_like =
            (3..=5).contains(&word.len()) && word.bytes().all(|it| it.is_ascii_lowercase());
        let has_date = self.found.numbers.len() + usize::from(self.found.month.is_some()) >= 3;
        if is_zone_like && has_date && self.found.time.is_some() && self.at == self.tokens.len() {
            return self.set_zone(Zone::Unknown);
        }
        None
    }

    fn is_before_comma(&self) -> bool {
        self.is_sign(0, ',') || self.is_sign(0, '.') && self.is_sign(1, ',')
    }

    /// `mar.` in first place: Tuesday before a comma, or when another month follows (D18).
    fn read_first(&mut self, month: u8) -> Option<()> {
        if self.is_before_comma() {
            return Some(());
        }
        self.weekday = Some(month);
        self.set_month(month)
    }

    fn set_month(&mut self, month: u8) -> Option<()> {
        let is_weekday = self.weekday.take().is_some() && self.found.month.is_some();
        if self.found.month.is_some() && !is_weekday {
            return None;
        }
        // Kept until a second month shows that the first was a day of the week.
        self.weekday = (self.found.month.is_none() && self.at == 1).then_some(month);
        self.found.month = Some((month, self.found.numbers.len()));
        Some(())
    }

    fn set_half(&mut self, half: Half, word: &str) -> Option<()> {
        self.found.is_korean |= is_hangul(word);
        if self.found.half.is_some() {
            return None;
        }
        self.found.half = Some(half);
        Some(())
    }

    /// Reads what follows `tháng`: a number or number words.
    fn read_month_ahead(&mut self) -> Option<()> {
        if let Some((value, 1 | 2)) = self.number(0) {
            self.at += 1;
            return self.set_month(u8::try_from(value).ok().filter(|it| (1..=12).contains(it))?);
        }
        let (words, month) = months::VIETNAMESE.iter().find(|(words, _)| self.are_next(words))?;
        self.at += words.len();
        self.set_month(*month)
    }

    fn are_next(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(
            |(ahead, wanted)| matches!(self.kind(ahead), Some(Kind::Word(word)) if word == wanted),
        )
    }

    /// Reads what follows `thứ`, which without its accents is English `Thu`: a number word, or 2 to
    /// 7 when a day follows that (`Thứ 5, 28/05/2026`, not `Thu 5 Apr 2026`).
    fn read_weekday_ahead(&mut self) -> Option<()> {
        let comma = usize::from(self.is_sign(1, ','));
        let is_day_ahead = match self.kind(1 + comma) {
            Some(Kind::Number(..)) => true,
            Some(Kind::Word(word)) => word == "ngay",
            _ => false,
        };
        let is_number = matches!(self.number(0), Some((2..=8, 1))) && is_day_ahead;
        let is_word = WEEKDAY_NUMBERS.iter().any(|word| self.are_next(&[word]));
        self.at += usize::from(is_number || is_word);
        Some(())
    }
}

/// Vietnamese days of the week after `thứ`: Monday is the second.
const WEEKDAY_NUMBERS: [&str; 6] = ["hai", "ba", "tu", "nam", "sau", "bay"];

fn is_hangul(word: &str) -> bool {
    word.starts_with(|c: char| ('\u{ac00}'..='\u{d7a3}').contains(&c))
}
