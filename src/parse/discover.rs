//! Finds the feeds an HTML page names, and tells pages from feeds.
//!
//! Follows the HTML Standard's `link rel=alternate` with a feed's media type (§4.6.7), the JSON
//! Feed and WebSub practice; a page that names none so may still link to some, or have one where most
//! sites do. It fetches nothing.

use url::Url;

use super::entity;
use super::flaws::Flaws;
use super::token::{self, Token, Tokens};

/// Feeds returned of one page.
const FEEDS_MAX: usize = 100;
/// Bytes of a page that are looked at.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes in which the first tag of a page is looked for.
const SNIFF_BYTES_MAX: usize = 4_096;

/// Media types of feeds.
const FEED_TYPES: &[&str] = &[
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/json",
    "application/rdf+xml",
    "application/x-rss+xml",
    "application/xml",
    "text/rss",
    "text/xml",
    "text/rss+xml",
];

/// A feed that a page names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFeed {
    /// Absolute.
    pub url: String,
    /// Plain text.
    pub title: Option<String>,
    /// Media type, in lower case.
    pub mime: String,
}

/// Where sites have their feeds, the most usual first.
const USUAL_PATHS: &[&str] =
    &["feed", "feed.xml", "rss.xml", "rss", "atom.xml", "index.xml", "feed.json", "home.rss"];

/// Endings of paths that links to feeds have.
const FEED_ENDINGS: &[&str] =
    &[".rss", ".atom", ".rdf", "/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/feed.json"];

