//! The rules of republishing, one test a rule, from what a publisher writes to what is served: the
//! whole program in one process. Numbers are those of the rules (R…); what a rule asks is written
//! here from the standard it cites.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "support/press.rs"]
mod press;
#[path = "render/readers.rs"]
#[expect(dead_code, reason = "shared with the suites of the writers")]
mod readers;

use std::collections::BTreeSet;

use feedmill::model::raw::RawDocument;
use press::{NOW, Press, block_on};
use readers::{ATOM, MEDIA, Node, tree};
use serde_json::Value;

const ONE: &str =
    "[[source]]\nid = \"bao\"\nurl = \"https://bao.example/rss\"\ncategories = [\"tin\"]\n";
const TWO: &str = "[[source]]\nid = \"bao\"\nurl = \"https://bao.example/rss\"\n\
                   [[source]]\nid = \"khac\"\nurl = \"https://khac.example/rss\"\npriority = 50\n";
const FEED: &str = "https://bao.example/rss";
const OTHER: &str = "https://khac.example/rss";

fn rss(items: &str) -> String {
    format!(
        "<rss version=\"2.0\" xmlns:dcterms=\"http://purl.org/dc/terms/\" \
         xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\"><channel><title>Báo</title>\
         <link>https://bao.example/</link><itunes:author>Chỉ của kênh này</itunes:author>\
         {items}</channel></rss>"
    )
}

/// An item: guid, title, and whatever else.
fn item(guid: &str, title: &str, more: &str) -> String {
    format!("<item><guid isPermaLink=\"false\">{guid}</guid><title>{title}</title>{more}</item>")
}

fn dated(n: u32, date: &str) -> String {
    item(&n.to_string(), &format!("Bài {n}"), &format!("<pubDate>{date} GMT</pubDate>"))
}

fn atom(entries: &str) -> String {
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:bao</id><title>Báo</title>\
         <updated>2024-11-22T00:00:00Z</updated>{entries}</feed>"
    )
}

fn entry(id: &str, title: &str, more: &str) -> String {
    format!(
        "<entry><id>{id}</id><title>{title}</title><updated>2024-11-22T00:00:00Z</updated>{more}</entry>"
    )
}

/// The three formats of `/all`, read.
struct All {
    entries: Vec<Node>,
    items: Vec<Node>,
    json: Vec<Value>,
}

impl All {
    fn of_entries(&self, name: &str) -> Vec<String> {
        self.entries.iter().map(|entry| text(entry, ATOM, name)).collect()
    }
}

async fn all(press: &Press) -> All {
    let atom = tree(&press.get("/all.atom").await.body).unwrap();
    let rss = tree(&press.get("/all.rss").await.body).unwrap();
    let json: Value = serde_json::from_slice(&press.get("/all.json").await.body).unwrap();
    let items = rss.children.into_iter().flat_map(|channel| channel.children);
    All {
        entries: atom.children.into_iter().filter(|node| node.name == "entry").collect(),
        items: items.filter(|node| node.name == "item").collect(),
        json: json["items"].as_array().unwrap().clone(),
    }
}

/// A press that has polled one document.
async fn pressed(document: impl Into<Vec<u8>>) -> Press {
    let press = Press::new(ONE);
    press.publish(FEED, document);
    press.poll().await;
    press
}

/// Publishes one document and reads what is made of it.
fn of(document: impl Into<Vec<u8>>) -> All {
    block_on(async {
        let press = pressed(document).await;
        let all = all(&press).await;
        press.mill.stop().await;
        all
    })
}

fn text(node: &Node, namespace: &str, name: &str) -> String {
    node.one(namespace, name).unwrap_or_else(|| panic!("no {name}")).text.clone()
}

fn hrefs(node: &Node, rel: &str) -> Vec<String> {
    let links = node.all(ATOM, "link").filter(|link| link.attribute("rel") == Some(rel));
    links.map(|link| link.attribute("href").unwrap().to_owned()).collect()
}

