//! The burst guard: finds held entries that a document lists again under other ids.
//!
//! A publisher that moves to https, to another CMS or to another domain, or that makes its guids
//! anew at each fetch, lists what it listed before under new ids. Such an item is no news: it gets
//! the held entry's place (P89, P90). Only entries that the document lists no longer can be meant.
//!
//! One sure sign is enough for one item: the same title with the same link, path, instant or text.
//! A single weak sign (title, link or text alone) counts only in a *burst*: when so many items of
//! one document find a vanished entry that chance is out of the question. A sign that two items or
//! two entries share tells nothing. Whether an item is known by its keys was asked before.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::entry::{Entry, EntryNo, Fingerprint};
use crate::model::text::{canonical_url, fold, is_http};

/// Items that must have come back for a burst, at least.
const BURST_MIN: usize = 3;
/// So many are a burst whatever else the document lists.
const BURST_ENOUGH: usize = 10;
/// A title shorter than this tells nothing by itself, in bytes once folded.
const TITLE_BYTES_MIN: usize = 12;

/// What an item is recognised by when its ids are new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    title: String,
    url: Option<String>,
    path: Option<String>,
    published: Option<Timestamp>,
    text: Option<u64>,
}

impl Trace {
    /// Takes the trace of an entry.
    pub fn of(entry: &Entry, fingerprint: Fingerprint) -> Self {
        let link = entry.orig_link.as_deref().or(entry.link.as_deref());
        let url = link.filter(|link| is_http(link.trim())).map(canonical_url);
        let url = url.filter(|url| !url.is_homepage).map(|url| url.key);
        let path = url.as_deref().and_then(|url| url.split_once('/')).map(|(_, path)| path);
        let print =
            if fingerprint.content == 0 { fingerprint.summary } else { fingerprint.content };
        Self {
            title: fold(&entry.title).trim().to_owned(),
            path: path.filter(|path| !path.is_empty()).map(str::to_owned),
            url,
            published: entry.published,
            text: (print != 0).then_some(print),
        }
    }

    /// Returns the signs of one strength, strongest first; `None`: it has not got that one.
    fn signs(&self, strength: Strength) -> [Option<String>; 4] {
        let titled = !self.title.is_empty();
        let title = |more: Option<String>| {
            more.filter(|_| titled).map(|more| format!("{}\n{more}", self.title))
        };
        match strength {
            Strength::Sure => [
                title(self.url.clone()),
                title(self.path.as_ref().map(|path| format!("/{path}"))),
                title(self.published.map(|at| at.as_second().to_string())),
                title(self.text.map(|text| text.to_string())),
            ],
            Strength::Weak => [
                self.url.clone(),
                Some(self.title.clone()).filter(|title| title.len() >= TITLE_BYTES_MIN),
                self.text.map(|text| format!("\n{text}")),
                None,
            ],
        }
    }
}

#[derive(Clone, Copy)]
enum Strength {
    Sure,
    Weak,
}

/// Returns which items are held entries under another id, as (index of the item, entry).
///
/// `items` are those whose ids are unknown, `gone` the held entries of the source that the document
/// does not list; `window` is how many items its last document listed.
pub fn reissued(
    items: &[(usize, Trace)],
    gone: &[(EntryNo, Trace)],
    window: usize,
) -> Vec<(usize, EntryNo)> {
    let mut found: HashMap<usize, EntryNo> = HashMap::new();
    pair(items, gone, Strength::Sure, &mut found);
    let sure = found.clone();
    pair(items, gone, Strength::Weak, &mut found);
    let count = found.len();
    let is_burst = count >= BURST_MIN && (count >= BURST_ENOUGH || count * 2 >= window);
    let mut pairs: Vec<(usize, EntryNo)> =
        if is_burst { found } else { sure }.into_iter().collect();
    pairs.sort_unstable();
    pairs
}

