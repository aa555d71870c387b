//! Turns a document, as plain values, into bytes: Atom, RSS 2.0, JSON Feed 1.1, HTML, OPML.
//!
//! Pure: the same document gives the same bytes (R63). What is in a document is chosen elsewhere
//! (`serve/select`).

pub mod atom;
mod foreign;
pub mod html;
pub mod json;
pub mod opml;
mod plain;
pub mod rss;
pub mod xml;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::entry::{Category, Element, Enclosure, Link, Person, REL_EXTERNAL};

/// Name of the program in `generator`, without a version: an upgrade changes no bytes (R30).
pub const GENERATOR: &str = env!("CARGO_PKG_NAME");

/// Where the program is explained.
pub const GENERATOR_URI: &str = "tag:feedmill,2026:generator";

/// Media type of files whose publisher gave none, where a format insists on one (R41, R56).
const MEDIA_TYPE_UNKNOWN: &str = "application/octet-stream";

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
    /// The article at its publisher; `None` when the publisher gave no link: then `page_url` stands
    /// in.
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
    /// BCP 47 of the entry; empty where its publisher unset it.
    pub language: Option<String>,
    /// BCP 47 of the title, where it is another.
    pub title_language: Option<String>,
    /// BCP 47 of the summary, where it is another.
    pub summary_language: Option<String>,
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
    /// The source of the representative (or, when the entry had its own `atom:source`, that one:
    /// R11).
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
    /// When the feed last changed as far as this entry tells: the entry's own `updated`, or that of
    /// its `atom:source`.
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
    /// Plain subtitle.
    pub subtitle: Option<String>,
    /// Contributors of the feed, where the entry names none (R10).
    pub contributors: Vec<Person>,
    /// Categories of the feed, where the entry has none (R10).
    pub categories: Vec<Category>,
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

impl Document {
    /// Returns the scheme of our own categories: with a slug behind it, it is the page of the
    /// category (R31).
    pub fn category_scheme(&self) -> String {
        format!("{}/category/", self.base_url)
    }
}

impl Item {
    /// Returns where the title leads: the article at its publisher, else its page here.
    pub fn permalink(&self) -> &str {
        self.link.as_deref().unwrap_or(&self.page_url)
    }

    /// Returns the picture the publisher shows with the entry: `media:thumbnail`, else
    /// `itunes:image`.
    pub fn image(&self) -> Option<&str> {
        let attribute = |prefix: &str, name: &str, attribute: &str| {
            let is = |element: &Element| element.prefix == prefix && element.name == name;
            let element = foreign::find(&self.extensions, &is)?;
            let (_, value) = element.attributes.iter().find(|(named, _)| named == attribute)?;
            named(value)
        };
        attribute("media", "thumbnail", "url").or_else(|| attribute("itunes", "image", "href"))
    }

    /// Returns who is named as author: the entry's, else its source's, else the source by its
    /// title, else the site (R13).
    pub fn credited_authors(&self, document: &Document) -> Vec<Person> {
        let known = |people: &[Person]| -> Vec<Person> {
            people.iter().filter(|person| display_name(person).is_some()).cloned().collect()
        };
        let own = known(&self.authors);
        let of_source = if own.is_empty() { known(&self.source.authors) } else { own };
        if !of_source.is_empty() {
            return of_source;
        }
        let name = named(self.source.display_title()).or_else(|| named(&document.site_title));
        vec![Person { name: name.unwrap_or(GENERATOR).to_owned(), ..Person::default() }]
    }
}

impl SourceCredit {
    /// Returns the title, else the slug.
    pub fn display_title(&self) -> &str {
        named(&self.title).unwrap_or(&self.slug)
    }
}

/// Returns what a person is called: the name, else an address; `None` when there is neither.
pub fn display_name(person: &Person) -> Option<&str> {
    named(&person.name)
        .or_else(|| person.email.as_deref().and_then(named))
        .or_else(|| person.uri.as_deref().and_then(named))
}

/// Returns the publisher's other links, what is no media type or language tag left out of them.
///
/// A second `alternate` of one type and language becomes `related` (R20); one without a type is
/// taken to be HTML, as the article's own link is.
fn further_links(links: &[Link]) -> Vec<Link> {
    let mut seen = BTreeSet::from([("text/html".to_owned(), String::new())]);
    let mut further = Vec::new();
    for link in links {
        let mime = link.mime.clone().filter(|mime| xml::is_media_type(mime));
        let hreflang = link.hreflang.clone().filter(|tag| xml::is_language(tag));
        let mut rel = named(&link.rel).unwrap_or("alternate");
        if rel == "alternate" {
            let kind = mime.clone().unwrap_or_else(|| "text/html".to_owned());
            let is_first = seen.insert((kind, hreflang.clone().unwrap_or_default()));
            rel = if is_first { rel } else { "related" };
        }
        if rel == REL_EXTERNAL {
            rel = "related";
        }
        further.push(Link { rel: rel.to_owned(), mime, hreflang, ..link.clone() });
    }
    further
}

/// Returns the text unless no format would show anything of it.
fn named(text: &str) -> Option<&str> {
    Some(text).filter(|text| text.chars().any(|c| xml::xml_char(c) && !c.is_whitespace()))
}
