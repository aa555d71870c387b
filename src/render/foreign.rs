//! Elements of other vocabularies that an entry carries along: which are written, and under which
//! namespace.
//!
//! Each prefix is bound once, at the root, and only when used (R32, R46). What the writers say
//! themselves is not said twice, and what would break the document (an unbound prefix, a bad name,
//! a tree without end) is left out. Standards: RFC 4287 §6; Namespaces in XML 1.0 §5; standards
//! R32, R33, R78, R79.

use std::collections::BTreeSet;

use super::named;
use super::xml::{clean, is_name};
use crate::model::entry::Element;

/// Levels of an extension element that are written; deeper ones are dropped.
const DEPTH_MAX: usize = 16;

/// `atom:`
pub(super) const ATOM: &str = "http://www.w3.org/2005/Atom";

/// Prefixes as commonly used, and what they stand for.
const NAMESPACES: [(&str, &str); 21] = [
    ("atom", ATOM),
    ("cc", "http://web.resource.org/cc/"),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("creativeCommons", "http://backend.userland.com/creativeCommonsRssModule"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("dcterms", "http://purl.org/dc/terms/"),
    ("fh", "http://purl.org/syndication/history/1.0"),
    ("geo", "http://www.w3.org/2003/01/geo/wgs84_pos#"),
    ("georss", "http://www.georss.org/georss"),
    ("gml", "http://www.opengis.net/gml"),
    ("googleplay", "http://www.google.com/schemas/play-podcasts/1.0"),
    ("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd"),
    ("media", "http://search.yahoo.com/mrss/"),
    ("podcast", "https://podcastindex.org/namespace/1.0"),
    ("psc", "http://podlove.org/simple-chapters"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("slash", "http://purl.org/rss/1.0/modules/slash/"),
    ("sy", "http://purl.org/rss/1.0/modules/syndication/"),
    ("thr", "http://purl.org/syndication/thread/1.0"),
    ("wfw", "http://wellformedweb.org/CommentAPI/"),
    ("xlink", "http://www.w3.org/1999/xlink"),
];

/// Prefixes whose elements the writers make themselves from an entry's own fields.
const OWN_PREFIXES: [&str; 3] = ["atom", "content", "fh"];

/// Elements likewise, by prefix and name.
const OWN_ELEMENTS: [(&str, &str); 6] = [
    ("dc", "creator"),
    ("dc", "contributor"),
    ("dc", "date"),
    ("dc", "language"),
    ("dc", "subject"),
    ("dc", "title"),
];

/// Returns the namespace a prefix stands for.
pub(super) fn namespace(prefix: &str) -> Option<&'static str> {
    NAMESPACES.iter().find(|(known, _)| *known == prefix).map(|(_, uri)| *uri)
}

/// Returns what of these elements can be written, cleaned.
pub(super) fn writable(elements: &[Element]) -> Vec<Element> {
    elements.iter().filter_map(|element| writable_tree(element, DEPTH_MAX)).collect()
}

fn writable_tree(element: &Element, levels: usize) -> Option<Element> {
    let levels = levels.checked_sub(1)?;
    let prefix = element.prefix.as_str();
    let is_own = OWN_PREFIXES.contains(&prefix) || OWN_ELEMENTS.contains(&(prefix, &element.name));
    if is_own || is_mute(element) || namespace(prefix).is_none() || !is_name(&element.name) {
        return None;
    }
    Some(Element {
        prefix: element.prefix.clone(),
        name: element.name.clone(),
        attributes: writable_attributes(&element.attributes),
        text: clean(&element.text).into_owned(),
        children: element
            .children
            .iter()
            .filter_map(|child| writable_tree(child, levels))
            .collect(),
    })
}

/// Tells whether a text of Media RSS says nothing: some readers refuse a whole feed for one such.
fn is_mute(element: &Element) -> bool {
    let is_text = element.prefix == "media" && matches!(&*element.name, "title" | "description");
    is_text && named(&element.text).is_none()
}

/// Keeps the first of each name; `xmlns` is ours to write, and `xml:base` would move every address
/// (R24).
fn writable_attributes(attributes: &[(String, String)]) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let is_writable = |name: &str| match name.split_once(':') {
        None => is_name(name) && name != "xmlns",
        Some(("xml", local)) => matches!(local, "lang" | "space"),
        Some((prefix, local)) => namespace(prefix).is_some() && is_name(local),
    };
    let mut kept = Vec::new();
    for (name, value) in attributes {
        if is_writable(name) && seen.insert(name.as_str()) {
            kept.push((name.clone(), clean(value).replace(['\t', '\n'], " ")));
        }
    }
    kept
}

