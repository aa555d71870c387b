//! Links and people of whole documents, from the bytes to the entry: what may not be linked to goes
//! and is told (R120), ids stay; external pages of link blogs (R52); the author of an original (R13).
#![expect(clippy::unwrap_used, reason = "a broken fixture must stop the suite")]

use feedmill::model::entry::{Entry, Link, REL_EXTERNAL};
use feedmill::model::feed::Feed;
use feedmill::model::raw::RawDocument;
use feedmill::model::source::Source;
use feedmill::normalize::{Context, Filter, normalize};
use feedmill::parse::{ReadSettings, parse};
use feedmill::render::{Document, Item, atom, json};
use url::Url;

const URL: &str = "https://a.example/feed";

fn read(body: &str) -> Feed {
    let document = RawDocument { body: body.into(), url: URL.to_owned(), ..Default::default() };
    let raw = parse(&document, &ReadSettings::default(), &|_| false).unwrap();
    let source = Source::plain("a", Url::parse(URL).unwrap());
    let filter = Filter::new(&source);
    let context = Context {
        now: "2026-05-01T00:00:00Z".parse().unwrap(),
        source: &source,
        document_url: URL,
        content_location: None,
        content_language: None,
        date_order: None,
        zone_s: None,
        filter: &filter,
    };
    normalize(raw, &context)
}

fn entry(body: &str) -> Entry {
    read(body).items.first().unwrap().entry.clone().unwrap()
}

const NAMESPACES: &str = r#"xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:creativeCommons="http://backend.userland.com/creativeCommonsRssModule""#;

fn rss(inner: &str) -> String {
    format!(
        r#"<rss version="2.0" {NAMESPACES}><channel><title>T</title><link>https://a.example/</link><item><title>t</title><guid isPermaLink="false">javascript:id</guid>{inner}</item></channel></rss>"#
    )
}

fn atom(inner: &str) -> String {
    format!(
        r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><id>urn:f</id><updated>2026-01-01T00:00:00Z</updated><author><name>Feed</name></author><entry><title>t</title><id>javascript:id</id><updated>2026-01-01T00:00:00Z</updated>{inner}</entry></feed>"#
    )
}

fn json_feed(members: &str) -> String {
    format!(
        r#"{{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{{"id":"javascript:id","title":"t",{members}}}]}}"#
    )
}

