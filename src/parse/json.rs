//! JSON Feed 1.0 and 1.1, read with good will (jsonfeed.org/version/1.1).
//!
//! A number stands in for a string, `http` for `https`, a fraction for a size; an item without id
//! is dropped as the standard demands (P93). feed-rs takes no part: it refuses all of these.

use serde_json::{Map, Value};
use url::Url;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::ParseError;
use super::bounded::{self, Outline};
use super::context::Context;
use super::entity;
use super::flaws::{Flaw, Flaws};
use super::mend_json;
use super::repair::{ITEMS_MAX, TEXT_BYTES_MAX};
use crate::model::entry::{Category, GuidKind, REL_EXTERNAL};
use crate::model::raw::{
    RawEnclosure, RawEntry, RawFeed, RawItem, RawLink, RawMeta, RawPerson, RawText, TextKind,
};
use crate::model::source::{ItemHash, PublisherWish};

/// Tags, authors and attachments read of one item, each.
const LIST_MAX: usize = 500;

type Object = Map<String, Value>;

/// Reads a JSON feed, mended where it cannot be read as it is.
pub(super) fn read(
    text: &str,
    context: &Context,
    salt: u64,
    known: &dyn Fn(ItemHash) -> bool,
    mut flaws: Flaws,
) -> Result<RawFeed, ParseError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let error = match feed_of(text, context, salt, known, flaws.clone()) {
        Err(error @ ParseError::Malformed { .. }) => error,
        read => return read,
    };
    let Some(mended) = mend_json::mend(text, &mut flaws) else { return Err(error) };
    match feed_of(&mended, context, salt, known, flaws) {
        Err(ParseError::Malformed { .. } | ParseError::Limit { .. }) => Err(error),
        read => read,
    }
}

fn feed_of(
    text: &str,
    context: &Context,
    salt: u64,
    known: &dyn Fn(ItemHash) -> bool,
    mut flaws: Flaws,
) -> Result<RawFeed, ParseError> {
    let outline = Outline::read(text).map_err(|error| refuse(&error))?;
    if !is_feed(&outline) {
        return Err(ParseError::NotAFeed { what: "JSON that is no feed" });
    }
    let mut reader = Reader { context, flaws: &mut flaws };
    let mut items = Vec::new();
    let seed =
        xxh3_64_with_seed(context.mark().as_bytes(), salt ^ u64::from(super::READER_VERSION));
    for item in outline.items.iter().flatten() {
        if items.len() >= ITEMS_MAX {
            reader.flaws.add(Flaw::TooManyItems);
            break;
        }
        let hash = ItemHash(xxh3_64_with_seed(item.get().as_bytes(), seed));
        if known(hash) {
            items.push(RawItem { hash: Some(hash), entry: None });
            continue;
        }
        let value = outline.item(item).map_err(|error| refuse(&error))?;
        match value.as_object().and_then(|item| reader.entry(item)) {
            Some(entry) => items.push(RawItem { hash: Some(hash), entry: Some(entry) }),
            None => reader.flaws.add(Flaw::ItemWithoutId),
        }
    }
    let meta = reader.meta(&outline.feed);
    let wish = PublisherWish {
        is_complete: outline.feed.get("expired").and_then(Value::as_bool) == Some(true),
        ..PublisherWish::default()
    };
    Ok(RawFeed { meta, items, wish, flaws: flaws.list() })
}

/// A refusal has no code, only words.
fn refuse(error: &serde_json::Error) -> ParseError {
    let reason = error.to_string();
    if reason.starts_with(bounded::TOO_DEEP) {
        return ParseError::Limit { what: "nested JSON values", limit: bounded::JSON_DEPTH_MAX };
    }
    if reason.starts_with(bounded::TOO_MANY) {
        return ParseError::Limit { what: "JSON values", limit: bounded::JSON_VALUES_MAX };
    }
    ParseError::Malformed { format: "JSON", reason }
}

/// `version` says so; else a list of items with anything else that feeds have.
fn is_feed(Outline { feed, items, .. }: &Outline<'_>) -> bool {
    let version = feed.get("version").and_then(Value::as_str).unwrap_or_default();
    version.contains("jsonfeed.org/version/")
        || items.is_some()
            && ["title", "home_page_url", "feed_url"].iter().any(|key| feed.contains_key(*key))
}

struct Reader<'a> {
    context: &'a Context,
    flaws: &'a mut Flaws,
}

