//! Bytes to text: which character encoding a document is in.
//!
//! Order: the operator's word; a byte order mark; the NUL pattern of UTF-16 and UTF-32; bytes that
//! are valid UTF-8 are UTF-8 whatever any label says; the HTTP charset; the XML declaration (P69
//! but for UTF-8, which no other encoding yields by accident); UTF-8 with a few bad bytes; a guess;
//! and windows-1252. One bad byte must not turn Vietnamese into mojibake. Standards: P69–P72,
//! WHATWG Encoding.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, WINDOWS_1258};

use super::ReadSettings;
use super::flaws::{Flaw, Flaws};

/// Bytes in which an XML declaration is looked for.
const DECLARATION_BYTES_MAX: usize = 1_024;
/// One bad sequence in so many good ones still is UTF-8: in text of any other encoding the bad ones
/// are the rule (even in EUC-KR, where one pair in ten passes). A sequence of three bytes counts as
/// `LONG_SEQUENCE_WEIGHT` of two, for hardly any passes by accident: one bad byte in a short
/// Vietnamese text leaves a handful of good ones.
const BAD_SEQUENCE_RATIO: usize = 10;
/// See `BAD_SEQUENCE_RATIO`.
const LONG_SEQUENCE_WEIGHT: usize = 4;
/// Bytes shown to the detector: enough to tell, and a bound on its work.
const DETECTOR_BYTES_MAX: usize = 256 * 1024;

/// Decodes a document.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    content_type: Option<&str>,
    settings: &ReadSettings,
    flaws: &mut Flaws,
) -> Cow<'a, str> {
    if let Some(encoding) = settings.encoding.as_deref().and_then(for_label) {
        return lossy(encoding, bytes, flaws);
    }
    if let Some((big_endian, skip)) = utf32(bytes) {
        return Cow::Owned(decode_utf32(bytes.get(skip..).unwrap_or_default(), big_endian));
    }
    if let Some((encoding, skip)) = Encoding::for_bom(bytes) {
        let body = bytes.get(skip..).unwrap_or_default();
        return after_bom(encoding, body, content_type, settings, flaws);
    }
    if let Some(encoding) = utf16(bytes) {
        return lossy(encoding, bytes, flaws);
    }
    without_mark(bytes, content_type, settings, flaws)
}

/// A UTF-8 mark in front of bytes that are no UTF-8 was added by a tool that knew no better.
fn after_bom<'a>(
    encoding: &'static Encoding,
    body: &'a [u8],
    content_type: Option<&str>,
    settings: &ReadSettings,
    flaws: &mut Flaws,
) -> Cow<'a, str> {
    if encoding == UTF_8 {
        return without_mark(body, content_type, settings, flaws);
    }
    lossy(encoding, body, flaws)
}

fn without_mark<'a>(
    bytes: &'a [u8],
    content_type: Option<&str>,
    settings: &ReadSettings,
    flaws: &mut Flaws,
) -> Cow<'a, str> {
    let charset = content_type.and_then(charset);
    let declared = declaration(bytes);
    if is_stateful(charset.as_deref(), declared.as_deref())
        && let Some(text) = labelled(bytes, charset.as_deref(), declared.as_deref(), flaws)
    {
        return text;
    }
    // Ten times as fast as the standard library's check where text is not ASCII.
    if let Some(text) = UTF_8.decode_without_bom_handling_and_without_replacement(bytes) {
        let labels = [charset.as_deref(), declared.as_deref()];
        let is_wrong = labels.into_iter().flatten().any(|label| for_label(label) != Some(UTF_8));
        if is_wrong && !text.is_ascii() {
            flaws.add(Flaw::WrongEncodingLabel);
        }
        return text;
    }
    if is_nearly_utf8(bytes) {
        flaws.add(Flaw::BadEncoding);
        return String::from_utf8_lossy(bytes);
    }
    if let Some(text) = labelled(bytes, charset.as_deref(), declared.as_deref(), flaws) {
        return text;
    }
    flaws.add(Flaw::GuessedEncoding);
    lossy(guess(bytes, settings), bytes, flaws)
}

