//! The writers seen from outside: golden files by cause, the schema of Atom, and what must hold of
//! any document.
//!
//! `UPDATE_GOLDEN=1` rewrites the golden files; each was read against the standard before it was
//! kept. They hold a line for each tag, so that a difference can be read; line ends between tags
//! take no part in the comparison.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panic")]

#[path = "render/documents.rs"]
mod documents;
#[path = "render/readers.rs"]
mod readers;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use feedmill::model::entry::{Category, Element, Enclosure, Link, Person};
use feedmill::render::{CopyCredit, Document, Item, SourceCredit, atom, json, opml, rss};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use readers::{ATOM, Facts, Node, atom_facts, is_legal, json_facts, rss_facts, tree};

fn golden(cause: &str, file: &str, found: &str) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/render").join(cause).join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{cause}/{file}");
}

fn a_line_each_tag(xml: &[u8]) -> String {
    std::str::from_utf8(xml).unwrap().replace("><", ">\n<") + "\n"
}

#[test]
fn documents_are_written_as_the_standards_ask() {
    for (cause, document) in documents::causes() {
        golden(cause, "expected.atom", &a_line_each_tag(&atom::write(&document)));
        golden(cause, "expected.rss", &a_line_each_tag(&rss::write(&document)));
        let json: serde_json::Value = serde_json::from_slice(&json::write(&document)).unwrap();
        golden(cause, "expected.json", &(serde_json::to_string_pretty(&json).unwrap() + "\n"));
    }
}

#[test]
fn lists_of_feeds_are_opml_2_r104_r105() {
    let feed = |title: &str, path: &str| opml::Feed {
        title: title.into(),
        atom_url: format!("https://news.example/{path}.atom"),
        page_url: format!("https://news.example/{path}"),
    };
    let modified = Some(documents::at("2024-11-22T11:11:00Z"));
    let head = opml::Head { title: "Feedmill & bạn".into(), modified };
    let folder = |title: &str, feeds| opml::Folder { title: title.into(), feeds };
    let folders =
        [folder("Chuyên mục", vec![feed("Thời sự", "category/thoi-su")]), folder("Nguồn", vec![])];
    let written = opml::feeds(&head, &[feed("Tất cả", "all")], &folders);
    golden("opml_of_published_feeds", "expected.opml", &a_line_each_tag(&written));
}

/// R106: by first category in the order of the configuration, then the further categories.
#[test]
fn lists_of_sources_keep_order_and_categories_r106() {
    let one = |name: &str, categories: &[&str]| opml::Subscription {
        title: name.into(),
        feed_url: format!("https://{name}.example/rss?a=1&b=2"),
        site: Some(format!("https://{name}.example/")),
        language: None,
        categories: categories.iter().map(|slug| (*slug).to_owned()).collect(),
    };
    let sources = [
        one("mot", &["the-gioi"]),
        one("hai", &["thoi-su", "the-gioi"]),
        one("ba", &["thoi-su"]),
        one("bon", &[]),
        one("nam", &["the-gioi"]),
    ];
    let titles = BTreeMap::from([("thoi-su".to_owned(), "Thời sự".to_owned())]);
    let head = opml::Head { title: "Nguồn".into(), modified: None };
    let written = opml::sources(&head, &sources, &titles);
    golden("opml_of_sources_in_two_categories", "expected.opml", &a_line_each_tag(&written));

    let mut order: Vec<String> = Vec::new();
    let mut note = |outline: &Node| {
        let url = outline.attribute("xmlUrl").unwrap().to_owned();
        if !order.contains(&url) {
            order.push(url);
        }
    };
    let root = tree(&written).unwrap();
    for outline in root.one("", "body").unwrap().all("", "outline") {
        match outline.attribute("xmlUrl") {
            Some(_) => note(outline),
            None => outline.all("", "outline").for_each(&mut note),
        }
    }
    let configured: Vec<_> = sources.iter().map(|one| one.feed_url.clone()).collect();
    assert_eq!(order, configured, "first mentions are in the order of the configuration");
}

fn schema() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/atom.rng");
    path.exists().then_some(path)
}

/// Runs xmllint; `None` when the machine has none.
fn xmllint(arguments: &[&str], document: &[u8]) -> Option<Result<(), String>> {
    let mut child = Command::new("xmllint")
        .args(["--noout", "--nonet"])
        .args(arguments)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(document).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { Ok(()) } else { Err(complaint) })
}

