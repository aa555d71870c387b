//! What the demo publishes, by the schema of RFC 4287 and the rules of RSS and JSON Feed.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "support/feed_rules.rs"]
mod feed_rules;
#[path = "support/press.rs"]
mod press;
#[path = "render/readers.rs"]
#[expect(dead_code, reason = "shared with the suites of the writers")]
mod readers;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use feedmill::clock::FixedClock;
use feedmill::demo::start;
use press::{NOW, Press};

/// Says what the schema has against a document; `None` where schema or xmllint are not here.
fn against_the_schema(xml: &[u8]) -> Option<String> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/atom.rng");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("feed.atom");
    std::fs::write(&file, xml).unwrap();
    let mut lint = Command::new("xmllint");
    let lint = lint.arg("--noout").arg("--relaxng").arg(&schema).arg(&file).output().ok()?;
    schema.exists().then(|| match lint.status.success() {
        true => String::new(),
        false => String::from_utf8_lossy(&lint.stderr).into_owned(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_demo_publishes_is_sound_in_every_format_r34_r60() {
    let clock = Arc::new(FixedClock(NOW.parse().unwrap()));
    let publishers = start(clock).await.unwrap();
    let mut config = String::new();
    for one in publishers.list() {
        config += &format!(
            "[[source]]\nid = \"{}\"\nurl = \"https://{}.example/feed\"\ncategories = {:?}\n",
            one.id, one.id, one.categories
        );
    }
    let press = Press::new(&config);
    for one in publishers.list() {
        let document = publishers.document(one, publishers.complete_at());
        press.publish(&format!("https://{}.example/feed", one.id), document);
    }
    press.poll().await;
    let mut scopes = vec!["/all".to_owned()];
    scopes.extend(publishers.list().iter().map(|one| format!("/source/{}", one.id)));
    scopes.extend(
        publishers.list().iter().flat_map(|one| one.categories).map(|c| format!("/category/{c}")),
    );
    scopes.extend(["/date/2024-11-22", "/date/1999-01-01"].map(str::to_owned));
    let mut entries = 0;
    let mut is_checked = true;
    for scope in &scopes {
        let atom = press.get(&format!("{scope}.atom")).await;
        assert_eq!(atom.status, 200, "{scope}");
        entries += atom.text().matches("<entry").count();
        match against_the_schema(&atom.body) {
            Some(said) => assert_eq!(said, "", "{scope}.atom"),
            None => is_checked = false,
        }
        let rss = press.get(&format!("{scope}.rss")).await;
        assert_eq!(feed_rules::breaches_of_rss(&rss.body), [""; 0], "{scope}.rss");
        let json = press.get(&format!("{scope}.json")).await;
        assert_eq!(feed_rules::breaches_of_json(&json.body), [""; 0], "{scope}.json");
    }
    assert!(entries > 100, "{entries} entries were looked at");
    if !is_checked {
        eprintln!("skipped: atom.rng or xmllint are not here");
    }
    press.mill.stop().await;
}

#[test]
fn the_rules_see_what_is_wrong() {
    let rss = "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" \
               xmlns:c=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>T</title>\
               <link>https://a.example/</link><description>d</description><ttl>5</ttl>\
               <atom:link rel=\"self\" type=\"application/rss+xml\" href=\"https://a.example/x\"/>\
               <lastBuildDate>Fri, 22 Nov 2024 12:00:00 GMT</lastBuildDate>\
               <item><title>t</title><link>https://a.example/1</link>\
               <description>d</description><c:encoded>f</c:encoded>\
               <guid isPermaLink=\"false\">1</guid><source url=\"https://b.example/\">B</source>\
               <enclosure url=\"https://a.example/1.mp3\" length=\"0\" type=\"audio/mpeg\"/>\
               <pubDate>Fri, 22 Nov 2024 12:00:00 GMT</pubDate></item></channel></rss>";
    assert_eq!(feed_rules::breaches_of_rss(rss.as_bytes()), [""; 0]);
    let cases = [
        ("R34", "<description>d</description><ttl>", "<ttl>"),
        ("R34", "<ttl>5", "<author>x</author><ttl>5"),
        ("R36", "rel=\"self\"", "rel=\"alternate\""),
        ("R39", "Fri, 22 Nov 2024 12:00:00 GMT</last", "Mon, 22 Nov 2024 12:00:00 GMT</last"),
        ("R39", "2024 12:00:00 GMT</pub", "24 12:00:00 GMT</pub"),
        ("R45", "<ttl>5", "<ttl>soon"),
        ("R37", " isPermaLink=\"false\"", ""),
        ("R38", "url=\"https://b.example/\"", "url=\"\""),
        (
            "R40",
            "<description>d</description><c:encoded>f</c:encoded>",
            "<c:encoded>f</c:encoded><description>d</description>",
        ),
        ("R41", "length=\"0\"", "length=\"\""),
        ("R42", "<guid", "<author>An</author><guid"),
        ("elements", "<guid", "<guid>2</guid><guid"),
    ];
    for (rule, from, to) in cases {
        let breaches = feed_rules::breaches_of_rss(rss.replacen(from, to, 1).as_bytes());
        assert!(breaches.iter().any(|breach| breach.starts_with(rule)), "{rule}: {breaches:?}");
    }
    let json = "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"T\",\
                \"home_page_url\":\"https://a.example/\",\"feed_url\":\"https://a.example/x\",\
                \"items\":[{\"id\":\"1\",\"url\":\"https://a.example/1\",\"content_text\":\"x\",\
                \"date_published\":\"2024-11-22T12:00:00Z\",\"authors\":[{\"name\":\"An\"}],\
                \"attachments\":[{\"url\":\"https://a.example/1.mp3\",\"mime_type\":\"audio/mpeg\",\
                \"size_in_bytes\":1}],\"_feedmill\":{}}]}";
    assert_eq!(feed_rules::breaches_of_json(json.as_bytes()), [""; 0]);
    let cases = [
        ("R48", "version/1.1", "version/1"),
        ("R49", "feed_url", "feed"),
        ("R50", "\"id\":\"1\"", "\"id\":1"),
        ("R51", "content_text", "content"),
        ("R52", "https://a.example/1\"", "/1\""),
        ("R53", "2024-11-22T12", "22.11.2024 12"),
        ("R54", "\"name\":\"An\"", "\"x\":1"),
        ("R55", "\"items\"", "\"next_url\":\"https://a.example/x\",\"items\""),
        ("R56", "\"size_in_bytes\":1", "\"size_in_bytes\":\"1\""),
        ("R57", "_feedmill", "_feed.mill"),
        ("nothing", "\"_feedmill\":{}", "\"summary\":null"),
        ("R60", "{\"version", "\u{feff}{\"version"),
    ];
    for (rule, from, to) in cases {
        let breaches = feed_rules::breaches_of_json(json.replacen(from, to, 1).as_bytes());
        assert!(breaches.iter().any(|breach| breach.starts_with(rule)), "{rule}: {breaches:?}");
    }
}
