//! Limits, hostile input, items passed over, and nothing that panics.

use std::collections::HashSet;

use proptest::prelude::*;

use super::super::bounded::{JSON_DEPTH_MAX, JSON_VALUES_MAX};
use super::super::repair::{
    ATTRIBUTES_MAX, DEPTH_MAX, ITEMS_MAX, NODES_MAX, NODES_TOTAL_MAX, TEXT_BYTES_MAX,
};
use super::super::sidecar::EXTENSIONS_MAX;
use super::*;

#[test]
fn limits_hold_just_under_and_just_over() {
    let nested = |n: usize| {
        item(&format!("<description>{}x{}</description>", "<b>".repeat(n), "</b>".repeat(n)))
    };
    // rss, channel, item and description are open round it.
    for (n, is_over) in [(DEPTH_MAX - 4, false), (DEPTH_MAX - 3, true)] {
        let feed = read(&nested(n));
        assert_eq!(has_flaw(&feed, "elements nested too deeply"), is_over, "{n}");
        let summary = &entries(&feed)[0].summary.as_ref().unwrap().value;
        assert_eq!(summary.matches("<b>").count(), DEPTH_MAX - 4, "{n}");
    }
    for (n, is_over) in [(ITEMS_MAX, false), (ITEMS_MAX + 1, true)] {
        let feed = read(&rss(&"<item/>".repeat(n)));
        assert_eq!(feed.items.len(), ITEMS_MAX);
        assert_eq!(has_flaw(&feed, "too many items"), is_over);
    }
    for (n, is_over) in [(ATTRIBUTES_MAX, false), (ATTRIBUTES_MAX + 1, true)] {
        let attributes: String = (0..n).map(|i| format!(" a{i}='1'")).collect();
        let feed = read(&item(&format!("<media:x{attributes}/>")));
        assert_eq!(has_flaw(&feed, "too many attributes"), is_over);
        assert_eq!(entries(&feed)[0].extensions[0].attributes.len(), ATTRIBUTES_MAX);
    }
    for (n, is_over) in [(TEXT_BYTES_MAX, false), (TEXT_BYTES_MAX + 1, true)] {
        let feed = read(&item(&format!("<description>{}</description>", "x".repeat(n))));
        assert_eq!(has_flaw(&feed, "text too long"), is_over);
        assert_eq!(entries(&feed)[0].summary.as_ref().unwrap().value.len(), TEXT_BYTES_MAX);
    }
    // item, title and guid count as well.
    for (n, is_over) in [(NODES_MAX - 3, false), (NODES_MAX - 2, true)] {
        let feed = read(&item(&"<x/>".repeat(n)));
        assert_eq!(has_flaw(&feed, "too many elements"), is_over);
    }
    // 50 items of 10,000 elements each fill the document's share.
    let full = format!("<item>{}</item>", "<x/>".repeat(9_999));
    for (tail, is_over) in [("<item/>", false), ("<item><x/></item>", true)] {
        let feed = read(&rss(&format!("{}{tail}", full.repeat(NODES_TOTAL_MAX / 10_000))));
        assert_eq!(has_flaw(&feed, "too many elements"), is_over);
        assert_eq!(feed.items.len(), 51);
    }
    let many = first(&item(&"<media:x/>".repeat(EXTENSIONS_MAX + 1)));
    assert_eq!(many.extensions.len(), EXTENSIONS_MAX);
}

