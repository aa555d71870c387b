//! Two entries that fill one slot of one frame with different names: "Weather in Leeds", "… in York".
//!
//! A headline written anew over the same text swaps a word for another that its text does not swap.
//! A template swaps it in both: the headline and the text agree on either side of the slot, and
//! neither entry says the other's word anywhere. That is what is asked here, in any script.

use super::constants::CONSTANTS as K;
use super::features::Features;
use super::title::Unit;
use crate::model::text::TokenKind;

/// Headlines that differ over more tokens than this are no pattern.
const DIFFERENCE_TOKENS_MAX: usize = 64;

/// Places of a word in a text that are looked at.
const PLACES_MAX: usize = 16;

/// Matches of fewer characters than this may be chance where each character is a token.
const ISLANDS: [usize; 3] = [1, 2, 3];

/// From so many places on, a word without a capital is what a text is about.
const SAID_OFTEN: usize = 2;

/// Letters from which two spellings of one name can be told.
const SPELLED_LETTERS_MIN: usize = 4;

/// Returns how many slots of the headlines' common frame the two entries fill differently.
pub(super) fn swapped(s: &Features, l: &Features) -> u32 {
    let (left, right) = (&s.title.units, &l.title.units);
    let gaps_by = |least| gaps(left, right, least);
    let count = |gaps: Vec<Gap>| gaps.iter().filter(|gap| gap.is_swapped(s, l)).count();
    let most = ISLANDS.into_iter().map(|least| count(gaps_by(least))).max();
    u32::try_from(most.unwrap_or(0)).unwrap_or(u32::MAX)
}

/// A stretch of two headlines between tokens that they share: `start..end` of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gap {
    left: (usize, usize),
    right: (usize, usize),
}

/// Returns where the two rows differ; matches of fewer than `least` single characters in between
/// count as difference.
fn gaps(left: &[Unit], right: &[Unit], least: usize) -> Vec<Gap> {
    let same = |(a, b): &(&Unit, &Unit)| a.token == b.token;
    let head = left.iter().zip(right).take_while(same).count();
    let (a, b) = (left.get(head..).unwrap_or(&[]), right.get(head..).unwrap_or(&[]));
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(same).count();
    let a = a.get(..a.len().saturating_sub(tail)).unwrap_or(&[]);
    let b = b.get(..b.len().saturating_sub(tail)).unwrap_or(&[]);
    if a.len().max(b.len()) > DIFFERENCE_TOKENS_MAX {
        return Vec::new();
    }
    let mut found: Vec<Gap> = Vec::new();
    let mut at = (head, head);
    let end = (head + a.len(), head + b.len());
    let matches = matches(a, b).into_iter().map(|(i, j)| (head + i, head + j));
    for (i, j) in matches.chain([end]) {
        let gap = Gap { left: (at.0, i), right: (at.1, j) };
        if i > at.0 || j > at.1 {
            match found.last_mut() {
                Some(last) if is_chance(left, last.left.1, at.0, least) => {
                    (last.left.1, last.right.1) = (i, j);
                }
                _ => found.push(gap),
            }
        }
        at = (i + 1, j + 1);
    }
    found
}

fn is_chance(row: &[Unit], from: usize, to: usize, least: usize) -> bool {
    let island = row.get(from..to).unwrap_or(&[]);
    island.len() < least && island.iter().all(|unit| unit.kind == TokenKind::Single)
}

