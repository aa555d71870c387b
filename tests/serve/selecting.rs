//! What stands in a document, asked of `View` itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use feedmill::model::entry::{EntryNo, GuidKind, Held, Origin};
use feedmill::model::source::{CategorySlug, ContentShare};
use feedmill::render::Document;
use feedmill::serve::Settings;
use feedmill::serve::route::{Part, Scope};
use feedmill::serve::select::{Found, View};
use jiff::civil::date;

use super::fake::{FakeStore, Shelves, at, held, settings, source, story, world};

fn find(store: &FakeStore, settings: &Settings, scope: &Scope, part: Part) -> Option<Document> {
    let view = View::open(store, &settings.site, &settings.catalog).unwrap();
    match view.document(scope, part).unwrap() {
        Found::Here(selected) => Some(selected.document),
        Found::Renamed(_) | Found::Gone | Found::Unknown => None,
    }
}

fn newest(store: &FakeStore, settings: &Settings, scope: &Scope) -> Document {
    find(store, settings, scope, Part::Newest).unwrap()
}

fn titles(document: &Document) -> Vec<&str> {
    document.items.iter().map(|item| item.title.as_str()).collect()
}

fn category(slug: &str) -> Scope {
    Scope::Category(slug.to_owned())
}

/// `n` stories of one source, one an hour from the start of 2024, each titled by its number.
fn many(n: u64) -> FakeStore {
    let start = at("2024-01-01T00:00:00Z");
    let entries: Vec<_> = (1..=n)
        .map(|no| {
            let hour = jiff::SignedDuration::from_hours(i64::try_from(no).unwrap());
            held(no, no, "nhandan", &(start + hour).to_string(), &no.to_string())
        })
        .collect();
    let numbered = |held: &Held| {
        let mut story = story(held.no.0, &[held]);
        story.members[0].number = Some(story.no.0);
        story.numbers.push((CategorySlug::new("thoi-su"), story.no.0));
        story
    };
    let stories = entries.iter().map(numbered).collect();
    FakeStore(Mutex::new(Shelves { entries, stories, ..Shelves::default() }))
}

#[test]
fn a_story_is_in_the_union_of_its_copies_categories_and_in_one_day() {
    let (store, settings) = (world(), settings());
    let all = newest(&store, &settings, &Scope::All);
    assert_eq!(
        titles(&all),
        ["Bão", "Two", "Three"],
        "newest first; withdrawn, merged, left: none"
    );
    assert_eq!(titles(&newest(&store, &settings, &category("thoi-su"))), ["Bão", "Three"]);
    assert_eq!(titles(&newest(&store, &settings, &category("the-gioi"))), ["Bão", "Two"]);
    let sections: Vec<&str> = all.items[0].sections.iter().map(|(slug, _)| &**slug).collect();
    assert_eq!(sections, ["thoi-su", "the-gioi"]);
    let day = |day: i8| newest(&store, &settings, &Scope::Day(date(2024, 11, day)));
    assert_eq!(titles(&day(22)), ["Bão", "Two"], "R74: the day in Hà Nội");
    assert_eq!(titles(&day(21)), ["Three"]);
    let both = Scope::CategoryDay("the-gioi".to_owned(), date(2024, 11, 22));
    assert_eq!(titles(&newest(&store, &settings, &both)), ["Bão", "Two"]);
}

#[test]
fn a_story_keeps_its_id_whichever_copy_shows_it() {
    let (store, mut settings) = (world(), settings());
    let item = newest(&store, &settings, &Scope::All).items.remove(0);
    assert_eq!(item.id, "https://nhandan.example/1", "of its first copy");
    assert_eq!(item.link.as_deref(), Some("https://other.example/2"), "of the representative");
    assert_eq!(item.via.as_deref(), Some("https://nhandan.example/1"), "whom it credits");
    let copies: Vec<&str> = item.copies.iter().map(|copy| &*copy.source_title).collect();
    assert_eq!(copies, ["Báo Nhân Dân"]);
    assert_eq!(item.source.title, "Other", "the feed's own title stands in");
    assert_eq!(item.source.feed_url, None, "a private address");
    assert!(!format!("{item:?}").contains("s3cret"));
    // The representative's source leaves: another copy shows the story.
    let catalog = Arc::make_mut(&mut settings.catalog);
    catalog.sources.retain(|source| source.id.as_str() != "other");
    let all = newest(&store, &settings, &Scope::All);
    assert_eq!(titles(&all), ["Bão số 9 <b>", "Three"]);
    assert_eq!(all.items[0].id, "https://nhandan.example/1");
    assert!(all.items[0].copies.is_empty(), "entries of a source that left are in no output");
}

