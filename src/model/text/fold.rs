//! One form for all spellings of a word: NFC and NFD, capitals, accents, đ, invisible characters.

use std::sync::LazyLock;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

/// Returns `text` without accents and capitals, for comparing and never for display.
///
/// NFKC; lower case; without format characters; NFD; without U+0300–U+036F; NFC; then the letters
/// that have no decomposition (đ, ø, ł, ß, æ, œ, ı). Voicing marks of kana and Hangul survive.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
            continue;
        }
        match shortcut(c) {
            Shortcut::Gone => {}
            Shortcut::Same => folded.push(c),
            Shortcut::Folds(to) => folded.push_str(to),
            Shortcut::InContext => return fold_in_full(text),
        }
    }
    folded
}

/// Returns `text` in NFKC and lower case, with its accents, without format characters.
///
/// An accent put right is a real change of an article; a switch from NFC to NFD is none.
pub fn lower_with_accents(text: &str) -> String {
    let mut lower = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0'..='\u{7F}' => lower.push(c.to_ascii_lowercase()),
            // The one letter whose small form is a letter with a loose accent.
            'İ' => return lower_in_full(text),
            '\u{C0}'..='\u{24F}' if is_settled(c) => lower.push(lowered(&SMALL_LATIN, 0xC0, c)),
            '\u{1EA0}'..='\u{1EF9}' => lower.push(lowered(&SMALL_ADDITIONAL, 0x1EA0, c)),
            _ if is_settled(c) => lower.extend(c.to_lowercase()),
            _ => return lower_in_full(text),
        }
    }
    lower
}

fn lower_in_full(text: &str) -> String {
    let is_plain = |c| c != 'İ' && !is_format_char(c);
    if is_composed(text) && text.chars().all(is_plain) {
        return text.chars().flat_map(char::to_lowercase).collect();
    }
    text.nfkc().flat_map(char::to_lowercase).filter(|c| !is_format_char(*c)).nfc().collect()
}

static SMALL_LATIN: LazyLock<Vec<char>> = LazyLock::new(|| small_letters('\u{C0}'..='\u{24F}'));
static SMALL_ADDITIONAL: LazyLock<Vec<char>> =
    LazyLock::new(|| small_letters('\u{1EA0}'..='\u{1EF9}'));

