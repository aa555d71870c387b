//! A sled store over its years: rewritten, kept within its retention, backed up, damaged, mended.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is how a test tells"
)]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use feedmill::ingest::retention::{self, Terms};
use feedmill::model::batch::Batch;
use feedmill::model::entry::{Entry, EntryNo, Fingerprint, GuidKind, Held, Slug, Story, StoryNo};
use feedmill::model::features::Marks;
use feedmill::model::selection::{Selection, Unit};
use feedmill::model::source::{ItemHash, Listed, SourceId, SourceState, Validators};
use feedmill::model::verdict::{Claim, EntryKey, Joined};
use feedmill::store::{
    BackupError, Birth, Health, MemoryStore, SledOptions, SledStore, Store, StoreError,
};
use jiff::{SignedDuration, Timestamp};

const DAY: i64 = 86_400;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + day * DAY).unwrap()
}

fn birth() -> Birth {
    Birth { now: at(0), id_authority: "news.example,2026".to_owned() }
}

fn open(dir: &Path) -> SledStore {
    SledStore::open(dir, &birth(), SledOptions::default()).unwrap()
}

fn source() -> SourceId {
    SourceId::new("bao")
}

fn own(no: u64) -> EntryKey {
    EntryKey::own(&source(), &format!("guid-{no}"))
}

fn link(no: u64) -> String {
    format!("https://bao.example/tin/{no}")
}

/// Some 2 KB of words that zstd packs like prose.
fn prose(no: u64) -> String {
    const WORDS: [&str; 16] = [
        "nước", "tỉnh", "người", "trong", "được", "những", "ngày", "theo", "công", "và", "một",
        "cho", "không", "đã", "thành", "phố",
    ];
    let mut seed = no.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = format!("<p>Tin số {no}:");
    for _ in 0..220 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        text.push(' ');
        text.push_str(WORDS[usize::try_from(seed >> 60).unwrap()]);
        text.push_str(&(seed >> 48 & 0xfff).to_string());
    }
    text + "</p>"
}

fn held(no: u64, day: i64) -> Held {
    Held {
        no: EntryNo(no),
        source: source(),
        story: StoryNo(no),
        key: own(no),
        entry: Entry {
            guid: Some(format!("guid-{no}")),
            guid_kind: GuidKind::Guid,
            link: Some(link(no)),
            title: format!("Tin số {no}"),
            content: Some(prose(no)),
            published: Some(at(day)),
            ..Entry::default()
        },
        first_seen: at(day),
        filed: None,
        closest: None,
        updated: at(day),
        first_listed: 1,
        fingerprint: Fingerprint { title: no, content: no, summary: 0 },
        marks: Marks {
            version: 1,
            keys: (no * 30..no * 30 + 30).collect(),
            mask: no,
            is_roundup: false,
        },
        credit: None,
        outlet: "bao.example".to_owned(),
        joined: Joined {
            rule: "opened".to_owned(),
            numbers: vec![("r".to_owned(), 0.1 + 0.2)],
            ..Joined::default()
        },
    }
}

fn story(held: &Held) -> Story {
    Story::opened(held.story, format!("tag:news.example,2026:{}", held.no.0), held.member())
}

fn add(batch: &mut Batch, no: u64, day: i64) {
    let held = held(no, day);
    batch.keys.insert(held.key, Claim::Entry(held.no));
    batch.keys.insert(EntryKey::url(&link(no)), Claim::Entry(held.no));
    batch.stories.insert(held.story, story(&held));
    batch.entries.insert(held.no, held);
}

fn state(listed: impl Iterator<Item = u64>) -> SourceState {
    SourceState {
        url: "https://bao.example/feed".to_owned(),
        validators: Some(Validators {
            etag: Some("\"1\"".to_owned()),
            last_modified: None,
            url: "https://bao.example/feed".to_owned(),
        }),
        fetch_no: 3,
        listed: listed
            .map(|no| Listed { item: ItemHash(no << 40), entry: Some(EntryNo(no)) })
            .collect(),
        ..SourceState::default()
    }
}

