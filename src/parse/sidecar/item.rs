//! One item: RSS `item` or Atom `entry`, with the elements of any module.

use super::super::context::Context;
use super::super::flaws::Flaws;
use super::super::grammar::Dialect;
use super::super::names::Ns;
use super::super::node::Node;
use super::super::text;
use super::{atom_link, elements, people, rss_link, texts, url_text};
use crate::model::entry::{Category, GuidKind};
use crate::model::raw::{RawEnclosure, RawEntry, RawLink, RawOrigin, RawText, TextKind};

/// The scheme of a `media:category` that names none (Media RSS 1.5.1).
const MEDIA_SCHEME: &str = "http://search.yahoo.com/mrss/category_schema";
/// Links, categories and files read of one item, each.
const LIST_MAX: usize = 500;

/// Candidates for the date of publication, strongest first (D27).
const PUBLISHED: &[(Ns, &str)] = &[
    (Ns::Core, "pubdate"),
    (Ns::DcTerms, "issued"),
    (Ns::DcTerms, "created"),
    (Ns::Dc, "date"),
    (Ns::Core, "published"),
    (Ns::Atom, "published"),
    (Ns::Core, "issued"),
    (Ns::Core, "created"),
    (Ns::Core, "date"),
];
/// In Atom its own elements come first.
const PUBLISHED_ATOM: &[(Ns, &str)] = &[
    (Ns::Core, "published"),
    (Ns::Core, "issued"),
    (Ns::Core, "created"),
    (Ns::DcTerms, "issued"),
    (Ns::DcTerms, "created"),
    (Ns::Core, "pubdate"),
    (Ns::Dc, "date"),
];
const UPDATED: &[(Ns, &str)] = &[
    (Ns::Core, "updated"),
    (Ns::Atom, "updated"),
    (Ns::Core, "modified"),
    (Ns::DcTerms, "modified"),
    (Ns::Core, "lastbuilddate"),
];
const AUTHORS: &[(Ns, &str)] = &[
    (Ns::Core, "author"),
    (Ns::Atom, "author"),
    (Ns::Dc, "creator"),
    (Ns::Dc, "author"),
    (Ns::Itunes, "author"),
];
const CONTRIBUTORS: &[(Ns, &str)] =
    &[(Ns::Core, "contributor"), (Ns::Atom, "contributor"), (Ns::Dc, "contributor")];

/// Reads one item.
pub(in super::super) fn entry(
    dialect: Dialect,
    node: &Node,
    outer: &Context,
    flaws: &mut Flaws,
) -> RawEntry {
    let context = outer.enter(node);
    let mut reader = Item { dialect, node, context: &context, flaws };
    let (guid, guid_kind) = reader.guid();
    let published = if dialect == Dialect::Atom { PUBLISHED_ATOM } else { PUBLISHED };
    let mut entry = RawEntry {
        title: reader.title(),
        content: reader.content(),
        summary: reader.summary(),
        content_src: reader.content_src(),
        links: reader.links(guid.as_deref(), guid_kind),
        orig_link: reader.orig_link(),
        comments: reader.comments(),
        authors: people::people(node, &context, AUTHORS),
        contributors: people::people(node, &context, CONTRIBUTORS),
        categories: reader.categories(),
        enclosures: reader.enclosures(),
        extensions: elements::extensions(node, reader.flaws),
        rights: reader.first(&[(Ns::Core, "rights"), (Ns::Core, "copyright"), (Ns::Dc, "rights")]),
        language: reader.language(),
        published: texts(node, published),
        updated: reader.updated(),
        origin: reader.origin(),
        guid,
        guid_kind,
    };
    fill_from_media(&mut entry, &mut reader);
    entry
}

/// Takes title and text of Media RSS, as video feeds have them, where the item has none of its own.
fn fill_from_media(entry: &mut RawEntry, reader: &mut Item<'_>) {
    if entry.title.is_none() {
        entry.title = reader.media_text("title");
    }
    if entry.summary.is_none() && entry.content.is_none() {
        entry.summary = reader.media_text("description");
    }
}