#[test]
fn a_source_lists_its_own_entries_with_their_own_ids() {
    let (store, settings) = (world(), settings());
    let own = newest(&store, &settings, &Scope::Source("other".to_owned()));
    let ids: Vec<&str> = own.items.iter().map(|item| &*item.id).collect();
    let expected =
        ["https://other.example/2", "https://other.example/3", "https://other.example/6"];
    assert_eq!(ids, expected, "the merged story's entry is still the source's own");
    assert!(own.items[0].page_url.starts_with("https://news.example/n/entry/"));
    assert!(own.items.iter().all(|item| item.copies.is_empty()));
}

#[test]
fn no_two_items_of_a_document_share_an_id_r8() {
    let store = world();
    {
        let mut shelves = store.0.lock().unwrap();
        let same = shelves.entries[1].entry.guid.clone();
        shelves.entries[5].entry.guid = same;
        shelves.stories[4].members[0].entry = EntryNo(99);
    }
    let own = newest(&store, &settings(), &Scope::Source("other".to_owned()));
    let ids: BTreeSet<&str> = own.items.iter().map(|item| &*item.id).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().any(|id| id.starts_with("tag:news.example,2024:")), "minted: {ids:?}");
}

#[test]
fn ids_of_feeds_come_from_the_store_and_never_from_the_host_r4() {
    let (store, mut settings) = (world(), settings());
    let cases = [
        (Scope::All, "tag:news.example,2024:feed/all"),
        (category("thoi-su"), "tag:news.example,2024:feed/category/thoi-su"),
        (Scope::Day(date(2024, 11, 22)), "tag:news.example,2024:feed/date/2024-11-22"),
        (Scope::Source("nhandan".to_owned()), "tag:news.example,2024:feed/source/nhandan"),
    ];
    for base_url in ["https://news.example/n", "http://127.0.0.1:8080"] {
        settings.site.base_url = base_url.to_owned();
        for (scope, id) in &cases {
            let document = newest(&store, &settings, scope);
            assert_eq!(document.id, *id);
            assert!(document.atom_url.starts_with(base_url));
        }
    }
}

#[test]
fn what_is_empty_is_a_valid_feed_dated_by_its_day_or_the_store() {
    let (store, settings) = (world(), settings());
    let day = newest(&store, &settings, &Scope::Day(date(1999, 1, 1)));
    assert!(day.items.is_empty());
    assert_eq!(day.updated, at("1998-12-31T17:00:00Z"), "the day begins at UTC+7");
    assert_eq!(day.subtitle, "1999-01-01 (Asia/Ho_Chi_Minh)", "R74");
    let category = newest(&store, &settings, &category("trong"));
    assert!(category.items.is_empty());
    assert_eq!(category.updated, at("2024-11-01T00:00:00Z"));
    let all = newest(&store, &settings, &Scope::All);
    assert_eq!(all.updated, at("2024-11-22T11:30:00Z"), "R17: the latest of its entries");
}

#[test]
fn a_feed_holds_its_number_of_stories_or_its_days_whichever_is_more() {
    let store = many(90);
    let mut settings = settings();
    let cases = [
        ("the number", 10, 0, 10),
        ("a day of 24 hours and its edge", 10, 1, 25),
        ("two days", 10, 2, 49),
        ("no more than there are", 100, 2, 90),
    ];
    for (name, entries, days, expected) in cases {
        settings.site.entries_per_feed = entries;
        settings.site.days_per_feed = days;
        let all = newest(&store, &settings, &Scope::All);
        assert_eq!(all.items.len(), expected, "{name}");
        assert_eq!(all.items[0].title, "90", "newest first");
    }
}

