//! Any bytes are a list of subscriptions or refused, without a panic; what is taken from a list and
//! from a page is an address that can be polled (R104, R107).
#![no_main]

use feedmill::parse::discover::{feed_links, looks_like_html};
use feedmill::parse::opml;
use libfuzzer_sys::fuzz_target;
use url::Url;

fn is_polled(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(list) = opml::parse(bytes) {
        for outline in &list.outlines {
            assert!(is_polled(&outline.xml_url), "{}", outline.xml_url);
        }
        assert_eq!(opml::parse(bytes).as_ref(), Ok(&list), "not the same twice");
    }
    let _ = looks_like_html(bytes);
    let base = Url::parse("https://bao.example/dir/page").expect("a URL");
    for feed in feed_links(bytes, &base) {
        assert!(is_polled(&feed.url), "{}", feed.url);
    }
});
