//! The tables of the canonical URL: tracking parameters, twins, wrappers.

/// Parameters whose value, when it is a web address, is the real link.
pub(super) const UNWRAP_PARAMS: [&str; 9] =
    ["url", "u", "q", "link", "target", "to", "dest", "redirect", "goto"];

/// Hosts of counters: their target is the link even on the same domain.
pub(super) const UNWRAP_HOSTS: [&str; 6] = ["news.", "click.", "l.", "r.", "out.", "go."];

/// Host prefixes of twins, each tried once, in this order.
pub(super) const STRIP_HOSTS: [&str; 8] =
    ["www.", "amp.", "m.", "mobile.", "www2.", "www3.", "touch.", "wap."];

/// Parameters that only count visitors, whatever their value; `*` stands at the end only.
const TRACKING: &str = "utm_* mtm_* pk_* piwik_* ga_* hsa_* otm_* itm_* hmb_* fbclid gclid dclid \
    gbraid wbraid gclsrc yclid ysclid twclid msclkid igshid mc_cid mc_eid mc_tc mkt_tok _hsenc \
    _hsmi __hssc __hstc __hsfp _openstat fb_action_ids fb_action_types fb_ref fb_source cmpid \
    s_cid spm vero_id vero_conv wickedid oly_anon_id oly_enc_id rb_clickid srsltid at_medium \
    at_campaign at_custom* zarsrc ns_mchannel ns_source ns_campaign ito ocid sh_kit xtor _ga _gl \
    echobox campaign_id campaign_medium campaign_name campaign_source campaign_term \
    campaign_content __twitter_impression partner emc smid wtmc* wt_mc* wtzmc* wt_zmc*";

/// Tells whether a query parameter says nothing about the page.
pub(super) fn is_tracking(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let value = value.to_ascii_lowercase();
    let value = value.as_str();
    match name.as_str() {
        "p" | "id" | "page" | "v" | "article" => false,
        "ref" => {
            matches!(value, "" | "rss" | "feed" | "twitter" | "facebook" | "home")
                || looks_like_host(value)
        }
        "rss" => matches!(value, "" | "1" | "true" | "yes"),
        "source" => matches!(value, "rss" | "feed" | "twitter" | "facebook"),
        "from" => matches!(value, "rss" | "feed"),
        "amp" => matches!(value, "" | "1" | "true"),
        "outputtype" => value.starts_with("amp"),
        "output" => matches!(value, "amp" | "mobile"),
        "m" => value == "1",
        "ismobile" => matches!(value, "1" | "true"),
        name => TRACKING.split_ascii_whitespace().any(|known| match known.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == known,
        }),
    }
}

fn looks_like_host(value: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    value.rsplit_once('.').is_some_and(|(labels, last)| {
        !labels.is_empty()
            && !last.is_empty()
            && last.chars().all(is_word)
            && labels.chars().all(|c| is_word(c) || c == '.' || c == '-')
    })
}

/// Returns `path` without session ids, AMP marks and names of index pages.
pub(super) fn apply_path_rules(path: &str) -> String {
    let path = without_sessions(path);
    let path = without_amp_behind(&path).unwrap_or(&path);
    let path = without_amp_before(path).unwrap_or(path);
    let path = without_amp_suffix(path).unwrap_or_else(|| path.to_owned());
    without_index(&path).unwrap_or(&path).to_owned()
}

/// Tells whether `path` is that of an AMP twin.
pub(super) fn is_amp_path(path: &str) -> bool {
    without_amp_behind(path).is_some()
        || without_amp_before(path).is_some()
        || without_amp_suffix(path).is_some()
}

/// Removes each `;jsessionid=…`, up to the next `/`, `;` or `?`.
fn without_sessions(path: &str) -> String {
    const SESSION: &str = ";jsessionid=";
    let lower = path.to_ascii_lowercase();
    let mut kept = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(found) = lower.get(at..).and_then(|rest| rest.find(SESSION)) {
        let start = at + found;
        kept.push_str(path.get(at..start).unwrap_or(""));
        let value = start + SESSION.len();
        let rest = path.get(value..).unwrap_or("");
        at = value + rest.find(['/', ';', '?']).unwrap_or(rest.len());
    }
    kept.push_str(path.get(at..).unwrap_or(""));
    kept
}

fn without_amp_behind(path: &str) -> Option<&str> {
    path.strip_suffix('/').unwrap_or(path).strip_suffix("/amp")
}

/// Returns the path from its second slash on.
fn without_amp_before(path: &str) -> Option<&str> {
    path.strip_prefix("/amp").filter(|rest| rest.starts_with('/'))
}

fn without_amp_suffix(path: &str) -> Option<String> {
    [".html", ".htm", ""].iter().find_map(|end| {
        let stem = path.strip_suffix(end)?.strip_suffix(".amp")?;
        Some(format!("{stem}{end}"))
    })
}

fn without_index(path: &str) -> Option<&str> {
    let (folder, page) = path.rsplit_once('/')?;
    let (name, end) = page.split_once('.')?;
    let is_index = matches!(name, "index" | "default")
        && matches!(end, "htm" | "html" | "php" | "asp" | "aspx");
    is_index.then(|| path.get(..=folder.len())).flatten()
}

/// Returns host and path of the page that an AMP cache keeps under `path`:
/// `/c/s/news.example/a`, `/amp/s/news.example/a`.
pub(super) fn amp_cache_target(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_prefix("amp/").unwrap_or(path);
    let path = ["s/", "c/", "v/", "i/"].iter().find_map(|kind| path.strip_prefix(kind))?;
    let target = path.strip_prefix("s/").unwrap_or(path);
    let (host, _) = target.split_once('/')?;
    let (labels, top) = host.rsplit_once('.')?;
    let is_top = top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_lowercase());
    (!labels.is_empty() && is_top).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracking_parameters_are_told_by_name_and_value() {
        let cases = [
            ("utm_anything", "x", true),
            ("UTM_Medium", "x", true),
            ("wt_mc.ev", "1", true),
            ("utm", "x", false),
            ("gclid", "", true),
            ("ref", "", true),
            ("ref", "Home", true),
            ("ref", "t.co", true),
            ("ref", ".co", false),
            ("ref", "chapter-2", false),
            ("rss", "2", false),
            ("source", "", false),
            ("amp", "TRUE", true),
            ("outputType", "amp-type", true),
            ("m", "1", true),
            ("m", "12", false),
            ("p", "1", false),
            ("id", "rss", false),
        ];
        for (name, value, expected) in cases {
            assert_eq!(is_tracking(name, value), expected, "{name}={value}");
        }
    }

    #[test]
    fn path_rules_take_off_twins_and_sessions() {
        let cases = [
            ("behind", "/a/amp", "/a"),
            ("behind with a slash", "/a/amp/", "/a"),
            ("whole path", "/amp", ""),
            ("before", "/amp/a", "/a"),
            ("a word is no mark", "/amplifier/a", "/amplifier/a"),
            ("suffix", "/a.amp", "/a"),
            ("suffix before htm", "/a.amp.htm", "/a.htm"),
            ("two sessions", "/a;JSessionID=1/b;jsessionid=2;c", "/a/b;c"),
            ("index", "/a/index.php", "/a/"),
            ("default", "/default.aspx", "/"),
            ("an article", "/a/index-funds.html", "/a/index-funds.html"),
        ];
        for (name, path, expected) in cases {
            assert_eq!(apply_path_rules(path), expected, "{name}");
        }
    }
}
