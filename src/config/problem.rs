//! What is wrong with a configuration: a place, a key, a reason and a remedy.
//!
//! Everything is collected in a [`Report`], so that one run shows every mistake of a file.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

use super::tree::Place;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration is not used.
    Error,
    /// It is used; the operator should look.
    Warning,
}

impl Severity {
    /// Returns the word shown to the operator.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One finding, in the words an operator needs to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it stops the start.
    pub severity: Severity,
    /// The file, as it was named.
    pub file: PathBuf,
    /// From 1; 0: the file as a whole.
    pub line: usize,
    /// From 1, in characters; 0: the file as a whole.
    pub column: usize,
    /// The key in full, `poll.interval`; empty when it is about no key.
    pub key: String,
    /// What is wrong; quotes the value.
    pub message: String,
    /// What to write or do instead.
    pub remedy: String,
}

impl Problem {
    /// Returns an error about a file as a whole.
    pub fn of_file(file: &Path, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            line: 0,
            column: 0,
            key: String::new(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.severity.name())?;
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)?;
        if !self.remedy.is_empty() {
            write!(f, " — {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Why a value is refused: the part of a [`Problem`] that does not depend on where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) remedy: String,
}

/// Returns a [`Fault`].
pub(super) fn fault(message: impl Into<String>, remedy: impl Into<String>) -> Fault {
    Fault { message: message.into(), remedy: remedy.into() }
}

/// Collects the problems of one load.
#[derive(Debug, Default)]
pub(super) struct Report {
    problems: RefCell<Vec<Problem>>,
}

impl Report {
    /// Adds an error at a place.
    pub(super) fn error(&self, at: &Place, key: &str, fault: Fault) {
        self.add(Severity::Error, at, key, fault);
    }

    /// Adds a warning at a place.
    pub(super) fn warning(&self, at: &Place, key: &str, fault: Fault) {
        self.add(Severity::Warning, at, key, fault);
    }

    /// Adds a problem as it is.
    pub(super) fn push(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    fn add(&self, severity: Severity, at: &Place, key: &str, fault: Fault) {
        self.push(Problem {
            severity,
            file: at.file.to_path_buf(),
            line: at.line,
            column: at.column,
            key: key.to_owned(),
            message: fault.message,
            remedy: fault.remedy,
        });
    }

    /// Returns what was found, each file from top to bottom, files in the order they were first
    /// met.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        let mut files: Vec<PathBuf> = Vec::new();
        for problem in &problems {
            if !files.contains(&problem.file) {
                files.push(problem.file.clone());
            }
        }
        let file_no = |file: &PathBuf| files.iter().position(|known| known == file);
        problems.sort_by_cached_key(|problem| {
            (file_no(&problem.file), problem.line, problem.column, problem.severity)
        });
        problems
    }
}
