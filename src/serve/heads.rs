//! The header fields of a body's answers, made once and copied for each request.
//!
//! Nearly all requests are met from the cache, and most by a 304: what an answer then costs is the
//! copy of a map that is already there. Rules R84, R85, R88, R90, R96, R97.

use std::sync::OnceLock;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::body::{Coding, Rendered};
use super::respond::{finish, imf_fixdate, put};

/// Header fields of an answer, at most.
const FIELDS: usize = 16;

/// What a page may load and tell others, for those that are pages.
pub const REFERRER_POLICY: &str = "no-referrer";

/// The answers in one coding.
#[derive(Clone, Debug)]
pub struct Head {
    /// Which.
    pub coding: Coding,
    /// The entity tag, quoted.
    pub etag: String,
    /// The fields of a 200.
    pub full: HeaderMap,
    /// The fields of a 304.
    pub known: HeaderMap,
    /// The body of a 200.
    pub bytes: Bytes,
}

/// The answers in every coding there is, made when first asked for.
#[derive(Debug, Default)]
pub struct Heads(OnceLock<Vec<Head>>);

impl Clone for Heads {
    /// A copy has none: who copies a body does so to change it.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Heads {
    /// Returns the answers that `rendered`, whose heads these are, can give: identity first.
    pub(super) fn of(&self, rendered: &Rendered) -> &[Head] {
        self.0.get_or_init(|| {
            let identity = (Coding::Identity, Some(&rendered.identity));
            let gzip = (Coding::Gzip, rendered.gzip.as_ref());
            let brotli = (Coding::Brotli, rendered.brotli.as_ref());
            let there = [identity, gzip, brotli].into_iter();
            there.filter_map(|(coding, bytes)| Some(head(rendered, coding, bytes?))).collect()
        })
    }
}

fn head(rendered: &Rendered, coding: Coding, bytes: &Bytes) -> Head {
    let etag = rendered.etag(coding);
    let mut known = HeaderMap::with_capacity(FIELDS);
    put(&mut known, header::ETAG, &etag);
    if let Some(date) = imf_fixdate(rendered.changed) {
        put(&mut known, header::LAST_MODIFIED, &date);
    }
    let fixed = |map: &mut HeaderMap, name: HeaderName, value: &'static str| {
        map.insert(name, HeaderValue::from_static(value));
    };
    fixed(&mut known, header::CACHE_CONTROL, rendered.keep.field());
    fixed(&mut known, header::VARY, "Accept-Encoding");
    if let Some(links) = &rendered.links {
        known.insert(header::LINK, links.clone());
    }
    if let Some(policy) = &rendered.policy {
        known.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        fixed(&mut known, header::REFERRER_POLICY, REFERRER_POLICY);
    }
    finish(&mut known);
    let mut full = known.clone();
    fixed(&mut full, header::CONTENT_TYPE, rendered.content_type);
    full.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    match coding {
        Coding::Identity => {}
        Coding::Gzip => fixed(&mut full, header::CONTENT_ENCODING, "gzip"),
        Coding::Brotli => fixed(&mut full, header::CONTENT_ENCODING, "br"),
    }
    Head { coding, etag, full, known, bytes: bytes.clone() }
}
