//! What must hold of any input at all: the fuzz targets look for inputs of which it does not, and a
//! plain test holds it of those that were found.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::expect_used,
    reason = "each target uses one of them, and stops at the first surprise"
)]

use std::collections::HashSet;

use feedmill::model::raw::{RawDocument, RawFeed};
use feedmill::model::source::{ItemHash, Source};
use feedmill::model::text::canonical;
use feedmill::normalize::date::{self, DateSettings, DayMonth, order_of};
use feedmill::normalize::html::{Bounds, excerpt, plain, sanitize};
use feedmill::normalize::url::{absolute, is_web, resolve, web};
use feedmill::normalize::{Context, Filter, normalize};
use feedmill::parse::discover::{feed_links, looks_like_html};
use feedmill::parse::{ParseError, ReadSettings, opml, parse};
use jiff::tz::TimeZone;
use url::Url;

fn base() -> Url {
    Url::parse("https://bao.example/dir/feed?x=1#y").expect("a URL")
}

/// Any bytes are read, or refused, without a panic, and the same way again; items that are known are
/// the same items, not read again; what is read is normalised.
pub fn document(body: &[u8]) {
    let document =
        RawDocument { body: body.to_vec(), url: base().into(), ..RawDocument::default() };
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
    let source = Source::plain("s", base());
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
            assert!(Url::parse(link).is_ok(), "{link} is absolute");
        }
    }
}

/// Any markup is made safe, and sanitising twice changes nothing (R118, R122).
pub fn markup(html: &str) {
    let base = base();
    let once = sanitize(html, Some(&base), Bounds::default());
    assert_eq!(sanitize(&once, Some(&base), Bounds::default()), once, "idempotent");
    let lower = once.to_ascii_lowercase();
    for tag in ["script", "style", "iframe", "object", "embed", "form", "svg", "math", "template"] {
        assert!(!lower.contains(&format!("<{tag}")), "<{tag}> in {once}");
    }
    assert!(!plain(&once).contains('\0'));
    let _ = excerpt(html, 80);
}

/// Any text is a date or none, in every order and zone (D34, D35); a date that is written anew is
/// read as the same instant (D33).
pub fn date(text: &str) {
    let zones = [TimeZone::UTC, TimeZone::get("Asia/Ho_Chi_Minh").expect("a zone")];
    let orders = [None, Some(DayMonth::DayFirst), Some(DayMonth::MonthFirst)];
    for zone in &zones {
        for order in orders {
            let settings = DateSettings { zone, order, language: Some("vi") };
            let Some(read) = date::parse(text, &settings) else { continue };
            let again = date::parse(&read.instant.to_string(), &settings);
            assert_eq!(again.map(|again| again.instant), Some(read.instant), "{text}");
        }
    }
    let _ = order_of(&[text, "31/12/2024"]);
}

/// Any text is an address or none; what is made absolute stays as it is, and the key of a key is
/// itself (R23, P82, P83).
pub fn address(text: &str) {
    let base = base();
    if let Some(url) = absolute(text, &base) {
        assert!(Url::parse(&url).is_ok(), "{url} is absolute");
        assert_eq!(absolute(&url, &base).as_deref(), Some(url.as_str()), "absolute stays");
        assert_eq!(resolve(&url, None).as_deref(), Some(url.as_str()), "and needs no base");
        assert_eq!(web(text, Some(&base)).is_some(), is_web(&url));
    }
    let key = canonical(text);
    assert_eq!(canonical(&key), key, "the key of {text:?}");
}

/// Any bytes are a list of subscriptions or refused; what is taken from a list and from a page is an
/// address that can be polled (R104, R107).
pub fn list(bytes: &[u8]) {
    let is_polled =
        |url: &str| Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if let Ok(list) = opml::parse(bytes) {
        for outline in &list.outlines {
            assert!(is_polled(&outline.xml_url), "{}", outline.xml_url);
        }
        assert_eq!(opml::parse(bytes).as_ref(), Ok(&list), "not the same twice");
    }
    let _ = looks_like_html(bytes);
    for feed in feed_links(bytes, &base()) {
        assert!(is_polled(&feed.url), "{}", feed.url);
    }
}
