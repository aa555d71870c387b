//! From a route to a rendered body: select, write, compress. Runs on the blocking pool.

use std::sync::Arc;

use jiff::Timestamp;

use crate::render::html::{self, Directory, Kind, Listing, Way};
use crate::render::{Document, Item, atom, json, rss};
use crate::store::Store;

use super::body::{Keep, Rendered};
use super::cache::{Outcome, RenderError};
use super::revision::Needs;
use super::select::{Found, Secrets, Selected, View};
use super::{Format, Front, Part, Route, Scope};

/// `Content-Type` of pages.
pub(super) const HTML: &str = "text/html; charset=utf-8";
const ATOM: &str = "application/atom+xml; charset=utf-8";
const OPML: &str = "text/x-opml; charset=utf-8";
pub(super) const CSS: &str = "text/css; charset=utf-8";
pub(super) const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// Renders a route that has a body.
pub(super) fn paint(
    store: &dyn Store,
    front: &Front,
    route: &Route,
) -> Result<Outcome, RenderError> {
    let settings = &front.settings;
    let view = View::open(store, &settings.site, &settings.catalog)?.hiding(&settings.hidden);
    let everything = || view.changed_anywhere();
    match route {
        Route::Feed(scope, part, format) => Ok(match find(&view, scope, *part, Some(*format))? {
            Ok(selected) => Outcome::Body(Arc::new(feed(&selected, *format))),
            Err(outcome) => outcome,
        }),
        Route::Page(scope, part) => page(&view, front, scope, *part),
        Route::Entry(slug) => entry(&view, front, slug),
        Route::Dates => Ok(directory(&view, front, &view.dates()?)),
        Route::Categories => Ok(directory(&view, front, &view.categories()?)),
        Route::Sources => Ok(directory(&view, front, &view.source_rows()?)),
        Route::FeedsOpml => {
            let (categories, sources) = html::folder_titles(&settings.site.language);
            Ok(done(view.feeds_opml(categories, sources), OPML, everything()))
        }
        Route::SourcesOpml => Ok(done(view.sources_opml(Secrets::LeftOut), OPML, everything())),
        Route::Status | Route::StatusFeed if !settings.server.status_page => Ok(Outcome::Unknown),
        Route::Status => {
            let body = html::status::page(&front.shell, &view.status_rows());
            Ok(done(body.into_bytes(), HTML, view.status_changed()))
        }
        Route::StatusFeed => {
            Ok(done(atom::write(&view.status_document()), ATOM, view.status_changed()))
        }
        Route::Robots => {
            let body = b"User-agent: *\nDisallow:\n".to_vec();
            Ok(fixed(body, TEXT, view.created(), Keep::Short))
        }
        Route::Icon => {
            let body = html::icon(&settings.site.accent).into_bytes();
            Ok(fixed(body, SVG, view.created(), Keep::Long))
        }
        Route::Style(hash) if *hash == front.style.hash => {
            let body = front.style.css.clone().into_bytes();
            Ok(fixed(body, CSS, view.created(), Keep::Forever))
        }
        Route::Style(_)
        | Route::Health
        | Route::Ready
        | Route::Moved(_)
        | Route::Options
        | Route::NotFound
        | Route::MethodNotAllowed => Ok(Outcome::Unknown),
    }
}

fn done(body: Vec<u8>, content_type: &'static str, changed: Timestamp) -> Outcome {
    Outcome::Body(Arc::new(Rendered::new(body, content_type, changed)))
}

/// A body that only the configuration changes.
fn fixed(body: Vec<u8>, content_type: &'static str, changed: Timestamp, keep: Keep) -> Outcome {
    let rendered = Rendered::new(body, content_type, changed);
    Outcome::Body(Arc::new(Rendered { keep, needs: Needs::NOTHING, ..rendered }))
}

/// Finds the document of a scope, or says where or why it is not; `suffix` ends a new path.
fn find(
    view: &View<'_>,
    scope: &Scope,
    part: Part,
    format: Option<Format>,
) -> Result<Result<Selected, Outcome>, RenderError> {
    Ok(match view.document(scope, part)? {
        Found::Here(selected) => Ok(selected),
        Found::Renamed(slug) => {
            let renamed = match scope {
                Scope::CategoryDay(_, day) => Scope::CategoryDay(slug, *day),
                Scope::All | Scope::Category(_) | Scope::Day(_) | Scope::Source(_) => {
                    Scope::Category(slug)
                }
            };
            Err(Outcome::Moved(match format {
                Some(format) => format!("{}.{}", renamed.part_path(part), format.extension()),
                None => renamed.page_path(part),
            }))
        }
        Found::Gone => Err(Outcome::Gone),
        Found::Unknown => Err(Outcome::Unknown),
    })
}

/// Writes what a feed holds that a client with `held` has not; `None`: there is no such feed any
/// more.
pub(super) fn since(
    store: &dyn Store,
    front: &Front,
    route: &Route,
    held: &[u64],
) -> Result<Option<Rendered>, RenderError> {
    let Route::Feed(scope, part, format) = route else { return Ok(None) };
    let settings = &front.settings;
    let view = View::open(store, &settings.site, &settings.catalog)?.hiding(&settings.hidden);
    let found = find(&view, scope, *part, Some(*format))?;
    Ok(found.ok().map(|mut selected| {
        selected.document.items.retain(|item| !held.contains(&mark(item)));
        feed(&selected, *format)
    }))
}

