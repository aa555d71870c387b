//! One row for each trap that feeds are known to set (crate traps by name, standards by number).

use std::collections::HashSet;

use proptest::prelude::*;

use super::repair::{ATTRIBUTES_MAX, DEPTH_MAX, ITEMS_MAX, NODES_MAX, TEXT_BYTES_MAX};
use super::sidecar::EXTENSIONS_MAX;
use super::*;
use crate::model::entry::GuidKind;
use crate::model::raw::{RawEntry, TextKind};

const URL: &str = "https://ex.com/dir/feed.xml";

fn read_bytes(body: &[u8]) -> Result<RawFeed, ParseError> {
    let document =
        RawDocument { body: body.to_vec(), url: URL.to_owned(), ..RawDocument::default() };
    parse(&document, &ReadSettings::default(), &|_| false)
}

fn read(body: &str) -> RawFeed {
    read_bytes(body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {body:.300}"))
}

fn has_panicked(read: &Result<RawFeed, ParseError>) -> bool {
    matches!(read, Err(ParseError::Panicked { .. }))
}

fn entries(feed: &RawFeed) -> Vec<&RawEntry> {
    feed.items.iter().filter_map(|item| item.entry.as_ref()).collect()
}

fn first(body: &str) -> RawEntry {
    let feed = read(body);
    let entry = entries(&feed).first().map(|entry| (*entry).clone());
    entry.unwrap_or_else(|| panic!("no entry in {body:.300}"))
}

fn rss(items: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><channel><title>T</title><link>https://ex.com/</link><description>d</description>{items}</channel></rss>"#
    )
}

fn item(inner: &str) -> String {
    rss(&format!("<item><title>t</title><guid>1</guid>{inner}</item>"))
}

fn atom(inner: &str) -> String {
    format!(
        r#"<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="vi"><title>T</title><id>urn:f</id><updated>2024-01-02T03:04:05Z</updated>{inner}</feed>"#
    )
}

fn title(entry: &RawEntry) -> &str {
    entry.title.as_ref().map_or("", |title| title.value.as_str())
}

fn hrefs(entry: &RawEntry) -> Vec<&str> {
    entry.links.iter().map(|link| link.href.as_str()).collect()
}

fn has_flaw(feed: &RawFeed, name: &str) -> bool {
    feed.flaws.iter().any(|(known, _)| known == name)
}

#[test]
fn what_makes_feed_rs_panic_is_read() {
    let cases = [
        item("<author>John（john@ex.com）</author>"),
        item("<author>“a@b.com”</author>"),
        item("<dc:creator>\u{a0}john@example.com</dc:creator>"),
        item("<itunes:author>Ngô Văn Á\u{a0}a@b.com</itunes:author>"),
        item("<itunes:duration>99999999999999999999999999</itunes:duration>"),
        item("<itunes:duration>٣٤</itunes:duration>"),
        item("<itunes:duration>1:00:00.٣</itunes:duration>"),
        item("<media:text start='1:00:00.٣'>x</media:text>"),
        item(r#"<?xml version="1.0" encoding="windows-1251"?>"#),
        item("<media:title type='text'>x</media:title>"),
        item("<media:title/><media:description></media:description>"),
        item("<podcast:person role='Wizard' group='zz'>x</podcast:person>"),
        item("<itunes:summary type='zz'>x</itunes:summary>"),
    ];
    for body in cases {
        let feed = read(&body);
        assert_eq!(title(entries(&feed)[0]), "t", "{body}");
        assert!(!has_flaw(&feed, "feed-rs gave up"), "{body}");
    }
}

#[test]
fn the_second_reader_is_asked_about_every_feed() {
    let feed = read(&rss(&"<item><title>t</title></item>".repeat(450)));
    assert_eq!(entries(&feed).len(), 450);
    assert_eq!(feed.flaws, []);
    let mut second = second::Second::new();
    let context = Context::of_document(URL, None);
    let mut items = vec![RawItem { hash: None, entry: Some(RawEntry::default()) }];
    struct Take<'a>(&'a mut second::Second);
    impl Sink for Take<'_> {
        fn is_known(&self, _: ItemHash) -> bool {
            false
        }
        fn item(
            &mut self,
            dialect: Dialect,
            _: ItemHash,
            node: Option<(&Node, &Context)>,
            _: &mut Flaws,
        ) {
            self.0.add(0, node.unwrap().0, dialect);
        }
    }
    let body = item("<description>d</description><pubDate>Tue, 02 Jan 2024 03:04:05 GMT</pubDate>");
    repair::read(&body, 0, &context, &mut Flaws::default(), &mut Take(&mut second)).unwrap();
    second.consult(Dialect::Rss, &mut items, &mut Flaws::default());
    let entry = items[0].entry.as_ref().unwrap();
    assert_eq!(title(entry), "t");
    assert_eq!(entry.summary.as_ref().unwrap().value, "d");
    assert_eq!(entry.published, ["2024-01-02T03:04:05+00:00"]);
}

