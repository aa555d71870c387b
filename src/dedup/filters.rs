//! Takes off what surrounds an article: link lists, stamps, headings, credits, datelines.
//!
//! Five fixed filters, S1 to S5 of the method. Boilerplate is not learned: it was measured to bring
//! nothing.

use std::sync::LazyLock;

use regex::Regex;

use super::blocks::Block;
use super::body::TOKENS_MAX;
use super::shingle::Hashed;
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
    pub(super) blocks: Vec<Clean>,
    /// The credit, as written.
    pub(super) credit: Option<String>,
}

/// A block of the article.
#[derive(Clone, Debug, Default)]
pub(super) struct Clean {
    /// As written.
    pub(super) text: String,
    /// Characters of the same, folded.
    pub(super) chars: usize,
    /// Tokens of the same, folded: at most those that a body keeps.
    pub(super) tokens: Vec<Hashed>,
}

impl Clean {
    fn of(text: String, folded: &str) -> Self {
        let tokens = tokens(folded).take(TOKENS_MAX).map(Hashed::of).collect();
        Self { text, chars: folded.chars().count(), tokens }
    }
}

/// Applies S1 to S5, in this order.
pub(super) fn filtered(blocks: Vec<Block>) -> Filtered {
    let mut kept: Vec<Measured> = blocks.into_iter().map(Measured::of).collect();
    kept.retain(|block| block.tokens > 0 && !block.is_links() && !block.is_stamp());
    let mut headings = Vec::new();
    while kept.len() > 1
        && let Some(heading) = kept.pop_if(|last| last.is_heading())
    {
        headings.push(heading);
    }
    // "Theo: nhandan.vn" is as short as a heading.
    headings.retain(Measured::is_credit);
    let mut credits = Vec::new();
    if kept.len() > 1 {
        let last = kept.split_off(kept.len().saturating_sub(CREDIT_BLOCKS));
        let (credit, text) = last.into_iter().partition(Measured::is_credit);
        credits = credit;
        kept.extend::<Vec<_>>(text);
    }
    credits.extend(headings.into_iter().rev());
    if let Some(first) = kept.first_mut() {
        let dateline = dateline_bytes(&first.block.text);
        if dateline > 0 {
            first.block.text.drain(..dateline);
            first.folded = fold(&first.block.text);
        }
    }
    let blocks: Vec<Clean> =
        kept.into_iter().map(|kept| Clean::of(kept.block.text, &kept.folded)).collect();
    let credits: Vec<String> = credits.into_iter().map(|credit| credit.block.text).collect();
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
    /// How many tokens it has; no filter asks for more than `STAMP_TOKENS`.
    tokens: usize,
}

impl Measured {
    fn of(block: Block) -> Self {
        let folded = fold(&block.text);
        let tokens = tokens(&folded).take(STAMP_TOKENS).count();
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

#[cfg(test)]
mod tests {
    use super::super::blocks::blocks;
    use super::*;

    fn left(html: &str) -> (Vec<String>, Option<String>) {
        let filtered = filtered(blocks(html));
        (filtered.blocks.into_iter().map(|block| block.text).collect(), filtered.credit)
    }

    #[test]
    fn what_surrounds_an_article_is_taken_off() {
        let body = "Bão số 9 đổ bộ vào đất liền tối nay, gió giật cấp 12.";
        let cases = [
            (
                "S1 link list",
                format!("<p>{body}</p><ul><li><a href=x>Tin khác hôm nay</a></li></ul>"),
            ),
            ("S1 link paragraph", format!("<p><a href=x>Đọc thêm trên trang</a></p><p>{body}</p>")),
            (
                "S2 stamped headline",
                format!("<p>{body}</p><ul><li>Giá vàng hôm nay tăng 18/11/2024 | 10:32</li></ul>"),
            ),
            ("S3 trailing heading", format!("<p>{body}</p><h3>Tin cùng chuyên mục</h3>")),
            ("blocks without a token", format!("<p>***</p><p>{body}</p><p>…</p>")),
            ("S5 dateline with agency", format!("<p>Hà Nội (TTXVN) - {body}</p>")),
            ("S5 dateline in capitals", format!("<p>HANOI — {body}</p>")),
        ];
        for (name, html) in cases {
            assert_eq!(left(&html), (vec![body.to_owned()], None), "{name}");
        }
    }

    #[test]
    fn credits_are_taken_out_and_kept() {
        let body = "Bão số 9 đổ bộ vào đất liền tối nay, gió giật cấp 12.";
        let credits = [
            "Theo: nhandan.vn",
            "Theo TTXVN",
            "Nguồn: Báo Nhân Dân",
            "(Dân trí)",
            "— PV —",
            "Dẫn theo Tuổi Trẻ",
            "(c) 2024 Example",
            "Copyright 2024",
            "Quelle: dpa",
            "Источник: ТАСС",
            "来源：新华社",
        ];
        for credit in credits {
            let html = format!("<p>{body}</p><p>{credit}</p>");
            assert_eq!(left(&html), (vec![body.to_owned()], Some(credit.to_owned())), "{credit}");
        }
    }

    #[test]
    fn what_belongs_to_an_article_stays() {
        let cases: [(&str, &str, &[&str]); 6] = [
            ("the only block is no credit", "<p>Theo TTXVN</p>", &["Theo TTXVN"]),
            (
                "a word that begins so",
                "<p>Một hai ba.</p><p>Viaduct to close.</p>",
                &["Một hai ba.", "Viaduct to close."],
            ),
            (
                "a sentence is no heading",
                "<p>Một hai ba.</p><p>Hết rồi.</p>",
                &["Một hai ba.", "Hết rồi."],
            ),
            ("the only heading", "<p>Tin mới</p>", &["Tin mới"]),
            (
                "a dateline with nothing behind",
                "<p>Hà Nội (TTXVN) - ngắn.</p>",
                &["Hà Nội (TTXVN) - ngắn."],
            ),
            (
                "a bracket further in",
                "<p>Ông Nguyễn Văn An, 54 tuổi, giám đốc sở (đã nghỉ) - nói.</p>",
                &["Ông Nguyễn Văn An, 54 tuổi, giám đốc sở (đã nghỉ) - nói."],
            ),
        ];
        for (name, html, expected) in cases {
            assert_eq!(left(html).0, expected, "{name}");
        }
    }

    #[test]
    fn datelines_end_where_the_text_begins() {
        let text = " twenty-two letters here";
        let cases = [
            ("place and agency", "Hà Nội (TTXVN) – ", true),
            ("agency with a colon", "(Reuters): ", true),
            ("capitals", "LONDON - ", true),
            ("Han", "北京 11 月 - ", true),
            ("small letters", "London - ", false),
            ("two letters", "LA - ", false),
            ("accents count as small letters", "ĐÀ NẴNG - ", false),
            ("no dash", "LONDON ", false),
            ("empty bracket", "LONDON () - ", false),
        ];
        for (name, line, is_dateline) in cases {
            let length = dateline_bytes(&format!("{line}{}", text.trim_start()));
            assert_eq!(length, if is_dateline { line.len() } else { 0 }, "{name}");
        }
    }
}