#[test]
fn r1_whatever_came_in_only_characters_of_xml_go_out() {
    let json = "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"B\\u0000\\u000b\",\
                \"items\":[{\"id\":\"a\\u0001b\",\"title\":\"T\\u0000\\uffff\\u0008\",\
                \"content_text\":\"x\\u001f\\ufffe\",\"url\":\"https://bao.example/\\u0002\"}]}";
    let feed = rss(&item("1", "a&#x0;b&#x1F;&#xFFFE;c", "<description>&#x0B;d</description>"));
    for document in [json.to_owned(), feed] {
        // `tree` refuses every character that XML 1.0 does not know.
        let all = of(document);
        assert_eq!((all.entries.len(), all.items.len(), all.json.len()), (1, 1, 1));
    }
}

#[test]
fn r5_an_atom_id_goes_through_byte_for_byte() {
    for id in ["HTTP://Bao.Example:80/%7Ea", "urn:UUID:1225C695", "no iri at all", "tag:x,2024: y"]
    {
        assert_eq!(of(atom(&entry(id, "Một", ""))).of_entries("id"), [id]);
    }
}

#[test]
fn r6_an_iri_guid_stands_for_itself_and_another_gets_a_stable_id() {
    let ids = |guids: [&str; 3]| {
        let items = guids.map(|guid| item(guid, &format!("Bài {guid}"), "")).concat();
        of(rss(&items)).of_entries("id").into_iter().collect::<BTreeSet<_>>()
    };
    let first = ids(["https://bao.example/1", "42", "hai ba"]);
    assert!(first.contains("https://bao.example/1"));
    assert_eq!(first.iter().filter(|id| id.starts_with("tag:mill.example,2024:")).count(), 2);
    assert_eq!(first, ids(["hai ba", "42", "https://bao.example/1"]), "in any order");
}

#[test]
fn r7_an_id_of_our_own_is_canonical() {
    let site = "[site]\nbase_url = \"https://MILL.Example:443/x/\"\n";
    block_on(async {
        let press = Press::new(&format!("{site}{ONE}"));
        press.publish(FEED, rss(&item("42", "Một", "")));
        press.poll().await;
        let feed = tree(&press.get("/all.atom").await.body).unwrap();
        for node in [&feed, feed.one(ATOM, "entry").unwrap()] {
            let id = text(node, ATOM, "id");
            let own = id.strip_prefix("tag:mill.example,2024:").unwrap_or_else(|| panic!("{id}"));
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '/';
            assert!(!own.is_empty() && own.chars().all(is_plain), "{id}");
        }
        press.mill.stop().await;
    });
}

#[test]
fn r8_r9_one_id_of_two_feeds_is_shown_once_and_the_later_cannot_take_it() {
    let feed = |title: &str, word: &str| {
        let words: String = (0..60).map(|n| format!("{word}{} ", n * 7)).collect();
        atom(&entry("urn:x:1", title, &format!("<content>{words}</content>")))
    };
    block_on(async {
        let press = Press::new(TWO);
        press.publish(FEED, feed("Bản thật", "sông"));
        press.publish(OTHER, atom(""));
        press.poll().await;
        // Later, of higher priority, and newer.
        press.publish(OTHER, feed("Bản giả mạo", "núi").replace("2024-11-22", "2024-11-23"));
        press.poll().await;
        let all = all(&press).await;
        let ids = all.of_entries("id");
        assert_eq!(ids.len(), 2, "they are two stories");
        let owners: Vec<usize> = (0..2).filter(|n| ids[*n] == "urn:x:1").collect();
        assert_eq!(owners.len(), 1, "R8");
        assert_eq!(all.of_entries("title")[owners[0]], "Bản thật", "R9");
        press.mill.stop().await;
    });
}

#[test]
fn r14_updated_is_the_publishers_date_else_when_first_seen_for_good() {
    let day = "<pubDate>Thu, 21 Nov 2024 08:00:00 +0700</pubDate>";
    let changed = "<dcterms:modified>2024-11-21T05:00:00Z</dcterms:modified>";
    let dated = [item("1", "Có ngày", day), item("2", "Có sửa", &format!("{day}{changed}"))];
    block_on(async {
        // A first import files what has no date by its neighbours (P94); this is not one.
        let press = pressed(rss(&dated.concat())).await;
        press.publish(FEED, rss(&(item("3", "Không ngày", "") + &dated.concat())));
        for now in ["2024-11-22T15:00:00Z", "2024-12-24T00:00:00Z"] {
            press.set_clock(now);
            press.poll().await;
            let all = all(&press).await;
            let titles = all.of_entries("title").into_iter();
            let found: BTreeSet<_> = titles.zip(all.of_entries("updated")).collect();
            let expected = [
                ("Có ngày", "2024-11-21T01:00:00Z"),
                ("Có sửa", "2024-11-21T05:00:00Z"),
                ("Không ngày", "2024-11-22T15:00:00Z"),
            ];
            let expected = expected.map(|(title, at)| (title.to_owned(), at.to_owned()));
            assert_eq!(found, BTreeSet::from(expected), "at {now}");
        }
        press.mill.stop().await;
    });
}