/// Returns the places of a longest common subsequence.
fn matches(a: &[Unit], b: &[Unit]) -> Vec<(usize, usize)> {
    // best[i][j]: length of the longest one of a[i..] and b[j..].
    let mut best: Vec<Vec<u16>> = vec![vec![0; b.len() + 1]; a.len() + 1];
    let cell = |best: &[Vec<u16>], i: usize, j: usize| {
        best.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0)
    };
    for (i, x) in a.iter().enumerate().rev() {
        for (j, y) in b.iter().enumerate().rev() {
            let longest = if x.token == y.token {
                cell(&best, i + 1, j + 1) + 1
            } else {
                cell(&best, i + 1, j).max(cell(&best, i, j + 1))
            };
            if let Some(place) = best.get_mut(i).and_then(|row| row.get_mut(j)) {
                *place = longest;
            }
        }
    }
    let mut found = Vec::new();
    let (mut i, mut j) = (0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        if x.token == y.token {
            found.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if cell(&best, i + 1, j) >= cell(&best, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

impl Gap {
    /// Whether both fill it, each with what only its own text says, in one place of a common text.
    fn is_swapped(self, s: &Features, l: &Features) -> bool {
        let (Some(a), Some(b)) = (units(s, self.left), units(l, self.right)) else { return false };
        if a.is_empty() || b.is_empty() || is_one_name(a, b) {
            return false;
        }
        // "Tây" of "Tây Ninh" and "Tây Hồ" is shared, and so is the "VTV" of "VTV1" and "VTV3".
        let stretched = [(0, 0), (1, 0), (0, 1), (1, 1)];
        let whole = stretched
            .into_iter()
            .filter_map(|by| Some((Filler::of(s, self.left, by)?, Filler::of(l, self.right, by)?)));
        let words = words(self.left).flat_map(|a| words(self.right).map(move |b| (a, b)));
        let parts =
            words.filter_map(|(a, b)| Some((Filler::of(s, a, (0, 0))?, Filler::of(l, b, (0, 0))?)));
        whole
            .chain(parts)
            .any(|(a, b)| !a.is_said_in(l) && !b.is_said_in(s) && a.stands_as(&b, s, l))
    }
}

fn units(of: &Features, (from, to): (usize, usize)) -> Option<&[Unit]> {
    of.title.units.get(from..to)
}

/// Each token of a stretch of several.
fn words((from, to): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    (from..to).filter(move |_| to - from > 1).map(|at| (at, at + 1))
}

/// What fills a slot: a run of tokens, with the places where its own text says it.
struct Filler {
    run: Vec<u32>,
    places: Vec<usize>,
}

impl Filler {
    /// Returns the filler that stands at `core` in the headline, with so many tokens before and
    /// behind it, if the entry's text is about it.
    fn of(of: &Features, core: (usize, usize), (before, behind): (usize, usize)) -> Option<Self> {
        let row = of.title.units.as_slice();
        let run = row.get(core.0.checked_sub(before)?..core.1 + behind)?;
        let core = row.get(core.0..core.1)?;
        let is_character = |unit: &Unit| unit.kind == TokenKind::Single;
        // One character alone is a syllable at best.
        if let [one] = run
            && (is_character(one) || one.kind == TokenKind::Number)
        {
            return None;
        }
        let run: Vec<u32> = run.iter().map(|unit| unit.token).collect();
        let places: Vec<usize> = places(&of.body.row, &run).take(PLACES_MAX).collect();
        let is_notable = |unit: &Unit| match unit.kind {
            TokenKind::Single => true,
            TokenKind::Number => unit.is_glued,
            TokenKind::Word => unit.is_caseless() || of.body.is_name(unit.token),
        };
        let is_about = !places.is_empty()
            && (core.iter().any(is_notable)
                || (places.len() >= SAID_OFTEN && core.iter().all(|unit| !unit.is_number())));
        is_about.then_some(Self { run, places })
    }

    fn is_said_in(&self, other: &Features) -> bool {
        let title: Vec<u32> = other.title.units.iter().map(|unit| unit.token).collect();
        places(&title, &self.run).next().is_some()
            || places(&other.body.row, &self.run).next().is_some()
    }

    /// Whether one place of each has the same text around it.
    fn stands_as(&self, other: &Self, s: &Features, l: &Features) -> bool {
        let around = |i: usize, j: usize| {
            let (a, b) = (s.body.row.as_slice(), l.body.row.as_slice());
            let before = common(
                a.get(..i).unwrap_or(&[]).iter().rev(),
                b.get(..j).unwrap_or(&[]).iter().rev(),
            );
            let behind = common(
                a.get(i + self.run.len()..).unwrap_or(&[]).iter(),
                b.get(j + other.run.len()..).unwrap_or(&[]).iter(),
            );
            before + behind >= K.slot.1
        };
        self.places.iter().any(|i| other.places.iter().any(|j| around(*i, *j)))
    }
}

/// Counts equal tokens from the start of both, up to what a slot needs.
fn common<'a>(a: impl Iterator<Item = &'a u32>, b: impl Iterator<Item = &'a u32>) -> usize {
    a.zip(b).take(K.slot.1).take_while(|(a, b)| a == b).count()
}

/// Returns where a run begins in a row.
fn places(row: &[u32], run: &[u32]) -> impl Iterator<Item = usize> {
    row.windows(run.len().max(1)).zip(0..).filter(move |(part, _)| *part == run).map(|(_, at)| at)
}

/// Whether the two are one name as two houses write it: "TPHCM" and "TP HCM", an abbreviation and
/// what it stands for, "Kiev" and "Kyiv".
fn is_one_name(a: &[Unit], b: &[Unit]) -> bool {
    let joined = |units: &[Unit]| units.iter().map(|unit| unit.text.as_str()).collect::<String>();
    let initials = |units: &[Unit]| {
        units.iter().filter_map(|unit| unit.text.chars().next()).collect::<String>()
    };
    let (one, other) = (joined(a), joined(b));
    let is_short = |short: &str, long: &[Unit]| long.len() > 1 && short == initials(long);
    one == other
        || is_short(&one, b)
        || is_short(&other, a)
        || (one.chars().count().min(other.chars().count()) >= SPELLED_LETTERS_MIN
            && is_respelled(&one, &other))
}

/// Whether two Latin words begin alike and differ in vowels and doubled letters only.
fn is_respelled(one: &str, other: &str) -> bool {
    let skeleton = |word: &str| {
        let mut letters: Vec<char> = word.chars().filter(|c| !"aeiouy".contains(*c)).collect();
        letters.dedup();
        letters
    };
    let is_latin = |word: &str| word.chars().all(|c| c.is_ascii_lowercase());
    is_latin(one)
        && is_latin(other)
        && one.chars().next() == other.chars().next()
        && skeleton(one) == skeleton(other)
}

#[cfg(test)]
mod tests {
    use super::super::sample::features_of;
    use super::*;

    const FRAME: &str = "<p>{} will see sun and cloud with a light shower in the afternoon.</p>";

    fn slots(first: (&str, &str), second: (&str, &str)) -> u32 {
        let (a, b) = (features_of(first.0, first.1), features_of(second.0, second.1));
        let (one, other) = (swapped(&a, &b), swapped(&b, &a));
        assert_eq!(one, other, "symmetric: {first:?} {second:?}");
        one
    }

    fn of_frame(title: &str, names: (&str, &str)) -> u32 {
        let fill = |name| (title.replace("{}", name), FRAME.replace("{}", name));
        let ((title_a, a), (title_b, b)) = (fill(names.0), fill(names.1));
        slots((&title_a, &a), (&title_b, &b))
    }

    #[test]
    fn a_slot_is_filled_differently_or_it_is_not() {
        let cases = [
            ("names", ("Leeds", "York"), 1),
            ("names of several words", ("Great Yarmouth", "Leeds"), 1),
            ("they share a word", ("East Ham", "West Ham"), 1),
            ("a digit", ("Stage1", "Stage2"), 1),
            ("the same", ("Leeds", "Leeds"), 0),
            ("two spellings", ("Kyiv", "Kiev"), 0),
            ("written apart", ("TPHCM", "TP HCM"), 0),
            ("initials", ("NATO", "North Atlantic Treaty Organization"), 0),
            ("Iran is not Iraq", ("Iran", "Iraq"), 1),
        ];
        for (name, names, expected) in cases {
            assert_eq!(of_frame("Weather in {} on Tuesday", names), expected, "{name}");
        }
    }

    #[test]
    fn the_text_must_swap_what_the_headline_swaps() {
        let leeds = FRAME.replace("{}", "Leeds");
        let york = FRAME.replace("{}", "York");
        let both = format!("{leeds}<p>In York it stays dry.</p>");
        let elsewhere = "<p>York has rain, and the river rises fast behind the old mill.</p>";
        let (on_leeds, on_york) = ("Weather in Leeds today", "Weather in York today");
        let cases = [
            ("both", on_leeds, leeds.as_str(), on_york, york.as_str(), 1),
            ("headlines only", on_leeds, &leeds, on_york, &leeds, 0),
            ("the text says both", on_leeds, &leeds, on_york, &both, 0),
            ("no common text around", on_leeds, &leeds, on_york, elsewhere, 0),
            ("a word more", on_leeds, &leeds, "Weather in sunny Leeds today", &leeds, 0),
            ("no text", on_leeds, "", on_york, "", 0),
        ];
        for (name, title_a, a, title_b, b, expected) in cases {
            assert_eq!(slots((title_a, a), (title_b, b)), expected, "{name}");
        }
    }

    #[test]
    fn a_word_without_a_capital_counts_once_it_is_said_again() {
        let text = |word: &str, again: &str| {
            format!("<p>The club said it will {word} the old stand by the river in May.{again}</p>")
        };
        let case = |again: [&str; 2]| {
            let (a, b) = (text("mend", again[0]), text("repair", again[1]));
            slots(("Club to mend its stand", &a), ("Club to repair its stand", &b))
        };
        assert_eq!(case(["", ""]), 0, "a synonym");
        assert_eq!(case([" To mend it takes a year.", " To repair it takes a year."]), 1);
    }

    #[test]
    fn long_headlines_and_texts_of_one_word_are_looked_at_within_bounds() {
        let words: String = (0..20_000).map(|n| format!("w{n} ")).collect();
        let same = "na ".repeat(20_000);
        assert_eq!(slots((&words, &same), (&same, &words)), 0);
    }
}
