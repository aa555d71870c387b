//! A fetch that has ended, before anything is read.

use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use crate::model::outcome::{Answer, FetchOutcome, NextPoll, PollResult};
use crate::model::raw::RawDocument;
use crate::model::source::{SourceId, Validators};

/// A fetch that has ended, for each of the sources that share it.
#[derive(Clone)]
pub(super) struct Fetched {
    pub(super) at: Timestamp,
    pub(super) start: Url,
    pub(super) result: PollResult,
    pub(super) document: Option<Arc<RawDocument>>,
    pub(super) validators: Option<Validators>,
    pub(super) answer: Answer,
    pub(super) error: Option<String>,
    pub(super) pardons: Vec<SourceId>,
}

impl Fetched {
    /// Returns what stands for a request that was not made.
    pub(super) fn postponed(at: Timestamp, start: Url, until: Timestamp, reason: String) -> Self {
        let next = NextPoll { at: until, reason: reason.clone() };
        Self {
            at,
            start,
            result: PollResult::Postponed(next),
            document: None,
            validators: None,
            answer: Answer::default(),
            error: Some(reason),
            pardons: Vec::new(),
        }
    }

    /// Sorts how a fetch ended.
    pub(super) fn of(at: Timestamp, start: Url, outcome: FetchOutcome) -> Self {
        let ended = |result, answer| Self {
            at,
            start: start.clone(),
            result,
            document: None,
            validators: None,
            answer,
            error: None,
            pardons: Vec::new(),
        };
        match outcome {
            FetchOutcome::Modified { document, validators, answer } => {
                let document = Some(Arc::new(document));
                Self { document, validators, ..ended(PollResult::Success, answer) }
            }
            FetchOutcome::NotModified { validators, answer } => {
                Self { validators: Some(validators), ..ended(PollResult::Success, answer) }
            }
            FetchOutcome::Gone { answer } => {
                let error = "the publisher says that the feed is gone (410)".to_owned();
                Self { error: Some(error), ..ended(PollResult::Gone, answer) }
            }
            FetchOutcome::Postponed { until, reason } => Self::postponed(at, start, until, reason),
            FetchOutcome::Failed { error, kind, answer } => {
                let answer = answer.unwrap_or_default();
                Self { error: Some(error), ..ended(PollResult::Failed(kind), answer) }
            }
        }
    }
}