struct Item<'a> {
    dialect: Dialect,
    node: &'a Node<'a>,
    context: &'a Context,
    flaws: &'a mut Flaws,
}

impl<'a> Item<'a> {
    fn guid(&self) -> (Option<String>, GuidKind) {
        let text = |ns, name| self.node.element(ns, name).and_then(Node::string);
        if self.dialect == Dialect::Atom
            && let Some(id) = text(Ns::Core, "id")
        {
            return (Some(id), GuidKind::AtomId);
        }
        if let Some(guid) = self.node.element(Ns::Core, "guid")
            && let Some(value) = guid.string()
        {
            let flag = guid.attribute("isPermaLink").unwrap_or("true").trim().to_ascii_lowercase();
            let is_opaque = matches!(flag.as_str(), "false" | "0" | "no");
            let kind = if is_opaque { GuidKind::OpaqueGuid } else { GuidKind::Guid };
            return (Some(value), kind);
        }
        if let Some(about) = self.node.attribute_in(Ns::Rdf, "about").map(str::trim)
            && !about.is_empty()
        {
            return (Some(about.to_owned()), GuidKind::Guid);
        }
        if let Some(id) = text(Ns::Atom, "id") {
            return (Some(id), GuidKind::AtomId);
        }
        match text(Ns::Core, "id").or_else(|| text(Ns::Dc, "identifier")) {
            Some(id) => (Some(id), GuidKind::OpaqueGuid),
            None => (None, GuidKind::Missing),
        }
    }

    /// Returns the first text that is not blank, name by name.
    fn first(&mut self, names: &[(Ns, &str)]) -> Option<RawText> {
        for (ns, name) in names {
            let found = self.node.elements().filter(|e| e.is(*ns, name));
            for element in found {
                let text = self.read(element);
                if text.is_some() {
                    return text;
                }
            }
        }
        None
    }

    /// Reads a text in the form its element has.
    fn read(&mut self, element: &Node) -> Option<RawText> {
        match element.ns {
            Ns::Atom => text::atom(element, self.context, self.flaws),
            Ns::Core if self.dialect == Dialect::Atom => {
                text::atom(element, self.context, self.flaws)
            }
            Ns::Content | Ns::Xhtml => text::rss(element, self.context, TextKind::Html, self.flaws),
            Ns::Media => text::media(element, self.context, self.flaws),
            _ => text::rss(element, self.context, TextKind::Unknown, self.flaws),
        }
    }

    fn title(&mut self) -> Option<RawText> {
        self.first(&[
            (Ns::Core, "title"),
            (Ns::Atom, "title"),
            (Ns::Dc, "title"),
            (Ns::Itunes, "title"),
        ])
    }

    fn content(&mut self) -> Option<RawText> {
        self.first(&[
            (Ns::Content, "encoded"),
            (Ns::Core, "content"),
            (Ns::Atom, "content"),
            (Ns::Xhtml, "body"),
            (Ns::Xhtml, "div"),
            (Ns::Core, "fullitem"),
            (Ns::Core, "body"),
        ])
    }

    fn summary(&mut self) -> Option<RawText> {
        self.first(&[
            (Ns::Core, "summary"),
            (Ns::Core, "description"),
            (Ns::Atom, "summary"),
            (Ns::Core, "abstract"),
            (Ns::Dc, "description"),
            (Ns::DcTerms, "abstract"),
            (Ns::Itunes, "summary"),
            (Ns::Itunes, "subtitle"),
        ])
    }

