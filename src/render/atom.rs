//! Writes Atom 1.0 with history and extensions.
//!
//! Standards: RFC 4287; RFC 5005 (`fh:`, paging relations); WebSub §4 (`rel=hub`); R1–R33, R65–R73,
//! R75–R79. Every text is escaped once; there is no `xml:base`, for all addresses are absolute
//! (R24). What is in the document is `Document`'s matter.

use super::xml::{Out, clean, iri, is_email, is_language, is_media_type, rfc3339};
use super::{
    Document, GENERATOR, GENERATOR_URI, Item, SourceCredit, display_name, foreign, further_links,
    named,
};
use crate::model::entry::{Category, Element, Enclosure, Link, Person};

/// Media type of the format.
pub const MEDIA_TYPE: &str = "application/atom+xml";

/// Writes the document.
pub fn write(document: &Document) -> Vec<u8> {
    let extensions: Vec<_> =
        document.items.iter().map(|item| foreign::writable(&item.extensions)).collect();
    let mut out = Out::new();
    open_feed(&mut out, document, &extensions);
    head(&mut out, document);
    for (item, extensions) in document.items.iter().zip(&extensions) {
        entry(&mut out, document, item, extensions);
    }
    out.end("feed");
    out.into_bytes()
}

fn open_feed(out: &mut Out, document: &Document, extensions: &[Vec<Element>]) {
    let mut used = foreign::prefixes(extensions.iter().flatten());
    if document.is_archive {
        used.insert("fh");
    }
    let bindings: Vec<_> = used
        .into_iter()
        .map(|prefix| (format!("xmlns:{prefix}"), foreign::namespace(prefix)))
        .collect();
    let mut attributes =
        vec![("xmlns", Some(foreign::ATOM)), ("xml:lang", language(&document.language))];
    attributes.extend(bindings.iter().map(|(name, uri)| (name.as_str(), *uri)));
    out.start("feed", &attributes);
}

fn head(out: &mut Out, document: &Document) {
    out.element("id", &[], &document.id);
    out.element("title", &[("type", Some("text"))], &document.title);
    if !document.subtitle.is_empty() {
        out.element("subtitle", &[("type", Some("text"))], &document.subtitle);
    }
    out.element("updated", &[], &rfc3339(document.updated));
    out.element("generator", &[("uri", Some(GENERATOR_URI))], GENERATOR);
    person(out, "author", &Person { name: document.site_title.clone(), ..Person::default() });
    link(out, "self", &document.atom_url, Some(MEDIA_TYPE), None);
    link(out, "alternate", &document.page_url, Some("text/html"), None);
    if !document.rss_url.is_empty() {
        link(out, "alternate", &document.rss_url, Some(super::rss::MEDIA_TYPE), None);
    }
    if !document.json_url.is_empty() {
        link(out, "alternate", &document.json_url, Some(super::json::MEDIA_TYPE), None);
    }
    if let Some(hub) = &document.hub {
        link(out, "hub", hub, None, None);
    }
    for (rel, path) in &document.paging {
        link(out, rel, &format!("{path}.atom"), Some(MEDIA_TYPE), None);
    }
    if document.is_archive {
        out.empty("fh:archive", &[]);
    }
}

fn entry(out: &mut Out, document: &Document, item: &Item, extensions: &[Element]) {
    let own_language = item.language.as_deref().and_then(language);
    let is_other = own_language.is_some_and(|tag| !tag.eq_ignore_ascii_case(&document.language));
    out.start("entry", &[("xml:lang", own_language.filter(|_| is_other))]);
    out.element("id", &[], &item.id);
    let of_title = item.title_language.as_deref().and_then(language);
    out.element("title", &[("type", Some("text")), ("xml:lang", of_title)], &item.title);
    out.element("updated", &[], &rfc3339(item.updated));
    if let Some(published) = item.published {
        out.element("published", &[], &rfc3339(published));
    }
    item.credited_authors(document).iter().for_each(|author| person(out, "author", author));
    item.contributors.iter().for_each(|one| person(out, "contributor", one));
    categories(out, document, item);
    links(out, document, item);
    let of_summary = item.summary_language.as_deref().and_then(language);
    text(out, "summary", item.summary.as_deref(), of_summary);
    text(out, "content", item.content.as_deref(), None);
    if let Some(rights) = &item.rights {
        out.element("rights", &[("type", Some("text"))], rights);
    }
    extensions.iter().for_each(|one| extension(out, one));
    source(out, document, item, own_language.unwrap_or(&document.language));
    out.end("entry");
}

fn text(out: &mut Out, name: &str, html: Option<&str>, language: Option<&str>) {
    if let Some(html) = html {
        out.element(name, &[("type", Some("html")), ("xml:lang", language)], html);
    }
}

fn categories(out: &mut Out, document: &Document, item: &Item) {
    item.categories.iter().for_each(|one| category(out, one));
    let scheme = document.category_scheme();
    for (slug, title) in &item.sections {
        let attributes =
            [("term", Some(&**slug)), ("scheme", Some(&*scheme)), ("label", Some(&**title))];
        out.empty("category", &attributes);
    }
}