/// Decodes by the first label that fits every byte.
fn labelled<'a>(
    bytes: &'a [u8],
    charset: Option<&str>,
    declared: Option<&str>,
    flaws: &mut Flaws,
) -> Option<Cow<'a, str>> {
    for label in [charset, declared].into_iter().flatten() {
        let encoding = for_label(label).filter(|e| *e != UTF_8 && !is_utf16(e));
        let Some(encoding) = encoding else { continue };
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            return Some(text);
        }
        flaws.add(Flaw::WrongEncodingLabel);
    }
    None
}

/// ISO-2022-JP is all ASCII bytes, so that it passes for UTF-8: only a label tells.
fn is_stateful(charset: Option<&str>, declared: Option<&str>) -> bool {
    let labels = [charset, declared].into_iter().flatten();
    labels.filter_map(for_label).next() == Some(encoding_rs::ISO_2022_JP)
}

fn is_utf16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

fn for_label(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(label.trim().as_bytes())
}

fn lossy<'a>(encoding: &'static Encoding, bytes: &'a [u8], flaws: &mut Flaws) -> Cow<'a, str> {
    let (text, is_bad) = encoding.decode_with_bom_removal(bytes);
    if is_bad {
        flaws.add(Flaw::BadEncoding);
    }
    text
}

/// Takes the charset parameter of a `Content-Type` (RFC 9110 §8.3.1).
fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
    })
}

/// Takes the encoding that an XML declaration names.
fn declaration(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..DECLARATION_BYTES_MAX.min(bytes.len()))?;
    let head = String::from_utf8_lossy(head);
    let (_, rest) = head.split_once("<?xml")?;
    let (declaration, _) = rest.split_once('>')?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.get(1..)?.split(quote).next().map(|label| label.trim().to_owned())
}

/// Finds UTF-32, which encoding_rs leaves out: its mark or its NULs; says whether big-endian and
/// how long the mark is.
fn utf32(bytes: &[u8]) -> Option<(bool, usize)> {
    match bytes.get(..4)? {
        [0, 0, 0xFE, 0xFF] => Some((true, 4)),
        [0xFF, 0xFE, 0, 0] => Some((false, 4)),
        [0, 0, 0, b'<'] => Some((true, 0)),
        [b'<', 0, 0, 0] => Some((false, 0)),
        _ => None,
    }
}

fn decode_utf32(bytes: &[u8], is_big_endian: bool) -> String {
    let unit = |chunk: &[u8]| {
        let quad: [u8; 4] = chunk.try_into().ok()?;
        let code = if is_big_endian { u32::from_be_bytes(quad) } else { u32::from_le_bytes(quad) };
        char::from_u32(code)
    };
    bytes.chunks_exact(4).map(|chunk| unit(chunk).unwrap_or('\u{FFFD}')).collect()
}

/// Finds UTF-16 without a mark by the NULs of its first characters.
fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes.get(..4)? {
        [b'<' | b'{' | b' ' | b'\n' | b'\r' | b'\t', 0, second, 0] if *second != 0 => {
            Some(UTF_16LE)
        }
        [0, b'<' | b'{' | b' ' | b'\n' | b'\r' | b'\t', 0, second] if *second != 0 => {
            Some(UTF_16BE)
        }
        _ => None,
    }
}

/// Tells whether nearly all multi-byte sequences are valid UTF-8; one cut off at the end is no
/// fault.
fn is_nearly_utf8(bytes: &[u8]) -> bool {
    let mut good = 0_usize;
    let mut bad = 0_usize;
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().map(weight).sum::<usize>();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    let is_cut_off = std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none());
    good > bad.saturating_mul(BAD_SEQUENCE_RATIO) || is_cut_off && bad <= 1 && good > 0
}

fn weight(c: char) -> usize {
    match c.len_utf8() {
        1 => 0,
        2 => 1,
        _ => LONG_SEQUENCE_WEIGHT,
    }
}

