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

/// What an entry is compared by. About 4 KB for an article of 170 words.
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
    /// Characters of its text, folded.
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
    /// Features and marks were left out: where contents are not compared, most entries need none.
    pub is_light: bool,
}

/// A text of so many tokens that is not cut is taken for a whole article.
const FULL_TEXT_TOKENS: u32 = 120;

/// Returns the features of an entry.
pub fn features(entry: &Entry, context: Context<'_>) -> Features {
    features_of(entry, Texts::of(entry), context).0
}

/// Returns all that an entry brings to deduplication, its text read once.
pub fn prepare(entry: &Entry, context: Context<'_>) -> Prepared {
    let texts = Texts::of(entry);
    let fingerprint = fingerprint_of(&entry.title, &texts.content, &texts.summary);
    let (features, credit) = features_of(entry, texts, context);
    Prepared { marks: marks(&features), features, fingerprint, credit, is_light: false }
}

/// Returns what an entry brings where contents are not compared: no features, no marks.
pub fn prepare_lightly(entry: &Entry) -> Prepared {
    let texts = Texts::of(entry);
    let fingerprint = fingerprint_of(&entry.title, &texts.content, &texts.summary);
    let Filtered { credit, .. } = filtered(texts.into_body().0);
    Prepared { fingerprint, credit, is_light: true, ..Prepared::default() }
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

    /// Returns the longer text (of equals, the content), and whether it is a content that a summary
    /// stands beside.
    fn into_body(self) -> (Vec<Block>, bool) {
        let (content, summary) = (total_chars(&self.content), total_chars(&self.summary));
        if content >= summary {
            (self.content, content > summary && summary > 0)
        } else {
            (self.summary, false)
        }
    }
}

fn features_of(entry: &Entry, texts: Texts, context: Context<'_>) -> (Features, Option<String>) {
    let (body, is_beside_summary) = texts.into_body();
    let Filtered { blocks, credit } = filtered(body);
    let chars = blocks.iter().map(|block| block.chars).sum::<usize>();
    let body = Body::of(&blocks);
    let is_long = body.tokens >= FULL_TEXT_TOKENS || (is_beside_summary && body.tokens > 0);
    let link = entry.link.as_deref().filter(|link| is_http(link.trim()));
    let is_elsewhere = link.is_some_and(|link| outlet(link) != context.outlet);
    let is_detour = link.is_none_or(|link| canonical_url(link).is_detour);
    let features = Features {
        title: Title::of(&entry.title, context.names),
        is_external: is_elsewhere && entry.orig_link.is_none(),
        is_direct: !is_elsewhere && !is_detour && entry.orig_link.is_none(),
        is_full_text: is_long && !body.is_cut,
        chars: u32::try_from(chars).unwrap_or(u32::MAX),
        body,
    };
    (features, credit)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{OTHER, OUTLET, STORY, entry};
    use super::*;

    fn of(entry: &Entry) -> Features {
        features(entry, Context { names: &Names::default(), outlet: OUTLET })
    }

    #[test]
    fn the_longer_text_is_compared() {
        let both = |content: &str, summary: &str| Entry {
            summary: Some(summary.to_owned()),
            ..entry("T", content)
        };
        assert_eq!(of(&both(STORY, OTHER)).body, of(&entry("T", STORY)).body);
        assert_eq!(of(&both("<p>Ngắn</p>", OTHER)).body, of(&entry("T", OTHER)).body);
    }

    #[test]
    fn links_tell_where_the_article_is() {
        let cases = [
            ("own page", Some("https://www.paper.example/a"), None, false, true),
            ("amp twin", Some("https://paper.example/a/amp"), None, false, false),
            ("another outlet", Some("https://other.example/a"), None, true, false),
            (
                "a counter that tells the link",
                Some("https://feeds.example/~r/1"),
                Some("https://paper.example/a"),
                false,
                false,
            ),
            ("none", None, None, false, false),
        ];
        for (name, link, orig_link, is_external, is_direct) in cases {
            let linked = Entry {
                link: link.map(str::to_owned),
                orig_link: orig_link.map(str::to_owned),
                ..entry("T", STORY)
            };
            let found = of(&linked);
            assert_eq!((found.is_external, found.is_direct), (is_external, is_direct), "{name}");
        }
    }

    #[test]
    fn a_full_text_is_long_or_stands_beside_its_summary_and_is_not_cut() {
        let beside = Entry { summary: Some("Tóm tắt".to_owned()), ..entry("T", OTHER) };
        let cut = format!("{}…", STORY.trim_end_matches("</p>"));
        let cases = [
            ("long", entry("T", &format!("{STORY}{OTHER}")), true),
            ("beside a summary", beside, true),
            ("cut", entry("T", &format!("{OTHER}{cut}")), false),
            ("short", entry("T", OTHER), false),
            ("nothing", entry("T", ""), false),
        ];
        for (name, entry, expected) in cases {
            assert_eq!(of(&entry).is_full_text, expected, "{name}");
        }
    }

    #[test]
    fn spellings_of_a_text_have_the_same_features() {
        use unicode_normalization::UnicodeNormalization;
        let held = of(&entry("Thủ tướng thăm Hòa Phát", STORY));
        let nfd: String = STORY.nfd().collect();
        let tones = STORY.replace("Hòa", "Hoà");
        for (name, html) in [("NFD", nfd), ("tone on the other vowel", tones)] {
            assert!(of(&entry("Thủ tướng thăm Hoà Phát", &html)) == held, "{name}");
        }
    }
}
