//! Everything an entry is compared by, computed from its text alone.

use super::blocks::{Block, blocks, total_chars};
use super::body::Body;
use super::filters::{Filtered, filtered};
use super::fingerprint::fingerprint_of;
use super::index::marks;
use super::names::Names;
use super::outlet::outlet;
use super::title::Title;
use crate::model::entry::{Entry, Fingerprint};
use crate::model::features::Marks;
use crate::model::text::{canonical_url, is_http};

/// What is known of the world around an entry when its features are computed.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Names of sources, taken off headlines.
    pub names: &'a Names,
    /// `outlet` of the source's site; of its feed's URL where it names no site.
    pub outlet: &'a str,
}

/// What an entry is compared by. About 3 KB for an article of 170 words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Of the headline.
    pub title: Title,
    /// Of the text.
    pub body: Body,
    /// It links to another outlet, and not through a counter: a link blog, an aggregator.
    pub is_external: bool,
    /// Its link leads to the article itself: no proxy, AMP twin or aggregator.
    pub is_direct: bool,
    /// It carries the whole text, as far as can be told.
    pub is_full_text: bool,
    /// Characters of its text.
    pub chars: u32,
}

/// All that an entry brings to deduplication.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prepared {
    /// What it is compared by.
    pub features: Features,
    /// What finds candidates.
    pub marks: Marks,
    /// What tells a real change.
    pub fingerprint: Fingerprint,
    /// The credit line found in the text, plain.
    pub credit: Option<String>,
}

/// A text of so many tokens that is not cut is taken for a whole article.
const FULL_TEXT_TOKENS: u32 = 120;

/// Returns the features of an entry.
pub fn features(entry: &Entry, context: Context<'_>) -> Features {
    let texts = Texts::of(entry);
    features_of(entry, &texts, texts.body(), context).0
}

/// Returns all that an entry brings to deduplication, its text read once.
pub fn prepare(entry: &Entry, context: Context<'_>) -> Prepared {
    let texts = Texts::of(entry);
    let fingerprint = fingerprint_of(&entry.title, &texts.content, &texts.summary);
    let (features, credit) = features_of(entry, &texts, texts.body(), context);
    Prepared { marks: marks(&features), features, fingerprint, credit }
}

/// The texts of an entry, in blocks.
struct Texts {
    content: Vec<Block>,
    summary: Vec<Block>,
}

impl Texts {
    fn of(entry: &Entry) -> Self {
        let cut = |text: &Option<String>| text.as_deref().map(blocks).unwrap_or_default();
        Self { content: cut(&entry.content), summary: cut(&entry.summary) }
    }

    /// Returns the longer text; of equals, the content.
    fn body(&self) -> &[Block] {
        if total_chars(&self.content) >= total_chars(&self.summary) {
            &self.content
        } else {
            &self.summary
        }
    }
}

fn features_of(
    entry: &Entry,
    texts: &Texts,
    body: &[Block],
    context: Context<'_>,
) -> (Features, Option<String>) {
    let Filtered { blocks, credit } = filtered(body.to_vec());
    let chars = total_chars(&blocks);
    let body = Body::of(&blocks);
    let is_content = total_chars(&texts.content) > total_chars(&texts.summary);
    let has_both = !texts.content.is_empty() && !texts.summary.is_empty();
    let is_full_text = !body.is_cut
        && body.tokens > 0
        && (body.tokens >= FULL_TEXT_TOKENS || (is_content && has_both));
    let link = entry.link.as_deref().filter(|link| is_http(link.trim()));
    let is_elsewhere = link.is_some_and(|link| outlet(link) != context.outlet);
    let is_detour = link.is_none_or(|link| canonical_url(link).is_detour);
    let features = Features {
        title: Title::of(&entry.title, context.names),
        body,
        is_external: is_elsewhere && entry.orig_link.is_none(),
        is_direct: !is_elsewhere && !is_detour && entry.orig_link.is_none(),
        is_full_text,
        chars,
    };
    (features, credit)
}
