//! Writes the head of a request, and reads what an answer's head says (P1–P12, P42–P50, P60).

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, ETAG, FROM, HeaderMap, HeaderName,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, USER_AGENT,
};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use url::Url;

use super::FetchSetupError;
use super::decode::{self, Coding};
use crate::freshness::freshness;
use crate::model::outcome::{FailureKind, Freshness};
use crate::model::source::{Source, Validators};

/// P44: feeds first, what may hold one after, anything at last.
const ACCEPTED: HeaderValue = HeaderValue::from_static(
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, \
     application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1",
);

const CODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br");

const A_IM: HeaderName = HeaderName::from_static("a-im");

/// Headers that frame a message or its connection: the client's own affair, whatever a configuration says.
const UNSETTABLE: [&str; 9] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "proxy-authorization",
];

/// Longest validator kept, in bytes: a publisher's header must not fill the store.
const VALIDATOR_BYTES_MAX: usize = 4_096;

/// How we introduce ourselves to every publisher (P42, P43).
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) agent: HeaderValue,
    from: Option<HeaderValue>,
}

impl Identity {
    /// Builds `feedmill/VERSION (+contact)`; a contact that is a mail address also goes into `From`.
    pub(super) fn new(version: &str, contact: &str) -> Result<Self, FetchSetupError> {
        let contact = contact.trim();
        let value = |text: &str| {
            let unfit = |_| FetchSetupError::Contact { contact: contact.to_owned() };
            HeaderValue::from_str(text).map_err(unfit)
        };
        let agent = match contact {
            "" => format!("feedmill/{version}"),
            _ => format!("feedmill/{version} (+{contact})"),
        };
        let is_mail = contact.contains('@') && !contact.contains("://");
        let mail = contact.strip_prefix("mailto:").unwrap_or(contact);
        let from = is_mail.then(|| value(mail)).transpose()?;
        Ok(Self { agent: value(&agent)?, from })
    }
}

/// Returns the head of a request for `url`, which is the source's own or that of a redirect.
///
/// Credentials and the operator's further headers stay with the source's origin, save those that only say what is
/// accepted. Validators go only to the exact URL they came from (P12, P60).
pub(super) fn head(
    identity: &Identity,
    source: &Source,
    url: &Url,
    validators: Option<&Validators>,
    authorization: Option<&HeaderValue>,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, identity.agent.clone());
    headers.insert(ACCEPT, ACCEPTED);
    headers.insert(ACCEPT_ENCODING, CODINGS);
    if let Some(from) = &identity.from {
        headers.insert(FROM, from.clone());
    }
    if let Some(agent) =
        source.user_agent.as_deref().and_then(|text| HeaderValue::from_str(text).ok())
    {
        headers.insert(USER_AGENT, agent);
    }
    let is_own_origin = url.origin() == source.url.origin();
    for (name, value) in &source.headers {
        let is_harmless = name.starts_with("accept");
        if UNSETTABLE.contains(&name.as_str()) || !(is_own_origin || is_harmless) {
            continue;
        }
        // What is no header was refused with the configuration; here it is left out.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    if let Some(value) = authorization.filter(|_| is_own_origin) {
        headers.insert(AUTHORIZATION, value.clone());
    }
    if let Some(validators) = validators {
        put_conditions(&mut headers, validators);
    }
    headers
}

/// P1–P3: both validators, byte for byte. P49: `A-IM` only beside an entity tag.
fn put_conditions(headers: &mut HeaderMap, validators: &Validators) {
    let value = |text: &Option<String>| HeaderValue::from_bytes(text.as_ref()?.as_bytes()).ok();
    if let Some(etag) = value(&validators.etag) {
        headers.insert(IF_NONE_MATCH, etag);
        headers.insert(A_IM, HeaderValue::from_static("feed"));
    }
    if let Some(date) = value(&validators.last_modified) {
        headers.insert(IF_MODIFIED_SINCE, date);
    }
}

/// Tells whether `validators` were sent to `url`: those of another URL, or empty ones, never are.
pub(super) fn applicable<'a>(
    validators: Option<&'a Validators>,
    url: &str,
) -> Option<&'a Validators> {
    validators
        .filter(|held| held.url == url && (held.etag.is_some() || held.last_modified.is_some()))
}

/// Returns the validators of a 200; `None` when it has none, so that stale ones are not kept (P7).
pub(super) fn validators(headers: &HeaderMap, url: &str) -> Option<Validators> {
    let (etag, last_modified) = (validator(headers, ETAG), validator(headers, LAST_MODIFIED));
    (etag.is_some() || last_modified.is_some()).then(|| Validators {
        etag,
        last_modified,
        url: url.to_owned(),
    })
}

