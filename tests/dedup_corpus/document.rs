//! Reads the corpus' documents: clean RSS and Atom of known shape.

use feedmill::model::entry::Entry;
use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// A document of the corpus.
#[derive(Default)]
pub(crate) struct Document {
    pub(crate) title: String,
    pub(crate) site: String,
    pub(crate) items: Vec<Item>,
}

/// One item.
#[derive(Default)]
pub(crate) struct Item {
    /// The guid as written, else the link as written.
    pub(crate) key: String,
    pub(crate) entry: Entry,
}

pub(crate) fn read(xml: &str) -> Document {
    let mut reader = Reader::from_str(xml);
    let mut document = Document::default();
    let mut item: Option<Item> = None;
    let mut path: Vec<String> = Vec::new();
    let mut text = String::new();
    let mut is_plain = false;
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(tag) => {
                let name = name_of(&tag);
                text.clear();
                is_plain = attribute(&tag, "type").as_deref() == Some("text");
                if matches!(name.as_str(), "item" | "entry") {
                    item = Some(Item::default());
                }
                path.push(name);
            }
            Event::Empty(tag) if name_of(&tag) == "link" && !path.contains(&"source".into()) => {
                let rel = attribute(&tag, "rel").unwrap_or_else(|| "alternate".into());
                let href = attribute(&tag, "href").expect("a link has href");
                match (&mut item, rel.as_str()) {
                    (Some(item), "alternate") => item.entry.link = Some(href),
                    (None, "alternate") => document.site = href,
                    _ => {}
                }
            }
            Event::Text(part) => text.push_str(&part),
            Event::CData(part) => text.push_str(&part),
            Event::GeneralRef(name) => {
                let escaped = format!("&{};", &*name);
                text.push_str(&quick_xml::escape::unescape(&escaped).expect("a known entity"));
            }
            Event::End(_) => {
                let name = path.pop().expect("balanced");
                let parent = path.last().map_or("", String::as_str);
                match (name.as_str(), parent) {
                    ("item" | "entry", _) => {
                        let mut item = item.take().expect("inside an item");
                        item.key =
                            item.entry.guid.clone().or(item.entry.link.clone()).unwrap_or_default();
                        document.items.push(item);
                    }
                    (_, "item" | "entry") => {
                        let entry = &mut item.as_mut().expect("inside an item").entry;
                        set_field(entry, &name, std::mem::take(&mut text), is_plain);
                    }
                    ("title", "channel" | "feed") => document.title = std::mem::take(&mut text),
                    ("link", "channel") => document.site = std::mem::take(&mut text),
                    _ => {}
                }
            }
            Event::Eof => return document,
            _ => {}
        }
    }
}

fn set_field(entry: &mut Entry, name: &str, text: String, is_plain: bool) {
    let html = |text: String| {
        if is_plain { text.replace('&', "&amp;").replace('<', "&lt;") } else { text }
    };
    match name {
        "title" => entry.title = text,
        "link" if !text.trim().is_empty() => entry.link = Some(text),
        "guid" | "id" => entry.guid = Some(text),
        "feedburner:origLink" => entry.orig_link = Some(text),
        "description" | "summary" => entry.summary = Some(html(text)),
        "content:encoded" | "content" => entry.content = Some(html(text)),
        "pubDate" => {
            let zoned = jiff::fmt::rfc2822::DateTimeParser::new().parse_zoned(text.trim());
            entry.published = zoned.ok().map(|zoned| zoned.timestamp());
        }
        "published" => entry.published = text.trim().parse::<Timestamp>().ok(),
        "updated" => entry.updated = text.trim().parse::<Timestamp>().ok(),
        _ => {}
    }
}

fn name_of(tag: &BytesStart<'_>) -> String {
    tag.name().as_ref().to_owned()
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).expect("well-formed")?;
    Some(quick_xml::escape::unescape(&attribute.value).expect("known entities").into_owned())
}
