//! Which paper a URL belongs to.

use url::{Host, Url};

/// Returns the registrable domain of a URL's host: two feeds of one paper share it.
///
/// An address or a single label stands for itself; anything without a host gives an empty string.
pub fn outlet(url: &str) -> String {
    let Ok(url) = Url::parse(url.trim()) else { return String::new() };
    match url.host() {
        Some(Host::Domain(host)) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            psl::domain_str(&host).map_or(host.clone(), str::to_owned)
        }
        Some(address) => address.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlet_is_the_registrable_domain() {
        let cases = [
            ("host", "https://www.nhandan.vn/rss/home.rss", "nhandan.vn"),
            ("two-level suffix", "https://sport.paper.com.vn/x", "paper.com.vn"),
            ("capitals, port", "HTTP://News.Example:8080/", "news.example"),
            ("no suffix known", "https://www.baodautien.example/", "baodautien.example"),
            ("single label", "http://localhost/feed", "localhost"),
            ("trailing dot", "https://www.paper.vn./", "paper.vn"),
            ("address", "http://127.0.0.1:80/feed", "127.0.0.1"),
            ("IPv6", "http://[::1]/feed", "[::1]"),
            ("no URL", "nhandan", ""),
            ("no host", "mailto:a@b.vn", ""),
        ];
        for (name, url, expected) in cases {
            assert_eq!(outlet(url), expected, "{name}");
        }
    }
}
