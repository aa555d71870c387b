//! What a word says within a date, by what stands around it.

use super::half::Half;
use super::lexer::Kind;
use super::months;
use super::reader::Reader;
use super::words::{self, Unit, Word};
use super::zone::{self, Zone};

/// Vietnamese days of the week after `thứ`: Monday is the second.
const WEEKDAY_NUMBERS: [&str; 6] = ["hai", "ba", "tu", "nam", "sau", "bay"];

/// Days of the week of one letter, in Hungarian and Estonian; only in first place, before a comma.
const WEEKDAY_LETTERS: [&str; 8] = ["h", "k", "v", "p", "e", "n", "r", "l"];

impl Reader<'_> {
    pub(super) fn read_word(&mut self, word: &str) -> Option<()> {
        let is_first = self.at == 0;
        self.at += 1;
        if let Some((length, meaning)) = self.phrase(word) {
            self.at += length;
            return self.read_meaning(word, Some(meaning), is_first);
        }
        // "Th11" is a month, "5th" an ordinal, "Th 2," Monday.
        if word == "th" && self.number(0).is_some() {
            return match (self.is_spaced(0), is_first) {
                (false, _) => self.read_month_ahead(),
                (true, true) => self.read_weekday_ahead(),
                (true, false) => Some(()),
            };
        }
        let is_hungarian = matches!(word, "de" | "du")
            && (self.is_time_ahead() || self.is_in("hu") && self.found.time.is_some());
        if is_hungarian {
            let half = if word == "de" { Half::Morning } else { Half::Afternoon };
            return self.set_half(half, word);
        }
        self.read_meaning(word, words::look_up(word, self.language), is_first)
    }

    fn read_meaning(&mut self, word: &str, meaning: Option<Word>, is_first: bool) -> Option<()> {
        match meaning {
            Some(Word::Month(month)) => self.set_month(month),
            Some(Word::MonthOrWeekday(month)) if is_first => self.read_first(month),
            Some(Word::MonthOrWeekday(month)) => self.set_month(month),
            // "Sa, 3. Okt" is Saturday and "am 3. Okt" is "on the": no time stands behind them.
            Some(Word::Half(_))
                if is_first && matches!(word, "sa" | "am") && !self.is_time_ahead() =>
            {
                Some(())
            }
            Some(Word::Half(half)) => self.set_half(half, word),
            Some(Word::Ordinal) => Some(()),
            Some(Word::Weekday | Word::Filler) => self.read_filler(word),
            Some(Word::TimeAhead) => {
                self.is_timed = true;
                Some(())
            }
            Some(Word::MonthAhead) => self.read_month_ahead(),
            Some(Word::WeekdayAhead) => self.read_weekday_ahead(),
            // "gio, 9 giu" is Thursday in Italian, "Min, 12 Jun" Sunday in Indonesian, "月, 6" Monday
            // in Japanese: in first place no number stands before them (D18).
            Some(Word::Unit(_)) if is_first => Some(()),
            Some(Word::Unit(Unit::Hour | Unit::Minute | Unit::Second))
                if self.found.time.is_some() =>
            {
                Some(())
            }
            Some(Word::Unit(_)) => None,
            None => self.read_unknown(word, is_first),
        }
    }

    /// Returns how many pieces complete a phrase behind its first word, and what it means.
    fn phrase(&self, first: &str) -> Option<(usize, Word)> {
        words::phrases(first).find_map(|(rest, word)| {
            let mut ahead = 0;
            for wanted in rest {
                while matches!(self.kind(ahead), Some(Kind::Sign('.' | '-' | '\''))) {
                    ahead += 1;
                }
                let is_next = matches!(self.kind(ahead), Some(Kind::Word(word)) if word == wanted);
                is_next.then_some(())?;
                ahead += 1;
            }
            Some((ahead, word))
        })
    }

    fn is_in(&self, language: &str) -> bool {
        let tag = self.language.unwrap_or_default();
        tag.split(['-', '_']).next().is_some_and(|it| it.eq_ignore_ascii_case(language))
    }

    /// A filler or a day of the week may also be a zone at the end: `AT` and `PT` behind a time.
    fn read_filler(&mut self, word: &str) -> Option<()> {
        if word == "t" {
            return self.read_t();
        }
        let is_last = self.at == self.tokens.len();
        if is_last
            && self.found.time.is_some()
            && let Some(zone) = zone::look_up(word)
        {
            return self.set_zone(zone);
        }
        Some(())
    }

    /// `T2, 6/6` is Monday in Vietnamese, `T, 6.6.` Tuesday in Estonian; elsewhere `T` begins a time.
    fn read_t(&mut self) -> Option<()> {
        if self.at == 1 && self.is_before_comma() {
            return Some(());
        }
        let (value, digits) = self.number(0)?;
        if self.at == 1 {
            let is_weekday = digits == 1 && (2..=7).contains(&value) && !self.is_spaced(0);
            self.at += 1;
            return is_weekday.then_some(());
        }
        Some(())
    }

    fn read_unknown(&mut self, word: &str, is_first: bool) -> Option<()> {
        if word == "w" && self.found.week.is_none() {
            return self.read_week();
        }
        if let Some(zone) = zone::look_up(word) {
            return self.set_zone(zone);
        }
        let is_short = WEEKDAY_NUMBERS.contains(&word) || WEEKDAY_LETTERS.contains(&word);
        if is_first && self.is_before_comma() && is_short {
            return Some(());
        }
        let is_zone_like = (3..=5).contains(&word.len())
            && self.at.checked_sub(1).and_then(|at| self.tokens.get(at))?.is_capital;
        if is_zone_like
            && self.is_whole()
            && self.found.time.is_some()
            && self.at == self.tokens.len()
        {
            return self.set_zone(Zone::Unknown);
        }
        None
    }

    /// Reads what follows the `W` of a week: `2008-W23-2`, `2008W232`, `2008-W23`.
    fn read_week(&mut self) -> Option<()> {
        let (value, digits) = self.number(0).filter(|_| !self.is_spaced(0))?;
        self.at += 1;
        let week = match digits {
            2 if self.is_sign(0, '-') && matches!(self.number(1), Some((_, 1))) => {
                let (day, _) = self.number(1)?;
                self.at += 2;
                (value, day)
            }
            2 => (value, 1),
            3 => (value / 10, value % 10),
            _ => return None,
        };
        self.found.week = Some(week);
        Some(())
    }

    pub(super) fn is_before_comma(&self) -> bool {
        self.is_sign(0, ',') || self.is_sign(0, '.') && self.is_sign(1, ',')
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
        let is_parted = self.is_sign(1, ',') || self.is_sign(1, '-') && self.is_spaced(1);
        let comma = usize::from(is_parted);
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
