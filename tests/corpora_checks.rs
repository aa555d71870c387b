//! Every check of the public corpora, twice: over what is read (bytes to `Feed`, as the daemon reads
//! them), and over our own Atom of it.
//!
//! Where the corpora and a standard we follow differ, the rule stands in `DIFFERENCES`, with its
//! reason. A rule there that no check needs any more fails the test.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken fixture must stop the suite; it says what it skips"
)]

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use feedmill::model::entry::{Category, Entry, Person};
use feedmill::model::feed::Feed;
use feedmill::model::raw::{RawDocument, RawEntry, RawFeed};
use feedmill::model::source::Source;
use feedmill::normalize::{Context, Filter, html, normalize};
use feedmill::parse::{ReadSettings, parse};
use jiff::Timestamp;
use published::{Published, attribute, links, text};
use readers::{ATOM, Node};
use serde_json::Value;

#[path = "support/source.rs"]
mod plain;
#[path = "corpora_checks/published.rs"]
mod published;
#[path = "render/readers.rs"]
#[expect(dead_code, reason = "only its tree is used")]
mod readers;

/// Where we differ on purpose: a word that the check's path and value must hold, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    // R118: a script's content goes with it; upstream keeps what stands before an inner `<script>`.
    ("function executeMe()", "R118: a script-like element loses its content"),
];

/// The same for our own Atom.
const ATOM_DIFFERENCES: &[(&str, &str)] = &[
    ("function executeMe()", "R118: a script-like element loses its content"),
    (
        "tag:mill.example,2026:",
        "R6: a guid that is no IRI is no atom:id; `poll --json` and `explain` show it",
    ),
    (
        "feed.updated",
        "R17: atom:source says when the entry changed, as archives may not change with every \
         lastBuildDate",
    ),
    ("feed.published", "RFC 4287 §4.2.11: a source has no date of publication"),
    ("links[0].hreflang", "the permalink is held as an address alone"),
];

/// A case, read.
struct Case {
    corpus: &'static str,
    name: String,
    url: String,
    raw: RawFeed,
    feed: Feed,
    checks: Vec<Value>,
}

const FEEDPARSER: &str = "feedparser";
const GOFEED: &str = "gofeed";

fn folder(corpus: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora").join(corpus)
}

fn read(case: &Value, corpus: &'static str) -> Case {
    let file = case["file"].as_str().unwrap();
    let header = |name: &str| case["headers"][name].as_str().map(ToOwned::to_owned);
    let document = RawDocument {
        body: std::fs::read(folder(corpus).join(file)).unwrap(),
        url: case["url"].as_str().unwrap_or("http://feed.invalid/feed").to_owned(),
        content_type: header("Content-Type"),
        content_language: header("Content-Language"),
        content_location: header("Content-Location"),
    };
    let mut raw = parse(&document, &ReadSettings::default(), &|_| false)
        .unwrap_or_else(|error| panic!("{file}: {error}"));
    // An entry that says nothing of its own is not kept: a guid lets the rest of it through.
    let first = usize::from(case["bare"].as_bool() != Some(true));
    for entry in raw.items.iter_mut().skip(first).filter_map(|item| item.entry.as_mut()) {
        entry.guid.get_or_insert_with(|| "bare".to_owned());
    }
    let source: Source = plain::source(&document.url);
    let context = Context {
        now: "2026-07-01T00:00:00Z".parse().unwrap(),
        source: &source,
        document_url: &document.url,
        content_location: document.content_location.as_deref(),
        content_language: document.content_language.as_deref(),
        date_order: None,
        zone_s: None,
        filter: &Filter::new(&source),
    };
    let feed = normalize(raw.clone(), &context);
    let checks = case["checks"].as_array().unwrap().clone();
    let name = file.trim_start_matches("files/").to_owned();
    Case { corpus, name, url: document.url, raw, feed, checks }
}

/// Reads every case; says what is absent.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for corpus in [FEEDPARSER, GOFEED] {
        let list = folder(corpus).join("cases.jsonl");
        let Ok(list) = std::fs::read_to_string(&list) else {
            eprintln!("skipped: {} is absent", list.display());
            continue;
        };
        cases.extend(list.lines().map(|line| read(&serde_json::from_str(line).unwrap(), corpus)));
    }
    cases
}

