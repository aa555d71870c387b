//! Laws of what is published, over stores that were filled at random by the real program: the three
//! formats agree (R61), what is read back is what was written, a feed of ours read by ourselves adds
//! nothing (R64), and a store that was copied elsewhere gives the same bytes (R63).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a property test stops at the first surprise"
)]

#[path = "support/press.rs"]
mod press;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use feedmill::model::raw::RawDocument;
use feedmill::model::source::Source;
use feedmill::normalize::{self, Context, Filter};
use feedmill::parse::{self, ReadSettings};
use feedmill::render::Document;
use feedmill::serve::route::{Part, Scope};
use feedmill::serve::select::{Found, View};
use feedmill::store::{Birth, SledOptions, SledStore, Store};
use jiff::Timestamp;
use press::{NOW, Press, block_on};
use proptest::prelude::*;

const SOURCES: usize = 3;

/// An item as publishers write them: anything may be missing, the same again, or odd.
#[derive(Clone, Debug)]
struct Made {
    guid: Option<String>,
    link: Option<u8>,
    title: Option<String>,
    text: Option<String>,
    minute: Option<u32>,
    files: Vec<(u8, Option<u32>)>,
}

fn made() -> impl Strategy<Value = Made> {
    let odd = "[\\PC]{0,20}";
    let guid = prop_oneof![
        "[a-z]{1,3}".prop_map(Some),
        (0..30_u8).prop_map(|n| Some(format!("https://wire.example/{n}"))),
        Just(None),
    ];
    let text = prop::option::of(prop_oneof![
        odd.prop_map(|text| text),
        (0..9_u8)
            .prop_map(|n| format!("<p>Chữ <b>đậm</b> &amp; <a href=\"/bai/{n}\">bài {n}</a>.</p>")),
    ]);
    (
        guid,
        prop::option::of(0..30_u8),
        prop::option::of(odd),
        text,
        prop::option::of(0..6_000_u32),
        prop::collection::vec((any::<u8>(), prop::option::of(any::<u32>())), 0..3),
    )
        .prop_map(|(guid, link, title, text, minute, files)| Made {
            guid,
            link,
            title,
            text,
            minute,
            files,
        })
}

