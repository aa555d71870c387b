use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tempfile::TempDir;

use super::*;
use crate::model::entry::{Entry, Fingerprint, GuidKind};
use crate::model::selection::Unit;
use crate::model::verdict::Joined;
use crate::store::codec::{Key, RawEntry, seal};
use cache::Cache;
use records::Writes;

fn birth() -> Birth {
    Birth { now: jiff::Timestamp::UNIX_EPOCH, id_authority: "news.example,2026".to_owned() }
}

fn open(dir: &Path) -> Result<SledStore, StoreError> {
    SledStore::open(dir, &birth(), SledOptions { cache_bytes: 8 << 20 })
}

fn held(no: u64, content: &str) -> Held {
    let source = SourceId::new("a");
    Held {
        no: EntryNo(no),
        key: EntryKey::own(&source, &no.to_string()),
        source,
        story: StoryNo(no),
        entry: Entry {
            guid: Some(no.to_string()),
            guid_kind: GuidKind::Guid,
            content: Some(content.to_owned()),
            ..Entry::default()
        },
        first_seen: jiff::Timestamp::from_second(1_793_000_000).unwrap(),
        filed: None,
        updated: jiff::Timestamp::UNIX_EPOCH,
        first_listed: 1,
        fingerprint: Fingerprint::default(),
        marks: Marks { version: 1, keys: vec![no], mask: 0, is_roundup: false },
        credit: None,
        outlet: "a.example".to_owned(),
        joined: Joined::default(),
        closest: None,
    }
}

fn article(no: u64, content: &str) -> Batch {
    let held = held(no, content);
    let story = Story::opened(held.story, format!("tag:{no}"), held.member());
    Batch {
        forgotten: crate::model::batch::Forgotten::default(),
        keys: [(held.key, Claim::Entry(held.no))].into(),
        stories: [(story.no, story)].into(),
        entries: [(held.no, held)].into(),
        states: [(SourceId::new("a"), SourceState::default())].into(),
    }
}

/// A closed store of three articles.
fn three() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    for no in 1..=3 {
        store.commit(article(no, "<p>text</p>")).unwrap();
    }
    store.close().unwrap();
    dir
}

/// Runs `change` on the raw records of a closed store.
fn tamper(dir: &Path, change: impl FnOnce(&::sled::Db)) {
    let db = (0..500)
        .find_map(|_| {
            let db = ::sled::open(dir.join("gen-0001")).ok();
            db.is_none().then(std::thread::yield_now);
            db
        })
        .unwrap();
    change(&db);
    db.flush().unwrap();
}

/// Text that packing does not shorten.
fn noise(bytes: usize, seed: u32) -> String {
    let words = (0..).map(|n: u32| format!("{:08x}", (n ^ seed).wrapping_mul(0x9e37_79b9)));
    words.take(bytes / 8).collect()
}

#[test]
fn flushes_go_through_the_shim() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    assert!(SledStore::flushes_last());
    let before = durable::flushes();
    store.commit(article(1, "<p>text</p>")).unwrap();
    store.sync().unwrap();
    assert!(durable::is_in_force(before), "sled flushed by another way");
}

#[test]
fn a_second_handle_is_busy() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let error = open(dir.path()).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
    drop(store);
    open(dir.path()).unwrap();
}

#[test]
fn an_existing_store_keeps_what_it_was_born_with() {
    let dir = three();
    let other =
        Birth { now: "2027-01-01T00:00:00Z".parse().unwrap(), id_authority: "y".to_owned() };
    let store = SledStore::open(dir.path(), &other, SledOptions::default()).unwrap();
    let stats = store.stats().unwrap();
    assert_eq!((stats.created, stats.id_authority), (birth().now, birth().id_authority));
}

#[test]
fn the_manifest_tells_what_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let commits = || Manifest::read(dir.path()).unwrap().unwrap().commits;
    let store = open(dir.path()).unwrap();
    assert_eq!(commits(), 0);
    store.commit(article(1, "")).unwrap();
    assert_eq!(commits(), 0, "committed, but not durable yet");
    store.sync().unwrap();
    assert_eq!(commits(), 1, "the first at once");
    for no in 2..=MANIFEST_EVERY_COMMITS + 1 {
        assert_eq!(commits(), 1);
        store.commit(article(no, "")).unwrap();
        store.sync().unwrap();
    }
    assert_eq!(commits(), MANIFEST_EVERY_COMMITS + 1);
    store.commit(article(500, "")).unwrap();
    store.close().unwrap();
    let text = fs::read_to_string(dir.path().join("MANIFEST")).unwrap();
    assert_eq!(
        text,
        "feedmill store\nformat = 1\ngeneration = 1\ncommits = 130\nentries = 130\nstories = 130\n"
    );
}

