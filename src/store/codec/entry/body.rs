//! The texts of an entry.

use serde::{Deserialize, Serialize};

use super::super::parts::{
    CategoryWire, Instant, PersonWire, instant, models, owned, timestamp, wires,
};
use super::element::{ElementWire, flatten, nest};
use crate::model::entry::{Enclosure, Entry, EntryNo, GuidKind, Held, Link, Origin};
use crate::model::verdict::Joined;

#[derive(Serialize, Deserialize)]
pub(super) struct BodyWire<'a> {
    credit: Option<&'a str>,
    #[serde(borrow)]
    joined: JoinedWire<'a>,
    guid: Option<&'a str>,
    guid_kind: GuidKindWire,
    link: Option<&'a str>,
    orig_link: Option<&'a str>,
    title: &'a str,
    summary: Option<&'a str>,
    content: Option<&'a str>,
    #[serde(borrow)]
    authors: Vec<PersonWire<'a>>,
    #[serde(borrow)]
    contributors: Vec<PersonWire<'a>>,
    #[serde(borrow)]
    categories: Vec<CategoryWire<'a>>,
    #[serde(borrow)]
    links: Vec<LinkWire<'a>>,
    #[serde(borrow)]
    enclosures: Vec<EnclosureWire<'a>>,
    #[serde(borrow)]
    extensions: Vec<ElementWire<'a>>,
    rights: Option<&'a str>,
    language: Option<&'a str>,
    title_language: Option<&'a str>,
    summary_language: Option<&'a str>,
    updated: Option<Instant>,
    #[serde(borrow)]
    origin: Option<OriginWire<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct JoinedWire<'a> {
    rule: &'a str,
    with: Option<u64>,
    #[serde(borrow)]
    numbers: Vec<(&'a str, f64)>,
}

#[derive(Serialize, Deserialize)]
enum GuidKindWire {
    Missing,
    AtomId,
    Guid,
    OpaqueGuid,
    JsonId,
}

#[derive(Serialize, Deserialize)]
struct LinkWire<'a> {
    rel: &'a str,
    href: &'a str,
    mime: Option<&'a str>,
    title: Option<&'a str>,
    hreflang: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct EnclosureWire<'a> {
    url: &'a str,
    mime: Option<&'a str>,
    length: Option<u64>,
    title: Option<&'a str>,
    duration_s: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct OriginWire<'a> {
    id: Option<&'a str>,
    title: Option<&'a str>,
    feed_url: Option<&'a str>,
    site: Option<&'a str>,
    updated: Option<Instant>,
    #[serde(borrow)]
    authors: Vec<PersonWire<'a>>,
    rights: Option<&'a str>,
    subtitle: Option<&'a str>,
    #[serde(borrow)]
    contributors: Vec<PersonWire<'a>>,
    #[serde(borrow)]
    categories: Vec<CategoryWire<'a>>,
}

/// What the body gives back; `entry.published` is in the head.
pub(super) struct Body {
    pub(super) entry: Entry,
    pub(super) credit: Option<String>,
    pub(super) joined: Joined,
}

impl<'a> From<&'a Held> for BodyWire<'a> {
    fn from(held: &'a Held) -> Self {
        let Held { entry, credit, joined, .. } = held;
        Self {
            credit: credit.as_deref(),
            joined: joined.into(),
            guid: entry.guid.as_deref(),
            guid_kind: entry.guid_kind.into(),
            link: entry.link.as_deref(),
            orig_link: entry.orig_link.as_deref(),
            title: &entry.title,
            summary: entry.summary.as_deref(),
            content: entry.content.as_deref(),
            authors: wires(&entry.authors),
            contributors: wires(&entry.contributors),
            categories: wires(&entry.categories),
            links: wires(&entry.links),
            enclosures: wires(&entry.enclosures),
            extensions: flatten(&entry.extensions),
            rights: entry.rights.as_deref(),
            language: entry.language.as_deref(),
            title_language: entry.title_language.as_deref(),
            summary_language: entry.summary_language.as_deref(),
            updated: instant(entry.updated),
            origin: entry.origin.as_ref().map(OriginWire::from),
        }
    }
}

