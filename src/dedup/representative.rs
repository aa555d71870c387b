//! Which copy of a story is shown.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::entry::EntryNo;
use crate::model::text::{fold, tokens};

/// One copy of a story, as far as the choice goes.
#[derive(Clone, Copy, Debug)]
pub struct Copy<'a> {
    /// Its number.
    pub no: EntryNo,
    /// Priority of its source.
    pub priority: i64,
    /// The registrable domain of its source's site.
    pub outlet: &'a str,
    /// Title and aliases of its source.
    pub names: &'a [String],
    /// The credit it gives.
    pub credit: Option<&'a str>,
    /// `Features::is_full_text`.
    pub is_full_text: bool,
    /// `Features::is_direct`.
    pub is_direct: bool,
    /// The earlier of published and first seen.
    pub date: Timestamp,
    /// `Features::chars`.
    pub chars: u32,
}

/// The copy that is shown at present.
#[derive(Clone, Copy, Debug)]
pub struct Incumbent {
    /// Which.
    pub no: EntryNo,
    /// When the story was first published here.
    pub opened: Timestamp,
    /// It has taken another's place after `FREE`.
    pub was_late: bool,
}

/// How long after its first publication a story's copy is exchanged freely; later once at most.
const FREE: Duration = Duration::from_secs(30 * 60);

/// Returns the copy to show.
///
/// The order: priority of the source; the outlet that another copy credits; full text; a direct
/// link; the earliest; the longer text; the lower number. What is shown gives way only to a copy
/// that is better by one of the first three, so that readers do not see a story change for nothing.
/// `None` if there is no copy.
pub fn representative(
    copies: &[Copy<'_>],
    incumbent: Option<Incumbent>,
    now: Timestamp,
) -> Option<EntryNo> {
    let merit = |copy: &Copy<'_>| (copy.priority, is_credited(copy, copies), copy.is_full_text);
    let best = copies.iter().max_by(|a, b| {
        let rest = |copy: &Copy<'_>| {
            use std::cmp::Reverse;
            (copy.is_direct, Reverse(copy.date), copy.chars, Reverse(copy.no))
        };
        merit(a).cmp(&merit(b)).then_with(|| rest(a).cmp(&rest(b)))
    })?;
    let shown = incumbent
        .and_then(|incumbent| Some((incumbent, copies.iter().find(|c| c.no == incumbent.no)?)));
    let Some((incumbent, shown)) = shown else { return Some(best.no) };
    let age = Duration::try_from(now.duration_since(incumbent.opened)).unwrap_or(Duration::ZERO);
    let may_change = age <= FREE || !incumbent.was_late;
    let gives_way = may_change && merit(best) > merit(shown);
    Some(if gives_way { best.no } else { shown.no })
}

fn is_credited(copy: &Copy<'_>, copies: &[Copy<'_>]) -> bool {
    copies
        .iter()
        .filter(|other| other.no != copy.no)
        .filter_map(|other| other.credit)
        .any(|credit| names_outlet(credit, copy))
}

/// Tells whether a credit ("Theo: nhandan.vn", "Nguồn: Báo Nhân Dân") means the copy's source.
fn names_outlet(credit: &str, copy: &Copy<'_>) -> bool {
    let credit = fold(credit);
    let credit: Vec<&str> = tokens(&credit).map(|token| token.text).collect();
    let holds = |name: &str| {
        let name = fold(name);
        let name: Vec<&str> = tokens(&name).map(|token| token.text).collect();
        !name.is_empty() && credit.windows(name.len()).any(|window| window == name)
    };
    holds(copy.outlet) || copy.names.iter().any(|name| holds(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(no: u64) -> Copy<'static> {
        Copy {
            no: EntryNo(no),
            priority: 0,
            outlet: "a.example",
            names: &[],
            credit: None,
            is_full_text: false,
            is_direct: false,
            date: "2024-11-18T09:00:00Z".parse().unwrap(),
            chars: 100,
        }
    }

    fn shown(copies: &[Copy<'_>]) -> Option<u64> {
        representative(copies, None, Timestamp::UNIX_EPOCH).map(|no| no.0)
    }

    #[test]
    fn the_order_of_merit_is_kept() {
        let early = "2024-11-18T08:00:00Z".parse().unwrap();
        let names = ["Báo Nhân Dân".to_owned()];
        let credit = Some("Theo: nhandan.vn");
        let base = copy(1);
        let cases: [(&str, Copy<'_>, Copy<'_>); 7] = [
            (
                "priority before all",
                Copy { is_full_text: true, ..base },
                Copy { priority: 1, ..copy(2) },
            ),
            (
                "the credited outlet",
                Copy { is_full_text: true, credit, ..base },
                Copy { outlet: "nhandan.vn", ..copy(2) },
            ),
            (
                "the credited name",
                Copy { credit: Some("Nguồn: BAO NHAN DAN"), ..base },
                Copy { names: &names, ..copy(2) },
            ),
            ("full text", Copy { is_direct: true, ..base }, Copy { is_full_text: true, ..copy(2) }),
            ("direct link", Copy { date: early, ..base }, Copy { is_direct: true, ..copy(2) }),
            ("earliest", Copy { chars: 900, ..base }, Copy { date: early, ..copy(2) }),
            ("longer", base, Copy { chars: 200, ..copy(2) }),
        ];
        for (name, loser, winner) in cases {
            assert_eq!(shown(&[loser, winner]), Some(2), "{name}");
            assert_eq!(shown(&[winner, loser]), Some(2), "{name}, swapped");
        }
        assert_eq!(shown(&[copy(2), copy(1)]), Some(1), "the lower number");
        assert_eq!(shown(&[]), None);
    }

    #[test]
    fn a_credit_to_oneself_or_to_nobody_changes_nothing() {
        let own = Copy { outlet: "b.example", credit: Some("Theo b.example"), ..copy(2) };
        let none = Copy { credit: Some("Theo c.example"), ..copy(1) };
        assert_eq!(shown(&[own, none]), Some(1));
        let part = Copy { credit: Some("Theo Nhân Dân Hà Nội Mới"), ..copy(1) };
        let names = ["Hà Nội".to_owned(), "Nhân".to_owned()];
        assert_eq!(shown(&[part, Copy { names: &names, ..copy(2) }]), Some(2), "whole tokens");
    }

    #[test]
    fn what_is_shown_gives_way_early_or_once_and_only_for_merit() {
        let opened: Timestamp = "2024-11-18T09:00:00Z".parse().unwrap();
        let later = |minutes: i64| opened + jiff::SignedDuration::from_mins(minutes);
        let better = Copy { is_full_text: true, ..copy(2) };
        let earlier = Copy { is_direct: true, ..copy(2) };
        let cases = [
            ("early", better, 30, false, 2),
            ("early, though late once", better, 30, true, 2),
            ("late, the first time", better, 31, false, 2),
            ("late, again", better, 31, true, 1),
            ("for a direct link", earlier, 1, false, 1),
        ];
        for (name, other, minutes, was_late, expected) in cases {
            let incumbent = Incumbent { no: EntryNo(1), opened, was_late };
            let found = representative(&[copy(1), other], Some(incumbent), later(minutes));
            assert_eq!(found, Some(EntryNo(expected)), "{name}");
        }
        let gone = Incumbent { no: EntryNo(9), opened, was_late: true };
        let found = representative(&[copy(1), better], Some(gone), later(99));
        assert_eq!(found, Some(EntryNo(2)), "the one shown has left");
    }
}
