//! What the admin listener may ask of the daemon.

use std::sync::Arc;
use std::time::Duration;

use super::reload::{Rejected, Reloaded, Reloader};
use super::standstill::Standstill;
use crate::control::{self, Command, CommandError, Mill, PollError, PollRequest};
use crate::ingest::{Report, Takedown};
use crate::model::outcome::BoxFuture;
use crate::model::source::SourceId;
use crate::serve::admin::{
    ActionError, ActionErrorKind, Actions, ExplainForm, ExplainQuery, OrderQuery, Pieces,
    PollChoice, PollEffect, PollQuery,
};
use crate::serve::select::Secrets;
use crate::store::StoreError;

/// Bytes of a backup sent together.
const PIECE_BYTES: usize = 64 << 10;
/// Pieces of a backup that may wait for the one who asked.
const PIECES_WAITING: usize = 4;

/// Returns the actions of a running daemon.
pub(super) fn new(
    mill: &Arc<Mill>,
    reloader: &Arc<Reloader>,
    disk: Standstill,
) -> Arc<dyn Actions> {
    Arc::new(Operator { mill: Arc::clone(mill), reloader: Arc::clone(reloader), disk })
}

struct Operator {
    mill: Arc<Mill>,
    reloader: Arc<Reloader>,
    disk: Standstill,
}

impl Operator {
    /// Turns a poll away that the disk has no room for; one that keeps nothing needs none.
    fn has_room(&self, query: &PollQuery) -> Result<(), ActionError> {
        match self.disk.refusal().filter(|_| query.effect == PollEffect::Commit) {
            Some(refusal) => Err(ActionError {
                kind: ActionErrorKind::Unavailable,
                message: format!("polling stands still: {refusal}"),
            }),
            None => Ok(()),
        }
    }
}

fn request_of(query: &PollQuery) -> PollRequest {
    PollRequest {
        sources: query.sources.iter().map(|id| SourceId::new(id)).collect(),
        only_due: query.choice == PollChoice::Due,
        is_dry_run: query.effect == PollEffect::DryRun,
        detail: query.detail,
    }
}

impl Actions for Operator {
    fn metrics(&self) -> String {
        self.mill.measure();
        self.mill.metrics().encode()
    }

