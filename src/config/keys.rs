//! Every key of `config.toml`: one table, from which unknown keys, defaults and the schema follow.

use super::tree::Value;

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The table it stands in: `site`, …, `category` (of each `[category.…]`), `source`.
    pub section: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What stands when it is not written.
    pub default: Preset,
    /// One line for the operator, with the unit.
    pub help: &'static str,
}

/// What a key may hold, as far as the TOML type goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A boolean.
    Flag,
    /// A whole number.
    Integer,
    /// An array of strings.
    Texts,
    /// An array of port numbers, or a string.
    Ports,
    /// A table of strings.
    TextTable,
}

/// A default, as it would be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// None that can be written; `help` says what happens.
    Unset,
    /// A string.
    Text(&'static str),
    /// A boolean.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// An array of strings.
    Texts(&'static [&'static str]),
    /// An array of whole numbers.
    Integers(&'static [i64]),
}

/// A key that is accepted and checked but has no effect in this version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inert {
    /// Section and name.
    pub(super) key: (&'static str, &'static str),
    /// The value that asks for what happens anyway, and so needs no warning.
    pub(super) idle: Preset,
    /// What happens instead.
    pub(super) instead: &'static str,
}

/// The keys without effect. Remove a line when its key takes effect.
pub(super) const INERT: &[Inert] =
    &[inert("store", "url_file", Preset::Text(""), "the sled engine needs none")];

const fn inert(
    section: &'static str,
    name: &'static str,
    idle: Preset,
    instead: &'static str,
) -> Inert {
    Inert { key: (section, name), idle, instead }
}

const fn key(
    section: &'static str,
    name: &'static str,
    kind: Kind,
    default: Preset,
    help: &'static str,
) -> Key {
    Key { section, name, kind, default, help }
}

use Kind::{Flag, Integer, Ports, Text, TextTable, Texts};
use Preset::Unset;

/// The keys, in the order of the documentation.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("site", "title", Text, Preset::Text("Feedmill"), "title of the merged feed"),
    key("site", "base_url", Text, Preset::Text("http://127.0.0.1:8080"),
        "public URL of this server, path included"),
    key("site", "language", Text, Preset::Text("en"), "BCP 47 language of the site's own pages"),
    key("site", "timezone", Text, Preset::Text("UTC"),
        "IANA time zone of date feeds, and of dates without a zone"),
    key("site", "id_authority", Text, Preset::Text(""),
        "authority of minted tag: ids (RFC 4151), \"news.example,2026\""),
    key("site", "images", Flag, Preset::Flag(false), "pages load pictures from third parties"),
    key("site", "accent", Text, Preset::Text("#0a6e4f"), "colour of the pages, #rrggbb"),
    key("site", "watch", Flag, Preset::Flag(true), "reload when a configuration file changes"),
    key("server", "listen", Texts, Preset::Texts(&["127.0.0.1:8080"]),
        "addresses, or \"unix:PATH\"; sockets passed by systemd win"),
    key("server", "admin", Text, Preset::Text("unix:control.sock"),
        "listener of metrics, status and control"),
    key("server", "max_connections", Integer, Preset::Integer(4096), "connections at once"),
    key("server", "rate_limit", Text, Preset::Text("50/s"),
        "requests a second and client, or \"off\""),
    key("server", "header_timeout", Text, Preset::Text("10s"), "for a whole request head"),
    key("server", "idle_timeout", Text, Preset::Text("60s"), "for a connection without a request"),
    key("server", "status_page", Flag, Preset::Flag(false), "public /status and /status.atom"),
    key("server", "entries_per_feed", Integer, Preset::Integer(100),
        "stories in a feed, at least; up to 1000"),
    key("server", "days_per_feed", Integer, Preset::Integer(2),
        "days a feed covers, counted back from its newest story"),
    key("server", "trusted_proxies", Texts, Preset::Texts(&["127.0.0.1/32", "::1/128"]),
        "CIDRs whose X-Forwarded-For (else Forwarded) is believed"),
    key("store", "engine", Text, Preset::Text("sled"), "sled"),
    key("store", "path", Text, Preset::Text("data"),
        "directory of the store; under systemd $STATE_DIRECTORY"),
    key("store", "url_file", Text, Preset::Text(""), "file holding postgres://…"),
    key("store", "retention", Text, Preset::Text("forever"),
        "age at which text goes, or \"forever\""),
    key("store", "reserve", Text, Preset::Text("1 GiB"), "free disk below which polling stops"),
    key("poll", "interval", Text, Preset::Text("1h"), "base interval"),
    key("poll", "min_interval", Text, Preset::Text("1h"), "adaptive polling never goes below"),
    key("poll", "max_interval", Text, Preset::Text("1d"), "adaptive polling never goes above"),
    key("poll", "concurrency", Integer, Preset::Integer(64), "requests in flight"),
    key("poll", "per_host", Integer, Preset::Integer(1), "requests in flight to one host"),
    key("poll", "host_gap", Text, Preset::Text("1s"), "between requests to one host"),
    key("poll", "domain_gap", Text, Preset::Text("1s"),
        "between requests to one registrable domain"),
    key("poll", "timeout", Text, Preset::Text("30s"), "of a whole request"),
    key("poll", "max_body", Text, Preset::Text("10 MiB"),
        "size of a document, decoded and on the wire"),
    key("poll", "contact", Text, Preset::Text(""), "URL or mail address put in User-Agent"),
    key("poll", "proxy", Text, Preset::Text(""), "http://, https:// or socks5:// proxy"),
    key("poll", "allow_networks", Texts, Preset::Texts(&[]),
        "CIDRs that may be polled though not public"),
    key("poll", "allow_ports", Ports, Preset::Integers(&[80, 443]),
        "ports that may be polled, or \"any\""),
    key("poll", "ca_file", Text, Preset::Text(""), "PEM file of further certificate authorities"),
    key("dedup", "mode", Text, Preset::Text("full"), "full, identity or off"),
    key("dedup", "window", Text, Preset::Text("96h"), "copies further apart are other stories"),
    key("websub", "hub", Text, Preset::Text(""), "URL of an outside hub"),
    key("category", "title", Text, Unset, "for people; default: the slug"),
    key("category", "former", Texts, Preset::Texts(&[]), "old slugs, answered 301"),
    key("source", "id", Text, Unset, "slug that state follows; default: from the host"),
    key("source", "url", Text, Unset, "http or https URL of the feed; required"),
    key("source", "title", Text, Unset, "default: the feed's own"),
    key("source", "categories", Texts, Preset::Texts(&[]),
        "slugs of the categories its entries belong to"),
    key("source", "interval", Text, Unset, "base interval; default: [poll]"),
    key("source", "timeout", Text, Unset, "of a whole request; default: [poll]"),
    key("source", "max_body", Text, Unset, "size of a document; default: [poll]"),
    key("source", "proxy", Text, Unset, "as in [poll]; \"\": none; default: [poll]"),
    key("source", "priority", Integer, Preset::Integer(0), "higher wins when copies are merged"),
    key("source", "aliases", Texts, Preset::Texts(&[]), "names other outlets credit it by"),
    key("source", "on_add", Text, Preset::Text("all"),
        "what the first poll may publish: all, newest:N or since-now"),
    key("source", "content", Text, Preset::Text("full"),
        "how much is republished: full, summary or title"),
    key("source", "dedup", Text, Unset, "full, identity or off; default: [dedup] mode"),
    key("source", "include", Texts, Preset::Texts(&[]),
        "regular expressions, one of which an entry must match"),
    key("source", "exclude", Texts, Preset::Texts(&[]),
        "regular expressions that keep an entry back"),
    key("source", "timezone", Text, Unset,
        "IANA time zone of dates without one; default: [site], else what the feed shows, else UTC"),
    key("source", "encoding", Text, Preset::Text(""),
        "character encoding that overrides detection"),
    key("source", "headers", TextTable, Unset, "further request headers"),
    key("source", "user_agent", Text, Unset, "replaces feedmill's own User-Agent"),
    key("source", "secret_file", Text, Unset, "file holding \"user:password\" or \"Bearer …\""),
    key("source", "publish", Flag, Preset::Flag(true), "whether /source/{id} exists"),
];

