//! What is broken and mended.

use super::super::context::Context;
use super::super::flaws::Flaws;
use super::super::grammar::Dialect;
use super::super::node::Node;
use super::super::repair::{self, Sink};
use super::super::second;
use super::*;
use crate::model::raw::{RawItem, TextKind};

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
fn the_second_reader_fills_what_is_lacking() {
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
            node: Option<(&Node<'_>, &Context)>,
            _: &mut Flaws,
        ) {
            self.0.add(0, node.unwrap().0, &RawEntry::default(), dialect);
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
fn only_what_is_no_comment_is_junk_behind_the_root() {
    let body = rss("<item><title>t</title></item>");
    let tails = [
        ("\n<!-- cached -->\n", false),
        ("\n<?pi x?>\n<!-- a --> <!-- b -->", false),
        ("\n<!-- a -->\n<p>", true),
        ("\nx", true),
    ];
    for (tail, is_junk) in tails {
        let feed = read(&format!("{body}{tail}"));
        assert_eq!(has_flaw(&feed, "junk after the root"), is_junk, "{tail:?}");
    }
}

#[test]
fn r44_the_end_of_a_cdata_section_survives_where_it_is_text() {
    let cases = [
        ("x ]]&gt; y", "x ]]> y"),
        ("<![CDATA[x ]]]]><![CDATA[> y]]>", "x ]]> y"),
        ("<![CDATA[a]]>]]>", "a"),
    ];
    for (written, expected) in cases {
        let entry = first(&rss(&format!("<item><title>{written}</title><guid>1</guid></item>")));
        assert_eq!(title(&entry), expected, "{written}");
    }
}

#[test]
fn json_that_no_reader_expects_is_read_and_told() {
    let feed = |text: &str| {
        format!(
            r#"{{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{{"id":"1","title":"{text}"}},{{"id":"2","title":"whole"}}]}}"#
        )
    };
    let plain = feed("x");
    let cases = [
        (feed(r"cut \ud83d"), "cut \u{fffd}"),
        (feed(r"it\'s C:\x"), r"it's C:\x"),
        (plain.replace(r#""id":"2""#, r#""id":"2","n":NaN"#), "x"),
        (format!(")]}}'\n{plain}"), "x"),
        (format!("/* c */ {plain}"), "x"),
        (format!("// c\n{plain}"), "x"),
    ];
    for (body, expected) in cases {
        let feed = read(&body);
        let titles: Vec<&str> = entries(&feed).iter().map(|it| title(it)).collect();
        assert_eq!(titles, [expected, "whole"], "{body}");
        assert!(!feed.flaws.is_empty(), "{body}");
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
fn the_channel_definition_format_is_read() {
    let feed = read(
        r#"<CHANNEL HREF="https://bao.example/" LASTMOD="2004-04-06T23:05:43-05:00"><TITLE>Báo</TITLE>
        <ITEM HREF="/a" LASTMOD="2004-04-07T23:05"><TITLE>Tin</TITLE><ABSTRACT>Tóm tắt</ABSTRACT></ITEM></CHANNEL>"#,
    );
    let entry = entries(&feed)[0];
    assert_eq!((title(entry), hrefs(entry)), ("Tin", vec!["https://ex.com/a"]));
    assert_eq!(entry.summary.as_ref().unwrap().value, "Tóm tắt");
    assert_eq!(entry.updated, ["2004-04-07T23:05"]);
    assert_eq!(feed.meta.links[0].href, "https://bao.example/");
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