    /// Finds a Media RSS text: of the item, of its group, of its first content.
    fn media_text(&mut self, name: &str) -> Option<RawText> {
        let mut places = vec![self.node];
        while let Some(place) = places.pop() {
            for element in place.elements().filter(|e| e.is(Ns::Media, name)) {
                let text = text::media(element, self.context, self.flaws);
                if text.is_some() {
                    return text;
                }
            }
            let inner =
                place.elements().filter(|e| e.is(Ns::Media, "group") || e.is(Ns::Media, "content"));
            let inner: Vec<&Node> = inner.collect();
            places.extend(inner.into_iter().rev());
        }
        None
    }

    fn content_src(&self) -> Option<String> {
        let content = self.node.elements().find(|e| {
            matches!(e.ns, Ns::Core | Ns::Atom)
                && e.name == "content"
                && e.attribute("src").is_some()
        })?;
        self.context.enter(content).resolve(content.attribute("src")?)
    }

    fn links(&self, guid: Option<&str>, kind: GuidKind) -> Vec<RawLink> {
        let links = self.node.elements().filter_map(|node| match (node.ns, &*node.name) {
            (Ns::Core, "link") if self.dialect == Dialect::Atom => atom_link(node, self.context),
            (Ns::Core, "link") => rss_link(node, self.context),
            (Ns::Atom, "link") => atom_link(node, self.context),
            _ => None,
        });
        let mut links: Vec<RawLink> = links.take(LIST_MAX).collect();
        if links.is_empty() && self.dialect == Dialect::Rss {
            links.extend(super::link_of_attribute(self.node, self.context));
        }
        let has_link = links.iter().any(|link| link.rel == "alternate");
        // A permalink guid stands in for a missing link; only a web address can be one.
        let is_web = |id: &&str| {
            let lower = id.get(..8).unwrap_or(id).to_ascii_lowercase();
            lower.starts_with("http://") || lower.starts_with("https://")
        };
        if !has_link
            && kind == GuidKind::Guid
            && let Some(href) = guid.filter(is_web).and_then(|id| self.context.resolve(id))
        {
            links.push(RawLink { rel: "alternate".to_owned(), href, ..RawLink::default() });
        }
        links
    }

    fn updated(&self) -> Vec<String> {
        let mut dates = texts(self.node, UPDATED);
        // Microsoft's Channel Definition Format has attributes where RSS has elements.
        dates.extend(self.node.attribute("lastmod").map(ToOwned::to_owned));
        dates
    }

    fn orig_link(&self) -> Option<String> {
        url_text(self.node.element(Ns::Feedburner, "origLink")?, self.context)
    }

    fn comments(&self) -> Option<String> {
        url_text(self.node.element(Ns::Core, "comments")?, self.context)
    }

    fn categories(&self) -> Vec<Category> {
        let mut out: Vec<Category> = Vec::new();
        self.collect_categories(self.node, &mut out);
        out
    }

    fn collect_categories(&self, place: &Node, out: &mut Vec<Category>) {
        for element in place.elements() {
            let is_list = element.is(Ns::Core, "categories");
            if is_list || element.is(Ns::Media, "group") || element.is(Ns::Media, "content") {
                self.collect_categories(element, out);
            }
            let Some(category) = category(element) else { continue };
            if out.len() < LIST_MAX && !out.contains(&category) {
                out.push(category);
            }
        }
    }

    fn enclosures(&self) -> Vec<RawEnclosure> {
        let files = self.node.elements().filter_map(|node| self.enclosure(node));
        let mut files: Vec<RawEnclosure> = files.take(LIST_MAX).collect();
        if let [only] = files.as_mut_slice() {
            only.duration = self.node.element(Ns::Itunes, "duration").and_then(Node::string);
        }
        files
    }

