//! From a rendered body to an HTTP answer: conditions, codings, header fields.
//!
//! Pure: the request's header fields and the present time are arguments. Rules of RFC 9110 that
//! hold here: §8.8.3.3 an ETag for each coding; §12.5.3 and §12.4.2 negotiation; §13.1.2
//! `If-None-Match` compares weakly; §13.1.3 `If-Modified-Since` counts only without it; §15.4.5 a
//! 304 repeats the fields of the 200. RFC 3229: `A-IM: feed`. Rules R83–R99.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use jiff::Timestamp;

use super::body::{Coding, Past, Rendered};
use super::heads::Head;
use super::pieces::Body;

/// An answer.
pub type Answer = Response<Body>;

/// RFC 3229 §10.5.3.
const A_IM: HeaderName = HeaderName::from_static("a-im");
/// RFC 3229 §10.5.2.
const IM: HeaderName = HeaderName::from_static("im");
/// For what is true only now.
pub const KEEP_NOT: &str = "no-store";

/// For a delta: only caches that know RFC 3229 may keep it, and then like the whole.
const KEEP_DELTA: &str = "no-store, im, max-age=300";

/// Answers a GET or HEAD with a body or a 304. (hyper leaves the body out of an answer to HEAD and
/// keeps its length: R83.)
pub fn body(request: &HeaderMap, rendered: &Rendered, now: Timestamp) -> Answer {
    let Some(head) = choose(request, rendered) else { return Answer::new(empty()) };
    let changed = rendered.changed.min(now);
    let is_known = is_known(request, &head.etag, changed);
    let mut answer = if is_known {
        let mut answer = Answer::new(empty());
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        *answer.headers_mut() = head.known.clone();
        answer
    } else {
        let mut answer = Answer::new(Body::whole(head.bytes.clone()));
        *answer.headers_mut() = head.full.clone();
        answer
    };
    if changed < rendered.changed
        && let Some(date) = imf_fixdate(changed)
    {
        // The clock was set back: never later than `Date` (R85).
        put(answer.headers_mut(), header::LAST_MODIFIED, &date);
    }
    answer
}

fn empty() -> Body {
    Body::whole(Bytes::new())
}

/// Answers 226 with what is new since what the client holds (RFC 3229 with the manipulation
/// `feed`). The entity tag is that of the whole as it is now, which the client then holds.
pub fn delta(request: &HeaderMap, whole: &Rendered, new: &Rendered, now: Timestamp) -> Answer {
    let mut answer = body(&HeaderMap::new(), whole, now);
    let (Some(part), Some(whole)) = (choose(request, new), choose(request, whole)) else {
        return answer;
    };
    *answer.status_mut() = StatusCode::IM_USED;
    let headers = answer.headers_mut();
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
        match part.full.get(&name) {
            Some(value) => headers.insert(name, value.clone()),
            None => headers.remove(name),
        };
    }
    put(headers, header::ETAG, &whole.etag);
    put_static(headers, header::VARY, "Accept-Encoding, A-IM, If-None-Match");
    put_static(headers, header::CACHE_CONTROL, KEEP_DELTA);
    headers.insert(IM, HeaderValue::from_static("feed"));
    *answer.body_mut() = Body::whole(part.bytes.clone());
    answer
}

/// Tells whether a request may ask for what is new since.
pub fn asks_for_delta(request: &HeaderMap) -> bool {
    request.contains_key(A_IM)
}

/// Returns which rendition gone by a client holds that asks for what is new since (`A-IM: feed`).
pub fn delta_base<'r>(request: &HeaderMap, rendered: &'r Rendered) -> Option<&'r Past> {
    let asks = members(request, A_IM).any(|member| {
        let (name, parameters) = member.split_once(';').unwrap_or((member, ""));
        name.trim().eq_ignore_ascii_case("feed") && weight(parameters) > 0
    });
    if !asks {
        return None;
    }
    let held: Vec<&str> = members(request, header::IF_NONE_MATCH)
        .map(|tag| tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"'))
        .map(|tag| tag.split_once('-').map_or(tag, |(tag, _)| tag))
        .collect();
    if held.contains(&rendered.tag.as_str()) {
        return None;
    }
    rendered.past.iter().find(|past| held.contains(&past.tag.as_str()))
}

/// Answers with a short text, never kept.
pub fn text(status: StatusCode, text: impl Into<String>) -> Answer {
    page(status, text.into(), "text/plain; charset=utf-8", KEEP_NOT)
}

/// Answers with a body of its own status, without conditions.
pub fn page(
    status: StatusCode,
    body: String,
    content_type: &'static str,
    keep: &'static str,
) -> Answer {
    let bytes = Bytes::from(body);
    let length = bytes.len().to_string();
    let mut answer = Response::new(Body::whole(bytes));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    put(headers, header::CONTENT_TYPE, content_type);
    put(headers, header::CONTENT_LENGTH, &length);
    put(headers, header::CACHE_CONTROL, keep);
    answer
}

