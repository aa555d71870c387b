//! The contract of `trait Store`: one suite, run against every engine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    reason = "a failed expectation is how a test tells, and numbers are small"
)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use feedmill::model::batch::Batch;
use feedmill::model::entry::{
    Element, Entry, EntryNo, Fingerprint, GuidKind, Held, Person, Slug, Story, StoryNo,
};
use feedmill::model::features::Marks;
use feedmill::model::selection::{Position, Selection, Series, Stretch, Unit};
use feedmill::model::source::{
    CategorySlug, Departed, FeedMeta, ItemHash, Listed, SourceId, SourceState, Validators,
};
use feedmill::model::verdict::{Claim, EntryKey, Joined, WithheldBy};
use feedmill::store::{
    Birth, Bounds, Health, MemoryStore, SledOptions, SledStore, Stats, Store, StoreError,
};
use jiff::{SignedDuration, Timestamp};

/// A store under test, and how to close and open it again.
struct Subject<'s> {
    store: Option<Box<dyn Store>>,
    open: Option<&'s dyn Fn() -> Box<dyn Store>>,
}

impl Subject<'_> {
    fn store(&self) -> &dyn Store {
        self.store.as_deref().unwrap()
    }

    /// Closes and opens; an engine without a disk just goes on.
    fn reopen(&mut self) {
        if let Some(open) = self.open {
            self.store = None;
            self.store = Some(open());
        }
    }
}

type Rule = (&'static str, fn(&mut Subject<'_>));

const CONTRACT: &[Rule] = &[
    ("a store begins empty", begins_empty),
    ("a batch is visible when it is committed", batch_is_visible),
    ("lists are by date and number", lists_are_by_date_and_number),
    ("lists keep within their bounds", lists_keep_within_bounds),
    ("a story of several sources comes once", story_of_several_sources_comes_once),
    ("withdrawn and merged stories are located only", withdrawn_and_merged_are_located_only),
    ("claims are found", claims_are_found),
    ("candidates share keys", candidates_share_keys),
    ("candidates arrived of late, whenever published", candidates_arrived_of_late),
    ("a date ahead is compared as an hour ahead", date_ahead_is_an_hour_ahead),
    ("an entry goes with what leads to it", entry_goes_with_what_leads_to_it),
    ("numbers go on", numbers_go_on),
    ("a series keeps its numbers", series_keeps_its_numbers),
    ("records are replaced whole", records_are_replaced_whole),
    ("states are kept", states_are_kept),
    ("a restart keeps everything", restart_keeps_everything),
    ("long records are kept", long_records_are_kept),
    ("a record too long is refused", too_long_is_refused),
    ("readers see whole records while one writes", readers_see_whole_records),
    ("ten thousand articles", ten_thousand_articles),
];

fn hold(rule: &Rule, subject: &mut Subject<'_>) {
    println!("rule: {}", rule.0);
    rule.1(subject);
}

#[test]
fn memory_holds_the_contract() {
    for rule in CONTRACT {
        let store = Box::new(MemoryStore::new(birth()));
        hold(rule, &mut Subject { store: Some(store), open: None });
    }
}

#[test]
fn sled_holds_the_contract() {
    for rule in CONTRACT {
        let dir = tempfile::tempdir().unwrap();
        let open = || sled(dir.path());
        hold(rule, &mut Subject { store: Some(open()), open: Some(&open) });
    }
}

fn birth() -> Birth {
    Birth { now: at(0), id_authority: "news.example,2026".to_owned() }
}

fn sled(dir: &Path) -> Box<dyn Store> {
    Box::new(SledStore::open(dir, &birth(), SledOptions::default()).unwrap())
}

/// So many seconds after an instant of November 2026.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_793_000_000 + second).unwrap()
}

fn source(name: &str) -> SourceId {
    SourceId::new(name)
}

fn held(no: u64, of: &str, story: u64, date: i64) -> Held {
    Held {
        no: EntryNo(no),
        source: source(of),
        story: StoryNo(story),
        key: EntryKey::own(&source(of), &format!("guid-{no}")),
        entry: Entry {
            guid: Some(format!("guid-{no}")),
            guid_kind: GuidKind::OpaqueGuid,
            link: Some(format!("https://{of}.example/{no}")),
            title: format!("Tin số {no}"),
            content: Some(format!("<p>Nội dung của tin số {no}.</p>").repeat(40)),
            authors: vec![Person { name: "Nguyễn Văn A".to_owned(), ..Person::default() }],
            published: Some(at(date)),
            ..Entry::default()
        },
        first_seen: at(date) + SignedDuration::from_millis(60_250),
        filed: None,
        updated: at(date),
        first_listed: 1,
        fingerprint: Fingerprint { title: no, content: no << 40, summary: 0 },
        marks: Marks { version: 1, keys: vec![no, u64::MAX - no], mask: no, is_roundup: false },
        credit: Some("Theo: nhandan.vn".to_owned()),
        outlet: format!("{of}.example"),
        joined: Joined { rule: "opened".to_owned(), ..Joined::default() },
        closest: None,
    }
}

