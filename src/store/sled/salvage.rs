//! `verify --repair`: makes a whole store of what can be read of a damaged one.
//!
//! What is readable is copied into a new generation and made to agree: a story without its copies
//! goes, copies without their story get one, keys are made anew from the entries. Sources whose
//! entries were lost are polled whole again. The damaged directory is moved to `quarantine/` and
//! never deleted. A database that does not open at all goes there as it is, and an empty one of the
//! same birth takes its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::generation::Generation;
use super::manifest::Manifest;
use super::open::{self, entry, number, source};
use super::records::Records;
use super::{SledOptions, SledStore, StoreError, failure};
use crate::model::entry::{EntryNo, Held, Member, Story, StoryNo};
use crate::model::ids;
use crate::model::source::{SourceId, SourceState};
use crate::model::text::canonical;
use crate::model::verdict::{Claim, EntryKey, KeyKind};
use crate::store::Birth;
use crate::store::codec::{
    Key, Packer, Tally, decode_claim, decode_document, decode_state, decode_story, encode_claim,
    encode_document, encode_state, encode_story, seal, unseal,
};

const QUARANTINE: &str = "quarantine";
const BIRTH_NAME: &str = "BIRTH";
/// Numbers left out when it is not known which were given last: none is given twice.
const NUMBERS_SPARE: u64 = 10_000;

/// What a repair did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// Entries saved.
    pub entries: u64,
    /// Stories saved.
    pub stories: u64,
    /// What was not, and what was done about it, in words.
    pub lost: Vec<String>,
    /// Where the damaged database is now.
    pub quarantine: PathBuf,
}

impl SledStore {
    /// Makes the store in `dir` whole again, as far as it can be read. `birth` is for a store that
    /// cannot even tell its own. Not while someone has it open: `Busy`.
    pub fn repair(dir: &Path, birth: &Birth, options: SledOptions) -> Result<Repaired, StoreError> {
        let _lock = open::lock(dir)?;
        let manifest = manifest(dir)?;
        let damaged = manifest.live(dir);
        let mut next = Generation::begin(dir, &manifest, options)?;
        let mut saved = Saved::default();
        let birth = remembered_birth(dir).unwrap_or_else(|| birth.clone());
        let mut records = None;
        if damaged.exists() {
            match open::engine(&damaged, options) {
                Ok(db) => saved.read(records.insert(Records::new(db))),
                Err(error) => {
                    saved.lost.push(format!("the database does not open ({error}): all of it"));
                }
            }
        }
        saved.compare(&manifest);
        saved.agree();
        let tally = saved.write(records.as_ref(), &mut next, &manifest, &birth)?;
        drop(records);
        let quarantine = next.finish_beside(dir, &tally, &damaged)?;
        let Saved { entries, stories, lost, .. } = saved;
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (entries, stories) = (count(entries.len()), count(stories.len()));
        Ok(Repaired { entries, stories, lost, quarantine })
    }
}

/// Reads the manifest; without a readable one, the newest database there is.
fn manifest(dir: &Path) -> Result<Manifest, StoreError> {
    match Manifest::read(dir) {
        Ok(Some(manifest)) => Ok(manifest),
        Err(error @ StoreError::NewerFormat { .. }) => Err(error),
        Ok(None) | Err(_) => {
            let generations =
                open::generations(dir).map_err(failure::io_failed("list the directory"))?;
            let number = |path: &PathBuf| path.file_name()?.to_str()?.get(4..)?.parse::<u32>().ok();
            let newest = generations.iter().filter_map(number).max();
            Ok(Manifest { generation: newest.unwrap_or(1), ..Manifest::NEW })
        }
    }
}

/// What could be read.
#[derive(Default)]
struct Saved {
    birth: Option<Birth>,
    tally: Option<Tally>,
    packer: Packer,
    dictionaries: BTreeMap<u32, Vec<u8>>,
    stories: BTreeMap<StoryNo, Story>,
    entries: BTreeMap<EntryNo, Copied>,
    claims: BTreeMap<EntryKey, Claim>,
    states: BTreeMap<SourceId, SourceState>,
    lost: Vec<String>,
    /// Sources that are polled whole again.
    whole: BTreeSet<SourceId>,
}

