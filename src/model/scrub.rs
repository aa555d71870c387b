//! Takes secrets out of what is shown.

/// Parts of the names of query parameters that hold secrets.
const SECRET_NAMES: [&str; 6] = ["token", "key", "auth", "sig", "pass", "secret"];

/// Returns `url` without user info and with the values of query parameters whose names look secret replaced.
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