fn story(no: u64, copies: &[&Held]) -> Story {
    Story {
        members: copies.iter().map(|copy| copy.member()).collect(),
        ..Story::opened(StoryNo(no), format!("tag:news.example,2026:{no}"), copies[0].member())
    }
}

/// Adds an entry that opens the story of its own number, with both its claims.
fn add(batch: &mut Batch, no: u64, of: &str, date: i64) {
    let held = held(no, of, no, date);
    let url = EntryKey::url(held.entry.link.as_deref().unwrap());
    batch.keys.insert(held.key, Claim::Entry(held.no));
    batch.keys.insert(url, Claim::Entry(held.no));
    batch.stories.insert(StoryNo(no), story(no, &[&held]));
    batch.entries.insert(held.no, held);
}

fn batch(articles: &[(u64, &str, i64)]) -> Batch {
    let mut batch = Batch::default();
    articles.iter().for_each(|(no, of, date)| add(&mut batch, *no, of, *date));
    batch
}

/// Adds a story with an entry of each source, all of one date.
fn add_copies(batch: &mut Batch, no: u64, entries: &[(u64, &str)], date: i64) {
    let copies: Vec<_> = entries.iter().map(|(entry, of)| held(*entry, of, no, date)).collect();
    batch.stories.insert(StoryNo(no), story(no, &copies.iter().collect::<Vec<_>>()));
    batch.entries.extend(copies.into_iter().map(|copy| (copy.no, copy)));
}

fn all(unit: Unit, sources: &[&str]) -> Selection {
    Selection {
        unit,
        sources: sources.iter().map(|name| source(name)).collect(),
        from: None,
        until: None,
        after: None,
        limit: 1_000_000,
    }
}

fn list(store: &dyn Store, selection: &Selection) -> Vec<u64> {
    store.select(selection).unwrap().iter().map(|place| place.no).collect()
}

fn begins_empty(subject: &mut Subject<'_>) {
    for _ in 0..2 {
        let store = subject.store();
        let stats = store.stats().unwrap();
        assert_eq!((stats.entries, stats.stories), (0, 0));
        assert_eq!((stats.next_entry, stats.next_story), (EntryNo(1), StoryNo(1)));
        assert_eq!((stats.created, stats.health), (at(0), Health::Ok));
        assert_eq!(stats.id_authority, "news.example,2026");
        assert!(list(store, &all(Unit::Stories, &["a"])).is_empty());
        assert_eq!(store.entries(&[EntryNo(1)]).unwrap(), [None]);
        assert_eq!(store.stories(&[StoryNo(1)]).unwrap(), [None]);
        assert_eq!(store.locate(&Slug::of("tag:x")).unwrap(), None);
        assert_eq!(store.states().unwrap(), []);
        assert_eq!(store.find(&[EntryKey::url("https://a.example/")]).unwrap(), [None]);
        assert_eq!(store.find(&[]).unwrap(), []);
        store.commit(Batch::default()).unwrap();
        store.sync().unwrap();
        subject.reopen();
    }
}

fn batch_is_visible(subject: &mut Subject<'_>) {
    let store = subject.store();
    let batch = batch(&[(1, "a", 10), (2, "b", 20)]);
    store.commit(batch.clone()).unwrap();
    let numbers = [EntryNo(2), EntryNo(7), EntryNo(1), EntryNo(2)];
    let found = store.entries(&numbers).unwrap();
    for (no, found) in numbers.iter().zip(&found) {
        assert_eq!(found.as_deref(), batch.entries.get(no), "{no:?}, in the order asked");
    }
    let stories = store.stories(&[StoryNo(2), StoryNo(1), StoryNo(3)]).unwrap();
    assert_eq!(stories[0].as_deref(), batch.stories.get(&StoryNo(2)));
    assert_eq!(stories[1].as_deref(), batch.stories.get(&StoryNo(1)));
    assert_eq!(stories[2], None);
    assert_eq!(list(store, &all(Unit::Stories, &["a", "b"])), [2, 1]);
    let slug = Slug::of("tag:news.example,2026:2");
    assert_eq!(store.locate(&slug).unwrap(), Some(StoryNo(2)));
}

fn lists_are_by_date_and_number(subject: &mut Subject<'_>) {
    let store = subject.store();
    store.commit(batch(&[(1, "a", 50), (2, "a", 50), (3, "b", 50)])).unwrap();
    store.commit(batch(&[(4, "a", 10), (5, "b", 90)])).unwrap();
    store.commit(batch(&[(6, "b", 40)])).unwrap();
    let expected = [5, 3, 2, 1, 6, 4];
    assert_eq!(list(store, &all(Unit::Stories, &["a", "b"])), expected);
    assert_eq!(list(store, &all(Unit::Entries, &["b", "a"])), expected);
    assert_eq!(list(store, &all(Unit::Entries, &["b", "b", "none"])), [5, 3, 6]);
    let places = store.select(&all(Unit::Stories, &["a"])).unwrap();
    assert_eq!(places[2], Position { date: at(10), no: 4 });
}