#[test]
fn atom_is_valid_against_the_schema_of_rfc_4287() {
    let Some(schema) = schema() else {
        println!("skipped: the schema of Atom is not at ../shared/reference/atom.rng");
        return;
    };
    for (cause, document) in documents::causes() {
        match xmllint(&["--relaxng", schema.to_str().unwrap()], &atom::write(&document)) {
            Some(result) => assert_eq!(result, Ok(()), "{cause}"),
            None => return println!("skipped: no xmllint on this machine"),
        }
    }
}

/// The schema is asked about hostile documents too; few, for each costs a process.
#[test]
fn hostile_documents_are_valid_atom_and_well_formed_rss() {
    let Some(schema) = schema() else {
        println!("skipped: the schema of Atom is not at ../shared/reference/atom.rng");
        return;
    };
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let checked = runner.run(&any_document(), |document| {
        let valid = xmllint(&["--relaxng", schema.to_str().unwrap()], &atom::write(&document));
        prop_assert_eq!(valid.unwrap_or(Ok(())), Ok(()));
        prop_assert_eq!(xmllint(&[], &rss::write(&document)).unwrap_or(Ok(())), Ok(()));
        Ok(())
    });
    checked.unwrap();
}

#[test]
fn an_independent_parser_finds_every_xml_document_well_formed() {
    for (cause, document) in documents::causes() {
        for xml in [atom::write(&document), rss::write(&document)] {
            match xmllint(&[], &xml) {
                Some(result) => assert_eq!(result, Ok(()), "{cause}"),
                None => return println!("skipped: no xmllint on this machine"),
            }
        }
    }
}

