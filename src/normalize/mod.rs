//! Makes a document ours: `RawFeed` and `Source` → `Feed`.
//!
//! Afterwards every URL is absolute (R23), every date an instant (D1–D35), every text NFC without
//! characters that XML forbids (R1), all HTML safe (R118–R126) and all titles plain (R26, R27).
//!
//! It is total: what cannot be read is left out and counted among the flaws; one bad entry never
//! loses a feed. It leaves to others: reading bytes (`parse`), whether an entry is known (`dedup`),
//! and how things are written (`render`).

pub mod date;
mod entry;
mod filter;
pub mod html;
mod link;
mod person;
pub mod text;
pub mod url;
mod zone;

use ::url::Url;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::model::feed::{Feed, FeedItem};
use crate::model::raw::{RawFeed, RawItem, RawMeta};
use crate::model::scrub::scrub_url;
use crate::model::source::{FeedMeta, Source};
use date::{DateSettings, DayMonth};
use entry::Shared;

pub use filter::Filter;

/// The most hubs and feed-level links looked at.
const META_LINKS_MAX: usize = 100;

/// What is known about a document besides what it says.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The instant of the poll.
    pub now: Timestamp,
    /// Whose document it is.
    pub source: &'a Source,
    /// The URL that answered.
    pub document_url: &'a str,
    /// `Content-Location` of the answer: wins over `document_url` as the base (RFC 3986 §5.1).
    pub content_location: Option<&'a str>,
    /// `Content-Language` of the answer: the language of a document that names none.
    pub content_language: Option<&'a str>,
    /// The order of day and month that earlier documents of the source have shown.
    pub date_order: Option<DayMonth>,
    /// The zone of dates that name none, as earlier documents of the source have shown it (D11).
    pub zone_s: Option<i32>,
    /// The compiled rules of `source`.
    pub filter: &'a Filter,
}

/// Returns the document as we hold it. Items keep their order; those with nothing in them go.
pub fn normalize(mut raw: RawFeed, context: &Context<'_>) -> Feed {
    let base = base_of(context);
    let shown = order_in(&raw);
    let mut flaws = Flaws(std::mem::take(&mut raw.flaws));
    let header_language = context.content_language.and_then(|it| it.split(',').next());
    let language = raw.meta.language.as_deref().or(header_language);
    let order = shown.or(context.date_order);
    let zone = zone_in(&raw, context, order, language);
    let learnt = zone.zone_s.and_then(|it| Offset::from_seconds(it).ok()).map(TimeZone::fixed);
    if let Some(zone_s) = zone.zone_s.filter(|_| zone.bare > 0) {
        flaws.0.push((zone::flaw(zone_s), zone.bare));
    }
    let shared = Shared {
        base: Some(&base),
        dates: DateSettings {
            zone: learnt.as_ref().unwrap_or(&context.source.timezone),
            order,
            language,
        },
        now: context.now,
        language,
    };
    let meta = meta_of(&raw.meta, &shared, &mut flaws);
    let items =
        raw.items.iter().filter_map(|item| item_of(item, &shared, context, &mut flaws)).collect();
    Feed {
        meta,
        items,
        wish: raw.wish,
        is_blocked: raw.meta.is_blocked,
        flaws: flaws.0,
        date_order: shown,
        zone_s: zone.zone_s,
        is_without_zone: zone.is_without_zone,
    }
}

/// What had to be mended, by name, with counts.
struct Flaws(Vec<(String, u32)>);

impl Flaws {
    fn add(&mut self, name: &str) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.0.push((name.to_owned(), 1)),
        }
    }
}

/// Returns the base of references that no `xml:base` covers: Content-Location, else the document's
/// URL.
fn base_of(context: &Context<'_>) -> Url {
    let document = Url::parse(context.document_url).ok();
    let mut base = context
        .content_location
        .and_then(|it| Url::options().base_url(document.as_ref()).parse(it.trim()).ok())
        .filter(|url| !url.cannot_be_a_base())
        .or(document)
        .unwrap_or_else(|| context.source.url.clone());
    // User info and query may be secrets of the source: no link made from the base may carry them.
    let _ = base.set_username("");
    let _ = base.set_password(None);
    base.set_query(None);
    base
}