    fn enclosure(&self, node: &Node) -> Option<RawEnclosure> {
        let context = self.context.enter(node);
        let value = |name: &str| {
            let value = node.attribute(name).map(str::trim);
            value.filter(|value| !value.is_empty()).map(ToOwned::to_owned)
        };
        let is_file = match (node.ns, &*node.name) {
            (Ns::Core, "enclosure") => true,
            (Ns::Core | Ns::Atom, "link") => {
                atom_link(node, self.context).is_some_and(|link| link.rel == "enclosure")
            }
            _ => false,
        };
        let resource = || node.attribute_in(Ns::Rdf, "resource").map(ToOwned::to_owned);
        let url = is_file.then(|| value("url").or_else(|| value("href")).or_else(resource))??;
        Some(RawEnclosure {
            url: context.resolve(&url)?,
            mime: value("type"),
            length: value("length"),
            title: value("title"),
            duration: None,
        })
    }

    fn language(&self) -> Option<String> {
        let said = texts(self.node, &[(Ns::Dc, "language"), (Ns::Core, "language")]);
        said.into_iter().next().or_else(|| self.context.language())
    }

    fn origin(&mut self) -> Option<RawOrigin> {
        let source = self.node.elements().find(|e| e.is(Ns::Atom, "source"));
        if let Some(source) = source {
            return Some(self.atom_origin(source));
        }
        let source = self.node.element(Ns::Core, "source")?;
        if self.dialect == Dialect::Atom || source.has_elements() {
            return Some(self.atom_origin(source));
        }
        let url = source.attribute("url").or_else(|| source.attribute("href"));
        let origin = RawOrigin {
            title: text::rss(source, self.context, TextKind::Unknown, self.flaws),
            feed_url: url.and_then(|url| self.context.enter(source).resolve(url)),
            ..RawOrigin::default()
        };
        (origin.title.is_some() || origin.feed_url.is_some()).then_some(origin)
    }

    fn atom_origin(&mut self, source: &'a Node<'a>) -> RawOrigin {
        let context = self.context.enter(source);
        let mut inner =
            Item { dialect: self.dialect, node: source, context: &context, flaws: self.flaws };
        let both = |name: &'static str| [(Ns::Core, name), (Ns::Atom, name)];
        let links = inner.links(None, GuidKind::Missing);
        let link = |rel: &str| links.iter().find(|l| l.rel == rel).map(|l| l.href.clone());
        RawOrigin {
            id: texts(source, &both("id")).into_iter().next(),
            title: inner.first(&both("title")),
            feed_url: link("self"),
            site: link("alternate"),
            updated: texts(source, &both("updated")).into_iter().next(),
            authors: people::people(source, &context, &both("author")),
            rights: inner.first(&both("rights")),
            subtitle: inner.first(&both("subtitle")),
            contributors: people::people(source, &context, &both("contributor")),
            categories: inner.categories(),
        }
    }
}

/// Reads the categories among the children of `node`, of whatever vocabulary.
pub(super) fn categories(node: &Node) -> Vec<Category> {
    let mut out: Vec<Category> = Vec::new();
    for category in node.elements().filter_map(category) {
        if out.len() < LIST_MAX && !out.contains(&category) {
            out.push(category);
        }
    }
    out
}

fn category(node: &Node) -> Option<Category> {
    let value = |name: &str| {
        let value = node.attribute(name).map(str::trim);
        value.filter(|value| !value.is_empty()).map(ToOwned::to_owned)
    };
    match (node.ns, node.name.to_ascii_lowercase().as_str()) {
        (Ns::Core | Ns::Atom, "category") => Some(Category {
            term: value("term").or_else(|| node.string()).or_else(|| value("label"))?,
            scheme: value("scheme").or_else(|| value("domain")),
            label: value("label"),
        }),
        (Ns::Dc, "subject") => Some(Category { term: node.string()?, scheme: None, label: None }),
        (Ns::Itunes, "category") => {
            Some(Category { term: value("text")?, scheme: None, label: None })
        }
        (Ns::Media, "category") => Some(Category {
            term: node.string().or_else(|| value("label"))?,
            scheme: value("scheme").or_else(|| Some(MEDIA_SCHEME.to_owned())),
            label: value("label"),
        }),
        _ => None,
    }
}
