//! Replays the inputs kept for the fuzz targets, without the fuzzer: `tests/golden/fuzz/{target}`,
//! the public corpora where they are there, and with `FUZZ_CORPUS=dir` what a run has gathered in
//! `dir/{target}`.
#![expect(clippy::unwrap_used, reason = "a broken fixture must stop the suite")]

use std::path::{Path, PathBuf};

mod support {
    pub(crate) mod fuzzed;
}
use support::fuzzed;

/// Returns the inputs of a target, with their names.
fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = root.join("tests/golden/fuzz").join(target);
    let gathered = std::env::var_os("FUZZ_CORPUS").map(|dir| Path::new(&dir).join(target));
    let mut inputs = Vec::new();
    for dir in gathered.into_iter().chain([kept]) {
        for file in
            std::fs::read_dir(&dir).unwrap_or_else(|_| panic!("{} is absent", dir.display()))
        {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            inputs.push((path, bytes));
        }
    }
    assert!(!inputs.is_empty(), "nothing is kept for {target}");
    inputs
}

/// Names the input before a check of it can fail.
fn replay(target: &str, check: impl Fn(&[u8])) {
    for (path, bytes) in inputs(target) {
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&bytes)));
        assert!(checked.is_ok(), "{}", path.display());
    }
}

/// The fuzzer passes over what is no UTF-8 where a target takes text.
fn text(bytes: &[u8], check: impl Fn(&str)) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        check(text);
    }
}

#[test]
fn documents() {
    replay("parse", fuzzed::document);
}

#[test]
fn the_documents_of_the_public_corpora() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    for corpus in ["feedparser", "gofeed"] {
        let Ok(files) = std::fs::read_dir(corpora.join(corpus).join("files")) else {
            eprintln!("skipped: {corpus} is absent");
            continue;
        };
        for file in files {
            fuzzed::document(&std::fs::read(file.unwrap().path()).unwrap());
        }
    }
}

#[test]
fn markup() {
    replay("normalize_html", |bytes| text(bytes, fuzzed::markup));
}

#[test]
fn dates() {
    replay("date", |bytes| text(bytes, fuzzed::date));
}

#[test]
fn addresses() {
    replay("url", |bytes| text(bytes, fuzzed::address));
}

#[test]
fn lists_and_pages() {
    replay("opml", fuzzed::list);
}