fn category(out: &mut Out, Category { term, scheme, label }: &Category) {
    let scheme = scheme.as_deref().map(iri);
    let attributes =
        [("term", Some(&**term)), ("scheme", scheme.as_deref()), ("label", label.as_deref())];
    out.empty("category", &attributes);
}

/// Links in a fixed order: the article, our page, the origin, the copies, files, what else the
/// publisher named.
fn links(out: &mut Out, document: &Document, item: &Item) {
    match &item.link {
        Some(url) => {
            link(out, "alternate", url, None, None);
            let title = named(&document.site_title);
            link(out, "related", &item.page_url, Some("text/html"), title);
        }
        None => link(out, "alternate", &item.page_url, Some("text/html"), None),
    }
    if let Some(via) = &item.via {
        link(out, "via", via, None, item.credit.as_deref());
    }
    for copy in &item.copies {
        if let Some(url) = &copy.url {
            link(out, "related", url, None, named(&copy.source_title));
        }
    }
    item.enclosures.iter().for_each(|file| enclosure(out, file));
    further_links(&item.links).iter().for_each(|one| further_link(out, one));
}

fn further_link(out: &mut Out, one: &Link) {
    let attributes = [
        ("rel", Some(&*one.rel)),
        ("type", one.mime.as_deref()),
        ("hreflang", one.hreflang.as_deref()),
        ("href", Some(&*iri(&one.href))),
        ("title", one.title.as_deref()),
    ];
    out.empty("link", &attributes);
}

fn enclosure(out: &mut Out, file: &Enclosure) {
    let length = file.length.map(|bytes| bytes.to_string());
    let attributes = [
        ("rel", Some("enclosure")),
        ("type", file.mime.as_deref().filter(|mime| is_media_type(mime))),
        ("length", length.as_deref()),
        ("href", Some(&*iri(&file.url))),
        ("title", file.title.as_deref()),
    ];
    out.empty("link", &attributes);
}

fn extension(out: &mut Out, element: &Element) {
    let name = format!("{}:{}", element.prefix, element.name);
    let attributes: Vec<_> = element
        .attributes
        .iter()
        .map(|(name, value)| (name.as_str(), Some(value.as_str())))
        .collect();
    if element.text.is_empty() && element.children.is_empty() {
        out.empty(&name, &attributes);
        return;
    }
    out.start(&name, &attributes);
    out.text(&element.text);
    element.children.iter().for_each(|child| extension(out, child));
    out.end(&name);
}

/// Writes `atom:source` (R10–R12): `outer` is the language in force around it.
fn source(out: &mut Out, document: &Document, item: &Item, outer: &str) {
    let credit = &item.source;
    let own = credit.language.as_deref().and_then(language);
    let is_other = own.is_some_and(|tag| !tag.eq_ignore_ascii_case(outer));
    out.start("source", &[("xml:lang", own.filter(|_| is_other))]);
    out.element("id", &[], &source_id(document, credit));
    out.element("title", &[("type", Some("text"))], credit.display_title());
    out.element("updated", &[], &rfc3339(credit.updated));
    if let Some(subtitle) = &credit.subtitle {
        out.element("subtitle", &[("type", Some("text"))], subtitle);
    }
    credit.authors.iter().for_each(|author| person(out, "author", author));
    credit.contributors.iter().for_each(|one| person(out, "contributor", one));
    credit.categories.iter().for_each(|one| category(out, one));
    if let Some(url) = &credit.feed_url {
        link(out, "self", url, None, None);
    }
    if let Some(site) = &credit.site {
        link(out, "alternate", site, Some("text/html"), None);
    }
    for (name, value) in [("icon", &credit.icon), ("logo", &credit.logo)] {
        if let Some(value) = value {
            out.element(name, &[], &iri(value));
        }
    }
    if let Some(rights) = &credit.rights {
        out.element("rights", &[("type", Some("text"))], rights);
    }
    out.end("source");
}

/// Returns the source's id; the address of its page here when it is known by no other.
fn source_id(document: &Document, credit: &SourceCredit) -> String {
    match named(&credit.id) {
        Some(id) => id.to_owned(),
        None => format!("{}/source/{}", document.base_url, credit.slug),
    }
}

fn link(out: &mut Out, rel: &str, href: &str, mime: Option<&str>, title: Option<&str>) {
    let href = iri(href);
    let attributes = [("rel", Some(rel)), ("type", mime), ("href", Some(&*href)), ("title", title)];
    out.empty("link", &attributes);
}

/// Writes a person; one that has neither name nor address is nobody.
fn person(out: &mut Out, element: &str, person: &Person) {
    let Some(name) = display_name(person) else { return };
    out.start(element, &[]);
    out.element("name", &[], name);
    if let Some(uri) = &person.uri {
        out.element("uri", &[], &iri(uri));
    }
    if let Some(email) = person.email.as_deref().filter(|email| is_email(&clean(email))) {
        out.element("email", &[], email);
    }
    out.end(element);
}

/// An empty tag unsets the language around it (XML 1.0 §2.12), which the schema of RFC 4287 does not know: `und` says as
/// much (BCP 47 §4.1).
fn language(tag: &str) -> Option<&str> {
    if tag.is_empty() { Some("und") } else { Some(tag).filter(|tag| is_language(tag)) }
}
