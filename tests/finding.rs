//! How feeds are found and lists of them read: `discover`, a page that was subscribed, malformed
//! lists of subscriptions (P64, R104–R108), over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use blackbox::{Answer, Origin, Place, text};
use serde_json::Value;

const FEED: &str = "<rss version=\"2.0\"><channel><title>Báo</title><item><guid>1</guid>\
                    <title>Tin</title></item></channel></rss>";

fn site(pages: &[(&str, &'static str)]) -> Origin {
    let origin = Origin::start();
    for (path, body) in pages {
        let body = *body;
        origin.on(path, move |_| Answer::ok(body.as_bytes()));
    }
    origin
}

#[test]
fn discover_looks_where_most_sites_have_their_feed() {
    let page = "<!doctype html><title>Báo</title><p>no link";
    let cases: [(&str, &[&str]); 4] = [
        ("/feed", &["/feed"]),
        ("/blog/rss.xml", &["/blog/rss.xml"]),
        ("/index.xml", &["/index.xml"]),
        ("/elsewhere", &[]),
    ];
    for (place_of_feed, expected) in cases {
        let origin = site(&[("/blog/", page), (place_of_feed, FEED)]);
        let place = Place::new("");
        let output = place.run(&["discover", &origin.url("/blog/")]);
        let found = text(&output.stdout);
        assert_eq!(found.matches("[[source]]").count(), expected.len(), "{place_of_feed}: {found}");
        for path in expected {
            assert!(found.contains(&format!("url = \"{}\"", origin.url(path))), "{found}");
            assert!(text(&output.stderr).contains("the page names no feed, but"), "{output:?}");
        }
    }
}

#[test]
fn discover_follows_links_of_a_page_that_names_no_feed() {
    let page = "<!doctype html><ul><li><a href=/rss/a.rss>A</a><li><a href=\"/rss/b.rss\">B</a>\
                <li><a href=/rss/gone.rss>C</a></ul>";
    let b = "<rss version=\"2.0\"><channel><title>B</title></channel></rss>";
    let origin = site(&[("/rss", page), ("/rss/a.rss", FEED), ("/rss/b.rss", b)]);
    let found = Place::new("").must(&["discover", &origin.url("/rss")]);
    assert_eq!(found.matches("[[source]]").count(), 2, "{found}");
}

#[test]
fn p64_a_page_that_was_subscribed_says_where_its_feed_is_and_what_is_held_stays() {
    let named =
        "<!doctype html><link rel=alternate type=\"application/rss+xml\" href=\"/tin.rss\">";
    let origin = site(&[("/", FEED)]);
    let place = Place::new(&format!("[[source]]\nid = \"s\"\nurl = \"{}\"\n", origin.url("/")));
    place.must(&["poll"]);
    for (page, expected) in [
        (named, format!("an HTML page; its feed seems to be {}", origin.url("/tin.rss"))),
        ("<!doctype html><p>x", "an HTML page".to_owned()),
    ] {
        origin.on("/", move |_| Answer::ok(page.as_bytes()));
        assert_eq!(place.run(&["poll"]).status.code(), Some(1));
        let status: Value = serde_json::from_str(&place.must(&["status", "--json"])).unwrap();
        let error = status["sources"][0]["last_error"].as_str().unwrap();
        assert!(error.contains(&expected), "{error}");
        assert_eq!(error.contains("write that"), page == named, "{error}");
    }
    let daemon = place.daemon();
    assert!(daemon.get("/source/s.atom").text().contains("Tin"), "old entries stay");
}

#[test]
fn r107_malformed_lists_are_read_and_each_line_left_out_is_told() {
    let list = "<?xml version='1.0' encoding='ISO-8859-1'?>\n\
        <OPML><head><title>Tin & báo</title>\n\
        <body>\n\
        <outline title='Thời sự'>\n\
        <outline title='A & B' xmlurl='https://a.example/?x=1&y=2'>\n\
        <outline text='C' XMLURL=\"https://c.example/feed\" htmlUrl=https://c.example/ />\n\
        </outline>\n\
        <outline text='again' xmlUrl='https://c.example/feed'/>\n\
        <outline type='include' text='inc' url='https://x.example/o.opml'/>\n\
        <outline text='ftp' xmlUrl='ftp://e.example/'/>\n\
        <outline text='D' xmlUrl='https://d.example/'";
    let place = Place::new("");
    let file = place.dir.path().join("list.opml");
    std::fs::write(&file, list).unwrap();
    let output = place.run(&["import", file.to_str().unwrap(), "--add"]);
    assert_eq!(output.status.code(), Some(1), "some lines were left out");
    let told = text(&output.stderr);
    assert!(
        told.contains("list.opml:9: \"inc\" was left out: an include is not followed"),
        "{told}"
    );
    assert!(told.contains("list.opml:10: \"ftp\""), "{told}");
    let config = std::fs::read_to_string(place.config()).unwrap();
    for url in ["https://a.example/?x=1&y=2", "https://c.example/feed", "https://d.example/"] {
        assert_eq!(config.matches(url).count(), 1, "{url} in {config}");
    }
    assert!(config.contains("title = \"A & B\""), "{config}");
    assert!(place.must(&["check"]).contains("3 sources"));
    let exported = place.must(&["export", "--opml"]);
    let other = Place::new("");
    let file = other.dir.path().join("out.opml");
    std::fs::write(&file, &exported).unwrap();
    other.must(&["import", file.to_str().unwrap(), "--add"]);
    assert_eq!(other.must(&["export", "--opml"]), exported, "R106");
}
