//! The rules of RSS 2.0 with its Profile, and of JSON Feed 1.1, on a finished document: every breach
//! is named by its number (R34–R60).
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "each test file uses a part"
)]

use std::collections::BTreeSet;

use serde_json::Value;

use super::readers::{ATOM, Node, tree};

const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
const DC: &str = "http://purl.org/dc/elements/1.1/";
/// What RSS 2.0 knows, at most once each unless said otherwise.
const OF_CHANNEL: &[&str] = &[
    "title",
    "link",
    "description",
    "language",
    "copyright",
    "managingEditor",
    "webMaster",
    "pubDate",
    "lastBuildDate",
    "category",
    "generator",
    "docs",
    "cloud",
    "ttl",
    "image",
    "rating",
    "textInput",
    "skipHours",
    "skipDays",
    "item",
];
const OF_ITEM: &[&str] = &[
    "title",
    "link",
    "description",
    "author",
    "category",
    "comments",
    "enclosure",
    "guid",
    "pubDate",
    "source",
];
const REPEATED: &[&str] = &["item", "category"];

/// Returns what is wrong with an RSS document.
pub fn breaches_of_rss(bytes: &[u8]) -> Vec<String> {
    let rss = match tree(bytes) {
        Ok(rss) => rss,
        Err(error) => return vec![format!("R1, R46: {error}")],
    };
    let mut wrong = Vec::new();
    let mut holds = |rule: &str, is_held: bool| wrong.extend((!is_held).then(|| rule.to_owned()));
    holds("R34: rss 2.0", rss.name == "rss" && rss.attribute("version") == Some("2.0"));
    let [channel] = rss.children.as_slice() else { return vec!["R34: one channel".to_owned()] };
    let text = |name: &str| channel.one("", name).map_or("", |node| node.text.as_str());
    for name in ["title", "link", "description"] {
        holds(&format!("R34: channel/{name}"), !text(name).trim().is_empty());
    }
    holds("R34: link is a page", is_web(text("link")) && !text("link").ends_with(".rss"));
    let links: Vec<_> = channel.all(ATOM, "link").collect();
    let own: Vec<_> = links.iter().filter(|link| link.attribute("rel") == Some("self")).collect();
    holds("R36: one self", own.len() == 1);
    let kind = own.first().and_then(|link| link.attribute("type"));
    holds("R36: its type", kind == Some("application/rss+xml"));
    holds("R39: lastBuildDate", is_date(text("lastBuildDate")));
    holds("R45: ttl", text("ttl").parse::<u32>().is_ok_and(|minutes| minutes > 0));
    holds("R34: elements of the channel", is_known(channel, OF_CHANNEL));
    let mut guids = BTreeSet::new();
    for item in channel.all("", "item") {
        let guid = item.one("", "guid").map_or("", |guid| guid.text.as_str());
        wrong.extend(breaches_of_item(item).into_iter().map(|rule| format!("{rule} in {guid:?}")));
        if !guids.insert(guid) {
            wrong.push(format!("R8, R37: {guid:?} twice"));
        }
    }
    wrong
}

fn breaches_of_item(item: &Node) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut holds = |rule: &str, is_held: bool| wrong.extend((!is_held).then(|| rule.to_owned()));
    let text = |name: &str| item.one("", name).map(|node| node.text.as_str());
    holds("elements", is_known(item, OF_ITEM));
    holds("R35: title or description", text("title").or(text("description")).is_some());
    let guid = item.one("", "guid");
    holds("R37: guid", guid.is_some_and(|guid| !guid.text.trim().is_empty()));
    let permalink = guid.filter(|guid| guid.attribute("isPermaLink") != Some("false"));
    holds("R37: permalink", permalink.is_none_or(|guid| Some(guid.text.as_str()) == text("link")));
    holds("link", text("link").is_some_and(|link| !link.trim().is_empty()));
    holds("R39: pubDate", text("pubDate").is_none_or(is_date));
    let place = |namespace: &str, name: &str| {
        item.children.iter().position(|node| node.namespace == namespace && node.name == name)
    };
    if let (Some(description), Some(full)) = (place("", "description"), place(CONTENT, "encoded")) {
        holds("R40: description first", description < full);
    }
    holds("R40: full text once", item.all(CONTENT, "encoded").count() <= 1);
    holds("R42: author is an address", text("author").is_none_or(|author| author.contains('@')));
    holds("R42: dc:creator", item.all(DC, "creator").all(|name| !name.text.trim().is_empty()));
    if let Some(file) = item.one("", "enclosure") {
        let of = |name: &str| file.attribute(name).unwrap_or_default();
        holds("R41: url", is_absolute(of("url")));
        holds("R41: length", of("length").parse::<u64>().is_ok());
        holds("R41: type", of("type").contains('/'));
    }
    if let Some(source) = item.one("", "source") {
        holds("R38: source", source.attribute("url").is_some_and(is_absolute));
        holds("R38: its title", !source.text.trim().is_empty());
    }
    wrong
}