/// Text as hostile as a publisher can make it.
fn any_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-zA-Zà-ỹ0-9 ]{0,8}",
        1 => any::<char>().prop_map(String::from),
        1 => prop::sample::select(vec![
            "]]>", "<![CDATA[", "&", "&amp;", "&#0;", "<", ">", "<b>", "\"", "'", "\r\n", "\r",
            "\n", "\t",
            "\u{0}", "\u{b}", "\u{1b}", "\u{85}", "\u{fffe}", "\u{ffff}", "\u{fffd}", "\u{feff}",
            "😀",
            "\u{10ffff}", "<?xml?>", "<!--", "-->", "</entry>", "%", "\\u0000",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn any_url() -> impl Strategy<Value = String> {
    any_text().prop_map(|rest| format!("https://h.example/{rest}"))
}

/// Instants of years that both date formats can write, and those before.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    (-70_000_000_000_i64..250_000_000_000, 0..1_000_000_000_i32)
        .prop_map(|(s, ns)| Timestamp::new(s, if s < 0 { -ns } else { ns }).unwrap())
}

fn any_person() -> impl Strategy<Value = Person> {
    (any_text(), prop::option::of(any_text()), prop::option::of(any_url()))
        .prop_map(|(name, email, uri)| Person { name, email, uri })
}

fn any_enclosure() -> impl Strategy<Value = Enclosure> {
    let about = (prop::option::of(any_text()), prop::option::of(any_text()));
    (any_url(), prop::option::of(any::<u64>()), prop::option::of(any::<u64>()), about).prop_map(
        |(url, length, duration_s, (mime, title))| Enclosure {
            url,
            mime,
            length,
            title,
            duration_s,
        },
    )
}

fn any_leaf() -> impl Strategy<Value = Element> {
    let prefixes = ["itunes", "podcast", "thr", "dc", "unknown", "", "atom", "xml", "slash"];
    let name = prop_oneof![4 => "[a-z]{1,8}", 1 => any_text()];
    let attribute = (prop_oneof![3 => "[a-z]{1,4}", 1 => any_text()], any_text());
    (
        prop::sample::select(prefixes.to_vec()),
        name,
        any_text(),
        prop::collection::vec(attribute, 0..4),
    )
        .prop_map(|(prefix, name, text, attributes)| Element {
            prefix: prefix.to_owned(),
            name,
            attributes,
            text,
            children: vec![],
        })
}

fn any_element() -> impl Strategy<Value = Element> {
    any_leaf().prop_recursive(3, 8, 3, |inner| {
        (any_leaf(), prop::collection::vec(inner, 0..3))
            .prop_map(|(element, children)| Element { children, ..element })
    })
}

fn any_credit() -> impl Strategy<Value = SourceCredit> {
    let texts =
        (any_text(), any_text(), prop::option::of(any_text()), prop::option::of(any_text()));
    let urls = prop::collection::vec(prop::option::of(any_url()), 4);
    let people = prop::collection::vec(any_person(), 0..2);
    (texts, urls, any_instant(), people).prop_map(|(texts, urls, updated, authors)| SourceCredit {
        slug: "nguon".into(),
        id: texts.0,
        title: texts.1,
        feed_url: urls[0].clone(),
        site: urls[1].clone(),
        updated,
        icon: urls[2].clone(),
        logo: urls[3].clone(),
        subtitle: texts.2.clone(),
        rights: texts.2,
        language: texts.3,
        contributors: authors.clone(),
        categories: vec![Category { term: "thế giới".into(), ..Category::default() }],
        authors,
    })
}

fn any_copy() -> impl Strategy<Value = CopyCredit> {
    (any_text(), any_text(), any_text(), prop::option::of(any_url()), any_instant()).prop_map(
        |(source, source_title, title, url, published)| CopyCredit {
            source,
            source_title,
            title,
            url,
            published,
        },
    )
}

fn any_item() -> impl Strategy<Value = Item> {
    let optional = || prop::option::of(any_text());
    let texts =
        (any_text(), any_text(), optional(), optional(), optional(), optional(), optional());
    let urls = (prop::option::of(any_url()), prop::option::of(any_url()));
    let dates = (prop::option::of(any_instant()), any_instant(), any_instant());
    let category = (any_text(), optional(), optional())
        .prop_map(|(term, scheme, label)| Category { term, scheme, label });
    let link =
        (prop_oneof!["alternate", "[a-z]{0,6}"], any_url(), optional(), optional(), optional())
            .prop_map(|(rel, href, mime, title, hreflang)| Link {
                rel,
                href,
                mime,
                title,
                hreflang,
            });
    let lists = (
        prop::collection::vec(any_person(), 0..3),
        prop::collection::vec(category, 0..3),
        prop::collection::vec(link, 0..3),
        prop::collection::vec(any_enclosure(), 0..3),
        prop::collection::vec(any_element(), 0..3),
        prop::collection::vec(any_copy(), 0..3),
    );
    (texts, urls, dates, lists, any_credit()).prop_map(|(texts, urls, dates, lists, source)| Item {
        id: texts.0,
        page_url: "https://news.example/entry/x".into(),
        link: urls.0,
        title: texts.1,
        summary: texts.2,
        content: texts.3,
        contributors: lists.0.clone(),
        authors: lists.0,
        published: dates.0,
        updated: dates.1,
        date: dates.2,
        title_language: texts.5.clone(),
        summary_language: texts.6.clone(),
        language: texts.4,
        categories: lists.1,
        sections: vec![("thoi-su".into(), "Thời sự".into())],
        links: lists.2,
        enclosures: lists.3,
        extensions: lists.4,
        rights: texts.5,
        source,
        credit: texts.6,
        via: urls.1,
        copies: lists.5,
    })
}

fn any_document() -> impl Strategy<Value = Document> {
    let texts = (any_text(), any_text(), any_text(), any_text(), any_text());
    let paging = prop::collection::vec(("(next|prev-archive)", any_url()), 0..3);
    (texts, any_instant(), paging, any::<bool>(), prop::collection::vec(any_item(), 0..4)).prop_map(
        |(texts, updated, paging, is_archive, items)| Document {
            id: texts.0,
            title: texts.1,
            subtitle: texts.2,
            updated,
            language: texts.3,
            page_url: "https://news.example/".into(),
            atom_url: "https://news.example/all.atom".into(),
            rss_url: "https://news.example/all.rss".into(),
            json_url: "https://news.example/all.json".into(),
            paging,
            is_archive,
            hub: Some("https://hub.example/?a=1&b=2".into()),
            site_title: texts.4,
            base_url: "https://news.example".into(),
            ttl_min: 5,
            items,
        },
    )
}

/// Text as XML can carry it (XML 1.0 §2.2, §2.11).
fn carried(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(|c| is_legal(*c)).collect()
}

fn carried_url(url: &str) -> String {
    carried(url.trim()).chars().filter(|c| !c.is_control()).collect()
}

/// What each format must say of the document's items.
fn facts(document: &Document) -> Vec<Facts> {
    // The formats have no year before 1.
    let earliest = documents::at("0001-01-01T00:00:00Z");
    let second = |instant: Timestamp| {
        let nanoseconds = instant.max(earliest).as_nanosecond();
        i64::try_from(nanoseconds.div_euclid(1_000_000_000)).unwrap()
    };
    let facts = |item: &Item| Facts {
        id: carried(&item.id),
        link: carried_url(item.link.as_deref().unwrap_or(&item.page_url)),
        title: carried(&item.title).trim().to_owned(),
        published: item.published.map(second),
        files: item.enclosures.iter().map(|file| carried_url(&file.url)).collect(),
    };
    document.items.iter().map(facts).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 192,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// R1, R26, R60, R61: whatever the strings hold, all three are well-formed and say the same.
    #[test]
    fn three_formats_say_the_same_r1_r26_r60_r61(document in any_document()) {
        let expected = facts(&document);
        let of_atom = atom_facts(&atom::write(&document)).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&of_atom, &expected);
        let of_json = json_facts(&json::write(&document)).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&of_json, &expected);
        let mut of_rss = rss_facts(&rss::write(&document)).map_err(TestCaseError::fail)?;
        for (found, item) in of_rss.iter_mut().zip(&document.items) {
            found.published = found.published.filter(|_| item.published.is_some());
        }
        prop_assert_eq!(of_rss, expected);
    }

    /// R13, R20, R21 and the elements that RFC 4287 §4.1.1 and §4.1.2 ask for exactly once.
    #[test]
    fn atom_has_what_rfc_4287_asks_for(document in any_document()) {
        let feed = tree(&atom::write(&document)).map_err(TestCaseError::fail)?;
        for node in std::iter::once(&feed).chain(feed.all(ATOM, "entry")) {
            for name in ["id", "title", "updated"] {
                prop_assert_eq!(node.all(ATOM, name).count(), 1, "{}", name);
            }
            let mut alternates: Vec<_> = node
                .all(ATOM, "link")
                .filter(|link| link.attribute("rel") == Some("alternate"))
                .map(|link| (link.attribute("type"), link.attribute("hreflang")))
                .collect();
            let written = alternates.len();
            prop_assert!(written > 0);
            alternates.sort_unstable();
            alternates.dedup();
            prop_assert_eq!(alternates.len(), written);
        }
        for entry in feed.all(ATOM, "entry") {
            prop_assert!(entry.one(ATOM, "author").is_some());
            prop_assert_eq!(entry.all(ATOM, "source").count(), 1);
        }
    }

    /// R35, R37, R41, R51: what RSS and JSON Feed ask of an item.
    #[test]
    fn items_have_what_rss_and_json_feed_ask_for(document in any_document()) {
        let root = tree(&rss::write(&document)).map_err(TestCaseError::fail)?;
        let channel = root.one("", "channel").unwrap();
        for item in channel.all("", "item") {
            prop_assert!(item.one("", "title").is_some() || item.one("", "description").is_some());
            prop_assert!(item.all("", "enclosure").count() <= 1);
            for file in item.all("", "enclosure") {
                prop_assert!(file.attribute("length").unwrap().parse::<u64>().is_ok());
                prop_assert!(file.attribute("type").unwrap().contains('/'));
            }
        }
        let feed: serde_json::Value = serde_json::from_slice(&json::write(&document)).unwrap();
        for item in feed["items"].as_array().unwrap() {
            prop_assert!(item["content_html"].is_string() || item["content_text"].is_string());
            for file in item["attachments"].as_array().into_iter().flatten() {
                prop_assert!(file["mime_type"].is_string());
            }
        }
    }
}

/// A second reader, of another hand: feed-rs.
#[test]
fn feed_rs_reads_the_same_items_in_all_three() {
    for (cause, document) in documents::causes() {
        let read = |bytes: Vec<u8>| -> Vec<(String, String, String)> {
            let feed = feed_rs::parser::parse(bytes.as_slice()).unwrap();
            let title =
                |entry: &feed_rs::model::Entry| entry.title.as_ref().map(|t| t.content.clone());
            let items = feed.entries.iter().map(|entry| {
                (entry.id.clone(), title(entry).unwrap_or_default(), entry.links[0].href.clone())
            });
            items.collect()
        };
        let of_atom = read(atom::write(&document));
        assert_eq!(of_atom.len(), document.items.len(), "{cause}");
        assert_eq!(of_atom, read(rss::write(&document)), "{cause}: rss");
        assert_eq!(of_atom, read(json::write(&document)), "{cause}: json");
    }
}
