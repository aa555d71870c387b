//! What we hold: entries as normalised, and the stories they make.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::source::{CategorySlug, SourceId};
use super::verdict::Joined;

/// Number of an entry: given once, in order of arrival, never reused. From 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryNo(pub u64);

/// Number of a story: given once, in order of opening, never reused. From 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoryNo(pub u64);

/// A person construct (RFC 4287 §3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Plain text; may be empty when only an address is known.
    pub name: String,
    /// Mail address.
    pub email: Option<String>,
    /// Absolute IRI.
    pub uri: Option<String>,
}

/// A category as the publisher gave it (RFC 4287 §4.2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Category {
    /// As written.
    pub term: String,
    /// `scheme`, RSS `domain`.
    pub scheme: Option<String>,
    /// For people.
    pub label: Option<String>,
}

/// Relation of the page that a link blog writes about: `external_url` of JSON Feed (R52). Atom and
/// RSS have no such thing, and say `related`.
pub const REL_EXTERNAL: &str = "https://jsonfeed.org/version/1.1#external_url";

/// A link other than the permalink and enclosures: `related`, `via`, `replies`, further alternates …
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Relation; `alternate` when the document gave none.
    pub rel: String,
    /// Absolute.
    pub href: String,
    /// Media type.
    pub mime: Option<String>,
    /// Plain text.
    pub title: Option<String>,
    /// BCP 47.
    pub hreflang: Option<String>,
}

/// A file that belongs to an entry (RSS `enclosure`, `atom:link rel=enclosure`, JSON attachment).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enclosure {
    /// Absolute.
    pub url: String,
    /// Media type, as written.
    pub mime: Option<String>,
    /// Bytes; `None` when unknown or nonsense (R76, R77).
    pub length: Option<u64>,
    /// Plain text.
    pub title: Option<String>,
    /// Running time in seconds.
    pub duration_s: Option<u64>,
}

/// An extension element kept for republishing (standards R75–R82): Media RSS, iTunes, Podcasting 2.0 …
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The usual prefix of a namespace we know: `media`, `itunes`, `podcast`, `thr`, `slash`, `dc`, `cc` …
    pub prefix: String,
    /// Local name.
    pub name: String,
    /// Attributes in document order, values unescaped.
    pub attributes: Vec<(String, String)>,
    /// Text directly inside, trimmed.
    pub text: String,
    /// Child elements.
    pub children: Vec<Element>,
}

/// Where the publisher says it took the entry from (`atom:source`, RSS `source`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// `atom:id` of that feed.
    pub id: Option<String>,
    /// Plain title.
    pub title: Option<String>,
    /// URL of that feed.
    pub feed_url: Option<String>,
    /// Page of that feed.
    pub site: Option<String>,
    /// `atom:updated` of that feed.
    pub updated: Option<Timestamp>,
    /// Its authors.
    pub authors: Vec<Person>,
    /// Its rights, plain.
    pub rights: Option<String>,
    /// Its subtitle, plain.
    pub subtitle: Option<String>,
    /// Its contributors.
    pub contributors: Vec<Person>,
    /// Its categories.
    pub categories: Vec<Category>,
}

/// What kind of identifier `Entry::guid` is: it decides what is republished (standards R5–R7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GuidKind {
    /// The document gave none.
    #[default]
    Missing,
    /// `atom:id`: republished byte for byte.
    AtomId,
    /// RSS `guid`, `isPermaLink` true or not given, or `rdf:about`.
    Guid,
    /// RSS `guid isPermaLink="false"`.
    OpaqueGuid,
    /// JSON Feed `id`.
    JsonId,
}

/// One entry as we hold it: absolute URLs, UTC instants, safe HTML, NFC text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// As written, trimmed.
    pub guid: Option<String>,
    /// What it is.
    pub guid_kind: GuidKind,
    /// The permalink, absolute.
    pub link: Option<String>,
    /// `feedburner:origLink`: the true link when `link` is a counter.
    pub orig_link: Option<String>,
    /// Plain text; empty when the publisher gave none.
    pub title: String,
    /// Safe HTML.
    pub summary: Option<String>,
    /// Safe HTML.
    pub content: Option<String>,
    /// Of the entry; else those of the feed are meant.
    pub authors: Vec<Person>,
    /// Contributors.
    pub contributors: Vec<Person>,
    /// The publisher's own categories.
    pub categories: Vec<Category>,
    /// Further links.
    pub links: Vec<Link>,
    /// Files.
    pub enclosures: Vec<Enclosure>,
    /// Elements republished as they are.
    pub extensions: Vec<Element>,
    /// Plain text.
    pub rights: Option<String>,
    /// BCP 47 in force on the text; empty where the publisher unset it (`xml:lang=""`).
    pub language: Option<String>,
    /// BCP 47 in force on the title, where it is another (R29).
    pub title_language: Option<String>,
    /// BCP 47 in force on the summary beside a content, where it is another (R29).
    pub summary_language: Option<String>,
    /// As the publisher dated it; `None` when there was no readable date (D24, D28).
    pub published: Option<Timestamp>,
    /// The publisher's last change.
    pub updated: Option<Timestamp>,
    /// Where the publisher took it from.
    pub origin: Option<Origin>,
}

/// Tells Updated from Unchanged: hashes of title, content and description (reference: dedup §2.4).
///
/// Dates, markup, tracking pixels and link parameters take no part. An absent part is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Of the title.
    pub title: u64,
    /// Of the content.
    pub content: u64,
    /// Of the summary.
    pub summary: u64,
}