/// Tells whether all elements without a namespace are of RSS 2.0, and those that stand once do.
fn is_known(node: &Node, known: &[&str]) -> bool {
    let plain: Vec<&str> = node
        .children
        .iter()
        .filter(|child| child.namespace.is_empty())
        .map(|child| child.name.as_str())
        .collect();
    let once: Vec<_> = plain.iter().filter(|name| !REPEATED.contains(name)).collect();
    plain.iter().all(|name| known.contains(name))
        && once.iter().collect::<BTreeSet<_>>().len() == once.len()
}

/// The parser refuses a wrong weekday.
fn is_date(text: &str) -> bool {
    let has_year = text.split(' ').nth(3).is_some_and(|year| year.len() == 4);
    has_year && jiff::fmt::rfc2822::parse(text).is_ok()
}

fn is_absolute(url: &str) -> bool {
    url::Url::parse(url).is_ok()
}

fn is_web(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Returns what is wrong with a JSON Feed.
pub fn breaches_of_json(bytes: &[u8]) -> Vec<String> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return vec!["R60: a byte order mark".to_owned()];
    }
    let feed: Value = match serde_json::from_slice(bytes) {
        Ok(feed) => feed,
        Err(error) => return vec![format!("R60: {error}")],
    };
    let mut wrong = Vec::new();
    let mut holds = |rule: &str, is_held: bool| wrong.extend((!is_held).then(|| rule.to_owned()));
    holds("R48: version", feed["version"] == "https://jsonfeed.org/version/1.1");
    holds("R48: title", feed["title"].as_str().is_some_and(|title| !title.is_empty()));
    for name in ["home_page_url", "feed_url"] {
        holds(&format!("R49: {name}"), feed[name].as_str().is_some_and(is_web));
    }
    let next = feed.get("next_url");
    holds("R55: next_url", next.is_none_or(|next| *next != feed["feed_url"] && next.is_string()));
    holds("R54: author", feed.get("author").is_none());
    holds("R57: extensions", are_extensions(&feed));
    holds("nothing is null", !has_null(&feed));
    let Some(items) = feed["items"].as_array() else { return vec!["R48: items".to_owned()] };
    let mut ids = BTreeSet::new();
    for item in items {
        let id = item["id"].as_str().unwrap_or_default();
        wrong.extend(
            breaches_of_json_item(item).into_iter().map(|rule| format!("{rule} in {id:?}")),
        );
        if id.is_empty() || !ids.insert(id) {
            wrong.push(format!("R50: {id:?}"));
        }
    }
    wrong
}

fn breaches_of_json_item(item: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut holds = |rule: &str, is_held: bool| wrong.extend((!is_held).then(|| rule.to_owned()));
    holds("R51: content", item["content_html"].is_string() || item["content_text"].is_string());
    holds("R52: url", item["url"].as_str().is_some_and(is_absolute));
    for name in ["date_published", "date_modified"] {
        let date = item.get(name);
        let is_date =
            |date: &Value| date.as_str().is_some_and(|d| d.parse::<jiff::Timestamp>().is_ok());
        holds(&format!("R53: {name}"), date.is_none_or(is_date));
    }
    holds("R54: author", item.get("author").is_none());
    let authors = item["authors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_somebody =
        |author: &Value| ["name", "url", "avatar"].iter().any(|key| author[key].is_string());
    holds("R54: authors", authors.iter().all(is_somebody));
    for file in item["attachments"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let mime = file["mime_type"].as_str();
        holds("R56: mime_type", mime.is_some_and(|mime| mime.contains('/')));
        holds("R56: url", file["url"].as_str().is_some_and(is_absolute));
        for name in ["size_in_bytes", "duration_in_seconds"] {
            holds(&format!("R56: {name}"), file.get(name).is_none_or(Value::is_number));
        }
    }
    let tags = item["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    holds("tags", tags.iter().all(Value::is_string));
    holds("R57: extensions", are_extensions(item));
    wrong
}

fn are_extensions(object: &Value) -> bool {
    let names = object.as_object().into_iter().flat_map(|members| members.keys());
    let is_sound = |name: &String| {
        let mut letters = name.chars().skip(1);
        letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && !name.contains('.')
    };
    names.filter(|name| name.starts_with('_')).all(is_sound)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
