//! Writes RSS 2.0 with the `rss` crate.
//!
//! Standards: RSS 2.0; RSS Profile (rssboard.org); RFC 5005 appendix B; Media RSS 1.5.1; R34–R47,
//! R73, R75, R78, R79. The crate escapes but does not drop what XML forbids, so that every string
//! is cleaned here; what it has no field for (links of Atom, Dublin Core, files after the first)
//! goes in as extension elements, in document order.

use std::collections::BTreeMap;

use rss::extension::{Extension, ExtensionMap};
use rss::{Category, Channel, Guid, Source};

use super::xml::{clean, iri, is_language, is_media_type, rfc822};
use super::{
    Document, GENERATOR, Item, MEDIA_TYPE_UNKNOWN, display_name, foreign, further_links, named,
};
use crate::model::entry::{Element, Enclosure};

/// Media type of the format.
pub const MEDIA_TYPE: &str = "application/rss+xml";

/// Writes the document.
pub fn write(document: &Document) -> Vec<u8> {
    let of_channel = channel_elements(document);
    let of_items: Vec<_> =
        document.items.iter().map(|item| item_elements(document, item)).collect();
    let used = foreign::prefixes(of_channel.iter().chain(of_items.iter().flatten()));
    let namespaces: BTreeMap<_, _> = used
        .into_iter()
        .filter_map(|prefix| Some((prefix.to_owned(), foreign::namespace(prefix)?.to_owned())))
        .collect();
    let items = document.items.iter().zip(of_items);
    let channel = Channel {
        title: text(&document.title),
        link: url(&document.page_url),
        description: text(named(&document.subtitle).unwrap_or(&document.title)),
        language: Some(document.language.clone()).filter(|tag| is_language(tag)),
        last_build_date: Some(rfc822(document.updated)),
        generator: Some(GENERATOR.to_owned()),
        ttl: Some(document.ttl_min.to_string()),
        extensions: extension_map(&of_channel),
        items: items.map(|(one, elements)| item(document, one, &elements)).collect(),
        namespaces,
        ..Channel::default()
    };
    numeric_references(&channel.to_string())
}

fn item(document: &Document, item: &Item, elements: &[Element]) -> rss::Item {
    let (description, content) = body(item);
    rss::Item {
        title: named(&item.title).map(|_| text(&item.title)),
        link: Some(url(item.permalink())),
        description,
        content,
        categories: categories(document, item),
        enclosure: item.enclosures.first().map(enclosure),
        guid: Some(guid(item)),
        pub_date: Some(rfc822(item.published.unwrap_or(item.date))),
        source: source(item),
        extensions: extension_map(elements),
        ..rss::Item::default()
    }
}

/// Returns `description` and `content:encoded` (R40). An item without a title has a description, be
/// it empty (R35).
fn body(item: &Item) -> (Option<String>, Option<String>) {
    match (&item.summary, &item.content) {
        (Some(summary), content) => (Some(text(summary)), content.as_deref().map(text)),
        (None, Some(content)) => (Some(text(content)), None),
        (None, None) => (named(&item.title).is_none().then(String::new), None),
    }
}

/// A guid is a permalink when it is the address that opens the item (R37).
fn guid(item: &Item) -> Guid {
    let is_web = item.id.starts_with("http://") || item.id.starts_with("https://");
    Guid { value: text(&item.id), permalink: is_web && item.id == item.permalink() }
}

fn categories(document: &Document, item: &Item) -> Vec<Category> {
    let own = item.categories.iter().map(|category| Category {
        name: text(&category.term),
        domain: category.scheme.as_deref().map(url),
    });
    let scheme = document.category_scheme();
    let sections = item.sections.iter().map(|(slug, title)| Category {
        name: text(title),
        domain: Some(url(&format!("{scheme}{slug}"))),
    });
    own.chain(sections).collect()
}

fn enclosure(file: &Enclosure) -> rss::Enclosure {
    rss::Enclosure {
        url: url(&file.url),
        length: file.length.unwrap_or(0).to_string(),
        mime_type: media_type(file).unwrap_or_else(|| MEDIA_TYPE_UNKNOWN.to_owned()),
    }
}

fn media_type(file: &Enclosure) -> Option<String> {
    file.mime.as_deref().filter(|mime| is_media_type(mime)).map(attribute)
}

/// Returns `source` (R38): it must have an address, so that a private source is credited by its
/// page or not at all.
fn source(item: &Item) -> Option<Source> {
    let address = item.source.feed_url.as_deref().or(item.source.site.as_deref())?;
    Some(Source { url: url(address), title: Some(text(item.source.display_title())) })
}

fn channel_elements(document: &Document) -> Vec<Element> {
    let mut elements = vec![link("self", &document.rss_url, Some(MEDIA_TYPE), None)];
    elements.extend(document.hub.as_deref().map(|hub| link("hub", hub, None, None)));
    elements.extend(
        document
            .paging
            .iter()
            .map(|(rel, path)| link(rel, &format!("{path}.rss"), Some(MEDIA_TYPE), None)),
    );
    if document.is_archive {
        elements.push(element("fh", "archive", "", Vec::new()));
    }
    elements
}