/// What is needed to know of an entry; its record is copied as it is.
struct Copied {
    member: Member,
    story: StoryNo,
    own: EntryKey,
    url: Option<EntryKey>,
    /// Of a story that is lost.
    public_id: Option<String>,
}

impl Saved {
    fn copied(&self, held: &Held) -> Copied {
        let link = held.entry.orig_link.as_deref().or(held.entry.link.as_deref());
        let authority = self.birth.as_ref().map_or("", |birth| birth.id_authority.as_str());
        let public_id = (!self.stories.contains_key(&held.story))
            .then(|| ids::public_id(&held.entry, &held.key, &held.source, authority));
        Copied {
            member: Member {
                entry: held.no,
                source: held.source.clone(),
                date: held.date(),
                number: None,
            },
            story: held.story,
            own: held.key,
            url: link.map(|link| EntryKey::url(&canonical(link))),
            public_id,
        }
    }

    fn read(&mut self, records: &Records) {
        self.read_facts(records);
        self.read_stories(records);
        self.read_entries(records);
        for kind in [KeyKind::Own, KeyKind::Url] {
            self.read_claims(records, kind);
        }
        self.read_states(records);
    }

    /// Hands each record of a kind to `take`; remembers what is lost.
    fn each(
        &mut self,
        records: &Records,
        kind: Key<'_>,
        mut take: impl FnMut(&mut Self, &[u8], &[u8]) -> Result<(), StoreError>,
    ) {
        let mut lost = Vec::new();
        records.sweep(
            kind,
            &mut |key, first| {
                if let Err(error) = take(self, key, first) {
                    self.lost.push(error.to_string());
                }
            },
            &mut |error| lost.push(error.to_string()),
        );
        self.lost.extend(lost);
    }

    fn read_facts(&mut self, records: &Records) {
        let read = |key| records.get(key).ok().flatten();
        self.birth = read(Birth::KEY).and_then(|record| Birth::decode(&record).ok());
        self.tally = read(Tally::KEY).and_then(|record| Tally::decode(&record).ok());
        self.each(records, Key::Dictionary(0), |saved, bytes, first| {
            let id = number(bytes).and_then(|id| u32::try_from(id).ok()).unwrap_or_default();
            let key = Key::Dictionary(id);
            let dictionary = unseal(key, &records.join(key, bytes, first)?)?.to_vec();
            saved.packer.teach(id, &dictionary);
            saved.dictionaries.insert(id, dictionary);
            Ok(())
        });
    }

    fn read_stories(&mut self, records: &Records) {
        self.each(records, Key::Story(StoryNo(0)), |saved, bytes, first| {
            let no = StoryNo(number(bytes).unwrap_or_default());
            let record = records.join(Key::Story(no), bytes, first)?;
            saved.stories.insert(no, decode_story(no, &record, &saved.packer)?);
            Ok(())
        });
    }

    fn read_entries(&mut self, records: &Records) {
        self.each(records, Key::Entry(EntryNo(0)), |saved, bytes, first| {
            let no = entry(bytes).unwrap_or(EntryNo(0));
            let record = records.join(Key::Entry(no), bytes, first)?;
            let copied = saved.copied(&Held::decode(no, &record, &saved.packer)?);
            saved.entries.insert(no, copied);
            Ok(())
        });
    }

    fn read_claims(&mut self, records: &Records, kind: KeyKind) {
        let any = Key::Claim(EntryKey { kind, hash: [0; 16] });
        self.each(records, any, |saved, bytes, first| {
            let hash = bytes.get(1..).and_then(|hash| hash.try_into().ok()).unwrap_or_default();
            let key = EntryKey { kind, hash };
            let record = records.join(Key::Claim(key), bytes, first)?;
            saved.claims.insert(key, decode_claim(key, &record)?);
            Ok(())
        });
    }

    fn read_states(&mut self, records: &Records) {
        let none = SourceId::new("");
        self.each(records, Key::State(&none), |saved, bytes, first| {
            let Some(id) = source(bytes) else { return Ok(()) };
            let record = records.join(Key::State(&id), bytes, first)?;
            let mut state = decode_state(&id, &record)?;
            let document = records.get(Key::Document(&id)).and_then(|record| {
                let record = record.unwrap_or_default();
                decode_document(&id, &record, &saved.packer, &mut state)
            });
            if let Err(error) = document {
                saved.lost.push(error.to_string());
                saved.whole.insert(id.clone());
            }
            saved.states.insert(id, state);
            Ok(())
        });
    }