/// Fills a store: articles 1 to `count`, of the day that `day_of` says.
fn fill(store: &dyn Store, count: u64, day_of: impl Fn(u64) -> i64) {
    let numbers: Vec<u64> = (1..=count).collect();
    for chunk in numbers.chunks(50) {
        let mut batch = Batch::default();
        chunk.iter().for_each(|no| add(&mut batch, *no, day_of(*no)));
        let last = chunk.last().copied().unwrap();
        batch.states.insert(source(), state(last.saturating_sub(29)..last + 1));
        store.commit(batch).unwrap();
        store.sync().unwrap();
    }
}

fn stories(store: &dyn Store) -> Vec<u64> {
    let selection = Selection {
        unit: Unit::Stories,
        sources: vec![source()],
        from: None,
        until: None,
        after: None,
        limit: usize::MAX,
    };
    store.select(&selection).unwrap().iter().map(|place| place.no).collect()
}

fn bytes(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| if path.is_dir() { bytes(&path) } else { path.metadata().unwrap().len() })
        .sum()
}

/// Everything that can be asked of a store, in words.
fn contents(store: &dyn Store) -> Vec<String> {
    let stats = store.stats().unwrap();
    let mut all = vec![format!(
        "{:?} {:?} {} {}",
        stats.next_entry, stats.next_story, stats.created, stats.id_authority
    )];
    for no in 1..stats.next_entry.0 {
        all.push(format!("{:?}", store.entries(&[EntryNo(no)]).unwrap()));
        all.push(format!("{:?}", store.find(&[own(no), EntryKey::url(&link(no))]).unwrap()));
    }
    for no in 1..stats.next_story.0 {
        all.push(format!("{:?}", store.stories(&[StoryNo(no)]).unwrap()));
    }
    all.push(format!("{:?}", store.states().unwrap()));
    all.push(format!("{:?}", stories(store)));
    all
}

/// Ends what runs beside a test, also one that fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn retention_gives_disk_back_while_readers_go_on() {
    const COUNT: u64 = 5_000;
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()));
    // Of the last day are the newest 30 %.
    fill(store.as_ref(), COUNT, |no| if no > COUNT * 7 / 10 { 400 } else { 0 });
    let before = bytes(dir.path());
    let is_over = AtomicBool::new(false);
    let (compacted, reads) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0_u64;
            while !is_over.load(Ordering::Acquire) || reads < 100 {
                let no = COUNT - reads % 1_000;
                let held = store.entries(&[EntryNo(no)]).unwrap().remove(0).unwrap();
                assert_eq!(held.entry.content.as_deref(), Some(prose(no).as_str()));
                reads += 1;
            }
            reads
        });
        let _over = Over(&is_over);
        let terms = Terms { now: at(401), age: SignedDuration::from_hours(24 * 30) };
        let due = retention::due(store.as_ref(), &terms).unwrap();
        assert_eq!(due.fade.len(), 3_500);
        for chunk in due.fade.chunks(200) {
            retention::fade(store.as_ref(), &terms, chunk).unwrap();
        }
        let keeper = store.keeper().unwrap();
        assert!(keeper.waste().unwrap() > 0.1, "{} is wasted", keeper.waste().unwrap());
        let compacted = keeper.compact(&mut |_| {}).unwrap();
        is_over.store(true, Ordering::Release);
        (compacted, reader.join().unwrap())
    });
    let after = bytes(dir.path());
    println!("{before} bytes before, {after} after, {compacted:?}, {reads} reads");
    assert!(after * 4 < before * 3, "{before} bytes before, {after} after");
    assert!(store.keeper().unwrap().waste().unwrap() < 0.25, "once is enough");
    assert_eq!(stories(store.as_ref()).len(), 1_500);
    assert_eq!(store.check(), Vec::<String>::new());
    nothing_is_left_in_the_end(&store, dir.path(), before);
    // It goes on, and is whole when it is opened again.
    let mut batch = Batch::default();
    add(&mut batch, COUNT + 1, 401);
    store.commit(batch).unwrap();
    store.sync().unwrap();
    let expected = contents(store.as_ref());
    drop(store);
    let store = open(dir.path());
    assert_eq!(contents(&store), expected);
    assert_eq!(store.check(), Vec::<String>::new());
    assert_eq!(
        fs::read_dir(dir.path())
            .unwrap()
            .filter(|entry| {
                entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("gen-")
            })
            .count(),
        1,
        "the old one is gone"
    );
}

