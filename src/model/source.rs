//! What we poll: the policy of a source, and our memory of it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use url::Url;

use super::entry::{Category, EntryNo, Person};
use super::policy::DedupMode;

/// The name of a source: a slug, unique in the configuration. State and entries follow it, not the URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(Arc<str>);

impl SourceId {
    /// Wraps a slug that the configuration (or the store, which had it from there) has checked.
    pub fn new(slug: &str) -> Self {
        Self(Arc::from(slug))
    }

    /// Returns the slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a category: a slug, the last part of `/category/{slug}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CategorySlug(Arc<str>);

impl CategorySlug {
    /// Wraps a slug that the configuration has checked.
    pub fn new(slug: &str) -> Self {
        Self(Arc::from(slug))
    }

    /// Returns the slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CategorySlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One upstream of `config.toml`, validated, with the defaults of `[poll]`, `[site]` and `[dedup]` filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The slug that state follows.
    pub id: SourceId,
    /// Where the document is. May hold user info or secret query values: never print it unscrubbed.
    pub url: Url,
    /// The operator's title; `None`: the feed's own.
    pub title: Option<String>,
    /// The categories its entries belong to.
    pub categories: Vec<CategorySlug>,
    /// Base interval between polls; `None`: that of `[poll]`. May be below `[poll] min_interval`.
    pub interval: Option<Duration>,
    /// Limit of one whole request.
    pub timeout: Duration,
    /// Limit of the decoded body, and of the wire, in bytes.
    pub body_bytes_max: u64,
    /// Proxy for this source: http, https or socks5.
    pub proxy: Option<Url>,
    /// Higher wins when copies are merged.
    pub priority: i64,
    /// Names other outlets credit it by.
    pub aliases: Vec<String>,
    /// What the first poll may publish.
    pub on_add: OnAdd,
    /// How much of a text is republished.
    pub content: ContentShare,
    /// How its entries are compared with others.
    pub dedup: DedupMode,
    /// An entry must match one of these (if any) to be published.
    pub include: Vec<FilterRule>,
    /// An entry that matches one of these is withheld; wins over `include`.
    pub exclude: Vec<FilterRule>,
    /// Zone of dates that name none.
    pub timezone: TimeZone,
    /// The operator wrote a `timezone`, here or for the site: none is learnt from the feed (D11).
    pub is_zone_given: bool,
    /// Character encoding that overrides detection (a label of the WHATWG Encoding standard).
    pub encoding: Option<String>,
    /// Further request headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Replaces our own User-Agent.
    pub user_agent: Option<String>,
    /// File holding `user:password` or `Bearer …`.
    pub secret_file: Option<PathBuf>,
    /// Whether `/source/{id}` exists.
    pub publish: bool,
    /// The operator publishes it although the feed says `podcast:block` or `itunes:block` (R80).
    pub overrides_block: bool,
}

impl Source {
    /// Returns a source of which nothing is said but its name and URL.
    pub fn plain(id: &str, url: Url) -> Self {
        Self {
            id: SourceId::new(id),
            url,
            title: None,
            categories: Vec::new(),
            interval: None,
            timeout: Duration::from_secs(30),
            body_bytes_max: 10 << 20,
            proxy: None,
            priority: 0,
            aliases: Vec::new(),
            on_add: OnAdd::All,
            content: ContentShare::Full,
            dedup: DedupMode::Full,
            include: Vec::new(),
            exclude: Vec::new(),
            timezone: TimeZone::UTC,
            is_zone_given: false,
            encoding: None,
            headers: Vec::new(),
            user_agent: None,
            secret_file: None,
            publish: true,
            overrides_block: false,
        }
    }
}

/// What the first poll of a source may publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnAdd {
    /// Everything the document lists.
    All,
    /// The newest so many.
    Newest(usize),
    /// Nothing: only what appears later.
    SinceNow,
}

/// How much of a text is republished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentShare {
    /// Content and summary.
    Full,
    /// The summary, or the beginning of the content.
    Summary,
    /// The title only.
    Title,
}

/// One `include` or `exclude` rule: a regular expression on one field of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterRule {
    /// What is matched.
    pub field: FilterField,
    /// The expression, known to compile.
    pub pattern: String,
}

/// The fields a filter may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterField {
    /// No prefix: any of the others.
    Any,
    /// The plain title.
    Title,
    /// The plain text of summary and content.
    Text,
    /// Names of the authors.
    Author,
    /// Terms and labels of the publisher's categories.
    Category,
    /// The link.
    Url,
}

/// The validators of one representation, byte for byte as received (RFC 9111 §4.3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, with its quotes and any `W/`.
    pub etag: Option<String>,
    /// `Last-Modified`, even when it is no valid date.
    pub last_modified: Option<String>,
    /// The exact URL they came from; they are of no use for any other.
    pub url: String,
}

