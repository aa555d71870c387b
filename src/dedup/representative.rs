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