/// What tells an entry from another, and from what it was before.
fn mark(item: &Item) -> u64 {
    let link = item.link.as_deref().unwrap_or_default();
    let words = format!("{}\n{}\n{}\n{link}", item.id, item.updated, item.copies.len());
    xxhash_rust::xxh3::xxh3_64(words.as_bytes())
}

fn feed(selected: &Selected, format: Format) -> Rendered {
    let Selected { document, changed, keep, needs } = selected;
    let (body, content_type) = match format {
        Format::Atom => (atom::write(document), ATOM),
        Format::Rss => (rss::write(document), "application/rss+xml; charset=utf-8"),
        // RFC 8259 §11: JSON has no charset parameter.
        Format::Json => (json::write(document), "application/feed+json"),
    };
    Rendered {
        entries: document.items.iter().map(mark).collect(),
        keep: *keep,
        needs: needs.clone(),
        ..Rendered::new(body, content_type, *changed).with_links(&feed_links(document, format))
    }
}

/// `Link` fields: the same relations as in the document (R98, R99).
fn feed_links(document: &Document, format: Format) -> Vec<String> {
    let formats = [
        (Format::Atom, &document.atom_url, "application/atom+xml"),
        (Format::Rss, &document.rss_url, "application/rss+xml"),
        (Format::Json, &document.json_url, "application/feed+json"),
    ];
    let mut links: Vec<String> = formats
        .iter()
        .map(|(other, url, mime)| {
            let rel = if *other == format { "self" } else { "alternate" };
            format!("<{url}>; rel=\"{rel}\"; type=\"{mime}\"")
        })
        .collect();
    links.push(format!("<{}>; rel=\"alternate\"; type=\"text/html\"", document.page_url));
    links.extend(document.hub.as_ref().map(|hub| format!("<{hub}>; rel=\"hub\"")));
    let extension = format.extension();
    let paging = document.paging.iter();
    links.extend(paging.map(|(rel, path)| format!("<{path}.{extension}>; rel=\"{rel}\"")));
    links
}

/// `Link` fields of a page: its feeds, the preferred one first (R109).
fn page_links(document: &Document) -> Vec<String> {
    let feeds = [
        (&document.atom_url, "application/atom+xml"),
        (&document.rss_url, "application/rss+xml"),
        (&document.json_url, "application/feed+json"),
    ];
    let link =
        |(url, mime): (&String, &str)| format!("<{url}>; rel=\"alternate\"; type=\"{mime}\"");
    feeds.into_iter().map(link).collect()
}

fn page(view: &View<'_>, front: &Front, scope: &Scope, part: Part) -> Result<Outcome, RenderError> {
    let Selected { document, changed, keep, needs } = match find(view, scope, part, None)? {
        Ok(selected) => selected,
        Err(outcome) => return Ok(outcome),
    };
    let kind = match scope {
        Scope::All => Kind::Home,
        Scope::Category(_) => Kind::Category,
        Scope::Day(_) | Scope::CategoryDay(..) => Kind::Day,
        Scope::Source(_) => Kind::Source,
    };
    let (newer, older) = ways(view, front, scope, &document)?;
    let website = view.website(scope);
    let heading = view.heading(scope);
    let (calendar, twins) = (view.calendar(scope)?, view.twins(scope)?);
    let document = &document;
    let listing = Listing { kind, heading, document, newer, older, website, calendar, twins };
    let body = html::listing(&front.shell, &listing).into_bytes();
    let rendered = Rendered::new(body, HTML, changed).with_links(&page_links(document));
    Ok(Outcome::Body(Arc::new(Rendered { keep, needs, ..rendered })))
}

/// Where newer and older news are: the other pages of a day, the days around it, the archive.
fn ways(
    view: &View<'_>,
    front: &Front,
    scope: &Scope,
    document: &Document,
) -> Result<(Option<Way>, Option<Way>), RenderError> {
    let paged = |rels: [&str; 2]| {
        let found = document.paging.iter().find(|(rel, _)| rels.contains(&rel.as_str()));
        found.and_then(|(_, url)| url.strip_prefix(&front.settings.site.base_url)).map(|path| Way {
            label: html::page_label(path, &front.settings.site.language),
            path: path.to_owned(),
        })
    };
    let (newer, older) = view.neighbours(scope)?;
    let newer = paged(["previous", "next-archive"]).or(newer);
    Ok((newer, paged(["next", "prev-archive"]).or(older)))
}

fn entry(
    view: &View<'_>,
    front: &Front,
    slug: &crate::model::entry::Slug,
) -> Result<Outcome, RenderError> {
    let story = match view.story(slug)? {
        Found::Here(story) => story,
        Found::Renamed(slug) => return Ok(Outcome::Moved(format!("/entry/{slug}"))),
        Found::Gone => return Ok(Outcome::Gone),
        Found::Unknown => return Ok(Outcome::Unknown),
    };
    let page =
        html::Entry { item: &story.item, more: story.more, day: story.day, feed: &story.feed };
    let body = html::entry(&front.shell, &page).into_bytes();
    let rendered = Rendered::new(body, HTML, story.changed).with_links(&page_links(&story.feed));
    Ok(Outcome::Body(Arc::new(Rendered { needs: story.needs, ..rendered })))
}

fn directory(view: &View<'_>, front: &Front, directory: &Directory) -> Outcome {
    let feed = view.bare_document(&Scope::All);
    let body = html::directory(&front.shell, directory, &feed).into_bytes();
    let rendered = Rendered::new(body, HTML, view.changed_anywhere());
    Outcome::Body(Arc::new(rendered.with_links(&page_links(&feed))))
}