/// Answers 301.
pub fn moved(location: &str) -> Answer {
    let body = format!("moved to {location}\n");
    let keep = "public, max-age=300";
    let mut answer = page(StatusCode::MOVED_PERMANENTLY, body, "text/plain; charset=utf-8", keep);
    put(answer.headers_mut(), header::LOCATION, location);
    answer
}

/// Answers 400 and closes: what else comes on the connection cannot be trusted.
pub fn bad_request() -> Answer {
    let mut answer = text(StatusCode::BAD_REQUEST, "bad request\n");
    put(answer.headers_mut(), header::CONNECTION, "close");
    answer
}

/// Answers 405.
pub fn method_not_allowed(allow: &'static str) -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    put(answer.headers_mut(), header::ALLOW, allow);
    // A body that nobody will read may still be coming.
    put(answer.headers_mut(), header::CONNECTION, "close");
    answer
}

/// Answers OPTIONS, also as the question that CORS asks first (R96).
pub fn options() -> Answer {
    let mut answer = Response::new(Body::whole(Bytes::new()));
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    put(headers, header::ALLOW, "GET, HEAD, OPTIONS");
    put(headers, header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS");
    put(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, "If-None-Match, If-Modified-Since");
    put(headers, header::ACCESS_CONTROL_MAX_AGE, "86400");
    answer
}

/// Puts what every public answer carries: CORS (R96) and no sniffing (R97).
pub fn finish(headers: &mut HeaderMap) {
    put_static(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    let exposed = "ETag, Last-Modified, Link, Retry-After";
    put_static(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    put_static(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
}

fn put_static(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

/// Sets a header field. A value that cannot be one is left out: it would be ours, and a defect.
pub fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Returns the answers in the coding that the client likes best of those that there are.
fn choose<'r>(request: &HeaderMap, rendered: &'r Rendered) -> Option<&'r Head> {
    let wish = wish(request);
    let quality = |head: &Head| match head.coding {
        // What is not named is taken as a last resort (RFC 9110 §12.5.3).
        Coding::Identity => 0,
        Coding::Gzip => wish.gzip.or(wish.any).unwrap_or(0),
        Coding::Brotli => wish.brotli.or(wish.any).unwrap_or(0),
    };
    let worth = |head: &&Head| head.coding == Coding::Identity || quality(head) > 0;
    // Of equals the last, which is the shortest.
    rendered.answers().iter().filter(worth).max_by_key(|head| quality(head))
}

/// What `Accept-Encoding` says, in thousandths; `None` where it says nothing.
#[derive(Default)]
struct Wish {
    gzip: Option<u32>,
    brotli: Option<u32>,
    any: Option<u32>,
}

fn wish(request: &HeaderMap) -> Wish {
    let mut wish = Wish::default();
    for member in members(request, header::ACCEPT_ENCODING) {
        let (name, parameters) = member.split_once(';').unwrap_or((member, ""));
        let name = name.trim();
        let is = |coding: &str| name.eq_ignore_ascii_case(coding);
        if is("gzip") || is("x-gzip") {
            wish.gzip.get_or_insert_with(|| weight(parameters));
        } else if is("br") {
            wish.brotli.get_or_insert_with(|| weight(parameters));
        } else if is("*") {
            wish.any = Some(weight(parameters));
        }
    }
    wish
}

fn weight(parameters: &str) -> u32 {
    let Some((key, value)) = parameters.trim().split_once('=') else { return 1_000 };
    let value = value.trim();
    if !key.trim().eq_ignore_ascii_case("q") {
        return 1_000;
    }
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    match (whole, part.parse::<u32>()) {
        ("1", _) => 1_000,
        ("0", Ok(part)) => part,
        _ => 0,
    }
}

/// Members of a list field, over all its lines, split outside quotes.
fn members(request: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = request.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|member| !member.is_empty())
}

/// Tells whether the client holds this representation.
fn is_known(request: &HeaderMap, etag: &str, changed: Timestamp) -> bool {
    if request.contains_key(header::IF_NONE_MATCH) {
        // Our tags hold no comma, so a quoted one of others may be cut in two without harm.
        return members(request, header::IF_NONE_MATCH)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag);
    }
    let since = request.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let since = since.and_then(|text| httpdate::parse_http_date(text).ok());
    let (Some(since), Some(changed)) = (since, system_time(changed)) else { return false };
    changed <= since
}

/// An instant in whole seconds, as HTTP compares them (R89).
fn system_time(instant: Timestamp) -> Option<SystemTime> {
    let seconds = u64::try_from(instant.as_second()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7); `None` outside the years it can say.
pub(super) fn imf_fixdate(instant: Timestamp) -> Option<String> {
    const YEAR_9999_END: i64 = 253_402_300_799;
    (instant.as_second() <= YEAR_9999_END).then_some(())?;
    system_time(instant).map(httpdate::fmt_http_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(HeaderName, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn rendered() -> Rendered {
        let changed = "2026-03-01T12:00:00.9Z".parse().unwrap();
        Rendered::new(vec![b'a'; 4_000], "text/plain", changed)
    }

    fn ask(fields: &[(HeaderName, &str)]) -> Answer {
        let now = "2026-03-01T13:00:00Z".parse().unwrap();
        body(&headers(fields), &rendered(), now)
    }

    #[test]
    fn the_best_coding_the_client_takes_is_chosen() {
        let cases = [
            ("", None),
            ("identity", None),
            ("gzip", Some("gzip")),
            ("x-gzip", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("gzip, deflate, br", Some("br")),
            ("br;q=0.5, gzip;q=0.8", Some("gzip")),
            ("br;q=0, gzip", Some("gzip")),
            ("gzip;q=0", None),
            ("gzip; q=0.000", None),
            ("*", Some("br")),
            ("*;q=0", None),
            ("br;q=0, *", Some("gzip")),
            ("deflate, zstd", None),
            ("gzip;q=nonsense", None),
        ];
        for (accept, expected) in cases {
            let answer = ask(&[(header::ACCEPT_ENCODING, accept)]);
            let coding = answer.headers().get(header::CONTENT_ENCODING);
            assert_eq!(coding.map(|c| c.to_str().unwrap()), expected, "{accept}");
            assert_eq!(answer.headers()[header::VARY], "Accept-Encoding", "R90 {accept}");
        }
    }

    #[test]
    fn each_coding_has_its_own_strong_etag_r84() {
        let tag =
            |accept| ask(&[(header::ACCEPT_ENCODING, accept)]).headers()[header::ETAG].clone();
        let tags = [tag("identity"), tag("gzip"), tag("br")];
        assert!(tags.iter().all(|t| t.to_str().unwrap().starts_with('"')), "{tags:?}");
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
    }

    #[test]
    fn if_none_match_is_compared_weakly_over_lists_r86() {
        let own = format!("\"{}\"", rendered().tag);
        let gz = format!("\"{}-gz\"", rendered().tag);
        let cases = [
            (own.clone(), true),
            (format!("W/{own}"), true),
            ("*".to_owned(), true),
            (format!("\"x\", W/\"y, z\" ,{own}"), true),
            ("\"x\"".to_owned(), false),
            (own.trim_matches('"').to_owned(), false),
            (gz, false),
            (String::new(), false),
        ];
        for (value, is_known) in cases {
            let answer = ask(&[(header::IF_NONE_MATCH, &value)]);
            assert_eq!(answer.status() == StatusCode::NOT_MODIFIED, is_known, "{value}");
        }
        let two_lines = [(header::IF_NONE_MATCH, "\"x\""), (header::IF_NONE_MATCH, &own)];
        assert_eq!(ask(&two_lines).status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn if_modified_since_counts_in_whole_seconds_and_only_alone_r87_r89() {
        let cases = [
            ("equal", "Sun, 01 Mar 2026 12:00:00 GMT", true),
            ("later", "Sun, 01 Mar 2026 12:00:01 GMT", true),
            ("earlier", "Sun, 01 Mar 2026 11:59:59 GMT", false),
            ("RFC 850", "Sunday, 01-Mar-26 12:00:00 GMT", true),
            ("asctime", "Sun Mar  1 12:00:00 2026", true),
            ("nonsense", "yesterday", false),
        ];
        for (name, value, is_known) in cases {
            let answer = ask(&[(header::IF_MODIFIED_SINCE, value)]);
            assert_eq!(answer.status() == StatusCode::NOT_MODIFIED, is_known, "{name}");
        }
        let both = [
            (header::IF_NONE_MATCH, "\"x\""),
            (header::IF_MODIFIED_SINCE, "Sun, 01 Mar 2026 12:00:00 GMT"),
        ];
        assert_eq!(ask(&both).status(), StatusCode::OK, "R87");
    }

    #[test]
    fn a_304_repeats_the_fields_of_the_200_r88() {
        let full = ask(&[]);
        let answer = ask(&[(header::IF_NONE_MATCH, "*")]);
        for name in [header::ETAG, header::CACHE_CONTROL, header::VARY, header::LAST_MODIFIED] {
            assert_eq!(answer.headers().get(&name), full.headers().get(&name), "{name}");
            assert!(full.headers().contains_key(&name), "{name}");
        }
        assert!(!answer.headers().contains_key(header::CONTENT_TYPE));
        assert!(!answer.headers().contains_key(header::CONTENT_LENGTH));
    }

    #[test]
    fn last_modified_is_never_later_than_now_r85() {
        let now = "2026-02-01T00:00:00Z".parse().unwrap();
        let answer = body(&HeaderMap::new(), &rendered(), now);
        assert_eq!(answer.headers()[header::LAST_MODIFIED], "Sun, 01 Feb 2026 00:00:00 GMT");
    }
}
