//! The canonical form of a URL: a key that copies of a page share. It is never fetched.
//!
//! Publishers hand out one page under many addresses: AMP and mobile twins, counters, campaign
//! parameters, letters encoded or not. The steps are those of the measured method (§2.2).

use std::net::IpAddr;

use unicode_normalization::UnicodeNormalization;
use url::{Url, form_urlencoded};

use super::url_rules;

/// A URL as a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// Host, path and query, without a scheme; anything but http(s) is kept as it was, trimmed.
    pub key: String,
    /// The root of a host, or no web address at all: says nothing about an article.
    pub is_homepage: bool,
    /// The address led to the page by a counter, a proxy or an AMP twin.
    pub is_detour: bool,
}

/// Redirections inside one URL that are followed.
const UNWRAP_DEPTH_MAX: usize = 3;

/// Returns the canonical form of `url`, as a key. `canonical(canonical(u)) = canonical(u)`.
pub fn canonical(url: &str) -> String {
    canonical_url(url).key
}

/// Returns a URL without what no URL begins or ends with: blanks of all kinds, controls, and the
/// letters that show nothing (P83).
pub fn trimmed(url: &str) -> &str {
    let is_blank = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
    };
    url.trim_matches(is_blank)
}

/// Tells whether `text` begins with `http://` or `https://`.
pub fn is_http(text: &str) -> bool {
    let starts = |scheme: &str| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    starts("http://") || starts("https://")
}

/// Returns the canonical form of `url` with what was learnt on the way.
pub fn canonical_url(url: &str) -> Canonical {
    let text = url.trim();
    let as_is = || Canonical { key: text.to_owned(), is_homepage: true, is_detour: false };
    let Some(mut parsed) = parse(text) else { return as_is() };
    let mut is_detour = false;
    for _ in 0..UNWRAP_DEPTH_MAX {
        let Some(target) = unwrapped(&parsed).or_else(|| out_of_amp_cache(&parsed)) else { break };
        is_detour = true;
        parsed = target;
    }
    let Some(host) = parsed.host_str() else { return as_is() };
    let full_host = host.trim_end_matches('.');
    let host = stripped_host(full_host);
    let decoded = recoded(&without_double_slashes(parsed.path()), &is_path_byte);
    let path = url_rules::apply_path_rules(&decoded);
    is_detour |= full_host.starts_with("amp.") || url_rules::is_amp_path(&decoded);
    let path = match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    let query = canonical_query(&parsed);
    let fragment = parsed.fragment().filter(|f| f.starts_with('/') || f.starts_with("!/"));
    let is_homepage = path == "/" && query.is_empty() && fragment.is_none();
    let mut key = host.to_owned();
    if let Some(port) = parsed.port().filter(|port| !matches!(port, 80 | 443)) {
        key.push(':');
        key.push_str(&port.to_string());
    }
    key.push_str(path);
    for (mark, part) in [('?', query.as_str()), ('#', fragment.unwrap_or(""))] {
        if !part.is_empty() {
            key.push(mark);
            key.push_str(part);
        }
    }
    Canonical { key, is_homepage, is_detour }
}

fn parse(text: &str) -> Option<Url> {
    if !is_http(text) {
        return None;
    }
    Url::parse(text).ok().filter(|url| url.host_str().is_some_and(|host| !host.is_empty()))
}

/// Returns the address that a redirecting URL carries as a parameter.
fn unwrapped(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    let may_stay = url_rules::UNWRAP_HOSTS.iter().any(|prefix| host.starts_with(prefix));
    url_rules::UNWRAP_PARAMS.iter().find_map(|name| {
        let (_, value) = url.query_pairs().find(|(key, value)| key == name && is_http(value))?;
        let target = parse(value.trim())?;
        let leaves = last_two_labels(target.host_str()?) != last_two_labels(host);
        (leaves || may_stay).then_some(target)
    })
}

