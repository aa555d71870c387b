//! Reads the public corpora: no panic, usable entries, and every check that holds before
//! normalising.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use feedmill::model::raw::{RawDocument, RawEntry, RawFeed, RawPerson, RawText, TextKind};
use feedmill::parse::{ReadSettings, parse};
use serde_json::Value;

fn corpora() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    ["feedparser", "gofeed"].iter().map(|name| root.join(name)).collect()
}

fn document(case: &Value, body: Vec<u8>) -> RawDocument {
    let header = |name: &str| case["headers"][name].as_str().map(ToOwned::to_owned);
    RawDocument {
        body,
        url: case["url"].as_str().unwrap_or("http://feed.invalid/").to_owned(),
        content_type: header("Content-Type"),
        content_language: header("Content-Language"),
        content_location: header("Content-Location"),
    }
}

fn is_usable(entry: &RawEntry) -> bool {
    entry.title.is_some()
        || !entry.links.is_empty()
        || entry.guid.is_some()
        || entry.summary.is_some()
        || entry.content.is_some()
}

#[test]
fn the_public_corpora_are_read() {
    let (mut cases, mut usable, mut checked, mut failed) = (0, 0, 0, Vec::new());
    for folder in corpora() {
        let Ok(list) = std::fs::read_to_string(folder.join("cases.jsonl")) else {
            println!("skipped: {} is absent", folder.display());
            continue;
        };
        for line in list.lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let file = case["file"].as_str().unwrap();
            let document = document(&case, std::fs::read(folder.join(file)).unwrap());
            let feed = parse(&document, &ReadSettings::default(), &|_| false);
            let checks = case["checks"].as_array().unwrap();
            let is_of_entry = |c: &Value| c["path"].as_str().unwrap().starts_with("entries");
            let is_bare = case["bare"].as_bool() == Some(true) || !checks.iter().any(is_of_entry);
            let feed = match feed {
                Ok(feed) => feed,
                Err(error) => {
                    cases += usize::from(!is_bare);
                    failed.push(format!("{file}: {error}"));
                    continue;
                }
            };
            let first = feed.items.first().and_then(|item| item.entry.as_ref());
            if !is_bare {
                cases += 1;
                usable += usize::from(first.is_some_and(is_usable));
            }
            for check in checks {
                let path = check["path"].as_str().unwrap();
                let Some(found) = find(&feed, path, &document) else { continue };
                checked += 1;
                if !holds(&found, check) {
                    failed.push(format!("{file}: {path} is {found:?}, not {}", check["value"]));
                }
            }
        }
    }
    if cases == 0 {
        return;
    }
    println!("{usable} of {cases} cases give an entry, {checked} checks, {} failed", failed.len());
    println!("{}", failed.join("\n"));
    assert!(usable * 100 >= cases * 98, "{usable} of {cases}");
    assert!(failed.is_empty(), "{} checks failed", failed.len());
}

/// What a path leads to.
#[derive(Debug)]
enum Found {
    Plain(Option<String>),
    /// Text, or HTML that holds it.
    Text(Option<RawText>),
}

fn holds(found: &Found, check: &Value) -> bool {
    let expected = check["value"].as_str();
    match found {
        Found::Plain(value) => value.as_deref() == expected,
        Found::Text(text) => {
            let Some(text) = text else { return expected.is_none_or(str::is_empty) };
            if check["safe"].as_bool() == Some(true) {
                return true;
            }
            let expected = check["text"].as_str().or(expected).unwrap_or_default();
            let plain = match text.kind {
                TextKind::Plain => text.value.clone(),
                TextKind::Html | TextKind::Unknown => strip(&text.value),
            };
            let fold = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
            fold(&plain) == fold(expected) || fold(&text.value) == fold(expected)
        }
    }
}

/// The text of HTML, near enough for these files.
fn strip(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((text, tag)) = rest.split_once('<') {
        out.push_str(text);
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')) {
            out.push('<');
            rest = tag;
            continue;
        }
        rest = tag.split_once('>').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    let names = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#60;", "<"), ("&#38;", "&")];
    let out = names.iter().fold(out, |out, (name, value)| out.replace(name, value));
    out.replace("&#x26;", "&").replace("&#x3c;", "<").replace("&amp;", "&")
}