/// Two months on, nothing is left of those that no feed lists.
fn nothing_is_left_in_the_end(store: &SledStore, dir: &Path, before: u64) {
    let terms = Terms { now: at(460), age: SignedDuration::from_hours(24 * 90) };
    let due = retention::due(store, &terms).unwrap();
    assert_eq!((due.fade.len(), due.forget.len()), (0, 3_500));
    store.keeper().unwrap().forget(&due.forget).unwrap();
    store.keeper().unwrap().compact(&mut |_| {}).unwrap();
    let least = bytes(dir);
    assert!(least * 2 < before, "{before} bytes before, {least} in the end");
    assert_eq!(store.check(), Vec::<String>::new());
}

#[test]
fn what_is_left_tells_an_entry_while_it_is_listed_and_thirty_days_on() {
    let dir = tempfile::tempdir().unwrap();
    let sled = open(dir.path());
    let memory = MemoryStore::new(birth());
    let stores: [&dyn Store; 2] = [&sled, &memory];
    for store in stores {
        fill(store, 40, |_| 0);
        // The newest thirty, 11 to 40, are listed. The store is told only now and then.
        let terms = |day| Terms { now: at(day), age: SignedDuration::from_hours(24 * 10) };
        assert_eq!(retention::due(store, &terms(9)).unwrap(), retention::Due::default());
        let due = retention::due(store, &terms(11)).unwrap();
        assert_eq!((due.fade.len(), due.forget.len()), (40, 0));
        assert_eq!(retention::fade(store, &terms(11), &due.fade).unwrap(), 40);
        assert_eq!(stories(store), Vec::<u64>::new());
        let husk = store.entries(&[EntryNo(40)]).unwrap().remove(0).unwrap();
        assert_eq!((husk.entry.title.as_str(), &husk.entry.content), ("", &None));
        assert_eq!(husk.fingerprint, held(40, 0).fingerprint);
        assert_eq!(store.find(&[own(40)]).unwrap(), [Some(Claim::Entry(EntryNo(40)))]);
        assert_eq!(retention::due(store, &terms(11)).unwrap(), retention::Due::default());
        // A day on, it is noted that thirty are listed; after thirty more the other ten go.
        let due = retention::due(store, &terms(13)).unwrap();
        assert_eq!((due.fade.len(), due.forget.len()), (30, 0));
        assert_eq!(retention::fade(store, &terms(13), &due.fade).unwrap(), 0, "none anew");
        let due = retention::due(store, &terms(42)).unwrap();
        assert_eq!(due.forget, (1..=10).map(StoryNo).collect::<Vec<_>>());
    }
    let forget: Vec<StoryNo> = (1..=10).map(StoryNo).collect();
    sled.keeper().unwrap().forget(&forget).unwrap();
    for round in ["forgotten", "opened again"] {
        let sled = if round == "forgotten" { &sled } else { &open_again(dir.path()) };
        assert_eq!(sled.check(), Vec::<String>::new(), "{round}");
        assert_eq!(sled.stats().unwrap().entries, 30, "{round}");
        assert_eq!(
            sled.find(&[own(10), EntryKey::url(&link(10))]).unwrap(),
            [None, None],
            "{round}"
        );
        assert_eq!(sled.locate(&Slug::of("tag:news.example,2026:10")).unwrap(), None, "{round}");
        assert_eq!(sled.stats().unwrap().next_entry, EntryNo(41), "{round}: none is given twice");
        if round == "forgotten" {
            sled.sync().unwrap();
            copy_for_reading(dir.path());
        }
    }
}

