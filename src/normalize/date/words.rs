//! What the words of a date mean, apart from zones.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::half::{self, Half};
use super::lexer::fold_word;
use super::{months, weekdays};

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A month, 1 to 12.
    Month(u8),
    /// A day of the week; it is not looked at (D2).
    Weekday,
    /// A month, but a day of the week in first place: `mar.`, `Mar` (D18).
    MonthOrWeekday(u8),
    /// A word between the parts: `at`, `lúc`, `de`, `ngày` (D14).
    Filler,
    /// A half of the day (D13).
    Half(Half),
    /// Belongs to the number before it: year, month, day, hour, minute, second.
    Unit(Unit),
    /// `16th`, `1er`: nothing.
    Ordinal,
    /// Vietnamese `tháng`, `th`, `thg`: a month follows.
    MonthAhead,
    /// Vietnamese `thứ`: a day of the week follows.
    WeekdayAhead,
    /// Introduces a time: `klo`, `kl`; `15.04` after it is a time.
    TimeAhead,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// `年`, `년`.
    Year,
    /// `月`, `월`.
    Month,
    /// `日`, `일`.
    Day,
    /// `時`, `시`, `giờ`, `h`.
    Hour,
    /// `分`, `분`, `phút`.
    Minute,
    /// `秒`, `초`, `giây`.
    Second,
}

const FILLERS: &str = "\
     at on of the de del di el le den der am a à à la las les as às в у o v ve ngày vào hồi năm \
     buổi uhr uur hod hrs hours gada gadā m d г года р року r roku year t och στις τις ของ วันที่ พศ \
     เวลา น في الساعة ساعت ب בשעה יום l da do du dia hs horas ng på";

/// Words that do something, by their kind.
const OTHERS: [(&str, Word); 8] = [
    ("st nd rd er ère º ª ste gen e", Word::Ordinal),
    ("th", Word::Ordinal),
    ("tháng thg", Word::MonthAhead),
    ("thứ", Word::WeekdayAhead),
    (
        "klo kl ore ora alle um om klokka klockan klokken lúc pukul pkl jam jm saat godz alas",
        Word::TimeAhead,
    ),
    ("giờ h g", Word::Unit(Unit::Hour)),
    ("phút min", Word::Unit(Unit::Minute)),
    ("giây", Word::Unit(Unit::Second)),
];

/// Words of scripts that put no space between them, longest first.
const CJK: [(&str, Word); 41] = [
    ("星期一", Word::Weekday),
    ("星期二", Word::Weekday),
    ("星期三", Word::Weekday),
    ("星期四", Word::Weekday),
    ("星期五", Word::Weekday),
    ("星期六", Word::Weekday),
    ("星期日", Word::Weekday),
    ("星期天", Word::Weekday),
    ("月曜日", Word::Weekday),
    ("火曜日", Word::Weekday),
    ("水曜日", Word::Weekday),
    ("木曜日", Word::Weekday),
    ("金曜日", Word::Weekday),
    ("土曜日", Word::Weekday),
    ("日曜日", Word::Weekday),
    ("월요일", Word::Weekday),
    ("화요일", Word::Weekday),
    ("수요일", Word::Weekday),
    ("목요일", Word::Weekday),
    ("금요일", Word::Weekday),
    ("토요일", Word::Weekday),
    ("일요일", Word::Weekday),
    ("十一月", Word::Month(11)),
    ("十二月", Word::Month(12)),
    ("一月", Word::Month(1)),
    ("二月", Word::Month(2)),
    ("三月", Word::Month(3)),
    ("四月", Word::Month(4)),
    ("五月", Word::Month(5)),
    ("六月", Word::Month(6)),
    ("七月", Word::Month(7)),
    ("八月", Word::Month(8)),
    ("九月", Word::Month(9)),
    ("十月", Word::Month(10)),
    ("年", Word::Unit(Unit::Year)),
    ("月", Word::Unit(Unit::Month)),
    ("日", Word::Unit(Unit::Day)),
    ("号", Word::Unit(Unit::Day)),
    ("년", Word::Unit(Unit::Year)),
    ("월", Word::Unit(Unit::Month)),
    ("일", Word::Unit(Unit::Day)),
];