impl Reader<'_> {
    /// Reads a string; a number stands in for one.
    fn string(&mut self, object: &Object, key: &str) -> Option<String> {
        let text = match object.get(key)? {
            Value::String(text) => entity::clean(text, self.flaws).into_owned(),
            Value::Number(number) => {
                self.flaws.add(Flaw::BadJsonField);
                number.to_string()
            }
            Value::Null => return None,
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                self.flaws.add(Flaw::BadJsonField);
                return None;
            }
        };
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    fn text(&mut self, object: &Object, key: &str, kind: TextKind) -> Option<RawText> {
        let mut value = self.string(object, key)?;
        if value.len() > TEXT_BYTES_MAX {
            self.flaws.add(Flaw::TextTooLong);
            let cut = (0..=TEXT_BYTES_MAX).rev().find(|at| value.is_char_boundary(*at));
            value.truncate(cut.unwrap_or(0));
        }
        let base = self.context.base();
        let language = None;
        Some(RawText { value, kind, base, language })
    }

    fn url(&mut self, object: &Object, key: &str) -> Option<String> {
        let url = self.string(object, key)?;
        self.context.resolve(&url)
    }

    fn link(&mut self, object: &Object, key: &str, rel: &str) -> Option<RawLink> {
        let href = self.url(object, key)?;
        Some(RawLink { rel: rel.to_owned(), href, ..RawLink::default() })
    }

    fn objects<'v>(
        &self,
        object: &'v Object,
        key: &str,
    ) -> impl Iterator<Item = &'v Object> + use<'v> {
        let list = object.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_object).take(LIST_MAX)
    }

    fn entry(&mut self, item: &Object) -> Option<RawEntry> {
        let guid = self.string(item, "id")?;
        let mut links: Vec<RawLink> = self.link(item, "url", "alternate").into_iter().collect();
        // Many publishers write the permalink as the id only.
        if links.is_empty()
            && Url::parse(&guid).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        {
            links.push(RawLink {
                rel: "alternate".to_owned(),
                href: guid.clone(),
                ..RawLink::default()
            });
        }
        // The page that a link blog writes about stands in for a permalink (R52).
        if links.is_empty() {
            links.extend(self.link(item, "external_url", "alternate"));
        }
        links.extend(self.link(item, "external_url", REL_EXTERNAL));
        let html = self.text(item, "content_html", TextKind::Html);
        Some(RawEntry {
            title: self.text(item, "title", TextKind::Plain),
            summary: self.text(item, "summary", TextKind::Plain),
            content: html.or_else(|| self.text(item, "content_text", TextKind::Plain)),
            links,
            authors: self.authors(item),
            categories: self.tags(item),
            enclosures: self.attachments(item),
            extensions: self.images(item),
            language: self.string(item, "language"),
            published: self.string(item, "date_published").into_iter().collect(),
            updated: self.string(item, "date_modified").into_iter().collect(),
            guid: Some(guid),
            guid_kind: GuidKind::JsonId,
            ..RawEntry::default()
        })
    }

    /// Reads `authors` (1.1) or `author` (1.0).
    fn authors(&mut self, object: &Object) -> Vec<RawPerson> {
        let mut people: Vec<&Object> = self.objects(object, "authors").collect();
        if people.is_empty() {
            people.extend(object.get("author").and_then(Value::as_object));
        }
        let people = people.into_iter().map(|person| RawPerson {
            name: self.string(person, "name"),
            email: None,
            uri: self.url(person, "url"),
        });
        people.filter(|person| person.name.is_some() || person.uri.is_some()).collect()
    }

    fn tags(&mut self, item: &Object) -> Vec<Category> {
        let tags = item.get("tags").and_then(Value::as_array);
        let tags = tags.into_iter().flatten().filter_map(Value::as_str).map(str::trim);
        let tags = tags.filter(|tag| !tag.is_empty()).take(LIST_MAX);
        tags.map(|tag| Category {
            term: entity::clean(tag, self.flaws).into_owned(),
            scheme: None,
            label: None,
        })
        .collect()
    }

    fn attachments(&mut self, item: &Object) -> Vec<RawEnclosure> {
        let files: Vec<&Object> = self.objects(item, "attachments").collect();
        let files = files.into_iter().filter_map(|file| {
            Some(RawEnclosure {
                url: self.url(file, "url")?,
                mime: self.string(file, "mime_type"),
                length: number(file, "size_in_bytes"),
                title: self.string(file, "title"),
                duration: number(file, "duration_in_seconds"),
            })
        });
        files.collect()
    }

    /// Keeps `image` and `banner_image` as the thumbnails they are elsewhere.
    fn images(&mut self, item: &Object) -> Vec<crate::model::entry::Element> {
        let keys = ["image", "banner_image"];
        let urls: Vec<String> = keys.iter().filter_map(|key| self.url(item, key)).collect();
        let thumbnail = |url| crate::model::entry::Element {
            prefix: "media".to_owned(),
            name: "thumbnail".to_owned(),
            attributes: vec![("url".to_owned(), url)],
            ..crate::model::entry::Element::default()
        };
        urls.into_iter().map(thumbnail).collect()
    }

    fn meta(&mut self, feed: &Object) -> RawMeta {
        let mut links: Vec<RawLink> = Vec::new();
        links.extend(self.link(feed, "home_page_url", "alternate"));
        links.extend(self.link(feed, "feed_url", "self"));
        links.extend(self.link(feed, "next_url", "next"));
        for hub in self.objects(feed, "hubs") {
            links.extend(self.link(hub, "url", "hub"));
        }
        RawMeta {
            title: self.text(feed, "title", TextKind::Plain),
            subtitle: self.text(feed, "description", TextKind::Plain),
            links,
            language: self.string(feed, "language"),
            authors: self.authors(feed),
            icon: self.url(feed, "favicon"),
            logo: self.url(feed, "icon"),
            ..RawMeta::default()
        }
    }
}

/// Reads a count as text: a fraction is cut, anything but a number is passed on as written.
fn number(object: &Object, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::Number(number) => {
            let text = number.to_string();
            Some(text.split('.').next().unwrap_or(&text).to_owned())
        }
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
