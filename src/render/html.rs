//! The pages: home, category, day, source, entry, lists and notices, as HTML without script.
//!
//! Templates escape everything but the texts of entries, which are safe HTML already and go through
//! `text` for what is the page's own business: `rel` on links, pictures of third parties, heading
//! levels. Standards: HTML Living Standard; WCAG 2.2 AA; rules R109–R117 and R124. Links within the
//! site begin at the base URL's path, so that a page works under whatever name it was reached; only
//! the canonical link, the feeds and what readers copy are absolute.

mod calendar;
pub mod excerpt;
mod meta;
pub mod status;
mod style;
mod text;
mod words;

pub use calendar::Calendar;
pub use style::{ICON_PATH, Style, icon, style};

use std::collections::BTreeSet;

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Document, Item};
use crate::render::CopyCredit;
use calendar::{Cell, Month};
use excerpt::excerpt as beginning;
use meta::Card;
use words::{Words, words};

/// Characters of a story's beginning in a list.
const LEDE_CHARS: usize = 260;
/// Stories of a list that show their beginning; those after them are headlines.
const LEDES_MAX: usize = 200;

/// What every page of a site has.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Title of the site.
    pub title: String,
    /// BCP 47; English and Vietnamese are spoken, English stands in for others.
    pub language: String,
    /// Public base URL, no trailing slash.
    pub base_url: String,
    /// Its path, no trailing slash: `` or `/news`.
    pub base_path: String,
    /// URL of the style sheet.
    pub style_href: String,
    /// Whether pictures of third parties are loaded.
    pub images: bool,
    /// Zone of the stamps.
    pub timezone: TimeZone,
    /// Categories: (slug, title).
    pub sections: Vec<(String, String)>,
    /// Slugs of the sources that have a page.
    pub sources: BTreeSet<String>,
}

/// What a list page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everything.
    Home,
    /// A category.
    Category,
    /// A day, perhaps of a category.
    Day,
    /// A source.
    Source,
}

/// A link within the site: the path without the base's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// For people.
    pub label: String,
    /// Path.
    pub path: String,
}

/// The HTML twin of a feed.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    /// What it is about.
    pub kind: Kind,
    /// What its heading says.
    pub heading: String,
    /// The feed.
    pub document: &'a Document,
    /// The day after, or the page of newer stories.
    pub newer: Option<Way>,
    /// The day before, or the page of older stories.
    pub older: Option<Way>,
    /// The publisher's own page, for a source.
    pub website: Option<String>,
    /// The month of a day's page.
    pub calendar: Option<Calendar>,
    /// The same day elsewhere: whole, or of one category.
    pub twins: Vec<Way>,
}

/// A few headlines under one heading.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// Where there are more.
    pub way: Way,
    /// Headlines.
    pub items: Vec<Way>,
}

/// A story's page.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The story.
    pub item: &'a Item,
    /// More of its categories.
    pub more: Vec<Shelf>,
    /// Its day.
    pub day: Shelf,
    /// Feeds that it is in, most special first; at least that of the site.
    pub feed: &'a Document,
}

/// A list of what there is.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Of what.
    pub subject: Subject,
    /// Rows.
    pub rows: Vec<Row>,
}

/// What a directory lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Days.
    Dates,
    /// Categories.
    Categories,
    /// Sources.
    Sources,
}

/// One row of a directory.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it leads; an empty path leads nowhere.
    pub way: Way,
    /// Stories or entries.
    pub count: u64,
}

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// 404.
    NotFound,
    /// 410.
    Gone,
    /// 503.
    Unavailable,
    /// 500.
    Failed,
}

/// What the base template asks of a page.
struct Frame<'a> {
    shell: &'a Shell,
    words: &'static Words,
    /// Of the tab.
    title: String,
    canonical: String,
    feed: Option<Feed>,
    card: Card,
    /// Path of the page in the main menu.
    current: String,
}

struct Feed {
    title: String,
    atom: String,
    rss: String,
    json: String,
}

impl Feed {
    fn of(document: &Document) -> Self {
        Self {
            title: document.title.clone(),
            atom: document.atom_url.clone(),
            rss: document.rss_url.clone(),
            json: document.json_url.clone(),
        }
    }
}

/// An instant as people read it, and as machines do.
struct Stamp {
    text: String,
    utc: String,
}