#[test]
fn what_makes_feed_rs_refuse_a_feed_is_mended() {
    let plain = "<item><title>t</title><guid>1</guid></item>";
    let versions = ["", " version='2'", " version='2.0.1'", " version='0.90'", " version='0.91'"];
    let mut cases: Vec<(String, &str, &str)> = versions
        .iter()
        .map(|v| {
            (format!("<rss{v}><channel>{plain}</channel></rss>"), "t", "old or missing version")
        })
        .collect();
    let wrap = |inner: &str| rss(&format!("<item><guid>1</guid>{inner}</item>"));
    let body = rss(plain);
    cases.extend([
        (wrap("<title>AT&T, Q&A</title>"), "AT&T, Q&A", "bare ampersand"),
        (wrap("<title>a&#0;b</title>"), "a\u{fffd}b", "bad character reference"),
        (wrap("<title>a\u{0}b\u{8}c</title>"), "abc", "control character"),
        (wrap("<title>a&nbsp;b&eacute;</title>"), "a\u{a0}bé", "undeclared HTML entity"),
        (wrap("<title>a &bogus; b</title>"), "a &bogus; b", "unknown entity"),
        (wrap("<title>1 < 2</title>"), "1 < 2", "bare less-than sign"),
        (wrap("<title>t"), "t", "unclosed element"),
        (wrap("<title>t</title></b>"), "t", "unmatched end tag"),
        (wrap("<foo:bar>x</foo:bar><title>t</title>"), "t", "undeclared prefix"),
        (rss(plain).replace("</channel></rss>", ""), "t", "unclosed element"),
        (format!("PHP notice\n{body}"), "t", "junk before the root"),
        (format!("Warning: x in /a.php\n<br />{body}"), "t", "junk before the root"),
        (format!("{body}<script>junk</script>"), "t", "junk after the root"),
        (body.replace("rss", "RSS"), "t", ""),
        (format!("\n\n {body}"), "t", ""),
        (format!("<!-- gen -->{body}"), "t", ""),
        (format!("\u{feff}{body}"), "t", ""),
        (body.replace("<rss", "<rss xmlns='http://backend.userland.com/rss2'"), "t", ""),
        (body.replace("<rss", "<rss xmlns='http://www.w3.org/2005/Atom'"), "t", "wrong namespace"),
        (
            atom("<entry xml:base='http://[bad'><id>1</id><title>t</title></entry>"),
            "t",
            "invalid xml:base",
        ),
        (atom("<entry><id>1</id><title type='HTML'>t</title></entry>"), "t", ""),
        (
            atom("<entry><id>1</id><title type='text/plain'>t</title></entry>"),
            "t",
            "unusual text type",
        ),
        (atom("<entry><id>1</id><title type=''>t</title></entry>"), "t", "unusual text type"),
        (atom("<entry><id>1</id><title>t</title><content type='text/plain'/></entry>"), "t", ""),
        ("<feed><entry><id>1</id><title>t</title></entry></feed>".to_owned(), "t", ""),
        (
            "<entry xmlns='http://www.w3.org/2005/Atom'><id>1</id><title>t</title></entry>"
                .to_owned(),
            "t",
            "",
        ),
        (format!("<channel>{plain}</channel>"), "t", ""),
    ]);
    for (body, expected, flaw) in cases {
        let feed = read(&body);
        assert_eq!(title(entries(&feed)[0]), expected, "{body}");
        assert!(flaw.is_empty() || has_flaw(&feed, flaw), "{flaw}: {:?} in {body}", feed.flaws);
        assert!(!has_flaw(&feed, "feed-rs gave up"), "{body}");
    }
}

