//! One document in every coding, with the header fields that go with it.
//!
//! The compressed twins are made with it and never for small bodies (R93); what a 304 needs is
//! ready, so that it costs no formatting.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::heads::{Head, Heads};
use super::revision::Needs;

/// Bodies below this are not compressed.
const COMPRESS_BYTES_MIN: usize = 1_024;
/// gzip: as nginx users set it for static files.
const GZIP_LEVEL: u32 = 6;
/// brotli: near gzip's time, clearly smaller.
const BROTLI_QUALITY: i32 = 5;
/// brotli's window, as a power of two.
const BROTLI_WINDOW: i32 = 20;

/// For how long a client may keep what it got (R91).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Feeds and pages that the next poll may change.
    #[default]
    Short,
    /// Full archive pages and days that are over: only a correction changes them.
    Long,
    /// What is named by its hash.
    Forever,
}

impl Keep {
    /// Returns `Cache-Control`. The seconds of `Short` and `Long` are those of RSS `ttl` (R45).
    pub fn field(self) -> &'static str {
        match self {
            Self::Short => "public, max-age=300, stale-while-revalidate=60, stale-if-error=86400",
            Self::Long => "public, max-age=3600, stale-while-revalidate=600, stale-if-error=86400",
            Self::Forever => "public, max-age=31536000, immutable",
        }
    }
}

/// The content codings offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// None.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

/// One document in every coding.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// As it is.
    pub identity: Bytes,
    /// Compressed; `None` when it would not be shorter.
    pub gzip: Option<Bytes>,
    /// Compressed; `None` when it would not be shorter.
    pub brotli: Option<Bytes>,
    /// Hash of `identity`, without quotes: the ETag of a coding is made from it (R84).
    pub tag: String,
    /// When the content last changed.
    pub changed: Timestamp,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Link`, all in one field.
    pub links: Option<HeaderValue>,
    /// `Content-Security-Policy`, of a page.
    pub policy: Option<HeaderValue>,
    /// How long it may be kept.
    pub keep: Keep,
    /// What it is made of.
    pub needs: Needs,
    /// For a feed: a hash of each of its entries, as told apart by `IM: feed`.
    pub entries: Arc<[u64]>,
    /// What was here before, the latest first.
    pub past: Vec<Past>,
    /// The header fields of its answers.
    pub heads: Heads,
}

/// A rendition that clients may still hold.
#[derive(Clone, Debug)]
pub struct Past {
    /// Its tag.
    pub tag: String,
    /// Its entries.
    pub entries: Arc<[u64]>,
    /// What is new since, once somebody has asked.
    pub since: Arc<OnceCell<Arc<Rendered>>>,
}

impl Past {
    /// Returns what is remembered of a rendition that is no longer the present one.
    pub fn of(body: &Rendered) -> Self {
        let entries = Arc::clone(&body.entries);
        Self { tag: body.tag.clone(), entries, since: Arc::default() }
    }
}

impl Rendered {
    /// Compresses and hashes a body.
    pub fn new(body: Vec<u8>, content_type: &'static str, changed: Timestamp) -> Self {
        let tag = blake3::hash(&body).to_hex().chars().take(32).collect();
        let is_worth_it = body.len() >= COMPRESS_BYTES_MIN;
        let shorter =
            |twin: Option<Vec<u8>>| twin.filter(|twin| twin.len() < body.len()).map(Bytes::from);
        let (gzip, brotli) = if is_worth_it { (gzip(&body), brotli(&body)) } else { (None, None) };
        let (gzip, brotli) = (shorter(gzip), shorter(brotli));
        Self {
            identity: Bytes::from(body),
            gzip,
            brotli,
            tag,
            changed,
            content_type,
            links: None,
            policy: None,
            keep: Keep::Short,
            needs: Needs::everything(),
            entries: Arc::default(),
            past: Vec::new(),
            heads: Heads::default(),
        }
    }

    /// Returns the answers it can give, that in no coding first. Nothing else of it may change
    /// behind the first call.
    pub fn answers(&self) -> &[Head] {
        self.heads.of(self)
    }

    /// Sets the `Link` field (RFC 8288 §3: several links may stand in one).
    pub fn with_links(mut self, links: &[String]) -> Self {
        self.links = HeaderValue::from_str(&links.join(", ")).ok().filter(|v| !v.is_empty());
        self
    }

    /// Returns the entity tag of a coding.
    pub fn etag(&self, coding: Coding) -> String {
        let ending = match coding {
            Coding::Identity => "",
            Coding::Gzip => "-gz",
            Coding::Brotli => "-br",
        };
        format!("\"{}{ending}\"", self.tag)
    }

    /// Returns the bytes kept.
    pub fn bytes(&self) -> usize {
        let twins = [&self.gzip, &self.brotli].into_iter().flatten().map(Bytes::len);
        self.identity.len() + twins.sum::<usize>() + self.entries.len() * size_of::<u64>()
    }
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let level = flate2::Compression::new(GZIP_LEVEL);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

fn brotli(body: &[u8]) -> Option<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        ..Default::default()
    };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*body, &mut out, &params).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_bodies_are_not_compressed_and_twins_decode_to_the_same() {
        let small =
            Rendered::new(vec![b'a'; COMPRESS_BYTES_MIN - 1], "text/plain", Timestamp::UNIX_EPOCH);
        assert!(small.gzip.is_none() && small.brotli.is_none(), "R93");
        let large = Rendered::new(vec![b'a'; 5_000], "text/plain", Timestamp::UNIX_EPOCH);
        let mut out = Vec::new();
        let gzip = large.gzip.unwrap();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*gzip), &mut out).unwrap();
        assert_eq!(out, large.identity);
        let mut out = Vec::new();
        brotli::BrotliDecompress(&mut &*large.brotli.unwrap(), &mut out).unwrap();
        assert_eq!(out, large.identity);
    }
}
