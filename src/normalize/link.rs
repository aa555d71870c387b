//! The links and files of an entry: its permalink, enclosures without doubles, the rest.

use ::url::Url;

use super::{text, url};
use crate::model::entry::{Enclosure, GuidKind, Link};
use crate::model::raw::{RawEntry, RawLink};

/// The most links, and the most files, of one entry.
const LINKS_MAX: usize = 200;

/// What the links of an entry come to.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// The page of the entry; http or https.
    pub(super) permalink: Option<String>,
    /// All but the permalink and the enclosures.
    pub(super) others: Vec<Link>,
    /// Files, each URL once.
    pub(super) enclosures: Vec<Enclosure>,
}

/// Sorts the links of `raw`; relative ones are resolved against `base`.
pub(super) fn all(raw: &RawEntry, base: Option<&Url>) -> Links {
    let mut links = Links::default();
    for link in raw.links.iter().take(LINKS_MAX).filter_map(|link| one(link, base)) {
        if link.rel == "enclosure" {
            continue;
        }
        if !links.others.contains(&link) {
            links.others.push(link);
        }
    }
    if let Some(at) = permalink_of(&links.others) {
        links.permalink = Some(links.others.remove(at).href);
    }
    links.permalink = links.permalink.or_else(|| stand_in(raw, base));
    if let Some(href) = raw.comments.as_deref().and_then(|href| url::web(href, base)) {
        let is_known = links.others.iter().any(|it| it.rel == "replies" && it.href == href);
        if !is_known {
            links.others.push(Link { rel: "replies".to_owned(), href, ..Link::default() });
        }
    }
    links.enclosures = enclosures(raw, base);
    links
}

/// Counts the URLs of links, files and people that may not be linked to (R120).
pub(super) fn unsafe_ones(raw: &RawEntry, base: Option<&Url>) -> usize {
    let people = raw.authors.iter().chain(&raw.contributors).filter_map(|it| it.uri.as_deref());
    let links = raw.links.iter().take(LINKS_MAX).map(|it| it.href.as_str());
    let files = raw.enclosures.iter().take(LINKS_MAX).map(|it| it.url.as_str());
    links.chain(files).chain(people).filter(|href| url::is_unsafe(href, base)).count()
}

/// Returns the place of the permalink: of the alternates on the web the first HTML page, else the
/// first of unknown type, else the first.
fn permalink_of(links: &[Link]) -> Option<usize> {
    let rank = |link: &Link| match link.mime.as_deref() {
        Some(mime) if mime.starts_with("text/html") || mime.starts_with("application/xhtml") => 0,
        None => 1,
        Some(_) => 2,
    };
    links
        .iter()
        .enumerate()
        .filter(|(_, link)| link.rel == "alternate" && url::is_web(&link.href))
        .min_by_key(|(_, link)| rank(link))
        .map(|(at, _)| at)
}

/// Returns what stands in for a missing permalink: a guid that is one, or where the content lies.
fn stand_in(raw: &RawEntry, base: Option<&Url>) -> Option<String> {
    let guid = match raw.guid_kind {
        // A relative guid is no URL but a bare name.
        GuidKind::Guid | GuidKind::JsonId => raw.guid.as_deref().and_then(|it| url::web(it, None)),
        GuidKind::Missing | GuidKind::AtomId | GuidKind::OpaqueGuid => None,
    };
    guid.or_else(|| raw.content_src.as_deref().and_then(|href| url::web(href, base)))
}

fn one(raw: &RawLink, base: Option<&Url>) -> Option<Link> {
    Some(Link {
        rel: relation(&raw.rel),
        href: url::link(&raw.href, base)?,
        mime: raw.mime.as_deref().and_then(mime),
        title: raw.title.as_deref().and_then(text::label),
        hreflang: raw.hreflang.as_deref().and_then(language),
    })
}

/// Returns a relation by its short name (RFC 4287 §4.2.7.2); `alternate` when there is none.
pub(super) fn relation(rel: &str) -> String {
    let rel = rel.trim();
    let rel = rel.strip_prefix("http://www.iana.org/assignments/relation/").unwrap_or(rel);
    match rel {
        "" => "alternate".to_owned(),
        // Extension relations are IRIs, compared as they are.
        rel if rel.contains(':') => text::clean(rel),
        rel => text::clean(rel).to_ascii_lowercase(),
    }
}