/// A story in a list.
struct Headline<'a> {
    item: &'a Item,
    title: String,
    path: String,
    stamp: Stamp,
    lede: String,
    lang: Option<&'a str>,
}

struct DayGroup<'a> {
    id: String,
    label: String,
    headlines: Vec<Headline<'a>>,
}

struct Copy<'a> {
    copy: &'a CopyCredit,
    title: String,
    stamp: Stamp,
    /// The shown copy credits it.
    is_original: bool,
}

#[derive(Template)]
#[template(path = "listing.html")]
struct ListingPage<'a> {
    frame: Frame<'a>,
    listing: &'a Listing<'a>,
    intro: String,
    /// Path of the days' pages, up to the day.
    day_path: String,
    days: Vec<DayGroup<'a>>,
    month: Option<Month>,
}

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage<'a> {
    frame: Frame<'a>,
    entry: &'a Entry<'a>,
    item: &'a Item,
    title: String,
    lang: Option<&'a str>,
    stamp: Stamp,
    authors: String,
    text: String,
    copies: Vec<Copy<'a>>,
}

#[derive(Template)]
#[template(path = "directory.html")]
struct DirectoryPage<'a> {
    frame: Frame<'a>,
    heading: &'static str,
    rows: &'a [Row],
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    frame: Frame<'a>,
    heading: &'static str,
    explanation: &'static str,
}

/// Writes the HTML twin of a feed.
pub fn listing(shell: &Shell, listing: &Listing<'_>) -> String {
    let words = words(&shell.language);
    let document = listing.document;
    let title = match listing.kind {
        Kind::Home => shell.title.clone(),
        Kind::Category | Kind::Day | Kind::Source => {
            format!("{} – {}", listing.heading, shell.title)
        }
    };
    let path = document.page_url.strip_prefix(&shell.base_url).unwrap_or("/").to_owned();
    let day_path = match listing.kind {
        Kind::Category => format!("{}/date/", path.split("/archive/").next().unwrap_or(&path)),
        Kind::Home | Kind::Day | Kind::Source => "/date/".to_owned(),
    };
    let frame = shell.frame(title, document.page_url.clone(), Some(Feed::of(document)), path);
    let intro = match &listing.calendar {
        Some(calendar) => shell.day_intro(calendar.day),
        // A publisher's subtitle is often its title again.
        None if document.subtitle == listing.heading => String::new(),
        None => document.subtitle.clone(),
    };
    let days = group_by_day(shell, words, document);
    let month = listing.calendar.as_ref().map(|calendar| Month::of(calendar, words));
    finish(&ListingPage { frame, listing, intro, day_path, days, month })
}

/// Writes a story's page.
pub fn entry(shell: &Shell, entry: &Entry<'_>) -> String {
    let words = words(&shell.language);
    let item = &openable(entry.item);
    let title = headline_text(item, words);
    let tab = format!("{title} – {}", shell.title);
    let feed = Some(Feed::of(entry.feed));
    let mut frame = shell.frame(tab, item.page_url.clone(), feed, String::new());
    frame.card = Card::of(item, &title);
    let html = item.content.as_deref().or(item.summary.as_deref()).unwrap_or_default();
    let copies = item.copies.iter().map(|copy| Copy {
        copy,
        title: if copy.title == item.title { String::new() } else { copy.title.clone() },
        stamp: shell.stamp(copy.published),
        is_original: copy.url.is_some() && copy.url == item.via,
    });
    let names = item.authors.iter().map(|author| author.name.as_str());
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    finish(&EntryPage {
        entry,
        item,
        title,
        lang: item.language.as_deref(),
        stamp: shell.stamp(item.date),
        authors: names.join(", "),
        text: text::for_page(html, shell.images, words),
        copies: copies.collect(),
        frame,
    })
}

/// Writes a list of days, categories or sources.
pub fn directory(shell: &Shell, directory: &Directory, feed: &Document) -> String {
    let words = words(&shell.language);
    let (heading, path) = match directory.subject {
        Subject::Dates => (words.dates, "/dates"),
        Subject::Categories => (words.categories, "/categories"),
        Subject::Sources => (words.sources, "/sources"),
    };
    let title = format!("{heading} – {}", shell.title);
    let canonical = format!("{}{path}", shell.base_url);
    let frame = shell.frame(title, canonical, Some(Feed::of(feed)), path.to_owned());
    finish(&DirectoryPage { frame, heading, rows: &directory.rows })
}

