//! One row for each trap that feeds are known to set (crate traps by name, standards by number).

mod fields;
mod limits;
mod mended;

use super::*;
use crate::model::raw::RawEntry;

const URL: &str = "https://ex.com/dir/feed.xml";

fn read_bytes(body: &[u8]) -> Result<RawFeed, ParseError> {
    let document =
        RawDocument { body: body.to_vec(), url: URL.to_owned(), ..RawDocument::default() };
    parse(&document, &ReadSettings::default(), &|_| false)
}

fn read(body: &str) -> RawFeed {
    read_bytes(body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {body:.300}"))
}

fn has_panicked(read: &Result<RawFeed, ParseError>) -> bool {
    matches!(read, Err(ParseError::Panicked { .. }))
}

fn entries(feed: &RawFeed) -> Vec<&RawEntry> {
    feed.items.iter().filter_map(|item| item.entry.as_ref()).collect()
}

fn first(body: &str) -> RawEntry {
    let feed = read(body);
    let entry = entries(&feed).first().map(|entry| (*entry).clone());
    entry.unwrap_or_else(|| panic!("no entry in {body:.300}"))
}

fn rss(items: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><channel><title>T</title><link>https://ex.com/</link><description>d</description>{items}</channel></rss>"#
    )
}

fn item(inner: &str) -> String {
    rss(&format!("<item><title>t</title><guid>1</guid>{inner}</item>"))
}

fn atom(inner: &str) -> String {
    format!(
        r#"<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="vi"><title>T</title><id>urn:f</id><updated>2024-01-02T03:04:05Z</updated>{inner}</feed>"#
    )
}

fn title(entry: &RawEntry) -> &str {
    entry.title.as_ref().map_or("", |title| title.value.as_str())
}

fn hrefs(entry: &RawEntry) -> Vec<&str> {
    entry.links.iter().map(|link| link.href.as_str()).collect()
}

fn has_flaw(feed: &RawFeed, name: &str) -> bool {
    feed.flaws.iter().any(|(known, _)| known == name)
}
