//! Whole documents from outside: `RawFeed` → `Feed`.
#![expect(
    clippy::unwrap_used,
    clippy::type_complexity,
    reason = "a broken fixture must stop the suite; tables are plain tuples"
)]

use feedmill::model::entry::{Category, Element, Entry, GuidKind};
use feedmill::model::feed::Feed;
use feedmill::model::raw::*;
use feedmill::model::source::*;
use feedmill::normalize::{Context, Filter, normalize};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use url::Url;

fn source() -> Source {
    let url = Url::parse("https://user:secret@a.example/feed.xml?token=hidden").unwrap();
    Source {
        timezone: TimeZone::get("Asia/Ho_Chi_Minh").unwrap(),
        is_zone_given: true,
        ..Source::plain("a", url)
    }
}

fn feed_of(raw: RawFeed, source: &Source) -> Feed {
    let filter = Filter::new(source);
    let context = Context {
        now: "2026-05-01T00:00:00Z".parse().unwrap(),
        source,
        document_url: source.url.as_str(),
        content_location: None,
        content_language: Some("vi, en"),
        date_order: None,
        zone_s: None,
        filter: &filter,
    };
    normalize(raw, &context)
}

fn document(entries: Vec<RawEntry>) -> RawFeed {
    let items = entries.into_iter().map(|entry| RawItem { hash: None, entry: Some(entry) });
    RawFeed { items: items.collect(), ..RawFeed::default() }
}

/// Normalises one item alone.
fn entry_of(raw: RawEntry) -> Entry {
    feed_of(document(vec![raw]), &source()).items.remove(0).entry.unwrap()
}

fn text(value: &str, kind: TextKind) -> RawText {
    RawText { value: value.to_owned(), kind, ..RawText::default() }
}

fn titled(title: &str) -> RawEntry {
    RawEntry { title: Some(text(title, TextKind::Plain)), ..RawEntry::default() }
}

