//! Undoes content codings within a limit, whatever the headers say (P48).
//!
//! Publishers mislabel: gzip without the header, the header over plain bytes, gzip twice. So the bytes have the last
//! word. What is cut short or corrupt is an error, never a shorter document. Standards: RFC 9110 §8.4, RFC 1950 (zlib),
//! RFC 1951 (deflate), RFC 1952 (gzip), RFC 7932 (brotli).

use std::io::{ErrorKind, Read};

use flate2::{Decompress, FlushDecompress, Status, bufread::GzDecoder};

/// Codings one answer may be wrapped in.
const CODINGS_MAX: usize = 3;

/// Layers of gzip undone beyond those that were declared.
const SNIFFED_MAX: usize = 2;

/// Members of one gzip stream.
const MEMBERS_MAX: usize = 1_000;

/// Output made at a time.
const CHUNK_BYTES: usize = 64 * 1_024;

/// Bytes looked at to tell text from compressed data.
const TEXT_PREFIX_BYTES: usize = 256;

/// A content coding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    /// Not ours: fine only over bytes that turn out to be text (`Content-Encoding: utf-8` is a common mistake).
    Unknown(String),
}

/// Why a body cannot be decoded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("the body is longer than {limit} bytes once decoded")]
    TooLong { limit: usize },
    #[error("the {coding} body is cut short")]
    CutShort { coding: &'static str },
    #[error("the {coding} body is corrupt")]
    Corrupt { coding: &'static str },
    #[error("the content coding `{name}` is not supported")]
    Unsupported { name: String },
    #[error("the body has more than {CODINGS_MAX} content codings")]
    TooMany,
}

/// Reads the values of `Content-Encoding`, in the order the codings were applied.
pub(super) fn codings<'a>(values: impl Iterator<Item = &'a str>) -> Vec<Coding> {
    let names = values.flat_map(|value| value.split(',')).map(|name| name.trim().to_lowercase());
    names
        .filter(|name| !matches!(name.as_str(), "" | "identity"))
        .take(CODINGS_MAX + 1)
        .map(|name| match name.as_str() {
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            "br" => Coding::Brotli,
            _ => Coding::Unknown(name),
        })
        .collect()
}

/// Tells whether there is anything to undo.
pub(super) fn is_coded(bytes: &[u8], codings: &[Coding]) -> bool {
    !codings.is_empty() || is_gzip(bytes)
}

/// Returns the document within `bytes`, of at most `limit` bytes. Blocks: meant for the blocking pool.
pub(super) fn decode(
    mut bytes: Vec<u8>,
    codings: &[Coding],
    limit: usize,
) -> Result<Vec<u8>, DecodeError> {
    if codings.len() > CODINGS_MAX {
        return Err(DecodeError::TooMany);
    }
    for coding in codings.iter().rev() {
        bytes = undo(coding, bytes, limit)?;
    }
    for _ in 0..SNIFFED_MAX {
        if is_gzip(&bytes) {
            bytes = gunzip(&bytes, limit)?;
        }
    }
    Ok(bytes)
}

fn undo(coding: &Coding, bytes: Vec<u8>, limit: usize) -> Result<Vec<u8>, DecodeError> {
    if bytes.is_empty() {
        return Ok(bytes);
    }
    let decoded = match coding {
        Coding::Gzip if is_gzip(&bytes) => return gunzip(&bytes, limit),
        Coding::Gzip => Err(DecodeError::Corrupt { coding: "gzip" }),
        Coding::Deflate => inflate(&bytes, limit),
        Coding::Brotli => unbrotli(&bytes, limit),
        Coding::Unknown(name) => Err(DecodeError::Unsupported { name: name.clone() }),
    };
    match decoded {
        Err(DecodeError::TooLong { .. }) | Ok(_) => decoded,
        // Wrongly labelled: the bytes were never compressed, or are gzip, which is looked for afterwards.
        Err(_) if looks_like_text(&bytes) || is_gzip(&bytes) => Ok(bytes),
        Err(_) => decoded,
    }
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 0x08])
}

