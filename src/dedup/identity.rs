//! The claims by which an entry is known again: its own key within its source, and its URLs.
//!
//! RFC 4287 §4.2.6: an `atom:id` is compared byte for byte, and only within its source (P84, P87).
//! Where one document repeats a claim on items with different titles, the claim alone is not
//! trusted (P86).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::entry::Entry;
use crate::model::source::SourceId;
use crate::model::text::{canonical_url, fold, is_http};
use crate::model::verdict::EntryKey;

/// The keys of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The claim it is known by within its source.
    pub own: EntryKey,
    /// Narrower claims, looked up before `own`: an entry has one where a document, now or before,
    /// made its wider claim on another item too.
    pub also: Vec<EntryKey>,
    /// Canonical URLs, best first, without homepages and those that this document bars.
    pub urls: Vec<EntryKey>,
    /// Link and title together: by it an item that was kept back for good stays so under another
    /// guid. `None` where one of them is missing.
    pub page: Option<EntryKey>,
}

impl Identity {
    /// Returns the keys by which the item may be known within its source, in the order to ask.
    pub fn own_keys(&self) -> impl Iterator<Item = &EntryKey> {
        self.also.iter().chain(std::iter::once(&self.own))
    }
}

/// The keys of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Of each item, in the order given. `None`: the item was not read, or another item of the
    /// document makes the same claim and is the later version (P86): leave it out.
    pub items: Vec<Option<Identity>>,
    /// URL keys that are of no use from here on, for any source: enter them as `Claim::Barred`,
    /// also where they lead somewhere, before the first item is decided.
    pub bars: Vec<EntryKey>,
}

/// Returns the keys of a document's items, in document order. `None` stands for an item that was
/// not read because its bytes are known.
pub fn identify(source: &SourceId, items: &[Option<&Entry>]) -> Document {
    let claims: Vec<Option<Claims>> = items.iter().map(|item| item.map(Claims::of)).collect();
    let distrusts_guids = repeats_with_other_titles(&claims, |claims| claims.guid.as_deref());
    let links = |claims: &Claims| match claims.guid {
        Some(_) => None,
        None => claims.link.clone(),
    };
    let distrusted_links = repeated_with_other_titles(&claims, |claims| links(claims));
    let repeated_titles = repeated_with_other_texts(&claims);
    let bars = barred(&claims);
    let mut identities: Vec<Option<Identity>> = Vec::with_capacity(items.len());
    let mut places: BTreeMap<EntryKey, usize> = BTreeMap::new();
    for (at, claims) in claims.iter().enumerate() {
        let Some(claims) = claims else {
            identities.push(None);
            continue;
        };
        let identity =
            claims.identity(source, distrusts_guids, &distrusted_links, &repeated_titles, &bars);
        match places.get(&identity.own).copied() {
            Some(earlier) if version(items, earlier) >= version(items, at) => {
                identities.push(None);
            }
            Some(earlier) => {
                if let Some(superseded) = identities.get_mut(earlier) {
                    *superseded = None;
                }
                places.insert(identity.own, at);
                identities.push(Some(identity));
            }
            None => {
                places.insert(identity.own, at);
                identities.push(Some(identity));
            }
        }
    }
    Document { items: identities, bars: bars.into_iter().collect() }
}

/// What orders two items of one claim; equal ones: the first in the document stands.
fn version(items: &[Option<&Entry>], at: usize) -> Option<Timestamp> {
    let entry = items.get(at).copied().flatten()?;
    entry.updated.or(entry.published)
}

/// What one item claims.
struct Claims {
    guid: Option<String>,
    /// Canonical link, unless it is a homepage.
    link: Option<String>,
    /// Canonical guid, where it is a web address and no homepage.
    guid_url: Option<String>,
    title: String,
    /// Title and day, for an item without guid and link.
    title_and_day: String,
    /// Date and text, hashed, for one whose title and day others have too; 0 where it has a guid
    /// or a link.
    text: u64,
}

/// Letters of the text that stand in for a missing title.
const TEXT_CHARS: usize = 200;

impl Claims {
    fn of(entry: &Entry) -> Self {
        let web = |url: &str| {
            let url = is_http(url.trim()).then(|| canonical_url(url))?;
            (!url.is_homepage).then_some(url.key)
        };
        let guid = entry.guid.as_deref().map(str::trim).filter(|guid| !guid.is_empty());
        let link = entry.orig_link.as_deref().or(entry.link.as_deref());
        let title = fold(&entry.title).trim().to_owned();
        let day = entry.published.map(|published| published.as_second().div_euclid(86_400));
        let named = if title.is_empty() {
            let text = entry.content.as_deref().or(entry.summary.as_deref()).unwrap_or("");
            fold(&text.chars().take(TEXT_CHARS).collect::<String>())
        } else {
            title.clone()
        };
        let day = day.map(|day| day.to_string()).unwrap_or_default();
        Self {
            guid: guid.map(str::to_owned),
            link: link.and_then(web),
            guid_url: guid.and_then(web),
            title_and_day: format!("{named}\n{day}"),
            text: if guid.is_none() && link.is_none() { text_of(entry) } else { 0 },
            title,
        }
    }