/// Returns a media type as written, if it looks like one.
fn mime(written: &str) -> Option<String> {
    let mime = text::clean(written);
    let is_mime = mime.len() <= 255
        && mime.split_once('/').is_some_and(|(kind, rest)| {
            !kind.is_empty() && !rest.is_empty() && !kind.contains(char::is_whitespace)
        });
    is_mime.then_some(mime)
}

/// Returns a language tag (BCP 47) with hyphens, if it looks like one.
pub(super) fn language(written: &str) -> Option<String> {
    let tag = written.trim().replace('_', "-");
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_tag = tag.len() <= 64
        && tag.split('-').all(is_part)
        && tag.starts_with(|c: char| c.is_ascii_alphabetic());
    is_tag.then_some(tag)
}

/// Returns the files: those of `enclosure` elements, then those of links, each URL once with all
/// that is said of it.
fn enclosures(raw: &RawEntry, base: Option<&Url>) -> Vec<Enclosure> {
    let mut files: Vec<Enclosure> = Vec::new();
    let elements = raw.enclosures.iter().filter_map(|it| {
        Some(Enclosure {
            url: url::link(&it.url, base)?,
            mime: it.mime.as_deref().and_then(mime),
            length: it.length.as_deref().and_then(length),
            title: it.title.as_deref().and_then(text::label),
            duration_s: it.duration.as_deref().and_then(duration),
        })
    });
    let links = raw.links.iter().filter(|it| relation(&it.rel) == "enclosure").filter_map(|it| {
        Some(Enclosure {
            url: url::link(&it.href, base)?,
            mime: it.mime.as_deref().and_then(mime),
            length: it.length.as_deref().and_then(length),
            title: it.title.as_deref().and_then(text::label),
            duration_s: None,
        })
    });
    for file in elements.chain(links).take(LINKS_MAX) {
        match files.iter_mut().find(|known| known.url == file.url) {
            Some(known) => {
                known.mime = known.mime.take().or(file.mime);
                known.length = known.length.or(file.length);
                known.title = known.title.take().or(file.title);
                known.duration_s = known.duration_s.or(file.duration_s);
            }
            None => files.push(file),
        }
    }
    files
}

/// Returns a length in bytes; 0 and what is no number mean unknown (R76, R77).
fn length(written: &str) -> Option<u64> {
    let written = written.trim();
    let is_number = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
    written.parse().ok().filter(|length| is_number && *length > 0)
}

