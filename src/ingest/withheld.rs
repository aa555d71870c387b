//! Items that are kept back: noted by their keys alone, and taken out of their story where they
//! were let through before (filters decide when an entry is first seen or updated).

use super::apply::{Item, Made};
use super::report::Report;
use super::work::Work;
use crate::model::entry::{EntryNo, Story};
use crate::model::source::{Listed, Source};
use crate::model::verdict::{Claim, Verdict, WithheldBy};
use crate::store::StoreError;

impl Work<'_> {
    /// Notes that an item is kept back, and why.
    pub(super) fn withhold(&mut self, item: &Item<'_>, by: WithheldBy) -> Made {
        self.batch.keys.insert(item.identity.own, Claim::Withheld(by));
        if let (Some(page), WithheldBy::OnAdd) = (item.identity.page, by) {
            self.batch.keys.insert(page, Claim::Withheld(by));
        }
        let rule = match by {
            WithheldBy::OnAdd => "on_add",
            WithheldBy::Filter => "filter",
        };
        Made {
            listed: Listed { item: item.hash, entry: None },
            verdict: Verdict::Withheld,
            entry: None,
            rule: Some(rule.to_owned()),
        }
    }

    /// Drops an entry that reads otherwise now, and must not be published as it reads. Its story
    /// stays with the other copies; a story of none answers 410, so that its id is never another's.
    pub(super) fn take_out(
        &mut self,
        entry: EntryNo,
        source: &Source,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let Some(held) = self.held(entry)? else { return Ok(()) };
        if let Some(story) = self.story(held.story)? {
            self.touch(&story, Some(&source.id))?;
            let mut story = Story::clone(&story);
            story.members.retain(|member| member.entry != entry);
            if story.members.is_empty() {
                story.is_withdrawn = true;
            } else if story.representative == entry {
                self.choose(&mut story)?;
            }
            self.find_by_the_rest(&story)?;
            self.batch.stories.insert(story.no, story);
        }
        self.facts.forget(entry);
        self.batch.entries.remove(&entry);
        self.batch.keys.retain(|_, claim| *claim != Claim::Entry(entry));
        self.batch.forgotten.entries.insert(entry);
        report.has_changed = true;
        Ok(())
    }
}
