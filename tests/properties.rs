//! Laws of the whole: they hold for whatever publishers send.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a property test stops at the first surprise"
)]

#[path = "support/press.rs"]
mod press;

use std::fmt::Write as _;

use feedmill::model::raw::RawDocument;
use feedmill::model::selection::{Selection, Unit};
use feedmill::model::source::Source;
use feedmill::normalize::{self, Context, Filter};
use feedmill::parse::{self, ReadSettings};
use feedmill::render::{self, Document, Item};
use jiff::Timestamp;
use press::{Press, block_on};
use proptest::prelude::*;

/// One item of a made-up feed. Few values, so that claims collide as they do in the wild.
#[derive(Clone, Debug)]
struct Made {
    guid: Option<u8>,
    link: Option<u8>,
    title: u8,
    text: u8,
    hour: Option<u8>,
}

fn made() -> impl Strategy<Value = Made> {
    let small = || prop::option::of(0..4_u8);
    (small(), small(), 0..5_u8, 0..6_u8, prop::option::of(0..24_u8))
        .prop_map(|(guid, link, title, text, hour)| Made { guid, link, title, text, hour })
}

fn rss(items: &[Made]) -> String {
    let mut xml = String::from("<rss version=\"2.0\"><channel><title>Báo</title>");
    for Made { guid, link, title, text, hour } in items {
        xml.push_str("<item>");
        if let Some(guid) = guid {
            let _ = write!(xml, "<guid isPermaLink=\"false\">g{guid}</guid>");
        }
        if let Some(link) = link {
            let _ = write!(xml, "<link>https://wire.example/bai-{link}</link>");
        }
        if let Some(hour) = hour {
            let _ = write!(xml, "<pubDate>Fri, 22 Nov 2024 {hour:02}:00:00 +0700</pubDate>");
        }
        let _ = write!(xml, "<title>Tựa đề của bài số {title} hôm nay</title>");
        let _ =
            write!(xml, "<description>Nội dung {text} của bài, viết riêng.</description></item>");
    }
    xml + "</channel></rss>"
}

fn configuration(order: &[usize]) -> String {
    let mut text = String::new();
    for n in order {
        let _ = write!(
            text,
            "[[source]]\nid = \"s{n}\"\nurl = \"https://s{n}.example/rss\"\ncategories = [\"c{n}\"]\n"
        );
    }
    text
}

fn url(source: usize) -> String {
    format!("https://s{source}.example/rss")
}

