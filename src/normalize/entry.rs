//! One item: `RawEntry` → `Entry`.

use ::url::Url;
use jiff::{SignedDuration, Timestamp};

use super::date::{self, DateSettings, Flaw};
use super::{Flaws, html, link, person, text, url};
use crate::model::entry::{Category, Element, Entry, Origin, Person};
use crate::model::raw::{RawEntry, RawOrigin, RawText, TextKind};

/// What all items of a document share.
pub(super) struct Shared<'a> {
    /// Base of references that no `xml:base` covers.
    pub(super) base: Option<&'a Url>,
    /// How dates are read.
    pub(super) dates: DateSettings<'a>,
    /// Instant of the poll.
    pub(super) now: Timestamp,
    /// Language of the feed, or of the response.
    pub(super) language: Option<&'a str>,
}

/// The most categories of one entry.
const CATEGORIES_MAX: usize = 100;

/// The most extension elements of one entry, children included.
const ELEMENTS_MAX: usize = 500;

/// Deeper extension elements are dropped.
const ELEMENT_DEPTH_MAX: usize = 16;

/// The longest text or attribute of an extension element, in bytes.
const ELEMENT_BYTES_MAX: usize = 64 * 1024;

/// The longest guid, in bytes; longer ones are taken for garbage.
const GUID_BYTES_MAX: usize = 4 * 1024;

/// Dates further ahead are absurd: another calendar, or a placeholder for "never" (D20, D24).
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);

/// Names a link that was dropped for its scheme.
const UNSAFE_LINK: &str = "unsafe link";

/// Returns the entry; `None`: it has neither title, link, text, file nor guid.
pub(super) fn normalize(raw: &RawEntry, shared: &Shared<'_>, flaws: &mut Flaws) -> Option<Entry> {
    for _ in 0..link::unsafe_ones(raw, shared.base) {
        flaws.add(UNSAFE_LINK);
    }
    let links = link::all(raw, shared.base);
    let (summary, mut content) = texts(raw, shared.base);
    let title = title(raw.title.as_ref()).unwrap_or_default();
    if title.is_empty() && summary.is_none() && content.is_none() {
        // A title that is a picture: the picture is all the entry says.
        content = raw.title.as_ref().and_then(|raw| safe_html(raw, shared.base));
    }
    let languages = languages(raw, shared.language);
    let guid = raw.guid.as_deref().map(str::trim);
    let entry = Entry {
        guid: guid.filter(|it| (1..=GUID_BYTES_MAX).contains(&it.len())).map(xml_safe),
        guid_kind: raw.guid_kind,
        link: links.permalink,
        orig_link: raw.orig_link.as_deref().and_then(|href| url::web(href, shared.base)),
        title,
        summary,
        content,
        authors: authors(raw, shared.base),
        contributors: person::all(&raw.contributors, shared.base),
        categories: categories(&raw.categories),
        links: links.others,
        enclosures: links.enclosures,
        extensions: elements(&raw.extensions, shared.base, flaws),
        rights: raw.rights.as_ref().and_then(rights),
        language: languages.text,
        title_language: languages.title,
        summary_language: languages.summary,
        published: instant(&raw.published, shared, flaws),
        updated: instant(&raw.updated, shared, flaws),
        origin: raw.origin.as_ref().map(|origin| origin_of(origin, shared, flaws)),
    };
    let is_bare = entry.guid.is_none()
        && entry.link.is_none()
        && entry.title.is_empty()
        && entry.summary.is_none()
        && entry.content.is_none()
        && entry.enclosures.is_empty();
    if is_bare {
        flaws.add("bare entry");
    }
    (!is_bare).then(|| with_guid_kind(entry))
}

/// Returns the authors of an entry; where it names none, those of its `atom:source`, before any of
/// the feed it was found in (RFC 4287 §4.2.1, R13).
fn authors(raw: &RawEntry, base: Option<&Url>) -> Vec<Person> {
    let own = person::all(&raw.authors, base);
    match &raw.origin {
        Some(origin) if own.is_empty() => person::all(&origin.authors, base),
        _ => own,
    }
}

/// Tells whether the publisher keeps this entry out of directories (`itunes:block`, R80).
pub(super) fn is_blocked(entry: &Entry) -> bool {
    let says_yes = |element: &Element| {
        matches!(element.prefix.as_str(), "itunes" | "googleplay")
            && element.name == "block"
            && element.text.eq_ignore_ascii_case("yes")
    };
    entry.extensions.iter().any(says_yes)
}

