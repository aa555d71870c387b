//! Any markup is made safe, and sanitising twice changes nothing (R118, R122).
#![no_main]

use feedmill::normalize::html::{Bounds, excerpt, plain, sanitize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|html: &str| {
    let base = url::Url::parse("https://bao.example/dir/feed").ok();
    let once = sanitize(html, base.as_ref(), Bounds::default());
    assert_eq!(sanitize(&once, base.as_ref(), Bounds::default()), once, "idempotent");
    let lower = once.to_ascii_lowercase();
    for tag in ["script", "style", "iframe", "object", "embed", "form", "svg", "math", "template"] {
        assert!(!lower.contains(&format!("<{tag}")), "<{tag}> in {once}");
    }
    assert!(!plain(&once).contains('\0'));
    let _ = excerpt(html, 80);
});