/// The tables a file may hold.
pub(super) const SECTIONS: &[&str] =
    &["site", "server", "store", "poll", "dedup", "websub", "category", "source"];

/// Returns the key of that name in a section.
pub(super) fn lookup(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.section == section && key.name == name)
}

/// Says what to write instead of a key that a section does not know.
pub(super) fn remedy_for_unknown(section: &str, name: &str) -> String {
    let own = || KEYS.iter().filter(|key| key.section == section).map(|key| key.name);
    if let Some(near) = nearest(name, own()) {
        return format!("did you mean `{near}`?");
    }
    if let Some(other) = KEYS.iter().find(|key| key.name == name) {
        return format!("it belongs to {}", header(other.section));
    }
    format!("known here: {}", own().collect::<Vec<_>>().join(", "))
}

/// Returns how a section is opened.
pub(super) fn header(section: &str) -> String {
    match section {
        "source" => "[[source]]".to_owned(),
        "category" => "[category.SLUG]".to_owned(),
        other => format!("[{other}]"),
    }
}

/// Returns the candidate that is closest to a mistyped word, if any is close enough.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    const WORD_CHARS_MAX: usize = 64;
    if word.chars().count() > WORD_CHARS_MAX {
        return None;
    }
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, in characters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        let mut next = vec![before];
        for (to, above) in right.iter().zip(row.iter().skip(1)) {
            before = (diagonal + usize::from(from != *to)).min(above + 1).min(before + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

impl Preset {
    /// Tells whether a written value says the same.
    pub(super) fn is_same(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(preset), Value::Text(text)) => preset == text,
            (Self::Flag(preset), Value::Flag(flag)) => preset == *flag,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let cases = [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("đá", "da", 2)];
        for (left, right, expected) in cases {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn unknown_keys_have_a_remedy() {
        let cases = [
            ("poll", "intervall", "did you mean `interval`?"),
            ("server", "min_interval", "it belongs to [poll]"),
            ("site", "categories", "it belongs to [[source]]"),
            ("dedup", "zzz", "known here: mode, window"),
        ];
        for (section, name, expected) in cases {
            assert_eq!(remedy_for_unknown(section, name), expected, "{section}.{name}");
        }
    }

    #[test]
    fn inert_keys_are_keys() {
        for line in INERT {
            assert!(lookup(line.key.0, line.key.1).is_some(), "{:?}", line.key);
        }
    }
}
