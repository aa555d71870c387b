//! Secrets in addresses: what they are, and how an address is shown without them.

use url::Url;

/// Parts of the names of query values that are secrets.
const SECRET_NAMES: [&str; 8] =
    ["token", "key", "auth", "sig", "pass", "secret", "pwd", "credential"];

/// Tells whether an address holds a secret: user info, or a query value whose name looks like one.
pub fn is_private(url: &Url) -> bool {
    !url.username().is_empty()
        || url.password().is_some()
        || url.query_pairs().any(|(name, value)| is_secret(&name) && !value.is_empty())
}

/// Returns the address without its secrets; what is no address comes back as it is.
pub fn scrub_url(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    if !is_private(&url) || url.set_username("").is_err() || url.set_password(None).is_err() {
        return text.to_owned();
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !is_secret(name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    if kept.is_empty() {
        url.set_query(None);
    } else {
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    url.into()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}