fn lists_keep_within_bounds(subject: &mut Subject<'_>) {
    let store = subject.store();
    let articles: Vec<_> =
        (1..=9).map(|no| (no, if no % 2 == 0 { "a" } else { "b" }, 10 * (no as i64 / 3))).collect();
    store.commit(batch(&articles)).unwrap();
    // Dates: 1, 2 at 0; 3, 4, 5 at 10; 6, 7, 8 at 20; 9 at 30.
    let whole = all(Unit::Stories, &["a", "b"]);
    let place = |date, no| Some(Position { date: at(date), no });
    let cases: [(&str, Selection, &[u64]); 10] = [
        ("all", whole.clone(), &[9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("from", Selection { from: Some(at(20)), ..whole.clone() }, &[9, 8, 7, 6]),
        ("until", Selection { until: Some(at(20)), ..whole.clone() }, &[5, 4, 3, 2, 1]),
        (
            "a day",
            Selection { from: Some(at(10)), until: Some(at(20)), ..whole.clone() },
            &[5, 4, 3],
        ),
        ("nothing", Selection { from: Some(at(20)), until: Some(at(10)), ..whole.clone() }, &[]),
        ("after", Selection { after: place(20, 7), ..whole.clone() }, &[6, 5, 4, 3, 2, 1]),
        (
            "after a place that is gone",
            Selection { after: place(15, 99), ..whole.clone() },
            &[5, 4, 3, 2, 1],
        ),
        (
            "the next page of a day",
            Selection {
                from: Some(at(10)),
                until: Some(at(30)),
                after: place(20, 7),
                limit: 2,
                ..whole.clone()
            },
            &[6, 5],
        ),
        ("limit", Selection { limit: 3, ..whole.clone() }, &[9, 8, 7]),
        ("limit 0", Selection { limit: 0, ..whole }, &[]),
    ];
    for (name, selection, expected) in cases {
        assert_eq!(list(store, &selection), expected, "{name}");
    }
}

fn story_of_several_sources_comes_once(subject: &mut Subject<'_>) {
    let store = subject.store();
    let mut batch = batch(&[(1, "a", 5)]);
    add_copies(&mut batch, 2, &[(2, "a"), (3, "b"), (4, "b"), (5, "c")], 10);
    store.commit(batch).unwrap();
    assert_eq!(list(store, &all(Unit::Stories, &["a", "b", "c"])), [2, 1]);
    assert_eq!(list(store, &all(Unit::Stories, &["c"])), [2]);
    assert_eq!(list(store, &all(Unit::Entries, &["b"])), [4, 3]);
    assert_eq!(store.stats().unwrap().stories, 2);
    assert_eq!(store.stats().unwrap().entries, 5);
}

fn withdrawn_and_merged_are_located_only(subject: &mut Subject<'_>) {
    let store = subject.store();
    store.commit(batch(&[(1, "a", 10), (2, "b", 20), (3, "a", 30)])).unwrap();
    let change = |story: &Story| {
        let stories = [(story.no, story.clone())].into();
        store.commit(Batch { stories, ..Batch::default() }).unwrap();
    };
    let mut withdrawn = story(3, &[&held(3, "a", 3, 30)]);
    withdrawn.is_withdrawn = true;
    change(&withdrawn);
    // Story 2 is found to be story 1: that one takes its copy over.
    let (one, two) = (held(1, "a", 1, 10), Held { story: StoryNo(1), ..held(2, "b", 2, 20) });
    let mut merged = story(2, &[&two]);
    merged.merged_into = Some(StoryNo(1));
    let stories = [(StoryNo(1), story(1, &[&one, &two])), (StoryNo(2), merged)].into();
    let entries = [(two.no, two)].into();
    store.commit(Batch { stories, entries, ..Batch::default() }).unwrap();
    for round in ["committed", "opened again"] {
        let store = subject.store();
        assert_eq!(list(store, &all(Unit::Stories, &["a", "b"])), [1], "{round}");
        assert_eq!(list(store, &all(Unit::Stories, &["b"])), [1], "{round}");
        assert_eq!(list(store, &all(Unit::Entries, &["a", "b"])), [2, 1], "{round}");
        for no in 1..=3 {
            let slug = Slug::of(&format!("tag:news.example,2026:{no}"));
            assert_eq!(store.locate(&slug).unwrap(), Some(StoryNo(no)), "{round}");
        }
        let stats = store.stats().unwrap();
        assert_eq!((stats.stories, stats.entries), (1, 3), "{round}");
        subject.reopen();
    }
    withdrawn.is_withdrawn = false;
    let stories = [(withdrawn.no, withdrawn)].into();
    subject.store().commit(Batch { stories, ..Batch::default() }).unwrap();
    assert_eq!(list(subject.store(), &all(Unit::Entries, &["a"])), [3, 1], "undone");
}

fn claims_are_found(subject: &mut Subject<'_>) {
    let store = subject.store();
    let mut batch = batch(&[(1, "a", 10), (2, "b", 20)]);
    let barred = EntryKey::url("https://a.example/live");
    batch.keys.insert(barred, Claim::Entry(EntryNo(1)));
    store.commit(batch).unwrap();
    let keys = [(barred, Claim::Barred)].into();
    store.commit(Batch { keys, ..Batch::default() }).unwrap();
    let own = |of: &str, guid: &str| EntryKey::own(&source(of), guid);
    let asked = [
        own("b", "guid-2"),
        barred,
        own("a", "guid-2"),
        EntryKey::url("https://a.example/1"),
        own("a", "guid-1"),
    ];
    let one = Some(Claim::Entry(EntryNo(1)));
    let expected = [Some(Claim::Entry(EntryNo(2))), Some(Claim::Barred), None, one, one];
    for _ in 0..2 {
        assert_eq!(subject.store().find(&asked).unwrap(), expected);
        subject.reopen();
    }
}

/// An entry that is kept back from now on: dropped, and its own key says so.
fn entry_goes_with_what_leads_to_it(subject: &mut Subject<'_>) {
    subject.store().commit(batch(&[(1, "a", 10), (2, "a", 20)])).unwrap();
    let own = EntryKey::own(&source("a"), "guid-1");
    let withheld = Claim::Withheld(WithheldBy::Filter);
    let emptied =
        Story { members: Vec::new(), is_withdrawn: true, ..story(1, &[&held(1, "a", 1, 10)]) };
    let mut gone = Batch { keys: [(own, withheld)].into(), ..Batch::default() };
    gone.stories.insert(StoryNo(1), emptied);
    gone.forgotten.entries.insert(EntryNo(1));
    subject.store().commit(gone).unwrap();
    for _ in 0..2 {
        let store = subject.store();
        let asked =
            [own, EntryKey::url("https://a.example/1"), EntryKey::url("https://a.example/2")];
        let expected = [Some(withheld), None, Some(Claim::Entry(EntryNo(2)))];
        assert_eq!(store.find(&asked).unwrap(), expected);
        assert_eq!(store.entries(&[EntryNo(1)]).unwrap(), [None]);
        assert_eq!(list(store, &all(Unit::Entries, &["a"])), [2]);
        assert_eq!(list(store, &all(Unit::Stories, &["a"])), [2]);
        subject.reopen();
    }
}

/// Entries that two sources bring in their first documents: as old as a feed may list.
fn candidates_arrived_of_late(subject: &mut Subject<'_>) {
    const DAY: i64 = 86_400;
    let mut batch = Batch::default();
    // 1 arrived nine days before the others; 2 was published long ago, 3 today.
    for (no, date, first_seen) in [(1, 0, 0), (2, -300 * DAY, 9 * DAY), (3, 9 * DAY, 9 * DAY)] {
        let mut held = held(no, "a", no, date);
        held.first_seen = at(first_seen);
        held.marks.keys = vec![77];
        held.marks.mask = 9;
        batch.stories.insert(StoryNo(no), story(no, &[&held]));
        batch.entries.insert(held.no, held);
    }
    subject.store().commit(batch).unwrap();
    let marks = Marks { version: 1, keys: vec![77], mask: 0, is_roundup: false };
    for round in ["committed", "opened again"] {
        let ask = |from: i64, until: i64| {
            let bounds = Bounds { from: at(from), until: at(until), limit: 24 };
            let found = subject.store().candidates(&marks, bounds).unwrap().entries;
            found.iter().map(|(no, _)| no.0).collect::<Vec<_>>()
        };
        assert_eq!(ask(-400 * DAY, 20 * DAY), [2, 3], "{round}");
        assert_eq!(ask(-301 * DAY, -299 * DAY), [2], "{round}: bounds are of the date");
        let half_days = subject.store().half_days("a.example", 9).unwrap();
        let day_of = |date: i64| at(date).as_second().div_euclid(43_200);
        assert!(half_days.ends_with(&[day_of(9 * DAY)]), "{round}: {half_days:?}");
        assert!(half_days.contains(&day_of(-300 * DAY)), "{round}: {half_days:?}");
        subject.reopen();
    }
}

fn date_ahead_is_an_hour_ahead(subject: &mut Subject<'_>) {
    let mut batch = Batch::default();
    let mut held = held(1, "a", 1, 10 * 86_400);
    held.first_seen = at(0);
    held.marks.keys = vec![77];
    batch.stories.insert(StoryNo(1), story(1, &[&held]));
    batch.entries.insert(held.no, held);
    subject.store().commit(batch).unwrap();
    let marks = Marks { version: 1, keys: vec![77], mask: 0, is_roundup: false };
    for round in ["committed", "opened again"] {
        let found = |from: i64, until: i64| {
            let bounds = Bounds { from: at(from), until: at(until), limit: 24 };
            subject.store().candidates(&marks, bounds).unwrap().entries.len()
        };
        assert_eq!(
            [found(3_600, 3_600), found(0, 3_599), found(3_601, 1 << 30)],
            [1, 0, 0],
            "{round}"
        );
        subject.reopen();
    }
}

fn candidates_share_keys(subject: &mut Subject<'_>) {
    let store = subject.store();
    let mut batch = Batch::default();
    for (no, keys) in [(1, vec![10, 20]), (2, vec![20]), (3, vec![20, 30]), (4, vec![40])] {
        add(&mut batch, no, "a", 100 * no as i64);
        batch.entries.get_mut(&EntryNo(no)).unwrap().marks.keys = keys;
    }
    // The takedown of a story must not let its next copy through.
    batch.stories.get_mut(&StoryNo(2)).unwrap().is_withdrawn = true;
    store.commit(batch).unwrap();
    let marks = Marks { version: 1, keys: vec![10, 20, 30], mask: 0, is_roundup: false };
    let bounds = Bounds { from: at(0), until: at(300), limit: 24 };
    for _ in 0..2 {
        let store = subject.store();
        let found = store.candidates(&marks, bounds).unwrap().entries;
        let numbers: Vec<_> = found.iter().map(|(no, _)| no.0).collect();
        assert_eq!(numbers, [1, 3, 2]);
        let (alone, three) = (1.0 / 1.1, 1.0 / 1.3);
        for ((_, rank), expected) in found.iter().zip([alone + three, alone + three, three]) {
            assert!((rank - expected).abs() < 1e-12, "{rank} is not {expected}");
        }
        let bounds = Bounds { from: at(101), limit: 1, ..bounds };
        assert_eq!(store.candidates(&marks, bounds).unwrap().entries[0].0, EntryNo(3));
        subject.reopen();
    }
}

fn numbers_go_on(subject: &mut Subject<'_>) {
    subject.store().commit(batch(&[(1, "a", 10), (2, "a", 20)])).unwrap();
    // Numbers may be left out (a poll that failed after it took them), never taken up again.
    subject.store().commit(batch(&[(10, "a", 30)])).unwrap();
    for _ in 0..2 {
        let stats = subject.store().stats().unwrap();
        assert_eq!((stats.next_entry, stats.next_story), (EntryNo(11), StoryNo(11)));
        assert_eq!((stats.entries, stats.stories), (3, 3));
        subject.reopen();
    }
}

fn series_keeps_its_numbers(subject: &mut Subject<'_>) {
    let slug = CategorySlug::new("thoi-su");
    let category = Series::Category(slug.clone());
    let of = |name: &str| Series::Source(source(name));
    let empty = Stretch { places: Vec::new(), next: 1 };
    assert_eq!(subject.store().stretch(&category, 1, 9).unwrap(), empty);
    let mut first = batch(&[(1, "a", 30), (2, "b", 20), (3, "a", 10)]);
    for (no, number, in_category) in [(1, 1, Some(2)), (2, 1, None), (3, 2, Some(1))] {
        let story = first.stories.get_mut(&StoryNo(no)).unwrap();
        story.members[0].number = Some(number);
        story.numbers.extend(in_category.map(|number| (slug.clone(), number)));
    }
    let (mut one, two, mut three) = (
        first.stories[&StoryNo(1)].clone(),
        first.stories[&StoryNo(2)].clone(),
        first.stories[&StoryNo(3)].clone(),
    );
    subject.store().commit(first).unwrap();
    // Story 3 becomes a part of story 1, story 2 is taken down: all numbers stay whose they were.
    let moved = Held { story: StoryNo(1), ..held(3, "a", 3, 10) };
    one.members.append(&mut three.members);
    three.merged_into = Some(StoryNo(1));
    let withdrawn = Story { is_withdrawn: true, ..two };
    let stories = [one, withdrawn, three].map(|story| (story.no, story)).into();
    let entries = [(moved.no, moved)].into();
    subject.store().commit(Batch { stories, entries, ..Batch::default() }).unwrap();
    for round in ["committed", "opened again"] {
        let store = subject.store();
        let stretch = |series: &Series, from, limit| store.stretch(series, from, limit).unwrap();
        assert_eq!(stretch(&category, 1, 9).places, [(1, 3), (2, 1)], "{round}");
        assert_eq!(stretch(&category, 1, 9).next, 3, "{round}");
        assert_eq!(stretch(&category, 2, 1).places, [(2, 1)], "{round}");
        assert_eq!(stretch(&category, 3, 9), Stretch { places: Vec::new(), next: 3 });
        assert_eq!(stretch(&category, u64::MAX, 0).next, 3, "{round}");
        assert_eq!(stretch(&of("a"), 1, 9).places, [(1, 1), (2, 3)], "{round}");
        assert_eq!(stretch(&of("b"), 1, 9).places, [(1, 2)], "{round}");
        subject.reopen();
    }
    // A number left out is a hole, and no reason to give it again.
    let mut later = batch(&[(4, "a", 40)]);
    later.stories.get_mut(&StoryNo(4)).unwrap().numbers.push((slug, 5));
    subject.store().commit(later).unwrap();
    let stretch = subject.store().stretch(&category, 2, 3).unwrap();
    assert_eq!(stretch, Stretch { places: vec![(2, 1)], next: 6 }, "3 and 4 are nobody's");
}

fn records_are_replaced_whole(subject: &mut Subject<'_>) {
    let before = batch(&[(1, "a", 10)]);
    subject.store().commit(before.clone()).unwrap();
    let mut changed = before.entries[&EntryNo(1)].clone();
    changed.entry.title = "Một tựa đề khác".to_owned();
    changed.entry.content = None;
    changed.marks.keys = vec![77];
    let entries = [(changed.no, changed.clone())].into();
    subject.store().commit(Batch { entries, ..Batch::default() }).unwrap();
    for _ in 0..2 {
        let store = subject.store();
        assert_eq!(store.entries(&[EntryNo(1)]).unwrap()[0].as_deref(), Some(&changed));
        let bounds = Bounds { from: at(0), until: at(99), limit: 9 };
        let found = |keys| {
            let marks = Marks { version: 1, keys, mask: 0, is_roundup: false };
            store.candidates(&marks, bounds).unwrap().entries.len()
        };
        assert_eq!(found(vec![77]), 1);
        assert_eq!(found(before.entries[&EntryNo(1)].marks.keys.clone()), 0);
        assert_eq!(store.stats().unwrap().entries, 1);
        subject.reopen();
    }
}

fn a_state(no: u32) -> SourceState {
    SourceState {
        url: "https://a.example/rss".to_owned(),
        validators: Some(Validators {
            etag: Some(format!("W/\"{no}\"")),
            last_modified: None,
            url: "https://a.example/rss".to_owned(),
        }),
        next_poll: Some(at(3_600)),
        next_reason: "interval".to_owned(),
        http_status: Some(200),
        meta: FeedMeta { title: Some("Báo A".to_owned()), ..FeedMeta::default() },
        fetch_no: no,
        listed: (0..2_000)
            .map(|n| Listed { item: ItemHash(n << 48 | u64::from(no)), entry: Some(EntryNo(n)) })
            .collect(),
        departed: vec![Departed { entry: EntryNo(4), last_listed: no }],
        flaws: vec![("bad date".to_owned(), no)],
        ..SourceState::default()
    }
}

fn states_are_kept(subject: &mut Subject<'_>) {
    let states = [(source("b"), a_state(1)), (source("a"), a_state(2))].into();
    subject.store().commit(Batch { states, ..Batch::default() }).unwrap();
    // A 304, and a document that lists much less.
    let unchanged = SourceState { http_status: Some(304), ..a_state(1) };
    let mut shorter = a_state(3);
    shorter.listed.truncate(1);
    let states = [(source("b"), unchanged.clone()), (source("a"), shorter.clone())].into();
    subject.store().commit(Batch { states, ..Batch::default() }).unwrap();
    for _ in 0..2 {
        let states = subject.store().states().unwrap();
        let found: Vec<_> = states.iter().map(|(id, state)| (id.as_str(), &**state)).collect();
        assert_eq!(found, [("a", &shorter), ("b", &unchanged)], "in the order of their ids");
        subject.reopen();
    }
}

/// All that can be asked of a store that knows these numbers, in comparable form.
fn everything(store: &dyn Store, numbers: u64) -> String {
    let entries: Vec<_> = (0..=numbers).map(EntryNo).collect();
    let stories: Vec<_> = (0..=numbers).map(StoryNo).collect();
    let sources = ["a", "b", "c"];
    let keys: Vec<_> = (0..=numbers)
        .flat_map(|no| {
            sources.iter().map(move |of| EntryKey::own(&source(of), &format!("guid-{no}")))
        })
        .collect();
    let marks = Marks { version: 1, keys: (0..=numbers).collect(), mask: 0, is_roundup: false };
    let bounds = Bounds { from: at(0), until: at(1 << 20), limit: 1_000 };
    let stats = Stats { bytes: 0, ..store.stats().unwrap() };
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{stats:?}",
        store.entries(&entries).unwrap(),
        store.stories(&stories).unwrap(),
        store.find(&keys).unwrap(),
        store.select(&all(Unit::Stories, &sources)).unwrap(),
        store.select(&all(Unit::Entries, &sources)).unwrap(),
        store.states().unwrap(),
        store.candidates(&marks, bounds).unwrap(),
    )
}

fn restart_keeps_everything(subject: &mut Subject<'_>) {
    let store = subject.store();
    for poll in 0..30_u64 {
        let no = 10 * poll + 1;
        let mut batch = Batch::default();
        for (n, of) in (0..).zip(["a", "b", "c", "a"]) {
            add(&mut batch, no + n, of, (no * 37 % 100) as i64);
        }
        add_copies(&mut batch, no + 5, &[(no + 5, "a"), (no + 6, "c")], (no * 13 % 100) as i64);
        batch.states.insert(source("a"), a_state(poll as u32));
        store.commit(batch).unwrap();
    }
    store.sync().unwrap();
    let before = everything(subject.store(), 310);
    subject.reopen();
    let after = everything(subject.store(), 310);
    assert!(before == after, "before:\n{before}\nafter:\n{after}");
}

fn long_records_are_kept(subject: &mut Subject<'_>) {
    // Nothing in it repeats, so that packing does not make it short.
    let noise = |bytes: usize, seed: u64| {
        let mut state = seed;
        let letters = std::iter::from_fn(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from_u32(0x21 + (state >> 33) as u32 % 90)
        });
        letters.take(bytes).collect::<String>()
    };
    let lengths = [1 << 20, 7 << 10, (7 << 10) + 1, 100, 500_000, 60_000, 3];
    let mut expected = Vec::new();
    for (seed, bytes) in (1..).zip(lengths) {
        let mut batch = batch(&[(1, "a", 10)]);
        let held = batch.entries.get_mut(&EntryNo(1)).unwrap();
        held.entry.content = Some(noise(bytes, seed));
        held.entry.extensions = vec![Element { text: noise(300, seed), ..Element::default() }];
        expected = vec![held.clone()];
        subject.store().commit(batch).unwrap();
        let found = subject.store().entries(&[EntryNo(1)]).unwrap();
        assert_eq!(found[0].as_deref(), Some(&expected[0]), "{bytes} bytes");
        subject.reopen();
        let found = subject.store().entries(&[EntryNo(1)]).unwrap();
        assert_eq!(found[0].as_deref(), Some(&expected[0]), "{bytes} bytes, opened again");
    }
    assert_eq!(expected.len(), 1);
}