#[test]
fn a_database_that_was_wiped_is_not_taken_for_an_empty_store() {
    let dir = three();
    fs::remove_dir_all(dir.path().join("gen-0001")).unwrap();
    let error = open(dir.path()).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "record `MANIFEST` is damaged: \
         the database has 0 batches and 0 entries where 3 and 3 were durable"
    );
}

#[test]
fn a_database_that_went_back_in_time_is_noticed() {
    let dir = three();
    tamper(dir.path(), |db| {
        let tally = Tally { commits: 2, ..Tally::EMPTY }.encode().unwrap();
        let mut value = vec![0, 0];
        value.extend(tally);
        db.insert(Tally::KEY.bytes(), value).unwrap();
    });
    let error = open(dir.path()).map(drop).unwrap_err();
    assert!(error.to_string().contains("2 batches"), "{error}");
}

#[test]
fn a_missing_or_spoilt_manifest_is_damage() {
    let path = |dir: &TempDir| dir.path().join("MANIFEST");
    let dir = three();
    let whole = fs::read_to_string(path(&dir)).unwrap();
    fs::remove_file(path(&dir)).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::Corrupt { .. })));
    let spoilt = [
        String::new(),
        "something else\n".to_owned(),
        whole.replace("commits", "comets"),
        whole.replace("generation = 1", "generation = x"),
        whole.trim_end().to_owned(),
    ];
    for text in spoilt {
        fs::write(path(&dir), &text).unwrap();
        assert!(matches!(open(dir.path()), Err(StoreError::Corrupt { .. })), "{text:?}");
    }
    fs::write(path(&dir), whole.replace("format = 1", "format = 2")).unwrap();
    let newer = StoreError::NewerFormat { found: 2, supported: 1 }.to_string();
    assert_eq!(open(dir.path()).map(drop).unwrap_err().to_string(), newer);
    fs::write(path(&dir), whole).unwrap();
    assert_eq!(open(dir.path()).unwrap().stats().unwrap().entries, 3);
}

#[test]
fn what_a_crash_left_is_cleared_away() {
    let dir = three();
    fs::create_dir(dir.path().join("gen-0002")).unwrap();
    fs::write(dir.path().join("gen-0002/db"), "half a copy").unwrap();
    fs::write(dir.path().join("MANIFEST.tmp"), "half a mani").unwrap();
    // sled alone fails for good over a half-written snapshot.
    fs::write(dir.path().join("gen-0001/snap.0000000000000FFF.generating"), "half").unwrap();
    fs::write(dir.path().join("gen-notes"), "not ours").unwrap();
    let store = open(dir.path()).unwrap();
    assert_eq!(store.stats().unwrap().entries, 3);
    assert!(!dir.path().join("gen-0002").exists());
    assert!(dir.path().join("gen-notes").exists(), "no directory of a generation");
}

#[test]
fn damaged_snapshots_are_made_anew() {
    let dir = three();
    drop(open(dir.path()).unwrap());
    let live = dir.path().join("gen-0001");
    let mut damaged = 0;
    for entry in fs::read_dir(&live).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("snap.") {
            let mut bytes = fs::read(&path).unwrap();
            bytes.iter_mut().for_each(|byte| *byte ^= 0x10);
            fs::write(&path, bytes).unwrap();
            damaged += 1;
        }
    }
    assert!(damaged > 0);
    assert_eq!(open(dir.path()).unwrap().check(), Vec::<String>::new());
}

#[test]
fn one_damaged_record_leaves_the_others() {
    let dir = three();
    tamper(dir.path(), |db| {
        for key in [Key::Entry(EntryNo(2)), Key::Story(StoryNo(3))] {
            let mut value = db.get(key.bytes()).unwrap().unwrap().to_vec();
            *value.last_mut().unwrap() ^= 1;
            db.insert(key.bytes(), value).unwrap();
        }
    });
    let store = open(dir.path()).unwrap();
    assert_eq!(store.stats().unwrap().health, Health::Damaged);
    let error = store.entries(&[EntryNo(1), EntryNo(2)]).unwrap_err();
    assert_eq!(error.to_string(), "record `entry 2` is damaged: its checksum does not match");
    assert!(store.entries(&[EntryNo(1)]).unwrap()[0].is_some());
    let findings = store.check().join("\n");
    for finding in
        ["record `entry 2` is damaged", "record `story 3` is damaged", "entry 3: story 3 does"]
    {
        assert!(findings.contains(finding), "{findings}");
    }
    // Replaced, all is well again, at the latest when it is opened again.
    store.commit(article(2, "<p>anew</p>")).unwrap();
    store.commit(article(3, "<p>anew</p>")).unwrap();
    assert!(store.entries(&[EntryNo(2)]).unwrap()[0].is_some());
}