impl BodyWire<'_> {
    /// Returns what was written; `None` when the extension elements do not nest.
    pub(super) fn into_parts(self) -> Option<Body> {
        let entry = Entry {
            guid: owned(self.guid),
            guid_kind: self.guid_kind.into(),
            link: owned(self.link),
            orig_link: owned(self.orig_link),
            title: self.title.to_owned(),
            summary: owned(self.summary),
            content: owned(self.content),
            authors: models(self.authors),
            contributors: models(self.contributors),
            categories: models(self.categories),
            links: models(self.links),
            enclosures: models(self.enclosures),
            extensions: nest(self.extensions)?,
            rights: owned(self.rights),
            language: owned(self.language),
            title_language: owned(self.title_language),
            summary_language: owned(self.summary_language),
            published: None,
            updated: timestamp(self.updated),
            origin: self.origin.map(Origin::from),
        };
        let joined = self.joined.into();
        Some(Body { entry, credit: owned(self.credit), joined })
    }
}

impl<'a> From<&'a Joined> for JoinedWire<'a> {
    fn from(Joined { rule, with, numbers }: &'a Joined) -> Self {
        Self {
            rule,
            with: with.map(|EntryNo(no)| no),
            numbers: numbers.iter().map(|(name, n)| (name.as_str(), *n)).collect(),
        }
    }
}

impl From<JoinedWire<'_>> for Joined {
    fn from(JoinedWire { rule, with, numbers }: JoinedWire<'_>) -> Self {
        Self {
            rule: rule.to_owned(),
            with: with.map(EntryNo),
            numbers: numbers.into_iter().map(|(name, n)| (name.to_owned(), n)).collect(),
        }
    }
}

impl From<GuidKind> for GuidKindWire {
    fn from(kind: GuidKind) -> Self {
        match kind {
            GuidKind::Missing => Self::Missing,
            GuidKind::AtomId => Self::AtomId,
            GuidKind::Guid => Self::Guid,
            GuidKind::OpaqueGuid => Self::OpaqueGuid,
            GuidKind::JsonId => Self::JsonId,
        }
    }
}

impl From<GuidKindWire> for GuidKind {
    fn from(kind: GuidKindWire) -> Self {
        match kind {
            GuidKindWire::Missing => Self::Missing,
            GuidKindWire::AtomId => Self::AtomId,
            GuidKindWire::Guid => Self::Guid,
            GuidKindWire::OpaqueGuid => Self::OpaqueGuid,
            GuidKindWire::JsonId => Self::JsonId,
        }
    }
}

impl<'a> From<&'a Link> for LinkWire<'a> {
    fn from(Link { rel, href, mime, title, hreflang }: &'a Link) -> Self {
        Self {
            rel,
            href,
            mime: mime.as_deref(),
            title: title.as_deref(),
            hreflang: hreflang.as_deref(),
        }
    }
}

impl From<LinkWire<'_>> for Link {
    fn from(LinkWire { rel, href, mime, title, hreflang }: LinkWire<'_>) -> Self {
        Self {
            rel: rel.to_owned(),
            href: href.to_owned(),
            mime: owned(mime),
            title: owned(title),
            hreflang: owned(hreflang),
        }
    }
}

impl<'a> From<&'a Enclosure> for EnclosureWire<'a> {
    fn from(Enclosure { url, mime, length, title, duration_s }: &'a Enclosure) -> Self {
        Self {
            url,
            mime: mime.as_deref(),
            length: *length,
            title: title.as_deref(),
            duration_s: *duration_s,
        }
    }
}

impl From<EnclosureWire<'_>> for Enclosure {
    fn from(EnclosureWire { url, mime, length, title, duration_s }: EnclosureWire<'_>) -> Self {
        Self { url: url.to_owned(), mime: owned(mime), length, title: owned(title), duration_s }
    }
}

impl<'a> From<&'a Origin> for OriginWire<'a> {
    fn from(origin: &'a Origin) -> Self {
        let Origin { id, title, feed_url, site, updated, authors, rights, .. } = origin;
        let Origin { subtitle, contributors, categories, .. } = origin;
        Self {
            id: id.as_deref(),
            title: title.as_deref(),
            feed_url: feed_url.as_deref(),
            site: site.as_deref(),
            updated: instant(*updated),
            authors: wires(authors),
            rights: rights.as_deref(),
            subtitle: subtitle.as_deref(),
            contributors: wires(contributors),
            categories: wires(categories),
        }
    }
}

impl From<OriginWire<'_>> for Origin {
    fn from(wire: OriginWire<'_>) -> Self {
        Self {
            id: owned(wire.id),
            title: owned(wire.title),
            feed_url: owned(wire.feed_url),
            site: owned(wire.site),
            updated: timestamp(wire.updated),
            authors: models(wire.authors),
            rights: owned(wire.rights),
            subtitle: owned(wire.subtitle),
            contributors: models(wire.contributors),
            categories: models(wire.categories),
        }
    }
}
