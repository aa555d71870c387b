//! Writes OPML 2.0: what is published and what is polled. Rules R104–R106.

use std::collections::BTreeMap;

use jiff::Timestamp;

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

/// Writes what is published: single feeds first, then the folders.
pub fn feeds(head: &Head, singles: &[Feed], folders: &[Folder]) -> Vec<u8> {
    let outline = |feed: &Feed| line(&feed.title, &feed.atom_url, Some(&feed.page_url), "");
    let mut body: String = singles.iter().map(outline).collect();
    for folder in folders.iter().filter(|folder| !folder.feeds.is_empty()) {
        let inner: String = folder.feeds.iter().map(outline).collect();
        body.push_str(&format!("<outline text=\"{}\">{inner}</outline>", attribute(&folder.title)));
    }
    document(head, &body)
}

/// Writes what is polled; each outline names its categories.
pub fn sources(
    head: &Head,
    subscriptions: &[Subscription],
    _titles: &BTreeMap<String, String>,
) -> Vec<u8> {
    let outline = |one: &Subscription| {
        let slugs: Vec<String> = one.categories.iter().map(|slug| format!("/{slug}")).collect();
        line(&one.title, &one.feed_url, one.site.as_deref(), &slugs.join(","))
    };
    document(head, &subscriptions.iter().map(outline).collect::<String>())
}

fn line(title: &str, feed: &str, page: Option<&str>, categories: &str) -> String {
    let (title, feed) = (attribute(title), attribute(feed));
    let page = page.map(|page| format!(" htmlUrl=\"{}\"", attribute(page))).unwrap_or_default();
    let categories = match categories {
        "" => String::new(),
        categories => format!(" category=\"{}\"", attribute(categories)),
    };
    format!(
        "<outline type=\"rss\" text=\"{title}\" title=\"{title}\" xmlUrl=\"{feed}\"{page}{categories}/>"
    )
}

fn document(head: &Head, body: &str) -> Vec<u8> {
    let title = attribute(&head.title);
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<opml version=\"2.0\"><head><title>{title}</title></head>\
         <body>{body}</body></opml>"
    )
    .into_bytes()
}

fn attribute(text: &str) -> String {
    let is_char = |c: &char| !c.is_control();
    let text: String = text.chars().filter(is_char).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
