//! Reads dates as publishers write them (standards §3, D1–D35).
//!
//! A date is cut into numbers, words and signs (`lexer`); words are looked up in tables (`words`,
//! `months`, `weekdays`, `half`, `zone`); `reader`, `wording` and `time` walk over them once and say
//! what each is; `resolve` makes an instant of what was found. The whole text must be understood, or
//! there is no date (D26): a wrong date is worse than none. Nothing here reads a clock, the locale
//! or the machine's zone (D11).
//!
//! Left to others: which of several dates counts (D27), and dates in the future (D29).

mod half;
mod lexer;
mod months;
mod reader;
mod resolve;
mod time;
mod weekdays;
mod wording;
mod words;
mod zone;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use crate::model::source::DayMonth;

/// Longer texts are no dates (D35). The longest real one, of JavaScript, has 63 bytes.
const TEXT_BYTES_MAX: usize = 256;

/// How a date is read where it leaves something open.
#[derive(Clone, Copy, Debug)]
pub struct DateSettings<'a> {
    /// Zone of dates that name none, or name one we do not know.
    pub zone: &'a TimeZone,
    /// Order of day and month in this document, from `order_of`; `None`: by language.
    pub order: Option<DayMonth>,
    /// Language of the document (BCP 47): `en-US` puts the month first, and some month names
    /// differ.
    pub language: Option<&'a str>,
}

impl DateSettings<'_> {
    fn order(&self) -> DayMonth {
        let is_american = self
            .language
            .is_some_and(|tag| tag.trim().replace('_', "-").eq_ignore_ascii_case("en-us"));
        let usual = if is_american { DayMonth::MonthFirst } else { DayMonth::DayFirst };
        self.order.unwrap_or(usual)
    }
}

/// A date that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// In whole seconds.
    pub instant: Timestamp,
    /// What was wrong with it; the instant may then be off by hours.
    pub flaw: Option<Flaw>,
    /// The distance from UTC that it names, in seconds; `None`: it names none that can be used, and
    /// the default zone was taken.
    pub offset_s: Option<i32>,
}

/// What is worth telling an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The zone's name is not known; the default zone was taken (D5).
    UnknownZone,
    /// The offset is beyond ±14:00; the default zone was taken (D8).
    OffsetOutOfRange,
}

/// Returns the instant that `text` names. `None`: it is no date, or a placeholder for none (D24).
pub fn parse(text: &str, settings: &DateSettings<'_>) -> Option<Parsed> {
    let text = text.trim();
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit())
        && let Some(instant) = resolve::unix(text)
    {
        let parsed = |instant| Parsed { instant, flaw: None, offset_s: Some(0) };
        return resolve::real(instant).map(parsed);
    }
    let tokens = lexer::tokens(text);
    let found = reader::read(&tokens, settings.language)?;
    resolve::instant(&found, settings)
}

