//! Writes OPML 2.0: what is published (`/feeds.opml`) and what is polled (`/sources.opml`, `export
//! --opml`).
//!
//! Standards: OPML 2.0; R104–R106. Every feed outline has `type="rss"`, whatever its format, as
//! importers expect.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::named;
use super::xml::{Out, iri, rfc822};

/// Media type of the format.
pub const MEDIA_TYPE: &str = "text/x-opml";

/// Head of a list.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// Plain.
    pub title: String,
    /// When the list last changed; `None` leaves it out (never "now": R63).
    pub modified: Option<Timestamp>,
}

/// A published feed.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// Plain.
    pub title: String,
    /// Its Atom document.
    pub atom_url: String,
    /// Its page.
    pub page_url: String,
}

/// Published feeds under a heading.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// Plain: "Categories".
    pub title: String,
    /// Its feeds.
    pub feeds: Vec<Feed>,
}

/// A subscription.
#[derive(Clone, Debug, Default)]
pub struct Subscription {
    /// Operator's title, else the feed's own, else the slug.
    pub title: String,
    /// The feed; the caller leaves out or scrubs those that hold secrets.
    pub feed_url: String,
    /// Its page.
    pub site: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Slugs of its categories, in order.
    pub categories: Vec<String>,
}

/// Writes what is published: single feeds (all stories) first, then the folders, each in the order
/// given.
pub fn feeds(head: &Head, singles: &[Feed], folders: &[Folder]) -> Vec<u8> {
    let mut out = open(head);
    singles.iter().for_each(|feed| feed_outline(&mut out, feed));
    for folder in folders.iter().filter(|folder| !folder.feeds.is_empty()) {
        open_folder(&mut out, &folder.title);
        folder.feeds.iter().for_each(|feed| feed_outline(&mut out, feed));
        out.end("outline");
    }
    close(out)
}

/// Writes what is polled, nested by category; `titles` are those of the categories, by slug.
///
/// An import must give the same subscriptions, categories and order (R106). So neighbours of one
/// first category share a folder (a folder may come again), a source in further categories is
/// listed once more in each of them at the end, and each outline names its slugs in `category`
/// (`/thoi-su,/the-gioi`: RSS 2.0 `category`), since a title alone may not lead to them.
pub fn sources(
    head: &Head,
    subscriptions: &[Subscription],
    titles: &BTreeMap<String, String>,
) -> Vec<u8> {
    let firsts = subscriptions.iter().map(|one| (one.categories.first(), one));
    let further = subscriptions
        .iter()
        .flat_map(|one| one.categories.iter().skip(1).map(move |slug| (Some(slug), one)));
    let mut out = open(head);
    runs(&mut out, &firsts.collect::<Vec<_>>(), titles);
    runs(&mut out, &further.collect::<Vec<_>>(), titles);
    close(out)
}

/// Writes neighbours of one category as one folder, those without a category as they are.
fn runs(
    out: &mut Out,
    filed: &[(Option<&String>, &Subscription)],
    titles: &BTreeMap<String, String>,
) {
    for run in filed.chunk_by(|(left, _), (right, _)| left == right) {
        let folder = run.first().and_then(|(slug, _)| *slug);
        if let Some(slug) = folder {
            open_folder(out, titles.get(slug).and_then(|title| named(title)).unwrap_or(slug));
        }
        run.iter().for_each(|(_, subscription)| subscription_outline(out, subscription));
        if folder.is_some() {
            out.end("outline");
        }
    }
}

fn open(head: &Head) -> Out {
    let mut out = Out::new();
    out.start("opml", &[("version", Some("2.0"))]);
    out.start("head", &[]);
    out.element("title", &[], &head.title);
    if let Some(modified) = head.modified {
        out.element("dateModified", &[], &rfc822(modified));
    }
    out.element("docs", &[], "http://opml.org/spec2.opml");
    out.end("head");
    out.start("body", &[]);
    out
}

fn close(mut out: Out) -> Vec<u8> {
    out.end("body");
    out.end("opml");
    out.into_bytes()
}

fn open_folder(out: &mut Out, title: &str) {
    out.start("outline", &[("text", Some(title)), ("title", Some(title))]);
}

fn feed_outline(out: &mut Out, feed: &Feed) {
    let title = named(&feed.title).unwrap_or(&feed.atom_url);
    let attributes = [
        ("text", Some(title)),
        ("title", Some(title)),
        ("type", Some("rss")),
        ("xmlUrl", Some(&*iri(&feed.atom_url))),
        ("htmlUrl", Some(&*iri(&feed.page_url))),
    ];
    out.empty("outline", &attributes);
}

fn subscription_outline(out: &mut Out, one: &Subscription) {
    let title = named(&one.title).unwrap_or(&one.feed_url);
    let categories: Vec<_> = one.categories.iter().map(|slug| format!("/{slug}")).collect();
    let categories = categories.join(",");
    let site = one.site.as_deref().map(iri);
    let attributes = [
        ("text", Some(title)),
        ("title", Some(title)),
        ("type", Some("rss")),
        ("xmlUrl", Some(&*iri(&one.feed_url))),
        ("htmlUrl", site.as_deref()),
        ("language", one.language.as_deref()),
        ("category", named(&categories)),
    ];
    out.empty("outline", &attributes);
}
