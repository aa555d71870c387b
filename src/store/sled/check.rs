//! Compares everything in the store with everything else.

use std::collections::{HashMap, HashSet};

use super::StoreError;
use super::live::Live;
use super::open::{entry, number, source};
use crate::model::entry::{EntryNo, Held, Story, StoryNo};
use crate::model::source::SourceId;
use crate::model::verdict::{Claim, EntryKey, KeyKind};
use crate::store::Progress;
use crate::store::codec::{Key, decode_claim, decode_story};
use crate::store::index::is_published;

/// Findings reported; the rest is counted.
const FINDINGS_MAX: usize = 1_000;
/// Records between two tellings of progress.
const PROGRESS_EVERY: u64 = 1_000;

/// Returns what does not agree, in words.
pub(super) fn check(store: &Live, on_progress: &mut dyn FnMut(Progress)) -> Vec<String> {
    let total = store.memory().tally.records();
    let mut walk = Walk {
        store,
        on_progress,
        done: 0,
        total,
        findings: Vec::new(),
        unreported: 0,
        owners: HashMap::new(),
    };
    let stories = walk.stories();
    let entries = walk.entries();
    for no in walk.owners.keys().copied().filter(|no| !entries.contains(no)).collect::<Vec<_>>() {
        walk.find(format!("{}: missing, though a story lists it", Key::Entry(no)));
    }
    for kind in [KeyKind::Own, KeyKind::Url, KeyKind::Apart, KeyKind::Name] {
        walk.claims(kind, &entries);
    }
    walk.states();
    walk.counts(stories, entries.len());
    if walk.unreported > 0 {
        walk.findings.push(format!("and {} more", walk.unreported));
    }
    walk.findings
}

struct Walk<'s> {
    store: &'s Live,
    on_progress: &'s mut dyn FnMut(Progress),
    done: u64,
    total: u64,
    findings: Vec<String>,
    unreported: usize,
    /// The story that each entry is listed by.
    owners: HashMap<EntryNo, StoryNo>,
}

