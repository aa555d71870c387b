//! What is left of a sled store when the power goes.
//!
//! An ext4 on a loop device is shut down without its journal being written (`EXT4_IOC_SHUTDOWN`,
//! `NOLOGFLUSH`) while a victim writes to it; a copy of the device is mounted again, which replays
//! the journal, and must hold every batch that was acknowledged. Needs root, loop devices, e2fsprogs
//! and python3; elsewhere it says that it is skipped.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed expectation is how a test tells")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use feedmill::model::batch::Batch;
use feedmill::model::entry::{Entry, EntryNo, Fingerprint, Held, Story, StoryNo};
use feedmill::model::features::Marks;
use feedmill::model::source::SourceId;
use feedmill::model::verdict::{Claim, EntryKey, Joined};
use feedmill::store::{Birth, Health, SledOptions, SledStore, Store};
use jiff::Timestamp;

const DIR_VARIABLE: &str = "FEEDMILL_POWER_DIR";
/// Cuts of one run, unless `CUTS` tells another number.
const CUTS: u64 = 20;
/// Acks awaited before the cut, at most: the store grows from cut to cut.
const ACKS_MAX: u64 = 12;
/// How long a victim may take to acknowledge a batch, and to end once its disk is gone.
const VICTIM_MAX: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(10);
const SHUTDOWN: &str = "import fcntl, os, struct, sys\n\
    fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))";

/// A mounted image, unmounted when dropped.
struct Disk {
    image: PathBuf,
    at: PathBuf,
}

impl Disk {
    fn mount(image: &Path, at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).ok()?;
        run("mount", &["-o", "loop", image.to_str()?, at.to_str()?])
            .then(|| Self { image: image.to_owned(), at: at.to_owned() })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &[self.at.to_str().unwrap()]);
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let command = Command::new(program).args(arguments).stderr(Stdio::null()).status();
    command.is_ok_and(|status| status.success())
}

/// Makes and mounts a disk that can be cut off; `None` where that cannot be done.
fn disk(dir: &Path) -> Option<Disk> {
    let image = dir.join("image-0");
    let file = std::fs::File::create(&image).ok()?;
    file.set_len(128 << 20).ok()?;
    if !run("mkfs.ext4", &["-q", "-F", image.to_str()?]) {
        return None;
    }
    let disk = Disk::mount(&image, &dir.join("mount-0"))?;
    // A try on another disk: the system may not know how to cut one off.
    let probe = dir.join("probe");
    std::fs::copy(&image, &probe).ok()?;
    let probe = Disk::mount(&probe, &dir.join("probe-mount"))?;
    cut(&probe).then_some(disk)
}

fn cut(disk: &Disk) -> bool {
    run("python3", &["-c", SHUTDOWN, disk.at.to_str().unwrap()])
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let Some(mut disk) = disk(dir.path()) else {
        println!("skipped: no root, loop devices, mkfs.ext4, python3 or EXT4_IOC_SHUTDOWN here");
        return;
    };
    let cuts = std::env::var("CUTS").map_or(CUTS, |cuts| cuts.parse().unwrap());
    let mut held = 0;
    for n in 1..=cuts {
        let acked = write_until_cut(&disk, n).max(held);
        // The mount may live on in another name space: a copy of the device is looked at.
        let image = dir.path().join(format!("image-{n}"));
        std::fs::copy(&disk.image, &image).unwrap();
        std::fs::remove_file(&disk.image).unwrap();
        drop(disk);
        disk = Disk::mount(&image, &dir.path().join(format!("mount-{n}"))).unwrap();
        held = verify(&disk.at.join("store"), n);
        println!("cut {n}: {acked} acknowledged, {held} held");
        assert!(held >= acked, "cut {n}: {held} batches are there, {acked} were acknowledged");
    }
    assert!(held >= cuts, "the victims hardly got to write: {held} batches");
}