#[test]
fn records_that_do_not_agree_are_found() {
    let dir = three();
    tamper(dir.path(), |db| {
        db.remove(Key::Entry(EntryNo(1)).bytes()).unwrap();
        db.remove(Key::Story(StoryNo(2)).bytes()).unwrap();
    });
    let findings = open(dir.path()).unwrap().check();
    let claim = Key::Claim(held(1, "").key);
    let expected = [
        "entry 2: story 2 does not list it".to_owned(),
        "entry 1: missing, though a story lists it".to_owned(),
        format!("{claim}: leads to entry 1, which is missing"),
        "2 entries are there, 3 are counted".to_owned(),
        "2 stories are there, 3 are counted".to_owned(),
    ];
    assert_eq!(findings, expected);
}

#[test]
fn a_record_of_a_newer_program_stops_the_store() {
    let dir = three();
    tamper(dir.path(), |db| {
        let key = Key::Story(StoryNo(2));
        let mut record = seal(key, b"?");
        record[8] = 9;
        let seed = xxhash_rust::xxh3::xxh3_64(&key.bytes());
        let sum = xxhash_rust::xxh3::xxh3_64_with_seed(&record[8..], seed);
        record[..8].copy_from_slice(&sum.to_le_bytes());
        db.insert(key.bytes(), [&[0, 0], &record[..]].concat()).unwrap();
    });
    let error = open(dir.path()).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::NewerFormat { found: 9, supported: 1 }), "{error}");
}

#[test]
fn a_shorter_record_leaves_no_pieces_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut pieces = Vec::new();
    for bytes in [200_000, 30_000, 60_000, 10] {
        store.commit(article(1, &noise(bytes, 1))).unwrap();
        // The state of the source has one piece.
        pieces.push(store.live().records.pieces());
    }
    // Hexadecimal digits pack to about half, and a piece takes 7,168 bytes.
    assert!(pieces[0] > pieces[2] && pieces[2] > pieces[1] && pieces[1] > 0, "{pieces:?}");
    assert_eq!(pieces[3], 0);
    assert_eq!(store.check(), Vec::<String>::new());
}

#[test]
fn no_value_is_long_enough_for_a_file_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    for no in 1..=20 {
        store.commit(article(no, &noise(300_000, u32::try_from(no).unwrap()))).unwrap();
    }
    store.close().unwrap();
    let blobs = fs::read_dir(dir.path().join("gen-0001/blobs")).unwrap().count();
    assert_eq!(blobs, 0, "sled flushes no such file");
}

#[test]
fn a_record_read_while_it_is_replaced_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let (no, key) = (EntryNo(1), Key::Entry(EntryNo(1)));
    let version =
        |n: u32| RawEntry::of(&held(1, &noise(100_000, n))).unwrap().seal(&store.live().packer);
    let write = |n: u32| {
        let mut writes = Writes::default();
        store.live().records.put(&mut writes, key, &version(n)).unwrap();
        store.live().records.apply(writes).unwrap();
    };
    write(0);
    let (is_over, reads) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                // Past the cache: each of its pieces is read from sled.
                let record = store.live().records.get(key).unwrap().unwrap();
                Held::decode(no, &record, &store.live().packer).unwrap();
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut n = 0;
        while (n < 50 || reads.load(Ordering::Relaxed) < 50) && !reader.is_finished() {
            n += 1;
            write(n);
        }
        is_over.store(true, Ordering::Release);
        reader.join().unwrap();
    });
}

#[test]
fn a_dictionary_is_trained_once_and_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let text = |no: u64| {
        let words = (0..30).map(|n| format!("<p>từ {}</p>", (no * 31 + n) * 7_919 % 1_000));
        format!("<article>Theo phóng viên{}Bản quyền</article>", words.collect::<String>())
    };
    let mut no = 0;
    while no < 2_100 {
        let mut batch = Batch::default();
        for _ in 0..100 {
            no += 1;
            let article = article(no, &text(no));
            batch.entries.extend(article.entries);
            batch.stories.extend(article.stories);
        }
        store.commit(batch).unwrap();
        store.sync().unwrap();
        assert_eq!(store.live().packer.dictionary(), u32::from(no >= 2_000), "at {no} entries");
    }
    let bytes = |no| store.live().records.get(Key::Entry(EntryNo(no))).unwrap().unwrap().len();
    assert!(bytes(2_050) < bytes(1_950), "{} and {} bytes", bytes(2_050), bytes(1_950));
    drop(store);
    let store = open(dir.path()).unwrap();
    assert_eq!(store.live().packer.dictionary(), 1);
    for no in [1_950, 2_050] {
        let found = store.entries(&[EntryNo(no)]).unwrap().remove(0).unwrap();
        assert_eq!(*found, held(no, &text(no)));
    }
    assert_eq!(store.check(), Vec::<String>::new());
}