/// Returns what of an item the crate has no field for: who, in which language, links, further
/// files, foreign elements.
fn item_elements(document: &Document, item: &Item) -> Vec<Element> {
    let dc = |name: &str, value: &str| element("dc", name, value, Vec::new());
    let authors = item.credited_authors(document);
    let mut elements: Vec<_> =
        authors.iter().filter_map(display_name).map(|name| dc("creator", name)).collect();
    let contributors = item.contributors.iter().filter_map(display_name);
    elements.extend(contributors.map(|name| dc("contributor", name)));
    let is_other = |tag: &&str| !tag.eq_ignore_ascii_case(&document.language) && is_language(tag);
    elements.extend(item.language.as_deref().filter(is_other).map(|tag| dc("language", tag)));
    let extensions = foreign::writable(&item.extensions);
    let is_rights = |element: &Element| element.prefix == "dc" && element.name == "rights";
    let rights = item.rights.as_deref().filter(|_| !extensions.iter().any(is_rights));
    elements.extend(rights.map(|rights| dc("rights", rights)));
    item_links(&mut elements, document, item);
    let others = item.enclosures.iter().skip(1).filter(|file| !is_media_content(&extensions, file));
    elements.extend(others.map(media_content));
    elements.extend(extensions);
    elements
}

fn item_links(elements: &mut Vec<Element>, document: &Document, item: &Item) {
    if item.link.is_some() {
        let title = named(&document.site_title);
        elements.push(link("related", &item.page_url, Some("text/html"), title));
    }
    elements.extend(item.via.as_deref().map(|via| link("via", via, None, item.credit.as_deref())));
    for copy in &item.copies {
        let title = named(&copy.source_title);
        elements.extend(copy.url.as_deref().map(|url| link("related", url, None, title)));
    }
    for one in further_links(&item.links) {
        let mut element = link(&one.rel, &one.href, one.mime.as_deref(), one.title.as_deref());
        element.attributes.extend(one.hreflang.map(|tag| ("hreflang".to_owned(), tag)));
        elements.push(element);
    }
}

fn is_media_content(extensions: &[Element], file: &Enclosure) -> bool {
    let is = |element: &Element| {
        let mut attributes = element.attributes.iter();
        element.prefix == "media"
            && element.name == "content"
            && attributes.any(|(name, value)| name == "url" && *value == file.url)
    };
    foreign::find(extensions, &is).is_some()
}

fn media_content(file: &Enclosure) -> Element {
    let mut attributes = vec![("url".to_owned(), url(&file.url))];
    attributes.extend(file.length.map(|bytes| ("fileSize".to_owned(), bytes.to_string())));
    attributes.extend(media_type(file).map(|mime| ("type".to_owned(), mime)));
    attributes.extend(file.duration_s.map(|s| ("duration".to_owned(), s.to_string())));
    element("media", "content", "", attributes)
}

fn link(rel: &str, href: &str, mime: Option<&str>, title: Option<&str>) -> Element {
    let attributes =
        [("rel", Some(rel)), ("type", mime), ("href", Some(&*iri(href))), ("title", title)];
    let given = attributes
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), attribute(value?))));
    element("atom", "link", "", given.collect())
}

fn element(prefix: &str, name: &str, value: &str, attributes: Vec<(String, String)>) -> Element {
    Element {
        prefix: prefix.to_owned(),
        name: name.to_owned(),
        attributes,
        text: text(value),
        children: Vec::new(),
    }
}

/// Returns the elements as the crate wants them. It writes maps in the order of their keys, and the
/// keys themselves never, so that one key for all keeps the order of the document.
fn extension_map(elements: &[Element]) -> ExtensionMap {
    ExtensionMap::from([(String::new(), in_order(elements))])
}

fn in_order(elements: &[Element]) -> BTreeMap<String, Vec<Extension>> {
    BTreeMap::from([(String::new(), elements.iter().map(extension).collect())])
}

fn extension(element: &Element) -> Extension {
    Extension {
        name: format!("{}:{}", element.prefix, element.name),
        value: Some(element.text.clone()).filter(|text| !text.is_empty()),
        attrs: element.attributes.iter().cloned().collect(),
        children: in_order(&element.children),
    }
}

/// Writes `&` and `<` of plain text as `&#x26;` and `&#x3C;`: readers that decode twice take the
/// named ones for markup (R43). CDATA sections, where all HTML is, stay as they are.
fn numeric_references(xml: &str) -> Vec<u8> {
    const OPEN: &str = "<![CDATA[";
    const CLOSE: &str = "]]>";
    let mut out = String::with_capacity(xml.len());
    let mut rest = xml;
    while let Some((before, section)) = rest.split_once(OPEN) {
        let (data, after) = section.split_once(CLOSE).unwrap_or((section, ""));
        out.push_str(&numeric(before));
        out.extend([OPEN, data, CLOSE]);
        rest = after;
    }
    out.push_str(&numeric(rest));
    out.into_bytes()
}

fn numeric(xml: &str) -> String {
    xml.replace("&amp;", "&#x26;").replace("&lt;", "&#x3C;")
}

fn text(text: &str) -> String {
    clean(text).into_owned()
}

fn url(url: &str) -> String {
    iri(url).into_owned()
}

/// An attribute may hold line ends and tabs only as references, which the crate does not write.
fn attribute(value: &str) -> String {
    clean(value).replace(['\n', '\t'], " ")
}