    /// Notices what is gone without a trace: sled cuts a log at damage near its end, and opens well.
    fn compare(&mut self, manifest: &Manifest) {
        let commits = self.tally.map_or(0, |tally| tally.commits);
        if commits < manifest.commits {
            let missing = manifest.commits - commits;
            self.lost.push(format!("the newest {missing} batches, gone without a trace"));
            if let Some(tally) = &mut self.tally {
                tally.next_entry = tally.next_entry.saturating_add(NUMBERS_SPARE);
                tally.next_story = tally.next_story.saturating_add(NUMBERS_SPARE);
            }
        }
    }

    /// Makes what was read agree with itself.
    fn agree(&mut self) {
        self.drop_lost_copies();
        self.adopt_orphans();
        let stories: BTreeSet<StoryNo> = self.stories.keys().copied().collect();
        self.stories.retain(|_, story| match story.merged_into {
            Some(into) => stories.contains(&into),
            None => !story.members.is_empty(),
        });
        for (no, copied) in &self.entries {
            // The first to have a URL keeps it: entries come in order of arrival.
            for key in std::iter::once(copied.own).chain(copied.url) {
                self.claims.entry(key).or_insert(Claim::Entry(*no));
            }
        }
        let entries = &self.entries;
        self.claims
            .retain(|_, claim| !matches!(claim, Claim::Entry(no) if !entries.contains_key(no)));
        let has_lost = !self.lost.is_empty();
        for (id, state) in &mut self.states {
            let listed = state.listed.len();
            state.listed.retain(|item| item.entry.is_none_or(|no| entries.contains_key(&no)));
            if state.listed.len() < listed || self.whole.contains(id) || has_lost {
                state.validators = None;
                state.next_poll = None;
            }
        }
    }

    /// Takes copies that are lost out of their stories.
    fn drop_lost_copies(&mut self) {
        for story in self.stories.values_mut().filter(|story| story.merged_into.is_none()) {
            let (entries, no) = (&self.entries, story.no);
            let is_here = |member: &Member| {
                entries.get(&member.entry).is_some_and(|copied| copied.story == no)
            };
            for member in story.members.iter().filter(|member| !is_here(member)) {
                self.lost.push(format!("{} of {}", Key::Entry(member.entry), member.source));
                self.whole.insert(member.source.clone());
            }
            story.members.retain(is_here);
            let has_shown = story.members.iter().any(|m| m.entry == story.representative);
            if let Some(first) = story.members.first().filter(|_| !has_shown) {
                story.representative = first.entry;
            }
        }
    }

    /// Gives entries whose story is lost another of the same number.
    fn adopt_orphans(&mut self) {
        let authority = self.birth.as_ref().map_or("", |birth| birth.id_authority.as_str());
        let mut taken: BTreeSet<String> =
            self.stories.values().map(|story| story.public_id.clone()).collect();
        for copied in self.entries.values() {
            let Copied { member, story: no, own, public_id, .. } = copied;
            let story = self.stories.entry(*no).or_insert_with(|| {
                let mut public_id = public_id.clone().unwrap_or_default();
                if public_id.is_empty() || !taken.insert(public_id.clone()) {
                    public_id = ids::minted(own, &member.source, authority);
                }
                self.lost.push(format!("{}: made anew of its copies", Key::Story(*no)));
                Story { members: Vec::new(), ..Story::opened(*no, public_id, member.clone()) }
            });
            if !story.members.iter().any(|known| known.entry == member.entry) {
                story.members.push(member.clone());
            }
        }
    }

