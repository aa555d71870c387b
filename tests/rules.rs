//! The rules of output, one by one, on documents that have something of everything.
//!
//! What a rule asks is written here from the standards, not from what the writers do. Rules of
//! transport are in `serve`, of archives and secrets in `publish`, of reading in the readers' suites.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    reason = "a test may fail by panic, and uses a part of what it shares"
)]

#[path = "render/documents.rs"]
mod documents;
#[path = "render/readers.rs"]
mod readers;

use feedmill::model::entry::{Category, Person};
use feedmill::render::{Document, Item, SourceCredit, atom, json, rss};
use readers::{ATOM, MEDIA, Node, tree};
use serde_json::Value;

const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
const DC: &str = "http://purl.org/dc/elements/1.1/";
const ITUNES: &str = "http://www.itunes.com/dtds/podcast-1.0.dtd";
const PODCAST: &str = "https://podcastindex.org/namespace/1.0";
const XML: &str = "xml:lang";

fn cause(name: &str) -> Document {
    let mut found = documents::causes().into_iter().filter(|(cause, _)| *cause == name);
    found.next().unwrap().1
}

fn all() -> Vec<Document> {
    documents::causes().into_iter().map(|(_, document)| document).collect()
}

fn read_atom(document: &Document) -> Node {
    tree(&atom::write(document)).unwrap()
}

fn read_rss(document: &Document) -> Node {
    tree(&rss::write(document)).unwrap().children.remove(0)
}

fn read_json(document: &Document) -> Value {
    serde_json::from_slice(&json::write(document)).unwrap()
}

fn text<'n>(node: &'n Node, namespace: &str, name: &str) -> &'n str {
    &node.one(namespace, name).unwrap_or_else(|| panic!("no {name}")).text
}

fn links<'n>(node: &'n Node, rel: &'n str) -> Vec<&'n Node> {
    let links = node.all(ATOM, "link");
    links.filter(|link| link.attribute("rel") == Some(rel)).collect()
}

#[test]
fn of_the_feed_r2_r17_r18_r19_r24_r30_r110_r113_r114() {
    for document in all() {
        let feed = read_atom(&document);
        for name in ["id", "title", "updated"] {
            assert_eq!(feed.all(ATOM, name).count(), 1, "R2 {name}");
        }
        assert_eq!(text(&feed, ATOM, "id"), document.id, "R4");
        let own = links(&feed, "self");
        assert_eq!(own.len(), 1, "R19");
        assert_eq!(own[0].attribute("href"), Some(&*document.atom_url), "R19, R99");
        let generator = feed.one(ATOM, "generator").unwrap();
        assert!(generator.attribute("uri").is_some(), "R30");
        assert_eq!(generator.attribute("version"), None, "R30: an upgrade changes no bytes");
        let bytes = String::from_utf8(atom::write(&document)).unwrap();
        assert!(!bytes.contains("xml:base"), "R24");
        for stylesheet in ["<?xml-stylesheet", "<script"] {
            assert!(!bytes.contains(stylesheet), "R110, R113, R114");
        }
        for name in ["updated", "published"] {
            for entry in feed.all(ATOM, "entry").flat_map(|entry| entry.all(ATOM, name)) {
                let is_form = entry.text.len() == 20 && entry.text.ends_with('Z');
                assert!(is_form && entry.text.as_bytes()[10] == b'T', "R18 {}", entry.text);
            }
        }
    }
}

#[test]
fn of_entries_r3_r10_r12_r16_r22_r25_r29_r31_r33() {
    for document in all() {
        for (entry, item) in read_atom(&document).all(ATOM, "entry").zip(&document.items) {
            for name in ["id", "title", "updated"] {
                assert_eq!(entry.all(ATOM, name).count(), 1, "R3 {name}");
            }
            assert_eq!(entry.all(ATOM, "published").count(), item.published.iter().count(), "R16");
            let source = entry.one(ATOM, "source").unwrap();
            for name in ["id", "title", "updated"] {
                assert_eq!(source.all(ATOM, name).count(), 1, "R10 {name}");
            }
            for name in ["title", "summary", "content", "rights"] {
                for node in entry.all(ATOM, name) {
                    let kind = node.attribute("type");
                    assert!(matches!(kind, Some("text" | "html")), "R25, R28 {kind:?}");
                    assert_eq!(node.attribute("src"), None, "R22: nothing is out of line");
                    assert!(node.children.is_empty(), "R25: escaped once");
                }
            }
        }
    }
    let feed = read_atom(&cause("story_with_copies_and_credit"));
    let entry = feed.one(ATOM, "entry").unwrap();
    let source = entry.one(ATOM, "source").unwrap();
    assert_eq!(links(source, "self").len(), 1, "R12");
    assert_eq!(links(source, "alternate").len(), 1, "R12");
    assert!(source.one(ATOM, "icon").is_some() && source.one(ATOM, "logo").is_some(), "R12");
    assert_eq!(text(entry, ATOM, "rights"), "© Báo Ví Dụ", "R33");
    let categories: Vec<_> = entry
        .all(ATOM, "category")
        .map(|c| ["term", "scheme", "label"].map(|name| c.attribute(name).unwrap()))
        .collect();
    let own = ["thoi-tiet", "https://bao.example/muc", "Thời tiết"];
    let ours = ["thoi-su", "https://news.example/category/", "Thời sự"];
    assert_eq!(categories, [own, ours], "R31");
    let other = read_atom(&cause("entry_in_another_language"));
    let languages: Vec<_> = other.all(ATOM, "entry").map(|e| e.attribute(XML)).collect();
    assert_eq!(languages, [Some("en-GB"), None], "R29");
}

