//! Cuts safe HTML into blocks of text.
//!
//! A linear scanner, not a parser: `normalize` has made the HTML well-formed and safe before. What
//! is left is to find block boundaries, links, and the parts that are no text of the article.

use super::entities;

/// A piece of text between two block tags: white space collapsed, trimmed, not empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Block {
    /// Its text, entities decoded.
    pub(super) text: String,
    /// Characters of `text`, loose accents not counted.
    pub(super) chars: u32,
    /// Characters of `text` inside links.
    pub(super) link_chars: u32,
    /// Opened by `li`.
    pub(super) is_list_item: bool,
}

impl Block {
    /// Returns the share of the text that is inside links.
    pub(super) fn link_density(&self) -> f64 {
        f64::from(self.link_chars) / f64::from(self.chars.max(1))
    }
}

/// Returns the blocks of a text. One without `<` is unescaped once; if none appears even then, its
/// lines are the blocks.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    if text.contains('<') {
        return Scanner::default().scan(text);
    }
    let plain = entities::decoded(text);
    if plain.contains('<') {
        return Scanner::default().scan(&plain);
    }
    let mut scanner = Scanner::default();
    for line in plain.lines() {
        scanner.push_text(line);
        scanner.end_block(false);
    }
    scanner.done
}

/// Returns the characters of all blocks together.
pub(super) fn total_chars(blocks: &[Block]) -> u32 {
    blocks.iter().fold(0, |sum, block| sum.saturating_add(block.chars))
}

/// How far a tag is read with an eye to quotes.
const QUOTED_CHARS_MAX: usize = 4_096;

#[derive(Default)]
struct Scanner {
    done: Vec<Block>,
    block: Block,
    space_pending: bool,
    links_open: u32,
    dropped_open: u32,
}

impl Scanner {
    fn scan(mut self, html: &str) -> Vec<Block> {
        // Behind the last `>` no tag can end: without this bound "<a<a<a" would be read again and
        // again.
        let tags_end = html.rfind('>').map_or(0, |at| at + 1);
        let (mut rest, tail) = html.split_at(tags_end);
        while let Some(at) = rest.find('<') {
            let (text, from_tag) = rest.split_at(at);
            self.push_text(text);
            let Some(length) = markup_length(from_tag) else {
                self.push_text("<");
                rest = from_tag.get(1..).unwrap_or("");
                continue;
            };
            let (tag, after) = from_tag.split_at(length);
            self.on_tag(tag);
            rest = after;
        }
        self.push_text(rest);
        self.push_text(tail);
        self.end_block(false);
        self.done
    }

    fn push_text(&mut self, text: &str) {
        if self.dropped_open > 0 || text.is_empty() {
            return;
        }
        if text.contains('&') {
            self.push_decoded(&entities::decoded(text));
        } else {
            self.push_decoded(text);
        }
    }

    fn push_decoded(&mut self, text: &str) {
        for (place, word) in text.split(char::is_whitespace).enumerate() {
            self.space_pending |= place > 0;
            if word.is_empty() {
                continue;
            }
            if self.space_pending && !self.block.text.is_empty() {
                self.push_word(" ");
            }
            self.space_pending = false;
            self.push_word(word);
        }
    }

    fn push_word(&mut self, word: &str) {
        self.block.text.push_str(word);
        // A loose accent is no character of its own: NFC and NFD count alike.
        let is_counted = |c: &char| !matches!(c, '\u{300}'..='\u{36F}');
        let chars =
            if word.is_ascii() { word.len() } else { word.chars().filter(is_counted).count() };
        let chars = u32::try_from(chars).unwrap_or(u32::MAX);
        self.block.chars = self.block.chars.saturating_add(chars);
        if self.links_open > 0 {
            self.block.link_chars = self.block.link_chars.saturating_add(chars);
        }
    }

