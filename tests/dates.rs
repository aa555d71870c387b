//! Dates as publishers write them: a row for each rule D1–D26, D34 and D35 that speaks of one date,
//! and the shared table (`../shared/reference/date-vectors.tsv`) with two default zones.
//!
//! The rules of documents have their tests where documents are read: D11 and D16 in `reading`, D27 in
//! `parse` and `normalize`, D28 to D32 in `identity`, D33 in `render`.
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

/// Rows of (rule, text, language, instant or `-`); a date without a zone is at +07:00.
const RULES: &[(&str, &str, &str, &str)] = &[
    ("D1 RFC 822", "Sat, 07 Sep 2002 00:00:01 GMT", "", "2002-09-07T00:00:01Z"),
    ("D1 RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", "", "1994-11-06T08:49:37Z"),
    ("D1 asctime", "Sun Nov  6 08:49:37 1994", "", "1994-11-06T01:49:37Z"),
    ("D1 RFC 3339", "2002-10-02T10:00:00.5-05:00", "", "2002-10-02T15:00:00Z"),
    ("D1 W3CDTF, a year", "2003", "", "2002-12-31T17:00:00Z"),
    ("D1 W3CDTF, a month", "2003-12", "", "2003-11-30T17:00:00Z"),
    ("D1 W3CDTF, minutes", "2003-12-31T10:14Z", "", "2003-12-31T10:14:00Z"),
    ("D2 a wrong weekday", "Wed, 1 Jan 2023 00:00:00 GMT", "", "2023-01-01T00:00:00Z"),
    ("D2 a French one", "mer, 9 avr 2018 00:00:00 GMT", "", "2018-04-09T00:00:00Z"),
    ("D3 69 is to come", "01 Jan 69 00:00:00 GMT", "", "2069-01-01T00:00:00Z"),
    ("D3 70 was", "02 Jan 70 00:00:00 GMT", "", "1970-01-02T00:00:00Z"),
    ("D4 letters", "18 Nov 2024 08:00 AEDT", "", "2024-11-17T21:00:00Z"),
    ("D4 two letters", "15 Jul 2024 08:00 ET", "", "2024-07-15T12:00:00Z"),
    ("D5 a zone nobody knows", "18 Nov 2024 08:00 XYZ", "", "2024-11-18T01:00:00Z"),
    ("D6 GMT+7", "18 Nov 2024 08:00 GMT+7", "", "2024-11-18T01:00:00Z"),
    ("D6 UTC+07:00", "18 Nov 2024 08:00 UTC+07:00", "", "2024-11-18T01:00:00Z"),
    ("D6 but Etc/GMT+7", "18 Nov 2024 08:00 Etc/GMT+7", "", "2024-11-18T15:00:00Z"),
    ("D7 a place in summer", "2024-07-15 08:00 America/Los_Angeles", "", "2024-07-15T15:00:00Z"),
    ("D7 and in winter", "2024-01-15 08:00 America/Los_Angeles", "", "2024-01-15T16:00:00Z"),
    ("D8 hours", "2024-11-18 08:00 +7", "", "2024-11-18T01:00:00Z"),
    ("D8 two dashes", "18 Nov 2024 08:00:00 --0700", "", "2024-11-18T15:00:00Z"),
    ("D8 three digits", "2024-11-18 08:00 -700", "", "2024-11-18T15:00:00Z"),
    ("D8 beyond 14 hours", "2024-11-18 08:00 +2500", "", "2024-11-18T01:00:00Z"),
    ("D9 -0000", "18 Nov 2024 08:00:00 -0000", "", "2024-11-18T08:00:00Z"),
    ("D10 an offset and Z", "2024-11-18T08:00:00-05:00Z", "", "2024-11-18T13:00:00Z"),
    ("D11 the zone of the source", "2024-11-18T08:00:00", "", "2024-11-18T01:00:00Z"),
    ("D12 18:11 PM", "22.11.2024 | 18:11 PM", "", "2024-11-22T11:11:00Z"),
    ("D12 12 AM", "22.11.2024 12:05 AM", "", "2024-11-21T17:05:00Z"),
    ("D12 12 PM", "22.11.2024 12:05 PM", "", "2024-11-22T05:05:00Z"),
    ("D12 00:30 AM", "22.11.2024 00:30 AM", "", "2024-11-21T17:30:00Z"),
    ("D12 0:15 PM", "22.11.2024 0:15 PM", "", "2024-11-22T05:15:00Z"),
    ("D13 SA and CH", "22/11/2024 6:11 CH", "", "2024-11-22T11:11:00Z"),
    ("D13 in Chinese", "2024-11-22 下午6:11", "", "2024-11-22T11:11:00Z"),
    ("D13 behind a narrow space", "Nov 22, 2024, 6:11\u{202f}PM", "", "2024-11-22T11:11:00Z"),
    ("D14 |", "22.11.2024 | 18:11", "", "2024-11-22T11:11:00Z"),
    ("D14 lúc", "22/11/2024 lúc 18:11", "", "2024-11-22T11:11:00Z"),
    ("D14 at", "November 22, 2024 at 6:11 pm", "", "2024-11-22T11:11:00Z"),
    ("D14 •", "22 Nov 2024 • 18:11", "", "2024-11-22T11:11:00Z"),
    ("D15 the time first", "15:04 02.01.2006 -0700", "", "2006-01-02T22:04:00Z"),
    ("D16 dots", "04.05.2026", "en-US", "2026-05-03T17:00:00Z"),
    ("D16 a day over 12", "10/30/23", "vi", "2023-10-29T17:00:00Z"),
    ("D16 day first", "04/05/2026", "vi", "2026-05-03T17:00:00Z"),
    ("D16 but in America", "04/05/2026", "en-US", "2026-04-04T17:00:00Z"),
    ("D17 German", "3. März 2020 00:00 GMT", "de", "2020-03-03T00:00:00Z"),
    ("D17 without its accent", "3 Marz 2020 00:00 GMT", "", "2020-03-03T00:00:00Z"),
    ("D17 four letters", "3 Sept 2020 00:00 GMT", "", "2020-09-03T00:00:00Z"),
    ("D17 Greek", "6 Μαΐου 2021 00:00 GMT", "el", "2021-05-06T00:00:00Z"),
    ("D18 mar. is Tuesday", "mar., 2 févr. 2021 00:00 GMT", "fr", "2021-02-02T00:00:00Z"),
    ("D18 and March", "2 mar. 2021 00:00 GMT", "fr", "2021-03-02T00:00:00Z"),
    ("D19 tháng", "22 tháng 11 2024", "vi", "2024-11-21T17:00:00Z"),
    ("D19 Tháng Mười Một", "22 Tháng Mười Một 2024", "vi", "2024-11-21T17:00:00Z"),
    ("D19 Th11", "22 Th11 2024", "vi", "2024-11-21T17:00:00Z"),
    ("D19 Thứ 6", "Thứ 6, 22/11/2024", "vi", "2024-11-21T17:00:00Z"),
    ("D19 CN", "CN, 24/11/2024", "vi", "2024-11-23T17:00:00Z"),
    ("D20 wide digits", "２０２４-１１-１８ 08:00", "ja", "2024-11-18T01:00:00Z"),
    ("D20 Arabic digits", "١٨/١١/٢٠٢٤", "ar", "2024-11-17T17:00:00Z"),
    ("D20 a Thai year is not guessed", "18/11/2567", "th", "-"),
    ("D21 ordinals and commas", "Mon,, November 18th,2024", "", "2024-11-17T17:00:00Z"),
    ("D21 1er", "1er février 2021", "fr", "2021-01-31T17:00:00Z"),
    ("D21 line feeds, a dot", "\n 18 Nov\t2024 \n08:00 GMT.", "", "2024-11-18T08:00:00Z"),
    ("D22 unpadded", "2004-7-8 20:0:0", "", "2004-07-08T13:00:00Z"),
    ("D22 a zero too many", "2003-012-31", "", "2003-12-30T17:00:00Z"),
    ("D22 a leap second", "2016-12-31T23:59:60Z", "", "2016-12-31T23:59:59Z"),
    ("D22 24:00:00", "2024-11-18T24:00:00Z", "", "2024-11-19T00:00:00Z"),
    ("D23 seconds", "1731891600", "", "2024-11-18T01:00:00Z"),
    ("D23 milliseconds", "1731891600123", "", "2024-11-18T01:00:00Z"),
    ("D23 eight digits", "20241118", "", "2024-11-17T17:00:00Z"),
    ("D23 fourteen digits", "20241118080000", "", "2024-11-18T01:00:00Z"),
    ("D24 zeros", "0000-00-00 00:00:00", "", "-"),
    ("D24 the epoch, shifted", "1970-01-01T07:00:00+07:00", "", "-"),
    ("D24 words", "Invalid Date", "", "-"),
    ("D24 the last day of the year 2", "Sun, 30 Nov 0002 00:00:00 +0000", "", "-"),
    ("D25 no year", "11月27日 23:58", "zh", "-"),
    ("D25 relative", "2 hours ago", "", "-"),
    ("D25 hôm nay", "hôm nay", "vi", "-"),
    ("D26 something more", "2024-11-18 and more", "", "-"),
    ("D34 beyond 9999 when shifted", "31 Dec 9999 23:59:59 -1400", "", "-"),
    ("D34 before the year 1 when shifted", "0001-01-01T00:00:00+14:00", "", "-"),
];

#[test]
fn each_rule_of_one_date_holds() {
    let zone = TimeZone::fixed(Offset::constant(7));
    let mut wrong = Vec::new();
    for (rule, text, language, instant) in RULES {
        let language = Some(*language).filter(|tag| !tag.is_empty());
        let settings = DateSettings { zone: &zone, order: None, language };
        let found = date::parse(text, &settings).map(|parsed| parsed.instant);
        if found != expected(instant) {
            wrong.push(format!("{rule}: {text:?} is {found:?}, not {instant}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn d35_a_megabyte_of_anything_is_no_date() {
    for piece in ["1", ":", "tháng ", "2024-11-18 ", "\u{202f}", "(", "Thứ 2, "] {
        assert_eq!(read(&piece.repeat((1 << 20) / piece.len()), &TimeZone::UTC), None, "{piece}");
    }
}