#[test]
fn known_items_of_a_json_feed_are_not_read() {
    let feed = |second: &str| {
        let items = format!("{{\"id\":\"1\",\"title\":\"a\"}} , {second}");
        format!("{{\"title\":\"T\",\"items\":[{items}],\"home_page_url\":\"https://ex.com/\"}}")
    };
    let read = |body: &str, known: &[ItemHash]| {
        let document = RawDocument {
            body: body.as_bytes().to_vec(),
            url: URL.to_owned(),
            ..RawDocument::default()
        };
        parse(&document, &ReadSettings::default(), &|hash| known.contains(&hash)).unwrap()
    };
    let hashes = |feed: &RawFeed| feed.items.iter().filter_map(|it| it.hash).collect::<Vec<_>>();
    let whole = read(&feed("{\"id\":\"2\"}"), &[]);
    let known = hashes(&whole);
    let changed = read(&feed("{\"id\":\"2\",\"title\":\"b\"}"), &known);
    let is_read: Vec<bool> = changed.items.iter().map(|item| item.entry.is_some()).collect();
    assert_eq!(is_read, [false, true]);
    assert_eq!(changed.meta, whole.meta);
    assert_eq!(hashes(&changed).first(), known.first());
    assert_ne!(hashes(&changed).last(), known.last());
}

#[test]
fn json_nests_to_a_limit() {
    let nested = |n: usize| {
        let (open, close) = ("[".repeat(n), "]".repeat(n));
        format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"x\":{open}{close}}}")
    };
    // The feed itself is one level.
    assert!(read_bytes(nested(JSON_DEPTH_MAX - 1).as_bytes()).is_ok());
    let limit = ParseError::Limit { what: "nested JSON values", limit: JSON_DEPTH_MAX };
    assert_eq!(read_bytes(nested(JSON_DEPTH_MAX).as_bytes()), Err(limit));
}

#[test]
fn json_nests_to_the_same_limit_within_items() {
    let nested = |n: usize| {
        let (open, close) = ("[".repeat(n), "]".repeat(n));
        format!("{{\"title\":\"T\",\"items\":[{{\"id\":\"1\",\"x\":{open}{close}}}]}}")
    };
    // The feed, the list, the item.
    assert!(read_bytes(nested(JSON_DEPTH_MAX - 3).as_bytes()).is_ok());
    let limit = ParseError::Limit { what: "nested JSON values", limit: JSON_DEPTH_MAX };
    assert_eq!(read_bytes(nested(JSON_DEPTH_MAX - 2).as_bytes()), Err(limit));
}

#[test]
fn json_values_are_counted() {
    let many =
        |n: usize| format!("{{\"title\":\"T\",\"items\":[],\"x\":[0{}]}}", ",0".repeat(n - 1));
    // The feed, its title, the two lists.
    assert!(read_bytes(many(JSON_VALUES_MAX - 4).as_bytes()).is_ok());
    let limit = || ParseError::Limit { what: "JSON values", limit: JSON_VALUES_MAX };
    assert_eq!(read_bytes(many(JSON_VALUES_MAX - 3).as_bytes()), Err(limit()));
    let items =
        |n: usize| format!("{{\"title\":\"T\",\"items\":[{{\"x\":[0{}]}}]}}", ",0".repeat(n - 1));
    // The feed, its title, the list, the item, its list.
    assert!(read_bytes(items(JSON_VALUES_MAX - 5).as_bytes()).is_ok());
    assert_eq!(read_bytes(items(JSON_VALUES_MAX - 4).as_bytes()), Err(limit()));
}

#[test]
fn hostile_documents_cost_little() {
    let cases = [
        item(&"<media:group>".repeat(100_000)),
        rss(&"<itunes:category text='a'>".repeat(100_000)),
        item(&"<a xml:base='https://e.com/aaaa/'>".repeat(50_000)),
        item(&(0..20_000).map(|i| format!("<a xmlns:a{i}='u{i}'>")).collect::<String>()),
        item(&format!("<title {}>", (0..40_000).map(|i| format!("a{i}='1' ")).collect::<String>())),
        rss(&"<item><title>".repeat(50_000)),
        rss(&"<item>".repeat(100_000)),
        item(&"<!--".repeat(100_000)),
        item(&"<![CDATA[".repeat(100_000)),
        item(&"&".repeat(500_000)),
        item(&"&amp".repeat(200_000)),
        item(&"</b>".repeat(200_000)),
        item(&"<p>".repeat(200_000)),
        item(&"<a '>' ".repeat(100_000)),
        "<rss".repeat(100_000),
        "<".repeat(500_000),
    ];
    for body in cases {
        let read = read_bytes(body.as_bytes());
        assert!(
            matches!(read, Ok(_) | Err(ParseError::NotAFeed { .. })),
            "{:?} of {body:.80}",
            read.map(|feed| feed.flaws)
        );
    }
}