/// An entry in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Its number.
    pub no: EntryNo,
    /// Whose entry.
    pub source: SourceId,
    /// The story it is a copy of.
    pub story: StoryNo,
    /// The claim it is known by within its source.
    pub key: super::verdict::EntryKey,
    /// What it says.
    pub entry: Entry,
    /// When we first saw it.
    pub first_seen: Timestamp,
    /// What it is filed under where `published` does not serve: it has none (D27, D28), or an
    /// absurd one (D31). Chosen when it is first seen, then fixed.
    pub filed: Option<Timestamp>,
    /// `atom:updated` as republished: moves forward at each real change, never back (R14, R15).
    pub updated: Timestamp,
    /// Number of the source's document that first listed it.
    pub first_listed: u32,
    /// What tells a real change.
    pub fingerprint: Fingerprint,
    /// What finds its near-duplicates.
    pub marks: super::features::Marks,
    /// The credit line found in the text, plain ("Theo: nhandan.vn").
    pub credit: Option<String>,
    /// The article's registrable domain: two feeds of one paper share it.
    pub outlet: String,
    /// Why it belongs to its story.
    pub joined: Joined,
    /// The best candidate that was turned down when it came, by which rule and with at most
    /// `CLOSEST_NUMBERS_MAX` figures.
    pub closest: Option<Joined>,
}

/// The most figures that are kept of a candidate that was turned down.
pub const CLOSEST_NUMBERS_MAX: usize = 9;

impl Held {
    /// Returns the entry's date: the earlier of published (or what stands in for it) and first
    /// seen, so that a future date waits for nothing (D29).
    pub fn date(&self) -> Timestamp {
        let stated = self.filed.or(self.entry.published);
        stated.map_or(self.first_seen, |stated| stated.min(self.first_seen))
    }
}

/// A date further ahead of first sight than this is not believed when entries are compared.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Returns the date an entry is compared by (reference: dedup §1): as published, but not further than an hour ahead.
pub fn compared_date(published: Option<Timestamp>, first_seen: Timestamp) -> Timestamp {
    published.unwrap_or(first_seen).min(first_seen.saturating_add(AHEAD_MAX).unwrap_or(first_seen))
}

/// The short, opaque id of a story or entry in URLs: 16 letters and digits, from the public id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(pub String);

impl Slug {
    /// Derives the slug of a public id: 80 bits of its BLAKE3 hash in lower-case base32 (Crockford's alphabet).
    pub fn of(public_id: &str) -> Self {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let hash = blake3::hash(public_id.as_bytes());
        let bits = hash
            .as_bytes()
            .iter()
            .take(10)
            .fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let letter = |n: u32| {
            let index = usize::try_from((bits >> (5 * n)) & 31).unwrap_or(0);
            char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
        };
        Self((0..16).rev().map(letter).collect())
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The published thing: one or more entries (copies) of one article.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// Its number.
    pub no: StoryNo,
    /// `atom:id`, `guid`, JSON `id`: given once, never changed, never reused.
    pub public_id: String,
    /// The date of the entry that opened it, fixed then.
    pub date: Timestamp,
    /// The copy that is shown.
    pub representative: EntryNo,
    /// All copies, in order of arrival.
    pub members: Vec<Member>,
    /// The story this one was found to be a part of: it is published no more, its page leads there.
    pub merged_into: Option<StoryNo>,
    /// A takedown: it has left all outputs.
    pub is_withdrawn: bool,
    /// `[store] retention` took its text: it has left all outputs; what is left of it tells its entries when they are
    /// listed again.
    pub is_expired: bool,
    /// Another copy came to be shown more than half an hour after the first publication: it stays.
    pub was_changed_late: bool,
    /// Its `updated` is never before this: set when the copy that is shown was exchanged (R15).
    pub exchanged: Option<Timestamp>,
    /// Its number in each category that it ever joined, in order of joining: given once, kept also
    /// when it leaves. (Its number among all stories is `no`.)
    pub numbers: Vec<(CategorySlug, u64)>,
}

impl Held {
    /// Returns how its story lists it; it has no number yet.
    pub fn member(&self) -> Member {
        let (entry, source) = (self.no, self.source.clone());
        Member { entry, source, date: self.date(), number: None }
    }
}

impl Story {
    /// Returns a story as its first copy opens it; it has no numbers yet.
    pub fn opened(no: StoryNo, public_id: String, opener: Member) -> Self {
        Self {
            no,
            public_id,
            date: opener.date,
            representative: opener.entry,
            members: vec![opener],
            merged_into: None,
            is_withdrawn: false,
            is_expired: false,
            was_changed_late: false,
            exchanged: None,
            numbers: Vec::new(),
        }
    }

    /// Returns the story's number in a category, if it ever joined it.
    pub fn number_in(&self, category: &CategorySlug) -> Option<u64> {
        self.numbers.iter().find(|(slug, _)| slug == category).map(|(_, number)| *number)
    }
}

impl Story {
    /// Tells whether it has left all outputs for good, be it taken down or too old.
    pub fn is_gone(&self) -> bool {
        self.is_withdrawn || self.is_expired
    }
}

/// One copy within a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which entry.
    pub entry: EntryNo,
    /// Whose.
    pub source: SourceId,
    /// The entry's own date: the order of `/source/{id}`.
    pub date: Timestamp,
    /// The entry's number within its source, from 1: given once. `None`: not given yet.
    pub number: Option<u64>,
}