fn too_long_is_refused(subject: &mut Subject<'_>) {
    let store = subject.store();
    let mut batch = batch(&[(1, "a", 10), (2, "a", 20)]);
    batch.entries.get_mut(&EntryNo(2)).unwrap().entry.content = Some("a".repeat(5 << 20));
    let error = store.commit(batch).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    assert!(error.to_string().starts_with("entry 2 has "), "{error}");
    assert_eq!(store.entries(&[EntryNo(1)]).unwrap(), [None], "nothing of the batch is there");
    assert_eq!(store.stats().unwrap().next_entry, EntryNo(1));
    store.commit(self::batch(&[(1, "a", 10)])).expect("the store still takes what is shorter");
}

fn readers_see_whole_records(subject: &mut Subject<'_>) {
    let store = subject.store();
    // Each version is of several pieces and says its number throughout.
    let version = |n: u32| {
        let mut batch = batch(&[(1, "a", 10)]);
        let held = batch.entries.get_mut(&EntryNo(1)).unwrap();
        held.first_listed = n;
        let words = (0..6_000_u32).map(|word| format!("{:x}", word.wrapping_mul(0x9e37_79b9)));
        held.entry.content = Some(format!("{n} {} {n}", words.collect::<String>()));
        held.entry.title = n.to_string();
        batch
    };
    store.commit(version(0)).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut last = 0;
            while !is_over.load(Ordering::Acquire) {
                let held = store.entries(&[EntryNo(1)]).unwrap().remove(0).unwrap();
                let n = held.first_listed;
                let content = held.entry.content.as_deref().unwrap();
                assert!(content.starts_with(&format!("{n} ")), "version {n}");
                assert!(content.ends_with(&format!(" {n}")), "version {n}");
                assert!(n >= last, "{n} after {last}");
                last = n;
                assert_eq!(list(store, &all(Unit::Stories, &["a"])), [1]);
            }
        });
        for n in 1..=60 {
            store.commit(version(n)).unwrap();
            let held = store.entries(&[EntryNo(1)]).unwrap().remove(0).unwrap();
            assert_eq!(held.first_listed, n, "the writer reads what it wrote");
        }
        is_over.store(true, Ordering::Release);
        reader.join().unwrap();
    });
}