#[test]
fn a_small_stack_is_enough() {
    let bodies = [item(&"<media:group>".repeat(1_000)), format!("{{\"a\":{}", "[".repeat(100_000))];
    let read = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        bodies.iter().map(|body| read_bytes(body.as_bytes()).is_ok()).collect::<Vec<_>>()
    });
    assert_eq!(read.unwrap().join().unwrap(), [true, false]);
}

#[test]
fn known_items_are_passed_over_by_hash() {
    let body = rss(
        "<item><title>a</title></item><item><title>b</title><description><![CDATA[x </item> y]]></description></item><item/><item><title>c</title></item>",
    );
    let document =
        RawDocument { body: body.into_bytes(), url: URL.into(), ..RawDocument::default() };
    let settings = ReadSettings { salt: 7, ..ReadSettings::default() };
    let all = parse(&document, &settings, &|_| false).unwrap();
    let hashes: Vec<ItemHash> = all.items.iter().filter_map(|item| item.hash).collect();
    assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), 4);
    let none = parse(&document, &settings, &|hash| hashes.contains(&hash)).unwrap();
    assert_eq!(none.items.iter().filter_map(|item| item.hash).collect::<Vec<_>>(), hashes);
    assert!(none.items.iter().all(|item| item.entry.is_none()));
    let one = parse(&document, &settings, &|hash| hash != hashes[3]).unwrap();
    let read: Vec<bool> = one.items.iter().map(|item| item.entry.is_some()).collect();
    assert_eq!(title(one.items[read.len() - 1].entry.as_ref().unwrap()), "c");
    let salted = ReadSettings { salt: 8, ..ReadSettings::default() };
    let other = parse(&document, &salted, &|hash| hashes.contains(&hash)).unwrap();
    assert!(other.items.iter().all(|item| item.entry.is_some()), "another salt, other hashes");
    let moved = RawDocument { content_location: Some("/elsewhere/".into()), ..document };
    let other = parse(&moved, &settings, &|hash| hashes.contains(&hash)).unwrap();
    assert!(other.items.iter().all(|item| item.entry.is_some()), "another base, other hashes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(!has_panicked(&read_bytes(&body)));
    }

    #[test]
    fn mutated_feeds_never_panic(
        which in 0_usize..3,
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), 0_usize..24), 0..20),
    ) {
        const PIECES: [&str; 24] = [
            "<", ">", "&", "\"", "'", "</item>", "<item>", "<![CDATA[", "]]>", "<!--", "-->", "<?xml",
            "&#xD83D;", "é", "ạ", "\u{0}", "xml:base='http://[", "<media:group>", "</entry>", "<entry>",
            "（a@b.c）", "type='zz'", "xmlns='x'", "/",
        ];
        let mut body = [
            item("<author>John</author><description>&lt;p&gt;x&lt;/p&gt;</description><media:group><media:content url='a'/></media:group>"),
            atom("<entry><id>1</id><title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>x</div></title><content src='x'/></entry>"),
            r#"{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{"id":"1"}]}"#.to_owned(),
        ][which].clone();
        for (place, piece) in edits {
            let at = place.index(body.len() + 1);
            let at = (0..=at).rev().find(|at| body.is_char_boundary(*at)).unwrap();
            body.insert_str(at, PIECES[piece]);
        }
        prop_assert!(!has_panicked(&read_bytes(body.as_bytes())));
        let cut = (0..=body.len() * 2 / 3).rev().find(|at| body.is_char_boundary(*at)).unwrap();
        prop_assert!(!has_panicked(&read_bytes(&body.as_bytes()[..cut])));
    }
}
