//! What a poll costs: whole processes against a loopback origin, CPU seconds first.
//!
//! 100 sources of 30 entries (1.8 KB of HTML each, half RSS, half Atom, a fifth of them syndicated):
//! a cold poll, one where nothing changed (304), and one with a new entry in every source; with
//! near-duplicates and with identity only. `cargo bench --bench poll`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark stops at the first surprise, prints, and measures by the real clock"
)]

#[path = "../tests/blackbox/mod.rs"]
mod blackbox;
mod papers;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use blackbox::{Origin, Place};
use papers::{ENTRIES, document};

const SOURCES: usize = 100;
/// CPU seconds of children that were waited for, from /proc/self/stat (ticks of 10 ms).
fn children_cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let rest = stat.rsplit(')').next().unwrap();
    let fields: Vec<f64> =
        rest.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    (fields[13] + fields[14]) / 100.0
}

struct Cost {
    cpu_s: f64,
    wall_s: f64,
    peak_mib: f64,
}

fn poll(place: &Place) -> Cost {
    let before = children_cpu_s();
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_feedmill"))
        .arg("--config")
        .arg(place.config())
        .args(["poll", "--json"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        peak = peak.max(kib.unwrap_or(0.0) / 1_024.0);
        std::thread::sleep(Duration::from_millis(5));
    }
    let wall_s = began.elapsed().as_secs_f64();
    Cost { cpu_s: children_cpu_s() - before, wall_s, peak_mib: peak }
}

fn disk_bytes(path: &Path) -> u64 {
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => disk_bytes(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    fs::read_dir(path).unwrap().flatten().map(size).sum()
}

fn measure(mode: &str) {
    let origin = Origin::start();
    let serve = |from: usize| {
        for source in 0..SOURCES {
            let etag = format!("\"{source}-{from}\"");
            origin.feed(
                &format!("/{source}"),
                &etag,
                "Tue, 24 Nov 2026 10:00:00 GMT",
                &document(source, from),
            );
        }
    };
    serve(0);
    let mut config = format!("[dedup]\nmode = \"{mode}\"\n");
    for source in 0..SOURCES {
        let url = origin.url(&format!("/{source}"));
        config += &format!("[[source]]\nid = \"s{source}\"\nurl = \"{url}\"\n");
    }
    let place = Place::new(&config);
    let articles = (SOURCES * ENTRIES) as f64;
    let cold = poll(&place);
    let disk = disk_bytes(&place.dir.path().join("data")) as f64 / articles;
    println!(
        "{mode:9} cold: {:.3} CPU s per 1,000 articles, {:.0} articles/s, peak {:.0} MiB, {disk:.0} B/article",
        cold.cpu_s * 1_000.0 / articles,
        articles / cold.wall_s,
        cold.peak_mib
    );
    let same = poll(&place);
    println!(
        "{mode:9} unchanged: {:.2} CPU ms a source, {:.0} sources/s",
        same.cpu_s * 1_000.0 / SOURCES as f64,
        SOURCES as f64 / same.wall_s
    );
    serve(1);
    let one = poll(&place);
    println!(
        "{mode:9} +1 entry: {:.2} CPU ms a source, {:.0} sources/s",
        one.cpu_s * 1_000.0 / SOURCES as f64,
        SOURCES as f64 / one.wall_s
    );
}

fn main() {
    for _ in 0..3 {
        measure("identity");
        measure("full");
    }
}