    fn on_tag(&mut self, tag: &str) {
        let inside = tag.trim_start_matches('<');
        let (is_end, inside) = match inside.strip_prefix('/') {
            Some(inside) => (true, inside),
            None => (false, inside),
        };
        let length = inside.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inside.len());
        let name = inside.get(..length).unwrap_or("").to_ascii_lowercase();
        let closes_itself = tag.ends_with("/>");
        if is_dropped(&name) {
            match (is_end, closes_itself) {
                (true, _) => self.dropped_open = self.dropped_open.saturating_sub(1),
                (false, false) => self.dropped_open = self.dropped_open.saturating_add(1),
                (false, true) => {}
            }
        } else if name == "a" {
            self.links_open = if is_end { 0 } else { 1 };
        } else if is_block(&name) {
            self.end_block(!is_end && name == "li");
        }
    }

    fn end_block(&mut self, next_is_list_item: bool) {
        let next = Block { is_list_item: next_is_list_item, ..Block::default() };
        let block = std::mem::replace(&mut self.block, next);
        self.space_pending = false;
        if !block.text.is_empty() {
            self.done.push(block);
        }
    }
}

/// Returns the length of the tag or comment at the start of `text`; `None` when `<` is just a sign.
fn markup_length(text: &str) -> Option<usize> {
    if text.starts_with("<!--") {
        return Some(text.find("-->").map_or(text.len(), |at| at + 3));
    }
    let second = text.chars().nth(1)?;
    if !(second.is_ascii_alphabetic() || matches!(second, '/' | '!' | '?')) {
        return None;
    }
    let mut quote = None;
    for (at, c) in text.char_indices().take(QUOTED_CHARS_MAX) {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    // A quote that is never closed, or a picture inside an attribute: the first `>` ends the tag.
    text.find('>').map(|at| at + 1)
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "li"
            | "br"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "blockquote"
            | "tr"
            | "td"
            | "ul"
            | "ol"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "hr"
            | "dd"
            | "dt"
    )
}

fn is_dropped(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "figure"
            | "figcaption"
            | "iframe"
            | "svg"
            | "noscript"
            | "button"
            | "form"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(html: &str) -> Vec<String> {
        blocks(html).into_iter().map(|block| block.text).collect()
    }

    #[test]
    fn html_is_cut_at_block_tags() {
        let cases: [(&str, &str, &[&str]); 12] = [
            ("paragraphs", "<p>Một</p>\n<p>Hai <b>ba</b></p>", &["Một", "Hai ba"]),
            ("line breaks", "a<br>b<br/>c<BR />d", &["a", "b", "c", "d"]),
            ("white space", "<p>\n a \t&nbsp; b\n</p><p> </p>", &["a b"]),
            ("entities", "<p>A &amp; B&#33; &lt;x&gt;</p>", &["A & B! <x>"]),
            (
                "pictures and scripts go",
                "<p>a</p><figure><figcaption>Ảnh</figcaption></figure><script>b()</script>d",
                &["a", "d"],
            ),
            ("a sign is no tag", "<p>1 < 2 và 3 > 2</p>", &["1 < 2 và 3 > 2"]),
            ("a tag with a sign", "<a title=\"x > y\">t</a>", &["t"]),
            ("comments", "a<!-- <p> -->b", &["ab"]),
            ("an open quote", "<p>a</p><a href=\"x>b</p>", &["a", "b"]),
            ("lines of plain text", "Một\n\n Hai \n", &["Một", "Hai"]),
            ("escaped twice", "&lt;p&gt;a&lt;/p&gt;b", &["a", "b"]),
            ("a tag that never ends", "<p>a</p>b <i c", &["a", "b <i c"]),
        ];
        for (name, html, expected) in cases {
            assert_eq!(texts(html), expected, "{name}");
        }
    }

    #[test]
    fn links_and_list_items_are_counted() {
        let cut = blocks("<ul><li><a href=x>Tin một</a> 1/2</li></ul><p>b</p>");
        let expected =
            Block {
                text: "Tin một 1/2".to_owned(), chars: 11, link_chars: 7, is_list_item: true
            };
        assert_eq!(cut.first(), Some(&expected));
        assert_eq!(cut.get(1).map(|block| block.is_list_item), Some(false));
    }

    #[test]
    fn a_flood_of_open_tags_takes_linear_time() {
        let flood = "<a ".repeat(200_000);
        assert_eq!(blocks(&flood).len(), 1);
        let quoted = format!("{}>", "<a \"".repeat(50_001));
        assert!(blocks(&quoted).len() <= 1);
    }
}