#[test]
fn one_broken_item_leaves_its_neighbours_whole() {
    let ok = |n: u8| format!("<item><title>ok{n}</title><guid>{n}</guid></item>");
    let broken = [
        "<item><title>bad<guid>2</guid></item>",
        "<item><title>bad</title><guid>2</guid>",
        "<item><title>bad</title><guid>2</guid><description><p>a<b>c</p></description></item>",
        "<item><title>bad</title><guid>2</guid><description>a <br> b <img src=x> c</description></item>",
        "<item><title>bad</title><guid>2</guid><description><![CDATA[a]]>]]></description></item>",
        "<item><title>bad</title><guid>2<description>x</item>",
        "<item><title>bad</title><guid>2</guid><a href='x>y</a></item>",
        "<item><title>bad</title><guid>2</guid><!-- a -- b --></item>",
        "<item><title>bad</title><guid>2</guid><link rel='x'</item>",
    ];
    for middle in broken {
        let feed = read(&rss(&format!("{}{middle}{}", ok(1), ok(3))));
        let seen: Vec<(&str, &str)> = entries(&feed)
            .iter()
            .map(|entry| (title(entry), entry.guid.as_deref().unwrap_or("")))
            .collect();
        assert_eq!(seen, [("ok1", "1"), ("bad", "2"), ("ok3", "3")], "{middle}");
    }
}

#[test]
fn a_truncated_feed_keeps_its_items() {
    let cut = r#"<rss version="2.0"><channel><title>T</title><item><title>x</title><guid>1</guid></item><item><title>y</ti"#;
    let feed = read(cut);
    assert_eq!(entries(&feed).len(), 1, "a half item that says not which it is waits");
    assert!(has_flaw(&feed, "truncated item"));
    let named = read(&cut.replace("<title>y", "<guid>2</guid><title>y"));
    assert_eq!(title(entries(&named)[1]), "y");
}

#[test]
fn old_and_odd_versions_have_their_entries() {
    let rdf = |ns: &str| {
        format!(
            r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="{ns}" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>T</title></channel><item rdf:about="urn:abc"><title>x</title><dc:date>2024-01-02</dc:date><dc:subject>s</dc:subject></item></rdf:RDF>"#
        )
    };
    for ns in ["http://my.netscape.com/rdf/simple/0.9/", "http://purl.org/rss/1.0/"] {
        let feed = read(&rdf(ns));
        let entry = entries(&feed)[0];
        assert_eq!(feed.meta.title.as_ref().unwrap().value, "T", "{ns}");
        assert_eq!((title(entry), entry.guid.as_deref()), ("x", Some("urn:abc")), "{ns}");
        assert_eq!(entry.published, ["2024-01-02"]);
        assert_eq!(entry.categories[0].term, "s");
    }
    let old = first(
        r#"<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><title mode="escaped" type="text/html">a &lt;b&gt;x&lt;/b&gt;</title><id>1</id><issued>2004-01-01T00:00:00Z</issued><modified>2004-01-02T00:00:00Z</modified><author><name>N</name><url>http://n/</url></author></entry></feed>"#,
    );
    assert_eq!(title(&old), "a <b>x</b>");
    assert_eq!(old.title.unwrap().kind, TextKind::Html);
    assert_eq!(
        (old.published, old.updated),
        (vec!["2004-01-01T00:00:00Z".into()], vec!["2004-01-02T00:00:00Z".into()])
    );
    assert_eq!(old.authors[0].uri.as_deref(), Some("http://n/"));
}

