use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::model::entry::Member;
use crate::model::selection::Unit;
use crate::model::source::{CategorySlug, SourceId};
use crate::model::verdict::{EntryKey, KeyKind};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn source(n: u8) -> SourceId {
    SourceId::new(&format!("source-{n}"))
}

fn story(no: u64, date: i64, members: &[(u64, u8, i64)]) -> Story {
    Story {
        no: StoryNo(no),
        public_id: format!("tag:{no}"),
        date: at(date),
        representative: EntryNo(1),
        members: members
            .iter()
            .map(|(no, of, date)| Member {
                entry: EntryNo(*no),
                source: source(*of),
                date: at(*date),
                number: Some(*no),
            })
            .collect(),
        merged_into: None,
        is_withdrawn: false,
        is_expired: false,
        was_changed_late: false,
        exchanged: None,
        numbers: vec![(CategorySlug::new("c"), no)],
    }
}

fn put(index: &mut Index, old: Option<&Story>, new: &Story) {
    let old = old.cloned().map(Arc::new);
    index.change_stories(&[Change { old, new: Arc::new(new.clone()) }]);
}

fn all(unit: Unit, sources: &[u8]) -> Selection {
    Selection {
        unit,
        sources: sources.iter().map(|n| source(*n)).collect(),
        from: None,
        until: None,
        after: None,
        limit: usize::MAX,
    }
}

fn numbers(places: &[Position]) -> Vec<u64> {
    places.iter().map(|place| place.no).collect()
}

/// The contract in the plainest words: everything, filtered, sorted, cut.
fn naive(stories: &[Story], selection: &Selection) -> Vec<Position> {
    let published = stories.iter().filter(|s| s.merged_into.is_none() && !s.is_withdrawn);
    let places: BTreeSet<Position> = published
        .flat_map(|story| {
            story.members.iter().map(move |member| {
                let place = match selection.unit {
                    Unit::Stories => Position { date: story.date, no: story.no.0 },
                    Unit::Entries => Position { date: member.date, no: member.entry.0 },
                };
                (&member.source, place)
            })
        })
        .filter(|(source, _)| selection.sources.contains(source))
        .map(|(_, place)| place)
        .filter(|place| selection.from.is_none_or(|from| place.date >= from))
        .filter(|place| selection.until.is_none_or(|until| place.date < until))
        .filter(|place| selection.after.is_none_or(|after| *place < after))
        .collect();
    places.into_iter().rev().take(selection.limit).collect()
}

fn selection() -> impl Strategy<Value = Selection> {
    let bound = || proptest::option::of(0..12_i64);
    let after = proptest::option::of((0..12_i64, 0..30_u64));
    let sources = proptest::collection::vec(0..6_u8, 0..8);
    (any::<bool>(), sources, bound(), bound(), after, 0..20_usize).prop_map(
        |(stories, sources, from, until, after, limit)| Selection {
            from: from.map(at),
            until: until.map(at),
            after: after.map(|(date, no)| Position { date: at(date), no }),
            limit,
            ..all(if stories { Unit::Stories } else { Unit::Entries }, &sources)
        },
    )
}

/// Versions of up to twelve stories: (story, members as (source, date), withdrawn, merged).
fn versions() -> impl Strategy<Value = Vec<Story>> {
    let members = proptest::collection::vec((0..5_u8, 0..12_i64), 1..5);
    let version = (1..12_u64, members, 0..8_u8);
    proptest::collection::vec(version, 0..40).prop_map(|versions| {
        let made = versions.into_iter().map(|(no, members, fate)| {
            let members: Vec<_> = (no * 100..).zip(members).map(|(e, (s, d))| (e, s, d)).collect();
            // A story's date never changes: it follows from its number.
            let mut story = story(no, i64::try_from(no * 7 % 12).unwrap(), &members);
            story.is_withdrawn = fate == 0;
            story.merged_into = (fate == 1).then_some(StoryNo(no + 1));
            story
        });
        made.collect()
    })
}

