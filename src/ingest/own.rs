//! A story of ours that comes back through a feed of ours (R64).
//!
//! A feedmill may read what it publishes itself. An id of its own making stands for one story. An
//! entry with a publisher's id and no address is published with that of its page here,
//! `…/entry/{slug}`, whose last part is made of the id beside it: the two together name the story.

use super::apply::Item;
use super::work::Work;
use crate::dedup::{Decision, Ruling};
use crate::model::entry::{Slug, Story};
use crate::model::ids;
use crate::model::policy::DedupMode;
use crate::model::verdict::Joined;
use crate::store::StoreError;

impl Work<'_> {
    /// Corrects a decision about an item that names a story of ours.
    pub(super) fn unless_ours(
        &self,
        item: &Item<'_>,
        decision: Decision,
    ) -> Result<Decision, StoreError> {
        let is_open = match decision.ruling {
            Ruling::New { .. } => item.source.dedup != DedupMode::Off,
            Ruling::Known { .. } | Ruling::Returned { .. } | Ruling::Duplicate { .. } => false,
        };
        let Some(id) = item.entry.guid.as_deref().filter(|_| is_open) else { return Ok(decision) };
        let slug = Slug::of(id);
        let Some(no) = self.store.locate(&slug)? else { return Ok(decision) };
        let Some(story) = self.story(no)?.filter(|story| story.public_id == id) else {
            return Ok(decision);
        };
        let page = format!("/entry/{slug}");
        let is_at_its_page = item.entry.link.as_deref().is_some_and(|link| link.ends_with(&page));
        if !is_at_its_page && !self.is_minted(&story)? {
            return Ok(decision);
        }
        let with = Some(story.representative);
        let joined = Joined { rule: "url".to_owned(), with, ..Joined::default() };
        Ok(Decision { ruling: Ruling::Duplicate { story: story.no, joined }, ..decision })
    }

    /// Tells whether a story's id is of our own making.
    fn is_minted(&self, story: &Story) -> Result<bool, StoreError> {
        if story.public_id.starts_with(&format!("tag:{}:", self.authority)) {
            return Ok(true);
        }
        let Some(first) = story.members.first() else { return Ok(false) };
        let opener = self.held(first.entry)?;
        Ok(opener.is_some_and(|held| {
            ids::minted(&held.key, &held.source, self.authority) == story.public_id
        }))
    }
}
