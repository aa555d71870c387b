//! Reads the shared table of dates (`../shared/reference/date-vectors.tsv`, rules D1–D35) with two
//! default zones.
#![expect(clippy::unwrap_used, reason = "a broken vector must stop the suite")]

use std::path::Path;

use feedmill::normalize::date::{self, DateSettings};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

fn read(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let settings = DateSettings { zone, order: None, language: None };
    date::parse(text, &settings).map(|parsed| parsed.instant)
}

fn expected(column: &str) -> Option<Timestamp> {
    (column != "-").then(|| column.parse().unwrap())
}

#[test]
fn every_shared_vector_is_read_as_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/date-vectors.tsv");
    let Ok(table) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: the date vectors are not at {}", path.display());
        return;
    };
    let zones = [TimeZone::UTC, TimeZone::fixed(Offset::constant(7))];
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [input, utc, ahead, _group, note] = columns.as_slice() else {
            panic!("not five columns: {line}");
        };
        count += 1;
        for (zone, column) in zones.iter().zip([utc, ahead]) {
            let found = read(input, zone);
            if found != expected(column) {
                wrong.push(format!("{input:?}: {found:?}, expected {column} ({note})"));
            }
        }
    }
    assert!(count >= 109, "only {count} vectors");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
