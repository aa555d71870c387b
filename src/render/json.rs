//! Writes JSON Feed 1.1.
//!
//! Standards: JSON Feed 1.1; R48–R60, R75. The names of members come in a fixed order; our own
//! words are in `_feedmill`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::plain::plain;
use super::xml::{clean, iri, rfc3339};
use super::{Document, GENERATOR_URI, Item, MEDIA_TYPE_UNKNOWN, display_name, foreign, named};
use crate::model::entry::{Element, Enclosure, Person, REL_EXTERNAL};

/// Media type of the format.
pub const MEDIA_TYPE: &str = "application/feed+json";

/// Writes the document.
#[expect(clippy::expect_used, reason = "a Value has only string keys and its numbers are whole")]
pub fn write(document: &Document) -> Vec<u8> {
    serde_json::to_vec(&feed(document)).expect("invariant: a Value can always be written")
}

fn feed(document: &Document) -> Value {
    let mut feed = Members::default();
    feed.put("version", "https://jsonfeed.org/version/1.1");
    feed.put("title", text(&document.title));
    feed.put("home_page_url", url(&document.page_url));
    feed.put("feed_url", url(&document.json_url));
    feed.put_if("description", named(&document.subtitle).map(text));
    feed.put_if("next_url", next_url(document).as_deref().map(url));
    feed.put_list("authors", named(&document.site_title).map(|name| json!({ "name": text(name) })));
    feed.put_if("language", named(&document.language).map(text));
    let hub = document.hub.as_deref().map(|hub| json!({ "type": "WebSub", "url": url(hub) }));
    feed.put_list("hubs", hub);
    feed.put("items", document.items.iter().map(|one| item(document, one)).collect::<Vec<_>>());
    feed.0.into()
}

/// Returns the page that follows: the next one, else the newest archive document; never the
/// document itself (R55).
fn next_url(document: &Document) -> Option<String> {
    let path = |rel: &str| document.paging.iter().find(|(named, _)| named == rel);
    let (_, path) = path("next").or_else(|| path("prev-archive"))?;
    Some(format!("{path}.json")).filter(|url| *url != document.json_url)
}

fn item(document: &Document, item: &Item) -> Value {
    let mut members = Members::default();
    members.put("id", text(&item.id));
    members.put("url", url(item.permalink()));
    let external = item.links.iter().find(|it| it.rel == REL_EXTERNAL);
    members.put_if("external_url", external.map(|it| url(&it.href)));
    members.put_if("title", named(&item.title).map(|_| text(&item.title)));
    put_body(&mut members, item);
    members.put_if("image", item.image().map(url));
    members.put_if("date_published", item.published.map(instant));
    members.put("date_modified", instant(item.updated));
    members.put_list("authors", item.credited_authors(document).iter().map(author));
    members.put_list("tags", tags(item));
    members.put_if("language", item.language.as_deref().and_then(named).map(text));
    members.put_list("attachments", item.enclosures.iter().map(attachment));
    members.put("_feedmill", credits(item));
    members.0.into()
}

/// Writes the body: the content; else the summary in its place; else the title as text, for an item
/// must have one (R51).
fn put_body(members: &mut Members, item: &Item) {
    match (&item.content, &item.summary) {
        (Some(content), summary) => {
            members.put("content_html", text(content));
            members.put_if("summary", summary.as_deref().and_then(plain_summary));
        }
        (None, Some(summary)) => members.put("content_html", text(summary)),
        (None, None) => members.put("content_text", text(&item.title)),
    }
}

fn plain_summary(html: &str) -> Option<Value> {
    let summary = plain(html);
    named(&summary).map(text)
}

fn author(person: &Person) -> Value {
    let mut author = Members::default();
    author.put_if("name", display_name(person).map(text));
    author.put_if("url", person.uri.as_deref().map(url));
    author.0.into()
}

/// Returns the publisher's categories and then ours, as people read them, each once.
fn tags(item: &Item) -> Vec<Value> {
    let own = item
        .categories
        .iter()
        .map(|category| category.label.as_deref().and_then(named).unwrap_or(&category.term));
    let sections = item.sections.iter().map(|(_, title)| title.as_str());
    let mut tags = Vec::new();
    for tag in own.chain(sections).filter_map(named).map(text) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

fn attachment(file: &Enclosure) -> Value {
    let mut attachment = Members::default();
    attachment.put("url", url(&file.url));
    let mime = file.mime.as_deref().and_then(named).unwrap_or(MEDIA_TYPE_UNKNOWN);
    attachment.put("mime_type", text(mime));
    attachment.put_if("title", file.title.as_deref().and_then(named).map(text));
    attachment.put_if("size_in_bytes", file.length.map(Value::from));
    attachment.put_if("duration_in_seconds", file.duration_s.map(Value::from));
    attachment.0.into()
}

/// Returns where the item comes from and who else carries it (R57).
fn credits(item: &Item) -> Value {
    let credit = &item.source;
    let mut source = Members::default();
    source.put("id", text(named(&credit.slug).unwrap_or(&credit.id)));
    source.put("title", text(credit.display_title()));
    source.put_if("url", credit.feed_url.as_deref().or(credit.site.as_deref()).map(url));
    let copies = item.copies.iter().map(|copy| {
        let mut members = Members::default();
        members.put("source", text(&copy.source));
        members.put("title", text(&copy.title));
        members.put_if("url", copy.url.as_deref().map(url));
        members.put("published", instant(copy.published));
        Value::from(members.0)
    });
    let mut credits = Members::default();
    credits.put("about", GENERATOR_URI);
    credits.put("source", source.0);
    credits.put("copies", copies.collect::<Vec<_>>());
    let elements = foreign::writable(&item.extensions);
    credits.put_list("elements", elements.iter().map(foreign_element));
    credits.0.into()
}

/// Returns an element of another vocabulary (R78, R79), named as it is in XML.
fn foreign_element(element: &Element) -> Value {
    let mut members = Members::default();
    members.put("name", format!("{}:{}", element.prefix, element.name));
    let attributes = element.attributes.iter();
    let attributes: Map<String, Value> =
        attributes.map(|(name, value)| (name.clone(), text(value))).collect();
    members.put_if("attributes", Some(attributes).filter(|it| !it.is_empty()).map(Value::from));
    members.put_if("text", named(&element.text).map(text));
    members.put_list("children", element.children.iter().map(foreign_element));
    members.0.into()
}

fn text(text: &str) -> Value {
    Value::from(clean(text))
}

fn url(url: &str) -> Value {
    Value::from(iri(url))
}

fn instant(instant: Timestamp) -> Value {
    Value::from(rfc3339(instant))
}

/// An object in the making; members keep their order.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn put_if(&mut self, name: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn put_list(&mut self, name: &str, values: impl IntoIterator<Item = Value>) {
        let values: Vec<_> = values.into_iter().collect();
        self.put_if(name, Some(values).filter(|values| !values.is_empty()).map(Value::from));
    }
}