/// Returns the addresses at which the feed of a page often is: beside it, then at the root.
pub fn usual_places(page: &Url) -> Vec<Url> {
    let mut places: Vec<Url> = Vec::new();
    for path in USUAL_PATHS {
        for place in [page.join(path), page.join(&format!("/{path}"))].into_iter().flatten() {
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}

/// Returns the feeds that a page names, in its order: the first is its preferred one. Where it names
/// none, those that it seems to link to.
pub fn feed_links(html: &[u8], base: &Url) -> Vec<FoundFeed> {
    let named = links(html, base, Tag::named);
    if named.is_empty() { links(html, base, Tag::linked) } else { named }
}

fn links(
    html: &[u8],
    base: &Url,
    feed: impl Fn(Tag, &str, &Url) -> Option<FoundFeed>,
) -> Vec<FoundFeed> {
    let page = String::from_utf8_lossy(html.get(..PAGE_BYTES_MAX).unwrap_or(html));
    let mut quiet = Flaws::default();
    let mut tokens = Tokens::new(&page);
    let mut base = base.clone();
    let mut found: Vec<FoundFeed> = Vec::new();
    while let Some(token) = tokens.next(&mut quiet) {
        let Token::Start { name, attributes, .. } = token else { continue };
        let is_base = name.eq_ignore_ascii_case("base");
        if !is_base && !name.eq_ignore_ascii_case("link") && !name.eq_ignore_ascii_case("a") {
            continue;
        }
        let tag = Tag::read(attributes);
        if is_base {
            base = tag.href.as_deref().and_then(|h| base.join(h).ok()).unwrap_or(base);
            continue;
        }
        if let Some(feed) = feed(tag, name, &base)
            && found.len() < FEEDS_MAX
            && !found.iter().any(|known| known.url == feed.url)
        {
            found.push(feed);
        }
    }
    found
}

#[derive(Default)]
struct Tag {
    rel: String,
    mime: String,
    href: Option<String>,
    title: Option<String>,
}

impl Tag {
    fn read(raw: &str) -> Self {
        let mut tag = Self::default();
        token::attributes(raw, 100, |name, value| {
            let value = entity::unescape(value, &mut Flaws::default()).trim().to_owned();
            match name.to_ascii_lowercase().as_str() {
                "rel" => tag.rel = value.to_ascii_lowercase(),
                "type" => tag.mime = value.to_ascii_lowercase(),
                "href" if !value.is_empty() => tag.href = Some(value),
                "title" if !value.is_empty() => tag.title = Some(value),
                _ => {}
            }
        });
        tag
    }

    /// Takes an element that says that it is about a feed.
    fn named(self, _: &str, base: &Url) -> Option<FoundFeed> {
        let rels: Vec<&str> = self.rel.split_whitespace().collect();
        let mime = self.mime.split(';').next().unwrap_or_default().trim();
        let is_typed = rels.contains(&"alternate") && FEED_TYPES.contains(&mime);
        if !is_typed && !rels.contains(&"feed") {
            return None;
        }
        let mime = mime.to_owned();
        Some(FoundFeed { url: self.url(base)?.into(), title: self.title, mime })
    }

    /// Takes a link whose path looks like that of a feed.
    fn linked(self, name: &str, base: &Url) -> Option<FoundFeed> {
        let url = self.url(base).filter(|_| name.eq_ignore_ascii_case("a"))?;
        let path = url.path().trim_end_matches('/').to_ascii_lowercase();
        let is_feed = FEED_ENDINGS.iter().any(|ending| path.ends_with(ending));
        let mut own = base.clone();
        own.set_fragment(None);
        let is_other = url != own;
        (is_feed && is_other).then(|| FoundFeed {
            url: url.into(),
            title: None,
            mime: String::new(),
        })
    }

    fn url(&self, base: &Url) -> Option<Url> {
        let mut url = base.join(self.href.as_deref()?).ok()?;
        url.set_fragment(None);
        Some(url).filter(|url| matches!(url.scheme(), "http" | "https"))
    }
}

/// Tells whether the bytes begin as an HTML page does.
pub fn looks_like_html(bytes: &[u8]) -> bool {
    let head = bytes.get(..SNIFF_BYTES_MAX).unwrap_or(bytes);
    first_tag(&String::from_utf8_lossy(head)).is_some_and(|name| {
        matches!(
            name.as_str(),
            "html" | "head" | "body" | "title" | "meta" | "script" | "!doctype html"
        )
    })
}

/// Returns the first tag's local name in lower case; of a DOCTYPE, its name as well.
fn first_tag(text: &str) -> Option<String> {
    let lower = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']).to_ascii_lowercase();
    let mut rest = lower.as_str();
    for (open, close) in [("<?xml", "?>"), ("<!--", "-->")] {
        while rest.starts_with(open) {
            rest = rest.split_once(close)?.1.trim_start();
        }
    }
    if rest.starts_with("<!doctype html") {
        return Some("!doctype html".to_owned());
    }
    let name = rest.strip_prefix('<')?;
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != ':').unwrap_or(name.len());
    let name = name.get(..end)?;
    Some(name.rsplit(':').next().unwrap_or(name).to_owned())
}

/// Says what a text without a feed's root is.
pub(super) fn what_it_is(text: &str) -> &'static str {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return "an empty body";
    }
    let head = text
        .char_indices()
        .nth(SNIFF_BYTES_MAX)
        .map_or(text, |(at, _)| text.get(..at).unwrap_or(text));
    if looks_like_html(head.as_bytes()) {
        return "an HTML page";
    }
    match first_tag(head).as_deref() {
        Some("urlset" | "sitemapindex") => "a sitemap",
        Some("opml") => "an OPML list",
        Some("svg") => "an image",
        Some(_) => "XML of another kind",
        None if text.contains('\u{FFFD}') => "binary data",
        None => "plain text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_of_a_page_are_found_in_its_order() {
        let page = r#"<!doctype html><base href="/sub/"><link rel=stylesheet href=x.css>
            <LINK REL="alternate" TYPE="application/atom+xml" HREF="a.xml?x=1&amp;y=2" title="Tin t&#7913;c">
            <link rel="alternate" hreflang="en" href="/en"><link href='//o.example/f.json' rel='alternate'
              type='application/feed+json; charset=utf-8'><link rel="alternate" type="application/rss+xml" href="a.xml?x=1&y=2">
            <a rel="feed" href="javascript:x">x</a><a href="/p">p</a><link rel="alternate" type="text/html" href="/m">"#;
        let base = Url::parse("https://ex.com/dir/page").unwrap();
        let found = feed_links(page.as_bytes(), &base);
        let urls: Vec<&str> = found.iter().map(|feed| feed.url.as_str()).collect();
        assert_eq!(urls, ["https://ex.com/sub/a.xml?x=1&y=2", "https://o.example/f.json"]);
        assert_eq!(found[0].title.as_deref(), Some("Tin tức"));
        assert_eq!(found[1].mime, "application/feed+json");
    }

    #[test]
    fn a_page_that_names_no_feed_may_link_to_some() {
        let page = r#"<!doctype html><a href="/rss/tin-moi.rss">Tin mới</a><a href="/rss/tin-moi.rss#x">x</a>
            <a href="/rss">RSS</a><a href="/blog/feed/">Blog</a><a href="mailto:a@b.rss">x</a><a href="/feedback">x</a>
            <a href="/progress">x</a>"#;
        let base = Url::parse("https://bao.example/rss").unwrap();
        let found = feed_links(page.as_bytes(), &base);
        let urls: Vec<&str> = found.iter().map(|feed| feed.url.as_str()).collect();
        assert_eq!(urls, ["https://bao.example/rss/tin-moi.rss", "https://bao.example/blog/feed/"]);
    }

    #[test]
    fn usual_places_are_beside_the_page_and_at_the_root() {
        let places = |page: &str| -> Vec<String> {
            usual_places(&Url::parse(page).unwrap()).into_iter().map(String::from).collect()
        };
        let beside = places("https://bao.example/blog/?x#y");
        assert_eq!(
            beside[..3],
            [
                "https://bao.example/blog/feed",
                "https://bao.example/feed",
                "https://bao.example/blog/feed.xml"
            ]
        );
        assert_eq!(places("https://bao.example").len(), USUAL_PATHS.len(), "each once");
    }

    #[test]
    fn pages_are_told_from_feeds() {
        let cases: [(&str, bool); 7] = [
            ("<!DOCTYPE html><html>", true),
            ("\n <!-- x --><HTML lang=vi>", true),
            ("<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML'>", true),
            ("<rss version='2.0'>", false),
            ("<?xml version='1.0'?><rdf:RDF>", false),
            ("{}", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(looks_like_html(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_feed_has_a_name() {
        let cases = [
            ("", "an empty body"),
            (" \n", "an empty body"),
            ("<html><p>x", "an HTML page"),
            ("<urlset/>", "a sitemap"),
            ("<x:opml version='2.0'/>", "an OPML list"),
            ("<note/>", "XML of another kind"),
            ("hello", "plain text"),
        ];
        for (text, expected) in cases {
            assert_eq!(what_it_is(text), expected, "{text:?}");
        }
    }
}