/// Returns a running time in seconds: `3723`, `3723.5`, `62:03`, `1:02:03`.
fn duration(written: &str) -> Option<u64> {
    let written = written.trim();
    let whole = written.split_once('.').map_or(written, |(whole, _)| whole);
    let mut seconds = 0_u64;
    let parts: Vec<&str> = whole.split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    for part in parts {
        if part.is_empty() || part.len() > 9 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    (seconds > 0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::raw::RawEnclosure;

    fn link(rel: &str, href: &str, mime: Option<&str>) -> RawLink {
        RawLink {
            rel: rel.to_owned(),
            href: href.to_owned(),
            mime: mime.map(str::to_owned),
            ..RawLink::default()
        }
    }

    #[test]
    fn lengths_are_whole_positive_numbers_or_unknown() {
        let cases = [
            ("100000", Some(100_000)),
            (" 7 ", Some(7)),
            ("0", None),
            ("", None),
            ("1,234", None),
            ("-1", None),
            ("+5", None),
            ("99999999999999999999999", None),
        ];
        for (written, expected) in cases {
            assert_eq!(length(written), expected, "{written}");
        }
    }

    #[test]
    fn durations_are_read_in_all_their_forms() {
        let cases = [
            ("1:02:03", Some(3_723)),
            ("3723", Some(3_723)),
            ("62:03", Some(3_723)),
            ("00:00:30", Some(30)),
            ("12.7", Some(12)),
            ("0", None),
            ("", None),
            ("1:2:3:4", None),
            ("one", None),
            ("1::3", None),
            ("-5", None),
        ];
        for (written, expected) in cases {
            assert_eq!(duration(written), expected, "{written}");
        }
    }

    #[test]
    fn the_permalink_is_the_first_html_alternate_on_the_web() {
        let cases = [
            (
                "html before unknown",
                vec![
                    link("alternate", "http://a.example/1", None),
                    link("alternate", "http://a.example/2", Some("text/html")),
                ],
                Some("http://a.example/2"),
            ),
            (
                "unknown before others",
                vec![
                    link("alternate", "http://a.example/1", Some("application/json")),
                    link("", "http://a.example/2", None),
                ],
                Some("http://a.example/2"),
            ),
            ("not on the web", vec![link("alternate", "ftp://a.example/1", None)], None),
            ("other relations", vec![link("related", "http://a.example/1", None)], None),
            (
                "relation by its IRI",
                vec![link(
                    "http://www.iana.org/assignments/relation/alternate",
                    "http://a.example/1",
                    None,
                )],
                Some("http://a.example/1"),
            ),
        ];
        for (name, links, expected) in cases {
            let raw = RawEntry { links, ..RawEntry::default() };
            assert_eq!(all(&raw, None).permalink.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_permalink_guid_stands_in_and_an_opaque_one_does_not() {
        let cases = [
            (GuidKind::Guid, "http://a.example/1", Some("http://a.example/1")),
            (GuidKind::JsonId, "https://a.example/1", Some("https://a.example/1")),
            (GuidKind::Guid, "abc", None),
            (GuidKind::Guid, "ftp://a.example/1", None),
            (GuidKind::OpaqueGuid, "http://a.example/1", None),
            (GuidKind::AtomId, "http://a.example/1", None),
        ];
        for (guid_kind, guid, expected) in cases {
            let raw = RawEntry { guid: Some(guid.to_owned()), guid_kind, ..RawEntry::default() };
            let base = Url::parse("https://b.example/").unwrap();
            assert_eq!(
                all(&raw, Some(&base)).permalink.as_deref(),
                expected,
                "{guid_kind:?} {guid}"
            );
        }
    }

    #[test]
    fn enclosures_of_elements_and_links_are_merged_by_url() {
        let raw = RawEntry {
            links: vec![
                link("enclosure", "http://a.example/1.mp3", Some("audio/mpeg")),
                link("enclosure", "http://a.example/2.mp3", None),
            ],
            enclosures: vec![RawEnclosure {
                url: " http://a.example/1.mp3\n".to_owned(),
                length: Some("12".to_owned()),
                duration: Some("1:00".to_owned()),
                ..RawEnclosure::default()
            }],
            ..RawEntry::default()
        };
        let links = all(&raw, None);
        let file = |url: &str, mime: Option<&str>, length, duration_s| Enclosure {
            url: url.to_owned(),
            mime: mime.map(str::to_owned),
            length,
            title: None,
            duration_s,
        };
        let expected = [
            file("http://a.example/1.mp3", Some("audio/mpeg"), Some(12), Some(60)),
            file("http://a.example/2.mp3", None, None, None),
        ];
        assert_eq!(links.enclosures, expected);
        assert!(links.others.is_empty());
    }

    #[test]
    fn comments_become_a_link_to_replies() {
        let raw = RawEntry {
            comments: Some("http://a.example/1#comments".to_owned()),
            ..RawEntry::default()
        };
        let links = all(&raw, None);
        assert_eq!(links.others.len(), 1);
        assert_eq!((links.others[0].rel.as_str(), links.permalink), ("replies", None));
    }

    #[test]
    fn language_tags_are_tidied() {
        let cases = [
            ("vi", Some("vi")),
            (" en_US ", Some("en-US")),
            ("zh-Hant-TW", Some("zh-Hant-TW")),
            ("", None),
            ("english language", None),
            ("-", None),
            ("1", None),
        ];
        for (written, expected) in cases {
            assert_eq!(language(written).as_deref(), expected, "{written}");
        }
    }
}