/// Units of time in those scripts, and short days of the week.
const CJK_SHORT: [(&str, Word); 34] = [
    ("周一", Word::Weekday),
    ("周二", Word::Weekday),
    ("周三", Word::Weekday),
    ("周四", Word::Weekday),
    ("周五", Word::Weekday),
    ("周六", Word::Weekday),
    ("周日", Word::Weekday),
    ("週一", Word::Weekday),
    ("週二", Word::Weekday),
    ("週三", Word::Weekday),
    ("週四", Word::Weekday),
    ("週五", Word::Weekday),
    ("週六", Word::Weekday),
    ("週日", Word::Weekday),
    ("火", Word::Weekday),
    ("水", Word::Weekday),
    ("木", Word::Weekday),
    ("金", Word::Weekday),
    ("土", Word::Weekday),
    ("화", Word::Weekday),
    ("수", Word::Weekday),
    ("목", Word::Weekday),
    ("금", Word::Weekday),
    ("토", Word::Weekday),
    ("時", Word::Unit(Unit::Hour)),
    ("时", Word::Unit(Unit::Hour)),
    ("点", Word::Unit(Unit::Hour)),
    ("點", Word::Unit(Unit::Hour)),
    ("시", Word::Unit(Unit::Hour)),
    ("分", Word::Unit(Unit::Minute)),
    ("분", Word::Unit(Unit::Minute)),
    ("秒", Word::Unit(Unit::Second)),
    ("초", Word::Unit(Unit::Second)),
    ("號", Word::Unit(Unit::Day)),
];

static WORDS: LazyLock<HashMap<String, Word>> = LazyLock::new(|| {
    let mut words = HashMap::new();
    let mut add = |list: &str, word: Word| {
        for name in list.split_whitespace() {
            words.insert(fold_word(name), word);
        }
    };
    // The later entry wins: a month before a day of the week of the same letters.
    add(FILLERS, Word::Filler);
    add(weekdays::NAMES, Word::Weekday);
    for (list, half) in half::WORDS {
        add(list, Word::Half(half));
    }
    for (list, word) in OTHERS {
        add(list, word);
    }
    for (month, names) in (1..).zip(months::NAMES) {
        add(names, Word::Month(month));
    }
    for (name, month) in months::OR_WEEKDAYS {
        add(name, Word::MonthOrWeekday(month));
    }
    for (name, word) in cjk_words() {
        add(name, word);
    }
    words
});

/// Several words that mean one thing together, folded.
static PHRASES: LazyLock<Vec<(Vec<String>, Word)>> = LazyLock::new(|| {
    let halves = half::PHRASES.into_iter().map(|(words, half)| (words, Word::Half(half)));
    let months = months::PHRASES.into_iter().map(|(words, month)| (words, Word::Month(month)));
    let fold = |words: &str| words.split(' ').map(fold_word).collect();
    halves.chain(months).map(|(words, word)| (fold(words), word)).collect()
});

fn cjk_words() -> impl Iterator<Item = (&'static str, Word)> {
    let halves = half::CJK.into_iter().map(|(name, half)| (name, Word::Half(half)));
    CJK.into_iter().chain(CJK_SHORT).chain(halves)
}

/// Returns the phrases that begin with a folded word: the words that must follow, and the meaning.
pub(super) fn phrases(first: &str) -> impl Iterator<Item = (&'static [String], Word)> {
    PHRASES.iter().filter_map(move |(words, word)| {
        let (head, tail) = words.split_first()?;
        (head == first).then_some((tail, *word))
    })
}

/// Returns what a folded word is, in a language if it matters.
pub(super) fn look_up(word: &str, language: Option<&str>) -> Option<Word> {
    let tag = language.unwrap_or_default();
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    let friend = months::FALSE_FRIENDS
        .iter()
        .find(|(language, name, _)| language.eq_ignore_ascii_case(primary) && *name == word);
    match friend {
        Some((_, _, month)) => Some(Word::Month(*month)),
        None => WORDS.get(word).copied(),
    }
}

/// Tells whether a folded word is in the table.
pub(super) fn is_known(word: &str) -> bool {
    WORDS.contains_key(word)
}

/// Returns the Chinese, Japanese or Korean word that `rest` begins with, and its length in
/// characters.
pub(super) fn cjk(rest: &[char]) -> Option<(&'static str, usize)> {
    let is_prefix = |name: &str| {
        name.chars()
            .zip(rest.iter().map(Some).chain(std::iter::repeat(None)))
            .all(|(wanted, c)| c == Some(&wanted))
    };
    cjk_words()
        .map(|(name, _)| name)
        .filter(|name| is_prefix(name))
        .max_by_key(|name| name.len())
        .map(|name| (name, name.chars().count()))
}