#[test]
fn r120_links_that_run_something_go_and_are_told() {
    let cases = [
        rss("<link>javascript:alert(1)</link>"),
        rss("<link> java&#10;script:alert(1)</link>"),
        rss(r#"<enclosure url="data:audio/mpeg;base64,AAAA" length="1" type="audio/mpeg"/>"#),
        rss(r#"<media:content url="javascript:alert(1)"/>"#),
        rss(r#"<media:thumbnail url="data:image/png;base64,AAAA"/>"#),
        rss(r#"<media:player url="vbscript:x"/>"#),
        rss(r#"<itunes:image href="JavaScript:alert(1)"/>"#),
        rss(r#"<podcast:transcript url="javascript:alert(1)" type="text/vtt"/>"#),
        rss(r#"<podcast:chapters url="data:application/json,1" type="application/json"/>"#),
        rss("<creativeCommons:license>javascript:alert(1)</creativeCommons:license>"),
        atom(r#"<link href="javascript:alert(1)"/>"#),
        atom(r#"<link rel="related" href="javascript:alert(1)"/>"#),
        atom(r#"<link rel="enclosure" href="vbscript:x"/>"#),
        atom("<author><name>N</name><uri>javascript:alert(1)</uri></author>"),
        json_feed(r#""url":"javascript:alert(1)""#),
        json_feed(r#""image":"data:image/png;base64,AAAA""#),
        json_feed(r#""attachments":[{"url":"javascript:alert(1)","mime_type":"audio/mpeg"}]"#),
        json_feed(r#""authors":[{"name":"N","url":"javascript:alert(1)"}]"#),
    ];
    for body in cases {
        let feed = read(&body);
        let entry = feed.items.first().unwrap().entry.clone().unwrap();
        assert_eq!(entry.guid.as_deref(), Some("javascript:id"), "an id is no link: {body}");
        let shown = format!("{:?}", Entry { guid: None, ..entry }).to_ascii_lowercase();
        for scheme in ["javascript:", "vbscript:", "data:"] {
            assert!(!shown.contains(scheme), "{body}: {shown}");
        }
        assert!(
            feed.flaws.iter().any(|(name, _)| name == "unsafe link"),
            "{body}: {:?}",
            feed.flaws
        );
    }
}

#[test]
fn r120_links_that_open_a_page_a_file_or_a_mail_stay() {
    for href in
        ["https://b.example/x", "mailto:a@b.example", "magnet:?xt=urn:btih:1", "ftp://b.example/x"]
    {
        let feed = read(&atom(&format!(r#"<link rel="related" href="{href}"/>"#)));
        let entry = feed.items.first().unwrap().entry.clone().unwrap();
        assert_eq!(entry.links.first().map(|it| it.href.as_str()), Some(href));
        assert!(feed.flaws.iter().all(|(name, _)| name != "unsafe link"), "{href}");
    }
}

#[test]
fn p83_blanks_that_show_nothing_are_no_part_of_a_link() {
    let entry = entry(&rss("<link>&nbsp;http://s.example/nb&#x200B; </link>"));
    assert_eq!(entry.link.as_deref(), Some("http://s.example/nb"));
}

#[test]
fn r52_the_page_of_a_link_blog_is_kept_apart_or_stands_in() {
    let external = |entry: &Entry| {
        entry.links.iter().find(|it| it.rel == REL_EXTERNAL).map(|it| it.href.clone())
    };
    let both =
        entry(&json_feed(r#""url":"https://a.example/1","external_url":"https://e.example/""#));
    assert_eq!(both.link.as_deref(), Some("https://a.example/1"));
    assert_eq!(external(&both).as_deref(), Some("https://e.example/"));
    let only = entry(&json_feed(r#""external_url":"https://e.example/""#));
    assert_eq!(only.link.as_deref(), Some("https://e.example/"));
    assert_eq!(external(&only).as_deref(), Some("https://e.example/"));
}

#[test]
fn r52_the_page_of_a_link_blog_is_written_again() {
    let link =
        |rel: &str, href: &str| Link { rel: rel.into(), href: href.into(), ..Link::default() };
    let links =
        vec![link("related", "https://r.example/"), link(REL_EXTERNAL, "https://e.example/")];
    let item = Item { id: "urn:1".into(), links, ..Item::default() };
    let document = Document { items: vec![item], ..Document::default() };
    let feed: serde_json::Value = serde_json::from_slice(&json::write(&document)).unwrap();
    let written = feed.pointer("/items/0/external_url").and_then(|it| it.as_str());
    assert_eq!(written, Some("https://e.example/"));
    let atom = String::from_utf8(atom::write(&document)).unwrap();
    assert!(atom.contains(r#"rel="related""#) && !atom.contains(REL_EXTERNAL), "{atom}");
}

#[test]
fn r13_the_author_of_the_original_comes_before_the_feed_s() {
    let names =
        |entry: &Entry| -> Vec<String> { entry.authors.iter().map(|it| it.name.clone()).collect() };
    let source = "<source><title>S</title><author><name>Original</name></author></source>";
    assert_eq!(names(&entry(&atom(source))), ["Original"]);
    let own = entry(&atom(&format!("<author><name>Own</name></author>{source}")));
    assert_eq!(names(&own), ["Own"]);
}

#[test]
fn one_person_named_twice_is_one_with_all_that_is_known() {
    let entry = entry(&rss("<author>ann@b.example (Ann)</author><dc:creator>Ann</dc:creator>"));
    let people: Vec<(&str, Option<&str>)> =
        entry.authors.iter().map(|it| (it.name.as_str(), it.email.as_deref())).collect();
    assert_eq!(people, [("Ann", Some("ann@b.example"))]);
}
