//! Reads rendered documents back with plain parsers, into what R61 compares.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

pub(crate) const ATOM: &str = "http://www.w3.org/2005/Atom";
pub(crate) const MEDIA: &str = "http://search.yahoo.com/mrss/";

/// An element: its namespace (empty: none), attributes, text directly inside, children.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) children: Vec<Node>,
}

impl Node {
    pub(crate) fn all<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Node> {
        self.children.iter().filter(move |c| c.namespace == namespace && c.name == name)
    }

    pub(crate) fn one(&self, namespace: &str, name: &str) -> Option<&Node> {
        self.children.iter().find(|c| c.namespace == namespace && c.name == name)
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn text_of(&self, namespace: &str, name: &str) -> Option<String> {
        self.one(namespace, name).map(|node| node.text.clone())
    }
}

/// Reads a document; an error is anything that XML 1.0 or its namespaces forbid and a reader of
/// ours can see.
pub(crate) fn tree(bytes: &[u8]) -> Result<Node, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    if let Some(c) = text.chars().find(|c| !is_legal(*c)) {
        return Err(format!("U+{:04X} is no XML character", u32::from(c)));
    }
    let mut reader = NsReader::from_str(text);
    let mut open = vec![Node::default()];
    loop {
        let (resolved, event) = reader.read_resolved_event().map_err(|e| e.to_string())?;
        let namespace = match resolved {
            ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(prefix) => return Err(format!("unbound prefix {prefix:?}")),
        };
        match event {
            Event::Start(tag) => open.push(node(namespace, &tag)?),
            Event::Empty(tag) => open.last_mut().unwrap().children.push(node(namespace, &tag)?),
            Event::End(_) => {
                let closed = open.pop().unwrap();
                open.last_mut().ok_or("end without start")?.children.push(closed);
            }
            Event::Text(part) => open.last_mut().unwrap().text += &part.xml10_content(),
            Event::CData(part) => open.last_mut().unwrap().text += &part.xml10_content(),
            Event::GeneralRef(name) => {
                let c = name.resolve_char_ref().map_err(|e| e.to_string())?;
                let named = resolve_predefined_entity(&name).map(str::to_owned);
                let value = c.map(String::from).or(named).ok_or("unknown entity")?;
                open.last_mut().unwrap().text += &value;
            }
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    if open.len() != 1 {
        return Err("an element is not closed".into());
    }
    let root = open.pop().and_then(|mut document| document.children.pop());
    root.ok_or_else(|| "no root".into())
}

fn node(namespace: String, tag: &BytesStart<'_>) -> Result<Node, String> {
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value =
            attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| e.to_string())?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    let name = tag.local_name().as_ref().to_owned();
    Ok(Node { namespace, name, attributes, ..Node::default() })
}

/// XML 1.0 §2.2: `Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]`.
pub(crate) fn is_legal(c: char) -> bool {
    let n = u32::from(c);
    matches!(n, 0x9 | 0xA | 0xD | 0x20..=0xD7FF | 0xE000..=0xFFFD | 0x10000..=0x10FFFF)
}

/// What R61 compares of an item; the title without white space around it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) id: String,
    pub(crate) link: String,
    pub(crate) title: String,
    pub(crate) published: Option<i64>,
    pub(crate) files: Vec<String>,
}

fn trimmed(text: Option<String>) -> String {
    text.unwrap_or_default().trim().to_owned()
}

fn seconds(rfc3339: &str) -> i64 {
    rfc3339.parse::<jiff::Timestamp>().unwrap().as_second()
}

pub(crate) fn atom_facts(bytes: &[u8]) -> Result<Vec<Facts>, String> {
    let feed = tree(bytes)?;
    let links = |entry: &Node, rel: &str| -> Vec<String> {
        let of_rel = entry.all(ATOM, "link").filter(|link| link.attribute("rel") == Some(rel));
        of_rel.filter_map(|link| link.attribute("href").map(str::to_owned)).collect()
    };
    let facts = |entry: &Node| Facts {
        id: entry.text_of(ATOM, "id").unwrap(),
        link: links(entry, "alternate").remove(0),
        title: trimmed(entry.text_of(ATOM, "title")),
        published: entry.text_of(ATOM, "published").map(|text| seconds(&text)),
        files: links(entry, "enclosure"),
    };
    Ok(feed.all(ATOM, "entry").map(facts).collect())
}

/// RSS has a `pubDate` for undated items too: the day they are filed under.
pub(crate) fn rss_facts(bytes: &[u8]) -> Result<Vec<Facts>, String> {
    let rss = tree(bytes)?;
    let channel = rss.one("", "channel").ok_or("no channel")?;
    let facts = |item: &Node| {
        let date = item.text_of("", "pubDate").unwrap();
        let date = jiff::fmt::rfc2822::parse(&date).unwrap();
        let files = item.all("", "enclosure").chain(item.all(MEDIA, "content"));
        Facts {
            id: item.text_of("", "guid").unwrap(),
            link: item.text_of("", "link").unwrap(),
            title: trimmed(item.text_of("", "title")),
            published: Some(date.timestamp().as_second()),
            files: files.map(|file| file.attribute("url").unwrap().to_owned()).collect(),
        }
    };
    Ok(channel.all("", "item").map(facts).collect())
}

pub(crate) fn json_facts(bytes: &[u8]) -> Result<Vec<Facts>, String> {
    let feed: serde_json::Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let facts = |item: &serde_json::Value| {
        let files = item["attachments"].as_array().into_iter().flatten();
        Facts {
            id: text(&item["id"]).unwrap(),
            link: text(&item["url"]).unwrap(),
            title: trimmed(text(&item["title"])),
            published: item["date_published"].as_str().map(seconds),
            files: files.map(|file| text(&file["url"]).unwrap()).collect(),
        }
    };
    Ok(feed["items"].as_array().ok_or("no items")?.iter().map(facts).collect())
}
