//! Settings of a source that change how it is read, and what is told of repairs, over real sockets:
//! `on_add`, `include`, `exclude`, `encoding`, `timezone` (D11), the order of day and month (D16).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use blackbox::{Answer, Origin, Place};
use serde_json::Value;

struct Reader {
    origin: Origin,
    place: Place,
}

impl Reader {
    fn new(settings: &str) -> Self {
        let origin = Origin::start();
        let place = Place::new("");
        let reader = Self { origin, place };
        reader.configure(settings);
        reader
    }

    fn configure(&self, settings: &str) {
        let url = self.origin.url("/feed");
        self.place.configure(&format!("[[source]]\nid = \"s\"\nurl = \"{url}\"\n{settings}\n"));
    }

    /// Polls a document; returns (title of the link, verdict), in the order of the document.
    fn poll(&self, document: impl Into<Vec<u8>>) -> Vec<(String, String)> {
        let body = document.into();
        self.origin.on("/feed", move |_| Answer::ok(body.as_slice()));
        let out = self.place.must(&["poll", "--json"]);
        let lines = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let pairs = lines.filter_map(|line| {
            let guid = line["guid"].as_str().unwrap_or_default().to_owned();
            Some((guid, line["verdict"].as_str()?.to_owned()))
        });
        let mut pairs: Vec<(String, String)> = pairs.collect();
        pairs.reverse();
        pairs
    }

    /// Returns the guids published, in the order of the document.
    fn published(&self, document: impl Into<Vec<u8>>) -> Vec<String> {
        let admitted = self.poll(document).into_iter().filter(|(_, verdict)| verdict != "withheld");
        admitted.map(|(guid, _)| guid).collect()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.place.daemon().get("/source/s.json").body).unwrap()
    }

    /// Returns `date_published` of each item, in order of their ids as published.
    fn dates(&self) -> Vec<String> {
        let json = self.json();
        let mut items = json["items"].as_array().unwrap().clone();
        items.sort_by_key(|item| item["title"].as_str().unwrap_or_default().to_owned());
        items.iter().map(|item| item["date_published"].as_str().unwrap_or("-").to_owned()).collect()
    }
}