fn with_guid_kind(mut entry: Entry) -> Entry {
    if entry.guid.is_none() {
        entry.guid_kind = Default::default();
    }
    entry
}

/// Drops what XML forbids and nothing else: ids are compared character by character (P84).
fn xml_safe(guid: &str) -> String {
    text::allowed(guid).collect()
}

/// Returns a title as plain text.
pub(super) fn title(raw: Option<&RawText>) -> Option<String> {
    raw.and_then(|raw| text::plain(raw, text::TITLE_GRAPHEMES_MAX))
}

/// Returns a rights notice as plain text.
pub(super) fn rights(raw: &RawText) -> Option<String> {
    text::plain(raw, text::LABEL_GRAPHEMES_MAX)
}

/// Returns summary and content as safe HTML; the summary goes when it says what the content says.
fn texts(raw: &RawEntry, base: Option<&Url>) -> (Option<String>, Option<String>) {
    let summary = raw.summary.as_ref().and_then(|raw| safe_html(raw, base));
    let content = raw.content.as_ref().and_then(|raw| safe_html(raw, base));
    match (summary, content) {
        (Some(summary), Some(content)) if says_the_same(&summary, &content) => {
            (None, Some(content))
        }
        texts => texts,
    }
}

fn says_the_same(summary: &str, content: &str) -> bool {
    // A picture alone has no text: only the markup can tell.
    let (left, right) = (html::plain(summary), html::plain(content));
    summary == content || (!left.is_empty() && left == right)
}

fn safe_html(raw: &RawText, base: Option<&Url>) -> Option<String> {
    let is_html = match raw.kind {
        TextKind::Html => true,
        TextKind::Plain => false,
        TextKind::Unknown => html::has_markup(&raw.value),
    };
    let own_base = raw.base.as_deref().and_then(|base| Url::parse(base).ok());
    let base = own_base.as_ref().or(base);
    let safe = if is_html {
        html::sanitize(text::unwrapped(&raw.value), base, html::Bounds::default())
    } else {
        html::sanitize(&paragraphs(&raw.value), base, html::Bounds::default())
    };
    let safe = safe.trim();
    (!safe.is_empty()).then(|| safe.to_owned())
}

/// Returns plain text as HTML: blank lines part paragraphs.
fn paragraphs(value: &str) -> String {
    let unified = value.replace("\r\n", "\n");
    let parts: Vec<&str> =
        unified.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).collect();
    let mut written = String::with_capacity(value.len());
    for part in &parts {
        if parts.len() > 1 {
            written.push_str("<p>");
        }
        text::push_escaped(&mut written, part, usize::MAX);
        if parts.len() > 1 {
            written.push_str("</p>");
        }
    }
    written
}

/// The languages of an entry; those of title and summary only where they differ from the text's.
struct Languages {
    text: Option<String>,
    title: Option<String>,
    summary: Option<String>,
}

/// Returns the languages in force: on each text, else on the entry, else on the feed.
/// `xml:lang=""` unsets it.
fn languages(raw: &RawEntry, feed: Option<&str>) -> Languages {
    let in_force = |text: &Option<RawText>| {
        let own = text.as_ref()?.language.as_deref();
        own.or(raw.language.as_deref()).or(feed).and_then(tag)
    };
    let (title, summary) = (in_force(&raw.title), in_force(&raw.summary));
    let first = in_force(&raw.content).or_else(|| summary.clone()).or_else(|| title.clone());
    let text = first.or_else(|| raw.language.as_deref().or(feed).and_then(tag));
    let other = |language: Option<String>| language.filter(|it| Some(it) != text.as_ref());
    Languages { title: other(title), summary: other(summary), text }
}

fn tag(written: &str) -> Option<String> {
    if written.trim().is_empty() { Some(String::new()) } else { link::language(written) }
}

/// Returns the first readable date of `candidates` (D27).
pub(super) fn instant(
    candidates: &[String],
    shared: &Shared<'_>,
    flaws: &mut Flaws,
) -> Option<Timestamp> {
    let latest = shared.now.saturating_add(AHEAD_MAX).unwrap_or(Timestamp::MAX);
    for written in candidates {
        match date::parse(written, &shared.dates).filter(|it| it.instant <= latest) {
            Some(parsed) => {
                match parsed.flaw {
                    Some(Flaw::UnknownZone) => flaws.add("unknown time zone"),
                    Some(Flaw::OffsetOutOfRange) => flaws.add("time offset out of range"),
                    None => {}
                }
                return Some(parsed.instant);
            }
            None if written.trim().is_empty() => {}
            None => flaws.add("unreadable date"),
        }
    }
    None
}