/// Has a victim write, and cuts the power in the middle of it; returns the last ack that holds.
///
/// The ioctl is not quite a power cut: `fdatasync` of ext4 answers success to the one call that was
/// under way in its moment, though nothing of it is durable (seen with a program that does nothing
/// but append and `fdatasync`: 10 of 210 cuts). A machine without power acknowledges nothing, so
/// the last ack that comes in behind the cut does not count; one more that is lost is a loss.
fn write_until_cut(disk: &Disk, n: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim_writes_until_the_power_goes", "--nocapture"])
        .env(DIR_VARIABLE, disk.at.join("store"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let (sender, acks) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let numbers = lines.filter_map(|line| line.strip_prefix("ack ")?.parse::<u64>().ok());
        numbers.for_each(|number| sender.send(number).unwrap_or_default());
    });
    let wanted = usize::try_from(1 + n * 5 % ACKS_MAX).unwrap();
    let before = (0..wanted).map_while(|_| acks.recv_timeout(VICTIM_MAX).ok()).last();
    assert!(cut(disk), "cut {n}: the disk was not cut off");
    let behind = ended(&mut child).then(|| acks.iter().last());
    child.kill().unwrap_or_default();
    child.wait().unwrap();
    reader.join().unwrap();
    let behind = behind.unwrap_or_else(|| panic!("cut {n}: the store waits for a dead disk"));
    behind.map(|last| last - 1).max(before).unwrap_or(0)
}

/// Waits for a victim to end by itself.
fn ended(child: &mut Child) -> bool {
    (0..VICTIM_MAX.as_millis() / LOOK_EVERY.as_millis()).any(|_| {
        std::thread::sleep(LOOK_EVERY);
        child.try_wait().unwrap().is_some()
    })
}

/// Does nothing unless it is started as a victim.
#[test]
fn victim_writes_until_the_power_goes() {
    let Some(dir) = std::env::var_os(DIR_VARIABLE) else { return };
    let store = open(Path::new(&dir));
    for n in store.stats().unwrap().next_entry.0.. {
        if store.commit(batch(n)).and_then(|()| store.sync()).is_err() {
            break;
        }
        println!("\nack {n}");
        std::io::stdout().flush().unwrap();
    }
    std::mem::forget(store);
}

fn open(dir: &Path) -> SledStore {
    let birth = Birth { now: Timestamp::UNIX_EPOCH, id_authority: "x.example,2026".to_owned() };
    SledStore::open(dir, &birth, SledOptions::default()).unwrap()
}

/// Compares what is held with what batches 1 to N make; returns N.
fn verify(dir: &Path, n: u64) -> u64 {
    let store = open(dir);
    assert_eq!(store.check(), Vec::<String>::new(), "cut {n}");
    let stats = store.stats().unwrap();
    assert_eq!(stats.health, Health::Ok, "cut {n}");
    for no in 1..stats.next_entry.0 {
        let found = store.entries(&[EntryNo(no)]).unwrap().remove(0);
        assert_eq!(found.as_deref(), Some(&held(no)), "cut {n}: entry {no}");
    }
    stats.next_entry.0 - 1
}

fn batch(no: u64) -> Batch {
    let held = held(no);
    let story = Story::opened(held.story, format!("tag:{no}"), held.member());
    Batch {
        keys: [(held.key, Claim::Entry(held.no))].into(),
        stories: [(story.no, story)].into(),
        entries: [(held.no, held)].into(),
        ..Batch::default()
    }
}

fn source() -> SourceId {
    SourceId::new("bao")
}

/// Of 1 to 15 KB, so that some records are in pieces.
fn held(no: u64) -> Held {
    let words = (0..no % 7 * 300 + 100).map(|n| format!("{:x} ", n.wrapping_mul(no | 0x9e37_79b9)));
    Held {
        no: EntryNo(no),
        source: source(),
        story: StoryNo(no),
        key: EntryKey::own(&source(), &no.to_string()),
        entry: Entry { content: Some(words.collect()), ..Entry::default() },
        first_seen: Timestamp::from_second(1_793_000_000).unwrap(),
        filed: None,
        closest: None,
        updated: Timestamp::UNIX_EPOCH,
        first_listed: 1,
        fingerprint: Fingerprint::default(),
        marks: Marks { version: 1, keys: vec![no], mask: 0, is_roundup: false },
        credit: None,
        outlet: "bao.example".to_owned(),
        joined: Joined::default(),
    }
}