fn ten_thousand_articles(subject: &mut Subject<'_>) {
    let of = |no: u64| ["a", "b", "c"][(no % 3) as usize];
    let date = |no: u64| (no * 7_919 % 100_003) as i64;
    for first in (1..=10_000).step_by(100) {
        let articles: Vec<_> = (first..first + 100).map(|no| (no, of(no), date(no))).collect();
        subject.store().commit(batch(&articles)).unwrap();
        if first % 1_000 == 1 {
            subject.store().sync().unwrap();
        }
    }
    let mut expected: Vec<_> = (1..=10_000).map(|no| Position { date: at(date(no)), no }).collect();
    expected.sort();
    expected.reverse();
    for _ in 0..2 {
        let store = subject.store();
        assert_eq!(store.stats().unwrap().entries, 10_000);
        let found = store.select(&all(Unit::Stories, &["a", "b", "c"])).unwrap();
        assert!(found == expected);
        for no in (1..=10_000).step_by(97) {
            let found = store.entries(&[EntryNo(no)]).unwrap().remove(0).unwrap();
            assert_eq!(*found, held(no, of(no), no, date(no)));
            let claim = store.find(&[found.key]).unwrap();
            assert_eq!(claim, [Some(Claim::Entry(EntryNo(no)))]);
        }
        subject.reopen();
    }
}

