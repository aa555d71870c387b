//! Mends JSON that serde_json refuses: what stands before and behind the value, comments, numbers
//! that are none, raw control characters, escapes that are none and halves of letters in strings,
//! commas before a closing bracket, and a document that was cut off.
//!
//! One pass over the bytes, made only after the strict reading failed. A document that was cut off
//! keeps the items that are whole: it is closed after the last of them. Standards: P66 and P74 in
//! the spirit of XML, which JSON shares its publishers with.

use std::str::Bytes;

use super::flaws::{Flaw, Flaws};

/// Deepest nesting followed; deeper documents are refused anyway.
const DEPTH_MAX: usize = 256;

/// Where a cut document can be closed: the length written so far, and the brackets open there.
struct Whole {
    length: usize,
    open: Vec<u8>,
}

/// Returns the document with its faults mended; `None` when none of ours was found.
pub(super) fn mend(text: &str, flaws: &mut Flaws) -> Option<String> {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut open: Vec<u8> = Vec::new();
    let mut whole: Option<Whole> = None;
    let whole_text = text;
    let text = body(text);
    let mut is_mended = text.len() < whole_text.trim().len();
    if is_mended {
        flaws.add(Flaw::JunkBefore);
    }
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                out.push(b'"');
                is_mended |= copy_string(&mut bytes, &mut out, flaws);
            }
            b'/' if skip_comment(&mut bytes) => {
                flaws.add(Flaw::LooseJson);
                is_mended = true;
            }
            b'N' | b'I' | b'u' if is_no_number(byte, &mut bytes) => {
                // "-Infinity" too is no value.
                if out.last() == Some(&b'-') {
                    out.pop();
                }
                out.extend(b"null");
                flaws.add(Flaw::LooseJson);
                is_mended = true;
            }
            b'{' | b'[' if open.len() >= DEPTH_MAX => return None,
            b'{' | b'[' => {
                open.push(if byte == b'{' { b'}' } else { b']' });
                out.push(byte);
            }
            b'}' | b']' => {
                if open.pop() != Some(byte) {
                    return None;
                }
                is_mended |= drop_comma(&mut out, flaws);
                out.push(byte);
                if open.is_empty() {
                    if bytes.any(|rest| !rest.is_ascii_whitespace()) {
                        flaws.add(Flaw::JunkAfter);
                        is_mended = true;
                    }
                    return is_mended.then(|| String::from_utf8(out).ok())?;
                }
                // An item of a list of the root is whole.
                if open.as_slice() == [b'}', b']'] {
                    whole = Some(Whole { length: out.len(), open: open.clone() });
                }
            }
            byte => out.push(byte),
        }
    }
    let Whole { length, mut open } = whole?;
    out.truncate(length);
    while let Some(bracket) = open.pop() {
        out.push(bracket);
    }
    flaws.add(Flaw::TruncatedItem);
    String::from_utf8(out).ok()
}

/// Copies a string up to its closing quote; raw control characters become escapes.
fn copy_string(bytes: &mut Bytes<'_>, out: &mut Vec<u8>, flaws: &mut Flaws) -> bool {
    let mut is_mended = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => is_mended |= copy_escape(bytes, out, flaws),
            b'"' => {
                out.push(byte);
                return is_mended;
            }
            0..0x20 => {
                flaws.add(Flaw::ControlCharacter);
                is_mended = true;
                out.extend(format!("\\u{byte:04x}").into_bytes());
            }
            byte => out.push(byte),
        }
    }
    is_mended
}