/// Holds every check of every case by `verdict`; a difference must be named among `differences`,
/// each of these must be needed, and of the checks of `corpora` 98 % hold as they stand.
fn check_all(
    corpora: &[&str],
    differences: &[(&'static str, &'static str)],
    verdict: impl Fn(&Case, &Value) -> Result<(), String>,
) {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut failed = Vec::new();
    let mut used: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for case in cases() {
        for check in &case.checks {
            let (held, all) = counts.entry(case.corpus).or_default();
            *all += 1;
            let Err(found) = verdict(&case, check) else {
                *held += 1;
                continue;
            };
            let about = format!("{} {check} {found}", case.name);
            match differences.iter().find(|(rule, _)| about.contains(rule)) {
                Some((rule, _)) => used.entry(rule).or_default().push(case.name.clone()),
                None => failed.push(format!("{}: {check}\n      {found}", case.name)),
            }
        }
    }
    eprintln!("checks that hold, of all: {counts:?}; differences:");
    for (rule, names) in &used {
        eprintln!("  {rule}: {}", names.join(", "));
    }
    assert!(failed.is_empty(), "{} fail:\n{}", failed.len(), failed.join("\n"));
    for (corpus, (held, all)) in counts.iter().filter(|(corpus, _)| corpora.contains(corpus)) {
        assert!(held * 100 >= all * 98, "{corpus}: {held} of {all}");
    }
    for (rule, _) in differences.iter().filter(|_| !counts.is_empty()) {
        assert!(used.contains_key(rule), "no check needs the difference `{rule}`");
    }
}

#[test]
fn every_check_of_the_corpora_holds_or_its_difference_is_named() {
    check_all(&[FEEDPARSER, GOFEED], DIFFERENCES, |case, check| {
        verdict(find(case, path_of(check)), check)
    });
}

#[test]
fn every_check_holds_over_our_own_atom_or_its_difference_is_named() {
    check_all(&[FEEDPARSER], ATOM_DIFFERENCES, |case, check| {
        verdict(find_published(case, path_of(check)), check)
    });
}

fn path_of(check: &Value) -> &str {
    check["path"].as_str().unwrap()
}

/// What a path leads to.
enum Found {
    Plain(Option<String>),
    At(Option<Timestamp>),
    Html(Option<String>),
    Nothing,
}

fn verdict(found: Found, check: &Value) -> Result<(), String> {
    let expected = check["value"].as_str().or(check["text"].as_str());
    match found {
        Found::Nothing => Err("the path leads nowhere".to_owned()),
        Found::Plain(value) => {
            let is_same = value.as_deref().unwrap_or_default() == expected.unwrap_or_default();
            is_same.then_some(()).ok_or(format!("is {value:?}"))
        }
        Found::At(at) => {
            let expected = expected.map(|it| it.parse::<Timestamp>().unwrap());
            (at == expected).then_some(()).ok_or(format!("is {at:?}"))
        }
        Found::Html(markup) => of_html(markup.as_deref().unwrap_or_default(), check),
    }
}

fn of_html(markup: &str, check: &Value) -> Result<(), String> {
    let is_safe = check["safe"].as_bool() == Some(true);
    let text = check["text"].as_str().or(check["value"].as_str()).unwrap_or_default();
    let plain = html::plain(markup);
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain != folded {
        return Err(format!("text is {plain:?} in {markup:?}"));
    }
    if is_safe {
        return unsafe_part(markup).map_or(Ok(()), |part| Err(format!("{part} in {markup:?}")));
    }
    let is_markup = check["html"].as_bool() == Some(true);
    let value = check["value"].as_str().unwrap_or_default();
    if is_markup && tree(markup) != tree(value) {
        return Err(format!("is {markup:?}"));
    }
    Ok(())
}

/// Returns what should not be published (R118–R120), looked for in the tree a browser would build.
fn unsafe_part(markup: &str) -> Option<String> {
    let tree = tree(markup).to_ascii_lowercase();
    let elements =
        ["script", "style", "iframe", "frame", "object", "embed", "form", "meta", "link", "base"];
    for tag in tree.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()) {
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        let outside: String = tag.split('"').step_by(2).collect();
        let is_script = ["javascript:", "vbscript:", "data:text"].iter().any(|it| tag.contains(it));
        if elements.contains(&name) || outside.contains(" on") || is_script {
            return Some(tag.to_owned());
        }
    }
    None
}