/// Returns the validators to hold after a 304: what it carries replaces what was sent (P9).
pub(super) fn refreshed(sent: &Validators, headers: &HeaderMap) -> Validators {
    Validators {
        etag: validator(headers, ETAG).or_else(|| sent.etag.clone()),
        last_modified: validator(headers, LAST_MODIFIED).or_else(|| sent.last_modified.clone()),
        url: sent.url.clone(),
    }
}

/// A validator is kept only if its bytes can be sent again as they came.
fn validator(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let bytes = headers.get(name)?.as_bytes();
    let is_usable = !bytes.is_empty() && bytes.len() <= VALIDATOR_BYTES_MAX;
    String::from_utf8(bytes.to_vec()).ok().filter(|_| is_usable)
}

/// Returns a header's value for reading; bytes that are no UTF-8 are replaced.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

pub(super) fn codings(headers: &HeaderMap) -> Vec<Coding> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    decode::codings(values.filter_map(|value| value.to_str().ok()))
}

pub(super) fn wishes(received: Timestamp, headers: &HeaderMap) -> Freshness {
    let fields =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    freshness(received, &fields.collect::<Vec<_>>())
}

/// What is to be done with an answer, by its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Document,
    NotModified,
    Redirect,
    Gone,
    Failure(FailureKind),
}

/// Sorts a status (RFC 9110 §15; 226: RFC 3229 §10.4.1).
pub(super) fn meaning(status: StatusCode) -> Meaning {
    match status.as_u16() {
        200 | 203 | 226 => Meaning::Document,
        301 | 302 | 303 | 307 | 308 => Meaning::Redirect,
        304 => Meaning::NotModified,
        401 | 403 => Meaning::Failure(FailureKind::Forbidden),
        404 => Meaning::Failure(FailureKind::NotFound),
        410 => Meaning::Gone,
        429 | 503 => Meaning::Failure(FailureKind::Busy),
        _ => Meaning::Failure(FailureKind::Status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_names_us_and_the_operator() {
        let cases = [
            ("", "feedmill/1.2", None),
            ("https://news.example/bot", "feedmill/1.2 (+https://news.example/bot)", None),
            ("ops@news.example", "feedmill/1.2 (+ops@news.example)", Some("ops@news.example")),
            ("mailto:o@n.example", "feedmill/1.2 (+mailto:o@n.example)", Some("o@n.example")),
            ("https://n.example/@ops", "feedmill/1.2 (+https://n.example/@ops)", None),
        ];
        for (contact, agent, from) in cases {
            let identity = Identity::new("1.2", contact).unwrap();
            assert_eq!(identity.agent, agent, "{contact}");
            assert_eq!(identity.from.as_ref().map(|value| value.to_str().unwrap()), from);
        }
        assert!(Identity::new("1.2", "a\nb").is_err());
    }

    #[test]
    fn a_304_replaces_only_what_it_carries() {
        let sent = Validators {
            etag: Some("\"a\"".to_owned()),
            last_modified: Some("yesterday".to_owned()),
            url: "https://a.example/".to_owned(),
        };
        let mut headers = HeaderMap::new();
        assert_eq!(refreshed(&sent, &headers), sent);
        headers.insert(ETAG, HeaderValue::from_static("W/\"b\""));
        let etag = Some("W/\"b\"".to_owned());
        assert_eq!(refreshed(&sent, &headers), Validators { etag, ..sent });
    }

    #[test]
    fn a_validator_that_cannot_be_sent_again_is_none() {
        let long = "x".repeat(VALIDATOR_BYTES_MAX + 1);
        for (name, value) in [
            ("empty", &b""[..]),
            ("latin-1", b"\"\xe9\""),
            ("longer than the limit", long.as_bytes()),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ETAG, HeaderValue::from_bytes(value).unwrap());
            assert_eq!(validators(&headers, "https://a.example/"), None, "{name}");
        }
    }

    #[test]
    fn statuses_are_sorted() {
        use FailureKind::{Busy, Forbidden, NotFound, Status};
        let cases = [
            (200, Meaning::Document),
            (226, Meaning::Document),
            (204, Meaning::Failure(Status)),
            (206, Meaning::Failure(Status)),
            (300, Meaning::Failure(Status)),
            (301, Meaning::Redirect),
            (304, Meaning::NotModified),
            (305, Meaning::Failure(Status)),
            (308, Meaning::Redirect),
            (401, Meaning::Failure(Forbidden)),
            (403, Meaning::Failure(Forbidden)),
            (404, Meaning::Failure(NotFound)),
            (410, Meaning::Gone),
            (429, Meaning::Failure(Busy)),
            (500, Meaning::Failure(Status)),
            (503, Meaning::Failure(Busy)),
            (999, Meaning::Failure(Status)),
        ];
        for (status, expected) in cases {
            assert_eq!(meaning(StatusCode::from_u16(status).unwrap()), expected, "{status}");
        }
    }
}
