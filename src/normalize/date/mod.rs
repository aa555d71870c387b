//! Reads dates as publishers write them (standards §3, D1–D35).
//!
//! A date is cut into numbers, words and signs (`lexer`); words are looked up in tables (`words`, `months`,
//! `zone`); `reader` walks over them once and says what each is; `resolve` makes an instant of what was
//! found. The whole text must be understood, or there is no date (D26): a wrong date is worse than
//! none. Nothing here reads a clock, the locale or the machine's zone (D11).
//!
//! Left to others: which of several dates counts (D27), and dates in the future (D29).

mod lexer;
mod months;
mod reader;
mod resolve;
mod words;
mod zone;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Longer texts are no dates (D35). The longest real one, of JavaScript, has 63 bytes.
const TEXT_BYTES_MAX: usize = 256;

/// Whether the day or the month comes first in `04/05/2026`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayMonth {
    /// `31/12`.
    DayFirst,
    /// `12/31`.
    MonthFirst,
}

/// How a date is read where it leaves something open.
#[derive(Clone, Copy, Debug)]
pub struct DateSettings<'a> {
    /// Zone of dates that name none, or name one we do not know.
    pub zone: &'a TimeZone,
    /// Order of day and month in this document, from `order_of`; `None`: by language.
    pub order: Option<DayMonth>,
    /// Language of the document (BCP 47): `en-US` puts the month first, and some month names differ.
    pub language: Option<&'a str>,
}

impl DateSettings<'_> {
    fn order(&self) -> DayMonth {
        let is_american = self
            .language
            .is_some_and(|tag| tag.trim().replace('_', "-").eq_ignore_ascii_case("en-us"));
        let usual = if is_american { DayMonth::MonthFirst } else { DayMonth::DayFirst };
        self.order.unwrap_or(usual)
    }
}

/// A date that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// In whole seconds.
    pub instant: Timestamp,
    /// What was wrong with it; the instant may then be off by hours.
    pub flaw: Option<Flaw>,
}

/// What is worth telling an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The zone's name is not known; the default zone was taken (D5).
    UnknownZone,
    /// The offset is beyond ±14:00; the default zone was taken (D8).
    OffsetOutOfRange,
}

/// Returns the instant that `text` names. `None`: it is no date, or a placeholder for none (D24).
pub fn parse(text: &str, settings: &DateSettings<'_>) -> Option<Parsed> {
    let text = text.trim();
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit())
        && let Some(instant) = resolve::unix(text)
    {
        return resolve::real(instant).map(|instant| Parsed { instant, flaw: None });
    }
    let tokens = lexer::tokens(text);
    let found = reader::read(&tokens, settings.language)?;
    resolve::instant(&found, settings)
}

/// Returns the order of day and month that the dates of one document show (D16): a number over 12 is a
/// day. `None`: none shows it, or they contradict each other evenly.
pub fn order_of(samples: &[&str]) -> Option<DayMonth> {
    let mut day_first = 0_usize;
    let mut month_first = 0_usize;
    for sample in samples.iter().filter(|it| it.len() <= TEXT_BYTES_MAX && it.contains(['/', '-']))
    {
        let found = reader::read(&lexer::tokens(sample.trim()), None);
        match found.and_then(|found| resolve::shown_order(&found)) {
            Some(DayMonth::DayFirst) => day_first += 1,
            Some(DayMonth::MonthFirst) => month_first += 1,
            None => {}
        }
    }
    match day_first.cmp(&month_first) {
        std::cmp::Ordering::Greater => Some(DayMonth::DayFirst),
        std::cmp::Ordering::Less => Some(DayMonth::MonthFirst),
        std::cmp::Ordering::Equal => None,
    }
}