fn find(feed: &RawFeed, path: &str, document: &RawDocument) -> Option<Found> {
    if let Some(path) = path.strip_prefix("feed.") {
        let meta = &feed.meta;
        let (name, index, field) = split(path);
        return match (name, field) {
            ("title", _) => Some(Found::Text(meta.title.clone())),
            ("link", _) => Some(Found::Plain(alternate(&meta.links))),
            ("authors", Some(field)) => person(meta.authors.get(index), field),
            _ => None,
        };
    }
    let (_, rest) = path.split_once("].")?;
    let entry = feed.items.first()?.entry.as_ref()?;
    let (name, index, field) = split(rest);
    entry_field(entry, feed, document, name, index, field)
}

fn split(path: &str) -> (&str, usize, Option<&str>) {
    let (name, field) =
        path.split_once('.').map_or((path, None), |(name, field)| (name, Some(field)));
    let (name, index) = name.split_once('[').unwrap_or((name, "0]"));
    (name, index.trim_end_matches(']').parse().unwrap(), field)
}

fn alternate(links: &[feedmill::model::raw::RawLink]) -> Option<String> {
    links.iter().find(|link| link.rel == "alternate").map(|link| link.href.clone())
}

fn entry_field(
    entry: &RawEntry,
    feed: &RawFeed,
    document: &RawDocument,
    name: &str,
    index: usize,
    field: Option<&str>,
) -> Option<Found> {
    let language = |text: &Option<RawText>| {
        let own = text.as_ref().and_then(|text| text.language.clone());
        let inherited = || feed.meta.language.clone().or_else(|| document.content_language.clone());
        let language = own.or_else(|| entry.language.clone()).or_else(inherited);
        Some(Found::Plain(language.filter(|language| !language.is_empty())))
    };
    let either = |first: &Option<RawText>, second: &Option<RawText>| {
        Some(Found::Text(first.clone().or_else(|| second.clone())))
    };
    let plain = |value: Option<String>| Some(Found::Plain(value));
    match (name, field) {
        ("title", _) => Some(Found::Text(entry.title.clone())),
        ("summary_html", _) => either(&entry.summary, &entry.content),
        ("content_html", _) => either(&entry.content, &entry.summary),
        ("rights", _) => Some(Found::Text(entry.rights.clone())),
        ("title_lang", _) => language(&entry.title),
        ("summary_lang", _) => language(&entry.summary),
        ("content_lang", _) => language(&entry.content),
        ("link", _) => plain(alternate(&entry.links)),
        ("id", _) => plain(entry.guid.clone()),
        ("links", Some(field)) => {
            let link = entry.links.get(index);
            plain(link.and_then(|link| match field {
                "rel" => Some(link.rel.clone()),
                "href" => Some(link.href.clone()),
                "type" => link.mime.clone(),
                "title" => link.title.clone(),
                _ => link.hreflang.clone(),
            }))
        }
        ("authors", Some(field)) => person(entry.authors.get(index), field),
        ("contributors", Some(field)) => person(entry.contributors.get(index), field),
        ("categories", Some(field)) => {
            let category = entry.categories.get(index);
            plain(category.and_then(|category| match field {
                "term" => Some(category.term.clone()),
                "scheme" => category.scheme.clone(),
                _ => category.label.clone(),
            }))
        }
        ("enclosures", Some(field)) => {
            let file = entry.enclosures.get(index);
            plain(file.and_then(|file| match field {
                "url" => Some(file.url.clone()),
                "type" => file.mime.clone(),
                _ => file.length.clone(),
            }))
        }
        ("source", Some(field)) => origin(entry, field),
        _ => None,
    }
}

fn origin(entry: &RawEntry, field: &str) -> Option<Found> {
    let origin = entry.origin.clone().unwrap_or_default();
    match split(field) {
        ("id", ..) => Some(Found::Plain(origin.id)),
        ("title", ..) => Some(Found::Text(origin.title)),
        ("link", ..) => Some(Found::Plain(origin.site)),
        ("rights", ..) => Some(Found::Text(origin.rights)),
        ("authors", index, Some(field)) => person(origin.authors.get(index), field),
        _ => None,
    }
}

/// In RSS a person is one line, which only `normalize` takes apart: there the line must hold the
/// part.
fn person(person: Option<&RawPerson>, field: &str) -> Option<Found> {
    let person = person?;
    let is_line = |text: &String| text.contains('@') || text.contains('(');
    if person.email.is_none() && person.name.as_ref().is_some_and(is_line) {
        return None;
    }
    Some(Found::Plain(match field {
        "name" => person.name.clone(),
        "email" => person.email.clone(),
        _ => person.uri.clone(),
    }))
}
