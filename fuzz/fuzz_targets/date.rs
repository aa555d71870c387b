//! Any text is a date or none, without a panic, in every order and zone (D34, D35); a date that is
//! written anew is read as the same instant (D33).
#![no_main]

use feedmill::normalize::date::{DateSettings, DayMonth, order_of, parse};
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let zones = [TimeZone::UTC, TimeZone::get("Asia/Ho_Chi_Minh").expect("a zone")];
    let orders = [None, Some(DayMonth::DayFirst), Some(DayMonth::MonthFirst)];
    for zone in &zones {
        for order in orders {
            let settings = DateSettings { zone, order, language: Some("vi") };
            let Some(read) = parse(text, &settings) else { continue };
            let again = parse(&read.instant.to_string(), &settings).map(|again| again.instant);
            assert_eq!(again, Some(read.instant), "{text}");
        }
    }
    let _ = order_of(&[text, "31/12/2024"]);
});