/// Writes a page that says why there is none.
pub fn notice(shell: &Shell, notice: Notice) -> String {
    let words = words(&shell.language);
    let (heading, explanation) = match notice {
        Notice::NotFound => words.not_found,
        Notice::Gone => words.gone,
        Notice::Unavailable => words.unavailable,
        Notice::Failed => words.failed,
    };
    let title = format!("{heading} – {}", shell.title);
    let frame = shell.frame(title, String::new(), None, String::new());
    finish(&NoticePage { frame, heading, explanation })
}

impl Shell {
    fn frame(
        &self,
        title: String,
        canonical: String,
        feed: Option<Feed>,
        current: String,
    ) -> Frame<'_> {
        let (words, card) = (words(&self.language), Card::page(&title));
        Frame { shell: self, words, title, canonical, feed, card, current }
    }

    fn icon_href(&self) -> String {
        format!("{}{ICON_PATH}", self.base_path)
    }

    /// Language of the site's own words: that of the site when we speak it.
    fn spoken(&self) -> &str {
        if words::is_spoken(&self.language) { &self.language } else { "en" }
    }

    /// Weekday and zone of a day: its boundary is one zone's (R74).
    fn day_intro(&self, day: jiff::civil::Date) -> String {
        let index = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        let (_, weekday) = words(&self.language).weekdays.get(index).copied().unwrap_or_default();
        format!("{weekday} · {}", self.timezone.iana_name().unwrap_or("UTC"))
    }

    /// `22.11.2024 | 18:11` in the site's zone.
    fn stamp(&self, instant: Timestamp) -> Stamp {
        let at = instant.to_zoned(self.timezone.clone());
        let text = format!(
            "{:02}.{:02}.{:04} | {:02}:{:02}",
            at.day(),
            at.month(),
            at.year(),
            at.hour(),
            at.minute()
        );
        Stamp { text, utc: whole_seconds(instant).to_string() }
    }
}

fn whole_seconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

fn group_by_day<'a>(shell: &Shell, words: &Words, document: &'a Document) -> Vec<DayGroup<'a>> {
    let mut days: Vec<DayGroup<'a>> = Vec::new();
    for (index, item) in document.items.iter().enumerate() {
        let day = item.date.to_zoned(shell.timezone.clone()).date();
        let id = day.to_string();
        let headline = headline(shell, words, item, index < LEDES_MAX);
        match days.last_mut().filter(|group| group.id == id) {
            Some(group) => group.headlines.push(headline),
            None => days.push(DayGroup {
                label: format!("{:02}.{:02}.{:04}", day.day(), day.month(), day.year()),
                headlines: vec![headline],
                id,
            }),
        }
    }
    days
}

fn headline<'a>(shell: &Shell, words: &Words, item: &'a Item, shows_lede: bool) -> Headline<'a> {
    let html = item.summary.as_deref().or(item.content.as_deref());
    let lede = html.filter(|_| shows_lede).map(|html| beginning(html, LEDE_CHARS));
    let title = headline_text(item, words);
    let lede = lede.filter(|lede| *lede != title).unwrap_or_default();
    Headline {
        title,
        path: item.page_url.strip_prefix(&shell.base_url).unwrap_or("/").to_owned(),
        stamp: shell.stamp(item.date),
        lede,
        lang: item.language.as_deref(),
        item,
    }
}

/// Characters of a text that stand in for a missing title.
const TITLE_CHARS: usize = 80;

fn headline_text(item: &Item, words: &Words) -> String {
    let title = item.title.trim();
    if !title.is_empty() {
        return title.to_owned();
    }
    let html = item.summary.as_deref().or(item.content.as_deref()).unwrap_or_default();
    let text = beginning(html, TITLE_CHARS);
    if text.is_empty() { words.untitled.to_owned() } else { text }
}

/// Returns a story's headline as it is shown in lists: its title, else the beginning of its text.
pub fn headline_of(item: &Item, language: &str) -> String {
    headline_text(item, words(language))
}

