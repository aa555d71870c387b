//! Words, numbers and single characters of folded text.

/// One token of folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// Its characters.
    pub text: &'a str,
    /// What it is.
    pub kind: TokenKind,
}

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A run of letters.
    Word,
    /// A run of decimal digits.
    Number,
    /// A Han, kana or Thai character: these scripts put no spaces between words.
    Single,
}

impl TokenKind {
    /// Tells whether `c` is a decimal digit of any script that runs into real feeds.
    ///
    /// NFKC has made ASCII of the full-width and mathematical ones before.
    pub fn is_digit(c: char) -> bool {
        c.is_ascii_digit() || is_decimal_digit(c)
    }
}

/// What a single character at or above U+0E00 counts in letters: about a word of three.
const WIDE_LETTERS: u32 = 3;

/// Returns the tokens of `folded`: each Han, kana or Thai character alone, else runs of digits,
/// else runs of other letters.
///
/// All else separates, so that "1.234,5" and "1,234.5" both give 1 234 5.
pub fn tokens(folded: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = folded;
    std::iter::from_fn(move || {
        let (start, kind) = rest.char_indices().find_map(|(at, c)| Some((at, kind_of(c)?)))?;
        let (_, from_start) = rest.split_at(start);
        let end = match kind {
            TokenKind::Single => from_start.chars().next().map_or(0, char::len_utf8),
            TokenKind::Word | TokenKind::Number => {
                from_start.find(|c| kind_of(c) != Some(kind)).unwrap_or(from_start.len())
            }
        };
        let (text, after) = from_start.split_at(end);
        rest = after;
        Some(Token { text, kind })
    })
}

/// Returns how many letters a token counts: its characters; three for one wide character.
pub fn letters(token: &str) -> u32 {
    let mut chars = token.chars();
    match (chars.next(), chars.next()) {
        (Some('\u{E00}'..), None) => WIDE_LETTERS,
        _ => u32::try_from(token.chars().count()).unwrap_or(u32::MAX),
    }
}

fn kind_of(c: char) -> Option<TokenKind> {
    match c {
        'a'..='z' | 'A'..='Z' => Some(TokenKind::Word),
        '0'..='9' => Some(TokenKind::Number),
        '\0'..='\u{7F}' => None,
        _ if is_common_letter(c) => Some(TokenKind::Word),
        '\u{E00}'..='\u{E7F}'
        | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}' => Some(TokenKind::Single),
        _ if is_decimal_digit(c) => Some(TokenKind::Number),
        _ if c.is_alphanumeric() => Some(TokenKind::Word),
        _ => None,
    }
}

/// Tells quickly that `c` is one of the letters that most texts are written in; `false` says nothing.
pub fn is_common_letter(c: char) -> bool {
    matches!(c,
        'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{24F}'
        | '\u{400}'..='\u{481}' | '\u{1E00}'..='\u{1EFF}' | '\u{AC00}'..='\u{D7A3}')
}

fn is_decimal_digit(c: char) -> bool {
    matches!(c,
        '\u{660}'..='\u{669}' | '\u{6F0}'..='\u{6F9}' | '\u{7C0}'..='\u{7C9}'
        | '\u{966}'..='\u{96F}' | '\u{9E6}'..='\u{9EF}' | '\u{A66}'..='\u{A6F}'
        | '\u{AE6}'..='\u{AEF}' | '\u{B66}'..='\u{B6F}' | '\u{BE6}'..='\u{BEF}'
        | '\u{C66}'..='\u{C6F}' | '\u{CE6}'..='\u{CEF}' | '\u{D66}'..='\u{D6F}'
        | '\u{ED0}'..='\u{ED9}' | '\u{F20}'..='\u{F29}' | '\u{1040}'..='\u{1049}'
        | '\u{17E0}'..='\u{17E9}' | '\u{1810}'..='\u{1819}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_letters_are_letters() {
        for c in (0..=0x1_FFFF).filter_map(char::from_u32).filter(|c| is_common_letter(*c)) {
            assert!(c.is_alphabetic() && !is_decimal_digit(c), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn tokens_are_words_numbers_and_wide_characters() {
        let cases: [(&str, &str, &[&str]); 7] = [
            ("words", "thu do ha noi", &["thu", "do", "ha", "noi"]),
            ("Vietnamese number", "1.234,5", &["1", "234", "5"]),
            ("English number", "1,234.5", &["1", "234", "5"]),
            ("digits end a word", "covid19 u23", &["covid", "19", "u", "23"]),
            ("Han stands alone", "北京2024年", &["北", "京", "2024", "年"]),
            ("Hangul runs", "뉴스 브리핑", &["뉴스", "브리핑"]),
            ("nothing", " -…_ ", &[]),
        ];
        for (name, text, expected) in cases {
            let found: Vec<&str> = tokens(text).map(|token| token.text).collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn wide_characters_count_three_letters() {
        assert_eq!(letters("京"), 3);
        assert_eq!(letters("뉴스"), 2);
        assert_eq!(letters("2024"), 4);
        assert_eq!(letters("a"), 1);
    }
}
