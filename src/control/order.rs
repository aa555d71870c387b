//! Finds what an operator names, and has the writer carry out what is ordered about it.

use std::sync::Arc;

use serde_json::json;

use super::Mill;
use crate::ingest::{Done, Last, Order, OrderError, Takedown};
use crate::model::entry::{EntryNo, Slug, Story, StoryNo};
use crate::model::source::SourceId;
use crate::model::text::canonical;
use crate::model::verdict::{Claim, EntryKey};
use crate::store::StoreError;

/// Stories read at once while those of a source are looked for.
const SCAN: u64 = 4_096;
/// Stories changed in one batch: the writer has other things to do in between.
const FORGET: usize = 1_024;
/// Merges followed from one story to the next.
const MERGES_MAX: usize = 64;

/// What an operator may order, as it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Takes a copy out of its story.
    Split(String),
    /// Makes one story of two.
    Merge(String, String),
    /// Takes a story down, or puts it back.
    Withdraw(String, Takedown),
    /// Drops state and entries of a source that is not configured.
    Forget(String),
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Nothing of that name is held.
    #[error("{0}")]
    Unknown(String),
    /// It makes no sense as things stand.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The service is stopping.
    #[error("feedmill is stopping")]
    Stopping,
}

impl From<OrderError> for CommandError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::Refused(why) => Self::Refused(why),
            OrderError::Store(error) => Self::Store(error),
        }
    }
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Split(_) => "split",
            Self::Merge(..) => "merge",
            Self::Withdraw(..) => "withdraw",
            Self::Forget(_) => "forget",
        }
    }
}

impl Mill {
    /// Carries out a command; returns what came of it as one JSON object with a `message` for people.
    pub async fn command(self: &Arc<Self>, command: Command) -> Result<String, CommandError> {
        let name = command.name();
        let done = match command {
            Command::Split(entry) => {
                let no = self.reading(move |mill| mill.copy_to_split(&entry)).await?;
                self.order(Order::Split(no)).await?
            }
            Command::Merge(one, two) => {
                let find = move |mill: &Self| Ok((mill.known(&one)?, mill.known(&two)?));
                let (one, two) = self.reading(find).await?;
                self.order(Order::Merge(one.no, two.no)).await?
            }
            Command::Withdraw(entry, takedown) => {
                let story = self.reading(move |mill| mill.known(&entry)).await?;
                self.order(Order::Withdraw(story.no, takedown)).await?
            }
            Command::Forget(source) => self.forget(&source).await?,
        };
        let Done { has_changed, message, entry, entries } = done;
        let mut told = json!({ "done": name, "changed": has_changed, "message": message });
        if let Some(fields) = told.as_object_mut() {
            match entry {
                Some(entry) => fields.insert("entry".to_owned(), json!(entry)),
                None => fields.insert("entries".to_owned(), json!(entries)),
            };
        }
        Ok(told.to_string())
    }

    async fn order(&self, order: Order) -> Result<Done, CommandError> {
        let done = self.writer.order(order, self.poller.now()).await;
        Ok(done.ok_or(CommandError::Stopping)??)
    }

