//! What a single value may be: TOML value in, checked value or [`Fault`] out. Pure.
//!
//! Standards: BCP 47 (RFC 5646 §2.1, shape only), RFC 4151 (tag: authority), RFC 4632 (CIDR).

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use url::Url;

use super::keys::nearest;
use super::problem::{Fault, fault};
use super::tree::Value;
use super::units;
use crate::model::policy::{Listen, Network};

/// The longest slug: it is a file name and a part of URLs.
const SLUG_CHARS_MAX: usize = 100;

/// The longest title, alias or other text of one line.
const LINE_CHARS_MAX: usize = 1_000;

/// The longest path of a unix socket on Linux (`sun_path`, less its final NUL).
pub(super) const UNIX_PATH_BYTES_MAX: usize = 107;

/// Reads a string.
pub(super) fn text(value: &Value) -> Result<&str, Fault> {
    match value {
        Value::Text(text) => Ok(text),
        other => {
            let message = format!("must be a string, not {}", other.kind());
            let remedy = match other {
                Value::Integer(Some(number)) => {
                    format!("put it in quotes, with its unit if it has one: \"{number}\"")
                }
                _ => "put it in quotes".to_owned(),
            };
            Err(fault(message, remedy))
        }
    }
}

/// Reads a text of one line that says something.
pub(super) fn line(value: &Value) -> Result<String, Fault> {
    let text = text(value)?.trim();
    if text.is_empty() {
        return Err(fault("is empty", "write something, or leave the key out"));
    }
    if text.chars().any(char::is_control) {
        return Err(fault("holds control characters", "write it on one line"));
    }
    if text.chars().count() > LINE_CHARS_MAX {
        return Err(fault("is too long", format!("write at most {LINE_CHARS_MAX} characters")));
    }
    Ok(text.to_owned())
}

/// Reads a boolean.
pub(super) fn flag(value: &Value) -> Result<bool, Fault> {
    match value {
        Value::Flag(flag) => Ok(*flag),
        other => {
            let message = format!("must be a boolean, not {}", other.kind());
            Err(fault(message, "write true or false, without quotes"))
        }
    }
}

/// Returns a reader of whole numbers within a range.
pub(super) fn integer<T: TryFrom<i64>>(
    range: RangeInclusive<i64>,
) -> impl Fn(&Value) -> Result<T, Fault> {
    move |value| {
        let remedy = || format!("write a whole number from {} to {}", range.start(), range.end());
        let Value::Integer(number) = value else {
            return Err(fault(format!("must be an integer, not {}", value.kind()), remedy()));
        };
        let within = number.filter(|number| range.contains(number));
        within
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| fault("is out of range", remedy()))
    }
}

/// Reads a duration, zero included.
pub(super) fn duration(value: &Value) -> Result<Duration, Fault> {
    units::duration(text(value)?)
}

/// Reads a duration that is not zero.
pub(super) fn some_duration(value: &Value) -> Result<Duration, Fault> {
    let duration = duration(value)?;
    if duration.is_zero() {
        return Err(fault("must not be zero", "write a duration such as \"30s\""));
    }
    Ok(duration)
}

/// Reads `"forever"` (`None`) or a duration.
pub(super) fn retention(value: &Value) -> Result<Option<Duration>, Fault> {
    if text(value)? == "forever" { Ok(None) } else { some_duration(value).map(Some) }
}

/// Reads a size in bytes, zero included.
pub(super) fn size_bytes(value: &Value) -> Result<u64, Fault> {
    units::size_bytes(text(value)?)
}

/// Reads a size that is not zero.
pub(super) fn some_size_bytes(value: &Value) -> Result<u64, Fault> {
    match size_bytes(value)? {
        0 => Err(fault("must not be zero", "write a size such as \"10 MiB\"")),
        bytes => Ok(bytes),
    }
}

/// Returns a reader of one word out of a few.
pub(super) fn choice<T: Copy>(
    choices: &'static [(&'static str, T)],
) -> impl Fn(&Value) -> Result<T, Fault> {
    move |value| {
        let text = text(value)?;
        let chosen = choices.iter().find(|(name, _)| *name == text);
        chosen.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            fault(format!("{text:?} is not known"), format!("write {}", names.join(" or ")))
        })
    }
}

/// Reads a slug: `a-z`, `0-9`, `-` and `_`, a letter or digit at both ends.
pub(super) fn slug(value: &Value) -> Result<String, Fault> {
    slug_text(text(value)?)
}