    fn identity(
        &self,
        source: &SourceId,
        distrusts_guids: bool,
        distrusted_links: &BTreeSet<String>,
        repeated_titles: &BTreeSet<String>,
        bars: &BTreeSet<EntryKey>,
    ) -> Identity {
        let own_key = |claim: &str| EntryKey::own(source, claim);
        let link = self.link.as_deref();
        let with_link = |claim: &str| own_key(&format!("{claim}\n{}", link.unwrap_or(&self.title)));
        let (own, also) = match (&self.guid, link) {
            (Some(guid), _) if distrusts_guids => (with_link(guid), Vec::new()),
            (Some(guid), _) => (own_key(guid), vec![with_link(guid)]),
            (None, Some(link)) if distrusted_links.contains(link) => {
                (with_link(&self.title_and_day), Vec::new())
            }
            (None, Some(link)) => (own_key(link), vec![with_link(&self.title_and_day)]),
            // P85: where the title does not tell them apart, date and text do.
            (None, None) if repeated_titles.contains(&self.title_and_day) => {
                (own_key(&format!("{}\n{}", self.title_and_day, self.text)), Vec::new())
            }
            (None, None) => (own_key(&self.title_and_day), Vec::new()),
        };
        let mut urls: Vec<EntryKey> = Vec::new();
        for url in [&self.link, &self.guid_url].into_iter().flatten() {
            let key = EntryKey::url(url);
            if !bars.contains(&key) && !urls.contains(&key) {
                urls.push(key);
            }
        }
        let page = self.link.as_ref().filter(|_| !self.title.is_empty());
        let page = page.map(|link| own_key(&format!("page\n{link}\n{}", self.title)));
        Identity { own, also, urls, page }
    }
}

/// Returns a hash of an item's date and text.
fn text_of(entry: &Entry) -> u64 {
    let text = entry.content.as_deref().or(entry.summary.as_deref()).unwrap_or("");
    let at = entry.published.map_or(0, Timestamp::as_second);
    xxhash_rust::xxh3::xxh3_64_with_seed(text.as_bytes(), at.cast_unsigned())
}

/// Returns the titles with days that two items have, with different texts, guid and link missing.
fn repeated_with_other_texts(claims: &[Option<Claims>]) -> BTreeSet<String> {
    let mut texts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut repeated = BTreeSet::new();
    for claims in claims.iter().flatten().filter(|it| it.guid.is_none() && it.link.is_none()) {
        let first = *texts.entry(&claims.title_and_day).or_insert(claims.text);
        if first != claims.text {
            repeated.insert(claims.title_and_day.clone());
        }
    }
    repeated
}

/// Returns the claims that two items with different titles make.
fn repeated_with_other_titles(
    claims: &[Option<Claims>],
    claim: impl Fn(&Claims) -> Option<String>,
) -> BTreeSet<String> {
    let mut titles: BTreeMap<String, &str> = BTreeMap::new();
    let mut repeated = BTreeSet::new();
    for claims in claims.iter().flatten() {
        let Some(claim) = claim(claims) else { continue };
        let first = titles.entry(claim.clone()).or_insert(&claims.title);
        if *first != claims.title {
            repeated.insert(claim);
        }
    }
    repeated
}

fn repeats_with_other_titles<'a>(
    claims: &'a [Option<Claims>],
    claim: impl Fn(&'a Claims) -> Option<&'a str>,
) -> bool {
    let mut titles: BTreeMap<&str, &str> = BTreeMap::new();
    claims.iter().flatten().any(|claims| {
        claim(claims)
            .is_some_and(|claim| *titles.entry(claim).or_insert(&claims.title) != claims.title)
    })
}

