//! Which parts of an address are secret, and the address without them.
//!
//! Secret are user info and the values of parameters whose names look so. Addresses of sources are
//! scrubbed wherever they would be seen; links of entries are not. Pure, and total: a text that is
//! no URL is scrubbed by the same marks. Standard: RFC 3986 §3.2.1, §3.4.

use url::Url;

/// Stands in for a secret value. Valid in a query, so that a scrubbed URL is still one.
pub const SCRUBBED: &str = "***";

/// Parts of words that make a parameter's name look secret.
const SECRET_PARTS: &[&str] = &[
    "token", "secret", "key", "auth", "sig", "pass", "pwd", "cred", "session", "jwt", "hmac",
    "bearer",
];

/// Whole words that do.
const SECRET_WORDS: &[&str] = &["sid", "pw", "pin", "otp"];

/// Words that hold such a part and are harmless: WordPress lists by `author`, news searches take
/// `keyword`.
const HARMLESS_WORDS: &[&str] = &[
    "author",
    "authors",
    "authorid",
    "authorname",
    "keyword",
    "keywords",
    "design",
    "designer",
    "insight",
    "insights",
    "signal",
    "passage",
    "compass",
    "passive",
    "hockey",
    "monkey",
    "turkey",
];

/// Returns an address without user info and with secret values replaced by [`SCRUBBED`]; every
/// other byte stays.
pub fn scrub_url(url: &str) -> String {
    let (address, fragment) = split_before(url, '#');
    let (path, query) = split_before(address, '?');
    let mut scrubbed = without_user_info(path);
    scrubbed.push_str(&scrub_parameters(query));
    scrubbed.push_str(&scrub_parameters(fragment));
    scrubbed
}

/// Tells whether an address holds a secret: such a source stays out of `/sources.opml`.
pub fn is_private(url: &Url) -> bool {
    !url.username().is_empty()
        || url.password().is_some()
        || scrub_url(url.as_str()) != url.as_str()
}

/// Shortest value that is looked for in texts: shorter ones turn up by chance.
const SECRET_CHARS_MIN: usize = 5;
/// The same for a user name beside a password: most are words.
pub const USER_CHARS_MIN: usize = 12;

/// Returns the secret values of an address, as written and decoded, so that they can be found where
/// else they stand. Values too short to be told from common words are left out.
pub fn secrets(url: &str) -> Vec<String> {
    let (address, fragment) = split_before(url, '#');
    let (path, query) = split_before(address, '?');
    let mut found = user_info(path);
    for parameters in [query, fragment] {
        for piece in parameters.split('&') {
            found.extend(scrub_pair(piece, &mut String::new()).map(str::to_owned));
        }
    }
    let decoded: Vec<String> = found.iter().filter_map(|value| decoded(value)).collect();
    found.extend(decoded);
    found.retain(|value| value.chars().count() >= SECRET_CHARS_MIN && value != SCRUBBED);
    found.sort();
    found.dedup();
    found
}

fn user_info(path: &str) -> Vec<String> {
    let Some((_, rest)) = path.split_once("//") else { return Vec::new() };
    let authority = rest.split(['/', '\\']).next().unwrap_or_default();
    let Some((info, _)) = authority.rsplit_once('@') else { return Vec::new() };
    match info.split_once(':') {
        Some((user, password)) if user.chars().count() >= USER_CHARS_MIN => {
            vec![user.to_owned(), password.to_owned()]
        }
        Some((user, "")) => vec![user.to_owned()],
        Some((_, password)) => vec![password.to_owned()],
        None => vec![info.to_owned()],
    }
}

/// Returns a secret that is no part of an address (`secret_file`) as it may stand in addresses and
/// texts: as it is, percent-encoded, and as markup. One too short to be told from common words is
/// left out.
pub fn spellings(secret: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let markup = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut found = vec![secret.to_owned(), form.replace('+', "%20"), form, markup];
    found.retain(|value| value.chars().count() >= SECRET_CHARS_MIN);
    found.sort();
    found.dedup();
    found
}

/// Percent signs decoded, when that makes a difference and text.
fn decoded(value: &str) -> Option<String> {
    let pair = format!("v={}", value.replace('+', "%2B"));
    let (_, text) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
    (text != value && !text.contains('\u{fffd}')).then(|| text.into_owned())
}

/// Splits before the first `mark`, which stays with the second part.
fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.split_at(text.find(mark).unwrap_or(text.len()))
}