/// What the strict double must refuse: the writer's part of the contract.
#[test]
fn memory_panics_at_a_broken_contract() {
    let breaks: [(&str, Break); 13] = [
        ("goes back", |batch| {
            batch.entries.insert(EntryNo(0), held(0, "a", 1, 10));
            batch
                .stories
                .insert(StoryNo(1), story(1, &[&held(1, "a", 1, 10), &held(0, "a", 1, 10)]));
        }),
        ("another's number", |batch| {
            let held = batch.entries.remove(&EntryNo(3)).unwrap();
            batch.entries.insert(EntryNo(4), held);
        }),
        ("which is not there", |batch| drop(batch.entries.remove(&EntryNo(3)))),
        ("which is not there", |batch| drop(batch.stories.remove(&StoryNo(3)))),
        ("is not there", |batch| {
            batch.keys.insert(EntryKey::url("x"), Claim::Entry(EntryNo(9)));
        }),
        ("is to lead to", |batch| {
            let taken = EntryKey::url("https://a.example/1");
            batch.keys.insert(taken, Claim::Entry(EntryNo(3)));
        }),
        ("is to lead to", |batch| {
            batch.keys.insert(EntryKey::url("barred"), Claim::Entry(EntryNo(3)));
        }),
        ("a public id changes", |batch| {
            let mut changed = story(1, &[&held(1, "a", 1, 10)]);
            changed.public_id = "tag:other".to_owned();
            batch.stories.insert(changed.no, changed);
        }),
        ("date changes", |batch| {
            let mut changed = story(1, &[&held(1, "a", 1, 10)]);
            changed.date = at(11);
            batch.stories.insert(changed.no, changed);
        }),
        ("is another story's", |batch| {
            let opened = batch.stories.get_mut(&StoryNo(3)).unwrap();
            opened.public_id = "tag:news.example,2026:1".to_owned();
        }),
        ("none of the copies", |batch| {
            batch.stories.get_mut(&StoryNo(3)).unwrap().representative = EntryNo(1);
        }),
        ("another date", |batch| {
            batch.stories.get_mut(&StoryNo(3)).unwrap().members[0].date = at(9_999);
        }),
        ("merged into nothing", |batch| {
            batch.stories.get_mut(&StoryNo(3)).unwrap().merged_into = Some(StoryNo(8));
        }),
    ];
    panics_at(&breaks);
}

