//! Which of our URLs a request means: a pure function from method and path to a closed set.
//!
//! It knows the shape of the URLs and nothing of what exists: an unknown category is found out by
//! `select`. A path is taken as nginx users expect: percent-encoded letters mean the letters, a
//! query changes nothing, a trailing or doubled slash is answered 301 with the plain path, and dot
//! segments lead nowhere (clients resolve them before they ask).

use std::borrow::Cow;

use http::Method;
use jiff::civil::Date;

use crate::model::entry::Slug;

/// Parts of a path between slashes; no URL of ours has more.
const SEGMENTS_MAX: usize = 8;

/// What is listed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every story.
    All,
    /// A category, by slug.
    Category(String),
    /// A day in the site's time zone.
    Day(Date),
    /// A day of a category.
    CategoryDay(String, Date),
    /// A source's own entries, by id.
    Source(String),
}

/// Which part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The newest.
    Newest,
    /// Page n of a day, from 2.
    Page(u32),
    /// Archive document n (RFC 5005 §4), from 0.
    Archive(u32),
}

/// How a feed is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// RFC 4287.
    Atom,
    /// RSS 2.0.
    Rss,
    /// JSON Feed 1.1.
    Json,
}

/// A public URL, understood.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// The HTML twin of a feed.
    Page(Scope, Part),
    /// A feed.
    Feed(Scope, Part, Format),
    /// A story's page.
    Entry(Slug),
    /// Days with counts.
    Dates,
    /// Categories with counts.
    Categories,
    /// Sources with counts.
    Sources,
    /// What is published here.
    FeedsOpml,
    /// What is polled.
    SourcesOpml,
    /// Which sources broke or came back.
    Status,
    /// The same as a feed.
    StatusFeed,
    /// For crawlers.
    Robots,
    /// The site's icon.
    Icon,
    /// Alive.
    Health,
    /// Able to serve feeds.
    Ready,
    /// The style sheet, by its hash.
    Style(String),
    /// The same under its plain path, which is given without the base URL.
    Moved(String),
    /// What CORS asks before a request (and `OPTIONS *`).
    Options,
    /// Nothing here.
    NotFound,
    /// Something may be here, but not for this method.
    MethodNotAllowed,
}

impl Format {
    /// Returns the extension in URLs.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Atom => "atom",
            Self::Rss => "rss",
            Self::Json => "json",
        }
    }
}

impl Scope {
    /// Returns the path of its feeds, without extension: `/all`, `/category/x`.
    pub fn path(&self) -> String {
        match self {
            Self::All => "/all".to_owned(),
            Self::Category(slug) => format!("/category/{slug}"),
            Self::Day(day) => format!("/date/{day}"),
            Self::CategoryDay(slug, day) => format!("/category/{slug}/date/{day}"),
            Self::Source(id) => format!("/source/{id}"),
        }
    }

    /// Returns the path of one part, without extension.
    pub fn part_path(&self, part: Part) -> String {
        let path = self.path();
        match part {
            Part::Newest => path,
            Part::Page(n) => format!("{path}/page/{n}"),
            Part::Archive(n) => format!("{path}/archive/{n}"),
        }
    }

    /// Returns the path of the HTML twin of one part.
    pub fn page_path(&self, part: Part) -> String {
        match (self, part) {
            (Self::All, Part::Newest) => "/".to_owned(),
            (scope, part) => scope.part_path(part),
        }
    }
}

impl Route {
    /// Tells whether it is a page for people.
    pub fn is_page(&self) -> bool {
        match self {
            Self::Page(..)
            | Self::Entry(_)
            | Self::Dates
            | Self::Categories
            | Self::Sources
            | Self::Status
            | Self::NotFound => true,
            Self::Feed(..)
            | Self::FeedsOpml
            | Self::SourcesOpml
            | Self::StatusFeed
            | Self::Robots
            | Self::Icon
            | Self::Health
            | Self::Ready
            | Self::Style(_)
            | Self::Moved(_)
            | Self::Options
            | Self::MethodNotAllowed => false,
        }
    }

    /// Tells whether a rendered body may be behind it.
    pub fn has_document(&self) -> bool {
        match self {
            Self::Health
            | Self::Ready
            | Self::Moved(_)
            | Self::Options
            | Self::NotFound
            | Self::MethodNotAllowed => false,
            Self::Page(..)
            | Self::Feed(..)
            | Self::Entry(_)
            | Self::Dates
            | Self::Categories
            | Self::Sources
            | Self::FeedsOpml
            | Self::SourcesOpml
            | Self::Status
            | Self::StatusFeed
            | Self::Robots
            | Self::Icon
            | Self::Style(_) => true,
        }
    }