/// Returns the URLs under which two different guids have different titles: status pages, podcasts.
fn barred(claims: &[Option<Claims>]) -> BTreeSet<EntryKey> {
    let mut firsts: BTreeMap<&str, Vec<&Claims>> = BTreeMap::new();
    let mut bars = BTreeSet::new();
    for claims in claims.iter().flatten() {
        let Some(link) = claims.link.as_deref() else { continue };
        let seen = firsts.entry(link).or_default();
        let differs = |other: &&&Claims| other.guid != claims.guid && other.title != claims.title;
        if seen.iter().any(|other| differs(&other)) {
            bars.insert(EntryKey::url(link));
        }
        // Two different ones are enough to find any third that differs from one of them.
        if seen.len() < 2 {
            seen.push(claims);
        }
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(guid: &str, link: &str, title: &str) -> Entry {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Entry { guid: text(guid), link: text(link), title: title.to_owned(), ..Entry::default() }
    }

    fn identified(items: &[Entry]) -> Document {
        let items: Vec<Option<&Entry>> = items.iter().map(Some).collect();
        identify(&SourceId::new("paper"), &items)
    }

    fn own(item: Entry) -> EntryKey {
        identified(&[item]).items.remove(0).unwrap().own
    }

    const URL: &str = "https://a.example/x";

    #[test]
    fn an_entry_is_known_by_guid_else_link_else_title_and_day() {
        let day = |text: &str| Some(text.parse().unwrap());
        let untitled = |text: &str| Entry { content: Some(text.to_owned()), ..Entry::default() };
        let same = [
            ("guid, other link and title", item("1", URL, "A"), item("1", "", "B")),
            ("link in another form", item("", URL, "A"), item("", "http://www.a.example/x/", "B")),
            ("title, folded", item("", "", "Hà Nội"), item("", "", "HA NOI ")),
            ("a homepage is no link", item("", "https://a.example/", "A"), item("", "", "A")),
        ];
        for (name, a, b) in same {
            assert_eq!(own(a), own(b), "{name}");
        }
        let monday = Entry { published: day("2024-11-18T09:00:00Z"), ..item("", "", "A") };
        let tuesday = Entry { published: day("2024-11-19T09:00:00Z"), ..item("", "", "A") };
        let other = [
            ("guids are compared byte for byte (P84)", item("a", URL, "A"), item("A", URL, "A")),
            (
                "guids that look like one URL",
                item(URL, "", "A"),
                item("http://a.example/x", "", "A"),
            ),
            ("one title on two days", monday, tuesday),
            ("no title, other text", untitled("Một"), untitled("Hai")),
        ];
        for (name, a, b) in other {
            assert_ne!(own(a), own(b), "{name}");
        }
    }

    #[test]
    fn ids_are_scoped_to_their_source() {
        let entry = item("1", "", "A");
        let of = |source: &str| identify(&SourceId::new(source), &[Some(&entry)]);
        assert_ne!(of("a"), of("b"));
    }

    #[test]
    fn a_guid_repeated_with_another_link_is_another_item() {
        let found = identified(&[
            item("1", "https://a.example/x", "A"),
            item("1", "https://a.example/y", "B"),
            item("2", "https://a.example/z", "C"),
        ]);
        let owns: BTreeSet<EntryKey> = found.items.iter().flatten().map(|item| item.own).collect();
        assert_eq!(owns.len(), 3);
        assert!(!owns.contains(&own(item("2", "https://a.example/z", "C"))), "guids not trusted");
    }

    #[test]
    fn what_a_distrusted_guid_was_known_by_is_asked_first_when_it_is_trusted_again() {
        let alone = identified(&[item("1", URL, "A")]).items.remove(0).unwrap();
        let both = identified(&[item("1", URL, "A"), item("1", "https://a.example/y", "B")]);
        let narrow = both.items.first().cloned().flatten().unwrap().own;
        assert_eq!(alone.own_keys().copied().collect::<Vec<_>>(), [narrow, alone.own]);
    }

    #[test]
    fn of_one_guid_and_link_the_last_updated_stands() {
        let at = |text: &str, title: &str| Entry {
            updated: Some(text.parse().unwrap()),
            ..item("1", URL, title)
        };
        let cases = [
            ("later first", "2024-11-19T09:00:00Z", "2024-11-18T09:00:00Z", [true, false]),
            ("later last", "2024-11-18T09:00:00Z", "2024-11-19T09:00:00Z", [false, true]),
            ("equal: the first", "2024-11-18T09:00:00Z", "2024-11-18T09:00:00Z", [true, false]),
        ];
        for (name, first, second, stands) in cases {
            let found = identified(&[at(first, "A"), at(second, "A")]);
            let found: Vec<bool> = found.items.iter().map(Option::is_some).collect();
            assert_eq!(found, stands, "{name}");
        }
    }

    #[test]
    fn a_url_of_two_entries_is_barred() {
        let page = "https://status.example/now";
        let key = EntryKey::url("status.example/now");
        let cases = [
            ("other guid and title", item("1", page, "A"), item("2", page, "B"), true),
            ("other guid, same title", item("1", page, "A"), item("2", page, "a"), false),
            ("same guid", item("1", page, "A"), item("1", page, "B"), false),
        ];
        for (name, a, b, is_barred) in cases {
            let found = identified(&[a, b]);
            assert_eq!(found.bars.contains(&key), is_barred, "{name}");
            let is_used = found.items.iter().flatten().any(|item| item.urls.contains(&key));
            assert_eq!(is_used, !is_barred, "{name}");
        }
    }

    #[test]
    fn urls_are_the_true_link_then_the_guid() {
        let entry = Entry {
            orig_link: Some("https://a.example/x".to_owned()),
            ..item("https://b.example/?p=1", "https://feeds.example/~r/1", "A")
        };
        let found = identified(&[entry]).items.remove(0).unwrap();
        assert_eq!(found.urls, [EntryKey::url("a.example/x"), EntryKey::url("b.example/?p=1")]);
        let home = identified(&[item("tag:a,1", "https://a.example/", "A")]);
        assert_eq!(home.items.first().cloned().flatten().unwrap().urls, []);
    }

    #[test]
    fn items_not_read_keep_their_place() {
        let entry = item("1", URL, "A");
        let found = identify(&SourceId::new("paper"), &[None, Some(&entry), None]);
        let places: Vec<bool> = found.items.iter().map(Option::is_some).collect();
        assert_eq!(places, [false, true, false]);
    }
}