pub(super) fn categories(raw: &[Category]) -> Vec<Category> {
    let mut kept: Vec<Category> = Vec::new();
    for category in raw.iter().take(CATEGORIES_MAX) {
        let label = category.label.as_deref().and_then(text::label);
        let term = text::label(&category.term).or_else(|| label.clone());
        let scheme = category.scheme.as_deref().map(text::clean).filter(|it| !it.is_empty());
        if let Some(term) = term
            && !kept.iter().any(|it| it.term == term && it.scheme == scheme)
        {
            kept.push(Category { term, scheme, label });
        }
    }
    kept
}

fn origin_of(raw: &RawOrigin, shared: &Shared<'_>, flaws: &mut Flaws) -> Origin {
    Origin {
        id: raw.id.as_deref().map(|id| xml_safe(id.trim())).filter(|id| !id.is_empty()),
        title: title(raw.title.as_ref()),
        feed_url: raw.feed_url.as_deref().and_then(|href| url::web(href, shared.base)),
        site: raw.site.as_deref().and_then(|href| url::web(href, shared.base)),
        updated: raw
            .updated
            .as_ref()
            .and_then(|written| instant(std::slice::from_ref(written), shared, flaws)),
        authors: person::all(&raw.authors, shared.base),
        rights: raw.rights.as_ref().and_then(rights),
        subtitle: title(raw.subtitle.as_ref()),
        contributors: person::all(&raw.contributors, shared.base),
        categories: categories(&raw.categories),
    }
}

fn elements(raw: &[Element], base: Option<&Url>, flaws: &mut Flaws) -> Vec<Element> {
    let mut writer = Elements { base, room: ELEMENTS_MAX, flaws };
    raw.iter().filter_map(|it| writer.element(it, ELEMENT_DEPTH_MAX)).collect()
}

/// The attributes of Media RSS, iTunes, Podcasting 2.0, licences and threading that hold URLs
/// (R23). The `ref` of threading is an id: it is made absolute, but may have any scheme.
const URL_ATTRIBUTES: &[&str] =
    &["url", "href", "src", "img", "uri", "resource", "feedUrl", "accountUrl", "poster"];

/// Elements whose text is a URL.
const URL_ELEMENTS: &[&str] = &["url", "link", "image", "license", "comment", "commentRss"];

/// Writes extension elements with clean text and absolute URLs, as long as there is room.
struct Elements<'a> {
    base: Option<&'a Url>,
    room: usize,
    flaws: &'a mut Flaws,
}

impl Elements<'_> {
    /// Returns the element; `None`: there is no room for it, or it leads where no link may (R120).
    fn element(&mut self, raw: &Element, depth: usize) -> Option<Element> {
        if depth == 0 || self.room == 0 || raw.text.len() > ELEMENT_BYTES_MAX {
            return None;
        }
        let is_url = |name: &str| URL_ATTRIBUTES.contains(&name);
        let leads_astray =
            raw.attributes.iter().any(|(name, value)| is_url(name) && self.is_unsafe(value))
                || URL_ELEMENTS.contains(&raw.name.as_str()) && self.is_unsafe(&raw.text);
        if leads_astray {
            self.flaws.add(UNSAFE_LINK);
            return None;
        }
        self.room -= 1;
        let attributes =
            raw.attributes.iter().filter(|(_, value)| value.len() <= ELEMENT_BYTES_MAX);
        Some(Element {
            prefix: raw.prefix.clone(),
            name: raw.name.clone(),
            attributes: attributes
                .map(|(name, value)| (name.clone(), self.attribute(name, value)))
                .collect(),
            text: text::clean(&raw.text),
            children: raw
                .children
                .iter()
                .filter_map(|child| self.element(child, depth - 1))
                .collect(),
        })
    }

    fn is_unsafe(&self, href: &str) -> bool {
        url::is_unsafe(href, self.base)
    }

    fn attribute(&self, name: &str, value: &str) -> String {
        let is_url = URL_ATTRIBUTES.contains(&name) || name == "ref";
        let absolute = is_url.then(|| url::resolve(value, self.base)).flatten();
        absolute.unwrap_or_else(|| text::clean(value))
    }
}