/// Parses as a browser would and writes the tree in one spelling, all let through.
fn tree(markup: &str) -> String {
    const TAGS: &str = "a abbr acronym address article aside audio b bdi bdo big blink blockquote \
        br caption center cite code col colgroup data dd del details dfn div dl dt em embed \
        figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 header hr i iframe img \
        input ins kbd li link main map mark meta base nav object ol p picture pre q rp rt ruby s \
        samp script section small source span strike strong style sub summary sup svg table tbody \
        td tfoot th thead time tr track tt u ul var video wbr math template";
    static OPEN: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
        let letters = "a b c d e f g h i j k l m n o p q r s t u v w x y z";
        let mut builder = ammonia::Builder::empty();
        builder
            .tags(TAGS.split_whitespace().collect())
            .clean_content_tags(HashSet::new())
            .generic_attribute_prefixes(letters.split_whitespace().collect())
            .url_schemes(
                "http https mailto tel magnet javascript vbscript data".split(' ').collect(),
            )
            .link_rel(None);
        builder
    });
    OPEN.clean(markup).to_string().trim().to_owned()
}

/// A path, step by step: `source.authors[1].email`.
fn split(path: &str) -> (&str, usize, &str) {
    let (name, field) = path.split_once('.').unwrap_or((path, ""));
    let (name, index) = name.split_once('[').unwrap_or((name, "0]"));
    (name, index.trim_end_matches(']').parse().unwrap(), field)
}

fn find(case: &Case, path: &str) -> Found {
    if let Some(path) = path.strip_prefix("feed.") {
        return of_feed(case, path);
    }
    let (_, index, rest) = split(path);
    let raw = case.raw.items.get(index).and_then(|item| item.entry.as_ref());
    let entry = case.feed.items.get(index).and_then(|item| item.entry.as_ref());
    match (raw, entry) {
        (Some(raw), Some(entry)) => of_entry(raw, entry, rest),
        _ => Found::Nothing,
    }
}

fn of_feed(case: &Case, path: &str) -> Found {
    let meta = &case.feed.meta;
    let (name, index, field) = split(path);
    match name {
        "title" => Found::Plain(meta.title.clone()),
        "link" => Found::Plain(meta.site.clone()),
        "updated" | "published" => Found::At(meta.updated),
        "authors" => of_person(meta.authors.get(index), field),
        "categories" => of_category(meta.categories.get(index), field),
        _ => Found::Nothing,
    }
}

fn of_entry(raw: &RawEntry, entry: &Entry, path: &str) -> Found {
    let (name, index, field) = split(path);
    let either = |first: &Option<String>, other: &Option<String>| {
        Found::Html(first.clone().or_else(|| other.clone()))
    };
    match name {
        "title" => Found::Plain(Some(entry.title.clone())),
        "link" => Found::Plain(entry.link.clone()),
        "id" => Found::Plain(entry.guid.clone()),
        "title_lang" => Found::Plain(entry.title_language.clone().or(entry.language.clone())),
        "summary_lang" => Found::Plain(entry.summary_language.clone().or(entry.language.clone())),
        "content_lang" => Found::Plain(entry.language.clone()),
        "summary_html" => either(&entry.summary, &entry.content),
        "content_html" => either(&entry.content, &entry.summary),
        "published" => Found::At(entry.published),
        "updated" => Found::At(entry.updated),
        "rights" => Found::Plain(entry.rights.clone()),
        "authors" => of_person(entry.authors.get(index), field),
        "contributors" => of_person(entry.contributors.get(index), field),
        "categories" => of_category(entry.categories.get(index), field),
        "enclosures" => {
            let file = entry.enclosures.get(index);
            Found::Plain(file.and_then(|file| match field {
                "url" => Some(file.url.clone()),
                "type" => file.mime.clone(),
                _ => file.length.map(|length| length.to_string()),
            }))
        }
        // Only the document knows the order of links.
        "links" => Found::Plain(raw.links.get(index).and_then(|link| match field {
            "rel" => Some(link.rel.clone()),
            "href" => Some(link.href.clone()),
            "type" => link.mime.clone(),
            "title" => link.title.clone(),
            _ => link.hreflang.clone(),
        })),
        "source" => of_source(entry, field),
        _ => Found::Nothing,
    }
}

