//! Character references of HTML, as far as feeds use them in running text.

/// References by name; the names of HTML 4 that stand in running text. Others stay as they are.
const NAMED: [(&str, char); 40] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{A0}'),
    ("shy", '\u{AD}'),
    ("hellip", '…'),
    ("mdash", '—'),
    ("ndash", '–'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("bull", '•'),
    ("middot", '·'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("euro", '€'),
    ("pound", '£'),
    ("deg", '°'),
    ("agrave", 'à'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("atilde", 'ã'),
    ("ccedil", 'ç'),
    ("egrave", 'è'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("igrave", 'ì'),
    ("iacute", 'í'),
    ("ograve", 'ò'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("otilde", 'õ'),
    ("ugrave", 'ù'),
    ("uacute", 'ú'),
];

/// The longest reference that is looked at, without `&` and `;`.
const REFERENCE_BYTES_MAX: usize = 10;

/// Returns `text` with its references decoded once.
pub(super) fn decoded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from_sign) = rest.split_at(at);
        plain.push_str(before);
        let (c, length) = reference(from_sign).unwrap_or(('&', 1));
        plain.push(c);
        rest = from_sign.get(length..).unwrap_or("");
    }
    plain.push_str(rest);
    plain
}

/// Reads the reference at the start of `text`: its character and its length with `&` and `;`.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(REFERENCE_BYTES_MAX + 2).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let c = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
        None => named(name)?,
    };
    Some((c, end + 1))
}

fn named(name: &str) -> Option<char> {
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_decoded_once() {
        let cases = [
            ("named", "A&amp;B&nbsp;C", "A&B\u{A0}C"),
            ("decimal and hex", "&#7897;&#x1ED9;&#X1ed9;", "ộộộ"),
            ("once", "&amp;lt;", "&lt;"),
            ("unknown name", "&foo; &", "&foo; &"),
            ("no character", "&#xD800;", "&#xD800;"),
            ("no end", "AT&T và bạn bè; hết", "AT&T và bạn bè; hết"),
        ];
        for (name, text, expected) in cases {
            assert_eq!(decoded(text), expected, "{name}");
        }
    }
}
