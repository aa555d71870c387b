//! URLs as they are held: absolute (R23), trimmed (P83), IRIs as URIs with IDN hosts in ASCII
//! (P82).
//!
//! A URL that is absolute and valid already stays as published, to the byte: readers and other
//! tools compare them. `model::text` has the form that is compared.

use url::Url;

use crate::model::text::trimmed_url;

/// The longest URL; longer ones are taken for garbage.
pub const URL_BYTES_MAX: usize = 8 * 1024;

/// Returns `href` absolute against `base`. `None`: it is empty, too long or no URL.
pub fn absolute(href: &str, base: &Url) -> Option<String> {
    resolve(href, Some(base))
}

/// Returns `href` absolute, against `base` if there is one.
pub fn resolve(href: &str, base: Option<&Url>) -> Option<String> {
    let href = trimmed_url(href);
    if href.is_empty() || href.len() > URL_BYTES_MAX {
        return None;
    }
    let url = Url::options().base_url(base).parse(href).ok()?;
    Some(if is_final(href, &url) { href.to_owned() } else { url.into() })
        .filter(|url| url.len() <= URL_BYTES_MAX)
}

/// Returns the URL as held if it is one that a browser opens.
pub fn web(href: &str, base: Option<&Url>) -> Option<String> {
    resolve(href, base).filter(|url| is_web(url))
}

/// Schemes of what may be linked to: pages, files, people, and names that open nothing. Not among
/// them is what runs or shows text of its own (`javascript`, `data`, `vbscript`, `blob`, `file`).
const LINK_SCHEMES: &[&str] = &[
    "http", "https", "ftp", "ftps", "mailto", "tel", "xmpp", "magnet", "ipfs", "gemini", "acct",
    "urn", "tag",
];

/// Returns the URL as held if it may be linked to (R120).
pub fn link(href: &str, base: Option<&Url>) -> Option<String> {
    resolve(href, base).filter(|url| may_be_linked(url))
}

/// Tells whether `href` is a URL that may not be linked to.
pub fn is_unsafe(href: &str, base: Option<&Url>) -> bool {
    resolve(href, base).is_some_and(|url| !may_be_linked(&url))
}

fn may_be_linked(url: &str) -> bool {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    LINK_SCHEMES.iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed))
}

/// Tells whether an absolute URL is http or https.
pub fn is_web(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    })
}

/// Tells whether a text that was parsed as `url` is an absolute URI already (RFC 3986 §2).
fn is_final(href: &str, url: &Url) -> bool {
    let Some((scheme, rest)) = href.split_once(':') else {
        return false;
    };
    let is_valid =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    // "http:x.html" and "https:///x" are references that browsers mend.
    let has_host = !url.has_host() || rest.starts_with("//") && !rest.starts_with("///");
    scheme.eq_ignore_ascii_case(url.scheme()) && has_host && href.bytes().all(is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_made_absolute_and_kept_when_they_are() {
        let cases = [
            ("as published", "http://Example.COM:80", Some("http://Example.COM:80")),
            ("dots in a path", "http://a.example/x/../y", Some("http://a.example/x/../y")),
            ("relative path", "x?y#z", Some("https://b.example/dir/x?y#z")),
            ("root", "/x", Some("https://b.example/x")),
            ("network path", "//c.example/x", Some("https://c.example/x")),
            ("parent", "../x", Some("https://b.example/x")),
            ("trimmed (P83)", "\n\t http://a.example/ \u{a0}", Some("http://a.example/")),
            (
                "nothing to be seen (P83)",
                "\u{a0}http://a.example/nb\u{200b} ",
                Some("http://a.example/nb"),
            ),
            ("newline within", "http://a.example/\nx", Some("http://a.example/x")),
            ("space", "http://a.example/x y", Some("http://a.example/x%20y")),
            (
                "IRI (P82)",
                "https://bücher.example/tiếng?q=ô",
                Some("https://xn--bcher-kva.example/ti%E1%BA%BFng?q=%C3%B4"),
            ),
            ("backslashes", "http:\\\\a.example\\x", Some("http://a.example/x")),
            ("same scheme, relative", "https:x", Some("https://b.example/dir/x")),
            ("other scheme", "mailto:a@b.example", Some("mailto:a@b.example")),
            ("percent stays", "http://a.example/%e1%ba?x=%", Some("http://a.example/%e1%ba?x=%")),
            ("empty", "  ", None),
            ("no host", "http://", None),
            ("bad port", "http://a:b:c/", None),
        ];
        let base = Url::parse("https://b.example/dir/feed.xml").unwrap();
        for (name, href, expected) in cases {
            assert_eq!(absolute(href, &base).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn without_a_base_only_absolute_urls_stand() {
        assert_eq!(resolve("x.html", None), None);
        assert_eq!(resolve("http://a.example/x", None).as_deref(), Some("http://a.example/x"));
    }

    #[test]
    fn overlong_urls_are_refused() {
        let base = Url::parse("https://b.example/").unwrap();
        assert_eq!(absolute(&"x".repeat(URL_BYTES_MAX + 1), &base), None);
        assert_eq!(absolute(&"é".repeat(URL_BYTES_MAX / 3), &base), None);
    }

    #[test]
    fn r120_only_what_opens_nothing_of_its_own_is_linked_to() {
        let base = Url::parse("https://b.example/").unwrap();
        let cases = [
            ("x.html", Some("https://b.example/x.html")),
            ("HTTP://a.example/", Some("HTTP://a.example/")),
            ("mailto:a@b.example", Some("mailto:a@b.example")),
            ("magnet:?xt=urn:btih:1", Some("magnet:?xt=urn:btih:1")),
            ("javascript:alert(1)", None),
            (" JavaScript:alert(1)", None),
            ("java\nscript:alert(1)", None),
            ("\u{200b}javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("vbscript:x", None),
            ("blob:https://a.example/1", None),
            ("file:///etc/passwd", None),
        ];
        for (href, expected) in cases {
            assert_eq!(link(href, Some(&base)).as_deref(), expected, "{href}");
            assert_eq!(is_unsafe(href, Some(&base)), expected.is_none(), "{href}");
        }
    }

    #[test]
    fn only_http_is_the_web() {
        let cases =
            [("HTTPS://a/", true), ("http://a/", true), ("ftp://a/", false), ("httpx:", false)];
        for (url, expected) in cases {
            assert_eq!(is_web(url), expected, "{url}");
        }
    }
}