fn link(rel: &str, href: &str) -> RawLink {
    RawLink { rel: rel.to_owned(), href: href.to_owned(), ..RawLink::default() }
}

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn instant(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

#[test]
fn an_rss_item_becomes_ours() {
    let entry = entry_of(RawEntry {
        guid: Some("\n https://a.example/1 ".to_owned()),
        guid_kind: GuidKind::Guid,
        title: Some(text("Bão số 3 &amp; lũ", TextKind::Unknown)),
        summary: Some(text("<img src=/x.jpg onload=x> Tin <b>nóng</b>", TextKind::Unknown)),
        links: vec![link("alternate", "\n/1.html\n")],
        orig_link: Some("https://a.example/true".to_owned()),
        comments: Some("/1.html#comments".to_owned()),
        authors: vec![RawPerson {
            name: Some("an@a.example (An)".to_owned()),
            ..RawPerson::default()
        }],
        categories: vec![Category { term: " Thời  sự ".to_owned(), ..Category::default() }],
        rights: Some(text("(c) &lt;A&gt;", TextKind::Html)),
        published: owned(&["22.11.2024 | 18:11 PM"]),
        ..RawEntry::default()
    });
    assert_eq!(entry.guid.as_deref(), Some("https://a.example/1"));
    assert_eq!(entry.link.as_deref(), Some("https://a.example/1.html"));
    assert_eq!(entry.orig_link.as_deref(), Some("https://a.example/true"));
    assert_eq!(entry.title, "Bão số 3 & lũ");
    let summary = "<img src=\"https://a.example/x.jpg\"> Tin <b>nóng</b>";
    assert_eq!(entry.summary.as_deref(), Some(summary));
    assert_eq!(entry.content, None);
    assert_eq!(entry.authors[0].email.as_deref(), Some("an@a.example"));
    assert_eq!(entry.categories[0].term, "Thời sự");
    assert_eq!(entry.links[0].rel, "replies");
    assert_eq!(entry.rights.as_deref(), Some("(c) <A>"));
    assert_eq!(entry.language.as_deref(), Some("vi"));
    assert_eq!(entry.published, instant("2024-11-22T11:11:00Z"));
    assert_eq!(entry.updated, None);
}

#[test]
fn the_first_readable_date_counts_and_others_are_told() {
    let cases: [(&str, &[&str], Option<&str>, Option<&str>); 8] = [
        ("first", &["2026-04-01", "2026-04-02"], Some("2026-03-31T17:00:00Z"), None),
        (
            "second",
            &["soon", "2026-04-02T00:00:00Z"],
            Some("2026-04-02T00:00:00Z"),
            Some("unreadable date"),
        ),
        ("none", &["soon"], None, Some("unreadable date")),
        ("blank is no date", &[" "], None, None),
        ("placeholder (D24)", &["0001-01-01T00:00:00Z"], None, Some("unreadable date")),
        ("next week is kept (D29)", &["2026-05-08T00:00:00Z"], Some("2026-05-08T00:00:00Z"), None),
        ("absurdly far", &["2126-05-08T00:00:00Z"], None, Some("unreadable date")),
        (
            "unknown zone (D5)",
            &["Wed, 01 Apr 2026 07:00:00 XYZ"],
            Some("2026-04-01T00:00:00Z"),
            Some("unknown time zone"),
        ),
    ];
    for (name, written, expected, flaw) in cases {
        let raw = RawEntry { published: owned(written), ..titled("t") };
        let feed = feed_of(document(vec![raw]), &source());
        let entry = feed.items[0].entry.as_ref().unwrap();
        assert_eq!(entry.published, expected.and_then(instant), "{name}");
        let flaws: Vec<&str> = feed.flaws.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(flaws, flaw.into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn one_document_has_one_order_of_day_and_month() {
    let dated = |date: &str| RawEntry { published: owned(&[date]), ..titled("t") };
    let american = document(vec![dated("04/05/2026 07:00"), dated("04/25/2026 07:00")]);
    let feed = feed_of(american, &source());
    let first = feed.items[0].entry.as_ref().unwrap();
    assert_eq!(first.published, instant("2026-04-05T00:00:00Z"));
    let mut told = document(vec![dated("04/05/2026 07:00")]);
    told.meta.updated = owned(&["04/25/2026 07:00"]);
    let feed = feed_of(told, &source());
    let first = feed.items[0].entry.as_ref().unwrap();
    assert_eq!(first.published, instant("2026-04-05T00:00:00Z"));
    let feed = feed_of(document(vec![dated("04/05/2026 07:00")]), &source());
    let first = feed.items[0].entry.as_ref().unwrap();
    assert_eq!(first.published, instant("2026-05-04T00:00:00Z"));
}

#[test]
fn a_summary_that_repeats_the_content_goes() {
    let cases = [
        ("same", "<p>a b</p>", Some("a  b"), None, Some("<p>a b</p>")),
        ("different", "<p>a b c</p>", Some("a b"), Some("a b"), Some("<p>a b c</p>")),
        (
            "pictures differ",
            "<img src=/1.png>",
            Some("<img src=/2.png>"),
            Some("<img src=\"https://a.example/2.png\">"),
            Some("<img src=\"https://a.example/1.png\">"),
        ),
        ("no summary", "a", None, None, Some("a")),
        ("nothing left of the content", "<script>x</script>", Some("a"), Some("a"), None),
    ];
    for (name, content, summary, expected_summary, expected_content) in cases {
        let entry = entry_of(RawEntry {
            summary: summary.map(|value| text(value, TextKind::Html)),
            content: Some(text(content, TextKind::Html)),
            ..titled("t")
        });
        assert_eq!(entry.summary.as_deref(), expected_summary, "{name}");
        assert_eq!(entry.content.as_deref(), expected_content, "{name}");
    }
}

#[test]
fn plain_text_becomes_markup_with_its_paragraphs() {
    let cases = [
        ("a < b & c", TextKind::Plain, "a &lt; b &amp; c"),
        ("a\n\n\nb\r\n\r\nc", TextKind::Plain, "<p>a</p><p>b</p><p>c</p>"),
        ("History of the <blink> tag", TextKind::Unknown, "History of the &lt;blink&gt; tag"),
        ("a&nbsp;b", TextKind::Unknown, "a&nbsp;b"),
        (" <![CDATA[ <b>a</b> ]]> ", TextKind::Html, "<b>a</b>"),
    ];
    for (value, kind, expected) in cases {
        let entry = entry_of(RawEntry { content: Some(text(value, kind)), ..RawEntry::default() });
        assert_eq!(entry.content.as_deref(), Some(expected), "{value:?}");
    }
}

#[test]
fn the_nearest_base_counts() {
    let raw = |base: Option<&str>| RawEntry {
        content: Some(RawText {
            base: base.map(str::to_owned),
            ..text("<a href=x>x</a>", TextKind::Html)
        }),
        ..RawEntry::default()
    };
    let source = source();
    let filter = Filter::new(&source);
    let cases = [
        ("xml:base", Some("https://c.example/d/"), None, "https://c.example/d/x"),
        ("Content-Location", None, Some("/e/f"), "https://a.example/e/x"),
        ("document", None, None, "https://a.example/x"),
    ];
    for (name, base, content_location, expected) in cases {
        let context = Context {
            now: Timestamp::UNIX_EPOCH,
            source: &source,
            document_url: "https://user:secret@a.example/feed.xml?token=hidden",
            content_location,
            content_language: None,
            date_order: None,
            zone_s: None,
            filter: &filter,
        };
        let feed = normalize(document(vec![raw(base)]), &context);
        let content = feed.items[0].entry.as_ref().unwrap().content.clone().unwrap();
        assert_eq!(content, format!("<a href=\"{expected}\">x</a>"), "{name}");
    }
}

#[test]
fn secrets_of_the_address_reach_no_link() {
    let entry = entry_of(RawEntry {
        content: Some(text("<a href='#note'>1</a><a href=y>2</a>", TextKind::Html)),
        links: vec![link("alternate", "#top"), link("related", "z")],
        ..titled("t")
    });
    let all = format!("{entry:?}");
    assert!(!all.contains("secret") && !all.contains("hidden"), "{all}");
    assert_eq!(entry.link.as_deref(), Some("https://a.example/feed.xml#top"));
}

#[test]
fn the_language_in_force_is_the_nearest() {
    let in_language = |language: Option<&str>| RawText {
        language: language.map(str::to_owned),
        ..text("x", TextKind::Plain)
    };
    let cases = [
        ("text", Some("fr"), Some("de"), Some("en"), Some("fr")),
        ("entry", None, Some("de_AT"), Some("en"), Some("de-AT")),
        ("feed", None, None, Some("en"), Some("en")),
        ("header", None, None, None, Some("vi")),
        ("unset", Some(""), Some("de"), Some("en"), Some("")),
        ("unset on the feed", None, None, Some(""), Some("")),
    ];
    for (name, on_text, on_entry, on_feed, expected) in cases {
        let mut raw = document(vec![RawEntry {
            title: Some(in_language(on_text)),
            language: on_entry.map(str::to_owned),
            ..RawEntry::default()
        }]);
        raw.meta.language = on_feed.map(str::to_owned);
        let feed = feed_of(raw, &source());
        let entry = feed.items[0].entry.as_ref().unwrap();
        assert_eq!(entry.language.as_deref(), expected, "{name}");
    }
}

#[test]
fn r29_title_and_summary_keep_a_language_of_their_own() {
    let in_language = |language: &str| {
        Some(RawText { language: Some(language.to_owned()), ..text("x", TextKind::Plain) })
    };
    let raw = RawEntry {
        title: in_language("en"),
        summary: Some(RawText { language: Some("".to_owned()), ..text("y", TextKind::Plain) }),
        content: in_language("vi"),
        ..RawEntry::default()
    };
    let entry = entry_of(raw);
    let held = [entry.language, entry.title_language, entry.summary_language];
    assert_eq!(held.map(Option::unwrap), ["vi", "en", ""]);
    let raw =
        RawEntry { title: in_language("vi"), content: in_language("vi"), ..RawEntry::default() };
    assert_eq!(entry_of(raw).title_language, None, "the same is not said twice");
}

#[test]
fn a_title_that_is_a_picture_leaves_the_picture() {
    let raw = RawEntry {
        title: Some(text("<img src=\"/x.jpg\" onload=\"x()\">", TextKind::Html)),
        ..RawEntry::default()
    };
    let entry = entry_of(raw);
    assert_eq!(entry.title, "");
    assert_eq!(entry.content.as_deref(), Some("<img src=\"https://a.example/x.jpg\">"));
}

#[test]
fn bare_entries_go_and_known_items_stay() {
    let bare = RawEntry {
        title: Some(text(" \u{1} ", TextKind::Plain)),
        content: Some(text("<script>x</script>", TextKind::Html)),
        published: owned(&["2026-04-01"]),
        ..RawEntry::default()
    };
    let mut raw = document(vec![bare.clone(), titled("t"), bare]);
    raw.items.push(RawItem { hash: Some(ItemHash(7)), entry: None });
    raw.flaws = vec![("bad byte".to_owned(), 3)];
    let feed = feed_of(raw, &source());
    assert_eq!(feed.items.len(), 2);
    assert_eq!(feed.items[0].entry.as_ref().unwrap().title, "t");
    assert_eq!((feed.items[1].hash, feed.items[1].entry.clone()), (Some(ItemHash(7)), None));
    assert_eq!(feed.flaws, [("bad byte".to_owned(), 3), ("bare entry".to_owned(), 2)]);
}

#[test]
fn a_guid_or_a_file_alone_is_an_entry() {
    let guid =
        RawEntry { guid: Some("x".to_owned()), guid_kind: GuidKind::AtomId, ..RawEntry::default() };
    let file = RawEntry {
        enclosures: vec![RawEnclosure { url: "/x.mp3".to_owned(), ..RawEnclosure::default() }],
        guid_kind: GuidKind::Guid,
        ..RawEntry::default()
    };
    let feed = feed_of(document(vec![guid, file]), &source());
    assert_eq!(feed.items.len(), 2);
    let file = feed.items[1].entry.as_ref().unwrap();
    assert_eq!(file.enclosures[0].url, "https://a.example/x.mp3");
    assert_eq!(file.guid_kind, GuidKind::Missing);
}

#[test]
fn a_link_that_is_no_page_is_dropped_but_stays_as_guid() {
    let entry = entry_of(RawEntry {
        guid: Some("javascript:x".to_owned()),
        guid_kind: GuidKind::Guid,
        links: vec![link("alternate", "javascript:x")],
        ..RawEntry::default()
    });
    assert_eq!((entry.guid.as_deref(), entry.link), (Some("javascript:x"), None));
}

#[test]
fn extensions_keep_their_shape_with_absolute_urls() {
    let element = |name: &str, attributes: &[(&str, &str)], children: Vec<Element>| Element {
        prefix: "media".to_owned(),
        name: name.to_owned(),
        attributes: attributes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        text: " \u{1}x ".to_owned(),
        children,
    };
    let inner = element("content", &[("url", "/v.mp4"), ("medium", "video")], Vec::new());
    let mut deep = element("group", &[], vec![inner]);
    let entry = entry_of(RawEntry { extensions: vec![deep.clone()], ..titled("t") });
    let group = &entry.extensions[0];
    assert_eq!(group.text, "x");
    let attributes = &group.children[0].attributes;
    assert_eq!(attributes[0], ("url".to_owned(), "https://a.example/v.mp4".to_owned()));
    assert_eq!(attributes[1], ("medium".to_owned(), "video".to_owned()));
    for _ in 0..200 {
        deep = element("group", &[], vec![deep]);
    }
    let entry = entry_of(RawEntry { extensions: vec![deep], ..titled("t") });
    let mut depth = 0;
    let mut level = &entry.extensions;
    while let Some(element) = level.first() {
        depth += 1;
        level = &element.children;
    }
    assert_eq!(depth, 16);
}

#[test]
fn the_feed_describes_itself() {
    let raw = RawFeed {
        meta: RawMeta {
            id: Some(" urn:x ".to_owned()),
            title: Some(text("Báo &amp; Đài", TextKind::Html)),
            subtitle: Some(text("<p>a</p><p>b</p>", TextKind::Html)),
            links: vec![
                RawLink { mime: Some("application/json".to_owned()), ..link("alternate", "/j") },
                link("alternate", "/"),
                link("self", "/feed.xml"),
                link("hub", "https://hub.example/"),
            ],
            language: Some("vi_VN".to_owned()),
            icon: Some("/i.png".to_owned()),
            logo: Some("data:image/png;base64,x".to_owned()),
            updated: owned(&["Mon, 04 May 2026 12:05:08 GMT+7"]),
            is_blocked: true,
            ..RawMeta::default()
        },
        ..RawFeed::default()
    };
    let feed = feed_of(raw, &source());
    assert!(feed.is_blocked);
    let meta = feed.meta;
    assert_eq!(meta.id.as_deref(), Some("urn:x"));
    assert_eq!(meta.title.as_deref(), Some("Báo & Đài"));
    assert_eq!(meta.subtitle.as_deref(), Some("a b"));
    assert_eq!(meta.site.as_deref(), Some("https://a.example/"));
    assert_eq!(meta.self_url.as_deref(), Some("https://a.example/feed.xml"));
    assert_eq!(meta.hubs, ["https://hub.example/"]);
    assert_eq!(meta.language.as_deref(), Some("vi-VN"));
    assert_eq!(meta.icon.as_deref(), Some("https://a.example/i.png"));
    assert_eq!(meta.logo, None);
    assert_eq!(meta.updated, instant("2026-05-04T05:05:08Z"));
}

#[test]
fn an_origin_is_normalised_too() {
    let entry = entry_of(RawEntry {
        origin: Some(RawOrigin {
            id: Some("urn:o".to_owned()),
            title: Some(text("<b>O</b>", TextKind::Html)),
            feed_url: Some("/o.xml".to_owned()),
            updated: Some("2026-04-01T00:00:00Z".to_owned()),
            authors: vec![RawPerson { name: Some("An".to_owned()), ..RawPerson::default() }],
            ..RawOrigin::default()
        }),
        ..titled("t")
    });
    let origin = entry.origin.unwrap();
    assert_eq!(origin.title.as_deref(), Some("O"));
    assert_eq!(origin.feed_url.as_deref(), Some("https://a.example/o.xml"));
    assert_eq!(origin.updated, instant("2026-04-01T00:00:00Z"));
    assert_eq!(origin.authors[0].name, "An");
}

#[test]
fn filters_admit_by_field() {
    let entry = RawEntry {
        title: Some(text("Bão số 3", TextKind::Plain)),
        content: Some(text("<p>Mưa <b>lớn</b></p>", TextKind::Html)),
        authors: vec![RawPerson { name: Some("An".to_owned()), ..RawPerson::default() }],
        categories: vec![Category { term: "Thời tiết".to_owned(), ..Category::default() }],
        links: vec![link("alternate", "/thoi-tiet/1")],
        ..RawEntry::default()
    };
    use FilterField::{Any, Author, Category as Tag, Text, Title, Url};
    let cases: [(&str, &[(FilterField, &str)], &[(FilterField, &str)], bool); 14] = [
        ("no rules", &[], &[], true),
        ("title", &[(Title, "(?i)bão")], &[], true),
        ("title misses", &[(Title, "Mưa")], &[], false),
        ("text is plain", &[(Text, "Mưa lớn")], &[], true),
        ("author", &[(Author, "^An$")], &[], true),
        ("category", &[(Tag, "tiết")], &[], true),
        ("url", &[(Url, "/thoi-tiet/")], &[], true),
        ("any", &[(Any, "thoi-tiet")], &[], true),
        ("any misses", &[(Any, "bóng đá")], &[], false),
        ("one of several", &[(Title, "x"), (Title, "số")], &[], true),
        ("exclude", &[], &[(Title, "Bão")], false),
        ("exclude wins", &[(Title, "Bão")], &[(Text, "Mưa")], false),
        ("exclude misses", &[], &[(Title, "x")], true),
        ("decomposed pattern", &[(Title, "Ba\u{303}o")], &[], true),
    ];
    for (name, include, exclude, expected) in cases {
        let rules = |rules: &[(FilterField, &str)]| {
            let rule = |(field, pattern): &(FilterField, &str)| FilterRule {
                field: *field,
                pattern: (*pattern).to_owned(),
            };
            rules.iter().map(rule).collect()
        };
        let source = Source { include: rules(include), exclude: rules(exclude), ..source() };
        let feed = feed_of(document(vec![entry.clone()]), &source);
        assert_eq!(feed.items[0].is_admitted, expected, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_item_is_normalised_without_a_panic(
        title in "\\PC{0,30}",
        html in "\\PC{0,60}",
        href in "\\PC{0,20}",
        date in "\\PC{0,20}",
        name in "\\PC{0,20}",
    ) {
        let raw = RawEntry {
            title: Some(text(&title, TextKind::Unknown)),
            summary: Some(text(&html, TextKind::Unknown)),
            content: Some(text(&html, TextKind::Html)),
            links: vec![link(&name, &href), link("", &href)],
            authors: vec![RawPerson { name: Some(name.clone()), ..RawPerson::default() }],
            published: vec![date],
            enclosures: vec![RawEnclosure {
                url: href,
                length: Some(name),
                ..RawEnclosure::default()
            }],
            ..RawEntry::default()
        };
        let feed = feed_of(document(vec![raw]), &source());
        prop_assert!(feed.items.len() <= 1);
    }
}
