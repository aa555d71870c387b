//! Feeds as published: what the reader found, before it is made ours. Never stored.

use super::entry::{Category, Element, GuidKind};
use super::source::{ItemHash, PublisherWish};

/// One document as received: bytes and what the transport said of them.
#[derive(Clone, Debug, Default)]
pub struct RawDocument {
    /// Decoded of any content coding.
    pub body: Vec<u8>,
    /// The URL that answered 200: base of relative references when nothing nearer gives one.
    pub url: String,
    /// `Content-Type`, as received.
    pub content_type: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Location`, as received.
    pub content_location: Option<String>,
}

/// What a text construct holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextKind {
    /// Plain text: `<` means a less-than sign.
    Plain,
    /// HTML markup (after one unescaping).
    #[default]
    Html,
    /// RSS text that may be either: decided by one fixed rule (R27).
    Unknown,
}

/// A text construct as published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawText {
    /// Unescaped once.
    pub value: String,
    /// What it is.
    pub kind: TextKind,
    /// Base of its relative references, absolute, when `xml:base` gives one.
    pub base: Option<String>,
    /// `xml:lang` in force; `Some("")` when unset by `xml:lang=""`.
    pub language: Option<String>,
}

/// A link as published, made absolute against the `xml:base` in force (R23).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawLink {
    /// Relation; `alternate` when none is given.
    pub rel: String,
    /// Absolute where the document's base allows it.
    pub href: String,
    /// Media type.
    pub mime: Option<String>,
    /// Title, plain.
    pub title: Option<String>,
    /// BCP 47.
    pub hreflang: Option<String>,
    /// As written.
    pub length: Option<String>,
}

/// A person as published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawPerson {
    /// As written: may be `mail (name)` in RSS; normalising takes it apart.
    pub name: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// As written, absolute where possible.
    pub uri: Option<String>,
}

/// A file as published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawEnclosure {
    /// Absolute where possible.
    pub url: String,
    /// Media type.
    pub mime: Option<String>,
    /// As written.
    pub length: Option<String>,
    /// Plain.
    pub title: Option<String>,
    /// Running time, as written.
    pub duration: Option<String>,
}

/// `atom:source` or RSS `source`, as published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawOrigin {
    /// `atom:id`.
    pub id: Option<String>,
    /// Title.
    pub title: Option<RawText>,
    /// URL of the feed (`rel=self`, RSS `url`).
    pub feed_url: Option<String>,
    /// `rel=alternate`.
    pub site: Option<String>,
    /// As written.
    pub updated: Option<String>,
    /// Authors.
    pub authors: Vec<RawPerson>,
    /// Rights.
    pub rights: Option<RawText>,
    /// Subtitle.
    pub subtitle: Option<RawText>,
    /// Contributors.
    pub contributors: Vec<RawPerson>,
    /// Categories.
    pub categories: Vec<Category>,
}

/// One item as published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawEntry {
    /// guid, `atom:id`, JSON `id`, `rdf:about`: as written.
    pub guid: Option<String>,
    /// Which of them.
    pub guid_kind: GuidKind,
    /// Title.
    pub title: Option<RawText>,
    /// `atom:summary`, RSS `description`, JSON `summary`.
    pub summary: Option<RawText>,
    /// `atom:content`, `content:encoded`, `xhtml:body`, JSON `content_html` or `content_text`.
    pub content: Option<RawText>,
    /// `atom:content src`: the text lies elsewhere.
    pub content_src: Option<String>,
    /// Links in document order: `alternate`, `related`, `via`, `enclosure` …
    pub links: Vec<RawLink>,
    /// `feedburner:origLink`.
    pub orig_link: Option<String>,
    /// RSS `comments`.
    pub comments: Option<String>,
    /// Authors (`author`, `dc:creator`, `itunes:author`).
    pub authors: Vec<RawPerson>,
    /// Contributors.
    pub contributors: Vec<RawPerson>,
    /// Categories (`category`, `dc:subject`, JSON `tags`).
    pub categories: Vec<Category>,
    /// Files.
    pub enclosures: Vec<RawEnclosure>,
    /// Media RSS, iTunes, Podcasting 2.0, licences, threading …
    pub extensions: Vec<Element>,
    /// Rights.
    pub rights: Option<RawText>,
    /// `xml:lang`, `dc:language`, JSON `language`.
    pub language: Option<String>,
    /// Candidates for the date of publication, as written, strongest first (D27): `pubDate`, `dcterms:issued`, `dc:date`, `published`.
    pub published: Vec<String>,
    /// Candidates for the date of the last change, as written: `updated`, `dcterms:modified`.
    pub updated: Vec<String>,
    /// Where it was taken from.
    pub origin: Option<RawOrigin>,
}

/// One item of the document, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawItem {
    /// Hash of its raw bytes, unsalted by settings (the caller salts).
    pub hash: Option<ItemHash>,
    /// What it says; `None` when the caller knows the item by its hash, so that it was not read.
    pub entry: Option<RawEntry>,
}

/// The feed's own words, as published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawMeta {
    /// `atom:id`.
    pub id: Option<String>,
    /// Title.
    pub title: Option<RawText>,
    /// Subtitle, RSS `description`.
    pub subtitle: Option<RawText>,
    /// Links: `alternate`, `self`, `hub` …
    pub links: Vec<RawLink>,
    /// `xml:lang`, RSS `language`, `dc:language`, JSON `language`.
    pub language: Option<String>,
    /// Authors (`author`, `managingEditor`, `dc:creator`, `itunes:author`).
    pub authors: Vec<RawPerson>,
    /// Rights, RSS `copyright`.
    pub rights: Option<RawText>,
    /// Icon.
    pub icon: Option<String>,
    /// Logo, RSS `image`.
    pub logo: Option<String>,
    /// `updated`, `lastBuildDate`, `pubDate`: as written.
    pub updated: Vec<String>,
    /// `podcast:block` or `itunes:block` forbids public republishing (R80).
    pub is_blocked: bool,
    /// Contributors.
    pub contributors: Vec<RawPerson>,
    /// Categories of the whole feed.
    pub categories: Vec<Category>,
}

/// A whole document, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawFeed {
    /// Of the feed.
    pub meta: RawMeta,
    /// Items in document order.
    pub items: Vec<RawItem>,
    /// How often the publisher wishes to be polled.
    pub wish: PublisherWish,
    /// What had to be mended, by name, with counts.
    pub flaws: Vec<(String, u32)>,
}
