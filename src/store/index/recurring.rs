//! Tells recurring headlines: in which half-days an outlet ran headlines that differ in their numbers only.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::store::codec::EntryHead;

/// Half-days kept of one headline: more tell nothing new.
const HALF_DAYS_MAX: usize = 4;
/// Headlines kept; when there are more, those last run the longest ago are forgotten.
const HEADLINES_MAX: usize = 500_000;
const HALF_DAY_SECONDS: i64 = 43_200;
/// No half-day of any calendar.
const NONE: i32 = i32::MIN;

/// Half-days by outlet and mask.
#[derive(Default)]
pub(super) struct Recurring {
    /// The last ones in order, behind places not taken.
    half_days: HashMap<u64, [i32; HALF_DAYS_MAX]>,
}

impl Recurring {
    /// Enters a headline. It is not taken out when it changes: it was run.
    pub(super) fn insert(&mut self, head: &EntryHead) {
        let mask = head.marks.mask;
        if mask == 0 {
            return;
        }
        let half_day = head.compared.as_second().div_euclid(HALF_DAY_SECONDS);
        let Ok(half_day) = i32::try_from(half_day) else { return };
        let place = self.half_days.entry(name(&head.outlet, mask));
        let half_days = place.or_insert([NONE; HALF_DAYS_MAX]);
        let is_known = half_days.contains(&half_day);
        if let Some(oldest) =
            half_days.first_mut().filter(|oldest| half_day > **oldest && !is_known)
        {
            *oldest = half_day;
            half_days.sort_unstable();
        }
        if self.half_days.len() > HEADLINES_MAX {
            self.forget_older_half();
        }
    }

    /// Returns the half-days of a headline, in order.
    pub(super) fn half_days(&self, outlet: &str, mask: u64) -> Vec<i64> {
        let found = self.half_days.get(&name(outlet, mask)).into_iter().flatten();
        found.filter(|half_day| **half_day != NONE).map(|half_day| i64::from(*half_day)).collect()
    }

    fn forget_older_half(&mut self) {
        let mut last: Vec<i32> =
            self.half_days.values().filter_map(|days| days.last().copied()).collect();
        let middle = last.len() / 2;
        let (_, middle, _) = last.select_nth_unstable(middle);
        let middle = *middle;
        self.half_days.retain(|_, days| days.last().is_some_and(|last| *last >= middle));
    }
}

fn name(outlet: &str, mask: u64) -> u64 {
    xxh3_64_with_seed(outlet.as_bytes(), mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entry::StoryNo;
    use crate::model::features::Marks;
    use crate::model::verdict::EntryKey;

    #[test]
    fn a_headline_recurs_by_half_days_within_its_outlet() {
        let head = |date: &str, mask: u64| EntryHead {
            compared: date.parse().unwrap(),
            first_seen: date.parse().unwrap(),
            outlet: "bao.example".to_owned(),
            story: StoryNo(1),
            key: EntryKey::url(""),
            marks: Marks { mask, ..Marks::default() },
        };
        let mut recurring = Recurring::default();
        for date in ["2024-11-22T01:00:00Z", "2024-11-22T02:00:00Z", "2024-11-22T13:00:00Z"] {
            recurring.insert(&head(date, 7));
        }
        assert_eq!(recurring.half_days("bao.example", 7), [40_098, 40_099]);
        assert!(recurring.half_days("khac.example", 7).is_empty(), "another outlet's");
        recurring.insert(&head("2024-11-22T01:00:00Z", 0));
        assert!(recurring.half_days("bao.example", 0).is_empty(), "no title, no headline");
    }
}