/// Copies a store that is open, as a crash would leave it.
fn copy_for_reading(dir: &Path) {
    let to = dir.join("copy");
    fs::create_dir_all(to.join("gen-0001")).unwrap();
    fs::copy(dir.join("MANIFEST"), to.join("MANIFEST")).unwrap();
    for entry in fs::read_dir(dir.join("gen-0001")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join("gen-0001").join(path.file_name().unwrap())).unwrap();
        }
    }
}

fn open_again(dir: &Path) -> SledStore {
    open(&dir.join("copy"))
}

#[test]
fn a_backup_made_while_polling_restores_the_store_as_of_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("one"));
    fill(&store, 2_500, |no| i64::try_from(no / 100).unwrap());
    let (is_over, mut backup) = (AtomicBool::new(false), Vec::new());
    let totals = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut no = 2_501;
            while !is_over.load(Ordering::Acquire) {
                let mut batch = Batch::default();
                add(&mut batch, no, 30);
                // A known one changes as well.
                let mut changed = held(no - 2_000, 3);
                changed.entry.title = format!("lần {no}");
                batch.entries.insert(changed.no, changed);
                batch.states.insert(source(), state(no - 20..no));
                store.commit(batch).unwrap();
                no += 1;
            }
        });
        let _over = Over(&is_over);
        let keeper = store.keeper().unwrap();
        let totals = keeper.backup(at(31), &mut backup, &mut |_| {}).unwrap();
        is_over.store(true, Ordering::Release);
        totals
    });
    let other = dir.path().join("two");
    let restored = SledStore::restore(&other, &backup[..], SledOptions::default(), &mut |_| {});
    assert_eq!(restored.unwrap(), totals);
    let restored = open(&other);
    assert_eq!(restored.check(), Vec::<String>::new());
    assert_eq!(restored.stats().unwrap().health, Health::Ok);
    assert!(totals.entries > 2_500, "it was written to: {totals:?}");
    // With nobody writing, the copy of the copy is the same to the last word.
    let mut again = Vec::new();
    restored.keeper().unwrap().backup(at(31), &mut again, &mut |_| {}).unwrap();
    let third = dir.path().join("three");
    SledStore::restore(&third, &again[..], SledOptions::default(), &mut |_| {}).unwrap();
    assert_eq!(contents(&open(&third)), contents(&restored));
}

#[test]
fn a_backup_that_is_not_whole_restores_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("one"));
    fill(&store, 60, |_| 0);
    let mut backup = Vec::new();
    store.keeper().unwrap().backup(at(1), &mut backup, &mut |_| {}).unwrap();
    let restore = |name: &str, bytes: &[u8]| {
        SledStore::restore(&dir.path().join(name), bytes, SledOptions::default(), &mut |_| {})
    };
    for (name, bytes) in [
        ("half", &backup[..backup.len() / 2]),
        ("all but the end", &backup[..backup.len() - 12]),
        ("no backup", &b"<rss/>"[..]),
        ("nothing", &[][..]),
    ] {
        let error = restore("two", bytes).unwrap_err();
        assert!(matches!(error, BackupError::Data { .. }), "{name}: {error}");
        let empty = open(&dir.path().join("two"));
        assert_eq!(empty.stats().unwrap().entries, 0, "{name}");
    }
    restore("two", &backup).unwrap();
    assert!(matches!(restore("two", &backup), Err(BackupError::NotEmpty { entries: 60, .. })));
    let busy = restore("one", &backup).unwrap_err();
    assert!(matches!(busy, BackupError::Store(StoreError::Busy { .. })), "{busy}");
}

/// A closed store of so many articles, its log in the snapshot or not.
fn closed(count: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, count, |no| i64::try_from(no / 100).unwrap());
    store.close().unwrap();
    dir
}

fn log(dir: &Path) -> PathBuf {
    dir.join("gen-0001").join("db")
}

fn flip(path: &Path, place: u64) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, place).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], place).unwrap();
}

fn repair(dir: &Path) -> feedmill::store::Repaired {
    SledStore::repair(dir, &birth(), SledOptions::default()).unwrap()
}