/// Names the records of a kind.
fn name(kind: Key<'_>) -> &'static str {
    match kind {
        Key::Meta(_) => "facts",
        Key::Dictionary(_) => "dictionaries",
        Key::Entry(_) => "entries",
        Key::Story(_) => "stories",
        Key::Claim(_) => "claims",
        Key::State(_) | Key::Document(_) => "states of sources",
    }
}

/// Says what follows when a record of a kind cannot be read.
fn consequence(kind: Key<'_>) -> &'static str {
    match kind {
        Key::Meta(_) => "the store does not open",
        Key::Dictionary(_) => "the texts packed with it are lost",
        Key::Entry(_) => "its text is missing in the feeds",
        Key::Story(_) => "it is missing in the feeds",
        Key::Claim(_) => "the article may come again as new",
        Key::State(_) | Key::Document(_) => "the source is polled whole again",
    }
}

/// How many stories there are.
#[derive(Default)]
struct Stories {
    all: usize,
    published: usize,
}

impl Walk<'_> {
    fn find(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.unreported += 1;
        }
    }

    /// Hands each record of a kind to `read`; what it fails to read is a finding.
    fn each(
        &mut self,
        kind: Key<'_>,
        mut read: impl FnMut(&mut Self, &[u8], &[u8]) -> Result<(), StoreError>,
    ) {
        let mut damages = Vec::new();
        let records = &self.store.records;
        records.sweep(
            kind,
            &mut |key, first| {
                self.done += 1;
                if self.done.is_multiple_of(PROGRESS_EVERY) {
                    (self.on_progress)(Progress { done: self.done, total: self.total });
                }
                if let Err(error) = read(self, key, first) {
                    self.find(format!("{error}; {}", consequence(kind)));
                }
            },
            &mut |error| damages.push(error),
        );
        for damage in damages {
            self.find(format!("{damage}, among {}; {}", name(kind), consequence(kind)));
        }
    }

    fn stories(&mut self) -> Stories {
        let mut stories = Stories::default();
        self.each(Key::Story(StoryNo(0)), |walk, bytes, first| {
            let no = StoryNo(number(bytes).unwrap_or_default());
            let record = walk.store.records.join(Key::Story(no), bytes, first)?;
            let story = decode_story(no, &record, &walk.store.packer)?;
            stories.all += 1;
            stories.published += usize::from(is_published(&story));
            walk.story(&story)
        });
        stories
    }

    fn story(&mut self, story: &Story) -> Result<(), StoreError> {
        let key = Key::Story(story.no);
        if let Some(into) = story.merged_into {
            if self.store.records.get(Key::Story(into))?.is_none() {
                self.find(format!("{key}: merged into {}, which is missing", Key::Story(into)));
            }
            return Ok(());
        }
        let is_tombstone = story.is_withdrawn && story.members.is_empty();
        if !is_tombstone && !story.members.iter().any(|member| member.entry == story.representative)
        {
            self.find(format!("{key}: its representative is none of its copies"));
        }
        for member in &story.members {
            if let Some(other) = self.owners.insert(member.entry, story.no) {
                let entry = Key::Entry(member.entry);
                self.find(format!("{entry}: in {key} and in {}", Key::Story(other)));
            }
        }
        Ok(())
    }

    fn entries(&mut self) -> HashSet<EntryNo> {
        let mut entries = HashSet::new();
        self.each(Key::Entry(EntryNo(0)), |walk, bytes, first| {
            let no = entry(bytes).unwrap_or(EntryNo(0));
            entries.insert(no);
            let key = Key::Entry(no);
            let record = walk.store.records.join(key, bytes, first)?;
            let held = Held::decode(no, &record, &walk.store.packer)?;
            if walk.owners.get(&no) != Some(&held.story) {
                walk.find(format!("{key}: {} does not list it", Key::Story(held.story)));
            }
            Ok(())
        });
        entries
    }

    fn claims(&mut self, kind: KeyKind, entries: &HashSet<EntryNo>) {
        let any = EntryKey { kind, hash: [0; 16] };
        self.each(Key::Claim(any), |walk, bytes, first| {
            let hash = bytes.get(1..).and_then(|hash| hash.try_into().ok()).unwrap_or_default();
            let claim = EntryKey { kind, hash };
            let key = Key::Claim(claim);
            let record = walk.store.records.join(key, bytes, first)?;
            match decode_claim(claim, &record)? {
                Claim::Entry(no) if !entries.contains(&no) => {
                    walk.find(format!("{key}: leads to {}, which is missing", Key::Entry(no)));
                }
                Claim::Entry(_) | Claim::Barred | Claim::Withheld(_) => {}
            }
            Ok(())
        });
    }

    fn states(&mut self) {
        let none = SourceId::new("");
        let mut known = HashSet::new();
        self.each(Key::State(&none), |walk, bytes, first| {
            if let Some(id) = source(bytes) {
                walk.store.records.join(Key::State(&id), bytes, first)?;
                known.insert(id);
            }
            Ok(())
        });
        self.each(Key::Document(&none), |walk, bytes, first| {
            if let Some(id) = source(bytes) {
                walk.store.records.join(Key::Document(&id), bytes, first)?;
                if !known.contains(&id) {
                    walk.find(format!("{}: without a state", Key::Document(&id)));
                }
            }
            Ok(())
        });
    }

    fn counts(&mut self, stories: Stories, entries: usize) {
        let (tally, published) = {
            let memory = self.store.memory();
            (memory.tally, memory.index.published())
        };
        let counts = [
            ("entries", tally.entries, entries),
            ("stories", tally.stories, stories.all),
            ("published stories", published, stories.published),
        ];
        for (name, counted, found) in counts {
            if u64::try_from(found) != Ok(counted) {
                self.find(format!("{found} {name} are there, {counted} are counted"));
            }
        }
    }
}