#[test]
fn a_poll_without_news_writes_little() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let id = SourceId::new("a");
    let mut state = SourceState { flaws: vec![(noise(5_000, 7), 1)], ..SourceState::default() };
    let commit = |state: &SourceState| {
        let states = [(id.clone(), state.clone())].into();
        store.commit(Batch { states, ..Batch::default() }).unwrap();
        store.live().records.get(Key::Document(&id)).unwrap().unwrap()
    };
    let first = commit(&state);
    tamper_open(&store, Key::Document(&id));
    state.http_status = Some(304);
    assert_ne!(commit_only(&store, &id, &state), first, "the document is not written again");
    state.flaws.clear();
    assert!(commit(&state).len() < 200, "a changed one is");
}

/// Puts another record in the place of one, to see whether it is written again.
fn tamper_open(store: &SledStore, key: Key<'_>) {
    let mut writes = Writes::default();
    store.live().records.put(&mut writes, key, &seal(key, b"\0other")).unwrap();
    store.live().records.apply(writes).unwrap();
}

fn commit_only(store: &SledStore, id: &SourceId, state: &SourceState) -> Vec<u8> {
    let states = [(id.clone(), state.clone())].into();
    store.commit(Batch { states, ..Batch::default() }).unwrap();
    store.live().records.get(Key::Document(id)).unwrap().unwrap()
}

#[test]
fn the_size_is_that_of_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let small = store.stats().unwrap().bytes;
    for no in 1..=SIZE_EVERY_COMMITS {
        store.commit(article(no, &noise(40_000, u32::try_from(no).unwrap()))).unwrap();
        store.sync().unwrap();
    }
    let large = store.stats().unwrap().bytes;
    assert!(small < 2 << 20 && large > small + (1 << 20), "{small}, {large}");
}

#[test]
fn the_cache_forgets_what_it_has_no_room_for() {
    let cache = Cache::<u32, u32>::new(2 * 4 * 1_256);
    let age = |key| cache.get(key).err().unwrap();
    for key in 0..100 {
        cache.keep(key, &Arc::new(key), 1_000, age(key));
    }
    let kept: Vec<_> = (0..100).filter(|key| cache.get(*key).is_ok()).collect();
    assert!(kept.len() <= 8 && kept.ends_with(&[98, 99]), "{kept:?}");
}

#[test]
fn the_cache_keeps_nothing_read_before_a_change() {
    let cache = Cache::<u32, &str>::new(1 << 20);
    let before = cache.get(1).unwrap_err();
    cache.renew([(1, Arc::new("new"), 10)]);
    cache.keep(1, &Arc::new("old"), 10, before);
    assert_eq!(*cache.get(1).unwrap(), "new");
    cache.renew([(1, Arc::new("newer"), 10)]);
    assert_eq!(*cache.get(1).unwrap(), "newer");
}

#[test]
fn what_is_staged_is_listed_when_it_is_durable() {
    let dir = three();
    let store = open(dir.path()).unwrap();
    let listed = |unit| {
        let sources = vec![SourceId::new("a")];
        let all =
            Selection { unit, sources, from: None, until: None, after: None, limit: usize::MAX };
        store.select(&all).unwrap().len()
    };
    let numbered = |no: u64| {
        let mut batch = article(no, "<p>text</p>");
        let story = batch.stories.get_mut(&StoryNo(no)).unwrap();
        story.members[0].number = Some(no);
        story.numbers = vec![(crate::model::source::CategorySlug::new("c"), no)];
        batch
    };
    let series = [
        Series::Source(SourceId::new("a")),
        Series::Category(crate::model::source::CategorySlug::new("c")),
    ];
    for no in [4, 5] {
        store.stage(numbered(no)).unwrap();
        assert_eq!((listed(Unit::Stories), listed(Unit::Entries)), (3, 3), "{no}");
        for series in &series {
            let stretch = store.stretch(series, 1, usize::MAX).unwrap();
            assert_eq!((stretch.places, stretch.next), (vec![], 1), "{series:?}");
        }
        // The writer sees it: by number, by key, and as a candidate.
        assert!(store.entries(&[EntryNo(no)]).unwrap()[0].is_some());
        let key = EntryKey::own(&SourceId::new("a"), &no.to_string());
        assert_eq!(store.find(&[key]).unwrap(), [Some(Claim::Entry(EntryNo(no)))]);
        assert_eq!(store.stats().unwrap().next_entry, EntryNo(no + 1));
    }
    store.sync().unwrap();
    assert_eq!((listed(Unit::Stories), listed(Unit::Entries)), (5, 5));
    for series in &series {
        let stretch = store.stretch(series, 1, usize::MAX).unwrap();
        assert_eq!((stretch.places, stretch.next), (vec![(4, 4), (5, 5)], 6), "{series:?}");
    }
    store.stage(numbered(6)).unwrap();
    store.commit(article(7, "<p>text</p>")).unwrap();
    assert_eq!(listed(Unit::Stories), 7, "a commit makes durable what was staged before it");
}