fn listed(press: &Press, unit: Unit) -> Vec<u64> {
    let selection = Selection {
        unit,
        sources: press.config.catalog.all(),
        from: None,
        until: None,
        after: None,
        limit: usize::MAX,
    };
    press.store.select(&selection).unwrap().into_iter().map(|place| place.no).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn ingesting_twice_changes_nothing(
        first in prop::collection::vec(made(), 0..8),
        second in prop::collection::vec(made(), 0..8),
    ) {
        block_on(async {
            let press = Press::new(&configuration(&[0, 1]));
            press.publish(&url(0), rss(&first));
            press.publish(&url(1), rss(&second));
            press.poll().await;
            let before = (listed(&press, Unit::Stories), listed(&press, Unit::Entries));
            for round in 0..2 {
                let (lines, totals) = press.poll().await;
                let is_same = |line: &String| line.contains("\"verdict\":\"unchanged\"");
                prop_assert!(lines.iter().all(is_same), "round {round}: {lines:#?}");
                let none = "\"new\":0,\"updated\":0,\"duplicate\":0";
                prop_assert!(totals.contains(none), "round {round}: {}", totals);
                let after = (listed(&press, Unit::Stories), listed(&press, Unit::Entries));
                prop_assert_eq!(&before, &after);
            }
            press.mill.stop().await;
            Ok(())
        })?;
    }

    #[test]
    fn two_sources_swapped_keep_as_many_entries(
        first in prop::collection::vec(made(), 0..8),
        second in prop::collection::vec(made(), 0..8),
    ) {
        block_on(async {
            let mut kept = Vec::new();
            for order in [[0, 1], [1, 0]] {
                let press = Press::new(&configuration(&order));
                press.publish(&url(0), rss(&first));
                press.publish(&url(1), rss(&second));
                press.poll().await;
                kept.push(listed(&press, Unit::Entries).len());
                press.mill.stop().await;
            }
            prop_assert_eq!(kept[0], kept[1]);
            Ok(())
        })?;
    }

    #[test]
    fn what_is_rendered_reads_back_as_it_was(
        items in prop::collection::vec(item(), 0..6),
    ) {
        let updated: Timestamp = "2024-11-22T12:00:00Z".parse().unwrap();
        let document = Document {
            id: "tag:mill.example,2024:feed/all".to_owned(),
            title: "Mill".to_owned(),
            site_title: "Mill".to_owned(),
            language: "vi".to_owned(),
            base_url: "https://mill.example".to_owned(),
            page_url: "https://mill.example/".to_owned(),
            atom_url: "https://mill.example/all.atom".to_owned(),
            rss_url: "https://mill.example/all.rss".to_owned(),
            json_url: "https://mill.example/all.json".to_owned(),
            updated,
            items: unique(items),
            ..Document::default()
        };
        for bytes in [
            render::atom::write(&document),
            render::rss::write(&document),
            render::json::write(&document),
        ] {
            let read = read_back(bytes);
            let expected: Vec<_> = document.items.iter().map(essence).collect();
            prop_assert_eq!(read, expected);
        }
    }
}

/// Id, link, title and instant: what must survive (R61).
type Essence = (String, String, String, Option<Timestamp>);

fn essence(item: &Item) -> Essence {
    (item.id.clone(), item.link.clone().unwrap(), item.title.clone(), item.published)
}

fn item() -> impl Strategy<Value = Item> {
    let title = "[\\PC&&[^\u{300}-\u{36f}]]{1,30}";
    (any::<u32>(), title, 1_400_000_000..1_732_000_000_i64).prop_map(|(n, title, at)| {
        let at = Timestamp::from_second(at).unwrap();
        let title = normalize::text::fold(&normalize::text::clean(&title));
        Item {
            id: format!("tag:mill.example,2024:{n}"),
            page_url: format!("https://mill.example/entry/{n}"),
            link: Some(format!("https://bao.example/{n}?a=1&b=2")),
            title: if title.is_empty() { "x".to_owned() } else { title },
            content: Some(format!("<p>Chữ {n} &amp; <b>đậm</b></p>")),
            published: Some(at),
            updated: at,
            date: at,
            ..Item::default()
        }
    })
}

fn unique(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by(|a, b| a.id.cmp(&b.id));
    items.dedup_by(|a, b| a.id == b.id);
    items
}

fn read_back(bytes: Vec<u8>) -> Vec<Essence> {
    let url = "https://mill.example/feed".to_owned();
    let document = RawDocument { body: bytes, url: url.clone(), ..RawDocument::default() };
    let settings = ReadSettings::default();
    let raw = parse::parse(&document, &settings, &|_| false).unwrap();
    let source = &Source::plain("s0", "https://s0.example/rss".parse().unwrap());
    let filter = Filter::new(source);
    let context = Context {
        now: "2024-11-22T12:00:00Z".parse().unwrap(),
        source,
        document_url: &url,
        content_location: None,
        content_language: None,
        filter: &filter,
        date_order: None,
        zone_s: None,
    };
    let feed = normalize::normalize(raw, &context);
    let entry = |item: feedmill::model::feed::FeedItem| {
        let entry = item.entry.unwrap();
        (entry.guid.unwrap(), entry.link.unwrap(), entry.title, entry.published)
    };
    feed.items.into_iter().map(entry).collect()
}