/// Checks a slug.
pub(super) fn slug_text(text: &str) -> Result<String, Fault> {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_slug = text.chars().all(is_inner)
        && text.starts_with(is_end)
        && text.ends_with(is_end)
        && text.len() <= SLUG_CHARS_MAX;
    if is_slug {
        return Ok(text.to_owned());
    }
    let near = slugged(text);
    let remedy = if near.is_empty() {
        format!("write at most {SLUG_CHARS_MAX} of a-z, 0-9 and -")
    } else {
        format!("write \"{near}\" (a-z, 0-9 and -)")
    };
    Err(fault(format!("{text:?} is no slug"), remedy))
}

/// Returns the nearest slug, empty when nothing is left: `Thời sự` → `thoi-su`, `bbc.co.uk` →
/// `bbc-co-uk`.
pub(super) fn slugged(text: &str) -> String {
    let mut slug = String::new();
    for c in deunicode::deunicode(text).to_ascii_lowercase().chars() {
        if slug.len() >= SLUG_CHARS_MAX {
            break;
        }
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Reads an http or https URL; a fragment is dropped, for it is never sent.
pub(super) fn http_url(value: &Value) -> Result<Url, Fault> {
    let text = text(value)?.trim();
    let remedy = "write a URL that starts with https:// or http://";
    let parsed = Url::parse(text);
    let mut url = parsed.map_err(|error| {
        fault(format!("{:?} is no URL: {error}", crate::model::scrub::scrub_url(text)), remedy)
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        let message = format!("scheme {:?} is not supported", url.scheme());
        return Err(fault(message, remedy));
    }
    url.set_fragment(None);
    Ok(url)
}

/// Reads the URL of a proxy.
pub(super) fn proxy(value: &Value) -> Result<Url, Fault> {
    let text = text(value)?.trim();
    let is_proxy =
        |url: &Url| matches!(url.scheme(), "http" | "https" | "socks5") && url.has_host();
    Url::parse(text).ok().filter(is_proxy).ok_or_else(|| {
        let remedy = "write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT";
        fault("is no proxy URL", remedy)
    })
}

/// Reads the public URL of this server; the trailing slash is trimmed.
pub(super) fn base_url(value: &Value) -> Result<String, Fault> {
    let text_as_written = text(value)?.trim();
    if text_as_written.contains('#') {
        return Err(fault("has a fragment", "write scheme, host and path only"));
    }
    let url = http_url(value)?;
    if url.query().is_some() {
        return Err(fault("has a query", "write scheme, host and path only"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fault("has user info", "write scheme, host and path only"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Reads a time zone of the IANA database.
pub(super) fn timezone(value: &Value) -> Result<TimeZone, Fault> {
    let name = text(value)?.trim();
    TimeZone::get(name).map_err(|_| {
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let remedy = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "write an IANA name such as \"Asia/Ho_Chi_Minh\" or \"UTC\"".to_owned(),
        };
        fault(format!("{name:?} is no time zone"), remedy)
    })
}

/// Reads a language tag, by its shape (RFC 5646 §2.1).
pub(super) fn language(value: &Value) -> Result<String, Fault> {
    let tag = text(value)?.trim();
    let mut parts = tag.split('-');
    let is_primary =
        |part: &str| (2..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphabetic());
    let is_further = |part: &str| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    if parts.next().is_some_and(is_primary) && parts.all(is_further) {
        return Ok(tag.to_owned());
    }
    let message = format!("{tag:?} is no language tag");
    Err(fault(message, "write a BCP 47 tag such as \"vi\" or \"pt-BR\""))
}

/// Reads a colour, `#rgb` or `#rrggbb`; returns the long form in lower case.
pub(super) fn colour(value: &Value) -> Result<String, Fault> {
    let text = text(value)?.trim();
    let digits = text.strip_prefix('#').unwrap_or_default();
    let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit());
    let long: String = match digits.len() {
        3 if is_hex => digits.chars().flat_map(|c| [c, c]).collect(),
        6 if is_hex => digits.to_owned(),
        _ => {
            let remedy = "write #rrggbb, such as \"#0a6e4f\"";
            return Err(fault(format!("{text:?} is no colour"), remedy));
        }
    };
    Ok(format!("#{}", long.to_ascii_lowercase()))
}

/// Reads the authority of minted ids: `news.example,2026` (RFC 4151 §2.1).
pub(super) fn authority(value: &Value) -> Result<String, Fault> {
    let text = text(value)?.trim();
    let is_valid = text.split_once(',').is_some_and(|(name, date)| {
        let host = name.rsplit_once('@').map_or(name, |(_, host)| host);
        let is_name_char = |c: char| c.is_ascii_alphanumeric() || "-._@".contains(c);
        let is_label =
            |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
        name.chars().all(is_name_char) && host.split('.').all(is_label) && is_tag_date(date)
    });
    if is_valid {
        return Ok(text.to_owned());
    }
    let message = format!("{text:?} is no tag authority (RFC 4151)");
    Err(fault(message, "write a name you own and a date you owned it: \"news.example,2026\""))
}

/// Tells whether a date is `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
fn is_tag_date(date: &str) -> bool {
    let padded = match date.len() {
        4 => format!("{date}-01-01"),
        7 => format!("{date}-01"),
        10 => date.to_owned(),
        _ => return false,
    };
    padded.parse::<jiff::civil::Date>().is_ok()
}

/// Reads a network in CIDR form; a bare address is a network of one.
pub(super) fn network(value: &Value) -> Result<Network, Fault> {
    let text = text(value)?.trim();
    let parsed = text
        .parse::<ipnet::IpNet>()
        .or_else(|error| text.parse::<IpAddr>().map(ipnet::IpNet::from).map_err(|_| error));
    let net = parsed.map_err(|_| {
        let remedy = "write an address and a prefix length, such as \"10.0.0.0/8\"";
        fault(format!("{text:?} is no network"), remedy)
    })?;
    Ok(Network { address: net.addr(), prefix: net.prefix_len() })
}

/// Reads `"any"` (`None`) or an array of ports.
pub(super) fn ports(value: &Value) -> Result<Option<BTreeSet<u16>>, Fault> {
    let remedy = "write an array of ports from 1 to 65535, such as [80, 443], or \"any\"";
    match value {
        Value::Text(text) if text == "any" => Ok(None),
        Value::List(items) if !items.is_empty() => {
            let port = integer::<u16>(1..=65_535);
            let ports: Result<_, Fault> = items.iter().map(|item| port(&item.value)).collect();
            ports.map(Some).map_err(|_| fault("holds what is no port", remedy))
        }
        Value::List(_) => Err(fault("allows no port at all", remedy)),
        _ => Err(fault("is no list of ports", remedy)),
    }
}

/// Reads `"50/s"`, or `"off"` (`None`).
pub(super) fn rate(value: &Value) -> Result<Option<u32>, Fault> {
    let text = text(value)?.trim();
    if text == "off" {
        return Ok(None);
    }
    let number = text.strip_suffix("/s").and_then(|number| number.trim().parse::<u32>().ok());
    number.filter(|number| *number > 0).map(Some).ok_or_else(|| {
        fault(format!("{text:?} is no rate"), "write requests a second, \"50/s\", or \"off\"")
    })
}

/// Reads a listener: an address with a port, or `unix:PATH`, made absolute by `resolve`.
pub(super) fn listen(
    resolve: impl Fn(&str) -> PathBuf,
) -> impl Fn(&Value) -> Result<Listen, Fault> {
    move |value| {
        let text = text(value)?.trim();
        let Some(path) = text.strip_prefix("unix:") else {
            return text.parse::<SocketAddr>().map(Listen::Tcp).map_err(|_| {
                let remedy = "write an IP address with a port, \"127.0.0.1:8080\" or \
                              \"[::1]:8080\", or \"unix:PATH\"";
                fault(format!("{text:?} is no address to listen on"), remedy)
            });
        };
        let path = resolve(path);
        let bytes = path.as_os_str().len();
        if bytes > UNIX_PATH_BYTES_MAX || path.file_name().is_none() {
            let message = format!("{:?} cannot be the path of a socket", path.display());
            let remedy = format!("write a path of at most {UNIX_PATH_BYTES_MAX} bytes");
            return Err(fault(message, remedy));
        }
        Ok(Listen::Unix(path))
    }
}

/// Reads an operator's address: a mail address or an http(s) URL.
pub(super) fn contact(value: &Value) -> Result<String, Fault> {
    let contact = line(value)?;
    let is_mail = contact.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && host.contains('.') && !contact.contains('/')
    });
    let is_plain = contact.chars().all(|c| c.is_ascii_graphic() && !"()<>\"\\".contains(c));
    if is_plain && (is_mail || http_url(&Value::Text(contact.clone())).is_ok()) {
        return Ok(contact);
    }
    let message = format!("{contact:?} is neither a mail address nor a URL");
    Err(fault(message, "write \"name@example.org\" or \"https://example.org/about\""))
}