/// Returns what a further page of a list is called: an archive page counts from 1 for people.
pub fn page_label(path: &str, language: &str) -> String {
    let number = path.rsplit('/').next().unwrap_or_default();
    match number.parse::<u32>() {
        Ok(n) if path.contains("/archive/") => {
            format!("{} {}", words(language).archive, n.saturating_add(1))
        }
        Ok(_) | Err(_) => number.to_owned(),
    }
}

/// A story without the links that a browser must not follow: only the web, mail and magnets lead
/// anywhere.
fn openable(item: &Item) -> Item {
    let is_open = |url: &String| {
        let schemes = ["https:", "http:", "mailto:", "magnet:"];
        let head = url.get(..url.find(':').map_or(0, |at| at + 1)).unwrap_or_default();
        schemes.iter().any(|scheme| head.eq_ignore_ascii_case(scheme))
    };
    let mut item = item.clone();
    item.link = item.link.filter(is_open);
    item.via = item.via.filter(is_open);
    item.source.site = item.source.site.filter(is_open);
    item.enclosures.retain(|file| is_open(&file.url));
    for copy in &mut item.copies {
        copy.url = copy.url.take().filter(is_open);
    }
    item
}

/// Returns what the folders of categories and sources are called.
pub fn folder_titles(language: &str) -> (&'static str, &'static str) {
    let words = words(language);
    (words.categories, words.sources)
}

/// Writing into a string does not fail; a page that yet did is an empty one.
fn finish(page: &impl Template) -> String {
    page.render().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entry::Enclosure;

    fn shell(language: &str) -> Shell {
        Shell {
            title: "A & B".to_owned(),
            language: language.to_owned(),
            base_url: "https://news.example/n".to_owned(),
            base_path: "/n".to_owned(),
            style_href: "/n/static/x.css".to_owned(),
            images: false,
            timezone: TimeZone::UTC,
            sections: vec![("x".to_owned(), "<X>".to_owned())],
            sources: BTreeSet::new(),
        }
    }

    fn item() -> Item {
        Item {
            id: "urn:x:1".to_owned(),
            page_url: "https://news.example/n/entry/1".to_owned(),
            title: "T <b>".to_owned(),
            language: Some("ar".to_owned()),
            ..Item::default()
        }
    }

    fn page(language: &str, item: &Item) -> String {
        let feed = Document::default();
        let page = Entry { item, more: Vec::new(), day: Shelf::default(), feed: &feed };
        entry(&shell(language), &page)
    }

    #[test]
    fn links_that_are_not_of_the_web_lead_nowhere() {
        let mut item = item();
        item.link = Some("javascript:alert(1)".to_owned());
        item.via = Some("data:text/html,x".to_owned());
        item.credit = Some("Theo".to_owned());
        item.source.site = Some("JavaScript:alert(1)".to_owned());
        item.copies =
            vec![CopyCredit { url: Some("vbscript:x".to_owned()), ..CopyCredit::default() }];
        item.enclosures =
            vec![Enclosure { url: "file:///etc/passwd".to_owned(), ..Enclosure::default() }];
        let html = page("en", &item).to_lowercase();
        for scheme in ["javascript:", "data:", "vbscript:", "file:"] {
            assert!(!html.contains(scheme), "{scheme}");
        }
    }

    #[test]
    fn text_of_others_is_escaped_and_marked_with_its_language() {
        let html = page("en", &item());
        assert!(html.contains("<h1 dir=\"auto\">T &#60;b&#62;</h1>"), "{html}");
        assert!(html.contains("<article class=\"story\" lang=\"ar\">"), "R116");
        assert!(html.contains("&#60;X&#62;") && html.contains("A &#38; B"));
    }

    #[test]
    fn a_page_is_in_the_language_of_its_words() {
        let cases =
            [("en-GB", "en-GB"), ("vi", "vi"), ("vi-VN", "vi-VN"), ("fr", "en"), ("", "en")];
        for (language, spoken) in cases {
            let html = page(language, &item());
            assert!(html.contains(&format!("<html lang=\"{spoken}\">")), "R116 {language}");
        }
    }

    #[test]
    fn a_story_without_a_title_is_named_by_its_text() {
        let mut item = item();
        item.title = " ".to_owned();
        assert_eq!(headline_of(&item, "en"), "Untitled");
        item.content = Some("<p>Some words.</p>".to_owned());
        assert_eq!(headline_of(&item, "en"), "Some words.");
    }
}