fn out_of_amp_cache(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    if !host.contains("cdn.ampproject.org") && !host.starts_with("www.google.") {
        return None;
    }
    let target = url_rules::amp_cache_target(url.path())?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    parse(&format!("https://{target}{query}"))
}

fn last_two_labels(host: &str) -> &str {
    if host.parse::<IpAddr>().is_ok() {
        return host;
    }
    let host = host.trim_end_matches('.');
    let start = host.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at + 1);
    host.get(start..).unwrap_or(host)
}

fn stripped_host(host: &str) -> &str {
    url_rules::STRIP_HOSTS.iter().fold(host, |host, prefix| {
        if host.matches('.').count() < 2 {
            return host;
        }
        host.strip_prefix(prefix).unwrap_or(host)
    })
}

fn without_double_slashes(path: &str) -> String {
    let mut single = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !single.ends_with('/') {
            single.push(c);
        }
    }
    single
}

fn canonical_query(url: &Url) -> String {
    let Some(query) = url.query() else { return String::new() };
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| !name.is_empty() && !url_rules::is_tracking(name, value))
        .map(|(name, value)| (name.nfc().collect(), value.nfc().collect()))
        .collect();
    pairs.sort_unstable();
    let mut canonical = String::with_capacity(query.len());
    for (name, value) in pairs {
        if !canonical.is_empty() {
            canonical.push('&');
        }
        encode_into(&mut canonical, name.as_bytes(), &is_query_byte);
        if !value.is_empty() {
            canonical.push('=');
            encode_into(&mut canonical, value.as_bytes(), &is_query_byte);
        }
    }
    canonical
}

