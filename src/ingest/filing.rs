//! What the items of a document are filed under, where their own date does not serve.
//!
//! An item without a readable date gets its change date, else a date by its neighbours: on the first
//! fetch that of the nearest dated older item, so that an archive does not jump to the top (P94);
//! later that of first sight. No item comes out newer than one before it (D28); of several without a
//! date each is a second older than the one before, so that the document's order is kept. A date
//! before 1990 is believed on a first import only (D31).

use jiff::{SignedDuration, Timestamp};

/// Dates before this are no news: 1 January 1990.
const ABSURD_BEFORE: i64 = 631_152_000;

/// One item, as far as its date goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dated {
    /// Held already, or dated by its publisher: what it is filed under.
    At(Timestamp),
    /// Its publisher names only the last change.
    Changed(Timestamp),
    /// Nothing is known.
    Undated,
}

/// Whether the document is the source's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetch {
    /// An import: old dates are an archive.
    First,
    /// What is new here appeared since.
    Later,
}

/// Returns what each item is filed under, `None` where its own date serves. Items are in document
/// order.
pub(super) fn filed(now: Timestamp, fetch: Fetch, items: &[Dated]) -> Vec<Option<Timestamp>> {
    let mut filed = vec![None; items.len()];
    let mut order: Vec<usize> = (0..items.len()).collect();
    if is_oldest_first(items) {
        order.reverse();
    }
    let older = nearest_older(&order, items);
    let mut newer: Option<Timestamp> = None;
    for (index, older) in order.into_iter().zip(older) {
        let Some(item) = items.get(index) else { continue };
        let own = match (item, fetch) {
            (Dated::At(at) | Dated::Changed(at), Fetch::Later) if is_absurd(*at) => Some(now),
            (Dated::At(_), _) => None,
            (Dated::Changed(at), _) => Some((*at).min(now)),
            (Dated::Undated, Fetch::First) => Some(below(newer, older.unwrap_or(now).min(now))),
            (Dated::Undated, Fetch::Later) => Some(below(newer, now)),
        };
        newer = match (own, item) {
            (Some(at), _) => Some(at),
            (None, Dated::At(at)) => Some((*at).min(now)),
            (None, Dated::Changed(_) | Dated::Undated) => newer,
        };
        if let Some(place) = filed.get_mut(index) {
            *place = own;
        }
    }
    filed
}

fn is_absurd(at: Timestamp) -> bool {
    at.as_second() < ABSURD_BEFORE
}

/// Returns `wanted`, but a second before the item above where it would not be older.
fn below(newer: Option<Timestamp>, wanted: Timestamp) -> Timestamp {
    let limit = newer.map(|newer| newer.saturating_sub(SignedDuration::from_secs(1)));
    limit.and_then(Result::ok).map_or(wanted, |limit| wanted.min(limit))
}

/// Tells whether the dates rise: then the document begins with its oldest item.
fn is_oldest_first(items: &[Dated]) -> bool {
    let dates: Vec<Timestamp> = items.iter().filter_map(known).collect();
    let rises = dates.windows(2).filter(|pair| pair.first() < pair.last()).count();
    let falls = dates.windows(2).filter(|pair| pair.first() > pair.last()).count();
    rises > falls
}

fn known(item: &Dated) -> Option<Timestamp> {
    match item {
        Dated::At(at) | Dated::Changed(at) => Some(*at),
        Dated::Undated => None,
    }
}

/// Returns for each place of `order` the date of the first dated item behind it.
fn nearest_older(order: &[usize], items: &[Dated]) -> Vec<Option<Timestamp>> {
    let mut nearest = None;
    let mut found: Vec<Option<Timestamp>> = Vec::with_capacity(order.len());
    for index in order.iter().rev() {
        found.push(nearest);
        nearest = items.get(*index).and_then(known).or(nearest);
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn undated_items_are_filed_by_their_neighbours() {
        use Fetch::{First, Later};
        let (dated, changed) = (|s| Dated::At(at(s)), |s| Dated::Changed(at(s)));
        let none = Dated::Undated;
        let cases = [
            ("dated items stand", First, vec![dated(90), dated(80)], vec![None, None]),
            ("D27: the change stands in", Later, vec![changed(NOW - 9)], vec![Some(NOW - 9)]),
            (
                "P94: an older neighbour",
                First,
                vec![dated(90), none, dated(50)],
                vec![None, Some(50), None],
            ),
            (
                "P94: only newer ones",
                First,
                vec![dated(90), none, none],
                vec![None, Some(89), Some(88)],
            ),
            ("P94: none dated", First, vec![none, none], vec![Some(NOW), Some(NOW - 1)]),
            (
                "oldest first",
                First,
                vec![dated(50), none, dated(90), dated(95)],
                vec![None, Some(50), None, None],
            ),
            ("D28: later, on top", Later, vec![none, dated(NOW - 9)], vec![Some(NOW), None]),
            ("D28: later, within", Later, vec![dated(NOW - 9), none], vec![None, Some(NOW - 10)]),
            ("a future neighbour", Later, vec![dated(NOW + 900), none], vec![None, Some(NOW - 1)]),
            ("D31: an archive", First, vec![dated(0)], vec![None]),
            ("D31: news of 1970", Later, vec![dated(0)], vec![Some(NOW)]),
            ("nothing", First, vec![], vec![]),
        ];
        for (name, fetch, items, expected) in cases {
            let expected: Vec<Option<Timestamp>> =
                expected.into_iter().map(|it| it.map(at)).collect();
            assert_eq!(filed(at(NOW), fetch, &items), expected, "{name}");
        }
    }
}
