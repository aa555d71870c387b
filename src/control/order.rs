//! Has the writer carry out what an operator orders about what is named.

use std::sync::Arc;

use serde_json::json;

use super::Mill;
use crate::ingest::{Done, Last, Order, OrderError, Takedown};
use crate::model::entry::{Story, StoryNo};
use crate::model::source::SourceId;
use crate::model::verdict::EntryKey;
use crate::store::StoreError;

/// Stories read at once while those of a source are looked for.
const SCAN: u64 = 4_096;
/// Stories changed in one batch: the writer has other things to do in between.
const FORGET: usize = 1_024;

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

    pub(super) fn story(&self, no: StoryNo) -> Result<Option<Arc<Story>>, StoreError> {
        Ok(self.store.stories(&[no])?.into_iter().next().flatten())
    }
}