#[test]
fn lists_are_served_from_a_store_that_cannot_write() {
    let dir = three();
    let store = open(dir.path()).unwrap();
    store.live().records.kill();
    let error = store.commit(article(4, "")).unwrap_err();
    assert!(matches!(error, StoreError::Engine { operation: "commit batch", .. }), "{error}");
    assert!(matches!(store.sync(), Err(StoreError::Engine { .. })));
    assert_eq!(store.stats().unwrap().health, Health::ReadOnly);
    let selection = Selection {
        unit: Unit::Stories,
        sources: vec![SourceId::new("a")],
        from: None,
        until: None,
        after: None,
        limit: 9,
    };
    assert_eq!(store.select(&selection).unwrap().len(), 3);
    assert!(store.entries(&[EntryNo(3)]).unwrap()[0].is_some());
    assert_eq!(store.entries(&[EntryNo(4)]).unwrap(), [None]);
}

#[test]
fn a_store_that_failed_to_write_is_opened_again_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    store.commit(article(1, "<p>one</p>")).unwrap();
    store.sync().unwrap();
    let keeper = store.keeper().unwrap();
    keeper.reopen().unwrap();
    assert!(Arc::ptr_eq(&store.live(), &store.live()), "nothing was wrong: nothing is done");
    for round in 2..4 {
        store.live().records.kill();
        assert_eq!(store.stats().unwrap().health, Health::ReadOnly);
        store.commit(article(round, "<p>lost</p>")).unwrap_err();
        keeper.reopen().unwrap();
        let stats = store.stats().unwrap();
        assert_eq!((stats.health, stats.next_entry), (Health::Ok, EntryNo(round)));
        store.commit(article(round, "<p>kept</p>")).unwrap();
        store.sync().unwrap();
    }
    assert_eq!(store.check(), Vec::<String>::new());
    assert_eq!(store.stats().unwrap().entries, 3);
}

#[test]
fn a_closed_handle_still_tells_what_is_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    store.commit(article(1, "<p>one</p>")).unwrap();
    store.live().records.close();
    assert_eq!(store.stats().unwrap().health, Health::ReadOnly);
    assert_eq!(store.states().unwrap().len(), 1);
    assert!(store.entries(&[EntryNo(1)]).unwrap()[0].is_some(), "read of late");
    assert!(matches!(store.find(&[held(1, "").key]), Err(StoreError::Engine { .. })));
}

#[test]
fn a_rewrite_cut_short_leaves_the_store_as_it_was() {
    let dir = three();
    // What a crash in the middle of a rewrite leaves: a generation that nothing names.
    let store = open(dir.path()).unwrap();
    let manifest = Manifest::read(dir.path()).unwrap().unwrap();
    let next = generation::Generation::begin(dir.path(), &manifest, store.options).unwrap();
    assert!(dir.path().join("gen-0002").exists());
    drop(next);
    drop(store);
    let store = open(dir.path()).unwrap();
    assert!(!dir.path().join("gen-0002").exists());
    assert_eq!(store.check(), Vec::<String>::new());
    // And one in the middle of a repair: the damaged database is not removed.
    let done = store.keeper().unwrap().compact(&mut |_| {}).unwrap();
    assert!(done.records > 0 && dir.path().join("gen-0002").exists());
    drop(store);
    fs::create_dir(dir.path().join("gen-0001")).unwrap();
    fs::write(dir.path().join("gen-0001").join(open::DAMAGED_NAME), "").unwrap();
    open(dir.path()).unwrap();
    assert!(dir.path().join("quarantine").join("gen-0001").exists());
}
