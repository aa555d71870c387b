//! What a poll came to, for `poll --json`, tables, logs and metrics.

use crate::dedup::{Closest, Ruling};
use crate::model::outcome::{Detail, NextPoll};
use crate::model::source::SourceId;
use crate::model::verdict::Verdict;
use crate::poll::Finding;
use crate::telemetry::PollOutcome;

/// What one poll came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// Whose.
    pub source: SourceId,
    /// In a word.
    pub outcome: PollOutcome,
    /// What went wrong, in one line.
    pub error: Option<String>,
    /// Status of the last answer.
    pub http_status: Option<u16>,
    /// Bytes received.
    pub wire_bytes: u64,
    /// Duration of fetching and reading.
    pub elapsed_ms: u64,
    /// Verdicts.
    pub counts: Counts,
    /// How much it tells.
    pub detail: Detail,
    /// Verdicts and merges, in the order they were decided; empty unless lines were asked for.
    pub events: Vec<Event>,
    /// What the operator ought to know besides, each told once.
    pub notes: Vec<String>,
    /// The rules that placed entries seen for the first time, in the order they were decided.
    pub placed_by: Vec<PlacedBy>,
    /// The next poll.
    pub next: NextPoll,
    /// Whether anything published changed.
    pub has_changed: bool,
    /// Whether the feed has given itself another title.
    pub has_new_title: bool,
}

/// Verdicts, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Opened a story.
    pub new: u64,
    /// Known, really changed.
    pub updated: u64,
    /// Joined a story.
    pub duplicate: u64,
    /// Known.
    pub unchanged: u64,
    /// Kept back.
    pub withheld: u64,
}

impl Report {
    /// Starts the report of a finding.
    pub(super) fn of(finding: &Finding, detail: Detail) -> Self {
        let status = finding.answer.status;
        Self {
            source: finding.source.id.clone(),
            outcome: finding.outcome(),
            error: finding.error.clone(),
            http_status: (status != 0).then_some(status),
            wire_bytes: finding.answer.wire_bytes,
            elapsed_ms: finding.elapsed_ms,
            counts: Counts::default(),
            detail,
            events: Vec::new(),
            notes: Vec::new(),
            placed_by: Vec::new(),
            next: NextPoll { at: finding.at, reason: String::new() },
            has_changed: false,
            has_new_title: false,
        }
    }

    /// Adds a line, where lines are asked for.
    pub(super) fn tell(&mut self, event: Event) {
        if self.detail == Detail::Lines {
            self.events.push(event);
        }
    }
}

/// The rule that said where an entry belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlacedBy {
    /// It joined a story by this rule.
    Joined(String),
    /// It opened one: this rule turned the closest candidate down; `None`: there was no candidate.
    Opened(Option<String>),
}

impl PlacedBy {
    /// Returns what placed an item; `None` for one that was known by its key.
    pub(super) fn of(ruling: &Ruling, closest: Option<&Closest>) -> Option<Self> {
        match ruling {
            Ruling::Known { .. } => None,
            Ruling::Returned { joined, .. } | Ruling::Duplicate { joined, .. } => {
                Some(Self::Joined(joined.rule.clone()))
            }
            Ruling::New { .. } => {
                Some(Self::Opened(closest.map(|closest| closest.joined.rule.clone())))
            }
        }
    }
}

impl Counts {
    pub(super) fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::New => self.new += 1,
            Verdict::Duplicate(_) => self.duplicate += 1,
            Verdict::Updated => self.updated += 1,
            Verdict::Unchanged => self.unchanged += 1,
            Verdict::Withheld => self.withheld += 1,
        }
    }
}

/// One line of `poll --json`.
#[derive(Clone, Debug)]
pub enum Event {
    /// An entry seen.
    Entry(Line),
    /// Two stories became one.
    Merged {
        /// The public id that lives no more.
        old: String,
        /// The one that does.
        into: String,
    },
}

/// An entry seen.
#[derive(Clone, Debug)]
pub struct Line {
    /// Whose.
    pub source: SourceId,
    /// As written.
    pub guid: Option<String>,
    /// As written, made absolute.
    pub link: Option<String>,
    /// `new`, `duplicate`, `updated`, `unchanged` or `withheld`.
    pub verdict: &'static str,
    /// Public id of its story; `None` when withheld.
    pub public_id: Option<String>,
    /// By what it joined or was kept back.
    pub rule: Option<String>,
}
