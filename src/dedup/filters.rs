//! Takes off what surrounds an article: link lists, stamps, headings, credits, datelines.
//!
//! Five fixed filters, S1 to S5 of the method. Boilerplate is not learned: it was measured to bring
//! nothing.

use std::sync::LazyLock;

use regex::Regex;

use super::blocks::Block;
use crate::model::text::{fold, tokens};

const LINK_DENSITY: f64 = 0.6;
const LINK_TOKENS: usize = 25;
const LINK_CHARS: u32 = 120;
const STAMP_TOKENS: usize = 45;
const STAMP_CHARS: u32 = 220;
const HEADING_TOKENS: usize = 6;
const CREDIT_BLOCKS: usize = 4;
const CREDIT_TOKENS: usize = 16;
const BRACKET_TOKENS: usize = 10;
const BRACKET_CHARS: usize = 61;
const DATELINE_CHARS: usize = 45;
const DATELINE_REST_CHARS: usize = 20;

/// What is left of a text, and the credit that was taken off.
#[derive(Clone, Debug, Default)]
pub(super) struct Filtered {
    /// The article's blocks.
    pub(super) blocks: Vec<Block>,
    /// The credit, as written.
    pub(super) credit: Option<String>,
}

/// Applies S1 to S5, in this order.
pub(super) fn filtered(blocks: Vec<Block>) -> Filtered {
    let mut kept: Vec<Measured> = blocks.into_iter().map(Measured::of).collect();
    kept.retain(|block| block.tokens > 0 && !block.is_links() && !block.is_stamp());
    while kept.len() > 1 && kept.last().is_some_and(Measured::is_heading) {
        kept.pop();
    }
    let mut credits = Vec::new();
    if kept.len() > 1 {
        let last = kept.split_off(kept.len().saturating_sub(CREDIT_BLOCKS));
        for block in last {
            if block.is_credit() {
                credits.push(block.block.text);
            } else {
                kept.push(block);
            }
        }
    }
    let mut blocks: Vec<Block> = kept.into_iter().map(|measured| measured.block).collect();
    if let Some(first) = blocks.first_mut() {
        let dateline = dateline_bytes(&first.text);
        first.text.drain(..dateline);
    }
    let credit = (!credits.is_empty()).then(|| credits.join("\n"));
    Filtered { blocks, credit }
}

/// Applies S1 and S2 only, measured in characters: for telling changes.
pub(super) fn filtered_lightly(blocks: &[Block]) -> impl Iterator<Item = &Block> {
    blocks.iter().filter(|block| {
        let is_links = block.link_density() >= LINK_DENSITY
            && (block.is_list_item || block.chars < LINK_CHARS);
        let may_be_stamp =
            block.chars < STAMP_CHARS && (block.is_list_item || block.link_chars > 0);
        !(is_links || (may_be_stamp && STAMP.is_match(&block.text)))
    })
}

struct Measured {
    block: Block,
    folded: String,
    tokens: usize,
}

impl Measured {
    fn of(block: Block) -> Self {
        let folded = fold(&block.text);
        let tokens = tokens(&folded).count();
        Self { block, folded, tokens }
    }

    /// S1: a list of links.
    fn is_links(&self) -> bool {
        self.block.link_density() >= LINK_DENSITY
            && (self.block.is_list_item || self.tokens < LINK_TOKENS)
    }

    /// S2: a headline with a date, in a list of other stories.
    fn is_stamp(&self) -> bool {
        self.tokens < STAMP_TOKENS
            && (self.block.is_list_item || self.block.link_chars > 0)
            && STAMP.is_match(&self.block.text)
    }

    /// S3: "Tin cùng chuyên mục".
    fn is_heading(&self) -> bool {
        self.tokens <= HEADING_TOKENS && !ends_sentence(&self.block.text)
    }

    /// S4: "Theo TTXVN", "(Reuters)".
    fn is_credit(&self) -> bool {
        self.tokens <= CREDIT_TOKENS
            && (begins_as_credit(&self.folded)
                || (self.tokens <= BRACKET_TOKENS && is_bracketed(&self.block.text)))
    }
}

