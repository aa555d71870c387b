//! Finds what an operator names: a public id, the slug or address of a page, a guid, a link, or
//! `SOURCE:` with a guid or link behind it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Mill;
use super::order::CommandError;
use crate::model::entry::{EntryNo, Held, Slug, Story};
use crate::model::source::SourceId;
use crate::model::text::canonical;
use crate::model::verdict::{Claim, EntryKey, WithheldBy};
use crate::store::StoreError;

/// Merges followed from one story to the next.
const MERGES_MAX: usize = 64;

/// What a name means.
#[derive(Debug, PartialEq)]
pub(super) enum Named {
    /// A story, by its public id or page.
    Story(Arc<Story>),
    /// Entries, by guid or link: several where several sources list that guid.
    Entries(Vec<Arc<Held>>),
    /// An item that was kept back: nothing is held of it.
    Withheld(SourceId, WithheldBy),
    /// Nothing.
    Unknown,
}

impl Mill {
    /// Returns the one story that a name means.
    pub(super) fn known(&self, name: &str) -> Result<Arc<Story>, CommandError> {
        match self.named(name)? {
            Named::Story(story) => Ok(story),
            Named::Entries(entries) => {
                let stories: BTreeSet<_> = entries.iter().map(|held| held.story).collect();
                match (stories.len(), entries.first()) {
                    (1, Some(held)) => self.story(held.story)?.ok_or_else(|| unknown(name)),
                    _ => Err(ambiguous(name, &entries)),
                }
            }
            Named::Withheld(source, by) => Err(withheld(name, &source, by)),
            Named::Unknown => Err(unknown(name)),
        }
    }

    /// Returns the copy that a name means to be taken out: the one of that guid or link, or, where
    /// the name is the story's own, the other of two.
    pub(super) fn copy_to_split(&self, name: &str) -> Result<EntryNo, CommandError> {
        let name = name.trim();
        let story = match self.named(name)? {
            Named::Entries(entries) => match entries.as_slice() {
                [one] => return Ok(one.no),
                several => return Err(ambiguous(name, several)),
            },
            _ => self.living(self.known(name)?)?,
        };
        match story.members.as_slice() {
            [only] => Ok(only.entry),
            [_, other] => Ok(other.entry),
            members => {
                let numbers: Vec<EntryNo> = members.iter().map(|member| member.entry).collect();
                let held = self.store.entries(&numbers)?.into_iter().flatten();
                let copies: Vec<String> = held.map(|held| call(&held)).collect();
                Err(CommandError::Refused(format!(
                    "`{}` has several copies: name the one to take out: {}",
                    story.public_id,
                    copies.join(", ")
                )))
            }
        }
    }

    fn living(&self, story: Arc<Story>) -> Result<Arc<Story>, CommandError> {
        let mut story = story;
        for _ in 0..MERGES_MAX {
            let Some(into) = story.merged_into else { break };
            story = self.story(into)?.ok_or_else(|| unknown(&story.public_id))?;
        }
        Ok(story)
    }

    /// Finds what a name means.
    pub(super) fn named(&self, name: &str) -> Result<Named, StoreError> {
        let name = name.trim();
        let slug = name.rsplit_once("/entry/").map_or(name, |(_, slug)| slug);
        for slug in [Slug(slug.to_owned()), Slug::of(name)] {
            if let Some(no) = self.store.locate(&slug)? {
                return Ok(self.story(no)?.map_or(Named::Unknown, Named::Story));
            }
        }
        let own = self.own_claims(name)?;
        let entry = |claim: &Claim| match claim {
            Claim::Entry(no) => Some(*no),
            Claim::Barred | Claim::Withheld(_) => None,
        };
        let mut numbers: Vec<EntryNo> = own.iter().filter_map(|(_, claim)| entry(claim)).collect();
        if numbers.is_empty() {
            let found = self.store.find(&[EntryKey::url(&canonical(name))])?;
            numbers.extend(found.iter().flatten().filter_map(entry));
        }
        let mut seen = BTreeSet::new();
        numbers.retain(|no| seen.insert(*no));
        if !numbers.is_empty() {
            let held = self.store.entries(&numbers)?.into_iter().flatten().collect();
            return Ok(Named::Entries(held));
        }
        let kept_back = own.into_iter().find_map(|(source, claim)| match claim {
            Claim::Withheld(by) => Some(Named::Withheld(source, by)),
            Claim::Entry(_) | Claim::Barred => None,
        });
        Ok(kept_back.unwrap_or(Named::Unknown))
    }

    /// What sources say of a guid or link: that of `SOURCE:` first, where the name begins so.
    fn own_claims(&self, name: &str) -> Result<Vec<(SourceId, Claim)>, StoreError> {
        let states = self.store.states()?;
        let mut asked = Vec::with_capacity(states.len() + 2);
        for (id, _) in &states {
            if let Some(rest) = name.strip_prefix(id.as_str()).and_then(|r| r.strip_prefix(':')) {
                asked.push((id.clone(), EntryKey::own(id, rest)));
                asked.push((id.clone(), EntryKey::own(id, &canonical(rest))));
            }
        }
        asked.extend(states.iter().map(|(id, _)| (id.clone(), EntryKey::own(id, name))));
        let keys: Vec<EntryKey> = asked.iter().map(|(_, key)| *key).collect();
        let claims = self.store.find(&keys)?;
        let said = asked.into_iter().zip(claims);
        Ok(said.filter_map(|((id, _), claim)| Some((id, claim?))).collect())
    }
}

/// The name by which a copy is known without doubt.
pub(super) fn call(held: &Held) -> String {
    let name = held.entry.guid.as_ref().or(held.entry.link.as_ref());
    format!("{}:{}", held.source, name.map_or("", String::as_str))
}

/// Says why nothing is held of an item.
pub(super) fn why_withheld(by: WithheldBy) -> &'static str {
    match by {
        WithheldBy::OnAdd => "`on_add`: it was there before the source was added",
        WithheldBy::Filter => "`include` or `exclude`, or the publisher asks not to be shown",
    }
}

fn withheld(name: &str, source: &SourceId, by: WithheldBy) -> CommandError {
    let why = why_withheld(by);
    CommandError::Unknown(format!(
        "`{name}` of {source} is withheld by {why}; nothing is held of it"
    ))
}

fn ambiguous(name: &str, entries: &[Arc<Held>]) -> CommandError {
    let names: Vec<String> = entries.iter().map(|held| call(held)).collect();
    CommandError::Refused(format!(
        "`{name}` is the guid of several entries: name one of {}",
        names.join(", ")
    ))
}

pub(super) fn unknown(name: &str) -> CommandError {
    CommandError::Unknown(unknown_entry(name))
}

/// Says that nothing of that name is held, and what a name may be.
pub fn unknown_entry(name: &str) -> String {
    format!(
        "no entry `{name}`: give a public id, a page's address, a link or a guid that a feed listed"
    )
}
