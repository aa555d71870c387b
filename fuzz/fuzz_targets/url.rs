//! Any text is an address or none, without a panic; what is made absolute stays as it is, and the
//! key of a key is itself (R23, P82, P83).
#![no_main]

use feedmill::model::text::canonical;
use feedmill::normalize::url::{absolute, is_web, resolve, web};
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|text: &str| {
    let base = Url::parse("https://bao.example/dir/feed?x=1#y").expect("a URL");
    if let Some(url) = absolute(text, &base) {
        assert!(Url::parse(&url).is_ok(), "{url} is absolute");
        assert_eq!(absolute(&url, &base).as_deref(), Some(url.as_str()), "absolute stays");
        assert_eq!(resolve(&url, None).as_deref(), Some(url.as_str()), "and needs no base");
        assert_eq!(web(text, Some(&base)).is_some(), is_web(&url));
    }
    let key = canonical(text);
    assert_eq!(canonical(&key), key, "the key of {text:?}");
});