static STAMP: LazyLock<Regex> = LazyLock::new(|| {
    const PATTERN: &str =
        r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\s*[|,-]?\s*\d{1,2}[:h]\d{2}(\s*[AP]M)?\s*\W*$";
    #[expect(clippy::expect_used, reason = "the pattern is a constant, compiled by the tests")]
    Regex::new(PATTERN).expect("a constant pattern is valid")
});

fn ends_sentence(text: &str) -> bool {
    text.trim_end().ends_with(['.', '!', '?', '…', '。', '”', '"', '»', ')', '）', ']'])
}

/// First words of a credit line, folded: signs may stand before ("c" is that of "(c)"), a word
/// boundary follows.
const CREDIT_WORDS: [&str; 28] = [
    "theo",
    "nguon",
    "dan theo",
    "tong hop",
    "pv",
    "phong vien",
    "source",
    "via",
    "originally",
    "reporting by",
    "this story was originally",
    "c",
    "copyright",
    "fuente",
    "con informacion",
    "fonte",
    "agenzia",
    "com",
    "avec",
    "quelle",
    "источник",
    "istochnik",
    "как сообщает",
    "来源",
    "转自",
    "提供",
    "配信",
    "출처",
];

fn begins_as_credit(folded: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let start = folded.trim_start_matches(|c| !is_word(c));
    CREDIT_WORDS
        .iter()
        .any(|words| start.strip_prefix(words).is_some_and(|rest| !rest.starts_with(is_word)))
}

fn is_bracketed(text: &str) -> bool {
    text.starts_with(['（', '(', '[', '【', '—', '–', '-'])
        && text.ends_with([')', '）', ']', '】', '—', '–', '-'])
        && text.chars().count() <= BRACKET_CHARS
}

/// Returns the length of the dateline at the start of a text: "Hà Nội (TTXVN) - ", "LONDON — ".
fn dateline_bytes(text: &str) -> usize {
    let length = bracketed_dateline(text).or_else(|| capital_dateline(text)).unwrap_or(0);
    let rest = text.get(length..).unwrap_or("");
    if rest.chars().nth(DATELINE_REST_CHARS).is_some() { length } else { 0 }
}

/// `[^()\n]{0,45}\([^()]{2,45}\)\s*[-–—:]\s*`
fn bracketed_dateline(text: &str) -> Option<usize> {
    let text_start = text.len() - text.trim_start().len();
    let trimmed = text.get(text_start..)?;
    let (place, inside) = trimmed.split_once('(')?;
    if place.contains([')', '\n']) || place.chars().count() > DATELINE_CHARS {
        return None;
    }
    let end = inside.find(['(', ')'])?;
    let (agency, rest) = inside.split_at(end);
    let rest = rest.strip_prefix(')')?.trim_start();
    if !(2..=DATELINE_CHARS).contains(&agency.chars().count()) {
        return None;
    }
    let rest = rest.strip_prefix(['-', '–', '—', ':'])?.trim_start();
    Some(text.len() - rest.len())
}

/// `[^a-zà-ỹа-я()\n]{3,45}\s[-–—]\s+`, where à-ỹ is U+00E0 to U+1EF9 as it stands.
fn capital_dateline(text: &str) -> Option<usize> {
    let is_place = |c: char| !matches!(c, 'a'..='z' | '\u{E0}'..='\u{1EF9}' | '(' | ')' | '\n');
    let mut found = None;
    for ((at, c), before) in text.char_indices().zip(0_usize..).take(DATELINE_CHARS + 1) {
        if before >= 3 && c.is_whitespace() {
            found = dash_after(text, at + c.len_utf8()).or(found);
        }
        if !is_place(c) {
            break;
        }
    }
    found
}

/// Returns where the text goes on after a dash and white space at `at`.
fn dash_after(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix(['-', '–', '—'])?;
    let after = rest.trim_start();
    (after.len() < rest.len()).then(|| text.len() - after.len())
}