fn guess(bytes: &[u8], settings: &ReadSettings) -> &'static Encoding {
    let sample = bytes.get(..DETECTOR_BYTES_MAX.min(bytes.len())).unwrap_or(bytes);
    let is_vietnamese = |hint: &Option<String>, word: &str| {
        hint.as_deref().is_some_and(|h| h.split(['-', '.']).any(|p| p.eq_ignore_ascii_case(word)))
    };
    // The detector takes short windows-1258 for Turkish; a Vietnamese source writes no Turkish.
    if (is_vietnamese(&settings.language_hint, "vi") || is_vietnamese(&settings.tld_hint, "vn"))
        && WINDOWS_1258.decode_without_bom_handling_and_without_replacement(sample).is_some()
    {
        return WINDOWS_1258;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    // The detector insists on a bare label in lower case.
    let tld = settings.tld_hint.as_deref().map(|tld| {
        let last = tld.rsplit('.').next().unwrap_or_default();
        last.to_ascii_lowercase()
    });
    let tld = tld.filter(|tld| !tld.is_empty() && tld.is_ascii());
    let found = detector.guess(tld.as_deref().map(str::as_bytes), Utf8Detection::Deny);
    if found == UTF_8 { WINDOWS_1252 } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIETNAMESE: &str = "Tiếng Việt có dấu: đường, ngõ, phố; Nguyễn Văn Ánh ở Hà Nội";

    fn text(bytes: &[u8], content_type: Option<&str>, settings: &ReadSettings) -> String {
        decode(bytes, content_type, settings, &mut Flaws::default()).into_owned()
    }

    fn xml(label: Option<&str>, inner: &str) -> String {
        let label = label.map(|label| format!(" encoding='{label}'")).unwrap_or_default();
        format!("<?xml version='1.0'{label}?><rss><title>{inner}</title></rss>")
    }

    fn encoded(label: &str, text: &str) -> Vec<u8> {
        for_label(label).unwrap().encode(text).0.into_owned()
    }

    #[test]
    fn labelled_encodings_are_followed() {
        let cases = [
            ("windows-1258", "Chao \u{111}\u{1b0}\u{1a1}ng \u{ea}"),
            ("windows-1252", "café “q” – €"),
            ("windows-1251", "Привет, мир"),
            ("iso-8859-1", "Grüße"),
            ("koi8-r", "Привет"),
            ("shift_jis", "日本語のニュース"),
            ("euc-jp", "日本語"),
            ("iso-2022-jp", "日本語"),
            ("euc-kr", "한국어 뉴스"),
            ("gb18030", "中文新闻"),
            ("gb2312", "中文"),
            ("big5", "中文新聞"),
        ];
        for (label, inner) in cases {
            let declared = xml(Some(label), inner);
            let bytes = encoded(label, &declared);
            assert_eq!(text(&bytes, None, &ReadSettings::default()), declared, "declared {label}");
            let bare = xml(None, inner);
            let header = format!("text/xml; Charset=\"{label}\"");
            let bytes = encoded(label, &bare);
            let found = text(&bytes, Some(&header), &ReadSettings::default());
            assert_eq!(found, bare, "HTTP {label}");
        }
    }

    #[test]
    fn marks_and_nuls_tell_utf_16_and_32() {
        let body = xml(Some("utf-8"), VIETNAMESE);
        let units = |big: bool| -> Vec<u8> {
            body.encode_utf16()
                .flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() })
                .collect()
        };
        let wide = |big: bool| -> Vec<u8> {
            let quad =
                |c| if big { u32::from(c).to_be_bytes() } else { u32::from(c).to_le_bytes() };
            body.chars().flat_map(quad).collect()
        };
        let cases = [
            ("UTF-16LE mark", [vec![0xFF, 0xFE], units(false)].concat()),
            ("UTF-16BE mark", [vec![0xFE, 0xFF], units(true)].concat()),
            ("UTF-16LE", units(false)),
            ("UTF-16BE", units(true)),
            ("UTF-32LE mark", [vec![0xFF, 0xFE, 0, 0], wide(false)].concat()),
            ("UTF-32BE", wide(true)),
            ("UTF-8 mark", [vec![0xEF, 0xBB, 0xBF], body.clone().into_bytes()].concat()),
        ];
        for (name, bytes) in cases {
            assert_eq!(
                text(&bytes, Some("text/xml; charset=windows-1252"), &ReadSettings::default()),
                body,
                "{name}"
            );
        }
    }

    #[test]
    fn valid_utf_8_wins_over_every_label() {
        for label in ["iso-8859-1", "windows-1258", "utf-16", "us-ascii", "x-unknown"] {
            let body = xml(Some(label), VIETNAMESE);
            let mut flaws = Flaws::default();
            let header = format!("application/rss+xml; charset={label}");
            let found =
                decode(body.as_bytes(), Some(&header), &ReadSettings::default(), &mut flaws);
            assert_eq!(found, body, "{label}");
            assert_eq!(flaws.list(), [("wrong encoding label".to_owned(), 1)], "{label}");
        }
    }

    #[test]
    fn one_bad_byte_leaves_vietnamese_alone() {
        let mut bytes = xml(Some("utf-8"), &VIETNAMESE.repeat(10)).into_bytes();
        let at = bytes.windows(3).position(|w| w == b"ng ").unwrap();
        bytes[at] = 0xE9;
        let found = text(&bytes, None, &ReadSettings::default());
        assert!(found.contains("Việt có dấu"));
        assert_eq!(found.matches('\u{FFFD}').count(), 1);
        let short =
            b"<title>Ti\xE1\xBA\xBFng Vi\xE1\xBB\x87t \xE1\xBB\x9F H\xC3\xA0 N\xE9i</title>";
        assert!(text(short, None, &ReadSettings::default()).contains("Tiếng Việt ở Hà N\u{fffd}i"));
        let few = b"<rss><title>\xC3\xA9\xC3\xA9</title><a>b\xC3";
        assert_eq!(text(few, None, &ReadSettings::default()), "<rss><title>éé</title><a>b\u{FFFD}");
    }

    #[test]
    fn text_of_other_encodings_is_not_nearly_utf_8() {
        let cases = [
            ("windows-1252", "Café, garçon, où, déjà vu; naïve Ångström"),
            ("windows-1258", "Chao ðýõng ê, gia vang hôm nay"),
            ("big5", "中文新聞與今天的天氣預報"),
            ("euc-jp", "日本語のニュースと天気予報を読む"),
            ("koi8-r", "Привет, мир, как дела"),
            ("windows-1251", "Привет, мир, как дела"),
            ("euc-kr", "한국어 뉴스를 읽는 방법과 오늘의 날씨"),
            ("gb18030", "中文新闻与今天的天气预报"),
            ("shift_jis", "日本語のニュースと天気"),
        ];
        for (label, inner) in cases {
            assert!(!is_nearly_utf8(&encoded(label, inner)), "{label}");
        }
    }

    #[test]
    fn undeclared_encodings_are_guessed_with_hints() {
        let russian = xml(None, &"Привет, мир! Новости дня и погода в Москве. ".repeat(5));
        let found = text(&encoded("windows-1251", &russian), None, &ReadSettings::default());
        assert_eq!(found, russian);
        let vietnamese = xml(None, "\u{111}\u{1b0}\u{1a1}ng \u{ea} \u{f4} \u{103}");
        let bytes = encoded("windows-1258", &vietnamese);
        let hints = [
            ReadSettings { language_hint: Some("vi-VN".into()), ..ReadSettings::default() },
            ReadSettings { tld_hint: Some("vn".into()), ..ReadSettings::default() },
            ReadSettings { encoding: Some("windows-1258".into()), ..ReadSettings::default() },
        ];
        for settings in hints {
            assert_eq!(text(&bytes, None, &settings), vietnamese, "{settings:?}");
        }
        let odd = ReadSettings { tld_hint: Some("Ví.Dụ.".into()), ..ReadSettings::default() };
        assert!(!text(&bytes, None, &odd).is_empty());
    }

    #[test]
    fn the_operators_word_is_last() {
        let settings =
            ReadSettings { encoding: Some("windows-1251".into()), ..ReadSettings::default() };
        let body = xml(Some("koi8-r"), "Привет");
        assert_eq!(text(&encoded("windows-1251", &body), None, &settings), body);
    }
}
