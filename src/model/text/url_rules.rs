//! The tables of the canonical URL: tracking parameters, twins, wrappers.

use std::sync::LazyLock;

use regex::Regex;

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
    let path = SESSION.replace_all(path, "");
    let path = AMP_BEHIND.replace(&path, "");
    let path = AMP_BEFORE.replace(&path, "/");
    let path = AMP_SUFFIX.replace(&path, "$1");
    INDEX.replace(&path, "/").into_owned()
}

/// Tells whether `path` is that of an AMP twin.
pub(super) fn is_amp_path(path: &str) -> bool {
    AMP_BEHIND.is_match(path) || AMP_BEFORE.is_match(path) || AMP_SUFFIX.is_match(path)
}

/// Returns host and path of the page that an AMP cache keeps under `path`.
pub(super) fn amp_cache_target(path: &str) -> Option<&str> {
    AMP_CACHE.captures(path)?.get(1).map(|target| target.as_str())
}

static SESSION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i);jsessionid=[^/;?]*"));
static AMP_BEHIND: LazyLock<Regex> = LazyLock::new(|| pattern(r"(/amp)/?$"));
static AMP_BEFORE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^/amp/"));
static AMP_SUFFIX: LazyLock<Regex> = LazyLock::new(|| pattern(r"\.amp(\.html?)?$"));
static INDEX: LazyLock<Regex> = LazyLock::new(|| pattern(r"/(index|default)\.(html?|php|aspx?)$"));
static AMP_CACHE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^/(?:amp/)?(?:s|c|v|i)/(?:s/)?([^/]+\.[a-z]{2,}/.*)$"));

#[expect(clippy::expect_used, reason = "the patterns are constants, compiled by the tests")]
fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern is valid")
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
}