/// Pairs what is not yet paired, by one sign after the other.
fn pair(
    items: &[(usize, Trace)],
    gone: &[(EntryNo, Trace)],
    strength: Strength,
    found: &mut HashMap<usize, EntryNo>,
) {
    for rank in 0..4 {
        let sign = |trace: &Trace| trace.signs(strength).into_iter().nth(rank).flatten();
        let taken: Vec<EntryNo> = found.values().copied().collect();
        let free_items = items.iter().filter(|(index, _)| !found.contains_key(index));
        let free_gone = gone.iter().filter(|(no, _)| !taken.contains(no));
        let by_item = once_each(free_items.map(|(index, trace)| (*index, sign(trace))));
        let by_gone = once_each(free_gone.map(|(no, trace)| (*no, sign(trace))));
        for (sign, index) in by_item {
            if let Some(no) = by_gone.get(&sign) {
                found.insert(index, *no);
            }
        }
    }
}

/// Returns who has a sign that nobody else has.
fn once_each<W: Copy>(signs: impl Iterator<Item = (W, Option<String>)>) -> HashMap<String, W> {
    let mut owners: HashMap<String, (W, bool)> = HashMap::new();
    for (who, sign) in signs {
        let Some(sign) = sign else { continue };
        owners.entry(sign).and_modify(|(_, is_only)| *is_only = false).or_insert((who, true));
    }
    let only = owners.into_iter().filter(|(_, (_, is_only))| *is_only);
    only.map(|(sign, (who, _))| (sign, who)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(title: &str, link: &str, second: i64, text: u64) -> Trace {
        let entry = Entry {
            title: title.to_owned(),
            link: Some(link.to_owned()).filter(|link| !link.is_empty()),
            published: (second != 0).then(|| Timestamp::from_second(second).unwrap()),
            ..Entry::default()
        };
        Trace::of(&entry, Fingerprint { content: text, ..Fingerprint::default() })
    }

    #[test]
    fn one_sure_sign_is_enough() {
        let held = trace("Bão số 9 vào bờ", "http://a.example/bao-so-9", 9, 7);
        let cases = [
            (
                "https and www (P89)",
                trace("Bão số 9 vào bờ", "https://www.a.example/bao-so-9", 0, 0),
                true,
            ),
            ("other host", trace("Bão số 9 vào bờ", "https://b.example/bao-so-9", 0, 0), true),
            ("same instant", trace("Bão số 9 vào bờ", "https://b.example/?p=9", 9, 0), true),
            ("same text", trace("Bão số 9 vào bờ", "", 0, 7), true),
            ("title alone", trace("Bão số 9 vào bờ", "https://b.example/?p=9", 8, 6), false),
            ("link alone", trace("Bão tan", "http://a.example/bao-so-9", 9, 0), false),
            ("text alone", trace("Bão tan", "", 0, 7), false),
        ];
        for (name, item, is_same) in cases {
            let found = reissued(&[(0, item)], &[(EntryNo(1), held.clone())], 1);
            assert_eq!(!found.is_empty(), is_same, "{name}");
        }
    }

    #[test]
    fn in_a_burst_one_weak_sign_is_enough() {
        let titles = ["Giá vàng hôm nay tăng", "Bão số 9 vào bờ biển", "Đội tuyển thắng lớn"];
        let at = |n: usize, year: &str| {
            (0..n)
                .zip(titles)
                .map(|(n, title)| trace(title, &format!("https://a.example/{year}/{n}"), 0, 0))
                .collect::<Vec<_>>()
        };
        let cases = [("a burst", 3, 3, 3), ("too few", 2, 2, 0), ("of many", 3, 30, 0)];
        for (name, items, window, expected) in cases {
            let held: Vec<_> = (1..).map(EntryNo).zip(at(items, "old")).collect();
            let now: Vec<_> = at(items, "new").into_iter().enumerate().collect();
            assert_eq!(reissued(&now, &held, window).len(), expected, "{name}");
        }
    }

    #[test]
    fn a_sign_that_two_have_tells_nothing() {
        let column = trace("Điểm tin buổi sáng", "https://a.example/diem-tin", 0, 0);
        let held = [(EntryNo(1), column.clone()), (EntryNo(2), column.clone())];
        assert_eq!(reissued(&[(0, column.clone())], &held, 1), []);
        assert_eq!(reissued(&[(0, column.clone()), (1, column)], &held[..1], 1), []);
    }
}
