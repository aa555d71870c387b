//! Mends JSON that serde_json refuses: what stands behind the value, raw control characters in
//! strings, commas before a closing bracket, and a document that was cut off.
//!
//! One pass over the bytes, made only after the strict reading failed. A document that was cut off
//! keeps the items that are whole: it is closed after the last of them. Standards: P66 and P74 in
//! the spirit of XML, which JSON shares its publishers with.

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
    let mut is_mended = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                out.push(b'"');
                is_mended |= copy_string(&mut bytes, &mut out, flaws);
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
fn copy_string(bytes: &mut std::str::Bytes<'_>, out: &mut Vec<u8>, flaws: &mut Flaws) -> bool {
    let mut is_mended = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                out.push(byte);
                out.extend(bytes.next());
            }
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