fn without_user_info(path: &str) -> String {
    let Some((scheme, rest)) = path.split_once("//") else { return path.to_owned() };
    let (authority, rest) = rest.split_at(rest.find(['/', '\\']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}//{host}{rest}")
}

/// Replaces secret values of `?a=b&c=d` or `#a=b`; a secret name without a value is left.
fn scrub_parameters(parameters: &str) -> String {
    let mut scrubbed = String::with_capacity(parameters.len());
    for piece in parameters.split_inclusive('&') {
        let pair = piece.strip_suffix('&').unwrap_or(piece);
        scrub_pair(pair, &mut scrubbed);
        scrubbed.push_str(piece.strip_prefix(pair).unwrap_or_default());
    }
    scrubbed
}

/// Scrubs one `name=value`. A secret value ends at `&` only, for `;` and `?` may be part of it; a
/// harmless one may hold further pairs after them (`a=1;token=x`, `to=http://e.org/?token=x`).
/// Returns the secret value.
fn scrub_pair<'p>(pair: &'p str, scrubbed: &mut String) -> Option<&'p str> {
    let mut rest = pair;
    while let Some(end) = rest.find(['?', '#', ';', '=']) {
        let (name, value) = rest.split_at(end);
        scrubbed.push_str(name);
        let mut after = value.chars();
        let mark = after.next().unwrap_or_default();
        scrubbed.push(mark);
        rest = after.as_str();
        if mark == '=' && !rest.is_empty() && looks_secret(name) {
            scrubbed.push_str(SCRUBBED);
            return Some(rest);
        }
    }
    scrubbed.push_str(rest);
    None
}

/// Tells whether the name of a parameter looks as if its value were secret.
fn looks_secret(name: &str) -> bool {
    let decoded = url::form_urlencoded::parse(name.as_bytes())
        .next()
        .map(|(name, _)| name.to_lowercase())
        .unwrap_or_default();
    decoded.split(|c: char| !c.is_alphanumeric()).any(|word| {
        SECRET_WORDS.contains(&word)
            || (!HARMLESS_WORDS.contains(&word)
                && SECRET_PARTS.iter().any(|part| word.contains(part)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_secrets_and_nothing_else() {
        let cases = [
            ("https://example.org/feed.xml", "https://example.org/feed.xml"),
            ("https://user:pw@example.org/a", "https://example.org/a"),
            ("https://user@example.org", "https://example.org"),
            ("https://a@b@example.org/x@y", "https://example.org/x@y"),
            ("https://example.org/@user/feed", "https://example.org/@user/feed"),
            ("https://u:p@[::1]:8443/f?x=1", "https://[::1]:8443/f?x=1"),
            ("http://e.org/f?token=abc", "http://e.org/f?token=***"),
            ("http://e.org/f?a=1&API_KEY=abc&b=2", "http://e.org/f?a=1&API_KEY=***&b=2"),
            ("http://e.org/f?apiKey=abc;b=2&c=3", "http://e.org/f?apiKey=***&c=3"),
            ("http://e.org/f?a=1;token=x?y", "http://e.org/f?a=1;token=***"),
            ("http://e.org/f?access%5Ftoken=abc", "http://e.org/f?access%5Ftoken=***"),
            ("http://e.org/f?t%6Fken=abc", "http://e.org/f?t%6Fken=***"),
            ("http://e.org/f?X-Amz-Signature=ab=cd", "http://e.org/f?X-Amz-Signature=***"),
            ("http://e.org/f?sid=1&password=p%26q", "http://e.org/f?sid=***&password=***"),
            ("http://e.org/f?author=5&keyword=bão", "http://e.org/f?author=5&keyword=bão"),
            ("http://e.org/f?side=left&page=2", "http://e.org/f?side=left&page=2"),
            ("http://e.org/f?token=", "http://e.org/f?token="),
            ("http://e.org/f?token", "http://e.org/f?token"),
            ("http://e.org/f?a=http://u:p@x/?token=1", "http://e.org/f?a=http://u:p@x/?token=***"),
            ("http://e.org/f#access_token=abc", "http://e.org/f#access_token=***"),
            ("//user:pw@example.org/a", "//example.org/a"),
            ("/feed?sig=1", "/feed?sig=***"),
            ("not a url", "not a url"),
            ("", ""),
        ];
        for (url, expected) in cases {
            assert_eq!(scrub_url(url), expected, "{url}");
            assert_eq!(scrub_url(expected), expected, "a second time: {expected}");
        }
    }

    #[test]
    fn secret_values_are_told_as_written_and_decoded() {
        let cases: [(&str, &[&str]); 9] = [
            ("https://example.org/feed?page=2", &[]),
            ("https://u:passw0rd@example.org/", &["passw0rd"]),
            ("https://0123456789abcdef@example.org/", &["0123456789abcdef"]),
            ("https://0123456789abcdef:@example.org/", &["0123456789abcdef"]),
            ("https://0123456789abcdef:geheim@example.org/", &["0123456789abcdef", "geheim"]),
            ("http://e.org/f?a=1&token=s3cr%2Ft", &["s3cr%2Ft", "s3cr/t"]),
            ("http://e.org/f?key=abc", &[]),
            ("http://e.org/f?token=***#auth=abcdef", &["abcdef"]),
            ("no address", &[]),
        ];
        for (url, expected) in cases {
            assert_eq!(secrets(url), expected, "{url}");
        }
    }

    #[test]
    fn private_addresses_hold_a_secret() {
        let cases = [
            ("https://example.org/feed", false),
            ("https://example.org/feed?page=2&author=1", false),
            ("https://user@example.org/feed", true),
            ("https://:pw@example.org/feed", true),
            ("https://example.org/feed?key=1", true),
        ];
        for (url, expected) in cases {
            assert_eq!(is_private(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