/// Returns the order of day and month that the dates of one document show (D16): a number over 12
/// is a day. `None`: none shows it, or they contradict each other evenly.
pub fn order_of(samples: &[&str]) -> Option<DayMonth> {
    let mut day_first = 0_usize;
    let mut month_first = 0_usize;
    for sample in samples.iter().filter(|it| it.len() <= TEXT_BYTES_MAX && it.contains(['/', '-']))
    {
        let found = reader::read(&lexer::tokens(sample.trim()), None);
        match found.and_then(|found| resolve::shown_order(&found)) {
            Some(DayMonth::DayFirst) => day_first += 1,
            Some(DayMonth::MonthFirst) => month_first += 1,
            None => {}
        }
    }
    match day_first.cmp(&month_first) {
        std::cmp::Ordering::Greater => Some(DayMonth::DayFirst),
        std::cmp::Ordering::Less => Some(DayMonth::MonthFirst),
        std::cmp::Ordering::Equal => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, zone: &TimeZone, language: Option<&str>) -> Option<String> {
        let settings = DateSettings { zone, order: None, language };
        parse(text, &settings).map(|parsed| parsed.instant.to_string())
    }

    /// Holds a table of (text, instant in UTC; none: "-") against a zone-less date meaning UTC.
    fn check(cases: &[(&str, &str)]) {
        let wrong: Vec<String> = cases
            .iter()
            .filter_map(|(text, expected)| {
                let found = read(text, &TimeZone::UTC, None).unwrap_or_else(|| "-".to_owned());
                (found != *expected).then(|| format!("{text:?}: {found}, expected {expected}"))
            })
            .collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    #[test]
    fn standard_forms_are_read() {
        check(&[
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"),
            ("Wed, 02 Oct 2002 08:00:00 EST", "2002-10-02T13:00:00Z"),
            ("2002-10-02T10:00:00-05:00", "2002-10-02T15:00:00Z"),
            ("2002-10-02T15:00:00.05Z", "2002-10-02T15:00:00Z"),
            ("2002-10-02T15:00:00,05Z", "2002-10-02T15:00:00Z"),
            ("2003", "2003-01-01T00:00:00Z"),
            ("2003-335", "2003-12-01T00:00:00Z"),
            ("20031231T101455Z", "2003-12-31T10:14:55Z"),
            ("20031231101455", "2003-12-31T10:14:55Z"),
            ("200312311014", "2003-12-31T10:14:00Z"),
            ("2003-12-31T10Z", "2003-12-31T10:00:00Z"),
            ("Wed Dec 31 07:00:00 PST 2003", "2003-12-31T15:00:00Z"),
            ("Wed Aug 12 15:04:05 -0700 2009", "2009-08-12T22:04:05Z"),
            ("999999999", "2001-09-09T01:46:39Z"),
        ]);
    }

    #[test]
    fn vietnamese_forms_are_read() {
        check(&[
            ("22.11.2024 | 18:11 PM", "2024-11-22T18:11:00Z"),
            ("Thứ 6, 22/11/2024, 18:11 (GMT+7)", "2024-11-22T11:11:00Z"),
            ("Thứ sáu, 22/11/2024, 18:11 (GMT+7)", "2024-11-22T11:11:00Z"),
            ("Thứ Sáu, ngày 22/11/2024 18:11", "2024-11-22T18:11:00Z"),
            ("Thứ năm, 21 tháng 11 năm 2024", "2024-11-21T00:00:00Z"),
            ("Chủ Nhật, 24/11/2024 | 18:11", "2024-11-24T18:11:00Z"),
            ("Chủ nhật 24/11/2024 18:11", "2024-11-24T18:11:00Z"),
            ("CN, 24/11/2024", "2024-11-24T00:00:00Z"),
            ("22/11/2024 lúc 18:11", "2024-11-22T18:11:00Z"),
            ("Lúc 18:11 ngày 22/11/2024", "2024-11-22T18:11:00Z"),
            ("18:11 22/11/2024", "2024-11-22T18:11:00Z"),
            ("18:11 | 22/11/2024", "2024-11-22T18:11:00Z"),
            ("18:11, 22-11-2024", "2024-11-22T18:11:00Z"),
            ("18:11 - 22/11/2024", "2024-11-22T18:11:00Z"),
            ("18:11 -22/11/2024", "2024-11-22T18:11:00Z"),
            ("18h11 22/11/2024", "2024-11-22T18:11:00Z"),
            ("18 giờ 11 phút, 22/11/2024", "2024-11-22T18:11:00Z"),
            ("22 Tháng Mười Một 2024", "2024-11-22T00:00:00Z"),
            ("22 Tháng Mười Hai, 2024 6:11 CH", "2024-12-22T18:11:00Z"),
            ("22 tháng mười 2024", "2024-10-22T00:00:00Z"),
            ("22 Th11 2024", "2024-11-22T00:00:00Z"),
            ("22 thg 11, 2024", "2024-11-22T00:00:00Z"),
            ("Tháng Năm 5, 2024", "2024-05-05T00:00:00Z"),
            ("22/11/2024 12:05:00 SA", "2024-11-22T00:05:00Z"),
            ("22/11/2024 12:05:00 CH", "2024-11-22T12:05:00Z"),
            ("22/11/2024 18:11 GMT+7", "2024-11-22T11:11:00Z"),
            ("22/11/2024 18:11 GMT +7", "2024-11-22T11:11:00Z"),
            ("22/11/2024 18:11 ICT", "2024-11-22T11:11:00Z"),
            ("hôm nay", "-"),
            ("2 giờ trước", "-"),
        ]);
    }

    #[test]
    fn months_are_read_in_many_languages() {
        check(&[
            ("3. März 2020", "2020-03-03T00:00:00Z"),
            ("Sa, 03 Okt 2020 12:10:00 +0200", "2020-10-03T10:10:00Z"),
            ("am 3. März 2020 um 00:04 Uhr", "2020-03-03T00:04:00Z"),
            ("am 3. März 2020", "2020-03-03T00:00:00Z"),
            ("Dienstag, 3. März 2020 um 15:04 Uhr", "2020-03-03T15:04:00Z"),
            ("mardi 3 août 2021 à 15h04", "2021-08-03T15:04:00Z"),
            ("mar 3 août 2021", "2021-08-03T00:00:00Z"),
            ("1er février 2021", "2021-02-01T00:00:00Z"),
            ("3 de enero de 2020", "2020-01-03T00:00:00Z"),
            ("mié, 5 ago. 2020 10:00:00 +0200", "2020-08-05T08:00:00Z"),
            ("quinta-feira, 6 de fevereiro de 2020", "2020-02-06T00:00:00Z"),
            ("giovedì 6 maggio 2021 ore 15:04", "2021-05-06T15:04:00Z"),
            ("6 mei 2021 om 15:04", "2021-05-06T15:04:00Z"),
            ("6. maj 2021 kl. 15.04", "2021-05-06T15:04:00Z"),
            ("6. toukokuuta 2021 klo 15.04", "2021-05-06T15:04:00Z"),
            ("6 października 2021", "2021-10-06T00:00:00Z"),
            ("6 listopada 2021", "2021-11-06T00:00:00Z"),
            ("6. října 2021 v 15:04", "2021-10-06T15:04:00Z"),
            ("2021. május 6.", "2021-05-06T00:00:00Z"),
            ("6 noiembrie 2021", "2021-11-06T00:00:00Z"),
            ("6 Ağustos 2021 15:04", "2021-08-06T15:04:00Z"),
            ("6 мая 2021 г. в 15:04", "2021-05-06T15:04:00Z"),
            ("Чт, 6 травня 2021", "2021-05-06T00:00:00Z"),
            ("6 септември 2021", "2021-09-06T00:00:00Z"),
            ("6 Μαΐου 2021", "2021-05-06T00:00:00Z"),
            ("2021 m. gegužės 6 d.", "2021-05-06T00:00:00Z"),
            ("2021. gada 6. maijs", "2021-05-06T00:00:00Z"),
            ("6 Agustus 2021 pukul 15:04 WIB", "2021-08-06T08:04:00Z"),
            ("2021年5月6日", "2021-05-06T00:00:00Z"),
            ("2021年5月6日(木) 15時04分", "2021-05-06T15:04:00Z"),
            ("2021年5月6日 星期四 下午3:04", "2021-05-06T15:04:00Z"),
            ("2021년 5월 6일 오후 3시 4분", "2021-05-06T06:04:00Z"),
            ("6 พ.ค. 2021", "2021-05-06T00:00:00Z"),
            ("6 พฤษภาคม 2021", "2021-05-06T00:00:00Z"),
            ("6 مايو 2021", "2021-05-06T00:00:00Z"),
            ("٦ مايو ٢٠٢١", "2021-05-06T00:00:00Z"),
            ("6 במאי 2021", "2021-05-06T00:00:00Z"),
        ]);
        let croatian = read("6. listopada 2021.", &TimeZone::UTC, Some("hr-HR"));
        assert_eq!(croatian.as_deref(), Some("2021-10-06T00:00:00Z"));
    }

    #[test]
    fn zones_are_taken_at_their_word() {
        check(&[
            ("2020-07-01 12:00 Asia/Ho_Chi_Minh", "2020-07-01T05:00:00Z"),
            ("2020-07-01 12:00 America/New_York", "2020-07-01T16:00:00Z"),
            ("2020-01-01 12:00 America/New_York", "2020-01-01T17:00:00Z"),
            ("2020-01-01 12:00 Etc/GMT+7", "2020-01-01T19:00:00Z"),
            ("2020-07-01 12:00 PT", "2020-07-01T19:00:00Z"),
            ("2020-01-01 12:00 PT", "2020-01-01T20:00:00Z"),
            ("2020-01-01 12:00 +7", "2020-01-01T05:00:00Z"),
            ("2020-01-01 12:00 -700", "2020-01-01T19:00:00Z"),
            ("2020-01-01 12:00 +07:00:00", "2020-01-01T05:00:00Z"),
            ("2020-01-01 12:00 UTC+05:30", "2020-01-01T06:30:00Z"),
            ("2020-01-01 12:00 +0100 (CET)", "2020-01-01T11:00:00Z"),
            ("2020-01-01 12:00 +0530 IST", "2020-01-01T06:30:00Z"),
            ("2020-01-01 12:00:00 NZDT", "2019-12-31T23:00:00Z"),
            ("2020-01-01T12:00:00-02:30", "2020-01-01T14:30:00Z"),
        ]);
    }

    #[test]
    fn ambiguous_zone_letters_follow_the_feed() {
        let cases = [
            ("Asia/Shanghai", "2020-01-01 12:00 CST", "2020-01-01T04:00:00Z"),
            ("America/Chicago", "2020-01-01 12:00 CST", "2020-01-01T18:00:00Z"),
            ("Asia/Jerusalem", "2020-01-01 12:00 IST", "2020-01-01T10:00:00Z"),
            ("Asia/Ho_Chi_Minh", "2020-01-01 12:00 IST", "2020-01-01T06:30:00Z"),
        ];
        for (zone, text, expected) in cases {
            let zone = TimeZone::get(zone).unwrap();
            assert_eq!(read(text, &zone, None).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn doubtful_zones_mean_the_feed_s_own_and_are_told() {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let settings = DateSettings { zone: &zone, order: None, language: None };
        let cases = [
            ("Wed, 01 Jan 2020 12:00:00 XYZ", Some(Flaw::UnknownZone)),
            ("Wed, 01 Jan 2020 12:00:00 Mars/Olympus", Some(Flaw::UnknownZone)),
            ("Wed, 01 Jan 2020 12:00:00 +2500", Some(Flaw::OffsetOutOfRange)),
            ("Wed, 01 Jan 2020 12:00:00", None),
        ];
        for (text, flaw) in cases {
            let parsed = parse(text, &settings).unwrap();
            assert_eq!(parsed.instant.to_string(), "2020-01-01T05:00:00Z", "{text}");
            assert_eq!(parsed.flaw, flaw, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_rejected() {
        let garbage = [
            "null",
            "Array",
            "Invalid Date",
            "yesterday",
            "2 hours ago",
            "Jan",
            "12 Jan",
            "10:00",
            "2020-13-01",
            "2020-02-30",
            "2020-00-10",
            "31/31/2020",
            "2020-01-01 25:00",
            "2020-01-01 10:61",
            "2020-01-01 10:00:61",
            "2020-01-01 24:01",
            "1900-01-01",
            "0001-01-01T00:00:00Z",
            "30 Nov 0002 00:00:00 +0000",
            "1970-01-01T07:00:00+07:00",
            "1970-01-01 00:00:00",
            "9999-12-31T23:59:59Z",
            "2567-05-06",
            "0",
            "12345",
            "123456",
            "1 2 3 4",
            "2020-01-01 foo",
            "foo 2020-01-01",
            "2020-01-01 10:00 11:00",
            "2020-01-01 AM",
            "12 Jan Feb 2020",
            "99999999999999999999",
            "- - -",
            ":::",
            "Mon, 12 Jan 2020 10:00:00 +0100 extra words",
            "+",
            "T",
            "(",
            "13月45日",
        ];
        for text in garbage {
            assert!(read(text, &TimeZone::UTC, None).is_none(), "{text}");
        }
    }

    #[test]
    fn the_document_decides_day_or_month_first() {
        let zone = TimeZone::UTC;
        let cases = [
            (None, None, "2026-05-04"),
            (None, Some("en-US"), "2026-04-05"),
            (None, Some("en_us"), "2026-04-05"),
            (None, Some("en-GB"), "2026-05-04"),
            (None, Some("vi"), "2026-05-04"),
            (Some(DayMonth::MonthFirst), Some("vi"), "2026-04-05"),
            (Some(DayMonth::DayFirst), Some("en-US"), "2026-05-04"),
        ];
        for (order, language, expected) in cases {
            let settings = DateSettings { zone: &zone, order, language };
            let parsed = parse("04/05/2026", &settings).unwrap();
            assert_eq!(parsed.instant.to_string(), format!("{expected}T00:00:00Z"), "{order:?}");
        }
    }

    #[test]
    fn the_order_of_a_document_is_what_its_dates_show() {
        let cases: [(&[&str], Option<DayMonth>); 6] = [
            (&["04/05/2026", "13/05/2026 10:00"], Some(DayMonth::DayFirst)),
            (&["04/05/2026", "Mon, 05/13/2026 - 10:00"], Some(DayMonth::MonthFirst)),
            (&["04-25-26"], Some(DayMonth::MonthFirst)),
            (&["04/05/2026", "2026-05-13", "13.05.2026", "13 May 2026"], None),
            (&["13/05/2026", "05/13/2026"], None),
            (&[], None),
        ];
        for (samples, expected) in cases {
            assert_eq!(order_of(samples), expected, "{samples:?}");
        }
    }

    #[test]
    fn long_garbage_is_refused_unread() {
        let zone = TimeZone::UTC;
        let settings = DateSettings { zone: &zone, order: None, language: None };
        for piece in ["1", "a", "1:", "(", "-", "tháng ", "2020-01-01 "] {
            assert!(parse(&piece.repeat(1_000_000), &settings).is_none(), "{piece}");
            assert!(parse(&piece.repeat(TEXT_BYTES_MAX / piece.len()), &settings).is_none());
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            read(&text, &TimeZone::UTC, None);
        }

        #[test]
        fn no_row_of_date_words_makes_it_panic(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "1", "12", "2020", "31", ":", "-", "/", ".", "+", "T", "Z", "GMT",
                    "tháng", "mar",
                    "thứ", "5", "PM", "年", "오후", "(", ")", "Etc/GMT+7", "999999999", "h", " ", " ",
                ]),
                0..20,
            )
        ) {
            read(&words.concat(), &TimeZone::UTC, None);
        }
    }
}