#[test]
fn ids_and_links_follow_the_standards() {
    let cases: [(&str, &str, GuidKind, &[&str]); 10] = [
        (
            "<guid>https://ex.com/p/1</guid>",
            "https://ex.com/p/1",
            GuidKind::Guid,
            &["https://ex.com/p/1"],
        ),
        (
            "<guid isPermaLink='true'> https://ex.com/1 </guid>",
            "https://ex.com/1",
            GuidKind::Guid,
            &["https://ex.com/1"],
        ),
        (
            "<guid isPermaLink='false'>https://ex.com/1</guid>",
            "https://ex.com/1",
            GuidKind::OpaqueGuid,
            &[],
        ),
        ("<guid>abc</guid>", "abc", GuidKind::Guid, &[]),
        (
            "<guid>http://g/</guid><link>\n /rel?a=1&amp;b=2\n</link>",
            "http://g/",
            GuidKind::Guid,
            &["https://ex.com/rel?a=1&b=2"],
        ),
        (
            "<link>https://ex.com/?a=1&b=2</link>",
            "",
            GuidKind::Missing,
            &["https://ex.com/?a=1&b=2"],
        ),
        ("<link href='x.html'/>", "", GuidKind::Missing, &["https://ex.com/dir/x.html"]),
        (
            "<atom:link rel='self' href='https://s/'/><link>a</link>",
            "",
            GuidKind::Missing,
            &["https://s/", "https://ex.com/dir/a"],
        ),
        ("<link/><guid>http://g/</guid>", "http://g/", GuidKind::Guid, &["http://g/"]),
        ("<title>x</title>", "", GuidKind::Missing, &[]),
    ];
    for (inner, guid, kind, links) in cases {
        let entry = first(&rss(&format!("<item>{inner}</item>")));
        assert_eq!(entry.guid.as_deref().unwrap_or(""), guid, "{inner}");
        assert_eq!(entry.guid_kind, kind, "{inner}");
        assert_eq!(hrefs(&entry), links, "{inner}");
    }
    let entry = first(&atom(
        "<entry xml:base='https://base.org/a/'><id>\n urn:1 </id><link href='rel.html'/><link rel='enclosure' href='e.mp3' length='3' type='audio/mpeg' title='E'/><link rel='http://www.iana.org/assignments/relation/via' href='/v' hreflang='vi'/></entry>",
    ));
    assert_eq!((entry.guid.as_deref(), entry.guid_kind), (Some("urn:1"), GuidKind::AtomId));
    assert_eq!(
        hrefs(&entry),
        ["https://base.org/a/rel.html", "https://base.org/a/e.mp3", "https://base.org/v"]
    );
    let rels: Vec<&str> = entry.links.iter().map(|link| link.rel.as_str()).collect();
    assert_eq!(rels, ["alternate", "enclosure", "via"]);
    let file = &entry.enclosures[0];
    assert_eq!(
        (file.url.as_str(), file.length.as_deref()),
        ("https://base.org/a/e.mp3", Some("3"))
    );
}

#[test]
fn texts_keep_their_form() {
    use TextKind::{Html, Plain, Unknown};
    let rss_cases = [
        ("<title>A &amp;amp; B &lt;b&gt;x&lt;/b&gt;</title>", "A &amp; B <b>x</b>", Unknown),
        ("<title><![CDATA[A & B]]></title>", "A & B", Unknown),
        ("<title>He said <b>bold</b> move</title>", "He said <b>bold</b> move", Html),
        ("<title>Tiếng&#32;Việt &#273;ẹp</title>", "Tiếng Việt đẹp", Unknown),
    ];
    for (inner, value, kind) in rss_cases {
        let found = first(&rss(&format!("<item>{inner}</item>"))).title.unwrap();
        assert_eq!((found.value.as_str(), found.kind), (value, kind), "{inner}");
    }
    let atom_cases = [
        ("<title>1 &lt; 2</title>", "1 < 2", Plain),
        ("<title type='html'>&lt;b&gt;x&lt;/b&gt; &amp;amp;</title>", "<b>x</b> &amp;", Html),
        ("<title type='application/xhtml+xml'>x</title>", "x", Html),
        (
            "<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>A <em>b</em> &lt; c<br/></div></title>",
            "A <em>b</em> &lt; c<br>",
            Html,
        ),
        ("<title>in <i>line</i></title>", "in <i>line</i>", Html),
    ];
    for (inner, value, kind) in atom_cases {
        let found = first(&atom(&format!("<entry><id>1</id>{inner}</entry>"))).title.unwrap();
        assert_eq!((found.value.as_str(), found.kind), (value, kind), "{inner}");
        assert_eq!(found.language.as_deref(), Some("vi"));
    }
}

#[test]
fn xhtml_is_written_escaped_with_its_base_and_language() {
    let entry = first(&atom(
        r#"<entry xml:base="https://base.org/a/"><id>1</id><content type="xhtml" xml:lang="en" xml:base="sub/"><xh:div xmlns:xh="http://www.w3.org/1999/xhtml"><xh:p title="&quot; onclick=&quot;alert(1)">x &lt; y <xh:img src="i.png"/><xh:a xml:base="/deep/" href="z">z</xh:a></xh:p></xh:div></content></entry>"#,
    ));
    let content = entry.content.unwrap();
    assert_eq!(
        content.value,
        r#"<p title="&quot; onclick=&quot;alert(1)">x &lt; y <img src="i.png"><a href="https://base.org/deep/z">z</a></p>"#
    );
    assert_eq!(content.base.as_deref(), Some("https://base.org/a/sub/"));
    assert_eq!(content.language.as_deref(), Some("en"));
    let reset = first(&atom("<entry><title xml:lang=''>t</title></entry>"));
    assert_eq!(reset.title.unwrap().language.as_deref(), Some(""));
}