/// Copies an escape; what is none is kept as text, and half a letter becomes U+FFFD.
fn copy_escape(bytes: &mut Bytes<'_>, out: &mut Vec<u8>, flaws: &mut Flaws) -> bool {
    let mut ahead = bytes.clone();
    let escape = match ahead.next() {
        Some(byte @ (b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => {
            out.extend([b'\\', byte]);
            *bytes = ahead;
            return false;
        }
        Some(b'u') => match code_unit(&mut ahead) {
            Some(0xd800..=0xdbff) => {
                let mut second = ahead.clone();
                let is_pair = second.next() == Some(b'\\')
                    && second.next() == Some(b'u')
                    && matches!(code_unit(&mut second), Some(0xdc00..=0xdfff));
                ahead = if is_pair { second } else { ahead };
                if is_pair { "" } else { "\\ufffd" }
            }
            Some(0xdc00..=0xdfff) => "\\ufffd",
            Some(_) => "",
            None => "\\\\",
        },
        Some(b'\'') => "'",
        Some(_) => "\\\\",
        None => return false,
    };
    if escape.is_empty() {
        // A letter, in one escape or two.
        out.push(b'\\');
        let length = bytes.len() - ahead.len();
        out.extend(bytes.by_ref().take(length));
        return false;
    }
    if escape != "\\\\" {
        *bytes = ahead;
    }
    out.extend(escape.as_bytes());
    flaws.add(Flaw::LooseJson);
    true
}

/// Reads four hexadecimal digits.
fn code_unit(bytes: &mut Bytes<'_>) -> Option<u32> {
    (0..4).try_fold(0, |code, _| {
        let digit = char::from(bytes.next()?).to_digit(16)?;
        Some(code * 16 + digit)
    })
}

/// Passes over a comment, whose first slash was read; false: it is none.
fn skip_comment(bytes: &mut Bytes<'_>) -> bool {
    let mut ahead = bytes.clone();
    match ahead.next() {
        Some(b'/') => {
            let _ = ahead.find(|byte| *byte == b'\n');
        }
        Some(b'*') => {
            let mut last = 0;
            let is_closed =
                ahead.any(|byte| std::mem::replace(&mut last, byte) == b'*' && byte == b'/');
            if !is_closed {
                return false;
            }
        }
        _ => return false,
    }
    *bytes = ahead;
    true
}

/// Passes over the rest of a word that JavaScript writes where JSON has `null`.
fn is_no_number(first: u8, bytes: &mut Bytes<'_>) -> bool {
    let mut words = ["NaN", "Infinity", "undefined"].iter().map(|word| word.as_bytes());
    let Some(word) = words.find(|word| word.first() == Some(&first)) else {
        return false;
    };
    let mut ahead = bytes.clone();
    let is_word = word.iter().skip(1).all(|wanted| ahead.next() == Some(*wanted));
    if is_word {
        *bytes = ahead;
    }
    is_word
}

/// Guards against the inclusion of JSON as a script, and what else stands before it.
const GUARDS: [&str; 4] = [")]}',", ")]}'", "while(1);", "for(;;);"];

/// Pieces passed over before the value: blanks, guards, comments.
const LEADS_MAX: usize = 16;

/// Returns the text from where JSON begins in earnest.
pub(super) fn body(text: &str) -> &str {
    let mut rest = text;
    for _ in 0..LEADS_MAX {
        let before = rest.len();
        rest = rest.trim_start_matches('\u{feff}').trim_start();
        let guard = GUARDS.iter().find_map(|guard| rest.strip_prefix(guard));
        rest = guard.unwrap_or(rest);
        if let Some(comment) = rest.strip_prefix('/') {
            let mut bytes = comment.bytes();
            if skip_comment(&mut bytes) {
                rest = comment.get(comment.len() - bytes.len()..).unwrap_or_default();
            }
        }
        if rest.len() == before {
            break;
        }
    }
    rest
}

/// Takes back a comma that nothing follows.
fn drop_comma(out: &mut Vec<u8>, flaws: &mut Flaws) -> bool {
    let blanks = out.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
    let end = out.len() - blanks;
    let is_comma = end.checked_sub(1).and_then(|at| out.get(at)) == Some(&b',');
    if is_comma {
        out.truncate(end - 1);
        flaws.add(Flaw::BadJsonField);
    }
    is_comma
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_mended_and_nothing_else() {
        let cases = [
            ("sound", "{\"a\":[1]}", None),
            ("behind the value", "{\"a\":\"}\"} <script>", Some("{\"a\":\"}\"}")),
            ("raw line feed", "{\"a\":\"x\ny\"}", Some("{\"a\":\"x\\u000ay\"}")),
            ("escaped quote", "{\"a\":\"\\\"\t\"}", Some("{\"a\":\"\\\"\\u0009\"}")),
            ("comma", "{\"a\":[1,2, ],}", Some("{\"a\":[1,2]}")),
            ("half a letter", r#"{"a":"cut \ud83d"}"#, Some(r#"{"a":"cut \ufffd"}"#)),
            ("the other half", r#"{"a":"\udca9 x"}"#, Some(r#"{"a":"\ufffd x"}"#)),
            ("half and a letter", r#"{"a":"\ud83d\u0041"}"#, Some(r#"{"a":"\ufffd\u0041"}"#)),
            ("two halves", r#"{"a":"\ud83d\udca9\x"}"#, Some(r#"{"a":"\ud83d\udca9\\x"}"#)),
            ("no escape", r#"{"a":"C:\xampp \'q\' \u12"}"#, Some(r#"{"a":"C:\\xampp 'q' \\u12"}"#)),
            (
                "no number",
                r#"{"a":NaN,"b":-Infinity,"c":1e5}"#,
                Some(r#"{"a":null,"b":null,"c":1e5}"#),
            ),
            ("a guard", ")]}'\n{\"a\":1}", Some("{\"a\":1}")),
            ("a comment", "/* c */ {\"a\":/* d */1} ", Some("{\"a\":1}")),
            ("no comment", r#"{"a":"/* c */ NaN"}"#, None),
            ("cut in an item", "{\"i\":[{\"x\":1},{\"x\":\"2", Some("{\"i\":[{\"x\":1}]}")),
            ("cut behind an item", "{\"i\":[{\"x\":1},", Some("{\"i\":[{\"x\":1}]}")),
            ("cut before any item", "{\"i\":[{\"x\":1", None),
            ("crossed brackets", "{\"i\":[}]", None),
            ("cut in an escape", "{\"i\":[{\"x\":1},\"\\", Some("{\"i\":[{\"x\":1}]}")),
        ];
        for (name, text, expected) in cases {
            assert_eq!(mend(text, &mut Flaws::default()).as_deref(), expected, "{name}");
        }
    }
}