fn of_source(entry: &Entry, path: &str) -> Found {
    let Some(origin) = &entry.origin else { return Found::Nothing };
    let (name, index, field) = split(path);
    match name {
        "id" => Found::Plain(origin.id.clone()),
        "title" => Found::Plain(origin.title.clone()),
        "link" => Found::Plain(origin.site.clone()),
        "rights" => Found::Plain(origin.rights.clone()),
        "subtitle" => Found::Plain(origin.subtitle.clone()),
        "authors" => of_person(origin.authors.get(index), field),
        "contributors" => of_person(origin.contributors.get(index), field),
        "categories" => of_category(origin.categories.get(index), field),
        _ => Found::Nothing,
    }
}

fn of_person(person: Option<&Person>, field: &str) -> Found {
    Found::Plain(person.and_then(|person| match field {
        "name" => Some(person.name.clone()),
        "email" => person.email.clone(),
        _ => person.uri.clone(),
    }))
}

fn of_category(category: Option<&Category>, field: &str) -> Found {
    Found::Plain(category.and_then(|category| match field {
        "term" => Some(category.term.clone()),
        "scheme" => category.scheme.clone(),
        _ => category.label.clone(),
    }))
}

// ---- our own Atom

fn find_published(case: &Case, path: &str) -> Found {
    let (_, index, rest) = split(path);
    let of_feed = path.strip_prefix("feed.");
    let published = published::publish(&case.feed, index, &case.url);
    let entry = published.entry();
    match of_feed {
        Some(path) => entry.one(ATOM, "source").map_or(Found::Nothing, |it| of_node(it, path)),
        None => {
            let raw = case.raw.items.get(index).and_then(|item| item.entry.as_ref());
            raw.map_or(Found::Nothing, |raw| of_published(&published, raw, rest))
        }
    }
}

fn of_published(published: &Published, raw: &RawEntry, path: &str) -> Found {
    let entry = published.entry();
    let (name, index, field) = split(path);
    let either =
        |first: &str, other: &str| Found::Html(text(entry, first).or_else(|| text(entry, other)));
    match name {
        "title_lang" => Found::Plain(published.language("title")),
        "summary_lang" => Found::Plain(published.language("summary")),
        "content_lang" => Found::Plain(published.language("content")),
        "summary_html" => either("summary", "content"),
        "content_html" => either("content", "summary"),
        "enclosures" => {
            let file = links(entry, "enclosure").nth(index);
            let field = if field == "url" { "href" } else { field };
            Found::Plain(file.and_then(|file| file.attribute(field)).map(str::to_owned))
        }
        // Ours stand in an order of their own: the address tells which is which.
        "links" => {
            let href = raw.links.get(index).map(|link| link.href.as_str());
            let is_it = |link: &&Node| href.is_some() && link.attribute("href") == href;
            let link = entry.all(ATOM, "link").find(is_it);
            Found::Plain(link.and_then(|link| link.attribute(field)).map(str::to_owned))
        }
        "source" => entry.one(ATOM, "source").map_or(Found::Nothing, |it| of_node(it, field)),
        _ => of_node(entry, path),
    }
}

/// What entries and `atom:source` have in common.
fn of_node(node: &Node, path: &str) -> Found {
    let (name, index, field) = split(path);
    let person = |element: &str| {
        let person = node.all(ATOM, element).nth(index);
        Found::Plain(person.and_then(|person| text(person, field)))
    };
    match name {
        "link" => Found::Plain(
            links(node, "alternate").find_map(|link| link.attribute("href")).map(str::to_owned),
        ),
        "published" | "updated" => Found::At(text(node, name).map(|it| it.parse().unwrap())),
        "authors" => person("author"),
        "contributors" => person("contributor"),
        "categories" => Found::Plain(attribute(node, "category", index, field)),
        _ => Found::Plain(text(node, name)),
    }
}