/// Items by (guid and title, date, more).
fn rss(items: &[(&str, &str, &str)]) -> String {
    let items: String = items
        .iter()
        .map(|(guid, date, more)| {
            format!("<item><guid>{guid}</guid><title>{guid}</title><pubDate>{date}</pubDate>{more}</item>")
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>T</title>{items}</channel></rss>")
}

const SEVEN: &str = "Mon, 18 Nov 2024 07:00:00 GMT";
const EIGHT: &str = "Mon, 18 Nov 2024 08:00:00 GMT";
const NINE: &str = "Mon, 18 Nov 2024 09:00:00 GMT";

#[test]
fn on_add_decides_what_the_first_document_publishes_and_nothing_after() {
    let cases: [(&str, &[&str]); 4] = [
        ("all", &["a", "b", "c"]),
        // The newest by date, wherever they stand.
        ("newest:2", &["a", "c"]),
        ("newest:9", &["a", "b", "c"]),
        ("since-now", &[]),
    ];
    let first = [("a", EIGHT, ""), ("b", SEVEN, ""), ("c", NINE, "")];
    for (on_add, expected) in cases {
        let reader = Reader::new(&format!("on_add = \"{on_add}\""));
        assert_eq!(reader.published(rss(&first)), expected, "{on_add}");
        assert_eq!(reader.published(rss(&first)), expected, "{on_add}: kept back for good");
        let mut second = vec![("d", NINE, "")];
        second.extend(first);
        let mut expected: Vec<&str> = expected.to_vec();
        expected.insert(0, "d");
        assert_eq!(reader.published(rss(&second)), expected, "{on_add}: later all");
    }
}

#[test]
fn include_and_exclude_choose_by_field() {
    let items = [
        ("bão", SEVEN, "<description>Gió giật cấp 12</description><category>Thời tiết</category>"),
        (
            "vàng",
            SEVEN,
            "<author>an@bao.example (An)</author><link>https://bao.example/tai-chinh/1</link>",
        ),
        ("bóng đá", SEVEN, "<description>Không có gió</description>"),
    ];
    let cases: [(&str, &[&str]); 9] = [
        ("", &["bão", "vàng", "bóng đá"]),
        ("include = [\"title: (?i)BÃO\"]", &["bão"]),
        ("include = [\"text: gió\"]", &["bóng đá"]),
        ("include = [\"text: (?i)gió\"]", &["bão", "bóng đá"]),
        ("include = [\"category: ^Thời tiết$\", \"author: ^An$\"]", &["bão", "vàng"]),
        ("include = [\"url: /tai-chinh/\"]", &["vàng"]),
        ("exclude = [\"(?i)gió\"]", &["vàng"]),
        ("include = [\"(?i)gió\"]\nexclude = [\"title: bóng\"]", &["bão"]),
        ("include = [\"title: b\"]\nexclude = [\"title: b\"]", &[]),
    ];
    for (settings, expected) in cases {
        let reader = Reader::new(settings);
        assert_eq!(reader.published(rss(&items)), expected, "{settings}");
    }
}

#[test]
fn content_decides_how_much_of_a_text_is_republished() {
    let text = "<description>Tóm tắt</description><content:encoded xmlns:content=\"http://purl.org/\
                rss/1.0/modules/content/\">&lt;p&gt;Toàn văn&lt;/p&gt;</content:encoded>";
    let items = [("1", SEVEN, text)];
    let cases = [("full", true, true), ("summary", true, false), ("title", false, false)];
    for (share, has_summary, has_text) in cases {
        let reader = Reader::new(&format!("content = \"{share}\""));
        reader.poll(rss(&items));
        let daemon = reader.place.daemon();
        for path in ["/all.atom", "/all.rss", "/all.json", "/source/s.atom"] {
            let feed = daemon.get(path).text();
            assert_eq!(feed.contains("Tóm tắt"), has_summary, "{share} {path}: {feed}");
            assert_eq!(feed.contains("Toàn văn"), has_text, "{share} {path}: {feed}");
        }
    }
}

#[test]
fn what_was_admitted_stays_and_what_was_kept_back_may_come() {
    let reader = Reader::new("exclude = [\"title: vàng\"]");
    let items = [("bão", SEVEN, ""), ("vàng", SEVEN, "")];
    assert_eq!(reader.published(rss(&items)), ["bão"]);
    reader.configure("exclude = [\"title: bão\"]");
    let verdicts = reader.poll(rss(&items));
    let verdict = |guid: &str| verdicts.iter().find(|(of, _)| of == guid).unwrap().1.as_str();
    assert_eq!(verdict("bão"), "unchanged", "decided when first seen, and kept");
    assert_eq!(verdict("vàng"), "new");
}

#[test]
fn encoding_overrides_what_the_document_says() {
    let mut document = b"<?xml version=\"1.0\" encoding=\"windows-1252\"?><rss version=\"2.0\"><channel>\
        <title>T</title><item><guid>1</guid><title>Gi\xE1 v\xE0ng \xD0</title></item></channel></rss>"
        .to_vec();
    let title = |reader: &Reader| reader.json()["items"][0]["title"].as_str().unwrap().to_owned();
    let reader = Reader::new("");
    reader.poll(document.clone());
    assert_eq!(title(&reader), "Giá vàng Ð");
    reader.configure("encoding = \"windows-1258\"");
    document.push(b'\n');
    let verdicts = reader.poll(document);
    assert_eq!(verdicts, [("1".to_owned(), "updated".to_owned())], "a new setting reads all anew");
    assert_eq!(title(&reader), "Giá vàng Đ", "0xD0 is Đ in windows-1258");
}

#[test]
fn d11_a_date_without_a_zone_is_in_the_zone_of_the_source_else_of_the_site() {
    let items = [("1", "2024-11-18 08:00:00", ""), ("2", "2024-11-18 08:00:00 GMT", "")];
    let cases = [
        ("", "2024-11-18T01:00:00Z"),
        ("timezone = \"Asia/Ho_Chi_Minh\"", "2024-11-18T01:00:00Z"),
        ("timezone = \"America/New_York\"", "2024-11-18T13:00:00Z"),
    ];
    for (settings, expected) in cases {
        let reader = Reader::new(settings);
        reader.poll(rss(&items));
        assert_eq!(reader.dates(), [expected, "2024-11-18T08:00:00Z"], "{settings}");
    }
}

/// Items with a `lastBuildDate` of the channel.
fn built(date: &str, items: &[(&str, &str, &str)]) -> String {
    let built = format!("<channel><lastBuildDate>{date}</lastBuildDate>");
    rss(items).replacen("<channel>", &built, 1)
}

/// A reader for whom nobody has named a time zone.
fn without_zone(settings: &str) -> Reader {
    let reader = Reader::new(settings);
    let config = std::fs::read_to_string(reader.place.config()).unwrap();
    let zone = "timezone = \"Asia/Ho_Chi_Minh\"\nid_authority";
    assert!(config.contains(zone), "{config}");
    std::fs::write(reader.place.config(), config.replace(zone, "id_authority")).unwrap();
    reader
}

#[test]
fn d11_a_zone_is_learnt_from_the_feed_where_nobody_has_named_one() {
    let bare = [("1", "2024-11-18 08:00:00", "")];
    let cases = [
        ("", "Mon, 18 Nov 2024 08:10:00 +0700", "2024-11-18T01:00:00Z"),
        ("", "Mon, 18 Nov 2024 01:00:00 GMT", "2024-11-18T01:00:00Z"),
        ("", "Mon, 18 Nov 2024 22:11:12 GMT", "2024-11-18T08:00:00Z"),
        ("timezone = \"UTC\"", "Mon, 18 Nov 2024 08:10:00 +0700", "2024-11-18T08:00:00Z"),
    ];
    for (settings, date, expected) in cases {
        let reader = without_zone(settings);
        reader.poll(built(date, &bare));
        assert_eq!(reader.dates(), [expected], "{settings} {date}");
    }
}

#[test]
fn d11_a_learnt_zone_is_kept_told_and_seen_from_when_items_appear() {
    let reader = without_zone("dedup = \"off\"");
    let told = |reader: &Reader| {
        let status: Value =
            serde_json::from_str(&reader.place.must(&["status", "--json"])).unwrap();
        status["sources"][0]["flaws"].to_string()
    };
    let poll_at = |at: &str, document: String| {
        reader.origin.on("/feed", move |_| Answer::ok(document.as_bytes()));
        reader.place.must(&["poll", "--at", at]);
    };
    poll_at("2024-11-18T00:00:00Z", rss(&[("0", "2024-11-17 08:00:00", "")]));
    assert_eq!(told(&reader), "[]");
    // Of the last hour at -05:00: in UTC they would be older than the document before.
    let fresh = [
        ("1", "2024-11-17 19:10:00", ""),
        ("2", "2024-11-17 19:20:00", ""),
        ("3", "2024-11-17 19:30:00", ""),
    ];
    poll_at("2024-11-18T01:00:00Z", rss(&fresh));
    assert!(told(&reader).contains("dates -5 h off"), "{}", told(&reader));
    poll_at("2024-11-18T02:00:00Z", rss(&[("4", "2024-11-17 20:30:00", "")]));
    assert!(told(&reader).contains("read as -05:00"), "{}", told(&reader));
    assert_eq!(reader.dates()[4], "2024-11-18T01:30:00Z");
    assert_eq!(reader.dates()[3], "2024-11-17T19:30:00Z", "what is held keeps its date");
}

#[test]
fn d16_the_order_of_day_and_month_is_learnt_and_kept() {
    let reader = Reader::new("timezone = \"UTC\"");
    reader.poll(rss(&[("1", "11/25/2024 08:00", ""), ("2", "11/06/2024 08:00", "")]));
    assert_eq!(reader.dates(), ["2024-11-25T08:00:00Z", "2024-11-06T08:00:00Z"]);
    reader.poll(rss(&[("3", "11/07/2024 08:00", "")]));
    let dates = reader.dates();
    assert_eq!(
        dates.last().unwrap(),
        "2024-11-07T08:00:00Z",
        "alone it would be 11 July: {dates:?}"
    );
    let unlearnt = Reader::new("timezone = \"UTC\"");
    unlearnt.poll(rss(&[("3", "11/07/2024 08:00", "")]));
    assert_eq!(unlearnt.dates(), ["2024-07-11T08:00:00Z"], "day first where nothing is known");
}

#[test]
fn repairs_are_counted_in_status_and_explain() {
    let reader = Reader::new("");
    let sound = rss(&[("1", SEVEN, "")]);
    reader.poll(sound.replace("<title>1</title>", "<title>Cơm & phở</title>"));
    let status: Value = serde_json::from_str(&reader.place.must(&["status", "--json"])).unwrap();
    assert_eq!(status["sources"][0]["flaws"][0]["bare ampersand"], 1, "{status}");
    let table = reader.place.must(&["status"]);
    assert!(table.contains("ok ~"), "{table}");
    let explained = reader.place.must(&["explain", "1"]);
    assert!(explained.contains("bare ampersand × 1"), "{explained}");
    reader.poll(sound);
    assert!(!reader.place.must(&["status"]).contains('~'), "a sound document has no mark");
}