#[test]
fn contents_of_every_make_are_found() {
    let cases = [
        ("<content:encoded><![CDATA[<p>full</p>]]></content:encoded>", "<p>full</p>"),
        ("<body xmlns='http://www.w3.org/1999/xhtml'><p>full</p></body>", "<p>full</p>"),
        ("<fullitem>&lt;p&gt;full&lt;/p&gt;</fullitem>", "<p>full</p>"),
        ("<atom:content type='html'>&lt;p&gt;full&lt;/p&gt;</atom:content>", "<p>full</p>"),
    ];
    for (inner, expected) in cases {
        let entry = first(&item(&format!("<description>short</description>{inner}")));
        assert_eq!(entry.content.unwrap().value, expected, "{inner}");
        assert_eq!(entry.summary.unwrap().value, "short", "{inner}");
    }
    let inline =
        first(&item("<description><p>inline</p> tail &lt;3</description>")).summary.unwrap();
    assert_eq!((inline.value.as_str(), inline.kind), ("<p>inline</p> tail &lt;3", TextKind::Html));
    let source = first(&atom("<entry><id>1</id><content src='b' type='text/html'/></entry>"));
    assert_eq!(source.content_src.as_deref(), Some("https://ex.com/dir/b"));
    let image =
        read(&atom("<entry><id>1</id><content type='image/png'>iVBORw0KGgo=</content></entry>"));
    assert_eq!(entries(&image)[0].content, None);
    assert!(has_flaw(&image, "binary content"));
    let video = first(&atom(
        "<entry><id>1</id><media:group><media:title>v</media:title><media:description>about</media:description></media:group></entry>",
    ));
    assert_eq!((title(&video), video.summary.as_ref().unwrap().value.as_str()), ("v", "about"));
}

#[test]
fn what_feed_rs_drops_is_kept() {
    let entry = first(&item(
        r#"<author>joe@ex.com (Joe)</author><dc:creator>Ann</dc:creator><dc:creator>Ann</dc:creator><dc:subject>subj</dc:subject><category domain="http://d/">Cat</category>
        <source url="https://src/feed">Src</source><comments>/c</comments><slash:comments>5</slash:comments><feedburner:origLink>https://orig/</feedburner:origLink>
        <media:thumbnail url="t.jpg"/><itunes:image href="i.jpg"/><podcast:transcript url="s.srt" type="x"/><dc:date>2024-01-03</dc:date><pubDate>Tue, 02 Jan 2024</pubDate>
        <dcterms:modified>2024-01-04</dcterms:modified><enclosure url="a.mp3" length="" type="audio/mpeg"/><enclosure url="b.mp3" length="2"/><dc:language>vi</dc:language>"#,
    ));
    let names: Vec<&str> = entry.authors.iter().filter_map(|a| a.name.as_deref()).collect();
    assert_eq!(names, ["joe@ex.com (Joe)", "Ann"]);
    let terms: Vec<&str> = entry.categories.iter().map(|c| c.term.as_str()).collect();
    assert_eq!(terms, ["subj", "Cat"]);
    assert_eq!(entry.categories[1].scheme.as_deref(), Some("http://d/"));
    let origin = entry.origin.unwrap();
    assert_eq!(
        (origin.title.unwrap().value.as_str(), origin.feed_url.as_deref()),
        ("Src", Some("https://src/feed"))
    );
    assert_eq!(entry.comments.as_deref(), Some("https://ex.com/c"));
    assert_eq!(entry.orig_link.as_deref(), Some("https://orig/"));
    let kept: Vec<(&str, &str, &str)> = entry
        .extensions
        .iter()
        .map(|e| (e.prefix.as_str(), e.name.as_str(), e.text.as_str()))
        .collect();
    assert_eq!(
        kept,
        [
            ("slash", "comments", "5"),
            ("media", "thumbnail", ""),
            ("itunes", "image", ""),
            ("podcast", "transcript", "")
        ]
    );
    assert_eq!(entry.published, ["Tue, 02 Jan 2024", "2024-01-03"], "D27");
    assert_eq!(entry.updated, ["2024-01-04"]);
    let files: Vec<(&str, Option<&str>)> =
        entry.enclosures.iter().map(|f| (f.url.as_str(), f.length.as_deref())).collect();
    assert_eq!(
        files,
        [("https://ex.com/dir/a.mp3", None), ("https://ex.com/dir/b.mp3", Some("2"))]
    );
    assert_eq!(entry.language.as_deref(), Some("vi"));
}

