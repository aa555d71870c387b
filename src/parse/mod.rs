//! Reads feeds: bytes as fetched in, `RawFeed` out.
//!
//! Feeds are often broken: this reader mends what can be mended, counts each repair as a flaw, and
//! fails only when a document is no feed at all. The way of a document: `decode` (bytes to text) →
//! `repair` (text to a tree of elements, item by item, under limits) → `sidecar` (elements to raw
//! entries) with `second` (feed-rs, the second opinion: it fills what the sidecar left empty). JSON
//! Feed goes its own short way in `json`. The only place that knows feed_rs.
//!
//! It leaves the meaning of dates, names, HTML and `Content-Language` to `normalize`, and knows no
//! clock and no network. Addresses are resolved but not judged: `javascript:` is still there.
//! Standards: RFC 4287, RSS 2.0, RSS 1.0, JSON Feed 1.1; P69–P83 and R75–R82 of the project's list.

mod bounded;
mod context;
mod decode;
pub mod discover;
mod entity;
mod flaws;
mod grammar;
mod guess;
mod json;
mod mend_json;
mod names;
mod node;
pub mod opml;
mod repair;
mod root;
mod scope;
mod second;
mod sidecar;
#[cfg(test)]
mod tests;
mod text;
mod token;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::context::Context;
use self::flaws::Flaws;
use self::grammar::Dialect;
use self::node::Node;
use self::repair::Sink;
use crate::model::raw::{RawDocument, RawFeed, RawItem};
use crate::model::source::ItemHash;

/// Version of the reader: part of every item's hash, so that a better reader reads everything
/// again.
pub const READER_VERSION: u32 = 2;

/// Largest document read, in bytes once decoded of its character encoding.
pub const TEXT_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Settings that change how a document is read.
#[derive(Clone, Debug, Default)]
pub struct ReadSettings {
    /// Label of the WHATWG Encoding standard that overrides detection.
    pub encoding: Option<String>,
    /// BCP 47 of the source, for guessing an encoding nobody declares.
    pub language_hint: Option<String>,
    /// Top-level domain of the source, in lower case, for the same.
    pub tld_hint: Option<String>,
    /// Salt of the item hashes: of the settings that change what becomes of an item.
    pub salt: u64,
}

/// Why a document could not be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It is something else: look for the feed elsewhere.
    #[error("not a feed but {what}")]
    NotAFeed {
        /// What it seems to be: "an HTML page", "an empty body" …
        what: &'static str,
    },
    /// It exceeds a limit that no feed should.
    #[error("{what} over the limit of {limit}")]
    Limit {
        /// What was counted, with its unit.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// It cannot be read although it claims to be a feed.
    #[error("malformed {format}: {reason}")]
    Malformed {
        /// "JSON feed", "OPML".
        format: &'static str,
        /// What is wrong, with the position.
        reason: String,
    },
    /// The reader panicked: a defect of ours or of feed-rs; the feed is tried again as after any
    /// failure.
    #[error("the reader panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
}

/// Reads one document.
///
/// Items come in document order; of an item whose hash `known` accepts only the hash is returned.
///
/// # Errors
/// When the document is no feed, exceeds a limit, or is JSON beyond repair. Broken XML is no error
/// as long as a feed's root can be found.
pub fn parse(
    document: &RawDocument,
    settings: &ReadSettings,
    known: &dyn Fn(ItemHash) -> bool,
) -> Result<RawFeed, ParseError> {
    let read = AssertUnwindSafe(|| read(document, settings, known));
    catch_unwind(read).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(ParseError::Panicked { message: text.unwrap_or("no message").to_owned() })
    })
}

fn read(
    document: &RawDocument,
    settings: &ReadSettings,
    known: &dyn Fn(ItemHash) -> bool,
) -> Result<RawFeed, ParseError> {
    let mut flaws = Flaws::default();
    let text =
        decode::decode(&document.body, document.content_type.as_deref(), settings, &mut flaws);
    if text.len() > TEXT_BYTES_MAX {
        return Err(ParseError::Limit { what: "bytes of text", limit: TEXT_BYTES_MAX });
    }
    let context = Context::of_document(&document.url, document.content_location.as_deref());
    if mend_json::body(&text).starts_with(['{', '[']) {
        return json::read(&text, &context, settings.salt, known, flaws);
    }
    let mut assembly = Assembly { known, feed: RawFeed::default(), second: second::Second::new() };
    let outline = repair::read(&text, settings.salt, &context, &mut flaws, &mut assembly);
    let Some(outline) = outline else {
        return Err(ParseError::NotAFeed { what: discover::what_it_is(&text) });
    };
    let Assembly { mut feed, mut second, .. } = assembly;
    sidecar::channel(&outline, &context, &mut feed, &mut flaws);
    second.consult(outline.dialect, &mut feed.items, &mut flaws);
    second.consult_on_feed(&outline, &mut feed.meta, &mut flaws);
    feed.flaws = flaws.list();
    Ok(feed)
}

/// Gathers items as the repairing pass hands them on.
struct Assembly<'k> {
    known: &'k dyn Fn(ItemHash) -> bool,
    feed: RawFeed,
    second: second::Second,
}

impl Sink for Assembly<'_> {
    fn is_known(&self, hash: ItemHash) -> bool {
        (self.known)(hash)
    }

    fn item(
        &mut self,
        dialect: Dialect,
        hash: ItemHash,
        node: Option<(&Node<'_>, &Context)>,
        flaws: &mut Flaws,
    ) {
        let Some((node, context)) = node else {
            return self.feed.items.push(RawItem { hash: Some(hash), entry: None });
        };
        let entry = sidecar::entry(dialect, node, context, flaws);
        self.second.add(self.feed.items.len(), node, &entry, dialect);
        self.feed.items.push(RawItem { hash: Some(hash), entry: Some(entry) });
        if self.second.is_full() {
            self.second.consult(dialect, &mut self.feed.items, flaws);
        }
    }
}