/// Returns the prefixes that these writable elements use.
pub(super) fn prefixes<'a>(elements: impl IntoIterator<Item = &'a Element>) -> BTreeSet<&'a str> {
    let mut used = BTreeSet::new();
    elements.into_iter().for_each(|element| collect_prefixes(element, &mut used));
    used
}

fn collect_prefixes<'a>(element: &'a Element, used: &mut BTreeSet<&'a str>) {
    used.insert(&element.prefix);
    let of_attributes = element.attributes.iter().filter_map(|(name, _)| name.split_once(':'));
    used.extend(of_attributes.map(|(prefix, _)| prefix).filter(|prefix| *prefix != "xml"));
    element.children.iter().for_each(|child| collect_prefixes(child, used));
}

/// Returns the first element of this name, in document order, children after their parent.
pub(super) fn find<'a>(
    elements: &'a [Element],
    is: &impl Fn(&Element) -> bool,
) -> Option<&'a Element> {
    elements.iter().find_map(
        |element| {
            if is(element) { Some(element) } else { find(&element.children, is) }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(prefix: &str, name: &str) -> Element {
        Element { prefix: prefix.into(), name: name.into(), ..Element::default() }
    }

    #[test]
    fn only_bound_well_named_and_foreign_elements_are_writable() {
        let cases = [
            (element("media", "thumbnail"), true),
            (element("podcast", "alternateEnclosure"), true),
            (element("unknown", "thing"), false),
            (element("", "thing"), false),
            (element("media", "a b"), false),
            (element("media", "a:b"), false),
            (element("atom", "id"), false),
            (element("content", "encoded"), false),
            (element("dc", "creator"), false),
            (element("dc", "rights"), true),
            (element("media", "title"), false),
            (Element { text: "Ảnh".into(), ..element("media", "title") }, true),
        ];
        for (element, is) in cases {
            let kept = writable(std::slice::from_ref(&element));
            assert_eq!(!kept.is_empty(), is, "{}:{}", element.prefix, element.name);
        }
    }

    #[test]
    fn attributes_that_would_break_the_document_are_left_out() {
        let mut thumbnail = element("media", "thumbnail");
        let names = [
            "url",
            "url",
            "xmlns",
            "xmlns:x",
            "xml:base",
            "xml:lang",
            "x:y",
            "rdf:resource",
            "a b",
            "",
        ];
        thumbnail.attributes = names.map(|name| (name.to_owned(), "v\n\u{1}".to_owned())).into();
        let kept = writable(&[thumbnail]);
        let names: Vec<_> = kept[0].attributes.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["url", "xml:lang", "rdf:resource"]);
        assert_eq!(kept[0].attributes[0].1, "v ");
        assert_eq!(prefixes(&kept), BTreeSet::from(["media", "rdf"]));
    }

    #[test]
    fn a_tree_without_end_is_cut() {
        let deep = (0..1_000).fold(element("media", "group"), |inner, _| Element {
            children: vec![inner],
            ..element("media", "group")
        });
        let mut levels = 0;
        let mut rest = writable(&[deep]);
        while let Some(element) = rest.pop() {
            levels += 1;
            rest = element.children;
        }
        assert_eq!(levels, DEPTH_MAX);
    }

    #[test]
    fn every_namespace_is_listed_once_in_order() {
        let sorted: BTreeSet<_> = NAMESPACES.iter().map(|(prefix, _)| *prefix).collect();
        assert!(sorted.iter().eq(NAMESPACES.iter().map(|(prefix, _)| prefix)));
    }
}