    fn write(
        &self,
        from: Option<&Records>,
        next: &mut Generation,
        manifest: &Manifest,
        birth: &Birth,
    ) -> Result<Tally, StoreError> {
        for (id, bytes) in &self.dictionaries {
            next.put_record(Key::Dictionary(*id), &seal(Key::Dictionary(*id), bytes))?;
        }
        for no in self.entries.keys().map(|no| Key::Entry(*no)) {
            if let Some(record) = from.map(|from| from.get(no)).transpose()?.flatten() {
                next.put_record(no, &record)?;
            }
        }
        for (id, state) in &self.states {
            next.put_record(Key::State(id), &encode_state(id, state)?)?;
            next.put_record(Key::Document(id), &encode_document(id, state, &self.packer)?)?;
        }
        let tally = self.tally_of(manifest);
        next.put_record(Birth::KEY, &self.birth.as_ref().unwrap_or(birth).encode()?)?;
        next.put_record(Tally::KEY, &tally.encode()?)?;
        for (key, claim) in &self.claims {
            next.put_record(Key::Claim(*key), &encode_claim(*key, *claim)?)?;
        }
        for (no, story) in &self.stories {
            next.put_record(Key::Story(*no), &encode_story(story, &self.packer)?)?;
        }
        Ok(tally)
    }

    fn tally_of(&self, manifest: &Manifest) -> Tally {
        let count = |count: usize| u64::try_from(count).unwrap_or(0);
        let known = self.tally.unwrap_or(Tally {
            commits: manifest.commits,
            next_entry: manifest.entries.saturating_add(NUMBERS_SPARE),
            next_story: manifest.stories.saturating_add(NUMBERS_SPARE),
            ..Tally::EMPTY
        });
        let last_entry = self.entries.last_key_value().map_or(0, |(no, _)| no.0);
        let last_story = self.stories.last_key_value().map_or(0, |(no, _)| no.0);
        Tally {
            commits: known.commits.max(manifest.commits).saturating_add(1),
            entries: count(self.entries.len()),
            stories: count(self.stories.len()),
            next_entry: known.next_entry.max(last_entry.saturating_add(1)),
            next_story: known.next_story.max(last_story.saturating_add(1)),
            opens: known.opens,
        }
    }
}

impl Generation {
    /// Has the manifest name the new generation, and moves the damaged one to the quarantine. It is
    /// marked before: a crash in between does not delete it.
    fn finish_beside(
        self,
        dir: &Path,
        tally: &Tally,
        damaged: &Path,
    ) -> Result<PathBuf, StoreError> {
        if damaged.exists() {
            fs::write(damaged.join(open::DAMAGED_NAME), "moved to quarantine by a repair\n")
                .map_err(failure::io_failed("mark the damaged database"))?;
        }
        self.finish(dir, tally)?;
        quarantine(dir, damaged).map_err(failure::io_failed("move the damaged database"))
    }
}

/// Writes beside the database what the store was born with, so that a database that does not open
/// leaves it behind: minted ids depend on it.
pub(super) fn remember_birth(dir: &Path, birth: &Birth) -> std::io::Result<()> {
    let path = dir.join(BIRTH_NAME);
    if path.exists() {
        return Ok(());
    }
    fs::write(&path, format!("{}\n{}\n", birth.now, birth.id_authority))?;
    fs::File::open(path)?.sync_all()
}

/// Replaces what `remember_birth` wrote.
pub(super) fn forget_birth(dir: &Path, birth: &Birth) -> std::io::Result<()> {
    match fs::remove_file(dir.join(BIRTH_NAME)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => remember_birth(dir, birth),
    }
}

pub(super) fn remembered_birth(dir: &Path) -> Option<Birth> {
    let text = fs::read_to_string(dir.join(BIRTH_NAME)).ok()?;
    let (now, rest) = text.split_once('\n')?;
    let id_authority = rest.strip_suffix('\n').filter(|authority| !authority.is_empty())?;
    Some(Birth { now: now.parse().ok()?, id_authority: id_authority.to_owned() })
}

/// Moves a damaged database into the quarantine; returns where it is.
pub(super) fn quarantine(dir: &Path, damaged: &Path) -> std::io::Result<PathBuf> {
    let folder = dir.join(QUARANTINE);
    let name = damaged.file_name().unwrap_or_default().to_string_lossy();
    fs::create_dir_all(&folder)?;
    let free = (0..u32::MAX).map(|n| match n {
        0 => folder.join(&*name),
        n => folder.join(format!("{name}.{n}")),
    });
    let place = free.into_iter().find(|place| !place.exists()).unwrap_or(folder);
    if damaged.exists() {
        fs::rename(damaged, &place)?;
    }
    Ok(place)
}