    /// Returns the name used in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Page(..) => "page",
            Self::Feed(..) => "feed",
            Self::Entry(_) => "entry",
            Self::Dates | Self::Categories | Self::Sources => "list",
            Self::FeedsOpml | Self::SourcesOpml => "opml",
            Self::Status | Self::StatusFeed => "status",
            Self::Robots => "robots",
            Self::Health => "healthz",
            Self::Ready => "readyz",
            Self::Style(_) | Self::Icon => "static",
            Self::Moved(_) => "moved",
            Self::Options => "options",
            Self::NotFound => "unknown",
            Self::MethodNotAllowed => "method",
        }
    }
}

/// Returns what a request means. The query takes no part: `?utm_source=…` is the same document.
pub fn route(method: &Method, path: &str) -> Route {
    if *method == Method::OPTIONS {
        return Route::Options;
    }
    if *method != Method::GET && *method != Method::HEAD {
        return Route::MethodNotAllowed;
    }
    let Some(decoded) = decode(path) else { return Route::NotFound };
    let mut all = [""; SEGMENTS_MAX];
    let mut count = 0;
    for segment in decoded.split('/').filter(|segment| !segment.is_empty()) {
        let Some(place) = all.get_mut(count) else { return Route::NotFound };
        *place = segment;
        count += 1;
    }
    let segments = all.get(..count).unwrap_or_default();
    let found = find(segments);
    let is_known = !matches!(found, Route::NotFound | Route::Moved(_));
    if is_known && !is_plain(&decoded) {
        return Route::Moved(format!("/{}", segments.join("/")));
    }
    found
}

/// Tells whether no slash is doubled or at the end.
fn is_plain(path: &str) -> bool {
    path == "/" || !(path.contains("//") || path.ends_with('/'))
}

/// Decodes percent signs. `None` for what is no path of ours: bad UTF-8, control characters, a
/// slash or dots in disguise.
fn decode(path: &str) -> Option<Cow<'_, str>> {
    let rest = path.strip_prefix('/')?;
    let decoded =
        if rest.contains('%') { Cow::Owned(unescape(rest)?) } else { Cow::Borrowed(path) };
    let is_odd = decoded.chars().any(char::is_control)
        || decoded.split('/').any(|segment| segment == "." || segment == "..");
    (!is_odd).then_some(decoded)
}

fn unescape(rest: &str) -> Option<String> {
    let mut bytes = vec![b'/'];
    let mut source = rest.bytes();
    while let Some(byte) = source.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(source.next()?).to_digit(16)?;
        let low = char::from(source.next()?).to_digit(16)?;
        let decoded = u8::try_from(high * 16 + low).ok()?;
        if decoded == b'/' {
            return None;
        }
        bytes.push(decoded);
    }
    String::from_utf8(bytes).ok()
}

fn find(segments: &[&str]) -> Route {
    match segments {
        [] => Route::Page(Scope::All, Part::Newest),
        ["all"] => Route::Moved("/".to_owned()),
        ["dates"] => Route::Dates,
        ["categories"] => Route::Categories,
        ["sources"] => Route::Sources,
        ["feeds.opml"] => Route::FeedsOpml,
        ["sources.opml"] => Route::SourcesOpml,
        ["status"] => Route::Status,
        ["status.atom"] => Route::StatusFeed,
        ["robots.txt"] => Route::Robots,
        ["favicon.svg" | "favicon.ico"] => Route::Icon,
        ["healthz"] => Route::Health,
        ["readyz"] => Route::Ready,
        ["entry", slug] if is_entry_slug(slug) => Route::Entry(Slug((*slug).to_owned())),
        ["static", file] => style(file),
        [.., last] => listing(segments, last),
    }
}