    async fn reading<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Self) -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        let mill = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || read(&mill));
        read.await.map_err(|_| CommandError::Stopping)?
    }

    async fn forget(self: &Arc<Self>, name: &str) -> Result<Done, CommandError> {
        let source = SourceId::new(name);
        if self.catalog.load().source(&source).is_some() {
            return Err(CommandError::Refused(format!(
                "source `{name}` is configured: take it out of the configuration first"
            )));
        }
        let wanted = source.clone();
        let (stories, is_known, was_known) = self
            .reading(move |mill| {
                let is_known = mill.store.states()?.iter().any(|(id, _)| *id == wanted);
                let key = EntryKey::name(&format!("source/{wanted}"));
                let was_known = mill.store.find(&[key])?.into_iter().flatten().next().is_some();
                Ok((mill.stories_of(&wanted)?, is_known, was_known))
            })
            .await?;
        if stories.is_empty() && !is_known {
            if !was_known {
                return Err(CommandError::Unknown(format!("no source `{name}` is held")));
            }
            let message = format!("nothing is held of `{name}` any more");
            return Ok(Done { message, ..Done::default() });
        }
        let mut entries = 0;
        let mut chunks = stories.chunks(FORGET).peekable();
        loop {
            let chunk = chunks.next().unwrap_or_default().to_vec();
            let last = if chunks.peek().is_some() { Last::No } else { Last::Yes };
            entries += self.order(Order::Forget(source.clone(), chunk, last)).await?.entries;
            if last == Last::Yes {
                break;
            }
        }
        let noun = if entries == 1 { "entry" } else { "entries" };
        let message = format!("forgot `{name}` and {entries} {noun}");
        Ok(Done { has_changed: true, message, entry: None, entries })
    }

    /// Returns the stories with a copy of a source, be they published or not. Reads all there are.
    fn stories_of(&self, source: &SourceId) -> Result<Vec<StoryNo>, CommandError> {
        let end = self.store.stats()?.next_story.0;
        let mut found = Vec::new();
        for first in (1..end).step_by(usize::try_from(SCAN).unwrap_or(1)) {
            let numbers: Vec<StoryNo> =
                (first..end.min(first.saturating_add(SCAN))).map(StoryNo).collect();
            let stories = self.store.stories(&numbers)?.into_iter().flatten();
            let of_source = |story: &Arc<Story>| story.members.iter().any(|m| m.source == *source);
            found.extend(stories.filter(of_source).map(|story| story.no));
        }
        Ok(found)
    }

    fn known(&self, name: &str) -> Result<Arc<Story>, CommandError> {
        self.locate(name)?.ok_or_else(|| unknown(name))
    }

    /// Returns the copy that a name means to be taken out: the one of that guid or link, or, where the name is the story's
    /// own, the other of two.
    fn copy_to_split(&self, name: &str) -> Result<EntryNo, CommandError> {
        let named = self.entry_of_key(name.trim())?;
        let story = match named {
            Some(no) => {
                let held = self.store.entries(&[no])?.into_iter().next().flatten();
                let story = held.map(|held| held.story).ok_or_else(|| unknown(name))?;
                self.story(story)?.ok_or_else(|| unknown(name))?
            }
            None => self.known(name)?,
        };
        let story = self.living(story)?;
        let opener = story.members.first().map(|member| member.entry);
        match (named.filter(|no| Some(*no) != opener), story.members.as_slice()) {
            (Some(copy), _) => Ok(copy),
            (None, [only]) => Ok(only.entry),
            (None, [_, other]) => Ok(other.entry),
            (None, members) => {
                let copies: Vec<String> = members
                    .iter()
                    .skip(1)
                    .filter_map(|member| {
                        let held = self.store.entries(&[member.entry]).ok()?;
                        let held = held.into_iter().next().flatten()?;
                        let name = held.entry.guid.clone().or_else(|| held.entry.link.clone())?;
                        Some(format!("{}:{name}", member.source))
                    })
                    .collect();
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

    fn story(&self, no: StoryNo) -> Result<Option<Arc<Story>>, StoreError> {
        Ok(self.store.stories(&[no])?.into_iter().next().flatten())
    }

    /// Returns the story that a name means: a public id, the slug or address of a page, a guid, a link, or `SOURCE:` with a
    /// guid or link behind it.
    pub(super) fn locate(&self, name: &str) -> Result<Option<Arc<Story>>, StoreError> {
        let name = name.trim();
        let slug = name.rsplit_once("/entry/").map_or(name, |(_, slug)| slug);
        for slug in [Slug(slug.to_owned()), Slug::of(name)] {
            if let Some(no) = self.store.locate(&slug)? {
                return self.story(no);
            }
        }
        let Some(entry) = self.entry_of_key(name)? else { return Ok(None) };
        let held = self.store.entries(&[entry])?.into_iter().next().flatten();
        held.map_or(Ok(None), |held| self.story(held.story))
    }

    fn entry_of_key(&self, name: &str) -> Result<Option<EntryNo>, StoreError> {
        let states = self.store.states()?;
        let mut keys = Vec::with_capacity(states.len() + 2);
        for (id, _) in &states {
            if let Some(rest) = name.strip_prefix(id.as_str()).and_then(|r| r.strip_prefix(':')) {
                keys.push(EntryKey::own(id, rest));
                keys.push(EntryKey::own(id, &canonical(rest)));
            }
        }
        keys.extend(states.iter().map(|(id, _)| EntryKey::own(id, name)));
        keys.push(EntryKey::url(&canonical(name)));
        let claims = self.store.find(&keys)?;
        Ok(claims.into_iter().flatten().find_map(|claim| match claim {
            Claim::Entry(no) => Some(no),
            Claim::Barred | Claim::Withheld(_) => None,
        }))
    }
}

fn unknown(name: &str) -> CommandError {
    CommandError::Unknown(format!(
        "no entry `{name}`: give a public id, a page's address, a link or a guid that a feed listed"
    ))
}