    fn status(&self) -> BoxFuture<'_, Result<String, ActionError>> {
        let mill = Arc::clone(&self.mill);
        Box::pin(async move { blocking(move || mill.status()).await?.map_err(failed) })
    }

    fn poll(&self, query: PollQuery) -> BoxFuture<'_, Result<String, ActionError>> {
        let request = request_of(&query);
        Box::pin(async move {
            self.has_room(&query)?;
            let mut lines = Vec::new();
            let mut on_report = |report: &Report| {
                lines.extend(control::lines(report));
            };
            let reports = self.mill.poll(&request, &mut on_report).await.map_err(poll_failed)?;
            lines.push(control::last_line(&reports));
            lines.push(String::new());
            Ok(lines.join("\n"))
        })
    }

    fn follow_poll(&self, query: PollQuery) -> BoxFuture<'_, Result<Pieces, ActionError>> {
        let request = request_of(&query);
        Box::pin(async move {
            self.has_room(&query)?;
            let of = self.mill.sources_of(&request).map_err(poll_failed)?.len();
            // A piece a source, and the last: it is never full.
            let (to, pieces) = tokio::sync::mpsc::channel(of + 1);
            let mill = Arc::clone(&self.mill);
            tokio::spawn(async move {
                let mut done = 0;
                let mut on_report = |report: &Report| {
                    done += 1;
                    let mut lines = control::lines(report);
                    lines.push(control::progress_line(report, done, of));
                    lines.push(String::new());
                    let _ = to.try_send(Ok(lines.join("\n").into()));
                };
                let last = match mill.poll(&request, &mut on_report).await {
                    Ok(reports) => Ok(format!("{}\n", control::last_line(&reports)).into()),
                    Err(error) => Err(std::io::Error::other(error.to_string())),
                };
                let _ = to.send(last).await;
            });
            Ok(pieces)
        })
    }

    fn reload(&self) -> BoxFuture<'_, Result<String, ActionError>> {
        Box::pin(async move {
            match self.reloader.reload().await {
                Ok(Reloaded { difference, warnings }) => {
                    Ok(format!("{}\n", difference.to_json(&warnings)))
                }
                Err(Rejected(problems)) => Err(ActionError {
                    kind: ActionErrorKind::Invalid,
                    message: problems.join("\n"),
                }),
            }
        })
    }

    fn export(&self, secrets: Secrets) -> BoxFuture<'_, Result<String, ActionError>> {
        Box::pin(async move {
            let (mill, config) = (Arc::clone(&self.mill), self.reloader.running().await);
            blocking(move || super::sources_opml(&mill, &config, secrets)).await?.map_err(failed)
        })
    }

    fn order(&self, order: OrderQuery) -> BoxFuture<'_, Result<String, ActionError>> {
        let command = match order {
            OrderQuery::Split(entry) => Command::Split(entry),
            OrderQuery::Merge(one, two) => Command::Merge(one, two),
            OrderQuery::Withdraw(entry) => Command::Withdraw(entry, Takedown::Made),
            OrderQuery::Restore(entry) => Command::Withdraw(entry, Takedown::Undone),
            OrderQuery::Forget(source) => Command::Forget(source),
        };
        Box::pin(async move {
            let told = self.mill.command(command).await.map_err(command_failed)?;
            Ok(format!("{told}\n"))
        })
    }

    fn explain(&self, query: ExplainQuery) -> BoxFuture<'_, Result<String, ActionError>> {
        let mill = Arc::clone(&self.mill);
        let ExplainQuery { entry, form } = query;
        let name = entry.clone();
        Box::pin(async move {
            let found = blocking(move || match form {
                ExplainForm::Text => mill.explain(&name),
                ExplainForm::Json => mill.explain_json(&name),
            });
            found.await?.map_err(failed)?.ok_or_else(|| ActionError {
                kind: ActionErrorKind::NotFound,
                message: control::unknown_entry(&entry),
            })
        })
    }

    fn verify(&self) -> BoxFuture<'_, Result<String, ActionError>> {
        let mill = Arc::clone(&self.mill);
        Box::pin(async move { blocking(move || mill.verify(&mut |_| {})).await })
    }

    fn backup(&self) -> BoxFuture<'_, Result<Pieces, ActionError>> {
        let mill = Arc::clone(&self.mill);
        Box::pin(async move {
            let (to, pieces) = tokio::sync::mpsc::channel(PIECES_WAITING);
            tokio::task::spawn_blocking(move || send_backup(&mill, to));
            Ok(pieces)
        })
    }
}

/// Sends what is written to it, in pieces.
struct Sending {
    to: tokio::sync::mpsc::Sender<std::io::Result<bytes::Bytes>>,
    piece: Vec<u8>,
}

impl std::io::Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        if piece.is_empty() {
            return Ok(());
        }
        let gone = |_| std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        self.to.blocking_send(Ok(piece.into())).map_err(gone)
    }
}

fn send_backup(mill: &Mill, to: tokio::sync::mpsc::Sender<std::io::Result<bytes::Bytes>>) {
    let mut sending = Sending { to: to.clone(), piece: Vec::new() };
    if let Err(error) = mill.backup(&mut sending, &mut |_| {}) {
        tracing::error!(%error, "failed to make a backup");
        let _ = to.blocking_send(Err(std::io::Error::other(error.to_string())));
    }
}

/// Runs what reads the store off the threads that serve.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ActionError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ActionError { kind: ActionErrorKind::Failed, message: error.to_string() })
}

fn failed(error: StoreError) -> ActionError {
    ActionError { kind: ActionErrorKind::Failed, message: error.to_string() }
}

fn command_failed(error: CommandError) -> ActionError {
    let kind = match &error {
        CommandError::Unknown(_) => ActionErrorKind::NotFound,
        CommandError::Refused(_) => ActionErrorKind::Invalid,
        CommandError::Store(_) => ActionErrorKind::Failed,
        CommandError::Stopping => ActionErrorKind::Unavailable,
    };
    ActionError { kind, message: super::chain(&error) }
}

fn poll_failed(error: PollError) -> ActionError {
    let kind = match &error {
        PollError::UnknownSource(_) => ActionErrorKind::NotFound,
        PollError::Stopping => ActionErrorKind::Unavailable,
        PollError::Store(_) | PollError::Writer(_) => ActionErrorKind::Failed,
    };
    ActionError { kind, message: error.to_string() }
}

/// Returns what is told of every answer.
pub(super) fn hook(mill: &Arc<crate::telemetry::Metrics>) -> crate::serve::Hook {
    let metrics = Arc::clone(mill);
    Box::new(move |route: &'static str, status: u16, elapsed: Duration| {
        metrics.http_request(route, status, elapsed);
    })
}
