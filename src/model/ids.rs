//! Public ids: what stands in `atom:id`, RSS `guid` and JSON Feed `id`, for entries and for our own
//! feeds.
//!
//! A publisher's `atom:id` goes through byte for byte (R5), a guid that is an absolute IRI stands
//! for itself (R6), and anything else gets an id minted from the entry's key and the store's
//! authority, so that it is the same after a restart or a restore. Whether an id is free is for the
//! writer to find out; it takes `minted` when another story has it. Standards: RFC 4287 §4.2.6, RFC
//! 4151 (tag), RFC 9562 §5.8 (UUID version 8), RFC 3987 (IRI).

use url::Url;

use super::entry::{Entry, GuidKind, Slug};
use super::source::SourceId;
use super::verdict::{EntryKey, KeyKind};

/// Prefix of an authority that is a random UUID, because the site has no domain name.
const URN_UUID: &str = "urn:uuid:";

/// Returns the public id that the publisher's own identifier asks for.
///
/// `authority` is the store's, fixed when it was made: `news.example,2026` or `urn:uuid:…`.
pub fn public_id(entry: &Entry, key: &EntryKey, source: &SourceId, authority: &str) -> String {
    let own = entry.guid.as_deref().filter(|guid| match entry.guid_kind {
        GuidKind::Missing => false,
        GuidKind::AtomId => !guid.is_empty(),
        GuidKind::Guid | GuidKind::OpaqueGuid | GuidKind::JsonId => is_absolute_iri(guid),
    });
    own.map_or_else(|| minted(key, source, authority), str::to_owned)
}

/// Returns an id of our own making for the entry of `source` that `key` stands for.
pub fn minted(key: &EntryKey, source: &SourceId, authority: &str) -> String {
    let kind = match key.kind {
        KeyKind::Own => "own",
        KeyKind::Url => "url",
        KeyKind::Apart => "apart",
        KeyKind::Name => "name",
    };
    let hash: String = key.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let claim = format!("{source}/{kind}/{hash}");
    if authority.starts_with(URN_UUID) {
        return derived_uuid(authority, &format!("entry/{claim}"));
    }
    format!("tag:{authority}:{}", Slug::of(&claim))
}

/// Returns the `atom:id` of one of our own feeds; `path` names it: `all`, `category/thoi-su`,
/// `date/2026-03-01` (R4).
pub fn feed_id(authority: &str, path: &str) -> String {
    if authority.starts_with(URN_UUID) {
        return derived_uuid(authority, &format!("feed/{path}"));
    }
    format!("tag:{authority}:feed/{path}")
}

/// Returns an authority for a site without a domain name: a random UUID (RFC 9562 §5.4).
pub fn random_authority(mut random: [u8; 16]) -> String {
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut random;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
    format!("{URN_UUID}{}", parts.join("-"))
}

/// Tells whether `text` is an absolute IRI: a scheme, something after it, and no character that RFC
/// 3987 leaves out.
fn is_absolute_iri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let is_barred = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`')
    };
    if !is_scheme || rest.is_empty() || text.contains(is_barred) {
        return false;
    }
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    !is_web || (rest.starts_with("//") && Url::parse(text).is_ok_and(|url| url.has_host()))
}

/// Hashes `name` under `authority` into a UUID of version 8.
fn derived_uuid(authority: &str, name: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(authority.as_bytes());
    hasher.update(&[0]);
    hasher.update(name.as_bytes());
    let bits = hasher
        .finalize()
        .as_bytes()
        .iter()
        .take(16)
        .fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    let versioned = (bits & !(0xf << 76)) | (0x8 << 76);
    let varied = (versioned & !(0x3 << 62)) | (0x2 << 62);
    let hex = format!("{varied:032x}");
    let cuts = [0..8, 8..12, 12..16, 16..20, 20..32];
    let groups: Vec<&str> = cuts.into_iter().filter_map(|cut| hex.get(cut)).collect();
    format!("{URN_UUID}{}", groups.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "news.example,2026";
    const UUID: &str = "urn:uuid:0d0f6a3e-6b4c-4e0e-9a64-6f1f2a3b4c5d";

    fn entry(kind: GuidKind, guid: &str) -> Entry {
        Entry { guid: Some(guid.to_owned()), guid_kind: kind, ..Entry::default() }
    }

    #[test]
    fn the_publishers_id_stands_where_r5_and_r6_say_so() {
        let source = SourceId::new("a");
        let key = EntryKey::own(&source, "x");
        let minted = minted(&key, &source, TAG);
        let cases = [
            ("atom id", GuidKind::AtomId, "tag:x,2020:1", true),
            ("atom id that is a bad IRI (R5)", GuidKind::AtomId, "not an iri", true),
            ("guid that is a URL", GuidKind::Guid, "https://x.example/?p=1", true),
            ("opaque guid that is a URL", GuidKind::OpaqueGuid, "https://x.example/?p=1", true),
            ("opaque guid that is a urn", GuidKind::OpaqueGuid, "urn:isbn:123", true),
            ("bare number", GuidKind::Guid, "12345", false),
            ("words with a colon", GuidKind::Guid, "Breaking: news", false),
            ("scheme with a digit first", GuidKind::OpaqueGuid, "1a:b", false),
            ("scheme only", GuidKind::OpaqueGuid, "http:", false),
            ("http without a host", GuidKind::Guid, "http:foo", false),
            ("json number", GuidKind::JsonId, "17", false),
            ("json URL", GuidKind::JsonId, "https://x.example/1", true),
            ("empty atom id", GuidKind::AtomId, "", false),
        ];
        for (name, kind, guid, is_own) in cases {
            let id = public_id(&entry(kind, guid), &key, &source, TAG);
            assert_eq!(id, if is_own { guid.to_owned() } else { minted.clone() }, "{name}");
        }
        assert_eq!(public_id(&Entry::default(), &key, &source, TAG), minted, "no guid");
    }

    #[test]
    fn minted_ids_are_tags_or_version_8_uuids() {
        let source = SourceId::new("a");
        let key = EntryKey::own(&source, "x");
        let tag = minted(&key, &source, TAG);
        let slug = tag.strip_prefix("tag:news.example,2026:").unwrap();
        assert_eq!(slug.len(), 16);
        for id in [minted(&key, &source, UUID), feed_id(UUID, "all")] {
            let groups: Vec<&str> = id.strip_prefix("urn:uuid:").unwrap().split('-').collect();
            assert_eq!(groups.iter().map(|g| g.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
            assert!(groups[2].starts_with('8'), "version 8: {id}");
            assert!(groups[3].starts_with(['8', '9', 'a', 'b']), "variant of RFC 9562: {id}");
        }
    }

    #[test]
    fn minted_ids_differ_by_key_source_and_authority() {
        let (a, b) = (SourceId::new("a"), SourceId::new("b"));
        let key = EntryKey::own(&a, "x");
        let ids = [
            minted(&key, &a, TAG),
            minted(&key, &b, TAG),
            minted(&EntryKey::own(&a, "y"), &a, TAG),
            minted(&key, &a, UUID),
            minted(&key, &a, "urn:uuid:00000000-0000-4000-8000-000000000000"),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }

    #[test]
    fn a_feed_id_names_the_feed_and_not_the_host() {
        assert_eq!(feed_id(TAG, "category/thoi-su"), "tag:news.example,2026:feed/category/thoi-su");
        assert_ne!(feed_id(UUID, "all"), feed_id(UUID, "date/2026-01-01"));
    }
}
