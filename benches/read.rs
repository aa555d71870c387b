//! What reading costs an article: decode, repair and parse, normalise, prepare; and what a document
//! costs whose items are all known by their bytes.
//!
//! The least of many short runs counts, so that a busy machine disturbs little:
//! `cargo bench --bench read`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, takes the time, and stops when its own documents are broken"
)]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use feedmill::dedup::{self, Names};
use feedmill::model::raw::{RawDocument, RawFeed};
use feedmill::model::source::Source;
use feedmill::normalize::{Context, Filter, normalize};
use feedmill::parse::{ReadSettings, parse};

#[path = "../tests/support/source.rs"]
mod source;

/// Articles of one document.
const ARTICLES: u32 = 30;
/// Bytes of HTML of one article, about.
const ARTICLE_BYTES: usize = 1_800;
/// Runs of which the least counts.
const RUNS: usize = 400;

fn main() {
    for (format, document) in [("RSS", rss()), ("Atom", atom())] {
        let settings = ReadSettings::default();
        let source = source::source("https://bao.example/feed");
        let filter = Filter::new(&source);
        let raw = parse(&document, &settings, &|_| false).unwrap();
        let hashes: HashSet<_> = raw.items.iter().filter_map(|item| item.hash).collect();
        assert_eq!(hashes.len(), usize::try_from(ARTICLES).unwrap());
        let feed = normalized(raw.clone(), &source, &filter);
        let names = Names::new(["Báo"]);
        let context = dedup::Context { names: &names, outlet: "bao.example" };
        let bytes = document.body.len();
        println!("{format}, {ARTICLES} articles, {} KB", bytes / 1024);
        let read = report("parse", bytes, || parse(&document, &settings, &|_| false).unwrap());
        let copies = |_: ()| raw.clone();
        let copy = least(|| copies(()));
        let whole = least(|| normalized(raw.clone(), &source, &filter));
        let normal = whole.saturating_sub(copy);
        print("normalize", normal, None);
        print("parse and normalize", read + normal, Some(bytes));
        report("prepare", bytes, || {
            let entries = feed.items.iter().filter_map(|item| item.entry.as_ref());
            entries.map(|entry| dedup::prepare(entry, context)).collect::<Vec<_>>()
        });
        report("known by their bytes", bytes, || {
            let raw = parse(&document, &settings, &|hash| hashes.contains(&hash)).unwrap();
            normalized(raw, &source, &filter)
        });
        if let Ok(text) = std::str::from_utf8(&document.body) {
            report("feed-rs alone", bytes, || feed_rs::parser::parse(text.as_bytes()).unwrap());
        }
    }
}

fn normalized(raw: RawFeed, source: &Source, filter: &Filter) -> feedmill::model::feed::Feed {
    let context = Context {
        now: "2026-07-01T00:00:00Z".parse().unwrap(),
        source,
        document_url: "https://bao.example/feed",
        content_location: None,
        content_language: None,
        date_order: None,
        zone_s: None,
        filter,
    };
    normalize(raw, &context)
}

fn least<T>(mut work: impl FnMut() -> T) -> Duration {
    let once = |work: &mut dyn FnMut() -> T| {
        let start = Instant::now();
        let out = black_box(work());
        let took = start.elapsed();
        drop(out);
        took
    };
    (0..RUNS).map(|_| once(&mut work)).min().unwrap()
}

fn report<T>(name: &str, bytes: usize, work: impl FnMut() -> T) -> Duration {
    let took = least(work);
    print(name, took, Some(bytes));
    took
}

fn print(name: &str, took: Duration, bytes: Option<usize>) {
    let article = took.as_secs_f64() * 1e6 / f64::from(ARTICLES);
    let speed = bytes.map(|bytes| {
        f64::from(u32::try_from(bytes).unwrap()) / took.as_secs_f64() / f64::from(1 << 20)
    });
    let speed = speed.map_or(String::new(), |speed| format!("{speed:8.1} MiB/s"));
    println!("  {name:22} {article:8.1} µs an article {speed}");
}

/// HTML as papers write it: paragraphs, a picture, links, Vietnamese.
fn article(n: u32) -> String {
    let mut html = format!(
        "<p><img src=\"/anh/{n}.jpg\" alt=\"Ảnh {n}\" width=\"600\"/><strong>Hà Nội</strong> – tin số {n}.</p>"
    );
    let mut sentence = n;
    while html.len() < ARTICLE_BYTES {
        sentence = sentence.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let _ = writeln!(
            html,
            "<p>Theo <a href=\"https://bao.example/tag/{sentence}?utm_source=rss\">Sở Xây dựng</a>, \
             đoạn đường dài {} km qua huyện số {} sẽ thông xe trong quý sau, người dân &amp; doanh nghiệp chờ đợi.</p>",
            sentence % 97,
            sentence % 31,
        );
    }
    html
}

fn rss() -> RawDocument {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>Báo</title>\
         <link>https://bao.example/</link><description>Tin tức</description>",
    );
    for n in 0..ARTICLES {
        let _ = writeln!(
            xml,
            "<item><title>Tin số {n}: cầu mới thông xe</title><link>https://bao.example/tin-{n}.html</link>\
             <guid isPermaLink=\"false\">bao-{n}</guid><pubDate>Mon, 18 Nov 2024 08:{n:02}:00 +0700</pubDate>\
             <dc:creator>An Nguyễn</dc:creator><category>Thời sự</category>\
             <description><![CDATA[{}]]></description></item>",
            article(n)
        );
    }
    document(xml + "</channel></rss>")
}

fn atom() -> RawDocument {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"vi\">\
         <id>tag:bao.example,2024:f</id><title>Báo</title><updated>2024-11-18T08:30:00+07:00</updated>\
         <link rel=\"alternate\" href=\"https://bao.example/\"/>",
    );
    for n in 0..ARTICLES {
        let escaped = article(n).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(
            xml,
            "<entry><id>tag:bao.example,2024:{n}</id><title>Tin số {n}: cầu mới thông xe</title>\
             <link rel=\"alternate\" type=\"text/html\" href=\"https://bao.example/tin-{n}.html\"/>\
             <published>2024-11-18T08:{n:02}:00+07:00</published><updated>2024-11-18T08:{n:02}:00+07:00</updated>\
             <author><name>An Nguyễn</name></author><category term=\"Thời sự\"/>\
             <content type=\"html\">{escaped}</content></entry>"
        );
    }
    document(xml + "</feed>")
}

fn document(xml: String) -> RawDocument {
    RawDocument {
        body: xml.into_bytes(),
        url: "https://bao.example/feed".to_owned(),
        content_type: Some("application/xml; charset=utf-8".to_owned()),
        ..RawDocument::default()
    }
}
