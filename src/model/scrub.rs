//! Takes secrets out of what is shown.

/// Parts of the names of query parameters that hold secrets.
const SECRET_NAMES: [&str; 6] = ["token", "key", "auth", "sig", "pass", "secret"];

/// Tells whether an address holds a secret: user info, or a query value whose name looks like one.
pub fn is_private(url: &url::Url) -> bool {
    let is_secret = |name: &str| {
        let lower = name.to_ascii_lowercase();
        SECRET_NAMES.iter().any(|secret| lower.contains(secret))
    };
    !url.username().is_empty()
        || url.password().is_some()
        || url.query_pairs().any(|(name, value)| is_secret(&name) && !value.is_empty())
}

/// Returns `url` without user info and with the values of query parameters whose names look secret
/// replaced.
///
/// What does not parse as a URL is returned without its query and user info.
pub fn scrub_url(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else {
        let bare = url.split(['?', '#']).next().unwrap_or_default();
        return bare.rsplit('@').next().unwrap_or_default().to_owned();
    };
    // A URL that cannot hold user info (`mailto:`) has none to remove.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    if let Some(query) = parsed.query() {
        let scrubbed: Vec<String> = query.split('&').map(scrub_pair).collect();
        parsed.set_query(Some(&scrubbed.join("&")));
    }
    parsed.into()
}

fn scrub_pair(pair: &str) -> String {
    let name = pair.split('=').next().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    if pair.len() > name.len() && SECRET_NAMES.iter().any(|secret| lower.contains(secret)) {
        return format!("{name}=xxx");
    }
    pair.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_address_has_user_info_or_a_secret_query_value() {
        let cases = [
            ("https://x.example/feed", false),
            ("https://x.example/feed?page=2", false),
            ("https://x.example/feed?token=", false),
            ("https://x.example/feed?token=a", true),
            ("https://x.example/feed?page=2&Api_Key=a", true),
            ("https://user@x.example/feed", true),
            ("https://user:word@x.example/feed", true),
        ];
        for (url, expected) in cases {
            let parsed = url.parse().unwrap();
            assert_eq!(is_private(&parsed), expected, "{url}");
        }
    }
}