#[test]
fn a_full_day_is_complete_over_pages_r71() {
    let store = many(2_345);
    for held in &mut store.0.lock().unwrap().entries {
        held.entry.published = Some(at("2024-11-22T05:00:00Z"));
    }
    for story in &mut store.0.lock().unwrap().stories {
        story.date = at("2024-11-22T05:00:00Z");
    }
    let settings = settings();
    let scope = Scope::Day(date(2024, 11, 22));
    let page = |part| find(&store, &settings, &scope, part);
    let base = "https://news.example/n/date/2024-11-22";
    let link = |document: &Document, rel: &str| {
        document.paging.iter().find(|(name, _)| name == rel).map(|(_, url)| url.clone())
    };
    let one = page(Part::Newest).unwrap();
    let two = page(Part::Page(2)).unwrap();
    let three = page(Part::Page(3)).unwrap();
    assert_eq!([one.items.len(), two.items.len(), three.items.len()], [1_000, 1_000, 345]);
    assert_eq!(link(&one, "next"), Some(format!("{base}/page/2")));
    assert_eq!(link(&two, "next"), Some(format!("{base}/page/3")));
    assert_eq!(link(&two, "previous"), Some(base.to_owned()));
    assert_eq!(link(&three, "previous"), Some(format!("{base}/page/2")));
    assert_eq!(link(&three, "next"), None);
    assert!(page(Part::Page(4)).is_none() && page(Part::Page(u32::MAX)).is_none());
    let all: BTreeSet<String> =
        [one, two, three].iter().flat_map(|p| &p.items).map(|item| item.id.clone()).collect();
    assert_eq!(all.len(), 2_345);
}

#[test]
fn walking_back_through_the_archives_misses_no_story_r70() {
    let store = many(357);
    let mut settings = settings();
    settings.site.entries_per_feed = 5;
    settings.site.days_per_feed = 0;
    let source = Scope::Source("nhandan".to_owned());
    for scope in [Scope::All, category("thoi-su"), source] {
        let feed = newest(&store, &settings, &scope);
        let mut seen: BTreeSet<u64> = feed.items.iter().map(|i| i.title.parse().unwrap()).collect();
        assert_eq!(seen, (301..=357).collect(), "{scope:?}: all that is on no full page");
        let previous = |document: &Document| {
            let link = document.paging.iter().find(|(rel, _)| rel == "prev-archive");
            link.map(|(_, url)| url.rsplit('/').next().unwrap().parse::<u32>().unwrap())
        };
        let mut next = previous(&feed);
        assert_eq!(next, Some(2));
        while let Some(n) = next {
            let page = find(&store, &settings, &scope, Part::Archive(n)).unwrap();
            assert!(page.is_archive, "R67");
            assert_eq!(page.id, feed.id, "R4");
            let numbers: BTreeSet<u64> =
                page.items.iter().map(|item| item.title.parse().unwrap()).collect();
            let first = u64::from(n) * 100 + 1;
            assert_eq!(numbers, (first..first + 100).collect(), "R68 {scope:?} {n}");
            seen.extend(numbers);
            let rels: BTreeSet<&str> = page.paging.iter().map(|(rel, _)| &**rel).collect();
            assert!(rels.contains("current"), "R67");
            assert_eq!(rels.contains("next-archive"), n < 2, "R67");
            next = previous(&page);
        }
        assert_eq!(seen, (1..=357).collect(), "{scope:?}");
        assert!(find(&store, &settings, &scope, Part::Archive(3)).is_none(), "not full yet");
    }
}

