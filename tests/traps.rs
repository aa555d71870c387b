//! The traps that feeds set for feed-rs 3.0 and for what stands behind it, one row for each that is
//! known: what feed-rs alone makes of the document, and what we do with it.
//!
//! A row whose first column no longer holds is a defect that upstream has mended: the code it was
//! written for can go.
#![expect(clippy::unwrap_used, clippy::too_many_lines, reason = "a broken row must stop the suite")]

use std::panic::catch_unwind;
use std::path::Path;

use feedmill::model::entry::{Element, Entry};
use feedmill::model::feed::Feed;
use feedmill::model::raw::RawDocument;
use feedmill::normalize::{Context, Filter, html, normalize};
use feedmill::parse::{ParseError, ReadSettings, parse};

use Alone::{Aborts, Panics, Reads, Refuses};

#[path = "support/source.rs"]
mod plain;

const URL: &str = "https://bao.example/dir/feed.xml";

/// What feed-rs does when nobody stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alone {
    /// It panics.
    Panics,
    /// It overflows the stack, which nothing catches: not tried.
    Aborts,
    /// One element costs the whole feed.
    Refuses,
    /// It answers, and says less, or something else.
    Reads,
}

fn alone(body: &[u8]) -> Alone {
    match catch_unwind(|| feed_rs::parser::parse(body).is_ok()) {
        Err(_) => Panics,
        Ok(false) => Refuses,
        Ok(true) => Reads,
    }
}

fn read(body: &[u8]) -> Result<Feed, ParseError> {
    let document =
        RawDocument { body: body.to_vec(), url: URL.to_owned(), ..RawDocument::default() };
    let raw = parse(&document, &ReadSettings::default(), &|_| false)?;
    let source = plain::source(URL);
    let context = Context {
        now: "2026-07-01T00:00:00Z".parse().unwrap(),
        source: &source,
        document_url: URL,
        content_location: None,
        content_language: None,
        date_order: None,
        zone_s: None,
        filter: &Filter::new(&source),
    };
    Ok(normalize(raw, &context))
}

/// Writes one aspect of all entries, parted by `/`.
fn show(feed: &Feed, what: &str) -> String {
    let entries = feed.items.iter().filter_map(|item| item.entry.as_ref());
    let shown: Vec<String> = match what {
        "feed" => vec![feed.meta.title.clone().unwrap_or_default()],
        _ => entries.map(|entry| aspect(entry, what)).collect(),
    };
    shown.join(" / ")
}

fn aspect(entry: &Entry, what: &str) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    let elements = |elements: &[Element]| {
        list(elements.iter().map(|it| format!("{}:{}", it.prefix, it.name)).collect())
    };
    match what {
        "title" => entry.title.clone(),
        "link" => entry.link.clone().unwrap_or_default(),
        "id" => entry.guid.clone().unwrap_or_default(),
        "html" => entry.content.clone().or(entry.summary.clone()).unwrap_or_default(),
        "date" => entry.published.or(entry.updated).map(|at| at.to_string()).unwrap_or_default(),
        "lang" => entry.language.clone().unwrap_or_default(),
        "tags" => list(entry.categories.iter().map(|it| it.term.clone()).collect()),
        "authors" => {
            let one = |name: &str, mail: Option<&str>| format!("{name} <{}>", mail.unwrap_or(""));
            list(entry.authors.iter().map(|it| one(&it.name, it.email.as_deref())).collect())
        }
        "files" => {
            let length = |bytes: Option<u64>| bytes.map_or("?".to_owned(), |it| it.to_string());
            list(
                entry
                    .enclosures
                    .iter()
                    .map(|it| format!("{} {}", it.url, length(it.length)))
                    .collect(),
            )
        }
        "source" => entry.origin.as_ref().and_then(|it| it.title.clone()).unwrap_or_default(),
        "elements" => elements(&entry.extensions),
        "links" => list(entry.links.iter().map(|it| format!("{} {}", it.rel, it.href)).collect()),
        _ => panic!("no aspect {what}"),
    }
}