#[test]
fn the_source_of_an_atom_entry_is_whole() {
    let entry = first(&atom(
        r#"<entry><id>1</id><source xml:base="https://o.example/"><id>urn:src</id><title type="html">S &amp;amp; T</title><updated>2001-01-01T00:00:00Z</updated><link rel="self" href="f"/><link href="/"/><author><name>A</name><email>a@b</email></author><rights>R</rights></source></entry>"#,
    ));
    let origin = entry.origin.unwrap();
    assert_eq!(origin.id.as_deref(), Some("urn:src"));
    assert_eq!(origin.title.unwrap().value, "S &amp; T");
    assert_eq!(origin.feed_url.as_deref(), Some("https://o.example/f"));
    assert_eq!(origin.site.as_deref(), Some("https://o.example/"));
    assert_eq!(origin.authors[0].email.as_deref(), Some("a@b"));
    assert_eq!(origin.rights.unwrap().value, "R");
    assert_eq!(entry.authors, [], "the feed's authors stay in meta, the source's with the source");
}

#[test]
fn the_feed_speaks_for_itself() {
    let feed = read(
        r#"<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:itunes="http://www.itunes.com/DTDs/Podcast-1.0.dtd"><channel>
        <title>T</title><link>https://ex.com/</link><description>D</description><language>vi-VN</language><copyright>C</copyright><managingEditor>m@e (M)</managingEditor>
        <lastBuildDate>L</lastBuildDate><pubDate>P</pubDate><ttl> 60 </ttl><sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>
        <skipHours><hour>0</hour><hour>24</hour><hour>7</hour><hour>99</hour></skipHours><skipDays><day>Sunday</day><day>tue</day></skipDays>
        <atom:link rel="hub" href="https://hub/"/><atom:link rel="self" href="f.xml"/><image><url>/logo.png</url><title>I</title><link>https://other/</link></image><itunes:block>Yes</itunes:block>
        </channel></rss>"#,
    );
    let meta = &feed.meta;
    assert_eq!(meta.title.as_ref().unwrap().value, "T");
    assert_eq!(meta.subtitle.as_ref().unwrap().value, "D");
    assert_eq!(meta.language.as_deref(), Some("vi-VN"));
    assert_eq!(meta.authors[0].name.as_deref(), Some("m@e (M)"));
    assert_eq!(meta.updated, ["L", "P"]);
    assert_eq!(meta.logo.as_deref(), Some("https://ex.com/logo.png"));
    let links: Vec<(&str, &str)> =
        meta.links.iter().map(|l| (l.rel.as_str(), l.href.as_str())).collect();
    assert_eq!(
        links,
        [
            ("alternate", "https://ex.com/"),
            ("hub", "https://hub/"),
            ("self", "https://ex.com/dir/f.xml")
        ]
    );
    assert!(meta.is_blocked);
    assert_eq!(feed.wish.ttl.unwrap().as_secs(), 3_600);
    assert_eq!(feed.wish.update_period.unwrap().as_secs(), 1_800);
    assert_eq!(feed.wish.skip_hours, [0, 7]);
    assert_eq!(feed.wish.skip_days, [2, 7]);
}

#[test]
fn blocks_are_obeyed_as_written() {
    let cases = [
        ("", false),
        ("<itunes:block>no</itunes:block>", false),
        ("<itunes:block>yes</itunes:block>", true),
        ("<podcast:block>yes</podcast:block>", true),
        ("<podcast:block id='google'>yes</podcast:block>", false),
        ("<podcast:block id='feedmill'>yes</podcast:block>", true),
        (
            "<podcast:block>yes</podcast:block><podcast:block id='feedmill'>no</podcast:block>",
            false,
        ),
    ];
    for (inner, expected) in cases {
        assert_eq!(read(&rss(inner)).meta.is_blocked, expected, "{inner}");
    }
}