fn feeds() -> impl Strategy<Value = Vec<Vec<Made>>> {
    prop::collection::vec(prop::collection::vec(made(), 0..9), SOURCES)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn rss(source: usize, items: &[Made]) -> String {
    let mut xml = format!("<rss version=\"2.0\"><channel><title>Báo {source}</title>");
    for item in items {
        xml.push_str("<item>");
        let mut put = |name: &str, text: Option<String>| {
            if let Some(text) = text {
                let _ = write!(xml, "<{name}>{}</{name}>", escape(&text));
            }
        };
        put("guid", item.guid.clone());
        put("link", item.link.map(|n| format!("https://wire.example/bai-{n}?a=1&b=2")));
        put("title", item.title.clone());
        put("description", item.text.clone());
        let start: Timestamp = "2024-11-18T00:00:00Z".parse().unwrap();
        let date = item.minute.map(|n| start + jiff::SignedDuration::from_mins(i64::from(n)));
        put("pubDate", date.map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
        for (n, length) in &item.files {
            let length = length.map(|bytes| bytes.to_string()).unwrap_or_default();
            let _ = write!(
                xml,
                "<enclosure url=\"https://wire.example/{n}.mp3\" length=\"{length}\" type=\"audio/mpeg\"/>"
            );
        }
        xml.push_str("</item>");
    }
    xml + "</channel></rss>"
}

fn configuration() -> String {
    let source = |n: usize| {
        format!(
            "[[source]]\nid = \"s{n}\"\nurl = \"https://s{n}.example/rss\"\ncategories = [\"c{}\"]\n",
            n % 2
        )
    };
    (0..SOURCES).map(source).collect()
}

async fn filled(press: &Press, feeds: &[Vec<Made>]) {
    for (n, items) in feeds.iter().enumerate() {
        press.publish(&format!("https://s{n}.example/rss"), rss(n, items));
    }
    press.poll().await;
}

/// What must be the same in every format: id, link, title, instant, files (R61). The instant of an
/// entry without a date of its own is when it was first seen: RSS says so, the others say nothing.
type Essence = (String, String, String, Option<Timestamp>, BTreeSet<String>);

/// What the store says stands in a feed.
fn selected(press: &Press, scope: &Scope) -> Document {
    let view = View::open(press.store.as_ref(), &press.config.site, &press.config.catalog).unwrap();
    let Found::Here(found) = view.document(scope, Part::Newest).unwrap() else {
        panic!("{scope:?}")
    };
    found.document
}

fn expected(press: &Press, scope: &Scope, format: &str) -> Vec<Essence> {
    let items = selected(press, scope).items;
    let one = |item: feedmill::render::Item| {
        let files = item.enclosures.iter().map(|file| file.url.clone()).collect();
        let link = item.permalink().to_owned();
        let instant = item.published.or((format == "rss").then_some(item.date));
        (item.id, link, item.title, instant, files)
    };
    items.into_iter().map(one).collect()
}

/// What our own parser finds in a document.
fn read_back(bytes: Vec<u8>) -> Vec<Essence> {
    let url = "https://mill.example/feed".to_owned();
    let document = RawDocument { body: bytes, url: url.clone(), ..RawDocument::default() };
    let raw = parse::parse(&document, &ReadSettings::default(), &|_| false).unwrap();
    let source = &Source::plain("own", url.parse().unwrap());
    let filter = Filter::new(source);
    let context = Context {
        now: NOW.parse().unwrap(),
        source,
        document_url: &url,
        content_location: None,
        content_language: None,
        filter: &filter,
        date_order: None,
        zone_s: None,
    };
    let entry = |item: feedmill::model::feed::FeedItem| {
        let entry = item.entry.unwrap();
        // RSS has room for one enclosure; the others are in `media:content` (R41).
        let more =
            entry.extensions.into_iter().filter(|e| e.prefix == "media" && e.name == "content");
        let urls = more.flat_map(|e| e.attributes).filter(|(name, _)| name == "url");
        let first = entry.enclosures.into_iter().map(|file| file.url);
        let files = first.chain(urls.map(|(_, url)| url)).collect();
        (entry.guid.unwrap(), entry.link.unwrap(), entry.title, entry.published, files)
    };
    normalize::normalize(raw, &context).items.into_iter().map(entry).collect()
}

fn scopes() -> Vec<Scope> {
    let day = "2024-11-20".parse().unwrap();
    vec![
        Scope::All,
        Scope::Category("c0".to_owned()),
        Scope::Category("c1".to_owned()),
        Scope::Source("s2".to_owned()),
        Scope::Day(day),
        Scope::CategoryDay("c0".to_owned(), day),
    ]
}

/// Paths of everything that is published.
fn paths() -> Vec<String> {
    let formats = |scope: Scope| {
        let path = scope.path();
        let page = scope.page_path(Part::Newest);
        ["atom", "rss", "json"].map(|format| format!("{path}.{format}")).into_iter().chain([page])
    };
    let lists = ["/dates", "/categories", "/sources", "/feeds.opml", "/sources.opml"];
    scopes().into_iter().flat_map(formats).chain(lists.map(str::to_owned)).collect()
}

fn sled(dir: &Path, now: &str) -> Arc<dyn Store> {
    let birth = Birth { now: now.parse().unwrap(), id_authority: "mill.example,2024".to_owned() };
    Arc::new(SledStore::open(dir, &birth, SledOptions::default()).unwrap())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_three_formats_agree_and_read_back_as_they_were_r61(feeds in feeds()) {
        block_on(async {
            let press = Press::new(&configuration());
            filled(&press, &feeds).await;
            for scope in scopes() {
                for format in ["atom", "rss", "json"] {
                    let expected = expected(&press, &scope, format);
                    let path = format!("{}.{format}", scope.path());
                    let reply = press.get(&path).await;
                    prop_assert_eq!(reply.status, 200);
                    prop_assert_eq!(&read_back(reply.body), &expected, "{}", path);
                }
            }
            press.mill.stop().await;
            Ok(())
        })?;
    }

    #[test]
    fn a_feed_of_ours_read_by_ourselves_adds_nothing_r64(feeds in feeds()) {
        block_on(async {
            let press = Press::new(&configuration());
            filled(&press, &feeds).await;
            let before = expected(&press, &Scope::All, "atom");
            let mut more = configuration();
            let mut own = Vec::new();
            for format in ["atom", "rss", "json"] {
                let url = format!("https://mill.example/all.{format}");
                let _ = write!(more, "[[source]]\nid = \"own-{format}\"\nurl = \"{url}\"\n");
                own.push((url, press.get(&format!("/all.{format}")).await.body));
            }
            press.mill.stop().await;
            let press = Press::over(Arc::clone(&press.store), &more);
            for (url, body) in own {
                press.publish(&url, body);
            }
            filled(&press, &feeds).await;
            let after = expected(&press, &Scope::All, "atom");
            let ids = |list: &[Essence]| list.iter().map(|one| one.0.clone()).collect::<Vec<_>>();
            prop_assert_eq!(ids(&after), ids(&before));
            press.mill.stop().await;
            Ok(())
        })?;
    }
}

proptest! {
    // Two databases on disk each.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_store_that_was_copied_elsewhere_gives_the_same_bytes_r63(feeds in feeds()) {
        block_on(async {
            let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let press = Press::over(sled(here.path(), NOW), &configuration());
            filled(&press, &feeds).await;
            let mut before = Vec::new();
            for path in paths() {
                before.push((press.get(&path).await, path));
            }
            press.mill.stop().await;
            drop(press);
            copy(here.path(), there.path());
            drop(here);
            // Another machine, years later, behind another name.
            let press = Press::over(sled(there.path(), "2031-05-05T05:05:05Z"), &configuration());
            press.set_clock("2031-05-05T05:05:05Z");
            for (reply, path) in before.iter().rev() {
                let again = press.ask(path, &[("host", "evil.example")]).await;
                prop_assert_eq!(reply.status, 200, "{}", path);
                prop_assert_eq!(again.text(), reply.text(), "{}", path);
                prop_assert_eq!(again.field("etag"), reply.field("etag"), "{}", path);
                let modified = "last-modified";
                prop_assert_eq!(again.field(modified), reply.field(modified), "{}", path);
            }
            press.mill.stop().await;
            Ok(())
        })?;
    }
}