/// An entry's slug is 16 letters and digits (`Slug::of`).
fn is_entry_slug(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// The style sheet is named by 16 hexadecimal digits (`render::html::style`).
fn style(file: &str) -> Route {
    let hash = file.strip_prefix("feedmill.").and_then(|rest| rest.strip_suffix(".css"));
    let is_hash = |hash: &&str| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    hash.filter(is_hash).map_or(Route::NotFound, |hash| Route::Style(hash.to_owned()))
}

/// Reads `P`, `P.atom`, `P/page/2.rss`, `P/archive/0.json` …
fn listing(segments: &[&str], last: &str) -> Route {
    let (stem, format) = split_format(last);
    let mut parts = [""; SEGMENTS_MAX];
    for (place, segment) in parts.iter_mut().zip(segments) {
        *place = segment;
    }
    let parts = parts.get_mut(..segments.len()).unwrap_or_default();
    if let Some(place) = parts.last_mut() {
        *place = stem;
    }
    let (scope, part) = match &*parts {
        [scope @ .., "page", n] => (scope, number(n).map(Part::Page)),
        [scope @ .., "archive", n] => (scope, number(n).map(Part::Archive)),
        scope => (scope, Some(Part::Newest)),
    };
    let (Some(scope), Some(part)) = (read_scope(scope), part) else { return Route::NotFound };
    if !is_sensible(&scope, part) {
        return Route::NotFound;
    }
    if part == Part::Page(1) {
        return first_page(&scope, format);
    }
    match format {
        Some(format) => Route::Feed(scope, part, format),
        None => Route::Page(scope, part),
    }
}

fn first_page(scope: &Scope, format: Option<Format>) -> Route {
    let extension = format.map(|format| format!(".{}", format.extension())).unwrap_or_default();
    Route::Moved(format!("{}{extension}", scope.path()))
}

/// Days have pages; everything else has archives.
fn is_sensible(scope: &Scope, part: Part) -> bool {
    let is_day = match scope {
        Scope::Day(_) | Scope::CategoryDay(..) => true,
        Scope::All | Scope::Category(_) | Scope::Source(_) => false,
    };
    match part {
        Part::Newest => true,
        Part::Page(n) => is_day && n >= 1,
        Part::Archive(_) => !is_day,
    }
}

fn split_format(last: &str) -> (&str, Option<Format>) {
    let formats = [Format::Atom, Format::Rss, Format::Json];
    let found = formats.into_iter().find_map(|format| {
        let stem = last.strip_suffix(format.extension())?.strip_suffix('.')?;
        Some((stem, Some(format)))
    });
    found.unwrap_or((last, None))
}

/// A number without sign or leading zeros.
fn number(text: &str) -> Option<u32> {
    let n: u32 = text.parse().ok()?;
    (n.to_string() == text).then_some(n)
}

fn read_scope(segments: &[&str]) -> Option<Scope> {
    match segments {
        ["all"] => Some(Scope::All),
        ["category", slug] => Some(Scope::Category(slug_of(slug)?)),
        ["date", day] => Some(Scope::Day(day_of(day)?)),
        ["category", slug, "date", day] => Some(Scope::CategoryDay(slug_of(slug)?, day_of(day)?)),
        ["source", id] => Some(Scope::Source(slug_of(id)?)),
        _ => None,
    }
}

/// Longest slug that is looked for.
const SLUG_BYTES_MAX: usize = 128;

/// A slug is made of letters and digits of ASCII, `-`, `_` and `.`: nothing that means something
/// else in a `Location`.
fn slug_of(text: &str) -> Option<String> {
    let is_slug = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_fit = !text.is_empty() && text.len() <= SLUG_BYTES_MAX && text.bytes().all(is_slug);
    is_fit.then(|| text.to_owned())
}

/// A day as `yyyy-mm-dd`, written so and no other way, that is in the calendar.
fn day_of(text: &str) -> Option<Date> {
    let day: Date = text.parse().ok()?;
    (day.year() >= 1 && day.to_string() == text).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn get(path: &str) -> Route {
        route(&Method::GET, path)
    }

    #[test]
    fn every_public_url_of_the_contract_has_its_route() {
        let x = || "x".to_owned();
        let day = date(2024, 11, 22);
        let feed = |scope: Scope, format| Route::Feed(scope, Part::Newest, format);
        let page = |scope: Scope| Route::Page(scope, Part::Newest);
        let cases = [
            ("/", page(Scope::All)),
            ("/all.atom", feed(Scope::All, Format::Atom)),
            ("/all.rss", feed(Scope::All, Format::Rss)),
            ("/all.json", feed(Scope::All, Format::Json)),
            ("/category/x", page(Scope::Category(x()))),
            ("/category/x.atom", feed(Scope::Category(x()), Format::Atom)),
            ("/date/2024-11-22", page(Scope::Day(day))),
            ("/date/2024-11-22.rss", feed(Scope::Day(day), Format::Rss)),
            ("/category/x/date/2024-11-22", page(Scope::CategoryDay(x(), day))),
            ("/category/x/date/2024-11-22.json", feed(Scope::CategoryDay(x(), day), Format::Json)),
            ("/source/x", page(Scope::Source(x()))),
            ("/source/x.atom", feed(Scope::Source(x()), Format::Atom)),
            ("/entry/0123456789abcdef", Route::Entry(Slug("0123456789abcdef".to_owned()))),
            (
                "/date/2024-11-22/page/2.atom",
                Route::Feed(Scope::Day(day), Part::Page(2), Format::Atom),
            ),
            ("/date/2024-11-22/page/2", Route::Page(Scope::Day(day), Part::Page(2))),
            ("/all/archive/0.atom", Route::Feed(Scope::All, Part::Archive(0), Format::Atom)),
            (
                "/category/x/archive/7.rss",
                Route::Feed(Scope::Category(x()), Part::Archive(7), Format::Rss),
            ),
            (
                "/source/x/archive/7.json",
                Route::Feed(Scope::Source(x()), Part::Archive(7), Format::Json),
            ),
            ("/dates", Route::Dates),
            ("/categories", Route::Categories),
            ("/sources", Route::Sources),
            ("/feeds.opml", Route::FeedsOpml),
            ("/sources.opml", Route::SourcesOpml),
            ("/status", Route::Status),
            ("/status.atom", Route::StatusFeed),
            ("/robots.txt", Route::Robots),
            ("/favicon.svg", Route::Icon),
            ("/favicon.ico", Route::Icon),
            ("/healthz", Route::Health),
            ("/readyz", Route::Ready),
            ("/static/feedmill.0123456789abcdef.css", Route::Style("0123456789abcdef".to_owned())),
        ];
        for (path, expected) in cases {
            assert_eq!(get(path), expected, "{path}");
            assert_eq!(route(&Method::HEAD, path), expected, "HEAD {path}");
        }
    }

    #[test]
    fn another_spelling_of_a_url_is_moved_to_the_plain_one() {
        let cases = [
            ("/all", "/"),
            ("/all/", "/"),
            ("/category/x/", "/category/x"),
            ("//category//x", "/category/x"),
            ("//all.atom", "/all.atom"),
            ("/healthz/", "/healthz"),
            ("/date/2024-11-22/page/1", "/date/2024-11-22"),
            ("/date/2024-11-22/page/1.json", "/date/2024-11-22.json"),
        ];
        for (path, to) in cases {
            assert_eq!(get(path), Route::Moved(to.to_owned()), "{path}");
        }
    }

    #[test]
    fn percent_encoded_letters_mean_the_letters() {
        assert_eq!(get("/%61ll.atom"), get("/all.atom"));
        assert_eq!(get("/all%2Eatom"), get("/all.atom"));
        assert_eq!(get("//"), Route::Moved("/".to_owned()));
    }

    #[test]
    fn what_is_no_url_of_ours_is_not_found() {
        let cases = [
            "",
            "*",
            "all.atom",
            "/nothing",
            "/all.xml",
            "/.atom",
            "/category",
            "/category/.atom",
            "/category/x/y",
            "/%2e%2e/etc/passwd",
            "/../etc/passwd",
            "/./all.atom",
            "/%00",
            "/category/a%2Fb",
            "/category/a%3Fb/",
            "/category/a%20b",
            "/category/%C3%BC/",
            "/static/feedmill.%0d.css/",
            "/%ff",
            "/%",
            "/%4",
            "/%zz",
            "/%+1",
            "/ALL.ATOM",
            "/entry/short",
            "/entry/0123456789ABCDEF",
            "/static/other.css",
            "/static/feedmill.css",
            "/date/2024-02-30",
            "/date/2023-02-29",
            "/date/2024-13-01",
            "/date/0000-01-01",
            "/date/24-11-22",
            "/date/2024-1-2",
            "/date/2024-11-22T00:00",
            "/date/-2024-11-22",
            "/date/20241122",
            "/date/2024-11-22/page/0",
            "/date/2024-11-22/page/02",
            "/date/2024-11-22/page/+2",
            "/date/2024-11-22/page/4294967296",
            "/date/2024-11-22/archive/0.atom",
            "/all/page/2.atom",
            "/all/archive/-1.atom",
            "/all/archive/.atom",
            "/nothing/",
        ];
        for path in cases {
            assert_eq!(get(path), Route::NotFound, "{path}");
        }
        let long = format!("/category/{}", "x".repeat(SLUG_BYTES_MAX + 1));
        assert_eq!(get(&long), Route::NotFound);
    }

    #[test]
    fn other_methods_are_refused_and_options_answered() {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::TRACE, Method::CONNECT] {
            assert_eq!(route(&method, "/all.atom"), Route::MethodNotAllowed, "{method}");
        }
        assert_eq!(route(&Method::OPTIONS, "/all.atom"), Route::Options);
        assert_eq!(route(&Method::OPTIONS, "*"), Route::Options);
    }
}