#[test]
fn what_is_no_feed_is_named() {
    let cases = [
        ("", "an empty body"),
        (
            "<!DOCTYPE html><html><head><title>x</title></head><body><p>u</body></html>",
            "an HTML page",
        ),
        (
            "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url/></urlset>",
            "a sitemap",
        ),
        ("{\"a\":1}", "JSON that is no feed"),
        ("[]", "JSON that is no feed"),
        ("hello", "plain text"),
    ];
    for (body, what) in cases {
        assert_eq!(read_bytes(body.as_bytes()), Err(ParseError::NotAFeed { what }), "{body}");
    }
    assert!(matches!(read_bytes(b"{\"a\":"), Err(ParseError::Malformed { format: "JSON", .. })));
}

#[test]
fn entities_of_a_dtd_are_never_expanded() {
    let lol = r#"<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;"><!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><title>&lol2; &x;</title><item><title>&lol2;</title></item></channel></rss>"#;
    let feed = read(lol);
    assert_eq!(feed.meta.title.as_ref().unwrap().value, "&lol2; &x;");
    assert_eq!(title(entries(&feed)[0]), "&lol2;");
}

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
        assert_eq!(has_flaw(&feed, "too many elements in one item"), is_over);
    }
    let many = first(&item(&"<media:x/>".repeat(EXTENSIONS_MAX + 1)));
    assert_eq!(many.extensions.len(), EXTENSIONS_MAX);
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

#[test]
fn json_feeds_are_read_with_good_will() {
    let cases = [
        (
            r#"{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{"id":1,"content_text":"x"}]}"#,
            "1",
        ),
        (r#"{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1"}]}"#, "1"),
        (
            "\u{feff}{\"version\":\"http://jsonfeed.org/version/1\",\"items\":[{\"id\":\" 1 \"}]}",
            "1",
        ),
        (r#"{"title":"T","items":[{"title":"no id"},{"id":" "},{"id":"2"}]}"#, "2"),
    ];
    for (body, id) in cases {
        let feed = read(body);
        assert_eq!(feed.items.len(), 1, "P93: {body}");
        assert_eq!(entries(&feed)[0].guid.as_deref(), Some(id), "{body}");
    }
    let feed = read(
        r#"{"version":"https://jsonfeed.org/version/1.1","title":"T","home_page_url":"/","feed_url":"f.json","language":"vi","icon":"i.png","favicon":"f.ico","expired":true,
        "hubs":[{"type":"WebSub","url":"https://hub/"}],"authors":[{"name":"F"}],"items":[{"id":"u","url":"rel","external_url":"https://e/","title":"a\u0000b < c","content_html":"<p>x</p>","summary":"s",
        "image":"/i","date_published":"2024-01-02T03:04:05+07:00","date_modified":"2024","authors":[{"name":"N","url":"/n"}],"tags":["t",1,""],
        "attachments":[{"url":"a.mp3","mime_type":"audio/mpeg","size_in_bytes":1.5,"duration_in_seconds":60},{"url":"b"},{"x":1}]}]}"#,
    );
    let entry = entries(&feed)[0];
    assert_eq!(title(entry), "ab < c");
    assert_eq!(entry.title.as_ref().unwrap().kind, TextKind::Plain);
    assert_eq!(hrefs(entry), ["https://ex.com/dir/rel", "https://e/"]);
    assert_eq!(entry.content.as_ref().unwrap().kind, TextKind::Html);
    assert_eq!(entry.published, ["2024-01-02T03:04:05+07:00"]);
    assert_eq!(entry.authors[0].uri.as_deref(), Some("https://ex.com/n"));
    assert_eq!(entry.categories.len(), 1);
    let files: Vec<(&str, Option<&str>, Option<&str>)> = entry
        .enclosures
        .iter()
        .map(|f| (f.url.as_str(), f.length.as_deref(), f.duration.as_deref()))
        .collect();
    assert_eq!(
        files,
        [("https://ex.com/dir/a.mp3", Some("1"), Some("60")), ("https://ex.com/dir/b", None, None)]
    );
    assert_eq!(entry.extensions[0].attributes, [("url".to_owned(), "https://ex.com/i".to_owned())]);
    assert!(feed.wish.is_complete);
    let rels: Vec<&str> = feed.meta.links.iter().map(|link| link.rel.as_str()).collect();
    assert_eq!(rels, ["alternate", "self", "hub"]);
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
        prop_assert!(!has_panicked(&read_bytes(body[..cut].as_bytes())));
    }
}