#[test]
fn r15_r16_a_change_moves_updated_and_never_published_and_a_poll_moves_nothing() {
    let feed = |words: &str| {
        let date = "<pubDate>Thu, 21 Nov 2024 01:00:00 GMT</pubDate>";
        rss(&item("1", "Tin", &format!("{date}<description>{words}</description>")))
    };
    block_on(async {
        let press = pressed(feed("Bão còn xa bờ, chưa ai phải sơ tán.")).await;
        let first = press.get("/all.atom").await;
        let before = all(&press).await;
        assert_eq!(before.of_entries("updated"), ["2024-11-21T01:00:00Z"]);
        press.set_clock("2024-11-22T18:00:00Z");
        press.poll().await;
        assert_eq!(press.get("/all.atom").await.text(), first.text(), "R15: nothing changed");
        press.publish(FEED, feed("Bão vào bờ đêm qua, ba xã mất điện, hai nghìn hộ sơ tán."));
        press.poll().await;
        let after = all(&press).await;
        assert!(after.of_entries("updated") > before.of_entries("updated"), "R15");
        assert_eq!(after.of_entries("published"), before.of_entries("published"), "R16");
        press.mill.stop().await;
    });
}

#[test]
fn r16_published_is_written_only_when_the_publisher_gave_a_date() {
    let all = of(rss(&item("1", "Không ngày", "")));
    assert!(all.entries[0].one(ATOM, "published").is_none());
    assert!(all.json[0].get("date_published").is_none());
}

#[test]
fn r20_of_two_alternates_of_one_kind_one_stays() {
    let links = "<link href=\"https://bao.example/1\"/><link href=\"https://bao.example/1b\"/>\
                 <link href=\"https://bao.example/1.pdf\" type=\"application/pdf\"/>";
    let all = of(atom(&entry("urn:1", "Hai", links)));
    let alternates = all.entries[0].all(ATOM, "link");
    let kinds: Vec<_> = alternates
        .filter(|link| link.attribute("rel") == Some("alternate"))
        .map(|link| (link.attribute("type").unwrap_or("text/html"), link.attribute("hreflang")))
        .collect();
    assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len(), "{kinds:?}");
    let related = hrefs(&all.entries[0], "related");
    assert!(related.contains(&"https://bao.example/1b".to_owned()), "{related:?}");
}

#[test]
fn r21_an_entry_without_content_and_link_leads_to_its_page_here() {
    let all = of(atom(&entry("urn:1", "Không", "")));
    assert!(all.entries[0].one(ATOM, "content").is_none());
    let alternates = hrefs(&all.entries[0], "alternate");
    assert!(alternates[0].starts_with("https://mill.example/entry/"), "{alternates:?}");
}

