//! Looks at an address once: is it a feed, a page that names feeds, or neither? For `discover` and `check --online`.
//!
//! It asks without validators, through the same fetcher as polling, so limits and manners are the same; nothing is kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use crate::model::outcome::{Answer, Fetch, FetchOutcome, FetchRequest};
use crate::model::raw::{RawDocument, RawFeed, RawItem};
use crate::model::source::Source;
use crate::parse::discover::{self, FoundFeed};
use crate::parse::{self, ReadSettings};

/// What is at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// A feed.
    Feed(Box<Feed>),
    /// A page, with the feeds that it names.
    Page(Vec<FoundFeed>),
    /// Neither, or no answer: why, in one line.
    Failed(String),
}

/// What a feed shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// Plain.
    pub title: Option<String>,
    /// Entries listed.
    pub entries: usize,
    /// Where it has moved for good.
    pub moved_to: Option<String>,
    /// What had to be mended, with counts.
    pub flaws: Vec<(String, u32)>,
    /// Links of its entries: two feeds of the same ones are twins.
    pub links: BTreeSet<String>,
}

/// Asks once.
pub async fn probe(fetch: &dyn Fetch, source: &Arc<Source>) -> Probe {
    let request =
        FetchRequest { source: Arc::clone(source), url: source.url.clone(), validators: None };
    match fetch.fetch(&request).await {
        FetchOutcome::Modified { document, answer, .. } => {
            let encoding = source.encoding.clone();
            let read = tokio::task::spawn_blocking(move || read(&document, encoding, &answer));
            read.await.unwrap_or_else(|_| Probe::Failed("the reader panicked".to_owned()))
        }
        FetchOutcome::NotModified { .. } => {
            Probe::Failed("answered 304 to a request without validators".to_owned())
        }
        FetchOutcome::Gone { .. } => {
            Probe::Failed("the publisher says that the feed is gone (410)".to_owned())
        }
        FetchOutcome::Postponed { reason, .. } => Probe::Failed(reason),
        FetchOutcome::Failed { error, .. } => Probe::Failed(error),
    }
}

fn read(document: &RawDocument, encoding: Option<String>, answer: &Answer) -> Probe {
    let settings = ReadSettings { encoding, ..ReadSettings::default() };
    match parse::parse(document, &settings, &|_| false) {
        Ok(feed) => Probe::Feed(Box::new(Feed::of(feed, answer))),
        Err(error) if discover::looks_like_html(&document.body) => {
            match Url::parse(&document.url) {
                Ok(base) => Probe::Page(discover::feed_links(&document.body, &base)),
                Err(_) => Probe::Failed(error.to_string()),
            }
        }
        Err(error) => Probe::Failed(error.to_string()),
    }
}

impl Feed {
    fn of(feed: RawFeed, answer: &Answer) -> Self {
        let title = feed.meta.title.map(|title| title.value);
        let title = title.map(|title| title.split_whitespace().collect::<Vec<_>>().join(" "));
        let is_permanent = |status: u16| matches!(status, 301 | 308);
        let moved = answer.hops.iter().take_while(|hop| is_permanent(hop.status)).last();
        Self {
            title: title.filter(|title| !title.is_empty()),
            entries: feed.items.len(),
            moved_to: moved.map(|hop| hop.location.clone()),
            flaws: feed.flaws,
            links: feed.items.iter().filter_map(link).collect(),
        }
    }

    /// Tells whether two feeds list the same entries, in whatever format.
    pub fn is_twin_of(&self, other: &Self) -> bool {
        let shared = self.links.intersection(&other.links).count();
        let smaller = self.links.len().min(other.links.len());
        smaller > 0 && shared * 2 > smaller
    }
}

fn link(item: &RawItem) -> Option<String> {
    let links = &item.entry.as_ref()?.links;
    let found = links.iter().find(|link| link.rel == "alternate").or_else(|| links.first());
    found.map(|link| crate::model::text::canonical(&link.href))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(body: &str) -> RawDocument {
        RawDocument {
            body: body.as_bytes().to_vec(),
            url: "https://a.example/".to_owned(),
            ..RawDocument::default()
        }
    }

    fn feed(body: &str) -> Feed {
        match read(&document(body), None, &Answer::default()) {
            Probe::Feed(feed) => *feed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn feeds_pages_and_neither_are_told_apart() {
        let page = "<!doctype html><link rel=alternate type=\"application/rss+xml\" href=\"/f\">";
        match read(&document(page), None, &Answer::default()) {
            Probe::Page(found) => assert_eq!(found[0].url, "https://a.example/f"),
            other => panic!("{other:?}"),
        }
        assert!(matches!(read(&document(""), None, &Answer::default()), Probe::Failed(_)));
        let rss = "<rss version=\"2.0\"><channel><title> A\n B </title><item><link>https://a.example/1\
                   </link></item></channel></rss>";
        let feed = feed(rss);
        assert_eq!((feed.title.as_deref(), feed.entries), (Some("A B"), 1));
    }

    #[test]
    fn two_formats_of_the_same_entries_are_twins() {
        let rss = feed(
            "<rss version=\"2.0\"><channel><title>A</title>\
             <item><link>https://a.example/1</link></item></channel></rss>",
        );
        let atom = feed(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>A</title><entry>\
             <link href=\"https://a.example/1\"/></entry></feed>",
        );
        let comments = feed(
            "<rss version=\"2.0\"><channel><title>C</title>\
             <item><link>https://a.example/1#c2</link><guid>2</guid></item>\
             <item><link>https://a.example/9</link></item></channel></rss>",
        );
        assert!(rss.is_twin_of(&atom));
        assert!(!Feed::default().is_twin_of(&Feed::default()), "nothing is no sign");
        assert!(!comments.is_twin_of(&feed(
            "<rss version=\"2.0\"><channel><title>x</title>\
             <item><link>https://b.example/9</link></item></channel></rss>"
        )));
    }
}