/// Compressed data holds control characters among its first bytes, documents in any 8-bit encoding do not.
fn looks_like_text(bytes: &[u8]) -> bool {
    let prefix = bytes.iter().take(TEXT_PREFIX_BYTES);
    prefix.copied().all(|byte| byte >= 0x20 && byte != 0x7f || matches!(byte, b'\t'..=b'\r'))
}

/// Undoes all members (RFC 1952 §2.2); what follows the last one is ignored, as browsers do.
fn gunzip(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    let mut decoded = Vec::new();
    let mut rest = bytes;
    for _ in 0..MEMBERS_MAX {
        let mut member = GzDecoder::new(rest);
        read_within(&mut member, &mut decoded, limit, "gzip")?;
        rest = member.into_inner();
        if !is_gzip(rest) {
            return Ok(decoded);
        }
    }
    Err(DecodeError::Corrupt { coding: "gzip" })
}

fn unbrotli(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    let mut decoded = Vec::new();
    let mut stream = brotli::Decompressor::new(bytes, CHUNK_BYTES);
    read_within(&mut stream, &mut decoded, limit, "brotli")?;
    Ok(decoded)
}

fn read_within(
    stream: &mut impl Read,
    decoded: &mut Vec<u8>,
    limit: usize,
    coding: &'static str,
) -> Result<(), DecodeError> {
    let room = u64::try_from(limit.saturating_sub(decoded.len())).unwrap_or(u64::MAX);
    let read = stream.take(room.saturating_add(1)).read_to_end(decoded);
    match read {
        _ if decoded.len() > limit => Err(DecodeError::TooLong { limit }),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(DecodeError::CutShort { coding })
        }
        Err(_) => Err(DecodeError::Corrupt { coding }),
    }
}

/// `deflate` means zlib (RFC 9110 §8.4.1.2), but some send the raw stream without its wrapper.
fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    let is_zlib = matches!(bytes, [method, flags, ..]
        if method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0);
    match inflate_as(bytes, is_zlib, limit) {
        Err(DecodeError::Corrupt { .. }) if is_zlib => inflate_as(bytes, false, limit),
        result => result,
    }
}