proptest! {
    #[test]
    fn select_agrees_with_the_plainest_model(
        versions in versions(), selections in proptest::collection::vec(selection(), 1..6)
    ) {
        let mut index = Index::default();
        let mut held: Vec<Story> = Vec::new();
        for version in versions {
            let old = held.iter().position(|story| story.no == version.no);
            let old = old.map(|place| held.swap_remove(place));
            put(&mut index, old.as_ref(), &version);
            held.push(version);
        }
        let mut rebuilt = Index::default();
        held.iter().rev().for_each(|story| rebuilt.add_story(story));
        for selection in &selections {
            let expected = naive(&held, selection);
            prop_assert_eq!(&index.select(selection, Shown::ALL), &expected, "{:?}", selection);
            prop_assert_eq!(&rebuilt.select(selection, Shown::ALL), &expected, "rebuilt, {:?}", selection);
        }
        let published = held.iter().filter(|story| is_published(story)).count();
        prop_assert_eq!(index.published(), u64::try_from(published).unwrap());
        for story in &held {
            prop_assert_eq!(index.locate(&Slug::of(&story.public_id)), Some(story.no));
        }
    }
}

#[test]
fn a_copy_moves_between_stories_of_one_batch() {
    // Split: 20 leaves story 1 for story 2, whichever stands first in the batch.
    let before = story(1, 5, &[(10, 0, 5), (20, 1, 6)]);
    let after = [story(1, 5, &[(10, 0, 5)]), story(2, 6, &[(20, 1, 6)])];
    for order in [[0, 1], [1, 0]] {
        let mut index = Index::default();
        put(&mut index, None, &before);
        let changes = order.map(|place| {
            let new = Arc::new(after[place].clone());
            Change { old: (new.no == before.no).then(|| Arc::new(before.clone())), new }
        });
        index.change_stories(&changes);
        assert_eq!(
            numbers(&index.select(&all(Unit::Entries, &[0, 1]), Shown::ALL)),
            [20, 10],
            "{order:?}"
        );
        assert_eq!(numbers(&index.select(&all(Unit::Stories, &[1]), Shown::ALL)), [2], "{order:?}");
        assert_eq!(numbers(&index.select(&all(Unit::Stories, &[0]), Shown::ALL)), [1], "{order:?}");
    }
}

#[test]
fn a_slug_of_another_length_is_nobodys() {
    let mut index = Index::default();
    put(&mut index, None, &story(1, 5, &[(10, 0, 5)]));
    let slug = Slug::of("tag:1");
    assert_eq!(index.locate(&slug), Some(StoryNo(1)));
    assert_eq!(index.locate(&Slug(slug.0[1..].to_owned())), None);
    assert_eq!(index.locate(&Slug(String::new())), None);
    assert_eq!(index.locate(&Slug(slug.0.to_uppercase())), None);
}

#[test]
fn a_thousand_sources_are_merged_in_order() {
    let mut index = Index::default();
    for no in 1..=5_000_u64 {
        let date = i64::try_from(no * 7_919 % 5_000).unwrap();
        let id = SourceId::new(&format!("s{}", no % 1_000));
        let mut story = story(no, date, &[(no, 0, date)]);
        story.members[0].source = id;
        index.add_story(&story);
    }
    let sources = (0..1_000).map(|n| SourceId::new(&format!("s{n}"))).collect();
    let selection = Selection { sources, limit: 4_000, ..all(Unit::Stories, &[]) };
    let found = index.select(&selection, Shown::ALL);
    assert_eq!(found.len(), 4_000);
    assert!(found.is_sorted_by(|newer, older| newer > older));
    assert_eq!(found[0].date, at(4_999));
}

const HOUR: i64 = 3_600;

/// Of an entry first seen when it was published.
fn head(date: i64, keys: &[u64]) -> EntryHead {
    head_seen(date, date, keys)
}

fn head_seen(first_seen: i64, date: i64, keys: &[u64]) -> EntryHead {
    EntryHead {
        compared: at(date),
        first_seen: at(first_seen),
        outlet: String::new(),
        story: StoryNo(1),
        key: EntryKey { kind: KeyKind::Own, hash: [0; 16] },
        marks: Marks { version: 1, keys: keys.to_vec(), mask: 0, is_roundup: false },
    }
}

fn add(index: &mut Index, no: u64, head: EntryHead) {
    index.change_entries(&[(EntryNo(no), Change { old: None, new: head })]);
}