#[test]
fn a_source_speaks_for_an_entry_without_words_of_its_own_r10_r13() {
    let person = |name: &str| Person { name: name.to_owned(), ..Person::default() };
    let credit = SourceCredit {
        slug: "bao".to_owned(),
        title: "Báo".to_owned(),
        authors: vec![person("Tòa soạn")],
        contributors: vec![person("Cộng tác viên")],
        categories: vec![Category { term: "tin".to_owned(), ..Category::default() }],
        rights: Some("©".to_owned()),
        ..SourceCredit::default()
    };
    let item = Item { id: "urn:x:1".to_owned(), source: credit, ..Item::default() };
    let feed = read_atom(&Document { items: vec![item], ..Document::default() });
    let entry = feed.one(ATOM, "entry").unwrap();
    assert_eq!(text(entry.one(ATOM, "author").unwrap(), ATOM, "name"), "Tòa soạn", "R13");
    let source = entry.one(ATOM, "source").unwrap();
    for name in ["author", "contributor", "category", "rights"] {
        assert_eq!(source.all(ATOM, name).count(), 1, "R10 {name}");
    }
}

#[test]
fn files_and_foreign_elements_r32_r46_r75_r76_r78_r79_r81() {
    let document = cause("podcast_with_two_files");
    let feed = read_atom(&document);
    let entry = feed.one(ATOM, "entry").unwrap();
    let files = links(entry, "enclosure");
    let lengths: Vec<_> = files.iter().map(|file| file.attribute("length")).collect();
    assert_eq!(lengths, [None, Some("12345")], "R75, R76");
    let channel = read_rss(&document);
    let item = channel.one("", "item").unwrap();
    assert_eq!(item.one("", "enclosure").unwrap().attribute("length"), Some("0"), "R41");
    assert_eq!(item.all(MEDIA, "content").count(), 1, "R41: the rest");
    for node in [entry, item] {
        assert_eq!(text(node, ITUNES, "duration"), "30:05", "R32, R79");
        let transcript = node.one(PODCAST, "transcript").unwrap();
        assert_eq!(transcript.attribute("type"), Some("text/vtt"), "R79");
        let group = node.one(MEDIA, "group").unwrap();
        let credit = group.one(MEDIA, "credit").unwrap();
        assert_eq!((credit.attribute("role"), &*credit.text), (Some("host"), "Lê & Trần"), "R78");
    }
    let json = read_json(&document);
    let files = json["items"][0]["attachments"].as_array().unwrap();
    assert_eq!(files.len(), 2, "R75");
    assert_eq!(files[1]["size_in_bytes"], 12_345, "R56");
    assert_eq!(files[0]["duration_in_seconds"], 1_805, "R56");
    for node in [&feed, &channel] {
        let of_channel = |n: &&Node| n.namespace == ITUNES || n.namespace == PODCAST;
        assert_eq!(node.children.iter().filter(of_channel).count(), 0, "R47, R81");
    }
    let bytes = String::from_utf8(rss::write(&document)).unwrap();
    for prefix in ["itunes", "media", "podcast", "atom"] {
        assert_eq!(bytes.matches(&format!("xmlns:{prefix}=")).count(), 1, "R46 {prefix}");
    }
}