fn inflate_as(bytes: &[u8], is_zlib: bool, limit: usize) -> Result<Vec<u8>, DecodeError> {
    const CODING: &str = "deflate";
    let mut stream = Decompress::new(is_zlib);
    let mut decoded = Vec::new();
    loop {
        let before = (stream.total_in(), stream.total_out());
        let used = usize::try_from(stream.total_in()).unwrap_or(bytes.len());
        let rest = bytes.get(used..).unwrap_or_default();
        decoded.reserve(CHUNK_BYTES);
        let status = stream
            .decompress_vec(rest, &mut decoded, FlushDecompress::None)
            .map_err(|_| DecodeError::Corrupt { coding: CODING })?;
        if decoded.len() > limit {
            return Err(DecodeError::TooLong { limit });
        }
        match status {
            Status::StreamEnd => return Ok(decoded),
            Status::Ok | Status::BufError if (stream.total_in(), stream.total_out()) == before => {
                return Err(DecodeError::CutShort { coding: CODING });
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LIMIT: usize = 1 << 20;
    const PLAIN: &[u8] = b"<?xml version=\"1.0\"?>\n<rss version=\"2.0\"><channel/></rss>\n";

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn raw(plain: &[u8]) -> Vec<u8> {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn brotli(plain: &[u8]) -> Vec<u8> {
        let mut coded = Vec::new();
        let mut encoder = brotli::CompressorWriter::new(&mut coded, 4_096, 5, 22);
        encoder.write_all(plain).unwrap();
        drop(encoder);
        coded
    }

    #[test]
    fn every_coding_and_mistake_gives_the_document() {
        let twice = gzip(&gzip(PLAIN));
        let junk = [gzip(PLAIN), b"<script>".to_vec()].concat();
        let (one, two) = PLAIN.split_at(20);
        let cases = [
            ("plain", PLAIN.to_vec(), ""),
            ("gzip", gzip(PLAIN), "gzip"),
            ("x-gzip in capitals", gzip(PLAIN), "X-GZIP"),
            ("zlib", zlib(PLAIN), "deflate"),
            ("raw deflate", raw(PLAIN), "deflate"),
            ("brotli", brotli(PLAIN), "br"),
            ("identity", PLAIN.to_vec(), "identity"),
            ("two codings", gzip(&brotli(PLAIN)), "br, gzip"),
            ("two members", [gzip(one), gzip(two)].concat(), "gzip"),
            ("junk after the stream", junk, "gzip"),
            ("gzip without the header", gzip(PLAIN), ""),
            ("gzip twice, said once", twice.clone(), "gzip"),
            ("gzip twice, never said", twice, ""),
            ("gzip called deflate", gzip(PLAIN), "deflate"),
            ("gzip called br", gzip(PLAIN), "br"),
            ("plain called gzip", PLAIN.to_vec(), "gzip"),
            ("plain called deflate", PLAIN.to_vec(), "deflate"),
            ("plain called br", PLAIN.to_vec(), "br"),
            ("plain called utf-8", PLAIN.to_vec(), "utf-8"),
        ];
        for (name, bytes, header) in cases {
            let decoded = decode(bytes, &codings([header].into_iter()), LIMIT);
            assert_eq!(decoded.as_deref(), Ok(PLAIN), "{name}");
        }
    }

    #[test]
    fn every_cut_of_a_coded_body_is_an_error() {
        for (header, whole) in [
            ("gzip", gzip(PLAIN)),
            ("deflate", zlib(PLAIN)),
            ("deflate", raw(PLAIN)),
            ("br", brotli(PLAIN)),
        ] {
            for length in 1..whole.len() {
                let cut = whole[..length].to_vec();
                // A few bytes of a raw stream may look like text; they are then no document either.
                let decoded = decode(cut.clone(), &codings([header].into_iter()), LIMIT);
                let is_kept = decoded.as_ref().is_ok_and(|kept| *kept == cut && length < 16);
                assert!(decoded.is_err() || is_kept, "{header} cut at {length}: {decoded:?}");
            }
        }
    }

    #[test]
    fn a_corrupt_body_is_an_error() {
        let mut bytes = gzip(PLAIN);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        let decoded = decode(bytes, &[Coding::Gzip], LIMIT);
        assert!(matches!(decoded, Err(DecodeError::Corrupt { .. } | DecodeError::CutShort { .. })));
        let unknown =
            decode(b"\x28\xb5\x2f\xfd\x00".to_vec(), &codings(["zstd"].into_iter()), LIMIT);
        assert_eq!(unknown, Err(DecodeError::Unsupported { name: "zstd".to_owned() }));
    }

    #[test]
    fn the_limit_is_exact() {
        let plain = vec![b'a'; 100_000];
        for (header, bytes) in [
            ("gzip", gzip(&plain)),
            ("deflate", zlib(&plain)),
            ("deflate", raw(&plain)),
            ("br", brotli(&plain)),
        ] {
            let codings = codings([header].into_iter());
            assert_eq!(decode(bytes.clone(), &codings, 100_000).as_ref(), Ok(&plain), "{header}");
            let over = decode(bytes, &codings, 99_999);
            assert_eq!(over, Err(DecodeError::TooLong { limit: 99_999 }), "{header}");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let zeros = vec![0; 64 << 20];
        for (header, bomb) in [("gzip", gzip(&zeros)), ("deflate", zlib(&zeros))] {
            let decoded = decode(bomb, &codings([header].into_iter()), LIMIT);
            assert_eq!(decoded, Err(DecodeError::TooLong { limit: LIMIT }), "{header}");
        }
        let members = gzip(b"").repeat(MEMBERS_MAX + 1);
        assert_eq!(
            decode(members, &[Coding::Gzip], LIMIT),
            Err(DecodeError::Corrupt { coding: "gzip" })
        );
    }

    #[test]
    fn too_many_codings_are_refused() {
        let codings = codings(["gzip, gzip", "gzip, gzip, gzip"].into_iter());
        assert_eq!(decode(gzip(PLAIN), &codings, LIMIT), Err(DecodeError::TooMany));
    }
}