fn ask(index: &Index, keys: &[u64], from: i64, until: i64, limit: usize) -> Vec<(u64, f64)> {
    let bounds = Bounds { from: at(from), until: at(until), limit };
    let found = index.candidates(&head(0, keys).marks, bounds).entries;
    found.into_iter().map(|(no, rank)| (no.0, rank)).collect()
}

#[test]
fn candidates_are_ranked_by_how_rare_their_keys_are() {
    let mut index = Index::default();
    add(&mut index, 1, head(10, &[100, 200]));
    add(&mut index, 2, head(11, &[200]));
    add(&mut index, 3, head(12, &[200, 300]));
    // 100 has one entry, 200 three, 300 one; a key asked for twice counts once.
    let found = ask(&index, &[100, 200, 300, 300, 999], 0, 99, 24);
    let (one, three) = (1.0 / 1.1, 1.0 / 1.3);
    let rank = |terms: [f64; 2]| terms[0] + terms[1];
    assert_eq!(found, [(1, rank([one, three])), (3, rank([three, one])), (2, three)]);
    assert_eq!(ask(&index, &[100, 200, 300], 0, 99, 2).len(), 2);
    assert_eq!(ask(&index, &[], 0, 99, 9), []);
}

#[test]
fn candidates_keep_within_the_bounds() {
    let mut index = Index::default();
    for no in 1..=5 {
        add(&mut index, no, head(i64::try_from(no).unwrap() * 10, &[7]));
    }
    let numbers = |from, until| {
        ask(&index, &[7], from, until, 9).into_iter().map(|(no, _)| no).collect::<Vec<_>>()
    };
    assert_eq!(numbers(20, 40), [2, 3, 4], "both ends belong to it; equal ranks: the older first");
    assert_eq!(numbers(21, 39), [3]);
    assert_eq!(numbers(60, 90), Vec::<u64>::new());
    assert_eq!(numbers(40, 20), Vec::<u64>::new(), "from after until");
}

#[test]
fn a_key_of_more_than_96_entries_is_not_used() {
    let mut index = Index::default();
    (1..=96).for_each(|no| add(&mut index, no, head(i64::try_from(no).unwrap(), &[7])));
    assert_eq!(ask(&index, &[7], 0, 999, 500).len(), 96);
    add(&mut index, 97, head(97, &[7]));
    assert_eq!(ask(&index, &[7], 0, 999, 500), []);
}

#[test]
fn a_stop_key_is_of_use_again_when_the_window_has_left_its_entries() {
    let mut index = Index::default();
    for no in 1..=200 {
        add(&mut index, no, head(i64::try_from(no).unwrap(), &[7]));
    }
    // Eight days behind the 110th newest of them, 90 of them are still in the window.
    add(&mut index, 201, head(8 * 24 * HOUR + 111, &[8]));
    let found = ask(&index, &[7], 0, 999, 500);
    let mut numbers: Vec<_> = found.iter().map(|(no, _)| *no).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (111..=200).collect::<Vec<_>>());
    assert_eq!(found[0].1, 1.0 / (1.0 + 0.1 * 90.0));
}

#[test]
fn entries_that_arrived_before_the_window_are_no_candidates() {
    let mut index = Index::default();
    add(&mut index, 1, head(1_000, &[7]));
    add(&mut index, 2, head(1_000 + 8 * 24 * HOUR, &[7]));
    assert_eq!(ask(&index, &[7], 0, i64::from(u32::MAX), 9).len(), 2, "eight days to the second");
    add(&mut index, 3, head(1_001 + 8 * 24 * HOUR, &[9]));
    let left = ask(&index, &[7], 0, i64::from(u32::MAX), 9);
    assert_eq!(left, [(2, 1.0 / 1.1)], "and the list is shorter by it");
}

#[test]
fn old_articles_of_a_first_document_are_candidates() {
    // Two papers are added today; their documents list the same articles of the last hundred days.
    let mut index = Index::default();
    let now = 200 * 24 * HOUR;
    for day in 0..100_u64 {
        let date = (100 + i64::try_from(day).unwrap()) * 24 * HOUR;
        add(&mut index, day + 1, head_seen(now, date, &[day]));
    }
    for day in 0..100_u64 {
        let date = (100 + i64::try_from(day).unwrap()) * 24 * HOUR;
        let (from, until) = (date - 96 * HOUR, date + 96 * HOUR);
        assert_eq!(ask(&index, &[day], from, until, 9), [(day + 1, 1.0 / 1.1)], "day {day}");
        assert_eq!(ask(&index, &[day], date + 1, until, 9), [], "bounds are of the date");
    }
}

