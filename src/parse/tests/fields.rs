//! What is read of whole feeds.

use super::*;
use crate::model::entry::GuidKind;
use crate::model::entry::REL_EXTERNAL;
use crate::model::raw::TextKind;

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
}

#[test]
fn atom_links_keep_relation_order_and_base() {
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
fn categories_in_a_list_of_their_own_are_found() {
    let entry = first(&item(
        "<categories> <category>Giá vàng</category> <category>Bão</category> </categories>",
    ));
    let terms: Vec<&str> = entry.categories.iter().map(|c| c.term.as_str()).collect();
    assert_eq!(terms, ["Giá vàng", "Bão"]);
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
    assert_eq!(entry.links[1].rel, REL_EXTERNAL, "R52");
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
