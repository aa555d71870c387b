//! Reads subscription lists: OPML 1.0, 1.1, 2.0 and what passes for it (standards R104–R108).
//!
//! Most lists in the wild are not well-formed XML, so the scanner of the feed reader is used: an
//! unescaped `&` loses nothing. Folders become categories. Nothing is fetched for `include` or
//! `link` outlines (R108): they are rejected with their line, as is every outline without a URL.

use std::collections::HashMap;

use url::Url;

use super::ParseError;
use super::ReadSettings;
use super::decode;
use super::entity;
use super::flaws::Flaws;
use super::token::{self, Token, Tokens};

/// Deepest folder.
pub const OPML_DEPTH_MAX: usize = 64;
/// Outlines read of one list.
pub const OUTLINES_MAX: usize = 100_000;

/// One subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The feed: an absolute http or https URL.
    pub xml_url: String,
    /// `title`, else `text`.
    pub title: Option<String>,
    /// The page.
    pub html_url: Option<String>,
    /// Names of the folders it lies in, outermost first, then those of its `category` attribute.
    pub categories: Vec<String>,
    /// Those of its `category` attribute only.
    pub filed: Vec<String>,
}

/// A line that gave no subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Line in the file, from 1.
    pub line: usize,
    /// What the outline calls itself.
    pub text: String,
    /// Why it was not taken.
    pub reason: &'static str,
}

/// What a list says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriptions {
    /// In document order; a feed listed twice is here once, with the categories of both.
    pub outlines: Vec<Outline>,
    /// What could not be used.
    pub rejected: Vec<Rejected>,
}

/// Reads a list.
///
/// # Errors
/// When there is no `opml` and no `outline` in it, or when it nests or holds more than the limits.
pub fn parse(bytes: &[u8]) -> Result<Subscriptions, ParseError> {
    let mut flaws = Flaws::default();
    let text = decode::decode(bytes, None, &ReadSettings::default(), &mut flaws);
    let mut list = List {
        folders: Vec::new(),
        out: Subscriptions::default(),
        places: HashMap::new(),
        seen: 0,
    };
    let mut tokens = Tokens::new(&text);
    let mut is_opml = false;
    let mut line = Line { text: &text, position: 0, number: 1 };
    loop {
        let start = tokens.position();
        let Some(token) = tokens.next(&mut flaws) else { break };
        match token {
            Token::Start { name, attributes, is_empty } if is_named(name, "outline") => {
                is_opml = true;
                list.outline(attributes, is_empty, line.of(start))?;
            }
            Token::Start { name, .. } => is_opml |= is_named(name, "opml"),
            Token::End { name } if is_named(name, "outline") => {
                list.folders.pop();
            }
            Token::End { .. } | Token::Text(_) | Token::CData(_) => {}
        }
    }
    if !is_opml {
        return Err(ParseError::Malformed {
            format: "OPML",
            reason: "no opml element and no outline in it".to_owned(),
        });
    }
    Ok(list.out)
}

fn is_named(name: &str, expected: &str) -> bool {
    name.eq_ignore_ascii_case(expected)
}

/// Counts lines as the reading goes on.
struct Line<'a> {
    text: &'a str,
    position: usize,
    number: usize,
}

impl Line<'_> {
    fn of(&mut self, position: usize) -> usize {
        let passed = self.text.get(self.position..position).unwrap_or_default();
        self.number += passed.bytes().filter(|byte| *byte == b'\n').count();
        self.position = position;
        self.number
    }
}

struct List {
    /// Name of each open outline; `None` for one that is a feed.
    folders: Vec<Option<String>>,
    out: Subscriptions,
    /// Where in `out` each URL is.
    places: HashMap<String, usize>,
    seen: usize,
}

#[derive(Default)]
struct Attributes {
    kind: String,
    xml_url: String,
    html_url: String,
    title: String,
    text: String,
    category: String,
}

impl Attributes {
    fn read(raw: &str) -> Self {
        let mut read = Self::default();
        token::attributes(raw, 100, |name, value| {
            let value = entity::unescape(value, &mut Flaws::default()).trim().to_owned();
            match name.to_ascii_lowercase().as_str() {
                "type" => read.kind = value.to_ascii_lowercase(),
                "xmlurl" => read.xml_url = value,
                "url" if read.xml_url.is_empty() => read.xml_url = value,
                "htmlurl" => read.html_url = value,
                "title" => read.title = value,
                "text" => read.text = value,
                "category" => read.category = value,
                _ => {}
            }
        });
        read
    }

    fn name(&self) -> &str {
        if self.title.is_empty() { &self.text } else { &self.title }
    }
}

impl List {
    fn outline(&mut self, raw: &str, is_empty: bool, line: usize) -> Result<(), ParseError> {
        self.seen += 1;
        if self.seen > OUTLINES_MAX {
            return Err(ParseError::Limit { what: "outlines", limit: OUTLINES_MAX });
        }
        let read = Attributes::read(raw);
        let is_folder = read.xml_url.is_empty();
        if !is_empty {
            if self.folders.len() >= OPML_DEPTH_MAX {
                return Err(ParseError::Limit { what: "nested outlines", limit: OPML_DEPTH_MAX });
            }
            let name = read.name();
            self.folders.push((is_folder && !name.is_empty()).then(|| name.to_owned()));
        }
        match self.subscription(&read, is_empty) {
            Ok(outline) => self.out.outlines.extend(outline),
            Err(reason) => {
                let text = read.name().to_owned();
                self.out.rejected.push(Rejected { line, text, reason });
            }
        }
        Ok(())
    }