#[test]
fn r23_r24_every_reference_is_absolute_and_no_base_is_needed() {
    let html = "&lt;p&gt;&lt;a href=\"../a\"&gt;a&lt;/a&gt;&lt;img src=\"i.png\" srcset=\"i2.png 2x\"&gt;\
                &lt;video poster=\"p.png\" src=\"v.mp4\"&gt;&lt;/video&gt;\
                &lt;blockquote cite=\"c\"&gt;q&lt;/blockquote&gt;&lt;/p&gt;";
    let more = format!(
        "<link href=\"t\"/><link rel=\"enclosure\" href=\"e.mp3\" type=\"audio/mpeg\"/>\
         <content type=\"html\">{html}</content>"
    );
    let cases = [
        ("xml:base", " xml:base=\"https://base.example/x/y/\"", None, "https://base.example/x/"),
        ("Content-Location", "", Some("https://loc.example/x/y/f"), "https://loc.example/x/"),
        ("the final URL", "", None, "https://bao.example/x/"),
    ];
    for (name, base, location, parent) in cases {
        let body = atom(&entry("urn:1", "T", &more)).replace("<entry", &format!("<entry{base}"));
        let document = RawDocument {
            body: body.into_bytes(),
            url: "https://bao.example/x/y/rss".to_owned(),
            content_location: location.map(str::to_owned),
            ..RawDocument::default()
        };
        block_on(async {
            let press = Press::new(ONE);
            press.publish_document(FEED, document);
            press.poll().await;
            let all = all(&press).await;
            let entry = &all.entries[0];
            assert_eq!(hrefs(entry, "alternate")[0], format!("{parent}y/t"), "{name}");
            assert_eq!(hrefs(entry, "enclosure"), [format!("{parent}y/e.mp3")], "{name}");
            let content = text(entry, ATOM, "content");
            for path in ["a", "y/i.png", "y/v.mp4", "y/c"] {
                let url = format!("\"{parent}{path}\"");
                assert!(content.contains(&url), "{name}: {url} in {content}");
            }
            for relative in ["\"../a", "\"i.png", "\"i2.png", "\"p.png", "\"v.mp4", "\"c\""] {
                assert!(!content.contains(relative), "{name}: {relative} in {content}");
            }
            for path in ["/all.atom", "/all.rss", "/all.json"] {
                assert!(!press.get(path).await.text().contains("xml:base"), "R24 {path}");
            }
            press.mill.stop().await;
        });
    }
}

#[test]
fn r26_r27_a_title_means_the_same_in_every_format() {
    let html = |title: &str| {
        atom(&entry("urn:1", title, "")).replace("<entry><id>urn:1</id><title>", {
            "<entry><id>urn:1</id><title type=\"html\">"
        })
    };
    let cases = [
        ("plain", atom(&entry("urn:1", "AT&amp;amp;T &lt;b> 1 &lt; 2", "")), "AT&amp;T <b> 1 < 2"),
        ("HTML", html("AT&amp;amp;T &lt;b>đậm&lt;/b>"), "AT&T đậm"),
        ("RSS, markup", rss(&item("1", "Tin &lt;b>đậm&lt;/b> &amp;amp; to", "")), "Tin đậm & to"),
        ("RSS, none", rss(&item("1", "AT&amp;T: 1 &lt; 2", "")), "AT&T: 1 < 2"),
    ];
    for (name, document, expected) in cases {
        let all = of(document);
        assert_eq!(text(&all.entries[0], ATOM, "title"), expected, "{name}: Atom");
        assert_eq!(text(&all.items[0], "", "title"), expected, "{name}: RSS");
        assert_eq!(all.json[0]["title"], expected, "{name}: JSON");
    }
}

#[test]
fn r28_content_of_another_type_is_not_passed_off_as_text() {
    let more = "<content type=\"image/png\">iVBORw0KGgo=</content><summary>Một hình.</summary>";
    let all = of(atom(&entry("urn:1", "T", more)));
    for node in all.entries[0].all(ATOM, "content") {
        assert!(matches!(node.attribute("type"), Some("text" | "html")), "{node:?}");
        assert!(!node.text.contains("iVBOR"));
    }
}

#[test]
fn r35_r51_every_item_says_something() {
    let all = of(rss("<item><guid>1</guid><title>Chỉ có tựa</title></item>\
         <item><guid>2</guid><description>Chỉ có &lt;b&gt;chữ&lt;/b&gt;</description></item>\
         <item><guid>3</guid><link>https://bao.example/3</link></item>"));
    assert_eq!(all.items.len(), 3);
    for item in &all.items {
        let says = ["title", "description"].iter().any(|name| item.one("", name).is_some());
        assert!(says, "R35 {item:?}");
    }
    for item in &all.json {
        assert!(item["content_html"].is_string() || item["content_text"].is_string(), "R51 {item}");
        for name in ["title", "summary"] {
            assert!(!item[name].as_str().unwrap_or_default().contains("<b>"), "R51 {item}");
        }
    }
}