#[test]
fn what_leaves_a_page_leaves_a_hole_and_moves_nothing_r68() {
    let store = many(250);
    let settings = settings();
    let titles_of = |scope: &Scope, n| {
        let page = find(&store, &settings, scope, Part::Archive(n)).unwrap();
        page.items.iter().map(|item| item.title.clone()).collect::<Vec<_>>()
    };
    let scopes = [Scope::All, category("thoi-su"), Scope::Source("nhandan".to_owned())];
    let before: Vec<_> =
        scopes.iter().map(|scope| [titles_of(scope, 0), titles_of(scope, 1)]).collect();
    store.0.lock().unwrap().stories[49].is_withdrawn = true;
    for (scope, [first, second]) in scopes.iter().zip(before) {
        let expected: Vec<_> = first.into_iter().filter(|title| title != "50").collect();
        assert_eq!(titles_of(scope, 0), expected, "{scope:?}");
        assert_eq!(titles_of(scope, 1), second, "{scope:?}");
    }
}

#[test]
fn a_text_is_republished_as_far_as_the_source_allows() {
    let store = many(1);
    let long = format!("<p>{}</p>", "word ".repeat(300));
    store.0.lock().unwrap().entries[0].entry.content = Some(long.clone());
    let mut settings = settings();
    let mut with = |share| {
        let mut one = source("nhandan", "https://nhandan.vn/rss", &["thoi-su"]);
        one.content = share;
        Arc::make_mut(&mut settings.catalog).sources = vec![Arc::new(one)];
        newest(&store, &settings, &Scope::All).items.remove(0)
    };
    let full = with(ContentShare::Full);
    assert_eq!((full.content, full.summary), (Some(long), None));
    let summary = with(ContentShare::Summary);
    assert_eq!(summary.content, None);
    let text = summary.summary.unwrap();
    assert!(text.starts_with("<p>word word") && text.ends_with("word…</p>"), "R126 {text}");
    assert!(text.chars().count() < 420);
    let title = with(ContentShare::Title);
    assert_eq!((title.content, title.summary), (None, None));
    assert_eq!(title.title, "1");
}

#[test]
fn an_entry_with_a_source_of_its_own_keeps_it_r11() {
    let store = many(1);
    store.0.lock().unwrap().entries[0].entry.origin = Some(Origin {
        id: Some("urn:x:origin".to_owned()),
        title: Some("Origin".to_owned()),
        ..Origin::default()
    });
    let item = newest(&store, &settings(), &Scope::All).items.remove(0);
    assert_eq!((&*item.source.id, &*item.source.title), ("urn:x:origin", "Origin"));
    store.0.lock().unwrap().entries[0].entry.origin = Some(Origin::default());
    let item = newest(&store, &settings(), &Scope::All).items.remove(0);
    assert_eq!(item.source.id, "https://nhandan.vn/rss/home.rss", "R10: one that names nothing");
}

#[test]
fn an_entry_whose_guid_is_no_iri_gets_a_minted_id_in_its_source() {
    let store = world();
    {
        let mut shelves = store.0.lock().unwrap();
        shelves.entries[1].entry.guid = Some("17".to_owned());
        shelves.entries[1].entry.guid_kind = GuidKind::OpaqueGuid;
    }
    let own = newest(&store, &settings(), &Scope::Source("other".to_owned()));
    assert!(own.items[0].id.starts_with("tag:news.example,2024:"), "{}", own.items[0].id);
}

#[test]
fn the_way_forward_leads_to_the_next_day_with_news() {
    let (store, settings) = (world(), settings());
    let view = View::open(&store, &settings.site, &settings.catalog).unwrap();
    let cases = [
        ("1999-12-31", None, Some("/date/2024-11-21")),
        ("2024-11-20", None, Some("/date/2024-11-21")),
        ("2024-11-21", None, Some("/date/2024-11-22")),
        ("2024-11-22", Some("/date/2024-11-21"), None),
        ("2025-06-01", Some("/date/2024-11-22"), None),
    ];
    for (day, older, newer) in cases {
        let scope = Scope::Day(day.parse().unwrap());
        let (found_newer, found_older) = view.neighbours(&scope).unwrap();
        let path = |way: Option<feedmill::render::html::Way>| way.map(|way| way.path);
        assert_eq!(path(found_newer).as_deref(), newer, "{day}");
        assert_eq!(path(found_older).as_deref(), older, "{day}");
    }
}