    /// Returns the feed an outline names; `None` for a folder or a feed already listed.
    fn subscription(
        &mut self,
        read: &Attributes,
        is_empty: bool,
    ) -> Result<Option<Outline>, &'static str> {
        if matches!(read.kind.as_str(), "include" | "link") {
            return Err("an include is not followed");
        }
        if read.xml_url.is_empty() {
            return if is_empty { Err("no xmlUrl") } else { Ok(None) };
        }
        let url = Url::parse(&read.xml_url).map_err(|_| "xmlUrl is no absolute URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("xmlUrl is neither http nor https");
        }
        let mut categories: Vec<String> = self.folders.iter().flatten().cloned().collect();
        let parts = read.category.split(',').map(|part| part.trim().trim_matches('/'));
        let filed: Vec<String> =
            parts.filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect();
        for part in &filed {
            if !categories.contains(part) {
                categories.push(part.clone());
            }
        }
        let url = String::from(url);
        let next = self.out.outlines.len();
        let at = *self.places.entry(url.clone()).or_insert(next);
        if let Some(known) = self.out.outlines.get_mut(at) {
            categories.retain(|name| !known.categories.contains(name));
            known.categories.extend(categories);
            return Err("listed twice");
        }
        let title = Some(read.name()).filter(|name| !name.is_empty()).map(ToOwned::to_owned);
        let html_url = (!read.html_url.is_empty()).then(|| read.html_url.clone());
        Ok(Some(Outline { xml_url: url, title, html_url, categories, filed }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_every_make_are_read() {
        let list = r#"<?xml version="1.0"?><opml><body>
            <outline text="Báo">
              <outline type="rss" text="A &amp; B" xmlUrl="https://a.example/f?x=1&y=2" htmlURL="https://a.example/" category="/Tin, Nhanh"/>
              <outline title="B" XMLURL="http://b.example/"></outline>
              <outline text="sub"><outline text="C" xmlUrl="https://c.example/f"/></outline>
            </outline>
            <outline text="top" xmlurl=" https://d.example/ "/>
            <outline text="again" xmlUrl="https://c.example/f" category="Hai"/>
            <outline type="include" text="inc" url="https://x.example/o.opml"/>
            <outline text="none"/>
            <outline text="ftp" xmlUrl="ftp://e.example/"/>
            <outline text="rel" xmlUrl="/feed"/>"#;
        let read = parse(list.as_bytes()).unwrap();
        let rows: Vec<(&str, &str, Vec<&str>)> = read
            .outlines
            .iter()
            .map(|o| {
                let categories = o.categories.iter().map(String::as_str).collect();
                (o.xml_url.as_str(), o.title.as_deref().unwrap_or(""), categories)
            })
            .collect();
        assert_eq!(
            rows,
            [
                ("https://a.example/f?x=1&y=2", "A & B", vec!["Báo", "Tin", "Nhanh"]),
                ("http://b.example/", "B", vec!["Báo"]),
                ("https://c.example/f", "C", vec!["Báo", "sub", "Hai"]),
                ("https://d.example/", "top", vec![]),
            ]
        );
        assert_eq!(read.outlines[0].html_url.as_deref(), Some("https://a.example/"));
        let rejected: Vec<(usize, &str)> =
            read.rejected.iter().map(|r| (r.line, r.reason)).collect();
        assert_eq!(
            rejected,
            [
                (8, "listed twice"),
                (9, "an include is not followed"),
                (10, "no xmlUrl"),
                (11, "xmlUrl is neither http nor https"),
                (12, "xmlUrl is no absolute URL"),
            ]
        );
    }

    #[test]
    fn depth_is_bounded_and_other_files_are_refused() {
        let nested = |n: usize| format!("<opml>{}", "<outline text='x'>".repeat(n));
        assert!(parse(nested(OPML_DEPTH_MAX).as_bytes()).is_ok());
        let limit = ParseError::Limit { what: "nested outlines", limit: OPML_DEPTH_MAX };
        assert_eq!(parse(nested(OPML_DEPTH_MAX + 1).as_bytes()), Err(limit));
        let many = |n: usize| -> String {
            (0..n).map(|n| format!("<outline xmlUrl='https://a.example/{n}'/>")).collect()
        };
        assert_eq!(parse(many(OUTLINES_MAX).as_bytes()).unwrap().outlines.len(), OUTLINES_MAX);
        let limit = ParseError::Limit { what: "outlines", limit: OUTLINES_MAX };
        assert_eq!(parse(many(OUTLINES_MAX + 1).as_bytes()), Err(limit));
        assert!(matches!(parse(b"<html>"), Err(ParseError::Malformed { format: "OPML", .. })));
        assert_eq!(parse(b"<opml/>"), Ok(Subscriptions::default()));
    }
}