#[test]
fn r37_the_guid_is_the_atom_id_and_a_permalink_only_where_it_opens_the_item() {
    let link = |n: u32| format!("<link>https://bao.example/{n}</link>");
    let all = of(rss(&[
        item("https://bao.example/1", "A", &link(1)),
        item("https://bao.example/id/2", "B", &link(2)),
        item("ba", "C", &link(3)),
    ]
    .concat()));
    for (entry, item) in all.entries.iter().zip(&all.items) {
        let guid = item.one("", "guid").unwrap();
        assert_eq!(guid.text, text(entry, ATOM, "id"));
        let opens = if guid.text == text(item, "", "link") { "true" } else { "false" };
        assert_eq!(guid.attribute("isPermaLink").unwrap_or("true"), opens, "{guid:?}");
    }
}

fn files(second: &str) -> String {
    let first =
        "<enclosure url=\"https://bao.example/1.mp3\" length=\"1234\" type=\"audio/mpeg\"/>";
    rss(&item(
        "1",
        "Tập 1",
        &format!("{first}<enclosure url=\"https://bao.example/1.ogg\" {second}/>"),
    ))
}

#[test]
fn r41_r75_one_enclosure_and_every_file_in_every_format() {
    let all = of(files("length=\"\" type=\"audio/ogg\""));
    let item = &all.items[0];
    assert_eq!(item.all("", "enclosure").count(), 1, "R41");
    let first = item.one("", "enclosure").unwrap();
    for name in ["url", "length", "type"] {
        assert!(first.attribute(name).is_some(), "R41 {name}");
    }
    let second = item.one(MEDIA, "content").unwrap();
    assert_eq!(second.attribute("url"), Some("https://bao.example/1.ogg"), "R41");
    assert_eq!(hrefs(&all.entries[0], "enclosure").len(), 2, "R75");
    assert_eq!(all.json[0]["attachments"].as_array().unwrap().len(), 2, "R75");
}

#[test]
fn r56_attachments_have_a_type_and_their_sizes_are_numbers() {
    for file in of(files("length=\"77\"")).json[0]["attachments"].as_array().unwrap() {
        assert!(file["url"].is_string() && file["mime_type"].is_string(), "{file}");
        assert!(file["size_in_bytes"].is_u64(), "{file}");
    }
}

#[test]
fn r76_r77_a_length_that_is_no_number_is_dropped() {
    for length in ["", "1,234", "-1", "12 KB", "1e3", "99999999999999999999999"] {
        let all = of(files("").replace("1234", length).replacen("1.ogg", "2.mp3", 1));
        let links = all.entries[0].all(ATOM, "link");
        let lengths: Vec<_> = links.filter_map(|link| link.attribute("length")).collect();
        assert_eq!(lengths, [""; 0], "{length:?}");
        let enclosure = all.items[0].one("", "enclosure").unwrap();
        assert_eq!(enclosure.attribute("length"), Some("0"), "R41 {length:?}");
        assert_eq!(all.json[0]["attachments"][0].get("size_in_bytes"), None, "{length:?}");
    }
}

#[test]
fn r45_ttl_is_max_age_in_minutes() {
    block_on(async {
        let press = pressed(files("")).await;
        for scope in ["/all", "/date/2024-11-22", "/category/tin", "/date/1999-01-01"] {
            let reply = press.get(&format!("{scope}.rss")).await;
            let channel = tree(&reply.body).unwrap().children.remove(0);
            let minutes: u32 = text(&channel, "", "ttl").parse().unwrap();
            let keep = reply.field("cache-control").to_owned();
            let expected = format!("max-age={},", minutes * 60);
            assert!(keep.contains(&expected), "{scope}: {keep} {minutes}");
        }
        press.mill.stop().await;
    });
}

#[test]
fn r47_what_a_channel_says_of_itself_is_not_said_of_the_whole() {
    block_on(async {
        let press = pressed(files("")).await;
        let rss = press.get("/all.rss").await;
        let channel = tree(&rss.body).unwrap().children.remove(0);
        assert!(channel.children.iter().all(|node| node.name != "author"), "itunes:author");
        press.mill.stop().await;
    });
}

#[test]
fn r60_json_is_utf_8_without_mark_or_lone_surrogates() {
    let feed = "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"B\",\
                \"items\":[{\"id\":\"1\",\"title\":\"Lẻ \\ud800 đôi \\ud83d\\ude00\",\
                \"content_text\":\"\\udc00\"}]}";
    block_on(async {
        let press = pressed(feed).await;
        let reply = press.get("/all.json").await;
        assert!(!reply.body.starts_with(b"\xef\xbb\xbf"));
        assert!(!reply.text().contains("\\ud") && !reply.text().contains("\\uD"));
        serde_json::from_slice::<Value>(&reply.body).unwrap();
        press.mill.stop().await;
    });
}

