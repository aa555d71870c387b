//! Turns a document, as plain values, into bytes: Atom, RSS 2.0, JSON Feed 1.1, HTML, OPML.
//!
//! Pure: the same document gives the same bytes (R63). What is in a document is chosen elsewhere (`serve/select`).

pub mod atom;
pub mod html;
pub mod json;
pub mod opml;
pub mod rss;

use jiff::Timestamp;

use crate::model::entry::{Category, Element, Enclosure, Link, Person};

/// One published feed (or the feed part of a page), complete: writers look nothing up.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// `atom:id` of the feed: never changes (R4).
    pub id: String,
    /// Plain.
    pub title: String,
    /// Plain; may be empty.
    pub subtitle: String,
    /// Latest `updated` of its entries, else the start of its day, else the store's creation (R17).
    pub updated: Timestamp,
    /// BCP 47 of the site.
    pub language: String,
    /// Public URL of the HTML twin, absolute.
    pub page_url: String,
    /// Public URLs of the three formats, absolute.
    pub atom_url: String,
    /// See `atom_url`.
    pub rss_url: String,
    /// See `atom_url`.
    pub json_url: String,
    /// Further links for paging and archives: (rel, path without extension, absolute).
    pub paging: Vec<(String, String)>,
    /// `fh:archive`.
    pub is_archive: bool,
    /// WebSub hub.
    pub hub: Option<String>,
    /// Title of the site: the author of last resort (R13).
    pub site_title: String,
    /// Public base URL, no trailing slash.
    pub base_url: String,
    /// Minutes for RSS `ttl`, equal to max-age (R45).
    pub ttl_min: u32,
    /// Entries, newest first.
    pub items: Vec<Item>,
}

/// One published story or entry, complete.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// Public id.
    pub id: String,
    /// Its page here: `{base_url}/entry/{slug}`.
    pub page_url: String,
    /// The article at its publisher; `None` when the publisher gave no link: then `page_url` stands in.
    pub link: Option<String>,
    /// Plain; may be empty.
    pub title: String,
    /// Safe HTML, as much as the source's `content` allows.
    pub summary: Option<String>,
    /// Safe HTML, as much as the source's `content` allows.
    pub content: Option<String>,
    /// Authors of the entry, else of its feed; may be empty.
    pub authors: Vec<Person>,
    /// Contributors.
    pub contributors: Vec<Person>,
    /// Publisher's date; `None` when it gave none (R16).
    pub published: Option<Timestamp>,
    /// R14, R15.
    pub updated: Timestamp,
    /// The story's date: what it is ordered and filed by.
    pub date: Timestamp,
    /// BCP 47 of the entry.
    pub language: Option<String>,
    /// The publisher's categories.
    pub categories: Vec<Category>,
    /// Our own categories: (slug, title).
    pub sections: Vec<(String, String)>,
    /// Further links.
    pub links: Vec<Link>,
    /// Files.
    pub enclosures: Vec<Enclosure>,
    /// Elements republished as they are.
    pub extensions: Vec<Element>,
    /// Plain.
    pub rights: Option<String>,
    /// The source of the representative (or, when the entry had its own `atom:source`, that one: R11).
    pub source: SourceCredit,
    /// Credit line of the text ("Theo: nhandan.vn"), plain.
    pub credit: Option<String>,
    /// Where the credit leads: the copy of the credited outlet, when it is a source (`rel=via`).
    pub via: Option<String>,
    /// The other copies, in order of arrival; the representative is not among them.
    pub copies: Vec<CopyCredit>,
}

/// `atom:source` (RFC 4287 §4.2.11).
#[derive(Clone, Debug, Default)]
pub struct SourceCredit {
    /// Slug of the source here.
    pub slug: String,
    /// The feed's own id, else its URL.
    pub id: String,
    /// Operator's title, else the feed's own, else the slug.
    pub title: String,
    /// The feed's URL, scrubbed; `None` for a private source.
    pub feed_url: Option<String>,
    /// Its page.
    pub site: Option<String>,
    /// The feed's own `updated`, else the entry's.
    pub updated: Timestamp,
    /// Icon.
    pub icon: Option<String>,
    /// Logo.
    pub logo: Option<String>,
    /// Rights of the feed.
    pub rights: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Authors of the feed.
    pub authors: Vec<Person>,
}

/// Another outlet that carries the story.
#[derive(Clone, Debug, Default)]
pub struct CopyCredit {
    /// Slug of the source here.
    pub source: String,
    /// Title of the source.
    pub source_title: String,
    /// The copy's headline, plain.
    pub title: String,
    /// The copy at its publisher.
    pub url: Option<String>,
    /// The copy's date.
    pub published: Timestamp,
}