#[test]
fn of_rss_r34_r36_r38_r39_r40_r42_r43_r44() {
    for document in all() {
        let channel = read_rss(&document);
        for name in ["title", "link", "description"] {
            assert!(!text(&channel, "", name).is_empty(), "R34 {name}");
        }
        assert_eq!(text(&channel, "", "link"), document.page_url, "R34: the page");
        let own = links(&channel, "self");
        assert_eq!(own.len(), 1, "R36");
        assert_eq!(own[0].attribute("type"), Some("application/rss+xml"), "R36");
        let mut dates = vec![text(&channel, "", "lastBuildDate").to_owned()];
        for (item, of) in channel.all("", "item").zip(&document.items) {
            dates.push(text(item, "", "pubDate").to_owned());
            let guid = item.one("", "guid").unwrap();
            assert_eq!(guid.text, of.id, "R37");
            let order: Vec<_> = item.children.iter().map(|node| node.name.as_str()).collect();
            let place = |name| order.iter().position(|other| *other == name);
            if let (Some(description), Some(content)) = (place("description"), place("encoded")) {
                assert!(description < content, "R40");
            }
            assert_eq!(item.all("", "author").count(), 0, "R42: names are in dc:creator");
            assert!(item.all(DC, "creator").count() > 0, "R42");
        }
        for date in dates {
            // The parser of RFC 2822 refuses a wrong weekday.
            let read =
                jiff::fmt::rfc2822::parse(&date).unwrap_or_else(|e| panic!("R39 {date} {e}"));
            assert_eq!(read.offset().seconds(), 0, "R39");
            assert!(date.ends_with(" GMT") && date.len() == 29, "R39 {date}");
        }
    }
    let channel = read_rss(&cause("story_with_copies_and_credit"));
    let item = channel.one("", "item").unwrap();
    assert!(text(item, "", "description").starts_with("<p>Bão đã vào <b>"), "R40");
    assert!(text(item, CONTENT, "encoded").contains("lúc 18 giờ"), "R40");
    let source = item.one("", "source").unwrap();
    assert_eq!(source.attribute("url"), Some("https://bao.example/rss"), "R38");
    assert_eq!(source.text, "Báo Ví Dụ", "R38");
    let bytes = String::from_utf8(rss::write(&cause("plain_text_title_with_markup_characters")));
    let bytes = bytes.unwrap();
    assert!(bytes.contains("<title>AT&#x26;T &#x3C;b"), "R43 {bytes}");
    let hostile = read_rss(&cause("characters_that_end_or_break_a_document"));
    let title = text(hostile.one("", "item").unwrap(), "", "title");
    assert!(title.contains("]]>"), "R44: nothing is lost and nothing ends early");
}

#[test]
fn of_json_r48_r49_r50_r52_r53_r54_r55_r57_r58() {
    for document in all() {
        let feed = read_json(&document);
        assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1", "R48");
        assert!(feed["title"].is_string() && feed["items"].is_array(), "R48");
        assert_eq!(feed["home_page_url"], document.page_url, "R49");
        assert_eq!(feed["feed_url"], document.json_url, "R49");
        assert_ne!(feed["next_url"], feed["feed_url"], "R55");
        assert!(feed.get("author").is_none(), "R54");
        for (item, of) in feed["items"].as_array().unwrap().iter().zip(&document.items) {
            assert_eq!(item["id"], of.id, "R50");
            assert_eq!(item["url"].as_str(), Some(of.permalink()), "R52");
            assert!(item.get("external_url").is_none() && item.get("author").is_none(), "R52, R54");
            for name in ["date_published", "date_modified"] {
                let Some(date) = item[name].as_str() else { continue };
                assert!(date.parse::<jiff::Timestamp>().is_ok(), "R53 {date}");
            }
            for author in item["authors"].as_array().unwrap() {
                assert!(author["name"].is_string() || author["url"].is_string(), "R54");
            }
            let names = item.as_object().unwrap().keys();
            let ours: Vec<_> = names.filter(|name| name.starts_with('_')).collect();
            assert_eq!(ours, ["_feedmill"], "R57");
            assert!(item["_feedmill"]["source"]["title"].is_string(), "R57");
        }
    }
    let archive = read_json(&cause("empty_archive_page_with_a_hub"));
    assert_eq!(archive["hubs"][0]["type"], "WebSub", "R58");
    assert_eq!(archive["next_url"], "https://news.example/all/archive/1.json", "R55");
}

#[test]
fn of_pages_and_archives_r65_r67_r69() {
    let feed = read_atom(&cause("empty_archive_page_with_a_hub"));
    for rel in ["prev-archive", "next-archive", "current"] {
        assert_eq!(links(&feed, rel).len(), 1, "R65, R67 {rel}");
    }
    let history = "http://purl.org/syndication/history/1.0";
    assert!(feed.one(history, "archive").is_some(), "R67");
    for document in all() {
        assert!(read_atom(&document).one(history, "complete").is_none(), "R69");
    }
}