/// Decodes `%XX`, brings to NFC, encodes again; what is no UTF-8 stays as it was.
fn recoded(text: &str, is_plain: &dyn Fn(u8) -> bool) -> String {
    let bytes = percent_decoded(text);
    let Ok(decoded) = String::from_utf8(bytes) else { return text.to_owned() };
    let composed: String = decoded.nfc().collect();
    let mut encoded = String::with_capacity(text.len());
    encode_into(&mut encoded, composed.as_bytes(), is_plain);
    encoded
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let (Some((high, low)), [_, _, after @ ..]) = (escaped, after) {
            decoded.push(high * 16 + low);
            rest = after;
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn encode_into(to: &mut String, bytes: &[u8], is_plain: &dyn Fn(u8) -> bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |n: u8| HEX.get(usize::from(n)).copied().map_or('0', char::from);
    for &byte in bytes {
        if is_plain(byte) {
            to.push(char::from(byte));
        } else {
            to.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

fn is_query_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many addresses, one page.
    #[test]
    fn canonical_unites_the_addresses_of_a_page() {
        let page = "example.com/news/a-1.html";
        let cases = [
            ("plain", "https://example.com/news/a-1.html"),
            ("http and white space", "  http://example.com/news/a-1.html\n"),
            ("www, port, fragment, user", "http://me:pw@www.example.com:80/news/a-1.html#top"),
            ("443 on http", "http://example.com:443/news/a-1.html"),
            ("capitals and a dot", "HTTPS://WWW.EXAMPLE.COM./news/a-1.html"),
            ("mobile", "https://m.example.com/news/a-1.html"),
            ("www.m", "https://www.m.example.com/news/a-1.html"),
            ("amp behind", "https://example.com/news/a-1.html/amp/"),
            ("amp before", "https://example.com/amp/news/a-1.html"),
            ("amp suffix", "https://example.com/news/a-1.amp.html"),
            ("amp host", "https://amp.example.com/news/a-1.html?amp=1"),
            ("slash, double slash", "https://example.com//news/a-1.html/"),
            ("campaign", "https://example.com/news/a-1.html?UTM_Source=rss&fbclid=x&from=feed"),
            ("referrer domain", "https://example.com/news/a-1.html?ref=other.example"),
            ("session", "https://example.com/news/a-1.html;jsessionid=AB12"),
            ("dot segments, escapes", "https://example.com/x/../news/%61-1.html"),
            (
                "search engine",
                "https://www.google.com/url?q=https%3A%2F%2Fexample.com%2Fnews%2Fa-1.html&sa=t",
            ),
            (
                "two wrappers",
                "https://l.b.example/?u=http://c.example/go?url%3Dhttp://example.com/news/a-1.html",
            ),
            ("AMP cache", "https://example-com.cdn.ampproject.org/c/s/example.com/news/a-1.html"),
            ("AMP viewer", "https://www.google.com/amp/s/example.com/news/a-1.html"),
        ];
        for (name, url) in cases {
            assert_eq!(canonical(url), page, "{name}");
        }
    }

    #[test]
    fn canonical_keeps_what_tells_pages_apart() {
        let cases = [
            ("query sorted", "http://a.example/?p=2&id=1", "a.example/?id=1&p=2"),
            ("other port", "http://a.example:8080/x", "a.example:8080/x"),
            ("mobile without a domain", "http://m.com/x", "m.com/x"),
            ("m=1 is a skin, m=2 a page", "http://a.example/x?m=2", "a.example/x?m=2"),
            ("ref of a word", "http://a.example/x?ref=chapter", "a.example/x?ref=chapter"),
            ("routes behind #!", "http://a.example/#!/news/1", "a.example/#!/news/1"),
            ("index", "http://a.example/b/index.html", "a.example/b"),
            ("home", "https://www.a.example", "a.example/"),
            ("IDNA", "https://tin-tức.example/x", "xn--tin-tc-fr8b.example/x"),
            ("NFD path", "http://a.example/vie\u{323}\u{302}t", "a.example/vi%E1%BB%87t"),
            ("NFC path", "http://a.example/vi%e1%bb%87t", "a.example/vi%E1%BB%87t"),
            ("no UTF-8", "http://a.example/%FF", "a.example/%FF"),
            (
                "same domain",
                "http://a.example/x?url=http://a.example/y",
                "a.example/x?url=http%3A%2F%2Fa.example%2Fy",
            ),
            (
                "same domain, counter",
                "http://click.a.example/x?url=http://a.example/y",
                "a.example/y",
            ),
            ("not the web", " tag:a.example,2024:1 ", "tag:a.example,2024:1"),
            ("no host", "http://", "http://"),
        ];
        for (name, url, expected) in cases {
            assert_eq!(canonical(url), expected, "{name}");
            assert_eq!(canonical(expected), expected, "{name}: twice");
        }
    }

    #[test]
    fn homepages_and_detours_are_seen() {
        let cases = [
            ("home", "https://www.a.example/?utm_source=x", true, false),
            ("page", "https://a.example/x", false, false),
            ("page behind a query", "https://a.example/?p=1", false, false),
            ("amp", "https://a.example/x/amp", false, true),
            ("counter", "https://n.example/url?url=https://a.example/x", false, true),
            ("not the web", "mailto:a@a.example", true, false),
        ];
        for (name, url, is_homepage, is_detour) in cases {
            let found = canonical_url(url);
            assert_eq!((found.is_homepage, found.is_detour), (is_homepage, is_detour), "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn canonical_of_canonical_is_the_same(
            host in "https?://[a-z.]{1,12}(:[0-9]{1,4})?",
            path in "(/[a-zắ%2F/.;=]{0,12}){0,3}",
            rest in "(\\?[a-z=&%3Af/]{0,16})?(#[!/a-z]{0,4})?",
        ) {
            let url = format!("{host}{path}{rest}");
            let once = canonical(&url);
            proptest::prop_assert_eq!(canonical(&once), once);
        }

        #[test]
        fn any_text_has_a_canonical_form(text in ".{0,60}") {
            let once = canonical(&text);
            proptest::prop_assert_eq!(canonical(&once), once);
        }
    }
}