/// What a feed says of itself, as held: absolute URLs, plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedMeta {
    /// `atom:id` of the feed, as written.
    pub id: Option<String>,
    /// Plain title.
    pub title: Option<String>,
    /// Plain subtitle or description.
    pub subtitle: Option<String>,
    /// The page the feed belongs to (`rel=alternate`, RSS `link`).
    pub site: Option<String>,
    /// The feed's own idea of its URL (`rel=self`).
    pub self_url: Option<String>,
    /// WebSub hubs it names.
    pub hubs: Vec<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Authors of the feed; they stand in for entries without one.
    pub authors: Vec<Person>,
    /// Plain text.
    pub rights: Option<String>,
    /// Icon and logo, absolute.
    pub icon: Option<String>,
    /// Logo, absolute.
    pub logo: Option<String>,
    /// The feed's own `updated` or `lastBuildDate`.
    pub updated: Option<Timestamp>,
    /// Contributors of the feed.
    pub contributors: Vec<Person>,
    /// Categories of the whole feed.
    pub categories: Vec<Category>,
}

/// Whether the day or the month comes first in `04/05/2026`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayMonth {
    /// `31/12`.
    DayFirst,
    /// `12/31`.
    MonthFirst,
}

/// A source's wish about how often it is polled, read from its document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublisherWish {
    /// RSS `ttl`.
    pub ttl: Option<Duration>,
    /// `sy:updatePeriod` divided by `sy:updateFrequency`.
    pub update_period: Option<Duration>,
    /// Hours (0 to 23, GMT) of `skipHours`.
    pub skip_hours: Vec<u8>,
    /// Days (1 Monday to 7 Sunday, GMT) of `skipDays`.
    pub skip_days: Vec<u8>,
    /// The feed says that nothing more will come (`fh:complete`, JSON Feed `expired`, …).
    pub is_complete: bool,
}

/// Our memory of a source: everything a poll reads and writes besides entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceState {
    /// The configured URL this memory belongs to; validators are dropped when it changes.
    pub url: String,
    /// Validators of the last document whose entries are held.
    pub validators: Option<Validators>,
    /// When the last request had ended: waits and gaps are counted from here.
    pub last_attempt: Option<Timestamp>,
    /// When a document was last held or confirmed by a 304.
    pub last_success: Option<Timestamp>,
    /// Failures since then.
    pub failures: u32,
    /// When the present row of failures began.
    pub failing_since: Option<Timestamp>,
    /// When to poll next; `None`: as soon as possible.
    pub next_poll: Option<Timestamp>,
    /// Why then, in words.
    pub next_reason: String,
    /// Status of the last answer.
    pub http_status: Option<u16>,
    /// What went wrong last, in one line; `None` after a success.
    pub last_error: Option<String>,
    /// The publisher said 410.
    pub is_gone: bool,
    /// Where a permanent redirect points that is not yet adopted.
    pub redirect_pending: Option<String>,
    /// When it was first seen to lead to a feed.
    pub redirect_since: Option<Timestamp>,
    /// Where a permanent redirect has led for long enough: polled instead of the configured URL.
    pub adopted_url: Option<String>,
    /// No request before this: the publisher has asked everyone on its domain to wait.
    pub paused_until: Option<Timestamp>,
    /// What polling it has cost so far.
    pub cost: PollCost,
    /// What the feed last said of itself.
    pub meta: FeedMeta,
    /// How often the publisher wishes to be polled.
    pub wish: PublisherWish,
    /// Number of documents held so far: the present one has this number, from 1.
    pub fetch_no: u32,
    /// What the last document listed, in its order.
    pub listed: Vec<Listed>,
    /// Entries that have left the document, newest departures last (at most `DEPARTED_MAX`).
    pub departed: Vec<Departed>,
    /// When a commit last changed what is published of this source: `Last-Modified` of its feeds.
    pub changed: Option<Timestamp>,
    /// What the reader had to mend in the last document, with counts.
    pub flaws: Vec<(String, u32)>,
    /// Times in which it failed, the latest last (at most `OUTAGES_MAX`).
    pub outages: Vec<Outage>,
    /// The order of day and month that its dates have shown last (D16): an ambiguous date that comes
    /// alone is read by it.
    pub date_order: Option<DayMonth>,
    /// Distance from UTC, in seconds, that dates without a zone were found to have (D11); `None`:
    /// nothing is known, or the operator has said it.
    pub zone_s: Option<i32>,
}

/// Outages remembered for each source.
pub const OUTAGES_MAX: usize = 8;

/// A time in which a source failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When it broke.
    pub from: Timestamp,
    /// When it came back; `None`: it has not.
    pub until: Option<Timestamp>,
    /// What went wrong first, in one line.
    pub error: String,
}

/// What polling a source has cost since it was added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollCost {
    /// Polls that got a document or a 304.
    pub answers: u64,
    /// Of these, 304s.
    pub not_modified: u64,
    /// Bytes of bodies received.
    pub wire_bytes: u64,
}

/// Departures remembered for each source.
pub const DEPARTED_MAX: usize = 1_000;

/// One item of the last document: known by its bytes, so that it is not read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Hash of the raw item, salted with the settings that change how it is read.
    pub item: ItemHash,
    /// The entry it was found to be; `None`: withheld by `on_add` or a filter.
    pub entry: Option<EntryNo>,
}

/// Hash of the bytes of one raw item, salted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemHash(pub u64);

/// An entry that the document no longer lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departed {
    /// Which.
    pub entry: EntryNo,
    /// Number of the last document that listed it.
    pub last_listed: u32,
}