#[test]
fn memory_panics_at_numbers_given_twice() {
    let breaks: [(&str, Break); 2] = [
        ("is another's", |batch| {
            let slug = CategorySlug::new("c");
            batch.stories.get_mut(&StoryNo(3)).unwrap().numbers = vec![(slug, 1)];
        }),
        ("numbered again", |batch| {
            let mut changed = story(1, &[&held(1, "a", 1, 10)]);
            changed.numbers = vec![(CategorySlug::new("c"), 2)];
            batch.stories.insert(changed.no, changed);
        }),
    ];
    panics_at(&breaks);
}

type Break = fn(&mut Batch);

fn panics_at(breaks: &[(&str, Break)]) {
    for (expected, spoil) in breaks {
        let store = MemoryStore::new(birth());
        let mut first = batch(&[(1, "a", 10), (2, "b", 20)]);
        first.keys.insert(EntryKey::url("barred"), Claim::Barred);
        let opened = first.stories.get_mut(&StoryNo(1)).unwrap();
        opened.numbers = vec![(CategorySlug::new("c"), 1)];
        store.commit(first).unwrap();
        let mut next = batch(&[(3, "a", 30)]);
        spoil(&mut next);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.commit(next)))
            .expect_err(expected);
        let words = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(words.contains(expected), "{words:?} does not say {expected:?}");
    }
}
