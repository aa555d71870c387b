//! Any bytes are read, or refused, without a panic; what is read is normalised, and read the same
//! way again.
#![no_main]

use std::collections::HashSet;

use feedmill::model::raw::{RawDocument, RawFeed};
use feedmill::model::source::{ItemHash, Source};
use feedmill::normalize::{Context, Filter, normalize};
use feedmill::parse::{ParseError, ReadSettings, parse};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/support/source.rs"]
mod source;

fuzz_target!(|body: &[u8]| {
    let document = RawDocument {
        body: body.to_vec(),
        url: "https://bao.example/dir/feed".to_owned(),
        ..RawDocument::default()
    };
    let settings = ReadSettings::default();
    let raw = match parse(&document, &settings, &|_| false) {
        Ok(raw) => raw,
        // `parse` catches panics for the daemon's sake: here they are what is looked for.
        Err(ParseError::Panicked { message }) => panic!("{message}"),
        Err(_) => return,
    };
    assert_eq!(parse(&document, &settings, &|_| false).as_ref(), Ok(&raw), "not the same twice");
    let hashes = |feed: &RawFeed| feed.items.iter().map(|item| item.hash).collect::<Vec<_>>();
    let held: HashSet<ItemHash> = hashes(&raw).into_iter().flatten().collect();
    let known = parse(&document, &settings, &|hash| held.contains(&hash)).expect("it was read");
    assert_eq!(hashes(&known), hashes(&raw), "known items are the same items");
    assert!(known.items.iter().all(|item| item.entry.is_none()), "and none is read again");
    let source: Source = source::source(&document.url);
    let context = Context {
        now: "2026-07-01T00:00:00Z".parse().expect("an instant"),
        source: &source,
        document_url: &document.url,
        content_location: None,
        content_language: None,
        date_order: None,
        zone_s: None,
        filter: &Filter::new(&source),
    };
    let feed = normalize(raw, &context);
    for entry in feed.items.iter().filter_map(|item| item.entry.as_ref()) {
        for link in entry.link.iter().chain(&entry.orig_link) {
            assert!(url::Url::parse(link).is_ok(), "{link} is absolute");
        }
    }
});