#[test]
fn a_repair_saves_what_is_readable_and_deletes_nothing() {
    for (seed, is_snapshotted) in [(3_u64, true), (7, true), (11, true), (14, true), (5, false)] {
        let name = format!("seed {seed}, snapshot {is_snapshotted}");
        let dir = closed(1_500);
        if is_snapshotted {
            open(dir.path()).close().unwrap();
        }
        let length = fs::metadata(log(dir.path())).unwrap().len();
        flip(&log(dir.path()), length / 16 * seed + 7_919);
        let damaged = fs::metadata(log(dir.path())).unwrap().len();
        let repaired = repair(dir.path());
        println!(
            "{name}: {} entries saved, {} lost, {:?}",
            repaired.entries,
            repaired.lost.len(),
            repaired.lost.first()
        );
        assert!(repaired.quarantine.join("db").exists(), "{name}");
        assert!(fs::metadata(repaired.quarantine.join("db")).unwrap().len() >= damaged / 2);
        let store = open(dir.path());
        assert_eq!(store.check(), Vec::<String>::new(), "{name}");
        assert_eq!(store.stats().unwrap().health, Health::Ok, "{name}");
        assert_eq!(store.stats().unwrap().entries, repaired.entries, "{name}");
        assert_eq!(store.stats().unwrap().id_authority, birth().id_authority, "{name}");
        if is_snapshotted {
            assert!(repaired.entries > 1_000, "{name}: {} entries", repaired.entries);
        }
        if repaired.entries < 1_500 {
            let states = store.states().unwrap();
            assert!(states.iter().all(|(_, state)| state.validators.is_none()), "{name}");
        }
        for no in stories(&store) {
            let found = store.entries(&[EntryNo(no)]).unwrap().remove(0).unwrap();
            let day = i64::try_from(no / 100).unwrap();
            assert_eq!(*found, held(no, day), "{name}: what is saved is as it was");
            assert_eq!(
                store.find(&[own(no)]).unwrap(),
                [Some(Claim::Entry(EntryNo(no)))],
                "{name}"
            );
        }
        // A second repair finds nothing more to lose, and keeps both.
        drop(store);
        let second = repair(dir.path());
        assert_eq!((second.entries, second.lost), (repaired.entries, vec![]), "{name}");
        assert!(repaired.quarantine.join("db").exists(), "{name}");
    }
}

#[test]
fn a_store_that_does_not_open_at_all_makes_room_for_an_empty_one() {
    let half = |path: &Path| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    };
    let no_manifest = |path: &Path| {
        fs::remove_file(path.parent().unwrap().parent().unwrap().join("MANIFEST")).unwrap();
    };
    let noise = |path: &Path| fs::write(path, vec![0x5a; 1 << 20]).unwrap();
    type Damage<'a> = (&'a str, &'a dyn Fn(&Path));
    let damages: [Damage<'_>; 3] =
        [("cut in half", &half), ("no manifest", &no_manifest), ("noise", &noise)];
    for (name, spoil) in damages {
        let dir = closed(1_000);
        spoil(&log(dir.path()));
        if let Ok(store) = SledStore::open(dir.path(), &birth(), SledOptions::default()) {
            assert_ne!(store.check(), Vec::<String>::new(), "{name}: it opens, but not whole");
        }
        let repaired = repair(dir.path());
        println!("{name}: {} entries saved, lost: {:?}", repaired.entries, repaired.lost.first());
        assert!(repaired.quarantine.join("db").exists(), "{name}");
        let other = Birth { now: at(9), id_authority: "other.example,2027".to_owned() };
        let store = SledStore::open(dir.path(), &other, SledOptions::default()).unwrap();
        assert_eq!(store.check(), Vec::<String>::new(), "{name}");
        let stats = store.stats().unwrap();
        assert_eq!(stats.id_authority, birth().id_authority, "{name}: minted ids depend on it");
        assert_eq!(stats.entries, repaired.entries, "{name}");
        store.commit(Batch::default()).unwrap();
    }
}