/// Holds rows of (name, what feed-rs does, document, aspect, what we make of it) true.
fn check<B: AsRef<[u8]>>(rows: &[(&str, Alone, B, &str, &str)]) {
    let mut wrong = Vec::new();
    for (name, expected_alone, body, what, expected) in rows {
        let body = body.as_ref();
        let found = read(body).map_or_else(|error| error.to_string(), |feed| show(&feed, what));
        if found != *expected {
            wrong.push(format!("{name}: {what} is {found:?}, not {expected:?}"));
        }
        if *expected_alone != Aborts && alone(body) != *expected_alone {
            wrong.push(format!("{name}: feed-rs {:?}, not {expected_alone:?}", alone(body)));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

const SPACES: &str = concat!(
    " xmlns:content='http://purl.org/rss/1.0/modules/content/'",
    " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:atom='http://www.w3.org/2005/Atom'",
    " xmlns:media='http://search.yahoo.com/mrss/'",
    " xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'",
    " xmlns:podcast='https://podcastindex.org/namespace/1.0'",
    " xmlns:slash='http://purl.org/rss/1.0/modules/slash/'",
    " xmlns:thr='http://purl.org/syndication/thread/1.0'",
    " xmlns:feedburner='http://rssnamespace.org/feedburner/ext/1.0'",
);

fn rss(items: &str) -> String {
    format!("<rss version='2.0'{SPACES}><channel><title>T</title>{items}</channel></rss>")
}

fn item(inner: &str) -> String {
    rss(&format!("<item><title>t</title><guid>1</guid>{inner}</item>"))
}

fn titled(title: &str) -> String {
    rss(&format!("<item><guid>1</guid>{title}</item>"))
}

fn atom(inner: &str) -> String {
    format!(
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='vi'><title>T</title><id>urn:f</id>\
         <updated>2024-01-02T03:04:05Z</updated><author><name>An</name></author>\
         <entry><id>1</id>{inner}</entry></feed>"
    )
}

fn json(version: &str, members: &str) -> String {
    format!("{{\"version\":\"{version}\",\"title\":\"T\",\"items\":[{{{members}}}]}}")
}

#[test]
fn what_makes_feed_rs_panic_or_abort_is_kept() {
    let utf16 = |label: &str| -> Vec<u8> {
        let text = format!("<?xml version='1.0' encoding='{label}'?>{}", item(""));
        [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect()
    };
    let nested = |open: &str, close: &str, n: usize| item(&(open.repeat(n) + &close.repeat(n)));
    check(&[
        (
            "author in wide brackets",
            Panics,
            item("<author>John（john@ex.com）</author>"),
            "authors",
            "John <john@ex.com>",
        ),
        ("author in quotes", Panics, item("<author>“a@b.com”</author>"), "authors", " <a@b.com>"),
        (
            "creator after a no-break space",
            Panics,
            item("<dc:creator>Ngô Á\u{a0}a@b.com</dc:creator>"),
            "authors",
            "Ngô Á <a@b.com>",
        ),
        (
            "duration beyond numbers",
            Panics,
            item("<itunes:duration>99999999999999999999999999</itunes:duration>"),
            "title",
            "t",
        ),
        (
            "duration in Arabic digits",
            Panics,
            item("<itunes:duration>٣٤</itunes:duration>"),
            "title",
            "t",
        ),
        (
            "duration with such a fraction",
            Panics,
            item("<itunes:duration>1:00:00.٣</itunes:duration>"),
            "title",
            "t",
        ),
        (
            "declaration within",
            Panics,
            item("<?xml version='1.0' encoding='windows-1251'?>"),
            "title",
            "t",
        ),
        (
            "nested media:group",
            Aborts,
            nested("<media:group>", "</media:group>", 1_000),
            "title",
            "t",
        ),
        (
            "nested itunes:category",
            Aborts,
            nested("<itunes:category text='a'>", "</itunes:category>", 100_000),
            "title",
            "t",
        ),
    ]);
    check(&[
        ("UTF-16 said so", Panics, utf16("UTF-16"), "title", "t"),
        ("UTF-16 called UTF-8", Panics, utf16("utf-8"), "title", "t"),
    ]);
}

#[test]
fn what_costs_feed_rs_the_whole_feed_is_mended() {
    let version = |version: &str| item("").replace(" version='2.0'", version);
    check(&[
        ("bare ampersand", Refuses, titled("<title>AT&T</title>"), "title", "AT&T"),
        (
            "bare ampersand in a URL",
            Refuses,
            item("<link>https://bao.example/?a=1&b=2</link>"),
            "link",
            "https://bao.example/?a=1&b=2",
        ),
        (
            "cut off in an item",
            Refuses,
            item("").replace("</item></channel></rss>", ""),
            "title",
            "t",
        ),
        (
            "mis-nested",
            Refuses,
            item("<description><b><i>x</b></i></description>"),
            "html",
            "<b><i>x</i></b>",
        ),
        ("NUL reference", Refuses, titled("<title>a&#0;b</title>"), "title", "a\u{fffd}b"),
        (
            "surrogate reference",
            Refuses,
            titled("<title>a&#xD83D;b</title>"),
            "title",
            "a\u{fffd}b",
        ),
        ("no version", Refuses, version(""), "title", "t"),
        ("version 2", Refuses, version(" version='2'"), "title", "t"),
        ("version 2.00", Refuses, version(" version='2.00'"), "title", "t"),
        ("version 2.0.1", Refuses, version(" version='2.0.1'"), "title", "t"),
        ("version 0.90", Refuses, version(" version='0.90'"), "title", "t"),
        ("version 0.93", Refuses, version(" version='0.93'"), "title", "t"),
        ("version 0.94", Refuses, version(" version='0.94'"), "title", "t"),
        ("version with a space", Refuses, version(" version=' 2.0'"), "title", "t"),
        (
            "RSS in capitals",
            Refuses,
            item("").replace("<rss", "<RSS").replace("rss>", "RSS>"),
            "title",
            "t",
        ),
        (
            "markup before the root",
            Refuses,
            format!("<b>Notice</b>: x in y{}", item("")),
            "title",
            "t",
        ),
        (
            "invalid xml:base",
            Refuses,
            atom("<title>t</title><link xml:base='http://[bad' href='/a'/>"),
            "link",
            "https://bao.example/a",
        ),
        (
            "Atom text of type HTML",
            Refuses,
            atom("<title type='HTML'>a &lt;b&gt;b&lt;/b&gt;</title>"),
            "title",
            "a b",
        ),
        (
            "Atom text of type text/plain",
            Refuses,
            atom("<title type='text/plain'>1 &lt; 2</title>"),
            "title",
            "1 < 2",
        ),
        ("Atom text of no type", Refuses, atom("<title type=''>t</title>"), "title", "t"),
        (
            "Atom text of type XHTML",
            Refuses,
            atom(
                "<title>t</title><content type='application/xhtml+xml'><p xmlns='http://www.w3.org/1999/xhtml'>x</p></content>",
            ),
            "html",
            "<p>x</p>",
        ),
        (
            "empty plain content",
            Refuses,
            atom("<title>t</title><content type='text/plain'/>"),
            "html",
            "",
        ),
        (
            "content elsewhere of type html",
            Refuses,
            atom("<title>t</title><content src='/a' type='html'/>"),
            "link",
            "https://bao.example/a",
        ),
        ("empty media:title", Refuses, item("<media:title/>"), "title", "t"),
        (
            "empty media:description",
            Refuses,
            item("<media:description></media:description>"),
            "html",
            "",
        ),
        (
            "media:title of type text",
            Refuses,
            titled("<media:title type='text'>m</media:title>"),
            "title",
            "m",
        ),
        (
            "itunes:summary of a made-up type",
            Refuses,
            item("<itunes:summary type='zz'>s</itunes:summary>"),
            "html",
            "s",
        ),
        (
            "podcast:person of an unknown role",
            Refuses,
            item("<podcast:person role='Wizard' group='zz'>An</podcast:person>"),
            "elements",
            "podcast:person",
        ),
        (
            "JSON: an id that is a number",
            Refuses,
            json("https://jsonfeed.org/version/1.1", "\"id\":7,\"content_text\":\"x\""),
            "id",
            "7",
        ),
        (
            "JSON: a version over http",
            Refuses,
            json("http://jsonfeed.org/version/1", "\"id\":\"1\",\"content_text\":\"x\""),
            "html",
            "x",
        ),
        (
            "JSON: no title",
            Refuses,
            json("https://jsonfeed.org/version/1", "\"id\":\"1\",\"content_text\":\"x\"")
                .replace("\"title\":\"T\",", ""),
            "id",
            "1",
        ),
        (
            "JSON: a mark before it",
            Refuses,
            format!(
                "\u{feff}{}",
                json("https://jsonfeed.org/version/1", "\"id\":\"1\",\"content_text\":\"x\"")
            ),
            "id",
            "1",
        ),
        (
            "JSON: a size with a fraction",
            Refuses,
            json(
                "https://jsonfeed.org/version/1",
                "\"id\":\"1\",\"attachments\":[{\"url\":\"/a\",\"mime_type\":\"audio/mpeg\",\"size_in_bytes\":9.5}]",
            ),
            "files",
            "https://bao.example/a 9",
        ),
        (
            "JSON: a file without a type",
            Refuses,
            json(
                "https://jsonfeed.org/version/1",
                "\"id\":\"1\",\"attachments\":[{\"url\":\"/a\"}]",
            ),
            "files",
            "https://bao.example/a ?",
        ),
    ]);
    let late = item("<description>Tiếng Việt ở Hà Nội#</description>").into_bytes();
    let late: Vec<u8> =
        late.into_iter().map(|byte| if byte == b'#' { 0xE9 } else { byte }).collect();
    check(&[("one bad byte", Refuses, late, "html", "Tiếng Việt ở Hà Nội\u{fffd}")]);
}

#[test]
fn what_feed_rs_gets_wrong_or_drops_is_right() {
    let namespace = |uri: &str| item("").replace("<rss", &format!("<rss xmlns='{uri}'"));
    let rdf = |ns: &str, item: &str| {
        format!(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='{ns}'><channel rdf:about='x'><title>T</title></channel>{item}</rdf:RDF>"
        )
    };
    let about = "<item rdf:about='https://bao.example/1'><title>t</title></item>";
    let two = "<item><title>a</title><link>https://bao.example/a</link></item><item><title>b</title></item>";
    check(&[
        ("RSS 2 under a namespace", Reads, namespace("http://backend.userland.com/rss2"), "title", "t"),
        ("RSS 2 under Atom's", Reads, namespace("http://www.w3.org/2005/Atom"), "title", "t"),
        ("Atom 0.3", Reads, "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><title>T</title><entry><title>t</title><id>1</id></entry></feed>".to_owned(), "title", "t"),
        ("RSS 0.90", Reads, rdf("http://my.netscape.com/rdf/simple/0.9/", about), "title", "t"),
        ("an item without a guid has none made up", Reads, rss(two), "id", " / "),
        ("a permalink guid is the link", Reads, titled("<guid>https://bao.example/1</guid><title>t</title>").replace("<guid>1</guid>", ""), "link", "https://bao.example/1"),
        ("one that is none is not", Reads, item("").replace("<guid>1", "<guid isPermaLink='false'>https://bao.example/1"), "link", ""),
        ("rdf:about is the id", Reads, rdf("http://purl.org/rss/1.0/", about), "id", "https://bao.example/1"),
        ("escaped twice", Reads, titled("<title>A &amp;amp; B &lt;b&gt;x&lt;/b&gt;</title>"), "title", "A & B x"),
        ("markup in a title", Reads, titled("<title>He said <b>bold</b> move</title>"), "title", "He said bold move"),
        ("markup in a description", Reads, item("<description><p>inline</p></description>"), "html", "<p>inline</p>"),
        ("entities of HTML", Reads, titled("<title>caf&eacute;&nbsp;x</title>"), "title", "café x"),
        ("control characters", Reads, titled("<title>a\u{8}b</title>"), "title", "ab"),
        ("XHTML is sanitised", Reads, atom("<title>t</title><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p onclick='x()'>a</p><script>x()</script></div></content>"), "html", "<p>a</p>"),
        ("XHTML attributes are escaped", Reads, atom("<title>t</title><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><a title='&quot; onclick=&quot;alert(1)' href='/x'>a</a></div></content>"), "html", "<a title=\"&quot; onclick=&quot;alert(1)\" href=\"https://bao.example/x\">a</a>"),
        ("prefixed XHTML", Reads, atom("<title>t</title><content type='xhtml'><x:div xmlns:x='http://www.w3.org/1999/xhtml'><x:p>a</x:p></x:div></content>"), "html", "<p>a</p>"),
        ("xml:base within HTML", Reads, atom("<title>t</title><content type='html' xml:base='https://o.example/d/'>&lt;a href='x'&gt;a&lt;/a&gt;</content>"), "html", "<a href=\"https://o.example/d/x\">a</a>"),
        ("JSON: relative links", Reads, json("https://jsonfeed.org/version/1.1", "\"id\":\"1\",\"url\":\"/a\",\"content_html\":\"<a href='b'>b</a>\""), "link", "https://bao.example/a"),
        ("UTF-8 called Latin-1", Reads, format!("<?xml version='1.0' encoding='ISO-8859-1'?>{}", titled("<title>Tiếng Việt</title>")), "title", "Tiếng Việt"),
        ("a date without a zone", Reads, item("<pubDate>2024-11-18T08:00:00</pubDate>"), "date", "2024-11-18T08:00:00Z"),
        ("a date with blanks", Reads, item("<pubDate>2024-11-18 08:00:00 +0700</pubDate>"), "date", "2024-11-18T01:00:00Z"),
        ("ICT", Reads, item("<pubDate>Mon, 18 Nov 2024 08:00:00 ICT</pubDate>"), "date", "2024-11-18T01:00:00Z"),
        ("CEST", Reads, item("<pubDate>Mon, 15 Jul 2024 08:00:00 CEST</pubDate>"), "date", "2024-07-15T06:00:00Z"),
        ("GMT+7", Reads, item("<pubDate>Mon, 18 Nov 2024 08:00:00 GMT+7</pubDate>"), "date", "2024-11-18T01:00:00Z"),
        ("+07", Reads, item("<pubDate>Mon, 18 Nov 2024 08:00:00 +07</pubDate>"), "date", "2024-11-18T01:00:00Z"),
        ("Unix time", Reads, item("<pubDate>1731891600</pubDate>"), "date", "2024-11-18T01:00:00Z"),
        ("asctime", Reads, item("<pubDate>Mon Nov 18 08:00:00 2024</pubDate>"), "date", "2024-11-18T08:00:00Z"),
        ("a day alone", Reads, item("<pubDate>02 Jan 2024</pubDate>"), "date", "2024-01-02T00:00:00Z"),
        ("slashes", Reads, item("<pubDate>18/11/2024 08:00</pubDate>"), "date", "2024-11-18T08:00:00Z"),
        ("a name in Vietnamese", Reads, item("<pubDate>Thứ Hai, 18 Tháng 11 2024 08:00:00 +0700</pubDate>"), "date", "2024-11-18T01:00:00Z"),
        ("24:00 ends the day", Reads, item("<pubDate>Mon, 18 Nov 2024 24:00:00 GMT</pubDate>"), "date", "2024-11-19T00:00:00Z"),
        ("the year 1", Reads, item("<pubDate>0001-01-01T00:00:00Z</pubDate>"), "date", ""),
        ("the year 9999", Reads, item("<pubDate>9999-12-31T23:59:59Z</pubDate>"), "date", ""),
        ("RSS source", Reads, item("<source url='https://o.example/feed'>Nguồn</source>"), "source", "Nguồn"),
        ("atom:source", Reads, atom("<title>t</title><source><title>Nguồn</title><id>urn:o</id></source>"), "source", "Nguồn"),
        ("dc:subject", Reads, item("<dc:subject>Bão</dc:subject>"), "tags", "Bão"),
        ("feedburner:origLink and an Atom link", Reads, item("<atom:link rel='related' href='/r'/>"), "links", "related https://bao.example/r"),
        ("an Atom author in RSS", Reads, item("<atom:author><atom:name>An</atom:name></atom:author>"), "authors", "An <>"),
        ("elements of modules", Reads, item("<slash:comments>5</slash:comments><thr:total>5</thr:total><media:thumbnail url='/a'/><itunes:image href='/i'/><itunes:explicit>yes</itunes:explicit><media:keywords>k</media:keywords><podcast:chapters url='/c' type='x'/>"), "elements", "slash:comments, thr:total, media:thumbnail, itunes:image, itunes:explicit, media:keywords, podcast:chapters"),
        ("JSON: pictures", Reads, json("https://jsonfeed.org/version/1.1", "\"id\":\"1\",\"content_text\":\"x\",\"image\":\"/a\""), "elements", "media:thumbnail"),
        ("the feed's language", Reads, atom("<title>t</title>"), "lang", "vi"),
        ("an address with a name", Reads, item("<author>joe@ex.com (Joe)</author>"), "authors", "Joe <joe@ex.com>"),
    ]);
}

#[test]
fn entities_are_left_and_too_much_is_cut_or_refused() {
    let lol = "<!DOCTYPE l [<!ENTITY a 'lol'><!ENTITY b '&a;&a;'><!ENTITY x SYSTEM 'file:///etc/passwd'>]>";
    let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
    check(&[
        ("billion laughs", Reads, format!("{lol}{}", titled("<title>&b;</title>")), "title", "&b;"),
        (
            "external entity",
            Reads,
            format!("{lol}{}", titled("<title>&x;</title>")),
            "title",
            "&x;",
        ),
        (
            "many namespaces",
            Refuses,
            item(&(0..200).map(|n| format!("<a xmlns:a{n}='u{n}'>")).collect::<String>()),
            "title",
            "t",
        ),
        (
            "a page",
            Refuses,
            "<!DOCTYPE html><html><body>x</body></html>".to_owned(),
            "title",
            "not a feed but an HTML page",
        ),
        ("nothing", Refuses, String::new(), "title", "not a feed but an empty body"),
        (
            "JSON of another kind",
            Refuses,
            "{\"a\":1}".to_owned(),
            "title",
            "not a feed but JSON that is no feed",
        ),
        (
            "JSON too deep",
            Refuses,
            format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":{}}}", deep(200)),
            "title",
            "nested JSON values over the limit of 127",
        ),
    ]);
}

/// ammonia before 4.2 let these through, and html5ever is quadratic in depth: neither sees them.
#[test]
fn what_the_html_libraries_fall_for_never_reaches_them() {
    let deep = format!("{}x{}", "<div>".repeat(8_000), "</div>".repeat(8_000));
    let cases = [
        (
            "MathML",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table></math>a",
            "a",
        ),
        (
            "SVG animate",
            "<svg><a><animate attributeName=href values=javascript:alert(1) /><text>b</text></a></svg>a",
            "a",
        ),
        (
            "srcset",
            "<img srcset='/a 1x, /b 2x' src='/a' alt=''>",
            "<img srcset=\"https://bao.example/a 1x, https://bao.example/b 2x\" src=\"https://bao.example/a\" alt=\"\">",
        ),
        ("a counter", "<img src='/t.gif' width=1 height=1>a", "a"),
        (
            "details",
            "<details><summary>s</summary>d</details>",
            "<details><summary>s</summary>d</details>",
        ),
    ];
    let base = url::Url::parse(URL).unwrap();
    for (name, markup, expected) in cases {
        assert_eq!(
            html::sanitize(markup, Some(&base), html::Bounds::default()),
            expected,
            "{name}"
        );
    }
    let safe = html::sanitize(&deep, None, html::Bounds::default());
    assert!(safe.matches("<div>").count() <= html::Bounds::default().depth_max);
    assert_eq!(html::plain(&safe), "x");
}

/// The smallest document that shows each defect, for those who report or mend it upstream.
#[test]
fn each_defect_of_feed_rs_has_its_smallest_document() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/feed-rs");
    let mut count = 0;
    for defect in std::fs::read_dir(golden).unwrap() {
        let folder = defect.unwrap().path();
        let name = folder.display();
        let file = ["feed.xml", "feed.json"]
            .map(|file| folder.join(file))
            .into_iter()
            .find(|it| it.exists());
        let body = std::fs::read(file.unwrap()).unwrap();
        let expected = std::fs::read_to_string(folder.join("expected")).unwrap();
        for line in expected.lines() {
            let (what, expected) = line.split_once(": ").unwrap();
            match (what, expected) {
                ("feed-rs", "aborts") => {}
                ("feed-rs", "panics") => assert_eq!(alone(&body), Panics, "{name}"),
                ("feed-rs", "refuses") => assert_eq!(alone(&body), Refuses, "{name}"),
                ("feed-rs", _) => assert_eq!(alone(&body), Reads, "{name}"),
                _ => assert_eq!(show(&read(&body).unwrap(), what), expected, "{name}: {what}"),
            }
        }
        count += 1;
    }
    assert!(count >= 14, "{count}");
}