#[test]
fn r62_the_newest_is_first_and_the_order_is_total_and_stable() {
    let at = |n: u32, hour: u32| dated(n, &format!("Thu, 21 Nov 2024 {hour:02}:00:00"));
    block_on(async {
        let first = [at(1, 5), at(2, 9), at(3, 5), at(4, 5), at(5, 1)].concat();
        let press = pressed(rss(&first)).await;
        let before = all(&press).await;
        let dates = before.of_entries("published");
        assert!(dates.is_sorted_by(|a, b| a >= b), "{dates:?}");
        // The publisher turns its document round and adds one: those of one instant stay.
        let turned = [at(5, 1), at(4, 5), at(6, 12), at(3, 5), at(2, 9), at(1, 5)].concat();
        press.publish(FEED, rss(&turned));
        press.poll().await;
        let mut after = all(&press).await.of_entries("title");
        assert_eq!(after.remove(0), "Bài 6");
        assert_eq!(after, before.of_entries("title"));
        press.mill.stop().await;
    });
}

#[test]
fn r63_r103_no_clock_and_no_name_of_the_request_reaches_the_bytes() {
    block_on(async {
        let press = pressed(files("")).await;
        let paths = ["/all.atom", "/all.rss", "/all.json", "/", "/feeds.opml", "/sources.opml"];
        for path in paths {
            let plain = press.get(path).await;
            press.set_clock("2030-01-01T00:00:00Z");
            // Rendered anew.
            press.site.configure(press.settings());
            let names = ["host", "x-forwarded-host", "x-forwarded-proto", "forwarded"];
            let other = press.ask(path, &names.map(|name| (name, "evil.example"))).await;
            assert_eq!(other.text(), plain.text(), "R63 {path}");
            assert!(!format!("{:?}", other.headers).contains("evil"), "R103 {path}");
            press.set_clock(NOW);
        }
        press.mill.stop().await;
    });
}

#[test]
fn r74_a_day_begins_in_the_sites_zone_and_an_entry_is_in_one_day() {
    // 17:00 UTC is midnight in Hà Nội.
    let two = [dated(1, "Thu, 21 Nov 2024 16:59:59"), dated(2, "Thu, 21 Nov 2024 17:00:00")];
    block_on(async {
        let press = pressed(rss(&two.concat())).await;
        let mut found = Vec::new();
        for day in ["2024-11-20", "2024-11-21", "2024-11-22", "2024-11-23"] {
            let feed = tree(&press.get(&format!("/date/{day}.atom")).await.body).unwrap();
            assert!(text(&feed, ATOM, "subtitle").contains("Asia/Ho_Chi_Minh"), "it is stated");
            found.extend(feed.all(ATOM, "entry").map(|entry| (text(entry, ATOM, "title"), day)));
        }
        let expected = [("Bài 1", "2024-11-21"), ("Bài 2", "2024-11-22")];
        assert_eq!(found, expected.map(|(title, day)| (title.to_owned(), day)));
        press.mill.stop().await;
    });
}

#[test]
fn r101_a_range_is_ignored_r112_r115_and_a_browser_gets_the_feed_too() {
    block_on(async {
        let press = pressed(files("")).await;
        let plain = press.get("/all.atom").await;
        let fields = [("range", "bytes=0-9"), ("if-range", plain.field("etag"))];
        let ranged = press.ask("/all.atom", &fields).await;
        assert_eq!((ranged.status, ranged.text()), (200, plain.text()), "R101");
        let marks = (ranged.field("content-range"), ranged.field("accept-ranges"));
        assert_eq!(marks, ("", ""), "R101");
        let navigating = [
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
            ("accept", "text/html"),
        ];
        let browser = press.ask("/all.atom", &navigating).await;
        assert_eq!((browser.status, browser.text()), (200, plain.text()), "R112; R115 is off");
        assert_eq!(browser.field("vary"), "Accept-Encoding", "R115");
        press.mill.stop().await;
    });
}