fn small_letters(range: std::ops::RangeInclusive<char>) -> Vec<char> {
    range.map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

/// Looks a small letter up: the standard library searches a table of all scripts.
fn lowered(table: &[char], first: u32, c: char) -> char {
    let place = u32::from(c).checked_sub(first).and_then(|place| usize::try_from(place).ok());
    place.and_then(|place| table.get(place)).copied().unwrap_or(c)
}

/// Tells whether `text` is surely in NFKC already.
pub fn is_composed(text: &str) -> bool {
    text.chars().all(is_settled) || is_nfkc_quick(text.chars()) == IsNormalized::Yes
}

/// Tells quickly that NFKC leaves `c` alone whatever stands around it, and that it is no format
/// character; `false` says nothing.
pub fn is_settled(c: char) -> bool {
    matches!(c,
        '\0'..='\u{9F}' | '\u{C0}'..='\u{131}' | '\u{134}'..='\u{13E}' | '\u{141}'..='\u{148}'
        | '\u{14A}'..='\u{17E}' | '\u{180}'..='\u{1C3}' | '\u{400}'..='\u{45F}' | '\u{1EA0}'..='\u{1EF9}' | '\u{2013}'
        | '\u{2014}' | '\u{2018}'..='\u{201E}' | '\u{3001}' | '\u{3002}'
        | '\u{4E00}'..='\u{9FFF}')
}

/// Tells whether `text` has control characters of ASCII other than tab, newline and carriage
/// return.
pub fn has_control(text: &str) -> bool {
    let is_control = |byte: &u8| *byte < b' ' && !matches!(*byte, b'\t' | b'\n' | b'\r');
    // Whole chunks without a way out in the middle are looked at many bytes at once.
    text.as_bytes().chunks(64).any(|bytes| bytes.iter().fold(false, |has, b| has | is_control(b)))
}

/// Tells whether `text` is surely in NFC already.
pub fn is_nfc(text: &str) -> bool {
    // Everything below U+0300 is settled, and whatever is not begins with a byte from 0xCC on.
    let is_settled_at = |at: usize| {
        text.get(at..).and_then(|from| from.chars().next()).is_some_and(is_settled_in_nfc)
    };
    let high = text.bytes().enumerate().filter(|(_, byte)| *byte >= 0xCC);
    high.map(|(at, _)| at).all(is_settled_at) || is_nfc_quick(text.chars()) == IsNormalized::Yes
}

/// Tells quickly that NFC leaves `c` alone whatever stands around it; `false` says nothing.
fn is_settled_in_nfc(c: char) -> bool {
    matches!(c,
        '\0'..='\u{2FF}' | '\u{400}'..='\u{482}' | '\u{1E00}'..='\u{1EFF}' | '\u{2010}'..='\u{205F}'
        | '\u{20A0}'..='\u{20BF}' | '\u{3001}'..='\u{3029}' | '\u{3041}'..='\u{3094}'
        | '\u{30A1}'..='\u{30FA}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7A3}' | '\u{1F300}'..='\u{1FAFF}')
}

/// Tells whether `c` is of the general category Cf: soft hyphen, zero width space, BOM, tags …
pub fn is_format_char(c: char) -> bool {
    c >= '\u{AD}'
        && matches!(c,
        '\u{AD}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}'
        | '\u{890}'..='\u{891}' | '\u{8E2}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0001}'
        | '\u{E0020}'..='\u{E007F}')
}

/// What folding does to a character, where its neighbours cannot change that.
enum Shortcut {
    Gone,
    Same,
    Folds(&'static str),
    InContext,
}

fn shortcut(c: char) -> Shortcut {
    match c {
        '\u{300}'..='\u{36F}' | '\u{200B}'..='\u{200F}' | '\u{FEFF}' => Shortcut::Gone,
        '\u{80}'..='\u{24F}' => folded_letter(&LATIN, u32::from(c) - 0x80),
        '\u{400}'..='\u{4FF}' => folded_letter(&CYRILLIC, u32::from(c) - 0x400),
        '\u{1E00}'..='\u{1EFF}' => folded_letter(&LATIN_ADDITIONAL, u32::from(c) - 0x1E00),
        // Dashes and quotes that have no compatibility form.
        '\u{2012}'..='\u{2016}' | '\u{2018}'..='\u{201F}' | '\u{2020}'..='\u{2022}' => {
            Shortcut::Same
        }
        // Full stop, comma, brackets; kana without their loose voicing marks; Han; Hangul.
        '\u{3001}'..='\u{3029}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30A1}'..='\u{30FE}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7A3}' => Shortcut::Same,
        _ => Shortcut::InContext,
    }
}

static LATIN: LazyLock<Vec<String>> = LazyLock::new(|| folded_range(0x80..=0x24F));
static CYRILLIC: LazyLock<Vec<String>> = LazyLock::new(|| folded_range(0x400..=0x4FF));
static LATIN_ADDITIONAL: LazyLock<Vec<String>> = LazyLock::new(|| folded_range(0x1E00..=0x1EFF));

fn folded_range(range: std::ops::RangeInclusive<u32>) -> Vec<String> {
    range.map(|n| char::from_u32(n).map_or_else(String::new, folded_alone)).collect()
}

fn folded_alone(c: char) -> String {
    fold_in_full(c.encode_utf8(&mut [0; 4]))
}

fn folded_letter(table: &'static [String], index: u32) -> Shortcut {
    let folded = usize::try_from(index).ok().and_then(|index| table.get(index));
    folded.map_or(Shortcut::InContext, |folded| Shortcut::Folds(folded))
}

fn fold_in_full(text: &str) -> String {
    let lower = text.nfkc().flat_map(char::to_lowercase).filter(|c| !is_format_char(*c));
    let bare = lower.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36F}')).nfc();
    let mut folded = String::with_capacity(text.len());
    for c in bare {
        match c {
            'đ' => folded.push('d'),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ı' => folded.push('i'),
            other => folded.push(other),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fold_unites_the_spellings_of_a_word() {
        let cases = [
            ("capitals", "Hà NỘI", "ha noi"),
            ("precomposed and loose accents", "Vie\u{302}\u{323}t Nam", "viet nam"),
            ("đ has no decomposition", "Đường Đê", "duong de"),
            ("tone on either vowel", "hoà hòa", "hoa hoa"),
            ("full width", "ＡＢＣ１２３", "abc123"),
            ("ligature", "ﬁnance", "finance"),
            ("soft hyphen and zero width space", "co\u{AD}op\u{200B}er\u{FEFF}ate", "cooperate"),
            ("German", "Straße", "strasse"),
            ("Danish and French", "Ærø cœur", "aero coeur"),
            ("Polish", "Łódź", "lodz"),
            ("dotless and dotted i", "Iğdır İzmir", "igdir izmir"),
            ("й becomes и", "Дайджест", "даиджест"),
            ("loose voicing marks are joined, not lost", "か\u{3099}", "が"),
            ("half width kana", "ｶﾞ", "ガ"),
            ("Hangul", "뉴스", "뉴스"),
            ("ellipsis", "a…", "a..."),
        ];
        for (name, text, expected) in cases {
            assert_eq!(fold(text), expected, "{name}");
        }
    }

    #[test]
    fn the_short_way_folds_as_the_long_one() {
        for c in (0..=0x1_FFFF).filter_map(char::from_u32) {
            let text = format!("a{c}b");
            assert_eq!(fold(&text), fold_in_full(&text), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn settled_characters_are_left_alone_by_nfkc() {
        for c in (0..=0x1_FFFF).filter_map(char::from_u32).filter(|c| is_settled(*c)) {
            assert!(c.nfkc().eq([c]) && !is_format_char(c), "U+{:04X}", u32::from(c));
            let quick = is_nfkc_quick([c].into_iter());
            assert_eq!(quick, IsNormalized::Yes, "U+{:04X}", u32::from(c));
            // A mark before it would have to be put in order with it.
            let order = unicode_normalization::char::canonical_combining_class(c);
            assert_eq!(order, 0, "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn settled_characters_are_left_alone_by_nfc() {
        for c in (0..=0x1_FFFF).filter_map(char::from_u32).filter(|c| is_settled_in_nfc(*c)) {
            assert!(c.nfc().eq([c]), "U+{:04X}", u32::from(c));
            let quick = is_nfc_quick([c].into_iter());
            assert_eq!(quick, IsNormalized::Yes, "U+{:04X}", u32::from(c));
            let order = unicode_normalization::char::canonical_combining_class(c);
            assert_eq!(order, 0, "U+{:04X}", u32::from(c));
        }
        assert!((0..0x300).filter_map(char::from_u32).all(is_settled_in_nfc));
    }

    #[test]
    fn what_is_not_in_nfc_is_seen() {
        for (text, expected) in [
            ("Người dân … \u{a0}", true),
            ("e\u{301}", false),
            ("\u{212b}", false),
            ("\u{AC00}\u{11A8}", false),
            ("x 😀 東京", true),
        ] {
            assert_eq!(is_nfc(text), expected, "{text}");
        }
    }

    #[test]
    fn the_short_way_lowers_as_the_long_one() {
        for c in (0..=0x1_FFFF).filter_map(char::from_u32) {
            let text = format!("a{c}\u{323}b");
            let nfd: String = format!("a{c}b").nfd().collect();
            assert_eq!(lower_with_accents(&format!("a{c}b")), lower_with_accents(&nfd), "{c:?}");
            let nfc: String = text.nfc().collect();
            assert_eq!(lower_with_accents(&text), lower_with_accents(&nfc), "{c:?}");
            let text = format!("a{c}b");
            assert_eq!(lower_with_accents(&text), lower_in_full(&text), "{c:?}");
        }
    }

    #[test]
    fn accents_stay_where_changes_are_looked_for() {
        assert_eq!(lower_with_accents("Hoà\u{200B} BÌNH"), "hoà bình");
        assert_eq!(lower_with_accents("Vie\u{323}\u{302}t"), lower_with_accents("Việt"));
        assert_ne!(lower_with_accents("kỹ"), lower_with_accents("kĩ"));
    }

    proptest::proptest! {
        #[test]
        fn fold_sees_no_difference_between_nfc_and_nfd(text in "\\PC{0,40}") {
            let (nfc, nfd) = (text.nfc().collect::<String>(), text.nfd().collect::<String>());
            proptest::prop_assert_eq!(fold(&nfc), fold(&nfd));
            proptest::prop_assert_eq!(lower_with_accents(&nfc), lower_with_accents(&nfd));
        }
    }
}
