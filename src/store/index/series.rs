//! Who has which number: for each source its entries, for each category its stories, in order of
//! joining.
//!
//! What is withdrawn or merged away keeps its number, so that a full archive page stays as it was
//! cut; only what is removed from the store leaves a hole here.

use std::collections::HashMap;

use crate::model::entry::Story;
use crate::model::selection::{Series, Stretch};

/// A number above this is not believed: no series is as long, and memory grows with the number.
const NUMBER_MAX: u64 = 1 << 28;

/// The numbers of one store.
#[derive(Default)]
pub(super) struct Numbers {
    /// Who has number 1, 2 …; 0: nobody.
    series: HashMap<Series, Vec<u64>>,
}

impl Numbers {
    /// Enters what a story and its copies are numbered.
    pub(super) fn insert(&mut self, story: &Story) {
        each(story, |series, number, no| {
            let Some(at) = place(number) else { return };
            let holders = self.series.entry(series).or_default();
            if holders.len() <= at {
                holders.resize(at + 1, 0);
            }
            if let Some(holder) = holders.get_mut(at) {
                *holder = no;
            }
        });
    }

    /// Takes the numbers of a story and its copies out, as they were entered.
    pub(super) fn remove(&mut self, story: &Story) {
        each(story, |series, number, no| {
            let holders = self.series.get_mut(&series);
            let holder = holders.zip(place(number)).and_then(|(holders, at)| holders.get_mut(at));
            if let Some(holder) = holder.filter(|holder| **holder == no) {
                *holder = 0;
            }
        });
    }

    /// Returns who has the numbers `from` on, at most `limit` of them; holes count. What is itself the `before`th or later
    /// has no number yet.
    pub(super) fn stretch(&self, series: &Series, from: u64, limit: usize, before: u64) -> Stretch {
        let is_shown = |no: u64| no != 0 && no < before;
        let holders = self.series.get(series).map_or(&[][..], Vec::as_slice);
        let held = holders.iter().rposition(|holder| is_shown(*holder)).map_or(0, |at| at + 1);
        let skipped = usize::try_from(from.saturating_sub(1)).unwrap_or(usize::MAX);
        let numbered = (1..).zip(holders).skip(skipped).take(limit);
        Stretch {
            places: numbered.filter(|(_, no)| is_shown(**no)).map(|(n, no)| (n, *no)).collect(),
            next: u64::try_from(held).unwrap_or(u64::MAX).saturating_add(1),
        }
    }
}

fn each(story: &Story, mut act: impl FnMut(Series, u64, u64)) {
    for (category, number) in &story.numbers {
        act(Series::Category(category.clone()), *number, story.no.0);
    }
    for member in &story.members {
        if let Some(number) = member.number {
            act(Series::Source(member.source.clone()), number, member.entry.0);
        }
    }
}

fn place(number: u64) -> Option<usize> {
    let at = number.checked_sub(1).filter(|_| number <= NUMBER_MAX)?;
    usize::try_from(at).ok()
}