#[test]
fn only_the_newest_three_hundred_thousand_take_part() {
    let mut index = Index::default();
    add(&mut index, 1, head(10, &[7]));
    add(&mut index, 2, head(10, &[7]));
    add(&mut index, 300_001, head(10, &[8]));
    assert_eq!(ask(&index, &[7], 0, 99, 9), [(2, 1.0 / 1.1)]);
    let mut built = Index::default();
    assert!(built.add_older_entry(EntryNo(300_001), &head(10, &[8])));
    assert!(built.add_older_entry(EntryNo(2), &head(10, &[7])));
    assert!(!built.add_older_entry(EntryNo(1), &head(10, &[7])), "reading back ends here");
    assert_eq!(ask(&built, &[7], 0, 99, 9), [(2, 1.0 / 1.1)]);
}

#[test]
fn what_left_the_window_is_dropped_from_memory() {
    let mut postings = Postings::default();
    for day in 0..100 {
        let head = head(i64::try_from(day).unwrap() * 24 * HOUR, &[day, 1_000]);
        postings.insert(EntryNo(day + 1), &head);
    }
    // Nine days are in the window and one more is kept, at two keys each; a sweep may be late.
    assert!((18..=22).contains(&postings.len()), "{} postings", postings.len());
}

#[test]
fn a_rush_does_not_wait_for_a_day_to_be_swept() {
    let mut postings = Postings::default();
    for no in (1..=700_000).step_by(1_000) {
        postings.insert(EntryNo(no), &head(10, &[no]));
    }
    assert!((300..=335).contains(&postings.len()), "{} postings", postings.len());
}

#[test]
fn an_entry_that_changed_is_found_by_its_present_keys() {
    let mut index = Index::default();
    let (old, new) = (head(10, &[1, 2]), head(12, &[2, 3]));
    add(&mut index, 1, old.clone());
    index.change_entries(&[(EntryNo(1), Change { old: Some(old), new })]);
    assert_eq!(ask(&index, &[1], 0, 99, 9), []);
    assert_eq!(ask(&index, &[2], 0, 11, 9), [], "its old date");
    assert_eq!(ask(&index, &[2, 3], 0, 99, 9), [(1, 1.0 / 1.1 + 1.0 / 1.1)]);
}

proptest! {
    /// What is within the window depends on what is held only, and so neither on when entries came
    /// in between others nor on a restart.
    #[test]
    fn candidates_depend_on_what_is_held_only(
        entries in proptest::collection::vec((0..3_i64, 0..10_i64, 0..24 * 20_i64, 0..4_u64), 1..300)
    ) {
        // Polls of one time end in any order, so that instants go back by hours now and then.
        let mut now = 24 * 30 * HOUR;
        let mut heads = Vec::new();
        for (no, (step, back, age, key)) in (1..).zip(entries) {
            now += step * HOUR;
            heads.push((no, head_seen(now - back * HOUR, now - age * HOUR, &[key])));
        }
        let (mut kept, mut built) = (Index::default(), Index::default());
        heads.iter().for_each(|(no, head)| add(&mut kept, *no, head.clone()));
        for (no, head) in heads.iter().rev() {
            if !built.add_older_entry(EntryNo(*no), head) {
                break;
            }
        }
        let edge = heads.last().unwrap().1.first_seen - SignedDuration::from_hours(8 * 24);
        let within = heads.iter().rev().take_while(|(_, head)| head.first_seen >= edge).count();
        for key in 0..4 {
            let found = ask(&kept, &[key], 0, i64::from(u32::MAX), 999);
            prop_assert_eq!(&found, &ask(&built, &[key], 0, i64::from(u32::MAX), 999));
            let window = heads.iter().rev().take(within);
            let expected = window.filter(|(_, head)| head.marks.keys == [key]).count();
            prop_assert_eq!(found.len(), if expected > 96 { 0 } else { expected });
        }
    }
}