/// Decides the order of day and month for the whole document (D16).
fn order_in(raw: &RawFeed) -> Option<date::DayMonth> {
    let samples: Vec<&str> = raw
        .items
        .iter()
        .filter_map(|item| item.entry.as_ref())
        .flat_map(|entry| entry.published.iter().chain(&entry.updated))
        .chain(&raw.meta.updated)
        .map(String::as_str)
        .collect();
    date::order_of(&samples)
}

/// Reads what the dates of the document show of its zone, unless the operator has said it (D11).
fn zone_in(
    raw: &RawFeed,
    context: &Context<'_>,
    order: Option<DayMonth>,
    language: Option<&str>,
) -> zone::Shown {
    if context.source.is_zone_given {
        return zone::Shown::default();
    }
    let utc = DateSettings { zone: &TimeZone::UTC, order, language };
    zone::shown(raw, &utc, context.now, context.zone_s)
}

fn item_of(
    item: &RawItem,
    shared: &Shared<'_>,
    context: &Context<'_>,
    flaws: &mut Flaws,
) -> Option<FeedItem> {
    let Some(raw) = &item.entry else {
        return Some(FeedItem { hash: item.hash, entry: None, is_admitted: true });
    };
    let entry = entry::normalize(raw, shared, flaws)?;
    let is_blocked = !context.source.overrides_block && entry::is_blocked(&entry);
    let is_admitted = !is_blocked && context.filter.admits(&entry);
    Some(FeedItem { hash: item.hash, entry: Some(entry), is_admitted })
}

fn meta_of(raw: &RawMeta, shared: &Shared<'_>, flaws: &mut Flaws) -> FeedMeta {
    let links: Vec<(String, String, bool)> = raw
        .links
        .iter()
        .take(META_LINKS_MAX)
        .filter_map(|it| {
            let is_page = it.mime.as_deref().is_none_or(|mime| mime.contains("html"));
            Some((link::relation(&it.rel), url::web(&it.href, shared.base)?, is_page))
        })
        .collect();
    if let Some((_, href, _)) = links.iter().find(|(rel, ..)| rel == "new-feed-url")
        && shared.base.is_none_or(|base| base.as_str() != href)
    {
        // R82: a proposal to the operator, not a redirect.
        let href = scrub_url(href);
        flaws.add(&format!("the feed says that it moved (itunes:new-feed-url): {href}"));
    }
    let first = |wanted: &str| links.iter().find(|(rel, _, _)| rel == wanted);
    let site = links
        .iter()
        .find(|(rel, _, is_page)| rel == "alternate" && *is_page)
        .or_else(|| first("alternate"));
    let picture = |href: &Option<String>| href.as_deref().and_then(|it| url::web(it, shared.base));
    FeedMeta {
        id: raw.id.as_deref().map(text::clean).filter(|id| !id.is_empty()),
        title: entry::title(raw.title.as_ref()),
        subtitle: entry::title(raw.subtitle.as_ref()),
        site: site.map(|(_, href, _)| href.clone()),
        self_url: first("self").map(|(_, href, _)| href.clone()),
        hubs: links.iter().filter(|(rel, _, _)| rel == "hub").map(|it| it.1.clone()).collect(),
        language: shared.language.and_then(link::language),
        authors: person::all(&raw.authors, shared.base),
        rights: raw.rights.as_ref().and_then(entry::rights),
        icon: picture(&raw.icon),
        logo: picture(&raw.logo),
        updated: entry::instant(&raw.updated, shared, flaws),
        contributors: person::all(&raw.contributors, shared.base),
        categories: entry::categories(&raw.categories),
    }
}
